"""The deadline of an assignment and the plan back from it (DECISIONS 3). All durations are calendar days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Literal, NamedTuple

from store.records import Criticality, Deployment, Observation, Version
from store.review.lifecycle import RISK_DAYS, Ledger, Outcome, age_days, firm, ledger, on_the_day, spoken
from store.values import dataclass

DUE_DAYS = 14
"""A start this near counts as due."""
DEFAULT_CHANGE_DAYS = 14
"""Azure moves deployments within two weeks after a new default (DECISIONS 2)."""
LEAD_TIME_FACT = "upgrade_on_expiry_lead_time_days"
"""Azure's `upgradeOnExpiryLeadTimeDays` as a fact of the version that retires."""

PHASES = ("Discover", "Prepare", "Assess", "Adapt", "Validate", "Roll out", "Retire")
State = Literal["on_track", "due", "late", "squeezed", "past"]


# ── the deadline ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Deadline:
    """The day by which the assignment must have moved. `kind` names the date that was taken, `why` says it."""

    day: date
    kind: str
    certainty: str
    why: str
    observation: Observation


def deadline(
    version: Version,
    deployment: Deployment | None,
    today: date,
    *,
    dates: Literal["risk", "effective"] = "risk",
    known: Ledger | None = None,
    outcome: Outcome | None = None,
) -> Deadline | None:
    """The risk date (or the effective one), or an automatic upgrade before it; None where there is no date.

    `known` and `outcome` save computing them again. A start of automatic upgrades that has passed counts while its
    observation is not older than `RISK_DAYS` (regions follow one another); a default change while its two weeks run.
    """
    known = ledger(version, today, deployment) if known is None else known
    outcome = on_the_day(version, deployment, today, dates=known) if outcome is None else outcome
    base = known.risk if dates == "risk" else known.effective
    found = [] if base is None or (base.value <= today and not firm(base)) else [_taken(base, "retires")]
    if outcome.kind == "upgrades":
        found += _upgrades(version, deployment, today, dates, found)
    return min(found, key=lambda d: d.day, default=None)


def _upgrades(
    version: Version, deployment: Deployment | None, today: date, dates: str, retires: list[Deadline]
) -> list[Deadline]:
    """The earlier days on which an automatic upgrade may put another version in its place."""

    def said(kind: str) -> Observation | None:
        seen = ledger(version, today, deployment, kind)
        return seen.risk if dates == "risk" else seen.effective

    found = []
    start = said("auto_upgrade_start")
    if start is not None and (start.value >= today or age_days(start.observed_at, today) <= RISK_DAYS):
        found.append(_taken(start, "automatic upgrades start"))
    lead = version.value(LEAD_TIME_FACT)
    if not found and retires and isinstance(lead, (int, float)):
        day, last = retires[0].day - timedelta(days=int(lead)), retires[0].observation
        why = f"automatic upgrades start {int(lead)} days before it retires on {spoken(last.value)} ({last.source})"
        found.append(Deadline(day, "auto_upgrade_start", last.certainty, why, last))
    if deployment is not None and deployment.upgrade_option == "OnceNewDefaultVersionAvailable":
        change = said("default_change")
        if change is not None and (today - change.value).days <= DEFAULT_CHANGE_DAYS:
            found.append(_taken(change, "the default version changes"))
    return found


def _taken(o: Observation, what: str) -> Deadline:
    mark = {"tentative": "~ ", "not_before": "≥ "}.get(o.certainty, "")
    why = f"{what} {mark}{spoken(o.value)} ({o.certainty.replace('_', ' ')}, {o.source}, seen {o.observed_at})"
    return Deadline(o.value, o.kind, o.certainty, why, o)


# ── how long the work takes ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Durations:
    """Days per step of an upgrade."""

    assess: int = 5
    adapt: int = 10
    validate: int = 5
    approval: int = 3
    canary: int = 14
    rollback: int = 30

    @property
    def total(self) -> int:
        """Days from the start to the deadline."""
        return self.assess + self.adapt + self.validate + self.approval + self.canary + self.rollback


DURATIONS = Durations()
_HALVES: Mapping[str | None, int] = {"low": 1, "normal": 2, "high": 4}
_STEP_OF: Mapping[str, str] = {
    "assess": "assess", "adapt": "adapt", "validate": "validate",
    "approval": "approval", "roll out": "canary", "canary": "canary",
}  # fmt: skip


