"""Processes that die at any instant, and several that write at a time: no acknowledged edit is lost."""

import os
import random
import select
import signal
import time
from pathlib import Path

import orjson
import pytest
from fault_children import Child, count_up, edit_until_killed, open_db, start

from store.journal import CatalogDB, StoreLocked, index
from store.journal.lock import FileLock


class Ledger:
    """What was acknowledged, checked against what the catalog holds.

    A transaction that was not acknowledged may be there, but only whole: each event tells what became of its document.
    """

    def __init__(self) -> None:
        self.acknowledged: set[str] = set()

    def note(self, child: Child) -> None:
        self.acknowledged |= {mark for _, _, mark in child.words}

    def check(self, db: CatalogDB) -> None:
        events = sorted((orjson.loads(raw) for _, raw in db.storage.raw("events")), key=lambda event: event["seq"])
        marks = [event["mark"] for event in events]
        assert len(marks) == len(set(marks)), "an edit happened twice"
        assert self.acknowledged <= set(marks), "an acknowledged edit is lost"
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1)), (
            "an edit was applied twice or lost"
        )
        replayed: dict[int, str] = {}
        for event in events:
            if event["kind"] == "r":
                del replayed[event["of"]]
            else:
                replayed[event["of"]] = event["mark"]
        found = {doc_id: orjson.loads(raw)["mark"] for doc_id, raw in db.storage.raw("versions")}
        assert found == replayed, "half of a transaction is there"


@pytest.fixture(autouse=True)
def _however_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "LEAST", 0)  # the children are forks: they have an index, too


def wait_for_words(child: Child) -> None:
    while not child.words:
        assert child.read(), "the child ended by itself"


def kill_at_random(path: Path, tries: int, writers: int) -> int:
    """Let processes edit, kill them at random instants, and check every acknowledged edit after each kill."""
    rng, ledger = random.Random(20261123), Ledger()
    for _ in range(tries):
        children = [start(edit_until_killed, path) for _ in range(writers)]
        wait_for_words(children[0])
        time.sleep(rng.uniform(0, 0.06))
        for child in children:
            child.kill()
            ledger.note(child)
        with open_db(path, hurry=True) as db:
            ledger.check(db)
            db.storage.read_rest()
            assert not db.storage.read_only
            ledger.check(db)
    stray = {p.name for p in path.parent.iterdir() if ".torn-" not in p.name}
    kept = {f"catalog.json{suffix}" for suffix in ("", ".journal", ".lock", ".index")}
    assert stray <= kept, "a dead fold was not swept away"
    return len(ledger.acknowledged)


def test_kill_at_random_instants(tmp_path: Path) -> None:
    assert kill_at_random(tmp_path / "catalog.json", tries=50, writers=1) > 100


def test_kill_several_writers_at_random_instants(tmp_path: Path) -> None:
    assert kill_at_random(tmp_path / "catalog.json", tries=8, writers=3) > 30


@pytest.mark.soak
@pytest.mark.parametrize(("tries", "writers"), [(500, 1), (100, 3)])
def test_kill_at_random_instants_for_long(tmp_path: Path, tries: int, writers: int) -> None:
    assert kill_at_random(tmp_path / "catalog.json", tries, writers) > 1000


@pytest.mark.parametrize(("writers", "times"), [(2, 200), (4, 75), pytest.param(2, 1000, marks=pytest.mark.soak)])
def test_writers_at_a_time_lose_nothing_and_see_each_other(tmp_path: Path, writers: int, times: int) -> None:
    path = tmp_path / "catalog.json"
    watcher = open_db(path)
    watcher.table("counter").insert({"n": 0})
    told: list[tuple] = []
    watcher.storage.listeners.append(told.extend)
    children = [start(count_up(times), path) for _ in range(writers)]
    running = {child.pipe: child for child in children}
    while running:
        for pipe in select.select(list(running), [], [], 0.01)[0]:
            if not running[pipe].read():
                del running[pipe]
        watcher.storage.refresh()
    assert [child.end() for child in children] == [0] * writers
    ids = [int(words[0]) for child in children for words in child.words if words[0] != "seen"]
    assert sorted(ids) == list(range(1, writers * times + 1)), "two writers used one id"
    last = children[-1].words[-1]
    assert last[0] == "seen"
    assert int(last[2]) == times
    watcher.storage.refresh()
    assert watcher.table("counter").get(doc_id=1) == {"n": writers * times}
    counted = [orjson.loads(new)["n"] for table, _, _, new in told if table == "counter" and new]
    assert counted == list(range(1, writers * times + 1)), "the watcher was not told every edit once and in order"
    with open_db(path, read_only=True) as db:
        assert len(db.table("versions")) == writers * times


def test_a_stopped_holder_is_named_and_a_dead_one_blocks_nobody(tmp_path: Path) -> None:
    path = tmp_path / "catalog.json"
    open_db(path).close()

    def hold(path: Path, acknowledge) -> None:
        lock = FileLock(Path(f"{path}.lock"))
        assert lock.acquire(1)
        acknowledge("held")
        signal.pause()

    child = start(hold, path)
    wait_for_words(child)
    os.kill(child.pid, signal.SIGSTOP)
    with pytest.raises(StoreLocked, match=rf"\((process {child.pid}|another process)\)"):
        open_db(path, lock_timeout=0.05)
    child.kill()
    with open_db(path, lock_timeout=5) as db:
        db.table("versions").insert({})
