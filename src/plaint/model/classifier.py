"""All tasks of a taxonomy for messages in Japanese, Korean and Chinese."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from plaint.errors import CorpusError, UsageError
from plaint.model import _fitting
from plaint.model._fitting import Learned, Plan
from plaint.model._texts import as_texts
from plaint.model.calibration import softmax
from plaint.model.features import fold
from plaint.model.scores import Flag, Scores
from plaint.model.tokenizer import SentencePieceTokenizer
from plaint.taxonomy import Taxonomy
from plaint.text.language import LANGUAGES, OTHER, identify
from plaint.text.normalise import DEFAULT_MAX_CHARS, TextLimits, normalise, normalise_batch

_UNSURE_BELOW = 0.8
_KNOWN_SHARE_BELOW = 0.3
_CODES = (*LANGUAGES, OTHER)
# Each language has its own tables and weights, which push each other and those of SentencePiece
# out of the caches: four thousand texts at a time are answered half as fast again as one thousand.
_BATCH = 4_000
_BATCH_CHARS = 1_000_000
_SHOWN_LABELS, _LABEL_CHARS = 5, 24
# A text that is cut loses a space or joiners at its new end. One character grows into eighteen.
_LOOSE_END = 8
_UNCUT = TextLimits(18 * DEFAULT_MAX_CHARS)


def family(language: str) -> str:
    """Return the languages that are read by one model: both forms of Chinese are one family."""
    return language.split("-")[0]


FAMILIES = tuple(dict.fromkeys(family(language) for language in LANGUAGES))


class ComplaintClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Answers all tasks of a taxonomy with calibrated scores, one linear model per language.

    Every language has features of its own (:class:`~plaint.model.features.PieceVectorizer`) and a
    multinomial logistic regression per task over them, fitted with equally weighted labels. The
    scores of held-out messages, in folds that no group straddles, give a scale and bias per task;
    both are multiplied into the weights, so that the finished model is one matrix and every
    answer can be taken apart into words exactly.

    A message may lack labels: each task learns from the messages that have one.

    Parameters
    ----------
    taxonomy : dict
        Tasks and labels, as :meth:`plaint.taxonomy.Taxonomy.to_dict` gives them.
    vocab_size : int, default=16000
        Pieces of the tokeniser.
    piece_ngrams, char_ngrams : int, default=2, 2
        Longest n-grams of pieces and of characters.
    min_df : int, default=3
        Messages that must hold an n-gram.
    C : float, default=20.0
        Inverse strength of the L2 penalty of the logistic regressions.
    phrase_weight : float, default=0.4
        Weight of a phrase beside a message of weight 1.
    gap : float or dict of float, default=2.0
        How much less sure the model must be on real messages than held-out messages of the
        corpus tell, as a divisor of all logits; by task, with the key "default" for the rest.
        1 for a corpus of real messages.
    agreement : float or dict of float, default=1.0
        How often two readers agree on real messages, by task like ``gap``. No answer is decided
        ``auto`` for a higher precision than this.
    n_folds : int, default=3
        Folds for calibration.
    evidence_rounds : int, default=25
        Sets drawn per task and language to learn whether shares should be estimated.
    n_jobs : int, default=1
        Fits at a time.
    random_state : int, default=0
        Seed of everything random.

    Attributes
    ----------
    tokenizer_ : SentencePieceTokenizer
        Shared by all languages.
    models_ : dict of str to Learned
        Per language family the features, weights and what calibration taught.
    classes_ : dict of str to ndarray
        Labels of each task, in the order of the outputs.
    n_features_in_ : int
        Always 1: one text per sample.

    See Also
    --------
    plaint.learn.training.train : From a corpus to a version on disk.
    """

    tokenizer_: SentencePieceTokenizer
    models_: dict[str, Learned]
    n_features_in_: int

    def __init__(
        self,
        taxonomy: Mapping[str, Any],
        *,
        vocab_size: int = 16_000,
        piece_ngrams: int = 2,
        char_ngrams: int = 2,
        min_df: int = 3,
        C: float = 20.0,
        phrase_weight: float = 0.4,
        gap: float | Mapping[str, float] = 2.0,
        agreement: float | Mapping[str, float] = 1.0,
        n_folds: int = 3,
        evidence_rounds: int = 25,
        n_jobs: int = 1,
        random_state: int = 0,
    ) -> None:
        self.taxonomy = taxonomy
        self.vocab_size = vocab_size
        self.piece_ngrams = piece_ngrams
        self.char_ngrams = char_ngrams
        self.min_df = min_df
        self.C = C
        self.phrase_weight = phrase_weight
        self.gap = gap
        self.agreement = agreement
        self.n_folds = n_folds
        self.evidence_rounds = evidence_rounds
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(
        self,
        X: Iterable[str],
        y: pd.DataFrame,
        *,
        languages: Sequence[str],
        groups: Sequence[str] | None = None,
        phrases: Sequence[bool] | None = None,
        progress: _fitting.Progress | None = None,
    ) -> Self:
        """Learn from labelled messages and phrases.

        Parameters
        ----------
        X : iterable of str of shape (n_samples,)
            Texts as written; they are normalised here.
        y : DataFrame of shape (n_samples, n_tasks)
            A column per task with label ids; an empty string or missing value means unknown.
        languages : sequence of str of shape (n_samples,)
            Language code of each text.
        groups : sequence of str of shape (n_samples,), default=None
            Messages of one group (a customer, a thread) never stand on both sides of a fold.
        phrases : sequence of bool of shape (n_samples,), default=None
            Marks phrases, which are learned from but never used to measure.
        progress : callable, default=None
            Called with what was just done, the number of steps done and the number of all steps.

        Returns
        -------
        self : ComplaintClassifier
            The fitted classifier.

        Raises
        ------
        CorpusError
            When a label or language is unknown, lengths differ, or a language has too little.
        """
        texts = as_texts(X)
        taxonomy = Taxonomy.from_dict(self.taxonomy)
        n_samples = len(texts)
        groups = [str(number) for number in range(n_samples)] if groups is None else groups
        phrases = [False] * n_samples if phrases is None else phrases
        parts: dict[str, Sized] = {
            "y": y,
            "languages": languages,
            "groups": groups,
            "phrases": phrases,
        }
        for name, given in parts.items():
            if len(given) != n_samples:
                raise CorpusError(f"Expected {n_samples} rows in {name}, found {len(given)}.")
        if self.n_folds < 2:
            raise CorpusError(f"n_folds must be at least 2, got {self.n_folds}.")
        unknown = sorted({str(language) for language in languages} - set(LANGUAGES))
        if unknown:
            raise CorpusError(
                f"Expected languages {', '.join(LANGUAGES)}, found {', '.join(unknown)}."
            )
        codes = _label_codes(taxonomy, y)
        plan = Plan(
            labels={task.id: task.label_ids for task in taxonomy.tasks},
            C=self.C,
            phrase_weight=self.phrase_weight,
            gap=_by_task("gap", self.gap, taxonomy),
            agreement=_by_task("agreement", self.agreement, taxonomy),
            n_folds=self.n_folds,
            evidence_rounds=self.evidence_rounds,
            n_jobs=self.n_jobs,
            random_state=self.random_state,
        )
        normal = normalise_batch(texts)
        families = np.array([family(language) for language in languages])
        self.tokenizer_ = _fit_tokenizer(normal, families, self.vocab_size, self.random_state)
        self.models_ = _fitting.fit_families(
            normal,
            codes,
            families,
            np.asarray(groups, dtype=object),
            np.asarray(phrases, dtype=bool),
            tokenizer=self.tokenizer_,
            features={
                "piece_ngrams": self.piece_ngrams,
                "char_ngrams": self.char_ngrams,
                "min_df": self.min_df,
            },
            plan=plan,
            progress=progress,
        )
        self.n_features_in_ = 1
        return self

    @property
    def classes_(self) -> dict[str, NDArray[np.str_]]:
        """Labels of each task, in the order of the outputs."""
        return {
            task.id: np.array(task.label_ids) for task in Taxonomy.from_dict(self.taxonomy).tasks
        }

    def outputs(self) -> dict[str, slice]:
        """Return the columns of ``Scores.logits`` that belong to each task."""
        places: dict[str, slice] = {}
        start = 0
        for task, labels in self.classes_.items():
            places[task] = slice(start, start + len(labels))
            start += len(labels)
        return places

    def score(self, X: Iterable[str], language: str | None = None) -> Scores:
        """Score messages, without any prior.

        Parameters
        ----------
        X : iterable of str of shape (n_samples,)
            Texts as written.
        language : str, default=None
            Language of all of them, where the caller knows; identified otherwise.

        Returns
        -------
        scores : Scores
            In the order of ``X``. Messages that cannot be read have logits of 0 and say why in
            their flags.

        Raises
        ------
        UsageError
            When ``language`` is none of the four that plaint reads.
        """
        check_is_fitted(self, "models_")
        if language is not None and language not in LANGUAGES:
            raise UsageError(
                f"Language {language!r} is not one that plaint reads; give one of "
                f"{', '.join(LANGUAGES)}, or none to have it identified."
            )
        texts = as_texts(X)
        parts = [self._score_batch(batch, language) for batch in _batches(texts)]
        return parts[0] if len(parts) == 1 else Scores.concatenate(parts)

    def predict_proba(self, X: Iterable[str]) -> dict[str, NDArray[np.float64]]:
        """Return the probabilities of each task for equally common labels.

        Parameters
        ----------
        X : iterable of str of shape (n_samples,)

        Returns
        -------
        probabilities : dict of str to ndarray of shape (n_samples, n_labels)
        """
        logits = self.score(X).logits
        return {task: softmax(logits[:, place]) for task, place in self.outputs().items()}

    def predict(self, X: Iterable[str]) -> pd.DataFrame:
        """Return the likeliest label of each task for equally common labels.

        Tasks are answered one by one; for answers that fit together, with decisions, see
        :class:`plaint.model.answers.Answerer`.

        Parameters
        ----------
        X : iterable of str of shape (n_samples,)

        Returns
        -------
        labels : DataFrame of shape (n_samples, n_tasks)
        """
        chosen = {
            task: self.classes_[task][probabilities.argmax(axis=1)]
            for task, probabilities in self.predict_proba(X).items()
        }
        return pd.DataFrame(chosen)

    def _score_batch(self, texts: list[str], language: str | None) -> Scores:
        normal = normalise_batch(texts)
        n_outputs = next(iter(self.models_.values())).weights.shape[1]
        logits = np.zeros((len(texts), n_outputs), dtype=np.float32)
        flags = np.zeros(len(texts), dtype=np.uint16)
        if language is None:
            found = identify(normal)
            codes = _index(found.codes)
            confidence = np.asarray(found.confidence, dtype=np.float32)
        else:
            codes = np.full(len(texts), _CODES.index(language), dtype=np.uint8)
            confidence = np.ones(len(texts), dtype=np.float32)
        readable = np.zeros(len(texts), dtype=bool)
        for name, model in self.models_.items():
            numbers = [n for n, code in enumerate(LANGUAGES) if family(code) == name]
            rows = np.flatnonzero(np.isin(codes, numbers))
            if not len(rows):
                continue
            own = normal if len(rows) == len(normal) else [normal[row] for row in rows.tolist()]
            own_logits, known = model.score(own)
            logits[rows] = own_logits
            readable[rows] = True
            flags[rows[known < _KNOWN_SHARE_BELOW]] |= np.uint16(Flag.MOSTLY_UNKNOWN)
        flags[confidence < _UNSURE_BELOW] |= np.uint16(Flag.LANGUAGE_UNSURE)
        flags[~readable] |= np.uint16(Flag.OTHER_LANGUAGE)
        lengths = np.fromiter(map(len, normal), dtype=np.int64, count=len(normal))
        flags[lengths == 0] = Flag.EMPTY
        sent = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
        flags[sent > DEFAULT_MAX_CHARS] |= np.uint16(Flag.CUT)
        # Normalising can make a text longer, so that its end falls off although it was sent short.
        full = (lengths > DEFAULT_MAX_CHARS - _LOOSE_END) & (sent <= DEFAULT_MAX_CHARS)
        for row in np.flatnonzero(full).tolist():
            if len(normalise(texts[row], _UNCUT)) > lengths[row]:
                flags[row] |= np.uint16(Flag.CUT)
        return Scores(logits, codes, confidence, flags)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.target_tags.two_d_labels = True
        return tags


