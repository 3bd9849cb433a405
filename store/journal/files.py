"""The files of one catalog, and what they hold: loading, following other processes, appending, folding.

Everything here runs under the lock between processes (the caller's business).
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from store.journal import disk, index, migrations, snapshot
from store.journal.fold import NewSnapshot, describe, write_snapshot
from store.journal.format import (
    FORMAT,
    Change,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreNewer,
    parse_transaction,
    transaction_line,
)
from store.journal.index import Index, KeyMaker, PackedKeys
from store.journal.lock import FileLock
from store.journal.log import Log, Poisoned
from store.journal.snapshot import Entry, Meta, OnDisk, Places, State

Stamp = tuple[int, int, int]
States = Iterable[tuple[str, int, bytes | None]]


class CatalogFiles:
    """`catalog.json`, its journal and its lock.

    `state` holds every document, `seq` is the number of the last transaction in it, `next_id` the next document id per
    table. `reason` says in one sentence why the files may not be written, "" if they may. `notices` are sentences for
    the user about what was met on the way. `on_change` is told every transaction of another process. `keys` packs the
    keys of a table for the index, and `hurry` reads no more of an indexed snapshot than is asked for (`read_rest`).
    """

    def __init__(self, path: Path, *, read_only: bool, keys: KeyMaker | None = None, hurry: bool = False):
        self._keys, self._hurry = keys, hurry and hasattr(os, "pread")
        self._indexed = False
        self._unindexed: Stamp | None = None  # the snapshot that `state` is, where it has no index
        self.path = path.resolve()
        self.notices: list[str] = []
        self.on_change: Callable[[list[Change]], None] = _ignore
        self.state = State(b"", {})
        self.meta: Meta = {}
        self.seq = 0
        self.next_id: dict[str, int] = {}
        self.reason = "It was opened for reading only." if read_only else disk.why_read_only(self.path)
        if not self.reason:
            try:
                disk.make_private_directory(self.path.parent)
            except OSError as error:
                raise disk.refusal(self.path.parent, error, "The catalog could not be created") from error
        self.lock = self._open_lock()
        self.log = Log(self._beside(".journal"), writable=not self.reason)
        self._seen: tuple[Stamp | None, Stamp | None] = (None, None)

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)

    def _open_lock(self) -> FileLock | None:
        path = self._beside(".lock")
        try:
            return FileLock(path, None if self.reason else self._mode())
        except OSError as error:
            if not self.reason:
                raise disk.refusal(path, error, "The catalog could not be opened") from error
            return None  # Nobody has written here yet, or we may not even lock: read without.

    def _mode(self) -> int:
        try:
            return self.path.stat().st_mode & 0o666
        except FileNotFoundError:
            return 0o600

    # ── loading ───────────────────────────────────────────────────────────────────────────────────────────────────

    def load(self) -> None:
        """Read the catalog from the start, creating it if there is none.

        Raises:
            StoreCorrupt: a file is damaged, or the journal does not fit the snapshot.
            StoreNewer: only a newer modeltui can read the layout.
            StoreError: there is no catalog and none may be created.
        """
        if not self.path.exists():
            self._create()
        if not self.reason:
            disk.sweep(self.path)
            disk.sweep(self.log.path)
            disk.sweep(index.beside(self.path))
        self._steady(self._load)

    def _load(self) -> None:
        self._seen = self._look()
        self._load_snapshot(None if self._keys is None else index.read(self.path))
        self._attach_log()
        if self.meta["schema"] < migrations.SCHEMA:
            self._migrate()
        if self.lock:
            self._seen = self._look()
        self._unindexed = None if self._indexed or self.log.is_open else self._seen[0]

    def _steady(self, read: Callable[[], None]) -> None:
        """Read the files. Without a lock another process may replace them meanwhile, so then try more than once."""
        for _ in range(0 if self.lock else 3):
            try:
                return read()
            except StoreCorrupt:
                time.sleep(0.05)
        return read()

    def _create(self) -> None:
        if self.log.path.exists():
            raise StoreCorrupt(
                f"{self.path} is missing while {self.log.path.name} holds edits of it; "
                "restore a backup with `modeltui restore`, or run `modeltui doctor --repair`."
            )
        if self.reason:
            raise StoreError(f"There is no catalog at {self.path}. {self.reason}")
        self.meta = {"catalog_id": uuid.uuid4().hex, "branch": uuid.uuid4().hex, "generation": 0}
        new = self._new_snapshot()
        new.write()
        new.put_in_place()

    def _load_snapshot(self, known: Index | None = None) -> None:
        buffer: bytes | OnDisk
        try:
            buffer = OnDisk(self.path) if known is not None and self._hurry else self.path.read_bytes()
        except FileNotFoundError as error:
            raise StoreCorrupt(f"{self.path} is gone; restore a backup with `modeltui restore`.") from error
        except OSError as error:
            raise disk.refusal(self.path, error, "The catalog could not be read") from error
        meta = {} if known is None else snapshot.description(buffer, self.path)
        self._unindexed = None
        self._indexed = known is not None and known.crc == meta["crc"]
        if known is not None and self._indexed:
            state = State(buffer, cast(dict[str, dict[int, Entry]], known.tables), known.keys)
        else:
            state, meta = snapshot.parse(buffer if isinstance(buffer, bytes) else buffer.read(), self.path)
        if meta["format"] > FORMAT:
            raise StoreNewer(
                f"{self.path} was written by a newer modeltui that lays files out differently; update modeltui."
            )
        self.state, self.meta, self.seq = state, meta, meta["base_seq"]
        self.next_id = dict(meta["next_id"])
        self._check_schema()

    def check(self) -> None:
        """Read what a hurried opening left unread, and compare its checksum.

        Raises:
            StoreError: it is damaged, or can no longer be read. It is only read from then on; `reason` says why.
        """
        buffer = self.state.buffer
        if not isinstance(buffer, OnDisk):
            return
        try:
            data = buffer.read()
            snapshot.checked_meta(data, self.path)
        except StoreError as error:
            self.reason = str(error)
            raise
        self.state.buffer = data

    def read_rest(self) -> None:
        """`check`, and note for the next opening where everything lies."""
        self.check()
        if self._unindexed is not None and self._keys is not None and not self.reason:
            places = cast(Places, self.state.tables)  # nothing was applied since: all is in the snapshot
            self._write_index(self._unindexed, self.meta["crc"], places, index.packed_keys(self._keys, self.state))

    def _write_index(self, stamp: Stamp, crc: str, places: Places, keys: PackedKeys) -> None:
        index.write(self.path, Index(stamp, crc, index.program(), places, keys), self._mode())
        self._unindexed = None

    def _check_schema(self) -> None:
        if self.meta["min_schema"] > migrations.SCHEMA and not self.reason:
            self.reason = (
                f"{self.path} was written by a newer modeltui (schema {self.meta['schema']}, this one knows "
                f"{migrations.SCHEMA}), so it is only read; update modeltui to edit it."
            )

    def _migrate(self) -> None:
        """Bring all documents to this program's schema; on disk too, behind a copy, if the files may be written."""
        old = self.meta["schema"]
        if not self.reason:
            directory = self.path.parent / "backups"
            copy = (
                directory / f"{self.path.stem}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-pre-schema-{migrations.SCHEMA}.json"
            )
            disk.make_private_directory(directory)
            same = {"schema": old, "min_schema": self.meta["min_schema"], "generation": self.meta["generation"]}
            write_snapshot(copy, self.state, self.describe() | same)
        self.state, refused = migrations.migrate(self.state, old, migrations.STEPS, migrations.SCHEMA)
        for table, docs in self.state.tables.items():
            self.next_id[table] = max(self.next_id.get(table, 1), max(docs) + 1)
        if refused:
            self.notices.append(f"{refused} documents could not be read in schema {old}; they are in quarantine.")
        if not self.reason:
            new = self._new_snapshot()
            new.write()
            self.finish_fold(new)

    # ── following the journal ─────────────────────────────────────────────────────────────────────────────────────

    def changed(self) -> bool:
        """Whether another process touched the files since the last look: two calls of stat."""
        return self._look() != self._seen

    def _look(self) -> tuple[Stamp | None, Stamp | None]:
        return _stamp(self.path, times=True), _stamp(self.log.path, times=False)

    def catch_up(self) -> None:
        """Apply what other processes did.

        Raises:
            StoreCorrupt: the files are gone, damaged, or no longer fit together.
        """
        if not self.changed():
            return
        try:
            self._steady(self._reload if self.meta["schema"] < migrations.SCHEMA else self._follow)
        except OSError as error:
            raise disk.refusal(self.path, error, "The catalog could not be read") from error
        if not self.log.is_open and self.seq > self.meta["base_seq"] and not self.reason:
            self._replace_lost_journal()

    def _reload(self) -> None:
        """Read all anew: an old file that may only be read was migrated in memory, where its journal does not fit."""
        before, tell = self.state, self.on_change
        self.on_change = _ignore
        try:
            self.log.close()
            self._load()
        finally:
            self.on_change = tell
        self._tell_differences(before)

    def _follow(self) -> None:
        seen = self._look()
        if self.log.is_open:
            self._replay(current=self._is_open(seen[1]))
        if seen[0] != self._seen[0]:
            self._follow_snapshot()
        if not self._is_open(seen[1]):
            self._attach_log()
        self._seen = self._look() if self.lock else seen

    def _is_open(self, journal: Stamp | None) -> bool:
        """Whether the journal of that stamp is the one that is open."""
        return journal is not None and self.log.identity is not None and journal[0] == self.log.identity

    def _replace_lost_journal(self) -> None:
        """Somebody removed the journal, which only a fold may do: its edits are still in memory, so save them."""
        new = self._new_snapshot()
        new.write()
        self.finish_fold(new)
        self.notices.append(f"{self.log.path.name} was removed by another program; its edits were saved again.")

    def _follow_snapshot(self) -> None:
        """Another process replaced the snapshot: by a folding of what we hold, or by something else."""
        meta = snapshot.read_meta(self.path)
        mine = self.meta
        if (
            meta["catalog_id"] == mine["catalog_id"]
            and meta.get("branch") == mine.get("branch")
            and meta["schema"] == mine["schema"]
            and meta["generation"] > mine["generation"]
            and meta["base_seq"] <= self.seq
        ):
            self.meta = meta
            return
        if meta["schema"] < migrations.SCHEMA:
            raise StoreCorrupt(
                f"{self.path} was replaced by a file of an older modeltui; close the catalog and open it."
            )
        before = self.state
        self._load_snapshot()
        self.log.close()
        self._tell_differences(before)

    def _tell_differences(self, before: State) -> None:
        changes = list(snapshot.differences(before, self.state))
        if changes:
            self.on_change(changes)

    def _attach_log(self) -> None:
        if not self.log.open():
            return
        self._replay(current=True)

    def _replay(self, *, current: bool) -> None:
        """Apply the lines of the open journal that are new; `current` is False for one that was replaced on disk."""
        payloads, tail = self.log.read()
        header = self.log.header
        if header is not None:
            self._check_header(header.catalog, header.base)
        for payload in payloads:
            transaction = parse_transaction(payload)
            if transaction.s <= self.seq:
                continue
            if transaction.s != self.seq + 1:
                raise StoreCorrupt(
                    f"{self.log.path} lacks the edits {self.seq + 1} to {transaction.s - 1}; "
                    "run `modeltui doctor --repair`."
                )
            self.on_change(self._apply(transaction.s, transaction.states()))
        if current and not self.reason:
            if tail:
                kept = self.log.set_tail_aside(tail)
                what = f"its {len(tail)} bytes are in {kept.name}"
                self.notices.append(f"The last edit of a process that died was unfinished and never saved; {what}.")
            if header is None:
                self.log.remove()

    def _check_header(self, catalog: str, base: int) -> None:
        if catalog != self.meta["catalog_id"]:
            raise StoreCorrupt(
                f"{self.log.path} belongs to another catalog than {self.path.name}; "
                "run `modeltui doctor --repair` to set it aside."
            )
        if base > self.seq:
            raise StoreCorrupt(
                f"{self.path} is older than its journal, as if an old copy had been put in its place; "
                "run `modeltui doctor --repair`, or restore a backup with `modeltui restore`."
            )

    # ── appending ─────────────────────────────────────────────────────────────────────────────────────────────────

    def append(self, states: list[tuple[str, int, bytes | None]]) -> list[Change]:
        """Make one transaction durable, then apply it.

        Raises:
            StoreError: it did not happen.
        """
        seq = self.seq + 1
        line = transaction_line(seq, time.time_ns() // 1_000_000, states)
        try:
            if self.log.is_open:
                self.log.append(line)
            else:
                self.log.start(self.meta["catalog_id"], self.seq, line, self._mode())
        except Poisoned as error:
            self.reason = str(error)
            raise
        if self.log.identity is not None:
            self._seen = (self._seen[0], (self.log.identity, self.log.position, 0))
        return self._apply(seq, states)

    def _apply(self, seq: int, states: States) -> list[Change]:
        changes: list[Change] = []
        self._unindexed = None
        for table, doc_id, raw in states:
            changes.append((table, doc_id, self.state.get(table, doc_id), raw))
            self.state.put(table, doc_id, raw)
            self.use_id(table, doc_id)
        self.seq = seq
        return changes

    def use_id(self, table: str, doc_id: int) -> None:
        """Never give out this document id again."""
        if doc_id >= self.next_id.get(table, 1):
            self.next_id[table] = doc_id + 1

    # ── folding ───────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def journal_bytes(self) -> int:
        """Size of the journal, 0 if there is none."""
        return self.log.position

    def begin_fold(self) -> NewSnapshot | None:
        """Fix what a new snapshot will hold; None if there is nothing to fold. Its `write` needs no lock.

        Raises:
            StoreFull: there is not enough room for it.
        """
        if not self.log.is_open:
            return None
        needed = len(self.state.buffer) + self.journal_bytes
        if disk.free_bytes(self.path.parent) < needed:
            room = f"{(needed >> 20) + 1} MB of room beside {self.path}"
            raise StoreFull(f"Folding the journal needs {room}; every edit is safe in the journal.")
        return self._new_snapshot()

    def _new_snapshot(self) -> NewSnapshot:
        state, position = self.state.copy(), self.log.position
        return NewSnapshot(self.path, state, self.describe(), mode=self._mode(), position=position, keys=self._keys)

    def describe(self) -> Meta:
        """The description for the next snapshot of what memory holds."""
        return describe(self.meta, self.state, self.seq, self.next_id)

    def finish_fold(self, new: NewSnapshot) -> bool:
        """Put the new snapshot in place and keep what was appended since; False if another process was faster.

        The directory is synced between the two replacements: a snapshot with too much journal is harmless, a journal
        without its snapshot would be a loss.

        Raises:
            StoreError: the disk refused; every edit is still in the files.
        """
        if new.meta["generation"] != self.meta["generation"] + 1:
            new.discard()
            return False
        since = self.log.tail(new.position) if new.position else b""
        new.put_in_place()
        self.meta = new.meta
        try:
            if self._keys is not None:
                self._write_index(new.stamp, new.crc, new.places, new.packed)
            if since:
                self.log.restart(new.meta["catalog_id"], new.meta["base_seq"], since, self._mode())
            else:
                self.log.remove()
        finally:
            self._attach_log()
            self._seen = self._look()
        return True

    def replace_all(self, state: State, meta: Meta, seq: int) -> None:
        """Make `state` the content of the catalog, after transaction `seq`, whatever the files hold now.

        The journal goes last: its transactions are older than the new snapshot, so one that stays behind is harmless.

        Raises:
            StoreError: the disk refused; the files are as they were.
        """
        next_id = {str(table): int(number) for table, number in meta.get("next_id", {}).items()}
        for table, docs in state.tables.items():
            next_id[table] = max(next_id.get(table, 1), max(docs, default=0) + 1)
        # A new branch tells who has the catalog open that this is no folding of what they hold.
        base = {"catalog_id": uuid.uuid4().hex, "generation": 0} | meta | {"branch": uuid.uuid4().hex}
        write_snapshot(self.path, state, describe(base, state, seq + 1, next_id), mode=self._mode())
        self.log.remove()

    def close(self) -> None:
        """Close the journal and the lock."""
        self.log.close()
        if self.lock is not None:
            self.lock.close()


def _ignore(_: list[Change]) -> None:
    """The listener of nobody."""


def _stamp(path: Path, *, times: bool) -> Stamp | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise disk.refusal(path, error, "The catalog could not be read") from error
    return stat.st_ino, stat.st_size, stat.st_mtime_ns if times else 0
