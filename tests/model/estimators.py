"""What lets scikit-learn's estimator checks run on estimators of texts.

The checks make tables of numbers and hand them to `_enforce_estimator_tags_X`, which gives each
estimator what its tags ask for; it knows no tag for texts. Here it is taught one: every row
becomes a text, in one column. The estimators themselves are the real ones, nothing wraps them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils import estimator_checks
from sklearn.utils._testing import assert_allclose, assert_allclose_dense_sparse

# These check how a sparse matrix is refused: they get their numbers.
_WITH_NUMBERS = {
    "check_estimator_sparse_array",
    "check_estimator_sparse_matrix",
    "check_estimator_sparse_tag",
}

# Checks that no estimator of texts can pass, and why.
EXPECTED_FAILURES = {
    "check_estimators_nan_inf": "expects a word on NaN, but three columns are refused before",
    "check_estimators_dtypes": "converts X to four types of numbers",
    "check_fit2d_predict1d": "wants an error for one dimension, the usual shape of texts",
    "check_n_features_in_after_fitting": "takes a second column away; texts have one",
    "check_positive_only_tag_during_fit": "subtracts the mean from X",
    "check_transformer_data_not_an_array": "ends with a list of lists, which holds no str",
}

# Full-width digits are text to a tokeniser and still a number to the checks, which make y of X.
_DIGITS = str.maketrans("0123456789", "０１２３４５６７８９")


def run(check: Any, estimator: BaseEstimator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a check with texts; lists of pieces are compared for equality."""
    name = getattr(check, "func", check).__name__
    adapt = _as_they_are if name in _WITH_NUMBERS else _as_texts
    monkeypatch.setattr(estimator_checks, "_enforce_estimator_tags_X", adapt)
    for original in (assert_allclose, assert_allclose_dense_sparse):
        monkeypatch.setattr(estimator_checks, original.__name__, _comparing_lists(original))
    check(estimator)


def _as_texts(
    estimator: object, X: NDArray[Any], X_test: NDArray[Any] | None = None, kernel: object = None
) -> Any:
    return _texts(X) if X_test is None else (_texts(X), _texts(X_test))


def _as_they_are(estimator: object, X: NDArray[Any]) -> NDArray[Any]:
    return X


def _texts(X: NDArray[Any]) -> NDArray[np.object_]:
    # Five columns of three digits still fit into an integer of 64 bits.
    thousands = np.abs(np.asarray(X, dtype=float)[:, :5] * 100).astype(int) % 1_000
    rows = ["".join(f"{number:03}" for number in row).translate(_DIGITS) for row in thousands]
    return np.array(rows, dtype=object)[:, None]


def _comparing_lists(original: Any) -> Any:
    def compare(actual: Any, expected: Any, *args: Any, **options: Any) -> None:
        if not sparse.issparse(actual) and np.asarray(actual).dtype == object:
            np.testing.assert_array_equal(actual, expected)
        else:
            original(actual, expected, *args, **options)

    return compare
