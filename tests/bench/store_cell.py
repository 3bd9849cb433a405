"""One opening in a process of its own: `python -m tests.bench.store_cell KIND FILE KEY` prints its figures as JSON."""

import json
import resource
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path

import orjson
from tinydb import TinyDB, where

from store.journal import open_db


def resident() -> float:
    """Resident memory of this process in MB."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return pages * resource.getpagesize() / 1e6


def main(kind: str, path: Path, key: str) -> dict[str, float]:
    before, start = resident(), time.perf_counter()
    keep: object
    query: Callable[[], object]
    if kind == "modeltui":
        db = open_db(path)
        keep, query = db, lambda: db.table("versions").search(where("key") == key)
    elif kind == "stock":
        stock = TinyDB(path)
        keep, query = len(stock.table("versions")), lambda: stock.table("versions").search(where("key") == key)
    elif kind == "sqlite":
        connection = sqlite3.connect(path)
        keep = connection.execute("select count(*) from versions").fetchone()
        statement = "select doc from versions where key = ?"
        query = lambda: [orjson.loads(doc) for (doc,) in connection.execute(statement, (key,))]  # noqa: E731
    else:
        keep, query = orjson.loads(path.read_bytes()), lambda: [None]
    opened, memory = time.perf_counter(), resident()
    found = query()
    queried = time.perf_counter()
    assert isinstance(found, list)
    assert len(found) == 1
    assert keep is not None
    return {
        "open": (opened - start) * 1000,
        "query": (queried - opened) * 1000,
        "memory": memory - before,
        "memory_after_query": resident() - before,
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])))
