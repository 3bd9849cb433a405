"""A full disk, a failing disk, and files or directories that may not be written."""

import errno
import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fault_children import start

from store import backup
from store.journal import CatalogDB, StoreError, StoreFull, StoreReadOnly, disk, open_db
from store.journal import storage as storage_module

NOBODY = 65534


def values(db: CatalogDB) -> list[int]:
    return [doc["n"] for doc in db.table("versions")]


def fill(db: CatalogDB, size: int = 1500) -> int:
    """Insert until there is no room; how many were acknowledged."""
    for number in range(100_000):
        try:
            db.table("versions").insert({"n": number, "note": "x" * size})
        except StoreFull:
            return number
    raise AssertionError("it never got full")


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def public_directory() -> Iterator[Path]:
    """A directory that other users can reach, unlike pytest's own."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


# ── full ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_limit_on_file_size_loses_nothing_and_work_goes_on_when_there_is_room(tmp_path: Path) -> None:
    path = tmp_path / "catalog.json"
    db = open_db(path)
    with file_size_limit(200_000):
        acknowledged = fill(db)
        assert values(db) == list(range(acknowledged))
        with open_db(path, read_only=True) as other:
            assert values(other) == list(range(acknowledged))
        db.storage.checkpoint()
        fill(db)
        with pytest.raises(StoreFull, match="no room left"):  # both together are too large for one file
            db.storage.checkpoint()
        known = values(db)
        assert not db.storage.read_only
    db.table("versions").insert({"n": -1})
    db.close()
    with open_db(path) as db:
        assert values(db) == [*known, -1]
    assert {p.name for p in tmp_path.iterdir()} == {"catalog.json", "catalog.json.lock"}


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        monkeypatch.setattr(storage_module, "MIN_FOLD", 100_000)
        path = tmp_path / "catalog.json"
        filler = tmp_path / "other"
        filler.write_bytes(b"x" * 100_000)
        db = open_db(path)
        acknowledged = fill(db)
        assert values(db) == list(range(acknowledged))
        with pytest.raises(StoreFull):
            backup.take(db.storage, "manual", backup.datetime.now(backup.UTC))
        db.close()
        with open_db(path) as db:
            assert values(db) == list(range(acknowledged))
            filler.unlink()
            db.table("versions").insert({"n": acknowledged, "note": ""})
        with open_db(path) as db:
            assert values(db) == list(range(acknowledged + 1))
        assert not list(tmp_path.glob("*.tmp-*"))
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_no_room_for_a_fold_is_a_notice_not_a_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_module, "MIN_FOLD", 1000)
    monkeypatch.setattr(disk, "free_bytes", lambda path: 10)
    db = open_db(tmp_path / "catalog.json")
    for number in range(20):
        db.table("versions").insert({"n": number, "note": "x" * 200})
    db.close()
    assert "every edit is safe in the journal" in db.storage.notices[0]
    assert len(db.storage.notices) < 10
    with open_db(tmp_path / "catalog.json", read_only=True) as db:
        assert values(db) == list(range(20))


# ── failing ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("first", [True, False], ids=["first edit", "later edit"])
def test_a_failing_sync_makes_the_store_read_only_until_it_is_reopened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    def fail(fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    path = tmp_path / "catalog.json"
    db = open_db(path)
    if not first:
        db.table("versions").insert({"n": 0})
    known = values(db)
    monkeypatch.setattr(disk, "sync", fail)
    with pytest.raises(StoreError, match=r"not saved|disk failed"):
        db.table("versions").insert({"n": 1})
    assert values(db) == known
    monkeypatch.undo()
    if not first:
        assert db.storage.read_only
        with pytest.raises(StoreReadOnly, match="open the catalog again"):
            db.table("versions").insert({"n": 2})
    db.close()
    with open_db(path) as db:
        assert values(db) == known
        db.table("versions").insert({"n": 3})


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_an_edit_that_is_written_in_part_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    from store.journal import log

    def write_half(file, data: bytes) -> None:
        file.write(data[: len(data) // 2])
        raise OSError(number, os.strerror(number))

    path = tmp_path / "catalog.json"
    with open_db(path) as db:
        for expected in ([], [7]):
            monkeypatch.setattr(log, "write_all", write_half)
            with pytest.raises(StoreError) as caught:
                db.table("versions").insert({"n": 1})
            assert isinstance(caught.value, StoreFull) == (number != errno.EIO)
            assert values(db) == expected
            monkeypatch.undo()
            with open_db(path, read_only=True) as other:
                assert values(other) == expected
            if not expected:
                db.table("versions").insert({"n": 7})


@pytest.mark.parametrize("name", ["replace", "unlink"])
def test_a_fold_that_fails_at_any_step_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    real = getattr(Path, name)

    def fail(self: Path, *args, **kwargs):
        if ".tmp-" in self.name or self.suffix == ".journal":
            raise OSError(errno.EIO, "Input/output error")
        return real(self, *args, **kwargs)

    path = tmp_path / "catalog.json"
    db = open_db(path)
    db.table("versions").insert({"n": 1})
    monkeypatch.setattr(Path, name, fail)
    with pytest.raises((StoreError, OSError)):
        db.storage.checkpoint()
    monkeypatch.undo()
    db.table("versions").insert({"n": 2})
    assert values(db) == [1, 2]
    with open_db(path, read_only=True) as other:
        assert values(other) == [1, 2]
    db.storage.checkpoint()
    db.close()
    with open_db(path) as db:
        assert values(db) == [1, 2]


# ── refused ───────────────────────────────────────────────────────────────────────────────────────────────────────


def as_nobody(path: Path, work) -> None:
    """Run `work` in a process without root's rights over files."""

    def drop_rights_and_work(path: Path, acknowledge) -> None:
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        work(path)

    assert start(drop_rights_and_work, path).end() == 0


