"""What the parsers of public price catalogs share: names of providers, numbers as they are meant, facts of one day."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from store.records import Key, Version
from store.validation import Invalid, check

LARGEST = 1e15
"""What no price and no limit reaches; such an entry is a mistake."""
_DATED = re.compile(r"(?P<model>.+?)-(?P<version>\d{4}-\d{2}-\d{2}|20\d{6})")
_AZURE_OPENAI = re.compile(
    r"(gpt|o[1-9]|codex|dall-e|whisper|tts|text-embedding|computer-use|sora|ada|babbage|davinci|model-router)\b.*"
)


@dataclass(slots=True)
class Parsed:
    """The versions of a catalog by key, and how many entries were passed over, by reason."""

    versions: dict[str, Version] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)

    def skip(self, reason: str) -> None:
        """Count an entry that was passed over."""
        self.skipped[reason] = self.skipped.get(reason, 0) + 1

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about what was passed over."""
        return tuple(f"{count:,} entries passed over: {reason}" for reason, count in self.skipped.items())


def split(provider: str, name: str) -> Key:
    """The key of a catalog's id: a date at its end is the version; an id without one is unversioned."""
    dated = _DATED.fullmatch(name)
    return Key(provider, dated["model"], dated["version"]) if dated else Key(provider, name)


def azure_provider(model: str) -> str:
    """Our provider of a model at Azure: OpenAI's own are at azure-openai, all others at azure-foundry."""
    return "azure-openai" if _AZURE_OPENAI.fullmatch(model) else "azure-foundry"


def number(value: Any) -> float | int | None:
    """A finite number, zero or more; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        return None
    return value if value < LARGEST else None


def per_million(value: Any) -> float | int | None:
    """US dollars per million tokens of a price per token, exact in decimals; None where there is no price."""
    given = number(value)
    if given is None:
        return None
    price = Decimal(repr(given)) * 1_000_000
    return int(price) if price == price.to_integral_value() and price < 10**9 else float(price)


def claims(values: Mapping[str, Any], source: str, as_of: str, origin: str) -> dict[str, list[dict[str, Any]]]:
    """One claim for each value that is known; what a source does not say is no fact."""
    return {
        name: [{"value": value, "source": source, "as_of": as_of, "layer": "remote", "origin": origin}]
        for name, value in values.items()
        if value is not None and value != [] and value != ""
    }


def version(key: Key, values: Mapping[str, Any]) -> Version | None:
    """A checked version; None where the entry makes none."""
    try:
        Key.parse(str(key))
        return check(Version, {"uid": "", "key": str(key), **values})
    except (Invalid, ValueError):
        return None
