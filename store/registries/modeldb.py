"""ModelDB and Verta: the registry where there is one, else the experiment runs of the open-source server; read only.

The open-source ModelDB has no registry service: a question for it is answered by a web page or `Not Found`. Which of
the two answers is found out by asking, unless the setting `mode` says it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import ClassVar, TypeVar
from urllib.parse import quote, urlsplit

from store.delivery import Delivery
from store.formats import modeldb as wire
from store.formats.wire import WireFault, shaped
from store.records import Json, Registry
from store.registries.adapter import Connection, Progress
from store.registries.errors import RemoteError
from store.registries.http import Client, Pages
from store.values import dataclass

PAGE = 100
"""Rows asked for at once, as the official client does."""
MODES = ("auto", "registry", "runs")

T = TypeVar("T")


class ModeldbAdapter:
    """See the module."""

    kind: ClassVar[str] = "modeldb"
    title: ClassVar[str] = "ModelDB (experiment runs) or Verta's registry"
    address: ClassVar[str] = (
        "https://HOST of Verta or ModelDB's web page, http://HOST:8080/v1 of its proxy; else VERTA_HOST"
    )
    default_address: ClassVar[str] = ""
    own_provider: ClassVar[bool] = True
    settings: ClassVar[Mapping[str, str]] = {
        "mode": "registry, runs, or auto, which asks for a registry first",
        "workspace": "the workspace; else VERTA_WORKSPACE",
        "email": "who the developer key belongs to; else VERTA_EMAIL",
        "organization": "the id of the organization, where you are in several",
        "ca": "a file of certificate authorities to trust besides the system's",
    }
    secrets: ClassVar[Mapping[str, str]] = {
        "dev_key": "the developer key; else VERTA_DEV_KEY",
        "jwt": "a token instead; else VERTA_JWT_TOKEN",
        "jwt_signature": "its signature; else VERTA_JWT_TOKEN_SIG",
    }

    def connection(self, registry: Registry, environ: Mapping[str, str]) -> Connection:
        """The host."""
        if str(registry.settings.get("mode", "auto")) not in MODES:
            raise RemoteError("settings", f"mode is '{registry.settings['mode']}'; write one of {', '.join(MODES)}")
        return Connection(_address(registry, environ), ca=str(registry.settings.get("ca", "")))

    async def fetch(self, registry: Registry, client: Client, progress: Progress) -> AsyncIterator[Delivery]:
        """Registered versions with their runs, or the runs of all projects."""
        api = _Api.open(registry, client, progress)
        try:
            if await api.has_registry():
                models, versions = await api.models(), await api.versions()
                runs = await api.runs_named([v.experiment_run_id for v in versions if v.experiment_run_id])
                yield await asyncio.to_thread(wire.of_registry, registry.name, models, versions, runs)
            else:
                projects = await api.projects()
                found = [run for project in projects for run in await api.runs_of(project.id)]
                yield await asyncio.to_thread(wire.of_runs, registry.name, projects, found)
        except WireFault as error:
            raise RemoteError("not_an_api", str(error)) from error

    async def probe(self, registry: Registry, client: Client) -> str:
        """Which of the two answers, and how much can be read."""
        api = _Api.open(registry, client, _silent)
        try:
            if await api.has_registry():
                return f"a registry answers; {len(await api.models())} registered models can be read"
            return f"ModelDB answers, without a registry; {len(await api.projects())} projects can be read"
        except WireFault as error:
            raise RemoteError("not_an_api", str(error)) from error


def _silent(what: str, done: int, total: int | None) -> None:
    """Nobody is told."""


@dataclass(frozen=True, slots=True)
class _Api:
    """The questions. `proxy` is the bare REST proxy, whose paths have no `api` and no `modeldb` in them."""

    client: Client
    progress: Progress
    workspace: str
    mode: str
    proxy: bool

    @classmethod
    def open(cls, registry: Registry, client: Client, progress: Progress) -> _Api:
        client.authorize(_headers(registry, client))
        workspace = str(registry.settings.get("workspace", "")) or client.variable("VERTA_WORKSPACE")
        proxy = urlsplit(client.connection.base).path.rstrip("/").endswith("/v1")
        return cls(client, progress, workspace, str(registry.settings.get("mode", "auto")), proxy)

    async def has_registry(self) -> bool:
        """True where registered models can be asked for."""
        if self.mode != "auto":
            return self.mode == "registry"
        try:
            await self.client.post_json(self._registry("registered_models/find"), _paged(1, 1), or_empty=True)
        except RemoteError as error:
            # a registry that misses a workspace says so in JSON; a server without one has a page, or plain text
            if error.status in (404, 405, 501) and not error.said:
                return False
            raise
        return True

    async def models(self) -> list[wire.Model]:
        """All registered models."""

        async def page(number: int) -> tuple[Sequence[wire.Model], int]:
            path = self._registry("registered_models/find")
            found = await self._post(wire.ModelsPage, path, _paged(number, PAGE))
            return found.registered_models, found.total_records

        return await self._all(page, "models")

    async def versions(self) -> list[wire.ModelVersion]:
        """All registered versions."""

        async def page(number: int) -> tuple[Sequence[wire.ModelVersion], int]:
            found = await self._post(wire.VersionsPage, self._registry("model_versions/find"), _paged(number, PAGE))
            return found.model_versions, found.total_records

        return list({v.id: v for v in await self._all(page, "versions")}.values())

    async def projects(self) -> list[wire.Project]:
        """All projects of the workspace."""

        async def page(number: int) -> tuple[Sequence[wire.Project], int]:
            params: dict[str, str | int | list[str]] = {"page_number": number, "page_limit": PAGE}
            if self.workspace:
                params["workspace_name"] = self.workspace
            answer = await self.client.get_json(self._modeldb("project/getProjects"), params=params, or_empty=True)
            found = shaped(wire.ProjectsPage, answer, "getProjects of ModelDB")
            return found.projects, found.total_records

        return await self._all(page, "projects")

    async def runs_of(self, project: str) -> list[wire.ExperimentRun]:
        """All runs of a project."""
        return await self._runs({"project_id": project})

    async def runs_named(self, ids: Sequence[str]) -> dict[str, wire.ExperimentRun]:
        """Runs by their id; one that may not be read is left out."""
        found: dict[str, wire.ExperimentRun] = {}
        names = list(dict.fromkeys(ids))
        for at in range(0, len(names), PAGE):
            found |= {r.id: r for r in await self._runs({"experiment_run_ids": names[at : at + PAGE]})}
        return found

    async def _runs(self, wanted: Mapping[str, Json]) -> list[wire.ExperimentRun]:
        async def page(number: int) -> tuple[Sequence[wire.ExperimentRun], int]:
            body = {**wanted, "page_number": number, "page_limit": PAGE}
            found = await self._post(wire.RunsPage, self._modeldb("experiment-run/findExperimentRuns"), body)
            return found.experiment_runs, found.total_records

        return await self._all(page, "runs")

    async def _all(self, page: Callable[[int], Awaitable[tuple[Sequence[T], int]]], what: str) -> list[T]:
        """Every page: their number is known from the total that each page tells."""
        found: list[T] = []
        pages = Pages()
        number = 1
        while True:
            rows, total = await page(int(pages.turn(str(number))))
            found += rows
            self.progress(what, min(len(found), max(total, len(found))), max(total, len(found)))
            if not rows or number * PAGE >= total:
                return found
            number += 1

    async def _post(self, kind: type[T], path: str, body: Json) -> T:
        answer = await self.client.post_json(path, body, or_empty=True)
        return shaped(kind, answer, f"{path.rpartition('/')[2]} of ModelDB")

    def _modeldb(self, path: str) -> str:
        return path if self.proxy else f"api/v1/modeldb/{path}"

    def _registry(self, path: str) -> str:
        where = f"workspaces/{quote(self.workspace, safe='')}/{path}" if self.workspace else path
        return f"registry/{where}" if self.proxy else f"api/v1/registry/{where}"


def _paged(number: int, limit: int) -> dict[str, Json]:
    return {"pagination": {"page_number": number, "page_limit": limit}, "sort_key": "time_created", "ascending": True}


# ── where, and who asks ──


def _address(registry: Registry, environ: Mapping[str, str]) -> str:
    named = registry.address.strip() or environ.get("VERTA_HOST", "").strip()
    if not named:
        raise RemoteError("settings", f"{registry.name} has no address; give it, or set VERTA_HOST")
    return named if "://" in named else f"https://{named}"


def _headers(registry: Registry, client: Client) -> dict[str, str]:
    """What the official client sends; each name with an underscore also with a hyphen, because nginx drops the first.

    Credentials of the environment go only to the host that the environment names, where it names one.
    """
    host = client.variable("VERTA_HOST")
    named = host if "://" in host else f"https://{host}"
    mine = not host or urlsplit(named).netloc.casefold() == urlsplit(client.connection.base).netloc.casefold()

    def secret(name: str, variable: str) -> str:
        if name in registry.secrets:
            return client.secret(registry.secrets[name])
        return client.variable(variable, secret=True) if mine else ""

    found: dict[str, str] = {}
    if token := secret("jwt", "VERTA_JWT_TOKEN"):
        found = {"source": "JWT", "bearer_access_token": token}
        found["bearer_access_token_sig"] = secret("jwt_signature", "VERTA_JWT_TOKEN_SIG")
    elif key := secret("dev_key", "VERTA_DEV_KEY"):
        email = str(registry.settings.get("email", "")) or (client.variable("VERTA_EMAIL") if mine else "")
        if not email:
            raise RemoteError("settings", f"{registry.name} has a developer key, but nobody it belongs to; set email")
        found = {"source": "PythonClient", "email": email, "developer_key": key}
    if found and registry.settings.get("organization"):
        found["organization_id"] = str(registry.settings["organization"])
    both = {name.replace("_", "-"): value for name, value in found.items()} | found
    return {f"Grpc-Metadata-{name}": value for name, value in both.items() if value}


ADAPTER = ModeldbAdapter()
