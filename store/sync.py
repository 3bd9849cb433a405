"""Plan and apply: how records of a registry, a file or the shipped reference get into the catalog.

A source delivers validated records; `plan` compares them with the catalog and changes nothing; `apply` carries the
plan out as one command, all or nothing. Layers per field (remote < imported < local) decide what counts, so a local
edit is never overwritten; observations are only ever added; what a source no longer lists is flagged, not deleted.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from store import changes, reference
from store.catalog import Catalog
from store.delivery import Delivery
from store.engine import new_uid
from store.records import (
    Deployment,
    Event,
    Fact,
    Measurement,
    Metric,
    Observation,
    Registry,
    Version,
    from_doc,
    to_doc,
)

_PLAIN = ("changes", "links", "lineage", "tags", "api_ids", "alias_of", "same_as", "own", "note")
"""Fields of a version that a source sets as a whole, unless a person did (`Version.local`)."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that would change; `kept` is True where a local edit stands against the source's value."""

    table: str
    key: str
    field: str
    before: Any
    after: Any
    kept: bool = False


@dataclass(slots=True)
class Plan:
    """What a sync would do. `rewritten` holds (new, old) records, `missing` those gone at the source."""

    origin: str
    added: list[Any] = field(default_factory=list)
    rewritten: list[tuple[Any, Any]] = field(default_factory=list)
    missing: list[Version] = field(default_factory=list)
    changed: list[FieldChange] = field(default_factory=list)

    @property
    def conflicts(self) -> list[FieldChange]:
        """Where the source differs from a local edit; the local value stays."""
        return [c for c in self.changed if c.kept]

    @property
    def empty(self) -> bool:
        """True when applying it would write nothing."""
        return not (self.added or self.rewritten or self.missing)


def plan(catalog: Catalog, origin: str, delivery: Delivery) -> Plan:
    """Compare a delivery with the catalog.

    Args:
        catalog: read, not changed.
        origin: the registry's or import's name, as it stands in facts.
        delivery: the source's records.
    """
    found = Plan(origin)
    for metric in delivery.metrics:
        _compare(found, "metric_definitions", metric, catalog.metrics.get(metric.name), _merge_metric)
    listed: set[str] = set()
    for version in delivery.versions:
        listed.add(version.key)
        _compare(found, "versions", version, catalog.versions.get(version.key), _merge_version)
    for deployment in delivery.deployments:
        _compare(found, "deployments", deployment, catalog.deployments.get(deployment.name), _merge_deployment)
    for measurement in delivery.measurements:
        _compare(found, "measurements", measurement, catalog.measurements.get(measurement.uid), _merge_measurement)
    if delivery.complete and listed:
        for version in catalog.versions.records():
            if version.registry == origin and version.key not in listed and version.missing_since is None:
                found.missing.append(version)
    return found


def apply(catalog: Catalog, wanted: Plan, *, command: str = "", why: str = "", actor: str = "") -> Event | None:
    """Carry out a plan as one undoable event; None when there was nothing to do."""
    if wanted.empty:
        return None
    with catalog.command(command or f"sync {wanted.origin}", why, actor=actor) as draft:
        for record in wanted.added:
            draft.create(record if record.uid else replace(record, uid=new_uid()), quiet=True)
        for new, old in wanted.rewritten:
            draft.put(new, old)
        for version in wanted.missing:
            draft.put(replace(version, missing_since=catalog.today), version)
    return draft.event


def load_reference(catalog: Catalog) -> Event | None:
    """Bring in the shipped facts when this catalog has none or older ones; None when it is up to date."""
    known = catalog.registries.get("reference")
    if catalog.read_only or (known is not None and known.state.get("stamp", "") >= reference.stamp()):
        return None
    wanted = plan(catalog, "reference", reference_delivery())
    updated = replace(
        known or Registry(new_uid(), "reference", kind="reference"),
        state={"stamp": reference.stamp()},
        last_run=catalog.clock().isoformat(timespec="seconds"),
    )
    if known is None:
        wanted.added.append(updated)
    else:
        wanted.rewritten.append((updated, known))
    return apply(catalog, wanted, command="load the shipped reference", actor="modeltui")


def reference_delivery() -> Delivery:
    """The shipped facts as records."""
    return Delivery(
        versions=(from_doc(Version, doc) for doc in reference.version_docs()),
        measurements=(from_doc(Measurement, doc) for doc in reference.measurement_docs()),
        metrics=(from_doc(Metric, doc) for doc in reference.metric_docs()),
    )


# ── merging one record ──


def _compare(found: Plan, table: str, new: Any, old: Any, merge: Any) -> None:
    if old is None:
        delivered = isinstance(new, Version) and not found.origin.startswith("import:")
        found.added.append(replace(new, registry=found.origin) if delivered else new)
        return
    merged, kept = merge(new, old, found.origin)
    key = str(getattr(new, "key", "") or getattr(new, "name", "") or getattr(new, "uid", ""))
    found.changed += [FieldChange(table, key, name, mine, theirs, kept=True) for name, mine, theirs in kept]
    if merged != old:
        found.rewritten.append((merged, old))
        found.changed += [
            FieldChange(table, key, d.path, d.before, d.after) for d in changes.diff(to_doc(old), to_doc(merged))
        ]


Merged = tuple[Any, list[tuple[str, Any, Any]]]


def _merge_version(new: Version, old: Version, origin: str) -> Merged:
    facts = dict(old.facts)
    kept: list[tuple[str, Any, Any]] = []
    for name, claims in new.facts.items():
        facts[name] = _merge_claims(claims, old.facts.get(name, ()), origin)
        counts, local = replace(old, facts=facts).fact(name), claims[0] if claims else None
        if counts is not None and local is not None and counts.layer == "local" and counts.value != local.value:
            kept.append((f"facts.{name}", counts.value, local.value))
    known = {_identity(o) for o in old.observations}
    fresh = tuple(o for o in new.observations if _identity(o) not in known)
    plain: dict[str, Any] = {}
    for name in _PLAIN:
        value = getattr(new, name)
        if name not in old.local:
            plain[name] = value
        elif value != getattr(old, name) and value:
            kept.append((name, getattr(old, name), value))
    if old.registry not in ("", origin):
        plain = {k: v for k, v in plain.items() if v and not getattr(old, k)}
    merged = replace(old, facts=facts, observations=(*old.observations, *fresh), missing_since=None, **plain)
    return merged if old.registry else replace(merged, registry=origin), kept


def _merge_claims(new: tuple[Fact, ...], old: tuple[Fact, ...], origin: str) -> tuple[Fact, ...]:
    others = tuple(c for c in old if c.origin != origin)
    local = tuple(c for c in others if c.layer == "local")
    return (*local, *new, *(c for c in others if c.layer != "local"))


def _identity(o: Observation) -> tuple[Any, ...]:
    return (o.kind, o.value, o.source, o.observed_at, o.scope)


def _merge_metric(new: Metric, old: Metric, _origin: str) -> Merged:
    if old.source == "local":
        return old, []
    return replace(new, uid=old.uid, rev=old.rev), []


def _merge_measurement(new: Measurement, old: Measurement, _origin: str) -> Merged:
    return replace(new, uid=old.uid, rev=old.rev), []


def _merge_deployment(new: Deployment, old: Deployment, _origin: str) -> Merged:
    return replace(new, uid=old.uid, rev=old.rev, tags=old.tags or new.tags, note=old.note or new.note), []
