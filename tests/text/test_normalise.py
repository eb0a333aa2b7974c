from __future__ import annotations

import random
import unicodedata

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from plaint.errors import UsageError
from plaint.text.normalise import DEFAULT, Alignment, TextLimits, align, normalise, normalise_batch

steady = settings(derandomize=True, deadline=None, max_examples=300)

# Characters that meet each other badly: marks, jamo, joiners, growing and vanishing characters.
AWKWARD = (
    "ab01 \n\t\u3000ㅋㅠ가각かカﾞﾟ゛゜…〜～－−–—-‐.!\u200b\u200d\ufe0f\ufeff\u00ad\u202e❤🔥😀é"
    "\u0301\u0323\u0338=\ud800\udc00ﾡￂ㈀㉠\ufdfa\u1100\u1161\u11a8\u1160\u3164①㌀´ΐ\u1fee\u0344\U0001f1ef"
)
characters = st.one_of(st.sampled_from(AWKWARD), st.characters(exclude_categories=()))
texts = st.one_of(
    st.text(characters, max_size=40),
    st.text(st.sampled_from("abㅋ 1\u0301"), max_size=40),
    st.text(st.sampled_from("ab"), max_size=40),
)
limits = st.sampled_from([DEFAULT, *(TextLimits(max_chars=n) for n in (1, 2, 3, 7, 12))])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("환불해 주세요ㅠㅠ ㅋㅋ", "환불해 주세요ㅠㅠ ㅋㅋ"),
        ("ﾡﾤￂ", "ㄱㄴㅏ"),
        ("환\u200b불\ufeff 안 돼요", "환불 안 돼요"),
        (unicodedata.normalize("NFD", "환불 각"), "환불 각"),
        ("\u1100\u1100\u1161 \u11a8", "ㄱ가 ㄱ"),
        ("ｶﾞｽ ﾎﾟｲﾝﾄ ガス", "ガス ポイント ガス"),
        ("か゛", "が"),
        ("１，２００円！？", "1,200円!?"),
        ("えー〜～∼", "えー~~~"),
        ("－−‐‑–", "---"),
        ("——―─", "———"),
        ("那个……算了", "那个...算了"),
        ("一\r\n\r\n二\t 三\u3000\u3000四\x00五\u2028六", "一 二 三 四 五 六"),
        ("  まわり　", "まわり"),
        ("ㅋㅋㅋㅋㅋㅋㅋ 최악!!!!!!!", "ㅋㅋㅋ 최악!!!"),
        ("ㅋㅎㅋㅎㅋㅎㅋㅎㅋㅎ", "ㅋㅎㅋㅎㅋㅎ"),
        ("abababab" + "cbcbcbc", "abababcbcbc"),
        ("100000円 12121212", "100000円 12121212"),
        ("👨\u200d👩\u200d👧 ❤\ufe0f\u200d🔥 a\u200db", "👨\u200d👩\u200d👧 ❤\u200d🔥 ab"),
        ("soft\u00adhyphen \u202eabc\u2066", "softhyphen abc"),
        ("(´・ω・`) ￣", "(´・ω・`) \u00af"),
        ("a\ud800b\udfff", "a\ufffdb\ufffd"),
        ("國 髙 廣", "國 髙 廣"),
        ("\u3164名", "名"),
        ("", ""),
        (" \n\u200b", ""),
    ],
)
def test_examples(text: str, expected: str) -> None:
    assert normalise(text) == expected
    assert normalise_batch(["x", text, ""]) == ["x", expected, ""]


def test_every_single_character_is_stable() -> None:
    plain = (range(0x3400, 0xA000), range(0xAC00, 0xD7A4), range(0x20000, 0x2F800))
    for code in range(0x2FA20):
        if any(code in block for block in plain):
            continue
        once = normalise(chr(code))
        assert once == chr(code) or normalise(once) == once, hex(code)


