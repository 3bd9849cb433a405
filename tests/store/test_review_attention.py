"""DECISIONS 4a: what needs a decision; and DECISIONS 11: how old the facts are."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from store.records import (
    Assignment,
    Criteria,
    Decision,
    Deployment,
    Evidence,
    Fact,
    Item,
    Lineage,
    Measurement,
    Metric,
    Observation,
    Snapshot,
    Upgrade,
    UseCase,
    Version,
    Waiver,
)
from store.review.attention import SEVERITY, Finding, attention
from store.review.freshness import freshness
from store.review.status import AssignmentStatus, running_upgrades, status, version_status

TODAY = date(2026, 11, 23)
GPT, CHURN = "openai/gpt-4o@2024-05-13", "mlflow/churn@7"
OWNED = UseCase("uc", "support", owner="Ada")
MEASURED = Measurement("m", "accuracy", 0.9, GPT, use_case="support", measured_on=date(2026, 11, 20))


def seen(value: str, source: str = "litellm", observed_at: str = "2026-11-12", **more: Any) -> Observation:
    kind, certainty = more.pop("kind", "retire"), more.pop("certainty", "planned")
    return Observation(kind, date.fromisoformat(value), certainty, source, source, observed_at, **more)


def version(*observations: Observation, key: str = GPT, facts: dict[str, Any] | None = None, **more: Any) -> Version:
    claims: dict[str, tuple[Fact, ...]] = {
        name: (Fact(value, "litellm", "2026-11-12"),) for name, value in (facts or {}).items()
    }
    return Version(key, key, observations=observations, facts=claims, **more)


def world(
    *versions: Version,
    use_case: UseCase = OWNED,
    run: Assignment | None = None,
    place: Deployment | None = None,
    measured: Iterable[Measurement] = (MEASURED,),
    upgrades: Sequence[Upgrade] = (),
    metrics: Iterable[Metric] = (),
) -> Snapshot:
    run = run or Assignment("as", "support", versions[0].key, deployment=place.name if place else "default")
    by_version: dict[str, list[Measurement]] = {}
    for m in measured:
        by_version.setdefault(m.version, []).append(m)
    return Snapshot(
        versions={v.key: v for v in versions},
        use_cases={use_case.name: use_case},
        deployments={place.name: place} if place else {},
        assignments=[run],
        measurements=by_version,
        metrics={m.name: m for m in metrics},
        upgrades={u.uid: u for u in upgrades},
    )


def kinds(findings: list[Finding]) -> list[str]:
    return [f.kind for f in findings]


def only(records: Snapshot, kind: str, today: date = TODAY, since: date | None = None, **more: Any) -> Finding:
    (found,) = [f for f in attention(records, today, since, **more) if f.kind == kind]
    return found


FAR = seen("2028-01-01")

# ── time ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2026-11-19", "stopped"), ("2026-12-09", "late"), ("2027-02-12", "due"), ("2027-02-13", None)],
)
def test_what_time_asks_for(day: str, expected: str | None) -> None:
    assert kinds(attention(world(version(seen(day))), TODAY)) == ([expected] if expected else [])


def test_a_finding_says_why_what_to_do_and_how_urgent_it_is() -> None:
    late = only(world(version(seen("2026-12-09"), facts={"replacement": ["gpt-5.6-sol"]})), "late")
    assert late.why == (
        "Work had to start by 2 Oct 2026: 51 d late. It retires 9 Dec 2026 (planned, litellm, seen 2026-11-12)."
    )
    assert late.action == "Start the upgrade to gpt-5.6-sol, or decide to stay, replace or stop."
    assert (late.days, late.subject, late.use_case, late.key, late.severity) == (-51, "as", "support", GPT, 1)
    stopped = only(world(version(seen("2026-11-19"))), "stopped")
    assert (stopped.days, stopped.until, stopped.severity) == (-4, date(2026, 11, 19), 0)


def test_squeezed_where_the_target_was_released_late() -> None:
    target = version(FAR, key="openai/new@1", facts={"release_date": "2026-11-10"})
    old = version(seen("2026-12-09"), facts={"replacement": [{"text": "new", "key": "openai/new@1"}]})
    records = world(old, target)
    assert kinds(attention(records, TODAY)) == ["squeezed"]
    assert "16 of 67 days" in only(records, "squeezed").why
    assert status(records.assignments[0], records, TODAY).squeezed == (16, 67)


@pytest.mark.parametrize(
    ("decision", "silent"),
    [
        (Decision("stay_until", "2026-11-01T09:00:00Z", "ada", until=TODAY), True),
        (Decision("stay_until", "2026-11-01T09:00:00Z", "ada", until=TODAY - timedelta(days=1)), False),
        (Decision("later", "2026-11-01T09:00:00Z", "ada", "as", until=date(2026, 12, 1)), True),
        (Decision("later", "2026-11-01T09:00:00Z", "ada", GPT, until=date(2026, 12, 1)), True),
        (Decision("later", "2026-11-01T09:00:00Z", "ada", "another", until=date(2026, 12, 1)), False),
        (Decision("upgrade", "2026-11-01T09:00:00Z", "ada"), False),
        (Decision("later", "2026-11-01T09:00:00Z", "ada", until=date(2026, 12, 1), deadline=date(2026, 12, 9)), True),
        (Decision("later", "2026-11-01T09:00:00Z", "ada", until=date(2026, 12, 1), deadline=date(2026, 12, 10)), False),
    ],
)
def test_a_decision_takes_the_row_off_late(decision: Decision, silent: bool) -> None:
    records = world(version(seen("2026-12-09")), use_case=replace(OWNED, decisions=(decision,)))
    assert kinds(attention(records, TODAY)) == ([] if silent else ["late"])
    row = status(records.assignments[0], records, TODAY)
    assert row.stay_until == (decision.until if silent else None)
    assert row.start_in == -51


def test_the_newest_decision_counts_and_none_hides_what_has_stopped() -> None:
    stay = Decision("stay_until", "2026-10-01T09:00:00Z", "ada", until=date(2026, 12, 1))
    go = Decision("upgrade", "2026-11-01T09:00:00Z", "ada")
    records = world(version(seen("2026-12-09")), use_case=replace(OWNED, decisions=(stay, go)))
    assert kinds(attention(records, TODAY)) == ["late"]
    records = world(version(seen("2026-11-19")), use_case=replace(OWNED, decisions=(stay,)))
    assert kinds(attention(records, TODAY)) == ["stopped"]


def test_archived_asks_for_nothing() -> None:
    run = Assignment("as", "support", GPT, stage="Archived")
    assert attention(world(version(seen("2026-11-19")), run=run), TODAY) == []


# ── dates ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_moved_earlier_counts_only_what_was_observed_since() -> None:
    records = world(version(seen("2028-01-01", observed_at="2026-10-01"), seen("2027-10-01", observed_at="2026-11-20")))
    moved = only(records, "moved_earlier", since=date(2026, 11, 1))
    assert "from 1 Jan 2028 to 1 Oct 2027, 92 days earlier" in moved.why
    for since in (None, date(2026, 11, 20), date(2026, 9, 1)):
        assert attention(records, TODAY, since) == []
    later = world(version(seen("2028-01-01", observed_at="2026-10-01"), seen("2028-10-01", observed_at="2026-11-20")))
    assert attention(later, TODAY, date(2026, 11, 1)) == []


def test_a_lapsed_date_is_a_question() -> None:
    records = world(version(seen("2026-10-14", "llm-sunset", "2026-09-24"), seen("2028-01-01", "ms-a", "2026-10-13")))
    assert kinds(attention(records, TODAY)) == ["lapsed", "stale_dates"]
    assert only(records, "lapsed").why == "llm-sunset says it stopped on 14 Oct 2026. Still answering?"


def test_no_date_until_somebody_looked() -> None:
    assert kinds(attention(world(version(facts={"price_input": 1})), TODAY)) == ["no_date"]
    over = version(seen("2026-06-17", certainty="not_before"))
    assert "passed, no date" in only(world(over), "no_date").why
    looked = replace(over, facts={"no_date_published": (Fact(True, "me", "2026-11-20", layer="local"),)})
    assert attention(world(looked), TODAY) == []
    assert kinds(attention(world(looked), TODAY + timedelta(days=88))) == ["no_date"]


def test_a_model_that_is_not_in_the_catalog_is_unknown() -> None:
    records = world(version(FAR, key="openai/other@1"), run=Assignment("as", "support", GPT))
    assert kinds(attention(records, TODAY)) == ["unknown_model"]
    row = status(records.assignments[0], records, TODAY)
    assert (row.lifecycle.status, row.outcome.kind, row.start_in) == ("unknown", "unknown", None)


@pytest.mark.parametrize(
    ("option", "known", "sku", "change", "found"),
    [
        ("OnceNewDefaultVersionAvailable", True, "GlobalStandard", "2026-12-07", True),
        ("OnceNewDefaultVersionAvailable", True, "GlobalStandard", "2026-12-08", False),
        ("OnceNewDefaultVersionAvailable", True, "GlobalStandard", "2026-11-09", True),
        ("OnceNewDefaultVersionAvailable", True, "GlobalStandard", "2025-03-17", False),
        ("OnceNewDefaultVersionAvailable", True, "GlobalProvisionedManaged", "2026-12-07", False),
        (None, False, "", "2026-12-07", True),
        ("OnceCurrentVersionExpired", True, "GlobalStandard", "2026-12-07", False),
    ],
)
def test_a_new_default_matters_to_what_follows_it(
    option: str | None, known: bool, sku: str, change: str, found: bool
) -> None:
    key = "azure-openai/gpt-4o@2024-05-13"
    place = Deployment("d", "prod", platform="azure", sku=sku, upgrade_option=option, upgrade_option_known=known)
    records = world(version(FAR, seen(change, kind="default_change"), key=key), place=place)
    assert ("default_change" in kinds(attention(records, TODAY))) is found


def test_drift_and_deployments_that_are_gone() -> None:
    place = Deployment("d", "prod", remote_version="openai/gpt-4o@2024-08-06", remote_seen_at="2026-11-22T08:00:00Z")
    drift = only(world(version(FAR), place=place), "drift")
    assert drift.why == f"prod serves openai/gpt-4o@2024-08-06 (seen 2026-11-22), recorded is {GPT}."
    gone = replace(place, missing_since=date(2026, 11, 21))
    assert "no longer listed since 21 Nov 2026" in only(world(version(FAR), place=gone), "drift").why
    same = replace(place, remote_version=GPT)
    alias = version(FAR, alias_of=("openai/gpt-4o@2024-08-06",))
    assert attention(world(version(FAR), place=same), TODAY) == attention(world(alias, place=place), TODAY) == []


def test_dates_are_stale_after_thirty_days() -> None:
    records = world(version(FAR))
    assert attention(records, date(2026, 12, 12)) == []
    assert kinds(attention(records, date(2026, 12, 13))) == ["stale_dates"]


# ── use case, upgrade, own models ─────────────────────────────────────────────────────────────────────────────────


def test_owner_review_day_and_measurement() -> None:
    use_case = UseCase("uc", "support", review_by=date(2026, 11, 22))
    records = world(version(FAR), use_case=use_case, measured=[replace(MEASURED, use_case="", origin="reference")])
    assert kinds(attention(records, TODAY)) == ["review_past", "unmeasured", "no_owner"]
    assert only(records, "no_owner").subject == "support"
    staging = world(version(FAR), run=Assignment("as", "support", GPT, stage="Staging"), measured=[])
    assert attention(staging, TODAY) == []


def item(name: str, phase: str = "Assess", **more: Any) -> Item:
    return Item(name, phase, f"Do {name}", **more)


def upgrade(*items: Item, to: str = "", **more: Any) -> Upgrade:
    return Upgrade("up", "support", GPT, to, items={i.id: i for i in items}, **more)


def test_overdue_items_are_one_finding() -> None:
    yesterday = TODAY - timedelta(days=1)
    running = upgrade(
        item("A01", due=yesterday),
        item("A02", due=yesterday - timedelta(days=4)),
        item("A03", due=yesterday, state="done"),
        item("A04", due=TODAY),
    )
    records = world(version(FAR), upgrades=[running])
    assert kinds(attention(records, TODAY)) == ["item_overdue"]
    found = only(records, "item_overdue")
    assert (found.subject, found.days) == ("up", -5)
    assert found.why == "A02 Do A02 was due on 18 Nov 2026 and 1 more."
    assert attention(world(version(FAR), upgrades=[replace(running, state="closed")]), TODAY) == []


def test_expired_waivers_of_items_and_metrics() -> None:
    over, holds = Waiver("ada", "why", "2026-11-01", date(2026, 11, 22)), Waiver("ada", "why", "2026-11-01", TODAY)
    waived = upgrade(item("A01", state="waived", waiver=over), item("A02", state="waived", waiver=holds))
    waived = replace(waived, waivers={"accuracy": over, "latency": holds})
    found = attention(world(version(FAR), upgrades=[waived]), TODAY)
    assert [f.why for f in found] == [f"The waiver of {name} ended on 22 Nov 2026." for name in ("A01", "accuracy")]


def test_stale_evidence_of_items_and_of_the_target() -> None:
    done = item("D02", state="done", evidence=(Evidence("check", "ok", "2026-11-01", "ada", inputs={"dates": "1"}),))
    target = version(seen("2029-01-01"), key="openai/new@1")
    old = Measurement("t", "accuracy", 0.9, target.key, use_case="support", measured_on=date(2026, 11, 8))
    records = world(version(FAR), target, upgrades=[upgrade(done, to=target.key)], measured=[MEASURED, old])
    assert "measured 15 days ago" in only(records, "stale_evidence").why
    fresh = replace(records, measurements={GPT: [MEASURED], target.key: [replace(old, measured_on=date(2026, 11, 9))]})
    assert attention(fresh, TODAY, inputs=lambda _: {"dates": "1"}) == []
    assert only(fresh, "stale_evidence", inputs=lambda _: {"dates": "2"}).why == "D02 is stale: dates changed."


def test_a_target_needs_the_runway_of_the_policy_after_the_cut_over() -> None:
    def found(last: str, runway: int = 180) -> list[str]:
        use_case = replace(OWNED, criteria=Criteria(runway_days=runway))
        target = version(seen(last), key="openai/new@1")
        leaving = version(seen("2027-06-30"))  # to be left by 31 May 2027
        return kinds(attention(world(leaving, target, use_case=use_case, upgrades=[upgrade(to=target.key)]), TODAY))

    assert found("2027-11-27") == []
    assert found("2027-11-26") == ["target_retires"]
    assert found("2027-11-26", runway=179) == []
    assert found("2026-11-01") == ["target_retires"]


def own(number: int, **more: Any) -> Version:
    made = Lineage(data="d", data_hash="1", commit="c")
    return Version(f"c{number}", f"mlflow/churn@{number}", own=True, lineage=more.pop("lineage", made), **more)


def auc(number: int, value: float, **more: Any) -> Measurement:
    return Measurement(f"m{number}", "auc", value, f"mlflow/churn@{number}", dataset="holdout", **more)


def test_a_newer_version_of_our_own_that_is_better() -> None:
    metrics = [Metric("auc", "AUC", direction="up", rank=1)]
    versions = [own(7), own(6), own(8), own(10), own(11)]
    measured = [auc(7, 0.80), auc(6, 0.99), auc(8, 0.82), auc(10, 0.83), auc(11, 0.9, dataset_hash="other")]
    records = world(*versions, measured=measured, metrics=metrics)
    assert kinds(attention(records, TODAY)) == ["newer_better"]
    assert only(records, "newer_better").why == "mlflow/churn@10 has AUC 0.83, Production has 0.8."
    undirected = replace(records, metrics={"auc": Metric("auc", "AUC", rank=1)})
    lower = replace(records, metrics={"auc": Metric("auc", "AUC", direction="down", rank=1)})
    assert attention(undirected, TODAY) == attention(lower, TODAY) == []


def test_own_models_need_their_origin_and_their_artifact() -> None:
    bare = world(own(7, lineage=Lineage(repository="r")), measured=[auc(7, 0.8)])
    assert only(bare, "no_lineage").why == "The data and code version it was made from is not recorded."
    assert "data" not in only(world(own(7, lineage=Lineage(data_hash="1")), measured=[auc(7, 1)]), "no_lineage").why
    gone = world(own(7, missing_since=date(2026, 11, 1)), measured=[auc(7, 0.8)])
    assert kinds(attention(gone, TODAY)) == ["unreachable"]
    assert kinds(attention(world(own(7), measured=[auc(7, 0.8)]), TODAY, unreachable={CHURN})) == ["unreachable"]


# ── the list, the rows, the ages ──────────────────────────────────────────────────────────────────────────────────


def test_the_worst_and_most_urgent_come_first() -> None:
    versions = [
        version(seen(day), key=f"openai/{name}@1")
        for name, day in (
            ("far", "2028-01-01"),
            ("later", "2027-01-20"),
            ("late", "2026-12-09"),
            ("gone", "2026-11-01"),
        )
    ]
    runs = [Assignment(v.key, "support", v.key) for v in versions]
    records = replace(world(*versions), assignments=runs)
    found = attention(records, TODAY)
    assert [(f.kind, f.key.split("/")[1]) for f in found[:3]] == [
        ("stopped", "gone@1"), ("late", "late@1"), ("late", "later@1"),
    ]  # fmt: skip
    assert [f.severity for f in found] == sorted(f.severity for f in found)
    assert {f.kind for f in found} <= set(SEVERITY)


def row(records: Snapshot) -> AssignmentStatus:
    return status(records.assignments[0], records, TODAY, running=running_upgrades(records))


def test_a_row_has_plan_upgrade_and_what_is_finished() -> None:
    settled = [item("A01", state="done"), item("T01", "Adapt", state="not_applicable"), item("V01", "Validate")]
    records = world(version(seen("2026-12-09")), upgrades=[upgrade(*settled, to="openai/new@1")])
    seen_row = row(records)
    assert seen_row.upgrade
    assert seen_row.plan
    assert (seen_row.target, seen_row.plan.total_days) == ("openai/new@1", 52)
    assert seen_row.start_by == date(2026, 10, 16)
    approved = upgrade(*settled[:2], item("V01", "Validate", state="done"))
    assert getattr(row(world(version(seen("2026-12-09")), upgrades=[approved])).plan, "total_days", 0) == 44


def test_a_retired_row_keeps_its_deadline_and_has_no_start() -> None:
    gone = row(world(version(seen("2026-11-19"))))
    assert gone.deadline
    assert (gone.deadline.day, gone.start_in, gone.outcome.kind) == (date(2026, 11, 19), None, "stopped")


def test_a_version_alone() -> None:
    alone = version_status(version(seen("2026-12-09"), facts={"lifecycle_label": "GA"}), TODAY)
    assert (alone.lifecycle.status, alone.outcome.kind) == ("ga", "stops")
    assert alone.ledger.effective


def test_freshness_is_the_age_of_the_oldest_fact_in_use() -> None:
    confirmed = version(seen("2028-01-01", "ms-a", "2026-06-01"), FAR, facts={"price_input": 1, "price_output": 2})
    old = replace(confirmed, facts=confirmed.facts | {"price_output": (Fact(2, "azure", "2026-08-11"),)})
    found = freshness(world(old), TODAY)
    assert (found.dates_days, found.prices_days, found.prices_key) == (11, 104, GPT)
    assert found.stale() == ("prices",)
    assert (found.stale(104), found.stale(10)) == ((), ("dates", "prices"))
    again = (Fact(2, "azure", "2026-08-11", layer="imported"), Fact(2, "litellm", "2026-11-12"))
    assert freshness(world(replace(old, facts=old.facts | {"price_output": again})), TODAY).prices_days == 11
    retired = version(seen("2026-11-19"), facts={"price_input": 1})
    assert freshness(world(retired), TODAY) == freshness(world(version()), TODAY)
    assert freshness(world(version()), TODAY).dates_days is None


# ── since the last review ──


def released(key: str, day: str | None, **more: Any) -> Version:
    return version(FAR, key=key, facts={"release_date": day} if day else {}, **more)


def news(*others: Version, since: date | None = date(2026, 6, 1), **more: Any) -> list[Finding]:
    records = world(released(GPT, "2024-05-13"), *others, **more)
    return [f for f in attention(records, TODAY, since) if f.kind == "newer_version"]


def test_the_newest_version_of_a_model_in_use_is_news_once() -> None:
    older, newer = released("openai/gpt-4o@2026-07-01", "2026-07-01"), released("openai/gpt-4o@2026-10", "2026-10")
    (found,) = news(older, newer)
    assert (found.key, found.other, found.until) == (GPT, newer.key, date(2026, 10, 1))
    assert found.why == "openai/gpt-4o@2026-10 was released on 1 Oct 2026; 1 more came since."
    assert found.severity == SEVERITY["newer_version"]
    looked = replace(OWNED, reviewed="2026-10-02T09:00:00Z")
    assert news(older, newer, use_case=looked) == []
    decided = replace(OWNED, decisions=(Decision("later", "2026-09-01T09:00:00Z", "Ada"),))
    assert news(older, newer, use_case=decided)[0].why.endswith("1 Oct 2026.")


@pytest.mark.parametrize(
    "other",
    [
        released("openai/gpt-4o@2026-05-01", "2026-05-01"),  # before the catalog began
        released("openai/gpt-4o@2027-01-01", "2027-01-01"),  # not yet
        released("openai/gpt-4o@x", None),
        released("openai/gpt-4o@x", "soon"),
        released("openai/gpt-4o-mini@2026-10-01", "2026-10-01"),  # another model
        released("azure-openai/gpt-4o@2026-10-01", "2026-10-01"),
        released("openai/gpt-4o", "2026-10-01", alias_of=(GPT,)),
    ],
)
def test_what_is_no_newer_version(other: Version) -> None:
    assert news(other) == []


def test_a_newer_version_that_an_upgrade_moves_to_is_no_news() -> None:
    new = released("openai/gpt-4o@2026-10", "2026-10-01")
    assert news(new, upgrades=[Upgrade("up", "support", GPT, new.key)]) == []
    assert len(news(new, upgrades=[Upgrade("up", "support", GPT, "openai/other@1")])) == 1
    assert news(new, since=None) == []


def test_a_date_that_moved_earlier_was_seen_by_the_review_after_it() -> None:
    moved = version(seen("2028-06-01", observed_at="2026-10-01"), seen("2028-01-01", observed_at="2026-11-10"))
    only(world(moved), "moved_earlier", since=date(2026, 11, 1))
    looked = replace(OWNED, reviewed="2026-11-11T09:00:00Z")
    assert "moved_earlier" not in kinds(attention(world(moved, use_case=looked), TODAY, date(2026, 11, 1)))
