"""How one language family is learned: features, a linear model per task, what held-out rows say."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from plaint.errors import CorpusError
from plaint.model import calibration, decisions, priors
from plaint.model.calibration import Calibration
from plaint.model.features import PieceVectorizer
from plaint.model.priors import Evidence
from plaint.model.tokenizer import SentencePieceTokenizer

Progress = Callable[[str, int, int], None]

# How far a change of trade or style moves the score of a label, in logits; the shares of the
# corpus itself are all the estimation would otherwise be tested against.
_DISTURBANCE = 0.5

_MAX_ITERATIONS = 200
_REGISTER_FLOATS = 4
# Held-out accuracy no longer moves beyond this, and going on to 1e-4 takes twice as long.
_TOLERANCE = 3e-4
# A label that a language never showed must not win there.
_NEVER = -20.0


@dataclass(frozen=True)
class Plan:
    """What to learn and how."""

    labels: Mapping[str, tuple[str, ...]]
    C: float
    phrase_weight: float
    gap: Mapping[str, float]
    agreement: Mapping[str, float]
    n_folds: int
    evidence_rounds: int
    n_jobs: int
    random_state: int


@dataclass(frozen=True)
class TaskFacts:
    """What training taught about one task in one language family.

    Attributes
    ----------
    shares : ndarray of shape (n_labels,)
        Of the labels among the training messages.
    evidence : Evidence
        Whether and how firmly to estimate shares.
    thresholds : ndarray of shape (n_targets,)
        See :func:`plaint.model.decisions.learn_thresholds`.
    messages : int
        Held-out messages that calibration and thresholds rest on.
    accuracy : float
        Share of these answered right under the shares of the training messages.
    """

    shares: NDArray[np.float64]
    evidence: Evidence
    thresholds: NDArray[np.float64]
    messages: int
    accuracy: float


class Learned:
    """Everything learned for one language family.

    Attributes
    ----------
    vectorizer : PieceVectorizer
    weights : ndarray of shape (n_features, n_outputs), dtype float32
        Of all tasks side by side, calibration included.
    intercept : ndarray of shape (n_outputs,), dtype float32
    tasks : dict of str to TaskFacts
    """

    def __init__(
        self,
        vectorizer: PieceVectorizer,
        weights: NDArray[np.float32],
        intercept: NDArray[np.float32],
        tasks: dict[str, TaskFacts],
    ) -> None:
        self.vectorizer = vectorizer
        self.weights = weights
        self.intercept = intercept
        self.tasks = tasks

    def score(self, texts: list[str]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return the logits of normalised texts and the share of their characters that is known."""
        weights = self._aligned()
        n_outputs = self.weights.shape[1]
        sums = np.zeros((len(texts), weights.shape[1]), dtype=np.float32)
        start = 0
        blocks = self.vectorizer.transform_blocks(texts)
        for block in blocks:
            sums += block @ weights[start : start + block.shape[1]]
            start += block.shape[1]
        logits = sums[:, :n_outputs] + self.intercept
        # N-grams of up to n characters: a fully known text has n of them per character.
        per_character = max(self.vectorizer.char_ngrams or self.vectorizer.piece_ngrams, 1)
        lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
        known = np.diff(blocks[-1].indptr) / np.maximum(lengths * per_character, 1)
        return logits, known

    def _aligned(self) -> NDArray[np.float32]:
        """Return the weights in rows of whole vector registers, which add up a quarter faster."""
        aligned: NDArray[np.float32] | None = self.__dict__.get("_padded")
        if aligned is None:
            spare = -self.weights.shape[1] % _REGISTER_FLOATS
            aligned = np.pad(self.weights, ((0, 0), (0, spare)))
            self.__dict__["_padded"] = aligned
        return aligned

    def __getstate__(self) -> dict[str, Any]:
        # Not part of what was learned: it follows from the weights.
        return {name: value for name, value in vars(self).items() if name != "_padded"}


