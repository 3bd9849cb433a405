"""The registry of a team without one: a JSON file for each use case, deployment and upgrade (pure: text and records).

Every field stands on lines of its own with an empty line between two fields, sorted and always there, so that git
merges the edits of two people where they touch different fields, also neighbouring ones. What
differs between two catalogs by nature (uids, revisions, where a record was synced from) is not written.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import quote

from store.outgoing import SharedUseCase
from store.records import Assignment, Deployment, Doc, Json, Upgrade, UseCase

DIRECTORIES: Mapping[str, type[Any]] = {"use-cases": UseCase, "deployments": Deployment, "upgrades": Upgrade}
OWN_OF_A_DEPLOYMENT = (
    "registry", "missing_since", "local", "remote_seen_at", "remote_changed_at", "remote_version",
)  # fmt: skip
"""What each catalog knows of a deployment for itself, from its own registries."""
_NOT_SHARED = {
    UseCase: ("uid", "rev"),
    Deployment: ("uid", "rev", *OWN_OF_A_DEPLOYMENT),
    Upgrade: ("rev",),
    Assignment: ("uid", "rev", "use_case", "version", "deployment", "seen"),
}
_RUN = " on "

Shared = SharedUseCase | Deployment | Upgrade


class FolderFault(ValueError):
    """A file that cannot be used, in one sentence."""


@dataclass(slots=True)
class Compared:
    """What one file and our record say, field by field: what to take from there, to write there, and both changed."""

    take: dict[str, Json] = field(default_factory=dict)
    give: dict[str, Json] = field(default_factory=dict)
    conflicts: dict[str, tuple[Json, Json]] = field(default_factory=dict)


# ── files and records ──


def path_of(record: Shared) -> str:
    """The file of a record, from the folder's root."""
    if isinstance(record, SharedUseCase):
        return f"use-cases/{record.use_case.name}.json"
    if isinstance(record, Upgrade):
        return f"upgrades/{record.use_case}-{quote(record.uid, safe='')}.json"
    return f"deployments/{quote(record.name, safe=' ')}.json"


def document(record: Shared) -> Doc:
    """What the file of a record says."""
    if isinstance(record, SharedUseCase):
        return {**_whole(record.use_case), "runs": {k: dict(v) for k, v in record.runs.items()}}
    found: Doc = _whole(record)
    return found


def run_of(assignment: Assignment) -> tuple[str, Doc]:
    """An assignment as it stands in the file of its use case."""
    return f"{assignment.version}{_RUN}{assignment.deployment}", _whole(assignment)


def text(doc: Doc) -> str:
    """A document as a file: the same bytes for the same values."""
    return "\n\n".join(json.dumps(doc, indent=1, sort_keys=True, ensure_ascii=False).split("\n")) + "\n"


def parse(content: str, path: str) -> Doc:
    """The document in a file.

    Raises:
        FolderFault: it is no JSON object.
    """
    if any(line.startswith(("<<<<<<< ", ">>>>>>> ")) for line in content.splitlines()):
        raise FolderFault(f"{path} has git's conflict marks; resolve them first")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FolderFault(f"{path} is no JSON: {str(error)[:100]}") from error
    if not isinstance(found, dict):
        raise FolderFault(f"{path} is no JSON object")
    return found


def record(doc: Doc, path: str) -> Shared:
    """The record that a file describes; fields that nobody knows are passed over.

    Raises:
        FolderFault: a field does not fit, or the file belongs under another name.
    """
    from store.validation import Invalid, check  # pydantic, which the way to the first screen does without

    kind = DIRECTORIES[path.partition("/")[0]]
    names = {f.name for f in dataclasses.fields(kind)}
    values = {k: v for k, v in doc.items() if k in names and (k not in _NOT_SHARED[kind])}
    try:
        made: Any = check(kind, {"uid": "", **values})
        if kind is UseCase:
            runs = doc.get("runs", {})
            made = SharedUseCase(made, {k: _run(k, v) for k, v in runs.items()} if isinstance(runs, dict) else {})
    except (Invalid, ValueError, TypeError) as error:
        raise FolderFault(f"{path}: {error}") from error
    if path_of(made) != path:
        raise FolderFault(f"{path} describes what belongs in {path_of(made)}; rename it")
    return made  # type: ignore[no-any-return]


def _run(name: str, values: Json) -> Doc:
    if not isinstance(values, dict):
        raise ValueError(f"runs: '{name}' is no object")
    found: Doc = _whole(assignment_of("x", name, values))
    return found


def assignment_of(use_case: str, name: str, values: Mapping[str, Json]) -> Assignment:
    """The assignment behind one entry of `runs`.

    Raises:
        ValueError: it does not fit.
    """
    from store.validation import check

    version, on, deployment = name.rpartition(_RUN)
    if not on:
        raise ValueError(f"runs: '{name}' is not VERSION on DEPLOYMENT")
    names = {f.name for f in dataclasses.fields(Assignment)} - set(_NOT_SHARED[Assignment])
    given = {k: v for k, v in values.items() if k in names}
    return check(Assignment, {"uid": "", "use_case": use_case, "version": version, "deployment": deployment, **given})


