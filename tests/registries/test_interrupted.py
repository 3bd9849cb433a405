"""A sync that stops in the middle, at any question that a whole one asks: the old state stays, for every system.

A whole sync is counted first; then each of its questions breaks off, and each is left while nobody answers.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from remotes import FIXTURES, TODAY, Serve, body_of
from servers.azure_double import AzureDouble
from test_mlflow_captures import DEFAULT

from store.catalog import Catalog, fixed_clock
from store.delivery import Delivery
from store.records import Registry, Version
from store.registries import mlflow, mlflow_api, modeldb
from store.registries.adapter import Adapter
from store.registries.http import Client
from store.sync import apply, plan
from store.sync_run import Run, read, record_runs

SEARCHES = ("/search", "/find", "/findExperimentRuns", "/oauth2/v2.0/token")
"""What is asked as a POST, and changes nothing."""


@dataclass(frozen=True)
class System:
    """A system: `to` leads there. A whole sync asks these `questions`; `named` has a word for each."""

    registry: Registry
    to: Callable[[], httpx.AsyncBaseTransport]
    named: Callable[[httpx.Request], str]
    questions: Mapping[str, int]
    environ: Mapping[str, str] = field(default_factory=dict)
    at_once: int = 1


class Line(httpx.AsyncBaseTransport):
    """The way to a system. Its question number `bad` breaks off, or is never answered."""

    def __init__(self, system: System, bad: int = 0, *, hangs: bool = False) -> None:
        self.asked: list[str] = []
        self.reached = asyncio.Event()
        self._system, self._to, self._bad, self._hangs = system, system.to(), bad, hangs

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert request.method == "GET" or request.url.path.endswith(SEARCHES), "a sync only reads"
        self.asked.append(self._system.named(request))
        if len(self.asked) == self._bad:
            self.reached.set()
            if self._hangs:
                await asyncio.Event().wait()
            raise httpx.UnsupportedProtocol("broken off")  # nothing that is asked again
        return await self._to.handle_async_request(request)

    async def aclose(self) -> None:
        await self._to.aclose()

    @asynccontextmanager
    async def connect(self, where: Registry, found: Adapter) -> AsyncIterator[Client]:
        environ = {"HOME": "/nonexistent", "PATH": "", **self._system.environ}
        async with Client(found.connection(where, environ), environ=environ, today=TODAY, transport=self) as client:
            yield client


async def stopped(system: System, where: Registry, question: int, *, hangs: bool) -> Run | None:
    """A sync that breaks off at a question, or is cancelled while it waits for the answer (then None)."""
    line = Line(system, question, hangs=hangs)
    reading = asyncio.create_task(read(where, line.connect))
    run = None
    if hangs:
        await asyncio.wait_for(line.reached.wait(), 10)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    else:
        run = await reading
        assert (run.delivery, run.kind) == (None, "broken"), f"{line.asked[-1]}: {run.error}"
    assert question <= len(line.asked) < question + system.at_once, "nothing is asked after that"
    assert asyncio.all_tasks() == {asyncio.current_task()}, "and nothing goes on"
    return run


# ── the systems, each with all that a sync may have to ask ──


class Rerouted(httpx.AsyncHTTPTransport):
    """Whatever host is asked, it is a double on this machine that answers; the host stays in the header."""

    def __init__(self, port: int) -> None:
        super().__init__(verify=False)
        self._port = port

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        return await super().handle_async_request(request)


def _last(request: httpx.Request) -> str:
    return request.url.path.rpartition("/")[2]


def _mlflow(request: httpx.Request) -> str:
    return request.url.path.partition("/mlflow/")[2]


def _paged(request: httpx.Request) -> httpx.Response:
    """The captured server, two rows a page where it pages by a token."""
    name = _mlflow(request)
    body = body_of("mlflow", DEFAULT[name])
    key = next(k for k, rows in body.items() if isinstance(rows, list))
    sent = json.loads(request.content) if request.method == "POST" else dict(request.url.params)
    at = int(sent.get("page_token") or 0)
    more = {"next_page_token": str(at + 2)} if at + 2 < len(body[key]) else {}
    return httpx.Response(200, json={key: body[key][at : at + 2], **more})


DATABRICKS = {"DATABRICKS_HOST": "https://adb-1.azuredatabricks.net", "DATABRICKS_TOKEN": "dapi-1"}
UNITY = [{"name": "main.risk.churn", "version": str(n), "creation_timestamp": 1795405430688} for n in range(1, 11)]


def _unity(request: httpx.Request) -> httpx.Response:
    name = _mlflow(request).removeprefix("unity-catalog/")
    at = int(request.url.params.get("page_token") or 0)
    bodies: dict[str, Any] = {
        "registered-models/search": {"registered_models": [{"name": "main.risk.churn"}]},
        "model-versions/search": {
            "model_versions": UNITY[at : at + 5],
            **({"next_page_token": "5"} if at < 5 else {}),
        },
        "model-versions/get": {
            "model_version": {"name": "main.risk.churn", "version": request.url.params.get("version"), "run_id": "ab"}
        },
        "experiments/search": {"experiments": [{"experiment_id": "1"}]},
        "runs/search": {"runs": [{"info": {"run_id": "ab"}, "data": {}}]},
    }
    return httpx.Response(200, json=bodies[name])


def mlflow_like(address: str, answers: Callable[[httpx.Request], httpx.Response], **more: Any) -> System:
    registry = Registry("", "ml", kind="mlflow", address=address)
    return System(registry, lambda: httpx.MockTransport(answers), _mlflow, **more)


def azure(double: AzureDouble) -> System:
    """Everything at once: a secret, an unknown api-version, two regions, prices, a fine-tuned model."""
    base = {"format": "OpenAI", "name": "gpt-4o", "version": "2024-05-13"}
    double.fine_tune("chat-prod", "gpt-4o.tuned", "3", base)
    subscription = json.loads((FIXTURES / "azure/config.json").read_text())["subscription"]
    settings = {
        "subscription": subscription, "tenant_id": "t", "client_id": "c", "prices": "true",
        "locations": "norwayeast", "api_version": "2030-01-01",
    }  # fmt: skip
    registry = Registry("", "az", kind="azure", settings=settings, secrets={"client_secret": "env:OUR_SECRET"})
    questions = {"token": 1, "accounts": 2, "models": 4, "prices": 2, "deployments": 1}
    return System(registry, lambda: Rerouted(double.server_port), _last, questions, {"OUR_SECRET": "s3cret-value"})


def azure_by_key(double: AzureDouble) -> System:
    """Nobody may ask the resource manager; an endpoint's key still shows its models."""
    environ = {"AZURE_OPENAI_ENDPOINT": "https://oai-growth.openai.azure.com", "AZURE_OPENAI_API_KEY": double.key}
    return System(Registry("", "az", kind="azure"), lambda: Rerouted(double.server_port), _last, {"models": 1}, environ)


