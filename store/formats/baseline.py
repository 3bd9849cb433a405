"""The baseline of a check: findings that somebody knows and lets pass until a day.

TOML (or JSON of the same shape):

    [[known]]
    rule = "late"
    use_case = "support-assistant"
    key = "azure-openai/gpt-4o@2024-05-13"
    until = 2026-12-23
    why = "the move is planned for week 51"

An entry without `use_case` or `key` stands for any. Every entry ends: after `until` its finding counts again.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from store.formats.findings import RULES, Problem
from store.values import dataclass


class BaselineFault(ValueError):
    """A baseline that cannot be used, in one sentence."""


@dataclass(frozen=True, slots=True)
class Known:
    """One entry; "" for the use case or the key stands for any."""

    rule: str
    use_case: str
    key: str
    until: date
    why: str = ""

    def fits(self, problem: Problem) -> bool:
        """Whether a finding is the one that is known."""
        return self.rule == problem.rule and all(
            mine in ("", theirs) for mine, theirs in ((self.use_case, problem.use_case), (self.key, problem.key))
        )


def parse_baseline(content: bytes) -> list[Known]:
    """Read a baseline.

    Raises:
        BaselineFault: no TOML or JSON, an unknown rule, an entry without an end.
    """
    try:
        text = content.decode("utf-8-sig")
        document = json.loads(text) if text.lstrip()[:1] == "{" else tomllib.loads(text)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise BaselineFault(f"it is neither TOML nor JSON: {str(error)[:120]}") from error
    entries = document.get("known")
    if not isinstance(entries, list):
        raise BaselineFault("it has no [[known]] entries; write one with --write-baseline")
    return [_entry(number, entry) for number, entry in enumerate(entries, 1)]


def _entry(number: int, entry: Any) -> Known:
    if not isinstance(entry, dict) or entry.get("rule") not in RULES:
        raise BaselineFault(f"entry {number} names no rule; rules are {', '.join(RULES)}")
    texts = {name: entry.get(name, "") for name in ("use_case", "key", "why")}
    wrong = next((name for name, value in texts.items() if not isinstance(value, str)), None)
    if wrong is not None:
        raise BaselineFault(f"entry {number}: {wrong} is not a text")
    until = entry.get("until")
    try:
        day = until if isinstance(until, date) else date.fromisoformat(str(until))
    except ValueError:
        raise BaselineFault(f"entry {number} has no end; write until = 2026-12-31") from None
    return Known(
        entry["rule"], texts["use_case"], texts["key"], day.date() if isinstance(day, datetime) else day, texts["why"]
    )


def marked(problems: Iterable[Problem], baseline: Sequence[Known], today: date) -> tuple[list[Problem], list[Known]]:
    """The findings with what is known marked as such, and the entries that fit nothing any more."""
    found: list[Problem] = []
    used: set[Known] = set()
    for problem in problems:
        fitting = [entry for entry in baseline if entry.fits(problem)]
        used.update(fitting)
        holding = next((entry for entry in fitting if entry.until >= today), None)
        if holding is not None:
            why = f"known until {holding.until}" + (f": {holding.why}" if holding.why else "")
            found.append(replace(problem, known=why))
        elif fitting:
            over = max(entry.until for entry in fitting)
            found.append(replace(problem, message=f"{problem.message} (It was known until {over}.)"))
        else:
            found.append(problem)
    return found, [entry for entry in baseline if entry not in used]


def write_baseline(problems: Iterable[Problem], until: date, *, as_json: bool, known: Sequence[Known] = ()) -> str:
    """The baseline that lets these findings pass until a day; one that holds already keeps its end and reason."""
    entries = []
    for p in problems:
        old = next((entry for entry in known if entry.fits(p) and p.known), None)
        entries.append(Known(p.rule, p.use_case, p.key, old.until if old else until, old.why if old else ""))
    entries = sorted(set(entries), key=lambda e: (e.rule, e.use_case, e.key))
    if as_json:
        rows = [{n: str(getattr(e, n)) for n in Known.__slots__ if getattr(e, n)} for e in entries]
        return json.dumps({"known": rows}, indent=2, ensure_ascii=False) + "\n"
    lines = ["# What modeltui check lets pass; after `until` a finding counts again. Say why in `why`."]
    for e in entries:
        lines += ["", "[[known]]", f"rule = {_quoted(e.rule)}"]
        lines += [f"{name} = {_quoted(value)}" for name, value in (("use_case", e.use_case), ("key", e.key)) if value]
        lines += [f"until = {e.until}", f"why = {_quoted(e.why)}"]
    return "\n".join([*lines, *([] if entries else ["known = []"])]) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
