"""The filters pane: facets with counts that follow the query; ticked values narrow it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from textual.message import Message

from tui import text
from tui.widgets.table import Column, Rows, Section, Table

if TYPE_CHECKING:
    from tui.finding import Counts
    from tui.text import Cell
    from tui.widgets.table_messages import Opened, Ticked

FACETS: Sequence[tuple[str, str]] = (
    ("finding", "Needs"),
    ("use_case", "Use case"),
    ("provider", "Provider"),
    ("stage", "Stage"),
    ("lifecycle", "Lifecycle"),
    ("on_the_day", "On the day"),
    ("owner", "Owner"),
    ("tag", "Tag"),
    ("kind", "Kind"),
)
MOST = 12
"""Values shown per facet; ticked ones always."""


class Filters(Table):
    """Facets as sections of a table; `space` or enter ticks a value."""

    class Chosen(Message):
        """The ticked values changed; `query` is what they say in the query language."""

        def __init__(self, query: str) -> None:
            super().__init__()
            self.query = query

    class Pointed(Message):
        """A scope or a saved view was chosen; the other one is ""."""

        def __init__(self, scope: str, view: str) -> None:
            super().__init__()
            self.scope = scope
            self.view = view

    def __init__(self) -> None:
        super().__init__(
            _columns(3),
            markable=False, click_ticks=True, id="filters", empty="",
        )  # fmt: skip
        self.chosen: dict[str, dict[str, None]] = {}
        self._filled: list[tuple[str, Sequence[Cell]]] = []

    def fill(
        self,
        counts: Counts,
        *,
        scopes: Sequence[tuple[str, str, int, bool]] = (),
        views: Iterable[str] = (),
    ) -> None:
        """Show other counts; `scopes` are (name, words, count, shown now), `views` the names of saved views."""
        rows: list[tuple[str, Sequence[Cell]]] = []
        sections = []
        for name, words, count, here in scopes:
            mark = text.Styled("▸ ", "accent") if here else text.Styled("  ")
            rows.append((f"scope\n{name}", ([mark, text.Styled(words)], text.Styled(f"{count:,}", "dim"))))
        sections.append(Section(range(len(rows)), "scope", "Scope"))
        first = len(rows)
        rows += [(f"view\n{name}", ([text.Styled("  "), text.Styled(name)], "")) for name in views]
        sections.append(Section(range(first, len(rows)), "view", "Views"))
        for facet, title in FACETS:
            counted = counts.get(facet, ())
            ticked = self.chosen.get(facet, {})
            shown = [*counted[:MOST]] + [(v, n) for v, n in counted[MOST:] if v in ticked]
            shown += [(v, 0) for v in ticked if v not in {value for value, _ in shown}]
            if len(shown) < 2 and not ticked:
                continue
            first = len(rows)
            for value, n in shown:
                mark = text.Styled("● ", "accent") if value in ticked else text.Styled("  ")
                label = value.replace("_", " ") if facet in ("finding", "on_the_day") else value
                rows.append((f"{facet}\n{value}", ([mark, text.Styled(label)], text.Styled(f"{n:,}", "dim"))))
            sections.append(Section(range(first, len(rows)), facet, title))
        if rows != self._filled:
            self._filled = rows
            wide = max((len(text.plain(cells[1])) for _, cells in rows), default=0)
            if (columns := _columns(max(3, wide))) != self.columns:
                self.set_columns(columns)
            self.set_source(Rows(rows), sections=sections)
            if self.cursor_key is None and rows:
                self.move_to(rows[0][0])

    def on_table_ticked(self, event: Ticked) -> None:
        """Tick or untick a value."""
        event.stop()
        self._toggle(event.key)

    def on_table_opened(self, event: Opened) -> None:
        """Enter does the same as space here."""
        event.stop()
        self._toggle(event.key)

    def clear(self) -> None:
        """Untick all."""
        if self.chosen:
            self.chosen.clear()
            self.post_message(self.Chosen(""))

    def _toggle(self, key: str) -> None:
        facet, _, value = key.partition("\n")
        if facet in ("scope", "view"):
            self.post_message(self.Pointed(value if facet == "scope" else "", value if facet == "view" else ""))
            return
        ticked = self.chosen.setdefault(facet, {})
        if value in ticked:
            del ticked[value]
            if not ticked:
                del self.chosen[facet]
        else:
            ticked[value] = None
        self.post_message(self.Chosen(self.query_text()))

    def query_text(self, without: str = "") -> str:
        """The ticked values in the query language; `without` leaves one facet out."""
        terms = []
        for facet, values in self.chosen.items():
            if facet != without:
                told = " or ".join(f'{facet}="{_escaped(v)}"' for v in values)
                terms.append(f"({told})" if len(values) > 1 else told)
        return " ".join(terms)


def _columns(count: int) -> tuple[Column, ...]:
    """The values, and as much room for their counts as the longest takes."""
    return Column("value", "Filters", 14, 8, grow=1), Column("n", "", count, count, "right")


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
