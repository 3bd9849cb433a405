"""How one figure of a comparison reads: value, difference, percent, verdict; the same on screen and in files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import cast, get_args

from rich.cells import cell_len

from store.records import Key
from store.review.comparison import Cell, Row
from store.review.figures import SERIES_FIELDS, finite
from store.values import dataclass
from tui import text
from tui.figures import MINUS, Certainty
from tui.screens.compare_data import Prepared
from tui.text import Styled

LISTS = ("capabilities", "modalities_in", "modalities_out")
"""Facts that are a set of words: against the baseline they read `+vision −tools`."""
STAR = "★"
APART = "not comparable"
SPARKS = 12
"""Values of a sparkline."""
LEAST_VERSION = 5
"""Characters of a version that still tell it apart, such as the day of a dated one."""
APART_SHORT = "≠ series"
EMPTY = Styled("")


@dataclass(frozen=True, slots=True)
class Reading:
    """The parts of a cell. A text has only `value`, and `numeric` False: it takes the whole width.

    A range is `loose`: it is too long to stand in line with single figures.
    """

    value: Styled
    star: bool = False
    n: Styled = EMPTY
    delta: Styled = EMPTY
    percent: Styled = EMPTY
    verdict: Styled = EMPTY
    note: Styled = EMPTY
    numeric: bool = True
    loose: bool = False

    @property
    def pieces(self) -> list[Styled]:
        """All parts in one line, as files have them."""
        star = [Styled(STAR, "good")] if self.star else []
        parts = [*star, self.value, self.n, self.delta, self.percent, self.verdict, self.note]
        return text.joined(parts, " ")


def read(prepared: Prepared, row: Row, key: str, *, short: bool = False, with_n: bool = True) -> Reading:
    """How the figure of one version reads beside the baseline's; `short` writes 1,047,576 as 1.05M."""
    cell = row.cells[key]
    if cell is None:
        words = any(c is not None and isinstance(c.value, str) for c in row.cells.values())
        none = row.name == "runway" and key == prepared.baseline and prepared.planned
        return Reading(text.NONE if none else text.MISSING, numeric=not words)
    if row.kind == "life" and row.name in ("retires", "on_the_day"):
        return Reading(_life(prepared, row, key), numeric=False)
    number = finite(cell.value)
    if isinstance(cell.value, str) or cell.value is None:
        return Reading(_words(prepared, row, key, str(cell.value or "")), numeric=False)
    if number is None:
        return Reading(text.measured(cell.value))
    judged = prepared.judged(row, key)
    return Reading(
        Styled(_amount(row, cell, number, short=short), "dim" if cell.borrowed_from else "strong" if cell.best else ""),
        star=cell.best,
        loose=_ranges(cell),
        n=Styled(f"n {cell.n:,}", "dim") if with_n and cell.n is not None else EMPTY,
        delta=_delta(row, cell, key, prepared.baseline, short=short),
        percent=_percent(row, cell),
        verdict=text.verdict_glyph(judged.verdict) if judged is not None else Styled(""),
        note=Styled(f"at {cell.borrowed_from.partition('/')[0]}", "dim") if cell.borrowed_from else EMPTY,
    )


def _amount(row: Row, cell: Cell, number: float, *, short: bool) -> str:
    """The value; a computed range as both of its ends."""
    if _ranges(cell):
        return text.money_range(cell.low, cell.high).text
    return _short(number) if short and _long(row, number) else shown(row, number)


def _ranges(cell: Cell) -> bool:
    return cell.low is not None and cell.high is not None and cell.low != cell.high


def _long(row: Row, number: float) -> bool:
    return row.unit == "tokens" and abs(number) >= 100_000


def _short(number: float) -> str:
    scaled, unit = (number / 1e6, "M") if abs(number) >= 1e6 else (number / 1e3, "k")
    return f"{text.number(scaled).text}{unit}"


def shown(row: Row, number: float) -> str:
    """A number of a row with its unit where it is short; the label names a long one."""
    if row.kind == "price":
        return text.money(number).text
    return text.value(number, row, unit=row.unit in ("%", "ms", "s", "d") or row.unit.startswith("USD")).text


def _delta(row: Row, cell: Cell, key: str, baseline: str, *, short: bool) -> Styled:
    if key == baseline:
        return Styled("")
    if cell.delta is None:
        apart = row.kind == "metric" and row.reason.startswith("different")
        return Styled(APART, "dim") if apart else EMPTY
    if row.kind == "price":
        moved = text.money(abs(cell.delta)).text
        sign = "" if cell.better is None else " +" if cell.better else f" {MINUS}"
        style: text.Style = "" if cell.better is None else "good" if cell.better else "bad"
        return Styled("= 0") if cell.delta == 0 else Styled(f"{'▲' if cell.delta > 0 else '▼'} {moved}{sign}", style)
    delta = text.metric_delta(cell.delta, row, unit=row.unit in ("%", "ms", "s", "d"))
    if short and _long(row, cell.delta):
        return Styled(delta.text.replace(text.number(abs(cell.delta)).text, _short(abs(cell.delta))), delta.style)
    return delta


