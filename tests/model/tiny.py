"""A classifier that is fitted in no time and has a state like the real one's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from plaint.model import bundle
from plaint.model.features import PieceVectorizer
from plaint.model.tokenizer import SentencePieceTokenizer
from plaint.taxonomy import load_taxonomy

TEXTS = [
    "返品したいのですが、連絡がつきません",
    "まだ届きません。三週間も待っています",
    "환불해 주세요. 고객센터가 전화를 받지 않아요",
    "배송이 너무 늦어요ㅠㅠ",
    "客服一直不回复，我要退款",
    "质量太差，用了两天就坏了",
] * 4
GOLDEN = ("返品できますか", "배송이 늦어요", "我要退款")
TAXONOMY = load_taxonomy().to_dict()
FACTS = {"data": "sha256:" + "0" * 64, "seed": 0, "scores": {"demand": {"accuracy": 0.5}}}


@dataclass
class TinyModel:
    vectorizer: PieceVectorizer
    weights: NDArray[np.float32]
    outputs: tuple[str, ...]
    temperature: np.float64


class TinyClassifier(BaseEstimator):
    def __init__(
        self,
        vocab_size: int = 80,
        *,
        taxonomy: dict[str, Any] = TAXONOMY,
        strength: float = 1.0,
        name: str | None = None,
    ) -> None:
        self.taxonomy = taxonomy
        self.vocab_size = vocab_size
        self.strength = strength
        self.name = name

    def fit(self, texts: Sequence[str], seed: int = 0) -> Self:
        self.tokenizer_ = SentencePieceTokenizer(vocab_size=self.vocab_size).fit(texts)
        rng = np.random.default_rng(seed)
        self.models_ = {}
        for family in ("ja", "zh"):
            vectorizer = PieceVectorizer(self.tokenizer_, language=family).fit(texts)
            weights = rng.normal(size=(len(vectorizer.hashes_), 3)).astype(np.float32)
            self.models_[family] = TinyModel(vectorizer, weights, ("a", "b", "c"), np.float64(1.5))
        self.limits_ = {"a": [0.1, None, True], "b": {"c": ("x", 3)}}
        self.thresholds_ = {1: np.array([0.25, 0.5])}
        return self

    def score(self, texts: Sequence[str], language: str | None = None) -> Any:
        model = self.models_["ja"]
        logits = np.asarray(model.vectorizer.transform(texts) @ model.weights)
        return SimpleNamespace(logits=logits / model.temperature)


TRUSTED = (
    f"{TinyClassifier.__module__}.TinyClassifier",
    f"{TinyClassifier.__module__}.TinyModel",
    "plaint.model.features.PieceVectorizer",
    "plaint.model.tokenizer.SentencePieceTokenizer",
)


def write(directory: str) -> str:
    """Fit and save in a process of its own; returns the manifest's digest."""
    bundle.TRUSTED_TYPES = TRUSTED
    manifest = bundle.save(
        TinyClassifier().fit(TEXTS),
        directory,
        facts=FACTS,
        golden=GOLDEN,
        extras={"card.md": b"# Card\n"},
    )
    return manifest.digest
