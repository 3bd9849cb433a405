"""What needs a decision: the only list of its kind (DECISIONS 4a).

Header counts, the catalog's first order, the review session, `check` and the digest all read it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import date

from store.records import Assignment, Item, Snapshot, Upgrade, UseCase, Version
from store.review import drift, newer
from store.review.figures import measured_day
from store.review.freshness import dates_age
from store.review.items import resolved, stale, waiver_expired
from store.review.ledger import ledger, spoken
from store.review.lifecycle import STALE_DAYS, deployment_type, is_azure, lifecycle
from store.review.plan import DEFAULT_CHANGE_DAYS, DUE_DAYS
from store.review.session import reviewed_on, seen_until
from store.review.status import AssignmentStatus, running_upgrades, status
from store.values import dataclass

__all__ = ["SEVERITY", "AssignmentStatus", "Finding", "attention", "findings_of", "status"]

SEVERITY: Mapping[str, int] = {
    "stopped": 0,
    "late": 1, "drift": 1,
    "squeezed": 2, "due": 2, "moved_earlier": 2, "lapsed": 2, "default_change": 2,
    "unknown_model": 3, "no_date": 3, "target_retires": 3, "waiver_expired": 3, "item_overdue": 3, "unreachable": 3,
    "stale_evidence": 4, "unmeasured": 4, "review_past": 4, "stale_dates": 4,
    "newer_better": 5, "newer_version": 5, "no_lineage": 5, "no_owner": 5,
}  # fmt: skip
"""Every kind of finding with its severity, 0 the worst."""

Inputs = Callable[[Upgrade], Mapping[str, str]]
"""The hash that each input of an upgrade's evidence has now (DECISIONS 9)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to decide. `subject` is an assignment's or upgrade's uid, or the name of a use case.

    `days` counts from today to the day that matters, negative when it is over: the start of work for late and due,
    else the date itself. `until` is that day. `other` is the version that is to be compared with `key`; `difference` is
    what a finding of drift is about.
    """

    kind: str
    subject: str
    use_case: str
    key: str
    deployment: str
    severity: int
    why: str
    action: str
    days: int | None = None
    until: date | None = None
    other: str = ""
    difference: drift.Difference | None = field(default=None, compare=False)


def attention(
    records: Snapshot,
    today: date,
    since: date | None = None,
    *,
    inputs: Inputs | None = None,
    unreachable: Collection[str] = (),
    rows: Sequence[AssignmentStatus] | None = None,
) -> list[Finding]:
    """All findings about what is in use: the worst first, then the most urgent.

    `since` is the day of the first load; for a use case that was reviewed, everything up to that review was seen. Only
    a date observed after it counts as moved earlier, only a version released after it as new, and without it none
    does. `inputs` tells which evidence has gone stale; without it only old measurements do. `unreachable` are keys
    whose artifact could not be reached. `rows` saves computing the status of every assignment in use again.
    """
    running = running_upgrades(records)
    if rows is None:
        rows = [status(a, records, today, running=running) for a in records.assignments if a.in_use]
    found: list[Finding] = []
    siblings = newer.siblings(records, rows)
    for row in rows:
        seen = seen_until(row.use_case, since)
        found += findings_of(row, today, seen)
        if row.assignment.stage == "Production":
            found += _production(row, records, unreachable)
        found += _newer(row, records, siblings, today, seen)
    found += _drift(records, rows, siblings, today)
    for name in dict.fromkeys(row.assignment.use_case for row in rows):
        found += _use_case(name, records.use_cases.get(name), today)
    cutovers = {row.upgrade.uid: row.plan.cutover_by for row in rows if row.upgrade and row.plan}
    for upgrades in running.values():
        for upgrade in upgrades:
            found += _upgrade(upgrade, records, today, inputs, max(today, cutovers.get(upgrade.uid, today)))
    found.sort(key=lambda f: (f.severity, f.days is None, f.days or 0, f.kind, f.use_case, f.subject))
    return found


def findings_of(row: AssignmentStatus, today: date, since: date | None = None) -> list[Finding]:
    """What the dates and the deployment of one assignment ask for."""
    return [*_time(row, today), *_dates(row, today, since), *_place(row, today)]


def _about(
    row: AssignmentStatus, kind: str, why: str, action: str, days: int | None = None, until: date | None = None,
    other: str = "",
) -> Finding:  # fmt: skip
    a = row.assignment
    return Finding(kind, a.uid, a.use_case, a.version, a.deployment, SEVERITY[kind], why, action, days, until, other)


# ── one assignment ────────────────────────────────────────────────────────────────────────────────────────────────


def _time(row: AssignmentStatus, today: date) -> Iterator[Finding]:
    """Stopped, late, squeezed or due. A decision in force answers all but a version that has stopped."""
    to = f" to {row.target}" if row.target else ""
    if row.retired:
        last = row.ledger.effective.value if row.ledger.effective and row.ledger.effective.value <= today else None
        days = (last - today).days if last else None
        yield _about(row, "stopped", row.outcome.why, f"Check what answers now and move the traffic{to}.", days, last)
        return
    plan, due = row.plan, row.deadline
    if plan is None or due is None or row.decision is not None:
        return
    decide = f"Start the upgrade{to}, or decide to stay, replace or stop."
    if row.upgrade is not None:
        decide = f"Go on with the upgrade{to}, or decide to stay, replace or stop."
    why = f"It {due.why}." if due.why.startswith("retires") else f"{due.why[0].upper()}{due.why[1:]}."
    if plan.state in ("late", "past"):
        late = f"Work had to start by {spoken(plan.shown['start_by'])}: {-plan.start_in} d late."
        yield _about(row, "late", f"{late} {why}", decide, plan.start_in, plan.start_by)
    elif plan.squeezed is not None:
        left, needed = plan.squeezed
        short = f"The target came late: {left} of {needed} days are left."
        yield _about(row, "squeezed", f"{short} {why}", decide, plan.start_in, due.day)
    elif plan.start_in <= DUE_DAYS:
        start = f"Work must start by {spoken(plan.shown['start_by'])}."
        yield _about(row, "due", f"{start} {why}", decide, plan.start_in, plan.start_by)


def _dates(row: AssignmentStatus, today: date, since: date | None) -> Iterator[Finding]:
    """What the ledger asks, as long as the version lives."""
    version, dates = row.version, row.ledger
    if version is None:
        yield _about(row, "unknown_model", row.lifecycle.reason, "Correct the key, or register the version.")
        return
    if row.retired:
        return
    if since is not None and (moved := _moved_earlier(row, version, today, since)) is not None:
        yield moved
    for o in dates.lapsed:
        says = "stopped" if o.certainty == "planned" else "may have stopped"
        question = f"{o.source} says it {says} on {spoken(o.value)}. Still answering?"
        yield _about(row, "lapsed", question, "Record the day it stopped, or the date that holds.", until=o.value)
    if row.outcome.kind == "no_date" and row.deadline is None and row.outcome.looked_on is None:
        yield _about(row, "no_date", row.outcome.why, "Look for the date and record it, or that none is published.")
    if (change := _default_change(row, version, today)) is not None:
        yield change
    age = dates_age(dates, today)
    if age is not None and age > STALE_DAYS:
        why = f"Nobody confirmed its retirement date for {age} days."
        yield _about(row, "stale_dates", why, "Sync, or look the date up and record it.")


def _moved_earlier(row: AssignmentStatus, version: Version, today: date, since: date) -> Finding | None:
    """The date to plan for, or the announced one, is earlier than what was known on the day `since`."""
    before, now = ledger(version, today, row.deployment, known_until=since), row.ledger
    for old, new in ((before.risk, now.risk), (before.effective, now.effective)):
        if old and new and new.value < old.value:
            why = (
                f"Its date moved from {spoken(old.value)} to {spoken(new.value)}, {(old.value - new.value).days} days "
                f"earlier ({new.source}, seen {new.observed_at})."
            )
            return _about(
                row, "moved_earlier", why, "Check the plan, then review it.", (new.value - today).days, new.value
            )
    return None


def _default_change(row: AssignmentStatus, version: Version, today: date) -> Finding | None:
    """Azure's default changes within two weeks, or did, and this deployment follows it as far as is known."""
    place = row.deployment
    if not is_azure(version, place):
        return None
    if place is not None:
        follows = place.upgrade_option == "OnceNewDefaultVersionAvailable" or (
            place.upgrade_option is None and not place.upgrade_option_known
        )
        if not follows or place.fine_tuned or deployment_type(place.sku) in ("provisioned", "batch"):
            return None
    change = ledger(version, today, place, "default_change").effective
    if change is None or abs((change.value - today).days) > DEFAULT_CHANGE_DAYS:
        return None
    note = f", {change.note}" if change.note else ""
    why = f"The default version changes on {spoken(change.value)}{note} ({change.source})."
    action = "Pin the version with OnceCurrentVersionExpired or NoAutoUpgrade, or upgrade to the new one now."
    return _about(row, "default_change", why, action, (change.value - today).days, change.value)


