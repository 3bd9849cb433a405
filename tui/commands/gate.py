"""`gate`: is the candidate not worse than what runs, by the policy of a use case? For pipelines, by its exit code."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from store.records import Waiver
from store.review.breakage import Risk, break_risks
from store.review.costs import BreakEven, Cost, break_even, migration_cost
from store.review.freshness import dates_age, price_age
from store.review.ledger import ledger
from store.review.verdict import VerdictRow
from tui import exits
from tui.commands import Command, shapes
from tui.commands.candidates import cost_shape
from tui.commands.compare import prepared
from tui.exits import UsageError
from tui.session import Options, open_catalog
from tui.text import Cell, Styled, money_range, plain, verdict

if TYPE_CHECKING:
    from store.catalog import Catalog
    from tui.output import Output
    from tui.screens.compare_data import Prepared


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--use-case", required=True, metavar="U", help="whose policy decides")
    parser.add_argument("--to", required=True, metavar="KEY", help="the candidate")
    parser.add_argument(
        "--from", dest="from_key", default="", metavar="KEY", help="the baseline (what is in Production)"
    )
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--md", action="store_true", help="answer as Markdown")
    kind.add_argument("--csv", action="store_true", help="answer as CSV, a line a check")


def _gate(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options, writes=False) as catalog:
        baseline = args.from_key or _in_production(catalog, args.use_case)
        for key in (baseline, args.to):
            catalog.version(key)
        if baseline == args.to:
            raise UsageError(f"{args.to} is what runs already; name another candidate with --to")
        found = prepared(catalog, [baseline, args.to], args.use_case)
        risks = _risks(found, args.to)
        if options.json:
            out.json(shape(found, args.to, risks))
        elif args.md:
            out.text(_markdown(found, args.to, risks))
        elif args.csv:
            rows = [_metric(row) for row in found.verdicts[args.to].rows]
            out.csv(_COLUMNS, ([row[name] for name in _COLUMNS] for row in rows))
        else:
            _print(out, found, args.to, risks)
    return exits.of_verdict(found.verdicts[args.to].verdict)


def _in_production(catalog: Catalog, name: str) -> str:
    catalog.use_case(name)
    runs = list(dict.fromkeys(a.version for a in catalog.runs_in(name) if a.stage == "Production"))
    if len(runs) != 1:
        what = f"{', '.join(runs)} are in Production of" if runs else "nothing is in Production of"
        raise UsageError(f"{what} {name}; say which version to start from with --from KEY")
    return runs[0]


def _risks(found: Prepared, to: str) -> tuple[Risk, ...]:
    places = [s.deployment for s in found.view.statuses.values() if s.assignment.version == found.baseline]
    place = next((place for place in places if place is not None), None)
    return break_risks(found.version(found.baseline), found.version(to), use_case=found.use_case, deployment=place)


def shape(found: Prepared, to: str, risks: tuple[Risk, ...]) -> shapes.Shape:
    """The answer of `gate --json`; amounts in the metric's own unit, `g` oriented so that negative is a loss."""
    judged, today = found.verdicts[to], found.view.today
    assert found.use_case is not None
    return {
        "verdict": judged.verdict,
        "reason": shapes.known(judged.reason),
        "promote": judged.promote,
        "use_case": found.use_case.name,
        "from": found.baseline,
        "to": to,
        "criteria_version": judged.criteria_version,
        "default_criteria": judged.defaults,
        "metrics": [_metric(row) for row in judged.rows],
        "cost": {
            "from": cost_shape(found.costs.get(found.baseline)),
            "to": cost_shape(found.costs.get(to)),
            "break_even": _break_even(_switch(found, to)),
        },
        "break_risks": [
            {"id": r.id, "title": r.title, "action": r.action, "severity": r.severity, "confidence": r.confidence,
             "source": shapes.known(r.source), "before": shapes.known(r.before), "after": shapes.known(r.after)}
            for r in risks
        ],
        "waivers": [_waiver(row.metric, row.waiver) for row in judged.rows if row.waiver is not None],
        "data_age": {
            "dates": dates_age(ledger(found.version(to), today), today),
            "prices": price_age(found.version(to), today),
        },
    }  # fmt: skip


