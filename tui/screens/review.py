"""The review session: the findings one use case at a time, a decision with one key, minutes at the end.

Where it stands is read from what it recorded (`store.review.session`), so it can be left and taken up at any time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from store.catalog import Changed
from store.records import Decision
from store.review.minutes import minutes
from store.review.session import queue, reviewed_since, running_session
from tui import keys, text
from tui.screens.base import Place
from tui.screens.dialogs import Reader
from tui.screens.review_compare import Compared, compared
from tui.screens.review_page import Line, Part, parts, runs_of, wrapped
from tui.state import View
from tui.text import Cell, Styled
from tui.widgets.table import Column, Section, Table
from tui.widgets.table_messages import Highlighted, Opened
from tui.widgets.table_rows import Rows

LIST = 30
"""Width of the list of use cases; it folds below 100 columns."""
LATER_DAYS = 14
GRAVE = 2
"""Findings up to this severity keep the review at a use case that runs several versions."""


class MinutesReader(Reader):
    """The minutes; `x` writes them to a file."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("x", "write", "write")]

    def __init__(self, said: str, place: ReviewScreen) -> None:
        super().__init__("Minutes of this review · x writes them to a file", said)
        self._review = place

    def action_write(self) -> None:
        """Close, then ask for the file."""
        self.dismiss(None)
        self._review.action_export()


