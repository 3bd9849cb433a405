"""Records that several catalogs hold in common, in the files of a folder: merged field by field, both ways.

What both said when they last agreed is kept as a short hash for every field with the registry (`Registry.state`). So a
field that one side changed goes to the other, and only one that both changed otherwise is a conflict.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from store.catalog import Catalog
from store.engine import new_uid
from store.formats import folder
from store.formats.folder import Shared
from store.merging import FieldChange
from store.outgoing import SharedUseCase
from store.records import Assignment, Deployment, Doc, Json, Upgrade, UseCase, to_doc
from store.values import dataclass

SEEN = "seen"
"""The key in a registry's state under which the hashes stand."""


@dataclass(slots=True)
class Incoming:
    """What shared records change here: records to add, (new, old) to rewrite, fields, and what was then seen."""

    added: list[Any]
    rewritten: list[tuple[Any, Any]]
    changed: list[FieldChange]
    settle: dict[tuple[str, str], Settle]
    seen: dict[str, dict[str, str]]
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Settle:
    """A record with conflicts: what it becomes where some are settled for the other side."""

    path: str
    ours: Doc
    take: Mapping[str, Json]
    conflicts: Mapping[str, tuple[Json, Json]]
    catalog: Catalog

    def records(self, fields: Sequence[str]) -> list[tuple[Any, Any]]:
        """(new, old) with the other side's values in these fields, as they are shown; old is None for a new one."""
        taken = {path: theirs for path, (_, theirs) in self.conflicts.items() if folder.shown(path) in fields}
        return _records(self.catalog, self.path, folder.put(self.ours, {**self.take, **taken}))


def of_catalog(catalog: Catalog) -> list[Shared]:
    """Everything of a catalog that a folder holds."""
    use_cases = shared_use_cases(catalog.use_cases.records(), catalog.assignments.records())
    return [*use_cases, *catalog.deployments.records(), *catalog.upgrades.records()]


def shared_use_cases(use_cases: Iterable[UseCase], assignments: Iterable[Assignment]) -> list[SharedUseCase]:
    """Use cases, each with what runs in it."""
    runs: dict[str, dict[str, Doc]] = {}
    for assignment in assignments:
        name, doc = folder.run_of(assignment)
        runs.setdefault(assignment.use_case, {})[name] = doc
    return [SharedUseCase(u, runs.get(u.name, {})) for u in use_cases]


def compare(catalog: Catalog, origin: str, shared: Sequence[Shared], coming: Collection[str] = ()) -> Incoming:
    """What the shared records of the registry `origin` would change here; nothing is changed.

    `coming` are keys of versions that arrive with them.
    """
    registry = catalog.registries.get(origin)
    seen: Mapping[str, Mapping[str, str]] = registry.state.get(SEEN, {}) if registry is not None else {}
    ours = {folder.path_of(one): one for one in of_catalog(catalog)}
    found = Incoming([], [], [], {}, {p: dict(s) for p, s in seen.items()}, [])
    for one in shared:
        path, theirs = folder.path_of(one), folder.document(one)
        mine = ours.get(path)
        known = seen.get(path, {})
        if mine is None:
            if known:
                found.notes.append(f"{path} was removed here; publish takes it away there")
            else:
                _add(found, catalog, path, theirs, coming)
                found.seen[path] = folder.stamps(theirs)
            continue
        _merge(found, catalog, path, folder.document(mine), theirs, known, origin)
    listed = {folder.path_of(one) for one in shared}
    found.notes += [
        f"{p} is no longer in the folder; what it said stays here" for p in seen if p in ours and p not in listed
    ]
    return found


