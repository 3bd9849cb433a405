"""TLS and proxies for real: a server with a certificate of its own authority, one that wants ours, and a proxy."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path

import pytest
import trustme
from hostile import reply, serving

from store.records import Registry
from store.registries.adapter import Connection
from store.registries.errors import RemoteError
from store.registries.http import Client, Limits
from store.sync_run import connector, probe, read

LISTED = reply({"versions": [{"key": "ml/churn@1"}]})


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def presenting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def registry(address: str, **settings: str) -> Registry:
    return Registry("", "ours", kind="file", address=address, settings=settings)


async def test_only_a_certificate_of_a_known_authority_is_trusted(authority: trustme.CA, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    with serving(LISTED, tls=presenting(authority)) as server:
        with pytest.raises(RemoteError) as raised:
            await probe(registry(server.base), connector(environ={}))
        assert (raised.value.kind, "--set ca=FILE" in str(raised.value)) == ("certificate", True)
        assert not server.asked, "not a byte of a question goes to who cannot prove who he is"
        assert (await read(registry(server.base, ca=str(ca)), connector(environ={}))).delivery is not None
        with pytest.raises(RemoteError) as raised:
            await probe(registry(server.base.replace("127.0.0.1", "localhost"), ca=str(ca)), connector(environ={}))
        assert raised.value.kind == "certificate", "and the certificate must be of that very name"


async def test_a_server_that_wants_our_certificate_gets_it(authority: trustme.CA, tmp_path: Path) -> None:
    ca, mine, key = (tmp_path / name for name in ("ca.pem", "me.pem", "me.key"))
    authority.cert_pem.write_to_path(str(ca))
    me = authority.issue_cert("ann@example.org")
    me.cert_chain_pems[0].write_to_path(str(mine))
    me.private_key_pem.write_to_path(str(key))
    wanting = presenting(authority)
    wanting.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(wanting)
    with serving(LISTED, tls=wanting) as server:
        known = registry(server.base, ca=str(ca), client_cert=str(mine), client_key=str(key))
        assert await probe(known, connector(environ={})) == "1 version, 0 measurements, 0 deployments"
        asked = len(server.asked)
        async with Client(Connection(server.base, ca=str(ca)), limits=Limits(tries=1)) as without:
            with pytest.raises(RemoteError, match="does it want a client certificate"):
                await without.get_json("/")
        assert len(server.asked) == asked


async def test_a_proxy_of_the_environment_is_used_and_its_password_stays_unsaid(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(LISTED, reply("", status=407, kind="text/plain")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.base.replace("://", "://ann:hunter2@"))
        monkeypatch.setenv("https_proxy", proxy.base.replace("://", "://ann:hunter2@"))
        run = await read(registry("http://registry.example/ours.json"), connector(environ={}))
        assert run.delivery is not None, run.error
        assert proxy.asked[0].startswith("GET http://registry.example/ours.json ")
        assert base64.b64encode(b"ann:hunter2").decode() in proxy.asked[0], "for the proxy itself"
        async with Client(Connection("https://registry.example")) as asking:
            asking.authorize({"Authorization": "Bearer tok-1"})
            with pytest.raises(RemoteError) as raised:
                await asking.get_json("/a")
        assert proxy.asked[-1].startswith("CONNECT registry.example:443 ")
        assert "tok-1" not in proxy.asked[-1], "what is for the registry goes through the tunnel only"
        assert (raised.value.kind, "hunter2" in str(raised.value)) == ("unreachable", False)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        asked = len(proxy.asked)
        with serving(LISTED) as direct:
            assert (await read(registry(direct.base), connector(environ={}))).delivery is not None
            assert len(direct.asked) == 1
        assert len(proxy.asked) == asked
