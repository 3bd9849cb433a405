"""A row of the catalog: an assignment in use, or a version that no use case runs.

What a row shows at once is set when it is made; everything that needs a decoded record or a decision is worked out on
first access and remembered, because a list of 100,000 rows shows forty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Protocol

import msgspec

from store.fields import Value
from store.records import Assignment, Deployment, Measurement, Metric, Snapshot, UseCase, Version
from store.review.attention import Finding
from store.review.figures import headline
from store.review.status import AssignmentStatus, Running, VersionStatus, status, version_status
from store.values import dataclass


class Traits(msgspec.Struct, frozen=True, gc=False):
    """What a version's row needs at once besides its key; many versions share the same.

    `lives_to` is the day before which no claim or observation in the record could retire it ("" for never; "0" where
    only decoding tells), so that hiding retired versions need not decode those that live.
    """

    own: bool = False
    tags: tuple[str, ...] = ()
    registry: str = ""
    lives_to: str = "0"


class Head(msgspec.Struct, frozen=True, gc=False):
    """What of a version its row is made of."""

    key: str
    api_ids: tuple[str, ...] = ()
    traits: Traits = Traits()


class _Observed(msgspec.Struct, gc=False):
    kind: str = ""
    value: str = ""


class _StoredHead(msgspec.Struct, gc=False):
    """What a head is made of in the document."""

    key: str
    own: bool = False
    tags: tuple[str, ...] = ()
    api_ids: tuple[str, ...] = ()
    registry: str = ""
    observations: tuple[_Observed, ...] = ()


_decode_head = msgspec.json.Decoder(_StoredHead, strict=False).decode
_LABEL = b'"lifecycle_label"'


def heads_of(documents: Iterable[bytes]) -> Iterator[Head]:
    """The heads of stored versions from their raw JSON, without decoding the rest; unreadable ones are left out."""
    for raw in documents:
        try:
            found = _decode_head(raw)
        except ValueError:
            continue  # the catalog reports documents that it cannot read (`Catalog.broken`)
        ends = (
            "0"
            if _LABEL in raw
            else min([o.value or "0" for o in found.observations if "retire" in o.kind], default="")
        )
        yield Head(found.key, found.api_ids, Traits(found.own, found.tags, found.registry, ends))


def head_of(version: Version) -> Head:
    """The head of a decoded version."""
    ends = min((o.value.isoformat() for o in version.observations if "retire" in o.kind), default="")
    ends = "0" if "lifecycle_label" in version.facts else ends
    return Head(version.key, version.api_ids, Traits(version.own, version.tags, version.registry, ends))


class Lookup(Protocol):
    """What a row asks of the index that it stands in."""

    snapshot: Snapshot
    today: date

    def value(self, row: Row, name: str) -> Value | None:
        """The value of a field."""

    def findings(self, row: Row) -> Sequence[Finding]:
        """What needs a decision about the row, the gravest first."""

    def running(self) -> Running:
        """The open upgrades."""


@dataclass(slots=True, eq=False)
class Row:
    """One line of the catalog. `get` answers for every field; None is unknown.

    `id` is the assignment's uid, or `v:` and the key. Two rows are the same only if they are one object: a changed
    record gets a new row.
    """

    id: str
    key: str
    provider: str
    model: str
    version: str | None
    head: Traits
    lookup: Lookup
    assignment: Assignment | None = None
    known: dict[str, Any] | None = None

    def get(self, name: str) -> Value | None:
        """The value of a field, by its name or a metric's, in the type of its kind; None where it is unknown."""
        known: Value | None = self._remembered(name, self._value)
        return known

    def _value(self, name: str) -> Value | None:
        value = self.lookup.value(self, name)
        return None if value == "" or value == () else value  # an empty word or set is no knowledge

    def _remembered(self, name: str, work_out: Callable[[str], Any]) -> Any:
        known = self.known
        if known is None:  # most rows of a long list are never asked
            known = self.known = {}
        if name not in known:
            known[name] = work_out(name)
        return known[name]

    def take(self, status: AssignmentStatus) -> None:
        """Know the status, which somebody worked out already for the same snapshot and day."""
        self._remembered("*status", lambda _: status)

    def forget(self) -> None:
        """Work everything out anew when it is next asked for."""
        self.known = None

    # ── records ──

    @property
    def record(self) -> Version | None:
        """The version, None where an assignment names one that nobody knows."""
        return self.lookup.snapshot.versions.get(self.key)

    @property
    def use_case(self) -> str | None:
        """The name of the use case."""
        return self.assignment.use_case if self.assignment else None

    @property
    def use_case_record(self) -> UseCase | None:
        """The use case, None for a version that none runs."""
        return self.lookup.snapshot.use_cases.get(self.assignment.use_case) if self.assignment else None

    @property
    def deployment_record(self) -> Deployment | None:
        """Where it is served, None where that is not described."""
        return self.lookup.snapshot.deployments.get(self.assignment.deployment) if self.assignment else None

    # ── decisions ──

    @property
    def status(self) -> AssignmentStatus | VersionStatus | None:
        """Lifecycle, dates, outcome and plan on the index's day; None for a version that cannot be read."""
        found: AssignmentStatus | VersionStatus | None = self._remembered("*status", self._status)
        return found

    def _status(self, _: str) -> AssignmentStatus | VersionStatus | None:
        lookup, record = self.lookup, self.record
        if self.assignment is not None:
            return status(self.assignment, lookup.snapshot, lookup.today, running=lookup.running())
        return None if record is None else version_status(record, lookup.today)

    @property
    def headline(self) -> tuple[Metric, Measurement] | None:
        """The figure that stands for the row (DECISIONS 4)."""
        found: tuple[Metric, Measurement] | None = self._remembered("*headline", self._headline)
        return found

    def _headline(self, _: str) -> tuple[Metric, Measurement] | None:
        snapshot = self.lookup.snapshot
        return headline(self.key, snapshot.measurements, snapshot.metrics, self.use_case_record)


# ── making rows ───────────────────────────────────────────────────────────────────────────────────────────────────


def parts_of(key: str) -> tuple[str, str, str | None]:
    """Provider, model and version of a key."""
    provider, _, rest = key.partition("/")
    model, at, version = rest.rpartition("@")
    if not at:
        model = version
    if "%" in model:
        model = model.replace("%40", "@").replace("%25", "%")
    return provider, model, version if at else None


def searched(head: Head) -> str:
    """What plain words search of a version, casefolded."""
    words = [head.key, *head.api_ids, *head.traits.tags]
    if "%" in head.key:
        words.append(parts_of(head.key)[1])
    return "\n".join(words).casefold()


def version_row(key: str, traits: Traits, lookup: Lookup) -> Row:
    """The row of a version that no use case runs."""
    return Row("v:" + key, key, *parts_of(key), traits, lookup)


def assignment_row(assignment: Assignment, head: Head, lookup: Lookup) -> tuple[Row, str]:
    """The row of an assignment in use, and what is searched of it: also what its use case and deployment are called."""
    row = version_row(head.key, head.traits, lookup)
    use_case = lookup.snapshot.use_cases.get(assignment.use_case)
    deployment = lookup.snapshot.deployments.get(assignment.deployment)
    words = [searched(head), assignment.use_case, assignment.stage, assignment.deployment]
    if use_case is not None:
        words += [use_case.title, use_case.owner, *use_case.tags]
    if deployment is not None:
        words += [deployment.region, deployment.sku, deployment.platform, *deployment.tags]
    row.id, row.assignment = assignment.uid, assignment
    return row, "\n".join(words).casefold()
