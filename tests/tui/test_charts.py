"""Charts as text: what is drawn where, what a reader without colour sees, and that nothing breaks them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult

from tui.text import Styled
from tui.widgets.chart_canvas import nice, scale_for
from tui.widgets.charts import Axis, Bar, BarGroup, ChartView, Point, Trend, as_text, bars, pareto, scatter, trend

UP = Axis("accuracy", lambda v: f"{v:.0%}", "up")
COST = Axis("cost", lambda v: f"${v:,.2f}", "down")
POINTS = [Point("old", 10, 0.87, baseline=True), Point("new", 4, 0.9), Point("mini", 1, 0.7), Point("bad", 12, 0.6)]

numbers = st.floats(-1e12, 1e12, allow_nan=False)
sizes = st.tuples(st.integers(10, 160), st.integers(5, 60))


def test_bars_have_lengths_in_proportion_and_hatch_the_baseline() -> None:
    group = BarGroup([Styled("latency")], [Bar("a", 800, baseline=True), Bar("b", 400, best=True), Bar("c", None)])
    lines = as_text(bars([group], 80)).splitlines()
    assert lines[0] == " latency"
    assert lines[1].count("░") // 2 == lines[2].count("█") > 10
    assert "★" in lines[2]
    assert "★" not in lines[1]
    assert lines[3].endswith("—")  # a missing value is no bar of length 0


def test_negative_bars_stand_left_of_their_zero() -> None:
    lines = as_text(bars([BarGroup([], [Bar("loss", -5), Bar("gain", 5)])], 60)).splitlines()
    assert lines[1].rindex("█") < lines[2].index("█")


@pytest.mark.parametrize(
    ("directions", "front"),
    [(("down", "up"), {1, 2}), (("up", "up"), {0, 1, 3}), (("none", "up"), set()), (("down", "down"), {2, 3})],
)
def test_the_front_holds_what_nothing_beats_on_both_axes(directions: tuple[str, str], front: set[int]) -> None:
    assert pareto([(p.x or 0, p.y or 0) for p in POINTS], *directions) == front


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=8))
def test_every_point_off_the_front_is_beaten_by_one_on_it(points: list[tuple[float, float]]) -> None:
    front = pareto(points, "down", "up")
    assert front
    for i, (x, y) in enumerate(points):
        assert (i in front) != any(points[j][0] <= x and points[j][1] >= y and points[j] != (x, y) for j in front)


def test_a_scatter_reads_without_colour() -> None:
    drawn = as_text(scatter(POINTS, COST, UP, 80, 24))
    assert "accuracy (higher is better)" in drawn
    assert "cost (lower is better)" in drawn
    plot, _, legend = drawn.partition("└")
    assert all(mark in plot for mark in ("◇A", "●B", "●C", "○D"))
    assert "◇A old" in legend
    assert "90% · $4.00" in legend
    rows = plot.splitlines()
    at = {mark: next(i for i, row in enumerate(rows) if mark in row) for mark in ("●B", "◇A", "○D")}
    assert at["●B"] < at["◇A"] < at["○D"]  # better stands higher
    assert rows[at["●B"]].index("●B") < rows[at["◇A"]].index("◇A")  # cheaper stands further left
    assert any("⠀" < char <= "⣿" for char in plot)  # the front is drawn


def test_points_at_one_place_all_show() -> None:
    plot = as_text(scatter([Point(str(i), 5, 0.5) for i in range(8)], COST, UP, 80, 24)).partition("└")[0]
    assert all(letter in plot for letter in "ABCDEFGH")


def test_what_lacks_a_figure_is_named_and_not_drawn() -> None:
    drawn = as_text(scatter([*POINTS[:2], Point("unknown", None, 0.5)], COST, UP, 80, 24))
    assert "C" not in drawn.partition("└")[0]
    assert "–C unknown" in drawn
    assert "— ·" not in drawn.partition("└")[0]
    assert "other axes" in as_text(scatter([Point("x", None, 1)], COST, UP, 80, 24))


def test_an_axis_is_logarithmic_where_its_range_asks_for_it() -> None:
    assert scale_for([0.1, 200]).log
    assert not scale_for([10, 200]).log
    assert not scale_for([0, 200]).log
    assert scale_for([10, 200], True).log
    assert "cost (lower is better) · log" in as_text(scatter([Point("a", 0.1, 1), Point("b", 60, 2)], COST, UP, 80, 24))
    ticks = scale_for([0.1, 200]).ticks(8)
    assert {0.1, 1, 10, 100} <= {round(tick, 9) for tick in ticks}


def test_a_trend_shows_each_line_by_its_letter() -> None:
    lines = [Trend("old", [(1, 0.5), (2, 0.6), (3, 0.8)], baseline=True), Trend("new", [(3, 0.9)])]
    drawn = as_text(trend(lines, Axis("version", str), UP, 80, 20, lambda v: f"v{v:.0f}"))
    plot = drawn.partition("└")[0].splitlines()
    assert sum(row.count("A") for row in plot) == 3
    first, last = (next(i for i, row in enumerate(plot) if letter in row) for letter in ("B", "A"))
    assert first < last
    assert "v1" in drawn
    assert "v3" in drawn
    assert "50% → 80% · 3 points · baseline" in drawn


points_of_any_kind = st.builds(Point, st.text(max_size=12), st.none() | numbers, st.none() | numbers)


@given(st.lists(points_of_any_kind, min_size=1, max_size=8), sizes)
@settings(max_examples=60)
def test_any_points_at_any_size_can_be_drawn(points: list[Point], size: tuple[int, int]) -> None:
    drawn = as_text(scatter(points, COST, UP, *size))
    assert "\x1b" not in drawn
    as_text(
        trend([Trend(p.name, [(p.x, p.y)]) for p in points if p.x is not None and p.y is not None], COST, UP, *size)
    )
    for line in bars([BarGroup([], [Bar(p.name, p.x, [Styled("1")]) for p in points])], max(40, size[0])):
        assert sum(cell_len(piece.text) for piece in line) <= max(40, size[0])


@given(st.floats(1e-9, 1e12))
def test_nice_steps_are_round_and_no_smaller(rough: float) -> None:
    assert rough * (1 - 1e-6) <= nice(rough) <= rough * 10
    assert f"{nice(rough):.0e}"[0] in "125"


class Charts(App[None]):
    """One chart on a screen."""

    def __init__(self) -> None:
        super().__init__()
        self.turned: list[tuple[int, int]] = []

    def compose(self) -> ComposeResult:
        yield ChartView("chart")

    def on_chart_view_turned(self, event: ChartView.Turned) -> None:
        self.turned.append((event.x, event.y))


async def test_the_widget_scrolls_what_is_long_and_turns_axes() -> None:
    app = Charts()
    async with app.run_test(size=(40, 10)) as pilot:
        chart = app.query_one(ChartView)
        chart.focus()
        chart.show(lambda width, height: [[Styled(f"{width}×{height} line {i} [/x]", "good")] for i in range(30)])
        await pilot.press("j", "j", "ctrl+d")
        there = 2 + chart.page // 2
        assert chart.scroll_offset.y == there
        assert f"line {there} [/x]" in chart.render_line(0).text
        await pilot.press("g", "g")
        assert chart.scroll_offset.y == 0
        chart.show(lambda width, _height: [[Styled("x" * width)]], turns=True)
        await pilot.press("j", "l", "h", "k")
        assert app.turned == [(0, 1), (1, 0), (-1, 0), (0, -1)]
        await pilot.resize_terminal(60, 12)
        assert chart.to_text() == "x" * chart.scrollable_content_region.width


def test_nothing_of_a_chart_is_imported_to_open_a_comparison() -> None:
    code = "import tui.screens.compare, sys; print([m for m in sys.modules if 'chart' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@example(2555173.0, 689656.0, 2)
@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e6), st.integers(2, 12))
def test_an_axis_has_two_ticks_at_least(low: float, span: float, count: int) -> None:
    assert len(scale_for([low, low + span], False).ticks(count)) > 1
