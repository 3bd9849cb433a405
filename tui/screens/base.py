"""What every place of the app has: the status line, a footer, the way back, and painting from the app's view."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from textual import events, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.geometry import Size
from textual.screen import Screen
from textual.worker import Worker, WorkerError

from tui import keys, text
from tui.screens.actions import Edits
from tui.widgets.header import StatusLine
from tui.widgets.key_line import KeyLine
from tui.widgets.too_small import LEAST, TooSmall

if TYPE_CHECKING:
    from store.catalog import Changed
    from tui.keys import Scope
    from tui.state import View

AT_ONCE = 0.1
"""Seconds that the first picture of a screen waits for what is computed beside; what takes longer comes in later."""


class Place(Edits, Screen[None]):
    """A screen of the app. A subclass composes its `body`, and paints it from a view in `paint`.

    `scope` names its keys in `tui.keys`, `place` what the status line calls it, `AUTO_FOCUS` the widget that has the
    focus from the first picture on. `behind` is the worker that computes what `paint` asked for, if any.
    """

    scope: ClassVar[Scope] = "catalog"
    place = "?"
    BINDINGS: ClassVar[list[BindingType]] = keys.named_bindings("everywhere", "back", "help")

    behind: Worker[None] | None = None
    _resumed = False
    _painted_for: tuple[View, Size] | None = None

    def compose(self) -> ComposeResult:
        """Status line, body, footer; a sentence instead of them where there is no room."""
        self._take_size()
        yield StatusLine()
        yield from self.body()
        yield KeyLine(self.scope)
        if self._is_tiny():
            yield TooSmall()

    def body(self) -> ComposeResult:
        """The screen's own widgets."""
        raise NotImplementedError

    def paint(self, view: View, changed: Changed | None) -> None:
        """Show a view; `changed` is None where everything may have changed (another day, first paint)."""
        raise NotImplementedError

    def selection(self) -> list[str]:
        """The keys of the versions that a command acts on: the marked ones, else the one under the cursor."""
        return []

    def use_case_here(self) -> str:
        """The use case that a command acts in, "" for none."""
        return ""

    def assignment_here(self) -> str:
        """The uid of the assignment that a command acts on, "" for none."""
        return ""

    # ── following the app ──

    async def on_mount(self) -> None:
        """Paint what is known already; the first picture waits a moment for what is computed beside."""
        self.repaint(None)
        if self.behind is not None:
            await asyncio.wait({asyncio.create_task(_over(self.behind))}, timeout=AT_ONCE)

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Paint what changed while another screen was in front."""
        if not self._resumed:
            self._resumed = True
            event.refresh_styles = False  # all of it was styled a moment ago, when it was mounted
        self.tell_state()
        if self._stale:
            self.repaint(None)

    def on_resize(self) -> None:
        """Another size: lay out anew."""
        if self._is_tiny() and not self.query(TooSmall):
            self.mount(TooSmall())
        if self._stale:
            self.repaint(None)

    @property
    def _stale(self) -> bool:
        view = self.model.view
        seen, size = self._painted_for or (None, None)
        return view is not None and (seen is not view or size != self.app.size)

    def repaint(self, changed: Changed | None) -> None:
        """Paint the app's view; it is a new one, or the size is another."""
        self.tell_state()
        if self.model.view is not None:
            self._painted_for = self.model.view, self.app.size
            self.paint(self.model.view, changed)

    def _is_tiny(self) -> bool:
        return self.app.size.width < LEAST[0] or self.app.size.height < LEAST[1]

    def _take_size(self) -> None:
        """Have the classes of the terminal's size before anything is styled: Textual sets them after the layout."""
        app = self.model
        for steps, size in ((app.HORIZONTAL_BREAKPOINTS, app.size.width), (app.VERTICAL_BREAKPOINTS, app.size.height)):
            fitting = [name for least, name in steps or () if size >= least]
            self.add_class(*fitting[-1:], update=False)

    def tell_state(self) -> None:
        """Paint the status line."""
        app = self.model
        clock = ""
        if app.what_if is not None:
            clock = f"WHAT-IF {text.day(app.what_if).text} · nothing is written"
        elif app.clock_is_set:
            clock = f"clock {text.day(app.today).text}"
        self.query_one(StatusLine).tell(
            self.place, app.view, store=app.store_name, clock=clock, net="○ offline" if app.is_offline else "",
            problem=app.problem, saved="" if app.saved_at is None else f"saved {app.saved_at:%H:%M:%S}",
        )  # fmt: skip

    # ── keys of every place ──

    def action_help(self) -> None:
        """Show the keys of this screen."""
        from tui.screens.dialogs import Reader

        self.app.push_screen(Reader(f"Keys · {self.place}", keys.help_text(self.scope)))

    def action_back(self) -> None:
        """One step back."""
        if len(self.app.screen_stack) > 1:
            self.app.pop_screen()

    def action_copy_key(self) -> None:
        """Copy the keys of the selection."""
        chosen = self.selection()
        if chosen:
            self.app.copy_to_clipboard("\n".join(chosen))
            self.model.say(f"Copied {', '.join(chosen)}")

    @work(exclusive=True, group="compare")
    async def action_compare(self) -> None:
        """Compare the marked versions, else the one under the cursor with its replacement."""
        from tui.screens.compare_open import open_comparison

        await open_comparison(self)

    @work(exclusive=True, group="upgrade")
    async def action_upgrade(self) -> None:
        """Open the running upgrade of what is selected, or start one."""
        from tui.screens.upgrade_start import open_or_start

        await open_or_start(self)

    @work(exclusive=True, group="scan")
    async def action_scan(self) -> None:
        """Search code and configuration for models of the catalog."""
        from tui.screens.scanning import scan_for_all

        if self.model.view is not None:
            await scan_for_all(self)


async def _over(worker: Worker[None]) -> None:
    with suppress(WorkerError):  # cancelled for a newer one; a failure ends the app by itself
        await worker.wait()
