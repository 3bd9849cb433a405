"""`upgrade next`: what each owner has to do next, across all running upgrades."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from store.review import checks
from store.review.todo import todos
from tui.commands import Command, shapes
from tui.exits import DONE
from tui.session import Options, open_catalog
from tui.text import Cell, Styled

if TYPE_CHECKING:
    from store.review.todo import Todo
    from tui.output import Output


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--owner", default=None, metavar="NAME", help='of one owner only; "" is nobody')
    parser.add_argument("--limit", type=int, default=5, metavar="N", help="at most N items an owner (5; 0 is all)")


def _next(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options, writes=False) as catalog:
        records, today = catalog.snapshot(), catalog.today
        running = [(u, checks.inputs_now(u, records, today)) for u in records.upgrades.values()]
        found = todos(running, records.use_cases, today)
    if args.owner is not None:
        found = {name: mine for name, mine in found.items() if name.casefold() == args.owner.strip().casefold()}
    if options.json:
        out.json({"today": today, "items": [_todo(owner, todo) for owner, mine in found.items() for todo in mine]})
        return DONE
    for owner, mine in found.items():
        out.line(Styled(owner or "nobody", "strong"), Styled(f"  {len(mine)} to do", "dim"))
        shown = mine[: args.limit or None]
        rows: list[list[Cell]] = [[_when(t), Styled(t.item.id, "key"), t.upgrade.use_case, t.item.title] for t in shown]
        out.table(("", "", "", ""), rows)
        if len(mine) > len(shown):
            out.line(Styled(f"  and {len(mine) - len(shown)} more: --limit 0", "dim"))
    if not found:
        out.line("Nothing is to be done." if args.owner is None else f"Nothing is to be done by {args.owner}.")
    return DONE


def _when(todo: Todo) -> Styled:
    if todo.days is None:
        return Styled("no date", "dim")
    return (
        Styled(f"{-todo.days} d late", "bad") if todo.days < 0 else Styled(f"{todo.days} d" if todo.days else "today")
    )


def _todo(owner: str, todo: Todo) -> shapes.Shape:
    item, upgrade = todo.item, todo.upgrade
    return {
        "owner": shapes.known(owner), "use_case": upgrade.use_case, "upgrade": upgrade.uid, "id": item.id,
        "title": item.title, "phase": item.phase, "state": item.state, "due": item.due, "days": todo.days,
        "overdue": todo.overdue, "gate": item.gate,
    }  # fmt: skip


COMMANDS: Mapping[str, Command] = {"upgrade next": Command(_arguments, _next)}
