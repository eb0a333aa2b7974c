"""What a taxonomy must be, checked on its plain data before any object is made of it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from plaint.errors import TaxonomyError

FORMAT = 1
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
SHARE_TOLERANCE = 1e-6
MAX_PROBLEMS_SHOWN = 20

# Names of other columns and fields that stand beside the tasks in files and answers.
RESERVED = (
    *("id", "text", "language", "channel", "industry", "split", "checked", "task", "label"),
    *("labels", "decision", "reason", "probability", "ranking", "route", "evidence", "warnings"),
    *("version", "row", "number", "group", "phrase"),
)

_TOP_KEYS = {"format", "languages", "task"}
_TASK_KEYS = {"id", "names", "descriptions", "label", "gate", "refines", "share_source"}
_LABEL_KEYS = {"id", "names", "descriptions", "share", "parent"}


def check(data: Mapping[str, Any], source: str) -> None:
    """Raise one TaxonomyError that lists every problem, each with its task and label."""
    problems = list(_problems(data))
    if not problems:
        return
    shown = problems[:MAX_PROBLEMS_SHOWN]
    if len(problems) > len(shown):
        shown.append(f"and {len(problems) - len(shown)} more")
    raise TaxonomyError(f"{source}: " + "; ".join(shown) + ". Correct this and load it again.")


def _problems(data: object) -> Iterator[str]:
    if not isinstance(data, Mapping):
        yield "it must be a table"
        return
    found = data.get("format")
    if type(found) is not int or found != FORMAT:
        yield f"format is {found!r}, but this plaint reads format {FORMAT}"
        return
    yield from _unknown_keys(data, _TOP_KEYS, "the top level")
    languages = data.get("languages")
    if not _are_different_texts(languages):
        yield f"languages must be a list of different language codes, found {languages!r}"
        return
    tasks = data.get("task")
    if not _are_tables(tasks):
        yield "it must hold at least one [[task]]"
        return
    sound = True
    for position, task in enumerate(tasks, start=1):
        where = f"task {task.get('id', f'number {position}')!r}"
        for problem in _task_problems(task, where, languages):
            sound = False
            yield problem
    # How tasks hang together can only be told when each of them is sound.
    if sound:
        yield from _structure_problems(tasks)


def _task_problems(task: Mapping[str, Any], where: str, languages: list[str]) -> Iterator[str]:
    yield from _unknown_keys(task, _TASK_KEYS, where)
    yield from _named(task, where, languages)
    yield from _not_ids(task, ("gate", "refines"), where)
    if task.get("id") in RESERVED:
        yield f"{where}: this id is the name of another column, choose a different one"
    labels = task.get("label")
    if not _are_tables(labels) or len(labels) < 2:
        yield f"{where}: it must hold at least two [[task.label]]"
        return
    for position, label in enumerate(labels, start=1):
        spot = f"{where}, label {label.get('id', f'number {position}')!r}"
        yield from _unknown_keys(label, _LABEL_KEYS, spot)
        yield from _named(label, spot, languages)
        yield from _not_ids(label, ("parent",), spot)
    yield from _twice(labels, f"{where}, label")
    yield from _share_problems(task, labels, where)


def _not_ids(table: Mapping[str, Any], keys: tuple[str, ...], where: str) -> Iterator[str]:
    for key in keys:
        if key in table and not isinstance(table[key], str):
            yield f"{where}: {key} must be an id, found {table[key]!r}"


def _named(table: Mapping[str, Any], where: str, languages: list[str]) -> Iterator[str]:
    identifier = table.get("id")
    if not isinstance(identifier, str) or not IDENTIFIER.fullmatch(identifier):
        yield f"{where}: id must match {IDENTIFIER.pattern}, found {identifier!r}"
    for key in ("names", "descriptions"):
        texts = table.get(key)
        if not isinstance(texts, Mapping):
            yield f"{where}: {key} are missing"
            continue
        for language in languages:
            if language not in texts:
                yield f"{where}: {key}.{language} is missing"
            elif not _is_line(texts[language]):
                yield f"{where}: {key}.{language} must be one line of text"
        yield from _unknown_keys(texts, set(languages), f"{where}, {key}")


def _share_problems(
    task: Mapping[str, Any], labels: list[Mapping[str, Any]], where: str
) -> Iterator[str]:
    shares = [label["share"] for label in labels if "share" in label]
    source = task.get("share_source")
    if not shares:
        if source is not None:
            yield f"{where}: share_source is given, but no label has a share"
        return
    if not _is_line(source):
        yield f"{where}: labels have shares, so share_source must say where they come from"
    if len(shares) < len(labels):
        without = [label.get("id") for label in labels if "share" not in label]
        yield f"{where}, label {without[0]!r}: share is missing, though other labels have one"
    valid = True
    for label in labels:
        share = label.get("share", 1.0)
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
            valid = False
            spot = f"{where}, label {label.get('id')!r}"
            yield f"{spot}: share must be above 0 and at most 1, found {share!r}"
    if valid and len(shares) == len(labels) and abs(math.fsum(shares) - 1) > SHARE_TOLERANCE:
        yield f"{where}: shares sum to {math.fsum(shares):.6g} instead of 1"


def _structure_problems(tasks: list[Mapping[str, Any]]) -> Iterator[str]:
    yield from _twice(tasks, "task")
    labels_of = {task["id"]: [label["id"] for label in task["label"]] for task in tasks}
    gates = [task["id"] for task in tasks if "gate" in task]
    if len(gates) > 1:
        yield f"only one task may have a gate, found {', '.join(map(repr, gates))}"
    for task in tasks:
        where = f"task {task['id']!r}"
        if "gate" in task and task["gate"] not in labels_of[task["id"]]:
            yield f"{where}: gate names {task['gate']!r}, which is none of its labels"
        yield from _parent_problems(task, where, labels_of)
    refines: dict[str, str] = {task["id"]: task["refines"] for task in tasks if "refines" in task}
    for start in refines:
        seen: list[str] = [start]
        at = refines[start]
        while at in refines and at not in seen:
            seen.append(at)
            at = refines[at]
        if at == start:
            yield f"task {start!r}: refines goes in a circle: {' -> '.join([*seen, start])}"


def _parent_problems(
    task: Mapping[str, Any], where: str, labels_of: Mapping[str, list[str]]
) -> Iterator[str]:
    refined = task.get("refines")
    parents = {label["id"]: label.get("parent") for label in task["label"]}
    if refined is None:
        for identifier, parent in parents.items():
            if parent is not None:
                yield f"{where}, label {identifier!r}: has a parent, but the task refines no other"
        return
    if "gate" in task:
        yield f"{where}: a task with a gate cannot refine another"
    if refined not in labels_of:
        yield f"{where}: refines {refined!r}, which is no task"
        return
    for identifier, parent in parents.items():
        if parent is None:
            yield f"{where}, label {identifier!r}: parent is missing, the task refines {refined!r}"
        elif parent not in labels_of[refined]:
            yield f"{where}, label {identifier!r}: parent {parent!r} is no label of {refined!r}"
    for childless in labels_of[refined]:
        if childless not in parents.values():
            yield f"{where}: no label has the parent {childless!r}, a label of {refined!r}"


def _twice(tables: list[Mapping[str, Any]], what: str) -> Iterator[str]:
    seen: list[Any] = []
    for table in tables:
        identifier = table.get("id")
        if identifier in seen:
            yield f"{what} {identifier!r}: this id stands twice"
        seen.append(identifier)


def _unknown_keys(table: Mapping[str, Any], known: set[str], where: str) -> Iterator[str]:
    for key in sorted(set(table) - known, key=str):
        yield f"{where}: unknown key {key!r}, known are {', '.join(sorted(known))}"


def _are_tables(value: object) -> TypeGuard[list[Mapping[str, Any]]]:
    return (
        isinstance(value, list)
        and len(value) > 0
        and all(isinstance(entry, Mapping) for entry in value)
    )


def _are_different_texts(value: object) -> TypeGuard[list[str]]:
    return (
        isinstance(value, list)
        and len(value) > 0
        and all(isinstance(entry, str) and entry for entry in value)
        and len(set(value)) == len(value)
    )


def _is_line(value: object) -> bool:
    # The ideographic space counts as unprintable in Python, but is at home in Japanese.
    return (
        isinstance(value, str)
        and bool(value.strip())
        and value.replace("\N{IDEOGRAPHIC SPACE}", " ").isprintable()
    )
