"""Keep what the shipped templates say where it is read in no time: `python -m store.reference.pack_templates`.

The templates are written by hand, as TOML in templates/. Every start needs them, and reading TOML takes 8 ms, so
templates.json holds the same with the hash of each; a test compares the two.
"""

from __future__ import annotations

import json
import tomllib
from typing import Any

from store.reference.load import HERE, template_hash

PACKED = HERE / "templates.json"


def packed() -> str:
    """What templates.json must say: a JSON array with one template a line."""
    files = sorted(HERE.glob("templates/*.toml"))
    lines = (json.dumps(_packed(path.read_bytes()), ensure_ascii=False) for path in files)
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _packed(raw: bytes) -> dict[str, Any]:
    return tomllib.loads(raw.decode()) | {"hash": template_hash(raw)}


if __name__ == "__main__":
    PACKED.write_text(packed(), "utf-8")
