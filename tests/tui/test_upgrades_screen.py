"""The list of upgrades, and how an upgrade is started from other places."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
from textual.widgets import Input

from store.catalog import Catalog, fixed_clock
from store.engine import new_uid
from store.records import UseCase
from tests.tui.upgrade_walk import AZURE_NEW, AZURE_OLD, TODAY, app_of, fill, on, opened, typed, until
from tui.screens.checklist import ChecklistScreen
from tui.screens.upgrades import UpgradesScreen
from tui.widgets.table import Table


@pytest.fixture(scope="module")
def plain(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog without an upgrade, made once; copy it."""
    path = Path(shutil.copy(filled, tmp_path_factory.mktemp("plain") / "catalog.json"))
    fill(path)
    return path


@pytest.fixture
def path(plain: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(plain, tmp_path / "catalog.json"))


async def test_u_in_the_catalog_proposes_the_vendors_target_shows_the_plan_and_opens_the_checklist(path: Path) -> None:
    app = app_of(path)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot, app)
        rows = app.screen.query_one("#rows", Table)
        assert app.view is not None
        support = next(a.uid for a in app.view.records.assignments if a.use_case == "support")
        await until(pilot, lambda: rows.move_to(support))
        await pilot.press("u")
        await on(pilot, "Form")
        values = {name: app.screen.query_one(f"#f-{name}", Input).value for name in ("target", "strategy", "template")}
        assert values == {"target": AZURE_NEW, "strategy": "in_place", "template": "azure-provisioned"}
        await pilot.press("ctrl+s")
        await on(pilot, "Confirm")
        told = "\n".join(str(w.render()) for w in app.screen.query("Static"))
        assert "2 Oct · 51 d late" in told
        assert "do not fit into the 16 left" in told
        await typed(pilot, "it stops in December")
        await on(pilot, "Questions")
        await pilot.press("escape")
        await on(pilot, "ChecklistScreen")
        assert app.catalog is not None
        started = app.catalog.upgrade("support")
        assert (started.to_version, started.strategy, started.template) == (AZURE_NEW, "in_place", "azure-provisioned")
        assert app.catalog.history("support")[-1].why == "it stops in December"

        await pilot.press("escape", "u")
        await on(pilot, "ChecklistScreen")
        assert len(list(app.catalog.upgrades.records())) == 1


async def test_a_target_that_is_an_alias_or_runs_already_is_refused_at_its_field(path: Path) -> None:
    app = app_of(path)
    own = app.options.config_path.parent / "templates"
    own.mkdir(parents=True)
    (own / "ours.toml").write_text('titel = "x"')
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot, app)
        await pilot.press("2")
        await on(pilot, "UpgradesScreen")
        await pilot.press("n")
        await on(pilot, "Choose")
        await typed(pilot, "support")
        await on(pilot, "Form")
        assert any("unknown field 'titel'; did you mean title?" in n.message for n in app._notifications)
        assert app.catalog is not None
        alias = next(v.key for v in app.catalog.versions.values() if v.alias_of)
        for wrong, sentence in (
            (AZURE_OLD, "runs already"),
            (alias, "moving alias"),
            ("openai/gpt-nine", "no version"),
        ):
            app.screen.query_one("#f-target", Input).value = wrong
            await pilot.press("ctrl+s")
            await until(pilot, lambda s=sentence: s in str(app.screen.query_one("#e-target").render()))
        app.screen.query_one("#f-target", Input).value = ""
        await pilot.press("ctrl+s")
        await on(pilot, "Confirm")
        await typed(pilot, "to be decided")
        await until(pilot, lambda: any(u.use_case == "support" for u in app.catalog.upgrades.records()))
        assert app.catalog.upgrade("support").to_version == ""


