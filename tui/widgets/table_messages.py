"""What a table tells its screen: `on_table_opened`, `@on(Table.Highlighted, "#versions")`…"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from tui.widgets.table import Table


class About(Message, namespace="table"):
    """Something happened in a table."""

    def __init__(self, table: Table) -> None:
        super().__init__()
        self.table = table

    @property
    def control(self) -> Table:
        """The table, for selectors of `@on`."""
        return self.table


class Highlighted(About, namespace="table"):
    """The cursor is on another line. `key` is None on a heading, which `section` names, and in an empty table."""

    def __init__(self, table: Table, key: str | None, section: str = "") -> None:
        super().__init__(table)
        self.key = key
        self.section = section

    def can_replace(self, message: Message) -> bool:
        """Of several moves in a row only the last one counts."""
        return isinstance(message, Highlighted) and message.table is self.table


class Opened(About, namespace="table"):
    """A row was opened with enter or a double click."""

    def __init__(self, table: Table, key: str) -> None:
        super().__init__(table)
        self.key = key


class Ticked(About, namespace="table"):
    """`space` on a row; in a table with marks they have changed already."""

    def __init__(self, table: Table, key: str) -> None:
        super().__init__(table)
        self.key = key


class MarksChanged(About, namespace="table"):
    """Marks came or went."""

    def __init__(self, table: Table, marks: tuple[str, ...]) -> None:
        super().__init__(table)
        self.marks = marks


class SortRequested(About, namespace="table"):
    """A column's head was clicked."""

    def __init__(self, table: Table, column: str) -> None:
        super().__init__(table)
        self.column = column
