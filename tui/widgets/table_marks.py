"""The marks of a table: they belong to keys, so that they survive a change of the view."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, cast

from textual.scroll_view import ScrollView

from tui.widgets.table_messages import MarksChanged, Ticked
from tui.widgets.table_moves import Moves
from tui.widgets.table_rows import RowSource, Section, Selective

if TYPE_CHECKING:
    from tui.widgets.table import Table

HEADER = 1
"""Lines above the rows."""


class Marking(Moves, ScrollView, can_focus=True):
    """The part of the table that marks rows."""

    _source: RowSource
    _selects: Selective | None
    _sections: Sequence[Section]
    _line: int
    _key: str | None

    def __init__(self, *, markable: bool, id: str | None, classes: str | None) -> None:
        super().__init__(id=id, classes=classes)
        self._markable = markable
        self._marks: dict[str, None] = {}

    @property
    def _table(self) -> Table:
        return cast("Table", self)

    @property
    def marks(self) -> tuple[str, ...]:
        """The marked keys in the order they were marked, also of rows that are filtered out."""
        return tuple(self._marks)

    def set_marks(self, keys: Iterable[str]) -> None:
        """Mark exactly these keys."""
        self._marks = dict.fromkeys(keys)
        self.refresh()
        self.post_message(MarksChanged(self._table, self.marks))

    def action_tick(self) -> None:
        """Mark the row under the cursor, or take its mark away."""
        if self._key is None:
            return
        key = self._key
        if self._markable:
            kept = dict(self._marks)
            if key in kept:
                del kept[key]
            else:
                kept[key] = None
            self._marks = kept
            self.refresh_lines(self._line + HEADER)
            self.post_message(MarksChanged(self._table, self.marks))
        self.post_message(Ticked(self._table, key))

    def action_tick_all(self) -> None:
        """Mark every row of the view; where all are marked, take those marks away."""
        if not self._markable:
            return
        rows: Iterable[int] = chain.from_iterable(section.rows for section in self._sections)
        if self._selects is not None:
            rows = filter(self._selects.selectable, rows)
        shown = list(map(self._source.key, rows))
        if len(shown) <= len(self._marks) and self._marks.keys() >= (taken := set(shown)):
            self.set_marks(key for key in self._marks if key not in taken)
        else:
            self.set_marks(chain(self._marks, shown))
