from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from rich.cells import cell_len
from walking import NORMAL, SMALL, Driver, driving

from store.catalog import Catalog, fixed_clock
from store.engine import new_uid
from store.records import UseCase
from store.review.attention import SEVERITY
from store.search import Index, Selection
from tui import text
from tui.app import _day
from tui.finding import Asked
from tui.screens.catalog import CatalogScreen
from tui.state import Looker
from tui.widgets.filters import Filters
from tui.widgets.header import _counts
from tui.widgets.query_line import QueryLine
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
        await it.press("d", "y")
        assert "mine" not in it.app.options.config_path.read_text()
        assert not filters.move_to("view\nmine")
        filters.move_to("view\nlate")
        await it.press("d")
        assert "View 'late' ships with modeltui and stays." in it.toasts()
        assert "1 of 6 in use" in it.screen()


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


@pytest.mark.parametrize("typed", ["+99999999999d", "--1d", "soon", "2026-02-30", "9999-12-31", "0001-01-01", "+", ""])
def test_what_is_no_what_if_day_is_refused(typed: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        _day(typed, date(2026, 11, 23))


async def test_a_what_if_day_counts_from_today_and_may_be_far_away(demo_path: Path) -> None:
    async with driving(demo_path) as it:
        await it.press("T", '"x"', "enter")
        assert "'x' is not a day: write 2026-12-09, +60d or -30d" in it.toasts()
        await it.press("T", '"-30d"', "enter")
        await it.until("WHAT-IF 24 Oct 2026")
        assert "mlflow/churn@8" in it.screen()  # it was in Production from 24 to 28 Oct
        for day in (date(9000, 12, 31), date(1970, 1, 1)):
            it.app.set_what_if(day)
            await it.until(f"WHAT-IF {text.day(day).text}")
            await it.press("3")
            await it.until("modeltui ▸ Timeline")
            await it.press("escape")


async def test_a_past_day_shows_what_ran_then_with_what_is_known_by_now(store_path: Path) -> None:
    old, new = "acme/chat@1", "acme/chat@2"
    with Catalog.open(store_path, actor="ann", clock=fixed_clock(date(2026, 3, 2))) as c:
        c.add_use_case(UseCase(new_uid(), "support", owner="ann"))
        c.register(old)
        c.assign("support", old, stage="Production")
    with Catalog.open(store_path, actor="bob", clock=fixed_clock(date(2026, 9, 1))) as c:
        c.register(new)
        c.assign("support", new, stage="Production", why="cheaper")
        c.edit_use_case(replace(c.use_case("support"), owner="bob"), c.use_case("support"))
        c.observe(old, date(2026, 8, 1))
    async with driving(store_path) as it:
        assert new in it.screen()
        it.app.set_what_if(date(2026, 7, 1))
        await it.until("WHAT-IF 1 Jul 2026")
        row = next(line for line in it.screen().splitlines() if "support" in line and old in line)
        assert "1 Aug · 31 d" in row  # observed in September, known by now
        await it.press("slash", '"owner:ann"')
        assert "1 of 1 in use" in it.screen()
        await it.press("escape", "escape")
        it.app.set_what_if(date(2026, 2, 1))
        await it.until("Nothing was in use on 1 Feb 2026")
        it.app.set_what_if(None)
        await it.until(new)


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


# ── the query line ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("typed", "marked", "fixed"), [
    ("has:ownr churn", "ownr", "has:owner churn"),
    ("(provider:openai", "(", "(provider:openai)"),
    ('"exact words', '"', '"exact words"'),
    ("churn )", ")", "churn "),
    ("ownr:claims", "ownr", "owner:claims"),
])  # fmt: skip
async def test_a_fault_is_marked_at_its_place_and_tab_corrects_it(
    demo_path: Path, typed: str, marked: str, fixed: str
) -> None:
    async with driving(demo_path) as it:
        line = it.app.screen.query_one(QueryLine)
        await it.press("slash")
        line.value = typed
        await it.settle()
        underlined = [typed[s.start : s.end] for s in line._value.spans if "underline" in str(s.style)]
        assert underlined == [marked]
        assert "tab corrects it" in it.screen()
        await it.press("tab")
        assert (line.value, it.app.focused) == (fixed, line)
        assert line._value.spans == []


