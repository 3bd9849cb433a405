"""What a comparison shows, put together off the event loop: rows, life, and then the verdict of each candidate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import date
from functools import partial

from store.records import Deployment, Upgrade, UseCase, Version
from store.review.breakage import Risk, break_risks
from store.review.comparison import Cell, Comparison, Row, compare, prepared_row
from store.review.context import platform_of
from store.review.costs import (
    Cost,
    break_even_row,
    budget_ranges,
    cost_in_place,
    cost_per_call_row,
    cost_per_success,
    cost_row,
    migration_cost,
)
from store.review.figures import figures, finite
from store.review.ledger import ledger
from store.review.lifecycle import Outcome, on_the_day
from store.review.plan import Deadline, deadline
from store.review.status import AssignmentStatus
from store.review.verdict import Verdict, VerdictRow, gate
from store.values import dataclass
from tui.state import View

MOST = 8
"""Versions that stand side by side."""


class Stopped(Exception):
    """What is computed is no longer wanted: esc, another baseline, other columns, or the screen is gone."""


class Judging:
    """A run of the gate in a thread: how far it is, and the wish to end it."""

    def __init__(self) -> None:
        self.share = 0.0
        self.ended = False

    def go_on(self, share: float) -> bool:
        """Take note of the share done; whether to go on."""
        self.share = max(self.share, share)
        return not self.ended

    def end(self) -> None:
        """Let it stop at its next word."""
        self.ended = True


@dataclass(frozen=True, slots=True)
class Life:
    """How long a version answers, where it would be deployed. `runway` is days from the cut-over to its deadline."""

    effective: date | None
    certainty: str
    outcome: Outcome
    deadline: Deadline | None
    runway: int | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A comparison with all that is said beside it. `verdicts` are by candidate, empty while they are computed and
    where that was `stopped`.

    `costs` are monthly, at the use case's volume; `risks` what may break, by candidate. `missing` are keys that are
    not in the catalog. `upgrade` is the open upgrade of the baseline in the use case. `cutover` is the day that a
    runway counts from, `planned` whether a plan says so (else it is today).
    """

    view: View
    keys: tuple[str, ...]
    baseline: str
    use_case: UseCase | None
    comparison: Comparison
    lives: Mapping[str, Life]
    stages: Mapping[str, tuple[str, float]]
    costs: Mapping[str, Cost] = field(default_factory=dict)
    risks: Mapping[str, tuple[Risk, ...]] = field(default_factory=dict)
    upgrade: Upgrade | None = None
    cutover: date | None = None
    planned: bool = False
    missing: tuple[str, ...] = ()
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    stopped: bool = False

    @property
    def candidates(self) -> tuple[str, ...]:
        """All columns but the baseline."""
        return tuple(key for key in self.keys if key != self.baseline)

    def version(self, key: str) -> Version:
        """A compared version."""
        return self.view.records.versions[key]

    def risk(self, id: str, key: str) -> Risk | None:
        """One of a candidate's break risks."""
        return next((risk for risk in self.risks.get(key, ()) if risk.id == id), None)

    def judged(self, row: Row, key: str) -> VerdictRow | None:
        """What the verdict says about one figure of one candidate; the worst where several checks look at it."""
        verdict = self.verdicts.get(key)
        if verdict is None or row.series is None:
            return None
        found = [v for v in verdict.rows if v.series == row.series and v.verdict != "INFO"]
        return min(found, key=lambda v: _WORST.index(v.verdict), default=None)


_WORST = ("ERROR", "FAIL", "INCONCLUSIVE", "STALE", "WAIVED", "WARN", "PASS_UNPROVEN", "PASS")


def prepare(view: View, keys: Sequence[str], use_case: str, baseline: str) -> Prepared | None:
    """Compare versions; None where fewer than one of the keys is known. Verdicts come later (`judge`)."""
    records = view.records
    known = [key for key in dict.fromkeys(keys) if key in records.versions][:MOST]
    if not known:
        return None
    first = baseline if baseline in known else known[0]
    known = [first, *(key for key in known if key != first)]
    where = records.use_cases.get(use_case) if use_case else None
    here = _status(view, use_case, first)
    place = here.deployment if here is not None else None
    plan = here.plan if here is not None else None
    cutover = max(plan.cutover_by, view.today) if plan is not None else view.today
    versions = [records.versions[key] for key in known]
    costs = {} if where is None else {
        v.key: cost_in_place(v, versions[0], where, place, records.measurements, records.metrics) for v in versions
    }  # fmt: skip
    risks = {v.key: break_risks(versions[0], v, use_case=where, deployment=place) for v in versions[1:]}
    lives = {v.key: _life(v, first, place, cutover, plan is not None, view.today) for v in versions}
    found = compare(
        versions,
        records.measurements,
        records.metrics,
        baseline=first,
        use_case=where,
        extra=[*_life_rows(known, first, lives, plan is not None), *_cost_rows(costs, first, where, view)],
    )
    stages = {
        a.version: (a.stage, a.share) for a in records.assignments if a.use_case == use_case and a.version in lives
    }
    upgrade = here.upgrade if here is not None else None
    missing = tuple(key for key in keys if key not in records.versions)
    return Prepared(
        view,
        tuple(known),
        first,
        where,
        found,
        lives,
        stages,
        costs,
        risks,
        upgrade,
        cutover,
        plan is not None,
        missing,
    )


