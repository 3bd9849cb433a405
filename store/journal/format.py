"""What stands on disk: the errors, the encoding of documents and the lines of the journal.

Beside `catalog.json` (see `snapshot`) stands `catalog.json.journal` while edits are not folded in yet. It is JSON too,
one line per transaction behind a checksum of the line:

    1c291ca3 {"catalog":"5f0c…","base":41}
    80d3c1e7 {"s":42,"t":1795400000000,"o":[["versions",7,{…}],["assignments",3,null]]}

`base` is the number of the last transaction that the snapshot held when the journal was started, `s` counts on from
there, `t` is the time in milliseconds, and `o` lists absolute states: table, document id, document (null: removed).
Replaying a line twice is harmless; lines that the snapshot already holds are passed over.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from store.values import dataclass

FORMAT = 1
"""The layout of the two files. It changes only if older programs could not even read them."""

META = "_meta"
"""The table of the snapshot that describes the file itself. It is no table of documents."""

Change = tuple[str, int, bytes | None, bytes | None]
"""Table, document id, raw JSON before (None: it was not there) and after (None: removed)."""


class StoreError(Exception):
    """The store cannot do what was asked. The message is one sentence for the user."""


class StoreCorrupt(StoreError):
    """A file is damaged or is no catalog. Nothing was written to it."""


class StoreLocked(StoreError):
    """Another process holds the catalog and did not let go in time. Trying again is safe."""


class StoreReadOnly(StoreError):
    """The catalog was opened for reading, or can no longer be written safely."""


class StoreNewer(StoreError):
    """The file has a layout that only a newer modeltui reads."""


class StoreFull(StoreError):
    """The disk or the quota is full. The edit did not happen; what was saved before is safe."""


class Transaction(msgspec.Struct):
    """One line of the journal, documents left as raw JSON."""

    s: int
    t: int
    o: list[tuple[str, int, msgspec.Raw]]

    def states(self) -> Iterable[tuple[str, int, bytes | None]]:
        """The documents as they are after this transaction; None: removed."""
        for table, doc_id, raw in self.o:
            value = bytes(raw)
            yield table, doc_id, None if value == b"null" else value


class Header(msgspec.Struct):
    """The first line of the journal: the catalog it belongs to and the transaction it continues from."""

    catalog: str
    base: int


_transaction = msgspec.json.Decoder(Transaction)
_header = msgspec.json.Decoder(Header)


def encode(doc: Mapping[str, Any], table: str) -> bytes:
    """Raw JSON of a document, in one line.

    Raises:
        StoreError: it holds a value that JSON cannot keep (NaN, an infinite number, an integer beyond 64 bits, a key
            that is no text, a date object).
    """
    import orjson  # to read a catalog it is not needed

    try:
        raw = orjson.dumps(doc, option=orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS)
    except TypeError as error:
        raise StoreError(f"A document of table {table} cannot be stored: {error}.") from error
    # orjson writes NaN as null: only a document with a null in it can have lost a number.
    if b"null" in raw and (field := _not_finite(doc)) is not None:
        what = f"{field or 'a value'} is not a finite number; write it as text"
        raise StoreError(f"A document of table {table} cannot be stored: {what}.")
    return raw


def _not_finite(value: Any, where: str = "") -> str | None:
    """Path of the first number that is NaN or infinite, None if all are finite."""
    if isinstance(value, float):
        return None if math.isfinite(value) else where
    if isinstance(value, Mapping):
        parts: Iterable[tuple[Any, Any]] = value.items()
    elif isinstance(value, (list, tuple)):
        parts = enumerate(value)
    else:
        return None
    for name, part in parts:
        found = _not_finite(part, f"{where}.{name}" if where else str(name))
        if found is not None:
            return found
    return None


def header_line(catalog: str, base: int) -> bytes:
    """The first line of a journal."""
    return _line(msgspec.json.encode({"catalog": catalog, "base": base}))


def transaction_line(seq: int, at: int, states: Iterable[tuple[str, int, bytes | None]]) -> bytes:
    """One transaction as a line; `at` in milliseconds since 1970."""
    names: dict[str, bytes] = {}
    parts = []
    for table, doc_id, raw in states:
        name = names.get(table) or names.setdefault(table, msgspec.json.encode(table))
        parts.append(b"[%s,%d,%s]" % (name, doc_id, raw or b"null"))
    return _line(b'{"s":%d,"t":%d,"o":[%s]}' % (seq, at, b",".join(parts)))


def _line(payload: bytes) -> bytes:
    return b"%08x %s\n" % (zlib.crc32(payload), payload)


def payload_of(line: bytes) -> bytes | None:
    """The JSON of a line (without its newline), None if its checksum does not match."""
    payload = line[9:]
    return payload if line[:9] == b"%08x " % zlib.crc32(payload) else None


def parse_transaction(payload: bytes) -> Transaction:
    """Read the JSON of a line.

    Raises:
        StoreCorrupt: it is no transaction.
    """
    try:
        return _transaction.decode(payload)
    except ValueError as error:
        raise StoreCorrupt(
            f"A line of the journal is no transaction ({error}); run `modeltui doctor --repair`."
        ) from error


def parse_header(payload: bytes) -> Header:
    """Read the JSON of the first line.

    Raises:
        StoreCorrupt: it is no header.
    """
    try:
        return _header.decode(payload)
    except ValueError as error:
        raise StoreCorrupt(f"The journal has no valid first line ({error}); run `modeltui doctor --repair`.") from error


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a piece of journal: the valid ones from its start, and how many bytes they are.

    `broken` is True when valid lines follow a damaged one: then it is damage, not the unfinished write of a process
    that died.
    """

    payloads: list[bytes]
    length: int
    broken: bool


def split_lines(data: bytes) -> Lines:
    """Cut a piece of journal into its lines, up to the first that is unfinished or damaged."""
    payloads: list[bytes] = []
    position = 0
    while (end := data.find(b"\n", position)) >= 0:
        payload = payload_of(data[position:end])
        if payload is None:
            rest = data[end + 1 :].split(b"\n")
            return Lines(payloads, position, any(payload_of(line) is not None for line in rest))
        payloads.append(payload)
        position = end + 1
    return Lines(payloads, position, False)
