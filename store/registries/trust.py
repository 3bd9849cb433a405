"""Whose certificates are trusted: the system's authorities, with a registry's own and a client certificate."""

from __future__ import annotations

import ssl
from functools import cache

from store.registries.adapter import Connection
from store.registries.errors import RemoteError


@cache
def _of_the_system() -> ssl.SSLContext:
    """The system's trust store, read once: that takes longer than many an answer."""
    return ssl.create_default_context()


def trust(connection: Connection) -> ssl.SSLContext:
    """The system's trust store, with the registry's own authority and client certificate where it has them.

    Raises:
        RemoteError: kind `settings`, such a file cannot be read.
    """
    if not connection.ca and not connection.client_cert:
        return _of_the_system()
    context = ssl.create_default_context()
    named = connection.ca
    try:
        if connection.ca:
            context.load_verify_locations(connection.ca)
        named = connection.client_cert
        if connection.client_cert:
            # without a password OpenSSL would ask at the terminal, into the middle of the screen
            context.load_cert_chain(connection.client_cert, connection.client_key or None, password="")
    except (OSError, ssl.SSLError) as error:
        missing = isinstance(error, FileNotFoundError | PermissionError)
        reason = str(error.strerror) if missing else "it is no PEM file, or needs a password"
        raise RemoteError("settings", f"the certificate file {named} cannot be used: {reason}") from error
    return context
