"""What the keys of a comparison do: columns, baseline, why, waiver, upgrade, export, copies."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from textual import work

from store.catalog import Catalog
from store.records import Event, Upgrade, Version, Waiver
from store.review.comparison import Row
from store.review.costs import MONTHLY_COST
from store.review.verdict import VerdictRow
from tui import text
from tui.screens import compare_data as data
from tui.screens.base import Place
from tui.screens.compare_about import why
from tui.screens.compare_cells import names
from tui.screens.compare_export import as_csv, markdown
from tui.screens.compare_rows import RISK, Grid, shown_rows
from tui.screens.compare_table import Matrix
from tui.screens.dialogs import Ask, Choose, Confirm, Reader


class ComparisonActions(Place):
    """The commands of the comparison; the screen itself shows."""

    keys: list[str]
    baseline: str
    column: str
    use_case: str
    differences: bool
    prepared: data.Prepared | None
    found: Grid | None

    def again(self) -> None:
        """Compare anew."""
        raise NotImplementedError

    def show(self) -> None:
        """Paint anew."""
        raise NotImplementedError

    def drawing(self) -> str:
        """The picture that is shown, as text; "" for the table."""
        raise NotImplementedError

    def row_here(self) -> Row | None:
        """The row of the comparison under the cursor."""
        key = self.query_one(Matrix).cursor_key
        return self.found.rows.get(key) if self.found is not None and key is not None else None

    def metric_here(self) -> str:
        """The metric of the row under the cursor, as a policy names it."""
        row = self.row_here()
        if row is None:
            return ""
        return row.name if row.series is not None or row.name == MONTHLY_COST else ""

    def risk_here(self) -> str:
        """The id of the break risk under the cursor."""
        key = self.query_one(Matrix).cursor_key or ""
        return key.removeprefix(RISK) if key.startswith(RISK) else ""

    def open_detail(self) -> None:
        """Open the version of the column."""
        from tui.screens.detail import DetailScreen

        if self.column:
            self.app.push_screen(DetailScreen(self.column, self.use_case))

    # ── columns ──

    @work
    async def action_add_column(self) -> None:
        """Choose a version to add, from all that are known."""
        view = self.model.view
        if view is None:
            return
        if len(self.keys) >= data.MOST:
            self.model.say(f"{data.MOST} versions are compared already; - takes one away", "warning")
            return
        options = await asyncio.to_thread(_choices, view.records.versions, self.keys, self.baseline)
        chosen = await self.app.push_screen_wait(Choose("Compare also with", options))
        if chosen is not None and chosen not in self.keys:
            self.keys.append(chosen)
            self.column = chosen
            self.again()

    def action_remove_column(self) -> None:
        """Take the column away; the last two stay."""
        if len(self.keys) <= 2:
            self.model.say("Two versions are the least; + adds others first", "warning")
            return
        if self.column == self.baseline:
            self.model.say("This is the baseline: make another column the baseline (b) first", "warning")
            return
        at = self.keys.index(self.column)
        self.keys.remove(self.column)
        self.column = self.keys[min(at, len(self.keys) - 1)]
        self.again()

    def action_baseline(self) -> None:
        """Compare against this column."""
        if self.column and self.column != self.baseline:
            self.keys.remove(self.column)
            self.keys.insert(0, self.column)
            self.baseline = self.column
            self.again()

    def action_move_left(self) -> None:
        """Move the column to the left."""
        self._move(-1)

    def action_move_right(self) -> None:
        """Move the column to the right."""
        self._move(1)

    def _move(self, step: int) -> None:
        """The baseline stays leftmost."""
        at = self.keys.index(self.column) if self.column in self.keys else 0
        to = at + step
        if at > 0 and 0 < to < len(self.keys):
            self.keys[at], self.keys[to] = self.keys[to], self.keys[at]
            self.again()

    def action_differences(self) -> None:
        """Only rows that differ, or all."""
        self.differences = not self.differences
        self.show()

    # ── reading ──

    @work
    async def action_why(self) -> None:
        """Why the row under the cursor reads as it does; above the groups, why the verdicts are what they are."""
        if self.prepared is not None:
            row = self.row_here()
            title = text.clean(row.title) if row is not None else "Verdicts"
            self.app.push_screen(Reader(f"Why · {title}", why(self.prepared, row)))

    @work
    async def action_copy_markdown(self) -> None:
        """Copy what is shown as Markdown."""
        if self.prepared is not None:
            drawn = self.drawing()
            rows = shown_rows(self.prepared, differences=self.differences)
            self.app.copy_to_clipboard(f"```\n{drawn}\n```\n" if drawn else markdown(self.prepared, rows))
            self.model.say("Copied the picture" if drawn else f"Copied {len(rows)} rows as Markdown")

    @work
    async def action_export(self) -> None:
        """Write what is shown to a file: Markdown, or CSV where the name ends so."""
        prepared = self.prepared
        if prepared is None:
            return
        drawn = self.drawing()
        name = f"compare-{self.use_case or 'versions'}-{prepared.view.today.isoformat()}.{'txt' if drawn else 'md'}"
        what, hint = ("picture", "….txt") if drawn else ("comparison", "….md or ….csv")
        said = await self.app.push_screen_wait(Ask(f"Write the {what} to which file?", name, hint=hint))
        if said is None:
            return
        path = Path(said).expanduser()
        if path.exists():
            effect = [f"{path} is there already; what is in it would be replaced."]
            if (
                await self.app.push_screen_wait(Confirm("Replace it?", effect, ask_reason=False, verb="replace"))
                is None
            ):
                return
        rows = shown_rows(prepared, differences=self.differences)
        content = as_csv(prepared, rows) if path.suffix.casefold() == ".csv" else markdown(prepared, rows)
        await self._write(path, f"{drawn}\n" if drawn else content)

    async def _write(self, path: Path, content: str) -> None:
        try:
            await asyncio.to_thread(path.write_text, content, encoding="utf-8")
        except OSError as error:
            self.model.say(f"{path} cannot be written: {error.strerror}. Name another file.", "error")
            return
        self.model.say(f"Written to {path}")

    # ── deciding ──

    @work
    async def action_upgrade(self) -> None:
        """Start the upgrade from the baseline to the column's version, or open the one that runs."""
        prepared = self.prepared
        if prepared is None:
            return
        if prepared.use_case is None:
            self.model.say(
                "An upgrade belongs to a use case: open the comparison from one (c in the catalog)", "warning"
            )
            return
        if self.column == self.baseline:
            self.model.say("This is the baseline: go to the column to upgrade to (h l), then press u", "warning")
            return
        running, target, use_case = prepared.upgrade, self.column, prepared.use_case.name
        if running is None:
            if await self.model.carry_out(
                lambda c: c.start_upgrade(use_case, target, from_key=prepared.baseline), f"Upgrade to {target} started"
            ):
                self._open_upgrade(use_case)
            return
        if running.to_version != target and not await self._aim(running, target):
            return
        self._open_upgrade(use_case)

    async def _aim(self, running: Upgrade, target: str) -> bool:
        before = running.to_version or "no target yet"
        why_set = await self.app.push_screen_wait(
            Confirm(
                f"Set the target of the open upgrade of {running.use_case}?",
                [f"{before} → {target}", "Items that now apply join the checklist; nothing that was worked on goes."],
                verb="set the target",
            )
        )
        if why_set is None:
            return False
        return await self.model.carry_out(lambda c: c.set_target(running.uid, target, why_set), f"Target is {target}")

    def _open_upgrade(self, use_case: str) -> None:
        from tui.screens.checklist import ChecklistScreen

        self.app.push_screen(ChecklistScreen(self.catalog.upgrade(use_case).uid))

    @work
    async def action_waive(self) -> None:
        """Waive a metric that does not pass: who, why, until when; kept on the open upgrade."""
        prepared = self.prepared
        row = self.row_here()
        if prepared is None:
            return
        upgrade, key = prepared.upgrade, self.column
        name = names(prepared.keys).get(key, key)
        if upgrade is None or upgrade.to_version != key:
            to = upgrade.to_version if upgrade is not None else ""
            goes = f"; the open one goes to {to}" if to else ""
            self.model.say(f"A waiver belongs to an upgrade to {name}{goes}: press u first", "warning")
            return
        failing = _failing(prepared, key)
        if not failing:
            self.model.say(f"Nothing of {name} fails or is inconclusive: there is nothing to waive", "warning")
            return
        here = prepared.judged(row, key) if row is not None else None
        if here is None or here not in failing:
            options = [(str(i), f"{text.verdict(v.verdict).text}  {v.title or v.metric}: {v.reason}")
                       for i, v in enumerate(failing)]  # fmt: skip
            chosen = await self.app.push_screen_wait(Choose(f"Waive which check of {name}?", options))
            if chosen is None:
                return
            here = failing[int(chosen)]
        await self._waive(upgrade, here, name)

    async def _waive(self, upgrade: Upgrade, row: VerdictRow, name: str) -> None:
        from tui.screens.compare_waiver import waiver_form

        subject = f"{row.metric}/{row.slice}" if row.slice else row.metric

        async def save(waiver: Waiver) -> bool:
            def command(catalog: Catalog) -> Event | None:
                now = catalog.upgrades[upgrade.uid]
                return catalog.edit_upgrade(replace(now, waivers={**now.waivers, subject: waiver}), now, waiver.why)

            return await self.model.carry_out(command, f"{row.title or row.metric} is waived for this upgrade")

        now = self.catalog.clock().isoformat(timespec="seconds")
        await self.app.push_screen_wait(
            waiver_form(row, name, by=self.catalog.actor, at=now, today=self.catalog.today, save=save)
        )

    def assignment_here(self) -> str:
        """A decision is about what runs: the baseline's assignment in the use case."""
        view = self.model.view
        runs = [] if view is None else [
            a for a in view.records.assignments
            if a.use_case == self.use_case and a.version == self.baseline and a.in_use
        ]  # fmt: skip
        return min(runs, key=lambda a: a.stage != "Production").uid if runs else ""


def _failing(prepared: data.Prepared, key: str) -> list[VerdictRow]:
    """What a waiver could replace (DECISIONS 5)."""
    verdict = prepared.verdicts.get(key)
    found = verdict.rows if verdict is not None else ()
    return [row for row in found if row.verdict in ("FAIL", "INCONCLUSIVE") and row.metric]


def _choices(versions: Mapping[str, Version], there: list[str], baseline: str) -> list[tuple[str, str]]:
    """All known versions but those that stand there, those of the baseline's provider first."""
    here = f"{baseline.partition('/')[0]}/"
    return [(key, key) for key in sorted(versions, key=lambda key: (not key.startswith(here), key)) if key not in there]
