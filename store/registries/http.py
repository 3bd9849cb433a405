"""One way to ask a remote, for all adapters: only the JSON that was expected, within bounds, to one host only.

The rules are those that the captures of real registries taught: a web page is never an answer, what is throttled or
briefly broken is asked again, redirects and links to other hosts are not followed because credentials would go along,
and an error names the host and what to do but never a secret.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import field
from datetime import date
from types import TracebackType
from typing import Any, Literal, Self

import httpx

from store.records import Json
from store.registries import answers
from store.registries.adapter import Connection
from store.registries.answers import Answer, Masks, Unpacked
from store.registries.cache import AnswerCache
from store.registries.errors import RemoteError
from store.registries.secrets import resolve_secret
from store.registries.trust import trust
from store.values import dataclass

RETRIED = frozenset((408, 429, 500, 502, 503, 504))
"""Statuses after which the same question may be asked again; all our requests only read."""

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may take. Seconds and bytes; `answer_*` hold for one answer, `requests` and `bytes` for the run."""

    answer_seconds: float = 120
    silence_seconds: float = 30
    connect_seconds: float = 15
    requests: int = 10_000
    bytes: int = 1024 * 1024 * 1024
    tries: int = 4
    wait_seconds: float = 60


@dataclass(slots=True)
class Usage:
    """What a run has taken so far: requests sent (also repeated ones) and bytes received, after decompression."""

    requests: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Pages:
    """A guard for a loop over pages: stops when a token comes back or the pages do not end."""

    most: int = 10_000
    seen: set[str] = field(default_factory=set)

    def turn(self, token: str) -> str:
        """Note the token of the next page and give it back.

        Raises:
            RemoteError: kind `broken`, the remote leads in a circle or without end.
        """
        if token in self.seen:
            raise RemoteError("broken", "the registry sends the same page again and again; nothing was taken over")
        if len(self.seen) >= self.most:
            raise RemoteError("broken", f"the registry has more than {self.most:,} pages; nothing was taken over")
        self.seen.add(token)
        return token


