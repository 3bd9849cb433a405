"""What the results of a run become: the value by the metric's kind, and whether they fit what was measured before."""

from __future__ import annotations

from collections.abc import Iterable

from store.formats.results import Results
from store.records import Measurement, Metric
from store.review.evidence import different_items, quantile_level
from store.review.figures import newest


class Unmeasurable(ValueError):
    """Results that give no value of a metric, in one sentence."""


def value_of(results: Results, metric: Metric | None, name: str, statistic: str = "") -> float:
    """The value that results stand for: the mean of the items, their sum for a count, the quantile for a quantile.

    Raises:
        Unmeasurable: which quantile is not said, or a rate does not lie between 0 and 1.
    """
    kind = metric.kind if metric is not None else "other"
    if not results.scores:
        value = results.mean
    elif kind == "count":
        value = sum(results.scores.values())
    elif metric is not None and kind == "quantile":
        level = quantile_level(metric, Measurement("", name, 0, "", statistic=statistic))
        if level is None:
            raise Unmeasurable(f"{name} does not say which quantile it is; name it with --statistic p95")
        value = results.quantile(level)
    else:
        value = results.mean
    if kind == "rate" and not 0 <= value <= 1:
        raise Unmeasurable(f"{name} is a rate between 0 and 1, not {value:g}; write 0.87 or 87% for 87 %")
    return value


def other_items(record: Measurement, metric: Metric | None, known: Iterable[Measurement]) -> str:
    """Why results cannot stand beside those of another version in their series, "" where they can.

    Two versions are compared item by item, so the newest results of each must be of the same items.
    """
    if not record.items or (metric is not None and metric.kind == "quantile"):
        return ""
    beside: dict[str, list[Measurement]] = {}
    for m in known:
        if m.version != record.version and m.uid != record.uid and m.items and m.series == record.series:
            beside.setdefault(m.version, []).append(m)
    for group in beside.values():
        last = newest(group)
        if last is not None and (why := different_items(last, record)):
            return f"{why}; measure the same items, or name the other set by its own data set or hash"
    return ""
