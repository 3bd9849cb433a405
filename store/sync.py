"""Plan and apply: how records of a registry, a file or the shipped reference get into the catalog.

A source delivers validated records; `plan` compares them with the catalog and changes nothing; `apply` carries the
plan out as one command, all or nothing. Layers per field (remote < imported < local) decide what counts, so a local
edit is never overwritten, unless the plan was told to take the source's value; observations are only ever added; what
a source no longer lists is flagged, not deleted. What a deployment serves and what is recorded are compared (drift),
never adjusted; a deployment without a use case waits in the inbox.
"""

from __future__ import annotations

import dataclasses
from collections import ChainMap
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import field, replace
from typing import Any, Protocol, cast

from store import reference, sharing
from store.catalog import Catalog
from store.delivery import Delivery, uncollected
from store.engine import LOAD_SHIPPED, SHIPPED_BY, Draft, new_uid
from store.merging import FieldChange, Merged, Merging, released
from store.records import (
    Assignment,
    Deployment,
    Event,
    Json,
    Registry,
    UseCase,
    Version,
)
from store.registries import reference as shipped
from store.review import drift
from store.values import dataclass

__all__ = [
    "Delivery",
    "Drift",
    "FieldChange",
    "Plan",
    "apply",
    "apply_anew",
    "decide_as",
    "drifting",
    "inbox",
    "load_reference",
    "plan",
    "write",
]


@dataclass(frozen=True, slots=True)
class Drift:
    """Where the source says something else than what is recorded as running.

    `field` is `version` (a deployment serves another one, or an alias points to it) or `stage` (a registry's own stage
    differs). `cause` is what probably happened, "" where nothing is likely; `uid` is that of the assignment.
    """

    use_case: str
    deployment: str
    field: str
    recorded: str
    remote: str
    seen_at: str = ""
    cause: str = dataclasses.field(default="", compare=False)
    uid: str = dataclasses.field(default="", compare=False)


class Settling(Protocol):
    """A record with conflicts: what it becomes where some are settled for the other side."""

    def records(self, fields: Sequence[str]) -> list[tuple[Any, Any]]:
        """(new, old) with the other side's values in these fields; old is None for a new record."""
        ...


@dataclass(slots=True)
class Plan:
    """What a sync would do. `rewritten` holds (new, old) records, `missing` those gone at the source.

    `unmatched` are versions of a public catalog that nobody here knows: only those whose key is in `wanted` are
    added. `take` names the conflicts in which the source's value replaces the local edit. `edition` is that of the
    catalog it was made for.
    """

    origin: str
    added: list[Any] = field(default_factory=list)
    rewritten: list[tuple[Any, Any]] = field(default_factory=list)
    missing: list[Version | Deployment] = field(default_factory=list)
    changed: list[FieldChange] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
    inbox: list[Deployment] = field(default_factory=list)
    unmatched: list[Version] = field(default_factory=list)
    wanted: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    state: dict[str, Json] = field(default_factory=dict)
    take: set[tuple[str, str, str]] = field(default_factory=set)
    settle: dict[tuple[str, str], Settling] = field(default_factory=dict)
    remerge: dict[tuple[str, str], tuple[Callable[[Any, Any], Merged], Any, Any]] = field(default_factory=dict)
    edition: tuple[int, str] = field(default=(-1, ""), kw_only=True)

    @property
    def conflicts(self) -> list[FieldChange]:
        """Where the source differs from a local edit; the local value stays unless it is in `take`."""
        return [c for c in self.changed if c.kept]

    @property
    def updates(self) -> list[FieldChange]:
        """What changes without touching a local edit."""
        return [c for c in self.changed if not c.kept]

    @property
    def empty(self) -> bool:
        """True when applying it would write nothing."""
        return not (self.added or self.rewritten or self.missing or self.wanted or self.take)


