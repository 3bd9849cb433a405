"""The app over one catalog, driven headless: `python -m tests.bench.catalog_cell FILE` prints its figures as JSON."""

import asyncio
import gc
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.screen import Screen

from tests.bench.catalog_file import TODAY
from tests.bench.store_cell import resident
from tui.app import ModelTui
from tui.session import Options
from tui.widgets.table import Table

SIZE = (160, 50)
WORDS = ("family", "large", "azure", "google", "family-1", "@2026-0", "mistral", "own")
QUIET = 0.06
"""Seconds without a frame after which a key has had its effect."""


class Frames:
    """When frames were handed to the driver, and how long the event loop ever stood still.

    `rows` is when the first frame came with the table as a key had made it, `last` when the last one, with the panes
    beside it. `worst` is by the clock, which on a busy machine counts the time of others; `busy` is what the loop's own
    thread worked meanwhile.
    """

    def __init__(self, app: ModelTui) -> None:
        self.app = app
        self.last = self.rows = 0.0
        self.worst = self.busy = 0.0
        self._due = self._painted = False
        display = app._display

        def noted(screen, renderable) -> None:
            display(screen, renderable)
            if renderable is not None:
                self.last = time.perf_counter()
                if self._due and self._painted:
                    self.rows, self._due = self.last, False

        app._display = noted

    def follow(self, screen: Any) -> None:
        """Note when the catalog's table is painted and when it is given what was found."""
        table = screen.query_one("#rows", Table)
        lines, show = table.render_lines, screen._show

        def painted(crop):
            self._painted = True
            return lines(crop)

        def shown(*found) -> None:
            show(*found)
            self.expect()

        table.render_lines, screen._show = painted, shown

    def expect(self) -> None:
        """From now on the table stands as the key made it: the next frame that paints it is the one."""
        self._due, self._painted = True, False

    async def tick(self) -> None:
        before, worked = time.perf_counter(), time.thread_time()
        while True:
            await asyncio.sleep(0.002)
            now, works = time.perf_counter(), time.thread_time()
            self.worst = max(self.worst, (now - before) * 1000 - 2)
            self.busy = max(self.busy, (works - worked) * 1000)
            before, worked = now, works

    def watch(self) -> None:
        """Watch from now on."""
        self.worst = self.busy = 0.0

    def gaps(self, name: str) -> dict[str, float]:
        """The worst since then, under a name."""
        return {f"gap {name}": self.worst, f"busy {name}": self.busy}

    async def until_quiet(self, start: float) -> float:
        """Milliseconds from `start` until the last frame."""
        deadline = time.perf_counter() + 20
        while time.perf_counter() < deadline:
            await asyncio.sleep(0.004)
            if any(worker.group in ("find", "page") and not worker.is_finished for worker in self.app.workers):
                continue
            if self.last > start and time.perf_counter() - self.last > QUIET:
                return (self.last - start) * 1000
            if self.last <= start and time.perf_counter() - start > 1:
                return 0.0  # nothing changed on the screen
        raise RuntimeError("the screen does not come to rest")


async def press(app: ModelTui, pilot: Pilot[int], frames: Frames, key: str) -> float:
    """Milliseconds from a key until its last frame."""
    return await timed(frames, lambda: app.simulate_key(key))


async def timed(frames: Frames, action: Callable[[], Awaitable[object] | object]) -> float:
    """Milliseconds from an action until its last frame."""
    start = time.perf_counter()
    done = action()
    if isinstance(done, Awaitable):
        await done
    return await frames.until_quiet(start)


async def rows_and_all(frames: Frames, action: Callable[[], object], found: bool) -> tuple[float, float]:
    """Milliseconds until the rows are painted, and until all is; `found`: the rows are those of a new answer."""
    start = time.perf_counter()
    if not found:
        frames.expect()
    whole = await timed(frames, action)
    return (frames.rows - start) * 1000 if frames.rows > start else 0.0, whole


async def pushed(app: ModelTui, frames: Frames, made: Callable[[], Screen[Any]]) -> float:
    """Milliseconds from a push until the last frame, which shows what a worker computed."""
    start = time.perf_counter()
    await app.push_screen(made())
    behind = getattr(app.screen, "behind", None)
    while behind is not None and not behind.is_finished:
        await asyncio.sleep(0.004)
    return await frames.until_quiet(start)


