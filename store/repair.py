"""Going back to a backup, and repairing a damaged file.

`recovery/` holds the files as they were before a repair, or before a damaged catalog was replaced, for the owner only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path

import orjson

from store.backup import Contents, contents, list_backups, new_name, read
from store.changes import diff, short
from store.journal import disk, index, migrations
from store.journal.files import CatalogFiles
from store.journal.fold import describe, write_snapshot
from store.journal.format import StoreCorrupt, StoreError, StoreLocked, StoreNewer, StoreReadOnly
from store.journal.salvage import Recovered, recover
from store.journal.snapshot import Meta, State, differences, parse_meta
from store.naming import natural_key
from store.records import Doc
from store.values import dataclass

UNEXPLAINED = 20
"""Documents that are named one by one where they differ from the newest backup and no event says why."""


@dataclass(frozen=True, slots=True)
class Report:
    """What is in a catalog and what is wrong with it.

    `healthy` is True if there is nothing to repair. `documents` counts them per table, `findings` are sentences,
    `edits` the transactions taken from the journal, `kept` where the files as they were now lie.
    """

    healthy: bool
    documents: dict[str, int]
    findings: list[str] = field(default_factory=list)
    edits: int = 0
    kept: Path | None = None


def examine(catalog: Path) -> Report:
    """Say what a repair would find, without changing anything.

    Raises:
        StoreNewer: only a newer modeltui reads the file.
        StoreLocked: another process held the catalog too long.
        StoreError: there is no catalog, or nothing of it can be read.
    """
    refuse_missing(catalog)
    with _held(catalog, read_only=True) as files:
        index.forget(files.path)
        if _loads(files):
            return _healthy(files)
        found = _recover(files.path)
        return Report(False, _counts(found.state), found.findings, found.edits)


def salvage(catalog: Path, now: datetime, into: Path | None = None) -> Report:
    """Recover all that is readable and keep the files as they were in `recovery/`; a healthy catalog is left alone.

    With `into` the catalog itself is not touched: what is readable becomes a catalog there.

    Raises:
        StoreCorrupt: nothing at all can be read; nothing was changed.
        StoreError: it could not be written; nothing was changed.
    """
    refuse_missing(catalog)
    with _held(catalog, read_only=into is not None) as files:
        index.forget(files.path)
        if into is None and _loads(files):
            return _healthy(files)
        found = _recover(files.path)
        if into is not None:
            disk.make_private_directory(into.resolve().parent)
            base = {"catalog_id": "", "generation": 0} | found.meta
            next_id = {table: max(docs) + 1 for table, docs in found.state.tables.items()}
            write_snapshot(into.resolve(), found.state, describe(base, found.state, found.seq, next_id))
            return Report(False, _counts(found.state), found.findings, found.edits)
        kept = _set_aside(files.path, now, found)
        files.replace_all(found.state, found.meta, found.seq)
        return Report(False, _counts(found.state), found.findings, found.edits, kept)


def restore(catalog: Path, backup: Path, now: datetime) -> Path:
    """Make a backup the content of the catalog; where what it replaced was kept.

    Raises:
        StoreCorrupt: the backup is damaged; nothing was changed.
        StoreNewer: a newer modeltui made the backup; nothing was changed.
        StoreError: it could not be written; nothing was changed.
    """
    state, meta = read(backup)
    if meta["schema"] < migrations.SCHEMA:
        state, meta = _migrated(state, meta)
    with _held(catalog, read_only=False) as files:
        if not files.path.exists() and not files.log.path.exists():
            files.replace_all(state, meta, meta["base_seq"])
            return backup
        if _loads(files):
            kept = new_name(files.path, "before-restore", now)
            write_snapshot(kept, files.state, files.describe())
            known, seq = files.meta | {"next_id": files.next_id}, files.seq
        else:
            found = recover(_bytes(files.path), _bytes(_journal(files.path)), files.path)
            kept = _set_aside(files.path, now, found)
            known, seq = found.meta, found.seq
        files.replace_all(state, _merged(meta, known), max(seq, meta["base_seq"]))
        return kept


def _merged(backup: Meta, known: Meta) -> Meta:
    """The backup's description, going on from what the catalog had come to: no number is used twice."""
    used: dict[str, int] = dict(known.get("next_id", {}))
    for table, number in backup["next_id"].items():
        used[table] = max(number, used.get(table, 1))
    return backup | {
        "catalog_id": known.get("catalog_id", backup["catalog_id"]),
        "generation": max(backup["generation"], known.get("generation", 0)),
        "next_id": used,
    }


@contextmanager
def _held(catalog: Path, *, read_only: bool) -> Iterator[CatalogFiles]:
    """The files of a catalog, not loaded, under its lock."""
    files = CatalogFiles(catalog, read_only=read_only)
    try:
        if files.reason and not read_only:
            raise StoreReadOnly(files.reason)
        if files.lock is not None and not files.lock.acquire(10, shared=read_only):
            raise StoreLocked(f"Another modeltui ({files.lock.holder()}) is holding {files.path}; end it or try again.")
        yield files
    finally:
        files.close()


