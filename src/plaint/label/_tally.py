"""How many messages were decided how, counted from the cells that a model adds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, Final

from plaint.model.decisions import WORDS
from plaint.tables.readers import Cell

NOT_ASKED: Final = "not_asked"
_SUFFIX: Final = "_decision"


class Tally:
    """Counts the decisions of each task; its columns are ``<task>`` and ``<task>_decision``.

    Parameters
    ----------
    columns : sequence of str
        The columns that the model adds, in order.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._places = {
            task: columns.index(task + _SUFFIX) for task in columns if task + _SUFFIX in columns
        }
        self._counts: dict[str, Counter[Cell]] = {task: Counter() for task in self._places}

    def add(self, answers: Sequence[tuple[Cell, ...]]) -> None:
        """Count the added cells of some rows."""
        for task, place in self._places.items():
            self._counts[task].update(map(itemgetter(place), answers))

    def rows(self) -> list[dict[str, Any]]:
        """Return the counts as plain values, a row per task."""
        return [
            # A decision that is empty was not asked for, because the gate is closed.
            {"task": task, **{word: count[word] for word in WORDS}, NOT_ASKED: count[""]}
            for task, count in self._counts.items()
        ]
