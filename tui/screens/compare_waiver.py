"""The form of a waiver: somebody accepts a metric that does not pass, for a reason, up to a day."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta

from store.records import Waiver
from store.review.verdict import VerdictRow
from tui import text
from tui.screens.form import Faults, Form, FormField, Values

DAYS = 30
"""How long a waiver holds unless another day is written: long enough to mend it, short enough to be looked at."""


def waiver_form(
    row: VerdictRow, version: str, *, by: str, at: str, today: date, save: Callable[[Waiver], Awaitable[bool]]
) -> Form:
    """A form over the row that is waived; its effect stands first."""
    fields = [
        FormField("by", "Who accepts it", by),
        FormField("why", "Why", hint="what the next person reads"),
        FormField("until", "Until", (today + timedelta(days=DAYS)).isoformat(), hint="2027-01-31 or +30d"),
    ]
    word = text.verdict(row.verdict).text
    return Form(
        f"Waive {row.title or row.metric} of {version}?",
        fields,
        lambda values: waived(values, at=at, today=today),
        save=save,
        hint=f"{word} becomes {text.verdict('WAIVED').text} in this upgrade, and shows as that everywhere, "
        f"until the day is over.\n{row.reason}\nctrl+s save · esc cancel",
    )


def waived(values: Values, *, at: str, today: date) -> Waiver:
    """The waiver of what was typed.

    Raises:
        Faults: at each field that is missing or cannot be read; a waiver without an end does not count.
    """
    faults: dict[str, str] = {}
    if not values["by"]:
        faults["by"] = "name who accepts it"
    if not values["why"]:
        faults["why"] = "write why: it is what the next person reads"
    until = _day(values["until"], today)
    if until is None:
        faults["until"] = "write the last day on which it holds, such as 2027-01-31 or +30d"
    elif until < today:
        faults["until"] = f"{until} is over; write a day from today on"
    if faults:
        raise Faults(faults)
    return Waiver(values["by"], values["why"], at, until)


def _day(typed: str, today: date) -> date | None:
    try:
        if typed.startswith("+"):
            return today + timedelta(days=int(typed[1:].removesuffix("d")))
        return date.fromisoformat(typed)
    except (ValueError, OverflowError):
        return None
