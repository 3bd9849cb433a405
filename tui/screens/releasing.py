"""Giving up a value of one's own, so that what a registry says counts again: the effect first, then the question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from store.engine import CommandError
from store.records import Version
from tui import text
from tui.commands.sync_answers import short
from tui.detail.page import fact_value
from tui.screens.dialogs import Choose, Confirm

if TYPE_CHECKING:
    from store.catalog import Catalog
    from tui.screens.base import Place


async def release(place: Place, key: str, field: str = "") -> None:
    """Give up one's own value of a field of a version or deployment; without a field, one of them is chosen."""
    if not place.may_write():
        return
    own = place.catalog.own_fields(key)
    if not own:
        place.model.say(f"No value of {key} is your own: what its sources say counts already.", "warning")
        return
    if field not in own:
        ways = [(name, f"{_said(name)}   {_now(place.catalog, key, name)}") for name in own]
        chosen = await place.asked(Choose(f"Which of your own values of {key} is given up?", ways))
        if chosen is None:
            return
        field = chosen
    try:
        effect = _effect(place.catalog, key, field)
    except CommandError as error:
        place.model.say(str(error), "warning")
        return
    title = f"Give up your own {_said(field)} of {key}?"
    if await place.asked(Confirm(title, effect, ask_reason=False, verb="give it up")) is None:
        return
    await place.model.carry_out(lambda c: c.release(key, field), f"{effect[0]}. z takes it back.")


def _said(field: str) -> str:
    return field.replace("_", " ")


def _now(catalog: Catalog, key: str, field: str) -> str:
    record = catalog.versions.get(key) or catalog.deployments[key]
    if isinstance(record, Version) and field in record.facts:
        return text.plain(fact_value(field, record.value(field)))
    return short(getattr(record, field))


def _effect(catalog: Catalog, key: str, field: str) -> list[str]:
    """What giving it up does, in lines.

    Raises:
        CommandError: nobody else would fill the field.
    """
    record, ours = catalog.without_own(key, field), _now(catalog, key, field)
    if field in (catalog.versions.get(key) or catalog.deployments[key]).local:
        return [f"{ours} stays until {record.registry} says something else", "its next sync changes it unasked"]
    assert isinstance(record, Version), "only a version has facts"
    fact = record.fact(field)
    if fact is None:
        return [f"{ours} → unknown", f"until the next sync of {record.registry} says it"]
    return [f"{ours} → {text.plain(fact_value(field, fact.value))}", f"as {fact.source} said on {fact.as_of}"]
