"""``plaint train``: from labelled messages to a version."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plaint.cli._console import Meter, guarded, note, out, write_json
from plaint.cli._options import AsJson, Models, models_directory
from plaint.cli.models import open_registry, serving, show_scores
from plaint.errors import UsageError


@guarded
def train(
    data: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Labelled messages, may be repeated; by default the corpus that comes with "
            "plaint. Columns: id, text, language and one per task.",
        ),
    ] = None,
    phrases: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Labelled fragments, may be repeated. Columns: id, text, language, task, label.",
        ),
    ] = None,
    taxonomy: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Tasks and labels; by default the setting of this name."),
    ] = None,
    models: Models = None,
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 0,
    threads: Annotated[
        int | None,
        typer.Option(
            min=0, help="Fits at a time, 0 for one per core; by default the setting of this name."
        ),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why, for the journal.")
    ] = "",
    promote: Annotated[
        bool | None,
        typer.Option(
            "--promote/--no-promote",
            show_default=False,
            help="Let the new version serve; by default if none that works serves.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train a version, about a minute on the corpus that comes with plaint.

    The same data and seed give the same version. A first version serves at once; a later one
    waits for `plaint models promote`, or --promote.
    """
    import joblib

    from plaint.learn.corpus import load_corpus
    from plaint.learn.training import TrainingOptions, shipped_agreement, shipped_gap
    from plaint.learn.training import train as fit_version
    from plaint.settings import load_settings
    from plaint.taxonomy import load_taxonomy

    if phrases and not data:
        raise UsageError("--phrases go with --data: name the labelled messages as well.")
    registry = open_registry(models)
    before, problem = serving(registry)
    known = {info.id for info in registry.versions()}
    settings = load_settings()
    tasks = load_taxonomy(taxonomy or settings.taxonomy)
    corpus = load_corpus(tasks, data or None, phrases or None)
    options = TrainingOptions(
        seed=seed,
        threads=(settings.threads if threads is None else threads) or joblib.cpu_count(),
        gap={"default": 1.0} if data else shipped_gap(),
        agreement={"default": 1.0} if data else shipped_agreement(),
    )
    if not as_json:
        messages = len(corpus.messages)
        note(f"Learning from {messages:,} messages and {len(corpus.rows) - messages:,} phrases")
    with Meter(quiet=as_json) as meter:
        version = fit_version(corpus, tasks, registry, options, progress=meter.steps, reason=reason)
    if promote or (promote is None and (before is None or problem)):
        registry.promote(version, reason=reason)
    current, _ = serving(registry)
    serves = current == version
    scores = next(info.scores for info in registry.versions() if info.id == version)
    if as_json:
        write_json(
            {"id": version, "new": version not in known, "current": serves, "scores": scores}
        )
        return
    console = out()
    again = " (the same as before)" if version in known else ""
    console.print(f"{version}{again} lies in {models_directory(models) / 'versions' / version}")
    show_scores(scores)
    if serves:
        console.print(f"\n{version} serves now.")
        if problem and before != version:
            note(f"The one before cannot be used here: {problem}", "yellow")
    elif current is not None:
        console.print(
            f"\n{current} goes on serving. Compare them with `plaint evaluate`, then "
            f"`plaint models promote {version}`."
        )
    else:
        console.print(f"\nNo version serves yet: `plaint models promote {version}`.")
