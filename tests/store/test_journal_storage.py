"""The journaled storage as TinyDB and the catalog see it."""

import json
import os
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tinydb import TinyDB, where
from tinydb.table import Document

from store.journal import CatalogDB, StoreCorrupt, StoreError, StoreLocked, StoreReadOnly, open_db
from store.journal import storage as storage_module
from store.journal.lock import FileLock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "catalog.json"


def values(db: CatalogDB, table: str = "versions") -> list[dict]:
    return [dict(doc) for doc in db.table(table).all()]


def insert_in_one_transaction(db: CatalogDB, *docs: dict, error: Exception | None = None) -> None:
    with db.storage.transaction():
        db.table("versions").update({"n": -1}, where("n").exists())
        for doc in docs:
            db.table("versions").insert(doc)
        if error:
            raise error


# ── TinyDB's own interface ────────────────────────────────────────────────────────────────────────────────────────


def test_tinydb_calls_behave_as_those_of_tinydb(path: Path, tmp_path: Path) -> None:
    results = []
    for db in (open_db(path), TinyDB(tmp_path / "stock.json")):
        t = db.table("versions")
        seen: list = [t.insert({"a": 1, "tags": ["x"]}), t.insert_multiple([{"a": 2}, {"a": 3}])]
        seen += [t.update({"b": "é"}, where("a") >= 2), t.update(lambda doc: doc.update(c=1), doc_ids=[1, 99])]
        seen += [t.upsert({"a": 9, "new": True}, where("a") == 9), t.upsert({"d": 4}, where("a") == 1)]
        seen += [t.update_multiple([({"e": 5}, where("a") == 3)]), t.remove(where("a") == 2), t.remove(doc_ids=[77])]
        seen += [t.insert(Document({"a": 7}, doc_id=20)), t.insert({"a": 8}), len(t), t.count(where("a") > 1)]
        seen += [t.contains(doc_id=20), t.get(where("a") == 7), t.get(doc_id=99), t.get(doc_ids=[1, 20])]
        seen += [t.search(where("tags").any(["x"])), t.all(), [d.doc_id for d in t], db.tables()]
        db.insert({"in": "default table"})
        seen += [len(db), db.tables()]
        db.drop_table("versions")
        seen += [db.tables(), db.storage.read()]
        db.drop_tables()
        seen += [db.tables(), len(t)]
        t.insert({"a": 1})
        t.truncate()
        seen += [t.all()]
        db.close()
        results.append(seen)
    assert results[0] == results[1]


def test_an_id_is_never_used_twice_not_even_after_reopening(path: Path) -> None:
    with open_db(path) as db:
        db.table("versions").insert_multiple([{}, {}])
        db.table("versions").remove(doc_ids=[2])
    with open_db(path) as db:
        assert db.table("versions").insert({}) == 3


def test_a_document_handed_out_is_a_private_copy(path: Path) -> None:
    with open_db(path) as db:
        t = db.table("versions")
        given = {"tags": ["a"]}
        t.insert(given)
        given["tags"].append("b")
        t.get(doc_id=1)["tags"].append("c")
        t.search(where("tags").exists())[0]["tags"].append("d")
        assert t.get(doc_id=1) == {"tags": ["a"]}


def test_an_update_that_fails_half_way_changes_nothing(path: Path) -> None:
    def fail_on_second(doc: dict) -> None:
        doc["a"] = 1 / (2 - doc["n"])

    with open_db(path) as db:
        db.table("versions").insert_multiple([{"n": 1}, {"n": 2}])
        with pytest.raises(ZeroDivisionError):
            db.table("versions").update(fail_on_second)
        assert values(db) == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (float("nan"), "x.1 is not a finite number"),
        (float("inf"), "x.1 is not a finite number"),
        (1 << 64, "64-bit"),
        ({1: 2}, "key"),
        (datetime(2026, 11, 23, tzinfo=UTC), "not JSON serializable"),
        ("\ud800", "surrogates"),
    ],
)
def test_a_value_that_json_cannot_keep_is_refused_whole(path: Path, value: object, words: str) -> None:
    with open_db(path) as db:
        with pytest.raises(StoreError, match=words):
            insert_in_one_transaction(db, {"fine": None}, {"x": [None, value]})
        assert values(db) == []


