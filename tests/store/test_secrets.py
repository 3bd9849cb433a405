"""Secrets by their names: from a keyring to the registry that they are for, and nowhere else."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import keyring
import pytest
from hostile import reply, serving
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked

from store.records import Registry
from store.registries import secrets
from store.registries.errors import RemoteError
from store.registries.secrets import resolve_secret
from store.sync_run import connector, read
from tui.cli import main


class Chain(KeyringBackend):
    """A keyring with one entry of ours."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.trouble: Exception | None = None

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def get_password(self, service: str, username: str) -> str | None:
        if self.trouble is not None:
            raise self.trouble
        return self.entries.get((service, username))


@pytest.fixture
def chain() -> Iterator[Chain]:
    before, found = keyring.get_keyring(), Chain()
    keyring.set_keyring(found)
    keyring.set_password("modeltui", "registry", "hunter2secret")
    yield found
    keyring.set_keyring(before)


def test_a_secret_of_the_keyring_goes_to_its_registry_and_stays_unsaid(
    chain: Chain, store_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = reply({"versions": [{"key": "ml/churn@1"}]})
    refused = reply({"message": "hunter2secret is not accepted"}, status=400)
    with serving(listed, listed, refused) as server:
        for words, code in (
            (["registries", "add", "ours", "file", server.base, "--secret", "token=keyring:registry"], 0),
            (["registries", "test", "ours"], 0),
            (["--verbose", "sync", "--yes"], 0),
            (["registries", "test", "ours"], 5),
            (["registries", "list", "--json"], 0),
        ):
            assert main(["--store", str(store_path), "--as", "ann", *words]) == code
    said = capsys.readouterr()
    assert all("\r\nauthorization: bearer hunter2secret\r\n" in asked.lower() for asked in server.asked)
    assert "•••" in said.out
    assert "hunter2secret" not in said.out + said.err
    (registry,) = [r for r in json.loads(said.out[said.out.index("{") :])["registries"] if r["name"] == "ours"]
    assert registry["secrets"] == {"token": "keyring:registry"}
    kept = [path for path in store_path.parent.rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if b"hunter2secret" in path.read_bytes()]


async def test_a_keyring_that_asks_for_its_password_holds_up_nobody_else(chain: Chain) -> None:
    asked, typed = threading.Event(), threading.Event()

    def ask(service: str, username: str) -> str:
        asked.set()
        assert typed.wait(20)
        return "hunter2secret"

    chain.get_password = ask  # type: ignore[method-assign]
    listed = reply({"versions": [{"key": "ml/churn@1"}]})
    with serving(listed) as server:
        ours = Registry("", "ours", kind="file", address=server.base, secrets={"token": "keyring:registry"})
        waiting = asyncio.create_task(read(ours, connector(environ={})))
        assert await asyncio.to_thread(asked.wait, 20)
        other = await read(replace(ours, name="other", secrets={}), connector(environ={}))
        assert (other.delivery is not None, waiting.done(), len(server.asked)) == (True, False, 1)
        typed.set()
        assert (await waiting).delivery is not None
        assert "hunter2secret" in server.asked[1]


def test_a_keyring_that_gives_nothing_says_what_to_do(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    def said() -> str:
        with pytest.raises(RemoteError) as raised:
            resolve_secret("keyring:other", {})
        assert raised.value.kind == "secret"
        return str(raised.value)

    assert "keyring set modeltui other" in said()
    chain.trouble = KeyringLocked("locked")
    assert "unlock it" in said()
    chain.trouble = ConnectionRefusedError("no bus")
    assert "unlock it" in said()
    keyring.set_keyring(NoKeyring())
    assert "env:VARIABLE" in said()
    monkeypatch.setattr(secrets, "find_spec", lambda name: None if name == "keyring" else find_spec(name))
    assert "pip install 'modeltui[keyring]'" in said()
