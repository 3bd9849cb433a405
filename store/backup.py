"""Backups beside the catalog, going back to one, and repairing a damaged file.

`backups/` holds snapshots of their own, each with its checksum: `catalog-20261123T081500Z-daily.json`; all but the
newest are compressed. `recovery/` holds the files as they were before a repair, or before a damaged catalog was
replaced. All of it is for the owner only.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from store.journal import disk, migrations, snapshot
from store.journal.files import CatalogFiles
from store.journal.fold import describe, write_snapshot
from store.journal.format import FORMAT, StoreCorrupt, StoreError, StoreLocked, StoreNewer, StoreReadOnly
from store.journal.salvage import Recovered, recover
from store.journal.snapshot import Meta, State
from store.journal.storage import JournaledJSONStorage
from store.values import dataclass

KEPT_FOR_GOOD = "pre-schema-"
"""Copies of this kind were made before a migration and are never removed."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Which backups stay: the newest of each of the last `days` and `weeks` that have one, and the `last` newest.

    Beyond `max_bytes` the oldest go, but `least` always stay, and so do those before a migration.
    """

    days: int = 7
    weeks: int = 4
    last: int = 5
    least: int = 3
    max_bytes: int = 1 << 30


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup: when it was made (UTC), what for (`daily`, `manual`, `before-import`, …) and its size in bytes."""

    path: Path
    taken_at: datetime
    kind: str
    size: int


def list_backups(catalog: Path) -> list[Backup]:
    """The backups of a catalog, newest first."""
    catalog = catalog.resolve()
    shape = re.compile(re.escape(catalog.stem) + r"-(\d{8}T\d{6}Z)-([a-z0-9-]+)\.json(?:\.gz)?")
    found: list[Backup] = []
    for path in _directory(catalog).glob("*.json*"):
        match = shape.fullmatch(path.name)
        if match:
            taken_at = datetime.strptime(match[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            found.append(Backup(path, taken_at, match[2], path.stat().st_size))
    return sorted(found, key=lambda b: (b.taken_at, b.path.name), reverse=True)


def daily_due(catalog: Path, now: datetime) -> bool:
    """Whether no backup of the day of `now` (UTC) exists yet."""
    return not any(b.taken_at.date() == now.astimezone(UTC).date() for b in list_backups(catalog))


def take(storage: JournaledJSONStorage, kind: str, now: datetime, policy: Policy = Policy()) -> Backup:
    """Back up an open catalog and drop what the policy no longer keeps.

    Raises:
        StoreFull: there is no room for it; the catalog is untouched.
        StoreError: it could not be written for another reason.
    """
    if not re.fullmatch("[a-z0-9-]+", kind):
        raise ValueError(f"'{kind}' is no kind of backup: use small letters, digits and dashes")
    target = _name(storage.path, kind, now)
    storage.copy_to(target)
    rotate(storage.path, now, policy, just_made=target.name)
    return next(b for b in list_backups(storage.path) if b.path.name.startswith(target.name))


def _directory(catalog: Path) -> Path:
    return catalog.parent / "backups"


def _name(catalog: Path, kind: str, now: datetime) -> Path:
    directory = _directory(catalog)
    try:
        disk.make_private_directory(directory)
    except OSError as error:
        raise disk.refusal(directory, error, "The backup was not made") from error
    moment = now.astimezone(UTC)
    while list(directory.glob(f"{catalog.stem}-{moment:%Y%m%dT%H%M%SZ}-*")):
        moment += timedelta(seconds=1)
    return directory / f"{catalog.stem}-{moment:%Y%m%dT%H%M%SZ}-{kind}.json"


def rotate(catalog: Path, now: datetime, policy: Policy = Policy(), just_made: str = "") -> list[Path]:
    """Remove the backups that the policy does not keep, and compress all but the newest; the removed ones.

    `just_made` begins the name of one that stays whatever its date: the clock may stand before older backups.

    Raises:
        StoreError: a file could not be written or removed.
    """
    removed: list[Path] = []
    try:
        for backup in _outdated(list_backups(catalog), now, policy):
            if just_made and backup.path.name.startswith(just_made):
                continue
            backup.path.unlink(missing_ok=True)
            removed.append(backup.path)
        for backup in list_backups(catalog)[1:]:
            if backup.path.suffix == ".json":
                _compress(backup.path)
        for backup in _too_many(list_backups(catalog), policy):
            if just_made and backup.path.name.startswith(just_made):
                continue
            backup.path.unlink(missing_ok=True)
            removed.append(backup.path)
    except OSError as error:
        raise disk.refusal(_directory(catalog), error, "The backups were not tidied") from error
    return removed


def _outdated(found: list[Backup], now: datetime, policy: Policy) -> list[Backup]:
    """What is neither among the last nor the newest of a day or week that is kept."""
    keep = {*found[: max(policy.last, policy.least)], *(b for b in found if b.kind.startswith(KEPT_FOR_GOOD))}
    days: dict[object, Backup] = {}
    weeks: dict[object, Backup] = {}
    for backup in found:
        days.setdefault(backup.taken_at.date(), backup)
        weeks.setdefault(backup.taken_at.isocalendar()[:2], backup)
    today = now.astimezone(UTC).date()
    keep |= {b for b in days.values() if b.taken_at.date() > today - timedelta(days=policy.days)}
    keep |= {b for b in weeks.values() if b.taken_at.date() > today - timedelta(weeks=policy.weeks)}
    return [b for b in found if b not in keep]


def _too_many(found: list[Backup], policy: Policy) -> Iterator[Backup]:
    """The oldest, as long as all together are larger than allowed."""
    size = sum(b.size for b in found)
    for backup in reversed(found[policy.least :]):
        if size > policy.max_bytes and not backup.kind.startswith(KEPT_FOR_GOOD):
            size -= backup.size
            yield backup


def _compress(path: Path) -> None:
    target = path.with_name(path.name + ".gz")
    temporary = disk.temporary(target)
    try:
        fd = disk.create(temporary, 0o600)
        with open(fd, "wb") as raw, path.open("rb") as source:
            with gzip.GzipFile(path.name, "wb", 1, raw, mtime=0) as packed:
                shutil.copyfileobj(source, packed, 1 << 20)
            raw.flush()
            os.fsync(raw.fileno())
        temporary.replace(target)
        disk.sync_directory(path.parent)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    path.unlink()


def read(path: Path) -> tuple[State, Meta]:
    """Read and check a backup.

    Raises:
        StoreCorrupt: it is damaged or gone.
        StoreNewer: a newer modeltui made it.
    """
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
    except FileNotFoundError as error:
        raise StoreCorrupt(f"There is no backup {path}.") from error
    except (OSError, EOFError, zlib.error) as error:
        raise StoreCorrupt(f"The backup {path} is damaged ({error}); choose another.") from error
    try:
        state, meta = snapshot.parse(data, path)
    except StoreCorrupt as error:
        raise StoreCorrupt(f"The backup {path} is damaged; choose another.") from error
    if meta["format"] > FORMAT or meta["min_schema"] > migrations.SCHEMA:
        raise StoreNewer(f"The backup {path} was made by a newer modeltui; update modeltui to use it.")
    return state, meta


# ── going back, repairing ─────────────────────────────────────────────────────────────────────────────────────────


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
            kept = _name(files.path, "before-restore", now)
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