def _batches(texts: list[str]) -> Iterator[list[str]]:
    """Cut texts into batches of limited size; without texts there is one batch of none."""
    for start in range(0, max(len(texts), 1), _BATCH):
        batch = texts[start : start + _BATCH]
        if sum(map(len, batch)) <= _BATCH_CHARS:
            yield batch
        else:
            yield from _by_size(batch)


def _by_size(texts: list[str]) -> Iterator[list[str]]:
    start = chars = 0
    for number, text in enumerate(texts):
        own = min(len(text), DEFAULT_MAX_CHARS)
        if number > start and chars + own > _BATCH_CHARS:
            yield texts[start:number]
            start, chars = number, 0
        chars += own
    yield texts[start:]


def _index(codes: NDArray[np.object_]) -> NDArray[np.uint8]:
    numbers = {code: number for number, code in enumerate(_CODES)}
    return np.fromiter(map(numbers.__getitem__, codes), dtype=np.uint8, count=len(codes))


def _by_task(name: str, given: float | Mapping[str, float], taxonomy: Taxonomy) -> dict[str, float]:
    values = dict(given) if isinstance(given, Mapping) else {"default": given}
    unknown = sorted(set(values) - {"default", *taxonomy.task_ids})
    if unknown or not all(value > 0 for value in values.values()):
        raise CorpusError(
            f"{name} must be above 0 and name tasks of the taxonomy, got "
            + ", ".join(f"{task}: {value}" for task, value in sorted(values.items()))
        )
    default = float(values.get("default", 1.0))
    return {task: float(values.get(task, default)) for task in taxonomy.task_ids}


