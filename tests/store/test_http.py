"""The HTTP client against servers that misbehave: bounded bytes, requests and time, and nothing that leaks."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import subprocess
import sys
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from hostile import endless, reply, serving
from hypothesis import given
from hypothesis import strategies as st

from store.records import Registry
from store.registries.adapter import KINDS, Connection, adapter
from store.registries.answers import Answer, Masks, failed, may_pass, retry_after, short
from store.registries.cache import AnswerCache
from store.registries.errors import MAX_SENTENCE, RemoteError
from store.registries.http import Client, Limits, Pages
from store.sync_run import connector, read

MB = 1024 * 1024


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


class Sleeps(list[float]):
    """What was waited, without waiting."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


def client(base: str, *, most: int = MB, **more: Any) -> Client:
    more.setdefault("sleep", Sleeps())
    return Client(Connection(base, max_bytes=most), jitter=lambda: 0.5, **more)


async def trouble(base: str, path: str = "/api", *, most: int = MB, **more: Any) -> RemoteError:
    async with client(base, most=most, **more) as asking:
        with pytest.raises(RemoteError) as raised:
            await asking.get_json(path, expect="rows")
    return raised.value


async def test_an_object_with_the_expected_key_is_an_answer_and_is_counted() -> None:
    with serving(reply({"rows": [1]}, packed=True)) as server:
        async with client(server.base + "/prefix/") as asking:
            found = await asking.get_json("/api/list", params={"token": "a b"}, expect="rows")
            assert found == {"rows": [1]}
            assert (asking.usage.requests, asking.usage.bytes) == (1, len(b'{"rows": [1]}'))
    assert server.asked[0].startswith("GET /prefix/api/list?token=a%20b HTTP/1.1") or "token=a+b" in server.asked[0]


@pytest.mark.parametrize(
    ("body", "kind", "status", "expected"),
    [
        ("<!DOCTYPE html><title>MLflow</title>", "text/html", 200, "not_an_api"),
        ("  <html>", "application/json", 200, "not_an_api"),
        ("<html>sign in</html>", "text/html", 404, "not_an_api"),
        ("<html>proxy</html>", "text/html", 401, "unauthorized"),
        ("[1, 2]", "application/json", 200, "not_an_api"),
        ('{"other": 1}', "application/json", 200, "not_an_api"),
        ('{"rows": [', "application/json", 200, "not_an_api"),
        ("[" * 100_000, "application/json", 200, "not_an_api"),
        ('{"rows": ' + "9" * 5000 + "}", "application/json", 200, "not_an_api"),
        (b"\xff\xfe\x00", "application/json", 200, "not_an_api"),
        ("{}", "application/json", 200, "not_an_api"),
        ('{"error_code": "X", "message": "bad \\u001b[31m filter"}', "application/json", 400, "refused"),
        ('{"error": {"code": "AuthorizationFailed", "message": "id 1"}}', "application/json", 403, "forbidden"),
        ("{}", "application/json", 404, "not_found"),
    ],
)
async def test_only_the_json_that_was_expected_is_accepted(body: Any, kind: str, status: int, expected: str) -> None:
    with serving(reply(body, kind=kind, status=status)) as server:
        error = await trouble(server.base)
    assert error.kind == expected
    assert len(server.asked) == 1, "what will not get better is not asked again"
    assert "127.0.0.1" in str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 300


async def test_an_empty_object_is_an_answer_only_where_that_is_said() -> None:
    with serving(reply("{}")) as server:
        async with client(server.base) as asking:
            assert await asking.get_json("/a", expect="rows", or_empty=True) == {}


# ── bounds ──


async def test_a_large_body_is_left_at_its_bound() -> None:
    with serving(endless(b" " * 65536)) as server:
        error = await trouble(server.base, most=MB)
    assert error.kind == "too_large"
    assert server.sent < 12 * MB, "what the kernel had buffered, no more"


async def test_a_gzip_bomb_is_left_before_it_unfolds() -> None:
    with serving(reply(b'{"rows": "' + b"0" * (64 * MB) + b'"}', packed=True)) as server:
        async with client(server.base) as asking:
            with pytest.raises(RemoteError) as raised:
                await asking.get_json("/a")
            assert asking.usage.bytes <= MB
    assert raised.value.kind == "too_large"


MEASURED = """
import asyncio, sys, tracemalloc
from store.registries.adapter import Connection
from store.registries.errors import RemoteError
from store.registries.http import Client

async def ask(path):
    async with Client(Connection(sys.argv[1], max_bytes=32 << 20)) as asking:
        try:
            return "answered" if await asking.get_json(path, expect="rows") else ""
        except RemoteError as error:
            return error.kind

print(asyncio.run(ask("/small")))
tracemalloc.start()
print(asyncio.run(ask("/large")))
print(tracemalloc.get_traced_memory()[1])
"""


