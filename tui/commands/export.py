"""`export`: the catalog without loss, a table, a report, a comparison, a calendar."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.commands import Command, given
from tui.exits import DONE, UsageError
from tui.session import Options, open_catalog

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.formats.report import Compared, Report
    from store.search import Row
    from tui.output import Output

FORMATS = ("json", "csv", "markdown", "html", "latex", "ics")
_ENDINGS = {
    ".json": "json", ".csv": "csv", ".md": "markdown", ".html": "html", ".htm": "html", ".tex": "latex", ".ics": "ics",
}  # fmt: skip
PICTURED = 6
"""Rows of a comparison that its picture shows."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="where to; - for standard output")
    parser.add_argument("query", nargs="*", metavar="QUERY", help="only what it finds, as in list; all without one")
    parser.add_argument("--format", choices=FORMATS, help="of the file (by its name, else json)")
    parser.add_argument("--all", action="store_true", help="with a query: also versions that no use case runs")
    parser.add_argument("--use-case", default="", metavar="U", help="LaTeX: its figures, and what it runs as baseline")


def _export(args: argparse.Namespace, options: Options, out: Output) -> int:
    form = args.format or _format_of(args.file)
    query = " ".join(args.query)
    with open_catalog(options, writes=False) as catalog:
        text, said = _written(catalog, form, query, args)
        left = len(catalog.broken())
    if left:
        out.remark(f"{left:,} document{'s' if left > 1 else ''} left out that cannot be read; see: modeltui doctor")
    if args.file == "-":
        out.text(text)
    else:
        given.write_text(args.file, text)
        out.remark(f"{said} in {args.file}.")
    return DONE


def _format_of(file: str) -> str:
    """The format that a file's name asks for; JSON where it has no ending."""
    ending = Path(file).suffix.casefold()
    if ending and ending not in _ENDINGS:
        raise UsageError(f"'{file}' names no format to export; end it with {', '.join(_ENDINGS)}, or say --format")
    return _ENDINGS.get(ending, "json")


def _written(catalog: Catalog, form: str, query: str, args: argparse.Namespace) -> tuple[str, str]:
    """The text of the file, and what is in it."""
    from store.formats import report as pages

    if form == "json":
        return _json(catalog, query, all_versions=args.all)
    if form == "csv":
        return _csv(catalog, query, all_versions=args.all)
    if form == "ics":
        return _ics(catalog, query)
    if form == "latex":
        compared = _comparison(catalog, query, args)
        return pages.latex(compared, compared.title), f"a table of {len(compared.table.rows)} rows is"
    made = _report(catalog, query)
    return (pages.html if form == "html" else pages.markdown)(made), f"a report of {len(made.overview.rows)} in use is"


def _rows(catalog: Catalog, query: str, *, all_versions: bool = False) -> list[Row]:
    from tui.commands.read import found_rows

    rows, _ = found_rows(catalog, query, all_versions=all_versions)
    return rows


# ── data ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _json(catalog: Catalog, query: str, *, all_versions: bool) -> tuple[str, str]:
    import msgspec

    from store.transfer import document

    keys = {row.key for row in _rows(catalog, query, all_versions=all_versions)} if query or all_versions else None
    found = document(catalog, keys, query.encode(errors="replace").decode())
    text = msgspec.json.format(msgspec.json.encode(found, order="deterministic"), indent=1).decode() + "\n"
    return text, f"{sum(len(rows) for rows in found.values() if isinstance(rows, list)):,} records are"


def _csv(catalog: Catalog, query: str, *, all_versions: bool) -> tuple[str, str]:
    from store.formats.tables_out import table_text

    rows = _rows(catalog, query, all_versions=all_versions)
    keys = sorted({row.key for row in rows})
    runs: dict[str, list[Any]] = {}
    for row in rows:
        if row.assignment is not None:
            runs.setdefault(row.key, []).append(row.assignment)
    for here in runs.values():
        here.sort(key=lambda a: (a.use_case, a.deployment))
    measured = {
        key: sorted(
            (m for m in catalog.measurements_of(key) if m.origin != "reference"),
            key=lambda m: (m.use_case, m.metric, str(m.measured_on), m.dataset, m.slice, m.value, m.uid),
        )
        for key in keys
    }
    versions = [version for key in keys if (version := catalog.versions.get(key)) is not None]
    text = table_text(versions, runs, catalog.use_cases, catalog.deployments, measured)
    return text, f"{len(versions):,} versions are"


def _ics(catalog: Catalog, query: str) -> tuple[str, str]:
    from store.formats.icalendar import calendar
    from store.review.agenda import agenda

    names = {row.use_case for row in _rows(catalog, query)} if query else None
    dues = [d for d in agenda(catalog.snapshot(), catalog.today) if names is None or d.use_case in names]
    # the day alone, so that the same catalog gives the same bytes all day
    stamp = datetime.combine(catalog.today, datetime.min.time(), UTC)
    return calendar(dues, stamp), f"{len(dues)} days are"


