"""MLflow: the open-source server, a Databricks workspace registry, and Unity Catalog; read only.

Few questions with large answers: all models, all versions, then the runs of many versions at once. What a run says is
read again only for versions that are new or changed, or when the last whole reading is too long ago, because nothing
in the registry tells that somebody logged a metric; all else is read every time, because it comes for free.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from store.delivery import Delivery
from store.formats.mlflow import Row, Source, assignments, deliver, heads
from store.records import Json, Registry
from store.registries.adapter import Connection, Progress
from store.registries.errors import RemoteError
from store.registries.http import Client
from store.registries.mlflow_access import Access, access, connection
from store.registries.mlflow_api import Api, ahead

RUNS_CHUNK = 1000
"""Runs asked for at once: the fastest; more than 3,000 names in one filter are refused."""
MAX_AGE_HOURS = 24.0

_TITLES = {"mlflow": "MLflow", "databricks": "Databricks' MLflow", "unity-catalog": "Unity Catalog"}


def _now() -> datetime:
    return datetime.now(UTC)


class MlflowAdapter:
    """See the module. `now` is there for tests."""

    kind: ClassVar[str] = "mlflow"
    title: ClassVar[str] = "MLflow model registry (open source, Databricks, Unity Catalog)"
    address: ClassVar[str] = (
        "the server, such as https://mlflow.example.com; else MLFLOW_REGISTRY_URI, MLFLOW_TRACKING_URI, DATABRICKS_HOST"
    )
    default_address: ClassVar[str] = ""
    own_provider: ClassVar[bool] = True
    settings: ClassVar[Mapping[str, str]] = {
        "dialect": "mlflow, databricks or unity-catalog; else seen from the address",
        "tracking": "the address of the server that has the runs, where that is another one",
        "username": "the user name that goes with the secret password",
        "workspace": "the workspace of a server with several; else MLFLOW_WORKSPACE",
        "max_age_hours": f"after how many hours all runs are read again; {MAX_AGE_HOURS:g} by default",
        "production": "the alias that publish gives to what is in Production; production by default",
        "staging": "the alias for Staging; staging by default",
        "ca": "a file with the certificate authority; else MLFLOW_TRACKING_SERVER_CERT_PATH",
        "client_cert": "a client certificate (PEM); else MLFLOW_TRACKING_CLIENT_CERT_PATH",
        "client_key": "its key, where it is in another file",
    }
    secrets: ClassVar[Mapping[str, str]] = {
        "token": "a bearer token; else MLFLOW_TRACKING_TOKEN or DATABRICKS_TOKEN",
        "password": "the password; else MLFLOW_TRACKING_PASSWORD, or ~/.mlflow/credentials",
        "username": "the user name, where that is a secret too; else MLFLOW_TRACKING_USERNAME",
    }

    def __init__(self, now: Callable[[], datetime] = _now) -> None:
        self._now = now

    def connection(self, registry: Registry, environ: Mapping[str, str]) -> Connection:
        """Where it answers; see `store.registries.mlflow_access`."""
        return connection(registry, environ)

    async def fetch(self, registry: Registry, client: Client, progress: Progress) -> AsyncIterator[Delivery]:
        """Models and versions, then the runs that have to be read, one page for each chunk of runs."""
        where = access(registry, client.environ)
        api = Api.open(registry, client, where, progress)
        source = Source(registry.name, where.address if where.dialect == "mlflow" else "")
        rows = await api.rows()
        stale, current, state = self._sorted(registry, where, rows)
        lost = done = 0
        async with aclosing(ahead(_asked(api, stale))) as chunks:
            # beside the event loop, which may be painting a screen, and which hears the next answer meanwhile
            yield await asyncio.to_thread(deliver, source, current)
            async for chunk in chunks:
                lost += sum(1 for row in chunk if row.version.run_id and row.run is None)
                done += len(chunk)
                progress("runs", done, len(stale))
                yield await asyncio.to_thread(deliver, source, chunk)
        said = assignments(source, [row.version for row in rows])
        notes = [f"{lost} runs were not found: to read them takes access to their experiments"] if lost else []
        yield Delivery(assignments=said.assignments, notes=(*said.notes, *notes), state=state)

    async def probe(self, registry: Registry, client: Client) -> str:
        """How many models can be read."""
        where = access(registry, client.environ)
        page = await Api.open(registry, client, where, _silent).some_models(100)
        count = len(heads(page.registered_models or ()))
        many = f"{count} or more" if page.next_page_token else str(count)
        return f"{_TITLES[where.dialect]} answers; {many} registered model{'' if many == '1' else 's'} can be read"

    def _sorted(
        self, registry: Registry, where: Access, rows: Sequence[Row]
    ) -> tuple[list[Row], list[Row], dict[str, Json]]:
        """The rows whose runs have to be read, the others, and what the next sync has to know."""
        hours = registry.settings.get("max_age_hours", MAX_AGE_HOURS)
        try:
            most = timedelta(hours=float(hours))
        except (TypeError, ValueError, OverflowError) as error:
            raise RemoteError("settings", f"max_age_hours is '{hours}'; write a number of hours, such as 24") from error
        known, now = registry.state, self._now()
        since, read_at = known.get("since"), known.get("runs_read_at")
        # a time that is yet to come would hide every change until then
        changed = (r.version.last_updated_timestamp or 0 for r in rows)
        newest = max((at for at in changed if at <= now.timestamp() * 1000), default=0)
        state: dict[str, Json] = {"address": where.address, "since": newest, "runs_read_at": read_at}
        if known.get("address") != where.address or not isinstance(since, int) or _age(read_at, now) > most:
            state["runs_read_at"] = now.isoformat(timespec="seconds")
            return list(rows), [], state
        stale, current = [], []
        for row in rows:
            if (row.version.last_updated_timestamp or since + 1) > since:
                stale.append(row)
            else:
                current.append(Row(row.version, row.head, read=False))
        return stale, current, state


async def _asked(api: Api, rows: Sequence[Row]) -> AsyncGenerator[list[Row], None]:
    """The rows with their runs, a chunk at a time."""
    experiments = await api.experiments() if any(r.version.run_id or r.version.logged_model for r in rows) else []
    for at in range(0, len(rows), RUNS_CHUNK):
        yield await api.with_runs(rows[at : at + RUNS_CHUNK], experiments)


def _age(read_at: Json, now: datetime) -> timedelta:
    try:
        return now - datetime.fromisoformat(str(read_at))
    except (ValueError, TypeError):
        return timedelta.max


def _silent(what: str, done: int, total: int | None) -> None:  # noqa: ARG001 -- a probe tells nobody how far it is
    return


ADAPTER = MlflowAdapter()
