"""`e m t D`: edit, notes, tags and decisions on what is selected."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

from textual import work

from tui.screens.bulk import Bulk
from tui.screens.removing import Removing

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.records import Assignment, Decision, Event, Measurement, UseCase, Version
    from tui.forms.measurements import Measured


class Changing(Removing, Bulk):
    """What changes records."""

    # ── edit ──

    @work(exclusive=True, group="edit")
    async def action_edit(self) -> None:
        """Edit what is under the cursor; where that is several things, ask which. Several marked: a field of all."""
        if not self.may_write():
            return
        if len(self.runs_marked() or self.marked()) > 1:
            await self.edit_marked()
            return
        key, name, run = self.key_here(), self.use_case_here(), self.run_here()
        records = self.seen.records
        options: list[tuple[str, str]] = []
        metric = self.metric_here()
        if name in records.use_cases:
            if metric:
                options.append(("criterion", f"how {metric} is judged in {name}: role, margin, floor, ceiling"))
            options.append(("use_case", f"use case {name}: owner, load, needs, evidence"))
            options.append(("policy", f"the policy of {name}: metrics, margins, floors, ceilings"))
        version = records.versions.get(key)
        if version is not None:
            options.append(("version", f"version {key}: changes, links, origin"))
            options.append(("price", f"prices of {key}"))
            options.append(("date", f"a date of {key}, or that none is published"))
            if records.measurements.get(key):
                options.append(("measurement", f"a measurement of {key}"))
        if run is not None:
            options.append(("assignment", f"how {name} calls it: settings, prompt"))
            if run.deployment in records.deployments:
                options.append(("deployment", f"deployment {run.deployment}"))
        what = await self.chosen("Edit what?", options)
        if what == "use_case":
            await self.edit_use_case(name)
        elif what == "policy":
            await self.edit_policy(name)
        elif what == "criterion":
            await self.edit_criterion(name, metric)
        elif what == "deployment" and run is not None:
            await self.edit_deployment(records.deployments[run.deployment])
        elif what == "assignment" and run is not None:
            await self.edit_assignment(run)
        elif what is not None and version is not None:
            await self._edit_version(what, version)
        elif not options:
            self.model.say("Nothing is selected to edit.", "warning")

    async def _edit_version(self, what: str, version: Version) -> None:
        if what == "version":
            await self.edit_version(version)
        elif what == "price":
            await self.edit_prices(version)
        elif what == "date":
            await self.observe(version)
        elif what == "measurement":
            measured = await self.which_measurement(version.key, "Edit which measurement?")
            if measured is not None:
                await self.edit_measurement(measured)

    async def edit_use_case(self, name: str) -> None:
        """All fields of a use case."""
        from tui.forms import use_cases
        from tui.screens.form import Form

        base = self.catalog.use_case(name)
        records = self.seen.records
        owners = list(dict.fromkeys(u.owner for u in records.use_cases.values() if u.owner))
        await self.asked(
            Form(
                f"Use case {name}",
                use_cases.all_fields(base, records.metrics.values(), owners),
                lambda values: use_cases.edited(values, base, self.catalog.today),
                save=lambda made: self.model.carry_out(lambda c: c.edit_use_case(made, base), f"{name} is saved."),
            )
        )

    async def edit_policy(self, name: str) -> None:
        """What the gate of a use case asks for: one metric of it in a form, or all of it as TOML."""
        from tui.forms import criteria, policy

        base, records = self.catalog.use_case(name), self.seen.records
        known, defaults = await asyncio.to_thread(policy.in_force, base, records)
        state = "defaults" if defaults else f"version {known.version}"
        options = [(f"metric:{m}", criteria.said(m, c, records.metrics)) for m, c in known.metrics.items()]
        options += [
            ("another", "another metric"),
            ("evidence", "evidence as a whole: how long it holds, what is not proven, who signs, least runway"),
            ("toml", "all of it as TOML"),
        ]
        what = await self.chosen(f"Policy of {name} ({state}): edit what?", options)
        if what == "toml":
            await self._edit_toml(name)
        elif what == "evidence":
            await self._edit_evidence(base)
        elif what is not None:
            await self.edit_criterion(name, what.partition(":")[2])

    async def edit_criterion(self, name: str, metric: str) -> None:
        """How one metric is judged in a use case; "" asks which."""
        from tui.forms import criteria, policy
        from tui.screens.form import Form

        base, records = self.catalog.use_case(name), self.seen.records
        known, _ = await asyncio.to_thread(policy.in_force, base, records)
        await self.asked(
            Form(
                f"How {metric or 'a metric'} is judged in {name}",
                criteria.criterion_fields(metric, known, records.metrics),
                lambda values: criteria.judged_so(values, base, known, records.metrics),
                save=lambda made: self.model.carry_out(
                    lambda c: c.edit_use_case(made, base), f"The policy of {name} is saved; verdicts follow it."
                ),
            )
        )

    async def _edit_evidence(self, base: UseCase) -> None:
        """What the policy asks of evidence as a whole."""
        from tui.forms import use_cases
        from tui.screens.form import Form

        await self.asked(
            Form(
                f"Evidence for {base.name}",
                use_cases.evidence_fields(base),
                lambda values: use_cases.with_evidence(values, base),
                save=lambda made: self.model.carry_out(
                    lambda c: c.edit_use_case(made, base), f"The policy of {base.name} is saved; verdicts follow it."
                ),
            )
        )

    async def _edit_toml(self, name: str) -> None:
        """The whole policy as text."""
        from tui.forms import policy
        from tui.screens.form import Form

        base, records = self.catalog.use_case(name), self.seen.records
        await self.asked(
            Form(
                f"Policy of {name}",
                await asyncio.to_thread(policy.policy_fields, base, records),
                lambda values: policy.edited_policy(values, base, records.metrics),
                save=lambda made: self.model.carry_out(
                    lambda c: c.edit_use_case(made, base), f"The policy of {name} is saved; verdicts follow it."
                ),
            )
        )

    async def edit_version(self, base: Version) -> None:
        """What a person may say about a version."""
        from tui.forms import versions

        await self._version_form(f"Version {base.key}", versions.edit_fields(base), versions.edited, base)

    async def edit_prices(self, base: Version) -> None:
        """Own prices, which count before those of price lists."""
        from tui.forms import facts

        await self._version_form(f"Prices of {base.key}", facts.price_fields(base), facts.priced, base)

    async def _version_form(self, title: str, fields: Any, check: Any, base: Version) -> None:
        from tui.screens.form import Form

        await self.asked(
            Form(
                title,
                fields,
                lambda values: check(values, base, self.catalog.today),
                save=lambda made: self.model.carry_out(lambda c: c.edit_version(made, base), f"{base.key} is saved."),
            )
        )

    async def observe(self, version: Version) -> None:
        """A date that a person knows, or that none is published."""
        from tui.forms import facts
        from tui.screens.form import Form

        key = version.key

        async def save(made: facts.Seen) -> bool:
            said = f"{key}: no date is published as of today; look again in 90 days."
            if made.value is not None:
                said = f"{key}: {made.kind.replace('_', ' ')} on {made.value} is recorded as your own date."
            return await self.model.carry_out(
                lambda c: c.observe(
                    key, made.value, kind=made.kind, scope=made.scope, url=made.url, why=made.why
                ),
                said,
            )  # fmt: skip

        today = self.catalog.today
        await self.asked(Form(f"A date of {key}", facts.date_fields(), lambda v: facts.seen(v, today), save=save))

    async def edit_measurement(self, base: Measurement) -> None:
        """A measurement as it was entered."""
        from tui.forms import measurements
        from tui.screens.form import Form

        records, today = self.seen.records, self.catalog.today
        fields = measurements.measure_fields(
            base.version, versions=[], metrics=records.metrics, use_cases=list(records.use_cases), base=base
        )

        def command(catalog: Catalog, made: Measured) -> Event | None:
            if made.metric is not None:
                catalog.define_metric(made.metric)
            return catalog.edit_measurement(made.measurement, base)

        await self.asked(
            Form(
                f"{base.metric} of {base.version}",
                fields,
                lambda values: measurements.measured(
                    values, metrics=records.metrics, known=records.versions, use_cases=list(records.use_cases),
                    today=today, base=base,
                ),
                save=lambda made: self.model.carry_out(lambda c: command(c, made), f"{base.metric} is saved."),
            )
        )  # fmt: skip

    async def edit_assignment(self, base: Assignment) -> None:
        """How a version is called in its use case."""
        from tui.forms import runs
        from tui.screens.form import Form

        await self.asked(
            Form(
                f"{base.use_case} calls {base.version}",
                runs.assignment_fields(base),
                lambda values: runs.assignment(values, base),
                save=lambda made: self.model.carry_out(lambda c: c.edit_assignment(made, base), "Saved."),
            )
        )

    # ── notes and tags ──

    @work(exclusive=True, group="edit")
    async def action_note(self) -> None:
        """Notes on the version, its use case and how it runs there, in one form."""
        from tui.screens.form import Form, FormField

        if not self.may_write():
            return
        records, run = self.seen.records, self.run_here()
        version = records.versions.get(self.key_here())
        use_case = records.use_cases.get(self.use_case_here())
        fields = []
        if run is not None:
            fields.append(FormField("run", "How it runs there", run.note, "long"))
        if use_case is not None:
            fields.append(FormField("use_case", "Use case", use_case.note, "long"))
        if version is not None:
            fields.append(FormField("version", "Version", version.note, "long"))
        if not fields:
            self.model.say("Nothing is selected to write a note on.", "warning")
            return
        about = " in ".join(n for n in (version.key if version else "", use_case.name if use_case else "") if n)
        made: dict[str, str] | None = await self.asked(Form(f"Notes · {about}", fields, dict))
        if made is None:
            return
        if run is not None and made["run"] != run.note:
            await self.model.carry_out(
                lambda c: c.edit_assignment(replace(run, note=made["run"]), run), "The note is saved."
            )
        if use_case is not None and made["use_case"] != use_case.note:
            await self.model.carry_out(
                lambda c: c.edit_use_case(replace(use_case, note=made["use_case"]), use_case), "The note is saved."
            )
        if version is not None and made["version"] != version.note:
            await self.model.carry_out(
                lambda c: c.edit_version(replace(version, note=made["version"]), version), "The note is saved."
            )

    @work(exclusive=True, group="edit")
    async def action_tags(self) -> None:
        """Add and take tags, on all marked versions at once; several show first what changes."""
        if not self.may_write():
            return
        keys = [k for k in self.selection() if k in self.seen.records.versions]
        if not keys:
            self.model.say("No version is selected to tag.", "warning")
            return
        from tui.forms.bulk import tagged

        before = {k: self.seen.records.versions[k].tags for k in keys}
        answer = await self._ask_tags(keys[0] if len(keys) == 1 else f"{len(keys)} versions", before[keys[0]])
        if answer is None:
            return
        add, remove = answer
        changed = {k: after for k, tags in before.items() if (after := tagged(tags, add, remove)) != tags}
        if not changed:
            self.model.say("No tag changes.")
        elif len(keys) == 1 or await self._agreed(before, changed):
            await self.model.carry_out(lambda c: c.tag(list(changed), add, remove), f"Tags of {len(changed)} saved.")

    async def _agreed(self, before: dict[str, tuple[str, ...]], changed: dict[str, tuple[str, ...]]) -> bool:
        from tui.screens.dialogs import Confirm

        effect = [f"{k}: {', '.join(before[k]) or '—'} → {', '.join(tags) or '—'}" for k, tags in changed.items()]
        if len(changed) < len(before):
            effect.append(f"{len(before) - len(changed)} stay as they are.")
        title = f"Change the tags of {len(changed)} versions"
        return await self.asked(Confirm(title, effect, ask_reason=False, verb="change them")) is not None

    async def _ask_tags(self, subject: str, now: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
        from tui.forms.bulk import tag_words
        from tui.screens.dialogs import Ask

        said = await self.asked(Ask(f"Tags of {subject}: {', '.join(now) or 'none'}", hint="new-tag -tag-to-take-away"))
        if said is None:
            return None
        return tag_words(said)

    async def tag_use_case(self, base: UseCase) -> None:
        """Add and take tags of a use case."""
        from tui.forms.bulk import tagged

        answer = await self._ask_tags(base.name, base.tags)
        if answer is not None:
            edited = replace(base, tags=tagged(base.tags, *answer))
            await self.model.carry_out(lambda c: c.edit_use_case(edited, base), f"Tags of {base.name} saved.")

    # ── decide ──

    @work(exclusive=True, group="edit")
    async def action_decide(self) -> None:
        """Record what is decided for the use case here: upgrade, stay until, replace, stop by, later."""
        name = self.use_case_here()
        if self.may_write():
            if name in self.seen.records.use_cases:
                await self.decide(name)
            else:
                self.model.say("No use case runs it, so there is nothing to decide: s sets where it runs.", "warning")

    async def decide(self, name: str, kind: str = "") -> None:
        """The form of a decision about what runs under the cursor, else about the whole use case."""
        from store.review.ledger import firm
        from tui.forms import decisions
        from tui.screens.form import Form

        run, catalog = self.run_here(), self.catalog
        status = self.seen.statuses.get(run.uid) if run is not None else None
        due = status.deadline.day if status is not None and status.deadline is not None else None
        last = status.ledger.effective if status is not None else None
        at = catalog.clock().astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

        async def save(made: Decision) -> bool:
            until = f" until {made.until}" if made.until else ""
            return await self.model.carry_out(
                lambda c: c.decide(name, made), f"Decided for {name}: {made.kind.replace('_', ' ')}{until}."
            )

        await self.asked(
            Form(
                f"Decide for {name}{': ' + run.version if run is not None else ''}",
                decisions.decide_fields(self.seen.records.use_cases[name].owner, due, self.catalog.today, kind),
                lambda values: decisions.decided(
                    values, subject=run.uid if run is not None else "", deadline=due,
                    last=last.value if last is not None and firm(last) else None, at=at, by=catalog.actor,
                    today=catalog.today,
                ),
                save=save,
            )
        )  # fmt: skip
