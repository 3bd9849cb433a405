"""Backups by policy, going back to one, and repairing what is damaged."""

import gzip
import json
import random
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tinydb import TinyDB

from store import backup, repair
from store.backup import Policy
from store.catalog import Catalog
from store.journal import StoreCorrupt, StoreError, StoreNewer, migrations, open_db, snapshot
from store.records import UseCase

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A catalog of 60 versions and 5 events: 55 versions in the snapshot, the rest in the journal."""
    path = tmp_path / "catalog.json"
    db = open_db(path)
    db.table("versions").insert_multiple({"uid": f"v{n}", "note": "x" * 50} for n in range(1, 56))
    db.table("events").insert_multiple({"why": f"e{n}"} for n in range(1, 6))
    db.storage.checkpoint()
    db.table("versions").insert_multiple({"uid": f"v{n}"} for n in range(56, 61))
    db.table("versions").update({"note": "late"}, doc_ids=[3])
    db.close(fold=False)
    return path


def content(path: Path) -> dict:
    with open_db(path, read_only=True) as db:
        return db.storage.read() or {}


def take(path: Path, now: datetime = NOW, kind: str = "daily", policy: Policy = Policy()) -> backup.Backup:
    with open_db(path) as db:
        return backup.take(db.storage, kind, now, policy)


def rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


# ── backups ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_backup_is_a_whole_catalog_of_its_own_for_its_owner_only(path: Path) -> None:
    assert backup.daily_due(path, NOW)
    made = take(path)
    assert made.path.name == "catalog-20261123T080000Z-daily.json"
    assert made.taken_at == NOW
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.path.parent.stat().st_mode) == 0o700
    assert content(made.path) == content(path)
    assert not backup.daily_due(path, NOW + timedelta(hours=15))
    assert backup.daily_due(path, NOW + timedelta(hours=16))


def test_backups_rotate_by_day_and_week_and_are_compressed(path: Path) -> None:
    for day in range(60):
        take(path, NOW + timedelta(days=day), policy=Policy(last=2))
    found = backup.list_backups(path)
    age = [(NOW + timedelta(days=59) - b.taken_at).days for b in found]
    assert age == [0, 1, 2, 3, 4, 5, 6, 11, 18, 25]  # 2027-01-21 is a Thursday: Sundays end the weeks
    assert [b.path.suffix for b in found] == [".json"] + [".gz"] * 9
    assert {stat.S_IMODE(b.path.stat().st_mode) for b in found} == {0o600}
    assert backup.read(found[-1].path)[1]["counts"] == {"versions": 60, "events": 5}


def test_a_bound_in_bytes_removes_the_oldest_but_never_the_last_three_nor_those_before_a_migration(path: Path) -> None:
    size = take(path, NOW, "pre-schema-2").size
    for hour in range(1, 7):
        take(path, NOW + timedelta(hours=hour), "manual", Policy(last=9, max_bytes=size * 2))
    assert [b.kind for b in backup.list_backups(path)] == ["manual"] * 6 + ["pre-schema-2"]
    take(path, NOW + timedelta(hours=7), "manual", Policy(last=9, max_bytes=1))
    assert [b.kind for b in backup.list_backups(path)] == ["manual"] * 3 + ["pre-schema-2"]


def test_backups_of_one_second_and_of_a_neighbour_keep_apart(path: Path) -> None:
    first, second = take(path), take(path, kind="before-import")
    assert {b.kind for b in backup.list_backups(path)} == {"daily", "before-import"}
    assert second.taken_at == first.taken_at + timedelta(seconds=1)
    assert backup.list_backups(path.with_name("other.json")) == []
    with pytest.raises(ValueError, match="kind of backup"):
        take(path, kind="../../evil")


@pytest.mark.parametrize("compressed", [False, True])
def test_a_damaged_backup_is_found_out(path: Path, compressed: bool) -> None:
    made = take(path).path
    if compressed:
        take(path, NOW + timedelta(days=1))
        made = made.with_name(made.name + ".gz")
    rewrite(made, lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:])
    with pytest.raises(StoreCorrupt, match="choose another"):
        backup.read(made)
    with pytest.raises(StoreCorrupt, match="choose another"):
        repair.restore(path, made, NOW)
    rewrite(made, lambda data: data[:100])
    with pytest.raises(StoreCorrupt, match="choose another"):
        backup.read(made)
    with pytest.raises(StoreCorrupt, match="There is no backup"):
        backup.read(path.with_name("none.json"))


# ── going back ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_restoring_keeps_what_it_replaces_and_reaches_those_who_have_it_open(path: Path) -> None:
    made = take(path).path
    then = content(path)
    app = open_db(path)
    told: list = []
    app.storage.listeners.append(told.append)
    app.table("versions").remove(doc_ids=list(range(1, 50)))
    new_id = app.table("versions").insert({"uid": "v61"})
    before = content(path)
    kept = repair.restore(path, made, NOW)
    assert content(path) == then
    assert content(kept) == before
    assert app.storage.refresh()
    assert app.storage.read() == then
    assert len(told[-1]) == 50
    assert app.table("versions").insert({}) == new_id + 1
    assert repair.restore(path, kept, NOW) != kept
    assert content(path) == before


def test_what_is_no_backup_is_said_to_be_none_and_changes_nothing(path: Path, tmp_path: Path) -> None:
    before = path.read_bytes()
    for name, data, words in (
        ("a.json", b'{"a": 1}', "is no backup of modeltui"), ("b.json", before[:900], "is damaged; choose another"),
        ("c.json.gz", b"hi", "is damaged"),
    ):  # fmt: skip
        (tmp_path / name).write_bytes(data)
        with pytest.raises(StoreCorrupt, match=words):
            repair.restore(path, tmp_path / name, NOW)
    other = tmp_path / "other" / "catalog.json"
    db = open_db(other)
    db.table("versions").insert({"n": "other"})
    db.close(fold=False)
    with pytest.raises(StoreCorrupt, match=r"fold them first: modeltui doctor --compact --store .*other"):
        repair.restore(path, other, NOW)  # its last edits would be lost
    assert path.read_bytes() == before
    with open_db(other) as db:
        db.storage.checkpoint()
    there, offered = repair.present(path), backup.contents(*backup.read(other))
    assert there is not None
    assert there.catalog_id != offered.catalog_id
    assert offered.versions == 1


def test_restoring_over_a_damaged_catalog_keeps_its_files(path: Path) -> None:
    made = take(path).path
    then = content(path)
    rewrite(path, lambda data: data[:500])
    broken = path.read_bytes()
    kept = repair.restore(path, made, NOW)
    assert content(path) == then
    assert (kept / "catalog.json").read_bytes() == broken
    assert not (path.parent / "catalog.json.journal").exists()


def test_restoring_where_nothing_is_and_from_an_older_schema(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = take(path).path
    monkeypatch.setattr(migrations, "SCHEMA", 2)
    monkeypatch.setattr(migrations, "STEPS", {1: lambda table, doc: doc | {"new": table}})
    fresh = path.parent / "elsewhere" / "catalog.json"
    repair.restore(fresh, made, NOW)
    assert content(fresh)["events"]["1"] == {"why": "e1", "new": "events"}
    monkeypatch.setattr(migrations, "MIN_SCHEMA", 2)
    newer = take(fresh).path
    monkeypatch.undo()
    with pytest.raises(StoreNewer, match="newer modeltui"):
        repair.restore(path, newer, NOW)


# ── repair ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_healthy_catalog_is_left_alone(path: Path) -> None:
    before = path.read_bytes()
    assert repair.examine(path).healthy
    report = repair.salvage(path, NOW)
    assert report.healthy
    assert report.documents == {"events": 5, "versions": 60}
    assert path.read_bytes() == before
    with pytest.raises(StoreError, match="no catalog"):
        repair.salvage(path.with_name("none.json"), NOW)
    assert not path.with_name("none.json").exists()


def test_one_damaged_line_loses_one_document_and_says_which(path: Path) -> None:
    whole = content(path)
    rewrite(path, lambda data: data.replace(b'"uid":"v7"', b'"uid":\0v7"'))
    broken = path.read_bytes()
    with pytest.raises(StoreCorrupt, match="doctor --repair"):
        open_db(path)
    looked = repair.examine(path)
    assert path.read_bytes() == broken
    report = repair.salvage(path, NOW)
    assert not report.healthy
    assert looked.findings == report.findings
    assert any("document 7 of versions" in line for line in report.findings)
    assert report.edits == 2
    del whole["versions"]["7"]
    assert content(path) == whole
    assert report.kept is not None
    assert (report.kept / "catalog.json").read_bytes() == broken
    assert b"v7" in (report.kept / "damaged").read_bytes()
    assert "document 7" in (report.kept / "findings.txt").read_text()


def test_a_hole_is_filled_from_the_newest_backup(path: Path) -> None:
    take(path)
    whole = content(path)
    rewrite(path, lambda data: data.replace(b'"7":{"uid":"v7"', b"####################"))
    report = repair.salvage(path, NOW)
    assert content(path) == whole
    assert "Document 7 of versions was taken from the newest backup." in report.findings


def test_any_damaged_block_loses_only_what_it_touched(path: Path) -> None:
    """Lines without noise in them keep their documents, in their tables."""
    whole, data, rng = content(path), path.read_bytes(), random.Random(7)
    for start in range(0, len(data) - 128, 61):
        path.write_bytes(data[:start] + rng.randbytes(128) + data[start + 128 :])
        report = repair.salvage(path, NOW, into=path.parent / "saved.json")
        saved = content(path.parent / "saved.json")
        rescued = {name: {json.dumps(doc) for doc in docs.values()} for name, docs in saved.items()}
        lost = 0
        for name, docs in whole.items():
            lost += sum(json.dumps(doc) not in rescued.get(name, ()) for doc in docs.values())
        assert lost <= data[start : start + 128].count(b"\n") + 1, (start, report.findings)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_snapshot_keeps_its_beginning_and_the_journal(path: Path, share: float) -> None:
    whole, size = content(path), path.stat().st_size
    rewrite(path, lambda data: data[: int(size * share)])
    repair.salvage(path, NOW)
    saved = content(path)
    assert all(saved["versions"][str(n)] == whole["versions"][str(n)] for n in (3, 56, 60))
    lines = (
        path.parent.joinpath("recovery/catalog-20261123T080000Z/catalog.json").read_bytes().count(b'"uid"')
        if share
        else 0
    )
    assert len(saved["versions"]) >= max(6, lines - 1 + 5)


def test_an_id_that_became_another_one_does_not_overwrite_it(path: Path) -> None:
    rewrite(path, lambda data: data.replace(b'\n"7":', b'\n"9":'))
    report = repair.salvage(path, NOW)
    saved = content(path)["versions"]
    assert {doc["uid"] for doc in saved.values()} == {f"v{n}" for n in range(1, 61)}
    assert any("no readable id" in line for line in report.findings)


def test_a_damaged_line_of_the_journal_is_passed_over_and_named(path: Path) -> None:
    rewrite(path.with_name("catalog.json.journal"), lambda data: data.replace(b'"v58"', b'"v5?"'))
    with pytest.raises(StoreCorrupt, match="saved edits follow"):
        open_db(path)
    report = repair.salvage(path, NOW)
    saved = content(path)["versions"]
    assert saved["3"]["note"] == "late"
    assert "56" not in saved
    assert report.edits == 1
    assert any("Line 2 of the journal" in line for line in report.findings)


def test_an_old_copy_put_in_place_by_hand_is_noticed_and_its_journal_kept(path: Path) -> None:
    old = path.read_bytes()
    with open_db(path) as db:
        db.table("events").insert({"why": "folded"})
    db = open_db(path)
    db.table("events").insert({"why": "in the journal"})
    path.write_bytes(old)
    for use in (lambda: open_db(path), lambda: db.table("events").insert({})):
        with pytest.raises(StoreCorrupt, match="older than its journal"):
            use()
    report = repair.salvage(path, NOW)
    assert any("continues a newer file" in line for line in report.findings)
    assert len(content(path)["events"]) == 5
    assert report.kept is not None
    assert b"in the journal" in (report.kept / "catalog.json.journal").read_bytes()
    with pytest.raises(StoreCorrupt):
        db.table("events").insert({})  # its edits are lost there: it must be opened again, not go on


def test_a_file_that_stock_tinydb_or_an_editor_rewrote_is_taken_over_whole(path: Path) -> None:
    with open_db(path) as db:
        db.table("events").insert({"why": "fold"})
    whole = content(path)
    with TinyDB(path) as stock:
        stock.table("versions").update({"score": float("nan")}, doc_ids=[1])
    with pytest.raises(StoreCorrupt, match="not a catalog as modeltui writes it"):
        open_db(path)
    report = repair.salvage(path, NOW)
    whole["versions"]["1"]["score"] = "NaN"
    assert content(path) == whole
    assert any("another program wrote it" in line for line in report.findings)
    rewrite(path, lambda data: json.dumps(json.loads(data), indent=4).encode())
    repair.salvage(path, NOW)
    assert content(path) == whole


def test_a_flipped_bit_that_leaves_json_is_named_by_the_newest_backup_and_edits_since_are_not(tmp_path: Path) -> None:
    path = tmp_path / "catalog.json"
    with Catalog.open(path, actor="ann", clock=lambda: NOW) as catalog:
        for name in ("support", "search", "claims"):
            catalog.add_use_case(UseCase(name, name, owner="ann"))
        catalog.backup("manual")
        base = catalog.use_case("search")
        catalog.edit_use_case(replace(base, owner="bob"), base)
        catalog.add_use_case(UseCase("new", "new", owner="ann"))
    data = path.read_bytes()
    at = data.rindex(b'"owner":"ann"', 0, data.rindex(b'"name":"search"')) + len(b'"owner":"an')
    path.write_bytes(data[:at] + bytes([data[at] ^ 3]) + data[at + 1 :])
    said = [line for line in repair.examine(path).findings if "newest backup" in line]
    assert said == [
        "Document 1 of use_cases (support) differs from the newest backup, and no event says why: "
        "owner is 'anm', was 'ann'."
    ]


@pytest.mark.parametrize(
    "data", [b"", b"null", b"\0" * 4096, b'{"name":"left-pad","dependencies":{"a":"1"}}', b"PK\3\4"]
)
def test_what_is_no_catalog_is_never_overwritten_unless_there_is_a_backup(path: Path, data: bytes) -> None:
    made = take(path)
    whole = content(path)
    path.with_name("catalog.json.journal").unlink(missing_ok=True)
    path.write_bytes(data)
    backup_bytes = made.path.read_bytes()
    made.path.unlink()
    for act in (lambda: open_db(path), lambda: repair.examine(path), lambda: repair.salvage(path, NOW)):
        with pytest.raises(StoreCorrupt):
            act()
    assert path.read_bytes() == data
    made.path.write_bytes(backup_bytes)
    report = repair.salvage(path, NOW)
    assert content(path) == whole
    assert any("newest backup were taken" in line for line in report.findings)
    assert report.kept is not None
    assert data == b"" or (report.kept / "catalog.json").read_bytes() == data


def test_a_repair_into_another_place_leaves_the_files(path: Path) -> None:
    rewrite(path, lambda data: data[:-40])
    before = {p.name: p.read_bytes() for p in path.parent.iterdir()}
    report = repair.salvage(path, NOW, into=path.parent / "view" / "catalog.json")
    assert len(content(path.parent / "view" / "catalog.json")["versions"]) == 60
    assert report.kept is None
    assert {p.name: p.read_bytes() for p in path.parent.iterdir() if p.is_file()} == before


def test_a_newer_file_is_not_repaired(path: Path) -> None:
    with open_db(path) as db:
        db.storage.checkpoint()
    state, meta = snapshot.parse(path.read_bytes(), path)
    with path.open("wb", buffering=0) as file:
        snapshot.write(file, state, meta | {"format": 2})
    with pytest.raises(StoreNewer):
        repair.salvage(path, NOW)


def test_a_compressed_backup_is_plain_gzip(path: Path) -> None:
    first = take(path).path
    take(path, NOW + timedelta(days=1))
    packed = first.with_name(first.name + ".gz")
    assert json.loads(gzip.decompress(packed.read_bytes()))["events"]["1"] == {"why": "e1"}
    assert not first.exists()


def test_the_one_just_made_stays_even_where_the_clock_stands_before_all_others(tmp_path: Path) -> None:
    with open_db(tmp_path / "catalog.json") as db:
        db.table("versions").insert({"uid": "1"})
        for _ in range(12):
            backup.take(
                db.storage, "manual", datetime(2026, 11, 23, 12, tzinfo=UTC), Policy(days=1, weeks=1, last=2, least=1)
            )
        early = backup.take(
            db.storage, "manual", datetime(2020, 1, 1, tzinfo=UTC), Policy(days=1, weeks=1, last=2, least=1)
        )
        assert early.path.exists()
