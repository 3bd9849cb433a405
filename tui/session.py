"""What one run of modeltui works with: which catalog, which settings, which day, and who acts."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from store.values import dataclass
from tui import settings as settings_file
from tui.figures import clean
from tui.settings import Settings

if TYPE_CHECKING:
    from store.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Options:
    """The global options of the command line.

    `store` and `config` are files that the user named (None: `MODELTUI_STORE`, `MODELTUI_CONFIG`, else the
    platform's directories). `today` sets the clock. `actor` is recorded with every edit, not authenticated.
    `quiet` leaves out text for people (not JSON, CSV or files), `verbose` tells what is opened and asked.
    """

    store: Path | None = None
    config: Path | None = None
    today: date | None = None
    actor: str = ""
    offline: bool = False
    demo: bool = False
    json: bool = False
    quiet: bool = False
    verbose: bool = False

    @property
    def store_path(self) -> Path:
        """The file of the catalog."""
        named = self.store or _from_environment("MODELTUI_STORE")
        if named is not None:
            return named / "catalog.json" if named.is_dir() else named
        import platformdirs

        return platformdirs.user_data_path("modeltui", appauthor=False) / "catalog.json"

    @property
    def config_path(self) -> Path:
        """The settings file."""
        named = self.config or _from_environment("MODELTUI_CONFIG")
        if named is not None:
            return named
        import platformdirs

        return platformdirs.user_config_path("modeltui", appauthor=False) / "settings.toml"

    def settings(self) -> Settings:
        """What the settings file says.

        Raises:
            UsageError: the file is malformed, or was named and is not there.
        """
        return settings_file.load(self.config_path, wanted=self.config is not None)


def _from_environment(name: str) -> Path | None:
    value = os.environ.get(name, "")
    return Path(value).expanduser() if value else None


def day(text: str) -> date:
    """A date on the command line."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a date; write it as 2026-12-09") from None


def near(when: date) -> bool:
    """Whether a clock or a what-if may stand on a day: plans count decades around it, which must be days too."""
    return 1970 <= when.year <= 9000


def clock(text: str) -> date:
    """A day to set the clock to."""
    found = day(text)
    if not near(found):
        raise argparse.ArgumentTypeError(f"'{text}' is too far away to set the clock to; write it as 2026-12-09")
    return found


def actor_of(options: Options) -> str:
    """Who acts: `--as`, `MODELTUI_USER`, the setting `user`, git's user.email, or the login (DESIGN 2)."""
    from store.catalog import default_actor

    return options.actor or os.environ.get("MODELTUI_USER") or options.settings().user or default_actor()


def _throw_away() -> Path:
    """A directory of this run only."""
    import atexit
    import shutil
    import tempfile

    made = Path(tempfile.mkdtemp(prefix="modeltui-demo-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def open_catalog(
    options: Options, *, writes: bool = True, read_only: bool = False, silent: bool = False, hurry: bool = False
) -> Catalog:
    """Open the catalog with the shipped facts in it.

    Args:
        options: which one, on which day.
        writes: False for a command that only reads, which then spends no time on finding out who acts; the app finds
            that out behind its first view.
        read_only: nothing may be written, not even the shipped facts.
        silent: what the store met and set aside is not told on standard error: the app has toasts, a prompt no room.
        hurry: a first view is what counts; who says so calls `read_rest` after it.

    Raises:
        StoreError: the file is no catalog, is damaged or cannot be read.
        UsageError: the settings are malformed.
    """
    from store import reference
    from store.catalog import fixed_clock, wall_clock
    from tui.prompting import PromptingCatalog

    if options.config is not None:
        options.settings()  # a settings file that was named must be readable, whatever the command
    path, today = options.store_path, options.today
    if options.demo:
        from store import demo

        path, today = _throw_away() / "demo.json", today or reference.as_of()
        demo.fill(path)
    clock = wall_clock if today is None else fixed_clock(today)
    actor = actor_of(options) if writes else ""
    catalog = PromptingCatalog.open(path, actor=actor, clock=clock, read_only=read_only, hurry=hurry)
    catalog.template_directory = options.config_path.parent / "templates"
    try:
        known = catalog.registries.get("reference")
        if known is None or str(known.state.get("stamp", "")) < reference.stamp():
            from store.sync import load_reference  # what compares and merges is only needed where there is news

            load_reference(catalog)
    except BaseException:
        catalog.close()
        raise
    if writes and not options.demo:
        _back_up_daily(catalog)
    if not options.demo:
        catalog.keep_prompt_line(options)
    if not silent and not options.quiet:
        _tell(catalog, writes)
    return catalog


def _back_up_daily(catalog: Catalog) -> None:
    """The day's backup before its first edit from the command line; the app makes it when it opens."""
    from store.backup import daily_due
    from store.catalog import StoreError

    if catalog.read_only or catalog.untouched or not daily_due(catalog.path, datetime.now(UTC)):
        return
    try:
        catalog.backup("daily")
    except StoreError as error:
        catalog.notices.append(f"No backup was made: {error}")


def _tell(catalog: Catalog, writes: bool) -> None:
    """What a person must know of the file; a command that writes says itself why it may not."""
    newer = [catalog.read_only] if catalog.newer and not writes else []
    for sentence in [*catalog.notices, *newer]:
        sys.stderr.write(f"modeltui: {clean(sentence)}\n")
