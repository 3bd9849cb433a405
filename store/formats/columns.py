"""The columns that an import knows, and how a cell becomes a value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Literal

from store.formats.grids import NOTHING
from store.records import STAGES, Key, first_day
from store.review.comparison import PRICES
from store.values import dataclass

Target = Literal[
    "key", "fact", "lineage", "version", "use_case", "assignment", "deployment", "measurement", "metric", "part", "date"
]


PARTS = ("provider", "model", "version")
"""What a key is made of; columns of them count where there is no column `key`."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: which record it fills, which field, and how a cell is read."""

    target: Target
    field: str
    read: Callable[[str], Any]


def key(text: str) -> str:
    """A key."""
    return str(Key.parse(text))


_NUMBER = re.compile(r"([+-]?)\$?(\d[\d,]*(?:\.\d+)?|\.\d+)(e[+-]?\d{1,3})?\s*(%?)", re.IGNORECASE)
_GROUPED = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?|\d+(\.\d+)?|\.\d+")


def number(text: str) -> float:
    """A number with a decimal point: 2.5, 1,000, $2.50, 87%.

    Raises:
        ValueError: with a sentence.
    """
    match = _NUMBER.fullmatch(text.strip())
    if match is None or not _GROUPED.fullmatch(match[2]):
        raise ValueError("this is not a number; write it with a decimal point, such as 0.87")
    from decimal import Decimal

    value = Decimal(match[1] + match[2].replace(",", "") + (match[3] or ""))
    # a decimal division, so that 87.4% is exactly what 0.874 is
    return float(value / 100 if match[4] else value)


def plain_number(text: str) -> float:
    """A number that is no percentage."""
    if "%" in text:
        raise ValueError("this is no rate; write its value without %")
    return number(text)


def whole(text: str) -> int:
    """A whole number."""
    value = number(text)
    if value != int(value):
        raise ValueError("this is not a whole number")
    return int(value)


