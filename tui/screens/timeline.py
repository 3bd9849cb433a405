"""The timeline: a lane per use case in Production with what ends when, when work must start, and what collides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Input, Static

from store.catalog import Changed
from store.review.collisions import Collision, collisions
from store.review.status import AssignmentStatus
from tui import keys, text
from tui.screens import timeline_lane as lanes
from tui.screens.base import Place
from tui.screens.timeline_lane import LEGEND, PHASES, Stretch
from tui.state import View
from tui.text import Cell, Styled
from tui.widgets.preview import content
from tui.widgets.table import Column, Section, Table
from tui.widgets.table_messages import Opened
from tui.widgets.table_rows import Rows

EMPTY = "Nothing in Production yet.   s  sets what runs   ·   n  names a use case and picks its model"
WAVES = "#waves"
NAME, ENDS, START, STATE = 18, 19, 13, 24
"""Widths of the columns beside the lanes."""

ORDERS: dict[str, tuple[str, Callable[[AssignmentStatus], tuple[object, ...]]]] = {
    "start_by": ("start by: what must start first", lambda row: (row.start_in is None, row.start_in or 0)),
    "ends": ("what ends first", lambda row: (row.deadline is None, row.deadline.day if row.deadline else date.max)),
    "owner": ("owner, in groups", lambda row: (_owner(row) or "~", row.start_in is None, row.start_in or 0)),
    "use_case": ("use case", lambda row: (row.assignment.use_case,)),
}


class LaneRows(Rows):
    """The lanes; the cursor passes over the line of waves."""

    def selectable(self, row: int) -> bool:
        """Whether the cursor may stand on this row."""
        return self.key(row) != WAVES


class TimelineScreen(Place):
    """Twelve months, or another span with `v`; enter opens the version."""

    scope: ClassVar[keys.Scope] = "timeline"
    place = "Timeline"
    AUTO_FOCUS: ClassVar[str | None] = "#lanes"
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("timeline")

    def __init__(self) -> None:
        super().__init__()
        self.months = 12
        self._order = "start_by"
        self._shown: list[AssignmentStatus] = []
        self._collisions: list[Collision] = []

    def body(self) -> ComposeResult:
        """The filter, the lanes, what is known of the one under the cursor."""
        yield Input(placeholder="filter: a use case, model or owner", id="timeline-query")
        yield Table([Column("x", "", 10)], markable=False, empty="Opening the catalog …", id="lanes")
        yield Static(id="lane-about")
        yield Static(id="lane-legend")

    # ── painting ──

    def paint(self, view: View, changed: Changed | None) -> None:
        """Lay the lanes out for the width there is."""
        del changed  # a lane draws on dates, plans, decisions and freezes
        table, typed = self.query_one("#lanes", Table), self.query_one("#timeline-query", Input)
        words = typed.value.casefold().split()
        typed.set_class(bool(words) or self.focused is typed, "shown")
        everything = [row for row in view.statuses.values() if row.assignment.stage == "Production"]
        self._collisions = collisions(everything)
        found = [row for row in everything if all(word in _words(row) for word in words)]
        order = ORDERS[self._order][1]
        found.sort(key=lambda row: (*order(row), row.assignment.use_case, row.assignment.version))
        self._shown = found
        columns, stretch = self._columns(view)
        wide = len(columns) > 3
        lines: list[tuple[str, Sequence[Cell]]] = [
            (row.assignment.uid, self._line(row, stretch, view.today, wide)) for row in found
        ]
        if found:
            waves = lanes.wave(found, stretch, view.today)
            blank: list[Cell] = [""] * (len(columns) - 2)
            lines.insert(0, (WAVES, [Styled("cut-overs", "dim"), waves, *blank]))
        table.set_empty("Nothing matches. esc clears the filter." if words else EMPTY)
        table.set_columns(columns)
        table.set_source(LaneRows(lines))
        table.show_sections(self._sections())
        self._tell_lane()

    def _columns(self, view: View) -> tuple[list[Column], Stretch]:
        width = max(self.app.size.width, 40) - 2  # the gutter and the scrollbar's place
        beside = [("ends", "Ends", ENDS)]
        if width >= 100:
            beside.append(("start", "Start by", START))
        if width >= 125:
            beside.append(("state", "Upgrade", STATE))
        room = width - NAME - sum(w + 1 for *_, w in beside) - 1
        stretch = Stretch.around(view.today, self.months, max(room, 10))
        title = f"{self.months} months"
        named = [Column(name, head, size) for name, head, size in beside]
        return [Column("use_case", title, NAME), Column("lane", lanes.axis(stretch), stretch.width), *named], stretch

    def _sections(self) -> list[Section]:
        if self._order != "owner" or not self._shown:
            return [Section(range(len(self._shown) + bool(self._shown)))]
        groups: dict[str, list[int]] = {}
        for nth, row in enumerate(self._shown):
            groups.setdefault(_owner(row), []).append(nth + 1)
        clashing = {c.owner for c in self._collisions}
        found = [Section([0])]
        for owner, rows in groups.items():
            note = [Styled("  ! collision", "bad")] if owner in clashing else []
            found.append(Section(rows, f"owner {owner}", [Styled(owner or "no owner"), *note]))
        return found

    def _line(self, row: AssignmentStatus, stretch: Stretch, today: date, wide: bool) -> list[Cell]:
        clash = self._collision(row)
        name: Cell = [Styled("! ", "bad") if clash else Styled(""), Styled(row.assignment.use_case, "strong")]
        line: list[Cell] = [name, lanes.lane(row, stretch, today, collides=clash is not None), _ends(row, today)]
        if wide:
            line += [
                text.start_by(row.start_by, row.start_in, today, squeezed=row.squeezed, column=True)
                if row.decision is None
                else text.NONE,
                _state(row, today),
            ]
        return line

    def _collision(self, row: AssignmentStatus) -> Collision | None:
        name, owner = row.assignment.use_case, _owner(row)
        return next((c for c in self._collisions if c.owner == owner and name in c.use_cases), None)

    def _tell_lane(self) -> None:
        row, view = self.row_here(), self.model.view
        lines = about(row, view.today, self._collision(row)) if row is not None and view is not None else []
        self.query_one("#lane-about", Static).update(Content("\n").join(content(line) for line in lines))
        signs = [[Styled(sign, "strong"), Styled(f" {words}", "dim")] for sign, words in LEGEND]
        self.query_one("#lane-legend", Static).update(content(text.joined(signs, "  ")))

    # ── what is selected ──

    def row_here(self) -> AssignmentStatus | None:
        """The assignment of the lane under the cursor."""
        uid = self.query_one("#lanes", Table).cursor_key
        return next((row for row in self._shown if row.assignment.uid == uid), None)

    def selection(self) -> list[str]:
        """Its version."""
        row = self.row_here()
        return [row.assignment.version] if row is not None else []

    def use_case_here(self) -> str:
        """Its use case."""
        row = self.row_here()
        return row.assignment.use_case if row is not None else ""

    def assignment_here(self) -> str:
        """Its uid."""
        row = self.row_here()
        return row.assignment.uid if row is not None else ""

    def lines_shown(self) -> tuple[list[str], list[list[Cell]]]:
        """The days of every lane, for a file."""
        titles = ["use case", "version", "owner", "ends", "start by", "cut over by", "decided until", "collides with"]
        lines = []
        for row in self._shown:
            plan, run, clash = row.plan, row.assignment, self._collision(row)
            days = (row.deadline.day if row.deadline else None, row.start_by, plan.cutover_by if plan else None)
            others = [name for name in clash.use_cases if name != run.use_case] if clash else []
            told: list[Cell] = [run.use_case, run.version, _owner(row)]
            told += [day.isoformat() if day else "—" for day in (*days, row.stay_until)]
            lines.append([*told, ", ".join(others)])
        return titles, lines

    # ── events and keys ──

    @on(Table.Highlighted, "#lanes")
    def _moved(self) -> None:
        self._tell_lane()

    @on(Table.Opened, "#lanes")
    def _opened(self, event: Opened) -> None:
        event.stop()
        row = self.row_here()
        if row is not None:
            from tui.screens.detail import DetailScreen

            self.app.push_screen(DetailScreen(row.assignment.version, row.assignment.use_case))

    @on(Input.Changed, "#timeline-query")
    def _typed(self) -> None:
        self._again()

    @on(Input.Submitted, "#timeline-query")
    def _accepted(self) -> None:
        self.query_one("#lanes", Table).focus()
        self._again()

    def _again(self) -> None:
        if self.model.view is not None:
            self.paint(self.model.view, None)

    def action_next_view(self) -> None:
        """The next span: 3, 6, 12, 24 months."""
        self.months = lanes.zoomed(self.months)
        self._again()

    def action_filter(self) -> None:
        """Type what to look for."""
        typed = self.query_one("#timeline-query", Input)
        typed.add_class("shown")
        typed.focus()

    def action_back(self) -> None:
        """From the filter to the lanes, then clear it, then back."""
        typed, table = self.query_one("#timeline-query", Input), self.query_one("#lanes", Table)
        if self.focused is typed:
            table.focus()
            self._again()
        elif typed.value:
            typed.value = ""
        else:
            super().action_back()

    @work(exclusive=True, group="ask")
    async def action_order(self) -> None:
        """Choose the order of the lanes."""
        from tui.screens.dialogs import Choose

        chosen = await self.asked(Choose("Order by", [(name, words) for name, (words, _) in ORDERS.items()]))
        if chosen is not None:
            self._order = chosen
            self._again()

    def action_columns(self) -> None:
        """Columns come and go with the width."""
        self.model.say("Columns come with the width here: v shows another span, o orders the lanes.")


def _owner(row: AssignmentStatus) -> str:
    return row.use_case.owner.strip() if row.use_case is not None else ""


def _words(row: AssignmentStatus) -> str:
    run = row.assignment
    return f"{run.use_case} {run.version} {run.deployment} {_owner(row)} {row.target or ''}".casefold()


def _ends(row: AssignmentStatus, today: date) -> Cell:
    last = row.deadline
    if last is None:
        return text.on_the_day(row.outcome.kind, row.outcome.target)
    certainty: text.Certainty = "planned"
    if last.certainty in ("tentative", "not_before"):
        certainty = "tentative" if last.certainty == "tentative" else "not_before"
    return text.retirement(last.day, today, certainty, column=True)


def _state(row: AssignmentStatus, today: date) -> Cell:
    if row.decision is not None and row.decision.until is not None:
        words = row.decision.kind.replace("_", " ").removesuffix(" until").removesuffix(" by")
        return Styled(f"{words} until {text.day(row.decision.until, today).text}", "accent")
    if row.upgrade is not None:
        return [Styled("→ ", "accent"), Styled((row.target or "no target yet").partition("/")[2] or "no target yet")]
    return Styled("not started", "dim") if row.plan is not None else text.NONE


def about(row: AssignmentStatus, today: date, clash: Collision | None) -> list[Cell]:
    """A lane in words: what ends and why, the days of its plan, decision, freezes and collision."""
    outcome = text.on_the_day(row.outcome.kind, row.outcome.target)
    lines: list[Cell] = [
        text.joined([Styled(row.assignment.use_case, "strong"), Styled(row.assignment.version, "key"), outcome,
                     row.deadline.why if row.deadline is not None else row.outcome.why])
    ]  # fmt: skip
    plan = row.plan
    if row.decision is not None and row.decision.until is not None:
        said = f"Decided on {row.decision.at[:10]}: {row.decision.kind.replace('_', ' ')} {row.decision.until}"
        lines.append(text.joined([Styled(said, "accent"), row.decision.note, row.decision.owner]))
    elif plan is not None and plan.state != "past":
        start = text.start_by(row.start_by, row.start_in, today, squeezed=row.squeezed)
        said_start: list[Styled] = [Styled("start by ", "dim"), start]
        windows: list[Cell] = []
        if plan.cutover_by <= today:
            over = f"the cut-over was due by {text.day(plan.shown['cutover_by'], today).text}"
            windows.append(Styled(f"{over}: everything is due now, no way back is left", "bad"))
        for phase, _ in PHASES if not windows else ():
            first, end = plan.windows[phase]
            days = f" {text.day(first, today).text} – {text.day(end, today).text}"
            windows.append([Styled(phase.lower() if phase != "Retire" else "way back", "dim"), Styled(days)])
        lines.append(text.joined([said_start, *windows]))
    if clash is not None:
        others = ", ".join(name for name in clash.use_cases if name != row.assignment.use_case)
        week = text.day(clash.week, today).text
        lines.append(Styled(f"! {clash.owner} also cuts over {others} in the week of {week}", "bad"))
    frozen = [
        f"{text.day(first, today).text} – {text.day(end, today).text}"
        for first, end in (row.use_case.freeze if row.use_case is not None else ())
    ]
    if frozen:
        lines.append([Styled("frozen ", "dim"), Styled(", ".join(frozen))])
    return lines
