"""Candidates from a catalog as it is: the demo's use cases, and costs and break-even beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from store.catalog import Catalog, fixed_clock
from store.engine import new_uid
from store.records import Criteria, Criterion, Measurement
from store.review.costs import Cost, break_even_row, budget_ranges, cost_per_call_row, migration_cost
from store.review.successors import Successors, successors

TODAY = date(2026, 11, 23)


@pytest.fixture
def told(demo_path: Path) -> Iterator[Catalog]:
    with Catalog.open(demo_path, actor="ann", clock=fixed_clock(TODAY)) as catalog:
        yield catalog


def follow(catalog: Catalog, name: str) -> Successors:
    runs = next(a for a in catalog.runs_in(name) if a.stage == "Production")
    return successors(catalog.snapshot(), catalog.use_case(name), runs, TODAY)


def test_the_vendor_comes_first_then_what_was_measured(told: Catalog) -> None:
    found = follow(told, "claims-extraction")
    assert found.first[:2] == ("azure-openai/gpt-5.6-sol@2026-07-09", "azure-openai/gpt-5.4-mini@2026-03-17")
    vendor, measured = found.found.candidates[:2]
    assert (vendor.vendor, vendor.quality, measured.front, measured.quality) == (True, None, True, 0.921)
    assert measured.price_factor == pytest.approx(0.475, abs=0.01)
    why = {e.key: e.reason for e in found.found.excluded}
    assert "already retired" in why["azure-openai/gpt-35-turbo@0301"]
    assert not {c.key for c in found.found.candidates} & {"mlflow/churn@8"}


def test_a_model_of_our_own_is_followed_by_its_own_versions(told: Catalog) -> None:
    found = follow(told, "churn")
    assert {c.key.partition("@")[0] for c in found.found.candidates} == {"mlflow/churn"}
    assert found.first[0] == "mlflow/churn@8"
    assert found.cost.mid == 470


def test_a_very_large_catalog_is_searched_at_the_provider_and_where_the_use_case_was(
    told: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = "openai/gpt-5.4-mini@2026-03-17"
    told.assign("claims-extraction", tried, stage="Staging", deployment="trial")
    everywhere = follow(told, "claims-extraction")
    monkeypatch.setattr("store.review.successors.MANY", 100)
    near = follow(told, "claims-extraction")
    assert (everywhere.narrowed, near.narrowed, follow(told, "churn").narrowed) == (False, True, False)
    assert {c.key.partition("/")[0] for c in near.found.candidates} == {"azure-openai", "openai"}
    assert [c.key for c in near.found.candidates if not c.key.startswith("azure-openai/")] == [tried]
    assert near.first[:2] == everywhere.first[:2]


def test_a_monthly_budget_judges_the_computed_cost(told: Catalog) -> None:
    base = told.use_case("claims-extraction")
    policy = Criteria(metrics={"monthly_cost": Criterion("budget", ceiling=500)})
    told.edit_use_case(replace(base, criteria=policy), base)
    told.start_upgrade("claims-extraction", "azure-openai/gpt-5.4-mini@2026-03-17")
    judged = told.verdict_of(told.upgrade("claims-extraction"))
    assert judged is not None
    (row,) = [row for row in judged.rows if row.metric == "monthly_cost"]
    assert row.verdict == "INCONCLUSIVE"  # $465 to $640, by how long its answers are
    assert "$465 to $640; budget $500" in row.reason


def test_break_even_needs_what_the_migration_costs() -> None:
    old, new = Cost(1000, 1000, 1000), Cost(400, 500, 600)
    costs = {"p/a@1": old, "p/b@1": new}
    (row,) = break_even_row(costs, "p/a@1", {"p/b@1": 2000})
    cell = row.cells["p/b@1"]
    assert cell is not None
    assert cell.value == "after 4 to 5 months"
    (unknown,) = break_even_row(costs, "p/a@1", {})
    assert "cost of the migration" in str(unknown.cells["p/b@1"])
    assert not break_even_row({"p/a@1": Cost(None, None, None, ("input price",)), "p/b@1": new}, "p/a@1", {})
    assert budget_ranges(new) == {"monthly_cost": (400, 600)}


def test_the_migration_is_entered_for_the_use_case_before_in_general(told: Catalog) -> None:
    key, use_case = "mlflow/churn@8", told.use_case("churn")
    version = told.version(key)
    assert migration_cost(version, use_case, told.snapshot().measurements) is None
    for amount, name in ((900.0, ""), (700.0, "churn"), (1.0, "code-review")):
        told.measure(Measurement(new_uid(), "migration_cost", amount, key, use_case=name, measured_on=TODAY))
    assert migration_cost(version, use_case, told.snapshot().measurements) == 700
    row = cost_per_call_row({key: Cost(90, 180, 180)}, key, use_case)
    cell = row.cells[key]
    assert cell is not None
    assert (cell.low, cell.value) == (pytest.approx(0.0005), pytest.approx(0.001))
