"""One part of a run: some consecutive rows of one file, with their scores, as bytes.

The same rows give the same bytes. Nothing that is read back can run code.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from plaint.errors import JobError
from plaint.files import canonical_json
from plaint.label._needs import LabellerLike
from plaint.label.options import BatchOptions
from plaint.label.plan import Source
from plaint.model.scores import Scores
from plaint.tables.readers import BadRow, Cell, Row
from plaint.text.privacy import mask

ROWS: Final = "rows.jsonl"
INDEX: Final = "index.npz"
IDS: Final = "ids.bin"
REJECTS: Final = "rejects.jsonl"
KINDS: Final = (ROWS, INDEX, IDS, REJECTS)

NO_ID: Final = 0

_SCORE: Final = "score_"


@dataclass
class Shard:
    """Rows on their way into a part."""

    records: int = 0
    numbers: list[int] = field(default_factory=list)
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    rejects: list[BadRow] = field(default_factory=list)


@dataclass(frozen=True)
class Index:
    """What is known of the rows of a part in numbers.

    Attributes
    ----------
    numbers : ndarray of shape (n_rows,), int64
        Place of each row in its file.
    scores : Scores
    """

    numbers: NDArray[np.int64]
    scores: Scores


def read_shard(rows: Iterator[Row | BadRow], source: Source, options: BatchOptions) -> Shard:
    """Take the rows of the next part; it has no records when there are none left."""
    shard = Shard()
    text_place = source.columns.index(source.text_column)
    id_place = None if source.id_column is None else source.columns.index(source.id_column)
    chars = 0
    for row in rows:
        shard.records += 1
        if isinstance(row, BadRow):
            shard.rejects.append(row)
        else:
            shard.numbers.append(row.number)
            shard.rows.append(row.cells)
            shard.texts.append(_text(row.cells[text_place]))
            if id_place is not None:
                shard.ids.append(id_digest(row.cells[id_place]))
            chars += sum(len(cell) for cell in row.cells if isinstance(cell, str))
        if shard.records >= options.shard_rows or chars >= options.shard_chars:
            break
    return shard


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    return "" if cell is None else json.dumps(cell)


def id_digest(cell: Cell) -> int:
    """Return 64 bits that stand for an id; ``NO_ID`` for an empty cell."""
    text = _text(cell)
    if not text.strip():
        return NO_ID
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") or 1


def encode_shard(
    shard: Shard, source: Source, labeller: LabellerLike, options: BatchOptions
) -> dict[str, bytes]:
    """Score the texts and return the content of each file of the part."""
    scored = [
        labeller.score(shard.texts[start : start + options.batch_rows], options.language)
        for start in range(0, len(shard.texts), options.batch_rows)
    ]
    arrays: dict[str, NDArray[Any]] = {"numbers": np.array(shard.numbers, dtype=np.int64)}
    if scored:
        scores = Scores.concatenate(scored)
        if len(scores) != len(shard.texts):
            raise JobError(f"the model gave {len(scores)} answers for {len(shard.texts)} texts")
        arrays |= {_SCORE + name: array for name, array in scores.to_arrays().items()}
    rows: Sequence[Sequence[Cell]] = shard.rows
    if options.mask:
        place = source.columns.index(source.text_column)
        rows = [_masked(row, place) for row in shard.rows]
    files = {ROWS: _lines(rows), INDEX: _archive(arrays)}
    if shard.ids:
        # In a file of their own, because they are read once in every pass over them.
        files[IDS] = np.array(shard.ids, dtype="<u8").tobytes()
    if shard.rejects:
        files[REJECTS] = b"".join(
            canonical_json({"source": source.name, "row": bad.number, "reason": bad.reason})
            for bad in shard.rejects
        )
    return files


def _masked(row: tuple[Cell, ...], place: int) -> tuple[Cell, ...]:
    cell = row[place]
    return (*row[:place], mask(cell), *row[place + 1 :]) if isinstance(cell, str) else row


def _lines(rows: Sequence[Sequence[Cell]]) -> bytes:
    lines = (json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")


def _archive(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    buffer = io.BytesIO()
    # Entries of an archive written by numpy carry no date, so the bytes repeat.
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def decode_rows(data: bytes) -> Iterator[list[Cell]]:
    """Read the rows of a part back."""
    for line in io.BytesIO(data):
        yield json.loads(line.decode("utf-8", "surrogatepass"))


def decode_index(data: bytes) -> Index:
    """Read the numbers of a part that has rows back."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        scores = {
            name.removeprefix(_SCORE): arrays[name]
            for name in arrays.files
            if name.startswith(_SCORE)
        }
        return Index(arrays["numbers"], Scores.from_arrays(scores))


def decode_ids(data: bytes) -> NDArray[np.uint64]:
    """Read the digests of the ids of a part back, ``NO_ID`` where a row has none."""
    return np.frombuffer(data, dtype="<u8").astype(np.uint64, copy=False)
