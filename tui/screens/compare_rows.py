"""A comparison as rows of the table: heads, verdicts, groups with their direction, cells aligned part by part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from rich.cells import cell_len

from store.review.breakage import SEVERITIES, Risk
from store.review.comparison import Row
from store.review.figures import series_order
from store.values import dataclass
from tui import text
from tui.screens.compare_cells import (
    APART,
    APART_SHORT,
    STAR,
    Reading,
    across,
    against,
    cut,
    group_way,
    names,
    read,
    series_label,
)
from tui.screens.compare_data import Prepared
from tui.screens.compare_heads import Lines, heads
from tui.text import Cell, Styled
from tui.widgets.table import Column, Rows, Section, Wide
from tui.widgets.table_layout import fitted

GAP = " │ "
PIN_GAP = " ┃ "
LABELS = (24, 40)
"""The least and the most cells of the label column."""
WIDE = 100
"""Cells of a screen from which the sparklines widen the label column instead of shortening the labels."""
ROOMY = 33
"""Cells from which a column shows 1,047,576 and not 1.05M: value, difference, percent and verdict fit then."""
NARROWEST, WIDEST = 18, 40
"""The least and the most cells of a version's column."""
LEAST_BASE = 20
"""The least cells of the baseline's column: a date with its distance fits."""
MARK = "▸ "


@dataclass(frozen=True, slots=True)
class Grid:
    """What the table shows: columns, rows, sections, and which row of the comparison a line stands for.

    `pinned` columns stay in sight: the labels, and the baseline where a candidate has room beside it.
    """

    columns: tuple[Column, ...]
    source: Rows
    sections: tuple[Section, ...]
    rows: dict[str, Row]
    pinned: int = 1


@dataclass(frozen=True, slots=True)
class _Parts:
    """How wide the aligned parts of the cells are; 0 leaves a part out."""

    value: int
    n: int
    delta: int
    percent: int
    verdict: int

    @property
    def width(self) -> int:
        """Of a whole cell."""
        parts = (self.n, self.delta, self.percent, self.verdict)
        return 2 + self.value + sum(part + 1 for part in parts if part)


def row_key(row: Row) -> str:
    """The name of a row in the table: the same after the data changed."""
    return f"{row.kind}:{row.name}:{'' if row.series is None else ':'.join(series_order(row.series))}"


def shown_rows(prepared: Prepared, *, differences: bool) -> tuple[Row, ...]:
    """The rows to show; what differs only, or all. The monthly cost stands there also where it is not known."""
    return tuple(
        row
        for row in prepared.comparison.rows
        if not differences or (row.differs and not _alone(row)) or row.name == "monthly_cost"
    )


def _alone(row: Row) -> bool:
    """A published figure that one version alone has, or one and its twins: there is nothing to hold it against.

    Of the use case's own figures a missing one is work to do, and a figure on other data is said to be that.
    """
    if row.kind != "metric" or row.series is None or row.series.use_case or row.reason.startswith("different"):
        return False
    return len({cell.measurement for cell in row.cells.values() if cell is not None}) < 2


@dataclass(frozen=True, slots=True)
class _Widths:
    """How the width is divided, and how every cell reads in it; the sparkline of every row."""

    label: int
    base: int
    cell: int
    parts: _Parts
    readings: Mapping[str, Mapping[str, Reading]]
    sparks: Mapping[str, Sequence[Styled]]


def _widths(prepared: Prepared, rows: Sequence[Row], labels: Iterable[str], width: int) -> _Widths:
    """Long figures are shortened first, then the percent goes; what still does not fit is wider than the screen."""
    label = _label_width([*labels], width, len(prepared.keys))
    sparks = {row_key(row): across(row, prepared.keys) for row in rows}
    if width >= WIDE and any(sparks.values()):
        label += len(prepared.keys) + 1
    room = (width - 2 - label - len(PIN_GAP)) // len(prepared.keys) - len(GAP)
    readings = _readings(prepared, rows, short=room < ROOMY)
    parts = _fitting(_parts(readings), readings, room)
    cell = max(parts.width, NARROWEST, min(room, WIDEST))
    base = cell if cell <= room else min(cell, _base_width(prepared, parts, readings))
    return _Widths(label, base, cell, parts, readings, sparks)


def _base_width(prepared: Prepared, parts: _Parts, readings: Mapping[str, Mapping[str, Reading]]) -> int:
    """What the baseline needs, which has no differences: values, their n, and where a twin measured them."""
    notes = [cell_len(by_key[prepared.baseline].note.text) for by_key in readings.values()]
    return max(LEAST_BASE, 2 + parts.value + (parts.n + 1 if parts.n else 0) + 1 + max(notes, default=0))


