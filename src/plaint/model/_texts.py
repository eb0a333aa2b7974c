"""What the estimators accept as texts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def as_texts(X: Iterable[str]) -> list[str]:
    """Return the texts of a list, array, Series or one-column frame as a list of str.

    Raises
    ------
    ValueError
        When ``X`` is one string, has more than one column or holds something other than str.
    """
    if isinstance(X, str | bytes):
        raise ValueError("Expected a sequence of texts, got a single string; put it into a list.")
    if hasattr(X, "to_numpy"):
        X = X.to_numpy()
    if isinstance(X, np.ndarray):
        if X.ndim == 2 and X.shape[1] == 1:
            X = X[:, 0]
        elif X.ndim != 1:
            raise ValueError(f"Expected texts of shape (n_samples,), got shape {X.shape}.")
        texts: list[str] = X.tolist()
    else:
        texts = list(X)
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(
                f"Expected str in every row, found {type(text).__name__} in row {index}; "
                "replace missing texts with an empty string."
            )
    return texts
