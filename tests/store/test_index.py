"""The index beside a snapshot: with it and without it a catalog opens to the same, and nothing rests on it."""

from __future__ import annotations

import errno
import os
import random
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from store import repair
from store.catalog import Catalog, StoreCorrupt, StoreReadOnly, fixed_clock
from store.engine import new_uid
from store.journal import disk, index
from store.journal.snapshot import OnDisk
from store.records import Measurement, UseCase, Version
from store.table_keys import Keys

TODAY = date(2026, 11, 23)
KEY = "openai/gpt-4.1@2025-04-14"


@pytest.fixture(autouse=True)
def _however_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "LEAST", 0)


@pytest.fixture
def path(store_path: Path) -> Path:
    """A closed catalog with an index."""
    with opened(store_path) as catalog:
        catalog.add_use_case(UseCase(new_uid(), "support", owner="ann"))
        catalog.assign("support", KEY)
    assert index.beside(store_path).exists()
    return store_path


def opened(path: Path, **how: Any) -> Catalog:
    return Catalog.open(path, actor="ann", clock=fixed_clock(TODAY), **how)


def state_of(catalog: Catalog) -> Any:
    return catalog._db.storage._files.state


def told(catalog: Catalog) -> dict[str, Any]:
    """All that can be asked of the tables, independent of their order."""
    found: dict[str, Any] = {"broken": dict(catalog.broken())}
    for name, records in catalog._tables.items():
        keys = sorted(records)
        found[name] = [(key, repr(records[key]), records.uid_of(key)) for key in keys]
        found[f"{name} by uid"] = [records.by_uid(records.uid_of(key) or "") is not None for key in keys]
        found[f"{name} naming"] = {key: len(records.of_version(key)) for key in sorted(records._by_version)}
    found["released"] = [catalog.versions.released(key) for key in sorted(catalog.versions)]
    return found


def without_index(path: Path) -> dict[str, Any]:
    """What the catalog says where no index is."""
    copy = path.with_name("copy.json")
    shutil.copy(path, copy)
    journal = path.with_name(f"{path.name}.journal")
    if journal.exists():
        shutil.copy(journal, copy.with_name(f"{copy.name}.journal"))
    with opened(copy, read_only=True) as catalog:
        assert not catalog._db.storage._files._indexed
        return told(catalog)


def edit(catalog: Catalog, rng: random.Random) -> None:
    """Some edits of the tables that the index has keys of."""
    keys = list(catalog.versions)
    for number in range(3):
        key = f"own/churn@{rng.randrange(10**9)}"
        catalog.add_version(Version(new_uid(), key))
        catalog.tag([rng.choice(keys)], [f"t{number}"])
        catalog.measure(Measurement(new_uid(), "accuracy", rng.random(), key, as_of="2026-11-20"))
    catalog.delete_version(key)


@pytest.mark.parametrize("hurry", [False, True])
@pytest.mark.parametrize("folded", [False, True])
def test_it_opens_to_the_same(path: Path, hurry: bool, folded: bool) -> None:
    rng = random.Random(7)
    with opened(path) as catalog:
        edit(catalog, rng)
    with opened(path) as catalog:
        edit(catalog, rng)
        catalog._db.close(fold=folded)
    expected = without_index(path)
    with opened(path, hurry=hurry) as catalog:
        assert catalog._db.storage._files._indexed
        assert told(catalog) == expected
        catalog.read_rest()
        assert isinstance(state_of(catalog).buffer, bytes)
        assert told(catalog) == expected
        edit(catalog, rng)
        assert told(catalog) == without_index(path)


