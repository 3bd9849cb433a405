"""Promote and revert: the steps of a rollout, what they change, and the reminder that traffic has not moved."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from store.catalog import Catalog
from store.records import Item, Upgrade
from store.review.checklist import target_blockers
from store.review.plan import Plan
from store.review.rollback import PRODUCTION, RevertTarget
from store.review.rollout import make_room, steps_of
from tui import text, traffic
from tui.screens.base import Place
from tui.screens.dialogs import Choose, Confirm, Reader


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


class RolloutActions(Place):
    """Keys that move one upgrade on; `upgrade_here` says which."""

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

    # ── promote and revert ──

    @work(exclusive=True, group="ask")
    async def action_promote(self) -> None:
        """Choose a step of the rollout, show what it changes or what blocks it, ask a reason, record it."""
        upgrade = self.may_change()
        if upgrade is None:
            return
        blockers = await asyncio.to_thread(self._blockers, upgrade)
        share = await self._step(upgrade, blockers)
        if share is None:
            return
        if (blockers and share) or not upgrade.to_version:
            self.app.push_screen(Reader(f"Not yet: {len(blockers)} before promotion", _blocked(upgrade, blockers)))
            return
        effect = _effect(self.catalog, upgrade, upgrade.to_version, share)
        title = f"Promote {upgrade.to_version} in {upgrade.use_case}{_part(share)}?"
        reason = await self.app.push_screen_wait(Confirm(title, effect, verb="promote"))
        if reason is not None and await self.model.carry_out(lambda c: c.promote(upgrade.uid, reason, share=share)):
            self._remind("Promoted", upgrade, upgrade.to_version, share)

    def _blockers(self, upgrade: Upgrade) -> list[str]:
        """What blocks traffic: the whole gate at first, later only the target itself."""
        if upgrade.state == "promoted":
            return list(target_blockers(upgrade, self.catalog.snapshot(), self.catalog.today))
        return self.catalog.blockers(upgrade.uid)

    async def _step(self, upgrade: Upgrade, blockers: list[str]) -> float | None:
        """Which share of the traffic; None where it is put off. An upgrade without steps of its own moves at once."""
        had = self.catalog.share_of(upgrade)
        if not upgrade.to_version or (not upgrade.steps and had is None):
            return 100
        steps = [step for step in steps_of(upgrade) if had is None or step > had]
        if upgrade.state == "promoted" and not steps:
            self.model.say(f"{upgrade.to_version} has all of the traffic already: D closes the upgrade.", "warning")
            return None
        if blockers and 0 not in steps:
            return steps[0] if steps else 100
        options = [(f"{step:g}", _step_said(step, bool(blockers) and step > 0)) for step in steps]
        chosen = await self.app.push_screen_wait(Choose(f"How much of the traffic of {upgrade.use_case}?", options))
        return None if chosen is None else float(chosen)

    @work(exclusive=True, group="ask")
    async def action_revert(self) -> None:
        """Show what a revert changes back, ask a reason, record it; a shadow is stopped."""
        upgrade = self.upgrade_here()
        if upgrade is None or not self.may_write():
            return
        if upgrade.state == "open" and self.catalog.share_of(upgrade) == 0:
            await self._stop_shadow(upgrade)
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

    async def _stop_shadow(self, upgrade: Upgrade) -> None:
        effect = [f"{upgrade.to_version} no longer runs beside, archived", f"{upgrade.from_version} goes on unchanged"]
        reason = await self.app.push_screen_wait(Confirm("Stop the shadow?", effect, verb="stop it"))
        if reason is not None:
            await self.model.carry_out(
                lambda c: c.assign(
                    upgrade.use_case, upgrade.to_version, stage="Archived", share=0,
                    deployment=upgrade.deployment, why=reason,
                ),
                "The shadow has stopped",
            )  # fmt: skip

    def _remind(self, title: str, upgrade: Upgrade, key: str, share: float = 100) -> None:
        version = self.catalog.versions.get(key)
        if version is not None:
            place = self.catalog.deployments.get(upgrade.deployment)
            self.app.push_screen(Recorded(title, traffic.move(version, place, upgrade.use_case, share)))


def _blocked(upgrade: Upgrade, blockers: list[str]) -> str:
    hint = f'modeltui upgrade promote {upgrade.use_case} --force --reason "…"'
    lines = ["Settle these (space, W waive, N not applicable, r run checks), then press P again.", ""]
    lines += blockers
    if upgrade.to_version:
        lines += ["", f"Past the gate only by {hint}, which stays visible for good."]
    return "\n".join(lines)


def _step_said(step: float, blocked: bool) -> str:
    what = "all of it, at once" if step == 100 else "shadow: a copy, nobody sees the answers" if step == 0 else ""
    return f"{step:g} %" + (f" · {what}" if what else "") + (" · blocked" if blocked else "")


def _part(share: float) -> str:
    return "" if share == 100 else " as shadow" if share == 0 else f" with {share:g} % of the traffic"


def _effect(catalog: Catalog, upgrade: Upgrade, key: str, share: float = 100) -> list[str]:
    """What enters and leaves Production, and what that rests on."""
    leaving = [
        a
        for a in catalog.runs_in(upgrade.use_case)
        if a.stage == PRODUCTION and a.deployment == upgrade.deployment and a.version != key
    ]
    lines = [f"enters    {key} on {upgrade.deployment}, {_share(share) if share else 'shadow, in Staging'}"]
    if share == 100:
        lines += [f"leaves    {a.version}, {_share(a.share)}, archived" for a in leaving]
    elif share:
        kept = make_room(leaving, share)
        lines += [f"keeps     {a.version}, {_share(a.share)} → {_share(kept[a.uid])}" for a in leaving]
        lines.append(f"go back   {upgrade.abort or 'no abort rules are written down (e)'}")
    lines.append("traffic   is not moved by this; how to move it follows")
    lines += [
        f"together  {other.use_case}: {other.state.replace('_', ' ')}, {other.verdict or 'no verdict'}"
        for other in catalog.companions(upgrade)
    ]
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
