from __future__ import annotations

import json
from typing import Any

import pytest

from plaint.cli.explain import marked
from plaint.label.labeller import Labeller
from plaint.model.explain import Explanation, Span

TEXT = "注文した靴が届きません。電話もつながらないです"


def test_the_weights_add_up(plaint: Any, tiny_labeller: Labeller) -> None:
    done = plaint("explain", TEXT, "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)["explanations"]
    assert set(found) <= set(tiny_labeller.tasks)
    assert found
    for one in found.values():
        total = one["base"] + sum(span["weight"] for span in one["spans"])
        assert total == pytest.approx(one["score"], abs=1e-3)
        assert all(TEXT[span["start"] : span["end"]] == span["text"] for span in one["spans"])


def test_another_label_than_the_answer(plaint: Any, tiny_labeller: Labeller) -> None:
    task = tiny_labeller.answerer.taxonomy.tasks[-1]
    for label in task.label_ids:
        done = plaint("explain", TEXT, "--task", task.id, "--label", label, "--json")
        [(name, found)] = json.loads(done.stdout)["explanations"].items()
        assert (name, found["label"]) == (task.id, label)


def test_one_task_as_a_person_reads_it(plaint: Any, tiny_labeller: Labeller) -> None:
    task = tiny_labeller.tasks[0]
    done = plaint("explain", TEXT, "--task", task)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith(f"{task}: ")
    assert "[" in done.stdout
    assert "against:" in done.stdout
    assert "without any word" in done.stdout


@pytest.mark.parametrize(
    ("args", "status"),
    [
        (["hello there"], 2),
        (["hello there", "--language", "ja"], 0),
        ([TEXT, "--label", "x"], 2),
        ([TEXT, "--task", "no such"], 3),
    ],
)
def test_what_cannot_be_explained(plaint: Any, args: list[str], status: int) -> None:
    assert plaint("explain", *args).exit_code == status


def test_marks_stand_around_the_words_that_weigh() -> None:
    spans = (Span(0, 1, 1.0), Span(1, 2, 0.1), Span(2, 3, -0.9), Span(4, 5, 0.5))
    found = Explanation("t", "l", 0.7, 0.0, spans)
    assert marked(found, "abcde", colours=False).plain == "[a]bcd[e]"
    coloured = marked(found, "abcde", colours=True)
    assert coloured.plain == "abcde"
    assert [(span.start, span.end) for span in coloured.spans] == [(0, 1), (2, 3), (4, 5)]
    assert marked(Explanation("t", "l", 0, 0, ()), "abc", colours=False).plain == "abc"


def test_an_empty_text_is_told(plaint: Any, tiny_labeller: Labeller) -> None:
    task = tiny_labeller.answerer.taxonomy.tasks[-1]
    args = ("--language", "ja", "--task", task.id, "--label", task.label_ids[0])
    done = plaint("explain", " ", *args)
    assert done.exit_code == 3
    assert "it is empty" in done.stderr
    assert "--language" not in done.stderr
