"""What an answer of a remote means: unpacking it within bounds, and saying in one sentence why it is of no use."""

from __future__ import annotations

import json
import socket
import ssl
import unicodedata
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from store.registries.errors import Kind, RemoteError
from store.values import dataclass

MAX_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers by their name in small letters, and the unpacked body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Masks:
    """The secrets of a run, which no message may hold."""

    secrets: set[str] = field(default_factory=set)

    def add(self, *secrets: str) -> None:
        """Hide these from now on; a text too short to be a secret would only blur the message."""
        self.secrets.update(s for s in secrets if len(s) >= 4 and s not in ("Basic", "Bearer"))

    def hide(self, text: str) -> str:
        """A text without secrets and without what a terminal would obey, cut to a readable length."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, "•••")
        return short(text)


def short(text: str) -> str:
    """A foreign text as it may be shown: printable, on one line, cut."""
    plain = "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    plain = " ".join(plain[: MAX_SHOWN * 4].split())
    return plain if len(plain) <= MAX_SHOWN else f"{plain[: MAX_SHOWN - 1]}…"


class Unpacked:
    """A body while it arrives: bounded after decompression, whatever it claims to be.

    Only gzip is asked for; what comes packed in another way cannot be read. One whose `declared` length is above the
    bound is not read at all.
    """

    def __init__(self, encoding: str, most: int, host: str, declared: str = "") -> None:
        self._parts: list[bytes] = []
        self._left, self._most, self._host = most, most, host
        name = encoding.strip().casefold()
        if name not in ("", "identity", "gzip", "x-gzip"):
            raise RemoteError("broken", f"{host} packs its answers as {short(encoding)}, which nobody asked for")
        self._gzip = zlib.decompressobj(wbits=31) if "gzip" in name else None
        if declared.isdecimal() and int(declared[:20]) > most:
            raise self._too_large()

    def add(self, chunk: bytes) -> int:
        """Take a piece in; the number of bytes that it became.

        Raises:
            RemoteError: kind `too_large` or `broken`.
        """
        if self._gzip is not None:
            try:
                chunk = self._gzip.decompress(chunk, self._left + 1)
            except zlib.error as error:
                raise RemoteError("broken", f"the answer of {self._host} is damaged (gzip)") from error
        self._left -= len(chunk)
        if self._left < 0:
            raise self._too_large()
        self._parts.append(chunk)
        return len(chunk)

    def _too_large(self) -> RemoteError:
        size = f"{self._most >> 20:,} MB" if self._most >> 20 else f"{self._most:,} bytes"
        return RemoteError("too_large", f"an answer of {self._host} is larger than {size}; it was not read on")

    def end(self) -> bytes:
        """The whole body.

        Raises:
            RemoteError: kind `broken`, it stopped in the middle.
        """
        if self._gzip is not None and not self._gzip.eof and self._parts:
            raise RemoteError("broken", f"the answer of {self._host} stopped in the middle")
        return b"".join(self._parts)


def is_page(answer: Answer) -> bool:
    """True for a web page, whatever its status says."""
    kind = answer.headers.get("content-type", "").casefold()
    return "html" in kind or answer.body[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(
        (b"<!doctype", b"<html")
    )


def retry_after(answer: Answer, now: datetime | None = None) -> float:
    """Seconds that the remote asks us to wait, 0 where it does not say."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:6])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return 0.0
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - (now or datetime.now(UTC))).total_seconds())


# ── what is wrong, in one sentence ──

_STATUS: Mapping[int, tuple[Kind, str]] = {
    401: ("unauthorized", "{host} does not accept the credentials (401); check the token or password and its name"),
    403: ("forbidden", "{host} knows you, but you may not read this (403); ask its owner for read access"),
    404: ("not_found", "{host} has nothing at that address (404); check the address and what follows the host"),
    405: ("not_an_api", "{host} answers, but not as this kind of API (405); check the address and the kind"),
    407: ("unauthorized", "the proxy wants credentials (407); set them in HTTPS_PROXY"),
    408: ("too_slow", "{host} gave up waiting (408); try again later"),
    410: ("not_found", "what was at that address of {host} is gone for good (410)"),
    429: ("throttled", "{host} has had enough requests for now (429); try again in a few minutes"),
}


