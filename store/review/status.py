"""All that a row of the catalog says about one assignment or one version, computed once (DECISIONS 1 to 3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from store.records import Assignment, Decision, Deployment, Snapshot, Upgrade, UseCase, Version, first_day
from store.review.items import resolved
from store.review.ledger import NO_DATES, Ledger, ledger
from store.review.lifecycle import Lifecycle, Outcome, lifecycle, named, on_the_day
from store.review.plan import DURATIONS, PHASES, Deadline, Durations, Plan, deadline, plan
from store.values import dataclass

Running = Mapping[tuple[str, str], Sequence[Upgrade]]
"""Open upgrades by use case and by the version they leave."""


@dataclass(frozen=True, slots=True)
class VersionStatus:
    """A version by itself: without a deployment what happens on the day is often not known."""

    version: Version
    lifecycle: Lifecycle
    outcome: Outcome
    ledger: Ledger


@dataclass(frozen=True, slots=True)
class AssignmentStatus:
    """Where an assignment stands. `version` is None where its key is not in the catalog: then nothing is known.

    `plan` is None without a deadline and once the version has stopped; `deadline` is kept. `decision` is the one in
    force. `start_by` is the day to show, `start_in` counts from the unmoved one.
    """

    assignment: Assignment
    version: Version | None
    use_case: UseCase | None
    deployment: Deployment | None
    lifecycle: Lifecycle
    outcome: Outcome
    ledger: Ledger
    deadline: Deadline | None = None
    plan: Plan | None = None
    decision: Decision | None = None
    upgrade: Upgrade | None = None
    target: str | None = None

    @property
    def start_in(self) -> int | None:
        """Days from today to the true start; negative when late; None where nothing is to be started."""
        return None if self.plan is None else self.plan.start_in

    @property
    def start_by(self) -> date | None:
        """The last free day on which work can start."""
        return None if self.plan is None else self.plan.shown["start_by"]

    @property
    def squeezed(self) -> tuple[int, int] | None:
        """(days left, days needed) where the target came too late."""
        return None if self.plan is None else self.plan.squeezed

    @property
    def stay_until(self) -> date | None:
        """The last day of a decision that takes the row off late."""
        return None if self.decision is None else self.decision.until

    @property
    def retired(self) -> bool:
        """The version is retired: the deployment has stopped, or serves something else by now."""
        return self.lifecycle.status == "retired"


def version_status(version: Version, today: date) -> VersionStatus:
    """What is known about a version without an assignment."""
    dates = ledger(version, today)
    stage = lifecycle(version, today, dates=dates)
    return VersionStatus(version, stage, on_the_day(version, None, today, dates=dates, stage=stage), dates)


def running_upgrades(records: Snapshot) -> Running:
    """The open upgrades, for `status` of many assignments."""
    found: dict[tuple[str, str], list[Upgrade]] = defaultdict(list)
    for upgrade in records.upgrades.values():
        if upgrade.state == "open":
            found[upgrade.use_case, upgrade.from_version].append(upgrade)
    return found


def status(
    assignment: Assignment,
    records: Snapshot,
    today: date,
    *,
    running: Running | None = None,
    base: Durations | None = None,
) -> AssignmentStatus:
    """Everything about one assignment; pass `running` when asking for many.

    The plan takes the days of the running upgrade's template, else of the one that an upgrade would take
    (`Snapshot.template_days`); `base` overrules both.
    """
    version = records.versions.get(assignment.version)
    use_case = records.use_cases.get(assignment.use_case)
    place = records.deployments.get(assignment.deployment)
    upgrade = _upgrade_of(assignment, running_upgrades(records) if running is None else running)
    if version is None:
        why = f"'{assignment.version}' is not in the catalog."
        return AssignmentStatus(
            assignment, None, use_case, place, Lifecycle("unknown", why), Outcome("unknown", None, why), NO_DATES,
            upgrade=upgrade, target=upgrade.to_version or None if upgrade else None,
        )  # fmt: skip
    dates = ledger(version, today, place)
    stage = lifecycle(version, today, place, dates=dates)
    outcome = on_the_day(version, place, today, dates=dates, stage=stage)
    due = deadline(version, place, today, known=dates, outcome=outcome)
    target = target_of(upgrade, version, outcome)
    way = None
    if due is not None and stage.status != "retired":
        days = base or days_of(upgrade, records, assignment.use_case, version.key, assignment.deployment)
        way = plan_back(due.day, upgrade, use_case, records.versions.get(target or ""), today, days)
    decided = decision_in_force(use_case, assignment, due.day if due else None, today)
    return AssignmentStatus(
        assignment, version, use_case, place, stage, outcome, dates, due, way, decided, upgrade, target
    )


def target_of(upgrade: Upgrade | None, version: Version, outcome: Outcome) -> str | None:
    """The version that a move would go to: the upgrade's target, else what the platform or the vendor names."""
    return (upgrade.to_version if upgrade else "") or outcome.target or named(version.value("replacement"))


