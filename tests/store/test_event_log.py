"""The event log is complete: whatever commands do, their events tell every changed field and replay the records."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest

from store import changes, checkup, sync
from store.catalog import Catalog, CommandError, fixed_clock
from store.changes import Conflict, Settled
from store.engine import new_uid
from store.records import (
    TABLES,
    Change,
    Decision,
    Deployment,
    Event,
    Fact,
    Measurement,
    Registry,
    UseCase,
    Version,
)

TODAY = date(2026, 11, 23)
Docs = dict[tuple[str, str], dict[str, Any]]
Step = Callable[[Catalog, random.Random], object]

NAMES, KEYS = ["support", "search", "claims"], [f"own/m@{number}" for number in range(1, 7)]
PLACES, STAGES, WORDS = ["default", "east", "west"], ["Production", "Staging", "Archived", "Shadow"], ["a", "b", ""]


def delivered(c: Catalog, rng: random.Random) -> object:
    """A sync that brings in versions, changes some and misses others."""
    size = (Fact(rng.randint(1, 3), "lake", "2026-11-01"),)
    numbers = rng.sample(range(1, 5), 3)
    versions = [Version("", f"lake/m@{n}", changes=rng.choice(WORDS), facts={"size": size}) for n in numbers]
    wanted = sync.plan(c, "lake", sync.Delivery(versions=versions))
    wanted.wanted |= {version.key for version in versions}
    return sync.apply(c, wanted)


def measured(c: Catalog, rng: random.Random) -> object:
    use_case = c.use_case(rng.choice(NAMES)).name
    return c.measure(Measurement(new_uid(), "f1", rng.random(), rng.choice(KEYS), use_case=use_case))


def bulk(c: Catalog, rng: random.Random) -> object:
    edits = [(replace(u, owner=rng.choice(WORDS), title=rng.choice(WORDS)), u) for u in c.use_cases.records()]
    return c.edit_many(edits, "all use cases")


def edited_upgrade(c: Catalog, rng: random.Random) -> object:
    upgrade = rng.choice(list(c.upgrades.records()))
    act = rng.choice(["tick", "skip", "comment", "block", "checks", "note", "target", "cancel", "promote", "remove"])
    item = rng.choice(sorted(upgrade.items))
    return {
        "tick": lambda: c.tick_item(upgrade.uid, item, "seen"),
        "skip": lambda: c.skip_item(upgrade.uid, item, "not here"),
        "comment": lambda: c.comment_item(upgrade.uid, item, "hm"),
        "block": lambda: c.block_item(upgrade.uid, item, "waits"),
        "checks": lambda: c.run_checks(upgrade.uid),
        "note": lambda: c.edit_upgrade(replace(upgrade, note=rng.choice(WORDS)), upgrade),
        "target": lambda: c.set_target(upgrade.uid, rng.choice(KEYS)),
        "cancel": lambda: c.cancel_upgrade(upgrade.uid, "no"),
        "promote": lambda: c.promote(upgrade.uid, "go", share=rng.choice([0, 10, 100]), force=True),
        "remove": lambda: c.remove_upgrade(upgrade.uid),
    }[act]()


def taken_back(c: Catalog, rng: random.Random) -> object:
    step = rng.choice([c.undo, c.undo, c.redo])
    try:
        return step()
    except Conflict as error:
        with c.settling(Settled(error.clashes, mine=rng.random() < 0.5)):
            return step()


STEPS: list[Step] = [
    lambda c, r: c.add_use_case(UseCase(new_uid(), r.choice(NAMES), owner="ann", tags=("x",))),
    lambda c, r: c.edit_use_case(replace(base := c.use_case(r.choice(NAMES)), title=r.choice(WORDS), note="n"), base),
    lambda c, r: c.remove_use_case(r.choice(NAMES), "gone"),
    lambda c, r: c.register(r.choice(KEYS), changes=r.choice(WORDS), metrics={"f1": r.random()}),
    lambda c, r: c.set_fact(r.choice(KEYS), r.choice(["price_in", "a.b"]), r.choice([1.5, None, "x", [1]])),
    lambda c, r: c.observe(r.choice(KEYS), r.choice([None, date(2027, 1, 1), date(2027, 2, 1)])),
    lambda c, r: c.tag([r.choice(KEYS)], {"new"}, set()),
    lambda c, r: c.delete_version(r.choice(KEYS)),
    lambda c, r: c.assign(
        r.choice(NAMES), r.choice(KEYS), stage=r.choice(STAGES), share=r.choice([100, 100, 30]),
        deployment=r.choice(PLACES), why=r.choice(WORDS), since=r.choice([None, date(2026, 11, 1)]),
    ),
    lambda c, r: c.assign(r.choice(NAMES), r.choice(KEYS)),
    lambda c, r: c.assign_many(r.sample(list(c.assignments), 2), r.choice(STAGES)),
    lambda c, r: c.unassign(r.choice(list(c.assignments))),
    lambda c, r: c.confirm_seen(r.choice(list(c.assignments))),
    lambda c, r: c.revert(r.choice(NAMES), "back"),
    measured,
    lambda c, r: c.delete_measurement(r.choice(list(c.measurements.records()))),
    lambda c, r: c.decide(r.choice(NAMES), Decision("later", TODAY, "ann", note="x")),
    lambda c, r: c.reviewed(r.choice(NAMES)),
    lambda c, r: c.save_deployment(Deployment(new_uid(), r.choice(PLACES[1:]), platform="azure")),
    lambda c, r: c.save_deployment(replace(base := c.deployments[r.choice(PLACES[1:])], note=r.choice(WORDS)), base),
    lambda c, r: c.delete_deployment(r.choice(PLACES[1:])),
    lambda c, r: c.add_registry(Registry("", "lake", kind="file", address="x.json")),
    lambda c, r: c.remove_registry("lake"),
    lambda c, r: c.start_upgrade(r.choice(NAMES), r.choice(KEYS), template="short"),
    edited_upgrade, edited_upgrade, edited_upgrade, bulk, delivered, taken_back, taken_back, taken_back,
]  # fmt: skip


def documents(catalog: Catalog) -> Docs:
    """Every record as it stands in the file; how often it was edited is no field of its own."""
    found: Docs = {}
    for table in TABLES:
        for _, raw in catalog.raw(table):
            doc = orjson.loads(raw)
            doc.pop("rev", None)
            found[table, doc["uid"]] = doc
    return found


def forth(docs: Docs, change: Change, stands: Docs) -> None:
    """Apply one change; what a registry created is looked up where it stands afterwards."""
    at = (change.table, change.uid)
    if change.field != "*":
        assert changes.get(docs[at], change.field) == change.before, "an event begins where the one before ended"
        changes.put(docs[at], change.field, change.after)
    elif change.before is None:
        assert at not in docs
        docs[at] = without_rev(change.after if change.after is not None else stands[at])
    else:
        assert docs.pop(at) == without_rev(change.before)


def back(docs: Docs, change: Change) -> None:
    """Take one change away."""
    at = (change.table, change.uid)
    if change.field != "*":
        changes.put(docs[at], change.field, change.before)
    elif change.before is None:
        was = docs.pop(at)
        assert change.after is None or was == without_rev(change.after)
    else:
        docs[at] = without_rev(change.before)


def without_rev(doc: Any) -> dict[str, Any]:
    return {name: value for name, value in orjson.loads(orjson.dumps(doc)).items() if name != "rev"}


def new_events(catalog: Catalog, known: int) -> list[Event]:
    return catalog.events()[known:]


@pytest.mark.parametrize(
    ("seed", "steps"), [(1, 180), (2, 180), *(pytest.param(n, 1500, marks=pytest.mark.soak) for n in range(3, 9))]
)
def test_every_changed_field_has_its_change_and_the_events_replay_the_records(
    tmp_path: Path, seed: int, steps: int
) -> None:
    path, rng, worked = tmp_path / "catalog.json", random.Random(seed), set[int]()
    with (
        Catalog.open(path, actor="ann", clock=fixed_clock(TODAY)) as ann,
        Catalog.open(path, actor="bob", clock=fixed_clock(TODAY)) as bob,
    ):
        for name in NAMES:
            ann.add_use_case(UseCase(new_uid(), name, owner="ann"))
        for key in KEYS:
            ann.register(key)
        docs = documents(ann)
        for number in range(steps):
            catalog = rng.choice([ann, ann, bob])
            catalog.refresh()
            known = len(catalog.events())
            chosen = number if number < len(STEPS) else rng.randrange(len(STEPS))
            with suppress(CommandError, Conflict, KeyError, IndexError, ValueError):
                STEPS[chosen](catalog, rng)
                worked.add(chosen)
            now, said = documents(catalog), new_events(catalog, known)
            assert len(said) <= 1, "one command is one event"
            for change in (change for event in said for change in event.changes):
                forth(docs, change, now)
            assert docs == now, f"step {number}: the events do not say what changed: {[e.command for e in said]}"
            assert not [f for f in checkup.faults(catalog) if f.rule != "unknown_deployment"]
        assert len(worked) > len(STEPS) * 2 // 3, "most commands did something"
        for event in reversed(ann.events() if len(ann.events()) > len(bob.events()) else bob.events()):
            for change in reversed(event.changes):
                back(docs, change)
        assert docs == {}, "the log does not lead back to the empty catalog"
