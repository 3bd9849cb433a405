"""The catalog's index: rows, what a query finds among them, in what order, and how many of each kind.

Plain words search one casefolded text per row and narrow what the last query found while somebody types; fields that
need a decoded record or a decision are read only for the rows that are left. Orders are worked out once and filtered,
so a keystroke never sorts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter, itemgetter
from typing import Any, Literal, TypeAlias

from store.fields import FIELDS, Field, Value, metric_field, natural, spellings
from store.matching import compares, nearly, predicate, sort_key
from store.query import And, Compare, Has, Node, Not, Or, Query, QueryError, Word, conjuncts, parse
from store.records import Snapshot
from store.review.attention import Finding, attention
from store.review.status import AssignmentStatus, Running, running_upgrades
from store.row_values import GETTERS, metric_value, row_json
from store.rows import Head, Row, assignment_row, head_of, heads_of, version_row

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

Decide: TypeAlias = Callable[[Snapshot, date], Sequence[Finding]]
Place: TypeAlias = tuple[Scope, bool, tuple[tuple[str, bool], ...]]
"""A scope, whether retired versions are in it, and an order."""

_BY_KEY = attrgetter("key")

SWIFT = 20_000
"""Up to so many rows every order and filter is made within a frame or two."""

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

    rows: list[Row]
    hits: list[int]
    query: Query
    fuzzy: bool = False
    error: QueryError | None = None

    def __len__(self) -> int:
        return len(self.hits)

    def __getitem__(self, line: int) -> Row:
        return self.rows[self.hits[line]]


class Index:
    """Rows over a snapshot, for one day.

    Args:
        snapshot: the catalog as it is now, decoding on access.
        today: the day that decisions are made for.
        heads: every version's head where they come cheaper than by decoding all versions (`heads_of`).
        decide: gives the list of what needs a decision; the app passes `attention` with what it knows besides.
    """

    def __init__(
        self, snapshot: Snapshot, today: date, heads: Iterable[Head] | None = None, decide: Decide = attention
    ) -> None:
        self.snapshot, self.today = snapshot, today
        self._decide = decide
        if heads is None:
            heads = map(head_of, snapshot.versions.values())
        self._heads = {head.key: head for head in heads}
        self._orders: dict[Place, list[int]] = {}
        self._columns: dict[str, list[Any]] = {}
        self._last: dict[Place, tuple[Query, list[int]]] = {}
        self._found: dict[str, list[Finding]] | None = None
        self._running: Running | None = None
        self._assigned: dict[str, Row] = {}
        self._versions: list[Row] = []
        self._follow_metrics()
        self._assign({})
        used = {row.key for row in self._assigned.values()}
        self._versions = [version_row(head, self) for key, head in self._heads.items() if key not in used]
        self._versions.sort(key=_BY_KEY)
        self._arrange()

    # ── what a row asks ──

    def value(self, row: Row, name: str) -> Value | None:
        """The value of a field or metric for a row; None where unknown."""
        getter = GETTERS.get(name)
        return metric_value(row, name) if getter is None else getter(row)

    def findings(self, row: Row) -> list[Finding]:
        """What needs a decision about the row, its use case or its upgrade, the gravest first."""
        if self._found is None:
            self._found = {}
            for finding in self._decide(self.snapshot, self.today):
                self._found.setdefault(finding.subject, []).append(finding)
        if row.assignment is None:
            return []
        upgrade = row.status.upgrade if isinstance(row.status, AssignmentStatus) else None
        subjects = (row.id, row.assignment.use_case, upgrade.uid if upgrade else "")
        found = [finding for subject in subjects for finding in self._found.get(subject, ())]
        return sorted(found, key=lambda finding: finding.severity)

    def take(self, statuses: Mapping[str, AssignmentStatus]) -> None:
        """Take statuses that were worked out for this snapshot and day, by the assignment's uid."""
        for uid, row in self._assigned.items():
            if uid in statuses:
                row.take(statuses[uid])

    def running(self) -> Running:
        """The open upgrades by use case and version."""
        if self._running is None:
            self._running = running_upgrades(self.snapshot)
        return self._running

    # ── rows ──

    def rows_in_use(self) -> list[Row]:
        """One row per assignment that is not Archived."""
        return self.rows[: len(self._assigned)]

    def rows_all(self, include_retired: bool = False) -> list[Row]:
        """The rows in use, then one per version without any; retired ones of these only if asked for."""
        return [self.rows[i] for i in self._base("all", include_retired)]

    def position(self, row_id: str) -> int | None:
        """Where in `rows` the row of an id stands."""
        if not row_id.startswith("v:"):
            return next((i for i, uid in enumerate(self._assigned) if uid == row_id), None)
        at = bisect_left(self._versions, row_id[2:], key=_BY_KEY)
        found = at < len(self._versions) and self._versions[at].id == row_id
        return len(self._assigned) + at if found else None

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
        rows = self.rows
        query, place = self._placed(query, scope, sort, include_retired)
        before = self._last.get(place)
        start = before[1] if before and query.narrows(before[0]) else self._ordered(*place)
        hits = self._matching(query.node, start)
        if rows is self.rows:  # a worker's answer may come after a commit
            self._last[place] = query, hits
        if hits:
            return Selection(self.rows, hits, query, error=query.error)
        near = self._nearly(query, place) if nearly else []
        return Selection(self.rows, near, query, fuzzy=bool(near), error=query.error or query.hint)

    def is_quick(self, query: str, scope: Scope, sort: Sort) -> bool:
        """Whether `select` answers within a frame: few rows, or nothing to decode and the order is known already."""
        if len(self.rows) <= SWIFT:
            return True
        parsed, place = self._placed(query, scope, sort, False)
        known = self._last.get(place)
        return place in self._orders and (self._effort(parsed.node) < 2 or (known is not None and known[0] == parsed))

    def _placed(self, query: Query | str, scope: Scope, sort: Sort, include_retired: bool) -> tuple[Query, Place]:
        if isinstance(query, str):
            query = parse(query, self.spellings)
        retired = include_retired or any(term.field == "lifecycle" for term in compares(query.node))
        return query, (scope, retired, tuple(sort))

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

    def _column(self, name: str) -> list[Any]:
        """A cheap field of all rows, remembered until something changes."""
        column = self._columns.get(name)
        if column is None:
            rows, getter = self.rows, GETTERS[name]
            column = [getter(row) for row in rows]
            if rows is self.rows:
                self._columns[name] = column
        return column

    def _matching(self, node: Node, hits: list[int]) -> list[int]:
        """Those of the hits for which the node holds, in their order."""
        rows = self.rows
        match node:
            case Word(text):
                word, texts = text.casefold(), self._texts
                return [i for i in hits if word in texts[i]]
            case Compare(name):
                return self._comparing(node, self.fields[name], hits)
            case Has(name):
                return [i for i in hits if rows[i].get(name) not in (None, False)]
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
        rows, test = self.rows, predicate(term, field, self.today)
        if not field.cheap:
            return [i for i in hits if (v := rows[i].get(field.name)) is not None and test(v)]
        column = self._column(field.name)
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
        return nearly(words, ((i, self._texts[i]) for i in self._matching(rest, self._ordered(*place))))

    # ── order ──

    def _base(self, scope: Scope, retired: bool) -> list[int]:
        used = len(self._assigned)
        if scope == "in_use":
            return list(range(used))
        if retired:
            return list(range(len(self.rows)))
        versions = enumerate(self._versions, used)
        day = self.today.isoformat()
        alive = [
            i
            for i, row in versions
            if not row.head.lives_to or row.head.lives_to > day or row.get("lifecycle") != "retired"
        ]
        return [*range(used), *alive]

    def _ordered(self, scope: Scope, retired: bool, sort: tuple[tuple[str, bool], ...]) -> list[int]:
        """The rows of a scope in an order, remembered until something changes."""
        place = (scope, retired, sort)
        if place in self._orders:
            return self._orders[place]
        rows = self.rows
        if not sort:
            base = self._base(scope, retired)
            used = len(self._assigned)
            order = sorted(base[:used], key=self._urgency) + base[used:]
            if rows is self.rows:
                self._orders[place] = order
            return order
        order = self._ordered(scope, retired, ())
        for name, descending in reversed(sort):
            # a key sorts as its parts do, of which far fewer differ
            for part in ("version", "model", "provider") if name == "key" else (name,):
                order = self._sorted(order, self.fields[part], descending)
        if rows is self.rows:
            self._orders[place] = order
        return order

    def _sorted(self, order: list[int], field: Field, descending: bool) -> list[int]:
        """Sort stably by one field: its distinct values are ranked once, the rows by rank."""
        rows, column = self.rows, self._column(field.name) if field.cheap else None
        values = [column[i] for i in order] if column is not None else [rows[i].get(field.name) for i in order]
        known = sorted({v for v in values if v is not None}, key=sort_key(field), reverse=descending)
        rank: dict[Value | None, int] = {value: number for number, value in enumerate(known)}
        rank[None] = len(known)
        return [i for _, i in sorted(zip((rank[v] for v in values), order, strict=True), key=itemgetter(0))]

    def _urgency(self, number: int) -> tuple[int, float, Any]:
        row = self.rows[number]
        found = self.findings(row)
        start_in = row.get("start_in")
        worst = found[0].severity if found else CALM
        return worst, start_in if isinstance(start_in, float) else float("inf"), natural(f"{row.use_case} {row.key}")

    # ── following the catalog ──

    def update(
        self, snapshot: Snapshot, changed: Iterable[tuple[str, str]], measured: Iterable[str] | None = None
    ) -> None:
        """Take in a commit: rows that it touches are made anew, all others keep what they know.

        Args:
            snapshot: the catalog after the commit.
            changed: table and natural key of what changed (`Changed.records` of the catalog).
            measured: the keys of all versions whose measurements changed; None where that is not known, as after a
                deletion: then every row reads its measurements again.
        """
        self.snapshot = snapshot
        by_table: dict[str, set[str]] = {}
        for table, name in changed:
            by_table.setdefault(table, set()).add(name)
        keys = by_table.get("versions", set())
        for key in keys:
            record = snapshot.versions.get(key)
            if record is None:
                self._heads.pop(key, None)
            else:
                self._heads[key] = head_of(record)
        if "metric_definitions" in by_table:
            self._follow_metrics()
        formerly = {row.key for row in self._assigned.values()}
        self._assign(by_table)
        used = {row.key for row in self._assigned.values()}
        touched = keys | (formerly ^ used)
        for key in touched:
            at = bisect_left(self._versions, key, key=_BY_KEY)
            if at < len(self._versions) and self._versions[at].key == key:
                del self._versions[at]
            if key in self._heads and key not in used:
                self._versions.insert(at, version_row(self._heads[key], self))
        self._forget(by_table, None if measured is None else set(measured))
        self._arrange()

    def _assign(self, changed: Mapping[str, set[str]]) -> None:
        """The rows in use: made anew where they or what they name changed."""
        versions, use_cases, served = (changed.get(t, ()) for t in ("versions", "use_cases", "deployments"))
        old, self._assigned = self._assigned, {}
        for a in self.snapshot.assignments:
            if not a.in_use:
                continue
            row = old.get(a.uid)
            same = row is not None and row.assignment == a
            if row is None or not same or a.version in versions or a.use_case in use_cases or a.deployment in served:
                row = assignment_row(a, self._heads.get(a.version) or Head(a.version), self)
            self._assigned[a.uid] = row

    def _forget(self, by_table: dict[str, set[str]], measured: set[str] | None) -> None:
        """Drop what rows know that may have changed with another table's record."""
        if "metric_definitions" in by_table or ("measurements" in by_table and measured is None):
            for row in (*self._assigned.values(), *self._versions):
                row.forget()
        elif measured:
            for row in (*self._assigned.values(), *self._versions):
                if row.key in measured:
                    row.forget()
        if "upgrades" in by_table:
            for row in self._assigned.values():
                row.forget()

    def _follow_metrics(self) -> None:
        self.fields = dict(FIELDS)
        for metric in self.snapshot.metrics.values():
            if metric.name not in self.fields:
                self.fields[metric.name] = metric_field(metric.name, metric.title, metric.kind == "money")
        self.spellings = spellings(self.fields.values())

    def _arrange(self) -> None:
        self.rows = [*self._assigned.values(), *self._versions]
        self._texts = [row.text for row in self.rows]
        self._orders.clear()
        self._last.clear()
        self._columns.clear()
        self._found = self._running = None