class Client:
    """Asks one remote. Use it as an async context manager; cancel the task to stop at any time.

    `environ` is where secrets come from, `today` the day that facts without a date are of; `cache` keeps answers of
    public catalogs. `sleep`, `jitter` (0 to 1) and `transport` are there for tests. With `offline` every request
    raises before a socket is opened.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        environ: Mapping[str, str] = os.environ,
        offline: bool = False,
        today: date | None = None,
        cache: AnswerCache | None = None,
        limits: Limits | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.connection = connection
        self.environ = environ
        self.offline = offline
        self.today = today or date.today()
        self.usage = Usage()
        self.limits = limits or Limits()
        self._cache, self._sleep, self._jitter, self._transport = cache, sleep, jitter, transport
        self._headers: dict[str, str] = {}
        self._masks = Masks()
        self._unlocked: dict[str, str | RemoteError] = {}
        self._siblings: list[Client] = []
        self._open: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for sibling in self._siblings:
            await sibling.__aexit__(kind, error, trace)
        if self._open is not None:
            await self._open.aclose()
            self._open = None

    # ── setting up ──

    def authorize(self, headers: Mapping[str, str]) -> None:
        """Send these headers with every request from now on; their values are masked in every error."""
        for value in headers.values():
            self._masks.add(value, *value.split())
        self._headers.update(headers)

    async def unlock(self, references: Iterable[str]) -> None:
        """Ask the keyring for these, beside the event loop: it may ask a person for its password first."""
        for reference in references:
            if reference.startswith("keyring:"):
                try:
                    self._unlocked[reference] = await asyncio.to_thread(resolve_secret, reference, self.environ)
                except RemoteError as trouble:
                    self._unlocked[reference] = trouble  # said where the secret is needed, if it is

    def secret(self, reference: str) -> str:
        """The secret behind `env:VARIABLE` or `keyring:ENTRY`, masked from now on.

        Raises:
            RemoteError: kind `secret`, it is not there.
        """
        found = self._unlocked.get(reference) or resolve_secret(reference, self.environ)
        if isinstance(found, RemoteError):
            raise found
        self._masks.add(found)
        return found

    def mask(self, *secrets: str) -> None:
        """Hide these in every error from now on."""
        self._masks.add(*secrets)

    def variable(self, name: str, *, secret: bool = False) -> str:
        """An environment variable, "" where it is not set; a `secret` one is masked from now on."""
        found = self.environ.get(name, "")
        if secret:
            self._masks.add(found)
        return found

    def at(self, base: str) -> Client:
        """A client for another host (a token endpoint, prices) that sends none of the headers of this one.

        Bounds, counters, masks and TLS settings are shared.
        """
        connection = Connection(
            base, self.connection.ca, self.connection.client_cert, self.connection.client_key, self.connection.max_bytes
        )
        sibling = Client(
            connection, environ=self.environ, offline=self.offline, today=self.today, cache=self._cache,
            limits=self.limits, sleep=self._sleep, jitter=self._jitter, transport=self._transport,
        )  # fmt: skip
        sibling.usage, sibling._masks = self.usage, self._masks
        self._siblings.append(sibling)
        return sibling

    # ── asking ──

    async def get_json(
        self,
        target: str,
        *,
        params: Mapping[str, str | int | list[str]] | None = None,
        headers: Mapping[str, str] | None = None,
        expect: str | None = None,
        or_empty: bool = False,
        cached: bool = False,
    ) -> dict[str, Json]:
        """The JSON object at a path below the base, or at an absolute address on the same host.

        Args:
            target: path, or the absolute address of a next page.
            params: the query.
            headers: for this request only.
            expect: the key that the object must have.
            or_empty: `{}` is an answer as well (MLflow leaves empty lists out).
            cached: keep the answer by its ETag; only for public catalogs.

        Raises:
            RemoteError: it is no such answer, or it could not be had; with one sentence.
        """
        url = self._url(target, params)
        kept = self._cache.load(str(url)) if cached and self._cache is not None else None
        sent = {**(headers or {}), **({"If-None-Match": kept.etag} if kept else {})}
        answer = await self._ask("GET", url, headers=sent)
        if answer.status == 304 and kept is not None and self._cache is not None:
            try:
                return await self._document(kept.body, answer, url, expect, or_empty)
            except RemoteError:
                self._cache.drop(str(url))
                answer = await self._ask("GET", url, headers=headers or {})
        document = await self._document(answer.body, answer, url, expect, or_empty)
        if cached and self._cache is not None and answer.headers.get("etag"):
            self._cache.keep(str(url), answer.headers["etag"], answer.body)
        return document

    async def post_json(
        self,
        target: str,
        body: Json,
        *,
        headers: Mapping[str, str] | None = None,
        expect: str | None = None,
        or_empty: bool = False,
    ) -> dict[str, Json]:
        """The answer to a search that is sent as a JSON body; repeated like a GET, for it only reads."""
        url = self._url(target, None)
        answer = await self._ask("POST", url, headers=headers or {}, json=body)
        return await self._document(answer.body, answer, url, expect, or_empty)

    async def send_json(self, method: Literal["POST", "PATCH", "DELETE"], target: str, body: Json) -> dict[str, Json]:
        """Write something and give back the answer. It may be repeated, so only what does no harm twice is sent so."""
        url = self._url(target, None)
        answer = await self._ask(method, url, headers={}, json=body)
        return await self._document(answer.body, answer, url, None, True)

    async def post_form(self, target: str, form: Mapping[str, str], *, expect: str | None = None) -> dict[str, Json]:
        """The answer to a form, as token endpoints want it."""
        url = self._url(target, None)
        answer = await self._ask("POST", url, headers={}, data=dict(form))
        return await self._document(answer.body, answer, url, expect, False)

    async def get_bytes(
        self,
        target: str,
        *,
        params: Mapping[str, str | int | list[str]] | None = None,
        headers: Mapping[str, str] | None = None,
        search: Json = None,
    ) -> bytes:
        """The bytes at an address, for who knows their form; a web page is refused. `search` is sent as `post_json`."""
        url = self._url(target, params)
        if search is None:
            answer = await self._ask("GET", url, headers=headers or {})
        else:
            answer = await self._ask("POST", url, headers=headers or {}, json=search)
        if answer.status != 200 or answers.is_page(answer):
            raise answers.refused(answer, url.host, self._masks)
        return answer.body

    async def get_text(self, target: str) -> str:
        """A short text such as a version number; a web page is refused."""
        return (await self.get_bytes(target))[:10_000].decode("utf-8", "replace").strip()

    # ── one request ──

    def _url(self, target: str, params: Mapping[str, str | int | list[str]] | None) -> httpx.URL:
        base = _address(self.connection.base)
        if "://" in target.partition("?")[0]:
            url = _address(target)
            if _origin(url) != _origin(base):
                raise RemoteError(
                    "broken",
                    f"{base.host} refers to another host ({answers.short(url.host)}); it is not followed, "
                    "because the credentials would go along",
                )
        else:
            url = base
        try:
            if target and url is base:
                url = httpx.URL(f"{str(base).rstrip('/')}/{target.lstrip('/')}")
            return url.copy_merge_params(params) if params else url
        except (httpx.InvalidURL, ValueError) as error:  # a name or token of the remote that no address can hold
            said = answers.short(str(error))
            raise RemoteError("broken", f"{base.host} names something that cannot be asked for: {said}") from error

    async def _ask(self, method: str, url: httpx.URL, *, headers: Mapping[str, str], **body: Any) -> Answer:
        """Send one question, again where that may help.

        Raises:
            RemoteError: no answer that could be used, after the last try.
        """
        for attempt in range(1, self.limits.tries + 1):
            last = attempt == self.limits.tries
            try:
                answer = await self._once(method, url, headers, body)
            except httpx.HTTPError as error:
                trouble = answers.failed(error, url.host, self._masks, tls=url.scheme == "https", port=url.port)
                if last or not answers.may_pass(error):
                    raise trouble from error
                wait = 0.0
            else:
                if answer.status not in RETRIED:
                    return answer
                if last:
                    raise answers.refused(answer, url.host, self._masks)
                wait = answers.retry_after(answer)
            # full jitter on top of a wait that doubles, so that several clients do not come back together
            wait = min(wait or 2.0 ** (attempt - 1), self.limits.wait_seconds)
            await self._sleep(wait + self._jitter() * min(wait, 1.0))
        raise AssertionError("the last try returns or raises")

    async def _once(self, method: str, url: httpx.URL, headers: Mapping[str, str], body: Mapping[str, Any]) -> Answer:
        if self.offline:
            raise RemoteError("offline", f"{url.host} was not asked: modeltui is offline (--offline, or the setting)")
        if self.usage.requests >= self.limits.requests:
            raise RemoteError("broken", f"{url.host} needed more than {self.limits.requests:,} requests; stopped there")
        self.usage.requests += 1
        http = self._http()
        try:
            async with asyncio.timeout(self.limits.answer_seconds):
                request = http.build_request(method, url, headers={**self._headers, **headers}, **body)
                response = await http.send(request, stream=True)
                try:
                    return Answer(response.status_code, dict(response.headers), await self._read(response, url.host))
                finally:
                    await response.aclose()
        except TimeoutError as error:
            seconds = f"{self.limits.answer_seconds:g} s"
            raise RemoteError("too_slow", f"{url.host} did not finish an answer within {seconds}") from error
        except OSError as error:  # what httpx leaves as it is, such as a TLS fault in the middle of an answer
            raise httpx.ReadError(type(error).__name__) from error

    async def _read(self, response: httpx.Response, host: str) -> bytes:
        """The body, unpacked by us so that a small answer cannot become a large one before it is noticed."""
        if response.is_stream_consumed:  # an answer of httpx.MockTransport is read and unpacked already
            return response.content
        said = response.headers
        most, declared = self.connection.max_bytes, said.get("content-length", "")
        unpacked = Unpacked(said.get("content-encoding", ""), most, host, declared)
        async for chunk in response.aiter_raw():
            self.usage.bytes += unpacked.add(chunk)
            if self.usage.bytes > self.limits.bytes:
                raise RemoteError("too_large", f"{host} sent more than {self.limits.bytes >> 20:,} MB in one run")
        return unpacked.end()

    async def _document(
        self, body: bytes, answer: Answer, url: httpx.URL, expect: str | None, or_empty: bool
    ) -> dict[str, Json]:
        if not (200 <= answer.status < 300 or answer.status == 304) or answers.is_page(answer):
            raise answers.refused(answer, url.host, self._masks)
        try:
            document = await asyncio.to_thread(json.loads, body) if len(body) > 1_000_000 else json.loads(body)
        except (ValueError, RecursionError) as error:
            raise RemoteError("not_an_api", f"{url.host} answered with something that is no JSON") from error
        if not isinstance(document, dict) or (expect and expect not in document and not (or_empty and not document)):
            wanted = f" with '{expect}'" if expect else ""
            raise RemoteError("not_an_api", f"{url.host} answered with JSON, but not with an object{wanted}")
        return document

    def _http(self) -> httpx.AsyncClient:
        if self._open is None:
            limits = self.limits
            try:
                self._open = httpx.AsyncClient(
                    verify=trust(self.connection),
                    transport=self._transport,
                    follow_redirects=False,
                    timeout=httpx.Timeout(limits.silence_seconds, connect=limits.connect_seconds),
                    headers={"User-Agent": "modeltui", "Accept": "application/json", "Accept-Encoding": "gzip"},
                )
            except (ValueError, httpx.InvalidURL) as error:
                said = self._masks.hide(str(error))
                raise RemoteError(
                    "settings", f"the proxy named in the environment (HTTPS_PROXY …) cannot be used: {said}"
                ) from error
        return self._open


def _address(text: str) -> httpx.URL:
    """An http address.

    Raises:
        RemoteError: kind `settings`, it is none, or it holds a password.
    """
    try:
        url = httpx.URL(text.strip())
    except (httpx.InvalidURL, ValueError) as error:
        raise RemoteError("settings", f"'{answers.short(text)}' is not an address: {error}") from error
    if url.userinfo:
        raise RemoteError(
            "settings", f"the address of {url.host} holds a password; take it out and name it with --secret K=env:VAR"
        )
    if url.scheme not in _PORTS or not url.host:
        raise RemoteError("settings", f"'{answers.short(text)}' is not an address; write https://host or http://host")
    return url


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host.casefold(), url.port or _PORTS.get(url.scheme, 0)
