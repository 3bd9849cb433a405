"""What a query means for a row: the test of one comparison, and values in an order that puts v2 before v10."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

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
