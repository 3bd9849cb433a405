"""All days on which something is due, for a calendar: deadlines, starts of work, cut-overs, items, decisions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal

from store.records import Snapshot, Upgrade
from store.review.items import resolved
from store.review.plan import deadline
from store.review.rollout import window_end
from store.review.status import AssignmentStatus, running_upgrades, status
from store.values import dataclass

Kind = Literal["deadline", "start", "cut-over", "item", "decision", "review", "rollback"]


@dataclass(frozen=True, slots=True)
class Due:
    """One day. `id` stays the same while the day moves, so that a calendar moves its entry and makes no second one."""

    id: str
    kind: Kind
    day: date
    summary: str
    detail: str
    use_case: str


def agenda(records: Snapshot, today: date) -> list[Due]:
    """Every due day that is known, the earliest first; what is over stays, because a calendar keeps it too."""
    running = running_upgrades(records)
    found: list[Due] = []
    for run in records.assignments:
        if run.stage == "Production":
            found += _of_row(status(run, records, today, running=running))
    for upgrade in records.upgrades.values():
        old, place = records.versions.get(upgrade.from_version), records.deployments.get(upgrade.deployment)
        last = None if old is None else deadline(old, place, today)
        found += _of_upgrade(upgrade, today, None if last is None else last.day)
    for use_case in records.use_cases.values():
        if use_case.review_by is not None:
            name = use_case.name
            found.append(Due(f"review-{use_case.uid}", "review", use_case.review_by, f"Review {name}", "", name))
    return sorted(found, key=lambda due: (due.day, due.id))


def _of_row(row: AssignmentStatus) -> Iterator[Due]:
    run, plan, last = row.assignment, row.plan, row.deadline
    name, to = run.use_case, f" to {row.target}" if row.target else ""
    if last is not None:
        happens = {"stops": "stops", "stopped": "stopped", "upgrades": "upgrades by itself"}.get(
            row.outcome.kind, "ends"
        )
        said = f"It {last.why}." if last.why.startswith("retires") else f"{last.why[0].upper()}{last.why[1:]}."
        yield Due(f"deadline-{run.uid}", "deadline", last.day, f"{name}: {run.version} {happens}", said, name)
    if row.decision is not None and row.decision.until is not None:
        kind, until = row.decision.kind.replace("_", " "), row.decision.until
        yield Due(f"decision-{run.uid}", "decision", until, f"{name}: decided {kind}", row.decision.note, name)
    elif plan is not None and plan.state != "past":
        start = plan.shown["start_by"]
        yield Due(f"start-{run.uid}", "start", start, f"{name}: start the upgrade{to}", plan.why, name)
        cut = plan.shown["cutover_by"]
        yield Due(f"cutover-{run.uid}", "cut-over", cut, f"{name}: cut over{to}", plan.why, name)


def _of_upgrade(upgrade: Upgrade, today: date, ends: date | None) -> Iterator[Due]:
    name = upgrade.use_case
    if upgrade.state not in ("open", "promoted"):
        return
    for item in upgrade.items.values():
        if item.due is not None and not resolved(item, today):
            said = f"{name}: {item.id} {item.title}"
            yield Due(f"item-{upgrade.uid}-{item.id}", "item", item.due, said, item.verify or item.why, name)
    if upgrade.promoted_on is not None:
        last = window_end(upgrade.promoted_on, ends)
        said = f"{name}: the rollback window of {upgrade.to_version} ends"
        yield Due(
            f"rollback-{upgrade.uid}", "rollback", last, said, f"Until then back to {upgrade.from_version}.", name
        )