def day(text: str) -> date:
    """A day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("this is not a date; write it as 2026-12-09") from None


def partial_day(text: str) -> str:
    """A day, month or year, as it stands."""
    try:
        first_day(text)
    except ValueError:
        raise ValueError("this is not a date; write it as 2026-12-09 or 2026-12") from None
    return text


_CERTAIN = re.compile(r"(no earlier than|not before|not earlier than|earliest|after|≥|>=)\s*", re.IGNORECASE)
_DAYS = ("%B %d, %Y", "%b %d, %Y", "%B %d %Y", "%d %B %Y", "%d %b %Y", "%Y/%m/%d")
_MONTHS = ("%B %Y", "%b %Y", "%Y-%m")


def published(text: str) -> tuple[date, str] | None:
    """A published date with its certainty, as retirement pages write it; None where they say that there is none.

    A month alone, and what is not to happen earlier, is `not_before` its first day.

    Raises:
        ValueError: with a sentence.
    """
    from datetime import datetime

    words = re.sub(r"(?<=\d)(st|nd|rd|th)\b", "", text.strip())
    if words.casefold() in NOTHING:
        return None
    tentative = re.search(r"\(?\btentative(ly)?\b\)?", words, re.IGNORECASE)
    words = re.sub(r"\(?\btentative(ly)?\b\)?", "", words, flags=re.IGNORECASE).strip(" ,;.")
    bound = _CERTAIN.match(words)
    words = words[bound.end() :] if bound else words
    certainty = "not_before" if bound else "tentative" if tentative else "planned"
    try:
        return date.fromisoformat(words), certainty
    except ValueError:
        pass  # not ISO: one of the ways below
    for form in (*_DAYS, *_MONTHS):
        try:
            found = datetime.strptime(words.replace("Sept ", "Sep "), form).date()
        except ValueError:
            continue
        return found, "not_before" if form in _MONTHS else certainty
    raise ValueError("this is not a date; write it as 2026-12-09 or December 9, 2026")


def part(text: str) -> str:
    """A part of a key."""
    return text.strip().strip("`")


def flag(text: str) -> bool:
    """Yes or no."""
    word = text.casefold()
    if word not in ("yes", "no", "true", "false", "1", "0"):
        raise ValueError("write yes or no")
    return word in ("yes", "true", "1")


def stage(text: str) -> str:
    """A stage; the shipped ones in any case of letters."""
    return next((name for name in STAGES if name.casefold() == text.casefold()), text)


def share(text: str) -> float:
    """Percent of the traffic: 30, 30% and 30 % are the same."""
    return number(text.rstrip("% "))


def words(text: str) -> tuple[str, ...]:
    """Several words between ; or |."""
    return tuple(dict.fromkeys(word.strip() for word in re.split(r"[;|]", text) if word.strip()))


def _columns() -> Mapping[str, Column]:
    found: dict[str, Column] = {"key": Column("key", "key", key)}
    numeric = ("context_window", "max_input_tokens", "max_output_tokens", "embedding_dimensions")
    for name in (*(name for name, _ in PRICES), *numeric):
        found[name] = Column("fact", name, number)
    for name in ("kind", "lifecycle_label", "knowledge_cutoff", "replacement", "publisher"):
        found[name] = Column("fact", name, str)
    for name in ("capabilities", "modalities_in", "modalities_out"):
        found[name] = Column("fact", name, words)
    for name in PARTS:
        found[name] = Column("part", name, part)
    found |= {"retires": Column("date", "retire", published), "deprecated": Column("date", "deprecate", published)}
    found["released"] = Column("fact", "release_date", partial_day)
    for name in ("data", "data_hash", "repository", "branch", "commit", "seed", "environment", "artifact"):
        found[name] = Column("lineage", name, str)
    for name in ("changes", "note"):
        found[name] = Column("version", name, str)
    found |= {"own": Column("version", "own", flag), "tags": Column("version", "tags", words)}
    for name in ("use_case", "title", "owner", "approver", "criticality"):
        found[name] = Column("use_case", "name" if name == "use_case" else name, str)
    for name in ("calls_per_month", "tokens_in", "tokens_out", "cached_share"):
        found[name] = Column("use_case", name, number)
    found |= {
        "stage": Column("assignment", "stage", stage),
        "share": Column("assignment", "share", share),
        "since": Column("assignment", "since", day),
        "prompt": Column("assignment", "prompt", str),
        "prompt_hash": Column("assignment", "prompt_hash", str),
        "deployment": Column("deployment", "name", str),
        "units": Column("deployment", "units", number),
        "unit_hour": Column("deployment", "unit_hour", number),
        "unit_month": Column("deployment", "unit_month", number),
        "fine_tuned": Column("deployment", "fine_tuned", flag),
    }
    for name in ("platform", "region", "sku", "upgrade_option"):
        found[name] = Column("deployment", name, str)
    for name in ("dataset", "dataset_hash", "variant", "harness", "statistic", "slice", "period", "run", "source"):
        found[name] = Column("measurement", name, str)
    found |= {
        "metric": Column("measurement", "metric", str),
        "value": Column("measurement", "value", number),
        "n": Column("measurement", "n", whole),
        "sd": Column("measurement", "sd", number),
        "measured_on": Column("measurement", "measured_on", day),
    }
    return found


COLUMNS = _columns()
"""Every column by its name; beside these, the name of a metric is the column of its values."""

ALIASES: Mapping[str, str] = {
    "price_in": "price_input", "price_out": "price_output", "context": "context_window",
    "output": "max_output_tokens", "date": "released", "release_date": "released", "created": "released",
    "usecase": "use_case", "uc": "use_case", "repo": "repository", "env": "environment", "notes": "changes",
    "deployment_type": "sku", "tag": "tags", "traffic": "share", "deployed": "since",
    "retirement_date": "retires", "retirement": "retires", "retires_on": "retires", "shutdown_date": "retires",
    "shutdown": "retires", "retired": "retires", "deprecation_date": "deprecated", "deprecation": "deprecated",
    "model_name": "model", "model_id": "model", "models": "model", "model_version": "version",
    "replacement_model": "replacement", "recommended_replacement": "replacement", "replaced_by": "replacement",
    "suggested_replacement": "replacement", "suggested_replacement_model": "replacement", "launch_date": "released",
    "lifecycle": "lifecycle_label", "lifecycle_status": "lifecycle_label", "status": "lifecycle_label",
}  # fmt: skip
