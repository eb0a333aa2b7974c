"""A model that is trained once for all tests, small enough for a few seconds."""

from __future__ import annotations

import pandas as pd
import pytest

from plaint.label.labeller import Labeller, load_labeller
from plaint.learn.corpus import Corpus, load_corpus
from plaint.learn.training import TrainingOptions, train
from plaint.model.registry import Registry
from plaint.taxonomy import Taxonomy, load_taxonomy

TINY_MESSAGES = 100
TINY_PHRASES = 20
# Every Han character of the rows is a piece, which alone takes more than 2,000.
TINY_PARAMETERS = {"vocab_size": 3_000, "min_df": 2, "evidence_rounds": 2}


@pytest.fixture(scope="session")
def taxonomy() -> Taxonomy:
    """The taxonomy that comes with plaint."""
    return load_taxonomy()


@pytest.fixture(scope="session")
def tiny_corpus(taxonomy: Taxonomy) -> Corpus:
    """Some messages and phrases per language family, spread over the shipped corpus."""
    whole = load_corpus(taxonomy)
    return Corpus(tiny_rows(whole.rows), whole.digest)


def tiny_rows(rows: pd.DataFrame) -> pd.DataFrame:
    families = rows["language"].str.split("-").str[0]
    picked = []
    for _, own in rows.groupby([families, rows["phrase"]], sort=True):
        wanted = TINY_PHRASES if own["phrase"].iloc[0] else TINY_MESSAGES
        picked.append(own.iloc[:: len(own) // wanted].head(wanted))
    return pd.concat(picked, ignore_index=True)


@pytest.fixture(scope="session")
def tiny_version(
    tiny_corpus: Corpus, taxonomy: Taxonomy, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, str]:
    """A models directory and the id of its only version, which is promoted.

    Everybody shares the directory: tests that change one copy it first.
    """
    directory = tmp_path_factory.mktemp("models")
    registry = Registry(directory)
    options = TrainingOptions(parameters=TINY_PARAMETERS)
    version = train(tiny_corpus, taxonomy, registry, options, reason="for the tests")
    registry.promote(version, reason="for the tests")
    return str(directory), version


@pytest.fixture(scope="session")
def tiny_models(tiny_version: tuple[str, str]) -> str:
    """A models directory with one version, promoted. Copy it before changing it."""
    return tiny_version[0]


@pytest.fixture(scope="session")
def tiny_labeller(tiny_models: str) -> Labeller:
    """A labeller by the version in ``tiny_models``."""
    return load_labeller(tiny_models)
