"""DECISIONS 3: the deadline, the plan back from it, and due dates."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.records import Criticality, Deployment, Fact, Observation, Scope, Version
from store.review.plan import (
    LEAD_TIME_FACT,
    PHASES,
    Durations,
    deadline,
    due_dates,
    durations,
    last_free_day,
    plan,
    spread,
)

TODAY = date(2026, 11, 23)
LAST = date(2026, 12, 9)


def seen(value: str, source: str = "litellm", observed_at: str = "2026-11-12", **more: object) -> Observation:
    kind, certainty = more.pop("kind", "retire"), more.pop("certainty", "planned")
    return Observation(kind, date.fromisoformat(value), certainty, source, source, observed_at, **more)  # type: ignore[arg-type]


def azure(*observations: Observation, **facts: object) -> Version:
    claims: dict[str, tuple[Fact, ...]] = {name: (Fact(value, "azure", "2026-11-12"),) for name, value in facts.items()}
    return Version("u", "azure-openai/gpt-4o@2024-05-13", observations=observations, facts=claims)


UPGRADES = Deployment("d", "d", sku="GlobalStandard", upgrade_option="OnceCurrentVersionExpired")
ON_DEFAULT = replace(UPGRADES, upgrade_option="OnceNewDefaultVersionAvailable")
STOPS = replace(UPGRADES, upgrade_option="NoAutoUpgrade")


# ── the deadline ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_risk_date_counts_and_the_effective_one_on_request() -> None:
    version = azure(seen("2027-04-14"), seen("2027-01-14", "llm-sunset", "2026-09-24"))
    planned, announced = deadline(version, STOPS, TODAY), deadline(version, STOPS, TODAY, dates="effective")
    assert planned
    assert announced
    assert (planned.day, announced.day) == (date(2027, 1, 14), date(2027, 4, 14))
    assert planned.why == "retires 14 Jan 2027 (planned, llm-sunset, seen 2026-09-24)"


def test_no_date_no_deadline() -> None:
    assert deadline(azure(), STOPS, TODAY) is None
    assert deadline(azure(seen("2026-06-17", certainty="not_before")), STOPS, TODAY) is None
    ahead = deadline(azure(seen("2027-06-17", certainty="not_before")), STOPS, TODAY)
    assert ahead
    assert (ahead.day, ahead.certainty) == (date(2027, 6, 17), "not_before")
    assert "≥ 17 Jun 2027" in ahead.why


@pytest.mark.parametrize(
    ("place", "extra", "lead", "expected"),
    [
        (UPGRADES, [("auto_upgrade_start", "2027-03-09")], None, ("2027-03-09", "auto_upgrade_start")),
        (STOPS, [("auto_upgrade_start", "2027-03-09")], None, ("2027-03-31", "retire")),
        (UPGRADES, [("auto_upgrade_start", "2027-05-09")], None, ("2027-03-31", "retire")),
        (UPGRADES, [], 21, ("2027-03-10", "auto_upgrade_start")),
        (UPGRADES, [("auto_upgrade_start", "2027-03-29")], 21, ("2027-03-29", "auto_upgrade_start")),
        (STOPS, [], 21, ("2027-03-31", "retire")),
        (ON_DEFAULT, [("default_change", "2027-01-15")], None, ("2027-01-15", "default_change")),
        (UPGRADES, [("default_change", "2027-01-15")], None, ("2027-03-31", "retire")),
        (ON_DEFAULT, [("default_change", "2026-11-12")], None, ("2026-11-12", "default_change")),
        (ON_DEFAULT, [("default_change", "2025-03-17")], None, ("2027-03-31", "retire")),
        (None, [("auto_upgrade_start", "2027-03-09")], None, ("2027-03-31", "retire")),
    ],
)
def test_an_automatic_upgrade_comes_before_the_retirement(
    place: Deployment | None, extra: list[tuple[str, str]], lead: int | None, expected: tuple[str, str]
) -> None:
    facts = {} if lead is None else {LEAD_TIME_FACT: lead}
    version = azure(seen("2027-03-31"), *(seen(day, kind=kind) for kind, day in extra), **facts)
    taken = deadline(version, place, TODAY)
    assert taken
    assert (taken.day.isoformat(), taken.kind) == expected


def test_a_deployment_type_with_its_own_date() -> None:
    version = azure(seen("2026-12-09"), seen("2027-02-01", scope=Scope(sku="Standard")))
    taken = deadline(version, replace(STOPS, sku="Standard"), TODAY, dates="effective")
    assert taken
    assert taken.day == date(2027, 2, 1)


# ── the plan ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_plan_of_section_3() -> None:
    p = plan(LAST, TODAY)
    assert (p.cutover_by, p.rollout_start, p.approved_by) == (date(2026, 11, 9), date(2026, 10, 26), date(2026, 10, 26))
    assert (p.validated_by, p.validate_from, p.adapt_from) == (
        date(2026, 10, 23),
        date(2026, 10, 18),
        date(2026, 10, 8),
    )
    assert (p.start_by, p.start_in, p.total_days, p.state) == (date(2026, 10, 3), -51, 67, "late")


@pytest.mark.parametrize(
    ("criticality", "expected"),
    [
        ("low", Durations(3, 5, 3, 2, 7, 30)),
        ("normal", Durations()),
        (None, Durations()),
        ("high", Durations(10, 20, 10, 6, 28, 30)),
    ],
)
def test_criticality_scales_all_but_the_rollback_window(criticality: Criticality | None, expected: Durations) -> None:
    assert durations(criticality) == expected
    assert plan(LAST, TODAY, criticality=criticality).total_days == expected.total


@pytest.mark.parametrize(
    ("ahead", "state"), [(67 + 15, "on_track"), (67 + 14, "due"), (67, "due"), (66, "late"), (1, "late"), (0, "past")]
)
def test_states(ahead: int, state: str) -> None:
    assert plan(TODAY + timedelta(days=ahead), TODAY).state == state


def test_a_target_that_came_late_squeezes_instead_of_being_late() -> None:
    p = plan(LAST, date(2026, 11, 1), usable_from=LAST - timedelta(days=30))
    assert (p.state, p.squeezed) == ("squeezed", (30, 67))
    assert plan(LAST, TODAY, usable_from=LAST - timedelta(days=30)).squeezed == (16, 67)
    assert plan(LAST, TODAY, usable_from=date(2026, 8, 1)).state == "late"


def test_finished_phases_take_no_more_time() -> None:
    p = plan(LAST, TODAY, finished=frozenset({"Assess", "Adapt"}))
    assert (p.total_days, p.start_by) == (52, p.validate_from)
    assert plan(LAST, TODAY, finished=frozenset({"Discover", "Prepare"})).total_days == 67
    done = plan(LAST, TODAY, finished=frozenset({"Assess", "Adapt", "Validate", "approval", "Roll out"}))
    assert done.start_by == done.cutover_by


def test_days_are_shown_on_the_last_free_day_and_counted_from_the_true_one() -> None:
    assert last_free_day(date(2026, 10, 3)) == date(2026, 10, 2)  # a Saturday
    assert last_free_day(date(2026, 12, 28), [(date(2026, 12, 19), date(2027, 1, 3))]) == date(2026, 12, 18)
    chained = [(date(2026, 11, 16), date(2026, 11, 20)), (date(2026, 11, 12), date(2026, 11, 13))]
    assert last_free_day(date(2026, 11, 20), chained) == date(2026, 11, 11)
    p = plan(LAST, TODAY, freeze=[(date(2026, 11, 5), date(2026, 11, 10))])
    assert (p.shown["start_by"], p.start_in) == (date(2026, 10, 2), -51)
    assert (p.cutover_by, p.shown["cutover_by"]) == (date(2026, 11, 9), date(2026, 11, 4))


def test_advice_names_what_it_costs() -> None:
    assert plan(LAST, TODAY - timedelta(days=120)).advice == ()
    late = plan(LAST, date(2026, 10, 23))  # 20 days late: 47 left for 37 of work
    assert late.rollback_left == 10
    assert "10 of 30 days to go back" in late.advice[0]
    assert plan(LAST, TODAY).advice[0].startswith("37 days of work do not fit into the 16 left")


# ── windows and due dates ─────────────────────────────────────────────────────────────────────────────────────────


def test_windows_on_track() -> None:
    p = plan(LAST, date(2026, 9, 1))
    assert p.windows["Discover"] == p.windows["Prepare"] == (date(2026, 9, 1), p.start_by)
    assert p.windows["Adapt"] == (p.adapt_from, p.validate_from)
    assert p.windows["Roll out"] == (p.rollout_start, p.cutover_by)


def test_late_windows_shrink_in_proportion_until_the_cut_over() -> None:
    today = date(2026, 10, 22)  # 18 of 37 days are left until 9 Nov
    p = plan(LAST, today)
    assert p.windows["Prepare"] == (today, today)
    assert [(p.windows[x].start - today).days for x in ("Assess", "Adapt", "Validate", "Roll out")] == [0, 2, 7, 11]
    assert p.windows["Roll out"].end == p.cutover_by
    after = plan(LAST, TODAY)
    assert {after.windows[phase].end for phase in PHASES[:-1]} == {TODAY}


def test_items_are_spread_in_falling_order_of_their_offset() -> None:
    window = (date(2026, 12, 1), date(2026, 12, 10))
    due = spread([("last", 10), ("first", 90), ("middle", 50)], window, TODAY)
    assert list(due) == ["first", "middle", "last"]
    assert list(due.values()) == [date(2026, 12, 4), date(2026, 12, 7), date(2026, 12, 10)]
    past = spread([("a", 2), ("b", 1)], (date(2026, 1, 1), date(2026, 1, 9)), TODAY)
    assert past == {"a": TODAY, "b": TODAY}
    assert spread([], window, TODAY) == {}


def test_no_item_is_due_on_a_weekend_or_in_a_freeze_unless_that_is_today() -> None:
    last, freeze = date(2027, 6, 30), [(date(2027, 3, 29), date(2027, 4, 9))]
    work = [(f"{phase}{n}", phase, -n) for phase in PHASES[:-1] for n in range(9)]
    for windows in ([], freeze):
        due = due_dates(work, plan(last, TODAY, freeze=windows), TODAY)
        assert all(last_free_day(day, windows) == day for day in due.values())
        assert [due[name] for name, _, _ in work[18:27]] == sorted(due[name] for name, _, _ in work[18:27])
    sunday = date(2026, 11, 29)
    assert set(due_dates(work, plan(LAST, sunday), sunday).values()) == {sunday}


def test_retire_counts_from_the_deadline() -> None:
    due = due_dates([("X02", "Retire", 7), ("X05", "Retire", -30), ("X00", "Retire", 60)], plan(LAST, TODAY), TODAY)
    assert due == {"X02": date(2026, 12, 2), "X05": date(2027, 1, 8), "X00": TODAY}


DAYS = st.dates(date(2025, 1, 1), date(2028, 12, 31))


@settings(max_examples=200)
@given(
    DAYS,
    DAYS,
    st.sampled_from(["low", "normal", "high", None]),
    st.frozensets(st.sampled_from([*PHASES, "approval"])),
    st.none() | DAYS,
    st.lists(st.tuples(st.sampled_from(PHASES), st.integers(-30, 180)), max_size=12),
)
def test_a_plan_always_adds_up(
    last: date,
    today: date,
    criticality: Criticality | None,
    finished: frozenset[str],
    usable: date | None,
    items: list[tuple[str, int]],
) -> None:
    p = plan(last, today, criticality=criticality, finished=finished, usable_from=usable)
    assert p.start_by + timedelta(days=p.total_days) == last
    assert p.start_in == (p.start_by - today).days
    dated = [p.start_by, p.adapt_from, p.validate_from, p.validated_by, p.approved_by, p.rollout_start, p.cutover_by]
    assert dated == sorted(dated)
    assert all(day.weekday() < 5 and day <= getattr(p, name) for name, day in p.shown.items())
    windows = [p.windows[phase] for phase in PHASES]
    assert all(w.start <= w.end for w in windows)
    assert all(a.start <= b.start and a.end <= b.end for a, b in pairwise(windows))
    assert all(w.start >= today for w in windows)
    due = due_dates([(f"i{n}", phase, offset) for n, (phase, offset) in enumerate(items)], p, today)
    assert len(due) == len(items)
    assert all(day >= today for day in due.values())
    in_order = [due[f"i{n}"] for n, (phase, _) in sorted(enumerate(items), key=lambda i: -i[1][1]) if phase == "Adapt"]
    assert in_order == sorted(in_order)
