from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from plaint.errors import UsageError
from plaint.label.labeller import Labeller
from plaint.model.answers import (
    NO_LABEL,
    NOT_ASKED,
    PRIORS,
    Answerer,
    decision_word,
)
from plaint.model.decisions import Decision
from plaint.model.scores import Flag, Scores

TEXTS = [
    "返品したいのですが、電話がつながりません",
    "説明書を読まずに使った私の責任です",
    "배송이 너무 늦어요. 환불해 주세요",
    "바느질이 다 풀렸어요",
    "客服一直不回复，我要退款",
    "质量太差，用了两天就坏了",
    "",
    "where is my parcel",
]


@pytest.fixture(scope="module")
def answerer(tiny_labeller: Labeller) -> Answerer:
    return tiny_labeller.answerer


@pytest.fixture(scope="module")
def scores(tiny_labeller: Labeller) -> Scores:
    return tiny_labeller.score(TEXTS * 20)


@pytest.mark.parametrize("kind", PRIORS)
def test_probabilities_are_probabilities(answerer: Answerer, scores: Scores, kind: str) -> None:
    found = answerer.answer(scores, answerer.priors(kind, scores))
    for task in answerer.taxonomy.task_ids:
        probabilities = found.probabilities[task]
        assert probabilities.min() >= 0
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-9)


@pytest.mark.parametrize("kind", PRIORS)
def test_a_refining_task_agrees_with_what_it_refines(
    answerer: Answerer, scores: Scores, kind: str
) -> None:
    found = answerer.answer(scores, answerer.priors(kind, scores), gated=False)
    taxonomy = answerer.taxonomy
    for task in taxonomy.tasks:
        if task.refines is None:
            continue
        parent = taxonomy.task(task.refines)
        children = np.array([parent.index(str(label.parent)) for label in task.labels])
        given = found.labels[task.id] != NO_LABEL
        assert given.any()
        own = children[found.labels[task.id][given]]
        np.testing.assert_array_equal(own, found.labels[parent.id][given])
        # What is known of the details cannot exceed what is known of the whole.
        for index in range(len(parent.labels)):
            np.testing.assert_allclose(
                found.probabilities[task.id][:, children == index].sum(axis=1),
                found.probabilities[parent.id][:, index],
                atol=1e-9,
            )


def test_an_unreadable_message_gets_no_answer(answerer: Answerer, scores: Scores) -> None:
    found = answerer.answer(scores, answerer.priors("training"))
    for row in (TEXTS.index(""), TEXTS.index("where is my parcel")):
        for task in answerer.taxonomy.task_ids:
            assert found.labels[task][row] == NO_LABEL
            assert found.decisions[task][row] == Decision.ABSTAIN
            assert np.isnan(found.chosen(task)[row])
    assert answerer.reason(scores, found, TEXTS.index(""), "demand") == "the message has no text"


def test_a_doubtful_message_is_never_decided_alone(tiny_labeller: Labeller, scores: Scores) -> None:
    answerer = Answerer(tiny_labeller.classifier, 0.5)
    priors = answerer.priors("training")
    sure = answerer.answer(scores, priors)
    task = "complaint"
    assert (sure.decisions[task] == Decision.AUTO).any()
    doubtful = replace(scores, flags=scores.flags | np.uint16(Flag.LANGUAGE_UNSURE))
    found = answerer.answer(doubtful, priors)
    assert not (found.decisions[task] == Decision.AUTO).any()
    row = int(np.flatnonzero(sure.decisions[task] == Decision.AUTO)[0])
    assert answerer.reason(doubtful, found, row, task) == "the language is uncertain"


def test_a_closed_gate_asks_nothing_more(tiny_labeller: Labeller, scores: Scores) -> None:
    answerer = Answerer(tiny_labeller.classifier, 0.5)
    gate = answerer.taxonomy.gate_task
    assert gate is not None
    place = tiny_labeller.classifier.outputs()[gate.id]
    logits = scores.logits.copy()
    logits[:, place] = [-50.0 if label == gate.gate else 50.0 for label in gate.label_ids]
    shut = replace(scores, logits=logits)
    found = answerer.answer(shut, answerer.priors("training"))
    closed = found.decisions[gate.id] == Decision.AUTO
    assert closed.any()
    for task in set(answerer.taxonomy.task_ids) - {gate.id}:
        assert (found.decisions[task][closed] == NOT_ASKED).all()
        assert (found.labels[task][closed] == NO_LABEL).all()
        assert (found.decisions[task][~closed] != NOT_ASKED).all()
    row = int(np.flatnonzero(closed)[0])
    assert "no complaint" in answerer.reason(shut, found, row, "demand")
    opened = answerer.answer(shut, answerer.priors("training"), gated=False)
    assert (opened.labels["demand"][closed] != NO_LABEL).all()


def test_a_message_is_answered_alike_alone_and_among_others(
    answerer: Answerer, scores: Scores
) -> None:
    priors = answerer.priors("benchmark")
    whole = answerer.answer(scores, priors)
    for row in range(len(TEXTS)):
        alone = answerer.answer(scores.take([row]), priors)
        for task in answerer.taxonomy.task_ids:
            assert alone.labels[task][0] == whole.labels[task][row]
            assert alone.decisions[task][0] == whole.decisions[task][row]
            # Sums over a batch may add in another order, which the last digit shows.
            np.testing.assert_allclose(
                alone.probabilities[task][0], whole.probabilities[task][row], rtol=1e-12
            )


