"""Walking through the app by keys, for tests of screens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from unittest.mock import patch

from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input, Static, TextArea

from store.catalog import Catalog
from tui.app import ModelTui
from tui.session import Options

TODAY = date(2026, 11, 23)


class Walk:
    """The app under a pilot: press keys, fill forms, wait for what must come."""

    def __init__(self, app: ModelTui, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

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
        for _ in range(400):
            if true():
                return
            await self.pilot.pause(0.02)
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

    def painted(self) -> str:
        """What stands on the whole screen, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)

    def said(self) -> list[str]:
        """The toasts so far."""
        return [str(note.message) for note in self.app._notifications]


@asynccontextmanager
async def walk(path: Path, size: tuple[int, int] = (80, 24), **options: object) -> AsyncIterator[Walk]:
    """The app on a catalog, opened and painted."""
    app = ModelTui(Options(store=path, today=TODAY, actor="me", **options))  # type: ignore[arg-type]
    # Textual's pilot sleeps 20 ms at least three times a key; 4 ms tell as well that nothing is going on
    with patch("textual._wait.SLEEP_GRANULARITY", 0.004):
        async with app.run_test(size=size) as pilot:
            found = Walk(app, pilot)
            await found.until(lambda: app.view is not None, "the first view")
            await pilot.pause()
            yield found