@dataclass(frozen=True)
class _Rows:
    """The training rows of one family."""

    features: sparse.csr_matrix
    codes: dict[str, NDArray[np.int64]]
    groups: NDArray[np.object_]
    phrases: NDArray[np.bool_]
    weights: NDArray[np.float64]
    folds: list[NDArray[np.intp]]


def fit_families(
    texts: list[str],
    codes: Mapping[str, NDArray[np.int64]],
    families: NDArray[np.str_],
    groups: NDArray[np.object_],
    phrases: NDArray[np.bool_],
    *,
    tokenizer: SentencePieceTokenizer,
    features: Mapping[str, Any],
    plan: Plan,
    progress: Progress | None,
) -> dict[str, Learned]:
    """Learn every family that has rows, tasks and folds in parallel."""
    names = [str(name) for name in np.unique(families)]
    vectorizers: dict[str, PieceVectorizer] = {}
    prepared: dict[str, _Rows] = {}
    for name in names:
        rows = np.flatnonzero(families == name)
        own = [texts[row] for row in rows]
        try:
            vectorizers[name] = PieceVectorizer(tokenizer, language=name, **features).fit(own)
        except ValueError as error:
            raise CorpusError(f"The {name} texts give no features. {error}") from error
        prepared[name] = _prepare(
            vectorizers[name].transform(own),
            {task: code[rows] for task, code in codes.items()},
            groups[rows],
            phrases[rows],
            name,
            plan,
        )
    steps = [(name, task, fold) for name in names for task in plan.labels for fold in _folds(plan)]
    # Longest first, so that no core waits at the end for one fit with many labels.
    steps.sort(key=lambda step: -len(plan.labels[step[1]]))
    fits = Parallel(n_jobs=plan.n_jobs, return_as="generator")(
        delayed(_fit_step)(prepared[name], task, fold, plan) for name, task, fold in steps
    )
    fitted = {}
    for done, (step, result) in enumerate(zip(steps, fits, strict=True), start=1):
        fitted[step] = result
        if progress is not None:
            progress(f"{step[0]} {step[1]}", done, len(steps))
    return {
        name: _assemble(name, vectorizers[name], prepared[name], fitted, plan) for name in names
    }


def _folds(plan: Plan) -> range:
    """Number the fits of a task: -1 on all rows, the rest without one fold each."""
    return range(-1, plan.n_folds)


def _prepare(
    features: sparse.csr_matrix,
    codes: dict[str, NDArray[np.int64]],
    groups: NDArray[np.object_],
    phrases: NDArray[np.bool_],
    name: str,
    plan: Plan,
) -> _Rows:
    messages = np.flatnonzero(~phrases)
    n_groups = len(set(groups[messages]))
    if n_groups < plan.n_folds:
        raise CorpusError(
            f"Expected at least {plan.n_folds} groups of {name} messages for {plan.n_folds} folds, "
            f"found {n_groups}; give more messages or fewer folds."
        )
    splitter = GroupKFold(plan.n_folds, shuffle=True, random_state=plan.random_state)
    folds = [messages[test] for _, test in splitter.split(messages, groups=groups[messages])]
    weights = np.where(phrases, plan.phrase_weight, 1.0)
    return _Rows(features, codes, groups, phrases, weights, folds)


