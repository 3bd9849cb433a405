"""Fixtures that every test may use: a catalog on the reference day, with or without the shipped facts."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from store.catalog import Catalog, fixed_clock
from store.demo import fill
from store.sync import load_reference

TODAY = date(2026, 11, 23)

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")  # how fast examples come depends on what else the machine does


def pytest_collection_finish() -> None:
    """Collect seldom, and never look at what stays for the whole run.

    By default each full collection walks all of Textual, hypothesis and the tests: a quarter of the run's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(autouse=True)
def _own_world(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads or writes the user's own files."""
    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(home))
    # without byte code, a command that is started anew compiles the whole project first
    for name in ("MODELTUI_STORE", "MODELTUI_CONFIG", "MODELTUI_USER", "NO_COLOR", "PYTHONDONTWRITEBYTECODE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed catalog with the shipped facts, made once; copy it."""
    path = tmp_path_factory.mktemp("filled") / "catalog.json"
    with Catalog.open(path, actor="setup", clock=fixed_clock(TODAY)) as catalog:
        load_reference(catalog)
    return path


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo catalog, closed, made once; copy it."""
    path = tmp_path_factory.mktemp("demo") / "catalog.json"
    fill(path, today=TODAY)
    return path


@pytest.fixture
def store_path(filled: Path, tmp_path: Path) -> Path:
    """A copy of the catalog with the shipped facts."""
    return Path(shutil.copy(filled, tmp_path / "catalog.json"))


@pytest.fixture
def demo_path(demo: Path, tmp_path: Path) -> Path:
    """A copy of the demo catalog, beside that of `store_path`: a test may take both."""
    (tmp_path / "demo").mkdir()
    return Path(shutil.copy(demo, tmp_path / "demo" / "catalog.json"))


@pytest.fixture
def catalog(store_path: Path) -> Iterator[Catalog]:
    """An open catalog with the shipped facts, on the reference day."""
    with Catalog.open(store_path, actor="ann", clock=fixed_clock(TODAY)) as opened:
        yield opened
