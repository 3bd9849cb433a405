"""Named views of the catalog: a query with its columns, order and scope; and sort orders as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from store.fields import SPELLINGS, Field, spelled
from store.values import dataclass

COLUMNS = (
    "use_case", "model", "provider", "version", "released", "stage", "lifecycle", "on_the_day", "retires", "start_by",
    "headline", "speed", "latency", "price_in", "price_out", "cost", "data", "owner", "changes",
)  # fmt: skip
"""The catalog's columns, in their first order."""


@dataclass(frozen=True, slots=True)
class View:
    """A saved view. `sort` names fields with True for descending; empty is the default order."""

    name: str
    query: str = ""
    columns: tuple[str, ...] = COLUMNS
    sort: tuple[tuple[str, bool], ...] = ()
    scope: Literal["in_use", "all"] = "in_use"


VIEWS: tuple[View, ...] = (
    View(
        "late",
        "finding=late",
        ("use_case", "model", "version", "stage", "on_the_day", "retires", "start_by", "target", "owner"),
        (("start_in", False),),
    ),
    View(
        "due in 90 days",
        "deadline:today..90d",
        ("use_case", "model", "version", "stage", "on_the_day", "deadline", "start_by", "target", "owner"),
        (("deadline", False),),
    ),
    View(
        "no owner", "finding=no_owner", ("use_case", "model", "version", "stage", "deployment", "retires", "start_by")
    ),
    View(
        "unmeasured in production",
        "stage=production finding=unmeasured",
        ("use_case", "model", "version", "since", "retires", "start_by", "owner"),
    ),
)
"""The views that ship."""


def parse_sort(text: str, fields: Mapping[str, Field] = SPELLINGS) -> tuple[tuple[str, bool], ...]:
    """Read an order such as `start_in,-price_in`: fields by comma, the weightiest first, `-` for descending.

    Raises:
        ValueError: a name is no field; with the sentence to show.
    """
    order: list[tuple[str, bool]] = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        name = part.removeprefix("-")
        field = fields.get(spelled(name))
        if field is None:
            raise ValueError(f"'{name}' is no column to sort by: write one of {', '.join(COLUMNS)}, or a metric")
        order.append((field.name, part.startswith("-")))
    return tuple(order)


def print_sort(sort: tuple[tuple[str, bool], ...]) -> str:
    """The order as `parse_sort` reads it."""
    return ",".join(f"-{name}" if descending else name for name, descending in sort)
