"""Catalog rows and statuses as words of the command line: how SCREENS.md has values read."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from store.review.status import AssignmentStatus
from tui.text import MISSING, NONE, Cell, Styled, lifecycle, money, on_the_day, retirement, stage, start_by, value

if TYPE_CHECKING:
    from store.review.ledger import Ledger
    from store.review.lifecycle import Outcome
    from store.search import Row

_TITLES = (
    "use case", "model @ version", "retires", "start by", "stage", "on the day", "lifecycle", "headline",
    "in / 1M", "out / 1M", "owner",
)  # fmt: skip


def list_titles() -> tuple[str, ...]:
    """The heads of the columns of a list."""
    return _TITLES


def list_row(row: Row, today: date) -> list[Cell]:
    """One row of a list."""
    status = row.status
    run = row.assignment
    price_in, price_out = row.get("price_in"), row.get("price_out")
    return [
        run.use_case if run else NONE,
        Styled(row.key, "strong"),
        retires(status.ledger, today) if status else MISSING,
        starts(status, today) if isinstance(status, AssignmentStatus) else NONE,
        stage(run.stage, run.share) if run else NONE,
        outcome(status.outcome) if status else MISSING,
        lifecycle(status.lifecycle.status, listed=status.lifecycle.listed) if status else MISSING,
        _headline(row),
        money(price_in if isinstance(price_in, float) else None),
        money(price_out if isinstance(price_out, float) else None),
        str(row.get("owner") or "") or (Styled("no owner", "warn") if run else NONE),
    ]


def _headline(row: Row) -> Cell:
    found = row.headline
    if found is None:
        return MISSING
    metric, measured = found
    return [Styled(f"{metric.title or metric.name} ", "dim"), value(measured.value, metric)]


def outcome(what: Outcome) -> Styled:
    """What happens on the day."""
    return on_the_day(what.kind, what.target)


def retires(dates: Ledger, today: date) -> Cell:
    """The announced retirement, and the day to plan for where that is another."""
    said = dates.effective
    if said is None:
        return MISSING
    shown = retirement(said.value, today, said.certainty)
    if dates.risk is None or dates.risk.value == said.value:
        return shown
    return [shown, Styled(f" (plan for {dates.risk.value})", "warn")]


def starts(status: AssignmentStatus, today: date) -> Styled:
    """When work must start."""
    return start_by(status.start_by, status.start_in, today, squeezed=status.squeezed, stay_until=status.stay_until)
