from __future__ import annotations

import csv
import importlib.util
import io
import json
import re
import unicodedata
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from plaint.errors import UsageError
from plaint.tables.readers import Row, open_table

DIRECTORY = Path(__file__).parent.parent / "data" / "samples"


def _load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("samples_make", DIRECTORY / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make = _load_script()


def _documented() -> dict[str, tuple[str, str, int, str]]:
    rows = {}
    for line in (DIRECTORY / "README.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            name, encoding, column, messages, shows = (
                cell.strip() for cell in line.strip("| ").split(" | ")
            )
            rows[name.strip("`")] = (encoding, column, int(messages), shows)
    return rows


DOCUMENTED = _documented()
ENCODINGS = {name: row[0] for name, row in DOCUMENTED.items() if row[0] != "-"}
DELIMITED = [name for name in ENCODINGS if not name.endswith(".jsonl")]
LEGACY = {
    # codec that the file needs: smaller codecs of the same family that must not do
    "cp932": ["shift_jis", "euc_jp"],
    "cp949": ["euc_kr"],
    "gb18030": ["gb2312", "gbk"],
    "cp950": ["big5"],
}


def data(name: str) -> bytes:
    return (DIRECTORY / name).read_bytes()


def delimited(name: str) -> list[list[str]]:
    text = data(name).decode(ENCODINGS[name])
    return list(csv.reader(io.StringIO(text, newline=""), excel_tab(name), strict=True))


def excel_tab(name: str) -> type[csv.Dialect]:
    return csv.excel_tab if name.endswith(".tsv") else csv.excel


def sheets() -> dict[str, list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(DIRECTORY / "ko_hospital.xlsx")
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}


def cells(name: str) -> list[Any]:
    """Every value under the text column, empty rows included."""
    column = DOCUMENTED[name][1]
    if name.endswith(".parquet"):
        return pq.read_table(DIRECTORY / name).column(column).to_pylist()
    if name.endswith(".jsonl"):
        lines = data(name).decode(ENCODINGS[name]).split("\n")
        return [json.loads(line)[column] for line in lines if line]
    rows = sheets()["접수내역"] if name.endswith(".xlsx") else delimited(name)
    place = list(rows[0]).index(column)
    return [row[place] for row in rows[1:] if row]


def messages(name: str) -> list[str]:
    return [cell for cell in cells(name) if cell]


ALL = {name: messages(name) for name in DOCUMENTED}


@pytest.mark.parametrize("name", [name for name in make.SAMPLES if not name.endswith(".parquet")])
def test_the_script_writes_each_file_again_byte_for_byte(name: str) -> None:
    assert make.SAMPLES[name]() == data(name)


def test_the_script_writes_the_parquet_file_again() -> None:
    made = make.SAMPLES["ja_railway.parquet"]()
    stored = data("ja_railway.parquet")
    writers = [pq.read_metadata(io.BytesIO(content)).created_by for content in (made, stored)]
    # The writer's version stands in the file; only the same one can give the same bytes.
    if writers[0] == writers[1]:
        assert made == stored
    tables = [pq.read_table(pa.BufferReader(content)) for content in (made, stored)]
    assert tables[0].equals(tables[1])
    assert writers[1] == "parquet-cpp-arrow version 26.0.1"
    assert "26.0.1" in (DIRECTORY / "README.md").read_text(encoding="utf-8")


def test_running_the_script_writes_all_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make, "HERE", tmp_path)
    make.main()
    assert {path.name for path in tmp_path.iterdir()} == set(DOCUMENTED)


def test_every_file_is_made_and_documented() -> None:
    ours = {"README.md", "make.py"}
    files = {path.name for path in DIRECTORY.iterdir() if path.is_file()} - ours
    assert files == set(make.SAMPLES) == set(DOCUMENTED)
    assert len(files) == 10
    datasheet = (DIRECTORY.parent / "README.md").read_text(encoding="utf-8")
    assert "ten small files as offices send them" in datasheet


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_sample_is_small_and_its_messages_are_counted(name: str) -> None:
    assert 8 <= len(ALL[name]) <= 25
    assert len(ALL[name]) == DOCUMENTED[name][2]


@pytest.mark.parametrize("name", [name for name in ENCODINGS if ENCODINGS[name] in LEGACY])
def test_a_legacy_file_reads_right_in_its_own_encoding_only(name: str) -> None:
    own = ENCODINGS[name]
    text = data(name).decode(own)
    with pytest.raises(UnicodeDecodeError):
        data(name).decode("utf-8")
    for smaller in LEGACY[own]:
        with pytest.raises(UnicodeDecodeError):
            data(name).decode(smaller)
    for other in set(LEGACY) - {own}:
        assert data(name).decode(other, errors="replace") != text


