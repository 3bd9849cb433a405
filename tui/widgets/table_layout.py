"""How a table divides its width: pure values, no widget.

Columns that do not fit shrink to their minimum, then leave in `drop` order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from rich.cells import cell_len, set_cell_size

from store.values import dataclass
from tui.text import Cell, Styled, clean, pieces

ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Widths are terminal cells.

    `min_width` is the least that still tells something (0: `width`, so it never shrinks). `drop` is the order in which
    columns leave a narrow table, 1 first; 0 never leaves. `grow` is its part of spare width. `shorten` says where a
    text that is too long loses characters: a key is told apart by its end.
    """

    name: str
    title: str
    width: int = 12
    min_width: int = 0
    align: Literal["left", "right"] = "left"
    drop: int = 0
    grow: int = 0
    shorten: Literal["end", "start"] = "end"

    @property
    def least(self) -> int:
        """The width below which the column rather leaves."""
        return min(self.min_width or self.width, self.width)


class Place(NamedTuple):
    """Where a column stands: which of the row's cells it shows, its first terminal cell and its width."""

    nth: int
    column: Column
    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns that fit. Cells left of `pinned` do not scroll sideways; `width` is that of a whole line."""

    places: tuple[Place, ...]
    width: int
    pinned: int


def fit(
    columns: Sequence[Column], available: int, *, pinned: int = 1, gutter: int = 1, gap: int = 1, pin_gap: int = 1
) -> Layout:
    """Divide `available` cells: widths as declared, else down to the minimum, else without the first to drop.

    `gutter` cells stand before the first column, `pin_gap` after the last pinned one, `gap` between the others.
    """
    kept = list(enumerate(columns))

    def spacing(count: int) -> int:
        return gutter + sum(pin_gap if i == pinned else gap for i in range(1, count))

    while kept and sum(c.least for _, c in kept) + spacing(len(kept)) > available:
        droppable = [pair for pair in kept if pair[1].drop]
        if not droppable:
            break
        kept.remove(min(droppable, key=lambda pair: pair[1].drop))
    widths = _widths([c for _, c in kept], available - spacing(len(kept)))
    places: list[Place] = []
    x = gutter
    pinned_to = gutter
    for order, ((index, column), width) in enumerate(zip(kept, widths, strict=True), 1):
        places.append(Place(index, column, x, width))
        x += width
        if index < pinned:
            pinned_to = x + (pin_gap if order < len(kept) else 0)
        if order < len(kept):
            x += pin_gap if order == pinned else gap
    return Layout(tuple(places), x, pinned_to)


def _widths(columns: list[Column], room: int) -> list[int]:
    widths = [c.width for c in columns]
    lacking = sum(widths) - room
    while lacking > 0:
        slack = [w - c.least for w, c in zip(widths, columns, strict=True)]
        widest = max(range(len(slack)), key=lambda i: slack[i], default=-1)
        if widest < 0 or slack[widest] <= 0:
            break
        widths[widest] -= 1
        lacking -= 1
    growing = sum(c.grow for c in columns)
    spare = room - sum(widths)
    if spare > 0 and growing:
        shares = [spare * c.grow // growing for c in columns]
        last = max(i for i, c in enumerate(columns) if c.grow)
        shares[last] += spare - sum(shares)
        widths = [w + s for w, s in zip(widths, shares, strict=True)]
    return widths


def measured(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> list[Column]:
    """Narrow the columns to what a sample of rows needs, between `min_width` and `width`, titles included.

    Give it a sample of some dozens of rows, never all: a wider cell that comes later is shortened.
    """
    narrowed = []
    for index, column in enumerate(columns):
        needed = max((cells_of(row[index]) for row in rows), default=0)
        needed = max(needed, cell_len(column.title) + 2, column.min_width)  # 2: the sort arrow and its space
        narrowed.append(replace(column, width=min(column.width, needed)))
    return narrowed


def cells_of(cell: Cell) -> int:
    """The width of a cell, in terminal cells."""
    return sum(cell_len(clean(text)) for text, _ in pieces(cell))


def fitted(
    cell: Cell,
    width: int,
    align: Literal["left", "right"] = "left",
    shorten: Literal["end", "start"] = "end",
) -> list[Styled]:
    """The pieces of a cell, cleaned, cut or padded to exactly `width` terminal cells."""
    parts = [Styled(clean(text), style) for text, style in pieces(cell)]
    if len(parts) == 1:
        (text, style), used = parts[0], cell_len(parts[0].text)
        if used <= width:
            padding = " " * (width - used)
            return [Styled(padding + text if align == "right" else text + padding, style)]
    used = sum(cell_len(text) for text, _ in parts)
    if used > width:
        parts = _cut_end(parts, width) if shorten == "end" else _cut_start(parts, width)
        used = sum(cell_len(text) for text, _ in parts)
    if used < width:
        blank = Styled(" " * (width - used))
        parts = [blank, *parts] if align == "right" else [*parts, blank]
    return parts


def _cut_end(parts: list[Styled], width: int) -> list[Styled]:
    room = width - 1
    kept: list[Styled] = []
    for text, style in parts:
        length = cell_len(text)
        if length > room:
            return [*kept, Styled(set_cell_size(text, room) + ELLIPSIS, style)] if width > 0 else []
        kept.append(Styled(text, style))
        room -= length
    return kept


def _cut_start(parts: list[Styled], width: int) -> list[Styled]:
    room = width - 1
    kept: list[Styled] = []
    for text, style in reversed(parts):
        length = cell_len(text)
        if length > room:
            tail = text
            while tail and cell_len(tail) > room:
                tail = tail[1:]
            return [Styled(ELLIPSIS + " " * (room - cell_len(tail)) + tail, style), *kept] if width > 0 else []
        kept.insert(0, Styled(text, style))
        room -= length
    return kept
