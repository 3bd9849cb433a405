"""Records over TinyDB tables: decoded on first use, found by their natural key, kept in step with the file.

The storage tells what changed (by this process or another); a table then forgets the record and keeps its small
index right. Nothing is decoded to open a catalog beyond the few fields of `Head`.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Generic, Literal, Protocol, TypeVar, cast

import msgspec

from store.records import TABLES, Deployment, Doc, Measurement, Version, first_day
from store.table_keys import (
    AT_ONCE,
    NATURAL_KEY,
    Head,
    Keys,
    StoredKeys,
    by_uid,
    decode_head,
    decode_ids,
    decode_stored,
    head_of,
    release_day_in,
)

R = TypeVar("R")

RawChange = tuple[str, int, bytes | None, bytes | None]
"""A table, a document id, and the raw JSON of the document before and after (None: absent)."""


_decode_doc = msgspec.json.Decoder(dict[str, Any]).decode

KEPT = 1_000
"""Decoded records that a table remembers; a version is some fifty objects, and a full garbage collection visits all."""


@functools.lru_cache(4_096)
def _day(text: str) -> date:
    return first_day(text)


def check_days(record: Any) -> None:
    """Days that are kept as text, as a month or a year may be one, must be days.

    Raises:
        ValueError: one is none; the file was edited by hand.
    """
    if isinstance(record, Version):
        for claims in record.facts.values():
            for claim in claims:
                _day(claim.as_of)
        for seen in record.observations:
            _day(seen.observed_at)
    elif isinstance(record, Measurement | Deployment):
        text = record.as_of if isinstance(record, Measurement) else record.remote_seen_at
        if text:
            _day(text)


class TinyTable(Protocol):
    """What a table needs of TinyDB's own."""

    def insert(self, document: Mapping[str, Any]) -> int: ...  # noqa: D102
    def insert_multiple(self, documents: Iterable[Mapping[str, Any]]) -> list[int]: ...  # noqa: D102
    def update(self, fields: Any, cond: Any = None, doc_ids: Any = None) -> list[int]: ...  # noqa: D102
    def remove(self, cond: Any = None, doc_ids: Any = None) -> list[int]: ...  # noqa: D102


class RawSource(Protocol):
    """What a table needs of the storage: raw documents."""

    def raw(self, table: str) -> Iterator[tuple[int, bytes]]: ...  # noqa: D102
    def get_raw(self, table: str, doc_id: int) -> bytes | None: ...  # noqa: D102
    def packed_keys(self, table: str) -> tuple[bytes, list[RawChange]] | None: ...  # noqa: D102


