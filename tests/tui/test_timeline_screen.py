"""The timeline: lanes that read without colour, zoom, collisions, keys; at 140 and at 80 columns."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from walking import SMALL, TODAY, driving

from store.catalog import Catalog, fixed_clock
from store.engine import new_uid
from store.records import Decision, UseCase
from tui.screens.timeline_lane import Stretch, axis, ground, zoomed
from tui.widgets.table import Table


def fill(path: Path) -> None:
    """Three use cases of one owner on a model that ends, one frozen, one that is decided to stay."""
    with Catalog.open(path, actor="ann", clock=fixed_clock(TODAY)) as c:
        frozen = ((date(2026, 12, 20), date(2027, 1, 6)),)
        for name in ("docs-search", "mail"):
            c.add_use_case(UseCase(new_uid(), name, owner="developer tools", criticality="low", freeze=frozen))
            c.assign(name, "openai/gpt-4.1@2025-04-14")
        run = next(a for a in c.assignments.records() if a.use_case == "mail")
        c.decide("mail", Decision("stay_until", "2026-11-20", "ann", run.uid, date(2027, 1, 10), note="volume falls"))


def lane(screen: str, name: str) -> str:
    return next(line for line in screen.splitlines() if name in line and "openai/" not in line)


async def test_a_lane_per_use_case_with_deadline_plan_freeze_decision_and_collision(demo_path: Path) -> None:
    fill(demo_path)
    async with driving(demo_path) as it:
        await it.press("3")
        screen = it.screen()
        assert "Oct" in screen.splitlines()[1]
        assert "2027" in screen.splitlines()[1]
        line = lane(screen, "docs-search")
        assert "! docs-search" in line
        marks = [line.index(sign) for sign in ("▲", "▓", "!", "▚", "◆")[:2]]
        assert marks == sorted(marks)
        assert line.rindex("!") < line.index("▚") < line.index("◆")
        assert "14 Jan · 52 d" in line
        stays = lane(screen, "mail")
        assert stays.index("═") < stays.index("╡") < stays.index("◆")
        assert "stay until 10 Jan" in stays
        assert "!" not in stays
        assert " d late" in lane(screen, "support-assistant")
        assert "· ours" in lane(screen, "churn")
        assert "4 d ago" in lane(screen, "claims-extraction")
        assert "2" in lane(screen, "cut-overs")
        assert "▲" in screen.splitlines()[-2]  # the legend


async def test_the_lane_under_the_cursor_is_told_in_words(demo_path: Path) -> None:
    fill(demo_path)
    async with driving(demo_path) as it:
        await it.press("3")
        table = it.app.screen.query_one("#lanes", Table)
        table.move_to(next(a.uid for a in it.app.view.records.assignments if a.use_case == "docs-search"))
        await it.settle()
        assert "roll out 8 Dec – 15 Dec" in it.screen()
        assert "developer tools also cuts over code-review in the week of 14 Dec" in it.screen()
        assert "frozen 20 Dec – 6 Jan" in it.screen()
        await it.press("k", "k", "k", "k", "k")
        assert "no way back is left" in it.screen()
        await it.press("enter")
        assert "Catalog ▸ azure-openai/gpt-4o@2024-05-13" in it.screen()
        await it.press("escape", "u")
        await it.until("Upgrade ▸ support-assistant")


async def test_zoom_filter_and_order(demo_path: Path) -> None:
    fill(demo_path)
    async with driving(demo_path) as it:
        await it.press("3", "v")
        assert "24 months" in it.screen()
        assert "2028" in it.screen().splitlines()[1]
        await it.press("v")
        assert "3 months" in it.screen()
        assert " 14 " in it.screen().splitlines()[1]
        await it.press("v", "v", "slash", '"developer"', "enter")
        assert "support-assistant" not in it.screen()
        assert "code-review" in it.screen()
        await it.press("escape", "o", '"groups"', "enter")
        await it.settle()
        screen = it.screen()
        assert "▾ developer tools  ! collision" in screen
        await it.press("escape")
        assert "Catalog" in it.screen().splitlines()[0]


async def test_eighty_columns_keep_the_lane_and_the_end(demo_path: Path) -> None:
    async with driving(demo_path, SMALL) as it:
        await it.press("3")
        screen = it.screen()
        assert all(len(line) <= 80 for line in screen.splitlines())
        assert "◆" in lane(screen, "code-review")
        assert "14 Jan · 52 d" in lane(screen, "code-review")
        assert lane(screen, "product-search").index("▸") < lane(screen, "product-search").index("14 May 2028")


async def test_what_is_shown_goes_to_a_file(demo_path: Path, tmp_path: Path) -> None:
    fill(demo_path)
    out = tmp_path / "lanes.csv"
    async with driving(demo_path) as it:
        await it.press("3", "x", f'"{out.name}"')
        it.app.focused.value = str(out)
        await it.press("enter")
        for _ in range(100):
            if any("lines are in" in said for said in it.toasts()):
                break
            await it.pilot.pause(0.02)
    rows = out.read_text("utf-8").splitlines()
    assert rows[0] == "use case,version,owner,ends,start by,cut over by,decided until,collides with"
    found = next(r for r in rows if r.startswith("docs-search"))
    assert (
        found == "docs-search,openai/gpt-4.1@2025-04-14,developer tools,2027-01-14,2026-11-25,2026-12-15,,code-review"
    )


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.sampled_from([3, 6, 12, 24]), st.integers(1, 240))
def test_every_day_of_a_stretch_has_its_cell_and_the_axis_its_width(today: date, months: int, width: int) -> None:
    stretch = Stretch.around(today, months, width)
    assert 0 <= stretch.cell(today) < width
    assert len(axis(stretch)) == width
    assert stretch.cell(stretch.first) == 0
    assert stretch.cell(stretch.end - timedelta(days=1)) == width - 1 or width > (stretch.end - stretch.first).days
    assert sum(len(piece.text) for piece in ground(stretch, today).pieces) == width


def test_zoom_goes_round() -> None:
    spans = [12]
    for _ in range(4):
        spans.append(zoomed(spans[-1]))
    assert spans == [12, 24, 3, 6, 12]


@pytest.mark.parametrize(("day", "sign"), [(date(2020, 1, 1), "◂"), (date(2030, 1, 1), "▸"), (TODAY, "◆")])
def test_a_mark_outside_leaves_an_arrow_at_its_edge(day: date, sign: str) -> None:
    lane = ground(Stretch.around(TODAY, 12, 48), TODAY)
    lane.mark(day, "◆")
    line = "".join(piece.text for piece in lane.pieces)
    assert line.strip()[0 if sign == "◂" else -1] == sign or sign in line
    assert line.index(sign) == {"◂": 0, "▸": 47}.get(sign, Stretch.around(TODAY, 12, 48).cell(TODAY))
