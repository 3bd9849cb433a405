"""`compare`: versions side by side, against a baseline."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from store.records import Metric, Series
from store.review.comparison import Cell as Compared
from store.review.comparison import Comparison, Row
from store.review.comparison import compare as compare_versions
from tui.commands import Command, shapes
from tui.exits import DONE, UsageError
from tui.session import Options, open_catalog
from tui.text import MISSING, Cell, Styled, change, clean, metric_delta, money, number, plain, value

if TYPE_CHECKING:
    from store.catalog import Catalog
    from tui.output import Output

MOST = 8
"""Versions that stand side by side."""

_SERIES = tuple(f.name for f in fields(Series) if f.name not in ("metric", "use_case"))
_DIRECTIONS = {"up": "higher is better", "down": "lower is better", "none": ""}


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("keys", nargs="+", metavar="KEY", help="2 to 8 versions; with --use-case one is enough")
    parser.add_argument("--use-case", metavar="U", help="its figures first, and what it runs as baseline")
    parser.add_argument("--baseline", metavar="KEY", help="compare against this one (the first)")
    parser.add_argument("--all", action="store_true", help="also the rows in which nothing differs")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--md", action="store_true", help="answer as a Markdown table")
    shape.add_argument("--csv", action="store_true", help="answer as CSV")


def _compare(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options, writes=False) as catalog:
        use_case = catalog.use_case(args.use_case) if args.use_case else None
        keys, baseline = _chosen(catalog, args)
        found = compare_versions(
            [catalog.version(key) for key in keys],
            catalog.snapshot().measurements,
            catalog.metrics,
            baseline=baseline,
            use_case=use_case,
        )
        if options.json:
            out.json(shape(found, catalog.metrics))
            return DONE
        rows = found.rows if args.all else found.differing
        if args.csv:
            _print_csv(out, found, rows)
        elif args.md:
            _print_markdown(out, found, rows, catalog.metrics)
        else:
            _print(out, found, rows, catalog.metrics)
    return DONE


def _chosen(catalog: Catalog, args: argparse.Namespace) -> tuple[list[str], str]:
    keys = list(dict.fromkeys(args.keys))
    if args.baseline and args.baseline not in keys:
        keys.insert(0, args.baseline)
    if len(keys) == 1 and args.use_case:
        runs = [a.version for a in catalog.runs_in(args.use_case) if a.stage == "Production" and a.version != keys[0]]
        keys = [*dict.fromkeys(runs), *keys]
    if not 2 <= len(keys) <= MOST:
        raise UsageError(f"{len(keys)} version{'s' if len(keys) > 1 else ''} cannot be compared; name 2 to {MOST} keys")
    baseline = args.baseline or keys[0]
    return [baseline, *(key for key in keys if key != baseline)], baseline


def shape(found: Comparison, metrics: Mapping[str, Metric]) -> shapes.Shape:
    """The answer of `compare --json`: values in the metric's own unit, deltas and percent against the baseline."""
    return {
        "baseline": found.baseline,
        "versions": list(found.versions),
        "use_case": found.use_case,
        "rows": [_row(row, found, metrics) for row in found.rows],
    }


def _row(row: Row, found: Comparison, metrics: Mapping[str, Metric]) -> shapes.Shape:
    cells = {key: row.cells[key] for key in found.versions}
    return {
        "series": None if row.series is None else _series(row),
        "metric": row.name,
        "title": row.title,
        "kind": row.kind,
        "metric_kind": metrics[row.name].kind if row.series is not None and row.name in metrics else None,
        "unit": shapes.known(row.unit),
        "direction": row.direction,
        "group": row.group,
        "values": {key: _value(cell) for key, cell in cells.items()},
        "delta": {key: shapes.finite(cell.delta) if cell else None for key, cell in cells.items()},
        "percent": {key: shapes.finite(cell.percent) if cell else None for key, cell in cells.items()},
        "best": list(row.best),
        "comparable": row.comparable,
        "reason": shapes.known(row.reason),
        "differs": row.differs,
    }


def _series(row: Row) -> shapes.Shape:
    s = row.series
    assert s is not None
    named = {name: shapes.known(getattr(s, name)) for name in _SERIES}
    return {"metric": s.metric, "use_case": shapes.known(s.use_case), **named}


