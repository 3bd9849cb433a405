"""The catalog's index: rows, what a query finds among them, in what order, and how many of each kind.

Plain words search one casefolded text per row and narrow what the last query found while somebody types; fields that
need a decoded record or a decision are read only for the rows that are left. Orders are worked out once and filtered,
so a keystroke never sorts. Reading may go on in a thread while the event loop takes in a commit: what was worked out
for rows that changed meanwhile is given, but not remembered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from itertools import takewhile
from typing import Any, Literal, TypeAlias

from store.fields import FIELDS, Field, natural
from store.matching import compares, nearly, predicate, sort_key
from store.ordering import arranged
from store.query import And, Compare, Has, Node, Not, Or, Query, QueryError, Word, conjuncts, parse
from store.records import Snapshot
from store.review.attention import attention
from store.row_index import DECODED, PARTS, SORTED, SWIFT, Decide, RowIndex
from store.row_values import row_json
from store.rows import Head, Row, heads_of
from store.values import dataclass

__all__ = [
    "FIELDS",
    "Field",
    "Head",
    "Index",
    "Query",
    "QueryError",
    "Row",
    "Scope",
    "Selection",
    "Sort",
    "heads_of",
    "row_json",
]

Scope: TypeAlias = Literal["in_use", "all"]
Sort: TypeAlias = Sequence[tuple[str, bool]]
"""Fields with True for descending, the weightiest first; an unknown value stands last either way."""

Place: TypeAlias = tuple[Scope, bool, tuple[tuple[str, bool], ...]]
"""A scope, whether retired versions are in it, and an order."""

About: TypeAlias = tuple[Query, Scope, bool]
"""What hits are, in whatever order: a query in a scope, with retired versions or without."""

CALM = 99
"""The severity of a row without a finding: behind all others."""

FEWEST_LETTERS = 3
"""Shorter words are not searched for nearly matching ones: everything would match."""


@dataclass(slots=True)
class Selection:
    """What a query found: positions in `rows`, in order.

    `fuzzy` says that nothing matched and that these nearly do. `error` is what of the query could not be read or,
    where nothing was found, the likely slip.
    """

    rows: Sequence[Row]
    hits: list[int]
    query: Query
    fuzzy: bool = False
    error: QueryError | None = None

    def __len__(self) -> int:
        return len(self.hits)

    def __getitem__(self, line: int) -> Row:
        return self.rows[self.hits[line]]


class Index(RowIndex):
    """Rows, what a query finds among them, in what order, and how many of each kind."""

    def __init__(
        self, snapshot: Snapshot, today: date, heads: Iterable[Head] | None = None, decide: Decide = attention
    ) -> None:
        self._orders: dict[Place, list[int]] = {}
        self._last: dict[Place, tuple[Query, list[int]]] = {}
        self._counted: dict[str, tuple[About, list[tuple[str, int]]]] = {}
        super().__init__(snapshot, today, heads, decide)

    def rows_all(self, include_retired: bool = False) -> list[Row]:
        """The rows in use, then one per version without any; retired ones of these only if asked for."""
        return [self.rows[i] for i in self._base("all", include_retired)]

    # ── finding ──

    def select(
        self,
        query: Query | str,
        scope: Scope = "in_use",
        sort: Sort = (),
        include_retired: bool = False,
        nearly: bool = True,
    ) -> Selection:
        """What a query finds, in order.

        Args:
            query: parsed, or its text.
            scope: rows in use, or those and every version without one.
            sort: by which fields; by default what needs a decision first, then by the day to start, unknown last.
            include_retired: in scope "all", also versions that are retired; a query about `lifecycle` finds them too.
            nearly: where nothing matches, look for what nearly does; for many rows that takes seconds.

        Raises:
            KeyError: `sort` names no field; orders typed by a person pass `store.views.parse_sort` first.
        """
        edition = self._edition
        query, place = self._placed(query, scope, sort, include_retired)
        before = self._last.get(place)
        start = before[1] if before and query.narrows(before[0]) else self._ordered(*place)
        hits = self._matching(query.node, start)
        if edition == self._edition:
            self._last[place] = query, hits
        if hits:
            return Selection(self.rows, hits, query, error=query.error)
        near = self._nearly(query, place) if nearly else []
        return Selection(self.rows, near, query, fuzzy=bool(near), error=query.error or query.hint)

    def is_swift(self, query: Query | str, scope: Scope = "in_use", sort: Sort = ()) -> bool:
        """Whether `select` answers in less than a frame, by what is remembered: else it belongs into a thread."""
        query, place = self._placed(query, scope, sort, False)
        rows = len(self.rows.used) if scope == "in_use" else len(self.rows)
        ordered = place in self._orders or (not sort and self._alive is not None)
        asked = [name for name, _ in sort if name != "key"] if not ordered else []
        asked += [term.field for term in compares(query.node)]
        if not all(map(self._at_hand, asked)):
            return rows <= DECODED
        return rows <= (SWIFT if ordered else SORTED)

    def _placed(self, query: Query | str, scope: Scope, sort: Sort, include_retired: bool) -> tuple[Query, Place]:
        if isinstance(query, str):
            query = parse(query, self.spellings)
        retired = include_retired or any(term.field == "lifecycle" for term in compares(query.node))
        return query, (scope, retired, tuple(sort))

    def counts_swiftly(self, hits: Selection) -> bool:
        """Whether all fields of what was found are counted in less than a frame."""
        return len(hits) <= DECODED and len(self.rows) <= SWIFT

    def counts_of(self, facet: str, query: Query | str, scope: Scope = "in_use") -> list[tuple[str, int]]:
        """What `counts` says of all that a query finds; remembered until that changes, whatever the order."""
        edition = self._edition
        query, (_, retired, _) = self._placed(query, scope, (), False)
        about = (query, scope, retired)
        before = self._counted.get(facet)
        if before is not None and before[0] == about:
            return before[1]
        hits: Iterable[int] = self.select(query, scope, nearly=False).hits
        if facet in self._of_use:  # rows in use come first
            hits = takewhile(len(self.rows.used).__gt__, hits)
        found = self.counts(facet, hits)
        if edition == self._edition:
            self._counted[facet] = about, found
        return found

    def counts(self, facet: str, hits: Iterable[int]) -> list[tuple[str, int]]:
        """How many of the hits hold each value of a field, the most frequent first; a set counts for each member."""
        if facet in FIELDS and FIELDS[facet].cheap:
            values: Counter[Any] = Counter(map(self._column(facet).__getitem__, hits))
        else:
            values = Counter(self.rows[i].get(facet) for i in hits)
        found: Counter[str] = Counter()
        for value, count in values.items():  # of which there are few
            for one in value if isinstance(value, tuple) else () if value is None else (str(value),):
                found[one] += count
        return sorted(found.items(), key=lambda pair: (-pair[1], pair[0].casefold()))

    def _matching(self, node: Node, hits: list[int]) -> list[int]:
        """Those of the hits for which the node holds, in their order."""
        match node:
            case Word(text):
                word, texts = text.casefold(), self._text()
                return [i for i in hits if word in texts[i]]
            case Compare(name):
                return self._comparing(node, self.fields[name], hits)
            case Has(name):
                values = self._values(name, hits)
                return [i for i in hits if values[i] not in (None, False)]
            case Not(inner):
                out = set(self._matching(inner, hits))
                return [i for i in hits if i not in out]
            case And(nodes):
                for part in sorted(nodes, key=self._effort):
                    hits = self._matching(part, hits)
                return hits
            case Or(nodes):
                found: set[int] = set()
                for part in nodes:
                    found.update(self._matching(part, [i for i in hits if i not in found]))
                return [i for i in hits if i in found]

    def _comparing(self, term: Compare, field: Field, hits: list[int]) -> list[int]:
        column, test = self._values(field.name, hits), predicate(term, field, self.today)
        values = [column[i] for i in hits]
        # few of them differ: each is judged once
        fits = {value for value in set(values) if value is not None and test(value)}
        return [i for i, value in zip(hits, values, strict=True) if value in fits]

    def _effort(self, node: Node) -> int:
        """What a node costs per row: 0 for words, 1 for what a row holds, 2 for what must be decoded."""
        match node:
            case Word():
                return 0
            case Compare(name) | Has(name):
                return 1 if self.fields[name].cheap else 2
            case Not(inner):
                return self._effort(inner)
            case And(nodes) | Or(nodes):
                return max((self._effort(part) for part in nodes), default=0)

    def _nearly(self, query: Query, place: Place) -> list[int]:
        nodes = conjuncts(query.node)
        words = [node.text for node in nodes if isinstance(node, Word)]
        if not words or min(map(len, words)) < FEWEST_LETTERS:
            return []
        rest = And(tuple(node for node in nodes if not isinstance(node, Word)))
        return nearly(words, ((i, self._text()[i]) for i in self._matching(rest, self._ordered(*place))))

    # ── order ──

    def _base(self, scope: Scope, retired: bool) -> list[int]:
        used = len(self.rows.used)
        if scope == "in_use":
            return list(range(used))
        if retired:
            return list(range(len(self.rows)))
        if self._alive is None:
            edition, alive = self._edition, [i for i in range(used, len(self.rows)) if self._lives(i)]
            if edition != self._edition:
                return [*range(used), *alive]
            self._alive = alive
        return [*range(used), *self._alive]

    def _ordered(self, scope: Scope, retired: bool, sort: tuple[tuple[str, bool], ...]) -> list[int]:
        """The rows of a scope in an order, remembered until something changes."""
        place = (scope, retired, sort)
        order = self._orders.get(place)
        if order is not None:
            return order
        edition = self._edition
        if sort:
            order = self._ordered(scope, retired, ())
            # a key sorts as its parts do, of which far fewer differ
            names = [(part, down) for name, down in sort for part in (PARTS if name == "key" else (name,))]
            order = arranged(order, [(self._values(n, order), sort_key(self.fields[n]), down) for n, down in names])
        else:
            base, used = self._base(scope, retired), len(self.rows.used)
            order = sorted(base[:used], key=self._urgency) + base[used:]
        if edition == self._edition:
            self._orders[place] = order
        return order

    def _urgency(self, number: int) -> tuple[int, float, Any]:
        row = self.rows[number]
        found = self.findings(row)
        start_in = row.get("start_in")
        worst = found[0].severity if found else CALM
        return worst, start_in if isinstance(start_in, float) else float("inf"), natural(f"{row.use_case} {row.key}")

    def _reorder(self, same: AbstractSet[str]) -> None:
        self._last.clear()
        everything = Query()
        self._counted = {f: known for f, known in self._counted.items() if f in same and known[0][0] == everything}
        for place in list(self._orders):
            names = {part for name, _ in place[2] for part in (PARTS if name == "key" else (name,))}
            if not names or not names <= same:
                del self._orders[place]
