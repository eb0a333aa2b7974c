"""The lines of a text file, decoded strictly, read in pieces of bounded size."""

from __future__ import annotations

import codecs
import io
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from plaint.errors import LimitExceeded, TableError
from plaint.tables._rows import ReadLimits

_CHUNK_BYTES: Final = 1 << 20

# The longer mark of UTF-32 begins with the one of UTF-16, so it is looked for first.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNIT_BYTES: Final = {"utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}


def byte_order_mark(start: bytes) -> tuple[bytes, str] | None:
    """Return the byte order mark at the start of a file and the encoding without mark."""
    return next(((mark, name) for mark, name in _MARKS if start.startswith(mark)), None)


class Lines:
    """The lines of a file with their line ends.

    A line that does not decode or has a NUL in it is given with U+FFFD in the place of the bytes,
    and ``bad`` holds its number (from 1) and the reason before the line is given. Whoever takes
    the lines takes the entries out of ``bad``.
    """

    def __init__(self, path: Path, encoding: str, limits: ReadLimits) -> None:
        self.path = path
        self.encoding = encoding
        self.limits = limits
        self.bad: dict[int, str] = {}

    def __iter__(self) -> Generator[str, None, None]:
        count = 0
        with self.path.open("rb") as file:
            for offset, block, codec in self._blocks(file):
                lines = self._decode(block, codec, offset, count)
                for place, line in enumerate(lines, count + 1):
                    # A line has at most as many characters as bytes, so this is rarely weighed.
                    if len(line) * 4 > self.limits.max_line_bytes:
                        self._weigh(line, codec, place)
                yield from lines
                count += len(lines)

    def _weigh(self, line: str, codec: str, number: int) -> None:
        if len(line.encode(codec, "replace")) > self.limits.max_line_bytes:
            raise self._too_long(number)

    def _too_long(self, number: int) -> LimitExceeded:
        return LimitExceeded(
            f"line {number} is longer than {self.limits.max_line_bytes} bytes: "
            "is this a text table with one row a line?"
        )

    def _blocks(self, file: BinaryIO) -> Iterator[tuple[int, bytes, str]]:
        """Give whole lines as bytes, with their place in the file and the codec without mark."""
        start = file.read(4)
        found = byte_order_mark(start)
        codec = self.encoding.removesuffix("-sig")
        offset = 0
        # A file in a legacy encoding cannot begin like this by accident, except for UTF-16.
        if found is not None and found[1].startswith(codec):
            offset, codec = len(found[0]), found[1]
        file.seek(offset)
        unit = _UNIT_BYTES.get(codec, 1)
        pending = b""
        while chunk := file.read(_CHUNK_BYTES):
            pending += chunk
            cut = _end_of_lines(pending, codec, unit)
            if cut:
                yield offset, pending[:cut], codec
                offset += cut
                pending = pending[cut:]
            if len(pending) > self.limits.max_line_bytes:
                raise LimitExceeded(
                    f"a line is longer than {self.limits.max_line_bytes} bytes (from byte "
                    f"{offset} on): is this a text table with one row a line?"
                )
        if pending:
            yield offset, pending, codec

    def _decode(self, block: bytes, codec: str, offset: int, count: int) -> list[str]:
        try:
            lines = list(io.StringIO(block.decode(codec), newline=""))
        except UnicodeDecodeError as error:
            if codec in _UNIT_BYTES:
                raise TableError(
                    f"byte {offset + error.start} is not valid {codec}: the file is damaged or "
                    "cut short"
                ) from None
            lines = list(self._mend(block, codec, offset, count))
        for place, line in enumerate(lines):
            if "\0" in line:
                self.bad.setdefault(count + place + 1, "it holds a NUL character")
        return lines

    def _mend(self, block: bytes, codec: str, offset: int, count: int) -> Iterator[str]:
        for number, raw in enumerate(block.splitlines(keepends=True), count + 1):
            text = raw.rstrip(b"\r\n")
            try:
                line = text.decode(codec)
            except UnicodeDecodeError as error:
                self.bad[number] = f"byte {offset + error.start} of the file is not valid {codec}"
                line = text.decode(codec, "replace")
            yield line + raw[len(text) :].decode("ascii")
            offset += len(raw)


def _end_of_lines(data: bytes, codec: str, unit: int) -> int:
    """Return where the last whole line ends; 0 if no line does."""
    if unit == 1:
        cut = data.rfind(b"\n") + 1
        # A carriage return at the very end may be the first half of a line end.
        return cut or data.rfind(b"\r", 0, len(data) - 1) + 1
    newline = "\n".encode(codec)
    place = data.rfind(newline)
    while place > 0 and place % unit:
        place = data.rfind(newline, 0, place + unit - 1)
    return place + unit if place >= 0 and place % unit == 0 else 0
