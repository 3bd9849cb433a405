"""The candidates for what a use case runs, from all that the catalog knows: dates, costs, cut-over (DECISIONS 7).

`candidates` sorts versions by plain values; here those values are worked out of a snapshot, one version at a time and
only as far as they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from typing import TypeVar

from store.records import Assignment, Key, Snapshot, UseCase, Version
from store.review.candidates import Candidates, candidates
from store.review.costs import Cost, cost_in_place, same_platform
from store.review.lifecycle import lifecycle
from store.review.plan import deadline
from store.review.status import status
from store.values import dataclass

T = TypeVar("T")

MANY = 5_000
"""A version takes a seventh of a millisecond to be sorted: above so many, nobody would wait for all of them."""


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
    narrowed: bool = False

    @property
    def first(self) -> tuple[str, ...]:
        """The keys of the candidates, the best first."""
        return tuple(c.key for c in self.found.candidates)


def successors(records: Snapshot, use_case: UseCase, runs: Assignment, today: date) -> Successors:
    """Sort all versions of the same making: hosted ones for a hosted one, the same model's for a model of our own.

    In a catalog of more than `MANY` versions, of hosted ones only those of the same provider and those that the use
    case ran are looked at, and `narrowed` says so.

    Raises:
        KeyError: the version that runs is not in the catalog.
    """
    baseline = records.versions[runs.version]
    place = records.deployments.get(runs.deployment)
    plan = status(runs, records, today).plan
    cutover = today if plan is None else max(plan.cutover_by, today)
    narrowed = not baseline.own and len(records.versions) > MANY
    looked_at = (records.versions[key] for key in _near(records, baseline, use_case, narrowed))
    known = [version for version in looked_at if version.own == baseline.own]
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
    return Successors(use_case.name, baseline.key, runs.deployment, cutover, plan is not None, found, now, narrowed)


def _near(records: Snapshot, baseline: Version, use_case: UseCase, narrowed: bool) -> Iterator[str]:
    """The keys to look at, found without decoding a version."""
    parts = baseline.parts
    if baseline.own:
        model = str(Key(parts.provider, parts.model))
        yield from (key for key in records.versions if key == model or key.startswith(f"{model}@"))
    elif narrowed:
        stem = f"{parts.provider}/"
        ran = {a.version for a in records.assignments if a.use_case == use_case.name}
        yield from (key for key in records.versions if key in ran or key.startswith(stem))
    else:
        yield from records.versions


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
