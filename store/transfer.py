"""Bringing in an export of another catalog: taken over whole where nobody has worked yet, merged everywhere else.

Taken over, the catalog is the exported one, its history and identities included, and exports the same bytes. Merged,
the file's words about our own records count (they are shown field by field first), claims and dates are added to what
is known, what a person set on a version here stays, and the other catalog's history stays there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from store import changes, intake, sharing
from store.catalog import Catalog, StoreError
from store.engine import TABLE_OF, new_uid
from store.formats.export import ANOTHER, FORMAT, Export
from store.formats.parsed import Parsed
from store.intake import IntakePlan
from store.merging import FieldChange
from store.records import (
    TABLES,
    Assignment,
    Deployment,
    Doc,
    Fact,
    Measurement,
    Metric,
    Upgrade,
    UseCase,
    Version,
    from_doc,
    to_doc,
)
from store.values import dataclass

_OURS = ("uid", "rev", "registry", "missing_since")


class TransferPlan(IntakePlan):
    """A plan for an export; `whole` is the export itself where it will be taken over."""

    whole: Export | None = None

    def __init__(self, origin: str, catalog: Catalog) -> None:
        super().__init__(origin)
        self.catalog = catalog

    @property
    def empty(self) -> bool:
        """True when applying it would write nothing."""
        return self.whole is None and super().empty


def plan(catalog: Catalog, export: Export, origin: str) -> TransferPlan:
    """Compare an export with the catalog; changes nothing. `export.faults` grows where they contradict each other.

    The file of another catalog (`export.another`) is another person's word: what both said otherwise is a conflict, in
    which ours stays, as in a sync. An export is taken at its word, because it may be ours, edited.
    """
    found = TransferPlan(origin, catalog)
    registries = [
        f"{doc['name']} at {doc.get('address') or 'its own address'}" for doc in _rows(export, "registries", ())
    ]
    if export.whole and catalog.untouched:
        found.whole = export
        found.added = [from_doc(kind, doc) for table, kind in TABLES.items() for doc in export.tables.get(table, ())]
        if named := [r for r in registries if not r.startswith("reference at")]:
            found.notes.append(f"the next sync would ask what the file names: {', '.join(named)}")
        found.notes.append(
            f"nobody has worked here yet: the catalog becomes the exported one, with {len(export.events):,} events"
        )
        return found
    if export.another:
        _other(found, export)
    else:
        _word_for_word(found, export)
    if export.events:
        found.notes.append("the other catalog's history stays there: this one has its own")
    missing = [r for r in registries if r.partition(" at ")[0] not in catalog.registries]
    if missing:
        found.notes.append(
            f"registries are not taken over ({', '.join(missing)}); add them with: modeltui registries add"
        )
    return found


def _other(found: TransferPlan, export: Export) -> None:
    """Another person's records: ours stay where both said something, until theirs are taken."""
    catalog = found.catalog
    for metric in _read(export, Metric):
        _kept(found, "metric_definitions", metric.name, metric, catalog.metrics.get(metric.name))
    for version in _read(export, Version):
        old = catalog.versions.get(version.key)
        _version(found, version, old)
        if old is not None and found.changed and found.changed[-1].kept and found.changed[-1].key == old.key:
            edited = found.rewritten[-1][0] if found.rewritten and found.rewritten[-1][1] is old else old
            found.settle["versions", old.key] = TheirVersion(version, edited, old)
    for measurement in _read(export, Measurement):
        name = f"{measurement.metric} · {measurement.version}"
        _kept(found, "measurements", name, measurement, catalog.measurements.get(measurement.uid))
    use_cases = sharing.shared_use_cases(_read(export, UseCase), _read(export, Assignment))
    records = [*use_cases, *_read(export, Deployment), *_read(export, Upgrade)]
    news = sharing.compare(catalog, found.origin, records, {v.key for v in _read(export, Version)})
    found.added += news.added
    found.rewritten += news.rewritten
    found.changed += news.changed
    found.settle |= news.settle
    found.notes += news.notes


def _kept(found: TransferPlan, table: str, key: str, new: Any, old: Any) -> None:
    """A record that both have: a conflict wherever they differ."""
    if old is None:
        _add(found, new)
        return
    theirs = replace(new, **{f.name: getattr(old, f.name) for f in fields(old) if f.name in _OURS})
    if to_doc(theirs) == to_doc(old):
        return
    different = [
        f.name for f in fields(old) if to_doc(replace(old, **{f.name: getattr(theirs, f.name)})) != to_doc(old)
    ]
    for name in different:
        found.changed.append(FieldChange(table, key, name, getattr(old, name), getattr(new, name), True, found.origin))
    found.settle[table, key] = TheirRecord(theirs, old)


