"""The checklist of an upgrade, walked by keys."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static, TextArea
from tinydb import where

from store.catalog import Catalog, fixed_clock
from store.records import Criteria, Upgrade
from tests.tui.upgrade_walk import AZURE_NEW, AZURE_OLD, TODAY, app_of, fill, move_date, on, opened, typed, until
from tui.app import ModelTui
from tui.screens.checklist import ChecklistScreen, ItemTable


@pytest.fixture(scope="module")
def started(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog with an open upgrade of each use case, made once; copy it."""
    path = Path(shutil.copy(filled, tmp_path_factory.mktemp("upgrades") / "catalog.json"))
    fill(path)
    with Catalog.open(path, actor="ann", clock=fixed_clock(TODAY)) as c:
        c.start_upgrade("churn", "mlflow/churn@8")
        c.start_upgrade("support", AZURE_NEW)
    return path


@pytest.fixture
def path(started: Path, tmp_path: Path) -> Path:
    """A copy of that catalog."""
    return Path(shutil.copy(started, tmp_path / "catalog.json"))


def upgrade(app: ModelTui, use_case: str) -> Upgrade:
    assert app.catalog is not None
    return app.catalog.upgrade(use_case)


async def checklist(pilot: Pilot[int], app: ModelTui, use_case: str) -> ItemTable:
    """Open a checklist and wait for its items."""
    await opened(pilot, app)
    app.push_screen(ChecklistScreen(upgrade(app, use_case).uid))
    await on(pilot, "ChecklistScreen")
    table = app.screen.query_one(ItemTable)
    await until(pilot, lambda: table.cursor_key is not None)
    return table


def text_of(app: ModelTui, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).render())


async def test_shows_what_moves_how_late_and_what_blocks(path: Path) -> None:
    app = app_of(path)
    async with app.run_test(size=(140, 45)) as pilot:
        table = await checklist(pilot, app, "support")
        head = text_of(app, "#upgrade-head")
        assert "gpt-4o@2024-05-13 → gpt-5.6-sol@2026-07-09" in head
        assert "2 Oct · 51 d late" in head
        assert "0/52" in head
        assert "blocked by" in head
        assert "no verdict" in head
        shown = table.to_text(whole=True)
        assert "Discover" in shown
        assert "▸ Retire" in shown
        assert "questions would decide" in shown
        assert table.cursor_key == "D01"
        assert "Upgrades are missed" in text_of(app, "#item-asks")
        await pilot.press("j")
        await until(pilot, lambda: "calendar" in text_of(app, "#item-asks"))
        await pilot.press("p")
        assert not app.screen.query_one("#item-pane").display


async def test_steps_evidence_waiver_and_not_applicable_are_kept(path: Path, tmp_path: Path) -> None:
    proof = tmp_path / "inventory.csv"
    proof.write_text("a,b\n")
    app = app_of(path)
    async with app.run_test(size=(120, 36)) as pilot:
        table = await checklist(pilot, app, "support")

        def item(name: str = "D01") -> object:
            return upgrade(app, "support").items[name]

        for given in ("https://wiki.example/places", str(proof), "seen by eye", "# only a remark"):
            await pilot.press("m")
            await on(pilot, "Ask")
            await typed(pilot, given)
            await on(pilot, "ChecklistScreen")
        await until(pilot, lambda: upgrade(app, "support").items["D01"].comments)
        kept = upgrade(app, "support").items["D01"]
        assert [(e.kind, e.text) for e in kept.evidence] == [
            ("link", "https://wiki.example/places"), ("file", str(proof)), ("note", "seen by eye"),
        ]  # fmt: skip
        assert kept.evidence[1].hash == hashlib.sha256(proof.read_bytes()).hexdigest()
        assert kept.comments[0].text == "only a remark"

        await pilot.press("m")
        await on(pilot, "Ask")
        await typed(pilot, "./missing.csv")
        await until(pilot, lambda: any("No such file" in n.message for n in app._notifications))
        assert len(upgrade(app, "support").items["D01"].evidence) == 3

        await pilot.press("space")
        await until(pilot, lambda: upgrade(app, "support").items["D01"].state == "doing")
        await pilot.press("space")
        await until(pilot, lambda: upgrade(app, "support").items["D01"].state == "done")

        assert table.move_to("D04")
        await pilot.press("N")
        await on(pilot, "Ask")
        await typed(pilot, "one team only")
        await until(pilot, lambda: upgrade(app, "support").items["D04"].state == "not_applicable")

        assert table.move_to("D05")
        await pilot.press("W")
        await on(pilot, "Form")
        await pilot.press("tab")
        await typed(pilot, "no time before the freeze", "ctrl+s")
        await until(pilot, lambda: upgrade(app, "support").items["D05"].state == "waived")
        waiver = upgrade(app, "support").items["D05"].waiver
        assert waiver is not None
        assert (waiver.by, waiver.why, str(waiver.until)) == ("ann", "no time before the freeze", "2026-12-23")
        await until(pilot, lambda: "waived until 2026-12-23" in table.to_text(whole=True))
        assert "Discover  2/4" in table.to_text(whole=True)
        await pilot.press("z")
        await until(pilot, lambda: upgrade(app, "support").items["D05"].state == "todo")


