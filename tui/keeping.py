"""How the app keeps what it shows: opening behind the first paint, saving on one writer thread, backups, the way out.

A command has happened when its change is on disk; until then nothing says "saved". What could not be saved for the disk
stays in the status line until it is saved again (`ctrl+r`, or the form's own key: it kept its values).
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, TypeVar

from textual import events, work
from textual.app import App
from textual.markup import escape

from tui.garbage import Collector

if TYPE_CHECKING:
    from store.catalog import Catalog, Changed
    from store.changes import Settled
    from store.records import Event
    from tui.session import Options

POLL_SECONDS = 0.7
"""How often the file is asked for edits of other processes (two stat calls)."""

TURN_SECONDS = 0.001
"""How long a thread that works may keep the event loop from its turn; Python's own 5 ms are a third of a frame."""

T = TypeVar("T")
Step = Callable[["Catalog"], "Event | None"]


class Keeping(App[int]):
    """The part of the app that owns the catalog."""

    def __init__(self, options: Options) -> None:
        self.options = options
        super().__init__()
        self.catalog: Catalog | None = None
        self.what_if: date | None = None
        self.saved_at: datetime | None = None
        self.failure: str = ""
        self._unsaved: tuple[Step, str] | None = None
        self._notices_told = 0
        self._opening = False
        self._learning: Future[None] | None = None
        self.garbage = Collector()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="modeltui-writer")

    async def look(self, changed: Changed | None) -> None:
        """Make a new view and paint it; the app does it."""
        raise NotImplementedError

    def prepare(self, catalog: Catalog, today: date, changed: Changed | None = None) -> None:
        """The slow part of the next look, in a thread; the app does it."""
        raise NotImplementedError

    def tell_state(self) -> None:
        """Paint the status line anew; the app does it."""
        raise NotImplementedError

    def style_all(self) -> None:
        """Take in the styles that the first view does not need; the app does it."""
        raise NotImplementedError

    def say(self, text: str, severity: str = "information") -> None:
        """A toast; the text is never read as markup."""
        self.notify(text, severity=severity, timeout=8 if severity == "error" else 4, markup=False)  # type: ignore[arg-type]

    # ── opening ──

    def begin(self) -> None:
        """The first paint is out: open the catalog behind it, and end in order when the system asks for it."""
        if self._opening:
            return
        self._opening = True
        self._heed_signals()
        self._open()

    def _heed_signals(self) -> None:
        """Not with asyncio's own handlers: they ask for all signals there are, which takes 3 ms."""
        loop = asyncio.get_running_loop()

        def leave(number: int, _frame: object) -> None:
            loop.call_soon_threadsafe(self.exit, None, 128 + number)

        for name in () if self.is_headless else ("SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), leave)

    @work
    async def _open(self) -> None:
        from tui.exits import of_error

        found = await self._on_writer(self._opened)
        while isinstance(found, Exception):
            from tui.screens.recovery import recover

            chosen = await recover(self, found)
            if chosen is None:
                self.exit(return_code=of_error(found), message=escape(f"modeltui: {found}"))
                return
            found = await self._on_writer(chosen)
        await self._take(found)

    def _opened(self) -> Catalog | Exception:
        """Open the catalog and look at it, all on the writer thread: nothing waits for the loop in between."""
        from store.catalog import StoreError

        found = opened(self.options)
        if not isinstance(found, Exception):
            try:
                self.prepare(found, found.today)
            except StoreError as error:  # a disk that fails between two looks
                found.close()
                return error
        return found

    async def _take(self, catalog: Catalog) -> None:
        """Show an open catalog."""
        self.catalog = catalog
        catalog.subscribe(self._follow)
        await self.look(None)
        self.call_after_refresh(self._settle_in, catalog)

    def _settle_in(self, catalog: Catalog) -> None:
        """What can wait until the first view is shown."""
        sys.setswitchinterval(TURN_SECONDS)
        self._see_to(catalog)
        self.style_all()
        self.stylesheet.parse()
        self.set_interval(POLL_SECONDS, self._poll)

    @work(group="settling")
    async def _see_to(self, catalog: Catalog) -> None:
        """Read the rest of the file, learn who acts, make the day's backup, and tell what was met."""
        await asyncio.wrap_future(self._learn_rest(catalog))
        if catalog.read_only:
            self.say(f"Read-only: {catalog.read_only}", "warning")
            self.tell_state()
        elif not self.options.demo:
            failed = await self._on_writer(_backed_up, catalog)
            if failed:
                self.say(failed, "warning")
        self.tell_notices()

    def _learn_rest(self, catalog: Catalog) -> Future[None]:
        """Begin it once, before any command on the same thread."""
        if self._learning is None:
            self._learning = self._writer.submit(_learn, catalog, self.options)
        return self._learning

    async def _on_writer(self, run: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, run, *args)

    # ── following ──

    def _follow(self, changed: Changed) -> None:
        """Told by the catalog on the thread that wrote: look again on ours."""
        self.call_later(self.look, changed)

    @work(exclusive=True, group="poll", exit_on_error=False)
    async def _poll(self) -> None:
        from store.catalog import StoreError

        if self.catalog is None:
            return
        self.garbage.poll()
        try:
            await self._on_writer(self.catalog.refresh)
        except StoreError as error:
            self._fail(str(error))
        self.tell_notices()

    def tell_notices(self) -> None:
        """Say what the store met and set aside, once."""
        notices = self.catalog.notices if self.catalog is not None else []
        for notice in notices[self._notices_told :]:
            self.say(notice, "warning")
        self._notices_told = len(notices)

    async def on_event(self, event: events.Event) -> None:
        """Keys and the mouse tell that somebody is there."""
        if isinstance(event, events.InputEvent):
            self._at_work()
        await super().on_event(event)

    def _at_work(self) -> None:
        self.garbage.touched()
        self.call_after_refresh(self.garbage.between)

    # ── saving ──

    async def carry_out(self, command: Step, said: str = "") -> bool:
        """Run one command of the catalog on the writer thread; True when its change is on disk.

        A command that fails says why in a toast and changes nothing. `said` is shown when it is saved.
        """
        if self.catalog is None:
            return False
        if self.what_if is not None:
            self.say("This is a what-if day: nothing is written. Press T and enter to come back.", "warning")
            return False
        from store.catalog import CommandError, StoreError
        from store.changes import Conflict, Outdated

        self._at_work()
        self._learn_rest(self.catalog)
        try:
            event = await self._on_writer(command, self.catalog)
        except StoreError as error:
            self._unsaved = (command, said)
            self._fail(str(error))
            self.say(f"Not saved: {error}", "error")
            return False
        except (CommandError, Outdated, ValueError) as error:
            self.say(f"Not saved: {error}", "error")
            return False
        except Conflict as error:
            from tui.screens.settling import settle

            settled = await settle(self, self.catalog, error)
            return settled is not None and await self.carry_out(_settled(command, settled), said)
        if self._unsaved is None or said == self._unsaved[1]:
            self._unsaved, self.failure = None, ""
        if event is not None:
            self.saved_at = datetime.now()
            if said:
                self.say(said)
        self.tell_state()
        return True

    def _fail(self, sentence: str) -> None:
        if sentence != self.failure:
            self.failure = sentence
            self.tell_state()

    @property
    def problem(self) -> str:
        """What of the store stands in the status line: an edit that is not on disk, or that nothing can be edited."""
        if self.failure:
            retry = "   ctrl+r saves it again" if self._unsaved is not None else ""
            return f"NOT saved: {self.failure}{retry}" if self._unsaved is not None else self.failure
        if self.catalog is not None and self.catalog.read_only:
            return "read-only: a newer modeltui wrote it" if self.catalog.newer else "read-only"
        return ""

    @work(exclusive=True, group="save")
    async def action_save_again(self) -> None:
        """Save what could not be saved."""
        if self._unsaved is None:
            self.say("Everything is saved.")
        else:
            await self.carry_out(*self._unsaved)

    # ── the way out ──

    async def on_unmount(self) -> None:
        """Flush what is being written, then fold the journal."""
        if self.catalog is not None:
            await self._on_writer(self.catalog.close)
        self._writer.shutdown(wait=True)


def opened(options: Options, read_only: bool = False) -> Catalog | Exception:
    """The open catalog, or why it is none; the store is imported here, on the writer thread, behind the first paint."""
    from store.catalog import StoreError
    from tui.session import open_catalog

    try:
        return open_catalog(options, writes=False, read_only=read_only, silent=True, hurry=True)
    except StoreError as error:
        return error


def _settled(command: Step, settled: Settled) -> Step:
    """A command with a person's answer to what stood in its way."""

    def run(catalog: Catalog) -> Event | None:
        with catalog.settling(settled):
            return command(catalog)

    return run


def _learn(catalog: Catalog, options: Options) -> None:
    from tui.session import actor_of

    catalog.read_rest()
    catalog.actor = actor_of(options)


def _backed_up(catalog: Catalog) -> str:
    """Make the day's backup where there is none yet; why it could not be made."""
    from store import backup
    from store.catalog import StoreError

    try:
        if backup.daily_due(catalog.path, datetime.now(UTC)):
            catalog.backup("daily")
    except StoreError as error:
        return f"No backup was made: {error}"
    return ""
