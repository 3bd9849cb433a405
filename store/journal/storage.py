"""The storage under TinyDB: durable edits in constant time, shared by threads and processes.

`catalog.json` is read once, without decoding a document; every later edit is one line in `catalog.json.journal`, on the
disk before it counts. `checkpoint` folds the journal into a new `catalog.json`. The protocol of a commit, the only way
to change anything:

1. take the lock between threads, then the lock between processes;
2. apply what other processes appended meanwhile, and tell the listeners;
3. run the change against an overlay that only this thread sees;
4. append one line and sync it; if that fails take it back, and memory stays as it was;
5. apply it to memory, unlock, and tell the listeners.

Reads take no lock: another thread's reader sees each document before or after a transaction, never half of it.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
from tinydb.storages import Storage

from store.journal import disk
from store.journal.files import CatalogFiles
from store.journal.fold import write_snapshot
from store.journal.format import META, Change, StoreError, StoreLocked, StoreReadOnly, encode
from store.journal.index import KeyMaker
from store.journal.snapshot import Meta
from store.journal.staging import Staging

Listener = Callable[[list[Change]], None]

MIN_FOLD = 4 << 20
"""A journal is folded in the background from this size in bytes on, or a quarter of the snapshot if that is more."""

POLL_SECONDS = 0.005
"""How long a poll waits for a lock before it leaves the news to the next one: too short to be seen on a screen."""

FOLD_AT_EXIT = 64 << 20
"""A snapshot larger than this is not folded at exit only to remove a small journal: that would take over a second."""


class JournaledJSONStorage(Storage):
    """TinyDB's storage contract (`read`, `write`, `close`) over a snapshot and a journal.

    `listeners` are called after each commit and each foreign edit with `(table, doc_id, old, new)` raw JSON, in commit
    order, while no lock is held. A listener must not raise; while calling in here, hold no lock that a listener takes.

    `keys` makes the keys that an index keeps for `packed_keys`, None for no index; `hurry` reads only what is asked for
    until `read_rest`, which compares the checksum.

    Raises:
        StoreCorrupt: a file is damaged; nothing was written.
        StoreNewer: only a newer modeltui can read it.
        StoreLocked: another process held the catalog for longer than `lock_timeout` seconds.
        StoreError: it cannot be opened or created for another reason.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        read_only: bool = False,
        lock_timeout: float = 10.0,
        keys: KeyMaker | None = None,
        hurry: bool = False,
    ):
        self.path = Path(path).resolve()
        self.lock_timeout = lock_timeout
        self.listeners: list[Listener] = []
        try:
            self._files = CatalogFiles(self.path, read_only=read_only, keys=keys, hurry=hurry)
        except OSError as error:
            raise disk.refusal(self.path, error, "The catalog could not be opened") from error
        self._pid = os.getpid()
        self._closed = False
        self._wrote = False
        self._guard = threading.RLock()
        self._owner: int | None = None
        self._staging = Staging()
        self._outbox: deque[list[Change]] = deque()
        self._replayed: list[Change] = []
        self._files.on_change = self._replayed.extend
        self._delivery = threading.RLock()
        self._delivering: int | None = None
        self._folding = threading.Lock()
        self._folder: threading.Thread | None = None
        self._fold_above = 0
        try:
            self._lock()
            try:
                self._files.load()
            finally:
                self._unlock()
        except OSError as error:
            self._files.close()
            raise disk.refusal(self.path, error, "The catalog could not be opened") from error
        except BaseException:
            self._files.close()
            raise
        self._files.on_change = self._outbox.append

    # ── what it is ────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def reason(self) -> str:
        """Why the catalog is only read, in one sentence; "" if it may be edited."""
        return self._files.reason

    @property
    def read_only(self) -> bool:
        """Whether edits are refused."""
        return bool(self._files.reason)

    @property
    def meta(self) -> Meta:
        """The description in the file: format, schema, catalog_id, generation and more."""
        return dict(self._files.meta)

    @property
    def notices(self) -> list[str]:
        """Sentences for the user about what was met and set aside."""
        return self._files.notices

    @property
    def seq(self) -> int:
        """The number of the last transaction."""
        return self._files.seq

    # ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────

    def get_raw(self, table: str, doc_id: int) -> bytes | None:
        """Raw JSON of one document, None if there is none."""
        if self._in_transaction() and (table, doc_id) in self._staging.docs:
            return self._staging.docs[table, doc_id]
        return self._files.state.get(table, doc_id)

    def raw(self, table: str) -> Iterator[tuple[int, bytes]]:
        """All documents of a table as (id, raw JSON), without decoding; as they were when the iteration began."""
        state = self._files.state
        return self._staging.items(state, table) if self._sees_changes(table) else state.items(table)

    def packed_keys(self, table: str) -> tuple[bytes, list[Change]] | None:
        """The keys of a table as the snapshot's index has them, once, and what the journal changed since; else None."""
        packed = self._files.state.keys.pop(table, None)
        return None if packed is None else (packed, [change for change in self._replayed if change[0] == table])

    def read_rest(self) -> None:
        """Read what an opening in a hurry left unread, before an edit, a fold or a copy has to.

        Where that is damaged nothing can be edited any more; `reason` says why.
        """
        with self._guard:
            self._replayed.clear()
            with suppress(StoreError):  # `reason` says it
                self._files.read_rest()

    def ids(self, table: str) -> list[int]:
        """The ids of all documents of a table."""
        if self._sees_changes(table):
            return [doc_id for doc_id, _ in self.raw(table)]
        return list(self._files.state.tables.get(table, ()))

    def count(self, table: str) -> int:
        """How many documents a table has."""
        return len(self.ids(table)) if self._sees_changes(table) else len(self._files.state.tables.get(table, ()))

    def table_names(self) -> set[str]:
        """The tables that have documents."""
        names = set(self._files.state.tables)
        if self._in_transaction():
            names = {name for name in names | self._staging.tables if self.count(name)}
        return names

    def _in_transaction(self) -> bool:
        return self._owner == threading.get_ident()

    def _sees_changes(self, table: str) -> bool:
        return self._in_transaction() and table in self._staging.tables

    def read(self) -> dict[str, dict[str, Any]] | None:
        """Every document decoded, as TinyDB's contract has it; None if there is none. Slow: for foreign callers."""
        tables = {
            name: {str(i): msgspec.json.decode(raw) for i, raw in self.raw(name)} for name in sorted(self.table_names())
        }
        return tables or None

    # ── editing ───────────────────────────────────────────────────────────────────────────────────────────────────

    def write(self, data: Mapping[str, Mapping[str, Any]]) -> None:
        """Make `data` the whole content, as TinyDB's contract has it: one transaction of what differs.

        Raises:
            StoreError: as `transaction`.
        """
        with self.transaction():
            for table in self.table_names():
                kept = data.get(table, {})
                for doc_id in self.ids(table):
                    if str(doc_id) not in kept:
                        self.stage(table, doc_id, None)
            for table, docs in data.items():
                if table != META:
                    for key, doc in docs.items():
                        self.stage(table, int(key), encode(doc, table))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all edits inside one: all durable together on exit, or none of them if an exception leaves it.

        Re-entrant: an inner one adds to the outer one, and its edits alone are dropped if an exception leaves it.

        Raises:
            StoreReadOnly: the catalog is only read.
            StoreLocked: another thread or process holds the catalog.
            StoreFull: there is no room; nothing happened.
            StoreError: it could not be saved for another reason; nothing happened.
        """
        if self._in_transaction():
            mark = self._staging.mark()
            try:
                yield
            except BaseException:
                self._staging.roll_back(mark)
                raise
            return
        self._begin()
        try:
            yield
            self._commit()
        finally:
            self._staging, self._owner = Staging(), None
            self._unlock()
        self._deliver()
        self._fold_if_due()

    def _begin(self) -> None:
        """Take the locks with all foreign edits applied and told to the listeners, who run without the locks."""
        while True:
            if self.read_only:
                raise StoreReadOnly(self.reason)
            self._lock()
            try:
                self._files.catch_up()
                self._files.check()
                if self.read_only:
                    raise StoreReadOnly(self.reason)
            except BaseException:
                self._unlock()
                raise
            if not self._outbox or self._delivering == threading.get_ident():
                self._owner = threading.get_ident()
                return
            self._unlock()
            self._deliver()

    def _commit(self) -> None:
        states = self._staging.differences(self._files.state)
        if states:
            self._outbox.append(self._files.append(states))
            self._wrote = True

    def stage(self, table: str, doc_id: int, raw: bytes | None) -> None:
        """Set or remove (None) a document inside the transaction of this thread."""
        if not self._in_transaction():
            raise StoreError("An edit outside a transaction.")
        if table == META:
            raise StoreError(f"The table {META} describes the file and cannot be edited.")
        if doc_id < 1:
            raise StoreError(f"A document id is a positive number, not {doc_id}.")
        self._staging.put(table, doc_id, raw)
        self._files.use_id(table, doc_id)

    def new_id(self, table: str) -> int:
        """An id that no document of the table has or had. Only inside a transaction."""
        doc_id = self._files.next_id.get(table, 1)
        self._files.use_id(table, doc_id)
        return doc_id

    # ── other processes ───────────────────────────────────────────────────────────────────────────────────────────

    def refresh(self) -> bool:
        """Apply what other processes did since the last look, and tell the listeners; True if there was something.

        Cheap if nothing happened (two calls of stat), so that it can be polled. A busy lock leaves the news to the next
        poll.

        Raises:
            StoreCorrupt: the files were damaged or replaced by something that does not fit.
        """
        self._check_open()
        if self._in_transaction() or not (self._files.changed() or self._outbox):
            return False
        if not self._guard.acquire(timeout=POLL_SECONDS):
            return False
        try:
            lock = self._files.lock
            if lock is not None and not lock.acquire(POLL_SECONDS, shared=self.read_only):
                return False
            try:
                self._files.catch_up()
            finally:
                if lock is not None:
                    lock.release()
            news = bool(self._outbox)
        finally:
            self._guard.release()
        self._deliver()
        return news

    def _lock(self) -> None:
        self._check_open()
        if not self._guard.acquire(timeout=self.lock_timeout):
            raise StoreLocked("Another part of this program is still saving; try again.")
        lock = self._files.lock
        if lock is not None and not lock.acquire(self.lock_timeout, shared=self.read_only):
            self._guard.release()
            raise StoreLocked(f"Another modeltui ({lock.holder()}) is holding {self.path}; end it or try again.")

    def _unlock(self) -> None:
        if self._files.lock is not None:
            self._files.lock.release()
        self._guard.release()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError(f"{self.path} is closed.")
        if os.getpid() != self._pid:
            raise StoreError(f"{self.path} was opened by another process; open it again in this one.")

    def _deliver(self) -> None:
        """Tell the listeners all that waits, in order. In a listener this does nothing: the outer call goes on."""
        me = threading.get_ident()
        if self._delivering == me:
            return
        with self._delivery:
            self._delivering = me
            try:
                while self._outbox:
                    changes = self._outbox.popleft()
                    for listener in list(self.listeners):
                        listener(changes)
            finally:
                self._delivering = None

    # ── folding ───────────────────────────────────────────────────────────────────────────────────────────────────

    def checkpoint(self) -> None:
        """Fold the journal into a new snapshot. Edits go on meanwhile; only its start and its end take the lock.

        Raises:
            StoreReadOnly: the catalog is only read.
            StoreFull: there is no room; every edit is still safe in the journal.
            StoreError: it failed for another reason; every edit is still safe in the journal.
        """
        self._refuse_inside_transaction()
        if self.read_only:
            raise StoreReadOnly(self.reason)
        files = self._files
        with self._folding:
            with self._caught_up():
                new = files.begin_fold()
            if new is None:
                return
            new.write()
            try:
                with self._caught_up():
                    files.finish_fold(new)
            except BaseException:
                new.discard()
                raise

    def copy_to(self, target: Path) -> None:
        """Write all documents as a snapshot of its own, durably; `target` appears whole or not at all.

        Raises:
            StoreError: it could not be written.
        """
        self._refuse_inside_transaction()
        files = self._files
        with self._caught_up():
            state = files.state.copy()
            meta = files.describe() | {"generation": files.meta["generation"]}
        write_snapshot(target, state, meta)

    @contextmanager
    def _caught_up(self) -> Iterator[None]:
        """The locks, with foreign edits applied; listeners are told of them afterwards."""
        self._lock()
        try:
            self._files.catch_up()
            self._files.check()
            yield
        finally:
            self._unlock()
        self._deliver()

    def _refuse_inside_transaction(self) -> None:
        if self._in_transaction():
            raise StoreError("This cannot be done inside a transaction.")

    def _fold_if_due(self) -> None:
        files = self._files
        due = max(MIN_FOLD, len(files.state.buffer) // 4, self._fold_above)
        if files.journal_bytes <= due or self._folding.locked():
            return
        self._folder = threading.Thread(target=self._fold_in_background, name="fold the journal")
        self._folder.start()

    def _fold_in_background(self) -> None:
        try:
            self.checkpoint()
        except StoreError as error:
            self._fold_above = self._files.journal_bytes + MIN_FOLD
            self.notices.append(str(error))

    def close(self, fold: bool = True) -> None:
        """Close the files; if this session edited and `fold` is left True, fold the journal in first.

        A failing fold is no error here: the journal is complete and is read at the next opening.
        """
        if self._closed:
            return
        self._refuse_inside_transaction()
        if self._folder is not None:
            self._folder.join()
        small = len(self._files.state.buffer) <= FOLD_AT_EXIT
        if fold and self._wrote and small and not self.read_only and os.getpid() == self._pid:
            self._fold_in_background()
        with self._guard:
            self._closed = True
            self._files.close()
