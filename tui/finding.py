"""What the catalog asks its index at a keystroke, and then for its side pane: no widget, fit for a thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from store.values import dataclass

if TYPE_CHECKING:
    from store.search import Index, Scope, Selection

Counts = Mapping[str, Sequence[tuple[str, int]]]
"""By facet, how many rows hold each value, the most frequent first."""

MOST_DECODED = 1_000
"""Above so many hits a facet whose values need decoded records would cost more than a frame; it is left out."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A query in a scope and an order. `widened` is, per ticked facet, the query without its own ticks.

    `facets` are counted, of these the ticked ones as if they were not ticked, so that they can be widened.
    """

    query: str
    scope: Scope
    sort: tuple[tuple[str, bool], ...]
    widened: Mapping[str, str]
    facets: Sequence[str]


def found(index: Index, asked: Asked, *, nearly: bool) -> Selection:
    """Ask the index; `nearly` looks for what nearly matches where nothing does, which takes seconds in many rows."""
    return index.select(asked.query, asked.scope, asked.sort, nearly=nearly)


def counted(index: Index, asked: Asked, hits: Selection, wanted: Callable[[], bool]) -> Counts | None:
    """The counts of the facets; None when they are not `wanted` any more, which is asked before each."""
    from store.fields import FIELDS

    counts: dict[str, Sequence[tuple[str, int]]] = {}
    for facet in asked.facets:
        if not wanted():
            return None
        query = asked.widened.get(facet, asked.query)
        if hits.fuzzy and facet not in asked.widened:
            counts[facet] = index.counts(facet, hits.hits)
        elif FIELDS[facet].cheap or facet in asked.widened or len(hits) <= MOST_DECODED:
            counts[facet] = index.counts_of(facet, query, asked.scope)
    return counts
