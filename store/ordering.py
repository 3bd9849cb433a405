"""Orders of very many values that leave other threads their turns: no single call sorts more than a part of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import merge
from typing import Any, TypeVar

T = TypeVar("T")

Column = Sequence[Any] | Mapping[int, Any]
"""The values of one field by the position of the row; None is unknown."""

TURN = 4_000
"""Values that are sorted in one call, which no other thread can interrupt: about 5 ms."""


def in_turns(values: Iterable[T], key: Callable[[T], Any] = lambda value: value, reverse: bool = False) -> list[T]:
    """The values in the order of their keys, as `sorted` gives them."""
    keyed = [(key(value), number, value) for number, value in enumerate(values)]
    if len(keyed) <= TURN:
        keyed.sort(reverse=reverse)
        return [value for _key, _number, value in keyed]
    parts = [sorted(keyed[start : start + TURN], reverse=reverse) for start in range(0, len(keyed), TURN)]
    return [value for _key, _number, value in merge(*parts, reverse=reverse)]


def arranged(rows: Sequence[int], by: Sequence[tuple[Column, Callable[[Any], Any], bool]]) -> list[int]:
    """Positions in an order, stable; `by` gives column, sort key and descending, the weightiest first.

    Rows are grouped by value and only the values are sorted, of which there are mostly far fewer. Unknown ones stand
    last either way.
    """
    if not by or len(rows) < 2:
        return list(rows)
    (column, key, descending), *rest = by
    groups: defaultdict[Any, list[int]] = defaultdict(list)
    for row in rows:
        groups[column[row]].append(row)
    unknown = groups.pop(None, [])
    found: list[int] = []
    for value in in_turns(groups, key, descending):
        found += arranged(groups[value], rest)
    return found + arranged(unknown, rest)
