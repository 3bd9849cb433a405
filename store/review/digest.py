"""What happened since a day, for somebody who was away: what was done, what moved, what is new, what waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from store.records import Event, Fact, Json, Snapshot, Version, best_fact, first_day, from_doc
from store.review.agenda import Due, agenda
from store.review.attention import Finding, attention
from store.review.checks import inputs_now
from store.review.ledger import ledger
from store.values import dataclass

AHEAD = 14
"""Days ahead whose due days a digest names."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A fact or date of a version in use that is another one now; None where none was known."""

    key: str
    field: str
    before: Json
    after: Json
    source: str


@dataclass(frozen=True, slots=True)
class Digest:
    """Everything since a day, that day left out. `fresh` are the findings that could not have been made on it."""

    since: date
    today: date
    events: tuple[Event, ...]
    moved: tuple[Moved, ...]
    released: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]
    fresh: frozenset[tuple[str, str]]
    due: tuple[Due, ...]


def digest(records: Snapshot, events: Iterable[Event], today: date, since: date) -> Digest:
    """Put together what a person would have seen, looking every day.

    Args:
        records: what is known now.
        events: the history.
        today: the last day of the digest.
        since: the day that was seen last.
    """
    used = {a.version: a for a in records.assignments if a.in_use}
    later = tuple(e for e in events if since.isoformat() < e.at[:10] <= today.isoformat())
    versions = [v for key in sorted(used) if (v := records.versions.get(key)) is not None]
    moved = [
        *(m for v in versions for m in _dates(v, records, used[v.key].deployment, today, since)),
        *_facts(later, used),
    ]
    now = attention(records, today, since, inputs=lambda upgrade: inputs_now(upgrade, records, today))
    then = {(f.kind, f.subject) for f in attention(records, since, since)}
    last = today + timedelta(days=AHEAD)
    return Digest(
        since,
        today,
        later,
        tuple(moved),
        tuple(sorted(_released(records, versions, today, since))),
        tuple(now),
        frozenset((f.kind, f.subject) for f in now if (f.kind, f.subject) not in then),
        tuple(d for d in agenda(records, today) if today <= d.day <= last),
    )


def _dates(version: Version, records: Snapshot, place: str, today: date, since: date) -> Iterator[Moved]:
    where = records.deployments.get(place)
    before = ledger(version, today, where, known_until=since).effective
    after = ledger(version, today, where).effective
    if after is not None and (before is None or before.value != after.value):
        yield Moved(version.key, "retires", before.value if before else None, after.value, after.source)


def _facts(events: Iterable[Event], used: Iterable[str]) -> Iterator[Moved]:
    """Prices, limits and labels of what is in use that another value counts for now."""
    keys = set(used)
    first: dict[tuple[str, str], Json] = {}
    last: dict[tuple[str, str], Json] = {}
    for event in events:
        for change in event.changes:
            if change.table == "versions" and change.key in keys and change.field.startswith("facts."):
                at = (change.key, change.field.removeprefix("facts."))
                first.setdefault(at, change.before)
                last[at] = change.after
    for at, after in sorted(last.items(), key=lambda pair: pair[0]):
        was, now = _claim(first[at]), _claim(after)
        before, value = (None if c is None else c.value for c in (was, now))
        if before != value:
            yield Moved(*at, before, value, now.source if now else "")


def _claim(claims: Json) -> Fact | None:
    if not isinstance(claims, list):
        return None
    try:
        return best_fact(tuple(from_doc(Fact, doc) for doc in claims if isinstance(doc, dict)))
    except ValueError:
        return None  # an event that was edited by hand says nothing


def _released(records: Snapshot, versions: Iterable[Version], today: date, since: date) -> Iterator[tuple[str, str]]:
    """Versions of the models in use that came out since: (day, key)."""
    stems = {version.key.rpartition("@")[0] or version.key for version in versions}
    for key in records.versions:
        if (key.rpartition("@")[0] or key) in stems:
            said = records.versions[key].value("release_date") or records.versions[key].value("created")
            try:
                day = first_day(said) if isinstance(said, str) else None
            except ValueError:
                continue  # an imported fact may say anything
            if day is not None and since < day <= today:
                yield day.isoformat(), key