def bomb(size: int) -> bytes:
    """Gzip that becomes `size` MB."""
    packing = zlib.compressobj(1, wbits=31)
    return b"".join([*(packing.compress(b"0" * MB) for _ in range(size)), packing.flush()])


@pytest.mark.parametrize(
    "answer",
    [endless(b" " * 65536), reply(b" ", length=200 * MB), reply(bomb(200), headers={"content-encoding": "gzip"})],
    ids=["200 MB and more", "200 MB declared", "gzip bomb"],
)
def test_a_hostile_answer_takes_little_memory(answer: Any) -> None:
    with serving(reply({"rows": [1]}), answer) as server:
        command = [sys.executable, "-c", MEASURED, server.base]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    answered, kind, growth = done.stdout.split()
    assert (answered, kind) == ("answered", "too_large")
    assert int(growth) < 64 * MB
    assert len(server.asked) == 2, "what is too large is not asked again"


async def test_a_slow_drip_ends_with_the_time_for_one_answer() -> None:
    with serving(endless(b" ", 0.02)) as server:
        error = await trouble(server.base, limits=Limits(answer_seconds=0.3))
    assert error.kind == "too_slow"
    assert len(server.asked) == 1


async def test_a_run_is_bounded_in_requests_and_bytes() -> None:
    with serving(reply({"rows": ["x" * 1000]})) as server:
        for limits, kind in ((Limits(requests=3), "broken"), (Limits(bytes=2500), "too_large")):
            server.asked.clear()
            async with client(server.base, limits=limits) as asking:
                for _ in range(2):
                    await asking.get_json("/a")
                if kind == "broken":
                    await asking.get_json("/a")
                with pytest.raises(RemoteError) as raised:
                    await asking.get_json("/a")
            assert raised.value.kind == kind
            assert len(server.asked) == 3


def test_pages_that_repeat_or_do_not_end_are_left() -> None:
    pages = Pages(most=3)
    assert [pages.turn(t) for t in "abc"] == ["a", "b", "c"]
    for token in ("a", "d"):
        with pytest.raises(RemoteError):
            pages.turn(token)


# ── trying again ──


async def test_throttling_waits_as_told_and_no_longer_than_a_minute() -> None:
    sleeps = Sleeps()
    busy = reply("{}", status=429, headers={"retry-after": "7"})
    later = reply("<html>", kind="text/html", status=503, headers={"retry-after": "100000"})
    with serving(busy, later, reply({"rows": []})) as server:
        async with client(server.base, sleep=sleeps) as asking:
            assert await asking.post_json("/search", {"max": 1}, expect="rows") == {"rows": []}
    assert sleeps == [7.5, 60.5]
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply("{}", status=429), "throttled"),
        (reply("{}", status=500), "broken"),
        (reply('{"rows": [1, 2', length=500), "broken"),
    ],
)
async def test_trouble_that_stays_is_given_up_after_four_tries(answer: Any, kind: str) -> None:
    sleeps = Sleeps()
    with serving(answer) as server:
        error = await trouble(server.base, sleep=sleeps)
    assert error.kind == kind
    assert len(server.asked) == 4
    assert sleeps == [1.5, 2.5, 4.5]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_only_trouble_that_may_pass_is_asked_again(status: int) -> None:
    with serving(reply("{}", status=status), reply({"rows": []})) as server:
        async with client(server.base) as asking:
            assert await asking.get_json("/a", expect="rows") == {"rows": []}
    assert len(server.asked) == 2


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 405, 407, 409, 410, 422, 501])
async def test_trouble_that_will_not_pass_is_asked_once(status: int) -> None:
    sleeps = Sleeps()
    with serving(reply("{}", status=status)) as server:
        await trouble(server.base, sleep=sleeps)
    assert (len(server.asked), sleeps) == (1, [])


async def test_who_does_not_answer_at_all_is_asked_four_times() -> None:
    sleeps = Sleeps()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    error = await trouble(f"http://127.0.0.1:{port}", sleep=sleeps)
    assert (error.kind, sleeps) == ("unreachable", [1.5, 2.5, 4.5])


