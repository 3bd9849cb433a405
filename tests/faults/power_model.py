"""A model of a disk that loses power: what the store asked of the disk is recorded, then replayed in part.

After a power cut a file certainly has what was written before its last sync, and a directory the names that it had
before its own. Of what came later anything may be there: each write whole, torn, as zero bytes or not at all, each name
or not, in any combination.
"""

import os
import random
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from store.journal import disk, fold, log

Name = str | None


@dataclass
class Op:
    """One request: `write` and `truncate` of an inode at an offset, `name` of a directory, `sync`, or an `ack`."""

    kind: str
    inode: int = 0
    offset: int = 0
    data: bytes = b""
    names: tuple[Name, Name] = (None, None)


@dataclass
class Recorder:
    """All requests of one run, in order; `directory` is the only one it looks at.

    `ignore` names a kind of sync that is not carried out: the checker must then find a loss.
    """

    directory: Path
    ignore: str = ""
    ops: list[Op] = field(default_factory=list)
    files: dict[int, int] = field(default_factory=dict)

    def file(self, found: os.stat_result, *, new: bool = False) -> int:
        """A number for a file that, unlike its inode number, is not used again when it is gone."""
        if new:
            self.files[found.st_ino] = len(self.ops) + 1
        return self.files[found.st_ino]

    def acknowledge(self, state: int) -> None:
        """The store said that state number `state` is safe."""
        self.ops.append(Op("ack", state))

    @contextmanager
    def recording(self) -> Iterator[None]:
        recorder = self
        create, replace, unlink = disk.create, Path.replace, Path.unlink

        class Recorded(FileIO):
            def write(self, data: Any) -> int:
                offset, inode = self.tell(), recorder.file(os.fstat(self.fileno()))
                written = super().write(data)
                recorder.ops.append(Op("write", inode, offset, bytes(data[:written])))
                return written

            def truncate(self, size: int | None = None) -> int:
                recorder.ops.append(Op("truncate", recorder.file(os.fstat(self.fileno())), size or 0))
                return super().truncate(size)

        def recorded_create(path: Path, mode: int) -> int:
            fd = create(path, mode)
            recorder.name(path, None, path, recorder.file(os.fstat(fd), new=True))
            return fd

        def recorded_replace(path: Path, target: Path) -> Path:
            recorder.name(path, path, target, recorder.file(path.stat()))
            return replace(path, target)

        def recorded_unlink(path: Path, missing_ok: bool = False) -> None:
            if path.exists():
                recorder.name(path, path, None, 0)
            unlink(path, missing_ok)

        def sync(kind: str) -> Callable[[int], None]:
            def recorded_sync(fd: int) -> None:
                found = os.fstat(fd)
                what = "directory" if stat.S_ISDIR(found.st_mode) else kind
                if what != recorder.ignore:
                    recorder.ops.append(Op("sync", 0 if what == "directory" else recorder.file(found)))

            return recorded_sync

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(log, "FileIO", Recorded)
            patch.setattr(fold, "FileIO", Recorded)
            patch.setattr(disk, "create", recorded_create)
            patch.setattr(Path, "replace", recorded_replace)
            patch.setattr(Path, "unlink", recorded_unlink)
            patch.setattr(os, "fdatasync", sync("fdatasync"))
            patch.setattr(os, "fsync", sync("fsync"))
            yield

    def name(self, path: Path, old: Path | None, new: Path | None, inode: int) -> None:
        if path.parent == self.directory:
            names = (old.name if old else None, new.name if new else None)
            self.ops.append(Op("name", inode, names=names))


def after_power_loss(ops: list[Op], rng: random.Random) -> dict[str, bytes]:
    """The files of the directory as they may be when power goes after `ops`."""
    last_sync = {op.inode: position for position, op in enumerate(ops) if op.kind == "sync"}
    files: dict[int, bytearray] = {}
    names: dict[str, int] = {}
    for position, op in enumerate(ops):
        if op.kind == "name":
            if position < last_sync.get(0, -1) or rng.random() < 0.5:
                _name(names, op)
        elif op.kind in ("write", "truncate"):
            safe = position < last_sync.get(op.inode, -1)
            _change(files.setdefault(op.inode, bytearray()), op, "whole" if safe else _fate(rng), rng)
    return {name: bytes(files.get(inode, b"")) for name, inode in names.items()}


def _fate(rng: random.Random) -> str:
    return rng.choice(("whole", "lost", "torn", "zeros"))


def _name(names: dict[str, int], op: Op) -> None:
    old, new = op.names
    if old is not None:
        names.pop(old, None)
    if new is not None:
        names[new] = op.inode


def _change(content: bytearray, op: Op, fate: str, rng: random.Random) -> None:
    if op.kind == "truncate":
        if fate == "whole":
            del content[op.offset :]
        return
    data = {
        "whole": op.data,
        "lost": b"",
        "torn": op.data[: rng.randrange(len(op.data) + 1)],
        "zeros": bytes(len(op.data)),
    }[fate]
    if data:
        content.extend(bytes(max(0, op.offset - len(content))))
        content[op.offset : op.offset + len(data)] = data