async def test_lists_running_by_urgency_and_past_with_outcome_filters_and_opens(path: Path) -> None:
    with Catalog.open(path, actor="ann", clock=fixed_clock(TODAY)) as c:
        c.start_upgrade("churn")
        c.cancel_upgrade(c.upgrade("churn").uid, "waits for new data")
        c.start_upgrade("churn", "mlflow/churn@8")
        c.start_upgrade("support", AZURE_NEW)
    app = app_of(path)
    async with app.run_test(size=(140, 45)) as pilot:
        await opened(pilot, app)
        await pilot.press("2")
        await on(pilot, "UpgradesScreen")
        screen = app.screen
        assert isinstance(screen, UpgradesScreen)
        table = screen.query_one("#upgrades", Table)
        await until(pilot, lambda: table.cursor_key is not None)
        lines = table.to_text(whole=True).splitlines()
        assert [line.split()[0] for line in lines[2:4]] == ["support", "churn"]
        assert "51 d late" in lines[2]
        assert "D01" in lines[2]
        assert "Past" in lines[4]
        assert "waits for new" in lines[5]
        assert screen.use_case_here() == "support"
        assert screen.selection() == [AZURE_OLD, AZURE_NEW]

        await pilot.press("backslash")
        await on(pilot, "Choose")
        await typed(pilot, "waits")
        await pilot.press("escape")
        await on(pilot, "UpgradesScreen")
        assert "Waits for" not in table.to_text()

        await pilot.press("slash")
        await typed(pilot, "crm open")
        await until(pilot, lambda: screen.use_case_here() == "churn")
        assert "support" not in table.to_text(whole=True)
        await pilot.press("enter")
        await on(pilot, "ChecklistScreen")
        await pilot.press("escape")
        await on(pilot, "UpgradesScreen")
        await pilot.press("escape")
        await until(pilot, lambda: "support" in table.to_text(whole=True))

        await pilot.press("d")
        await on(pilot, "Confirm")
        await typed(pilot, "by mistake")
        assert app.catalog is not None
        await until(pilot, lambda: len(list(app.catalog.upgrades.records())) == 2)
        await pilot.press("z")
        await until(pilot, lambda: len(list(app.catalog.upgrades.records())) == 3)


async def test_without_an_upgrade_it_says_how_to_start_one(path: Path) -> None:
    app = app_of(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app)
        await pilot.press("2")
        await on(pilot, "UpgradesScreen")
        await until(pilot, lambda: "n starts one" in app.screen.query_one("#upgrades", Table).to_text())
        await pilot.press("w", "s", "x", "e", "D", "enter", "u")
        await pilot.pause()
        await on(pilot, "UpgradesScreen")


async def test_v_shows_what_each_owner_has_to_do_next_across_all_upgrades(path: Path) -> None:
    with Catalog.open(path, actor="ann", clock=fixed_clock(TODAY)) as c:
        c.start_upgrade("churn", "mlflow/churn@8")
        c.start_upgrade("support", AZURE_NEW)
        c.give_item(c.upgrade("churn").uid, "S01", "mira")
        c.give_item(c.upgrade("support").uid, "D02", "mira")
    app = app_of(path)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot, app)
        await pilot.press("2")
        await on(pilot, "UpgradesScreen")
        screen = app.screen
        assert isinstance(screen, UpgradesScreen)
        table = screen.query_one("#upgrades", Table)
        await until(pilot, lambda: table.cursor_key is not None)
        await pilot.press("v")
        shown = table.to_text(whole=True)
        assert "mira  2 in 2 upgrades" in shown
        assert "platform-team" in shown
        assert screen.use_case_here() == "support", "the cursor stays at the upgrade"
        await pilot.press("slash")
        await typed(pilot, "mira")
        await until(pilot, lambda: "platform-team" not in table.to_text(whole=True))
        lines = table.to_text(whole=True).splitlines()
        assert [line.split()[1] for line in lines[2:]] == ["D02", "S01"], "by due day, without a date last"
        await pilot.press("g", "g", "j", "j", "enter")
        await on(pilot, "ChecklistScreen")
        assert isinstance(app.screen, ChecklistScreen)
        checklist = app.screen
        await until(pilot, lambda: (item := checklist.item_here()) is not None and item.id == "S01")
        await pilot.press("space", "space")
        assert app.catalog is not None
        await until(pilot, lambda: app.catalog.upgrade("churn").items["S01"].state == "done")
        await pilot.press("escape")
        await on(pilot, "UpgradesScreen")
        await until(pilot, lambda: "S01" not in table.to_text(whole=True))
        await pilot.press("escape", "v")
        await until(pilot, lambda: "Running  2" in table.to_text(whole=True))


