"""What a query means: the test of one comparison, words that nearly match, and the key that values sort by."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from store.fields import Field, Value, literal, natural
from store.query import And, Compare, Has, Node, Not, Or


def compares(nodes: Node) -> Iterator[Compare | Has]:
    """Every field term inside, in the order of the text."""
    match nodes:
        case Compare() | Has():
            yield nodes
        case Not(inner):
            yield from compares(inner)
        case And(parts) | Or(parts):
            for part in parts:
                yield from compares(part)


def predicate(term: Compare, field_: Field, today: date) -> Callable[[Value], bool]:
    """The test of one comparison for a known value of its field."""
    wanted = literal(field_, term.value, today)
    op = term.op
    if isinstance(wanted, tuple):
        first, last = wanted
        return _ordered(op, first, last)
    if isinstance(wanted, bool):
        return (lambda v: v is not wanted) if op == "!=" else (lambda v: v is wanted)
    if isinstance(wanted, float):
        return _ordered(op, wanted, wanted)
    if field_.kind == "set":
        return _in_set(op, wanted)
    return _text(op, wanted, bool(field_.choices))


def _ordered(op: str, first: date | float, last: date | float) -> Callable[[Value], bool]:
    """Compare with a span: before it, after it, inside it."""
    tests: dict[str, Callable[..., bool]] = {
        "<": lambda v: v < first,
        "<=": lambda v: v <= last,
        ">": lambda v: v > last,
        ">=": lambda v: v >= first,
        "!=": lambda v: not first <= v <= last,
    }
    return tests.get(op, lambda v: first <= v <= last)


def _text(op: str, wanted: str, choice: bool) -> Callable[[Value], bool]:
    if choice:
        wanted = _plain(wanted)
    fold: Callable[[str], str] = _plain if choice else str.casefold
    edge = natural(wanted)
    tests: dict[str, Callable[..., bool]] = {
        "=": lambda v: fold(v) == wanted,
        "!=": lambda v: fold(v) != wanted,
        "<": lambda v: natural(v) < edge,
        "<=": lambda v: natural(v) <= edge,
        ">": lambda v: natural(v) > edge,
        ">=": lambda v: natural(v) >= edge,
    }
    contains: Callable[..., bool] = (lambda v: fold(v).startswith(wanted)) if choice else (lambda v: wanted in fold(v))
    return tests.get(op, contains)


def _in_set(op: str, wanted: str) -> Callable[[Value], bool]:
    member = _text("=" if op == "!=" else op, wanted, choice=False)
    if op == "!=":
        return lambda values: not any(member(v) for v in _members(values))
    return lambda values: any(member(v) for v in _members(values))


def _members(values: Value) -> tuple[str, ...]:
    return values if isinstance(values, tuple) else ()


def _plain(word: str) -> str:
    return word.casefold().replace("_", " ").replace("-", " ")


# ── nearly matching words ─────────────────────────────────────────────────────────────────────────────────────────

_LONGEST_GAP = 3


def nearly(words: Sequence[str], candidates: Iterable[tuple[int, str]]) -> list[int]:
    """The candidates that hold every word's letters in order with short gaps, the tightest first (gpt4o, gpt-4o).

    A gap never spans the letter looked for, so that the search stays linear in the text.
    """
    patterns = [_letters(word.casefold()) for word in words]
    found: list[tuple[int, int]] = []
    for number, text in candidates:
        spans = [pattern.search(text) for pattern in patterns]
        if all(spans):
            found.append((sum(m.end() - m.start() for m in spans if m), number))
    # sorting is stable and candidates come in the list's order, which decides between equals
    return [number for _, number in sorted(found, key=lambda pair: pair[0])]


def _letters(word: str) -> re.Pattern[str]:
    first, *rest = (re.escape(letter) for letter in word)
    return re.compile(first + "".join(rf"[^{letter}\n]{{0,{_LONGEST_GAP}}}{letter}" for letter in rest))


# ── order ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def sort_key(field: Field) -> Callable[[Value], Any]:
    """The key that known values of a field sort by: words naturally, choices in their own order."""
    if field.kind == "set":
        return lambda values: [natural(v) for v in _members(values)]
    if field.kind != "text":
        return lambda value: value
    if not field.choices:
        return lambda value: natural(str(value))
    rank = {choice: number for number, choice in enumerate(field.choices)}
    return lambda value: (rank.get(str(value), len(rank)), natural(str(value)))
