"""Servers of the tests: the real MLflow in an environment of its own, and the double of Azure."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import environments
import pytest
import real_mlflow
from real_mlflow import SERVERS
from remotes import FIXTURES, Mlflow, Serve
from servers.azure_double import AzureDouble
from servers.modeldb_double import ModeldbDouble


def own_environment(packages: tuple[str, ...]) -> Path:
    """The directory of an environment; without a network the test that asks for it is skipped, loudly."""
    try:
        return environments.home(packages)
    except environments.Unavailable as error:
        reason = f"THE REAL {packages[0].upper()} WAS NOT TESTED: {error}"
        must = os.environ.get("CI") == "true" or os.environ.get("MODELTUI_TEST_REAL") == "must"
        if must or not error.offline:
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


@pytest.fixture(scope="session")
def mlflow_empty(mlflow_home: Path) -> Path:
    """A store with MLflow's schema and nothing in it; copy it."""
    return real_mlflow.schema(mlflow_home)


@pytest.fixture(scope="module")
def mlflow(mlflow_home: Path, mlflow_empty: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mlflow]:
    """The real server with three models, filled over its own API."""
    db = Path(shutil.copy(mlflow_empty, tmp_path_factory.mktemp("mlflow") / "mlflow.db"))
    with real_mlflow.running(mlflow_home, db) as server:
        subprocess.run([sys.executable, str(SERVERS / "mlflow_populate.py"), "--base", server.base], check=True)
        yield server


@pytest.fixture
def mlflow_bulk(mlflow_home: Path, mlflow_empty: Path, tmp_path: Path) -> Iterator[Mlflow]:
    """The real server with 5,000 versions."""
    db = Path(shutil.copy(mlflow_empty, tmp_path / "mlflow.db"))
    real_mlflow.fill(db)
    with real_mlflow.running(mlflow_home, db) as server:
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


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts doubles of Verta's registry or of the open-source ModelDB."""
    running: list[ModeldbDouble] = []

    def start(**how: Any) -> ModeldbDouble:
        double = ModeldbDouble(FIXTURES / "modeldb" / "state.json", **how)
        threading.Thread(target=double.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        running.append(double)
        return double

    yield start
    for double in running:
        double.shutdown()
        double.server_close()
