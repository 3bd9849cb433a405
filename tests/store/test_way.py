"""The way of a version where its registry drew none: what lineage, measurements and assignments say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from store.records import Assignment, Lineage, Measurement, Metric, Station, Version
from store.review.way import way

METRICS = {"accuracy": Metric("accuracy", "Accuracy", rank=1)}
MADE = Version(
    "v", "ml/churn@7", own=True, lineage=Lineage(data="customers", data_hash="d1", run="run-1", commit="a" * 40)
)


def measured(metric: str, value: float, run: str, **more: object) -> Measurement:
    return Measurement("", metric, value, "ml/churn@7", run=run, **more)  # type: ignore[arg-type]


def test_data_run_evaluations_and_use_cases_in_their_order() -> None:
    figures = [
        measured("zeta", 1.0, "eval-2"),
        measured("accuracy", 0.9, "eval-2", measured_on=date(2026, 11, 2)),
        measured("accuracy", 0.4, "eval-2", slice="new customers"),
        measured("loss", 0.25, "run-1"),
        measured("accuracy", 0.8, ""),
    ]
    runs = [
        Assignment("a", "churn", "ml/churn@7", share=40, deployment="blue", since=date(2026, 11, 3)),
        Assignment("b", "old", "ml/churn@7", stage="Archived"),
    ]
    assert [(s.kind, s.name, s.detail, s.at) for s in way(MADE, figures, runs, METRICS)] == [
        ("data", "customers", "d1", ""),
        ("execution", "run-1", "commit aaaaaaaaaaaa · loss 0.25", ""),
        ("model", "ml/churn@7", "", ""),
        ("evaluation", "eval-2", "accuracy 0.9 · zeta 1", "2026-11-02"),
        ("runs", "churn", "Production · 40 % · blue", "2026-11-03"),
    ]


def test_what_was_recorded_counts_before_what_may_be_inferred() -> None:
    drawn = replace(MADE, way=(Station("data", "clicks"), Station("pushed", "eu", "s3://x")))
    found = way(drawn, [measured("accuracy", 0.9, "eval-2")], [], METRICS)
    assert [(s.kind, s.name) for s in found] == [
        ("data", "clicks"), ("model", "ml/churn@7"), ("evaluation", "eval-2"), ("pushed", "eu"),
    ]  # fmt: skip


def test_nothing_known_and_models_of_others_have_no_way() -> None:
    runs = [Assignment("a", "churn", "ml/churn@7")]
    assert way(Version("v", "ml/churn@7", own=True), [], runs, METRICS) == []
    public = replace(MADE, own=False)
    assert way(public, [measured("accuracy", 0.9, "eval-2")], runs, METRICS) == []
