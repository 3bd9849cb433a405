"""The fields of a catalog row that a query, a sort order, a column or a facet may name, and how their values are typed.

A field has a kind, and the kind decides how the text behind its colon is read: `m` is a month in a date and a million
in a number. Every metric of the catalog is a field too, by its own name (`metric_field`).
"""

from __future__ import annotations

import calendar
import math
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Literal, TypeAlias

from store.values import dataclass

Kind = Literal["text", "number", "money", "date", "days", "flag", "set"]
Value: TypeAlias = str | float | date | bool | tuple[str, ...]
Span: TypeAlias = tuple[date, date]
Literals: TypeAlias = str | float | bool | Span

EXPECTED: Mapping[Kind, str] = {
    "text": "a word, or words in quotes",
    "number": "a number such as 0.8, 80%, 5k or 2M",
    "money": "an amount in USD such as 2.50 or $5k",
    "date": "a day such as 2026-12-31, 2026-12, today, 60d, -2w, 3m or 1y",
    "days": "a number of days such as 14, 14d, 2w, 3m or 1y",
    "flag": "yes or no",
    "set": "a word, or words in quotes",
}


@dataclass(frozen=True, slots=True)
class Field:
    """What a query may ask of a row.

    `choices` are the words that a text field is known to hold; they match from their beginning (`lifecycle:ga` is not
    legacy). `percent` marks a number that is stored in percent. `cheap` fields are read without decoding a record.
    `metric` marks the newest value of the metric of that name.
    """

    name: str
    title: str
    kind: Kind = "text"
    aliases: tuple[str, ...] = ()
    help: str = ""
    choices: tuple[str, ...] = ()
    percent: bool = False
    cheap: bool = False
    metric: bool = False

    @property
    def ordered(self) -> bool:
        """True where `<` and `>` compare quantities."""
        return self.kind in ("number", "money", "date", "days")


LIFECYCLES = ("preview", "ga", "ga (listed)", "legacy", "deprecated", "retired", "unknown")
ON_THE_DAY = ("stops", "stopped", "upgrades", "no_date", "unknown", "own")
CERTAINTIES = ("planned", "tentative", "not_before", "user")
DECISIONS = ("upgrade", "stay_until", "replace", "stop_by", "later")

