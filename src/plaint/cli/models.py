"""``plaint models``: the versions of a models directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from plaint.cli._console import guarded, out, table, write_json
from plaint.cli._options import AsJson, Models, models_directory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from plaint.model.registry import Registry

models = typer.Typer(
    no_args_is_help=True,
    help="List, check and choose trained versions.",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Id = Annotated[str, typer.Argument(metavar="ID", help="Id of the version, such as v-3f9a2c71.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the journal.")]


def open_registry(directory: Path | None) -> Registry:
    """Return the registry of the directory that an option or else the settings name."""
    from plaint.model.registry import Registry

    return Registry(models_directory(directory))


@models.command("list")
@guarded
def list_versions(directory: Models = None, as_json: AsJson = False) -> None:
    """List all versions, the oldest first, each with its state."""
    found = open_registry(directory).versions()
    if as_json:
        write_json([vars(info) for info in found])
        return
    if not found:
        out().print("No version yet: `plaint train` makes one.")
        return
    made = table("", "id", "added", "state", "accuracy", "data", numbers=("accuracy",))
    for info in found:
        mean = mean_accuracy(info.scores)
        made.add_row(
            "*" if info.current else "",
            info.id,
            (info.created or "-").replace("T", " ")[:16],
            info.status,
            "-" if mean is None else f"{mean:.3f}",
            (info.data or "-").removeprefix("sha256:")[:8],
        )
    out().print(made)
    out().print("\n* serves. Accuracy: mean over tasks and languages on held-out training data.")
    for info in found:
        if info.problem:
            out().print(f"{info.id}: {info.problem}", soft_wrap=True)


@models.command()
@guarded
def show(version: Id, directory: Models = None, as_json: AsJson = False) -> None:
    """Show what a version is made of and how well it did in training."""
    registry = open_registry(directory)
    manifest = registry.verify(version)
    current = registry.current()
    serves = current is not None and current.version == version
    if as_json:
        write_json({"id": version, "current": serves} | manifest_json(manifest))
        return
    console = out()
    console.print(f"{version}, {'serves' if serves else 'does not serve'}; intact")
    facts = dict(manifest.facts)
    scores = facts.pop("scores", {})
    for name, value in sorted(facts.items()):
        console.print(f"{name}: {_flat(value)}", soft_wrap=True)
    console.print(f"taxonomy: {manifest.taxonomy}")
    console.print(f"written with: {_flat(manifest.libraries)}", soft_wrap=True)
    show_scores(scores)
    made = table("\npart", "bytes", numbers=("bytes",))
    for name, part in sorted(manifest.parts.items()):
        made.add_row(name, f"{part.size_bytes:,}")
    console.print(made)


@models.command()
@guarded
def verify(
    version: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="Id of the version; by default the one that serves."),
    ] = None,
    directory: Models = None,
    as_json: AsJson = False,
) -> None:
    """Check every digest of a version and whether it still computes what it computed."""
    registry = open_registry(directory)
    manifest = registry.load(version).manifest
    current = registry.current()
    name = version or (current.version if current else "")
    if as_json:
        write_json({"id": name, "intact": True, "digest": manifest.digest})
    else:
        out().print(f"{name} is intact: {len(manifest.parts)} parts and its golden rows.")


@models.command()
@guarded
def promote(
    version: Id, reason: Reason = "", directory: Models = None, as_json: AsJson = False
) -> None:
    """Let a version serve from now on; it is checked in full first."""
    open_registry(directory).promote(version, reason=reason)
    _tell_current(version, as_json)


@models.command()
@guarded
def rollback(reason: Reason = "", directory: Models = None, as_json: AsJson = False) -> None:
    """Let the version serve that served before."""
    _tell_current(open_registry(directory).rollback(reason=reason), as_json)


def _tell_current(version: str, as_json: bool) -> None:
    if as_json:
        write_json({"current": version})
    else:
        out().print(f"{version} serves now.")


def manifest_json(manifest: Any) -> dict[str, Any]:
    """Return the manifest as plain values, without the golden rows."""
    return {
        "digest": manifest.digest,
        "taxonomy": manifest.taxonomy,
        "libraries": dict(manifest.libraries),
        "parts": {name: vars(part) for name, part in sorted(manifest.parts.items())},
        "facts": dict(manifest.facts),
    }


def mean_accuracy(scores: Mapping[str, Any]) -> float | None:
    """Return the mean of the scores by language and task, None if there are none."""
    found = [
        float(value)
        for tasks in scores.values()
        if isinstance(tasks, dict)
        for value in tasks.values()
        if isinstance(value, int | float)
    ]
    return sum(found) / len(found) if found else None


def show_scores(scores: Mapping[str, Any]) -> None:
    """Print the held-out accuracy: a row per task, a column per language."""
    languages = [name for name, tasks in scores.items() if isinstance(tasks, dict)]
    if not languages:
        return
    made = table("\ntask", *languages, numbers=tuple(languages))
    for task in dict.fromkeys(task for name in languages for task in scores[name]):
        cells = [scores[name].get(task) for name in languages]
        made.add_row(task, *("" if cell is None else f"{cell:.3f}" for cell in cells))
    out().print(made)
    out().print(
        "Accuracy on messages held out of the training data. That is the easy score: the messages "
        "come from the same hands as those learned from. Measure on your own with `plaint "
        "evaluate`."
    )


def serving(registry: Registry) -> tuple[str | None, str]:
    """Return the id of the version that serves and, if it cannot be used here, why."""
    from plaint.errors import VersionError

    name = None
    try:
        current = registry.current()
        if current is not None:
            name = current.version
            registry.load(name)
    except VersionError as error:
        return name, str(error)
    return name, ""


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_flat(one)}" for key, one in sorted(value.items()))
    return str(value)
