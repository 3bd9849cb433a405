"""A small catalog that the tests of rows, index and completion share."""

from datetime import date

from store.records import (
    Assignment,
    Deployment,
    Fact,
    Lineage,
    Measurement,
    Metric,
    Observation,
    Snapshot,
    Upgrade,
    UseCase,
    Version,
)  # fmt: skip

TODAY = date(2026, 11, 23)
OCTOBER = date(2026, 10, 1)


def claim(value):
    return (Fact(value, "litellm", "2026-11-12"),)


def retires(day, observed="2026-11-12"):
    return (Observation("retire", day, "planned", "litellm", "litellm", observed),)


def snapshot(versions=(), use_cases=(), deployments=(), assignments=(), measurements=(), metrics=(), upgrades=()):
    by_version: dict[str, list[Measurement]] = {}
    for m in measurements:
        by_version.setdefault(m.version, []).append(m)
    return Snapshot(
        {v.key: v for v in versions},
        {u.name: u for u in use_cases},
        {d.name: d for d in deployments},
        list(assignments),
        by_version,
        {m.name: m for m in metrics},
        {u.uid: u for u in upgrades},
    )


VERSIONS = (
    Version("1", "openai/gpt-4o@2024-05-13", tags=("eu",), observations=retires(date(2026, 12, 9)),
            facts={"price_input": claim(5), "price_output": claim(15), "release_date": claim("2024-05-13"),
                   "lifecycle_label": claim("GA"), "replacement": claim(["gpt-5"]), "capabilities": claim(["vision"])}),
    Version("2", "openai/gpt-5@2026-08-01", api_ids=("gpt-five",), facts={"price_input": claim(0.5)}),
    Version("3", "openai/gpt-3.5@0301", observations=retires(date(2025, 2, 13), "2024-11-12")),
    Version("4", "mlflow/churn@2", own=True, registry="mlflow", lineage=Lineage(data="crm", commit="abc")),
    Version("5", "mlflow/churn@10", own=True, registry="mlflow", note="after the incident"),
    Version("6", "mlflow/a%40b@1", own=True),
)  # fmt: skip
SMALL = snapshot(
    VERSIONS,
    (UseCase("u1", "support", title="Support assistant", owner="Ann", criticality="high", tags=("chat",)),
     UseCase("u2", "churn")),
    (Deployment("d1", "swe", platform="azure", region="swedencentral", sku="GlobalStandard"),),
    (Assignment("a1", "support", "openai/gpt-4o@2024-05-13", deployment="swe"),
     Assignment("a2", "churn", "mlflow/churn@2", share=70),
     Assignment("a3", "churn", "mlflow/churn@10", stage="Staging"),
     Assignment("a4", "churn", "openai/gpt-3.5@0301", stage="Archived")),
    (Measurement("m1", "accuracy", 0.874, "openai/gpt-4o@2024-05-13", use_case="support", measured_on=OCTOBER),
     Measurement("m2", "accuracy", 0.9, "openai/gpt-4o@2024-05-13", measured_on=date(2026, 11, 9)),
     Measurement("m3", "accuracy", 0.7, "mlflow/churn@2", measured_on=OCTOBER),
     Measurement("m4", "accuracy", 0.8, "mlflow/churn@2", measured_on=date(2026, 11, 1)),
     Measurement("m5", "latency_p95_ms", float("nan"), "mlflow/churn@2"),
     Measurement("m6", "latency_p95_ms", 820.0, "mlflow/churn@10")),
    (Metric("accuracy", "Accuracy", kind="rate", direction="up", rank=1, column="quality"),
     Metric("latency_p95_ms", "p95", kind="quantile", direction="down", rank=2, column="latency")),
    (Upgrade("g1", "support", "openai/gpt-4o@2024-05-13", "openai/gpt-5@2026-08-01", deployment="swe"),),
)  # fmt: skip


def found(index, query, scope="all", **more):
    return [index.rows[i].id for i in index.select(query, scope, **more).hits]