def modeldb_like(serve: Serve, mode: str, questions: Mapping[str, int]) -> System:
    double = serve(mode=mode)
    registry = Registry("", "verta", kind="modeldb", address=double.base)
    return System(registry, lambda: Rerouted(double.server_port), lambda request: request.url.path, questions)


def one_file(kind: str, address: str, content: bytes) -> System:
    """A public catalog, or a file at an address: one question."""
    registry = Registry("", kind, kind=kind, address=address, settings={} if kind == "file" else {"add": "all"})
    answer = httpx.Response(200, headers={"content-type": "application/json"}, content=content)
    return System(registry, lambda: httpx.MockTransport(lambda _: answer), _last, {address.rpartition("/")[2]: 1})


PUBLIC = "https://public.example/list.json"
OURS = json.dumps({"versions": [{"key": "ours/churn@1", "own": True}]}).encode()

SYSTEMS: Mapping[str, Callable[[pytest.FixtureRequest], System]] = {
    "mlflow": lambda _: mlflow_like("https://mlflow.example.com", _paged, questions={
        "registered-models/search": 2, "model-versions/search": 3, "experiments/search": 1,
        "runs/search": 6, "logged-models/search": 6,
    }),
    "databricks": lambda _: mlflow_like("databricks", _paged, environ=DATABRICKS, questions={
        "registered-models/search": 2, "model-versions/search": 3, "experiments/search": 1,
        "runs/search": 6, "logged-models/search": 8,
    }),
    "unity catalog": lambda _: mlflow_like("databricks-uc", _unity, environ=DATABRICKS, at_once=8, questions={
        "unity-catalog/registered-models/search": 1, "unity-catalog/model-versions/search": 2,
        "unity-catalog/model-versions/get": 10, "experiments/search": 1, "runs/search": 5,
    }),
    "azure": lambda found: azure(found.getfixturevalue("azure")),
    "azure by key": lambda found: azure_by_key(found.getfixturevalue("azure")),
    "verta": lambda found: modeldb_like(found.getfixturevalue("serve"), "registry", {
        "/api/v1/registry/registered_models/find": 3, "/api/v1/registry/model_versions/find": 4,
        "/api/v1/modeldb/experiment-run/findExperimentRuns": 4,
    }),
    "modeldb": lambda found: modeldb_like(found.getfixturevalue("serve"), "oss", {
        "/api/v1/registry/registered_models/find": 1, "/api/v1/modeldb/project/getProjects": 2,
        "/api/v1/modeldb/experiment-run/findExperimentRuns": 4,
    }),
    "litellm": lambda _: one_file("litellm", PUBLIC, (FIXTURES / "registries/litellm.json").read_bytes()),
    "modelsdev": lambda _: one_file("modelsdev", PUBLIC, (FIXTURES / "registries/modelsdev.json").read_bytes()),
    "file": lambda _: one_file("file", PUBLIC, OURS),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlflow, "RUNS_CHUNK", 2)
    monkeypatch.setattr(mlflow_api, "LOGGED_CHUNK", {"mlflow": 2, "databricks": 1})
    monkeypatch.setattr(modeldb, "PAGE", 1)


