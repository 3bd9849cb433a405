"""What may be done to a whole upgrade, on its checklist and in the list of upgrades."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from textual import work

from store.catalog import Catalog, CommandError
from store.records import Assignment, Event, Item, Upgrade
from store.review.items import assign_to
from store.review.record_seal import Form as RecordForm
from store.review.rollout import STEPS, check_steps, unseen
from tui import text
from tui.screens import checklist_look as looks
from tui.screens.acting import LOOKING
from tui.screens.checklist_rollout import RolloutActions
from tui.screens.dialogs import Ask, Choose, Confirm, Reader
from tui.screens.form import Faults, Form, FormField, Values

STRATEGIES = (("in_place", "in place: the same deployment gets the new version"),
              ("side_by_side", "side by side: a second deployment, then the traffic moves"))  # fmt: skip


KEEP = "keep"
"""The choice of a form that leaves an upgrade its template version."""
_FORMS: Mapping[str, RecordForm] = {".md": "md", ".html": "html", ".htm": "html", ".json": "json"}


class UpgradeActions(RolloutActions):
    """Keys that act on one upgrade; `upgrade_here` says on which."""

    # ── target ──

    @work(exclusive=True, group="ask")
    async def action_set(self) -> None:
        """Set what the upgrade moves to."""
        from tui.screens.upgrade_targets import ranked

        upgrade, view = self.may_change(), self.model.view
        if upgrade is None or view is None:
            return
        if upgrade.state != "open":
            self.model.say("The target is in Production already: revert with R, or start the next upgrade.", "warning")
            return
        run = Assignment("", upgrade.use_case, upgrade.from_version, deployment=upgrade.deployment)
        found = await self.patiently(LOOKING, ranked, run, view)
        options = [o for o in found.options if o[0] != upgrade.to_version] + [("", "decide later: no target")]
        key = await self.app.push_screen_wait(Choose(f"Move {upgrade.use_case} to", options))
        if key is not None and key != upgrade.to_version:
            said = f"Target: {key}" if key else "No target"
            await self.model.carry_out(lambda c: c.set_target(upgrade.uid, key), said)

    # ── the end ──

    @work(exclusive=True, group="ask")
    async def action_decide(self) -> None:
        """Close the upgrade, cancel it, plan it again, or confirm that traffic runs as recorded."""
        upgrade = self.may_change()
        if upgrade is None:
            return
        waits = unseen(upgrade, self.catalog.runs_in(upgrade.use_case))
        options = [("seen", "the traffic has moved: confirm that it runs as recorded")] if waits is not None else []
        if upgrade.state == "promoted":
            options.append(("close", "close: done"))
        else:
            plan = self.catalog.plan_of(upgrade)
            if plan is not None:
                ends = text.day(plan.deadline).text
                options.append(("again", f"plan again: due dates of what is open count back from {ends}"))
            options.append(("cancel", "cancel: end it without a move"))
        match await self.app.push_screen_wait(Choose(f"Decide about the upgrade of {upgrade.use_case}", options)):
            case "seen" if waits is not None:
                uid = waits.uid
                await self.model.carry_out(lambda c: c.confirm_seen(uid), "Confirmed: it runs as recorded")
            case "close":
                await self._close(upgrade)
            case "again":
                await self._plan_again(upgrade)
            case "cancel":
                effect = [f"{upgrade.use_case} goes on with {upgrade.from_version}.", "The checklist stays readable."]
                why = await self.app.push_screen_wait(Confirm("Cancel the upgrade?", effect, verb="cancel it"))
                if why is not None:
                    await self.model.carry_out(lambda c: c.cancel_upgrade(upgrade.uid, why), "Cancelled")

    async def _plan_again(self, upgrade: Upgrade) -> None:
        effect = ["Open items get new due dates, also those that are overdue.", "What is done stays as it is."]
        why = await self.app.push_screen_wait(Confirm("Plan the upgrade again?", effect, verb="plan again"))
        if why is not None:
            await self.model.carry_out(lambda c: c.plan_again(upgrade.uid, why), "Planned again")

    async def _close(self, upgrade: Upgrade) -> None:
        def blockers() -> list[str]:
            return self.catalog.blockers(upgrade.uid, to_close=True)

        waits = await asyncio.to_thread(blockers)
        if waits:
            self.app.push_screen(Reader(f"Not yet: {len(waits)} before the end", "\n".join(waits)))
            return
        lessons = await self.app.push_screen_wait(Ask("Lessons for the next time?", upgrade.lessons, required=False))
        if lessons is not None:
            await self.model.carry_out(lambda c: c.close_upgrade(upgrade.uid, "done", lessons), "Closed: done")

    # ── notes and the record ──

    @work(exclusive=True, group="ask")
    async def action_edit(self) -> None:
        """Edit the owner of the item under the cursor, strategy, template, rollout and the notes."""
        upgrade = self.may_change()
        if upgrade is None:
            return
        item = self.item_here()
        fields = [FormField("owner", f"Owner of {item.id}", item.owner, hint="nobody yet")] if item else []
        fields += [
            FormField("strategy", "Strategy", upgrade.strategy, choices=STRATEGIES),
            FormField("template", "Template", KEEP, choices=_templates(self.catalog, upgrade)),
            _steps_field(upgrade),
            FormField("abort", "Go back when", upgrade.abort, hint="errors above 1 %, p95 above 2 s, complaints …"),
            FormField("note", "Note", upgrade.note, "long"),
            FormField("lessons", "Lessons", upgrade.lessons, "long"),
        ]
        check = _edited(upgrade, item)
        edited: Upgrade | None = await self.app.push_screen_wait(Form(f"Upgrade of {upgrade.use_case}", fields, check))
        if edited is None:
            return
        taken, edited = edited.template, replace(edited, template=upgrade.template)
        if edited != upgrade and not await self.model.carry_out(lambda c: c.edit_upgrade(edited, upgrade), "Saved"):
            return
        if taken != KEEP:
            said = f"Template {taken} taken over"
            await self.model.carry_out(lambda c: c.set_template(upgrade.uid, taken), said)

    @work(exclusive=True, group="ask")
    async def action_export(self) -> None:
        """Write the change record to a file: Markdown, or HTML or JSON by its ending."""
        upgrade = self.upgrade_here()
        if upgrade is None:
            return
        name = f"upgrade-{upgrade.use_case}-{self.model.today.isoformat()}.md"
        title = "Write the change record to which file? (.md, .html or .json)"
        said = await self.app.push_screen_wait(Ask(title, name))
        if said is None:
            return
        path = Path(said).expanduser()
        if path.exists():
            effect = [f"{path} is there already and would be replaced."]
            if (
                await self.app.push_screen_wait(Confirm("Replace it?", effect, ask_reason=False, verb="replace"))
                is None
            ):
                return
        try:
            form = _FORMS.get(path.suffix.lower(), "md")
            record = await asyncio.to_thread(self.catalog.change_record, upgrade.uid, form)
            await asyncio.to_thread(path.write_text, record, encoding="utf-8", newline="\n")
        except (OSError, CommandError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else error
            self.model.say(f"{path} was not written: {why}", "error")
            return
        self.model.say(f"Change record: {path}")

    @work(exclusive=True, group="ask")
    async def action_copy_markdown(self) -> None:
        """Copy the change record."""
        upgrade = self.upgrade_here()
        if upgrade is not None:
            self.app.copy_to_clipboard(await asyncio.to_thread(self.catalog.change_record, upgrade.uid))
            self.model.say("Copied the change record as Markdown")

    def action_why(self) -> None:
        """Why the item is there and due then, and what the upgrade waits for."""
        upgrade, view = self.upgrade_here(), self.model.view
        if upgrade is not None and view is not None:
            told = looks.why(self.item_here(), looks.look(self.catalog, view, upgrade))
            self.app.push_screen(Reader(f"Why · {upgrade.use_case}", told))

    async def change(self, command: Callable[[Catalog], Event | None], said: str = "") -> bool:
        """Carry out a command on the running upgrade; False where it is over or failed."""
        return self.may_change() is not None and await self.model.carry_out(command, said)


def _steps_said(steps: Sequence[float]) -> str:
    return ", ".join("shadow" if step == 0 else f"{step:g}" for step in steps)


def _steps_field(upgrade: Upgrade) -> FormField:
    standard = (_steps_said(STEPS), "the standard steps: a copy first, then more and more of the traffic")
    hint = "empty: all of the traffic at once"
    return FormField("steps", "Rollout steps", _steps_said(upgrade.steps), hint=hint, free=True, choices=[standard])


def _templates(catalog: Catalog, upgrade: Upgrade) -> list[tuple[str, str]]:
    """Keep what it was made from, its newer version where there is one, or another template."""
    known, newer = catalog.templates().found, catalog.newer_template(upgrade)
    options = [(KEEP, f"keep: {upgrade.template} {upgrade.template_hash} as it was")]
    if newer is not None:
        options.append((newer.name, f"{newer.name} {newer.hash} · the newer version · {len(newer.items())} items"))
    others = (t for t in known.values() if t.name != upgrade.template)
    return options + [(t.name, f"{t.name} · {t.title} · {len(t.items())} items") for t in others]


def _edited(upgrade: Upgrade, item: Item | None) -> Callable[[Values], Upgrade]:
    """What a form's values make of the upgrade."""

    def check(values: Values) -> Upgrade:
        strategy, faults = values["strategy"].replace(" ", "_"), {}
        steps = upgrade.steps
        if values["steps"] != _steps_said(steps):
            try:
                steps = _steps(values["steps"])
            except ValueError as error:
                faults["steps"] = str(error)
        match strategy:
            case "in_place" | "side_by_side" | "" if not faults:
                edited = replace(
                    upgrade, strategy=strategy, note=values["note"], lessons=values["lessons"],
                    template=values["template"] or KEEP, steps=steps, abort=values["abort"],
                )  # fmt: skip
            case "in_place" | "side_by_side" | "":
                raise Faults(faults)
            case _:
                raise Faults({**faults, "strategy": f"'{values['strategy']}' is no strategy: in_place or side_by_side"})
        if item is None or values["owner"] == item.owner:
            return edited
        return replace(edited, items={**edited.items, item.id: assign_to(item, values["owner"])})

    return check


def _steps(said: str) -> tuple[float, ...]:
    """Rollout steps as people write them.

    Raises:
        ValueError: they are no numbers that rise to 100.
    """
    words = [word.strip().removesuffix("%").strip() for word in said.split(",") if word.strip()]
    try:
        steps = tuple(0.0 if word.casefold() == "shadow" else float(word) for word in words)
    except ValueError:
        raise ValueError(f"'{said}' is no list of steps: write shadow, 1, 5, 25, 50, 100") from None
    check_steps(steps)
    return steps