def test_tables_may_have_any_name_but_that_of_the_description(path: Path) -> None:
    with open_db(path) as db:
        db.table('odd "näme"\n').insert({"a": 1})
        with pytest.raises(StoreError, match="_meta"):
            db.table("_meta").insert({"a": 1})
    with open_db(path) as db:
        assert db.tables() == {'odd "näme"\n'}


# ── what stands in the file ───────────────────────────────────────────────────────────────────────────────────────


def test_the_file_is_plain_json_for_its_owner_only_and_the_journal_goes_at_exit(path: Path) -> None:
    db = open_db(path)
    db.table("versions").insert({"name": "Zürich", "score": 0.30000000000000004, "none": None})
    names = {p.name for p in path.parent.iterdir()}
    assert names == {"catalog.json", "catalog.json.journal", "catalog.json.lock"}
    modes = {stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    db.close()
    assert {p.name for p in path.parent.iterdir()} == {"catalog.json", "catalog.json.lock"}
    assert json.loads(path.read_text(encoding="utf-8"))["versions"]["1"]["name"] == "Zürich"
    assert TinyDB(path).table("versions").all() == [{"name": "Zürich", "score": 0.30000000000000004, "none": None}]


def test_a_mode_that_a_group_was_given_is_kept(path: Path) -> None:
    open_db(path).close()
    path.chmod(0o640)
    with open_db(path) as db:
        db.table("versions").insert({})
        assert stat.S_IMODE(Path(f"{path}.journal").stat().st_mode) == 0o640
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_link_to_the_catalog_stays_a_link(path: Path, tmp_path: Path) -> None:
    open_db(path).close()
    link = tmp_path / "link.json"
    link.symlink_to(path)
    with open_db(link) as db:
        db.table("versions").insert({"a": 1})
    assert link.is_symlink()
    with open_db(path) as db:
        assert len(db.table("versions")) == 1


def test_an_edit_is_in_the_file_before_it_returns_and_survives_without_closing(path: Path) -> None:
    db = open_db(path)
    db.table("versions").insert({"a": 1})
    with open_db(path, read_only=True) as other:
        assert values(other) == [{"a": 1}]
    db.close(fold=False)
    assert Path(f"{path}.journal").exists()
    with open_db(path) as db:
        assert values(db) == [{"a": 1}]


def test_a_session_that_only_read_leaves_the_files_as_they_are(path: Path) -> None:
    db = open_db(path)
    db.table("versions").insert({"a": 1})
    db.close(fold=False)
    before = {p.name: p.read_bytes() for p in path.parent.iterdir()}
    with open_db(path) as db:
        assert len(db.table("versions")) == 1
    assert {p.name: p.read_bytes() for p in path.parent.iterdir()} == before


def test_a_long_journal_is_folded_in_the_background(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_module, "MIN_FOLD", 2000)
    db = open_db(path)
    for number in range(300):
        db.table("versions").insert({"n": number})
    db.close(fold=False)
    with open_db(path) as db:
        assert db.storage.meta["generation"] > 1
        assert [doc["n"] for doc in db.table("versions")] == list(range(300))


def test_edits_during_a_fold_are_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from store.journal.fold import NewSnapshot

    db, other = open_db(path), open_db(path)
    db.table("versions").insert({"n": 1})
    write = NewSnapshot.write

    def write_while_others_edit(new: NewSnapshot) -> None:
        other.table("versions").insert({"n": 2})
        write(new)
        other.table("versions").insert({"n": 3})

    monkeypatch.setattr(NewSnapshot, "write", write_while_others_edit)
    db.storage.checkpoint()
    monkeypatch.undo()
    db.table("versions").insert({"n": 4})
    assert [doc["n"] for doc in db.table("versions")] == [1, 2, 3, 4]
    assert other.storage.refresh()
    assert [doc["n"] for doc in other.table("versions")] == [1, 2, 3, 4]
    assert other.storage.meta["generation"] == db.storage.meta["generation"] == 2
    with open_db(path, read_only=True) as third:
        assert [doc["n"] for doc in third.table("versions")] == [1, 2, 3, 4]


def test_of_two_folds_at_a_time_the_second_gives_way(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from store.journal.fold import NewSnapshot

    db, other = open_db(path), open_db(path)
    db.table("versions").insert({"n": 1})
    write = NewSnapshot.write

    def write_while_other_folds(new: NewSnapshot) -> None:
        monkeypatch.setattr(NewSnapshot, "write", write)
        other.storage.checkpoint()
        other.table("versions").insert({"n": 2})
        write(new)

    monkeypatch.setattr(NewSnapshot, "write", write_while_other_folds)
    db.storage.checkpoint()
    assert [doc["n"] for doc in db.table("versions")] == [1, 2]
    assert sorted(p.name for p in path.parent.iterdir()) == [
        "catalog.json",
        "catalog.json.journal",
        "catalog.json.lock",
    ]


# ── transactions ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_transaction_is_one_line_visible_inside_and_invisible_outside(path: Path) -> None:
    with open_db(path) as db:
        db.table("versions").insert_multiple([{"n": 1}, {"n": 2}])
        lines = Path(f"{path}.journal").read_bytes().count(b"\n")
        seen_by_another: list[object] = []
        with db.storage.transaction():
            db.table("versions").remove(doc_ids=[1])
            db.table("events").insert({"why": "test"})
            db.table("versions").insert({"n": 3})
            assert values(db) == [{"n": 2}, {"n": 3}]
            assert db.tables() == {"versions", "events"}
            assert [i for i, _ in db.storage.raw("versions")] == [2, 3]
            thread = threading.Thread(target=lambda: seen_by_another.append((values(db), db.tables())))
            thread.start()
            thread.join()
        assert seen_by_another == [([{"n": 1}, {"n": 2}], {"versions"})]
        assert Path(f"{path}.journal").read_bytes().count(b"\n") == lines + 1


def test_an_exception_drops_the_transaction_and_an_inner_one_only_its_own_edits(path: Path) -> None:
    with open_db(path) as db:
        t = db.table("versions")
        with pytest.raises(KeyError):
            insert_in_one_transaction(db, {"n": 1}, error=KeyError())
        assert len(t) == 0
        with db.storage.transaction():
            t.insert(Document({"n": 1}, doc_id=1))
            with pytest.raises(KeyError):
                insert_in_one_transaction(db, {"n": 9}, error=KeyError())
            assert values(db) == [{"n": 1}]
        assert values(db) == [{"n": 1}]


def test_an_edit_that_changes_nothing_writes_nothing(path: Path) -> None:
    with open_db(path) as db:
        db.table("versions").insert({"n": 1})
        before = db.storage.seq, Path(f"{path}.journal").stat().st_size
        db.table("versions").update({"n": 1}, doc_ids=[1])
        assert (db.storage.seq, Path(f"{path}.journal").stat().st_size) == before


def test_what_cannot_be_done_inside_a_transaction_says_so(path: Path) -> None:
    with open_db(path) as db:
        with db.storage.transaction():
            for action in (db.storage.checkpoint, db.storage.close, lambda: db.storage.copy_to(path)):
                with pytest.raises(StoreError, match="inside a transaction"):
                    action()
            db.table("versions").insert({})
        assert len(db.table("versions")) == 1


def test_threads_take_turns(path: Path) -> None:
    def count_up() -> None:
        for _ in range(50):
            db.table("versions").update(lambda doc: doc.update(n=doc["n"] + 1), doc_ids=[1])

    with open_db(path) as db:
        db.table("versions").insert({"n": 0})
        threads = [threading.Thread(target=count_up) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert values(db) == [{"n": 200}]


# ── listeners and other processes ─────────────────────────────────────────────────────────────────────────────────


def test_listeners_are_told_own_and_foreign_edits_in_commit_order(path: Path) -> None:
    mine, other = open_db(path), open_db(path)
    told: list = []
    mine.storage.listeners.append(told.append)
    mine.table("versions").insert({"n": 1})
    other.table("versions").update({"n": 2}, doc_ids=[1])
    other.table("versions").remove(doc_ids=[1])
    with mine.storage.transaction():
        assert told[1:] == [[("versions", 1, b'{"n":1}', b'{"n":2}')], [("versions", 1, b'{"n":2}', None)]]
        mine.table("versions").insert({"n": 3})
    assert told[0] == [("versions", 1, None, b'{"n":1}')]
    assert told[3] == [("versions", 2, None, b'{"n":3}')]
    assert not mine.storage.refresh()
    other.table("versions").insert({"n": 4})
    assert mine.storage.refresh()
    assert told[4:] == [[("versions", 3, None, b'{"n":4}')]]


def test_a_listener_may_edit_and_the_order_stays(path: Path) -> None:
    with open_db(path) as db:
        told: list = []

        def mirror(changes: list) -> None:
            if changes[0][0] == "versions":
                db.table("mirror").insert({"of": changes[0][1]})

        db.storage.listeners += [mirror, lambda changes: told.append(changes[0][:2])]
        db.table("versions").insert({})
        assert told == [("versions", 1), ("mirror", 1)]


def test_a_snapshot_folded_elsewhere_is_followed_and_an_unseen_one_is_read(path: Path) -> None:
    mine, other = open_db(path), open_db(path)
    told: list = []
    mine.storage.listeners.append(told.append)
    other.table("versions").insert_multiple([{"n": 1}, {"n": 2}])
    other.storage.checkpoint()
    other.table("versions").update({"n": 3}, doc_ids=[2])
    assert mine.storage.refresh()
    assert [change[1:] for batch in told for change in batch] == [
        (1, None, b'{"n":1}'),
        (2, None, b'{"n":2}'),
        (2, b'{"n":2}', b'{"n":3}'),
    ]
    assert values(mine) == values(other) == [{"n": 1}, {"n": 3}]


def test_a_catalog_that_goes_away_is_reported_and_not_written(path: Path) -> None:
    db = open_db(path)
    db.table("versions").insert({"n": 1})
    path.unlink()
    with pytest.raises(StoreCorrupt, match="is gone"):
        db.storage.refresh()
    with pytest.raises(StoreCorrupt, match="is gone"):
        db.table("versions").insert({"n": 2})
    assert not path.exists()
    with pytest.raises(StoreCorrupt, match="is missing while"):
        open_db(path)


def test_a_held_lock_is_waited_for_and_then_named(path: Path) -> None:
    db = open_db(path, lock_timeout=0.05)
    holder = FileLock(Path(f"{path}.lock"))
    assert holder.acquire(0)
    with pytest.raises(StoreLocked, match=f"process {os.getpid()}|another process"):
        db.table("versions").insert({})
    with pytest.raises(StoreLocked):
        open_db(path, lock_timeout=0)
    assert not db.storage.refresh()
    holder.release()
    assert db.table("versions").insert({}) == 1


def test_a_deleted_lock_file_does_not_let_two_in(path: Path) -> None:
    first, second = open_db(path), open_db(path)
    Path(f"{path}.lock").unlink()
    with first.storage.transaction():
        second.storage.lock_timeout = 0
        with pytest.raises(StoreLocked):
            second.table("versions").insert({})


def test_a_closed_storage_and_one_of_a_parent_process_refuse(path: Path) -> None:
    db = open_db(path)
    db.close()
    db.close()
    with pytest.raises(StoreError, match="closed"):
        db.table("versions").insert({})
    db = open_db(path)
    child = os.fork()
    if child == 0:
        try:
            db.table("versions").insert({})
        except StoreError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    db.close()


# ── reading only ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_catalog_opened_for_reading_refuses_edits_and_follows_those_of_others(path: Path) -> None:
    with pytest.raises(StoreError, match="There is no catalog"):
        open_db(path, read_only=True)
    assert not path.parent.exists()
    writer = open_db(path)
    reader = open_db(path, read_only=True)
    assert reader.storage.read_only
    with pytest.raises(StoreReadOnly, match="for reading only"):
        reader.table("versions").insert({})
    with pytest.raises(StoreReadOnly):
        reader.storage.checkpoint()
    writer.table("versions").insert({"n": 1})
    assert reader.storage.refresh()
    writer.storage.checkpoint()
    writer.table("versions").insert({"n": 2})
    assert reader.storage.refresh()
    assert values(reader) == [{"n": 1}, {"n": 2}]


def test_a_copy_is_a_catalog_of_its_own(path: Path, tmp_path: Path) -> None:
    with open_db(path) as db:
        db.table("versions").insert({"n": 1})
        db.storage.copy_to(tmp_path / "copy.json")
        db.table("versions").insert({"n": 2})
    with open_db(tmp_path / "copy.json") as copy:
        assert values(copy) == [{"n": 1}]
