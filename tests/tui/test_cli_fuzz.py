"""Every command with words at random: a sentence and a documented exit code, whatever was typed."""

from __future__ import annotations

import argparse
import io
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui.cli import main, parser_of
from tui.commands import COMMANDS

WORDS = (
    "azure-openai/gpt-4o@2024-05-13", "azure-openai/gpt-5.4@2026-03-05", "mlflow/churn@7", "openai/gpt-4o", "churn",
    "support-assistant", "code-review", "nope", "", "-", "0", "-1", "101", "1e999", "nan", "inf", "9" * 400, "50%",
    "2026-12-09", "2026-02-30", "0001-01-01", "9999-12-31", "30d", "99999d", "m.json", "p.toml", "bad.bin", "v.csv",
    "d", "/nowhere/x", "accuracy", "unknown_metric", "Production", "Archived", "A=B", "a=env:X", "=", "x" * 3000,
    "\u202e\x1b[31m", "\udcff", "ü/ü@ü", "a/@", "@", "%", "D01", "V06", "todo", "done", "short", "shadow", "or",
    "stage:production", "retires:<60d", "(", '"', "not:", "mlflow", "file", "@m.json", "@bad.bin", "streaming=yes",
)  # fmt: skip


def typed(name: str, rng: random.Random) -> Iterator[str]:
    """Words and options for one command, most of them nonsense."""

    def one(choices: object) -> str:
        return str(rng.choice(list(choices))) if choices and rng.random() < 0.8 else rng.choice(WORDS)  # type: ignore[call-overload]

    for action in parser_of(name)._actions:
        option = next((o for o in action.option_strings if o.startswith("--")), "")
        if option in ("--help", "--store", "--config", "--demo", "--verbose"):
            continue
        if option:
            if action.required or rng.random() < 0.25:
                yield option
                if action.nargs != 0:
                    yield one(action.choices)
        elif not isinstance(action, argparse._HelpAction):
            for _ in range(1 if action.nargs is None else rng.choice((0, 1, 1, 2))):
                yield one(action.choices)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_no_command_line_is_a_fault_of_ours(
    seed: int, demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(seed)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODELTUI_STORE", str(tmp_path / "catalog.json"))
    monkeypatch.setenv("MODELTUI_CONFIG", str(tmp_path / "s.toml"))
    for name, content in {
        "m.json": b'{"f1": 1}',
        "p.toml": b"x = 1",
        "bad.bin": b"\xff\0",
        "v.csv": b"key\na/b\n",
    }.items():
        Path(name).write_bytes(content)
    Path("d").mkdir()
    names = [name for name in COMMANDS if name != "serve"]
    for number in range(300):
        if number % 50 == 0:
            shutil.copy(demo, tmp_path / "catalog.json")
            (tmp_path / "catalog.json.journal").unlink(missing_ok=True)
        name = rng.choice(names)
        words = ["--today", "2026-11-23", "--offline", *name.split(), *typed(name, rng)]
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"n\n")))
        code = main(words)
        said = capsys.readouterr()
        assert code in range(6), (words, said.err)
        assert "Traceback" not in said.err + said.out
        if code in (2, 5) and "--quiet" not in words:
            assert said.err.startswith("modeltui: ") or said.out, words  # checks answer what is wrong
