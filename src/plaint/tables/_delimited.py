"""Rows of CSV and TSV files."""

from __future__ import annotations

import csv
import re
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Final

from plaint.errors import LimitExceeded, TableError
from plaint.tables._lines import Lines
from plaint.tables._rows import TEXT, BadRow, ReadLimits, Row, column_names

_DELIMITERS: Final = (",", ";", "\t")
_SNIFF_LINES: Final = 200
_SNIFF_RECORDS: Final = 50

# A first line by which Excel is told the delimiter.
_TOLD: Final = re.compile(r"(?i)sep=([,;|\t])\s*")

_QUOTES: Final = (
    "text follows the quote mark that ends a cell, or a quote mark inside a cell is not doubled"
)


class DelimitedSource:
    """A text table: one header row, then one row a line, or more lines if a cell is quoted.

    Blank lines are skipped and not counted. A row with too few or too many cells is a bad row.
    When a quoted cell is broken over several lines, each of these lines is a bad row, because
    nobody can tell which of them were rows.
    """

    sheet: str | None = None

    def __init__(
        self, path: Path, encoding: str, delimiter: str | None, limits: ReadLimits
    ) -> None:
        self.encoding: str | None = encoding
        self._limits = limits
        self._path = path
        # The limit of the csv module is one for the whole process: it is raised, never lowered.
        if csv.field_size_limit() < limits.max_cell_chars:
            csv.field_size_limit(limits.max_cell_chars)
        self._delimiter, self._told = self._sniff(delimiter, encoding)
        with closing(self._open()) as records:
            header = self._header(records)
        names, notes = column_names(header, limits)
        self._width = len(header)
        self.columns = tuple(names)
        self.types = dict.fromkeys(self.columns, TEXT)
        self.notes = tuple(notes)

    def _sniff(self, delimiter: str | None, encoding: str) -> tuple[str, bool]:
        with closing(iter(Lines(self._path, encoding, self._limits))) as lines:
            start = list(islice(lines, _SNIFF_LINES))
        told = _TOLD.fullmatch(start[0]) if start else None
        if told is not None:
            return delimiter or told[1], True
        return delimiter or _likely_delimiter(start), False

    def _open(self) -> _Records:
        # Each reading has its own lines, which keep note of the bad ones among them.
        lines = Lines(self._path, self.encoding or "", self._limits)
        records = _Records(lines, self._delimiter, self._limits)
        if self._told:
            next(records)
        return records

    def _header(self, records: _Records) -> list[str]:
        for header in records:
            if isinstance(header, str):
                raise TableError(f"the header row cannot be read: {header}")
            return header
        raise TableError("the file is empty: a table begins with a row of column names")

    def rows(self) -> Iterator[Row | BadRow]:
        """Read from the first data row."""
        with closing(self._open()) as records:
            self._header(records)
            yield from self._checked(records)

    def _checked(self, records: _Records) -> Iterator[Row | BadRow]:
        width, used = self._width, len(self.columns)
        for number, record in enumerate(records, 1):
            if isinstance(record, str):
                yield BadRow(number, record)
            elif len(record) != width:
                yield BadRow(
                    number,
                    f"line {records.first_line}: {len(record)} cells, the header has {width}",
                )
            elif used < width and any(record[used:]):
                yield BadRow(
                    number,
                    f"line {records.first_line}: a cell stands in a column that has no name",
                )
            else:
                yield Row(number, tuple(record[:used] if used < width else record))

    def close(self) -> None:
        """Nothing stays open between two readings."""


class _Records:
    """Records of the csv module; a string instead of a list is the reason why one is bad."""

    def __init__(self, lines: Lines, delimiter: str, limits: ReadLimits) -> None:
        self.first_line = 0
        self._lines = lines
        self._limits = limits
        self._records = self._read(delimiter)

    def __iter__(self) -> Iterator[list[str] | str]:
        return self._records

    def close(self) -> None:
        """Close the file."""
        self._records.close()

    def __next__(self) -> list[str] | str:
        return next(self._records)

    def _guarded(self) -> Iterator[str]:
        """Stop when one record goes on over more text than a cell may have."""
        size = since = 0
        for number, line in enumerate(self._lines, 1):
            if self.first_line != since:
                since, size = self.first_line, 0
            size += len(line)
            if number > since and size > self._limits.max_line_bytes:
                raise self._endless()
            yield line

    def _endless(self) -> LimitExceeded:
        return LimitExceeded(
            f"the row that begins in line {self.first_line} has a quoted cell that does not end "
            f"within {self._limits.max_cell_chars} characters: look for a quote mark that is "
            "not closed"
        )

    def _read(self, delimiter: str) -> Generator[list[str] | str, None, None]:
        reader = csv.reader(self._guarded(), delimiter=delimiter, strict=True)
        bad = self._lines.bad
        largest = self._limits.max_cell_chars
        last = 0
        while True:
            self.first_line = last + 1
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                last, begun = reader.line_num, last + 1
                yield from self._broken(begun, last, str(error))
                continue
            begun, last = last + 1, reader.line_num
            if not record:
                continue
            reasons = [bad.pop(n) for n in range(begun, last + 1) if n in bad] if bad else []
            if reasons:
                yield f"line {begun}: {reasons[0]}"
            elif max(map(len, record)) > largest:
                yield f"line {begun}: a cell has more than {largest} characters"
            else:
                yield record

    def _broken(self, first: int, last: int, error: str) -> Iterator[str]:
        for number in range(first, last + 1):
            self._lines.bad.pop(number, None)
        if "field larger" in error:
            if last > first:
                raise self._endless()
            yield f"line {first}: a cell has more than {self._limits.max_cell_chars} characters"
            return
        if "end of data" in error:
            reason = f"a quoted cell that begins in line {first} or below is never closed"
        elif "new-line" in error:
            reason = f"line {first}: a lone carriage return stands inside the row"
        else:
            reason = f"line {first}: {_QUOTES}"
        yield reason
        for number in range(first + 1, last + 1):
            yield f"line {number} belongs to a broken row: {reason}"


def _likely_delimiter(start: list[str]) -> str:
    """Return the delimiter that cuts most of the first records into as many cells as the header.

    A comma wins a tie, also in a table of one column, where nothing is cut.
    """
    best, score = ",", (0, 0)
    for delimiter in _DELIMITERS:
        widths = []
        try:
            for record in islice(csv.reader(start, delimiter=delimiter), _SNIFF_RECORDS):
                if record:
                    widths.append(len(record))
        except csv.Error:
            pass
        if not widths or widths[0] < 2:
            continue
        found = (widths.count(widths[0]), widths[0])
        if found > score:
            best, score = delimiter, found
    return best
