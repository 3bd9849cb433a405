"""The rows that the catalog's index holds and what it remembers of them, kept in step with the commits.

Reading may go on in a thread while the event loop takes in a commit: what was worked out for rows that changed
meanwhile is given, but not remembered.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from typing import TypeAlias

from store.fields import FIELDS, Value, metric_field, spellings
from store.ordering import Column
from store.records import Assignment, Snapshot
from store.review.attention import Finding, attention
from store.review.status import AssignmentStatus, Running, running_upgrades
from store.row_table import Rows, Versions
from store.row_values import GETTERS, metric_value
from store.rows import Head, Row, assignment_row, head_of, parts_of, version_row

Decide: TypeAlias = Callable[[Snapshot, date], Sequence[Finding]]

PARTS = ("provider", "model", "version")
"""What a key consists of, in the order in which keys sort."""

SWIFT, SORTED, DECODED = 20_000, 1_500, 300
"""Up to so many rows are searched, put in order, and decoded in less than a frame (12 ms)."""


class RowIndex:
    """Rows over a snapshot, for one day; `store.search` finds among them.

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
        self._of_use: set[str] = set()
        """Remembered columns that are known for no version without an assignment, such as the stage."""
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

    # ── columns ──

    def _column(self, name: str) -> Column:
        """A field of all rows, remembered until something changes."""
        column = self._columns.get(name)
        if column is not None:
            return column
        edition, rows, versions, getter = self._edition, self.rows, self._versions, self._getter(name)
        of_use = False
        found = [getter(row) for row in rows.used]
        if name == "key":
            found += versions.keys
        elif name in PARTS:
            at, seen = PARTS.index(name), dict[str | None, str | None]()
            found += [seen.setdefault(part, part) for part in (parts_of(key)[at] for key in versions.keys)]
        elif self.fields[name].cheap:  # what a version without an assignment answers lies in its traits
            answers = {traits: getter(version_row("", traits, self)) for traits in set(versions.traits)}
            found += [answers[traits] for traits in versions.traits]
            of_use = not any(value is not None for value in answers.values())
        else:
            found += [rows[i].get(name) for i in range(len(rows.used), len(rows))]
        if edition == self._edition:
            self._columns[name] = found
            if of_use:
                self._of_use.add(name)
        return found

    def _getter(self, name: str) -> Callable[[Row], Value | None]:
        return GETTERS[name] if name in GETTERS and self.fields[name].cheap else lambda row: row.get(name)

    def _values(self, name: str, hits: Sequence[int]) -> Column:
        """A field of some rows by position; of all of them where it is cheap, or most are asked for."""
        if self._at_hand(name) or 2 * len(hits) > len(self.rows):
            return self._column(name)
        return {i: self.rows[i].get(name) for i in hits}

    def _at_hand(self, name: str) -> bool:
        """Whether a field's values can be had without decoding a record for each row."""
        return self.fields[name].cheap or name in self._columns

    def _text(self) -> Column:
        """What words search, by position."""
        texts = self._columns.get("*text")
        if texts is None:
            texts = self._columns["*text"] = [*self._used_texts.values(), *self._versions.texts]
        return texts

    def _lives(self, at: int) -> bool:
        """Whether the version at a position is not retired."""
        ends = self._versions.traits[at - len(self.rows.used)].lives_to
        return not ends or ends > self.today.isoformat() or self.rows[at].get("lifecycle") != "retired"

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
        if moved or everything:
            self.rows = Rows(self._assigned.values(), self._versions, self)
            self._columns.clear()
            self._of_use.clear()
            self._alive = None
            self._reorder(frozenset())
        else:
            self._refresh(touched)

    def _reorder(self, same: AbstractSet[str]) -> None:
        """Forget the orders that rest on other fields than those that stayed the same for all rows."""

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
        lived = None if self._alive is None else list(self._alive)
        at = [i for key in touched if (i := self.position("v:" + key)) is not None]
        for i in at:
            self.rows.forget(i)
            if self._alive is not None:
                self._keep_alive(self._alive, i)
        self._columns.pop("*text", None)
        same = {name for name, column in self._columns.items() if self._unchanged(name, column, at)}
        self._reorder(same if lived == self._alive else frozenset())

    def _keep_alive(self, alive: list[int], at: int) -> None:
        place = bisect_left(alive, at)
        there = place < len(alive) and alive[place] == at
        if self._lives(at) != there:
            if there:
                del alive[place]
            else:
                alive.insert(place, at)

    def _unchanged(self, name: str, column: Column, at: Sequence[int]) -> bool:
        """Bring a remembered column up to date; whether nothing in it changed."""
        getter, same = self._getter(name), True
        for i in (*range(len(self.rows.used)), *at):
            value = getter(self.rows[i])
            if value != column[i]:
                self._of_use.discard(name)
                column[i], same = value, False  # type: ignore[index]  # what is remembered are lists
        return same

    def _follow_metrics(self) -> None:
        self.fields = dict(FIELDS)
        for metric in self.snapshot.metrics.values():
            if metric.name not in self.fields:
                self.fields[metric.name] = metric_field(metric.name, metric.title, metric.kind == "money")
        self.spellings = spellings(self.fields.values())
