"""Azure OpenAI and AI Foundry: accounts, deployments, and the models of their regions; read only.

One question for the accounts, one for the deployments of each, one or two for each region's models. Without an
identity that may read them, an endpoint's key still shows the models of that endpoint.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar, Protocol, TypeVar
from urllib.parse import quote, urlsplit

from store.delivery import Delivery
from store.formats import azure as records
from store.formats import azure_wire as wire
from store.formats.azure import Seen, key_of
from store.formats.azure_prices import Tariff, tariff
from store.formats.wire import WireFault, shaped
from store.records import Json, Registry
from store.registries.adapter import Connection, Progress
from store.registries.azure_auth import cloud_of, safe, sign_in
from store.registries.errors import RemoteError
from store.registries.http import Client, Pages

API_VERSION = "2025-09-01"
OLDER_API_VERSION = "2024-10-01"
"""What is tried once where a cloud does not know the newer one yet."""
DATA_PLANE_VERSION = "2024-10-21"
PRICES = "https://prices.azure.com"

_UNKNOWN_VERSION = ("NoRegisteredProviderFound", "InvalidApiVersionParameter")
_KINDS = ("openai", "aiservices")
_GROUP = re.compile(r"/resourceGroups/([^/]+)/", re.IGNORECASE)
_REGION = re.compile(r"[a-z0-9]+")


class _List(Protocol):
    @property
    def next_link(self) -> str | None: ...


L = TypeVar("L", bound=_List)
T = TypeVar("T")


def _now() -> datetime:
    return datetime.now(UTC)


class AzureAdapter:
    """See the module. `now` is there for tests."""

    kind: ClassVar[str] = "azure"
    title: ClassVar[str] = "Azure OpenAI and AI Foundry"
    address: ClassVar[str] = "none is needed; the resource manager of another cloud or a proxy"
    default_address: ClassVar[str] = ""
    own_provider: ClassVar[bool] = False
    settings: ClassVar[Mapping[str, str]] = {
        "subscription": "the subscription's id; else AZURE_SUBSCRIPTION_ID, else the one az has chosen",
        "resource_group": "read only the accounts of this group; else AZURE_RESOURCE_GROUP",
        "account": "read only this account",
        "locations": "more regions whose models to list, such as westeurope,eastus",
        "cloud": "public, government or china",
        "tenant_id": "the tenant of the application whose secret is given; else AZURE_TENANT_ID",
        "client_id": "the application; else AZURE_CLIENT_ID",
        "api_version": f"of the resource manager; {API_VERSION} by default",
        "prices": "true: read retail prices too",
        "endpoint": "an endpoint to list the models of, with a key only; else AZURE_OPENAI_ENDPOINT",
        "login": "where the application signs in, where it is not the cloud's own place",
        "ca": "a file with the certificate authority, for a proxy that looks inside",
    }
    secrets: ClassVar[Mapping[str, str]] = {
        "access_token": "a token for the resource manager; else AZURE_ACCESS_TOKEN",
        "client_secret": "the application's secret; else AZURE_CLIENT_SECRET, else az is asked",
        "api_key": "the endpoint's key; else AZURE_OPENAI_API_KEY",
    }

    def __init__(self, now: Callable[[], datetime] = _now) -> None:
        self._now = now

    def connection(self, registry: Registry, environ: Mapping[str, str]) -> Connection:  # noqa: ARG002 -- protocol
        """The resource manager of the cloud."""
        return Connection(cloud_of(registry).manage, ca=str(registry.settings.get("ca", "")))

    async def fetch(self, registry: Registry, client: Client, progress: Progress) -> AsyncIterator[Delivery]:
        """Deployments account by account, then the models of their regions; or an endpoint's models with a key."""
        seen = Seen(registry.name, f"{client.today.isoformat()}T{self._now().astimezone(UTC):%H:%M:%S}Z")
        try:
            manager = await _Manager.open(registry, client)
            accounts = await manager.accounts()
        except RemoteError as error:
            if not _key_may_help(error, registry, client):
                raise
            yield await _by_key(registry, client, seen)
            return
        listings: dict[str, Sequence[wire.Model]] = {}
        for region in dict.fromkeys((*(a.location for a in accounts), *_regions(registry))):
            listings[region] = await manager.models(region)
            progress("models", sum(len(listed) for listed in listings.values()), None)
        prices = await _tariff(client, listings) if _true(registry.settings.get("prices")) else None
        split = registry.state.get("split", ())
        yield records.models(seen, listings, prices, [key for key in split if isinstance(key, str)])
        offered = {key_of(model) for listed in listings.values() for model in listed}
        for done, account in enumerate(accounts, 1):
            running = await manager.deployments(account)
            served = {key_of(d.properties.model) for d in running} - offered
            # what no region offers is a fine-tuned model, which only its account knows
            own = [m for m in await manager.account_models(account) if key_of(m) in served] if served else []
            yield records.fine_tuned(seen, own)
            yield records.deployments(seen, account, running, {key_of(m) for m in own if m.base_model is not None})
            progress("accounts", done, len(accounts))

    async def probe(self, registry: Registry, client: Client) -> str:
        """Which accounts can be read."""
        try:
            accounts = await (await _Manager.open(registry, client)).accounts()
        except RemoteError as error:
            if not _key_may_help(error, registry, client):
                raise
            endpoint, found = await _endpoint_models(registry, client)
            return f"{endpoint} answers to the key; {len(found)} models can be read, but no deployments"
        regions = ", ".join(sorted({a.location for a in accounts})) or "no region"
        count = f"{len(accounts)} account{'' if len(accounts) == 1 else 's'}"
        return f"Azure answers; {count} of Azure OpenAI or AI Foundry can be read, in {regions}"