def _fit_step(
    rows: _Rows, task: str, fold: int, plan: Plan
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return weights (n_features, n_labels) and intercept of a task without one fold."""
    codes = rows.codes[task]
    n_labels = len(plan.labels[task])
    usable = codes >= 0
    if fold >= 0:
        usable[rows.folds[fold]] = False
    chosen = np.flatnonzero(usable)
    weights = np.zeros((rows.features.shape[1], n_labels), dtype=np.float32)
    intercept = np.full(n_labels, _NEVER)
    present = np.unique(codes[chosen])
    if len(present) < 2:
        intercept[present] = 0.0
        return weights, intercept
    model = LogisticRegression(
        C=plan.C, class_weight="balanced", tol=_TOLERANCE, max_iter=_MAX_ITERATIONS
    )
    # Several threads add up in another order and, for vectors this short, take longer. Held-out
    # rows measure a fit that ran out of iterations as they measure any other.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(rows.features[chosen], codes[chosen], sample_weight=rows.weights[chosen])
    coefficients, constants = model.coef_, model.intercept_
    if len(present) == 2:
        # One sigmoid is the softmax of two scores that are half of it on either side.
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        constants = np.concatenate([-constants, constants]) / 2
    weights[:, present] = coefficients.T
    intercept[present] = constants
    return weights, intercept


def _assemble(
    name: str,
    vectorizer: PieceVectorizer,
    rows: _Rows,
    fitted: Mapping[tuple[str, str, int], tuple[NDArray[np.float32], NDArray[np.float64]]],
    plan: Plan,
) -> Learned:
    all_weights, intercepts, facts = [], [], {}
    for number, task in enumerate(plan.labels):
        held_out, labels = _held_out(name, task, rows, fitted, plan)
        # What a fold never saw has no score there; one such row would drown out all others.
        scored = held_out[np.arange(len(labels)), labels] != _NEVER
        found = calibration.fit(held_out[scored], labels[scored]).tempered(plan.gap[task])
        weights, intercept = fitted[name, task, -1]
        all_weights.append(weights * np.float32(found.scale))
        intercepts.append(_calibrated(found, intercept))
        random = np.random.default_rng([plan.random_state, number])
        facts[task] = _facts(found, held_out, labels, plan.agreement[task], plan, random)
    return Learned(
        _lean(vectorizer),
        np.ascontiguousarray(np.concatenate(all_weights, axis=1), dtype=np.float32),
        np.concatenate(intercepts).astype(np.float32),
        facts,
    )


def _calibrated(found: Calibration, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Apply a calibration; no scale brings a label back that was never shown."""
    return np.where(scores == _NEVER, _NEVER, found.apply(scores))


def _held_out(
    name: str,
    task: str,
    rows: _Rows,
    fitted: Mapping[tuple[str, str, int], tuple[NDArray[np.float32], NDArray[np.float64]]],
    plan: Plan,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the scores of labelled messages by models that never saw their group."""
    scores, labels = [], []
    for fold, members in enumerate(rows.folds):
        known = members[rows.codes[task][members] >= 0]
        weights, intercept = fitted[name, task, fold]
        scores.append(rows.features[known] @ weights + intercept)
        labels.append(rows.codes[task][known])
    return np.concatenate(scores), np.concatenate(labels)


def _facts(
    found: Calibration,
    held_out: NDArray[np.float64],
    labels: NDArray[np.int64],
    agreement: float,
    plan: Plan,
    random: np.random.Generator,
) -> TaskFacts:
    n_labels = held_out.shape[1]
    counts = np.bincount(labels, minlength=n_labels)
    shares = (counts + 1) / (counts.sum() + n_labels)
    logits = _calibrated(found, held_out)
    if not len(labels):
        nothing = Evidence(None, 0.0, 0.0)
        return TaskFacts(
            shares, nothing, decisions.learn_thresholds(np.empty(0), labels > 0), 0, 0.0
        )
    evidence = priors.gather_evidence(
        logits,
        labels,
        shares,
        bias=_DISTURBANCE,
        rounds=plan.evidence_rounds,
        random_state=random,
    )
    probabilities = priors.adjust(logits, shares)
    chosen = probabilities.argmax(axis=1)
    right = chosen == labels
    thresholds = decisions.learn_thresholds(probabilities.max(axis=1), right, agreement)
    return TaskFacts(shares, evidence, thresholds, len(labels), float(right.mean()))


def _lean(vectorizer: PieceVectorizer) -> PieceVectorizer:
    """Return the vectoriser with the tokeniser held once, not as parameter and as result."""
    lean: PieceVectorizer = clone(vectorizer).set_params(tokenizer=None)
    for name, value in vars(vectorizer).items():
        if name.endswith("_"):
            setattr(lean, name, value)
    return lean
