"""TinyDB's table and database over the journaled storage: the same calls, edits in constant time.

Stock TinyDB reads and writes the whole database for one edit. Here the two methods that every read and every write go
through, `_read_table` and `_update_table`, hand out views that decode one document at a time and note which ones were
touched. Every document handed out is a private copy, and there is no query cache that another process could outdate.
"""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any, cast

import msgspec
from tinydb import TinyDB
from tinydb.queries import QueryLike
from tinydb.storages import Storage
from tinydb.table import Table

from store.journal.format import encode
from store.journal.storage import JournaledJSONStorage

Doc = dict[str, Any]


class Documents(Mapping[str, Doc]):
    """The documents of a table by id as text, decoded on access."""

    def __init__(self, storage: JournaledJSONStorage, table: str):
        self._storage = storage
        self._table = table

    def __getitem__(self, key: str) -> Doc:
        raw = self._storage.get_raw(self._table, int(key))
        if raw is None:
            raise KeyError(key)
        return cast(Doc, msgspec.json.decode(raw))

    def __iter__(self) -> Iterator[str]:
        return (str(doc_id) for doc_id in self._storage.ids(self._table))

    def __len__(self) -> int:
        return self._storage.count(self._table)

    def items(self) -> ItemsView[str, Doc]:
        """All of them, each decoded once."""
        return _Items(self, self._storage, self._table)


class _Items(ItemsView[str, Doc]):
    def __init__(self, documents: Documents, storage: JournaledJSONStorage, table: str):
        super().__init__(documents)
        self._storage = storage
        self._table = table

    def __iter__(self) -> Iterator[tuple[str, Doc]]:
        for doc_id, raw in self._storage.raw(self._table):
            yield str(doc_id), msgspec.json.decode(raw)


class Touched(MutableMapping[int, Doc]):
    """What an updater of TinyDB sees: documents by id. Remembers each one it handed out, as it may be changed."""

    def __init__(self, storage: JournaledJSONStorage, table: str):
        self._storage = storage
        self._table = table
        self._docs: dict[int, Doc | None] = {}

    def __getitem__(self, doc_id: int) -> Doc:
        if doc_id not in self._docs:
            raw = self._storage.get_raw(self._table, doc_id)
            if raw is None:
                raise KeyError(doc_id)
            self._docs[doc_id] = msgspec.json.decode(raw)
        doc = self._docs[doc_id]
        if doc is None:
            raise KeyError(doc_id)
        return doc

    def __setitem__(self, doc_id: int, doc: Doc) -> None:
        self._docs[doc_id] = doc

    def __delitem__(self, doc_id: int) -> None:
        if doc_id not in self:
            raise KeyError(doc_id)
        self._docs[doc_id] = None

    def __contains__(self, doc_id: object) -> bool:
        if doc_id in self._docs:
            return self._docs[doc_id] is not None
        return isinstance(doc_id, int) and self._storage.get_raw(self._table, doc_id) is not None

    def __iter__(self) -> Iterator[int]:
        stored = self._storage.ids(self._table)
        yield from (doc_id for doc_id in stored if self._docs.get(doc_id, self) is not None)
        known = set(stored)
        yield from [doc_id for doc_id, doc in self._docs.items() if doc is not None and doc_id not in known]

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def clear(self) -> None:
        """Remove all documents, without decoding them."""
        self._docs = dict.fromkeys(self._storage.ids(self._table))

    def stage(self) -> None:
        """Hand every touched document to the transaction."""
        for doc_id, doc in self._docs.items():
            self._storage.stage(self._table, doc_id, None if doc is None else encode(doc, self._table))


