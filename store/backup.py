"""Backups beside the catalog: made, listed, read, and rotated by a policy (`store.repair` goes back to one).

`backups/` holds snapshots of their own, each with its checksum: `catalog-20261123T081500Z-daily.json`; all but the
newest are compressed. All of it is for the owner only.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from store.journal import disk, migrations, snapshot
from store.journal.format import FORMAT, StoreCorrupt, StoreNewer
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
    target = new_name(storage.path, kind, now)
    storage.copy_to(target)
    rotate(storage.path, now, policy, just_made=target.name)
    return next(b for b in list_backups(storage.path) if b.path.name.startswith(target.name))


def _directory(catalog: Path) -> Path:
    return catalog.parent / "backups"


def new_name(catalog: Path, kind: str, now: datetime) -> Path:
    """The file of a new backup, in a directory that is there; no two have one moment.

    Raises:
        StoreError: the directory cannot be made.
    """
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
    """Read and check a backup, or the file of another catalog.

    Raises:
        StoreCorrupt: it is damaged, gone, or no backup.
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
        if not data.startswith(b'{\n"'):
            raise StoreCorrupt(f"{path} is no backup of modeltui; `modeltui backup --list` shows those.") from error
        raise StoreCorrupt(f"The backup {path} is damaged; choose another.") from error
    if meta["format"] > FORMAT or meta["min_schema"] > migrations.SCHEMA:
        raise StoreNewer(f"The backup {path} was made by a newer modeltui; update modeltui to use it.")
    if path.with_name(f"{path.name}.journal").exists():
        raise StoreCorrupt(
            f"{path} has edits in its journal; fold them first: modeltui doctor --compact --store {path}"
        )
    return state, meta


@dataclass(frozen=True, slots=True)
class Contents:
    """What a person knows a catalog by: its id, how much is in it, and its last edit ("" where there is none)."""

    catalog_id: str
    versions: int
    use_cases: int
    last_at: str
    last_by: str


def contents(state: State, meta: Meta) -> Contents:
    """What is in a catalog or a backup."""
    event: dict[str, Any] = {}
    for _, raw in state.items("events"):
        with suppress(ValueError):
            found = orjson.loads(raw)
            event = found if isinstance(found, dict) else event
    versions, use_cases = (len(state.tables.get(table, ())) for table in ("versions", "use_cases"))
    return Contents(meta["catalog_id"], versions, use_cases, str(event.get("at", "")), str(event.get("actor", "")))