@pytest.mark.parametrize("what", ["directory", "file", "lock"])
@pytest.mark.parametrize("pending", [True, False], ids=["journal", "folded"])
def test_what_may_not_be_written_is_read(public_directory: Path, what: str, pending: bool) -> None:
    path = public_directory / "catalog.json"
    db = open_db(path)
    db.table("versions").insert({"n": 1})
    db.close(fold=not pending)
    for file in public_directory.iterdir():
        file.chmod(0o444)
    if what == "lock":
        Path(f"{path}.lock").chmod(0)
    public_directory.chmod(0o777 if what == "file" else 0o555)

    def work(path: Path) -> None:
        with open_db(path) as db:
            assert values(db) == [1]
            assert db.storage.read_only
            assert "You may not write" in db.storage.reason
            assert str(path) in db.storage.reason or str(path.parent) in db.storage.reason
            with pytest.raises(StoreReadOnly, match="may not write"):
                db.table("versions").insert({"n": 2})
            assert not db.storage.refresh()

    before = {p.name: p.read_bytes() for p in public_directory.iterdir()}
    as_nobody(path, work)
    assert {p.name: p.read_bytes() for p in public_directory.iterdir()} == before


def test_what_may_not_be_read_or_created_says_so(public_directory: Path) -> None:
    path = public_directory / "catalog.json"
    open_db(path).close()
    path.chmod(0)

    def work(path: Path) -> None:
        with pytest.raises(StoreError, match=r"could not be read|may not") as caught:
            open_db(path)
        assert str(path) in str(caught.value)
        with pytest.raises(StoreError, match=r"could not be created|may not write|no catalog"):
            open_db(path.parent / "new" / "catalog.json")

    as_nobody(path, work)


def test_what_cannot_be_reached_says_so(public_directory: Path) -> None:
    path = public_directory / "private" / "catalog.json"
    open_db(path).close()
    path.parent.chmod(0)

    def work(path: Path) -> None:
        with pytest.raises(StoreError, match="may not be written"):
            open_db(path)

    as_nobody(path, work)


@pytest.mark.parametrize("kind", ["nfs4", "fuse.sshfs"])
def test_a_network_disk_is_only_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    path = tmp_path / "catalog.json"
    open_db(path).close()
    read_text = Path.read_text
    mounts = f"22 1 0:20 / / rw - ext4 /dev/vda rw\n30 22 0:30 / {tmp_path.parent} rw shared:1 - {kind} host:/ rw\n"

    def faked(self: Path, *args, **kwargs) -> str:
        return mounts if str(self) == "/proc/self/mountinfo" else read_text(self, *args, **kwargs)

    monkeypatch.setattr(Path, "read_text", faked)
    with open_db(path) as db:
        assert f"network disk ({kind})" in db.storage.reason
        with pytest.raises(StoreReadOnly):
            db.table("versions").insert({})


def test_a_directory_that_becomes_read_only_refuses_edits_and_recovers(public_directory: Path) -> None:
    directory = public_directory / "data"
    directory.mkdir(mode=0o700)
    if os.getuid() == 0:
        os.chown(directory, NOBODY, NOBODY)

    def work(path: Path) -> None:
        db = open_db(path)
        path.parent.chmod(0o500)
        with pytest.raises(StoreReadOnly, match="may not be written"):
            db.table("versions").insert({"n": 1})
        assert values(db) == []
        path.parent.chmod(0o700)
        db.table("versions").insert({"n": 2})
        path.parent.chmod(0o500)
        db.table("versions").insert({"n": 3})
        db.close()
        path.parent.chmod(0o700)
        with open_db(path) as db:
            assert values(db) == [2, 3]

    as_nobody(directory / "catalog.json", work)
