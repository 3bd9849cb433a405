"""A whole upgrade in good time, by keys: plan, items, gate, waiver, signature, canary, promotion, the way back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from textual.widgets import Input, Static
from walking import Walk, walk

from store.catalog import Catalog, fixed_clock
from store.records import Item, Upgrade
from store.review.record_seal import verify
from tests.conftest import TODAY
from tui.screens.checklist import ItemTable
from tui.widgets.table import Table

OLD, NEW = "openai/gpt-4.1@2025-04-14", "openai/gpt-5.4-mini@2026-03-17"


def upgrade(w: Walk) -> Upgrade:
    return w.catalog.upgrade("code-review")


def item(w: Walk, name: str) -> Item:
    return upgrade(w).items[name]


def head(w: Walk) -> str:
    return str(w.screen.query_one("#upgrade-head", Static).render())


async def reason(w: Walk, text: str) -> None:
    """Give the reason that a step asks for."""
    await w.on("Confirm")
    w.screen.query_one("#reason", Input).value = text
    await w.press("enter")


async def settle(w: Walk, table: ItemTable, found: Item) -> None:
    """Step an item until it is done."""
    table.fold(found.phase, False)
    assert table.move_to(found.id)
    for state in ("doing", "done"):
        if item(w, found.id).state != state:
            await w.pilot.press("space")
            await w.until(lambda s=state: item(w, found.id).state == s, f"{found.id} {state}")


async def test_a_whole_upgrade_from_plan_to_revert(demo_path: Path, tmp_path: Path) -> None:
    with Catalog.open(demo_path, actor="lead", clock=fixed_clock(TODAY)) as c:
        use_case = c.use_case("code-review")
        c.edit_use_case(replace(use_case, criteria=replace(use_case.criteria, two_persons=True)), use_case)
    async with walk(demo_path, (110, 30)) as w:
        rows = w.screen.query_one("#rows", Table)
        uid = next(a.uid for a in w.catalog.runs_in("code-review") if a.in_use)
        await w.until(lambda: rows.move_to(uid), "the row")
        await w.press("u")
        await w.on("Form")
        assert (w.value("target"), w.value("template")) == (NEW, "short")
        await w.save()
        await w.on("Confirm")
        assert "cut over by    15 Dec 2026" in w.text()
        await reason(w, "it stops in January")
        await w.on("ChecklistScreen")
        assert "start by 2 d" in head(w)
        table = w.screen.query_one(ItemTable)

        await w.press("r")
        await w.until(lambda: upgrade(w).verdict, "a verdict")
        assert upgrade(w).verdict in item(w, "V01").reason, "the gate does not let it pass and says why"
        waiting = [i for i in upgrade(w).items.values() if i.gate == "promote" and i.state != "done"]
        await w.press("P")
        await w.on("Reader")
        assert f"Not yet: {len(waiting) + 1} before promotion" in w.text()
        assert "needs the signature of a person other than me" in w.text()
        await w.press("escape")
        await w.on("ChecklistScreen")
        waived = item(w, "V01")
        await settle(w, table, waiting[0])
        await settle(w, table, waiting[4])
        table.fold(waived.phase, False)
        assert table.move_to(waived.id)
        await w.press("W")
        await w.fill(why="nobody passes it", until="+20d")
        await w.save()
        await w.until(lambda: item(w, waived.id).state == "waived", "the waiver")
        await w.on("ChecklistScreen")
        await w.press("A")
        await w.on("Confirm")
        await w.press("y")
        await w.until(lambda: any("needs a second person" in said for said in w.said()), "the refusal")

    with Catalog.open(demo_path, actor="me", clock=fixed_clock(TODAY)) as c:  # the others in the same way
        mine = c.upgrade("code-review")
        for found in mine.items.values():
            if found.gate == "promote" and found.state == "todo":
                c.tick_item(mine.uid, found.id)
    async with walk(demo_path, (110, 30)) as w:
        w.catalog.actor = "approver"
        await w.press("2")
        await w.on("UpgradesScreen")
        listed = w.screen.query_one("#upgrades", Table)
        await w.until(lambda: listed.move_to(upgrade(w).uid), "the upgrade")
        await w.press("enter")
        await w.on("ChecklistScreen")
        table = w.screen.query_one(ItemTable)
        await w.until(lambda: table.cursor_key, "the items")
        table.fold("Assess", False)
        assert table.move_to("A01")
        await w.press("A")
        await w.on("Confirm")
        await w.press("y")
        await w.until(lambda: "ready to promote" in head(w), "the gate")
        await w.press("e")
        await w.fill(steps="shadow, 10, 100", abort="more than 1 % refused")
        await w.save()
        await w.until(lambda: upgrade(w).steps == (0, 10, 100), "the steps")
        for step, told in (("0 %", "shadow"), ("10 %", "with 10 % of the traffic"), ("100 %", "Traffic has not moved")):
            await w.on("ChecklistScreen")
            await w.press("P")
            await w.choose(step)
            await reason(w, f"step {step}")
            await w.on("Recorded")
            assert told in w.text() or "Traffic has not moved" in w.text()
            await w.press("escape")
        await w.until(lambda: "recorded, not seen" in head(w), "that nobody has seen it")
        await w.press("D")
        await w.choose("the traffic has moved")
        await w.until(lambda: "not seen" not in head(w), "that it was seen")
        assert {a.version: (a.stage, a.share) for a in w.catalog.runs_in("code-review")} == {
            OLD: ("Archived", 90), NEW: ("Production", 100),
        }  # fmt: skip
        await w.on("ChecklistScreen")
        await w.press("R")
        await reason(w, "reviewers complained")
        await w.on("Recorded")
        await w.press("escape")
        await w.until(lambda: "rolled back" in head(w), "the way back")
        assert {a.version: a.stage for a in w.catalog.runs_in("code-review") if a.in_use} == {OLD: "Production"}
        out = tmp_path / "record.html"
        await w.on("ChecklistScreen")
        await w.press("x")
        await w.answer(str(out))
        await w.until(lambda: out.exists() and out.read_text().rstrip().endswith("-->"), "the record")
    record = out.read_text()
    assert verify(record).intact
    for told in (
        "approver",
        "nobody passes it",
        "more than 1 % refused",
        "reviewers complained",
        "it stops in January",
    ):
        assert told in record, told