@asynccontextmanager
async def opened(path: Path):
    app = ModelTui(Options(store=path, today=TODAY, actor="bench"))
    frames = Frames(app)
    async with app.run_test(size=SIZE) as pilot:
        while app.view is None or not app._looker.complete:
            await pilot.pause(0.02)
        ticker = asyncio.create_task(frames.tick())
        await pilot.pause(0.3)
        yield app, pilot, frames
        ticker.cancel()


async def main(path: Path) -> dict[str, float]:
    gc.disable()  # as the command line does until the first view is shown
    async with opened(path) as (app, pilot, frames):
        table = app.screen.query_one("#rows", Table)
        await press(app, pilot, frames, "v")  # all known versions
        await press(app, pilot, frames, "v")
        await press(app, pilot, frames, "v")
        figures: dict[str, float] = {}

        frames.follow(app.screen)

        async def measure(name: str, actions: Iterable[Callable[[], object]], found: bool = False) -> None:
            times = [t for action in actions if all(t := await rows_and_all(frames, action, found))]
            figures[name], figures[f"{name}, all"] = map(statistics.median, zip(*times, strict=True))

        async def keys(name: str, pressed: list[str], found: bool = False) -> None:
            await measure(name, [partial(app.simulate_key, key) for key in pressed], found)

        frames.watch()
        await keys("cursor", ["j"] * 12)
        await keys("page", ["pagedown"] * 8 if table.line_count > 400 else ["pagedown", "pageup"] * 4)
        figures |= frames.gaps("scrolling")
        await keys("mark", ["space", "j"] * 5)
        figures["first sort"] = await timed(frames, lambda: sort(app, "price_in"))
        await measure("sort", [partial(sort, app, field) for field in ("key", "provider") * 3], found=True)
        await press(app, pilot, frames, "slash")
        frames.watch()
        await measure("filter", typing(app), found=True)
        figures |= frames.gaps("typing")
        await press(app, pilot, frames, "escape")
        frames.watch()
        for number in range(8):
            key = next(iter(app.catalog.versions))
            await app.carry_out(lambda c, key=key, n=number: c.tag([key], [f"edited-{n}"]))
            await frames.until_quiet(time.perf_counter())
        figures |= frames.gaps("editing")
        figures["memory"] = resident()
        figures |= await screens(app, frames)
    return figures


def sort(app: ModelTui, field: str) -> None:
    """Order by a field, as a click on its head does."""
    from tui.shown import turned

    app.screen.shown = turned(app.screen.shown, field)
    app.screen._find()


def typing(app: ModelTui) -> Iterator[Callable[[], object]]:
    """Words letter by letter; after each the line is emptied."""
    for word in WORDS:
        for key in (*word, "ctrl+u"):
            yield partial(app.simulate_key, key)


async def screens(app: ModelTui, frames: Frames) -> dict[str, float]:
    """Opening screens: from the second time on, when what each needs is imported."""
    from store.engine import new_uid
    from store.records import Measurement
    from tui import keys as commands
    from tui.screens.base import Place
    from tui.screens.compare import CompareScreen
    from tui.screens.detail import DetailScreen
    from tui.screens.dialogs import Reader
    from tui.screens.places import screen_class
    from tui.screens.review import ReviewScreen

    class Empty(Place):
        scope = "catalog"

        def body(self):
            return iter(())

        def paint(self, view, changed) -> None:
            pass

    keys = [key for key in app.catalog.versions if key.startswith("openai/")][:8]
    names = list(app.catalog.metrics)[:60]
    with app.catalog.command("bench") as draft:
        for i, key in enumerate(keys):
            for j, name in enumerate(names):
                draft.create(Measurement(new_uid(), name, 0.5 + (i * 7 + j) % 40 / 100, key, n=500, source="bench"))
    await frames.until_quiet(time.perf_counter())
    figures = {}
    worst = 0.0
    for name, made in (
        ("empty screen", Empty),
        ("open detail", lambda: DetailScreen(keys[0], "")),
        ("open comparison of 8 × 60", lambda: CompareScreen(keys, "")),
        *((f"open {place}", screen_class(place)) for place in ("upgrades", "timeline", "sync", "use_cases")),
        ("open review", ReviewScreen),
        ("open help", lambda: Reader("Keys", commands.help_text("catalog"))),
    ):
        times, gaps = [], []
        for _ in range(5):
            frames.worst = 0.0
            times.append(await pushed(app, frames, made))
            gaps.append(frames.worst)
            await timed(frames, app.pop_screen)
        figures[name] = statistics.median(times[1:])
        worst = max(worst, statistics.median(gaps[1:]))
    return figures | {"gap opening": worst}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(Path(sys.argv[1])))))