@dataclass(frozen=True, slots=True)
class TheirRecord:
    """A record that differs in another catalog."""

    theirs: Any
    old: Any

    def records(self, names: Sequence[str]) -> list[tuple[Any, Any]]:
        """The record with these fields as they are there."""
        return [(replace(self.old, **{name: getattr(self.theirs, name) for name in names}), self.old)]


@dataclass(frozen=True, slots=True)
class TheirVersion:
    """A version of which people of both catalogs said something; `edited` has what is no conflict."""

    theirs: Version
    edited: Version
    old: Version

    def records(self, names: Sequence[str]) -> list[tuple[Any, Any]]:
        """The version with these fields, and claims of people, as they are there."""
        facts, plain = dict(self.edited.facts), {}
        for name in names:
            fact = name.removeprefix("facts.")
            if fact == name:
                plain[name] = getattr(self.theirs, name)
                continue
            said = tuple(c for c in self.theirs.facts.get(fact, ()) if c.layer == "local")
            facts[fact] = (*said, *(c for c in facts.get(fact, ()) if c.layer != "local"))
        return [(replace(self.edited, facts=facts, **plain), self.old)]


def _word_for_word(found: TransferPlan, export: Export) -> None:
    """An export: what it says of our own records counts."""
    catalog, shared = found.catalog, Parsed()
    for metric in _read(export, Metric):
        _whole(found, "metric_definitions", metric.name, metric, catalog.metrics.get(metric.name), metric)
    for version in _read(export, Version):
        _version(found, version, catalog.versions.get(version.key))
    for doc in _rows(export, "use_cases"):
        new = from_doc(UseCase, doc)
        _whole(found, "use_cases", new.name, new, catalog.use_cases.get(new.name), doc)
    for doc in _rows(export, "deployments"):
        place = from_doc(Deployment, doc)
        _whole(found, "deployments", place.name, place, catalog.deployments.get(place.name), doc)
    known = catalog.assignments.by_uid
    shared.assignments = [a if known(a.uid) is None else replace(a, uid="") for a in _read(export, Assignment)]
    intake.place(found, catalog, shared)
    export.faults += shared.faults
    for measurement in _read(export, Measurement):
        old = catalog.measurements.get(measurement.uid)
        _whole(found, "measurements", f"{measurement.metric} · {measurement.version}", measurement, old, measurement)
    for upgrade in _read(export, Upgrade):
        _whole(
            found,
            "upgrades",
            f"{upgrade.use_case} · {upgrade.from_version}",
            upgrade,
            _same_upgrade(catalog, upgrade),
            upgrade,
        )


def take_over(catalog: Catalog, whole: Export) -> None:
    """Make the catalog the exported one.

    Raises:
        CommandError: somebody has worked in it; nothing was changed.
    """
    catalog.safeguard("before-import")
    catalog.take_over(whole.tables, whole.events)


def of_another(path: Path | None, content: bytes) -> dict[str, Any]:
    """The file of another catalog as the document of an export, with the edits in the journal beside it.

    Args:
        path: where it is, None for `content` alone; it is only read.
        content: the file.

    Raises:
        StoreError: it is damaged, or a newer modeltui wrote it; with one sentence.
    """
    if path is None:
        with TemporaryDirectory() as directory:
            copy = Path(directory) / "catalog.json"
            copy.write_bytes(content)
            return of_another(copy, content)
    with Catalog.open(path, actor="", read_only=True) as other:
        if other.newer:
            raise StoreError("a newer modeltui wrote it; update this one, then bring it in")
        return {**document(other), ANOTHER: True}


def document(catalog: Catalog, keys: Collection[str] | None = None, query: str = "") -> dict[str, Any]:
    """A catalog as the document of an export: tables sorted by identity: the same text each time.

    Args:
        catalog: read, not changed.
        keys: only these versions, with what runs them and what was measured; None for everything with its history.
        query: what found them, noted in the document.
    """
    tables: dict[str, list[Doc]] = {}
    for name in TABLES:
        records = catalog.table(name)
        tables[name] = sorted(records.documents(), key=lambda doc: str(doc.get("uid")))
    if keys is None:
        events = [to_doc(event) for event in catalog.events()]
        return {"modeltui": "export", "format": FORMAT, **tables, "events": events}
    _narrow(tables, set(keys))
    return {"modeltui": "export", "format": FORMAT, "query": query, **tables}