def test_a_prior_moves_the_answers_its_way(answerer: Answerer, scores: Scores) -> None:
    priors = answerer.priors("training")
    task = "root_cause"
    favoured = np.array([0.9, 0.05, 0.05])
    shares = {name: {**tasks, task: favoured} for name, tasks in priors.shares.items()}
    before = answerer.answer(scores, priors).probabilities[task]
    after = answerer.answer(scores, replace(priors, shares=shares)).probabilities[task]
    readable = scores.flags == 0
    assert (after[readable, 0] > before[readable, 0]).all()


def test_the_benchmark_is_that_of_the_taxonomy(answerer: Answerer) -> None:
    benchmark = answerer.priors("benchmark")
    training = answerer.priors("training")
    shares = answerer.taxonomy.benchmark("root_cause")
    assert shares is not None
    for name in benchmark.shares:
        np.testing.assert_allclose(benchmark.shares[name]["root_cause"], list(shares.values()))
        assert answerer.taxonomy.benchmark("demand") is None
        np.testing.assert_array_equal(
            benchmark.shares[name]["demand"], training.shares[name]["demand"]
        )


def test_an_estimate_reports_its_interval(answerer: Answerer, scores: Scores) -> None:
    report = answerer.report(answerer.priors("estimate", scores))
    applied = [row for row in report if row["applied"]]
    assert applied
    assert len(applied) < len(report), "where estimating did not pay, training shares stay"
    for row in applied:
        assert row["low"] <= row["share"] <= row["high"]
        assert row["messages"] > 0
    by_task: dict[tuple[str, str], float] = {}
    for row in report:
        key = (row["language"], row["task"])
        by_task[key] = by_task.get(key, 0.0) + row["share"]
    assert all(total == pytest.approx(1, abs=1e-3) for total in by_task.values())
    assert not any(row["applied"] for row in answerer.report(answerer.priors("training")))


def test_an_estimate_follows_the_messages(answerer: Answerer, scores: Scores) -> None:
    for name, number in (("ja", 0), ("ko", 1)):
        tasks = answerer.priors("estimate", scores).estimates[name]
        for task, estimate in tasks.items():
            own = scores.take(scores.language == number)
            place = answerer.classifier.outputs()[task]
            own.logits[:, place.start] += 5
            moved = answerer.priors("estimate", own).estimates[name][task]
            assert moved.shares[0] > estimate.shares[0]


def test_without_messages_nothing_is_estimated(answerer: Answerer, scores: Scores) -> None:
    priors = answerer.priors("estimate", scores.take([]))
    assert not any(priors.estimates.values())
    np.testing.assert_array_equal(
        priors.shares["ko"]["demand"], answerer.priors("training").shares["ko"]["demand"]
    )


@pytest.mark.parametrize("precision", [0.49, 1.0, 1.5])
def test_a_precision_out_of_range_is_refused(tiny_labeller: Labeller, precision: float) -> None:
    with pytest.raises(UsageError, match=r"between 0\.5 and 1"):
        Answerer(tiny_labeller.classifier, precision)


def test_a_stricter_wish_decides_less(tiny_labeller: Labeller, scores: Scores) -> None:
    decided = []
    for precision in (0.5, 0.8, 0.95):
        answerer = Answerer(tiny_labeller.classifier, precision)
        found = answerer.answer(scores, answerer.priors("training"), gated=False)
        decided.append(
            sum(int((codes == Decision.AUTO).sum()) for codes in found.decisions.values())
        )
    assert decided == sorted(decided, reverse=True)
    assert decided[0] > decided[-1]


def test_a_reason_says_what_was_needed(answerer: Answerer, scores: Scores) -> None:
    found = answerer.answer(scores, answerer.priors("training"))
    for task in answerer.taxonomy.task_ids:
        for row in range(len(TEXTS)):
            assert answerer.reason(scores, found, row, task)


def test_unknown_priors_are_refused(answerer: Answerer) -> None:
    with pytest.raises(UsageError, match="no prior 'guess'; choose one of training"):
        answerer.priors("guess")
    with pytest.raises(UsageError, match="needs messages"):
        answerer.priors("estimate")


def test_words_of_decisions() -> None:
    assert [decision_word(int(code)) for code in (*Decision, NOT_ASKED)] == [
        "auto",
        "review",
        "abstain",
        "",
    ]


def test_scores_far_apart_give_no_empty_shares(answerer: Answerer, scores: Scores) -> None:
    logits = scores.logits.copy()
    logits[:, ::2] += 2_000
    found = answerer.answer(
        replace(scores, logits=logits), answerer.priors("training"), gated=False
    )
    for task in answerer.taxonomy.task_ids:
        np.testing.assert_allclose(found.probabilities[task].sum(axis=1), 1, atol=1e-9)


def test_a_task_may_stand_before_the_one_that_it_refines(answerer: Answerer) -> None:
    plain = replace(answerer.taxonomy.tasks[-1], gate=None, refines=None)
    chain = tuple(
        replace(plain, id=name, refines=refined)
        for name, refined in (("last", "middle"), ("first", None), ("middle", "first"))
    )
    other = Answerer(answerer.classifier)
    other.taxonomy = replace(other.taxonomy, tasks=chain)
    assert [task.id for task in other._parents_first()] == ["first", "middle", "last"]