def days_of(upgrade: Upgrade | None, records: Snapshot, use_case: str, key: str, deployment: str) -> Durations:
    """The days by step of the upgrade's template version, else of the template that would apply."""
    if upgrade is not None and upgrade.durations:
        return Durations(**upgrade.durations)
    return Durations(**records.template_days(use_case, key, deployment)) if records.template_days else DURATIONS


def plan_back(
    deadline: date,
    upgrade: Upgrade | None,
    use_case: UseCase | None,
    target: Version | None,
    today: date,
    days: Durations,
) -> Plan:
    """The plan of one move: what catalog, checklist and command line all show."""
    return plan(
        deadline,
        today,
        criticality=use_case.criticality if use_case else None,
        freeze=use_case.freeze if use_case else (),
        finished=finished_phases(upgrade, today) if upgrade is not None and upgrade.items else frozenset(),
        usable_from=usable_from(target),
        base=days,
    )


def _upgrade_of(assignment: Assignment, running: Running) -> Upgrade | None:
    """The upgrade of this deployment, else one that names none."""
    found = running.get((assignment.use_case, assignment.version), ())
    fitting = [u for u in found if u.deployment in (assignment.deployment, "default")]
    return max(fitting, key=lambda u: (u.deployment == assignment.deployment, u.created or date.min), default=None)


def finished_phases(upgrade: Upgrade, today: date) -> frozenset[str]:
    """The phases whose items are all resolved. One without items is over as soon as a later one is.

    Sign-off is an item of Validate, so the approval is over with it.
    """
    finished: set[str] = set()
    for phase in reversed(PHASES):
        items = [item for item in upgrade.items.values() if item.phase == phase]
        if all(resolved(item, today) for item in items) and (items or finished):
            finished.add(phase)
    return frozenset(finished | {"approval"} if "Validate" in finished else finished)


def usable_from(target: Version | None) -> date | None:
    """The first day on which a target could be used: its release, as far as known."""
    released = target.value("release_date") if target is not None else None
    if not isinstance(released, str):
        return None
    try:
        return first_day(released)
    except ValueError:
        return None  # an imported fact may say anything; a release that is no date is not known


def decision_in_force(
    use_case: UseCase | None, assignment: Assignment, deadline: date | None, today: date
) -> Decision | None:
    """The newest decision for the assignment, its version or the use case, while it takes the row off late.

    It does until its day is over, or until the deadline is earlier than the one it was taken against (DECISIONS 3).
    A newer decision replaces an older one, also where it has no such day.
    """
    subjects = ("", assignment.uid, assignment.version)
    taken = [d for d in use_case.decisions if d.subject in subjects] if use_case else []
    if not taken:
        return None
    newest = max(reversed(taken), key=lambda d: d.at)
    if newest.until is None or newest.until < today:
        return None
    if newest.deadline is not None and deadline is not None and deadline < newest.deadline:
        return None
    return newest
