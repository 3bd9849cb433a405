"""Where an MLflow registry answers, which dialect it speaks, and what we show it: as MLflow's own client does it.

The address is the registry's own, else the environment's (`MLFLOW_REGISTRY_URI`, `MLFLOW_TRACKING_URI`,
`DATABRICKS_HOST`). Credentials are the registry's own secrets, else the environment's, else those in
`~/.mlflow/credentials`; the last two go only to the server that the environment names, where it names one.
"""

from __future__ import annotations

import base64
import configparser
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from store.records import Registry
from store.registries.adapter import Connection
from store.registries.errors import RemoteError
from store.registries.http import Client
from store.values import dataclass

Dialect = Literal["mlflow", "databricks", "unity-catalog"]
DIALECTS: tuple[Dialect, ...] = ("mlflow", "databricks", "unity-catalog")

_DATABRICKS_HOSTS = (".azuredatabricks.net", ".databricks.com", ".databricks.azure.cn", ".databricks.azure.us")
_PATIENCE = "MLFLOW_HTTP_REQUEST_TIMEOUT"
LONGEST = 1800.0
"""Seconds that one answer may take at most."""
_URIS = ("MLFLOW_REGISTRY_URI", "MLFLOW_TRACKING_URI")


@dataclass(frozen=True, slots=True)
class Access:
    """`address` of the registry, `tracking` of the server that has the runs, and the dialect."""

    address: str
    tracking: str
    dialect: Dialect


def access(registry: Registry, environ: Mapping[str, str]) -> Access:
    """Where and how to ask.

    Raises:
        RemoteError: kind `settings`, no address is given, or it is none that can be asked.
    """
    named = registry.address.strip() or _first(environ, *_URIS)
    if not named and environ.get("DATABRICKS_HOST"):
        named = "databricks"
    if not named:
        raise RemoteError(
            "settings", f"{registry.name} has no address; give it, or set MLFLOW_TRACKING_URI, such as http://host:5000"
        )
    address, spoken = _http(named, environ)
    wanted = str(registry.settings.get("dialect", "")) or spoken
    if wanted not in DIALECTS:
        raise RemoteError("settings", f"dialect is '{wanted}'; write one of {', '.join(DIALECTS)}")
    tracking = str(registry.settings.get("tracking", ""))
    if not tracking and not registry.address.strip():
        tracking = environ.get("MLFLOW_TRACKING_URI", "")
    return Access(address, _http(tracking, environ)[0] if tracking else address, _dialect(wanted))


def connection(registry: Registry, environ: Mapping[str, str]) -> Connection:
    """The address with the certificates that the settings or MLflow's own variables name."""

    def given(name: str, variable: str) -> str:
        return str(registry.settings.get(name, "")) or environ.get(variable, "")

    return Connection(
        access(registry, environ).address,
        ca=given("ca", "MLFLOW_TRACKING_SERVER_CERT_PATH"),
        client_cert=given("client_cert", "MLFLOW_TRACKING_CLIENT_CERT_PATH"),
        client_key=str(registry.settings.get("client_key", "")),
    )


def authorize(registry: Registry, client: Client, address: str, dialect: Dialect) -> None:
    """Let a client send the credentials that are meant for its address.

    Raises:
        RemoteError: kind `secret` or `settings`, they cannot be had.
    """
    found = _own(registry, client) or _of_environment(client, address, dialect)
    if found:
        client.authorize({"Authorization": found})


def be_patient(client: Client) -> None:
    """Wait for an answer as long as MLflow's own client is told to.

    Raises:
        RemoteError: kind `settings`, that is no number of seconds.
    """
    told = client.variable(_PATIENCE)
    if not told:
        return
    try:
        seconds = float(told)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= LONGEST:
        raise RemoteError("settings", f"{_PATIENCE} is '{told[:40]}'; write seconds, from 1 to {LONGEST:g}")
    client.limits = replace(client.limits, answer_seconds=seconds, silence_seconds=seconds)


# ── the address ──


def _dialect(word: str) -> Dialect:
    return next(dialect for dialect in DIALECTS if dialect == word)


def _http(named: str, environ: Mapping[str, str]) -> tuple[str, Dialect]:
    """The http address behind MLflow's ways to name a server, and the dialect that this implies."""
    scheme, _, rest = named.partition(":")
    if scheme in ("databricks", "databricks-uc"):
        host = environ.get("DATABRICKS_HOST", "")
        if rest.strip("/") or not host:
            raise RemoteError("settings", f"{named} needs DATABRICKS_HOST (profiles are not read); set it")
        named = host if "://" in host else f"https://{host}"
        return _tidy(named), "unity-catalog" if scheme == "databricks-uc" else "databricks"
    if "://" not in named or scheme not in ("http", "https"):
        raise RemoteError(
            "settings", f"'{named}' is no server; modeltui asks MLflow over HTTP, so start one: mlflow server"
        )
    address = _tidy(named)
    host = urlsplit(address).hostname or ""
    return address, "databricks" if host.endswith(_DATABRICKS_HOSTS) else "mlflow"


def _tidy(address: str) -> str:
    """Without what a browser shows behind it (`/#/models`)."""
    return address.partition("#")[0].rstrip("/")


def _first(environ: Mapping[str, str], *names: str) -> str:
    return next((environ[name] for name in names if environ.get(name)), "")


# ── credentials ──


def _own(registry: Registry, client: Client) -> str:
    secrets = registry.secrets
    if "password" in secrets:
        name = client.secret(secrets["username"]) if "username" in secrets else registry.settings.get("username", "")
        return _basic(str(name), client.secret(secrets["password"]))
    return f"Bearer {client.secret(secrets['token'])}" if "token" in secrets else ""


def _of_environment(client: Client, address: str, dialect: Dialect) -> str:
    environ = client.environ
    if dialect != "mlflow":
        host = environ.get("DATABRICKS_HOST", "")
        meant = not host or _same_server(host if "://" in host else f"https://{host}", address)
        if meant and (token := client.variable("DATABRICKS_TOKEN", secret=True)):
            return f"Bearer {token}"
    named = [environ[name] for name in _URIS if environ.get(name)]
    if named and not any(_same_server(uri, address) for uri in named):
        return ""
    saved = _saved(environ)
    name, password, token = (
        client.variable(f"MLFLOW_TRACKING_{part}", secret=part != "USERNAME")
        or saved.get(f"mlflow_tracking_{part.lower()}", "")
        for part in ("USERNAME", "PASSWORD", "TOKEN")
    )
    client.mask(password, token)
    if name and password:
        return _basic(name, password)
    return f"Bearer {token}" if token else ""


def _same_server(one: str, other: str) -> bool:
    a, b = urlsplit(one), urlsplit(other)
    return (a.scheme, a.netloc.casefold()) == (b.scheme, b.netloc.casefold())


def _basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def _saved(environ: Mapping[str, str]) -> Mapping[str, str]:
    """What `~/.mlflow/credentials` holds."""
    path = Path(environ.get("HOME") or Path.home()) / ".mlflow" / "credentials"
    parser = configparser.ConfigParser(interpolation=None)
    try:
        with path.open(encoding="utf-8") as file:
            parser.read_file(file)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        # the parser's own message quotes the line, which may be the password
        raise RemoteError(
            "settings",
            f"~/.mlflow/credentials cannot be read ({type(error).__name__}); it is an INI file with [mlflow]",
        ) from None
    return dict(parser["mlflow"]) if parser.has_section("mlflow") else {}
