"""The questions asked of a message (tasks) and the answers allowed (labels).

They are data: ``data/taxonomy.toml`` for the shipped ones, a file of the user's own otherwise.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plaint._taxonomy_rules import FORMAT, check
from plaint.errors import TaxonomyError
from plaint.resources import data_path

MAX_TAXONOMY_BYTES = 1_048_576


@dataclass(frozen=True)
class Label:
    """One answer to a task; names and descriptions by language code."""

    id: str
    names: Mapping[str, str] = field(hash=False)
    descriptions: Mapping[str, str] = field(hash=False)
    share: float | None = None
    parent: str | None = None


@dataclass(frozen=True)
class Task:
    """One question asked of a message.

    ``gate`` is the label that a message must have before any other task is asked of it;
    ``refines`` is the task whose label each label of this one narrows down.
    """

    id: str
    names: Mapping[str, str] = field(hash=False)
    descriptions: Mapping[str, str] = field(hash=False)
    labels: tuple[Label, ...] = ()
    gate: str | None = None
    refines: str | None = None
    share_source: str | None = None

    @property
    def label_ids(self) -> tuple[str, ...]:
        """Ids of the labels, in order."""
        return tuple(label.id for label in self.labels)

    def label(self, label_id: str) -> Label:
        """Return the label with this id."""
        return self.labels[self.index(label_id)]

    def index(self, label_id: str) -> int:
        """Position of a label, counted from 0."""
        try:
            return self.label_ids.index(label_id)
        except ValueError:
            raise TaxonomyError(
                _unknown(f"Task {self.id!r} has no label", label_id, self.label_ids)
            ) from None


@dataclass(frozen=True)
class Taxonomy:
    """All tasks with their labels. Made by `load_taxonomy` or `from_dict`, which check it."""

    tasks: tuple[Task, ...]
    languages: tuple[str, ...]
    format: int = FORMAT

    @property
    def task_ids(self) -> tuple[str, ...]:
        """Ids of the tasks, in order."""
        return tuple(task.id for task in self.tasks)

    def task(self, task_id: str) -> Task:
        """Return the task with this id."""
        for task in self.tasks:
            if task.id == task_id:
                return task
        raise TaxonomyError(_unknown("There is no task", task_id, self.task_ids))

    @property
    def gate_task(self) -> Task | None:
        """The task that decides whether the others are asked, if there is one."""
        return next((task for task in self.tasks if task.gate is not None), None)

    def benchmark(self, task_id: str) -> dict[str, float] | None:
        """Shares of a task's labels from its named source, or None when it has no such source."""
        shares = {label.id: label.share for label in self.task(task_id).labels}
        known = {label_id: share for label_id, share in shares.items() if share is not None}
        return known or None

    def children(self, task_id: str) -> dict[str, tuple[str, ...]]:
        """For a task that refines another: labels of that other task to labels of this one.

        Empty for a task that refines none.
        """
        task = self.task(task_id)
        if task.refines is None:
            return {}
        return {
            parent: tuple(label.id for label in task.labels if label.parent == parent)
            for parent in self.task(task.refines).label_ids
        }

    def refinements(self, task_id: str) -> tuple[Task, ...]:
        """Tasks that refine this one."""
        self.task(task_id)
        return tuple(task for task in self.tasks if task.refines == task_id)

    @property
    def digest(self) -> str:
        """``sha256:`` and the digest of the whole content, names and descriptions included."""
        canonical = json.dumps(
            self.to_dict(), ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data in the layout of the file, ready for JSON."""
        return {
            "format": self.format,
            "languages": list(self.languages),
            "task": [
                _table(task, ("gate", "refines", "share_source"))
                | {"label": [_table(label, ("share", "parent")) for label in task.labels]}
                for task in self.tasks
            ],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], source: str = "taxonomy") -> Taxonomy:
        """Check plain data, as `to_dict` gives it, and make a taxonomy of it.

        Parameters
        ----------
        data : mapping
            The layout of the file.
        source : str
            Where the data comes from, for messages.

        Raises
        ------
        TaxonomyError
            With every problem found, each with its task and label.
        """
        check(data, source)
        return cls(
            tasks=tuple(_task(table) for table in data["task"]),
            languages=tuple(data["languages"]),
            format=data["format"],
        )


def load_taxonomy(path: str | Path | None = None) -> Taxonomy:
    """Read a taxonomy file; without a path, the one that comes with plaint.

    Raises
    ------
    TaxonomyError
        When the file cannot be read, is no TOML or contradicts itself.
    """
    place = data_path("taxonomy.toml") if path is None else Path(path)
    try:
        with place.open("rb") as stream:
            content = stream.read(MAX_TAXONOMY_BYTES + 1)
    except OSError as error:
        raise TaxonomyError(
            f"The taxonomy {place} cannot be read ({error.strerror}). Name a file that exists."
        ) from error
    if len(content) > MAX_TAXONOMY_BYTES:
        raise TaxonomyError(
            f"The taxonomy {place} is larger than {MAX_TAXONOMY_BYTES} bytes. Name another file."
        )
    try:
        # Windows editors put a byte order mark in front, which TOML does not allow.
        data = tomllib.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise TaxonomyError(
            f"The taxonomy {place} is no TOML file in UTF-8: {error}. Correct it and load it again."
        ) from error
    return Taxonomy.from_dict(data, source=str(place))


def _task(table: Mapping[str, Any]) -> Task:
    return Task(
        id=table["id"],
        names=dict(table["names"]),
        descriptions=dict(table["descriptions"]),
        labels=tuple(_label(entry) for entry in table["label"]),
        gate=table.get("gate"),
        refines=table.get("refines"),
        share_source=table.get("share_source"),
    )


def _label(table: Mapping[str, Any]) -> Label:
    share = table.get("share")
    return Label(
        id=table["id"],
        names=dict(table["names"]),
        descriptions=dict(table["descriptions"]),
        share=None if share is None else float(share),
        parent=table.get("parent"),
    )


def _table(entry: Task | Label, optional: Iterable[str]) -> dict[str, Any]:
    table = {
        "id": entry.id,
        "names": dict(entry.names),
        "descriptions": dict(entry.descriptions),
    }
    given = {key: getattr(entry, key) for key in optional}
    return table | {key: value for key, value in given.items() if value is not None}


def _unknown(problem: str, found: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(found, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{problem} {found!r}; known are {', '.join(known)}.{hint}"
