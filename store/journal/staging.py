"""The overlay of a transaction: documents that are changed but not committed."""

from __future__ import annotations

from collections.abc import Iterator

from store.journal.snapshot import State

Key = tuple[str, int]


class Staging:
    """Changed documents by table and id, in the order of their first change; None is a removed one.

    `tables` are those with a change. `mark` and `roll_back` undo the changes of an inner transaction, in time
    proportional to them.
    """

    def __init__(self) -> None:
        self.docs: dict[Key, bytes | None] = {}
        self.tables: set[str] = set()
        self._undo: list[tuple[Key, bool, bytes | None]] = []

    def put(self, table: str, doc_id: int, raw: bytes | None) -> None:
        """Change a document."""
        key = (table, doc_id)
        self._undo.append((key, key in self.docs, self.docs.get(key)))
        self.docs[key] = raw
        self.tables.add(table)

    def mark(self) -> int:
        """The present point, for `roll_back`."""
        return len(self._undo)

    def roll_back(self, mark: int) -> None:
        """Take back all changes since the mark."""
        while len(self._undo) > mark:
            key, was_changed, raw = self._undo.pop()
            if was_changed:
                self.docs[key] = raw
            else:
                del self.docs[key]

    def items(self, state: State, table: str) -> Iterator[tuple[int, bytes]]:
        """The documents of a table as this transaction sees them."""
        changed = {doc_id: raw for (name, doc_id), raw in self.docs.items() if name == table}
        for doc_id, raw in state.items(table):
            mine = changed.pop(doc_id, raw)
            if mine is not None:
                yield doc_id, mine
        for doc_id, added in changed.items():
            if added is not None:
                yield doc_id, added

    def differences(self, state: State) -> list[tuple[str, int, bytes | None]]:
        """What would be committed: the changes that change something."""
        return [(table, doc_id, raw) for (table, doc_id), raw in self.docs.items() if raw != state.get(table, doc_id)]
