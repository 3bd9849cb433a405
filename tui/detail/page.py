"""What a tab hands to the screen: columns, rows by section, and what to read where there is nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import date

from store.catalog import Catalog
from store.records import Fact, Version
from store.values import dataclass
from tui import text
from tui.state import View
from tui.text import Cell, Styled
from tui.widgets.table import Column, Rows, Section, Wide

STALE_FACT_DAYS = 365
"""A static fact older than this reads amber: worth a look, never wrong by age alone."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What the detail is about: a version, as seen on a day, in a use case or in none.

    `width` is how many cells a line of text has, `clones` the paths of clones by the address of their repository.
    """

    catalog: Catalog
    view: View
    key: str
    use_case: str
    version: Version
    width: int = 100
    clones: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Page:
    """The content of a tab. `markdown` and `row_keys` make what `Y` and `enter` act on."""

    columns: Sequence[Column]
    empty: str = "Nothing is known here."
    rows: list[tuple[str, Sequence[Cell] | Wide]] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)

    def section(self, title: str, lines: Sequence[Sequence[Cell] | Wide], keys: Sequence[str] = ()) -> None:
        """Add rows under a heading; without rows there is no heading."""
        if not lines:
            return
        first = len(self.rows)
        for i, line in enumerate(lines):
            name = keys[i] if i < len(keys) else f"{title}:{i}"
            self.rows.append((name, line))
        self.sections.append(
            Section(range(first, len(self.rows)), title or f"#{first}", Styled(title, "key") if title else None)
        )

    def source(self) -> Rows:
        """The rows for a table."""
        return Rows(self.rows)


LABELLED = (
    Column("label", "What", 24, 14),
    Column("value", "Value", 36, 20, grow=1),
    Column("source", "Source", 48, 12, drop=1, grow=3),
)


def said_by(fact: Fact, view: View, others: int = 0) -> Cell:
    """Source and age of a fact, with how many others say the same, and how many older or other claims there are."""
    found: list[Cell] = [
        Styled("own" if fact.layer == "local" else fact.source, "accent" if fact.layer == "local" else "dim")
    ]
    found.append(text.age(age_of(fact.as_of, view), STALE_FACT_DAYS))
    if fact.also:
        found.append(Styled(f"+{len(fact.also)} agree", "dim"))
    if others > 0:
        found.append(Styled(f"{others} other{'s' if others > 1 else ''} · enter", "dim"))
    if fact.note:
        found.append(Styled(fact.note, "dim"))
    return text.joined(found)


def age_of(as_of: str, view: View) -> int | None:
    """Days since an as-of date; None where it is no date."""
    from store.records import first_day

    try:
        return (view.today - first_day(as_of)).days
    except ValueError:
        return None


def fact_value(name: str, value: object) -> Cell:
    """How a fact reads."""
    if value is None:
        return text.MISSING
    if name.startswith("price_") and isinstance(value, (int, float)):
        return [*text.pieces(text.money(float(value), "1M"))]
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return text.number(float(value))
    if isinstance(value, (list, tuple)):
        return (
            ", ".join(str(v) for v in value)
            if value
            else Styled("withdrawn" if name == "replacement" else "none", "dim")
        )
    if isinstance(value, dict):
        return ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in value.items())
    return str(value)


def released(v: Version) -> date | None:
    """The release date, None where it is unknown."""
    value = v.value("release_date")
    try:
        return date.fromisoformat(str(value)) if value else None
    except ValueError:
        return None
