from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plaint.errors import UsageError
from plaint.label.columns import SAMPLE_ROWS, guess_id_column, guess_text_column
from plaint.tables.readers import Row, open_table

SAMPLES = Path(__file__).parent.parent.parent / "data" / "samples"

# File, its column with the messages and the one with the ids.
EXPECTED = {
    "ja_appliances_utf8_bom.csv": ("ご意見・ご要望", "管理No"),
    "ja_mail_order_cp932.csv": ("お問い合わせ内容", "受付番号"),
    "ja_railway.parquet": ("申告内容", "受付ID"),
    "ko_academy_macos.csv": ("후기", "번호"),
    "ko_hospital.xlsx": ("내용", "번호"),
    "ko_internet_line_cp949.csv": ("고객문의내용", "접수번호"),
    "zh_hans_bank.jsonl": ("内容", "工单号"),
    "zh_hans_hotel_gb18030.csv": ("客人反馈", "单号"),
    "zh_hant_courier_utf16.tsv": ("意見內容", "個案編號"),
    "zh_hant_restaurant_cp950.csv": ("顧客意見", "案件編號"),
}

LONG = [
    "届いた品の箱がつぶれていて、中の皿も割れていました。",
    "三日前に頼んだのに、まだ何の連絡もありません。",
    "説明と色が違います。送料はそちらで持って交換してください。",
    "電話がまったくつながらず、半日を無駄にしました。",
]
REPLIES = [
    "ご連絡のうえ、代わりの品を翌日の便でお送りしました。",
    "担当者から折り返しお電話し、お詫びをお伝えしました。",
    "返送の伝票をお送りし、差額をお返ししました。",
    "受付の人数を増やすよう、店長に申し送りました。",
]
LABELS = ["壊れ物の注意書き", "要冷蔵の品です", "代引きの荷物です", "店頭で渡しました"]
SHORT = ["東", "西", "東", "西"]
DATES = ["2024-04-01", "2024-04-02", "2024-04-03", "2024-04-04"]


def table(*columns: list[str]) -> list[tuple[str, ...]]:
    return list(zip(*columns, strict=True))


def test_every_sample_is_expected() -> None:
    files = {path.name for path in SAMPLES.iterdir() if path.suffix not in (".md", ".py")}
    assert files == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_samples(name: str) -> None:
    sheet = "접수내역" if name.endswith(".xlsx") else None
    with open_table(SAMPLES / name, sheet=sheet) as found:
        rows = [row.cells for row in found if isinstance(row, Row)]
        text = guess_text_column(found.columns, rows)
        assert (text, guess_id_column(found.columns, rows)) == EXPECTED[name]
        # The content alone is clear enough here; a header without meaning names no id.
        plain = [f"c{place}" for place in range(len(found.columns))]
        assert guess_text_column(plain, rows) == plain[found.columns.index(text)]
        assert guess_id_column(plain, rows) is None


@pytest.mark.parametrize(
    "name",
    [
        "お問い合わせ内容",
        "ご意見・ご要望",
        "内 容",
        "対応への自由回答",
        "문의내용",
        "불만 내용",
        "投诉内容",
        "投訴內容",
        "Customer Comment",
        "messageText",
        "review_text",
    ],
)
def test_header_and_content_agree(name: str) -> None:
    # A column of replies is as long as the messages; only the headers tell them apart.
    rows = table(DATES, REPLIES, LONG)
    assert guess_text_column(["date", "対応内容", name], rows) == name
    assert guess_text_column(["date", "x", name], rows) == name


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        (["a", "b"], [LONG, REPLIES]),
        (["内容", "意見"], [LONG, REPLIES]),
        (["対応内容", "回答"], [REPLIES, LONG]),
        # The header promises messages, the content has none.
        (["内容", "b"], [SHORT, DATES]),
        (["内容", "店"], [["", "", "", ""], SHORT]),
        (["a", "b"], [SHORT, DATES]),
        # Named, but another column is far fuller.
        (["comment", "x"], [LABELS, [text * 4 for text in LONG]]),
    ],
)
def test_asks_when_it_is_not_clear(names: list[str], columns: list[list[str]]) -> None:
    with pytest.raises(UsageError) as caught:
        guess_text_column(names, table(*columns), source="in.csv")
    message = str(caught.value)
    assert message.startswith("in.csv: which column holds the messages?")
    assert message.endswith("Name it with --text-column NAME")
    assert any(f"'{name}'" in message for name in names)
    # The question quotes headers, never a cell.
    assert not any(cell in message for column in columns for cell in column if len(cell) > 1)


def test_asks_when_there_are_no_rows() -> None:
    with pytest.raises(UsageError, match="--text-column"):
        guess_text_column(["id", "内容"], [])


def test_many_candidates_are_not_all_listed() -> None:
    names = [f"c{place}" for place in range(9)]
    with pytest.raises(UsageError, match="and 3 more"):
        guess_text_column(names, table(*([LONG] * 9)))


def test_a_header_with_control_characters_stays_one_line() -> None:
    with pytest.raises(UsageError) as caught:
        guess_text_column(["a\nb" + "x" * 90, "c"], table(LONG, LONG))
    assert "\n" not in str(caught.value)
    assert "x" * 70 not in str(caught.value)


def test_only_column() -> None:
    assert guess_text_column(["whatever"], table(["壊れた"])) == "whatever"


def test_addresses_and_links_are_no_messages() -> None:
    links = [f"https://example.com/order/detail/number/{n}/of/the/customer" for n in range(4)]
    assert guess_text_column(["link", "x"], table(links, LONG)) == "x"


def test_only_the_first_rows_are_looked_at() -> None:
    rows = table(LONG, SHORT) * (SAMPLE_ROWS // 4)
    rows = [(f"{a}{n}", b) for n, (a, b) in enumerate(rows)]
    later = [("", LONG[0] * 50 + str(n)) for n in range(SAMPLE_ROWS)]
    assert guess_text_column(["a", "b"], rows + later) == "a"


@pytest.mark.parametrize(
    "name",
    [
        "id",
        "ID",
        "No.",
        "ticket_id",
        "caseNumber",
        "受付番号",
        "管理No",
        "접수번호",
        "工单号",
        "編號",
    ],
)
def test_id_headers(name: str) -> None:
    assert guess_id_column(["x", name], table(DATES, ["1", "2", "3", "2"])) == name


@pytest.mark.parametrize(
    "name",
    [
        "電話番号",
        "会員番号",
        "고객번호",
        "전화번호",
        "手机号",
        "客户编号",
        "customer_id",
        "identity",
        "x",
    ],
)
def test_headers_that_name_something_else(name: str) -> None:
    assert guess_id_column([name], table(["1", "2", "3"])) is None


def test_an_id_that_hardly_differs_is_none() -> None:
    assert guess_id_column(["id"], table(["7"] * 9 + ["8"])) is None
    assert guess_id_column(["id"], table(["", ""])) is None


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(*[st.none() | st.text() | st.integers() | st.booleans() | st.floats()] * 3),
        max_size=5,
    ),
    st.lists(st.text(), min_size=3, max_size=3, unique=True),
)
def test_never_fails_otherwise(rows: list[tuple[object, ...]], names: list[str]) -> None:
    with contextlib.suppress(UsageError):
        assert guess_text_column(names, rows) in names  # type: ignore[arg-type]
    assert guess_id_column(names, rows) in (None, *names)  # type: ignore[arg-type]
