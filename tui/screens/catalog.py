"""The catalog: what we run and all that is known, found by typing, ordered by what needs a decision."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from tui import columns, keys, text
from tui.columns import COLUMNS, CatalogRows
from tui.finding import Asked, Counts, counted, found
from tui.screens.showing import Showing
from tui.shown import turned
from tui.widgets.filters import FACETS, Filters
from tui.widgets.preview import Preview
from tui.widgets.query_line import QueryLine
from tui.widgets.table import Table

if TYPE_CHECKING:
    from store.catalog import Changed
    from store.rows import Row
    from store.search import Selection
    from tui.state import View
    from tui.text import Cell
    from tui.widgets.table_messages import SortRequested

EMPTY = (
    "Nothing in use yet.   n  name a use case and pick its model   ·   i  import CSV or the output of "
    '"az cognitiveservices account deployment list -o json"   ·   v  see all known versions   ·   '
    "modeltui --demo  shows a filled one"
)
NO_MATCH = "Nothing matches. esc clears the filter, v shows all."
FRAME_SECONDS, SLOW_SECONDS = 1 / 30, 0.3

T = TypeVar("T")


class CatalogScreen(Showing):
    """Rows are assignments in use; `v` shows all known versions."""

    scope: ClassVar[keys.Scope] = "catalog"
    place = "Catalog"
    AUTO_FOCUS: ClassVar[str | None] = "#rows"
    BINDINGS: ClassVar[list[BindingType]] = [
        *keys.bindings("catalog"),
        Binding("slash", "filter", show=False, priority=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.found: Selection | None = None
        self._painted = False
        self._settled = False
        self._source: CatalogRows | None = None
        self._asked: Asked | None = None
        self._uncounted: Asked | None = None  # the filters show the counts of an earlier query
        self._finder = ThreadPoolExecutor(1, thread_name_prefix="modeltui-finder")
        self._filters_shown: bool | None = None
        self._preview_shown: bool | None = None

    def body(self) -> ComposeResult:
        """Filters, the query over the table, the preview; the side panes come with the first rows."""
        filters, preview = Filters(), Preview()
        filters.display = preview.display = False
        with Horizontal(id="catalog"):
            yield filters
            with Vertical(id="found"):
                with Horizontal(id="query-line"):
                    yield Static(Content("/"), id="slash")
                    yield QueryLine()
                    yield Static("", id="count")
                yield Static("", id="query-error")
                yield Table(
                    [COLUMNS[n].column for n in columns.IN_USE], empty="Opening the catalog …", pinned=1, id="rows"
                )
            yield preview

    # ── painting ──

    def paint(self, view: View, changed: Changed | None) -> None:
        """Show what the query finds in the new view."""
        del changed  # the table reads from the view whatever changed
        if not self._settled:
            self._settled = True
            self.take_settings()
        self._fold_sides()
        names = self.table_columns()
        table = self.query_one("#rows", Table)
        table.set_columns(self.sized(names))
        self._source = CatalogRows(view, names)  # shown with what is found in it
        self.query_one(QueryLine).index = view.index
        self._find()

    def show_anew(self) -> None:
        """The columns, scope or order changed."""
        if self.model.view is not None:
            self.paint(self.model.view, None)

    def _find(self) -> None:
        view = self.model.view
        if view is None:
            return
        filters = self.query_one(Filters)

        def query(ticked: str) -> str:
            return " ".join(part for part in (self.typed(), ticked) if part)

        self._asked = asked = Asked(
            query(filters.query_text()), self.shown.scope, self.shown.sort,
            {facet: query(filters.query_text(without=facet)) for facet in filters.chosen},
            [facet for facet, _ in FACETS] if filters.display else [],
        )  # fmt: skip
        if view.index.is_swift(asked.query, asked.scope, asked.sort):
            self._show(view, found(view.index, asked, nearly=True))
        else:
            self._find_aside(view, asked)

    @work(exclusive=True, group="find")
    async def _find_aside(self, view: View, asked: Asked) -> None:
        """What takes a while a thread finds, and only what was asked last; nearly matching ones once typing rests."""
        slow = self.set_timer(SLOW_SECONDS, lambda: self._say_slow(asked))
        try:
            answer = await self._aside(self._answer, view, asked, False)
        finally:
            slow.stop()
        if answer is None or self.model.view is not view:
            return
        self._show(view, answer)
        if not answer.hits and asked.query:
            await asyncio.sleep(0.3)
            answer = await self._aside(self._answer, view, asked, True)
            if answer is not None and answer.hits and self.model.view is view:
                self._show(view, answer)

    def _say_slow(self, asked: Asked) -> None:
        if asked is self._asked:  # else something else was asked meanwhile, and may be answered already
            self.query_one("#count", Static).update(Content("looking …"), layout=False)

    async def _aside(self, run: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._finder, run, *args)

    def _answer(self, view: View, asked: Asked, nearly: bool) -> Selection | None:
        return found(view.index, asked, nearly=nearly) if asked is self._asked else None

    def _show(self, view: View, answer: Selection) -> None:
        self.found = answer
        table, sort = self.query_one("#rows", Table), self.shown.sort
        sections = self.sections(view, answer.hits)
        if self._source is not None:
            table.set_source(self._source, sections=sections)
            self._source = None
        else:
            table.show_sections(sections)
        if sort:
            table.set_sorted(next((n for n, c in COLUMNS.items() if c.field == sort[0][0]), None), sort[0][1])
        else:
            table.set_sorted(None)
        self._say_count(view)
        if not self._painted:
            table.action_first()
            self._painted = True
        self._uncounted = self._asked if self._asked is not None and self._asked.facets else None
        self._show_beside()

    @work(exclusive=True, group="page")
    async def _show_beside(self) -> None:
        """The side panes, each in a frame of its own after the rows: all in one would keep the next key waiting."""
        await asyncio.sleep(FRAME_SECONDS)
        if not self.is_running:  # closed meanwhile
            return
        self._preview()
        view, asked, found = self.seen, self._uncounted, self.found
        if asked is None or found is None:
            return
        await asyncio.sleep(FRAME_SECONDS)
        told, swift = (view, asked, found), view.index.counts_swiftly(found)
        counts = self._count(*told) if swift else await self._aside(self._count, *told)
        if counts is not None and self.is_running and self.found is found:
            self._uncounted = None
            self.query_one(Filters).fill(counts, scopes=self._scopes(view), views=self.views()[0])

    def _count(self, view: View, asked: Asked, found: Selection) -> Counts | None:
        return counted(view.index, asked, found, lambda: asked is self._asked)

    def _scopes(self, view: View) -> list[tuple[str, str, int, bool]]:
        used = len(view.index.rows_in_use())
        here = self.shown.scope
        return [("in_use", "in use", used, here == "in_use"), ("all", "all known", len(view.index.rows), here == "all")]

    def _say_count(self, view: View) -> None:
        assert self.found is not None
        in_use = self.shown.scope == "in_use"
        total = len(view.index.rows_in_use()) if in_use else len(view.index.rows)
        said = f"{len(self.found):,} of {total:,} {'in use' if in_use else 'known'} · {self.order_words(view)}"
        self.query_one("#count", Static).update(Content(said + (" · nearly" if self.found.fuzzy else "")), layout=False)
        error = self.query_one("#query-error", Static)
        unread = self.found.error
        query = self.query_one(QueryLine)
        query.mark(unread if unread is not None and unread.position < len(query.value) else None)
        fault = str(unread) if unread is not None else ""
        if query.fault is not None and query.fault.fix is not None:
            fault = f"tab corrects it · {fault}"
        if self.found.fuzzy:
            fault = "nothing matches exactly; these nearly do" + (f" · {fault}" if fault else "")
        error.update(Content(text.clean(fault)), layout=False)
        error.set_class(bool(fault), "shown")
        empty = self._nothing_in_use(view) if in_use and total == 0 else NO_MATCH
        self.query_one("#rows", Table).set_empty(empty)

    def _nothing_in_use(self, view: View) -> str:
        if view.today >= self.catalog.today:
            return EMPTY
        began = self.catalog.began()
        since = f" What is recorded begins on {text.day(began).text}." if began is not None else ""
        return f"Nothing was in use on {text.day(view.today).text}, as far as is recorded.{since} T comes back."

    def _preview(self) -> None:
        preview = self.query_one(Preview)
        if preview.display and self.model.view is not None:
            preview.tell(self.row_here(), self.model.view)

    # ── what is selected ──

    def row_here(self) -> Row | None:
        """The row under the cursor."""
        view, number = self.model.view, self.query_one("#rows", Table).cursor_row
        if view is None or number is None or number >= len(view.index.rows):
            return None
        return view.index.rows[number]

    def rows_chosen(self) -> list[Row]:
        """The marked rows, else the one under the cursor."""
        view = self.model.view
        if view is None:
            return []
        places = sorted(
            at for mark in self.query_one("#rows", Table).marks if (at := view.index.position(mark)) is not None
        )
        marked = [view.index.rows[at] for at in places]
        here = self.row_here()
        return marked or ([here] if here is not None else [])

    def selection(self) -> list[str]:
        """Their keys."""
        return list(dict.fromkeys(row.key for row in self.rows_chosen()))

    def marked(self) -> list[str]:
        """The keys of the marked rows."""
        return self.selection() if self.query_one("#rows", Table).marks else []

    def runs_marked(self) -> list[str]:
        """The assignments of the marked rows."""
        marks = self.query_one("#rows", Table).marks
        return [row.id for row in self.rows_chosen() if row.assignment is not None] if marks else []

    def use_case_here(self) -> str:
        """The use case of the row under the cursor."""
        here = self.row_here()
        return (here.use_case or "") if here is not None else ""

    def assignment_here(self) -> str:
        """The assignment of the row under the cursor."""
        here = self.row_here()
        return here.assignment.uid if here is not None and here.assignment is not None else ""

    def key_here(self) -> str:
        """The version of the row under the cursor."""
        here = self.row_here()
        return here.key if here is not None else ""

    def lines_shown(self) -> tuple[list[str], list[list[Cell]]]:
        """The rows that the query found, in the columns shown, for a file."""
        names, hits = self.table_columns(), self.found.hits if self.found is not None else ()
        rows = CatalogRows(self.seen, names)
        return [text.plain(COLUMNS[n].column.title) for n in names], [list(rows.cells(hit)) for hit in hits]

    # ── events ──

    @on(Input.Changed, "#query")
    def _typed(self) -> None:
        self._find()

    @on(Input.Submitted, "#query")
    def _accepted(self) -> None:
        self.keep_query()
        self.query_one("#rows", Table).focus()

    @on(Filters.Pointed)
    def _pointed(self, event: Filters.Pointed) -> None:
        if event.view:
            self.use_view(event.view)
        elif event.scope != self.shown.scope:
            self.action_next_view()

    @on(Filters.Chosen)
    def _ticked(self) -> None:
        self._find()

    @on(Table.Highlighted, "#rows")
    def _moved(self) -> None:
        self._show_beside()

    @on(Table.Opened, "#rows")
    def _opened(self) -> None:
        self.open_detail()

    @on(Table.SortRequested, "#rows")
    def _sort_by(self, event: SortRequested) -> None:
        self.shown = turned(self.shown, COLUMNS[event.column].field)
        self._find()
        self._keep()

    def _fold_sides(self) -> None:
        """Side panes fold by themselves where there is no room, unless told otherwise."""
        wide = self.app.size.width
        self.query_one(Filters).display = wide >= 130 if self._filters_shown is None else self._filters_shown
        self.query_one(Preview).display = wide >= 120 if self._preview_shown is None else self._preview_shown

    # ── keys ──

    def open_detail(self) -> None:
        """Open the version under the cursor."""
        here = self.row_here()
        if here is not None:
            from tui.screens.detail import DetailScreen

            self.app.push_screen(DetailScreen(here.key, here.use_case or ""))

    def action_back(self) -> None:
        """From the query to the table, then clear the query, then the filters, then the marks."""
        table, query = self.query_one("#rows", Table), self.query_one("#query", Input)
        if self.focused is not table:
            table.focus()
        elif query.value:
            query.value = ""
        elif self.query_one(Filters).chosen:
            self.query_one(Filters).clear()
        elif table.marks:
            table.set_marks(())

    def action_filter(self) -> None:
        """Type a query. The focus moves at once, so that what is typed ahead goes into the query."""
        self.set_focus(self.query_one("#query", Input))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A slash inside an input is a letter."""
        del parameters
        return not (action == "filter" and isinstance(self.focused, Input))

    def action_delete(self) -> object:
        """Delete what is under the cursor: in the filters a saved view, else records."""
        pane = self.query_one(Filters)
        if self.focused is not pane:
            return super().action_delete()
        kind, _, name = (pane.cursor_key or "").partition("\n")
        if kind == "view":
            return self.drop_view(name)
        self.model.say("Nothing here can be deleted but a saved view; tab goes to the rows.")
        return None

    def action_filters(self) -> None:
        """Show or fold the filters."""
        pane = self.query_one(Filters)
        self._filters_shown = pane.display = not pane.display
        self._find()
        if not pane.display and self.focused is pane:
            self.query_one("#rows", Table).focus()

    def action_preview(self) -> None:
        """Show or fold the preview."""
        pane = self.query_one(Preview)
        self._preview_shown = pane.display = not pane.display
        self._preview()
