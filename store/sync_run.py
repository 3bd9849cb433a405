"""Running registries: several at once, each failing alone, nothing used unless its last page arrived.

What a run took and how it ended is kept with the registry. So that a sync without news writes nothing, the record is
touched only when something about it changed – another error, or none any more – or when it is an hour old. With it goes
what the next run has to know (`Registry.state`), where nothing was left to apply: else a registry without news would
be read whole again and again once its last whole reading is too old.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

from store.catalog import Catalog
from store.delivery import Delivery, joined
from store.records import Event, Json, Registry
from store.registries.adapter import Adapter, adapter
from store.registries.errors import RemoteError
from store.sharing import SEEN
from store.values import dataclass

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from store.registries.http import Client

RUN_SECONDS = 1800
"""The longest that one registry may take."""

RECORD_AFTER = timedelta(hours=1)

Told = Callable[[str, str, int, int | None], None]
"""Told while registries are read: the registry, what is read, how many so far, of how many (None: unknown)."""

_SHAPES = (KeyError, IndexError, TypeError, AttributeError, ValueError, ArithmeticError)
"""What an adapter stumbles over when an answer is JSON but not as documented."""


@dataclass(frozen=True, slots=True)
class Run:
    """How one registry was read: its delivery, or the sentence why there is none (`kind` as in `RemoteError`)."""

    registry: Registry
    delivery: Delivery | None = field(default=None, repr=False)  # asyncio.run shows what a task gave, at its end
    error: str = ""
    kind: str = ""
    requests: int = 0
    bytes: int = 0
    seconds: float = 0


Connect = Callable[[Registry, Adapter], "AbstractAsyncContextManager[Client]"]


def connector(
    *,
    environ: Mapping[str, str] = os.environ,
    offline: bool = False,
    today: date | None = None,
    cache: Path | None = None,
) -> Connect:
    """How registries are reached: with these variables, perhaps not at all, keeping public answers in `cache`."""

    @asynccontextmanager
    async def connect(registry: Registry, kind: Adapter) -> AsyncIterator[Client]:
        from store.registries.cache import AnswerCache
        from store.registries.http import Client

        kept = None if cache is None else AnswerCache(cache)
        where = kind.connection(registry, environ)
        async with Client(where, environ=environ, offline=offline, today=today, cache=kept) as client:
            await client.unlock(map(str, registry.secrets.values()))
            yield client

    return connect


async def read(registry: Registry, connect: Connect, told: Told | None = None) -> Run:
    """Read one registry to its last page. Never raises for what a remote does; cancel the task to stop.

    A registry that stops in the middle, sends what was not expected or takes too long gives no delivery at all.
    """
    begun = time.monotonic()
    pages: list[Delivery] = []
    client: Client | None = None
    error, kind = "", ""

    def progress(what: str, done: int, total: int | None) -> None:
        if told is not None:
            told(registry.name, what, done, total)

    try:
        found = adapter(registry.kind)
        async with asyncio.timeout(RUN_SECONDS), connect(registry, found) as client:
            # an adapter's fetch is a generator, which must be closed when it is left in the middle
            pages_of = cast("AsyncGenerator[Delivery, None]", found.fetch(registry, client, progress))
            async with aclosing(pages_of) as arriving:
                async for page in arriving:
                    pages.append(page)
    except RemoteError as trouble:
        error, kind = str(trouble), trouble.kind
    except TimeoutError:
        error, kind = f"{registry.name} did not finish within {RUN_SECONDS // 60} minutes", "too_slow"
    except _SHAPES as trouble:
        sentence = f"{registry.name} answered in a shape that is not understood"
        error, kind = f"{sentence} ({type(trouble).__name__}); nothing was taken over", "broken"
    usage = client.usage if client is not None else None
    return Run(
        registry,
        joined(pages) if not error else None,
        error,
        kind,
        usage.requests if usage else 0,
        usage.bytes if usage else 0,
        round(time.monotonic() - begun, 3),
    )


async def read_all(registries: Iterable[Registry], connect: Connect, told: Told | None = None) -> list[Run]:
    """Read several registries at once; each fails alone."""
    return list(await asyncio.gather(*(read(registry, connect, told) for registry in registries)))


async def probe(registry: Registry, connect: Connect) -> str:
    """One line about what answers at a registry's address; asked once only, because somebody waits for it.

    Raises:
        RemoteError: with the one sentence that says what is wrong.
    """
    found = adapter(registry.kind)
    try:
        async with asyncio.timeout(60), connect(registry, found) as client:
            client.limits = replace(client.limits, tries=1)
            return await found.probe(registry, client)
    except TimeoutError as error:
        raise RemoteError("too_slow", f"{registry.name} did not answer within a minute") from error
    except _SHAPES as error:
        said = f"{registry.name} answered in a shape that is not understood ({type(error).__name__})"
        raise RemoteError("broken", said) from error


async def probe_all(registries: Iterable[Registry], connect: Connect) -> list[str | RemoteError]:
    """What `probe` says of several, asked at once; the trouble of each in its place."""

    async def one(registry: Registry) -> str | RemoteError:
        try:
            return await probe(registry, connect)
        except RemoteError as error:
            return error

    return list(await asyncio.gather(*(one(registry) for registry in registries)))


def record_runs(
    catalog: Catalog, runs: Sequence[Run], settled: Mapping[str, Mapping[str, Json]] | None = None
) -> Event | None:
    """Keep with each registry how its run went, where that is worth writing; not a step of the user's undo.

    `settled` is the state (`Plan.state`) by registry of those whose plan was empty, kept at most once an hour, and at
    once where it says that both sides of a folder agree: without that the next edit of one would be a conflict. The
    state of a plan with news is kept only with the plan (`store.sync.apply`): what nobody took over is read again.
    """
    now = catalog.clock().astimezone(UTC)
    stamp = now.isoformat(timespec="seconds").replace("+00:00", "Z")
    with catalog.command("record the runs of registries", actor="modeltui") as draft:
        for run in runs:
            known = catalog.registries.get(run.registry.name)
            if known is None:
                continue
            state = (settled or {}).get(known.name) or known.state
            agreed = state.get(SEEN) == known.state.get(SEEN)
            if known.last_error == run.error and agreed and not _old(known.last_run, now):
                continue
            seen = replace(
                known,
                last_run=known.last_run if run.error else stamp,
                last_error=run.error,
                requests=run.requests,
                seconds=run.seconds,
                state=dict(state),
            )
            draft.put(seen, known)
    return draft.event


def _old(moment: str, now: datetime) -> bool:
    try:
        return now - datetime.fromisoformat(moment) >= RECORD_AFTER
    except (ValueError, TypeError):
        return True


class Reading:
    """Registries being read on a thread of its own, which parses without holding up a screen.

    `run` blocks until all are read; `cancel` may be called from anywhere, and `run` then answers with nothing.
    """

    def __init__(self, registries: Sequence[Registry], connect: Connect, told: Told | None = None) -> None:
        self._registries, self._connect, self._told = registries, connect, told
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[list[Run]] | None = None
        self._lock = threading.Lock()
        self.cancelled = False

    def run(self) -> list[Run]:
        """Read all of them."""
        try:
            return asyncio.run(self._main())
        except asyncio.CancelledError:
            return []

    async def _main(self) -> list[Run]:
        with self._lock:
            if self.cancelled:
                return []
            self._loop = asyncio.get_running_loop()
            self._task = asyncio.ensure_future(read_all(self._registries, self._connect, self._told))
        try:
            return await self._task
        finally:
            with self._lock:
                self._loop = None

    def cancel(self) -> None:
        """Stop; nothing of what was read is used."""
        with self._lock:
            self.cancelled = True
            if self._loop is not None and self._task is not None:
                self._loop.call_soon_threadsafe(self._task.cancel)
