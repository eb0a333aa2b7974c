"""What goes in and which columns come out, settled before the first row is labelled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from plaint.errors import UsageError
from plaint.files import digest_file
from plaint.label._needs import LabellerLike
from plaint.label.columns import SAMPLE_ROWS, guess_id_column, guess_text_column, quoted
from plaint.label.options import BatchOptions
from plaint.tables.readers import Row, Table, file_format, open_table

SOURCE: Final = "source"
_PREFIX: Final = "plaint_"
_TEXT_FORMATS: Final = ("csv", "tsv", "jsonl")


@dataclass(frozen=True)
class Source:
    """One input file as it was found."""

    path: Path
    name: str
    digest: str
    stamp: tuple[int, int]
    encoding: str | None
    sheet: str | None
    columns: tuple[str, ...]
    types: dict[str, str]
    text_column: str
    id_column: str | None
    notes: tuple[str, ...]

    def open(self) -> Table:
        """Open the file again, as it was opened first."""
        return open_table(self.path, encoding=self.encoding, sheet=self.sheet)

    def is_unchanged(self) -> bool:
        """Whether the file still has the bytes that were found."""
        return _stamp(self.path) == self.stamp or digest_file(self.path) == self.digest


@dataclass(frozen=True)
class Plan:
    """All inputs, and the columns of the output.

    Attributes
    ----------
    sources : tuple of Source
    kept : tuple of str
        Columns of the inputs, each once.
    columns : tuple of str
        Columns of the output: those kept, the name of the file if there are several, those added.
    types : dict of str to str
    notes : tuple of str
    """

    sources: tuple[Source, ...]
    kept: tuple[str, ...]
    columns: tuple[str, ...]
    types: dict[str, str]
    notes: tuple[str, ...]

    def head(self, labeller: LabellerLike, options: BatchOptions) -> dict[str, Any]:
        """Return what a resumed run must find unchanged."""
        return {
            "version": labeller.version,
            "precision": labeller.precision,
            "inputs": [{"name": one.name, "digest": one.digest} for one in self.sources],
            "options": options.pinned(),
            "columns": list(self.columns),
        }


def make_plan(
    inputs: Sequence[Path], output: Path, labeller: LabellerLike, options: BatchOptions
) -> Plan:
    """Open every input once and decide on the columns.

    Raises
    ------
    UsageError
        If a path, a name or an option does not fit, or the text column must be named.
    InputError
        If a file is not a table that can be read.
    """
    _check_paths(inputs, output)
    names = [path.name for path in inputs]
    if max(Counter(names).values()) > 1:
        names = [path.as_posix() for path in inputs]
    sources = tuple(
        _look(path, name, _options_for(path, inputs, options))
        for path, name in zip(inputs, names, strict=True)
    )
    types = _united(sources)
    kept = tuple(types)
    notes = [f"{one.name}: {note}" for one in sources for note in one.notes]
    if len(sources) > 1:
        _add(SOURCE, "text", types, notes)
    for name in labeller.columns:
        _add(name, labeller.types.get(name, "text"), types, notes)
    return Plan(sources, kept, tuple(types), types, tuple(notes))


def _check_paths(inputs: Sequence[Path], output: Path) -> None:
    file_format(output)
    if not inputs:
        raise UsageError("there is no file to label: name at least one")
    if not output.parent.is_dir():
        raise UsageError(f"{output.parent} is no directory: make it, or choose another output")
    if output.is_dir():
        raise UsageError(f"{output} is a directory: name a file in it")
    seen: set[Path] = set()
    for path in inputs:
        place = path.resolve()
        if place in seen:
            raise UsageError(f"{path} is named twice as an input: name it once")
        if place in (output.resolve(), rejects_path(output).resolve()):
            raise UsageError(f"{path} is an input and would be overwritten: choose another output")
        seen.add(place)


def rejects_path(output: Path) -> Path:
    """Return where the rows stand that could not be read."""
    return output.with_name(f"{output.name}.rejects.jsonl")


def _options_for(path: Path, inputs: Sequence[Path], options: BatchOptions) -> dict[str, Any]:
    """Return the options of this file; one that fits no file at all goes to all, to be refused."""
    formats = {file_format(one) for one in inputs}
    own = file_format(path)
    encoding = options.encoding
    if own not in _TEXT_FORMATS and formats.intersection(_TEXT_FORMATS):
        encoding = None
    sheet = options.sheet if own == "xlsx" or "xlsx" not in formats else None
    return {
        "encoding": encoding,
        "sheet": sheet,
        "text_column": options.text_column,
        "id_column": options.id_column,
    }


def _look(path: Path, name: str, options: dict[str, Any]) -> Source:
    with open_table(path, encoding=options["encoding"], sheet=options["sheet"]) as table:
        stamp = _stamp(path)
        first = islice((row for row in table if isinstance(row, Row)), SAMPLE_ROWS)
        rows = [row.cells for row in first]
        text_column, id_column = options["text_column"], options["id_column"]
        for asked, option in ((text_column, "--text-column"), (id_column, "--id-column")):
            if asked is not None and asked not in table.columns:
                has = ", ".join(map(quoted, table.columns[:30]))
                raise UsageError(
                    f"{name}: {option} names {quoted(asked)}, which is no column here; there are "
                    f"{has}"
                )
        if text_column is None:
            text_column = guess_text_column(table.columns, rows, source=name)
        if id_column is None:
            id_column = guess_id_column(table.columns, rows)
        return Source(
            path=path,
            name=name,
            digest=digest_file(path),
            stamp=stamp,
            # As found, so that a second reading needs no second guess.
            encoding=table.encoding if table.format in _TEXT_FORMATS else None,
            sheet=table.sheet if table.format == "xlsx" else None,
            columns=table.columns,
            types=table.types,
            text_column=text_column,
            id_column=None if id_column == text_column else id_column,
            notes=table.notes,
        )


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _united(sources: Sequence[Source]) -> dict[str, str]:
    types: dict[str, str] = {}
    for source in sources:
        for name in source.columns:
            kind = source.types[name]
            known = types.setdefault(name, kind)
            if known != kind:
                types[name] = "number" if {known, kind} == {"integer", "number"} else "text"
    return types


def _add(name: str, kind: str, types: dict[str, str], notes: list[str]) -> None:
    given = name
    while given in types:
        given = _PREFIX + given
    if given != name:
        notes.append(f"the input has a column {quoted(name)}: the added one is {quoted(given)}")
    types[given] = kind
