"""`catalog.json.index`: where everything lies in `catalog.json`, so that the next opening need not look.

It knows nothing that the snapshot does not say: which of its bytes are which document, and the keys of large tables as
their reader wants them. It is written beside every new snapshot, is good only for that very file and this very
program, and may be deleted at any time: without it opening takes longer (`python -m tests.bench catalog`). One that is
torn, damaged or of another file is as good as none; so it is not synced, and a disk without room for it is no error.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from store.journal import disk
from store.journal.snapshot import Places, State

LEAST = 1 << 20
"""Smaller snapshots, in bytes, are read in no time and get no index."""

Stamp = tuple[int, int, int]
"""Inode, size in bytes, and time of the last change in nanoseconds."""

KeyMaker = Callable[[str, Iterable[tuple[int, bytes]]], bytes | None]
"""Packs the keys of a table for its reader, from (id, raw JSON) of its documents; None for a table that has none."""

PackedKeys = dict[str, msgspec.Raw]


class Index(msgspec.Struct, array_like=True):
    """What is known of one snapshot: by table, where each document lies (as in `snapshot.Entry`) and the packed keys.

    `crc` is the checksum that the snapshot has at its end; `program` changes with the code that made the keys.
    """

    stamp: Stamp
    crc: str
    program: str
    tables: Places
    keys: PackedKeys


_decode = msgspec.msgpack.Decoder(Index).decode


def stamp_of(stat: os.stat_result) -> Stamp:
    """What differs whenever a file is another one, or was written to."""
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def program() -> str:
    """What differs whenever the code that makes keys may."""
    store = Path(__file__).parents[1]
    stats = [path.stat() for path in (Path(__file__), store / "table_keys.py", store / "records.py")]
    return " ".join(f"{stat.st_size}:{stat.st_mtime_ns}" for stat in stats)


def beside(path: Path) -> Path:
    """The index of a snapshot."""
    return path.with_name(f"{path.name}.index")


def read(path: Path) -> Index | None:
    """The index of a snapshot, None where there is none that is good for it."""
    try:
        data = beside(path).read_bytes()
        stamp = stamp_of(path.stat())
    except OSError:
        return None
    packed = memoryview(data)[8:]
    if data[:8] != b"%08x" % zlib.crc32(packed):
        return None
    try:
        index = _decode(packed)
    except ValueError:
        return None
    return index if index.stamp == stamp and index.program == program() else None


def write(path: Path, made: Index, mode: int) -> None:
    """Put the index beside its snapshot, unless another one has taken its place meanwhile."""
    target = beside(path)
    fresh = disk.temporary(target)
    try:
        if stamp_of(path.stat()) != made.stamp:
            return None
        if made.stamp[1] < LEAST:
            return target.unlink(missing_ok=True)
        packed = msgspec.msgpack.encode(made)
        with open(disk.create(fresh, mode), "wb") as file:
            file.write(b"%08x" % zlib.crc32(packed))
            file.write(packed)
        fresh.replace(target)
    except OSError:
        fresh.unlink(missing_ok=True)  # it would only have saved time


def forget(path: Path) -> None:
    """Have the next opening look at the documents themselves."""
    try:
        beside(path).unlink(missing_ok=True)
    except OSError:
        return  # where nothing may be written nobody edits either, and what is read stays the same


def packed_keys(keys: KeyMaker, state: State) -> PackedKeys:
    """The keys of all tables that have some."""
    made = {name: keys(name, state.items(name)) for name in state.tables}
    return {name: msgspec.Raw(packed) for name, packed in made.items() if packed is not None}
