"""Every shipped template against every pair of the reference to which it applies.

A pair applies where `u` would offer the new version for the old one: both pinned, of the same kind (where both say
one), the new one neither deprecated nor retired on the day; at the same provider or at another. A template applies to a
pair where some deployment and use case make its context fit: any Azure deployment type for a version on Azure, a
fine-tune of anything, low criticality for `short`; what has open weights may also be our own.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest

from store import reference
from store.records import Deployment, Item, Json, UseCase, Version, from_doc
from store.review.breakage import break_risks, risk_items
from store.review.checklist import instantiate
from store.review.conditions import names_in, parse
from store.review.context import context
from store.review.lifecycle import lifecycle
from store.review.plan import PHASES, Plan, deadline, plan

TODAY = date(2026, 11, 23)
SKUS = ("Standard", "GlobalStandard", "GlobalProvisionedManaged", "GlobalBatch")
PLACES = [Deployment("d", "d", platform="azure", sku=sku) for sku in SKUS]
TUNED = Deployment("d", "d", fine_tuned=True)


@functools.cache
def pinned() -> list[Version]:
    return [v for v in (from_doc(Version, doc) for doc in reference.version_docs()) if not v.alias_of]


@functools.cache
def alive() -> list[tuple[Json, Version]]:
    """With their kind."""
    return [(v.value("kind"), v) for v in pinned() if lifecycle(v, TODAY).status not in ("deprecated", "retired")]


def offered(old: Version) -> list[Version]:
    kind = old.value("kind")
    return [new for other, new in alive() if new.key != old.key and (None in (kind, other) or kind == other)]


def hosted(known: list[Version]) -> list[Version]:
    """Those with open weights, as if they ran on our own machines."""
    return [replace(v, own=True, observations=()) for v in known if v.value("open_weights")]


def places_of(name: str, old: Version) -> list[Deployment | None]:
    """Where the old version could run, as far as a template asks."""
    if name == "fine-tuned":
        return [TUNED]
    return [None, *PLACES] if old.provider.startswith("azure") else [None]


def check(items: dict[str, Item], way: Plan | None) -> None:
    """Due dates follow the order, within each phase and from phase to phase; none lies in the past."""
    assert len(items) >= 5
    assert {item.due is None for item in items.values()} == {way is None}
    by_phase = [[i.due for i in items.values() if i.phase == phase and i.due] for phase in PHASES]
    for days in by_phase:
        assert all(one <= other for one, other in pairwise([TODAY, *days]))
    ends = [days[-1] for days in by_phase if days]
    assert ends == sorted(ends)


@pytest.mark.parametrize("step", [29, pytest.param(1, marks=pytest.mark.soak)])
@pytest.mark.parametrize("name", sorted(reference.templates()))
def test_every_template_against_every_pair_that_it_applies_to(name: str, step: int) -> None:
    template = reference.templates()[name]
    use_case = UseCase("u", "u", criticality="low" if name == "short" else None)
    pool, ids = template.items(), {item.id for item in template.items()}
    names = sorted(frozenset().union(*(names_in(parse(item.applies_when)) for item in pool)))
    olds = hosted(pinned()) if name == "self-hosted" else pinned()
    seen: set[object] = set()
    made = 0
    for n, old in enumerate(olds[::step]):
        news = (hosted(offered(old)) if name == "self-hosted" else offered(old))[n % step :: step]
        for place in places_of(name, old):
            last = deadline(old, place, TODAY)
            way = None
            if last is not None:
                way = plan(last.day, TODAY, criticality=use_case.criticality, base=template.durations)
            for new in news:
                values = context(use_case, old, new, place)
                if reference.template_for(values, {name: template}) != name:
                    continue
                made += 1
                risks = risk_items(break_risks(old, new, use_case=use_case, deployment=place), ids)
                # the same days, facts and risks give the same checklist: each of them is made once
                alike = (last and last.day, *(repr(values[n]) for n in names), *(item.id for item in risks))
                if alike not in seen:
                    seen.add(alike)
                    check(instantiate([*pool, *risks], values, way, TODAY), way)
    assert made >= (1 if step > 1 else 1000)


def test_the_pairs_are_those_that_u_offers() -> None:
    assert sum(len(offered(old)) for old in pinned()) > 160_000
