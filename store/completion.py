"""What may follow in a query: fields, and the values that they have in this catalog."""

from __future__ import annotations

import re

from store.fields import Field, spelled
from store.query import field_name, field_term
from store.search import Index
from store.values import dataclass

MOST = 20
"""How many completions are offered at once."""

_TOKEN = re.compile(r'(?:[^\s()"]|"(?:[^"\\]|\\.)*"?)+')
_NEGATION = re.compile(r"(?:-|not:)*", re.IGNORECASE)
_TERM = re.compile(r'("?)([^\s()"<>=!:]+)\1(:?(?:<=|>=|!=|[<>=])|:)')
_WORDS = (
    ("has:", "the field is known"),
    ("missing:", "the field is not known"),
    ("not:", "leaves out what follows"),
)
_LIKELY: dict[str, tuple[tuple[str, str], ...]] = {
    "date": (
        ("<30d", "within 30 days"),
        ("<90d", "within 90 days"),
        ("<today", "over"),
        (">-30d", "in the last 30 days or ahead"),
    ),
    "days": (("<0", "over"), ("<14d", "within two weeks"), ("<90d", "within 90 days")),
    "flag": (("yes", ""), ("no", "")),
}


@dataclass(frozen=True, slots=True)
class Completion:
    """One way to go on: `text` takes the place of the query's characters from `start` to `end`."""

    text: str
    start: int
    end: int
    help: str = ""


def complete(text: str, cursor: int, index: Index) -> list[Completion]:
    """The completions at the cursor, the best first: fields while a name is typed, values behind its sign."""
    token = next((m for m in _TOKEN.finditer(text) if m.start() <= cursor <= m.end()), None)
    start, end = (token.start(), token.end()) if token else (cursor, cursor)
    if negated := _NEGATION.match(text, start, cursor):
        start = negated.end()
    typed = text[start:cursor]
    term = _TERM.match(typed)
    if term is None:
        found = _fields(typed, start, end, index, ":")
        words = [Completion(w, start, end, h) for w, h in _WORDS if w.startswith(typed.casefold()) and w != typed]
        return (found + words)[:MOST]
    name, op, value_at = term[2], term[3], start + term.end()
    if op == ":" and name.lower() in ("has", "missing"):
        return _fields(text[value_at:cursor], value_at, end, index, "")[:MOST]
    field = index.spellings.get(spelled(name))
    return _values(field, op, text[value_at:cursor], value_at, end, index)[:MOST] if field else []


def _fields(typed: str, start: int, end: int, index: Index, tail: str) -> list[Completion]:
    """Fields that begin with what was typed, then those with an alias or a later word that does."""
    wanted = spelled(typed)
    first: list[Completion] = []
    later: list[Completion] = []
    for field in index.fields.values():
        offer = Completion(field_name(field.name) + tail, start, end, field.help)
        if spelled(field.name).startswith(wanted):
            first.append(offer)
        elif wanted and any(wanted in spelled(name) for name in (field.name, *field.aliases)):
            later.append(offer)
    return first + later


def _values(field: Field, op: str, typed: str, start: int, end: int, index: Index) -> list[Completion]:
    if field.kind in _LIKELY:
        likely = [(value if op == ":" else value.lstrip("<>"), help_) for value, help_ in _LIKELY[field.kind]]
        return [Completion(v, start, end, h) for v, h in likely if v.startswith(typed) and v != typed]
    if field.kind not in ("text", "set"):
        return []
    listed = typed.rpartition(",")[0] if not typed.startswith('"') else ""
    start += len(listed) + 1 if listed else 0
    wanted = typed[len(listed) + 1 if listed else 0 :].strip('"').casefold()
    # a field that must be decoded or decided is looked up for what is in use only
    hits = range(len(index.rows) if field.cheap else len(index.rows_in_use()))
    counted = dict(index.counts(field.name, hits))
    values = dict.fromkeys((*counted, *field.choices))
    fitting = sorted((v for v in values if wanted in v.casefold()), key=lambda v: not v.casefold().startswith(wanted))
    return [Completion(_value(v), start, end, f"{n} rows" if (n := counted.get(v)) else "") for v in fitting]


def _value(value: str) -> str:
    return field_term("x", ":", value).removeprefix("x:")