@uncollected()
def plan(catalog: Catalog, origin: str, delivery: Delivery) -> Plan:
    """Compare a delivery with the catalog.

    Args:
        catalog: read, not changed.
        origin: the registry's or import's name, as it stands in facts.
        delivery: the source's records.
    """
    found = Plan(origin, edition=catalog.edition, notes=list(delivery.notes), state=dict(delivery.state))
    merging = Merging(origin, delivery.complete, facts_only=delivery.known_only)
    for metric in delivery.metrics:
        _compare(found, "metric_definitions", metric.name, metric, catalog.metrics.get(metric.name), merging.metric)
    listed = _versions(found, catalog, delivery, merging)
    served: dict[str, Deployment] = {}
    for deployment in delivery.deployments:
        old = catalog.deployments.get(deployment.name)
        if old is not None and old.registry not in ("", origin):
            found.notes.append(f"deployment {deployment.name} belongs to {old.registry}; it is left as it is")
            continue
        served[deployment.name] = _compare(
            found, "deployments", deployment.name, replace(deployment, registry=origin), old, merging.deployment
        )
    for measurement in delivery.measurements:
        mine = replace(measurement, origin=origin) if measurement.origin == "local" else measurement
        key = f"{mine.metric} · {mine.version}"
        _compare(found, "measurements", key, mine, catalog.measurements.get(mine.uid), merging.measurement)
    _assignments(found, catalog, delivery.assignments, listed)
    _shared(found, catalog, list(delivery.shared))
    if delivery.complete and (listed or served):
        _missing(found, catalog, listed, set(served))
    found.drift = _drift(catalog, found, served)
    to_assign = {a.deployment for a in found.added if isinstance(a, Assignment)}
    found.inbox = [d for d in inbox(catalog, served.values()) if d.name not in to_assign]
    return found


@uncollected()
def apply_anew(catalog: Catalog, shown: Plan, delivery: Delivery, *, command: str = "", why: str = "") -> Event | None:
    """Carry out a sync that a person saw and agreed to, as one undoable event; None when there was nothing to do.

    Where anything changed since it was shown it is planned once more, while nobody else can change a record, so that
    those edits neither get lost nor stop it. What was decided about conflicts and unmatched versions holds; where our
    own value has changed since, it stays.
    """
    if shown.empty:
        return None
    _safeguard(catalog, command)
    with catalog.command(command or f"sync {shown.origin}", why) as draft:
        wanted = shown
        if catalog.edition != shown.edition:
            wanted = plan(catalog, shown.origin, delivery)
            decide_as(shown, wanted)
        write(catalog, draft, wanted)
    return draft.event


def decide_as(shown: Plan, fresh: Plan) -> None:
    """What was decided about a plan that was shown holds in a newer one, where our own value is still the same."""
    decided = {c.at: c.before for c in shown.conflicts if c.at in shown.take}
    fresh.take = {c.at for c in fresh.conflicts if c.at in decided and decided[c.at] == c.before}
    fresh.wanted = set(shown.wanted)


def _safeguard(catalog: Catalog, command: str) -> None:
    catalog.safeguard("before-import" if command.startswith("import") else "before-sync")


@uncollected()
def apply(catalog: Catalog, wanted: Plan, *, command: str = "", why: str = "", actor: str = "") -> Event | None:
    """Carry out a plan as one undoable event; None when there was nothing to do.

    Raises:
        Conflict: somebody changed one of the fields since the plan was made; nothing was changed.
    """
    if wanted.empty:
        return None
    if actor != SHIPPED_BY:
        _safeguard(catalog, command)
    with catalog.command(command or f"sync {wanted.origin}", why, actor=actor) as draft:
        write(catalog, draft, wanted)
    return draft.event


def write(catalog: Catalog, draft: Draft, wanted: Plan, *, quiet: bool = True) -> None:
    """The edits of a plan, in a command that is under way; `quiet` keeps what is added out of its event."""
    if wanted.empty:
        return
    draft.delivered = True
    taken = _taken(wanted)
    for record in (*wanted.added, *(v for v in wanted.unmatched if v.key in wanted.wanted)):
        draft.create(record if record.uid else replace(record, uid=new_uid()), quiet=quiet)
    for new, old in wanted.rewritten:
        draft.put(taken.pop(old.uid, (new, old))[0], old)
    for new, old in taken.values():
        draft.put(new, old)
    for gone in wanted.missing:
        draft.put(replace(gone, missing_since=catalog.today), gone)
    registry = catalog.registries.get(wanted.origin)
    if registry is not None and wanted.state and registry.state != wanted.state:
        draft.put(replace(registry, state=wanted.state))


