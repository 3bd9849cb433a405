"""The query over the catalog: completes as one types, remembers what was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.highlighter import Highlighter
from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.reactive import Reactive
from textual.suggester import Suggester
from textual.widgets import Input

if TYPE_CHECKING:
    from store.query import QueryError
    from store.search import Index

REMEMBERED = 50
"""Queries kept in the history."""


class _Completer(Suggester):
    def __init__(self, line: QueryLine) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._line = line

    async def get_suggestion(self, value: str) -> str | None:
        """The whole query with its end completed."""
        found = self._line.completions(value)
        whole = value[: found[0][2]] + found[0][0] if found else ""
        return whole if whole.startswith(value) and whole != value else None


class _Marker(Highlighter):
    """Underlines what of the query could not be read."""

    def __init__(self, line: QueryLine) -> None:
        self._line = line

    def highlight(self, text: Text) -> None:
        """Mark the place; one that lies behind the text marks its last character."""
        fault = self._line.fault
        if fault is not None and len(text):
            start = min(fault.position, len(text) - 1)
            text.stylize("underline bold reverse", start, min(start + max(fault.length, 1), len(text)))


class QueryLine(Input):
    """An input for the query language: → or tab takes the suggestion, ↓ lists all, ↑ goes back through the history.

    What could not be read is marked in the line; where what to write instead is known, → or tab writes it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "accept_or_leave", show=False),
        Binding("down", "choose", show=False),
        Binding("up", "recall", show=False),
    ]

    # of a text in a line of fixed size nothing is laid out anew at each letter
    virtual_size: Reactive[Size] = Reactive(Size(0, 0))

    def __init__(self) -> None:
        super().__init__(
            placeholder="filter: words, field:value, retires:<60d, has:upgrade …   → completes, ↓ lists, ↑ recalls",
            suggester=_Completer(self),
            select_on_focus=False,
            highlighter=_Marker(self),
            id="query",
        )
        self.fault: QueryError | None = None
        self.index: Index | None = None
        self.asked: list[str] = []
        self._at = 0

    def completions(self, text: str) -> list[tuple[str, str, int]]:
        """What may follow: (text, help, where it begins)."""
        if self.index is None or not text.strip():
            return []
        from store.completion import complete

        return [(c.text, c.help, c.start) for c in complete(text, len(text), self.index)]

    def mark(self, fault: QueryError | None) -> None:
        """Mark what could not be read."""
        if fault != self.fault:
            self.fault = fault
            self.refresh()

    def _correct(self) -> bool:
        """Write what should stand at the marked place; False where that is not known."""
        better = self.fault.fixed(self.value) if self.fault is not None else None
        if better is None or better == self.value:
            return False
        self.value = better
        self.cursor_position = len(better)
        return True

    def action_cursor_right(self, select: bool = False) -> None:
        """Take the suggestion at the end of the line; else the correction of what is marked."""
        if not select and self.cursor_at_end and not self._suggestion and self._correct():
            return
        super().action_cursor_right(select)

    def action_accept_or_leave(self) -> None:
        """Take the correction or the suggestion; where there is none, go to the next pane."""
        if self._correct():
            return
        if self._suggestion and self.cursor_at_end:
            self.value = self._suggestion
            self.cursor_position = len(self.value)
        else:
            self.screen.focus_next()

    def remember(self) -> None:
        """Keep the query in the history."""
        asked = self.value.strip()
        if asked:
            self.asked = [*(q for q in self.asked if q != asked), asked][-REMEMBERED:]
        self._at = len(self.asked)

    def action_recall(self) -> None:
        """The query before."""
        if self.asked:
            self._at = max(0, min(self._at, len(self.asked)) - 1)
            self.value = self.asked[self._at]
            self.cursor_position = len(self.value)

    @work
    async def action_choose(self) -> None:
        """Pick from everything that may follow."""
        from tui.screens.dialogs import Choose

        text = self.value
        found = self.completions(text)
        if not found:
            found = [(f"{n}:", f.help, len(text)) for n, f in self.index.fields.items()] if self.index else []
        options = [(said, f"{said}   {told}") for said, told, _ in found]
        chosen = await self.app.push_screen_wait(Choose("Go on with", options))
        start = next((at for said, _, at in found if said == chosen), None)
        if chosen is not None and start is not None:
            self.value = text[:start] + chosen
            self.cursor_position = len(self.value)
