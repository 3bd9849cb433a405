"""A drawing surface of terminal cells: lines as braille dots, text on top; scales, ticks and the frame of a chart.

Everything is text: what a chart shows can be copied and written to a file, and reads without colour.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from rich.cells import cell_len

from store.values import dataclass
from tui.text import Style, Styled, clean

Line = list[Styled]
"""One line of a chart, in styled pieces."""

LOG_FROM = 50
"""An axis is logarithmic where its largest value is this many times its smallest."""
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_BRAILLE = 0x2800


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis stands for. `shown` writes a value; `better` is the end where the good values are.

    `log` None decides by the range of the values.
    """

    title: str
    shown: Callable[[float], str]
    better: str = "none"
    log: bool | None = None

    @property
    def heading(self) -> str:
        """The title with the direction in words."""
        words = {"up": " (higher is better)", "down": " (lower is better)"}.get(self.better, "")
        return f"{clean(self.title)}{words}"


@dataclass(frozen=True, slots=True)
class Scale:
    """Values between `low` and `high` as shares of a length, 0 to 1."""

    low: float
    high: float
    log: bool = False

    def share(self, value: float) -> float:
        """Where a value lies."""
        if self.log:
            return (math.log(value) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        return (value - self.low) / (self.high - self.low)

    def ticks(self, count: int) -> list[float]:
        """Round values inside the scale, about `count` of them and two at least where it is not logarithmic."""
        if self.log:
            first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            steps = (1, 2, 5) if last - first < 2 else (1, 3) if (last - first) * 2 <= count else (1,)
            found = [m * 10.0**e for e in range(first - 1, last + 1) for m in steps]
            return [v for v in found if self.low <= v <= self.high]
        span = self.high - self.low
        tries = (self._multiples(nice(span / max(1, count) / finer)) for finer in (1, 2.5, 6))
        return next((found for found in tries if len(found) > 1), [])

    def _multiples(self, step: float) -> list[float]:
        start = math.ceil(self.low / step - 1e-9)
        return [n * step for n in range(start, math.floor(self.high / step + 1e-9) + 1)]


def nice(rough: float) -> float:
    """The next round number: 1, 2 or 5 times a power of ten."""
    if not rough > 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    return next((m * power for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9)), 10 * power)


def scale_for(values: Sequence[float], log: bool | None = None) -> Scale:
    """A scale with some room around the values; logarithmic where asked for, or where the range asks for it."""
    low, high = min(values), max(values)
    if log is None:
        log = low > 0 and LOG_FROM <= high / low < math.inf
    if log and low > 0:
        room = (high / low) ** 0.06 if high > low else 2.0
        return Scale(low / room, high * room, True)
    if high == low:
        pad = abs(high) * 0.1 or 1.0
        return Scale(low - pad, high + pad)
    pad = (high - low) * 0.08
    return Scale(max(0.0, low - pad) if low >= 0 else low - pad, high + pad)


