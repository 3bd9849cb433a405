"""Several upgrades of one owner in the same week: nobody watches two canaries at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

from store.review.status import AssignmentStatus
from store.values import dataclass


@dataclass(frozen=True, slots=True)
class Collision:
    """Use cases of one owner that are to cut over in the week that begins on the Monday `week`, by day."""

    owner: str
    week: date
    cutovers: tuple[tuple[str, date], ...]

    @property
    def use_cases(self) -> tuple[str, ...]:
        """The use cases, in the order of their days."""
        return tuple(dict.fromkeys(name for name, _ in self.cutovers))


def planned_cutover(row: AssignmentStatus) -> date | None:
    """The day on which an assignment is to move as things stand, None where nothing is planned.

    Late work is squeezed into what is left (DECISIONS 3). What is decided to stay or to stop moves nowhere by then.
    """
    if row.plan is None or row.plan.state == "past" or row.decision is not None:
        return None
    return row.plan.windows["Roll out"].end


def collisions(rows: Iterable[AssignmentStatus]) -> list[Collision]:
    """All of them, the next week first. A use case without an owner collides with nothing that is known."""
    weeks: dict[tuple[date, str], list[tuple[str, date]]] = defaultdict(list)
    for row in rows:
        day, owner = planned_cutover(row), row.use_case.owner.strip() if row.use_case is not None else ""
        if day is not None and owner and row.assignment.stage == "Production":
            weeks[day - timedelta(days=day.weekday()), owner].append((row.assignment.use_case, day))
    found = []
    for (week, owner), moves in sorted(weeks.items()):
        if len({name for name, _ in moves}) > 1:
            found.append(Collision(owner, week, tuple(sorted(moves, key=lambda move: (move[1], move[0])))))
    return found
