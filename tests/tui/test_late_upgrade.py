"""A late upgrade walked by keys: plan, items, waiver, sign-off, shadow, canary, all of the traffic, and back again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from store.catalog import Catalog, fixed_clock
from store.records import Upgrade
from store.review.record_seal import verify
from tests.tui.upgrade_walk import AZURE_NEW, AZURE_OLD, TODAY, app_of, fill, on, opened, typed, until
from tui.app import ModelTui
from tui.screens.checklist import ChecklistScreen, ItemTable


@pytest.fixture
def path(filled: Path, tmp_path: Path) -> Path:
    """A provisioned deployment that stops in 16 days, its upgrade open, three items before the gate."""
    path = Path(shutil.copy(filled, tmp_path / "catalog.json"))
    fill(path)
    with Catalog.open(path, actor="ann", clock=fixed_clock(TODAY)) as c:
        c.start_upgrade("support", AZURE_NEW)
        uid = c.upgrade("support").uid
        for name, item in c.upgrades[uid].items.items():
            if item.gate == "promote" and name not in ("D01", "A05", "V06"):
                c.tick_item(uid, name, "done")
    return path


def upgrade(app: ModelTui) -> Upgrade:
    assert app.catalog is not None
    return app.catalog.upgrade("support")


def said(app: ModelTui, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).render())


async def set_field(pilot: Pilot[int], name: str, value: str) -> None:
    pilot.app.screen.query_one(f"#f-{name}", Input).value = value


def runs(app: ModelTui) -> dict[str, tuple[str, float]]:
    assert app.catalog is not None
    return {a.version: (a.stage, a.share) for a in app.catalog.runs_in("support")}


async def promote(pilot: Pilot[int], app: ModelTui, why: str) -> str:
    """Press P, take the next step, give the reason; what the reminder says."""
    await pilot.press("P")
    await on(pilot, "Choose")
    await pilot.press("enter")
    await on(pilot, "Confirm")
    await typed(pilot, why)
    await on(pilot, "Recorded")
    told = said(app, "#text Static")
    await pilot.press("escape")
    await on(pilot, "ChecklistScreen")
    return told


async def test_a_late_upgrade_from_plan_to_revert(path: Path, tmp_path: Path) -> None:
    app = app_of(path, actor="bob")
    async with app.run_test(size=(140, 45)) as pilot:
        await opened(pilot, app)
        app.push_screen(ChecklistScreen(upgrade(app).uid))
        await on(pilot, "ChecklistScreen")
        table = app.screen.query_one(ItemTable)
        await until(pilot, lambda: table.cursor_key is not None)

        head = said(app, "#upgrade-head")
        assert "51 d late" in head
        assert "blocked by 3" in head
        await pilot.press("w")
        await on(pilot, "Reader")
        why = said(app, "#text Static")
        assert "do not fit into the 16 left" in why
        assert "no extension of a date" in why
        assert "AZ-POL, 2026-10-05" in why
        await pilot.press("escape")
        await on(pilot, "ChecklistScreen")

        assert table.move_to("D01")
        await pilot.press("space", "space")
        await until(pilot, lambda: upgrade(app).items["D01"].state == "done")
        table.fold("Assess", False)
        assert table.move_to("A05")
        await pilot.press("W")
        await on(pilot, "Form")
        await set_field(pilot, "why", "the price is known to be lower")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: upgrade(app).items["A05"].state == "waived")
        table.fold("Validate", False)
        assert table.move_to("V06")
        await pilot.press("A")
        await on(pilot, "Confirm")
        await pilot.press("y")
        await until(pilot, lambda: upgrade(app).items["V06"].signed_by == "bob")
        await until(pilot, lambda: "ready to promote" in said(app, "#upgrade-head"))

        await pilot.press("e")
        await on(pilot, "Form")
        await set_field(pilot, "steps", "10, 5")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "do not rise" in said(app, "#e-steps"))
        await set_field(pilot, "steps", "shadow, 10, 100")
        await set_field(pilot, "abort", "refusals above 1 %")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: upgrade(app).steps == (0, 10, 100))
        await on(pilot, "ChecklistScreen")

        told = await promote(pilot, app, "look first")
        assert "a copy of the traffic" in told
        assert runs(app)[AZURE_NEW] == ("Staging", 0)
        await until(pilot, lambda: "runs as shadow" in said(app, "#upgrade-head"))
        told = await promote(pilot, app, "the answers agree")
        assert "Recorded. Traffic has not moved." in told
        assert "--sku-name GlobalProvisionedManaged" in told
        assert runs(app) == {AZURE_OLD: ("Production", 90), AZURE_NEW: ("Production", 10)}
        await until(pilot, lambda: "promoted to 10 %" in said(app, "#upgrade-head"))
        await promote(pilot, app, "a week without errors")
        assert runs(app)[AZURE_NEW] == ("Production", 100)
        assert str(upgrade(app).items["X01"].due) == "2026-12-09"
        await until(pilot, lambda: "way back until 9 Dec" in said(app, "#upgrade-head"))
        await pilot.press("P")
        await until(pilot, lambda: any("all of the traffic already" in n.message for n in app._notifications))

        await pilot.press("R")
        await on(pilot, "Confirm")
        await typed(pilot, "customers complained")
        await on(pilot, "Recorded")
        assert "--model-version 2024-05-13" in said(app, "#text Static")
        await pilot.press("escape")
        await until(pilot, lambda: "rolled back" in said(app, "#upgrade-head"))
        assert runs(app) == {AZURE_OLD: ("Production", 100), AZURE_NEW: ("Archived", 100)}

        out = tmp_path / "record.json"
        await pilot.press("x")
        await on(pilot, "Ask")
        await pilot.press("ctrl+u")
        await typed(pilot, str(out))
        await until(pilot, out.exists)
        await until(pilot, lambda: out.read_text().endswith("}\n"))
    assert verify(out.read_text()).intact
    told_by = [event["command"] for event in json.loads(out.read_text())["record"]["events"]]
    assert told_by[-3:] == [
        f"promote {AZURE_NEW} to 10 % in support",
        f"promote {AZURE_NEW} in support",
        f"revert support to {AZURE_OLD}",
    ]


async def test_a_shadow_is_stopped_by_going_back_and_another_template_is_taken_over(path: Path) -> None:
    with Catalog.open(path, actor="ann", clock=fixed_clock(TODAY)) as c:
        c.promote(c.upgrade("support").uid, "look", share=0)
    app = app_of(path)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot, app)
        app.push_screen(ChecklistScreen(upgrade(app).uid))
        await on(pilot, "ChecklistScreen")
        await until(pilot, lambda: app.screen.query_one(ItemTable).cursor_key is not None)
        await pilot.press("R")
        await on(pilot, "Confirm")
        await typed(pilot, "seen enough")
        await until(pilot, lambda: runs(app)[AZURE_NEW][0] == "Archived")
        assert upgrade(app).state == "open"
        await on(pilot, "ChecklistScreen")
        await pilot.press("e")
        await on(pilot, "Form")
        await set_field(pilot, "template", "short")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: upgrade(app).template == "short")
        kept = upgrade(app).items
        assert {"S01", "S06"} <= kept.keys()
        assert kept["D02"].state == "done", "what was worked on stays"
        assert "D01" not in kept
