"""How a line of a table is painted: cells into strips, cached until the width, the style or the data changes."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.cache import LRUCache
from textual.strip import Strip

from tui.text import Cell, Styled, pieces, plain
from tui.widgets.table_layout import Column, Layout, Place, fit, fitted
from tui.widgets.table_rows import Wide

KEPT_STRIPS = 2_000
MARK = "▎"


class Painter:
    """Paints lines for one table. Strips hold the whole line; `window` takes the part that is in sight.

    `resolve` gives the style of a component class of the table, merged with its ground or (partial) alone.
    """

    def __init__(self, resolve: Callable[[str, bool], RichStyle], pinned: int, gap: str, pin_gap: str) -> None:
        self._resolve = resolve
        self.pinned = pinned
        self._gap = gap
        self._pin_gap = pin_gap
        self._styles: dict[tuple[str, str], RichStyle] = {}
        self._strips: dict[str, LRUCache[Hashable, Strip]] = {}
        self.layout = Layout((), 0, 0)
        self.width = -1
        self._doubted = False

    def forget_rows(self) -> None:
        """The data changed: paint every line anew."""
        self._strips.clear()

    def doubt(self) -> None:
        """The theme or the focus may have changed; what of it is asked when the next line is painted.

        Not now: Textual tells of a change before it has changed the styles of component classes, and remembers what is
        asked of them.
        """
        self._doubted = True

    def _look_again(self) -> None:
        """Forget the lines that look different now."""
        self._doubted = False
        stale = {base for (base, meaning), style in self._styles.items() if style != self._resolved(base, meaning)}
        for key in [key for key in self._styles if key[0] in stale]:
            del self._styles[key]
        for base in stale:
            self._strips.pop(base, None)

    def fit(self, columns: Sequence[Column], width: int) -> None:
        """Divide a width between columns."""
        self.layout = fit(columns, width, pinned=self.pinned, gap=len(self._gap), pin_gap=len(self._pin_gap))
        self.width = width
        self._strips.clear()

    def place_at(self, x: int, scrolled: int) -> Place | None:
        """The column at a cell of the line in sight."""
        if x >= self.layout.pinned:
            x += scrolled
        return next((place for place in self.layout.places if place.x <= x < place.x + place.width), None)

    def step(self, scrolled: int, direction: int) -> int:
        """Where to scroll sideways so that the next column, or the one before, stands first."""
        starts = [place.x - self.layout.pinned for place in self.layout.places if place.x >= self.layout.pinned]
        if direction > 0:
            return min((x for x in starts if x > scrolled), default=scrolled)
        return max((x for x in starts if x < scrolled), default=0)

    def header(self, columns: Sequence[Column], order: tuple[str, bool] | None) -> Strip:
        """The line of titles, with an arrow at the column the rows are ordered by."""
        titles: list[Cell] = [column.title for column in columns]
        for place in self.layout.places:
            if order is not None and order[0] == place.column.name:
                room = max(0, place.width - 2)
                title = plain(place.column.title)
                kept = title if cell_len(title) <= room else plain(fitted(title, room))
                titles[place.nth] = f"{kept} {'↓' if order[1] else '↑'}"
        return self._columned(titles, " ", "header")

    def line(self, identity: Hashable, base: str, mark: bool, cells: Callable[[], Sequence[Cell] | Wide]) -> Strip:
        """A row. `cells` is asked only where no strip is kept under `identity`, `base` and `mark`."""
        if self._doubted:
            self._look_again()
        strips = self._strips.setdefault(base, LRUCache(KEPT_STRIPS))
        known = strips.get((identity, mark))
        if known is None:
            content = cells()
            sign = MARK if mark else " "
            known = self.across(content, base) if isinstance(content, Wide) else self._columned(content, sign, base)
            strips[identity, mark] = known
        return known

    def window(self, strip: Strip, scrolled: int, base: str) -> Strip:
        """The part of a line that is in sight: the pinned columns, then the scrolled ones."""
        if scrolled and strip.cell_length > self.width:
            pinned = self.layout.pinned
            strip = Strip.join([strip.crop(0, pinned), strip.crop(pinned + scrolled)])
        return strip.crop_extend(0, self.width, self.style(base))

    def empty(self, nth: int, text: Cell) -> Strip:
        """The nth line below the header of a table without rows."""
        lines, style = _wrapped(plain(text), max(10, self.width - 4)), self.style("empty")
        if not 0 < nth <= len(lines):
            return Strip.blank(self.width, style)
        return Strip([Segment(f"  {lines[nth - 1]}", style)]).crop_extend(0, self.width, style)

    def blank(self) -> Strip:
        """A line below the last row."""
        return Strip.blank(self.width, self.style("row"))

    def style(self, base: str, meaning: str = "") -> RichStyle:
        """The style of a meaning on a kind of line, from the stylesheet."""
        if self._doubted:
            self._look_again()
        style = self._styles.get((base, meaning))
        if style is None:
            style = self._styles[base, meaning] = self._resolved(base, meaning)
        return style

    def _resolved(self, base: str, meaning: str) -> RichStyle:
        style = self._resolve(f"table--{base}", False)
        if not meaning:
            return style
        look = self._resolve(f"table--{meaning}", True)
        return style + (look.without_color if style.reverse else look)  # a reversed line is one block

    def across(self, row: Wide, base: str) -> Strip:
        """A line that is one text over the whole width."""
        parts = [Styled(" "), *fitted(row.cell, max(0, self.width - 1))]
        return Strip([Segment(text, self.style(base, style)) for text, style in parts])

    def _columned(self, cells: Sequence[Cell], mark: str, base: str) -> Strip:
        # what looks alike becomes one segment: a frame costs by segments
        runs: list[tuple[RichStyle, list[str]]] = [(self.style(base, "mark"), [mark])]

        def add(text: str, style: RichStyle) -> None:
            if style is runs[-1][0]:
                runs[-1][1].append(text)
            else:
                runs.append((style, [text]))

        x = 1
        for place in self.layout.places:
            if place.x > x:
                gap = self._pin_gap if place.x == self.layout.pinned else self._gap
                add(gap, self.style(base, "rule" if gap.strip() else ""))
            column = place.column
            for text, style in fitted(cells[place.nth], place.width, column.align, column.shorten):
                add(text, self.style(base, style if text.strip() else ""))
            x = place.x + place.width
        return Strip([Segment("".join(texts), style) for style, texts in runs], x)


@lru_cache(64)
def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width)


def heading(title: Cell, folded: bool) -> Wide:
    """A section's heading with the sign that says whether it is folded."""
    return Wide([Styled("▸ " if folded else "▾ ", "dim"), *pieces(title)])
