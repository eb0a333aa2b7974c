"""What each code point tells about the language of a text, as arrays to index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from plaint.text import _language_weights as weights

FIELD_BITS = 20
_PLANE = 0x10000
_HAN_FIRST, _HAN_END = 0x4E00, 0xA000

_KANA_NATS = 4.0
_NO_NATS = 2.0  # の stands in Chinese shop and brand names
_BOPOMOFO_NATS = 3.0
_UNIT = 1 << FIELD_BITS
_HANGUL_OR_JAMO, _KANA_OR_LATIN, _HAN_OR_FOREIGN = _UNIT * _UNIT, _UNIT, 1

_HASH_FACTOR = np.uint32(2_654_435_761)
_HASH_SHIFT = 14

# How likely a character is that the corpus does not have: most of the weight goes to the frequent
# half of a national character set, some to its rare half, a trace to everything else.
_FREQUENT, _RARE, _TRACE = 0.95, 0.05, 1e-7


@dataclass(frozen=True)
class Tables:
    """Arrays over the basic plane.

    ``hangul_kana_han`` and ``jamo_latin_foreign`` hold three counters each in one integer;
    ``japanese`` and ``traditional`` log-odds against simplified Chinese, in nats. The arrays of
    pairs of characters are indexed by what ``pair_slots`` holds at the hash of a pair.
    """

    hangul_kana_han: NDArray[np.int64]
    jamo_latin_foreign: NDArray[np.int64]
    japanese: NDArray[np.float32]
    traditional: NDArray[np.float32]
    pair_slots: NDArray[np.int16]
    pair_keys: NDArray[np.uint32]
    pair_japanese: NDArray[np.float32]
    pair_traditional: NDArray[np.float32]


@cache
def tables() -> Tables:
    """Return the tables that plaint brings along."""
    return build_tables(
        _unpacked(weights.CHARACTERS, weights.CHARACTER_JAPANESE, weights.CHARACTER_TRADITIONAL),
        _unpacked(weights.PAIRS, weights.PAIR_JAPANESE, weights.PAIR_TRADITIONAL),
    )


def _unpacked(text: str, japanese: str, traditional: str) -> dict[str, tuple[float, float]]:
    nats = {
        level: (index - len(weights.LEVELS) // 2) * weights.STEP_NATS
        for index, level in enumerate(weights.LEVELS)
    }
    size = len(text) // len(japanese)
    return {
        text[size * i : size * (i + 1)]: (nats[ja], nats[hant])
        for i, (ja, hant) in enumerate(zip(japanese, traditional, strict=True))
    }


def build_tables(
    characters: Mapping[str, tuple[float, float]], pairs: Mapping[str, tuple[float, float]]
) -> Tables:
    """Build tables from the log-odds of Han characters and what pairs of them add.

    Each value is the log-odds of Japanese and of traditional Chinese. Characters that are missing
    get theirs from national character sets.
    """
    scripts = np.zeros(_PLANE, dtype=np.int64)
    others = np.zeros(_PLANE, dtype=np.int64)
    for code in range(0x41, 0x2E80):
        if chr(code).isalpha():
            others[code] = _KANA_OR_LATIN if code < 0x250 else _HAN_OR_FOREIGN
    for code in (*range(0xA000, 0xAC00), *range(0xFB00, 0xFE00)):
        if chr(code).isalpha():
            others[code] = _HAN_OR_FOREIGN
    others[0x3131:0x318F] = _HANGUL_OR_JAMO
    scripts[0xAC00:0xD7A4] = _HANGUL_OR_JAMO
    kana = [*range(0x3041, 0x3097), *range(0x309D, 0x30A0), *range(0x30A1, 0x30FB), 0x30FC]
    kana += [*range(0x30FD, 0x3100), *range(0x31F0, 0x3200)]
    scripts[kana] = _KANA_OR_LATIN
    scripts[0x3105:0x3130] = scripts[0x3005:0x3008] = _HAN_OR_FOREIGN
    scripts[0x3400:0x4DC0] = scripts[_HAN_FIRST:_HAN_END] = _HAN_OR_FOREIGN
    scripts[0xF900:0xFB00] = _HAN_OR_FOREIGN

    japanese = np.zeros(_PLANE, dtype=np.float32)
    traditional = np.zeros(_PLANE, dtype=np.float32)
    priors = np.log(character_priors())
    japanese[_HAN_FIRST:_HAN_END] = priors[0] - priors[1]
    traditional[_HAN_FIRST:_HAN_END] = priors[2] - priors[1]
    japanese[kana] = _KANA_NATS
    japanese[0x306E] = _NO_NATS
    japanese[0x3005:0x3008] = _KANA_NATS
    traditional[0x3105:0x3130] = _BOPOMOFO_NATS
    for character, (ja, hant) in characters.items():
        japanese[ord(character)] = ja
        traditional[ord(character)] = hant
    return Tables(scripts, others, japanese, traditional, *_pair_tables(pairs))


def _pair_tables(
    pairs: Mapping[str, tuple[float, float]],
) -> tuple[NDArray[np.int16], NDArray[np.uint32], NDArray[np.float32], NDArray[np.float32]]:
    keys = np.zeros(len(pairs) + 1, dtype=np.uint32)
    keys[1:] = [ord(pair[0]) * _PLANE + ord(pair[1]) for pair in pairs]
    odds = np.zeros((2, len(pairs) + 1), dtype=np.float32)
    odds[:, 1:] = np.array(list(pairs.values()), dtype=np.float32).reshape(-1, 2).T
    slots = np.zeros(1 << (32 - _HASH_SHIFT), dtype=np.int16)
    # Of pairs with one hash, the first stays: pairs come in the order of their weight.
    slots[pair_hash(keys[::-1])] = np.arange(len(keys))[::-1]
    return slots, keys, odds[0], odds[1]


def pair_hash(keys: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the place of each pair, given as ``first * 65536 + second``, in ``pair_slots``."""
    return (keys * _HASH_FACTOR) >> np.uint32(_HASH_SHIFT)


@cache
def character_priors() -> NDArray[np.float64]:
    """Return the likelihood of each Han character by character sets alone.

    Returns
    -------
    ndarray of shape (3, 20992)
        For Japanese, simplified and traditional Chinese, in this order.
    """
    sets = (
        ("shift_jis", range(0x88, 0x98), range(0x98, 0xEB)),
        ("gb2312", range(0xB0, 0xD8), range(0xD8, 0xF8)),
        ("big5", range(0xA4, 0xC7), range(0xC9, 0xFA)),
    )
    priors = np.full((len(sets), _HAN_END - _HAN_FIRST), _TRACE)
    for prior, (codec, frequent, rare) in zip(priors, sets, strict=True):
        for lead_bytes, mass in ((frequent, _FREQUENT), (rare, _RARE)):
            members = _han_of(codec, lead_bytes)
            prior[members] += mass / len(members)
    return priors


def _han_of(codec: str, lead_bytes: range) -> NDArray[np.intp]:
    """Return the Han characters of some rows of a double-byte set, counted from U+4E00."""
    # A line feed between pairs lets the decoder find its feet again after an unused pair.
    pairs = b"\n".join(bytes((a, b)) for a in lead_bytes for b in range(0x40, 0xFF))
    codes = np.frombuffer(pairs.decode(codec, "replace").encode("utf-32-le"), dtype=np.uint32)
    return np.unique(codes[(codes >= _HAN_FIRST) & (codes < _HAN_END)]).astype(np.intp) - _HAN_FIRST
