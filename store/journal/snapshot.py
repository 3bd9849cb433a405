"""The data file: TinyDB's JSON with one document per line and a checksum at its end.

    {
    "versions":{
    "1":{…},
    "2":{…}
    },
    "_meta":{
    "1":{"format":1,"schema":1,…,"crc":"5e0c91aa"}
    }
    }

Any JSON tool reads it, and stock TinyDB too. The lines give a cheap opening (an offset per document instead of a
decoded one), readable differences and a repair line by line. The checksum covers every byte before itself.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from io import FileIO, RawIOBase
from pathlib import Path
from typing import Any, Final

import msgspec

from store.journal import disk
from store.journal.format import META, Change, StoreCorrupt
from store.values import dataclass

_HEAD: Final = b'\n"_meta":{\n"1":'
_TAIL: Final = b'"}\n}\n}\n'
_CRC: Final = b',"crc":"'
_LENGTH: Final = 0xFFFFFFFF
_CHUNK: Final = 1 << 20
_BLOCK: Final = 1 << 16
_META_ROOM: Final = 1 << 16

Entry = int | bytes
"""A document: raw JSON from the journal, or where it lies in the buffer (offset << 32 | length)."""

Meta = dict[str, Any]

Places = dict[str, dict[int, int]]
"""By table, where each document lies in the file, as in `Entry`."""


class OnDisk:
    """The bytes of a file that is open and not read: slices are fetched when they are asked for.

    It stays the same file when another one takes its name. Closed with its last reader, in whichever thread.

    Raises:
        OSError: it cannot be opened.
        StoreError: it can no longer be read.
    """

    def __init__(self, path: Path):
        self._path, self._file = path, FileIO(path)
        self.size = os.fstat(self._file.fileno()).st_size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, where: slice) -> bytes:
        try:
            return os.pread(self._file.fileno(), where.stop - where.start, where.start)
        except OSError as error:
            raise disk.refusal(self._path, error, "The catalog could not be read") from error

    def __del__(self) -> None:
        if hasattr(self, "_file"):  # else it could not be opened
            self._file.close()

    def items(self, entries: Iterable[tuple[int, Entry]]) -> Iterator[tuple[int, bytes]]:
        """Documents by their entries, fetched many at a time as they lie beside each other."""
        block, start = b"", 0
        for doc_id, entry in entries:
            if isinstance(entry, int):
                at, length = entry >> 32, entry & _LENGTH
                if not start <= at <= at + length <= start + len(block):
                    block, start = self[at : at + max(length, _BLOCK)], at
                yield doc_id, block[at - start : at - start + length]
            else:
                yield doc_id, entry

    def read(self) -> bytes:
        """All of them."""
        try:
            self._file.seek(0)
            return self._file.readall()
        except OSError as error:
            raise disk.refusal(self._path, error, "The catalog could not be read") from error


@dataclass(slots=True)
class State:
    """All documents in memory: the bytes of the file and, per table, where each document lies.

    Integers and bytes are not tracked by Python's garbage collector, so 100,000 documents cost it nothing. Replaced as
    a whole on a reload, so that a reader in another thread never mixes two files.
    """

    buffer: bytes | OnDisk
    tables: dict[str, dict[int, Entry]]
    keys: dict[str, msgspec.Raw] = field(default_factory=dict)
    """The packed keys of large tables, where an index had them: for the first reader of each table."""

    def get(self, table: str, doc_id: int) -> bytes | None:
        """Raw JSON of one document, None if there is none."""
        docs = self.tables.get(table)
        entry = None if docs is None else docs.get(doc_id)
        if isinstance(entry, int):
            start = entry >> 32
            return self.buffer[start : start + (entry & _LENGTH)]
        return entry

    def items(self, table: str) -> Iterator[tuple[int, bytes]]:
        """All documents of a table as they were when the iteration began."""
        buffer = self.buffer
        entries = list(self.tables.get(table, {}).items())
        if isinstance(buffer, OnDisk):
            yield from buffer.items(entries)
            return
        for doc_id, entry in entries:
            if isinstance(entry, int):
                start = entry >> 32
                yield doc_id, buffer[start : start + (entry & _LENGTH)]
            else:
                yield doc_id, entry

    def put(self, table: str, doc_id: int, raw: bytes | None) -> None:
        """Set or remove (None) a document. A table exists while it has documents."""
        if raw is not None:
            self.tables.setdefault(table, {})[doc_id] = raw
        elif table in self.tables:
            self.tables[table].pop(doc_id, None)
            if not self.tables[table]:
                del self.tables[table]

    def copy(self) -> State:
        """A copy that later changes do not touch; documents are shared."""
        return State(self.buffer, {table: docs.copy() for table, docs in self.tables.items()})


def differences(before: State, after: State) -> Iterator[Change]:
    """What turns one state into the other, by document."""
    for table in {**before.tables, **after.tables}:
        ids = {**before.tables.get(table, {}), **after.tables.get(table, {})}
        for doc_id in ids:
            old, new = before.get(table, doc_id), after.get(table, doc_id)
            if old != new:
                yield table, doc_id, old, new


def checked_meta(buffer: bytes, path: Path) -> Meta:
    """The description of a snapshot, after its checksum was compared.

    Raises:
        StoreCorrupt: it is no snapshot, or its checksum does not match.
    """
    meta = parse_meta(buffer, path)
    end = len(buffer) - len(_TAIL) - 8 - len(_CRC)
    if meta["crc"] != f"{zlib.crc32(memoryview(buffer)[:end]):08x}":
        raise StoreCorrupt(
            f"{path} is damaged or was changed by another program: its checksum does not match; "
            "`modeltui doctor` says what differs and `modeltui doctor --repair` keeps all that is readable."
        )
    return meta


def description(buffer: bytes | OnDisk, path: Path) -> Meta:
    """The description of a snapshot; of one that is not read yet its checksum is not compared.

    Raises:
        StoreCorrupt: as `checked_meta`.
    """
    if isinstance(buffer, bytes):
        return checked_meta(buffer, path)
    return parse_meta(buffer[max(0, len(buffer) - _META_ROOM) : len(buffer)], path)


def parse(buffer: bytes, path: Path) -> tuple[State, Meta]:
    """Find every document of a snapshot without decoding it.

    Raises:
        StoreCorrupt: it is no snapshot, or its checksum does not match.
    """
    meta = checked_meta(buffer, path)
    tables: dict[str, dict[int, Entry]] = {}
    position = 2
    try:
        while True:
            end = buffer.index(b"\n", position)
            name = msgspec.json.decode(buffer[position : end - 2])
            if name == META:
                return State(buffer, tables), meta
            docs = tables[name] = {}
            position = _offsets(buffer, end + 1, docs)
    except (ValueError, IndexError, TypeError) as error:  # made by hand: the checksum is right and the lines are not
        raise StoreCorrupt(
            f"{path} is not laid out as modeltui writes it, around byte {position}; "
            "`modeltui doctor --repair` keeps all that is readable."
        ) from error


def _offsets(buffer: bytes, position: int, docs: dict[int, Entry]) -> int:
    """Note where each document of one table lies, and return where the next table starts."""
    find = buffer.find
    while buffer[position] == 0x22:  # "
        quote = find(b'"', position + 1)
        end = find(b"\n", quote)
        start = quote + 2
        length = end - start
        if buffer[end - 1] == 0x2C:  # ,
            length -= 1
        docs[int(buffer[position + 1 : quote])] = start << 32 | length
        position = end + 1
    return find(b"\n", position) + 1


def parse_meta(buffer: bytes, path: Path) -> Meta:
    """Read the description of a snapshot from its end.

    Raises:
        StoreCorrupt: it is no snapshot of modeltui, or it is cut off.
    """
    head = buffer.rfind(_HEAD)
    if head < 0 or not buffer.endswith(_TAIL):
        raise StoreCorrupt(_what_else(buffer, path))
    try:
        meta = msgspec.json.decode(buffer[head + len(_HEAD) : len(buffer) - 5])
    except ValueError as error:
        raise StoreCorrupt(f"{path} is damaged at its end; run `modeltui doctor --repair`.") from error
    if not isinstance(meta, dict) or not _describes(meta):
        raise StoreCorrupt(f"{path} does not describe itself as a catalog of modeltui; run `modeltui doctor`.")
    return meta


def _describes(meta: Meta) -> bool:
    """Whether a description has what every snapshot says of itself."""
    typed = _META_TYPES.items() <= {k: type(v) for k, v in meta.items()}.items()
    return typed and meta["schema"] >= 1 and all(type(number) is int for number in meta["next_id"].values())


_META_TYPES: Final[Mapping[str, type]] = {
    "format": int,
    "schema": int,
    "min_schema": int,
    "catalog_id": str,
    "generation": int,
    "base_seq": int,
    "next_id": dict,
    "crc": str,
}


def _what_else(buffer: bytes, path: Path) -> str:
    """What a file that is no snapshot looks like, in one sentence."""
    if not buffer:
        return f"{path} is empty; restore a backup with `modeltui restore`, or move the file away to start anew."
    if not buffer.strip(b"\0"):
        return f"{path} holds only zero bytes; restore a backup with `modeltui restore`."
    if buffer.startswith(b'{\n"'):
        return f"{path} is cut off or damaged; `modeltui doctor --repair` keeps all that is readable."
    import json

    try:
        json.loads(buffer)  # unlike msgspec it reads the NaN that stock TinyDB writes
    except (ValueError, RecursionError):
        return f"{path} is not a catalog of modeltui and not JSON either; nothing was changed."
    return f"{path} is JSON, but not a catalog as modeltui writes it; nothing was changed."


def read_meta(path: Path) -> Meta:
    """Read only the description of a snapshot on disk.

    Raises:
        StoreCorrupt: as `parse_meta`, or there is no such file.
    """
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _META_ROOM))
            return parse_meta(file.read(), path)
    except FileNotFoundError as error:
        raise StoreCorrupt(f"{path} is gone; restore a backup with `modeltui restore`.") from error


def write(file: RawIOBase, state: State, meta: Meta) -> tuple[str, Places]:
    """Write a snapshot; `meta` without its checksum. The caller syncs.

    Returns:
        The checksum, and where each document lies.

    Raises:
        OSError: the disk is full or fails.
    """
    crc = 0
    places: Places = {}
    for chunk in _chunks(state, meta, places):
        crc = zlib.crc32(chunk, crc)
        write_all(file, chunk)
    write_all(file, b"%s%08x%s" % (_CRC, crc, _TAIL))
    return f"{crc:08x}", places


def _chunks(state: State, meta: Meta, places: Places) -> Iterator[bytes]:
    """The bytes before the checksum, about a megabyte at a time so that other threads get their turn."""
    parts: list[bytes] = [b"{\n"]
    position, given = 2, 0
    for table in sorted(state.tables):
        parts.append(b"%s:{\n" % msgspec.json.encode(table))
        position += len(parts[-1])
        docs = places[table] = {}
        between = b""
        for doc_id, raw in state.items(table):
            parts.append(b'%s"%d":%s' % (between, doc_id, raw))
            position += len(parts[-1])
            docs[doc_id] = (position - len(raw)) << 32 | len(raw)
            between = b",\n"
            if position - given > _CHUNK:
                yield b"".join(parts)
                parts, given = [], position
        parts.append(b"\n},\n")
        position += 4
    described = msgspec.json.encode({k: v for k, v in meta.items() if k != "crc"})
    parts.append(b'"_meta":{\n"1":%s' % described[:-1])
    yield b"".join(parts)


def write_all(file: RawIOBase, data: bytes) -> None:
    """Write every byte: a raw file may take less than it is given."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) or 0 :]
