from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from plaint.label.labeller import Labeller
from plaint.learn.corpus import load_corpus
from plaint.learn.evaluation import evaluate
from plaint.taxonomy import Taxonomy


@pytest.fixture
def labelled(tmp_path: Path, taxonomy: Taxonomy) -> Path:
    rows = load_corpus(taxonomy).messages.iloc[::200]
    path = tmp_path / "labelled.csv"
    rows.assign(language=rows["language"].str.split("-").str[0]).to_csv(path, index=False)
    return path


def test_figures_as_tables(plaint: Any, labelled: Path, taxonomy: Taxonomy) -> None:
    task = taxonomy.tasks[-1]
    done = plaint("evaluate", labelled, "--detail", task.id)
    assert done.exit_code == 0, done.stderr
    assert "Accuracy" in done.stdout
    assert all(name in done.stdout for name in taxonomy.task_ids)
    assert all(label in done.stdout for label in task.label_ids)


def test_figures_as_json(plaint: Any, labelled: Path, tiny_labeller: Labeller) -> None:
    import pandas as pd

    done = plaint("evaluate", labelled, "--prior", "training", "--json")
    rows = pd.read_csv(labelled, dtype=str, keep_default_na=False)
    expected = evaluate(tiny_labeller, rows, "training").to_dict()
    assert json.loads(done.stdout) == json.loads(json.dumps(expected))


def test_what_cannot_be_measured(plaint: Any, labelled: Path, tmp_path: Path) -> None:
    assert plaint("evaluate", "absent.csv").exit_code == 2
    assert plaint("evaluate", labelled, "--detail", "no such").exit_code == 3
    bare = tmp_path / "bare.csv"
    bare.write_text("text,language\n靴が届かない,ja\n", "utf-8")
    assert plaint("evaluate", bare).exit_code == 3
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"text": "a"}\n{"text": \n', "utf-8")
    done = plaint("evaluate", broken)
    assert done.exit_code == 3
    assert "row 2" in done.stderr
