"""How one figure of a comparison reads: value, difference, percent, verdict; the same on screen and in files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast, get_args

from rich.cells import cell_len

from store.records import Key
from store.review.comparison import Cell, Row
from store.review.figures import SERIES_FIELDS, finite
from tui import text
from tui.figures import MINUS, Certainty
from tui.screens.compare_data import Prepared
from tui.text import Styled

LISTS = ("capabilities", "modalities_in", "modalities_out")
"""Facts that are a set of words: against the baseline they read `+vision −tools`."""
STAR = "★"
APART = "not comparable"
EMPTY = Styled("")


@dataclass(frozen=True, slots=True)
class Reading:
    """The parts of a cell. A text has only `value`, and `numeric` False: it takes the whole width."""

    value: Styled
    star: bool = False
    n: Styled = EMPTY
    delta: Styled = EMPTY
    percent: Styled = EMPTY
    verdict: Styled = EMPTY
    note: Styled = EMPTY
    numeric: bool = True

    @property
    def pieces(self) -> list[Styled]:
        """All parts in one line, as files have them."""
        star = [Styled(STAR, "good")] if self.star else []
        parts = [*star, self.value, self.n, self.delta, self.percent, self.verdict, self.note]
        return text.joined(parts, " ")


def read(prepared: Prepared, row: Row, key: str) -> Reading:
    """How the figure of one version reads beside the baseline's."""
    cell = row.cells[key]
    if cell is None:
        return Reading(text.MISSING if row.kind != "life" or key != prepared.baseline else text.NONE)
    if row.kind == "life" and row.name in ("retires", "on_the_day"):
        return Reading(_life(prepared, row, key), numeric=False)
    number = finite(cell.value)
    if isinstance(cell.value, str) or cell.value is None:
        return Reading(_words(prepared, row, key, str(cell.value or "")), numeric=False)
    if number is None:
        return Reading(Styled(f"{cell.value}", "warn"))
    judged = prepared.judged(row, key)
    return Reading(
        Styled(shown(row, number), "dim") if cell.borrowed_from else Styled(shown(row, number), _weight(cell)),
        star=cell.best,
        n=Styled(f"n {cell.n:,}", "dim") if cell.n is not None else Styled(""),
        delta=_delta(row, cell, key, prepared.baseline),
        percent=_percent(row, cell),
        verdict=text.verdict_glyph(judged.verdict) if judged is not None else Styled(""),
        note=Styled(f"measured at {cell.borrowed_from.partition('/')[0]}", "dim") if cell.borrowed_from else Styled(""),
    )


def _weight(cell: Cell) -> text.Style:
    return "strong" if cell.best else ""


def shown(row: Row, number: float) -> str:
    """A number of a row with its unit where it is short; the label names a long one."""
    if row.kind == "price":
        return text.money(number).text
    return text.value(number, row, unit=row.unit in ("%", "ms", "s", "d") or row.unit.startswith("USD")).text


def _delta(row: Row, cell: Cell, key: str, baseline: str) -> Styled:
    if key == baseline:
        return Styled("")
    if cell.delta is None:
        return Styled(APART, "dim") if row.kind in ("metric", "cost") and not row.comparable else Styled("")
    if row.kind == "price":
        moved = text.money(abs(cell.delta)).text
        sign = "" if cell.better is None else " +" if cell.better else f" {MINUS}"
        style: text.Style = "" if cell.better is None else "good" if cell.better else "bad"
        return Styled("= 0") if cell.delta == 0 else Styled(f"{'▲' if cell.delta > 0 else '▼'} {moved}{sign}", style)
    return text.metric_delta(cell.delta, row, unit=row.unit in ("%", "ms", "s", "d"))


def _percent(row: Row, cell: Cell) -> Styled:
    """Relative to the baseline. A rate's difference is in percentage points: two kinds of percent would confuse."""
    if cell.percent is None or cell.delta == 0 or row.unit in ("%", "d"):
        return Styled("")
    return Styled(text.change(cell.percent / 100).text if abs(cell.percent) < 100_000 else "> 999×", "dim")


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
    tail = at + tail
    room = width - cell_len(tail) - 1
    return f"{head[:room]}…{tail}" if at and room >= 4 else f"…{name[-(width - 1) :]}"


def series_label(row: Row, siblings: Sequence[Row]) -> str:
    """What tells a row's series apart from others of its metric: data set, variant, slice …"""
    if row.series is None:
        return ""
    differing = [
        name
        for name, _ in SERIES_FIELDS
        if len({getattr(other.series, name) for other in siblings}) > 1 and name != "dataset_hash"
    ]
    found = [str(getattr(row.series, name)) for name in differing if getattr(row.series, name)]
    return text.clean(" · ".join(found)) or "whole set"


def way(rows: Sequence[Row]) -> str:
    """The direction that rows share, in words; "" where they have none or several."""
    ways = {row.direction for row in rows}
    return _WAYS[ways.pop()] if len(ways) == 1 else ""


_WAYS: Mapping[str, str] = {"up": "higher is better", "down": "lower is better", "none": ""}
ARROWS: Mapping[str, str] = {"up": "↑", "down": "↓", "none": ""}