def _whole(value: Any) -> Json:
    """A record as plain JSON with every field, also those at their default."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        left_out = _NOT_SHARED.get(type(value), ())
        return {f.name: _whole(getattr(value, f.name)) for f in dataclasses.fields(value) if f.name not in left_out}
    if isinstance(value, tuple | list):
        return [_whole(v) for v in value]
    if isinstance(value, Mapping):
        return {str(k): _whole(v) for k, v in value.items()}
    return value.isoformat() if isinstance(value, date) else value


# ── comparing ──


def leaves(doc: Json, prefix: tuple[str, ...] = ()) -> dict[str, Json]:
    """Every field with its value, named by its path; a list is one value."""
    if not isinstance(doc, dict) or (not doc and prefix):
        return {json.dumps(prefix, ensure_ascii=False): doc}
    found: dict[str, Json] = {}
    for name, value in doc.items():
        found |= leaves(value, (*prefix, str(name)))
    return found


def shown(path: str) -> str:
    """A path for people: items.D01.state."""
    return ".".join(json.loads(path))


def stamps(doc: Doc) -> dict[str, str]:
    """A short hash of every field: what was seen, without keeping it."""
    return {path: stamp(value) for path, value in leaves(doc).items()}


def stamp(value: Json) -> str:
    """A short hash of a value."""
    plain = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(plain.encode(), digest_size=6).hexdigest()


_ABSENT: Any = object()


def compare(ours: Doc, theirs: Doc, seen: Mapping[str, str]) -> Compared:
    """Our document, theirs, and what both said when they last agreed (empty: they never met).

    A field that only we changed goes there, one that only they changed comes here, one that both changed is a conflict.
    Where they never met, a field that is filled on one side only is no conflict: nobody said otherwise.
    """
    found = Compared()
    mine, other = leaves(ours), leaves(theirs)
    for path in dict.fromkeys([*mine, *other]):
        a, b = mine.get(path, _ABSENT), other.get(path, _ABSENT)
        if _same(a, b):
            continue
        base = seen.get(path, "")
        changed_here, changed_there = _stamp(a) != base, _stamp(b) != base
        if not changed_there or (not seen and _blank(b)):
            found.give[path] = None if a is _ABSENT else a
        elif not changed_here or (not seen and _blank(a)):
            found.take[path] = None if b is _ABSENT else b
        else:
            found.conflicts[path] = (None if a is _ABSENT else a, None if b is _ABSENT else b)
    return found


def _same(a: Json, b: Json) -> bool:
    """Equal, where an empty container and one that is not there are the same."""
    if a is _ABSENT or b is _ABSENT:
        return _blank(a) and _blank(b)
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)


def _blank(value: Json) -> bool:
    return value is _ABSENT or value in ({}, [], None, "")


def _stamp(value: Json) -> str:
    return "" if value is _ABSENT else stamp(value)


def put(doc: Doc, fields: Mapping[str, Json]) -> Doc:
    """A document with other values in some fields; None inside of another field takes the entry away."""
    made: Doc = json.loads(json.dumps(doc))
    for path, value in fields.items():
        names = json.loads(path)
        way = [made]
        for name in names[:-1]:
            inner = way[-1].get(name)
            if not isinstance(inner, dict):
                inner = way[-1][name] = {}
            way.append(inner)
        if value is not None or len(names) == 1:
            way[-1][names[-1]] = value
            continue
        way[-1].pop(names[-1], None)
        for name, outer, inner in reversed(list(zip(names, way, way[1:], strict=False))[1:]):
            if not inner:
                del outer[name]
    return made


def run_at(path: str) -> str:
    """The run that a field is of, "" for a field of the use case itself."""
    names = json.loads(path)
    return str(names[1]) if len(names) > 1 and names[0] == "runs" else ""


def crowded(ours: Doc, merged: Doc) -> list[str]:
    """The runs that come to Production on a deployment which then would serve more than all of its traffic."""
    shares: dict[str, float] = {}
    for name, run in _in_production(merged).items():
        where = name.rpartition(_RUN)[2]
        shares[where] = shares.get(where, 0) + float(run.get("share", 100))
    before = _in_production(ours)
    return [n for n in _in_production(merged) if n not in before and shares[n.rpartition(_RUN)[2]] > 100]


def _in_production(doc: Doc) -> dict[str, Doc]:
    runs = doc.get("runs", {})
    return {name: run for name, run in runs.items() if run.get("stage", "Production") == "Production"}


def files(records: Iterable[Shared]) -> dict[str, Doc]:
    """The documents of records by the path of their file."""
    return {path_of(one): document(one) for one in records}