def _place(row: AssignmentStatus, today: date) -> Iterator[Finding]:
    """A deployment that is gone."""
    place = row.deployment
    if place is None:
        return
    if place.missing_since is not None and place.missing_since <= today:
        why = f"{place.name} is no longer listed since {spoken(place.missing_since)}."
        yield _about(row, "drift", why, "Check whether it was deleted, then archive the assignment.")


def _drift(
    records: Snapshot, rows: Sequence[AssignmentStatus], siblings: newer.Siblings, today: date
) -> Iterator[Finding]:
    """What deployments and registries say runs, where that is not what is recorded; archived ones included."""
    for row in rows:
        a, version, place = row.assignment, row.version, row.deployment
        if place is not None and place.remote_version:
            for seen in drift.served(a, place, records, today):
                said = f" (seen {seen.seen_at[:10]})" if seen.seen_at else ""
                why = f"{place.name} serves {seen.remote}{said}, recorded is {seen.recorded}."
                yield _drifting(a, f"{why} {seen.cause}".rstrip(), seen)
        elif version is not None and version.own and version.registry:
            others = [records.versions[key] for key in siblings.get(newer.stem(version.key), ())]
            for seen in drift.staged(a, version, others):
                why = f"{version.registry} says {seen.remote}, recorded is {seen.recorded}. {seen.cause}"
                yield _drifting(a, why.rstrip(), seen)
    in_use = {(row.assignment.use_case, row.assignment.deployment, row.assignment.version) for row in rows}
    for seen in drift.drift(records, (a for a in records.assignments if not a.in_use), today):
        a = seen.assignment
        if (a.use_case, a.deployment, a.version) not in in_use:
            yield _drifting(a, f"{a.version} is {seen.remote}. {seen.cause}", seen)


