"""iCalendar (RFC 5545): due days as all-day events that a calendar can subscribe to. Text in, text out, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta

from store.review.agenda import Due

FOLD = 75
"""Octets a line may have, its line break not counted (RFC 5545, 3.1)."""
DOMAIN = "modeltui"


def calendar(dues: Iterable[Due], stamp: datetime, name: str = "modeltui") -> str:
    """A calendar with one event per due day.

    Args:
        dues: the days; their ids make the UIDs, so that a later export updates the same entries.
        stamp: the moment of the export (DTSTAMP); with the same days and moment the text is the same.
        name: what clients call the calendar.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:-//{DOMAIN}//{DOMAIN}//EN", "CALSCALE:GREGORIAN"]
    lines.append(f"X-WR-CALNAME:{escaped(name)}")
    for due in dues:
        lines += _event(due, stamp)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded(line)}\r\n" for line in lines)


def _event(due: Due, stamp: datetime) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{escaped(due.id)}@{DOMAIN}"
    yield f"DTSTAMP:{stamp.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield f"DTSTART;VALUE=DATE:{_day(due.day)}"
    if due.day < date.max:
        yield f"DTEND;VALUE=DATE:{_day(due.day + timedelta(days=1))}"
    yield f"SUMMARY:{escaped(due.summary)}"
    if due.detail:
        yield f"DESCRIPTION:{escaped(due.detail)}"
    yield f"CATEGORIES:{escaped(due.kind)}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _day(day: date) -> str:
    return f"{day.year:04}{day.month:02}{day.day:02}"


def escaped(text: str) -> str:
    """A text value: backslash, semicolon, comma and line breaks escaped, other control characters gone (3.3.11)."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n").replace("\t", " ")
    return "".join(c for c in text if not (ord(c) < 32 or 127 <= ord(c) < 160 or 0xD800 <= ord(c) < 0xE000))


def folded(line: str) -> str:
    """A content line in pieces of at most 75 octets; no character is torn apart."""
    parts: list[str] = []
    start = size = 0
    for at, char in enumerate(line):
        length = len(char.encode())
        if size + length > FOLD - bool(parts):  # the blank that continues a line counts
            parts.append(line[start:at])
            start, size = at, 0
        size += length
    return "\r\n ".join([*parts, line[start:]])