def present(catalog: Path) -> Contents | None:
    """What is in a catalog now; None where there is none or it is damaged.

    Raises:
        StoreError: as `examine`.
    """
    if not catalog.exists() and not _journal(catalog).exists():
        return None
    with _held(catalog, read_only=True) as files:
        return contents(files.state, files.meta) if _loads(files) else None


def refuse_missing(catalog: Path) -> None:
    """Say that there is nothing to look after.

    Raises:
        StoreError: there is no catalog of that name.
    """
    if not catalog.exists() and not _journal(catalog).exists():
        raise StoreError(f"There is no catalog at {catalog}.")


def _loads(files: CatalogFiles) -> bool:
    try:
        files.load()
    except StoreCorrupt:
        files.log.close()
        return False
    return True


def _recover(catalog: Path) -> Recovered:
    """Read what is readable, with the newest readable backup for its holes.

    Raises:
        StoreCorrupt: nothing is.
    """
    data = _bytes(catalog)
    known, same = _newest_readable(catalog, _branch(data, catalog))
    found = recover(data, _bytes(_journal(catalog)), catalog, known)
    if known is not None and same and not found.whole:
        found.findings += _unexplained(known[0], found.state)
    if not found.documents:
        raise StoreCorrupt(f"{found.findings[0]} Nothing in it can be read, and there is no readable backup.")
    if found.meta.get("schema", migrations.SCHEMA) < migrations.SCHEMA:
        found.state, found.meta = _migrated(found.state, found.meta)
    return found


def _unexplained(backup: State, found: State) -> list[str]:
    """What differs from a backup though no event since tells of it: damage, or the edit of another program."""
    told = {
        (change.get("table"), change.get("uid"))
        for number, raw in found.items("events")
        if backup.get("events", number) is None
        for change in _doc(raw).get("changes", ())
        if isinstance(change, dict)
    }
    said: list[str] = []
    for table, number, old, new in differences(backup, found):
        before, after = _doc(old), _doc(new)
        added = table == "events" and old is None
        if added or before == after or (table, before.get("uid", after.get("uid"))) in told:
            continue
        name = f"Document {number} of {table} ({natural_key(table, before or after)})"
        if old is None or new is None:
            said.append(f"{name} is {'new' if old is None else 'gone'} since the newest backup, and no event says why.")
            continue
        fields = [f"{d.path} is {short(d.after)}, was {short(d.before)}" for d in diff(before, after)][:3]
        said.append(f"{name} differs from the newest backup, and no event says why: {'; '.join(fields)}.")
    more = len(said) - UNEXPLAINED
    return [*said[:UNEXPLAINED], f"{more} more documents differ so."] if more > 0 else said


def _doc(raw: bytes | None) -> Doc:
    try:
        doc = orjson.loads(raw or b"{}")
    except ValueError:
        return {}
    return doc if isinstance(doc, dict) else {}


def _migrated(state: State, meta: Meta) -> tuple[State, Meta]:
    state, _ = migrations.migrate(state, meta["schema"], migrations.STEPS, migrations.SCHEMA)
    return state, meta | {"schema": migrations.SCHEMA}


def _newest_readable(catalog: Path, branch: str) -> tuple[tuple[State, Meta] | None, bool]:
    """The newest backup that can be read, and whether the file goes on from it: no restore lies in between."""
    newest = None
    for backup in list_backups(catalog):
        try:
            found = read(backup.path)
        except (StoreCorrupt, StoreNewer):
            continue
        if branch and found[1].get("branch") == branch:
            return found, True
        newest = newest or found
    return newest, False


def _branch(data: bytes, catalog: Path) -> str:
    try:
        return str(parse_meta(data, catalog).get("branch", ""))
    except StoreCorrupt:
        return ""


def _journal(catalog: Path) -> Path:
    return catalog.with_name(catalog.name + ".journal")


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _counts(state: State) -> dict[str, int]:
    return {table: len(docs) for table, docs in sorted(state.tables.items())}


def _healthy(files: CatalogFiles) -> Report:
    torn = sorted(p.name for p in files.path.parent.glob(f"{files.path.name}.journal.torn-*"))
    left = [f"{name} holds an unfinished edit of a process that died; it was never saved." for name in torn]
    return Report(True, _counts(files.state), left)


def _set_aside(catalog: Path, now: datetime, found: Recovered) -> Path:
    """Copy the files as they are, and a list of what is wrong with them, to `recovery/`, durably."""
    name = f"{catalog.stem}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    directory, number = catalog.parent / "recovery" / name, 1
    while directory.exists():
        number += 1
        directory = directory.with_name(f"{name}-{number}")
    parts = {catalog.name: _bytes(catalog), _journal(catalog).name: _bytes(_journal(catalog))}
    parts["damaged"] = b"\n".join(found.damaged)
    parts["findings.txt"] = "".join(f"{line}\n" for line in found.findings).encode()
    try:
        disk.make_private_directory(directory)
        for name, data in parts.items():
            if data:
                with open(disk.create(directory / name, 0o600), "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
        disk.sync_directory(directory)
        disk.sync_directory(directory.parent)
    except OSError as error:
        raise disk.refusal(directory, error, "Nothing was changed") from error
    return directory
