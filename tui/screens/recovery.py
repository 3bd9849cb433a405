"""When the catalog cannot be opened: what can be read of it, and the ways on. Nothing is written before a choice."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from store.values import dataclass
from tui.screens.dialogs import Decide

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.repair import Report
    from tui.keeping import Keeping
    from tui.session import Options

Opening = Callable[[], "Catalog | Exception"]

SHOWN = 8
"""Sentences about the damage that are shown; doctor lists all."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way on: its name, what it does in words, and how it opens the catalog (None: leave)."""

    name: str
    words: str
    open: Opening | None


class Recovery(Decide):
    """What is wrong, what can be read, and the choices; answers with the name of one, None to quit."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "cancel", "quit")]
    HINT = "enter to choose · esc to quit; nothing is written before you choose"


async def recover(app: Keeping, error: Exception) -> Opening | None:
    """Ask how to go on after an opening that failed; None to leave."""
    import asyncio

    about, ways = await asyncio.to_thread(_found, app.options, error)
    if not ways:
        return None
    quit_ = Way("quit", "quit; the files stay as they are", None)
    options = [(way.name, way.words) for way in [*ways, quit_]]
    answer = await app.push_screen_wait(Recovery(str(error), about, options))
    return next((way.open for way in ways if way.name == answer), None)


def _found(options: Options, error: Exception) -> tuple[list[str], list[Way]]:
    """What stands on the disk, and what can be done about it."""
    from store.catalog import StoreCorrupt, StoreLocked
    from tui.keeping import opened

    again = Way("again", "try again", lambda: opened(options))
    if isinstance(error, StoreLocked):
        return ["It is held for moments only, unless that program stands still."], [again]
    if not isinstance(error, StoreCorrupt) or options.demo:
        return [], []
    return _damage(options, str(error))


def _damage(options: Options, known: str) -> tuple[list[str], list[Way]]:
    from store import backup, repair
    from store.catalog import StoreError

    path = options.store_path
    about: list[str] = []
    ways: list[Way] = []
    try:
        report = repair.examine(path)
    except StoreError as error:
        about.append(str(error))
    else:
        about += _counted(report, known)
        ways.append(Way("repaired", "use what can be read; the files as they are go to recovery/", _repaired(options)))
        ways.append(Way("read", "open what can be read for reading only; nothing is changed", _readable(options)))
    for kept in backup.list_backups(path)[:5]:
        words = f"use the backup of {kept.taken_at:%Y-%m-%d %H:%M} UTC ({kept.kind}); the files go to recovery/"
        ways.append(Way(kept.path.name, words, _restored(options, kept.path)))
    return about, ways


def _counted(report: Report, known: str) -> list[str]:
    """What can be read, and what is wrong apart from what is `known` already."""
    findings = [finding for finding in report.findings if finding != known]
    documents = ", ".join(f"{count:,} {table.replace('_', ' ')}" for table, count in report.documents.items())
    lines = [f"Can be read: {documents}.", f"{report.edits:,} edits of the journal are among them.", ""]
    lines += findings[:SHOWN]
    more = len(findings) - SHOWN
    return [*lines, f"… and {more:,} more; `modeltui doctor` lists them."] if more > 0 else lines


def _repaired(options: Options) -> Opening:
    def run() -> Catalog | Exception:
        from store import repair

        found = _after(options, lambda: repair.salvage(options.store_path, datetime.now(UTC)))
        return found if isinstance(found, Exception) else _tidied(found, options)

    return run


def _tidied(catalog: Catalog, options: Options) -> Catalog | Exception:
    """Move aside what is readable and still cannot be used, as `doctor --repair` does, and say so."""
    from store import checkup
    from store.catalog import StoreError
    from tui.session import actor_of

    catalog.actor = actor_of(options)
    moved = [fault for fault in checkup.faults(catalog) if fault.doc_id]
    try:
        catalog.set_aside(moved)
    except StoreError as error:
        catalog.close()
        return error
    if moved:
        many = "documents are" if len(moved) > 1 else "document is"
        catalog.notices.append(f"{len(moved)} {many} spoiled and in quarantine now; modeltui doctor names them.")
    return catalog


def _restored(options: Options, chosen: Path) -> Opening:
    def run() -> Catalog | Exception:
        from store import repair

        return _after(options, lambda: repair.restore(options.store_path, chosen, datetime.now(UTC)))

    return run


def _readable(options: Options) -> Opening:
    def run() -> Catalog | Exception:
        from store import repair

        made = Path(tempfile.mkdtemp(prefix="modeltui-readable-"))
        atexit.register(shutil.rmtree, made, ignore_errors=True)
        copy = made / options.store_path.name
        return _after(
            replace(options, store=copy),
            lambda: repair.salvage(options.store_path, datetime.now(UTC), into=copy),
            read_only=True,
        )

    return run


def _after(options: Options, step: Callable[[], object], *, read_only: bool = False) -> Catalog | Exception:
    """Take a step, then open; or why that did not work."""
    from store.catalog import StoreError
    from tui.keeping import opened

    try:
        step()
    except StoreError as error:
        return error
    return opened(options, read_only=read_only)
