"""Random keys and clicks over every screen: nothing raises, nothing gets stuck, nothing is written outside the test."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
import tempfile
from collections.abc import Awaitable
from pathlib import Path
from unittest.mock import patch

import pytest
from textual.pilot import OutOfBounds, Pilot
from walking import driving

from tui.app import ModelTui
from tui.keys import COMMANDS

SIZES = [(140, 45), (80, 24), (40, 10)]
TEXT = ("a", "k", "1", "0", "space", "minus", "at", "full_stop", "colon", "é", "漢", "backspace", "delete", "end")
KEYS = tuple(key for command in COMMANDS for key in command.keys if " " not in key and key != "q")
WAYS = ("enter", "escape", "tab", "shift+tab", "up", "down", "left", "right", "g", "y", "ctrl+s")
STUCK = 20
"""Seconds after which a key that is not through yet never will be."""
LEAVING = 80
"""Presses of escape (and y, where it asks) that must be enough to come back from anywhere."""


class Fence:
    """Refuses to open files for writing outside some directories, as a read-only disk would."""

    def __init__(self) -> None:
        self.allowed: tuple[str, ...] = ()
        sys.addaudithook(self._asked)

    def _asked(self, event: str, args: tuple[object, ...]) -> None:
        if event != "open" or not self.allowed or not isinstance(args[2], int):
            return
        writes = args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        path = args[0] if isinstance(args[0], str) else ""
        if writes and path and not os.path.realpath(path).startswith(("/dev/", *self.allowed)):
            raise PermissionError(13, "fenced off by the test", path)


FENCE = Fence()


def _press(rng: random.Random) -> str:
    pool = rng.choices((KEYS, WAYS, TEXT), (50, 35, 15))[0]
    return rng.choice(pool)


async def _walk(app: ModelTui, pilot: Pilot[int], rng: random.Random, count: int, done: list[str]) -> None:
    for _ in range(count):
        if rng.random() < 0.06:
            at = rng.randrange(app.size.width), rng.randrange(app.size.height)
            done.append(f"click{at}")
            with contextlib.suppress(OutOfBounds):
                await _through(pilot.click(offset=at, times=rng.choice((1, 1, 2))))
        else:
            done.append(_press(rng))
            await _through(pilot.press(done[-1]))
        assert app._exception is None


async def _through(doing: Awaitable[object]) -> None:
    try:
        async with asyncio.timeout(STUCK):
            await doing
    except TimeoutError:
        for task in asyncio.all_tasks():
            task.print_stack(limit=8)
        raise


async def _come_back(app: ModelTui, pilot: Pilot[int]) -> None:
    for _ in range(LEAVING):
        if len(app.screen_stack) == 1:
            break
        await _through(pilot.press("escape"))
        if type(app.screen).__name__ == "Confirm":
            await pilot.press("y")
    assert len(app.screen_stack) == 1, f"stuck on {app.screen}"
    for _ in range(8):
        await pilot.press("escape")
    table = app.screen.query_one("#rows")
    assert app.focused is table, f"the focus is on {app.focused}"


async def _keys(
    path: Path, size: tuple[int, int], seed: int, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VISUAL", "true")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(ModelTui, "suspend", lambda self: contextlib.nullcontext())
    rng, done, faults = random.Random(seed), [], []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: faults.append(context))
    FENCE.allowed = (str(tmp_path.resolve()), os.environ["HOME"])
    try:
        with patch("textual._wait.SLEEP_GRANULARITY", 0.002), patch.object(ModelTui, "open_url"):
            async with driving(path, size) as it:
                with patch.object(it.app, "exit"):
                    await _walk(it.app, it.pilot, rng, count, done)
                    await _come_back(it.app, it.pilot)
    except BaseException:
        print("seed", seed, "size", size, "keys:", " ".join(done[-40:]))
        raise
    finally:
        FENCE.allowed = ()
    assert faults == []


@pytest.mark.parametrize("size", SIZES)
async def test_random_keys(
    demo_path: Path, size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _keys(demo_path, size, 4, 80, tmp_path, monkeypatch)


@pytest.mark.soak
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(10))
async def test_ten_thousand_random_keys(
    demo_path: Path, size: tuple[int, int], seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _keys(demo_path, size, seed, 1_000, tmp_path, monkeypatch)
