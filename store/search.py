"""The catalog's index: rows, what a query finds among them, in what order, and how many of each kind.

Plain words search one casefolded text per row and narrow what the last query found while somebody types; fields that
need a decoded record or a decision are read only for the rows that are left. Orders are worked out once and filtered,
so a keystroke never sorts. Reading may go on in a thread while the event loop takes in a commit: what was worked out
for rows that changed meanwhile is given, but not remembered.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias

from store.fields import FIELDS, Field, Value, metric_field, natural, spellings
from store.matching import compares, nearly, predicate, sort_key
from store.ordering import Column, arranged
from store.query import And, Compare, Has, Node, Not, Or, Query, QueryError, Word, conjuncts, parse
from store.records import Assignment, Snapshot
from store.review.attention import Finding, attention
from store.review.status import AssignmentStatus, Running, running_upgrades
from store.row_table import Rows, Versions
from store.row_values import GETTERS, metric_value, row_json
from store.rows import Head, Row, assignment_row, head_of, heads_of, parts_of, version_row

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

_PARTS = ("provider", "model", "version")
"""What a key consists of, in the order in which keys sort."""

SWIFT = 5_000
"""Up to so many rows every order, filter and count is made well within a frame; more are left to a thread."""

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
        named = {key: key for key in snapshot.versions}  # the one text of a key that the catalog holds already
        by_key = {named.get(head.key, head.key): head for head in heads}
        self._columns: dict[str, Column] = {}
        self._orders: dict[Place, list[int]] = {}
        self._last: dict[Place, tuple[Query, list[int]]] = {}
        self._alive: list[int] | None = None
        self._edition = 0
        self._found: dict[str, list[Finding]] | None = None
        self._running: Running | None = None
        self._follow_metrics()
        self._assigned: dict[str, Row] = {}
        self._used = {key: by_key.pop(key, Head(key)) for key in {a.version for a in self._in_use()}}
        self._versions = Versions(by_key)
        self._assign({})
        self.rows = Rows(self._assigned.values(), self._versions, self)

    def _in_use(self) -> Iterator[Assignment]:
        return (a for a in self.snapshot.assignments if a.in_use)

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
        return list(self.rows.used)

    def rows_all(self, include_retired: bool = False) -> list[Row]:
        """The rows in use, then one per version without any; retired ones of these only if asked for."""
        return [self.rows[i] for i in self._base("all", include_retired)]

    def position(self, row_id: str) -> int | None:
        """Where in `rows` the row of an id stands."""
        if not row_id.startswith("v:"):
            return next((i for i, uid in enumerate(self._assigned) if uid == row_id), None)
        at = self._versions.find(row_id[2:])
        return None if at is None else len(self._assigned) + at

    def rows_of(self, key: str) -> list[Row]:
        """The rows of one version: one per assignment in use, or its own."""
        used = [row for row in self._assigned.values() if row.key == key]
        at = None if used else self.position("v:" + key)
        return used if at is None else [self.rows[at]]

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

    def _column(self, name: str) -> Column:
        """A field of all rows, remembered until something changes."""
        column = self._columns.get(name)
        if column is not None:
            return column
        edition, rows, versions, getter = self._edition, self.rows, self._versions, self._getter(name)
        found = [getter(row) for row in rows.used]
        if name == "key":
            found += versions.keys
        elif name in _PARTS:
            at, seen = _PARTS.index(name), dict[str | None, str | None]()
            found += [seen.setdefault(part, part) for part in (parts_of(key)[at] for key in versions.keys)]
        elif self.fields[name].cheap:  # what a version without an assignment answers lies in its traits
            answers = {traits: getter(version_row("", traits, self)) for traits in set(versions.traits)}
            found += [answers[traits] for traits in versions.traits]
        else:
            found += [rows[i].get(name) for i in range(len(rows.used), len(rows))]
        if edition == self._edition:
            self._columns[name] = found
        return found

    def _getter(self, name: str) -> Callable[[Row], Value | None]:
        return GETTERS[name] if name in GETTERS and self.fields[name].cheap else lambda row: row.get(name)

    def _values(self, name: str, hits: Sequence[int]) -> Column:
        """A field of some rows by position; of all of them where it is cheap, or most are asked for."""
        if self.fields[name].cheap or name in self._columns or 2 * len(hits) > len(self.rows) > SWIFT:
            return self._column(name)
        return {i: self.rows[i].get(name) for i in hits}

    def _text(self) -> Column:
        """What words search, by position."""
        texts = self._columns.get("*text")
        if texts is None:
            texts = self._columns["*text"] = [*self._used_texts.values(), *self._versions.texts]
        return texts

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

    def _lives(self, at: int) -> bool:
        """Whether the version at a position is not retired."""
        ends = self._versions.traits[at - len(self.rows.used)].lives_to
        return not ends or ends > self.today.isoformat() or self.rows[at].get("lifecycle") != "retired"

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
            names = [(part, down) for name, down in sort for part in (_PARTS if name == "key" else (name,))]
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

    # ── following the catalog ──

    def update(
        self, snapshot: Snapshot, changed: Iterable[tuple[str, str]], measured: Iterable[str] | None = None
    ) -> None:
        """Take in a commit: rows that it touches are made anew, all others keep what they know.

        Args:
            snapshot: the catalog after the commit.
            changed: table and natural key of what changed (`Changed.records` of the catalog).
            measured: the keys of all versions whose measurements changed; None where that is not known: then every
                row reads its measurements again.
        """
        self._edition += 1
        self.snapshot = snapshot
        by_table: dict[str, set[str]] = {}
        for table, name in changed:
            by_table.setdefault(table, set()).add(name)
        if "metric_definitions" in by_table:
            self._follow_metrics()
        moved = self._follow_versions(by_table.get("versions", set()))
        before = list(self._assigned)
        self._assign(by_table)
        moved = moved or before != list(self._assigned)
        everything = "metric_definitions" in by_table or ("measurements" in by_table and measured is None)
        touched = by_table.get("versions", set()) | set(measured or ())
        for row in self._assigned.values():
            if everything or "upgrades" in by_table or row.key in touched:
                row.forget()
            elif row.known is not None:
                row.known.pop("finding", None)  # what needs a decision follows from everything
        self._found = self._running = None
        self._last.clear()
        if moved or everything:
            self.rows = Rows(self._assigned.values(), self._versions, self)
            self._columns.clear()
            self._orders.clear()
            self._alive = None
        else:
            self._refresh(touched)

    def _follow_versions(self, changed: set[str]) -> bool:
        """Take in changed versions and which are in use; True where rows came, went or changed places."""
        formerly, self._used = self._used, {a.version: Head(a.version) for a in self._in_use()}
        moved = self._used.keys() != formerly.keys()
        for key in self._used:
            if key in changed or key not in formerly:
                record = self.snapshot.versions.get(key)
                self._used[key] = Head(key) if record is None else head_of(record)
            else:
                self._used[key] = formerly[key]
            self._versions.drop(key)
        for key in (changed | formerly.keys()) - self._used.keys():
            record = self.snapshot.versions.get(key)
            moved = (self._versions.drop(key) if record is None else self._versions.put(head_of(record))) or moved
        return moved

    def _assign(self, changed: Mapping[str, set[str]]) -> None:
        """The rows in use: made anew where they or what they name changed."""
        versions, use_cases, served = (changed.get(t, ()) for t in ("versions", "use_cases", "deployments"))
        old, self._assigned = self._assigned, {}
        texts, self._used_texts = getattr(self, "_used_texts", {}), dict[str, str]()
        for a in self._in_use():
            row = old.get(a.uid)
            same = row is not None and row.assignment == a
            if row is None or not same or a.version in versions or a.use_case in use_cases or a.deployment in served:
                row, texts[a.uid] = assignment_row(a, self._used[a.version], self)
            self._assigned[a.uid], self._used_texts[a.uid] = row, texts[a.uid]

    def _refresh(self, touched: set[str]) -> None:
        """Work out anew what the touched versions and the rows in use say; what that leaves as it was stays."""
        self.rows.used[:] = self._assigned.values()
        at = [i for key in touched if (i := self.position("v:" + key)) is not None]
        for i in at:
            self.rows.forget(i)
            if self._alive is not None:
                self._keep_alive(self._alive, i)
        self._columns.pop("*text", None)
        same = {name for name, column in self._columns.items() if self._unchanged(name, column, at)}
        for place in list(self._orders):
            names = {part for name, _ in place[2] for part in (_PARTS if name == "key" else (name,))}
            if not place[2] or not names <= same:
                del self._orders[place]

    def _keep_alive(self, alive: list[int], at: int) -> None:
        place = bisect_left(alive, at)
        there = place < len(alive) and alive[place] == at
        if self._lives(at) != there:
            if there:
                del alive[place]
            else:
                alive.insert(place, at)
            self._orders.clear()

    def _unchanged(self, name: str, column: Column, at: Sequence[int]) -> bool:
        """Bring a remembered column up to date; whether nothing in it changed."""
        getter, same = self._getter(name), True
        for i in (*range(len(self.rows.used)), *at):
            value = getter(self.rows[i])
            if value != column[i]:
                column[i], same = value, False  # type: ignore[index]  # what is remembered are lists
        return same

    def _follow_metrics(self) -> None:
        self.fields = dict(FIELDS)
        for metric in self.snapshot.metrics.values():
            if metric.name not in self.fields:
                self.fields[metric.name] = metric_field(metric.name, metric.title, metric.kind == "money")
        self.spellings = spellings(self.fields.values())
