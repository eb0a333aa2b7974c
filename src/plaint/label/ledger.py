"""The directory of a run: its parts, and the ledger that says which of them are done.

The ledger is a hint. A part counts when its files are there with the digests that the ledger
gives; what the ledger does not know, or a crash cut short, is done again.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import plaint
from plaint.errors import JobError, JobMismatch, UsageError
from plaint.files import DISK, Disk, append_line, canonical_json, digest_bytes, write_atomic
from plaint.label._lock import Lock
from plaint.label.parts import INDEX, KINDS, ROWS

FORMAT: Final = 1
LEDGER: Final = "ledger.jsonl"

_LOCK: Final = "lock"
_DRAFT: Final = "draft"
_OURS: Final = re.compile(
    rf"{re.escape(LEDGER)}|{_LOCK}|{_DRAFT}\.[a-z]+|\..*\.tmp"
    rf"|[0-9]{{6,}}-[0-9a-f]{{12}}\.(?:{'|'.join(map(re.escape, KINDS))})"
)


@dataclass(frozen=True)
class Entry:
    """One part as the ledger tells it.

    Attributes
    ----------
    shard : int
        Place among all parts, from 0.
    source : int
        Which input its rows come from, from 0.
    first, records : int
        How many rows of that input stand before it and in it, bad ones included.
    rows, rejects : int
        How many of them were labelled and how many could not be read.
    files : dict of str to str
        Digest of each of its files, by kind.
    """

    shard: int
    source: int
    first: int
    records: int
    rows: int
    rejects: int
    files: dict[str, str]


class Job:
    """One run on disk; made by :func:`open_job`."""

    def __init__(
        self, directory: Path, head: Mapping[str, Any], lock: Lock, disk: Disk = DISK
    ) -> None:
        self.directory = directory
        self.entries: dict[int, Entry] = {}
        self.labelled: int | None = None
        self.finished: dict[str, Any] | None = None
        self._key = digest_bytes(canonical_json(head)).removeprefix("sha256:")[:12]
        self._lock = lock
        self._disk = disk

    def path(self, shard: int, kind: str) -> Path:
        """Return where a file of a part stands.

        The name tells the run by what it works on, so that no other run's part is taken for it.
        """
        return self.directory / f"{shard:06d}-{self._key}.{kind}"

    def draft(self, suffix: str) -> Path:
        """Return where the output is written before it takes its place."""
        return self.directory / f"{_DRAFT}{suffix.lower()}"

    def store(self, entry: Entry, files: Mapping[str, bytes]) -> Entry:
        """Write the files of a part, then its line in the ledger, each one durably."""
        for kind, data in files.items():
            write_atomic(self.path(entry.shard, kind), data, self._disk)
        entry = Entry(
            **{**asdict(entry), "files": {k: digest_bytes(data) for k, data in files.items()}}
        )
        self._append({"part": asdict(entry)})
        self.entries[entry.shard] = entry
        return entry

    def read(self, entry: Entry, kind: str) -> bytes:
        """Return a file of a part after a look at its digest; nothing if the part has none.

        Raises
        ------
        JobError
            If it is not as it was written.
        """
        if kind not in entry.files:
            return b""
        path = self.path(entry.shard, kind)
        data = path.read_bytes() if path.is_file() else b""
        if digest_bytes(data) != entry.files[kind]:
            raise JobError(
                f"{path.name} in {self.directory.name} was lost or changed after it was written: "
                "run the same command with --resume, and it is made again"
            )
        return data

    def trusted(self, shard: int, source: int, first: int) -> Entry | None:
        """Return the entry of a part that begins there and is whole, else None."""
        entry = self.entries.get(shard)
        if entry is None or (entry.source, entry.first) != (source, first):
            return None
        try:
            for kind in entry.files:
                self.read(entry, kind)
        except JobError:
            return None
        return entry

    def complete(self) -> list[Entry] | None:
        """Return all parts if the ledger says that there are no more and each of them is whole."""
        if self.labelled is None:
            return None
        parts = []
        for shard in range(self.labelled):
            known = self.entries.get(shard)
            if known is None or self.trusted(shard, known.source, known.first) is None:
                return None
            parts.append(known)
        return parts

    def mark_labelled(self, parts: int) -> None:
        """Note that every row has its part."""
        self._append({"labelled": parts})
        self.labelled = parts

    def mark_finished(self, record: Mapping[str, Any]) -> None:
        """Note that the output is in its place."""
        self._append({"finished": record})
        self.finished = dict(record)

    def _append(self, line: Mapping[str, Any]) -> None:
        append_line(self.directory / LEDGER, canonical_json(line), self._disk)

    def load(self, lines: list[dict[str, Any]]) -> None:
        """Take over what the ledger says."""
        for line in lines:
            if (entry := _entry(line.get("part"))) is not None:
                self.entries[entry.shard] = entry
            if type(line.get("labelled")) is int:
                self.labelled = line["labelled"]
            if isinstance(line.get("finished"), dict):
                self.finished = line["finished"]

    def close(self) -> None:
        """Leave the directory as it is."""
        self._lock.release()

    def remove(self) -> None:
        """Delete the directory, the ledger after the parts that it speaks of."""
        _sweep(self.directory, self._disk)
        self._lock.release()
        self._disk.remove(self.directory / _LOCK)
        # Something of the user's may have got in.
        with contextlib.suppress(OSError):
            self.directory.rmdir()


def job_directory(output: Path) -> Path:
    """Return where the run for an output keeps its parts."""
    return output.with_name(f"{output.name}.plaint")


def open_job(
    output: Path, head: Mapping[str, Any], *, resume: bool = False, disk: Disk = DISK
) -> Job:
    """Begin a run, or go on with one.

    Parameters
    ----------
    output : Path
    head : mapping
        What the result depends on.
    resume : bool
        Whether to go on with a run that stands there.
    disk : Disk

    Raises
    ------
    UsageError
        If an unfinished run stands there and is not to be resumed, or something else does.
    JobMismatch
        If the run that stands there depends on something else; the message names it.
    JobError
        If another process works on it.
    """
    directory = job_directory(output)
    head = {"format": FORMAT, "plaint": plaint.__version__, **head}
    _make(directory, disk)
    lock = Lock(directory / _LOCK)
    try:
        job = Job(directory, head, lock, disk)
        lines = _read(directory / LEDGER)
        begun = lines[0].get("head") if lines else None
        is_finished = any("finished" in line for line in lines)
        if isinstance(begun, dict) and not resume and not is_finished:
            raise UsageError(
                f"{directory.name} holds an unfinished run for this output: add --resume to go "
                "on with it, or remove the directory to start again"
            )
        if isinstance(begun, dict) and resume:
            if begun != _plain(head):
                raise JobMismatch(_mismatch(directory, begun, _plain(head)))
            job.load(lines[1:])
            return job
        _sweep(directory, disk)
        write_atomic(directory / LEDGER, canonical_json({"head": head}), disk)
    except BaseException:
        lock.release()
        raise
    return job


def _make(directory: Path, disk: Disk) -> None:
    if directory.is_dir():
        strange = [entry.name for entry in directory.iterdir() if not _OURS.fullmatch(entry.name)]
        if strange:
            raise UsageError(
                f"{directory.name} is needed for this run, but holds other files: move it away, "
                "or choose another output"
            )
        return
    if directory.exists():
        raise UsageError(f"{directory.name} is needed for this run, but is a file: move it away")
    directory.mkdir()
    disk.fsync_dir(directory.parent)


def _sweep(directory: Path, disk: Disk) -> None:
    names = sorted(entry.name for entry in directory.iterdir() if _OURS.fullmatch(entry.name))
    for name in names:
        if name not in (LEDGER, _LOCK):
            disk.remove(directory / name)
    if LEDGER in names:
        disk.remove(directory / LEDGER)


def _read(path: Path) -> list[dict[str, Any]]:
    """Return the lines that a crash did not cut short."""
    if not path.is_file():
        return []
    lines = []
    for line in path.read_bytes().splitlines():
        with contextlib.suppress(ValueError, RecursionError):
            value = json.loads(line)
            if isinstance(value, dict):
                lines.append(value)
    return lines


def _plain(head: Mapping[str, Any]) -> Any:
    return json.loads(canonical_json(head))


def _entry(part: Any) -> Entry | None:
    if not isinstance(part, dict):
        return None
    try:
        entry = Entry(**part)
    except TypeError:
        return None
    counts = (entry.shard, entry.source, entry.first, entry.records, entry.rows, entry.rejects)
    if any(type(count) is not int or count < 0 for count in counts):
        return None
    if entry.records != entry.rows + entry.rejects:
        return None
    files = entry.files
    known = isinstance(files, dict) and {ROWS, INDEX} <= set(files) <= set(KINDS)
    return entry if known else None


def _mismatch(directory: Path, begun: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    differs = []
    for name in sorted({*begun, *now}):
        old, new = begun.get(name), now.get(name)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            differs += [
                f"{name[:-1]} {key}" for key in sorted({*old, *new}) if old.get(key) != new.get(key)
            ]
        elif name == "inputs":
            differs.append(f"inputs ({_changed_inputs(old, new)})")
        elif name in ("version", "precision", "plaint", "format"):
            differs.append(f"{name} (was {old}, is {new})")
        else:
            differs.append(name)
    return (
        f"the run in {directory.name} cannot be resumed, because these are not as they were: "
        f"{', '.join(differs)}. Run it as it was begun, or remove the directory to start again"
    )


def _changed_inputs(old: Any, new: Any) -> str:
    before = {one["name"]: one["digest"] for one in old or []}
    after = {one["name"]: one["digest"] for one in new or []}
    names = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    return ", ".join(names) or "their order"
