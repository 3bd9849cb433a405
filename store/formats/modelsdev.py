"""models.dev's `api.json`: provider → models with prices per million tokens, limits, dates and capabilities.

It has no retirement dates, only a status. An entry without `cost` has no known price; a price of zero is free.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from store.formats.catalogs import Parsed, azure_provider, claims, number, split, version
from store.formats.times import part_of_time

SOURCE = "models.dev"

_PROVIDERS: Mapping[str, str] = {"amazon-bedrock": "aws-bedrock", "zai": "zhipuai", "llama": "meta"}
_CAPABILITIES: Mapping[str, str] = {
    "attachment": "attachments", "tool_call": "tools", "reasoning": "reasoning",
    "structured_output": "structured_output",
}  # fmt: skip
_TAKES: Mapping[str, str] = {"image": "vision", "pdf": "pdf", "audio": "audio_in"}
_PRICES: Mapping[str, str] = {
    "price_input": "input", "price_output": "output", "price_cached_input": "cache_read",
    "price_cache_write": "cache_write",
}  # fmt: skip
_LABELS: Mapping[str, str] = {"deprecated": "Deprecated", "beta": "Preview", "alpha": "Preview"}


def parse_modelsdev(document: Mapping[str, Any], *, origin: str, as_of: str) -> Parsed:
    """Read the catalog; entries that are no models are passed over and counted.

    Args:
        document: the parsed JSON.
        origin: the registry's name.
        as_of: the day on which it said so.
    """
    found = Parsed()
    for provider, listed in document.items():
        models = listed.get("models") if isinstance(listed, dict) else None
        if not isinstance(models, dict) or not provider or "/" in provider:
            found.skip("no provider")
            continue
        for name, entry in models.items():
            ours = azure_provider(name) if provider == "azure" else _PROVIDERS.get(provider, provider)
            key = split(ours, name)
            facts = claims(_values(entry), SOURCE, as_of, origin) if isinstance(entry, dict) and name else {}
            made = version(key, {"facts": facts, "api_ids": (name, f"{provider}/{name}")}) if facts else None
            if made is None:
                found.skip("not readable")
            else:
                found.versions[made.key] = made
    return found


def _values(entry: Mapping[str, Any]) -> dict[str, Any]:
    limit, cost, kinds = (_table(entry, name) for name in ("limit", "cost", "modalities"))
    return {
        "display_name": _text(entry, "name"),
        "release_date": part_of_time(entry.get("release_date")),
        "knowledge_cutoff": part_of_time(entry.get("knowledge")),
        # a limit of zero stands where there is none to tell, as for pictures
        "context_window": number(limit.get("context")) or None,
        "max_input_tokens": number(limit.get("input")) or None,
        "max_output_tokens": number(limit.get("output")) or None,
        "capabilities": _capabilities(entry, kinds.get("input"), cost),
        "modalities_in": _words(kinds.get("input")),
        "modalities_out": _words(kinds.get("output")),
        "open_weights": _flag(entry.get("open_weights")),
        "accepts_temperature": _flag(entry.get("temperature")),
        "lifecycle_label": _LABELS.get(_text(entry, "status") or ""),
        **{ours: number(cost.get(theirs)) for ours, theirs in _PRICES.items()},
    }


def _capabilities(entry: Mapping[str, Any], takes: Any, cost: Mapping[str, Any]) -> list[str]:
    """In the words of the other sources, so that two lists differ only where the sources do."""
    found = {ours for theirs, ours in _CAPABILITIES.items() if entry.get(theirs) is True}
    found |= {_TAKES[word] for word in _words(takes) or () if word in _TAKES}
    return sorted(found | ({"prompt_caching"} if number(cost.get("cache_read")) is not None else set()))


def _table(entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = entry.get(name)
    return value if isinstance(value, dict) else {}


def _text(entry: Mapping[str, Any], name: str) -> str | None:
    value = entry.get(name)
    return value if isinstance(value, str) and value else None


def _words(value: Any) -> list[str] | None:
    return sorted({word for word in value if isinstance(word, str)}) if isinstance(value, list) else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None