async def test_a_waiver_needs_a_reason_and_a_day_ahead(path: Path) -> None:
    app = app_of(path)
    async with app.run_test(size=(120, 36)) as pilot:
        await checklist(pilot, app, "support")
        await pilot.press("W")
        await on(pilot, "Form")
        app.screen.query_one("#f-until").value = "2026-01-01"  # type: ignore[attr-defined]
        await pilot.press("tab", "x", "ctrl+s")
        await until(pilot, lambda: "is past" in text_of(app, "#e-until"))
        assert upgrade(app, "support").items["D01"].waiver is None


async def test_answers_decide_which_items_apply_and_are_remembered(path: Path) -> None:
    app = app_of(path)
    async with app.run_test(size=(120, 36)) as pilot:
        await checklist(pilot, app, "support")
        assert "T07" in upgrade(app, "support").items
        await pilot.press("g", "g", "enter")
        await on(pilot, "Questions")
        await pilot.press(*"nnnnn", "enter")
        await on(pilot, "ChecklistScreen")
        await until(pilot, lambda: "T07" not in upgrade(app, "support").items)
        assert app.catalog is not None
        assert app.catalog.use_cases["support"].regulated is False
        assert app.catalog.use_cases["support"].uses == ()


async def test_evidence_goes_stale_when_the_target_changes(path: Path) -> None:
    app = app_of(path)
    async with app.run_test(size=(140, 45)) as pilot:
        table = await checklist(pilot, app, "support")
        table.fold("Assess", False)
        assert table.move_to("A01")
        await pilot.press("space", "space")
        await until(pilot, lambda: upgrade(app, "support").items["A01"].state == "done")
        await pilot.press("s")
        await on(pilot, "Choose")
        await typed(pilot, "gpt-4.1@2025")
        await until(pilot, lambda: "gpt-4.1@" in upgrade(app, "support").to_version)
        await until(pilot, lambda: "stale: target changed" in table.to_text(whole=True))


async def test_the_target_is_chosen_from_the_candidates_the_vendors_first_and_says_why_not_the_others(
    path: Path,
) -> None:
    from store.review.successors import successors
    from tui.screens.upgrade_targets import ranked

    app = app_of(path)
    async with app.run_test() as pilot:
        await opened(pilot, app)
        view = app.view
        assert view is not None
        runs = {a.use_case: a for a in view.records.assignments}
        found, proposed = ranked(runs["support"], view)
        assert found[0][0] == proposed == AZURE_NEW
        assert "vendor's replacement" in found[0][1]
        best = successors(view.records, view.records.use_cases["support"], runs["support"], view.today).first
        assert {key for key, said in found if not said.startswith("out: ")} == set(best)
        assert [key for key, _ in found[1 : len(best)]] == list(best[1:])
        assert any(said.startswith("out: retires itself on ") for _, said in found[len(best) :])
        keys = [key for key, _ in found]
        assert len(set(keys)) == len(keys) > 20
        assert AZURE_OLD not in keys
        assert not any(view.records.versions[key].alias_of for key in keys)
        assert {view.records.versions[key].value("kind") for key in keys} <= {"chat", None}
        own = [key for key, _ in ranked(runs["churn"], view).options]
        assert own == ["mlflow/churn@8"]


