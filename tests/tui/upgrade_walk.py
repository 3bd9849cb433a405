"""Keys and waiting for the tests of the upgrade screens: a small catalog of an own model and an Azure deployment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input, Static

from store.catalog import Catalog, fixed_clock
from store.engine import new_uid
from store.records import Deployment, Lineage, Observation, UseCase
from tui.app import ModelTui
from tui.session import Options

TODAY = date(2026, 11, 23)
AZURE_OLD, AZURE_NEW = "azure-openai/gpt-4o@2024-05-13", "azure-openai/gpt-5.6-sol@2026-07-09"


def fill(path: Path) -> None:
    """An own model with a newer version, and a late provisioned deployment."""
    with Catalog.open(path, actor="ann", clock=fixed_clock(TODAY)) as c:
        for name, owner in (("churn", "crm"), ("support", "platform-team")):
            c.add_use_case(UseCase(new_uid(), name, owner=owner))
        for n in (7, 8):
            lineage = Lineage(data="customers", data_hash=f"d{n}", commit=f"c{n}", artifact=f"s3://models/churn/{n}")
            c.register(f"mlflow/churn@{n}", released=date(2026, n, 3), lineage=lineage, metrics={"f1": 0.8 + n / 100})
        c.assign("churn", "mlflow/churn@7")
        place = Deployment(
            new_uid(), "sc-ptu", platform="azure", region="swedencentral", sku="GlobalProvisionedManaged"
        )
        c.assign("support", AZURE_OLD, deployment="sc-ptu", place=place)


def move_date(catalog: Catalog, key: str, day: date) -> None:
    """The provider publishes another date than all before."""
    version = catalog.versions[key]
    told = Observation("retire", day, "planned", "ms", "Microsoft", "2026-11-20")
    with catalog.command("sync") as draft:
        draft.put(replace(version, observations=(told,)), version)


def app_of(path: Path, actor: str = "ann") -> ModelTui:
    """The app over that catalog, on the reference day."""
    return ModelTui(Options(store=path, today=TODAY, actor=actor, offline=True))


async def until(pilot: Pilot[int], holds: Callable[[], object]) -> None:
    """Wait until something holds; a wait that never ends fails with what is on the screen."""
    for _ in range(400):
        if holds():
            await pilot.pause()
            return
        await pilot.pause(0.01)
    said = " | ".join(str(w.render()) for w in pilot.app.screen.query(Static))[:600]
    raise AssertionError(f"never held; {type(pilot.app.screen).__name__} shows: {said}")


async def opened(pilot: Pilot[int], app: ModelTui) -> None:
    """Wait for the first view."""
    await until(pilot, lambda: app.view is not None and app.view.records.assignments)


async def on(pilot: Pilot[int], name: str) -> None:
    """Wait for a screen by the name of its class."""
    await until(pilot, lambda: type(pilot.app.screen).__name__ == name)


async def typed(pilot: Pilot[int], text: str, end: str = "enter") -> None:
    """Put a text into the field with the focus, its last letter by key, and accept it."""
    field = pilot.app.focused
    assert isinstance(field, Input)
    field.value = text[:-1]
    field.cursor_position = len(field.value)
    await pilot.press(text[-1], end)
