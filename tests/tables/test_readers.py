from __future__ import annotations

import csv
import gc
import io
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plaint.errors import (
    EncodingUnclear,
    InputError,
    LimitExceeded,
    TableError,
    UsageError,
)
from plaint.tables import _lines
from plaint.tables.readers import FORMATS, BadRow, ReadLimits, Row, Table, open_table

JA = "店員の態度が悪く、返金もしてもらえませんでした。"


@pytest.fixture
def table(tmp_path: Path):
    """Opens a table from bytes; keeps it open until the test ends."""
    opened: list[Table] = []

    def make(data: bytes | str, suffix: str = ".csv", **options) -> Table:
        path = tmp_path / f"table{suffix}"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        opened.append(open_table(path, **options))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def cells(rows) -> list[tuple]:
    return [row.cells for row in rows if isinstance(row, Row)]


def bad(rows) -> list[tuple[int, str]]:
    return [(row.number, row.reason) for row in rows if isinstance(row, BadRow)]


def test_rows_numbers_and_attributes(table) -> None:
    found = table('id,text\r\n001,遅い\r\n\r\n002,"二行\nある, 例"\r\n')
    assert list(found) == [Row(1, ("001", "遅い")), Row(2, ("002", "二行\nある, 例"))]
    assert (found.format, found.encoding, found.sheet) == ("csv", "utf-8", None)
    assert found.columns == ("id", "text")
    assert found.types == {"id": "text", "text": "text"}
    assert found.notes == ()


def test_iterating_again_restarts_and_two_iterations_do_not_mix(table) -> None:
    found = table("a\n1\n2\n3\0\n", encoding="utf-8")
    first, second = iter(found), iter(found)
    assert next(first) == Row(1, ("1",))
    assert list(second) == list(found)
    assert [(row.number, type(row)) for row in first] == [(2, Row), (3, BadRow)]


def test_close_ends_iterations_and_frees_the_file(table, tmp_path: Path) -> None:
    found = table("a\n1\n2\n")
    rows = iter(found)
    next(rows)
    found.close()
    assert list(rows) == []
    with pytest.raises(UsageError, match="is closed"):
        iter(found)
    (tmp_path / "table.csv").unlink()
    found.close()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_tables_leak_no_descriptor(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a\n1\n2\n")
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    kept = []
    for _ in range(20):
        with open_table(path) as found:
            rows = iter(found)
            next(rows)
            kept.append(rows)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found(table, delimiter: str) -> None:
    rows = [["id", "text"], ["1", "a, b; c"], ["2", "x;y,z"], ["3", 'say "no"\n']]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    assert cells(table(out.getvalue())) == [tuple(row) for row in rows[1:]]


def test_the_delimiter_may_be_told(table) -> None:
    assert cells(table("a|b\n1|2\n", delimiter="|")) == [("1", "2")]
    assert cells(table("sep=;\r\na;b\r\n1;2,5\r\n")) == [("1", "2,5")]
    assert table("a,b;c\n1,2;3\n", suffix=".tsv").columns == ("a,b;c",)
    with pytest.raises(UsageError, match="one character"):
        table("a", delimiter="||")
    with pytest.raises(UsageError, match="have none"):
        table("{}", suffix=".jsonl", delimiter=",")


def test_a_single_column_is_not_cut(table) -> None:
    assert cells(table('text\nhello\n"well, no"\n')) == [("hello",), ("well, no",)]
    assert bad(table("text\nwell, no\n")) == [(1, "line 2: 2 cells, the header has 1")]


def test_rows_of_the_wrong_width(table) -> None:
    found = list(table("a,b,c\n1,2,3\n1,2\n1,2,3,4\n4,5,6\n"))
    assert cells(found) == [("1", "2", "3"), ("4", "5", "6")]
    assert bad(found) == [
        (2, "line 3: 2 cells, the header has 3"),
        (3, "line 4: 4 cells, the header has 3"),
    ]


def test_an_unclosed_quote_names_its_row_and_hides_no_line(table) -> None:
    found = list(table('a,b\n1,x\n2,"open\n3,y\n4,z\n'))
    assert cells(found) == [("1", "x")]
    assert [number for number, _ in bad(found)] == [2, 3, 4]
    assert "begins in line 3" in bad(found)[0][1]
    assert "line 5 belongs to a broken row" in bad(found)[2][1]


def test_text_after_a_quote_is_a_bad_row_and_reading_goes_on(table) -> None:
    found = list(table('a,b\n1,"x"y\n2,"p\nq"r\n3,z\n'))
    assert cells(found) == [("3", "z")]
    assert [number for number, _ in bad(found)] == [1, 2, 3]
    assert "quote mark" in bad(found)[0][1]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(table, end: str) -> None:
    text = end.join(["a,b", "1,2", "", '"x' + end + 'y",3', "4,5"]) + end
    assert cells(table(text)) == [("1", "2"), ("x" + end + "y", "3"), ("4", "5")]


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp932", "utf-16", "utf-16-be", "euc_jp"])
def test_pieces_of_any_size_give_the_same_rows(
    table, monkeypatch: pytest.MonkeyPatch, chunk: int, encoding: str
) -> None:
    text = f'番号,本文\r\n1,{JA}\r\n2,"二行\r\nある上"\r\n3,{JA}\r\n'
    monkeypatch.setattr(_lines, "_CHUNK_BYTES", chunk)
    found = table(text.encode(encoding), encoding=encoding)
    assert found.columns == ("番号", "本文")
    assert cells(found) == [("1", JA), ("2", "二行\r\nある上"), ("3", JA)]


def test_broken_bytes_make_bad_rows_with_their_place(table) -> None:
    good = f"{JA}\n".encode("cp932")
    data = b"text\n" + good * 300 + good[:-2] + b"\n" + good * 200
    found = list(table(data))
    assert len(found) == 501
    assert len(cells(found)) == 500
    place = 5 + 300 * len(good) + len(good) - 3
    assert bad(found) == [(301, f"line 302: byte {place} of the file is not valid cp932")]


def test_nul_makes_a_bad_row(table) -> None:
    found = list(table(b"a,b\n1,x\0y\n2,z\n"))
    assert bad(found) == [(1, "line 2: it holds a NUL character")]
    assert cells(found) == [("2", "z")]


def test_damaged_utf_16_is_an_error_with_its_place(table) -> None:
    data = "a\n1\n".encode("utf-16-le")
    with pytest.raises(TableError, match="byte 10 is not valid utf-16-le"):
        list(table(b"\xff\xfe" + data + b"\x00\xd8a\0\n\0", encoding="utf-16"))


@pytest.mark.parametrize(
    ("header", "columns", "notes"),
    [
        ("\ufeffid, text ,　lang\u3000", ("id", "text", "lang"), 0),
        (",text", ("column_1", "text"), 1),
        ("id,text,,", ("id", "text"), 1),
        ('"a\nb",c', ("a\nb", "c"), 0),
    ],
)
def test_header(table, header: str, columns: tuple[str, ...], notes: int) -> None:
    found = table(header + "\n")
    assert found.columns == columns
    assert len(found.notes) == notes
    assert list(found) == []


def test_cells_under_no_name_are_not_dropped_silently(table) -> None:
    found = list(table("a,b,,\n1,2,,\n1,2,x,\n"))
    assert cells(found) == [("1", "2")]
    assert bad(found) == [(2, "line 3: a cell stands in a column that has no name")]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"\n\n\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b",,\n1,2,3\n", "names no column"),
        (b"a,b, a\n", "'a' \\(columns 1, 3\\)"),
        (b",column_1\n", "'column_1' \\(columns 1, 2\\)"),
        (b'a,"b\n', "header row cannot be read"),
        (b"abcdef\0,b\n", "header row cannot be read"),
    ],
)
def test_bad_headers(table, data: bytes, says: str) -> None:
    with pytest.raises(TableError, match=says) as caught:
        table(data)
    assert str(caught.value).startswith("table.csv: ")


