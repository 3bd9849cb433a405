"""The question when somebody else changed the same meanwhile: what stands there now, and which value is to stand."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from store.changes import Clash, Conflict, NotTakenBack, Settled, short
from tui.screens.dialogs import Decide

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.records import Json
    from tui.keeping import Keeping

SHOWN = 6
"""Fields that the question shows; a person settles more than that by looking at the record."""


async def settle(app: Keeping, catalog: Catalog, error: Conflict) -> Settled | None:
    """Ask how a conflict is settled; None to leave all as it is. Only from a worker."""
    about = await asyncio.to_thread(_about, catalog, error)
    back = isinstance(error, NotTakenBack)
    keys = ", ".join(dict.fromkeys(clash.key for clash in error.clashes[:3]))
    title = str(error) if back else f"{keys}: somebody else changed the same meanwhile."
    answer = await app.push_screen_wait(Decide(title, about, _back(error) if back else _forth(error)))
    return None if answer is None else Settled(error.clashes, answer == "mine")


def _forth(error: Conflict) -> list[tuple[str, str]]:
    theirs = "what is there" if len(error.clashes) == 1 else "all that is there"
    return [
        ("theirs", f"keep {theirs}, and save your other changes"),
        ("mine", f"write yours over {theirs}; the history keeps it"),
    ]


def _back(error: Conflict) -> list[tuple[str, str]]:
    leave = ("theirs", "leave what was changed since, and take back the rest")
    return [leave, ("mine", "take back all of it all the same")] if error.clashes else [leave]


def _about(catalog: Catalog, error: Conflict) -> list[str]:
    """Each field with its three values, and who set the one that stands there."""
    lines: list[str] = []
    labels = ("it set", "now", "before") if isinstance(error, NotTakenBack) else ("it was", "now", "yours")
    for clash in error.clashes[:SHOWN]:
        values = (clash.base, clash.theirs, clash.mine)
        lines.append(f"{clash.key}: {_field(clash)}")
        lines += [f"  {label:<7}{_words(value)}" for label, value in zip(labels, values, strict=True)]
        lines[-2] += _by(catalog, clash)
    more = len(error.clashes) - SHOWN
    return [*lines, f"… and {more} more fields"] if more > 0 else lines


def _field(clash: Clash) -> str:
    return "the record as a whole" if clash.field == "*" else clash.field.replace("_", " ")


def _words(value: Json) -> str:
    return "a record" if isinstance(value, dict) else short(value)


def _by(catalog: Catalog, clash: Clash) -> str:
    event = catalog.last_change(clash.key, clash.field)
    if event is None:
        return ""
    why = f": {event.why}" if event.why else ""
    return f"   ({event.actor}, {event.at[:16].replace('T', ' ')} UTC{why})"
