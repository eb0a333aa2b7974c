"""``plaint evaluate``: how often a version is right on labelled messages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plaint.cli._console import guarded, out, table, write_json
from plaint.cli._options import (
    AsJson,
    Models,
    Precision,
    Prior,
    PriorOption,
    Version,
    labeller_of,
)
from plaint.errors import CorpusError

if TYPE_CHECKING:
    import pandas as pd

_LEFT = ("task", "language", "label")


@guarded
def evaluate(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Labelled messages: the column text, one per task (empty: unknown) and, if "
            "known, language (zh for either form of Chinese).",
        ),
    ],
    prior: PriorOption = Prior.ESTIMATE,
    detail: Annotated[
        list[str] | None,
        typer.Option(metavar="TASK", help="Add a table per label of this task; may be repeated."),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Encoding of a text file; found when it is clear."),
    ] = None,
    precision: Precision = None,
    models: Models = None,
    version: Version = None,
    as_json: AsJson = False,
) -> None:
    """Measure a version on labelled messages of your own.

    Give messages that it was not trained on; on others the figures flatter.
    """
    from plaint.learn.evaluation import evaluate as measure

    labeller = labeller_of(models, version, precision)
    taxonomy = labeller.answerer.taxonomy
    # An unknown task is told before the work, not after it.
    detailed = [taxonomy.task(name).id for name in detail or []]
    found = measure(labeller, read_labelled(file, encoding), prior.value)
    if as_json:
        write_json(found.to_dict())
        return
    console = out()
    console.print(f"{found.version} on {found.messages:,} messages\n")
    for figures in found.tables(detailed):
        numbers = tuple(name for name in figures.columns if name not in _LEFT)
        made = table(*figures.columns, title=figures.title, numbers=numbers)
        for column in made.columns:
            column.no_wrap = column.header in _LEFT
        for row in figures.rows:
            made.add_row(*row)
        console.print(made)
        console.print()


def read_labelled(path: Path, encoding: str | None) -> pd.DataFrame:
    """Read a table of labelled messages as text.

    Raises
    ------
    CorpusError
        If a row cannot be read: figures on the rest would be figures of something else.
    """
    import pandas as pd

    from plaint.tables.readers import BadRow, open_table

    rows = []
    with open_table(path, encoding=encoding) as given:
        for row in given:
            if isinstance(row, BadRow):
                raise CorpusError(f"{path} row {row.number} cannot be read: {row.reason}")
            rows.append(["" if cell is None else str(cell) for cell in row.cells])
        return pd.DataFrame(rows, columns=list(given.columns))
