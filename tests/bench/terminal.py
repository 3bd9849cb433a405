"""Programs in a real pseudo-terminal: when do which words stand on the screen?"""

import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from fcntl import ioctl
from pathlib import Path

ROWS, COLUMNS = 50, 160
PATIENCE = 60
"""Seconds after which a program that does not show its words is given up."""

SMALLEST = """
from textual.app import App
from textual.widgets import Static

class Smallest(App):
    def compose(self):
        yield Static("the smallest app")

Smallest().run()
"""
"""The smallest Textual app that shows something: what every start is compared with."""

SMALLEST_SHOWS = "the smallest app"


def smallest() -> list[str]:
    """The command line of the smallest app."""
    return [sys.executable, "-c", SMALLEST]


def shown_after(
    command: Sequence[str], words: Mapping[str, str], environ: Mapping[str, str] | None = None
) -> dict[str, float]:
    """Milliseconds from the start of a program until it has written each of the words; it is ended then.

    Args:
        command: the program.
        words: by name, what to look for in the bytes that it writes, in the order of their coming.
        environ: its environment; by default ours, as in a terminal of 256 colours.

    Raises:
        RuntimeError: the words did not come.
    """
    start = time.perf_counter()
    pid, master = pty.fork()
    if pid == 0:
        ioctl(sys.stdout.fileno(), termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.execvpe(command[0], list(command), dict(environ or os.environ) | {"TERM": "xterm-256color"})
    try:
        return _watch(master, words, start)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(master)


def _watch(master: int, words: Mapping[str, str], start: float) -> dict[str, float]:
    found: dict[str, float] = {}
    waiting = {name: text.encode() for name, text in words.items()}
    written = b""
    while waiting:
        ready, _, _ = select.select([master], [], [], PATIENCE)
        try:
            data = os.read(master, 1 << 16) if ready else b""
        except OSError:  # on Linux the end of the program reads as an error
            data = b""
        now = (time.perf_counter() - start) * 1000
        if not data:
            raise RuntimeError(f"{', '.join(waiting)} never came; the last that was written: {written[-400:]!r}")
        written = written[-(1 << 18) :] + data
        for name in [name for name, text in waiting.items() if text in written]:
            found[name] = now
            del waiting[name]
    return found


def compiled(*packages: str) -> None:
    """Compile the packages' byte code, so that no run of a comparison pays for it."""
    import compileall

    for package in packages:
        compileall.compile_dir(str(Path(__file__).resolve().parents[2] / package), quiet=2)
