"""The classifiers that plaint is measured beside."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import fasttext

PREFIX = "__label__"
WORD_NGRAMS = 2
DIMENSIONS = 50
RATE = 0.5
SEED = 0


def fit_fasttext(texts: list[str], labels: list[str], *, epochs: int) -> Any:
    """Train fastText on texts whose tokens stand between spaces."""
    fasttext.FastText.eprint = lambda *args: None
    handle, name = tempfile.mkstemp(suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        for text, label in zip(texts, labels, strict=True):
            file.write(f"{PREFIX}{label} {text}\n")
    try:
        return fasttext.train_supervised(
            name,
            wordNgrams=WORD_NGRAMS,
            dim=DIMENSIONS,
            epoch=epochs,
            lr=RATE,
            seed=SEED,
            thread=1,
            verbose=0,
        )
    finally:
        Path(name).unlink()


def predict_fasttext(model: Any, texts: list[str]) -> list[str]:
    """Return the likeliest label of each text."""
    # The Python face of the wheel was written for numpy 1; the inner one returns plain lists.
    labels, _ = model.f.multilinePredict([f"{text}\n" for text in texts], 1, 0.0, "strict")
    return [found[0].removeprefix(PREFIX) for found in labels]
