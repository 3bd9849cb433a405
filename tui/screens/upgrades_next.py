"""The second view of the upgrades: what each owner has to do next, across all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from store.review.checklist import standing
from store.review.todo import Todo
from tui import text
from tui.text import Cell, Styled
from tui.widgets.table import Column, Section, measured
from tui.widgets.table_rows import Rows, Wide

COLUMNS = (
    Column("due", "Due", 12, 9),
    Column("item", "Item", 16, 5),
    Column("title", "", 44, 20, grow=2),
    Column("use_case", "Use case", 24, 12, grow=1),
    Column("state", "State", 24, 8, grow=1, drop=2),
    Column("gate", "Before", 7, drop=1),
)


class NextRows(Rows):
    """A line an item, a section an owner; the key is the upgrade's uid and the item's id."""

    def put(self, found: Mapping[str, Sequence[Todo]], words: Sequence[str], today: date) -> list[Section]:
        """Take in what is to be done; the sections to show. `words` must all stand in a line."""
        self._rows = []
        sections: list[Section] = []
        for owner, mine in found.items():
            shown = [todo for todo in mine if all(word in _words(todo) for word in words)]
            if not shown:
                continue
            first = len(self._rows)
            self._rows += [(f"{todo.upgrade.uid} {todo.item.id}", _cells(todo, today)) for todo in shown]
            sections.append(Section(range(first, len(self._rows)), f"owner {owner}", _title(owner, shown)))
        return sections

    def fitting(self) -> list[Column]:
        """The columns, no wider than the first lines need."""
        return measured(COLUMNS, [cells for _, cells in self._rows[:60] if not isinstance(cells, Wide)])


def _words(todo: Todo) -> str:
    item, upgrade = todo.item, todo.upgrade
    said = (todo.owner or "nobody", item.id, item.title, item.phase, item.state, upgrade.use_case, upgrade.to_version)
    return " ".join(said).casefold()


def _title(owner: str, shown: Sequence[Todo]) -> Cell:
    late = sum(todo.overdue for todo in shown)
    upgrades = len({todo.upgrade.uid for todo in shown})
    said = [Styled(owner or "nobody", "strong" if owner else "warn"), Styled(f"  {len(shown)}")]
    said += [Styled(f" in {upgrades} upgrades", "dim")] if upgrades > 1 else []
    return said + ([Styled(" · ", "dim"), Styled(f"{late} overdue", "bad")] if late else [])


def _cells(todo: Todo, today: date) -> list[Cell]:
    item = todo.item
    return [
        _due(todo),
        Styled(item.id, "key"),
        item.title,
        Styled(todo.upgrade.use_case, "strong"),
        Styled(standing(item, today), "bad" if item.state == "waived" else text.item_state(item.state).style),
        Styled(item.gate if item.blocking else "", "dim"),
    ]


def _due(todo: Todo) -> Cell:
    if todo.days is None:
        return text.MISSING
    if todo.days < 0:
        return Styled(f"{-todo.days} d late", "bad")
    return Styled("today", "warn") if todo.days == 0 else Styled(f"{todo.days} d")
