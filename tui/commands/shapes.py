"""Records as the JSON that docs/cli.md promises: more fields may join, none may leave; what is unknown is null."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from store.records import Assignment, Deployment, Event, Fact, Item, Link, Measurement, Observation, UseCase
from store.review.plan import Plan

Shape = dict[str, Any]


def known(text: str) -> str | None:
    """A text, None where it is empty: nothing was said."""
    return text or None


def finite(value: float | None) -> float | None:
    """A number; None where it is none that JSON has."""
    return value if value is not None and math.isfinite(value) else None


def fact(claim: Fact) -> Shape:
    """One claim about a version."""
    return {
        "value": claim.value,
        "source": claim.source,
        "as_of": claim.as_of,
        "layer": claim.layer,
        "note": known(claim.note),
        "also": list(claim.also),
    }


def observation(seen: Observation, *, standing: bool) -> Shape:
    """One published date; `standing` is False once its publisher or the calendar has overtaken it."""
    return {
        "kind": seen.kind,
        "value": seen.value,
        "certainty": seen.certainty,
        "scope": {"sku": seen.scope.sku, "region": seen.scope.region, "fine_tuned": seen.scope.fine_tuned},
        "source": seen.source,
        "publisher": seen.publisher,
        "observed_at": seen.observed_at,
        "standing": standing,
        "source_url": known(seen.source_url),
    }


def measurement(m: Measurement) -> Shape:
    """One value of a metric with all that makes its series."""
    return {
        "metric": m.metric,
        "value": finite(m.value),
        "n": m.n,
        "sd": finite(m.sd),
        "use_case": known(m.use_case),
        "dataset": known(m.dataset),
        "dataset_hash": known(m.dataset_hash),
        "variant": known(m.variant),
        "edit_format": known(m.edit_format),
        "harness": known(m.harness),
        "harness_version": known(m.harness_version),
        "platform": known(m.platform),
        "region": known(m.region),
        "statistic": known(m.statistic),
        "slice": known(m.slice),
        "source": known(m.source),
        "measured_on": m.measured_on,
        "as_of": known(m.as_of),
        "period": known(m.period),
        "run": known(m.run),
        "note": known(m.note),
        "items": len(m.items) or None,
        "items_hash": known(m.items_hash),
        "file_hash": known(m.file_hash),
    }


def assignment(a: Assignment) -> Shape:
    """What runs where."""
    return {
        "use_case": a.use_case,
        "version": a.version,
        "deployment": a.deployment,
        "stage": a.stage,
        "share": a.share,
        "since": a.since,
        "in_use": a.in_use,
        "seen": a.seen,
        "forced": a.forced,
        "prompt": known(a.prompt),
        "prompt_hash": known(a.prompt_hash),
        "settings": a.settings,
        "note": known(a.note),
    }


def deployment(d: Deployment) -> Shape:
    """Where a version is served."""
    return {
        "name": d.name,
        "platform": known(d.platform),
        "region": known(d.region),
        "sku": known(d.sku),
        "units": d.units,
        "unit_hour": d.unit_hour,
        "unit_month": d.unit_month,
        "upgrade_option": d.upgrade_option,
        "upgrade_option_known": d.upgrade_option_known,
        "fine_tuned": d.fine_tuned,
        "remote_version": known(d.remote_version),
        "tags": list(d.tags),
        "note": known(d.note),
    }


def use_case(u: UseCase, assignments: Iterable[Assignment]) -> Shape:
    """A use case with what runs in it."""
    return {
        "name": u.name,
        "title": known(u.title),
        "owner": known(u.owner),
        "approver": known(u.approver),
        "criticality": u.criticality,
        "calls_per_month": u.calls_per_month,
        "tokens_in": u.tokens_in,
        "tokens_out": u.tokens_out,
        "cached_share": u.cached_share,
        "retry_share": u.retry_share,
        "peak_tokens_per_minute": u.peak_tokens_per_minute,
        "uses": None if u.uses is None else list(u.uses),
        "modalities": None if u.modalities is None else list(u.modalities),
        "languages": u.languages,
        "headline": known(u.headline),
        "regulated": u.regulated,
        "user_facing": u.user_facing,
        "budgeted": u.budgeted,
        "caching": u.caching,
        "batch": u.batch,
        "priority_tier": u.priority_tier,
        "review_by": u.review_by,
        "freeze": [{"from": start, "to": end} for start, end in u.freeze],
        "decisions": [
            {"kind": d.kind, "at": d.at, "by": d.by, "until": d.until, "owner": known(d.owner), "note": known(d.note)}
            for d in u.decisions
        ],
        "tags": list(u.tags),
        "note": known(u.note),
        "assignments": [assignment(a) for a in assignments],
    }


def event(e: Event) -> Shape:
    """One command that changed something; `before` and `after` are as the catalog's file has them."""
    return {
        "id": e.id,
        "at": e.at,
        "actor": known(e.actor),
        "command": e.command,
        "why": known(e.why),
        "undo_of": known(e.undo_of),
        "changes": [
            {"table": c.table, "uid": c.uid, "key": c.key, "field": c.field, "before": c.before, "after": c.after}
            for c in e.changes
        ],
    }


def link(page: Link) -> Shape:
    """A page about a version."""
    return {"rel": page.rel, "url": page.url, "title": known(page.title)}


def item(i: Item, *, stale: str | None) -> Shape:
    """One checklist item; `stale` says which input changed since its evidence was given, null where none did."""
    return {
        "id": i.id,
        "phase": i.phase,
        "title": i.title,
        "state": i.state,
        "stale": stale,
        "applies": i.applies,
        "why": known(i.why),
        "verify": known(i.verify),
        "due": i.due,
        "owner": known(i.owner),
        "blocking": i.blocking,
        "gate": i.gate,
        "reason": known(i.reason),
        "signed_by": known(i.signed_by),
        "waiver": None
        if i.waiver is None
        else {"by": i.waiver.by, "why": i.waiver.why, "at": i.waiver.at, "until": i.waiver.until},
        "evidence": [
            {"kind": e.kind, "text": e.text, "at": e.at, "by": e.by, "hash": known(e.hash)} for e in i.evidence
        ],
        "comments": [{"text": e.text, "at": e.at, "by": e.by} for e in i.comments],
    }


def plan(p: Plan) -> Shape:
    """The plan back from the deadline: the true days, from which `start_in` counts; text shows the last free ones."""
    return {
        "start_by": p.start_by,
        "validated_by": p.validated_by,
        "rollout_start": p.rollout_start,
        "cutover_by": p.cutover_by,
        "start_in": p.start_in,
    }
