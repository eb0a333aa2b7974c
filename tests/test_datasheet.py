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
    rows: list[dict[str, str]] = []
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


# What the ids of a part begin with; xx stands for any language of the corpus.
PARTS = {
    "rich": ("xx-a1", "xx-a2"),
    "plain": ("xx-a3", "xx-a4", "xx-a5"),
    "review": ("xx-a6", "xx-a7", "xx-a8", "xx-a9", "ko-b1"),
}


def of_part(part: str) -> list[dict[str, str]]:
    return [row for row in CORPUS if {row["id"][:5], f"xx{row['id'][2:5]}"} & {*PARTS[part]}]


def stated_ids(text: str) -> tuple[str, ...]:
    """Write out the ranges in a cell such as "`xx-a1` to `xx-a3`, `ko-b1`"."""
    found: list[str] = []
    for first, last in re.findall(r"`(\w\w-\w[0-9])`(?: to `(\w\w-\w[0-9])`)?", text):
        assert first[:4] == (last or first)[:4]
        found += [f"{first[:4]}{n}" for n in range(int(first[4]), int((last or first)[4]) + 1)]
    return tuple(found)


def is_open(row: dict[str, str]) -> bool:
    tasks = [task.id for task in TAXONOMY.tasks]
    return row["complaint"] == "yes" and not all(row[task] for task in tasks)


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


@pytest.mark.parametrize("part", PARTS)
def test_the_parts(part: str) -> None:
    rows = of_part(part)
    ids, size, middle, left_open, _ = table_row(part)
    assert stated_ids(ids) == PARTS[part]
    assert numbers(size) == [len(rows)]
    assert middle == f"{median(len(row['text']) for row in rows):g}"
    assert numbers(left_open) == [sum(map(is_open, rows))]


def test_every_id_belongs_to_a_part() -> None:
    assert all(re.fullmatch(r"(ja|ko|zh)-(a[1-9]|b1)[0-9]{4}", row["id"]) for row in CORPUS)
    ids = Counter(row["id"] for part in PARTS for row in of_part(part))
    assert ids == Counter(row["id"] for row in CORPUS)
    starts = {row["id"][:5] for row in CORPUS}
    starts |= {f"xx{start[2:]}" for start in starts}
    assert {start for part in PARTS.values() for start in part} <= starts
    assert all(row["id"][:2] == row["language"][:2] for row in (*CORPUS, *PHRASES))


def test_what_is_left_open_and_what_was_read_twice() -> None:
    others = [task.id for task in TAXONOMY.tasks[1:]]
    left_open = sum(map(is_open, CORPUS))
    assert f"{left_open:,} complaints where a task was left open" in DATASHEET
    assert not any(row[task] for row in CORPUS if row["complaint"] == "no" for task in others)
    no = sum(row["complaint"] == "no" for row in CORPUS)
    assert f"that makes {no:,} of the empty cells in every other task" in DATASHEET
    assert all(row["root_cause"] for row in CORPUS if row["complaint"] == "yes")
    once = [row for row in CORPUS if row["checked"] == "once"]
    assert f"{len(CORPUS) - len(once):,} rows that remained are marked `twice`" in DATASHEET
    assert f"{len(once)} rows, all `zh-a4`" in DATASHEET
    assert {row["id"][:5] for row in once} == {"zh-a4"}
    assert {row["checked"] for row in CORPUS} == {"once", "twice"}


def test_the_agreement_was_measured_on_the_rows_read_twice() -> None:
    dropped = re.search(
        r"rich and the plain part ([0-9]+) rows were dropped .*? review part ([0-9]+) because",
        DATASHEET,
    )
    read = re.search(
        r"Rich and plain: ([0-9,]+) messages\. Review: ([0-9,]+) messages .*? the ([0-9,]+)",
        DATASHEET,
    )
    assert dropped is not None
    assert read is not None
    twice = [
        sum(row["checked"] == "twice" for part in parts for row in of_part(part))
        for parts in (("rich", "plain"), ("review",))
    ]
    [old], [new], [both] = map(numbers, read.groups())
    assert [old, new] == [twice[0] + int(dropped[1]), twice[1] + int(dropped[2])]
    # Those that are left, and those dropped for their root cause: the two called them complaints.
    kept = sum(row["complaint"] == "yes" for row in of_part("review"))
    assert kept < both <= kept + int(dropped[2])
    accuracy_of_cause = float(table_row("`root_cause`", "Agreement between")[2])
    assert round(kept / both, 3) == accuracy_of_cause
    for task in TAXONOMY.tasks:
        figures = [float(cell) for cell in table_row(f"`{task.id}`", "Agreement between")]
        assert len(figures) == 4
        assert all(0.88 < figure <= 1 for figure in figures)


def test_the_share_of_traditional_chinese() -> None:
    languages = Counter(row["language"] for row in CORPUS)
    share = languages["zh-Hant"] / (languages["zh-Hant"] + languages["zh-Hans"])
    assert f"traditional Chinese is {share:.0%} of".replace("%", " %") in DATASHEET


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


def test_the_phrases_added_for_reviews() -> None:
    stated = re.findall(r"`((?:ja|ko|zh)-p)([0-9]{4})` \(([0-9,]+)\)", DATASHEET)
    assert [start for start, _, _ in stated] == ["ja-p", "ko-p", "zh-p"]
    later = 0
    for start, first, count in stated:
        ids = [row["id"] for row in PHRASES if row["id"].startswith(start)]
        assert ids == [f"{start}{number:04}" for number in range(len(ids))]
        assert numbers(count) == [len(ids) - int(first)]
        later += len(ids) - int(first)
    assert f"{later:,} more" in DATASHEET
    assert f"The first {len(PHRASES) - later:,} were" in DATASHEET


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
    assert len({row["text"] for row in CORPUS}) == len(CORPUS)
    # A fragment may show a label of two tasks, but has one of each.
    assert len({(row["text"], row["task"]) for row in PHRASES}) == len(PHRASES)
    assert "Two texts stand twice" in DATASHEET
    assert len(PHRASES) - len({row["text"] for row in PHRASES}) == 2
