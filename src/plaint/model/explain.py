"""Which words decided: exact for a linear model, as places in the text as it was sent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plaint.errors import InputError
from plaint.model.classifier import ComplaintClassifier, family
from plaint.text.language import LANGUAGES, identify
from plaint.text.normalise import align


@dataclass(frozen=True)
class Span:
    """A part of the text and what it adds to the score."""

    start: int
    end: int
    weight: float


@dataclass(frozen=True)
class Explanation:
    """Why a label got its score.

    Attributes
    ----------
    score : float
        Logit of the label above the mean logit of all labels of the task, before any prior.
    base : float
        What the label has before a word is read; ``base`` and the weights of all spans add up to
        ``score``.
    spans : tuple of Span
        A span per piece of the text, in order.
    """

    task: str
    label: str
    score: float
    base: float
    spans: tuple[Span, ...]

    def strongest(self, n_spans: int) -> tuple[Span, ...]:
        """Return the spans that speak most for the label, the strongest first."""
        ranked = sorted(self.spans, key=lambda span: -span.weight)
        return tuple(span for span in ranked[:n_spans] if span.weight > 0)


def explain(
    classifier: ComplaintClassifier,
    text: str,
    labels: dict[str, str],
    language: str | None = None,
) -> dict[str, Explanation]:
    """Take the scores of one message apart.

    The logit of a label is a sum over the n-grams of the text. The part of each n-gram is dealt
    out evenly to the characters that it covers and added up again per SentencePiece piece, so
    that nothing is lost or made up.

    Parameters
    ----------
    classifier : ComplaintClassifier
    text : str
        As sent.
    labels : dict of str to str
        The label to explain, by task.
    language : str, default=None
        Identified when not given.

    Returns
    -------
    explanations : dict of str to Explanation

    Raises
    ------
    InputError
        When the text holds nothing that this version reads.
    """
    aligned = align(text)
    if not aligned.text:
        raise InputError("The text holds nothing to explain: it is empty. Give a message.")
    code = language or str(identify([aligned.text]).codes[0])
    model = classifier.models_.get(family(code))
    if code not in LANGUAGES or model is None:
        raise InputError(
            f"The text holds nothing to explain: its language is {code!r}, this version reads "
            f"{', '.join(sorted(classifier.models_))}. Give its language with --language."
        )
    found = model.vectorizer.occurrences(aligned.text)
    parts = model.weights[found.columns] * found.values[:, None]
    pieces = model.vectorizer.piece_spans(aligned.text)
    outputs = classifier.outputs()
    explanations = {}
    for task, label in labels.items():
        place = outputs[task]
        number = list(classifier.classes_[task]).index(label)
        own = _centred(parts[:, place], number)
        base = float(_centred(model.intercept[None, place], number)[0])
        weights = _per_piece(own, found.starts, found.ends, pieces, len(aligned.text))
        spans = tuple(
            Span(int(aligned.starts[start]), int(aligned.ends[end - 1]), float(weight))
            for (start, end), weight in zip(pieces, weights, strict=True)
            if end > start
        )
        score = base + float(sum(span.weight for span in spans))
        explanations[task] = Explanation(task, label, score, base, spans)
    return explanations


def _centred(values: NDArray[np.float32], column: int) -> NDArray[np.float64]:
    wide = values.astype(np.float64)
    return np.asarray(wide[:, column] - wide.mean(axis=1))


def _per_piece(
    weights: NDArray[np.float64],
    starts: NDArray[np.int32],
    ends: NDArray[np.int32],
    pieces: list[tuple[int, int]],
    length: int,
) -> NDArray[np.float64]:
    density = np.zeros(length + 1)
    share = weights / np.maximum(ends - starts, 1)
    np.add.at(density, starts, share)
    np.add.at(density, ends, -share)
    until = np.concatenate([[0.0], np.cumsum(np.cumsum(density)[:length])])
    return np.array([until[end] - until[start] for start, end in pieces])
