"""Search code and configuration for what models they name: which paths, progress with a way out, what is kept of it."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from store.catalog import Catalog
from store.records import Event, Upgrade
from store.scan import Known, Scan, ScanError, names, scan
from tui.screens.dialogs import Ask, Choose, Confirm, Reader
from tui.text import clean

if TYPE_CHECKING:
    from store.scan import Hit
    from tui.screens.base import Place

SHOWN = 500
"""Places that are listed; the rest is counted."""
HINT = "src deploy/values.yaml · quote a name with spaces"


class Scanning(ModalScreen[Scan | str | None]):
    """A scan under way: what was found, a sentence where a path cannot be scanned, None when it was stopped."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "stop", "stop")]

    def __init__(self, paths: Sequence[Path], known: Callable[[], Mapping[str, Known]]) -> None:
        super().__init__(classes="dialog")
        self._paths, self._known = paths, known
        self._stopped = False
        self._so_far: Scan | None = None

    def compose(self) -> ComposeResult:
        """Where, how far, the way out."""
        with Vertical(classes="box"):
            where = ", ".join(str(path) for path in self._paths)
            yield Static(Content(clean(f"Searching {where}")), classes="title")
            yield Static("…", id="so-far")
            yield Static(Content("esc to stop; nothing is kept then"), classes="hint")

    def on_mount(self) -> None:
        """Begin."""
        self.set_interval(0.1, self._tell)
        self._search()

    def on_unmount(self) -> None:
        """However it ends, the thread must not read on."""
        self._stopped = True

    @work(exclusive=True, group="scan")
    async def _search(self) -> None:
        try:
            self.dismiss(await asyncio.to_thread(self._read))
        except ScanError as error:
            self.dismiss(str(error))

    def _read(self) -> Scan:
        return scan(self._paths, self._known(), watch=self._watch)

    def _watch(self, so_far: Scan) -> bool:
        self._so_far = so_far
        return not self._stopped

    def _tell(self) -> None:
        if self._so_far is not None:
            self.query_one("#so-far", Static).update(Content(counted(self._so_far)))

    def action_stop(self) -> None:
        """Leave at once; the thread ends before its next file."""
        self.dismiss(None)


def counted(found: Scan) -> str:
    """How much was read, and how many places it has."""
    places = "1 place" if len(found.hits) == 1 else f"{len(found.hits):,} places"
    return f"{places} in {found.files:,} files"


async def scan_for_upgrade(place: Place, upgrade: Upgrade) -> None:
    """Scan, show what names the old version of an upgrade, and keep it as evidence if that is wanted."""
    found = await _scanned(place, f"Search which files or folders for {upgrade.from_version}?")
    if found is None:
        return
    item, places = place.catalog.scan_for(upgrade, found)
    effect = await asyncio.to_thread(_listed, place.catalog, places, found)
    others = len(found.hits) - len(places)
    effect += [f"{others:,} more name other models or deployments of the catalog"] if others else []
    if not item:
        place.app.push_screen(Reader(f"Scan · {counted(found)}", "\n".join([*effect, "", _NO_ITEM])))
        return
    title = f"Keep as evidence of {item} {upgrade.items[item].title}?"
    if await place.asked(Confirm(title, effect, ask_reason=False, verb="keep it")) is not None:
        await _keep(place, upgrade, found, item)


async def scan_for_all(place: Place) -> None:
    """Scan, show every place that names a model of the catalog, and offer it to the upgrades that wait for it."""
    found = await _scanned(place, "Search which files or folders for models of the catalog?")
    if found is None:
        return
    told = await asyncio.to_thread(_listed, place.catalog, found.hits, found)
    await place.asked(Reader(f"Scan · {counted(found)}", "\n".join(told)))
    running = [u for u in place.catalog.upgrades.records() if u.state in ("open", "promoted")]
    wanted = {u.uid: (u, *place.catalog.scan_for(u, found)) for u in running}
    options = [
        (uid, f"{upgrade.use_case} · {item} · {len(places)} places")
        for uid, (upgrade, item, places) in wanted.items()
        if item and places
    ]
    if not options or place.model.what_if is not None or place.catalog.read_only:
        return
    uid = await place.asked(Choose("Keep it as evidence of an upgrade?", [*options, ("", "no, only look")]))
    if uid:
        upgrade, item, _ = wanted[uid]
        await _keep(place, upgrade, found, item)


_NO_ITEM = "This checklist has no item that a scan is evidence for, so nothing is kept."


async def _scanned(place: Place, title: str) -> Scan | None:
    """Ask where and search there; None where nothing came of it, which was said."""
    kept = place.model.kept
    before = kept.get("scanned")
    typed = await place.asked(Ask(title, before if isinstance(before, str) else ".", hint=HINT))
    if not typed:
        return None
    try:
        paths = [Path(word).expanduser() for word in shlex.split(typed)]
    except (ValueError, RuntimeError) as error:  # an open quote; a home that is not known
        place.model.say(f"'{typed}' cannot be read as paths: {error}", "error")
        return None
    kept["scanned"] = typed
    catalog = place.catalog
    found = await place.asked(Scanning(paths, lambda: names(catalog.versions.values(), catalog.deployments.values())))
    if isinstance(found, Scan):
        return found
    if found is None:
        place.model.say("The scan was stopped; nothing was kept.")
    else:
        place.model.say(found, "error")
    return None


def _listed(catalog: Catalog, places: Sequence[Hit], found: Scan) -> list[str]:
    """A line a place with what it stands for and how that ends, then what was not read."""
    from tui.commands.scan import ends_of

    ends: dict[Known, str] = {}
    for hit in places[:SHOWN]:
        if hit.known not in ends:
            ends[hit.known] = ends_of(catalog, hit.known)
    lines = [f"{hit.path}:{hit.line}  {hit.literal}  {ends[hit.known]}" for hit in places[:SHOWN]]
    lines += [f"… and {len(places) - SHOWN:,} more"] if len(places) > SHOWN else []
    lines = lines or [f"No place in {found.files:,} files names it."]
    lines += ["", f"{found.unread:,} files were not read: too large, or no right to"] if found.unread else []
    return lines + (["", found.cut] if found.cut else [])


async def _keep(place: Place, upgrade: Upgrade, found: Scan, item: str) -> None:
    def attach(catalog: Catalog) -> Event | None:
        return catalog.attach_scan(upgrade.uid, found)[0]

    await place.model.carry_out(attach, f"Kept with {item} of {upgrade.use_case}; what it shows is for you to settle")
