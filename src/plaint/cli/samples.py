"""``plaint samples``: what plaint makes of the files that come with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plaint.cli._console import guarded, out, table, write_json
from plaint.cli._options import AsJson, Models, Version, labeller_of
from plaint.cli.classify import LEGEND, show_messages

# The one workbook with several sheets: `plaint label` would ask.
_SHEETS = {"ko_hospital.xlsx": "접수내역"}
_SUFFIXES = (".csv", ".tsv", ".jsonl", ".xlsx", ".parquet")


@guarded
def samples(
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="DIR", help="Where the labelled files go."),
    ] = Path("output"),
    models: Models = None,
    version: Version = None,
    as_json: AsJson = False,
) -> None:
    """Label the sample files of a checkout, to see what plaint does."""
    from plaint.label.batch import BatchOptions, label_files
    from plaint.resources import data_path
    from plaint.tables.readers import Row, open_table

    labeller = labeller_of(models, version, None)
    output.mkdir(parents=True, exist_ok=True)
    made = table("file", "rows", "read as", "column of the messages", numbers=("rows",))
    summaries, first_texts = [], []
    for path in sorted(data_path("samples").iterdir()):
        if path.suffix not in _SUFFIXES:
            continue
        # Nobody is asked to go on with a demonstration that was stopped: it does so by itself.
        options = BatchOptions(sheet=_SHEETS.get(path.name), resume=True)
        summary = label_files([path], output / path.name, labeller, options)
        summaries.append(summary)
        [column] = summary.text_columns
        with open_table(path, sheet=options.sheet) as rows:
            place = rows.columns.index(column)
            made.add_row(path.name, str(summary.labelled), rows.encoding or rows.format, column)
            texts = (str(row.cells[place] or "") for row in rows if isinstance(row, Row))
            first_texts.append(next(text for text in texts if text))
    if as_json:
        write_json([summary.to_dict() | {"output": str(summary.output)} for summary in summaries])
        return
    out().print(made)
    out().print()
    answers = labeller.predictions(first_texts)
    show_messages(answers, first_texts, labeller.tasks, title="The first message of each file")
    out().print(LEGEND)
    out().print(f"\nThe labelled files lie in {output.resolve()}", soft_wrap=True)
