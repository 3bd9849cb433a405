"""Child processes of the fault tests: they edit a catalog and acknowledge each edit through a pipe when it returned."""

import os
import random
import signal
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from tinydb import where

from store.journal import CatalogDB
from store.journal import open_db as open_plain
from store.journal import storage as storage_module


def packed_ids(_table: str, documents: Iterable[tuple[int, bytes]]) -> bytes:
    """The ids of a table, as keys for its index."""
    return msgspec.msgpack.encode([doc_id for doc_id, _ in documents])


def open_db(path: Path, **options: Any) -> CatalogDB:
    """A catalog as the app opens it: with an index, which must fit what the file holds."""
    db = open_plain(path, keys=packed_ids, **options)
    for table in db.tables():
        packed = db.storage.packed_keys(table)
        if packed is not None:
            ids = set(msgspec.msgpack.decode(packed[0]))
            for _, doc_id, _, new in packed[1]:
                ids = ids - {doc_id} if new is None else ids | {doc_id}
            assert ids == set(db.storage.ids(table)), "the index is not of this file"
    return db


Work = Callable[[Path, Callable[[str], None]], None]


@dataclass
class Child:
    """A forked process at work; `acknowledged` is what it said so far."""

    pid: int
    pipe: int
    acknowledged: bytes = b""

    def read(self) -> bool:
        """Take what it said meanwhile; False at its end."""
        data = os.read(self.pipe, 1 << 16)
        self.acknowledged += data
        return bool(data)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self.end()

    def end(self) -> int:
        """Wait for its end; its exit code."""
        while self.read():
            pass
        os.close(self.pipe)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    @property
    def words(self) -> list[list[str]]:
        """The acknowledged edits; a line that was cut off counts for nothing."""
        return [line.split() for line in self.acknowledged.decode().split("\n")[:-1]]


def start(work: Work, path: Path) -> Child:
    """Fork a process that runs `work` on the catalog."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            work(path, lambda text: void(os.write(writing, text.encode() + b"\n")))
            os._exit(0)
        finally:
            traceback.print_exc(file=sys.__stderr__)
            os._exit(1)
    os.close(writing)
    return Child(pid, reading)


def void(_: object) -> None:
    """Nothing of it is needed."""


def edit_until_killed(path: Path, acknowledge: Callable[[str], None]) -> None:
    """Insert, change and remove documents, each with an event in the same transaction; fold often, reopen at times."""
    storage_module.MIN_FOLD = 30_000
    rng = random.Random(os.urandom(8))
    while True:
        db = open_db(path)
        versions, events = db.table("versions"), db.table("events")
        for _ in range(rng.randint(1, 40)):
            mark = f"{os.getpid()}-{rng.getrandbits(40):x}"
            size = rng.choice((10, 1500, 1500, 20_000))
            with db.storage.transaction():
                ids = db.storage.ids("versions")
                kind = rng.choice("iiucr") if len(ids) > 20 else "i"
                if kind == "i":
                    doc_id = versions.insert({"mark": mark, "note": "x" * size})
                elif kind == "r":
                    (doc_id,) = versions.remove(doc_ids=[rng.choice(ids)])
                else:
                    (doc_id,) = versions.update({"mark": mark, "note": "y" * size}, doc_ids=[rng.choice(ids)])
                events.insert({"kind": kind, "of": doc_id, "mark": mark, "seq": db.storage.seq + 1})
            acknowledge(f"{kind} {doc_id} {mark}")
        if rng.random() < 0.3:
            db.storage.checkpoint()
        db.close(fold=rng.random() < 0.5)


def count_up(times: int) -> Work:
    """Increment one shared counter and insert documents of its own."""

    def work(path: Path, acknowledge: Callable[[str], None]) -> None:
        db = open_db(path, lock_timeout=60)
        for number in range(times):
            with db.storage.transaction():
                counter = db.table("counter").get(doc_id=1)
                db.table("counter").update({"n": counter["n"] + 1}, doc_ids=[1])
                new = db.table("versions").insert({"by": os.getpid(), "number": number})
            acknowledge(str(new))
        seen = {doc["by"] for doc in db.table("versions")}
        acknowledge(f"seen {len(seen)} {db.table('versions').count(where('by') == os.getpid())}")
        db.close(fold=False)

    return work
