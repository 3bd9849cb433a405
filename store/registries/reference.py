"""The shipped facts as a registry of their own: no address, no network, the same engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, ClassVar

from store import reference
from store.delivery import Delivery
from store.records import Measurement, Metric, Registry, Version, from_doc
from store.registries.adapter import Connection, Progress

if TYPE_CHECKING:
    from store.registries.http import Client


def delivery() -> Delivery:
    """The shipped facts as records, with the stamp by which the next load sees whether they are newer."""
    return Delivery(
        versions=(from_doc(Version, doc) for doc in reference.version_docs()),
        measurements=(from_doc(Measurement, doc) for doc in reference.measurement_docs()),
        metrics=(from_doc(Metric, doc) for doc in reference.metric_docs()),
        state={"stamp": reference.stamp()},
    )


class ReferenceAdapter:
    """Reads what came with the program."""

    kind: ClassVar[str] = "reference"
    title: ClassVar[str] = "the facts that ship with modeltui"
    address: ClassVar[str] = "none is needed"
    default_address: ClassVar[str] = ""
    own_provider: ClassVar[bool] = False
    settings: ClassVar[Mapping[str, str]] = {}
    secrets: ClassVar[Mapping[str, str]] = {}

    def connection(self, registry: Registry, environ: Mapping[str, str]) -> Connection:  # noqa: ARG002 -- protocol
        """Nowhere."""
        return Connection("")

    async def fetch(
        self,
        registry: Registry,  # noqa: ARG002 -- protocol
        client: Client,  # noqa: ARG002 -- protocol
        progress: Progress,
    ) -> AsyncIterator[Delivery]:
        """All of it at once."""
        found = delivery()
        progress("versions", 0, None)
        yield found

    async def probe(self, registry: Registry, client: Client) -> str:  # noqa: ARG002 -- protocol
        """How old the facts are."""
        return f"the facts of {reference.as_of().isoformat()}"


ADAPTER = ReferenceAdapter()
