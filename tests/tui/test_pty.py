"""The installed command in a real terminal: starts, takes keys, paints, quits."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pyte
import pytest

ROWS, COLUMNS = 40, 140


def command() -> str:
    beside = Path(sys.executable).with_name("modeltui")
    found = str(beside) if beside.exists() else shutil.which("modeltui")
    assert found, "modeltui is not installed here; run: pip install -e '.[test]'"
    return found


class Terminal:
    """A pseudo terminal with a screen that can be read."""

    def __init__(self, *arguments: str, rows: int = ROWS, columns: int = COLUMNS, **environment: str) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        env = {**inherited, "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONUTF8": "1", **environment}
        self.child = pexpect.spawn(command(), list(arguments), dimensions=(rows, columns), env=env, timeout=20)

    def read(self, seconds: float = 0.2) -> str:
        try:
            while True:
                self._stream.feed(self.child.read_nonblocking(65_536, timeout=seconds))
        except (pexpect.TIMEOUT, pexpect.EOF):
            return "\n".join(line.rstrip() for line in self.screen.display)

    def until(self, holds: Callable[[str], bool], tries: int = 100) -> str:
        for _ in range(tries):
            shown = self.read()
            if holds(shown):
                return shown
        raise AssertionError(f"it never came; the screen shows:\n{shown}")

    def press(self, keys: str) -> None:
        self.child.send(keys)

    def quit(self) -> int:
        self.press("q")
        self.child.expect(pexpect.EOF)
        self.child.close()
        return int(self.child.exitstatus if self.child.exitstatus is not None else -1)


@pytest.fixture
def terminal(demo_path: Path) -> Iterator[Terminal]:
    opened = Terminal("--store", str(demo_path), "--today", "2026-11-23")
    yield opened
    opened.child.close(force=True)


def test_it_starts_takes_keys_and_quits(terminal: Terminal) -> None:
    shown = terminal.until(lambda s: "support-assistant" in s)
    assert "51 d late" in shown
    assert "1 stopped · 1 late" in shown
    terminal.press("/provider:azure\r")
    terminal.until(lambda s: "2 of 6 in use" in s)
    terminal.press("\r")
    terminal.until(lambda s: "Retires (announced)" in s)
    terminal.press("\x1b")
    terminal.until(lambda s: "2 of 6 in use" in s)
    terminal.press("\x1b")
    terminal.until(lambda s: "6 of 6 in use" in s)
    assert terminal.quit() == 0


def test_the_demo_needs_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    opened = Terminal("--demo", HOME=str(tmp_path), TMPDIR=str(tmp_path))
    opened.until(lambda s: "support-assistant" in s and "clock 23 Nov 2026" in s)
    assert opened.quit() == 0
    assert not list(tmp_path.glob("modeltui-demo-*"))


@pytest.mark.parametrize(("rows", "columns"), [(24, 80), (12, 50), (10, 40), (6, 30)])
def test_small_terminals_and_no_color(demo_path: Path, rows: int, columns: int) -> None:
    opened = Terminal("--store", str(demo_path), "--today", "2026-11-23", rows=rows, columns=columns, NO_COLOR="1")
    enough = rows >= 12 and columns >= 50
    wanted = "claims-extraction" if enough else f"this terminal is {columns}×{rows}"
    opened.until(lambda s: wanted in s.replace("\n", " ").replace("  ", " "))
    opened.press("jjk")
    opened.read()
    assert opened.child.isalive()
    assert opened.quit() == 0


def test_the_editor_has_the_terminal_and_gives_it_back(demo_path: Path, tmp_path: Path) -> None:
    script = tmp_path / "editor.sh"
    script.write_text(
        "#!/bin/sh\nprintf 'EDITOR IS HERE, type a title: '\nread title\n"
        'sed -i "s/^title = .*/title = \\"$title\\"/" "$1"\n'
    )
    script.chmod(0o755)
    opened = Terminal("--store", str(demo_path), "--today", "2026-11-23", VISUAL=str(script))
    try:
        opened.until(lambda shown: "6 in production" in shown)
        opened.press("\x05")
        opened.until(lambda shown: "Open what in your editor?" in shown)
        opened.press("use case\r")
        opened.until(lambda shown: "EDITOR IS HERE" in shown)
        opened.press("Edited outside\r")
        opened.until(lambda shown: "is saved; z takes it back" in shown and "6 in production" in shown)
        opened.press("5")
        opened.until(lambda shown: "Edited outside" in shown)
        assert opened.quit() == 0
    finally:
        opened.child.close(force=True)
