"""Hashed n-grams of whole batches: the arithmetic behind the vectoriser."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

# Odd constants with well-spread bits: the golden ratio for the rolling part, and the finaliser
# of MurmurHash3 (A. Appleby, public domain), so that every input bit reaches the table index.
_ROLL = np.uint32(0x9E3779B1)
_FINAL = (np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35))

# A table of 2^20 entries stays in a second-level cache; 50,000 features fill a twentieth of it.
_TABLE_BITS = 20
_SHIFT = np.uint32(32 - _TABLE_BITS)

_NO_COLUMN = -1


@dataclass(frozen=True)
class Block:
    """The n-grams of one kind of token over a batch.

    Attributes
    ----------
    tokens : ndarray of shape (n_positions,), dtype uint32
        All texts in a row, a separator before and after each.
    edges : ndarray of shape (n_texts + 1,), dtype int64
        Positions of the separators; text ``i`` lies between ``edges[i]`` and ``edges[i + 1]``.
    hashes : ndarray of shape (n_positions, order), dtype uint32
        Hash of the n-gram of each length that begins at each position.
    """

    tokens: NDArray[np.uint32]
    edges: NDArray[np.int64]
    hashes: NDArray[np.uint32]

    @property
    def order(self) -> int:
        """Longest n-gram."""
        return int(self.hashes.shape[1])

    def rows(self) -> NDArray[np.int64]:
        """Return the text that each position belongs to."""
        return np.repeat(np.arange(len(self.edges) - 1), np.diff(self.edges))


@dataclass(frozen=True)
class Known:
    """The known n-grams of a batch, text by text.

    Attributes
    ----------
    places : ndarray of shape (n_known,), dtype int64
        Where each stands in the flattened hashes of its block.
    columns : ndarray of shape (n_known,), dtype int32
    values : ndarray of shape (n_known,), dtype float32
    indptr : ndarray of shape (n_texts + 1,), dtype int32
        Text ``i`` holds the entries ``indptr[i]`` to ``indptr[i + 1]``.
    n_columns : int
    """

    places: NDArray[np.int64]
    columns: NDArray[np.int32]
    values: NDArray[np.float32]
    indptr: NDArray[np.int32]
    n_columns: int

    def matrix(self) -> sparse.csr_matrix:
        """Return them as a matrix of shape (n_texts, n_columns)."""
        shape = (len(self.indptr) - 1, self.n_columns)
        return sparse.csr_matrix((self.values, self.columns, self.indptr), shape=shape)


@dataclass(frozen=True)
class Selection:
    """N-grams that are frequent enough, those in the most texts first."""

    hashes: NDArray[np.uint32]
    document_frequency: NDArray[np.int64]
    first: list[tuple[int, ...]]


def block(tokens: NDArray[np.uint32], edges: NDArray[np.int64], order: int) -> Block:
    """Hash the n-grams of 1 to ``order`` tokens that begin at each position."""
    hashes = np.zeros((len(tokens), order), dtype=np.uint32)
    rolled = tokens * _ROLL
    for length in range(order):
        if length:
            rolled = rolled[:-1] * _ROLL + tokens[length:]
        # From 1, because the finaliser leaves 0 as it is, which stands for no n-gram.
        mixed = rolled + np.uint32((length + 1) * 0x3C6EF372 & 0xFFFFFFFF)
        mixed ^= mixed >> np.uint32(16)
        mixed *= _FINAL[0]
        mixed ^= mixed >> np.uint32(13)
        mixed *= _FINAL[1]
        mixed ^= mixed >> np.uint32(16)
        hashes[: len(mixed), length] = mixed
    return Block(tokens, edges, hashes)


def select(grams: Block, min_df: int) -> Selection:
    """Choose the n-grams that stand in at least ``min_df`` texts.

    Where two of them fall into the same place of the lookup table the one in more texts stays.
    """
    rows = np.repeat(grams.rows()[:, None], grams.order, axis=1)
    usable = _usable(grams)
    n_texts = len(grams.edges) - 1
    wide = grams.hashes[: len(rows)][usable].astype(np.uint64)
    keys = wide * np.uint64(max(n_texts, 1)) + rows[usable].astype(np.uint64)
    in_text = np.unique(keys) // np.uint64(max(n_texts, 1))
    found, frequency = np.unique(in_text, return_counts=True)
    frequent = (frequency >= min_df) & (found > 0)
    hashes = found[frequent].astype(np.uint32)
    frequency = frequency[frequent]
    # Most frequent first, then take the first of each place of the table.
    order = np.lexsort((hashes, -frequency))
    _, first = np.unique(hashes[order] >> _SHIFT, return_index=True)
    # In that order, what most texts need lies close together in memory.
    kept = order[np.sort(first)]
    hashes, frequency = hashes[kept], frequency[kept]
    return Selection(hashes, frequency, _first_tokens(grams, usable, hashes))


class Table:
    """The learned n-grams of one kind, ready for look-up."""

    def __init__(self, hashes: NDArray[np.uint32], weights: NDArray[np.float32]) -> None:
        self._hashes = hashes
        self._weights = weights
        self._columns = np.full(1 << _TABLE_BITS, _NO_COLUMN, dtype=np.int32)
        self._columns[hashes >> _SHIFT] = np.arange(len(hashes), dtype=np.int32)

    def look_up(self, grams: Block) -> Known:
        """Find the known n-grams of a batch and weigh them to unit length per text.

        N-grams that reach over an edge need no mask here: they were never learned, so no known
        hash equals theirs.
        """
        n_columns = len(self._hashes)
        if not n_columns:
            nothing = np.empty(0, dtype=np.int64)
            return Known(
                nothing,
                nothing.astype(np.int32),
                nothing.astype(np.float32),
                np.zeros(len(grams.edges), dtype=np.int32),
                0,
            )
        flat = grams.hashes.ravel()
        # `take` by machine integers is twice as fast as an index in brackets.
        found = self._columns.take((flat >> _SHIFT).astype(np.intp))
        # An empty place (-1) reads the last hash, which cannot be equal: its place is not empty.
        known = self._hashes.take(found, mode="wrap") == flat
        places = np.flatnonzero(known)
        columns = found[known]
        indptr = np.searchsorted(places, grams.edges * grams.order).astype(np.int32)
        values = self._weights.take(columns)
        # Only rows with entries: the sum over an empty one would read its neighbour.
        counts = np.diff(indptr)
        filled = np.flatnonzero(counts)
        length = np.sqrt(np.add.reduceat(values * values, indptr[filled]))
        values /= np.repeat(length, counts[filled])
        return Known(places, columns, values, indptr, n_columns)


def _usable(grams: Block) -> NDArray[np.bool_]:
    """Mark the n-grams that lie in one text: a separator may only be their first or last token."""
    n_positions = int(grams.edges[-1])
    usable = np.zeros((n_positions, grams.order), dtype=bool)
    inside = np.ones(len(grams.tokens), dtype=bool)
    inside[grams.edges] = False
    for length in range(grams.order):
        fits = np.ones(min(n_positions, len(grams.tokens) - length), dtype=bool)
        if length == 0:
            fits &= inside[: len(fits)]
        if length == 1:
            fits &= inside[: len(fits)] | inside[1 : 1 + len(fits)]
        for offset in range(1, length):
            fits &= inside[offset : offset + len(fits)]
        usable[: len(fits), length] = fits
    return usable


def _first_tokens(
    grams: Block, usable: NDArray[np.bool_], wanted: NDArray[np.uint32]
) -> list[tuple[int, ...]]:
    """Return the tokens of the first occurrence of each wanted n-gram."""
    flat = np.where(usable, grams.hashes[: len(usable)], 0).ravel()
    found, first = np.unique(flat, return_index=True)
    places = first[np.searchsorted(found, wanted)]
    return [
        tuple(grams.tokens[place // grams.order :][: place % grams.order + 1].tolist())
        for place in places
    ]
