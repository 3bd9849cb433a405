"""`c` on every place: which versions are compared, against which baseline, in which use case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from store.review.candidates import suggested
from store.values import dataclass
from tui.screens.acting import LOOKING
from tui.screens.compare_data import MOST
from tui.state import View

if TYPE_CHECKING:
    from tui.screens.base import Place


CANDIDATES = 3
"""How many candidates a version that must be left is compared with."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What to compare; `baseline` is the first key."""

    keys: tuple[str, ...]
    use_case: str


async def open_comparison(place: Place) -> None:
    """Compare the marked versions; with none marked, the one under the cursor with its replacement, else ask."""
    view, selected = place.model.view, place.selection()
    if view is None or not selected:
        place.model.say("No version is selected: put the cursor on one, or mark some with space", "warning")
        return
    chosen = await place.patiently(LOOKING, choose, view, selected, place.use_case_here())
    if len(chosen.keys) < 2:
        other = await _ask(place, view, chosen.keys[0])
        if other is None:
            return
        chosen = Chosen((*chosen.keys, other), chosen.use_case)
    if len(selected) > MOST:
        place.model.say(f"{len(selected)} are marked; the first {MOST} are compared", "warning")
    from tui.screens.compare import CompareScreen

    place.app.push_screen(CompareScreen(chosen.keys, chosen.use_case, chosen.keys[0]))


def choose(view: View, selected: Sequence[str], use_case: str) -> Chosen:
    """The versions to compare, the baseline first: what the use case runs in Production, where it is among them.

    A single version is compared with its replacement: what an open upgrade moves it to, and what its vendor
    suggests; one that must be left, in a use case, with its first three candidates (DECISIONS 7). One without any is
    compared with what the use case runs. A single key is left where there is none.
    """
    keys = list(dict.fromkeys(selected))
    use_case = use_case or _only_use_case(view, keys)
    runs = _production(view, use_case)
    if len(keys) == 1:
        here = keys[0]
        others = _replacements(view, here, use_case)
        most = 2
        if here not in runs and runs:
            others = [*runs[:1], *others]
        elif best := _candidates(view, here, use_case):
            others, most = list(dict.fromkeys([*_aimed_at(view, here, use_case), *best])), CANDIDATES
        keys = list(dict.fromkeys([here, *others[:most]]))
    first = next((key for key in runs if key in keys), keys[0])
    return Chosen((first, *[key for key in keys if key != first][: MOST - 1]), use_case)


def _candidates(view: View, key: str, use_case: str) -> list[str]:
    """The first candidates for what a use case runs and must leave; none where it may stay or has no use case."""
    found = [s for s in view.statuses.values() if s.assignment.use_case == use_case and s.assignment.version == key]
    status = max(found, key=lambda s: s.assignment.stage == "Production", default=None)
    if status is None or status.use_case is None or status.version is None:
        return []
    if status.deadline is None and status.lifecycle.status not in ("retired", "deprecated", "legacy"):
        return []
    from store.review.successors import successors

    return list(successors(view.records, status.use_case, status.assignment, view.today).first[:CANDIDATES])


def _aimed_at(view: View, key: str, use_case: str) -> list[str]:
    """What open and promoted upgrades move it to."""
    records = view.records
    return [
        upgrade.to_version
        for upgrade in records.upgrades.values()
        if upgrade.state in ("open", "promoted")
        and upgrade.from_version == key
        and upgrade.use_case == (use_case or upgrade.use_case)
        and upgrade.to_version in records.versions
    ]


def _replacements(view: View, key: str, use_case: str) -> list[str]:
    """What it may give way to, as far as that is known by key."""
    records = view.records
    version = records.versions.get(key)
    vendor = suggested(version, records.versions)[:1] if version is not None else ()
    return [*_aimed_at(view, key, use_case), *vendor]


def _production(view: View, use_case: str) -> list[str]:
    """What a use case runs, the largest share first."""
    runs = [a for a in view.records.assignments if a.use_case == use_case and a.stage == "Production"]
    return list(dict.fromkeys(a.version for a in sorted(runs, key=lambda a: -a.share))) if use_case else []


def _only_use_case(view: View, keys: Sequence[str]) -> str:
    """The use case that runs one of the versions, where it is only one."""
    used = {a.use_case for a in view.records.assignments if a.in_use and a.version in keys}
    return used.pop() if len(used) == 1 else ""


async def _ask(place: Place, view: View, key: str) -> str | None:
    from tui.screens.dialogs import Choose
    from tui.screens.upgrade_targets import targets

    version = view.records.versions.get(key)
    if version is None:
        place.model.say(f"{key} is not in the catalog, so there is nothing to compare", "warning")
        return None
    options = await place.patiently(LOOKING, targets, version, view)
    return await place.app.push_screen_wait(Choose(f"Compare {key} with", options))
