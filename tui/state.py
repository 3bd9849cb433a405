"""What the screens paint from: one look at the catalog for one day, made off the event loop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from store.values import dataclass

if TYPE_CHECKING:
    from store.catalog import Catalog, Changed
    from store.records import Snapshot
    from store.review.attention import Finding
    from store.review.freshness import Freshness
    from store.review.status import AssignmentStatus
    from store.search import Index


LARGE = 5_000
"""From so many versions on the first view is of what is in use alone; the rows of all versions follow behind it."""


MANY = 200
"""Above so many changed records it is quicker to make all rows anew than to take in each change."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class View:
    """The catalog as of `today`: records, search index, findings and the age of what they rest on.

    `statuses` holds, by uid, where each assignment in use stands. A view is only ever the same as itself, and never
    written out: Textual describes each worker by its arguments, which would write the whole catalog.
    """

    records: Snapshot
    today: date
    index: Index
    findings: tuple[Finding, ...]
    freshness: Freshness
    statuses: Mapping[str, AssignmentStatus]

    @property
    def in_production(self) -> int:
        """Assignments in stage Production."""
        return sum(a.stage == "Production" for a in self.records.assignments)

    def count(self, kind: str) -> int:
        """Findings of one kind."""
        return Counter(f.kind for f in self.findings)[kind]

    def findings_of(self, subject: str) -> list[Finding]:
        """The findings about one assignment, version, use case or upgrade."""
        return [f for f in self.findings if f.subject == subject]


class Looker:
    """Takes looks at one catalog; between two of them only what changed is made anew.

    `complete` is False after the first look at a large catalog: another one then adds the versions not in use.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._index: Index | None = None
        self.complete = False
        self._findings: list[Finding] = []
        self._since = catalog.began()

    def decide(self, today: date, changed: Changed | None = None) -> Callable[[Changed | None], View]:
        """The slow part, for a worker: statuses and findings; returns the quick part, for the event loop.

        Where `changed` names very many records all rows are made anew here, instead of one after the other there.
        """
        # what decides is imported here, behind the first paint
        from store import review
        from store.artifacts import missing
        from store.review.attention import attention
        from store.review.freshness import freshness
        from store.review.status import running_upgrades, status
        from store.rows import head_of
        from store.search import Index, heads_of

        if self._index is not None:
            self._catalog.read_rest()  # from now on all versions are gone through
        records = self._catalog.snapshot()
        past = today < self._catalog.today
        if past:
            from store.past import as_it_stood

            records = as_it_stood(records, self._catalog.events(), today)
        running = running_upgrades(records)
        rows = {a.uid: status(a, records, today, running=running) for a in records.assignments if a.in_use}
        findings = attention(
            records,
            today,
            self._since,
            inputs=lambda upgrade: review.checks.inputs_now(upgrade, records, today),
            unreachable=missing(records),
            rows=tuple(rows.values()),
        )
        fresh = freshness(records, today, rows.values())
        stale = self._index is None or self._index.today != today
        stale = stale or past or not self.complete or (changed is not None and len(changed.records) > MANY)
        self.complete = self._index is not None or len(records.versions) < LARGE
        heads = heads_of(self._catalog.raw_versions())
        if not self.complete:
            heads = (head_of(row.version) for row in rows.values() if row.version is not None)
        built = Index(records, today, heads, self._decided) if stale else None
        if built is not None:
            built.take(rows)
            self._findings = findings
            built.select("")  # works the first order out here

        def show(changed: Changed | None) -> View:
            self._findings = findings
            if built is not None:
                self._index = built
            elif self._index is not None:
                self._index.update(records, changed.records if changed else (), changed.measured if changed else None)
            assert self._index is not None
            return View(records, today, self._index, tuple(findings), fresh, rows)

        return show

    def _decided(self, _records: Snapshot, _today: date) -> Sequence[Finding]:
        return self._findings
