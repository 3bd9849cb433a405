"""Which columns the catalog shows, in which order and how wide."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui import text
from tui.columns import COLUMNS
from tui.widgets.table import Column, Rows, Table
from tui.widgets.table_messages import Ticked

Chosen = tuple[tuple[str, ...], tuple[tuple[str, int], ...]]


class Columns(ModalScreen[Chosen | None]):
    """Tick, move and widen columns; dismissed with (names, widths), or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel"),
        Binding("enter,ctrl+s", "accept", "accept", priority=True),
        Binding("J,shift+down", "move(1)", "down", show=False),
        Binding("K,shift+up", "move(-1)", "up", show=False),
        Binding("plus", "widen(1)", "wider", show=False),
        Binding("minus", "widen(-1)", "narrower", show=False),
    ]

    def __init__(self, shown: tuple[str, ...], widths: tuple[tuple[str, int], ...]) -> None:
        super().__init__(classes="dialog")
        self._order = [*shown, *(n for n in COLUMNS if n not in shown)]
        self._ticked = set(shown)
        self._widths = dict(widths)

    def compose(self) -> ComposeResult:
        """A table of all columns."""
        with Vertical(classes="box columns"):
            yield Static(Content("Columns"), classes="title")
            heads = [Column("name", "Column", 30, grow=1), Column("width", "Width", 8, align="right")]
            yield Table(heads, markable=False, id="columns-list")
            yield Static(
                Content("space show or hide · J K move · + - width · enter accept · esc cancel"), classes="hint"
            )

    def on_mount(self) -> None:
        """Fill the table."""
        self._fill()
        self.query_one(Table).focus()

    def _fill(self) -> None:
        rows = []
        for name in self._order:
            mark = text.Styled("● " if name in self._ticked else "○ ", "accent" if name in self._ticked else "dim")
            width = self._widths.get(name)
            shown = text.Styled(str(width), "") if width else text.Styled("auto", "dim")
            rows.append((name, ([mark, text.Styled(COLUMNS[name].column.title)], shown)))
        self.query_one(Table).set_source(Rows(rows), range(len(rows)))

    def on_table_ticked(self, event: Ticked) -> None:
        """Show or hide."""
        self._ticked ^= {event.key}
        self._fill()

    def action_move(self, by: int) -> None:
        """Move the column under the cursor."""
        here = self.query_one(Table).cursor_key
        if here is None:
            return
        at = self._order.index(here)
        to = min(max(at + by, 0), len(self._order) - 1)
        self._order.insert(to, self._order.pop(at))
        self._fill()

    def action_widen(self, by: int) -> None:
        """Make it wider or narrower; back to automatic at the declared width."""
        here = self.query_one(Table).cursor_key
        if here is None:
            return
        declared = COLUMNS[here].column.width
        width = min(max(self._widths.get(here, declared) + by, 4), 80)
        if width == declared:
            self._widths.pop(here, None)
        else:
            self._widths[here] = width
        self._fill()

    def action_accept(self) -> None:
        """Take it."""
        names = tuple(n for n in self._order if n in self._ticked)
        if not names:
            self.query_one(".hint", Static).update(Content("one column at least must stay"))
            return
        self.dismiss((names, tuple((n, w) for n, w in self._widths.items() if n in names)))

    def action_cancel(self) -> None:
        """Leave it as it was."""
        self.dismiss(None)
