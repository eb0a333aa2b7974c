"""One form for every text, in training, in batch runs and in the service alike.

The form is NFKC with exceptions that CJK messages need:

- compatibility jamo (ㅋㅋ, ㅠㅠ) stay as they are, half-width jamo become them, and conjoining jamo
  that form no syllable too: NFKC alone would melt ㅠㅠ into a bogus syllable;
- invisible characters (zero-width, soft hyphen, variation selectors, direction marks) disappear,
  except a joiner between two emoji;
- wave dashes become ``~``, minus signs and hyphens ``-``, long dashes ``—``;
- spacing accents (´ ¨ ￣) stay, where NFKC would put a space and a combining mark;
- every run of white space, line breaks and control characters becomes one space;
- more than three equal characters, or pairs of characters, in a row become three (digits are left
  alone: 100000 is not 1000);
- lone surrogates become U+FFFD.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plaint.errors import UsageError
from plaint.text._characters import LONE_JAMO, TABLE, joins_previous
from plaint.text._joined import normalise_joined

DEFAULT_MAX_CHARS = 8_000


@dataclass(frozen=True)
class TextLimits:
    """How much of a text is read.

    ``max_chars`` holds for the text as sent and again for the normalised one, because one
    character can grow into eighteen.
    """

    max_chars: int = DEFAULT_MAX_CHARS

    def __post_init__(self) -> None:
        if self.max_chars < 1:
            raise UsageError(
                f"max_chars must be at least 1, not {self.max_chars}; "
                f"the default is {DEFAULT_MAX_CHARS}"
            )


DEFAULT = TextLimits()


@dataclass(frozen=True)
class Alignment:
    """A normalised text and where each of its characters stood in the original."""

    text: str
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]


_EMOJI = "\u2190-\u21ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
_LONE_JOINER = re.compile(f"(?<![{_EMOJI}])\u200d|\u200d(?![{_EMOJI}])")
_JAMO = re.compile("[\u1100-\u11ff]")
_SPACES = re.compile(" {2,}")
_RUN = re.compile(r"([^0-9])\1{3,}")
_PAIRS = re.compile(r"(([^0-9])(?!\2)[^0-9])\1{3,}")


def normalise(text: str, limits: TextLimits = DEFAULT) -> str:
    """Return the one form of ``text`` that everything else in plaint reads.

    Any ``str`` is accepted, and ``normalise(normalise(t)) == normalise(t)``.
    """
    text = text[: limits.max_chars].translate(TABLE)
    if "\u200d" in text:
        text = _LONE_JOINER.sub("", text)
    text = unicodedata.normalize("NFC", text)
    if _JAMO.search(text):
        text = text.translate(LONE_JAMO)
    text = _SPACES.sub(" ", text).strip(" ")
    text = _RUN.sub(r"\1\1\1", text)
    # Two runs of pairs can share a character, so shortening one may complete the other.
    while _PAIRS.search(text):
        text = _PAIRS.sub(r"\1\1\1", text)
    return _cut(text, limits.max_chars)


def normalise_batch(texts: Sequence[str], limits: TextLimits = DEFAULT) -> list[str]:
    """Return ``[normalise(t) for t in texts]``, at a small part of the cost."""
    return normalise_joined(texts, limits.max_chars, lambda text: normalise(text, limits))


def align(text: str, limits: TextLimits = DEFAULT) -> Alignment:
    """Normalise ``text`` and say for each character of the result which part of ``text`` it is.

    A character that was composed of several, or a space that stands for several, covers them
    all. What was dropped because it repeats belongs to no character.
    """
    pieces = _Pieces()
    for position, character in enumerate(text[: limits.max_chars]):
        pieces.add(character.translate(TABLE), position)
    pieces.keep(_complement(_LONE_JOINER.finditer(pieces.text), len(pieces.text)))
    pieces.compose()
    pieces.text = pieces.text.translate(LONE_JAMO)
    pieces.merge(_SPACES.finditer(pieces.text))
    stripped = pieces.text.lstrip(" ")
    first = len(pieces.text) - len(stripped)
    pieces.keep([(first, first + len(stripped.rstrip(" ")))])
    pieces.keep(_shortened(_RUN, pieces.text))
    while _PAIRS.search(pieces.text):
        pieces.keep(_shortened(_PAIRS, pieces.text))
    pieces.keep([(0, len(_cut(pieces.text, limits.max_chars)))])
    return Alignment(
        pieces.text,
        np.array(pieces.starts, dtype=np.int32),
        np.array(pieces.ends, dtype=np.int32),
    )


def _cut(text: str, max_chars: int) -> str:
    if len(text) <= max_chars:
        return text
    # A joiner or space left at the end would go on the next pass.
    return text[:max_chars].rstrip(" \u200d")


def _complement(matches: Iterator[re.Match[str]], length: int) -> list[tuple[int, int]]:
    kept, position = [], 0
    for match in matches:
        kept.append((position, match.start()))
        position = match.end()
    return [*kept, (position, length)]


def _shortened(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    kept, position = [], 0
    for match in pattern.finditer(text):
        kept.append((position, match.start() + 3 * len(match[1])))
        position = match.end()
    return [*kept, (position, len(text))]


class _Pieces:
    """A text under change, with the original span of each of its characters."""

    def __init__(self) -> None:
        self.text = ""
        self.starts: list[int] = []
        self.ends: list[int] = []

    def add(self, text: str, position: int) -> None:
        self.text += text
        self.starts += [position] * len(text)
        self.ends += [position + 1] * len(text)

    def keep(self, spans: list[tuple[int, int]]) -> None:
        self.text, self.starts, self.ends = (
            "".join(self.text[a:b] for a, b in spans),
            [start for a, b in spans for start in self.starts[a:b]],
            [end for a, b in spans for end in self.ends[a:b]],
        )

    def merge(self, matches: Iterator[re.Match[str]]) -> None:
        """Replace each run by its first character, which then covers the whole run."""
        spans, position = [], 0
        for match in matches:
            first, last = match.span()
            self.ends[first] = self.ends[last - 1]
            spans.append((position, first + 1))
            position = last
        self.keep([*spans, (position, len(self.text))])

    def compose(self) -> None:
        """Apply NFC cluster by cluster; a cluster that changes is covered as a whole."""
        text, starts, ends = self.text, self.starts, self.ends
        self.text, self.starts, self.ends = "", [], []
        parts: list[str] = []
        first = 0
        for last in range(1, len(text) + 1):
            if last < len(text) and joins_previous(text[last]):
                continue
            cluster = text[first:last]
            composed = unicodedata.normalize("NFC", cluster)
            parts.append(composed)
            if composed == cluster:
                self.starts += starts[first:last]
                self.ends += ends[first:last]
            else:
                self.starts += [starts[first]] * len(composed)
                self.ends += [ends[last - 1]] * len(composed)
            first = last
        self.text = "".join(parts)
