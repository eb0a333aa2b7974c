"""Excel workbooks: values, and what hostile ones may ask for."""

from __future__ import annotations

import contextlib
import datetime as dt
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plaint.errors import InputError, LimitExceeded, TableError, UsageError
from plaint.tables.readers import BadRow, ReadLimits, Row, open_table
from plaint.tables.writers import open_writer

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def store(path: Path, rows: list[list], **more: list[list]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "苦情"
    for row in rows:
        sheet.append(row)
    for name, extra in more.items():
        other = book.create_sheet(name)
        for row in extra:
            other.append(row)
    book.save(path)
    return path


def with_part(path: Path, name: str, data: bytes | str) -> Path:
    """A small workbook in which one part is another one."""
    with open_writer(path, ["a"]) as writer:
        writer.write(["x"])
    with zipfile.ZipFile(path) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    parts[name] = data if isinstance(data, bytes) else data.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    return path


def with_rows(path: Path, rows: str) -> Path:
    return with_part(
        path,
        "xl/worksheets/sheet1.xml",
        f"<worksheet {MAIN}><sheetData>{rows}</sheetData></worksheet>",
    )


def read(path: Path, **options) -> list:
    with open_table(path, **options) as table:
        return list(table)


def test_types_and_values(tmp_path: Path) -> None:
    path = store(
        tmp_path / "a.xlsx",
        [
            ["id", "text", "score", "ok", "day", "at", "clock", "took", 2024, None],
            [
                1.0,
                "遅い",
                0.5,
                True,
                dt.date(2024, 5, 1),
                dt.datetime(2024, 5, 1, 9, 30),
                dt.time(9, 30),
                dt.timedelta(hours=30),
                "x",
                None,
            ],
            [None] * 10,
            [2, 7, 3, False, None, None, None, None, None, None],
            [None] * 12,
        ],
    )
    with open_table(path) as table:
        assert table.sheet == "苦情"
        assert table.encoding is None
        assert table.columns == ("id", "text", "score", "ok", "day", "at", "clock", "took", "2024")
        assert list(table.types.values()) == ["integer", "text", "number", "boolean"] + ["text"] * 5
        rows = list(table)
        assert rows == list(table)
    date, time = "2024-05-01", "2024-05-01T09:30:00"
    assert rows == [
        Row(1, (1, "遅い", 0.5, True, date, time, "09:30:00", "PT30H0M0S", "x")),
        Row(2, (2, "7", 3.0, False, None, None, None, None, None)),
    ]


def test_sheets(tmp_path: Path) -> None:
    path = store(tmp_path / "a.xlsx", [["a"], [1]], second=[["b"], [2]])
    with pytest.raises(UsageError, match="a.xlsx: .* name one of them: '苦情', 'second'"):
        open_table(path)
    with pytest.raises(UsageError, match="no sheet 'third'; the sheets are '苦情', 'second'"):
        open_table(path, sheet="third")
    assert read(path, sheet="second") == [Row(1, (2,))]
    with open_table(store(path, [], second=[[None], ["b"], [2]], third=[])) as table:
        assert table.sheet == "second"
        assert table.columns == ("b",)
        assert "the others are empty" in table.notes[0]
    with pytest.raises(TableError, match="sheet '苦情' is empty"):
        open_table(store(path, []))


def test_formulas_give_their_last_value(tmp_path: Path) -> None:
    rows = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'
        '<row r="2"><c r="A2"><f>1+1</f><v>2</v></c></row>'
    )
    assert read(with_rows(tmp_path / "a.xlsx", rows)) == [Row(1, (2,))]


