"""The checklist of one upgrade: what moves where, its items by phase, what is known about the one under the cursor."""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from store.catalog import Changed
from store.records import Item, Upgrade
from store.review.checklist import by_phase
from tui import keys, text
from tui.screens import checklist_look as looks
from tui.screens.checklist_items import ItemActions
from tui.screens.checklist_look import ASK, ItemRows, Look
from tui.screens.dialogs import Reader
from tui.state import View
from tui.widgets.preview import content
from tui.widgets.table import Table
from tui.widgets.table_messages import Opened, Ticked


class ItemTable(Table):
    """The table of items: `space` steps, nothing is marked."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("lists", "checklist")


class ChecklistScreen(ItemActions):
    """One upgrade by its uid, the cursor on the item `at`, else on the next one.

    `ask` opens the questions that would decide which items apply, where there are some.
    """

    scope: ClassVar[keys.Scope] = "checklist"
    place = "Upgrade"
    AUTO_FOCUS: ClassVar[str | None] = "#items"
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("checklist")

    def __init__(self, upgrade_uid: str, *, ask: bool = False, at: str = "") -> None:
        super().__init__()
        self.upgrade_uid = upgrade_uid
        self.stands: Look | None = None
        self._ask, self._at = ask, at
        self._rows = ItemRows()
        self._pane_shown: bool | None = None

    def body(self) -> ComposeResult:
        """Two lines of head, the items, the pane about one of them."""
        yield Static(id="upgrade-head")
        yield ItemTable(looks.COLUMNS, self._rows, pinned=0, markable=False, id="items", empty="Opening …")
        with VerticalScroll(id="item-pane", can_focus=False), Horizontal(id="item-about"):
            yield Static(id="item-asks")
            yield Static(id="item-there")

    # ── painting ──

    def paint(self, view: View, changed: Changed | None) -> None:
        """Show the upgrade as it is in a view."""
        del changed  # checks and dates draw on many records
        upgrade = view.records.upgrades.get(self.upgrade_uid)
        table = self.query_one(ItemTable)
        if upgrade is None:
            self.stands = None
            self.query_one("#upgrade-head", Static).update(
                Content("This upgrade is no longer there.\n z brings it back.")
            )
            table.set_empty("Removed, perhaps by another person. esc goes back.")
            table.show_sections(())
            return
        first = self.stands is None
        self._reached.clear()
        self.stands = looks.look(self.catalog, view, upgrade)
        self.place = f"Upgrade ▸ {upgrade.use_case}"
        self.tell_state()
        lines = looks.head(self.stands)
        self.query_one("#upgrade-head", Static).update(Content("\n").join(Content(" ") + content(c) for c in lines))
        sections = self._rows.put(self.stands)
        table.refresh_rows()
        table.show_sections(sections)
        table.set_columns(self._rows.fitting())
        if first:
            self.call_after_refresh(self._begin, self.stands, table)  # the height is known by then
        shown = self.app.size.height >= 20 if self._pane_shown is None else self._pane_shown
        self.query_one("#item-pane").display = shown  # folds where there is no room, unless told otherwise
        self._paint_pane()

    def _begin(self, seen: Look, table: Table) -> None:
        """Only the phase at hand is open, the cursor on its next item, or on the one that was asked for."""
        at_hand, items = looks.unfolded(seen, table.page), seen.upgrade.items
        begin = self._at if self._at in items else seen.progress.next
        at_hand |= {items[begin].phase} if begin is not None else set()
        for phase in by_phase(seen.upgrade.items):
            table.fold(phase, phase not in at_hand)
        if begin is not None:
            table.move_to(begin)
        if self._ask and seen.questions:
            self._ask = False
            self.ask_questions()

    def _paint_pane(self) -> None:
        pane = self.query_one("#item-pane")
        if self.stands is None or not pane.display:
            return
        asks, there = self.query_one("#item-asks", Static), self.query_one("#item-there", Static)
        item, width = self.item_here(), self.app.size.width
        narrow = width < 100
        each = width - 8 if narrow else width // 2 - 6
        if item is None:
            pane.border_title = ""
            asks.update(Content(looks.summary(self.stands, self.query_one(ItemTable).cursor_section)))
            there.display = False
            return
        pane.border_title = text.clean(f"{item.id} {item.title}")
        left, right = looks.about(item, self.stands)
        if narrow:
            left, right = [*right[:1], *left[:2], *right[2:], *left[2:]], []
        there.display = bool(right)
        asks.update(Content("\n").join(content(line) for line in looks.laid_out(left, each)))
        there.update(Content("\n").join(content(line) for line in looks.laid_out(right, each)))
        pane.scroll_home(animate=False)

    # ── what is selected ──

    def upgrade_here(self) -> Upgrade | None:
        """The upgrade of this screen."""
        return self.stands.upgrade if self.stands is not None else None

    def item_here(self) -> Item | None:
        """The item under the cursor."""
        key = self.query_one(ItemTable).cursor_key
        return self.stands.upgrade.items.get(key) if self.stands is not None and key is not None else None

    # ── events ──

    @on(Table.Highlighted, "#items")
    def _moved(self) -> None:
        self._paint_pane()

    @on(Table.Opened, "#items")
    def _opened(self, event: Opened) -> None:
        if event.key == ASK:
            self.ask_questions()
            return
        item = self.item_here()
        if item is not None and self.stands is not None:
            lines = [line for side in looks.about(item, self.stands) for line in side]
            width = min(100, self.app.size.width) - 10
            told = Content("\n").join(content(line) for line in looks.laid_out(lines, width))
            self.app.push_screen(Reader(f"{item.id} {item.title}", told))

    @on(Table.Ticked, "#items")
    def _ticked(self, event: Ticked) -> None:
        if event.key == ASK:
            self.ask_questions()
        else:
            self.step(event.key)

    def action_preview(self) -> None:
        """Show or fold the pane."""
        pane = self.query_one("#item-pane")
        self._pane_shown = pane.display = not pane.display
        self._paint_pane()

    # ── questions ──

    @work(exclusive=True, group="questions")
    async def ask_questions(self) -> None:
        """Ask what would decide which items apply; the use case and the deployment remember the answers."""
        from tui.screens.checklist_questions import Questions

        seen = self.stands
        if seen is None or not seen.questions:
            return
        answers = await self.app.push_screen_wait(Questions(seen.upgrade.use_case, seen.questions))
        if answers:
            before = len(seen.upgrade.items)
            if await self.model.carry_out(lambda c: c.answer(self.upgrade_uid, answers)):
                after = self.catalog.upgrades[self.upgrade_uid].items
                self.model.say(f"{len(answers)} answered: {before} → {len(after)} items")