def _value(cell: Compared | None) -> shapes.Shape | None:
    if cell is None:
        return None
    known = cell.value if isinstance(cell.value, str) else shapes.finite(cell.value)
    return {
        "value": known,
        "n": cell.n,
        "sd": shapes.finite(cell.sd),
        "as_of": shapes.known(cell.as_of),
        "source": shapes.known(cell.source),
        "borrowed_from": cell.borrowed_from,
    }


# ── text ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _print(out: Output, found: Comparison, rows: Sequence[Row], metrics: Mapping[str, Metric]) -> None:
    titles = ["", *(f"{key} (baseline)" if key == found.baseline else key for key in found.versions)]
    table: list[list[Cell]] = []
    group = ""
    for row in rows:
        if row.group != group:
            group = row.group
            table.append([_group_head(group, rows), *([""] * len(found.versions))])
        table.append([_head(row), *(_cell(row, row.cells[key], metrics) for key in found.versions)])
    if not rows:
        out.line("These versions do not differ in anything that is known; --all shows every row.")
        return
    out.table(
        titles, table, least={0: 20} | dict.fromkeys(range(1, len(titles)), 18), core=len(titles), key_titles=True
    )
    for row in rows:
        if row.reason.startswith("different"):
            out.line(Styled(f"not comparable: {row.title}, {row.reason}", "dim"))


def _group_head(group: str, rows: Sequence[Row]) -> Cell:
    """A group's name with the direction that all its rows share."""
    ways = {row.direction for row in rows if row.group == group}
    way = _DIRECTIONS[ways.pop()] if len(ways) == 1 else ""
    return [Styled(group.upper(), "strong"), Styled(f"  {way}", "dim")]


def _head(row: Row) -> Cell:
    s = row.series
    about = "" if s is None else " ".join(filter(None, (s.dataset, s.variant, s.slice, s.use_case)))
    return [Styled(f"  {row.title}"), Styled(f"  {about}", "dim")]


def _cell(row: Row, cell: Compared | None, metrics: Mapping[str, Metric]) -> Cell:
    if cell is None:
        return MISSING
    if isinstance(cell.value, str) or cell.value is None:
        return clean(str(cell.value or "—"))
    line: list[Styled] = [Styled("★ ", "good")] if cell.best else []
    metric = metrics.get(row.name) if row.series is not None else None
    if row.kind == "price":
        line.append(money(cell.value, "1M"))
        moved = change(None if cell.percent is None else cell.percent / 100)
        judged = {None: Styled(""), True: Styled(" +", "good"), False: Styled(" −", "bad")}[cell.better]
        return [*line, Styled(f"  {moved.text}{judged.text}", judged.style)] if cell.percent else line
    line.append(value(cell.value, metric) if metric else number(cell.value))
    if cell.n is not None:
        line.append(Styled(f" n {cell.n:,}", "dim"))
    if cell.borrowed_from:
        line.append(Styled(f" measured at {cell.borrowed_from.partition('/')[0]}", "dim"))
    if cell.delta is not None:
        shown = Metric(row.name, row.title, unit=row.unit, direction=row.direction)
        line += [Styled("  "), metric_delta(cell.delta, metric or shown)]
    return line


def _print_markdown(out: Output, found: Comparison, rows: Sequence[Row], metrics: Mapping[str, Metric]) -> None:
    heads = [f"{key} (baseline)" if key == found.baseline else key for key in found.versions]
    lines = [_markdown(["", *heads]), _markdown(["---"] * (len(heads) + 1))]
    for row in rows:
        cells = [plain(_cell(row, row.cells[key], metrics)) for key in found.versions]
        lines.append(_markdown([plain(_head(row)).strip(), *cells]))
    out.text("\n".join(lines))


def _markdown(cells: Sequence[str]) -> str:
    escaped = (cell.replace("\\", "\\\\").replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"


def _print_csv(out: Output, found: Comparison, rows: Sequence[Row]) -> None:
    deltas = [key for key in found.versions if key != found.baseline]
    header = ["group", "metric", "title", "unit", "direction", "dataset", "source", "use_case", *found.versions]
    header += [f"delta {key}" for key in deltas]

    def cells(row: Row) -> list[Any]:
        s = row.series
        series = ["", "", ""] if s is None else [s.dataset, s.source, s.use_case]
        values = [None if (c := row.cells[key]) is None else c.value for key in found.versions]
        moved = [None if (c := row.cells[key]) is None else c.delta for key in deltas]
        return [row.group, row.name, row.title, row.unit, row.direction, *series, *values, *moved]

    out.csv(header, map(cells, rows))


COMMANDS: Mapping[str, Command] = {"compare": Command(_arguments, _compare)}
