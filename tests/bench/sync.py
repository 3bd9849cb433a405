"""A sync of a real MLflow server against the server's own time for the same requests.

The server is started here, from an environment that pip makes once, and filled with 5,000 versions with metrics;
`--base` names another one. The requests of the sync are noted and then sent again by a bare client that only reads
the bytes; both are medians of `--rounds`, interleaved, so that a busy machine slows both alike.
"""

import argparse
import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import httpx

from store import sync
from store.catalog import Catalog, wall_clock
from store.records import Registry
from store.registries.http import Client
from store.sync_run import Run, read
from tests.bench.result import Bar, Result, Row

HELP = "a first and a second sync of an MLflow server"

Asked = list[tuple[str, str, bytes]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--base", help="address of an MLflow server that is running already")
    parser.add_argument("--rounds", type=int, default=3)


class Noting(httpx.AsyncHTTPTransport):
    """The usual transport, which notes what was asked."""

    def __init__(self, asked: Asked) -> None:
        super().__init__(verify=False)  # nothing is encrypted here: no trust store is read for it
        self._asked = asked

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._asked.append((request.method, str(request.url), request.content))
        return await super().handle_async_request(request)


def run(args: argparse.Namespace) -> Result:
    with nullcontext(args.base) if args.base else _started() as base:
        return _measured(base, args.rounds)


@contextmanager
def _started() -> Iterator[str]:
    sys.path.insert(0, str(Path(__file__).parents[1] / "registries"))
    import environments
    import real_mlflow

    try:
        home = environments.home(environments.MLFLOW)
    except environments.Unavailable as error:
        raise SystemExit(f"{error}; name a running server with --base") from error
    with tempfile.TemporaryDirectory() as directory:
        db = Path(shutil.copy(real_mlflow.schema(home), Path(directory) / "mlflow.db"))
        real_mlflow.fill(db)
        with real_mlflow.running(home, db) as server:
            yield server.base


def _measured(base: str, rounds: int) -> Result:
    result = Result("sync", ["modeltui", "server alone"])
    times: dict[str, list[float]] = {"first": [], "second": [], "first alone": [], "second alone": [], "requests": []}
    versions = 0
    for _ in range(rounds):
        with (
            tempfile.TemporaryDirectory() as directory,
            Catalog.open(Path(directory) / "c.json", actor="bench", clock=wall_clock) as catalog,
        ):
            catalog.add_registry(Registry("", "ml", kind="mlflow", address=base))
            for name in ("first", "second"):
                asked: Asked = []
                begun = time.perf_counter()
                done = asyncio.run(_read(catalog, asked))
                if done.delivery is None:
                    raise SystemExit(done.error)
                sync.apply_anew(catalog, sync.plan(catalog, "ml", done.delivery), done.delivery)
                times[name].append(time.perf_counter() - begun)
                times[f"{name} alone"].append(_alone(asked))
                if name == "first":
                    times["requests"].append(len(asked))
            versions = len(catalog.versions)
    middle = {name: statistics.median(values) for name, values in times.items()}
    result.rows.append(Row("first sync", versions, "s", _pair(middle["first"], middle["first alone"])))
    result.rows.append(Row("unchanged sync", versions, "s", _pair(middle["second"], middle["second alone"])))
    result.rows.append(Row("requests", versions, "", _pair(middle["requests"], None)))
    result.bars += [
        Bar("first sync / server's own time", middle["first"] / middle["first alone"], 1.3),
        Bar("requests", middle["requests"], 20),
        Bar("unchanged sync / first sync", middle["second"] / middle["first"], 0.3),
        Bar("unchanged sync / server's own time for the first", middle["second"] / middle["first alone"], 0.3),
    ]
    return result


def _pair(ours: float, alone: float | None) -> dict[str, float | None]:
    return {"modeltui": ours, "server alone": alone}


async def _read(catalog: Catalog, asked: Asked) -> Run:
    @asynccontextmanager
    async def connect(registry, kind) -> AsyncIterator[Client]:
        async with Client(kind.connection(registry, {}), environ={}, transport=Noting(asked)) as client:
            yield client

    return await read(replace(catalog.registry("ml")), connect)


def _alone(asked: Asked) -> float:
    """The time of the same requests when nobody looks at the answers."""
    with httpx.Client(timeout=120) as bare:
        begun = time.perf_counter()
        for method, url, body in asked:
            with bare.stream(method, url, content=body, headers={"Content-Type": "application/json"}) as answer:
                for _ in answer.iter_raw():
                    pass
        return time.perf_counter() - begun
