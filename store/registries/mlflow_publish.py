"""Publishing to MLflow: an alias for each stage, tags `modeltui.*` for what a review knows, a missing description.

MLflow's stages are deprecated and left alone. An alias belongs to one version of a model; where several versions of a
model are in the same stage for different use cases, the alias carries the use case's name: production-churn.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from store.formats.mlflow import Row, aliases
from store.formats.mlflow_wire import table
from store.formats.published import PREFIX, of_tags, tags
from store.outgoing import Outgoing, Sending, Standing, Write, Writes
from store.records import Key, Registry, Version
from store.registries.errors import RemoteError
from store.registries.http import Client
from store.registries.mlflow_access import access
from store.registries.mlflow_api import ROOT, Api

_ALIAS = re.compile(r"[A-Za-z0-9_-]{1,255}")
_RESERVED = re.compile(r"(?i)latest|v\d+")


class MlflowPublisher:
    """See the module; settings `production` and `staging` name the aliases."""

    async def plan(self, registry: Registry, client: Client, wanted: Outgoing) -> Writes:
        """Aliases, tags and descriptions that differ from what we say."""
        where = access(registry, client.environ)
        if where.dialect != "mlflow" and where.dialect != "databricks":
            raise RemoteError("settings", f"{registry.name} is Unity Catalog, which is only read")
        rows = {
            str(Key(registry.name, r.version.name, str(r.version.version))): r for r in await _rows(registry, client)
        }
        found = Writes()
        for key in sorted({s.version.key for s in wanted.standings} - rows.keys()):
            found.notes.append(f"{key} is not in {registry.name}: register the model there first")
        found.writes += _alias_writes(registry, wanted, rows)
        for key, version in wanted.versions.items():
            if key in rows:
                found.writes += _tag_writes(key, version, rows[key], wanted)
                found.writes += _description(key, version, rows[key])
        return found

    async def write(self, registry: Registry, client: Client, one: Write, how: Sending) -> None:  # noqa: ARG002 -- protocol
        """Send one change."""
        await _rows_ready(registry, client)
        method, path, body = one.how
        await client.send_json(method, f"{ROOT}/{path}", body)


async def _rows(registry: Registry, client: Client) -> list[Row]:
    return await Api.open(registry, client, access(registry, client.environ), _silent).rows()


async def _rows_ready(registry: Registry, client: Client) -> None:
    """Set the credentials."""
    Api.open(registry, client, access(registry, client.environ), _silent)


def _silent(what: str, done: int, total: int | None) -> None:
    """Nobody is told."""


Method = Literal["POST", "PATCH", "DELETE"]


def _alias_writes(registry: Registry, wanted: Outgoing, rows: Mapping[str, Row]) -> Iterator[Write]:
    there: dict[tuple[str, str], str] = {}
    for key, row in rows.items():
        for alias in aliases(row):
            there[row.version.name, alias] = key
    ours = _aliases(registry, [s for s in wanted.standings if s.version.key in rows])
    for (model, alias), key in sorted(ours.items()):
        holder = there.get((model, alias))
        if holder == key:
            continue
        moved = holder is not None and alias not in _seen_aliases(wanted.versions.get(holder))
        body = {"name": model, "alias": alias, "version": str(rows[key].version.version)}
        how = ("POST", "registered-models/alias", body)
        yield Write(model, f"alias {alias}", _number(holder), _number(key), moved and not wanted.take_ours, how)
    names = set(_names(registry).values())
    for (model, alias), holder in sorted(there.items()):
        # one of our aliases on a version that we archived, and no other version to give it to
        stages = {s.said.stage for s in wanted.standings if s.version.key == holder}
        if alias in names and (model, alias) not in ours and stages == {"Archived"}:
            how = ("DELETE", "registered-models/alias", {"name": model, "alias": alias})
            moved = alias not in _seen_aliases(wanted.versions.get(holder))
            yield Write(model, f"alias {alias}", _number(holder), None, moved and not wanted.take_ours, how)


def _names(registry: Registry) -> dict[str, str]:
    """The alias of each stage.

    Raises:
        RemoteError: kind `settings`, MLflow allows no such alias.
    """
    found = {}
    for stage in ("Production", "Staging"):
        alias = str(registry.settings.get(stage.casefold(), "")) or stage.casefold()
        if not _ALIAS.fullmatch(alias) or _RESERVED.fullmatch(alias):
            raise RemoteError("settings", f"{stage.casefold()} is '{alias[:40]}', which MLflow allows for no alias")
        found[stage] = alias
    return found


def _aliases(registry: Registry, standings: list[Standing]) -> dict[tuple[str, str], str]:
    """Model and alias to the key of the version that it should point to."""
    held: dict[tuple[str, str], dict[str, str]] = {}
    shares: dict[str, float] = {}
    for one in standings:
        if one.said.stage in _names(registry):
            at = (one.version.model, _names(registry)[one.said.stage])
            use_cases = held.setdefault(at, {})
            before = use_cases.get(one.said.use_case)
            # of two that share the traffic the one with more of it
            if before is None or float(one.said.share) > shares[one.said.use_case + before]:
                use_cases[one.said.use_case] = one.version.key
            shares[one.said.use_case + one.version.key] = float(one.said.share)
    found: dict[tuple[str, str], str] = {}
    for (model, alias), use_cases in held.items():
        if len(set(use_cases.values())) == 1:
            found[model, alias] = next(iter(use_cases.values()))
        else:
            found |= {(model, f"{alias}-{use_case}"): key for use_case, key in use_cases.items()}
    return found


def _seen_aliases(version: Version | None) -> list[str]:
    return list(version.value("aliases") or ()) if version is not None else []


def _tag_writes(key: str, version: Version, row: Row, wanted: Outgoing) -> Iterator[Write]:
    there = {k: v for k, v in table(row.version.tags).items() if k.startswith(PREFIX)}
    ours: dict[str, str] = {}
    for one in wanted.standings:
        if one.version.key == key:
            ours |= tags(one.said)
    said = {p.use_case: p.text for p in of_tags(there)}
    named = {"name": row.version.name, "version": str(row.version.version)}
    for name in sorted(ours.keys() | there.keys()):
        before, after = there.get(name), ours.get(name)
        if before == after:
            continue
        use_case = name.removeprefix(PREFIX).partition(".")[0]
        news = use_case in said and version.value(f"published_{use_case}") != said[use_case]
        if after is None:
            how = ("DELETE", "model-versions/delete-tag", {**named, "key": name})
        else:
            how = ("POST", "model-versions/set-tag", {**named, "key": name, "value": after})
        yield Write(key, name, before, after, news and not wanted.take_ours, how)


def _description(key: str, version: Version, row: Row) -> Iterator[Write]:
    if version.changes.strip() and not (row.version.description or "").strip() and "changes" in version.local:
        body = {"name": row.version.name, "version": str(row.version.version), "description": version.changes}
        yield Write(key, "description", None, version.changes, how=("PATCH", "model-versions/update", body))


def _number(key: str | None) -> str | None:
    return Key.parse(key).version if key is not None else None


PUBLISHER = MlflowPublisher()
