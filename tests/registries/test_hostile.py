"""Every registry that is asked over HTTP, against servers that misbehave: a sentence, within bounds, nothing taken."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from remotes import TODAY

sys.path.insert(0, str(Path(__file__).parents[1] / "store"))
from hostile import Answer, endless, reply, serving

from store.records import Registry
from store.registries.adapter import Adapter
from store.registries.http import Client, Limits
from store.sync_run import Run, read

MB = 1024 * 1024
LIMITS = Limits(answer_seconds=0.3, requests=60, bytes=8 * MB)
SECRET = "tok-hunter2"

KINDS: dict[str, dict[str, Any]] = {
    "mlflow": {"secrets": {"token": "env:T"}},
    "azure": {"secrets": {"access_token": "env:T"}, "settings": {"subscription": "s"}},
    "modeldb": {"secrets": {"dev_key": "env:T"}, "settings": {"email": "ann@example.org"}},
    "file": {"secrets": {"token": "env:T"}},
    "litellm": {},
    "modelsdev": {},
}
WRONG = {
    "registered_models": {"name": 1}, "value": 7, "versions": "x", "model_versions": [[1]], "models": 3,
    "workspaces": 4, "registeredModels": 5, "projects": [0], "data": False, "experiments": "y",
}  # fmt: skip
ESCAPES = "\x1b]0;owned\x07\x1b[2J\u202egnp"

ANSWERS: dict[str, Answer] = {
    "a web page": reply("<!DOCTYPE html><html>sign in</html>", kind="text/html"),
    "a list": reply("[]"),
    "another API": reply({"status": "ok"}),
    "no JSON": reply("hello"),
    "wrong types": reply(WRONG),
    "deep nesting": reply("[" * 100_000),
    "truncated": reply(json.dumps(WRONG), length=9000),
    "a huge body": endless(b" " * 65536),
    "a slow drip": endless(b" ", 0.05),
    "another host": reply("", status=302, headers={"location": "http://evil.example/"}),
    "401": reply({"error_code": "X", "message": f"bad token {SECRET} {ESCAPES}"}, status=401),
    "403": reply({"error": {"code": "Y", "message": f"{SECRET}"}}, status=403),
    "404": reply({}, status=404),
    "429": reply({}, status=429, headers={"retry-after": "86400"}),
    "503": reply("<html>down</html>", status=503, kind="text/html"),
    "escape sequences": reply({"error_code": ESCAPES, "message": ESCAPES * 50}, status=400),
}


WHOLE = ("mlflow", "azure", "file")
"""The kinds that are tried with every answer: the three ways in which an answer is read. The others share them."""
SHORT = ("a web page", "a list", "another API", "wrong types", "deep nesting", "401", "escape sequences")


async def _no_wait(_seconds: float) -> None:
    return


async def asked(kind: str, address: str) -> tuple[Run, Client]:
    """One run against an address, without its waits."""
    clients: list[Client] = []

    @asynccontextmanager
    async def connect(registry: Registry, found: Adapter) -> AsyncIterator[Client]:
        environ = {"T": SECRET, "HOME": "/nonexistent"}
        where = found.connection(registry, environ)
        async with Client(where, environ=environ, today=TODAY, limits=LIMITS, sleep=_no_wait) as client:
            clients.append(client)
            yield client

    run = await read(Registry("", "far", kind=kind, address=address, **KINDS[kind]), connect)
    return run, clients[0]


@pytest.mark.parametrize("kind", KINDS)
async def test_no_answer_of_a_hostile_server_gets_in_or_out_of_bounds(kind: str) -> None:
    for what in ANSWERS if kind in WHOLE else SHORT:
        with serving(ANSWERS[what]) as server:
            begun = time.monotonic()
            run, client = await asked(kind, server.base)
            took = time.monotonic() - begun
        said = f"{kind}, {what}: {run.error}"
        assert run.delivery is None, said
        assert run.kind, said
        assert run.error.isprintable(), said
        assert len(run.error) < 600, said
        assert SECRET not in run.error, said
        assert 1 <= len(server.asked) <= LIMITS.requests, said
        assert client.usage.bytes <= LIMITS.bytes + MB, said
        assert took < 60, f"{said} after {took} s"


def pages(key: str, token: str, *, empty: bool = True) -> Answer:
    """Pages without end: each names another one after it."""
    count = 0

    async def answer(server: Any, path: str, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        following = f"{server.base}/p?{count}" if token in ("nextLink", "NextPageLink") else f"t{count}"
        rows: Any = [] if empty else [{"name": f"m{count}"}]
        await reply({key: rows, token: following})(server, path, writer)

    return answer


@pytest.mark.parametrize(
    ("kind", "key", "token"), [("mlflow", "registered_models", "next_page_token"), ("azure", "value", "nextLink")]
)
async def test_pages_without_end_are_left_at_the_bound_of_a_run(kind: str, key: str, token: str) -> None:
    with serving(pages(key, token)) as server:
        run, client = await asked(kind, server.base)
    assert run.delivery is None
    assert (run.kind, f"{LIMITS.requests} requests" in run.error) == ("broken", True), run.error
    assert client.usage.requests == len(server.asked) == LIMITS.requests