def matrix(prepared: Prepared, *, width: int, differences: bool = True) -> Grid:
    """Lay a comparison out for `width` cells; what does not fit is reached by scrolling."""
    rows = shown_rows(prepared, differences=differences)
    families = _families(rows)
    labels = _labels(rows, families)
    widths = _widths(prepared, rows, labels.values(), width)
    short = names(prepared.keys)
    columns = [Column("label", " ", widths.label)]
    for key in prepared.keys:
        room = widths.base if key == prepared.baseline else widths.cell
        columns.append(Column(key, "  " + cut(short[key], room - 2), room))
    beside = 1 + widths.label + len(PIN_GAP) + widths.base + len(GAP) + widths.cell
    scrolls = beside + (len(prepared.keys) - 2) * (len(GAP) + widths.cell) > width
    lines: Lines = [*heads(prepared, short, width)]
    sections = [Section(range(len(lines)))]
    for group, members in groupby(rows, key=lambda row: row.group):
        block = list(members)
        first = len(lines)
        most, words = group_way(block)
        for row in block:
            lines += _row_lines(prepared, row, labels[row_key(row)], against(row, most), families, widths)
        title = [Styled(group.upper()), Styled(f"  ({words})" if words else "", "dim")]
        sections.append(Section(range(first, len(lines)), f"group:{group}", title))
    _insert_risks(prepared, lines, sections, widths.label)
    tail = _tail(len(prepared.comparison.rows) - len(rows), differences)
    if tail is not None:
        lines.append(("tail", Wide(tail)))
        sections.append(Section(range(len(lines) - 1, len(lines))))
    return Grid(
        tuple(columns), Rows(lines), tuple(sections), {row_key(row): row for row in rows},
        pinned=2 if scrolls and beside <= width and prepared.keys[0] == prepared.baseline else 1,
    )  # fmt: skip


def _row_lines(prepared: Prepared, row: Row, label: str, sign: str, families: Families, widths: _Widths) -> Lines:
    """A row with what stands above and below it: the metric of several series, why a cost is not known."""
    key = row_key(row)
    cells = [
        _cell(widths.readings[key][version], widths.parts, widths.base if version == prepared.baseline else widths.cell)
        for version in prepared.keys
    ]
    lines: Lines = [(key, [_label(label, row, sign, widths.label, widths.sparks[key]), *cells])]
    if (head := _first_of_several(row, families)) is not None:
        lines.insert(0, (f"{key}:head", Wide([Styled(f" {head}", "dim")])))
    if row.name == "monthly_cost" and (unknown := _unknown_cost(prepared, row)) is not None:
        lines.append((f"{key}:why", unknown))
    return lines


AFTER_RISKS = ("limits", "abilities", "life", "lineage", "parameters")
RISK = "risk:"
"""How the key of a line about a break risk begins."""
_SEVERITY: Mapping[str, Styled] = {
    "breaks": Styled("  ■ breaks", "bad"),
    "unknown": Styled("  ? unknown", "warn"),
    "check": Styled("  ! check", "warn"),
}


def _insert_risks(prepared: Prepared, lines: Lines, sections: list[Section], width: int) -> None:
    """What may break, before the facts that it comes from: a line a risk, what breaks for sure first."""
    found = {risk.id: risk for risk in sorted(_risks(prepared), key=lambda risk: SEVERITIES.index(risk.severity))}
    if not found:
        return
    first = len(lines)
    for risk in found.values():
        cells: list[Cell] = []
        for key in prepared.keys:
            mine = prepared.risk(risk.id, key)
            none = [Styled("  "), text.NONE]
            cells.append(_SEVERITY[mine.severity] if mine is not None else none)
        lines.append((f"{RISK}{risk.id}", [[*fitted(f" {risk.title}", width)], *cells]))
    section = Section(
        range(first, len(lines)), "group:risks", [Styled("BREAK RISKS"), Styled("  (w what to do)", "dim")]
    )
    names = [section.key.removeprefix("group:") for section in sections]
    at = next((i for i, name in enumerate(names) if name in AFTER_RISKS), len(sections))
    sections.insert(at, section)


def _risks(prepared: Prepared) -> list[Risk]:
    return [risk for key in prepared.candidates for risk in prepared.risks.get(key, ())]


def with_cursor(columns: Sequence[Column], name: str) -> list[Column]:
    """The columns with the sign of the cursor at the head of one of them."""
    return [replace(c, title=MARK + c.title[len(MARK) :]) if c.name == name else c for c in columns]


def _unknown_cost(prepared: Prepared, row: Row) -> Wide | None:
    """What is missing where the cost is known for no version."""
    missing = prepared.costs[prepared.baseline].unknown
    if any(row.cells.values()) or not missing:
        return None
    return Wide([Styled(f"    not known: {', '.join(missing)}", "dim")])


def _tail(hidden: int, differences: bool) -> Cell | None:
    if differences and hidden:
        rows = "row" if hidden == 1 else "rows"
        return Styled(f"{hidden} {rows} in which nothing differs, or that one version alone has: = shows all", "dim")
    return None


# ── labels ────────────────────────────────────────────────────────────────────────────────────────────────────────


Families = Mapping[tuple[str, str], Sequence[Row]]
"""Rows by kind and name: a metric may have several series."""


def _families(rows: Sequence[Row]) -> Families:
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row.kind, row.name), []).append(row)
    return found


