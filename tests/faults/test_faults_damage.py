"""Damaged, foreign, empty and missing files: never overwritten, never read as something else."""

import random
from pathlib import Path

import pytest

from store.journal import CatalogDB, StoreCorrupt, StoreError, open_db


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A small catalog with three documents in the snapshot and three transactions in the journal."""
    path = tmp_path / "catalog.json"
    db = open_db(path)
    db.table("versions").insert_multiple([{"n": 1}, {"n": 2}, {"n": "Zürich"}])
    db.storage.checkpoint()
    db.table("versions").insert({"n": 4})
    with db.storage.transaction():
        db.table("versions").update({"n": 22}, doc_ids=[2])
        db.table("events").insert({"why": "two"})
    db.table("versions").remove(doc_ids=[1])
    db.close(fold=False)
    return path


def journal(path: Path) -> Path:
    return path.with_name("catalog.json.journal")


def content(db: CatalogDB) -> dict:
    return db.storage.read() or {}


def states(path: Path) -> list[dict]:
    """What the catalog held after each of its transactions."""
    v = {"1": {"n": 1}, "2": {"n": 2}, "3": {"n": "Zürich"}}
    first = {"versions": dict(v)}
    second = {"versions": v | {"4": {"n": 4}}}
    third = {"events": {"1": {"why": "two"}}, "versions": second["versions"] | {"2": {"n": 22}}}
    fourth = {"events": third["events"], "versions": {k: d for k, d in third["versions"].items() if k != "1"}}
    with open_db(path, read_only=True) as db:
        assert content(db) == fourth
    return [first, second, third, fourth]


def test_a_snapshot_cut_at_any_byte_is_refused_and_kept(path: Path) -> None:
    data = path.read_bytes()
    for size in range(len(data)):
        path.write_bytes(data[:size])
        with pytest.raises(StoreCorrupt) as caught:
            open_db(path)
        assert str(path) in str(caught.value)
        assert path.read_bytes() == data[:size]


def test_any_flipped_bit_of_a_snapshot_is_noticed(path: Path) -> None:
    data = path.read_bytes()
    for position in range(len(data)):
        for bit in range(8) if position % 7 == 0 else (position % 8,):
            path.write_bytes(data[:position] + bytes([data[position] ^ 1 << bit]) + data[position + 1 :])
            with pytest.raises(StoreCorrupt):
                open_db(path, read_only=True)


def test_a_journal_cut_at_any_byte_is_a_prefix_of_its_transactions_and_writable(path: Path) -> None:
    allowed, data, whole = states(path), journal(path).read_bytes(), path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(data) if byte == 10]
    for size in range(len(data)):
        journal(path).write_bytes(data[:size])
        complete = sum(end <= size for end in ends[1:])
        with open_db(path, read_only=True) as reader:
            assert content(reader) == allowed[complete]
        db = open_db(path)
        assert content(db) == allowed[complete]
        assert bool(db.storage.notices) == (size not in {0, *ends})
        db.table("later").insert({})
        db.close(fold=False)
        with open_db(path, read_only=True) as reader:
            assert content(reader) == allowed[complete] | {"later": {"1": {}}}
        path.write_bytes(whole)
    torn = b"".join(sorted(p.read_bytes() for p in path.parent.glob("*.torn-*")))
    assert data[ends[0] : ends[1] - 1] in torn, "an unfinished line was not kept"


def test_a_flipped_bit_of_the_journal_never_gives_wrong_data(path: Path) -> None:
    allowed, data, rng = states(path), journal(path).read_bytes(), random.Random(3)
    refused = 0
    for _ in range(400):
        position = rng.randrange(len(data))
        journal(path).write_bytes(
            data[:position] + bytes([data[position] ^ 1 << rng.randrange(8)]) + data[position + 1 :]
        )
        try:
            with open_db(path, read_only=True) as db:
                assert content(db) in allowed
        except StoreCorrupt:
            refused += 1
    assert refused > 200, "damage before saved edits is no unfinished write"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"null", "not a catalog as modeltui writes it"),
        (b"{}", "not a catalog as modeltui writes it"),
        (b"\0" * 5000, "only zero bytes"),
        (b'{"_default": {"1": {"a": 1}}}', "not a catalog as modeltui writes it"),
        (b'\xef\xbb\xbf{"a": 1}', "not a catalog"),
        (b"\xff\xfe\x00garbage", "not JSON"),
        (b"[" * 100_000, "not a catalog"),
        (b'{\n"_meta":{\n"1":7,"crc":"00000000"}\n}\n}\n', "damaged"),
        (b'{\n"_meta":{\n"1":{"format":"1","crc":"00000000"}\n}\n}\n', "does not describe itself"),
    ],
)
def test_what_is_no_catalog_is_refused_in_a_sentence_and_kept(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "catalog.json"
    path.write_bytes(data)
    for read_only in (False, True):
        with pytest.raises(StoreCorrupt, match=words) as caught:
            open_db(path, read_only=read_only)
        message = str(caught.value)
        assert "\n" not in message
        assert message.endswith(".")
    assert path.read_bytes() == data


def test_a_directory_or_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "catalog.json").mkdir()
    with pytest.raises(StoreError, match="could not be read"):
        open_db(tmp_path / "catalog.json")
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="is a file"):
        open_db(tmp_path / "file" / "catalog.json")


def test_noise_behind_a_whole_snapshot_is_refused(path: Path) -> None:
    data = path.read_bytes()
    for noise in (b" ", b"\n", b"}", b"\0" * 512, data):
        path.write_bytes(data + noise)
        with pytest.raises(StoreCorrupt):
            open_db(path)


def test_the_journal_of_another_catalog_is_not_applied(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "catalog.json"
    db = open_db(other)
    db.table("versions").insert({"n": "foreign"})
    db.close(fold=False)
    journal(other).replace(journal(path))
    with pytest.raises(StoreCorrupt, match="belongs to another catalog"):
        open_db(path)


def test_damage_while_the_catalog_is_open_stops_edits_and_keeps_what_was_read(path: Path) -> None:
    with open_db(path) as db:
        known = content(db)
        data = path.read_bytes()
        path.write_bytes(data[:-20])
        for act in (db.storage.refresh, lambda: db.table("versions").insert({}), db.storage.checkpoint):
            with pytest.raises(StoreCorrupt):
                act()
        assert content(db) == known
        assert path.read_bytes() == data[:-20]
        path.write_bytes(data)
        db.table("versions").insert({})


def test_a_journal_removed_under_an_open_catalog_is_written_again(path: Path) -> None:
    db = open_db(path)
    known = content(db)
    journal(path).unlink()
    db.table("later").insert({})
    assert "was removed by another program" in db.storage.notices[0]
    db.close(fold=False)
    with open_db(path) as db:
        assert content(db) == known | {"later": {"1": {}}}
