from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from plaint.model.priors import (
    ANCHORS,
    Estimate,
    adjust,
    estimate,
    gather_evidence,
    log_shares,
)

quick = settings(derandomize=True, deadline=None, max_examples=60)
SHARES = np.array([0.68, 0.14, 0.18])
EQUAL = np.full(3, 1 / 3)
share_vectors = st.lists(st.floats(0.01, 1), min_size=3, max_size=3).map(
    lambda values: np.array(values) / sum(values)
)


def drawn(
    seed: int, shares: NDArray[np.float64], n_messages: int, distance: float = 2.0
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Draw messages with these shares, and logits exactly right for equally common labels."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(len(shares), n_messages, p=shares)
    seen = rng.normal(size=(n_messages, len(shares)))
    seen[np.arange(n_messages), labels] += distance
    return distance * seen, labels


def is_sound(found: Estimate) -> bool:
    return bool(
        np.isclose(found.shares.sum(), 1)
        and (found.low >= 0).all()
        and (found.low <= found.shares).all()
        and (found.shares <= found.high).all()
        and (found.high <= 1).all()
    )


class TestAdjust:
    @quick
    @given(
        logits=arrays(np.float32, (4, 3), elements=st.floats(-60, 60, width=32)),
        shares=share_vectors,
    )
    def test_rows_are_probabilities(
        self, logits: NDArray[np.float32], shares: NDArray[np.float64]
    ) -> None:
        found = adjust(logits, shares)
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-12)
        assert ((found >= 0) & (found <= 1)).all()

    def test_is_bayes_rule(self) -> None:
        # Of 1,000 messages 700, 200 and 100 have the labels; a word stands in 10 %, 50 % and 40 %
        # of them: 70, 100 and 40 messages hold it.
        word_in = np.array([[0.1, 0.5, 0.4], [0.9, 0.5, 0.6]])
        found = adjust(np.log(word_in), np.array([0.7, 0.2, 0.1]))
        np.testing.assert_allclose(found[0], np.array([70, 100, 40]) / 210)
        np.testing.assert_allclose(found[1], np.array([630, 100, 60]) / 790)

    def test_equal_shares_change_nothing_and_zero_is_not_beyond_belief(self) -> None:
        logits = np.array([[0.0, 1.0, 30.0]])
        np.testing.assert_allclose(adjust(logits, EQUAL), adjust(logits, np.ones(3)))
        assert adjust(logits, np.array([0.5, 0.5, 0.0]))[0, 2] > 0.99
        assert np.isfinite(log_shares(np.zeros(3))).all()


