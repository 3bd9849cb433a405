"""A record as TOML for a person's editor, and back: what may be edited there, checked, with the line of each fault.

Only what a person may say stands in the text; keys, counts and what registries say stand above it as remarks. A field
that is taken out of the text is emptied. What this program does not know of a record never enters the text and is
left alone by the edit, because an edit is merged field by field with what is stored.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from datetime import date, datetime, time
from typing import Any, TypeVar

import tomlkit

from store.records import Assignment, Deployment, Fact, Json, Link, UseCase, Version, to_doc
from store.validation import Invalid, check

R = TypeVar("R", Version, UseCase, Deployment, Assignment)

EDITABLE: Mapping[type[Any], tuple[str, ...]] = {
    Version: ("own", "tags", "changes", "note", "api_ids", "alias_of", "same_as", "facts", "links", "lineage"),
    UseCase: (
        "title", "owner", "approver", "criticality", "calls_per_month", "tokens_in", "tokens_out", "cached_share",
        "retry_share", "peak_tokens_per_minute", "uses", "modalities", "languages", "headline", "regulated",
        "user_facing", "budgeted", "caching", "batch", "priority_tier", "review_by", "freeze", "tags", "note",
    ),
    Deployment: (
        "platform", "region", "sku", "units", "unit_hour", "unit_month", "upgrade_option", "upgrade_option_known",
        "fine_tuned", "tags", "note",
    ),
    Assignment: ("since", "seen", "prompt", "prompt_hash", "note", "settings"),
}  # fmt: skip
"""What of a record is edited as text, tables last. Stage and share have rules that need a form."""

_ELSEWHERE = {
    "key": "it names the record; register another version instead",
    "name": "it names the record; add another one instead",
    "version": "s sets which version runs",
    "stage": "s sets the stage",
    "share": "s sets the share",
    "criteria": "e, policy, edits them",
    "observations": "e, a date, adds one",
}


class RecordFault(ValueError):
    """A text that makes no record: `faults` are (line, sentence), the line counted from 1, 0 where there is none."""

    def __init__(self, faults: list[tuple[int, str]]) -> None:
        self.faults = sorted(faults)
        super().__init__("\n".join(f"line {line}: {said}" if line else said for line, said in self.faults))


# ── writing ───────────────────────────────────────────────────────────────────────────────────────────────────────


def write_record(record: Version | UseCase | Deployment | Assignment) -> str:
    """The record as TOML, with what there is to know above it."""
    doc: dict[str, Json] = to_doc(record)
    if isinstance(record, Version):
        doc["facts"] = _own_facts(record)
    names = EDITABLE[type(record)]
    lines = [f"# {remark}".rstrip() for remark in _remarks(record, [n for n in names if not doc.get(n)])]
    tables = [n for n in names if isinstance(doc.get(n), dict) or n == "links"]
    for name in names:
        if name not in tables and name in doc and doc[name] is not None:
            lines.append(f"{name} = {_literal(record, name, doc[name])}")
    for name in tables:
        if name == "links":
            for link in doc.get("links", ()):
                lines += ["", "[[links]]", *(f"{k} = {_item(v)}" for k, v in link.items())]
        elif doc.get(name):
            lines += ["", *_table(name, doc[name])]
    return "\n".join(lines) + "\n"


def _table(name: str, values: Mapping[str, Json]) -> Iterator[str]:
    yield f"[{name}]"
    for key, value in values.items():
        if not (name == "lineage" and isinstance(value, dict)):
            yield f"{_key(key)} = {_item(value)}"
    if name == "lineage" and isinstance(values.get("parameters"), dict):
        yield from ("", *_table("lineage.parameters", values["parameters"]))


def _literal(record: Any, name: str, value: Json) -> str:
    """Days stand as days, not as texts; the document has them as ISO dates."""
    plain = getattr(record, name)
    if isinstance(plain, date):
        return str(value)
    if name == "freeze":
        return "[" + ", ".join(f"[{first}, {last}]" for first, last in value) + "]"
    return _item(value)


def _item(value: Json) -> str:
    if isinstance(value, str) and "\n" in value:
        return tomlkit.string(value, multiline=True).as_string()
    if value is None:
        return '""'
    return tomlkit.item(value).as_string().strip()


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else tomlkit.string(name).as_string()


def _own_facts(version: Version) -> dict[str, Json]:
    found = {name: next((c for c in claims if c.layer == "local"), None) for name, claims in version.facts.items()}
    return {name: claim.value for name, claim in found.items() if claim is not None}


def _remarks(record: Any, empty: list[str]) -> Iterator[str]:
    yield f"{_what(record)} {_name(record)}"
    yield "Save and leave the editor to take it over; leave it unchanged, or empty, to change nothing."
    if empty:
        yield f"Not set: {', '.join(empty)}."
    if isinstance(record, Version):
        yield "[facts] are our own and count before those of registries; taken out, the registry's count again:"
        for name, claims in record.facts.items():
            for claim in claims:
                if claim.layer != "local":
                    shown = " ".join(str(claim.value).split())
                    yield f"   {name} = {shown[:80]}   {claim.source}, {claim.as_of}"
    yield ""


def _what(record: Any) -> str:
    words = {Version: "version", UseCase: "use case", Deployment: "deployment", Assignment: "how it is called:"}
    return words[type(record)]


def _name(record: Any) -> str:
    if isinstance(record, Assignment):
        return f"{record.version} in {record.use_case}, {record.stage} {record.share:g} % on {record.deployment}"
    return str(record.key if isinstance(record, Version) else record.name)


# ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────────


def read_record(text: str, base: R, today: date) -> R:
    """The record that the text makes of `base`.

    Args:
        text: what came back from the editor.
        base: the record as it was written for the editor.
        today: the day that own facts are dated with.

    Raises:
        RecordFault: with every fault found and its line.
    """
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecordFault([_toml_fault(str(error), text)]) from error
    kind, names = type(base), EDITABLE[type(base)]
    faults = [(_line(text, name), _no_field(name, base)) for name in said if name not in names]
    values = {f.name: getattr(base, f.name) for f in fields(base)}
    defaults = {f.name: f.default if f.default is not MISSING else {} for f in fields(base)}
    values |= {name: said.get(name, defaults[name]) for name in names}
    if isinstance(base, Version):
        values["facts"], wrong = _facts(said.get("facts", {}), base, today)
        faults += [(_line(text, path), sentence) for path, sentence in wrong]
        faults += [(_line(text, path), sentence) for path, sentence in _unknown_inside(said)]
    try:
        made = check(kind, values)
    except Invalid as error:
        faults += [(_line(text, path) or _line(text, f"facts.{path}"), said) for path, said in error.faults]
    if faults:
        raise RecordFault(faults)
    return made


def _facts(said: Json, base: Version, today: date) -> tuple[dict[str, tuple[Fact, ...]], list[tuple[str, str]]]:
    """The claims of all facts with our own as the text has them."""
    if not isinstance(said, dict):
        return base.facts, [("facts", "facts is a table: write [facts] and name = value below it")]
    before, wrong = _own_facts(base), []
    found: dict[str, tuple[Fact, ...]] = {}
    for name in dict.fromkeys([*base.facts, *said]):
        claims = base.facts.get(name, ())
        if name not in said:
            claims = tuple(c for c in claims if c.layer != "local")
        elif name not in before or before[name] != (value := _plain(said[name])):
            value = _plain(said[name])
            if isinstance(value, str) and not value.strip():
                wrong.append((f"facts.{name}", f"{name} is empty; take the line out to give it back to the registries"))
            own = next((c for c in claims if c.layer == "local"), None)
            claim = Fact(value, own.source if own else "own", today.isoformat(), layer="local", origin="local")
            claims = (claim, *(c for c in claims if c.layer != "local"))
        if claims:
            found[name] = claims
    return found, wrong


def _plain(value: Any) -> Json:
    """A value as facts hold it: days as text."""
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, dict) else value


def _unknown_inside(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    from store.records import Lineage

    for name in said.get("lineage", {}) if isinstance(said.get("lineage"), dict) else ():
        if name not in (known := [f.name for f in fields(Lineage)]):
            yield f"lineage.{name}", f"'{name}' is no part of a lineage{_near(name, known)}"
    for nth, link in enumerate(said.get("links", ()) if isinstance(said.get("links"), list) else ()):
        for name in link if isinstance(link, dict) else ():
            if name not in (known := [f.name for f in fields(Link)]):
                yield f"links.{nth}.{name}", f"'{name}' is no part of a link; write {', '.join(known)}"


def _no_field(name: str, base: Any) -> str:
    if name in {f.name for f in fields(base)}:
        return f"{name} is not edited here: {_ELSEWHERE.get(name, 'modeltui keeps it')}; take the line out"
    return f"'{name}' is no field of {_what(base).rstrip(':')}{_near(name, EDITABLE[type(base)])}"


def _near(name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, list(known), 1, 0.6)
    return f"; did you mean {near[0]}?" if near else "; take the line out"


# ── places ────────────────────────────────────────────────────────────────────────────────────────────────────────

_AT = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)")
_HEAD = re.compile(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_ASSIGNED = re.compile(r"""\s*(?:"([^"]+)"|'([^']+)'|([A-Za-z0-9_-]+))\s*=""")


