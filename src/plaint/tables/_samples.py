"""The part of a file that is looked at before its encoding is decided."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from plaint.tables._rows import MIB

_WHOLE_BYTES: Final = 4 * MIB
_FIRST_BYTES: Final = MIB
_LATER_BYTES: Final = MIB // 4
_LATER_PLACES: Final = 8
_CHUNK_BYTES: Final = MIB

# With fewer bytes outside ASCII the rest of the file is searched for more of them.
_ENOUGH_BYTES: Final = 4096


@dataclass(frozen=True)
class Piece:
    """Whole lines of a file and the byte at which they begin."""

    offset: int
    data: bytes


def pieces_of(path: Path) -> tuple[list[Piece], bool]:
    """Return what to look at, and whether it is the whole file.

    A large file gives its beginning, pieces spread over the rest, and, when all these are nearly
    ASCII, the first lines with other bytes, wherever they are.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size <= _WHOLE_BYTES:
            return [Piece(0, file.read())], True
        pieces = [_whole_lines(file, 0, _FIRST_BYTES)]
        step = (size - _FIRST_BYTES) // _LATER_PLACES
        for place in range(1, _LATER_PLACES):
            pieces.append(_whole_lines(file, _FIRST_BYTES + place * step, _LATER_BYTES))
        if sum(map(_count_high, pieces)) < _ENOUGH_BYTES:
            pieces.extend(_foreign_lines(file))
        return [piece for piece in pieces if piece.data], False


def _count_high(piece: Piece) -> int:
    return len(piece.data.translate(None, bytes(range(128))))


def _whole_lines(file: BinaryIO, offset: int, size: int) -> Piece:
    file.seek(offset)
    data = file.read(size)
    begin = data.find(b"\n") + 1 if offset else 0
    end = data.rfind(b"\n") + 1
    # Without a line end the beginning is kept as it is, a later piece is worth nothing.
    if end <= begin:
        return Piece(offset, b"" if offset else data)
    return Piece(offset + begin, data[begin:end])


def _foreign_lines(file: BinaryIO) -> Iterator[Piece]:
    found = 0
    offset = 0
    while found < _ENOUGH_BYTES:
        file.seek(offset)
        data = file.read(_CHUNK_BYTES)
        if not data:
            return
        if not data.isascii():
            piece = _whole_lines(file, offset, _CHUNK_BYTES)
            if high := _count_high(piece):
                found += high
                yield piece
        # Overlap, so that no line is lost between two chunks.
        offset += _CHUNK_BYTES - min(_LATER_BYTES, len(data) // 2)
