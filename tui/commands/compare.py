"""`compare`: versions side by side, against a baseline; the rows, verdicts and readings are those of the app."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from store.records import Series
from store.review.comparison import Cell as Compared
from store.review.comparison import Row
from tui.commands import Command, shapes
from tui.exits import DONE, UsageError
from tui.session import Options, open_catalog
from tui.text import NONE, Cell, Styled, verdict

if TYPE_CHECKING:
    from store.catalog import Catalog
    from tui.output import Output
    from tui.screens.compare_data import Prepared

MOST = 8
"""Versions that stand side by side."""

_SERIES = tuple(f.name for f in fields(Series) if f.name not in ("metric", "use_case"))


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("keys", nargs="+", metavar="KEY", help="2 to 8 versions; with --use-case one is enough")
    parser.add_argument(
        "--use-case", default="", metavar="U", help="its figures, costs and verdict; what it runs as baseline"
    )
    parser.add_argument("--baseline", default="", metavar="KEY", help="compare against this one (the first)")
    parser.add_argument("--all", action="store_true", help="also the rows in which nothing differs")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--md", action="store_true", help="answer as Markdown")
    shape.add_argument("--csv", action="store_true", help="answer as CSV")


def _compare(args: argparse.Namespace, options: Options, out: Output) -> int:
    from tui.screens.compare_export import as_csv, markdown

    with open_catalog(options, writes=False) as catalog:
        keys = _chosen(catalog, args)
        found = prepared(catalog, keys, args.use_case)
        rows = [row for row in found.comparison.rows if args.all or row.differs or row.name == "monthly_cost"]
        if options.json:
            out.json(shape(found))
        elif args.csv:
            out.text(as_csv(found, rows))
        elif args.md:
            out.text(markdown(found, rows))
        else:
            _print(out, found, rows)
    return DONE


def prepared(catalog: Catalog, keys: Sequence[str], use_case: str) -> Prepared:
    """The comparison of known versions, the first one the baseline, with the verdicts of a use case."""
    from dataclasses import replace

    from tui.screens.compare_data import judge, prepare
    from tui.state import Looker

    view = Looker(catalog).decide(catalog.today)(None)
    found = prepare(view, keys, use_case, keys[0])
    if found is None:
        raise UsageError("none of these versions is known")
    return replace(found, verdicts=judge(found))


def _chosen(catalog: Catalog, args: argparse.Namespace) -> list[str]:
    """The keys to compare, the baseline first."""
    keys = list(dict.fromkeys(args.keys))
    if args.use_case:
        catalog.use_case(args.use_case)
    if args.baseline and args.baseline not in keys:
        keys.insert(0, args.baseline)
    if len(keys) == 1 and args.use_case:
        runs = [a.version for a in catalog.runs_in(args.use_case) if a.stage == "Production" and a.version != keys[0]]
        keys = [*dict.fromkeys(runs), *keys]
    if not 2 <= len(keys) <= MOST:
        raise UsageError(f"{len(keys)} version{'s' if len(keys) > 1 else ''} cannot be compared; name 2 to {MOST} keys")
    for key in keys:
        catalog.version(key)
    baseline = args.baseline or keys[0]
    return [baseline, *(key for key in keys if key != baseline)]


def shape(found: Prepared) -> shapes.Shape:
    """The answer of `compare --json`: values in the metric's own unit, deltas and percent against the baseline."""
    judged = {
        key: {"verdict": v.verdict, "reason": shapes.known(v.reason), "promote": v.promote}
        for key, v in found.verdicts.items()
    }
    return {
        "baseline": found.baseline,
        "versions": list(found.keys),
        "use_case": found.use_case.name if found.use_case else None,
        "verdicts": {key: judged.get(key) for key in found.candidates},
        "rows": [_row(row, found) for row in found.comparison.rows],
    }


def _row(row: Row, found: Prepared) -> shapes.Shape:
    cells = {key: row.cells[key] for key in found.keys}
    metric = found.view.records.metrics.get(row.name) if row.series is not None else None
    return {
        "series": None if row.series is None else _series(row.series),
        "metric": row.name,
        "title": row.title,
        "kind": row.kind,
        "metric_kind": metric.kind if metric else None,
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


def _series(s: Series) -> shapes.Shape:
    named = {name: shapes.known(getattr(s, name)) for name in _SERIES}
    return {"metric": s.metric, "use_case": shapes.known(s.use_case), **named}


def _value(cell: Compared | None) -> shapes.Shape | None:
    if cell is None:
        return None
    return {
        "value": cell.value if isinstance(cell.value, str) else shapes.finite(cell.value),
        "low": shapes.finite(cell.low),
        "high": shapes.finite(cell.high),
        "n": cell.n,
        "sd": shapes.finite(cell.sd),
        "as_of": shapes.known(cell.as_of),
        "source": shapes.known(cell.source),
        "borrowed_from": cell.borrowed_from,
    }


def _print(out: Output, found: Prepared, rows: Sequence[Row]) -> None:
    from tui.screens.compare_cells import against, group_way, read, series_label

    titles = ["", *(f"{key} (baseline)" if key == found.baseline else key for key in found.keys)]
    table: list[list[Cell]] = []
    if found.verdicts:
        words = {key: verdict(v.verdict) for key, v in found.verdicts.items()}
        table.append([Styled("verdict", "strong"), *(words.get(key, NONE) for key in found.keys)])
    group, most = "", ""
    for row in rows:
        members = [other for other in rows if other.group == row.group]
        if row.group != group:
            group = row.group
            most, way = group_way(members)
            table.append([[Styled(group.upper(), "strong"), Styled(f"  {way}", "dim")], *[""] * len(found.keys)])
        several = [other for other in members if (other.kind, other.name) == (row.kind, row.name)]
        about = "  ".join(filter(None, (series_label(row, several) if len(several) > 1 else "", _unit(row))))
        label = [Styled(f"  {row.title}{against(row, most)}"), Styled(f"  {about}" if about else "", "dim")]
        table.append([label, *(read(found, row, key).pieces for key in found.keys)])
    out.table(
        titles, table, least={0: 20} | dict.fromkeys(range(1, len(titles)), 18), core=len(titles), key_titles=True
    )
    for key, judged in found.verdicts.items():
        out.line(Styled(f"{key}: ", "dim"), judged.reason)
    for row in rows:
        if row.reason.startswith("different"):
            out.line(Styled(f"not comparable: {row.title}, {row.reason}", "dim"))


def _unit(row: Row) -> str:
    """The unit where the figures do not carry it."""
    short = row.unit in ("", "%", "ms", "s", "d") or row.unit.startswith("USD")
    return "per million tokens" if row.kind == "price" else "" if short else row.unit


COMMANDS: Mapping[str, Command] = {"compare": Command(_arguments, _compare)}
