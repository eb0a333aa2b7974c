"""Pieces of whole batches, cut in a few long runs instead of one call per text.

A text takes SentencePiece longer to receive and hand back than to cut, so texts are joined with a
separator that is a piece of its own. Where a text is cut must not depend on its neighbours: the
scores of the pieces are rounded to a fraction that float32 adds up without any error over a run.
"""

from __future__ import annotations

import itertools
import struct
from array import array
from functools import lru_cache
from typing import Any

import numpy as np
import sentencepiece as spm
from numpy.typing import NDArray

SEPARATOR = "\n"

# Sums of multiples of 1/256 are exact in float32 up to 2^16. Scores differ by far more.
_STEPS = 256
_EXACT_BELOW = 2**16
# What SentencePiece takes off the least score for an unknown character, and a little more.
_UNKNOWN_PENALTY = 12.0

# Of the serialised model (sentencepiece_model.proto): pieces are field 1 of the whole, and of a
# piece the text is field 1, the score 2 and the kind 3.
_LENGTH_1, _FIXED_2, _VARINT_3 = 0x0A, 0x15, 0x18
_NORMAL = 1


class JoinedPieces:
    """Cuts texts as a SentencePiece model with rounded scores does."""

    def __init__(self, model: bytes) -> None:
        rounded, least, holds_separator = _rounded(model)
        # No model of ours has learned the separator; another's is asked text by text.
        self._joinable = not holds_separator
        self._run_chars = int(_EXACT_BELOW / (_UNKNOWN_PENALTY - least))
        self._processor: Any = spm.SentencePieceProcessor(
            model_proto=rounded if holds_separator else rounded + _separator_piece()
        )
        self._separator_id = self._processor.get_piece_size() - 1

    def encode(
        self, codes: NDArray[np.uint32], edges: NDArray[np.int64], separator: int
    ) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Cut texts that lie in a row.

        Parameters
        ----------
        codes : ndarray of shape (n_characters,), dtype uint32
            Code points with a separator before and after every text.
        edges : ndarray of shape (n_texts + 1,), dtype int64
            Where the separators are.
        separator : int
            Stands between texts in the result.

        Returns
        -------
        tokens : ndarray of shape (n_tokens,), dtype uint32
            Numbers of pieces with ``separator`` before and after every text.
        token_edges : ndarray of shape (n_texts + 1,), dtype int64
        """
        joined = codes.tobytes().decode("utf-32-le")
        if self._joinable:
            rows = self._processor.encode(self._runs(joined, edges), num_threads=1)
        else:
            texts = joined[1:].split(SEPARATOR)[:-1]
            rows = [[self._separator_id + 1, *self._ids(text)] for text in texts]
        total = sum(map(len, rows))
        tokens = np.empty(total + 1, dtype=np.uint32)
        # An array of machine integers takes a list of Python's in a third of numpy's time.
        flat = b"".join(array("I", row).tobytes() for row in rows)
        tokens[:total] = np.frombuffer(flat, dtype=np.uintc)
        between = self._separator_id if self._joinable else self._separator_id + 1
        tokens[total] = between
        token_edges = np.flatnonzero(tokens == between)
        tokens[token_edges] = separator
        return tokens, token_edges

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return the half-open character range of each piece of one text."""
        pieces = self._processor.encode(text, out_type=str, num_threads=1)
        ends = list(itertools.accumulate(map(len, pieces)))
        return list(zip([0, *ends], ends, strict=False))

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._processor.encode(text, num_threads=1)
        return ids

    def _runs(self, joined: str, edges: NDArray[np.int64]) -> list[str]:
        """Return runs of whole texts, each text with the separator before it."""
        runs = []
        first, last = 0, len(edges) - 1
        while first < last:
            fits = int(np.searchsorted(edges, edges[first] + self._run_chars, side="right")) - 1
            until = min(max(fits, first + 1), last)
            runs.append(joined[edges[first] : edges[until]])
            first = until
        return runs


@lru_cache(maxsize=4)
def joined_pieces(model: bytes) -> JoinedPieces:
    """Return what cuts by a serialised model; the languages of a version share one."""
    return JoinedPieces(model)


def _rounded(model: bytes) -> tuple[bytes, float, bool]:
    """Return the model with rounded scores, the least of them, and if it knows the separator."""
    given = bytearray(model)
    least, holds_separator = 0.0, False
    place = 0
    while place < len(given) and given[place] == _LENGTH_1:
        size, start = _varint(given, place + 1)
        length, text = _varint(given, start + 1)
        score = text + length
        holds_separator |= SEPARATOR.encode() in given[text:score]
        if given[start] == _LENGTH_1 and given[score] == _FIXED_2:
            (value,) = struct.unpack_from("<f", given, score + 1)
            value = round(value * _STEPS) / _STEPS
            struct.pack_into("<f", given, score + 1, value)
            least = min(least, value)
        place = start + size
    return bytes(given), least, holds_separator


def _varint(data: bytearray, place: int) -> tuple[int, int]:
    """Return a number of variable length and where the next field begins."""
    value = shift = 0
    while data[place] & 0x80:
        value |= (data[place] & 0x7F) << shift
        shift += 7
        place += 1
    return value | data[place] << shift, place + 1


def _separator_piece() -> bytes:
    # A repeated field may be continued at the end of a message.
    text = SEPARATOR.encode()
    piece = bytes((_LENGTH_1, len(text))) + text
    piece += bytes((_FIXED_2,)) + struct.pack("<f", 0.0) + bytes((_VARINT_3, _NORMAL))
    return bytes((_LENGTH_1, len(piece))) + piece