def test_retry_after_is_seconds_or_a_date() -> None:
    def of(text: str) -> float:
        return retry_after(Answer(429, {"retry-after": text}, b""), datetime(2026, 11, 23, 12, tzinfo=UTC))

    assert of("12") == 12
    assert of("Mon, 23 Nov 2026 12:00:30 GMT") == 30
    assert of("Mon, 23 Nov 2026 11:00:00 GMT") == 0
    assert of("soon") == of("") == of("-5") == of("١٢") == 0


async def test_nothing_there_and_no_such_name_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = await trouble(f"http://127.0.0.1:{port}")
    assert (error.kind, f"nothing answers at 127.0.0.1:{port};" in str(error)) == ("unreachable", True)

    async def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", unknown)
    error = await trouble("http://registry.example")
    assert (error.kind, "is not found" in str(error)) == ("unreachable", True)


async def test_a_certificate_that_nobody_trusts_is_named(monkeypatch: pytest.MonkeyPatch) -> None:

    cause = ssl.SSLCertVerificationError("bad")
    cause.verify_message = "self-signed certificate"
    error = httpx.ConnectError("tls")
    error.__cause__ = cause
    assert not may_pass(error)
    told = failed(error, "mlflow.corp", Masks())
    assert (told.kind, "self-signed" in str(told), "ca=" in str(told)) == ("certificate", True, True)
    error.__cause__ = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
    told = failed(error, "mlflow.corp", Masks())
    assert (told.kind, "http://" in str(told)) == ("certificate", True)


async def test_certificate_files_that_cannot_be_read_are_settings_trouble(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("this is no certificate")
    for connection in (
        Connection("https://127.0.0.1:1", ca=str(tmp_path / "none.pem")),
        Connection("https://127.0.0.1:1", client_cert=str(tmp_path / "no.pem")),
    ):
        async with Client(connection) as asking:
            with pytest.raises(RemoteError) as raised:
                await asking.get_json("/a")
        assert raised.value.kind == "settings"


# ── credentials stay where they belong ──


async def test_redirects_and_links_to_other_hosts_are_not_followed() -> None:
    with serving(reply({"rows": []})) as elsewhere:
        moved = reply("", status=302, headers={"location": elsewhere.base + "/steal?token=hunter2secret"})
        with serving(moved) as server:
            async with client(server.base) as asking:
                asking.authorize({"Authorization": "Bearer hunter2secret"})
                for target in ("/a", elsewhere.base + "/next", "https://127.0.0.1:1/x"):
                    with pytest.raises(RemoteError) as raised:
                        await asking.get_json(target)
                    assert "hunter2secret" not in str(raised.value)
        assert elsewhere.asked == []
        assert len(server.asked) == 1


@pytest.mark.parametrize("text", ["\x1b[2J", "x" * 100_000, "\ud800"], ids=["escape", "too long", "half a character"])
async def test_a_name_or_token_that_no_address_can_hold_is_a_sentence(text: str) -> None:
    asked = [(text, {}), ("/a", {"page_token": text})]
    async with client("http://127.0.0.1:1") as asking:
        for target, params in asked if text.isprintable() or not text.isascii() else asked[:1]:  # %1B is a fine token
            with pytest.raises(RemoteError) as raised:
                await asking.get_json(target, params=params)
            assert (raised.value.kind, "cannot be asked for" in str(raised.value)) == ("broken", True)
            assert str(raised.value).isprintable()


def test_whatever_a_remote_says_is_one_short_printable_line() -> None:
    said = str(RemoteError("broken", "a\n\x1b[2Jb\u202ec " + "x" * 10_000))
    assert said.startswith("a [2Jbc xxx")
    assert (said.isprintable(), len(said)) == (True, MAX_SENTENCE)


async def test_a_client_for_another_host_sends_no_headers_of_the_first_and_shares_the_counters() -> None:
    with serving(reply({"rows": []})) as one, serving(reply({"token": "t"})) as two:
        async with client(one.base) as asking:
            asking.authorize({"Authorization": "Bearer hunter2secret"})
            await asking.get_json("/a")
            await asking.at(two.base).post_form("/token", {"grant_type": "client_credentials"}, expect="token")
            assert asking.usage.requests == 2
    assert "hunter2secret" in one.asked[0]
    assert "hunter2secret" not in two.asked[0]


async def test_secrets_are_masked_in_every_error_and_come_by_name_only() -> None:
    body = {"error_code": "BAD", "message": "token hunter2secret is wrong"}
    with serving(reply(body, status=400)) as server:
        async with client(server.base, environ={"TOKEN": "hunter2secret"}) as asking:
            asking.authorize({"Authorization": f"Bearer {asking.secret('env:TOKEN')}"})
            with pytest.raises(RemoteError) as raised:
                await asking.get_json("/a")
    assert "hunter2secret" not in str(raised.value) + raised.value.said
    assert "•••" in raised.value.said
    assert raised.value.code == "BAD"
    for reference in ("hunter2secret", "env:", "env:NOT SET", "env:MISSING", "file:/etc/passwd"):
        with pytest.raises(RemoteError) as raised:
            client("http://h", environ={}).secret(reference)
        assert raised.value.kind == "secret"
        assert "hunter2secret" not in str(raised.value)


@pytest.mark.parametrize("address", ["", "ftp://h/x", "h:1/x", "http://", "http://u:pass1word@h/x", "http://[::1"])
async def test_an_address_that_is_none_is_settings_trouble(address: str) -> None:
    error = await trouble(address)
    assert error.kind == "settings"
    assert "pass1word" not in str(error)


@given(st.text(max_size=400))
def test_no_foreign_text_reaches_the_terminal(text: str) -> None:
    shown = short(text)
    assert len(shown) <= 200
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 or 0x202A <= ord(c) <= 0x202E for c in shown)