def refused(answer: Answer, host: str, masks: Masks) -> RemoteError:
    """Why an answer cannot be used."""
    status = answer.status
    code, said = _their_words(answer.body)
    code, said = masks.hide(code), masks.hide(said)

    def error(kind: Kind, text: str) -> RemoteError:
        return RemoteError(kind, text, status=status, code=code, said=said)

    if 300 <= status < 400:
        target = short(answer.headers.get("location", ""))
        where = f" to {masks.hide(target.partition('?')[0])}" if target else ""
        text = f"{host} redirects{where} ({status}); redirects are not followed, so give the address it leads to"
        return error("not_an_api", text)
    if status in _STATUS and not (status in (404, 405) and is_page(answer)):
        kind, text = _STATUS[status]
        return error(kind, text.format(host=host))
    if is_page(answer) and status < 500:
        return error("not_an_api", f"{host} answers with a web page, not with the API; check the address")
    if status >= 500:
        return error("broken", f"{host} has trouble of its own ({status}); try again later")
    reason = f": {said}" if said else ""
    return error("refused", f"{host} did not accept the request ({status}{reason})")


def _their_words(body: bytes) -> tuple[str, str]:
    """Code and message of an error as MLflow (`error_code`, `message`) and Azure (`error.code`) write it."""
    try:
        document = json.loads(body) if len(body) < 100_000 else None
    except (ValueError, RecursionError):
        return "", ""
    if isinstance(document, dict) and isinstance(document.get("error"), dict):
        document = document["error"]
    if not isinstance(document, dict):
        return "", ""
    code, said = document.get("error_code", document.get("code", document.get("error", ""))), document.get("message")
    return (code if isinstance(code, str) else ""), (said if isinstance(said, str) else "")


def failed(
    error: httpx.HTTPError, host: str, masks: Masks, *, tls: bool = False, port: int | None = None
) -> RemoteError:
    """Why there was no answer; `tls` where the address is https, `port` where it names one."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = cause.verify_message or "it could not be verified"
            text = f"the certificate of {host} is not trusted ({why}); name its authority with --set ca=FILE"
            return RemoteError("certificate", text)
        if isinstance(cause, ssl.SSLError):
            return RemoteError("certificate", f"{host} does not speak TLS as expected; should the address be http://?")
        if isinstance(cause, socket.gaierror):
            return RemoteError("unreachable", f"the name {host} is not found; check the address and the network")
    if isinstance(error, httpx.ProxyError):
        return RemoteError("unreachable", f"the proxy does not let us through to {host}: {masks.hide(str(error))}")
    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
        at = f"{host}:{port}" if port else host
        return RemoteError("unreachable", f"nothing answers at {at}; is it running, and can it be reached from here?")
    if isinstance(error, httpx.TimeoutException):
        return RemoteError("too_slow", f"{host} stopped answering in the middle")
    if isinstance(error, httpx.LocalProtocolError):
        return RemoteError(
            "secret", f"the request to {host} cannot be sent: a secret has a line break or odd character"
        )
    if tls and isinstance(error, httpx.RemoteProtocolError) and "without sending" in str(error):
        # who misses a client certificate often just hangs up
        text = f"{host} closed the connection without an answer; does it want a client certificate (client_cert=FILE)?"
        return RemoteError("broken", text)
    return RemoteError("broken", f"the connection to {host} broke off before the answer was complete")


def may_pass(error: httpx.HTTPError) -> bool:
    """True for trouble that another try may not meet."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError):
            return False
        if isinstance(cause, socket.gaierror):
            return cause.errno == socket.EAI_AGAIN
    return isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ReadError | httpx.RemoteProtocolError)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    for _ in range(10):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or seen.__context__
