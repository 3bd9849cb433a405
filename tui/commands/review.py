"""`review`: what needs a decision, use case by use case, and the minutes of the last review."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tui import exits
from tui.commands import Command
from tui.session import Options, open_catalog
from tui.text import Style, Styled

if TYPE_CHECKING:
    from tui.output import Output


def _arguments(parser: argparse.ArgumentParser) -> None:
    from tui.session import day

    parser.add_argument("--minutes", metavar="FILE", help='write the minutes of the last review, "-" to the screen')
    parser.add_argument("--since", type=day, metavar="DATE", help="minutes of everything decided from this day on")


def _review(args: argparse.Namespace, options: Options, out: Output) -> int:
    from store.review.minutes import minutes
    from store.review.session import last_review, last_session, queue
    from tui.commands import given
    from tui.prompting import needs_decision

    with open_catalog(options, writes=False) as catalog:
        records, today = catalog.snapshot(), catalog.today
        findings = needs_decision(catalog)
        use_cases = records.use_cases
        since = args.since.isoformat() if args.since is not None else last_session(use_cases.values())
        if args.minutes is not None:
            events = [event for event in catalog.history() if event.at >= since] if since else []
            said = minutes(records, findings, events, today, since)
    if args.minutes == "-":
        out.text(said)
        return exits.DONE
    if args.minutes is not None:
        given.write_text(args.minutes, said)
        out.line(f"The minutes{f' since {since[:10]}' if since else ''} are in {args.minutes}.")
        return exits.DONE
    names = queue(findings, (), "")
    if options.json:
        shown = [
            {
                "use_case": name,
                "owner": use_cases[name].owner or None if name in use_cases else None,
                "last_review": last_review(use_cases[name]) or None if name in use_cases else None,
                "findings": [
                    {"rule": f.kind, "key": f.key or None, "why": f.why, "action": f.action, "days": f.days,
                     "other": f.other or None}
                    for f in findings if f.use_case == name
                ],
            }
            for name in names
        ]  # fmt: skip
        out.json({"reviews": shown, "last_review": since or None})
        return exits.DONE
    for name in names:
        owner = use_cases[name].owner if name in use_cases else ""
        last = last_review(use_cases[name])[:10] if name in use_cases else ""
        out.line(Styled(name, "strong"), Styled(f"  {owner or 'no owner'}  last review {last or 'never'}", "dim"))
        for finding in (f for f in findings if f.use_case == name):
            style: Style = "bad" if finding.severity <= 1 else "warn"
            out.line("  ", Styled(f"{finding.kind.replace('_', ' ')}  ", style), f"{finding.key}  {finding.why}")
            out.line(Styled(f"    → {finding.action}", "accent"))
    if not names:
        out.line("Nothing needs a decision.")
    return exits.DONE


COMMANDS: Mapping[str, Command] = {"review": Command(_arguments, _review)}