def _regions(registry: Registry) -> Iterable[str]:
    """Further regions, in Azure's short form.

    Raises:
        RemoteError: kind `settings`, one is not written that way.
    """
    for name in str(registry.settings.get("locations", "")).replace(";", ",").split(","):
        region = name.strip().casefold().replace(" ", "")
        if region and not _REGION.fullmatch(region):
            raise RemoteError("settings", f"'{name.strip()}' is no region; write it as swedencentral")
        if region:
            yield region


def _true(value: Json) -> bool:
    return str(value).casefold() in ("true", "yes", "1")


# ── the resource manager ──


@dataclass(slots=True)
class _Manager:
    """Azure's resource manager for one subscription."""

    client: Client
    host: str
    subscription: str
    api_version: str
    group: str = ""
    account: str = ""
    older: bool = field(default=False)

    @classmethod
    async def open(cls, registry: Registry, client: Client) -> _Manager:
        """Sign in and know the subscription."""
        cloud, settings = cloud_of(registry), registry.settings
        token = await sign_in(registry, client, cloud)
        client.authorize({"Authorization": f"Bearer {token.value}"})
        subscription = str(settings.get("subscription", "")) or client.variable("AZURE_SUBSCRIPTION_ID")
        subscription = subscription or token.subscription
        if not subscription:
            raise RemoteError(
                "settings", "which subscription? give it with --set subscription=ID, or set AZURE_SUBSCRIPTION_ID"
            )
        return cls(
            client,
            urlsplit(cloud.manage).hostname or "",
            quote(subscription, safe=""),
            str(settings.get("api_version", "")) or API_VERSION,
            str(settings.get("resource_group", "")) or client.variable("AZURE_RESOURCE_GROUP"),
            str(settings.get("account", "")),
        )

    async def accounts(self) -> list[wire.Account]:
        """The accounts that can have deployments, those that the settings allow."""
        found = [a async for page in self._pages(wire.Accounts, "accounts") for a in page.value]
        return [
            a
            for a in found
            if (a.kind or "").casefold() in _KINDS
            and (not self.account or a.name.casefold() == self.account.casefold())
            and (not self.group or _group(a).casefold() == self.group.casefold())
        ]

    async def models(self, region: str) -> list[wire.Model]:
        """What a region offers, for each kind of account."""
        path = f"locations/{quote(region, safe='')}/models"
        return [row.model async for page in self._pages(wire.LocationModels, path) for row in page.value]

    async def account_models(self, account: wire.Account) -> list[wire.Model]:
        """What an account can deploy, its own fine-tuned models included."""
        path = f"accounts/{quote(account.name, safe='')}/models"
        return [m async for page in self._pages(wire.AccountModels, path, _group(account)) for m in page.value]

    async def deployments(self, account: wire.Account) -> list[wire.Deployment]:
        """What runs in an account."""
        path = f"accounts/{quote(account.name, safe='')}/deployments"
        return [d async for page in self._pages(wire.Deployments, path, _group(account)) for d in page.value]

    async def _pages(self, shape: type[L], path: str, group: str = "") -> AsyncIterator[L]:
        within = f"/resourceGroups/{quote(group, safe='')}" if group else ""
        target = f"subscriptions/{self.subscription}{within}/providers/Microsoft.CognitiveServices/{path}"
        page = await self._ask(shape, target, path)
        pages = Pages()
        yield page
        while page.next_link:
            page = await self._ask(shape, pages.turn(page.next_link), path)
            yield page

    async def _ask(self, shape: type[T], target: str, what: str) -> T:
        first = "://" not in target
        params = {"api-version": self.api_version} if first else None
        try:
            answer = await self.client.get_json(target, params=params, expect="value")
        except RemoteError as error:
            if not first or self.older or error.status != 400 or error.code not in _UNKNOWN_VERSION:
                raise safe(error, self.host) from None
            self.older, self.api_version = True, OLDER_API_VERSION
            return await self._ask(shape, target, what)
        return _read(shape, answer, f"{what.rpartition('/')[2]} of Azure")


