"""README.md and the pages beside docs/cli.md are true: commands run, files are taken, words exist."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from tui.cli import main, parser_of
from tui.commands import COMMANDS, GROUPS

TOP = Path(__file__).parents[2]
PAGES = (TOP / "README.md", *sorted((TOP / "docs").glob("*.md")))
EXIT_CODES = {"gate": 3, "check": 1}
"""What the demo answers that is not 0."""


@pytest.fixture(autouse=True)
def _in_the_demo(demo_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELTUI_STORE", str(demo_path))
    monkeypatch.setenv("MODELTUI_USER", "ann")
    monkeypatch.chdir(tmp_path)


def lines(page: str, language: str) -> list[list[str]]:
    """The command lines of our own in a page's blocks of a language."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", (TOP / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    found = [line for block in blocks for line in block.splitlines() if line.startswith("modeltui ")]
    return [shlex.split(line, comments=True)[1:] for line in found]


def test_the_commands_of_the_readme_run(capsys: pytest.CaptureFixture[str]) -> None:
    Path("metrics.json").write_text('{"f1": 0.84}', "utf-8")
    found = lines("README.md", "sh")
    assert len(found) >= 4
    for words in found:
        code = main(["--today", "2026-11-23", *words])
        assert code == EXIT_CODES.get(words[0], 0), f"{words}: {capsys.readouterr().err}"


def test_the_commands_about_backups_run(demo_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = lines("docs/store.md", "console")
    assert {"backup", "restore"} == {words[0] for words in found}
    for words in found:
        newest = max((path.name for path in demo_path.parent.glob("backups/*")), default="")
        assert main([newest if word == "BACKUP" else word for word in words]) == 0, capsys.readouterr().err


def test_the_file_form_is_taken_as_it_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = re.findall(r"^```json\n(.*?)^```$", (TOP / "docs" / "registries.md").read_text("utf-8"), re.M | re.S)
    Path("ours.json").write_text(block, "utf-8")
    assert main(["registries", "add", "ml", "file", "ours.json"]) == 0
    assert main(["sync", "ml", "--yes", "--json"]) == 0, capsys.readouterr().err
    capsys.readouterr()
    assert main(["show", "ml/churn@8", "--json"]) == 0
    shown, written = json.loads(capsys.readouterr().out), json.loads(block)["versions"][0]
    assert shown["facts"]["price_input"]["as_of"] == "2026-11-01"
    assert shown["dates"][0]["value"] == written["observations"][0]["value"]
    assert shown["lineage"]["data"] == "customers"
    assert shown["assignments"][0]["use_case"] == "churn"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_command_and_option_that_a_page_names_exists(page: Path) -> None:
    named = re.findall(r"`modeltui ([^`\n]+)`", page.read_text("utf-8"))
    for text in named:
        words = [word for word in re.split(r"[\s\[\]|]+", text) if word]
        while words and words[0].startswith("-"):
            words.pop(0)
        if not words or not words[0].islower():
            continue
        name = " ".join(words[:2]) if words[0] in GROUPS else words[0]
        if name in GROUPS:
            continue
        assert name in COMMANDS, f"{page.name}: modeltui {text}"
        known = {option for action in parser_of(name)._actions for option in action.option_strings}
        given = {word.partition("=")[0] for word in words if re.fullmatch(r"--[a-z-]+(=.*)?", word)}
        assert given <= known, f"{page.name}: modeltui {text}"
