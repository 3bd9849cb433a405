"""`plan U`: the days back from the deadline of what a use case runs, and what stands beside them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from store.promises import promises
from store.review.collisions import Collision, collisions
from store.review.status import AssignmentStatus, running_upgrades, status
from tui.commands import Command, shapes
from tui.exits import DONE
from tui.session import Options, open_catalog
from tui.text import Cell, Styled, start_by
from tui.text import day as shown_day

if TYPE_CHECKING:
    from store.catalog import Catalog
    from tui.output import Output

_STEPS = (
    ("start by", "start_by"), ("adapt from", "adapt_from"), ("validate from", "validate_from"),
    ("validated by", "validated_by"), ("roll out from", "rollout_start"), ("cut over by", "cutover_by"),
)  # fmt: skip


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("use_case", metavar="U", help="the use case, or the id of an upgrade")


def _run(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options, writes=False) as catalog:
        name = args.use_case if args.use_case in catalog.use_cases else _use_case(catalog, args.use_case)
        records = catalog.snapshot()
        running = running_upgrades(records)
        rows = [status(a, records, catalog.today, running=running) for a in records.assignments if a.in_use]
        mine = [row for row in rows if row.assignment.use_case == name and row.assignment.stage == "Production"]
        beside = [c for c in collisions(rows) if name in c.use_cases]
        if options.json:
            out.json({"use_case": name, "today": catalog.today, "plans": [_shape(catalog, row) for row in mine],
                      "collisions": [_collision(c) for c in beside]})  # fmt: skip
        else:
            _say(out, catalog, name, mine, beside)
    return DONE


def _use_case(catalog: Catalog, name: str) -> str:
    """The use case of an upgrade; a name that is neither is answered with the nearest use cases."""
    if any(upgrade.uid.startswith(name) for upgrade in catalog.upgrades.records()):
        return catalog.upgrade(name).use_case
    return catalog.use_case(name).name


def _shape(catalog: Catalog, row: AssignmentStatus) -> shapes.Shape:
    plan, last, version = row.plan, row.deadline, row.version
    upgrade = row.upgrade
    return {
        "version": row.assignment.version,
        "deployment": row.assignment.deployment,
        "to": row.target,
        "upgrade": upgrade.uid if upgrade else None,
        "deadline": last.day if last else None,
        "certainty": last.certainty if last else None,
        "why": last.why if last else None,
        "state": plan.state if plan else None,
        "plan": shapes.plan(plan) if plan else None,
        "days": asdict(plan.durations) if plan else None,
        "rollback_left": plan.rollback_left if plan else None,
        "squeezed": None if plan is None or plan.squeezed is None else list(plan.squeezed),
        "advice": list(plan.advice) if plan else [],
        "promises": [] if version is None else promises(version, row.deployment, row.lifecycle.status, catalog.today),
    }


def _collision(c: Collision) -> shapes.Shape:
    return {"owner": c.owner, "week": c.week, "cutovers": [{"use_case": name, "day": day} for name, day in c.cutovers]}


def _say(out: Output, catalog: Catalog, name: str, rows: list[AssignmentStatus], beside: list[Collision]) -> None:
    if not rows:
        out.line(f"{name} has nothing in Production; set what runs with: modeltui assign {name} KEY")
    for row in rows:
        to = f" → {row.target}" if row.target else ""
        out.line(Styled(name, "strong"), f"  {row.assignment.version}{to}  on {row.assignment.deployment}")
        for line in _lines(catalog, row):
            out.line("  ", line)
    for collision in beside:
        moves = ", ".join(f"{other} {shown_day(day).text}" for other, day in collision.cutovers)
        week = shown_day(collision.week).text
        out.line(Styled(f"  collision  {collision.owner} is to cut over in the week of {week}: {moves}", "warn"))


def _lines(catalog: Catalog, row: AssignmentStatus) -> Iterator[Cell]:
    plan, version = row.plan, row.version
    if row.deadline is None or plan is None:
        yield Styled(row.lifecycle.reason if row.retired else "no date is known, so nothing is counted back", "warn")
    else:
        for title, step in _STEPS:
            late = start_by(plan.shown[step], plan.start_in, catalog.today, squeezed=plan.squeezed)
            yield [Styled(f"{title:<14}", "dim"), late if step == "start_by" else shown_day(plan.shown[step])]
        yield [Styled(f"{'ends':<14}", "dim"), shown_day(plan.deadline), Styled(f"  {row.deadline.why}", "dim")]
        yield plan.why
        yield from plan.advice
    if version is not None:
        yield from (
            Styled(said, "dim") for said in promises(version, row.deployment, row.lifecycle.status, catalog.today)
        )


COMMANDS: Mapping[str, Command] = {"plan": Command(_arguments, _run)}
