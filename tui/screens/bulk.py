"""`e` with several rows marked: set one field on all of them, after showing what changes in each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.screens.acting import Acting

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.records import Event
    from tui.forms.bulk import Edit, Field

SHOWN = 200
"""Rows of a preview; more are counted."""


class Bulk(Acting):
    """What changes many records at once."""

    def runs_marked(self) -> list[str]:
        """The uids of the marked assignments."""
        return []

    def marked(self) -> list[str]:
        """The keys of the marked versions, those of marked assignments among them."""
        return []

    async def edit_marked(self) -> None:
        """Ask for a field and its value, show what changes, write it as one step."""
        from tui.forms.bulk import FIELDS, bases

        keys, uids, records = self.marked(), self.runs_marked(), self.seen.records
        found = {str(i): (f, bases(f, keys, uids, records)) for i, f in enumerate(FIELDS)}
        options = [(i, f"{f.label}   {len(b)} of them") for i, (f, b) in found.items() if b]
        at = await self.chosen(f"Set what on {max(len(uids), len(keys))} marked rows?", options)
        if at is None:
            return
        field, named = found[at]
        said = await self._bulk_value(field)
        if said is None:
            return
        made = await self._bulk_edits(field, said, named)
        if made is None:
            return
        if not made:
            self.model.say("Nothing changes: all of them hold it already.")
            return
        if await self._agreed_to_all(field, made, len(named)):
            await self.model.carry_out(
                lambda c: _command(c, field, said, made), f"{field.label} set on {len(made)}; z takes it back."
            )

    async def _bulk_value(self, field: Field) -> str | None:
        from tui.screens.dialogs import Ask, Choose

        choices = [(s, "") for s in self.catalog.stage_names()] if field.name == "stage" else field.choices
        title = f"Set {field.label} to"
        if choices:
            return await self.asked(Choose(title, [(n, w or n) for n, w in choices], free=field.free))
        return await self.asked(Ask(title, hint=field.hint or "empty takes it away", required=field.name == "fact"))

    async def _bulk_edits(self, field: Field, said: str, named: dict[str, object]) -> list[Edit] | None:
        from tui.forms.bulk import edits
        from tui.screens.form import Faults

        try:
            return await asyncio.to_thread(edits, field, said, named, self.catalog.today)
        except Faults as fault:
            self.model.say(str(fault), "error")
            return None

    async def _agreed_to_all(self, field: Field, made: Sequence[Edit], of: int) -> bool:
        from tui.screens.dialogs import Confirm

        effect = [f"{e.label}: {e.before} → {e.after}" for e in made[:SHOWN]]
        if len(made) > SHOWN:
            effect.append(f"and {len(made) - SHOWN:,} more")
        if len(made) < of:
            effect.append(f"{of - len(made)} hold it already and stay as they are.")
        if field.name == "stage" and any(e.record.stage == "Production" for e in made):
            effect.append("What else is in Production at these places is archived, unless it has a share.")
            effect.append("This records what runs; it moves no traffic.")
        title = f"Change {field.label} · {len(made)}"
        return await self.asked(Confirm(title, effect, ask_reason=False, verb="change them")) is not None


def _command(catalog: Catalog, field: Field, said: str, made: Sequence[Edit]) -> Event | None:
    if field.name == "stage":
        return catalog.assign_many([e.base.uid for e in made], said.strip())
    return catalog.edit_many([(e.record, e.base) for e in made], f"{field.label} · {len(made)}")
