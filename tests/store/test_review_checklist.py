"""Checklists: due dates, gates, what may happen to an item, staleness, questions and the automatic checks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.records import (
    Assignment,
    Criteria,
    Deployment,
    Evidence,
    Fact,
    Item,
    Json,
    Lineage,
    Measurement,
    Observation,
    Snapshot,
    Upgrade,
    UseCase,
    Version,
)
from store.review import items as steps
from store.review.checklist import (
    ChecklistError,
    finished_phases,
    instantiate,
    may_close,
    may_promote,
    order,
    progress,
    standing,
)
from store.review.checks import CHECKS, inputs_now, relied_on, run_checks, take_result
from store.review.context import context
from store.review.items import ItemError, resolved, stale
from store.review.plan import PHASES, plan
from store.review.questions import MAX_QUESTIONS, answered, open_questions, remember

TODAY = date(2026, 11, 23)
AT = "2026-11-23T09:00:00Z"
OLD, NEW = "azure-openai/gpt-4o@2024-05-13", "azure-openai/gpt-5.6-sol@2026-08-01"

ITEMS = [
    Item("D01", "Discover", "Register", offset=180),
    Item("D02", "Discover", "Dates", offset=180, check="dates_fresh"),
    Item("D03", "Discover", "On the day", offset=150, applies_when="platform == azure", check="upgrade_option_known"),
    Item("P04", "Prepare", "Rollback plan", offset=60, check="rollback_alive"),
    Item("P03", "Prepare", "Baseline", offset=110),
    Item("A04", "Assess", "Resize", offset=90, applies_when="deployment_type == provisioned"),
    Item("A06", "Assess", "Limits", offset=90, check="no_break_risk"),
    Item("A08", "Assess", "Lifetime", offset=110, check="target_outlives_runway"),
    Item("T07", "Adapt", "Tools", offset=60, applies_when="use_case.tools == true"),
    Item("T08", "Adapt", "Schema", offset=60, applies_when="use_case.structured_output == true"),
    Item("T12", "Adapt", "Re-tune", offset=180, applies_when="fine_tuned == true"),
    Item("T15", "Adapt", "Files", offset=60, applies_when="use_case.modalities contains file", gate="close"),
    Item("V01", "Validate", "Score", offset=45, check="verdict"),
    Item("V02", "Validate", "Experts", offset=40, applies_when="risk in (high, regulated)"),
    Item("V06", "Validate", "Sign-off", offset=35, check="approver_not_author"),
    Item("R03", "Roll out", "Canary", offset=25, gate="close"),
    Item("R06", "Roll out", "Pin", offset=14, applies_when="platform == azure", check="upgrade_option_set"),
    Item("X01", "Retire", "Delete", offset=0, gate="close"),
    Item("X05", "Retire", "Review", offset=-30, gate="close"),
]


def version(key: str, retires: date | None, seen: str = "2026-11-12", **values: Json) -> Version:
    facts: dict[str, tuple[Fact, ...]] = {name: (Fact(value, "test", seen),) for name, value in values.items()}
    dates = () if retires is None else (Observation("retire", retires, "planned", "ms", "Microsoft", seen),)
    return Version(uid=key, key=key, facts=facts, observations=dates)


def world(**changed: Any) -> Snapshot:
    old = version(OLD, date(2026, 12, 9), max_input_tokens=128000, max_output_tokens=4096, capabilities=["tools"])
    new = version(
        NEW, date(2028, 8, 1), max_input_tokens=272000, max_output_tokens=128000, capabilities=["tools", "reasoning"],
        lifecycle_label="GA",
    )  # fmt: skip
    parts: dict[str, Any] = {
        "versions": {OLD: old, NEW: new},
        "use_cases": {"support": UseCase("u", "support", owner="service", uses=("tools",))},
        "deployments": {"default": Deployment("d", "default", platform="azure", sku="GlobalProvisionedManaged")},
        "assignments": [Assignment("a", "support", OLD)],
        "measurements": {},
        "metrics": {},
        "upgrades": {},
    }
    return Snapshot(**(parts | changed))


def upgrade(**changed: Any) -> Upgrade:
    items = instantiate(ITEMS, nothing_known(), None, TODAY)
    return Upgrade("up", "support", OLD, **({"to_version": NEW, "author": "ada", "items": items} | changed))


def nothing_known() -> dict[str, Json]:
    return context(None, None, None, None)


def done(item: Item) -> Item:
    return steps.tick(item, by="bob", at=AT)


# ── making one ──


@given(
    ends=st.dates(date(2020, 1, 1), date(2035, 1, 1)),
    today=st.dates(date(2022, 1, 1), date(2030, 1, 1)),
    weight=st.sampled_from(["low", "normal", "high", None]),
)
def test_due_dates_follow_the_order_and_none_lies_in_the_past(ends: date, today: date, weight: Any) -> None:
    way = plan(ends, today, criticality=weight)
    items = instantiate(ITEMS, nothing_known(), way, today)
    assert len(items) == len(ITEMS), "nothing is known: everything stays"
    for phase in PHASES:
        due = [item.due for item in items.values() if item.phase == phase and item.due]
        assert all(today <= one <= other for one, other in pairwise(due))
        assert min(due) >= today
    work = [max(i.due for i in items.values() if i.phase == phase and i.due) for phase in PHASES]
    assert work == sorted(work)
    assert max(i.due for i in items.values() if i.due and i.phase != "Retire") <= max(today, way.cutover_by)


def test_only_what_applies_stays_in_order_and_the_undecided_is_marked() -> None:
    place = Deployment("d", "default", sku="Standard", fine_tuned=False)
    use_case = UseCase("u", "support", regulated=False, criticality="high", uses=())
    values = context(use_case, version(OLD, None), version(NEW, None), place)
    items = instantiate(ITEMS, values, None, TODAY, owner="service")
    assert not {"A04", "T07", "T08", "T12"} & set(items)
    assert [i.id for i in items.values() if i.applies == "unknown"] == ["T15"]
    assert [i for i in items if i[0] in "PA"] == ["P03", "P04", "A08", "A06"], "by falling offset"
    assert {i.owner for i in items.values()} == {"service"}
    assert items["D01"].due is None, "no deadline, no due date"


def test_a_running_checklist_takes_over_progress() -> None:
    way = plan(date(2027, 6, 1), TODAY)
    items = instantiate(ITEMS, nothing_known(), way, TODAY)
    items["D01"] = done(items["D01"])
    items["T07"] = steps.start(items["T07"])
    values = answered(nothing_known(), {"use_case.tools": False, "use_case.structured_output": False})
    later = instantiate(ITEMS[1:], values, plan(date(2027, 9, 1), TODAY), TODAY, kept=items)
    assert later["D01"] == items["D01"], "what was done stays although the template dropped it"
    assert later["T07"].state == "doing", "work in hand is not thrown away"
    assert "T08" not in later
    assert (later["V01"].due or TODAY) > (items["V01"].due or TODAY)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"D01": ("D02",), "D02": ("D03",), "D03": ("D01",)}, "wait for each other: D01 → D02 → D03 → D01"),
        ({"D01": ("D01",)}, "D01 → D01"),
        ({"D01": ("D09",)}, "D01 comes after D09, which is not"),
        ({"D01": ("V01",)}, "D01 in Discover cannot come after V01 in Validate"),
    ],
)
def test_dependencies_that_cannot_be_met_are_refused(changes: dict[str, tuple[str, ...]], words: str) -> None:
    with pytest.raises(ChecklistError, match=words):
        order([replace(item, after=changes.get(item.id, ())) for item in ITEMS])


def test_what_an_item_waits_for_comes_before_it_and_is_due_before_it() -> None:
    pool = [replace(item, after=("D03",)) if item.id == "D01" else item for item in ITEMS]
    items = instantiate(pool, nothing_known(), plan(date(2027, 6, 1), TODAY), TODAY)
    assert list(items)[:3] == ["D03", "D01", "D02"]
    assert (items["D03"].due or TODAY) <= (items["D01"].due or TODAY)
    assert progress({k: items[k] for k in ("D01", "D03")}, TODAY).next == "D03"


def test_an_unknown_phase_or_a_second_item_of_the_same_id_is_refused() -> None:
    with pytest.raises(ChecklistError, match="no phase 'Ship'"):
        order([Item("Z", "Ship", "x")])
    with pytest.raises(ChecklistError, match="two items D01"):
        order([ITEMS[0], ITEMS[0]])


# ── one item ──


def test_the_way_of_an_item_and_two_people_at_once() -> None:
    item = steps.start(ITEMS[0])
    finished = steps.tick(item, by="bob", at=AT, note="7 places in 4 files", inputs={"target": "h1"})
    assert (finished.state, finished.evidence[-1].text, finished.evidence[-1].by) == (
        "done",
        "7 places in 4 files",
        "bob",
    )
    with pytest.raises(ItemError, match="D01 is already done"):
        steps.tick(finished, by="eve", at=AT)
    assert steps.reopen(finished).evidence == finished.evidence
    assert [steps.step(i, by="bob", at=AT).state for i in (ITEMS[0], item, finished)] == ["doing", "done", "todo"]


def test_reasons_names_and_terms_are_required() -> None:
    item = ITEMS[0]
    cases: tuple[tuple[Callable[[], Item], str], ...] = (
        (lambda: steps.block(item, " "), "what blocks it"),
        (lambda: steps.not_applicable(item, ""), "why it does not apply"),
        (lambda: steps.waive(item, by="", why="x", at=AT, until=TODAY), "needs the person"),
        (lambda: steps.waive(item, by="bob", why="", at=AT, until=TODAY), "needs a reason"),
        (lambda: steps.waive(item, by="bob", why="x", at=AT, until=None), "the day it expires"),
        (lambda: steps.waive(item, by="bob", why="x", at=AT, until=date(2026, 11, 22)), "expired before it begins"),
        (lambda: steps.tick(item, by="", at=AT), "who did it"),
        (lambda: steps.add_evidence(item, Evidence("note", "", AT, "bob")), "evidence is empty"),
        (lambda: steps.sign(item, by="bob", at=AT), "only a settled item"),
        (lambda: steps.reopen(item), "open already"),
        (lambda: steps.block(done(item), "x"), "already done"),
        (lambda: steps.sign(done(item), by="Ada ", at=AT, not_by="ada"), "second person"),
        (lambda: steps.sign(steps.sign(done(item), by="bob", at=AT), by="eve", at=AT), "was signed by bob"),
    )
    for refused, words in cases:
        with pytest.raises(ItemError, match=words):
            refused()


def test_a_waiver_counts_to_its_last_day_and_comes_back_overdue() -> None:
    item = steps.waive(replace(ITEMS[0], due=date(2027, 1, 1)), by="bob", why="small", at=AT, until=date(2026, 11, 30))
    assert resolved(item, date(2026, 11, 30))
    assert not resolved(item, date(2026, 12, 1))
    assert progress({"D01": item}, date(2026, 12, 1)).overdue == ("D01",)
    assert "expired on 2026-11-30" in standing(item, date(2026, 12, 1))
    assert not resolved(replace(item, waiver=None), TODAY)


def test_evidence_goes_stale_when_an_input_changes_and_says_which() -> None:
    item = steps.tick(ITEMS[1], by="bob", at=AT, inputs={"retirement date": "h1", "policy": "p1"})
    now = {"retirement date": "h1", "policy": "p1"}
    assert stale(item, now) is None
    assert stale(item, now | {"retirement date": "h2"}) == "retirement date changed"
    assert stale(item, {"policy": "p1"}) == "retirement date is gone"
    assert not resolved(item, TODAY, now | {"policy": "p2"})
    renewed = steps.add_evidence(item, Evidence("check", "again", AT, "bob", inputs={"policy": "p2"}))
    assert stale(renewed, now | {"policy": "p2"}) is None
    assert stale(steps.reopen(item), {}) is None, "only what counts as done can be stale"


# ── gates ──


def test_progress_counts_and_names_what_is_open() -> None:
    items = instantiate(ITEMS, nothing_known(), plan(date(2027, 6, 1), TODAY), TODAY)
    items["D01"] = done(items["D01"])
    items["D02"] = steps.block(items["D02"], "no access")
    items["T12"] = steps.not_applicable(items["T12"], "no fine-tuning")
    state = progress(items, TODAY)
    assert (state.done, state.applicable, state.next, state.overdue) == (1, len(ITEMS) - 1, "D03", ())
    assert set(state.blockers_close) - set(state.blockers_promote) == {"T15", "R03", "X01", "X05"}
    assert "D02" in progress(items, date(2027, 5, 1)).overdue
    assert finished_phases({k: items[k] for k in ("D01", "T12", "P03")}, TODAY) == {"Discover", "Adapt"}


def test_promotion_needs_its_items_a_live_target_and_a_second_person() -> None:
    ready = {k: i if i.gate == "close" else done(i) for k, i in upgrade().items.items()}
    assert may_promote(upgrade(items=ready), world(), TODAY) == []
    assert may_promote(upgrade(items=ready | {"P03": ITEMS[4]}), world(), TODAY) == ["P03 Baseline: to do."]
    gone = world(versions={OLD: world().versions[OLD]})
    assert "no longer in the catalog" in may_promote(upgrade(items=ready), gone, TODAY)[0]
    retired = world(versions={NEW: version(NEW, date(2026, 11, 1))})
    assert "cannot be called: Retired on 1 Nov 2026" in may_promote(upgrade(items=ready), retired, TODAY)[0]
    assert may_promote(upgrade(items=ready, to_version=""), world(), TODAY) == ["No target is chosen."]
    assert "already" in may_promote(upgrade(items=ready, state="closed"), world(), TODAY)[0]
    two = world(use_cases={"support": UseCase("u", "support", criteria=Criteria(two_persons=True))})
    own = {**ready, "V06": steps.sign(ready["V06"], by="Ada", at=AT)}
    assert "other than ada" in may_promote(upgrade(items=own), two, TODAY)[0]
    other = {**ready, "V06": steps.sign(ready["V06"], by="bob", at=AT)}
    assert may_promote(upgrade(items=other), two, TODAY) == []


def test_closing_needs_all_and_no_longer_asks_whether_the_gate_would_pass_today() -> None:
    ready = {k: steps.tick(i, by="bob", at=AT, inputs={"target": "h1"}) for k, i in upgrade().items.items()}
    moved = upgrade(items=ready, state="promoted")
    assert may_close(moved, TODAY, {"target": "h1"}) == []
    assert [line[:3] for line in may_close(moved, TODAY, {"target": "h2"})] == ["T15", "R03", "X01", "X05"]
    assert may_close(upgrade(items=ready), TODAY)[0] == "The target is not promoted."


# ── questions ──


def test_questions_are_few_the_weightiest_first_and_settle_what_they_name() -> None:
    items = instantiate(ITEMS, nothing_known(), None, TODAY)
    asked = open_questions(items, nothing_known())
    assert len(asked) <= MAX_QUESTIONS
    assert {q.name for q in asked} == {
        "regulated", "fine_tuned", "use_case.tools", "use_case.structured_output", "use_case.modalities",
    }  # fmt: skip
    assert asked[-1].items == ("T15",), "an item that does not block comes last"
    values = answered(nothing_known(), {q.name: q.name == "regulated" for q in asked})
    settled = instantiate(ITEMS, values, None, TODAY)
    assert "V02" in settled
    assert settled["V02"].applies == "yes"
    assert not {"T07", "T08", "T12", "T15"} & set(settled)
    assert open_questions(settled, values) == []


def test_a_use_case_remembers_what_an_answer_determines() -> None:
    told = remember(UseCase("u", "u"), {"regulated": True, "use_case.batch": False, "use_case.languages": False})
    assert (told.regulated, told.batch, told.languages) == (True, False, 1)
    assert remember(told, {"regulated": False}).regulated is True, "what is known is not overwritten"
    assert remember(told, {"use_case.tools": True}).uses is None, "half an answer does not say no to the rest"
    both = {"use_case.tools": True, "use_case.structured_output": False}
    assert remember(told, both).uses == ("tools",)
    assert remember(told, {"use_case.modalities": True, "use_case.languages": True}).modalities is None


# ── automatic checks ──


def results(records: Snapshot | None = None, verdict: str | None = None, **changed: Any) -> dict[str, bool | None]:
    return {k: r.ok for k, r in run_checks(upgrade(**changed), records or world(), TODAY, verdict).items()}


def test_every_named_check_runs_on_the_real_case() -> None:
    found = run_checks(upgrade(), world(), TODAY, "PASS")
    assert {name: r.ok for name, r in found.items()} == {
        "D02": True, "D03": True, "P04": True, "A06": True, "A08": True, "V01": True, "V06": None, "R06": True,
    }  # fmt: skip
    assert "the rollback window is cut from 30 d" in found["P04"].text
    assert {i.check for i in ITEMS if i.check} == set(CHECKS)


def test_nothing_known_is_never_ok() -> None:
    bare = Snapshot({}, {}, {}, [], {}, {}, {})
    assert {ok for name, ok in results(bare).items() if name != "P04"} == {None}
    assert results(bare)["P04"] is False
    dateless = world(versions={OLD: version(OLD, None), NEW: version(NEW, None)}, use_cases={})
    assert [results(dateless)[name] for name in ("D02", "P04", "A06", "A08")] == [None, None, None, None]
    unknown_place = world(deployments={"default": Deployment("d", "default", platform="azure", sku="Standard")})
    assert (results(unknown_place)["D03"], results(unknown_place)["R06"]) == (None, None)


def test_checks_fail_on_what_is_wrong() -> None:
    old, new = world().versions[OLD], world().versions[NEW]
    stale_dates = world(versions={OLD: version(OLD, date(2026, 12, 9), "2026-09-01"), NEW: new})
    assert results(stale_dates)["D02"] is False
    absent = Deployment("d", "default", platform="azure", sku="Standard", upgrade_option_known=True)
    assert [results(world(deployments={"default": absent}))[n] for n in ("D03", "R06")] == [True, False]
    small = version(NEW, date(2027, 1, 1), max_input_tokens=8000, max_output_tokens=4096, capabilities=[])
    found = run_checks(upgrade(), world(versions={OLD: old, NEW: small}), TODAY)
    assert found["A06"].text == "input limit 128,000 → 8,000; no tools"
    assert (found["A06"].ok, found["A08"].ok) == (False, False)
    preview = version(NEW, date(2029, 1, 1), lifecycle_label="Preview")
    assert results(world(versions={OLD: old, NEW: preview}))["A08"] is False
    gone = version(OLD, date(2026, 11, 1))
    assert results(world(versions={OLD: gone, NEW: new}))["P04"] is False
    words = ("PASS", "WAIVED", "PASS_UNPROVEN", "FAIL", "INCONCLUSIVE", "STALE", "")
    assert [results(verdict=word)["V01"] for word in words] == [True, True, True, False, None, None, None]


def test_own_models_need_an_artifact_and_no_date() -> None:
    old = Version("o", OLD, own=True, lineage=Lineage(artifact="s3://m/3"))
    own = world(versions={OLD: old, NEW: Version("n", NEW, own=True)})
    assert [results(own)[name] for name in ("D02", "P04", "A08")] == [True, True, True]
    bare = world(versions={OLD: replace(old, lineage=Lineage())})
    assert results(bare)["P04"] is None


def test_the_sign_off_is_settled_by_its_signature_and_by_whom() -> None:
    two = world(use_cases={"support": UseCase("u", "support", criteria=Criteria(two_persons=True))})
    item = next(i for i in ITEMS if i.id == "V06")
    for by, ok in (("bob", True), ("ADA", False)):
        signed = steps.sign(item, by=by, at=AT)
        assert signed.state == "done"
        assert results(two, items={"V06": signed})["V06"] is ok
    assert results(items={"V06": steps.sign(item, by="ada", at=AT)})["V06"] is True, "the policy asks for one"


def test_a_check_settles_its_item_and_never_overrules_a_person() -> None:
    one, records = upgrade(), world()
    result = run_checks(one, records, TODAY)["D02"]
    passed = take_result(one.items["D02"], result, at=AT)
    assert (passed.state, passed.evidence[-1].kind) == ("done", "check")
    assert take_result(passed, result, at="2026-11-24T00:00:00Z") == passed, "the same result is not written twice"
    failed = replace(result, ok=False, text="older than 30 d")
    assert take_result(passed, failed, at=AT).state == "blocked"
    assert take_result(passed, replace(result, ok=None), at=AT).state == "todo"
    assert take_result(done(one.items["D02"]), failed, at=AT).state == "done"
    assert take_result(steps.not_applicable(one.items["D02"], "x"), result, at=AT).state == "not_applicable"


def test_each_kind_of_input_makes_its_item_stale() -> None:
    one, before = upgrade(), world()
    now = inputs_now(one, before, TODAY)
    ticked = {k: steps.tick(i, by="bob", at=AT, inputs=relied_on(i, now)) for k, i in one.items.items()}

    def which(records: Snapshot = before, **changed: Any) -> set[str]:
        after = inputs_now(upgrade(**changed), records, TODAY)
        return {k for k, item in ticked.items() if stale(item, after)}

    assert which() == set()
    moved = dict(before.versions) | {OLD: version(OLD, date(2027, 1, 9))}
    assert which(world(versions=moved)) == {"D02", "P04", "A06"}
    place = Deployment("d", "default", platform="azure", sku="GlobalStandard")
    assert which(world(deployments={"default": place})) == {"D03", "R06"}
    policy = UseCase("u", "support", criteria=Criteria(version=2))
    assert which(world(use_cases={"support": policy})) == {"A08", "V01", "V06"}
    assert which(world(measurements={NEW: [Measurement("m", "f1", 0.9, NEW)]})) == {"V01"}
    assert which(author="eve") == {"V06"}
    ends = replace(before.versions[NEW], observations=version(NEW, date(2027, 1, 1)).observations)
    assert which(world(versions={**before.versions, NEW: ends})) == {"A08"}
    fewer = {**before.versions[NEW].facts, "max_output_tokens": (Fact(2048, "test", "2026-11-12"),)}
    assert which(world(versions={**before.versions, NEW: replace(before.versions[NEW], facts=fewer)})) == {"A06"}
    assert which(world(versions={**before.versions, OLD: version(OLD, None)})) >= {"D02", "P04"}, "a date was lost"
    gone = [Measurement("m", "f1", 0.9, NEW, use_case="another")]
    assert which(world(measurements={NEW: gone})) == set(), "what another use case measured is no input"
    later = which(to_version=OLD)
    assert later >= {k for k, i in ticked.items() if i.phase in ("Adapt", "Validate", "Retire")}
    assert not later & {"D01", "P03", "D02"}
    json.dumps(now)
