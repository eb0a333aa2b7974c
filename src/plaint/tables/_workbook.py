"""Rows of Excel workbooks."""

from __future__ import annotations

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final
from xml.etree.ElementTree import ParseError

import openpyxl
from defusedxml.common import DefusedXmlException

from plaint.errors import LimitExceeded, TableError, UsageError
from plaint.tables._cells import UnfitError, column_type, fit, to_cell
from plaint.tables._rows import (
    MIB,
    PEEK_ROWS,
    BadRow,
    Cell,
    ReadLimits,
    Row,
    check_width,
    column_names,
    show,
)

_ESCAPED: Final = re.compile("_x([0-9A-Fa-f]{4})_")
_OLE_START: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

# A small part may be well compressed without being dangerous.
_RATIO_FROM_BYTES: Final = MIB

# What openpyxl and the standard library raise for a damaged workbook, by experiment.
_DAMAGE: Final = (
    zipfile.BadZipFile,
    ParseError,
    DefusedXmlException,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    AssertionError,
    zlib.error,
)


class WorkbookSource:
    """One sheet of a workbook, with the values that formulas had when it was saved.

    The first row that is not empty names the columns. Empty rows are skipped and not counted, and
    so are cells right of the last named column when they are empty. Dates become ISO 8601 text.
    """

    encoding: str | None = None

    def __init__(self, path: Path, sheet: str | None, limits: ReadLimits) -> None:
        self._limits = limits
        check_archive(path, limits)
        # Opened here, because openpyxl leaves a file open that it cannot read.
        self._file = path.open("rb")
        try:
            self._book = _load(self._file)
            chosen, notes = self._choose(sheet)
            self.sheet: str | None = chosen
            self._name = chosen
            self._prepare(notes)
        except BaseException:
            self._file.close()
            raise

    def _choose(self, wanted: str | None) -> tuple[str, list[str]]:
        names = [sheet.title for sheet in self._book.worksheets]
        listed = ", ".join(show(name) for name in names)
        if wanted is not None:
            if wanted not in names:
                raise UsageError(f"there is no sheet {show(wanted)}; the sheets are {listed}")
            return wanted, []
        if not names:
            raise TableError("the workbook has no sheet with cells")
        if len(names) == 1:
            return names[0], []
        filled = [name for name in names if next(self._filled_rows(name), None) is not None]
        if len(filled) != 1:
            raise UsageError(f"the workbook has several sheets, name one of them: {listed}")
        return filled[0], [f"sheet {show(filled[0])} was taken, the others are empty"]

    def _prepare(self, notes: list[str]) -> None:
        rows = self._filled_rows(self._name)
        header = next(rows, None)
        if header is None:
            raise TableError(
                f"sheet {show(self._name)} is empty: a table begins with a row of column names"
            )
        names, changed = column_names(_header_texts(header), self._limits)
        self.columns = tuple(names)
        peeked: list[list[Cell]] = [[] for _ in names]
        for row in islice(rows, PEEK_ROWS):
            try:
                cells = [to_cell(_whole(value)) for value in row[: len(names)]]
            except UnfitError:
                continue
            for column, cell in zip(peeked, cells, strict=False):
                column.append(cell)
        self.types = {name: column_type(cells) for name, cells in zip(names, peeked, strict=True)}
        self.notes = tuple(notes + changed)

    def rows(self) -> Iterator[Row | BadRow]:
        """Read from the first data row."""
        width = len(self.columns)
        kinds = list(self.types.values())
        largest = self._limits.max_cell_chars
        rows = self._filled_rows(self._name)
        next(rows)
        for number, row in enumerate(rows, 1):
            if any(value is not None for value in row[width:]):
                yield BadRow(number, "a cell stands in a column that has no name")
                continue
            try:
                cells = [to_cell(_whole(value)) for value in row[:width]]
                cells.extend([None] * (width - len(cells)))
                fitted = fit(cells, self.columns, kinds)
            except UnfitError as error:
                yield BadRow(number, str(error))
                continue
            if any(isinstance(cell, str) and len(cell) > largest for cell in fitted):
                yield BadRow(number, f"a cell has more than {largest} characters")
            else:
                yield Row(number, fitted)

    def _filled_rows(self, name: str) -> Iterator[tuple[Any, ...]]:
        sheet: Any = self._book[name]
        # The size that a file declares may be wrong in both directions.
        sheet.reset_dimensions()
        try:
            cells = 0
            for place, row in enumerate(sheet.iter_rows(values_only=True), 1):
                # Also cells that are only formatted cost time.
                cells += len(row)
                if place > self._limits.max_xlsx_rows or cells > self._limits.max_xlsx_cells:
                    raise LimitExceeded(
                        f"sheet {show(name)} has more than {self._limits.max_xlsx_rows} rows or "
                        f"{self._limits.max_xlsx_cells} cells: save it as .csv"
                    )
                if any(value is not None for value in row):
                    check_width(_used_width(row), self._limits)
                    yield row
        except _DAMAGE as error:
            raise _damaged(error) from None

    def close(self) -> None:
        """Close the workbook."""
        self._book.close()
        self._file.close()


def _load(file: BinaryIO) -> Any:
    try:
        with warnings.catch_warnings():
            # It tells of styles and extensions that it leaves out; only values are wanted here.
            warnings.simplefilter("ignore")
            return openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except _DAMAGE as error:
        raise _damaged(error) from None


def check_archive(path: Path, limits: ReadLimits) -> None:
    """Raise an error of ours if a file is not a workbook or expands to more than allowed."""
    with path.open("rb") as file:
        start = file.read(8)
    if start == _OLE_START:
        raise TableError(
            "the file is an old .xls workbook or is protected by a password: open it in Excel and "
            "save it as .xlsx without a password"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        raise _damaged(error) from None
    if len(parts) > limits.max_xlsx_entries:
        raise LimitExceeded(
            f"the workbook has {len(parts)} parts, {limits.max_xlsx_entries} are allowed"
        )
    if any(part.flag_bits & 1 for part in parts):
        raise TableError("the workbook is protected by a password: save it without one")
    total = sum(part.file_size for part in parts)
    if total > limits.max_xlsx_expanded_bytes:
        raise LimitExceeded(
            f"the workbook expands to {total} bytes, {limits.max_xlsx_expanded_bytes} are "
            "allowed: save the sheet as .csv"
        )
    for part in parts:
        ratio = part.file_size / max(1, part.compress_size)
        if part.file_size > _RATIO_FROM_BYTES and ratio > limits.max_xlsx_ratio:
            raise LimitExceeded(
                f"a part of the workbook expands {ratio:.0f} times, {limits.max_xlsx_ratio} times "
                "is allowed: save the sheet as .csv"
            )


def _damaged(error: BaseException) -> TableError:
    return TableError(
        f"the file cannot be read as an .xlsx workbook ({type(error).__name__}): open it in Excel "
        "and save it again"
    )


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return _unescaped(value) if "_x" in value else value
    # Excel has one kind of number; 12 may be stored as 12.0.
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def _unescaped(text: str) -> str:
    """Return the text with the characters that XML cannot hold in the place of their escapes."""
    text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _header_texts(row: tuple[Any, ...]) -> list[str | None]:
    try:
        return [None if value is None else str(to_cell(_whole(value))) for value in row]
    except UnfitError as error:
        raise TableError(f"the header row cannot be read: {error}") from None


def _used_width(row: tuple[Any, ...]) -> int:
    width = len(row)
    while width and row[width - 1] is None:
        width -= 1
    return width
