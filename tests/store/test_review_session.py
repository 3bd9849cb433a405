"""The review session: what was looked at, since when, what collides, what is due, and the minutes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.formats.icalendar import calendar, escaped, folded
from store.records import (
    Assignment,
    Decision,
    Event,
    Fact,
    Item,
    Observation,
    Snapshot,
    Upgrade,
    UseCase,
    Version,
)
from store.review.agenda import Due, agenda
from store.review.attention import Finding, attention
from store.review.collisions import collisions, planned_cutover
from store.review.minutes import minutes
from store.review.session import last_review, last_session, queue, reviewed_since, running_session
from store.review.status import status

TODAY = date(2026, 11, 23)
GPT = "openai/gpt-4o@2024-05-13"


def use_case(name: str = "support", *moments: str, **more: Any) -> UseCase:
    taken = tuple(Decision("later", at, "ann") for at in moments)
    return UseCase(name, name, **({"owner": "Ada", "decisions": taken} | more))


def version(key: str, retires: str | None, **facts: str) -> Version:
    seen = retires and Observation("retire", date.fromisoformat(retires), "planned", "litellm", "litellm", "2026-11-12")
    claims = {name: (Fact(value, "litellm", "2026-11-12"),) for name, value in facts.items()}
    return Version(key, key, observations=(seen,) if seen else (), facts=claims)


def world(*runs: tuple[UseCase, Version], upgrades: tuple[Upgrade, ...] = ()) -> Snapshot:
    return Snapshot(
        versions={v.key: v for _, v in runs},
        use_cases={u.name: u for u, _ in runs},
        deployments={},
        assignments=[Assignment(f"run-{u.name}", u.name, v.key) for u, v in runs],
        measurements={},
        metrics={},
        upgrades={u.uid: u for u in upgrades},
    )


# ── the session ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_review_goes_on_over_night_and_ends_by_itself() -> None:
    monday = use_case("a", "2026-11-16T09:00:00Z", "2026-11-16T17:00:00Z")
    friday = use_case("b", "2026-11-20T16:00:00Z", reviewed="2026-11-20T17:30:00Z")
    both = [monday, friday]
    assert last_review(friday) == "2026-11-20T17:30:00Z"
    assert last_session(both) == "2026-11-20T16:00:00Z"
    assert last_session([monday]) == "2026-11-16T09:00:00Z"
    assert last_session([use_case()]) == ""
    assert running_session(both, "2026-11-21T09:00:00Z") == "2026-11-20T16:00:00Z"
    assert running_session(both, "2026-11-23T09:00:00Z") == ""
    assert running_session([], "2026-11-23T09:00:00Z") == ""
    assert [reviewed_since(u, "2026-11-20T16:00:00Z") for u in both] == [False, True]
    assert not reviewed_since(friday, "")


def test_the_queue_is_the_worst_first_and_keeps_what_is_settled() -> None:
    findings = [
        Finding(kind, name, name, "", "", 1, "", "") for kind, name in (("late", "b"), ("due", "a"), ("no_date", "b"))
    ]
    settled, old = use_case("c", "2026-11-23T08:00:00Z"), use_case("d", "2026-11-02T08:00:00Z")
    assert queue(findings, [old, settled], "2026-11-23T07:00:00Z") == ["b", "a", "c"]
    assert queue(findings, [old, settled], "") == ["b", "a"]


# ── collisions ────────────────────────────────────────────────────────────────────────────────────────────────────


def rows(*runs: tuple[UseCase, str]) -> Any:
    records = world(*((u, version(f"openai/m@{u.name}", day)) for u, day in runs))
    return [status(a, records, TODAY) for a in records.assignments]


def test_upgrades_of_one_owner_in_one_week_collide() -> None:
    a, b, c, other = use_case("a"), use_case("b"), use_case("c"), use_case("d", owner="Bo")
    found = collisions(rows((a, "2027-06-10"), (b, "2027-06-09"), (c, "2027-06-17"), (other, "2027-06-09")))
    (only,) = found
    assert (only.owner, only.week, only.use_cases) == ("Ada", date(2027, 5, 10), ("b", "a"))
    assert only.cutovers[0] == ("b", date(2027, 5, 10))
    assert collisions(rows((a, "2027-06-10"), (replace(b, owner=""), "2027-06-09"))) == []


def test_what_stays_or_is_over_collides_with_nothing() -> None:
    stays = use_case("a", decisions=(Decision("stay_until", "2026-11-20", "Ada", until=date(2027, 6, 1)),))
    assert collisions(rows((stays, "2027-06-10"), (use_case("b"), "2027-06-09"))) == []
    assert planned_cutover(rows((use_case("a"), "2026-11-01"))[0]) is None
    squeezed = planned_cutover(rows((use_case("a"), "2026-12-09"))[0])
    assert squeezed is not None
    assert TODAY <= squeezed < date(2026, 12, 9)


# ── the calendar ──────────────────────────────────────────────────────────────────────────────────────────────────


def parsed(text: str) -> list[dict[str, str]]:
    """The events of a calendar: a strict little reader of RFC 5545 that refuses what clients refuse."""
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    lines = text[:-2].split("\r\n")
    assert all(len(line.encode()) <= 75 for line in lines)
    whole: list[str] = []
    for line in lines:
        if line.startswith(" "):
            whole[-1] += line[1:]
        else:
            whole.append(line)
    assert whole[:2] == ["BEGIN:VCALENDAR", "VERSION:2.0"]
    assert whole[-1] == "END:VCALENDAR"
    events: list[dict[str, str]] = []
    inside = False
    for line in whole:
        name, colon, value = line.partition(":")
        assert colon
        assert re.fullmatch(r"[A-Z-]+(;VALUE=DATE)?", name), line
        if line in ("BEGIN:VEVENT", "END:VEVENT"):
            assert inside == line.startswith("END")
            inside = not inside
            events += [{}] if inside else []
        elif inside:
            assert name not in events[-1]
            events[-1][name] = re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], value)
    for event in events:
        assert {"UID", "DTSTAMP", "DTSTART;VALUE=DATE", "SUMMARY"} <= event.keys()
        assert re.fullmatch(r"\d{8}T\d{6}Z", event["DTSTAMP"])
        assert re.fullmatch(r"\d{8}", event["DTSTART;VALUE=DATE"])
    assert len({event["UID"] for event in events}) == len(events)
    return events


STAMP = datetime(2026, 11, 23, 8, tzinfo=UTC)


def test_a_calendar_is_read_back_as_it_was_meant() -> None:
    dues = [
        Due("deadline-1", "deadline", date(2026, 12, 31), "support: ends; soon, really", "why\nand how\\", "support"),
        Due("item-2", "item", date(2027, 1, 4), "ü" * 90, "", "support"),
    ]
    first, second = parsed(calendar(dues, STAMP))
    assert first["UID"] == "deadline-1@modeltui"
    assert (first["DTSTART;VALUE=DATE"], first["DTEND;VALUE=DATE"]) == ("20261231", "20270101")
    assert first["SUMMARY"] == "support: ends; soon, really"
    assert first["DESCRIPTION"] == "why\nand how\\"
    assert second["SUMMARY"] == "ü" * 90
    assert "DESCRIPTION" not in second
    assert parsed(calendar([], STAMP)) == []


@given(st.text(max_size=300))
def test_any_text_makes_a_valid_calendar(text: str) -> None:
    (event,) = parsed(calendar([Due("x", "item", TODAY, text, text, "u")], STAMP))
    assert event["SUMMARY"] == escaped(text).replace("\\n", "\0").replace("\\", "\\") or "\\" in escaped(text)
    assert folded(escaped(text)).replace("\r\n ", "") == escaped(text)


def test_the_agenda_names_every_due_day_and_keeps_its_ids() -> None:
    item = Item("D01", "Discover", "Register every use", due=date(2026, 12, 1))
    done = replace(item, id="D02", state="done")
    upgrade = Upgrade("up", "support", GPT, "openai/new@1", items={"D01": item, "D02": done})
    a = use_case(review_by=date(2027, 1, 15))
    found = agenda(world((a, version(GPT, "2027-06-10")), upgrades=(upgrade,)), TODAY)
    assert [(d.id, d.day.isoformat()) for d in found] == [
        ("item-up-D01", "2026-12-01"), ("review-support", "2027-01-15"), ("start-run-support", "2027-04-02"),
        ("cutover-run-support", "2027-05-11"), ("deadline-run-support", "2027-06-10"),
    ]  # fmt: skip
    moved = agenda(world((a, version(GPT, "2027-07-10")), upgrades=(upgrade,)), TODAY)
    assert {d.id for d in moved} == {d.id for d in found}
    stays = use_case(decisions=(Decision("stay_until", "2026-11-20", "Ada", until=date(2027, 2, 1)),))
    later = agenda(world((stays, version(GPT, "2027-06-10"))), TODAY)
    assert [d.kind for d in later] == ["decision", "deadline"]
    assert later[0].summary == "support: decided stay until"


# ── minutes ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_minutes_say_what_was_decided_what_is_open_who_and_by_when() -> None:
    decision = Decision(
        "stay_until", "2026-11-23T09:00:00Z", "ann", "run-support", date(2027, 1, 31), owner="Bo", note="peak | season"
    )
    before = Decision("later", "2026-11-02T09:00:00Z", "ann", note="long ago")
    support = use_case(decisions=(before, decision))
    calm, late = use_case("calm", reviewed="2026-11-23T09:10:00Z"), use_case("late", owner="")
    upgrade = Upgrade("up", "moving", "openai/m@1", "openai/m@2", created=TODAY)
    records = world(
        (support, version(GPT, "2027-06-10")), (calm, version("openai/c@1", None)),
        (late, version("openai/l@1", "2026-12-09")), (use_case("moving"), version("openai/m@1", "2027-09-09")),
        upgrades=(upgrade,),
    )  # fmt: skip
    findings = [f for f in attention(records, TODAY) if f.kind in ("late", "no_owner")]
    events = [
        Event("1", "2026-11-23T09:05:00Z", "ann", "edit use case late", "owner left"),
        Event("2", "2026-11-23T09:06:00Z", "ann", "decide stay_until for support"),
        Event("3", "2026-11-20T09:06:00Z", "ann", "edit something before"),
    ]
    text = minutes(records, findings, events, TODAY, "2026-11-23T08:00:00Z")
    assert text.startswith("# Review of 23 Nov 2026\n")
    assert f"| support | stay until ({GPT}), decided by ann | Bo | 31 Jan 2027 | peak \\| season |" in text
    assert "| moving | upgrade started (openai/m@1 → openai/m@2) | Ada | 10 Aug 2027 | – |" in text
    assert "long ago" not in text
    assert re.search(r"\| late \| openai/l@1: Work had to start .* \| nobody \| now \|", text)
    assert "- calm\n" in text
    assert "- edit use case late: owner left (ann)" in text
    assert "before" not in text
    assert "decide stay" not in text
    everything = minutes(records, findings, events, TODAY)
    assert "long ago" in everything
    assert minutes(records, findings, events, TODAY) == everything


def test_minutes_of_a_quiet_day_say_so() -> None:
    text = minutes(world((use_case(), version(GPT, "2028-01-01"))), [], [], TODAY, "2026-11-23T08:00:00Z")
    assert text == "# Review of 23 Nov 2026\n\n## Decisions\n\nNone.\n\n## Open points\n\nNone.\n"


@pytest.mark.parametrize("note", ["# not a heading", "a\nb\r\nc", "<script>", "`|`", "\u202eevil"])
def test_outside_text_stays_in_its_cell(note: str) -> None:
    taken = use_case(decisions=(Decision("later", "2026-11-23", "ann", note=note),))
    text = minutes(world((taken, version(GPT, "2028-01-01"))), [], [], TODAY)
    (row,) = [line for line in text.splitlines() if line.startswith("| support")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 6
    assert "<" not in row
    assert "\u202e" not in text
