"""The table of every screen: a `ScrollView` that renders only the lines in sight, so 100,000 rows cost as 100.

A `RowSource` knows what a row is; the table is shown a *view*, a sequence of row numbers, so that filtering and sorting
do no work per row. The cursor and the marks belong to keys and survive a change of the view. The header line and the
first columns stay in place. Outside text is neutralised on its way in; nothing interprets markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style as RichStyle
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.strip import Strip

from tui.keys import bindings
from tui.text import Cell
from tui.widgets import table_messages as messages
from tui.widgets.table_ahead import Ahead
from tui.widgets.table_layout import Column, measured
from tui.widgets.table_marks import HEADER, Marking
from tui.widgets.table_paint import Painter, heading
from tui.widgets.table_rows import Findable, Lines, Rows, RowSource, Section, Selective, Wide

__all__ = ["Column", "Findable", "RowSource", "Rows", "Section", "Selective", "Table", "Wide", "measured"]


class Table(Marking, can_focus=True):
    """A table of rows by key. See the module; keys are those of `tui.keys`, scope `lists`.

    Args:
        columns: what to show, in order. `source` gives one cell for each, also for those that do not fit.
        source: the rows.
        pinned: how many of the first columns do not scroll sideways.
        gap: what stands between columns, `pin_gap` what stands after the pinned ones (default: the gap).
        empty: what to read where no row is shown.
        markable: whether `space` marks rows; else it only posts `Ticked`.
        click_ticks: whether a click anywhere in a row ticks it.
    """

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = bindings("lists")
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--row", "table--cursor", "table--header", "table--group", "table--mark", "table--rule", "table--empty",
        "table--good", "table--warn", "table--bad", "table--dim", "table--accent", "table--key", "table--strong",
    }  # fmt: skip

    About = messages.About
    Highlighted = messages.Highlighted
    Opened = messages.Opened
    Ticked = messages.Ticked
    MarksChanged = messages.MarksChanged
    SortRequested = messages.SortRequested

    def __init__(
        self,
        columns: Sequence[Column],
        source: RowSource | None = None,
        *,
        pinned: int = 1,
        gap: str = " ",
        pin_gap: str | None = None,
        empty: Cell = "Nothing here.",
        markable: bool = True,
        click_ticks: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(markable=markable, id=id, classes=classes)
        self._columns = tuple(columns)
        self._source: RowSource = Rows() if source is None else source
        self._selects = self._source if isinstance(self._source, Selective) else None
        self._painter = Painter(self._component, pinned, gap, gap if pin_gap is None else pin_gap)
        self._empty = empty
        self._click_ticks = click_ticks
        self._sections: Sequence[Section] = (Section(range(len(self._source))),)
        self._folded: set[str] = set()
        self._shown = Lines(self._sections)
        self._sorted: tuple[str, bool] | None = None
        self._line = 0
        self._row: int | None = None
        self._key: str | None = None
        self._section = ""
        self._seen = False  # rows were on the screen
        self._ahead = Ahead(self, lambda line: self._strip(line) if 0 <= line < len(self._shown) else None)

    # ── what is shown ────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def source(self) -> RowSource:
        """Where the rows come from."""
        return self._source

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, also those that do not fit."""
        return self._columns

    @property
    def shown_columns(self) -> list[str]:
        """The names of the columns that fit."""
        return [place.column.name for place in self._painter.layout.places]

    @property
    def page(self) -> int:
        """How many lines are in sight below the header."""
        return max(1, self._room.height - HEADER)

    @property
    def _room(self) -> Size:
        """The cells inside the scroll bars; before it is laid out what it has on a screen of its own."""
        return self.scrollable_content_region.size or Size(self.app.size.width - 1, self.app.size.height)

    @property
    def line_count(self) -> int:
        """How many lines the view has, headings included, folded rows not."""
        return len(self._shown)

    def show(self, rows: Sequence[int]) -> None:
        """Show these rows in this order. The cursor stays on its key, else at its place."""
        self.show_sections((Section(rows),))

    def show_sections(self, sections: Sequence[Section]) -> None:
        """Show rows under headings that fold."""
        self._sections = sections
        self._relay()

    def set_source(
        self, source: RowSource, rows: Sequence[int] | None = None, *, sections: Sequence[Section] | None = None
    ) -> None:
        """Show another source, or the same after its data changed; all its rows where no view is given."""
        self._source = source
        self._selects = source if isinstance(source, Selective) else None
        self._row = None
        self._painter.forget_rows()
        if sections is None:
            self.show(range(len(source)) if rows is None else rows)
        else:
            self.show_sections(sections)

    def set_columns(self, columns: Sequence[Column], pinned: int | None = None) -> None:
        """Show other columns, `pinned` of them beside what scrolls; the source gives cells for them from now on."""
        self._columns = tuple(columns)
        if pinned is not None:
            self._painter.pinned = pinned
        self._painter.fit(self._columns, self._room.width)
        self._relay()

    def set_sorted(self, column: str | None, descending: bool = False) -> None:
        """Show an arrow at the head of the column that the rows are ordered by."""
        order = None if column is None else (column, descending)
        if order != self._sorted:
            self._sorted = order
            self.refresh_head()

    def set_empty(self, text: Cell) -> None:
        """What to read where no row is shown."""
        self._empty = text
        self.refresh()

    def refresh_head(self) -> None:
        """Paint the line of titles anew."""
        self.refresh(Region(0, 0, self.size.width, HEADER))

    def refresh_rows(self) -> None:
        """Ask the source again for all rows in sight: their values changed, their numbers did not."""
        self._painter.forget_rows()
        self.refresh()

    def fold(self, section: str, folded: bool = True) -> None:
        """Fold a section, or unfold it. The cursor moves to its heading if its row goes out of sight."""
        if folded != (section in self._folded):
            self._folded ^= {section}
            self._relay()

    def to_text(self, *, whole: bool = False) -> str:
        """What is shown as plain text: the lines in sight, or with `whole` every line of the view at full width."""
        if whole:
            strips = [self._header(), *(self._strip(line) for line in range(len(self._shown)))]
        else:
            strips = [self.render_line(y) for y in range(self.scrollable_content_region.height)]
        return "\n".join(strip.text.rstrip() for strip in strips).rstrip()

    # ── cursor and marks ─────────────────────────────────────────────────────────────────────────────────────────

    @property
    def cursor_key(self) -> str | None:
        """The key of the row under the cursor; None on a heading and in an empty table."""
        return self._key

    @property
    def cursor_row(self) -> int | None:
        """The number of the row under the cursor."""
        return self._row

    @property
    def cursor_section(self) -> str:
        """The section that the cursor is in, or whose heading it is on."""
        return self._section

    def move_to(self, key: str) -> bool:
        """Put the cursor on a key; False where the view does not hold it."""
        row = self._find(key)
        line = None if row is None else self._shown.row(row)
        if line is None:
            return False
        self._place(line)
        return True

    def move_by(self, lines: int) -> None:
        """Move the cursor by some lines, down where positive, to the next line it may stand on."""
        target = min(max(self._line + lines, 0), len(self._shown) - 1)
        found = self._nearest(target, 1 if lines > 0 else -1)
        if found is not None:
            self._place(found)

    # ── keys ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def action_cursor_left(self) -> None:
        """Scroll to the left; where there is nothing on the left, fold."""
        if self.scroll_offset.x > 0:
            self._scroll_sideways(-1)
        elif self._foldable:
            self.fold(self._section)

    def action_cursor_right(self) -> None:
        """Unfold; else scroll to the right."""
        if self._section in self._folded:
            self.fold(self._section, False)
        else:
            self._scroll_sideways(1)

    def action_open(self) -> None:
        """Open the row, or fold the section whose heading the cursor is on."""
        if self._key is not None:
            self.post_message(self.Opened(self, self._key))
        elif self._foldable:
            self.fold(self._section, self._section not in self._folded)

    # ── mouse ────────────────────────────────────────────────────────────────────────────────────────────────────

    def on_click(self, event: events.Click) -> None:
        """A row: the cursor goes there; twice: it opens; the mark's place: it is marked; a head: order by it."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if offset.y < HEADER:
            place = self._painter.place_at(offset.x, self.scroll_offset.x)
            if place is not None:
                self.post_message(self.SortRequested(self, place.column.name))
            return
        line = offset.y - HEADER + self.scroll_offset.y
        if line >= len(self._shown) or not self._selectable(line):
            return
        self._place(line)
        if self._key is None or (event.chain == 2 and not self._click_ticks):
            self.action_open()
        elif offset.x == 0 or self._click_ticks:
            self.action_tick()

    # ── cursor, within ───────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _foldable(self) -> bool:
        return any(s.key == self._section and s.title is not None for s in self._sections)

    def _nearest(self, line: int, direction: int) -> int | None:
        """The next line the cursor may stand on, from `line` in a direction, else the other way."""
        for step in (direction, -direction):
            at = line
            while 0 <= at < len(self._shown):
                if self._selectable(at):
                    return at
                at += step
        return None

    def _selectable(self, line: int) -> bool:
        row = self._shown.at(line)[1]
        return row is None or self._selects is None or self._selects.selectable(row)

    def _place(self, line: int) -> None:
        """Put the cursor on a line and bring it into sight."""
        section, row = self._shown.at(line)
        key = None if row is None else self._source.key(row)
        moved = (key, section.key) != (self._key, self._section)
        before = self._line
        self._line, self._row, self._key, self._section = line, row, key, section.key
        self._reveal()
        self.refresh_lines(before + HEADER)
        self.refresh_lines(line + HEADER)
        if moved:
            self.post_message(self.Highlighted(self, key, section.key))

    def _reveal(self) -> None:
        """Bring the cursor into sight; at either end also the lines beyond, where it cannot go."""
        if not self.size.height:
            return  # not laid out yet: nothing is out of sight
        top = self.scroll_offset.y
        last = len(self._shown) - 1
        if self._line < top:
            top = 0 if self._line == self._nearest(0, 1) else self._line
        elif self._line == self._nearest(last, -1):
            top = max(top, min(last - self.page + 1, self._line))
        elif self._line >= top + self.page:
            top = self._line - self.page + 1
        if top != self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, force=True)

    def _scroll_sideways(self, direction: int) -> None:
        self.scroll_to(x=self._painter.step(self.scroll_offset.x, direction), animate=False, force=True)

    def _find(self, key: str) -> int | None:
        if isinstance(self._source, Findable):
            return self._source.row(key)
        return next((row for row in range(len(self._source)) if self._source.key(row) == key), None)

    def _relay(self) -> None:
        """Lay the sections out anew; the cursor follows its key and keeps its height on the screen.

        A view that showed its beginning goes on showing it while the cursor's line is on that page.
        """
        top = self.scroll_offset.y
        on_screen = self._line - top
        self._shown = Lines(self._sections, self._folded)
        self._measure()
        line = self._line_of_cursor()
        if line is None:
            line = self._nearest(min(self._line, len(self._shown) - 1), 1)
        elif self.size.height and 0 <= on_screen < self.page and not (top == 0 and line < self.page):
            self.scroll_to(y=max(0, line - on_screen), animate=False, force=True)
        if line is None:
            gone = self._key is not None or self._section
            self._line, self._row, self._key, self._section = 0, None, None, ""
            if gone:
                self.post_message(self.Highlighted(self, None))
        else:
            self._place(line)
        self.refresh()
        self.call_later(self._paint_sight)

    def _paint_sight(self) -> None:
        """Paint the rows in sight before the frame that shows them: both in one would keep the next key waiting."""
        if not self._seen or self._painter.width != self.scrollable_content_region.width:
            return  # not laid out yet: they would be painted for another width
        top = self.scroll_offset.y
        for line in range(top, min(top + self.page, len(self._shown))):
            self._strip(line)

    def _line_of_cursor(self) -> int | None:
        if self._key is None:
            return self._shown.heading(self._section) if self._section else None
        if self._row is None or self._row >= len(self._source) or self._source.key(self._row) != self._key:
            self._row = self._find(self._key)
        return None if self._row is None else self._shown.row(self._row)

    # ── painting ─────────────────────────────────────────────────────────────────────────────────────────────────

    def on_mount(self) -> None:
        """Show the first view."""
        self._relay()

    def on_resize(self) -> None:
        """Divide the width anew; the cursor stays in sight."""
        self._measure()
        if len(self._shown):
            self._reveal()

    def watch_show_horizontal_scrollbar(self) -> None:
        """The bar takes a line, or gives it back; the cursor stays in sight."""
        if len(self._shown):
            self.call_later(self._reveal)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Once it rests, paint the page that comes next, so that the key that asks for it need not wait."""
        super().watch_scroll_y(old_value, new_value)
        page, top = self.page, round(new_value)
        self._ahead.soon(range(top + page, top + 2 * page) if new_value > old_value else range(top - 1, top - page, -1))

    def notify_style_update(self) -> None:
        """Another theme, or the focus: Textual paints it anew where that changes what it looks like."""
        super().notify_style_update()
        self._painter.doubt()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines in sight; without the work that Textual does for them, but for what may stand at their right."""
        if self._painter.width != self.scrollable_content_region.width:
            self._measure()
        self._seen = self._seen or len(self._shown) > 0
        top, right, bottom, left = self.styles.gutter
        if top or bottom or left or not crop:
            return super().render_lines(crop)
        whole, fill, ground = self.outer_size.width, self._painter.style("row"), self.background_colors[1]
        strips = [self.render_line(y).crop_extend(0, whole - right, fill) for y in crop.line_range]
        for colours in self.get_line_filters():
            strips = [strip.apply_filter(colours, ground) for strip in strips]
        if right:  # padding and border are the same on every line
            edge = super().render_lines(Region(0, crop.y, whole, 1))[0].crop(whole - right, whole)
            strips = [Strip.join([strip, edge]) for strip in strips]
        if crop.column_span == (0, whole):
            return strips
        return [strip.crop(*crop.column_span) for strip in strips]

    def render_line(self, y: int) -> Strip:
        """One line of the widget."""
        scrolled = self.scroll_offset.x
        if y < HEADER:
            return self._painter.window(self._header(), scrolled, "header")
        line = y - HEADER + self.scroll_offset.y
        if not len(self._shown):
            return self._painter.empty(y - HEADER, self._empty)
        if line >= len(self._shown):
            return self._painter.blank()
        return self._painter.window(self._strip(line), scrolled, self._base(line))

    def _measure(self) -> None:
        """Fit the columns and tell the scroll bars; must precede a repaint."""
        width = self._room.width
        if width != self._painter.width:
            self._painter.fit(self._columns, width)
        self._extend(Size(max(width, self._whole_width()), len(self._shown) + HEADER))

    def _extend(self, size: Size) -> None:
        """Tell how large all of it is. Only where a scroll bar comes or goes is anything laid out anew; else the bar
        moves in the picture that shows the lines, not in one behind it."""
        before, room = self.virtual_size, self.container_size.height
        if size.width != before.width or (size.height > room) != (before.height > room):
            self.virtual_size = size
        elif size.height != before.height:
            self.set_reactive(Table.virtual_size, size)
            self.vertical_scrollbar.window_virtual_size = size.height
            self.scroll_y = self.validate_scroll_y(self.scroll_y)

    def _whole_width(self) -> int:
        """How far it can be scrolled sideways."""
        return self._painter.layout.width

    def _header(self) -> Strip:
        return self._painter.header(self._columns, self._sorted)

    def _base(self, line: int) -> str:
        if line == self._line:
            return "cursor"
        return "group" if self._shown.at(line)[1] is None else "row"

    def _strip(self, line: int) -> Strip:
        section, row = self._shown.at(line)
        base = self._base(line)
        if row is None:
            folded = section.key in self._folded
            return self._painter.across(heading(section.title or "", folded), base)
        return self._painter.line(row, base, self._source.key(row) in self._marks, lambda: self._source.cells(row))

    def _component(self, name: str, partial: bool) -> RichStyle:
        return self.get_component_rich_style(name, partial=partial)
