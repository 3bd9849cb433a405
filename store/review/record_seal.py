"""The seal of a change record: the hash of its text and those of its evidence files, to be computed again later.

The seal is the last line of a Markdown or HTML record, an HTML comment that no reader shows; a JSON record has it
beside its content. It shows accidents and later edits; whoever can edit the record can also seal it anew.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from store.records import Json, Upgrade
from store.values import dataclass

Form = Literal["md", "html", "json"]
FORMAT = 1
_MARK = "modeltui change-record "
_SEAL = re.compile(rf"<!-- {_MARK}(\{{.*\}}) -->\n?\Z")


class RecordError(ValueError):
    """A text that is no sealed change record, in one sentence."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a seal says: `sealed` is the hash it has, `found` the one that the text has now."""

    form: Form
    sealed: str
    found: str
    evidence: dict[str, str]

    @property
    def intact(self) -> bool:
        """Whether the text is as it was sealed."""
        return self.sealed == self.found


def evidence_files(upgrade: Upgrade) -> dict[str, str]:
    """The files among the evidence with the SHA-256 that they had, the newest for a file given twice."""
    found = [e for item in upgrade.items.values() for e in item.evidence if e.kind == "file" and e.hash]
    return {e.text: e.hash for e in sorted(found, key=lambda e: e.at)}


def seal(text: str, evidence: Mapping[str, str]) -> str:
    """A Markdown or HTML text with its seal as the last line."""
    head = {"evidence": dict(sorted(evidence.items())), "format": FORMAT, "sha256": _hash(text, evidence)}
    told = msgspec.json.encode(head, order="sorted").decode().replace("-", "\\u002d")
    return f"{text}<!-- {_MARK}{told} -->\n"


def sealed_json(record: Mapping[str, Json], evidence: Mapping[str, str]) -> str:
    """A record of plain values as sealed, indented JSON with sorted fields."""
    content = {"modeltui": "change-record", "format": FORMAT, "record": dict(record), "evidence": dict(evidence)}
    whole = {**content, "sha256": _hash(_canonical(record), evidence)}
    return msgspec.json.format(msgspec.json.encode(whole, order="sorted"), indent=2).decode() + "\n"


def verify(text: str) -> Verified:
    """Compute the hash of a record again.

    Raises:
        RecordError: the text has no seal, or one that cannot be read.
    """
    if text.lstrip().startswith("{"):
        return _verify_json(text)
    text = text.replace("\r\n", "\n")
    match = _SEAL.search(text)
    if match is None:
        raise RecordError("this is no sealed change record: its last line is no seal of modeltui")
    head = _decoded(match[1])
    body = text[: match.start()]
    form: Form = "html" if body.lstrip().lower().startswith("<!doctype html") else "md"
    return Verified(form, head["sha256"], _hash(body, head["evidence"]), head["evidence"])


def _verify_json(text: str) -> Verified:
    whole = _decoded(text)
    if whole.get("modeltui") != "change-record" or not isinstance(whole.get("record"), dict):
        raise RecordError("this is no change record of modeltui: it has other fields")
    return Verified("json", whole["sha256"], _hash(_canonical(whole["record"]), whole["evidence"]), whole["evidence"])


def _decoded(text: str) -> dict[str, Json]:
    try:
        found = msgspec.json.decode(text)
    except ValueError as error:
        raise RecordError(f"the seal cannot be read: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("sha256"), str):
        raise RecordError("the seal cannot be read: it has no hash")
    if found.get("format") != FORMAT:
        raise RecordError(f"the record has format {found.get('format')}; this version reads format {FORMAT}")
    evidence = found.get("evidence")
    if not isinstance(evidence, dict) or any(not isinstance(value, str) for value in evidence.values()):
        raise RecordError("the seal cannot be read: its evidence is no table of hashes")
    return found


def _canonical(record: Mapping[str, Json]) -> str:
    return msgspec.json.encode(record, order="sorted").decode()


def _hash(text: str, evidence: Mapping[str, str]) -> str:
    listed = _canonical(evidence)
    return hashlib.sha256(f"{text}\0{listed}".encode("utf-8", "surrogatepass")).hexdigest()
