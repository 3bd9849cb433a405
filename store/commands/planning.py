"""What every command on upgrades rests on: which upgrade, which template, which plan, which records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from store import review
from store.commands.use_cases import UseCaseCommands
from store.commands.versions import nearest
from store.engine import CommandError, UnknownName
from store.records import Item, Json, Snapshot, Upgrade, UseCase
from store.review import plan
from store.review.ledger import ledger
from store.review.lifecycle import on_the_day
from store.review.status import plan_back, target_of
from store.tables import ByVersion, Records

if TYPE_CHECKING:
    from store.reference import Template
    from store.review.questions import Question
    from store.templates import Library, Signature


class PlanCommands(UseCaseCommands):
    """Queries behind the commands on upgrades."""

    template_directory: Path | None = None
    """Where the user's own checklist templates lie; None where there are none."""
    _library: tuple[Signature, Library] | None = None

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

    def companions(self, upgrade: Upgrade) -> list[Upgrade]:
        """The upgrades that were started together with one for the same deployment, without itself."""
        if not upgrade.group:
            return []
        return [u for u in self.upgrades.records() if u.group == upgrade.group and u.uid != upgrade.uid]

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
            template_days=self._template_days(),
            released=self.versions.released,
        )

    def questions(self, upgrade: Upgrade) -> list[Question]:
        """At most eight yes/no questions that would decide which items apply."""
        return review.questions.open_questions(upgrade.items, self._context(upgrade))

    # ── templates ──

    def templates(self) -> Library:
        """The shipped templates and the user's own, as their files are now."""
        from store.templates import library, signature

        now = signature(self.template_directory)
        if self._library is None or self._library[0] != now:
            self._library = (now, library(self.template_directory))
        return self._library[1]

    def template(self, name: str) -> Template:
        """A template by its name.

        Raises:
            UnknownName: there is none of that name.
            TemplateError: its file cannot be used.
        """
        from store.templates import TemplateError

        known = self.templates()
        for path, why in known.broken.items():
            if path.stem == name:
                raise TemplateError(why)
        if name not in known.found:
            raise UnknownName(f"there is no template '{name}'; there are {', '.join(sorted(known.found))}")
        return known.found[name]

    def newer_template(self, upgrade: Upgrade) -> Template | None:
        """The template of an open upgrade as it is now, where it differs from the version it was made from."""
        now = self.templates().found.get(upgrade.template)
        return now if now is not None and upgrade.state == "open" and now.hash != upgrade.template_hash else None

    def template_that_fits(self, upgrade: Upgrade) -> Template:
        """The template that an upgrade would take by what is known of it.

        Raises:
            TemplateError: a file of the user's own cannot be used: it might be the one that fits.
        """
        from store.templates import TemplateError

        known = self.templates()
        for why in known.broken.values():
            raise TemplateError(f"{why}; correct it, or name a template")
        return known.fitting(self._context(upgrade))

    def _template_days(self) -> Callable[[str, str, str], Mapping[str, int]]:
        """What upgrades that were started now would take; files that cannot be used are passed over."""
        known = self.templates()
        days = {name: asdict(template.durations) for name, template in known.found.items()}
        names = {name for template in known.own.values() for name in template.context}
        is_brief = names <= {*review.context.BRIEF, "criticality"}
        chosen: dict[str, Mapping[str, int]] = {}

        def template_days(use_case: str, key: str, deployment: str) -> Mapping[str, int]:
            if is_brief:
                values = review.context.brief(
                    self.use_cases.get(use_case), self.versions.get(key), self.deployments.get(deployment)
                )
            else:
                values = self._context(Upgrade("", use_case, key, deployment=deployment))
            alike = repr(values)  # many rows, few kinds of moves
            if alike not in chosen:
                chosen[alike] = days[known.fitting(values).name]
            return chosen[alike]

        return template_days

    # ── plan ──

    def plan_of(self, upgrade: Upgrade, today: date | None = None) -> plan.Plan | None:
        """The plan back from the deadline of what the upgrade leaves; None where no date is known.

        `today` looks from another day (a what-if).
        """
        today = today or self.today
        version = self.versions.get(upgrade.from_version)
        use_case = self.use_cases.get(upgrade.use_case)
        if version is None or use_case is None:
            return None
        place = self.deployments.get(upgrade.deployment)
        due = plan.deadline(version, place, today)
        if due is None:
            return None
        target = target_of(upgrade, version, on_the_day(version, place, today))
        named = self.templates().found.get(upgrade.template)
        days = upgrade.durations or (asdict(named.durations) if named is not None else {})
        return plan_back(
            due.day,
            upgrade,
            use_case,
            self.versions.get(target or ""),
            today,
            plan.Durations(**days),
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

    def _context(self, upgrade: Upgrade, use_case: UseCase | None = None) -> dict[str, Json]:
        old = self.versions.get(upgrade.from_version)
        place = self.deployments.get(upgrade.deployment)
        known = None if old is None else ledger(old, self.today, place).effective
        return review.context.context(
            use_case or self.use_cases.get(upgrade.use_case),
            old,
            self.versions.get(upgrade.to_version) if upgrade.to_version else None,
            place,
            strategy=upgrade.strategy,
            retirement=None if known is None else known.value,
            answers=self._answers(upgrade),
        )

    def _answers(self, upgrade: Upgrade) -> dict[str, bool]:
        """What was answered in this upgrade, else in an earlier one of its use case.

        Most answers become fields of the use case; those that settle none of them (more than one language, say) are
        remembered by the upgrades. What is asked about the model itself is asked anew.
        """
        told: dict[str, bool] = {}
        for other in self.upgrades.records():
            if other.use_case == upgrade.use_case and other.uid != upgrade.uid:
                told |= other.answers
        told.pop("fine_tuned", None)
        return told | upgrade.answers

    def _pool(self, upgrade: Upgrade) -> tuple[Item, ...]:
        """All items of the template version that an upgrade was made from, whether they apply or not."""
        now = self.templates().found.get(upgrade.template)
        if now is not None and now.hash == upgrade.template_hash:
            return now.items()
        return (*upgrade.items.values(), *upgrade.left_out.values())

    def _with_checklist(
        self, upgrade: Upgrade, use_case: UseCase | None = None, template: Template | None = None
    ) -> Upgrade:
        """The upgrade with the items that apply now; `template` is another one, or a newer version of its own."""
        pool = template.items() if template is not None else self._pool(upgrade)
        owner = (use_case or self.use_cases[upgrade.use_case]).owner
        if template is not None:
            upgrade = replace(
                upgrade, template=template.name, template_hash=template.hash, durations=asdict(template.durations)
            )
        pool = self._with_risks(pool, upgrade, use_case or self.use_cases[upgrade.use_case])
        values, way = self._context(upgrade, use_case), self.plan_of(upgrade)
        items = review.checklist.instantiate(pool, values, way, self.today, owner=owner, kept=upgrade.items)
        out = {item.id: item for item in pool if item.id not in items}
        return replace(upgrade, items=items, left_out=out, planned_for=None if way is None else way.deadline)

    def _with_risks(self, pool: Sequence[Item], upgrade: Upgrade, use_case: UseCase) -> tuple[Item, ...]:
        """The items with those that this target's break risks ask for; those of another target go (DECISIONS 8)."""
        others = tuple(item for item in pool if not item.id.startswith(review.breakage.RISK_ITEM))
        old, new = self.versions.get(upgrade.from_version), self.versions.get(upgrade.to_version)
        if old is None or new is None:
            return others
        place = self.deployments.get(upgrade.deployment)
        risks = review.breakage.break_risks(old, new, use_case=use_case, deployment=place)
        return (*others, *review.breakage.risk_items(risks, {item.id for item in others}))
