"""`digest`: what happened since a day, as Markdown or JSON."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from tui.commands import Command, shapes
from tui.exits import DONE
from tui.figures import clean
from tui.session import Options, day, open_catalog

if TYPE_CHECKING:
    from store.review.digest import Digest
    from tui.output import Output

USUAL = 7
"""Days back without --since."""
_QUIET = ("load the shipped reference",)


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", type=day, metavar="DATE", help=f"the day that you saw last ({USUAL} days ago)")


def _digest(args: argparse.Namespace, options: Options, out: Output) -> int:
    from store.review.digest import digest

    with open_catalog(options, writes=False) as catalog:
        since = args.since or catalog.today - timedelta(days=USUAL)
        found = digest(catalog.snapshot(), catalog.events(), catalog.today, since)
    if options.json:
        out.json(_shape(found))
    else:
        out.text("\n".join(_lines(found)))
    return DONE


def _lines(found: Digest) -> Iterator[str]:
    yield f"# {found.since} to {found.today}\n"
    sections = {
        "Needs a decision": [
            f"{'**new** ' if (f.kind, f.subject) in found.fresh else ''}{f.kind.replace('_', ' ')}: "
            f"{' · '.join(filter(None, (f.use_case, f.key)))}: {f.why} {f.action}"
            for f in found.findings
        ],
        "Moved": [f"{m.key}: {m.field} {_said(m.before)} → {_said(m.after)} ({m.source})" for m in found.moved],
        "Released": [f"{released}: {key}" for released, key in found.released],
        "Due": [f"{d.day}: {d.summary}" for d in found.due],
        "Done": [
            f"{e.at[:10]} {e.actor}: {e.command}" + (f" – {e.why}" if e.why else "")
            for e in found.events
            if e.command not in _QUIET
        ],
    }
    for title, lines in sections.items():
        if lines:
            yield f"## {title}\n"
            yield from (f"- {clean(line)}" for line in lines)
            yield ""
    if not any(sections.values()):
        yield "Nothing happened, and nothing waits."


def _said(value: Any) -> str:
    return "unknown" if value is None else str(value)


def _shape(found: Digest) -> dict[str, Any]:
    return {
        "since": found.since,
        "today": found.today,
        "findings": [
            {
                "rule": f.kind,
                "use_case": shapes.known(f.use_case),
                "key": shapes.known(f.key),
                "message": f.why,
                "action": f.action,
                "new": (f.kind, f.subject) in found.fresh,
            }
            for f in found.findings
        ],
        "moved": [
            {
                "key": m.key,
                "field": m.field,
                "before": m.before.isoformat() if isinstance(m.before, date) else m.before,
                "after": m.after.isoformat() if isinstance(m.after, date) else m.after,
                "source": shapes.known(m.source),
            }
            for m in found.moved
        ],
        "released": [{"day": released, "key": key} for released, key in found.released],
        "due": [{"day": d.day, "kind": d.kind, "use_case": d.use_case, "summary": d.summary} for d in found.due],
        "done": [
            {"at": e.at, "actor": shapes.known(e.actor), "command": e.command, "why": shapes.known(e.why)}
            for e in found.events
        ],
    }


COMMANDS: Mapping[str, Command] = {"digest": Command(_arguments, _digest)}