def _merge(
    found: Incoming, catalog: Catalog, path: str, ours: Doc, theirs: Doc, seen: Mapping[str, str], origin: str
) -> None:
    compared = folder.compare(ours, theirs, seen)
    crowded = folder.crowded(ours, folder.put(ours, compared.take))
    left = [f for f in compared.take if folder.run_at(f) in crowded]
    for field in left:
        del compared.take[field]
    found.notes += [
        f"{path}: {run} is in Production there, as another version is here; s sets what runs" for run in crowded
    ]
    at = _at(path)
    before = folder.leaves(ours)
    for field, value in compared.take.items():
        found.changed.append(FieldChange(*at, folder.shown(field), before.get(field), value, source=origin))
    for field, (mine, other) in compared.conflicts.items():
        found.changed.append(FieldChange(*at, folder.shown(field), mine, other, True, origin))
    if compared.take:
        _put(found, _records(catalog, path, folder.put(ours, compared.take)))
    if compared.conflicts:
        found.settle[at] = Settle(path, ours, compared.take, compared.conflicts, catalog)
    agreed = folder.stamps(theirs)
    undecided = {f: seen.get(f, "") for f in (*compared.conflicts, *left)}
    found.seen[path] = {f: s for f, s in (agreed | undecided).items() if s}


def _add(found: Incoming, catalog: Catalog, path: str, theirs: Doc, coming: Collection[str]) -> None:
    records = _records(catalog, path, theirs)
    _put(found, records)
    for new, _ in records:
        if isinstance(new, Upgrade) and new.state == "open" and _open_here(catalog, new):
            found.notes.append(
                f"{path}: {new.use_case} has an upgrade of {new.from_version} open here already; cancel one of the two"
            )
    keys = {name: name.rpartition(" on ")[0] for name in theirs.get("runs", {})}
    unknown = [name for name, key in keys.items() if key not in catalog.versions and key not in coming]
    found.notes += [f"{path} runs {name}, a version that nobody here knows yet" for name in unknown]


def _open_here(catalog: Catalog, new: Upgrade) -> bool:
    return any(
        u.state == "open"
        and (u.use_case, u.from_version, u.deployment) == (new.use_case, new.from_version, new.deployment)
        for u in catalog.upgrades.records()
    )


def _put(found: Incoming, records: Sequence[tuple[Any, Any]]) -> None:
    for new, old in records:
        if old is None:
            found.added.append(new)
        elif new is None or to_doc(new) != to_doc(old):
            found.rewritten.append((new, old))


def _at(path: str) -> tuple[str, str]:
    kind, _, name = path.removesuffix(".json").partition("/")
    return kind.replace("-", "_"), name


def _records(catalog: Catalog, path: str, doc: Doc) -> list[tuple[Any, Any]]:
    """The records that a document stands for here, each with what it replaces."""
    made = folder.record(doc, path)
    if isinstance(made, Deployment):
        old = catalog.deployments.get(made.name)
        return [(_like(made, old, folder.OWN_OF_A_DEPLOYMENT), old)]
    if isinstance(made, Upgrade):
        known = catalog.upgrades.get(made.uid)
        return [(replace(made, rev=known.rev) if known is not None else made, known)]
    use_case = made.use_case
    old_use_case = catalog.use_cases.get(use_case.name)
    found: list[tuple[Any, Any]] = [(_like(use_case, old_use_case, ()), old_use_case)]
    here = {folder.run_of(a)[0]: a for a in catalog.runs_in(use_case.name)}
    for name, values in made.runs.items():
        run = folder.assignment_of(use_case.name, name, values)
        found.append((_like(run, here.get(name), ("seen",)), here.get(name)))
    # a run that is gone there stays here: archived, so that the history keeps it
    return found + [(replace(a, stage="Archived"), a) for name, a in here.items() if name not in made.runs and a.in_use]


def _like(new: Any, old: UseCase | Deployment | Assignment | None, kept: Sequence[str]) -> Any:
    """A record under the uid and revision of the one here, with what only this catalog knows."""
    if old is None:
        return replace(new, uid=new_uid())
    own: dict[str, Any] = {name: getattr(old, name) for name in ("uid", "rev", *kept)}
    return replace(new, **own)
