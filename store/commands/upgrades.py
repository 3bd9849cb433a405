"""Commands on upgrades: start, target, template, answers, items."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

from store import review
from store.changes import Conflict
from store.commands.planning import PlanCommands
from store.commands.versions import nearest
from store.engine import CommandError, UnknownName, new_uid
from store.records import Assignment, Event, Item, Upgrade
from store.review.items import SPOKEN, ItemError
from store.review.rollout import check_steps

Strategy = Literal["in_place", "side_by_side", ""]


class UpgradeCommands(PlanCommands):
    """What may be done to upgrades and their items."""

    def start_upgrade(
        self,
        use_case: str,
        to_key: str = "",
        *,
        from_key: str = "",
        deployment: str = "",
        strategy: Strategy = "",
        template: str = "",
        why: str = "",
    ) -> Event | None:
        """Open an upgrade of what a use case runs in Production: a checklist with due dates, planned back.

        `from_key` and `deployment` are needed only where several versions are in Production; `template` and
        `strategy` default to what fits. The target may be set later.

        Raises:
            CommandError: nothing runs there, an upgrade is open already, or the target is no pinned version.
            TemplateError: the template cannot be used.
        """
        self.use_case(use_case)
        runs = self._upgraded(use_case, from_key, deployment)
        if self._leaving(runs):
            raise CommandError(f"an upgrade of {use_case} from {runs.version} is open already; open it with u")
        with self.command(f"start upgrade of {use_case}", why) as draft:
            draft.create(self._new(runs, to_key, strategy, template))
        return draft.event

    def start_upgrades(
        self, deployment: str, to_key: str = "", *, strategy: Strategy = "", template: str = "", why: str = ""
    ) -> Event | None:
        """Open one upgrade for each use case that is in Production on a deployment, linked, as one event.

        Each has its own checklist and verdict. A use case whose upgrade is open already keeps it and joins no group.

        Raises:
            CommandError: nothing runs there, all have one, or the target is no pinned version.
        """
        runs = [a for a in self.assignments.records() if (a.deployment, a.stage) == (deployment, "Production")]
        if not runs:
            known = nearest(deployment, self.deployments)
            hint = f"; did you mean {' or '.join(known)}?" if known else ""
            raise CommandError(f"nothing is in Production on {deployment}{hint}")
        free = [a for a in runs if not self._leaving(a) and a.version != to_key]
        if not free:
            raise CommandError(f"all that runs on {deployment} is being upgraded, or runs that already")
        group = new_uid()
        with self.command(f"start upgrades of {deployment}", why) as draft:
            for run in free:
                draft.create(replace(self._new(run, to_key, strategy, template), group=group))
        return draft.event

    def _new(self, runs: Assignment, to_key: str, strategy: Strategy, template: str) -> Upgrade:
        place = self.deployments.get(runs.deployment)
        provisioned = place is not None and "provisioned" in place.sku.lower()
        upgrade = Upgrade(
            new_uid(),
            runs.use_case,
            runs.version,
            self._target(to_key, runs.version),
            deployment=runs.deployment,
            strategy=strategy or ("in_place" if provisioned else "side_by_side"),
            created=self.today,
            author=self.actor,
        )
        chosen = self.template(template) if template else self.template_that_fits(upgrade)
        return self._with_checklist(upgrade, template=chosen)

    def set_target(self, uid: str, to_key: str, why: str = "") -> Event | None:
        """Set what an open upgrade moves to; items that now apply join, nothing that was worked on goes."""
        upgrade = self._open_upgrade(uid)
        if upgrade.state != "open":
            raise CommandError(
                f"{upgrade.to_version} is in Production already: revert {upgrade.use_case}, or start the next upgrade"
            )
        moved = replace(
            upgrade, to_version=self._target(to_key, upgrade.from_version), verdict="", verdict_at="", criteria=None
        )  # the gate judged another move
        with self.command(f"set target of {upgrade.use_case} to {to_key}", why) as draft:
            draft.put(self._with_checklist(moved), upgrade)
        return draft.event

    def set_template(self, uid: str, name: str = "", why: str = "") -> Event | None:
        """Take over the newest version of the upgrade's template, or another template.

        What was worked on stays, also where the template no longer has it; open items that it no longer has go.

        Raises:
            CommandError: there is nothing newer, or the upgrade is over.
        """
        upgrade = self._open_upgrade(uid)
        template = self.template(name or upgrade.template)
        if (template.name, template.hash) == (upgrade.template, upgrade.template_hash):
            raise CommandError(f"the upgrade of {upgrade.use_case} has {template.name} {template.hash} already")
        with self.command(f"take over template {template.name} {template.hash} in {upgrade.use_case}", why) as draft:
            draft.put(self._with_checklist(upgrade, template=template), upgrade)
        return draft.event

    def plan_again(self, uid: str, why: str = "") -> Event | None:
        """Count the due dates of what is open back from the deadline as it is known now.

        What is overdue gets a new date by that, which is why it is a command of its own and never happens by itself.

        Raises:
            CommandError: the upgrade is over or promoted, or no date is known.
        """
        upgrade = self._open_upgrade(uid)
        if upgrade.state != "open":
            raise CommandError(f"the upgrade of {upgrade.use_case} is promoted already: its plan is over")
        planned = self._with_checklist(upgrade)
        if planned.planned_for is None:
            raise CommandError(f"no date of {upgrade.from_version} is known, so nothing can be counted back")
        with self.command(f"plan upgrade of {upgrade.use_case} again", why) as draft:
            draft.put(planned, upgrade)
        return draft.event

    def answer(self, uid: str, answers: Mapping[str, bool]) -> Event | None:
        """Answer open questions of an upgrade; its use case and its deployment remember those that are about them."""
        upgrade = self._open_upgrade(uid)
        told = replace(upgrade, answers={**upgrade.answers, **answers})
        use_case = self.use_case(upgrade.use_case)
        place = self.deployments.get(upgrade.deployment)
        with self.command(f"answer questions of {upgrade.use_case}") as draft:
            remembered = review.questions.remember(use_case, answers)
            draft.put(remembered, use_case)
            if place is not None and place.fine_tuned is None and "fine_tuned" in answers:
                draft.put(replace(place, fine_tuned=answers["fine_tuned"]), place)
            draft.put(self._with_checklist(told, remembered), upgrade)
        return draft.event

    def change_item(
        self, uid: str, item_id: str, change: Callable[[Item], Item], verb: str, why: str = ""
    ) -> Event | None:
        """Change one item of an upgrade with a function of `store.review.items` (tick, waive, sign, …).

        Raises:
            CommandError: the upgrade is closed, the item unknown, or the step not allowed.
        """
        upgrade = self._open_upgrade(uid)
        item = upgrade.items.get(item_id)
        if item is None:
            near = nearest(item_id, upgrade.items)
            raise UnknownName(
                f"upgrade {upgrade.use_case} has no item '{item_id}'"
                + (f"; did you mean {' or '.join(near)}?" if near else f"; it has {', '.join(upgrade.items)}")
            )
        try:
            changed = change(item)
        except ItemError as error:
            raise CommandError(str(error)) from error
        try:
            with self.command(f"{verb} {item_id} of {upgrade.use_case}", why) as draft:
                draft.put(replace(upgrade, items={**upgrade.items, item_id: changed}), upgrade)
        except Conflict as error:
            self.refresh()
            raise CommandError(self._changed_meanwhile(uid, item_id)) from error
        return draft.event

    def _changed_meanwhile(self, uid: str, item_id: str) -> str:
        upgrade = self.upgrades.get(uid)
        now = upgrade.items.get(item_id) if upgrade is not None else None
        if now is None:
            return f"{item_id} was removed by somebody else meanwhile; nothing of yours was written"
        by = f" by {now.evidence[-1].by}" if now.evidence else ""
        return f"{item_id} was changed{by} meanwhile and is {SPOKEN[now.state]}: look at it again, nothing was written"

    def edit_upgrade(self, upgrade: Upgrade, base: Upgrade, why: str = "") -> Event | None:
        """Write an edited upgrade: strategy, steps, abort rules, notes, waivers, verdict.

        Another strategy asks for other items.

        Raises:
            CommandError: the rollout steps do not rise to 100.
        """
        try:
            check_steps(upgrade.steps)
        except ValueError as error:
            raise CommandError(str(error)) from error
        if upgrade.strategy != base.strategy:
            upgrade = self._with_checklist(upgrade)
        with self.command(f"edit upgrade of {upgrade.use_case}", why) as draft:
            draft.put(upgrade, base)
        return draft.event

    def remove_upgrade(self, uid: str, why: str = "") -> Event | None:
        """Remove an upgrade with its checklist, as if started by mistake (cancelling keeps it)."""
        upgrade = self.upgrades.get(uid)
        if upgrade is None:
            raise UnknownName(f"there is no upgrade '{uid}'")
        with self.command(f"remove upgrade of {upgrade.use_case}", why) as draft:
            draft.delete(upgrade)
        return draft.event

    # ── inside ──

    def _leaving(self, run: Assignment) -> list[Upgrade]:
        """The open upgrades of a use case away from what it runs."""
        return [
            u
            for u in self.upgrades.records()
            if u.state == "open" and (u.use_case, u.from_version) == (run.use_case, run.version)
        ]

    def _upgraded(self, use_case: str, from_key: str, deployment: str) -> Assignment:
        runs = [
            a
            for a in self.runs_in(use_case)
            if a.in_use and from_key in ("", a.version) and deployment in ("", a.deployment)
        ]
        runs = [a for a in runs if a.stage == "Production"] or runs
        if not runs:
            raise CommandError(
                f"{use_case} runs nothing yet; set what runs first (s, or modeltui assign {use_case} KEY)"
            )
        if len(runs) > 1:
            names = ", ".join(f"{a.version} on {a.deployment}" for a in runs)
            raise CommandError(
                f"{use_case} runs several versions: {names}; say which one with --from KEY or --deployment"
            )
        return runs[0]

    def _target(self, to_key: str, from_key: str) -> str:
        if not to_key:
            return ""
        version = self.version(to_key)
        if version.alias_of:
            raise CommandError(f"{to_key} is a moving alias of {', '.join(version.alias_of)}: pick a pinned version")
        if to_key == from_key:
            raise CommandError(f"{to_key} is what runs already; pick another target")
        return to_key
