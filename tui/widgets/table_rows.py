"""What the rows of a table are, and how sections of them become lines: no widget, no work per row."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol, runtime_checkable

from store.values import dataclass
from tui.text import Cell


@dataclass(frozen=True, slots=True)
class Wide:
    """A row that is one text over the whole width, such as the reason under a verdict.

    `selectable` is for `Rows`; a source of one's own is `Selective` where the cursor shall pass over some rows.
    """

    cell: Cell
    selectable: bool = False


class RowSource(Protocol):
    """What the rows of a table are. Rows are numbered from 0; a view may show any of them in any order."""

    def __len__(self) -> int:
        """How many rows there are."""

    def key(self, row: int) -> str:
        """The name of a row: unique in a view, the same after a change of the data."""

    def cells(self, row: int) -> Sequence[Cell] | Wide:
        """The cells of a row, one for each column; asked only of rows that come into sight."""


@runtime_checkable
class Findable(Protocol):
    """A source that finds a row by its key without looking at all of them."""

    def row(self, key: str) -> int | None:
        """The row with this key."""


@runtime_checkable
class Selective(Protocol):
    """A source with rows that the cursor passes over and that cannot be marked."""

    def selectable(self, row: int) -> bool:
        """Whether the cursor may stand on this row."""


class Rows:
    """A source from a list of (key, cells), for tables of some hundred rows."""

    def __init__(self, rows: Iterable[tuple[str, Sequence[Cell] | Wide]] = ()) -> None:
        self._rows = list(rows)

    def __len__(self) -> int:
        return len(self._rows)

    def key(self, row: int) -> str:
        """The key of a row."""
        return self._rows[row][0]

    def cells(self, row: int) -> Sequence[Cell] | Wide:
        """The cells of a row."""
        return self._rows[row][1]

    def selectable(self, row: int) -> bool:
        """Whether the cursor may stand on this row: a wide one only where it says so."""
        cells = self._rows[row][1]
        return not isinstance(cells, Wide) or cells.selectable


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under a heading that folds. A section without a title is just its rows.

    `key` names it, so that it stays folded when the rows change; the keys of one table differ.
    """

    rows: Sequence[int]
    key: str = ""
    title: Cell | None = None


class Lines:
    """Sections as one run of lines: headings and, where not folded, their rows. Costs by section, not by row."""

    def __init__(self, sections: Sequence[Section], folded: Collection[str] = ()) -> None:
        self.sections = sections
        self._starts: list[int] = []
        self._shown: list[Section] = []
        line = 0
        for section in sections:
            rows = 0 if section.title is not None and section.key in folded else len(section.rows)
            height = (section.title is not None) + rows
            if height:
                self._starts.append(line)
                self._shown.append(section)
                line += height
        self._length = line

    def __len__(self) -> int:
        return self._length

    def at(self, line: int) -> tuple[Section, int | None]:
        """The section of a line and its row; None where the line is the section's heading."""
        nth = bisect_right(self._starts, line) - 1
        section = self._shown[nth]
        offset = line - self._starts[nth] - (section.title is not None)
        return section, None if offset < 0 else section.rows[offset]

    def heading(self, key: str) -> int | None:
        """The line of a section's heading."""
        for start, section in zip(self._starts, self._shown, strict=True):
            if section.title is not None and section.key == key:
                return start
        return None

    def row(self, row: int) -> int | None:
        """The line of a row; that of its heading where it is folded away."""
        for nth, (start, section) in enumerate(zip(self._starts, self._shown, strict=True)):
            try:
                offset = section.rows.index(row)
            except ValueError:
                continue
            end = self._starts[nth + 1] if nth + 1 < len(self._starts) else self._length
            return min(start + (section.title is not None) + offset, end - 1) if end - start > 1 else start
        return None
