"""Rows of JSON Lines files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from plaint.errors import TableError
from plaint.tables._cells import UnfitError, column_type, fit, to_cell
from plaint.tables._lines import Lines
from plaint.tables._rows import PEEK_ROWS, BadRow, Cell, ReadLimits, Row, check_width, show

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_Object = dict[str, Cell]


class JsonLinesSource:
    """One JSON object a line. Blank lines are skipped and not counted.

    The first thousand objects that can be read decide the columns, in order of appearance, and
    their types. A key that comes later is a bad row; a key that is absent is an empty cell.
    """

    sheet: str | None = None

    def __init__(self, path: Path, encoding: str, limits: ReadLimits) -> None:
        self.encoding: str | None = encoding
        self._limits = limits
        self._path = path
        seen: dict[str, list[Cell]] = {}
        reason = ""
        for _, found in islice(self._objects(), PEEK_ROWS):
            if isinstance(found, str):
                reason = reason or found
                continue
            for key, cell in found.items():
                seen.setdefault(key, []).append(cell)
            check_width(len(seen), limits)
        if not seen:
            raise TableError(
                f"no line of the file is a JSON object with keys ({reason or 'it is empty'}): "
                "write one object a line"
            )
        self.columns = tuple(seen)
        self.types = {key: column_type(cells) for key, cells in seen.items()}
        self.notes: tuple[str, ...] = ()

    def rows(self) -> Iterator[Row | BadRow]:
        """Read from the first object."""
        kinds = [self.types[name] for name in self.columns]
        known = frozenset(self.columns)
        for number, found in self._objects():
            if isinstance(found, str):
                yield BadRow(number, found)
                continue
            if not known.issuperset(found):
                unknown = sorted(set(found) - known)[0]
                yield BadRow(
                    number, f"key {show(unknown)} is in none of the first {PEEK_ROWS} objects"
                )
                continue
            try:
                yield Row(
                    number, fit([found.get(name) for name in self.columns], self.columns, kinds)
                )
            except UnfitError as error:
                yield BadRow(number, str(error))

    def close(self) -> None:
        """Nothing stays open between two readings."""

    def _objects(self) -> Iterator[tuple[int, _Object | str]]:
        lines = Lines(self._path, self.encoding or "", self._limits)
        bad = lines.bad
        number = 0
        for place, line in enumerate(lines, 1):
            if place in bad:
                number += 1
                yield number, f"line {place}: {bad.pop(place)}"
            elif not line.isspace():
                number += 1
                try:
                    yield number, self._object(line)
                except UnfitError as error:
                    yield number, f"line {place}: {error}"

    def _object(self, line: str) -> _Object:
        try:
            value = json.loads(line, object_pairs_hook=_unique, parse_constant=_refuse)
        except UnfitError:
            raise
        except json.JSONDecodeError as error:
            raise UnfitError(f"it is not valid JSON at character {error.pos + 1}") from None
        except RecursionError:
            raise UnfitError("it is nested too deeply") from None
        except ValueError:
            raise UnfitError("it holds a number with too many digits") from None
        if not isinstance(value, dict):
            raise UnfitError("it is JSON, but not an object")
        cells = {key: to_cell(item) for key, item in value.items()}
        if "\\u" in line and _has_surrogate(cells):
            raise UnfitError("it holds half of a surrogate pair")
        largest = self._limits.max_cell_chars
        if len(line) > largest and any(
            isinstance(cell, str) and len(cell) > largest for cell in cells.values()
        ):
            raise UnfitError(f"a cell has more than {largest} characters")
        return cells


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise UnfitError("it has the same key twice")
    return found


def _refuse(constant: str) -> None:
    raise UnfitError(f"it holds {constant}, which is not JSON")


def _has_surrogate(cells: _Object) -> bool:
    return any(
        _SURROGATE.search(text)
        for key, cell in cells.items()
        for text in (key, cell)
        if isinstance(text, str)
    )
