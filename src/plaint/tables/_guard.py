"""Cells that a spreadsheet would take for a formula, and characters that no file can hold."""

from __future__ import annotations

import re
from typing import Final

_STARTS: Final = "=+-@\t\r\n\0＝＋－＠"
_RISKY: Final = re.compile(f"'*[{re.escape(_STARTS)}]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
# Most cells are judged by their first character alone.
_FIRST: Final = frozenset(_STARTS + "'")


def guard(text: str) -> str:
    """Return the text with an apostrophe before it if a spreadsheet could run it.

    These are texts that begin with ``=``, ``+``, ``-``, ``@``, a tab, a line break, NUL or one of
    the full-width signs that Japanese input methods write. Numbers are no exception: ``-5`` as a
    text becomes ``'-5``. So that nothing is lost, a text that already looks guarded gets one more
    apostrophe.
    """
    if text[:1] in _FIRST and _RISKY.match(text):
        return "'" + text
    return text


def unguard(text: str) -> str:
    """Return the text that :func:`guard` was given."""
    if text[:1] == "'" and _RISKY.match(text):
        return text[1:]
    return text


def encodable(text: str) -> str:
    """Return the text with U+FFFD in the place of every half of a surrogate pair."""
    return _SURROGATE.sub("\ufffd", text)
