"""A comparison as pictures: which rows can be drawn, and the drawing of bars, scatter and trend.

Imported when a picture is first asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import partial

from rich.cells import cell_len

from store.records import Version, first_day
from store.review.comparison import Row
from store.review.figures import finite, newest, trend
from store.values import dataclass
from tui import text
from tui.screens.compare_cells import names, read, series_label, shown, way
from tui.screens.compare_data import Prepared
from tui.screens.compare_rows import row_key, shown_rows
from tui.text import Styled
from tui.widgets import charts
from tui.widgets.charts import Axis, Bar, BarGroup, Line, Point, Trend
from tui.widgets.table_layout import fitted

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn: the view, and the rows on its axes by key. `over_time` draws a trend over dates."""

    view: str
    x: str = ""
    y: str = ""
    over_time: bool = True


def hint(picture: Picture) -> str:
    """What the keys do there."""
    if picture.view == "bars":
        return "j k scroll · = differences or all · v next view"
    if picture.view == "scatter":
        return "h l other figure across · j k other figure up · enter choose both · v next view"
    other = "over all versions of the models" if picture.over_time else "over time"
    return f"j k other metric · h l {other} · enter choose the metric · v next view"


def drawable(prepared: Prepared) -> list[Row]:
    """The rows with a number for two versions or more, in order of reading."""
    return [row for row in prepared.comparison.rows if len(_numbers(row)) > 1]


def traceable(prepared: Prepared) -> list[Row]:
    """The metrics that have a trend, those with the most points first."""
    rows = [row for row in prepared.comparison.rows if row.series is not None and _numbers(row)]
    return sorted(rows, key=lambda row: -max(len(line.points) for line in [*_dated(prepared, row), _EMPTY]))


_EMPTY = Trend("", ())


def _numbers(row: Row) -> dict[str, float]:
    cells = {key: None if cell is None else finite(cell.value) for key, cell in row.cells.items()}
    return {key: value for key, value in cells.items() if value is not None}


def title(row: Row, rows: Sequence[Row]) -> str:
    """A row's name with what tells its series apart."""
    several = [other for other in rows if other.kind == row.kind and other.name == row.name]
    label = series_label(row, several) if len(several) > 1 else ""
    unit = {"price": "$/1M"}.get(row.kind, "" if row.unit in ("", "%", "ms", "s", "d") else row.unit)
    return text.clean(" · ".join(filter(None, (row.title, label, unit))))


def first_axes(prepared: Prepared) -> tuple[str, str]:
    """Cost, else price, else latency across; quality of the use case, else any quality up."""
    rows = drawable(prepared)
    ups = sorted((r for r in rows if r.group == "quality"), key=lambda r: not (r.series and r.series.use_case))
    across = [r for name in ("monthly_cost", "price_output") for r in rows if r.name == name]
    across += [r for r in rows if r.group in ("speed", "latency", "cost")] + [r for r in rows if r not in ups[:1]]
    return (row_key(across[0]) if across else "", row_key(ups[0]) if ups else row_key(rows[0]) if rows else "")


def turned(picture: Picture, prepared: Prepared, x: int, y: int) -> Picture:
    """The picture with the next or previous axis; `h l` of a trend changes between dates and versions."""
    if picture.view == "trend":
        rows = [row_key(row) for row in traceable(prepared)]
        return replace(picture, y=_next(rows, picture.y, y), over_time=picture.over_time != bool(x))
    rows = [row_key(row) for row in drawable(prepared)]
    return replace(picture, x=_next(rows, picture.x, x), y=_next(rows, picture.y, y))


def _next(keys: Sequence[str], now: str, step: int) -> str:
    if not keys:
        return ""
    return keys[(keys.index(now) + step) % len(keys)] if now in keys else keys[0]


def draw(picture: Picture, prepared: Prepared, differences: bool, width: int, height: int) -> list[Line]:
    """The picture as lines of text."""
    if picture.view == "bars":
        return _bars(prepared, differences, width)
    if picture.view == "scatter":
        return _scatter(picture, prepared, width, height)
    return _trend(picture, prepared, width, height)


