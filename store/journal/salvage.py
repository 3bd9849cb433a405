"""Reading what is still readable of a damaged catalog.

Works on bytes and changes no file. A snapshot is read as a whole if it is still JSON (another program wrote it), else
line by line; the journal is read line by line, as every line holds absolute states. What cannot be read is described in
words, and documents lost in a hole are looked up in a backup.
"""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from store.journal.format import META, StoreCorrupt, StoreError, encode, parse_header, parse_transaction, payload_of
from store.journal.snapshot import Meta, State, parse, parse_meta

_TABLE = re.compile(rb'"(?:[^"\\]|\\.)*":\{')
_DOCUMENT = re.compile(rb'"(\d{1,18})":(\{.*\})')
_BODY = re.compile(rb"\{.*\}")
_FRAME = {b"", b"{", b"}", b"},"}


@dataclass(slots=True)
class Hole:
    """A damaged line: documents of `table` with ids between `after` and `before` may be lost, or that of `doc_id`."""

    line: int
    table: str
    text: bytes
    doc_id: int | None
    after: int
    before: int = 1 << 62


@dataclass(slots=True)
class Recovered:
    """What could be read, and in `findings` what could not, one sentence each.

    `whole` is True if the snapshot is undamaged, `damaged` holds the damaged pieces themselves. `meta` is the
    description, or what is known of it. `edits` counts the transactions of the journal that were applied.
    """

    state: State = field(default_factory=lambda: State(b"", {}))
    meta: Meta = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    damaged: list[bytes] = field(default_factory=list)
    holes: list[Hole] = field(default_factory=list)
    strays: list[tuple[str, bytes]] = field(default_factory=list)
    whole: bool = True
    seq: int = 0
    edits: int = 0

    @property
    def documents(self) -> int:
        """How many documents were recovered."""
        return sum(len(docs) for docs in self.state.tables.values())

    def add(self, table: str, doc_id: int | None, raw: bytes) -> None:
        """Keep a document; one whose id is unknown or taken is a stray, which gets a new one in the end."""
        docs = self.state.tables.setdefault(table, {})
        if doc_id is None or doc_id in docs:
            self.strays.append((table, raw))
        else:
            docs[doc_id] = raw

    def place_strays(self) -> None:
        """Give the strays ids that no other document has or had."""
        for table, raw in self.strays:
            docs = self.state.tables.setdefault(table, {})
            known = self.meta.get("next_id", {}).get(table, 1)
            doc_id = max(max(docs, default=0) + 1, known if isinstance(known, int) else 1)
            docs[doc_id] = raw
            self.findings.append(f"A document of {table} had no readable id of its own; it is {doc_id} now.")


def recover(snapshot: bytes, journal: bytes, path: Path, backup: tuple[State, Meta] | None = None) -> Recovered:
    """Read all that is readable of the two files. `backup` fills the holes, or stands in for a lost snapshot."""
    found = Recovered()
    try:
        found.state, found.meta = parse(snapshot, path)
    except StoreCorrupt as error:
        found.whole = False
        found.findings.append(str(error))
        if not _read_whole(snapshot, found):
            _read_lines(snapshot, path, found)
    if backup is not None and not found.whole:
        if found.documents or found.strays:
            _fill(found, backup[0])
        else:
            found.state, found.meta = backup[0].copy(), _trusted(backup[1])
            found.findings.append("No document in it could be read, so those of the newest backup were taken.")
    found.seq = found.meta.get("base_seq", 0)
    _read_journal(journal, found)
    found.place_strays()
    for table in [name for name, docs in found.state.tables.items() if not docs]:
        del found.state.tables[table]
    return found


# ── the snapshot ──────────────────────────────────────────────────────────────────────────────────────────────────


