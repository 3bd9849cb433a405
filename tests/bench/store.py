"""The store against stock TinyDB, SQLite (WAL, synchronous=FULL) and the disk itself, with the same records.

Opening, the first query and memory are measured in fresh processes, medians of three. Durable edits are interleaved in
one loop over all sizes on one disk: an append of the same bytes with fdatasync, an update with its event in one
transaction here and in SQLite. Stock TinyDB rewrites its whole file for an edit, so it gets a few rounds only and its
1,000 edits are computed from them.
"""

import argparse
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
from tinydb import TinyDB

from store.journal import open_db
from tests.bench.records import event, version
from tests.bench.result import Bar, Result, Row

HELP = "open, first query, durable edits and memory of the store"
CANDIDATES = ["modeltui", "stock TinyDB", "SQLite", "disk"]
FRESH_RUNS = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sizes", default="1000,10000,100000", help="numbers of versions, with commas")
    parser.add_argument("--rounds", type=int, default=1000, help="durable edits per candidate and size")
    parser.add_argument("--dir", type=Path, help="where to put the files: a directory on the disk to measure")


def run(args: argparse.Namespace) -> Result:
    result = Result("store", CANDIDATES)
    sizes = [int(text) for text in args.sizes.split(",")]
    with tempfile.TemporaryDirectory(dir=args.dir) as directory:
        files = {size: prepare(Path(directory) / str(size), size) for size in sizes}
        for size in sizes:
            result.rows += fresh_processes(files[size], size)
        stock = {size: [timed(edit) for edit in stock_edits(files[size]["stock"], size)] for size in sizes}
        if hasattr(os, "sync"):
            os.sync()  # what was written until here must not slow down what is measured now
        tables = {size: Editors(files[size], size) for size in sizes}
        for number in range(args.rounds):
            for editors in tables.values():
                editors.round(number)
        for size, editors in tables.items():
            editors.close()
            result.rows += edit_rows(size, editors.times | {"stock TinyDB": stock[size]})
    result.rows.sort(key=lambda row: row.size)
    result.bars += bars(result)
    return result


def prepare(directory: Path, size: int) -> dict[str, Path]:
    """The same versions in all three stores."""
    directory.mkdir()
    files = {name: directory / f"{name}.json" for name in ("modeltui", "stock", "sqlite", "disk")}
    db = open_db(files["modeltui"])
    db.table("versions").insert_multiple(version(number) for number in range(1, size + 1))
    db.storage.checkpoint()
    db.close()
    with files["stock"].open("w", encoding="utf-8") as file:
        file.write('{"versions": {')
        for number in range(1, size + 1):
            file.write(f'{", " if number > 1 else ""}"{number}": {json.dumps(version(number))}')
        file.write('}, "events": {}}')
    with open_sqlite(files["sqlite"]) as connection:
        connection.execute("create table versions (id integer primary key, key text, doc text)")
        connection.execute("create index by_key on versions (key)")
        connection.execute("create table events (id integer primary key, doc text)")
        documents = ((n, version(n)["key"], orjson.dumps(version(n)).decode()) for n in range(1, size + 1))
        connection.executemany("insert into versions values (?, ?, ?)", documents)
    connection.execute("pragma wal_checkpoint(truncate)")
    connection.close()
    return files


def open_sqlite(path: Path) -> sqlite3.Connection:
    """As durable as the store: a commit is synced before it returns."""
    connection = sqlite3.connect(path)
    connection.execute("pragma journal_mode=wal")
    connection.execute("pragma synchronous=full")
    return connection


# ── fresh processes ───────────────────────────────────────────────────────────────────────────────────────────────


def fresh_processes(files: dict[str, Path], size: int) -> list[Row]:
    cells = {
        name: [fresh(kind, files[kind], size) for _ in range(FRESH_RUNS)]
        for name, kind in (("modeltui", "modeltui"), ("stock TinyDB", "stock"), ("SQLite", "sqlite"))
    }
    parse = [fresh("parse", files["modeltui"], size)["open"] for _ in range(FRESH_RUNS)]

    def row(measure: str, unit: str, key: str, disk: float | None) -> Row:
        values: dict[str, float | None] = {
            name: statistics.median(c[key] for c in runs) for name, runs in cells.items()
        }
        return Row(measure, size, unit, values | {"disk": disk})

    return [
        row("open (disk: orjson.loads of the file)", "ms", "open", statistics.median(parse)),
        row("first query by key, unindexed here", "ms", "query", None),
        row("memory after opening (disk: size of the file)", "MB", "memory", files["modeltui"].stat().st_size / 1e6),
        row("memory after the first query", "MB", "memory_after_query", None),
    ]


