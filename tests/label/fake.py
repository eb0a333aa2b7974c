"""A labeller that takes its numbers from digests of the texts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from plaint.model.scores import Scores
from plaint.tables.readers import Cell

OUTPUTS = 8
LABELS = ("red", "green", "blue")


class FakeLabeller:
    columns = ("colour", "colour_probability", "colour_decision", "language", "warnings", "version")
    types = {"colour_probability": "number"}

    def __init__(self, version: str = "v1", outputs: int = OUTPUTS) -> None:
        self.version = version
        self.precision = 0.9
        self.outputs = outputs
        self.batches: list[int] = []
        self.samples: list[int | None] = []

    def score(self, texts: Sequence[str], language: str | None = None) -> Scores:
        self.batches.append(len(texts))
        n, size = len(texts), 2 * self.outputs
        digests = b"".join(
            hashlib.shake_128(t.encode("utf-8", "surrogatepass")).digest(size) for t in texts
        )
        numbers = np.frombuffer(digests, dtype="<u2").reshape(n, self.outputs)
        return Scores(
            logits=(numbers.astype(np.float32) / 65536),
            language=(numbers[:, 0] % 5).astype(np.uint8),
            confidence=np.full(n, 0.5 if language is None else 1.0, dtype=np.float32),
            flags=np.array([not text for text in texts], dtype=np.uint16),
        )

    def priors(self, kind: str, sample: Scores | None) -> Any:
        self.samples.append(None if sample is None else len(sample))
        if sample is None:
            return np.ones(3)
        return np.round(sample.logits[:, :3].astype(np.float64).mean(axis=0), 9)

    def answers(self, scores: Scores, priors: Any) -> list[tuple[Cell, ...]]:
        logits = scores.logits[:, :3].astype(np.float64) * priors
        best = logits.argmax(axis=1)
        return [
            (
                LABELS[place],
                round(float(row[place]), 6),
                "auto" if row[place] > 0.5 else "review",
                int_language,
                "empty" if flag else "",
                self.version,
            )
            for place, row, int_language, flag in zip(
                best.tolist(),
                logits,
                map(str, scores.language.tolist()),
                scores.flags.tolist(),
                strict=True,
            )
        ]

    def report(self, priors: Any) -> list[dict[str, Any]]:
        return [
            {"task": "colour", "label": label, "share": float(share)}
            for label, share in zip(LABELS, priors, strict=True)
        ]
