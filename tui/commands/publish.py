"""`publish`: what we say runs goes into the registry that a team shares; the plan first."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from tui import remote
from tui.commands import Command, sync_answers
from tui.exits import BAD_INPUT, DONE, FINDING, STORE, UsageError
from tui.session import Options, open_catalog
from tui.text import Styled

if TYPE_CHECKING:
    from store.outgoing import Write, Writes
    from store.publish import Result
    from tui.output import Output


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="REGISTRY", help="where to: one of kind mlflow, dvc or folder")
    parser.add_argument("--dry-run", action="store_true", help="say what would be written, and write nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask; needed with --json and without a terminal")
    parser.add_argument("--push", action="store_true", help="git: send the tags to origin as well")
    parser.add_argument("--ours", action="store_true", help="in conflicts, write ours over what was changed there")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, kept in the history (git: in the tags too)")


def _publish(args: argparse.Namespace, options: Options, out: Output) -> int:
    import asyncio

    from store import publish
    from store.registries.errors import RemoteError

    with open_catalog(options, writes=not args.dry_run) as catalog:
        registry = catalog.registry(args.name)
        how = remote.connect(options, catalog)
        try:
            wanted = asyncio.run(publish.plan(catalog, registry, how, take_ours=args.ours, push=args.push))
        except RemoteError as error:
            raise UsageError(str(error)) from error
        if not options.json:
            say(out, wanted)
        todo = [w for w in wanted.writes if not w.conflict]
        go = bool(todo) and not args.dry_run and (args.yes or (not options.json and _agreed()))
        done = None
        if go or (not todo and not args.dry_run):
            done = asyncio.run(
                publish.carry_out(catalog, registry, how, wanted, push=args.push, take_ours=args.ours, why=args.reason)
            )
    if options.json:
        out.json(shape(args.name, wanted, done))
    elif todo and done is None:
        out.line("Nothing was written.")
    elif done is not None and todo:
        for line in ended(args.name, done):
            out.line(line)
    if done is not None and done.error:
        return BAD_INPUT if done.kind in ("settings", "secret") else STORE
    return FINDING if any(w.conflict for w in wanted.writes) and not args.dry_run else DONE


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to ask; look at the plan with --dry-run, and publish with --yes")
    sys.stderr.write("Write this? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in ("y", "yes")


def line(one: Write) -> str:
    """One write as a person reads it."""
    named = one.after if isinstance(one.before, dict) and isinstance(one.after, dict) else {}
    parts = [(n, one.before[n], after) for n, after in named.items()] or [(one.field, one.before, one.after)]
    said = [f"{name}: {sync_answers.short(before)} → {sync_answers.short(after)}" for name, before, after in parts]
    return f"{one.subject}  {'; '.join(said)}"


def say(out: Output, wanted: Writes) -> None:
    """What would be written, and what is in conflict."""
    for one in wanted.writes:
        if one.conflict:
            out.line(Styled("  ! ", "warn"), f"{line(one)}  (changed there since the last sync; --ours writes it)")
        else:
            out.line(Styled("  > ", "good"), line(one))
    for note in wanted.notes:
        out.line(Styled("  ! ", "warn"), note)
    if not wanted.writes:
        out.line("Nothing to publish: it stands there as it is here.")


def effect(wanted: Writes) -> list[str]:
    """What would be written, is left alone, and has to be known before, a line each."""
    todo = [f"> {line(one)}" for one in wanted.writes if not one.conflict]
    left = [f"! {line(one)}: changed there, left alone" for one in wanted.writes if one.conflict]
    return [*todo, *left, *(f"! {note}" for note in wanted.notes)]


def ended(name: str, done: Result) -> list[str]:
    """How it went."""
    said = f"Wrote {len(done.written)} to {name}"
    if done.error:
        return [
            f"{said}, then stopped: {done.error}.",
            f"Still to do: {len(done.left)}. What was written stays; modeltui publish {name} goes on from there.",
        ]
    if done.differs:
        return [
            f"{said}, but reading back shows {len(done.differs)} that differ:",
            *(f"  {line(w)}" for w in done.differs),
        ]
    return [f"{said}; read back, it stands there as it is here."]


def shape(name: str, wanted: Writes, done: Result | None) -> dict[str, Any]:
    """The answer of `publish --json`."""

    def rows(writes: list[Write]) -> list[dict[str, Any]]:
        return [
            {
                "subject": w.subject,
                "field": w.field,
                "before": sync_answers.plain(w.before),
                "after": sync_answers.plain(w.after),
                "conflict": w.conflict,
            }
            for w in writes
        ]

    return {
        "name": name,
        "plan": rows(wanted.writes),
        "notes": list(wanted.notes),
        "written": rows(done.written) if done is not None else [],
        "left": rows(done.left) if done is not None else [],
        "differs": rows(done.differs) if done is not None else [],
        "error": (done.error or None) if done is not None else None,
    }


COMMANDS = {"publish": Command(_arguments, _publish)}
