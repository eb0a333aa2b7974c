"""How common each label is, before a message is read.

A classifier trained on one mix of causes is wrong on another. Its scores are therefore kept for
equally common labels, and the prior of the messages at hand is put in afterwards: that of the
training data, that of a benchmark, or one estimated from the messages themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plaint.model.calibration import softmax

_MAX_ROUNDS = 200
_TOLERANCE = 1e-6
_FLOOR = 1e-4
_Z95 = 1.959964

# Anchors that evidence chooses from, as pseudo-messages per message.
ANCHORS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


@dataclass(frozen=True)
class Estimate:
    """Estimated shares of the labels of one task.

    Attributes
    ----------
    shares : ndarray of shape (n_labels,), dtype float64
        Sums to 1.
    low, high : ndarray of shape (n_labels,), dtype float64
        95 % interval of each share.
    messages : float
        How many messages it rests on (their weights added up).
    """

    shares: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    messages: float


@dataclass(frozen=True)
class Evidence:
    """What was learned in training about estimating the shares of one task.

    Attributes
    ----------
    anchor : float or None
        Pseudo-messages per message that hold the estimate at the anchor shares; None where
        estimating did not pay at any strength.
    gain : float
        Accuracy gained in the simulation by estimating, in shares of messages.
    error : float
        Root mean square error of an estimated share in the simulation.
    """

    anchor: float | None
    gain: float
    error: float


def adjust(logits: NDArray[np.floating], shares: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return probabilities under a prior.

    Bayes' rule for a model whose logits hold for equally common labels: Saerens et al. 2002,
    equation 2.4.

    Parameters
    ----------
    logits : ndarray of shape (n_messages, n_labels)
    shares : ndarray of shape (n_labels,)
        The prior. A share of 0 is raised a little, so that no evidence is beyond belief.

    Returns
    -------
    probabilities : ndarray of shape (n_messages, n_labels), dtype float64
    """
    return softmax(logits + log_shares(shares))