async def test_a_fault_without_a_remedy_is_marked_and_tab_goes_on(demo_path: Path) -> None:
    async with driving(demo_path) as it:
        line = it.app.screen.query_one(QueryLine)
        await it.press("slash", '"retires<soon"')
        assert [(s.start, s.end) for s in line._value.spans] == [(8, 12)]
        await it.press("tab")
        assert it.app.focused is not line
        await it.press("slash", "end", *["backspace"] * 20, '"prov"', "tab")
        assert (line.value, it.app.focused) == ("provider:", line)


async def test_down_lists_what_may_follow_and_up_recalls_across_starts(demo_path: Path) -> None:
    async with driving(demo_path) as it:
        await it.press("slash", '"stage:"', "down")
        assert "Production" in it.screen()
        await it.press("enter")
        assert it.app.screen.query_one(QueryLine).value.lower() == "stage:production"
        await it.press("enter")
        await it.settle()
    async with driving(demo_path) as again:
        await again.press("slash", "up")
        assert again.app.screen.query_one(QueryLine).value.lower() == "stage:production"


# ── the mouse ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def _click(it: Driver, words: str, table: str) -> None:
    """Click on words of a table."""
    widget = it.app.screen.query_one(table, Table)
    lines = widget.to_text().splitlines()
    y = next(i for i, line in enumerate(lines) if words in line)
    x = cell_len(lines[y][: lines[y].index(words)])
    at = widget.scrollable_content_region.offset - widget.region.offset
    await it.pilot.click(widget, offset=(at.x + x, at.y + y))
    await it.settle()


async def test_ticks_heads_and_folds_by_mouse(demo_path: Path) -> None:
    async with driving(demo_path, (170, 60)) as it:
        await _click(it, "azure-openai", "#filters")
        assert "2 of 6 in use" in it.screen()
        await _click(it, "azure-openai", "#filters")
        assert "6 of 6 in use" in it.screen()
        await _click(it, "late", "#filters")
        assert "1 of 6 in use" in it.screen()
        await it.press("slash", "escape", "escape")
        await _click(it, "Retires", "#rows")
        assert "retires ↑" in it.screen()
        await _click(it, "Retires", "#rows")
        assert "retires ↓" in it.screen()
        await it.press("o", '"group by provider"', "enter")
        await _click(it, "azure-openai  2", "#rows")
        assert "▸ azure-openai  2" in it.screen()
        await it.press("l")
        assert "▾ azure-openai  2" in it.screen()
        await it.press("j", "h")
        assert "▸ azure-openai  2" in it.screen()
        await it.press("enter")
        assert "▾ azure-openai  2" in it.screen()


async def test_what_is_chosen_in_a_saved_view_stays_with_it(demo_path: Path) -> None:
    async def late(it: Driver) -> list[str]:
        filters = it.app.screen.query_one("#filters", Table)
        filters.focus()
        filters.move_to("view\nlate")
        await it.press("enter")
        it.app.screen.query_one("#rows", Table).focus()
        return [c.name for c in it.app.screen.query_one("#rows", Table).columns]

    async with driving(demo_path) as it:
        before = [c.name for c in it.app.screen.query_one("#rows", Table).columns]
        shipped = await late(it)
        await it.press("backslash", "j", "J", "plus", "plus", "enter")
        await it.settle()
    async with driving(demo_path) as again:
        table = again.app.screen.query_one("#rows", Table)
        assert [c.name for c in table.columns] == before
        chosen = await late(again)
        assert chosen != shipped
        assert sorted(chosen) == sorted(shipped)
        assert next(c for c in table.columns if c.name == shipped[1]).min_width == 0


# ── counts ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("day", ["2026-11-23", "2026-12-20", "2027-02-01"])
def test_every_count_of_the_header_is_a_query(demo_path: Path, day: str) -> None:
    today = date.fromisoformat(day)
    with Catalog.open(demo_path, actor="x", clock=fixed_clock(today)) as catalog:
        view = Looker(catalog).decide(today)(None)
        counted = {words.partition(" ")[2]: int(words.partition(" ")[0]) for words, _ in _counts(view)}
        queries = {
            "in production": "stage=production", "stopped": "finding=stopped", "late": "finding=late",
            "due in 14 d": "finding=due", "squeezed": "finding=squeezed", "moved earlier": "finding=moved_earlier",
            "drifting": "finding=drift",
        }  # fmt: skip
        assert counted.keys() <= queries.keys()
        for words, query in queries.items():
            assert len(view.index.select(query).hits if counted.get(words) else ()) == counted.get(words, 0), words
            if words not in counted:
                assert view.index.select(query).fuzzy or not view.index.select(query).hits
        for kind in SEVERITY:
            subjects = {f.subject for f in view.findings if f.kind == kind}
            rows = view.index.select(f"finding={kind}")
            assert bool(subjects) == bool(rows.hits and not rows.fuzzy), kind


