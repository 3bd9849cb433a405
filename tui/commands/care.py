"""`doctor`, `backup`, `restore`, `help`: looking after the catalog's file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.commands import Command
from tui.exits import DONE, FINDING, UsageError
from tui.figures import clean
from tui.session import Options, open_catalog
from tui.text import Styled

if TYPE_CHECKING:
    from store.backup import Contents
    from store.checkup import Fault
    from tui.output import Output


# ── doctor ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _doctor_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--repair", action="store_true", help="recover what is readable; move the rest aside")
    what.add_argument("--compact", action="store_true", help="fold the journal of edits into the file")


def _doctor(args: argparse.Namespace, options: Options, out: Output) -> int:
    from store import checkup, repair

    path = options.store_path
    if not options.demo:
        repair.refuse_missing(path)
    if args.compact:
        return _compact(options, out)
    report = repair.salvage(path, datetime.now(UTC)) if args.repair and not options.demo else None
    if report is None and not options.demo:
        report = repair.examine(path)
    damage = [] if report is None or report.healthy else report.findings
    found = [checkup.Fault("damaged", "", sentence) for sentence in damage]
    documents: dict[str, int] = {} if report is None else report.documents
    moved: list[Fault] = []
    if not damage or args.repair:
        with open_catalog(options, writes=args.repair) as catalog:
            documents = checkup.documents(catalog)
            wrong = list(checkup.faults(catalog))
            moved = [fault for fault in wrong if fault.doc_id] if args.repair else []
            if moved:
                catalog.backup("before-repair")
                catalog.set_aside(moved)
                wrong = list(checkup.faults(catalog))
            found += wrong
    open_ = [f for f in found if f.rule != "quarantine" and not (args.repair and f.rule == "damaged")]
    kept = None if report is None or report.kept is None else str(report.kept)
    if options.json:
        answer = {"healthy": not open_ and not damage, "file": str(path), "documents": documents}
        aside = {"repaired": args.repair and bool(damage or moved), "kept": kept, "set_aside": len(moved)}
        out.json({**answer, "findings": [_shape(fault) for fault in found], **aside})
    else:
        _say(out, found, moved)
        if damage:
            out.line(f"Repaired; the files as they were lie in {kept}." if kept else "Repair it with: doctor --repair")
        elif not open_:
            total = sum(documents.values())
            out.line(f"All is well: {total:,} documents can be read, and every name in them leads somewhere.")
    return FINDING if open_ else DONE


def _shape(fault: Fault) -> dict[str, Any]:
    shape = {"rule": fault.rule, "key": fault.key or None, "message": fault.message}
    return shape | ({"document": fault.document} if fault.document else {})


def _say(out: Output, found: Sequence[Fault], moved: Sequence[Fault]) -> None:
    """The findings, then what was moved aside and how to read it."""
    for fault in found:
        if moved and fault.rule == "quarantine":
            continue
        out.line(Styled(f"{fault.rule.replace('_', ' ')}  ", "warn"), fault.message)
    for fault in moved:
        out.line(Styled("moved aside  ", "warn"), fault.message)
    if moved:
        many = "s were" if len(moved) > 1 else " was"
        out.line(f"{len(moved):,} document{many} moved to quarantine; nothing was lost.")
    if any(fault.rule == "quarantine" for fault in found):
        out.remark("What stands in quarantine is shown whole by: modeltui doctor --json")
    if any(fault.rule.startswith("unknown_") for fault in found):
        out.remark("What leads nowhere is left as it is: register what is missing, or remove what names it.")


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
    from store import backup, repair

    if not args.list:
        if not options.demo:
            repair.refuse_missing(options.store_path)
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
    parser.add_argument("--yes", action="store_true", help="do not ask: what is in the catalog now is replaced")


def _restore(args: argparse.Namespace, options: Options, out: Output) -> int:
    from store import backup, repair

    if options.demo:
        raise UsageError("the demo has no backups; leave --demo out")
    named = [b.path for b in backup.list_backups(options.store_path) if b.path.name.startswith(args.backup)]
    chosen = Path(args.backup) if Path(args.backup).is_file() else named[0] if len(named) == 1 else None
    if chosen is None and named:
        raise UsageError(f"'{args.backup}' begins the names of {len(named)} backups; see: modeltui backup --list")
    if chosen is None:
        raise UsageError(f"there is no backup '{args.backup}'; see: modeltui backup --list")
    if not args.yes and not _agreed(options.store_path, chosen):
        out.line("Nothing was changed.")
        return DONE
    kept = repair.restore(options.store_path, chosen, datetime.now(UTC))
    if options.json:
        out.json({"restored": str(chosen), "kept": str(kept)})
    else:
        out.line(f"{chosen.name} is in place; what was there before is {kept}")
    return DONE


def _agreed(catalog: Path, chosen: Path) -> bool:
    """Say what would be replaced by what, and ask."""
    from store import backup, repair

    offered, there = backup.contents(*backup.read(chosen)), repair.present(catalog)
    lines = [f"this replaces {catalog}: {_held(there)}", f"by {chosen}: {_held(offered)}"]
    if there is not None and there.catalog_id != offered.catalog_id:
        lines.append("which is another catalog, whose history takes the place of this one")
    if not sys.stdin.isatty():
        raise UsageError("\n".join([*lines, "nobody is there to ask; say --yes to do it"]))
    for line in [*lines, "What is there now is kept."]:
        sys.stderr.write(f"{clean(line)}\n")
    sys.stderr.write("Replace it? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in ("y", "yes")


def _held(there: Contents | None) -> str:
    if there is None:
        return "nothing that can be read"
    last = f"last edit {there.last_at[:16].replace('T', ' ')} UTC by {there.last_by}"
    cases = f"{there.use_cases:,} use case{'' if there.use_cases == 1 else 's'}"
    return f"{there.versions:,} versions, {cases}, {last if there.last_at else 'no edit yet'}"


COMMANDS: Mapping[str, Command] = {
    "doctor": Command(_doctor_arguments, _doctor),
    "backup": Command(_backup_arguments, _backup),
    "restore": Command(_restore_arguments, _restore),
}
