"""Sync: the registries, what they would change field by field, conflicts, drift, and deployments without a use case."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping
from typing import Any, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from store import sync
from store.catalog import Changed
from store.records import Deployment, Registry, Version
from store.review.drift import Difference
from store.sync import FieldChange
from store.sync_run import Reading, Run, record_runs
from tui import keys, remote, text
from tui.commands.sync_answers import Pace
from tui.screens.dialogs import Choose, Confirm, Reader
from tui.screens.sync_publish import Publishing
from tui.screens.sync_rows import COLUMNS, Line, Part, SyncRows, SyncState, about, plan_parts
from tui.state import View
from tui.widgets.table import Table
from tui.widgets.table_messages import Opened, Ticked

EMPTY = (
    "No registry yet.   n  adds one: MLflow, Azure OpenAI, LiteLLM's or models.dev's public list, or a file   ·   "
    "r  then asks it and shows what would change"
)


class SyncScreen(Publishing):
    """Registries and their plans; nothing changes before `A`."""

    scope: ClassVar[keys.Scope] = "sync"
    place = "Sync"
    AUTO_FOCUS: ClassVar[str | None] = "#sync"
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("sync")

    def __init__(self) -> None:
        super().__init__()
        self._rows = SyncRows()
        self._busy = False
        self._differences: list[Difference] = []

    @property
    def state(self) -> SyncState:
        """What stays while another place is in front."""
        kept = self.model.kept.setdefault("sync", SyncState())
        assert isinstance(kept, SyncState)
        return kept

    def body(self) -> ComposeResult:
        """One line of what goes on, and the table."""
        yield Static("", id="sync-state")
        yield Table(COLUMNS, self._rows, empty=EMPTY, markable=False, id="sync")

    async def on_mount(self) -> None:
        """Progress is read off a few times a second."""
        self.set_interval(0.25, self._follow_progress)

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """A plan may have come meanwhile."""
        del event
        if self.model.view is not None:
            self._show()

    # ── painting ──

    def paint(self, view: View, changed: Changed | None) -> None:
        """Show registries, plans and the inbox."""
        del changed  # registries and the inbox are read from the catalog
        self._differences = [f.difference for f in view.findings if f.difference is not None]
        self._show()

    def _show(self) -> None:
        registries = [r for r in self.catalog.registries.records() if r.kind != "reference"]
        drifting = sync.drifting(self.catalog, self._differences, self.state.plans)
        sections = self._rows.put(
            registries, self.state, sync.inbox(self.catalog), drifting, self.catalog.clock(),
            offline=remote.is_offline(self.model.options),
        )  # fmt: skip
        table = self.query_one("#sync", Table)
        table.refresh_rows()
        table.show_sections(sections)
        self._say()

    def _say(self) -> None:
        state = self.state
        if state.reading is not None:
            busy = " · ".join(f"{name}: {said}" for name, said in state.progress.items())
            said = f"Asking  {busy}   esc stops"
        elif state.news:
            conflicts = sum(len(p.conflicts) for p in state.plans.values())
            many = f"   {conflicts} conflict{'s' if conflicts > 1 else ''}: < ours, > theirs"
            said = "Nothing is changed yet: A applies it" + (many if conflicts else "")
        elif state.plans:
            said = "Nothing new at the registries."
        else:
            said = "r asks the registries and shows what would change"
        notes = [n for plan in state.plans.values() for n in plan.notes]
        more = f"   {notes[0]}" + (f" (and {len(notes) - 1} more: w)" if len(notes) > 1 else "") if notes else ""
        self.query_one("#sync-state", Static).update(Content(text.clean(said + more)))

    def _follow_progress(self) -> None:
        busy = self.state.reading is not None
        if (busy or self._busy) and self.model.view is not None:
            self._show()
        self._busy = busy

    # ── what is selected ──

    def line_here(self) -> Line | None:
        """What stands under the cursor."""
        return self._rows.line(self.query_one("#sync", Table).cursor_key or "")

    def selection(self) -> list[str]:
        """The version under the cursor."""
        thing = self._thing()
        if isinstance(thing, Version):
            return [thing.key]
        if isinstance(thing, FieldChange) and thing.table == "versions":
            return [thing.key]
        return [thing.remote_version] if isinstance(thing, Deployment) and thing.remote_version else []

    def _thing(self) -> Any:
        line = self.line_here()
        return line.thing if line is not None else None

    def registry_here(self) -> Registry | None:
        """The registry that the cursor is at."""
        line = self.line_here()
        if line is None:
            return None
        return line.thing if isinstance(line.thing, Registry) else self.catalog.registries.get(line.registry)

    # ── planning ──

    def action_run(self) -> None:
        """Ask the registry under the cursor, or all; it goes on while another place is in front."""
        if not self.may_write() or self.state.reading is not None:
            return
        here = self.line_here()
        every = [r for r in self.catalog.registries.records() if r.kind != "reference"]
        chosen = [here.thing] if here is not None and isinstance(here.thing, Registry) else every
        if not chosen:
            self.model.say("There is no registry yet: n adds one.", "warning")
            return
        state = self.state
        state.progress = {r.name: "…" for r in chosen}

        pace = Pace()

        def told(name: str, what: str, done: int, total: int | None) -> None:
            state.progress[name] = pace(name, what, done, total)

        state.reading = Reading(chosen, remote.connect(self.model.options, self.catalog), told)
        self._busy = True
        self._show()
        # the app's worker, because this screen goes when another place is opened
        self.model.run_worker(self._read(state.reading), group="sync", exit_on_error=False)

    async def _read(self, reading: Reading) -> None:
        state = self.state
        try:
            runs = await asyncio.to_thread(reading.run)
            made = {run.registry.name: await asyncio.to_thread(self._compared, run) for run in runs}
            if not reading.cancelled:
                await self._take_plans(runs, made)
        finally:
            # also where the app is closed meanwhile: the thread must not read on
            reading.cancel()
            if state.reading is reading:
                state.reading, state.progress = None, {}

    def _compared(self, run: Run) -> tuple[sync.Plan, list[Part]] | None:
        if run.delivery is None:
            return None
        plan = sync.plan(self.catalog, run.registry.name, run.delivery)
        return plan, plan_parts(run.registry.name, plan)

    async def _take_plans(self, runs: list[Run], made: Mapping[str, tuple[sync.Plan, list[Part]] | None]) -> None:
        state = self.state
        for run in runs:
            state.take(run, made[run.registry.name])
        settled = {name: plan.state for name, plan in state.plans.items() if plan.empty}
        await self.model.carry_out(lambda c: record_runs(c, runs, settled))
        failed = [run for run in runs if run.error]
        if failed:
            self.model.say("\n".join(run.error for run in failed), "error")

    def action_back(self) -> None:
        """Stop what is being read; else drop the plan; else one step back."""
        state = self.state
        if state.reading is not None:
            state.reading.cancel()
            state.reading, state.progress = None, {}
            self.model.say("Stopped. Nothing was taken over.")
        elif state.plans:
            for name in list(state.plans):
                state.drop(name)
            state.runs.clear()
        else:
            super().action_back()
            return
        self._show()

    # ── deciding ──

    def action_keep_local(self) -> None:
        """Our value stays in this conflict."""
        self._decide(False)

    def action_keep_remote(self) -> None:
        """The registry's value replaces ours in this conflict; of a deployment, one of our own is chosen."""
        place = self._thing()
        if isinstance(place, Deployment):
            self._release(place.name)
        else:
            self._decide(True)

    @work(exclusive=True, group="edit")
    async def _release(self, name: str) -> None:
        from tui.screens.releasing import release

        if name in self.catalog.deployments:
            await release(self, name)

    def _decide(self, theirs: bool) -> None:
        line = self.line_here()
        plan = self.state.plans.get(line.registry) if line is not None else None
        if line is None or plan is None or not isinstance(line.thing, FieldChange) or line.kind != "conflict":
            self.model.say("Put the cursor on a conflict to decide it.", "warning")
            return
        if theirs:
            plan.take.add(line.thing.at)
        else:
            plan.take.discard(line.thing.at)
        self._show()

    @on(Table.Ticked, "#sync")
    def _ticked(self, event: Ticked) -> None:
        line = self._rows.line(event.key)
        plan = self.state.plans.get(line.registry) if line is not None else None
        if line is not None and plan is not None and isinstance(line.thing, Version) and line.kind == "unmatched":
            plan.wanted ^= {line.thing.key}
            self._show()

    @work(exclusive=True, group="edit")
    async def action_approve(self) -> None:
        """Apply the plans; one undoable event a registry."""
        if not self.may_write():
            return
        state = self.state
        names = [name for name, plan in state.plans.items() if not plan.empty]
        if not names:
            self.model.say("There is nothing to apply: r asks the registries.", "warning")
            return
        for name in names:
            delivery = state.runs[name].delivery
            assert delivery is not None, "there is a plan only of what was delivered"
            if await self.model.carry_out(
                functools.partial(sync.apply_anew, shown=state.plans[name], delivery=delivery)
            ):
                state.drop(name)
        done = [name for name in names if name not in state.plans]
        if done:
            self.model.say(f"Applied what {', '.join(done)} said. z takes it back.")
        self._show()

    # ── registries and the inbox ──

    @work(exclusive=True, group="edit")
    async def action_new(self) -> None:
        """Add a registry."""
        if self.may_write():
            await self._form(None)

    @work(exclusive=True, group="edit")
    async def action_edit(self) -> None:
        """Edit the registry under the cursor."""
        registry = self.registry_here()
        if registry is not None and self.may_write():
            await self._form(registry)

    async def _form(self, base: Registry | None) -> None:
        from tui.forms import registries
        from tui.screens.form import Form

        async def save(made: Registry) -> bool:
            said = f"{made.name} is saved. r asks it."
            return await self.model.carry_out(
                lambda c: c.add_registry(made) if base is None else c.edit_registry(made, base), said
            )

        await self.asked(
            Form(
                f"Registry {base.name}" if base else "New registry",
                registries.registry_fields(base),
                lambda values: registries.registry(values, base),
                save=save,
            )
        )

    @work(exclusive=True, group="edit")
    async def action_delete(self) -> None:
        """Remove the registry under the cursor."""
        registry = self.registry_here()
        if registry is None or not self.may_write():
            return
        name = registry.name
        effect = [f"{name} ({registry.kind}) is no longer asked.", "What it delivered stays; z brings it back."]
        if await self.asked(Confirm(f"Remove {name}?", effect, ask_reason=False, verb="remove")) is not None:
            self.state.drop(name)
            await self.model.carry_out(lambda c: c.remove_registry(name), f"{name} is removed.")

    @work(exclusive=True, group="edit")
    async def action_set(self) -> None:
        """Assign the deployment under the cursor to a use case; settle the drift under it."""
        place = self._thing()
        if isinstance(place, sync.Drift):
            await self.settle(place)
            self._forget_settled(place)
            return
        if not isinstance(place, Deployment) or not self.may_write():
            self.model.say("Put the cursor on a deployment of the inbox to assign it.", "warning")
            return
        use_cases = [(u.name, u.title or u.name) for u in self.catalog.use_cases.records()]
        if not use_cases:
            self.model.say("There is no use case yet: 5 and n name one.", "warning")
            return
        name = await self.asked(Choose(f"Which use case runs on {place.name}?", use_cases))
        if name is None:
            return
        stage = await self.asked(
            Choose(f"In which stage does {name} run it?", [(s, s) for s in ("Production", "Staging")])
        )
        if stage is not None:
            await self.model.carry_out(
                lambda c: c.assign(name, place.remote_version, stage=stage, deployment=place.name, seen=True),
                f"{name} runs {place.remote_version} on {place.name}.",
            )

    def _forget_settled(self, drift: sync.Drift) -> None:
        """A line of drift goes where it was settled."""
        if drift.uid in self.catalog.assignments and self.catalog.drift_of(drift.uid) is not None:
            return
        for name, plan in list(self.state.plans.items()):
            if any(d.uid == drift.uid for d in plan.drift):
                plan.drift = [d for d in plan.drift if d.uid != drift.uid]
                self.state.parts[name] = plan_parts(name, plan)
        self._show()

    # ── looking closer ──

    @on(Table.Opened, "#sync")
    def _opened(self, event: Opened) -> None:
        line = self._rows.line(event.key)
        if line is None:
            return
        known = [key for key in self.selection() if key in self.catalog.versions]
        if isinstance(line.thing, Registry):
            self.action_edit()
        elif known:
            from tui.screens.detail import DetailScreen

            self.app.push_screen(DetailScreen(known[0]))
        else:
            self.action_why()

    def action_why(self) -> None:
        """Everything about the line under the cursor, uncut, with the rule and the plan's remarks."""
        line = self.line_here()
        plans = self.state.plans
        name = "" if line is None else line.registry or getattr(line.thing, "name", "")
        remarks = [f"{n}: {note}" for n, plan in plans.items() if not name or n == name for note in plan.notes]
        parts = [about(line)] if line is not None else []
        said = "\n\n".join([*parts, *remarks]) or "Put the cursor on a line to read all about it."
        self.app.push_screen(Reader("Sync", "\n".join(text.clean(part) for part in said.split("\n"))))