def judge(prepared: Prepared, go_on: Callable[[float], bool] = lambda _share: True) -> dict[str, Verdict]:
    """The verdict of every candidate under the use case's criteria; waivers of its open upgrade hold for its target.

    A bootstrap may take seconds: `go_on` is told the share done, and where it says no the answer is empty.
    """
    try:
        return _judge(prepared, go_on)
    except Stopped:
        return {}


def _judge(prepared: Prepared, go_on: Callable[[float], bool]) -> dict[str, Verdict]:
    records, use_case = prepared.view.records, prepared.use_case
    if use_case is None:
        return {}

    def told(done: int, share: float) -> None:
        if not go_on((done + share) / len(prepared.candidates)):
            raise Stopped

    found = {}
    for done, key in enumerate(prepared.candidates):
        upgrade = prepared.upgrade
        waivers = upgrade.waivers if upgrade is not None and upgrade.to_version == key else {}
        found[key] = gate(
            prepared.version(prepared.baseline), prepared.version(key), records.measurements, records.metrics,
            use_case.criteria, prepared.view.today, use_case=use_case, waivers=waivers, progress=partial(told, done),
            ranges=budget_ranges(prepared.costs[key]),
        )  # fmt: skip
    return found


def _status(view: View, use_case: str, key: str) -> AssignmentStatus | None:
    """Where a version stands in a use case; what is in Production first."""
    found = [s for s in view.statuses.values() if s.assignment.use_case == use_case and s.assignment.version == key]
    return max(found, key=lambda s: s.assignment.stage == "Production", default=None)


def _life(version: Version, baseline: str, place: Deployment | None, cutover: date, planned: bool, today: date) -> Life:
    """A candidate on the same platform would stand in the same deployment; elsewhere nothing is known of it."""
    where = place if _same_platform(version, place) else None
    dates = ledger(version, today, where)
    outcome = on_the_day(version, where, today, dates=dates)
    due = deadline(version, where, today, known=dates, outcome=outcome)
    runway = None if due is None or (planned and version.key == baseline) else (due.day - cutover).days
    announced = dates.effective
    return Life(
        None if announced is None else announced.value, "" if announced is None else announced.certainty, outcome, due,
        runway,
    )  # fmt: skip


def _cost_rows(costs: Mapping[str, Cost], baseline: str, use_case: UseCase | None, view: View) -> list[Row]:
    """The monthly cost, and per successful prediction where the headline is a success rate."""
    if use_case is None:
        return []
    switches = {key: migration_cost(view.records.versions[key], use_case, view.records.measurements) for key in costs}
    rows = [cost_row(costs, baseline, use_case), cost_per_call_row(costs, baseline, use_case)]
    rows += break_even_row(costs, baseline, switches)
    metric = view.records.metrics.get(use_case.headline)
    if metric is None or metric.kind != "rate" or metric.direction != "up":
        return rows
    cells: dict[str, Cell | None] = {}
    for key, cost in costs.items():
        known = figures(view.records.versions[key], view.records.measurements, view.records.metrics, use_case.name)
        rates = [m.value for s, m in known.items() if s.metric == metric.name and s.use_case and not s.slice]
        each = cost_per_success(cost, use_case, metric, finite(rates[0]) if rates else None)
        cells[key] = Cell(each.mid, low=each.low, high=each.high) if each.known else None
    title = "per successful prediction"
    return [*rows, prepared_row("cost", "cost_per_success", title, cells, baseline, "down", group="cost", unit="USD")]


def _same_platform(version: Version, place: Deployment | None) -> bool:
    return place is not None and platform_of(version.provider) == platform_of(place.platform or version.provider)


def _life_rows(keys: Sequence[str], baseline: str, lives: Mapping[str, Life], planned: bool) -> list[Row]:
    """Dates as rows: their values are ISO text, so that they differ or not; `compare_cells` shows them in words."""
    retires: dict[str, Cell | None] = {}
    runway: dict[str, Cell | None] = {}
    outcome: dict[str, Cell | None] = {}
    for key in keys:
        life = lives[key]
        retires[key] = None if life.effective is None else Cell(f"{life.certainty} {life.effective.isoformat()}")
        runway[key] = None if life.runway is None else Cell(float(life.runway))
        outcome[key] = Cell(f"{life.outcome.kind} {life.outcome.target or ''}".rstrip())
    title = "runway after cut-over" if planned else "runway from today"
    return [
        prepared_row("life", "retires", "retires", retires, baseline, group="life", rank=-3),
        prepared_row("life", "on_the_day", "on the day", outcome, baseline, group="life", rank=-2),
        prepared_row("life", "runway", title, runway, baseline, "up", group="life", unit="d", rank=-1),
    ]