def _taken(wanted: Plan) -> dict[str, tuple[Any, Any]]:
    """The records in which the source's value replaces a local edit, by uid: (new, old)."""
    by_record: dict[tuple[str, str], list[FieldChange]] = {}
    for conflict in wanted.conflicts:
        if conflict.at in wanted.take:
            by_record.setdefault((conflict.table, conflict.key), []).append(conflict)
    found: dict[str, tuple[Any, Any]] = {}
    for at, conflicts in by_record.items():
        if at in wanted.settle:
            records = wanted.settle[at].records([c.field for c in conflicts])
            found |= {old.uid: (new, old) for new, old in records if old is not None and new != old}
            continue
        merge, new, old = wanted.remerge[at]
        base = old
        for conflict in conflicts:
            base = released(base, conflict)
        found[old.uid] = (merge(new, base).record, old)
    return found


def load_reference(catalog: Catalog) -> Event | None:
    """Bring in the shipped facts when this catalog has none or older ones; None when it is up to date."""
    known = catalog.registries.get("reference")
    if catalog.read_only or (known is not None and str(known.state.get("stamp", "")) >= reference.stamp()):
        return None
    wanted = plan(catalog, "reference", shipped.delivery())
    updated = replace(
        known or Registry(new_uid(), "reference", kind="reference"),
        last_run=catalog.clock().isoformat(timespec="seconds"),
        state=wanted.state,
    )
    wanted.state = {}
    if known is None:
        wanted.added.append(updated)
    else:
        wanted.rewritten.append((updated, known))
    return apply(catalog, wanted, command=LOAD_SHIPPED, actor=SHIPPED_BY)


# ── comparing ──


def _compare(found: Plan, table: str, key: str, new: Any, old: Any, merge: Callable[[Any, Any], Merged]) -> Any:
    """Note what one record changes; the record as it will be."""
    if old is None:
        found.added.append(new)
        return new
    merged = merge(new, old)
    found.changed += merged.changes
    if any(c.kept for c in merged.changes):
        found.remerge[table, key] = (merge, new, old)
    if merged.record is not old and merged.record != old:
        found.rewritten.append((merged.record, old))
    return merged.record


def _shared(found: Plan, catalog: Catalog, records: list[Any]) -> None:
    """Note what records that several catalogs hold in common change here."""
    if not records:
        return
    news = sharing.compare(catalog, found.origin, records)
    found.added += news.added
    found.rewritten += news.rewritten
    found.changed += news.changed
    found.settle |= news.settle
    found.notes += news.notes
    found.state[sharing.SEEN] = news.seen


def _versions(found: Plan, catalog: Catalog, delivery: Delivery, merging: Merging) -> set[str]:
    """Compare the versions; the keys that the source lists, as they stand here."""
    listed: set[str] = set()
    by_id = _by_api_id(catalog) if delivery.known_only else {}
    every = list(delivery.versions)
    if delivery.known_only:  # an exact key goes before an id that leads to the same version
        every.sort(key=lambda v: v.key not in catalog.versions)
    for version in every:
        mine = _owned(version, found.origin)
        key = mine.key
        if delivery.known_only and key not in catalog.versions:
            matches = {k for i in mine.api_ids for k in by_id.get((mine.provider, i), ())}
            if len(matches) != 1:
                found.unmatched.append(replace(mine, registry=found.origin))
                continue
            (key,) = matches
            if key in listed:
                continue
        listed.add(key)
        imported = found.origin.startswith("import:")
        old = catalog.versions.get(key)
        new = mine if old is not None or imported else replace(mine, registry=found.origin)
        _compare(found, "versions", key, new, old, merging.version)
    return listed


def _owned(version: Version, origin: str) -> Version:
    """The version with its claims under the source's name, by which the source may replace them later."""
    facts = version.facts
    if any(c.origin != origin for claims in facts.values() for c in claims):
        facts = {n: tuple(replace(c, origin=origin) for c in claims) for n, claims in facts.items()}
    observations = version.observations
    if any(o.origin != origin for o in observations):
        observations = tuple(replace(o, origin=origin) for o in observations)
    if facts is version.facts and observations is version.observations:
        return version
    return replace(version, facts=facts, observations=observations)


