"""A sync with MLflow that stops in the middle, at any of its questions, and what is asked ahead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from remotes import TODAY, body_of, client_of, collect
from test_mlflow_captures import DEFAULT, SERVER, registry

from store import sync_run
from store.catalog import Catalog, fixed_clock
from store.delivery import Delivery
from store.records import Registry
from store.registries import mlflow
from store.registries.http import Client
from store.registries.mlflow_api import ahead
from store.sync import apply, plan

QUESTIONS = 9
"""Models, versions, experiments, and runs and logged models of each of three chunks."""


class Server:
    """The captured server; its question number `bad` breaks off, or is never answered."""

    def __init__(self, bad: int = 0, *, hangs: bool = False) -> None:
        self.asked: list[str] = []
        self.reached = asyncio.Event()
        self._bad, self._hangs = bad, hangs

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.partition("/mlflow/")[2]
        self.asked.append(name)
        if len(self.asked) == self._bad:
            self.reached.set()
            if self._hangs:
                await asyncio.Event().wait()
            raise httpx.UnsupportedProtocol("broken off")  # nothing that is asked again
        return httpx.Response(200, json=body_of("mlflow", DEFAULT[name]))

    @asynccontextmanager
    async def connect(self, where: Registry, kind: Any) -> AsyncIterator[Client]:
        async with client_of(SERVER, where, {"HOME": "/nonexistent"}, self) as client:
            yield client


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlflow, "RUNS_CHUNK", 2)
    monkeypatch.setattr(sync_run, "adapter", lambda kind: SERVER)


@pytest.mark.parametrize("hangs", [False, True], ids=["breaks", "is stopped"])
@pytest.mark.parametrize("question", range(1, QUESTIONS + 1))
async def test_stopped_at_any_question_the_old_state_stays(question: int, hangs: bool, tmp_path: Path) -> None:
    with Catalog.open(tmp_path / "c.json", actor="ann", clock=fixed_clock(TODAY)) as catalog:
        catalog.add_registry(registry())
        before = {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()}
        server = Server(question, hangs=hangs)
        reading = asyncio.create_task(sync_run.read(catalog.registries["ml"], server.connect))
        if hangs:
            await asyncio.wait_for(server.reached.wait(), 10)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
        else:
            run = await reading
            assert (run.delivery, run.kind) == (None, "broken")
        assert len(server.asked) == question, "nothing is asked after that"
        assert asyncio.all_tasks() == {asyncio.current_task()}, "and nothing goes on"
        assert {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()} == before

        whole = await sync_run.read(catalog.registries["ml"], Server().connect)
        assert whole.delivery is not None
        assert whole.requests == QUESTIONS
        apply(catalog, plan(catalog, "ml", whole.delivery))
        assert len(catalog.versions) == 5
        again = plan(catalog, "ml", whole.delivery)
        assert again.empty


async def test_chunks_together_say_what_one_says(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(d: Delivery) -> list[Any]:
        return [sorted(map(repr, d.versions)), sorted(map(repr, d.measurements)), d.state, d.notes]

    server = Server()
    parts, _ = await collect(SERVER, registry(), server)
    monkeypatch.setattr(mlflow, "RUNS_CHUNK", 1000)
    one, _ = await collect(SERVER, registry(), Server())
    assert told(parts) == told(one)
    assert len(server.asked) == QUESTIONS


async def test_the_next_is_asked_while_the_last_is_looked_at_and_given_up_with_it() -> None:
    asked: list[int] = []
    closed: list[bool] = []

    async def answers() -> AsyncGenerator[int, None]:
        try:
            for number in range(1, 10):
                asked.append(number)
                await asyncio.sleep(0)
                yield number
        finally:
            closed.append(True)

    coming = ahead(answers())
    assert await anext(coming) == 1
    await asyncio.sleep(0.01)
    assert asked == [1, 2], "the next one, and no more"
    assert await anext(coming) == 2
    await coming.aclose()
    assert closed == [True]
    assert len(asked) <= 3
    assert [n async for n in ahead(answers())] == list(range(1, 10))
