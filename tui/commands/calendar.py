"""`calendar`: all due days as iCalendar, for a calendar that shows or subscribes to the file."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import UTC
from typing import TYPE_CHECKING

from tui import exits
from tui.commands import Command
from tui.session import Options, open_catalog

if TYPE_CHECKING:
    from tui.output import Output


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", default="-", metavar="FILE", help="such as modeltui.ics; without it, here")


def _calendar(args: argparse.Namespace, options: Options, out: Output) -> int:
    from store.formats.icalendar import calendar
    from store.review.agenda import agenda
    from tui.commands import given

    with open_catalog(options, writes=False) as catalog:
        dues = agenda(catalog.snapshot(), catalog.today)
        stamp = catalog.clock().astimezone(UTC)
    if options.json:
        out.json({
            "due": [
                {"id": d.id, "kind": d.kind, "day": d.day, "use_case": d.use_case, "summary": d.summary} for d in dues
            ]
        })  # fmt: skip
    elif args.file == "-":
        out.text(calendar(dues, stamp))
    else:
        given.write_text(args.file, calendar(dues, stamp))
        out.line(f"{len(dues)} days are in {args.file}.")
    return exits.DONE


COMMANDS: Mapping[str, Command] = {"calendar": Command(_arguments, _calendar)}
