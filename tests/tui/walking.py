"""The app under a pilot, for tests of screens: `walk` waits for what must come, `driving` types and reads the screen.

Both start it the same way. A `Walk` fills forms and waits for a condition; a `Driver` types texts letter by letter and
settles after every key.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import date
from pathlib import Path
from unittest.mock import patch

from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input, Static, TextArea
from textual.worker import WorkerCancelled

from store.catalog import Catalog
from tui.app import ModelTui
from tui.session import Options

TODAY = date(2026, 11, 23)
NORMAL, SMALL = (140, 45), (80, 24)
TRIES, EACH = 400, 0.02
"""How often, and after how many seconds, a condition is asked again."""


class Running:
    """The app under a pilot."""

    def __init__(self, app: ModelTui, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    def painted(self) -> str:
        """What stands on the whole screen, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)

    def said(self) -> list[str]:
        """The toasts so far."""
        return [str(note.message) for note in self.app._notifications]

    async def _came(self, true: Callable[[], object], tries: int = TRIES) -> bool:
        for _ in range(tries):
            if true():
                return True
            await self.pilot.pause(EACH)
        return False


class Walk(Running):
    """Press keys, fill forms, wait for what must come."""

    @property
    def catalog(self) -> Catalog:
        assert self.app.catalog is not None
        return self.app.catalog

    @property
    def screen(self) -> Screen[object]:
        return self.app.screen

    @property
    def screens(self) -> list[str]:
        return [type(screen).__name__ for screen in self.app.screen_stack]

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
        await self.pilot.pause()

    async def until(self, true: Callable[[], object], what: str = "") -> None:
        """Wait until something holds; fails after some seconds."""
        if not await self._came(true):
            raise AssertionError(f"it never came: {what}; on {self.screens}, said {self.said()}")

    async def on(self, name: str) -> None:
        """Wait until a screen is in front."""
        await self.until(lambda: self.screens[-1] == name, f"the screen {name}")
        await self.pilot.pause()

    async def choose(self, words: str) -> None:
        """Type into the list that is open, and take the first that is left."""
        await self.on("Choose")
        self.screen.query_one("#filter", Input).value = words
        await self.pilot.press("enter")

    async def answer(self, text: str) -> None:
        """Answer the question that is open."""
        await self.on("Ask")
        self.screen.query_one("#answer", Input).value = text
        await self.pilot.press("enter")

    async def fill(self, **values: str) -> None:
        """Write into fields of the form that is open, as typing does."""
        await self.on("Form")
        *_, last = values
        self.screen.query_one(f"#f-{last}").focus()
        await self.pilot.pause()
        for name, value in values.items():
            field = self.screen.query_one(f"#f-{name}")
            if isinstance(field, TextArea):
                field.text = value
            else:
                assert isinstance(field, Input)
                field.value = value
        await self.pilot.pause()

    async def save(self) -> None:
        await self.press("ctrl+s")

    def value(self, name: str) -> str:
        field = self.screen.query_one(f"#f-{name}")
        return field.text if isinstance(field, TextArea) else field.value if isinstance(field, Input) else ""

    def shown(self, name: str) -> bool:
        """Whether a field of the form applies."""
        return bool(self.screen.query_one(f"#row-{name}").display)

    def fault(self, name: str) -> str:
        """The sentence at a field."""
        return "".join(str(line.render()) for line in self.screen.query(f"#e-{name}").results(Static) if line.display)

    def text(self) -> str:
        """All texts of the screen in front."""
        return "\n".join(str(widget.render()) for widget in self.screen.query(Static))


class Driver(Running):
    """Keys in, words on the screen out."""

    async def press(self, *keys: str) -> None:
        """Press keys; a text in quotes such as `"gpt"` is typed letter by letter."""
        for key in keys:
            for letter in key.strip('"') if key.startswith('"') else (key,):
                await self.pilot.press(_NAMED.get(letter, letter))
            await self.settle()

    async def settle(self) -> None:
        """Wait until workers, the writer and the repaint are through."""
        for _ in range(3):
            brief = [w for w in self.app.workers if w.group in _BRIEF]
            for worker in brief:
                with suppress(WorkerCancelled):  # a later one took its place
                    await worker.wait()
            await self.pilot.pause()
        await self.pilot.pause(EACH)

    async def until(self, words: str, tries: int = TRIES) -> None:
        """Wait until words stand on the screen."""
        if not await self._came(lambda: words in self.screen(), tries):
            raise AssertionError(f"'{words}' does not appear on:\n{self.screen()}")

    async def told(self, words: str) -> None:
        """Wait until the last message has words."""
        if not await self._came(lambda: words in "".join(self.toasts()[-1:])):
            raise AssertionError(f"'{words}' is not in: {self.toasts()}")

    def screen(self) -> str:
        """What stands on the screen, line by line."""
        return self.painted()

    def toasts(self) -> list[str]:
        """The messages shown so far."""
        return self.said()


_NAMED = {
    " ": "space", "/": "slash", "-": "minus", ":": "colon", "@": "at", ".": "full_stop", "<": "less_than_sign",
    ",": "comma", "=": "equals_sign", "+": "plus", "_": "underscore", "%": "percent_sign", "(": "left_parenthesis",
    ")": "right_parenthesis", ">": "greater_than_sign", "'": "apostrophe", "?": "question_mark",
    "!": "exclamation_mark",
}  # fmt: skip
_BRIEF = ("find", "page", "validate", "save", "remember", "poll")


@asynccontextmanager
async def started(
    options: Options, size: tuple[int, int], theme: str = ""
) -> AsyncIterator[tuple[ModelTui, Pilot[int]]]:
    """The app on a catalog, opened and painted."""
    app = ModelTui(options)
    # Textual's pilot sleeps 20 ms at least three times a key; 4 ms tell as well that nothing is going on
    with patch("textual._wait.SLEEP_GRANULARITY", 0.004):
        async with app.run_test(size=size) as pilot:
            if theme:
                app.theme = theme
            here = Running(app, pilot)
            if not await here._came(lambda: app.view is not None):
                raise AssertionError("the first view never came")
            if not await here._came(lambda: app.catalog is not None and app.catalog.actor):
                raise AssertionError("who acts was never known")
            await pilot.pause()
            yield app, pilot


@asynccontextmanager
async def walk(path: Path, size: tuple[int, int] = SMALL, **options: object) -> AsyncIterator[Walk]:
    """Walk through the app on a catalog."""
    async with started(Options(store=path, today=TODAY, actor="me", **options), size) as (app, pilot):  # type: ignore[arg-type]
        yield Walk(app, pilot)


@asynccontextmanager
async def driving(
    store: Path, size: tuple[int, int] = NORMAL, today: date | None = TODAY, theme: str = ""
) -> AsyncIterator[Driver]:
    """Drive the app on a catalog."""
    async with started(Options(store=store, config=None, today=today, actor="ann"), size, theme) as (app, pilot):
        driver = Driver(app, pilot)
        await driver.settle()
        yield driver