def fresh(kind: str, path: Path, size: int) -> dict[str, float]:
    """Measure one opening in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.store_cell", kind, str(path), version(size // 2 + 1)["key"]]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(answer.stdout)
    return figures


# ── durable edits ─────────────────────────────────────────────────────────────────────────────────────────────────


class Editors:
    """One store of each kind with the same records, edited in turn; `times` are milliseconds."""

    def __init__(self, files: dict[str, Path], size: int):
        self.size = size
        self.db, self.connection = open_db(files["modeltui"]), open_sqlite(files["sqlite"])
        self.raw = os.open(files["disk"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.edits: dict[str, Callable[[int], None]] = {
            "modeltui": self.here,
            "SQLite": self.sqlite,
            "disk": self.append,
        }
        self.times: dict[str, list[float]] = {name: [] for name in self.edits}

    def round(self, number: int) -> None:
        self.line = orjson.dumps(version(number * 7 % self.size + 1)) + orjson.dumps(event(number)) + b"\n"
        for name, edit in self.edits.items():
            self.times[name].append(timed(lambda edit=edit: edit(number)))

    def here(self, number: int) -> None:
        with self.db.storage.transaction():
            self.db.table("versions").update({"note": f"edited {number}"}, doc_ids=[number * 7 % self.size + 1])
            self.db.table("events").insert(event(number))

    def sqlite(self, number: int) -> None:
        doc_id = number * 7 % self.size + 1
        with self.connection as connection:
            (text,) = connection.execute("select doc from versions where id = ?", (doc_id,)).fetchone()
            doc = orjson.loads(text) | {"note": f"edited {number}"}
            connection.execute("update versions set doc = ? where id = ?", (orjson.dumps(doc).decode(), doc_id))
            connection.execute("insert into events (doc) values (?)", (orjson.dumps(event(number)).decode(),))

    def append(self, number: int) -> None:
        os.write(self.raw, self.line)
        os.fdatasync(self.raw)

    def close(self) -> None:
        self.db.close(fold=False)
        self.connection.close()
        os.close(self.raw)


def edit_rows(size: int, times: dict[str, list[float]]) -> list[Row]:
    """Rows for one edit and for 1,000."""
    median = {name: statistics.median(found) for name, found in times.items()}
    late: dict[str, float | None] = {n: sorted(f)[int(len(f) * 0.95)] for n, f in times.items() if n != "stock TinyDB"}
    thousand = {name: statistics.mean(found) for name, found in times.items()}  # 1,000 times ms is s
    return [
        Row("one durable edit with its event, median", size, "ms", dict(median)),
        Row("one durable edit with its event, 95 %", size, "ms", late),
        Row("1,000 durable edits", size, "s", dict(thousand)),
    ]


def stock_edits(path: Path, size: int) -> Iterator[Callable[[], None]]:
    """A few edits with stock TinyDB, which has no transactions: an update and an insert."""
    with TinyDB(path) as db:
        versions, events = db.table("versions", cache_size=0), db.table("events", cache_size=0)
        for number in range(5 if size <= 10_000 else 1):

            def edit(number: int = number) -> None:
                versions.update({"note": f"edited {number}"}, doc_ids=[number + 1])
                events.insert(event(number))

            yield edit


def timed(action: Callable[[], None]) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1000


# ── bars ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def bars(result: Result) -> list[Bar]:
    """The ratios that must hold, and those that tell what it brings."""
    found: list[Bar] = []
    edits: dict[int, float] = {}
    for row in result.rows:
        here, stock, sqlite, disk = (row.values.get(name) for name in CANDIDATES)
        if row.measure.endswith("median") and here and stock and sqlite and disk:
            edits[row.size] = here
            found.append(Bar(f"one edit at {row.size:,} / append + fdatasync of the same bytes", here / disk, 2))
            found.append(Bar(f"one edit at {row.size:,} / SQLite", here / sqlite, 1.4))
            found.append(Bar(f"stock TinyDB / one edit at {row.size:,}", stock / here))
        if row.measure.startswith("open") and here and disk:
            found.append(Bar(f"open {row.size:,} / orjson.loads of the file", here / disk, 0.6))
        if row.measure.startswith("memory after opening") and here and disk and row.size >= 10_000:
            found.append(Bar(f"memory after opening {row.size:,} / size of the file", here / disk, 1.6))
    if len(edits) > 1:
        small, large = min(edits), max(edits)
        found.append(Bar(f"one edit at {large:,} / at {small:,}", edits[large] / edits[small], 1.3))
    return found
