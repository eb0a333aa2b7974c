"""The files of a version, read with distrust: nothing is believed before it was compared.

The manifest comes first, then the software versions, then the names in the directory, then size
and digest of every part. What passed is returned as bytes, so that no parser reads the disk again.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plaint.errors import VersionDamaged, VersionNotFound
from plaint.files import digest_bytes
from plaint.model._manifest import MANIFEST, RESTORE, Manifest

CLASSIFIER: Final = "classifier.skops"
TAXONOMY: Final = "taxonomy.json"

# File managers leave these behind; nothing reads them.
_LITTER: Final = frozenset({".ds_store", "desktop.ini", "thumbs.db"})


@dataclass(frozen=True)
class BundleLimits:
    """How much is read before anything is believed."""

    max_manifest_bytes: int = 4 << 20
    max_part_bytes: int = 2 << 30
    max_files: int = 100


LIMITS: Final = BundleLimits()


def read_manifest(
    directory: str | Path, expected_digest: str | None = None, limits: BundleLimits = LIMITS
) -> Manifest:
    """Read what a version says of itself; its parts are not looked at.

    Raises
    ------
    VersionNotFound
        When there is no such directory.
    VersionDamaged
        When the manifest is missing, too large, not plaint's or not the expected one.
    VersionIncompatible
        When its format is a later one.
    """
    place = Path(directory)
    if not place.is_dir():
        raise VersionNotFound(f"There is no version at {place}. `plaint models list` shows all.")
    source = place / MANIFEST
    size = _plain_size(source)
    if size > limits.max_manifest_bytes:
        raise VersionDamaged(
            f"{source} has {size} bytes, and no manifest is larger than "
            f"{limits.max_manifest_bytes}. {RESTORE}."
        )
    data = _read(source, size)
    found = digest_bytes(data)
    if expected_digest is not None and found != expected_digest:
        raise VersionDamaged(
            f"{source} is another one than was recorded: expected {expected_digest}, found "
            f"{found}. {RESTORE}."
        )
    return Manifest.from_bytes(data, str(source))


def verified(
    place: Path, expected_digest: str | None, limits: BundleLimits
) -> tuple[Manifest, dict[str, bytes]]:
    """Return the manifest and the bytes of every part, all of them as recorded."""
    manifest = read_manifest(place, expected_digest, limits)
    manifest.check_libraries(str(place))
    for name in (CLASSIFIER, TAXONOMY):
        if name not in manifest.parts:
            raise VersionDamaged(f"{place / MANIFEST} does not list {name}. {RESTORE}.")
    _check_names(place, manifest, limits)
    contents = {}
    for name, record in sorted(manifest.parts.items()):
        source = place / name
        size = _plain_size(source)
        if size != record.size_bytes or size > limits.max_part_bytes:
            raise VersionDamaged(
                f"{source} has {size} bytes instead of {record.size_bytes}. {RESTORE}."
            )
        data = _read(source, size)
        if digest_bytes(data) != record.digest:
            raise VersionDamaged(
                f"{source} is not the file that was written: its digest differs from the "
                f"manifest's. {RESTORE}."
            )
        contents[name] = data
    return manifest, contents


def _check_names(place: Path, manifest: Manifest, limits: BundleLimits) -> None:
    known = {MANIFEST, *manifest.parts}
    if len(known) > limits.max_files:
        raise VersionDamaged(
            f"{place / MANIFEST} lists {len(known)} files, and {limits.max_files} are allowed. "
            f"{RESTORE}."
        )
    with os.scandir(place) as entries:
        for entry in entries:
            if entry.name not in known and entry.name.casefold() not in _LITTER:
                raise VersionDamaged(
                    f"{ascii(entry.name)} in {place} is not listed in {MANIFEST}: a version holds "
                    f"its own files only. Remove it if you know it. {RESTORE}."
                )


def _plain_size(path: Path) -> int:
    """Return the size of a file; a link or a device could lead anywhere, or never end."""
    try:
        status = path.lstat()
    except FileNotFoundError as error:
        raise VersionDamaged(f"{path} is missing. {RESTORE}.") from error
    if not stat.S_ISREG(status.st_mode):
        raise VersionDamaged(f"{path} is a link or no file at all. {RESTORE}.")
    return status.st_size


def _read(path: Path, size: int) -> bytes:
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    with open(path, "rb", opener=lambda name, _: os.open(name, flags)) as file:
        # One byte more shows a file that grows while it is read.
        data = file.read(size + 1)
    if len(data) != size:
        raise VersionDamaged(f"{path} changed while it was read. {RESTORE}.")
    return data
