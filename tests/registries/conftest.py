"""Servers of the tests: the real MLflow in an environment of its own, and the double of Azure."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import environments
import pytest
from remotes import FIXTURES, Mlflow
from servers.azure_double import AzureDouble

SERVERS = Path(__file__).parent / "servers"


def own_environment(packages: tuple[str, ...]) -> Path:
    """The directory of an environment; without a network the test that asks for it is skipped, loudly."""
    try:
        return environments.home(packages)
    except environments.Unavailable as error:
        reason = f"THE REAL {packages[0].upper()} WAS NOT TESTED: {error}"
        if os.environ.get("CI") == "true" or not error.offline:
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def mlflow_home() -> Path:
    """MLflow's environment."""
    return own_environment(environments.MLFLOW)


@pytest.fixture(scope="session")
def gto_home() -> Path:
    """GTO's environment."""
    return own_environment(environments.GTO)


@pytest.fixture(scope="session")
def mlmd_home() -> Path:
    """The environment of ml-metadata."""
    return own_environment(environments.ML_METADATA)


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
