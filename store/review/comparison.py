"""Versions side by side: rows by series, differences to a baseline, the best of a row (DECISIONS 4).

Values keep the metric's own unit; `scale`, `unit` and `format` say how they read. A difference is only made inside
one series, and only judged where the metric's definition gives a direction. A missing value is None: not zero, not
equal and never best; NaN and infinite values are shown and take no part in anything.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

from store.records import Direction, Fact, Json, Measurement, Metric, Series, UseCase, Version
from store.review.figures import (
    figures,
    finite,
    measured_day,
    series_differences,
    series_order,
    why_not_comparable,
)
from store.review.figures import headline as headline
from store.review.figures import trend as trend
from store.review.figures import trend_over_versions as trend_over_versions
from store.values import dataclass

RowKind: TypeAlias = Literal["metric", "fact", "price", "cost", "life", "lineage"]
Value: TypeAlias = float | str | None

GROUPS = (
    "quality", "reliability", "behaviour", "speed", "latency", "capacity", "user impact", "business impact", "other",
    "cost", "price", "limits", "abilities", "life", "lineage", "parameters",
)  # fmt: skip
"""The order of groups on screen; a group that is not named here stands just before `other`."""

PRICES: tuple[tuple[str, str], ...] = (
    ("price_input", "input"),
    ("price_output", "output"),
    ("price_cached_input", "cached input"),
    ("price_cache_write", "cache write"),
    ("price_batch_input", "batch input"),
    ("price_batch_output", "batch output"),
    ("price_input_datazone_us", "input, US data zone"),
    ("price_output_datazone_us", "output, US data zone"),
    ("price_input_datazone_eu", "input, EU data zone"),
    ("price_output_datazone_eu", "output, EU data zone"),
    ("price_input_regional_min", "input, cheapest region"),
    ("price_output_regional_min", "output, cheapest region"),
)
FACTS: tuple[tuple[str, str, str, str, Direction], ...] = (
    ("context_window", "context window", "tokens", "limits", "up"),
    ("max_input_tokens", "largest input", "tokens", "limits", "up"),
    ("max_output_tokens", "largest output", "tokens", "limits", "up"),
    ("embedding_dimensions", "embedding dimensions", "", "limits", "none"),
    ("kind", "kind", "", "abilities", "none"),
    ("capabilities", "capabilities", "", "abilities", "none"),
    ("modalities_in", "accepts", "", "abilities", "none"),
    ("modalities_out", "produces", "", "abilities", "none"),
    ("accepts_temperature", "accepts temperature", "", "abilities", "none"),
    ("knowledge_cutoff", "knowledge until", "", "abilities", "none"),
    ("open_weights", "open weights", "", "abilities", "none"),
    ("release_date", "released", "", "life", "none"),
    ("lifecycle_label", "provider's label", "", "life", "none"),
)
LINEAGE = (
    "data", "data_hash", "repository", "branch", "commit", "run", "seed", "environment", "artifact", "prompt",
    "prompt_hash",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of one version. `delta` is value − baseline in the metric's unit, `percent` of |baseline| (1 = 1 %).

    `better` is None where nothing may be judged: no direction, no difference, no baseline. `borrowed_from` names the
    `same_as` twin that the figure was measured on; `measurement` is the uid of its measurement. A computed range has
    `low` and `high` around its value, and a `note` where something was assumed.
    """

    value: Value
    n: int | None = None
    sd: float | None = None
    as_of: str = ""
    source: str = ""
    borrowed_from: str | None = None
    measurement: str = ""
    delta: float | None = None
    percent: float | None = None
    better: bool | None = None
    best: bool = False
    low: float | None = None
    high: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a comparison. `cells` has an entry for every version, None where nothing is known.

    `comparable` says that the baseline and at least one other version have a value here; else `reason` says why not.
    `differs` is True unless all versions have the same value.
    """

    kind: RowKind
    name: str
    title: str
    cells: Mapping[str, Cell | None]
    series: Series | None = None
    unit: str = ""
    scale: float = 1
    direction: Direction = "none"
    group: str = "other"
    format: str = ""
    comparable: bool = True
    reason: str = ""
    differs: bool = True
    rank: int = 1000

    @property
    def best(self) -> tuple[str, ...]:
        """The keys of the best versions, empty where none is."""
        return tuple(key for key, cell in self.cells.items() if cell is not None and cell.best)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Versions beside a baseline, rows grouped and in order of reading."""

    baseline: str
    versions: tuple[str, ...]
    use_case: str | None
    rows: tuple[Row, ...]

    @property
    def differing(self) -> tuple[Row, ...]:
        """The rows in which the versions are not all the same."""
        return tuple(row for row in self.rows if row.differs)


