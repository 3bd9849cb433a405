"""How numbers, money and dates read, everywhere; import them from `tui.text`, which adds the words.

Every function here is pure: a value goes in, `Styled` comes out – the plain text and the name of what it means
(`good`, `warn`, `bad`, `dim`…), never a colour. Screens turn the name into a theme's colour, the command line drops it
with `plain`. The text alone says everything; the style only repeats it.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias, TypeGuard, get_args

if TYPE_CHECKING:
    from store.records import Direction

Style = Literal["", "good", "warn", "bad", "dim", "accent", "key", "strong"]
STYLES: tuple[Style, ...] = get_args(Style)


class Styled(NamedTuple):
    """A piece of text and what it means. `text` holds no control characters."""

    text: str
    style: Style = ""


Cell: TypeAlias = str | Styled | Sequence[Styled]
"""What stands in one place of a table or line: one text, one styled text, or a list of styled pieces."""

MISSING = Styled("—", "dim")
"""A value that is not known: never 0, blank or n/a."""
NONE = Styled("–", "dim")
"""A value that does not apply."""

MINUS = "−"
SOON_DAYS = 14  # a start-by date this near asks for attention (DECISIONS 4a, "due in 14 d")
NEAR_DAYS = 67  # the plan's whole length (DECISIONS 3): a retirement nearer than that deserves an eye
CELL_LIMIT = 10_000  # characters of one cell; a hostile value must not cost more than a screenful

# ── characters ────────────────────────────────────────────────────────────────────────────────────────────────────


def clean(text: str) -> str:
    """Make outside text safe to show on one line.

    Terminal escape sequences, control characters, bidirectional and other invisible format marks, surrogates and
    variation selectors go; line breaks, tabs and every kind of space become one space. Markup is left as it is:
    nothing here interprets it.
    """
    if text.isascii() and text.isprintable():
        return text[:CELL_LIMIT]
    return "".join(map(_safe, _ESCAPES.sub("", text[:CELL_LIMIT])))


_ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[@-Z\\-_])|\x9b[0-?]*[ -/]*[@-~]")


@lru_cache(4096)
def _safe(char: str) -> str:
    category = unicodedata.category(char)
    if char in "\t\n\r\v\f\x85" or category in ("Zs", "Zl", "Zp"):
        return " "
    invisible = category in ("Cc", "Cf", "Cs") or 0xFE00 <= ord(char) <= 0xFE0F or 0xE0100 <= ord(char) <= 0xE01EF
    return "" if invisible else char


def pieces(cell: Cell) -> Sequence[Styled]:
    """A cell as a list of styled pieces, uncleaned."""
    if isinstance(cell, Styled):
        return (cell,)
    if isinstance(cell, str):
        return (Styled(cell),)
    return cell


def plain(cell: Cell) -> str:
    """The text of a cell, cleaned, without its meaning: for the command line, files and copies."""
    return clean("".join(text for text, _ in pieces(cell)))


def joined(parts: Iterable[Cell], separator: str = " · ") -> list[Styled]:
    """Several cells as one, with a dim separator between those that are not empty."""
    line: list[Styled] = []
    for part in parts:
        if not plain(part):
            continue
        if line:
            line.append(Styled(separator, "dim"))
        line.extend(pieces(part))
    return line


# ── numbers ───────────────────────────────────────────────────────────────────────────────────────────────────────


def number(value: float | None, digits: int | None = None) -> Styled:
    """A number: `128,000`, `4.25`, `0.874`. Without `digits`, as many as tell something (three figures)."""
    if not _known(value):
        return MISSING
    return Styled(_signed(value, _figures(abs(value), digits)))


def percent(share: float | None, digits: int | None = None) -> Styled:
    """A share of 1 in percent: `70 %`, `1.5 %`."""
    if not _known(share):
        return MISSING
    value = abs(share) * 100
    if not math.isfinite(value):
        return MISSING
    if digits is None:
        digits = 0 if abs(value - round(value)) < 0.05 else 1
    return Styled(_signed(share, f"{_figures(value, digits)} %"))


def change(share: float | None) -> Styled:
    """A relative change with its sign, in percent: `+12 %`, `−3.5 %`. It judges nothing: see `delta`."""
    text, style = percent(share)
    return Styled(f"+{text}" if _known(share) and share > 0 else text, style)


def factor(value: float | None) -> Styled:
    """How many times: `× 1.5`."""
    return Styled(f"× {_signed(value, _figures(abs(value)))}") if _known(value) else MISSING


class Measure(Protocol):
    """How a value reads: a `store.records.Metric`, or a row of a comparison."""

    @property
    def unit(self) -> str:
        """The unit of the displayed value: `%`, `ms`, `USD/month`."""

    @property
    def scale(self) -> float:
        """What the stored value is multiplied by for display."""

    @property
    def format(self) -> str:
        """A number format such as `.3f`, or nothing."""

    @property
    def direction(self) -> Direction:
        """Which way is better."""


def value(v: float | None, metric: Measure, *, unit: bool = True) -> Styled:
    """A measurement as its metric shows it: `87.4 %`, `820 ms`, `$0.0034`; no unit where a heading names it."""
    if v is None:
        return MISSING
    shown = v * metric.scale
    if not math.isfinite(shown):
        return measured(shown)
    return Styled(_signed(shown, _in_unit(abs(shown), metric, unit)))


def measured(v: float) -> Styled:
    """A measurement of a metric that nobody defined; what came out as no number is not the same as none: `NaN`, `∞`."""
    if math.isnan(v):
        return Styled("NaN", "warn")
    return number(v) if math.isfinite(v) else Styled(_signed(v, "∞"), "warn")


def _in_unit(magnitude: float, metric: Measure, unit: bool, name: str | None = None) -> str:
    """A displayed magnitude with its unit; dollars before the number, as money reads."""
    name = clean(metric.unit) if name is None else name
    if magnitude < 1e15 and _FORMAT.fullmatch(metric.format):
        figures = format(magnitude, metric.format)
    elif name.startswith("USD"):
        figures = _dollars(magnitude).removeprefix("$")
    else:
        figures = _figures(magnitude, 1 if metric.unit == "%" and magnitude >= 0.05 else None)
    if name.startswith("USD"):
        per = name.removeprefix("USD").strip().replace("/month", "/mo")
        return f"${figures}" + (f" {per}" if unit and per else "")
    return f"{figures} {name}" if unit and name else figures


_FORMAT = re.compile(r",?\.\d[fge]|,?[fge]|,")


def delta(
    difference: float | None,
    direction: Direction = "none",
    unit: str = "",
    scale: float = 1,
    *,
    digits: int | None = None,
) -> Styled:
    """A difference: `▼ 180 ms +`, `▲ 90 ms −`, `▼ 1.5 pp −`, `= 0`.

    The arrow is the way of the number; the sign at the end says better (+) or worse (−) for the metric's direction,
    nothing where it has none. `difference` is B − A in the metric's own unit, `scale` multiplies it for display.
    """
    if not _known(difference) or not math.isfinite(difference * scale):
        return MISSING
    shown = difference * scale
    return _judged(shown, _figures(abs(shown), digits) + (f" {clean(unit)}" if unit else ""), direction)


def metric_delta(difference: float | None, metric: Measure, *, unit: bool = True) -> Styled:
    """A difference of a metric in its own unit; percentages differ by percentage points: `▼ 1.5 pp −`."""
    if not _known(difference) or not math.isfinite(difference * metric.scale):
        return MISSING
    magnitude = abs(difference * metric.scale)
    return _judged(
        difference, _in_unit(magnitude, metric, unit, "pp" if metric.unit == "%" else None), metric.direction
    )


def _judged(difference: float, body: str, direction: Direction) -> Styled:
    if difference == 0:
        return Styled("= 0")
    body = f"{'▲' if difference > 0 else '▼'} {body}"
    if direction == "none":
        return Styled(body)
    better = (difference > 0) == (direction == "up")
    return Styled(f"{body} +", "good") if better else Styled(f"{body} {MINUS}", "bad")


def _known(v: float | None) -> TypeGuard[float]:
    return v is not None and math.isfinite(v)


def _signed(v: float, magnitude: str) -> str:
    return f"{MINUS}{magnitude}" if v < 0 and magnitude.strip("0.,% ") else magnitude


def _figures(v: float, digits: int | None = None) -> str:
    """A magnitude in thousands groups: three telling figures, no zeros that say nothing."""
    if v >= 1e15:
        return f"{v:.2e}"
    if digits is not None:
        return f"{v:,.{digits}f}"
    if 0 < v < 1e-6:
        return f"{v:.2e}"
    if v >= 100 or v == 0:
        return f"{v:,.0f}"
    places = 2 - math.floor(math.log10(v))
    return f"{v:.{places}f}".rstrip("0").rstrip(".")


# ── money ─────────────────────────────────────────────────────────────────────────────────────────────────────────

Per = Literal["", "1M", "mo", "h", "call", "1k"]
_PER: Mapping[Per, str] = {"": "", "1M": " / 1M", "mo": " /mo", "h": " /h", "call": " / call", "1k": " / 1k"}


def money(amount: float | None, per: Per = "") -> Styled:
    """USD: `$2.50 / 1M` (tokens), `$1,240 /mo`. Small prices keep the figures that tell them apart."""
    if not _known(amount):
        return MISSING
    return Styled(_signed(amount, _dollars(abs(amount))) + _PER[per])


def money_range(low: float | None, high: float | None, per: Per = "") -> Styled:
    """A range of USD: `$1.1k–1.6k /mo`; one amount where both ends read the same; unknown where one end is."""
    if not _known(low) or not _known(high):
        return MISSING
    low, high = min(low, high), max(low, high)
    first, last = (_signed(end, _dollars(abs(end), short=high >= 1000)) for end in (low, high))
    if first == last:
        return money(high, per)
    return Styled(f"{first}–{last.replace('$', '')}{_PER[per]}")


def _dollars(amount: float, *, short: bool = False) -> str:
    if amount >= 1e15:
        return f"${amount:.2e}"
    if short and amount >= 999.5:
        return f"${_thousands(amount)}"
    if amount >= 100:
        return f"${amount:,.0f}"
    if amount >= 0.995 or amount == 0:
        return "$0" if amount == 0 else f"${amount:.2f}"
    if amount < 1e-6:
        return f"${amount:.1e}"
    return f"${amount:.{max(2, 1 - math.floor(math.log10(amount)))}f}"


def _thousands(amount: float) -> str:
    unit, name = next(((u, n) for u, n in ((1e9, "B"), (1e6, "M"), (1e3, "k")) if amount >= u * 0.9995), (1e3, "k"))
    scaled = amount / unit
    return f"{scaled:.1f}{name}" if scaled < 99.95 else f"{scaled:,.0f}{name}"


# ── time ──────────────────────────────────────────────────────────────────────────────────────────────────────────

Certainty = Literal["planned", "tentative", "not_before", "user"]
_CERTAINTY: Mapping[str, str] = {"planned": "", "user": "", "tentative": "~", "not_before": "≥"}


def day(when: date | None, today: date | None = None) -> Styled:
    """A date: `9 Dec 2026`; with `today`, the column form: `9 Dec` where it lies so near that no year can be meant
    but one (from 90 days ago to 270 days ahead)."""
    if when is None:
        return MISSING
    near = today is not None and timedelta(-90) < when - today < timedelta(270)
    return Styled(f"{when.day} {_MONTHS[when.month - 1]}" + ("" if near else f" {when.year}"))


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def days(count: int | None) -> Styled:
    """A number of days: `16 d`."""
    return MISSING if count is None else Styled(_signed(count, f"{abs(count):,} d"))


def distance(when: date | None, today: date) -> Styled:
    """How far a date lies: `16 d`, `today`, `4 d ago`."""
    if when is None:
        return MISSING
    ahead = (when - today).days
    return Styled("today" if ahead == 0 else f"{ahead:,} d" if ahead > 0 else f"{-ahead:,} d ago")


def retirement(when: date | None, today: date, certainty: Certainty = "planned", *, column: bool = False) -> Styled:
    """A retirement date with its certainty: `9 Dec 2026 · 16 d`, `~ 9 Dec 2026 · 16 d`, `≥ 17 Jun · passed, no date`.

    `~` stands before a tentative date, `≥` before a not-before date; once passed, those say nothing any more
    (DECISIONS 1). `column` leaves out the year where it goes without saying: `9 Dec · 16 d`, `≥ 17 Jun · passed`.
    """
    if when is None:
        return MISSING
    mark = _CERTAINTY[certainty]
    shown = f"{mark} " if mark else ""
    shown += day(when, today if column else None).text
    if mark and when <= today:
        return Styled(f"{shown} · passed" if column else f"{shown} · passed, no date", "warn")
    style: Style = "bad" if when <= today else "warn" if (when - today).days <= NEAR_DAYS else ""
    return Styled(f"{shown} · {distance(when, today).text}", style)


def moved(by_days: int | None) -> Styled:
    """How far a date moved: `moved ▸ +195 d`; an earlier date is bad news."""
    if not by_days:
        return NONE
    return Styled(f"moved ▸ +{by_days:,} d") if by_days > 0 else Styled(f"moved ◂ {MINUS}{-by_days:,} d", "bad")


def start_by(
    when: date | None,
    start_in: int | None,
    today: date,
    *,
    squeezed: tuple[int, int] | None = None,
    stay_until: date | None = None,
    column: bool = False,
) -> Styled:
    """When work must start: `3 Oct · 51 d late`, `today`, `34 d`, `squeezed 30 of 67 d`, `stay until 1 Feb`, `–`.

    `start_in` is start-by minus today in days (DECISIONS 3), `squeezed` the days left of the days needed where the
    target came too late, `stay_until` the day of a decision that takes the row off "late". `column` leaves out the
    date of a late start: `51 d late`.
    """
    if stay_until is not None:
        return Styled(f"stay until {day(stay_until, today).text}")
    if squeezed is not None:
        return Styled(f"squeezed {squeezed[0]} of {squeezed[1]} d", "warn")
    if when is None or start_in is None:
        return NONE
    if start_in < 0:
        late = f"{-start_in:,} d late"
        return Styled(late if column else f"{day(when, today).text} · {late}", "bad")
    return Styled("today" if start_in == 0 else f"{start_in:,} d", "warn" if start_in <= SOON_DAYS else "")


def age(count: int | None, limit: int | None = None) -> Styled:
    """How old knowledge is: `11 d old`, amber past its limit in days; never hidden."""
    if count is None:
        return Styled("age unknown", "warn")
    if count <= 0:
        return Styled("today", "dim")
    return Styled(f"{count:,} d old", "warn" if limit is not None and count > limit else "dim")


def duration(seconds: float | None) -> Styled:
    """A span of time: `820 ms`, `2.4 s`, `3 min`, `2 h 5 min`."""
    if not _known(seconds) or seconds < 0:
        return MISSING
    if seconds < 0.9995:
        return Styled(f"{_figures(seconds * 1000)} ms")
    if seconds < 59.95:
        return Styled(f"{seconds:.1f}".removesuffix(".0") + " s")
    if seconds >= 100 * 86400:
        return Styled(f"{_figures(seconds / 86400)} d")
    minutes = round(seconds / 60)
    if minutes < 60:
        return Styled(f"{minutes} min")
    return Styled(f"{minutes // 60:,} h" + (f" {minutes % 60} min" if minutes % 60 else ""))
