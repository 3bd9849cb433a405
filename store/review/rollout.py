"""Rolling out in steps: which share of the traffic comes next, and when the way back ends (DECISIONS 3, 10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

from store.records import Assignment, Item, Upgrade
from store.review.items import resolved
from store.review.plan import DURATIONS

STEPS: tuple[float, ...] = (0, 1, 5, 25, 50, 100)
"""The standard steps in percent of the traffic; 0 is shadow: the target answers beside, nobody sees it."""

ENDS_WITH_THE_WINDOW = ("R09", "X01", "S06")
"""Items that fall due on the last day of the rollback window: keep the way back, delete the old deployment."""

PRODUCTION = "Production"


def check_steps(steps: Sequence[float]) -> None:
    """Refuse steps that are no way up.

    Raises:
        ValueError: a share outside 0 to 100, not rising, or not ending at 100.
    """
    for share in steps:
        if not 0 <= share <= 100:
            raise ValueError(f"{share:g} % is no share of the traffic: write 0 (shadow) to 100")
    if any(later <= earlier for earlier, later in pairwise(steps)):
        raise ValueError(f"the steps {_said(steps)} do not rise: write them from small to large")
    if steps and steps[-1] != 100:
        raise ValueError(f"the steps {_said(steps)} end at {steps[-1]:g} %: the last one is 100")


def _said(steps: Sequence[float]) -> str:
    return ", ".join(f"{share:g}" for share in steps)


def steps_of(upgrade: Upgrade) -> tuple[float, ...]:
    """The upgrade's own steps, else the standard ones."""
    return upgrade.steps or STEPS


def share_of(upgrade: Upgrade, runs: Iterable[Assignment]) -> float | None:
    """Percent of the traffic that the target has; 0 while it runs as shadow, None while it does not run at all."""
    shadow = None
    for run in runs:
        if (run.use_case, run.deployment, run.version) == (upgrade.use_case, upgrade.deployment, upgrade.to_version):
            if run.stage == PRODUCTION:
                return run.share
            if run.in_use and run.share == 0:
                shadow = 0.0
    return shadow


def unseen(upgrade: Upgrade, runs: Iterable[Assignment]) -> Assignment | None:
    """What is recorded in Production by a promoted upgrade and was confirmed by nobody yet; None where all was seen."""
    here = (upgrade.use_case, upgrade.deployment, PRODUCTION)
    mine = [run for run in runs if (run.use_case, run.deployment, run.stage) == here and not run.seen]
    return mine[0] if mine and upgrade.state == "promoted" else None


def next_step(upgrade: Upgrade, share: float | None) -> float | None:
    """The share that comes after `share`, None where all of the traffic has moved."""
    return next((step for step in steps_of(upgrade) if share is None or step > share), None)


def make_room(others: Sequence[Assignment], share: float) -> dict[str, float]:
    """What each of the others keeps, by uid, when one takes `share`: in proportion to what they had."""
    had = sum(other.share for other in others)
    left = 100 - share
    if had <= left:
        return {other.uid: other.share for other in others}
    return {other.uid: round(other.share * left / had, 6) for other in others}


def window_end(promoted_on: date, deadline: date | None, days: int = DURATIONS.rollback) -> date:
    """The last day on which the way back is held open: `days` after the switch, or the day the old version ends."""
    last = promoted_on + timedelta(days=days)
    return last if deadline is None or deadline < promoted_on else min(last, deadline)


def dated(items: Mapping[str, Item], last: date, today: date) -> dict[str, Item]:
    """The items, with those that end the rollback window due on its last day."""
    return {
        name: replace(item, due=last) if name in ENDS_WITH_THE_WINDOW and not resolved(item, today) else item
        for name, item in items.items()
    }
