"""All commands put together.

Only typer and what it needs is imported here: a command imports the model when it runs.
"""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

import plaint
from plaint.cli import _console
from plaint.cli.classify import classify
from plaint.cli.evaluate import evaluate
from plaint.cli.explain import explain
from plaint.cli.label import label
from plaint.cli.models import models
from plaint.cli.samples import samples
from plaint.cli.train import train

_USE = "Labelling"
_LEARN = "Training"

app = typer.Typer(
    name="plaint",
    no_args_is_help=True,
    # Their tracebacks show local variables, which are complaints.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 done, 2 wrong request, 3 unusable input, 4 model version, "
    "5 unfinished run, 130 stopped by the user. Settings: docs/settings.md.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"plaint {plaint.__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool,
        typer.Option(
            "-V", "--version", callback=_show_version, is_eager=True, help="Print plaint's version."
        ),
    ] = False,
) -> None:
    """Read customer complaints in Japanese, Korean and Chinese."""


app.command(rich_help_panel=_USE)(label)
app.command(rich_help_panel=_USE)(classify)
app.command(rich_help_panel=_USE)(explain)
app.command(rich_help_panel=_USE)(samples)
app.command(rich_help_panel=_LEARN)(train)
app.command(rich_help_panel=_LEARN)(evaluate)
app.add_typer(models, name="models", rich_help_panel=_LEARN)


def run() -> NoReturn:
    """Run the command named by the arguments and exit with its status."""
    _console.prepare_streams()
    try:
        app()
    except SystemExit as stop:
        status = stop.code
    else:
        status = 0
    sys.exit(_console.finish(status))