# ── bad input ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _hostile(path: Path) -> None:
    with Catalog.open(path, actor="x", clock=fixed_clock(date(2026, 11, 23))) as c:
        key = "own/[b]漢字🔥👩‍👩‍👧e\u0301\u202e@1"
        c.add_use_case(UseCase(new_uid(), "evil", title="🔥" * 200, owner="\u202eowner漢\u2067\x1b[31m[/] \t\n x"))
        c.register(key, changes="# " + "漢🔥\u202e[/x] " * 1_250, metrics={"f1🔥": 0.5})
        version = c.version(key)
        c.edit_version(replace(version, note="n" * 10_000), version)
        c.tag([key], [f"t{i}漢" for i in range(300)])
        c.assign("evil", key, deployment="d🔥\u202e", why="[/] \x1b]0;title\x07")


@pytest.mark.parametrize(
    ("seed", "size"), [("none", (61, 19)), ("one", (80, 24)), ("hostile", (80, 24)), ("hostile", (140, 40))]
)
async def test_every_painted_line_is_as_wide_as_the_terminal(
    store_path: Path, size: tuple[int, int], seed: str
) -> None:
    if seed == "hostile":
        _hostile(store_path)
    elif seed == "one":
        with Catalog.open(store_path, actor="x", clock=fixed_clock(date(2026, 11, 23))) as c:
            c.add_use_case(UseCase(new_uid(), "u", owner="o"))
            c.assign("u", "openai/gpt-5.4@2026-03-05")

    def check(it: Driver) -> None:
        for number, strip in enumerate(it.app.screen._compositor.render_strips()):
            line = "".join(segment.text for segment in strip)
            assert cell_len(line) == size[0], f"line {number}: {line!r}"
            assert not set(line) & set("\x1b\x07\u202e\u2067\t"), f"line {number}: {line!r}"

    async with driving(store_path, size) as it:
        check(it)
        for keys in (
            ("w",),
            ("escape", "f"),
            ("enter",),
            *[("right_square_bracket",)] * 8,
            ("escape", "5"),
            ("escape",),
        ):
            await it.press(*keys)
            check(it)


async def test_that_it_looks_is_told_only_while_nothing_else_was_asked(
    demo_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.finding import found
    from tui.screens import catalog

    may_go, swift = threading.Event(), [True]

    def slowly(index: Index, asked: Asked, *, nearly: bool) -> Selection:
        if not swift[0]:
            may_go.wait(5)
        return found(index, asked, nearly=nearly)

    monkeypatch.setattr(catalog, "found", slowly)
    async with driving(demo_path) as app:
        screen = app.app.screen
        assert isinstance(screen, CatalogScreen)
        assert app.app.view is not None
        monkeypatch.setattr(type(app.app.view.index), "is_swift", lambda *_asked: swift[0])
        monkeypatch.setattr(catalog, "SLOW_SECONDS", 0.02)
        swift[0] = False
        screen._find()
        await app.until("looking …")
        swift[0] = True
        screen._find()  # answered at once, while the first still waits
        await app.until("6 of 6 in use")
        monkeypatch.setattr(catalog, "SLOW_SECONDS", 0.1)
        swift[0] = False
        screen._find()
        swift[0] = True
        screen._find()
        await app.pilot.pause(0.3)
        assert "looking …" not in app.screen()
        may_go.set()
        await app.settle()
        assert "6 of 6 in use" in app.screen()


async def test_a_count_of_thousands_is_read_whole_in_the_filters(demo_path: Path) -> None:
    async with driving(demo_path) as app:
        pane = app.app.screen.query_one(Filters)
        pane.fill({"provider": [("openai", 10_774), ("a provider with a long name", 2)]})
        await app.settle()
        assert "10,774" in app.screen()
        assert "a provid" in app.screen()
