"""docs/ci.md is true: its files parse as what they claim to be, and every command of ours in them runs."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tui.cli import main, parser_of
from tui.commands import COMMANDS

PAGE = (Path(__file__).parents[2] / "docs" / "ci.md").read_text("utf-8")
FILES = {m[2]: m[3] for m in re.finditer(r"^```(\w+) (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)}


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def commands(text: str) -> list[list[str]]:
    """The command lines of modeltui in a text, without what the shell does around them."""
    found = re.findall(r"(?:^|\s)modeltui ([^|\n`]+)", text)
    return [shlex.split(line) for line in found if line.split()[0] in COMMANDS]


def test_the_files_have_the_form_of_what_they_are() -> None:
    workflow = yaml.load(FILES[".github/workflows/models.yml"], yaml.BaseLoader)
    steps = workflow["jobs"]["check"]["steps"]
    assert {"schedule", "pull_request"} == workflow["on"].keys()
    assert all(("uses" in step) != ("run" in step) for step in steps)
    assert all(re.fullmatch(r"[\w-]+/[\w/-]+@v\d+", step["uses"]) for step in steps if "uses" in step)
    gitlab = yaml.safe_load(FILES[".gitlab-ci.yml"])
    assert all({"image", "script"} <= job.keys() for job in gitlab.values())
    assert gitlab["models"]["artifacts"]["reports"]["junit"] in " ".join(gitlab["models"]["script"])
    hook = yaml.safe_load(FILES[".pre-commit-config.yaml"])["repos"][0]["hooks"][0]
    assert {"id", "name", "entry", "language"} <= hook.keys()
    assert tomllib.loads(FILES["models/known.toml"])["known"]


def test_every_command_of_the_page_runs(
    demo_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODELTUI_STORE", str(demo_path))
    Path("models").mkdir()
    Path("models/known.toml").write_text(FILES["models/known.toml"], "utf-8")
    Path("app.py").write_text('MODEL = "gpt-4o"\n', "utf-8")
    found = [words for text in FILES.values() for words in commands(text)]
    assert {"check", "gate", "next"} | ({"scan"} & COMMANDS.keys()) <= {words[0] for words in found}
    for words in found:
        more = ["app.py"] if words[0] == "scan" else []  # pre-commit names the files
        code = main(["--today", "2026-11-23", *words, *more])
        said = capsys.readouterr()
        assert code in (0, 1, 3, 4), f"{words}: {said.err}"
        assert "modeltui: " not in said.err
    assert Path("models.sarif").exists()
    assert Path("models.xml").exists()


def test_the_options_are_those_of_the_commands() -> None:
    for words in commands(PAGE):
        given = {word for word in words if word.startswith("--")}
        known = {name for action in parser_of(words[0])._actions for name in action.option_strings}
        assert given <= known, words