def best_in_row(values: Mapping[str, Value], direction: Direction) -> frozenset[str]:
    """The keys with the best value; empty without a direction, with fewer than two values, or where all are equal."""
    numbers = {key: number for key, value in values.items() if (number := finite(value)) is not None}
    if direction == "none" or len(set(numbers.values())) < 2:
        return frozenset()
    top = max(numbers.values()) if direction == "up" else min(numbers.values())
    return frozenset(key for key, number in numbers.items() if number == top)


def prepared_row(
    kind: RowKind,
    name: str,
    title: str,
    cells: Mapping[str, Cell | None],
    baseline: str,
    direction: Direction = "none",
    *,
    group: str = "other",
    unit: str = "",
    scale: float = 1,
    format: str = "",
    series: Series | None = None,
    rank: int = 1000,
) -> Row:
    """Make a row of bare cells: differences to the baseline, what is better, what is best, whether it differs.

    Also the way in for rows that are computed elsewhere (runway, deadlines, monthly cost), as `extra` of `compare`.
    """
    base = cells.get(baseline)
    reference = None if base is None else finite(base.value)
    best = best_in_row({key: cell.value for key, cell in cells.items() if cell is not None}, direction)
    judged = {
        key: None if cell is None else _judge(cell, reference if key != baseline else None, direction, key in best)
        for key, cell in cells.items()
    }
    known = [key for key, cell in cells.items() if cell is not None]
    reason = ""
    if base is None and known:
        reason = "not known for the baseline" if series is None else "not measured on the baseline"
    elif len(known) == 1 and len(cells) > 1:
        reason = "known for the baseline only" if series is None else "measured on the baseline only"
    return Row(
        kind, name, title, judged, series, unit, scale, direction, group, format,
        comparable=not reason, reason=reason, differs=_differs(cells.values()), rank=rank,
    )  # fmt: skip


def _judge(cell: Cell, reference: float | None, direction: Direction, best: bool) -> Cell:
    value = finite(cell.value)
    if value is None or reference is None:
        return dataclasses.replace(cell, best=best)
    delta = value - reference
    percent = None if reference == 0 else 100 * delta / abs(reference)
    better = None if direction == "none" or delta == 0 else (delta > 0) == (direction == "up")
    return dataclasses.replace(cell, delta=delta, percent=percent, better=better, best=best)


def _differs(cells: Iterable[Cell | None]) -> bool:
    seen = {None if cell is None else "nan" if cell.value != cell.value else cell.value for cell in cells}
    return len(seen) > 1


def compare(
    versions: Sequence[Version],
    measurements: Mapping[str, Sequence[Measurement]],
    metrics: Mapping[str, Metric],
    *,
    baseline: str,
    use_case: UseCase | None = None,
    extra: Sequence[Row] = (),
) -> Comparison:
    """Compare versions against the one with the key `baseline`, which is among them.

    Measurements of another use case are left out where one is given. `measurements` may hold more versions than are
    compared: a quality figure that a version lacks is borrowed from its `same_as` twin. `extra` are rows prepared by
    the caller. The order of `versions` is the order of the columns and changes nothing else.

    Raises:
        ValueError: the baseline is not among the versions, or a version is there twice.
    """
    keys = tuple(version.key for version in versions)
    if baseline not in keys:
        raise ValueError(f"the baseline '{baseline}' is not among the compared versions: {', '.join(keys)}")
    if len(set(keys)) < len(keys):
        raise ValueError("a version is compared with itself: name each version once")
    name = use_case.name if use_case is not None else None
    rows = [
        *_metric_rows(versions, measurements, metrics, baseline, name),
        *_fact_rows(versions, baseline),
        *_lineage_rows(versions, baseline),
        *extra,
    ]
    return Comparison(baseline, keys, name, tuple(sorted(rows, key=_order)))


