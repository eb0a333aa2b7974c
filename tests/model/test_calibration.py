from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from plaint.model.calibration import Calibration, expected_calibration_error, fit, softmax

quick = settings(derandomize=True, deadline=None, max_examples=25)
matrices = st.tuples(st.integers(1, 6), st.integers(1, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.floats(-300, 300))
)


def drawn(
    seed: int, n_messages: int, n_labels: int = 3
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Draw labels, equally common, and logits that are exactly right for them."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_labels, n_messages)
    seen = rng.normal(size=(n_messages, n_labels))
    seen[np.arange(n_messages), labels] += 1.5
    return 1.5 * seen, labels


class TestSoftmax:
    @quick
    @given(logits=matrices, shift=st.floats(-50, 50))
    def test_rows_are_probabilities(self, logits: NDArray[np.float64], shift: float) -> None:
        found = softmax(logits)
        assert found.dtype == np.float64
        assert ((found >= 0) & (found <= 1)).all()
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-12)
        np.testing.assert_allclose(softmax(logits + shift), found, atol=1e-9)

    def test_known_values_and_no_rows(self) -> None:
        np.testing.assert_allclose(softmax(np.log([[1.0, 3.0]])), [[0.25, 0.75]])
        assert softmax(np.empty((0, 3), dtype=np.float32)).shape == (0, 3)


class TestFit:
    @pytest.mark.parametrize("scale", [0.25, 1.0, 4.0])
    def test_finds_the_scale_and_bias_that_were_taken_away(self, scale: float) -> None:
        logits, labels = drawn(0, 6_000)
        bias = np.array([0.5, -0.2, -0.3])
        found = fit((logits - bias) / scale, labels)
        assert found.scale == pytest.approx(scale, rel=0.08)
        np.testing.assert_allclose(found.bias - found.bias.mean(), bias, atol=0.12)

    def test_rare_labels_weigh_as_much_as_frequent_ones(self) -> None:
        logits, labels = drawn(1, 9_000)
        rare = (labels != 2) | (np.arange(len(labels)) % 20 == 0)
        found = fit(logits[rare], labels[rare])
        # The shares of the sample leave no trace: the prior that remains is uniform.
        assert found.scale == pytest.approx(1, rel=0.1)
        np.testing.assert_allclose(found.bias, 0, atol=0.2)

    def test_calibrated_probabilities_are_as_often_right_as_they_say(self) -> None:
        logits, labels = drawn(2, 8_000)
        overconfident = logits * 5
        half = len(labels) // 2
        found = fit(overconfident[:half], labels[:half])

        def error(probabilities: NDArray[np.float64]) -> float:
            right = probabilities.argmax(axis=1) == labels[half:]
            return expected_calibration_error(probabilities.max(axis=1), right)

        assert error(softmax(overconfident[half:])) > 0.1
        assert error(softmax(found.apply(overconfident[half:]))) < 0.03

    @pytest.mark.parametrize(
        "labels", [np.empty(0, dtype=np.intp), np.zeros(4, dtype=np.intp)], ids=["none", "one"]
    )
    def test_neutral_when_there_is_nothing_to_learn_from(self, labels: NDArray[np.intp]) -> None:
        found = fit(np.ones((len(labels), 3)), labels)
        assert found.scale == 1.0
        assert found.bias.tolist() == [0.0, 0.0, 0.0]

    def test_messages_that_contradict_the_model_do_not_silence_it(self) -> None:
        logits, labels = drawn(5, 30)
        found = fit(-logits, labels)
        assert 0.04 < found.scale < 0.1
        assert fit(logits * 1e6, labels).scale > 0

    def test_a_label_that_never_occurs_keeps_a_finite_bias(self) -> None:
        logits, labels = drawn(3, 400)
        found = fit(logits[labels < 2], labels[labels < 2])
        assert np.isfinite(found.bias).all()
        assert found.bias[2] < min(found.bias[:2])
        assert abs(found.bias).max() < 10

    @quick
    @given(
        scores=arrays(np.float32, (8, 3), elements=st.floats(-50, 50, width=32)),
        labels=arrays(np.intp, 8, elements=st.integers(0, 2)),
    )
    def test_any_scores_give_a_usable_calibration(
        self, scores: NDArray[np.float32], labels: NDArray[np.intp]
    ) -> None:
        found = fit(scores, labels)
        assert found.scale > 0
        assert np.isfinite(found.apply(scores)).all()

    def test_the_same_twice(self) -> None:
        logits, labels = drawn(4, 300)
        first, second = fit(logits, labels), fit(logits, labels)
        assert first.scale == second.scale
        assert first.bias.tolist() == second.bias.tolist()


def test_tempering_divides_all_logits() -> None:
    calibration = Calibration(1.5, np.array([0.2, -0.2]))
    scores = np.array([[1.0, 2.0], [0.0, -3.0]], dtype=np.float32)
    np.testing.assert_allclose(
        calibration.tempered(2.0).apply(scores), calibration.apply(scores) / 2
    )


class TestExpectedCalibrationError:
    def test_by_hand(self) -> None:
        confidence = np.array([0.95, 0.95, 0.55, 0.55])
        right = np.array([True, True, True, False])
        # Two bins of two messages: 0.95 against 1, 0.55 against 0.5.
        assert expected_calibration_error(confidence, right) == pytest.approx(0.05)

    def test_bounds(self) -> None:
        assert expected_calibration_error(np.empty(0), np.empty(0, dtype=bool)) == 0
        assert expected_calibration_error(np.ones(3), np.ones(3, dtype=bool)) == 0
        assert expected_calibration_error(np.ones(3), np.zeros(3, dtype=bool)) == 1
