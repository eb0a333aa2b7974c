"""What can be said only when all rows are scored: a fair sample of them, and ids used twice.

Both take several readings of the parts rather than memory that grows with the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from plaint.label.ledger import Entry, Job
from plaint.label.parts import IDS, INDEX, NO_ID, Index, decode_ids, decode_index
from plaint.model.scores import Scores

# Ids that are sorted in one pass; about 50 bytes each.
_PASS_ROWS: Final = 1 << 18
_SHOWN: Final = 5


@dataclass(frozen=True)
class Repeats:
    """Ids that stand in more than one row.

    Attributes
    ----------
    count : int
        Rows whose id an earlier row has.
    first : tuple of (int, int)
        The input, from 0, and the row number of the first few of them.
    """

    count: int
    first: tuple[tuple[int, int], ...]


def indexes(job: Job, parts: Sequence[Entry]) -> Iterator[tuple[Entry, Index]]:
    """Read the numbers of every part that has rows, in order."""
    for entry in parts:
        if entry.rows:
            yield entry, decode_index(job.read(entry, INDEX))


def draw_sample(job: Job, parts: Sequence[Entry], size: int, seed: int) -> Scores | None:
    """Return the scores of at most ``size`` rows, each as likely as any other.

    A keyed digest of its place decides whether a row is drawn, so the same rows are drawn however
    often the run was interrupted.
    """
    bound = _bound(parts, size, seed)
    drawn = []
    start = 0
    for entry, index in indexes(job, parts):
        keys = _keys(start, entry.rows, seed)
        start += entry.rows
        drawn.append(index.scores.take(np.flatnonzero(keys <= bound)))
    return Scores.concatenate(drawn) if drawn else None


def _bound(parts: Sequence[Entry], size: int, seed: int) -> np.uint64:
    """Return the digest of the last row that is drawn."""
    total = sum(entry.rows for entry in parts)
    if total <= size:
        return np.uint64(np.iinfo(np.uint64).max)
    smallest = np.empty(0, dtype=np.uint64)
    start = 0
    for entry in parts:
        smallest = np.concatenate([smallest, _keys(start, entry.rows, seed)])
        start += entry.rows
        if len(smallest) > size:
            smallest = np.partition(smallest, size - 1)[:size]
    return np.uint64(smallest.max())


def _keys(start: int, count: int, seed: int) -> NDArray[np.uint64]:
    """Digest row places by the finaliser of splitmix64, a bijection: no two rows are alike."""
    step = 0x9E3779B97F4A7C15
    offset = np.uint64((seed * 0xD1342543DE82EF95 + step) & 0xFFFFFFFFFFFFFFFF)
    x = np.arange(start, start + count, dtype=np.uint64) * np.uint64(step) + offset
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def find_repeats(job: Job, parts: Sequence[Entry]) -> Repeats:
    """Count the rows whose id an earlier row has.

    The ids are compared by 64 bits of a digest: among ten million different ones the chance that
    any two look alike is below one in 300,000.
    """
    total = sum(entry.rows for entry in parts)
    passes = max(1, -(-total // _PASS_ROWS))
    count = 0
    first = np.empty(0, dtype=np.int64)
    for turn in range(passes):
        ids, places = _ids_of_pass(job, parts, turn, passes)
        order = np.argsort(ids, kind="stable")
        again = np.flatnonzero(ids[order][1:] == ids[order][:-1]) + 1
        repeated = places[order][again]
        count += len(repeated)
        first = np.sort(np.concatenate([first, repeated]))[:_SHOWN]
    return Repeats(count, tuple(_where(job, parts, first)))


def _ids_of_pass(
    job: Job, parts: Sequence[Entry], turn: int, passes: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    ids, places = [np.empty(0, dtype=np.uint64)], [np.empty(0, dtype=np.int64)]
    start = 0
    for entry in parts:
        found = decode_ids(job.read(entry, IDS))
        chosen = (found != NO_ID) & (found % np.uint64(passes) == turn)
        ids.append(found[chosen])
        places.append(np.flatnonzero(chosen) + start)
        start += entry.rows
    return np.concatenate(ids), np.concatenate(places)


def _where(
    job: Job, parts: Sequence[Entry], places: NDArray[np.int64]
) -> Iterator[tuple[int, int]]:
    start = 0
    for entry in parts:
        here = places[(places >= start) & (places < start + entry.rows)] - start
        if len(here):
            numbers = decode_index(job.read(entry, INDEX)).numbers
            for place in here.tolist():
                yield entry.source, int(numbers[place])
        start += entry.rows
