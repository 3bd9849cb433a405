"""The place of use cases: the list says what runs and waits, its keys edit the use case under the cursor."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import Input
from walking import Walk, walk

from tui import text
from tui.screens.use_cases import UseCasesScreen
from tui.widgets.table import Table


async def _open(w: Walk) -> Table:
    await w.press("5")
    await w.on("UseCasesScreen")
    return w.screen.query_one("#use-cases", Table)


async def test_an_empty_list_says_what_to_do_and_a_new_one_appears_with_its_model(store_path: Path) -> None:
    async with walk(store_path) as w:
        table = await _open(w)
        assert "n  names one" in table.to_text()
        await w.press("n")
        await w.fill(name="code-review", owner="dev-tools")
        await w.save()
        await w.choose("openai/gpt-4.1@2025-04-14")
        await w.on("Form")
        await w.save()
        await w.on("UseCasesScreen")
        await w.until(lambda: "gpt-4.1@2025-04-14" in table.to_text(), "the model in the list")
        assert table.cursor_key == "code-review"


async def test_the_list_tells_owner_what_runs_what_waits_and_the_open_upgrade(demo_path: Path) -> None:
    async with walk(demo_path, (140, 30)) as w:
        table = await _open(w)
        screen = w.screen
        assert isinstance(screen, UseCasesScreen)
        titles, lines = screen.lines_shown()
        told = {text.plain(line[0]): dict(zip(titles, map(text.plain, line), strict=True)) for line in lines}
        view = w.app.view
        assert view is not None
        upgrade = next(u for u in view.records.upgrades.values() if u.state == "open")
        here = told[upgrade.use_case]
        assert upgrade.from_version in here["In Production"]
        assert upgrade.to_version in here["Upgrade"]
        assert here["Owner"] == view.records.use_cases[upgrade.use_case].owner
        late = next(f for f in view.findings if f.severity <= 1)
        assert told[late.use_case]["Needs"].endswith(late.kind.replace("_", " "))
        assert table.move_to(upgrade.use_case)
        assert screen.selection()[0] == upgrade.from_version


async def test_enter_opens_the_form_and_delete_comes_back(demo_path: Path) -> None:
    async with walk(demo_path) as w:
        table = await _open(w)
        name = table.cursor_key
        assert name is not None
        await w.press("enter")
        await w.fill(title="Renamed", criticality="huge")
        await w.until(lambda: "none of low, normal, high" in w.fault("criticality"), "the fault")
        await w.fill(criticality="HIGH")
        await w.save()
        await w.on("UseCasesScreen")
        assert (w.catalog.use_cases[name].title, w.catalog.use_cases[name].criticality) == ("Renamed", "high")
        runs = len(w.catalog.runs_in(name))
        await w.press("d")
        await w.on("Confirm")
        assert w.text().count("Goes: ") >= runs
        await w.press("y")
        await w.until(lambda: name not in w.catalog.use_cases, "the deletion")
        await w.press("z")
        await w.until(lambda: name in w.catalog.use_cases, "the undo")
        assert len(w.catalog.runs_in(name)) == runs


async def test_e_reaches_the_policy_too(demo_path: Path) -> None:
    async with walk(demo_path) as w:
        table = await _open(w)
        assert table.move_to("support-assistant")
        await w.press("e")
        await w.choose("the policy of support-assistant")
        await w.choose("Hallucination rate: critical, ceiling 0.05")
        await w.fill(ceiling="4%")
        await w.save()
        await w.until(
            lambda: w.catalog.use_cases["support-assistant"].criteria.metrics["hallucination_rate"].ceiling == 0.04,
            "the ceiling",
        )
        await w.press("e")
        await w.choose("the policy of support-assistant")
        await w.choose("evidence as a whole")
        await w.fill(max_age="30", unproven="block")
        await w.save()
        await w.until(
            lambda: w.catalog.use_cases["support-assistant"].criteria.max_evidence_age_days == 30, "what was typed"
        )
        assert w.catalog.use_cases["support-assistant"].criteria.unproven == "block"


async def test_tags_belong_to_the_use_case_here(demo_path: Path) -> None:
    async with walk(demo_path) as w:
        name = (await _open(w)).cursor_key
        assert name is not None
        before = w.catalog.use_cases[name].tags
        await w.press("t")
        await w.answer("quarterly")
        await w.until(lambda: w.catalog.use_cases[name].tags == (*before, "quarterly"), "the tag")


async def test_filter_order_and_one_step_back(demo_path: Path) -> None:
    async with walk(demo_path) as w:
        table = await _open(w)
        everything = table.line_count
        screen = w.screen
        assert isinstance(screen, UseCasesScreen)
        await w.press("slash")
        screen.query_one("#use-cases-query", Input).value = "churn"
        await w.pilot.pause()
        assert 0 < table.line_count < everything
        await w.press("escape", "escape")
        assert (table.line_count, w.screens[-1]) == (everything, "UseCasesScreen")
        await w.press("o")
        await w.choose("owner")
        await w.on("UseCasesScreen")
        titles, lines = screen.lines_shown()
        owners = [text.plain(line[titles.index("Owner")]) for line in lines]
        assert owners == sorted(owners)
        await w.press("escape")
        await w.on("CatalogScreen")
