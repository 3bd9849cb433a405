"""A model registry in git: GTO's tags with DVC's files; a clone, a bare repository, or an URL; read with plain git.

One question for all tags, one for the descriptions at their commits, one for the metrics files: three processes,
however many versions there are. A repository on a server is copied once, bare and without its large files, and fetched
again only when a ref has moved there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from store.delivery import Delivery
from store.formats.dvc import Files, Row, Source, all_versions, deliver, row, wanted_files
from store.formats.gto import Artifact, Tag, VersionState, is_stage
from store.records import Registry
from store.registries import git
from store.registries.adapter import Connection, Progress
from store.registries.errors import RemoteError

if TYPE_CHECKING:
    from store.registries.http import Client

STAGE_SETTINGS: Mapping[str, str] = {"production": "Production", "staging": "Staging", "archived": "Archived"}
"""Settings that name the repository's word for one of our stages."""


class DvcAdapter:
    """See the module."""

    kind: ClassVar[str] = "dvc"
    title: ClassVar[str] = "a git repository with GTO tags and DVC files"
    address: ClassVar[str] = "a clone, a bare repository, or https://…, ssh://…, host:path"
    default_address: ClassVar[str] = ""
    own_provider: ClassVar[bool] = True
    settings: ClassVar[Mapping[str, str]] = {
        "production": "the repository's stage that is our Production, such as prod",
        "staging": "the stage that is our Staging",
        "archived": "the stage that is our Archived; none by default, the stage is then taken back",
        "cache": "a directory for the copy of a repository on a server",
        "author": "who writes the tags that publish makes, as 'Name <mail>'; else git's own setting",
    }
    secrets: ClassVar[Mapping[str, str]] = {}

    def connection(self, registry: Registry, environ: Mapping[str, str]) -> Connection:  # noqa: ARG002 -- protocol
        """Nowhere that is asked over HTTP; the address is checked."""
        git.is_remote(registry.address)
        stage_names(registry)
        return Connection("")

    async def fetch(self, registry: Registry, client: Client, progress: Progress) -> AsyncIterator[Delivery]:
        """All versions of all artifacts."""
        repository = await opened(registry, client)
        tags = await repository.tags()
        progress("tags", len(tags), len(tags))
        source = await source_of(registry, repository)
        files, rows = await _rows(repository, tags)
        progress("versions", len(rows), len(rows))
        found = await asyncio.to_thread(deliver, source, rows)
        notes = [*found.notes, *dict.fromkeys(files.faults)]
        if not rows:
            notes.append(f"{repository.shown} has no annotated tags of GTO, such as churn@v1.0.0")
        yield replace(found, notes=tuple(notes))

    async def probe(self, registry: Registry, client: Client) -> str:
        """How many artifacts and versions there are."""
        repository = await opened(registry, client)
        found = all_versions(await repository.tags())
        names = {artifact.name for artifact, _ in found}
        return f"{repository.shown} can be read; {len(names)} artifacts, {len(found)} versions"


def stage_names(registry: Registry) -> dict[str, str]:
    """The repository's stages that are set to mean one of ours: prod means Production.

    Raises:
        RemoteError: kind `settings`, a name that no stage can have.
    """
    found = {}
    for setting, ours in STAGE_SETTINGS.items():
        theirs = str(registry.settings.get(setting, "")).strip()
        if theirs and not is_stage(theirs):
            raise RemoteError("settings", f"{setting} is '{theirs[:40]}'; a stage has letters, digits, - _ and / only")
        if theirs:
            found[theirs] = ours
    return found


async def opened(registry: Registry, client: Client) -> git.Repository:
    """The repository itself, or our copy of it.

    Raises:
        RemoteError: it cannot be read.
    """
    if not git.is_remote(registry.address):
        return await git.local(registry.address)
    if client.offline and not registry.address.casefold().startswith("file://"):
        shown = git.hide(registry.address)
        raise RemoteError("offline", f"{shown} was not asked: modeltui is offline (--offline, or the setting)")
    found, asked = await git.mirrored(registry.address.strip(), cache_of(registry))
    client.usage.requests += asked
    return found


def cache_of(registry: Registry) -> Path:
    """Where copies of repositories are kept."""
    import platformdirs

    named = str(registry.settings.get("cache", ""))
    if named:
        return Path(named).expanduser()
    return platformdirs.user_cache_path("modeltui", appauthor=False) / "repositories"


async def source_of(registry: Registry, repository: git.Repository) -> Source:
    """Whose versions these are; a clone is named by where it came from, so that two people's clones agree."""
    shown = repository.shown
    if not repository.mirror:
        try:
            origin = (await repository.run("config", "--get", "remote.origin.url")).decode("utf-8", "replace").strip()
        except RemoteError:
            origin = ""  # it was never cloned from anywhere
        shown = git.hide(origin) or shown
    return Source(registry.name, shown, stage_names(registry))


async def _rows(repository: git.Repository, tags: list[Tag]) -> tuple[Files, list[Row]]:
    every = await asyncio.to_thread(all_versions, tags)
    names = [name for artifact, version in every for name in (*wanted_files(version, artifact.name), version.commit)]
    contents = await repository.objects(names)
    files = Files(contents)
    rows = await asyncio.to_thread(_described, every, files, contents)
    paths = {f"{one.version.commit}:{p}" for one in rows if one.declared for p in one.declared.metrics}
    measured = Files(await repository.objects(sorted(paths)))
    rows = await asyncio.to_thread(_measured, rows, measured)
    files.faults += measured.faults
    return files, rows


def _described(every: list[tuple[Artifact, VersionState]], files: Files, contents: Mapping[str, bytes]) -> list[Row]:
    found = []
    for artifact, version in every:
        raw = contents.get(version.commit)
        commit = git.read_commit(version.commit, raw) if raw is not None else git.Commit(version.commit)
        found.append(row(artifact, version, files, commit.subject, commit.at))
    return found


def _measured(rows: list[Row], files: Files) -> list[Row]:
    found = []
    for one in rows:
        numbers: dict[str, float] = {}
        for path in one.declared.metrics if one.declared else ():
            for name, value in files.metrics(f"{one.version.commit}:{path}").items():
                numbers.setdefault(name, value)
        found.append(replace(one, metrics=numbers))
    return found


ADAPTER = DvcAdapter()
