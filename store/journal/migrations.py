"""Schema numbers and the steps between them.

The schema says how documents look; it stands in the file's description with `min_schema`, the oldest schema whose
programs may still write the file. A file with an older schema is copied to the backups and then migrated as a whole
when it is opened; a file whose `min_schema` is newer than `SCHEMA` is opened for reading only.

A step is a pure function from a document to a document. A document whose step fails goes to the table `quarantine`
with the error; it is never dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from store.journal.format import encode
from store.journal.snapshot import State

SCHEMA = 1
"""The schema that this program writes."""

MIN_SCHEMA = 1
"""The oldest schema whose programs may write what this program writes; unknown fields are kept by all of them."""

QUARANTINE = "quarantine"

Step = Callable[[str, dict[str, Any]], dict[str, Any]]
"""(table, document) → the document in the next schema. May change its argument."""

STEPS: dict[int, Step] = {}
"""The step from schema N to N + 1, by N."""


def migrate(state: State, schema: int, steps: Mapping[int, Step], target: int) -> tuple[State, int]:
    """All documents in schema `target`, and how many of them had to go to quarantine.

    Raises:
        KeyError: a step is missing.
    """
    chain = [steps[number] for number in range(schema, target)]
    result = State(b"", {})
    refused: list[bytes] = []
    for table in state.tables:
        for doc_id, raw in state.items(table):
            try:
                doc = msgspec.json.decode(raw)
                for step in chain:
                    doc = step(table, doc)
                result.put(table, doc_id, encode(doc, table))
            except Exception as error:  # noqa: BLE001 - a step may fail in any way on a document edited by hand
                why = f"{type(error).__name__}: {error}"
                entry = {"table": table, "doc_id": doc_id, "error": why, "doc": raw.decode("utf-8", "replace")}
                refused.append(encode(entry, QUARANTINE))
    start = max(result.tables.get(QUARANTINE, ()), default=0) + 1
    for doc_id, raw in enumerate(refused, start):
        result.put(QUARANTINE, doc_id, raw)
    return result, len(refused)
