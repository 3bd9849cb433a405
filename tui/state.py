"""What the screens paint from: one look at the catalog for one day, made off the event loop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from store.catalog import Catalog
from store.records import Snapshot
from store.review.attention import Finding, attention
from store.review.freshness import Freshness, freshness
from store.review.status import AssignmentStatus, running_upgrades, status
from store.search import Index, heads_of


@dataclass(frozen=True, slots=True)
class View:
    """The catalog as of `today`: records, search index, findings and the age of what they rest on.

    `statuses` holds, by uid, where each assignment in use stands.
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


def look(catalog: Catalog, today: date) -> View:
    """Take one look; takes some milliseconds for thousands of versions, so call it in a worker."""
    records = catalog.snapshot()
    running = running_upgrades(records)
    rows = {a.uid: status(a, records, today, running=running) for a in records.assignments if a.in_use}
    findings = attention(records, today)
    index = Index(records, today, heads_of(catalog.raw_versions()))
    return View(records, today, index, tuple(findings), freshness(records, today, rows.values()), rows)