def _toml_fault(said: str, text: str) -> tuple[int, str]:
    found = _AT.search(said)
    line = int(found[1]) if found and found[1] else max(1, len(text.splitlines()))
    told = _AT.sub("", said)
    return line, f"this is no TOML: {told[:1].lower()}{told[1:]}; texts stand in quotes, lists in [ ]"


def _line(text: str, path: str) -> int:
    """The line where a field of a path such as `facts.price_input` or `links.1.url` stands, 0 where it does not."""
    wanted = path.split(".")
    table: list[str] = []
    counted: dict[str, int] = {}
    best, at, quote = 0, 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        if quote:
            quote = "" if line.count(quote) % 2 else quote
            continue
        head = _HEAD.match(line)
        if head:
            table = [part.strip("\"' ") for part in head[1].split(".")]
            if line.lstrip().startswith("[["):
                counted[head[1]] = counted.get(head[1], -1) + 1
                table.append(str(counted[head[1]]))
            here = table
        elif (found := _ASSIGNED.match(line)) is not None:
            here = [*table, found[1] or found[2] or found[3]]
            quote = next((q for q in ('"""', "'''") if line.count(q) % 2), "")
        else:
            continue
        shared = next(
            (i for i, (a, b) in enumerate(zip(here, wanted, strict=False)) if a != b), min(len(here), len(wanted))
        )
        if shared > best:
            best, at = shared, number
    return at