def log_shares(shares: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return what a prior adds to logits."""
    return np.log(np.maximum(np.asarray(shares, dtype=np.float64), _FLOOR))


def estimate(
    logits: NDArray[np.floating],
    anchor_shares: NDArray[np.floating],
    *,
    anchor: float,
    weights: NDArray[np.floating] | None = None,
    error: float = 0.0,
) -> Estimate:
    """Estimate the shares of the labels in a set of messages.

    Expectation-maximisation on the prior alone (M. Saerens, P. Latinne, C. Decaestecker,
    "Adjusting the Outputs of a Classifier to New a Priori Probabilities: A Simple Procedure",
    Neural Computation 14, 2002, equations 2.9), as the mode under a Dirichlet prior with mean
    ``anchor_shares`` and a weight of ``anchor`` pseudo-messages per message plus one per label:
    the pull does not fade in large sets, because neither does the error of the model.

    Parameters
    ----------
    logits : ndarray of shape (n_messages, n_labels)
        For equally common labels.
    anchor_shares : ndarray of shape (n_labels,)
        Where the estimate starts and is held.
    anchor : float
        Strength of the hold, see :class:`Evidence`.
    weights : ndarray of shape (n_messages,), default=None
        How much each message counts, e.g. the probability that the task is asked of it.
    error : float, default=0.0
        Known error of the method; widens the interval.

    Returns
    -------
    estimate : Estimate
        With an interval from the observed information of the likelihood, widened by ``error``.
    """
    n_labels = logits.shape[1]
    anchor_shares = np.maximum(np.asarray(anchor_shares, dtype=np.float64), _FLOOR)
    anchor_shares = np.asarray(anchor_shares / anchor_shares.sum(), dtype=np.float64)
    likelihood = softmax(logits)
    counts = np.ones(len(logits)) if weights is None else np.asarray(weights, dtype=np.float64)
    total = float(counts.sum())
    pseudo = (anchor * total + n_labels) * anchor_shares
    shares: NDArray[np.float64] = np.array(anchor_shares, dtype=np.float64)
    for _ in range(_MAX_ROUNDS):
        posterior = likelihood * shares
        posterior *= (counts / np.maximum(posterior.sum(axis=1), 1e-300))[:, None]
        updated = (posterior.sum(axis=0) + pseudo) / (total + pseudo.sum())
        moved = np.abs(updated - shares).max()
        shares = updated
        if moved < _TOLERANCE:
            break
    width = _Z95 * np.sqrt(_variance(likelihood, shares, counts, pseudo) + error**2)
    low, high = np.maximum(shares - width, 0.0), np.minimum(shares + width, 1.0)
    return Estimate(shares, low, high, total)


def gather_evidence(
    logits: NDArray[np.floating],
    labels: NDArray[np.intp],
    training_shares: NDArray[np.floating],
    *,
    bias: float,
    rounds: int,
    random_state: np.random.Generator,
    batch_messages: int = 300,
) -> Evidence:
    """Learn from labelled messages whether and how firmly to estimate the shares of a task.

    Sets with other shares are drawn from held-out messages, and their logits are disturbed as a
    change of trade or style disturbs them: by a random constant per label, which expectation-
    maximisation mistakes for a change of shares, and by noise. The strength with the best mean
    accuracy wins, if it beats the training shares at all.

    Parameters
    ----------
    logits : ndarray of shape (n_messages, n_labels)
        Of messages that the model was not trained on.
    labels : ndarray of shape (n_messages,), dtype intp
    training_shares : ndarray of shape (n_labels,)
    bias : float
        Standard deviation of the disturbance, in logits.
    rounds : int
        Sets drawn.
    random_state : numpy.random.Generator
    batch_messages : int, default=300
        Messages per set.

    Returns
    -------
    evidence : Evidence
    """
    n_labels = logits.shape[1]
    rows = [np.flatnonzero(labels == label) for label in range(n_labels)]
    present = np.array([len(own) > 0 for own in rows])
    gains = np.zeros((rounds, len(ANCHORS)))
    errors = np.zeros((rounds, len(ANCHORS)))
    for number in range(rounds):
        spread = random_state.dirichlet(n_labels * training_shares + 0.2) * present
        counts = random_state.multinomial(batch_messages, spread / spread.sum())
        drawn = np.concatenate(
            [
                random_state.choice(own, count)
                for own, count in zip(rows, counts, strict=True)
                if count
            ]
        )
        truth = np.bincount(labels[drawn], minlength=n_labels) / len(drawn)
        disturbed = logits[drawn] + random_state.normal(0, bias, n_labels)
        disturbed = disturbed + random_state.normal(0, bias, disturbed.shape)
        before = _accuracy(disturbed, training_shares, labels[drawn])
        for index, anchor in enumerate(ANCHORS):
            found = estimate(disturbed, training_shares, anchor=anchor).shares
            gains[number, index] = _accuracy(disturbed, found, labels[drawn]) - before
            errors[number, index] = np.mean((found - truth) ** 2)
    best = int(np.argmax(gains.mean(axis=0)))
    gain = float(gains[:, best].mean())
    error = float(np.sqrt(errors[:, best].mean()))
    return Evidence(ANCHORS[best] if gain > 0 else None, gain, error)


def _accuracy(
    logits: NDArray[np.floating], shares: NDArray[np.floating], labels: NDArray[np.intp]
) -> float:
    chosen = (logits + log_shares(shares)).argmax(axis=1)
    return float(np.mean(chosen == labels))


def _variance(
    likelihood: NDArray[np.float64],
    shares: NDArray[np.float64],
    counts: NDArray[np.float64],
    pseudo: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the variance of each share from the curvature of the posterior on the simplex."""
    ratio = likelihood / np.maximum(likelihood @ shares, 1e-300)[:, None]
    information = (ratio * counts[:, None]).T @ ratio + np.diag(pseudo / shares**2)
    # Shares sum to 1: the curvature counts only along directions that keep the sum.
    basis = np.linalg.svd(np.ones((1, len(shares))))[2][1:]
    inner = np.linalg.inv(basis @ information @ basis.T)
    return np.asarray(np.diag(basis.T @ inner @ basis))