def _narrow(tables: dict[str, list[Doc]], keys: set[str]) -> None:
    """Keep what belongs to some versions: their use cases, places, figures and upgrades."""

    def keep(table: str, holds: Callable[[Doc], bool]) -> list[Doc]:
        tables[table] = [doc for doc in tables[table] if holds(doc)]
        return tables[table]

    keep("versions", lambda doc: doc.get("key") in keys)
    runs = keep("assignments", lambda doc: doc.get("version") in keys)
    upgrades = keep("upgrades", lambda doc: doc.get("from_version") in keys or doc.get("to_version") in keys)
    used = {doc.get("use_case") for doc in (*runs, *upgrades)}
    keep("use_cases", lambda doc: doc.get("name") in used)
    places = {doc.get("deployment") for doc in runs}
    keep("deployments", lambda doc: doc.get("name") in places)
    values = keep("measurements", lambda doc: doc.get("version") in keys and doc.get("use_case", "") in {"", *used})
    metrics = {doc.get("metric") for doc in values}
    keep("metric_definitions", lambda doc: doc.get("name") in metrics)
    keep("registries", lambda _: False)


def _rows(export: Export, table: str, default: Any = ()) -> list[Doc]:
    return list(export.tables.get(table, default))


def _read(export: Export, kind: type[Any]) -> list[Any]:
    table = next(name for name, its in TABLES.items() if its is kind)
    return [from_doc(kind, doc) for doc in export.tables.get(table, ())]


def _whole(found: TransferPlan, table: str, key: str, new: Any, old: Any, given: Any) -> None:
    """A record of ours: what the file says replaces what is here, field by field; what it leaves out stays."""
    if old is None:
        _add(found, new)
        return
    said = given if isinstance(given, Mapping) else to_doc(given)
    names = [f.name for f in fields(new) if f.name in said and f.name not in _OURS]
    _rewrite(found, table, key, old, replace(old, **{name: getattr(new, name) for name in names}))


def _rewrite(found: IntakePlan, table: str, key: str, old: Any, edited: Any) -> None:
    differences = list(changes.diff(to_doc(old), to_doc(edited)))  # by document: NaN is NaN there
    if differences:
        found.rewritten.append((edited, old))
        found.changed += [FieldChange(table, key, d.path, d.before, d.after, source=found.origin) for d in differences]


def _add(found: TransferPlan, new: Any) -> None:
    """A new record keeps its identity, unless something else has it here."""
    taken = found.catalog.table(TABLE_OF[type(new)]).by_uid(new.uid) is not None
    found.added.append(replace(new, rev=1, uid=new_uid() if taken else new.uid))


def _same_upgrade(catalog: Catalog, new: Upgrade) -> Upgrade | None:
    there = catalog.upgrades.by_uid(new.uid)
    if there is not None:
        return there
    at = (new.use_case, new.from_version, new.to_version, new.deployment, new.created)
    alike = (
        u
        for u in catalog.upgrades.records()
        if (u.use_case, u.from_version, u.to_version, u.deployment, u.created) == at
    )
    return next(alike, None)


def _version(found: TransferPlan, new: Version, old: Version | None) -> None:
    if old is None:
        _add(found, new)
        return
    facts = dict(old.facts)
    for name, claims in new.facts.items():
        facts[name] = _claims(found, old, name, claims)
    dates = (*old.observations, *(o for o in new.observations if o not in old.observations))
    plain: dict[str, Any] = {}
    local = list(old.local)
    for name in (f.name for f in fields(Version) if f.name not in (*_OURS, "key", "facts", "observations", "local")):
        theirs, ours = getattr(new, name), getattr(old, name)
        if theirs == ours or not theirs or theirs == getattr(Version("", new.key), name):
            continue
        if name in old.local and ours:
            found.changed.append(FieldChange("versions", old.key, name, ours, theirs, True, found.origin))
            continue
        plain[name] = theirs
        local += [name] if name in new.local and name not in local else []
    edited = replace(old, facts=facts, observations=dates, local=tuple(local), **plain)
    _rewrite(found, "versions", old.key, old, edited)


def _claims(found: IntakePlan, old: Version, name: str, new: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """The claims of both; where a person said something here, that stays."""
    known = old.facts.get(name, ())
    mine = next((c for c in known if c.layer == "local"), None)
    theirs = next((c for c in new if c.layer == "local"), None)
    if mine is not None and theirs is not None and mine.value != theirs.value:
        found.changed.append(
            FieldChange("versions", old.key, f"facts.{name}", mine.value, theirs.value, True, found.origin)
        )
    at = {(c.layer, c.origin, c.source) for c in known}
    fresh = [
        c for c in new if (c.layer, c.origin, c.source) not in at and not (c.layer == "local" and mine is not None)
    ]
    local = [c for c in (*known, *fresh) if c.layer == "local"]
    return (*local, *(c for c in (*known, *fresh) if c.layer != "local"))
