"""The calendar as another program reads it: parsed by the icalendar library."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from icalendar import Calendar

from store.catalog import Catalog, fixed_clock
from store.formats.icalendar import calendar
from store.review.agenda import agenda

TODAY = date(2026, 11, 23)


def test_a_real_client_reads_every_due_date_of_the_demo(demo_path: Path) -> None:
    with Catalog.open(demo_path, actor="ann", clock=fixed_clock(TODAY)) as catalog:
        dues = agenda(catalog.snapshot(), TODAY)
    written = calendar(dues, datetime(2026, 11, 23, 12, tzinfo=UTC))
    read = Calendar.from_ical(written)
    events = list(read.walk("VEVENT"))
    assert len(events) == len(dues) > 10
    assert {e["DTSTART"].dt for e in events} == {d.day for d in dues}
    assert {str(e["SUMMARY"]) for e in events} == {d.summary for d in dues}
    assert len({str(e["UID"]) for e in events}) == len(events)


def test_hostile_words_stay_words() -> None:
    from store.review.agenda import Due

    said = 'quote " comma, semi; back\\slash\nEND:VCALENDAR\r\n漢字🔥' + "x" * 200
    read = Calendar.from_ical(
        calendar([Due("1", "deadline", TODAY, said, said, "u")], datetime(2026, 1, 1, tzinfo=UTC))
    )
    (event,) = read.walk("VEVENT")
    assert "END:VCALENDAR" in str(event["SUMMARY"])
    assert len(list(read.walk("VCALENDAR"))) == 1
