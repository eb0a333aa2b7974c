"""Tables from files: CSV, TSV, JSON Lines, Parquet and Excel, one row at a time."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Generator, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from plaint.errors import InputError, TableError, UsageError
from plaint.tables import encodings
from plaint.tables._delimited import DelimitedSource
from plaint.tables._jsonl import JsonLinesSource
from plaint.tables._parquet import ParquetSource
from plaint.tables._rows import DEFAULT_LIMITS, BadRow, Cell, ReadLimits, Row, Source
from plaint.tables._workbook import WorkbookSource

__all__ = ["FORMATS", "BadRow", "Cell", "ReadLimits", "Row", "Table", "open_table"]

FORMATS: Final = ("csv", "jsonl", "parquet", "tsv", "xlsx")


class Table:
    """Rows of one file. Use it in a ``with`` statement; iterate as often as needed.

    Attributes
    ----------
    path : Path
    format : str
        One of ``FORMATS``.
    encoding : str or None
        Python's name of the encoding of a text file.
    sheet : str or None
        The sheet that is read, in a workbook.
    columns : tuple of str
    types : dict of str to str
        ``text``, ``integer``, ``number`` or ``boolean`` for each column. Every cell of a row has
        the type of its column, or is None.
    notes : tuple of str
        What a user should know about how the file was read.
    """

    def __init__(self, path: Path, source: Source, notes: tuple[str, ...] = ()) -> None:
        self.path = path
        self.format = file_format(path)
        self.encoding = source.encoding
        self.sheet = source.sheet
        self.columns = source.columns
        self.types = dict(source.types)
        self.notes = notes + source.notes
        self._source: Source | None = source
        self._running: weakref.WeakSet[Generator[Row | BadRow, None, None]] = weakref.WeakSet()

    def __iter__(self) -> Iterator[Row | BadRow]:
        if self._source is None:
            raise UsageError(f"{self.path.name} is closed: open the table again")
        rows = self._rows(self._source)
        self._running.add(rows)
        return rows

    def _rows(self, source: Source) -> Generator[Row | BadRow, None, None]:
        yield from source.rows()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; iterations that are under way end."""
        for rows in list(self._running):
            rows.close()
        if self._source is not None:
            self._source.close()
        self._source = None

    def __repr__(self) -> str:
        return f"Table({self.path.name!r}, format={self.format!r}, columns={len(self.columns)})"


def file_format(path: str | Path) -> str:
    """Return the format that the suffix of a file names.

    Raises
    ------
    UsageError
        If it names none that can be read and written here.
    """
    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix in FORMATS:
        return suffix
    if suffix in ("xls", "xlsm", "xlsb"):
        raise UsageError(f"{Path(path).name}: save it as .xlsx in Excel, .{suffix} is not read")
    wanted = ", ".join(f".{name}" for name in FORMATS)
    raise UsageError(f"{Path(path).name}: the name must end with one of {wanted}")


def open_table(
    path: str | Path,
    *,
    encoding: str | None = None,
    sheet: str | None = None,
    delimiter: str | None = None,
    limits: ReadLimits = DEFAULT_LIMITS,
) -> Table:
    """Open a file as a table; the suffix says which format it has.

    Parameters
    ----------
    path : str or Path
        A ``.csv``, ``.tsv``, ``.jsonl``, ``.parquet`` or ``.xlsx`` file.
    encoding : str or None
        The encoding of a text file, when it cannot be found or should not be guessed.
    sheet : str or None
        The sheet of a workbook that has several.
    delimiter : str or None
        The character between the cells of a ``.csv`` or ``.tsv`` file, when it should not be
        found by counting.
    limits : ReadLimits
        What is refused.

    Raises
    ------
    UsageError
        If an option does not fit the format, or the sheet must be named.
    EncodingUnclear
        If several encodings fit a text file about equally well.
    TableError
        If the file is not such a table, or its header names a column twice.
    LimitExceeded
        If it is larger than allowed.
    """
    path = Path(path)
    kind = file_format(path)
    _check_options(path, kind, encoding, sheet, delimiter)
    if not path.is_file():
        raise UsageError(f"{path.name}: there is no such file")
    try:
        return _open(path, kind, encoding, sheet, delimiter, limits)
    except (InputError, UsageError) as error:
        error.args = (f"{path.name}: {error}",)
        raise


def _check_options(
    path: Path, kind: str, encoding: str | None, sheet: str | None, delimiter: str | None
) -> None:
    if sheet is not None and kind != "xlsx":
        raise UsageError(f"{path.name}: a sheet is named, but only .xlsx files have sheets")
    if encoding is not None and kind in ("xlsx", "parquet"):
        raise UsageError(f"{path.name}: an encoding is named, but .{kind} files have their own")
    if delimiter is not None:
        if kind not in ("csv", "tsv"):
            raise UsageError(f"{path.name}: a delimiter is named, but .{kind} files have none")
        if len(delimiter) != 1 or delimiter in '"\r\n\0 ':
            raise UsageError(f"{path.name}: the delimiter must be one character, as , ; or TAB")


def _open(
    path: Path,
    kind: str,
    encoding: str | None,
    sheet: str | None,
    delimiter: str | None,
    limits: ReadLimits,
) -> Table:
    if kind == "xlsx":
        return Table(path, WorkbookSource(path, sheet, limits))
    if kind == "parquet":
        return Table(path, ParquetSource(path, limits))
    if kind == "jsonl":
        found = _json_encoding(path, encoding)
        notes = _encoding_notes(found, encoding)
        return Table(path, JsonLinesSource(path, found, limits), notes)
    found = encodings.detect_file(path, named=encoding)
    notes = _encoding_notes(found, encoding)
    if kind == "tsv":
        delimiter = delimiter or "\t"
    return Table(path, DelimitedSource(path, found, delimiter, limits), notes)


def _json_encoding(path: Path, named: str | None) -> str:
    """Return the encoding of JSON, which is UTF-8 by its standard, but not by all programs."""
    if named is None:
        with contextlib.suppress(TableError):
            return encodings.detect_file(path, named=encodings.UTF8)
    return encodings.detect_file(path, named=named)


def _encoding_notes(found: str, named: str | None) -> tuple[str, ...]:
    if named is None or encodings.same_family(found, named):
        return ()
    return (f"read as {found}, which the bytes show, and not as {ascii(named[:40])}",)
