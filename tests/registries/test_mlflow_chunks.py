"""The runs of many versions are asked for in chunks, the next while the last is looked at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from remotes import collect
from test_mlflow_captures import SERVER, registry, server

from store.delivery import Delivery
from store.registries import mlflow
from store.registries.mlflow_api import ahead


async def test_chunks_together_say_what_one_says(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(d: Delivery) -> list[Any]:
        return [sorted(map(repr, d.versions)), sorted(map(repr, d.measurements)), d.state, d.notes]

    one, _ = await collect(SERVER, registry(), server())
    monkeypatch.setattr(mlflow, "RUNS_CHUNK", 2)
    parts, client = await collect(SERVER, registry(), server())
    assert told(parts) == told(one)
    assert client.usage.requests == 9, "models, versions, experiments, and runs and logged models of three chunks"


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
