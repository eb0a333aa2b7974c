"""Whole batches of texts into one sparse matrix of weighted n-grams of pieces and characters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from plaint.model import _ngrams
from plaint.model._ngrams import Block
from plaint.model._pieces import joined_pieces
from plaint.model._texts import as_texts
from plaint.model.tokenizer import SentencePieceTokenizer
from plaint.text import han

# Stands before and after every text; normalised texts hold no line break.
_EDGE = "\n"
_EDGE_NAME = "^"
_ESCAPES = str.maketrans({"\\": r"\\", "^": r"\^"})
_PIECE_ESCAPES = _ESCAPES | str.maketrans({"+": r"\+"})
_NO_PIECE = 0xFFFFFFFF
_BMP_SIZE = 0x10000

# Both forms of Chinese fold to the same characters, so the family may stand for either.
_FOLDED_AS = {"zh": "zh-Hans"}


@dataclass(frozen=True)
class Occurrences:
    """Every known n-gram of one text, in no particular order.

    Attributes
    ----------
    columns : ndarray of shape (n_occurrences,), dtype int32
        Feature of each occurrence.
    values : ndarray of shape (n_occurrences,), dtype float32
        What the occurrence adds to that feature; summed they give the row of ``transform``.
    starts, ends : ndarray of shape (n_occurrences,), dtype int32
        Half-open range of characters that the n-gram covers.
    """

    columns: NDArray[np.int32]
    values: NDArray[np.float32]
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]


class PieceVectorizer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turns texts into weighted counts of n-grams of SentencePiece pieces and of characters.

    The batch is joined into one array of code points and one of piece numbers; all n-grams are
    hashed and looked up with numpy, without a Python loop over tokens. An n-gram that was not
    learned is left out (one in some ten thousand is taken for a learned one of the same 32-bit
    hash); of two that would share a place in the table the one in more texts is learned, so that
    every column has one name. Each of the two blocks (pieces, characters) is weighted by inverse
    document frequency and scaled to unit length by the occurrences it holds, so that both speak
    equally loud whatever the length of the text.

    Not meant for texts that are read together with their word order: the n-grams are a bag.

    Parameters
    ----------
    tokenizer : SentencePieceTokenizer, default=None
        A fitted one is used as it is; otherwise a clone is fitted on the texts. As everywhere in
        scikit-learn, ``clone`` and so a grid search forget that it was fitted, unless it is
        wrapped in :class:`sklearn.frozen.FrozenEstimator`.
    piece_ngrams : int, default=2
        Longest n-gram of pieces; 0 leaves pieces out.
    char_ngrams : int, default=3
        Longest n-gram of characters; 0 leaves characters out.
    min_df : int, default=2
        Texts that must hold an n-gram for it to become a feature.
    language : str, default=None
        Folds variant Han characters as usual for this language, or family such as "zh" (see
        :mod:`plaint.text.han`).

    Attributes
    ----------
    tokenizer_ : SentencePieceTokenizer
        The fitted tokeniser.
    hashes_ : ndarray of shape (n_features,), dtype uint32
        Hash of each feature, pieces first.
    idf_ : ndarray of shape (n_features,), dtype float32
        Smooth inverse document frequency, ln((1 + n) / (1 + df)) + 1.
    names_ : ndarray of shape (n_features,), dtype object
        The n-grams as text; pieces are joined by "+", the edge of a text is "^". Where these
        stand in a text themselves, a backslash is before them.
    n_piece_features_ : int
        How many of the features are n-grams of pieces.
    n_features_in_ : int
        Always 1: one text per sample.

    References
    ----------
    K. Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", ICML 2009,
    section 2 (here the hash only finds the column; collisions are resolved when fitting).

    Examples
    --------
    >>> texts = ["返品したい", "返品できますか", "届きません", "まだ届きません"] * 5
    >>> vectorizer = PieceVectorizer(SentencePieceTokenizer(vocab_size=40))
    >>> X = vectorizer.fit_transform(texts)
    >>> X.shape[0], X.dtype.name
    (20, 'float32')
    """

    tokenizer_: SentencePieceTokenizer
    hashes_: NDArray[np.uint32]
    idf_: NDArray[np.float32]
    names_: NDArray[np.object_]
    n_piece_features_: int
    n_features_in_: int

    def __init__(
        self,
        tokenizer: SentencePieceTokenizer | None = None,
        *,
        piece_ngrams: int = 2,
        char_ngrams: int = 3,
        min_df: int = 2,
        language: str | None = None,
    ) -> None:
        self.tokenizer = tokenizer
        self.piece_ngrams = piece_ngrams
        self.char_ngrams = char_ngrams
        self.min_df = min_df
        self.language = language

    def fit(self, X: Iterable[str], y: object = None) -> Self:
        """Learn which n-grams to count and how to weigh them.

        Parameters
        ----------
        X : iterable of str of shape (n_samples,)
            Normalised texts.
        y : None
            Ignored.

        Returns
        -------
        self : PieceVectorizer
            The fitted vectoriser.

        Raises
        ------
        ValueError
            When a parameter is out of range, or no n-gram stands in ``min_df`` texts.
        """
        self._check_parameters()
        texts = as_texts(X)
        codes, edges = _fold(texts, self.language)
        self.tokenizer_ = self._fitted_tokenizer(_split(codes))
        blocks = self._blocks(codes, edges)
        chosen = [_ngrams.select(block, self.min_df) for block in blocks]
        self.hashes_ = np.concatenate([selection.hashes for selection in chosen])
        if not len(self.hashes_):
            raise ValueError(
                f"Expected n-grams that stand in at least min_df={self.min_df} texts, found none "
                f"in {len(texts)} texts; give more texts or lower min_df."
            )
        frequency = np.concatenate([selection.document_frequency for selection in chosen])
        self.idf_ = (np.log((1 + len(texts)) / (1 + frequency)) + 1).astype(np.float32)
        names = [self._names(number, chosen[number].first) for number in range(len(chosen))]
        self.names_ = np.array([name for own in names for name in own], dtype=object)
        self.n_piece_features_ = len(names[0]) if self.piece_ngrams else 0
        self.n_features_in_ = 1
        self._load_tables()
        return self

    def transform(self, X: Iterable[str]) -> sparse.csr_matrix:
        """Count and weigh the known n-grams.

        Parameters
        ----------
        X : iterable of str of shape (n_samples,)
            Normalised texts.

        Returns
        -------
        X_out : scipy.sparse.csr_matrix of shape (n_samples, n_features), dtype float32
            No entry twice, columns in order.
        """
        check_is_fitted(self, "hashes_")
        matrix: sparse.csr_matrix = sparse.hstack(self.transform_blocks(as_texts(X)), format="csr")
        matrix.sum_duplicates()
        return matrix

    def transform_blocks(self, texts: list[str]) -> list[sparse.csr_matrix]:
        """Return the features of pieces and of characters, n-grams that stand twice unmerged.

        A product with a dense matrix adds equal entries anyway; without the sort and the copy
        labelling keeps pace with the tokeniser. Side by side the matrices are ``transform``.
        """
        check_is_fitted(self, "hashes_")
        blocks = self._blocks(*_fold(texts, self.language))
        return [known.matrix() for known in self._known(blocks)]

    def occurrences(self, text: str) -> Occurrences:
        """Return what each known n-gram of one text contributes, and where it stands.

        Parameters
        ----------
        text : str
            A normalised text.

        Returns
        -------
        found : Occurrences
            Ranges count characters of ``text``.
        """
        check_is_fitted(self, "hashes_")
        codes, edges = _fold([text], self.language)
        columns, values, ranges = [], [], []
        offset = 0
        blocks = self._blocks(codes, edges)
        for number, (block, known) in enumerate(zip(blocks, self._known(blocks), strict=True)):
            bounds = self._bounds(number, _split(codes)[0])
            columns.append(known.columns + offset)
            values.append(known.values)
            first = known.places // block.order
            last = first + known.places % block.order
            # Token 0 is the edge before the text, and the last token the edge behind it:
            # neither covers a character.
            starts = bounds[np.clip(first - 1, 0, len(bounds) - 1), 0]
            ends = bounds[np.clip(last - 1, 0, len(bounds) - 1), 1]
            ranges.append(np.stack([starts, ends], axis=1))
            offset += known.n_columns
        covered = np.concatenate(ranges).astype(np.int32)
        return Occurrences(
            np.concatenate(columns).astype(np.int32),
            np.concatenate(values),
            covered[:, 0],
            covered[:, 1],
        )

    def piece_spans(self, text: str) -> list[tuple[int, int]]:
        """Return the half-open character range of each piece of a normalised text."""
        folded = _split(_fold([text], self.language)[0])[0]
        return joined_pieces(self.tokenizer_.model_).spans(folded)

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Return the n-grams in column order, with "piece:" or "char:" before each."""
        check_is_fitted(self, "names_")
        n_chars = len(self.names_) - self.n_piece_features_
        kinds = np.repeat(["piece:", "char:"], [self.n_piece_features_, n_chars])
        return np.asarray(kinds.astype(object) + self.names_, dtype=object)

    def _check_parameters(self) -> None:
        if min(self.piece_ngrams, self.char_ngrams) < 0 or not (
            self.piece_ngrams or self.char_ngrams
        ):
            raise ValueError(
                "piece_ngrams and char_ngrams must not be negative, and one of them must count "
                f"something, got {self.piece_ngrams} and {self.char_ngrams}."
            )
        if self.min_df < 1:
            raise ValueError(f"min_df must be at least 1, got {self.min_df}.")

    def _fitted_tokenizer(self, texts: list[str]) -> SentencePieceTokenizer:
        if self.tokenizer is not None and hasattr(self.tokenizer, "model_"):
            return self.tokenizer
        wanted = SentencePieceTokenizer() if self.tokenizer is None else clone(self.tokenizer)
        return wanted.fit(texts)

    def _blocks(self, codes: NDArray[np.uint32], edges: NDArray[np.int64]) -> list[Block]:
        blocks = []
        if self.piece_ngrams:
            found = joined_pieces(self.tokenizer_.model_).encode(codes, edges, _NO_PIECE)
            blocks.append(_ngrams.block(*found, self.piece_ngrams))
        if self.char_ngrams:
            blocks.append(_ngrams.block(codes, edges, self.char_ngrams))
        return blocks

    def _known(self, blocks: list[Block]) -> list[_ngrams.Known]:
        tables = self.__dict__.get("_tables") or self._load_tables()
        return [table.look_up(block) for table, block in zip(tables, blocks, strict=True)]

    def _load_tables(self) -> list[_ngrams.Table]:
        split = self.n_piece_features_
        parts = [(self.hashes_[:split], self.idf_[:split])] if self.piece_ngrams else []
        parts += [(self.hashes_[split:], self.idf_[split:])] if self.char_ngrams else []
        tables = [_ngrams.Table(hashes, idf) for hashes, idf in parts]
        # Outside the learned state: it follows from hashes_ and is large.
        self.__dict__["_tables"] = tables
        return tables

    def _names(self, number: int, ngrams: list[tuple[int, ...]]) -> list[str]:
        if number == 0 and self.piece_ngrams:
            pieces = [piece.translate(_PIECE_ESCAPES) for piece in self.tokenizer_.pieces()]
            return [
                "+".join(_EDGE_NAME if token == _NO_PIECE else pieces[token] for token in ngram)
                for ngram in ngrams
            ]
        texts = ("".join(map(chr, ngram)) for ngram in ngrams)
        return [text.translate(_ESCAPES).replace(_EDGE, _EDGE_NAME) for text in texts]

    def _bounds(self, number: int, folded: str) -> NDArray[np.int64]:
        """Return the character range of each token of a text, shape (n_tokens, 2)."""
        if number == 0 and self.piece_ngrams:
            spans = joined_pieces(self.tokenizer_.model_).spans(folded)
        else:
            spans = [(place, place + 1) for place in range(len(folded))]
        return np.array(spans or [(0, 0)], dtype=np.int64)

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        state.pop("_tables", None)
        return state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True  # and two dimensions with one column
        tags.transformer_tags.preserves_dtype = []
        return tags


def fold(texts: list[str], language: str | None) -> list[str]:
    """Return texts as the vectoriser sees them: lower case, Han characters in common forms."""
    return _split(_fold(texts, language)[0])


def _fold(texts: list[str], language: str | None) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the code points of all texts, an edge around each, and where the edges are.

    Folding is one for one, so that places in the result are places in the texts.
    """
    joined = _EDGE.join(("", *texts, ""))
    if joined.count(_EDGE) != len(texts) + 1:
        joined = _EDGE.join(("", *(text.replace(_EDGE, " ") for text in texts), ""))
    codes = np.frombuffer(joined.encode("utf-32-le", "replace"), dtype=np.uint32)
    # `take` by machine integers is twice as fast as an index in brackets.
    folded = _folding(language).take(codes.astype(np.intp), mode="clip")
    beyond = np.flatnonzero(codes >= _BMP_SIZE)
    folded[beyond] = _folded(codes[beyond], language)
    return folded, np.flatnonzero(folded == ord(_EDGE))


def _folded(codes: NDArray[np.uint32], language: str | None) -> NDArray[np.uint32]:
    return codes if language is None else han.fold_array(codes, _FOLDED_AS.get(language, language))


def _split(codes: NDArray[np.uint32]) -> list[str]:
    # One edge alone is a batch of no texts, two edges are one empty text.
    return codes[1:-1].tobytes().decode("utf-32-le").split(_EDGE) if len(codes) > 1 else []


@cache
def _folding(language: str | None) -> NDArray[np.uint32]:
    """Map the code points of the basic plane to lower case and then to common forms."""
    return _folded(_lower(), language)


@cache
def _lower() -> NDArray[np.uint32]:
    """Map the code points of the basic plane to lower case where that is one character too."""
    table = np.arange(_BMP_SIZE, dtype=np.uint32)
    for code in range(_BMP_SIZE):
        lowered = chr(code).lower()
        if len(lowered) == 1:
            table[code] = ord(lowered)
    return table
