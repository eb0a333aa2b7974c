"""Normalise many texts as one array of code points.

Most characters of most texts are replaced one for one or dropped, which numpy does for a whole
batch at once. A text with anything else in it (combining marks, joiners, conjoining jamo,
characters that grow) is left to the function for single texts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from plaint.text._characters import DROPPED, SEPARATOR, SPECIAL, TABLE_SIZE, code_table

_SPACE = 0x20
_DOT = 0x2E
_ZERO, _NINE = 0x30, 0x39
_ELLIPSIS = 0x2026
_NEW_LINE = 0x0A
_GROWTH = 3  # of an ellipsis, the only character that grows here


def normalise_joined(
    texts: Sequence[str], max_chars: int, single: Callable[[str], str]
) -> list[str]:
    """Return ``[single(text) for text in texts]`` with as few calls as possible."""
    if not texts:
        return []
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    ends = np.cumsum(lengths + 1) - 1
    codes = np.frombuffer(
        ("\n".join(texts) + "\n").encode("utf-32-le", "surrogatepass"), dtype=np.uint32
    )
    # `take` by machine integers is twice as fast as an index in brackets.
    mapped = code_table().take(codes.astype(np.intp), mode="clip")
    outside = np.flatnonzero(codes >= TABLE_SIZE)
    mapped[outside] = _outside(codes[outside])
    ellipses = np.flatnonzero(codes == _ELLIPSIS)
    mapped[ellipses] = _DOT
    mapped[ends] = SEPARATOR

    special = np.flatnonzero(mapped == SPECIAL)
    alone = set(np.searchsorted(ends, special).tolist())
    mapped[special] = _DOT
    alone.update(np.flatnonzero(lengths * _GROWTH > max_chars).tolist())

    if ellipses.size:
        counts = np.ones(len(mapped), dtype=np.int64)
        counts[ellipses] = _GROWTH
        mapped = np.repeat(mapped, counts)
    mapped = _without(mapped, mapped == DROPPED)
    mapped = _without(mapped, _leading_spaces(mapped))
    mapped = _without(mapped, _trailing_spaces(mapped))
    mapped = _without(mapped, _fourth_in_row(mapped))
    pairs = _fourth_pair(mapped)
    separators = mapped == SEPARATOR
    if pairs.size:
        alone.update(np.searchsorted(np.flatnonzero(separators), pairs).tolist())
    mapped[separators] = _NEW_LINE
    result = mapped.tobytes().decode("utf-32-le").split("\n")
    result.pop()
    for position in alone:
        result[position] = single(texts[position])
    return result


def _outside(codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Map code points beyond the table: ideographs stay, anything else is looked at singly."""
    ideographs = (codes < 0x2F800) | ((codes >= 0x30000) & (codes < 0x32000))
    return np.where(ideographs, codes, SPECIAL).astype(np.uint32)


def _without(codes: NDArray[np.uint32], dropped: NDArray[np.bool_]) -> NDArray[np.uint32]:
    return codes[~dropped] if dropped.any() else codes


def _leading_spaces(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Mark spaces at the start of a text or after another space."""
    space = codes == _SPACE
    before = np.empty_like(space)
    before[0] = True
    before[1:] = space[:-1] | (codes[:-1] == SEPARATOR)
    needless: NDArray[np.bool_] = space & before
    return needless


def _trailing_spaces(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Mark the space before the end of a text, where runs of spaces are already one."""
    trailing: NDArray[np.bool_] = codes == _SPACE
    trailing[:-1] &= codes[1:] == SEPARATOR
    return trailing


def _fourth_in_row(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Mark characters, other than digits, that follow three of their kind."""
    fourth = np.zeros(len(codes), dtype=np.bool_)
    same = codes[1:] == codes[:-1]
    fourth[3:] = same[2:] & same[1:-1] & same[:-2]
    if fourth.any():
        fourth &= _may_repeat(codes)
    return fourth


def _fourth_pair(codes: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return where four equal pairs of two characters, none a digit, stand in a row."""
    same = codes[2:] == codes[:-2]
    two = same[1:] & same[:-1]
    four = two[2:] & two[:-2]
    found: NDArray[np.int64] = np.flatnonzero(four[2:] & two[:-4])
    first, second = codes[found], codes[found + 1]
    within: NDArray[np.int64] = found[(first != second) & _may_repeat(first) & _may_repeat(second)]
    return within


def _may_repeat(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    allowed: NDArray[np.bool_] = (codes != SEPARATOR) & ((codes < _ZERO) | (codes > _NINE))
    return allowed
