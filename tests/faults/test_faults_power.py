"""Power cuts after every request to the disk: what was acknowledged is there, and the catalog opens."""

import os
import random
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from power_model import Recorder, after_power_loss

from store import repair
from store.journal import CatalogDB, StoreError, open_db
from store.journal.fold import NewSnapshot

State = dict[str, Any]


def run(recorder: Recorder) -> list[State]:
    """Edit, fold, edit during a fold, restore a backup, reopen; the states the catalog went through."""
    path = recorder.directory / "catalog.json"
    states: list[State] = []

    def done(db: CatalogDB) -> None:
        states.append(db.storage.read() or {})
        recorder.acknowledge(len(states) - 1)

    def insert(db: CatalogDB, note: str) -> None:
        with db.storage.transaction():
            db.table("versions").insert({"note": note * 40})
            db.table("events").insert({"why": note})
        done(db)

    with recorder.recording():
        db = open_db(path)
        done(db)
        for note in "ab":
            insert(db, note)
        copy = path.parent / "backups" / "copy.json"
        copy.parent.mkdir()
        db.storage.copy_to(copy)
        db.table("versions").update({"note": "changed"}, doc_ids=[1])
        done(db)
        db.storage.checkpoint()
        insert(db, "c")
        write = NewSnapshot.write
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(NewSnapshot, "write", lambda new: (insert(db, "d"), write(new), insert(db, "e")))
            db.storage.checkpoint()
        insert(db, "f")
        db.table("versions").remove(doc_ids=[2])
        done(db)
        db.close()
        db = open_db(path)
        insert(db, "g")
        repair.restore(path, copy, datetime(2026, 11, 23, tzinfo=UTC))
        db.storage.refresh()
        done(db)
        insert(db, "h")
        db.close(fold=False)
        db = open_db(path)
        insert(db, "i")
        db.close()
    return states


@pytest.fixture
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The replayed files need no syncing; the recorder has its own."""
    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, name, lambda fd: None)


def losses(recorder: Recorder, states: list[State], work: Path, variants: int) -> list[str]:
    """Cut the power after every request, `variants` times, and say what was wrong then."""
    rng, found = random.Random(1), []
    for position in range(1, len(recorder.ops) + 1):
        ops = recorder.ops[:position]
        acknowledged = max((op.inode for op in ops if op.kind == "ack"), default=-1)
        for _ in range(variants):
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            for name, data in after_power_loss(ops, rng).items():
                (work / name).write_bytes(data)
            try:
                with open_db(work / "catalog.json") as db:
                    content = db.storage.read() or {}
                    db.table("later").insert({})
            except StoreError as error:
                if acknowledged >= 0:
                    found.append(f"after request {position}: {error}")
                continue
            if content not in states[max(acknowledged, 0) : acknowledged + 2]:
                found.append(f"after request {position}: state {acknowledged} was acknowledged and is not there")
    return found


@pytest.mark.usefixtures("_no_waiting")
@pytest.mark.parametrize("variants", [5, pytest.param(60, marks=pytest.mark.soak)])
def test_no_power_cut_loses_what_was_acknowledged(tmp_path: Path, variants: int) -> None:
    recorder = Recorder(tmp_path / "recorded")
    recorder.directory.mkdir()
    states = run(recorder)
    assert len(recorder.ops) > 80
    assert losses(recorder, states, tmp_path / "replayed", variants) == []


@pytest.mark.usefixtures("_no_waiting")
@pytest.mark.parametrize("ignore", ["fdatasync", "fsync", "directory"])
def test_a_store_that_leaves_out_a_sync_is_found_out(tmp_path: Path, ignore: str) -> None:
    recorder = Recorder(tmp_path / "recorded", ignore)
    recorder.directory.mkdir()
    states = run(recorder)
    assert losses(recorder, states, tmp_path / "replayed", 2)
