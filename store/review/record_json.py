"""The change record of an upgrade as plain values: what the Markdown says, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

from store.records import Doc, Event, Json, Snapshot, Upgrade, to_doc
from store.review.checklist import progress, standing
from store.review.checks import inputs_now
from store.review.comparison import Comparison
from store.review.ledger import ledger
from store.review.lifecycle import on_the_day
from store.review.plan import Plan
from store.review.rollback import revert_target, runs_history
from store.review.rollout import share_of, steps_of, unseen


def plain_record(
    upgrade: Upgrade,
    records: Snapshot,
    events: Sequence[Event],
    today: date,
    verdict: str | None = None,
    comparison: Comparison | None = None,
    reasons: Sequence[str] = (),
    way: Plan | None = None,
    promises: Sequence[str] = (),
) -> Doc:
    """The record; the arguments are those of `record.change_record`. Unknown is None, days are ISO."""
    now = inputs_now(upgrade, records, today) if upgrade.state == "open" else None
    state = progress(upgrade.items, today, now)
    use_case = records.use_cases.get(upgrade.use_case)
    doc = to_doc(upgrade)
    for name in ("rev", "left_out"):
        doc.pop(name, None)
    for item in upgrade.items.values():
        doc["items"][item.id]["standing"] = standing(item, today, now)
    place = records.deployments.get(upgrade.deployment)
    back = revert_target(
        upgrade.use_case, records.assignments, events, records.versions, today,
        deployment=upgrade.deployment, place=place,
    )  # fmt: skip
    return {
        "as_of": today.isoformat(),
        "upgrade": doc,
        "use_case": None if use_case is None else to_doc(use_case),
        "together_with": [
            {"use_case": u.use_case, "verdict": u.verdict or None, "state": u.state}
            for u in records.upgrades.values()
            if upgrade.group and u.group == upgrade.group and u.uid != upgrade.uid
        ],
        "dates": {
            key: _dates(key, upgrade, records, today) for key in (upgrade.from_version, upgrade.to_version) if key
        },
        "promises": list(promises),
        "plan": None if way is None else _plan(way),
        "verdict": {"word": (upgrade.verdict if verdict is None else verdict) or None, "reasons": list(reasons)},
        "comparison": None if comparison is None else _comparison(comparison),
        "progress": {"resolved": state.done, "applicable": state.applicable, "overdue": list(state.overdue)},
        "rollout": {
            "steps": list(steps_of(upgrade)),
            "share": share_of(upgrade, records.assignments),
            "seen": unseen(upgrade, records.assignments) is None if upgrade.state == "promoted" else None,
        },
        "way_back": {
            "to": back.key or (upgrade.from_version if upgrade.state == "open" else None),
            "reasons": list(back.reasons),
            "not": [{"version": key, "why": why} for key, why in back.others],
        },
        "ran": [_days(asdict(stint)) for stint in runs_history(upgrade.use_case, events)],
        "events": [to_doc(event) for event in events if any(c.uid == upgrade.uid for c in event.changes)],
    }


def _versions(upgrade: Upgrade) -> tuple[str, str]:
    return upgrade.from_version, upgrade.to_version


def _days(values: Doc) -> Doc:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def _dates(key: str, upgrade: Upgrade, records: Snapshot, today: date) -> Json:
    version, place = records.versions.get(key), records.deployments.get(upgrade.deployment)
    if version is None:
        return None
    known, outcome = ledger(version, today, place), on_the_day(version, place, today)
    return {
        "on_the_day": outcome.kind,
        "why": outcome.why,
        "announced": None if known.effective is None else known.effective.value.isoformat(),
        "plan_for": None if known.risk is None else known.risk.value.isoformat(),
        "observations": [to_doc(seen) for seen in known.standing],
    }


def _plan(way: Plan) -> Doc:
    return {
        "deadline": way.deadline.isoformat(),
        **{name: getattr(way, name).isoformat() for name in way.shown},
        "start_in": way.start_in,
        "state": way.state,
        "rollback_left": way.rollback_left,
        "durations": asdict(way.durations),
        "advice": list(way.advice),
    }


def _comparison(comparison: Comparison) -> Doc:
    return {
        "baseline": comparison.baseline,
        "versions": list(comparison.versions),
        "rows": [
            {
                "title": row.title,
                "unit": row.unit,
                "direction": row.direction,
                "reason": row.reason or None,
                "values": {
                    key: None if (cell := row.cells.get(key)) is None else {"value": cell.value, "n": cell.n}
                    for key in comparison.versions
                },
            }
            for row in comparison.rows
        ],
    }
