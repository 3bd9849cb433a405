"""Drives the app as a person does: keys in, words on the screen out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

from textual.pilot import Pilot

from tui.app import ModelTui
from tui.session import Options

TODAY = date(2026, 11, 23)
NORMAL, SMALL = (140, 45), (80, 24)


class Driver:
    """One running app."""

    def __init__(self, pilot: Pilot[int]) -> None:
        self.pilot = pilot
        self.app: ModelTui = pilot.app  # type: ignore[assignment]

    async def press(self, *keys: str) -> None:
        """Press keys; a text in quotes such as `"gpt"` is typed letter by letter."""
        for key in keys:
            if key.startswith('"'):
                for letter in key.strip('"'):
                    await self.pilot.press(_NAMED.get(letter, letter))
            else:
                await self.pilot.press(key)
            await self.settle()

    async def settle(self) -> None:
        """Wait until workers, the writer and the repaint are through."""
        for _ in range(3):
            brief = [w for w in self.app.workers if w.group in _BRIEF]
            if brief:
                await self.app.workers.wait_for_complete(brief)
            await self.pilot.pause()
        await self.pilot.pause(0.02)

    async def until(self, words: str, tries: int = 100) -> None:
        """Wait until words stand on the screen."""
        for _ in range(tries):
            if words in self.screen():
                return
            await self.pilot.pause(0.03)
        raise AssertionError(f"'{words}' does not appear on:\n{self.screen()}")

    def screen(self) -> str:
        """What stands on the screen, line by line."""
        return "\n".join(
            "".join(segment.text for segment in strip).rstrip() for strip in self.app.screen._compositor.render_strips()
        )

    def toasts(self) -> list[str]:
        """The messages shown so far."""
        return [str(n.message) for n in self.app._notifications]


_NAMED = {
    " ": "space", "/": "slash", "-": "minus", ":": "colon", "@": "at", ".": "full_stop", "<": "less_than_sign",
    ",": "comma", "=": "equals_sign", "+": "plus", "_": "underscore", "%": "percent_sign", "(": "left_parenthesis",
    ")": "right_parenthesis", ">": "greater_than_sign", "'": "apostrophe", "?": "question_mark",
    "!": "exclamation_mark",
}  # fmt: skip
_BRIEF = ("page", "validate", "save", "remember", "poll")


@asynccontextmanager
async def driving(
    store: Path, size: tuple[int, int] = NORMAL, today: date | None = TODAY, theme: str = ""
) -> AsyncIterator[Driver]:
    """Start the app on a store and wait for its first view."""
    app = ModelTui(Options(store=store, config=None, today=today, actor="ann"))
    async with app.run_test(size=size) as pilot:
        driver = Driver(pilot)
        if theme:
            app.theme = theme
        for _ in range(300):
            await pilot.pause(0.02)
            if app.view is not None:
                break
        await driver.settle()
        yield driver