def _group(account: wire.Account) -> str:
    found = _GROUP.search(account.id)
    return found[1] if found else ""


def _read(shape: type[T], answer: Json, what: str) -> T:
    try:
        return shaped(shape, answer, what)
    except WireFault as error:
        raise RemoteError("not_an_api", str(error)) from error


# ── with a key only ──


def _key_may_help(error: RemoteError, registry: Registry, client: Client) -> bool:
    """True where the resource manager is closed to us and a key for an endpoint is there."""
    closed = error.kind in ("unauthorized", "forbidden", "settings")
    return closed and all(_endpoint(registry, client))


def _endpoint(registry: Registry, client: Client) -> tuple[str, str]:
    """Address and key of an endpoint, "" where they are not given; the environment's key only for its own endpoint."""
    named, usual = str(registry.settings.get("endpoint", "")), client.variable("AZURE_OPENAI_ENDPOINT")
    if "api_key" in registry.secrets:
        return named or usual, client.secret(registry.secrets["api_key"])
    if named and named.rstrip("/") != usual.rstrip("/"):
        return named, ""
    return usual, client.variable("AZURE_OPENAI_API_KEY", secret=True)


async def _endpoint_models(registry: Registry, client: Client) -> tuple[str, list[wire.DataPlaneModel]]:
    address, key = _endpoint(registry, client)
    host = urlsplit(address).hostname or ""
    endpoint = client.at(address)
    endpoint.authorize({"api-key": key})
    try:
        answer = await endpoint.get_json("openai/models", params={"api-version": DATA_PLANE_VERSION}, expect="data")
    except RemoteError as error:
        raise safe(error, host) from None
    return host, _read(wire.DataPlaneModels, answer, "the list of models").data


async def _by_key(registry: Registry, client: Client, seen: Seen) -> Delivery:
    return records.data_plane(seen, (await _endpoint_models(registry, client))[1])


# ── prices ──


async def _tariff(client: Client, regions: Iterable[str]) -> Tariff:
    """Retail prices of the first region that has any, in US dollars; they are public."""
    public = client.at(PRICES)
    for region in regions:
        asked = f"serviceName eq 'Foundry Models' and armRegionName eq '{region}' and priceType eq 'Consumption'"
        found: list[wire.Price] = []
        pages, target = Pages(), "api/retail/prices"
        params: dict[str, str | int | list[str]] | None = {"$filter": asked}
        while target:
            answer = await public.get_json(target, params=params, expect="Items")
            page = _read(wire.Prices, answer, "the price list of Azure")
            found += page.Items
            target, params = pages.turn(page.NextPageLink) if page.NextPageLink else "", None
        if found:
            return tariff(found)
    return Tariff()


ADAPTER = AzureAdapter()
