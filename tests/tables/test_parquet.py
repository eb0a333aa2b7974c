"""Parquet files: values, and what hostile ones may ask for."""

from __future__ import annotations

import datetime as dt
import json
import struct
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet as pq

from plaint.errors import InputError, LimitExceeded, TableError
from plaint.tables.readers import BadRow, ReadLimits, Row, open_table


def store(path: Path, **columns) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def read(path: Path, **options) -> list:
    with open_table(path, **options) as table:
        return list(table)


def test_types_and_values(tmp_path: Path) -> None:
    zone = dt.timezone(dt.timedelta(hours=9))
    path = store(
        tmp_path / "a.parquet",
        i=pa.array([1, None], pa.int32()),
        u=pa.array([2**64 - 1, 0], pa.uint64()),
        f=pa.array([0.5, float("nan")]),
        b=pa.array([True, False]),
        s=pa.array(["苦情", ""]),
        d=pa.array(["x", "x"]).dictionary_encode(),
        y=pa.array(["é".encode(), b"\xff"], pa.binary()),
        day=pa.array([dt.date(2024, 5, 1), None]),
        at=pa.array([dt.datetime(2024, 5, 1, 9, 30), None], pa.timestamp("ns")),
        tz=pa.array([dt.datetime(2024, 5, 1, tzinfo=zone), None], pa.timestamp("us", "+09:00")),
        took=pa.array([dt.timedelta(hours=30, minutes=5), None]),
        money=pa.array([Decimal("10.50"), None]),
        many=pa.array([[1, 2], None]),
        deep=pa.array([{"a": "い", "t": dt.date(2024, 5, 1)}, None]),
        null=pa.array([None, None]),
    )
    with open_table(path) as table:
        types = list(table.types.values())
        first, second = table
    assert types == ["integer", "text", "number", "boolean"] + ["text"] * 11
    assert first == Row(
        1,
        (
            1,
            str(2**64 - 1),
            0.5,
            True,
            "苦情",
            "x",
            "é",
            "2024-05-01",
            "2024-05-01T09:30:00",
            "2024-05-01T00:00:00+09:00",
            "PT30H5M0S",
            "10.50",
            "[1, 2]",
            '{"a": "い", "t": "2024-05-01"}',
            None,
        ),
    )
    assert second == BadRow(2, "a cell holds bytes that are not UTF-8")


def test_values_that_python_cannot_hold_are_bad_rows(tmp_path: Path) -> None:
    far = pa.array([0, 2**60, 1], pa.timestamp("us"))
    inf = pa.array([1.0, 2.0, float("inf")])
    found = read(store(tmp_path / "a.parquet", t=far, f=inf))
    assert found[0] == Row(1, ("1970-01-01", 1.0))
    assert [(row.number, row.reason) for row in found[1:]] == [
        (2, "a value is damaged or out of range"),
        (3, "a number is NaN or infinite"),
    ]


def test_many_row_groups_keep_their_order(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"n": list(range(10_000))}), path, row_group_size=700)
    with open_table(path) as table:
        assert [row.cells[0] for row in table] == list(range(10_000))
        assert next(iter(table)) == Row(1, (0,))


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd", "brotli", "lz4"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_what_writers_write_is_read(
    tmp_path: Path, compression: str, version: str, dictionary: bool
) -> None:
    texts = [f"苦情{n % 50}" * 3 for n in range(5000)]
    path = tmp_path / "a.parquet"
    pq.write_table(
        pa.table({"t": texts, "n": list(range(5000))}),
        path,
        compression=compression,
        data_page_version=version,
        use_dictionary=dictionary,
        data_page_size=2000,
    )
    found = read(path)
    assert [row.cells for row in found] == list(zip(texts, range(5000), strict=True))


def test_names(tmp_path: Path) -> None:
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a "])
    pq.write_table(twice, tmp_path / "a.parquet")
    with pytest.raises(TableError, match=r"'a' \(columns 1, 2\)"):
        open_table(tmp_path / "a.parquet")
    pq.write_table(pa.table({"": [1]}), tmp_path / "b.parquet")
    with open_table(tmp_path / "b.parquet") as table:
        assert table.columns == ("column_1",)


def test_no_parquet_file(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    whole = store(tmp_path / "whole.parquet", a=["x"] * 100).read_bytes()
    for data, says in (
        (b"", "not a Parquet file"),
        (b"a,b\n1,2\n" * 9, "not a Parquet file"),
        (whole[:-9], "not a Parquet file"),
        (b"PARE" + whole[4:-4] + b"PARE", "encrypted"),
        (whole[:-8] + b"\xff\xff\0\0PAR1", "cannot be read"),
    ):
        path.write_bytes(data)
        with pytest.raises(TableError, match=says):
            open_table(path)
    path.write_bytes(whole[:-8] + b"\xff\xff\xff\x7fPAR1")
    with pytest.raises(LimitExceeded, match="describes itself"):
        open_table(path)


@given(st.data())
@settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_fault_22_damaged_files_give_rows_or_our_errors(
    tmp_path: Path, data: st.DataObject
) -> None:
    path = store(tmp_path / "a.parquet", a=["x", "遅い"] * 20, n=list(range(40)))
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(4, len(raw) - 9))
        raw[place] = data.draw(st.integers(0, 255))
    path.write_bytes(raw)
    try:
        for row in read(path):
            assert isinstance(row, Row | BadRow)
    except InputError:
        pass


