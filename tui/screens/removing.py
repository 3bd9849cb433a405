"""`d`: take records away, after saying what goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual import work

from store.values import dataclass
from tui.screens.adding import Adding

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.records import Assignment, Event, Measurement


@dataclass(frozen=True, slots=True)
class Removal:
    """What a deletion takes, said before it is done."""

    title: str
    effect: Sequence[str]
    command: Callable[[Catalog], Event | None]
    said: str


class Removing(Adding):
    """What takes records away; all of it comes back with undo."""

    def action_delete(self) -> object:
        """Delete what is under the cursor, after saying what goes."""
        return self._delete()

    @work(exclusive=True, group="edit")
    async def _delete(self) -> None:
        if not self.may_write():
            return
        key, name, run = self.key_here(), self.use_case_here(), self.run_here()
        options: list[tuple[str, str]] = []
        if run is not None:
            options.append(("assignment", f"that {run.version} runs in {name} (entered by mistake)"))
        if name:
            options.append(("use_case", f"use case {name} with what runs in it"))
        if run is not None and run.deployment in self.seen.records.deployments:
            options.append(("deployment", f"deployment {run.deployment}"))
        if key in self.seen.records.versions:
            options.append(("version", f"version {key}"))
            if self.catalog.measurements_of(key):
                options.append(("measurement", f"a measurement of {key}"))
        what = await self.chosen("Delete what?", options)
        if what == "use_case":
            await self.take_away(self.use_case_removal(name))
        elif what == "assignment" and run is not None:
            await self.take_away(_assignment_removal(run))
        elif what == "deployment" and run is not None:
            await self.take_away(_deployment_removal(run.deployment))
        elif what == "version":
            await self.take_away(self._version_removal(key))
        elif what == "measurement":
            measured = await self.which_measurement(key, "Delete which measurement?")
            if measured is not None:
                await self.take_away(_measurement_removal(measured))

    async def take_away(self, removal: Removal) -> bool:
        """Say what goes, and take it away when that is accepted."""
        from tui.screens.dialogs import Confirm

        answer = await self.asked(
            Confirm(removal.title, [*removal.effect, "z brings it back."], ask_reason=False, verb="delete it")
        )
        return answer is not None and await self.model.carry_out(removal.command, removal.said)

    def use_case_removal(self, name: str) -> Removal:
        """A use case with all that belongs to it."""
        runs = self.catalog.runs_in(name)
        upgrades = [u for u in self.seen.records.upgrades.values() if u.use_case == name]
        effect = [f"Goes: {a.version} in {a.stage}, {a.deployment}." for a in runs]
        effect += [f"Goes: upgrade {u.from_version} → {u.to_version or 'no target'}, {u.state}." for u in upgrades]
        stays = sum(m.use_case == name for m in self.catalog.measurements.records())
        if stays:
            effect.append(f"Stays: {stays} measurement{'s' if stays > 1 else ''} that name it.")
        return Removal(
            f"Delete use case {name}?", effect or ["Nothing runs in it."],
            lambda c: c.remove_use_case(name), f"Use case {name} is deleted; z brings it back.",
        )  # fmt: skip

    def _version_removal(self, key: str) -> Removal:
        measured = len(self.catalog.measurements_of(key))
        effect = [f"Goes: {key} with {measured} measurement{'s' if measured != 1 else ''}."]
        registry = self.seen.records.versions[key].registry
        if registry:
            effect.append(f"It came from {registry}, which brings it back when it delivers it again.")
        return Removal(
            f"Delete version {key}?", effect, lambda c: c.delete_version(key), f"{key} is deleted; z brings it back."
        )

    async def which_measurement(self, key: str, title: str) -> Measurement | None:
        """One of the measurements of a version, None when the question was left."""
        found = {m.uid: m for m in self.catalog.measurements_of(key)}
        uid = await self.chosen(title, [(m.uid, _told(m)) for m in found.values()])
        return found.get(uid or "")


def _told(measured: Measurement) -> str:
    parts = [
        f"{measured.metric} {measured.value:g}", f"n {measured.n:,}" if measured.n else "", measured.dataset,
        measured.use_case, measured.source, str(measured.measured_on or measured.as_of),
    ]  # fmt: skip
    return " · ".join(part for part in parts if part)


def _assignment_removal(run: Assignment) -> Removal:
    effect = [
        f"Goes: that {run.version} is in {run.stage} of {run.use_case}, since {run.since or 'an unknown day'}.",
        "To end its use and keep the history, set its stage to Archived instead (s).",
    ]
    said = f"{run.version} is taken out of {run.use_case}; z brings it back."
    return Removal(f"Take it out of {run.use_case}?", effect, lambda c: c.unassign(run.uid), said)


def _deployment_removal(name: str) -> Removal:
    return Removal(
        f"Delete deployment {name}?", [f"Goes: {name} with its region, type and upgrade option."],
        lambda c: c.delete_deployment(name), f"Deployment {name} is deleted; z brings it back.",
    )  # fmt: skip


def _measurement_removal(measured: Measurement) -> Removal:
    said = f"{measured.metric} of {measured.version} is deleted; z brings it back."
    return Removal("Delete this measurement?", [_told(measured)], lambda c: c.delete_measurement(measured), said)
