"""Which use cases a review has been through, and since when it runs: read from what the review itself recorded.

A review needs no bookkeeping of its own: each decision carries its moment, and a use case that was looked at without
one keeps the moment of that look (`UseCase.reviewed`). Whoever opens the catalog next, here or on another machine,
goes on where the review stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from store.records import UseCase

if TYPE_CHECKING:
    from store.review.attention import Finding

SESSION_GAP = timedelta(hours=20)
"""Two looks that lie further apart belong to two reviews: an evening and the next morning are one, two Mondays not."""


def last_review(use_case: UseCase) -> str:
    """The moment of the newest decision or look, "" where it was never reviewed."""
    return max((use_case.reviewed, *(d.at for d in use_case.decisions)))


def reviewed_on(use_case: UseCase | None) -> date | None:
    """The day of the last review, None where there was none."""
    last = last_review(use_case) if use_case is not None else ""
    return _moment(last).date() if last else None


def last_session(use_cases: Iterable[UseCase]) -> str:
    """The first moment of the newest review, "" where there was none."""
    moments = sorted({m for u in use_cases for m in (u.reviewed, *(d.at for d in u.decisions)) if m}, reverse=True)
    for newer, older in pairwise(moments):
        if _moment(newer) - _moment(older) > SESSION_GAP:
            return newer
    return moments[-1] if moments else ""


def running_session(use_cases: Sequence[UseCase], now: str) -> str:
    """The first moment of the review that is still going on, "" where the next look begins a new one."""
    newest = max((last_review(u) for u in use_cases), default="")
    if not newest or _moment(now) - _moment(newest) > SESSION_GAP:
        return ""
    return last_session(use_cases)


def reviewed_since(use_case: UseCase, started: str) -> bool:
    """Whether the review that began at a moment has been through a use case."""
    return bool(started) and last_review(use_case) >= started


def queue(findings: Iterable[Finding], use_cases: Iterable[UseCase], started: str) -> list[str]:
    """The use cases of a review: those with a finding, the worst first, then those that are settled by now."""
    waiting = dict.fromkeys(f.use_case for f in findings if f.use_case)
    return list(waiting | dict.fromkeys(u.name for u in use_cases if reviewed_since(u, started)))


def seen_until(use_case: UseCase | None, since: date | None) -> date | None:
    """The day up to which everything about a use case was seen: its last review, else `since`."""
    last = reviewed_on(use_case)
    return since if since is None or last is None else max(since, last)


def _moment(at: str) -> datetime:
    moment = datetime.fromisoformat(at)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
