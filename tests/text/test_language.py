from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plaint.text import _language_weights as weights
from plaint.text import language
from plaint.text.language import LANGUAGES, OTHER, identify
from plaint.text.normalise import normalise_batch

CORPUS = Path(__file__).parents[2] / "data/corpus"
steady = settings(derandomize=True, deadline=None, max_examples=200)
texts = st.text(
    st.one_of(
        st.sampled_from("返品対応円很差國国。のア후ㅠ가 abй9😀𠮷\n"),
        st.characters(exclude_categories=()),
    ),
    max_size=30,
)

# Headlines of complaints as Japanese customers write them: no kana at all.
HAN_ONLY_JAPANESE = """
返品希望 返金対応希望 商品破損至急連絡求 不良品交換希望 注文内容相違 配送遅延理由説明要求
即時返金要求 電源不良 初期不良交換希望 在庫確認中連絡無 対応最悪 接客態度最悪 二度購入不可
商品未着 発送連絡皆無 画面破損 電池寿命短過 説明書不備 部品欠品 請求金額相違 料金二重請求
返金未完了 店員態度横柄 予約取消手数料返金希望 期待外 残念至極 包装不良 賞味期限切 異物混入
品質劣化激 音質劣悪 電話対応不親切 全然駄目 最低最悪 味薄量少 価格相応 説明不足 返信皆無
問合番号不明 修理期間長過 保証期間内故障 契約解除希望 解約手続不明瞭 充電不可 動作不安定
即日故障 耐久性皆無 縫製粗雑 色違到着 欠陥商品 宅配業者対応最悪 荷物紛失 配達日時指定無視
駐車場狭 部屋清掃不十分 騒音問題未解決 朝食品数少 受付対応遅 返却手続面倒 謝罪要求
"""


def _corpus() -> tuple[list[str], np.ndarray]:
    rows = []
    for path in sorted(CORPUS.glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows += list(csv.DictReader(stream))
    return normalise_batch([row["text"] for row in rows]), np.array([r["language"] for r in rows])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("届いた商品が壊れていました。", "ja"),
        ("バッテリー", "ja"),
        ("Galaxy Watch の電池がすぐ切れる", "ja"),
        ("優の良品を買いましたが最悪です", "ja"),
        ("배송이 너무 늦어요ㅠㅠ", "ko"),
        ("네", "ko"),
        ("ㅋㅋㅋ", "ko"),
        ("大韓民國 國民 여러분", "ko"),
        ("iPhone 15 충전기 고장", "ko"),
        ("质量太差了，我要退款", "zh-Hans"),
        ("我买了삼성手机，屏幕坏了", "zh-Hans"),
        ("优の品 质量很差不推荐", "zh-Hans"),
        ("iPhone 15 Pro Max 充电器坏了", "zh-Hans"),
        ("客服態度超差，東西還沒到", "zh-Hant"),
        ("ㄟ這個很爛ㄟ", "zh-Hant"),
        ("Where is my refund?", OTHER),
        ("I ordered the 抹茶 cake and it never arrived", OTHER),
        ("Где мой заказ?", OTHER),
        ("สินค้าเสียหาย", OTHER),
        ("😀😀", OTHER),
        ("12345 !!", OTHER),
        ("", OTHER),
    ],
)
def test_examples(text: str, expected: str) -> None:
    assert identify([text]).codes.tolist() == [expected]


def test_japanese_without_kana() -> None:
    headlines = HAN_ONLY_JAPANESE.split()
    right = identify(headlines).codes == "ja"
    assert right.mean() >= 0.95, [t for t, ok in zip(headlines, right, strict=True) if not ok]


def test_a_mixed_text_is_less_sure_than_a_pure_one() -> None:
    pure, mixed = identify(["배송이 늦어요", "배송이 늦어요 这个退款太慢了"]).confidence
    assert mixed < pure
    pure, mixed = identify(["電池がすぐ切れる", "Galaxy Watch Ultra の電池がすぐ切れる"]).confidence
    assert mixed < pure


def test_without_letters_nothing_is_sure() -> None:
    assert identify(["", "  ", "123", "😀!?"]).confidence.tolist() == [0.0] * 4


def test_the_corpus_is_recognised() -> None:
    found, expected = _corpus()
    right = identify(found).codes == expected
    assert right.mean() >= 0.995
    for name in LANGUAGES:
        assert right[expected == name].mean() >= 0.99, name


def test_the_confidence_means_what_it_says() -> None:
    found, expected = _corpus()
    short = [text[: 2 + i % 9] for i, text in enumerate(found)]
    judged = identify(short)
    right = judged.codes == expected
    for low, high in ((0.5, 0.8), (0.8, 0.95), (0.95, 1.0)):
        chosen = (judged.confidence >= low) & (judged.confidence < high)
        assert chosen.sum() > 100
        assert abs(right[chosen].mean() - judged.confidence[chosen].mean()) < 0.1


@steady
@given(st.lists(texts, max_size=6))
def test_any_texts_get_an_answer_each_of_its_own(many: list[str]) -> None:
    found = identify(many)
    assert len(found.codes) == len(found.confidence) == len(many)
    assert found.confidence.dtype == np.float32
    assert set(found.codes) <= {*LANGUAGES, OTHER}
    assert ((found.confidence >= 0) & (found.confidence <= 1)).all()
    without_feeds = [text.replace("\n", " ") for text in many]
    alone = [identify([text]) for text in without_feeds]
    together = identify(without_feeds)
    assert together.codes.tolist() == [one.codes[0] for one in alone]
    assert np.allclose(together.confidence, [one.confidence[0] for one in alone], atol=1e-4)


def test_texts_longer_than_a_counter_are_read_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "_READ_CHARS", 10)
    assert identify(["あ" * 10 + "가" * 100, "한글"]).codes.tolist() == ["ja", "ko"]


def test_weights_are_complete() -> None:
    for names, size, *levels in (
        (weights.CHARACTERS, 1, weights.CHARACTER_JAPANESE, weights.CHARACTER_TRADITIONAL),
        (weights.PAIRS, 2, weights.PAIR_JAPANESE, weights.PAIR_TRADITIONAL),
    ):
        split = re.findall("." * size, names)
        assert len(set(split)) == len(split)
        for level in levels:
            assert len(level) == len(split)
            assert set(level) <= set(weights.LEVELS)
