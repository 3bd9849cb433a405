"""The real MLflow server, from an environment of its own, on a free loopback port."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from remotes import Mlflow

SERVERS = Path(__file__).parent / "servers"


@contextmanager
def running(home: Path, db: Path) -> Iterator[Mlflow]:
    """A server over a store; `home` is the directory of MLflow's environment.

    Raises:
        RuntimeError: it ended, or did not answer within a minute; with the last it said.
    """
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(home / "env/bin/python"), str(SERVERS / "mlflow_server_light.py"), "--db", str(db)]
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW", "PYTHON"))}
    with (db.parent / "server.log").open("w") as log:
        process = subprocess.Popen([*command, "--port", str(port)], stdout=log, stderr=log, env=environ)
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", process, db.parent / "server.log")
        yield Mlflow(f"http://127.0.0.1:{port}", db)
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            if process.poll() is not None:
                raise RuntimeError(f"MLflow ended with {process.returncode}: {log.read_text()[-800:]}") from None
            time.sleep(0.1)
    raise RuntimeError(f"MLflow did not answer within a minute: {log.read_text()[-800:]}")


def schema(home: Path) -> Path:
    """A store with MLflow's schema and nothing in it, made once and kept; copy it."""
    kept = home / "schema.db"
    if not kept.exists():
        with tempfile.TemporaryDirectory() as directory:
            made = Path(directory) / "made.db"
            with running(home, made) as server, closing(sqlite3.connect(made)) as db:
                # the schema is made for the first question
                urllib.request.urlopen(f"{server.base}/api/2.0/mlflow/experiments/search?max_results=1").close()
                part = kept.with_suffix(f".{os.getpid()}")
                with closing(sqlite3.connect(part)) as copy:
                    db.backup(copy)
            part.replace(kept)
    return kept


def fill(db: Path) -> None:
    """Put 5,000 versions into a store, each with a run that has metrics."""
    subprocess.run([sys.executable, str(SERVERS / "mlflow_bulk.py"), str(db)], check=True)
