"""`use-case add | edit | list | show | remove`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from tui.commands import Command, given, shapes
from tui.exits import DONE, UsageError
from tui.session import Options, day, open_catalog
from tui.text import MISSING, Cell, Styled, joined, number, stage

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.records import UseCase
    from tui.output import Output

_TEXTS = {
    "--title": "what people call it",
    "--owner": "who owns it",
    "--approver": "who approves its upgrades",
    "--headline": "the metric that stands for it in lists",
    "--note": "a note",
}
_AMOUNTS = {
    "--calls-per-month": "calls a month, such as 2.1M",
    "--tokens-in": "input tokens per call",
    "--tokens-out": "output tokens per call",
    "--cached-share": "share of input tokens read from a cache, 0 to 1 or in %%",
    "--retry-share": "share of calls that are repeated, 0 to 1 or in %%",
    "--peak-tokens-per-minute": "weighted input tokens in the busiest minute",
}
_FLAGS = ("--regulated", "--user-facing", "--budgeted", "--caching", "--batch", "--priority-tier")


def _field_arguments(parser: argparse.ArgumentParser) -> None:
    unset = argparse.SUPPRESS
    for name, about in _TEXTS.items():
        parser.add_argument(name, default=unset, metavar="TEXT", help=about)
    parser.add_argument("--criticality", choices=("low", "normal", "high"), default=unset, help="scales the plan")
    for name, about in _AMOUNTS.items():
        parser.add_argument(name, type=given.amount, default=unset, metavar="N", help=about)
    for name in _FLAGS:
        parser.add_argument(name, action=argparse.BooleanOptionalAction, default=unset)
    parser.add_argument("--uses", type=given.words, default=unset, metavar="A,B", help="tools, vision, reasoning, …")
    parser.add_argument("--modalities", type=given.words, default=unset, metavar="A,B", help="text, image, audio, …")
    parser.add_argument("--languages", type=given.whole, default=unset, metavar="N", help="how many it serves")
    parser.add_argument("--review-by", type=day, default=unset, metavar="DATE", help="when it must be looked at again")
    parser.add_argument(
        "--freeze", type=_window, action="append", default=unset, metavar="D..D", help="no changes between two dates"
    )
    parser.add_argument("--tags", type=given.words, default=unset, metavar="A,B")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, kept in the history")


def _window(text: str) -> tuple[date, date]:
    start, dots, end = text.partition("..")
    if not dots:
        raise argparse.ArgumentTypeError(f"'{text}' is not a window; write 2026-12-15..2027-01-06")
    return day(start), day(end)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="small letters, digits and hyphens, such as support-assistant")
    _field_arguments(parser)


def _add(args: argparse.Namespace, options: Options, out: Output) -> int:
    from store.engine import new_uid
    from store.records import UseCase
    from store.validation import check

    with open_catalog(options) as catalog:
        use_case = check(UseCase, {"uid": new_uid(), "name": args.name, **_given(args, catalog)})
        event = catalog.add_use_case(use_case, args.reason)
        hint = f"now say what runs: modeltui assign {use_case.name} KEY"
        return given.done(out, options, event, f"Use case {use_case.name} is added; {hint}")


def _edit(args: argparse.Namespace, options: Options, out: Output) -> int:
    from store.records import UseCase
    from store.validation import check

    with open_catalog(options) as catalog:
        old = catalog.use_case(args.name)
        values = _given(args, catalog)
        if not values:
            raise UsageError("nothing to change was given; see: modeltui use-case edit --help")
        checked = check(UseCase, {"uid": old.uid, "name": old.name, **values})
        edited = replace(old, **{name: getattr(checked, name) for name in values})
        event = catalog.edit_use_case(edited, old, args.reason)
        return given.done(out, options, event, f"Use case {old.name} is changed: {', '.join(values)}")


def _given(args: argparse.Namespace, catalog: Catalog) -> dict[str, Any]:
    from store.commands.versions import nearest
    from store.records import UseCase

    values = {f.name: getattr(args, f.name) for f in fields(UseCase) if hasattr(args, f.name) and f.name != "name"}
    wanted = values.get("headline", "")
    measured = {m.metric for m in catalog.measurements.records()} if wanted and wanted not in catalog.metrics else set()
    if wanted and wanted not in catalog.metrics and wanted not in measured:
        near = nearest(wanted, catalog.metrics)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; measure it first"
        raise UsageError(f"there is no metric '{wanted}'{hint}")
    return values


def _name_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="the use case")


def _remove_arguments(parser: argparse.ArgumentParser) -> None:
    _name_arguments(parser)
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, kept in the history")


def _remove(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        runs = len(catalog.runs_in(args.name))
        event = catalog.remove_use_case(args.name, args.reason)
        gone = f" with {runs} assignment{'s' if runs != 1 else ''}" if runs else ""
        return given.done(out, options, event, f"Use case {args.name} is removed{gone}; modeltui undo brings it back")


def _list_arguments(_parser: argparse.ArgumentParser) -> None:
    """None of its own."""


def _list(_args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options, writes=False) as catalog:
        found = sorted(catalog.use_cases.records(), key=lambda u: u.name)
        if options.json:
            out.json({"use_cases": [shapes.use_case(u, catalog.runs_in(u.name)) for u in found]})
        elif not found:
            out.line("No use cases yet; add one with: modeltui use-case add NAME --owner WHO")
        else:
            titles = ("use case", "runs", "owner", "title", "criticality")
            out.table(titles, [_row(u, catalog) for u in found], least={1: 30, 3: 12})
    return DONE


def _row(use_case: UseCase, catalog: Catalog) -> list[Cell]:
    runs = [a for a in catalog.runs_in(use_case.name) if a.in_use]
    shown = joined([[stage(a.stage, a.share), Styled(f" {a.version}")] for a in runs], ", ") or MISSING
    return [
        use_case.name,
        shown,
        use_case.owner or Styled("no owner", "warn"),
        use_case.title or MISSING,
        use_case.criticality or MISSING,
    ]


def _show(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options, writes=False) as catalog:
        use_case = catalog.use_case(args.name)
        runs = catalog.runs_in(args.name)
        shape = shapes.use_case(use_case, runs)
        if options.json:
            out.json({"use_cases": [shape]})
            return DONE
        out.line(Styled(use_case.name, "strong"), f"  {use_case.title}" if use_case.title else "")
        skipped = ("name", "title", "assignments", "decisions", "freeze")
        out.table(("", ""), [(k.replace("_", " "), _shown(v)) for k, v in shape.items() if k not in skipped])
        for start, end in use_case.freeze:
            out.line(f"No changes from {start} to {end}.")
        for decision in use_case.decisions:
            until = f" until {decision.until}" if decision.until else ""
            out.line(f"Decided on {decision.at[:10]}: {decision.kind.replace('_', ' ')}{until} – {decision.note}")
        if runs:
            out.line()
            titles = ("version", "stage", "deployment", "since")
            out.table(titles, [(a.version, stage(a.stage, a.share), a.deployment, str(a.since or "—")) for a in runs])
    return DONE


def _shown(known: Any) -> Cell:
    if known is None or known == []:
        return MISSING
    if isinstance(known, bool):
        return "yes" if known else "no"
    if isinstance(known, float):
        return number(known)
    return ", ".join(map(str, known)) if isinstance(known, list) else str(known)


COMMANDS: Mapping[str, Command] = {
    "use-case add": Command(_add_arguments, _add),
    "use-case edit": Command(_add_arguments, _edit),
    "use-case list": Command(_list_arguments, _list),
    "use-case show": Command(_name_arguments, _show),
    "use-case remove": Command(_remove_arguments, _remove),
}
