"""The questions that a sync asks MLflow, with their pages, in each of its dialects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol, TypeVar

from msgspec import Struct

from store.formats import mlflow_wire as wire
from store.formats.mlflow import Head, Row, distinct, heads, is_prompt
from store.formats.wire import WireFault
from store.records import Json, Registry
from store.registries.adapter import Progress
from store.registries.errors import RemoteError
from store.registries.http import Client, Pages
from store.registries.mlflow_access import Access, Dialect, authorize, be_patient
from store.values import dataclass

MODELS_PAGE: Mapping[Dialect, int] = {"mlflow": 1000, "databricks": 1000, "unity-catalog": 100}
VERSIONS_PAGE = 10_000
EXPERIMENTS_PAGE = 1000
LOGGED_CHUNK: Mapping[Dialect, int] = {"mlflow": 1000, "databricks": 50}
"""Logged models asked for at once; Databricks gives no more. Unity Catalog says all of it with the version."""
AT_ONCE = 8
"""Unity Catalog gives tags and aliases version by version: this many are asked for side by side."""

ROOT = "api/2.0/mlflow"


class _Page(Protocol):
    @property
    def next_page_token(self) -> str | None: ...


P = TypeVar("P", bound=_Page)
T = TypeVar("T")
S = TypeVar("S", bound=Struct)


@dataclass(frozen=True, slots=True)
class Api:
    """The questions in one dialect: `client` asks the registry, `tracking` the server that has the runs."""

    client: Client
    tracking: Client
    where: Access
    headers: Mapping[str, str]
    progress: Progress

    @classmethod
    def open(cls, registry: Registry, client: Client, where: Access, progress: Progress) -> Api:
        """Set the credentials, and those of the second server where there is one."""
        be_patient(client)
        authorize(registry, client, where.address, where.dialect)
        tracking = client
        if where.tracking != where.address:
            tracking = client.at(where.tracking)
            authorize(registry, tracking, where.tracking, "mlflow")
        workspace = str(registry.settings.get("workspace", "")) or client.variable("MLFLOW_WORKSPACE")
        return cls(client, tracking, where, {"X-MLFLOW-WORKSPACE": workspace} if workspace else {}, progress)

    async def some_models(self, most: int) -> wire.ModelsPage:
        """The first page of registered models."""
        return await self._get(wire.ModelsPage, "registered-models/search", {"max_results": most})

    async def rows(self) -> list[Row]:
        """Every version with what its model says about it; prompts are left out."""
        if self.where.dialect == "unity-catalog":
            return await self._unity_rows()
        known = heads(await self._models())
        found: list[wire.ModelVersion] = []

        async def ask(token: str) -> wire.VersionsPage:
            params = _paged(VERSIONS_PAGE, token)
            return await self._get(wire.VersionsPage, "model-versions/search", params)

        async for page in _walk(ask):
            found += page.model_versions or ()
            self.progress("versions", len(found), None)
        # a model that its own search does not list is a prompt, or one that may not be read
        return [Row(v, known[v.name]) for v in distinct(found) if v.name in known]

    async def with_runs(self, rows: Sequence[Row], experiments: Sequence[str]) -> list[Row]:
        """The rows with their runs and logged models, each asked for once for all of them."""
        runs = await self._runs([r.version.run_id for r in rows if r.version.run_id], experiments)
        logged = await self._logged([r.version.logged_model for r in rows if r.version.logged_model], experiments)
        return [
            replace(r, run=runs.get(r.version.run_id or ""), logged=logged.get(r.version.logged_model)) for r in rows
        ]

    async def experiments(self) -> list[str]:
        """Every experiment's id, because no run is found without them."""
        found: list[str] = []

        async def ask(token: str) -> wire.ExperimentsPage:
            params = _paged(EXPERIMENTS_PAGE, token) | {"view_type": "ALL"}
            return await self._get(wire.ExperimentsPage, "experiments/search", params, runs=True)

        async for page in _walk(ask):
            found += (e.experiment_id for e in page.experiments or ())
        return found

    # ── pages ──

    async def _models(self) -> list[wire.Model]:
        found: list[wire.Model] = []

        async def ask(token: str) -> wire.ModelsPage:
            params = _paged(MODELS_PAGE[self.where.dialect], token)
            return await self._get(wire.ModelsPage, "registered-models/search", params)

        async for page in _walk(ask):
            found += page.registered_models or ()
            self.progress("models", len(found), None)
        return found

    async def _runs(self, names: Sequence[str], experiments: Sequence[str]) -> dict[str, wire.Run]:
        if not names or not experiments:
            return {}
        found: dict[str, wire.Run] = {}
        body = _search("attributes.run_id", names, experiments) | {"run_view_type": "ALL"}

        async def ask(token: str) -> wire.RunsPage:
            return await self._post(wire.RunsPage, "runs/search", _next(body, token))

        async for page in _walk(ask):
            found |= {run.info.run_id: run for run in page.runs or ()}
        return found

    async def _logged(self, names: Sequence[str], experiments: Sequence[str]) -> dict[str, wire.LoggedModel]:
        most = LOGGED_CHUNK.get(self.where.dialect)
        if most is None or not experiments:
            return {}
        found: dict[str, wire.LoggedModel] = {}
        for at in range(0, len(names), most):
            body = _search("model_id", names[at : at + most], experiments)

            async def ask(token: str, body: dict[str, Json] = body) -> wire.LoggedModelsPage:
                return await self._post(wire.LoggedModelsPage, "logged-models/search", _next(body, token))

            async for page in _walk(ask):
                found |= {model.info.model_id: model for model in page.models or ()}
        return found

    async def _unity_rows(self) -> list[Row]:
        """Unity Catalog searches versions only within a model, and says tags and aliases only of one version."""
        found: list[wire.ModelVersion] = []
        names = [model.name for model in await self._models()]
        for name in names:

            async def ask(token: str, name: str = name) -> wire.VersionsPage:
                params = _paged(MODELS_PAGE["unity-catalog"], token) | {"filter": f"name={_quoted(name)}"}
                return await self._get(wire.VersionsPage, "model-versions/search", params)

            async for page in _walk(ask):
                found += page.model_versions or ()
        listed = distinct(found)
        whole: list[wire.ModelVersion] = []
        for at in range(0, len(listed), AT_ONCE):
            try:
                async with asyncio.TaskGroup() as group:
                    asked = [group.create_task(self._one(v)) for v in listed[at : at + AT_ONCE]]
            except ExceptionGroup as several:
                raise several.exceptions[0] from several  # one of them says enough
            whole += (task.result() for task in asked)
            self.progress("versions", len(whole), len(listed))
        return [Row(v, Head()) for v in whole if not is_prompt(v.tags)]

    async def _one(self, version: wire.ModelVersion) -> wire.ModelVersion:
        params: dict[str, str | int] = {"name": version.name, "version": str(version.version)}
        return (await self._get(wire.VersionAnswer, "model-versions/get", params)).model_version

    # ── one question ──

    async def _get(self, shape: type[S], name: str, params: Mapping[str, str | int], *, runs: bool = False) -> S:
        unity = self.where.dialect == "unity-catalog" and not runs
        client, root = self.tracking if runs else self.client, f"{ROOT}/unity-catalog" if unity else ROOT
        return await self._answer(
            shape, name, client.get_bytes(f"{root}/{name}", params=dict(params), headers=self.headers)
        )

    async def _post(self, shape: type[S], name: str, body: dict[str, Json]) -> S:
        asked = self.tracking.get_bytes(f"{ROOT}/{name}", headers=self.headers, search=body)
        return await self._answer(shape, name, asked)

    async def _answer(self, shape: type[S], name: str, asked: Awaitable[bytes]) -> S:
        try:
            answer = await asked
        except RemoteError as error:
            if error.kind == "certificate" and self.client.variable("MLFLOW_TRACKING_INSECURE_TLS"):
                why = f"{error}; MLFLOW_TRACKING_INSECURE_TLS is not followed here, certificates are always checked"
                raise RemoteError("certificate", why) from error
            raise
        try:
            return await asyncio.to_thread(wire.answer, shape, answer, f"{name} of MLflow")
        except WireFault as error:
            raise RemoteError("not_an_api", str(error)) from error


