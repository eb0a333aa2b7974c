from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from plaint.model.decisions import (
    TARGETS,
    WORDS,
    Decision,
    Thresholds,
    learn_thresholds,
    thresholds_for,
)

quick = settings(derandomize=True, deadline=None, max_examples=100)
answers = st.lists(st.tuples(st.sampled_from([i / 20 for i in range(21)]), st.booleans()))


def calibrated(seed: int, n_messages: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    rng = np.random.default_rng(seed)
    probability = rng.uniform(0.3, 1.0, n_messages)
    return probability, rng.uniform(size=n_messages) < probability


class TestLearning:
    @quick
    @given(answers=answers)
    def test_thresholds_rise_with_the_target_and_reach_it(
        self, answers: list[tuple[float, bool]]
    ) -> None:
        probability = np.array([value for value, _ in answers])
        right = np.array([value for _, value in answers], dtype=bool)
        found = learn_thresholds(probability, right)
        assert found.shape == (len(TARGETS),)
        assert (np.diff(found) >= 0).all()
        assert (found >= TARGETS).all()
        for target, threshold in zip(TARGETS, found, strict=True):
            taken = probability >= threshold
            if threshold <= 1 and taken.any():
                assert right[taken].mean() >= target

    @quick
    @given(answers=answers.filter(bool), seed=st.integers(0, 99))
    def test_the_order_of_messages_does_not_matter(
        self, answers: list[tuple[float, bool]], seed: int
    ) -> None:
        probability = np.array([value for value, _ in answers])
        right = np.array([value for _, value in answers])
        order = np.random.default_rng(seed).permutation(len(answers))
        np.testing.assert_array_equal(
            learn_thresholds(probability, right), learn_thresholds(probability[order], right[order])
        )

    def test_equal_probabilities_are_taken_all_or_none(self) -> None:
        # The first hundred alone would earn the target, the other hundred share their threshold.
        probability = np.full(200, 0.96)
        right = np.arange(200) < 100
        assert learn_thresholds(probability, right)[TARGETS.index(0.95)] > 1

    @pytest.mark.parametrize("target", [0.6, 0.75, 0.8, 0.9, 0.95])
    def test_new_messages_are_answered_as_precisely_as_wished(self, target: float) -> None:
        kept = []
        for seed in range(10):
            thresholds = thresholds_for(learn_thresholds(*calibrated(seed, 8_000)), target)
            probability, right = calibrated(1_000 + seed, 4_000)
            auto = thresholds.decide(probability) == Decision.AUTO
            assert auto.any()
            kept.append(right[auto].mean())
        assert np.mean(kept) >= target

    @pytest.mark.parametrize(
        ("probability", "right"),
        [
            (np.empty(0), np.empty(0, dtype=bool)),
            (np.full(500, 0.999), np.zeros(500, dtype=bool)),
            (np.array([1.0]), np.array([True])),  # one message proves nothing
            (np.full(500, 0.3), np.ones(500, dtype=bool)),  # right, but without being sure
        ],
        ids=["empty", "all wrong", "one message", "unsure"],
    )
    def test_what_has_shown_nothing_is_never_used(
        self, probability: NDArray[np.float64], right: NDArray[np.bool_]
    ) -> None:
        found = learn_thresholds(probability, right)
        assert (found > 1).all()
        decided = thresholds_for(found, 0.5).decide(np.array([1.0, 0.26, 0.24]))
        assert decided.tolist() == [Decision.REVIEW, Decision.REVIEW, Decision.ABSTAIN]

    def test_overconfident_probabilities_are_not_believed(self) -> None:
        rng = np.random.default_rng(0)
        probability = rng.uniform(0.9, 1.0, 2_000)
        found = learn_thresholds(probability, rng.uniform(size=2_000) < 0.7)
        assert found[TARGETS.index(0.9)] > 1
        assert found[TARGETS.index(0.6)] <= 1


class TestThresholds:
    def test_decisions_are_ordered_like_probabilities(self) -> None:
        thresholds = Thresholds(precision=0.8, auto=0.85, review=0.4)
        decided = thresholds.decide(np.array([0.39, 0.4, 0.84, 0.85, 1.0], dtype=np.float32))
        assert decided.dtype == np.uint8
        assert [WORDS[number] for number in decided] == [
            "abstain",
            "review",
            "review",
            "auto",
            "auto",
        ]
        assert thresholds.decide(np.empty(0)).shape == (0,)

    def test_a_wish_in_between_takes_the_next_higher_target(self) -> None:
        learned = np.linspace(0.9, 0.99, len(TARGETS))
        assert thresholds_for(learned, 0.8).auto == learned[TARGETS.index(0.8)]
        assert thresholds_for(learned, 0.81).auto == learned[TARGETS.index(0.85)]
        assert thresholds_for(learned, 0.1).auto == learned[0]

    def test_a_stricter_wish_never_answers_more(self) -> None:
        learned = learn_thresholds(*calibrated(0, 3_000))
        limits = [thresholds_for(learned, wish / 100) for wish in range(1, 101)]
        assert (np.diff([limit.auto for limit in limits]) >= 0).all()
        assert (np.diff([limit.review for limit in limits]) >= 0).all()

    def test_a_wish_that_was_never_tested_is_never_met(self) -> None:
        learned = np.full(len(TARGETS), 0.5)
        assert thresholds_for(learned, 0.99).auto == 0.99
        assert thresholds_for(learned, 0.995).auto > 1

    @pytest.mark.parametrize(
        ("limit", "probability", "words"),
        [
            (0.9, 0.95, "probability 0.95 reaches 0.90, needed for a precision of 0.8"),
            (0.9, 0.85, "probability 0.85 is below 0.90, needed for a precision of 0.8"),
            (0.9, 0.15, "probability 0.15 is below 0.40: the answer is likelier wrong"),
            (0.9, 0.898, "probability 0.898 is below 0.900, needed"),
            (0.9, 0.39999, "probability 0.39999 is below 0.40000: the answer"),
            (1.01, 0.99, "no probability has shown a precision of 0.8"),
        ],
    )
    def test_reasons(self, limit: float, probability: float, words: str) -> None:
        thresholds = Thresholds(precision=0.8, auto=limit, review=0.4)
        decision = Decision(int(thresholds.decide(np.array([probability]))[0]))
        assert thresholds.reason(probability, decision).startswith(words)


def test_words_are_public() -> None:
    assert WORDS == ("auto", "review", "abstain")
    assert [decision.word for decision in Decision] == list(WORDS)
