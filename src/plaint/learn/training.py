"""From labelled texts to a version on disk."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

import plaint
from plaint.errors import CorpusError
from plaint.learn.corpus import Corpus
from plaint.model._fitting import Progress
from plaint.model.classifier import ComplaintClassifier
from plaint.model.registry import Registry
from plaint.resources import data_path
from plaint.taxonomy import Taxonomy

GOLDEN_PER_LANGUAGE = 2


@dataclass(frozen=True)
class TrainingOptions:
    """What a data scientist may change; the rest are parameters of the classifier.

    Attributes
    ----------
    seed : int
        Of everything random.
    threads : int
        Fits at a time.
    gap, agreement : dict of float
        See :class:`~plaint.model.classifier.ComplaintClassifier`.
    parameters : dict
        Further parameters of the classifier.
    """

    seed: int = 0
    threads: int = 1
    gap: Mapping[str, float] = field(default_factory=lambda: {"default": 1.0})
    agreement: Mapping[str, float] = field(default_factory=lambda: {"default": 1.0})
    parameters: Mapping[str, Any] = field(default_factory=dict)


def shipped_gap(path: Path | None = None) -> dict[str, float]:
    """Return how much easier than reality the shipped corpus is, by task."""
    return _shipped("gap", path)


def shipped_agreement(path: Path | None = None) -> dict[str, float]:
    """Return how often two readers agree on real messages, by task."""
    return _shipped("agreement", path)


def _shipped(table: str, path: Path | None) -> dict[str, float]:
    place = path or data_path("corpus", "corpus.toml")
    try:
        found = tomllib.loads(place.read_text(encoding="utf-8"))[table]
        return {str(task): float(value) for task, value in found.items()}
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise CorpusError(
            f"{place} must hold a table [{table}] of numbers by task, found none ({error})."
        ) from error


def fit(
    corpus: Corpus,
    taxonomy: Taxonomy,
    options: TrainingOptions,
    progress: Progress | None = None,
) -> ComplaintClassifier:
    """Fit a classifier on a corpus."""
    rows = corpus.rows
    classifier = ComplaintClassifier(
        taxonomy.to_dict(),
        gap=dict(options.gap),
        agreement=dict(options.agreement),
        n_jobs=options.threads,
        random_state=options.seed,
        **options.parameters,
    )
    return classifier.fit(
        rows["text"],
        rows[list(taxonomy.task_ids)],
        languages=rows["language"].tolist(),
        groups=rows["group"].tolist(),
        phrases=rows["phrase"].tolist(),
        progress=progress,
    )


def train(
    corpus: Corpus,
    taxonomy: Taxonomy,
    registry: Registry,
    options: TrainingOptions,
    *,
    progress: Progress | None = None,
    reason: str = "",
) -> str:
    """Fit a classifier, write it as a version and return its id.

    The same corpus, options and library versions on one machine give the same id.

    Parameters
    ----------
    corpus : Corpus
    taxonomy : Taxonomy
    registry : Registry
        Where the version goes; it is not promoted.
    options : TrainingOptions
    progress : callable, default=None
        See :meth:`ComplaintClassifier.fit`.
    reason : str, default=''
        Goes into the journal.
    """
    classifier = fit(corpus, taxonomy, options, progress)
    facts = {
        "plaint": plaint.__version__,
        "data": corpus.digest,
        "seed": options.seed,
        "rows": {
            "messages": len(corpus.messages),
            "phrases": len(corpus.rows) - len(corpus.messages),
        },
        "scores": held_out_scores(classifier),
        # The number of threads changes the time a training takes, never its result.
        "parameters": {
            name: value
            for name, value in classifier.get_params(deep=False).items()
            if name not in ("taxonomy", "n_jobs")
        },
    }
    return registry.add(classifier, facts=facts, golden=golden_texts(corpus.rows), reason=reason)


def held_out_scores(classifier: ComplaintClassifier) -> dict[str, dict[str, float]]:
    """Return the accuracy on messages held out in training, by language and task."""
    return {
        name: {task: round(facts.accuracy, 4) for task, facts in model.tasks.items()}
        for name, model in classifier.models_.items()
    }


def golden_texts(rows: pd.DataFrame) -> list[str]:
    """Return a few messages, the first of each language, to recognise the numbers by."""
    messages = rows[~rows["phrase"]]
    picked = messages.groupby("language", sort=True).head(GOLDEN_PER_LANGUAGE)
    return [str(text) for text in picked["text"]]
