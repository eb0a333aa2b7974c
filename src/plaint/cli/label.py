"""``plaint label``: files of messages in, one labelled file out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from plaint.cli._console import Meter, guarded, note, out, table, write_json
from plaint.cli._options import (
    AsJson,
    LanguageOption,
    Models,
    Precision,
    Prior,
    PriorOption,
    Version,
    labeller_of,
)

if TYPE_CHECKING:
    from plaint.label.batch import Summary
    from plaint.taxonomy import Taxonomy

_SHOWN_NOTES = 8


@guarded
def label(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="IN...", help="Tables to label: .csv, .tsv, .jsonl, .xlsx or .parquet."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="OUT", help="Table to write, in any of these."),
    ],
    text_column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Column of the messages; found when it is clear."),
    ] = None,
    id_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column that names the rows.")
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Encoding of text files; found when it is clear."),
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(metavar="NAME", help="Sheet of a workbook that has several.")
    ] = None,
    language: LanguageOption = None,
    prior: PriorOption = Prior.ESTIMATE,
    precision: Precision = None,
    models: Models = None,
    version: Version = None,
    mask: Annotated[
        bool, typer.Option("--mask", help="Replace personal data in the text column.")
    ] = False,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="Leave out the guard against formulas in CSV, TSV and Excel."),
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was interrupted.")
    ] = False,
    max_reject_share: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Share of rows that may be unreadable."),
    ] = 0.01,
    as_json: AsJson = False,
) -> None:
    """Label the messages of files, thousands of rows a second.

    All columns are kept and a label, probability and decision per task are added. Rows that cannot
    be read go to a file beside the output. A run that was interrupted goes on with --resume.
    """
    from plaint.label.batch import BatchOptions, label_files

    options = BatchOptions(
        text_column=text_column,
        id_column=id_column,
        encoding=encoding,
        sheet=sheet,
        language=None if language is None else language.value,
        prior=prior.value,
        mask=mask,
        raw=raw,
        resume=resume,
        max_reject_share=max_reject_share,
    )
    labeller = labeller_of(models, version, precision)
    with Meter(quiet=as_json) as meter:
        summary = label_files(
            inputs, output, labeller, options, progress=lambda state: meter.rows(*state)
        )
    shares = with_benchmark(summary.shares, labeller.answerer.taxonomy)
    if as_json:
        write_json(summary_json(summary, shares))
    else:
        show_summary(summary, shares, prior.value)


def with_benchmark(shares: list[dict[str, Any]], taxonomy: Taxonomy) -> list[dict[str, Any]]:
    """Put the share of the taxonomy's source beside each estimated one."""
    known = {task: taxonomy.benchmark(task) or {} for task in taxonomy.task_ids}
    return [row | {"benchmark": known[row["task"]].get(row["label"])} for row in shares]


def summary_json(summary: Summary, shares: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the summary as plain values, with paths that a program can open."""
    rejects = summary.rejects_path
    return summary.to_dict() | {
        "output": str(summary.output),
        "rejects_path": None if rejects is None else str(rejects),
        "shares": shares,
        "seconds": round(summary.seconds, 3),
        "reused_parts": summary.reused_parts,
    }


def show_summary(summary: Summary, shares: list[dict[str, Any]], prior: str) -> None:
    """Print what a person wants to know of a finished run."""
    console = out()
    speed = f", {summary.rows / summary.seconds:,.0f} rows/s" if summary.seconds > 0 else ""
    console.print(
        f"{summary.labelled:,} of {summary.rows:,} rows labelled by {summary.version} in "
        f"{summary.seconds:.1f} s{speed}."
    )
    columns = ", ".join(dict.fromkeys(summary.text_columns))
    console.print(f"Messages from the column: {columns}", soft_wrap=True)
    if summary.reused_parts:
        console.print(f"{summary.reused_parts} part(s) were kept from the interrupted run.")
    for text in summary.notes[:_SHOWN_NOTES]:
        note(f"Note: {text}", "yellow")
    if len(summary.notes) > _SHOWN_NOTES:
        note(
            f"Note: {len(summary.notes) - _SHOWN_NOTES} more of these are shown by --json", "yellow"
        )
    if summary.labelled:
        show_decisions(summary.decisions)
    show_shares(shares, prior)
    if summary.rejects_path is not None:
        note(f"{summary.rejects:,} row(s) could not be read: {summary.rejects_path}", "yellow")
    console.print(f"Output: {summary.output}", soft_wrap=True)


def show_decisions(decisions: list[dict[str, Any]]) -> None:
    """Print how many messages were decided how, a row per task."""
    from plaint.model.decisions import WORDS

    kinds = (*WORDS, "not_asked")
    heads = tuple(name.replace("_", " ") for name in kinds)
    made = table("task", *heads, title="\nDecisions (messages)", numbers=heads)
    for row in decisions:
        made.add_row(row["task"], *(f"{row[name]:,}" for name in kinds))
    out().print(made)


def show_shares(shares: list[dict[str, Any]], prior: str) -> None:
    """Print a table per task whose shares were estimated: a row per label, a column per language.

    Languages of which no message was found are left out.
    """
    rows = [row for row in shares if row["applied"] and row["messages"]]
    console = out()
    if not rows:
        console.print(f"\nShares assumed: {prior}. None were estimated from these messages.")
        return
    for task in dict.fromkeys(row["task"] for row in rows):
        own = [row for row in rows if row["task"] == task]
        languages = list(dict.fromkeys(row["language"] for row in own))
        has_benchmark = any(row["benchmark"] is not None for row in own)
        heads = {
            language: f"{language} ({_messages(own, language):,.0f})" for language in languages
        }
        names = (task, *heads.values(), *(["benchmark"] if has_benchmark else []))
        made = table(*names, title=f"\nShares of {task}, estimated (messages)", numbers=names[1:])
        for label_id in dict.fromkeys(row["label"] for row in own):
            found = {row["language"]: row for row in own if row["label"] == label_id}
            cells = [_interval(found.get(language)) for language in languages]
            if has_benchmark:
                first = next(iter(found.values()))["benchmark"]
                cells.append("" if first is None else f"{first:.0%}")
            made.add_row(label_id, *cells)
        console.print(made)
    console.print("In brackets: 95 % interval.\n")


def _messages(rows: list[dict[str, Any]], language: str) -> float:
    return float(next(row["messages"] for row in rows if row["language"] == language))


def _interval(row: dict[str, Any] | None) -> str:
    if row is None:
        return ""
    return f"{row['share']:.0%} ({100 * row['low']:.0f}-{100 * row['high']:.0f})"