def _drifting(a: Assignment, why: str, seen: drift.Difference) -> Finding:
    return Finding(
        "drift", a.uid, a.use_case, a.version, a.deployment, SEVERITY["drift"], why,
        "Record what it serves, or move the deployment back.",
        other=seen.accept if seen.accept != a.version else "", difference=seen,
    )  # fmt: skip


# ── production ────────────────────────────────────────────────────────────────────────────────────────────────────


def _production(row: AssignmentStatus, records: Snapshot, unreachable: Collection[str]) -> Iterator[Finding]:
    """What Production must have: a measurement; for a model that we host its origin and its artifact."""
    version, name = row.version, row.assignment.use_case
    if version is None:
        return
    measured = records.measurements.get(version.key, ())
    if not any(m.use_case in ("", name) and m.origin != "reference" for m in measured):
        yield _about(row, "unmeasured", "It runs in Production and nobody measured it.", "Measure it, import results.")
    if not version.own:
        return
    made = version.lineage
    missing = [word for word, known in (("data", made.data_hash or made.data), ("code", made.commit)) if not known]
    if missing:
        why = f"The {' and '.join(missing)} version it was made from is not recorded."
        yield _about(row, "no_lineage", why, "Record data and commit, or register it again with them.")
    if version.key in unreachable:
        why = f"Its artifact is not there: {made.artifact}." if made.artifact else "Its artifact cannot be reached."
        yield _about(row, "unreachable", why, "Restore it, or record where it is: without it no way back.")
    elif version.missing_since is not None:
        why = f"{version.registry or 'Its registry'} no longer lists it since {spoken(version.missing_since)}."
        yield _about(row, "unreachable", why, "Restore it there and sync, or move to another version.")


def _newer(
    row: AssignmentStatus, records: Snapshot, siblings: newer.Siblings, today: date, seen: date | None
) -> Iterator[Finding]:
    """A better version than Production's, else one that came out since somebody looked."""
    ours = newer.better(row, records, siblings) if row.assignment.stage == "Production" else None
    if ours is not None:
        key, why = ours
        action = f"Compare it, then promote {key}, or say in a review why not."
        yield _about(row, "newer_better", why, action, other=key)
    elif (other := newer.released(row, records, siblings, today, seen)) is not None:
        key, why, day = other
        action = "Compare it, then upgrade, or say in a review why not."
        yield _about(row, "newer_version", why, action, until=day, other=key)


