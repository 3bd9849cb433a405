from __future__ import annotations

from pathlib import Path

import pytest
from driving import NORMAL, SMALL, driving

from store.catalog import Catalog, fixed_clock
from store.engine import new_uid
from store.records import UseCase
from tui.widgets.table import Table


async def test_what_needs_a_decision_stands_first(demo_path: Path) -> None:
    async with driving(demo_path) as it:
        lines = [line for line in it.screen().splitlines() if "@" in line or "churn" in line]
        order = [n for line in lines for n in ("claims-extraction", "support-assistant", "code-review") if n in line]
        assert order[:3] == ["claims-extraction", "support-assistant", "code-review"]
        assert "1 stopped · 1 late · 1 due in 14 d" in it.screen()
        assert "clock 23 Nov 2026" in it.screen()


async def test_filtering_as_one_types_and_back_step_by_step(demo_path: Path) -> None:
    async with driving(demo_path) as it:
        await it.press("slash", '"provider:azure"')
        assert "2 of 6 in use" in it.screen()
        await it.press('" retires<today"')
        assert "1 of 6 in use" in it.screen()
        await it.press("enter", "escape")
        assert "6 of 6 in use" in it.screen()


async def test_a_faulty_query_never_blanks_the_list(demo_path: Path) -> None:
    async with driving(demo_path) as it:
        await it.press("slash", '"retires<soon"')
        assert "6 of 6" in it.screen()
        assert "soon" in it.screen().splitlines()[2]


async def test_nearly_is_said(demo_path: Path) -> None:
    async with driving(demo_path) as it:
        await it.press("slash", '"claims-extracton"')
        assert "nothing matches exactly; these nearly do" in it.screen()
        assert "claims-extraction" in it.screen()


async def test_all_known_versions_and_the_cursor_stays_on_its_key(demo_path: Path) -> None:
    async with driving(demo_path) as it:
        await it.press("j", "j")
        here = it.app.screen.query_one("#rows", Table).cursor_key
        await it.press("v")
        assert "780 known" in it.screen()
        assert it.app.screen.query_one("#rows", Table).cursor_key == here
        await it.press("v")
        assert "6 of 6 in use" in it.screen()


async def test_marks_survive_filtering(demo_path: Path) -> None:
    async with driving(demo_path) as it:
        await it.press("space", "j", "space", "slash", '"churn"', "enter")
        assert len(it.app.screen.query_one("#rows", Table).marks) == 2
        await it.press("escape")
        assert "6 of 6" in it.screen()
        assert len(it.app.screen.query_one("#rows", Table).marks) == 2


async def test_filters_pane_narrows_and_counts_follow(demo_path: Path) -> None:
    async with driving(demo_path) as it:
        filters = it.app.screen.query_one("#filters", Table)
        filters.focus()
        filters.move_to("provider\nazure-openai")
        await it.press("space")
        assert "2 of 6 in use" in it.screen()
        filters.move_to("provider\nopenai")
        await it.press("space")
        assert "3 of 6 in use" in it.screen()


async def test_shipped_and_own_views(demo_path: Path) -> None:
    async with driving(demo_path) as it:
        await it.press("slash", '"owner:claims"', "enter", "ctrl+s", '"mine"', "enter")
        await it.press("escape")
        filters = it.app.screen.query_one("#filters", Table)
        filters.focus()
        filters.move_to("view\nlate")
        await it.press("enter")
        assert "1 of 6 in use" in it.screen()
        assert "support-assistant" in it.screen()
        filters.move_to("view\nmine")
        await it.press("enter")
        assert "claims-extraction" in it.screen()
        assert 'query = "owner:claims"' in it.app.options.config_path.read_text()


async def test_groups_and_several_orders(demo_path: Path) -> None:
    async with driving(demo_path) as it:
        await it.press("o", '"group by provider"', "enter")
        assert "▾ azure-openai" in it.screen()
        await it.press("o", '"provider,-retires"', "enter")
        assert "provider ↑, retires ↓" in it.screen()


async def test_columns_are_chosen_and_remembered(demo_path: Path) -> None:
    async with driving(demo_path) as it:
        await it.press("backslash", "j", "j", "space", "enter")
        assert "On the day" not in it.screen().splitlines()[2]
    async with driving(demo_path) as again:
        assert "On the day" not in again.screen().splitlines()[2]


async def test_completion_lists_and_history_recalls(demo_path: Path) -> None:
    async with driving(demo_path) as it:
        await it.press("slash", '"prov"', "right")
        assert it.app.screen.query_one("#query").value == "provider:"  # type: ignore[attr-defined]
        await it.press('"google"', "enter", "slash")
        it.app.screen.query_one("#query").value = ""  # type: ignore[attr-defined]
        await it.press("up")
        assert it.app.screen.query_one("#query").value == "provider:google"  # type: ignore[attr-defined]


async def test_what_if_is_marked_and_writes_nothing(demo_path: Path) -> None:
    async with driving(demo_path) as it:
        before = len(it.app.catalog.events()) if it.app.catalog else 0
        await it.press("T", '"2027-02-01"', "enter")
        await it.until("WHAT-IF 1 Feb 2027")
        assert "3 stopped" in it.screen()
        await it.press("z")
        assert it.app.catalog is not None
        assert len(it.app.catalog.events()) == before
        assert any("what-if" in t for t in it.toasts())
        await it.press("T")
        it.app.screen.query_one("#answer").value = ""  # type: ignore[attr-defined]
        await it.press("enter")
        await it.until("clock 23 Nov 2026")


async def test_edits_of_another_process_appear_within_a_second(demo_path: Path) -> None:
    async with driving(demo_path) as it:
        with Catalog.open(demo_path, actor="cron", clock=fixed_clock(it.app.today)) as other:
            other.add_use_case(UseCase(new_uid(), "new-one", owner="cron"))
            other.assign("new-one", "openai/gpt-5.4@2026-03-05")
        await it.until("new-one")


@pytest.mark.parametrize("size", [SMALL, NORMAL, (200, 50), (40, 10)])
async def test_hostile_names_break_nothing(store_path: Path, size: tuple[int, int]) -> None:
    with Catalog.open(store_path, actor="x", clock=fixed_clock(__import__("datetime").date(2026, 11, 23))) as catalog:
        catalog.add_use_case(UseCase(new_uid(), "evil", title="[/foo] [bold red]", owner="[/] \x1b[31m \u202e 🔥漢字"))
        catalog.register("own/[link=x]漢字🔥@1", changes="[/boom]\n" * 50)
        catalog.assign("evil", "own/[link=x]漢字🔥@1")
        catalog.tag(["own/[link=x]漢字🔥@1"], [f"t{i}" for i in range(300)])
    async with driving(store_path, size) as it:
        assert "\x1b" not in it.screen()
        await it.press(
            "enter",
            "right_square_bracket",
            "right_square_bracket",
            "right_square_bracket",
            "escape",
            "v",
            "slash",
            '"["',
        )
        assert it.app.return_code in (None, 0)


async def test_an_empty_catalog_says_what_to_do(store_path: Path) -> None:
    async with driving(store_path) as it:
        assert "Nothing in use yet." in it.screen()
        await it.press("question_mark")
        assert "Filter as you type." in it.screen()
        await it.press("escape", "slash", '"x"', "escape", "escape")
        assert "Nothing in use yet." in it.screen()
