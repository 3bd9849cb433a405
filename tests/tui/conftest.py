"""What every test of the app needs besides the fixtures of all tests."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _as_on_a_fast_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No picture tells that something takes long because other tests run beside."""
    monkeypatch.setattr("tui.screens.acting.SLOW_SECONDS", 60.0)
    monkeypatch.setattr("tui.screens.catalog.SLOW_SECONDS", 60.0)
