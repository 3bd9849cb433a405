"""Commands on several records at once: one event, one undo step."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from store.commands.registries import RegistryCommands
from store.commands.use_cases import kept_local, policy_counted
from store.commands.versions import own_edits
from store.engine import CommandError
from store.records import Deployment, Event, UseCase, Version


class BulkCommands(RegistryCommands):
    """What may be done to many records in one go."""

    def edit_many(self, edits: Sequence[tuple[Any, Any]], what: str, why: str = "") -> Event | None:
        """Write several edited records, each merged with what others changed since its base was read.

        Args:
            edits: (edited, base) of versions, use cases, deployments or assignments; a record stands there once.
            what: what was set, for the history: "owner of 3 use cases".
            why: the reason.

        Raises:
            Conflict: the same field of one of them was changed meanwhile; then none is written.
        """
        with self.command(f"edit {what}", why) as draft:
            for edited, base in edits:
                draft.put(_settled(edited, base), base)
        return draft.event

    def assign_many(self, uids: Collection[str], stage: str, why: str = "") -> Event | None:
        """Move several assignments to a stage, by the rules of `assign`.

        Raises:
            CommandError: two of them would take all of the Production traffic of one place, or the gate of an open
                upgrade is not passed.
        """
        runs = [self.assignments[uid] for uid in uids]
        if stage == "Production":
            taken: dict[tuple[str, str], str] = {}
            for run in runs:
                other = taken.setdefault((run.use_case, run.deployment), run.version)
                if other != run.version:
                    raise CommandError(
                        f"{other} and {run.version} cannot both go to Production in {run.use_case} at once: "
                        "set them one by one, with their shares"
                    )
        with self.command(f"assign {len(runs)} to {stage}", why) as draft:
            for run in runs:
                if stage == "Production":
                    self._refuse_past_the_gate(run.use_case, run.version)
                self._assign(draft, run.use_case, run.version, stage, run.share, run.deployment, self.today)
        return draft.event


def _settled(edited: Any, base: Any) -> Any:
    """The record as its own command would write it."""
    if isinstance(edited, Version):
        return own_edits(edited, base)
    if isinstance(edited, UseCase):
        return policy_counted(edited, base)
    return kept_local(edited, base) if isinstance(edited, Deployment) else edited
