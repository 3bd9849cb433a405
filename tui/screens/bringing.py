"""`i x`: files in, and what is shown out to a file."""

from __future__ import annotations

import asyncio
import functools
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from textual import work

from tui.exits import UsageError
from tui.screens.adding import Adding
from tui.text import plain

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.formats.evaluations import Evaluation
    from store.formats.results import Results
    from store.incoming import Incoming
    from store.records import Event
    from store.sync import Plan
    from tui.text import Cell

T = TypeVar("T")
SHOWN = 200
"""Lines of a plan, or of its faults, that are shown."""


class Bringing(Adding):
    """What exchanges files."""

    @work(exclusive=True, group="edit")
    async def action_import(self) -> None:
        """Bring in results of a run, or records: tables, catalogs, MLflow's and Azure's lists, our own exports."""
        from tui.screens.dialogs import Ask

        if not self.may_write():
            return
        hint = "results: id,score · promptfoo · DeepEval · lm-eval · MLflow — tables, catalogs, az … list, exports"
        path = await self.asked(Ask("Bring in which file?", hint=hint))
        if path:
            await self.bring_in(str(Path(path).expanduser()))

    async def bring_in(self, path: str) -> None:
        """Read a file and show what it would change, or ask which metric its results are of."""
        from tui.commands import given

        results = await self._tried(lambda: _is_results(path))
        if results is None:
            return
        if results:
            await self._take_results(path)
            return
        content = await self._tried(lambda: given.read_records(path))
        if content is None:
            return
        found = await self._planned(content, path)
        if found is not None:
            await self._take_in(*found, path)

    async def _planned(self, content: bytes, path: str) -> tuple[Incoming, Plan] | None:
        """A file and what it would change; asks what its columns are called here where nobody knows them."""
        from store import incoming
        from tui import file_plans
        from tui.forms.mapping import asked_columns
        from tui.screens.form import Form

        catalog, options, name = self.catalog, self.model.options, Path(path).name
        how = await self._tried(lambda: file_plans.reading(options, {}))
        if how is None:
            return None
        # once for the columns, and once more where only they tell that the provider is missing
        for _ in range(2):
            file = await asyncio.to_thread(incoming.read, catalog, content, name, how)
            asking = asked_columns(file.unknown_columns, catalog.metrics, how.names or {}, provider=file.needs_provider)
            if not asking.fields:
                break
            said = await self.asked(Form(f"Columns of {name}", asking.fields, asking.check, hint="they are remembered"))
            if said is None:
                return None
            names, provider = said
            how = file_plans.mapped(how, names, provider)
            if await self._tried(functools.partial(file_plans.remember, options, names)) is None:
                return None
        reading = how
        most = file_plans.SHOWN_FAULTS
        found = await self._tried(lambda: file_plans.planned(catalog, {path: content}, reading, most))
        return None if found is None else found[path]

    async def _evaluated(self, path: str, column: str = "") -> Evaluation | None:
        """What a file of results holds; asks which run is meant where it has several."""
        from store.formats.results import WhichColumn
        from tui.commands.measure import evaluation

        try:
            return await asyncio.to_thread(evaluation, path, None, column)
        except UsageError as error:
            asked = error.__cause__
            if not isinstance(asked, WhichColumn):
                self.model.say(str(error), "error")
                return None
        picked = await self.chosen(f"Which run of {Path(path).name}?", [(name, name) for name in asked.columns])
        return None if picked is None else await self._evaluated(path, picked)

    async def _take_results(self, path: str) -> None:
        """Results of a run: which score is meant, then the form of its measurement."""
        run = await self._evaluated(path)
        if run is None:
            return
        names = list(run.scores)
        name = names[0]
        if len(names) > 1:
            options = [(n, f"{n}  {run.scores[n].mean:.4g}  n {run.scores[n].n or '—'}") for n in names]
            picked = await self.chosen(f"Which score of {Path(path).name}?", options)
            if picked is None:
                return
            name = picked
        results = await self._tried(lambda: _chosen(run, name, path))
        if results is not None:
            await self.new_measurement(self.key_here(), self.use_case_here(), results, run)

    async def _whose_counts(self, plan: Plan, name: str) -> bool:
        """Ask whose values count where both people said something; False to stop."""
        from tui import file_plans

        count = len(plan.conflicts)
        ways = [("ours", "keep ours; what else it says comes in"), ("theirs", f"take those of {name}")]
        way = await self.chosen(f"{count} values of {name} differ from your own, such as {_differing(plan)}", ways)
        if way == "theirs":
            file_plans.take_theirs(plan)
        return way is not None

    async def _take_in(self, file: Incoming, plan: Plan, path: str) -> None:
        from store import incoming
        from tui.screens.dialogs import Confirm

        name = Path(path).name
        if plan.conflicts and (plan.settle or plan.remerge) and not await self._whose_counts(plan, name):
            return
        if plan.empty:
            self.model.say(f"{name} has nothing that is not here already.")
            return
        answer = await self.asked(Confirm(f"Import {name}", plan_lines(plan), ask_reason=False, verb="import it"))
        if answer is None:
            return

        def apply(catalog: Catalog) -> Event | None:
            return incoming.apply(catalog, plan, file)

        if await self.model.carry_out(apply, f"{name} is imported; z takes it back."):
            waiting = incoming.waiting([plan])
            if waiting:
                self.model.say(f"{len(waiting)} deployments wait to be assigned: s on their version says where.")

    async def _tried(self, read: Callable[[], T]) -> T | None:
        """What reading gives, off the event loop; None, and the reason in words, where it cannot be used."""
        from tui.screens.dialogs import Reader

        try:
            return await asyncio.to_thread(read)
        except UsageError as error:
            said = str(error)
        if "\n" in said:
            await self.asked(Reader("Nothing was imported", said))
        else:
            self.model.say(said, "error")
        return None

    # ── out ──

    def lines_shown(self) -> tuple[list[str], list[list[Cell]]]:
        """What an export writes: titles and lines. A screen with a table gives its own."""
        from tui.why import table

        return table(self.selection(), self.seen)

    @work(exclusive=True, group="edit")
    async def action_export(self) -> None:
        """Write what is shown to a file: Markdown, or CSV by its name."""
        from tui.screens.dialogs import Ask, Confirm

        if self.model.view is None:
            return
        titles, lines = self.lines_shown()
        if not lines:
            self.model.say("Nothing is shown that could be written.", "warning")
            return
        typed = await self.asked(
            Ask(f"Write {len(lines):,} lines to which file?", hint="versions.csv, or versions.md for Markdown")
        )
        if not typed:
            return
        path = Path(typed).expanduser()
        if await asyncio.to_thread(path.exists):
            effect = [f"{path} is there already and would be replaced."]
            if await self.asked(Confirm("Replace the file?", effect, ask_reason=False, verb="replace it")) is None:
                return
        text = await asyncio.to_thread(_written, titles, lines, csv=path.suffix.casefold() == ".csv")
        if await self._tried(lambda: _write(path, text)):
            self.model.say(f"{len(lines):,} lines are in {path}.")


