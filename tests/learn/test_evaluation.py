from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from plaint.errors import CorpusError, UsageError
from plaint.label.labeller import Labeller
from plaint.learn._figures import Answered, figures
from plaint.learn.corpus import Corpus
from plaint.learn.evaluation import ALL, Evaluation, evaluate
from plaint.model.answers import NOT_ASKED, Answerer

NAMES = ("red", "green", "blue")


def answered(truth: list[int], given: list[int], probability: list[float]) -> Answered:
    sure = np.array(probability)
    labels = np.array(given)
    return Answered(np.array(truth), labels, labels, labels, sure, sure >= 0.9)


@pytest.fixture(scope="module")
def rows(tiny_corpus: Corpus) -> pd.DataFrame:
    return tiny_corpus.messages.reset_index(drop=True)


@pytest.fixture(scope="module")
def found(tiny_labeller: Labeller, rows: pd.DataFrame) -> Evaluation:
    return evaluate(tiny_labeller, rows)


def test_figures_by_hand() -> None:
    one = figures(
        "colour",
        "ja",
        NAMES,
        answered([0, 0, 0, 1, 1], [0, 0, 1, 1, -1], [0.95, 0.9, 0.6, 0.8, 0.99]),
    )
    assert one.messages == 5
    assert one.accuracy == pytest.approx(3 / 5)
    # The last message has no answer: it counts as wrong, and how sure nobody was of it does not.
    assert one.confusion == ((2, 1, 0, 0), (0, 1, 0, 1), (0, 0, 0, 0))
    red, green, blue = one.labels
    assert (red.support, red.precision, red.recall) == (3, 1.0, pytest.approx(2 / 3))
    assert (green.support, green.precision, green.recall) == (2, 0.5, 0.5)
    assert (blue.support, blue.f1) == (0, 0.0)
    assert one.macro_f1 == pytest.approx((0.8 + 0.5) / 2), "blue never truly occurs"
    assert one.calibration_error == pytest.approx((abs(1.85 - 2) + abs(0.8 - 1) + 0.6) / 4)
    assert one.low < one.accuracy < one.high


def test_risk_and_coverage_by_hand() -> None:
    one = figures("colour", "ja", NAMES, answered([0, 0, 0, 0], [0, 0, 1, 0], [0.9, 0.8, 0.7, 0.6]))
    assert one.coverage_at == {"0.8": 0.5, "0.9": 0.5, "0.95": 0.5}
    assert dict(one.curve)[1.0] == pytest.approx(0.75)
    assert dict(one.curve)[0.5] == 1.0
    assert (one.auto_coverage, one.auto_precision) == (0.25, 1.0)


def test_messages_that_are_equally_sure_are_taken_together() -> None:
    one = figures("colour", "ja", NAMES, answered([0, 0], [0, 1], [0.7, 0.7]))
    assert one.coverage_at["0.8"] == 0.0
    assert one.auto_precision is None


def test_every_task_is_measured_by_language(found: Evaluation, rows: pd.DataFrame) -> None:
    assert [one.task for one in found.figures if one.language == ALL] == [
        "complaint",
        "root_cause",
        "factor",
        "emotional_state",
        "demand",
        "escalation",
    ]
    for task in ("complaint", "factor"):
        parts = [found.of(task, name) for name in ("ja", "ko", "zh")]
        whole = found.of(task)
        assert sum(part.messages for part in parts) == whole.messages == (rows[task] != "").sum()
        hits = sum(part.accuracy * part.messages for part in parts)
        assert hits == pytest.approx(whole.accuracy * whole.messages)
    # These messages were learned from: anything else would be a mix-up of labels.
    assert found.of("root_cause").accuracy > 0.9
    assert found.messages == len(rows)


def test_the_gate_stays_open(tiny_labeller: Labeller, rows: pd.DataFrame) -> None:
    scores = tiny_labeller.score(rows["text"].tolist())
    # A gate that answers everything with "no", as sure as can be.
    place = tiny_labeller.classifier.outputs()["complaint"]
    closed = tiny_labeller.classifier.classes_["complaint"].tolist().index("no")
    scores.logits[:, place] = -50
    scores.logits[:, place.start + closed] = 50
    answerer = Answerer(tiny_labeller.classifier, 0.5)
    priors = answerer.priors("training")
    assert (answerer.answer(scores, priors).decisions["demand"] == NOT_ASKED).any()
    opened = answerer.answer(scores, priors, gated=False)
    assert not (opened.decisions["demand"] == NOT_ASKED).any()


def test_shares_of_the_prior_stand_beside_the_true_ones(
    tiny_labeller: Labeller, rows: pd.DataFrame
) -> None:
    by_benchmark = evaluate(tiny_labeller, rows, "benchmark")
    assert [label.assumed for label in by_benchmark.of("root_cause", "ko").labels] == [
        pytest.approx(share)
        for share in tiny_labeller.answerer.taxonomy.benchmark("root_cause").values()
    ]
    assert [label.assumed for label in by_benchmark.of("root_cause").labels] == [None] * 3
    estimated = evaluate(tiny_labeller, rows)
    some = [label for one in estimated.figures for label in one.labels if label.low is not None]
    assert some
    for label in some:
        assert label.low <= label.assumed <= label.high
    for one in estimated.figures:
        assert sum(label.share for label in one.labels) == pytest.approx(1)


