"""What each owner has to do next, across all running upgrades."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

from store.records import Item, Upgrade, UseCase
from store.review.checklist import ready
from store.review.items import waiver_expired
from store.values import dataclass

RUNNING = ("open", "promoted")


@dataclass(frozen=True, slots=True)
class Todo:
    """One item that can be done now; `days` until it is due, negative when overdue, None where no date is known."""

    upgrade: Upgrade
    item: Item
    owner: str
    days: int | None
    overdue: bool


def todos(
    upgrades: Iterable[tuple[Upgrade, Mapping[str, str] | None]], use_cases: Mapping[str, UseCase], today: date
) -> dict[str, list[Todo]]:
    """By owner ("" for nobody, last), who has the most overdue first; each list in the order in which items are due.

    An upgrade comes with the inputs that its items are judged by (`checks.inputs_now`). An item of nobody is its use
    case's. Once an upgrade is promoted, what let the target in stays judged.
    """
    found: dict[str, list[Todo]] = defaultdict(list)
    for upgrade, inputs in upgrades:
        if upgrade.state not in RUNNING:
            continue
        use_case = use_cases.get(upgrade.use_case)
        for item in ready(upgrade.items, today, inputs if upgrade.state == "open" else None):
            owner = item.owner.strip() or (use_case.owner.strip() if use_case is not None else "")
            days = None if item.due is None else (item.due - today).days
            overdue = waiver_expired(item, today) or (days is not None and days < 0)
            found[owner].append(Todo(upgrade, item, owner, days, overdue))
    for mine in found.values():
        mine.sort(key=_urgency)
    owners = sorted(found, key=lambda o: (not o, -sum(t.overdue for t in found[o]), _urgency(found[o][0]), o))
    return {owner: found[owner] for owner in owners}


def _urgency(todo: Todo) -> tuple[bool, bool, int]:
    """Expired waivers and what is overdue first, then by day, unknown last; the same day in checklist order."""
    return (not todo.overdue, todo.days is None, todo.days or 0)
