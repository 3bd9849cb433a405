"""An export of modeltui itself: every document of a catalog, checked one by one, with nothing lost."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from store.formats.parsed import Fault
from store.records import TABLES, Doc, Event, from_doc
from store.validation import Invalid, check, cleaned

FORMAT = 1
MAX_FAULTS = 10_000
ANOTHER = "another"
"""What marks a document that was made of the file of another catalog."""
_CATALOG = re.compile(rb'\n"_meta": ?\{')
_NAME: Mapping[str, str] = {
    "versions": "key", "use_cases": "name", "deployments": "name", "metric_definitions": "name", "registries": "name",
}  # fmt: skip


@dataclass(slots=True)
class Export:
    """The documents by table, and the events in order.

    `whole` is False for an export of what a query found; `another` says that it is the file of another catalog.
    """

    tables: dict[str, list[Doc]] = field(default_factory=dict)
    events: list[Doc] = field(default_factory=list)
    whole: bool = True
    another: bool = False
    faults: list[Fault] = field(default_factory=list)


def is_export(document: Any) -> bool:
    """True where a JSON document says that it is one."""
    return isinstance(document, dict) and document.get("modeltui") == "export"


def is_catalog(content: bytes) -> bool:
    """True for the file of a catalog itself, which describes itself at its end."""
    return content[:1] == b"{" and _CATALOG.search(content[-16_384:]) is not None


def parse_export(document: Mapping[str, Any]) -> Export:
    """Check every document; a fault names the table and the entry."""
    found = Export(whole="query" not in document, another=document.get(ANOTHER) is True)
    if document.get("format") != FORMAT:
        reason = f"this export has format {document.get('format')}; this modeltui reads {FORMAT}, so update it"
        found.faults.append(Fault(0, "", "", reason))
        return found
    for table in TABLES:
        rows = document.get(table, [])
        if not isinstance(rows, list):
            found.faults.append(Fault(0, table, "", "it is no list"))
            continue
        found.tables[table] = [cleaned(row) for row in rows if isinstance(row, dict)]
        found.faults += _faults(table, rows)
    events = document.get("events", [])
    found.events = [cleaned(event) for event in events if isinstance(event, dict)] if isinstance(events, list) else []
    for number, event in enumerate(events if isinstance(events, list) else [None], 1):
        if (reason := _event_fault(event)) and len(found.faults) < MAX_FAULTS:
            found.faults.append(Fault(number, "events", "", reason, "entry"))
    return found


def _faults(table: str, rows: list[Any]) -> Iterator[Fault]:
    seen: dict[tuple[str, str], int] = {}
    for number, row in enumerate(rows, 1):
        if len(seen) and number > 1 and seen.get(("", ""), 0) >= MAX_FAULTS:
            return
        for column, reason in _document_faults(table, row, number, seen):
            seen["", ""] = seen.get(("", ""), 0) + 1
            yield Fault(number, f"{table}.{column}" if column else table, "", reason, "entry")


def _document_faults(table: str, row: Any, number: int, seen: dict[tuple[str, str], int]) -> Iterator[tuple[str, str]]:
    if not isinstance(row, dict):
        yield "", "it is no object"
        return
    for column in filter(None, ("uid", _NAME.get(table, ""))):
        value = row.get(column)
        if not isinstance(value, str) or not value:
            yield column, f"it has no {column}"
            return
        earlier = seen.setdefault((column, value), number)
        if earlier != number:
            yield column, f"entry {earlier} has the same {column}"
    try:
        check(TABLES[table], row)
        from_doc(TABLES[table], cleaned(row))
    except Invalid as error:
        yield from error.faults
    except ValueError as error:
        yield "", str(error)


def _event_fault(event: Any) -> str:
    if not isinstance(event, dict) or not isinstance(event.get("changes", []), list):
        return "it is no event"
    try:
        made = check(Event, event)
        from_doc(Event, cleaned(event))
    except (Invalid, ValueError) as error:
        return str(error)
    return "" if made.id and len(made.at) >= 10 and made.at[4:5] == "-" else "it has no id or no moment"
