"""LiteLLM's list of prices, limits and shutdown dates."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from store.registries.catalogs import PublicCatalog

if TYPE_CHECKING:
    from store.formats.catalogs import Parsed


class LiteLlmAdapter(PublicCatalog):
    """Prices per token, limits, capabilities and `deprecation_date` of some 4,000 models."""

    kind: ClassVar[str] = "litellm"
    title: ClassVar[str] = "LiteLLM's public list of prices, limits and shutdown dates"
    default_address: ClassVar[str] = (
        "https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json"
    )

    def parser(self) -> Callable[..., Parsed]:
        """Its parser."""
        from store.formats.litellm import parse_litellm

        return parse_litellm


ADAPTER = LiteLlmAdapter()
