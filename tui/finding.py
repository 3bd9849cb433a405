"""What the catalog asks its index at a keystroke and what it answers: one step without a widget, fit for a thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found, and the counts of the facets."""

    found: Selection
    counts: Counts


def answered(index: Index, asked: Asked, *, nearly: bool) -> Answer:
    """Ask the index; `nearly` looks for what nearly matches where nothing does, which takes seconds in many rows."""
    from store.fields import FIELDS

    found = index.select(asked.query, asked.scope, asked.sort, nearly=nearly)
    counts = {}
    for facet in asked.facets:
        hits = found.hits
        if facet in asked.widened:
            hits = index.select(asked.widened[facet], asked.scope, asked.sort, nearly=False).hits
        if FIELDS[facet].cheap or facet in asked.widened or len(hits) <= MOST_DECODED:
            counts[facet] = index.counts(facet, hits)
    return Answer(found, counts)
