"""Where MLflow is asked and with which credentials, as its own client does it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from remotes import NOW, client_of, collect

from store.records import Registry
from store.registries.errors import RemoteError
from store.registries.mlflow import MlflowAdapter
from store.registries.mlflow_access import access, authorize

SERVER = MlflowAdapter(lambda: NOW)
HOST = "https://mlflow.example.com"


def registry(**fields: Any) -> Registry:
    return Registry("r", "ml", kind="mlflow", **fields)


async def sent(found: Registry, environ: Mapping[str, str]) -> str:
    """The Authorization header that goes to the registry, "" for none."""
    environ = {"HOME": "/nonexistent", **environ}
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("authorization", ""))
        return httpx.Response(200, json={})

    async with client_of(SERVER, found, environ, answer) as client:
        where = access(found, environ)
        authorize(found, client, where.address, where.dialect)
        await client.get_json("x", or_empty=True)
    return seen[0]


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("address", "environ", "expected"),
    [
        (f"{HOST}/#/models", {}, (HOST, HOST, "mlflow")),
        ("", {"MLFLOW_TRACKING_URI": "http://a:5000"}, ("http://a:5000", "http://a:5000", "mlflow")),
        (
            "",
            {
                "MLFLOW_REGISTRY_URI": "databricks-uc",
                "DATABRICKS_HOST": "https://d.net",
                "MLFLOW_TRACKING_URI": "http://a",
            },
            ("https://d.net", "http://a", "unity-catalog"),
        ),
        ("databricks", {"DATABRICKS_HOST": "d.net/"}, ("https://d.net", "https://d.net", "databricks")),
        ("https://adb-1.azuredatabricks.net", {}, ("https://adb-1.azuredatabricks.net",) * 2 + ("databricks",)),
    ],
)
def test_the_address_is_found_where_mlflow_s_client_finds_it(
    address: str, environ: dict[str, str], expected: tuple[str, str, str]
) -> None:
    where = access(registry(address=address), environ)
    assert (where.address, where.tracking, where.dialect) == expected


@pytest.mark.parametrize(
    ("fields", "environ", "says"),
    [
        ({}, {}, "has no address"),
        ({"address": "sqlite:///mlflow.db"}, {}, "no server"),
        ({"address": "./mlruns"}, {}, "no server"),
        ({"address": "databricks://work"}, {"DATABRICKS_HOST": "d.net"}, "profiles are not read"),
        ({"address": HOST, "settings": {"dialect": "unity"}}, {}, "dialect is 'unity'"),
    ],
)
def test_an_address_that_cannot_be_asked_says_why(fields: dict[str, Any], environ: dict[str, str], says: str) -> None:
    with pytest.raises(RemoteError, match=says) as refused:
        SERVER.connection(registry(**fields), environ)
    assert refused.value.kind == "settings"


async def test_credentials_in_their_order() -> None:
    here = registry(address=HOST)
    assert await sent(here, {"MLFLOW_TRACKING_TOKEN": "tok-1"}) == "Bearer tok-1"
    both = {"MLFLOW_TRACKING_USERNAME": "mira", "MLFLOW_TRACKING_PASSWORD": "pä:ss", "MLFLOW_TRACKING_TOKEN": "tok-1"}
    assert await sent(here, both) == basic("mira:pä:ss"), "user and password win over a token"
    named = registry(address=HOST, secrets={"token": "env:OURS"})
    assert await sent(named, {**both, "OURS": "tok-2"}) == "Bearer tok-2"
    named = registry(address=HOST, secrets={"password": "env:OURS"}, settings={"username": "ann"})
    assert await sent(named, {**both, "OURS": "secret"}) == basic("ann:secret")
    with pytest.raises(RemoteError, match="OURS is not set"):
        await sent(named, both)


async def test_the_environment_s_credentials_go_only_to_the_server_that_it_names() -> None:
    environ = {"MLFLOW_TRACKING_URI": "https://mine.example.com", "MLFLOW_TRACKING_TOKEN": "tok-1"}
    assert await sent(registry(address="https://mine.example.com/path"), environ) == "Bearer tok-1"
    assert await sent(registry(address=HOST), environ) == ""
    databricks = {"DATABRICKS_HOST": "https://a.azuredatabricks.net", "DATABRICKS_TOKEN": "dapi-1"}
    assert await sent(registry(address="https://a.azuredatabricks.net"), databricks) == "Bearer dapi-1"
    assert await sent(registry(address="https://b.azuredatabricks.net"), databricks) == ""


async def test_the_credentials_file_is_read_and_the_environment_beats_it(tmp_path: Path) -> None:
    (tmp_path / ".mlflow").mkdir()
    file = tmp_path / ".mlflow/credentials"
    file.write_text("[mlflow]\nmlflow_tracking_username = mira\nmlflow_tracking_password = 100%\n")
    home = {"HOME": str(tmp_path)}
    assert await sent(registry(address=HOST), home) == basic("mira:100%")
    assert await sent(registry(address=HOST), {**home, "MLFLOW_TRACKING_PASSWORD": "other"}) == basic("mira:other")
    file.write_text("hunter2")
    with pytest.raises(RemoteError) as refused:
        await sent(registry(address=HOST), home)
    assert "hunter2" not in str(refused.value)
    file.write_text("[mlflow]\nmlflow_tracking_username = mira\nmlflow_tracking_password = hunter2\n")

    def telling(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(400, json={"error_code": "BAD", "message": "mira, hunter2 is wrong"})

    with pytest.raises(RemoteError, match="mira, ••• is wrong"):
        await collect(SERVER, registry(address=HOST), telling, home)


async def test_an_answer_is_waited_for_as_long_as_mlflow_s_client_is_told_to() -> None:
    async def asked(seconds: str) -> httpx.Timeout:
        waits: list[Any] = []

        def answer(request: httpx.Request) -> httpx.Response:
            waits.append(request.extensions["timeout"])
            return httpx.Response(200, json={})

        environ = {"HOME": "/nonexistent", "MLFLOW_HTTP_REQUEST_TIMEOUT": seconds}
        async with client_of(SERVER, registry(address=HOST), environ, answer) as client:
            await SERVER.probe(registry(address=HOST), client)
            assert client.limits.answer_seconds == (float(seconds) if seconds else 120)
        return waits[0]["read"]

    assert (await asked("600"), await asked("")) == (600, 30)
    for wrong in ("soon", "0", "-1", "nan", "1e9"):
        with pytest.raises(RemoteError, match="MLFLOW_HTTP_REQUEST_TIMEOUT is") as refused:
            await asked(wrong)
        assert refused.value.kind == "settings"


def test_certificates_come_from_the_settings_or_mlflow_s_variables() -> None:
    environ = {"MLFLOW_TRACKING_SERVER_CERT_PATH": "/ca.pem", "MLFLOW_TRACKING_CLIENT_CERT_PATH": "/me.pem"}
    found = SERVER.connection(registry(address=HOST), environ)
    assert (found.ca, found.client_cert) == ("/ca.pem", "/me.pem")
    found = SERVER.connection(registry(address=HOST, settings={"ca": "/ours.pem"}), environ)
    assert found.ca == "/ours.pem"


async def test_runs_on_another_server_are_asked_there_with_its_own_credentials() -> None:
    seen: dict[str, str] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        seen[request.url.host] = request.headers.get("authorization", "") + request.headers.get(
            "x-mlflow-workspace", ""
        )
        versions = [{"name": "m", "version": "1", "run_id": "ab", "creation_timestamp": 1795405430688}]
        bodies: dict[str, Any] = {
            "registered-models/search": {"registered_models": [{"name": "m"}]},
            "model-versions/search": {"model_versions": versions},
            "experiments/search": {"experiments": [{"experiment_id": "1"}]},
            "runs/search": {"runs": [{"info": {"run_id": "ab"}, "data": {"metrics": [{"key": "f1", "value": 1}]}}]},
        }
        return httpx.Response(200, json=bodies[request.url.path.partition("/mlflow/")[2]])

    environ = {
        "HOME": "/nonexistent", "MLFLOW_REGISTRY_URI": "databricks", "DATABRICKS_HOST": "https://d.net",
        "DATABRICKS_TOKEN": "dapi-1", "MLFLOW_TRACKING_URI": "https://t.net", "MLFLOW_TRACKING_TOKEN": "tok-1",
        "MLFLOW_WORKSPACE": "/w",
    }  # fmt: skip
    delivery, _ = await collect(SERVER, registry(), answer, environ)
    assert seen == {"d.net": "Bearer dapi-1/w", "t.net": "Bearer tok-1/w"}
    assert [m.metric for m in delivery.measurements] == ["f1"]