def _read_whole(data: bytes, found: Recovered) -> bool:
    """Read the file as JSON in TinyDB's shape; False if it is not, or if a document appears twice."""
    try:
        tables = json.loads(data, object_pairs_hook=_no_duplicates, parse_constant=str)
    except (ValueError, RecursionError):
        return False
    if not isinstance(tables, dict):
        return False
    documents = [
        (table, int(key), doc)
        for table, docs in tables.items()
        if table != META and isinstance(docs, dict)
        for key, doc in docs.items()
        if key.isdecimal() and isinstance(doc, dict)
    ]
    if not documents or len(documents) != sum(_size(docs) for name, docs in tables.items() if name != META):
        return False
    for table, doc_id, doc in documents:
        try:
            found.add(table, doc_id, encode(doc, table))
        except StoreError as error:
            found.findings.append(f"Document {doc_id}: {error}")
            found.damaged.append(json.dumps(doc).encode())
    described = tables.get(META, {})
    found.meta = _trusted(described.get("1") if isinstance(described, dict) else None)
    found.findings.append("It is whole as JSON: another program wrote it, and every document in it was read.")
    return True


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key appears twice")
    return result


def _size(docs: Any) -> int:
    return len(docs) if isinstance(docs, dict) else 1


def _trusted(meta: Any) -> Meta:
    """The parts of a description that have the right type."""
    if not isinstance(meta, dict):
        return {}
    kinds = {"schema": int, "min_schema": int, "generation": int, "base_seq": int, "catalog_id": str, "next_id": dict}
    kinds["counts"] = dict
    found = {key: meta[key] for key, kind in kinds.items() if isinstance(meta.get(key), kind)}
    for key in ("next_id", "counts"):
        if key in found:
            found[key] = {name: number for name, number in found[key].items() if type(number) is int}
    if found.get("schema", 1) < 1:
        del found["schema"]
    return found


def _read_lines(data: bytes, path: Path, found: Recovered) -> None:
    """Read a snapshot line by line; note the others as holes."""
    found.meta = _description(data, path)
    if not found.meta:
        found.findings.append("The description at its end cannot be read.")
    sections: dict[str, list[tuple[int, bytes]]] = {}
    table: str | None = None
    headed = bool(found.meta)
    for number, line in enumerate(data.split(b"\n"), 1):
        line = line.rstrip(b"\r")
        if _TABLE.fullmatch(line):
            name = _json(line[:-2])
            table = name if isinstance(name, str) else None
            headed = True
            if table == META:
                break
        elif line in _FRAME:
            table = None if line[:1] == b"}" else table
        elif not _is_description(line):
            table = _unnamed(found, sections) if table is None else table
            _read_line(number, line, table, sections, found)
    if not headed:
        found.holes.clear()
        return  # Nothing in it looks like a catalog: it is another file, whatever its lines are.
    _split_lost_heads(found, sections)
    for name, documents in sections.items():
        for doc_id, raw in documents:
            found.add(name, doc_id or None, raw)


def _description(data: bytes, path: Path) -> Meta:
    """The description at the end, also if what stands around it is damaged."""
    try:
        return _trusted(parse_meta(data, path))
    except StoreCorrupt:
        start = data.rfind(b"\n", 0, max(0, data.rfind(b'"catalog_id":'))) + 1
        body = _BODY.search(data[start:].split(b"\n", 1)[0])
        return _trusted(_json(body[0])) if body else {}


def _is_description(line: bytes) -> bool:
    return b'"catalog_id":' in line and b'"base_seq":' in line and b'"next_id":' in line


def _unnamed(found: Recovered, sections: dict[str, list[tuple[int, bytes]]]) -> str:
    """The table whose first line is damaged: the first in order that was not met."""
    missing = [name for name in sorted(found.meta.get("counts", {})) if name not in sections]
    return missing[0] if missing else "quarantine"


def _read_line(
    number: int, line: bytes, table: str, sections: dict[str, list[tuple[int, bytes]]], found: Recovered
) -> None:
    section = sections.setdefault(table, [])
    whole = line.removesuffix(b",")
    match = _DOCUMENT.fullmatch(whole)
    if match and isinstance(_json(match[2]), dict):
        doc_id = int(match[1])
        for hole in reversed(found.holes):
            if hole.table != table or hole.before != 1 << 62:
                break
            hole.before = doc_id
        section.append((doc_id, match[2]))
        return
    body = _BODY.search(whole)
    if body and isinstance(_json(body[0]), dict):
        section.append((0, body[0]))
        return
    last = section[-1][0] if section else 0
    found_id = re.match(rb'"(\d{1,18})":', line)
    doc_id_or_none = int(found_id[1]) if found_id else None
    found.holes.append(Hole(number, table, line, doc_id_or_none, last))
    found.damaged.append(line)
    what = f"document {doc_id_or_none} of {table}" if found_id else f"after document {last} of {table}"
    found.findings.append(f"Line {number} ({what}, {len(line)} bytes) is damaged.")


