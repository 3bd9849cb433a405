"""Files of another schema: migrated behind a copy, or only read."""

import json
from pathlib import Path

import pytest

from store.journal import CatalogDB, StoreNewer, StoreReadOnly, migrations, open_db, snapshot


def split_name(table: str, doc: dict) -> dict:
    """An artificial step to schema 2: `name` becomes two fields, in one table."""
    if table == "people":
        doc["first"], doc["last"] = doc.pop("name").split(" ")
    return doc


def count_letters(table: str, doc: dict) -> dict:
    """An artificial step to schema 3."""
    return doc | {"letters": sum(map(len, map(str, doc.values())))}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "catalog.json"
    db = open_db(path)
    db.table("people").insert_multiple([{"name": "Ada Lovelace"}, {"name": "Plato"}, {"name": "Alan Turing"}])
    db.storage.checkpoint()
    db.table("places").insert({"name": "London"})  # stays in the journal
    db.close(fold=False)
    return path


@pytest.fixture
def newer_program(path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(migrations, "STEPS", {1: split_name, 2: count_letters})
    monkeypatch.setattr(migrations, "SCHEMA", 3)
    monkeypatch.setattr(migrations, "MIN_SCHEMA", 3)
    return monkeypatch


def content(db: CatalogDB) -> dict:
    return db.storage.read() or {}


MIGRATED = {
    "people": {
        "1": {"first": "Ada", "last": "Lovelace", "letters": 11},
        "3": {"first": "Alan", "last": "Turing", "letters": 10},
    },
    "places": {"1": {"name": "London", "letters": 6}},
}


@pytest.mark.usefixtures("newer_program")
def test_an_older_file_is_copied_then_migrated_and_what_fails_is_kept_aside(path: Path) -> None:
    db = open_db(path)
    found = content(db)
    refused = found.pop("quarantine")["1"]
    assert found == MIGRATED
    assert refused["table"] == "people"
    assert refused["doc_id"] == 2
    assert json.loads(refused["doc"]) == {"name": "Plato"}
    assert "not enough values" in refused["error"]
    assert "1 documents" in db.storage.notices[0]
    assert db.storage.meta["schema"] == 3
    db.close()
    assert not Path(f"{path}.journal").exists()
    (copy,) = (path.parent / "backups").iterdir()
    state, meta = snapshot.parse(copy.read_bytes(), copy)
    assert meta["schema"] == 1
    assert [raw for _, raw in state.items("places")] == [b'{"name":"London"}']
    assert len(state.tables["people"]) == 3
    with open_db(path) as db:
        assert content(db)["people"] == MIGRATED["people"]
        assert db.table("people").insert({}) == 4


@pytest.mark.usefixtures("newer_program")
def test_reading_an_older_file_migrates_only_what_is_read(path: Path) -> None:
    before = path.read_bytes()
    with open_db(path, read_only=True) as db:
        assert content(db)["people"] == MIGRATED["people"]
    assert path.read_bytes() == before
    assert not (path.parent / "backups").exists()


def test_reading_an_older_file_follows_the_older_program(path: Path, newer_program: pytest.MonkeyPatch) -> None:
    reader = open_db(path, read_only=True)
    with newer_program.context() as older:
        older.setattr(migrations, "SCHEMA", 1)
        older.setattr(migrations, "MIN_SCHEMA", 1)
        writer = open_db(path)
        writer.table("people").update({"name": "Plato Athens"}, doc_ids=[2])
    assert reader.storage.refresh()
    assert reader.table("people").get(doc_id=2) == {"first": "Plato", "last": "Athens", "letters": 11}
    assert "quarantine" not in content(reader)


def test_a_file_that_needs_a_newer_program_is_only_read(path: Path, newer_program: pytest.MonkeyPatch) -> None:
    open_db(path).close()
    newer_program.undo()
    before = path.read_bytes()
    with open_db(path) as db:
        assert content(db)["people"] == MIGRATED["people"]
        assert db.storage.read_only
        assert "newer modeltui (schema 3, this one knows 1)" in db.storage.reason
        with pytest.raises(StoreReadOnly, match="update modeltui"):
            db.table("people").insert({})
    assert path.read_bytes() == before


def test_a_newer_file_that_this_program_may_write_keeps_its_schema(
    path: Path, newer_program: pytest.MonkeyPatch
) -> None:
    newer_program.setattr(migrations, "MIN_SCHEMA", 1)
    open_db(path).close()
    newer_program.undo()
    with open_db(path) as db:
        db.table("places").insert({"name": "Paris"})
    with open_db(path) as db:
        assert db.storage.meta["schema"] == 3
        assert len(db.table("places")) == 2


def test_a_program_that_is_open_while_a_newer_one_migrates_only_reads_on(
    path: Path, newer_program: pytest.MonkeyPatch
) -> None:
    with newer_program.context() as older:
        older.setattr(migrations, "SCHEMA", 1)
        older.setattr(migrations, "MIN_SCHEMA", 1)
        db = open_db(path)
    open_db(path).close()
    newer_program.undo()
    with pytest.raises(StoreReadOnly, match="newer modeltui"):
        db.table("people").insert({})
    assert content(db)["people"] == MIGRATED["people"]


def test_a_layout_that_only_a_newer_program_reads_is_refused(path: Path) -> None:
    open_db(path).storage.checkpoint()
    state, meta = snapshot.parse(path.read_bytes(), path)
    with path.open("wb", buffering=0) as file:
        snapshot.write(file, state, meta | {"format": 2})
    before = {p.name: p.read_bytes() for p in path.parent.iterdir()}
    with pytest.raises(StoreNewer, match="update modeltui"):
        open_db(path)
    assert {p.name: p.read_bytes() for p in path.parent.iterdir()} == before
