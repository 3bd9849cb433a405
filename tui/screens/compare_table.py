"""The table of a comparison: a cursor over columns beside the one over lines."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.strip import Strip

from tui.screens.compare_rows import GAP, PIN_GAP
from tui.widgets.table import Column, Table
from tui.widgets.table_messages import About


class ColumnWanted(About, namespace="matrix"):
    """`h` or `l`: the column cursor wants to go one to the left (−1) or right (1)."""

    def __init__(self, table: Table, step: int) -> None:
        super().__init__(table)
        self.step = step


class Matrix(Table):
    """`h` and `l` go from column to column; labels stay, and where there is room the baseline too."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"matrix--column"}
    ColumnWanted = ColumnWanted

    def __init__(self, id: str) -> None:
        super().__init__(
            [Column("label", "", 20)], gap=GAP, pin_gap=PIN_GAP, empty="Comparing …", markable=False, id=id
        )
        self._at = ""

    def _whole_width(self) -> int:
        """With room behind the last column, so that what stands first after the labels is always a whole one."""
        layout = self._painter.layout
        seen = self._room.width - layout.pinned
        starts = [p.x - layout.pinned for p in layout.places if p.x >= layout.pinned]
        first = next((x for x in starts if layout.width - layout.pinned - x <= seen), None)
        if first is None or layout.width <= self._room.width:
            return layout.width
        return layout.pinned + first + seen

    def on_resize(self) -> None:
        """The column with the cursor stays in sight."""
        self._measure()
        self.show_column(self._at)

    def show_column(self, name: str) -> None:
        """Put the column cursor on a column and bring it into sight."""
        if name != self._at:
            self._at = name
            self.refresh_head()
        if not self.size:
            return  # not laid out yet
        place = next((p for p in self._painter.layout.places if p.column.name == name), None)
        if place is not None:
            layout = self._painter.layout
            seen = self._room.width - layout.pinned
            start, end = place.x - layout.pinned, place.x + place.width - layout.pinned
            left = self.scroll_offset.x
            if start < 0:
                return  # it never scrolls away
            if start < left or end > left + seen:
                starts = [p.x - layout.pinned for p in layout.places if p.x >= layout.pinned]
                target = start if start < left else next((x for x in starts if end - x <= seen), start)
                self.scroll_to(x=target, animate=False, force=True)

    def action_cursor_left(self) -> None:
        """The column to the left."""
        self.post_message(ColumnWanted(self, -1))

    def action_cursor_right(self) -> None:
        """The column to the right."""
        self.post_message(ColumnWanted(self, 1))

    def _arrows(self, head: Strip) -> Strip:
        """The head with signs at its ends where more columns stand."""
        style = self._painter.style("header") + self.get_component_rich_style("table--accent", partial=True)
        left = self._painter.layout.pinned - len(PIN_GAP)
        if self.scroll_offset.x > 0:
            head = Strip.join([head.crop(0, left), Strip([Segment(" ◂")]).apply_style(style), head.crop(left + 2)])
        if self.scroll_offset.x < self.max_scroll_x:
            head = Strip.join([head.crop(0, head.cell_length - 1), Strip([Segment("▸")]).apply_style(style)])
        return head

    def render_line(self, y: int) -> Strip:
        """A line as the table paints it; the head of the column with the cursor stands out."""
        strip = super().render_line(y)
        if y == 0:
            strip = self._arrows(strip)
        place = next((p for p in self._painter.layout.places if p.column.name == self._at), None)
        if y != 0 or place is None:
            return strip
        pinned = self._painter.layout.pinned
        start = place.x - self.scroll_offset.x if place.x >= pinned else place.x
        first, last = max(start, min(place.x, pinned)), min(start + place.width, strip.cell_length)
        if first >= last:
            return strip
        style = self.get_component_rich_style("matrix--column", partial=True)
        parts = (
            strip.divide([first, last, strip.cell_length]) if last < strip.cell_length else strip.divide([first, last])
        )
        return Strip.join([parts[0], parts[1].apply_style(style), *parts[2:]])
