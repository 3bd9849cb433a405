"""The JSON of DESIGN 4, word by word: more fields may join, none may leave, whatever docs/cli.md comes to show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tui.cli import main

OLD, NEW = "azure-openai/gpt-4o@2024-05-13", "azure-openai/gpt-5.4@2026-03-05"
ENDS = {"effective": 0, "risk": 0, "certainty": 0}
EVENT = {"id": 0, "at": 0, "actor": 0, "command": 0, "why": 0, "undo_of": 0, "changes": [
    {"table": 0, "uid": 0, "key": 0, "field": 0, "before": 0, "after": 0}]}  # fmt: skip
PLAN = {"start_by": 0, "validated_by": 0, "rollout_start": 0, "cutover_by": 0, "start_in": 0}
PROMISED: list[tuple[str, dict[str, Any]]] = [
    ("list", {"count": 0, "today": 0, "versions": [{
        "key": 0, "provider": 0, "model": 0, "version": 0, "assignment": 0, "use_case": 0, "stage": 0, "share": 0,
        "deployment": 0, "lifecycle": 0, "released": 0, "retires": ENDS, "days": 0, "on_the_day": 0, "deadline": 0,
        "start_by": 0, "start_in": 0, "price_in": 0, "price_out": 0, "headline": {"metric": 0, "value": 0},
        "owner": 0}]}),
    (f"show {OLD}", {
        "key": 0, "facts": {"*": {"value": 0, "source": 0, "as_of": 0}},
        "dates": [{"kind": 0, "value": 0, "certainty": 0, "scope": 0, "source": 0, "publisher": 0, "observed_at": 0,
                   "standing": 0}],
        "retires": ENDS, "lifecycle": 0, "on_the_day": 0, "measurements": 0, "assignments": 0, "upgrades": 0,
        "changes": 0, "links": 0, "lineage": 0}),
    (f"compare {OLD} {NEW}", {"baseline": 0, "versions": 0, "rows": [{
        "series": {"metric": 0, "dataset": 0, "variant": 0, "source": 0, "slice": 0}, "metric": 0, "title": 0,
        "kind": 0, "unit": 0, "direction": 0, "group": 0, "values": {"*": {"value": 0, "n": 0, "sd": 0, "as_of": 0}},
        "delta": 0, "percent": 0, "best": 0, "comparable": 0, "reason": 0}]}),
    (f"gate --use-case support-assistant --to {NEW}", {
        "verdict": 0, "use_case": 0, "from": 0, "to": 0,
        "metrics": [{"metric": 0, "role": 0, "verdict": 0, "baseline": 0, "candidate": 0, "g": 0, "bound": 0,
                     "margin": 0, "n": 0, "n_needed": 0, "reason": 0}],
        "cost": 0, "break_risks": 0, "waivers": 0, "data_age": 0}),
    ("history", {"events": [EVENT]}),
    ("use-case list", {"use_cases": [{"name": 0, "title": 0, "owner": 0, "assignments": 0}]}),
    ("upgrade show support-assistant", {
        "id": 0, "use_case": 0, "from": 0, "to": 0, "state": 0, "deadline": 0, "plan": PLAN, "verdict": 0,
        "blockers": 0, "items": [{"id": 0, "phase": 0, "title": 0, "state": 0, "stale": 0, "why": 0, "due": 0,
                                  "owner": 0, "blocking": 0, "gate": 0, "evidence": 0}]}),
    ("check", {"findings": [{"rule": 0, "level": 0, "use_case": 0, "key": 0, "message": 0}], "verdict": 0}),
    ("candidates support-assistant", {
        "candidates": [{"key": 0, "front": 0, "quality": 0, "cost": 0, "runway": 0, "vendor": 0}],
        "excluded": [{"key": 0, "reason": 0}]}),
    ("sync ml --dry-run", {"applied": 0, "registries": [{
        "name": 0, "kind": 0, "added": 0, "changed": 0, "removed": 0, "conflicts": 0, "drift": 0, "requests": 0,
        "seconds": 0, "error": 0}]}),
]  # fmt: skip
"""What each command promises; 0 stands for any value."""


def lacking(promised: Any, given: Any, place: str = "$") -> Iterator[str]:
    """The fields that were promised and are not there; null stands for an object that is unknown."""
    if isinstance(promised, list):
        if not given:
            yield f"{place} is empty: it shows nothing"
        for one in given:
            yield from lacking(promised[0], one, f"{place}[]")
    elif isinstance(promised, dict) and given is not None:
        for name, inner in promised.items():
            if name == "*":
                for value in given.values():
                    yield from lacking(inner, value, f"{place}.*")
            elif name not in given:
                yield f"{place}.{name} has left"
            else:
                yield from lacking(inner, given[name], f"{place}.{name}")


@pytest.mark.parametrize(("command", "promised"), PROMISED, ids=[command.split()[0] for command, _ in PROMISED])
def test_no_field_that_was_promised_has_left(
    command: str,
    promised: dict[str, Any],
    demo_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MODELTUI_STORE", str(demo_path))
    monkeypatch.chdir(tmp_path)
    if command.startswith("sync"):
        Path("ml.json").write_text('{"versions": [{"key": "ml/churn@1"}]}', "utf-8")
        assert main(["registries", "add", "ml", "file", "ml.json", "--quiet"]) == 0
        capsys.readouterr()
    main(["--today", "2026-11-23", *command.split(), "--json"])
    assert list(lacking(promised, json.loads(capsys.readouterr().out))) == []


def test_a_field_that_leaves_is_seen() -> None:
    assert list(lacking({"a": [{"b": 0}], "c": {"*": {"d": 0}}}, {"a": [{"b": None}, {}], "c": {"x": {}}})) == [
        "$.a[].b has left",
        "$.c.*.d has left",
    ]
    assert list(lacking({"a": [0]}, {"a": []})) == ["$.a is empty: it shows nothing"]