def test_a_batch_of_every_character_is_as_one_by_one() -> None:
    every = [f"字{chr(code)}か" for code in range(0x20000)]
    assert normalise_batch(every) == [normalise(text) for text in every]


@steady
@given(texts, limits)
@example("a\ufe0f\u200d🔥", DEFAULT)
@example("🔥\u200d🔥", TextLimits(max_chars=2))
@example("\ufdfa" * 4, TextLimits(max_chars=7))
@example("abababababcbcbcbcb", DEFAULT)
def test_normalising_twice_changes_nothing(text: str, limit: TextLimits) -> None:
    once = normalise(text, limit)
    assert normalise(once, limit) == once
    assert len(once) <= limit.max_chars
    assert once == once.strip()
    assert "  " not in once
    assert not any(0xD800 <= ord(character) < 0xE000 for character in once)
    once.encode("utf-8")


@steady
@given(st.lists(texts, max_size=6), limits)
@example([], DEFAULT)
@example(["", "", "", ""], DEFAULT)
@example(["a", "b", "a", "b", "a", "b", "a", "b", "a"], DEFAULT)
@example([" ", "\n", "a\n", "\ud83d", "\ude00"], DEFAULT)
def test_a_batch_is_as_one_by_one(many: list[str], limit: TextLimits) -> None:
    assert normalise_batch(many, limit) == [normalise(text, limit) for text in many]


def test_long_random_batches_are_as_one_by_one() -> None:
    random_ = random.Random(7)
    for _ in range(150):
        alphabet = random_.sample(AWKWARD, 6)
        many = ["".join(random_.choices(alphabet, k=random_.randrange(30))) for _ in range(40)]
        assert normalise_batch(many) == [normalise(text) for text in many]


@steady
@given(texts, limits)
@example("ｶﾞｽ", DEFAULT)
def test_an_alignment_points_into_the_original(text: str, limit: TextLimits) -> None:
    found = align(text, limit)
    assert found.text == normalise(text, limit)
    assert found.starts.dtype == found.ends.dtype == np.int32
    assert len(found.starts) == len(found.ends) == len(found.text)
    assert (np.diff(found.starts) >= 0).all()
    assert (np.diff(found.ends) >= 0).all()
    assert (found.starts < found.ends).all()
    if len(found.text):
        assert found.starts[0] >= 0
        assert found.ends[-1] <= len(text)


def _part(found: Alignment, part: str, original: str) -> str:
    first = found.text.index(part)
    return original[found.starts[first] : found.ends[first + len(part) - 1]]


@pytest.mark.parametrize(
    ("original", "part", "expected"),
    [
        ("\u3000 ｶﾞｽ が１２", "ガ", "ｶﾞ"),
        ("環\u200b境ﾎﾟｲﾝﾄ", "ポイント", "ﾎﾟｲﾝﾄ"),
        (unicodedata.normalize("NFD", "환불 요청"), "요청", unicodedata.normalize("NFD", "요청")),
        ("a …  b", "... b", "…  b"),
        ("㍿です", "株", "㍿"),
        ("最悪!!!!!!だ", "だ", "だ"),
        ("ㅋㅎㅋㅎㅋㅎㅋㅎㅋㅎ끝", "끝", "끝"),
        ("a \r\n b", " ", " \r\n "),
    ],
)
def test_alignment_examples(original: str, part: str, expected: str) -> None:
    assert _part(align(original), part, original) == expected


def test_the_limit_holds_before_and_after_growth() -> None:
    assert len(normalise("\ufdfa" * 10_000)) <= DEFAULT.max_chars
    assert normalise("あ" * 3 + "い" * 3, TextLimits(max_chars=4)) == "あああい"
    # What comes after the limit is never looked at.
    assert normalise("ab" + "\u200b" * 3 + "c", TextLimits(max_chars=4)) == "ab"


@pytest.mark.parametrize("size", [0, -1])
def test_a_limit_must_leave_something(size: int) -> None:
    with pytest.raises(UsageError, match=f"at least 1, not {size}"):
        TextLimits(max_chars=size)
