"""What may be done to the item under the cursor of a checklist."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import date, timedelta
from typing import NamedTuple

from textual import work

from store.catalog import Catalog
from store.records import Event, Item, ItemState
from store.review.items import SIGN_OFF
from tui.screens import checklist_look as looks
from tui.screens.checklist_actions import UpgradeActions
from tui.screens.checklist_evidence import HINT, Given, recognise
from tui.screens.dialogs import Ask, Choose, Confirm
from tui.screens.form import Faults, Form, FormField, Values

WAIVED_DAYS = 30
"""How long a waiver is proposed to last."""


class Waived(NamedTuple):
    """A waiver as a form gives it."""

    by: str
    why: str
    until: date


class ItemActions(UpgradeActions):
    """Keys that act on one item; `item_here` says on which."""

    def __init__(self) -> None:
        super().__init__()
        self._stepping = asyncio.Lock()
        self._reached: dict[str, ItemState] = {}  # by steps that are not painted yet

    def _wanted(self) -> tuple[str, Item] | None:
        """The upgrade's uid and the item, if it may be changed; else says why not."""
        upgrade, item = self.may_change(), self.item_here()
        if upgrade is None:
            return None
        if item is None:
            self.model.say("Put the cursor on an item first.", "warning")
            return None
        return upgrade.uid, item

    @work(group="step")
    async def step(self, item_id: str) -> None:
        """Take an item one step on from the state that is shown: to do, doing, done, and open again."""
        async with self._stepping:
            upgrade = self.may_change()
            if upgrade is None:
                return
            # of two quick presses the second one goes on from the first, which is not painted yet
            uid, shown = upgrade.uid, self._reached.pop(item_id, upgrade.items[item_id].state)
            if await self.model.carry_out(lambda c: c.step_item(uid, item_id, shown)):
                self._reached[item_id] = self.catalog.upgrades[uid].items[item_id].state

    @work(exclusive=True, group="ask")
    async def action_note(self) -> None:
        """Add evidence to the item: a note, a link or a file."""
        wanted = self._wanted()
        if wanted is None:
            return
        uid, item = wanted
        typed = await self.app.push_screen_wait(Ask(f"Evidence for {item.id} {item.title}", hint=HINT))
        if typed is None:
            return
        try:
            given = await asyncio.to_thread(recognise, typed)
        except ValueError as error:
            self.model.say(str(error), "error")
            return
        await self._keep(uid, item.id, given)

    async def _keep(self, uid: str, item_id: str, given: Given) -> None:
        if given.kind == "remark":
            await self.model.carry_out(lambda c: c.comment_item(uid, item_id, given.text), f"{item_id}: remark kept")
            return
        kind = given.kind
        said = f"{item_id}: {given.kind} kept" + (f", sha256 {given.hash[:12]}…" if given.hash else "")
        await self.model.carry_out(lambda c: c.add_evidence(uid, item_id, kind, given.text, given.hash), said)

    @work(exclusive=True, group="ask")
    async def action_waive(self) -> None:
        """Waive the item: who, why, until when."""
        wanted = self._wanted()
        if wanted is None:
            return
        uid, item = wanted
        until = self.model.today + timedelta(days=WAIVED_DAYS)
        blocks = "Promotion" if item.gate == "promote" else "Closing"
        fields = [
            FormField("by", "Who accepts it", self.catalog.actor),
            FormField("why", "Why", hint=f"{blocks} no longer waits for {item.id}: the next person reads why"),
            FormField("until", "Until (and including)", until.isoformat(), hint="2026-12-31 or +30d"),
        ]
        form = Form(f"Waive {item.id} {item.title}", fields, lambda values: waiver(values, self.model.today))
        given: Waived | None = await self.app.push_screen_wait(form)
        if given is not None:
            await self.model.carry_out(
                lambda c: c.waive_item(uid, item.id, by=given.by, why=given.why, until=given.until),
                f"{item.id} waived until {given.until}",
            )

    @work(exclusive=True, group="ask")
    async def action_not_applicable(self) -> None:
        """Say that the item has no meaning here, and why."""
        wanted = self._wanted()
        if wanted is None:
            return
        uid, item = wanted
        why = await self.app.push_screen_wait(Ask(f"Why does {item.id} not apply? {item.title}"))
        if why is not None:
            await self.model.carry_out(lambda c: c.skip_item(uid, item.id, why), f"{item.id}: not applicable")

    @work(exclusive=True, group="scan")
    async def action_import(self) -> None:
        """Search code and configuration for the old version; what is found becomes evidence of its item."""
        from tui.screens.scanning import scan_for_upgrade

        upgrade = self.may_change()
        if upgrade is not None:
            await scan_for_upgrade(self, upgrade)

    @work(exclusive=True, group="checks")
    async def action_run(self) -> None:
        """Run the automatic checks."""
        upgrade = self.may_change()
        if upgrade is None:
            return
        uid = upgrade.uid
        if await self.model.carry_out(lambda c: c.run_checks(uid)):
            checked = [item for item in self.catalog.upgrades[uid].items.values() if item.check]
            counted = Counter(item.state for item in checked)
            open_ones = len(checked) - counted["done"] - counted["blocked"]
            passed, failed = counted["done"], counted["blocked"]
            self.model.say(f"{len(checked)} checks: {passed} passed, {failed} failed, {open_ones} cannot tell yet")

    @work(exclusive=True, group="ask")
    async def action_approve(self) -> None:
        """Sign the item under the cursor; on a heading, the sign-off of the upgrade."""
        upgrade = self.may_change()
        if upgrade is None:
            return
        uid = upgrade.uid
        item = self.item_here() or next((i for i in upgrade.items.values() if i.check == SIGN_OFF), None)
        if item is None:
            self.model.say("This checklist has no sign-off: put the cursor on the item to sign.", "warning")
            return
        item_id = item.id
        effect = [
            f"{item_id} {item.title}",
            f"signed by {self.catalog.actor} (recorded, not authenticated)",
            f"for the upgrade of {upgrade.use_case}, started by {upgrade.author or 'an unknown person'}",
        ]
        answer = await self.app.push_screen_wait(Confirm("Sign it?", effect, ask_reason=False, verb="sign"))
        if answer is None:
            return

        def sign(catalog: Catalog) -> Event | None:
            return catalog.sign_item(uid, item_id)

        await self.model.carry_out(sign, f"{item_id} signed by {self.catalog.actor}")

    @work(exclusive=True, group="ask")
    async def action_open_link(self) -> None:
        """Open a page of the item: its evidence, or what it cites."""
        item = self.item_here()
        found = looks.links(item) if item is not None else []
        if not found:
            self.model.say("No link here: the cursor is on nothing that cites a page.", "warning")
            return
        url: str | None = found[0][0]
        if len(found) > 1:
            options = [(address, f"{title} · {address}") for address, title in dict(found).items()]
            url = await self.app.push_screen_wait(Choose("Open which page?", options))
        if url is not None:
            self.app.open_url(url)


def waiver(values: Values, today: date) -> Waived:
    """A waiver from a form's values.

    Raises:
        Faults: with a sentence at each field that is missing or wrong.
    """
    faults: dict[str, str] = {}
    if not values["by"]:
        faults["by"] = "a waiver needs the person who gives it"
    if not values["why"]:
        faults["why"] = "a waiver needs a reason"
    until, said = today, values["until"]
    try:
        until = today + timedelta(days=int(said[1:].removesuffix("d"))) if said[:1] == "+" else date.fromisoformat(said)
    except (ValueError, OverflowError):
        faults["until"] = f"'{said}' is not a day: write {today + timedelta(days=WAIVED_DAYS)} or +30d"
    if not faults and until < today:
        faults["until"] = f"{until} is past: a waiver must last until {today} or later"
    if faults:
        raise Faults(faults)
    return Waived(values["by"], values["why"], until)
