from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plaint.text import _han_tables
from plaint.text.han import fold, fold_array, fold_table

LANGUAGES = ("ja", "ko", "zh-Hans", "zh-Hant", "other")
steady = settings(derandomize=True, deadline=None, max_examples=200)
texts = st.text(
    st.one_of(st.sampled_from("國国圓髙﨑發髮𠮷円a\n후"), st.characters(exclude_categories=()))
)


def _fits(character: str, *codecs: str) -> bool:
    for codec in codecs:
        try:
            character.encode(codec)
        except UnicodeEncodeError:
            continue
        return True
    return False


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("國語與臺灣的機會", "zh-Hant", "国语与台湾的机会"),
        ("頭髮發貨後來補貨問題", "zh-Hant", "头发发货后来补货问题"),
        ("这个國", "zh-Hans", "这个国"),
        ("機會を聲に、寢る", "ja", "機会を声に、寝る"),
        ("髙島屋の﨑田、𠮷野家", "ja", "高島屋の崎田、吉野家"),
        ("國民", "ko", "國民"),
        ("國民", "other", "國民"),
        ("國民", "no such language", "國民"),
    ],
)
def test_examples(text: str, language: str, expected: str) -> None:
    assert fold(text, language) == expected


@pytest.mark.parametrize("pairs", [_han_tables.TRADITIONAL_SIMPLIFIED, _han_tables.OLD_NEW])
def test_pairs_are_a_function_that_ends_after_one_step(pairs: str) -> None:
    sources, targets = pairs[::2], pairs[1::2]
    assert len(sources) == len(targets)
    assert len(set(sources)) == len(sources)
    assert not set(sources) & set(targets)
    assert all(character >= "\u3400" for character in pairs)


def test_pairs_go_from_the_character_set_of_one_country_to_that_of_the_other() -> None:
    traditional = _han_tables.TRADITIONAL_SIMPLIFIED
    assert not [c for c in traditional[::2] if not _fits(c, "big5", "cp950", "big5hkscs")]
    assert not [c for c in traditional[1::2] if not _fits(c, "gb2312")]
    assert not [c for c in _han_tables.OLD_NEW[1::2] if not _fits(c, "shift_jis")]


def test_tables_are_large_enough_to_matter() -> None:
    assert len(fold_table("zh-Hant")) > 2_000
    assert len(fold_table("ja")) > 350
    assert fold_table("zh-Hans") == fold_table("zh-Hant")
    assert fold_table("ko") == {}


def test_a_table_is_a_copy() -> None:
    fold_table("ja").clear()
    assert fold("國", "ja") == "国"


@steady
@given(texts, st.sampled_from(LANGUAGES))
def test_folding_keeps_the_length_and_is_done_once(text: str, language: str) -> None:
    folded = fold(text, language)
    assert len(folded) == len(text)
    assert fold(folded, language) == folded


@steady
@given(texts, st.sampled_from(LANGUAGES))
def test_arrays_fold_as_texts_do(text: str, language: str) -> None:
    codes = np.array([ord(character) for character in text], dtype=np.uint32)
    before = codes.copy()
    folded = fold_array(codes, language)
    assert folded.dtype == np.uint32
    assert "".join(map(chr, folded)) == fold(text, language)
    assert (codes == before).all()
