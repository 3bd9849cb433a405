"""How this run of modeltui reaches remotes: with the environment's secrets, its cache, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.sync_run import Connect
    from tui.session import Options


def is_offline(options: Options) -> bool:
    """True where no socket may be opened: `--offline`, or `offline = true` in the settings."""
    return options.offline or options.settings().offline


def connect(options: Options, catalog: Catalog) -> Connect:
    """How registries are reached."""
    import platformdirs

    from store.sync_run import connector

    cache = platformdirs.user_cache_path("modeltui", appauthor=False) / "answers"
    return connector(offline=is_offline(options), today=catalog.today, cache=cache)
