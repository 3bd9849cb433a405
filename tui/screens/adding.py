"""`n` and `s`: new use cases, versions, measurements and deployments, and what runs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import work

from tui import columns, text
from tui.screens.acting import Acting

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.formats.evaluations import Evaluation
    from store.formats.results import Results
    from store.records import Assignment, Deployment, Event, UseCase, Version
    from tui.forms.measurements import Measured
    from tui.forms.runs import Wanted
    from tui.forms.versions import NewVersion
    from tui.state import View

MANY = 5_000
"""Versions of which a list shows no more than the key: more would take time to work out."""


class Adding(Acting):
    """What adds records."""

    @work(exclusive=True, group="edit")
    async def action_new(self) -> None:
        """Ask what is new, then for it."""
        if not self.may_write():
            return
        key, use_case = self.key_here(), self.use_case_here()
        options = [("use_case", "a use case and its model"), ("version", "an own version")]
        if key in self.seen.records.versions:
            options.append(("copy", f"a copy of {key} as another version"))
        options.append(("measurement", f"a measurement{' of ' + key if key else ''}"))
        options.append(("deployment", "a deployment"))
        if use_case:
            options.append(("run", f"another version in {use_case}"))
        what = await self.chosen("What is new?", options)
        if what == "use_case":
            await self.new_use_case()
        elif what == "version":
            await self.new_version()
        elif what == "copy":
            await self.copy_version(self.seen.records.versions[key])
        elif what == "measurement":
            await self.new_measurement(key, use_case)
        elif what == "deployment":
            await self.edit_deployment(None)
        elif what == "run":
            await self.set_runs(use_case, "", None)

    # ── use case ──

    async def new_use_case(self) -> None:
        """Name it with its owner, pick its model, say where it runs; what is done stays when the rest is left."""
        from tui.forms import use_cases
        from tui.screens.dialogs import Choose
        from tui.screens.form import Form

        async def save(made: UseCase) -> bool:
            return await self.model.carry_out(lambda c: c.add_use_case(made))

        made: UseCase | None = await self.asked(
            Form("New use case", use_cases.first_fields(), use_cases.begun, save=save)
        )
        if made is None:
            return
        versions = await asyncio.to_thread(version_choices, self.seen)
        here = self.key_here()
        unused = here if here and not any(a.version == here for a in self.seen.records.assignments) else ""
        key = await self.asked(Choose(f"Which model does {made.name} run?", versions, value=unused))
        if key is None:
            self.model.say(f"{made.name} is there without a model: 5 lists it, s sets what it runs.")
        else:
            await self.set_runs(made.name, key, None)

    # ── version ──

    async def new_version(self) -> None:
        """Register a version of an own model; the one under the cursor lends what usually stays."""
        from tui.forms import versions
        from tui.screens.form import Form

        records = self.seen.records
        here = records.versions.get(self.key_here())
        like = self._newest_like(here) if here is not None and here.own else None
        ours = (
            dict.fromkeys(v.provider for v in records.versions.values() if v.own)
            if len(records.versions) < MANY
            else {}
        )

        async def save(made: NewVersion) -> bool:
            return await self.model.carry_out(
                lambda c: c.register(
                    made.key, released=made.released, changes=made.changes, lineage=made.lineage,
                    metrics=made.metrics, use_case=made.use_case,
                ),
                f"{made.key} is registered.",
            )  # fmt: skip

        await self.asked(
            Form(
                "New version of an own model",
                versions.new_fields(like, list(ours), list(records.use_cases)),
                lambda values: versions.new_version(values, records.versions, records.metrics, self.catalog.today),
                save=save,
            )
        )

    def _newest_like(self, version: Version) -> Version:
        """The newest version of the same model by number, else the given one."""
        keys = self.catalog.versions_of(version.provider, version.model)
        numbered = [v for k in keys if (v := self.catalog.versions[k]).version and (v.version or "").isdecimal()]
        return max(numbered, key=lambda v: int(v.version or 0), default=version)

    async def copy_version(self, like: Version) -> None:
        """Register a copy of a version under another name; its dates and measurements stay where they were made."""
        from tui.forms import versions
        from tui.screens.form import Form

        known, today = self.seen.records.versions, self.catalog.today

        async def save(made: Version) -> bool:
            return await self.model.carry_out(lambda c: c.add_version(made), f"{made.key} is registered.")

        await self.asked(
            Form(
                f"A copy of {like.key}",
                versions.copy_fields(like),
                lambda values: versions.copied(values, like, known, today),
                save=save,
            )
        )

    # ── measurement ──

    async def new_measurement(
        self, key: str, use_case: str = "", results: Results | None = None, run: Evaluation | None = None
    ) -> None:
        """Enter a measurement; a metric that nobody defined is defined in the same go."""
        from tui.forms import measurements
        from tui.screens.form import Form

        records, today = self.seen.records, self.catalog.today
        versions = [] if key else await asyncio.to_thread(version_choices, self.seen)
        fields = measurements.measure_fields(
            key, versions=versions, metrics=records.metrics, use_cases=list(records.use_cases), use_case=use_case,
            results=results, run=run,
        )  # fmt: skip
        beside = [m for of_one in records.measurements.values() for m in of_one if m.items] if results else []

        async def save(made: Measured) -> bool:
            said = f"{made.measurement.metric} of {made.measurement.version} is recorded."
            return await self.model.carry_out(lambda c: measure(c, made), said)

        await self.asked(
            Form(
                f"Measurement{' of ' + key if key else ''}",
                fields,
                lambda values: measurements.measured(
                    values, metrics=records.metrics, known=records.versions, use_cases=list(records.use_cases),
                    today=today, results=results, beside=beside,
                ),
                save=save,
            )
        )  # fmt: skip

    # ── deployment ──

    async def edit_deployment(self, base: Deployment | None) -> None:
        """A new deployment, or a known one."""
        from tui.forms import deployments
        from tui.screens.form import Form

        async def save(made: Deployment) -> bool:
            return await self.model.carry_out(
                lambda c: c.save_deployment(made, base), f"Deployment {made.name} is saved."
            )

        await self.asked(
            Form(
                f"Deployment {base.name}" if base else "New deployment",
                deployments.deployment_fields(base),
                lambda values: deployments.deployment(values, base),
                save=save,
            )
        )

    # ── what runs ──

    @work(exclusive=True, group="edit")
    async def action_set(self) -> None:
        """Set what runs: version, stage, share, deployment."""
        if self.may_write():
            now = self.run_here()
            key = now.version if now is not None else self.key_here()
            await self.set_runs(now.use_case if now else self.use_case_here(), key, now)

    async def set_runs(self, use_case: str, key: str, now: Assignment | None) -> None:
        """The form of what runs; shows the effect before it is recorded."""
        from tui.forms import runs
        from tui.screens.form import Form

        view = self.seen
        if not view.records.use_cases:
            self.model.say("There is no use case yet: n names one and picks its model.", "warning")
            return
        versions = await asyncio.to_thread(version_choices, view)
        places: Mapping[str, Deployment] = dict(view.records.deployments)
        fields = runs.runs_fields(
            use_case, key, use_cases=list(view.records.use_cases), versions=versions,
            stages=self.catalog.stage_names(), deployments=places, now=now,
        )  # fmt: skip
        await self.asked(
            Form(
                f"What runs in {use_case}" if use_case else f"Where does {key} run?",
                fields,
                lambda values: runs.wanted(
                    values, use_case=use_case, deployments=places, known=view.records.versions, today=view.today
                ),
                save=lambda wanted: self._record_runs(wanted, now),
            )
        )

    async def _record_runs(self, wanted: Wanted, now: Assignment | None) -> bool:
        from tui.forms.runs import effect
        from tui.screens.dialogs import Confirm

        moved = now if now is not None and now.deployment == "default" != wanted.deployment else None
        runs = [
            replace(a, deployment=wanted.deployment) if moved is not None and a.uid == moved.uid else a
            for a in self.catalog.runs_in(wanted.use_case)
        ]
        said = effect(wanted, runs)
        gate = wanted.stage == "Production" and any(
            u.use_case == wanted.use_case and u.to_version == wanted.version and u.state == "open"
            for u in self.seen.records.upgrades.values()
        )
        why = wanted.why
        if gate:
            said.append("An upgrade to it is open: P on its checklist promotes it through the gate.")
            said.append("Going past the gate stays visible for good.")
        if gate or any(a.in_use for a in runs):
            answer = await self.asked(
                Confirm(f"Set what runs in {wanted.use_case}", said, ask_reason=gate, verb="record it")
            )
            if answer is None:
                return False
            why = answer or why

        def record(catalog: Catalog) -> Event | None:
            if moved is not None:
                catalog.edit_assignment(replace(moved, deployment=wanted.deployment), moved, why)
            return catalog.assign(
                wanted.use_case, wanted.version, stage=wanted.stage, share=wanted.share,
                deployment=wanted.deployment, since=wanted.since, place=wanted.place, seen=wanted.seen,
                why=why, force=gate, room=True,
            )  # fmt: skip

        return await self.model.carry_out(record, said[0])


def measure(catalog: Catalog, made: Measured) -> Event | None:
    """Record a measurement, after the definition of its metric where that is new."""
    if made.metric is not None:
        catalog.define_metric(made.metric)
    return catalog.measure(made.measurement)


def version_choices(view: View) -> Sequence[tuple[str, str]]:
    """All known versions to pick from, with where each stands; retired ones last. Call it in a thread."""
    rows = {row.key: row for row in view.index.rows}
    if len(rows) > MANY:
        return [(key, key) for key in rows]
    living: list[tuple[str, str]] = []
    retired: list[tuple[str, str]] = []
    for key, row in rows.items():
        stage = str(row.get("lifecycle") or "unknown")
        ends = text.plain(columns.retires(row, view)) if row.get("retires") else ""
        facts = [
            text.lifecycle(stage, listed=stage == "ga (listed)").text,
            f"{'retired' if stage == 'retired' else 'retires'} {ends}" if ends else "",
            "unpinned" if _moves(view, key) else "",
        ]
        choice = (key, f"{key}   {' · '.join(f for f in facts if f)}")
        (retired if stage == "retired" else living).append(choice)
    return [*living, *retired]


def _moves(view: View, key: str) -> bool:
    version = view.records.versions.get(key)
    return version is not None and bool(version.alias_of)
