"""A snapshot on its way: written and synced under a name of its own, then put in place whole.

Used for every new `catalog.json`, for copies and for repairs, so that a file of that name is never half written.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path

from store.journal import disk, migrations, snapshot
from store.journal.format import FORMAT
from store.journal.index import KeyMaker, PackedKeys, Stamp, packed_keys, stamp_of
from store.journal.lock import try_lock
from store.journal.snapshot import Meta, Places, State


def describe(meta: Meta, state: State, seq: int, next_id: dict[str, int]) -> Meta:
    """The description of a new snapshot that follows the one of `meta`; what this program does not know is kept."""
    kept = {k: v for k, v in meta.items() if k not in ("counts", "crc")}
    return kept | {
        "format": FORMAT,
        "schema": max(migrations.SCHEMA, meta.get("schema", 0)),
        "min_schema": max(migrations.MIN_SCHEMA, meta.get("min_schema", 0)),
        "generation": meta["generation"] + 1,
        "base_seq": seq,
        "next_id": dict(next_id),
        "counts": {table: len(docs) for table, docs in state.tables.items()},
        "written_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }


class NewSnapshot:
    """A temporary file beside `target` that will hold `state` and `meta`.

    `position` is for its maker: how far into the journal `state` goes. The file is locked while its writer lives, so
    that `disk.sweep` removes only those of the dead. It leaves in `stamp`, `crc`, `places` and `packed` what
    its index needs, with the keys that `keys` makes.

    Raises:
        StoreError: the temporary file cannot be created.
    """

    def __init__(
        self,
        target: Path,
        state: State,
        meta: Meta,
        *,
        mode: int = 0o600,
        position: int = 0,
        keys: KeyMaker | None = None,
    ):
        self.target = target
        self.state = state
        self.meta = meta
        self.position = position
        self.stamp: Stamp = (0, 0, 0)
        self.crc = ""
        self.places: Places = {}
        self.packed: PackedKeys = {}
        self._keys = keys
        self._path = disk.temporary(target)
        try:
            self._fd = disk.create(self._path, mode)
        except OSError as error:
            raise disk.refusal(self._path, error, f"{target.name} was not written") from error
        try_lock(self._fd)

    def write(self) -> None:
        """Write and sync it. Needs no lock and lets other threads run.

        Raises:
            StoreError: the disk is full or fails; nothing is left of it.
        """
        try:
            with FileIO(self._fd, "w", closefd=False) as file:
                self.crc, self.places = snapshot.write(file, self.state, self.meta)
            if self._keys is not None:
                self.packed = packed_keys(self._keys, self.state)
            os.fsync(self._fd)
            self.stamp = stamp_of(os.fstat(self._fd))
        except OSError as error:
            self.discard()
            raise disk.refusal(self._path, error, f"{self.target.name} was not written") from error

    def put_in_place(self) -> None:
        """Give it the name of the target, durably.

        Raises:
            StoreError: the disk refused; the target is as it was.
        """
        try:
            self._path.replace(self.target)
            disk.sync_directory(self.target.parent)
        except OSError as error:
            self._path.unlink(missing_ok=True)
            raise disk.refusal(self.target, error, f"{self.target.name} was not replaced") from error
        finally:
            self._close()

    def discard(self) -> None:
        """Remove it, if it is not in place or removed already."""
        if self._fd >= 0:
            self._path.unlink(missing_ok=True)
            self._close()

    def _close(self) -> None:
        os.close(self._fd)
        self._fd = -1


def write_snapshot(target: Path, state: State, meta: Meta, *, mode: int = 0o600) -> None:
    """Write a snapshot durably; `target` appears or changes as a whole or not at all.

    Raises:
        StoreError: it could not be written.
    """
    new = NewSnapshot(target, state, meta, mode=mode)
    new.write()
    new.put_in_place()
