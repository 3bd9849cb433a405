"""models.dev's list of models, prices and limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from store.registries.catalogs import PublicCatalog

if TYPE_CHECKING:
    from store.formats.catalogs import Parsed


class ModelsDevAdapter(PublicCatalog):
    """Prices per million tokens, limits, release dates and capabilities of some 5,000 models."""

    kind: ClassVar[str] = "modelsdev"
    title: ClassVar[str] = "models.dev's public list of models, prices and limits"
    default_address: ClassVar[str] = "https://models.dev/api.json"

    def parser(self) -> Callable[..., Parsed]:
        """Its parser."""
        from store.formats.modelsdev import parse_modelsdev

        return parse_modelsdev


ADAPTER = ModelsDevAdapter()
