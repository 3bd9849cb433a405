"""The review policy of a use case as TOML: reading it, what is wrong with it, and writing it (DECISIONS 5).

    max_evidence_age_days = 14
    unproven = "warn"
    [metrics.accuracy]
    role = "critical"
    margin = 0.02

Amounts are in the metric's own unit: a rate lies between 0 and 1, `relative` is a share of the baseline.
"""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from store.records import Criteria, Criterion, Metric
from store.review.costs import MONTHLY_COST
from store.review.evidence import RELATIVE_DEFAULT
from store.validation import Invalid, check

MAX_BYTES = 1_000_000
_TOP = tuple(f.name for f in fields(Criteria) if f.name not in ("version", "metrics"))
_PARTS = tuple(f.name for f in fields(Criterion))


class PolicyFault(ValueError):
    """A policy that cannot be used: every sentence, each with its line where it has one."""

    def __init__(self, sentences: Iterable[str]) -> None:
        self.sentences = tuple(sentences)
        super().__init__("\n".join(self.sentences))


def parse_policy(text: str, metrics: Mapping[str, Metric]) -> Criteria:
    """Read a policy; its version is counted by the catalog.

    Args:
        text: TOML.
        metrics: the known metrics by name; a policy over others would judge nothing.

    Raises:
        PolicyFault: no TOML, an unknown field or metric, or a rule that cannot hold; with all that is wrong.
    """
    if len(text) > MAX_BYTES:
        raise PolicyFault([f"the policy has more than {MAX_BYTES:,} characters; a policy is a page long"])
    try:
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PolicyFault([_no_toml(error)]) from error
    place = _Places(text)
    wrong = list(_unknown_fields(found, place))
    if not wrong:
        try:
            criteria = check(Criteria, found)
        except Invalid as error:
            wrong = [place.at(*path.split(".")) + sentence for path, sentence in error.faults]
        else:
            wrong = [place.at(*path) + sentence for path, sentence in faults(criteria, metrics)]
            if not wrong:
                return criteria
    raise PolicyFault(wrong)


def _no_toml(error: Exception) -> str:
    said = str(error)
    where = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", said)
    if where is None:
        return f"this is no TOML: {said}"
    line = f"line {where[1]}" if where[1] else "the last line"
    said = said[: where.start()]
    return f"{line}: this is no TOML: {said[:1].lower()}{said[1:]}"


def _unknown_fields(found: Mapping[str, Any], place: _Places) -> Iterator[str]:
    for name in found:
        if name not in (*_TOP, "metrics"):
            yield place.at(name) + _no_field(name, (*_TOP, "metrics"))
    metrics = found.get("metrics", {})
    if not isinstance(metrics, Mapping):
        yield place.at("metrics") + "metrics is no table: write [metrics.accuracy] and below it role and margin"
        return
    for name, criterion in metrics.items():
        if not isinstance(criterion, Mapping):
            yield place.at("metrics", name) + f"{name} is no table: write [metrics.{name}] and below it role and margin"
            continue
        for part in criterion:
            if part not in _PARTS:
                yield place.at("metrics", name, part) + _no_field(f"{name}.{part}", _PARTS, part)


def _no_field(name: str, known: Iterable[str], last: str = "") -> str:
    near = difflib.get_close_matches(last or name, list(known), 1, 0.6)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    return f"a policy has no field '{name}'; {hint}"


class _Places:
    """Where a table or a field begins in a TOML text, as far as it is written in the plain way."""

    def __init__(self, text: str) -> None:
        self._lines: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        for number, line in enumerate(text.splitlines(), 1):
            if head := re.match(r"\s*\[([^\[\]]+)\]", line):
                table = self._path(head[1])
                self._lines.setdefault(table, number)
            elif field := re.match(r"""\s*([\w."'-]+)\s*=""", line):
                self._lines.setdefault((*table, *self._path(field[1])), number)

    @staticmethod
    def _path(written: str) -> tuple[str, ...]:
        parts = re.findall(r""""([^"]*)"|'([^']*)'|([^\s.]+)""", written)
        return tuple(next(p for p in part if p) if any(part) else "" for part in parts)

    def at(self, *path: str) -> str:
        """`line 4: ` for a field, else for the table that it stands in; "" where neither is found."""
        for end in range(len(path), 0, -1):
            if (line := self._lines.get(path[:end])) is not None:
                return f"line {line}: "
        return ""


# ── what is wrong ─────────────────────────────────────────────────────────────────────────────────────────────────

Place = tuple[str, ...]


