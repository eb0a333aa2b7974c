"""Who serves, and who served before: the pointer to the current version and the journal."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from plaint.errors import UsageError, VersionDamaged
from plaint.files import DISK, Disk, append_line, canonical_json, write_atomic
from plaint.model._manifest import is_digest

VERSION_NAME: Final = re.compile(r"v-[0-9a-f]{8}")
_MAX_POINTER_BYTES: Final = 4_096
_MAX_REASON_CHARS: Final = 500

Clock = Callable[[], datetime]


def now() -> datetime:
    """Return the time of day, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Pointer:
    """Names the version that serves and the digest of its manifest."""

    version: str
    manifest: str


@dataclass(frozen=True)
class Entry:
    """One line of the journal."""

    time: str
    action: str
    version: str
    manifest: str
    previous: str | None = None
    reason: str = ""


def read_pointer(path: Path) -> Pointer | None:
    """Return what the pointer names, or None when no version was promoted yet.

    Raises
    ------
    VersionDamaged
        When the file is not a pointer.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_POINTER_BYTES + 1)
    except FileNotFoundError:
        return None
    try:
        table = json.loads(data)
        pointer = Pointer(table["version"], table["manifest"])
        if len(data) > _MAX_POINTER_BYTES or not _fits(pointer.version, pointer.manifest):
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise VersionDamaged(
            f"{path} does not name a version: it was cut short or edited. Name the version that "
            "should serve with `plaint models promote ID`; `plaint models list` shows the ids."
        ) from error
    return pointer


def write_pointer(path: Path, pointer: Pointer, disk: Disk = DISK) -> None:
    """Replace the pointer in one step."""
    table = {"version": pointer.version, "manifest": pointer.manifest}
    write_atomic(path, canonical_json(table), disk)


class Journal:
    """Lines that are only ever added."""

    def __init__(self, path: Path, clock: Clock = now, disk: Disk = DISK) -> None:
        self._path = path
        self._clock = clock
        self._disk = disk

    def append(
        self, action: str, pointer: Pointer, previous: str | None = None, reason: str = ""
    ) -> None:
        """Add a line and wait until it is on the medium."""
        line = {
            "time": self._clock().isoformat(timespec="seconds"),
            "action": action,
            "version": pointer.version,
            "manifest": pointer.manifest,
            "previous": previous,
            "reason": reason,
        }
        append_line(self._path, canonical_json(line), self._disk)

    def entries(self) -> list[Entry]:
        """Return all lines that are whole; a crash may have cut one short."""
        try:
            lines = self._path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        entries = (_entry(line) for line in lines if line)
        return [entry for entry in entries if entry is not None]

    def served(self) -> list[Pointer]:
        """Return the versions that served, each once as often as it was promoted and not left.

        The last is the one that serves, the one before it what a rollback goes back to.
        """
        stack: list[Pointer] = []
        for entry in self.entries():
            if entry.action == "promote":
                stack.append(Pointer(entry.version, entry.manifest))
            elif entry.action == "rollback":
                stack = _until(stack, entry.version)
        return stack

    def catch_up(self, current: Pointer | None) -> list[Pointer]:
        """Write the line that a crash between pointer and journal kept back; return `served`."""
        stack = self.served()
        if current is None or (stack and stack[-1].version == current.version):
            return stack
        went_back = len(stack) > 1 and stack[-2].version == current.version
        previous = stack[-1].version if stack else None
        reason = "found: the pointer named it, but the journal did not"
        self.append("rollback" if went_back else "promote", current, previous, reason)
        return self.served()


def checked_reason(reason: str) -> str:
    """Return a reason that fits one line of the journal."""
    if len(reason) > _MAX_REASON_CHARS:
        raise UsageError(
            f"The reason has {len(reason)} characters, and the journal takes {_MAX_REASON_CHARS}. "
            "Shorten it."
        )
    return reason


def _until(stack: list[Pointer], version: str) -> list[Pointer]:
    places = [place for place, known in enumerate(stack[:-1]) if known.version == version]
    return stack[: places[-1] + 1] if places else stack


def _entry(line: bytes) -> Entry | None:
    try:
        table: Mapping[str, Any] = json.loads(line)
        entry = Entry(**{name: table[name] for name in Entry.__dataclass_fields__})
        texts = (entry.time, entry.action, entry.reason, entry.previous or "")
        whole = _fits(entry.version, entry.manifest) and all(isinstance(x, str) for x in texts)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return entry if whole else None


def _fits(version: object, manifest: object) -> bool:
    return (
        isinstance(version, str) and bool(VERSION_NAME.fullmatch(version)) and is_digest(manifest)
    )
