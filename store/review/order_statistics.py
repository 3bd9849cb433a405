"""Is a quantile of B not worse than A's? Bounds by order statistics, without a word on how the values are spread.

Oriented as `statistics` is: a latency comes in negated, with the level mirrored (p95 → 0.05).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import lru_cache

from store.review.distributions import binomial_tail
from store.review.statistics import ALPHA, Z_POWER, Test, Z, decide

MOST_NEEDED = 1_000_000
"""Samples beyond which nobody is told how many would decide."""


def quantile_least_n(level: float) -> int:
    """The samples from which on a quantile has an upper bound at all: 59 for p95, 299 for p99."""
    return math.ceil(math.log(ALPHA) / math.log(max(level, 1 - level)))


@lru_cache(maxsize=1024)
def quantile_ranks(n: int, level: float) -> tuple[int | None, int | None]:
    """The ranks (from 1) of the order statistics that bound a quantile from below and from above; None: no bound."""

    def first(reached: Callable[[int], bool]) -> int:
        low, high = 1, n + 1
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if reached(middle) else (middle + 1, high)
        return low

    upper = first(lambda r: binomial_tail(r, n, level) <= ALPHA)
    lower = first(lambda r: binomial_tail(r, n, level) < 1 - ALPHA) - 1
    return lower or None, upper if upper <= n else None


def sample_quantile(ordered: Sequence[float], level: float) -> float:
    """The quantile of sorted values, interpolated between neighbours as common tools do."""
    place = level * (len(ordered) - 1)
    left = math.floor(place)
    right = min(left + 1, len(ordered) - 1)
    return ordered[left] + (place - left) * (ordered[right] - ordered[left])


def quantiles(a: Sequence[float], b: Sequence[float], level: float, margin: float, weight: float = 1) -> Test:
    """Order-statistic bounds of a quantile on each side, combined as g ± √(δ_A² + δ_B²).

    Oriented like everything here: a latency comes in negated, with the level mirrored (p95 → 0.05).
    """
    left, right = sorted(a), sorted(b)
    q_a, q_b = sample_quantile(left, level), sample_quantile(right, level)
    (low_a, high_a), (low_b, high_b) = quantile_ranks(len(a), level), quantile_ranks(len(b), level)
    gain = q_b - q_a
    low = high = None
    if high_a is not None and low_b is not None:
        low = gain - math.hypot(weight * (left[high_a - 1] - q_a), q_b - right[low_b - 1])
    if low_a is not None and high_b is not None:
        high = gain + math.hypot(weight * (q_a - left[low_a - 1]), right[high_b - 1] - q_b)
    least = quantile_least_n(level)
    if low is None and high is None:
        return Test("INCONCLUSIVE", gain, needed=least, note=f"needs n ≥ {least}")
    answer = decide(-math.inf if low is None else low, math.inf if high is None else high, margin)
    needed = least if low is None else _needed(left, right, level, margin, weight) if margin > 0 else None
    return Test(answer, gain, low, high, needed)


def _needed(left: Sequence[float], right: Sequence[float], level: float, margin: float, weight: float) -> int | None:
    """The samples per side that decide if B is truly equal, if more of them are spread as these are.

    Both the bound, about at the ranks that so many samples have, and the gain as low as power allows fit into the
    margin.
    """
    q_a, q_b = sample_quantile(left, level), sample_quantile(right, level)

    def reach(step: float) -> float:
        up, down = min(1.0, level + step), max(0.0, level - step)
        return math.hypot(weight * (sample_quantile(left, up) - q_a), q_b - sample_quantile(right, down))

    def decides(n: int) -> bool:
        sd = math.sqrt(level * (1 - level) / n)
        return reach(Z * sd + 1 / n) + reach(Z_POWER * sd) <= margin

    enough = quantile_least_n(level)
    while not decides(enough):
        enough *= 2
        if enough > MOST_NEEDED:
            return None
    return bisect_left(range(enough), True, lo=max(quantile_least_n(level), enough // 2), key=decides)
