"""All upgrades, running and past: what moves where, how late, how far, and what is next."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input

from store.catalog import Changed
from store.records import Item, Upgrade
from store.review.checklist import touched
from store.review.todo import RUNNING, todos
from tui import keys, text
from tui.screens.checklist_actions import UpgradeActions
from tui.screens.upgrades_list import COLUMNS, ORDERS, Line, UpgradeRows, lines
from tui.screens.upgrades_next import NextRows
from tui.state import View
from tui.widgets.table import Table
from tui.widgets.table_messages import Opened, SortRequested

NOTHING_NEXT = "Nothing is to be done: no upgrade is running, or all that is left is blocked. v shows the upgrades."
EMPTY = (
    "No upgrade yet. n starts one: pick a use case, see the plan back from its deadline, work through the checklist."
)


class UpgradesScreen(UpgradeActions):
    """The list of upgrades; enter opens the checklist."""

    scope: ClassVar[keys.Scope] = "upgrades"
    place = "Upgrades"
    AUTO_FOCUS: ClassVar[str | None] = "#upgrades"
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("upgrades")

    def __init__(self) -> None:
        super().__init__()
        self._rows, self._next = UpgradeRows(), NextRows()
        self._lines: dict[str, Line] = {}
        self._order = "start_by"
        self._hidden: set[str] = set()
        self._by_owner = False

    def body(self) -> ComposeResult:
        """The filter and the list."""
        yield Input(placeholder="filter: a use case, model, owner or state", id="upgrades-query")
        yield Table(COLUMNS, self._rows, markable=False, empty="…", id="upgrades")

    def paint(self, view: View, changed: Changed | None) -> None:
        """Show the upgrades of a view."""
        del changed  # dates and evidence draw on many records
        self._look_at_all(view)

    @work(exclusive=True, group="page")
    async def _look_at_all(self, view: View) -> None:
        first = not len(self._rows)
        self._lines = await asyncio.to_thread(lines, self.catalog, view)
        self._show()
        if first and len(self._rows):
            self.query_one("#upgrades", Table).move_to(self._rows.key(0))

    def _show(self) -> None:
        table, typed = self.query_one("#upgrades", Table), self.query_one("#upgrades-query", Input)
        words = typed.value.casefold().split()
        typed.set_class(bool(words) or self.focused is typed, "shown")
        if self._by_owner:
            self._show_next(table, words)
            return
        found = [line for line in self._lines.values() if all(word in line.words for word in words)]
        running = sorted((li for li in found if li.upgrade.state in RUNNING), key=ORDERS[self._order][1])
        past = [line for line in reversed(found) if line.upgrade.state not in RUNNING]
        sections = self._rows.put(running, past)
        table.set_empty("Nothing matches. esc clears the filter." if words else EMPTY)
        table.refresh_rows()
        table.show_sections(sections)
        table.set_columns(self._rows.fitting())
        table.set_sorted(self._order)

    def _show_next(self, table: Table, words: Sequence[str]) -> None:
        view = self.seen
        running = [(line.upgrade, line.look.inputs) for line in self._lines.values()]
        sections = self._next.put(todos(running, view.records.use_cases, view.today), words, view.today)
        table.set_empty("Nothing matches. esc clears the filter." if words else NOTHING_NEXT)
        table.refresh_rows()
        table.show_sections(sections)
        table.set_columns(self._next.fitting())
        table.set_sorted(None)

    # ── what is selected ──

    def _at(self) -> tuple[str, str]:
        """The upgrade's uid under the cursor, and the item's id where items are listed."""
        uid, _, item = (self.query_one("#upgrades", Table).cursor_key or "").partition(" ")
        return uid, item

    def upgrade_here(self) -> Upgrade | None:
        """The upgrade under the cursor."""
        line = self._lines.get(self._at()[0])
        return line.upgrade if line is not None else None

    def item_here(self) -> Item | None:
        """The item under the cursor, where items are listed."""
        upgrade = self.upgrade_here()
        return upgrade.items.get(self._at()[1]) if upgrade is not None else None

    # ── events ──

    @on(Table.Opened, "#upgrades")
    def _opened(self, event: Opened) -> None:
        from tui.screens.checklist import ChecklistScreen

        uid, _, item = event.key.partition(" ")
        self.app.push_screen(ChecklistScreen(uid, at=item))

    @on(Table.SortRequested, "#upgrades")
    def _sort_by(self, event: SortRequested) -> None:
        if event.column in ORDERS and not self._by_owner:
            self._order = event.column
            self._show()

    @on(Input.Changed, "#upgrades-query")
    def _typed(self) -> None:
        self._show()

    @on(Input.Submitted, "#upgrades-query")
    def _accepted(self) -> None:
        self.query_one("#upgrades", Table).focus()
        self._show()

    # ── keys ──

    def action_next_view(self) -> None:
        """Change between the upgrades and what each owner has to do next."""
        if self.model.view is None:
            return
        self._by_owner = not self._by_owner
        table = self.query_one("#upgrades", Table)
        uid, _ = self._at()
        table.set_source(self._next if self._by_owner else self._rows)
        self._show()
        keys_shown = (self._next.key(n) for n in range(len(self._next)))
        table.move_to(next((key for key in keys_shown if key.startswith(uid)), uid) if self._by_owner else uid)

    def action_filter(self) -> None:
        """Type a filter."""
        typed = self.query_one("#upgrades-query", Input)
        typed.add_class("shown")
        typed.focus()

    def action_back(self) -> None:
        """From the filter to the list, then clear it, then one step back."""
        typed, table = self.query_one("#upgrades-query", Input), self.query_one("#upgrades", Table)
        if self.focused is typed:
            table.focus()
            self.call_after_refresh(self._show)
        elif typed.value:
            typed.value = ""
        else:
            super().action_back()

    @work(exclusive=True, group="ask")
    async def action_order(self) -> None:
        """Choose the order of the running ones."""
        from tui.screens.dialogs import Choose

        if self._by_owner:
            self.model.say("What is next stands in the order in which it is due; v shows the upgrades.")
            return

        options = [(name, title) for name, (title, _) in ORDERS.items()]
        chosen = await self.app.push_screen_wait(Choose("Order by", options))
        if chosen is not None:
            self._order = chosen
            self._show()

    @work(exclusive=True, group="ask")
    async def action_columns(self) -> None:
        """Show or hide columns, one after the other."""
        from tui.screens.dialogs import Choose

        if self._by_owner:
            self.model.say("Only the list of upgrades has columns to choose; v shows it.")
            return

        chosen: str | None = ""
        while chosen is not None:
            options = [(c.name, f"{'  ' if c.name in self._hidden else '● '}{c.title}") for c in COLUMNS if c.drop]
            chosen = await self.app.push_screen_wait(Choose("Show or hide; esc when done", options))
            self._hidden ^= {chosen} if chosen else set()
            shown = [n for n, column in enumerate(COLUMNS) if column.name not in self._hidden]
            self._rows.columns = shown
            self._show()

    @work(exclusive=True, group="ask")
    async def action_note(self) -> None:
        """Write the note of the upgrade."""
        from tui.screens.dialogs import Ask

        upgrade = self.may_change()
        if upgrade is not None:
            said = await self.app.push_screen_wait(Ask(f"Note on {upgrade.use_case}", upgrade.note, required=False))
            if said is not None:
                await self.model.carry_out(lambda c: c.edit_upgrade(replace(upgrade, note=said), upgrade), "Note kept")

    @work(exclusive=True, group="ask")
    async def action_new(self) -> None:
        """Start an upgrade: choose a use case first."""
        from tui.screens.checklist import ChecklistScreen
        from tui.screens.dialogs import Choose
        from tui.screens.upgrade_start import start, upgrade_of

        view = self.model.view
        if view is None:
            return
        runs = {a.uid: a for a in view.records.assignments if a.stage == "Production"}
        runs = {uid: a for uid, a in runs.items() if upgrade_of(a, view.records) is None}
        if not runs:
            self.model.say("Nothing in Production is without an upgrade.", "warning")
            return
        order = sorted(runs.values(), key=lambda a: _start_in(view, a.uid))
        options = [(a.uid, f"{a.use_case} · {a.version} · {_said(view, a.uid)}") for a in order]
        uid = await self.app.push_screen_wait(Choose("Upgrade which?", options))
        if uid is not None:
            started = await start(self, view, runs[uid])
            if started:
                self.app.push_screen(ChecklistScreen(started, ask=True))

    @work
    async def action_upgrade(self) -> None:
        """Open the checklist."""
        upgrade = self.upgrade_here()
        if upgrade is not None:
            from tui.screens.checklist import ChecklistScreen

            self.app.push_screen(ChecklistScreen(upgrade.uid))

    @work(exclusive=True, group="ask")
    async def action_delete(self) -> None:
        """Remove the upgrade, as if it had been started by mistake."""
        from tui.screens.dialogs import Confirm

        upgrade = self.upgrade_here()
        if upgrade is None:
            return
        worked = sum(touched(item) for item in upgrade.items.values())
        effect = [
            f"the upgrade of {upgrade.use_case} from {upgrade.from_version}",
            f"its checklist of {len(upgrade.items)} items, {worked} of them worked on",
            "what runs stays as it is; z brings the upgrade back. D cancels it and keeps it readable.",
        ]
        why = await self.app.push_screen_wait(Confirm("Delete?", effect, verb="delete"))
        if why is not None:
            await self.model.carry_out(lambda c: c.remove_upgrade(upgrade.uid, why), "Deleted; z brings it back")


def _start_in(view: View, uid: str) -> int:
    status = view.statuses.get(uid)
    return status.start_in if status is not None and status.start_in is not None else 99_999


def _said(view: View, uid: str) -> str:
    status = view.statuses.get(uid)
    if status is None or status.plan is None:
        return "no date to count back from"
    return text.start_by(status.start_by, status.start_in, view.today, squeezed=status.squeezed).text
