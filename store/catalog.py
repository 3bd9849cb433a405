"""The one door to what is known: opens the file, answers questions, carries out commands.

Everything above asks a `Catalog`; nothing above knows that TinyDB, a journal or a lock is behind it. Reads decode a
record on first use; a command returns when its change and its event are on disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

import msgspec

from store.commands.bulk import BulkCommands
from store.engine import REPAIR, Changed, CommandError, Database, UnknownName, new_uid
from store.journal import (
    CatalogDB,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreLocked,
    StoreNewer,
    StoreReadOnly,
    open_db,
)
from store.records import Change, Event, Measurement, to_doc
from store.table_keys import packed_keys

if TYPE_CHECKING:
    from store.backup import Backup
    from store.checkup import Fault
    from store.tables import Records

__all__ = [
    "Catalog",
    "Changed",
    "CommandError",
    "StoreCorrupt",
    "StoreError",
    "StoreFull",
    "StoreLocked",
    "StoreNewer",
    "StoreReadOnly",
    "UnknownName",
    "fixed_clock",
    "wall_clock",
]


def wall_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def fixed_clock(today: date) -> Callable[[], datetime]:
    """A clock that stands on a day (`--today`, the demo) and still runs through its hours: events keep their order."""
    offset = datetime.combine(today, datetime.min.time()) - datetime.combine(datetime.now().date(), datetime.min.time())
    return lambda: (datetime.now() + offset).astimezone(UTC)


class Catalog(BulkCommands):
    """An open catalog. Thread-safe; close it, or use it as a context manager."""

    def __init__(self, db: CatalogDB, path: Path, *, actor: str, clock: Callable[[], datetime]) -> None:
        self.path = path
        self._db = db
        super().__init__(cast(Database, db), db.storage, actor=actor, clock=clock)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        actor: str,
        clock: Callable[[], datetime] = wall_clock,
        read_only: bool = False,
        hurry: bool = False,
    ) -> Self:
        """Open the catalog in a file, making it where there is none; in a `hurry` `read_rest` must follow.

        Raises:
            StoreError: the file is no catalog, is damaged, or cannot be read; with one sentence.
        """
        db = open_db(path, read_only=read_only, keys=packed_keys, hurry=hurry)
        return cls(db, path, actor=actor, clock=clock)

    def read_rest(self) -> None:
        """Read what an opening in a hurry left unread; where that is damaged, `read_only` says so."""
        self._db.storage.read_rest()
        for records in self._tables.values():
            records.unpack()

    def close(self) -> None:
        """Fold the journal and let go of the file."""
        self._db.storage.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    # ── state ──

    @property
    def read_only(self) -> str:
        """Why nothing can be written, "" when it can."""
        return self._db.storage.reason if self._db.storage.read_only else ""

    @property
    def newer(self) -> bool:
        """Whether a newer modeltui wrote the file, so that this one only reads it."""
        from store.journal.migrations import SCHEMA

        return int(self._db.storage.meta.get("min_schema", 0)) > SCHEMA

    @property
    def notices(self) -> list[str]:
        """Sentences for the user about what the storage met and set aside since it was opened."""
        return self._db.storage.notices

    @property
    def seq(self) -> int:
        """The number of the last transaction that this catalog has seen."""
        return self._db.storage.seq

    @property
    def edition(self) -> tuple[int, str]:
        """What differs whenever anything in the catalog does: its last transaction, and of which line of history."""
        return self.seq, str(self._db.storage.meta.get("branch", ""))

    @property
    def identity(self) -> str:
        """The catalog's own id, the same in every copy of it."""
        return str(self._db.storage.meta.get("catalog_id", ""))

    def broken(self) -> Mapping[str, str]:
        """Documents that could not be decoded so far, with the reason."""
        return {key: why for records in self._tables.values() for key, why in records.broken.items()}

    def backup(self, kind: str = "manual") -> Backup:
        """Copy the catalog as it is now, beside it, and drop what the policy no longer keeps.

        Raises:
            StoreError: there is no room for it, or it cannot be written; the catalog is untouched.
        """
        from store.backup import take  # compression and salvage are not needed to open a catalog

        return take(self._db.storage, kind, wall_clock())

    def safeguard(self, kind: str) -> Backup | None:
        """Back up before something that changes much; None where nothing changed since the newest backup.

        Raises:
            StoreError: there is no room for it; then what it guards should not be done either.
        """
        from store.backup import list_backups

        files = (self.path, self.path.with_name(f"{self.path.name}.journal"))
        changed = max(file.stat().st_mtime for file in files if file.exists())
        newest = next(iter(list_backups(self.path)), None)
        if self.read_only or (newest is not None and newest.path.stat().st_mtime > changed):
            return None
        return self.backup(kind)

    def compact(self) -> tuple[int, int]:
        """Fold the journal of edits into the catalog's file; the bytes of both before and after.

        Raises:
            StoreError: there is no room for it, or it cannot be written; every edit is still safe.
        """
        files = (self.path, self.path.with_name(f"{self.path.name}.journal"))
        before = sum(file.stat().st_size for file in files if file.exists())
        self._db.storage.checkpoint()
        return before, sum(file.stat().st_size for file in files if file.exists())

    def set_aside(self, faults: Iterable[Fault]) -> Event | None:
        """Move documents that cannot be used to the table `quarantine`, as one event; None when there is none.

        Undo passes over that event: what it moved was of no use. An event that cannot be read is moved as well.

        Raises:
            StoreError: it cannot be written; nothing was changed.
        """
        found = {(fault.table, fault.doc_id): fault for fault in faults if fault.doc_id}
        moved: list[Change] = []
        event = None
        with self._lock, self._own_commit(), self._db.storage.transaction():
            for (table, doc_id), fault in found.items():
                raw = self._db.storage.get_raw(table, doc_id)
                if raw is None:
                    continue
                text = raw.decode("utf-8", "replace")
                try:
                    doc = msgspec.json.decode(raw)
                except ValueError:
                    doc = text  # not even JSON
                error = f"{fault.message} (doctor --repair)"
                kept = {"table": table, "doc_id": doc_id, "error": error, "doc": text}
                self._db.table("quarantine").insert(kept)
                self._db.table(table).remove(doc_ids=[doc_id])
                doc = doc if isinstance(doc, dict) else {"text": text}
                moved.append(Change(table, str(doc.get("uid", "")), fault.key, "*", doc, None))
            if moved:
                event = Event(new_uid(), self._now(), self.actor, REPAIR, "", "", tuple(moved))
                self._events.insert(to_doc(event))
        self.unread.clear()
        return event

    # ── queries ──

    def raw(self, table: str) -> Iterator[tuple[int, bytes]]:
        """The documents of a table as (id, raw JSON), also those that are no records."""
        return self._db.storage.raw(table)

    def table(self, name: str) -> Records[Any]:
        """A table by its name in `store.records.TABLES`, for what goes through all of them."""
        return self._tables[name]

    def raw_versions(self) -> Iterator[bytes]:
        """The versions as raw JSON, for an index that needs a few fields of very many."""
        return (raw for _id, raw in self._db.storage.raw("versions"))

    def measurements_of(self, key: str, use_case: str | None = None) -> list[Measurement]:
        """The measurements of a version, of one use case or of all."""
        found = self.measurements.of_version(key)
        return [m for m in found if use_case is None or m.use_case == use_case]

    def versions_of(self, provider: str, model: str) -> list[str]:
        """The keys of a model's versions at one provider, as the file has them."""
        stem = f"{provider}/{model.replace('%', '%25').replace('@', '%40')}"
        return [key for key in self.versions if key == stem or key.startswith(stem + "@")]

    def history(self, subject: str = "", at: date | None = None) -> list[Event]:
        """The events that touch a key or use case (all of them for ""), up to a day."""
        found = self.events(naming=subject)
        if subject:
            found = [
                e
                for e in found
                if any(_names(change.key, change.before, change.after, subject) for change in e.changes)
            ]
        return [e for e in found if at is None or e.at[:10] <= at.isoformat()]


def _names(key: str, before: Any, after: Any, subject: str) -> bool:
    if subject == key or subject in key.split(" · "):
        return True
    docs = [doc for doc in (before, after) if isinstance(doc, dict)]
    return any(subject in (doc.get("use_case"), doc.get("version"), doc.get("key"), doc.get("name")) for doc in docs)


def default_actor(environ: Mapping[str, str] = os.environ) -> str:
    """Who is recorded where nobody is named: `MODELTUI_USER`, git's user.email, or the login."""
    import subprocess

    if environ.get("MODELTUI_USER"):
        return environ["MODELTUI_USER"]
    try:
        found = subprocess.run(["git", "config", "user.email"], capture_output=True, text=True, timeout=2, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return _login()
    return found.stdout.strip() or _login()


def _login() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"  # in a container without a list of users
