"""`v` on the comparison: from the table to bars, scatter and trend, and what the keys do there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual import work
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui.screens.compare_actions import ComparisonActions
from tui.screens.compare_table import Matrix

if TYPE_CHECKING:
    from tui.screens.compare_charts import Picture
    from tui.widgets.charts import ChartView

VIEWS = ("table", "bars", "scatter", "trend")
"""What `v` goes through. The code of pictures is imported when the first one is asked for."""
CHART = "#chart"


class Pictures(ComparisonActions):
    """The views beside the table."""

    picture: Picture | None

    def action_next_view(self) -> None:
        """Table, bars, scatter, trend, and the table again."""
        if self.prepared is None:
            return
        now = self.picture.view if self.picture is not None else VIEWS[0]
        self.show_view(VIEWS[(VIEWS.index(now) + 1) % len(VIEWS)])

    def show_view(self, view: str) -> None:
        """Show the table or a picture; the axes that were chosen are kept."""
        table = self.query_one(Matrix)
        if view == VIEWS[0]:
            self.picture = None
            for chart in self.query(CHART):
                chart.display = False
            table.display = True
            table.focus()
            self.call_after_refresh(self.show)
            return
        self._first_picture(view)
        table.display = False
        self.show()

    def _first_picture(self, view: str) -> None:
        from tui.screens.compare_charts import Picture, first_axes, traceable
        from tui.screens.compare_rows import row_key
        from tui.widgets.charts import ChartView

        assert self.prepared is not None
        if not self.query(CHART):
            self.query_one("#compare-body", Vertical).mount(ChartView("chart"))
        x, y = first_axes(self.prepared)
        if view == "trend":
            y = next((row_key(row) for row in traceable(self.prepared)), "")
        self.picture = Picture(view, x, y)

    def drawing(self) -> str:
        """The picture that is shown, as text; "" for the table."""
        if self.picture is None:
            return ""
        from tui.widgets.charts import ChartView

        return self.query_one(CHART, ChartView).to_text()

    def show_picture(self) -> None:
        """Draw what is chosen, now and after every change of size."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        from tui.screens.compare_charts import draw, hint
        from tui.widgets.charts import ChartView

        picture, prepared, differences = self.picture, self.prepared, self.differences
        if picture is None or prepared is None:
            return
        self.query_one("#compare-about", Static).update(Content(f" {hint(picture)}"))
        chart = self.query_one(CHART, ChartView)
        chart.display = True
        chart.focus()
        chart.show(
            lambda width, height: draw(picture, prepared, differences, width, height), turns=picture.view != "bars"
        )

    def on_chart_view_turned(self, event: ChartView.Turned) -> None:
        """Another axis."""
        from tui.screens.compare_charts import turned

        if self.picture is not None and self.prepared is not None and self.picture.view != "bars":
            self.picture = turned(self.picture, self.prepared, event.x, event.y)
            self.show_picture()

    @work(exclusive=True, group="axes")
    async def on_chart_view_opened(self) -> None:
        """Choose the axes from a list."""
        from tui.screens.compare_charts import drawable, title, traceable
        from tui.screens.compare_rows import row_key
        from tui.screens.dialogs import Choose

        picture, prepared = self.picture, self.prepared
        if picture is None or prepared is None or picture.view == "bars":
            return
        rows = traceable(prepared) if picture.view == "trend" else drawable(prepared)
        options = [(row_key(row), title(row, rows)) for row in rows]
        y = await self.app.push_screen_wait(Choose("What goes up?", options))
        x = None
        if y is not None and picture.view == "scatter":
            x = await self.app.push_screen_wait(Choose("What goes across?", options))
        self.picture = replace(picture, y=y or picture.y, x=x or picture.x)
        self.show_picture()
