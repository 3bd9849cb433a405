"""Azure's captured models and deployments as records, and the words that mean something else."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from remotes import capture

from store.delivery import Delivery
from store.formats import azure_wire as wire
from store.formats.azure import Seen, data_plane, deployments, fine_tuned, label, models
from store.formats.azure_prices import tariff
from store.formats.wire import shaped
from store.records import Scope, Version
from store.review.lifecycle import lifecycle, on_the_day

SEEN = Seen("az", "2026-11-23T08:30:00Z")
TODAY = date(2026, 11, 23)
ACCOUNT = wire.Account("/subscriptions/s/resourceGroups/rg-ai/providers/x/accounts/oai-growth", "oai-growth", "sweden")
MODEL: dict[str, Any] = {
    "format": "OpenAI",
    "name": "gpt-9",
    "version": "2026-01-01",
    "lifecycleStatus": "GenerallyAvailable",
    "deprecation": {"inference": "2027-06-01T00:00:00Z"},
    "skus": [{"name": "Standard", "deprecationDate": "2027-05-01T00:00:00Z"}, {"name": "GlobalStandard"}],
}


def listed() -> list[wire.Model]:
    """All captured models of the region, in both kinds of account."""
    pages = [capture("azure", name) for name in ("location_models_page1", "location_models_page2")]
    return [row.model for page in pages for row in shaped(wire.LocationModels, page, "models").value]


def model(**fields: Any) -> wire.Model:
    return shaped(wire.Model, {**MODEL, **fields}, "model")


def by_key(delivery: Delivery) -> dict[str, Version]:
    return {v.key: v for v in delivery.versions}


def dates(version: Version, kind: str = "retire") -> dict[Scope, str]:
    return {o.scope: o.value.isoformat() for o in version.observations if o.kind == kind}


def test_each_model_comes_once_whatever_kinds_of_account_list_it() -> None:
    found = by_key(models(SEEN, {"swedencentral": listed()}))
    assert sorted(found) == [
        "azure-foundry/DeepSeek-R1@1", "azure-foundry/Phi-4@7", "azure-openai/gpt-35-turbo@0301",
        "azure-openai/gpt-4o@2024-05-13", "azure-openai/gpt-4o@2024-11-20", "azure-openai/gpt-5-mini@2025-08-07",
        "azure-openai/gpt-realtime-2.1@2026-07-07", "azure-openai/text-embedding-3-small@1",
    ]  # fmt: skip
    mini = found["azure-openai/gpt-5-mini@2025-08-07"]
    assert list(mini.value("skus")) == ["DataZoneStandard", "GlobalProvisionedManaged", "GlobalStandard", "Standard"]
    assert {o.certainty for o in mini.observations} == {"tentative"}, "one of its two rows says so"
    assert not mini.own
    old = found["azure-openai/gpt-4o@2024-05-13"]
    assert list(old.value("replacement")) == ["gpt-5.6-sol (2026-08-11)"]
    assert old.value("auto_upgrade_target") == "gpt-5.6-sol (2026-08-11)"
    assert old.value("upgrade_on_expiry_lead_time_days") == 14
    assert dates(old, "auto_upgrade_start") == {Scope(): "2026-11-25"}
    assert old.value("is_default_version") is False
    assert (old.value("context_window"), old.value("max_output_tokens")) == (128000, 16384)
    assert old.value("created") == "2024-05-13"
    assert found["azure-foundry/Phi-4@7"].fact("lifecycle_label") is None, "absent is unknown, not GA"
    assert found["azure-openai/gpt-realtime-2.1@2026-07-07"].value("kind") == "realtime"


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("Deprecating", "Deprecated"), ("Deprecated", "Retired"), ("deprecated", "Retired"), ("Stable", "GA"),
        ("generally-available", "GA"), ("Legacy", "Legacy"), ("Paused", "Paused"), (None, ""),
    ],
)  # fmt: skip
def test_facts_carry_the_portal_s_word(said: str | None, read: str) -> None:
    assert label(said) == read


def test_the_portal_s_words_lead_to_the_right_stage() -> None:
    found = by_key(models(SEEN, {"swedencentral": listed()}))
    stages = {key: lifecycle(version, TODAY).status for key, version in found.items()}
    assert stages["azure-openai/gpt-4o@2024-05-13"] == "deprecated", "works, for existing customers"
    assert stages["azure-openai/gpt-35-turbo@0301"] == "retired", "answers 410"
    assert stages["azure-openai/gpt-4o@2024-11-20"] == "retired", "its date has passed, whatever the label says"
    assert stages["azure-openai/gpt-5-mini@2025-08-07"] == "ga"


def test_a_date_of_a_sku_stays_with_that_sku_and_no_minimum_is_taken() -> None:
    (version,) = models(SEEN, {"swedencentral": [model()]}).versions
    assert dates(version) == {Scope(): "2027-06-01", Scope(sku="Standard"): "2027-05-01"}
    assert {(o.source, o.publisher) for o in version.observations} == {("azure-api", "Microsoft")}


def test_regions_that_disagree_keep_their_dates_apart_from_then_on() -> None:
    later = model(deprecation={"inference": "2027-09-01T00:00:00Z"}, skus=[{"name": "DataZoneStandard"}])
    delivery = models(SEEN, {"swedencentral": [model()], "eastus": [later]})
    (version,) = delivery.versions
    assert dates(version) == {
        Scope(region="swedencentral"): "2027-06-01",
        Scope(region="eastus"): "2027-09-01",
        Scope(sku="Standard"): "2027-05-01",
    }
    assert list(version.value("regions")) == ["eastus", "swedencentral"]
    assert list(version.value("skus")) == ["DataZoneStandard", "GlobalStandard", "Standard"]
    assert delivery.state == {"split": [version.key]}
    (again,) = models(SEEN, {"swedencentral": [model()], "eastus": [model()]}, split=[version.key]).versions
    assert dates(again)[Scope(region="eastus")] == "2027-06-01", "else the region's old date would stand for ever"
    assert dates(again)[Scope()] == "2027-06-01"


def test_the_end_of_fine_tuning_is_no_end_of_what_runs() -> None:
    tuned = model(deprecation={"inference": "2027-06-01T00:00:00Z", "fineTune": "2026-12-01T00:00:00Z"})
    (version,) = models(SEEN, {"": [tuned]}).versions
    (place,) = deployments(SEEN, ACCOUNT, [deployment("a.ft-1", {"format": "OpenAI", "name": "gpt-9"})]).deployments
    assert place.fine_tuned
    assert dates(version, "fine_tune_retire") == {Scope(fine_tuned=True): "2026-12-01"}
    assert on_the_day(version, place, date(2027, 1, 1)).kind == "stops"
    assert lifecycle(version, date(2027, 1, 1), place).status == "ga"


def deployment(name: str, served: dict[str, Any], **fields: Any) -> wire.Deployment:
    served = {**served, "name": "gpt-9.ft-1"} if ".ft-" in name else served
    properties = {"model": served, **fields.pop("properties", {})}
    return shaped(wire.Deployment, {"name": name, "properties": properties, **fields}, "deployment")


def test_deployments_say_what_they_serve_and_how_they_upgrade() -> None:
    found = shaped(wire.Deployments, capture("azure", "deployments"), "deployments").value
    delivery = deployments(SEEN, ACCOUNT, found)
    places = {d.name: d for d in delivery.deployments}
    chat = places["oai-growth/chat-prod"]
    assert (chat.platform, chat.region, chat.sku, chat.units) == ("azure", "sweden", "Standard", 30)
    assert chat.remote_version == "azure-openai/gpt-4o@2024-05-13"
    assert chat.remote_seen_at == SEEN.at
    assert chat.upgrade_option == "OnceCurrentVersionExpired"
    assert "owner=growth" in chat.tags
    assert "state=Disabled" in places["oai-growth/legacy"].tags
    assert not list(delivery.assignments)
    assert "no use-case name" in delivery.notes[0]


def test_an_absent_upgrade_option_is_known_to_be_absent() -> None:
    (place,) = deployments(SEEN, ACCOUNT, [deployment("a", {"format": "xAI", "name": "grok-4"})]).deployments
    assert (place.upgrade_option, place.upgrade_option_known) == (None, True)
    assert place.remote_version == "azure-foundry/grok-4", "no version is no version"


def test_a_use_case_tag_assigns_what_runs_and_nothing_else_does() -> None:
    served = {"format": "OpenAI", "name": "gpt-9", "version": "2026-01-01"}
    paused = {"provisioningState": "Succeeded", "deploymentState": "Paused"}
    delivery = deployments(
        SEEN,
        ACCOUNT,
        [
            deployment("a", served, tags={"use_case": "support-chat"}),
            deployment("b", served, tags={"usecase": "support-chat"}),
            deployment("c", served, tags={"use_case": "search"}, properties=paused),
        ],
    )
    (assigned,) = delivery.assignments
    assert (assigned.use_case, assigned.version) == ("support-chat", "azure-openai/gpt-9@2026-01-01")
    assert (assigned.deployment, assigned.stage) == ("oai-growth/a", "Production")
    assert "oai-growth/c is tagged use_case=search but does not run" in delivery.notes[0]


def test_a_fine_tuned_model_names_what_it_was_made_from() -> None:
    base = {"format": "OpenAI", "name": "gpt-9", "version": "2026-01-01"}
    (version,) = fine_tuned(SEEN, [model(name="gpt-9.ft-1", version="1", baseModel=base)]).versions
    assert version.key == "azure-openai/gpt-9.ft-1@1"
    assert version.value("base_model") == "azure-openai/gpt-9@2026-01-01"
    assert dates(version)[Scope()] == "2027-06-01"


def test_what_is_no_record_is_left_out_with_a_note_and_then_nothing_is_gone() -> None:
    delivery = models(SEEN, {"eastus": [model(), model(name="\x1b")]})
    assert len(list(delivery.versions)) == 1
    assert not delivery.complete
    assert "left out" in delivery.notes[0]
    delivery = deployments(SEEN, ACCOUNT, [deployment("", {"name": "x"}), deployment("b", {"name": "x"})])
    assert [d.name for d in delivery.deployments] == ["oai-growth/b"]
    assert not delivery.complete


def test_a_key_alone_shows_models_with_versions_only_where_a_date_ends_the_id() -> None:
    found = shaped(wire.DataPlaneModels, capture("azure", "data_plane_models"), "models").data
    delivery = data_plane(SEEN, [*found, wire.DataPlaneModel("gpt-4-0125-preview"), wire.DataPlaneModel("phi-9999")])
    versions = by_key(delivery)
    assert "azure-openai/text-embedding-3-small" in versions
    assert "azure-openai/gpt-4@0125-preview" in versions
    assert "azure-openai/phi-9999" in versions, "9999 is no month and day"
    old = versions["azure-openai/gpt-4o@2024-05-13"]
    assert old.value("lifecycle_label") == "Deprecated"
    assert dates(old) == {Scope(): "2026-12-09"}
    assert versions["azure-openai/gpt-35-turbo@0301"].value("lifecycle_label") == "Retired"
    assert not delivery.complete, "what only an identity may see is not gone"
    assert not list(delivery.deployments)


def test_prices_are_joined_by_meter_and_normalised() -> None:
    pages = [capture("azure", name) for name in ("retail_prices_page1", "retail_prices_page2")]
    prices = tariff([item for page in pages for item in shaped(wire.Prices, page, "prices").Items])
    meters = {name: f"aaaa0001-0000-0000-0000-00000000000{n}" for name, n in (("input", 1), ("output", 2))}
    cost = [{"name": f"{side} tokens", "meterId": meter} for side, meter in meters.items()]
    skus = [{"name": "Standard", "cost": cost}, {"name": "GlobalProvisionedManaged"}]
    (version,) = models(SEEN, {"swedencentral": [model(skus=skus)]}, prices).versions
    assert (version.value("price_input"), version.value("price_output")) == (5.0, 15.0), "0.005 and 0.015 per 1K"
    assert version.value("ptu_hour") == {"GlobalProvisionedManaged": 1.0}
    (unpriced,) = models(SEEN, {"swedencentral": [model()]}, prices).versions
    assert unpriced.fact("price_input") is None, "names of meters are not read"