def _order(row: Row) -> tuple[int, int, str, tuple[bool, bool, tuple[str, ...]]]:
    group = GROUPS.index(row.group) if row.group in GROUPS else GROUPS.index("other")
    named = group * 2 + (row.group in GROUPS)
    if row.series is None:
        return named, row.rank, "", (False, False, ())
    s = row.series
    return named, row.rank, row.name, (s.use_case == "", s.slice != "", series_order(s))


def _metric_rows(
    versions: Sequence[Version],
    measurements: Mapping[str, Sequence[Measurement]],
    metrics: Mapping[str, Metric],
    baseline: str,
    use_case: str | None,
) -> list[Row]:
    found = {v.key: figures(v, measurements, metrics, use_case) for v in versions}
    series = dict.fromkeys(s for per_series in found.values() for s in per_series)
    rows = []
    for s in series:
        metric = metrics.get(s.metric) or Metric(s.metric, s.metric)
        cells = {key: _measured(per_series.get(s), key) for key, per_series in found.items()}
        row = prepared_row(
            "metric", s.metric, metric.title, cells, baseline, direction=metric.direction, group=metric.group,
            unit=metric.unit, scale=metric.scale, format=metric.format, series=s, rank=metric.rank,
        )  # fmt: skip
        if not row.comparable:
            row = dataclasses.replace(row, reason=_why_apart(s, found, baseline) or row.reason)
        rows.append(row)
    return rows


def _measured(m: Measurement | None, key: str) -> Cell | None:
    if m is None:
        return None
    day = measured_day(m)
    borrowed = m.version if m.version != key else None
    return Cell(m.value, m.n, m.sd, "" if day is None else day.isoformat(), m.source, borrowed, m.uid)


def _why_apart(series: Series, found: Mapping[str, Mapping[Series, Measurement]], baseline: str) -> str:
    """Name the fields in which the nearest other series of the metric differs; the baseline's side comes first."""
    on_baseline = series in found[baseline]
    others = [
        other
        for key, per_series in found.items()
        if (key != baseline) == on_baseline
        for other in per_series
        if other.metric == series.metric and other != series
    ]
    if not others:
        return ""
    nearest = min(others, key=lambda other: (len(series_differences(series, other)), series_order(other)))
    return why_not_comparable(series, nearest) if on_baseline else why_not_comparable(nearest, series)


def _fact_rows(versions: Sequence[Version], baseline: str) -> list[Row]:
    wanted: list[tuple[RowKind, str, str, str, str, Direction]] = [
        *(("price", name, title, "USD per million tokens", "price", "down") for name, title in PRICES),
        *(("fact", *fact) for fact in FACTS),
    ]
    rows = []
    for rank, (kind, name, title, unit, group, direction) in enumerate(wanted):
        cells = {v.key: _fact_cell(v.fact(name)) for v in versions}
        if any(cells.values()):
            row = prepared_row(
                kind, name, title, cells, baseline, direction=direction, group=group, unit=unit, rank=rank
            )
            rows.append(row)
    return rows


def _fact_cell(fact: Fact | None) -> Cell | None:
    if fact is None or fact.value is None:
        return None
    return Cell(_plain(fact.value), as_of=fact.as_of, source=fact.source)


def _plain(value: Json) -> Value:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(sorted(str(v) for v in value)) or "none"
    return str(value)


def _lineage_rows(versions: Sequence[Version], baseline: str) -> list[Row]:
    wanted = [("lineage", name, name.replace("_", " ")) for name in LINEAGE]
    wanted += [("parameters", name, name) for name in sorted({p for v in versions for p in v.lineage.parameters})]
    rows = []
    for rank, (group, name, title) in enumerate(wanted):
        found = {v.key: v.lineage.parameters.get(name) if group == "parameters" else getattr(v.lineage, name)
                 for v in versions}  # fmt: skip
        cells = {key: None if value in (None, "") else Cell(_plain(value)) for key, value in found.items()}
        if any(cells.values()):
            rows.append(prepared_row("lineage", name, title, cells, baseline, group=group, rank=rank))
    return rows
