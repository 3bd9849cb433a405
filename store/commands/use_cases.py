"""Commands on use cases, deployments and what runs where."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from typing import TYPE_CHECKING

from store import review
from store.commands.versions import VersionCommands, nearest
from store.engine import CommandError, Draft, UnknownName, new_uid
from store.records import Assignment, Decision, Deployment, Event, UseCase
from store.review.rollout import make_room
from store.tables import Records

if TYPE_CHECKING:
    from store.review.rollback import RevertTarget


_PLACE = ("platform", "region", "sku", "units", "unit_hour", "unit_month", "upgrade_option", "upgrade_option_known",
          "fine_tuned")  # fmt: skip
"""What an assignment may say about the place that it stands on."""


class UseCaseCommands(VersionCommands):
    """What may be done to use cases, deployments and assignments."""

    @property
    def use_cases(self) -> Records[UseCase]:
        """All use cases by name."""
        return self._tables["use_cases"]

    @property
    def deployments(self) -> Records[Deployment]:
        """All deployments by name."""
        return self._tables["deployments"]

    @property
    def assignments(self) -> Records[Assignment]:
        """All assignments by uid."""
        return self._tables["assignments"]

    def use_case(self, name: str) -> UseCase:
        """A use case.

        Raises:
            UnknownName: no such name; with the nearest ones.
        """
        found = self.use_cases.get(name)
        if found is None:
            near = nearest(name, self.use_cases)
            hint = f"did you mean {' or '.join(near)}?" if near else f"add it with: modeltui use-case add {name}"
            raise UnknownName(f"there is no use case '{name}'; {hint}")
        return found

    def add_use_case(self, use_case: UseCase, why: str = "") -> Event | None:
        """Add a use case."""
        with self.command(f"add use case {use_case.name}", why) as draft:
            draft.create(use_case)
        return draft.event

    def edit_use_case(self, use_case: UseCase, base: UseCase, why: str = "") -> Event | None:
        """Write an edited use case; a changed policy counts its version up."""
        with self.command(f"edit use case {use_case.name}", why) as draft:
            draft.put(policy_counted(use_case, base), base)
        return draft.event

    def remove_use_case(self, name: str, why: str = "") -> Event | None:
        """Remove a use case with its assignments and upgrades (undoable)."""
        with self.command(f"remove use case {name}", why) as draft:
            use_case = self.use_case(name)
            for table in ("assignments", "upgrades"):
                for record in self._tables[table].records():
                    if record.use_case == name:
                        draft.delete(record)
            draft.delete(use_case)
        return draft.event

    def decide(self, name: str, decision: Decision) -> Event | None:
        """Record what a review decided for a use case."""
        use_case = self.use_case(name)
        with self.command(f"decide {decision.kind} for {name}", decision.note) as draft:
            draft.put(replace(use_case, decisions=(*use_case.decisions, decision)), use_case)
        return draft.event

    def reviewed(self, name: str, why: str = "") -> Event | None:
        """Record that a review looked at a use case and decided nothing."""
        use_case = self.use_case(name)
        with self.command(f"review {name}", why) as draft:
            draft.put(replace(use_case, reviewed=self._now()), use_case)
        return draft.event

    # ── deployments ──

    def save_deployment(self, deployment: Deployment, base: Deployment | None = None, why: str = "") -> Event | None:
        """Add a deployment, or write an edited one."""
        verb = "add" if base is None else "edit"
        with self.command(f"{verb} deployment {deployment.name}", why) as draft:
            if base is None:
                draft.create(deployment)
            else:
                draft.put(kept_local(deployment, base), base)
        return draft.event

    def delete_deployment(self, name: str, why: str = "") -> Event | None:
        """Remove a deployment that nothing runs on."""
        with self.command(f"delete deployment {name}", why) as draft:
            used = [a.use_case for a in self.assignments.records() if a.deployment == name]
            if used:
                raise CommandError(f"deployment {name} cannot be deleted: {', '.join(dict.fromkeys(used))} runs on it")
            draft.delete(self.deployments[name])
        return draft.event

    # ── what runs ──

    def runs_in(self, use_case: str) -> list[Assignment]:
        """The assignments of a use case, archived ones included."""
        return [a for a in self.assignments.records() if a.use_case == use_case]

    def assign(
        self,
        use_case: str,
        key: str,
        *,
        stage: str = "Production",
        share: float = 100,
        deployment: str = "default",
        since: date | None = None,
        place: Deployment | None = None,
        seen: bool = False,
        why: str = "",
        force: bool = False,
        room: bool = False,
    ) -> Event | None:
        """Set a version's stage in a use case, on a deployment.

        Into Production with share 100 the other versions in Production there are archived in the same event; a
        smaller share keeps them, and with `room` lowers their shares in proportion where they would not fit. `place`
        adds or fills the deployment. While an upgrade of the use case is open, its target enters Production only
        through the gate; `force` overrides that and is recorded for good.

        Raises:
            CommandError: the shares would exceed 100, or the gate of an open upgrade is not passed.
            UnknownName: no such version or use case.
        """
        with self.command(f"assign {key} to {stage} in {use_case}", why) as draft:
            self.use_case(use_case)
            self.version(key)
            if stage == "Production" and not force:
                self._refuse_past_the_gate(use_case, key)
            self._place(draft, deployment, place)
            self._assign(
                draft, use_case, key, stage, share, deployment, since or self.today, seen=seen, forced=force, room=room
            )
        return draft.event

    def _refuse_past_the_gate(self, use_case: str, key: str) -> None:
        for upgrade in self._tables["upgrades"].records():
            if upgrade.use_case == use_case and upgrade.to_version == key and upgrade.state == "open":
                raise CommandError(
                    f"an upgrade of {use_case} to {key} is open: promote it there (modeltui upgrade promote "
                    f"{use_case}), or give --force with a reason, which stays visible"
                )

    def _place(self, draft: Draft, name: str, place: Deployment | None) -> None:
        if name == "default" and place is None:
            return
        old = self.deployments.get(name)
        if old is None:
            made = place or Deployment("", name)
            draft.create(replace(made, name=name, uid=made.uid or new_uid()))
        elif place is not None:
            given = {f: getattr(place, f) for f in _PLACE if getattr(place, f) not in ("", None, False)}
            draft.put(replace(old, **given), old)

    def _assign(
        self,
        draft: Draft,
        use_case: str,
        key: str,
        stage: str,
        share: float,
        deployment: str,
        since: date,
        *,
        seen: bool = False,
        forced: bool = False,
        room: bool = False,
    ) -> None:
        """Write one assignment; `room` lowers what the others in Production have, in proportion."""
        here = [a for a in self.runs_in(use_case) if a.deployment == deployment]
        others = [a for a in here if a.version != key and a.stage == "Production"]
        if stage == "Production" and share < 100 and room:
            kept = make_room(others, share)
            for other in others:
                seen_still = other.seen and kept[other.uid] == other.share
                draft.put(replace(other, share=kept[other.uid], seen=seen_still), other)
        elif stage == "Production" and share < 100:
            total = share + sum(a.share for a in others)
            if total > 100:
                held = ", ".join(f"{a.version} {a.share:g} %" for a in others)
                raise CommandError(
                    f"the shares in Production of {use_case} would be {total:g} %: {held} and {key} {share:g} %; "
                    "lower the others first"
                )
        elif stage == "Production":
            for other in others:
                draft.put(replace(other, stage="Archived"), other)
        old = next((a for a in here if a.version == key), None)
        if old is None:
            draft.create(
                Assignment(new_uid(), use_case, key, 1, deployment, stage, share, since, seen=seen, forced=forced)
            )
            return
        moved = old.stage != stage
        seen = seen or (old.seen and not moved and old.share == share)  # another share is another thing to see
        draft.put(
            replace(
                old,
                stage=stage,
                share=share,
                since=since if moved else old.since,
                seen=seen,
                forced=old.forced or forced,
            ),
            old,
        )

    def confirm_seen(self, uid: str) -> Event | None:
        """Confirm that the traffic runs as recorded."""
        assignment = self.assignments[uid]
        with self.command(f"confirm {assignment.version} in {assignment.use_case}") as draft:
            draft.put(replace(assignment, seen=True), assignment)
        return draft.event

    def edit_assignment(self, assignment: Assignment, base: Assignment, why: str = "") -> Event | None:
        """Write edited settings, prompt or note of an assignment."""
        with self.command(f"edit {assignment.version} in {assignment.use_case}", why) as draft:
            draft.put(assignment, base)
        return draft.event

    def unassign(self, uid: str, why: str = "") -> Event | None:
        """Take an assignment out of the catalog, as if it had been entered by mistake (archiving keeps it)."""
        assignment = self.assignments[uid]
        with self.command(f"remove {assignment.version} from {assignment.use_case}", why) as draft:
            draft.delete(assignment)
        return draft.event

    def revert_target(self, use_case: str, deployment: str = "default") -> RevertTarget:
        """Where a revert would go, and why the other predecessors are out (DECISIONS 10)."""
        self.use_case(use_case)
        return review.rollback.revert_target(
            use_case,
            list(self.assignments.records()),
            self.events(naming=use_case),
            self.versions,
            self.today,
            deployment=deployment,
            place=self.deployments.get(deployment),
            unreachable=self._out_of_reach(use_case),
        )

    def _out_of_reach(self, use_case: str) -> list[str]:
        """The own models that ran in a use case and cannot be fetched: not listed any more, or the artifact is gone."""
        from store import artifacts

        named = dict.fromkeys(a.version for a in self.runs_in(use_case))
        own = [v for key in named if (v := self.versions.get(key)) is not None and v.own]
        return [*(v.key for v in own if v.missing_since is not None), *artifacts.gone(own)]

    def revert(self, use_case: str, why: str, deployment: str = "default") -> Event | None:
        """Put the last known good version back into Production; traffic is not moved by this.

        Raises:
            CommandError: no reason given, or no predecessor that is alive.
        """
        if not why.strip():
            raise CommandError("a revert needs a reason: give --reason TEXT")
        target = self.revert_target(use_case, deployment)
        if target.key is None:
            reasons = "; ".join(f"{key}: {reason}" for key, reason in target.others)
            raise CommandError(f"{use_case} has no version to go back to{': ' + reasons if reasons else ''}")
        with self.command(f"revert {use_case} to {target.key}", why) as draft:
            self._assign(draft, use_case, target.key, "Production", 100, deployment, self.today)
            for upgrade in self._tables["upgrades"].records():
                left = (upgrade.use_case, upgrade.deployment, upgrade.from_version)
                if upgrade.state == "promoted" and left == (use_case, deployment, target.key):
                    ended = replace(upgrade, state="rolled_back", closed_on=self.today, outcome=why)
                    draft.put(ended, upgrade)
        return draft.event

    def stage_names(self) -> list[str]:
        """The stages in use and the shipped ones."""
        return list(
            dict.fromkeys(["Staging", "Production", "Archived", *(a.stage for a in self.assignments.records())])
        )


def policy_counted(edited: UseCase, base: UseCase) -> UseCase:
    """The edited use case; a changed policy counts its version up."""
    if edited.criteria == base.criteria:
        return edited
    return replace(edited, criteria=replace(edited.criteria, version=base.criteria.version + 1))


def kept_local(edited: Deployment, base: Deployment) -> Deployment:
    """The edited deployment with the names of the fields that a person set, which a sync then leaves alone."""
    names = (f.name for f in fields(base) if getattr(edited, f.name) != getattr(base, f.name))
    return replace(edited, local=tuple(dict.fromkeys([*edited.local, *(name for name in names if name != "local")])))


__all__ = ["UnknownName", "UseCaseCommands", "kept_local", "policy_counted"]
