"""Metrics of an MLflow run, exported as JSON: `mlflow runs describe`, REST `runs/get`, or a plain object of metrics.

A run reports figures without items; of several steps the last one counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from store.formats.evaluations import Evaluation
from store.formats.results import Results, ResultsFault, items_hash
from store.formats.times import day_of_ms


def read_run(document: Mapping[str, Any], digest: str) -> Evaluation:
    """The metrics of a run.

    Raises:
        ResultsFault: no metrics in it, or one that is no number.
    """
    run = document.get("run") if isinstance(document.get("run"), Mapping) else document
    assert isinstance(run, Mapping)
    data = run.get("data") if isinstance(run.get("data"), Mapping) else run
    assert isinstance(data, Mapping)
    found = _last(data.get("metrics"))
    if not found:
        raise ResultsFault("it has no metrics of a run; write them with: mlflow runs describe --run-id RUN")
    info = run.get("info") if isinstance(run.get("info"), Mapping) else {}
    assert isinstance(info, Mapping)
    name, key = _data_set(run.get("inputs"))
    scores = {n: Results({}, digest, items_hash([]), _number(n, value)) for n, value in found.items()}
    return Evaluation(
        scores, dataset=name, dataset_hash=key, run=str(info.get("run_id") or info.get("run_uuid") or ""),
        measured_on=day_of_ms(_whole(info.get("end_time") or info.get("start_time"))),
    )  # fmt: skip


def _last(metrics: Any) -> dict[str, Any]:
    if isinstance(metrics, Mapping):
        return dict(metrics)
    found: dict[str, tuple[tuple[int, int], Any]] = {}
    for one in metrics if isinstance(metrics, list) else ():
        if not isinstance(one, Mapping) or "key" not in one or "value" not in one:
            raise ResultsFault("a metric of it has no key or no value; is it the export of a run?")
        order = (_whole(one.get("step")), _whole(one.get("timestamp")))
        name = str(one["key"])
        if name not in found or order >= found[name][0]:
            found[name] = order, one["value"]
    return {name: value for name, (_, value) in found.items()}


def _whole(value: Any) -> int:
    """A step or a time; REST writes 64-bit numbers as text."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


def _number(name: str, value: Any) -> float:
    """A figure; NaN and infinity as MLflow writes them stay what they are, and are refused where they are chosen."""
    try:
        return float("" if isinstance(value, bool) else value)
    except (TypeError, ValueError):
        raise ResultsFault(f"the metric {name} is {str(value)[:40]}, which is not a number") from None


def _data_set(inputs: Any) -> tuple[str, str]:
    """Name and digest of the data set that was measured on, where the run names exactly one."""
    listed = inputs.get("dataset_inputs") if isinstance(inputs, Mapping) else None
    sets = [one.get("dataset") for one in listed or () if isinstance(one, Mapping) and not _trained_on(one)]
    known = [s for s in sets if isinstance(s, Mapping)]
    return (str(known[0].get("name") or ""), str(known[0].get("digest") or "")) if len(known) == 1 else ("", "")


def _trained_on(given: Mapping[str, Any]) -> bool:
    tags = [tag for tag in given.get("tags") or () if isinstance(tag, Mapping)]
    return any(tag.get("key") == "mlflow.data.context" and tag.get("value") == "training" for tag in tags)
