"""How a document of a table is found: its identity and its natural key, read without decoding the rest.

`Keys` of a large table are packed for the index of its file, so that the next opening need not read them off the
documents (`store.journal.index`, whose `program` knows that this module makes them).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from operator import attrgetter
from typing import Self

import msgspec

from store.records import Fact, best_fact, release_day


class Head(msgspec.Struct):
    """The few fields that find a document: its identity and natural keys."""

    uid: str = ""
    key: str = ""
    name: str = ""
    version: str = ""


decode_head = msgspec.json.Decoder(Head, strict=False).decode

_BEGINS: Mapping[str, Callable[[bytes], re.Match[bytes] | None]] = {
    "versions": re.compile(rb'\{"uid":"([^"\\]+)","key":"([^"\\]+)"').match,
    "measurements": re.compile(rb'\{"uid":"([^"\\]+)","metric":"[^"\\]*","value":[^,"]+,"version":"([^"\\]+)"').match,
}
"""How we begin a document of the large tables: its identity, and its key or the version it names. What another program
wrote may begin otherwise and is decoded."""

NATURAL_KEY: Mapping[str, Callable[[Head], str]] = {
    "versions": attrgetter("key"),
    "use_cases": attrgetter("name"),
    "deployments": attrgetter("name"),
    "metric_definitions": attrgetter("name"),
    "registries": attrgetter("name"),
}
by_uid = attrgetter("uid")

AT_ONCE = frozenset(NATURAL_KEY) - {"versions"} | {"assignments", "upgrades"}
"""Small tables, which the first look reads whole: decoded when they are indexed, so that nothing broken is found."""


class _Released(msgspec.Struct, frozen=True):
    release_date: tuple[Fact, ...] = ()


class _Dated(msgspec.Struct):
    alias_of: tuple[str, ...] = ()
    facts: _Released = _Released()


_one_release_date = re.compile(rb'"release_date":\[\{"value":"([\d-]+)"[^\[\]{}]*\}\]').match
_decode_dated = msgspec.json.Decoder(_Dated, strict=False).decode


def release_day_in(raw: bytes) -> date | None:
    """The day a version was released, off its raw document; None for an alias, and where it is not known."""
    at = raw.find(b'"release_date":')
    if at < 0:
        return None
    only = _one_release_date(raw, at)  # the common case, without reading all of it
    if only is not None and b'"alias_of":' not in raw:
        return release_day(only[1].decode())
    try:
        dated = _decode_dated(raw)
    except ValueError:
        return None  # the catalog reports documents that it cannot read (`Catalog.broken`)
    said = best_fact(dated.facts.release_date)
    return None if dated.alias_of or said is None else release_day(said.value)


def _never(_raw: bytes) -> None:
    return None


def head_of(raw: bytes) -> Head | None:
    """The head of a raw document, None where it is no JSON."""
    try:
        return decode_head(raw)
    except ValueError:  # also bytes that are no UTF-8
        return None


class Keys(msgspec.Struct, array_like=True):
    """The index of one table: document ids by natural key, by identity, and by the version they name.

    `uids` is empty where the identity is the natural key; `broken` are the documents without a key that can be read,
    with the reason. `released` are the days versions were released, as ordinals, 0 where there is none; in packed
    keys all of them, else those that were asked for.
    """

    ids: dict[str, int] = {}
    uids: dict[str, int] = {}
    by_version: dict[str, list[int]] = {}
    broken: dict[str, str] = {}
    released: dict[int, int] = {}

    @classmethod
    def of(cls, table: str, documents: Iterable[tuple[int, bytes]]) -> Self:
        """The keys of a table's documents; of a small table, whose records are decoded one by one, none."""
        made = cls()
        if table in AT_ONCE:
            return made
        begins, keyed, natural = _BEGINS.get(table, _never), table == "versions", NATURAL_KEY.get(table, by_uid)
        ids, by_version = made.ids, made.by_version
        uids = ids if natural is by_uid else made.uids
        for doc_id, raw in documents:  # as `Records._add`, without a call for each of 100,000
            try:
                found = begins(raw)
                if found is not None:
                    uid, named = found[1].decode(), found[2].decode()
                    ids[named if keyed else uid] = uids[uid] = doc_id
                    if not keyed:
                        by_version.setdefault(named, []).append(doc_id)
                    continue
                head = decode_head(raw)
            except ValueError as error:
                made.broken[f"{table} #{doc_id}"] = str(error)
                continue
            key = natural(head) or head.uid or f"{table} #{doc_id}"
            ids[key] = uids[head.uid or key] = doc_id
            if head.version:
                by_version.setdefault(head.version, []).append(doc_id)
        return made


class StoredKeys(msgspec.Struct, array_like=True):
    """Keys as an index has them; which of the two large maps is wanted shows when it is."""

    ids: msgspec.Raw
    uids: msgspec.Raw
    by_version: dict[str, list[int]] = {}
    broken: dict[str, str] = {}
    released: dict[int, int] = {}


decode_stored = msgspec.msgpack.Decoder(StoredKeys).decode
decode_ids = msgspec.msgpack.Decoder(dict[str, int]).decode


def packed_keys(table: str, documents: Iterable[tuple[int, bytes]]) -> bytes | None:
    """The keys of a large table for the index of its file; None for a small one."""
    if table not in _BEGINS:
        return None
    released: dict[int, int] = {}

    def dated() -> Iterator[tuple[int, bytes]]:
        for doc_id, raw in documents:  # once, and one at a time: all of them may be the size of the file
            day = release_day_in(raw)
            released[doc_id] = 0 if day is None else day.toordinal()
            yield doc_id, raw

    keys = Keys.of(table, dated() if table == "versions" else documents)
    keys.released = released
    return msgspec.msgpack.encode(keys)
