"""DECISIONS 1, 2 and 11 with observations copied from the shipped facts of two Azure versions."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.records import Certainty, Deployment, Fact, Observation, Scope, Version
from store.review.lifecycle import (
    RISK_DAYS,
    Ledger,
    age_days,
    deployment_type,
    ledger,
    lifecycle,
    looked_on,
    on_the_day,
)

TODAY = date(2026, 11, 23)
PUBLISHERS = {"ms": "Microsoft", "google": "Google", "openai": "OpenAI"}
RANKS = {"litellm": 60, "llm-sunset": 75}


def seen(value: str, source: str, observed_at: str, certainty: Certainty = "planned", **more: Any) -> Observation:
    publisher = PUBLISHERS.get(source.partition("-")[0], source)
    kind = more.pop("kind", "retire")
    rank = more.pop("rank", RANKS.get(source, 90))
    return Observation(
        kind, date.fromisoformat(value), certainty, source, publisher, observed_at, rank=rank, **more
    )  # fmt: skip


GPT_4O = Version(
    "u1",
    "azure-openai/gpt-4o@2024-05-13",
    facts={
        "lifecycle_label": (Fact("Deprecated", "ms-foundry-sched-2026-09-02", "2026-09-02"),),
        "auto_upgrade_target": (Fact("gpt-5.6-sol", "ms-foundry-policy-2026-10-05", "2026-10-05"),),
        "price_input": (Fact(5, "litellm", "2026-11-12"),),
    },
    observations=(
        seen("2026-12-09", "litellm", "2026-11-12"),
        seen("2025-05-20", "ms-aoai-ret-2025-01-09", "2025-01-09", "not_before", note="no earlier than"),
        seen("2025-06-30", "ms-aoai-ret-2025-04-15", "2025-04-15", "not_before", note="no earlier than"),
        seen("2025-09-15", "ms-aoai-ret-2025-06-18", "2025-06-18", "not_before", note="no earlier than"),
        seen("2026-03-31", "ms-aoai-ret-2025-12-16a", "2025-12-16"),
        seen("2026-10-01", "ms-aoai-ret-2025-12-16b", "2026-02"),
        seen("2027-03-31", "ms-foundry-sched-2026-04-23", "2026-04-23"),
        seen("2026-10-01", "ms-foundry-sched-2026-07-07", "2026-07-07"),
        seen("2026-12-09", "ms-foundry-policy-2026-10-05", "2026-10-05"),
        seen("2026-03-31", "ms-aoai-ret-2025-12-16b", "2026-02-01", scope=Scope(sku="Standard")),
        seen("2025-05-13", "ms-aoai-ret-2025-12-16b", "2026-02", kind="deprecate"),
    ),
)

NANO = Version(
    "u2",
    "azure-openai/gpt-4.1-nano@2025-04-14",
    facts={"lifecycle_label": (Fact("Legacy", "ms-foundry-sched-2026-09-02", "2026-09-02"),)},
    observations=(
        seen("2026-04-11", "ms-aoai-ret-2025-04-15", "2025-04-15", "not_before"),
        seen("2026-10-14", "ms-aoai-ret-2025-12-16a", "2025-12-16"),
        seen("2027-10-14", "ms-foundry-sched-2026-04-23", "2026-04-23"),
        seen("2026-10-14", "ms-foundry-sched-2026-07-07", "2026-07-07"),
        seen("2027-04-14", "ms-foundry-sched-2026-09-02", "2026-09-02"),
        seen("2026-10-14", "llm-sunset", "2026-09-24"),
        seen("2027-04-14", "litellm", "2026-11-12"),
        seen("2026-04-14", "ms-aoai-ret-2025-12-16a", "2025-12-16", kind="deprecate"),
        seen("2027-04-14", "ms-foundry-sched-2026-09-02", "2026-09-02", "not_before", kind="fine_tune_retire",
             scope=Scope(fine_tuned=True), note="training stops; no earlier than"),
        seen("2027-10-14", "ms-foundry-sched-2026-09-02", "2026-09-02", kind="fine_tune_retire",
             scope=Scope(fine_tuned=True), note="fine-tuned deployments stop"),
    ),
)  # fmt: skip


def version(*observations: Observation, key: str = "openai/gpt-x@1", **facts: Any) -> Version:
    claims: dict[str, tuple[Fact, ...]] = {
        k: (v if isinstance(v, Fact) else Fact(v, "litellm", "2026-11-12"),) for k, v in facts.items()
    }
    return Version(key, key, facts=claims, observations=observations)


def values(dates: Ledger) -> tuple[date | None, date | None]:
    announced, planned = dates.effective, dates.risk
    return (announced.value if announced else None, planned.value if planned else None)


# ── 1. which date counts ──────────────────────────────────────────────────────────────────────────────────────────


def test_gpt_4o_has_eight_dates_moved_seven_times() -> None:
    dates = ledger(GPT_4O, TODAY)
    assert values(dates) == (date(2026, 12, 9), date(2026, 12, 9))
    assert len(dates.published) == 8
    assert {o.publisher for o in dates.published} == {"Microsoft"}
    assert [move.days > 0 for move in dates.moves] == [True, True, True, True, True, False, True]
    assert dates.moves[-1].before == date(2026, 10, 1)
    assert dates.moves[-1].on == "2026-10-05"
    assert [o.publisher for o in dates.standing] == ["Microsoft", "litellm"]


def test_regional_standard_has_its_own_date_that_a_general_one_does_not_undo() -> None:
    standard = ledger(GPT_4O, TODAY, Deployment("d", "d", sku="Standard"))
    assert values(standard) == (date(2026, 3, 31), date(2026, 3, 31))
    assert lifecycle(GPT_4O, TODAY, Deployment("d", "d", sku="standard")).status == "retired"
    assert values(ledger(GPT_4O, TODAY, Deployment("d", "d", sku="GlobalStandard")))[0] == date(2026, 12, 9)


def test_nano_as_known_in_october_and_now() -> None:
    then = ledger(NANO, date(2026, 10, 10), known_until=date(2026, 10, 10))
    assert values(then)[1] == date(2026, 10, 14)
    now = ledger(NANO, TODAY)
    assert values(now) == (date(2027, 4, 14), date(2027, 4, 14))
    assert [(o.value, o.source) for o in now.overtaken] == [(date(2026, 10, 14), "llm-sunset")]
    assert now.lapsed == ()


def test_a_risk_date_that_passed_is_a_question_and_never_a_plan() -> None:
    dates = ledger(version(
        seen("2026-10-14", "llm-sunset", "2026-09-24"), seen("2027-04-14", "ms-a", "2026-10-05"),
    ), TODAY)  # fmt: skip
    assert values(dates) == (date(2027, 4, 14), date(2027, 4, 14))
    assert [o.source for o in dates.lapsed] == ["llm-sunset"]
    answered = version(*dates.observations, seen("2026-10-14", "user", "2026-11-20", "user"))
    assert lifecycle(answered, TODAY).status == "retired"


def test_what_lapses_and_what_is_overtaken() -> None:
    ahead = seen("2027-04-14", "ms-a", "2026-10-05")
    floor = seen("2026-10-14", "google-dep", "2026-09-24", "not_before")
    assert ledger(version(ahead, floor), TODAY).lapsed == ()  # "not before" is no claim that it stopped
    stopped, still = seen("2026-10-14", "user", "2026-10-15", "user"), seen("2027-04-14", "litellm", "2026-11-12")
    assert ledger(version(stopped, still), TODAY).effective == stopped
    general = seen("2026-10-14", "ms-a", "2026-10-01")
    regional = seen("2027-04-14", "ms-b", "2026-10-20", scope=Scope(region="westeurope"))
    place = Deployment("d", "d", region="westeurope")
    assert ledger(version(general, regional), TODAY, place).overtaken == ()  # one publisher, two scopes


def test_risk_is_the_earliest_that_is_not_too_old_and_effective_the_newest() -> None:
    early, late = seen("2027-01-01", "llm-sunset", "2026-06-01"), seen("2027-06-01", "litellm", "2026-11-12")
    assert values(ledger(version(late, early), TODAY)) == (late.value, early.value)
    edge = date(2026, 6, 1) + timedelta(days=RISK_DAYS)
    assert values(ledger(version(late, early), edge))[1] == early.value
    assert values(ledger(version(late, early), edge + timedelta(days=1)))[1] == late.value


def test_users_own_date_then_scope_then_the_newest_then_rank() -> None:
    user = seen("2027-02-01", "user", "2026-01-01", "user")
    place = Deployment("d", "d", sku="Standard", region="swedencentral")
    sku = seen("2027-03-01", "ms-a", "2026-01-01", scope=Scope(sku="Standard"))
    both = seen("2027-04-01", "ms-a", "2026-01-01", scope=Scope(sku="Standard", region="swedencentral"))
    low, high = seen("2027-05-01", "b", "2026-11-01", rank=1), seen("2027-06-01", "c", "2026-11-01", rank=2)
    for expected in (user, both, sku, high, low):
        order = (low, high, sku, both, user)
        left = order[: order.index(expected) + 1]
        assert ledger(version(*left), TODAY, place).effective == expected
    assert ledger(version(sku, both), TODAY).observations == ()


def test_an_inference_and_the_end_of_training_are_no_retirement_dates() -> None:
    assert ledger(version(seen("2026-01-01", "absence-2025-12", "2025-12-16")), TODAY).effective is None
    tuned = ledger(NANO, TODAY, Deployment("d", "d", fine_tuned=True))
    assert values(tuned)[0] == date(2027, 10, 14)


def observations() -> st.SearchStrategy[Observation]:
    days = st.dates(date(2025, 1, 1), date(2028, 1, 1))
    return st.builds(
        Observation,
        kind=st.sampled_from(["retire", "deprecate"]),
        value=days,
        certainty=st.sampled_from(["planned", "tentative", "not_before", "user"]),
        source=st.sampled_from(["ms-a", "litellm", "llm-sunset", "absence-2025-12"]),
        publisher=st.sampled_from(["Microsoft", "litellm", "llm-sunset"]),
        observed_at=days.map(date.isoformat) | st.just("2026-02"),
        scope=st.sampled_from([Scope(), Scope(sku="Standard"), Scope(region="westeurope")]),
        rank=st.integers(0, 3),
    )


@settings(max_examples=150)
@given(st.lists(observations(), max_size=6), observations(), st.sampled_from([None, "Standard"]), st.randoms())
def test_observations_are_only_ever_added_and_their_order_never_matters(
    had: list[Observation], one: Observation, sku: str | None, random: Any
) -> None:
    place = Deployment("d", "d", sku=sku) if sku else None
    before, after = (ledger(version(*o), TODAY, place) for o in (had, [*had, one]))
    assert all(o in after.observations for o in before.observations)
    mixed = [*had, one]
    random.shuffle(mixed)
    again = ledger(version(*mixed), TODAY, place)
    assert values(again) == values(after)
    assert (again.effective is None) == (not again.observations) == (again.risk is None)
    assert set(again.standing) | set(again.overtaken) <= set(again.observations)
    if again.effective and again.risk:
        assert again.effective in again.standing
        assert again.risk.value <= again.effective.value or again.passed
        assert again.risk not in again.lapsed


# ── lifecycle on a day ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("given_version", "status"),
    [
        (version(seen("2026-11-23", "litellm", "2026-11-12")), "retired"),
        (version(seen("2026-11-24", "litellm", "2026-11-12"), price_input=1), "ga"),
        (version(seen("2026-06-17", "google-dep-2026-03", "2026-03", "not_before"), price_input=1), "ga"),
        (version(seen("2026-06-17", "a", "2026-03", "tentative"), lifecycle_label="Retired"), "retired"),
        (version(lifecycle_label="GA", key="a/b-preview"), "ga"),
        (version(lifecycle_label="active"), "ga"),
        (version(lifecycle_label=Fact("Preview", "ms-a", "2026-09-02")), "preview"),
        (version(seen("2026-04-14", "ms-a", "2025-12-16", kind="deprecate"),
                 lifecycle_label=Fact("GA", "ms-b", "2026-09-02")), "ga"),
        (version(seen("2026-10-14", "ms-a", "2026-10-05", kind="deprecate"),
                 lifecycle_label=Fact("GA", "ms-b", "2026-09-02")), "deprecated"),
        (version(seen("2026-11-24", "ms-a", "2026-10-05", kind="deprecate"),
                 lifecycle_label=Fact("GA", "ms-b", "2026-09-02")), "ga"),
        (version(seen("2026-10-14", "ms-a", "2026-10-05", kind="deprecate"), key="a/b-preview"), "deprecated"),
        (version(seen("2026-10-14", "ms-a", "2026-10-05", "not_before", kind="deprecate")), "unknown"),
        (version(key="google/gemini-2.5-flash@preview-04-17"), "preview"),
        (version(key="google/gemini-exp-1206"), "preview"),
        (version(key="xai/grok-beta"), "preview"),
        (version(key="a/expert-1"), "unknown"),
        (version(price_input=Fact(1, "litellm", "2026-05-27")), "ga"),
        (version(price_input=Fact(1, "litellm", "2026-05-26")), "unknown"),
        (version(display_name=Fact("x", "models.dev-removed", "2026-10-01")), "unknown"),
        (version(price_input=Fact(1, "me", "2026-11-20", layer="local")), "unknown"),
        (replace(version(price_input=1), missing_since=TODAY, registry="azure"), "unknown"),
        (replace(version(), own=True), "ga"),
        (GPT_4O, "deprecated"),
        (NANO, "legacy"),
    ],
)  # fmt: skip
def test_the_first_rule_that_holds(given_version: Version, status: str) -> None:
    assert lifecycle(given_version, TODAY).status == status


def test_a_stage_says_why_and_how_sure() -> None:
    assert lifecycle(GPT_4O, TODAY).reason == "Labelled Deprecated by ms-foundry-sched-2026-09-02 on 2026-09-02."
    retired = lifecycle(version(seen("2026-11-19", "litellm", "2026-11-12")), TODAY)
    assert retired.reason == "Retired on 19 Nov 2026, says litellm (planned, seen 2026-11-12)."
    inferred = lifecycle(version(lifecycle_label=Fact("Retired (inferred)", "absence-2025-12", "2025-12-16")), TODAY)
    assert (inferred.status, inferred.inferred) == ("retired", True)
    listed = lifecycle(version(price_input=1), TODAY)
    assert (listed.status, listed.listed, listed.inferred) == ("ga", True, True)
    assert not lifecycle(version(lifecycle_label="GA"), TODAY).listed


# ── 2. what happens on the day ────────────────────────────────────────────────────────────────────────────────────

DATED = seen("2026-12-09", "litellm", "2026-11-12")


@pytest.mark.parametrize(
    ("sku", "option", "known", "fine_tuned", "kind"),
    [
        ("GlobalStandard", "OnceCurrentVersionExpired", True, False, "upgrades"),
        ("GlobalStandard", None, True, False, "upgrades"),
        ("DataZoneStandard", "OnceNewDefaultVersionAvailable", True, None, "upgrades"),
        ("Standard", "NoAutoUpgrade", True, False, "stops"),
        ("GlobalProvisionedManaged", "OnceCurrentVersionExpired", True, False, "stops"),
        ("GlobalBatch", "OnceNewDefaultVersionAvailable", True, False, "stops"),
        ("Standard", "OnceCurrentVersionExpired", True, True, "stops"),
        ("PTU", None, False, None, "stops"),
        ("", "OnceCurrentVersionExpired", True, False, "unknown"),
        ("", "NoAutoUpgrade", True, False, "stops"),
        ("Standard", None, False, False, "unknown"),
        ("Standard", "Sometimes", True, False, "unknown"),
    ],
)
def test_azure_depends_on_type_option_and_tuning(
    sku: str, option: str | None, known: bool, fine_tuned: bool | None, kind: str
) -> None:
    place = Deployment(
        "d", "d", platform="azure", sku=sku, upgrade_option=option, upgrade_option_known=known, fine_tuned=fine_tuned
    )
    azure = replace(GPT_4O, observations=(DATED,))
    assert on_the_day(azure, place, TODAY).kind == kind
    elsewhere = version(DATED)
    assert on_the_day(elsewhere, replace(place, platform="openai"), TODAY).kind == "stops"


def test_the_target_of_an_upgrade_is_named_or_unknown() -> None:
    place = Deployment("d", "d", sku="GlobalStandard", upgrade_option="OnceCurrentVersionExpired")
    assert on_the_day(GPT_4O, place, TODAY).target == "gpt-5.6-sol"
    assert on_the_day(replace(GPT_4O, facts={}), place, TODAY).target is None
    key = Fact({"text": "gpt-4o (2024-11-20)", "key": "azure-openai/gpt-4o@2024-11-20"}, "ms-a", "2026-10-05")
    resolved = replace(GPT_4O, facts={"auto_upgrade_target": (key,)})
    assert on_the_day(resolved, place, TODAY).target == "azure-openai/gpt-4o@2024-11-20"


def test_without_a_deployment_azure_is_unknown_and_says_so() -> None:
    outcome = on_the_day(GPT_4O, None, TODAY)
    assert outcome.kind == "unknown"
    assert "depends on the deployment type" in outcome.why


def test_after_the_day_it_stopped_or_serves_what_nobody_reviewed() -> None:
    later = date(2026, 12, 9)
    assert on_the_day(version(DATED), None, later).kind == "stopped"
    place = Deployment("d", "d", sku="GlobalStandard", upgrade_option="OnceCurrentVersionExpired")
    upgraded = on_the_day(GPT_4O, place, later)
    assert (upgraded.kind, upgraded.target) == ("upgrades", "gpt-5.6-sol")
    assert "nobody reviewed" in upgraded.why
    assert on_the_day(GPT_4O, None, later).kind == "stopped"


def test_no_date_is_never_safe() -> None:
    assert on_the_day(version(price_input=1), None, TODAY).kind == "no_date"
    over = version(seen("2026-06-17", "google-dep-2026-03", "2026-03", "not_before"), key="google/gemini-2.5-pro")
    outcome = on_the_day(over, None, TODAY)
    assert outcome.kind == "no_date"
    assert outcome.why.startswith("≥ 17 Jun 2026 · passed, no date")
    assert on_the_day(replace(version(), own=True), None, TODAY).kind == "own"


def test_a_look_that_found_no_date_holds_ninety_days() -> None:
    looked = version(no_date_published=Fact(True, "me", "2026-08-25", layer="local"))
    assert looked_on(looked, TODAY) == date(2026, 8, 25)
    assert on_the_day(looked, None, TODAY).looked_on == date(2026, 8, 25)
    assert looked_on(looked, TODAY + timedelta(days=1)) is None


def test_ages_and_types() -> None:
    assert age_days("2026-11-12", TODAY) == 11
    assert age_days("2026-11", TODAY) == 22
    assert deployment_type("ProvisionedManaged") == "provisioned"
    assert deployment_type(" ") is None
