from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from gto_repositories import git, made, stream
from hostile import endless, serving
from walking import driving

from store.catalog import Catalog, fixed_clock
from store.records import Lineage, Registry, UseCase, Version
from store.sync import Drift, Plan, plan
from tui.screens import sync_rows
from tui.screens.sync_rows import DRIFTING, SyncRows, SyncState, plan_parts
from tui.widgets.table import Wide

TODAY = date(2026, 11, 23)


def written(path: Path, **tables: Any) -> Path:
    path.write_text(json.dumps(tables), encoding="utf-8")
    return path


@pytest.fixture
def ours(store_path: Path, tmp_path: Path) -> Path:
    """A catalog with a registry that is a file: a new version, a conflict, a deployment for the inbox."""
    source = written(
        tmp_path / "ours.json",
        versions=[
            {"key": "ml/churn@8", "own": True, "facts": {"framework": "xgboost 3"}},
            {"key": "ml/churn@7", "own": True, "facts": {"framework": "xgboost 2"}},
        ],
        deployments=[{"name": "churn-blue", "platform": "own", "remote_version": "ml/churn@8"}],
    )
    with Catalog.open(store_path, actor="ann", clock=fixed_clock(TODAY)) as catalog:
        catalog.add_registry(Registry("", "ml", kind="file", address=str(source)))
        catalog.add_version(Version("v7", "ml/churn@7", own=True))
        catalog.set_fact("ml/churn@7", "framework", "sklearn")
        catalog.add_use_case(UseCase("u1", "churn", owner="ann"))
    return store_path


async def test_a_plan_is_shown_decided_applied_assigned_and_undone(ours: Path) -> None:
    async with driving(ours) as app:
        await app.press("4")
        await app.until("r asks the registries")
        assert "no use case" not in app.screen()
        await app.press("r")
        await app.until("in conflict with your own values")
        screen = app.screen()
        assert "● sklearn" in screen
        assert "xgboost 2" in screen
        assert "ml/churn@8" in screen
        assert app.app.catalog is not None
        assert "ml/churn@8" not in app.app.catalog.versions, "a plan changes nothing"

        await app.press("g", "g", "j", "j", "j")  # past the headings, on the conflict
        await app.press(">")
        assert "● xgboost 2" in app.screen()
        await app.press("<")
        assert "● sklearn" in app.screen()
        await app.press(">", "A")
        await app.until("without a use case")
        assert app.app.catalog.version("ml/churn@7").value("framework") == "xgboost 2"

        await app.press("G", "s")
        await app.until("Which use case runs on churn-blue?")
        await app.press("enter")
        await app.until("In which stage")
        await app.press("enter")
        await app.told("churn runs ml/churn@8")
        (run,) = app.app.catalog.runs_in("churn")
        assert (run.version, run.deployment, run.stage, run.seen) == ("ml/churn@8", "churn-blue", "Production", True)
        assert "churn-blue" not in app.screen()

        await app.press("z", "z")
        assert "ml/churn@8" not in app.app.catalog.versions
        assert app.app.catalog.version("ml/churn@7").value("framework") == "sklearn"


async def test_trouble_is_said_where_the_registry_stands_and_the_rest_works(ours: Path, tmp_path: Path) -> None:
    with Catalog.open(ours, actor="ann", clock=fixed_clock(TODAY)) as catalog:
        catalog.add_registry(Registry("", "gone", kind="file", address=str(tmp_path / "gone.json")))
    async with driving(ours) as app:
        await app.press("4", "G", "r")
        await app.until("there is no file")
        await app.press("g", "g", "j", "r")
        await app.until("1 in conflict, 2 new")
        assert "there is no file" in app.screen()


async def test_esc_stops_a_registry_that_does_not_end_and_nothing_is_taken_over(store_path: Path) -> None:
    with serving(endless(b" ", 0.05)) as server:
        with Catalog.open(store_path, actor="ann", clock=fixed_clock(TODAY)) as catalog:
            catalog.add_registry(Registry("", "slow", kind="file", address=server.base))
        async with driving(store_path) as app:
            await app.press("4", "r")
            await app.until("esc stops")
            await app.press("1", "4")
            await app.until("esc stops")
            await app.press("escape")
            await app.until("r asks the registries")
            assert any("Stopped" in said for said in app.toasts())
            assert app.app.catalog is not None
            assert app.app.catalog.registries["slow"].last_run == ""


