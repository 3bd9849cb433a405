"""Captured answers of real registries, replayed; and reading an adapter to its last page."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
from servers.modeldb_double import ModeldbDouble

from store.delivery import Delivery, joined
from store.records import Registry
from store.registries.adapter import Adapter
from store.registries.http import Client

FIXTURES = Path(__file__).parents[1] / "fixtures"
TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)

Answers = Callable[[httpx.Request], httpx.Response]
Serve = Callable[..., ModeldbDouble]


@dataclass(frozen=True)
class Mlflow:
    """A running server: its address and the file of its store."""

    base: str
    db: Path


def capture(system: str, name: str) -> Any:
    """A captured answer, as it stands in its file."""
    return json.loads((FIXTURES / system / f"{name}.json").read_text())


def body_of(system: str, name: str) -> Any:
    """The body of a captured exchange."""
    return capture(system, name)["response"]["body"]


def replayed(said: Mapping[str, Any]) -> httpx.Response:
    """A captured answer as a response: status, content type and body."""
    body = said["body"]
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return httpx.Response(said["status"], headers=said["headers"], content=raw)


async def _at_once(seconds: float) -> None:
    """Waiting before another try takes no time in tests."""


def client_of(
    adapter: Adapter, registry: Registry, environ: Mapping[str, str], answers: Answers | None = None, **more: Any
) -> Client:
    """A client as a sync makes it; with `answers` in place of a network."""
    transport = httpx.MockTransport(answers) if answers is not None else None
    where = adapter.connection(registry, environ)
    return Client(where, environ=environ, today=TODAY, transport=transport, sleep=_at_once, **more)


def _told(what: str, done: int, total: int | None) -> None:
    assert total is None or 0 <= done <= total


async def collect(
    adapter: Adapter,
    registry: Registry,
    answers: Answers | None = None,
    environ: Mapping[str, str] | None = None,
    **more: Any,
) -> tuple[Delivery, Client]:
    """All pages of a registry as one delivery, and the client that got them."""
    async with client_of(adapter, registry, environ or {"HOME": "/nonexistent"}, answers, **more) as client:
        return joined([page async for page in adapter.fetch(registry, client, _told)]), client


async def probe(
    adapter: Adapter, registry: Registry, answers: Answers | None = None, environ: Mapping[str, str] | None = None
) -> str:
    """What a registry says about itself."""
    async with client_of(adapter, registry, environ or {"HOME": "/nonexistent"}, answers) as client:
        return await adapter.probe(registry, client)
