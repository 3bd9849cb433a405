"""`check`: what in use is stopped, late, unknown or stale; for cron and pipelines, by its exit code."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from store.review.freshness import dates_age, price_age
from tui import exits
from tui.commands import Command
from tui.commands.read import found_rows, level_of
from tui.session import Options, open_catalog
from tui.text import Style, Styled

if TYPE_CHECKING:
    from datetime import date

    from store.search import Row
    from tui.output import Output

UNKNOWN = ("unknown_model", "no_date", "lapsed")
STALE = ("stale_dates", "stale_prices", "stale_evidence")
_STYLES: Mapping[str, Style] = {"error": "bad", "warning": "warn", "note": "dim"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of a check. `level` is error, warning or note."""

    rule: str
    level: str
    use_case: str | None
    key: str | None
    message: str

    @property
    def code(self) -> int:
        """The exit code that it asks for; a note asks for none."""
        if self.rule in UNKNOWN or self.rule in STALE:
            return exits.STALE
        return exits.DONE if self.level == "note" else exits.FINDING


def _span(text: str) -> int:
    match = re.fullmatch(r"(\d{1,5})\s*([dwm]?)", text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(f"'{text}' is no span of time; write 90d, 12w or 3m")
    return int(match[1]) * {"": 1, "d": 1, "w": 7, "m": 30}[match[2]]


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("query", nargs="*", metavar="QUERY", help="only rows in use that match, as in list")
    parser.add_argument("--within", type=_span, metavar="N", help="also what retires within 90d, 12w, 3m")
    parser.add_argument("--max-age", type=_span, metavar="N", help="also dates and prices older than this")
    parser.add_argument("--format", choices=("text", "json", "github"), default="text", help="of the answer")


def _check(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options, writes=False) as catalog:
        rows, index = found_rows(catalog, " ".join(args.query))
        faults = [fault for row in rows for fault in _about(row, index.findings(row), args, catalog.today)]
    faults = list(dict.fromkeys(faults))
    code = exits.worst(fault.code for fault in faults)
    if options.json or args.format == "json":
        findings = [
            {name: getattr(f, name) for name in ("rule", "level", "use_case", "key", "message")} for f in faults
        ]
        out.json({"findings": findings, "checked": len(rows), "verdict": _verdict(code)})
    elif args.format == "github":
        for f in faults:
            title = f"{f.rule.replace('_', ' ')}: {f.use_case or f.key}"
            kind = {"note": "notice"}.get(f.level, f.level)
            out.line(f"::{kind} title={_property(title)}::{_data(f'{f.key}: {f.message}')}")
    elif not faults:
        out.line(f"{len(rows)} in use, nothing to say.")
    else:
        for f in faults:
            head = Styled(f"{f.level}  {f.rule.replace('_', ' ')}  ", _STYLES[f.level])
            out.line(head, Styled(f"{f.use_case}  ", "strong"), f"{f.key}  {f.message}")
    return code


def _about(row: Row, findings: Any, args: argparse.Namespace, today: date) -> Iterator[Fault]:
    """What the app finds about a row, then what was asked for besides."""
    for found in findings:
        yield Fault(found.kind, level_of(found), found.use_case or row.use_case, found.key or row.key, found.why)
    status, version = row.status, row.record
    if status is None or version is None or status.lifecycle.status == "retired":
        return
    plan_for = status.ledger.risk
    if args.within is not None and plan_for is not None and plan_for.value <= today + timedelta(days=args.within):
        in_days = (plan_for.value - today).days
        yield Fault("retires", "error", row.use_case, row.key, f"retires on {plan_for.value}, in {in_days} days")
    if args.max_age is not None:
        for rule, age in (
            ("stale_dates", dates_age(status.ledger, today)),
            ("stale_prices", price_age(version, today)),
        ):
            if age is not None and age > args.max_age:
                what = rule.partition("_")[2]
                yield Fault(rule, "warning", row.use_case, row.key, f"its {what} were confirmed {age} days ago")


def _verdict(code: int) -> str:
    return {exits.DONE: "PASS", exits.FINDING: "FAIL"}.get(code, "STALE")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


COMMANDS: Mapping[str, Command] = {"check": Command(_arguments, _check)}