def faults(criteria: Criteria, metrics: Mapping[str, Metric]) -> Iterator[tuple[Place, str]]:
    """What keeps a policy from being applied: the place as a path, and a sentence that says what to do."""
    if criteria.max_evidence_age_days < 1:
        yield ("max_evidence_age_days",), "max_evidence_age_days is below 1: no measurement could ever count"
    if criteria.runway_days < 0:
        yield ("runway_days",), "runway_days is below 0: write the days that a target must outlive the switch"
    for name, criterion in criteria.metrics.items():
        metric = metrics.get(name)
        if name == MONTHLY_COST and criterion.role not in ("budget", "info"):
            yield ("metrics", name), f"{name} is computed, so it can only be a budget: write role and ceiling"
        elif metric is None and name != MONTHLY_COST:
            yield ("metrics", name), _unknown_metric(name, metrics)
        for part, sentence in _numbers(name, criterion):
            yield ("metrics", name, part), sentence
        if metric is not None:
            for part, sentence in (*_scale(metric, criterion), *_judged(metric, criterion)):
                yield ("metrics", name, *filter(None, (part,))), sentence


def _unknown_metric(name: str, metrics: Mapping[str, Metric]) -> str:
    near = difflib.get_close_matches(name, metrics, 3, 0.5)
    hint = f"did you mean {', '.join(near)}?" if near else "measure it first, or name one that is defined"
    return f"no metric is called '{name}'; {hint}"


def _numbers(name: str, c: Criterion) -> Iterator[tuple[str, str]]:
    for part in ("margin", "relative"):
        value = getattr(c, part)
        if value is not None and not (math.isfinite(value) and value >= 0):
            yield part, f"the {part} of {name} is {value:g}: write how much may be lost, as a number from 0 up"
    for part in ("floor", "ceiling"):
        value = getattr(c, part)
        if value is not None and not math.isfinite(value):
            yield part, f"the {part} of {name} is {value}: write a number"
    if c.margin is not None and c.relative is not None:
        yield "relative", f"{name} has two margins: keep either margin or relative"
    if c.floor is not None and c.ceiling is not None and c.floor > c.ceiling:
        yield "floor", f"the floor of {name}, {c.floor:g}, lies above its ceiling, {c.ceiling:g}: nothing could pass"
    if c.min_n is not None and c.min_n < 1:
        yield "min_n", f"min_n of {name} is {c.min_n}: write how many items are needed at least"
    if c.role == "budget" and c.ceiling is None:
        yield "role", f"{name} is a budget without a ceiling: write the cap as ceiling"


def _scale(metric: Metric, c: Criterion) -> Iterator[tuple[str, str]]:
    """A share that was written as percent."""
    if c.relative is not None and c.relative >= 1:
        yield "relative", f"relative of {metric.name} is {c.relative:g}, a loss of everything: write 0.05 for 5 %"
    for part in ("margin", "floor", "ceiling"):
        value = getattr(c, part)
        if metric.kind == "rate" and value is not None and value > 1:
            yield part, f"the {part} of {metric.name} is {value:g}, but it is a rate from 0 to 1: write 0.02 for 2 pp"


def _judged(metric: Metric, c: Criterion) -> Iterator[tuple[str, str]]:
    """A role that a metric cannot have."""
    if metric.direction == "none" and c.role not in ("info", "budget"):
        yield "role", f"{metric.name} has no direction, so it cannot be {c.role}: give it the role info"
    bounded = c.floor is not None or c.ceiling is not None
    given = c.margin is not None or c.relative is not None or bounded
    default = metric.kind == "rate" or metric.kind in RELATIVE_DEFAULT
    if c.role == "critical" and not given and not default:
        yield "", f"{metric.name} is critical without a margin, and kind '{metric.kind}' has no default: write margin"
    if c.role == "zero_tolerance" and metric.kind not in ("rate", "count"):
        yield "role", f"{metric.name} is neither a rate nor a count, so it cannot have zero tolerance"


# ── writing ───────────────────────────────────────────────────────────────────────────────────────────────────────


def write_policy(criteria: Criteria, remark: str = "") -> str:
    """The policy as TOML, the same text every time; `remark` stands above it as comments."""
    lines = [f"# {line}" for line in remark.splitlines()]
    lines += [f"{name} = {_value(getattr(criteria, name))}" for name in _TOP]
    for name, criterion in criteria.metrics.items():
        lines += ["", f"[metrics.{_key(name)}]"]
        given = ((part, getattr(criterion, part)) for part in _PARTS)
        lines += [f"{part} = {_value(value)}" for part, value in given if value is not None]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return _quoted(value) if isinstance(value, str) else repr(value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'
