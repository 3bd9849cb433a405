import math
from datetime import date

import pytest

from store.records import Fact, Lineage, Measurement, Metric, UseCase, Version
from store.review.comparison import Cell, Comparison, Row, best_in_row, compare, prepared_row
from store.review.figures import headline, trend, trend_over_versions

A, B, C = "openai/gpt-4o@2024-05-13", "azure-openai/gpt-4.1@2025-04-14", "mlflow/churn@3"
METRICS = {
    "accuracy": Metric(
        "accuracy", "Accuracy", unit="%", scale=100, direction="up", group="quality", kind="rate", rank=1
    ),
    "latency_p95_ms": Metric("latency_p95_ms", "Latency p95", unit="ms", direction="down", group="latency", rank=5),
    "verbosity": Metric("verbosity", "Length", group="behaviour"),
}


def version(key: str, **facts: object) -> Version:
    return Version(key, key, facts={k: (Fact(v, "litellm", "2026-11-12"),) for k, v in facts.items()})


def m(key: str, metric: str, value: float, on: date | None = date(2026, 11, 1), **more: object) -> Measurement:
    return Measurement(f"{key}-{metric}-{on}", metric, value, key, measured_on=on, **more)


def by_key(*measurements: Measurement) -> dict[str, list[Measurement]]:
    result: dict[str, list[Measurement]] = {}
    for one in measurements:
        result.setdefault(one.version, []).append(one)
    return result


def run(*measurements: Measurement, keys: tuple[str, ...] = (A, B), use_case: UseCase | None = None) -> Comparison:
    return compare([version(k) for k in keys], by_key(*measurements), METRICS, baseline=A, use_case=use_case)


def cell(row: Row, key: str) -> Cell:
    found = row.cells[key]
    assert found is not None
    return found


def test_delta_percent_better_and_best_follow_the_direction() -> None:
    rows = run(m(A, "accuracy", 0.8), m(B, "accuracy", 0.9), m(A, "latency_p95_ms", 800), m(B, "latency_p95_ms", 1000))
    accuracy, latency = rows.rows
    up, slow = cell(accuracy, B), cell(latency, B)
    assert (up.better, up.best, up.delta, up.percent) == (True, True, pytest.approx(0.1), pytest.approx(12.5))
    assert (slow.better, slow.best, slow.delta, slow.percent) == (False, False, 200, 25)
    assert latency.best == (A,)
    base = cell(accuracy, A)
    assert (base.delta, base.percent, base.better) == (None, None, None)


def test_a_cost_rise_is_worse_and_prices_compare_downwards() -> None:
    rows = compare([version(A, price_input=12.0), version(B, price_input=15)], {}, {}, baseline=A).rows
    assert [(r.kind, r.name, cell(r, B).better, r.best) for r in rows] == [("price", "price_input", False, (A,))]


def test_other_dataset_stays_apart_with_the_reason() -> None:
    old = m(A, "accuracy", 0.714, dataset="aider-133")
    new = m(B, "accuracy", 0.182, dataset="polyglot")
    rows = run(old, new, m(A, "accuracy", 0.15, dataset="other", variant="x")).rows
    assert all(not r.comparable and r.best == () for r in rows)
    assert all(c is None or c.delta is None for r in rows for c in r.cells.values())
    reasons = {r.series.dataset: r.reason for r in rows if r.series}
    assert reasons["aider-133"] == reasons["polyglot"] == "different dataset: aider-133 / polyglot"
    assert reasons["other"] == "different dataset: other / polyglot; variant: x / –"


def test_missing_is_neither_zero_nor_equal_nor_best() -> None:
    (row,) = run(m(B, "accuracy", 0.9)).rows
    assert row.cells[A] is None
    assert (row.comparable, row.reason, row.best, row.differs) == (False, "not measured on the baseline", (), True)
    assert cell(row, B).delta is None
    (row,) = run(m(A, "accuracy", 0.9)).rows
    assert row.reason == "measured on the baseline only"


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_odd_values_are_shown_but_never_judged(odd: float) -> None:
    (row,) = run(m(A, "accuracy", 0.5), m(B, "accuracy", odd), m(C, "accuracy", 0.4), keys=(A, B, C)).rows
    shown = cell(row, B)
    assert shown.value is odd
    assert (shown.delta, shown.percent, shown.better, shown.best) == (None, None, None, False)
    assert row.best == (A,)
    (row,) = run(m(A, "accuracy", odd), m(B, "accuracy", 0.5)).rows
    assert cell(row, B).delta is None


def test_zero_baseline_has_a_delta_and_no_percent() -> None:
    (row,) = run(m(A, "accuracy", 0), m(B, "accuracy", 0.5)).rows
    assert (cell(row, B).delta, cell(row, B).percent) == (0.5, None)


def test_undefined_and_undirected_metrics_are_shown_and_not_judged() -> None:
    both = [m(k, name, v) for k, v in ((A, 1), (B, 2)) for name in ("verbosity", "nobody.knows")]
    for row in run(*both).rows:
        assert (row.direction, row.best, cell(row, B).better, cell(row, B).delta) == ("none", (), None, 1)
    assert {r.title for r in run(*both).rows} == {"Length", "nobody.knows"}


