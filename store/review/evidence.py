"""Which test fits two measurements, what it finds, and how an amount reads (DECISIONS 5).

Per-item results of the same items give a paired test, counts or spreads an independent one; a bare figure proves
nothing. Items count only where they average to the reported figure: a corpus score or an F1 of 0/1 items does not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from store.records import Criterion, Measurement, Metric, MetricKind
from store.review import statistics as tests
from store.review.order_statistics import quantile_ranks, quantiles
from store.review.statistics import Test
from store.values import dataclass

ABSOLUTE_DEFAULT: dict[MetricKind, float] = {"rate": 0.02}
RELATIVE_DEFAULT: dict[MetricKind, float] = {"mean": 0.05, "money": 0.05, "quantile": 0.10}
_LEVEL = re.compile(r"(?:^|[^a-z0-9])p(\d{1,2}(?:\.\d+)?)(?:$|[^a-z0-9.])")


@dataclass(frozen=True, slots=True)
class Margin:
    """How much may be lost: `amount` in the metric's unit; `share` of the baseline where it was given as one."""

    amount: float
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A test's answer, or PASS_UNPROVEN/FAIL of bare figures (`proven` False). `n` is the smaller sample."""

    answer: str
    test: Test
    n: int | None = None
    proven: bool = True


def margin_for(criterion: Criterion, metric: Metric, baseline: float) -> Margin | str:
    """The one margin of a metric: a share of |baseline| or an amount, the default of its kind where none is given.

    A share of a baseline of zero is nothing, so there the amount counts if the criterion has one. Returns a sentence
    where the criterion is wrong or has no margin.
    """
    for value in (criterion.margin, criterion.relative):
        if value is not None and (not math.isfinite(value) or value < 0):
            return f"the margin {value:g} is not a number from 0 up: correct the policy"
    amount, share = criterion.margin, criterion.relative
    if amount is None and share is None:
        amount, share = ABSOLUTE_DEFAULT.get(metric.kind), RELATIVE_DEFAULT.get(metric.kind)
    if share is not None and (baseline != 0 or amount is None):
        return Margin(share * abs(baseline), share)
    if amount is None:
        return f"no margin is set and kind '{metric.kind}' has no default: say in the policy how much may be lost"
    return Margin(amount)


def impossible(metric: Metric, m: Measurement) -> str:
    """Why a figure cannot be judged at all, empty where it can."""
    if not math.isfinite(m.value):
        return f"{m.version} reports {m.value}"
    if metric.kind == "rate" and not 0 <= m.value <= 1:
        return f"{m.version} has {m.value:g}, a rate lies between 0 and 1"
    odd = sum(1 for value in m.items.values() if not math.isfinite(value))
    return f"{odd:,} of {len(m.items):,} item results of {m.version} are no numbers" if odd else ""


def different_items(a: Measurement, b: Measurement) -> str:
    """Why two sets of item results cannot be paired, empty where they can or where one has none."""
    if not a.items or not b.items or a.items.keys() == b.items.keys():
        return ""
    common = len(a.items.keys() & b.items.keys())
    share = "no item is" if not common else f"{common:,} of {len(a.items):,} and {len(b.items):,} items are"
    return f"{a.version} and {b.version} were measured on different items: {share} common to both"


def not_worse(
    metric: Metric, a: Measurement, b: Measurement, margin: Margin, progress: Callable[[float], None] | None = None
) -> Finding:
    """Test that B is not worse than A by more than the margin. The metric has a direction, the figures are possible."""
    sign = 1 if metric.direction == "up" else -1
    weight = 1.0
    if margin.share is not None:
        weight -= margin.share * math.copysign(1, a.value * sign)
    if metric.kind == "quantile":
        return _quantile(metric, a, b, margin, sign, weight)
    if (samples := _paired(metric, a, b)) is not None:
        return _paired_finding(metric, *samples, margin, sign, weight, progress)
    if a.n and b.n and metric.kind == "rate":
        left, right = (a.value, b.value) if sign > 0 else (1 - a.value, 1 - b.value)
        return _found(tests.independent_rates(left, a.n, right, b.n, margin.amount, weight), min(a.n, b.n))
    if a.n and b.n and a.sd is not None and b.sd is not None and metric.kind in ("mean", "money"):
        test = tests.means(sign * a.value, a.sd, a.n, sign * b.value, b.sd, b.n, margin.amount, weight)
        return _found(test, min(a.n, b.n))
    return unproven(metric, a, b, margin, _lacking(metric, a, b))


def unproven(metric: Metric, a: Measurement, b: Measurement, margin: Margin, why: str) -> Finding:
    """Compare bare figures: within the margin is PASS_UNPROVEN at most."""
    gain = (b.value - a.value) * (1 if metric.direction == "up" else -1)
    slack = 1e-12 * max(abs(a.value), abs(b.value), margin.amount)
    n = min(a.n, b.n) if a.n and b.n else None
    answer = "PASS_UNPROVEN" if gain >= -margin.amount - slack else "FAIL"
    return Finding(answer, Test("INCONCLUSIVE", gain, note=why), n, proven=False)


def _found(test: Test, n: int) -> Finding:
    return Finding(test.answer, test, n)


