"""Version detail: one table that shows one tab at a time; a tab is built when it is first looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from store.catalog import Changed
from store.records import Version
from store.review.ledger import ledger
from store.review.lifecycle import lifecycle
from tui import keys, text
from tui.detail import facts, history, lineage, overview
from tui.detail.claims import behind
from tui.detail.page import Page, Subject
from tui.screens.base import Place
from tui.state import View
from tui.text import Cell
from tui.widgets.preview import content
from tui.widgets.tab_line import TabLine
from tui.widgets.table import Column, Table, Wide
from tui.widgets.table_messages import Opened

TABS: Sequence[tuple[str, str, Callable[[Subject], Page]]] = (
    ("overview", "Overview", overview.page),
    ("versions", "Versions", history.versions),
    ("metrics", "Metrics", facts.metrics),
    ("changes", "Changes", facts.changes),
    ("dates", "Dates", facts.dates),
    ("lineage", "Lineage", lineage.lineage),
    ("runs", "Runs in", history.runs_in),
    ("upgrades", "Upgrades", history.upgrades),
    ("raw", "Raw", facts.raw),
)
BUILD = {name: build for name, _, build in TABS}
TITLES = [(name, title) for name, title, _ in TABS]
OWN = [TITLES[1], TITLES[0], *TITLES[2:]]
"""The order for own models: they begin with their versions."""


class DetailScreen(Place):
    """All that is known about one version. `use_case` is the one it was opened from."""

    scope: ClassVar[keys.Scope] = "detail"
    AUTO_FOCUS: ClassVar[str | None] = "#page"
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("detail")

    def __init__(self, key: str, use_case: str = "", tab: str = "") -> None:
        super().__init__()
        self.key = key
        self.use_case = use_case
        self.place = f"Catalog ▸ {key}"
        self.tab = tab
        self._built = ""
        self._rows: dict[str, Sequence[Cell] | Wide] = {}

    def body(self) -> ComposeResult:
        """State, tabs, the tab's table."""
        yield Static(id="detail-state")
        yield TabLine(TITLES, id="detail-tabs")
        yield Table([Column("x", "", 10)], id="page", markable=False, empty="…")

    def paint(self, view: View, changed: Changed | None) -> None:
        """The state line, and the tab in front anew."""
        del changed  # a tab may draw on any record
        version = view.records.versions.get(self.key)
        if version is None:
            gone = f"{self.key} is not in the catalog. n registers it, esc goes back."
            self.query_one("#detail-state", Static).update(Content(text.clean(gone)), layout=False)
            return
        order = OWN if version.own else TITLES
        self.tab = self.tab or order[0][0]
        self.query_one(TabLine).put(order, self.tab)
        stage, dates = lifecycle(version, view.today), ledger(version, view.today)
        ours = text.on_the_day("own", None)
        parts: list[Cell] = [ours if version.own else text.lifecycle(stage.status, listed=stage.listed)]
        if dates.effective is not None:
            seen = dates.effective
            parts.append(
                [
                    *text.pieces(text.retirement(seen.value, view.today, seen.certainty)),
                    text.Styled(f" ({seen.certainty.replace('_', ' ')})", "dim"),
                ]
            )
        here = overview.statuses(Subject(self.catalog, view, self.key, self.use_case, version))
        if here and not version.own:
            parts.append(text.on_the_day(here[0].outcome.kind, here[0].outcome.target))
        self.query_one("#detail-state", Static).update(content(text.joined(parts)), layout=False)
        self.behind = self._build(self.tab)

    @work(exclusive=True, group="page", exit_on_error=True)
    async def _build(self, tab: str) -> None:
        view = self.model.view
        version = view.records.versions.get(self.key) if view is not None else None
        if view is None or version is None:
            return
        page = await asyncio.to_thread(BUILD[tab], self._about(view, version))
        table = self.query_one("#page", Table)
        table.set_columns(page.columns)
        table.set_empty(page.empty)
        self._rows = dict(page.rows)
        table.set_source(page.source())
        table.show_sections(page.sections)
        if tab != self._built:
            self._built = tab
            if tab != "versions" or not table.move_to(self.key):
                table.action_first()

    def _about(self, view: View, version: Version) -> Subject:
        width = max(self.app.size.width - 4, 20)
        clones = self.model.options.settings().repositories if self.tab == "lineage" else {}
        return Subject(self.catalog, view, self.key, self.use_case, version, width, clones)

    # ── what is selected ──

    def selection(self) -> list[str]:
        """This version; on the Versions tab the one under the cursor."""
        here = self.query_one("#page", Table).cursor_key
        if self.tab == "versions" and here is not None:
            return list(self.query_one("#page", Table).marks) or [here]
        return [self.key]

    def use_case_here(self) -> str:
        """The use case it was opened from, or the only one it runs in."""
        view = self.model.view
        if self.use_case or view is None:
            return self.use_case
        used = {a.use_case for a in view.records.assignments if a.version == self.key and a.in_use}
        return used.pop() if len(used) == 1 else ""

    # ── events and keys ──

    @on(TabLine.Chosen)
    def _chosen(self, event: TabLine.Chosen) -> None:
        self.tab = event.name
        self._build(self.tab)

    @on(Table.Opened, "#page")
    def _opened(self, event: Opened) -> None:
        if self.tab == "versions" and event.key != self.key:
            self.app.push_screen(DetailScreen(event.key, self.use_case))
        elif self.tab == "upgrades":
            from tui.screens.checklist import ChecklistScreen

            self.app.push_screen(ChecklistScreen(event.key))
        elif event.key.startswith(("http://", "https://")):
            self.app.open_url(event.key)
        elif self.tab == "changes" and event.key.startswith("note:"):
            self._read_notes()
        else:
            self._tell_line(event.key)

    @work(exclusive=True, group="tell")
    async def _read_notes(self) -> None:
        """The notes in full; what renders Markdown is imported now."""
        from tui.screens.notes import Notes

        version = self.seen.records.versions.get(self.key)
        if version is not None:
            await self.asked(Notes(f"Changes · {self.key}", version.changes))

    @work(exclusive=True, group="tell")
    async def _tell_line(self, key: str) -> None:
        """What stands behind the line under the cursor: every claim of a fact, a figure over the versions."""
        version = self.seen.records.versions.get(self.key)
        if version is None:
            return
        about = self._about(self.seen, version)
        title, lines = await asyncio.to_thread(behind, self.tab, key, self._rows.get(key), about)
        if lines:
            from tui.screens.dialogs import Reader

            await self.asked(Reader(title, Content("\n").join(content(line) for line in lines)))

    @work(exclusive=True, group="edit")
    async def action_keep_remote(self) -> None:
        """Give up the own value that the line under the cursor tells, else one that is chosen."""
        from tui.screens.releasing import release

        line = self._rows.get(self.query_one("#page", Table).cursor_key or "")
        label = "" if line is None or isinstance(line, Wide) else text.plain(line[0]).strip()
        await release(self, self.key, overview.FACT_OF.get(label, "") if self.tab == "overview" else "")

    def action_next_tab(self) -> None:
        """The next tab."""
        self.query_one(TabLine).step(1)

    def action_previous_tab(self) -> None:
        """The tab before."""
        self.query_one(TabLine).step(-1)

    def action_next_view(self) -> None:
        """The next tab, as in other places the next view."""
        self.action_next_tab()

    def action_back(self) -> None:
        """Back to where it was opened."""
        self.app.pop_screen()
