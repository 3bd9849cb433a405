"""Commands on upgrades: plan, checklist items, promotion, the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Literal, cast

from store import reference
from store.commands.use_cases import UseCaseCommands
from store.commands.versions import nearest
from store.engine import CommandError, UnknownName, new_uid
from store.records import Assignment, Event, Item, Json, Snapshot, Upgrade, UseCase
from store.reference import Template
from store.review import checklist, checks, plan
from store.review.context import context
from store.review.items import ItemError
from store.review.ledger import ledger
from store.review.questions import Question, open_questions, remember
from store.review.status import finished_phases, usable_from
from store.tables import ByVersion, Records

Strategy = Literal["in_place", "side_by_side", ""]


class UpgradeCommands(UseCaseCommands):
    """What may be done to upgrades and their items."""

    @property
    def upgrades(self) -> Records[Upgrade]:
        """All upgrades by uid."""
        return self._tables["upgrades"]

    def upgrade(self, name: str) -> Upgrade:
        """An upgrade by its id (or the start of it), or the newest one of a use case, running ones first.

        Raises:
            UnknownName: there is none.
        """
        found = [u for u in self.upgrades.records() if name == u.use_case]
        found = found or [u for u in self.upgrades.records() if u.uid.startswith(name)]
        if not found:
            near = nearest(name, {u.use_case for u in self.upgrades.records()})
            hint = f"; did you mean {' or '.join(near)}?" if near else f"; start one with: modeltui upgrade new {name}"
            raise UnknownName(f"there is no upgrade '{name}'{hint}")
        return next((u for u in reversed(found) if u.state in ("open", "promoted")), found[-1])

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
        """
        self.use_case(use_case)
        runs = self._upgraded(use_case, from_key, deployment)
        if any(u.use_case == use_case and u.from_version == runs.version for u in self._running()):
            raise CommandError(f"an upgrade of {use_case} from {runs.version} is open already; open it with u")
        place = self.deployments.get(runs.deployment)
        provisioned = place is not None and "provisioned" in place.sku.lower()
        upgrade = Upgrade(
            new_uid(),
            use_case,
            runs.version,
            self._target(to_key, runs.version),
            deployment=runs.deployment,
            strategy=strategy or ("in_place" if provisioned else "side_by_side"),
            created=self.today,
            author=self.actor,
        )
        chosen = self._template(template or reference.template_for(self._context(upgrade)))
        upgrade = replace(upgrade, template=chosen.name, template_hash=chosen.hash)
        upgrade = replace(upgrade, items=self._checklist(upgrade, chosen))
        with self.command(f"start upgrade of {use_case}", why) as draft:
            draft.create(upgrade)
        return draft.event

    def set_target(self, uid: str, to_key: str, why: str = "") -> Event | None:
        """Set what an open upgrade moves to; items that now apply join, nothing that was worked on goes."""
        upgrade = self._open_upgrade(uid)
        moved = replace(
            upgrade, to_version=self._target(to_key, upgrade.from_version), verdict="", verdict_at=""
        )  # the gate judged another move
        with self.command(f"set target of {upgrade.use_case} to {to_key}", why) as draft:
            draft.put(replace(moved, items=self._checklist(moved, self._template(upgrade.template))), upgrade)
        return draft.event

    def answer(self, uid: str, answers: Mapping[str, bool]) -> Event | None:
        """Answer open questions of an upgrade; its use case and its deployment remember those that are about them."""
        upgrade = self._open_upgrade(uid)
        told = replace(upgrade, answers={**upgrade.answers, **answers})
        use_case = self.use_cases[upgrade.use_case]
        place = self.deployments.get(upgrade.deployment)
        with self.command(f"answer questions of {upgrade.use_case}") as draft:
            remembered = remember(use_case, answers)
            draft.put(remembered, use_case)
            if place is not None and place.fine_tuned is None and "fine_tuned" in answers:
                draft.put(replace(place, fine_tuned=answers["fine_tuned"]), place)
            items = self._checklist(told, self._template(upgrade.template), remembered)
            draft.put(replace(told, items=items), upgrade)
        return draft.event

    def questions(self, upgrade: Upgrade) -> list[Question]:
        """At most eight yes/no questions that would decide which items apply."""
        return open_questions(upgrade.items, self._context(upgrade))

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
        with self.command(f"{verb} {item_id} of {upgrade.use_case}", why) as draft:
            draft.put(replace(upgrade, items={**upgrade.items, item_id: changed}), upgrade)
        return draft.event

    def edit_upgrade(self, upgrade: Upgrade, base: Upgrade, why: str = "") -> Event | None:
        """Write an edited upgrade: strategy, notes, waivers, verdict; another strategy asks for other items."""
        if upgrade.strategy != base.strategy:
            upgrade = replace(upgrade, items=self._checklist(upgrade, self._template(upgrade.template)))
        with self.command(f"edit upgrade of {upgrade.use_case}", why) as draft:
            draft.put(upgrade, base)
        return draft.event

    def blockers(self, uid: str, *, to_close: bool = False) -> list[str]:
        """What stands before promotion (or the close), a sentence each."""
        upgrade, records = self.upgrades[uid], self.snapshot()
        inputs = checks.inputs_now(upgrade, records, self.today)
        if to_close:
            return checklist.may_close(upgrade, self.today, inputs)
        return checklist.may_promote(upgrade, records, self.today, inputs)

    def snapshot(self) -> Snapshot:
        """What the decision rules read: the records as they are now, decoded on access."""
        return Snapshot(
            versions=self.versions,
            use_cases=self.use_cases,
            deployments=self.deployments,
            assignments=list(self.assignments.records()),
            measurements=cast(Any, ByVersion(self.measurements)),
            metrics=self.metrics,
            upgrades=self.upgrades,
            registries=self._tables["registries"],
        )

    def promote(self, uid: str, why: str, *, share: float = 100, force: bool = False) -> Event | None:
        """Put the target into Production in one event; traffic is not moved by this.

        Raises:
            CommandError: no reason, or something blocks and `force` is not given.
        """
        upgrade = self._open_upgrade(uid)
        if not why.strip():
            raise CommandError("a promotion needs a reason: give --reason TEXT")
        blockers = self.blockers(uid)
        if upgrade.to_version not in self.versions:
            raise CommandError(f"{upgrade.use_case} cannot be promoted: {blockers[0]} Set the target first.")
        if blockers and not force:
            raise CommandError(
                f"{upgrade.use_case} cannot be promoted yet: {'; '.join(blockers[:5])}"
                + (f" and {len(blockers) - 5} more" if len(blockers) > 5 else "")
            )
        with self.command(f"promote {upgrade.to_version} in {upgrade.use_case}", why) as draft:
            forced = force and bool(blockers)
            self._assign(
                draft,
                upgrade.use_case,
                upgrade.to_version,
                "Production",
                share,
                upgrade.deployment,
                self.today,
                forced=forced,
            )
            draft.put(
                replace(upgrade, state="promoted", promoted_on=self.today, forced=upgrade.forced or forced), upgrade
            )
        return draft.event

    def close_upgrade(self, uid: str, outcome: str, lessons: str = "", *, force: bool = False) -> Event | None:
        """End an upgrade as done."""
        upgrade = self._open_upgrade(uid)
        blockers = self.blockers(uid, to_close=True)
        if upgrade.state != "promoted":
            raise CommandError(f"{upgrade.use_case} is not promoted yet; promote it, or cancel the upgrade")
        if blockers and not force:
            raise CommandError(f"{upgrade.use_case} cannot be closed yet: {'; '.join(blockers[:5])}")
        ended = replace(upgrade, state="closed", closed_on=self.today, outcome=outcome, lessons=lessons)
        with self.command(f"close upgrade of {upgrade.use_case}", outcome) as draft:
            draft.put(ended, upgrade)
        return draft.event

    def cancel_upgrade(self, uid: str, why: str) -> Event | None:
        """End an upgrade without a move."""
        upgrade = self._open_upgrade(uid)
        if not why.strip():
            raise CommandError("cancelling needs a reason: the next person reads it")
        with self.command(f"cancel upgrade of {upgrade.use_case}", why) as draft:
            draft.put(replace(upgrade, state="cancelled", closed_on=self.today, outcome=why), upgrade)
        return draft.event

    def remove_upgrade(self, uid: str, why: str = "") -> Event | None:
        """Remove an upgrade with its checklist, as if started by mistake (cancelling keeps it)."""
        upgrade = self.upgrades.get(uid)
        if upgrade is None:
            raise UnknownName(f"there is no upgrade '{uid}'")
        with self.command(f"remove upgrade of {upgrade.use_case}", why) as draft:
            draft.delete(upgrade)
        return draft.event

    def plan_of(self, upgrade: Upgrade, today: date | None = None) -> plan.Plan | None:
        """The plan back from the deadline of what the upgrade leaves; None where no date is known.

        `today` looks from another day (a what-if).
        """
        today = today or self.today
        version = self.versions.get(upgrade.from_version)
        use_case = self.use_cases.get(upgrade.use_case)
        if version is None or use_case is None:
            return None
        due = plan.deadline(version, self.deployments.get(upgrade.deployment), today)
        if due is None:
            return None
        template = reference.templates().get(upgrade.template)
        return plan.plan(
            due.day,
            today,
            criticality=use_case.criticality,
            freeze=use_case.freeze,
            finished=finished_phases(upgrade, today) if upgrade.items else frozenset(),
            usable_from=usable_from(self.versions.get(upgrade.to_version)) if upgrade.to_version else None,
            base=plan.DURATIONS if template is None else plan.Durations(**_fields(template)),
        )

    # ── inside ──

    def _open_upgrade(self, uid: str) -> Upgrade:
        upgrade = self.upgrades.get(uid)
        if upgrade is None:
            raise UnknownName(f"there is no upgrade '{uid}'")
        if upgrade.state not in ("open", "promoted"):
            raise CommandError(
                f"the upgrade of {upgrade.use_case} is {upgrade.state.replace('_', ' ')}; start a new one"
            )
        return upgrade

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

    def _running(self) -> list[Upgrade]:
        return [u for u in self.upgrades.records() if u.state == "open"]

    def _template(self, name: str) -> Template:
        known = reference.templates()
        if name not in known:
            raise UnknownName(f"there is no template '{name}'; there are {', '.join(sorted(known))}")
        return known[name]

    def _context(self, upgrade: Upgrade, use_case: UseCase | None = None) -> dict[str, Json]:
        old = self.versions.get(upgrade.from_version)
        place = self.deployments.get(upgrade.deployment)
        known = None if old is None else ledger(old, self.today, place).effective
        return context(
            use_case or self.use_cases[upgrade.use_case],
            old,
            self.versions.get(upgrade.to_version) if upgrade.to_version else None,
            place,
            strategy=upgrade.strategy,
            retirement=None if known is None else known.value,
            answers=upgrade.answers,
        )

    def _checklist(self, upgrade: Upgrade, template: Template, use_case: UseCase | None = None) -> dict[str, Item]:
        values = self._context(upgrade, use_case)
        owner = (use_case or self.use_cases[upgrade.use_case]).owner
        way = self.plan_of(upgrade)
        return checklist.instantiate(template.items(), values, way, self.today, owner=owner, kept=upgrade.items)


def _fields(template: Template) -> dict[str, int]:
    d = template.durations
    return {name: getattr(d, name) for name in d.__slots__}
