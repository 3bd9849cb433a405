"""What is written is for its owner only, whatever the umask, and holds no secret."""

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hostile import reply, serving

from store import repair
from store.journal import disk, open_db
from tui.cli import main

SECRET = "hunter2-correct-horse"


@pytest.fixture(autouse=True)
def _common_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(directory: Path) -> dict[str, int]:
    """The permissions of all that lies in a directory, itself included."""
    return {str(p.relative_to(directory)): stat.S_IMODE(p.stat().st_mode) for p in (directory, *directory.rglob("*"))}


def only_its_owner_s(directory: Path) -> set[str]:
    found = modes(directory)
    assert {name: mode for name, mode in found.items() if mode & 0o077} == {}
    return set(found)


def test_all_that_the_store_makes_is_for_its_owner_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "share" / "modeltui"
    path = data / "catalog.json"
    temporary: list[int] = []
    create = disk.create

    def noting(target: Path, mode: int) -> int:
        fd = create(target, mode)
        temporary.append(stat.S_IMODE(os.fstat(fd).st_mode))
        return fd

    monkeypatch.setattr(disk, "create", noting)
    for words in (["use-case", "add", "u", "--owner", "x"], ["register", "own/m@1"], ["backup"], ["backup"]):
        assert main(["--store", str(path), *words]) == 0
    db = open_db(path)
    db.table("versions").insert({"n": 1})
    names = only_its_owner_s(data)
    assert {"catalog.json", "catalog.json.journal", "catalog.json.lock", "backups"} <= names
    assert any(name.endswith(".json.gz") for name in names)
    db.close(fold=False)
    with path.with_name("catalog.json.journal").open("ab") as journal:
        journal.write(b"torn")
    open_db(path).close()
    path.write_bytes(path.read_bytes().replace(b'"own/m@1"', b'"own/n@1"', 1))
    assert not repair.salvage(path, datetime(2026, 11, 23, tzinfo=UTC)).healthy
    names = only_its_owner_s(data)
    assert any(".torn-" in name for name in names)
    assert any(name.startswith("recovery/") for name in names)
    assert len(temporary) > 6
    assert set(temporary) == {0o600}


def test_no_secret_is_written_by_a_sync_that_works_nor_by_one_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Path(os.environ["HOME"])
    monkeypatch.setenv("OUR_TOKEN", SECRET)
    data = tmp_path / "data"

    def run(*words: str) -> int:
        return main(["--store", str(data / "catalog.json"), "--as", "ann", *words])

    good = reply({"versions": [{"key": "ml/churn@1", "own": True}]})
    echo = reply({"message": f"Bearer {SECRET} is not known here"}, status=403)
    with serving(good) as works, serving(echo) as fails:
        secret = ("--secret", "token=env:OUR_TOKEN")
        assert run("registries", "add", "good", "file", f"{works.base}/v.json", *secret) == 0
        assert run("registries", "add", "bad", "file", f"{fails.base}/v.json", *secret) == 0
        assert run("registries", "add", "in", "file", works.base, "--secret", f"token={SECRET}") == 2
        for address in (f"//ann:{SECRET}@", f"//{SECRET}@"):
            assert run("registries", "add", "in", "file", works.base.replace("//", address) + "/v.json") == 2
        for address in (f"{works.base}/v.json?sv=1&sig={SECRET}", f"{works.base}/?access_token={SECRET}"):
            assert run("registries", "add", "in", "file", address) == 2
        assert run("registries", "add", "in", "dvc", f"ssh://ann:{SECRET}@host/r.git") == 2
        assert run("registries", "add", "dev", "dvc", "https://org@dev.example/org/_git/repo") == 0
        assert run("sync", "good", "--yes") == 0
        assert run("--verbose", "sync", "bad", "--yes") != 0
        run("registries", "test", "bad")
        assert run("backup") == 0
        assert run("show", "ml/churn@1") == 0
    said = "".join(capsys.readouterr())
    written = {p: p.read_bytes() for root in (data, home) for p in root.rglob("*") if p.is_file()}
    assert any(p.name == "catalog.json" for p in written)
    for p, content in written.items():
        at = content.find(SECRET.encode())
        assert at < 0, (p.name, content[at - 200 : at + 60])
    assert SECRET not in said
    assert b"env:OUR_TOKEN" in written[data / "catalog.json"]