class ReviewScreen(Place):
    """Walks what needs a decision."""

    scope: ClassVar[keys.Scope] = "review"
    place = "Review"
    AUTO_FOCUS: ClassVar[str | None] = "#review-page"
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("review")

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.current = ""
        self._opened_at = ""
        self._waiting = ""
        self._laid = ""
        self._lines: dict[str, Line] = {}
        self._compared: tuple[View, str, Compared] | None = None
        self._asked = 0

    def body(self) -> ComposeResult:
        """How far it is, the use cases, and all about the one in front."""
        with Horizontal(id="review"):
            yield Table([Column("name", "Use case", LIST - 3, 10, grow=1)], markable=False, id="review-list", empty="")
            yield Table(
                [Column("label", "", 10)], markable=False, id="review-page", empty="Opening the catalog …", pinned=0
            )

    # ── painting ──

    @property
    def started(self) -> str:
        """When this review began; now, while nothing was looked at."""
        use_cases = list(self.seen.records.use_cases.values())
        return running_session(use_cases, self._now()) or self._opened_at

    def _now(self) -> str:
        return self.catalog.clock().astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    def paint(self, view: View, changed: Changed | None) -> None:
        """Show how far the review is and the use case in front."""
        del changed  # findings draw on everything
        self.query_one("#review-list", Table).display = self._wide
        first = not self._opened_at
        self._opened_at = self._opened_at or self._now()
        use_cases = view.records.use_cases
        found = queue(view.findings, use_cases.values(), self.started)
        self.names = [n for n in self.names if n in found] + [n for n in found if n not in self.names]
        if self.current not in self.names:
            self.current = self._next_open() or next(iter(self.names), "")
        if first and any(self._done(name) for name in self.names):
            self.model.say(f"The review goes on: {self._count()} done.")
        if self._waiting and self._done(self._waiting):
            self._waiting = ""
            self._go_on(view)
        self._tell_list(view)
        self.behind = self._show(view)

    def _done(self, name: str) -> bool:
        use_case = self.seen.records.use_cases.get(name)
        return use_case is not None and reviewed_since(use_case, self.started)

    def _count(self) -> str:
        return f"{sum(map(self._done, self.names))} of {len(self.names)}"

    def _next_open(self) -> str:
        """The next use case that the review was not through with, after the one in front, then from the beginning."""
        at = self.names.index(self.current) + 1 if self.current in self.names else 0
        return next((n for n in [*self.names[at:], *self.names[:at]] if not self._done(n)), "")

    def _tell_list(self, view: View) -> None:
        lines: list[tuple[str, Sequence[Cell]]] = []
        for name in self.names:
            worst = min((f.severity for f in view.findings if f.use_case == name), default=9)
            sign = Styled("✔ ", "good") if self._done(name) else Styled("○ ", "bad" if worst <= 1 else "warn")
            lines.append((name, [[sign, Styled(name, "strong" if name == self.current else "")]]))
        table = self.query_one("#review-list", Table)
        table.set_source(Rows(lines))
        table.move_to(self.current)
        if self.current:
            state = "✔ reviewed" if self._done(self.current) else "○ open"
            where = f"{self.names.index(self.current) + 1} of {len(self.names)}"
            said = text.clean(f"{self.current} · {state} · {self._count()} done")
            columns = [Column("label", where, self._label), Column("said", said, 20, 10, grow=1)]
            self.query_one("#review-page", Table).set_columns(columns)

    @work(exclusive=True, group="review")
    async def _show(self, view: View) -> None:
        name, table = self.current, self.query_one("#review-page", Table)
        if not name:
            table.set_empty("Nothing needs a decision. esc goes back.")
            table.set_source(Rows())
            return
        self._asked += 1
        asked = self._asked
        known = self._compared[2] if self._compared is not None and self._compared[:2] == (view, name) else None
        self._lay(await asyncio.to_thread(parts, self.catalog, view, name, known))
        if known is None:
            row = next(iter(runs_of(view, name)), None)
            found = await asyncio.to_thread(compared, view, row, name, lambda: asked == self._asked)
            self._compared = (view, name, found)
            self._lay(await asyncio.to_thread(parts, self.catalog, view, name, found))

    def _lay(self, said: Sequence[Part]) -> None:
        """Put the page's parts into the table, wrapped to the width there is; the cursor stays where it is."""
        table = self.query_one("#review-page", Table)
        width = max(self.app.size.width - (LIST if self._wide else 0) - self._label - 5, 20)
        rows: list[tuple[str, Sequence[Cell]]] = []
        sections: list[Section] = []
        self._lines = {}
        for part in said:
            begin = len(rows)
            for nth, line in enumerate(part.lines):
                for piece, shown in enumerate(wrapped(line.cell, width)):
                    key = f"{self.current}\n{part.key}\n{nth}\n{piece}"
                    self._lines[key] = line
                    rows.append((key, [Styled("" if piece else line.label, line.style), shown]))
            sections.append(Section(range(begin, len(rows)), part.key, part.title))
        table.set_source(Rows(rows))
        table.show_sections(sections)
        if self._laid != self.current and rows:
            table.move_to(rows[0][0])
        self._laid = self.current

    @property
    def _wide(self) -> bool:
        return self.app.size.width >= 100

    @property
    def _label(self) -> int:
        """The width of the labels."""
        return 22 if self.app.size.width >= 120 else 14

    # ── what is selected ──

    def _line(self) -> Line | None:
        return self._lines.get(self.query_one("#review-page", Table).cursor_key or "")

    def use_case_here(self) -> str:
        """The use case in front."""
        return self.current

    def assignment_here(self) -> str:
        """What the line under the cursor is about, else what the use case runs in Production."""
        line, view = self._line(), self.model.view
        if line is not None and line.run:
            return line.run
        rows = runs_of(view, self.current) if view is not None else []
        return rows[0].assignment.uid if rows else ""

    def selection(self) -> list[str]:
        """What runs, and what it is compared with: the line's version, else the best candidate."""
        key, line = self.key_of_run(), self._line()
        found = self._compared[2] if self._compared is not None and self._compared[1] == self.current else None
        best = found.key if found is not None and found.run == self.assignment_here() else ""
        other = line.other if line is not None and line.other else best
        return [k for k in dict.fromkeys((key, other)) if k]

    def key_of_run(self) -> str:
        """The version that runs."""
        run = self.catalog.assignments.by_uid(self.assignment_here()) if self.model.view is not None else None
        return run.version if run is not None else ""

    # ── walking ──

    def resume(self) -> None:
        """`!` in the review: to the next one that is open, or to the minutes where none is."""
        if self.model.view is not None:
            self._go_on(self.model.view)
            self._tell_list(self.model.view)
            self._show(self.model.view)

    def _go_on(self, view: View) -> None:
        name = self._next_open()
        if name:
            self.current = name
        else:
            self._tell_list(view)
            self._read_minutes()

    def _step(self, by: int) -> None:
        view = self.model.view
        if view is None or not self.names:
            return
        at = self.names.index(self.current) + by
        if at >= len(self.names):
            self._read_minutes()
        elif at >= 0:
            self.current = self.names[at]
            self._tell_list(view)
            self._show(view)

    def action_review_next(self) -> None:
        """The next use case; behind the last one the minutes."""
        self._step(1)

    def action_review_previous(self) -> None:
        """The use case before."""
        self._step(-1)

    @on(Table.Highlighted, "#review-list")
    def _pointed(self, event: Highlighted) -> None:
        view, key = self.model.view, event.table.cursor_key  # the list may have moved on since the message
        if event.table.has_focus and key in self.names and key != self.current and view is not None:
            self.current = key
            self._tell_list(view)
            self._show(view)

    @on(Table.Opened, "#review-list")
    def _chosen(self) -> None:
        self.query_one("#review-page", Table).focus()

    @on(Table.Opened, "#review-page")
    def _opened(self, event: Opened) -> None:
        event.stop()
        line = self._line()
        if line is not None and line.upgrade:
            from tui.screens.checklist import ChecklistScreen

            self.app.push_screen(ChecklistScreen(line.upgrade))
        elif line is not None and line.other:
            self.action_compare()
        elif self.key_of_run():
            from tui.screens.detail import DetailScreen

            self.app.push_screen(DetailScreen(self.key_of_run(), self.current))

    # ── deciding ──

    def action_decide_stay(self) -> None:
        """Stay until a day."""
        self._decide("stay_until")

    def action_decide_replace(self) -> None:
        """Replace it by another model."""
        self._decide("replace")

    def action_decide_stop(self) -> None:
        """Stop the use case by a day."""
        self._decide("stop_by")

    def action_decide_later(self) -> None:
        """Look again on a day."""
        self._decide("later")

    @work(exclusive=True, group="edit")
    async def _decide(self, kind: str) -> None:
        """Until when, who and why; then to the next use case."""
        from store.review.ledger import firm
        from tui.forms import decisions
        from tui.screens.form import Form

        name = self.current
        if not self.may_write() or name not in self.seen.records.use_cases:
            return
        run, catalog = self.run_here(), self.catalog
        status = self.seen.statuses.get(run.uid) if run is not None else None
        due = status.deadline.day if status is not None and status.deadline is not None else None
        last = status.ledger.effective if status is not None else None
        proposed = _proposed(kind, due, catalog.today)
        fields = [
            replace(f, value=proposed) if f.name == "until" else f
            for f in decisions.decide_fields(self.seen.records.use_cases[name].owner, due, catalog.today, kind)
            if f.name != "kind"
        ]

        async def save(made: Decision) -> bool:
            said = f"{name}: {made.kind.replace('_', ' ')}{f' {made.until}' if made.until else ''}. z takes it back."
            return await self.model.carry_out(lambda c: c.decide(name, made), said)

        words = dict(decisions.KINDS)[kind]
        made: Decision | None = await self.asked(
            Form(
                f"{name}: {words}",
                fields,
                lambda values: decisions.decided(
                    {**values, "kind": kind}, subject=run.uid if run is not None else "", deadline=due,
                    last=last.value if last is not None and firm(last) else None, at=self._now(), by=catalog.actor,
                    today=catalog.today,
                ),
                save=save,
            )
        )  # fmt: skip
        if made is not None:
            self._settled(name, made.subject)

    def _settled(self, name: str, subject: str) -> None:
        """Go on as soon as the view knows it, unless something grave about another version here is left."""
        left = [f for f in self.seen.findings if f.use_case == name and f.severity <= GRAVE and f.subject != subject]
        if not subject or not left:
            self._waiting = name
            if self._done(name):
                self.resume()
                self._waiting = ""

    @work(exclusive=True, group="edit")
    async def action_reviewed(self) -> None:
        """Leave all as it is, and go on."""
        name = self.current
        if not self.may_write() or name not in self.seen.records.use_cases:
            return
        if await self.model.carry_out(lambda c: c.reviewed(name), f"{name}: reviewed, nothing decided."):
            self._settled(name, "")

    @work(exclusive=True, group="upgrade")
    async def action_upgrade(self) -> None:
        """Open the running upgrade, or start one; a start settles the use case."""
        from tui.screens.upgrade_start import open_or_start

        name, before = self.current, set(self.catalog.upgrades)
        await open_or_start(self)
        if set(self.catalog.upgrades) - before:
            await self.model.carry_out(lambda c: c.reviewed(name, "its upgrade was started"))

    # ── minutes ──

    @work(exclusive=True, group="tell")
    async def _read_minutes(self) -> None:
        await self.asked(MinutesReader(await self._minutes(), self))

    async def _minutes(self) -> str:
        catalog, view, since = self.catalog, self.seen, self.started

        def write() -> str:
            events = [event for event in catalog.history() if event.at >= since]
            return minutes(view.records, view.findings, events, view.today, since)

        return await asyncio.to_thread(write)

    @work(exclusive=True, group="edit")
    async def action_export(self) -> None:
        """Write the minutes to a file."""
        from tui.screens.dialogs import Ask, Confirm

        if self.model.view is None:
            return
        typed = await self.asked(Ask("Write the minutes to which file?", f"review-{self.catalog.today}.md"))
        if not typed:
            return
        path = Path(typed).expanduser()
        if await asyncio.to_thread(path.exists):
            effect = [f"{path} is there already and would be replaced."]
            if await self.asked(Confirm("Replace the file?", effect, ask_reason=False, verb="replace it")) is None:
                return
        said = await self._minutes()
        if await self._tried(lambda: _written(path, said)):
            self.model.say(f"The minutes are in {path}.")

    @work(exclusive=True, group="tell")
    async def action_copy_markdown(self) -> None:
        """Copy the minutes."""
        if self.model.view is not None:
            self.app.copy_to_clipboard(await self._minutes())
            self.model.say("Copied the minutes as Markdown.")


def _proposed(kind: str, due: date | None, today: date) -> str:
    """The day that a decision starts from: two weeks for later, the last possible day for staying and stopping."""
    if kind == "later":
        day = today + timedelta(days=LATER_DAYS)
        return min(day, due).isoformat() if due is not None and due > today else day.isoformat()
    return due.isoformat() if due is not None and due > today and kind != "replace" else ""


def _written(path: Path, said: str) -> bool:
    from tui.commands import given

    given.write_text(str(path), said)
    return True
