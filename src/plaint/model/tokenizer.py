"""SentencePiece as a scikit-learn transformer whose learned state is the bytes of its model."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

import numpy as np
import sentencepiece as spm
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from plaint.model._texts import as_texts, encodable

# SentencePiece skips a longer training sentence with a log line only, and counts it in bytes:
# longer texts are cut into runs, so that every character is seen.
_RUN_CHARS = 1_000
_RUN_MAX_BYTES = 4 * _RUN_CHARS

# SentencePiece marks unknown characters with this one, and skips a training sentence that holds
# it, again with a log line only.
_RESERVED = "\u2585"
_TOO_SMALL = re.compile(r"smaller than required_chars\. \d+ vs (\d+)")

_LOG_ERRORS_ONLY = 2


class SentencePieceTokenizer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Splits texts into the pieces of a unigram or byte-pair model learned from them.

    Every language gives the same number of characters to the training, because one vocabulary
    over unequal amounts of text starves the smallest language. Texts are taken as they are
    (identity normalisation): put :func:`plaint.text.normalise.normalise_batch` before it. A lone
    surrogate counts as "?".

    Not meant for a handful of texts: a useful vocabulary wants some ten thousand characters.

    Parameters
    ----------
    vocab_size : int, default=16000
        Pieces wanted; fewer come out when the texts do not hold as many. At least one per
        character that must be spelled, and three special ones.
    model_type : {'unigram', 'bpe'}, default='unigram'
        Segmentation algorithm: unigram language model [1]_ or byte-pair encoding [2]_.
    character_coverage : float, default=0.9995
        Share of character occurrences that pieces must be able to spell, in (0, 1]; what is
        left becomes the unknown piece.
    random_state : int, RandomState instance or None, default=0
        Draws the texts that are repeated while the languages are balanced.

    Attributes
    ----------
    model_ : bytes
        The serialised SentencePiece model: all that was learned.
    n_pieces_ : int
        Size of the vocabulary that came out.
    n_cut_texts_ : int
        Texts longer than 1,000 characters, which were cut into runs for the training.
    n_features_in_ : int
        Always 1: one text per sample.

    References
    ----------
    .. [1] T. Kudo, "Subword Regularization: Improving Neural Network Translation Models with
       Multiple Subword Candidates", ACL 2018, section 3.2.
    .. [2] R. Sennrich, B. Haddow, A. Birch, "Neural Machine Translation of Rare Words with
       Subword Units", ACL 2016, section 3.2.

    Examples
    --------
    >>> texts = ["返品したい", "返品できますか", "届きません", "まだ届きません"] * 5
    >>> tokenizer = SentencePieceTokenizer(vocab_size=40).fit(texts)
    >>> "".join(tokenizer.transform(["返品したい"])[0])
    '返品したい'
    """

    model_: bytes
    n_pieces_: int
    n_cut_texts_: int
    n_features_in_: int

    def __init__(
        self,
        vocab_size: int = 16_000,
        *,
        model_type: str = "unigram",
        character_coverage: float = 0.9995,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.vocab_size = vocab_size
        self.model_type = model_type
        self.character_coverage = character_coverage
        self.random_state = random_state

    def fit(
        self, X: Iterable[str], y: object = None, *, languages: Sequence[str] | None = None
    ) -> Self:
        """Learn the pieces.

        Parameters
        ----------
        X : iterable of str of shape (n_samples,)
            Normalised texts.
        y : None
            Ignored.
        languages : sequence of str of shape (n_samples,), default=None
            Language of each text; each language gives the same number of characters.

        Returns
        -------
        self : SentencePieceTokenizer
            The fitted tokeniser.

        Raises
        ------
        ValueError
            When a parameter is out of range, the lengths differ, all texts are empty or
            ``vocab_size`` is too small for the characters of the texts.
        """
        self._check_parameters()
        texts = encodable(as_texts(X))
        if languages is not None and len(languages) != len(texts):
            raise ValueError(
                f"Expected one language per text, got {len(languages)} languages for "
                f"{len(texts)} texts."
            )
        if not any(text.strip(f" {_RESERVED}\0") for text in texts):
            raise ValueError("Expected texts with characters to learn pieces from, all are empty.")
        sample = self._balanced(texts, [""] * len(texts) if languages is None else languages)
        self.model_ = self._train(sample)
        self.n_pieces_ = self._processor().get_piece_size()
        self.n_cut_texts_ = sum(len(text) > _RUN_CHARS for text in texts)
        self.n_features_in_ = 1
        return self

    def _train(self, sample: list[str]) -> bytes:
        model = io.BytesIO()
        try:
            spm.SentencePieceTrainer.train(
                sentence_iterator=iter(sample),
                model_writer=model,
                vocab_size=self.vocab_size,
                model_type=self.model_type,
                character_coverage=self.character_coverage,
                normalization_rule_name="identity",
                add_dummy_prefix=False,
                remove_extra_whitespaces=False,
                hard_vocab_limit=False,
                max_sentence_length=_RUN_MAX_BYTES,
                num_threads=1,  # one thread adds its floats in one order: always the same bytes
                minloglevel=_LOG_ERRORS_ONLY,
            )
        except RuntimeError as error:
            too_small = _TOO_SMALL.search(str(error))
            if too_small is None:
                raise
            raise ValueError(
                f"vocab_size must be at least {too_small[1]} to spell the characters of these "
                f"texts, got {self.vocab_size}; raise it or lower character_coverage."
            ) from error
        return model.getvalue()

    def transform(self, X: Iterable[str]) -> NDArray[np.object_]:
        """Split texts into pieces.

        Parameters
        ----------
        X : iterable of str of shape (n_samples,)
            Normalised texts.

        Returns
        -------
        pieces : ndarray of shape (n_samples,), dtype object
            A list of str per text; joined they give the text, with "▁" for a space.
        """
        rows = self._processor().encode(encodable(as_texts(X)), out_type=str, num_threads=1)
        pieces = np.empty(len(rows), dtype=object)
        pieces[:] = rows
        return pieces

    def encode(self, texts: list[str]) -> list[list[int]]:
        """Return the numbers of the pieces of each text; the fast way for whole batches.

        Texts must be a list of str without lone surrogates, which is not checked.
        """
        # One thread beats SentencePiece's automatic number for short texts, and leaves the
        # other cores to other workers.
        ids: list[list[int]] = self._processor().encode(texts, num_threads=1)
        return ids

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return the half-open character range of each piece of one text."""
        # Joined, the pieces give the text, an unknown piece included: their lengths are enough.
        pieces = self._processor().encode(encodable([text])[0], out_type=str, num_threads=1)
        ends = list(itertools.accumulate(map(len, pieces)))
        return list(zip([0, *ends], ends, strict=False))

    def unknown_id(self) -> int:
        """Return the number of the unknown piece."""
        return int(self._processor().unk_id())

    def pieces(self) -> list[str]:
        """Return the vocabulary in the order of its numbers."""
        processor = self._processor()
        return [processor.id_to_piece(number) for number in range(processor.get_piece_size())]

    def _check_parameters(self) -> None:
        if self.model_type not in ("bpe", "unigram"):
            raise ValueError(f"model_type must be 'bpe' or 'unigram', got {self.model_type!r}.")
        if not isinstance(self.vocab_size, int | np.integer) or self.vocab_size < 8:
            raise ValueError(f"vocab_size must be an integer of at least 8, got {self.vocab_size}.")
        if not 0 < self.character_coverage <= 1:
            raise ValueError(
                f"character_coverage must lie in (0, 1], got {self.character_coverage}."
            )

    def _balanced(self, texts: list[str], languages: Sequence[str]) -> list[str]:
        """Return runs of all texts, and of smaller languages again until all weigh the same."""
        rng = check_random_state(self.random_state)
        runs: dict[str, list[str]] = {}
        for text, language in zip(texts, languages, strict=True):
            runs.setdefault(language, []).extend(_runs(text))
        wanted = max(sum(map(len, own)) for own in runs.values())
        sample: list[str] = []
        for language in sorted(runs):
            own = runs[language]
            sample += own
            missing = wanted - sum(map(len, own))
            while missing > 0 and any(own):
                for index in rng.permutation(len(own)):
                    if missing <= 0:
                        break
                    sample.append(own[index])
                    missing -= len(own[index])
        return sample

    def _processor(self) -> Any:
        # Held outside the learned state: it is a view of model_ and cannot be copied or saved.
        check_is_fitted(self, "model_")
        model, processor = self.__dict__.get("_loaded", (None, None))
        if model is not self.model_:
            processor = spm.SentencePieceProcessor(model_proto=self.model_)
            self.__dict__["_loaded"] = (self.model_, processor)
        return processor

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        state.pop("_loaded", None)
        return state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True  # and two dimensions with one column
        tags.transformer_tags.preserves_dtype = []
        return tags


def _runs(text: str) -> Iterator[str]:
    for part in text.split(_RESERVED):
        for start in range(0, len(part), _RUN_CHARS):
            yield part[start : start + _RUN_CHARS]