async def test_esc_stops_it_also_while_what_came_is_compared(ours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    comparing, go_on = threading.Event(), threading.Event()

    def slowly(*given: Any) -> Plan:
        comparing.set()
        assert go_on.wait(20)
        return plan(*given)

    monkeypatch.setattr("store.sync.plan", slowly)
    async with driving(ours) as app:
        await app.press("4", "r")
        assert await asyncio.to_thread(comparing.wait, 20)
        await app.press("escape")
        go_on.set()
        await app.until("r asks the registries")
        await app.settle()
        assert "ml/churn@8" not in app.screen()
        assert app.app.catalog is not None
        assert app.app.catalog.registries["ml"].last_run == ""


async def test_registries_are_added_edited_and_removed_with_secrets_named_only(store_path: Path) -> None:
    async with driving(store_path) as app:
        await app.press("4")
        await app.until("No registry yet")
        await app.press("n", '"prices"', "tab", '"litellm"', "tab", "tab", '"add=all"', "tab", '"token=x"', "ctrl+s")
        await app.until("has no 'token'")
        await app.press("escape")
        await app.settle()


async def test_publish_shows_the_effect_writes_and_says_when_nothing_is_left(ours: Path, tmp_path: Path) -> None:
    team = tmp_path / "team"
    team.mkdir()
    with Catalog.open(ours, actor="ann", clock=fixed_clock(TODAY)) as catalog:
        catalog.remove_registry("ml")
        catalog.add_registry(Registry("", "team", kind="folder", address=str(team)))
    async with driving(ours) as app:
        await app.press("4", "g", "g", "j", "U")
        await app.until("use-cases/churn.json")
        await app.press("enter")
        await app.until("a reason is needed")
        assert list(team.iterdir()) == [], "nothing is written before it is confirmed"
        await app.press('"for the team"', "enter")
        await app.told("Wrote 1 to team")
        file = team / "use-cases" / "churn.json"
        assert json.loads(file.read_text())["owner"] == "ann"
        catalog = app.app.catalog
        assert catalog is not None
        event = catalog.events()[-1]
        assert (event.command, event.why, event.actor) == ("publish team: 1 written", "for the team", catalog.actor)
        assert catalog.registry("team").last_published.startswith("2026-11-23")
        await app.press("w")
        await app.until("published 2026-11-23")
        await app.press("escape")
        await app.press("U")
        await app.until("Nothing to write")
        await app.press("escape")

        # somebody changed there what is changed here: shown, and written over only where that is chosen
        file.write_text(file.read_text().replace('"owner": "ann"', '"owner": "ben"'))
        catalog.edit_use_case(replace(catalog.use_case("churn"), owner="cleo"), catalog.use_case("churn"))
        await app.press("U")
        await app.until("Changed in team since the last sync")
        await app.press("escape")
        await app.settle()
        assert '"owner": "ben"' in file.read_text()
        await app.press("U")
        await app.until("write ours over it")
        await app.press("down", "enter")
        await app.until("Publish to team?")
        await app.press('"cleo has it now"', "enter")
        await app.told("Wrote 1 to team")
        assert '"owner": "cleo"' in file.read_text()
        await app.press("z")
        await app.settle()
        assert catalog.use_case("churn").owner == "ann", "undo passes over what was written elsewhere"


async def test_git_asks_how_far_tags_go_and_carries_the_reason(store_path: Path, tmp_path: Path) -> None:
    bare = made(tmp_path / "origin.git", stream(1, []), bare=True)
    git(tmp_path, "clone", "-q", str(bare), "clone")
    commit = git(bare, "rev-parse", "main").strip()
    with Catalog.open(store_path, actor="ann", clock=fixed_clock(TODAY)) as catalog:
        settings = {"author": "Ann <ann@example.com>"}
        catalog.add_registry(Registry("", "ml", kind="dvc", address=str(tmp_path / "clone"), settings=settings))
        catalog.add_version(Version("v1", "ml/churn@v1.0.0", own=True, lineage=Lineage(commit=commit)))
        catalog.add_use_case(UseCase("u1", "churn", owner="ann"))
        catalog.assign("churn", "ml/churn@v1.0.0")
    async with driving(store_path) as app:
        await app.press("4", "g", "g", "j", "U")
        await app.until("how far?")
        await app.press("enter")
        await app.until("Publish to ml?")
        assert "stay in this clone" in app.screen()
        await app.press('"first release"', "enter")
        await app.told("Wrote 2 to ml")
        said = git(tmp_path / "clone", "tag", "-l", "--format=%(contents)", "churn#production#1")
        assert "Reason: first release\n\nModeltui-Use-Case: churn" in said
        assert git(bare, "tag") == "", "nothing leaves the machine unasked"
        await app.press("U")
        await app.until("how far?")
        await app.press("down", "enter")
        await app.until("Publish to ml?")
        await app.press('"now for all"', "enter")
        await app.told("Wrote 1 to ml")
        assert git(bare, "tag").split() == ["churn#production#1", "churn@v1.0.0"]


async def test_an_own_value_of_a_deployment_is_given_up_in_the_inbox(ours: Path) -> None:
    async with driving(ours) as app:
        await app.press("4", "r")
        await app.until("in conflict with your own values")
        state = app.app.screen.state  # type: ignore[attr-defined]
        assert state.runs["ml"].delivery is not None
        await app.press("A")
        await app.until("without a use case")
        assert (state.plans, state.runs["ml"].delivery) == ({}, None), "what was delivered is let go"
        catalog = app.app.catalog
        assert catalog is not None
        await app.press("G", ">")
        await app.told("No value of churn-blue is your own")
        place = catalog.deployments["churn-blue"]
        catalog.save_deployment(replace(place, region="here"), place)
        await app.press(">")
        await app.until("Which of your own values of churn-blue is given up?")
        await app.press("enter")
        await app.until("here stays until ml says something else")
        assert catalog.own_fields("churn-blue") == ["region"]
        await app.press("y")
        await app.told("z takes it back")
        assert catalog.own_fields("churn-blue") == []


async def test_drift_is_settled_by_recording_what_runs(ours: Path) -> None:
    with Catalog.open(ours, actor="ann", clock=fixed_clock(TODAY)) as catalog:
        catalog.assign("churn", "ml/churn@7", deployment="churn-blue")
    async with driving(ours) as app:
        await app.press("4", "r")
        await app.until("running otherwise than recorded")
        await app.press("A")
        await app.told("Applied")
        await app.until("saved")
        assert "running otherwise than recorded" in app.screen(), "it stays until it is settled"
        await app.press("G", "s")
        await app.until("it is what runs")
        await app.press("enter")
        await app.told("is recorded as it runs")
        assert app.app.catalog is not None
        runs = {a.version: a.stage for a in app.app.catalog.runs_in("churn")}
        assert runs == {"ml/churn@7": "Archived", "ml/churn@8": "Production"}
        assert "running otherwise" not in app.screen()


def test_a_row_costs_something_only_when_it_comes_into_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    """A first sync brings tens of thousands of rows, and is painted anew with every key."""
    wanted = Plan("ml")
    wanted.added = [Version(f"v{n}", f"ml/churn@{n}", own=True) for n in range(20_000)]
    wanted.drift = [
        Drift("churn", "blue", "version", "ml/churn@1", "ml/churn@2", cause="Somebody moved it.", uid="a"),
        Drift("fraud", "red", "version", "ml/churn@1", "ml/churn@2", uid="b"),
    ]
    state, rows, registry = SyncState(), SyncRows(), Registry("", "ml", kind="file", last_error="nothing answers")
    state.plans["ml"], state.parts["ml"] = wanted, plan_parts("ml", wanted)
    made: list[str] = []
    for name in ("name_of", "_added", "_name"):
        real = getattr(sync_rows, name)
        monkeypatch.setattr(sync_rows, name, lambda thing, real=real, name=name: (made.append(name), real(thing))[1])
    sections = rows.put([registry], state, [], [], fixed_clock(TODAY)(), offline=False)
    assert len(made) < 10
    titles = ["".join(part.text for part in section.title) for section in sections]
    assert titles == ["Registries", f"ml  2 {DRIFTING}", "ml  20,000 new"]
    shown = [rows.cells(row) for row in range(6)]
    assert [isinstance(cells, Wide) for cells in shown] == [False, True, False, True, False, False]
    assert [rows.selectable(row) for row in range(6)] == [True, False, True, False, True, True]
    assert (len(rows), rows.key(len(rows) - 1)) == (20_005, "ml|added|ml/churn@19999")
    for row in (0, 2, 3, 4, 5, 20_004):
        assert rows.row(rows.key(row)) == row
    line = rows.line(rows.key(3))
    assert line is not None
    assert (line.thing, line.kind, line.registry) == (wanted.drift[0], "drift", "ml")
    assert rows.row("nobody") is rows.line("nobody") is None
