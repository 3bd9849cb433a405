"""The lock between processes: `flock` on a file that is kept for ever.

It is held per commit, not per session, and the kernel drops it when its holder dies, so a crashed process blocks
nobody. A process that is stopped while it holds the lock gives `StoreLocked` after a timeout; the lock is never stolen.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class FileLock:
    """One process's hold on a lock file. Not for use by two threads at a time.

    Raises:
        OSError: the file cannot be opened, or created with `mode`.
    """

    def __init__(self, path: Path, mode: int | None = 0o600):
        """Open the lock file, creating it unless `mode` is None."""
        self.path = path
        self._mode = mode
        self._open()

    def _open(self) -> None:
        if self._mode is None:
            self._fd = os.open(self.path, os.O_RDONLY | _CLOEXEC)
        else:
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | _CLOEXEC, self._mode)
        self._inode = os.fstat(self._fd).st_ino

    def acquire(self, timeout: float, *, shared: bool = False) -> bool:
        """Take the lock within `timeout` seconds; True if it was taken."""
        deadline = time.monotonic() + timeout
        pause = 0.0005
        while True:
            if try_lock(self._fd, shared=shared):
                if self._still_there():
                    return True
                # Somebody deleted the file: lock the one that the others will open.
                os.close(self._fd)
                self._open()
                continue
            if time.monotonic() >= deadline:
                return False
            time.sleep(pause)
            pause = min(pause * 2, 0.02)

    def _still_there(self) -> bool:
        try:
            return self.path.stat().st_ino == self._inode
        except FileNotFoundError:
            return self._mode is None

    def release(self) -> None:
        """Let the next one in."""
        unlock(self._fd)

    def holder(self) -> str:
        """Who holds the lock, as far as the system tells: "process 4711" or "another process"."""
        try:
            table = Path("/proc/locks").read_text(encoding="ascii")
        except OSError:
            return "another process"
        for line in table.splitlines():
            fields = line.split()
            if fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == str(self._inode):
                return f"process {fields[4]}"
        return "another process"

    def close(self) -> None:
        """Close the file, which also releases the lock."""
        os.close(self._fd)


_CLOEXEC = getattr(os, "O_CLOEXEC", 0)


def try_lock(fd: int, *, shared: bool = False) -> bool:
    """Take the lock on an open file if it is free now."""
    try:
        if sys.platform == "win32":
            os.lseek(fd, 0, os.SEEK_SET)
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def unlock(fd: int) -> None:
    """Release the lock on an open file."""
    if sys.platform == "win32":
        os.lseek(fd, 0, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)
    else:
        fcntl.flock(fd, fcntl.LOCK_UN)
