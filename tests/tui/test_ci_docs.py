"""docs/ci.md is true: its files parse as what they claim to be, and every command of ours in them runs."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from ruamel.yaml import YAML

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


@pytest.mark.parametrize(
    ("name", "schema"), [(".github/workflows/models.yml", "github-workflows"), (".gitlab-ci.yml", "gitlab-ci")]
)
def test_the_pipelines_hold_to_the_schemas_of_their_makers(name: str, schema: str) -> None:
    given = YAML(typ="safe").load(FILES[name])  # YAML 1.2, where `on` is a word
    vendor = files("check_jsonschema") / "builtin_schemas" / "vendor"
    validator = jsonschema.Draft7Validator(json.loads((vendor / f"{schema}.json").read_text("utf-8")))
    assert [f"{e.json_path}: {e.message[:200]}" for e in validator.iter_errors(given)] == []
    assert not validator.is_valid({**given, "jobs": {"check": {"steps": "none"}}, "models": {"script": {}}})


def test_the_reports_are_those_that_the_pipelines_upload() -> None:
    steps = yaml.safe_load(FILES[".github/workflows/models.yml"])["jobs"]["check"]["steps"]
    assert f"--output {steps[-1]['with']['sarif_file']}" in steps[-2]["run"]
    gitlab = yaml.safe_load(FILES[".gitlab-ci.yml"])
    assert gitlab["models"]["artifacts"]["reports"]["junit"] in " ".join(gitlab["models"]["script"])
    assert tomllib.loads(FILES["models/known.toml"])["known"]


def test_pre_commit_itself_runs_the_hook(store_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit is refused where a staged file names a model that retires, and goes through without it."""
    monkeypatch.chdir(tmp_path)
    for name, value in {"GIT_CONFIG_GLOBAL": os.devnull, "MODELTUI_STORE": str(store_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    who = ["-c", "user.name=ann", "-c", "user.email=ann@example.com"]

    def git(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", *who, *words], capture_output=True, text=True, check=False, timeout=60)

    git("init", "-q", "repo")
    monkeypatch.chdir(tmp_path / "repo")
    Path(".pre-commit-config.yaml").write_text(FILES[".pre-commit-config.yaml"], "utf-8")
    subprocess.run([sys.executable, "-m", "pre_commit", "install"], check=True, capture_output=True, timeout=60)
    Path("app.py").write_text('MODEL = "gpt-4o-2024-05-13"\n', "utf-8")
    git("add", ".")
    refused = git("commit", "-m", "a model that retires")
    assert refused.returncode == 1, refused.stderr
    assert "models that retire" in refused.stderr
    assert "app.py:1" in refused.stderr
    Path("app.py").write_text('MODEL = "ours"\n', "utf-8")
    git("add", ".")
    accepted = git("commit", "-m", "our own model")
    assert accepted.returncode == 0, accepted.stderr


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
