from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from store import reference, sync
from store.catalog import Catalog, fixed_clock
from store.delivery import Delivery
from store.records import Fact, Observation, Version
from store.sync import apply, plan

KEY = "azure-openai/gpt-4o@2024-05-13"


def own(key: str = "ml/churn@1", **fields: object) -> Version:
    return replace(Version("", key, own=True), **fields)  # type: ignore[arg-type]


def claim(value: object, origin: str = "ml", as_of: str = "2026-11-20") -> tuple[Fact, ...]:
    return (Fact(value, origin, as_of, origin=origin),)


def test_the_reference_loads_once_and_again_when_a_newer_one_ships(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(catalog.versions) == 774
    assert sync.load_reference(catalog) is None
    catalog.set_fact(KEY, "price_input", 4.0)
    newer = [
        d | {"facts": d["facts"] | {"price_input": [{"value": 9.9, "source": "litellm", "as_of": "2027-01-01"}]}}
        if d["key"] == KEY
        else d
        for d in reference.version_docs()
    ]
    monkeypatch.setattr(reference, "stamp", lambda: "2027-01-01.001-x")
    monkeypatch.setattr(reference, "version_docs", lambda: iter(newer))
    event = sync.load_reference(catalog)
    assert event is not None
    assert {c.key for c in event.changes} == {KEY, "reference"}
    version = catalog.version(KEY)
    assert version.value("price_input") == 4.0, "what the user entered stays"
    assert [c.value for c in version.facts["price_input"]] == [4.0, 9.9]


def test_the_load_of_the_reference_is_not_the_user_s_to_undo(catalog: Catalog) -> None:
    assert catalog.undo() is None


def test_a_plan_changes_nothing_and_applied_twice_is_applied_once(catalog: Catalog) -> None:
    delivery = Delivery(versions=[own(facts={"framework": claim("xgb")})])
    wanted = plan(catalog, "ml", delivery)
    assert [v.key for v in wanted.added] == ["ml/churn@1"]
    assert "ml/churn@1" not in catalog.versions
    assert apply(catalog, wanted) is not None
    again = plan(catalog, "ml", delivery)
    assert again.empty
    assert apply(catalog, again) is None


def test_a_sync_is_one_undoable_event(catalog: Catalog) -> None:
    apply(catalog, plan(catalog, "ml", Delivery(versions=[own(), own("ml/churn@2")])))
    catalog.undo()
    assert not any(k.startswith("ml/") for k in catalog.versions)
    catalog.redo()
    assert sum(k.startswith("ml/") for k in catalog.versions) == 2


def test_fields_change_with_old_and_new_and_local_edits_stay(catalog: Catalog) -> None:
    apply(catalog, plan(catalog, "ml", Delivery(versions=[own(changes="remote notes", facts={"size": claim(1)})])))
    version = catalog.version("ml/churn@1")
    catalog.edit_version(replace(version, changes="our notes"), version)
    catalog.set_fact("ml/churn@1", "size", 5)
    wanted = plan(catalog, "ml", Delivery(versions=[own(changes="new remote notes", facts={"size": claim(2)})]))
    assert {(c.field, c.before, c.after) for c in wanted.conflicts} == {
        ("changes", "our notes", "new remote notes"),
        ("facts.size", 5, 2),
    }
    apply(catalog, wanted)
    version = catalog.version("ml/churn@1")
    assert (version.changes, version.value("size")) == ("our notes", 5)


def test_observations_are_only_ever_added(catalog: Catalog) -> None:
    def seen(day: date, on: str) -> Observation:
        return Observation("retire", day, "planned", "ml", "ml", on, origin="ml")

    first, second = seen(date(2027, 1, 1), "2026-10-01"), seen(date(2026, 12, 1), "2026-11-01")
    apply(catalog, plan(catalog, "ml", Delivery(versions=[own(observations=(first,))])))
    apply(catalog, plan(catalog, "ml", Delivery(versions=[own(observations=(second,))])))
    assert catalog.version("ml/churn@1").observations == (first, second)


def test_what_is_gone_at_the_source_is_flagged_and_comes_back(catalog: Catalog) -> None:
    apply(catalog, plan(catalog, "ml", Delivery(versions=[own(), own("ml/churn@2")])))
    apply(catalog, plan(catalog, "ml", Delivery(versions=[own("ml/churn@2")])))
    assert catalog.version("ml/churn@1").missing_since == date(2026, 11, 23)
    apply(catalog, plan(catalog, "ml", Delivery(versions=[own(), own("ml/churn@2")])))
    assert catalog.version("ml/churn@1").missing_since is None


def test_a_new_catalog_has_the_facts_after_the_first_load(tmp_path: Path) -> None:
    with Catalog.open(tmp_path / "new.json", actor="ann", clock=fixed_clock(date(2026, 11, 23))) as fresh:
        event = sync.load_reference(fresh)
        assert event is not None
        assert event.actor == "modeltui"
        assert all(c.after is None for c in event.changes if c.table != "registries"), "no second copy of the facts"
        assert fresh.version(KEY).value("replacement") == ["gpt-5.6-sol"]
