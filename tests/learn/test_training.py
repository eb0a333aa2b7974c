from __future__ import annotations

from pathlib import Path

import pytest

from plaint.errors import CorpusError
from plaint.learn.corpus import Corpus
from plaint.learn.training import (
    GOLDEN_PER_LANGUAGE,
    TrainingOptions,
    fit,
    golden_texts,
    held_out_scores,
    shipped_gap,
    train,
)
from plaint.model.registry import Registry
from plaint.taxonomy import Taxonomy

# One language and as few fits as there can be.
SMALL = {"vocab_size": 1_500, "min_df": 2, "evidence_rounds": 1, "n_folds": 2}


@pytest.fixture(scope="module")
def small_corpus(tiny_corpus: Corpus) -> Corpus:
    rows = tiny_corpus.rows
    return Corpus(rows[rows["language"] == "ja"].reset_index(drop=True), "sha256:small")


@pytest.mark.slow
def test_the_same_data_and_seed_give_the_same_version(
    small_corpus: Corpus, taxonomy: Taxonomy, tmp_path: Path
) -> None:
    registry = Registry(tmp_path / "models")
    ids = [
        train(small_corpus, taxonomy, registry, TrainingOptions(seed=seed, parameters=SMALL))
        for seed in (0, 0, 1)
    ]
    assert ids[0] == ids[1] != ids[2]
    assert registry.current() is None, "training promotes nothing"


def test_a_version_tells_what_it_was_made_of(
    tiny_models: str, tiny_corpus: Corpus, taxonomy: Taxonomy
) -> None:
    loaded = Registry(tiny_models).load()
    facts = loaded.manifest.facts
    assert facts["data"] == tiny_corpus.digest
    assert facts["rows"] == {
        "messages": len(tiny_corpus.messages),
        "phrases": len(tiny_corpus.rows) - len(tiny_corpus.messages),
    }
    assert facts["parameters"]["evidence_rounds"] == 2
    assert not {"taxonomy", "n_jobs"} & facts["parameters"].keys()
    assert facts["scores"] == held_out_scores(loaded.classifier)
    for scores in facts["scores"].values():
        assert set(scores) == set(taxonomy.task_ids)
        assert all(0 < score <= 1 for score in scores.values())


def test_progress_counts_every_fit(small_corpus: Corpus, taxonomy: Taxonomy) -> None:
    steps: list[tuple[str, int, int]] = []
    fit(
        small_corpus,
        taxonomy,
        TrainingOptions(parameters=SMALL),
        lambda name, done, total: steps.append((name, done, total)),
    )
    total = len(taxonomy.tasks) * (1 + SMALL["n_folds"])
    assert [done for _, done, _ in steps] == list(range(1, total + 1))
    assert {of for *_, of in steps} == {total}


def test_golden_texts_are_messages_of_every_language(tiny_corpus: Corpus) -> None:
    golden = golden_texts(tiny_corpus.rows)
    messages = tiny_corpus.messages
    assert len(golden) == GOLDEN_PER_LANGUAGE * messages["language"].nunique()
    assert set(golden) <= set(messages["text"])


def test_the_shipped_gap_names_tasks(taxonomy: Taxonomy) -> None:
    gap = shipped_gap()
    assert gap["default"] >= 1
    assert gap.keys() <= {"default", *taxonomy.task_ids}


@pytest.mark.parametrize("content", ["", "gap = 2", "[gap]\ndefault = 'wide'", "[gap"])
def test_a_file_without_a_gap_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "corpus.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CorpusError, match=r"must hold a table \[gap\]"):
        shipped_gap(path)
