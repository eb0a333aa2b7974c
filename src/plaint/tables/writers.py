"""Tables to files: CSV, TSV, JSON Lines, Parquet and Excel.

The same rows give the same bytes. A writer writes to the path that it is given; who wants the old
file to survive a crash writes beside it and renames (:func:`plaint.files.replace_file`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from plaint.errors import TableError, UsageError
from plaint.tables._guard import guard, unguard
from plaint.tables._parquet_out import ParquetSink
from plaint.tables._rows import TYPES, Cell, check_unique, show
from plaint.tables._text_out import DelimitedSink, JsonLinesSink, Sink
from plaint.tables._workbook_out import WorkbookSink
from plaint.tables.readers import file_format

__all__ = ["Writer", "guard", "open_writer", "unguard"]

# Formats that people open in a spreadsheet.
_GUARDED_FORMATS: Final = ("csv", "tsv", "xlsx")


class Writer:
    """Rows into one file. Use it in a ``with`` statement: an error inside removes the file.

    Attributes
    ----------
    path : Path
    columns : tuple of str
    count : int
        Rows written so far.
    notes : tuple of str
        After :meth:`close`, what a user should know about cells that had to be changed.
    """

    def __init__(
        self, path: Path, columns: tuple[str, ...], sink: Sink, guarded: tuple[int, ...]
    ) -> None:
        self.path = path
        self.columns = columns
        self.count = 0
        self.notes: tuple[str, ...] = ()
        self._sink: Sink | None = sink
        self._guarded = guarded

    def write(self, cells: Sequence[Cell]) -> None:
        """Add a row.

        Raises
        ------
        TableError
            If a number is NaN or infinite, or a cell does not have the type of a Parquet column.
        LimitExceeded
            If the format holds no more rows.
        UsageError
            If the number of cells is not that of the columns, or the writer is closed.
        """
        if self._sink is None:
            raise UsageError(f"{self.path.name} is closed: no row can be added")
        if len(cells) != len(self.columns):
            raise UsageError(
                f"{self.path.name}: a row of {len(cells)} cells for {len(self.columns)} columns"
            )
        row = list(cells)
        for place in self._guarded:
            cell = row[place]
            if isinstance(cell, str):
                row[place] = guard(cell)
        for place, cell in enumerate(row):
            if isinstance(cell, float) and not math.isfinite(cell):
                raise TableError(
                    f"{self.path.name}: the number in row {self.count + 1}, column "
                    f"{show(self.columns[place])}, is NaN or infinite: leave the cell empty"
                )
        self._sink.write(row)
        self.count += 1

    def write_many(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Add rows."""
        for row in rows:
            self.write(row)

    def close(self) -> None:
        """Complete the file. Closing again does nothing."""
        sink, self._sink = self._sink, None
        if sink is not None:
            self.notes = sink.finish()

    def abort(self) -> None:
        """Close the file and remove what was written, unless it is complete already."""
        sink, self._sink = self._sink, None
        if sink is not None:
            try:
                sink.drop()
            finally:
                self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()


def open_writer(
    path: str | Path,
    columns: Sequence[str],
    *,
    types: Mapping[str, str] | None = None,
    raw: bool = False,
    guarded: Iterable[str] | None = None,
) -> Writer:
    """Open a file to write a table; the suffix says in which format.

    Parameters
    ----------
    path : str or Path
        A ``.csv``, ``.tsv``, ``.jsonl``, ``.parquet`` or ``.xlsx`` file; one that exists is
        overwritten.
    columns : sequence of str
    types : mapping of str to str, or None
        ``text`` (the default), ``integer``, ``number`` or ``boolean`` for a column. Parquet
        stores columns so; other formats store each cell as it is.
    raw : bool
        Write CSV, TSV and Excel cells without the guard against formulas.
    guarded : iterable of str or None
        The columns whose texts are guarded, when not all of them.

    Raises
    ------
    UsageError
        If the suffix or a type is unknown, or an option names no column.
    TableError
        If two columns have the same name.
    """
    path = Path(path)
    kind = file_format(path)
    names = tuple(columns)
    if not names:
        raise UsageError(f"{path.name}: a table needs at least one column")
    check_unique(names)
    chosen = frozenset(names if guarded is None else guarded)
    types = dict(types or {})
    if unknown := sorted({*types, *chosen}.difference(names)):
        raise UsageError(f"{path.name}: there is no column {show(unknown[0])}")
    for name, type_name in types.items():
        if type_name not in TYPES:
            raise UsageError(
                f"{path.name}: column {show(name)} has the type {show(type_name)}, which is none "
                f"of {', '.join(TYPES)}"
            )
    if raw or kind not in _GUARDED_FORMATS:
        chosen = frozenset()
    header = [guard(name) if name in chosen else name for name in names]
    places = tuple(place for place, name in enumerate(names) if name in chosen)
    return Writer(path, names, _sink(path, kind, header, types), places)


def _sink(path: Path, kind: str, header: Sequence[str], types: Mapping[str, str]) -> Sink:
    if kind == "xlsx":
        return WorkbookSink(path, header)
    if kind == "parquet":
        return ParquetSink(path, header, types)
    if kind == "jsonl":
        return JsonLinesSink(path, header)
    return DelimitedSink(path, header, "\t" if kind == "tsv" else ",")
