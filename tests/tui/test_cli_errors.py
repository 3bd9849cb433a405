"""Bad input, broken files and closed pipes: one sentence, the right exit code, never a traceback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tui import exits
from tui.cli import main
from tui.exits import UsageError, worst


@pytest.fixture
def here(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELTUI_STORE", str(store_path))
    return store_path


def said(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(words)
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["lst"], "did you mean list?"),
        (["use-case", "lsit"], "did you mean list"),
        (["upgrade", "shwo"], "did you mean show?"),
        (["upgrade"], "needs one more word: new, "),
        (["xyzzy"], "see: modeltui --help"),
        (["show"], "required: key"),
        (["show", "azure-openai/gpt-4o@2024-05-31"], "did you mean azure-openai/gpt-4o@2024-"),
        (["show", "gpt-4o"], "there is no version 'gpt-4o'; did you mean"),
        (["use-case", "show", "nope"], "there is no use case 'nope'"),
        (["use-case", "add", "Not A Name"], "small letters, digits and hyphens"),
        (["use-case", "add", "u", "--calls-per-month", "many"], "'many' is not a number"),
        (["use-case", "add", "u", "--freeze", "2027-01-06..2026-12-15"], "ends on 2026-12-15 before"),
        (["use-case", "add", "u", "--cached-share", "140%"], "between 0 and 1"),
        (["list", "--today", "12/9/2026"], "write it as 2026-12-09"),
        (["list", "retires:<soon"], "retires"),
        (["observe", "openai/gpt-4o@2024-08-06", "2026-13-01"], "is not a date"),
        (["measure", "openai/gpt-4o@2024-08-06", "accuracy"], "either a value or --results"),
        (["measure", "openai/gpt-4o@2024-08-06", "accuracy", "--results", "/nowhere.csv"], "cannot be read"),
        (["register", "no-slash"], "write provider/model@version"),
        (["register", "a/b@1", "--param", "x"], "write NAME=VALUE"),
        (["revert", "nope"], "there is no use case"),
        (["import", "/nowhere.csv"], "cannot be read"),
        (["export", "report.docx"], "names no format to export; end it with .json, .csv, "),
        (["--store"], "expected one argument"),
        (["list", "--colour"], "unrecognized arguments: --colour; see: modeltui list --help"),
        (["check", "--fromat", "sarif"], "did you mean --format?"),
        (["check", "--fail-no=error"], "did you mean --fail-on?"),
        (["list", "--today", "0001-01-01"], "too far away to set the clock to"),
        (["restore", "x" * 3000, "--yes"], "too long for the name of a file"),
    ],
)
def test_bad_input_is_one_sentence_with_the_way_out(
    words: list[str], hint: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = here.read_bytes()
    code, sentence = said(words, capsys)
    assert (code, hint in sentence) == (2, True), sentence
    assert sentence.startswith("modeltui: ")
    assert sentence.count("\n") == 1
    assert here.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"{}", b"not json at all", b'{"versions": 3}', b"\x00\xff" * 40])
def test_a_file_that_is_no_catalog_is_refused_and_left_alone(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = tmp_path / "notes.json"
    foreign.write_bytes(content)
    code, sentence = said(["list", "--store", str(foreign)], capsys)
    if content:
        assert code == 5, sentence
        assert str(foreign) in sentence
        assert foreign.read_bytes() == content


def test_a_directory_that_cannot_be_made_is_exit_5(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("x")
    code, sentence = said(["list", "--store", str(tmp_path / "file" / "catalog.json")], capsys)
    assert (code, sentence.count("\n")) == (5, 1)


@pytest.mark.parametrize(
    ("text", "hint"),
    [("user = ", "line 1"), ("user = 3", "'user'"), ('columns = "a"', "'columns'"), ("\udcff", "UTF-8")],
)
def test_malformed_settings_name_the_place(
    text: str, hint: str, here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "s.toml"
    settings.write_bytes(text.encode("utf-8", "surrogateescape"))
    code, sentence = said(["use-case", "add", "u", "--config", str(settings)], capsys)
    assert code == 2
    assert hint in sentence
    assert str(settings) in sentence


def test_our_own_fault_leaves_a_report_and_no_traceback(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret value")

    monkeypatch.setattr("store.catalog.Catalog.version", broken)
    code, sentence = said(["show", "openai/very-private"], capsys)
    report = Path(sentence.strip().rpartition(" ")[2])
    assert code == exits.FAULT
    assert "ZeroDivisionError" in report.read_text()
    assert "very-private" not in report.read_text()


def test_a_file_name_that_is_no_text_is_no_fault_of_ours(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.py"))
    odd.write_text('MODEL = "gpt-4o-2024-05-13"\n')
    assert main(["scan", str(odd), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["places"][0]["file"] == f"{tmp_path}/?.py"
    assert main(["template", "check", str(odd), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["checked"][0]["file"] == f"{tmp_path}/?.py"


@pytest.mark.parametrize("line", ["history", "show", "upgrade show", "list", "compare a/b", "plan"])
def test_a_name_that_is_no_text_is_no_fault_of_ours(here: Path, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*line.split(), "\udcff"]) in range(6), capsys.readouterr().err


def test_an_interrupt_is_130(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("store.catalog.Catalog.version", interrupted)
    assert said(["show", "a/b"], capsys) == (130, "modeltui: interrupted\n")


def test_the_app_asks_for_a_terminal(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, sentence = said([], capsys)
    assert code == 2
    assert "needs a terminal" in sentence


def test_the_worst_of_several_outcomes_counts() -> None:
    assert worst([]) == 0
    assert worst([0, 3]) == 3
    assert worst([3, 4]) == 4
    assert worst([4, 1, 3]) == 1
    assert worst([1, 2]) == 2
    assert worst([2, 5, 1]) == 5
    assert worst([5, 70]) == 70
    assert [exits.of_verdict(w) for w in ("PASS", "WARN", "FAIL", "ERROR", "INCONCLUSIVE", "STALE")] == [
        0,
        0,
        1,
        2,
        3,
        4,
    ]
    assert exits.of_error(UsageError("x")) == 2


def test_a_closed_pipe_is_no_error(here: Path) -> None:
    command = f"{sys.executable} -m tui.cli list --all --json | head -1; echo ${{PIPESTATUS[0]}}"
    found = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=os.environ, check=True)
    assert found.stdout.split() == ["{", "0"]
    assert found.stderr == ""


@pytest.mark.parametrize(
    ("end", "code", "said"),
    [("> /dev/full", 5, "modeltui: the output cannot be written: no space left on device\n"), (">&-", 0, "")],
)
def test_an_output_that_takes_nothing_is_no_fault_of_ours(here: Path, end: str, code: int, said: str) -> None:
    command = f"{sys.executable} -m tui.cli list --all --json {end}"
    found = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=os.environ, check=False)
    assert (found.returncode, found.stderr) == (code, said)


def test_ctrl_c_ends_a_waiting_command_with_130(here: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/x.json"
        assert main(["registries", "add", "silent", "file", address]) == 0
        words = [sys.executable, "-m", "tui.cli", "sync", "silent", "--dry-run"]
        with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=os.environ) as process:
            silent.settimeout(30)
            silent.accept()  # it asks, and gets no answer
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "modeltui: interrupted\n")


def test_a_reading_command_imports_neither_pydantic_nor_textual(here: Path) -> None:
    code = (
        "import sys; from tui.cli import main; code = main(sys.argv[1:]); "
        "slow = [m for m in ('pydantic', 'textual', 'httpx', 'tomlkit', 'scipy') if m in sys.modules]; "
        "sys.exit(str(slow) if slow else code)"
    )
    for words in (["list"], ["next", "--short"], ["show", "openai/gpt-4o@2024-08-06"]):
        found = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, env=os.environ)
        assert found.returncode == 0, found.stderr
