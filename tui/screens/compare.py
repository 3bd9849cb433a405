"""Comparison: 2 to 8 versions side by side against a baseline, the verdict first, then what differs and by how much."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from store.catalog import Changed
from tui import keys as key_table
from tui.screens import compare_data as data
from tui.screens.compare_about import about, head
from tui.screens.compare_actions import ComparisonActions
from tui.screens.compare_pictures import Pictures
from tui.screens.compare_rows import Grid, matrix, with_cursor
from tui.screens.compare_table import ColumnWanted, Matrix
from tui.state import View
from tui.widgets.preview import content
from tui.widgets.table import Table
from tui.widgets.table_messages import SortRequested

if TYPE_CHECKING:
    from tui.screens.compare_charts import Picture


AT_ONCE = 0.05
"""Seconds that the first picture waits for verdicts; those that take longer come in later."""
BEAT = 0.2
"""Seconds between two looks at how far the judging is."""


class _Asked(NamedTuple):
    """What was asked to be compared."""

    view: View
    keys: tuple[str, ...]
    baseline: str


class CompareScreen(Pictures, ComparisonActions):
    """Versions side by side. `use_case` names what they are compared for, `baseline` the one to compare against."""

    scope: ClassVar[key_table.Scope] = "compare"
    AUTO_FOCUS: ClassVar[str | None] = "#matrix"
    BINDINGS: ClassVar[list[BindingType]] = key_table.bindings("compare")

    def __init__(self, keys: Sequence[str], use_case: str = "", baseline: str = "") -> None:
        super().__init__()
        self.keys = list(dict.fromkeys(keys))
        self.use_case = use_case
        self.baseline = baseline if baseline in self.keys else (self.keys[0] if self.keys else "")
        self.column = next((key for key in self.keys if key != self.baseline), self.baseline)
        self.place = f"Compare ▸ {use_case}" if use_case else "Compare"
        self.prepared: data.Prepared | None = None
        self.differences = True
        self.picture: Picture | None = None
        self.found: Grid | None = None
        self.judging: data.Judging | None = None
        self._asked: _Asked | None = None

    def body(self) -> ComposeResult:
        """What is compared, the table, and what the cursor stands on."""
        yield Static(id="compare-head")
        with Vertical(id="compare-body"):
            yield Matrix("matrix")
        yield Static(id="compare-about")

    # ── putting together ──

    def paint(self, view: View, changed: Changed | None) -> None:
        """Compare anew; what was compared already is only laid out anew."""
        del changed  # any record may stand behind a row
        asked = self._asked
        if asked is None or asked.view is not view or asked[1:] != (tuple(self.keys), self.baseline):
            self._asked = _Asked(view, tuple(self.keys), self.baseline)
            self.behind = self._prepare(self._asked)
        else:
            self.show()

    def again(self) -> None:
        """Other columns or another baseline: compare anew."""
        if self.model.view is not None:
            self.paint(self.model.view, None)

    @work(exclusive=True, group="prepare")
    async def _prepare(self, asked: _Asked) -> None:
        prepared = await asyncio.to_thread(data.prepare, asked.view, asked.keys, self.use_case, asked.baseline)
        if self._asked is not asked:
            return
        if prepared is None:
            self.query_one(Matrix).set_empty("None of these versions is in the catalog any more. esc goes back.")
            return
        self.prepared = prepared
        self.keys, self.baseline = list(prepared.keys), prepared.baseline
        asked = self._asked = _Asked(asked.view, prepared.keys, prepared.baseline)
        if self.column not in self.keys:
            self.column = self.keys[min(1, len(self.keys) - 1)]
        await self._judge(prepared)

    async def _judge(self, prepared: data.Prepared) -> None:
        """Judge in a thread, which ends with this worker; what takes longer is shown as it goes."""
        judging = data.Judging()
        running = asyncio.create_task(asyncio.to_thread(data.judge, prepared, judging.go_on))
        try:
            await asyncio.wait({running}, timeout=AT_ONCE)
            if not running.done():
                self.judging = judging
                self.show()
            while not running.done():
                await asyncio.wait({running}, timeout=BEAT)
                self._show_head()
        finally:
            judging.end()
            if self.judging is judging:
                self.judging = None
        if self.prepared is prepared:
            verdicts = running.result()
            stopped = prepared.use_case is not None and len(verdicts) < len(prepared.candidates)
            self.prepared = replace(prepared, verdicts=verdicts, stopped=stopped)
            self.show()

    @work(exclusive=True, group="prepare")
    async def action_run(self) -> None:
        """Judge the candidates again, such as after a stop."""
        if self.prepared is not None:
            self.prepared = replace(self.prepared, verdicts={}, stopped=False)
            await self._judge(self.prepared)

    def action_back(self) -> None:
        """Stop what is being judged; else one step back."""
        if self.judging is None or self.judging.ended:
            super().action_back()
        else:
            self.judging.end()
            self.model.say("Stopped. Nothing is judged.")

    # ── showing ──

    def show(self) -> None:
        """Paint what was put together, in the view that is chosen."""
        prepared = self.prepared
        if prepared is None:
            return
        self._show_head()
        if self.picture is not None:
            self.show_picture()
            return
        table = self.query_one(Matrix)
        width = self.app.size.width - 1  # the scrollbar's place
        self.found = found = matrix(prepared, width=width, differences=self.differences)
        table.set_columns(with_cursor(found.columns, self.column), found.pinned)
        table.set_source(found.source, sections=found.sections)
        table.show_column(self.column)
        self._say()

    def _show_head(self) -> None:
        if self.prepared is not None:
            view = self.picture.view if self.picture is not None else ""
            judged = self.judging.share if self.judging is not None else None
            said = content(head(self.prepared, self.differences, view, judged))
            self.query_one("#compare-head", Static).update(said, layout=False)

    @on(Table.Highlighted, "#matrix")
    def _moved(self) -> None:
        self._say()

    def _say(self) -> None:
        if self.prepared is not None:
            lines = about(self.prepared, self.row_here(), self.column, self.risk_here())
            self.query_one("#compare-about", Static).update(Content("\n").join(map(content, lines)), layout=False)

    @on(ColumnWanted, "#matrix")
    def _step(self, event: ColumnWanted) -> None:
        at = self.keys.index(self.column) + event.step
        self.go_to_column(self.keys[min(max(at, 0), len(self.keys) - 1)])

    @on(Table.SortRequested, "#matrix")
    def _head_clicked(self, event: SortRequested) -> None:
        if event.column in self.keys:
            self.go_to_column(event.column)

    @on(Table.Opened, "#matrix")
    def _opened(self) -> None:
        self.open_detail()

    def go_to_column(self, key: str) -> None:
        """Put the column cursor on a version."""
        if key != self.column:
            self.column = key
            if self.found is None or self.picture is not None:
                return
            table = self.query_one(Matrix)
            table.set_columns(with_cursor(self.found.columns, key))
            table.show_column(key)
            self._say()

    # ── what is selected ──

    def selection(self) -> list[str]:
        """The version of the column with the cursor."""
        return [self.column] if self.column else []

    def use_case_here(self) -> str:
        """The use case that is compared for."""
        return self.use_case
