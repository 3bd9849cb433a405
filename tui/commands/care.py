"""`doctor`, `backup`, `restore`, `help`: looking after the catalog's file."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.commands import Command
from tui.exits import DONE, FINDING, UsageError
from tui.session import Options, open_catalog
from tui.text import Styled

if TYPE_CHECKING:
    from store.catalog import Catalog
    from tui.output import Output


# ── doctor ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _doctor_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--repair", action="store_true", help="recover what is readable of a damaged file")
    what.add_argument("--compact", action="store_true", help="fold the journal of edits into the file")


def _doctor(args: argparse.Namespace, options: Options, out: Output) -> int:
    from store import backup

    if args.compact:
        return _compact(options, out)
    path = options.store_path
    now = datetime.now(UTC)
    report = backup.salvage(path, now) if args.repair and not options.demo else None
    if report is None and not options.demo and path.exists():
        report = backup.examine(path)
    damage = [] if report is None or report.healthy else report.findings
    findings: list[dict[str, Any]] = [{"rule": "damaged", "key": None, "message": sentence} for sentence in damage]
    documents: dict[str, int] = {} if report is None else report.documents
    if not damage or args.repair:
        with open_catalog(options, writes=False) as catalog:
            documents = _documents(catalog)
            findings += [{"rule": rule, "key": key, "message": said} for rule, key, said in _faults(catalog)]
    kept = None if report is None or report.kept is None else str(report.kept)
    if options.json:
        answer = {"healthy": not findings, "file": str(path), "documents": documents, "findings": findings}
        out.json({**answer, "repaired": args.repair and bool(damage), "kept": kept})
    else:
        for finding in findings:
            out.line(Styled(f"{finding['rule'].replace('_', ' ')}  ", "warn"), finding["message"])
        if damage:
            out.line(f"Repaired; the files as they were lie in {kept}." if kept else "Repair it with: doctor --repair")
        elif not findings:
            total = sum(documents.values())
            out.line(f"All is well: {total:,} documents can be read, and every name in them leads somewhere.")
    return FINDING if findings and not (args.repair and len(findings) == len(damage)) else DONE


def _compact(options: Options, out: Output) -> int:
    with open_catalog(options, writes=False) as catalog:
        before, after = catalog.compact()
    if options.json:
        out.json({"file": str(options.store_path), "before": before, "after": after})
    else:
        out.line(f"{options.store_path} has {after:,} bytes; with its journal it had {before:,}.")
    return DONE


def _documents(catalog: Catalog) -> dict[str, int]:
    tables = (
        catalog.versions,
        catalog.use_cases,
        catalog.deployments,
        catalog.assignments,
        catalog.measurements,
        catalog.metrics,
        catalog.upgrades,
        catalog.registries,
    )
    counted = {records.name: sum(1 for _ in records.records()) for records in tables}
    return {**counted, "events": len(catalog.events())}


def _faults(catalog: Catalog) -> Iterator[tuple[str, str, str]]:
    """Documents that cannot be read, and names that lead nowhere; asked after all documents were decoded."""
    for key, why in catalog.broken().items():
        yield "unreadable", key, f"{key} cannot be read: {why}"
    for a in catalog.assignments.records():
        if a.version not in catalog.versions:
            yield "unknown_version", a.version, f"{a.use_case} runs {a.version}, which is not in the catalog"
        if a.use_case not in catalog.use_cases:
            yield "unknown_use_case", a.use_case, f"{a.version} runs in {a.use_case}, which is not in the catalog"
        if a.deployment != "default" and a.deployment not in catalog.deployments:
            yield "unknown_deployment", a.deployment, f"{a.use_case} runs on {a.deployment}, which is not described"
    for m in catalog.measurements.records():
        if m.version not in catalog.versions:
            yield "unknown_version", m.version, f"{m.metric} was measured on {m.version}, which is not in the catalog"
        if m.use_case and m.use_case not in catalog.use_cases:
            yield "unknown_use_case", m.use_case, f"{m.metric} was measured for {m.use_case}, which is not there"
    for u in catalog.upgrades.records():
        for key in filter(None, (u.from_version, u.to_version)):
            if key not in catalog.versions:
                yield "unknown_version", key, f"the upgrade of {u.use_case} names {key}, which is not in the catalog"
        if u.use_case not in catalog.use_cases:
            yield "unknown_use_case", u.use_case, f"an upgrade is of {u.use_case}, which is not in the catalog"
    for version in catalog.versions.records():
        for key in (*version.alias_of, *version.same_as):
            if key not in catalog.versions and version.registry != "reference":
                yield "unknown_version", key, f"{version.key} names {key}, which is not in the catalog"


# ── backup and restore ────────────────────────────────────────────────────────────────────────────────────────────


def _backup_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--list", action="store_true", help="the backups there are, newest first")


def _backup(args: argparse.Namespace, options: Options, out: Output) -> int:
    from store import backup

    if not args.list:
        with open_catalog(options, writes=False) as catalog:
            taken = catalog.backup("manual")
        out.json({"backup": _backup_shape(taken)}) if options.json else out.line(f"The backup is {taken.path}")
        return DONE
    found = backup.list_backups(options.store_path)
    if options.json:
        out.json({"backups": [_backup_shape(b) for b in found]})
    elif not found:
        out.line("There is no backup yet; make one with: modeltui backup")
    else:
        rows = [(b.path.name, f"{b.taken_at:%Y-%m-%d %H:%M}", b.kind, f"{b.size:,}") for b in found]
        out.table(("backup", "taken (UTC)", "for", "bytes"), rows, right=(3,))
    return DONE


def _backup_shape(taken: Any) -> dict[str, Any]:
    return {"path": str(taken.path), "taken_at": taken.taken_at, "kind": taken.kind, "size": taken.size}


def _restore_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("backup", metavar="BACKUP", help="its file or name; modeltui backup --list shows them")
    parser.add_argument("--yes", action="store_true", help="needed: what is in the catalog now is replaced")


def _restore(args: argparse.Namespace, options: Options, out: Output) -> int:
    from store import backup

    if options.demo:
        raise UsageError("the demo has no backups; leave --demo out")
    named = [b.path for b in backup.list_backups(options.store_path) if b.path.name.startswith(args.backup)]
    chosen = Path(args.backup) if Path(args.backup).is_file() else named[0] if len(named) == 1 else None
    if chosen is None:
        raise UsageError(f"there is no backup '{args.backup}'; see: modeltui backup --list")
    if not args.yes:
        raise UsageError(f"this replaces what is in {options.store_path} by {chosen.name}; say --yes to do it")
    kept = backup.restore(options.store_path, chosen, datetime.now(UTC))
    if options.json:
        out.json({"restored": str(chosen), "kept": str(kept)})
    else:
        out.line(f"{chosen.name} is in place; what was there before is {kept}")
    return DONE


# ── help ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _help_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("topic", nargs="*", metavar="COMMAND", help="the command")


def _help(args: argparse.Namespace, _options: Options, _out: Output) -> int:
    from tui.cli import main

    return main([*args.topic, "--help"])


COMMANDS: Mapping[str, Command] = {
    "doctor": Command(_doctor_arguments, _doctor),
    "backup": Command(_backup_arguments, _backup),
    "restore": Command(_restore_arguments, _restore),
    "help": Command(_help_arguments, _help),
}