class TestEstimate:
    @pytest.mark.parametrize("shares", [SHARES, np.array([0.05, 0.9, 0.05]), EQUAL])
    def test_recovers_known_shares(self, shares: NDArray[np.float64]) -> None:
        logits, _ = drawn(0, shares, 6_000)
        found = estimate(logits, EQUAL, anchor=0.0)
        np.testing.assert_allclose(found.shares, shares, atol=0.03)
        assert found.messages == 6_000

    @pytest.mark.parametrize(("n_messages", "distance"), [(100, 2.0), (400, 1.0), (400, 2.0)])
    def test_the_interval_covers_the_truth(self, n_messages: int, distance: float) -> None:
        covered = np.zeros(3)
        for seed in range(100):
            logits, _ = drawn(seed, SHARES, n_messages, distance)
            found = estimate(logits, EQUAL, anchor=0.0)
            covered += (found.low <= SHARES) & (found.high >= SHARES)
        assert (covered >= 90).all(), covered

    def test_counting_answers_would_be_worse(self) -> None:
        logits, _ = drawn(0, SHARES, 4_000, distance=1.0)
        counted = np.bincount(logits.argmax(axis=1), minlength=3) / len(logits)
        found = estimate(logits, EQUAL, anchor=0.0).shares
        assert abs(found - SHARES).max() < abs(counted - SHARES).max() / 3

    @pytest.mark.parametrize("n_messages", [0, 1, 2, 5])
    @pytest.mark.parametrize("anchor", ANCHORS)
    def test_does_not_run_away_on_a_few_messages(self, n_messages: int, anchor: float) -> None:
        sure = np.tile([0.0, 9.0, 0.0], (n_messages, 1))
        found = estimate(sure, SHARES, anchor=anchor)
        assert is_sound(found)
        # At most every message says the second label, beside three pseudo-messages.
        bound = (n_messages + (anchor * n_messages + 3) * SHARES[1]) / (
            n_messages + anchor * n_messages + 3
        )
        assert SHARES[1] - 1e-6 <= found.shares[1] <= bound + 1e-6
        assert (found.shares > 0.01).all()
        assert found.high[1] - found.low[1] > 0.2

    def test_unsure_identical_messages_stay_near_the_anchor(self) -> None:
        same = np.tile([0.0, 0.4, 0.0], (1_000, 1))
        held = estimate(same, SHARES, anchor=1.0)
        assert is_sound(held)
        assert held.shares[1] < 0.5
        firmly = estimate(same, SHARES, anchor=10.0)
        np.testing.assert_allclose(firmly.shares, SHARES, atol=0.05)

    def test_a_firmer_anchor_stays_nearer(self) -> None:
        logits, _ = drawn(1, np.array([0.1, 0.8, 0.1]), 500)
        distances = [
            abs(estimate(logits, SHARES, anchor=anchor).shares - SHARES).max() for anchor in ANCHORS
        ]
        assert all(first > second for first, second in zip(distances, distances[1:], strict=False))

    @quick
    @given(
        logits=arrays(np.float64, (5, 3), elements=st.floats(-40, 40)),
        shares=share_vectors,
        anchor=st.sampled_from((0.0, *ANCHORS)),
        error=st.floats(0, 0.5),
    )
    def test_always_sound(
        self,
        logits: NDArray[np.float64],
        shares: NDArray[np.float64],
        anchor: float,
        error: float,
    ) -> None:
        assert is_sound(estimate(logits, shares, anchor=anchor, error=error))

    def test_weights_count_messages(self) -> None:
        logits, _ = drawn(2, SHARES, 60)
        twice = estimate(np.concatenate([logits, logits[:20]]), EQUAL, anchor=0.1)
        weighted = estimate(
            logits, EQUAL, anchor=0.1, weights=np.where(np.arange(60) < 20, 2.0, 1.0)
        )
        np.testing.assert_allclose(weighted.shares, twice.shares, atol=1e-5)
        np.testing.assert_allclose(weighted.high, twice.high, atol=1e-5)
        assert weighted.messages == twice.messages == 80
        none = estimate(logits, SHARES, anchor=0.1, weights=np.zeros(60))
        np.testing.assert_allclose(none.shares, SHARES, atol=1e-6)

    def test_a_known_error_widens_the_interval(self) -> None:
        logits, _ = drawn(3, SHARES, 2_000)
        narrow = estimate(logits, EQUAL, anchor=0.1)
        wide = estimate(logits, EQUAL, anchor=0.1, error=0.1)
        np.testing.assert_array_equal(wide.shares, narrow.shares)
        assert ((wide.high - wide.low) > (narrow.high - narrow.low)).all()

    def test_the_order_of_messages_does_not_matter(self) -> None:
        logits, _ = drawn(4, SHARES, 300)
        first, second = (
            estimate(rows, EQUAL, anchor=0.1) for rows in (logits, logits[::-1].copy())
        )
        np.testing.assert_allclose(first.shares, second.shares, atol=1e-9)

    def test_anchor_shares_need_not_add_up_and_may_hold_a_zero(self) -> None:
        logits, _ = drawn(5, SHARES, 300)
        assert is_sound(estimate(logits, np.array([2.0, 0.0, 1.0]), anchor=0.3))

    def test_two_labels_and_one(self) -> None:
        logits, _ = drawn(6, np.array([0.9, 0.1]), 2_000)
        found = estimate(logits, np.array([0.5, 0.5]), anchor=0.0)
        np.testing.assert_allclose(found.shares, [0.9, 0.1], atol=0.03)
        assert is_sound(found)
        assert estimate(np.zeros((4, 1)), np.ones(1), anchor=0.1).shares.tolist() == [1.0]


class TestEvidence:
    def test_estimating_pays_where_the_model_tells_labels_apart(self) -> None:
        logits, labels = drawn(0, EQUAL, 900, distance=1.5)
        found = gather_evidence(
            logits, labels, EQUAL, bias=0.1, rounds=10, random_state=np.random.default_rng(0)
        )
        assert found.anchor in ANCHORS
        assert found.gain > 0.005
        assert 0 < found.error < 0.2

    def test_it_does_not_where_the_model_knows_nothing(self) -> None:
        rng = np.random.default_rng(0)
        labels = rng.integers(0, 3, 600)
        noise = rng.normal(size=(600, 3)) * 3
        found = gather_evidence(
            noise, labels, EQUAL, bias=1.0, rounds=10, random_state=np.random.default_rng(0)
        )
        assert found.anchor is None or found.gain < 0.01

    def test_no_gain_is_no_anchor(self) -> None:
        # All messages have one label and are sure of it: nothing is left to gain.
        logits = np.tile([30.0, 0.0, 0.0], (50, 1))
        found = gather_evidence(
            logits,
            np.zeros(50, dtype=np.intp),
            np.array([0.9, 0.05, 0.05]),
            bias=0.1,
            rounds=3,
            random_state=np.random.default_rng(0),
        )
        assert found.anchor is None
        assert found.gain == 0

    @pytest.mark.parametrize("n_messages", [1, 2, 5])
    def test_a_few_messages_are_enough_to_run(self, n_messages: int) -> None:
        logits, labels = drawn(1, SHARES, n_messages)
        found = gather_evidence(
            logits, labels, SHARES, bias=0.5, rounds=2, random_state=np.random.default_rng(0)
        )
        assert np.isfinite([found.gain, found.error]).all()

    def test_the_same_seed_gives_the_same_evidence(self) -> None:
        logits, labels = drawn(2, SHARES, 200)
        first, second = (
            gather_evidence(
                logits, labels, SHARES, bias=0.5, rounds=3, random_state=np.random.default_rng(7)
            )
            for _ in range(2)
        )
        assert first == second
