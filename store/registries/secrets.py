"""Where secrets stand: names of environment variables or keyring entries; a secret itself is never kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec

from store.registries.errors import RemoteError

SERVICE = "modeltui"
"""The name under which a keyring keeps our entries."""


def check_reference(reference: str) -> str:
    """The reference as it may be stored.

    Raises:
        RemoteError: kind `secret`, it is neither `env:NAME` nor `keyring:ENTRY` – perhaps it is the secret itself, so
            that it is not repeated.
    """
    kind, _, name = reference.partition(":")
    if kind not in ("env", "keyring") or not name.strip() or (kind == "env" and not name.isidentifier()):
        raise RemoteError(
            "secret",
            "a secret is named, not given: write env:VARIABLE or keyring:ENTRY, such as env:MLFLOW_TRACKING_TOKEN",
        )
    return reference


_IN_ADDRESS = re.compile(
    r"https?://[^/?#@]{20,}@|[a-z0-9+.-]+://[^/?#@:]*:[^/?#@]*@"
    r"|[?&](?:[a-z_.-]*(?:token|password|passwd|secret|signature|api[_-]?key)|sig)=[^&#]",
    re.IGNORECASE,
)
"""A user with a password before the host (over http a long user alone is a token), or a parameter that is one."""


def check_address(text: str) -> None:
    """Refuse an address or setting that holds a secret: it would be kept, and the history never forgets.

    Raises:
        RemoteError: kind `secret`; what it holds is not repeated.
    """
    if _IN_ADDRESS.search(text):
        raise RemoteError(
            "secret",
            "the address holds a password or token, which would be kept; take it out and name it: --secret K=env:VAR",
        )


def resolve_secret(reference: str, environ: Mapping[str, str]) -> str:
    """The secret behind `env:VARIABLE` or `keyring:ENTRY`.

    Raises:
        RemoteError: kind `secret`, it is not there.
    """
    kind, _, name = check_reference(reference).partition(":")
    if kind == "env":
        if not environ.get(name):
            raise RemoteError("secret", f"the environment variable {name} is not set; it should hold the secret")
        return environ[name]
    return _from_keyring(name)


def _from_keyring(entry: str) -> str:
    if find_spec("keyring") is None:
        raise RemoteError("secret", f"keyring:{entry} needs the package keyring; pip install 'modeltui[keyring]'")
    keyring, errors = import_module("keyring"), import_module("keyring.errors")
    try:
        found = keyring.get_password(SERVICE, entry)
    except errors.NoKeyringError as error:
        said = f"keyring:{entry} cannot be read, because no keyring runs here, as under cron; name it as env:VARIABLE"
        raise RemoteError("secret", said) from error
    except (errors.KeyringError, OSError) as error:
        raise RemoteError("secret", f"the keyring cannot be read ({type(error).__name__}); unlock it") from error
    if not found:
        raise RemoteError("secret", f"the keyring has no entry {entry}; set it: keyring set {SERVICE} {entry}")
    return str(found)
