from __future__ import annotations

import numpy as np
import pytest

from plaint.errors import InputError
from plaint.label.labeller import Labeller
from plaint.model.classifier import ComplaintClassifier
from plaint.model.explain import explain

TEXTS = {
    "ja": "返品したいのですが、ﾃﾞﾝﾜがつながりません！！！！！",
    "ko": "배송이 너무 늦어요ㅠㅠㅠㅠㅠㅠ 환불해 주세요",
    "zh-Hans": "客服一直不回复，　我要退款……",
    "zh-Hant": "客服一直不回覆，我要退款",
}


@pytest.fixture(scope="module")
def classifier(tiny_labeller: Labeller) -> ComplaintClassifier:
    return tiny_labeller.classifier


@pytest.mark.parametrize("language", TEXTS)
def test_spans_add_up_to_the_logit(classifier: ComplaintClassifier, language: str) -> None:
    text = TEXTS[language]
    logits = classifier.score([text], language).logits[0].astype(np.float64)
    for task, place in classifier.outputs().items():
        for number, label in enumerate(classifier.classes_[task]):
            why = explain(classifier, text, {task: str(label)}, language)[task]
            own = logits[place]
            assert why.score == pytest.approx(own[number] - own.mean(), abs=1e-4)
            assert why.base + sum(span.weight for span in why.spans) == pytest.approx(why.score)


@pytest.mark.parametrize("language", TEXTS)
def test_spans_are_places_in_the_text_as_sent(
    classifier: ComplaintClassifier, language: str
) -> None:
    text = TEXTS[language]
    why = explain(classifier, text, {"demand": "refund"}, language)["demand"]
    last = 0
    for span in why.spans:
        assert 0 <= span.start < span.end <= len(text)
        assert span.start >= last
        last = span.end
    # Most of the text is covered: only what normalising dropped is not.
    assert sum(span.end - span.start for span in why.spans) > len(text) / 2


def test_the_strongest_speak_for_the_label(classifier: ComplaintClassifier) -> None:
    why = explain(classifier, TEXTS["ko"], {"demand": "refund"})["demand"]
    strongest = why.strongest(3)
    weights = [span.weight for span in strongest]
    assert 0 < len(strongest) <= 3
    assert weights == sorted(weights, reverse=True)
    assert min(weights) > 0
    assert weights[0] == max(span.weight for span in why.spans)
    assert why.strongest(0) == ()


def test_the_language_is_identified_when_not_given(classifier: ComplaintClassifier) -> None:
    labels = {"demand": "refund"}
    assert explain(classifier, TEXTS["ja"], labels) == explain(
        classifier, TEXTS["ja"], labels, "ja"
    )


@pytest.mark.parametrize("text", ["", "   ", "where is my parcel"])
def test_nothing_to_explain(classifier: ComplaintClassifier, text: str) -> None:
    with pytest.raises(InputError, match="nothing to explain") as caught:
        explain(classifier, text, {"demand": "refund"})
    assert "parcel" not in str(caught.value)