def _metric(row: VerdictRow) -> shapes.Shape:
    return {
        "metric": shapes.known(row.metric),
        "slice": shapes.known(row.slice),
        "role": row.role,
        "check": row.check,
        "verdict": row.verdict,
        "baseline": shapes.finite(row.baseline),
        "candidate": shapes.finite(row.candidate),
        "g": shapes.finite(row.g),
        "bound": shapes.finite(row.bound),
        "high": shapes.finite(row.high),
        "margin": shapes.finite(row.margin),
        "n": row.n,
        "n_needed": row.n_needed,
        "p": shapes.finite(row.p),
        "reason": shapes.known(row.reason),
    }


_COLUMNS = ("metric", "slice", "role", "check", "verdict", "baseline", "candidate", "g", "bound", "high", "margin", "n",
            "n_needed", "p", "reason")  # fmt: skip


def _switch(found: Prepared, to: str) -> BreakEven | None:
    """When the switch has paid for itself."""
    old, new = found.costs.get(found.baseline), found.costs.get(to)
    if old is None or new is None or found.use_case is None:
        return None
    once = migration_cost(found.version(to), found.use_case, found.view.records.measurements)
    return break_even(old, new, migration=once)


def _break_even(when: BreakEven | None) -> shapes.Shape | None:
    if when is None:
        return None
    return {"switch": when.switch, "soonest": when.soonest, "latest": when.latest, "why": when.why}


def _waiver(metric: str, waiver: Waiver) -> shapes.Shape:
    return {"metric": metric, "by": waiver.by, "why": waiver.why, "until": waiver.until}


def _print(out: Output, found: Prepared, to: str, risks: tuple[Risk, ...]) -> None:
    judged = found.verdicts[to]
    out.line(verdict(judged.verdict), f"  {found.baseline} → {to}")
    out.line(f"  {judged.reason}")
    rows = [_line(row) for row in judged.rows if row.verdict != "INFO"]
    out.table(("metric", "role", "verdict", "why"), rows)
    for key in (found.baseline, to):
        cost = found.costs.get(key)
        if cost is not None:
            out.line(Styled(f"cost of {key}: ", "dim"), _spoken_cost(cost))
    when = _switch(found, to)
    if when is not None and when.switch is not None:
        out.line(Styled("break-even: ", "dim"), when.why)
    for risk in risks:
        out.line(
            Styled("breaks  " if risk.severity == "breaks" else f"{risk.severity}  ", "warn"),
            f"{risk.title}: {risk.action}",
        )


def _markdown(found: Prepared, to: str, risks: tuple[Risk, ...]) -> str:
    """The verdict with every check, costs and break risks; the same text every time."""
    from tui.why import markdown_table

    judged = found.verdicts[to]
    assert found.use_case is not None
    policy = "default criteria" if judged.defaults else f"policy version {judged.criteria_version}"
    lines = [
        f"# Gate for {found.use_case.name}: {plain(verdict(judged.verdict))}",
        "",
        f"`{found.baseline}` → `{to}` · {found.view.today} · {policy}",
        "",
        judged.reason,
        "",
        markdown_table(["check", "role", "verdict", "why"], [[plain(cell) for cell in _line(r)] for r in judged.rows]),
    ]
    for key in (found.baseline, to):
        if (cost := found.costs.get(key)) is not None:
            lines.append(f"- cost of `{key}`: {_spoken_cost(cost)}")
    when = _switch(found, to)
    if when is not None and when.switch is not None:
        lines.append(f"- break-even: {when.why}")
    lines += [f"- {r.severity}: {r.title}; {r.action} ({r.confidence}, {r.source})" for r in risks]
    return "\n".join(lines) + "\n"


def _spoken_cost(cost: Cost) -> str:
    if cost.unknown:
        return f"not known: {', '.join(cost.unknown)}"
    return money_range(cost.low, cost.high, "mo").text


def _line(row: VerdictRow) -> list[Cell]:
    name = f"{row.metric or 'policy'}{'/' + row.slice if row.slice else ''}"
    return [name, row.role.replace("_", " "), verdict(row.verdict), row.reason]


COMMANDS: Mapping[str, Command] = {"gate": Command(_arguments, _gate)}