FIELDS: dict[str, Field] = {
    f.name: f
    for f in (
        Field("use_case", "Use case", aliases=("uc", "usecase"), help="name of the use case", cheap=True),
        Field("key", "Key", help="provider/model@version", cheap=True),
        Field("model", "Model", help="model name", cheap=True),
        Field("provider", "Provider", help="who serves it", cheap=True),
        Field("version", "Version", help="the provider's version", cheap=True),
        Field("released", "Date", "date", ("date", "release_date", "created"), "released or created"),
        Field("since", "Since", "date", ("deployed",), "runs there since", cheap=True),
        Field("stage", "Stage", help="our stage", choices=("Staging", "Production", "Archived"), cheap=True),
        Field("share", "Share", "number", ("traffic",), "percent of the traffic", percent=True, cheap=True),
        Field("lifecycle", "Lifecycle", help="the provider's label on that day", choices=LIFECYCLES),
        Field("on_the_day", "On the day", aliases=("day",), help="what happens at retirement", choices=ON_THE_DAY),
        Field("retires", "Retires", "date", ("retirement", "retire", "announced"), "announced retirement"),
        Field("plan_for", "Plan for", "date", ("risk",), "earliest retirement that a standing source gives"),
        Field("certainty", "Certainty", help="how sure the date is", choices=CERTAINTIES),
        Field("days", "Days", "days", ("retires_in",), "days until it retires"),
        Field("deadline", "Deadline", "date", help="the day that the plan counts back from"),
        Field("start_by", "Start by", "date", ("start",), "last day to start the upgrade"),
        Field("start_in", "Start in", "days", ("slack",), "days until the upgrade must start; negative is late"),
        Field("finding", "Needs", "set", ("needs", "attention"), "what needs a decision: late, stopped, …"),
        Field("upgrade", "Upgrade", aliases=("upgrades",), help="target of its running upgrade"),
        Field("target", "Target", help="where it goes: by its upgrade, its platform or its provider's advice"),
        Field("decision", "Decision", help="the decision of a review in force", choices=DECISIONS),
        Field("headline", "Headline", "number", help="the headline metric's value"),
        Field("headline_metric", "Headline metric", help="which metric that is"),
        Field("speed", "Speed", "number", help="newest throughput"),
        Field("latency", "Latency", "number", help="newest latency"),
        Field("metric", "Metrics", "set", ("measured",), "names of the metrics measured"),
        Field("measurement", "Measurements", "number", ("measurements",), "how many there are"),
        Field("price_in", "Price in", "money", ("price", "price_input"), "USD per million input tokens"),
        Field("price_out", "Price out", "money", ("price_output",), "USD per million output tokens"),
        Field("cost", "Monthly cost", "money", ("monthly_cost",), "USD a month at the use case's volume"),
        Field("data", "Data", aliases=("dataset",), help="data version it was made from"),
        Field("repository", "Repository", aliases=("repo",), help="code it was made from"),
        Field("branch", "Branch", help="branch it was made from"),
        Field("commit", "Commit", help="commit it was made from"),
        Field("run", "Run", help="training or evaluation run"),
        Field("reproducible", "Reproducible", "number", help="parts of the lineage known, of 7"),
        Field("owner", "Owner", help="who owns the use case", cheap=True),
        Field("approver", "Approver", help="who approves its upgrades", cheap=True),
        Field("criticality", "Criticality", help="of the use case", choices=("low", "normal", "high"), cheap=True),
        Field("changes", "Changes", aliases=("notes",), help="what is new in this version"),
        Field("note", "Note", help="our own note"),
        Field("tag", "Tags", "set", ("tags",), "of the version, use case and deployment", cheap=True),
        Field("deployment", "Deployment", help="where it is served", cheap=True),
        Field("platform", "Platform", help="platform of the deployment", cheap=True),
        Field("region", "Region", help="region of the deployment", cheap=True),
        Field("sku", "SKU", aliases=("deployment_type",), help="deployment type", cheap=True),
        Field("own", "Ours", "flag", ("ours",), "a model that we host", cheap=True),
        Field("alias", "Alias", "flag", ("unpinned",), "a key that moves"),
        Field("registry", "Registry", help="registry that delivered it", cheap=True),
        Field("gone", "Gone since", "date", ("missing_since",), "since when its registry no longer lists it"),
        Field("kind", "Kind", help="chat, embedding, image, …"),
        Field("capability", "Capabilities", "set", ("capabilities", "can"), "tools, vision, reasoning, …"),
        Field("context", "Context", "number", ("context_window",), "context window in tokens"),
        Field("output", "Max output", "number", ("max_output", "max_output_tokens"), "output limit in tokens"),
        Field("replacement", "Replacement", help="what the provider suggests instead"),
        Field("open_weights", "Open weights", "flag", help="its weights are published"),
    )
}
"""Every field that ships, in the order in which columns are offered."""


def metric_field(name: str, title: str, money: bool = False) -> Field:
    """The field of a metric: its newest value for the row, in the metric's own unit."""
    return Field(name, title, "money" if money else "number", help="newest value of the metric", metric=True)


def spellings(fields: Iterable[Field]) -> dict[str, Field]:
    """Each name and alias in the spelling that `spelled` gives; what comes first wins."""
    fields = list(fields)
    found: dict[str, Field] = {}
    for field in fields:
        found.setdefault(spelled(field.name), field)
    for field in fields:
        for alias in field.aliases:
            found.setdefault(spelled(alias), field)
    return found


def spelled(name: str) -> str:
    """A field name without the differences that a person may type: case, and - or space for _."""
    return name.casefold().replace("-", "_").replace(" ", "_")


