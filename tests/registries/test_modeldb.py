"""Verta's registry and the open-source ModelDB, from their double on a loopback port."""

from __future__ import annotations

import httpx
import pytest
from remotes import Serve, collect, probe
from servers.modeldb_double import PAGE

from store.delivery import Delivery
from store.records import Registry, Version
from store.registries.errors import RemoteError
from store.registries.modeldb import ADAPTER


def registry(address: str, secrets: dict[str, str] | None = None, **settings: str) -> Registry:
    return Registry("r", "verta", kind="modeldb", address=address, settings=settings, secrets=secrets or {})


def versions(found: Delivery) -> dict[str, Version]:
    return {v.key: v for v in found.versions}


async def test_a_registry_gives_versions_with_stage_lock_code_data_and_metrics(serve: Serve) -> None:
    double = serve()
    found, client = await collect(ADAPTER, registry(double.base, workspace="growth"))
    known = versions(found)
    assert {k: v.value("remote_stage") for k, v in known.items()} == {
        "verta/Churn Classifier@v1": "Archived",
        "verta/Churn Classifier@v2": "Production",
        "verta/Churn Classifier@v3": "Staging",
        "verta/Ticket NER@2026-02-01": "Development",
    }
    two = known["verta/Churn Classifier@v2"]
    assert two.value("remote_lock") == "closed"
    assert two.changes == "boosting"
    assert {"tabular", "champion", "use_case=customer churn"} <= set(two.tags)
    assert {m.metric: m.value for m in found.measurements if m.version == two.key} == {
        "accuracy": 0.874, "f1": 0.842, "latency_ms": 7.9, "cost_per_1k": 0.0042,
    }  # fmt: skip
    lineage = two.lineage
    assert (lineage.repository, lineage.branch) == ("https://git.example.com/ml/churn.git", "main")
    assert lineage.commit == "2a1d0e9f8c7b6a5948372615f0e1d2c3b4a59687"
    assert (lineage.data, lineage.data_hash) == ("s3://data/churn/v2", "dsv-2")
    assert lineage.run == "proj-growth-1-run-2"
    assert lineage.parameters["n_estimators"] == 400
    assert lineage.environment.startswith("sha256:")
    assert lineage.artifact.endswith("run-2/model.pkl")
    assert [(d.region, d.remote_version) for d in found.deployments] == [("eu-west-1", two.key)]
    assert any("no use-case name" in note for note in found.notes)
    assert client.usage.requests == 4, "one to find out, then models, versions, runs"


async def test_a_deployment_with_an_odd_name_is_kept_without_what_is_odd(serve: Serve) -> None:
    double = serve()
    (served,) = [d for v in double.state["model_versions"] for d in v.get("external_deployments", ())]
    served |= {"url_path_title": "blue\x1b[2J\u202e", "cloud_provider": "aws\ud800"}
    found, _ = await collect(ADAPTER, registry(double.base, workspace="growth"))
    assert [(d.name, d.platform) for d in found.deployments] == [("blue[2J", "aws")]


async def test_without_a_registry_the_runs_are_the_versions(serve: Serve) -> None:
    double = serve(mode="oss")
    found, _ = await collect(ADAPTER, registry(double.base))
    two = versions(found)["verta/Churn Classifier project@run 2"]
    assert two.value("remote_stage") is None
    assert two.lineage.commit == "2a1d0e9f8c7b6a5948372615f0e1d2c3b4a59687"
    assert {m.metric for m in found.measurements if m.version == two.key} >= {"accuracy", "f1"}
    assert await probe(ADAPTER, registry(double.base)) == "ModelDB answers, without a registry; 2 projects can be read"
    with pytest.raises(RemoteError, match="web page"):
        await collect(ADAPTER, registry(double.base, mode="registry"))


async def test_more_rows_than_a_page_arrive_once_each(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.registries.modeldb.PAGE", 2)
    double = serve()
    found, _ = await collect(ADAPTER, registry(double.base, mode="registry"))
    assert len(list(found.versions)) == len(double.state["model_versions"])
    assert double.asked.count("/api/v1/registry/model_versions/find") == 2


async def test_credentials_go_as_headers_and_only_to_their_host(serve: Serve) -> None:
    double = serve(auth=("ann@example.com", "k-123456"))
    asked = registry(double.base, {"dev_key": "env:KEY"}, email="ann@example.com")
    assert "2 registered models" in await probe(ADAPTER, asked, environ={"KEY": "k-123456"})
    with pytest.raises(RemoteError, match="does not accept the credentials") as raised:
        await probe(ADAPTER, asked, environ={"KEY": "wrong-key"})
    assert "wrong-key" not in str(raised.value)
    with pytest.raises(RemoteError, match="set email"):
        await probe(ADAPTER, registry(double.base, {"dev_key": "env:KEY"}), environ={"KEY": "k-123456"})
    mine = {"VERTA_HOST": double.base, "VERTA_EMAIL": "ann@example.com", "VERTA_DEV_KEY": "k-123456"}
    assert "2 registered models" in await probe(ADAPTER, registry(""), environ=mine)
    with pytest.raises(RemoteError, match="does not accept"):
        await probe(ADAPTER, registry(double.base), environ=mine | {"VERTA_HOST": "app.verta.example"})
    token = serve(auth=("token", "jwt-123456"))
    assert "2 registered models" in await probe(
        ADAPTER, registry(token.base), environ={"VERTA_JWT_TOKEN": "jwt-123456", "VERTA_JWT_TOKEN_SIG": "s"}
    )


async def test_what_is_no_answer_has_a_sentence(serve: Serve) -> None:
    with pytest.raises(RemoteError, match="nothing at that address"):
        await probe(ADAPTER, registry(serve().base, workspace="nobody"))
    with pytest.raises(RemoteError, match="has no address"):
        await probe(ADAPTER, registry(""))
    with pytest.raises(RemoteError, match="mode is 'x'"):
        await probe(ADAPTER, registry("http://h", mode="x"))

    def page(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "text/html"}, text=PAGE)

    with pytest.raises(RemoteError, match="answers with a web page"):
        await collect(ADAPTER, registry("http://h"), page)

    def odd(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"registered_models": [{"id": "1"}], "total_records": "1"})

    with pytest.raises(RemoteError, match="not what that system answers"):
        await collect(ADAPTER, registry("http://h", mode="registry"), odd)

    def endless(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"registered_models": [], "total_records": "999999999"})

    found, client = await collect(ADAPTER, registry("http://h", mode="registry"), endless)
    assert (list(found.versions), client.usage.requests) == ([], 2), "an empty page is the end, whatever was promised"
