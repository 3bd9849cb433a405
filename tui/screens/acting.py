"""What an action needs to know of the place that it runs in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar, cast

from textual.screen import ModalScreen, Screen

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.records import Assignment
    from tui.app import ModelTui
    from tui.state import View

T = TypeVar("T")

LOOKING = "Looking at what may follow …"
SLOW_SECONDS = 0.4
"""How long what a key asks for may take before it is said that something is going on."""


class Acting(Screen[None]):
    """A screen whose keys act on what is selected; the base of the actions that every place shares."""

    @property
    def model(self) -> ModelTui:
        """The app."""
        return cast("ModelTui", self.app)

    @property
    def catalog(self) -> Catalog:
        """The open catalog; only asked once a view is there."""
        assert self.model.catalog is not None
        return self.model.catalog

    @property
    def seen(self) -> View:
        """What is shown; only asked once a view is there."""
        assert self.model.view is not None
        return self.model.view

    async def patiently(self, said: str, run: Callable[..., T], *args: object) -> T:
        """What a thread works out; where it takes long, a toast says what is going on."""
        slow = self.set_timer(SLOW_SECONDS, lambda: self.model.say(said))
        try:
            return await asyncio.to_thread(run, *args)
        finally:
            slow.stop()

    def selection(self) -> list[str]:
        """The keys of the versions that a command acts on: the marked ones, else the one under the cursor."""
        return []

    def use_case_here(self) -> str:
        """The use case that a command acts in, "" for none."""
        return ""

    def metric_here(self) -> str:
        """The metric that a command acts on, "" for none."""
        return ""

    def assignment_here(self) -> str:
        """The uid of the assignment that a command acts on, "" for none."""
        return ""

    def key_here(self) -> str:
        """The version that a command for a single one acts on, marks or not; "" for none."""
        uid = self.assignment_here()
        run = self.catalog.assignments.by_uid(uid) if uid and self.model.catalog is not None else None
        return run.version if run is not None else next(iter(self.selection()), "")

    # ── asking ──

    def run_here(self) -> Assignment | None:
        """The assignment that a command acts on: the one under the cursor, else what runs its version there."""
        uid = self.assignment_here()
        if uid:
            return self.catalog.assignments.by_uid(uid)
        use_case, key = self.use_case_here(), self.key_here()
        runs = [a for a in self.seen.records.assignments if a.use_case == use_case and a.version == key]
        return min(runs, key=lambda a: (a.stage != "Production", not a.in_use), default=None)

    def version_here(self, what: str) -> str:
        """The one version that a command acts on, "" (and a word about it) where none is selected.

        Args:
            what: what is to be done, for the word.
        """
        key = self.key_here()
        if not key:
            self.model.say(f"No version is selected: put the cursor on one to {what}.", "warning")
        return key

    def may_write(self) -> bool:
        """Whether something can be changed now; says why not."""
        if self.model.view is None:
            self.model.say("The catalog is still opening.", "warning")
        elif self.model.what_if is not None:
            self.model.say("This is a what-if day: nothing is written. Press T and enter to come back.", "warning")
        elif self.catalog.read_only:
            self.model.say(f"This catalog is read-only: {self.catalog.read_only}", "warning")
        else:
            return True
        return False

    async def asked(self, dialog: ModalScreen[T]) -> T | None:
        """The answer to a dialog, None when it was left."""
        return await self.app.push_screen_wait(dialog)

    async def chosen(self, title: str, options: Sequence[tuple[str, str]]) -> str | None:
        """One of some options; a single one needs no question."""
        if len(options) == 1:
            return options[0][0]
        from tui.screens.dialogs import Choose

        return await self.asked(Choose(title, options)) if options else None