def _split_lost_heads(found: Recovered, sections: dict[str, list[tuple[int, bytes]]]) -> None:
    """Give documents back to a table whose first line lies in a hole: they were read as those of the one before."""
    counts: dict[str, int] = found.meta.get("counts", {})
    order = sorted(counts)
    for earlier, name in itertools.pairwise(order):
        if name in sections or earlier not in sections:
            continue
        for hole in [h for h in found.holes if h.table == earlier]:
            ids = [doc_id for doc_id, _ in sections[earlier]]
            start = ids.index(hole.after) + 1 if hole.after in ids else 0
            if len(ids) - start <= counts[name]:
                sections[name] = sections[earlier][start:]
                del sections[earlier][start:]
                found.findings.append(
                    f"The first line of table {name} is damaged; its documents follow a damaged line."
                )
                break


def _json(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


# ── what fills holes ──────────────────────────────────────────────────────────────────────────────────────────────


def _fill(found: Recovered, backup: State) -> None:
    """Take documents that are lost in a hole from the backup."""
    for hole in found.holes:
        docs = found.state.tables.get(hole.table, {})
        for doc_id in backup.tables.get(hole.table, {}):
            lost = doc_id == hole.doc_id or hole.after < doc_id < hole.before
            raw = backup.get(hole.table, doc_id)
            if lost and doc_id not in docs and raw is not None:
                found.add(hole.table, doc_id, raw)
                found.findings.append(f"Document {doc_id} of {hole.table} was taken from the newest backup.")


def _read_journal(data: bytes, found: Recovered) -> None:
    """Apply every readable line of the journal."""
    lines = data.split(b"\n")
    tail = lines.pop()
    payloads = [payload_of(line) for line in lines]
    if payloads and not _fits(payloads[0], found):
        found.damaged += lines
        return
    for number, (line, payload) in enumerate(zip(lines, payloads, strict=True), 1):
        if number > 1:
            _read_edit(number, line, payload, found)
    if tail:
        found.findings.append(f"The last {len(tail)} bytes of the journal are an unfinished edit.")
        found.damaged.append(tail)


def _fits(header: bytes | None, found: Recovered) -> bool:
    """Whether the journal continues this snapshot; one with a damaged first line is believed to."""
    try:
        head = parse_header(header or b"")
    except StoreCorrupt:
        found.findings.append("The first line of the journal is damaged; it was taken for that of this catalog.")
        return True
    mine = found.meta.setdefault("catalog_id", head.catalog)
    known = found.meta.get("base_seq", head.base)
    if head.catalog == mine and (head.base <= known or not found.whole):
        if head.base > known:
            found.findings.append(f"The edits {known + 1} to {head.base} are lost: no file holds them.")
        return True
    why = "belongs to another catalog" if head.catalog != mine else "continues a newer file than this one"
    found.findings.append(f"The journal {why}; its edits were not applied.")
    found.seq = max(found.seq, head.base)
    return False


def _read_edit(number: int, line: bytes, payload: bytes | None, found: Recovered) -> None:
    try:
        transaction = parse_transaction(payload or b"")
    except StoreCorrupt:
        lost = "what that edit changed may be as it was before"
        found.findings.append(f"Line {number} of the journal is damaged: {lost}.")
        found.damaged.append(line)
        return
    # The number of a damaged snapshot is not trusted: the lines are absolute, so applying all of them is safe.
    if found.whole and transaction.s <= found.meta["base_seq"]:
        return
    found.edits += 1
    found.seq = max(found.seq, transaction.s)
    for table, doc_id, raw in transaction.states():
        found.state.put(table, doc_id, raw)
