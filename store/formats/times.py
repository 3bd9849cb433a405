"""The ways in which systems write times: each becomes a day in UTC; what is no time is unknown, never another day.

Milliseconds since 1970 from MLflow, ModelDB and ML Metadata; seconds from git, from Azure's data plane and from
lm-eval; ISO moments from Azure, with up to seven digits of a second; a day, a month or a year from the catalogs.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

from store.records import first_day

_FIRST_DAY = 24 * 60 * 60
"""Seconds; zero, -1 and other small numbers stand for no time."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_PART = re.compile(r"\d{4}(-\d\d){0,2}", re.ASCII)


def day_of_ms(stamp: float | None) -> date | None:
    """The UTC day of milliseconds since 1970; None for none and for what is no time, as in `day_of_seconds`."""
    try:
        return None if stamp is None else day_of_seconds(stamp / 1000)
    except OverflowError:
        return None


def day_of_seconds(stamp: float | None) -> date | None:
    """The UTC day of seconds since 1970; None for none, for what is no time, and for the first day, which is none."""
    if stamp is None or not stamp >= _FIRST_DAY:
        return None
    try:
        return datetime.fromtimestamp(stamp, UTC).date()
    except (ValueError, OverflowError, OSError):
        return None


def day_of_iso(text: Any) -> date | None:
    """The UTC day of an ISO day or moment, which may have any number of digits of a second; None for anything else.

    A moment without an offset is taken as it stands.
    """
    if not isinstance(text, str) or not _DAY.match(text):
        return None
    try:
        at = datetime.fromisoformat(text)
        return at.date() if at.tzinfo is None else at.astimezone(UTC).date()
    except (ValueError, OverflowError):
        return None


def moment(text: Any) -> str:
    """An ISO day or moment as it stands, "" for anything else."""
    return "" if day_of_iso(text) is None else str(text)


def part_of_time(text: Any) -> str | None:
    """A day, month or year as a catalog writes it, 2026-02-03, 2026-02 or 2026; None for anything else."""
    try:
        if isinstance(text, str) and _PART.fullmatch(text):
            first_day(text)
            return text
    except ValueError:
        pass  # such as a thirteenth month
    return None
