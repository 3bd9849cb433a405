"""The query over the catalog: completes as one types, remembers what was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.suggester import Suggester
from textual.widgets import Input

if TYPE_CHECKING:
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


class QueryLine(Input):
    """An input for the query language: → takes the suggestion, ↓ lists all, ↑ goes back through the history."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "choose", show=False),
        Binding("up", "recall", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(
            placeholder="filter: words, field:value, retires:<60d, has:upgrade …   → completes, ↓ lists, ↑ recalls",
            suggester=_Completer(self),
            select_on_focus=False,
            id="query",
        )
        self.index: Index | None = None
        self.asked: list[str] = []
        self._at = 0

    def completions(self, text: str) -> list[tuple[str, str, int]]:
        """What may follow: (text, help, where it begins)."""
        if self.index is None or not text.strip():
            return []
        from store.completion import complete

        return [(c.text, c.help, c.start) for c in complete(text, len(text), self.index)]

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
