"""Options that several commands have, and what they default to."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from plaint.label.labeller import Labeller


class Language(StrEnum):
    """Languages that plaint reads."""

    JA = "ja"
    KO = "ko"
    ZH_HANS = "zh-Hans"
    ZH_HANT = "zh-Hant"


class Prior(StrEnum):
    """Shares of the labels that are assumed before reading."""

    TRAINING = "training"
    BENCHMARK = "benchmark"
    ESTIMATE = "estimate"


AsJson = Annotated[
    bool, typer.Option("--json", help="Write JSON for programs instead of tables for people.")
]
Models = Annotated[
    Path | None,
    typer.Option(
        "--models",
        metavar="DIR",
        help="Directory of the trained versions; by default the setting of this name.",
    ),
]
Version = Annotated[
    str | None,
    typer.Option("--version", metavar="ID", help="Version to use; by default the one that serves."),
]
LanguageOption = Annotated[
    Language | None,
    typer.Option("--language", help="Language of all messages; identified when not given."),
]
PriorOption = Annotated[
    Prior,
    typer.Option(
        "--prior",
        help="Shares of the labels assumed before reading: those of the training data, of the "
        "taxonomy's sources, or estimated from the messages given.",
    ),
]
Precision = Annotated[
    float | None,
    typer.Option(
        "--precision",
        min=0.5,
        max=0.999,
        help="Share of right answers that the decision auto aims at; by default the setting of "
        "this name.",
    ),
]


def models_directory(models: Path | None) -> Path:
    """Return the directory that an option or else the settings name."""
    from plaint.settings import load_settings

    return models or load_settings().models


def labeller_of(models: Path | None, version: str | None, precision: float | None) -> Labeller:
    """Load the version that the options and else the settings name."""
    from plaint.label.labeller import load_labeller
    from plaint.settings import load_settings

    settings = load_settings()
    return load_labeller(models or settings.models, version, precision or settings.precision)