@pytest.mark.parametrize("name", SYSTEMS)
async def test_stopped_at_any_question_the_old_state_stays(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    system = SYSTEMS[name](request)
    path = tmp_path / "store" / "c.json"
    with Catalog.open(path, actor="ann", clock=fixed_clock(TODAY)) as catalog:
        catalog.add_registry(system.registry)
        called = system.registry.name
        apply(catalog, plan(catalog, called, Delivery(versions=[Version("", f"{called}/old@1")], state={"seen": 1})))
        where = catalog.registries[called]

        def files() -> dict[str, bytes]:
            return {p.name: p.read_bytes() for p in path.parent.iterdir() if p.is_file()}

        line = Line(system)
        whole = await read(where, line.connect)
        assert whole.delivery is not None, whole.error
        assert Counter(line.asked) == system.questions
        before, records = files(), list(catalog.raw_versions())
        broken: list[Run] = []
        for question in range(1, len(line.asked) + 1):
            broken += filter(None, [await stopped(system, where, question, hangs=hangs) for hangs in (False, True)])
            assert files() == before

        for run in broken:
            record_runs(catalog, [run])
        assert list(catalog.raw_versions()) == records
        seen = catalog.registries[called]
        assert (seen.last_run, seen.state) == ("", {"seen": 1}), "the next sync reads whatever this one did not"
        assert seen.last_error == broken[-1].error
        wanted = plan(catalog, called, whole.delivery)
        assert wanted.added
        apply(catalog, wanted)
        assert plan(catalog, called, whole.delivery).empty
