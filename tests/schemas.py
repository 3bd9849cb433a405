"""The JSON Schemas of docs/schemas: what every `--json` answer holds to. `python -m tests.schemas` writes them anew.

A schema is made of the answers to the examples of docs/cli.md: what every answer has is required, more may join.
What is unknown is null, so every plain value may be null but for what names a thing. Look at the difference before you
commit it: a field that leaves breaks somebody's script.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "docs" / "schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAPS = (
    "facts", "values", "delta", "percent", "verdicts", "added", "documents", "parameters", "settings", "skipped",
    "covers",
)  # fmt: skip
"""Fields whose keys are data."""
ANYTHING = ("before", "after", "settings", "parameters", "context")
"""Fields that hold any value."""
NAMES = (
    "name", "id", "rule", "level", "kind", "verdict", "metric", "at", "command", "table", "field", "uid", "file",
    "count", "today", "checked", "state", "stage", "since", "day", "message", "action", "title", "applied", "healthy",
)  # fmt: skip
"""Fields that are never null where they were never seen to be."""


def file_of(command: str, answer: dict[str, Any]) -> Path:
    """Where the schema of an answer lies; every edit answers with its event."""
    if list(answer) == ["event"]:
        return FOLDER / "event.json"
    other = {
        ("doctor", "file", "before"): "doctor-compact",
        ("list", "views"): "list-views",
        ("backup", "backup"): "backup",
    }
    stem = next((name for (of, *fields), name in other.items() if of == command and {*fields} <= answer.keys()), "")
    stem = stem or ("backup-list" if command == "backup" else command.replace(" ", "-"))
    return FOLDER / f"{stem}.json"


def command_of(words: list[str]) -> str:
    """The command of a line's words, global options before it left out."""
    from tui.commands import COMMANDS

    at = next(i for i, word in enumerate(words) if not word.startswith("-"))
    return next((c for c in (" ".join(words[at : at + 2]), words[at]) if c in COMMANDS), words[at])


def schema_of(values: Iterable[Any], field: str = "", anything: bool = False) -> dict[str, Any]:
    """A schema that all values hold to."""
    seen = list(values)
    if field in ANYTHING or anything:
        return {}
    kinds = {_kind(value) for value in seen}
    found: dict[str, Any] = {}
    if "object" in kinds:
        found |= _object([v for v in seen if isinstance(v, dict)], field)
    if "array" in kinds:
        inner = schema_of((part for v in seen if isinstance(v, list) for part in v), f"{field}[]")
        found |= {"items": inner} if inner else {}
    plain = kinds - {"object", "array", "null"}
    if plain or kinds == {"null"}:
        if kinds == {"null"}:
            return {}
        if field not in NAMES:
            kinds.add("null")
    if not kinds:
        return {}
    return {"type": sorted(kinds) if len(kinds) > 1 else kinds.pop(), **found}


def _object(values: list[dict[str, Any]], field: str) -> dict[str, Any]:
    if field in MAPS:
        inner = schema_of((part for v in values for part in v.values()), "*", anything=False)
        if "properties" in inner and field == "facts":
            inner["properties"]["value"] = {}
        return {"additionalProperties": inner}
    names = list(dict.fromkeys(name for value in values for name in value))
    required = sorted(name for name in names if all(name in value for value in values))
    parts = {name: schema_of((v[name] for v in values if name in v), name) for name in sorted(names)}
    return {"properties": parts, "required": required}


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return {str: "string", list: "array", dict: "object"}[type(value)]


def answers(directory: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every JSON answer to the examples of docs/cli.md, with its command."""
    import shlex

    from store.demo import fill
    from tests.tui.test_cli_docs import blocks
    from tui.cli import main

    fill(directory / "catalog.json", today=date(2026, 11, 23))
    os.environ |= {"MODELTUI_STORE": str(directory / "catalog.json"), "MODELTUI_USER": "ann"}
    os.environ |= {name: str(directory) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")}
    os.chdir(directory)
    for language, name, body in blocks():
        if name:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(body, encoding="utf-8")
        for line in body.splitlines() if language == "console" else ():
            if line.startswith("$ modeltui "):
                words = shlex.split(line[len("$ modeltui ") :], comments=True)
                out = io.StringIO()
                with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
                    main(["--today", "2026-11-23", *words])
                if "--json" in words and out.getvalue().startswith("{"):
                    yield command_of(words), json.loads(out.getvalue())


def main() -> int:
    """Write every schema."""
    by_file: dict[Path, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as directory:
        for command, answer in answers(Path(directory)):
            by_file.setdefault(file_of(command, answer), []).append(answer)
    FOLDER.mkdir(exist_ok=True)
    for path, given in sorted(by_file.items()):
        title = "modeltui: an edit" if path.stem == "event" else f"modeltui {path.stem} --json"
        schema = {"$schema": DIALECT, "title": title, **schema_of(given)}
        path.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
