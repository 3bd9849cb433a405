"""How the catalog is shown and how that changes: scope, order, columns, groups, saved views, what was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textual import work
from textual.widgets import Input

from tui import columns, text
from tui.columns import COLUMNS
from tui.exits import UsageError
from tui.screens.base import Place
from tui.settings import remember
from tui.shown import GROUPS, Shown, from_setting, saved
from tui.text import Styled
from tui.widgets.query_line import QueryLine
from tui.widgets.table import Section

if TYPE_CHECKING:
    from tui.state import View
    from tui.text import Cell
    from tui.widgets.table import Column


class Showing(Place):
    """The part of the catalog screen that knows how rows are shown; remembered per scope in the settings."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = Shown()
        self._last: dict[str, Shown] = {}
        self._own_views: dict[str, Mapping[str, Any]] = {}
        self._named = ""  # the saved view that is shown, as long as its query stands

    def show_anew(self) -> None:
        """Paint after a change of `shown`; the screen does it."""
        raise NotImplementedError

    def take_settings(self) -> None:
        """Read how it was shown last, the saved views and the history of queries."""
        settings = self.model.options.settings()
        self._own_views = dict(settings.views)
        if settings.columns:
            chosen = tuple(n for n in settings.columns if n in COLUMNS)
            self._last["in_use"] = Shown(columns=chosen)
        faults = self.views()[1]
        for scope, said in settings.shown.items():
            try:
                self._last[scope] = from_setting(said)
            except ValueError as error:
                faults.append(f"shown.{scope}: {error}")
        for fault in faults:
            self.model.say(f"{self.model.options.config_path}: {fault}", "warning")
        self.shown = replace(self._last.get("in_use", self.shown), query="", scope="in_use")
        self.query_one(QueryLine).asked = list(settings.queries)

    def views(self) -> tuple[dict[str, Shown], list[str]]:
        """All saved views by name, with what is wrong with unreadable ones."""
        return saved(self._own_views)

    def use_view(self, name: str) -> None:
        """Show a saved view; columns, widths and order that are chosen in it are remembered with it."""
        self._named = name
        shown = self.shown = self.views()[0][name]
        self.query_one(QueryLine).value = shown.query
        self.show_anew()

    def table_columns(self) -> list[str]:
        """The names of the columns to show."""
        view = self.model.view
        if self.shown.columns:
            return list(self.shown.columns)
        if self.shown.scope == "all" or view is None:
            return list(columns.ALL)
        return columns.worth_showing(view, columns.IN_USE)

    def sized(self, names: Sequence[str]) -> list[Column]:
        """The columns with the widths that were chosen; a chosen width neither shrinks nor grows."""
        widths = dict(self.shown.widths)
        found = []
        for name in names:
            column = COLUMNS[name].column
            width = widths.get(name)
            found.append(replace(column, width=width, min_width=0, grow=0) if width else column)
        return found

    def sections(self, view: View, hits: Sequence[int]) -> list[Section]:
        """The hits as groups, in the order in which the groups' first rows come; one section where not grouped."""
        if not self.shown.group:
            return [Section(hits)]
        groups: dict[str, list[int]] = {}
        for i in hits:
            groups.setdefault(str(view.index.rows[i].get(self.shown.group) or "—"), []).append(i)
        return [Section(rows, name, _heading(name, len(rows))) for name, rows in groups.items()]

    def order_words(self, view: View) -> str:
        """The order in words."""
        fields = view.index.fields
        order = [f"{fields[n].title.lower()} {'↓' if down else '↑'}" for n, down in self.shown.sort if n in fields]
        said = ", ".join(order) if order else "what needs a decision"
        return f"{said} · by {self.shown.group.replace('_', ' ')}" if self.shown.group else said

    # ── keys ──

    def action_next_view(self) -> None:
        """In use, or all known; each comes back as it was last shown."""
        self._last[self.shown.scope] = replace(self.shown, query="")
        other = "all" if self.shown.scope == "in_use" else "in_use"
        self.shown = replace(self._last.get(other, Shown()), scope=other)  # type: ignore[arg-type]
        self.show_anew()

    @work
    async def action_order(self) -> None:
        """Choose the order or the groups; several fields as `start_in,-price_in`."""
        from tui.screens.dialogs import Choose

        if self.model.view is None:
            return
        fields = self.model.view.index.fields.values()
        options = [("", "what needs a decision (the default)")]
        options += [(f"group:{g}", f"group by {g.replace('_', ' ')}") for g in GROUPS]
        options += [("group:", "no groups")] if self.shown.group else []
        options += [(f.name, f"{f.title} · {f.help}") for f in fields if not f.metric]
        options += [(f.name, f"{f.title} · metric") for f in fields if f.metric]
        title = "Order by (several: start_in,-price_in), or group by"
        chosen = await self.app.push_screen_wait(Choose(title, options, free=True))
        if chosen is None:
            return
        try:
            self.shown = self._ordered(chosen)
        except ValueError as error:
            self.model.say(str(error), "error")
            return
        self.show_anew()
        self._keep()

    def _ordered(self, chosen: str) -> Shown:
        if chosen.startswith("group:"):
            return replace(self.shown, group=chosen.removeprefix("group:"))
        from store.views import parse_sort

        sort = parse_sort(chosen, self.model.view.index.spellings if self.model.view else {})
        if len(sort) == 1 and self.shown.sort == sort:
            sort = ((sort[0][0], not sort[0][1]),)
        return replace(self.shown, sort=sort)

    @work
    async def action_columns(self) -> None:
        """Choose the columns, their order and width."""
        from tui.screens.columns_dialog import Columns

        chosen = await self.app.push_screen_wait(Columns(tuple(self.table_columns()), self.shown.widths))
        if chosen is not None:
            self.shown = replace(self.shown, columns=chosen[0], widths=chosen[1])
            self.show_anew()
            self._keep()

    @work
    async def action_save(self) -> None:
        """Save what is shown as a view."""
        from tui.screens.dialogs import Ask

        name = await self.app.push_screen_wait(Ask("Save this view as", hint="such as: due in Q1"))
        if name is None:
            return
        shown = replace(self.shown, query=self.query_one(QueryLine).value.strip())
        self._named = text.clean(name)
        self._own_views = {**self._own_views, self._named: shown.as_setting()}
        if await self._remember("views", dict(self._own_views)):
            self.model.say(f"View '{text.clean(name)}' is saved; it stands in the filters pane and in list --view.")
        self.show_anew()

    @work
    async def drop_view(self, name: str) -> None:
        """Delete a view of the user's own; one that ships comes back as it ships."""
        from tui.screens.dialogs import Confirm

        if name not in self._own_views:
            self.model.say(f"View '{name}' ships with modeltui and stays.")
            return
        kept = {n: said for n, said in self._own_views.items() if n != name}
        comes_back = name in saved(kept)[0]
        effect = ["It comes back as it ships." if comes_back else "No record is touched; z does not bring it back."]
        verb = "reset it" if comes_back else "delete it"
        asked = Confirm(f"{verb.split()[0].capitalize()} view '{name}'?", effect, ask_reason=False, verb=verb)
        if await self.app.push_screen_wait(asked) is not None and await self._remember("views", dict(kept)):
            self._own_views = kept
            self.show_anew()

    @work(group="remember")
    async def _keep(self) -> None:
        """Remember how it is shown now: with the saved view where one is shown, else with the scope."""
        view = self.views()[0].get(self._named)
        if view is not None and view.query == self.typed().strip() and view.scope == self.shown.scope:
            kept = replace(self.shown, query=view.query)
            self._own_views = {**self._own_views, self._named: kept.as_setting()}
            await self._remember("views", dict(self._own_views))
            return
        self._named = ""
        self._last[self.shown.scope] = replace(self.shown, query="")
        said = {scope: shown.as_setting() for scope, shown in self._last.items()}
        await self._remember("shown", {scope: s for scope, s in said.items() if s})

    @work(group="remember")
    async def keep_query(self) -> None:
        """Remember what was asked."""
        line = self.query_one(QueryLine)
        before = list(line.asked)
        line.remember()
        if line.asked != before:
            await self._remember("queries", line.asked)

    async def _remember(self, name: str, value: list[str] | dict[str, Any]) -> bool:
        if self.model.options.demo:
            return True
        try:
            await asyncio.to_thread(remember, self.model.options.config_path, name, value)
        except UsageError as error:
            self.model.say(str(error), "error")
            return False
        return True

    def typed(self) -> str:
        """The query as typed."""
        return self.query_one("#query", Input).value


def _heading(name: str, count: int) -> Cell:
    return [Styled(name, "key"), Styled(f"  {count:,}", "dim")]
