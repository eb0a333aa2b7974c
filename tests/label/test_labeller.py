from __future__ import annotations

import json

import pytest

from plaint.errors import UsageError, VersionNotFound
from plaint.label.labeller import Labeller, load_labeller
from plaint.model.classifier import ComplaintClassifier

TEXTS = [
    "返品したいのですが、電話がつながりません",
    "배송이 너무 늦어요. 환불해 주세요",
    "客服一直不回复，我要退款",
    "客服一直不回覆，我要退款",
    "",
    "where is my parcel",
]


def test_every_row_has_a_cell_for_every_column(tiny_labeller: Labeller) -> None:
    scores = tiny_labeller.score(TEXTS)
    rows = tiny_labeller.answers(scores, tiny_labeller.priors("training"))
    assert len(rows) == len(TEXTS)
    names = tiny_labeller.columns
    assert len(set(names)) == len(names) == 3 * len(tiny_labeller.tasks) + 3
    assert tiny_labeller.types.keys() == set(names)
    for row in rows:
        cells = dict(zip(names, row, strict=True))
        for name, cell in cells.items():
            number = tiny_labeller.types[name] == "number"
            assert cell is None or isinstance(cell, float if number else str)
        assert cells["version"] == tiny_labeller.version
    languages = [row[names.index("language")] for row in rows]
    assert languages[:4] == ["ja", "ko", "zh-Hans", "zh-Hant"]
    assert languages[5] == "other"


def test_cells_of_what_cannot_be_read(tiny_labeller: Labeller) -> None:
    rows = tiny_labeller.answers(tiny_labeller.score(TEXTS), tiny_labeller.priors("training"))
    empty = dict(zip(tiny_labeller.columns, rows[4], strict=True))
    foreign = dict(zip(tiny_labeller.columns, rows[5], strict=True))
    assert empty["warnings"] == "empty"
    assert "other-language" in str(foreign["warnings"])
    for cells in (empty, foreign):
        for task in tiny_labeller.tasks:
            assert cells[task] == ""
            assert cells[f"{task}_probability"] is None
            assert cells[f"{task}_decision"] == "abstain"


@pytest.mark.parametrize("prior", ["training", "benchmark", "estimate"])
def test_cells_and_predictions_say_the_same(tiny_labeller: Labeller, prior: str) -> None:
    scores = tiny_labeller.score(TEXTS)
    rows = tiny_labeller.answers(scores, tiny_labeller.priors(prior, scores))
    for row, prediction in zip(rows, tiny_labeller.predictions(TEXTS, prior=prior), strict=True):
        cells = dict(zip(tiny_labeller.columns, row, strict=True))
        assert cells["language"] == prediction["language"]
        assert str(cells["warnings"]).split() == prediction["warnings"]
        for task in tiny_labeller.tasks:
            assert cells[task] == (prediction[task]["label"] or "")
            assert cells[f"{task}_probability"] == prediction[task]["probability"]
            assert cells[f"{task}_decision"] == (prediction[task]["decision"] or "")


def test_a_prediction_is_complete_and_plain(tiny_labeller: Labeller) -> None:
    found = tiny_labeller.predictions(TEXTS[:2], ["a", None], evidence=True)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found[0]["id"] == "a"
    assert "id" not in found[1]
    for task in tiny_labeller.tasks:
        answer = found[0][task]
        ranked = [entry["probability"] for entry in answer["ranking"]]
        assert ranked == sorted(ranked, reverse=True)
        assert sum(ranked) == pytest.approx(1, abs=1e-3)
        assert answer["reason"]


def test_evidence_points_into_the_text_as_sent(tiny_labeller: Labeller) -> None:
    text = "　　" + TEXTS[0]
    (found,) = tiny_labeller.predictions([text], evidence=True)
    spans = [span for own in found["evidence"].values() for span in own]
    assert spans
    for span in spans:
        assert 2 <= span["start"] < span["end"] <= len(text)
        assert span["weight"] > 0


def test_there_is_no_evidence_where_there_is_no_answer(tiny_labeller: Labeller) -> None:
    (found,) = tiny_labeller.predictions([""], evidence=True)
    assert found["evidence"] == {}
    assert found["complaint"]["label"] is None
    assert found["complaint"]["ranking"] == []


def test_a_language_that_is_given_counts(tiny_labeller: Labeller) -> None:
    (found,) = tiny_labeller.predictions(["返品"], language="zh-Hant")
    assert found["language"] == "zh-Hant"
    with pytest.raises(UsageError, match="'en' is not one that plaint reads"):
        tiny_labeller.predictions(["返品"], language="en")


def test_no_messages_at_all(tiny_labeller: Labeller) -> None:
    scores = tiny_labeller.score([])
    assert tiny_labeller.answers(scores, tiny_labeller.priors("estimate", scores)) == []
    assert tiny_labeller.predictions([], prior="estimate") == []


def test_a_long_message_is_cut_and_says_so(tiny_labeller: Labeller) -> None:
    (found,) = tiny_labeller.predictions(["返品したい" * 2_000])
    assert "cut" in found["warnings"]
    assert found["complaint"]["label"]


def test_a_report_of_shares(tiny_labeller: Labeller) -> None:
    report = tiny_labeller.report(tiny_labeller.priors("benchmark"))
    assert {row["task"] for row in report} == set(tiny_labeller.tasks)
    assert {row["language"] for row in report} == {"ja", "ko", "zh"}


def test_what_is_loaded_answers_as_what_was_trained(
    tiny_labeller: Labeller, tiny_models: str
) -> None:
    named = load_labeller(tiny_models, tiny_labeller.version, precision=0.8)
    assert isinstance(named.classifier, ComplaintClassifier)
    assert named.answerer.precision == 0.8
    assert named.version == tiny_labeller.version
    scores = named.score(TEXTS)
    assert scores.logits.tolist() == tiny_labeller.score(TEXTS).logits.tolist()


def test_a_version_that_is_not_there(tiny_models: str) -> None:
    with pytest.raises(VersionNotFound):
        load_labeller(tiny_models, "v-00000000")


@pytest.mark.parametrize(
    ("text", "is_cut"),
    [
        ("遅い返品" * 2_000, False),
        ("遅い返品" * 2_000 + "返", True),
        # One character becomes two, with the text as long as it may be or shorter.
        ("㌔遅い返品" * 1_600, True),
        ("㌔遅い返品" * 1_333 + "返品", False),
        ("㌔遅い返品" * 1_333 + "返品、", True),
        ("㌔遅い返品" * 1_333 + "返 品", True),
    ],
)
def test_a_text_that_was_read_in_part_says_so(
    tiny_labeller: Labeller, text: str, is_cut: bool
) -> None:
    [prediction] = tiny_labeller.predictions([text])
    assert ("cut" in prediction["warnings"]) == is_cut
