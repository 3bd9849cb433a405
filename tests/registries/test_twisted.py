"""Answers of every system in which something else stands in a place or two: a delivery, or one sentence."""

from __future__ import annotations

import random
from pathlib import Path

import httpx
import pytest
from remotes import TODAY
from test_incoming import twisted
from test_interrupted import SYSTEMS, Line, System

from store.catalog import Catalog, fixed_clock
from store.registries.errors import MAX_SENTENCE
from store.sync import apply_anew, plan
from store.sync_run import read


class Twisting(Line):
    """The way to a system whose answer to one question is not what it should be."""

    def __init__(self, system: System, rng: random.Random, question: int) -> None:
        super().__init__(system)
        self._rng, self._question = rng, question

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        if len(self.asked) != self._question:
            return answer
        content = await answer.aread()
        if content[:1] not in (b"{", b"["):
            return answer
        return httpx.Response(
            answer.status_code, headers={"content-type": "application/json"}, content=twisted(self._rng, content)
        )


async def try_answers(system: System, catalog: Catalog, count: int, rng: random.Random) -> tuple[int, int]:
    """How many runs gave a delivery, applied and undone each time, and how many a sentence."""
    where, before = catalog.registries[system.registry.name], list(catalog.raw_versions())
    taken = refused = 0
    for _ in range(count):
        line = Twisting(system, rng, rng.randint(1, sum(system.questions.values())))
        run = await read(where, line.connect)
        if run.delivery is None:
            refused += 1
            assert run.error.isprintable()
            assert 0 < len(run.error) <= MAX_SENTENCE
            continue
        taken += 1
        if apply_anew(catalog, plan(catalog, where.name, run.delivery), run.delivery) is not None:
            assert plan(catalog, where.name, run.delivery).empty
            catalog.undo()
        assert list(catalog.raw_versions()) == before
    return taken, refused


@pytest.mark.parametrize("count", [10, pytest.param(400, marks=pytest.mark.soak)])
@pytest.mark.parametrize("name", SYSTEMS)
async def test_an_answer_with_something_odd_in_it_is_used_or_refused_in_a_sentence(
    name: str, count: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    system = SYSTEMS[name](request)
    with Catalog.open(tmp_path / "c.json", actor="ann", clock=fixed_clock(TODAY)) as catalog:
        catalog.add_registry(system.registry)
        taken, refused = await try_answers(system, catalog, count, random.Random(7))
    assert taken + refused == count
    assert count < 100 or (taken and (refused or system.registry.kind in ("litellm", "modelsdev")))
