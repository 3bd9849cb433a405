"""Signing in to Azure's resource manager: a token, client credentials, or the command line tool `az`.

The registry's own secrets come first, then the environment, then `az`; the last two only ever go to Azure's own hosts.
What Azure says about a failure names users and objects, so that only its code is repeated.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from store.records import Registry
from store.registries.errors import RemoteError
from store.registries.http import Client
from store.values import dataclass

AZ_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Cloud:
    """One of Azure's clouds: where resources are managed and where identities sign in."""

    manage: str
    login: str


CLOUDS: Mapping[str, Cloud] = {
    "public": Cloud("https://management.azure.com", "https://login.microsoftonline.com"),
    "government": Cloud("https://management.usgovcloudapi.net", "https://login.microsoftonline.us"),
    "china": Cloud("https://management.chinacloudapi.cn", "https://login.chinacloudapi.cn"),
}

NO_CREDENTIALS = (
    "no credentials for Azure: sign in with az login, set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, "
    "or set AZURE_ACCESS_TOKEN"
)

_ADVICE: Mapping[str, str] = {
    "AuthorizationFailed": "the identity may not read this; give it the role Reader on the subscription",
    "SubscriptionNotFound": "the subscription is not found; check AZURE_SUBSCRIPTION_ID and the tenant",
    "ResourceGroupNotFound": "the resource group is not found; check its name",
    "ExpiredAuthenticationToken": "the access token has expired; get a new one",
    "InvalidAuthenticationToken": "the access token is not valid; get a new one for this cloud",
    "InvalidAuthenticationTokenTenant": "the token is of another tenant than the subscription; sign in to that tenant",
    "SubscriptionRequestsThrottled": "the subscription has had enough requests for now; try again in a few minutes",
    "invalid_client": "the client secret is not accepted; check it and whether it has expired",
    "unauthorized_client": "the application is not known in that tenant; check AZURE_CLIENT_ID and AZURE_TENANT_ID",
    "invalid_request": "the tenant or the request is not accepted; check AZURE_TENANT_ID",
}
_CODE = re.compile(r"[A-Za-z_]{3,60}")
_IDENTITY = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


def safe(error: RemoteError, host: str) -> RemoteError:
    """The same error without what Azure wrote, which names users, objects and subscriptions."""
    code = error.code if _CODE.fullmatch(error.code) else ""
    if code in _ADVICE:
        text = f"{host}: {_ADVICE[code]} ({error.status} {code})"
    elif error.kind == "refused":
        text = f"{host} did not accept the request ({' '.join(filter(None, (str(error.status), code)))})"
    else:
        text = _IDENTITY.sub("…", str(error))
    return RemoteError(error.kind, text, status=error.status, code=code)


def cloud_of(registry: Registry) -> Cloud:
    """The cloud that the settings name, with the registry's own address where it has one.

    Raises:
        RemoteError: kind `settings`, there is no such cloud.
    """
    name = str(registry.settings.get("cloud", "")) or "public"
    if name not in CLOUDS:
        raise RemoteError("settings", f"cloud is '{name}'; write one of {', '.join(CLOUDS)}")
    known = CLOUDS[name]
    login = str(registry.settings.get("login", "")) or known.login
    return Cloud((registry.address.strip() or known.manage).rstrip("/"), login.rstrip("/"))


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token; `subscription` is the one that `az` has chosen, "" from elsewhere."""

    value: str
    subscription: str = ""


async def sign_in(registry: Registry, client: Client, cloud: Cloud) -> Token:
    """A token for the resource manager.

    Raises:
        RemoteError: there are no credentials (kind `settings`), or they are not accepted.
    """
    secrets = registry.secrets
    if "access_token" in secrets:
        return Token(client.secret(secrets["access_token"]))
    if "client_secret" in secrets:
        tenant, application = (
            str(registry.settings.get(name, "")) or client.variable(f"AZURE_{name.upper()}")
            for name in ("tenant_id", "client_id")
        )
        if not tenant or not application:
            raise RemoteError("settings", "a client secret needs tenant_id and client_id; give them with --set")
        return await _client_credentials(client, cloud, tenant, application, client.secret(secrets["client_secret"]))
    if not _of_azure(cloud):
        raise RemoteError(
            "settings",
            f"{urlsplit(cloud.manage).hostname} is not Azure's own, so the environment's credentials are not sent "
            "there; name them with --secret access_token=env:AZURE_ACCESS_TOKEN",
        )
    if found := client.variable("AZURE_ACCESS_TOKEN", secret=True):
        return Token(found)
    tenant, application = client.variable("AZURE_TENANT_ID"), client.variable("AZURE_CLIENT_ID")
    secret = client.variable("AZURE_CLIENT_SECRET", secret=True)
    if tenant and application and secret:
        return await _client_credentials(client, cloud, tenant, application, secret)
    return await _command_line(client, cloud)


def _of_azure(cloud: Cloud) -> bool:
    return any(known.manage == cloud.manage and known.login == cloud.login for known in CLOUDS.values())


async def _client_credentials(client: Client, cloud: Cloud, tenant: str, application: str, secret: str) -> Token:
    form = {
        "grant_type": "client_credentials",
        "client_id": application,
        "client_secret": secret,
        "scope": f"{cloud.manage}/.default",
    }
    try:
        answer = await client.at(cloud.login).post_form(
            f"{quote(tenant, safe='')}/oauth2/v2.0/token", form, expect="access_token"
        )
    except RemoteError as error:
        raise safe(error, urlsplit(cloud.login).hostname or "") from None
    found = answer["access_token"]
    if not isinstance(found, str) or not found:
        raise RemoteError("not_an_api", f"{urlsplit(cloud.login).hostname} answered without a token")
    return Token(found)


async def _command_line(client: Client, cloud: Cloud) -> Token:
    """The token of who is signed in with `az`."""
    program = shutil.which("az", path=client.environ.get("PATH", ""))
    if program is None:
        raise RemoteError("settings", NO_CREDENTIALS)
    if client.offline:
        raise RemoteError("offline", "Azure was not asked: modeltui is offline (--offline, or the setting)")
    process = await asyncio.create_subprocess_exec(
        program, "account", "get-access-token", "--resource", cloud.manage, "-o", "json",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env=dict(client.environ),
    )  # fmt: skip
    try:
        async with asyncio.timeout(AZ_SECONDS):
            said, _ = await process.communicate()
    except TimeoutError:
        raise RemoteError("too_slow", f"az did not answer within {AZ_SECONDS} s; run az login in a terminal") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        answer = json.loads(said) if process.returncode == 0 else {}
    except ValueError:
        answer = {}
    token = answer.get("accessToken") if isinstance(answer, dict) else None
    if not isinstance(token, str) or not token:
        raise RemoteError("unauthorized", "az gives no token; run az login, or az account set for the subscription")
    subscription = answer.get("subscription")
    return Token(token, subscription if isinstance(subscription, str) else "")
