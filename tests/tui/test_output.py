"""How the command line prints: aligned, cut only on a terminal, colour only where it is wanted, safe in a sheet."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tui.output import Output
from tui.settings import load, remember
from tui.text import MISSING, Styled


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def printed(rows: list[list[object]], width: int | None, monkeypatch: pytest.MonkeyPatch, **options: object) -> str:
    monkeypatch.setenv("COLUMNS", str(width or 80))
    stream = io.StringIO() if width is None else Terminal()
    Output(stream, io.StringIO()).table(("use case", "key", "n"), rows, **options)  # type: ignore[arg-type]
    return stream.getvalue()


ROWS: list[list[object]] = [["support", "azure-openai/gpt-4o@2024-05-13", "7"], ["数字", Styled("a/b", "bad"), "1,000"]]


def test_piped_tables_are_plain_and_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed(ROWS, None, monkeypatch, right=(2,)).splitlines() == [
        "use case  key                                 n",
        "support   azure-openai/gpt-4o@2024-05-13      7",
        "数字      a/b                             1,000",
    ]


def test_a_terminal_gets_what_fits_and_keys_lose_their_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    narrow = printed(ROWS, 32, monkeypatch, keys=(1,), least={1: 12}, core=2).splitlines()
    assert narrow[1] == "support   …nai/gpt-4o@2024-05-13"
    assert all(len(line) <= 32 for line in narrow)


def test_colour_needs_a_terminal_and_can_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[31ma/b\x1b[0m" in printed(ROWS, 120, monkeypatch)
    assert "\x1b" not in printed(ROWS, None, monkeypatch)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in printed(ROWS, 120, monkeypatch)


def test_outside_text_cannot_steer_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = printed([["a\x1b[2Jb", "x\ny", "\u202eevil"]], 120, monkeypatch)
    assert "\x1b[2J" not in shown
    assert "\u202e" not in shown
    assert len(shown.splitlines()) == 2


def test_columns_that_say_nothing_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed([["a", MISSING, "1"]], None, monkeypatch).splitlines()[0] == "use case  n"


def test_csv_cells_do_not_run_in_a_sheet() -> None:
    out = io.StringIO()
    Output(out, io.StringIO()).csv(("a", "b", "c"), [["=1+1", -2.5, None], ["@x", True, "plain, text"]])
    assert out.getvalue() == "a,b,c\n'=1+1,-2.5,\n'@x,true,\"plain, text\"\n"


def test_json_says_null_for_what_is_no_number() -> None:
    out = io.StringIO()
    Output(out, io.StringIO()).json({"a": float("nan"), "b": None})
    assert out.getvalue() == '{\n  "a": null,\n  "b": null\n}\n'


def test_settings_remember_a_choice_and_keep_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "new" / "settings.toml"
    remember(path, "theme", "modeltui-light")
    path.write_text('# mine\nuser = "ann"  # me\n[registries.prod]\nkind = "mlflow"\n[later]\nx = 1\n')
    remember(path, "columns", ["use_case", "key"])
    known = load(path)
    assert (known.user, known.columns, known.registries) == ("ann", ("use_case", "key"), ("prod",))
    assert "# me" in path.read_text()
    assert "[later]" in path.read_text()
