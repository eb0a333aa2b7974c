"""The counts that data/README.md states are those of the files."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path
from statistics import median

import pytest

from plaint.resources import data_path
from plaint.taxonomy import Task, load_taxonomy

DATASHEET = (Path(__file__).parent.parent / "data" / "README.md").read_text(encoding="utf-8")
TAXONOMY = load_taxonomy()


def _rows(directory: str) -> list[dict[str, str]]:
    rows = []
    for name in ("ja", "ko", "zh"):
        with data_path(directory, f"{name}.csv").open(encoding="utf-8", newline="") as stream:
            rows.extend(csv.DictReader(stream))
    return rows


CORPUS = _rows("corpus")
PHRASES = _rows("phrases")


def table_row(first: str, section: str = "") -> list[str]:
    text = DATASHEET[DATASHEET.index(section) :]
    line = next(line for line in text.splitlines() if line.startswith(f"| {first} |"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def numbers(text: str) -> list[int]:
    return [int(found.replace(",", "")) for found in re.findall(r"[0-9][0-9,]*(?<!,)", text)]


def is_rich(row: dict[str, str]) -> bool:
    return row["id"][3:5] in ("a1", "a2")


@pytest.mark.parametrize("language", ["ja", "ko", "zh-Hans", "zh-Hant", "all"])
def test_messages_of_each_language(language: str) -> None:
    rows = [row for row in CORPUS if language in (row["language"], "all")]
    causes = Counter(row["root_cause"] for row in rows)
    first = language if language == "all" else f"`{language}`"
    expected = [len(rows), *(causes[cause] for cause in ("service", "product", "customer", ""))]
    assert [numbers(cell)[0] for cell in table_row(first, "## What is in the corpus")] == expected


@pytest.mark.parametrize("task", TAXONOMY.tasks, ids=lambda task: task.id)
def test_messages_of_each_label(task: Task) -> None:
    found = Counter(row[task.id] for row in CORPUS)
    labels, empty = table_row(f"`{task.id}`", "## What is in the corpus")
    assert labels == ", ".join(f"{label} {found[label]:,}" for label in task.label_ids)
    assert numbers(empty) == [found[""]]


def test_sizes_of_the_whole() -> None:
    assert f"{len(CORPUS):,} labelled messages" in DATASHEET
    assert f"{len(PHRASES):,} short fragments" in DATASHEET
    lengths = [len(row["text"]) for row in CORPUS]
    assert f"Texts have {min(lengths)} to {max(lengths)} characters" in DATASHEET
    channels = {row["channel"] for row in CORPUS}
    industries = {row["industry"] for row in CORPUS}
    assert f"{len(channels)} channels and {len(industries)} industries" in DATASHEET


def test_the_two_halves() -> None:
    for rich, end in ((True, "balanced"), (False, "short and flat")):
        lengths = [len(row["text"]) for row in CORPUS if is_rich(row) is rich]
        stated = f"({len(lengths):,} messages, median {median(lengths):g} characters, {end}"
        assert stated in DATASHEET
    assert all(re.fullmatch(r"(ja|ko|zh)-a[1-5][0-9]{4}", row["id"]) for row in CORPUS)


def test_what_is_left_open_and_what_was_read_twice() -> None:
    others = [task.id for task in TAXONOMY.tasks[1:]]
    open_ones = [
        row for row in CORPUS if row["complaint"] == "yes" and not all(row[task] for task in others)
    ]
    assert f"{len(open_ones)} complaints where a task was left open" in DATASHEET
    assert not any(row[task] for row in CORPUS if row["complaint"] == "no" for task in others)
    assert all(row["root_cause"] for row in CORPUS if row["complaint"] == "yes")
    once = [row for row in CORPUS if row["checked"] == "once"]
    assert f"{len(CORPUS) - len(once):,} rows that remained are marked `twice`" in DATASHEET
    assert f"{len(once)} rows, all `zh-a4`" in DATASHEET
    assert {row["id"][:5] for row in once} == {"zh-a4"}
    assert {row["checked"] for row in CORPUS} == {"once", "twice"}


def test_the_agreement_was_measured_on_the_rows_read_twice() -> None:
    twice = sum(row["checked"] == "twice" for row in CORPUS)
    dropped = numbers(re.findall(r"the row was dropped \(([0-9]+) rows\)", DATASHEET)[0])[0]
    assert f"second label on {twice + dropped:,} messages" in DATASHEET
    for task in TAXONOMY.tasks:
        accuracy, kappa = map(float, table_row(f"`{task.id}`", "Agreement between"))
        assert 0.9 < kappa <= accuracy <= 1


def test_the_phrases() -> None:
    tasks = Counter(row["task"] for row in PHRASES)
    stated = ", ".join(f"{task} {count:,}" for task, count in tasks.most_common())
    assert f"{stated} (all of them `no`)" in DATASHEET
    assert {row["label"] for row in PHRASES if row["task"] == "complaint"} == {"no"}
    counts = Counter(row["language"] for row in PHRASES)
    names = {"ja": "Japanese", "ko": "Korean"}
    names |= {"zh-Hans": "simplified Chinese", "zh-Hant": "traditional Chinese"}
    assert ", ".join(f"{names[code]} {counts[code]:,}" for code in names) in DATASHEET
    lengths = [len(row["text"]) for row in PHRASES]
    assert f"(median {median(lengths):g} characters, at most {max(lengths)})" in DATASHEET


@pytest.mark.parametrize(
    ("rows", "section"), [(CORPUS, "corpus"), (PHRASES, "phrases")], ids=["corpus", "phrases"]
)
def test_every_column_is_described(rows: list[dict[str, str]], section: str) -> None:
    start = DATASHEET.index(f"### Columns of the {section}")
    text = DATASHEET[start : DATASHEET.index("\n## ", start)]
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == list(rows[0])


def test_ids_and_texts_are_unique() -> None:
    for rows in (CORPUS, PHRASES):
        assert len({row["id"] for row in rows}) == len(rows)
        assert len({row["text"] for row in rows}) == len(rows)
