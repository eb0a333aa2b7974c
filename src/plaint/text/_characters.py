"""What becomes of each character before texts are composed: one table for all code points."""

from __future__ import annotations

import sys
import unicodedata
from functools import cache

import numpy as np
from numpy.typing import NDArray

# Values of `code_table` beyond Unicode: what is to be done instead of replacing one for one.
DROPPED = 0x110001
SEPARATOR = 0x110002
SPECIAL = 0x110003
TABLE_SIZE = 0x20000

_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_FINALS = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"

# Conjoining jamo that are left after composition, as the letters that people type.
LONE_JAMO: dict[int, int] = {
    **{0x1100 + i: ord(c) for i, c in enumerate(_INITIALS)},
    **{0x1161 + i: 0x314F + i for i in range(21)},
    **{0x11A8 + i: ord(c) for i, c in enumerate(_FINALS)},
}

_JOINER = 0x200D
_OVERRIDES: dict[int, str] = {
    **dict.fromkeys(map(ord, "〜～∼˜"), "~"),
    **dict.fromkeys(map(ord, "－−‐‑‒–⁃﹣"), "-"),
    **dict.fromkeys(map(ord, "—―─━﹘︱"), "—"),
    **dict.fromkeys(
        (0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800), " "
    ),  # letters and dots that are blank
    0xFE32: "-",  # a vertical en dash
    0x2044: "/",
    0x309B: "\u3099",  # so that か゛ becomes が
    0x309C: "\u309a",
    0xFFE3: "\u00af",
    0x034F: "",
}


class _Table(dict[int, str]):
    """A table for ``str.translate`` that works out each character when it is first met."""

    def __missing__(self, code: int) -> str:
        value = self[code] = _replacement(code)
        return value


def _replacement(code: int) -> str:
    if code in _OVERRIDES:
        return _OVERRIDES[code]
    character = chr(code)
    category = unicodedata.category(character)
    if code == _JOINER or 0x3131 <= code <= 0x318E:
        return character
    if category == "Cs":
        return "\ufffd"
    if category in ("Cc", "Zs", "Zl", "Zp"):
        return " "
    if category == "Cf" or 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF:
        return ""
    if 0xFFA1 <= code <= 0xFFDC and category != "Cn":
        # NFKC would go on from the compatibility jamo to a conjoining one.
        return chr(int(unicodedata.decomposition(character).split()[1], 16))
    mapped = unicodedata.normalize("NFKC", character)
    if mapped[0] == " " and unicodedata.combining(mapped[-1]):
        return unicodedata.normalize("NFC", character)
    if mapped == character:
        return character
    return "".join(_replacement(ord(part)) for part in mapped)


TABLE = _Table()


def _may_compose(character: str) -> bool:
    return "\u1100" <= character <= "\u11ff" or unicodedata.category(character)[0] == "M"


def joins_previous(character: str) -> bool:
    """Tell whether composition may join ``character`` with what stands before it."""
    code = ord(character)
    return 0x1160 <= code <= 0x11FF or unicodedata.category(character)[0] == "M"


@cache
def code_table() -> NDArray[np.uint32]:
    """Return for each code point of the first two planes what replaces it.

    Code points that stand alone get one code point or `DROPPED`; those that depend on their
    neighbours or become several are `SPECIAL`.
    """
    table = np.arange(TABLE_SIZE, dtype=np.uint32)
    for code in range(min(TABLE_SIZE, sys.maxunicode + 1)):
        if 0x3400 <= code < 0xA000 or 0xAC00 <= code < 0xD7A4:
            continue
        character = chr(code)
        value = _replacement(code)
        if not value:
            table[code] = DROPPED
        elif len(value) > 1 or code == _JOINER or _may_compose(value):
            table[code] = SPECIAL
        elif value != character:
            table[code] = ord(value)
    return table