async def _walk(ask: Callable[[str], Awaitable[P]]) -> AsyncIterator[P]:
    """Page after page; an empty one may be followed by others, and the last may name "" as its next."""
    pages, token = Pages(), ""
    while True:
        page = await ask(token)
        yield page
        token = page.next_page_token or ""
        if not token:
            return
        pages.turn(token)


async def ahead(answers: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """The same answers, each asked for while the one before is still being looked at.

    One question is under way at a time, and it is given up when nobody wants more.
    """
    async with aclosing(answers):
        coming = asyncio.ensure_future(anext(answers, None))
        try:
            while (found := await coming) is not None:
                coming = asyncio.ensure_future(anext(answers, None))
                yield found
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)


def _paged(most: int, token: str) -> dict[str, str | int]:
    return {"max_results": most, **({"page_token": token} if token else {})}


def _next(body: dict[str, Json], token: str) -> dict[str, Json]:
    return body | {"page_token": token} if token else body


def _search(attribute: str, names: Sequence[str], experiments: Sequence[str]) -> dict[str, Json]:
    wanted = ",".join(_quoted(name) for name in names)
    return {
        "experiment_ids": list(experiments),
        "max_results": len(names),
        "filter": f"{attribute} IN ({wanted})",
    }


def _quoted(name: str) -> str:
    """A name inside a filter.

    Raises:
        RemoteError: it has a quote or a backslash, which no MLflow name or id has; it would change the question.
    """
    if "'" in name or "\\" in name:
        raise RemoteError("broken", "the registry names a model or run with a quote in it; nothing was taken over")
    return f"'{name}'"