SPELLINGS: Mapping[str, Field] = spellings(FIELDS.values())


# ── literals ──────────────────────────────────────────────────────────────────────────────────────────────────────

_NUMBER = re.compile(r"([+-]?)\$?([0-9][0-9_,]*(?:\.[0-9]+)?|\.[0-9]+)(e[+-]?[0-9]{1,3})?\s*([kKmMbB%]?)\$?")
_DAYS = re.compile(r"([+-]?[0-9]{1,6})\s*([dwmy]?)", re.IGNORECASE)
_ISO = re.compile(r"([0-9]{4})(?:-([0-9]{1,2}))?(?:-([0-9]{1,2}))?")
_FACTOR = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "%": 0.01}
_LENGTH = {"": 1, "d": 1, "w": 7, "m": 30, "y": 365}
_YES = ("yes", "y", "true", "1", "on")
_NO = ("no", "n", "false", "0", "off")
_NAMED_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
FURTHEST_DAYS = 100 * 365


def literal(field: Field, text: str, today: date) -> Literals:
    """Read what stands behind a field: casefolded text, a number, a flag, or the first and last day meant.

    Raises:
        ValueError: a sentence that names the field and what it expects.
    """
    text = text.strip()
    try:
        if field.kind == "date":
            return _day_span(text, today)
        if field.kind == "days":
            return _days(text)
        if field.kind in ("number", "money"):
            return _number(text, field.percent)
        if field.kind == "flag":
            return _flag(text)
    except (ValueError, OverflowError):
        raise ValueError(f"'{text}' does not fit {field.name}: write {EXPECTED[field.kind]}") from None
    return text.casefold()


def _number(text: str, percent: bool) -> float:
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(text)
    sign, digits, exponent, unit = match.groups()
    factor = 1.0 if percent and unit == "%" else _FACTOR[unit.lower()]
    value = float(sign + digits.replace(",", "").replace("_", "") + (exponent or ""))
    # a percentage is divided, so that 80% is exactly what 0.8 is
    value = value / 100 if factor == 0.01 else value * factor
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _days(text: str) -> float:
    match = _DAYS.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return float(int(match[1]) * _LENGTH[match[2].lower()])


def _day_span(text: str, today: date) -> Span:
    iso = _ISO.fullmatch(text)
    if iso:
        year, month, day = (int(part) if part else 0 for part in iso.groups())
        if day:
            return (date(year, month, day),) * 2
        if month:
            return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
        return date(year, 1, 1), date(year, 12, 31)
    if text.casefold() in _NAMED_DAYS:
        return (_shift(today, _NAMED_DAYS[text.casefold()]),) * 2
    match = _DAYS.fullmatch(text)
    if match is None or not match[2]:
        raise ValueError(text)
    count, unit = int(match[1]), match[2].lower()
    if abs(count) * _LENGTH[unit] > FURTHEST_DAYS:
        raise ValueError(text)
    day_meant = _shift_months(today, count * (12 if unit == "y" else 1)) if unit in "my" else None
    return (day_meant or _shift(today, count * _LENGTH[unit]),) * 2


def _shift(day: date, days: int) -> date:
    return date.fromordinal(min(max(day.toordinal() + days, 1), date.max.toordinal()))


def _shift_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        return date.min if months < 0 else date.max
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _flag(text: str) -> bool:
    word = text.casefold()
    if word not in _YES + _NO:
        raise ValueError(text)
    return word in _YES


_DIGITS = re.compile(r"([0-9]+)")


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key in which v2 stands before v10, whatever the case."""
    parts = enumerate(_DIGITS.split(text.casefold()))
    numbers = ((i % 2, part.lstrip("0") if i % 2 else part) for i, part in parts)
    # digits compare by length first, which spares a conversion that Python refuses for very long ones
    return tuple((0, len(part), part) if digits else (1, 0, part) for digits, part in numbers if digits or part)