def _percent(row: Row, cell: Cell) -> Styled:
    """Relative to the baseline. A rate's difference is in percentage points: two kinds of percent would confuse."""
    if cell.percent is None or cell.delta == 0 or row.unit in ("%", "d"):
        return Styled("")
    percent = cell.percent if abs(cell.percent) < 10 else round(cell.percent)
    return Styled(text.change(percent / 100).text if abs(percent) < 100_000 else "> 999×", "dim")


def sparkline(values: Sequence[float]) -> str:
    """The last values of a series as a row of bars, the lowest and the highest at their ends; "" for fewer than two."""
    last = values[-SPARKS:]
    if len(last) < 2:
        return ""
    low, high = min(last), max(last)
    if high == low:
        return "▄" * len(last)
    return "".join("▁▂▃▄▅▆▇█"[round((value - low) / (high - low) * 7)] for value in last)


def across(row: Row, keys: Sequence[str]) -> list[Styled]:
    """The figures of a row as one sparkline over all columns, also those out of sight; nothing for fewer than two."""
    cells = [row.cells[key] for key in keys]
    numbers = [None if cell is None else finite(cell.value) for cell in cells]
    drawn = sparkline([number for number in numbers if number is not None])
    if not drawn:
        return []
    bars = iter(drawn)
    return [
        Styled("·", "dim")
        if number is None
        else Styled(next(bars), "good" if cell is not None and cell.best else "dim")
        for cell, number in zip(cells, numbers, strict=True)
    ]


def _life(prepared: Prepared, row: Row, key: str) -> Styled:
    life = prepared.lives[key]
    if row.name == "on_the_day":
        return text.on_the_day(life.outcome.kind, life.outcome.target)
    certainty = life.certainty if life.certainty in get_args(Certainty) else "planned"
    return text.retirement(life.effective, prepared.view.today, cast("Certainty", certainty), column=True)


def _words(prepared: Prepared, row: Row, key: str, value: str) -> Styled:
    base = row.cells[prepared.baseline]
    if row.name in LISTS and key != prepared.baseline and base is not None and isinstance(base.value, str):
        ours, theirs = set(base.value.split(", ")), set(value.split(", "))
        moved = [*(f"+{w}" for w in sorted(theirs - ours)), *(f"{MINUS}{w}" for w in sorted(ours - theirs))]
        lost = ours - theirs
        return Styled(" ".join(moved), "warn" if lost else "") if moved else Styled("= the same", "dim")
    if row.name == "release_date":
        return Styled(_day(value))
    return Styled(value)


def _day(value: str) -> str:
    try:
        return text.day(date.fromisoformat(value)).text
    except ValueError:
        return value  # a month, a year, or whatever a source wrote


# ── names ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def names(keys: Sequence[str]) -> dict[str, str]:
    """A short name for each key: model and version; with the provider where two would read the same."""
    parts = {key: Key.parse(key) for key in keys}
    short = {key: f"{p.model}@{p.version}" if p.version is not None else p.model for key, p in parts.items()}
    seen = list(short.values())
    return {key: name if seen.count(name) == 1 else f"{parts[key].provider}/{name}" for key, name in short.items()}


def cut(name: str, width: int) -> str:
    """A name shortened in its middle: what tells versions apart stands at the end."""
    name = text.clean(name)
    if cell_len(name) <= width:
        return name
    head, at, tail = name.rpartition("@")
    rest = width - cell_len(head) - 2
    if at and rest >= LEAST_VERSION:
        return f"{head}@…{tail[-rest:]}"
    tail = at + tail
    room = width - cell_len(tail) - 1
    return f"{head[:room]}…{tail}" if at and room >= 4 else f"…{name[-(width - 1) :]}"


def series_label(row: Row, siblings: Sequence[Row]) -> str:
    """What tells a row's series apart from others of its metric: data set, variant, slice …"""
    if row.series is None:
        return ""
    differing = [
        name
        for name, _ in (*SERIES_FIELDS[1:], SERIES_FIELDS[0])  # the data set last: it is long, and may be cut
        if len({getattr(other.series, name) for other in siblings}) > 1 and name != "dataset_hash"
    ]
    found = [str(getattr(row.series, name)) for name in differing if getattr(row.series, name)]
    return text.clean(" · ".join(found)) or "whole set"


def way(rows: Sequence[Row]) -> str:
    """The direction that rows share, in words; "" where they have none or several."""
    ways = {row.direction for row in rows}
    return _WAYS[ways.pop()] if len(ways) == 1 else ""


_WAYS: Mapping[str, str] = {"up": "higher is better", "down": "lower is better", "none": ""}
_AGAINST: Mapping[str, str] = {"up": " ↑", "down": " ↓", "none": ""}


def group_way(rows: Sequence[Row]) -> tuple[str, str]:
    """The direction that most rows of a group have, and how its head says it, with the sign of those that differ."""
    ways = [row.direction for row in rows if row.direction != "none"]
    if not ways:
        return "none", ""
    if len(set(ways)) == 1 and len(ways) * 2 < len(rows):
        return "none", f"{_AGAINST[ways[0]].strip()} {_WAYS[ways[0]]}"
    most = max(sorted(set(ways), reverse=True), key=ways.count)
    other = "" if len(set(ways)) == 1 else f", {'↓ lower' if most == 'up' else '↑ higher'}"
    return most, f"{_WAYS[most]}{other}"


def against(row: Row, most: str) -> str:
    """The sign of a row whose direction is not that of its group's head."""
    return "" if row.direction == most else _AGAINST[row.direction]
