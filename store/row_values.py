"""What a row answers for each field: read from its records, or decided by the rules of `store.review`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from store.fields import Value
from store.records import LINEAGE_PARTS, Assignment, Deployment, Json, Measurement, UseCase, Version, first_day
from store.review.costs import monthly_cost
from store.review.figures import finite, measured_day
from store.review.lifecycle import named
from store.review.status import AssignmentStatus, VersionStatus
from store.rows import Row

# ── measurements ──────────────────────────────────────────────────────────────────────────────────────────────────


def newest_of(row: Row, metric: str) -> Measurement | None:
    """The newest finite measurement of a metric: of the row's use case or of none, the whole set before slices."""
    name = row.use_case or ""
    best: tuple[tuple[bool, bool, int], Measurement] | None = None
    for m in row.lookup.snapshot.measurements.get(row.key, ()):
        if m.metric != metric or finite(m.value) is None or (name and m.use_case not in ("", name)):
            continue
        order = (m.slice != "", m.use_case != name, -(measured_day(m) or date.min).toordinal())
        if best is None or order <= best[0]:
            best = order, m
    return best[1] if best else None


def metric_value(row: Row, name: str) -> float | None:
    """The newest value of a metric for the row (`newest_of`)."""
    found = newest_of(row, name)
    return finite(found.value) if found else None


def _column_value(column: str) -> Callable[[Row], float | None]:
    def value(row: Row) -> float | None:
        """The newest value of the metric of lowest rank that fills the column."""
        snapshot = row.lookup.snapshot
        measured = {m.metric for m in snapshot.measurements.get(row.key, ())}
        fitting = [m for name in measured if (m := snapshot.metrics.get(name)) is not None and m.column == column]
        values = (metric_value(row, m.name) for m in sorted(fitting, key=lambda m: (m.rank, m.name)))
        return next((v for v in values if v is not None), None)

    return value


def _headline_value(row: Row) -> float | None:
    return finite(row.headline[1].value) if row.headline else None


def _measurements(row: Row) -> tuple[Measurement, ...]:
    own = row.use_case
    found = row.lookup.snapshot.measurements.get(row.key, ())
    return tuple(m for m in found if own is None or m.use_case in ("", own))


# ── facts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _fact(name: str, *others: str) -> Callable[[Row], Any]:
    def value(row: Row) -> Any:
        record = row.record
        if record is None:
            return None
        return next((v for n in (name, *others) if (v := record.value(n)) is not None), None)

    return value


def _number(name: str) -> Callable[[Row], float | None]:
    known = _fact(name)
    return lambda row: finite(known(row))


def _words(name: str) -> Callable[[Row], tuple[str, ...] | None]:
    known = _fact(name)

    def value(row: Row) -> tuple[str, ...] | None:
        found = known(row)
        return tuple(str(v) for v in found) if isinstance(found, (list, tuple)) else None

    return value


def _text(name: str) -> Callable[[Row], str | None]:
    known = _fact(name)
    return lambda row: found if isinstance(found := known(row), str) else None


def _flag(name: str) -> Callable[[Row], bool | None]:
    known = _fact(name)
    return lambda row: found if isinstance(found := known(row), bool) else None


_dated = _fact("release_date", "created")


def _released(row: Row) -> date | None:
    found = _dated(row)
    try:
        return first_day(found) if isinstance(found, str) else None
    except ValueError:
        return None  # the detail screen shows the text as it is; it is no date that could be compared


# ── other parts of the records ────────────────────────────────────────────────────────────────────────────────────


def _of_version(read: Callable[[Version], Value | None]) -> Callable[[Row], Value | None]:
    return lambda row: None if (record := row.record) is None else read(record)


def _of_use_case(read: Callable[[UseCase], Value | None]) -> Callable[[Row], Value | None]:
    return lambda row: None if (record := row.use_case_record) is None else read(record) or None


def _of_status(read: Callable[[AssignmentStatus | VersionStatus], Value | None]) -> Callable[[Row], Value | None]:
    return lambda row: None if (status := row.status) is None else read(status)


def _of_plan(read: Callable[[AssignmentStatus], Value | None]) -> Callable[[Row], Value | None]:
    return lambda row: read(status) if isinstance(status := row.status, AssignmentStatus) else None


def _of_deployment(read: Callable[[Deployment], Value | None]) -> Callable[[Row], Value | None]:
    return lambda row: None if (record := row.deployment_record) is None else read(record) or None


def _of_assignment(read: Callable[[Assignment], Value | None]) -> Callable[[Row], Value | None]:
    return lambda row: None if row.assignment is None else read(row.assignment)


def _reproducible(version: Version) -> float:
    parts = (any(getattr(version.lineage, name) for name in names) for _, names in LINEAGE_PARTS)
    return float(sum(parts))


def _tags(row: Row) -> tuple[str, ...] | None:
    if row.assignment is None:
        return row.head.tags or None
    use_case, deployment = row.use_case_record, row.deployment_record
    tags = (*row.head.tags, *(use_case.tags if use_case else ()), *(deployment.tags if deployment else ()))
    return tuple(dict.fromkeys(tags)) or None


def _lifecycle(status: AssignmentStatus | VersionStatus) -> str:
    return "ga (listed)" if status.lifecycle.listed else status.lifecycle.status


def _days(row: Row) -> float | None:
    effective = row.get("retires")
    return float((effective - row.lookup.today).days) if isinstance(effective, date) else None


def _upgrade(status: AssignmentStatus) -> str | None:
    return None if status.upgrade is None else status.upgrade.to_version or status.upgrade.state