async def test_all_use_cases_of_a_deployment_are_upgraded_together(path: Path) -> None:
    with Catalog.open(path, actor="ann", clock=fixed_clock(TODAY)) as c:
        c.add_use_case(UseCase(new_uid(), "triage", owner="platform-team"))
        c.assign("triage", AZURE_OLD, deployment="sc-ptu")
    app = app_of(path)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot, app)
        await pilot.press("2")
        await on(pilot, "UpgradesScreen")
        await pilot.press("n")
        await on(pilot, "Choose")
        await typed(pilot, "support")
        await on(pilot, "Form")
        app.screen.query_one("#f-strategy", Input).value = "sideways"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "is no strategy" in str(app.screen.query_one("#e-strategy").render()))
        app.screen.query_one("#f-strategy", Input).value = "side_by_side"
        app.screen.query_one("#f-together", Input).value = "all"
        await pilot.press("ctrl+s")
        await on(pilot, "Confirm")
        told = "\n".join(str(w.render()) for w in app.screen.query("Static"))
        assert "one upgrade for each use case on sc-ptu, linked" in told
        await typed(pilot, "it stops in December")
        assert app.catalog is not None
        await until(pilot, lambda: len(list(app.catalog.upgrades.records())) == 2)
        support, triage = app.catalog.upgrade("support"), app.catalog.upgrade("triage")
        assert support.group == triage.group != ""
        assert {support.strategy, triage.strategy} == {"side_by_side"}
        assert {support.to_version, triage.to_version} == {AZURE_NEW}
        await pilot.press("escape")
        await on(pilot, "ChecklistScreen")
        assert isinstance(app.screen, ChecklistScreen)
        assert app.screen.upgrade_uid == support.uid
        await until(pilot, lambda: "with triage no verdict" in str(app.screen.query_one("#upgrade-head").render()))
        await pilot.press("z")
        await until(pilot, lambda: not list(app.catalog.upgrades.records()))


async def test_in_a_very_large_catalog_only_what_lies_near_is_looked_at_and_the_wait_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.screens import acting, upgrade_start, upgrade_targets
    from tui.text import plain as words

    monkeypatch.setattr(upgrade_targets, "MANY", 100)
    monkeypatch.setattr(upgrade_targets, "LABELLED", 2)
    monkeypatch.setattr(acting, "SLOW_SECONDS", 0.01)
    looking = threading.Event()

    def slowly(*asked: object) -> upgrade_targets.Ranked:
        looking.wait(5)
        return upgrade_targets.ranked(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(upgrade_start, "ranked", slowly)
    app = app_of(path)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot, app)
        view = app.view
        assert view is not None
        old = view.records.versions[AZURE_OLD]
        found = upgrade_targets.targets(old, view)
        near = [view.records.versions[key] for key, _ in found if not key.startswith(AZURE_NEW)]
        assert len(near) > 20
        assert all(v.provider == old.provider or v.model == old.model for v in near)
        assert [words(said) == key for key, said in found[-2:]] == [True, True], "no dates, no prices: the key alone"
        support = next(a.uid for a in view.records.assignments if a.use_case == "support")
        rows = app.screen.query_one("#rows", Table)
        await until(pilot, lambda: rows.move_to(support))
        app.simulate_key("u")
        await until(pilot, lambda: acting.LOOKING in [note.message for note in app._notifications])
        looking.set()
        await on(pilot, "Form")
