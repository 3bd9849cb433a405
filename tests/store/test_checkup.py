"""What doctor finds inside a catalog that opens, and what repair does about it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from store import checkup
from store.catalog import Catalog, fixed_clock
from store.journal import open_db
from store.records import Assignment, Deployment, Measurement, UseCase, Version, to_doc


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "catalog.json"
    with open_db(found) as db:
        for table, records in {
            "versions": [Version("v1", "a/m@1", same_as=("a/gone@1",)), Version("v2", "a/m@2"), Version("v3", "a/m@2")],
            "use_cases": [UseCase("u1", "support")],
            "deployments": [Deployment("d1", "east")],
            "assignments": [
                Assignment("r1", "support", "a/m@1", deployment="east"),
                Assignment("r2", "ghost", "a/none@1", deployment="west"),
            ],
            "measurements": [Measurement("m1", "f1", 0.5, "a/m@1"), Measurement("m2", "f1", 0.5, "a/no@1")],
        }.items():
            db.table(table).insert_multiple(to_doc(record) for record in records)
        db.table("measurements").insert({"uid": "m3", "metric": "f1", "value": "high", "version": "a/m@1"})
        db.table("events").insert({"at": 3})
    return found


def opened(path: Path) -> Catalog:
    return Catalog.open(path, actor="ann", clock=fixed_clock(date(2026, 11, 23)))


def test_everything_wrong_is_said_in_words(path: Path) -> None:
    with opened(path) as catalog:
        said = {(f.rule, f.key) for f in checkup.faults(catalog)}
        words = "\n".join(f.message for f in checkup.faults(catalog))
    assert said == {
        ("duplicate", "a/m@2"), ("unreadable", "m3"), ("unreadable", "events #1"),
        ("unknown_version", "a/none@1"), ("unknown_use_case", "ghost"), ("unknown_deployment", "west"),
        ("unknown_version", "a/no@1"), ("unknown_version", "a/gone@1"),
    }  # fmt: skip
    assert "a/m@2 stands twice in versions" in words
    assert "m3 in measurements cannot be read" in words


def test_repair_moves_aside_what_cannot_be_used_and_loses_nothing(path: Path) -> None:
    with opened(path) as catalog:
        assert catalog.history() == [], "an event that cannot be read stands in nobody's way"
        assert list(catalog.unread) == [1]
        event = catalog.set_aside(checkup.faults(catalog))
        assert event is not None
        moved = {(c.table, c.uid) for c in event.changes}
        assert moved == {("versions", "v2"), ("measurements", "m3"), ("events", "")}
        assert catalog.undo() is None, "what could not be used does not come back by undo"
        assert catalog.version("a/m@2").uid == "v3"  # the one that was in use still is
        assert catalog.set_aside(checkup.faults(catalog)) is None
    with opened(path) as catalog:
        assert b"high" in b"".join(raw for _, raw in catalog.raw("quarantine"))
        faults = list(checkup.faults(catalog))
        assert "duplicate" not in {f.rule for f in faults}
        kept = {f.key: f.document for f in faults if f.rule == "quarantine"}
        assert kept["events #1"] == '{"at":3}'
        assert set(kept) == {"versions #2", "measurements #3", "events #1"}


def test_an_index_that_differs_from_the_documents_is_found(path: Path) -> None:
    with opened(path) as catalog:
        catalog.table("use_cases")._ids["phantom"] = 99
        assert ("index", "phantom") in {(f.rule, f.key) for f in checkup.faults(catalog)}