# ── use cases and upgrades ────────────────────────────────────────────────────────────────────────────────────────


def _use_case(name: str, use_case: UseCase | None, today: date) -> Iterator[Finding]:
    if use_case is None or not use_case.owner.strip():
        why, action = "Nobody is named as its owner.", "Name an owner."
        yield Finding("no_owner", name, name, "", "", SEVERITY["no_owner"], why, action)
    day, reviewed = use_case.review_by if use_case else None, reviewed_on(use_case)
    if day is not None and day < today and (reviewed is None or reviewed < day):
        why, action = f"It was to be reviewed by {spoken(day)}.", "Review it, or set another day."
        days = (day - today).days
        yield Finding("review_past", name, name, "", "", SEVERITY["review_past"], why, action, days, day)


def _upgrade(
    upgrade: Upgrade, records: Snapshot, today: date, inputs: Inputs | None, cutover: date
) -> Iterator[Finding]:
    def finding(kind: str, why: str, action: str, day: date | None = None) -> Finding:
        return Finding(
            kind, upgrade.uid, upgrade.use_case, upgrade.from_version, upgrade.deployment, SEVERITY[kind], why, action,
            None if day is None else (day - today).days, day,
        )  # fmt: skip

    items = upgrade.items.values()
    late = [i for i in items if i.due is not None and i.due < today and _open(i, today)]
    if late:
        first = min(late, key=lambda i: i.due or today)
        more = f" and {len(late) - 1} more" if len(late) > 1 else ""
        was_due = spoken(first.due) if first.due else ""
        yield finding("item_overdue", f"{first.id} {first.title} was due on {was_due}{more}.", "Do it.", first.due)
    over = [(i.id, i.waiver.until if i.waiver else None) for i in items if waiver_expired(i, today)]
    over += [(name, w.until) for name, w in upgrade.waivers.items() if w.until is None or w.until < today]
    for name, until in over:
        why = f"The waiver of {name} " + (f"ended on {spoken(until)}." if until else "never had an end.")
        yield finding("waiver_expired", why, "Resolve it, or have it waived anew.", until)
    yield from _target(upgrade, records, today, cutover, finding)
    known = inputs(upgrade) if inputs is not None else {}
    for item in items if inputs is not None else ():
        if (changed := stale(item, known)) is not None:
            yield finding("stale_evidence", f"{item.id} is stale: {changed}.", "Do it again with what holds now.")


def _open(item: Item, today: date) -> bool:
    return not resolved(item, today) and item.state != "waived"


def _target(
    upgrade: Upgrade, records: Snapshot, today: date, cutover: date, finding: Callable[..., Finding]
) -> Iterator[Finding]:
    """A target that retires within the runway of the policy (DECISIONS 7), and measurements of it that are too old."""
    target, use_case = records.versions.get(upgrade.to_version), records.use_cases.get(upgrade.use_case)
    if target is None or use_case is None:
        return
    place = records.deployments.get(upgrade.deployment)
    dates, runway = ledger(target, today, place), use_case.criteria.runway_days
    last = dates.risk
    if lifecycle(target, today, place, dates=dates).status == "retired":
        yield finding("target_retires", f"The target {target.key} is retired.", "Choose another target.")
    elif last is not None and last.value > today and (left := (last.value - cutover).days) < runway:
        after = f"{left} days after the cut-over" if left > 0 else "before it is in use"
        why = f"The target {target.key} retires on {spoken(last.value)}, {after}; the policy asks for {runway} days."
        yield finding(
            "target_retires", why, "Choose a target that lives longer, or ask for less in the policy.", last.value
        )
    limit = use_case.criteria.max_evidence_age_days
    days = [
        d for m in records.measurements.get(target.key, ()) if m.use_case == use_case.name and (d := measured_day(m))
    ]
    if days and (today - max(days)).days > limit:
        why = f"{target.key} was last measured {(today - max(days)).days} days ago; the policy allows {limit}."
        yield finding("stale_evidence", why, "Measure the target again.")
