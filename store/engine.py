"""Commands, events and undo over the tables: one command = one event = one transaction = one undo step.

The catalog (`store.catalog`) opens the file and adds the vocabulary of commands; everything here is about how any
edit becomes durable, audited and revocable. A command runs inside the storage's transaction, so it always sees the
state on disk, edits of other processes included.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from typing import Any, Protocol

import msgspec

from store.changes import Conflict, NotTakenBack, Settled, short
from store.draft import TABLE_OF, Draft
from store.naming import CommandError, UnknownName
from store.records import TABLES, Doc, Event, to_doc
from store.tables import RawChange, Records, TinyTable

__all__ = [
    "LOAD_SHIPPED",
    "ONE_WAY",
    "PUBLISH",
    "REPAIR",
    "SHIPPED_BY",
    "TABLE_OF",
    "Changed",
    "CommandError",
    "Database",
    "Draft",
    "Engine",
    "UnknownName",
    "new_uid",
    "read_event",
]

SHIPPED_BY, LOAD_SHIPPED = "modeltui", "load the shipped reference"
"""Actor and command of the event that brings in the shipped facts."""

PUBLISH, REPAIR = "publish ", "doctor --repair"

ONE_WAY = (PUBLISH, REPAIR)
"""How the commands begin that undo passes over: their effect lies outside this catalog, or was damage."""


class Storage(Protocol):
    """What the engine needs of the journaled storage."""

    listeners: list[Callable[[list[RawChange]], None]]

    def transaction(self) -> AbstractContextManager[None]: ...
    def refresh(self) -> bool: ...
    def raw(self, table: str) -> Iterator[tuple[int, bytes]]: ...
    def get_raw(self, table: str, doc_id: int) -> bytes | None: ...
    def packed_keys(self, table: str) -> tuple[bytes, list[RawChange]] | None: ...


class Database(Protocol):
    """What the engine needs of TinyDB."""

    def table(self, name: str) -> TinyTable: ...  # noqa: D102


class Changed(msgspec.Struct, frozen=True):
    """What a commit touched: pairs of table and natural key, told to every subscriber (also for foreign edits).

    `measured` are the keys of the versions whose measurements changed.
    """

    records: frozenset[tuple[str, str]]
    foreign: bool
    measured: frozenset[str] = frozenset()


class _EventHead(msgspec.Struct):
    id: str
    actor: str = ""
    command: str = ""
    undo_of: str = ""


_begins_event = re.compile(rb'\{"id":"[^"\\]*","at":"(\d{4}-\d\d-\d\d)T').match
_decode_event_head = msgspec.json.Decoder(_EventHead).decode
_decode_event = msgspec.json.Decoder(Event).decode


def read_event(raw: bytes) -> Event:
    """An event of the log.

    Raises:
        ValueError: it was edited by hand, and is none.
    """
    event = _decode_event(raw)
    date.fromisoformat(event.at[:10])
    for change in event.changes:
        if change.field == "*" and not isinstance(change.before or change.after or {}, dict):
            raise ValueError(f"what it says of {change.key} is no record")
    return event


_uids = threading.Lock()
_last_uid = 0, 0


def new_uid() -> str:
    """A new identity: unique without coordination, sorts by time of creation, within a process also in one millisecond
    and where the clock goes back."""
    global _last_uid
    with _uids:
        now, (then, last) = time.time_ns() // 1_000_000, _last_uid
        _last_uid = (now, int.from_bytes(os.urandom(6)) >> 1) if now > then else (then, last + 1)
        return f"{_last_uid[0]:011x}{_last_uid[1]:012x}"


class Engine:
    """Tables, transactions, events and undo of one open catalog.

    `clock` gives the moment that events are stamped with (aware, UTC) and the `today` of every decision; `actor` is
    recorded, not authenticated. `unread` are the events that could not be decoded so far, by document, with the reason.
    """

    def __init__(self, db: Database, storage: Storage, *, actor: str, clock: Callable[[], datetime]) -> None:
        self.actor = actor
        self.clock = clock
        self._storage = storage
        self._lock = threading.RLock()
        self._events = db.table("events")
        self._subscribers: list[Callable[[Changed], None]] = []
        self._committing = False
        self._settled: Settled | None = None
        self.unread: dict[int, str] = {}
        self._tables: dict[str, Records[Any]] = {name: Records(name, storage, db.table(name)) for name in TABLES}
        storage.listeners.append(self._follow)

    @property
    def today(self) -> date:
        """The day that decisions are made for: the clock's day, in local time."""
        return self.clock().astimezone().date()

    # ── following the file ──

    def subscribe(self, listener: Callable[[Changed], None]) -> Callable[[], None]:
        """Be told of every commit, own or foreign, on the thread that noticed it; returns the way out."""
        self._subscribers.append(listener)
        return lambda: self._subscribers.remove(listener)

    def refresh(self) -> bool:
        """Take in what other processes wrote since; True when something did."""
        with self._lock:
            return self._storage.refresh()

    def _follow(self, raw_changes: list[RawChange]) -> None:
        touched: set[tuple[str, str]] = set()
        measured: set[str] = set()
        with self._lock:
            for table, doc_id, old, new in raw_changes:
                records = self._tables.get(table)
                for key, version in () if records is None else records.apply(doc_id, old, new):
                    touched.add((table, key))
                    if table == "measurements":
                        measured.add(version)
        changed = Changed(frozenset(touched), not self._committing, frozenset(measured))
        for listener in list(self._subscribers):
            listener(changed)

    # ── commands ──

    @contextmanager
    def command(self, name: str, why: str = "", *, undo_of: str = "", actor: str = "") -> Iterator[Draft]:
        """Run one command: fill the draft; on leaving, it is on disk with its event, or nothing happened at all.

        `actor` names who acts where it is not the catalog's user, whose undo then passes over the event.
        """
        with self._lock:
            try:
                with self._storage.transaction():
                    draft = Draft(self._tables, self._settled)
                    yield draft
                    draft.write()
                    if draft.changes or draft.always:
                        draft.event = Event(
                            new_uid(), self._now(), actor or self.actor, name, why, undo_of, tuple(draft.changes)
                        )
                        self._committing = True
                        self._events.insert(to_doc(draft.event))
            finally:
                self._committing = False

    @contextmanager
    def settling(self, settled: Settled) -> Iterator[None]:
        """Run a command again that raised `Conflict`, with a person's answer. What was not shown raises it anew."""
        with self._lock:
            self._settled = settled
            try:
                yield
            finally:
                self._settled = None

    def _now(self) -> str:
        return self.clock().astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    # ── taking over another catalog ──

    @property
    def untouched(self) -> bool:
        """True while nobody has done anything here: all there is are the shipped facts."""
        heads = (_decode_event_head(raw) for _id, raw in self._storage.raw("events"))
        return all(head.actor == SHIPPED_BY and head.command == LOAD_SHIPPED for head in heads)

    def take_over(self, tables: Mapping[str, Sequence[Doc]], events: Sequence[Doc]) -> None:
        """Make the documents of another catalog the whole content of this one, its history included.

        Raises:
            CommandError: somebody has worked in this one; nothing was changed.
        """
        with self._lock, self._own_commit(), self._storage.transaction():
            if not self.untouched:
                raise CommandError("this catalog has edits of its own; its history cannot be replaced")
            for name, records in self._tables.items():
                records.remove_all()
                for doc in tables.get(name, ()):
                    records.insert(doc)
            self._events.remove(doc_ids=[doc_id for doc_id, _raw in self._storage.raw("events")])
            for event in events:
                self._events.insert(event)

    @contextmanager
    def _own_commit(self) -> Iterator[None]:
        self._committing = True
        try:
            yield
        finally:
            self._committing = False

    # ── history ──

    def events(self, *, naming: str = "") -> list[Event]:
        """The event log, oldest first; `naming` keeps events with a change of that key or of a record naming it."""
        try:
            needle = msgspec.json.encode(naming)[1:-1] if naming else b""
        except UnicodeEncodeError:
            return []  # no text, so nothing has that name
        return list(self._decoded(needle))

    def _decoded(self, needle: bytes = b"") -> Iterator[Event]:
        """The events that can be read; `doctor` says which cannot, and its repair moves them aside."""
        for doc_id, raw in self._storage.raw("events"):
            if needle in raw:
                try:
                    yield read_event(raw)
                except ValueError as error:
                    self.unread[doc_id] = str(error)

    def last_change(self, key: str, path: str) -> Event | None:
        """The newest event that changed a field of a record; `*` is the record as a whole."""
        for event in reversed(self.events(naming=key)):
            for change in event.changes:
                if change.key == key and (path in (change.field, "*") or change.field == "*"):
                    return event
        return None

    def began(self) -> date | None:
        """The day of the first event: what was published until then was known from the start."""
        for doc_id, raw in self._storage.raw("events"):
            try:  # the first takes in the shipped facts: a megabyte that need not be read for its beginning
                found = _begins_event(raw)
                return date.fromisoformat(read_event(raw).at[:10] if found is None else found[1].decode())
            except ValueError as error:
                self.unread[doc_id] = str(error)
        return None

    def undoable(self) -> tuple[str, str]:
        """Ids of the events that the actor's next undo and redo would take back, "" where there is none."""
        done: list[str] = []
        undone: list[str] = []
        for _id, raw in self._storage.raw("events"):
            try:
                head = _decode_event_head(raw)
            except ValueError:
                continue  # as `_decoded`
            if head.actor != self.actor or head.command.startswith(ONE_WAY):
                continue
            if head.undo_of and done and done[-1] == head.undo_of:
                done.pop()
                undone.append(head.id)
            elif head.undo_of and undone and undone[-1] == head.undo_of:
                undone.pop()
                done.append(head.id)
            else:
                done.append(head.id)
                undone.clear()
        return (done[-1] if done else "", undone[-1] if undone else "")

    def undo(self) -> Event | None:
        """Take back the actor's last command; None when there is none.

        Raises:
            NotTakenBack: it was changed since, or others need it; `settling` says what is to become of it.
        """
        return self._take_back(self.undoable()[0], "undo")

    def redo(self) -> Event | None:
        """Repeat what the actor's last undo took back; None when there is none.

        Raises:
            NotTakenBack: as `undo`.
        """
        return self._take_back(self.undoable()[1], "redo")

    def _take_back(self, event_id: str, name: str) -> Event | None:
        if not event_id:
            return None
        event = next(e for e in self._decoded(event_id.encode()) if e.id == event_id)
        what = event.command.removeprefix("undo ").removeprefix("redo ")
        leave = self._settled is not None and not self._settled.mine
        try:
            with self.command(f"{name} {what}", undo_of=event.id) as draft:
                draft.always = leave or not event.changes
                for change in reversed(event.changes):
                    draft.reverse(change)
                if draft.clashes:
                    raise Conflict(draft.clashes)
        except Conflict as error:
            first = error.clashes[0]
            now = f"{first.key} was changed since"
            if first.field != "*":
                now = f"'{first.field}' of {first.key} is {short(first.theirs)} now, not the {short(first.base)} it set"
            raise NotTakenBack(error.clashes, f"'{event.command}' was not taken back: {now}") from error
        except CommandError as error:
            if not leave:
                raise NotTakenBack((), f"'{event.command}' was not taken back: {error}") from error
            with self.command(f"{name} {what}", undo_of=event.id) as draft:  # nothing of it can be taken back
                draft.always = True
        return draft.event
