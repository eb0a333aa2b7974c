"""What can be said of answers whose right label is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plaint.model.calibration import expected_calibration_error

PRECISIONS = (0.8, 0.9, 0.95)
COVERAGES = tuple(step / 10 for step in range(1, 11))

_BOOTSTRAP_ROUNDS = 2_000
_BOOTSTRAP_SEED = 0


@dataclass(frozen=True)
class LabelFigures:
    """One label of a task.

    Attributes
    ----------
    support : int
        Messages that truly have it.
    precision, recall, f1 : float
        0 where nothing can be divided.
    share : float
        Share of the messages that truly have it.
    assumed, low, high : float or None
        Share that the prior assumes, with the interval of an estimate; None over all languages,
        each of which has its own prior.
    """

    label: str
    support: int
    precision: float
    recall: float
    f1: float
    share: float
    assumed: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class TaskFigures:
    """One task in one language family, or in all together.

    Attributes
    ----------
    messages : int
        Messages whose label is known; a message without an answer counts as answered wrongly.
    accuracy : float
    low, high : float
        95 % bootstrap interval of the accuracy.
    macro_f1 : float
        Mean F1 of the labels that truly occur.
    calibration_error : float
        Expected calibration error of the probability of the label given.
    auto_coverage : float
        Share of the messages decided ``auto``.
    auto_precision : float or None
        Share of these answered right; None when there are none.
    coverage_at : dict of str to float
        Largest share of the messages, taken from the surest downwards, that is answered with this
        precision.
    curve : tuple of (float, float)
        Precision of the surest tenth, two tenths, and so on, of the messages.
    accuracy_training : float
        Under the shares of the training messages.
    accuracy_naive : float
        Of the likeliest label if all were equally common.
    labels : tuple of LabelFigures
    confusion : tuple of tuple of int
        Rows are true labels, columns labels given, in the order of ``labels``; the last column
        counts messages without an answer.
    """

    task: str
    language: str
    messages: int
    accuracy: float
    low: float
    high: float
    macro_f1: float
    calibration_error: float
    auto_coverage: float
    auto_precision: float | None
    coverage_at: dict[str, float]
    curve: tuple[tuple[float, float], ...]
    accuracy_training: float
    accuracy_naive: float
    labels: tuple[LabelFigures, ...]
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Answered:
    """Answers to one task beside the truth, for messages whose label is known.

    Attributes
    ----------
    truth, given, training, naive : ndarray of shape (n_messages,), dtype intp
        Index of a label; -1 for no answer. ``given`` is what is measured.
    probability : ndarray of shape (n_messages,), dtype float64
        Of the label given; anything where there is none.
    auto : ndarray of shape (n_messages,), dtype bool
    """

    truth: NDArray[np.intp]
    given: NDArray[np.intp]
    training: NDArray[np.intp]
    naive: NDArray[np.intp]
    probability: NDArray[np.float64]
    auto: NDArray[np.bool_]

    def take(self, rows: NDArray[np.bool_]) -> Answered:
        """Return some of the messages."""
        return Answered(*(values[rows] for values in vars(self).values()))


def figures(
    task: str,
    language: str,
    names: tuple[str, ...],
    found: Answered,
    shares: list[tuple[float, float | None, float | None]] | None = None,
) -> TaskFigures:
    """Measure the answers to one task.

    Parameters
    ----------
    task, language : str
        What the figures are called.
    names : tuple of str
        Labels in the order of their indices.
    found : Answered
        At least one message.
    shares : list of (share, low, high), default=None
        What the prior assumed of each label.
    """
    right = found.given == found.truth
    answered = found.given >= 0
    sure = np.where(answered, found.probability, 0.0)
    low, high = _interval(right)
    confusion = _confusion(found.truth, found.given, len(names))
    labels = _labels(names, confusion, shares)
    curve, coverage_at = _risk(sure, right)
    return TaskFigures(
        task=task,
        language=language,
        messages=len(right),
        accuracy=float(right.mean()),
        low=low,
        high=high,
        macro_f1=float(np.mean([label.f1 for label in labels if label.support])),
        calibration_error=expected_calibration_error(sure[answered], right[answered]),
        auto_coverage=float(found.auto.mean()),
        auto_precision=float(right[found.auto].mean()) if found.auto.any() else None,
        coverage_at=coverage_at,
        curve=curve,
        accuracy_training=float((found.training == found.truth).mean()),
        accuracy_naive=float((found.naive == found.truth).mean()),
        labels=labels,
        confusion=tuple(tuple(row) for row in confusion.tolist()),
    )


def _interval(right: NDArray[np.bool_]) -> tuple[float, float]:
    # Messages drawn with replacement are right or wrong: their number is binomial.
    random = np.random.default_rng(_BOOTSTRAP_SEED)
    drawn = random.binomial(len(right), right.mean(), _BOOTSTRAP_ROUNDS) / len(right)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def _confusion(
    truth: NDArray[np.intp], given: NDArray[np.intp], n_labels: int
) -> NDArray[np.int64]:
    columns = np.where(given < 0, n_labels, given)
    places = truth * (n_labels + 1) + columns
    counts = np.bincount(places, minlength=n_labels * (n_labels + 1))
    return np.asarray(counts.reshape(n_labels, n_labels + 1), dtype=np.int64)


def _labels(
    names: tuple[str, ...],
    confusion: NDArray[np.int64],
    shares: list[tuple[float, float | None, float | None]] | None,
) -> tuple[LabelFigures, ...]:
    found = []
    total = int(confusion.sum())
    for index, name in enumerate(names):
        hits = int(confusion[index, index])
        support, chosen = int(confusion[index].sum()), int(confusion[:, index].sum())
        assumed, low, high = shares[index] if shares else (None, None, None)
        found.append(
            LabelFigures(
                label=name,
                support=support,
                precision=_ratio(hits, chosen),
                recall=_ratio(hits, support),
                f1=_ratio(2 * hits, support + chosen),
                share=_ratio(support, total),
                assumed=assumed,
                low=low,
                high=high,
            )
        )
    return tuple(found)


def _risk(
    sure: NDArray[np.float64], right: NDArray[np.bool_]
) -> tuple[tuple[tuple[float, float], ...], dict[str, float]]:
    order = np.argsort(-sure, kind="stable")
    precision = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    curve = []
    for coverage in COVERAGES:
        taken = max(round(coverage * len(order)), 1)
        curve.append((coverage, float(precision[taken - 1])))
    # Messages that are equally sure are taken or left together.
    ranked = sure[order]
    ends = np.append(ranked[1:] != ranked[:-1], True)
    coverage_at = {}
    for target in PRECISIONS:
        good = np.flatnonzero(ends & (precision >= target))
        coverage_at[f"{target:g}"] = float((good[-1] + 1) / len(order)) if len(good) else 0.0
    return tuple(curve), coverage_at


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
