"""What the Sync screen does beyond bringing in: publish to a registry, and settle what runs otherwise than recorded."""

from __future__ import annotations

from textual import work

from store.records import Registry
from store.sync import Drift
from tui import remote, text
from tui.screens.base import Place
from tui.screens.dialogs import Choose, Confirm, Reader


class Publishing(Place):
    """The keys `U` and, on a line of drift, `s`."""

    def registry_here(self) -> Registry | None:
        """The registry that the cursor is at."""
        raise NotImplementedError

    @work(exclusive=True, group="edit")
    async def action_publish(self) -> None:
        """Show what publishing to the registry would write, ask, write, and say how reading back went."""
        registry = self.registry_here()
        if registry is None or not self.may_write():
            self.model.say("Put the cursor on a registry to publish to it.", "warning")
            return
        from store import publish
        from store.registries.errors import RemoteError
        from tui.commands.publish import ended, line

        how = remote.connect(self.model.options, self.catalog)
        self.model.say(f"Asking {registry.name} what stands there …")
        try:
            wanted = await publish.plan(self.catalog, registry, how)
        except RemoteError as error:
            self.model.say(str(error), "error")
            return
        todo = [one for one in wanted.writes if not one.conflict]
        conflicts = [f"! {line(one)}: changed there, left alone" for one in wanted.writes if one.conflict]
        effect = [*(f"> {line(one)}" for one in todo), *conflicts, *(f"! {note}" for note in wanted.notes)]
        if not todo:
            nothing = ["Nothing to write: it stands there as it is here.", *effect]
            self.app.push_screen(Reader(f"Publish to {registry.name}", "\n".join(map(text.clean, nothing))))
            return
        if await self.asked(Confirm(f"Publish to {registry.name}?", effect, ask_reason=False, verb="write")) is None:
            return
        done = await publish.carry_out(self.catalog, registry, how, wanted)
        self.model.say("\n".join(ended(registry.name, done)), "error" if done.error else "information")

    async def settle(self, drift: Drift) -> None:
        """Ask what to do about what runs otherwise than recorded, and do it."""
        a = self.catalog.assignments.get(drift.uid)
        if a is None or not self.may_write():
            return
        ways = [("accept", f"record {drift.remote}: it is what runs, with nothing measured yet")]
        known = drift.remote in self.catalog.versions
        if drift.field == "version" and known and a.in_use:
            ways.append(("back", f"record it, and open an upgrade back to {a.version}"))
        said = f"{drift.use_case}: {drift.recorded} is recorded, {drift.remote} runs. {drift.cause}"
        way = await self.asked(Choose(text.clean(said), ways))
        if way is None or not await self.model.carry_out(
            lambda c: c.accept_drift(drift.uid), f"{drift.use_case} is recorded as it runs."
        ):
            return
        if way == "back":
            await self.model.carry_out(
                lambda c: c.start_upgrade(
                    a.use_case, a.version, from_key=drift.remote, deployment=a.deployment, why="back from drift"
                ),
                f"An upgrade back to {a.version} is open.",
            )