def test_encoding_notes(table) -> None:
    assert table(f"a\n{JA}\n", encoding="utf8").notes == ()
    assert table(f"a\n{JA}\n".encode("cp932"), encoding="sjis").notes == ()
    assert table(f"a\n{JA}\n".encode("utf-16"), encoding="utf-16").notes == ()
    (note,) = table(f"a\n{JA}\n", encoding="cp932").notes
    assert "read as utf-8" in note
    with pytest.raises(EncodingUnclear, match="table.csv: the encoding is not clear"):
        table("a\n店\n".encode("euc_jp"))


def test_usage_errors(tmp_path: Path, table) -> None:
    with pytest.raises(UsageError, match="no such file"):
        open_table(tmp_path / "none.csv")
    with pytest.raises(UsageError, match=r"save it as .xlsx"):
        open_table(tmp_path / "a.xls")
    with pytest.raises(UsageError, match=r"one of .csv, .jsonl, .parquet, .tsv, .xlsx"):
        open_table(tmp_path / "a.txt")
    with pytest.raises(UsageError, match="only .xlsx files have sheets"):
        table("a\n", sheet="x")
    with pytest.raises(UsageError, match="have their own"):
        open_table(tmp_path / "a.parquet", encoding="utf-8")
    with pytest.raises(UsageError, match="max_columns is 0"):
        ReadLimits(max_columns=0)


def test_giant_lines_and_cells(table) -> None:
    limits = ReadLimits(max_cell_chars=100, max_line_bytes=1000)
    row = "x" * 101
    found = list(table(f'a,b\n1,{row}\n2,y\n3,"{row}"\n4,z\n', limits=limits))
    assert cells(found) == [("2", "y"), ("4", "z")]
    assert bad(found)[0] == (1, "line 2: a cell has more than 100 characters")
    with pytest.raises(LimitExceeded, match="line 2 is longer than 1000 bytes"):
        list(table("a\n" + "x" * 1001 + "\n", limits=limits))
    with pytest.raises(LimitExceeded, match="line 1 is longer than 1000 bytes"):
        table("店" * 400 + "\n", limits=limits)
    with pytest.raises(LimitExceeded, match="begins in line 2 has a quoted cell that does not"):
        list(table('a\n"' + "line\n" * 400 + '"\n', limits=limits))
    with pytest.raises(LimitExceeded, match="3 columns, 2 are allowed"):
        table("a,b,c\n", limits=ReadLimits(max_columns=2))


