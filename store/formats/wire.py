"""Reading answers of remotes into their expected shape, and the odd ways in which they write times and names."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class WireFault(ValueError):
    """An answer that has not the shape it should have, in one sentence with the place; nothing of it is shown."""


def shaped(kind: type[T], answer: Any, what: str) -> T:
    """An answer as its shape; fields that nobody asks for are passed over.

    Args:
        kind: a msgspec structure.
        answer: decoded JSON.
        what: the name of the answer for the sentence, such as "model-versions/search of MLflow".

    Raises:
        WireFault: a field has another type than the system ever gives it.
    """
    try:
        return msgspec.convert(answer, kind, strict=False)
    except (msgspec.ValidationError, OverflowError, UnicodeEncodeError) as error:
        raise WireFault(f"{what} is not what that system answers ({error}); nothing was taken over") from error


def day_of_ms(stamp: int | None) -> date | None:
    """The UTC day of milliseconds since 1970; None for none, zero and what is no time."""
    return None if not stamp else day_of_seconds(stamp / 1000)


def day_of_seconds(stamp: float | None) -> date | None:
    """The UTC day of seconds since 1970; None for none, zero and what is no time."""
    if not stamp:
        return None
    try:
        return datetime.fromtimestamp(stamp, UTC).date()
    except (ValueError, OverflowError, OSError):
        return None


def day_of_iso(text: str | None) -> date | None:
    """The day of an ISO moment, which may have seven digits of a second; None where it is no date."""
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None
