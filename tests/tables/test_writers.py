from __future__ import annotations

import csv
import io
import json
import math
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plaint.errors import LimitExceeded, TableError, UsageError
from plaint.tables import _parquet_out, _text_out, _workbook_out
from plaint.tables.readers import FORMATS, Row, open_table
from plaint.tables.writers import guard, open_writer, unguard

SUFFIXES = [f".{name}" for name in FORMATS]
COLUMNS = ("id", "本文", "n", "p", "ok")
TYPES = {"n": "integer", "p": "number", "ok": "boolean"}
ROWS = [
    ("001", "遅い、\n最悪", 1, 0.25, True),
    ("002", 'say "no"\t,;', -5, 1e-9, False),
    ("", "ㅠㅠ 🙏 \U0002000b", 0, 3.0, None),
    ("004", None, None, None, True),
]

quick = settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def write(path: Path, columns=COLUMNS, rows=ROWS, **options) -> tuple[str, ...]:
    with open_writer(path, columns, **options) as writer:
        writer.write_many(rows)
    return writer.notes


def read(path: Path, **options) -> list[tuple]:
    with open_table(path, **options) as table:
        return [row.cells if isinstance(row, Row) else row for row in table]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_written_is_read_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    assert write(path, types=TYPES) == ()
    with open_table(path) as table:
        assert table.columns == COLUMNS
    if suffix in (".csv", ".tsv"):
        expected = [
            ("001", "遅い、\n最悪", "1", "0.25", "true"),
            ("002", 'say "no"\t,;', "-5", "1e-09", "false"),
            ("", "ㅠㅠ 🙏 \U0002000b", "0", "3.0", ""),
            ("004", "", "", "", "true"),
        ]
    else:
        expected = list(ROWS)
    assert read(path) == expected


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_rows_give_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    one, two = tmp_path / f"one{suffix}", tmp_path / f"two{suffix}"
    rows = ROWS * 500
    write(one, rows=rows, types=TYPES)
    write(two, rows=iter(rows), types=TYPES)
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_pieces_of_any_size_give_the_same_rows(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / f"one{suffix}", types=TYPES)
    monkeypatch.setattr(_text_out, "_FLUSH_CHARS", 1)
    monkeypatch.setattr(_workbook_out, "_FLUSH_CHARS", 1)
    monkeypatch.setattr(_parquet_out, "_GROUP_ROWS", 2)
    write(tmp_path / f"two{suffix}", types=TYPES)
    assert read(tmp_path / f"one{suffix}") == read(tmp_path / f"two{suffix}")


# Guard


@pytest.mark.parametrize("start", list("=+-@\t\r\n\0＝＋－＠"))
def test_fault_21_risky_texts_are_guarded(tmp_path: Path, start: str) -> None:
    text = f"{start}HYPERLINK(1)"
    assert guard(text) == f"'{text}"
    path = tmp_path / "a.csv"
    write(path, ["t"], [[text]])
    written = next(iter(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline=""))))
    assert written == ["t"]
    raw = path.read_bytes().decode("utf-8-sig").split("\r\n", 1)[1]
    assert raw.startswith(("'", "\"'"))


@pytest.mark.parametrize("text", ["", "a=1", " =1", "１−２", "'", "''", "'a", "ー", "~", "5", "#"])
def test_harmless_texts_are_untouched(text: str) -> None:
    assert guard(text) == text
    assert unguard(text) == text


@given(st.text(st.sampled_from("'=+-@\t\r\n＝a"), max_size=6) | st.text(max_size=10))
@quick
def test_guard_can_be_undone(text: str) -> None:
    assert unguard(guard(text)) == text
    assert not guard(text).startswith(tuple("=+-@\t\r\n\0＝＋－＠"))


@given(st.text(st.sampled_from("'=a-"), max_size=5), st.text(st.sampled_from("'=a-"), max_size=5))
@quick
def test_guard_keeps_texts_apart(one: str, two: str) -> None:
    assert (guard(one) == guard(two)) == (one == two)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".xlsx"])
