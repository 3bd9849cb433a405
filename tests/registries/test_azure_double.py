"""A sync with the double of Azure over a real socket: signing in, pages, faults, fallbacks."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from remotes import FIXTURES, NOW, TODAY, capture, collect, probe
from servers.azure_double import AzureDouble

from store.catalog import Catalog, fixed_clock
from store.records import Registry
from store.registries.azure import AzureAdapter
from store.registries.errors import RemoteError
from store.sync import apply, plan

AZURE = AzureAdapter(lambda: NOW)
SUBSCRIPTION = json.loads((FIXTURES / "azure/config.json").read_text())["subscription"]
ENVIRON = {"HOME": "/nonexistent", "OUR_TOKEN": "test-token", "OUR_SECRET": "s3cret-value", "OUR_KEY": "test-key"}


def registry(double: AzureDouble | None = None, **fields: Any) -> Registry:
    """A registry that signs in with a token that it names."""
    settings = {"subscription": SUBSCRIPTION, **fields.pop("settings", {})}
    address = double.base if double else ""
    given = {"address": address, "secrets": {"access_token": "env:OUR_TOKEN"}, **fields}
    return Registry("r", "az", kind="azure", settings=settings, **given)


async def test_a_sync_brings_models_and_deployments_and_a_second_one_writes_nothing(
    azure: AzureDouble, tmp_path: Path
) -> None:
    with Catalog.open(tmp_path / "own.json", actor="ann", clock=fixed_clock(TODAY)) as catalog:
        delivery, client = await collect(AZURE, registry(azure), environ=ENVIRON)
        assert client.usage.requests == 4, "accounts, two pages of models, deployments"
        wanted = plan(catalog, "az", delivery)
        assert [d.name for d in wanted.inbox] == [f"oai-growth/{n}" for n in ("chat-prod", "embed", "legacy", "mini")]
        apply(catalog, wanted)
        assert len(catalog.versions) == 8
        assert len(catalog.deployments) == 4
        again, _ = await collect(AZURE, registry(azure), environ=ENVIRON)
        repeated = plan(catalog, "az", again)
        assert repeated.empty, repeated.changed


async def test_the_application_s_secret_becomes_a_token(azure: AzureDouble) -> None:
    found = registry(
        azure,
        secrets={"client_secret": "env:OUR_SECRET"},
        settings={"login": azure.base, "tenant_id": "te/nant", "client_id": "app"},
    )
    assert await probe(AZURE, found, environ=ENVIRON) == (
        "Azure answers; 1 account of Azure OpenAI or AI Foundry can be read, in swedencentral"
    )
    assert azure.asked[0] == "/te%2Fnant/oauth2/v2.0/token"
    assert "client_secret=s3cret-value" in azure.forms[0]
    assert "scope=http%3A%2F%2F127.0.0.1" in azure.forms[0]
    assert "s3cret" not in "".join(azure.asked)


@pytest.mark.parametrize("faults", [["429"], ["503", "503"], ["truncate"], ["429", "truncate", "503"]])
async def test_what_passes_is_asked_again(azure: AzureDouble, faults: list[str]) -> None:
    azure.faults = list(faults)
    delivery, client = await collect(AZURE, registry(azure), environ=ENVIRON)
    assert len(list(delivery.versions)) == 8
    assert client.usage.requests == 4 + len(faults)


@pytest.mark.parametrize(
    ("fault", "kind", "says"),
    [
        ("401", "unauthorized", "the access token has expired"),
        ("403", "forbidden", "give it the role Reader"),
        ("429", "throttled", "enough requests for now"),
        ("503", "broken", "trouble of its own"),
        ("truncate", "broken", "broke off"),
    ],
)
async def test_what_stays_wrong_is_said_without_users_objects_or_tokens(
    azure: AzureDouble, fault: str, kind: str, says: str
) -> None:
    azure.faults = [fault] * 4
    with pytest.raises(RemoteError) as trouble:
        await collect(AZURE, registry(azure), environ=ENVIRON)
    text = f"{trouble.value} {trouble.value.said} {trouble.value.code}"
    assert (trouble.value.kind, says in text) == (kind, True), text
    for secret in ("00000000-0000", "object id", "test-token", SUBSCRIPTION, "/subscriptions/X"):
        assert secret not in text


async def test_a_subscription_that_is_not_there(azure: AzureDouble) -> None:
    with pytest.raises(RemoteError, match="check AZURE_SUBSCRIPTION_ID"):
        await probe(AZURE, registry(azure, settings={"subscription": "other"}), environ=ENVIRON)
    with pytest.raises(RemoteError, match="which subscription"):
        await probe(AZURE, registry(azure, settings={"subscription": ""}), environ=ENVIRON)


async def test_an_api_version_that_a_cloud_does_not_know_is_replaced_once(azure: AzureDouble) -> None:
    delivery, client = await collect(AZURE, registry(azure, settings={"api_version": "2030-01-01"}), environ=ENVIRON)
    assert len(list(delivery.versions)) == 8
    assert client.usage.requests == 5
    assert sum("2030-01-01" in path for path in azure.asked) == 1
    assert sum("2024-10-01" in path for path in azure.asked) == 4


async def test_accounts_can_be_narrowed_and_regions_added(azure: AzureDouble) -> None:
    only = registry(azure, settings={"account": "another", "locations": "Sweden Central; norwayeast"})
    delivery, _ = await collect(AZURE, only, environ=ENVIRON)
    assert not list(delivery.deployments)
    assert len(list(delivery.versions)) == 8
    with pytest.raises(RemoteError, match="no region"):
        await collect(AZURE, registry(azure, settings={"locations": "../x"}), environ=ENVIRON)


async def test_without_rights_an_endpoint_s_key_still_shows_models(azure: AzureDouble) -> None:
    azure.faults = ["403"]
    both = {"access_token": "env:OUR_TOKEN", "api_key": "env:OUR_KEY"}
    by_key = registry(azure, secrets=both, settings={"endpoint": azure.base})
    delivery, _ = await collect(AZURE, by_key, environ=ENVIRON)
    assert not delivery.complete
    assert "azure-openai/gpt-5-mini@2025-08-07" in {v.key for v in delivery.versions}
    assert "not deployments" in delivery.notes[0]
    azure.faults = ["403"]
    assert "127.0.0.1 answers to the key; 7 models" in await probe(AZURE, by_key, environ=ENVIRON)
    wrong = {**ENVIRON, "OUR_KEY": "wrong-key"}
    azure.faults = ["403"]
    with pytest.raises(RemoteError, match="401") as refused:
        await probe(AZURE, by_key, environ=wrong)
    assert "wrong-key" not in str(refused.value)


async def test_the_environment_s_credentials_go_only_to_azure_itself(azure: AzureDouble) -> None:
    environ = {**ENVIRON, "AZURE_ACCESS_TOKEN": "test-token"}
    with pytest.raises(RemoteError, match="not Azure's own"):
        await probe(AZURE, registry(azure, secrets={}), environ=environ)
    assert not azure.asked


# ── without the double ──


@pytest.mark.parametrize(
    ("cloud", "manage"),
    [("public", "management.azure.com"), ("government", "management.usgovcloudapi.net"),
     ("china", "management.chinacloudapi.cn")],
)  # fmt: skip
async def test_each_cloud_has_its_own_hosts(cloud: str, manage: str) -> None:
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        token = {"access_token": "tok-1"} if request.method == "POST" else {"value": []}
        return httpx.Response(200, json=token)

    environ = {f"AZURE_{name}": "given" for name in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET")}
    found = registry(secrets={}, settings={"cloud": cloud})
    await probe(AZURE, found, answer, {"HOME": "/nonexistent", "PATH": "", **environ})
    assert asked[0].host.startswith("login.")
    assert asked[1].host == manage
    with pytest.raises(RemoteError, match="cloud is 'moon'"):
        AZURE.connection(registry(settings={"cloud": "moon"}), {})


async def test_a_next_page_on_another_host_is_not_followed() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "management.azure.com"
        return httpx.Response(200, json={"value": [], "nextLink": "https://evil.example.com/?x"})

    with pytest.raises(RemoteError, match="another host"):
        await probe(AZURE, registry(), answer, ENVIRON)


def az(directory: Path, script: str) -> dict[str, str]:
    """An environment with an `az` that does this."""
    program = directory / "az"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"HOME": "/nonexistent", "PATH": f"{directory}{os.pathsep}/usr/bin{os.pathsep}/bin"}


async def test_who_is_signed_in_with_az_needs_nothing_else(tmp_path: Path) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=capture("azure", "accounts"))

    said = json.dumps({"accessToken": "tok-az", "subscription": "sub-of-az"})
    environ = az(tmp_path, f"echo \"$@\" > {tmp_path}/asked; echo '{said}'")
    found = registry(secrets={}, settings={"subscription": ""})
    assert "1 account" in await probe(AZURE, found, answer, environ)
    assert seen[0].headers["authorization"] == "Bearer tok-az"
    assert seen[0].url.path.startswith("/subscriptions/sub-of-az/")
    asked = (tmp_path / "asked").read_text().strip()
    assert asked == "account get-access-token --resource https://management.azure.com -o json"


@pytest.mark.parametrize("script", ["echo 'ERROR: Please run az login. user ann@example.com' >&2; exit 1", "echo hm"])
async def test_az_that_gives_no_token_says_what_to_do(tmp_path: Path, script: str) -> None:
    with pytest.raises(RemoteError, match="run az login") as refused:
        await probe(AZURE, registry(secrets={}), None, az(tmp_path, script))
    assert "ann@" not in str(refused.value)


async def test_offline_az_is_not_even_started(tmp_path: Path) -> None:
    environ = az(tmp_path, f"touch {tmp_path}/started")
    with pytest.raises(RemoteError) as refused:
        await collect(AZURE, registry(secrets={}), environ=environ, offline=True)
    assert refused.value.kind == "offline"
    assert not (tmp_path / "started").exists()


async def test_no_credentials_at_all_says_which_there_could_be() -> None:
    with pytest.raises(RemoteError, match="az login"):
        await probe(AZURE, registry(secrets={}), None, {"HOME": "/nonexistent", "PATH": ""})


async def test_prices_are_read_from_the_public_list_without_credentials() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "prices.azure.com":
            assert "authorization" not in request.headers
            second = "skip" in str(request.url)
            assert second or "armRegionName eq 'swedencentral'" in request.url.params["$filter"]
            return httpx.Response(
                200, json=capture("azure", "retail_prices_page2" if second else "retail_prices_page1")
            )
        name = request.url.path.rpartition("/")[2]
        name = "account_models" if name == "models" and "/accounts/" in request.url.path else name
        body = capture("azure", "location_models_page1" if name == "models" else name)
        return httpx.Response(200, json={"value": body["value"]})

    delivery, _ = await collect(AZURE, registry(settings={"prices": "true"}), answer, ENVIRON)
    mini = next(v for v in delivery.versions if v.key == "azure-openai/gpt-5-mini@2025-08-07")
    assert mini.value("ptu_hour") == {"GlobalProvisionedManaged": 1.0}


async def test_a_deployment_of_a_fine_tuned_model_brings_that_model(azure: AzureDouble) -> None:
    base = {"format": "OpenAI", "name": "gpt-4o", "version": "2024-05-13"}
    azure.fine_tune("chat-prod", "gpt-4o.tuned", "3", base)
    delivery, client = await collect(AZURE, registry(azure), environ=ENVIRON)
    place = next(d for d in delivery.deployments if d.name == "oai-growth/chat-prod")
    assert place.fine_tuned
    version = next(v for v in delivery.versions if v.key == place.remote_version)
    assert version.value("base_model") == "azure-openai/gpt-4o@2024-05-13"
    assert client.usage.requests == 5
