"""What the pages of a Parquet file will ask for, found before Parquet code reads them.

Arrow believes the sizes and counts that page headers declare, and decodes a repeated value as
often as it is declared, so that a few hundred bytes can ask for gigabytes. Here the headers are
walked first, without decoding a page; only dictionaries are opened, one at a time, to find their
longest value.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, NamedTuple

import pyarrow as pa

from plaint.errors import LimitExceeded, TableError
from plaint.tables._rows import ReadLimits

_HEADER_BYTES: Final = 1 << 14
_MAX_HEADER_BYTES: Final = 1 << 20
_MAX_DEPTH: Final = 16

_DATA_PAGE, _INDEX_PAGE, _DICTIONARY_PAGE, _DATA_PAGE_V2 = range(4)
_DELTA_BYTE_ARRAY: Final = 7
# The field of a page header that describes a page of this kind.
_INNER: Final = {_DATA_PAGE: 5, _INDEX_PAGE: 6, _DICTIONARY_PAGE: 7, _DATA_PAGE_V2: 8}

_CODECS: Final = {
    "SNAPPY": "snappy",
    "GZIP": "gzip",
    "BROTLI": "brotli",
    "ZSTD": "zstd",
    "LZ4": "lz4_raw",
    "LZ4_RAW": "lz4_raw",
}


class Demand(NamedTuple):
    """What one column chunk asks for: its values, and bytes for each of them at most."""

    values: int
    bytes_per_value: int


class _Page(NamedTuple):
    kind: int
    body: int
    raw_bytes: int
    stored_bytes: int
    values: int
    encoding: int


class _MalformedError(Exception):
    """A page header is not what the format asks for."""


def measure(file: BinaryIO, chunk: Any, limits: ReadLimits) -> Demand:
    """Return what a column chunk asks for.

    Raises
    ------
    LimitExceeded
        If a page is larger or holds more values than allowed.
    TableError
        If a page header is malformed.
    """
    is_text = chunk.physical_type == "BYTE_ARRAY"
    longest = 0 if is_text else 16
    values = 0
    try:
        for page in _walk(file, chunk):
            _check(page, chunk, limits)
            if page.kind == _DICTIONARY_PAGE:
                if is_text:
                    longest = max(longest, _longest_entry(file, page, chunk.compression))
                continue
            values += page.values
            if is_text:
                whole = page.encoding == _DELTA_BYTE_ARRAY
                longest = max(longest, page.raw_bytes // (1 if whole else max(1, page.values)))
    except (_MalformedError, struct.error, IndexError):
        raise TableError(
            f"column {chunk.path_in_schema[:60]!a} has a malformed page: the file is damaged"
        ) from None
    return Demand(max(values, chunk.num_values), longest)


def _check(page: _Page, chunk: Any, limits: ReadLimits) -> None:
    size = max(page.raw_bytes, page.stored_bytes)
    if min(page.raw_bytes, page.stored_bytes, page.values) < 0:
        raise _MalformedError
    if size > limits.max_parquet_page_bytes:
        raise LimitExceeded(
            f"column {chunk.path_in_schema[:60]!a} has a page of {size} bytes, "
            f"{limits.max_parquet_page_bytes} are allowed"
        )
    if page.values > limits.max_parquet_page_values:
        raise LimitExceeded(
            f"column {chunk.path_in_schema[:60]!a} has a page of {page.values} values, "
            f"{limits.max_parquet_page_values} are allowed"
        )


def _walk(file: BinaryIO, chunk: Any) -> Iterator[_Page]:
    start = chunk.data_page_offset
    if chunk.has_dictionary_page and 0 < (chunk.dictionary_page_offset or 0) < start:
        start = chunk.dictionary_page_offset
    end = start + chunk.total_compressed_size
    if start < 0:
        raise _MalformedError
    left = chunk.num_values
    while start < end and left > 0:
        page, length = _read_header(file, start)
        yield page
        if page.kind in (_DATA_PAGE, _DATA_PAGE_V2):
            left -= page.values
        start += length + page.stored_bytes


def _read_header(file: BinaryIO, offset: int) -> tuple[_Page, int]:
    size = _HEADER_BYTES
    while True:
        file.seek(offset)
        data = file.read(size)
        try:
            reader = _Compact(data)
            fields = reader.struct()
        except IndexError:
            if len(data) < size or size >= _MAX_HEADER_BYTES:
                raise _MalformedError from None
            size *= 8
            continue
        return _page(fields, offset + reader.place), reader.place


def _page(fields: dict[int, Any], body: int) -> _Page:
    kind: Any = fields.get(1)
    inner = fields.get(_INNER.get(kind, 0), {})
    if not isinstance(inner, dict):
        raise _MalformedError
    values = inner.get(1, 0) if kind != _INDEX_PAGE else 0
    encoding = inner.get(4 if kind == _DATA_PAGE_V2 else 2, 0)
    numbers: list[Any] = [kind, body, fields.get(2), fields.get(3), values, encoding]
    if not all(type(number) is int for number in numbers):
        raise _MalformedError
    return _Page(*numbers)


def _longest_entry(file: BinaryIO, page: _Page, compression: str) -> int:
    """Return the length of the longest value of a dictionary; if in doubt, of all of them."""
    file.seek(page.body)
    data = file.read(page.stored_bytes)
    if compression != "UNCOMPRESSED":
        codec = _CODECS.get(compression)
        if codec is None:
            return page.raw_bytes
        try:
            data = pa.decompress(data, decompressed_size=page.raw_bytes, codec=codec, asbytes=True)
        except (pa.ArrowException, OSError, ValueError):
            return page.raw_bytes
    longest = place = 0
    unpack = struct.Struct("<I").unpack_from
    for _ in range(page.values):
        if place + 4 > len(data):
            return page.raw_bytes
        (length,) = unpack(data, place)
        place += 4 + length
        if length > longest:
            longest = length
    return longest if place <= len(data) else page.raw_bytes


class _Compact:
    """The few types of Thrift's compact protocol that page headers use."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = 0

    def _byte(self) -> int:
        self.place += 1
        return self.data[self.place - 1]

    def _varint(self) -> int:
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7
            if shift > 63:
                raise _MalformedError

    def _zigzag(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)

    def struct(self, depth: int = 0) -> dict[int, Any]:
        """Read fields by number up to the end mark."""
        fields: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._zigzag()
            fields[number] = self._value(head & 15, depth)
        return fields

    def _value(self, kind: int, depth: int, in_list: bool = False) -> Any:
        if depth > _MAX_DEPTH:
            raise _MalformedError
        if kind in (1, 2):
            return self._byte() == 1 if in_list else kind == 1
        if kind == 3:
            return self._byte()
        if kind in (4, 5, 6):
            return self._zigzag()
        if kind in (7, 8):
            length = 8 if kind == 7 else self._varint()
            self.place += length
            if self.place > len(self.data):
                raise IndexError
            return None
        if kind in (9, 10):
            head = self._byte()
            count = head >> 4 if head >> 4 < 15 else self._varint()
            for _ in range(count):
                self._value(head & 15, depth + 1, in_list=True)
            return None
        if kind == 12:
            return self.struct(depth + 1)
        raise _MalformedError