def test_the_newest_value_counts_and_older_ones_are_the_trend() -> None:
    old, new = m(A, "accuracy", 0.7, date(2026, 1, 1)), m(A, "accuracy", 0.8, date(2026, 6, 1))
    undated = m(A, "accuracy", 0.1, None, as_of="2025-03")
    (row,) = run(new, undated, old).rows
    assert cell(row, A).value == 0.8
    points = trend([new, undated, old, m(A, "accuracy", math.nan, date(2026, 7, 1))], new.series)
    assert points == [(date(2025, 3, 1), 0.1), (date(2026, 1, 1), 0.7), (date(2026, 6, 1), 0.8)]
    assert trend_over_versions([version(A), version(B)], by_key(new, old), new.series) == [(A, 0.8)]


def test_quality_is_borrowed_from_the_twin_but_speed_is_not() -> None:
    twin = Version("t", B, same_as=(C,))
    figures = by_key(m(A, "accuracy", 0.8), m(C, "accuracy", 0.9), m(A, "latency_p95_ms", 9), m(C, "latency_p95_ms", 1))
    accuracy, latency = compare([version(A), twin], figures, METRICS, baseline=A).rows
    assert (cell(accuracy, B).borrowed_from, cell(accuracy, B).value) == (C, 0.9)
    assert latency.cells[B] is None
    own = figures | {B: [m(B, "accuracy", 0.85)]}
    first = compare([version(A), twin], own, METRICS, baseline=A).rows[0]
    assert (cell(first, B).borrowed_from, cell(first, B).value) == (None, 0.85)


def test_a_use_case_sees_its_own_series_first_and_no_others() -> None:
    figures = [m(A, "accuracy", 0.5), m(A, "accuracy", 0.6, use_case="support"), m(A, "accuracy", 0.7, use_case="hr")]
    rows = run(*figures, use_case=UseCase("u", "support")).rows
    assert [cell(r, A).value for r in rows] == [0.6, 0.5]
    assert len(run(*figures).rows) == 3


def test_rows_are_grouped_whatever_the_order_of_versions() -> None:
    versions = [version(A, price_input=1, context_window=8192, capabilities=["tools", "vision"]),
                version(B, price_input=2, context_window=8192, capabilities=["vision", "tools"])]  # fmt: skip
    figures = by_key(m(A, "zzz", 1), m(A, "latency_p95_ms", 1), m(A, "accuracy", 1), m(B, "accuracy", 0.5))
    life = prepared_row("life", "runway", "runway", {A: None, B: Cell(143.0)}, A, "up", group="life", unit="d")
    one = compare(versions, figures, METRICS, baseline=A, extra=[life])
    two = compare(versions[::-1], figures, METRICS, baseline=A, extra=[life])
    names = ["accuracy", "latency_p95_ms", "zzz", "price_input", "context_window", "capabilities", "runway"]
    assert [r.name for r in one.rows] == names
    assert [(r.name, r.reason, dict(r.cells)) for r in one.rows] == [
        (r.name, r.reason, dict(r.cells)) for r in two.rows
    ]
    assert [r.name for r in one.differing] == [n for n in names if n not in ("context_window", "capabilities")]


def test_lineage_and_parameters_are_compared_for_own_models() -> None:
    left = Version("a", A, lineage=Lineage(data="s3://churn", commit="abc", parameters={"lr": 0.1, "deep": True}))
    right = Version("b", B, lineage=Lineage(data="s3://churn", parameters={"lr": 0.2}))
    rows = {r.name: r for r in compare([left, right], {}, {}, baseline=A).rows}
    assert (rows["data"].differs, rows["commit"].differs, rows["lr"].differs) == (False, True, True)
    assert cell(rows["deep"], A).value == "yes"
    assert rows["deep"].cells[B] is None


def test_headline_is_the_chosen_metric_else_the_lowest_rank_present() -> None:
    figures = by_key(
        m(A, "latency_p95_ms", 800), m(A, "accuracy", 0.9), m(A, "accuracy", 0.99, slice="de"),
        m(A, "accuracy", math.nan, date(2026, 11, 20)), m(A, "accuracy", 0.7, use_case="support"), m(A, "bleu", 30),
    )  # fmt: skip

    def of(use_case: UseCase | None) -> tuple[str, float]:
        found = headline(A, figures, METRICS, use_case)
        assert found is not None
        return found[0].title, found[1].value

    assert of(None) == ("Accuracy", 0.9)
    assert of(UseCase("u", "support")) == ("Accuracy", 0.7)
    assert of(UseCase("u", "hr")) == ("Accuracy", 0.9)
    assert of(UseCase("u", "hr", headline="latency_p95_ms")) == ("Latency p95", 800)
    assert of(UseCase("u", "hr", headline="bleu")) == ("bleu", 30)
    assert of(UseCase("u", "hr", headline="f1")) == ("Accuracy", 0.9)
    assert headline(B, figures, METRICS) is None


def test_best_needs_two_values_that_differ() -> None:
    assert best_in_row({A: 1, B: 1, C: 0}, "up") == {A, B}
    assert best_in_row({A: 1, B: 1}, "down") == best_in_row({A: 1, B: None}, "up") == frozenset()
    assert best_in_row({A: "x", B: 2, C: 3}, "down") == {B}


def test_bad_columns_are_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="baseline 'x/y' is not among"):
        compare([version(A)], {}, {}, baseline="x/y")
    with pytest.raises(ValueError, match="itself"):
        compare([version(A), version(A)], {}, {}, baseline=A)
