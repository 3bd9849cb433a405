"""Making things durable: syncing files and directories, replacing files whole, and naming what the disk refused."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from store.journal.format import StoreError, StoreFull, StoreReadOnly
from store.journal.lock import try_lock

if sys.platform == "darwin":
    import fcntl

_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "afs"}


def sync(fd: int) -> None:
    """Wait until the bytes of a file (not its times) are on the disk."""
    if sys.platform == "darwin":
        fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
    elif sys.platform == "win32":
        os.fsync(fd)
    else:
        os.fdatasync(fd)


def sync_directory(path: Path) -> None:
    """Wait until the names in a directory are on the disk."""
    if sys.platform == "win32":
        return
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def make_private_directory(path: Path) -> None:
    """Create a directory and its parents, those that are new for their owner only."""
    if not path.is_dir():
        make_private_directory(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def create(path: Path, mode: int) -> int:
    """Create a file that must not exist yet and open it for writing; the descriptor."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    fd = os.open(path, flags, mode)
    if sys.platform != "win32":
        os.fchmod(fd, mode)
    return fd


def temporary(path: Path) -> Path:
    """A name beside `path` for what will replace it. `sweep` removes those that a dead process left."""
    return path.with_name(f"{path.name}.tmp-{os.getpid()}-{os.urandom(3).hex()}")


def sweep(path: Path) -> None:
    """Remove temporary files beside `path` whose writer is dead: a living one holds a lock on its file."""
    for left in path.parent.glob(f"{path.name}.tmp-*"):
        try:
            fd = os.open(left, os.O_RDWR)
        except FileNotFoundError:
            continue
        try:
            if try_lock(fd):
                left.unlink(missing_ok=True)
        finally:
            os.close(fd)


def free_bytes(path: Path) -> int:
    """Room left for us on the disk of `path`; where the system does not say, as much as could be asked for."""
    if sys.platform == "win32":
        return sys.maxsize
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def refusal(path: Path, error: OSError, what: str) -> StoreError:
    """The error of the store for an error of the disk; `what` says what did not happen."""
    if error.errno in _FULL:
        return StoreFull(f"{what}: there is no room left on the disk or in the quota for {path}; free some and repeat.")
    if error.errno in _REFUSED:
        return StoreReadOnly(f"{what}: {path} may not be written ({error.strerror}).")
    return StoreError(f"{what}: {error.strerror or error} ({path}).")


def network_filesystem(path: Path) -> str:
    """The type of the network file system that `path` lies on, "" for a local disk or where the system does not say."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        point = fields[4].encode().decode("unicode_escape") if "\\" in fields[4] else fields[4]
        if len(point) >= len(best) and path.is_relative_to(point):
            best, kind = point, fields[fields.index("-") + 1]
    return kind if kind in _NETWORK else ""


def why_read_only(path: Path) -> str:
    """Why a file at `path` cannot be edited and replaced, in one sentence; "" if it can."""
    directory = path.parent
    if directory.exists() and not directory.is_dir():
        return f"{directory} is a file, so no catalog can be in it."
    kind = network_filesystem(path)
    if kind:
        return (
            f"{path} lies on a network disk ({kind}) whose locks cannot be trusted, so it is only read; "
            "keep it on a local disk and name that with --store."
        )
    if path.exists() and not os.access(path, os.W_OK):
        return f"You may not write {path}, so it is only read."
    if directory.exists() and not os.access(directory, os.W_OK | os.X_OK):
        return f"You may not write in the directory {directory}, so the catalog is only read."
    return ""
