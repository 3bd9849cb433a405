"""`scan PATH…`: where code and configuration name a model of the catalog."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from store.review.lifecycle import lifecycle
from store.review.status import version_status
from tui.commands import Command, shapes
from tui.exits import DONE, FINDING, UsageError
from tui.session import Options, open_catalog
from tui.text import Cell, Style, Styled

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.scan import Known, Scan
    from tui.output import Output

RETIRING_DAYS = 180
"""A version that ends within so many days is retiring, as the policy of a runway has it."""
_STYLES: Mapping[str, Style] = {"retired": "bad", "retiring": "warn", "alive": "good", "unknown": "dim"}


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH", type=Path, help="files or directories")
    parser.add_argument("--fail-on", choices=("retiring", "retired"), help="exit 1 where something named is that")
    parser.add_argument("--upgrade", default="", metavar="U", help="keep the result as evidence of an upgrade")


def _run(args: argparse.Namespace, options: Options, out: Output) -> int:
    from store.scan import ScanError, names, scan

    with open_catalog(options, writes=bool(args.upgrade)) as catalog:
        upgrade = catalog.upgrade(args.upgrade) if args.upgrade else None
        known = names(catalog.versions.values(), catalog.deployments.values())
        try:
            found = scan(args.paths, known)
        except ScanError as error:
            raise UsageError(str(error)) from error
        ends = {known: ends_of(catalog, known) for known in {hit.known for hit in found.hits}}
        item, attached = "", False
        if upgrade is not None:
            event, item = catalog.attach_scan(upgrade.uid, found)
            attached = event is not None
        failing = ("retired", "retiring") if args.fail_on == "retiring" else (args.fail_on,)
        if options.json:
            out.json(_shape(found, ends, item))
        else:
            _say(out, found, ends)
            if attached and upgrade is not None:
                out.line(f"Kept as evidence of {item} of {upgrade.use_case}: look at it, then tick or step it.")
            elif upgrade is not None:
                out.line(f"The checklist of {upgrade.use_case} has no item that a scan is evidence for.")
        return FINDING if any(end in failing for end in ends.values()) else DONE


def ends_of(catalog: Catalog, known: Known) -> str:
    """retired, retiring, alive or unknown on the day; of several meanings retired only where all are."""
    words = [_end(catalog, key) for key in _meant(catalog, known)]
    if not words:
        return "unknown"
    if all(word == "retired" for word in words):
        return "retired"
    if any(word in ("retired", "retiring") for word in words):
        return "retiring"
    return "unknown" if "unknown" in words else "alive"


def _meant(catalog: Catalog, known: Known) -> list[str]:
    """The versions behind a literal: for an alias what it leads to, for a deployment what runs on it."""
    if known.kind == "deployment":
        return [a.version for a in catalog.assignments.records() if a.deployment == known.deployment and a.in_use]
    if known.kind == "version":
        return list(known.keys)
    own = [key for key in known.keys if "@" not in key]
    return own or list(known.keys)


def _end(catalog: Catalog, key: str) -> str:
    version = catalog.versions.get(key)
    if version is None:
        return "unknown"
    known = version_status(version, catalog.today)
    stage = lifecycle(version, catalog.today, dates=known.ledger).status
    ends = known.ledger.risk
    if stage == "retired":
        return "retired"
    if stage in ("deprecated", "legacy") or (ends is not None and (ends.value - catalog.today).days <= RETIRING_DAYS):
        return "retiring"
    return "unknown" if stage == "unknown" else "alive"


def _shape(found: Scan, ends: Mapping[Known, str], item: str) -> shapes.Shape:
    return {
        "paths": list(found.paths),
        "files": found.files,
        "skipped": dict(found.skipped),
        "cut": shapes.known(found.cut),
        "hash": found.hash,
        "attached_to": shapes.known(item),
        "places": [
            {
                "file": hit.path,
                "line": hit.line,
                "literal": hit.literal,
                "kind": hit.known.kind,
                "versions": list(hit.known.keys),
                "deployment": shapes.known(hit.known.deployment),
                "status": ends[hit.known],
            }
            for hit in found.hits
        ],
    }


def _say(out: Output, found: Scan, ends: Mapping[Known, str]) -> None:
    rows: list[list[Cell]] = []
    for hit in found.hits:
        what = hit.known.deployment or ", ".join(hit.known.keys[:2]) + (" …" if len(hit.known.keys) > 2 else "")
        end = ends[hit.known]
        rows.append(
            [f"{hit.path}:{hit.line}", Styled(hit.literal, "key"), hit.known.kind, Styled(end, _STYLES[end]), what]
        )
    if rows:
        out.table(("place", "literal", "kind", "status", "stands for"), rows, keys=(0, 1))
    skipped = ", ".join(f"{count} {why}" for why, count in sorted(found.skipped.items()))
    count = "1 place" if len(rows) == 1 else f"{len(rows) or 'no'} places"
    out.line(f"{count} in {found.files} files" + (f"; not read: {skipped}" if skipped else "") + ".")
    if found.cut:
        out.line(Styled(found.cut, "warn"))


COMMANDS: Mapping[str, Command] = {"scan": Command(_arguments, _run)}
