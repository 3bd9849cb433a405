"""Servers of the tests: the real MLflow in an environment of its own, and the double of Azure."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from remotes import FIXTURES, Mlflow
from servers.azure_double import AzureDouble

MLFLOW = "3.17.2"
PACKAGES = (f"mlflow-skinny=={MLFLOW}", "flask", "flask-cors", "sqlalchemy", "alembic")
SERVERS = Path(__file__).parent / "servers"
UNREACHABLE = ("No matching distribution", "Connection", "Name or service not known", "Read timed out", "ProxyError")


@pytest.fixture(scope="session")
def mlflow_home() -> Path:
    """The directory of MLflow's environment, made once and then kept; MODELTUI_TEST_MLFLOW names another one."""
    usual = f"modeltui-test-mlflow-{MLFLOW}-py{sys.version_info.major}{sys.version_info.minor}-{os.getuid()}"
    home = Path(os.environ.get("MODELTUI_TEST_MLFLOW") or Path(tempfile.gettempdir()) / usual)
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "ready").exists():
            shutil.rmtree(home / "env", ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(home / "env")], check=True)
            pip = [str(home / "env/bin/pip"), "install", "--quiet", "--disable-pip-version-check", *PACKAGES]
            done = subprocess.run(pip, capture_output=True, text=True, check=False)
            if done.returncode:
                _no_mlflow(done.stderr)
            (home / "ready").touch()
    return home


def _no_mlflow(said: str) -> None:
    last = said.strip().splitlines()[-1:] or ["no message"]
    reason = f"THE REAL MLFLOW WAS NOT TESTED: pip could not install {PACKAGES[0]}: {last[0]}"
    if os.environ.get("CI") == "true" or not any(word in said for word in UNREACHABLE):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def mlflow_running(home: Path, db: Path) -> Iterator[Mlflow]:
    """The real server on a free port."""
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
                pytest.fail(f"MLflow ended with {process.returncode}: {log.read_text()[-800:]}")
            time.sleep(0.1)
    pytest.fail(f"MLflow did not answer within a minute: {log.read_text()[-800:]}")


@pytest.fixture(scope="session")
def mlflow_empty(mlflow_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with MLflow's schema and nothing in it, made once; copy it."""
    kept = mlflow_home / "schema.db"
    if not kept.exists():
        made = tmp_path_factory.mktemp("schema") / "made.db"
        with mlflow_running(mlflow_home, made) as server, closing(sqlite3.connect(made)) as db:
            # the schema is made for the first question
            urllib.request.urlopen(f"{server.base}/api/2.0/mlflow/experiments/search?max_results=1").close()
            part = kept.with_suffix(f".{os.getpid()}")
            with closing(sqlite3.connect(part)) as copy:
                db.backup(copy)
        part.replace(kept)
    return kept


@pytest.fixture(scope="module")
def mlflow(mlflow_home: Path, mlflow_empty: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mlflow]:
    """The real server with three models, filled over its own API."""
    db = Path(shutil.copy(mlflow_empty, tmp_path_factory.mktemp("mlflow") / "mlflow.db"))
    with mlflow_running(mlflow_home, db) as server:
        subprocess.run([sys.executable, str(SERVERS / "mlflow_populate.py"), "--base", server.base], check=True)
        yield server


@pytest.fixture
def mlflow_bulk(mlflow_home: Path, mlflow_empty: Path, tmp_path: Path) -> Iterator[Mlflow]:
    """The real server with 5,000 versions."""
    db = Path(shutil.copy(mlflow_empty, tmp_path / "mlflow.db"))
    subprocess.run([sys.executable, str(SERVERS / "mlflow_bulk.py"), str(db)], check=True)
    with mlflow_running(mlflow_home, db) as server:
        yield server


@pytest.fixture
def azure() -> Iterator[AzureDouble]:
    """The double of Azure on a free port."""
    double = AzureDouble(FIXTURES / "azure")
    serving = threading.Thread(target=double.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    serving.start()
    yield double
    double.shutdown()
    double.server_close()
