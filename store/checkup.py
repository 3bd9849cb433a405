"""What is wrong inside a catalog that opens: documents, names that lead nowhere, the index; in words.

Damage of the files themselves is `store.repair.examine`. Nothing here writes; `Catalog.set_aside` moves what cannot be
used to the table `quarantine`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from store.engine import read_event
from store.records import TABLES
from store.values import dataclass

if TYPE_CHECKING:
    from store.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: its rule, the key it is about, a sentence.

    `table` and `doc_id` name the document that `set_aside` takes away; 0 where nothing is to be taken away. `document`
    is the text of one that stands in quarantine.
    """

    rule: str
    key: str
    message: str
    table: str = ""
    doc_id: int = 0
    document: str = ""


def documents(catalog: Catalog) -> dict[str, int]:
    """How many documents each table has; all of them are decoded on the way."""
    counted = {name: sum(1 for _ in catalog.table(name).records()) for name in TABLES}
    return counted | {"events": sum(1 for _ in catalog.raw("events"))}


def faults(catalog: Catalog) -> Iterator[Fault]:
    """Everything that is wrong, documents first."""
    for name in TABLES:
        yield from _documents(catalog, name)
    yield from _events(catalog)
    yield from _quarantined(catalog)
    yield from _runs(catalog)
    yield from _measurements(catalog)
    yield from _upgrades(catalog)
    yield from _versions(catalog)


# ── documents and the index ───────────────────────────────────────────────────────────────────────────────────────


def _documents(catalog: Catalog, name: str) -> Iterator[Fault]:
    records, words = catalog.table(name), name.replace("_", " ")
    keys: dict[str, int] = {}
    for doc_id, _ in catalog.raw(name):
        key = records.key_of(doc_id)
        if not key:
            why = records.broken.get(f"{name} #{doc_id}", "it is not in the index")
            yield Fault("unreadable", f"{name} #{doc_id}", f"A document of {words} cannot be read: {why}", name, doc_id)
        elif key in keys:
            said = f"{key} stands twice in {words}; only the later document is used"
            yield Fault("duplicate", key, said, name, keys[key])
            keys[key] = doc_id
        else:
            keys[key] = doc_id
    for key, doc_id in keys.items():
        if records.get(key) is None and key in records.broken:
            said = f"{key} in {words} cannot be read: {records.broken[key]}"
            yield Fault("unreadable", key, said, name, doc_id)
    for key in records:
        if key not in keys:
            yield Fault("index", key, f"The index of {words} names {key}, which is in no document; open it again")


def _events(catalog: Catalog) -> Iterator[Fault]:
    seen = set[str]()
    for doc_id, raw in catalog.raw("events"):
        try:
            event = read_event(raw)
        except ValueError as error:
            said = f"Event {doc_id} of the history cannot be read: {error}"
            yield Fault("unreadable", f"events #{doc_id}", said, "events", doc_id)
            continue
        if event.id in seen:
            yield Fault("duplicate", event.id, f"The event {event.id} ({event.command}) stands twice in the history")
        seen.add(event.id)


class _Kept(msgspec.Struct):
    """What stands in quarantine, as `Catalog.set_aside` and migrations write it."""

    table: str = "?"
    doc_id: int = 0
    error: str = "?"
    doc: str = ""


def _quarantined(catalog: Catalog) -> Iterator[Fault]:
    decode = msgspec.json.Decoder(_Kept).decode
    for doc_id, raw in catalog.raw("quarantine"):
        try:
            kept = decode(raw)
        except ValueError:
            kept = _Kept(doc=raw.decode("utf-8", "replace"))
        name = f"{kept.table} #{kept.doc_id or doc_id}"
        yield Fault("quarantine", name, f"{name} is kept, not used: {kept.error}", document=kept.doc)


# ── names that lead nowhere ───────────────────────────────────────────────────────────────────────────────────────


def _runs(catalog: Catalog) -> Iterator[Fault]:
    for a in catalog.assignments.records():
        if a.version not in catalog.versions:
            said = f"{a.use_case} runs {a.version}, which is not in the catalog"
            yield Fault("unknown_version", a.version, said)
        if a.use_case not in catalog.use_cases:
            said = f"{a.version} runs in {a.use_case}, which is not in the catalog"
            yield Fault("unknown_use_case", a.use_case, said)
        if a.deployment != "default" and a.deployment not in catalog.deployments:
            said = f"{a.use_case} runs on {a.deployment}, which is not described"
            yield Fault("unknown_deployment", a.deployment, said)


def _measurements(catalog: Catalog) -> Iterator[Fault]:
    # what was measured for a use case stays true when that is removed
    removed = {c.key for e in catalog.events() for c in e.changes if (c.table, c.field) == ("use_cases", "*")}
    for m in catalog.measurements.records():
        if m.version not in catalog.versions:
            said = f"{m.metric} was measured on {m.version}, which is not in the catalog"
            yield Fault("unknown_version", m.version, said)
        if m.use_case and m.use_case not in catalog.use_cases and m.use_case not in removed:
            said = f"{m.metric} was measured for {m.use_case}, which is not there"
            yield Fault("unknown_use_case", m.use_case, said)


def _upgrades(catalog: Catalog) -> Iterator[Fault]:
    for u in catalog.upgrades.records():
        for key in filter(None, (u.from_version, u.to_version)):
            if key not in catalog.versions:
                said = f"the upgrade of {u.use_case} names {key}, which is not in the catalog"
                yield Fault("unknown_version", key, said)
        if u.use_case not in catalog.use_cases:
            yield Fault("unknown_use_case", u.use_case, f"an upgrade is of {u.use_case}, which is not in the catalog")


def _versions(catalog: Catalog) -> Iterator[Fault]:
    for version in catalog.versions.records():
        if version.registry == "reference":
            continue  # the shipped facts name versions of others, too
        for key in (*version.alias_of, *version.same_as):
            if key not in catalog.versions:
                yield Fault("unknown_version", key, f"{version.key} names {key}, which is not in the catalog")
