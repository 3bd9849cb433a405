"""Public catalogs of prices and limits: one request, or a file, and a parser."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from store.delivery import Delivery
from store.records import Registry
from store.registries.adapter import Connection, Progress
from store.registries.errors import RemoteError
from store.registries.local import local_path, read_local

if TYPE_CHECKING:
    from store.formats.catalogs import Parsed
    from store.registries.http import Client

MAX_BYTES = 32 * 1024 * 1024


class PublicCatalog:
    """A catalog at a public address or in a file. Its versions are matched exactly or offered, never added unasked.

    Of thousands of entries only those are taken that are known here; `add=all` in the settings takes all of them.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    default_address: ClassVar[str]
    address: ClassVar[str] = "its public address, or a file; leave it out for the usual one"
    own_provider: ClassVar[bool] = False
    settings: ClassVar[Mapping[str, str]] = {
        "add": "known (versions that are here already) or all",
        "ca": "a file of certificate authorities to trust besides the system's",
    }
    secrets: ClassVar[Mapping[str, str]] = {}

    def parser(self) -> Callable[..., Parsed]:
        """The parser; imported only now because it needs pydantic."""
        raise NotImplementedError

    def connection(self, registry: Registry, environ: Mapping[str, str]) -> Connection:  # noqa: ARG002 -- protocol
        """The address; nowhere for a file."""
        address = registry.address or self.default_address
        base = "" if local_path(address) is not None else address
        return Connection(base, ca=str(registry.settings.get("ca", "")), max_bytes=MAX_BYTES)

    async def fetch(self, registry: Registry, client: Client, progress: Progress) -> AsyncIterator[Delivery]:
        """The whole catalog, one page."""
        document, day = await self._document(registry, client)
        parsed = self.parser()(document, origin=registry.name, as_of=day.isoformat())
        if not parsed.versions:
            raise RemoteError("not_an_api", f"{registry.name} holds no models; is it the right address or file?")
        progress("models", len(parsed.versions), len(parsed.versions))
        yield Delivery(
            versions=list(parsed.versions.values()),
            complete=True,
            known_only=registry.settings.get("add", "known") != "all",
            notes=parsed.notes,
        )

    async def probe(self, registry: Registry, client: Client) -> str:
        """How many models it lists."""
        document, day = await self._document(registry, client)
        parsed = self.parser()(document, origin=registry.name, as_of=day.isoformat())
        if not parsed.versions:
            raise RemoteError("not_an_api", f"{registry.name} holds no models; is it the right address or file?")
        return f"{len(parsed.versions):,} models as of {day.isoformat()}"

    async def _document(self, registry: Registry, client: Client) -> tuple[Mapping[str, Any], date]:
        path = local_path(registry.address or self.default_address)
        if path is None:
            return await client.get_json("", cached=True), client.today
        content, day = await read_local(path, MAX_BYTES)
        try:
            document = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise RemoteError("not_an_api", f"{path} is no JSON") from error
        if not isinstance(document, dict):
            raise RemoteError("not_an_api", f"{path} holds JSON, but no object")
        return document, day