class Canvas:
    """Cells to draw on, `width` × `height`; dots are twice as fine across and four times as fine down."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._dots = [[0] * width for _ in range(height)]
        self._dot_styles: list[list[Style]] = [["dim"] * width for _ in range(height)]
        self._text: dict[tuple[int, int], Styled] = {}

    def dot(self, x: float, y: float, style: Style = "dim") -> None:
        """A dot at shares of the width (from the left) and the height (from the bottom)."""
        column = min(int(x * self.width * 2), self.width * 2 - 1)
        row = min(int((1 - y) * self.height * 4), self.height * 4 - 1)
        if column >= 0 and row >= 0:
            self._dots[row // 4][column // 2] |= _DOTS[column % 2][row % 4]
            self._dot_styles[row // 4][column // 2] = style

    def line(self, x1: float, y1: float, x2: float, y2: float, style: Style = "dim", *, every: int = 1) -> None:
        """A line between two places; `every` leaves out dots, so that it is dashed."""
        steps = max(1, int(max(abs(x2 - x1) * self.width * 2, abs(y2 - y1) * self.height * 4)))
        for i in range(0, steps + 1, every):
            share = i / steps
            self.dot(x1 + (x2 - x1) * share, y1 + (y2 - y1) * share, style)

    def cell(self, x: float, y: float) -> tuple[int, int]:
        """The column and row of a place."""
        column, row = int(x * self.width), int((1 - y) * self.height)
        return min(max(column, 0), self.width - 1), min(max(row, 0), self.height - 1)

    def put(self, column: int, row: int, text: str, style: Style = "") -> bool:
        """Write over the dots where nothing is written yet; False where there is no room."""
        places = [(column + i, row) for i in range(len(text))]
        if any(place in self._text or not 0 <= place[0] < self.width for place in places):
            return False
        for place, char in zip(places, text, strict=True):
            self._text[place] = Styled(char, style)
        return True

    def lines(self) -> list[Line]:
        """What was drawn, neighbours of one style joined."""
        return [joined_cells([self._at(x, y) for x in range(self.width)]) for y in range(self.height)]

    def _at(self, x: int, y: int) -> Styled:
        written = self._text.get((x, y))
        if written is not None:
            return written
        dots = self._dots[y][x]
        return Styled(chr(_BRAILLE + dots), self._dot_styles[y][x]) if dots else Styled(" ")


def joined_cells(cells: Sequence[Styled]) -> Line:
    """Neighbouring pieces of one style as one."""
    line: Line = []
    for cell in cells:
        if line and line[-1].style == cell.style:
            line[-1] = Styled(line[-1].text + cell.text, cell.style)
        else:
            line.append(cell)
    return line


def framed(
    canvas: Canvas, x: Axis, x_scale: Scale, y: Axis, y_scale: Scale, x_names: Sequence[tuple[float, str]] = ()
) -> list[Line]:
    """A canvas with its axes, ticks and titles. `x_names` are (share, name) where the x axis is no number."""
    marks = {canvas.cell(0, y_scale.share(v))[1]: y.shown(v) for v in y_scale.ticks(max(2, canvas.height // 4))}
    gutter = max([cell_len(mark) for mark in marks.values()], default=0)
    log_y = " · log" if y_scale.log else ""
    lines: list[Line] = [[Styled(f" {y.heading}{log_y}", "strong")]]
    for row, drawn in enumerate(canvas.lines()):
        mark = marks.get(row)
        label = f" {mark:>{gutter}} ┤" if mark is not None else f" {'':>{gutter}} │"
        lines.append([Styled(label, "dim"), *drawn])
    named = list(x_names) or [(x_scale.share(v), x.shown(v)) for v in x_scale.ticks(max(2, canvas.width // 14))]
    rule = ["─"] * canvas.width
    text = [" "] * canvas.width
    for share, name in named:
        column = canvas.cell(share, 0)[0]
        rule[column] = "┬"
        _write(text, column, clean(name))
    indent = f" {'':>{gutter}} "
    lines.append([Styled(f"{indent}└{''.join(rule)}", "dim")])
    lines.append([Styled(f"{indent} {''.join(text)}", "dim")])
    log_x = " · log" if x_scale.log else ""
    title = f"{x.heading}{log_x}"
    lines.append([Styled(f"{indent} {title:>{canvas.width}}" if len(title) < canvas.width else f" {title}", "strong")])
    return lines


def gutter_for(y: Axis, y_scale: Scale, height: int) -> int:
    """How many cells `framed` needs at the left."""
    widest = max((cell_len(y.shown(v)) for v in y_scale.ticks(max(2, height // 4))), default=0)
    return widest + 3


def _write(line: list[str], column: int, name: str) -> None:
    """A tick's name under its mark, centred; left out where it would touch another."""
    start = min(max(0, column - len(name) // 2), len(line) - len(name))
    if start < 0 or any(char != " " for char in line[max(0, start - 1) : start + len(name) + 1]):
        return
    line[start : start + len(name)] = name


def as_text(lines: Sequence[Line]) -> str:
    """A chart as plain text."""
    return "\n".join("".join(piece.text for piece in line).rstrip() for line in lines)
