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

from store.backup import Contents, contents, list_backups, new_name, read
from store.journal import disk, migrations
from store.journal.files import CatalogFiles
from store.journal.fold import describe, write_snapshot
from store.journal.format import StoreCorrupt, StoreError, StoreLocked, StoreNewer, StoreReadOnly
from store.journal.salvage import Recovered, recover
from store.journal.snapshot import Meta, State
from store.values import dataclass


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
    _refuse_missing(catalog)
    with _held(catalog, read_only=True) as files:
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
    _refuse_missing(catalog)
    with _held(catalog, read_only=into is not None) as files:
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


def _refuse_missing(catalog: Path) -> None:
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
    found = recover(_bytes(catalog), _bytes(_journal(catalog)), catalog, _newest_readable(catalog))
    if not found.documents:
        raise StoreCorrupt(f"{found.findings[0]} Nothing in it can be read, and there is no readable backup.")
    if found.meta.get("schema", migrations.SCHEMA) < migrations.SCHEMA:
        found.state, found.meta = _migrated(found.state, found.meta)
    return found


def _migrated(state: State, meta: Meta) -> tuple[State, Meta]:
    state, _ = migrations.migrate(state, meta["schema"], migrations.STEPS, migrations.SCHEMA)
    return state, meta | {"schema": migrations.SCHEMA}


def _newest_readable(catalog: Path) -> tuple[State, Meta] | None:
    for backup in list_backups(catalog):
        try:
            return read(backup.path)
        except (StoreCorrupt, StoreNewer):
            continue
    return None


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
