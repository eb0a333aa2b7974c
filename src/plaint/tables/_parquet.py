"""Rows of Parquet files."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from pyarrow import parquet as pq

from plaint.errors import LimitExceeded, TableError
from plaint.tables._cells import UnfitError, fit, to_cell
from plaint.tables._pages import measure
from plaint.tables._rows import (
    BOOLEAN,
    INTEGER,
    MIB,
    NUMBER,
    TEXT,
    BadRow,
    ReadLimits,
    Row,
    check_unique,
    check_width,
)

_BATCH_ROWS: Final = 4096
_DAMAGE: Final = (pa.ArrowException, OSError, ValueError, KeyError, TypeError, OverflowError)


class ParquetSource:
    """Rows batch by batch, after a look at what the file will ask for.

    Dates, times and decimals become text, lists and structs JSON text, NaN an empty cell. A
    column of bytes is read as UTF-8.
    """

    encoding: str | None = None
    sheet: str | None = None
    notes: tuple[str, ...] = ()

    def __init__(self, path: Path, limits: ReadLimits) -> None:
        self._limits = limits
        check_footer(path, limits)
        try:
            # Unbuffered, Arrow would hold a whole column of a row group at once.
            self._file = pq.ParquetFile(
                path,
                pre_buffer=False,
                buffer_size=MIB,
                thrift_string_size_limit=limits.max_parquet_footer_bytes,
                thrift_container_size_limit=1_000_000,
            )
        except _DAMAGE as error:
            raise _damaged(error) from None
        try:
            self._prepare(path)
        except BaseException:
            self._file.close()
            raise

    def _prepare(self, path: Path) -> None:
        try:
            schema = self._file.schema_arrow
            check_width(self._file.metadata.num_columns, self._limits)
        except _DAMAGE as error:
            raise _damaged(error) from None
        if not schema.names:
            raise TableError("the file has no columns")
        names = [name.strip() or f"column_{n}" for n, name in enumerate(schema.names, 1)]
        check_unique(names)
        self.columns = tuple(names)
        self.types = {
            name: _type_name(field.type) for name, field in zip(names, schema, strict=True)
        }
        try:
            self._batch_rows = self._affordable_rows(path)
        except _DAMAGE as error:
            raise _damaged(error) from None

    def _affordable_rows(self, path: Path) -> int:
        """Return how many rows can be decoded at once within the limit."""
        limit = self._limits.max_parquet_batch_bytes
        metadata = self._file.metadata
        schema = self._file.schema
        rows = _BATCH_ROWS
        with path.open("rb") as file:
            for group in range(metadata.num_row_groups):
                row_bytes = 0
                for place in range(metadata.num_columns):
                    chunk = metadata.row_group(group).column(place)
                    if chunk.file_path:
                        raise TableError("the file refers to another file, which is not read")
                    column = schema.column(place)
                    # Nulls of a fixed length take their full length in memory.
                    fixed = max(0, column.length or 0)
                    demand = measure(file, chunk, self._limits)
                    cell = max(demand.bytes_per_value, fixed)
                    if column.max_repetition_level:
                        cell *= max(1, demand.values)
                    row_bytes += cell
                if row_bytes > limit:
                    raise LimitExceeded(
                        f"one row of row group {group} may need {row_bytes} bytes, {limit} are "
                        "allowed: write the file with smaller values or row groups, or as .csv"
                    )
                rows = min(rows, limit // 4 // max(1, row_bytes))
        return max(1, rows)

    def rows(self) -> Iterator[Row | BadRow]:
        """Read from the first row."""
        number = 0
        kinds = list(self.types.values())
        largest = self._limits.max_cell_chars
        batches = self._file.iter_batches(batch_size=self._batch_rows, use_threads=False)
        while True:
            try:
                batch = next(batches, None)
            except _DAMAGE as error:
                raise _damaged(error) from None
            if batch is None:
                return
            columns = [_values(column) for column in batch.columns]
            for values in zip(*columns, strict=True):
                number += 1
                try:
                    cells = fit([_cell(value) for value in values], self.columns, kinds)
                except UnfitError as error:
                    yield BadRow(number, str(error))
                    continue
                if any(isinstance(cell, str) and len(cell) > largest for cell in cells):
                    yield BadRow(number, f"a cell has more than {largest} characters")
                else:
                    yield Row(number, cells)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def check_footer(path: Path, limits: ReadLimits) -> None:
    """Raise an error of ours if the end of a file is not that of a Parquet file in the limits."""
    with path.open("rb") as file:
        start = file.read(4)
        size = file.seek(0, 2)
        file.seek(max(0, size - 8))
        end = file.read(8)
    if b"PARE" in (start, end[4:]):
        raise TableError("the file is encrypted: write it without encryption")
    if size < 12 or start != b"PAR1" or end[4:] != b"PAR1":
        raise TableError("the file is not a Parquet file, or it was cut short")
    (footer,) = struct.unpack("<I", end[:4])
    if footer > limits.max_parquet_footer_bytes:
        raise LimitExceeded(
            f"the file describes itself in {footer} bytes, "
            f"{limits.max_parquet_footer_bytes} are allowed"
        )


def _type_name(kind: pa.DataType) -> str:
    if pa.types.is_dictionary(kind):
        return _type_name(kind.value_type)
    if pa.types.is_boolean(kind):
        return BOOLEAN
    # Beyond the signed range an integer would lose its value in other programs.
    if pa.types.is_integer(kind) and not pa.types.is_uint64(kind):
        return INTEGER
    return NUMBER if pa.types.is_floating(kind) else TEXT


class _Unreadable:
    """Stands for a value that Python cannot hold, such as a date in the year 30000."""


def _values(column: pa.Array) -> list[Any]:
    try:
        return list(column.to_pylist())
    except _DAMAGE:
        return [_value(column, place) for place in range(len(column))]


def _value(column: pa.Array, place: int) -> Any:
    try:
        return column[place].as_py()
    except _DAMAGE:
        return _Unreadable


def _cell(value: Any) -> Any:
    if value is None or type(value) is str:
        return value
    if value is _Unreadable:
        raise UnfitError("a value is damaged or out of range")
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise UnfitError("a cell holds bytes that are not UTF-8") from None
    return to_cell(value)


def _damaged(error: BaseException) -> TableError:
    return TableError(
        f"the file cannot be read as a Parquet file ({type(error).__name__}): it is damaged or "
        "uses something that is not supported"
    )
