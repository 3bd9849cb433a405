"""The edits of one command before they are written: merged with what is stored now, checked, noted change by change.

A draft lives inside the storage's transaction, so what it reads is the state on disk.
"""

from __future__ import annotations

from typing import Any, TypeVar

from store import changes, references
from store.changes import Clash, Settled
from store.naming import CommandError, UnknownName, natural_key
from store.records import TABLES, Change, Doc, Event, from_doc, to_doc
from store.tables import Records

R = TypeVar("R")

_NAMED = ("versions", "use_cases", "deployments", "metric_definitions", "registries")

TABLE_OF: dict[type[Any], str] = {kind: name for name, kind in TABLES.items()}


class Draft:
    """The edits of one command, collected and then written together.

    Reading a record through the draft sees what the command itself changed before. `settled` is how a person answered
    an earlier conflict of this command, `clashes` are what `reverse` met, and `always` asks for an event even if
    nothing changes. `delivered` is set where a registry says what the records are.
    """

    def __init__(self, tables: dict[str, Records[Any]], settled: Settled | None = None) -> None:
        self.changes: list[Change] = []
        self.event: Event | None = None
        self.clashes: list[Clash] = []
        self.always = False
        self.delivered = False
        self._tables = tables
        self._settled = settled
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
        for d in changes.merge(key, known if base is None else to_doc(base), to_doc(record), known, self._settled):
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
        """Take back one change of an event; what was changed since becomes a clash, unless a person settled it.

        Raises:
            CommandError: the name of a deleted record was given to another one.
        """
        at = self._open(change.table, change.uid)
        stored = self._after[at]
        clash = self._changed_since(change, stored)
        if clash is not None:
            if self._settled is None or clash not in self._settled.clashes:
                self.clashes.append(clash)
                return
            if not self._settled.mine:
                return
        if change.field != "*":
            if stored is not None:
                changes.put(stored, change.field, change.before)
        elif change.before is None:
            self._after[at] = None
        else:
            if stored is None:
                self._must_be_free(change.table, change.key)
            self._after[at] = dict(change.before)

    def _changed_since(self, change: Change, stored: Doc | None) -> Clash | None:
        """What stands in the way of taking back a change."""
        if change.field != "*":
            now = None if stored is None else changes.get(stored, change.field)
            intact = stored is not None and now == change.after
            return None if intact else Clash(change.key, change.field, change.before, now, change.after)
        if change.before is not None:
            return None if stored is None else Clash(change.key, "*", change.before, stored, None)
        if stored is None:
            return Clash(change.key, "*", None, None, change.after)
        intact = (
            stored.get("rev", 1) == 1
            if change.after is None
            else _said(change.table, stored) == _said(change.table, change.after)
        )
        return None if intact else Clash(change.key, "*", None, stored, change.after)

    def write(self) -> None:
        """Hand the edits to the tables and note them in `changes`.

        Raises:
            CommandError: a record would name another one that is not there.
        """
        references.check(self._tables, self._before, self._after, delivered=self.delivered)
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


def _said(table: str, doc: Doc) -> Doc:
    """What people said in a document: its count of edits and a registry's record of its runs are not that."""
    runs = ("last_run", "last_error", "last_published", "requests", "seconds", "state")
    kept = ("rev", *runs) if table == "registries" else ("rev",)
    return {k: v for k, v in doc.items() if k not in kept}