def _monthly_cost(row: Row) -> float | None:
    """USD a month at the use case's volume, the middle of its range, where every part is known (DECISIONS 6)."""
    version, use_case = row.record, row.use_case_record
    if version is None or (use_case is None and not version.own):
        return None
    use_case = use_case or UseCase("", "")  # a model of our own costs the same whoever calls it
    measurements = row.lookup.snapshot.measurements
    return monthly_cost(version, use_case, deployment=row.deployment_record, measurements=measurements).mid


def _known_use_case(row: Row) -> str | None:
    return row.assignment.use_case if row.assignment else None


GETTERS: Mapping[str, Callable[[Row], Any]] = {
    "use_case": _known_use_case,
    "key": lambda row: row.key,
    "model": lambda row: row.model,
    "provider": lambda row: row.provider,
    "version": lambda row: row.version,
    "released": _released,
    "since": _of_assignment(lambda a: a.since),
    "stage": _of_assignment(lambda a: a.stage or None),
    "share": _of_assignment(lambda a: float(a.share)),
    "lifecycle": _of_status(_lifecycle),
    "on_the_day": _of_status(lambda s: s.outcome.kind),
    "retires": _of_status(lambda s: s.ledger.effective.value if s.ledger.effective else None),
    "plan_for": _of_status(lambda s: s.ledger.risk.value if s.ledger.risk else None),
    "certainty": _of_status(lambda s: s.ledger.effective.certainty if s.ledger.effective else None),
    "days": _days,
    "deadline": _of_plan(lambda s: s.deadline.day if s.deadline else None),
    "start_by": _of_plan(lambda s: s.start_by),
    "start_in": _of_plan(lambda s: None if s.start_in is None else float(s.start_in)),
    "finding": lambda row: tuple(dict.fromkeys(finding.kind for finding in row.lookup.findings(row))),
    "upgrade": _of_plan(_upgrade),
    "target": _of_plan(lambda s: s.target),
    "decision": _of_plan(lambda s: s.decision.kind if s.decision else None),
    "headline": _headline_value,
    "headline_metric": lambda row: row.headline[0].name if row.headline else None,
    "speed": _column_value("speed"),
    "latency": _column_value("latency"),
    "metric": lambda row: tuple(sorted({m.metric for m in _measurements(row)})),
    "measurement": lambda row: float(len(found)) if (found := _measurements(row)) else None,
    "price_in": _number("price_input"),
    "price_out": _number("price_output"),
    "cost": _monthly_cost,
    "data": _of_version(lambda v: v.lineage.data or v.lineage.data_hash),
    "repository": _of_version(lambda v: v.lineage.repository),
    "branch": _of_version(lambda v: v.lineage.branch),
    "commit": _of_version(lambda v: v.lineage.commit),
    "run": _of_version(lambda v: v.lineage.run),
    "reproducible": _of_version(_reproducible),
    "owner": _of_use_case(lambda u: u.owner),
    "approver": _of_use_case(lambda u: u.approver),
    "criticality": _of_use_case(lambda u: u.criticality),
    "changes": _of_version(lambda v: v.changes),
    "note": lambda row: "\n".join(note for note in _notes(row) if note),
    "tag": _tags,
    "deployment": _of_assignment(lambda a: a.deployment),
    "platform": _of_deployment(lambda d: d.platform),
    "region": _of_deployment(lambda d: d.region),
    "sku": _of_deployment(lambda d: d.sku),
    "own": lambda row: row.head.own,
    "alias": _of_version(lambda v: bool(v.alias_of)),
    "registry": lambda row: row.head.registry or None,
    "gone": _of_version(lambda v: v.missing_since),
    "kind": _text("kind"),
    "capability": _words("capabilities"),
    "context": _number("context_window"),
    "output": _number("max_output_tokens"),
    "replacement": _of_version(lambda v: named(v.value("replacement"))),
    "open_weights": _flag("open_weights"),
}
"""How each field is read. The getters of cheap fields never give an empty word or set, the others may."""


def _notes(row: Row) -> tuple[str, ...]:
    records = (row.assignment, row.record, row.use_case_record)
    return tuple(record.note for record in records if record is not None)


# ── JSON ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _true_start(row: Row) -> str | None:
    """The day that `start_in` counts to; screens show the last free day before it."""
    status = row.status
    way = status.plan if isinstance(status, AssignmentStatus) else None
    return None if way is None else way.start_by.isoformat()


def row_json(row: Row) -> dict[str, Json]:
    """The row as `list --json` prints it (DESIGN 4): unknown is null, dates ISO, money USD per million tokens."""

    def iso(name: str) -> str | None:
        value = row.get(name)
        return value.isoformat() if isinstance(value, date) else None

    def whole(name: str) -> int | None:
        value = row.get(name)
        return int(value) if isinstance(value, float) else None

    found = row.headline
    return {
        "key": row.key,
        "provider": row.provider,
        "model": row.model,
        "version": row.version,
        "assignment": row.assignment.uid if row.assignment else None,
        "use_case": row.get("use_case"),
        "stage": row.get("stage"),
        "share": row.get("share"),
        "deployment": row.get("deployment"),
        "lifecycle": row.get("lifecycle"),
        "released": iso("released"),
        "retires": {"effective": iso("retires"), "risk": iso("plan_for"), "certainty": row.get("certainty")},
        "days": whole("days"),
        "on_the_day": row.get("on_the_day"),
        "deadline": iso("deadline"),
        "start_by": _true_start(row),
        "start_in": whole("start_in"),
        "price_in": row.get("price_in"),
        "price_out": row.get("price_out"),
        "headline": {"metric": found[0].name, "value": finite(found[1].value)} if found else None,
        "owner": row.get("owner"),
    }
