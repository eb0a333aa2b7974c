"""CSV, TSV and JSON Lines files, written."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from plaint.tables._guard import encodable
from plaint.tables._rows import Cell

_FLUSH_CHARS: Final = 1 << 19


class Sink(Protocol):
    """One file of one format being written. Only :mod:`plaint.tables.writers` uses it."""

    def write(self, cells: Sequence[Cell]) -> None:
        """Add a row."""

    def finish(self) -> tuple[str, ...]:
        """Complete the file and return notes on cells that were changed."""

    def drop(self) -> None:
        """Close the file as it is."""


class _TextFile:
    """Text collected in memory and encoded in large pieces."""

    def __init__(self, path: Path, mark: bytes) -> None:
        self._file = path.open("wb")
        self._file.write(mark)
        self.text = io.StringIO(newline="")

    def flush(self) -> None:
        text = self.text.getvalue()
        self.text.seek(0)
        self.text.truncate()
        try:
            data = text.encode("utf-8")
        except UnicodeEncodeError:
            data = encodable(text).encode("utf-8")
        self._file.write(data)

    def flush_if_large(self) -> None:
        if self.text.tell() >= _FLUSH_CHARS:
            self.flush()

    def finish(self) -> None:
        try:
            self.flush()
        finally:
            self._file.close()

    def drop(self) -> None:
        self._file.close()


class DelimitedSink:
    """UTF-8 with a byte order mark and CRLF, which every Excel opens as it should.

    Booleans are ``true`` and ``false``, what is absent is an empty cell, NUL becomes U+FFFD.
    """

    def __init__(self, path: Path, columns: Sequence[str], delimiter: str) -> None:
        self._file = _TextFile(path, b"\xef\xbb\xbf")
        self._writer = csv.writer(self._file.text, delimiter=delimiter, lineterminator="\r\n")
        self._nuls = 0
        self.write(columns)

    def write(self, cells: Sequence[Cell]) -> None:
        """Add a row."""
        row = [_BOOLEANS[cell] if isinstance(cell, bool) else cell for cell in cells]
        for place, cell in enumerate(row):
            if isinstance(cell, str) and "\0" in cell:
                row[place] = cell.replace("\0", "\ufffd")
                self._nuls += 1
        self._writer.writerow(row)
        self._file.flush_if_large()

    def finish(self) -> tuple[str, ...]:
        """Complete the file."""
        self._file.finish()
        return (f"NUL characters in {self._nuls} cell(s) became U+FFFD",) if self._nuls else ()

    def drop(self) -> None:
        """Close the file as it is."""
        self._file.drop()


class JsonLinesSink:
    """One object a line in UTF-8, characters as they are, numbers as numbers."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._file = _TextFile(path, b"")
        self._columns = tuple(columns)

    def write(self, cells: Sequence[Cell]) -> None:
        """Add a row."""
        row = dict(zip(self._columns, cells, strict=True))
        self._file.text.write(json.dumps(row, ensure_ascii=False) + "\n")
        self._file.flush_if_large()

    def finish(self) -> tuple[str, ...]:
        """Complete the file."""
        self._file.finish()
        return ()

    def drop(self) -> None:
        """Close the file as it is."""
        self._file.drop()


_BOOLEANS: Final = {True: "true", False: "false"}
