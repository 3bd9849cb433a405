"""Realistic documents, the same for the same number: a version with its facts and dates, and the event of an edit."""

from typing import Any

PROVIDERS = ("openai", "azure", "anthropic", "google", "bedrock", "mistral", "own")


def facts(number: int) -> dict[str, Any]:
    """What catalogs say of a version, by field."""
    price = number % 400 / 16
    return {
        "kind": "chat",
        "context_window": 32_000 * (number % 30 + 1),
        "max_output_tokens": 4_096 * (number % 8 + 1),
        "price_input": price,
        "price_output": 4 * price,
        "release_date": f"2026-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
        "capabilities": ["structured_output", "tools", "vision"][: number % 4],
    }


def version(number: int) -> dict[str, Any]:
    """A version of about 1.4 KB."""
    provider = PROVIDERS[number % len(PROVIDERS)]
    source = f"https://docs.example.com/{provider}/models/lifecycle"
    return {
        "uid": f"01JD{number:022d}",
        "key": f"{provider}/family-{number % 97}-large@2026-{number % 12 + 1:02d}-{number // 12:06d}",
        "rev": number % 5 + 1,
        "api_ids": [f"family-{number % 97}-large-{number:06d}"],
        "facts": {
            name: [{"value": value, "source": source, "as_of": "2026-11-12"}] for name, value in facts(number).items()
        },
        "observations": [
            {
                "kind": kind,
                "value": f"2027-{number % 12 + 1:02d}-15",
                "certainty": "planned",
                "source": source,
                "publisher": provider,
                "observed_at": "2026-11-12",
            }
            for kind in ("deprecate", "retire")
        ],
        "tags": ["chat", f"team-{number % 13}"],
        "note": "",
    }


def event(number: int) -> dict[str, Any]:
    """The event of one edit, about 250 bytes."""
    return {
        "id": f"01JE{number:022d}",
        "at": "2026-11-23T08:00:00Z",
        "actor": "bench",
        "command": "edit version",
        "changes": [
            {
                "table": "versions",
                "uid": f"01JD{number:022d}",
                "key": "",
                "field": "note",
                "before": "",
                "after": "edited",
            }
        ],
    }
