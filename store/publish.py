"""Publishing back: what we say runs goes into the registry that a team shares. Plan, confirm, write, read back.

Everything is planned from what stands there now, so publishing again writes nothing, and after a failure in the
middle the rest is what a new plan holds. A thing that somebody changed there since it was last synced is a conflict:
shown, and written only where that is asked for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC
from importlib import import_module
from typing import Protocol, cast

from store import sharing
from store.catalog import Catalog
from store.engine import PUBLISH
from store.formats.published import Published
from store.outgoing import Outgoing, Sending, Standing, Write, Writes
from store.records import Assignment, Event, Json, Registry, Upgrade, Version, to_doc
from store.registries.adapter import Adapter, adapter
from store.registries.errors import RemoteError
from store.registries.http import Client
from store.review.checklist import progress
from store.sync_run import Connect

PUBLISHERS = {
    "mlflow": "store.registries.mlflow_publish",
    "dvc": "store.registries.dvc_publish",
    "folder": "store.registries.folder",
}
"""The kinds of registries that can be published to."""


class Publisher(Protocol):
    """One that writes."""

    async def plan(self, registry: Registry, client: Client, wanted: Outgoing) -> Writes:
        """What would be written, from what stands there now."""
        ...

    async def write(self, registry: Registry, client: Client, one: Write, how: Sending) -> None:
        """Write one thing; to write it again does no harm."""
        ...


@dataclass(slots=True)
class Result:
    """How publishing went: `written` so far, `left` still to do, what `error` stopped it, and what differs after."""

    written: list[Write] = field(default_factory=list)
    left: list[Write] = field(default_factory=list)
    error: str = ""
    kind: str = ""
    differs: list[Write] = field(default_factory=list)


def publisher(kind: str) -> Publisher:
    """The one that writes to this kind of registry.

    Raises:
        RemoteError: kind `settings`, it can only be read.
    """
    if kind not in PUBLISHERS:
        raise RemoteError("settings", f"a registry of kind {kind} is only read; publish to {', '.join(PUBLISHERS)}")
    module = import_module(PUBLISHERS[kind])
    return cast(Publisher, getattr(module, "PUBLISHER", None) or module.ADAPTER)


def outgoing(catalog: Catalog, registry: Registry, *, take_ours: bool = False, push: bool = False) -> Outgoing:
    """What this catalog has to say to a registry."""
    if registry.kind == "folder":
        seen = registry.state.get(sharing.SEEN, {})
        return Outgoing(shared=sharing.of_catalog(catalog), seen=seen, take_ours=take_ours)
    versions = {v.key: v for v in catalog.versions.records() if v.provider == registry.name}
    return Outgoing(list(_standings(catalog, versions)), versions, take_ours=take_ours, push=push)


def _standings(catalog: Catalog, versions: dict[str, Version]) -> Iterator[Standing]:
    said: dict[tuple[str, str], Published] = {}
    for a in sorted(catalog.assignments.records(), key=lambda a: (a.use_case, a.version, not a.in_use, a.deployment)):
        if a.version in versions:
            said.setdefault((a.use_case, a.version), _of_assignment(a))
    for upgrade in catalog.upgrades.records():
        at = (upgrade.use_case, upgrade.to_version)
        if upgrade.to_version in versions and upgrade.state != "cancelled":
            said[at] = _with_upgrade(catalog, said.get(at, Published(upgrade.use_case, "")), upgrade)
    for (_, key), one in sorted(said.items()):
        yield Standing(versions[key], one)


def _of_assignment(a: Assignment) -> Published:
    return Published(a.use_case, a.stage, a.deployment, f"{a.share:g}")


def _with_upgrade(catalog: Catalog, said: Published, upgrade: Upgrade) -> Published:
    live = catalog.verdict_of(upgrade) if upgrade.state == "open" else None
    done = progress(upgrade.items, catalog.today)
    plain = json.dumps({k: v for k, v in to_doc(upgrade).items() if k != "rev"}, sort_keys=True)
    return replace(
        said,
        upgrade=upgrade.uid,
        verdict=live.verdict if live is not None else upgrade.verdict,
        progress=f"{done.done}/{done.applicable}",
        record=hashlib.sha256(plain.encode()).hexdigest(),
    )


async def plan(
    catalog: Catalog, registry: Registry, connect: Connect, *, take_ours: bool = False, push: bool = False
) -> Writes:
    """What publishing would write; nothing is written.

    Raises:
        RemoteError: the registry cannot be read or not be written to.
    """
    writer = publisher(registry.kind)
    wanted = outgoing(catalog, registry, take_ours=take_ours, push=push)
    kind: Adapter = adapter(registry.kind)
    async with connect(registry, kind) as client:
        return await writer.plan(registry, client, wanted)


async def carry_out(
    catalog: Catalog, registry: Registry, connect: Connect, wanted: Writes, *, why: str = "", **how: bool
) -> Result:
    """Send what was planned and record it; see `send` and `record`."""
    result = await send(catalog, registry, connect, wanted, why=why, **how)
    record(catalog, registry, wanted, result, why)
    return result


async def send(
    catalog: Catalog,
    registry: Registry,
    connect: Connect,
    wanted: Writes,
    *,
    push: bool = False,
    take_ours: bool = False,
    why: str = "",
) -> Result:
    """Write what was planned, one thing after the other, then read back; never raises for what a remote does."""
    writer = publisher(registry.kind)
    result = Result(left=[w for w in wanted.writes if not w.conflict])
    try:
        async with connect(registry, adapter(registry.kind)) as client:
            while result.left:
                await writer.write(registry, client, result.left[0], Sending(push, why))
                result.written.append(result.left.pop(0))
        async with connect(registry, adapter(registry.kind)) as client:
            after = await writer.plan(registry, client, outgoing(catalog, registry, take_ours=take_ours, push=push))
            result.differs = [w for w in after.writes if not w.conflict]
    except RemoteError as error:
        result.error, result.kind = str(error), error.kind
    return result


def record(catalog: Catalog, registry: Registry, wanted: Writes, result: Result, why: str = "") -> Event | None:
    """Keep in the history what was written and why, as one event, and with a folder what both sides now agree on.

    Undo passes over it: what was written is taken back where it stands, by publishing again.
    """
    known = catalog.registries.get(registry.name)
    if known is None:
        return None
    after = replace(known, state=_agreed(known, wanted, result)) if registry.kind == "folder" else known
    if result.written:
        stamp = catalog.clock().astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        after = replace(after, last_published=stamp)
    if after == known:
        return None
    said = f"{PUBLISH}{registry.name}: {len(result.written)} written" if result.written else f"compare {registry.name}"
    with catalog.command(said, why, actor="" if result.written else "modeltui") as draft:
        draft.put(after, known)
    return draft.event


def _agreed(known: Registry, wanted: Writes, result: Result) -> dict[str, Json]:
    """What a folder's files say now, so that the next difference is known to be new."""
    unwritten = {w.how[0] for w in result.left if w.how}
    removed = {w.how[0] for w in result.written if w.how and w.how[1] is None}
    before = known.state.get(sharing.SEEN, {})
    seen = {**before, **{p: s for p, s in wanted.seen.items() if p not in unwritten}}
    seen = {path: stamps for path, stamps in seen.items() if path not in removed}
    return {**known.state, sharing.SEEN: seen} if seen != before else known.state
