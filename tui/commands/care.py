"""`doctor`, `backup`, `restore`, `help`: looking after the catalog's file."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.commands import Command
from tui.exits import DONE, FINDING, UsageError
from tui.session import Options, open_catalog
from tui.text import Styled

if TYPE_CHECKING:
    from tui.output import Output


# ── doctor ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _doctor_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--repair", action="store_true", help="recover what is readable; move the rest aside")
    what.add_argument("--compact", action="store_true", help="fold the journal of edits into the file")


def _doctor(args: argparse.Namespace, options: Options, out: Output) -> int:
    from store import backup, checkup

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
    aside = 0
    if not damage or args.repair:
        with open_catalog(options, writes=args.repair) as catalog:
            documents = checkup.documents(catalog)
            wrong = list(checkup.faults(catalog))
            aside = sum(1 for fault in wrong if fault.doc_id) if args.repair else 0
            if aside:
                catalog.backup("before-repair")
                catalog.set_aside(wrong)
                wrong = list(checkup.faults(catalog))
            findings += [{"rule": f.rule, "key": f.key, "message": f.message} for f in wrong]
    kept = None if report is None or report.kept is None else str(report.kept)
    if options.json:
        answer = {"healthy": not findings, "file": str(path), "documents": documents, "findings": findings}
        out.json({**answer, "repaired": args.repair and bool(damage or aside), "kept": kept, "set_aside": aside})
    else:
        for finding in findings:
            out.line(Styled(f"{finding['rule'].replace('_', ' ')}  ", "warn"), finding["message"])
        if aside:
            out.line(f"{aside:,} document{'s were' if aside > 1 else ' was'} moved to quarantine; nothing was lost.")
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


COMMANDS: Mapping[str, Command] = {
    "doctor": Command(_doctor_arguments, _doctor),
    "backup": Command(_backup_arguments, _backup),
    "restore": Command(_restore_arguments, _restore),
}
