"""A past day is what the log says stood then: rewinding gives what was there, whatever happened since."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.catalog import Catalog, CommandError, fixed_clock
from store.engine import new_uid
from store.past import as_it_stood
from store.records import Deployment, Snapshot, UseCase, to_doc

FIRST = date(2026, 3, 1)
KEYS = ("acme/chat@1", "acme/chat@2", "acme/chat@3")
NAMES = ("support", "search")
Step = tuple[str, str, str, int]
STEPS: st.SearchStrategy[Step] = st.sampled_from(
    [("assign", n, k, s) for n in NAMES for k in KEYS for s in (100, 40)]
    + [(what, n, "", 0) for n in NAMES for what in ("owner", "unassign", "upgrade", "remove", "place")]
    + [("undo", "", "", 0)]
)  # fmt: skip


def _told(records: Snapshot) -> dict[str, object]:
    def docs(found: object) -> dict[str, object]:
        told = {r.uid: to_doc(r) for r in found}  # type: ignore[attr-defined]
        for doc in told.values():
            doc.pop("rev", None)  # counts the edits; the log does not
        return told

    return {
        "assignments": docs(records.assignments),
        "use_cases": docs(records.use_cases.values()),
        "deployments": docs(records.deployments.values()),
        "upgrades": docs(records.upgrades.values()),
    }


def _do(c: Catalog, what: str, name: str, key: str, share: int) -> None:
    if what == "undo":
        c.undo()
    elif name not in c.use_cases:
        c.add_use_case(UseCase(new_uid(), name, owner="ann"))
    elif what == "assign":
        c.assign(name, key, stage="Production", share=share, why="so")
    elif what == "owner":
        c.edit_use_case(replace(c.use_case(name), owner=c.use_case(name).owner + "x"), c.use_case(name))
    elif what == "place":
        at = c.deployments.get(name)
        c.save_deployment(replace(at, region=at.region + "x") if at else Deployment(new_uid(), name), at)
    elif what == "remove":
        c.remove_use_case(name)
    elif runs := c.runs_in(name):
        if what == "unassign":
            c.unassign(runs[0].uid)
        else:
            c.start_upgrade(name)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=st.lists(st.lists(STEPS, max_size=3), min_size=2, max_size=5))
def test_a_past_day_reads_as_it_stood_at_its_end(tmp_path: Path, days: list[list[Step]]) -> None:
    path = tmp_path / f"{new_uid()}.json"
    stood: list[dict[str, object]] = []
    for number, steps in enumerate(days):
        with Catalog.open(path, actor="ann", clock=fixed_clock(FIRST + timedelta(number))) as c:
            if number == 0:
                for key in KEYS:
                    c.register(key)
            for step in steps:
                try:
                    _do(c, *step)
                except CommandError:
                    continue  # what cannot be done then is no part of the day
            stood.append(_told(c.snapshot()))
            for back, told in enumerate(stood):
                assert _told(as_it_stood(c.snapshot(), c.events(), FIRST + timedelta(back))) == told


def test_what_was_recorded_later_counts_from_the_day_it_ran_since(store_path: Path) -> None:
    with Catalog.open(store_path, actor="ann", clock=fixed_clock(date(2026, 9, 1))) as c:
        c.register(KEYS[0])
        c.add_use_case(UseCase(new_uid(), "support", owner="ann"))
        c.add_use_case(UseCase(new_uid(), "search"))
        c.assign("support", KEYS[0], since=date(2026, 3, 2))
        known = as_it_stood(c.snapshot(), c.events(), date(2026, 3, 2))
        assert [a.version for a in known.assignments] == [KEYS[0]]
        assert list(known.use_cases) == ["support"]
        assert not as_it_stood(c.snapshot(), c.events(), date(2026, 3, 1)).assignments
