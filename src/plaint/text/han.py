"""Fold variants of Han characters, one for one, for the eyes of the model only.

國 and 国, or 圓 and 円, are one character to a reader and two features to a model. Texts that are
stored or shown are never folded, and a language is identified before folding.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from plaint.text._han_tables import OLD_NEW, TRADITIONAL_SIMPLIFIED

_PAIRS = {
    "ja": OLD_NEW,
    "zh-Hans": TRADITIONAL_SIMPLIFIED,
    "zh-Hant": TRADITIONAL_SIMPLIFIED,
}
_PLANE = 0x10000


def fold(text: str, language: str) -> str:
    """Return ``text`` with variant characters folded; its length never changes.

    Traditional Chinese characters become simplified ones, Japanese characters from before 1946
    today's. Texts in other languages stay as they are.
    """
    table = _translation(language)
    return text.translate(table) if table else text


def fold_table(language: str) -> dict[int, int]:
    """Return the code points that are folded in ``language``, each with its target."""
    return dict(_translation(language))


def fold_array(codepoints: NDArray[np.uint32], language: str) -> NDArray[np.uint32]:
    """Fold an array of code points of any shape; the result has the same shape."""
    table = _lookup(language)
    if table is None:
        return codepoints
    if not codepoints.size or codepoints.max() < _PLANE:
        return table[codepoints]
    outside = codepoints >= _PLANE
    folded = table[np.where(outside, 0, codepoints)]
    folded[outside] = codepoints[outside]
    for source, target in _beyond(language):
        folded[codepoints == source] = target
    return folded


@cache
def _translation(language: str) -> dict[int, int]:
    pairs = _PAIRS.get(language, "")
    return dict(zip(map(ord, pairs[::2]), map(ord, pairs[1::2]), strict=True))


@cache
def _beyond(language: str) -> tuple[tuple[int, int], ...]:
    """Return the pairs that a table of the basic plane cannot hold."""
    return tuple(pair for pair in _translation(language).items() if pair[0] >= _PLANE)


@cache
def _lookup(language: str) -> NDArray[np.uint32] | None:
    translation = _translation(language)
    if not translation:
        return None
    table = np.arange(_PLANE, dtype=np.uint32)
    for source, target in translation.items():
        if source < _PLANE:
            table[source] = target
    table.flags.writeable = False
    return table