def test_header_and_late_types(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with pytest.raises(TableError, match=r"'a' \(columns 1, 3\)"):
        open_table(store(path, [["a", "b", "a"]]))
    rows = [["n", "t"]] + [[n, "x"] for n in range(1000)] + [["A-1", "x"], [1, 2], [1, "y", "z"]]
    found = read(store(path, rows))[1000:]
    assert found[0].reason.startswith("column 'n' is of type integer")
    assert found[1] == Row(1002, (1, "2"))
    assert found[2] == BadRow(1003, "a cell stands in a column that has no name")


def test_not_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    for data, says in (
        (b"", "cannot be read as an .xlsx"),
        (b"a,b\n1,2\n", "cannot be read as an .xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old .xls workbook or is protected"),
    ):
        path.write_bytes(data)
        with pytest.raises(TableError, match=says):
            open_table(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    with pytest.raises(TableError, match="cannot be read as an .xlsx"):
        open_table(path)


def test_fault_22_bombs_are_refused_by_the_directory(tmp_path: Path) -> None:
    path = with_part(tmp_path / "a.xlsx", "xl/sharedStrings.xml", b" " * (8 << 20))
    assert path.stat().st_size < 20_000
    with pytest.raises(LimitExceeded, match=r"expands \d{3,4} times, 100 times is allowed"):
        open_table(path)
    with pytest.raises(LimitExceeded, match="expands to 8.* bytes, 4000000 are allowed"):
        open_table(path, limits=ReadLimits(max_xlsx_expanded_bytes=4_000_000))
    with pytest.raises(LimitExceeded, match="has 7 parts, 6 are allowed"):
        open_table(path, limits=ReadLimits(max_xlsx_entries=6))


def test_fault_22_a_directory_that_lies_about_sizes_gains_nothing(tmp_path: Path) -> None:
    text = "x" * 3_000_000
    rows = f'<row><c t="inlineStr"><is><t>{text}</t></is></c></row>'
    path = with_rows(tmp_path / "a.xlsx", rows)
    raw = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    path.write_bytes(raw.replace(size.to_bytes(4, "little"), (900).to_bytes(4, "little")))
    with pytest.raises(TableError, match="cannot be read"):
        open_table(path)


def test_fault_22_entities_are_refused(tmp_path: Path) -> None:
    sheet = (
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "aaaaaaaaaa"><!ENTITY y "&x;&x;&x;">]>'
        f'<worksheet {MAIN}><sheetData><row><c t="inlineStr"><is><t>&y;</t></is></c></row>'
        "</sheetData></worksheet>"
    )
    external = sheet.replace('"&x;&x;&x;"', 'SYSTEM "file:///etc/hostname"')
    for text in (sheet, external):
        with pytest.raises(TableError, match="cannot be read"):
            open_table(with_part(tmp_path / "a.xlsx", "xl/worksheets/sheet1.xml", text))


def test_fault_22_far_rows_and_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    head = '<row r="1"><c r="A1"><v>1</v></c></row>'
    far = '<row r="2000000000"><c r="A2000000000"><v>1</v></c></row>'
    with pytest.raises(LimitExceeded, match="more than 1000 rows"):
        open_table(with_rows(path, head + far), limits=ReadLimits(max_xlsx_rows=1000))
    wide = '<row r="1"><c r="XFD1"><v>1</v></c></row>'
    with pytest.raises(LimitExceeded, match="16384 columns, 2000 are allowed"):
        open_table(with_rows(path, wide))
    empty = "".join(f'<row r="{n}"><c r="XFD{n}"/></row>' for n in range(2, 20))
    with pytest.raises(LimitExceeded, match="or 100000 cells"):
        open_table(with_rows(path, head + empty), limits=ReadLimits(max_xlsx_cells=100_000))


def test_giant_cells_are_bad_rows(tmp_path: Path) -> None:
    path = store(tmp_path / "a.xlsx", [["a"], ["x" * 101], ["y"]])
    assert read(path, limits=ReadLimits(max_cell_chars=100)) == [
        BadRow(1, "a cell has more than 100 characters"),
        Row(2, ("y",)),
    ]


@given(st.data())
@settings(
    derandomize=True,
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_damaged_workbooks_give_rows_or_our_errors(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "a.xlsx"
    with open_writer(path, ["a", "b"]) as writer:
        writer.write_many([["x", 1], ["遅い", 2.5]])
    with zipfile.ZipFile(path) as archive:
        parts = {name: bytearray(archive.read(name)) for name in archive.namelist()}
    name = data.draw(st.sampled_from(sorted(parts)))
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(parts[name]) - 1))
        parts[name][place] = data.draw(st.integers(0, 127))
    with zipfile.ZipFile(path, "w") as archive:
        for part, content in parts.items():
            archive.writestr(part, bytes(content))
    with contextlib.suppress(InputError, UsageError):
        assert all(isinstance(row, Row | BadRow) for row in read(path))
