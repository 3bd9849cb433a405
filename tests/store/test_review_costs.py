from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from store.records import Deployment, Fact, Measurement, Metric, UseCase, Version
from store.review.comparison import compare
from store.review.costs import (
    ASSUMED,
    SAME,
    Cost,
    Verbosity,
    break_even,
    cost_in_place,
    cost_per_success,
    cost_row,
    monthly_cost,
    provisioned_units,
    verbosity,
)

CASE = UseCase(
    "u", "support", calls_per_month=2_000_000, tokens_in=1000, tokens_out=200, cached_share=0.5, retry_share=0.1
)
ACCURACY = Metric("accuracy", "Accuracy", direction="up", kind="rate")


def version(key: str = "azure-openai/gpt-4o@2024-05-13", **facts: Any) -> Version:
    return Version(key, key, facts={k: (Fact(v, "litellm", "2026-11-12"),) for k, v in facts.items()})


PRICED = version(price_input=2.0, price_cached_input=1.0, price_output=10)


def test_the_formula_at_volume() -> None:
    one = monthly_cost(PRICED, CASE)
    assert one.low == one.mid == one.high == pytest.approx(2 * (500 * 2 + 500 * 1 + 200 * 10) * 1.1)
    ranged = monthly_cost(PRICED, CASE, answers=ASSUMED)
    expected = [2 * (1500 + 2000 * v) * 1.1 for v in (0.9, 1.1, 1.6)]
    assert [ranged.low, ranged.mid, ranged.high] == pytest.approx(expected)
    assert "0.9 to 1.6 times" in ranged.notes[0]


def test_an_unknown_cached_price_is_at_most_the_input_price() -> None:
    cost = monthly_cost(version(price_input=2, price_output=0), CASE)
    assert (cost.low, cost.high) == (pytest.approx(2 * 500 * 2 * 1.1), pytest.approx(2 * 1000 * 2 * 1.1))
    assert "cached input is not known" in cost.notes[0]


def test_a_factor_of_zero_needs_no_price() -> None:
    embedding = replace(CASE, tokens_out=0, cached_share=0)
    assert monthly_cost(version(price_input=0.1), embedding).mid == pytest.approx(2 * 1000 * 0.1 * 1.1)
    assert monthly_cost(version(price_cached_input=1, price_output=1), replace(CASE, cached_share=1)).known
    assert monthly_cost(version(), replace(CASE, calls_per_month=0)).mid == 0
    assert monthly_cost(version(price_input=1, price_output=1), replace(CASE, cached_share=None, caching=False)).known


def test_a_free_model_costs_nothing() -> None:
    assert monthly_cost(version(price_input=0, price_output=0), CASE).high == 0


@pytest.mark.parametrize(
    ("facts", "case", "unknown"),
    [
        ({}, CASE, ("input price", "output price")),
        ({"price_input": 1, "price_output": float("nan")}, CASE, ("output price",)),
        ({"price_input": 1, "price_output": 1}, replace(CASE, retry_share=None), ("retry share",)),
        ({"price_input": 1, "price_output": 1}, UseCase("u", "new"),
         ("calls per month", "input tokens per call", "output tokens per call", "cached share", "retry share")),
    ],
)  # fmt: skip
def test_what_is_unknown_makes_the_cost_unknown_and_is_named(
    facts: dict[str, Any], case: UseCase, unknown: tuple[str, ...]
) -> None:
    cost = monthly_cost(version(**facts), case)
    assert (cost.known, cost.low, cost.high) == (False, None, None)
    assert cost.unknown == unknown


def test_the_place_decides_which_price() -> None:
    facts = {"price_input": 2, "price_output": 0, "price_batch_input": 1, "price_batch_output": 0,
             "price_input_datazone_us": 2.2, "price_input_datazone_eu": 2.4, "price_output_datazone_us": 0,
             "price_output_datazone_eu": 0}  # fmt: skip
    case = replace(CASE, cached_share=0, retry_share=0)

    def ends(sku: str) -> tuple[Any, Any]:
        cost = monthly_cost(version(**facts), case, deployment=Deployment("d", "d", sku=sku))
        return cost.low, cost.high

    assert ends("GlobalStandard") == (4000, 4000)
    assert ends("GlobalBatch") == (2000, 2000)
    assert ends("DataZoneStandard") == (pytest.approx(4400), pytest.approx(4800))
    regional = monthly_cost(version(**facts), case, deployment=Deployment("d", "d", sku="Standard"))
    assert "the region's price is not known" in regional.notes[0]


PTU = {"min_global": 15, "increment_global": 5, "min_regional": 50, "increment_regional": 50, "input_tpm_per_ptu": 2500}


@pytest.mark.parametrize(
    ("sku", "peak", "units"),
    [("GlobalProvisionedManaged", 1000, 15), ("GlobalProvisionedManaged", 37_501, 20),
     ("DataZoneProvisionedManaged", 50_000, 20), ("ProvisionedManaged", 130_000, 100)],
)  # fmt: skip
def test_provisioned_units_are_rounded_up(sku: str, peak: float, units: int) -> None:
    place, case = Deployment("d", "d", sku=sku, unit_hour=1.5), replace(CASE, peak_tokens_per_minute=peak)
    assert provisioned_units(version(ptu=PTU), case, place) == (units, "")
    cost = monthly_cost(version(ptu=PTU), case, deployment=place)
    assert (cost.mid, cost.units, cost.fixed) == (pytest.approx(units * 1.5 * 730), units, True)
    assert monthly_cost(version(ptu=PTU), case, deployment=replace(place, unit_month=700)).mid == units * 700
    listed = version(ptu=PTU, ptu_hour={sku: 2.0})
    assert monthly_cost(listed, case, deployment=replace(place, unit_hour=None)).mid == pytest.approx(units * 2 * 730)
    assert monthly_cost(listed, case, deployment=place).mid == cost.mid  # what was agreed goes before the list