def test_the_unicode_files_are_marked_as_they_should_be() -> None:
    assert data("ja_appliances_utf8_bom.csv").startswith(b"\xef\xbb\xbf")
    assert data("zh_hant_courier_utf16.tsv").startswith(b"\xff\xfe")
    for name in ("ko_academy_macos.csv", "zh_hans_bank.jsonl"):
        assert not data(name).startswith(b"\xef\xbb\xbf")
        data(name).decode("utf-8", errors="strict")


@pytest.mark.parametrize("name", DELIMITED)
def test_every_row_has_as_many_cells_as_the_header(name: str) -> None:
    header, *rows = delimited(name)
    assert {len(row) for row in rows if row} == {len(header)}


def test_the_line_ends_are_those_of_the_systems() -> None:
    for name in DELIMITED:
        text = data(name).decode(ENCODINGS[name])
        assert ("\r\n" in text) == (name != "ko_academy_macos.csv")


def test_empty_rows_and_empty_texts() -> None:
    for name in (
        "ja_mail_order_cp932.csv",
        "zh_hans_hotel_gb18030.csv",
        "zh_hant_restaurant_cp950.csv",
        "zh_hant_courier_utf16.tsv",
    ):
        assert sum(not any(row) for row in delimited(name)) == 1, name
    assert [] in delimited("ko_internet_line_cp949.csv")
    assert "" in data("zh_hans_bank.jsonl").decode().split("\n")[:-1]
    assert sum(not any(row) for row in sheets()["접수내역"]) == 1
    assert "" in cells("ja_appliances_utf8_bom.csv")
    assert None in cells("zh_hans_bank.jsonl")
    assert {None, ""} <= set(cells("ja_railway.parquet"))


def test_ids_are_repeated_in_two_ways() -> None:
    different = [row for row in delimited("ja_mail_order_cp932.csv") if row[0] == "00124"]
    assert len({row[3] for row in different}) == len(different) == 2
    same = [row for row in delimited("ko_internet_line_cp949.csv") if row and row[0] == "000742"]
    assert len(same) == 2
    assert same[0] == same[1]


def test_ids_have_leading_zeros_and_stay_text() -> None:
    for name in ("ja_mail_order_cp932.csv", "ko_internet_line_cp949.csv"):
        assert all(re.fullmatch("0[0-9]+", row[0]) for row in delimited(name)[1:] if any(row))
    lines = data("zh_hans_bank.jsonl").decode().split("\n")
    assert all(json.loads(line)["工单号"].startswith("0000") for line in lines if line)
    assert [row[0] for row in sheets()["접수내역"][1:3]] == ["0101", "0102"]


def test_characters_that_only_the_larger_code_pages_have() -> None:
    assert any("㈱髙" in text and "①" in text for text in ALL["ja_mail_order_cp932.csv"])
    assert {"뷁", "쓩"} <= set("".join(ALL["ko_internet_line_cp949.csv"]))
    wide = [c for c in "".join(ALL["zh_hans_hotel_gb18030.csv"]) if len(c.encode("gb18030")) == 4]
    assert set(wide) == {"😡", "㛃"}
    assert {"裏", "恒", "粧"} <= set("".join(ALL["zh_hant_restaurant_cp950.csv"]))


def test_commas_quotation_marks_and_line_breaks_are_inside_cells() -> None:
    for name in ("ja_mail_order_cp932.csv", "zh_hant_restaurant_cp950.csv"):
        assert any(text.count(",") >= 2 for text in ALL[name])
    assert '""' in data("zh_hant_courier_utf16.tsv").decode("utf-16")
    broken = {name for name in ALL if any("\n" in text for text in ALL[name])}
    assert broken == {name for name in DOCUMENTED if "line breaks in a" in DOCUMENTED[name][3]}


def test_half_width_kana() -> None:
    text = next(text for text in ALL["ja_mail_order_cp932.csv"] if "ﾃｰﾌﾞﾙ" in text)
    assert "テーブル" in unicodedata.normalize("NFKC", text)


def test_decomposed_hangul_stands_in_one_file_only() -> None:
    decomposed = {
        name
        for name in ALL
        if any(not unicodedata.is_normalized("NFC", text) for text in ALL[name])
    }
    assert decomposed == {"ko_academy_macos.csv"}
    texts = ALL["ko_academy_macos.csv"]
    assert all(unicodedata.is_normalized("NFD", text) for text in texts)
    header = delimited("ko_academy_macos.csv")[0]
    assert unicodedata.is_normalized("NFC", "".join(header))


def test_a_long_text_and_an_english_one() -> None:
    texts = ALL["ja_appliances_utf8_bom.csv"]
    assert [len(text) > 2_000 for text in texts].count(True) == 1
    assert [text.isascii() for text in texts].count(True) == 1


