"""LiteLLM's `model_prices_and_context_window.json`: prices per token, limits, capabilities, shutdown dates.

Its `deprecation_date` is in practice the day on which the provider stops a model, so it is a retire observation. Keys
repeat a model for regions and sizes of pictures; Azure's regional prices become the data-zone prices of one version.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from store.formats.catalogs import Parsed, azure_provider, claims, number, per_million, split, version
from store.formats.times import day_of_iso
from store.records import Key, Version

SOURCE = "litellm"
RANK = 60
"""The trust in it, as in the shipped list of sources."""

_PROVIDERS: Mapping[str, str] = {
    "text-completion-openai": "openai", "azure_ai": "azure-foundry", "gemini": "google", "bedrock": "aws-bedrock",
    "bedrock_converse": "aws-bedrock", "cohere_chat": "cohere", "text-completion-codestral": "mistral",
    "codestral": "mistral", "dashscope": "alibaba", "moonshot": "moonshotai", "zai": "zhipuai",
}  # fmt: skip
_KINDS: Mapping[str, str] = {
    "chat": "chat", "completion": "chat", "responses": "chat", "embedding": "embedding", "rerank": "rerank",
    "image_generation": "image", "image_edit": "image", "audio_transcription": "audio-transcription",
    "audio_speech": "audio-speech", "moderation": "moderation", "realtime": "realtime", "ocr": "ocr",
    "video_generation": "video",
}  # fmt: skip
_CAPABILITIES: Mapping[str, str] = {
    "supports_function_calling": "tools", "supports_response_schema": "structured_output",
    "supports_vision": "vision", "supports_reasoning": "reasoning", "supports_prompt_caching": "prompt_caching",
    "supports_pdf_input": "pdf", "supports_audio_input": "audio_in",
}  # fmt: skip
_PRICES: Mapping[str, str] = {
    "price_input": "input_cost_per_token", "price_output": "output_cost_per_token",
    "price_cached_input": "cache_read_input_token_cost", "price_cache_write": "cache_creation_input_token_cost",
    "price_batch_input": "input_cost_per_token_batches", "price_batch_output": "output_cost_per_token_batches",
}  # fmt: skip
_ZONES = ("eu", "us")
_VARIANT = re.compile(r"(ft:|(low|medium|high|standard|hd|auto|\d+-x-\d+|max-x-max)/).*")


def parse_litellm(document: Mapping[str, Any], *, origin: str, as_of: str) -> Parsed:
    """Read the catalog; entries that are no models are passed over and counted.

    Args:
        document: the parsed JSON.
        origin: the registry's name.
        as_of: the day on which it said so.
    """
    found = Parsed()
    entries: dict[Key, dict[str, tuple[str, Mapping[str, Any]]]] = {}
    for name, entry in document.items():
        if not isinstance(entry, dict) or not isinstance(entry.get("litellm_provider"), str) or name == "sample_spec":
            found.skip("no model")
            continue
        place = _place(name, entry["litellm_provider"])
        if place is None:
            found.skip("prices of a picture size or of fine-tuning")
            continue
        key, variant = place
        entries.setdefault(key, {})[variant] = (name, entry)
    for key, variants in entries.items():
        made = _version(key, variants, origin, as_of)
        if made is None:
            found.skip("not readable")
        else:
            found.versions[str(key)] = made
    return found


def _place(name: str, their_provider: str) -> tuple[Key, str] | None:
    """The key of an entry, and which of its variants it describes ("" for the model itself)."""
    tail = name.removeprefix(f"{their_provider}/")
    variant = ""
    if their_provider == "azure":
        head, slash, rest = tail.partition("/")
        if slash and head in (*_ZONES, "global", "global-standard"):
            variant, tail = head, rest
    if not tail or _VARIANT.fullmatch(tail):
        return None
    if their_provider == "azure":
        return split(azure_provider(tail), tail), variant
    provider = _PROVIDERS.get(their_provider, their_provider)
    if their_provider.startswith("vertex_ai"):
        provider, tail = "google-vertex", tail.removeprefix("vertex_ai/")
    if their_provider == "text-completion-openai":
        tail = tail.removeprefix("openai/")
    if not provider or "/" in provider:
        return None
    return split(provider, tail), variant


def _version(
    key: Key, variants: Mapping[str, tuple[str, Mapping[str, Any]]], origin: str, as_of: str
) -> Version | None:
    main = next((variants[v] for v in ("global-standard", "global", "") if v in variants), None)
    _, entry = main if main is not None else next(iter(variants.values()))
    values = _limits(entry) | (_prices(entry) if main is not None else {})
    for zone in _ZONES:
        if zone in variants:
            prices = _prices(variants[zone][1])
            values |= {f"{p}_datazone_{zone}": prices[p] for p in ("price_input", "price_output") if p in prices}
    observations = []
    ends = day_of_iso(entry.get("deprecation_date"))
    if ends is not None and main is not None:
        observations.append(
            {
                "kind": "retire", "value": ends, "certainty": "planned", "source": SOURCE, "publisher": "litellm",
                "observed_at": as_of, "source_url": _url(entry.get("source")), "rank": RANK, "origin": origin,
            }
        )  # fmt: skip
    return version(
        key,
        {
            "facts": claims(values, SOURCE, as_of, origin),
            "observations": observations,
            "api_ids": tuple(name for name, _ in variants.values()) + ((key_id(key),) if main is not None else ()),
        },
    )


def key_id(key: Key) -> str:
    """The id by which the provider's own API knows the version."""
    return key.model if key.version is None else f"{key.model}-{key.version}"


def _limits(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": _KINDS.get(str(entry.get("mode", ""))),
        "max_input_tokens": number(entry.get("max_input_tokens")),
        "max_output_tokens": number(entry.get("max_output_tokens")),
        "embedding_dimensions": number(entry.get("output_vector_size")),
        "capabilities": sorted(
            {ours for theirs, ours in _CAPABILITIES.items() if entry.get(theirs) is True}
            | ({"prompt_caching"} if number(entry.get("cache_read_input_token_cost")) is not None else set())
        ),
    }


def _prices(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The prices by token. Zero is free, unless something else is paid for: then tokens have no price."""
    prices = {ours: per_million(entry.get(theirs)) for ours, theirs in _PRICES.items()}
    otherwise = any(
        number(value) for name, value in entry.items() if "cost_per" in name and not name.endswith("_token")
        and "_per_token" not in name
    )  # fmt: skip
    return {name: price for name, price in prices.items() if price is not None and not (price == 0 and otherwise)}


def _url(value: Any) -> str:
    return value if isinstance(value, str) and value.startswith(("https://", "http://")) else ""