def _is_results(path: str) -> bool:
    """Results of a run begin otherwise than records."""
    from itertools import islice

    from store.formats.evaluations import sniff
    from tui.commands import given

    head = b"".join(islice(given.read_lines(path), 2000))[:65536]
    records = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{" and b'"key"' in head.partition(b"\n")[0]
    return not records and (sniff(head, path) is not None or path.casefold().endswith((".jsonl", ".ndjson")))


def _chosen(run: Evaluation, name: str, path: str) -> Results:
    from store.formats.results import ResultsFault

    try:
        return run.chosen(name)[1]
    except ResultsFault as fault:
        raise UsageError(f"{path}: {fault}") from fault


def _differing(plan: Plan) -> str:
    from tui.commands.sync_answers import short

    return "; ".join(f"{c.key} {c.field}: {short(c.before)}, there {short(c.after)}" for c in plan.conflicts[:3])


def plan_lines(plan: Plan) -> list[str]:
    """What an import would do, a sentence a line."""
    from tui import file_plans

    return [file_plans.summary(plan), *file_plans.changes(plan, SHOWN), *(f"! {note}" for note in plan.notes)]


def _written(titles: Sequence[str], lines: Sequence[Sequence[Cell]], *, csv: bool) -> str:
    rows = [[plain(cell).strip() for cell in line] for line in lines]
    if not csv:
        from tui.why import markdown_table

        return markdown_table(titles, rows)
    from tui.output import Output

    out = io.StringIO()
    Output(out, out).csv(titles, ([None if cell in ("—", "–") else cell for cell in row] for row in rows))
    return out.getvalue()


def _write(path: Path, text: str) -> bool:
    from tui.commands import given

    given.write_text(str(path), text)
    return True
