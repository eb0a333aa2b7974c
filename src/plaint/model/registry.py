"""The versions of a models directory: listed, added, promoted and rolled back.

::

    models/versions/v-3f9a2c71/    one version; its name comes from the digest of its manifest
    models/current                 names the version that serves and the digest of its manifest
    models/journal.jsonl           one line for every version added, promoted or rolled back
    models/.lock                   held while pointer and journal change
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from plaint.errors import (
    UsageError,
    VersionDamaged,
    VersionError,
    VersionIncompatible,
    VersionNotFound,
)
from plaint.files import DISK, Disk, inside
from plaint.model import bundle
from plaint.model._journal import (
    VERSION_NAME,
    Clock,
    Entry,
    Journal,
    Pointer,
    checked_reason,
    now,
    read_pointer,
    write_pointer,
)
from plaint.model._lock import exclusive
from plaint.model.bundle import Bundle, Manifest

_DRAFT_PREFIX: Final = "draft-"
_ID_DIGITS: Final = 8


@dataclass(frozen=True)
class VersionInfo:
    """One line of the list of versions.

    ``data`` is the digest of the training data and ``scores`` are the scores of the evaluation,
    as training recorded them; both are empty when the manifest cannot be read.
    """

    id: str
    status: Literal["ok", "damaged", "incompatible"]
    current: bool
    created: str | None
    data: str | None
    scores: Mapping[str, Any]
    problem: str | None = None


class Registry:
    """The versions of one models directory.

    Parameters
    ----------
    root : str or Path
        The models directory; it is made when the first version is added.
    clock : callable
        Gives the time that the journal records.
    disk : Disk
        Tests fail single calls of it.
    """

    def __init__(self, root: str | Path, *, clock: Clock = now, disk: Disk = DISK) -> None:
        self._root = Path(root)
        self._versions = self._root / "versions"
        self._pointer = self._root / "current"
        self._journal = Journal(self._root / "journal.jsonl", clock, disk)
        self._disk = disk

    def versions(self) -> list[VersionInfo]:
        """Return all versions, oldest first, each checked down to the digests of its parts.

        A damaged pointer shows as no version being current; `current` says what is wrong with it.
        """
        created: dict[str, str] = {}
        for entry in filter(_adds, self._journal.entries()):
            created.setdefault(entry.version, entry.time)
        # By their lines and not by their times: two may fall into one second.
        added = list(created)
        ids = sorted(self._ids(), key=lambda name: added.index(name) if name in created else -1)
        current: Pointer | None = None
        with contextlib.suppress(VersionDamaged):
            current = self.current()
        serving = current.version if current else None
        return [self._info(name, created.get(name), name == serving) for name in ids]

    def current(self) -> Pointer | None:
        """Return the id of the version that serves and the digest of its manifest.

        Raises
        ------
        VersionDamaged
            When the pointer cannot be read.
        """
        return read_pointer(self._pointer)

    def history(self) -> list[Entry]:
        """Return the journal, oldest line first."""
        return self._journal.entries()

    def load(self, version: str | None = None, *, check_golden: bool = True) -> Bundle:
        """Load a version, or the one that serves.

        Raises
        ------
        UsageError
            When the id has another form than ids have.
        VersionNotFound
            When there is no such version, or none was promoted.
        VersionDamaged, VersionIncompatible
            When it must not be used.
        """
        if version is None:
            current = self.current()
            if current is None:
                raise VersionNotFound(self._nothing_current())
            version = current.version
        place = self._place(version)
        loaded = bundle.load(
            place, expected_digest=self._recorded(version), check_golden=check_golden
        )
        _check_id(version, loaded.manifest, place)
        return loaded

    def verify(self, version: str) -> Manifest:
        """Check a version in full, golden rows included, and return its manifest."""
        return self.load(version).manifest

    def add(
        self,
        classifier: Any,
        *,
        facts: Mapping[str, Any],
        golden: Sequence[str] = (),
        extras: Mapping[str, bytes] | None = None,
        reason: str = "",
    ) -> str:
        """Write a fitted classifier as a new version and return its id.

        The id follows from the content: adding the same version again changes nothing. The
        parameters are those of :func:`plaint.model.bundle.save`.

        Raises
        ------
        VersionDamaged
            When the same version is there already, but damaged.
        """
        checked_reason(reason)
        self._versions.mkdir(parents=True, exist_ok=True)
        draft = self._versions / f"{_DRAFT_PREFIX}{secrets.token_hex(6)}"
        try:
            manifest = bundle.save(
                classifier, draft, facts=facts, golden=golden, extras=extras, disk=self._disk
            )
            pointer = Pointer(_id(manifest.digest), manifest.digest)
            place = self._versions / pointer.version
            with self._locked():
                if place.exists():
                    bundle.check(place, expected_digest=pointer.manifest)
                else:
                    self._disk.replace(draft, place)
                    self._disk.fsync_dir(self._versions)
                entries = self._journal.entries()
                if not any(_adds(entry) and entry.version == pointer.version for entry in entries):
                    self._journal.append("add", pointer, reason=reason)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return pointer.version

    def promote(self, version: str, *, reason: str = "") -> None:
        """Let a version serve from now on; it is checked in full before anything changes.

        Raises
        ------
        UsageError, VersionNotFound, VersionDamaged, VersionIncompatible
            As for `load`; the version that serves then goes on serving.
        """
        checked_reason(reason)
        target = Pointer(version, self.verify(version).digest)
        with self._locked():
            current: Pointer | None = None
            # Promoting is how a damaged pointer is mended.
            with contextlib.suppress(VersionDamaged):
                current = self.current()
            self._journal.catch_up(current)
            if current != target:
                write_pointer(self._pointer, target, self._disk)
                previous = current.version if current else None
                self._journal.append("promote", target, previous, reason)

    def rollback(self, *, reason: str = "") -> str:
        """Let the version serve that served before the current one, and return its id.

        Raises
        ------
        VersionNotFound
            When none served before.
        VersionDamaged, VersionIncompatible
            When it must not be used; the version that serves then goes on serving.
        """
        checked_reason(reason)
        with self._locked():
            current = self.current()
            served = self._journal.catch_up(current)
            if current is None or len(served) < 2:
                raise VersionNotFound(
                    f"No version served before the current one, as far as {self._root} knows. "
                    "Name one with `plaint models promote ID`; `plaint models list` shows the ids."
                )
            version = served[-2].version
            target = Pointer(version, self.verify(version).digest)
            write_pointer(self._pointer, target, self._disk)
            self._journal.append("rollback", target, current.version, reason)
        return target.version

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self._root.mkdir(parents=True, exist_ok=True)
        with exclusive(self._root / ".lock"):
            yield

    def _ids(self) -> list[str]:
        if not self._versions.is_dir():
            return []
        names = (entry.name for entry in self._versions.iterdir())
        return sorted(name for name in names if VERSION_NAME.fullmatch(name))

    def _place(self, version: str) -> Path:
        if not VERSION_NAME.fullmatch(version):
            raise UsageError(
                f"{ascii(version[:40])} is no id of a version: they look like v-3f9a2c71. "
                f"{self._known()}"
            )
        place = inside(self._versions, version)
        if not place.is_dir():
            raise VersionNotFound(f"There is no version {version} in {self._root}. {self._known()}")
        return place

    def _known(self) -> str:
        known = ", ".join(self._ids())
        return f"There are: {known}." if known else "There is none yet: `plaint train` makes one."

    def _nothing_current(self) -> str:
        known = self._ids()
        if not known:
            return f"There is no trained version in {self._root}. Make one with `plaint train`."
        return (
            f"No version in {self._root} was promoted yet. Let one serve with "
            f"`plaint models promote {known[-1]}`. {self._known()}"
        )

    def _recorded(self, version: str) -> str | None:
        """Return the digest that pointer or journal recorded for a version's manifest."""
        with contextlib.suppress(VersionDamaged):
            current = self.current()
            if current is not None and current.version == version:
                return current.manifest
        recorded = (
            entry.manifest
            for entry in self._journal.entries()
            if _adds(entry) and entry.version == version
        )
        return next(recorded, None)

    def _info(self, version: str, created: str | None, is_current: bool) -> VersionInfo:
        status: Literal["ok", "damaged", "incompatible"] = "ok"
        problem, facts = None, {}
        try:
            place = self._place(version)
            manifest = bundle.read_manifest(place, self._recorded(version))
            facts = dict(manifest.facts)
            _check_id(version, manifest, place)
            bundle.check(place, expected_digest=manifest.digest)
        except VersionIncompatible as error:
            status, problem = "incompatible", str(error)
        except (UsageError, VersionError) as error:
            status, problem = "damaged", str(error)
        data, scores = facts.get("data"), facts.get("scores")
        return VersionInfo(
            id=version,
            status=status,
            current=is_current,
            created=created,
            data=data if isinstance(data, str) else None,
            scores=scores if isinstance(scores, dict) else {},
            problem=problem,
        )


def _adds(entry: Entry) -> bool:
    return entry.action == "add"


def _id(digest: str) -> str:
    return f"v-{digest.removeprefix('sha256:')[:_ID_DIGITS]}"


def _check_id(version: str, manifest: Manifest, place: Path) -> None:
    if _id(manifest.digest) != version:
        raise VersionDamaged(
            f"{place} holds the version {_id(manifest.digest)}: the directory was renamed, or its "
            "manifest replaced. Give it the name of what it holds, or restore it from a backup."
        )
