"""A lock that the operating system releases when its process dies, however it dies."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from plaint.errors import JobError

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Lock:
    """Held from its making until :meth:`release`.

    Raises
    ------
    JobError
        If another process, or this one, holds it.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _take(self._descriptor)
        except (BlockingIOError, PermissionError):
            self.release()
            raise JobError(
                f"{path.parent.name}: another run works on this output now: wait until it is done"
            ) from None
        except OSError:
            # Some network drives know no locks; a part that is made twice is the same part.
            pass

    def release(self) -> None:
        """Let others have it. Releasing again does nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
