"""In which encoding a text file is written.

A byte order mark decides, then strict UTF-8, then the encoding that the caller names. Otherwise
the candidates are ranked by how plausible the text is that they give, and a close call stops with
the ranking. Trial decoding alone would be wrong: gb18030 reads nearly every Japanese or Korean
file without an error.

Candidates are the supersets that offices really use: cp932 rather than shift_jis, cp949 rather
than euc_kr, gb18030 rather than gbk, cp950 and big5hkscs rather than big5.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from plaint.errors import EncodingUnclear, TableError, UsageError
from plaint.tables import _plausible
from plaint.tables._lines import byte_order_mark
from plaint.tables._samples import Piece, pieces_of

UTF8: Final = "utf-8"

# The models under which the text of an encoding is weighed, and the bits that speak against the
# pair beforehand.
_CANDIDATES: Final[dict[str, dict[str, float]]] = {
    UTF8: {"ja": 0, "ko": 0, "zh-Hans": 0, "zh-Hant": 0},
    "cp932": {"ja": 0, _plausible.HALF_WIDTH: 8},
    "euc_jp": {"ja": 0, _plausible.HALF_WIDTH: 8},
    "euc_jis_2004": {"ja": 4, _plausible.HALF_WIDTH: 12},
    "cp949": {"ko": 0},
    "gb18030": {"zh-Hans": 0, "zh-Hant": 4, "ja": 8, "ko": 8},
    "cp950": {"zh-Hant": 0},
    "big5hkscs": {"zh-Hant": 4},
}

# Bytes that are UTF-8 by accident have few sequences; with as many as this the question is over.
_UTF8_SEQUENCES: Final = 6
_UTF8_BONUS_BITS: Final = 10.0
_SEQUENCE: Final = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+")

# In thousands of files written from held-out messages, names and addresses, a wrong reading was
# never more than 13 bits better than the right one.
_MARGIN_BITS: Final = 20.0
_MARGIN_BITS_PER_LETTER: Final = 0.25
_PLAUSIBLE_BITS_PER_LETTER: Final = 13.0
# Half-width kana are few, so that each of them weighs little; damaged bytes of any encoding look
# like them.
_PLAUSIBLE_BITS_PER_KANA: Final = 6.5

# Systems that cut texts by bytes leave half characters: this share of lines may be broken.
_BROKEN_SHARE: Final = 0.01

_EVIDENCE_BYTES: Final = 1 << 16
# Bytes that are never the second half of a character end a run: white space, most punctuation.
_RUN: Final = re.compile(rb"[^\x00-\x2f\x3a-\x3f]*[\x80-\xff][^\x00-\x2f\x3a-\x3f]*")

_ESCAPE: Final = re.compile(rb"\x1b(?:\$[@AB(]|\([IJ]|\$\)C)")
_ESCAPED: Final = ("iso2022_jp_ext", "iso2022_jp_2004", "iso2022_jp_2", "iso2022_kr")

_SUPERSETS: Final = {
    "ascii": UTF8,
    "utf-8-sig": UTF8,
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "cp950",
    "iso2022_jp": "iso2022_jp_ext",
}
# Names in use that not every Python knows.
_ALIASES: Final = {
    "cp51932": "euc_jp",
    "eucjp-ms": "euc_jp",
    "windows-31j": "cp932",
    "windows-936": "gb18030",
    "windows-949": "cp949",
    "windows-950": "cp950",
    "x-sjis": "cp932",
}
# What an encoding is also called when files hold characters that its own table lacks.
_EXTENSIONS: Final = {"euc_jp": "euc_jis_2004", "cp950": "big5hkscs"}

# The two tables of Big5 give these symbols of one and the same byte pair another code point.
_TWINS: Final = str.maketrans("‧﹑¯～⊕⊙∕﹨￥￠￡▓", "•､‾∼♁☉／＼¥¢£￭")

# Python has these among its encodings, but they are for names and literals.
_NOT_FOR_TABLES: Final = ("idna", "punycode", "raw-unicode-escape", "unicode-escape")
_WIDE: Final = ("utf-16", "utf-32")
_ASCII: Final = bytes(range(32, 127)) + b"\t\r\n"


@dataclass(frozen=True)
class Guess:
    """A candidate and how many bits less plausible its text is than that of the best one."""

    name: str
    score: float


class _Reading(NamedTuple):
    bits: float
    name: str
    text: str
    model: str
    weight: _plausible.Weight

    @property
    def is_plausible(self) -> bool:
        half = self.model == _plausible.HALF_WIDTH
        most = _PLAUSIBLE_BITS_PER_KANA if half else _PLAUSIBLE_BITS_PER_LETTER
        return self.weight.bits_per_letter <= most

    def is_close_to(self, other: _Reading) -> bool:
        """Whether the other reading is not clearly less plausible than this one."""
        unlike = (Counter(self.text) - Counter(other.text)).total()
        return other.bits - self.bits < max(_MARGIN_BITS, _MARGIN_BITS_PER_LETTER * unlike)


class _Broken(NamedTuple):
    """Where bytes do not decode; ``line`` is 0 if the lines before it were not counted."""

    line: int
    byte: int
    lines: int
    of: int

    @property
    def is_tolerable(self) -> bool:
        return self.lines <= self.of * _BROKEN_SHARE

    def __str__(self) -> str:
        line = f"line {self.line}, " if self.line else ""
        return f"{line}byte {self.byte}"


def detect(sample: bytes, *, named: str | None = None, complete: bool = True) -> str:
    """Return Python's name of the encoding of some bytes.

    Parameters
    ----------
    sample : bytes
        The file, or its beginning.
    named : str or None
        The encoding that the user names; a byte order mark or certain UTF-8 overrules it.
    complete : bool
        Whether the sample is the whole file; otherwise its last line may be cut short.

    Raises
    ------
    EncodingUnclear
        If no candidate is clearly the best; ``ranking`` holds the guesses, best first.
    TableError
        If the bytes are not valid in the encoding that was named.
    UsageError
        If Python has no such encoding for text.
    """
    if not complete:
        sample = sample[: sample.rfind(b"\n") + 1] or sample[:-4]
    return _decide([Piece(0, sample)], named, complete)


def detect_file(path: str | Path, *, named: str | None = None) -> str:
    """Return Python's name of the encoding of a file; see :func:`detect`."""
    pieces, complete = pieces_of(Path(path))
    return _decide(pieces, named, complete)


