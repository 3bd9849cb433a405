"""The app: opens the catalog, keeps the one view that screens paint from, carries out commands, switches places."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.command import Provider
from textual.screen import Screen

from tui import keys, prompt
from tui.keeping import Keeping
from tui.theme import THEMES, variable_defaults
from tui.widgets.too_small import LEAST

if TYPE_CHECKING:
    from store.catalog import Catalog, Changed
    from store.records import Event
    from tui.session import Options
    from tui.state import Looker, View


def stylesheet() -> tuple[str, str]:
    """The one style sheet, in two parts: what the first view needs, and what is parsed behind it (5 ms).

    It lies beside this package when installed, at the top of a checkout otherwise.
    """
    here = Path(__file__).resolve().parent
    inside = here / "screens.css"
    text = (inside if inside.exists() else here.parent / "screens.css").read_text("utf-8")
    first, _, rest = text.partition("/* ── BEHIND THE FIRST VIEW")
    return first, f"/* {rest}"


FIRST_STYLES, OTHER_STYLES = stylesheet()


def _palette() -> type[Provider]:
    from tui.palette import KeyCommands

    return KeyCommands


class ModelTui(Keeping):
    """The terminal app over one catalog."""

    CSS = FIRST_STYLES
    TITLE = "modeltui"
    COMMANDS: ClassVar = {_palette}
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("everywhere")
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (LEAST[0], "-narrow"), (100, "-normal"), (160, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (LEAST[1], "-short"), (30, "-tall")]

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.view: View | None = None
        self.kept: dict[str, object] = {}  # what a place keeps while another one is in front
        self._looking = asyncio.Lock()
        self._looker: Looker | None = None
        self._prepared: tuple[str, Callable[[Changed | None], View]] | None = None
        for theme in THEMES:
            self.register_theme(theme)
        chosen = options.settings().theme
        # not assigned, which would parse the style sheet once more than needed: the start watches it anyway
        self.set_reactive(ModelTui.theme, chosen if chosen in self.available_themes else THEMES[0].name)
        self.stylesheet.set_variables(self.get_css_variables())

    @property
    def store_name(self) -> str:
        """What the status line calls the catalog's file."""
        return "demo" if self.options.demo else self.options.store_path.name

    @cached_property
    def is_offline(self) -> bool:
        """True where no socket may be opened: `--offline`, or `offline = true` in the settings."""
        return self.options.offline or self.options.settings().offline

    @property
    def clock_is_set(self) -> bool:
        """True where the clock does not stand on the calendar's day."""
        return self.options.today is not None or self.options.demo

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our semantic colours, derived for themes that do not name them."""
        return variable_defaults(self.current_theme)

    # ── the first screen ──

    def on_status_line_painted(self) -> None:
        """Something is on the screen: open the catalog."""
        self.begin()

    def get_default_screen(self) -> Screen[None]:
        """The catalog opens first."""
        from tui.screens.catalog import CatalogScreen

        return CatalogScreen()

    def push_screen(self, *args: Any, **named: Any) -> Any:
        """As Textual's, with the styles of all screens."""
        self.style_all()
        return super().push_screen(*args, **named)

    def style_all(self) -> None:
        """Take in the styles that the first view does not need."""
        self.stylesheet.add_source(OTHER_STYLES, read_from=("screens.css", "behind the first view"))

    # ── looking ──

    @property
    def today(self) -> date:
        """The day that everything is shown for: what-if, clock or calendar."""
        if self.what_if is not None:
            return self.what_if
        return self.catalog.today if self.catalog is not None else date.today()

    def prepare(self, catalog: Catalog, today: date, changed: Changed | None = None) -> None:
        """The slow part of the next look, in a thread."""
        if self._looker is None:
            from tui.state import Looker

            self._looker = Looker(catalog)
        self._prepared = prompt.state(self.options), self._looker.decide(today, changed)

    async def look(self, changed: Changed | None) -> None:
        """Make a new view off the loop and let the screens repaint from it."""
        catalog = self.catalog
        if catalog is None:
            return
        async with self._looking:
            if self._prepared is None:
                await asyncio.to_thread(self.prepare, catalog, self.today, changed)
            assert self._prepared is not None
            assert self._looker is not None
            (seen, show), self._prepared = self._prepared, None
            self.view = show(changed)
            if self._looker.complete:
                self.call_after_refresh(self.garbage.begin)
            else:
                self.call_after_refresh(self.look, None)
        from tui.screens.base import Place

        for screen in self.screen_stack:
            if isinstance(screen, Place) and screen.is_mounted:
                screen.repaint(changed)
        own = not self.options.demo and catalog.path == self.options.store_path  # not a backup that was opened instead
        if own and self.what_if is None:
            self.call_after_refresh(self._keep_line, prompt.line_of(self.view.findings), seen)

    @work(group="prompt")
    async def _keep_line(self, line: str, seen: str) -> None:
        await asyncio.to_thread(prompt.keep_line, self.options, line, seen)

    def tell_state(self) -> None:
        """Let the places paint their status line anew."""
        from tui.screens.base import Place

        for screen in self.screen_stack:
            if isinstance(screen, Place) and screen.is_mounted:
                screen.tell_state()

    def set_what_if(self, day: date | None) -> None:
        """Show everything as of another day, or come back from there."""
        self.what_if = day
        self.call_later(self.look, None)

    # ── places ──

    async def _show(self, name: str) -> None:
        """Go to a place: back to it where it is on the way, else anew over the catalog."""
        from tui.screens import places

        wanted = places.screen_class(name)
        while len(self.screen_stack) > 1 and not isinstance(self.screen, wanted):
            await self.pop_screen()
        if not isinstance(self.screen, wanted):
            await self.push_screen(wanted())

    async def action_show_catalog(self) -> None:
        """Catalog."""
        await self._show("catalog")

    async def action_show_upgrades(self) -> None:
        """Upgrades."""
        await self._show("upgrades")

    async def action_show_timeline(self) -> None:
        """Timeline."""
        await self._show("timeline")

    async def action_show_sync(self) -> None:
        """Registries."""
        await self._show("sync")

    async def action_show_use_cases(self) -> None:
        """Use cases."""
        await self._show("use_cases")

    # ── global keys ──

    async def action_review(self) -> None:
        """Start the review of what needs a decision, or go on with it."""
        from tui.screens.review import ReviewScreen

        if isinstance(self.screen, ReviewScreen):
            self.screen.resume()
        elif any(isinstance(screen, ReviewScreen) for screen in self.screen_stack):
            while not isinstance(self.screen, ReviewScreen):
                await self.pop_screen()
        else:
            await self.push_screen(ReviewScreen())

    def action_palette(self) -> None:
        """Find a command by name, as ctrl+p does."""
        self.action_command_palette()

    @work
    async def action_what_if(self) -> None:
        """Ask for a what-if day; empty comes back to today."""
        from tui.screens.dialogs import Ask

        said = await self.push_screen_wait(
            Ask(
                "What-if: see everything as on which day? Nothing is written until you come back. A past day shows "
                "what ran on it as recorded, with all that is known by now.",
                self.what_if.isoformat() if self.what_if else "",
                hint="2026-12-09, +60d, -30d, or empty for today",
                required=False,
            )
        )
        if said is None:
            return
        try:
            self.set_what_if(_day(said, self.catalog.today if self.catalog else date.today()) if said else None)
        except (ValueError, OverflowError):
            self.say(f"'{said}' is not a day: write 2026-12-09, +60d or -30d", "error")

    @work
    async def action_undo(self) -> None:
        """Take back the last command."""
        await self._step_back(lambda c: c.undo(), "Undone", "There is nothing to undo.")

    @work
    async def action_redo(self) -> None:
        """Repeat what was undone."""
        await self._step_back(lambda c: c.redo(), "Done again", "There is nothing to redo.")

    async def _step_back(self, step: Callable[[Catalog], Event | None], verb: str, nothing: str) -> None:
        done: list[Event | None] = []

        def run(catalog: Catalog) -> Event | None:
            done.append(step(catalog))
            return done[-1]

        if await self.carry_out(run):
            event = done[-1]
            what = "" if event is None else event.command.partition(" ")[2]
            kept = event is not None and not event.changes
            self.say(nothing if event is None else f"Left as it is: {what}" if kept else f"{verb}: {what}")

    def compose(self) -> ComposeResult:
        """Nothing of its own: screens hold everything."""
        return iter(())


def _day(text: str, today: date) -> date:
    """A day as typed: an ISO date, or days from today (`+60d`, `-30d`)."""
    from tui.session import near

    relative = text.startswith(("+", "-"))
    found = today + timedelta(days=int(text.removesuffix("d"))) if relative else date.fromisoformat(text)
    if not near(found):
        raise ValueError(text)
    return found


def run(options: Options) -> int:
    """Run the app until it is quit; the exit code."""
    app = ModelTui(options)
    app.run()
    return app.return_code or 0
