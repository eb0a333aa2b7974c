"""What every reader gives, and the limits it keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from plaint.errors import LimitExceeded, TableError, UsageError

Cell = str | int | float | bool | None

TEXT: Final = "text"
INTEGER: Final = "integer"
NUMBER: Final = "number"
BOOLEAN: Final = "boolean"
TYPES: Final = (TEXT, INTEGER, NUMBER, BOOLEAN)

MIB: Final = 1 << 20

# Rows that decide the columns and types of formats that do not declare them.
PEEK_ROWS: Final = 1000


class Row(NamedTuple):
    """One data row. ``number`` is its place among the data rows of the file, from 1."""

    number: int
    cells: tuple[Cell, ...]


class BadRow(NamedTuple):
    """A data row that could not be read, and why. The reason quotes no cell."""

    number: int
    reason: str


@dataclass(frozen=True)
class ReadLimits:
    """What a reader accepts before it refuses a file or a row.

    A cell above its limit is a bad row; every other limit ends the reading with
    :class:`~plaint.errors.LimitExceeded`.
    """

    max_cell_chars: int = 1_000_000
    max_line_bytes: int = 8 * MIB
    max_columns: int = 2_000
    max_xlsx_entries: int = 10_000
    max_xlsx_expanded_bytes: int = 512 * MIB
    max_xlsx_ratio: int = 100
    max_xlsx_rows: int = 1_048_576
    max_xlsx_cells: int = 100_000_000
    max_parquet_footer_bytes: int = 16 * MIB
    max_parquet_page_bytes: int = 64 * MIB
    max_parquet_page_values: int = 16_000_000
    max_parquet_batch_bytes: int = 256 * MIB

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 1:
                raise UsageError(f"{name} is {value}: a limit is at least 1")


DEFAULT_LIMITS: Final = ReadLimits()


class Source(Protocol):
    """One open file of one format. Only :mod:`plaint.tables.readers` uses it."""

    encoding: str | None
    sheet: str | None
    columns: tuple[str, ...]
    types: dict[str, str]
    notes: tuple[str, ...]

    def rows(self) -> Iterator[Row | BadRow]:
        """Read from the first data row."""

    def close(self) -> None:
        """Give up the file."""


def column_names(found: Sequence[object], limits: ReadLimits) -> tuple[list[str], list[str]]:
    """Return the names of the columns in a header row, and notes on what was changed.

    Names lose the white space around them. A trailing column without a name is dropped (its cells
    must then be empty); another one is called ``column_<place>``.

    Raises
    ------
    TableError
        If two columns have the same name or there is none at all.
    LimitExceeded
        If there are more columns than allowed.
    """
    names = ["" if name is None else _clean_name(name) for name in found]
    width = len(names)
    while names and not names[-1]:
        names.pop()
    notes = []
    if not names:
        raise TableError("the header row names no column: give the first row the column names")
    check_width(len(names), limits)
    if len(names) < width:
        notes.append(f"{width - len(names)} column(s) without a name at the end were left out")
    for place, name in enumerate(names, 1):
        if not name:
            names[place - 1] = f"column_{place}"
            notes.append(f"column {place} has no name and is called column_{place}")
    check_unique(names)
    return names, notes


def _clean_name(name: object) -> str:
    return str(name).replace("\ufeff", "").strip()


def check_width(width: int, limits: ReadLimits) -> None:
    """Raise LimitExceeded if a table is wider than allowed."""
    if width > limits.max_columns:
        raise LimitExceeded(
            f"the table has {width} columns, {limits.max_columns} are allowed: "
            "leave out the columns that are not needed"
        )


def check_unique(names: Iterable[str]) -> None:
    """Raise TableError if two columns have the same name."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names, 1):
        places.setdefault(name, []).append(place)
    twice = [
        f"{show(name)} (columns {', '.join(map(str, found))})"
        for name, found in places.items()
        if len(found) > 1
    ]
    if twice:
        raise TableError(
            f"columns with the same name: {'; '.join(sorted(twice)[:10])}: rename all but one"
        )


def show(name: str) -> str:
    """Quote a column or sheet name so that a message stays one short line."""
    flat = "".join(c if c.isprintable() else "?" for c in name)
    return f"'{flat if len(flat) <= 60 else flat[:60] + '...'}'"