def test_fault_21_what_is_guarded(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    columns, row = ["=a", "b", "n"], ["=1+1", "-5", -5]
    write(path, columns, [row])
    with open_table(path) as table:
        assert table.columns == ("'=a", "b", "n")
        assert [str(cell) for cell in next(iter(table)).cells] == ["'=1+1", "'-5", "-5"]
    write(path, columns, [row], guarded=["b"])
    assert [str(cell) for cell in read(path)[0]] == ["=1+1", "'-5", "-5"]
    write(path, columns, [row], raw=True)
    assert [str(cell) for cell in read(path)[0]] == ["=1+1", "-5", "-5"]


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_fault_21_formats_of_programs_are_untouched(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write(path, ["=a"], [["=1+1"]])
    with open_table(path) as table:
        assert table.columns == ("=a",)
        assert next(iter(table)).cells == ("=1+1",)


# Text formats


def test_csv_is_what_excel_opens(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write(path, ["id", "t"], [["001", "二行\nある"], [7, None]])
    assert path.read_bytes() == '\ufeffid,t\r\n001,"二行\nある"\r\n7,\r\n'.encode()


_texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@given(rows=st.lists(st.tuples(_texts, _texts), max_size=6))
@quick
@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_csv_round_trip(tmp_path: Path, suffix: str, rows: list[tuple[str, str]]) -> None:
    path = tmp_path / f"a{suffix}"
    write(path, ["a", "b"], rows)
    assert [tuple(map(unguard, row)) for row in read(path)] == rows
    write(path, ["a", "b"], rows, raw=True)
    assert read(path) == rows


@given(rows=st.lists(st.tuples(_texts), max_size=6))
@quick
def test_csv_round_trip_of_one_column(tmp_path: Path, rows: list[tuple[str]]) -> None:
    path = tmp_path / "a.csv"
    write(path, ["a"], rows, raw=True)
    assert read(path) == rows


@given(row=st.tuples(st.text(max_size=8), st.integers(), st.floats(), st.booleans() | st.none()))
@quick
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_cell_crashes_a_writer(tmp_path: Path, suffix: str, row: tuple) -> None:
    path = tmp_path / f"a{suffix}"
    if math.isfinite(row[2]):
        write(path, ["a", "b", "c", "d"], [row])
        assert len(read(path)) == 1
    else:
        with pytest.raises(TableError, match="NaN or infinite"):
            write(path, ["a", "b", "c", "d"], [row])
        assert not path.exists()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_lone_surrogates_become_replacement_characters(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write(path, ["a", "b"], [["x\ud800y", "店"], ["z", "\udfff"]])
    assert read(path) == [("x\ufffdy", "店"), ("z", "\ufffd")]


def test_nul_becomes_a_replacement_character_with_a_note(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    assert write(path, ["a"], [["x\0y"], ["z"]]) == ("NUL characters in 1 cell(s) became U+FFFD",)
    assert read(path) == [("x\ufffdy",), ("z",)]


def test_jsonl_is_one_object_a_line_with_characters_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write(path, ["t", "n"], [["苦情\n\u2028", 1], [None, 0.5]])
    assert path.read_bytes() == ('{"t": "苦情\\n\u2028", "n": 1}\n{"t": null, "n": 0.5}\n'.encode())
    assert [json.loads(line)["n"] for line in path.read_bytes().splitlines()] == [1, 0.5]


# Excel


def test_xlsx_opens_in_openpyxl_with_types(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write(
        path, ["t", "n", "p", "b"], [["=1+1", 7, 0.5, True], ["#N/A", 10**15, -2.0, None]], raw=True
    )
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["plaint"]
    sheet = book.active
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["t", "n", "p", "b"],
        ["=1+1", 7, 0.5, True],
        ["#N/A", str(10**15), -2, None],
    ]
    assert sheet["A2"].data_type in ("s", "inlineStr")
    assert sheet["A1"].font.bold
    assert sheet.freeze_panes == "A2"


def test_xlsx_has_no_date_of_today(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write(path)
    with zipfile.ZipFile(path) as archive:
        assert {part.date_time for part in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.testzip() is None
        assert "docProps/core.xml" not in archive.namelist()


@pytest.mark.parametrize(
    "text",
    [
        "\0\x01\x1f",
        "a\rb\r\nc\n",
        "\ufffe\uffff",
        "_x0041_",
        "_x005F_x0041_",
        "<&>\"'",
        " a ",
        "\t",
    ],
)
def test_xlsx_keeps_characters_that_xml_cannot_hold(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.xlsx"
    assert write(path, ["a"], [[text]], raw=True) == ()
    assert read(path) == [(text,)]


def test_xlsx_cuts_cells_with_a_note(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    rows = [["x" * 32_767], ["x" * 32_768], ["🙏" * 16_384]]
    (note,) = write(path, ["a"], rows)
    assert note == "2 cell(s) were cut at 32767 characters, Excel's limit"
    assert [len(row[0]) for row in read(path)] == [32_767, 32_767, 16_383]


def test_xlsx_refuses_more_than_a_sheet_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_workbook_out, "MAX_ROWS", 3)
    path = tmp_path / "a.xlsx"
    write(path, ["a"], [["1"], ["2"]])
    with pytest.raises(LimitExceeded, match="2 rows below its header: write .csv or .parquet"):
        write(path, ["a"], [["1"], ["2"], ["3"]])
    assert not path.exists()
    with pytest.raises(LimitExceeded, match="a sheet holds 16384"):
        open_writer(path, [str(n) for n in range(16_385)])


# Parquet


def test_parquet_has_the_types_that_were_given(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write(path, types=TYPES)
    with open_table(path) as table:
        assert table.types == {"id": "text", "本文": "text", **TYPES}
    write(path, ["a"], [[5], [True], ["x"]])
    assert read(path) == [("5",), ("true",), ("x",)]


def test_parquet_refuses_integers_of_more_than_64_bits(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    with pytest.raises(TableError, match="more than 64 bits"):
        write(path, ["n"], [[2**63]], types={"n": "integer"})
    with pytest.raises(TableError, match="is of type number"):
        write(path, ["n"], [[10**400]], types={"n": "number"})


def test_parquet_refuses_cells_of_another_type(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    with pytest.raises(TableError, match="row 2 does not fit the file: column 'n'"):
        write(path, ["n"], [[1], ["x"]], types={"n": "integer"})
    assert not path.exists()


# The writer itself


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_error_inside_removes_the_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"

    def rows():
        yield ROWS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(path, rows=rows(), types=TYPES)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_rows_give_a_table_with_a_header(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write(path, rows=[])
    if suffix == ".jsonl":
        assert path.read_bytes() == b""
    else:
        with open_table(path) as table:
            assert table.columns == COLUMNS
            assert list(table) == []


def test_close_twice_abort_late_and_write_after(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    writer = open_writer(path, ["a"])
    writer.write(["x"])
    assert writer.count == 1
    writer.close()
    writer.close()
    writer.abort()
    assert path.exists()
    with pytest.raises(UsageError, match="is closed"):
        writer.write(["y"])


def test_usage_errors(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with pytest.raises(UsageError, match="name must end with"):
        open_writer(tmp_path / "a.txt", ["a"])
    with pytest.raises(UsageError, match="at least one column"):
        open_writer(path, [])
    with pytest.raises(TableError, match="same name"):
        open_writer(path, ["a", "a"])
    with pytest.raises(UsageError, match="no column 'b'"):
        open_writer(path, ["a"], guarded=["b"])
    with pytest.raises(UsageError, match="none of text, integer, number, boolean"):
        open_writer(path, ["a"], types={"a": "date"})
    assert not path.exists()
    with open_writer(path, ["a"]) as writer, pytest.raises(UsageError, match="2 cells for 1"):
        writer.write(["1", "2"])
