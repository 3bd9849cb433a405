"""The candidates for what a use case runs, from all that the catalog knows: dates, costs, cut-over (DECISIONS 7).

`candidates` sorts versions by plain values; here those values are worked out of a snapshot, one version at a time and
only as far as they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from typing import TypeVar

from store.records import Assignment, Snapshot, UseCase, Version
from store.review.candidates import Candidates, candidates
from store.review.costs import Cost, cost_in_place, same_platform
from store.review.lifecycle import lifecycle
from store.review.plan import deadline
from store.review.status import status
from store.values import dataclass

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Successors:
    """What could follow `baseline` in a use case, at a switch on `cutover` (`planned`: by the plan, else today)."""

    use_case: str
    baseline: str
    deployment: str
    cutover: date
    planned: bool
    found: Candidates
    cost: Cost
    """What the baseline costs per month."""

    @property
    def first(self) -> tuple[str, ...]:
        """The keys of the candidates, the best first."""
        return tuple(c.key for c in self.found.candidates)


def successors(records: Snapshot, use_case: UseCase, runs: Assignment, today: date) -> Successors:
    """Sort all versions of the same making: hosted ones for a hosted one, the same model's for a model of our own.

    Raises:
        KeyError: the version that runs is not in the catalog.
    """
    baseline = records.versions[runs.version]
    place = records.deployments.get(runs.deployment)
    plan = status(runs, records, today).plan
    cutover = today if plan is None else max(plan.cutover_by, today)
    known = [v for v in records.versions.values() if _of_a_kind(v, baseline)]
    of_key = {version.key: version for version in known}

    def ends(key: str) -> date | None:
        due = deadline(of_key[key], place if same_platform(of_key[key], place) else None, today)
        return None if due is None else due.day

    def cost(key: str) -> Cost:
        return cost_in_place(of_key[key], baseline, use_case, place, records.measurements, records.metrics)

    def stopped(key: str) -> bool:
        return lifecycle(of_key[key], today).status == "retired"

    found = candidates(
        baseline, use_case, known, records.measurements, records.metrics, cutover=cutover,
        deadlines=_Worked(of_key, ends), retired=_Those(of_key, stopped), costs=_Worked(of_key, cost), deployment=place,
    )  # fmt: skip
    now = cost(baseline.key)
    return Successors(use_case.name, baseline.key, runs.deployment, cutover, plan is not None, found, now)


def _of_a_kind(version: Version, baseline: Version) -> bool:
    if not baseline.own:
        return not version.own
    ours, theirs = baseline.parts, version.parts
    return version.own and (theirs.provider, theirs.model) == (ours.provider, ours.model)


class _Worked(Mapping[str, T]):
    """Values by key that are worked out when they are asked for."""

    def __init__(self, keys: Collection[str], work_out: Callable[[str], T]) -> None:
        self._keys, self._work_out = keys, work_out
        self._known: dict[str, T] = {}

    def __getitem__(self, key: str) -> T:
        if key not in self._known:
            if key not in self._keys:
                raise KeyError(key)
            self._known[key] = self._work_out(key)
        return self._known[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


class _Those(Collection[str]):
    """The keys that something holds for."""

    def __init__(self, keys: Collection[str], holds: Callable[[str], bool]) -> None:
        self._keys, self._holds = keys, holds

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key in self._keys and self._holds(key)

    def __iter__(self) -> Iterator[str]:
        return (key for key in self._keys if self._holds(key))

    def __len__(self) -> int:
        return sum(1 for _ in self)
