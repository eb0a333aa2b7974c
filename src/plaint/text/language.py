"""Say in which language texts are written, a whole batch at a time.

Scripts decide first: Hangul, kana and Han against each other and against all other letters. What
Han characters say about Japanese and the two forms of Chinese is a sum of log-odds per character
and frequent pair, which works without kana and on a few characters; kana adds to the Japanese side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plaint.text._language_tables import FIELD_BITS, Tables, pair_hash, tables

LANGUAGES = ("ja", "ko", "zh-Hans", "zh-Hant")
OTHER = "other"

_READ_CHARS = (1 << FIELD_BITS) - 1  # more would overflow a counter
_PLANE = 0x10000
_EXTENSION_B = 0x20000
_RARE_HAN = 0x3400

# What one character counts when scripts are mixed. A Latin letter is a fifth of a word; Korean
# text with Han in it is Korean; ㅋㅋ and ㅠㅠ are typed by others as well.
_LATIN, _FOREIGN, _HAN_BESIDE_HANGUL, _JAMO = 0.15, 0.5, 0.4, 0.3

# Sums of likelihoods are too sure of themselves, because characters depend on each other.
# Fitted on corpus texts cut to 2 to 10 characters (benchmarks/language.py).
_TEMPERATURE = 1.2
_CEILING = 0.999

_CODES = np.array([*LANGUAGES, OTHER], dtype=np.object_)
_JA, _KO, _HANS, _HANT, _OTHER = range(5)


@dataclass(frozen=True)
class Languages:
    """The language of each text of a batch, and how sure that is, from 0 to 1."""

    codes: NDArray[np.object_]
    confidence: NDArray[np.float32]


def identify(texts: Sequence[str]) -> Languages:
    """Identify the language of each normalised text.

    A text without letters is `OTHER` with confidence 0.
    """
    return identify_with(tables(), texts)


def identify_with(tables: Tables, texts: Sequence[str]) -> Languages:
    """Identify languages by other tables than those that plaint brings along."""
    if not texts:
        return Languages(np.empty(0, dtype=np.object_), np.empty(0, dtype=np.float32))
    codes, starts = _code_points(texts)
    # `take` by machine integers is twice as fast as an index in brackets.
    places = codes.astype(np.intp)
    first = np.add.reduceat(tables.hangul_kana_han.take(places), starts)
    second = np.add.reduceat(tables.jamo_latin_foreign.take(places), starts)
    hangul, kana, han = _fields(first)
    jamo, latin, foreign = _fields(second)
    hangul += _JAMO * jamo
    japanese, traditional = _log_odds(tables, codes, places, starts)

    ours = hangul + kana + han
    letters = ours + _LATIN * latin + _FOREIGN * foreign
    share = np.divide(ours, letters, out=np.zeros_like(ours), where=letters > 0)
    korean = np.divide(
        hangul,
        hangul + kana + _HAN_BESIDE_HANGUL * han,
        out=np.zeros_like(ours),
        where=ours > 0,
    )
    within, sure = _without_hangul(japanese, traditional)
    sure = sure * (1 - korean)
    is_korean = korean >= 0.5
    within[is_korean] = _KO
    sure[is_korean] = korean[is_korean]
    sure *= share
    is_other = share < 0.5
    within[is_other] = _OTHER
    sure[is_other] = (1 - share)[is_other]
    sure[letters == 0] = 0.0
    return Languages(_CODES[within], np.minimum(sure, _CEILING).astype(np.float32))


def _code_points(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.intp]]:
    """Return the code points of all texts, each closed by a line feed, and where texts start."""
    joined = "\n".join(texts) + "\n"
    if len(joined) > _READ_CHARS:
        texts = [text[:_READ_CHARS] for text in texts]
        joined = "\n".join(texts) + "\n"
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    lengths = np.fromiter(map(len, texts), dtype=np.intp, count=len(texts)) + 1
    starts = np.cumsum(lengths) - lengths
    if codes.max() >= _PLANE:
        codes = codes.copy()
        codes[codes >= _EXTENSION_B] = _RARE_HAN
        codes[codes >= _PLANE] = 0
    return codes, starts


def _log_odds(
    tables: Tables,
    codes: NDArray[np.uint32],
    places: NDArray[np.intp],
    starts: NDArray[np.intp],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    japanese, traditional = tables.japanese.take(places), tables.traditional.take(places)
    keys = codes[:-1] * np.uint32(_PLANE) + codes[1:]
    slots = tables.pair_slots.take(pair_hash(keys).astype(np.intp))
    found = np.flatnonzero(tables.pair_keys.take(slots) == keys)
    japanese[found] += tables.pair_japanese[slots[found]]
    traditional[found] += tables.pair_traditional[slots[found]]
    return np.add.reduceat(japanese, starts), np.add.reduceat(traditional, starts)


def _fields(
    packed: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    mask = (1 << FIELD_BITS) - 1
    return (
        (packed >> (2 * FIELD_BITS)).astype(np.float64),
        ((packed >> FIELD_BITS) & mask).astype(np.float64),
        (packed & mask).astype(np.float64),
    )


def _without_hangul(
    japanese: NDArray[np.float32], traditional: NDArray[np.float32]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Choose between Japanese and the two forms of Chinese by log-odds against zh-Hans."""
    odds = np.zeros((len(japanese), 3))
    odds[:, 0] = japanese
    odds[:, 2] = traditional
    odds /= _TEMPERATURE
    odds -= odds.max(axis=1, keepdims=True)
    likelihood = np.exp(odds)
    likelihood /= likelihood.sum(axis=1, keepdims=True)
    # Chinese as a whole against Japanese first, so that its two forms do not split their weight.
    is_japanese = likelihood[:, 0] >= 0.5
    is_traditional = likelihood[:, 2] > likelihood[:, 1]
    chosen = np.where(is_japanese, 0, np.where(is_traditional, 2, 1))
    sure = likelihood[np.arange(len(chosen)), chosen]
    return np.array([_JA, _HANS, _HANT], dtype=np.intp)[chosen], sure
