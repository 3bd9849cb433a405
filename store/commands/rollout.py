"""Commands that move an upgrade on: the gates, the rollout in steps, the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from store import review
from store.commands.upgrades import UpgradeCommands
from store.engine import CommandError, Draft
from store.records import Event, Upgrade
from store.review.plan import deadline
from store.review.rollout import PRODUCTION, dated, share_of, window_end


def _listed(blockers: Sequence[str]) -> str:
    """The first sentences in one, the rest counted."""
    more = f" and {len(blockers) - 5} more" if len(blockers) > 5 else ""
    return "; ".join(said.removesuffix(".") for said in blockers[:5]) + more


class RolloutCommands(UpgradeCommands):
    """What takes an upgrade to Production and to its end."""

    def blockers(self, uid: str, *, to_close: bool = False) -> list[str]:
        """What stands before promotion (or the close), a sentence each."""
        upgrade, records = self.upgrades[uid], self.snapshot()
        inputs = review.checks.inputs_now(upgrade, records, self.today)
        if to_close:
            return review.checklist.may_close(upgrade, self.today, inputs, records.assignments)
        return review.checklist.may_promote(upgrade, records, self.today, inputs)

    def share_of(self, upgrade: Upgrade) -> float | None:
        """Percent of the traffic that the target has as recorded; 0 is shadow, None not running."""
        return share_of(upgrade, self.runs_in(upgrade.use_case))

    def promote(self, uid: str, why: str, *, share: float = 100, force: bool = False) -> Event | None:
        """Record that the target takes a share of the traffic, in one event; traffic is not moved by this.

        The first share above 0 needs the gate; the next ones need the target alive. What else is in Production on
        the deployment keeps the rest, in proportion, and is archived at 100. A share of 0 is shadow: the target runs
        in Staging beside, which needs no gate. At 100 the items that end the rollback window get their day.

        Raises:
            CommandError: no reason, no such step, or something blocks and `force` is not given.
        """
        upgrade = self._open_upgrade(uid)
        if not why.strip():
            raise CommandError("a promotion needs a reason: give --reason TEXT")
        if not 0 <= share <= 100:
            raise CommandError(f"{share:g} % is no share of the traffic: write 0 (shadow) to 100")
        had = self.share_of(upgrade)
        if had == share and (share == 0 or upgrade.state == "promoted"):
            raise CommandError(f"{upgrade.to_version} has {share:g} % of the traffic of {upgrade.use_case} already")
        blockers = self._before(upgrade, share)
        if upgrade.to_version not in self.versions:
            raise CommandError(f"{upgrade.use_case} cannot be promoted: {blockers[0]} Set the target first.")
        if blockers and not force:
            raise CommandError(f"{upgrade.use_case} cannot be promoted yet: {_listed(blockers)}")
        forced = force and bool(blockers)
        part = "" if share == 100 else " as shadow" if share == 0 else f" to {share:g} %"
        with self.command(f"promote {upgrade.to_version}{part} in {upgrade.use_case}", why) as draft:
            self._assign(
                draft,
                upgrade.use_case,
                upgrade.to_version,
                PRODUCTION if share else "Staging",
                share,
                upgrade.deployment,
                self.today,
                forced=forced,
                room=True,
            )
            if share:
                draft.put(self._promoted(upgrade, share, forced), upgrade)
        return draft.event

    def _before(self, upgrade: Upgrade, share: float) -> list[str]:
        """What blocks a step: the whole gate for the first traffic, else the target itself."""
        if share == 0 and upgrade.state == "promoted":
            return [f"{upgrade.to_version} answers already: revert it instead of setting it to 0 %."]
        if share == 0 or upgrade.state == "promoted":
            return list(review.checklist.target_blockers(upgrade, self.snapshot(), self.today))
        return self.blockers(upgrade.uid)

    def _promoted(self, upgrade: Upgrade, share: float, forced: bool) -> Upgrade:
        first = upgrade.promoted_on is None
        after = replace(upgrade, state="promoted", forced=upgrade.forced or forced)
        if first or share == 100:
            after = replace(after, promoted_on=self.today)
        if share < 100:
            return after
        old = self.versions.get(upgrade.from_version)
        due = None if old is None else deadline(old, self.deployments.get(upgrade.deployment), self.today)
        last = window_end(self.today, None if due is None else due.day)
        return replace(after, items=dated(after.items, last, self.today))

    def close_upgrade(self, uid: str, outcome: str, lessons: str = "", *, force: bool = False) -> Event | None:
        """End an upgrade as done."""
        upgrade = self._open_upgrade(uid)
        blockers = self.blockers(uid, to_close=True)
        if upgrade.state != "promoted":
            raise CommandError(f"{upgrade.use_case} is not promoted yet; promote it, or cancel the upgrade")
        if blockers and not force:
            raise CommandError(f"{upgrade.use_case} cannot be closed yet: {_listed(blockers)}")
        ended = replace(upgrade, state="closed", closed_on=self.today, outcome=outcome, lessons=lessons)
        with self.command(f"close upgrade of {upgrade.use_case}", outcome) as draft:
            draft.put(ended, upgrade)
        return draft.event

    def cancel_upgrade(self, uid: str, why: str) -> Event | None:
        """End an upgrade without a move."""
        upgrade = self._open_upgrade(uid)
        if not why.strip():
            raise CommandError("cancelling needs a reason: the next person reads it")
        if upgrade.state == "promoted":
            raise CommandError(
                f"{upgrade.to_version} is in Production: revert {upgrade.use_case}, or close the upgrade"
            )
        with self.command(f"cancel upgrade of {upgrade.use_case}", why) as draft:
            self._end_shadow(draft, upgrade)
            draft.put(replace(upgrade, state="cancelled", closed_on=self.today, outcome=why), upgrade)
        return draft.event

    def _end_shadow(self, draft: Draft, upgrade: Upgrade) -> None:
        for run in self.runs_in(upgrade.use_case):
            here = (run.deployment, run.version) == (upgrade.deployment, upgrade.to_version)
            if here and run.stage != PRODUCTION and run.in_use and run.share == 0:
                draft.put(replace(run, stage="Archived"), run)
