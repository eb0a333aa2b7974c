"""What the model found in a batch, before any prior: small enough to keep for a million rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import IntFlag
from typing import Self

import numpy as np
from numpy.typing import NDArray


class Flag(IntFlag):
    """What a reader should know about one message; the names are those of the warnings."""

    EMPTY = 1
    OTHER_LANGUAGE = 2
    LANGUAGE_UNSURE = 4
    CUT = 8
    MOSTLY_UNKNOWN = 16


@dataclass(frozen=True)
class Scores:
    """Scores of a batch of messages.

    Attributes
    ----------
    logits : ndarray of shape (n_messages, n_outputs), dtype float32
        For each task its labels side by side. A softmax over the labels of a task gives their
        probabilities if all were equally common; any other prior is applied afterwards.
    language : ndarray of shape (n_messages,), dtype uint8
        Index into ``(*LANGUAGES, OTHER)`` of :mod:`plaint.text.language`.
    confidence : ndarray of shape (n_messages,), dtype float32
        Of the language, 0 to 1.
    flags : ndarray of shape (n_messages,), dtype uint16
        A :class:`Flag` per message.
    """

    logits: NDArray[np.float32]
    language: NDArray[np.uint8]
    confidence: NDArray[np.float32]
    flags: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.language)

    def take(self, indices: NDArray[np.intp] | Sequence[int] | slice) -> Scores:
        """Return the scores of some of the messages."""
        return Scores(*(getattr(self, field.name)[indices] for field in fields(self)))

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the arrays by name, for a file."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """Return scores from what ``to_arrays`` gave."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})  # type: ignore[arg-type]

    @classmethod
    def concatenate(cls, parts: Sequence[Scores]) -> Self:
        """Return the scores of several batches in a row."""
        return cls(
            *(
                np.concatenate([getattr(part, field.name) for part in parts])
                for field in fields(cls)
            )
        )
