from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from plaint.errors import UsageError
from plaint.text import _checksums as checks
from plaint.text.privacy import DEFAULT_KINDS, KINDS, Finding, find, mask

steady = settings(derandomize=True, deadline=None, max_examples=300)

# Numbers that are made up, with check digits that are right.
CARD = "4111 1111 1111 1111"
MY_NUMBER = "1234-5678-9018"
CHINESE_ID = "11010519491231002X"
TAIWAN_ID = "A123456789"
HONG_KONG_ID = "A123456(3)"

pieces = st.sampled_from(
    [
        *"0123456789０９-－ .()（）+/,:@＠aZx〒*円電話、はㅋ号\0]",
        "090-1234-5678",
        "０１０－１２３４－５６７８",
        "13800138000",
        "+82 10-1234-5678",
        "a.b@example.co.jp",
        CARD,
        MY_NUMBER,
        CHINESE_ID,
        TAIWAN_ID,
        HONG_KONG_ID,
        "900101-1234567",
        "〒100-0001",
        "郵便番号",
        "우편번호 ",
        "注文番号",
        "Tel",
        "[phone]",
    ]
)
texts = st.one_of(
    st.lists(pieces, max_size=14).map("".join), st.text(st.characters(exclude_categories=()))
)
kind_sets = st.sampled_from([DEFAULT_KINDS, KINDS, ("phone",), ("card", "my_number"), ()])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Japan
        ("090-1234-5678に電話ください", "[phone]に電話ください"),
        ("連絡先は０９０－１２３４－５６７８です", "連絡先は[phone]です"),
        ("090ー1234ー5678", "[phone]"),
        ("TEL09012345678まで", "TEL[phone]まで"),
        ("市外局番は03(1234)5678", "市外局番は[phone]"),
        ("0120-123-456か0466-12-3456", "[phone]か[phone]"),
        # Korea
        ("010-1234-5678로 연락", "[phone]로 연락"),
        ("번호01012345678입니다", "번호[phone]입니다"),
        ("02-123-4567, 031)123-4567, 0505-123-4567", "[phone], [phone], [phone]"),
        ("010-1234-5678/010-2222-3333", "[phone]/[phone]"),
        # China, Taiwan, Hong Kong
        ("电话13800138000，或138-0013-8000", "电话[phone]，或[phone]"),
        ("010-62345678、0755-81234567", "[phone]、[phone]"),
        ("手機0912-345-678或0912345678", "手機[phone]或[phone]"),
        ("（０２）２３４５－６７８９", "[phone]"),
        ("聯絡電話：2345 6789", "聯絡電話：[phone]"),
        # abroad
        ("+82-10-1234-5678", "[phone]"),
        ("+81(0)90-1234-5678へ", "[phone]へ"),
        ("+86 138 0013 8000", "[phone]"),
        ("0082-10-1234-5678", "[phone]"),
        # mail
        ("連絡はfoo.bar+1@example.co.jpまで", "連絡は[email]まで"),
        ("ｆｏｏ＠ｅｘａｍｐｌｅ．ｃｏｍ로", "[email]로"),
        # cards
        (f"卡号{CARD}的", "卡号[card]的"),
        ("4111111111111111", "[card]"),
        ("3782 822463 10005", "[card]"),
        ("６２２２０２１２３４５６７８９０１２８", "[card]"),
        # personal numbers
        (f"番号は{MY_NUMBER}です", "番号は[my_number]です"),
        ("123456789018", "[my_number]"),
        ("900101-1234567이고", "[rrn]이고"),
        ("900101-1******", "[rrn]"),
        ("2101013234567", "[rrn]"),
        (f"身份证{CHINESE_ID}号", "身份证[resident_id]号"),
        ("身分證A123456789。", "身分證[resident_id]。"),
        ("A123456(3)", "[resident_id]"),
        # postcodes
        ("〒100-0001東京都", "〒[postcode]東京都"),
        ("〒１００－０００１", "〒[postcode]"),
        ("100-0001 東京都", "[postcode] 東京都"),
        ("우편번호 06236", "우편번호 [postcode]"),
        ("邮编：100000，郵遞區號106", "邮编：[postcode]，郵遞區號[postcode]"),
    ],
)
def test_masked(text: str, expected: str) -> None:
    assert mask(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "3,000円のはずが12,800円でした",
        "総額1000000円、100000000원",
        "13800138000원",
        "2024-05-01",
        "２０２４／０５／０１ 12:30:45",
        "05-01-2024から2024.05.01まで",
        "電話は2024-05-01にしました",
        "20240501123045",
        "WH-1000XM4とSM-0901234567",
        "iPhone 15 256GB 2台 1500-2000円",
        "4901234567894",  # an article number
        "4901231123457",  # an article number whose start looks like a birthday
        "1588-1234로 전화",
        "1998-2001年",
        "192.168.10.100",
        "手机 1000000元",
        "hotel 1234567",
        "4111 1111 1111 1112",
        "1234-5678-9017",
        "110105194912310021",
        "A123456780",
        "A123456(4)",
        "901301-1234567",
        "3.14159265358979",
        "100-0001",
        "a@b, @user_name, foo@localhost",
        "https://example.com/item/0901234567",
        "9999999999999999999999999999",
        "注文番号 A-123456",
    ],
)
def test_left_alone(text: str) -> None:
    assert mask(text) == text


