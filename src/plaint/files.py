"""Files that are either as they were or as they should be, never in between.

Everything on the way to a durable file goes through one small object, :class:`Disk`, so that a
test can fail any single call and look at what is left. A full or broken disk shows as the plain
``OSError`` of the operating system.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
from pathlib import Path
from typing import Any, Final

from plaint.errors import UsageError

_CHUNK_BYTES: Final = 1 << 20

# Letters that every file system keeps apart from its separators, drives and streams.
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?")
# Windows opens a device for these names, whatever suffix follows.
_DEVICE: Final = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")


class Disk:
    """The few calls to the operating system that durable writing needs."""

    def open(self, path: Path, flags: int) -> int:
        """Open a file and return its descriptor."""
        # Windows translates line ends unless told otherwise.
        return os.open(path, flags | getattr(os, "O_BINARY", 0), 0o666)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        """Write some of the data and return how many bytes were taken."""
        return os.write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        """Wait until the file is on the medium."""
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        """Give the descriptor back."""
        os.close(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        """Rename over the target in one step."""
        os.replace(source, target)

    def fsync_dir(self, path: Path) -> None:
        """Wait until the directory's entries are on the medium; Windows cannot and need not."""
        if os.name == "nt":
            return
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def remove(self, path: Path) -> None:
        """Delete a file."""
        path.unlink()


DISK: Final = Disk()


def _write_and_close(descriptor: int, data: bytes, disk: Disk) -> None:
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[disk.write(descriptor, rest) :]
        disk.fsync(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            disk.close(descriptor)
        raise
    disk.close(descriptor)


def write_atomic(path: str | Path, data: bytes, disk: Disk = DISK) -> None:
    """Write a whole file so that readers see the old bytes or the new ones, even after a crash."""
    path = Path(path)
    draft = path.with_name(f".{path.name[:60]}.{secrets.token_hex(6)}.tmp")
    descriptor = disk.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        _write_and_close(descriptor, data, disk)
        disk.replace(draft, path)
    except BaseException:
        with contextlib.suppress(OSError):
            disk.remove(draft)
        raise
    disk.fsync_dir(path.parent)


def replace_file(draft: str | Path, path: str | Path, disk: Disk = DISK) -> None:
    """Put a finished file of the same directory in the place of another, durably."""
    draft, path = Path(draft), Path(path)
    descriptor = disk.open(draft, os.O_RDWR)
    _write_and_close(descriptor, b"", disk)
    disk.replace(draft, path)
    disk.fsync_dir(path.parent)


def append_line(path: str | Path, line: str | bytes, disk: Disk = DISK) -> None:
    """Add one line to a file and wait until it is on the medium.

    A line that an earlier crash cut short is closed first, so that it cannot swallow this one.
    """
    path = Path(path)
    data = line if isinstance(line, bytes) else line.encode("utf-8", "backslashreplace")
    data = data.removesuffix(b"\n")
    if b"\n" in data or b"\r" in data:
        raise ValueError("append_line takes one line, and this one has a line break inside")
    is_new = not path.exists()
    torn = not is_new and _last_byte(path) not in (b"", b"\n")
    descriptor = disk.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    _write_and_close(descriptor, (b"\n" if torn else b"") + data + b"\n", disk)
    if is_new:
        disk.fsync_dir(path.parent)


def _last_byte(path: Path) -> bytes:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 1))
        return file.read(1)


def digest_bytes(data: bytes) -> str:
    """Return ``sha256:`` and the hexadecimal digest of the bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def digest_file(path: str | Path) -> str:
    """Return ``sha256:`` and the hexadecimal digest of a file, reading it piece by piece."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"


def canonical_json(value: Any) -> bytes:
    """Return the one UTF-8 form of a JSON value: sorted keys, no spaces, a line end.

    Raises
    ------
    ValueError
        If a number is NaN or infinite, which JSON cannot say.
    """
    text = json.dumps(
        value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    # A lone surrogate has no UTF-8 form, but JSON has an escape for it: the same six characters.
    return text.encode("utf-8", "backslashreplace") + b"\n"


def safe_name(name: str) -> str:
    """Return the name if it can be one entry of a directory on every system.

    Raises
    ------
    UsageError
        If it has other characters than ASCII letters, digits, ``.``, ``_`` and ``-``, does not
        begin with a letter or digit, ends with a dot, is longer than 100 or is a Windows device.
    """
    if _NAME.fullmatch(name) and not _DEVICE.fullmatch(name):
        return name
    shown = name if len(name) <= 40 else name[:40] + "..."
    raise UsageError(
        f"{ascii(shown)} cannot be a name here: use up to 100 ASCII letters, digits, '.', '_' "
        "and '-', beginning with a letter or digit, not ending with '.', and no Windows device"
    )


def inside(root: str | Path, name: str) -> Path:
    """Return the path of an entry of a directory, with links resolved.

    Raises
    ------
    UsageError
        If the name is not safe, or if it is a link that leads out of the directory.
    """
    base = Path(root).resolve()
    path = (base / safe_name(name)).resolve()
    if not path.is_relative_to(base):
        raise UsageError(f"{ascii(name)} leads out of its directory: replace the link by a copy")
    return path