def _fit_tokenizer(
    texts: list[str], families: NDArray[np.str_], vocab_size: int, random_state: int
) -> SentencePieceTokenizer:
    folded, languages = [], []
    for name in np.unique(families):
        own = [texts[row] for row in np.flatnonzero(families == name)]
        folded += fold(own, str(name))
        languages += [str(name)] * len(own)
    tokenizer = SentencePieceTokenizer(vocab_size, random_state=random_state)
    try:
        return tokenizer.fit(folded, languages=languages)
    except ValueError as error:
        raise CorpusError(f"No pieces can be learned from {len(texts)} texts. {error}") from error


def _label_codes(taxonomy: Taxonomy, y: pd.DataFrame) -> dict[str, NDArray[np.int64]]:
    """Return the index of each label, -1 where it is unknown."""
    codes = {}
    for task in taxonomy.tasks:
        if task.id not in y.columns:
            raise CorpusError(
                f"Expected a column for task {task.id!r}, found "
                f"{', '.join(map(str, y.columns)) or 'none'}."
            )
        number = {label: index for index, label in enumerate(task.label_ids)}
        given = y[task.id].astype(object).fillna("").astype(str)
        unknown = sorted(set(given) - set(number) - {""})
        if unknown:
            # Only what could be a label: in a mixed-up table these are the texts themselves.
            likely = [value for value in unknown if value.isascii() and len(value) <= _LABEL_CHARS]
            shown = f", such as {', '.join(likely[:_SHOWN_LABELS])}" if likely else ""
            raise CorpusError(
                f"Found {len(unknown)} unknown labels of task {task.id!r}{shown}; known are "
                f"{', '.join(task.label_ids)}. Correct the column or add them to the taxonomy."
            )
        codes[task.id] = np.array([number.get(label, -1) for label in given], dtype=np.int64)
    return codes