def durations(criticality: Criticality | None, base: Durations = DURATIONS) -> Durations:
    """Scaled by criticality: low half, high double, rounded up; not asked counts as normal. Rollback never scales."""
    halves = _HALVES.get(criticality, 2)

    def scaled(days: int) -> int:
        return -(-days * halves // 2)

    return replace(
        base,
        assess=scaled(base.assess),
        adapt=scaled(base.adapt),
        validate=scaled(base.validate),
        approval=scaled(base.approval),
        canary=scaled(base.canary),
    )


# ── the plan ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Window(NamedTuple):
    """First and last day of a phase."""

    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Plan:
    """The dates back from the deadline, true; `shown` has them on the last free day before weekends and freezes.

    `start_in` is days from today to the true `start_by`, negative when late. `squeezed` is (days left, days needed)
    where the target came too late to start in time. `rollback_left` is how much of the rollback window remains if all
    other work takes its full time. `begin` is the first day on which work can begin, `spare` the days that are left
    after all of it. `freeze` are the windows in which nothing is changed, their last day included.
    """

    deadline: date
    start_by: date
    adapt_from: date
    validate_from: date
    validated_by: date
    approved_by: date
    rollout_start: date
    cutover_by: date
    shown: dict[str, date]
    start_in: int
    state: State
    squeezed: tuple[int, int] | None
    today: date
    begin: date
    spare: int
    durations: Durations
    freeze: tuple[tuple[date, date], ...] = ()

    @property
    def total_days(self) -> int:
        """Days from the start to the deadline."""
        return self.durations.total

    @property
    def rollback_left(self) -> int:
        """Days of the rollback window that remain."""
        return max(min(self.spare, self.durations.rollback), 0)

    @property
    def windows(self) -> dict[str, Window]:
        """The days for checklist items, by phase."""
        return _windows(self)

    @property
    def why(self) -> str:
        """How it was counted, in a sentence."""
        return _why(self.deadline, self.start_by, self.durations)

    @property
    def advice(self) -> tuple[str, ...]:
        """What can be compressed, and what that risks."""
        return _advice(self.state, self.spare, (self.cutover_by - self.begin).days, self.durations)


def plan(
    deadline: date,
    today: date,
    *,
    criticality: Criticality | None = None,
    freeze: Sequence[tuple[date, date]] = (),
    finished: frozenset[str] = frozenset(),
    usable_from: date | None = None,
    base: Durations = DURATIONS,
) -> Plan:
    """Count back from the deadline.

    `finished` names phases that a running upgrade is through with (Assess, Adapt, Validate, approval, Roll out);
    they take no more days. `usable_from` is the first day on which the target could be used. `freeze` windows
    include their last day.
    """
    took = durations(criticality, base)
    over = {step for phase in finished if (step := _STEP_OF.get(phase.casefold()))}
    took = replace(took, **dict.fromkeys(over, 0)) if over else took
    cutover_by = deadline - timedelta(days=took.rollback)
    rollout_start = approved_by = cutover_by - timedelta(days=took.canary)
    validated_by = approved_by - timedelta(days=took.approval)
    validate_from = validated_by - timedelta(days=took.validate)
    adapt_from = validate_from - timedelta(days=took.adapt)
    start_by = adapt_from - timedelta(days=took.assess)
    days = {
        "start_by": start_by,
        "adapt_from": adapt_from,
        "validate_from": validate_from,
        "validated_by": validated_by,
        "approved_by": approved_by,
        "rollout_start": rollout_start,
        "cutover_by": cutover_by,
    }
    start_in = (start_by - today).days
    squeezed = None
    if usable_from is not None and usable_from > start_by and deadline > today:
        squeezed = (max((deadline - max(usable_from, today)).days, 0), took.total)
    state: State = "past" if deadline <= today else "squeezed" if squeezed else _state(start_in)
    begin = max(today, usable_from) if squeezed and usable_from else today
    spare = (deadline - max(begin, start_by)).days - (took.total - took.rollback)
    return Plan(
        deadline=deadline,
        **days,
        shown={name: last_free_day(day, freeze) for name, day in days.items()},
        start_in=start_in,
        state=state,
        squeezed=squeezed,
        today=today,
        begin=begin,
        spare=spare,
        durations=took,
        freeze=tuple(freeze),
    )


def _state(start_in: int) -> State:
    return "late" if start_in < 0 else "due" if start_in <= DUE_DAYS else "on_track"


def last_free_day(day: date, freeze: Sequence[tuple[date, date]] = ()) -> date:
    """The day itself, or the last one before it that is neither on a weekend nor in a freeze window."""
    while True:
        frozen = [first for first, last in freeze if first <= day <= last]
        if frozen:
            day = min(frozen) - timedelta(days=1)
        elif day.weekday() >= 5:
            day -= timedelta(days=day.weekday() - 4)
        else:
            return day


def _windows(way: Plan) -> dict[str, Window]:
    """By phase. Work that cannot begin by start_by shrinks in proportion to what is left until the cut-over."""
    start_by, cutover_by, begin = way.start_by, way.cutover_by, way.begin
    span, left = (cutover_by - start_by).days, (cutover_by - begin).days

    def fit(day: date) -> date:
        if begin <= start_by:
            return day
        if left <= 0 or span <= 0:
            return begin
        return begin + timedelta(days=round((day - start_by).days * left / span))

    first = Window(way.today, fit(start_by))
    return {
        "Discover": first,
        "Prepare": first,
        "Assess": Window(fit(start_by), fit(way.adapt_from)),
        "Adapt": Window(fit(way.adapt_from), fit(way.validate_from)),
        "Validate": Window(fit(way.validate_from), fit(way.validated_by)),
        "Roll out": Window(fit(way.rollout_start), fit(cutover_by)),
        "Retire": Window(fit(cutover_by), max(way.deadline, fit(cutover_by))),
    }


def _why(deadline: date, start_by: date, took: Durations) -> str:
    steps = ", ".join(
        f"{name} {days}"
        for name, days in (
            ("rollback window", took.rollback), ("canary", took.canary), ("approval", took.approval),
            ("validate", took.validate), ("adapt", took.adapt), ("assess", took.assess),
        )
        if days
    )  # fmt: skip
    return f"{spoken(deadline)} less {took.total} days ({steps}) is {spoken(start_by)}."


def _advice(state: State, spare: int, room: int, took: Durations) -> tuple[str, ...]:
    """What can be compressed and what that risks: `spare` days after all work, `room` until the planned cut-over."""
    if state == "past":
        return ("The date has passed: check what answers now, then move the traffic or stop it.",)
    if state not in ("late", "squeezed"):
        return ()
    work, advice = took.total - took.rollback, []
    if spare < 0:
        advice.append(
            f"{work} days of work do not fit into the {max(work + spare, 0)} left: steps must run side by side."
        )
    elif spare < took.rollback:
        advice.append(
            f"Full-length work leaves {spare} of {took.rollback} days to go back: late faults find no way back."
        )
    if room > 0:
        advice.append(f"To keep the whole rollback window, the {work} days of work must fit into {room}.")
    if took.canary:
        advice.append(f"A canary under {took.canary} days sees less traffic: rare faults show only after the switch.")
    if took.validate:
        advice.append("Never shorten validation: an unproven target is what the plan protects from.")
    return tuple(advice)


def outdated(planned_for: date | None, now: Plan | None) -> bool:
    """Whether due dates that count back from `planned_for` are those of another plan than the one that holds now."""
    return planned_for is not None and now is not None and planned_for != now.deadline


# ── due dates of checklist items ──────────────────────────────────────────────────────────────────────────────────


def spread(items: Sequence[tuple[str, int]], window: tuple[date, date], today: date) -> dict[str, date]:
    """Due dates of (item id, offset) inside a window, evenly, in order of falling offset; nothing in the past.

    The last item is due on the last day of the window. Equal offsets keep their order.
    """
    start = max(window[0], today)
    days = max((window[1] - start).days, 0)
    ordered = sorted(items, key=lambda item: -item[1])
    return {name: start + timedelta(days=days * (i + 1) // len(ordered)) for i, (name, _) in enumerate(ordered)}


def due_dates(items: Sequence[tuple[str, str, int]], plan: Plan, today: date) -> dict[str, date]:
    """Due dates of (item id, phase, offset). Retire counts its own offset from the deadline, the others are spread.

    Work that would be due on a weekend or in a freeze window is due on the last free day before, where that lies ahead.
    What retires keeps its day: to delete the old deployment early would cut the way back.
    """
    due: dict[str, date] = {}
    for phase in PHASES[:-1]:
        mine = [(name, offset) for name, where, offset in items if where == phase]
        for name, day in spread(mine, plan.windows[phase], today).items():
            due[name] = max(last_free_day(day, plan.freeze), today)
    for name, where, offset in items:
        if where == PHASES[-1]:
            due[name] = max(plan.deadline - timedelta(days=offset), today)
    return due