def test_emoji_and_emotional_letters() -> None:
    emoji = {name for name in ALL if re.search("[\U0001f300-\U0001faff]", "".join(ALL[name]))}
    assert emoji == {
        "ja_appliances_utf8_bom.csv",
        "ja_railway.parquet",
        "zh_hans_hotel_gb18030.csv",
        "zh_hans_bank.jsonl",
        "zh_hant_courier_utf16.tsv",
    }
    for name in ("ko_internet_line_cp949.csv", "ko_academy_macos.csv"):
        joined = "".join(ALL[name])
        assert "ㅠㅠ" in joined
        assert "ㅋㅋㅋ" in joined


def test_texts_that_a_spreadsheet_would_take_for_formulas() -> None:
    for name in ("ja_mail_order_cp932.csv", "ko_internet_line_cp949.csv"):
        assert [text[0] for text in ALL[name]].count("=") == 1


def test_personal_data_is_obviously_invented() -> None:
    found = set()
    for name in DOCUMENTED:
        content = repr(sheets()) if name.endswith(".xlsx") else ""
        if name in ENCODINGS:
            content = data(name).decode(ENCODINGS[name])
        numbers = re.findall(r"(?<![0-9])(?:0[0-9]{1,3})-[0-9]{3,4}-[0-9]{3,4}(?![0-9])", content)
        mails = re.findall(r"[\w.]+@[a-z.]+", content)
        assert all(re.fullmatch(r"0[0-9]{1,3}-0+-0+", number) for number in numbers), numbers
        assert all(mail.endswith("@example.com") for mail in mails), mails
        if numbers or mails:
            found.add(name)
    assert found == {name for name in DOCUMENTED if "telephone" in DOCUMENTED[name][3]}


def test_the_workbook_has_a_second_sheet_dates_and_fixed_times() -> None:
    found = sheets()
    assert list(found) == ["접수내역", "월별집계"]
    header, first = found["접수내역"][:2]
    assert first[header.index("접수일")].isoformat() == "2024-03-04T00:00:00"
    counted = [row for row in found["월별집계"] if row[0] in ("3월", "4월")]
    assert sum(row[1] for row in counted) == DOCUMENTED["ko_hospital.xlsx"][2]
    with zipfile.ZipFile(DIRECTORY / "ko_hospital.xlsx") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"2024-04-30T00:00:00Z" in archive.read("docProps/core.xml")


def test_the_parquet_columns_have_types() -> None:
    schema = pq.read_schema(DIRECTORY / "ja_railway.parquet")
    assert pa.types.is_int64(schema.field("受付ID").type)
    assert pa.types.is_timestamp(schema.field("受付日時").type)
    assert pa.types.is_boolean(schema.field("再訴").type)
    assert None in pq.read_table(DIRECTORY / "ja_railway.parquet")["満足度"].to_pylist()


def test_records_of_the_jsonl_file_may_lack_keys() -> None:
    lines = data("zh_hans_bank.jsonl").decode().split("\n")
    keys = {frozenset(json.loads(line)) for line in lines if line}
    assert len(keys) == 2


def test_no_message_stands_in_two_samples_or_in_the_corpus() -> None:
    plain = [text for texts in ALL.values() for text in texts]
    assert len(plain) - len(set(plain)) == 1  # the row repeated word for word
    for name in ("ja", "ko", "zh"):
        path = DIRECTORY.parent / "corpus" / f"{name}.csv"
        with path.open(encoding="utf-8", newline="") as stream:
            assert not set(plain) & {row["text"] for row in csv.DictReader(stream)}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_sample_opens_as_the_table_that_it_is(name: str) -> None:
    sheet = "접수내역" if name.endswith(".xlsx") else None
    with open_table(DIRECTORY / name, sheet=sheet) as table:
        assert (table.encoding or "-") == DOCUMENTED[name][0]
        column = table.columns.index(DOCUMENTED[name][1])
        rows = [row for row in table if isinstance(row, Row)]
    assert [row.cells[column] for row in rows if row.cells[column]] == ALL[name]


def test_the_workbook_asks_which_sheet_is_meant() -> None:
    with pytest.raises(UsageError, match="접수내역.*월별집계"):
        open_table(DIRECTORY / "ko_hospital.xlsx")


def test_types_survive_the_reader() -> None:
    with open_table(DIRECTORY / "ja_railway.parquet") as table:
        kinds = [table.types[column] for column in ("受付ID", "受付日時", "再訴", "満足度")]
        assert kinds == ["integer", "text", "boolean", "integer"]
        first = next(iter(table))
    assert first == Row(1, first[1])
    assert first[1][:2] == (70001, "2024-02-05T00:35:00")
    for name in ("ja_mail_order_cp932.csv", "ko_internet_line_cp949.csv", "zh_hans_bank.jsonl"):
        with open_table(DIRECTORY / name) as table:
            assert table.types[table.columns[0]] == "text"
            row = next(iter(table))
            assert isinstance(row, Row)
            assert str(row.cells[0]).startswith("00")