def _by_api_id(catalog: Catalog) -> dict[tuple[str, str], set[str]]:
    """The versions by provider and the exact ids that their APIs know, without ids that move between versions."""
    found: dict[tuple[str, str], set[str]] = {}
    for version in catalog.versions.records():
        for api_id in version.api_ids:
            if version.version is None or api_id.endswith(version.version):
                found.setdefault((version.provider, api_id), set()).add(version.key)
    return found


def _missing(found: Plan, catalog: Catalog, listed: set[str], served: set[str]) -> None:
    known: list[Version | Deployment] = [  # what is listed is not decoded once more
        *(v for key in catalog.versions if key not in listed and (v := catalog.versions.get(key)) is not None),
        *(d for d in catalog.deployments.records() if d.name not in served),
    ]
    found.missing += [r for r in known if r.registry == found.origin and r.missing_since is None]


# ── what runs ──


def _assignments(found: Plan, catalog: Catalog, wanted: Iterable[Assignment], listed: set[str]) -> None:
    """An explicit tag puts a version into a use case where nothing stands yet; what stands there is never moved."""
    upgrading = {u.use_case: u for u in catalog.upgrades.records() if u.state == "open"}
    made: set[str] = set()
    for new in wanted:
        here = [a for a in catalog.runs_in(new.use_case) if a.deployment == new.deployment]
        same = next((a for a in here if a.version == new.version), None)
        if new.version not in listed and new.version not in catalog.versions:
            found.notes.append(f"{new.use_case} is tagged to run {new.version}, which nobody here knows")
        elif same is not None:
            if same.in_use and not same.seen:
                found.rewritten.append((replace(same, seen=True), same))
                key = f"{same.use_case} · {same.version}"
                found.changed.append(FieldChange("assignments", key, "seen", False, True, source=found.origin))
        elif any(a.in_use for a in here):
            continue  # shown as drift
        elif new.use_case in upgrading:
            found.notes.append(f"{new.use_case} is being upgraded; record {new.version} through its checklist")
        else:
            if new.use_case not in catalog.use_cases and new.use_case not in made:
                found.added.append(UseCase(new_uid(), new.use_case))
                made.add(new.use_case)
            found.added.append(replace(new, uid=new_uid(), since=new.since or catalog.today, seen=True))


def _drift(catalog: Catalog, found: Plan, served: dict[str, Deployment]) -> list[Drift]:
    """What this source says runs, as it will be known when the plan is applied."""
    known = catalog.snapshot()
    changed = {new.key: new for new, _ in found.rewritten if isinstance(new, Version)}
    changed |= {new.key: new for new in found.added if isinstance(new, Version)}
    records = replace(
        known,
        versions=ChainMap(changed, cast(dict[str, Version], known.versions)),
        deployments=ChainMap(served, cast(dict[str, Deployment], known.deployments)),
    )

    def mine(a: Assignment) -> bool:
        version = records.versions.get(a.version)
        return a.deployment in served or (version is not None and version.registry == found.origin)

    return [told(d) for d in drift.drift(records, [a for a in records.assignments if mine(a)], catalog.today)]


def told(seen: drift.Difference) -> Drift:
    """A difference as a line of a plan."""
    a = seen.assignment
    return Drift(a.use_case, a.deployment, seen.field, seen.recorded, seen.remote, seen.seen_at, seen.cause, a.uid)


def drifting(catalog: Catalog, found: Iterable[drift.Difference], planned: Collection[str] = ()) -> list[Drift]:
    """Lines for what is known to run otherwise, but for what the `planned` registries say anew.

    `found` are the differences of the findings of drift, which were worked out already.
    """

    def registry(a: Assignment) -> str:
        place, version = catalog.deployments.get(a.deployment), catalog.versions.get(a.version)
        if place is not None and place.remote_version:
            return place.registry
        return version.registry if version is not None else ""

    return [told(d) for d in found if registry(d.assignment) not in planned]


def inbox(catalog: Catalog, deployments: Iterable[Deployment] | None = None) -> Sequence[Deployment]:
    """The deployments of registries that no use case runs on, by name: what waits to be assigned."""
    used = {a.deployment for a in catalog.assignments.records() if a.in_use}
    every = catalog.deployments.records() if deployments is None else deployments
    return sorted(
        (d for d in every if d.registry and d.remote_version and d.name not in used and d.missing_since is None),
        key=lambda d: d.name,
    )
