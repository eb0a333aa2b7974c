"""The second half of a run: from scored parts to the output file, repeatable at any time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np

from plaint.errors import JobError
from plaint.files import DISK, Disk, digest_file, replace_file
from plaint.label._needs import LabellerLike
from plaint.label._tally import Tally
from plaint.label.ledger import Entry, Job
from plaint.label.options import BatchOptions
from plaint.label.parts import INDEX, REJECTS, ROWS, decode_index, decode_rows
from plaint.label.plan import Plan, rejects_path
from plaint.label.summary import Progress, Summary
from plaint.label.survey import Repeats, draw_sample, find_repeats
from plaint.tables.readers import Cell
from plaint.tables.writers import open_writer

_BATCH_ROWS: Final = 1_000

Report = Callable[[Progress], None]


def assemble(
    job: Job,
    plan: Plan,
    parts: Sequence[Entry],
    labeller: LabellerLike,
    options: BatchOptions,
    output: Path,
    report: Report,
    disk: Disk = DISK,
) -> Summary:
    """Write the rejects and the output, each in one step, and return what happened.

    Until the new output is whole, the old one stays as it is.
    """
    labelled = sum(entry.rows for entry in parts)
    priors, shares = None, []
    if labelled:
        sample = None
        if options.prior == "estimate":
            sample = draw_sample(job, parts, options.sample_rows, options.seed)
        priors = labeller.priors(options.prior, sample)
        shares = labeller.report(priors)
    repeats = Repeats(0, ())
    if any(source.id_column is not None for source in plan.sources):
        repeats = find_repeats(job, parts)
    draft = job.draft(output.suffix)
    tally = Tally(labeller.columns)
    with open_writer(draft, plan.columns, types=plan.types, raw=options.raw) as writer:
        for entry in parts:
            writer.write_many(_rows(job, plan, entry, labeller, priors, tally))
            report(Progress("writing", writer.count, labelled))
    rejected = write_rejects(job, parts, output, disk)
    replace_file(draft, output, disk)
    duplicate_rows = tuple((plan.sources[place].name, number) for place, number in repeats.first)
    notes = [*plan.notes, *(f"{output.name}: {note}" for note in writer.notes)]
    if repeats.count:
        places = ", ".join(f"{name} row {number}" for name, number in duplicate_rows)
        notes.append(
            f"{repeats.count} row(s) have the id of an earlier row and are kept; the first: "
            f"{places}"
        )
    if options.mask:
        notes.append("personal data was masked in the text column only; look at the others")
    return Summary(
        output=output,
        rejects_path=rejected,
        version=labeller.version,
        rows=sum(entry.records for entry in parts),
        labelled=labelled,
        rejects=sum(entry.rejects for entry in parts),
        text_columns=tuple(source.text_column for source in plan.sources),
        id_columns=tuple(source.id_column for source in plan.sources),
        duplicates=repeats.count,
        duplicate_rows=duplicate_rows,
        decisions=tally.rows(),
        shares=shares,
        notes=tuple(notes),
    )


def _rows(
    job: Job, plan: Plan, entry: Entry, labeller: LabellerLike, priors: Any, tally: Tally
) -> Iterator[Sequence[Cell]]:
    """Join the rows of a part to their answers, which are counted."""
    if not entry.rows:
        return
    source = plan.sources[entry.source]
    scores = decode_index(job.read(entry, INDEX)).scores
    rows = decode_rows(job.read(entry, ROWS))
    named: list[Cell] = [source.name] if len(plan.sources) > 1 else []
    # Where the cells of this file stand among the columns of all of them.
    places = [source.columns.index(n) if n in source.columns else None for n in plan.kept]
    is_straight = source.columns == plan.kept
    for start in range(0, entry.rows, _BATCH_ROWS):
        batch = np.arange(start, min(start + _BATCH_ROWS, entry.rows))
        answers = labeller.answers(scores.take(batch), priors)
        if len(answers) != len(batch):
            raise JobError(f"the model gave {len(answers)} answers for {len(batch)} rows")
        tally.add(answers)
        for added, cells in zip(answers, islice(rows, len(batch)), strict=True):
            spread = cells if is_straight else [None if p is None else cells[p] for p in places]
            yield [*spread, *named, *added]


def write_rejects(job: Job, parts: Sequence[Entry], output: Path, disk: Disk = DISK) -> Path | None:
    """Write the rows that could not be read; without any, remove the file of an earlier run."""
    path = rejects_path(output)
    if not any(entry.rejects for entry in parts):
        if path.exists():
            disk.remove(path)
        return None
    draft = job.draft(".rejects")
    with draft.open("wb") as file:
        for entry in parts:
            file.write(job.read(entry, REJECTS))
    replace_file(draft, path, disk)
    return path


def finished_record(summary: Summary) -> dict[str, Any]:
    """Return what the ledger notes about a finished run."""
    return {"output": digest_file(summary.output), "summary": summary.to_dict()}


def finished_summary(record: dict[str, Any], output: Path) -> Summary | None:
    """Return the summary of a run that ended before it could tidy up, if its output is there."""
    if not output.is_file() or digest_file(output) != record.get("output"):
        return None
    return Summary.from_dict(record["summary"], output.parent)