async def test_walk_blocked_promote_revert_and_open_again(path: Path) -> None:
    app = app_of(path, actor="bob")
    async with app.run_test(size=(120, 36)) as pilot:
        table = await checklist(pilot, app, "churn")
        await pilot.press("P")
        await on(pilot, "Reader")
        assert "modeltui upgrade promote churn --force" in text_of(app, "#text Static")
        await pilot.press("escape")
        await on(pilot, "ChecklistScreen")
        await pilot.press("r")
        await until(pilot, lambda: upgrade(app, "churn").verdict)
        for item in upgrade(app, "churn").items.values():
            if item.gate == "promote" and upgrade(app, "churn").items[item.id].state != "done":
                table.fold(item.phase, False)
                assert table.move_to(item.id)
                await pilot.press("space", "space")
                await until(pilot, lambda name=item.id: upgrade(app, "churn").items[name].state == "done")
        await until(pilot, lambda: "ready to promote" in text_of(app, "#upgrade-head"))

        await pilot.press("P")
        await on(pilot, "Confirm")
        await typed(pilot, "better f1")
        await on(pilot, "Recorded")
        said = text_of(app, "#text Static")
        assert "Recorded. Traffic has not moved." in said
        assert "s3://models/churn/8" in said
        assert upgrade(app, "churn").state == "promoted"
        await pilot.press("escape")
        await until(pilot, lambda: "promoted" in text_of(app, "#upgrade-head"))

        await pilot.press("R")
        await on(pilot, "Confirm")
        await typed(pilot, "complaints")
        await on(pilot, "Recorded")
        await pilot.press("escape")
        await until(pilot, lambda: "rolled back" in text_of(app, "#upgrade-head"))
        await pilot.press("space")
        await until(pilot, lambda: any("start a new one" in n.message for n in app._notifications))

    again = app_of(path)
    async with again.run_test(size=(120, 36)) as pilot:
        await opened(pilot, again)
        kept = upgrade(again, "churn")
        assert (kept.state, kept.outcome, kept.closed_on) == ("rolled_back", "complaints", TODAY)
        assert again.catalog is not None
        stages = {a.version: a.stage for a in again.catalog.runs_in("churn")}
        assert stages == {"mlflow/churn@7": "Production", "mlflow/churn@8": "Archived"}
        told = [(e.command, e.why, e.actor) for e in again.catalog.history("churn")[-2:]]
        assert told == [
            ("promote mlflow/churn@8 in churn", "better f1", "bob"),
            ("revert churn to mlflow/churn@7", "complaints", "bob"),
        ]  # fmt: skip


async def test_the_record_is_written_and_not_over_a_file_without_asking(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "record.md"
    app = app_of(path)
    async with app.run_test(size=(120, 36)) as pilot:
        await checklist(pilot, app, "support")

        async def write() -> None:
            await pilot.press("x")
            await on(pilot, "Ask")
            await pilot.press("ctrl+u")
            await typed(pilot, str(out))

        await write()
        await until(pilot, out.exists)
        record = out.read_text(encoding="utf-8")
        assert "# " in record
        assert "D01" in record
        assert "2026-10-02" in record
        out.write_text("mine")
        await write()
        await on(pilot, "Confirm")
        await pilot.press("escape")
        await on(pilot, "ChecklistScreen")
        assert out.read_text() == "mine"


async def test_cancelled_with_a_reason_and_edited_in_a_form(path: Path) -> None:
    app = app_of(path)
    async with app.run_test(size=(120, 36)) as pilot:
        await checklist(pilot, app, "churn")
        first = next(iter(upgrade(app, "churn").items))
        await pilot.press("e")
        await on(pilot, "Form")
        app.screen.query_one("#f-owner").value = "data-team"  # type: ignore[attr-defined]
        await pilot.press("ctrl+s")
        await until(pilot, lambda: upgrade(app, "churn").items[first].owner == "data-team")
        await on(pilot, "ChecklistScreen")
        await pilot.press("e")
        await on(pilot, "Form")
        app.screen.query_one("#f-strategy").value = "sideways"  # type: ignore[attr-defined]
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "is no strategy" in text_of(app, "#e-strategy"))
        app.screen.query_one("#f-strategy").value = "in_place"  # type: ignore[attr-defined]
        app.screen.query_one("#f-note", TextArea).text = "after the audit"
        app.screen.query_one("#f-lessons", TextArea).text = "measure first"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: upgrade(app, "churn").strategy == "in_place")
        assert (upgrade(app, "churn").note, upgrade(app, "churn").lessons) == ("after the audit", "measure first")
        await on(pilot, "ChecklistScreen")
        await pilot.press("g", "g")
        await until(pilot, lambda: "Lessons: measure first" in text_of(app, "#item-asks"))
        await pilot.press("D")
        await on(pilot, "Choose")
        await typed(pilot, "cancel")
        await on(pilot, "Confirm")
        await typed(pilot, "model is dropped")
        await until(pilot, lambda: upgrade(app, "churn").state == "cancelled")
        await until(pilot, lambda: "cancelled" in text_of(app, "#upgrade-head"))


