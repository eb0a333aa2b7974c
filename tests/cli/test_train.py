from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from plaint.learn import training
from plaint.learn.corpus import Corpus, load_corpus
from plaint.learn.training import TrainingOptions
from plaint.model.registry import Registry
from plaint.taxonomy import Taxonomy


@pytest.fixture
def asked(
    monkeypatch: pytest.MonkeyPatch, own_models: Path, tiny_version: tuple[str, str]
) -> list[tuple[Corpus, TrainingOptions]]:
    """Take down what training is asked for; the tiny version is what it gives."""
    calls = []

    def train(corpus: Corpus, taxonomy: Any, registry: Any, options: Any, **rest: Any) -> str:
        calls.append((corpus, options))
        rest["progress"]("ja", 1, 2)
        return tiny_version[1]

    monkeypatch.setattr(training, "train", train)
    return calls


@pytest.fixture
def data(tmp_path: Path, taxonomy: Taxonomy) -> Path:
    path = tmp_path / "own.csv"
    header = ",".join(["id", "text", "language", *taxonomy.task_ids])
    empty = "," * len(taxonomy.task_ids)
    path.write_text(f"{header}\n1,靴が届かない,ja{empty}\n", "utf-8")
    return path


def test_the_first_version_serves(
    plaint: Any, own_models: Path, tiny_version: tuple[str, str], asked: list[Any]
) -> None:
    (own_models / "current").unlink()
    done = plaint("train", "--models", own_models, "--seed", "7", "--threads", "1")
    assert done.exit_code == 0, done.stderr
    assert "easy score" in done.stdout
    assert f"{tiny_version[1]} serves now" in done.stdout
    [(corpus, options)] = asked
    assert (options.seed, options.threads) == (7, 1)
    assert dict(options.gap) == training.shipped_gap()
    assert len(corpus.messages) > 10_000


@pytest.mark.parametrize(
    ("setting", "option", "expected"),
    [(None, None, 3), ("2", None, 2), ("0", None, 3), ("2", "1", 1), ("2", "0", 3)],
)
def test_fits_at_a_time(
    plaint: Any, own_models: Path, data: Path, asked: list[Any], monkeypatch: pytest.MonkeyPatch,
    setting: str | None, option: str | None, expected: int,
) -> None:  # fmt: skip
    monkeypatch.setattr("joblib.cpu_count", lambda: 3)
    if setting is not None:
        monkeypatch.setenv("PLAINT_THREADS", setting)
    given = () if option is None else ("--threads", option)
    done = plaint("train", "--data", data, "--models", own_models, *given)
    assert done.exit_code == 0, done.stderr
    assert asked[0][1].threads == expected


def test_promotion_is_asked_for(
    plaint: Any, own_models: Path, data: Path, asked: list[Any]
) -> None:
    (own_models / "current").unlink()
    args = ("train", "--data", data, "--models", own_models)
    done = plaint(*args, "--no-promote")
    assert done.exit_code == 0, done.stderr
    assert "models promote" in done.stdout
    assert Registry(own_models).current() is None
    done = plaint(*args, "--promote", "--json")
    assert json.loads(done.stdout)["current"] is True
    assert Registry(own_models).current() is not None


def test_a_version_that_cannot_be_used_does_not_keep_its_place(
    plaint: Any, own_models: Path, data: Path, asked: list[Any]
) -> None:
    (own_models / "current").write_text("no pointer")
    done = plaint("train", "--data", data, "--models", own_models, "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["current"] is True


def test_own_data_is_no_easier_than_reality(
    plaint: Any, own_models: Path, data: Path, asked: list[Any]
) -> None:
    done = plaint("train", "--data", data, "--models", own_models)
    assert done.exit_code == 0, done.stderr
    [(corpus, options)] = asked
    assert dict(options.gap) == {"default": 1.0}
    assert list(corpus.rows["text"]) == ["靴が届かない"]


def test_wrong_data_is_told_before_the_work(
    plaint: Any, own_models: Path, data: Path, asked: list[Any]
) -> None:
    assert plaint("train", "--data", "absent.csv", "--models", own_models).exit_code == 2
    assert plaint("train", "--phrases", data, "--models", own_models).exit_code == 2
    assert plaint("train", "--taxonomy", "absent.toml", "--models", own_models).exit_code == 3
    assert asked == []


@pytest.mark.slow
def test_training_for_real(plaint: Any, tmp_path: Path, taxonomy: Taxonomy) -> None:
    rows = load_corpus(taxonomy).messages
    data = tmp_path / "rows.csv"
    rows[rows["language"] == "ja"].iloc[::20].to_csv(data, index=False)
    args = ("train", "--data", data, "--models", "new", "--threads", "1")
    first = plaint(*args, "--reason", "a try", "--json")
    assert first.exit_code == 0, first.stderr
    found = json.loads(first.stdout)
    assert found["new"]
    assert found["current"]
    again = plaint(*args)
    assert "the same as before" in again.stdout
    assert found["id"] in again.stdout
    other = plaint(*args, "--seed", "1")
    assert f"{found['id']} goes on serving" in other.stdout
