"""Parquet files, written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from pyarrow import parquet as pq

from plaint.errors import TableError
from plaint.tables._cells import UnfitError, fit
from plaint.tables._guard import encodable
from plaint.tables._rows import BOOLEAN, INTEGER, NUMBER, TEXT, Cell

_GROUP_ROWS: Final = 65_536
_GROUP_CHARS: Final = 32_000_000

_ARROW: Final[dict[str, pa.DataType]] = {
    TEXT: pa.string(),
    INTEGER: pa.int64(),
    NUMBER: pa.float64(),
    BOOLEAN: pa.bool_(),
}


class ParquetSink:
    """Columns of the given types in row groups of bounded size, compressed with zstd."""

    def __init__(self, path: Path, columns: Sequence[str], types: Mapping[str, str]) -> None:
        self._columns = [encodable(name) for name in columns]
        self._kinds = [types.get(name, TEXT) for name in columns]
        self._schema = pa.schema(
            [
                pa.field(name, _ARROW[kind])
                for name, kind in zip(self._columns, self._kinds, strict=True)
            ]
        )
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[tuple[Cell, ...]] = []
        self._chars = 0
        self._count = 0

    def write(self, cells: Sequence[Cell]) -> None:
        """Add a row."""
        self._count += 1
        try:
            row = fit(cells, self._columns, self._kinds)
        except UnfitError as error:
            raise TableError(f"row {self._count} does not fit the file: {error}") from None
        self._rows.append(row)
        self._chars += sum(len(cell) for cell in row if isinstance(cell, str))
        if len(self._rows) >= _GROUP_ROWS or self._chars >= _GROUP_CHARS:
            self._flush()

    def _flush(self) -> None:
        arrays = [
            _array(list(cells), field.type)
            for cells, field in zip(zip(*self._rows, strict=True), self._schema, strict=True)
        ]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._rows.clear()
        self._chars = 0

    def finish(self) -> tuple[str, ...]:
        """Complete the file."""
        try:
            if self._rows:
                self._flush()
        finally:
            self.drop()
        return ()

    def drop(self) -> None:
        """Close the file as it is."""
        self._writer.close()


def _array(cells: list[Any], kind: pa.DataType) -> Any:
    try:
        return pa.array(cells, type=kind)
    except (UnicodeEncodeError, pa.ArrowInvalid):
        return pa.array([encodable(c) if isinstance(c, str) else c for c in cells], type=kind)
