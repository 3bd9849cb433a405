"""A folder as a registry: use cases, deployments and upgrades as files in a git checkout or on a share."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from store.delivery import Delivery
from store.formats import folder
from store.formats.folder import DIRECTORIES, FolderFault
from store.outgoing import Outgoing, Sending, Write, Writes
from store.records import Doc, Json, Registry
from store.registries.adapter import Connection, Progress
from store.registries.errors import RemoteError

if TYPE_CHECKING:
    from store.registries.http import Client

MAX_BYTES = 4 * 1024 * 1024
MAX_FILES = 20_000


class FolderAdapter:
    """Reads and writes the files that `store.formats.folder` describes."""

    kind: ClassVar[str] = "folder"
    title: ClassVar[str] = "a folder of JSON files, in a git checkout or on a share"
    address: ClassVar[str] = "the path of the folder; publish makes the files"
    default_address: ClassVar[str] = ""
    own_provider: ClassVar[bool] = False
    settings: ClassVar[Mapping[str, str]] = {}
    secrets: ClassVar[Mapping[str, str]] = {}

    def connection(self, registry: Registry, environ: Mapping[str, str]) -> Connection:  # noqa: ARG002 -- protocol
        """Nowhere that is asked; the address is checked."""
        if not registry.address.strip() or "://" in registry.address:
            raise RemoteError("settings", f"{registry.name} wants the path of a folder; give it with its address")
        return Connection("")

    async def fetch(self, registry: Registry, client: Client, progress: Progress) -> AsyncIterator[Delivery]:  # noqa: ARG002 -- protocol
        """All files, at once."""
        found = await asyncio.to_thread(read, directory(registry))
        progress("files", len(found), len(found))
        try:
            yield Delivery(shared=[folder.record(doc, path) for path, doc in found.items()])
        except FolderFault as error:
            raise RemoteError("not_an_api", str(error)) from error

    async def probe(self, registry: Registry, client: Client) -> str:  # noqa: ARG002 -- protocol
        """How many files of each kind there are."""
        found = await asyncio.to_thread(read, directory(registry))
        counts = {name: sum(path.startswith(f"{name}/") for path in found) for name in DIRECTORIES}
        return f"{registry.address} can be read; " + ", ".join(f"{n} {name}" for name, n in counts.items())

    async def plan(self, registry: Registry, client: Client, wanted: Outgoing) -> Writes:  # noqa: ARG002 -- protocol
        """What publishing would write: one write a file, its fields told apart."""
        root = directory(registry)
        there = await asyncio.to_thread(read, root)
        found = Writes()
        ours = folder.files(wanted.shared)
        for path, doc in ours.items():
            _plan_file(found, path, doc, there.get(path), wanted)
        for path in there.keys() - ours.keys():
            if path in wanted.seen:
                gone = folder.stamps(there[path]) != wanted.seen[path]
                found.writes.append(Write(path, "file", "there", None, gone and not wanted.take_ours, (path, None)))
            else:
                found.notes.append(f"{path} is not known here yet: modeltui sync {registry.name}")
        return found

    async def write(self, registry: Registry, client: Client, one: Write, how: Sending) -> None:  # noqa: ARG002 -- protocol
        """Write one file, or take it away."""
        path, doc = one.how
        await asyncio.to_thread(_write, directory(registry), path, doc)


def _plan_file(found: Writes, path: str, doc: Doc, there: Doc | None, wanted: Outgoing) -> None:
    seen = wanted.seen.get(path, {})
    if there is None:
        lost = bool(seen) and not wanted.take_ours
        found.writes.append(Write(path, "file", None, "removed there" if lost else "new", lost, (path, doc)))
        found.seen[path] = dict(seen) if lost else folder.stamps(doc)
        return
    compared = folder.compare(doc, there, seen)
    crowded = folder.crowded(there, folder.put(there, compared.give))
    held = [field for field in compared.give if folder.run_at(field) in crowded]
    give = {field: value for field, value in compared.give.items() if field not in held}
    for run in crowded:
        found.writes.append(Write(path, f"runs.{run}", "another version is in Production", "Production", conflict=True))
    if wanted.take_ours:
        give |= {field: ours for field, (ours, _) in compared.conflicts.items()}
    made = folder.put(there, give)
    fields = [(folder.shown(f), folder.leaves(there).get(f), v) for f, v in give.items()]
    if made != there:
        one = fields[0] if len(fields) == 1 else _together(fields)
        found.writes.append(Write(path, *one, how=(path, made)))
    if not wanted.take_ours:
        for field, (ours, theirs) in compared.conflicts.items():
            found.writes.append(Write(path, folder.shown(field), theirs, ours, conflict=True))
    if compared.take:
        names = ", ".join(sorted(map(folder.shown, compared.take)))
        found.notes.append(f"{path} has news ({names[:120]}): sync first, then they come in here")
    open_ = (*compared.take, *held, *(() if wanted.take_ours else compared.conflicts))
    kept = {f: seen.get(f, "") for f in open_}
    found.seen[path] = {f: s for f, s in (folder.stamps(made) | kept).items() if s}


def _together(fields: Sequence[tuple[str, Json, Json]]) -> tuple[str, Json, Json]:
    """Several fields of a file as one write; before and after by field."""
    names = ", ".join(name for name, _, _ in fields)
    return names, {name: before for name, before, _ in fields}, {name: after for name, _, after in fields}


def directory(registry: Registry) -> Path:
    """The folder.

    Raises:
        RemoteError: it is not there.
    """
    path = Path(registry.address.strip()).expanduser()
    if not path.is_dir():
        raise RemoteError("not_found", f"there is no folder {path}; make it, or check the address")
    return path


def read(root: Path) -> dict[str, Doc]:
    """The documents of all files by their path; other files are passed over.

    Raises:
        RemoteError: a file cannot be read or used; then none is.
    """
    found: dict[str, Doc] = {}
    try:
        for name in DIRECTORIES:
            inner = root / name
            if not inner.is_dir():
                continue
            for file in sorted(inner.iterdir()):
                if file.suffix != ".json" or file.is_symlink() or not file.is_file():
                    continue
                path = f"{name}/{file.name}"
                if file.stat().st_size > MAX_BYTES or len(found) >= MAX_FILES:
                    raise RemoteError("too_large", f"{path} is larger than {MAX_BYTES >> 20} MB, or there are too many")
                found[path] = folder.parse(file.read_text("utf-8"), path)
    except OSError as error:
        raise RemoteError("forbidden", f"{error.filename or root} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RemoteError("not_an_api", f"{path} is no text in UTF-8") from error
    except FolderFault as error:
        raise RemoteError("not_an_api", str(error)) from error
    return found


def _write(root: Path, path: str, doc: Doc | None) -> None:
    file = root / path
    try:
        if doc is None:
            file.unlink(missing_ok=True)
            return
        file.parent.mkdir(exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".new")
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
            out.write(folder.text(doc))
        Path(name).chmod(0o644)
        Path(name).replace(file)
    except OSError as error:
        raise RemoteError("forbidden", f"{file} cannot be written: {error.strerror}") from error


ADAPTER = FolderAdapter()
