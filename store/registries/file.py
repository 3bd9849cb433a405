"""The generic registry: any file in our documented form, from a path or an https address."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, ClassVar

from store.delivery import Delivery
from store.records import Registry
from store.registries.adapter import Connection, Progress
from store.registries.errors import RemoteError
from store.registries.local import local_path, read_local

if TYPE_CHECKING:
    from store.registries.http import Client

MAX_BYTES = 64 * 1024 * 1024


class FileAdapter:
    """Reads JSON or CSV as `store.formats.records_file` describes it."""

    kind: ClassVar[str] = "file"
    title: ClassVar[str] = "a JSON or CSV file in our form, from a path or an address"
    address: ClassVar[str] = "a path, or https://…"
    default_address: ClassVar[str] = ""
    own_provider: ClassVar[bool] = False
    settings: ClassVar[Mapping[str, str]] = {
        "header": "the name of the header that carries the secret token (Authorization)",
        "ca": "a file of certificate authorities to trust besides the system's",
        "client_cert": "a client certificate (PEM)",
        "client_key": "its key",
    }
    secrets: ClassVar[Mapping[str, str]] = {"token": "sent with an https address, as a bearer unless header is set"}

    def connection(self, registry: Registry, environ: Mapping[str, str]) -> Connection:  # noqa: ARG002 -- protocol
        """The address; nowhere for a file."""
        if not registry.address:
            raise RemoteError("settings", f"{registry.name} has no address; give it a path or an https address")
        base = "" if local_path(registry.address) is not None else registry.address
        ca, cert, key = (str(registry.settings.get(name, "")) for name in ("ca", "client_cert", "client_key"))
        return Connection(base, ca, cert, key, MAX_BYTES)

    async def fetch(self, registry: Registry, client: Client, progress: Progress) -> AsyncIterator[Delivery]:
        """The whole file, one page."""
        found = await self._delivery(registry, client)
        count = len(list(found.versions))
        progress("versions", count, count)
        yield found

    async def probe(self, registry: Registry, client: Client) -> str:
        """How much is in it."""
        found = await self._delivery(registry, client)
        counts = {"version": found.versions, "measurement": found.measurements, "deployment": found.deployments}
        numbers = ((len(list(rows)), name) for name, rows in counts.items())
        return ", ".join(f"{count:,} {name}{'' if count == 1 else 's'}" for count, name in numbers)

    async def _delivery(self, registry: Registry, client: Client) -> Delivery:
        from store.formats.records_file import RecordsFault, parse_records

        path = local_path(registry.address)
        if path is not None:
            content, day = await read_local(path, MAX_BYTES)
        else:
            if "token" in registry.secrets:
                header = str(registry.settings.get("header", "Authorization"))
                token = client.secret(registry.secrets["token"])
                client.authorize({header: f"Bearer {token}" if header == "Authorization" else token})
            content, day = await client.get_bytes(""), client.today
        try:
            return parse_records(content, origin=registry.name, today=day)
        except RecordsFault as error:
            raise RemoteError("not_an_api", f"{registry.name} cannot be used: {error}") from error


ADAPTER = FileAdapter()