@pytest.mark.parametrize("size", [(80, 24), (60, 16), (200, 60)])
async def test_every_size_shows_the_items_and_the_end_of_the_upgrade_is_survived(
    path: Path, size: tuple[int, int]
) -> None:
    app = app_of(path)
    async with app.run_test(size=size) as pilot:
        table = await checklist(pilot, app, "support")
        assert "D01" in table.to_text()
        assert table.size.height > 4
        assert app.catalog is not None
        uid = upgrade(app, "support").uid
        await app.carry_out(lambda c: c.remove_upgrade(uid, "by another"))
        await until(pilot, lambda: "no longer there" in text_of(app, "#upgrade-head"))
        await pilot.press("space", "w", "P", "m", "escape")
        await on(pilot, "CatalogScreen")


def test_the_command_to_move_traffic_is_quoted_and_names_what_is_not_known(path: Path) -> None:
    from store.records import Deployment
    from tui.traffic import move

    with Catalog.open(path, actor="ann", clock=fixed_clock(TODAY)) as c:
        target = c.versions[AZURE_NEW]
        known = move(target, Deployment("u", "it's me", platform="azure", sku="GlobalStandard", units=15), "support")
        assert "--deployment-name 'it'\"'\"'s me'" in known.command
        assert "--model-name gpt-5.6-sol --model-version 2026-07-09" in known.command
        assert "--sku-capacity 15" in known.command
        assert "CAPACITY" not in known.note
        bare = move(target, None, "support")
        assert '"$DEPLOYMENT"' in bare.command
        assert "CAPACITY" in bare.note
        other = move(c.versions["openai/gpt-4.1@2025-04-14"], None, "review")
        assert other.command == ""
        assert "review" in other.note


async def test_signing_is_refused_to_the_author_and_nothing_is_written_on_a_what_if_day(path: Path) -> None:
    with Catalog.open(path, actor="ann", clock=fixed_clock(TODAY)) as c:
        use_case = c.use_case("support")
        c.edit_use_case(replace(use_case, criteria=Criteria(two_persons=True)), use_case)
    app = app_of(path)
    async with app.run_test(size=(120, 36)) as pilot:
        await checklist(pilot, app, "support")
        await pilot.press("g", "g", "A")
        await on(pilot, "Confirm")
        await pilot.press("y")
        await until(pilot, lambda: any("second person" in n.message for n in app._notifications))
        app.set_what_if(date(2026, 12, 20))
        await until(pilot, lambda: "late" in text_of(app, "#upgrade-head") and app.view and app.view.today.day == 20)
        await pilot.press("G", "space", "P")
        await on(pilot, "ChecklistScreen")
        assert any("what-if" in n.message for n in app._notifications)


async def test_after_the_promotion_it_is_confirmed_and_closed_with_lessons(path: Path) -> None:
    with Catalog.open(path, actor="ann", clock=fixed_clock(TODAY)) as c:
        churn = c.upgrade("churn")
        for item in churn.items:
            c.tick_item(churn.uid, item)
        c.promote(churn.uid, "better f1")
    app = app_of(path)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot, app)
        app.push_screen(ChecklistScreen(upgrade(app, "churn").uid))
        await on(pilot, "ChecklistScreen")
        await until(pilot, lambda: "ready to close" in text_of(app, "#upgrade-head"))
        assert "recorded, not seen" in text_of(app, "#upgrade-head")
        await pilot.press("D")
        await on(pilot, "Choose")
        await pilot.press("enter")
        assert app.catalog is not None
        runs = app.catalog.runs_in
        await until(pilot, lambda: all(a.seen for a in runs("churn") if a.stage == "Production"))
        await until(pilot, lambda: "not seen" not in text_of(app, "#upgrade-head"))
        await pilot.press("D")
        await on(pilot, "Choose")
        await typed(pilot, "close")
        await on(pilot, "Ask")
        await typed(pilot, "measure earlier")
        await until(pilot, lambda: upgrade(app, "churn").state == "closed")
        assert upgrade(app, "churn").lessons == "measure earlier"


