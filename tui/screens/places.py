"""Which screen stands behind a place; imported when first opened, so that the start pays for the catalog only."""

from __future__ import annotations

from importlib import import_module

from tui.screens.base import Place

PLACES = {
    "catalog": ("tui.screens.catalog", "CatalogScreen"),
    "upgrades": ("tui.screens.upgrades", "UpgradesScreen"),
    "timeline": ("tui.screens.timeline", "TimelineScreen"),
    "sync": ("tui.screens.sync", "SyncScreen"),
    "use_cases": ("tui.screens.use_cases", "UseCasesScreen"),
}


def screen_class(name: str) -> type[Place]:
    """The class of a place's screen."""
    module, wanted = PLACES[name]
    found: type[Place] = getattr(import_module(module), wanted)
    return found
