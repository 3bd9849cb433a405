"""How a stretch of time becomes cells: the axis, and one lane for what an assignment has ahead. No widget.

Every mark is a sign of its own, so that a lane reads without colour; a mark outside the stretch leaves an arrow at the
edge where it lies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby

from store.review.collisions import planned_cutover
from store.review.status import AssignmentStatus
from store.values import dataclass
from tui import text
from tui.text import Style, Styled

ENDS, ANNOUNCED, START, TODAY, TICK, CLASH = "◆", "◇", "▲", "│", "·", "!"
EARLIER, LATER, FROZEN = "◂", "▸", "▚"
STAYS, STAYS_UNTIL, STOPS_BY = "═", "╡", "╳"
PHASES = (("Assess", "░"), ("Adapt", "░"), ("Validate", "▒"), ("Roll out", "▓"), ("Retire", "─"))
LEGEND = (
    (ENDS, "ends"), (ANNOUNCED, "announced"), (START, "start by"), ("░", "assess, adapt"), ("▒", "validate"),
    ("▓", "roll out"), ("─", "way back"), (STAYS + STAYS_UNTIL, "stays"), (STAYS + STOPS_BY, "stops"),
    (FROZEN, "freeze"), (CLASH, "collision"), (TODAY, "today"),
)  # fmt: skip
_ZOOMS = (3, 6, 12, 24)


def zoomed(months: int) -> int:
    """The next span of the zoom, round and round."""
    return _ZOOMS[(_ZOOMS.index(months) + 1) % len(_ZOOMS)]


def add_months(day: date, months: int) -> date:
    """The first of the month some months later."""
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The days from `first` up to, not including, `end`, over `width` cells."""

    first: date
    end: date
    width: int
    months: int

    @classmethod
    def around(cls, today: date, months: int, width: int) -> Stretch:
        """Whole months with today near their beginning: a little of what is over explains what is late."""
        first = (today - timedelta(days=3 * months)).replace(day=1)
        return cls(first, add_months(first, months), max(width, 1), months)

    def cell(self, day: date) -> int:
        """The cell of a day; below 0 or from `width` on where it lies outside."""
        return (day - self.first).days * self.width // (self.end - self.first).days

    def months_in(self) -> Iterator[date]:
        """The first days of its months."""
        yield from (add_months(self.first, n) for n in range(self.months))

    def mondays_in(self) -> Iterator[date]:
        """Its Mondays."""
        day = self.first + timedelta(days=-self.first.weekday() % 7)
        while day < self.end:
            yield day
            day += timedelta(days=7)


def axis(stretch: Stretch) -> str:
    """The head over the lanes: months, the year where one begins, and Mondays where there is room for their days."""
    line = [" "] * stretch.width
    step = next((n for n in (1, 2, 3, 6, 12) if stretch.width * n // stretch.months >= 4), 12)
    months = [m for m in stretch.months_in() if (m.month - 1) % step == 0]
    _write(line, [(stretch.cell(m), str(m.year) if m.month == 1 else text.day(m).text.split()[1]) for m in months])
    if stretch.months <= 6:
        _write(line, [(stretch.cell(day), str(day.day)) for day in stretch.mondays_in()])
    return "".join(line)


def _write(line: list[str], labels: Iterable[tuple[int, str]]) -> None:
    """Put labels where nothing stands, with a blank on both sides."""
    for at, label in labels:
        end = at + len(label)
        around = line[max(at - 1, 0) : end + 1]
        if 0 <= at <= len(line) - len(label) and not "".join(around).strip():
            line[at:end] = label


class Lane:
    """Cells that are painted over one another, the most important last."""

    def __init__(self, stretch: Stretch) -> None:
        self.stretch = stretch
        self._cells: list[Styled] = [Styled(" ")] * stretch.width

    def mark(self, day: date, sign: str, style: Style = "") -> None:
        """A sign on a day, an arrow at the edge where the day lies outside."""
        at = self.stretch.cell(day)
        if day < self.stretch.first:
            self._cells[0] = Styled(EARLIER, style)
        elif day >= self.stretch.end:
            self._cells[-1] = Styled(LATER, style)
        else:
            self._cells[at] = Styled(sign, style)

    def fill(self, first: date, last: date, sign: str, style: Style = "") -> None:
        """A sign on all days from one up to another."""
        for at in range(max(self.stretch.cell(first), 0), min(self.stretch.cell(last) + 1, self.stretch.width)):
            self._cells[at] = Styled(sign, style)

    @property
    def pieces(self) -> list[Styled]:
        """The cells, neighbours of one meaning together."""
        runs = groupby(self._cells, key=lambda cell: cell.style)
        return [Styled("".join(cell.text for cell in run), style) for style, run in runs]


def ground(stretch: Stretch, today: date) -> Lane:
    """An empty lane: the months, or the weeks where one looks close, and today."""
    lane = Lane(stretch)
    for day in stretch.mondays_in() if stretch.months == 3 else stretch.months_in():
        lane.mark(day, TICK, "dim")
    lane.mark(today, TODAY, "dim")
    return lane


def lane(row: AssignmentStatus, stretch: Stretch, today: date, *, collides: bool = False) -> list[Styled]:
    """What one assignment has ahead."""
    line, plan, last = ground(stretch, today), row.plan, row.deadline
    decision = row.decision
    if decision is not None and decision.until is not None:
        line.fill(today, decision.until, STAYS, "accent")
    elif plan is not None and plan.cutover_by <= today < plan.deadline:
        line.fill(today, plan.deadline, PHASES[-2][1], "bad")  # nothing is left for a way back
    elif plan is not None and plan.state != "past":
        style: Style = "warn" if plan.state in ("late", "squeezed") else "accent"
        for phase, sign in PHASES:
            window = plan.windows[phase]
            if window.end > window.start:
                line.fill(window.start, window.end, sign, "dim" if phase == "Retire" else style)
    for first, end in row.use_case.freeze if row.use_case is not None else ():
        line.fill(first, end, FROZEN, "warn")
    line.mark(today, TODAY, "strong")
    announced = row.ledger.effective
    if announced is not None and (last is None or announced.value != last.day):
        line.mark(announced.value, ANNOUNCED, "dim" if row.retired else "warn")
    if plan is not None and decision is None and plan.state != "past":
        line.mark(plan.shown["start_by"], START, "bad" if plan.start_in < 0 else "strong")
    move = planned_cutover(row)
    if collides and move is not None:
        line.mark(move, CLASH, "bad")
    if last is not None:
        line.mark(last.day, ENDS, "bad" if last.day <= today or plan is None or plan.start_in < 0 else "warn")
    if decision is not None and decision.until is not None:
        line.mark(decision.until, STOPS_BY if decision.kind == "stop_by" else STAYS_UNTIL, "strong")
    return line.pieces


def wave(rows: Sequence[AssignmentStatus], stretch: Stretch, today: date) -> list[Styled]:
    """How many are to cut over where, over all lanes: a digit, `+` from ten on."""
    counts: dict[int, int] = {}
    days: dict[int, date] = {}
    for row in rows:
        day = planned_cutover(row)
        if day is not None and stretch.first <= day < stretch.end:
            at = stretch.cell(day)
            counts[at] = counts.get(at, 0) + 1
            days[at] = day
    line = ground(stretch, today)
    for at, count in counts.items():
        line.mark(days[at], str(count) if count < 10 else "+", "bad" if count > 2 else "strong")
    return line.pieces