async def test_an_item_that_somebody_else_ticked_meanwhile_is_not_ticked_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.keeping.POLL_SECONDS", 3600)
    app = app_of(path)
    async with app.run_test(size=(120, 36)) as pilot:
        table = await checklist(pilot, app, "support")
        await pilot.press("space")
        await until(pilot, lambda: upgrade(app, "support").items["D01"].state == "doing")
        await until(pilot, lambda: "under way" in table.to_text(whole=True))
        with Catalog.open(path, actor="bob", clock=fixed_clock(TODAY)) as other:
            uid = other.upgrade("support").uid
            other.tick_item(uid, "D01", "seven places")
        await pilot.press("space")
        said = "D01 was changed by bob meanwhile and is done: look at it again, nothing was written"
        await until(pilot, lambda: any(said in n.message for n in app._notifications))
        kept = upgrade(app, "support").items["D01"]
        assert (kept.state, [e.text for e in kept.evidence]) == ("done", ["seven places"])
        await until(pilot, lambda: "seven places" in table.to_text(whole=True))


async def test_two_quick_presses_are_two_steps(path: Path) -> None:
    app = app_of(path)
    async with app.run_test(size=(120, 36)) as pilot:
        await checklist(pilot, app, "support")
        for _ in range(2):  # nothing is painted in between
            app.screen.step("D01")  # type: ignore[attr-defined]
        await until(pilot, lambda: upgrade(app, "support").items["D01"].state == "done")
        assert not app._notifications


async def test_a_date_that_moved_is_said_and_d_plans_again(path: Path) -> None:
    with Catalog.open(path, actor="ann", clock=fixed_clock(TODAY)) as c:
        move_date(c, AZURE_OLD, date(2027, 9, 1))
    app = app_of(path)
    async with app.run_test(size=(160, 36)) as pilot:
        await checklist(pilot, app, "support")
        assert "the date moved from 9 Dec 2026" in text_of(app, "#upgrade-head")
        await pilot.press("D")
        await on(pilot, "Choose")
        await typed(pilot, "plan again")
        await on(pilot, "Confirm")
        await typed(pilot, "a letter came")
        await until(pilot, lambda: "the date moved" not in text_of(app, "#upgrade-head"))
        assert upgrade(app, "support").planned_for == date(2027, 9, 1)
        due = {item.due for item in upgrade(app, "support").items.values() if item.phase == "Validate"}
        assert min(d for d in due if d) > date(2027, 1, 1)


async def test_a_target_that_retired_or_was_deleted_meanwhile_blocks_with_a_sentence_and_nothing_breaks(
    path: Path, tmp_path: Path
) -> None:
    with Catalog.open(path, actor="ann", clock=fixed_clock(TODAY)) as c:
        c.set_target(c.upgrade("support").uid, "azure-openai/o3@2025-04-16")
    app = app_of(path)
    async with app.run_test(size=(120, 36)) as pilot:
        await checklist(pilot, app, "support")
        before = upgrade(app, "support")
        await pilot.press("P")
        await on(pilot, "Reader")
        assert "The target azure-openai/o3@2025-04-16 cannot be called" in text_of(app, "#text Static")
        await pilot.press("escape")
        await on(pilot, "ChecklistScreen")
        assert app.catalog is not None
        table = app.catalog._db.table("versions")
        table.remove(where("key") == "azure-openai/o3@2025-04-16")  # by another program: no command does that
        await pilot.press("P")
        await on(pilot, "Reader")
        assert "is no longer in the catalog" in text_of(app, "#text Static")
        await pilot.press("escape", "w")
        await on(pilot, "Reader")
        assert "is no longer in the catalog" in text_of(app, "#text Static")
        await pilot.press("escape", "R")
        await until(pilot, lambda: any("nothing to go back from" in n.message for n in app._notifications))
        assert upgrade(app, "support") == before
        await pilot.press("r")
        await until(pilot, lambda: any("cannot tell yet" in n.message for n in app._notifications))
        out = tmp_path / "record.md"
        await pilot.press("x")
        await on(pilot, "Ask")
        await pilot.press("ctrl+u")
        await typed(pilot, str(out))
        await until(pilot, lambda: out.exists() and "No longer in the catalog." in out.read_text())
