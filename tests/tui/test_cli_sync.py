"""`registries` and `sync` from the shell: answers, exit codes, and nothing without consent."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pexpect
import pytest
import trustme
from hostile import Answer, endless, reply, serving
from test_pty import command

from tui.cli import main
from tui.commands.sync_answers import Pace


class Shell:
    """Runs command lines on one catalog; `said` is standard output, `err` standard error."""

    def __init__(self, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._store, self._capsys = store, capsys
        self.said = self.err = ""

    def run(self, *words: str) -> int:
        code = main(["--store", str(self._store), "--today", "2026-11-23", "--as", "ann", *words])
        captured = self._capsys.readouterr()
        self.said, self.err = captured.out, captured.err
        return code

    def json(self, *words: str, code: int = 0) -> Any:
        assert self.run(*words, "--json") == code, self.err
        return json.loads(self.said)


@pytest.fixture
def shell(store_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(store_path, capsys)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return offer(tmp_path / "ours.json", "xgboost 2")


def offer(path: Path, framework: str) -> Path:
    versions = [{"key": "ml/churn@8", "own": True, "facts": {"framework": framework}}]
    places = [{"name": "churn blue", "platform": "own", "remote_version": "ml/churn@8"}]
    path.write_text(json.dumps({"versions": versions, "deployments": places}))
    return path


def test_a_dry_run_and_a_pipe_change_nothing_and_yes_applies_once(
    shell: Shell, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(source.parent)
    assert shell.run("registries", "add", "ml", "file", source.name) == 0
    monkeypatch.chdir("/")
    assert shell.run("sync", "--dry-run") == 0
    assert "+ ml/churn@8" in shell.said
    assert "modeltui assign USE-CASE ml/churn@8 --deployment 'churn blue'" in shell.said
    assert shell.json("registries", "list")["registries"][-1]["last_run"] is None
    assert shell.run("sync") == 2
    assert "--yes" in shell.err
    assert shell.json("sync")["applied"] is False
    found = shell.json("sync", "--yes")
    assert found["applied"] is True
    (registry,) = found["registries"]
    assert {n: registry[n] for n in ("name", "kind", "added", "changed", "removed", "conflicts", "drift", "error")} == {
        "name": "ml", "kind": "file", "added": 2, "changed": 0, "removed": 0, "conflicts": 0, "drift": 0, "error": None,
    }  # fmt: skip
    assert [d["name"] for d in registry["inbox"]] == ["churn blue"]
    assert shell.json("sync", "--yes")["applied"] is False
    assert shell.run("undo") == 0
    assert shell.run("show", "ml/churn@8") == 2


def test_a_conflict_keeps_ours_unless_theirs_is_asked_for(shell: Shell, source: Path) -> None:
    shell.run("registries", "add", "ml", "file", str(source))
    shell.run("sync", "--yes")
    assert shell.run("sync", "ml", "--yes") == 0
    assert "nothing new" in shell.said
    from store.catalog import Catalog

    with Catalog.open(shell._store, actor="ann") as catalog:
        catalog.set_fact("ml/churn@8", "framework", "sklearn")
    offer(source, "xgboost 3")
    (registry,) = shell.json("sync", "--yes")["registries"]
    assert registry["conflicts"] == 1
    (conflict,) = registry["details"]["conflicts"]
    assert (conflict["before"], conflict["after"]) == ("sklearn", "xgboost 3")
    assert shell.run("sync", "--theirs", "--yes") == 0
    assert "theirs is taken" in shell.said
    assert shell.json("show", "ml/churn@8")["facts"]["framework"]["value"] == "xgboost 3"


def test_one_that_fails_does_not_stop_the_others_and_the_code_says_it(
    shell: Shell, source: Path, tmp_path: Path
) -> None:
    shell.run("registries", "add", "ml", "file", str(source))
    shell.run("registries", "add", "gone", "file", str(tmp_path / "gone.json"))
    assert shell.run("sync", "--yes") == 5
    assert "there is no file" in shell.said
    assert shell.run("show", "ml/churn@8") == 0
    listed = {r["name"]: r for r in shell.json("registries", "list")["registries"]}
    assert "there is no file" in listed["gone"]["error"]
    assert listed["ml"]["last_run"] is not None
    assert shell.run("registries", "test", "ml") == 0
    assert "1 version" in shell.said
    assert shell.json("registries", "test", code=5)["registries"][-1]["works"] is False
    assert shell.run("registries", "remove", "gone") == 0
    assert shell.run("sync", "--yes") == 0


def test_offline_by_option_or_setting_asks_nobody(shell: Shell, tmp_path: Path) -> None:
    shell.run("registries", "add", "prices", "litellm")
    assert shell.run("--offline", "sync") == 5
    assert "offline" in shell.said
    settings = tmp_path / "settings.toml"
    settings.write_text("offline = true\n")
    assert shell.run("--config", str(settings), "registries", "test", "prices") == 5
    assert "offline" in shell.said
    settings.write_text('offline = "yes"\n')
    assert shell.run("--config", str(settings), "registries", "test", "prices") == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "a/b", "file", "x"), "has no /"),
        (("add", "p", "litellm", "--set", "colour=red"), "there are: add"),
        (("add", "p", "litellm", "--set", "add"), "NAME=VALUE"),
        (("add", "p", "file", "x", "--secret", "token=hunter2"), "is named, not given"),
        (("remove", "nobody"), "there is no registry"),
        (("test", "nobody"), "there is no registry"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence_without_the_secret(
    shell: Shell, words: tuple[str, ...], said: str
) -> None:
    assert shell.run("registries", *words) == 2
    assert said in shell.err
    assert "hunter2" not in shell.err


def test_without_a_registry_sync_says_how_to_add_one(shell: Shell) -> None:
    assert shell.run("sync") == 2
    assert "registries add" in shell.err


def test_a_secret_that_is_not_set_is_ours_to_mend(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_TOKEN", raising=False)
    shell.run("registries", "add", "p", "file", "https://127.0.0.1:1/x", "--secret", "token=env:NO_SUCH_TOKEN")
    assert shell.run("sync", "p") == 2
    assert "NO_SUCH_TOKEN is not set" in shell.said


def test_an_own_value_is_given_up_outside_a_sync(shell: Shell, source: Path) -> None:
    shell.run("registries", "add", "ml", "file", str(source))
    shell.run("sync", "--yes")
    from store.catalog import Catalog

    with Catalog.open(shell._store, actor="ann") as catalog:
        catalog.set_fact("ml/churn@8", "framework", "sklearn")
    found = shell.json("registries", "release", "ml/churn@8", "framework")
    assert found["released"] == {"key": "ml/churn@8", "field": "framework"}
    assert found["now"]["value"] == "xgboost 2"
    assert shell.run("registries", "release", "ml/churn@8", "framework") == 2
    assert "not a value of your own" in shell.err
    assert shell.run("undo") == 0
    assert shell.json("show", "ml/churn@8")["facts"]["framework"]["value"] == "sklearn"


def test_progress_has_counts_and_a_rate() -> None:
    now = iter((0.0, 2.0, 3.0, 5.0, 5.0)).__next__
    pace = Pace(now)
    assert pace("ml", "versions", 4000, None) == "4,000 versions · 2,000/s"
    assert pace("ml", "runs", 1000, 5000) == "1,000 of 5,000 runs · 1,000/s"
    assert pace("ml", "runs", 2000, 5000) == "2,000 of 5,000 runs · 667/s"
    assert pace("blob", "files", 0, None) == "0 files"


def test_ctrl_c_stops_a_sync_that_does_not_end_and_nothing_is_taken_over(shell: Shell) -> None:
    with serving(endless(b" ", 0.02)) as server:
        shell.run("registries", "add", "slow", "file", server.base)
        child = pexpect.spawn(command(), ["--store", str(shell._store), "sync"], timeout=20, encoding="utf-8")
        while not server.asked and child.isalive():
            time.sleep(0.02)
        child.sendintr()
        child.expect(pexpect.EOF)
        child.close()
    assert (child.exitstatus, "interrupted" in str(child.before)) == (130, True), child.before
    (slow,) = [r for r in shell.json("registries", "list")["registries"] if r["name"] == "slow"]
    assert (slow["last_run"], slow["error"]) == (None, None)


def test_registries_test_says_each_cause_in_one_line(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Name not found, nobody there, certificate, password, permission, a web page, another kind of API."""
    monkeypatch.setenv("OUR_TOKEN", "hunter2")
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    async def unknown(*_given: object, **_more: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with ExitStack() as servers:

        def at(answer: Answer, tls: ssl.SSLContext | None = None) -> str:
            return servers.enter_context(serving(answer, tls=tls)).base

        unproven = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(unproven)
        closed = socket.create_server(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
        closed.close()
        causes = {
            "certificate": (at(reply({}), unproven), "is not trusted"),
            "forbidden": (at(reply({"message": "hunter2"}, status=403)), "ask its owner for read access"),
            "not_an_api": (at(reply("<html>", kind="text/html")), "answers with a web page"),
            "not_found": (at(reply({}, status=404)), "has nothing at that address"),
            "unauthorized": (at(reply({}, status=401)), "check the token or password"),
            "unreachable": (nobody, "nothing answers at"),
        }
        for name, (address, _) in causes.items():
            assert shell.run("registries", "add", name, "mlflow", address, "--secret", "token=env:OUR_TOKEN") == 0
        answers = shell.json("registries", "test", code=5)["registries"]
    assert {a["name"]: a["kind"] for a in answers} == {name: name for name in causes}
    for a in answers:
        assert causes[a["name"]][1] in a["message"]
        assert a["message"].isprintable(), "one line"
        assert "hunter2" not in a["message"]
    shell.run("registries", "add", "nowhere", "mlflow", "http://registry.example")
    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", unknown)
    (nowhere,) = shell.json("registries", "test", "nowhere", code=5)["registries"]
    assert "the name registry.example is not found" in nowhere["message"]
