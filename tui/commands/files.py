"""`import`: files in, all or nothing, with the plan first."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tui import file_plans
from tui.commands import Command, evidence, given, shapes
from tui.exits import DONE, UsageError
from tui.session import Options, open_catalog
from tui.text import Styled

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.incoming import Incoming
    from store.sync import Plan
    from tui.output import Output

_FORMATS = (
    "csv", "tsv", "markdown", "json", "jsonl", "xlsx", "azure", "records", "litellm", "modelsdev", "mlflow", "export",
    "promptfoo", "deepeval", "lm-eval",
)  # fmt: skip


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="what to bring in; - for standard input")
    parser.add_argument("--format", choices=_FORMATS, default="", help="of the files (by their content and name)")
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="OURS=THEIRS,…",
        help="names of columns; remembered; skip=THEIRS drops",
    )
    parser.add_argument("--provider", default="", metavar="P", help="whose models they are, where rows have no key")
    parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--theirs", action="store_true", help="in conflicts, give up the local value for the file's")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, kept in the history")
    evidence.arguments(parser)


def _import(args: argparse.Namespace, options: Options, out: Output) -> int:
    return _import_results(args, options, out) if args.of else _import_records(args, options, out)


def _import_results(args: argparse.Namespace, options: Options, out: Output) -> int:
    """Results of a run, as measurements of one version."""
    from store import intake

    with open_catalog(options) as catalog:
        plans = {path: evidence.plan(catalog, path, args) for path in args.files}
        if not options.json:
            for path, plan in plans.items():
                _say_plan(out, path, plan)
        go = not args.dry_run and (args.yes or options.json or _agreed(list(plans.values()), "-" in plans))
        applied: list[tuple[Plan, bool]] = [
            (plan, go and intake.apply(catalog, plan, args.reason) is not None) for plan in plans.values()
        ]
    if options.json:
        out.json({"applied": any(done for _, done in applied), "files": [_shape(p, done) for p, done in applied]})
    else:
        _say_end(out, applied, dry_run=args.dry_run, agreed=go)
    return DONE


def _import_records(args: argparse.Namespace, options: Options, out: Output) -> int:
    evidence.refuse_results(args.files, args.format)
    contents = {path: given.read_records(path) for path in args.files}
    names = file_plans.mapping(args.map)
    how = file_plans.reading(options, names, args.format, args.provider)
    with open_catalog(options) as catalog:
        # every file is checked before the first one is applied; each becomes an event of its own
        found = file_plans.planned(catalog, contents, how, theirs=args.theirs)
        if not options.json:
            for path, (_, plan) in found.items():
                _say_plan(out, path, plan)
        go = not args.dry_run and (
            args.yes or options.json or _agreed([plan for _, plan in found.values()], "-" in found)
        )
        applied = _applied(catalog, found, args) if go else [(plan, False) for _, plan in found.values()]
    if go:
        file_plans.remember(options, names)
    if options.json:
        files = [_shape(plan, done) for plan, done in applied]
        out.json({"applied": any(done for _, done in applied), "files": files})
    else:
        _say_end(out, applied, dry_run=args.dry_run, agreed=go)
    return DONE


def _applied(
    catalog: Catalog, found: Mapping[str, tuple[Incoming, Plan]], args: argparse.Namespace
) -> list[tuple[Plan, bool]]:
    from store import incoming

    applied: list[tuple[Plan, bool]] = []
    for file, plan in found.values():
        fresh = file_plans.again(catalog, file, theirs=args.theirs) if applied else plan
        done = not fresh.empty
        incoming.apply(catalog, fresh, file, args.reason)
        applied.append((fresh, done))
    return applied


def _agreed(plans: list[Plan], piped: bool) -> bool:
    if all(plan.empty for plan in plans):
        return True
    if piped or not sys.stdin.isatty():
        raise UsageError("nobody is there to ask; look at the plan with --dry-run, and import with --yes")
    sys.stderr.write("Import this? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in ("y", "yes")


def _say_plan(out: Output, path: str, wanted: Plan) -> None:
    out.line(Styled(path, "strong"), f": {file_plans.summary(wanted)}")
    for line in file_plans.changes(wanted):
        out.line(f"  {line}")
    for note in wanted.notes[: file_plans.SHOWN_CHANGES]:
        out.line(Styled("  ! ", "warn"), note)
    if len(wanted.notes) > file_plans.SHOWN_CHANGES:
        out.line(f"  and {len(wanted.notes) - file_plans.SHOWN_CHANGES:,} more notes; --dry-run --json has all of them")


def _say_end(out: Output, applied: list[tuple[Plan, bool]], *, dry_run: bool, agreed: bool) -> None:
    from store.incoming import waiting
    from store.transfer import TransferPlan

    if dry_run:
        out.line("Nothing was changed: this was a dry run.")
    elif not agreed:
        out.line("Nothing was changed.")
    elif any(done and isinstance(plan, TransferPlan) and plan.whole is not None for plan, done in applied):
        out.line("Imported: the catalog is the exported one now, with its history.")
    elif any(done for _, done in applied):
        out.line("Imported; modeltui undo takes it back.")
    for deployment in waiting(plan for plan, _ in applied):
        name = f"'{deployment.name}'" if " " in deployment.name else deployment.name
        out.line(f"  to be assigned: modeltui assign USE-CASE {deployment.remote_version} --deployment {name}")


def _shape(wanted: Plan, done: bool) -> dict[str, Any]:
    from store.incoming import waiting
    from store.intake import counts

    return {
        "file": wanted.origin.removeprefix("import:"),
        "applied": done,
        "added": {table: added for table, (added, _) in counts(wanted).items() if added},
        "changed": [
            {"table": c.table, "key": c.key, "field": c.field, "before": c.before, "after": c.after, "kept": c.kept}
            for c in wanted.changed
        ],
        "notes": wanted.notes,
        "to_assign": [shapes.deployment(d) for d in waiting([wanted])],
    }


COMMANDS: Mapping[str, Command] = {"import": Command(_arguments, _import)}
