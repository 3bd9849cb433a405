"""The storage against a plain dictionary, under random edits, folds, crashes and two openers.

Both openers keep an index of every snapshot, however small; the second one reads no more of it than it is asked for.
"""

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from store.journal import CatalogDB, index, open_db

Docs = dict[str, dict[int, dict[str, Any]]]

tables = st.sampled_from(["versions", "events", 'ta"ble\n'])
leaves = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(codec="utf-8"), max_size=8)
docs = st.dictionaries(texts, leaves | texts | st.lists(leaves, max_size=3), max_size=4)


def packed_ids(table: str, documents: Iterable[tuple[int, bytes]]) -> bytes | None:
    return msgspec.msgpack.encode([doc_id for doc_id, _ in documents]) if table == "versions" else None


class Crash(Exception):
    """Leaves a transaction."""


class StorageModel(RuleBasedStateMachine):
    """Two openers of one file; the model holds what was committed. Listeners of each keep a copy of their own."""

    @initialize()
    def start(self) -> None:
        self.directory = Path(tempfile.mkdtemp())
        self.least, index.LEAST = index.LEAST, 0
        self.model: Docs = {}
        self.copies: list[Docs] = [{}, {}]
        self.dbs = [self.open(0), self.open(1)]

    def open(self, which: int) -> CatalogDB:
        db = open_db(self.directory / "catalog.json", keys=packed_ids, hurry=which == 1)
        packed = db.storage.packed_keys("versions")
        if packed is not None:
            ids = set(msgspec.msgpack.decode(packed[0]))
            for _table, doc_id, _old, new in packed[1]:
                ids.discard(doc_id) if new is None else ids.add(doc_id)
            assert ids == set(db.storage.ids("versions"))
        copy = self.copies[which] = {}
        for table in db.tables():
            copy[table] = {doc_id: orjson.loads(raw) for doc_id, raw in db.storage.raw(table)}

        def note(changes: list) -> None:
            for table, doc_id, old, new in changes:
                mine = copy.setdefault(table, {})
                assert mine.pop(doc_id, None) == (None if old is None else orjson.loads(old))
                if new is not None:
                    mine[doc_id] = orjson.loads(new)

        db.storage.listeners.append(note)
        return db

    @rule(who=st.sampled_from([0, 1]), table=tables, new=st.lists(docs, min_size=1, max_size=3))
    def insert(self, who: int, table: str, new: list[dict]) -> None:
        ids = self.dbs[who].table(table).insert_multiple(new)
        assert not set(ids) & set(self.model.get(table, {}))
        self.model.setdefault(table, {}).update(zip(ids, new, strict=True))

    @rule(who=st.sampled_from([0, 1]), table=tables, doc_id=st.integers(1, 6), fields=docs)
    def update(self, who: int, table: str, doc_id: int, fields: dict) -> None:
        self.dbs[who].table(table).update(fields, doc_ids=[doc_id])
        if doc_id in self.model.get(table, {}):
            self.model[table][doc_id] = self.model[table][doc_id] | fields

    @rule(who=st.sampled_from([0, 1]), table=tables, doc_id=st.integers(1, 6))
    def remove(self, who: int, table: str, doc_id: int) -> None:
        self.dbs[who].table(table).remove(doc_ids=[doc_id])
        self.model.get(table, {}).pop(doc_id, None)

    @rule(who=st.sampled_from([0, 1]), table=tables, keep=st.booleans(), new=docs)
    def transaction(self, who: int, table: str, keep: bool, new: dict) -> None:
        t = self.dbs[who].table(table)
        try:
            with self.dbs[who].storage.transaction():
                doc_id = t.insert(new)
                t.update({"x": 1}, doc_ids=[doc_id])
                if not keep:
                    raise Crash
        except Crash:
            return
        self.model.setdefault(table, {})[doc_id] = new | {"x": 1}

    @rule(who=st.sampled_from([0, 1]))
    def fold(self, who: int) -> None:
        self.dbs[who].storage.checkpoint()

    @rule()
    def read_rest(self) -> None:
        self.dbs[1].storage.read_rest()
        assert not self.dbs[1].storage.read_only

    @rule(who=st.sampled_from([0, 1]), fold=st.booleans())
    def reopen(self, who: int, fold: bool) -> None:
        self.dbs[who].close(fold)
        self.dbs[who] = self.open(who)

    @precondition(lambda self: (self.directory / "catalog.json.journal").exists())
    @rule(who=st.sampled_from([0, 1]), tail=st.binary(min_size=1, max_size=20).filter(lambda b: b"\n" not in b))
    def another_dies_while_writing(self, who: int, tail: bytes) -> None:
        with (self.directory / "catalog.json.journal").open("ab") as file:
            file.write(tail)
        self.dbs[who].storage.refresh()

    @invariant()
    def all_see_the_same(self) -> None:
        expected = {table: found for table, found in self.model.items() if found}
        for db, copy in zip(self.dbs, self.copies, strict=True):
            db.storage.refresh()
            seen = {table: {i: orjson.loads(raw) for i, raw in db.storage.raw(table)} for table in db.tables()}
            assert seen == expected
            assert {table: found for table, found in copy.items() if found} == expected

    def teardown(self) -> None:
        for db in getattr(self, "dbs", []):
            db.close()
        index.LEAST = getattr(self, "least", index.LEAST)
        shutil.rmtree(self.directory, ignore_errors=True)


TestStorageModel = StorageModel.TestCase
TestStorageModel.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
