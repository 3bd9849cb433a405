"""A past day: what we ran, planned and decided as it stood then, with all that is known by now (DESIGN 2).

What others published and what was measured stays as it is today; only `history --at` hides what was learned later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import TypeVar

from store import changes
from store.records import Change, Deployment, Doc, Event, Snapshot, Upgrade, UseCase, from_doc, to_doc
from store.review.rollback import running_on

R = TypeVar("R", UseCase, Deployment, Upgrade)


def as_it_stood(records: Snapshot, events: Sequence[Event], day: date) -> Snapshot:
    """The records with assignments, upgrades, use cases and deployments as they were at the end of a day.

    What runs counts from the day it is in use since, also where that was recorded later; its use case and deployment
    then read as they were added.
    """
    later = [c for e in reversed(events) if date.fromisoformat(e.at[:10]) > day for c in reversed(e.changes)]
    assignments = running_on(day, events, records.assignments)
    users, served = {a.use_case for a in assignments}, {a.deployment for a in assignments}
    use_cases = _rewound(records.use_cases.values(), later, "use_cases", UseCase)
    places = _rewound(records.deployments.values(), later, "deployments", Deployment)
    upgrades = _rewound(records.upgrades.values(), later, "upgrades", Upgrade)
    return replace(
        records,
        assignments=assignments,
        use_cases={u.name: u for u, there in use_cases if there or u.name in users},
        deployments={p.name: p for p, there in places if there or p.name in served},
        upgrades={u.uid: u for u, there in upgrades if there},
    )


def _rewound(now: Iterable[R], later: Iterable[Change], table: str, kind: type[R]) -> list[tuple[R, bool]]:
    """The records before the later changes, which come newest first, and whether each was there already."""
    found = {record.uid: record for record in now}
    docs: dict[str, Doc] = {}
    added: set[str] = set()
    for change in later:
        if change.table != table:
            continue
        doc = docs.get(change.uid)
        if doc is None and change.uid in found:
            doc = to_doc(found[change.uid])
        if change.field == "*":
            (added.add if change.before is None else added.discard)(change.uid)
            doc = change.before or change.after or doc
        elif doc is not None:
            changes.put(doc, change.field, change.before)
        if doc is not None:
            docs[change.uid] = doc
    before = dict(found)
    for uid, doc in docs.items():
        try:
            before[uid] = from_doc(kind, doc)
        except ValueError:
            before.pop(uid, None)  # an event that was edited by hand: what stood there then is not known
    return [(record, uid not in added) for uid, record in before.items()]