def test_the_limit_of_the_csv_module_is_raised_and_never_lowered(table) -> None:
    before = csv.field_size_limit()
    long = "x" * 200_000
    assert cells(table(f"a\n{long}\n")) == [(long,)]
    assert csv.field_size_limit() >= max(before, 1_000_000)


def test_memory_stays_bounded_on_a_line_without_end(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.write(b"a,b\n1,")
        file.truncate(400 << 20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(LimitExceeded), open_table(path) as found:
        list(found)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 100 << 10  # KiB, a quarter of the file


# JSON Lines


def test_jsonl_types_and_order(table) -> None:
    found = table(
        '{"id": 1, "t": "é", "p": 1, "ok": true, "n": null}\n'
        "\n"
        '{"t": "b", "id": 2, "p": 0.5, "x": {"a": ["い"]}}\n',
        suffix=".jsonl",
    )
    assert found.columns == ("id", "t", "p", "ok", "n", "x")
    assert found.types == {
        "id": "integer",
        "t": "text",
        "p": "number",
        "ok": "boolean",
        "n": "text",
        "x": "text",
    }
    assert list(found) == [
        Row(1, (1, "é", 1.0, True, None, None)),
        Row(2, (2, "b", 0.5, None, None, '{"a": ["い"]}')),
    ]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"a": ', "not valid JSON at character"),
        ("[1]", "not an object"),
        ("7", "not an object"),
        ('{"a": 1, "a": 2}', "same key twice"),
        ('{"a": {"b": 1, "b": 2}}', "same key twice"),
        ('{"a": NaN}', "holds NaN"),
        ('{"a": [-Infinity]}', "holds -Infinity"),
        ('{"a": 1e999}', "NaN or infinite"),
        ('{"a": "\\ud800"}', "surrogate"),
        ('{"a": ["\\udc00"]}', "surrogate"),
        ('{"\\ud800": 1}', "surrogate"),
        ('{"a": ' + "9" * 5000 + "}", "too many digits"),
        ('{"a": ' + "[" * 50_000 + "]" * 50_000 + "}", "nested too deeply"),
        ('{"a": "x\0"}', "NUL"),
    ],
)
def test_bad_json_lines(table, line: str, says: str) -> None:
    found = list(table(f'{{"a": 1}}\n{line}\n{{"a": 2}}\n', suffix=".jsonl"))
    assert cells(found) == [(1,), (2,)]
    ((number, reason),) = bad(found)
    assert number == 2
    assert reason.startswith("line 2: ")
    assert says in reason


def test_late_keys_and_types_in_jsonl_are_bad_rows(table) -> None:
    start = '{"a": 1, "b": "x"}\n' * 1000
    late = '{"c": 1}\n{"a": "x"}\n{"a": true}\n{"b": 5}\n{"b": false}\n'
    found = list(table(start + late, suffix=".jsonl"))[1000:]
    assert [number for number, _ in bad(found)] == [1001, 1002, 1003]
    assert "key 'c' is in none of the first 1000 objects" in bad(found)[0][1]
    assert "column 'a' is of type integer" in bad(found)[1][1]
    assert cells(found) == [(None, "5"), (None, "false")]


def test_jsonl_without_objects(table) -> None:
    for data in ("", "\n", "[]\n", "x\n"):
        with pytest.raises(TableError, match="no line of the file is a JSON object"):
            table(data, suffix=".jsonl")


def test_jsonl_is_utf_8_unless_it_cannot_be(table) -> None:
    assert table('{"a": "\x80"}\n', suffix=".jsonl").encoding == "utf-8"
    found = table(f'{{"a": "{JA}"}}\n'.encode("cp932"), suffix=".jsonl")
    assert found.encoding == "cp932"
    assert cells(found) == [(JA,)]


# Every format


@pytest.mark.parametrize("suffix", [f".{name}" for name in FORMATS])
@given(data=st.binary(max_size=300))
@settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_bytes_give_rows_or_our_errors(tmp_path: Path, suffix: str, data: bytes) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(data)
    try:
        with open_table(path) as found:
            for number, row in enumerate(found, 1):
                assert row.number == number
                if isinstance(row, Row):
                    assert len(row.cells) == len(found.columns)
    except InputError:
        pass


_csv_bytes = st.lists(
    st.sampled_from([b"a", b'"', b",", b"\n", b"\r", b"\r\n", b";", b"\t", b"\0", b"\xe5\xba\x97"]),
    max_size=40,
).map(b"".join)


@given(data=_csv_bytes)
@settings(
    derandomize=True,
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_punctuation_gives_rows_or_our_errors(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    try:
        with open_table(path, encoding="utf-8") as found:
            rows = list(found)
            assert [row.number for row in rows] == list(range(1, len(rows) + 1))
            assert rows == list(found)
    except InputError:
        pass
