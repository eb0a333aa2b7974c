"""From the scores of a linear model to probabilities that mean what they say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

# Keeps the bias of a label with a handful of rows near zero.
_BIAS_RIDGE = 0.02
# A few held-out messages can by chance say the opposite of the model, which would take the scale
# to 0 and all answers with it.
_LOG_SCALE = (-3.0, 3.0)
_TINY = 1e-12


@dataclass(frozen=True)
class Calibration:
    """A scale for all scores of a task and a bias per label.

    Attributes
    ----------
    scale : float
        What a score is multiplied by, above 0; its inverse is the temperature.
    bias : ndarray of shape (n_labels,), dtype float64
        What is then added.
    """

    scale: float
    bias: NDArray[np.float64]

    def apply(self, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return calibrated logits of shape (n_messages, n_labels)."""
        return np.asarray(scores * self.scale + self.bias, dtype=np.float64)

    def tempered(self, gap: float) -> Calibration:
        """Return the calibration with all logits divided by ``gap``."""
        return Calibration(self.scale / gap, self.bias / gap)


def fit(scores: NDArray[np.floating], labels: NDArray[np.intp]) -> Calibration:
    """Fit scale and bias so that the softmax is right where all labels are equally common.

    Temperature scaling (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017,
    section 4.2) with a bias per label, by minimising the log loss with every label weighted to
    the same total: the prior that remains is known (uniform), which is what a change of prior
    needs to start from.

    Parameters
    ----------
    scores : ndarray of shape (n_messages, n_labels)
        Scores of messages that the model was not trained on.
    labels : ndarray of shape (n_messages,), dtype intp
        Index of the right label.

    Returns
    -------
    calibration : Calibration
        Neutral (scale 1, no bias) when there is nothing to learn from.
    """
    n_labels = scores.shape[1]
    counts = np.bincount(labels, minlength=n_labels)
    if np.count_nonzero(counts) < 2:
        return Calibration(1.0, np.zeros(n_labels))
    weights = (1.0 / np.maximum(counts, 1))[labels] / np.count_nonzero(counts)
    rows = np.arange(len(labels))
    given = np.asarray(scores, dtype=np.float64)

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scale, bias = np.exp(parameters[0]), parameters[1:]
        probabilities = softmax(given * scale + bias)
        error = probabilities.copy()
        error[rows, labels] -= 1
        error *= weights[:, None]
        value = -(weights * np.log(probabilities[rows, labels] + _TINY)).sum()
        slope = np.concatenate([[(error * given).sum() * scale], error.sum(axis=0)])
        slope[1:] += 2 * _BIAS_RIDGE * bias
        return float(value + _BIAS_RIDGE * (bias**2).sum()), slope

    bounds = [_LOG_SCALE] + [(None, None)] * n_labels
    found = minimize(loss, np.zeros(n_labels + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    return Calibration(float(np.exp(found[0])), found[1:])


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return probabilities along the last axis, in float64."""
    given = np.asarray(logits, dtype=np.float64)
    raised: NDArray[np.float64] = np.exp(given - given.max(axis=-1, keepdims=True))
    raised /= raised.sum(axis=-1, keepdims=True)
    return raised


def expected_calibration_error(
    confidence: NDArray[np.floating], right: NDArray[np.bool_], n_bins: int = 10
) -> float:
    """Return the mean gap between confidence and accuracy over equal bins of confidence.

    Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015.
    """
    if not len(confidence):
        return 0.0
    bins = np.clip((confidence * n_bins).astype(int), 0, n_bins - 1)
    total = np.bincount(bins, minlength=n_bins)
    sure = np.bincount(bins, weights=confidence, minlength=n_bins)
    hits = np.bincount(bins, weights=right, minlength=n_bins)
    return float(np.abs(sure - hits).sum() / total.sum())
