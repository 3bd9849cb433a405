"""Commands, events and undo over the tables: one command = one event = one transaction = one undo step.

The catalog (`store.catalog`) opens the file and adds the vocabulary of commands; everything here is about how any
edit becomes durable, audited and revocable. A command runs inside the storage's transaction, so it always sees the
state on disk, edits of other processes included.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from typing import Any, Protocol, TypeVar

import msgspec

from store import changes
from store.changes import Conflict
from store.records import TABLES, Change, Doc, Event, from_doc, to_doc
from store.tables import RawChange, Records, TinyTable

R = TypeVar("R")

SHIPPED_BY, LOAD_SHIPPED = "modeltui", "load the shipped reference"
"""Actor and command of the event that brings in the shipped facts."""

PUBLISH = "publish "
"""How the commands begin whose effect lies outside this catalog: undo passes over them."""

_NAMED = ("versions", "use_cases", "deployments", "metric_definitions", "registries")

TABLE_OF: dict[type[Any], str] = {kind: name for name, kind in TABLES.items()}


class CommandError(Exception):
    """A command that cannot be carried out, in one sentence for the user; nothing was changed."""


class UnknownName(CommandError):
    """A key or name that is not in the catalog; the message lists the nearest ones."""


class Storage(Protocol):
    """What the engine needs of the journaled storage."""

    listeners: list[Callable[[list[RawChange]], None]]

    def transaction(self) -> AbstractContextManager[None]: ...  # noqa: D102
    def refresh(self) -> bool: ...  # noqa: D102
    def raw(self, table: str) -> Iterator[tuple[int, bytes]]: ...  # noqa: D102
    def get_raw(self, table: str, doc_id: int) -> bytes | None: ...  # noqa: D102


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


_decode_event_head = msgspec.json.Decoder(_EventHead).decode
_decode_event = msgspec.json.Decoder(Event).decode


def new_uid() -> str:
    """A new identity: sortable by time of creation, unique without coordination."""
    return f"{time.time_ns() // 1_000_000:011x}{secrets.token_hex(6)}"


class Engine:
    """Tables, transactions, events and undo of one open catalog.

    `clock` gives the moment that events are stamped with (aware, UTC) and the `today` of every decision; `actor` is
    recorded, not authenticated.
    """

    def __init__(self, db: Database, storage: Storage, *, actor: str, clock: Callable[[], datetime]) -> None:
        self.actor = actor
        self.clock = clock
        self._storage = storage
        self._lock = threading.RLock()
        self._events = db.table("events")
        self._subscribers: list[Callable[[Changed], None]] = []
        self._committing = False
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
            with self._storage.transaction():
                draft = Draft(self._tables)
                yield draft
                draft.write()
                if draft.changes:
                    draft.event = Event(
                        new_uid(), self._now(), actor or self.actor, name, why, undo_of, tuple(draft.changes)
                    )
                    self._committing = True
                    self._events.insert(to_doc(draft.event))
            self._committing = False

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
        with self._lock, self._storage.transaction():
            if not self.untouched:
                raise CommandError("this catalog has edits of its own; its history cannot be replaced")
            for name, records in self._tables.items():
                records.remove_all()
                for doc in tables.get(name, ()):
                    records.insert(doc)
            self._events.remove(doc_ids=[doc_id for doc_id, _raw in self._storage.raw("events")])
            for event in events:
                self._events.insert(event)
            self._committing = True
        self._committing = False

    # ── history ──

    def events(self, *, naming: str = "") -> list[Event]:
        """The event log, oldest first; `naming` keeps events with a change of that key or of a record naming it."""
        needle = os.fsencode(msgspec.json.encode(naming)[1:-1]) if naming else b""
        return [_decode_event(raw) for _id, raw in self._storage.raw("events") if needle in raw]

    def began(self) -> date | None:
        """The day of the first event: what was published until then was known from the start."""
        for _id, raw in self._storage.raw("events"):
            return date.fromisoformat(_decode_event(raw).at[:10])
        return None

    def undoable(self) -> tuple[str, str]:
        """Ids of the events that the actor's next undo and redo would take back, "" where there is none."""
        done: list[str] = []
        undone: list[str] = []
        for _id, raw in self._storage.raw("events"):
            head = _decode_event_head(raw)
            if head.actor != self.actor or head.command.startswith(PUBLISH):
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
            Conflict: somebody changed the same field since.
        """
        return self._take_back(self.undoable()[0], "undo")

    def redo(self) -> Event | None:
        """Repeat what the actor's last undo took back; None when there is none.

        Raises:
            Conflict: somebody changed the same field since.
        """
        return self._take_back(self.undoable()[1], "redo")

    def _take_back(self, event_id: str, name: str) -> Event | None:
        if not event_id:
            return None
        needle = event_id.encode()
        found = [
            e for e in (_decode_event(r) for _i, r in self._storage.raw("events") if needle in r) if e.id == event_id
        ]
        event = found[0]
        command = event.command.removeprefix("undo ").removeprefix("redo ")
        with self.command(f"{name} {command}", undo_of=event.id) as draft:
            for change in reversed(event.changes):
                draft.reverse(change)
        return draft.event


class Draft:
    """The edits of one command, collected and then written together.

    Reading a record through the draft sees what the command itself changed before.
    """

    def __init__(self, tables: dict[str, Records[Any]]) -> None:
        self.changes: list[Change] = []
        self.event: Event | None = None
        self._tables = tables
        self._before: dict[tuple[str, str], Doc | None] = {}
        self._after: dict[tuple[str, str], Doc | None] = {}
        self._quiet: set[tuple[str, str]] = set()
        self._names: set[tuple[str, str]] = set()

    def create(self, record: Any, *, quiet: bool = False) -> None:
        """Add a record; `quiet` keeps its document out of the event (a registry delivered it, see `Change`)."""
        table = TABLE_OF[type(record)]
        doc = to_doc(record)
        key = natural_key(table, doc)
        self._must_be_free(table, key)
        at = self._open(table, record.uid)
        if self._after[at] is not None:
            raise CommandError(f"{key} is there already")
        self._after[at] = doc
        if quiet:
            self._quiet.add(at)

    def put(self, record: R, base: R | None = None) -> R:
        """Write an edited record; what changed against `base` (as it was read) is merged into what is stored now.

        Raises:
            Conflict: the same field was changed to something else meanwhile.
            UnknownName: the record was deleted meanwhile.
        """
        table = TABLE_OF[type(record)]
        uid = record.uid  # type: ignore[attr-defined]
        at = self._open(table, uid)
        stored = self._after[at]
        if stored is None:
            raise UnknownName(f"{natural_key(table, to_doc(record))} was deleted meanwhile; undo the deletion first")
        known = to_doc(from_doc(type(record), stored))
        key = natural_key(table, stored)
        for d in changes.merge(key, known if base is None else to_doc(base), to_doc(record), known):
            if d.path not in ("rev", "uid"):
                changes.put(stored, d.path, d.after)
        return from_doc(type(record), stored)

    def delete(self, record: Any) -> None:
        """Remove a record."""
        table = TABLE_OF[type(record)]
        self._after[self._open(table, record.uid)] = None

    def record(self, kind: type[R], uid: str) -> R | None:
        """A record as this draft has it."""
        doc = self._after[self._open(TABLE_OF[kind], uid)]
        return None if doc is None else from_doc(kind, doc)

    def reverse(self, change: Change) -> None:
        """Take back one change of an event."""
        at = self._open(change.table, change.uid)
        stored = self._after[at]
        if change.field != "*":
            now = None if stored is None else changes.get(stored, change.field)
            if stored is None or now != change.after:
                raise Conflict(change.key, change.field, change.before, now, change.after)
            changes.put(stored, change.field, change.before)
        elif change.before is None:
            intact = stored is not None and (
                stored.get("rev", 1) == 1
                if change.after is None
                else _said(change.table, stored) == _said(change.table, change.after)
            )
            if not intact:
                raise Conflict(change.key, "*", None, stored, change.after)
            self._after[at] = None
        else:
            if stored is not None:
                raise Conflict(change.key, "*", change.before, stored, None)
            self._must_be_free(change.table, change.key)
            self._after[at] = dict(change.before)

    def write(self) -> None:
        """Hand the edits to the tables and note them in `changes`."""
        created: dict[str, list[Doc]] = {}
        for (table, uid), after in self._after.items():
            before = self._before[table, uid]
            records = self._tables[table]
            key = natural_key(table, after or before or {})
            if before is None and after is not None:
                created.setdefault(table, []).append(after)
                quiet = (table, uid) in self._quiet
                self.changes.append(Change(table, uid, key, "*", None, None if quiet else after))
            elif before is not None and after is None:
                records.remove(uid)
                self.changes.append(Change(table, uid, key, "*", before, None))
            elif before is not None and after is not None:
                found = [d for d in changes.diff(before, after) if d.path != "rev"]
                if found:
                    after["rev"] = before.get("rev", 1) + 1
                    records.rewrite(uid, after)
                    self.changes += [Change(table, uid, key, d.path, d.before, d.after) for d in found]
        for table, docs in created.items():
            self._tables[table].insert_all(docs)

    def _open(self, table: str, uid: str) -> tuple[str, str]:
        at = (table, uid)
        if at not in self._after:
            self._before[at] = self._tables[table].document_by_uid(uid)
            self._after[at] = self._tables[table].document_by_uid(uid)
        return at

    def _must_be_free(self, table: str, key: str) -> None:
        uid = self._tables[table].uid_of(key)
        taken = uid is not None and self._after.get((table, uid), {}) is not None
        if taken or (table in _NAMED and (table, key) in self._names):
            raise CommandError(f"{key} is there already")
        self._names.add((table, key))


def natural_key(table: str, doc: Doc) -> str:
    """What a person calls the record of a document: its key, its name, or what it joins."""
    if table == "assignments":
        return f"{doc.get('use_case')} · {doc.get('version')}"
    if table == "measurements":
        return f"{doc.get('metric')} · {doc.get('version')}"
    if table == "upgrades":
        return f"{doc.get('use_case')} · {doc.get('from_version')}"
    return str(doc.get("key") or doc.get("name") or doc.get("uid") or "")


def _said(table: str, doc: Doc) -> Doc:
    """What people said in a document: its count of edits and a registry's record of its runs are not that."""
    runs = ("last_run", "last_error", "last_published", "requests", "seconds", "state")
    kept = ("rev", *runs) if table == "registries" else ("rev",)
    return {k: v for k, v in doc.items() if k not in kept}
