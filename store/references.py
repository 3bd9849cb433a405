"""Which records name which others, so that no command, undo or race between processes leaves a name without a record.

Checked for each command inside its transaction, on the state of the disk. Only what the command does is judged: names
that led nowhere before (`doctor` lists them) stand in nobody's way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from store.naming import CommandError, natural_key
from store.records import Doc, to_doc
from store.tables import Records

Name = tuple[str, str]
"""A table and the natural key of a record in it."""

Docs = Mapping[tuple[str, str], Doc | None]
"""Documents by table and uid; None where there is none."""

_NAMED = ("versions", "use_cases", "deployments")


def names(table: str, doc: Doc) -> Iterator[Name]:
    """The records that a document cannot be without.

    The use case of a measurement is none of them: what was measured stays true when the use case is removed.
    """
    if table in ("assignments", "measurements"):
        yield "versions", str(doc.get("version"))
    if table in ("assignments", "upgrades"):
        yield "use_cases", str(doc.get("use_case"))
    if table == "assignments" and doc.get("deployment", "default") != "default":
        yield "deployments", str(doc["deployment"])
    if table == "upgrades":
        yield from (("versions", str(doc[end])) for end in ("from_version", "to_version") if doc.get(end))


def check(tables: Mapping[str, Records[Any]], before: Docs, after: Docs, *, delivered: bool = False) -> None:
    """Refuse a command that leaves a name without a record; `before` and `after` are the documents it touches.

    What a registry delivered may name what it did not deliver: that is a finding, not an error.

    Raises:
        CommandError: a record that others name would go, or one would name what is not there.
    """
    had = {(table, natural_key(table, doc)) for (table, _), doc in before.items() if doc is not None}
    has = {(table, natural_key(table, doc)) for (table, _), doc in after.items() if doc is not None}
    gone = {name for name in had - has if name[0] in _NAMED}
    for (table, uid), doc in after.items():
        if doc is None:
            continue
        old = before.get((table, uid))
        was = set() if old is None else set(names(table, old))
        for name in names(table, doc):
            there = name in has or (name not in gone and name[1] in tables[name[0]])
            # where something runs may be named before it is described
            fresh = name not in was and name[0] != "deployments" and not delivered
            if not there and (fresh or name in gone):
                raise CommandError(f"{natural_key(table, doc)} names {name[1]}, which is not in the catalog")
    if gone:
        _refuse_named(tables, after, gone)


def _refuse_named(tables: Mapping[str, Records[Any]], after: Docs, gone: set[Name]) -> None:
    """Refuse to take away what a record names that the command does not touch."""
    others = [("assignments", r) for r in tables["assignments"].records()]
    others += [("upgrades", r) for r in tables["upgrades"].records()]
    others += [("measurements", m) for kind, key in gone if kind == "versions" for m in _measured(tables, key)]
    users: dict[str, list[str]] = {}
    for table, record in others:
        if (table, record.uid) not in after:
            doc = to_doc(record)
            for name in gone.intersection(names(table, doc)):
                users.setdefault(name[1], []).append(natural_key(table, doc))
    for key, found in users.items():
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        raise CommandError(f"{key} cannot go: it is named by {', '.join(dict.fromkeys(found[:3]))}{more}")


def _measured(tables: Mapping[str, Records[Any]], key: str) -> list[Any]:
    return tables["measurements"].of_version(key)