def test_order_numbers_on_request_only() -> None:
    text = "注文番号：250-1234567-7654321、주문번호 20418, 订单号A8842-17, order no. 99812"
    assert mask(text) == text
    assert mask(text, KINDS) == (
        "注文番号：[order_number]、주문번호 [order_number], 订单号[order_number], "
        "order no. [order_number]"
    )


def test_only_the_kinds_that_were_asked_for() -> None:
    text = "090-1234-5678 foo@example.com"
    assert mask(text, ("email",)) == "090-1234-5678 [email]"
    assert mask(text, ()) == text


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(UsageError, match=r"no such kind of personal data: iban, name; there are"):
        find("x", ("phone", "name", "iban"))


def test_findings_stand_in_order_with_their_places() -> None:
    text = "件名：０９０－１２３４－５６７８ と foo@example.com"
    assert find(text) == [Finding("phone", 3, 16), Finding("email", 19, 34)]
    assert text[3:16] == "０９０－１２３４－５６７８"


@steady
@given(texts, kind_sets)
@example("電話090-1234-5678 4111 1111 1111 1111-", DEFAULT_KINDS)
@example(f"{CHINESE_ID[:-1]}X-090-1234-5678", KINDS)
def test_masking_twice_changes_nothing(text: str, kinds: tuple[str, ...]) -> None:
    masked = mask(text, kinds)
    assert mask(masked, kinds) == masked


@steady
@given(texts, kind_sets)
def test_only_findings_change(text: str, kinds: tuple[str, ...]) -> None:
    findings = find(text, kinds)
    position, expected = 0, ""
    for finding in findings:
        assert finding.kind in kinds
        assert position <= finding.start < finding.end <= len(text)
        expected += text[position : finding.start] + f"[{finding.kind}]"
        position = finding.end
    assert mask(text, kinds) == expected + text[position:]


@pytest.mark.parametrize(
    "unit",
    [
        "1", "1-", "1 ", "0", "(0", "+1", "@", "a", "a@", "a.", "A-", "電話", "注文番号", "〒1",
        "090-1234-5678-", "090-1234-5678 ", "+111111111111111111111111111111 ", f"{CHINESE_ID}-",
        f"{CARD} ", "900101-1*", "1(", f"{CHINESE_ID}090-1234-5678",
    ],
)  # fmt: skip
def test_hostile_texts_come_to_an_end(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    masked = mask(text, KINDS)
    assert mask(masked, KINDS) == masked


@pytest.mark.parametrize("number", [CARD, MY_NUMBER, CHINESE_ID, TAIWAN_ID, HONG_KONG_ID])
def test_one_wrong_digit_is_noticed(number: str) -> None:
    # Every digit counts in these sums; only the century of a birthday has to stay plausible.
    for position in range(len(number) - 4, len(number)):
        if number[position].isdigit():
            wrong = str((int(number[position]) + 1) % 10)
            changed = number[:position] + wrong + number[position + 1 :]
            assert mask(changed) == changed


def test_a_foreign_resident_of_korea_has_another_check_digit() -> None:
    assert [d for d in "0123456789" if checks.is_rrn(f"900101123456{d}")] == ["8"]
    assert [d for d in "0123456789" if checks.is_rrn(f"900101523456{d}")] == ["1"]


def test_a_foreign_resident_of_taiwan_may_have_two_letters() -> None:
    assert [d for d in "0123456789" if checks.is_taiwan_id(f"AC0123456{d}")] == ["7"]