# Hostile files. The first kind is that of issue 49955 of apache/arrow.


def _varint(number: int) -> bytes:
    number <<= 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def forged(path: Path, encoding: str, claimed: int) -> Path:
    """A file of a few hundred bytes whose headers claim a number of values."""
    real = 7777
    column = pa.array([5] * real) if encoding == "DELTA_BINARY_PACKED" else pa.array([""] * real)
    pq.write_table(
        pa.table({"t": column}),
        path,
        use_dictionary=False,
        column_encoding={"t": encoding},
        write_statistics=False,
        store_schema=False,
        compression="zstd",
    )
    raw = path.read_bytes()
    (length,) = struct.unpack("<I", raw[-8:-4])
    body, footer = raw[: -8 - length], raw[-8 - length : -8]
    assert _varint(real) in body
    body = body.replace(_varint(real), _varint(claimed))
    footer = footer.replace(_varint(real), _varint(claimed))
    path.write_bytes(body + footer + struct.pack("<I", len(footer)) + b"PAR1")
    return path


@pytest.mark.parametrize(
    "encoding", ["DELTA_BINARY_PACKED", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"]
)
def test_fault_22_forged_counts_are_refused(tmp_path: Path, encoding: str) -> None:
    path = forged(tmp_path / "a.parquet", encoding, 1_000_000_000)
    assert path.stat().st_size < 1000
    with pytest.raises(LimitExceeded, match="a page of 1000000000 values"):
        open_table(path)


def _repeated(path: Path, chars: int, rows: int) -> Path:
    once = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), ["x" * chars])
    pq.write_table(pa.table({"t": once}), path, compression="zstd", store_schema=False)
    return path


def test_fault_22_pages_rows_and_columns_above_the_limits(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    limits = ReadLimits(max_parquet_page_bytes=10_000, max_parquet_batch_bytes=50_000)
    store(path, t=["x" * 20_000])
    with pytest.raises(LimitExceeded, match="a page of"):
        open_table(path, limits=limits)
    # Ten long texts, stored once, in every one of a hundred lists.
    store(path, t=[["x" * 1000] * 10] * 100)
    with pytest.raises(LimitExceeded, match="one row of row group 0 may need 1000000 bytes"):
        open_table(path, limits=limits)
    # Nulls of a fixed length take it in full.
    store(path, t=pa.array([None] * 10, pa.binary(100_000)))
    with pytest.raises(LimitExceeded, match="may need 100000 bytes"):
        open_table(path, limits=limits)
    store(path, a=[1], b=[2], c=[3])
    with pytest.raises(LimitExceeded, match="3 columns, 2 are allowed"):
        open_table(path, limits=ReadLimits(max_columns=2))


def test_fault_22_a_long_text_that_is_stored_once_is_read_a_few_rows_at_a_time(
    tmp_path: Path,
) -> None:
    path = _repeated(tmp_path / "a.parquet", 50_000, 1000)
    limits = ReadLimits(max_parquet_batch_bytes=1_000_000)
    found = read(path, limits=limits)
    assert len(found) == 1000
    assert all(len(row.cells[0]) == 50_000 for row in found[:5])
    (row,) = read(_repeated(path, 200, 1), limits=ReadLimits(max_cell_chars=100))
    assert row == BadRow(1, "a cell has more than 100 characters")


_CHILD = """
import json, resource, sys
from itertools import islice
from plaint.errors import LimitExceeded
from plaint.tables.readers import open_table
import pyarrow.parquet, pandas
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[1:]:
    try:
        with open_table(path) as table:
            for row in islice(table, 100):
                pass
    except LimitExceeded:
        pass
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux reports it")
def test_fault_22_memory_stays_bounded(tmp_path: Path) -> None:
    paths = [
        forged(tmp_path / "a.parquet", "DELTA_LENGTH_BYTE_ARRAY", 1_000_000_000),
        # Read in batches of the usual size, these 12 KB would be 40 GB.
        _repeated(tmp_path / "b.parquet", 10_000_000, 100_000),
    ]
    assert sum(path.stat().st_size for path in paths) < 20_000
    run = subprocess.run(
        [sys.executable, "-c", _CHILD, *map(str, paths)],
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert json.loads(run.stdout) < 600 << 10  # KiB
