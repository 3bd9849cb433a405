"""What may be done to a whole upgrade, on its checklist and in the list of upgrades."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from store.catalog import Catalog, CommandError
from store.records import Assignment, Event, Item, Upgrade
from store.review.items import assign_to
from store.review.plan import Plan
from store.review.rollback import PRODUCTION, RevertTarget
from tui import text, traffic
from tui.screens import checklist_look as looks
from tui.screens.base import Place
from tui.screens.dialogs import Ask, Choose, Confirm, Reader
from tui.screens.form import Faults, Form, FormField, Values

STRATEGIES = (("in_place", "in place: the same deployment gets the new version"),
              ("side_by_side", "side by side: a second deployment, then the traffic moves"))  # fmt: skip


class Recorded(Reader):
    """The reminder that traffic has not moved, with the command to copy."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "copy", "copy the command")]

    def __init__(self, title: str, what: traffic.Move) -> None:
        said = traffic.reminder(what)
        super().__init__(title, f"{said}\n\ny copies the command." if what.command else said)
        self.command = what.command or what.note

    def action_copy(self) -> None:
        """Copy the command, or the sentence where there is none."""
        self.app.copy_to_clipboard(self.command)
        self.app.notify("Copied", markup=False)


class UpgradeActions(Place):
    """Keys that act on one upgrade; `upgrade_here` says on which."""

    def upgrade_here(self) -> Upgrade | None:
        """The upgrade that a command acts on."""
        raise NotImplementedError

    def item_here(self) -> Item | None:
        """The item that a command acts on, where the screen shows items."""
        return None

    def selection(self) -> list[str]:
        """The version that is left, and the target."""
        upgrade = self.upgrade_here()
        return [] if upgrade is None else [key for key in (upgrade.from_version, upgrade.to_version) if key]

    def use_case_here(self) -> str:
        """The upgrade's use case."""
        upgrade = self.upgrade_here()
        return "" if upgrade is None else upgrade.use_case

    def may_change(self) -> Upgrade | None:
        """The upgrade if it is running; else says why not."""
        upgrade = self.upgrade_here()
        if upgrade is not None and upgrade.state not in ("open", "promoted"):
            self.model.say(f"This upgrade is {upgrade.state.replace('_', ' ')}: start a new one with u.", "warning")
            return None
        return upgrade if self.may_write() else None

    # ── target ──

    @work(exclusive=True, group="ask")
    async def action_set(self) -> None:
        """Set what the upgrade moves to."""
        from tui.screens.upgrade_targets import targets

        upgrade, view = self.may_change(), self.model.view
        if upgrade is None or view is None:
            return
        if upgrade.state != "open":
            self.model.say("The target is in Production already: revert with R, or start the next upgrade.", "warning")
            return
        version = view.records.versions.get(upgrade.from_version)
        found = [] if version is None else await asyncio.to_thread(targets, version, view)
        options = [o for o in found if o[0] != upgrade.to_version] + [("", "decide later: no target")]
        key = await self.app.push_screen_wait(Choose(f"Move {upgrade.use_case} to", options))
        if key is not None and key != upgrade.to_version:
            said = f"Target: {key}" if key else "No target"
            await self.model.carry_out(lambda c: c.set_target(upgrade.uid, key), said)

    # ── promote and revert ──

    @work(exclusive=True, group="ask")
    async def action_promote(self) -> None:
        """Show what a promotion changes or what blocks it, ask a reason, record it."""
        upgrade = self.may_change()
        if upgrade is None:
            return
        blockers = await asyncio.to_thread(self.catalog.blockers, upgrade.uid)
        if blockers or not upgrade.to_version:
            self.app.push_screen(Reader(f"Not yet: {len(blockers)} before promotion", _blocked(upgrade, blockers)))
            return
        effect = _effect(self.catalog, upgrade, upgrade.to_version)
        reason = await self.app.push_screen_wait(
            Confirm(f"Promote {upgrade.to_version} in {upgrade.use_case}?", effect, verb="promote")
        )
        if reason is not None and await self.model.carry_out(lambda c: c.promote(upgrade.uid, reason)):
            self._remind("Promoted", upgrade, upgrade.to_version)

    @work(exclusive=True, group="ask")
    async def action_revert(self) -> None:
        """Show what a revert changes back, ask a reason, record it."""
        upgrade = self.upgrade_here()
        if upgrade is None:
            return
        if upgrade.state != "promoted":
            self.model.say("Nothing of this upgrade is in Production, so there is nothing to go back from.", "warning")
            return
        target = await asyncio.to_thread(self.catalog.revert_target, upgrade.use_case, upgrade.deployment)
        if target.key is None:
            self.app.push_screen(Reader("There is no way back", _no_way_back(upgrade, target)))
            return
        key = target.key
        effect = [*_effect(self.catalog, upgrade, key), "", *target.reasons]
        effect += [f"not {other}: {why}" for other, why in target.others]
        reason = await self.app.push_screen_wait(Confirm(f"Go back to {key}?", effect, verb="revert"))
        if reason is not None and await self.model.carry_out(
            lambda c: c.revert(upgrade.use_case, reason, upgrade.deployment)
        ):
            self._remind("Reverted", upgrade, key)

    def _remind(self, title: str, upgrade: Upgrade, key: str) -> None:
        version = self.catalog.versions.get(key)
        if version is not None:
            place = self.catalog.deployments.get(upgrade.deployment)
            self.app.push_screen(Recorded(title, traffic.move(version, place, upgrade.use_case)))

    # ── the end ──

    @work(exclusive=True, group="ask")
    async def action_decide(self) -> None:
        """Close the upgrade, cancel it, or confirm that traffic runs as recorded."""
        upgrade = self.may_change()
        if upgrade is None:
            return
        unseen = self._unseen(upgrade)
        options = [("seen", "the traffic has moved: confirm that it runs as recorded")] if unseen is not None else []
        if upgrade.state == "promoted":
            options.append(("close", "close: done"))
        else:
            options.append(("cancel", "cancel: end it without a move"))
        match await self.app.push_screen_wait(Choose(f"Decide about the upgrade of {upgrade.use_case}", options)):
            case "seen" if unseen is not None:
                uid = unseen.uid
                await self.model.carry_out(lambda c: c.confirm_seen(uid), "Confirmed: it runs as recorded")
            case "close":
                await self._close(upgrade)
            case "cancel":
                effect = [f"{upgrade.use_case} goes on with {upgrade.from_version}.", "The checklist stays readable."]
                why = await self.app.push_screen_wait(Confirm("Cancel the upgrade?", effect, verb="cancel it"))
                if why is not None:
                    await self.model.carry_out(lambda c: c.cancel_upgrade(upgrade.uid, why), "Cancelled")

    def _unseen(self, upgrade: Upgrade) -> Assignment | None:
        here = (upgrade.use_case, upgrade.deployment, PRODUCTION)
        runs = [a for a in self.catalog.runs_in(upgrade.use_case) if (a.use_case, a.deployment, a.stage) == here]
        return next((a for a in runs if not a.seen and upgrade.state == "promoted"), None)

    async def _close(self, upgrade: Upgrade) -> None:
        def blockers() -> list[str]:
            return self.catalog.blockers(upgrade.uid, to_close=True)

        waits = await asyncio.to_thread(blockers)
        if waits:
            self.app.push_screen(Reader(f"Not yet: {len(waits)} before the end", "\n".join(waits)))
            return
        lessons = await self.app.push_screen_wait(Ask("Lessons for the next time?", upgrade.lessons, required=False))
        if lessons is not None:
            await self.model.carry_out(lambda c: c.close_upgrade(upgrade.uid, "done", lessons), "Closed: done")

    # ── notes and the record ──

    @work(exclusive=True, group="ask")
    async def action_edit(self) -> None:
        """Edit the owner of the item under the cursor, the strategy and the notes."""
        upgrade = self.may_change()
        if upgrade is None:
            return
        item = self.item_here()
        fields = [FormField("owner", f"Owner of {item.id}", item.owner, hint="nobody yet")] if item else []
        fields += [
            FormField("strategy", "Strategy", upgrade.strategy, choices=STRATEGIES),
            FormField("note", "Note", upgrade.note, "long"),
            FormField("lessons", "Lessons", upgrade.lessons, "long"),
        ]
        check = _edited(upgrade, item)
        edited: Upgrade | None = await self.app.push_screen_wait(Form(f"Upgrade of {upgrade.use_case}", fields, check))
        if edited is not None and edited != upgrade:
            await self.model.carry_out(lambda c: c.edit_upgrade(edited, upgrade), "Saved")

    @work(exclusive=True, group="ask")
    async def action_export(self) -> None:
        """Write the change record to a file as Markdown."""
        upgrade = self.upgrade_here()
        if upgrade is None:
            return
        name = f"upgrade-{upgrade.use_case}-{self.model.today.isoformat()}.md"
        said = await self.app.push_screen_wait(Ask("Write the change record to which file?", name))
        if said is None:
            return
        path = Path(said).expanduser()
        if path.exists():
            effect = [f"{path} is there already and would be replaced."]
            if (
                await self.app.push_screen_wait(Confirm("Replace it?", effect, ask_reason=False, verb="replace"))
                is None
            ):
                return
        try:
            record = await asyncio.to_thread(self.catalog.change_record, upgrade.uid)
            await asyncio.to_thread(path.write_text, record, encoding="utf-8")
        except (OSError, CommandError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else error
            self.model.say(f"{path} was not written: {why}", "error")
            return
        self.model.say(f"Change record: {path}")

    @work(exclusive=True, group="ask")
    async def action_copy_markdown(self) -> None:
        """Copy the change record."""
        upgrade = self.upgrade_here()
        if upgrade is not None:
            self.app.copy_to_clipboard(await asyncio.to_thread(self.catalog.change_record, upgrade.uid))
            self.model.say("Copied the change record as Markdown")

    def action_why(self) -> None:
        """Why the item is there and due then, and what the upgrade waits for."""
        upgrade, view = self.upgrade_here(), self.model.view
        if upgrade is not None and view is not None:
            told = looks.why(self.item_here(), looks.look(self.catalog, view, upgrade))
            self.app.push_screen(Reader(f"Why · {upgrade.use_case}", told))

    async def change(self, command: Callable[[Catalog], Event | None], said: str = "") -> bool:
        """Carry out a command on the running upgrade; False where it is over or failed."""
        return self.may_change() is not None and await self.model.carry_out(command, said)


def _blocked(upgrade: Upgrade, blockers: list[str]) -> str:
    hint = f'modeltui upgrade promote {upgrade.use_case} --force --reason "…"'
    lines = ["Settle these (space, W waive, N not applicable, r run checks), then press P again.", ""]
    lines += blockers
    if upgrade.to_version:
        lines += ["", f"Past the gate only by {hint}, which stays visible for good."]
    return "\n".join(lines)


def _effect(catalog: Catalog, upgrade: Upgrade, key: str) -> list[str]:
    """What enters and leaves Production, and what that rests on."""
    leaving = [
        a
        for a in catalog.runs_in(upgrade.use_case)
        if a.stage == PRODUCTION and a.deployment == upgrade.deployment and a.version != key
    ]
    lines = [f"enters    {key} on {upgrade.deployment}, {_share(100)}"]
    lines += [f"leaves    {a.version}, {_share(a.share)}, archived" for a in leaving]
    lines.append("traffic   is not moved by this; how to move it follows")
    if key == upgrade.to_version:
        verdict = text.verdict(upgrade.verdict).text if upgrade.verdict else "none: r asks the gate"
        waived = [item.id for item in upgrade.items.values() if item.state == "waived"]
        lines += ["", f"verdict   {verdict}"]
        lines += [f"waived    {', '.join(waived)}"] if waived else []
        lines += _planned(catalog.plan_of(upgrade))
    return lines


def _share(percent: float) -> str:
    return text.percent(percent / 100).text


def _planned(plan: Plan | None) -> list[str]:
    if plan is None:
        return ["plan      no date is known"]
    cutover, end = text.day(plan.cutover_by).text, text.day(plan.deadline).text
    return [f"plan      cut over by {cutover}; the old version ends on {end}"]


def _no_way_back(upgrade: Upgrade, target: RevertTarget) -> str:
    lines = [f"No version that ran in {upgrade.use_case} on {upgrade.deployment} can be gone back to.", ""]
    lines += [f"  {key}: {why}" for key, why in target.others]
    return "\n".join([*lines, "", "Set what runs with s, or start an upgrade to another version with u."])


def _edited(upgrade: Upgrade, item: Item | None) -> Callable[[Values], Upgrade]:
    """What a form's values make of the upgrade."""

    def check(values: Values) -> Upgrade:
        strategy = values["strategy"].replace(" ", "_")
        match strategy:
            case "in_place" | "side_by_side" | "":
                edited = replace(upgrade, strategy=strategy, note=values["note"], lessons=values["lessons"])
            case _:
                raise Faults({"strategy": f"'{values['strategy']}' is no strategy: in_place or side_by_side"})
        if item is None or values["owner"] == item.owner:
            return edited
        return replace(edited, items={**edited.items, item.id: assign_to(item, values["owner"])})

    return check
