"""Use cases: what depends on a model, who owns it, what it runs, and what waits there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input

from store.catalog import Changed
from store.fields import natural
from store.records import Assignment, UseCase
from tui import keys, text
from tui.screens.base import Place
from tui.screens.dialogs import Choose
from tui.state import View
from tui.text import Cell, Styled
from tui.widgets.table import Column, Rows, Table
from tui.widgets.table_messages import Opened, SortRequested

COLUMNS = (
    Column("name", "Use case", 22, 18, grow=1),
    Column("title", "Title", 20, 14, drop=20, grow=1),
    Column("owner", "Owner", 14, 8, drop=60),
    Column("criticality", "Critical", 8, drop=30),
    Column("calls", "Calls /mo", 9, 0, "right", 40),
    Column("runs", "In Production", 34, 24, drop=90, grow=2, shorten="start"),
    Column("needs", "Needs", 17, 15, drop=80),
    Column("upgrade", "Upgrade", 30, 12, drop=70, grow=1),
)
OPTIONAL = ("title", "criticality", "calls")
"""Columns that hide while no use case says anything there."""
EMPTY = "No use case yet.   n  names one and picks its model   ·   i  brings in CSV or Azure's deployment list"


class UseCasesScreen(Place):
    """The list; enter opens the form."""

    scope: ClassVar[keys.Scope] = "use_cases"
    place = "Use cases"
    AUTO_FOCUS: ClassVar[str | None] = "#use-cases"
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("use_cases")

    def __init__(self) -> None:
        super().__init__()
        self._order = ("name", False)
        self._hidden: set[str] = set()

    def body(self) -> ComposeResult:
        """The filter and the list."""
        yield Input(placeholder="filter: a use case, owner, model or what it needs", id="use-cases-query")
        yield Table(COLUMNS, id="use-cases", empty="Opening the catalog …", markable=False)

    def paint(self, view: View, changed: Changed | None) -> None:
        """List what there is."""
        del view, changed  # a line draws on several tables
        self._show()

    def _show(self) -> None:
        if self.model.view is None:
            return
        lines, told = self._lines()
        table = self.query_one("#use-cases", Table)
        table.set_empty("Nothing matches. esc clears the filter." if self.seen.records.use_cases else EMPTY)
        table.set_source(Rows((name, [cells[i] for i in told]) for name, cells in lines))
        table.set_columns([COLUMNS[i] for i in told])
        table.set_sorted(*self._order)

    def _lines(self) -> tuple[list[tuple[str, Sequence[Cell]]], list[int]]:
        """The use cases that the filter finds, in order, and the columns to show of them."""
        words = self.query_one("#use-cases-query", Input).value.casefold().split()
        use_cases = self.seen.records.use_cases
        found = [(name, line(use_cases[name], self.seen)) for name in sorted(use_cases)]
        found = [entry for entry in found if all(word in _searched(entry[1]) for word in words)]
        name, descending = self._order
        at = next(i for i, column in enumerate(COLUMNS) if column.name == name)
        known = [entry for entry in found if _known(entry[1][at])]
        unknown = [entry for entry in found if not _known(entry[1][at])]
        known.sort(key=lambda entry: natural(text.plain(entry[1][at]).replace(",", "")), reverse=descending)
        told = [i for i, c in enumerate(COLUMNS) if c.name not in OPTIONAL or any(_known(e[1][i]) for e in found)]
        return [*known, *unknown], [i for i in told if COLUMNS[i].name not in self._hidden]

    # ── what is selected ──

    def use_case_here(self) -> str:
        """The use case under the cursor."""
        return self.query_one("#use-cases", Table).cursor_key or ""

    def assignment_here(self) -> str:
        """What it runs: Production before other stages."""
        view, name = self.model.view, self.use_case_here()
        found = runs(name, view) if view is not None else []
        return found[0].uid if found else ""

    def selection(self) -> list[str]:
        """The versions that it runs."""
        view, name = self.model.view, self.use_case_here()
        return list(dict.fromkeys(a.version for a in runs(name, view))) if view is not None else []

    def lines_shown(self) -> tuple[list[str], list[list[Cell]]]:
        """The use cases that are shown, for a file."""
        lines, told = self._lines()
        return [text.plain(COLUMNS[i].title) for i in told], [[cells[i] for i in told] for _, cells in lines]

    # ── keys ──

    @on(Table.Opened, "#use-cases")
    def _opened(self, event: Opened) -> None:
        event.stop()
        self._open_form()

    @on(Table.SortRequested, "#use-cases")
    def _sort_by(self, event: SortRequested) -> None:
        self._order = (event.column, self._order == (event.column, False))
        self._show()

    @on(Input.Changed, "#use-cases-query")
    def _typed(self) -> None:
        self._show()

    @on(Input.Submitted, "#use-cases-query")
    def _accepted(self) -> None:
        self.query_one("#use-cases", Table).focus()

    def action_filter(self) -> None:
        """Type a filter."""
        typed = self.query_one("#use-cases-query", Input)
        typed.add_class("shown")
        typed.focus()

    def action_back(self) -> None:
        """From the filter to the list, then clear it, then one step back."""
        typed = self.query_one("#use-cases-query", Input)
        if self.focused is typed:
            self.query_one("#use-cases", Table).focus()
        elif typed.value:
            typed.value = ""
            typed.remove_class("shown")
        else:
            super().action_back()

    @work(exclusive=True, group="ask")
    async def action_order(self) -> None:
        """Choose the order; choosing the same column again turns it round."""
        name = await self.asked(Choose("Order by", [(c.name, text.plain(c.title)) for c in COLUMNS]))
        if name is not None:
            self._order = (name, self._order == (name, False))
            self._show()

    @work(exclusive=True, group="ask")
    async def action_columns(self) -> None:
        """Show or hide columns, one after the other."""
        chosen: str | None = ""
        while chosen is not None:
            marks = [(c.name, f"{'  ' if c.name in self._hidden else '● '}{text.plain(c.title)}") for c in COLUMNS[1:]]
            chosen = await self.asked(Choose("Show or hide; esc when done", marks))
            self._hidden ^= {chosen} if chosen else set()
            self._show()

    @work(exclusive=True, group="edit")
    async def action_new(self) -> None:
        """A new use case and its model."""
        if self.may_write():
            await self.new_use_case()

    @work(exclusive=True, group="edit")
    async def _open_form(self) -> None:
        """The form of the use case under the cursor."""
        name = self.use_case_here()
        if name and self.may_write():
            await self.edit_use_case(name)

    @work(exclusive=True, group="edit")
    async def action_edit(self) -> None:
        """The use case under the cursor, or its policy."""
        name = self.use_case_here()
        if name and self.may_write():
            options = [("use_case", f"use case {name}: owner, load, needs, evidence"),
                       ("policy", f"the policy of {name}: metrics, margins, floors, ceilings")]  # fmt: skip
            what = await self.chosen("Edit what?", options)
            if what == "use_case":
                await self.edit_use_case(name)
            elif what == "policy":
                await self.edit_policy(name)

    @work(exclusive=True, group="edit")
    async def action_delete(self) -> None:
        """Delete the use case under the cursor, after saying what goes."""
        name = self.use_case_here()
        if name and self.may_write():
            await self.take_away(self.use_case_removal(name))

    @work(exclusive=True, group="edit")
    async def action_tags(self) -> None:
        """Tags of the use case under the cursor."""
        use_case = self.seen.records.use_cases.get(self.use_case_here()) if self.may_write() else None
        if use_case is not None:
            await self.tag_use_case(use_case)


def _known(cell: Cell) -> bool:
    return text.plain(cell) not in ("", "—", "–")


def _searched(cells: Sequence[Cell]) -> str:
    return " ".join(map(text.plain, cells)).casefold()


def runs(name: str, view: View) -> list[Assignment]:
    """What a use case runs, Production first."""
    found = [a for a in view.records.assignments if a.use_case == name and a.in_use]
    return sorted(found, key=lambda a: (a.stage != "Production", -a.share))


def line(use_case: UseCase, view: View) -> Sequence[Cell]:
    """One use case as the cells of `COLUMNS`."""
    findings = [f for f in view.findings if f.use_case == use_case.name]
    worst = min((f.severity for f in findings), default=9)
    open_ones = [u for u in view.records.upgrades.values() if u.use_case == use_case.name and u.state == "open"]
    return [
        Styled(use_case.name, "strong" if worst <= 2 else ""),
        use_case.title or text.MISSING,
        use_case.owner or Styled("no owner", "warn"),
        use_case.criticality or text.MISSING,
        text.number(use_case.calls_per_month),
        _in_production(runs(use_case.name, view)),
        Styled(
            f"{len(findings)} · {findings[0].kind.replace('_', ' ')}" if findings else "nothing",
            ("bad" if worst <= 1 else "warn") if findings else "dim",
        ),
        text.joined(Styled(f"→ {u.to_version or 'no target yet'}", "accent") for u in open_ones) or text.NONE,
    ]


def _in_production(found: Sequence[Assignment]) -> Cell:
    running = [a for a in found if a.stage == "Production"]
    if not found:
        return Styled("nothing runs", "warn")
    shown = running or found
    return text.joined(
        [
            [
                *([text.stage(a.stage, a.share), Styled(" ")] if a.stage != "Production" or a.share < 100 else []),
                Styled(a.version, "key"),
            ]
            for a in shown
        ],
        ", ",
    )
