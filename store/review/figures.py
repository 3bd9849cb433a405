"""Which figure counts: the newest of a series, a twin's where there is none, the headline, the trend (DECISIONS 4)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from operator import attrgetter

from store.records import Measurement, Metric, Series, UseCase, Version, first_day

SERIES_FIELDS: tuple[tuple[str, str], ...] = (
    ("dataset", "dataset"), ("dataset_hash", "dataset hash"), ("variant", "variant"), ("edit_format", "edit format"),
    ("harness", "harness"), ("platform", "platform"), ("region", "region"), ("statistic", "statistic"),
    ("source", "source"), ("slice", "slice"), ("use_case", "use case"),
)  # fmt: skip

series_order: Callable[[Series], tuple[str, ...]] = attrgetter("metric", *(name for name, _ in SERIES_FIELDS))
"""All fields of a series, to sort by and to name it by."""


def finite(value: object) -> float | None:
    """The value as a number that can be judged; None for missing, text, truth values, NaN and infinity."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def measured_day(measurement: Measurement) -> date | None:
    """When it was measured, else the first day of its `as_of`; None where it has neither."""
    if measurement.measured_on is not None:
        return measurement.measured_on
    return first_day(measurement.as_of) if measurement.as_of else None


def newest(measurements: Iterable[Measurement]) -> Measurement | None:
    """The newest of them; of several on one day the last one recorded."""
    chosen: Measurement | None = None
    for m in measurements:
        if chosen is None or (measured_day(m) or date.min) >= (measured_day(chosen) or date.min):
            chosen = m
    return chosen


def is_quality(metric: Metric | None) -> bool:
    """Whether the same snapshot keeps this figure at another provider: speed, latency and money never do."""
    return metric is not None and (metric.column == "quality" or (metric.column is None and metric.group == "quality"))


def figures(
    version: Version,
    measurements: Mapping[str, Sequence[Measurement]],
    metrics: Mapping[str, Metric],
    use_case: str | None = None,
) -> dict[Series, Measurement]:
    """The newest measurement of each series of a version, with what its twins measured where it has none itself.

    A borrowed figure is a measurement whose `version` is another key. With a use case, only series of it or of none.
    """
    result = _newest_by_series(measurements.get(version.key, ()), use_case)
    for twin in version.same_as:
        for series, m in _newest_by_series(measurements.get(twin, ()), use_case).items():
            if series not in result and is_quality(metrics.get(series.metric)):
                result[series] = m
    return result


def _newest_by_series(measurements: Iterable[Measurement], use_case: str | None) -> dict[Series, Measurement]:
    grouped: dict[Series, list[Measurement]] = {}
    for m in measurements:
        if use_case is None or m.use_case in ("", use_case):
            grouped.setdefault(m.series, []).append(m)
    return {series: last for series, group in grouped.items() if (last := newest(group)) is not None}


def series_differences(a: Series, b: Series) -> list[tuple[str, str]]:
    """The fields, with their titles, that make two series of a metric two."""
    return [(name, title) for name, title in SERIES_FIELDS if getattr(a, name) != getattr(b, name)]


def why_not_comparable(a: Series, b: Series) -> str:
    """Say in which fields two series of a metric differ."""
    return "different " + "; ".join(
        f"{title}: {getattr(a, name) or '–'} / {getattr(b, name) or '–'}" for name, title in series_differences(a, b)
    )


def headline(
    version_key: str,
    measurements: Mapping[str, Sequence[Measurement]],
    metrics: Mapping[str, Metric],
    use_case: UseCase | None = None,
) -> tuple[Metric, Measurement] | None:
    """The figure that stands for a version in a list: the use case's chosen metric, else the lowest rank present.

    The whole set comes before a slice of it and the use case's own figures before general ones; then the newest.
    None where no finite value is there. Nothing is borrowed; capacity figures say nothing about a version's worth.
    """
    name = use_case.name if use_case is not None else ""
    chosen = use_case.headline if use_case is not None else ""
    best: tuple[tuple[bool, int, str, bool, bool, int], Measurement] | None = None
    for m in measurements.get(version_key, ()):
        if finite(m.value) is None or (use_case is not None and m.use_case not in ("", name)):
            continue
        metric = metrics.get(m.metric)
        age = -(measured_day(m) or date.min).toordinal()
        rank = metric.rank if metric is not None else 1000
        if m.metric != chosen and metric is not None and metric.group == "capacity":
            continue
        order = (m.metric != chosen, rank, m.metric, m.slice != "", m.use_case != name, age)
        if best is None or order < best[0]:
            best = order, m
    if best is None:
        return None
    m = best[1]
    return metrics.get(m.metric) or Metric(m.metric, m.metric), m


def trend(measurements: Iterable[Measurement], series: Series) -> list[tuple[date, float]]:
    """The finite, dated values of one series, oldest first."""
    points = []
    for m in measurements:
        day, value = measured_day(m), finite(m.value)
        if day is not None and value is not None and m.series == series:
            points.append((day, value))
    return sorted(points, key=lambda point: point[0])


def trend_over_versions(
    versions: Iterable[Version], measurements: Mapping[str, Sequence[Measurement]], series: Series
) -> list[tuple[str, float]]:
    """The newest value in one series of each version that has one, in the order of the versions given."""
    points = []
    for version in versions:
        last = newest(m for m in measurements.get(version.key, ()) if m.series == series)
        value = None if last is None else finite(last.value)
        if value is not None:
            points.append((version.key, value))
    return points
