"""Whether an answer can be used as it is, should be looked at, or should not be given."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

# Precisions for which thresholds are learned; a wish in between takes the next higher one.
TARGETS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99)

_Z95 = 1.644854
_UNREACHABLE = 1.01
_MOST_DIGITS = 6


class Decision(IntEnum):
    """What to do with an answer; the names in lower case are part of the public contract."""

    AUTO = 0
    REVIEW = 1
    ABSTAIN = 2

    @property
    def word(self) -> str:
        """The name as written in files and over HTTP."""
        return self.name.lower()


WORDS = tuple(decision.word for decision in Decision)


@dataclass(frozen=True)
class Thresholds:
    """Probabilities from which an answer is used, for one task and a wished precision."""

    precision: float
    auto: float
    review: float

    def decide(self, probability: NDArray[np.floating]) -> NDArray[np.uint8]:
        """Return a :class:`Decision` per message, dtype uint8."""
        return decide(probability, self.auto, self.review)

    def reason(self, probability: float, decision: Decision) -> str:
        """Say in words why."""
        needed = f"needed for a precision of {self.precision:g}"
        if decision is Decision.AUTO:
            return f"probability {probability:.2f} reaches {self.auto:.2f}, {needed}"
        if decision is Decision.REVIEW and self.auto > 1:
            return f"no probability has shown a precision of {self.precision:g} for this task"
        if decision is Decision.REVIEW:
            return f"probability {_below(probability, self.auto)}, {needed}"
        below = _below(probability, self.review)
        return f"probability {below}: the answer is likelier wrong than useful"


def decide(
    probability: NDArray[np.floating],
    auto: float | NDArray[np.floating],
    review: float | NDArray[np.floating],
) -> NDArray[np.uint8]:
    """Return a :class:`Decision` per message, by thresholds for all or for each."""
    # Each threshold that is missed is one step down, in the order of the decisions.
    missed = (~(probability >= auto)).astype(np.uint8)
    missed += probability < review
    return missed


def _below(probability: float, limit: float) -> str:
    """Say that a probability is below a limit, in as many digits as tell them apart."""
    digits = 2
    while f"{probability:.{digits}f}" == f"{limit:.{digits}f}" and digits < _MOST_DIGITS:
        digits += 1
    return f"{probability:.{digits}f} is below {limit:.{digits}f}"


def learn_thresholds(
    probability: NDArray[np.floating], right: NDArray[np.bool_], agreement: float = 1.0
) -> NDArray[np.float64]:
    """Learn for each of ``TARGETS`` the probability from which answers are that precise.

    An answer must earn it twice: its own probability must reach the target (a calibrated
    probability is the precision to expect of it, whatever the mix of messages), and held-out
    messages from that probability upwards must have been right as often, by the lower end of a
    one-sided 95 % Wilson interval (E. B. Wilson, JASA 22, 1927).

    Parameters
    ----------
    probability : ndarray of shape (n_messages,)
        Of the chosen label, for messages that the model was not trained on.
    right : ndarray of shape (n_messages,), dtype bool
    agreement : float, default=1.0
        How often two readers of real messages agree. A higher precision cannot be shown, because
        nobody could tell, so that no probability reaches it.

    Returns
    -------
    thresholds : ndarray of shape (n_targets,), dtype float64
        Above 1 where no probability reaches the target.
    """
    order = np.argsort(-probability, kind="stable")
    ranked, hits = probability[order], np.cumsum(right[order], dtype=np.int64)
    taken = np.arange(1, len(order) + 1)
    lower = _wilson_lower(hits, taken)
    # A threshold takes all messages of its probability or none.
    last_of_ties = np.append(ranked[1:] != ranked[:-1], True)[: len(ranked)]
    thresholds = np.empty(len(TARGETS))
    for index, target in enumerate(TARGETS):
        good = np.flatnonzero((lower >= target) & (ranked >= target) & last_of_ties)
        shown = len(good) > 0 and target <= agreement
        thresholds[index] = max(ranked[good[-1]], target) if shown else _UNREACHABLE
    # A stricter wish can never be met by a laxer threshold.
    return np.asarray(np.maximum.accumulate(thresholds))


def thresholds_for(learned: NDArray[np.floating], precision: float) -> Thresholds:
    """Return the thresholds for a wished precision.

    An answer is withheld below half the wished precision. A wish above all of ``TARGETS`` was
    never tested, so that no probability meets it.
    """
    index = int(np.searchsorted(TARGETS, precision - 1e-9))
    reached = float(learned[index]) if index < len(TARGETS) else _UNREACHABLE
    return Thresholds(precision, max(reached, precision), precision / 2)


def _wilson_lower(hits: NDArray[np.int64], taken: NDArray[np.int64]) -> NDArray[np.float64]:
    share = hits / taken
    square = _Z95**2
    centre = share + square / (2 * taken)
    spread = _Z95 * np.sqrt(share * (1 - share) / taken + square / (4 * taken**2))
    return np.asarray((centre - spread) / (1 + square / taken))
