"""Files that come in, for the app and the command line alike: reading them, and what would change, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui import settings as settings_file
from tui.exits import UsageError

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.incoming import Incoming, Reading
    from store.sync import Plan
    from tui.session import Options

SHOWN_FAULTS = 50
SHOWN_CHANGES = 40
_NAMES = {
    "versions": "version", "use_cases": "use case", "deployments": "deployment", "assignments": "assignment",
    "measurements": "measurement", "metric_definitions": "metric", "upgrades": "upgrade", "registries": "registry",
}  # fmt: skip


def mapping(texts: Iterable[str]) -> dict[str, str]:
    """Our name of a column by the file's own, of `our=their` between commas; `skip=their` passes over a column.

    Raises:
        UsageError: a part has not that form.
    """
    found: dict[str, str] = {}
    for part in (part.strip() for text in texts for part in text.split(",") if part.strip()):
        ours, equals, theirs = (piece.strip() for piece in part.partition("="))
        if not (ours and equals and theirs):
            raise UsageError(f"'{part}' maps no column; write OURS=THEIRS, as in retires='Retirement date'")
        found[theirs] = ours
    return found


def reading(options: Options, given: Mapping[str, str], form: str = "", provider: str = "") -> Reading:
    """How a file is to be read: as was said now, else as was said before and remembered in the settings."""
    from store.incoming import Reading

    return Reading(form, {**options.settings().import_map, **given}, provider)


def remember(options: Options, given: Mapping[str, str]) -> bool:
    """Keep a mapping of columns for the next file; the demo keeps nothing.

    Raises:
        UsageError: the settings cannot be written.
    """
    known = options.settings().import_map
    if given and not options.demo and any(known.get(theirs) != ours for theirs, ours in given.items()):
        settings_file.remember(options.config_path, "import_map", {**known, **given})
    return True


def planned(
    catalog: Catalog, files: Mapping[str, bytes], how: Reading, most: int | None = None, *, theirs: bool = False
) -> dict[str, tuple[Incoming, Plan]]:
    """The files, read and compared with the catalog, all or nothing; `theirs` takes the file's side in conflicts.

    Raises:
        UsageError: something is wrong in one of them; every place is listed, or `most` of them.
    """
    from store import incoming

    read = {path: incoming.read(catalog, content, _name(path), how) for path, content in files.items()}
    _refuse(read, most)
    _refuse_overlap(read)
    plans = {path: incoming.plan(catalog, file) for path, file in read.items()}
    _refuse(read, most)
    for plan in plans.values() if theirs else ():
        take_theirs(plan)
    return {path: (read[path], plans[path]) for path in files}


def take_theirs(plan: Plan) -> None:
    """The file's value in every conflict that can be settled."""
    settled = {**plan.settle, **plan.remerge}
    plan.take = {c.at for c in plan.conflicts if (c.table, c.key) in settled}


def again(catalog: Catalog, file: Incoming, *, theirs: bool = False) -> Plan:
    """The plan of a file as the catalog is now, after another file was applied.

    Raises:
        UsageError: now the two contradict each other.
    """
    from store import incoming

    plan = incoming.plan(catalog, file)
    _refuse({file.origin: file})
    if theirs:
        take_theirs(plan)
    return plan


def _name(path: str) -> str:
    return path if path == "-" else Path(path).name


def _refuse(read: Mapping[str, Incoming], most: int | None = None) -> None:
    """All or nothing: with a single fault nothing is imported, and every fault is listed, or `most` of them."""
    found = [f"{path}: {fault}" for path, file in read.items() for fault in sorted(file.faults)]
    if not found:
        return
    shown = found[:most]
    more = f"\n  and {len(found) - len(shown)} more" if len(found) > len(shown) else ""
    things = f"{len(found)} things are" if len(found) > 1 else "one thing is"
    raise UsageError(f"nothing was imported, {things} wrong:\n  " + "\n  ".join(shown) + more)


def _refuse_overlap(read: Mapping[str, Incoming]) -> None:
    """Two files about the same traffic: each is right by itself, and together they may exceed it."""
    owner: dict[tuple[str, str], str] = {}
    for path, file in read.items():
        parsed = file.parsed
        for place in {(a.use_case, a.deployment) for a in parsed.assignments} if parsed else ():
            other = owner.setdefault(place, path)
            if other != path:
                raise UsageError(
                    f"nothing was imported: {other} and {path} both say what runs in {place[0]} on {place[1]}; "
                    "import them one after the other"
                )
    if len(read) > 1 and any(file.export is not None for file in read.values()):
        raise UsageError("nothing was imported: an export of modeltui is imported by itself; name only that file")


def summary(wanted: Plan) -> str:
    """How many records of what a plan adds and changes, in one line."""
    from store.intake import counts

    parts = []
    for table, (added, changed) in counts(wanted).items():
        name = _NAMES[table]
        many = f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"
        parts += [f"{n:,} {many if n > 1 else name} {verb}" for n, verb in ((added, "new"), (changed, "changed")) if n]
    return ", ".join(parts) or "nothing that is not here already"


def changes(wanted: Plan, most: int = SHOWN_CHANGES) -> list[str]:
    """What changes field by field, a line each."""
    lines = []
    for change in wanted.changed[:most]:
        taken = change.at in wanted.take
        kept = "  (theirs is taken)" if taken else "  (your own value stays)" if change.kept else ""
        before, after = _short(change.before), _short(change.after)
        what = f"{before} → {after}" if before != after else f"{after}, now from another source too"
        lines.append(f"{change.key}  {change.field}: {what}{kept}")
    hidden = len(wanted.changed) - len(lines)
    return [*lines, *([f"and {hidden:,} more fields"] if hidden else [])]


def _short(value: Any) -> str:
    if isinstance(value, list) and value and all(isinstance(part, dict) and "value" in part for part in value):
        said: list[Any] = []  # claims and dates: what they say, each once
        for part in value:
            if part["value"] not in said:
                said.append(part["value"])
        value = ", ".join(map(str, said))
    text = "—" if value is None else str(value)
    return text if len(text) <= 50 else f"{text[:49]}…"


def mapped(how: Reading, names: Mapping[str, str], provider: str = "") -> Reading:
    """The same with more said about columns."""
    return replace(how, names={**(how.names or {}), **names}, provider=provider or how.provider)
