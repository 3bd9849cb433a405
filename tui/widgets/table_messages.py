"""What a table tells its screen: `on_table_opened`, `@on(Table.Highlighted, "#versions")`…"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from tui.widgets.table import Table


@dataclass
class About(Message, namespace="table"):
    """Something happened in a table."""

    table: Table

    @property
    def control(self) -> Table:
        """The table, for selectors of `@on`."""
        return self.table


@dataclass
class Highlighted(About, namespace="table"):
    """The cursor is on another line. `key` is None on a heading, which `section` names, and in an empty table."""

    key: str | None
    section: str = ""

    def can_replace(self, message: Message) -> bool:
        """Of several moves in a row only the last one counts."""
        return isinstance(message, Highlighted) and message.table is self.table


@dataclass
class Opened(About, namespace="table"):
    """A row was opened with enter or a double click."""

    key: str


@dataclass
class Ticked(About, namespace="table"):
    """`space` on a row; in a table with marks they have changed already."""

    key: str


@dataclass
class MarksChanged(About, namespace="table"):
    """Marks came or went."""

    marks: tuple[str, ...]


@dataclass
class SortRequested(About, namespace="table"):
    """A column's head was clicked."""

    column: str
