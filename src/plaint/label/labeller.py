"""What labelling needs of a version: scores in, cells of a table or whole predictions out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from plaint.model.answers import (
    NO_LABEL,
    NOT_ASKED,
    PRIORS,
    Answerer,
    Answers,
    Priors,
    decision_word,
)
from plaint.model.classifier import ComplaintClassifier
from plaint.model.decisions import WORDS
from plaint.model.explain import explain
from plaint.model.registry import Registry
from plaint.model.scores import Flag, Scores
from plaint.tables.readers import Cell
from plaint.text.language import LANGUAGES, OTHER

_CODES = np.array([*LANGUAGES, OTHER], dtype=object)
_PROBABILITY_DIGITS = 4
_WEIGHT_DIGITS = 5
_MAX_EVIDENCE = 8

__all__ = ["PRIORS", "Labeller", "load_labeller"]


class Labeller:
    """Labels messages by one version.

    Parameters
    ----------
    classifier : ComplaintClassifier
    version : str
        Id that stands beside every answer.
    precision : float, default=0.9
        Wished precision of what is decided ``auto``.
    """

    def __init__(
        self, classifier: ComplaintClassifier, version: str, precision: float = 0.9
    ) -> None:
        self.classifier = classifier
        self.version = version
        self.precision = precision
        self.answerer = Answerer(classifier, precision)
        self.tasks = self.answerer.taxonomy.task_ids
        self._labels = {
            task: np.array([*labels, ""], dtype=object)
            for task, labels in classifier.classes_.items()
        }
        self._words = np.full(NOT_ASKED + 1, "", dtype=object)
        self._words[: len(WORDS)] = WORDS

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that labelling adds, in order."""
        added = [
            name
            for task in self.tasks
            for name in (task, f"{task}_probability", f"{task}_decision")
        ]
        return (*added, "language", "warnings", "version")

    @property
    def types(self) -> Mapping[str, str]:
        """``text`` or ``number`` for each added column."""
        return {
            name: "number" if name.endswith("_probability") else "text" for name in self.columns
        }

    def score(self, texts: Sequence[str], language: str | None = None) -> Scores:
        """Score texts; the language is identified unless it is given."""
        return self.classifier.score(texts, language)

    def priors(self, kind: str, sample: Scores | None = None) -> Priors:
        """Return the shares to assume, see :meth:`plaint.model.answers.Answerer.priors`."""
        return self.answerer.priors(kind, sample)

    def report(self, priors: Priors) -> list[dict[str, Any]]:
        """Return the shares with their intervals as plain values."""
        return self.answerer.report(priors)

    def answers(self, scores: Scores, priors: Priors) -> list[tuple[Cell, ...]]:
        """Return the added cells of each row."""
        found = self.answerer.answer(scores, priors)
        cells: list[Any] = []
        for task in self.tasks:
            labels = found.labels[task]
            rounded = np.round(found.chosen(task), _PROBABILITY_DIGITS).tolist()
            given = (labels != NO_LABEL).tolist()
            cells.append(self._labels[task][labels].tolist())
            cells.append([p if has else None for p, has in zip(rounded, given, strict=True)])
            cells.append(self._words[found.decisions[task]].tolist())
        cells.append(_CODES[scores.language].tolist())
        cells.append([_warnings(flags) for flags in scores.flags.tolist()])
        cells.append([self.version] * len(scores))
        return list(zip(*cells, strict=True))

    def predictions(
        self,
        texts: Sequence[str],
        ids: Sequence[str | None] | None = None,
        *,
        prior: str | Priors = "benchmark",
        language: str | None = None,
        evidence: bool = False,
    ) -> list[dict[str, Any]]:
        """Return whole predictions as plain values, ready for JSON.

        Parameters
        ----------
        texts : sequence of str
        ids : sequence of str, default=None
        prior : str or Priors, default='benchmark'
            The shares to assume; ``estimate`` takes them from these texts.
        language : str, default=None
            Of all texts; identified when not given.
        evidence : bool, default=False
            Add the spans that speak most for each label, offsets in characters of the text.
        """
        scores = self.score(texts, language)
        priors = self.priors(prior, scores) if isinstance(prior, str) else prior
        found = self.answerer.answer(scores, priors)
        names = ids or [None] * len(texts)
        rows = []
        for row, (name, text) in enumerate(zip(names, texts, strict=True)):
            code = str(_CODES[scores.language[row]])
            prediction: dict[str, Any] = {} if name is None else {"id": name}
            prediction["language"] = code
            prediction |= {task: self._answer(scores, found, row, task) for task in self.tasks}
            if evidence:
                prediction["evidence"] = self._evidence(text, prediction, code)
            prediction["warnings"] = _warnings(int(scores.flags[row])).split()
            prediction["version"] = self.version
            rows.append(prediction)
        return rows

    def _answer(self, scores: Scores, found: Answers, row: int, task: str) -> dict[str, Any]:
        label = int(found.labels[task][row])
        reason = self.answerer.reason(scores, found, row, task)
        decision = decision_word(int(found.decisions[task][row])) or None
        if label == NO_LABEL:
            return {
                "label": None,
                "probability": None,
                "ranking": [],
                "decision": decision,
                "reason": reason,
            }
        probabilities = found.probabilities[task][row]
        order = np.argsort(-probabilities, kind="stable")
        return {
            "label": str(self._labels[task][label]),
            "probability": round(float(probabilities[label]), _PROBABILITY_DIGITS),
            "ranking": [
                {
                    "label": str(self._labels[task][index]),
                    "probability": round(float(probabilities[index]), _PROBABILITY_DIGITS),
                }
                for index in order.tolist()
            ],
            "decision": decision,
            "reason": reason,
        }

    def _evidence(self, text: str, prediction: dict[str, Any], code: str) -> dict[str, Any]:
        labels = {
            task: prediction[task]["label"] for task in self.tasks if prediction[task]["label"]
        }
        if not labels:
            return {}
        return {
            task: [
                {
                    "start": span.start,
                    "end": span.end,
                    "weight": round(span.weight, _WEIGHT_DIGITS),
                }
                for span in why.strongest(_MAX_EVIDENCE)
            ]
            for task, why in explain(self.classifier, text, labels, code).items()
        }


def load_labeller(
    models: str | Path, version: str | None = None, precision: float = 0.9
) -> Labeller:
    """Load a version, or the one that serves, for labelling."""
    registry = Registry(models)
    current = registry.current() if version is None else None
    # Without any pointer the registry says what to do; with one, the name stays what was read.
    bundle = registry.load(version or (current.version if current else None))
    name = version or (current.version if current else "")
    return Labeller(bundle.classifier, name, precision)


def _warnings(flags: int) -> str:
    """Return the names of the flags, in kebab case, with a space between."""
    return " ".join(flag.name.lower().replace("_", "-") for flag in Flag(flags) if flag.name)
