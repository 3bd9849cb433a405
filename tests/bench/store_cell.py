"""One opening in a process of its own: `python -m tests.bench.store_cell KIND FILE KEY` prints its figures as JSON."""

import json
import resource
import sqlite3
import sys
import time
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
    if kind in ("modeltui", "stock"):
        db: TinyDB = open_db(path) if kind == "modeltui" else TinyDB(path)
        keep = len(db.table("versions"))

        def query() -> list[object]:
            return list(db.table("versions").search(where("key") == key))

    elif kind == "sqlite":
        connection = sqlite3.connect(path)
        keep = connection.execute("select count(*) from versions").fetchone()
        statement = "select doc from versions where key = ?"

        def query() -> list[object]:
            return [orjson.loads(doc) for (doc,) in connection.execute(statement, (key,))]

    else:
        keep = orjson.loads(path.read_bytes())

        def query() -> list[object]:
            return [None]

    opened, memory = time.perf_counter(), resident()
    found = query()
    queried = time.perf_counter()
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
