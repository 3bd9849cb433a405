"""Benchmark rows → metric definitions and measurements (DECISIONS 4).

Shares published in percent are kept as 0 to 1 (kind rate, shown × 100); averages keep kind mean, and scores
of a set as a whole (F1, AUC, precision, recall) have kind other, so that no formula for rates or means meets them. A
score without a stated unit stays the number it was.
Only rows whose published name was mapped to a shipped version are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from store.reference.convert_versions import Row, Sources, may_ship, uid_of

GROUPS = ("quality", "reliability", "speed", "cost", "capacity", "behaviour", "user impact", "business impact", "other")

RENAMED: Mapping[str, tuple[str, float]] = {"ttft_s": ("ttft_ms", 1000), "output_tps": ("tokens_per_second", 1)}
"""Published name → ours and the factor that the value takes."""

PERCENT_UNITS = ("percent", "percent correct", "percent resolved", "resolve rate", "resolved", "pass@1")
"""Units under which the sources publish a share of 100."""

MEANS = ("drop_f1", "mteb_avg", "miracl_avg", "alpaca_eval2.lc_winrate")
"""Percent scores that are averages of scores or adjusted, so no simple share of items."""

PUBLIC_RANK = {"quality": 200, "reliability": 300, "speed": 600, "cost": 650, "capacity": 700, "behaviour": 900}
PUBLIC_FIRST = (
    "aider.pass_rate_2", "bench.swe_bench_verified", "mmlu", "gpqa_diamond", "vectara.hallucination_rate",
    "mteb_avg", "alpaca_eval2.lc_winrate", "humaneval_plus",
)  # fmt: skip
"""Which public benchmark heads a version that has no own figures: the ones with most versions and dates first."""

_STANDARD = """
accuracy                  | Accuracy                       | % | up   | quality         | rate     | quality | 10
pass_rate                 | Pass rate                      | % | up   | quality         | rate     | quality | 12
f1                        | F1                             |   | up   | quality         | other    | quality | 14
auc                       | Area under the ROC curve       |   | up   | quality         | other    | quality | 16
precision                 | Precision                      | % | up   | quality         | other    | quality | 18
recall                    | Recall                         | % | up   | quality         | other    | quality | 20
hallucination_rate        | Hallucination rate             | % | down | quality         | rate     | quality | 30
error_rate                | Error rate                     | % | down | reliability     | rate     |         | 32
safety_violation_rate     | Safety violation rate          | % | down | reliability     | rate     |         | 34
user_satisfaction         | User satisfaction              |   | up   | user impact     | mean     |         | 50
click_through_rate        | Click-through rate             | % | up   | user impact     | rate     |         | 52
engagement_rate           | Engagement rate                | % | up   | user impact     | rate     |         | 54
revenue_month             | Revenue per month              | USD/month | up | business impact | money  |         | 60
savings_month             | Savings per month              | USD/month | up | business impact | money  |         | 62
throughput_rps            | Throughput                     | requests/s | up | speed       | mean     | speed   | 500
tokens_per_second         | Output speed                   | tokens/s | up | speed         | mean     | speed   | 502
ttft_ms                   | Time to first token            | ms | down | speed          | quantile | latency | 510
latency_p50_ms            | Latency, median                | ms | down | speed          | quantile | latency | 504
latency_p95_ms            | Latency, 95th percentile       | ms | down | speed          | quantile | latency | 506
latency_p99_ms            | Latency, 99th percentile       | ms | down | speed          | quantile | latency | 508
model_latency_ms          | Model latency                  | ms | down | speed          | mean     | latency | 512
cost_per_prediction       | Cost per prediction            | USD | down | cost          | money    |         | 520
cost_per_1k_predictions   | Cost per 1,000 predictions     | USD | down | cost          | money    |         | 522
infrastructure_cost_month | Infrastructure cost per month  | USD/month | down | cost    | money    |         | 524
maintenance_cost_month    | Maintenance cost per month     | USD/month | down | cost    | money    |         | 526
migration_cost            | Migration, once                | USD | down | cost          | money    |         | 528
"""

_DESCRIPTIONS = {
    "accuracy": "share of items answered correctly",
    "pass_rate": "share of items or test cases that pass",
    "f1": "harmonic mean of precision and recall",
    "auc": "probability that a positive item is ranked above a negative one",
    "precision": "share of the items marked positive that are; no share of all items, so never tested as a rate",
    "recall": "share of the positive items that were found; no share of all items, so never tested as a rate",
    "hallucination_rate": "share of answers with a statement that the input does not support",
    "error_rate": "share of calls that fail",
    "safety_violation_rate": "share of answers that break a safety rule",
    "user_satisfaction": "mean rating by users; one scale per use case",
    "click_through_rate": "share of what was shown that was clicked",
    "engagement_rate": "share of users who went on to act",
    "revenue_month": "revenue credited to the use case",
    "savings_month": "cost avoided by the use case",
    "throughput_rps": "requests answered per second at the load of the run",
    "tokens_per_second": "output tokens per second after the first one",
    "ttft_ms": "from request to first token; the median unless the series says otherwise",
    "latency_p50_ms": "from request to complete answer, as the caller sees it",
    "latency_p95_ms": "from request to complete answer, as the caller sees it",
    "latency_p99_ms": "from request to complete answer, as the caller sees it",
    "model_latency_ms": "time inside the model alone, without network and queue",
    "cost_per_prediction": "all variable cost of one prediction",
    "cost_per_1k_predictions": "all variable cost of a thousand predictions",
    "infrastructure_cost_month": "training, storing and serving",
    "maintenance_cost_month": "data storage and retraining",
    "migration_cost": "what the switch to this version costs once: work, tests, running both",
}


def standard_metrics() -> list[Row]:
    """The definitions every catalog starts with (DESIGN 1); own figures come before public benchmarks."""
    docs = []
    for line in _STANDARD.strip().splitlines():
        name, title, unit, direction, group, kind, column, rank = (part.strip() for part in line.split("|"))
        doc: Row = {"name": name, "title": title, "uid": uid_of("metric", name)}
        doc |= {"unit": unit} if unit else {}
        doc |= {"scale": 100} if unit == "%" else {}
        doc |= {"direction": direction, "group": group, "kind": kind}
        doc |= {"column": column} if column else {}
        docs.append(doc | {"rank": int(rank), "description": _DESCRIPTIONS[name], "source": "modeltui"})
    return docs


def metric_docs(definitions: Mapping[str, Row]) -> list[Row]:
    """Standard definitions, then those of the published benchmarks that are not the same as one of them."""
    docs = standard_metrics()
    for place, (name, published) in enumerate(sorted(definitions.items())):
        if name not in RENAMED:
            docs.append(_published(name, published, place))
    return docs


def _published(name: str, published: Row, place: int) -> Row:
    group: str = "speed" if published["category"] == "latency" else published["category"]
    unit, kind = published["unit"], "other"
    if unit in PERCENT_UNITS:
        unit, kind = "%", "mean" if name in MEANS else "rate"
    elif unit == "USD":
        kind = "money"
    elif name.startswith("azure."):
        kind = "other"
    elif unit == "seconds":
        unit, kind = "s", "quantile" if "p95" in name else "mean"
    elif unit in ("words", "characters"):
        kind = "mean"
    elif unit == "score":
        unit = ""
    direction = {"higher": "up", "lower": "down", "neutral": "none"}[published["better"]]
    if name.startswith("azure."):
        group = "capacity"
    rank = 100 + PUBLIC_FIRST.index(name) if name in PUBLIC_FIRST else PUBLIC_RANK[group] + place
    doc: Row = {"name": name, "title": published["title"], "uid": uid_of("metric", name)}
    doc |= {"unit": unit} if unit else {}
    doc |= {"scale": 100} if unit == "%" else {}
    doc |= {"direction": direction, "group": group, "kind": kind}
    doc |= {"column": "quality"} if group == "quality" else {}
    doc |= {"rank": rank}
    return doc | ({"description": published["description"]} if published["description"] else {})


def measurement_docs(rows: Iterable[Row], metrics: Iterable[Row], keys: set[str], sources: Sources) -> list[Row]:
    """Every mapped row as the document of a `store.records.Measurement`; a value published twice is kept once."""
    percent = {m["name"] for m in metrics if m.get("unit") == "%"}
    docs: dict[str, Row] = {}
    for row in rows:
        if row["version_id"] in keys and may_ship(row["source"], "metric", sources):
            doc = _measurement(row, percent)
            docs.setdefault(doc["uid"], doc)
    return sorted(docs.values(), key=lambda d: (d["version"], d["metric"], d.get("measured_on", ""), d["uid"]))


def _measurement(row: Row, percent: set[str]) -> Row:
    name, factor = RENAMED.get(row["metric"], (row["metric"], 1.0))
    if name in percent:
        factor = 0.01
    harness, harness_version = _split_harness(row.get("harness") or "")
    doc: dict[str, Any] = {"metric": name, "value": _scaled(row["value"], factor), "version": row["version_id"]}
    day = row.get("measured_on") or ""
    full = len(day) == 10
    stderr, n = row.get("stderr"), row.get("n")
    notes = [f"reported as {row['model_name']}"]
    notes += [str(row["reported_by"])] if row.get("reported_by") else []
    notes += [f"unit published: {row['metric_unit']}"] if row.get("metric_unit") else []
    optional = {
        "dataset": " ".join(filter(None, (row.get("benchmark"), row.get("dataset_version")))),
        "variant": ", ".join(filter(None, (row.get("variant"), "prompted" if row.get("prompted") else ""))),
        "edit_format": row.get("edit_format"),
        "harness": harness,
        "harness_version": harness_version,
        "platform": row.get("platform"),
        "region": row.get("region"),
        "statistic": row.get("statistic"),
        "source": row["source"],
        "source_url": row.get("source_url"),
        "n": n,
        "sd": _scaled(stderr * n**0.5, factor) if stderr and n else None,
        "measured_on": day if full else None,
        "period": row.get("period") or ("" if full else day),
        "as_of": row["as_of"],
        "note": "; ".join(notes),
        "origin": "reference",
    }
    doc |= {field: value for field, value in optional.items() if value not in (None, "")}
    series = ("dataset", "variant", "edit_format", "harness", "harness_version", "platform", "region", "statistic")
    when = ("source", "measured_on", "period")
    parts = [doc.get(field, "") for field in (*series, *when)]
    return {"uid": uid_of("measurement", doc["version"], name, doc["value"], *parts), **doc}


def _scaled(value: float, factor: float) -> float:
    """The value in our unit, without the digits that binary multiplication adds."""
    return value if factor == 1 else float(f"{value * factor:.12g}")


def _split_harness(text: str) -> tuple[str, str]:
    """A tool's name and its version: aider 0.86.2.dev → (aider, 0.86.2.dev)."""
    match = re.fullmatch(r"(.+?) v?(\d[\w.\-]*)", text)
    return (match[1], match[2]) if match else (text, "")