def test_the_training_prior_is_its_own_comparison(
    tiny_labeller: Labeller, rows: pd.DataFrame
) -> None:
    found = evaluate(tiny_labeller, rows, "training")
    for one in found.figures:
        assert one.accuracy == one.accuracy_training


def test_an_unlabelled_row_counts_only_for_the_estimate(
    tiny_labeller: Labeller, rows: pd.DataFrame
) -> None:
    extra = pd.DataFrame({"text": ["まだ届きません", None], "language": ["ja", "ja"]})
    found = evaluate(tiny_labeller, pd.concat([rows, extra], ignore_index=True), "training")
    before = evaluate(tiny_labeller, rows, "training")
    assert found.figures == before.figures
    assert found.messages == before.messages + 2


def test_without_a_language_the_identified_one_groups(
    tiny_labeller: Labeller, rows: pd.DataFrame
) -> None:
    found = evaluate(tiny_labeller, rows.drop(columns="language"))
    assert {one.language for one in found.figures} >= {ALL, "ja", "ko", "zh"}
    short = rows.assign(language=[name.split("-")[0] for name in rows["language"]])
    assert evaluate(tiny_labeller, short) == evaluate(tiny_labeller, rows)


def test_an_unreadable_message_is_answered_wrongly(tiny_labeller: Labeller) -> None:
    rows = pd.DataFrame({"text": ["", "返品したい"], "language": "ja", "complaint": ["yes", "yes"]})
    one = evaluate(tiny_labeller, rows, "training").of("complaint")
    assert one.messages == 2
    assert one.confusion[0][-1] + one.confusion[1][-1] == 1
    assert one.accuracy <= 0.5


def test_a_column_of_a_task_may_be_missing(tiny_labeller: Labeller, rows: pd.DataFrame) -> None:
    found = evaluate(tiny_labeller, rows[["text", "demand"]])
    assert {one.task for one in found.figures} == {"demand"}
    with pytest.raises(KeyError, match="escalation"):
        found.of("escalation")


@pytest.mark.parametrize(
    ("columns", "error", "message"),
    [
        ({"words": ["a"]}, CorpusError, "Expected a column 'text', found words"),
        ({"text": ["a"]}, CorpusError, "no message has any"),
        ({"text": ["a"], "demand": [""]}, CorpusError, "no message has any"),
        ({"text": ["a"], "demand": ["gold"]}, CorpusError, "'demand' has no label gold"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    tiny_labeller: Labeller, columns: dict[str, list[str]], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        evaluate(tiny_labeller, pd.DataFrame(columns))


def test_an_unknown_prior_is_refused(tiny_labeller: Labeller) -> None:
    rows = pd.DataFrame({"text": ["返品"], "demand": ["refund"]})
    with pytest.raises(UsageError, match="no prior 'guess'"):
        evaluate(tiny_labeller, rows, "guess")


def test_it_is_the_same_every_time(
    tiny_labeller: Labeller, rows: pd.DataFrame, found: Evaluation
) -> None:
    assert evaluate(tiny_labeller, rows) == found


def test_plain_values_for_json(found: Evaluation) -> None:
    values = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert values["version"] == found.version
    assert len(values["figures"]) == len(found.figures)
    assert values["figures"][0]["labels"][0].keys() >= {"label", "support", "precision", "assumed"}


def test_tables_are_text_of_one_width(found: Evaluation) -> None:
    tables = found.tables(["root_cause"])
    assert len(tables) == 2 + len({one.language for one in found.figures})
    for table in tables:
        assert table.rows
        for row in table.rows:
            assert len(row) == len(table.columns)
            assert all(isinstance(cell, str) for cell in row)
    assert not any(ord(letter) > 127 for table in tables for letter in table.title)


def test_one_language_is_shown_once(
    tiny_labeller: Labeller, rows: pd.DataFrame, found: Evaluation
) -> None:
    one = evaluate(tiny_labeller, rows[rows["language"] == "ko"])
    assert {figures.language for figures in one.figures} == {ALL, "ko"}
    overview, trust, *details = one.tables(["root_cause"])
    tasks = [figures.task for figures in one.figures if figures.language == ALL]
    for table in (overview, trust):
        assert [row[:2] for row in table.rows] == [(task, "ko") for task in tasks]
    assert [table.title for table in details] == ["root_cause, language ko"]
    for table in found.tables()[:2]:
        assert [row[:2] for row in table.rows] == [(x.task, x.language) for x in found.figures]


def test_anything_that_answers_can_be_measured(tiny_labeller: Labeller, rows: pd.DataFrame) -> None:
    other = SimpleNamespace(version="v-other", answerer=tiny_labeller.answerer)
    assert evaluate(other, rows.head(30)).version == "v-other"
