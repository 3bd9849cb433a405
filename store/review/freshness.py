"""How old the facts are that decisions rest on (DECISIONS 11)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from store.records import Snapshot, Version
from store.review.ledger import Ledger, seen_day
from store.review.lifecycle import STALE_DAYS
from store.review.status import AssignmentStatus, running_upgrades, status
from store.values import dataclass

PRICES = ("price_input", "price_output")


@dataclass(frozen=True, slots=True)
class Freshness:
    """The oldest date and the oldest price used by what is in use: age in days and whose it is; None without any."""

    dates_days: int | None = None
    dates_key: str = ""
    prices_days: int | None = None
    prices_key: str = ""

    def stale(self, limit: int = STALE_DAYS) -> tuple[str, ...]:
        """Which of "dates" and "prices" are older than the limit."""
        ages = (("dates", self.dates_days), ("prices", self.prices_days))
        return tuple(name for name, days in ages if days is not None and days > limit)


def dates_age(dates: Ledger, today: date) -> int | None:
    """Days since somebody last confirmed the announced date; None where no date lies ahead.

    A past date and one that says nothing any more are never stale.
    """
    announced = dates.effective
    if announced is None or announced.value <= today:
        return None
    return (today - max(seen_day(o.observed_at) for o in dates.standing if o.value == announced.value)).days


def price_age(version: Version, today: date) -> int | None:
    """Days since the older of the two token prices was last confirmed; None where no price is known."""
    ages = [(today - seen).days for name in PRICES if (seen := _confirmed(version, name)) is not None]
    return max(ages, default=None)


def _confirmed(version: Version, name: str) -> date | None:
    """The newest claim with the value that counts."""
    chosen = version.fact(name)
    if chosen is None:
        return None
    return max(seen_day(claim.as_of) for claim in version.facts[name] if claim.value == chosen.value)


def freshness(records: Snapshot, today: date, rows: Iterable[AssignmentStatus] | None = None) -> Freshness:
    """The oldest date and price among the assignments in use; retired versions do not count.

    `rows` saves computing the status of every assignment again.
    """
    if rows is None:
        running = running_upgrades(records)
        rows = [status(a, records, today, running=running) for a in records.assignments if a.in_use]
    dates: tuple[int, str] | None = None
    prices: tuple[int, str] | None = None
    for row in rows:
        version = row.version
        if version is None or not row.assignment.in_use or row.lifecycle.status == "retired":
            continue
        for_dates, for_price = dates_age(row.ledger, today), price_age(version, today)
        if for_dates is not None and (dates is None or for_dates > dates[0]):
            dates = for_dates, version.key
        if for_price is not None and (prices is None or for_price > prices[0]):
            prices = for_price, version.key
    dates_days, dates_key = dates or (None, "")
    prices_days, prices_key = prices or (None, "")
    return Freshness(dates_days, dates_key, prices_days, prices_key)
