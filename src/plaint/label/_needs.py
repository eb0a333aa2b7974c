"""What a batch run needs of a model; :class:`plaint.label.labeller.Labeller` has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from plaint.model.scores import Scores
from plaint.tables.readers import Cell


class LabellerLike(Protocol):
    """Scores texts, and turns scores into cells once the shares of the labels are known."""

    @property
    def version(self) -> str:
        """Name of the model version."""

    @property
    def precision(self) -> float:
        """Wished precision of what is decided ``auto``."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are added, in order."""

    @property
    def types(self) -> Mapping[str, str]:
        """``text`` or ``number`` for each of them."""

    def score(self, texts: Sequence[str], language: str | None = None) -> Scores:
        """Score texts, the same batch always alike."""

    def priors(self, kind: str, sample: Scores | None) -> Any:
        """Return the shares to assume; the sample is needed for ``estimate`` only."""

    def answers(self, scores: Scores, priors: Any) -> list[tuple[Cell, ...]]:
        """Return the added cells of each row."""

    def report(self, priors: Any) -> list[dict[str, Any]]:
        """Return the shares with their intervals as plain JSON values."""
