"""Flat metrics as training code writes them: JSON, TOML or CSV.

Nested JSON and TOML tables join their names with dots (`eval.accuracy`). CSV is either one row of values under a row
of names, or two columns `metric,value`.
"""

from __future__ import annotations

import csv
import json
import math
import tomllib
from collections.abc import Iterator
from typing import Any

MAX_METRICS = 2_000
MAX_DEPTH = 10


class MetricsFault(ValueError):
    """Metrics that cannot be used, in one sentence with the place."""


def parse_metrics(content: bytes, name: str) -> dict[str, float]:
    """Read metrics; the name's ending says how (`.toml`, `.csv`, anything else is JSON).

    Raises:
        MetricsFault: it cannot be read, a value is no finite number, a metric stands there twice, or there is none.
    """
    try:
        text = content.decode("utf-8-sig")
        if name.casefold().endswith(".csv"):
            pairs = list(_csv_pairs(text))
        else:
            pairs = list(_flat(tomllib.loads(text) if name.casefold().endswith(".toml") else json.loads(text)))
    except UnicodeDecodeError as error:
        raise MetricsFault("this is not UTF-8 text; save it as UTF-8") from error
    except (json.JSONDecodeError, tomllib.TOMLDecodeError, csv.Error, RecursionError) as error:
        raise MetricsFault(f"it cannot be read: {error}") from error
    metrics: dict[str, float] = {}
    for metric, value in pairs:
        if not metric.strip() or any(c.isspace() or not c.isprintable() for c in metric):
            raise MetricsFault(f"{metric!r} is not a metric name: write it without spaces, as in latency_p95_ms")
        if metric in metrics:
            raise MetricsFault(f"the metric {metric} stands there twice")
        metrics[metric] = _value(metric, value)
    if not 0 < len(metrics) <= MAX_METRICS:
        raise MetricsFault(f"it has {len(metrics):,} metrics; between 1 and {MAX_METRICS:,} are taken")
    return metrics


def _flat(document: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    if not isinstance(document, dict):
        raise MetricsFault('it is no table of metrics; write for example {"accuracy": 0.87}')
    if depth > MAX_DEPTH:
        raise MetricsFault(f"its tables are nested deeper than {MAX_DEPTH}")
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.", depth + 1)
        else:
            yield f"{prefix}{name}", value


def _csv_pairs(text: str) -> Iterator[tuple[str, Any]]:
    rows = [row for row in csv.reader(text.splitlines(), strict=True) if any(cell.strip() for cell in row)]
    if rows and [cell.strip().casefold() for cell in rows[0]] == ["metric", "value"]:
        for number, row in enumerate(rows[1:], 2):
            if len(row) != 2:
                raise MetricsFault(f"row {number} has {len(row)} cells; write metric,value")
            yield row[0].strip(), row[1]
    elif len(rows) == 2 and len(rows[0]) == len(rows[1]):
        yield from ((name.strip(), value) for name, value in zip(*rows, strict=True) if value.strip())
    else:
        raise MetricsFault("it is neither the columns metric,value nor a row of names over a row of values")


def _value(metric: str, value: Any) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise MetricsFault(f"{metric} is {str(value)[:40]!r}, which is not a number; leave it out")
    return number
