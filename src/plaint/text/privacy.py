"""Find and mask personal data, also beside CJK letters and in full-width digits.

Numbers that carry a check digit are checked, the others must be written as such numbers are; a
price, a date, a quantity or a model number stays. Order numbers are masked on request only,
because a complaints desk needs them. Hotlines such as 1588-1234 belong to companies and stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count

from plaint.errors import UsageError
from plaint.text._personal import SEARCHES, Span, shadow

# In the order in which one is preferred when two kinds fit the same characters.
KINDS = (
    "email",
    "resident_id",
    "rrn",
    "card",
    "my_number",
    "phone",
    "postcode",
    "order_number",
)
DEFAULT_KINDS = tuple(kind for kind in KINDS if kind != "order_number")

_DIGITS = re.compile("[0-9]+")
_DIGIT = re.compile("[0-9]")
_MOST_PASSES = 8
_FEWEST_DIGITS = 3  # a postcode of Taiwan
_TAKEN = "\0"  # stands for what was found: neither digit, letter nor anything else in a pattern


@dataclass(frozen=True)
class Finding:
    """One piece of personal data, by its place in the text as given."""

    kind: str
    start: int
    end: int


def find(text: str, kinds: Iterable[str] = DEFAULT_KINDS) -> list[Finding]:
    """Return the personal data in ``text`` in the order of its appearance, without overlaps.

    Where findings overlap, the longer one stays, and of two equally long ones the kind that comes
    first in `KINDS`.

    Raises
    ------
    UsageError
        A kind is not one of `KINDS`.
    """
    chosen = _checked(kinds)
    view = shadow(text)
    if "@" not in view and len(_DIGIT.findall(view)) < _FEWEST_DIGITS:
        return []
    found: list[Finding] = []
    # What stays when a number is taken may be a number of its own now; without another pass,
    # masking a masked text could find more.
    for passes in count():
        spans = _without_overlaps(_candidates(view, chosen))
        if not spans:
            break
        if passes == _MOST_PASSES:
            # A chain made to need a pass for each of its links: all of its digits go.
            kind = spans[0][0]
            spans = [(kind, match.span()) for match in _DIGITS.finditer(view)] or spans
        found += [Finding(kind, start, end) for kind, (start, end) in spans]
        view = _without(view, sorted(span for _, span in spans))
    return sorted(found, key=lambda finding: finding.start)


def mask(text: str, kinds: Iterable[str] = DEFAULT_KINDS) -> str:
    """Return ``text`` with each finding replaced by its kind in brackets, such as ``[phone]``."""
    parts, position = [], 0
    for finding in find(text, kinds):
        parts += [text[position : finding.start], f"[{finding.kind}]"]
        position = finding.end
    return "".join([*parts, text[position:]])


def _checked(kinds: Iterable[str]) -> list[str]:
    asked = set(kinds)
    if unknown := sorted(asked.difference(KINDS)):
        raise UsageError(
            f"no such kind of personal data: {', '.join(unknown)}; there are {', '.join(KINDS)}"
        )
    return [kind for kind in KINDS if kind in asked]


def _without(view: str, spans: list[Span]) -> str:
    parts, position = [], 0
    for start, end in spans:
        parts += [view[position:start], _TAKEN * (end - start)]
        position = end
    return "".join([*parts, view[position:]])


def _candidates(view: str, kinds: list[str]) -> Iterator[tuple[str, Span]]:
    for kind in kinds:
        for span in SEARCHES[kind](view):
            yield kind, span


def _without_overlaps(candidates: Iterator[tuple[str, Span]]) -> list[tuple[str, Span]]:
    kept: list[tuple[str, Span]] = []
    taken: set[int] = set()
    # Stable sort: of equally long spans, the preferred kind came first.
    for kind, (start, end) in sorted(candidates, key=lambda item: item[1][0] - item[1][1]):
        if taken.isdisjoint(range(start, end)):
            taken.update(range(start, end))
            kept.append((kind, (start, end)))
    return kept
