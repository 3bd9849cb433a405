"""The form of what a review decided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from store.records import Decision
from tui.forms.reading import Given
from tui.screens.form import FormField, Values

KINDS: Sequence[tuple[str, str]] = (
    ("upgrade", "upgrade: move to another version of it"),
    ("stay_until", "stay until a day, then decide again"),
    ("replace", "replace it by another model"),
    ("stop_by", "stop the use case by a day"),
    ("later", "decide later, on a day"),
)
_DATED = ("stay_until", "stop_by", "later")


def decide_fields(owner: str, deadline: date | None, today: date, kind: str = "") -> list[FormField]:
    """A decision; what is to be done by when, and by whom."""
    due = f", not after {deadline.isoformat()}" if deadline is not None and deadline > today else ""
    return [
        FormField("kind", "Decision", kind, choices=KINDS),
        FormField("until", "Until", hint=f"2027-01-31 or +14d{due}: it comes back then"),
        FormField("owner", "Who does it", owner),
        FormField("note", "Why", kind="long", hint="what the next person reads"),
    ]


def decided(
    values: Values, *, subject: str, deadline: date | None, last: date | None, at: str, by: str, today: date
) -> Decision:
    """The decision, with the deadline that it was taken against: an earlier one brings the finding back.

    `last` is the announced day on which the version stops: nobody can stay longer, or at all once it has come.

    Raises:
        Faults: at each field that cannot be read or does not hold.
    """
    given = Given(values, today)
    kind = given.one_of("kind", [name for name, _ in KINDS])
    if not kind:
        given.refuse("kind", "choose upgrade, stay_until, replace, stop_by or later")
    until = given.day("until")
    if until is None and kind in _DATED:
        given.refuse("until", "write until which day, such as 2027-01-31 or +14d")
    if until is not None and until < today:
        given.refuse("until", f"{until} is over; write a day from today on")
    if until is not None and last is not None and today <= last < until:
        given.refuse("until", f"it stops on {last}; write a day before, or record the date that holds (e)")
    if kind == "stay_until" and last is not None and last < today:
        given.refuse("until", f"it stopped on {last}; decide something else, or record the date that holds (e)")
    return given.make(
        Decision,
        {
            "kind": kind or "later", "at": at, "by": by, "subject": subject, "until": until, "deadline": deadline,
            "owner": given.text("owner"), "note": given.text("note"),
        },
    )  # fmt: skip
