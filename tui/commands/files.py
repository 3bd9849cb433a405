"""`import` and `export`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.commands import Command, evidence, given, shapes
from tui.exits import DONE, UsageError
from tui.session import Options, open_catalog
from tui.text import Styled

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.formats.parsed import Fault, Parsed
    from store.intake import IntakePlan
    from tui.output import Output

_NAMES = {
    "versions": "version",
    "use_cases": "use case",
    "deployments": "deployment",
    "assignments": "assignment",
    "measurements": "measurement",
}
SHOWN_FAULTS = 50
SHOWN_CHANGES = 40


def _import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="CSV, az … deployment list -o json, results; -")
    formats = ("csv", "azure", "jsonl", "promptfoo", "deepeval", "lm-eval", "mlflow")
    parser.add_argument("--format", choices=formats, help="of the files (by their content)")
    parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, kept in the history")
    evidence.arguments(parser)


def _import(args: argparse.Namespace, options: Options, out: Output) -> int:
    from store import intake

    contents = {} if args.of else {path: given.read_bytes(path) for path in args.files}
    with open_catalog(options) as catalog:
        read = {path: _parsed(catalog, path, content, args.format) for path, content in contents.items()}
        left: dict[str, list[str]] = {}
        for path in args.files if args.of else ():
            read[path], left[path] = evidence.parsed(catalog, path, args)
        _refuse({path: parsed.faults for path, parsed in read.items()})
        _refuse_overlap(read)
        applied: list[tuple[IntakePlan, bool]] = []
        # every file is checked before the first one is applied; each becomes an event of its own
        plans = {path: intake.plan(catalog, parsed, _origin(path)) for path, parsed in read.items()}
        for path, scores in left.items():
            plans[path].notes += [f"the score {s} is left: no metric is called so (--map '{s}=METRIC')" for s in scores]
        _refuse({path: parsed.faults for path, parsed in read.items()})
        if not options.json:
            for path, wanted in plans.items():
                _say_plan(out, path, wanted)
        go = not args.dry_run and (args.yes or options.json or _agreed(plans))
        for path, wanted in plans.items():
            fresh = intake.plan(catalog, read[path], wanted.origin) if go and len(plans) > 1 else wanted
            applied.append((fresh, go and intake.apply(catalog, fresh, args.reason) is not None))
    if options.json:
        out.json({"applied": any(done for _, done in applied), "files": [_shape(p, done) for p, done in applied]})
    else:
        _say_end(out, applied, dry_run=args.dry_run, agreed=go)
    return DONE


def _origin(path: str) -> str:
    return "import:standard input" if path == "-" else f"import:{Path(path).name}"


def _parsed(catalog: Catalog, path: str, content: bytes, format_: str | None) -> Parsed:
    if not content.strip():
        raise UsageError(f"{path} is empty; there is nothing to import")
    from store.formats.evaluations import sniff

    if format_ not in (None, "csv", "azure") or (format_ is None and sniff(content[:65536], path) is not None):
        raise UsageError(
            f"{path} holds results of a run: say of which version with --of KEY, or measure one metric of it with "
            "modeltui measure KEY METRIC --results FILE"
        )
    if (format_ or ("azure" if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{") else "csv")) == "azure":
        from store.formats.azure_cli import parse_azure

        return parse_azure(content, catalog.clock().isoformat(timespec="seconds"))
    from store.formats.tables import parse_table

    return parse_table(content, catalog.metrics, origin=_origin(path), today=catalog.today)


def _refuse(faults: Mapping[str, list[Fault]]) -> None:
    """All or nothing: with a single fault nothing is imported, and every fault is listed."""
    found = [f"{path}: {fault}" for path, listed in faults.items() for fault in sorted(listed)]
    if not found:
        return
    shown = found[:SHOWN_FAULTS]
    more = f"\n  and {len(found) - len(shown)} more" if len(found) > len(shown) else ""
    things = f"{len(found)} things are" if len(found) > 1 else "one thing is"
    raise UsageError(f"nothing was imported, {things} wrong:\n  " + "\n  ".join(shown) + more)


def _refuse_overlap(read: Mapping[str, Parsed]) -> None:
    """Two files about the same traffic: each is right by itself, and together they may exceed it."""
    owner: dict[tuple[str, str], str] = {}
    for path, parsed in read.items():
        for place in {(a.use_case, a.deployment) for a in parsed.assignments}:
            other = owner.setdefault(place, path)
            if other != path:
                raise UsageError(
                    f"nothing was imported: {other} and {path} both say what runs in {place[0]} on {place[1]}; "
                    "import them one after the other"
                )


def _agreed(plans: Mapping[str, IntakePlan]) -> bool:
    if all(plan.empty for plan in plans.values()):
        return True
    if "-" in plans or not sys.stdin.isatty():
        raise UsageError("nobody is there to ask; look at the plan with --dry-run, and import with --yes")
    sys.stderr.write("Import this? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in ("y", "yes")


def _say_plan(out: Output, path: str, wanted: IntakePlan) -> None:
    from store.intake import counts

    parts = []
    for table, (added, changed) in counts(wanted).items():
        name = _NAMES[table]
        parts += [f"{n} {name}{'s' if n > 1 else ''} {verb}" for n, verb in ((added, "new"), (changed, "changed")) if n]
    out.line(Styled(path, "strong"), f": {', '.join(parts) or 'nothing that is not here already'}")
    for change in wanted.changed[:SHOWN_CHANGES]:
        kept = "  (your own value stays)" if change.kept else ""
        out.line(f"  {change.key}  {change.field}: {_short(change.before)} → {_short(change.after)}{kept}")
    for note in wanted.notes[:SHOWN_CHANGES]:
        out.line(Styled("  ! ", "warn"), note)
    hidden = max(len(wanted.changed) - SHOWN_CHANGES, 0) + max(len(wanted.notes) - SHOWN_CHANGES, 0)
    if hidden:
        out.line(f"  and {hidden:,} more; --dry-run --json has all of them")


def _say_end(out: Output, applied: list[tuple[IntakePlan, bool]], *, dry_run: bool, agreed: bool) -> None:
    if dry_run:
        out.line("Nothing was changed: this was a dry run.")
    elif not agreed:
        out.line("Nothing was changed.")
    elif any(done for _, done in applied):
        out.line("Imported; modeltui undo takes it back.")
    for deployment in (d for plan, _ in applied for d in plan.to_assign):
        name = f"'{deployment.name}'" if " " in deployment.name else deployment.name
        out.line(f"  to be assigned: modeltui assign USE-CASE {deployment.remote_version} --deployment {name}")


def _shape(wanted: IntakePlan, done: bool) -> dict[str, Any]:
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
        "to_assign": [shapes.deployment(d) for d in wanted.to_assign],
    }


def _short(value: Any) -> str:
    text = "—" if value is None else str(value)
    return text if len(text) <= 50 else f"{text[:49]}…"


# ── export ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _export_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="where to; - for standard output")


def _export(args: argparse.Namespace, options: Options, out: Output) -> int:
    import msgspec

    with open_catalog(options, writes=False) as catalog:
        document = {"modeltui": "export", "format": 1, "catalog": catalog.identity, **_tables(catalog)}
    text = msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=1).decode() + "\n"
    if args.file == "-":
        out.text(text)
    else:
        given.write_text(args.file, text)
        rows = sum(len(found) for found in document.values() if isinstance(found, list))
        out.remark(f"{rows:,} records are in {args.file}.")
    return DONE


def _tables(catalog: Catalog) -> dict[str, Any]:
    """Every table, sorted by identity, and the events in order: the same catalog gives the same bytes."""
    from store.records import to_doc

    tables: dict[str, Any] = {}
    for records in (
        catalog.versions,
        catalog.use_cases,
        catalog.deployments,
        catalog.assignments,
        catalog.measurements,
        catalog.metrics,
        catalog.upgrades,
        catalog.registries,
    ):
        documents = (records.document(key) for key in records)
        tables[records.name] = sorted(documents, key=lambda doc: str(doc.get("uid")))
    tables["events"] = [to_doc(event) for event in catalog.events()]
    return tables


COMMANDS: Mapping[str, Command] = {
    "import": Command(_import_arguments, _import),
    "export": Command(_export_arguments, _export),
}
