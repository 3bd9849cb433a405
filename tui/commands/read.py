"""`list`, `show`, `next`: what runs, what is known, what needs a decision."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from tui import prompt
from tui.commands import Command, given
from tui.exits import DONE, UsageError
from tui.session import Options, open_catalog
from tui.text import Styled

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.records import Snapshot
    from store.review.attention import Finding
    from store.search import Index, Row, Selection
    from tui.output import Output
    from tui.shown import Shown


# ── list ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("query", nargs="*", metavar="QUERY", help="words and field:value, as in the app")
    parser.add_argument("--all", action="store_true", help="also every version that no use case runs")
    parser.add_argument(
        "--sort", action="append", default=[], metavar="COL", help="fields by comma; -COL or COL:desc turns one round"
    )
    parser.add_argument("--limit", type=given.whole, metavar="N", help="at most N rows")
    parser.add_argument("--csv", action="store_true", help="answer as CSV")
    parser.add_argument("--view", metavar="NAME", help="a saved view of the app: its query, order, columns and scope")
    parser.add_argument("--views", action="store_true", help="name the saved views")


def _list(args: argparse.Namespace, options: Options, out: Output) -> int:
    if args.views:
        return _views(options, out)
    view = _view(args.view, options) if args.view else None
    with open_catalog(options, writes=False) as catalog:
        if view is not None:
            args.query = [f"({view.query})" if view.query and args.query else view.query, *args.query]
            args.all = args.all or view.scope == "all"
        index = _index(catalog, all_versions=args.all)
        asked = [part for text in args.sort for part in text.split(",") if part]
        sort = [_order(index, part) for part in asked] or (view.sort if view is not None else [])
        found = index.select(" ".join(args.query), "all" if args.all else "in_use", sort, include_retired=args.all)
        if found.query.error is not None:
            raise UsageError(f"in the query: {found.query.error}")
        rows = [] if found.fuzzy else [found[i] for i in range(len(found))]
        shown = rows[: args.limit] if args.limit is not None else rows
        if options.json:
            from store.search import row_json

            out.json({"count": len(rows), "today": catalog.today, "versions": [row_json(row) for row in shown]})
        elif args.csv:
            _print_csv(out, shown)
        elif not shown:
            out.line(_nothing(catalog, found, " ".join(args.query), all_versions=args.all))
        else:
            _print_list(out, shown, catalog) if view is None else _print_view(out, shown, view, index)
            if len(shown) < len(rows):
                out.remark(f"{len(shown)} of {len(rows)} rows; raise --limit for more")
    return DONE


def _saved(options: Options) -> tuple[dict[str, Shown], list[str]]:
    """The views of the app: those that ship and those of the settings, with what is wrong with unreadable ones."""
    from tui.shown import saved

    return saved(options.settings().views)


def _view(name: str, options: Options) -> Shown:
    views, faults = _saved(options)
    found = views.get(name) or next((v for n, v in views.items() if n.casefold() == name.casefold()), None)
    if found is None:
        wrong = next((f for f in faults if f.startswith(f"view '{name}'")), "")
        raise UsageError(wrong or f"there is no view '{name}'; there are: {', '.join(views)}")
    return found


def _views(options: Options, out: Output) -> int:
    from store.views import print_sort

    views, faults = _saved(options)
    for fault in faults:
        out.remark(f"{options.config_path}: {fault}")
    if options.json:
        out.json(
            {
                "views": [
                    {"name": name, "query": v.query, "scope": v.scope, "sort": print_sort(v.sort), "group": v.group}
                    for name, v in views.items()
                ]
            }
        )
        return DONE
    rows = [[name, v.query, print_sort(v.sort), "all known" if v.scope == "all" else ""] for name, v in views.items()]
    out.table(["View", "Query", "Order", ""], rows)
    return DONE


def found_rows(catalog: Catalog, query: str, *, all_versions: bool = False) -> tuple[list[Row], Index]:
    """The rows in use (or of all versions) that a query finds, in the first order.

    Raises:
        UsageError: the query cannot be read.
    """
    index = _index(catalog, all_versions=all_versions)
    found = index.select(query, "all" if all_versions else "in_use", include_retired=all_versions)
    if found.query.error is not None:
        raise UsageError(f"in the query: {found.query.error}")
    return ([] if found.fuzzy else [found[i] for i in range(len(found))]), index


def level_of(finding: Finding) -> Literal["error", "warning", "note"]:
    """How grave a finding is: error (stopped, late, drift), warning, or note."""
    return "error" if finding.severity < 2 else "warning" if finding.severity < 4 else "note"


def _index(catalog: Catalog, *, all_versions: bool) -> Index:
    """The index; where only rows in use are asked for, no other version is decoded."""
    from store.rows import head_of, heads_of
    from store.search import Index
    from tui.prompting import needs_decision

    def decide(_records: Snapshot, _today: date) -> list[Finding]:
        return needs_decision(catalog)

    if all_versions:
        return Index(catalog.snapshot(), catalog.today, heads_of(catalog.raw_versions()), decide)

    used = dict.fromkeys(a.version for a in catalog.assignments.records() if a.in_use)
    heads = [head_of(version) for key in used if (version := catalog.versions.get(key)) is not None]
    return Index(catalog.snapshot(), catalog.today, heads, decide)


def _order(index: Index, text: str) -> tuple[str, bool]:
    from store.commands.versions import nearest
    from store.fields import spelled

    name, _, way = text.removeprefix("-").partition(":")
    field = index.spellings.get(spelled(name))
    if field is None or way not in ("", "asc", "desc"):
        near = nearest(name, index.spellings)
        hint = f"; did you mean {' or '.join(near)}?" if near and field is None else "; write --sort COL or COL:desc"
        raise UsageError(f"'{text}' is no field to sort by{hint}")
    return field.name, text.startswith("-") or way == "desc"


def _nothing(catalog: Catalog, found: Selection, query: str, *, all_versions: bool) -> str:
    if query.strip():
        near = [found[i].key for i in range(min(len(found), 3))] if found.fuzzy else []
        hint = f"; nearly: {', '.join(dict.fromkeys(near))}" if near else f"; {found.error}" if found.error else ""
        return f"Nothing matches '{query}'{hint}" + ("" if all_versions else "; --all searches every known version")
    return (
        f"Nothing is in use yet; {len(catalog.versions):,} versions are known (--all). "
        "Start with: modeltui use-case add NAME, then modeltui assign NAME KEY"
    )


_CSV = (
    "key", "provider", "model", "version", "use_case", "stage", "share", "deployment", "lifecycle", "released",
    "retires", "plan_for", "certainty", "days", "on_the_day", "deadline", "start_by", "start_in", "price_in",
    "price_out", "headline_metric", "headline", "owner",
)  # fmt: skip


def _print_csv(out: Output, rows: Sequence[Row]) -> None:
    from store.search import row_json

    def cells(row: Row) -> list[Any]:
        known = row_json(row)
        retires, headline = known["retires"], known["headline"] or {}
        known |= {"retires": retires["effective"], "plan_for": retires["risk"], "certainty": retires["certainty"]}
        known |= {"headline": headline.get("value"), "headline_metric": headline.get("metric")}
        return [known[name] for name in _CSV]

    out.csv(_CSV, map(cells, rows))


def _print_list(out: Output, rows: Sequence[Row], catalog: Catalog) -> None:
    from tui.commands.words import list_row, list_titles

    shown = [list_row(row, catalog.today) for row in rows]
    out.table(list_titles(), shown, right=(7, 8, 9), keys=(1,), least={0: 12, 1: 20})


def _print_view(out: Output, rows: Sequence[Row], shown: Shown, index: Index) -> None:
    """The rows in the columns that the app shows for the view, read as there."""
    from store.review.freshness import freshness
    from store.review.status import AssignmentStatus
    from tui import columns
    from tui.state import View

    statuses = {row.id: status for row in rows if isinstance(status := row.status, AssignmentStatus)}
    fresh = freshness(index.snapshot, index.today, statuses.values())
    seen = View(index.snapshot, index.today, index, (), fresh, statuses)
    names = shown.columns or (columns.ALL if shown.scope == "all" else columns.IN_USE)
    found = [columns.COLUMNS[name] for name in names]
    right = [n for n, column in enumerate(found) if column.column.align == "right"]
    keys = [n for n, column in enumerate(found) if column.name == "key"]
    cells = [[column.cell(row, seen) for column in found] for row in rows]
    out.table([column.column.title.lower() for column in found], cells, right=right, keys=keys)


# ── show ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _show_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("key", help="provider/model@version")


def _show(args: argparse.Namespace, options: Options, out: Output) -> int:
    from tui.commands import detail

    with open_catalog(options, writes=False) as catalog:
        version = catalog.version(args.key)
        if options.json:
            out.json(detail.shape(catalog, version))
        else:
            detail.say(out, catalog, version)
    return DONE


# ── next ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _next_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--short", action="store_true", help="one line for a shell prompt, nothing if all is well")
    parser.add_argument("--limit", type=given.whole, default=5, metavar="N", help="at most N findings (5)")


def _next(args: argparse.Namespace, options: Options, out: Output) -> int:
    if args.short and not options.json:
        return _short(options, out)
    from tui.prompting import needs_decision

    with open_catalog(options, writes=False) as catalog:
        found = needs_decision(catalog)
    shown = found[: args.limit]
    if options.json:
        out.json({"count": len(found), "findings": [_finding(f) for f in shown]})
    elif not found:
        out.line("Nothing needs a decision.")
    else:
        for finding in shown:
            head = Styled(prompt.spoken(finding), "bad" if finding.severity < 2 else "warn")
            out.line(head, "  ", Styled(finding.use_case, "strong"), f"  {finding.key}")
            out.line(f"    {finding.why} {finding.action}")
        if len(found) > len(shown):
            out.remark(f"and {len(found) - len(shown)} more; raise --limit to see them")
    return DONE


def _short(options: Options, out: Output) -> int:
    """The line of a shell prompt; worked out only after something changed that kept no line."""
    line = None if options.demo else prompt.kept_line(options)
    if line is None:
        from tui.prompting import needs_decision

        with open_catalog(options, writes=False, silent=True) as catalog:
            seen = prompt.state(options)
            catalog.refresh()
            line = prompt.line_of(needs_decision(catalog))
        if not options.demo:
            prompt.keep_line(options, line, seen)
    if line:
        out.line(line)
    return DONE


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.kind,
        "level": level_of(finding),
        "use_case": finding.use_case or None,
        "key": finding.key or None,
        "deployment": finding.deployment or None,
        "message": finding.why,
        "action": finding.action,
        "days": finding.days,
        "until": finding.until,
    }


COMMANDS: Mapping[str, Command] = {
    "list": Command(_list_arguments, _list),
    "show": Command(_show_arguments, _show),
    "next": Command(_next_arguments, _next),
}
