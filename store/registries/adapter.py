"""What an adapter of a registry is, and which kinds there are; nothing of it is imported before it is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar, Protocol

from store.delivery import Delivery
from store.records import Registry
from store.values import dataclass

if TYPE_CHECKING:
    from store.registries.http import Client

Progress = Callable[[str, int, int | None], None]
"""Told while a registry is read: what is read, how many so far, of how many (None: unknown)."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Where a registry answers and how its TLS is checked.

    Attributes:
        base: scheme, host, port and path that relative addresses are joined to; "" for a local file.
        ca: a file of certificate authorities to trust besides the system's.
        client_cert: a client certificate (PEM), with its key in `client_key` or in the same file.
        client_key: its key.
        max_bytes: the largest answer that is read, in bytes after decompression.
    """

    base: str
    ca: str = ""
    client_cert: str = ""
    client_key: str = ""
    max_bytes: int = 64 * 1024 * 1024


class Adapter(Protocol):
    """One system. An adapter keeps no state between runs: what it needs next time goes into `Delivery.state`.

    `settings` and `secrets` map the names that it understands in `Registry.settings` and `Registry.secrets` to one
    line of help. `address` is the help line for the address, `default_address` what stands there when none is given.
    `own_provider` says that its versions carry the registry's name as their provider.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    address: ClassVar[str]
    default_address: ClassVar[str]
    own_provider: ClassVar[bool]
    settings: ClassVar[Mapping[str, str]]
    secrets: ClassVar[Mapping[str, str]]

    def connection(self, registry: Registry, environ: Mapping[str, str]) -> Connection:
        """Where it answers.

        Raises:
            RemoteError: kind `settings`, the address or a setting is missing or cannot be used.
        """
        ...

    def fetch(self, registry: Registry, client: Client, progress: Progress) -> AsyncIterator[Delivery]:
        """Read everything, page by page; only when the last page was given is any of it used.

        Raises:
            RemoteError: with one sentence that is safe to show.
        """
        ...

    async def probe(self, registry: Registry, client: Client) -> str:
        """One line about what answers there and what may be read; the same errors as `fetch`."""
        ...


KINDS: Mapping[str, str] = {
    "mlflow": "store.registries.mlflow",
    "azure": "store.registries.azure",
    "dvc": "store.registries.dvc",
    "mlmd": "store.registries.mlmd",
    "modeldb": "store.registries.modeldb",
    "folder": "store.registries.folder",
    "litellm": "store.registries.litellm",
    "modelsdev": "store.registries.modelsdev",
    "file": "store.registries.file",
    "reference": "store.registries.reference",
}
"""Every kind of registry with the module whose `ADAPTER` it is."""


def adapter(kind: str) -> Adapter:
    """The adapter of a kind.

    Raises:
        RemoteError: kind `settings`, there is no such kind.
    """
    if kind not in KINDS:
        from store.registries.errors import RemoteError

        raise RemoteError("settings", f"there is no kind of registry '{kind}'; there are {', '.join(KINDS)}")
    found: Adapter = import_module(KINDS[kind]).ADAPTER
    return found
