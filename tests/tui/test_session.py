"""Which catalog, which settings, which day, and who acts."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path

import pytest

from tui.cli import main
from tui.session import Options, actor_of, open_catalog


def test_who_acts_is_the_option_the_variable_the_setting_git_or_the_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text('user = "from the setting"\n')
    monkeypatch.setenv("MODELTUI_USER", "from the variable")
    assert actor_of(Options(actor="from the option", config=settings)) == "from the option"
    assert actor_of(Options(config=settings)) == "from the variable"
    monkeypatch.delenv("MODELTUI_USER")
    assert actor_of(Options(config=settings)) == "from the setting"
    settings.write_text("")
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "config", "user.email", "ann@git.example"], check=True)
    assert actor_of(Options(config=settings)) == "ann@git.example"
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("LOGNAME", "ann-login")
    assert actor_of(Options(config=settings)) == "ann-login"


def test_the_catalog_is_the_one_named_or_in_the_platforms_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Options(store=tmp_path).store_path == tmp_path / "catalog.json"
    assert Options(store=tmp_path / "x.json").store_path == tmp_path / "x.json"
    assert Options().store_path.parts[-2:] == ("modeltui", "catalog.json")
    assert Options().config_path.parts[-2:] == ("modeltui", "settings.toml")
    monkeypatch.setenv("MODELTUI_STORE", str(tmp_path / "env.json"))
    monkeypatch.setenv("MODELTUI_CONFIG", str(tmp_path / "env.toml"))
    assert Options().store_path == tmp_path / "env.json"
    assert Options().config_path == tmp_path / "env.toml"


def test_the_clock_stands_on_the_day_asked_for_and_events_keep_their_order(store_path: Path) -> None:
    with open_catalog(Options(store=store_path, today=date(2027, 3, 1), actor="ann")) as catalog:
        assert catalog.today == date(2027, 3, 1)
        assert catalog.actor == "ann"


def test_the_demo_is_filled_and_leaves_nothing_behind(
    store_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MODELTUI_STORE", str(store_path))
    before = store_path.read_bytes()
    assert main(["--demo", "use-case", "add", "mine"]) == 0
    assert main(["--demo", "use-case", "list"]) == 0
    shown = capsys.readouterr().out
    assert "support-assistant" in shown
    assert shown.count("mine") == 2  # the answer to `add` names it twice; the next demo does not know it
    assert store_path.read_bytes() == before


def test_help_names_every_command_and_each_has_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    from tui.commands import COMMANDS, GROUPS

    assert main(["--help"]) == 0
    overview = capsys.readouterr().out
    for name in COMMANDS:
        assert f"  {name.split()[0]} " in overview
        assert main([*name.split(), "--help"]) == 0
        assert COMMANDS[name].example in capsys.readouterr().out
    for group in GROUPS:
        assert main([group, "--help"]) == 0
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("modeltui ")


def test_a_shell_completes_commands_words_and_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash"]) == 0
    script = tmp_path / "modeltui.bash"
    script.write_text(capsys.readouterr().out)

    def completed(*words: str) -> list[str]:
        line = " ".join(f"'{word}'" for word in words)
        code = (
            f"source {script}; COMP_WORDS=(modeltui {line}); COMP_CWORD={len(words)}; _modeltui; echo ${{COMPREPLY[@]}}"
        )
        return subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert completed("comp") == ["compare", "completion"]
    assert completed("use-case", "re") == ["remove"]
    assert completed("--json", "upgrade", "promote", "u", "--fo") == ["--force"]
    assert "--results" in completed("measure", "a/b@1", "--")
    assert completed("measure", "a/b@1", "acc") == []
    assert main(["completion", "fish"]) == 0
    assert "' -f -a list -d 'versions in use, or all that match a query'" in capsys.readouterr().out
    assert main(["completion", "zsh"]) == 0
    assert capsys.readouterr().out.startswith("autoload")