# ── bars ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _bars(prepared: Prepared, differences: bool, width: int) -> list[Line]:
    least = 2 if differences else 1
    rows = [row for row in shown_rows(prepared, differences=differences) if len(_numbers(row)) >= least]
    short = names(prepared.keys)
    groups = []
    for row in rows:
        words = way([row])
        named = fitted(title(row, rows), max(1, width - cell_len(words) - 4))
        head = [Styled(named[0].text.rstrip(), "strong"), Styled(f"  {words}" if words else "", "dim")]
        found = []
        for key in prepared.keys:
            reading, cell = read(prepared, row, key), row.cells[key]
            parts = [reading.value, reading.delta, reading.verdict] if width >= 60 else [reading.value]
            said = text.joined(parts, " ")
            value = None if cell is None else finite(cell.value)
            found.append(Bar(short[key], value, said, key == prepared.baseline, cell is not None and cell.best))
        groups.append(BarGroup(head, found))
    return charts.bars(groups, width) or [[Styled(" Nothing here is a number: = shows all rows.", "dim")]]


# ── scatter ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _scatter(picture: Picture, prepared: Prepared, width: int, height: int) -> list[Line]:
    rows = {row_key(row): row for row in drawable(prepared)}
    x, y = rows.get(picture.x), rows.get(picture.y)
    if x is None or y is None:
        return [[Styled(" No two figures are known for two of these versions.", "dim")]]
    short = names(prepared.keys)
    points = [
        Point(short[key], _numbers(x).get(key), _numbers(y).get(key), key == prepared.baseline) for key in prepared.keys
    ]
    every = list(rows.values())
    return charts.scatter(points, _axis(x, every), _axis(y, every), width, height)


def _axis(row: Row, rows: Sequence[Row]) -> Axis:
    return Axis(title(row, rows), partial(shown, row), row.direction)


# ── trend ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _trend(picture: Picture, prepared: Prepared, width: int, height: int) -> list[Line]:
    rows = {row_key(row): row for row in traceable(prepared)}
    row = rows.get(picture.y) or next(iter(rows.values()), None)
    if row is None:
        return [[Styled(" Nothing was measured on these versions.", "dim")]]
    axis = _axis(row, list(rows.values()))
    lines = _dated(prepared, row)
    if picture.over_time and any(line.points for line in lines):
        x = Axis("measured on", lambda v: text.day(date.fromordinal(round(v))).text)
        return charts.trend([line for line in lines if line.points], x, axis, width, height)
    found, labels = _by_version(prepared, row)
    x = Axis("version", lambda v: labels[round(v)])
    return charts.trend(found, x, axis, width, height, lambda v: labels[round(v)])


def _dated(prepared: Prepared, row: Row) -> list[Trend]:
    """A line per compared version: every dated value of the series."""
    assert row.series is not None
    short = names(prepared.keys)
    found = []
    for key in prepared.keys:
        points = trend(prepared.view.records.measurements.get(key, ()), row.series)
        dated = [(float(day.toordinal()), value) for day, value in points]
        found.append(Trend(short[key], dated, key == prepared.baseline))
    return found


def _by_version(prepared: Prepared, row: Row) -> tuple[list[Trend], list[str]]:
    """A line per compared model: the newest value of each of its versions, in the order they came out."""
    assert row.series is not None
    records = prepared.view.records
    models = {(key.provider, key.model): None for key in (prepared.version(k).parts for k in prepared.keys)}
    lines: list[Trend] = []
    labels: list[str] = []
    for provider, model in models:
        stem = f"{provider}/{model.replace('%', '%25').replace('@', '%40')}"
        family = [records.versions[k] for k in records.versions if k == stem or k.startswith(f"{stem}@")]
        points = []
        for version in sorted(family, key=_came_out):
            last = newest(m for m in records.measurements.get(version.key, ()) if m.series == row.series)
            value = None if last is None else finite(last.value)
            if value is not None:
                points.append((float(len(labels)), value))
                labels.append(version.version or version.model)
        if points:
            lines.append(Trend(model, points, prepared.version(prepared.baseline).model == model))
    return lines, labels


def _came_out(version: Version) -> tuple[date, int, str]:
    """By release date; versions that count (`churn@7`) by their number."""
    name = version.version or ""
    number = int(name) if name.isdecimal() and len(name) < 10 else 0
    released = version.value("release_date")
    try:
        day = first_day(released) if isinstance(released, str) else date.min
    except ValueError:
        day = date.min
    return day, number, name
