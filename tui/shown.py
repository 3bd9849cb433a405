"""How the catalog is shown: query, scope, columns, order, groups; kept as named views and as the last choice.

Everything here is a value; `tui.settings` keeps it in the settings file as text that a person can edit:

    [views."due in Q1"]
    query = "deadline:2027-01-01..2027-03-31"
    sort = "deadline"
    group = "owner"
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from store.values import dataclass
from tui.columns import COLUMNS

if TYPE_CHECKING:
    from store.search import Scope

GROUPS = ("use_case", "provider", "model", "stage", "owner", "lifecycle")
"""What the catalog can be grouped by."""

_WORDS = {"target": "on_the_day", "deadline": "retires"}
"""Columns of shipped views that the table shows under another name."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One way to show the catalog. `columns` empty means the default ones; `widths` are chosen widths by column."""

    query: str = ""
    scope: Scope = "in_use"
    sort: tuple[tuple[str, bool], ...] = ()
    group: str = ""
    columns: tuple[str, ...] = ()
    widths: tuple[tuple[str, int], ...] = ()

    def as_setting(self) -> dict[str, Any]:
        """What stands in the settings file; defaults are left out."""
        from store.views import print_sort

        said: dict[str, Any] = {
            "query": self.query,
            "scope": "" if self.scope == "in_use" else self.scope,
            "sort": print_sort(self.sort),
            "group": self.group,
            "columns": list(self.columns),
            "widths": dict(self.widths),
        }
        return {name: value for name, value in said.items() if value}


def from_setting(said: Mapping[str, Any]) -> Shown:
    """Read a view of the settings file.

    Raises:
        ValueError: with the sentence to show.
    """
    from store.views import parse_sort  # not before the first paint

    unknown = [n for n in said.get("columns", ()) if n not in COLUMNS]
    if unknown:
        raise ValueError(f"'{unknown[0]}' is no column; there are {', '.join(COLUMNS)}")
    group = str(said.get("group", ""))
    if group and group not in GROUPS:
        raise ValueError(f"the catalog cannot be grouped by '{group}'; write one of {', '.join(GROUPS)}")
    widths = said.get("widths", {})
    if not isinstance(widths, Mapping) or not all(isinstance(w, int) and 1 <= w <= 200 for w in widths.values()):
        raise ValueError("widths are whole numbers from 1 to 200, such as { key = 40 }")
    return Shown(
        query=str(said.get("query", "")),
        scope="all" if said.get("scope") == "all" else "in_use",
        sort=parse_sort(str(said.get("sort", ""))),
        group=group,
        columns=tuple(said.get("columns", ())),
        widths=tuple((str(n), int(w)) for n, w in widths.items()),
    )


def shipped() -> dict[str, Shown]:
    """The views that ship."""
    from store.views import VIEWS

    return {
        v.name: Shown(v.query, v.scope, v.sort, columns=tuple(dict.fromkeys(_column(n) for n in v.columns)))
        for v in VIEWS
    }


def _column(name: str) -> str:
    if name in ("model", "version", "provider"):
        return "key"
    name = _WORDS.get(name, name)
    return name if name in COLUMNS else "key"


def saved(views: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Shown], list[str]]:
    """The shipped views and the user's own over them, with a sentence for each that cannot be read."""
    found, faults = shipped(), []
    for name, said in views.items():
        try:
            found[name] = from_setting(said)
        except ValueError as error:
            faults.append(f"view '{name}': {error}")
    return found, faults


def turned(shown: Shown, field: str) -> Shown:
    """The order after a click on a column's head: up, down, default."""
    before = next((down for name, down in shown.sort if name == field), None)
    return replace(shown, sort=((field, False),) if before is None else ((field, True),) if before is False else ())
