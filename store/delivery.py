"""What a source hands over: records of a registry, a file or the shipped reference, whole or page by page."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from itertools import chain

from store.outgoing import SharedUseCase
from store.records import Assignment, Deployment, Json, Measurement, Metric, Upgrade, UseCaseName, Version
from store.values import dataclass

USE_CASE_TAG = "use_case"
"""The one tag that makes an assignment of a deployment or a version; anything else waits in the inbox."""


@contextmanager
def uncollected() -> Iterator[None]:
    """No search for garbage while thousands of records are made, none of which is any; it takes more than the making.

    For a second or two at most: what others throw away meanwhile waits for that long.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a source has: whole records, identified by key (versions), name (deployments, metrics) or uid.

    A registry delivers pages of this; `joined` makes one of them. Records come with `uid=""` (measurements with a
    stable one of their own) and `registry=""`: the engine fills both in. A stage or alias at the source is the fact
    `remote_stage`, never an assignment; `assignments` come only from an explicit tag `use_case`. A deployment that
    no assignment names waits in the inbox.

    Attributes:
        complete: what the source delivered before and does not list now is gone there.
        known_only: a public catalog with thousands of entries: versions that nobody here knows are offered, not added.
        shared: records that several catalogs hold in common, merged field by field (`store.sharing`).
        notes: sentences for the person who decides, such as what was left out and why.
        state: kept with the registry for its next run (`Registry.state`), such as what a fetch may skip.
    """

    versions: Iterable[Version] = ()
    measurements: Iterable[Measurement] = ()
    metrics: Iterable[Metric] = ()
    deployments: Iterable[Deployment] = ()
    assignments: Iterable[Assignment] = ()
    complete: bool = True
    known_only: bool = False
    shared: Iterable[SharedUseCase | Deployment | Upgrade] = ()
    notes: tuple[str, ...] = ()
    state: Mapping[str, Json] = field(default_factory=dict)


def joined(pages: Iterable[Delivery]) -> Delivery:
    """All pages as one delivery; a record that came twice (rows move between pages) counts as it came last."""
    every = list(pages)
    state: dict[str, Json] = {}
    for page in every:
        state |= page.state
    return Delivery(
        versions=list({v.key: v for v in chain.from_iterable(p.versions for p in every)}.values()),
        measurements=list({m.uid: m for m in chain.from_iterable(p.measurements for p in every)}.values()),
        metrics=list({m.name: m for m in chain.from_iterable(p.metrics for p in every)}.values()),
        deployments=list({d.name: d for d in chain.from_iterable(p.deployments for p in every)}.values()),
        assignments=list(
            {
                (a.use_case, a.version, a.deployment): a for a in chain.from_iterable(p.assignments for p in every)
            }.values()
        ),
        complete=all(p.complete for p in every),
        known_only=any(p.known_only for p in every),
        shared=list(chain.from_iterable(p.shared for p in every)),
        notes=tuple(dict.fromkeys(chain.from_iterable(p.notes for p in every))),
        state=state,
    )


def tagged_use_case(tags: Mapping[str, str]) -> str:
    """The use case that a source's tags name, "" where they name none or what they say is no use-case name."""
    wanted = tags.get(USE_CASE_TAG, "").strip()
    return wanted if UseCaseName.fullmatch(wanted) else ""
