"""Labelled messages and phrases, read from files and checked against the taxonomy."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from plaint.errors import CorpusError
from plaint.resources import data_path
from plaint.tables.readers import BadRow, open_table
from plaint.taxonomy import Task, Taxonomy
from plaint.text.language import LANGUAGES

_SHIPPED = ("ja.csv", "ko.csv", "zh.csv")


@dataclass(frozen=True)
class Corpus:
    """Labelled texts.

    Attributes
    ----------
    rows : DataFrame
        Columns ``id, text, language, group, phrase`` (bool) and one per task; an empty string
        where a label is unknown.
    digest : str
        Of all rows, in order: the same data gives the same digest.
    """

    rows: pd.DataFrame
    digest: str

    @property
    def messages(self) -> pd.DataFrame:
        """Rows that are whole messages."""
        return self.rows[~self.rows["phrase"]]


def load_corpus(
    taxonomy: Taxonomy,
    messages: Sequence[Path] | None = None,
    phrases: Sequence[Path] | None = None,
) -> Corpus:
    """Read messages and phrases; without paths, those that come with plaint.

    Parameters
    ----------
    taxonomy : Taxonomy
    messages : sequence of Path, default=None
        Files with the columns ``id, text, language`` and one per task; ``group`` may name the
        customer or thread.
    phrases : sequence of Path, default=None
        Files with the columns ``id, text, language, task, label``. None are read beside messages
        of the caller's own.

    Raises
    ------
    CorpusError
        With file and row, when a column is missing or a label or language is unknown.
    """
    if messages is None:
        messages = [data_path("corpus", name) for name in _SHIPPED]
        phrases = phrases or [data_path("phrases", name) for name in _SHIPPED]
    columns = ["id", "text", "language", "group", "phrase", *taxonomy.task_ids]
    found = [row for path in messages for row in _messages(path, taxonomy)]
    found += [row for path in phrases or [] for row in _phrases(path, taxonomy)]
    if not found:
        raise CorpusError("Expected labelled messages, the files hold none.")
    rows = pd.DataFrame(found, columns=columns)
    return Corpus(rows, _digest(rows))


def _messages(path: Path, taxonomy: Taxonomy) -> Iterable[list[object]]:
    for number, row in _read(path, ("id", "text", "language", *taxonomy.task_ids)):
        for task in taxonomy.tasks:
            _check_label(path, number, task, row[task.id])
        # Rows that nothing names are no customer's in common, they are unrelated.
        group = row.get("group") or row["id"] or f"{path.name} row {number}"
        labels = [row[task] for task in taxonomy.task_ids]
        yield [row["id"], row["text"], row["language"], group, False, *labels]


def _phrases(path: Path, taxonomy: Taxonomy) -> Iterable[list[object]]:
    for number, row in _read(path, ("id", "text", "language", "task", "label")):
        if row["task"] not in taxonomy.task_ids:
            raise CorpusError(
                f"{path} row {number}: there is no task {row['task']!r}; known are "
                f"{', '.join(taxonomy.task_ids)}."
            )
        labels = dict.fromkeys(taxonomy.task_ids, "")
        task = taxonomy.task(row["task"])
        # A label of a refining task may be written with its parent before it.
        label = row["label"].rpartition("/")[2]
        _check_label(path, number, task, label)
        labels[task.id] = label
        if task.refines is not None:
            labels[task.refines] = str(task.label(label).parent)
        gate = taxonomy.gate_task
        if gate is not None and gate.gate is not None and task.refines is not None:
            labels[gate.id] = gate.gate
        yield [row["id"], row["text"], row["language"], row["id"], True, *labels.values()]


def _read(path: Path, columns: Sequence[str]) -> Iterable[tuple[int, dict[str, str]]]:
    with open_table(path) as table:
        missing = [column for column in columns if column not in table.columns]
        if missing:
            raise CorpusError(
                f"{path} lacks the columns {', '.join(missing)}; found {', '.join(table.columns)}."
            )
        for row in table:
            if isinstance(row, BadRow):
                raise CorpusError(f"{path} row {row.number} cannot be read: {row.reason}")
            cells = ["" if cell is None else str(cell) for cell in row.cells]
            named = dict(zip(table.columns, cells, strict=True))
            if named["language"] not in LANGUAGES:
                raise CorpusError(
                    f"{path} row {row.number}: language {named['language']!r} is none of "
                    f"{', '.join(LANGUAGES)}."
                )
            yield row.number, named


def _check_label(path: Path, number: int, task: Task, label: str) -> None:
    if label and label not in task.label_ids:
        raise CorpusError(
            f"{path} row {number}: task {task.id!r} has no label {label!r}; known are "
            f"{', '.join(task.label_ids)}, or leave it empty."
        )


def _digest(rows: pd.DataFrame) -> str:
    content = rows.to_csv(index=False, lineterminator="\n").encode("utf-8", "surrogatepass")
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
