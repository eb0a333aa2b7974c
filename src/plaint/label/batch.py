"""Files of messages in, one labelled file out, in constant memory and in spite of interruptions.

First every row is read and scored, part by part, into a directory beside the output; then, once
the shares of the labels can be estimated from all of them, the output is written from the parts
and put into its place in one step.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final

from plaint.errors import (
    InputError,
    JobError,
    JobInterrupted,
    JobMismatch,
    TooManyRejects,
    UsageError,
)
from plaint.files import DISK, Disk
from plaint.label._needs import LabellerLike
from plaint.label.assemble import (
    Report,
    assemble,
    finished_record,
    finished_summary,
    write_rejects,
)
from plaint.label.ledger import Entry, Job, job_directory, open_job
from plaint.label.options import BatchOptions
from plaint.label.parts import encode_shard, read_shard
from plaint.label.plan import Plan, make_plan
from plaint.label.summary import Progress, Summary

__all__ = ["BatchOptions", "Progress", "Summary", "label_files"]

# With fewer rows a share of bad ones says little; the end of the input decides then.
_FEWEST_ROWS: Final = 100


def label_files(
    inputs: Sequence[str | Path],
    output: str | Path,
    labeller: LabellerLike,
    options: BatchOptions | None = None,
    progress: Report | None = None,
    disk: Disk = DISK,
) -> Summary:
    """Label the messages of some files.

    Parameters
    ----------
    inputs : sequence of paths
        Tables with a column of messages.
    output : path
        The table to write; one that exists stays as it is until the new one is whole.
    labeller : Labeller
    options : BatchOptions or None
    progress : callable or None
        Called with a :class:`Progress` after every part.
    disk : Disk
        The calls by which the run is made durable.

    Raises
    ------
    UsageError
        If a path, a column or an option does not fit, or an unfinished run is in the way.
    InputError
        If an input is no table that can be read.
    JobMismatch
        If the run to be resumed had other inputs, options or another model, or an input changes
        while it is read.
    TooManyRejects
        If more rows than allowed cannot be read; the rejects file says which and why.
    JobInterrupted
        If the user stops it.
    JobError
        If the disk is full or fails, or the model answers for another number of rows.
    """
    run = _Run(labeller, options or BatchOptions(), progress, disk, Path(output))
    return run.start([Path(path) for path in inputs])


class _Run:
    """The state of one call of :func:`label_files`."""

    def __init__(
        self,
        labeller: LabellerLike,
        options: BatchOptions,
        progress: Report | None,
        disk: Disk,
        output: Path,
    ) -> None:
        self.labeller = labeller
        self.options = options
        self.report: Report = progress or (lambda _: None)
        self.disk = disk
        self.output = output
        self.job: Job | None = None
        self.rows = 0
        self.rejects = 0
        self.reused = 0

    def start(self, inputs: Sequence[Path]) -> Summary:
        began = time.monotonic()
        try:
            plan = make_plan(inputs, self.output, self.labeller, self.options)
            self.job = open_job(
                self.output,
                plan.head(self.labeller, self.options),
                resume=self.options.resume,
                disk=self.disk,
            )
            summary = self._finish(self.job, plan)
        except KeyboardInterrupt:
            raise JobInterrupted(self._stopped("stopped")) from None
        except OSError as error:
            what = error.strerror or type(error).__name__
            raise JobError(self._stopped(f"the disk or a file refused ({what})")) from error
        except (InputError, UsageError, JobMismatch, TooManyRejects):
            self._give_up()
            raise
        finally:
            if self.job is not None:
                self.job.close()
        return replace(summary, reused_parts=self.reused, seconds=time.monotonic() - began)

    def _finish(self, job: Job, plan: Plan) -> Summary:
        summary = None
        if job.finished is not None:
            summary = finished_summary(job.finished, self.output)
        if summary is None:
            parts = self._parts(job, plan)
            summary = assemble(
                job,
                plan,
                parts,
                self.labeller,
                self.options,
                self.output,
                self.report,
                self.disk,
            )
            job.mark_finished(finished_record(summary))
        job.remove()
        return summary

    def _parts(self, job: Job, plan: Plan) -> list[Entry]:
        parts = job.complete()
        if parts is not None:
            self.reused = len(parts)
            self.rows = sum(part.records for part in parts)
        else:
            parts = []
            for place in range(len(plan.sources)):
                self._label_source(job, plan, place, parts)
            for source in plan.sources:
                if not source.is_unchanged():
                    raise JobMismatch(f"{source.name} changed while it was read: run it again")
            job.mark_labelled(len(parts))
        self._check_rejects(job, parts, fewest=1)
        return parts

    def _label_source(self, job: Job, plan: Plan, place: int, parts: list[Entry]) -> None:
        """Add the parts of one input, and make those that are not there."""
        source = plan.sources[place]
        first = 0
        with source.open() as table:
            if table.columns != source.columns:
                raise JobMismatch(f"{source.name} changed while it was read: run it again")
            rows = iter(table)
            while True:
                entry = job.trusted(len(parts), place, first)
                if entry is not None:
                    if sum(1 for _ in islice(rows, entry.records)) < entry.records:
                        raise JobMismatch(f"{source.name} changed while it was read: run it again")
                    self.reused += 1
                else:
                    shard = read_shard(rows, source, self.options)
                    if not shard.records:
                        return
                    files = encode_shard(shard, source, self.labeller, self.options)
                    entry = Entry(
                        shard=len(parts),
                        source=place,
                        first=first,
                        records=shard.records,
                        rows=len(shard.rows),
                        rejects=len(shard.rejects),
                        files={},
                    )
                    entry = job.store(entry, files)
                parts.append(entry)
                first += entry.records
                self.rows += entry.records
                self.report(Progress("labelling", self.rows, None))
                self._check_rejects(job, parts, fewest=_FEWEST_ROWS)

    def _check_rejects(self, job: Job, parts: Sequence[Entry], fewest: int) -> None:
        rows = sum(part.records for part in parts)
        rejects = sum(part.rejects for part in parts)
        if rows < fewest or rejects <= rows * self.options.max_reject_share:
            return
        path = write_rejects(job, parts, self.output, self.disk)
        raise TooManyRejects(
            f"{rejects} of the first {rows} rows cannot be read, {self.options.max_reject_share:g} "
            f"of them may be; {path.name if path else ''} says which and why, and "
            f"{self.output.name} was not written. Correct the file or the way it is read, as its "
            "encoding, and run it again"
        )

    def _give_up(self) -> None:
        """Remove the parts of a run that can never be finished as it was begun."""
        if self.job is not None:
            with contextlib.suppress(OSError):
                self.job.remove()

    def _stopped(self, how: str) -> str:
        if self.job is None:
            return f"{how} before the first row was labelled: nothing was written, run it again"
        state = "is whole, old or new" if self.output.exists() else "is not written yet"
        return (
            f"{how} after {self.rows} rows, which are kept in {job_directory(self.output).name}; "
            f"{self.output.name} {state}. To go on, run the same command with --resume"
        )
