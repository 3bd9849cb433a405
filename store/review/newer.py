"""Newer versions of the models in use: one that is better by the headline, one that just came out (DECISIONS 4a)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from store.records import Key, Snapshot, Version, release_day
from store.review.figures import finite, headline, measured_day, newest
from store.review.ledger import spoken
from store.review.session import reviewed_on
from store.review.status import AssignmentStatus

Siblings = Mapping[str, Sequence[str]]
"""The keys of all versions of a model, by `stem`."""


def siblings(records: Snapshot, rows: Sequence[AssignmentStatus]) -> Siblings:
    """All versions of the models in use."""
    found: dict[str, list[str]] = {stem(row.version.key): [] for row in rows if row.version is not None}
    if found:
        for key in records.versions:  # `stem`, without a call for each of 100,000
            known = found.get(key.rpartition("@")[0] or key)
            if known is not None:
                known.append(key)
    return found


def stem(key: str) -> str:
    """A key without its version."""
    return key.rpartition("@")[0] or key


def better(row: AssignmentStatus, records: Snapshot, others: Siblings) -> tuple[str, str] | None:
    """The best of the newer versions of an own model that beats what runs on the headline (DECISIONS 4), with why.

    What was measured up to the last review was seen by it: then it was said why not.
    """
    version = row.version
    if version is None or not version.own:
        return None
    shown = headline(version.key, records.measurements, records.metrics, row.use_case)
    if shown is None or shown[0].direction == "none":
        return None
    metric, ours = shown
    reviewed = reviewed_on(row.use_case) or date.min
    sign, best = (1 if metric.direction == "up" else -1), None
    for key in others.get(stem(version.key), ()):
        theirs = newest(m for m in records.measurements.get(key, ()) if m.series == ours.series)
        value = finite(theirs.value) if theirs is not None else None
        if theirs is None or value is None or not _is_newer(key, version, records):
            continue
        gain = sign * (value - ours.value)
        unseen = (measured_day(theirs) or date.max) > reviewed
        if gain > 0 and unseen and (best is None or gain > best[0]):
            best = gain, key, value
    if best is None:
        return None
    _, key, value = best
    name = metric.title or metric.name
    return key, f"{key} has {name} {value * metric.scale:.4g}, Production has {ours.value * metric.scale:.4g}."


def released(
    row: AssignmentStatus, records: Snapshot, others: Siblings, today: date, since: date | None
) -> tuple[str, str, date] | None:
    """The newest version of the same model that came out after `since` and was not tried or chosen here before, with
    why and its day."""
    version, name = row.version, row.assignment.use_case
    if version is None or since is None:
        return None
    known = {a.version for a in records.assignments if a.use_case == name}
    if row.upgrade is not None:
        known.add(row.upgrade.to_version)
    day_of = records.released or (lambda key: _release_day(records.versions[key]))
    ours, found = release_day(version.value("release_date")), []
    for key in others.get(stem(version.key), ()):
        day = None if key in known else day_of(key)
        if day is not None and since < day <= today and (ours is None or ours < day):
            found.append((day, key))
    if not found:
        return None
    day, key = max(found)
    more = f"; {len(found) - 1} more came since" if len(found) > 1 else ""
    return key, f"{key} was released on {spoken(day)}{more}.", day


def _release_day(version: Version) -> date | None:
    """The day of its release, None for an alias."""
    return None if version.alias_of else release_day(version.value("release_date"))


def _is_newer(key: str, than: Version, records: Snapshot) -> bool:
    """By number where both versions are numbers, else by release; not known is not newer."""
    ours, theirs = than.version or "", Key.parse(key).version or ""
    if ours.isdecimal() and theirs.isdecimal():
        return int(theirs) > int(ours)
    said, other = than.value("release_date"), records.versions[key].value("release_date")
    return isinstance(said, str) and isinstance(other, str) and other > said
