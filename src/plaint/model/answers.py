"""From scores to answers: a prior goes in, answers are made to agree, each gets a decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plaint.errors import UsageError
from plaint.model import priors as shares_of
from plaint.model.calibration import softmax
from plaint.model.classifier import ComplaintClassifier, family
from plaint.model.decisions import WORDS, Decision, Thresholds, decide, thresholds_for
from plaint.model.priors import Estimate
from plaint.model.scores import Flag, Scores
from plaint.taxonomy import Task, Taxonomy
from plaint.text.language import LANGUAGES, OTHER

TRAINING, BENCHMARK, ESTIMATE = "training", "benchmark", "estimate"
PRIORS = (TRAINING, BENCHMARK, ESTIMATE)

NO_LABEL = -1
NOT_ASKED = 255

_UNREADABLE = Flag.EMPTY | Flag.OTHER_LANGUAGE
_DOUBTFUL = Flag.LANGUAGE_UNSURE | Flag.MOSTLY_UNKNOWN
_REASONS = {
    Flag.EMPTY: "the message has no text",
    Flag.OTHER_LANGUAGE: "the message is not in a language that this version reads",
    Flag.LANGUAGE_UNSURE: "the language is uncertain",
    Flag.MOSTLY_UNKNOWN: "most of the message is unlike anything in the training data",
}


@dataclass(frozen=True)
class Priors:
    """Shares assumed before reading.

    Attributes
    ----------
    kind : {'training', 'benchmark', 'estimate'}
    shares : dict of str to dict of str to ndarray
        By language family and task.
    estimates : dict of str to dict of str to Estimate
        By language family and task, where shares were estimated from messages.
    """

    kind: str
    shares: Mapping[str, Mapping[str, NDArray[np.float64]]]
    estimates: Mapping[str, Mapping[str, Estimate]]


@dataclass(frozen=True)
class Answers:
    """Answers to all tasks for a batch.

    Attributes
    ----------
    labels : dict of str to ndarray of shape (n_messages,), dtype int16
        Index of the label per task, ``NO_LABEL`` where none is given.
    probabilities : dict of str to ndarray of shape (n_messages, n_labels), dtype float64
    decisions : dict of str to ndarray of shape (n_messages,), dtype uint8
        A ``Decision``, or ``NOT_ASKED``.
    """

    labels: Mapping[str, NDArray[np.int16]]
    probabilities: Mapping[str, NDArray[np.float64]]
    decisions: Mapping[str, NDArray[np.uint8]]

    def chosen(self, task: str) -> NDArray[np.float64]:
        """Return the probability of the label given, NaN where none is."""
        labels = self.labels[task]
        picked = self.probabilities[task][np.arange(len(labels)), np.maximum(labels, 0)]
        return np.where(labels == NO_LABEL, np.nan, picked)


class Answerer:
    """Answers by a fitted classifier, for a wished precision of what is decided ``auto``.

    Parameters
    ----------
    classifier : ComplaintClassifier
    precision : float, default=0.9
        Share of the answers decided ``auto`` that should be right, between 0.5 and 1.
    """

    def __init__(self, classifier: ComplaintClassifier, precision: float = 0.9) -> None:
        if not 0.5 <= precision < 1:
            raise UsageError(f"precision must lie between 0.5 and 1, got {precision}.")
        self.classifier = classifier
        self.precision = precision
        self.taxonomy = Taxonomy.from_dict(classifier.taxonomy)
        self._outputs = classifier.outputs()
        self._families = tuple(classifier.models_)
        # One row behind the last family stands for messages that no family reads.
        self._family_of = np.array(
            [
                self._families.index(family(code)) if family(code) in self._families else -1
                for code in (*LANGUAGES, OTHER)
            ]
        )
        self._thresholds = {
            task: [
                thresholds_for(classifier.models_[name].tasks[task].thresholds, precision)
                for name in self._families
            ]
            for task in self.taxonomy.task_ids
        }

        # What no family reads misses every threshold.
        self._bars = {
            task: np.array([*((one.auto, one.review) for one in own), (np.inf, np.inf)])
            for task, own in self._thresholds.items()
        }

    def priors(self, kind: str, scores: Scores | None = None) -> Priors:
        """Return the shares to assume.

        Parameters
        ----------
        kind : {'training', 'benchmark', 'estimate'}
            Shares of the training data; those of the taxonomy where it has any, else of the
            training data; or estimated per language from ``scores``, for the tasks where training
            found that estimating helps.
        scores : Scores, default=None
            The messages at hand, or a fair sample of them.

        Raises
        ------
        UsageError
            When ``kind`` is unknown or ``scores`` are missing.
        """
        if kind not in PRIORS:
            raise UsageError(f"There is no prior {kind!r}; choose one of {', '.join(PRIORS)}.")
        if kind == ESTIMATE and scores is None:
            raise UsageError("The prior 'estimate' needs messages to estimate from.")
        shares: dict[str, dict[str, NDArray[np.float64]]] = {}
        estimates: dict[str, dict[str, Estimate]] = {}
        for number, name in enumerate(self._families):
            facts = self.classifier.models_[name].tasks
            shares[name] = {task: facts[task].shares for task in facts}
            estimates[name] = {}
            if kind == BENCHMARK:
                shares[name] |= self._benchmark()
            if kind == ESTIMATE and scores is not None:
                own = scores.take(np.flatnonzero(self._family_index(scores) == number))
                estimates[name] = self._estimate(name, own)
                shares[name] |= {task: found.shares for task, found in estimates[name].items()}
        return Priors(kind, shares, estimates)

    def answer(self, scores: Scores, priors: Priors, *, gated: bool = True) -> Answers:
        """Answer every task for every message.

        A task that refines another is answered among the labels that belong to the other's
        answer. Where the gate task is answered ``auto`` with a label that closes it, no other task
        is asked, unless ``gated`` is False: then the gate stays open for all messages.
        """
        families = self._family_index(scores)
        prior = self._log_prior(priors)[families]
        unreadable = (scores.flags & np.uint16(_UNREADABLE)) != 0
        unreadable |= families < 0
        doubtful = (scores.flags & np.uint16(_DOUBTFUL)) != 0
        labels: dict[str, NDArray[np.int16]] = {}
        probabilities: dict[str, NDArray[np.float64]] = {}
        chosen: dict[str, NDArray[np.float64]] = {}
        for task in self._parents_first():
            place = self._outputs[task.id]
            logits = scores.logits[:, place] + prior[:, place]
            if task.refines is None:
                found = softmax(logits)
                best = found.argmax(axis=1)
            else:
                found, best = self._refine(task, logits, probabilities, labels)
            probabilities[task.id] = found
            labels[task.id] = best.astype(np.int16)
            chosen[task.id] = found[np.arange(len(best)), best]
        decisions = {}
        for task in self.taxonomy.tasks:
            decided = self._decide(task.id, chosen[task.id], families)
            decided[doubtful & (decided == Decision.AUTO)] = Decision.REVIEW
            decided[unreadable] = Decision.ABSTAIN
            labels[task.id][unreadable] = NO_LABEL
            decisions[task.id] = decided
        if gated:
            self._close_gate(labels, decisions)
        return Answers(labels, probabilities, decisions)

    def reason(self, scores: Scores, answers: Answers, row: int, task: str) -> str:
        """Say in words why a message got its decision for a task."""
        decision = int(answers.decisions[task][row])
        if decision == NOT_ASKED:
            return "not asked of a message that is no complaint"
        flags = Flag(int(scores.flags[row]))
        for flag, words in _REASONS.items():
            if flag & flags and (flag & _UNREADABLE or decision == Decision.REVIEW):
                return words
        number = int(self._family_index(scores)[row])
        if number < 0:
            return _REASONS[Flag.OTHER_LANGUAGE]
        probability = float(answers.chosen(task)[row])
        return self._thresholds[task][number].reason(probability, Decision(decision))

    def report(self, priors: Priors) -> list[dict[str, Any]]:
        """Return the shares behind the answers, a plain row per language, task and label."""
        rows = []
        for name, tasks in priors.shares.items():
            for task in self.taxonomy.tasks:
                found = priors.estimates.get(name, {}).get(task.id)
                for index, label in enumerate(task.label_ids):
                    rows.append(
                        {
                            "language": name,
                            "task": task.id,
                            "label": label,
                            "share": round(float(tasks[task.id][index]), 4),
                            "low": None if found is None else round(float(found.low[index]), 4),
                            "high": None if found is None else round(float(found.high[index]), 4),
                            "messages": None if found is None else round(found.messages, 1),
                            "applied": found is not None,
                        }
                    )
        return rows

    def _family_index(self, scores: Scores) -> NDArray[np.intp]:
        return np.asarray(self._family_of[scores.language])

    def _benchmark(self) -> dict[str, NDArray[np.float64]]:
        found = {}
        for task in self.taxonomy.tasks:
            shares = self.taxonomy.benchmark(task.id)
            if shares is not None:
                found[task.id] = np.array([shares[label] for label in task.label_ids])
        return found

    def _estimate(self, name: str, scores: Scores) -> dict[str, Estimate]:
        readable = (scores.flags & np.uint16(_UNREADABLE)) == 0
        logits = scores.logits[readable]
        weights = np.ones(len(logits))
        facts = self.classifier.models_[name].tasks
        gate = self.taxonomy.gate_task
        found: dict[str, Estimate] = {}
        for task in sorted(self.taxonomy.tasks, key=lambda task: task is not gate):
            own, evidence = logits[:, self._outputs[task.id]], facts[task.id].evidence
            if evidence.anchor is not None and len(own):
                found[task.id] = shares_of.estimate(
                    own,
                    facts[task.id].shares,
                    anchor=evidence.anchor,
                    weights=weights,
                    error=evidence.error,
                )
            if task is gate and gate is not None and gate.gate is not None:
                shares = found[gate.id].shares if gate.id in found else facts[gate.id].shares
                weights = shares_of.adjust(own, shares)[:, gate.index(gate.gate)]
        return found

    def _log_prior(self, priors: Priors) -> NDArray[np.float64]:
        width = sum(len(task.labels) for task in self.taxonomy.tasks)
        table = np.zeros((len(self._families) + 1, width))
        for number, name in enumerate(self._families):
            for task, shares in priors.shares[name].items():
                table[number, self._outputs[task]] = shares_of.log_shares(shares)
        return table

    def _parents_first(self) -> list[Task]:
        def depth(task: Task) -> int:
            return 0 if task.refines is None else 1 + depth(self.taxonomy.task(task.refines))

        return sorted(self.taxonomy.tasks, key=depth)

    def _refine(
        self,
        task: Task,
        logits: NDArray[np.float64],
        probabilities: Mapping[str, NDArray[np.float64]],
        labels: Mapping[str, NDArray[np.int16]],
    ) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Share out the probability of each parent label among the labels that refine it."""
        parent = self.taxonomy.task(str(task.refines))
        of = np.array([parent.index(str(label.parent)) for label in task.labels])
        found = np.empty_like(logits)
        for index in range(len(parent.labels)):
            own = np.flatnonzero(of == index)
            # Among themselves: beside a far likelier label of another parent they may all round
            # to 0, which cannot be shared out.
            found[:, own] = softmax(logits[:, own]) * probabilities[parent.id][:, [index]]
        allowed = of[None, :] == labels[parent.id][:, None]
        return found, np.where(allowed, found, -1.0).argmax(axis=1)

    def _decide(
        self, task: str, probability: NDArray[np.float64], families: NDArray[np.intp]
    ) -> NDArray[np.uint8]:
        bars = self._bars[task].take(families, axis=0, mode="wrap")
        return decide(probability, bars[:, 0], bars[:, 1])

    def _close_gate(
        self, labels: dict[str, NDArray[np.int16]], decisions: dict[str, NDArray[np.uint8]]
    ) -> None:
        gate = self.taxonomy.gate_task
        if gate is None or gate.gate is None:
            return
        closed = (decisions[gate.id] == Decision.AUTO) & (labels[gate.id] != gate.index(gate.gate))
        for task in self.taxonomy.tasks:
            if task is not gate:
                labels[task.id][closed] = NO_LABEL
                decisions[task.id][closed] = NOT_ASKED

    def thresholds(self, task: str, name: str) -> Thresholds:
        """Return the thresholds of a task for a language family."""
        return self._thresholds[task][self._families.index(name)]


def decision_word(decision: int) -> str:
    """Return the word for a decision; empty where the task was not asked."""
    return "" if decision == NOT_ASKED else WORDS[decision]