class CatalogTable(Table):
    """A TinyDB table whose edits touch only the documents they change; see the module."""

    def __init__(self, storage: Storage, name: str, cache_size: int = 0, persist_empty: bool = False):
        """As TinyDB, but for `persist_empty`: a table exists while it has documents.

        Raises:
            ValueError: `persist_empty` is set; TinyDB 4.9 would wipe an existing table for it.
        """
        if persist_empty:
            raise ValueError("A table exists while it has documents; persist_empty is not supported.")
        super().__init__(storage, name, cache_size)
        self._journal = cast(JournaledJSONStorage, storage)

    def insert(self, document: Mapping[str, Any]) -> int:
        """Add a document; its id. A `Document` keeps its own id."""
        with self._journal.transaction():
            return super().insert(document)

    def insert_multiple(self, documents: Iterable[Mapping[str, Any]]) -> list[int]:
        """Add documents in one transaction; their ids."""
        with self._journal.transaction():
            return super().insert_multiple(documents)

    def update(
        self,
        fields: Mapping[Any, Any] | Callable[[MutableMapping[Any, Any]], None],
        cond: QueryLike | None = None,
        doc_ids: Iterable[int] | None = None,
    ) -> list[int]:
        """Set fields, or call a function, on all documents, on those that match, or on those named; their ids."""
        with self._journal.transaction():
            if doc_ids is None and cond is not None:
                doc_ids = self._matching(cond)
            return super().update(fields, doc_ids=doc_ids)

    def upsert(self, document: Mapping[str, Any], cond: QueryLike | None = None) -> list[int]:
        """Update what matches, or insert it, in one transaction; the ids."""
        with self._journal.transaction():
            return super().upsert(document, cond)

    def remove(self, cond: QueryLike | None = None, doc_ids: Iterable[int] | None = None) -> list[int]:
        """Remove the documents that match or are named; their ids."""
        with self._journal.transaction():
            if doc_ids is None and cond is not None:
                doc_ids = self._matching(cond)
            return super().remove(doc_ids=doc_ids)

    def get(self, cond: Any = None, doc_id: int | None = None, doc_ids: list[int] | None = None) -> Any:
        """One document by query or id, or a list of those of `doc_ids` that exist, in that order."""
        if doc_id is None and doc_ids is not None:
            found = (super(CatalogTable, self).get(doc_id=wanted) for wanted in dict.fromkeys(doc_ids))
            return [doc for doc in found if doc is not None]
        return super().get(cond, doc_id=doc_id) if doc_id is not None else super().get(cond)

    def _matching(self, cond: QueryLike) -> list[int]:
        return [doc_id for doc_id, raw in self._journal.raw(self.name) if cond(msgspec.json.decode(raw))]

    def _get_next_id(self) -> int:
        return self._journal.new_id(self.name)

    def _read_table(self) -> Any:
        return Documents(self._journal, self.name)

    def _update_table(self, updater: Callable[[Any], None]) -> None:
        with self._journal.transaction():
            touched = Touched(self._journal, self.name)
            updater(touched)
            touched.stage()


class CatalogDB(TinyDB):
    """TinyDB over the journaled storage: `CatalogDB(path)`."""

    table_class = CatalogTable

    def __init__(self, path: Path | str, **options: Any):
        """Open the catalog; the arguments are those of `JournaledJSONStorage`."""
        super().__init__(path, storage=JournaledJSONStorage, **options)

    @property
    def storage(self) -> JournaledJSONStorage:
        """The storage, with its transactions and listeners."""
        return cast(JournaledJSONStorage, self._storage)

    def table(self, name: str, **kwargs: Any) -> CatalogTable:
        """The table of that name; it exists in the file while it has documents."""
        return cast(CatalogTable, super().table(name, **kwargs))

    def tables(self) -> set[str]:
        """The names of the tables that have documents."""
        return self.storage.table_names()

    def drop_table(self, name: str) -> None:
        """Remove all documents of a table."""
        self.table(name).truncate()

    def close(self, fold: bool = True) -> None:
        """Close the files, see `JournaledJSONStorage.close`."""
        self._opened = False
        self.storage.close(fold)


def open_db(path: Path | str, **options: Any) -> CatalogDB:
    """Open the catalog at `path`; unless it is only to be read, create it and its directory if they are missing.

    The options are those of `JournaledJSONStorage`.

    Raises:
        StoreError: as `JournaledJSONStorage`.
    """
    return CatalogDB(path, **options)
