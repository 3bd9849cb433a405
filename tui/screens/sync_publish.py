"""What the Sync screen does beyond bringing in: publish to a registry, and settle what runs otherwise than recorded."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import work

from store.records import Registry
from store.sync import Drift
from tui import remote, text
from tui.commands.sync_answers import drift_line
from tui.screens.base import Place
from tui.screens.dialogs import Choose, Confirm, Reader

if TYPE_CHECKING:
    from store.outgoing import Writes

SHOWN = 8
"""How many changes of others are listed with the question what becomes of them."""


class Publishing(Place):
    """The keys `U` and, on a line of drift, `s`."""

    def registry_here(self) -> Registry | None:
        """The registry that the cursor is at."""
        raise NotImplementedError

    @work(exclusive=True, group="edit")
    async def action_publish(self) -> None:
        """Show what publishing to the registry would write, ask for the reason, write, say how reading back went."""
        registry = self.registry_here()
        if registry is None:
            self.model.say("Put the cursor on a registry to publish to it.", "warning")
            return
        if not self.may_write():
            return
        push = await self._pushed(registry)
        wanted = await self._to_write(registry, push=push) if push is not None else None
        ours: bool | None = False
        if wanted is not None and any(one.conflict for one in wanted.writes):
            ours = await self._over_theirs(registry, wanted)
            wanted = await self._to_write(registry, push=bool(push), take_ours=True) if ours else wanted
        if wanted is not None and ours is not None:
            await self._written(registry, wanted, push=bool(push), take_ours=ours)

    async def _written(self, registry: Registry, wanted: Writes, **how: bool) -> None:
        from store import publish
        from tui.commands.publish import effect, ended

        shown, why = [text.clean(line) for line in effect(wanted)], ""
        if any(not one.conflict for one in wanted.writes):
            answer = await self.asked(Confirm(f"Publish to {registry.name}?", shown, verb="write it there"))
            if answer is None:
                return
            why = answer
        else:
            nothing = "Nothing to write: it stands there as it is here."
            self.app.push_screen(Reader(f"Publish to {registry.name}", "\n".join([nothing, *shown])))
        connect = remote.connect(self.model.options, self.catalog)
        sent = publish.send(self.catalog, registry, connect, wanted, why=why, **how)
        done = await asyncio.to_thread(asyncio.run, sent)
        await self.model.carry_out(lambda c: publish.record(c, registry, wanted, done, why))
        if done.written or done.error:
            self.model.say("\n".join(ended(registry.name, done)), "error" if done.error else "information")

    async def _pushed(self, registry: Registry) -> bool | None:
        """Whether git's tags go on to origin, None to stop; a repository on a server has no clone to keep them in."""
        if registry.kind != "dvc":
            return False
        from store.registries.git import is_remote

        if is_remote(registry.address):
            return True
        ways = [
            ("stay", "make the tags in this clone; nothing leaves this machine"),
            ("push", "and push them to origin, with earlier ones that it does not have"),
        ]
        way = await self.asked(Choose(f"Publish to {registry.name}: how far?", ways))
        return None if way is None else way == "push"

    async def _to_write(self, registry: Registry, **how: bool) -> Writes | None:
        """What would be written; None where the registry cannot be read, which is said."""
        from store import publish
        from store.registries.errors import RemoteError

        self.model.say(f"Asking {registry.name} what stands there …")
        connect = remote.connect(self.model.options, self.catalog)
        try:
            return await asyncio.to_thread(asyncio.run, publish.plan(self.catalog, registry, connect, **how))
        except RemoteError as error:
            self.model.say(str(error), "error")
            return None

    async def _over_theirs(self, registry: Registry, wanted: Writes) -> bool | None:
        """Whether ours is written over what somebody changed there, None to stop."""
        from tui.commands.publish import line

        changed = [text.clean(line(one)) for one in wanted.writes if one.conflict]
        more = [f"and {len(changed) - SHOWN} more"] if len(changed) > SHOWN else []
        said = f"Changed in {registry.name} since the last sync: {'; '.join([*changed[:SHOWN], *more])}"
        ways = [("leave", "leave that alone; r shows it here as a conflict"), ("ours", "write ours over it")]
        way = await self.asked(Choose(said, ways))
        return None if way is None else way == "ours"

    async def settle(self, drift: Drift) -> None:
        """Ask what to do about what runs otherwise than recorded, and do it."""
        a = self.catalog.assignments.get(drift.uid)
        if a is None or not self.may_write():
            return
        known = drift.remote in self.catalog.versions
        if not a.in_use:
            ways = [
                ("accept", f"record that {a.version} runs, in {drift.use_case}"),
                ("leave", "leave it: it stays here until it is gone there"),
            ]
        elif drift.field == "stage":
            ways = [("accept", f"record it in {drift.remote}, as it stands there")]
        else:
            ways = [("accept", f"record {drift.remote}: it is what runs, with nothing measured yet")]
            if known:
                ways.append(("back", f"record it, and open an upgrade back to {a.version}"))
        said = f"{drift_line(drift)}. {drift.cause}"
        way = await self.asked(Choose(text.clean(said), ways))
        if way in (None, "leave"):
            return
        if not await self.model.carry_out(
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
