"""Charts in text: bars, a scatter with its Pareto front, trend lines; and the widget that shows one.

Drawing is a pure function of values and a size, to lines of styled text. Marks and letters tell things apart, colours
only repeat it. Import this only when a chart is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from string import ascii_uppercase
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from store.values import dataclass
from tui.keys import bindings
from tui.text import MISSING, Style, Styled, clean
from tui.widgets.chart_canvas import Axis, Canvas, Line, Scale, as_text, framed, gutter_for, scale_for
from tui.widgets.table_moves import Moves

__all__ = ["Axis", "Bar", "BarGroup", "ChartView", "Line", "Point", "Trend", "as_text", "bars", "pareto", "scatter",
           "trend"]  # fmt: skip

_EIGHTHS = " ▏▎▍▌▋▊▉"
LETTERS = ascii_uppercase


# ── bars ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: a name, a value (None: not known), and what to read behind it."""

    name: str
    value: float | None
    said: Sequence[Styled] = ()
    baseline: bool = False
    best: bool = False


@dataclass(frozen=True, slots=True)
class BarGroup:
    """Bars on one scale from 0, under a title."""

    title: Sequence[Styled]
    bars: Sequence[Bar]


def bars(groups: Sequence[BarGroup], width: int) -> list[Line]:
    """Horizontal bars by group; the baseline is hatched, negative values stand left of their zero."""
    names = max((cell_len(clean(bar.name)) for group in groups for bar in group.bars), default=0)
    names = min(names, max(12, width // 3))
    said = max((_length(bar.said) for group in groups for bar in group.bars), default=0)
    room = max(8, width - names - min(said, width // 3) - 6)
    lines: list[Line] = []
    for group in groups:
        if lines:
            lines.append([])
        lines.append([Styled(" "), *group.title])
        values = [bar.value for bar in group.bars if bar.value is not None]
        low, high = min([0.0, *values]), max([0.0, *values])
        for bar in group.bars:
            label = _cut(clean(bar.name), names)
            star = Styled("★ " if bar.best else "  ", "good")
            if bar.value is None:
                lines.append([Styled(f"  {label} ", "dim"), star, MISSING])
                continue
            lines.append([Styled(f"  {label} "), star, *_bar(bar, low, high, room), Styled(" "), *bar.said])
    return lines


def _bar(bar: Bar, low: float, high: float, room: int) -> Line:
    """The bar itself; no line of it is longer than `room`."""
    assert bar.value is not None
    style: Style = "dim" if bar.baseline else "good" if bar.best else "accent"
    span = high - low
    if span == 0:
        return [Styled("▏", style)]
    zero = -low / span * room
    length = abs(bar.value) / span * room
    if bar.value < 0:
        cells = max(1, round(length))
        return [Styled(" " * max(0, round(zero) - cells)), Styled(("░" if bar.baseline else "█") * cells, style)]
    full = int(length)
    rest = "" if bar.baseline else _EIGHTHS[int((length - full) * 8)].strip()
    drawn = ("░" if bar.baseline else "█") * full + rest or "▏"
    start = min(round(zero), room - 1)
    return [Styled(" " * start), Styled(drawn[: room - start], style)]


def _length(parts: Sequence[Styled]) -> int:
    return sum(cell_len(text) for text, _ in parts)


def _cut(name: str, width: int) -> str:
    if cell_len(name) > width:
        name = "…" + name[-(width - 1) :]
    return name + " " * (width - cell_len(name))


# ── scatter ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Point:
    """One thing in two measures; None where one is not known."""

    name: str
    x: float | None
    y: float | None
    baseline: bool = False


def pareto(points: Sequence[tuple[float, float]], x: str, y: str) -> set[int]:
    """The points that no other beats on one axis without losing on the other. `x`, `y`: `up` or `down` is better.

    Empty where an axis has no direction.
    """
    if "none" in (x, y):
        return set()
    signs = (1 if x == "up" else -1, 1 if y == "up" else -1)
    turned = [(signs[0] * a, signs[1] * b) for a, b in points]
    return {i for i, (a, b) in enumerate(turned) if not any(c >= a and d >= b and (c > a or d > b) for c, d in turned)}


def scatter(points: Sequence[Point], x: Axis, y: Axis, width: int, height: int) -> list[Line]:
    """Points with letters, the Pareto front joined by a dotted line, and a legend with the values."""
    known = [(i, p.x, p.y) for i, p in enumerate(points) if _positive(p.x, x) and _positive(p.y, y)]
    places = [(a, b) for _, a, b in known if a is not None and b is not None]
    if not places:
        return [[Styled(" No version has both figures: choose other axes (h l, j k).", "dim")]]
    x_scale = scale_for([a for a, _ in places], x.log)
    y_scale = scale_for([b for _, b in places], y.log)
    rows = max(6, height - len(points) - 6)
    canvas = Canvas(max(20, width - gutter_for(y, y_scale, rows) - 2), rows)
    front = pareto(places, x.better, y.better)
    line = sorted(places[i] for i in front)
    for (x1, y1), (x2, y2) in pairwise(line):
        canvas.line(x_scale.share(x1), y_scale.share(y1), x_scale.share(x2), y_scale.share(y2), "good", every=3)
    signs: dict[int, str] = {}
    for n, (i, _, _) in enumerate(known):
        a, b = places[n]
        column, row = canvas.cell(x_scale.share(a), y_scale.share(b))
        signs[i] = _sign(points[i], n in front)
        _mark(canvas, column, row, signs[i] + LETTERS[i % 26], "good" if n in front else "")
    return [*framed(canvas, x, x_scale, y, y_scale), [], *_legend(points, signs, x, y, bool(front))]


def _positive(value: float | None, axis: Axis) -> bool:
    return value is not None and (not axis.log or value > 0)


def _sign(point: Point, on_front: bool) -> str:
    if point.baseline:
        return "◆" if on_front else "◇"
    return "●" if on_front else "○"


def _mark(canvas: Canvas, column: int, row: int, mark: str, style: Style) -> None:
    """Write a mark at its place, or as near to it as there is room."""
    column = min(column, canvas.width - len(mark))
    around = [(0, 0), *((dx, dy) for d in range(1, 8) for dy in (0, -1, 1) for dx in (2 * d, -2 * d, 0))]
    for dx, dy in around:
        if 0 <= row + dy < canvas.height and canvas.put(column + dx, row + dy, mark, style):
            return


def _legend(points: Sequence[Point], signs: dict[int, str], x: Axis, y: Axis, front: bool) -> list[Line]:
    width = max(cell_len(clean(p.name)) for p in points)
    lines: list[Line] = []
    for i, point in enumerate(points):
        sign = signs.get(i, "–")
        style: Style = "good" if sign in "●◆" else ""
        said = [axis.shown(v) if v is not None else "—" for axis, v in ((y, point.y), (x, point.x))]
        name = clean(point.name)
        base = " baseline" if point.baseline else ""
        lines.append(
            [
                Styled(f" {sign}{LETTERS[i % 26]} ", style),
                Styled(f"{name}{' ' * (width - cell_len(name))}", "strong" if style else ""),
                Styled(f"  {said[0]} · {said[1]}{base}", "dim"),
            ]
        )
    what = "● ◆ on the front: nothing is better on both axes   ◆ ◇ baseline" if front else "◇ baseline"
    return [*lines, [Styled(f" {what}", "dim")]]


# ── trend ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Trend:
    """One line: a name and its points, the x as a number."""

    name: str
    points: Sequence[tuple[float, float]]
    baseline: bool = False


def trend(
    lines: Sequence[Trend],
    x: Axis,
    y: Axis,
    width: int,
    height: int,
    names: Callable[[float], str] | None = None,
) -> list[Line]:
    """Values over time, or over versions where `names` gives the name of a place on the x axis."""
    places = [point for line in lines for point in line.points]
    if not places:
        return [[Styled(" Nothing was measured that could be drawn: j k choose another metric.", "dim")]]
    y_scale = scale_for([b for _, b in places], y.log)
    xs = sorted({a for a, _ in places})
    x_scale = Scale(xs[0], xs[-1]) if len(xs) > 1 else Scale(xs[0] - 1, xs[0] + 1)
    rows = max(6, height - len(lines) - 6)
    canvas = Canvas(max(20, width - gutter_for(y, y_scale, rows) - 2), rows)
    inner = 1 - 2 / canvas.width

    def across(value: float) -> float:
        return x_scale.share(value) * inner + 0.5 / canvas.width

    for i, line in enumerate(lines):
        ordered = sorted(line.points)
        style: Style = "dim" if line.baseline else _COLOURS[i % len(_COLOURS)]
        for (x1, y1), (x2, y2) in pairwise(ordered):
            canvas.line(across(x1), y_scale.share(y1), across(x2), y_scale.share(y2), style)
    for i, line in enumerate(lines):
        style = "strong" if line.baseline else _COLOURS[i % len(_COLOURS)]
        for a, b in line.points:
            _mark(canvas, *canvas.cell(across(a), y_scale.share(b)), LETTERS[i % 26], style)
    shown = names or x.shown
    named = [(across(value), shown(value)) for value in _spread(xs, max(2, canvas.width // 14))]
    return [*framed(canvas, x, x_scale, y, y_scale, named), [], *_trend_legend(lines, y)]


_COLOURS: Sequence[Style] = ("accent", "key", "good", "warn")


def _spread(values: Sequence[float], count: int) -> Sequence[float]:
    """At most `count` of the values, the first and the last among them."""
    if len(values) <= count:
        return values
    return [values[round(i * (len(values) - 1) / (count - 1))] for i in range(count)]


def _trend_legend(lines: Sequence[Trend], y: Axis) -> list[Line]:
    found: list[Line] = []
    for i, line in enumerate(lines):
        ordered = sorted(line.points)
        first, last = (y.shown(ordered[end][1]) for end in (0, -1)) if ordered else ("—", "—")
        said = f"  {first} → {last} · {len(ordered)} points" if len(ordered) > 1 else f"  {last}"
        style: Style = "strong" if line.baseline else _COLOURS[i % len(_COLOURS)]
        base = " · baseline" if line.baseline else ""
        found.append([Styled(f" {LETTERS[i % 26]} ", style), Styled(clean(line.name)), Styled(f"{said}{base}", "dim")])
    return found


# ── the widget ────────────────────────────────────────────────────────────────────────────────────────────────────

Drawing = Callable[[int, int], Sequence[Line]]
"""Draws for a width and a height in cells."""


class ChartView(Moves, ScrollView, can_focus=True):
    """Shows a drawing and draws it anew when its size changes; it scrolls where the drawing is longer.

    With `turns`, `h l j k` do not scroll but ask for other axes (`Turned`).
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("lists")
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "chart--row", "chart--good", "chart--warn", "chart--bad", "chart--dim", "chart--accent", "chart--key",
        "chart--strong",
    }  # fmt: skip

    class Turned(Message):
        """Another axis is wanted: one to the left or right (`x`), up or down (`y`)."""

        def __init__(self, x: int, y: int) -> None:
            self.x, self.y = x, y
            super().__init__()

    class Opened(Message):
        """`enter`: choose from a list what is drawn."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._draw: Drawing = lambda _width, _height: []
        self._lines: list[Line] = []
        self._drawn: tuple[int, int] = (0, 0)
        self.turns = False

    def show(self, draw: Drawing, *, turns: bool = False) -> None:
        """Show another drawing, from its top."""
        self._draw, self.turns = draw, turns
        self.scroll_to(y=0, animate=False, force=True)
        self._redraw()

    def to_text(self) -> str:
        """The whole drawing as plain text."""
        return as_text(self._lines)

    @property
    def page(self) -> int:
        """How many lines are in sight."""
        return max(1, self.scrollable_content_region.height)

    @property
    def line_count(self) -> int:
        """How many lines the drawing has."""
        return len(self._lines)

    def move_by(self, lines: int) -> None:
        """Scroll, or ask for another metric."""
        if self.turns:
            self.post_message(self.Turned(0, 1 if lines > 0 else -1))
        else:
            self.scroll_to(y=min(max(0, self.scroll_offset.y + lines), max(0, self.line_count - self.page)),
                           animate=False, force=True)  # fmt: skip

    def action_cursor_left(self) -> None:
        """The x axis before."""
        self.post_message(self.Turned(-1, 0))

    def action_cursor_right(self) -> None:
        """The next x axis."""
        self.post_message(self.Turned(1, 0))

    def action_open(self) -> None:
        """Choose what is drawn."""
        self.post_message(self.Opened())

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._redraw()

    def notify_style_update(self) -> None:
        """Another theme."""
        super().notify_style_update()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of the drawing."""
        width = self.scrollable_content_region.width
        ground = self.get_component_rich_style("chart--row")
        line = y + self.scroll_offset.y
        parts = self._lines[line] if line < len(self._lines) else []
        segments = [
            Segment(text, ground + self.get_component_rich_style(f"chart--{style}", partial=True) if style else ground)
            for text, style in parts
        ]
        return Strip(segments).crop_extend(0, width, ground)

    def _redraw(self) -> None:
        size = self.scrollable_content_region.size
        if size.width and size.height:
            self._lines = list(self._draw(size.width, size.height))
            self.virtual_size = Size(size.width, len(self._lines))
            self.refresh()
