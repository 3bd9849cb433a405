"""What a file would change in the catalog, and changing it: all or nothing, as one undoable event.

Only what the file says is touched. Facts land in the layer `imported`, below a person's own edits; a file of the same
name replaces what it said before. A version that nobody knows is added and named in `notes`, with the nearest keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from store import changes
from store.catalog import Catalog
from store.commands.versions import nearest
from store.engine import new_uid
from store.formats.parsed import Fault, Parsed
from store.records import (
    Assignment,
    Deployment,
    Event,
    Fact,
    Key,
    Lineage,
    Measurement,
    Observation,
    UseCase,
    Version,
    to_doc,
)
from store.sync import FieldChange, Plan


class IntakePlan(Plan):
    """A plan with remarks for the person who decides: versions that are new, deployments to be assigned."""

    def __init__(self, origin: str) -> None:
        super().__init__(origin)
        self.notes: list[str] = []
        self.to_assign: list[Deployment] = []


def plan(catalog: Catalog, parsed: Parsed, origin: str) -> IntakePlan:
    """Compare a file with the catalog; changes nothing. `parsed.faults` grows where the two contradict each other."""
    found = IntakePlan(origin)
    _versions(found, catalog, parsed)
    for name, use_case in parsed.use_cases.items():
        _plain(found, "use_cases", name, use_case, catalog.use_cases.get(name), parsed)
    for name, deployment in parsed.deployments.items():
        _plain(found, "deployments", name, deployment, catalog.deployments.get(name), parsed)
    place(found, catalog, parsed)
    for measurement in parsed.measurements:
        old = catalog.measurements.get(measurement.uid)
        _note(found, "measurements", f"{measurement.metric} · {measurement.version}", _same(measurement, old), old)
    served = {a.deployment for a in catalog.assignments.records()} | {a.deployment for a in parsed.assignments}
    found.to_assign = [d for n, d in parsed.deployments.items() if n not in served and d.remote_version]
    unknown = [d.remote_version for d in parsed.deployments.values() if d.remote_version]
    found.notes += [_unknown(key, catalog.versions, "serves") for key in unknown if key not in catalog.versions]
    return found


def apply(catalog: Catalog, wanted: IntakePlan, why: str = "") -> Event | None:
    """Carry out a plan; None when there was nothing to do.

    Raises:
        Conflict: somebody changed the same field since the plan was made; nothing was changed.
    """
    if wanted.empty:
        return None
    catalog.safeguard("before-import")
    with catalog.command(f"import {wanted.origin.removeprefix('import:')}", why) as draft:
        for record in wanted.added:
            draft.create(record)
        for new, old in wanted.rewritten:
            draft.put(new, old)
    return draft.event


# ── comparing ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _note(found: IntakePlan, table: str, key: str, new: Any, old: Any) -> None:
    if old is None:
        found.added.append(new if new.uid else replace(new, uid=new_uid()))
    elif new != old:
        found.rewritten.append((new, old))
        differences = changes.diff(to_doc(old), to_doc(new))
        found.changed += [FieldChange(table, key, d.path, d.before, d.after) for d in differences]


def _plain(
    found: IntakePlan, table: str, key: str, new: UseCase | Deployment, old: UseCase | Deployment | None, parsed: Parsed
) -> None:
    if old is not None:
        given: dict[str, Any] = {name: getattr(new, name) for name in parsed.given.get((table, key), ())}
        if "remote_seen_at" in given and all(getattr(old, n) == v for n, v in given.items() if n != "remote_seen_at"):
            given.pop("remote_seen_at")  # that it was seen again is no change
        new = replace(old, **given)
    _note(found, table, key, new, old)


def _same(new: Measurement, old: Measurement | None) -> Measurement:
    return new if old is None else replace(new, rev=old.rev)


def _versions(found: IntakePlan, catalog: Catalog, parsed: Parsed) -> None:
    hosted = {Key.parse(v.key).provider for v in catalog.versions.records() if not v.own}
    for key, new in parsed.versions.items():
        old = catalog.versions.get(key)
        given = parsed.given.get(("versions", key), frozenset())
        if old is None:
            provider = new.parts.provider
            own = new.own if "own" in given else provider not in hosted
            _note(found, "versions", key, replace(new, own=own, local=tuple(sorted(given - {"own"}))), None)
            if not own:
                found.notes.append(_unknown(key, catalog.versions, "names"))
            continue
        facts = dict(old.facts)
        for name, claims in new.facts.items():
            facts[name] = _claims(claims, old.facts.get(name, ()), found.origin)
            counts = replace(old, facts=facts).fact(name)
            if counts is not None and counts.layer == "local" and counts.value != claims[0].value:
                found.changed.append(
                    FieldChange("versions", key, f"facts.{name}", counts.value, claims[0].value, kept=True)
                )
        lineage = {f.name: v for f in fields(Lineage) if (v := getattr(new.lineage, f.name))}
        plain: dict[str, Any] = {name: getattr(new, name) for name in given if name not in ("tags", "lineage")}
        if "tags" in given:
            plain["tags"] = tuple(dict.fromkeys([*old.tags, *new.tags]))
        edited = replace(
            old, facts=facts, observations=_seen(new, old), lineage=replace(old.lineage, **lineage), **plain
        )
        mine = [n for n in (*plain, "lineage") if n != "own" and getattr(edited, n) != getattr(old, n)]
        _note(found, "versions", key, replace(edited, local=tuple(dict.fromkeys([*old.local, *mine]))), old)


def _claims(new: tuple[Fact, ...], old: tuple[Fact, ...], origin: str) -> tuple[Fact, ...]:
    mine = [c for c in old if c.origin == origin]
    if mine and new and replace(mine[0], as_of=new[0].as_of) == new[0]:
        return old  # the same claim again: the day on which it was first imported stays
    others = tuple(c for c in old if c.origin != origin)
    return (*(c for c in others if c.layer == "local"), *new, *(c for c in others if c.layer != "local"))


def _seen(new: Version, old: Version) -> tuple[Observation, ...]:
    """The dates with those of the file that are new: what it says again is no other observation."""
    known = {(o.kind, o.value, o.certainty, o.source, o.scope) for o in old.observations}
    fresh = (o for o in new.observations if (o.kind, o.value, o.certainty, o.source, o.scope) not in known)
    return (*old.observations, *fresh)


def _unknown(key: str, versions: Iterable[str], verb: str) -> str:
    near = nearest(key, versions, 2)
    return f"{verb} {key}, which is not known here" + (f"; nearest: {', '.join(near)}" if near else "")


# ── what runs where ───────────────────────────────────────────────────────────────────────────────────────────────


def place(found: IntakePlan, catalog: Catalog, parsed: Parsed) -> None:
    """The rows with their neighbours: the shares in Production may not exceed 100; 100 archives what was there."""
    places: dict[tuple[str, str], list[Assignment]] = {}
    for wanted in parsed.assignments:
        places.setdefault((wanted.use_case, wanted.deployment), []).append(wanted)
    for (use_case, deployment), wanted_here in places.items():
        here = {a.version: a for a in catalog.runs_in(use_case) if a.deployment == deployment}
        live = [a for a in wanted_here if a.stage == "Production"]
        total = sum(a.share for a in live)
        staying = [a for v, a in here.items() if a.stage == "Production" and v not in {w.version for w in wanted_here}]
        if total > 100 or (0 < total < 100 and total + sum(a.share for a in staying) > 100):
            versions = ", ".join(f"{a.version} {a.share:g} %" for a in [*live, *staying])
            reason = f"the shares in Production of {use_case} on {deployment} would exceed 100 %: {versions}"
            parsed.faults.append(Fault(0, "share", "", reason))
            continue
        for wanted in wanted_here:
            old = here.get(wanted.version)
            name = f"{use_case} · {wanted.version}"
            _note(found, "assignments", name, _placed(wanted, old, catalog), old)
        if total == 100:
            for other in staying:
                name = f"{use_case} · {other.version}"
                _note(found, "assignments", name, replace(other, stage="Archived"), other)


def _placed(wanted: Assignment, old: Assignment | None, catalog: Catalog) -> Assignment:
    if old is None:
        return replace(wanted, since=wanted.since or catalog.today)
    moved = old.stage != wanted.stage
    return replace(
        old,
        stage=wanted.stage,
        share=wanted.share,
        since=wanted.since or (catalog.today if moved else old.since),
        prompt=wanted.prompt or old.prompt,
        prompt_hash=wanted.prompt_hash or old.prompt_hash,
        seen=old.seen and not moved,
    )


def counts(wanted: Plan) -> Mapping[str, tuple[int, int]]:
    """How many records of each table a plan adds and changes."""
    from store.engine import TABLE_OF

    found: dict[str, tuple[int, int]] = {}
    for records, place in ((wanted.added, 0), ([new for new, _ in wanted.rewritten], 1)):
        for record in records:
            pair = list(found.get(TABLE_OF[type(record)], (0, 0)))
            pair[place] += 1
            found[TABLE_OF[type(record)]] = (pair[0], pair[1])
    return found
