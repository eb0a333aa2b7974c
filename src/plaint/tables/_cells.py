"""Values of other formats as cells: text, integer, number, boolean or nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from plaint.tables._rows import BOOLEAN, INTEGER, NUMBER, TEXT, Cell

# The largest integer that Parquet and other programs hold exactly.
_MAX_INTEGER = (1 << 63) - 1


class UnfitError(ValueError):
    """A value that cannot be a cell of its column; the message quotes no value."""


def to_cell(value: Any) -> Cell:
    """Return a value as a cell; dates become ISO 8601 text, what is nested becomes JSON text."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if -_MAX_INTEGER <= value <= _MAX_INTEGER else str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise UnfitError("a number is NaN or infinite")
        return value
    return plain_text(value)


def plain_text(value: Any) -> str:
    """Return the text of a value that is neither text, number, boolean nor nothing."""
    if isinstance(value, datetime):
        midnight = value.time() == time() and value.tzinfo is None
        return value.date().isoformat() if midnight else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return iso_duration(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes):
        raise UnfitError("a cell holds bytes, not text")
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=plain_text)
    except RecursionError:
        raise UnfitError("a value is nested too deeply") from None
    except ValueError as error:
        raise (
            error if isinstance(error, UnfitError) else UnfitError("a number is NaN or infinite")
        ) from None


def iso_duration(value: timedelta) -> str:
    """Return a duration in hours, minutes and seconds, as ``PT30H5M0S``."""
    sign = "-" if value < timedelta() else ""
    value = abs(value)
    minutes, seconds = divmod(value.days * 86400 + value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    part = f".{value.microseconds:06d}".rstrip("0") if value.microseconds else ""
    return f"{sign}PT{hours}H{minutes}M{seconds}{part}S"


def column_type(cells: Iterable[Cell]) -> str:
    """Return the narrowest type that holds all the cells; text if there are none."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {bool}:
        return BOOLEAN
    if kinds == {int}:
        return INTEGER
    if kinds and kinds <= {int, float}:
        return NUMBER
    return TEXT


def as_text(cell: Cell) -> str:
    """Return a cell as text, with booleans and numbers as JSON writes them."""
    if isinstance(cell, str):
        return cell
    return "" if cell is None else json.dumps(cell)


def fit(cells: Sequence[Cell], columns: Sequence[str], types: Sequence[str]) -> tuple[Cell, ...]:
    """Return the cells in the types of their columns.

    Raises
    ------
    UnfitError
        If one of them would lose something on the way.
    """
    fitted = list(cells)
    for place, (cell, kind) in enumerate(zip(cells, types, strict=True)):
        if cell is None or type(cell) is _PYTHON[kind]:
            pass
        elif kind == TEXT:
            fitted[place] = as_text(cell)
        elif kind == NUMBER and type(cell) is int and abs(cell) <= _MAX_INTEGER:
            fitted[place] = float(cell)
        else:
            raise UnfitError(f"column {columns[place]!a} is of type {kind}, and this cell is not")
        if kind == INTEGER and isinstance(cell, int) and abs(cell) > _MAX_INTEGER:
            raise UnfitError(f"column {columns[place]!a} has an integer of more than 64 bits")
    return tuple(fitted)


_PYTHON: dict[str, type] = {TEXT: str, INTEGER: int, NUMBER: float, BOOLEAN: bool}
