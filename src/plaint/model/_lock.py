"""A lock between processes that the operating system takes back from a dead one."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from plaint.errors import VersionError

WAIT_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.02

# The two branches are for two systems, and a type checker sees only its own.
if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


@contextlib.contextmanager
def exclusive(path: Path, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the lock of a file; the file itself stays, empty.

    Raises
    ------
    VersionError
        When another process or thread holds it all the time.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        deadline = time.monotonic() + wait_seconds
        while True:
            try:
                _try_lock(descriptor)
                break
            except OSError as error:
                if time.monotonic() >= deadline:
                    raise VersionError(
                        f"{path} has been locked by another process for {wait_seconds:g} seconds: "
                        "it is changing the versions. Wait for it to end and try again."
                    ) from error
            time.sleep(_POLL_SECONDS)
        try:
            yield
        finally:
            _unlock(descriptor)
    finally:
        os.close(descriptor)
