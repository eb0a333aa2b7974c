"""How plausible a text is as Japanese, Korean or Chinese, in bits.

A model is a share for every letter of one language. Letters of ``letters.txt`` were counted in
complaint messages; any other letter gets the share of its class, which the national character
sets give: their first level holds the common characters, their second level the rare ones. The
bits of a text are the sum over its letters, so that the difference of two readings of the same
bytes is the logarithm of their odds.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

HALF_WIDTH: Final = "ja-half"

_ASCII_BITS: Final = 7.0
_COMMON_BITS: Final = 15.0
_RARE_BITS: Final = 19.0
_STRANGE_BITS: Final = 22.0
_BROKEN_BITS: Final = 28.0

# A sound mark that follows no letter it could change, and Latin letters that touch half-width
# kana: both are typical of other encodings read as a Japanese one.
_ODD: Final = re.compile(
    "(?<![\uff73\uff76-\uff84\uff8a-\uff8e])[\uff9e\uff9f]"
    "|[\uff66-\uff9f][A-Za-z]|[A-Za-z][\uff66-\uff9f]"
)
_ODD_BITS: Final = 5.0


class _Level(NamedTuple):
    """Where a national character set keeps its common and its rare characters."""

    codec: str
    common: range
    rare: range


_LEVELS: Final = {
    "ja": _Level("euc_jp", range(0xB0, 0xD0), range(0xD0, 0xF5)),
    HALF_WIDTH: _Level("euc_jp", range(0xB0, 0xD0), range(0xD0, 0xF5)),
    "ko": _Level("euc_kr", range(0xB0, 0xC9), range(0xC9, 0xC9)),
    "zh-Hans": _Level("gb2312", range(0xB0, 0xD8), range(0xD8, 0xF8)),
    "zh-Hant": _Level("big5", range(0xA4, 0xC7), range(0xC9, 0xFA)),
}


class _Bits(dict[str, float]):
    """Bits of each letter under one model; those not listed are filled in when met."""

    def __init__(self, name: str, listed: dict[str, float]) -> None:
        super().__init__(listed)
        self._level = _LEVELS[name]

    def __missing__(self, letter: str) -> float:
        bits = self[letter] = self._class_bits(letter)
        return bits

    def _class_bits(self, letter: str) -> float:
        if letter.isascii():
            return _ASCII_BITS
        category = unicodedata.category(letter)
        if category in ("Cc", "Cn", "Co", "Cs") or letter == "\ufffd":
            return _BROKEN_BITS
        if category == "Lo":
            code = letter.encode(self._level.codec, "ignore")
            if len(code) == 2:
                if code[0] in self._level.common:
                    return _COMMON_BITS
                if code[0] in self._level.rare:
                    return _RARE_BITS
            return _STRANGE_BITS
        if letter <= "\u00ff" or category[0] in "PNZ" or letter > "\U0001f000":
            return _COMMON_BITS
        return _RARE_BITS


@cache
def _model(name: str) -> _Bits:
    listed: dict[str, float] = {}
    text = files("plaint.tables").joinpath("letters.txt").read_text("utf-8")
    for line in text.splitlines():
        if line.startswith(f"{name} "):
            _, bits, letters = line.split(" ")
            listed.update(dict.fromkeys(letters, float(bits)))
    return _Bits(name, listed)


class Weight(NamedTuple):
    """A text under one model: all its bits, and the mean over its letters outside ASCII."""

    bits: float
    bits_per_letter: float
    letters: int


def weigh(text: str, name: str) -> Weight:
    """Return how improbable a text is under a model, in bits."""
    model = _model(name)
    total = foreign = 0.0
    letters = 0
    for letter, count in Counter(text).items():
        bits = count * model[letter]
        total += bits
        if not letter.isascii():
            foreign += bits
            letters += count
    odd = _ODD_BITS * len(_ODD.findall(text))
    return Weight(total + odd, (foreign + odd) / max(1, letters), letters)