# ── pages ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _report(catalog: Catalog, query: str) -> Report:
    from store.formats.report import Report, Table
    from store.formats.svg import Mark, year
    from store.review.agenda import agenda
    from tui.commands.read import found_rows, level_of
    from tui.commands.words import list_row, list_titles
    from tui.figures import plain

    rows, index = found_rows(catalog, query)
    today = catalog.today
    findings = list(dict.fromkeys(finding for row in rows for finding in index.findings(row)))
    findings.sort(key=lambda f: (f.severity, f.days is None, f.days or 0, f.use_case, f.key))
    names = {row.use_case for row in rows}
    dues = [d for d in agenda(catalog.snapshot(), today) if d.use_case in names]
    ahead = [d for d in dues if d.kind != "item"]
    return Report(
        today,
        [(level_of(f), " · ".join(filter(None, (f.use_case, f.key))), f"{f.why} {f.action}") for f in findings],
        Table(list_titles(), [[plain(cell) for cell in list_row(row, today)] for row in rows], frozenset((7, 8, 9))),
        Table(("day", "what", ""), [(d.day.isoformat(), d.summary, d.detail) for d in dues]),
        year([Mark(d.use_case, d.day, d.summary, d.day < today) for d in ahead], today),
        [_compared(catalog, keys, use_case) for use_case, keys in _moves(catalog, names)],
        query,
    )


def _moves(catalog: Catalog, names: set[str | None]) -> list[tuple[str, list[str]]]:
    """The comparisons worth showing: each running upgrade, what it leaves first."""
    found = []
    for upgrade in sorted(catalog.upgrades.records(), key=lambda u: (u.use_case, u.created or catalog.today, u.uid)):
        keys = [upgrade.from_version, upgrade.to_version]
        if upgrade.state == "open" and upgrade.use_case in names and all(key in catalog.versions for key in keys):
            found.append((upgrade.use_case, keys))
    return found


def _comparison(catalog: Catalog, query: str, args: argparse.Namespace) -> Compared:
    """The versions that a query names, or found, side by side."""
    from tui.commands.compare import MOST

    keys = [word for word in args.query if word in catalog.versions]
    if len(keys) != len(args.query) or not keys:
        keys = list(dict.fromkeys(row.key for row in _rows(catalog, query, all_versions=args.all)))
    if args.use_case:
        catalog.use_case(args.use_case)
        runs = [a.version for a in catalog.runs_in(args.use_case) if a.stage == "Production"]
        keys = list(dict.fromkeys([*runs, *keys])) if query else _move_of(catalog, args.use_case, runs)
    if not 2 <= len(keys) <= MOST:
        raise UsageError(
            f"{len(keys)} versions make no comparison; name 2 to {MOST} keys, or a query that finds so many"
        )
    return _compared(catalog, keys, args.use_case)


def _move_of(catalog: Catalog, use_case: str, runs: Sequence[str]) -> list[str]:
    """What a use case runs and where its upgrade goes."""
    targets = [u.to_version for u in catalog.upgrades.records() if u.use_case == use_case and u.state == "open"]
    return list(dict.fromkeys([*runs, *filter(None, targets)]))


def _compared(catalog: Catalog, keys: Sequence[str], use_case: str) -> Compared:
    from store.formats.report import Compared, Table
    from store.formats.svg import Bars, bars
    from tui.commands.compare import prepared
    from tui.figures import plain
    from tui.screens.compare_cells import names, read, series_label

    found = prepared(catalog, keys, use_case)
    short = names(found.keys)
    rows = [row for row in found.comparison.rows if row.differs or row.name == "monthly_cost"]
    lines, pictured = [], []
    for row in rows:
        several = [other for other in rows if (other.kind, other.name) == (row.kind, row.name)]
        label = series_label(row, several) if len(several) > 1 else ""
        title = f"{row.title}: {label}" if label else row.title
        texts = [plain(read(found, row, key).pieces).strip() for key in found.keys]
        lines.append([title, *texts])
        values = [None if (c := row.cells[key]) is None or isinstance(c.value, str) else c.value for key in found.keys]
        if sum(v is not None for v in values) > 1 and row.kind in ("metric", "price") and row.comparable:
            pictured.append(Bars(title, values, texts))
    heads = [f"{short[key]} (baseline)" if key == found.baseline else short[key] for key in found.keys]
    said = [f"{key}: {v.verdict.replace('_', ' ')}. {v.reason}" for key, v in found.verdicts.items()]
    picture = bars([short[key] for key in found.keys], pictured[:PICTURED])
    title = f"Comparison for {use_case}" if use_case else "Comparison"
    right = frozenset(range(1, len(heads) + 1))
    return Compared(title, said, Table(["", *heads], lines, right), picture)


COMMANDS: Mapping[str, Command] = {"export": Command(_arguments, _export)}
