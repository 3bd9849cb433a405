"""`check`: what in use is stopped, late, unknown or stale; for cron and pipelines, by its exit code."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store.formats.findings import Level, Problem
from store.review.freshness import dates_age, price_age
from tui import exits
from tui.commands import Command, given
from tui.commands.read import found_rows, level_of
from tui.session import Options, day, open_catalog
from tui.text import Style, Styled

if TYPE_CHECKING:
    from datetime import date, datetime

    from store.formats.baseline import Known
    from store.search import Row
    from tui.output import Output

UNKNOWN = ("unknown_model", "no_date", "lapsed")
STALE = ("stale_dates", "stale_prices", "stale_evidence")
LEVELS: Sequence[Level] = ("error", "warning", "note")
_RAISED: Mapping[str, Level] = {"no_owner": "warning", "unmeasured": "warning"}
"""What is only a note beside the screens' findings, and what a pipeline asks about."""
_STYLES: Mapping[str, Style] = {"error": "bad", "warning": "warn", "note": "dim"}
KNOWN_FOR = 30
"""Days that --write-baseline lets findings pass."""


def span(text: str) -> int:
    """Days of a span such as 90d, 12w or 3m."""
    match = re.fullmatch(r"(\d{1,5})\s*([dwm]?)", text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(f"'{text}' is no span of time; write 90d, 12w or 3m")
    return int(match[1]) * {"": 1, "d": 1, "w": 7, "m": 30}[match[2]]


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("query", nargs="*", metavar="QUERY", help="only rows in use that match, as in list")
    parser.add_argument("--within", type=span, metavar="N", help="also what retires within 90d, 12w, 3m")
    parser.add_argument("--max-age", type=span, metavar="N", help="also dates and prices older than this")
    parser.add_argument(
        "--format", choices=("text", "json", "github", "junit", "sarif"), default="text", help="of the answer"
    )
    parser.add_argument("--output", metavar="FILE", default="-", help="where to (standard output)")
    parser.add_argument("--fail-on", choices=LEVELS, default="warning", help="the least level that fails (warning)")
    parser.add_argument("--baseline", metavar="FILE", help="findings that are known (TOML or JSON)")
    parser.add_argument("--write-baseline", metavar="FILE", help="write what is found now as known, and leave with 0")
    parser.add_argument("--until", type=day, metavar="DATE", help=f"how long it is known ({KNOWN_FOR} days)")


def _check(args: argparse.Namespace, options: Options, out: Output) -> int:
    baseline = _baseline(args.baseline)
    with open_catalog(options, writes=False) as catalog:
        rows, index = found_rows(catalog, " ".join(args.query))
        today, moment = catalog.today, catalog.clock()
        problems = [p for row in rows for p in _about(row, index.findings(row), args, today)]
    problems, unused = _marked(list(dict.fromkeys(problems)), baseline, today)
    if args.write_baseline:
        return _write_baseline(args, problems, baseline, today, out)
    code = exits.worst(_code(p, args.fail_on) for p in problems)
    if options.json or args.format == "json":
        out.json(_shape(problems, len(rows), code))
    elif args.format == "text" and args.output == "-":
        _say(out, problems, len(rows))
    else:
        text = _rendered(args.format, problems, rows, moment, options)
        out.text(text) if args.output == "-" else given.write_text(args.output, text)
    for entry in unused:
        about = " · ".join(filter(None, (entry.use_case, entry.key)))
        out.remark(f"the baseline knows '{entry.rule}' of {about or 'anything'}, which is no longer found; remove it")
    return code


def _code(problem: Problem, least: str) -> int:
    """The exit code that a finding asks for."""
    if problem.known or LEVELS.index(problem.level) > LEVELS.index(least):
        return exits.STALE if problem.rule in (*UNKNOWN, *STALE) and not problem.known else exits.DONE
    return exits.STALE if problem.rule in (*UNKNOWN, *STALE) else exits.FINDING


# ── the baseline ──────────────────────────────────────────────────────────────────────────────────────────────────


def _baseline(path: str | None) -> list[Known]:
    if path is None:
        return []
    from store.formats.baseline import BaselineFault, parse_baseline

    try:
        return parse_baseline(given.read_bytes(path))
    except BaselineFault as fault:
        raise exits.UsageError(f"the baseline {path} cannot be used: {fault}") from fault


def _marked(problems: list[Problem], baseline: Sequence[Known], today: date) -> tuple[list[Problem], list[Known]]:
    if not baseline:
        return problems, []
    from store.formats.baseline import marked

    return marked(problems, baseline, today)


def _write_baseline(
    args: argparse.Namespace, problems: Sequence[Problem], baseline: Sequence[Known], today: date, out: Output
) -> int:
    from store.formats.baseline import write_baseline

    until = args.until or today + timedelta(days=KNOWN_FOR)
    counted = [p for p in problems if p.known or _code(p, args.fail_on) != exits.DONE]
    text = write_baseline(counted, until, as_json=args.write_baseline.endswith(".json"), known=baseline)
    given.write_text(args.write_baseline, text)
    out.remark(f"{len(counted)} findings are known until {until}; they are in {args.write_baseline}")
    return exits.DONE


# ── what is found ─────────────────────────────────────────────────────────────────────────────────────────────────


def _about(row: Row, findings: Any, args: argparse.Namespace, today: date) -> Iterator[Problem]:
    """What the app finds about a row, then what was asked for besides."""
    for found in findings:
        level = _RAISED.get(found.kind, level_of(found))
        yield Problem(found.kind, level, found.use_case or row.use_case or "", found.key or row.key, found.why)
    status, version = row.status, row.record
    if status is None or version is None or status.lifecycle.status == "retired":
        return
    use_case, plan_for = row.use_case or "", status.ledger.risk
    if args.within is not None and plan_for is not None and plan_for.value <= today + timedelta(days=args.within):
        in_days = (plan_for.value - today).days
        yield Problem("retires", "error", use_case, row.key, f"retires on {plan_for.value}, in {in_days} days")
    if args.max_age is not None:
        for rule, age in (
            ("stale_dates", dates_age(status.ledger, today)),
            ("stale_prices", price_age(version, today)),
        ):
            if age is not None and age > args.max_age:
                what = rule.partition("_")[2]
                yield Problem(rule, "warning", use_case, row.key, f"its {what} were confirmed {age} days ago")


# ── saying it ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _say(out: Output, problems: Sequence[Problem], checked: int) -> None:
    shown = [p for p in problems if not p.known]
    for p in shown:
        head = Styled(f"{p.level}  {p.rule.replace('_', ' ')}  ", _STYLES[p.level])
        out.line(head, Styled(f"{p.use_case}  ", "strong"), f"{p.key}  {p.message}")
    known = len(problems) - len(shown)
    if not shown:
        out.line(f"{checked} in use, nothing to say" + (f" but {known} known." if known else "."))
    elif known:
        out.remark(f"and {known} that the baseline knows")


def _rendered(form: str, problems: Sequence[Problem], rows: Sequence[Row], moment: datetime, options: Options) -> str:
    from store.formats import findings

    if form == "github":
        return findings.github(problems)
    if form == "junit":
        subjects = [" · ".join(filter(None, (row.use_case, row.key))) for row in rows]
        return findings.junit(problems, subjects, moment)
    if form == "sarif":
        import json
        from importlib.metadata import version

        log = findings.sarif(problems, file=_in_checkout(options.store_path), version=version("modeltui"))
        return json.dumps(log, indent=2, ensure_ascii=False) + "\n"
    return "".join(f"{p.level}  {p.rule}  {p.subject}  {p.message}\n" for p in problems if not p.known)


def _in_checkout(path: Path) -> str:
    """The catalog as a pipeline sees it that runs at the top of a checkout; only its name where it lies apart."""
    try:
        return path.absolute().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.name


def _shape(problems: Sequence[Problem], checked: int, code: int) -> dict[str, Any]:
    def shape(p: Problem) -> dict[str, Any]:
        about = {"use_case": p.use_case or None, "key": p.key or None}
        return {"rule": p.rule, "level": p.level, **about, "message": p.message}

    return {
        "findings": [shape(p) for p in problems if not p.known],
        "known": [shape(p) | {"why": p.known} for p in problems if p.known],
        "checked": checked,
        "verdict": {exits.DONE: "PASS", exits.FINDING: "FAIL"}.get(code, "STALE"),
    }


COMMANDS: Mapping[str, Command] = {"check": Command(_arguments, _check)}