def _first_of_several(row: Row, families: Families) -> str | None:
    """The title of a metric above the first of its series, where it has several."""
    several = families[row.kind, row.name]
    return text.clean(row.title) if len(several) > 1 and several[0] is row else None


def _labels(rows: Sequence[Row], families: Families) -> dict[str, str]:
    found = {}
    for row in rows:
        several = families[row.kind, row.name]
        label = f"  {series_label(row, several)}" if len(several) > 1 else text.clean(row.title)
        found[row_key(row)] = label + _unit(row)
    return found


def _unit(row: Row) -> str:
    """The unit where the figures do not carry it."""
    if row.kind == "price":
        return " $/1M"
    short = row.unit in ("", "%", "ms", "s", "d") or row.unit.startswith("USD")
    return "" if short else f" {text.clean(row.unit)}"


def _label(label: str, row: Row, sign: str, width: int, sparks: Sequence[Styled]) -> Cell:
    """A row's name, shortened so that n and direction behind it stay; at the end of it the row as a sparkline."""
    n = _same_n(row)
    tail = f" n {n:,}{sign}" if n is not None else sign
    width -= len(sparks) + 1 if sparks else 0
    name = fitted(f" {label}", max(1, min(cell_len(label) + 1, width - cell_len(tail))))
    return (
        [*fitted([*name, Styled(tail, "dim")], width), Styled(" "), *sparks] if sparks else [*name, Styled(tail, "dim")]
    )


def _label_width(labels: Sequence[str], width: int, columns: int) -> int:
    least, most = LABELS
    needed = max((cell_len(label) + 8 for label in labels), default=least)
    share = width // 3 if columns < 3 else width // 4
    return max(least, min(needed, most, share))


# ── cells ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _readings(prepared: Prepared, rows: Sequence[Row], *, short: bool = False) -> dict[str, dict[str, Reading]]:
    """How every cell reads. An n that is the same throughout stands at the label, and not again in each cell."""
    found = {}
    for row in rows:
        each_n = _same_n(row) is None
        found[row_key(row)] = {key: read(prepared, row, key, short=short, with_n=each_n) for key in prepared.keys}
    return found


def _same_n(row: Row) -> int | None:
    counts = {cell.n for cell in row.cells.values() if cell is not None}
    return counts.pop() if len(counts) == 1 else None


def _parts(by_row: Mapping[str, Mapping[str, Reading]]) -> _Parts:
    """How wide each part must be, n left out."""
    value = delta = percent = verdict = 0
    for reading in _in_line(by_row):
        value = max(value, cell_len(reading.value.text))
        if reading.delta.text != APART:  # what stands in the place of a difference may use the places after it
            delta = max(delta, cell_len(reading.delta.text))
        percent = max(percent, cell_len(reading.percent.text))
        verdict = max(verdict, cell_len(reading.verdict.text))
    return _Parts(value, 0, delta, percent, verdict)


def _fitting(parts: _Parts, by_row: Mapping[str, Mapping[str, Reading]], room: int) -> _Parts:
    """Without the percent where there is no room for it, with n where there is."""
    if parts.width > room:
        parts = replace(parts, percent=0)
    n = max((cell_len(reading.n.text) for reading in _in_line(by_row)), default=0)
    return replace(parts, n=n) if parts.width + 1 + n <= min(room, WIDEST) else parts


def _in_line(by_row: Mapping[str, Mapping[str, Reading]]) -> Iterator[Reading]:
    """The readings whose parts stand under each other."""
    return (r for by_key in by_row.values() for r in by_key.values() if r.numeric and not r.loose)


def _cell(reading: Reading, parts: _Parts, width: int) -> Cell:
    if not reading.numeric:
        return [Styled("  "), reading.value]
    if reading.loose:
        star = Styled(f"{STAR} " if reading.star else "  ", "good")
        whole = text.joined([reading.value, reading.delta], " ")  # a difference that is cut would read as another one
        return [star, *whole] if sum(cell_len(part.text) for part in whole) + 2 <= width else [star, reading.value]
    line = [Styled(f"{STAR} " if reading.star else "  ", "good"), _padded(reading.value, parts.value, right=True)]
    if parts.n:
        line += [Styled(" "), _padded(reading.n, parts.n, right=True)]
    if not reading.delta.text or reading.delta.text == APART:
        room = width - 3 - parts.value - (parts.n + 1 if parts.n else 0)
        if reading.delta.text:
            return [*line, Styled(f" {APART if room >= len(APART) else APART_SHORT}", "dim")]
        return [*line, Styled(" "), reading.note]
    if parts.delta:
        line += [Styled(" "), _padded(reading.delta, parts.delta)]
    if parts.percent:
        line += [Styled(" "), _padded(reading.percent, parts.percent, right=True)]
    if parts.verdict:
        line += [Styled(" "), reading.verdict]
    return line


def _padded(part: Styled, width: int, *, right: bool = False) -> Styled:
    blank = " " * max(0, width - cell_len(part.text))
    return Styled(blank + part.text if right else part.text + blank, part.style)
