"""The gate for whatever comes from a form, a file or a wire: pydantic over the records, one clear sentence a fault.

Types and constraints are checked by pydantic's adapters over the dataclasses of `store.records`, built on first use;
rules of the vocabulary that a type cannot say stand here as small functions. Nothing else in modeltui imports
pydantic, and nothing on the way to the first screen imports this module.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from store.records import (
    Assignment,
    Criteria,
    Deployment,
    Json,
    Key,
    Measurement,
    Metric,
    Registry,
    Upgrade,
    UseCase,
    UseCaseName,
    Version,
    first_day,
)

R = TypeVar("R")

MAX_TEXT = 100_000
"""Characters that any one text may have; longer ones are refused rather than cut."""


class Invalid(ValueError):
    """Values that do not make a record: `faults` are (field, sentence), the message is all of them."""

    def __init__(self, faults: list[tuple[str, str]], place: str = "") -> None:
        self.faults = faults
        text = "; ".join(sentence for _field, sentence in faults)
        super().__init__(f"{place}: {text}" if place else text)


def check(kind: type[R], values: Mapping[str, Json], place: str = "") -> R:
    """Make a record of outside values, or say in words what is wrong with them.

    Args:
        kind: the record's class.
        values: field name to value; unknown fields are passed over (the catalog keeps them).
        place: where the values came from, put before the sentence.

    Raises:
        Invalid: with every fault found.
    """
    cleaned = _clean(dict(values))
    try:
        record: R = _adapter(kind).validate_python(cleaned)
    except ValidationError as error:
        raise Invalid([_sentence(e) for e in error.errors(include_url=False)], place) from error
    faults = list(_RULES.get(kind, _no_rules)(record))
    if faults:
        raise Invalid(faults, place)
    return record


def fault(kind: type[Any], field: str, values: Mapping[str, Json]) -> str:
    """The sentence for one field of a form while it is typed, "" when it is fine."""
    try:
        check(kind, values)
    except Invalid as error:
        return next((sentence for name, sentence in error.faults if name.split(".")[0] == field), "")
    return ""


def cleaned(values: Mapping[str, Json]) -> dict[str, Json]:
    """A document without what no text of ours may hold, its unknown fields kept."""
    found: dict[str, Json] = _clean(dict(values))
    return found


_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}


def _adapter(kind: Any) -> TypeAdapter[Any]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def _sentence(error: Any) -> tuple[str, str]:
    names = [str(part) for part in error["loc"]]
    field = ".".join(names)
    given = error.get("input")
    shown = repr(given) if len(repr(given)) <= 60 else repr(given)[:57] + "…"
    kind = error["type"]
    if kind == "missing":
        return field, f"{field} is missing"
    if kind.startswith(("date", "datetime")):
        return field, f"{field}: {shown} is not a date; write it as 2026-12-09"
    if kind.startswith("float"):
        return field, f"{field}: {shown} is not a number"
    if kind.startswith("int"):
        return field, f"{field}: {shown} is not a whole number"
    if kind.startswith("bool"):
        return field, f"{field}: {shown} is neither true nor false"
    if kind == "literal_error":
        return field, f"{field}: {shown} is not one of {error['ctx']['expected']}"
    if kind.startswith(("tuple", "list", "too_")):
        return field, f"{field}: {shown} is not a list"
    if kind.startswith("string"):
        return field, f"{field}: {shown} is not a text"
    return field, f"{field}: {error['msg'][:1].lower()}{error['msg'][1:]}, not {shown}"


def _clean(value: Json) -> Json:
    """Drop what nothing of ours may hold: control and bidirectional characters, but line break and tab; long digits."""
    kind = value.__class__
    if kind is str:
        return value if value.isprintable() else _printable(value)
    if value is None or kind is float or kind is bool:
        return value
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return float(value) if abs(value) < 2**1023 else None  # no JSON of ours keeps so many digits
    if isinstance(value, Mapping):
        return {(k if k.__class__ is str and k.isprintable() else _clean(k)): _clean(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(v) for v in value]
    return value


def _printable(text: str) -> str:
    kept = (c for c in text if c in "\n\t" or (unicodedata.category(c) not in ("Cc", "Cs") and c not in _BIDI))
    return "".join(kept)


_BIDI = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

Fault = tuple[str, str]


def _no_rules(_record: Any) -> Iterator[Fault]:
    return iter(())


def _version(v: Version) -> Iterator[Fault]:
    yield from _key("key", v.key)
    for name, claims in v.facts.items():
        for claim in claims:
            yield from _as_of(f"facts.{name}", claim.as_of)
            if name.startswith("price_"):
                yield from _price(name, claim.value)
    for o in v.observations:
        yield from _as_of("observations", o.observed_at)
    yield from _texts(v, "changes", "note")


def _price(name: str, value: Json) -> Iterator[Fault]:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        yield name, f"{name}: {value!r} is not a price; write US dollars per million tokens, such as 2.5"


def _use_case(u: UseCase) -> Iterator[Fault]:
    if not UseCaseName.fullmatch(u.name):
        yield (
            "name",
            f"'{u.name}' is not a use-case name: write small letters, digits and hyphens, as in support-assistant",
        )
    for name in ("calls_per_month", "tokens_in", "tokens_out", "peak_tokens_per_minute"):
        yield from _at_least_zero(name, getattr(u, name))
    for name in ("cached_share", "retry_share"):
        yield from _between(name, getattr(u, name), 0, 1)
    for start, end in u.freeze:
        if end < start:
            yield "freeze", f"freeze: the window ends on {end} before it starts on {start}"
    yield from _criteria(u.criteria)
    yield from _texts(u, "title", "note")


def _criteria(c: Criteria) -> Iterator[Fault]:
    for name, criterion in c.metrics.items():
        for margin in ("margin", "relative"):
            value = getattr(criterion, margin)
            if value is not None and not (math.isfinite(value) and value >= 0):
                yield "criteria", f"criteria: the {margin} of {name} is {value}; a margin is zero or more"
        if criterion.margin is not None and criterion.relative is not None:
            yield "criteria", f"criteria: {name} has two margins; give either margin or relative"
        if criterion.role == "budget" and criterion.ceiling is None:
            yield "criteria", f"criteria: {name} is a budget without a ceiling; give the cap as ceiling"


def _assignment(a: Assignment) -> Iterator[Fault]:
    yield from _key("version", a.version)
    yield from _between("share", a.share, 0, 100)
    if not a.stage.strip():
        yield "stage", "stage is empty; write Staging, Production, Archived or a stage of your own"


def _measurement(m: Measurement) -> Iterator[Fault]:
    yield from _key("version", m.version)
    if not m.metric.strip():
        yield "metric", "metric is empty"
    if m.n is not None and m.n < 0:
        yield "n", f"n: {m.n} items cannot be; write how many items were measured"
    yield from _at_least_zero("sd", m.sd)


def _metric(m: Metric) -> Iterator[Fault]:
    if not m.name.strip() or any(c.isspace() for c in m.name):
        yield "name", f"'{m.name}' is not a metric name: write it without spaces, as in latency_p95_ms"
    if not (math.isfinite(m.scale) and m.scale > 0):
        yield "scale", f"scale: {m.scale} is not a positive number"


def _deployment(d: Deployment) -> Iterator[Fault]:
    if not d.name.strip():
        yield "name", "name is empty; a deployment is found by its name"
    for name in ("units", "unit_hour", "unit_month"):
        yield from _at_least_zero(name, getattr(d, name))


def _upgrade(u: Upgrade) -> Iterator[Fault]:
    yield from _key("from_version", u.from_version)
    if u.to_version:
        yield from _key("to_version", u.to_version)


def _registry(r: Registry) -> Iterator[Fault]:
    if not r.name or "/" in r.name:
        yield "name", f"'{r.name}' is not a registry name: it becomes the provider in keys, so it has no /"


_RULES: Mapping[type[Any], Callable[[Any], Iterator[Fault]]] = {
    Version: _version,
    UseCase: _use_case,
    Assignment: _assignment,
    Measurement: _measurement,
    Metric: _metric,
    Deployment: _deployment,
    Upgrade: _upgrade,
    Registry: _registry,
}


def _key(field: str, text: str) -> Iterator[Fault]:
    try:
        Key.parse(text)
    except ValueError as error:
        yield field, str(error)


def _as_of(field: str, text: str) -> Iterator[Fault]:
    try:
        first_day(text)
    except ValueError:
        yield field, f"{field}: '{text}' is not a date; write it as 2026-12-09 or 2026-12"


def _at_least_zero(field: str, value: float | None) -> Iterator[Fault]:
    if value is not None and not (math.isfinite(value) and value >= 0):
        yield field, f"{field}: {value} is less than zero or no number"


def _between(field: str, value: float | None, low: float, high: float) -> Iterator[Fault]:
    if value is not None and not low <= value <= high:
        yield field, f"{field}: {value} does not lie between {low} and {high}"


def _texts(record: Any, *names: str) -> Iterator[Fault]:
    for name in names:
        if len(getattr(record, name)) > MAX_TEXT:
            yield name, f"{name} has more than {MAX_TEXT:,} characters; keep a link to the long text instead"