def _decide(pieces: Sequence[Piece], named: str | None, complete: bool) -> str:
    wanted = None if named is None else _lookup(named)
    first = pieces[0].data if pieces else b""
    if (mark := byte_order_mark(first)) is not None:
        return "utf-8-sig" if mark[1] == UTF8 else mark[1][:6]
    if wanted in ("utf-16", "utf-32"):
        raise TableError(
            f"{wanted} was named, but the file has no byte order mark: "
            f"name {wanted}-le or {wanted}-be"
        )
    if wanted is not None and wanted.startswith(_WIDE):
        return _named(pieces, wanted)
    if wanted is None and (wide := _wide(first)):
        raise _unclear(
            f"the file looks like UTF-16 without a byte order mark: name {wide}", [Guess(wide, 0)]
        )
    if all(piece.data.isascii() for piece in pieces):
        return _seven_bit(pieces, wanted)
    utf8 = _broken(pieces, UTF8)
    sequences = {found for piece in pieces for found in _SEQUENCE.findall(piece.data)}
    if len(sequences) >= _UTF8_SEQUENCES and (utf8 is None or utf8.is_tolerable):
        return UTF8
    if wanted is not None:
        return _named(pieces, wanted)
    return _most_plausible(pieces, complete)


def same_family(found: str, named: str) -> bool:
    """Whether an encoding is the one that was named, or a superset of it."""
    wanted = _lookup(named)
    return found in (wanted, f"{wanted}-sig", _EXTENSIONS.get(wanted)) or wanted.startswith(found)


def _lookup(named: str) -> str:
    """Return the superset that an encoding's name stands for."""
    try:
        name = codecs.lookup(_ALIASES.get(named.lower().replace("_", "-"), named)).name
        name = _SUPERSETS.get(name, name)
        plain = _ASCII.decode(name) == _ASCII.decode("ascii") and name not in _NOT_FOR_TABLES
        if plain or name.startswith(_WIDE):
            return name
    except (LookupError, ValueError, TypeError):
        pass
    raise UsageError(
        f"{ascii(named[:40])} is no encoding of text tables: name for example "
        f"{', '.join(sorted(_CANDIDATES))}"
    )


