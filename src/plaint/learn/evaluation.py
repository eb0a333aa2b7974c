"""How good a version is on labelled messages: figures by task and language, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plaint.errors import CorpusError
from plaint.learn._figures import Answered, LabelFigures, TaskFigures, figures
from plaint.model.answers import NO_LABEL, TRAINING, Answerer, Answers, Priors
from plaint.model.classifier import family
from plaint.model.decisions import Decision
from plaint.model.scores import Scores
from plaint.taxonomy import Task
from plaint.text.language import LANGUAGES, OTHER

__all__ = ["ALL", "Evaluation", "FigureTable", "LabelFigures", "TaskFigures", "evaluate"]

# Stands where a language would, for all of them together.
ALL = "all"

_DIGITS = 6
_FAMILIES = np.array([family(code) for code in (*LANGUAGES, OTHER)], dtype=object)


class Labelling(Protocol):
    """What is measured; a :class:`plaint.label.labeller.Labeller` is one."""

    @property
    def version(self) -> str:
        """Id of the version."""

    @property
    def answerer(self) -> Answerer:
        """Answers by that version."""


class FigureTable(NamedTuple):
    """A table to be shown; all cells are text."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]


@dataclass(frozen=True)
class Evaluation:
    """Figures of one version on one set of messages.

    Attributes
    ----------
    version : str
    prior : {'training', 'benchmark', 'estimate'}
    precision : float
        Wished precision of what is decided ``auto``.
    messages : int
        All messages, labelled or not.
    figures : tuple of TaskFigures
        By task; over all languages first, then by language family.
    """

    version: str
    prior: str
    precision: float
    messages: int
    figures: tuple[TaskFigures, ...]

    def of(self, task: str, language: str = ALL) -> TaskFigures:
        """Return the figures of a task; raises KeyError when there are none."""
        for found in self.figures:
            if (found.task, found.language) == (task, language):
                return found
        raise KeyError(f"no message with a known label for {task!r} in {language!r}")

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, rounded."""
        values: dict[str, Any] = _rounded(asdict(self))
        return values

    def tables(self, detailed: Iterable[str] = ()) -> list[FigureTable]:
        """Return what a reader wants to see first, as text.

        Parameters
        ----------
        detailed : iterable of str
            Tasks that get a table per label besides.
        """
        shown = self._shown()
        found = [self._overview(shown), self._trust(shown)]
        for task in detailed:
            found += [_per_label(one) for one in shown if one.task == task]
        return found

    def _shown(self) -> list[TaskFigures]:
        """Leave out the sum of all languages where there is but one, which has the same figures."""
        languages = {one.language for one in self.figures} - {ALL}
        return [one for one in self.figures if len(languages) > 1 or one.language != ALL]

    def _overview(self, shown: Sequence[TaskFigures]) -> FigureTable:
        first = ("task", "language", "messages", "accuracy", "95 %", "macro F1")
        columns = (*first, "training prior", "no prior")
        rows: list[tuple[str, ...]] = [
            (
                one.task,
                one.language,
                str(one.messages),
                f"{one.accuracy:.3f}",
                f"{one.low:.2f}-{one.high:.2f}",
                f"{one.macro_f1:.3f}",
                f"{one.accuracy_training:.3f}",
                f"{one.accuracy_naive:.3f}",
            )
            for one in shown
        ]
        return FigureTable(f"Accuracy with the prior '{self.prior}'", columns, rows)

    def _trust(self, shown: Sequence[TaskFigures]) -> FigureTable:
        wanted = tuple(f"coverage at {name}" for name in self.figures[0].coverage_at)
        columns = ("task", "language", "calibration error", "auto", "auto right", *wanted)
        rows = [
            (
                one.task,
                one.language,
                f"{one.calibration_error:.3f}",
                f"{one.auto_coverage:.3f}",
                _text(one.auto_precision),
                *(f"{coverage:.3f}" for coverage in one.coverage_at.values()),
            )
            for one in shown
        ]
        title = f"Trust: 'auto' is meant to be right in {self.precision:g} of all cases"
        return FigureTable(title, columns, rows)


def evaluate(labeller: Labelling, rows: pd.DataFrame, prior: str = "estimate") -> Evaluation:
    """Measure a version on labelled messages.

    Messages are read as the command ``label`` reads them: languages are identified, and the prior
    ``estimate`` comes from all of them, those without a label included. A task behind the gate is
    measured on every message that has a label for it, whatever the version answered at the gate:
    answers are given with the gate open. Mistakes at the gate show in the figures of the gate.

    Parameters
    ----------
    labeller : Labeller
    rows : DataFrame
        A column ``text``, one per task with label ids (empty: unknown), and ``language``, if
        known, by which figures are grouped; ``zh`` and both forms of Chinese are one group.
        Without it, figures are grouped by the language identified.
    prior : {'training', 'benchmark', 'estimate'}, default='estimate'

    Returns
    -------
    evaluation : Evaluation

    Raises
    ------
    CorpusError
        When the column ``text`` is missing, a label is unknown, or no message has a label.
    UsageError
        When ``prior`` is unknown.
    """
    if "text" not in rows.columns:
        raise CorpusError(
            "Expected a column 'text', found "
            f"{', '.join(map(str, rows.columns)) or 'no column at all'}."
        )
    answerer = labeller.answerer
    taxonomy = answerer.taxonomy
    truths = {task.id: _truth(task, rows) for task in taxonomy.tasks if task.id in rows.columns}
    if not any((truth >= 0).any() for truth in truths.values()):
        raise CorpusError(
            "Expected messages with labels in the columns "
            f"{', '.join(taxonomy.task_ids)}; no message has any."
        )
    scores = answerer.classifier.score(rows["text"].fillna("").astype(str).tolist())
    assumed = answerer.priors(prior, scores)
    given = answerer.answer(scores, assumed, gated=False)
    training = answerer.answer(scores, answerer.priors(TRAINING), gated=False)
    languages = _languages(rows, scores)
    found = []
    for task in taxonomy.tasks:
        if task.id not in truths:
            continue
        known = truths[task.id] >= 0
        answered = _answered(answerer, task.id, truths[task.id], scores, given, training)
        for language in (ALL, *sorted(set(languages))):
            chosen = known if language == ALL else known & (languages == language)
            if chosen.any():
                shares = _shares(assumed, task.id, language)
                own = answered.take(chosen)
                found.append(figures(task.id, language, task.label_ids, own, shares))
    return Evaluation(labeller.version, prior, answerer.precision, len(rows), tuple(found))


def _truth(task: Task, rows: pd.DataFrame) -> NDArray[np.intp]:
    number = {label: index for index, label in enumerate(task.label_ids)} | {"": -1}
    labels = rows[task.id].fillna("").astype(str).str.strip()
    unknown = sorted(set(labels) - set(number))
    if unknown:
        raise CorpusError(
            f"Task {task.id!r} has no label {', '.join(unknown[:5])}; known are "
            f"{', '.join(task.label_ids)}, or leave it empty."
        )
    return np.array([number[label] for label in labels], dtype=np.intp)


def _languages(rows: pd.DataFrame, scores: Scores) -> NDArray[np.object_]:
    """Return the language family of each message, as given or else as identified."""
    identified = _FAMILIES[scores.language]
    if "language" not in rows.columns:
        return np.asarray(identified, dtype=object)
    named = rows["language"].fillna("").astype(str).str.strip().to_numpy(dtype=object)
    given = [family(name) or own for name, own in zip(named, identified, strict=True)]
    return np.array(given, dtype=object)


def _answered(
    answerer: Answerer,
    task: str,
    truth: NDArray[np.intp],
    scores: Scores,
    given: Answers,
    training: Answers,
) -> Answered:
    naive = scores.logits[:, answerer.classifier.outputs()[task]].argmax(axis=1)
    naive[given.labels[task] == NO_LABEL] = NO_LABEL
    return Answered(
        truth=truth,
        given=given.labels[task].astype(np.intp),
        training=training.labels[task].astype(np.intp),
        naive=naive,
        probability=given.chosen(task),
        auto=given.decisions[task] == Decision.AUTO,
    )


def _shares(
    priors: Priors, task: str, language: str
) -> list[tuple[float, float | None, float | None]] | None:
    if language not in priors.shares:
        return None
    shares = priors.shares[language][task].tolist()
    estimate = priors.estimates.get(language, {}).get(task)
    if estimate is None:
        return [(share, None, None) for share in shares]
    return list(zip(shares, estimate.low.tolist(), estimate.high.tolist(), strict=True))


def _per_label(one: TaskFigures) -> FigureTable:
    columns = ("label", "messages", "precision", "recall", "F1", "true share", "assumed share")
    rows = []
    for label in one.labels:
        assumed = _text(label.assumed)
        if label.low is not None and label.high is not None:
            assumed += f" ({label.low:.2f}-{label.high:.2f})"
        figures_of = (label.precision, label.recall, label.f1, label.share)
        shown = (f"{value:.3f}" for value in figures_of)
        rows.append((label.label, str(label.support), *shown, assumed))
    return FigureTable(f"{one.task}, language {one.language}", columns, rows)


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