def test_provisioned_without_a_price_or_a_peak_is_unknown() -> None:
    place = Deployment("d", "d", sku="GlobalProvisionedManaged")
    cost = monthly_cost(version(ptu=PTU), CASE, deployment=place)
    assert cost.unknown == ("peak tokens per minute", "price of a provisioned unit")
    priced = replace(place, unit_hour=1)
    assert monthly_cost(version(), CASE, deployment=priced, units=10).mid == 7300
    assert "least units" in monthly_cost(version(), CASE, deployment=priced).unknown[0]


def test_the_baseline_has_the_units_that_stand_there_and_the_candidate_needs_its_own() -> None:
    place = Deployment("d", "d", platform="azure", sku="GlobalProvisionedManaged", units=50, unit_month=260)
    case = replace(CASE, peak_tokens_per_minute=37_501)
    old, new = version("azure-openai/a", ptu=PTU), version("azure-openai/b", ptu=PTU | {"input_tpm_per_ptu": 10_000})
    assert cost_in_place(old, old, case, place, {}, {}).mid == 50 * 260
    assert cost_in_place(new, old, case, place, {}, {}).mid == 15 * 260


def test_own_models_cost_what_was_entered() -> None:
    own = replace(version("mlflow/churn@7"), own=True)
    both = [
        Measurement("1", "infrastructure_cost_month", 400, own.key, measured_on=date(2026, 10, 1)),
        Measurement("2", "infrastructure_cost_month", 300, own.key, measured_on=date(2026, 9, 1)),
        Measurement("3", "maintenance_cost_month", 100, own.key, use_case="support"),
        Measurement("4", "maintenance_cost_month", 900, own.key, use_case="other"),
    ]
    assert monthly_cost(own, CASE, measurements={own.key: both}).mid == 500
    assert monthly_cost(own, CASE, measurements={own.key: both[:2]}).unknown == ("maintenance cost per month",)


def test_verbosity_is_measured_where_both_were() -> None:
    a, b = version("p/a"), version("p/b")

    def said(key: str, value: float, metric: str = "output_tokens", **more: Any) -> Measurement:
        return Measurement(key + metric, metric, value, key, **more)

    own = [said("p/a", 200, use_case="support"), said("p/b", 300, use_case="support")]
    public = [said("p/a", 100, "vectara.summary_words"), said("p/b", 80, "vectara.summary_words")]
    figures = {k: [m for m in own + public if m.version == k] for k in ("p/a", "p/b")}
    assert verbosity(a, b, figures, {}, CASE) == Verbosity(1.5, 1.5, 1.5, "output_tokens")
    assert verbosity(a, b, {k: v[1:] for k, v in figures.items()}, {}, CASE).mid == 0.8
    assert verbosity(a, b, {"p/a": own[:1]}, {}, CASE) is ASSUMED
    assert verbosity(a, a, figures, {}, CASE) is SAME


def test_break_even_in_months() -> None:
    def flat(value: float, fixed: bool = False) -> Cost:
        return Cost(value, value, value, fixed=fixed)

    paid = break_even(flat(1000), Cost(600, 700, 800), migration=2400)
    assert (paid.switch, paid.soonest, paid.latest, paid.why) == (2400, 6, 12, "after 6 to 12 months")
    dual = break_even(flat(3650, fixed=True), flat(0), migration=0)
    assert (dual.switch, dual.soonest) == (pytest.approx(3600), 1)
    assert break_even(flat(1000), flat(1200), migration=1).why == "never: it does not cost less"
    assert break_even(flat(1000), Cost(900, 1000, 1100), migration=100).why == "after 1 month, perhaps never"
    unknown = break_even(flat(1), Cost(None, None, None, ("input price",)), migration=1)
    assert (unknown.soonest, unknown.why) == (None, "not known: input price")
    assert break_even(flat(1), flat(0), migration=None).why == "not known: cost of the migration"


def test_cost_per_successful_prediction() -> None:
    cost = Cost(2000, 3000, 4000)
    each = cost_per_success(cost, CASE, ACCURACY, 0.8)
    assert (each.low, each.mid, each.high) == (pytest.approx(0.00125), pytest.approx(0.001875), pytest.approx(0.0025))
    assert cost_per_success(cost, CASE, replace(ACCURACY, kind="mean"), 0.8).unknown == ("a success rate as headline",)
    assert cost_per_success(cost, CASE, ACCURACY, 0).unknown == ("Accuracy",)


def test_the_row_of_a_comparison_keeps_the_range() -> None:
    a, b, c = version("p/a"), version("p/b"), version("p/c")
    costs = {
        "p/a": Cost(1240, 1240, 1240),
        "p/b": Cost(690, 800, 1010),
        "p/c": Cost(None, None, None, ("input price",)),
    }
    row = compare([a, b, c], {}, {}, baseline="p/a", extra=[cost_row(costs, "p/a", CASE)]).rows[-1]
    assert (row.title, row.best, row.cells["p/c"]) == ("monthly at 2,000,000 calls", ("p/b",), None)
    cell = row.cells["p/b"]
    assert cell is not None
    assert (cell.low, cell.high, cell.better, cell.delta) == (690, 1010, True, -440)
