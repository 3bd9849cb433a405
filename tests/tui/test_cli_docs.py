"""docs/cli.md is true: every example runs, and every JSON answer has the shape that is shown there."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.schemas import FOLDER, command_of, file_of
from tui.cli import main
from tui.commands import COMMANDS

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
BLOCK = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MAPS = (
    "facts", "values", "delta", "percent", "verdicts", "added", "documents", "parameters", "settings",
    "before", "after", "skipped", "context", "covers",
)  # fmt: skip
"""Fields whose keys are data."""


def blocks() -> Iterator[tuple[str, str, str]]:
    yield from ((m[1], m[2], m[3]) for m in BLOCK.finditer(PAGE.read_text("utf-8")))


def same_shape(shown: Any, given: Any, place: str = "$") -> Iterator[str]:
    """Where an answer differs from the example: fields that joined or left, other types. Null stands for anything."""
    if shown is None or given is None:
        return
    if isinstance(shown, dict) and isinstance(given, dict):
        field = place.rpartition(".")[2].removesuffix("[]")
        if field in MAPS:
            for value in (
                given.values()
                if field not in ("before", "after", "skipped", "context", "covers", "settings", "parameters")
                else ()
            ):
                yield from same_shape(next(iter(shown.values()), None), value, f"{place}.*")
            return
        yield from (f"{place}.{name} is not documented" for name in given.keys() - shown.keys())
        yield from (f"{place}.{name} has left" for name in shown.keys() - given.keys())
        for name in shown.keys() & given.keys():
            yield from same_shape(shown[name], given[name], f"{place}.{name}")
    elif isinstance(shown, list) and isinstance(given, list):
        for value in given if shown else ():
            yield from same_shape(shown[0], value, f"{place}[]")
    elif place.endswith((".*.value", ".before", ".after")):
        return  # a fact or a changed field holds anything
    elif type(shown) is not type(given) and not {type(shown), type(given)} <= {int, float}:
        yield f"{place} is {type(given).__name__}, shown as {type(shown).__name__}"


def test_every_example_runs_and_every_answer_has_its_documented_shape(
    demo_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MODELTUI_STORE", str(demo_path))
    monkeypatch.setenv("MODELTUI_USER", "ann")
    monkeypatch.chdir(tmp_path)
    answers: dict[str, Any] = {}
    shapes, used = 0, set()
    for language, name, body in blocks():
        if name:
            Path(name).write_text(body, encoding="utf-8")
        elif language == "console":
            for line in (line for line in body.splitlines() if line.startswith("$ modeltui ")):
                words = shlex.split(line[len("$ modeltui ") :], comments=True)
                wanted = int(match[1]) if (match := re.search(r"# exit (\d+)$", line)) else 0
                code = main(["--today", "2026-11-23", *words])
                said = capsys.readouterr()
                assert code == wanted, f"{line}: exit {code}, {said.err}"
                assert said.err.startswith("modeltui: ") if wanted == 2 else "modeltui: " not in said.err
                if "--json" in words and code != 2:
                    answers[line] = json.loads(said.out)
                    schema = file_of(command_of(words), answers[line])
                    assert schema.exists(), f"{line}: write docs/schemas/{schema.name} with python -m tests.schemas"
                    faults = [
                        f"{e.json_path}: {e.message[:200]}" for e in _validator(schema).iter_errors(answers[line])
                    ]
                    assert faults == [], f"{line} does not hold to docs/schemas/{schema.name}"
                    used.add(schema.name)
        elif language == "json":
            given = _latest(answers, body)
            assert not list(same_shape(json.loads(body), given))
            shapes += 1
    assert shapes >= 10
    assert used == {path.name for path in FOLDER.glob("*.json")}


def _validator(schema: Path) -> Any:
    return jsonschema.Draft202012Validator(json.loads(schema.read_text("utf-8")))


def test_the_schemas_are_valid_and_see_what_leaves_or_changes() -> None:
    for path in FOLDER.glob("*.json"):
        jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text("utf-8")))
    check = _validator(FOLDER / "check.json")
    good = {"findings": [], "known": [], "checked": 1, "verdict": "PASS"}
    assert check.is_valid(good | {"joined": 1})
    assert not check.is_valid({name: value for name, value in good.items() if name != "known"})
    assert not check.is_valid(good | {"checked": "1"})


def _latest(answers: dict[str, Any], body: str) -> Any:
    """The answer that an example stands for: the newest one with the same first field."""
    first = next(iter(json.loads(body)))
    return next(given for given in reversed(answers.values()) if next(iter(given)) == first)


def test_every_command_is_documented_and_has_an_example_of_its_own() -> None:
    page = PAGE.read_text("utf-8")
    for name, entry in COMMANDS.items():
        assert f"modeltui {name}" in page, name
        assert entry.example.startswith(f"modeltui {name}"), name
        assert len(entry.help) < 70


def test_the_shape_check_sees_fields_that_join_leave_or_change() -> None:
    shown = {"a": [{"b": 1, "c": None}], "facts": {"x": {"value": 1, "source": "s"}}}
    assert not list(same_shape(shown, {"a": [{"b": 2.5, "c": "x"}], "facts": {"y": {"value": "t", "source": "s"}}}))
    assert list(same_shape(shown, {"a": [{"b": "2", "c": 1}], "facts": {}})) == ["$.a[].b is str, shown as int"]
    assert list(same_shape(shown, {"a": [{"b": 1}], "facts": {}})) == ["$.a[].c has left"]
    assert list(same_shape(shown, {"a": [], "facts": {"x": {"value": 1}}})) == ["$.facts.*.source has left"]