def test_one_that_is_not_of_this_file_or_program_is_as_good_as_none(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, beside = without_index(path), index.beside(path)
    good = beside.read_bytes()
    rng = random.Random(3)
    flipped = [bytearray(good) for _ in range(60)]
    for data in flipped:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    for data in (b"", good[:4], good[: len(good) // 2], good[:-1], good + b"x", b"{}" * 20, *map(bytes, flipped)):
        beside.write_bytes(data)
        assert index.read(path) is None
    with opened(path, hurry=True) as catalog:
        assert told(catalog) == expected
    beside.write_bytes(good)
    with monkeypatch.context() as patch:
        patch.setattr(index, "program", lambda: "another")
        assert index.read(path) is None
    assert index.read(path) is not None
    os.utime(path)
    assert index.read(path) is None


def test_an_older_one_is_not_taken_for_the_new_snapshot(path: Path) -> None:
    old = index.beside(path).read_bytes()
    with opened(path) as catalog:
        edit(catalog, random.Random(1))
    index.beside(path).write_bytes(old)  # as if the power went between the two
    with opened(path, hurry=True) as catalog:
        assert told(catalog) == without_index(path)


def test_a_catalog_that_another_program_wrote_gets_one_behind_the_first_view(path: Path) -> None:
    index.beside(path).unlink()
    with opened(path, hurry=True) as catalog:
        assert isinstance(state_of(catalog).buffer, bytes)
        assert not index.beside(path).exists()
        catalog.read_rest()
        assert index.read(path) is not None
        assert index.beside(path).stat().st_mode & 0o777 == path.stat().st_mode & 0o777
    with opened(path, hurry=True) as catalog:
        assert isinstance(state_of(catalog).buffer, OnDisk)


def test_damage_that_hides_from_the_index_is_found_before_anything_is_written(path: Path) -> None:
    seen, data = path.stat(), path.read_bytes()
    at = data.index(b'"release_date"')
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"X")
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    with opened(path, hurry=True) as catalog:
        assert not catalog.read_only
        catalog.read_rest()
        assert "checksum does not match" in catalog.read_only
        with pytest.raises(StoreReadOnly, match="checksum"):
            catalog.tag([KEY], ["x"])
    assert path.read_bytes()[:at] == data[:at]
    assert not path.with_name(f"{path.name}.journal").exists()


@pytest.mark.parametrize("write", ["edit", "copy", "fold"])
def test_nothing_is_written_of_a_file_that_was_not_checked(path: Path, write: str) -> None:
    if write == "fold":
        with opened(path) as catalog:
            catalog.tag([KEY], ["x"])
            catalog._db.close(fold=False)
    seen, data = path.stat(), bytearray(path.read_bytes())
    data[data.index(b'"release_date"')] ^= 1
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    with opened(path, hurry=True) as catalog:
        assert catalog._db.storage._files._indexed
        with pytest.raises(StoreCorrupt, match="checksum does not match"):
            {"edit": lambda: catalog.tag([KEY], ["y"]), "copy": catalog.backup, "fold": catalog.compact}[write]()
        assert "checksum does not match" in catalog.read_only
    assert path.read_bytes() == data
    assert not list(path.parent.glob("backups/*"))


def test_a_reader_in_a_hurry_keeps_its_file_while_another_folds(path: Path) -> None:
    with opened(path, hurry=True) as reader:
        before = told(reader)
        with opened(path) as writer:
            edit(writer, random.Random(5))
        assert path.stat().st_ino != os.fstat(state_of(reader).buffer._file.fileno()).st_ino
        assert told(reader) == before
        assert reader.refresh()
        assert told(reader) == without_index(path)
        reader.read_rest()
        reader.tag([KEY], ["later"])
        assert told(reader) == without_index(path)


@pytest.mark.parametrize("journal", [False, True])
@pytest.mark.parametrize("refreshed", [False, True])
def test_what_another_process_folds_meanwhile_gets_no_index_of_what_was(
    path: Path, journal: bool, refreshed: bool
) -> None:
    if journal:
        with opened(path) as catalog:
            edit(catalog, random.Random(8))
            catalog._db.close(fold=False)
    index.beside(path).unlink()
    with opened(path, hurry=True) as late:
        with opened(path) as other:
            edit(other, random.Random(9))
        assert index.read(path) is not None
        if refreshed:
            assert late.refresh()
        late.read_rest()
        assert index.read(path) is not None
    with opened(path, hurry=True) as catalog:
        assert isinstance(state_of(catalog).buffer, OnDisk)
        assert told(catalog) == without_index(path)


@pytest.mark.parametrize("before", [False, True])
def test_what_stands_in_the_journal_is_in_no_index(path: Path, before: bool) -> None:
    index.beside(path).unlink()

    def delete() -> None:
        with opened(path) as other:
            other.delete_version("openai/gpt-4@0314")
            other._db.close(fold=False)

    if before:
        delete()
    with opened(path, hurry=True) as late:
        if not before:
            delete()
            assert late.refresh()
        late.read_rest()
        assert not index.beside(path).exists()
        assert told(late) == without_index(path)


def test_a_disk_without_room_for_it_costs_nothing_but_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create = disk.create

    def full(target: Path, mode: int) -> int:
        if ".index" in target.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        return create(target, mode)

    monkeypatch.setattr(disk, "create", full)
    with opened(path) as catalog:
        edit(catalog, random.Random(2))
    assert not list(path.parent.glob("*.tmp-*"))
    with opened(path, hurry=True) as catalog:
        catalog.read_rest()
        assert told(catalog) == without_index(path)
        assert not catalog.notices


def test_a_small_catalog_has_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "LEAST", 1 << 40)
    with opened(path) as catalog:
        edit(catalog, random.Random(2))
    assert not index.beside(path).exists()


def test_what_is_read_piece_by_piece_is_what_stands_there(path: Path) -> None:
    whole = path.read_bytes()
    on_disk = OnDisk(path)
    places = [(n, start << 32 | size) for n, (start, size) in enumerate(_pieces(len(whole)), 1)]
    entries: list[tuple[int, int | bytes]] = [*places, (0, b"from the journal"), *reversed(places)]
    for (doc_id, raw), (wanted, entry) in zip(on_disk.items(entries), entries, strict=True):
        assert doc_id == wanted
        assert raw == (entry if isinstance(entry, bytes) else whole[entry >> 32 :][: entry & 0xFFFFFFFF])
    assert on_disk.read() == whole
    assert on_disk[5:25] == whole[5:25]
    assert len(on_disk) == len(whole)


def _pieces(size: int) -> Iterator[tuple[int, int]]:
    """Places of documents as they follow each other, one of them larger than what is fetched at a time."""
    rng, at = random.Random(11), 2
    while at < size:
        length = 200_000 if rng.random() < 0.02 else rng.randrange(1, 3_000)
        yield at, min(length, size - at)
        at += length + 8


def test_the_doctor_looks_at_the_documents_themselves(path: Path) -> None:
    made = index.read(path)
    assert made is not None
    keys = Keys.of("versions", [])
    made.keys["versions"] = msgspec.Raw(msgspec.msgpack.encode(keys))  # as if an index could lie
    index.write(path, made, 0o600)
    with opened(path) as catalog:
        assert not catalog.versions
    assert repair.examine(path).healthy
    assert not index.beside(path).exists()
    with opened(path) as catalog:
        assert len(catalog.versions) > 700