def _wide(start: bytes) -> str | None:
    """Return the kind of UTF-16 that bytes without a mark look like, by where their NULs are."""
    start = start[: 1 << 16]
    ends = start.count(b"\n")
    for name, high in (("utf-16-le", start[1::2]), ("utf-16-be", start[::2])):
        nuls = high.count(0)
        if nuls <= 4 * (start.count(0) - nuls):
            continue
        # Text in Latin letters has one in every pair, Chinese text perhaps only at line ends.
        if nuls * 4 >= len(high) or start.count("\n".encode(name)) >= max(1, ends // 2):
            return name
    return None


def _seven_bit(pieces: Sequence[Piece], wanted: str | None) -> str:
    if wanted is not None:
        return _named(pieces, wanted)
    if any(_ESCAPE.search(piece.data) for piece in pieces):
        korean = any(b"\x1b$)C" in piece.data for piece in pieces)
        for name in sorted(_ESCAPED, key=lambda name: (name == "iso2022_kr") != korean):
            if _broken(pieces, name) is None:
                return name
        raise _unclear(
            "the file has the escape sequences of ISO-2022, but is valid in none of "
            f"{', '.join(_ESCAPED)}: name its encoding",
            [],
        )
    return UTF8


def _named(pieces: Sequence[Piece], wanted: str) -> str:
    found = _broken(pieces, wanted)
    if found is None:
        return wanted
    extension = _EXTENSIONS.get(wanted)
    if extension is not None and _broken(pieces, extension) is None:
        return extension
    if found.is_tolerable:
        return wanted
    raise TableError(
        f"the file is not valid {wanted} at {found} ({found.lines} of {found.of} lines outside "
        "ASCII): name another encoding, none to have it found, or repair the file"
    )


def _broken(pieces: Sequence[Piece], name: str) -> _Broken | None:
    """Return where and how often the bytes do not decode; None if they all do."""
    try:
        for piece in pieces:
            piece.data.decode(name)
    except UnicodeDecodeError as error:
        if name.startswith(_WIDE):
            return _Broken(0, piece.offset + error.start, 1, 1)
    else:
        return None
    place: tuple[int, int] | None = None
    lines = of = 0
    for piece in pieces:
        offset = piece.offset
        for number, line in enumerate(piece.data.splitlines(keepends=True), 1):
            if not line.isascii():
                of += 1
                try:
                    line.decode(name)
                except UnicodeDecodeError as error:
                    lines += 1
                    place = place or (0 if piece.offset else number, offset + error.start)
            offset += len(line)
    where = place or (0, 0)
    return _Broken(*where, max(1, lines), of)


def _evidence(pieces: Sequence[Piece]) -> tuple[bytes, bool]:
    """Return the different runs of bytes outside ASCII, and whether these are all of them.

    What a file repeats is counted once: a thousand rows with the same answer say no more than
    one of them.
    """
    runs = list(dict.fromkeys(run for piece in pieces for run in _RUN.findall(piece.data)))
    size = sum(map(len, runs))
    step = -(-size // _EVIDENCE_BYTES)
    if step > 1:
        runs = [run[:_EVIDENCE_BYTES] for run in runs[::step]]
    return b"\n".join(runs)[: 2 * _EVIDENCE_BYTES], step <= 1


def _readings(evidence: bytes) -> Iterator[_Reading]:
    for name, models in _CANDIDATES.items():
        # An encoding with one broken character is weighed too: it may be the right one.
        text = evidence.decode(name, "replace")
        weights = {model: _plausible.weigh(text, model) for model in models}
        model = min(models, key=lambda model: weights[model].bits + models[model])
        bits = weights[model].bits + models[model]
        yield _Reading(bits - _UTF8_BONUS_BITS * (name == UTF8), name, text, model, weights[model])


def _most_plausible(pieces: Sequence[Piece], complete: bool) -> str:
    evidence, all_of_it = _evidence(pieces)
    readings = sorted(_readings(evidence))
    best = readings[0]
    ranking = [Guess(reading.name, round(reading.bits - best.bits, 1)) for reading in readings]
    shown = ", ".join(f"{guess.name} (+{guess.score:.0f})" for guess in ranking[:4])
    broken = _broken(pieces, best.name)
    if broken is not None and not broken.is_tolerable:
        raise _unclear(
            f"the encoding is not clear: {best.name} fits best, but {broken} is not valid in it "
            f"(bits behind the best: {shown}): name the encoding, or repair the file",
            ranking,
        )
    rivals = [
        reading
        for reading in readings[1:]
        if best.is_close_to(reading)
        and not (complete and all_of_it and _is_same(best.text, reading.text))
        and not (best.name == "cp950" and best.text.translate(_TWINS) == reading.text)
    ]
    if rivals or not best.is_plausible:
        why = "several encodings fit about equally well" if rivals else "no known encoding fits"
        raise _unclear(
            f"the encoding is not clear, {why} (bits behind the best: {shown}): name the "
            f"encoding (--encoding {best.name}, if that is it), or save the file as UTF-8",
            ranking,
        )
    return best.name


def _is_same(text: str, other: str) -> bool:
    return text == other and "\ufffd" not in text


def _unclear(message: str, ranking: list[Guess]) -> EncodingUnclear:
    error = EncodingUnclear(message)
    error.ranking = tuple(ranking)
    return error
