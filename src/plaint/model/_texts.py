"""What the estimators accept as texts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


def as_texts(X: Iterable[str]) -> list[str]:
    """Return the texts of a list, array, Series or one-column frame as a list of str.

    Raises
    ------
    TypeError
        When ``X`` is a sparse matrix.
    ValueError
        When ``X`` is one string, has more than one column or holds something other than str.
    """
    if sparse.issparse(X):
        raise TypeError("Expected texts, got a sparse matrix; sparse input is not supported.")
    if isinstance(X, str | bytes):
        raise ValueError("Expected a sequence of texts, got a single string; put it into a list.")
    texts = _column(np.asarray(X)) if hasattr(X, "__array__") else list(X)
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(
                f"Expected str in every row, found {type(text).__name__} in row {index}; "
                "replace missing texts (None, NaN) with an empty string."
            )
    return texts


def encodable(texts: list[str]) -> list[str]:
    """Return the texts with "?" for lone surrogates, which no UTF-8 can hold."""
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return [text.encode("utf-8", "replace").decode() for text in texts]
    return texts


def _column(values: NDArray[np.generic]) -> list[str]:
    if np.iscomplexobj(values):
        raise ValueError(f"Complex data not supported: expected texts, got {values.dtype}.")
    if values.ndim == 2 and values.shape[1] == 0:
        raise ValueError(
            f"Expected one column of texts, found 0 feature(s) (shape={values.shape}) while a "
            "minimum of 1 is required."
        )
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise ValueError(f"Expected texts of shape (n_samples,), got shape {values.shape}.")
    texts: list[str] = values.tolist()
    return texts