async def test_offline_opens_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []

    def refuse(*given: object, **more: object) -> None:
        opened.append(given)
        raise AssertionError("a socket was opened")

    async with client("http://127.0.0.1:1", offline=True) as asking:
        # the loop has its own socket pair by now
        monkeypatch.setattr(socket, "socket", refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)
        for ask in (asking.get_json("/a"), asking.post_json("/a", {}), asking.at("http://127.0.0.1:2").get_bytes("")):
            with pytest.raises(RemoteError) as raised:
                await ask
            assert raised.value.kind == "offline"
    assert opened == []


# ── the cache of public catalogs ──


async def test_an_unchanged_catalog_is_read_from_the_cache_and_a_damaged_copy_is_fetched_whole(tmp_path: Path) -> None:
    first = reply({"rows": [1]}, headers={"etag": '"v1"'})
    cache = AnswerCache(tmp_path / "answers")
    with serving(first, reply("", status=304), reply({"rows": [2]}, headers={"etag": '"v2"'})) as server:
        async with client(server.base, cache=cache) as asking:
            url = f"{server.base}/api"
            assert await asking.get_json("/api", expect="rows", cached=True) == {"rows": [1]}
            assert await asking.get_json("/api", expect="rows", cached=True) == {"rows": [1]}
            assert 'if-none-match: "v1"' in server.asked[1].lower()
            (kept,) = (tmp_path / "answers").iterdir()
            kept.write_bytes(kept.read_bytes()[:-12])
            assert await asking.get_json("/api", expect="rows", cached=True) == {"rows": [2]}
            assert "if-none-match" not in server.asked[2].lower()
            assert json.loads((cache.load(url) or pytest.fail("not kept")).body) == {"rows": [2]}


async def test_only_public_catalogs_are_kept_and_an_unchanged_one_says_the_same(tmp_path: Path) -> None:
    """What needed credentials never comes to lie in a cache."""
    kept = tmp_path / "answers"
    listed = reply({"versions": [{"key": "ml/churn@1"}]}, headers={"etag": '"v1"'})
    with serving(listed) as server:
        for _ in range(2):
            ours = Registry("", "ours", kind="file", address=server.base)
            assert (await read(ours, connector(environ={}, cache=kept))).delivery is not None
        async with client(server.base, cache=AnswerCache(kept)) as asking:
            for _ in range(2):
                await asking.get_json("/a", expect="versions")  # as Azure and ModelDB are asked
    assert not kept.exists()
    assert not any("if-none-match" in asked.lower() for asked in server.asked)
    body = (Path(__file__).parents[1] / "fixtures/registries/litellm.json").read_bytes()
    with serving(reply(body, headers={"etag": '"v1"'}), reply("", status=304)) as server:
        prices = Registry("", "prices", kind="litellm", address=server.base)
        first, again = [await read(prices, connector(environ={}, cache=kept)) for _ in range(2)]
    assert first.delivery is not None
    assert (again.delivery, again.error) == (first.delivery, "")
    assert ("if-none-match" in server.asked[1].lower(), again.bytes) == (True, 0)


def test_a_cache_that_cannot_be_written_is_no_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = AnswerCache(tmp_path / "file" / "sub")
    assert cache.keep("u", "e", b"x") is False
    assert cache.load("u") is None


def test_every_kind_can_be_imported_and_an_unknown_one_is_named() -> None:
    for kind in ("litellm", "modelsdev", "file", "reference"):
        assert adapter(kind).kind == kind
    with pytest.raises(RemoteError, match="there are " + ", ".join(KINDS)):
        adapter("nope")
