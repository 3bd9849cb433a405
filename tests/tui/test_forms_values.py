"""What is typed into forms and what becomes of it: units, unknowns, and one sentence at the field that is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from store.records import Assignment, Criteria, Deployment, Fact, Lineage, Link, Measurement, Metric, UseCase, Version
from tui.forms import decisions, deployments, facts, measurements, reading, runs, use_cases, versions
from tui.screens.form import Faults, FormField, Values

TODAY = date(2026, 11, 23)
RATE = Metric("accuracy", "Accuracy", unit="%", scale=100, direction="up", kind="rate")


def filled(fields: Sequence[FormField], **typed: str) -> Values:
    """The values of a form as it opens, with something typed."""
    values = {f.name: f.value for f in fields}
    assert set(typed) <= set(values)
    return values | typed


def faults(make: object, *args: object, **kwargs: object) -> dict[str, str]:
    with pytest.raises(Faults) as caught:
        make(*args, **kwargs)  # type: ignore[operator]
    return dict(caught.value.by_field)


@pytest.mark.parametrize(
    ("typed", "read"), [("2.1M", 2_100_000), ("30%", 0.3), ("$1,200", 1200), ("5k", 5000), ("", None), (".5", 0.5)]
)
def test_numbers_are_read_as_people_write_them(typed: str, read: float | None) -> None:
    assert reading.Given({"x": typed}).number("x") == read


@pytest.mark.parametrize(
    ("value", "shown"), [(2.1e6, "2100000"), (0.3, "0.3"), (None, ""), (True, "yes"), (400, "400")]
)
def test_what_a_form_shows_reads_back_as_the_same(value: object, shown: str) -> None:
    assert reading.written(value) == shown
    if isinstance(value, float):
        assert reading.Given({"x": shown}).number("x") == value


@pytest.mark.parametrize(
    ("typed", "day"),
    [("2026-12-09", "2026-12-09"), ("+60d", "2027-01-22"), ("today", "2026-11-23"), ("2026-12", ""), ("soon", "")],
)
def test_a_day_is_one_day(typed: str, day: str) -> None:
    given = reading.Given({"x": typed}, TODAY)
    found = given.day("x")
    assert (str(found) if found else "") == day
    assert bool(given.faults) == (not day)


FULL = UseCase(
    "u", "support", title="T", owner="o", criticality="high", calls_per_month=2.1e6, tokens_in=1200, cached_share=0.3,
    uses=("tools",), languages=3, regulated=False, freeze=((date(2026, 12, 15), date(2027, 1, 6)),), review_by=TODAY,
    criteria=Criteria(3, max_evidence_age_days=7, unproven="block", two_persons=True), tags=("a", "b"), note="n",
)  # fmt: skip


@pytest.mark.parametrize("base", [FULL, UseCase("u", "support")])
def test_a_use_case_saved_untouched_is_the_same(base: UseCase) -> None:
    assert use_cases.edited(filled(use_cases.all_fields(base, [RATE])), base, TODAY) == base


def test_every_fault_of_a_use_case_stands_at_its_field() -> None:
    typed = {"calls_per_month": "many", "cached_share": "130%", "freeze": "next week", "regulated": "maybe"}
    found = faults(use_cases.edited, filled(use_cases.all_fields(FULL, []), **typed), FULL, TODAY)
    assert set(found) == set(typed)
    assert "between 0 and 1" in found["cached_share"]


def test_a_new_use_case_needs_a_name_and_an_owner() -> None:
    found = faults(use_cases.begun, {"name": "", "owner": ""})
    assert set(found) == {"name", "owner"}


VERSION = Version(
    "v", "mlflow/churn@7", own=True, changes="c", links=(Link("documentation", "https://x.example", "T"),),
    lineage=Lineage(commit="abc", parameters={"depth": 6, "name": "x"}), tags=("t",),
    facts={"release_date": (Fact("2026-01-02", "mlflow", "2026-01-03"),),
           "price_input": (Fact(2.0, "litellm", "2026-11-01"),)},
)  # fmt: skip


def test_a_version_saved_untouched_is_the_same_and_an_edit_keeps_the_rest() -> None:
    fields = versions.edit_fields(VERSION)
    assert versions.edited(filled(fields), VERSION, TODAY) == VERSION
    edited = versions.edited(filled(fields, parameters="depth=7\nname=x"), VERSION, TODAY)
    assert edited == replace(VERSION, lineage=replace(VERSION.lineage, parameters={"depth": 7, "name": "x"}))
    moved = versions.edited(filled(fields, released="2026-02-01"), VERSION, TODAY)
    fact = moved.fact("release_date")
    assert fact is not None
    assert (fact.value, fact.layer) == ("2026-02-01", "local")
    assert len(moved.facts["release_date"]) == 2
    assert "is no link" in faults(versions.edited, filled(fields, links="javascript:x"), VERSION, TODAY)["links"]


def test_an_own_version_that_is_there_already_or_cannot_be_a_key_is_refused() -> None:
    blank = filled(versions.new_fields(None, [], []))
    make = (versions.new_version, {"mlflow/churn@7"}, {"accuracy": RATE}, TODAY)
    call = lambda **typed: faults(make[0], blank | typed, *make[1:])  # noqa: E731
    assert "is there already" in call(provider="mlflow", model="churn", version="7")["version"]
    assert "has a /" in call(provider="a/b", model="m", version="1")["provider"]
    assert "between 0 and 1" in call(provider="a", model="m", version="1", metrics="accuracy=87")["metrics"]
    assert set(call()) == {"provider", "model", "version"}
    made = versions.new_version(
        blank | {"provider": "own", "model": "a@b%", "version": "1", "metrics": "loss=0"}, set(), {}, TODAY
    )
    assert (made.key, made.metrics) == ("own/a%40b%25@1", {"loss": 0.0})


@pytest.mark.parametrize(("now", "following"), [("7", "8"), ("2024-08-06", ""), (None, ""), ("9" * 12, "")])
def test_the_version_after(now: str | None, following: str) -> None:
    assert versions.following(now) == following


def test_prices_that_were_not_touched_keep_their_source() -> None:
    fields = facts.price_fields(VERSION)
    assert facts.priced(filled(fields), VERSION, TODAY) == VERSION
    own = facts.priced(filled(fields, price_input="0"), VERSION, TODAY)
    assert own.value("price_input") == 0
    assert "is no price" in faults(facts.priced, filled(fields, price_input="-1"), VERSION, TODAY)["price_input"]


def test_provisioned_units_as_we_know_them_count_before_the_published_ones() -> None:
    published = {"min_global": 15, "increment_global": 5, "input_tpm_per_ptu": 2500}
    base = replace(VERSION, own=False, facts={**VERSION.facts, "ptu": (Fact(published, "ms-ptu", "2026-03-20"),)})
    fields = facts.price_fields(base)
    (tokens,) = [field for field in fields if field.name == "input_tpm_per_ptu"]
    assert (tokens.value, tokens.hint) == ("", "2500, as published")
    assert facts.priced(filled(fields), base, TODAY) == base
    own = facts.priced(filled(fields, input_tpm_per_ptu="3k", source="load test"), base, TODAY)
    assert own.value("ptu") == published | {"input_tpm_per_ptu": 3000}
    again = facts.price_fields(own)
    assert facts.priced(filled(again), own, TODAY) == own
    assert facts.priced(filled(again, input_tpm_per_ptu=""), own, TODAY) == base
    wrong = faults(facts.priced, filled(fields, min_global="0"), base, TODAY)
    assert wrong == {"min_global": "0 is not above zero; leave it empty if it is not known"}


def test_a_date_is_a_day_or_none() -> None:
    fields = facts.date_fields()
    assert facts.seen(filled(fields, value="none"), TODAY).value is None
    seen = facts.seen(filled(fields, value="2027-01-31", sku="Standard"), TODAY)
    assert (seen.value, seen.scope.sku, seen.scope.region) == (date(2027, 1, 31), "Standard", None)
    assert set(faults(facts.seen, filled(fields), TODAY)) == {"value"}
    assert set(faults(facts.seen, filled(fields, value="none", kind="deprecate"), TODAY)) == {"value"}


def measured(**typed: str) -> measurements.Measured:
    metrics = {"accuracy": RATE}
    fields = measurements.measure_fields("a/b", versions=[], metrics=metrics, use_cases=["churn"])
    return measurements.measured(
        filled(fields, **typed), metrics=metrics, known={"a/b": 1}, use_cases=["churn"], today=TODAY
    )


def test_a_measurement_is_in_the_metrics_unit() -> None:
    assert measured(metric="accuracy", value="87.4%").measurement.value == 0.874
    assert measured(metric="accuracy", value="0").measurement.value == 0
    assert "between 0 and 1" in faults(measured, metric="accuracy", value="87.4")["value"]
    assert set(faults(measured, metric="accuracy", value="0.9", n="3.5", use_case="gone")) == {"n", "use_case"}
    assert set(faults(measured, metric="new one", value="1")) == {"metric"}
    assert set(faults(measured, metric="new_one", value="1")) == {"direction", "kind"}
    assert "is no rate" in faults(measured, metric="ms", value="5%", direction="down", kind="mean")["value"]
    new = measured(metric="ms", value="5", direction="Down", kind="mean", unit="ms").metric
    assert new is not None
    assert (new.direction, new.kind, new.unit, new.scale) == ("down", "mean", "ms", 1)


def test_an_edited_figure_lets_go_of_the_items_it_no_longer_follows_from() -> None:
    base = Measurement("m", "accuracy", 0.5, "a/b", n=2, items={"q1": 1, "q2": 0}, items_hash="h", source="own")
    fields = measurements.measure_fields("a/b", versions=[], metrics={"accuracy": RATE}, use_cases=[], base=base)
    known: dict[str, object] = {"a/b": 1}

    def edit(**typed: str) -> Measurement:
        return measurements.measured(
            filled(fields, **typed), metrics={"accuracy": RATE}, known=known, use_cases=[], today=TODAY,
            base=replace(base, measured_on=TODAY),
        ).measurement  # fmt: skip

    assert edit(note="x").items == base.items
    assert edit(value="0.6").items == {}


AZURE = Deployment("d", "eu", platform="azure", region="swedencentral", sku="Standard", upgrade_option_known=True)


def test_a_deployment_saved_untouched_is_the_same() -> None:
    for base in (AZURE, replace(AZURE, upgrade_option="NoAutoUpgrade"), Deployment("d", "eu")):
        assert deployments.deployment(filled(deployments.deployment_fields(base)), base) == base
    fields = deployments.deployment_fields(AZURE)
    assert set(faults(deployments.deployment, filled(fields, upgrade_option="Never", units="-3"), AZURE)) == {
        "upgrade_option", "units",
    }  # fmt: skip


def test_what_a_provisioned_unit_costs_is_asked_of_provisioned_types_only() -> None:
    fields = deployments.deployment_fields(AZURE)
    (price,) = [field for field in fields if field.name == "unit_hour"]
    assert price.when is not None
    assert not price.when({"platform": "azure", "sku": "Standard"})
    assert price.when({"platform": "azure", "sku": "GlobalProvisionedManaged"})
    typed = filled(fields, sku="GlobalProvisionedManaged", units="50", unit_hour="1", unit_month="$260")
    made = deployments.deployment(typed, AZURE)
    assert (made.units, made.unit_hour, made.unit_month) == (50, 1, 260)
    assert set(faults(deployments.deployment, typed | {"unit_month": "-1"}, AZURE)) == {"unit_month"}


def wanted(now: Assignment | None = None, **typed: str) -> runs.Wanted:
    places = {"eu": AZURE}
    fields = runs.runs_fields(
        "support", "azure-openai/x@1", use_cases=["support"], versions=[], stages=["Production"], deployments=places,
        now=now,
    )  # fmt: skip
    return runs.wanted(
        filled(fields, **typed), use_case="support", deployments=places, known={"azure-openai/x@1": 1}, today=TODAY
    )


def test_a_place_without_a_name_is_called_as_the_use_case_and_a_known_one_is_left_alone() -> None:
    plain = wanted()
    assert (plain.deployment, plain.place, plain.share) == ("default", None, 100)
    described = wanted(sku="standard", upgrade_option="absent")
    assert described.place is not None
    assert (described.deployment, described.place.sku, described.place.platform) == ("support", "Standard", "azure")
    assert wanted(deployment="eu").place is None
    run = Assignment("a", "support", "azure-openai/x@1", deployment="eu")
    assert wanted(run).place is None
    assert wanted(run, region="westeurope").place is not None


@pytest.mark.parametrize(("typed", "share"), [("30", 30), ("30%", 30), ("30 %", 30), ("0.5", 0.5)])
def test_a_share_is_percent_of_the_traffic(typed: str, share: float) -> None:
    assert wanted(share=typed).share == share


def test_shares_and_versions_that_cannot_be_are_refused_at_their_field() -> None:
    found = faults(wanted, share="130", version="azure-openai/y@1")
    assert set(found) == {"share", "version"}
    assert set(faults(wanted, share="half")) == {"share"}


def test_the_effect_names_what_is_archived_what_stays_and_what_is_not_touched() -> None:
    old = Assignment("a", "support", "azure-openai/w@1", deployment="eu", share=100)
    apart = Assignment("b", "support", "azure-openai/w@1", deployment="us")
    said = "\n".join(runs.effect(wanted(deployment="eu"), [old, apart]))
    assert "Archived: azure-openai/w@1" in said
    assert "Not touched: azure-openai/w@1 in Production on us" in said
    assert "Lowered to make room: azure-openai/w@1 from 100 % to 80 %." in "\n".join(
        runs.effect(wanted(deployment="eu", share="20"), [old])
    )


def test_settings_keep_their_types_and_unknown_fields_of_a_run_stay() -> None:
    base = Assignment("a", "support", "x/y", settings={"temperature": 0.2, "seed": "7"}, forced=True, seen=True)
    fields = runs.assignment_fields(base)
    assert runs.assignment(filled(fields), base) == base
    edited = runs.assignment(filled(fields, settings="temperature=0.3\nseed=7"), base)
    assert edited.settings == {"temperature": 0.3, "seed": "7"}
    assert edited.forced


def decide(last: date = date(2026, 12, 9), **typed: str) -> object:
    return decisions.decided(
        filled(decisions.decide_fields("crm", last, TODAY), **typed), subject="a", deadline=last,
        last=last, at="2026-11-23T08:00:00Z", by="me", today=TODAY,
    )  # fmt: skip


def test_a_decision_that_waits_needs_a_day_on_which_it_still_can() -> None:
    assert set(faults(decide, kind="later")) == {"until"}
    assert "is over" in faults(decide, kind="later", until="2026-11-01")["until"]
    assert "it stops on" in faults(decide, kind="stay_until", until="2027-01-01")["until"]
    gone = date(2026, 11, 19)
    assert "it stopped on 2026-11-19" in faults(decide, last=gone, kind="stay_until", until="2026-12-01")["until"]
    assert decide(last=gone, kind="stop_by", until="2026-12-01").until == date(2026, 12, 1)  # type: ignore[attr-defined]
    hints = [next(f.hint for f in decisions.decide_fields("", d, TODAY) if f.name == "until") for d in (gone, TODAY)]
    assert not any("not after" in hint for hint in hints)
    assert set(faults(decide)) == {"kind"}
    assert decide(kind="upgrade").until is None  # type: ignore[attr-defined]