class Records(Generic[R], Mapping[str, R]):
    """One table as a mapping from natural key (uid where there is none) to record.

    `broken` maps the key of each document that could not be decoded to the reason; it is no member of the mapping. Of
    the large tables that is known of a document when it is first read.
    """

    def __init__(self, name: str, source: RawSource, tiny: TinyTable) -> None:
        self.name = name
        self.kind = cast(type[R], TABLES[name])
        self.broken: dict[str, str] = {}
        self._source, self._tiny = source, tiny
        self._natural = NATURAL_KEY.get(name, by_uid)
        self._cache: dict[int, R] = {}
        packed = source.packed_keys(name)
        keys: Keys | StoredKeys = Keys.of(name, source.raw(name)) if packed is None else decode_stored(packed[0])
        self._keys, self._maps = keys, cast(dict[str, dict[str, int]], {})
        self._unpacking = threading.Lock()
        self._by_version, self._days = keys.by_version, keys.released
        self.broken.update(keys.broken)
        for _table, doc_id, old, new in () if packed is None else packed[1]:
            self.apply(doc_id, old, new)
        if name in AT_ONCE:
            for doc_id, raw in source.raw(name):
                self._add(doc_id, raw)

    @functools.cached_property
    def _ids(self) -> dict[str, int]:
        return self._unpacked("ids")

    @functools.cached_property
    def _uids(self) -> dict[str, int]:
        return self._ids if self._natural is by_uid else self._unpacked("uids")

    def _unpacked(self, name: Literal["ids", "uids"]) -> dict[str, int]:
        with self._unpacking:  # two threads must get the same one
            if name not in self._maps:
                found = getattr(self._keys, name)
                self._maps[name] = decode_ids(found) if isinstance(found, msgspec.Raw) else found
            return self._maps[name]

    def unpack(self) -> None:
        """Have all keys at hand, and let go of what they came in."""
        self._unpacked("ids")
        self._unpacked("uids")
        self._keys = Keys()

    # ── reading ──

    def __getitem__(self, key: str) -> R:
        return self._record(self._ids[key], key)

    def _record(self, doc_id: int, key: str) -> R:
        record = self._cache.get(doc_id)
        if record is None:
            raw = None if key in self.broken else self._source.get_raw(self.name, doc_id)
            if raw is None:
                raise KeyError(key)
            try:
                record = self._decoded(doc_id, raw)
            except ValueError as error:
                self.broken[key] = str(error)
                raise KeyError(key) from error
        return record

    @functools.cached_property
    def _decoder(self) -> msgspec.json.Decoder[R]:
        return msgspec.json.Decoder(self.kind, strict=False)

    def _decoded(self, doc_id: int, raw: bytes) -> R:
        record = self._decoder.decode(raw)
        check_days(record)
        if len(self._cache) >= KEPT:
            self._cache.clear()
        self._cache[doc_id] = record
        return record

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._ids))

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, key: object) -> bool:
        return key in self._ids

    def records(self) -> Iterator[R]:
        """All records that can be read, in the order of the file."""
        for key in self:
            record = self.get(key)
            if record is not None:
                yield record

    def by_uid(self, uid: str) -> R | None:
        """The record with this identity."""
        return self._read(self._uids.get(uid))

    def of_version(self, key: str) -> list[R]:
        """The records that name a version (assignments, measurements), in the order of the file."""
        found = map(self._read, self._by_version.get(key, ()))
        return [record for record in found if record is not None]

    def _read(self, doc_id: int | None) -> R | None:
        """The record of a document, None where there is none that can be read."""
        if doc_id is None:
            return None
        record = self._cache.get(doc_id)
        if record is None:
            raw = self._source.get_raw(self.name, doc_id)
            try:
                record = None if raw is None else self._decoded(doc_id, raw)
            except ValueError as error:
                self.broken[self.key_of(doc_id) or f"{self.name} #{doc_id}"] = str(error)
        return record

    def released(self, key: str) -> date | None:
        """The day a version was released; None for an alias, and where it is not known. Decodes little, and once."""
        doc_id = self._ids.get(key, 0)
        known = self._days.get(doc_id)
        if known is None:
            raw = self._source.get_raw(self.name, doc_id)
            day = None if raw is None else release_day_in(raw)
            known = self._days[doc_id] = 0 if day is None else day.toordinal()
        return date.fromordinal(known) if known else None

    def uid_of(self, key: str) -> str | None:
        """The identity behind a natural key."""
        head = self._head(self._ids.get(key, 0))
        return None if head is None else head.uid or key

    def key_of(self, doc_id: int) -> str:
        """The natural key of a document, "" where there is none."""
        head = self._head(doc_id)
        key = "" if head is None else self._key(head, doc_id)
        return key if key in self._ids else ""

    def _head(self, doc_id: int) -> Head | None:
        raw = self._source.get_raw(self.name, doc_id)
        return None if raw is None else head_of(raw)

    def _key(self, head: Head, doc_id: int) -> str:
        return self._natural(head) or head.uid or f"{self.name} #{doc_id}"

    def document(self, key: str) -> Doc:
        """The stored document, a private copy, unknown fields included."""
        raw = self._source.get_raw(self.name, self._ids[key])
        if raw is None:
            raise KeyError(key)
        return _decode_doc(raw)

    def documents(self) -> Iterator[Doc]:
        """All stored documents that are JSON, in the order of the file; the others are `broken` from then on."""
        for key in self:
            try:
                yield self.document(key)
            except ValueError as error:
                self.broken[key] = str(error)

    def document_by_uid(self, uid: str) -> Doc | None:
        """The stored document of an identity, None where there is none."""
        raw = self._source.get_raw(self.name, self._uids.get(uid, 0))
        return None if raw is None else _decode_doc(raw)

    # ── writing (inside a transaction of the storage) ──

    def insert(self, doc: Doc) -> None:
        """Add a document."""
        self._tiny.insert(doc)

    def insert_all(self, docs: Sequence[Doc]) -> None:
        """Add documents, in far less time than one by one."""
        self._tiny.insert_multiple(docs)

    def rewrite(self, uid: str, doc: Doc) -> None:
        """Put a document in the place of the one with the same identity."""

        def put(stored: dict[str, Any]) -> None:
            stored.clear()
            stored.update(doc)

        self._tiny.update(put, doc_ids=[self._uids[uid]])

    def remove(self, uid: str) -> None:
        """Delete the document of an identity."""
        self._tiny.remove(doc_ids=[self._uids[uid]])

    def remove_all(self) -> None:
        """Delete every document."""
        self._tiny.remove(doc_ids=list(self._ids.values()))

    # ── following the file ──

    def apply(self, doc_id: int, old: bytes | None, new: bytes | None) -> list[tuple[str, str]]:
        """Take in one change that is on disk; the natural keys that it touches, with the versions they name."""
        before = None if old is None else self._forget(doc_id, old)
        after = None if new is None else self._add(doc_id, new)
        return [named for named in (before, after) if named is not None]

    def _add(self, doc_id: int, raw: bytes) -> tuple[str, str] | None:
        try:
            head = decode_head(raw)
        except ValueError as error:
            self.broken[f"{self.name} #{doc_id}"] = str(error)
            return None
        key = self._key(head, doc_id)
        if self.name in AT_ONCE:
            try:
                self._decoded(doc_id, raw)
            except ValueError as error:
                self.broken[f"{self.name} #{doc_id}"] = f"{key}: {error}"
                return key, head.version
        self._ids[key] = self._uids[head.uid or key] = doc_id
        if head.version:
            self._by_version.setdefault(head.version, []).append(doc_id)
        return key, head.version

    def _forget(self, doc_id: int, raw: bytes) -> tuple[str, str] | None:
        head = head_of(raw)
        self._cache.pop(doc_id, None)
        self._days.pop(doc_id, None)
        self.broken.pop(f"{self.name} #{doc_id}", None)
        if head is None:
            return None
        key, named = self._key(head, doc_id), self._by_version.get(head.version)
        if named is not None and doc_id in named:
            named.remove(doc_id)
            if not named:
                del self._by_version[head.version]
        if self._ids.get(key) == doc_id:  # else another document has the same key and stands for it
            self.broken.pop(key, None)
            del self._ids[key]
            self._uids.pop(head.uid or key, None)
        return key, head.version


class ByVersion(Generic[R], Mapping[str, Sequence[R]]):
    """Records of one table grouped by the version they name; a version without any has an empty group."""

    def __init__(self, records: Records[R]) -> None:
        self._records = records

    def __getitem__(self, key: str) -> Sequence[R]:
        return self._records.of_version(key)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._records._by_version))

    def __len__(self) -> int:
        return len(self._records._by_version)

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ARG002 -- an empty group is the default
        """The group of a version."""
        return self._records.of_version(key)


Measurements = ByVersion[Measurement]