def _lacking(metric: Metric, a: Measurement, b: Measurement) -> str:
    if metric.kind not in ("rate", "mean", "money", "quantile"):
        return "needs per-item results that average to the score"
    if not (a.n and b.n):
        return "no number of items on both sides"
    return "no spread on both sides"


def _paired(metric: Metric, a: Measurement, b: Measurement) -> tuple[list[float], list[float]] | None:
    """The results of both in the same order, if they are of the same items and average to the reported figures."""
    if not a.items or a.items.keys() != b.items.keys() or not (_averages(metric, a) and _averages(metric, b)):
        return None
    ids = sorted(a.items)
    return [a.items[i] for i in ids], [b.items[i] for i in ids]


def _averages(metric: Metric, m: Measurement) -> bool:
    mean = math.fsum(m.items.values()) / len(m.items)
    room = 0.005 if metric.kind == "rate" else 0.005 * abs(m.value) if metric.kind in ("mean", "money") else 0
    return abs(mean - m.value) <= max(room, 1e-4 * abs(m.value), 1e-12)


def _paired_finding(
    metric: Metric,
    a: list[float],
    b: list[float],
    margin: Margin,
    sign: int,
    weight: float,
    progress: Callable[[float], None] | None,
) -> Finding:
    n = len(a)
    if metric.kind == "rate" and all(v in (0, 1) for v in (*a, *b)):
        gains = [sign * (y - x) for x, y in zip(a, b, strict=True)]
        return _found(tests.paired_binary(n, gains.count(-1), gains.count(1), margin.amount), n)
    left, right = [sign * x for x in a], [sign * y for y in b]
    if metric.kind in ("rate", "mean", "money"):
        return _found(tests.paired_means(left, right, margin.amount, weight), n)

    def average(values: Sequence[float]) -> float:
        return math.fsum(values) / n

    return _found(tests.paired_bootstrap(left, right, average, margin.amount, weight, progress), n)


def quantile_level(metric: Metric, m: Measurement) -> float | None:
    """The level of a quantile as its statistic or its metric's name says it (p95, median); None where neither does."""
    for text in (m.statistic.lower(), metric.name.lower().replace("_", " ")):
        if "median" in text:
            return 0.5
        if found := _LEVEL.search(text):
            return float(found[1]) / 100
    return None


def _quantile(metric: Metric, a: Measurement, b: Measurement, margin: Margin, sign: int, weight: float) -> Finding:
    level = quantile_level(metric, a)
    if not a.items or not b.items:
        return unproven(metric, a, b, margin, "no samples on both sides")
    if level is None:
        return unproven(metric, a, b, margin, "which quantile it is was not recorded")
    left, right = ([sign * v for v in m.items.values()] for m in (a, b))
    test = quantiles(left, right, level if sign > 0 else 1 - level, margin.amount, weight)
    return _found(test, min(len(left), len(right)))


def limits(metric: Metric, m: Measurement) -> tuple[float, float] | None:
    """One-sided 95 % limits of a single figure, None where it carries no evidence of its own."""
    n, values = m.n, list(m.items.values())
    if metric.kind == "rate" and not (values and any(v not in (0, 1) for v in values)):
        n = len(values) or n
        return tests.clopper_pearson(round(m.value * n, 9), n) if n else None
    if metric.kind == "quantile":
        level = quantile_level(metric, m)
        if not values or level is None:
            return None
        values.sort()
        low, high = quantile_ranks(len(values), level)
        return -math.inf if low is None else values[low - 1], math.inf if high is None else values[high - 1]
    if len(values) > 1 and _averages(metric, m):
        return tests.mean_limits(m.value, tests.deviation(values), len(values))
    if metric.kind in ("mean", "money") and n and m.sd is not None:
        return tests.mean_limits(m.value, m.sd, n)
    return None


# ── words ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def called(metric: Metric) -> str:
    """A metric's title inside a sentence."""
    title = metric.title or metric.name
    return title[0].lower() + title[1:] if title[1:2].islower() else title


def amount(value: float, metric: Metric) -> str:
    """A value in the metric's unit, such as `87.4 %`, `820 ms` or `$1,240`."""
    text = _digits(abs(value * metric.scale), 1 if metric.unit == "%" else None)
    sign = "−" if value < 0 else ""
    if metric.unit.startswith("USD"):
        return f"{sign}${text}"
    return f"{sign}{text} {metric.unit}".rstrip()


def difference(value: float, metric: Metric) -> str:
    """A signed difference; of rates in percentage points, such as `−1.5 pp`."""
    points = metric.unit == "%" or metric.kind == "rate"
    shown = value * (100 if metric.kind == "rate" else metric.scale)
    text = _digits(abs(shown), 1 if points else None)
    sign = "±" if shown == 0 else "−" if shown < 0 else "+"
    if metric.unit.startswith("USD"):
        return f"{sign}${text}"
    return f"{sign}{text} {'pp' if points else metric.unit}".rstrip()


def about(n: int) -> str:
    """A number of items to two digits: 1,502 reads 1,500."""
    return f"{round(n, 2 - len(str(n))):,}"


def _digits(value: float, decimals: int | None) -> str:
    if value == 0:
        return "0"
    if decimals is not None and value >= 0.095:
        return f"{value:,.{decimals}f}"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value >= 1e-4 else f"{value:.1e}"
