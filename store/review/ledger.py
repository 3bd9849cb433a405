"""The ledger of published dates: which of them stand, which one counts, which one to plan for (DECISIONS 1).

A version has no single retirement date but observations of what somebody published. Where the rules leave something
open, this is how they are read here:

- A user's observation (certainty `user`) is never overtaken: somebody looked. It is how the question of a lapsed date
  is answered: the day it stopped, or the later day that holds instead.
- An observation for one deployment type or region is overtaken only by one that is at least as specific: a package
  that knows one date per model cannot bring a retired regional deployment back.
- The risk date never lies after the effective date, whatever the age of that observation.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from itertools import pairwise

from store.records import Deployment, Observation, Scope, Version, first_day
from store.values import dataclass

RISK_DAYS = 180
"""Older observations no longer count for the risk date, nor as a listing (DECISIONS 1)."""

NO_LISTING = ("derived", "absence-")
"""How the sources begin that are inferences: nobody published what they say."""

_ANY = Scope()
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

seen_day = lru_cache(maxsize=8192)(first_day)
"""`records.first_day`, remembered: a catalog has few distinct days and asks for them very often."""


@lru_cache(maxsize=8192)
def spoken(day: date) -> str:
    """A day inside a sentence: `9 Dec 2026`."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def age_days(as_of: str, today: date) -> int:
    """Days since a claim was made; a month or year counts from its first day (DECISIONS 11)."""
    return (today - seen_day(as_of)).days


@dataclass(frozen=True, slots=True)
class Move:
    """A publisher replaced one date by another; `days` is negative where the date moved earlier."""

    publisher: str
    on: str
    before: date
    after: date
    days: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """The observations of one kind that fit a deployment, oldest first, and what follows from them.

    `effective` is the announced date, `risk` the one to plan for. `lapsed` are dates that have passed although the
    effective one has not: questions, never plans. `overtaken` have passed and were published anew since. `published`
    is the longest record among the publishers of the effective date, `moves` the changes in it. `passed` is True
    where the effective date is a not-before or tentative one that is over: there is no date then.
    """

    observations: tuple[Observation, ...] = ()
    standing: tuple[Observation, ...] = ()
    effective: Observation | None = None
    risk: Observation | None = None
    lapsed: tuple[Observation, ...] = ()
    overtaken: tuple[Observation, ...] = ()
    moves: tuple[Move, ...] = ()
    published: tuple[Observation, ...] = ()
    passed: bool = False


NO_DATES = Ledger()


def ledger(
    version: Version,
    today: date,
    deployment: Deployment | None = None,
    kind: str = "retire",
    *,
    known_until: date | None = None,
) -> Ledger:
    """What was published about `kind`, as far as it fits the deployment (DECISIONS 1).

    Without a deployment, and for a deployment whose type is not known, only dates that hold for all types fit. A
    fine-tuned deployment has a retirement date of its own (DECISIONS 2): `retire` then means `fine_tune_retire`,
    where such a date is known. `known_until` leaves out what was observed after that day.
    """
    if not version.observations:
        return NO_DATES
    if kind == "retire" and deployment is not None and deployment.fine_tuned:
        own = ledger(version, today, deployment, "fine_tune_retire", known_until=known_until)
        if own.observations:
            return own
    fit = [o for o in version.observations if o.kind == kind and (o.scope == _ANY or _fits(o.scope, deployment))]
    return weigh(fit if known_until is None else [o for o in fit if seen_day(o.observed_at) <= known_until], today)


def weigh(observations: list[Observation], today: date) -> Ledger:
    """The ledger of observations that are all of one kind and fit. The order in which they come does not matter."""
    found = [o for o in observations if not o.source.startswith(NO_LISTING) and not _about_training(o)]
    if not found:
        return NO_DATES
    if len(found) == 1:
        only = (found[0],)
        return Ledger(only, only, found[0], found[0], published=only, passed=_over(found[0], today))
    found.sort(key=_chronological)
    newest = list({(o.publisher or o.source, o.scope): o for o in found}.values())
    gone = [o for o in newest if any(_overtakes(other, o, today) for other in newest)]
    standing = [o for o in newest if o not in gone] if gone else newest
    standing.sort(key=_chronological)
    effective = max(standing, key=_precedence)
    published = _longest_record(found, standing, effective)
    risk, lapsed = _risk(standing, effective, today)
    return Ledger(
        tuple(found), tuple(standing), effective, risk, lapsed, tuple(gone),
        _moves(published), published, _over(effective, today),
    )  # fmt: skip


def firm(observation: Observation) -> bool:
    """True for a date that ends something when it comes; a not-before or tentative one never does."""
    return observation.certainty in ("planned", "user")


def _fits(scope: Scope, deployment: Deployment | None) -> bool:
    if deployment is None:
        return False
    return (
        (scope.sku is None or scope.sku.casefold() == deployment.sku.casefold())
        and (scope.region is None or scope.region.casefold() == deployment.region.casefold())
        and (scope.fine_tuned is None or scope.fine_tuned is deployment.fine_tuned)
    )


def _about_training(observation: Observation) -> bool:
    """The end of fine-tuning a model is no date on which a fine-tuned deployment stops."""
    return observation.kind == "fine_tune_retire" and observation.note.startswith("training stops")


def _chronological(o: Observation) -> tuple[date, int, int]:
    """Of two said on one day the more trusted counts as the newer, then the earlier date."""
    return seen_day(o.observed_at), o.rank, -o.value.toordinal()


def _specificity(scope: Scope) -> int:
    return (scope.sku is not None) + (scope.region is not None) + (scope.fine_tuned is not None)


def _precedence(o: Observation) -> tuple[bool, int, date, int, int]:
    return (o.certainty == "user", _specificity(o.scope), *_chronological(o))


def _overtakes(newer: Observation, old: Observation, today: date) -> bool:
    return (
        old.value < today
        and newer.value > old.value
        and old.certainty != "user"
        and newer.publisher != old.publisher
        and seen_day(newer.observed_at) >= old.value
        and _specificity(newer.scope) >= _specificity(old.scope)
    )


def _over(o: Observation, today: date) -> bool:
    """A not-before or tentative date that has come and says nothing any more."""
    return not firm(o) and o.value <= today


def _risk(
    standing: list[Observation], effective: Observation, today: date
) -> tuple[Observation, tuple[Observation, ...]]:
    """The date to plan for, and what has lapsed. Of equal dates the newest observation is named."""
    fresh = [o for o in standing if o is effective or age_days(o.observed_at, today) <= RISK_DAYS]
    fresh.reverse()
    if firm(effective) and effective.value <= today:
        return min(fresh, key=_value), ()
    ahead = [o for o in fresh if o.value >= today and not _over(o, today)]
    lapsed = [o for o in fresh if o.value < today and o is not effective and o.certainty != "not_before"]
    return min(ahead, key=_value, default=effective), tuple(reversed(lapsed))


def _value(o: Observation) -> date:
    return o.value


def _longest_record(
    found: list[Observation], standing: list[Observation], effective: Observation
) -> tuple[Observation, ...]:
    """A package that repeats the date has no history of it; the publisher with the longest one is shown."""
    records = [
        tuple(o for o in found if o.publisher == said.publisher and o.scope == said.scope)
        for said in standing
        if said.value == effective.value and said.scope == effective.scope
    ]
    return max(records, key=lambda record: len(record))


def _moves(published: tuple[Observation, ...]) -> tuple[Move, ...]:
    return tuple(
        Move(new.publisher, new.observed_at, old.value, new.value, (new.value - old.value).days)
        for old, new in pairwise(published)
        if old.value != new.value
    )
