"""`history`: who changed what, when and why; with `--at`, what was in Production on that day."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from store.changes import said
from tui.commands import Command, given, shapes
from tui.exits import DONE
from tui.session import Options, day, open_catalog
from tui.text import MISSING, Cell, Styled, stage

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.records import Event
    from store.review.rollback import Stint
    from tui.output import Output


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("subject", nargs="?", default="", metavar="KEY|U", help="a version or a use case (everything)")
    parser.add_argument("--at", type=day, metavar="DATE", help="up to a day, and what was in Production on it")
    parser.add_argument("--limit", type=given.whole, metavar="N", help="only the newest N events")
    parser.add_argument("--full", action="store_true", help="every changed field, before and after")


def _history(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options, writes=False) as catalog:
        events = catalog.history(args.subject, args.at)
        if args.subject and not events:
            _must_be_known(catalog, args.subject)
        running = _in_production(catalog, args.subject, args.at) if args.at else {}
        shown = events[-args.limit :] if args.limit else events
        if options.json:
            out.json(_shape(shown, running, args.at))
            return DONE
        for use_case, stints in running.items():
            _say_running(out, use_case, stints, args.at)
        if not shown:
            out.line("Nothing was changed here yet.")
        for event in shown:
            _say(out, event, full=args.full)
        if catalog.unread:
            count = len(catalog.unread)
            out.remark(f"{count} event{'s' if count > 1 else ''} cannot be read; modeltui doctor says which and why")
    return DONE


def _must_be_known(catalog: Catalog, subject: str) -> None:
    """A name with events needs no record: it may have been deleted since."""
    if "/" in subject:
        catalog.version(subject)
    else:
        catalog.use_case(subject)


def _in_production(catalog: Catalog, subject: str, at: date) -> dict[str, list[Stint]]:
    from store.review.rollback import in_stage_on

    events = catalog.events()
    assignments = list(catalog.assignments.records())
    if subject in catalog.use_cases:
        names = [subject]
    else:
        recorded = (
            c.before or c.after for e in events for c in e.changes if c.table == "assignments" and c.field == "*"
        )
        names = sorted({str(doc.get("use_case")) for doc in recorded if isinstance(doc, dict)} | set(catalog.use_cases))
    found = {name: in_stage_on(name, events, at, assignments=assignments) for name in names}
    if "/" in subject:
        found = {name: [s for s in stints if s.version == subject] for name, stints in found.items()}
    return {name: stints for name, stints in found.items() if stints or name == subject}


def _shape(events: list[Event], running: dict[str, list[Stint]], at: date | None) -> dict[str, Any]:
    shape: dict[str, Any] = {"events": [shapes.event(e) for e in events]}
    if at is not None:
        shape["at"] = at
        shape["in_production"] = [
            {
                "use_case": use_case,
                "version": s.version,
                "deployment": s.deployment,
                "share": s.share,
                "since": s.since,
                "until": s.until,
                "by": shapes.known(s.by),
                "why": shapes.known(s.why),
            }
            for use_case, stints in running.items()
            for s in stints
        ]
    return shape


def _say_running(out: Output, use_case: str, stints: list[Stint], at: date) -> None:
    if not stints:
        out.line(f"{use_case}: nothing was in Production on {at}.")
    for s in stints:
        by = f", by {s.by}" if s.by else ""
        why = f" – {s.why}" if s.why else ""
        out.line(
            f"{use_case} on {at}: ", stage(s.stage, s.share), " ", Styled(s.version, "strong"),
            f" on {s.deployment}, since {s.since}{by}{why}",
        )  # fmt: skip


def _say(out: Output, event: Event, *, full: bool) -> None:
    when = event.at[:16].replace("T", " ")
    line: list[Cell] = [Styled(when, "dim"), "  ", event.actor or MISSING, "  ", Styled(event.command, "strong")]
    if event.why:
        line.append(f" – {event.why}")
    if event.undo_of and not event.changes:
        line.append(" – nothing of it could be taken back")
    out.line(*line)
    if full:
        for change in event.changes:
            before, after = _short(change.before), _short(change.after)
            what = "added" if change.field == "*" and change.before is None else "deleted"
            moved = what if change.field == "*" else f"{change.field}: {before} → {after}"
            out.line(Styled(f"    {change.table} {change.key}  ", "dim"), moved)


def _short(value: Any) -> str:
    text = "—" if value is None else said(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


COMMANDS: Mapping[str, Command] = {"history": Command(_arguments, _history)}
