"""Is B not worse than A by more than a margin? One-sided tests and bounds (DECISIONS 5), standard library only.

Everything here is *oriented*: higher is better, the gain is g = B − A, and a test answers PASS when g is surely above
−margin, FAIL when it is surely below, else INCONCLUSIVE with the sample size that would decide if B is truly equal.
α = 0.05 on each side, power 0.8.

A margin that is a share of A moves with A, which is measured too. Such a test has `weight` w ≠ 1 and looks at
b − w·a; its bounds are given as bounds of g. The rates of two arms and the discordant pairs of one arm are so few in
small samples that the normal approximation behind Newcombe's and Tango's rules errs in up to 10 % of the cases; there
the exact unconditional error of the rule must be at most α too.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Literal, TypeAlias, TypeVar

from store.review.distributions import (
    beta_quantile,
    binomial_pmf,
    binomial_tail,
    normal_cdf,
    normal_quantile,
    root,
    student_quantile,
)
from store.values import dataclass

ALPHA = 0.05
POWER = 0.8
Z = normal_quantile(1 - ALPHA)
Z_POWER = normal_quantile(POWER)
RESAMPLES = 2000
SEED = 20_261_123
MIN_BOOTSTRAP = 20
_DRAWS_UNTOLD = 40_000
"""Items drawn between two words about the progress: some hundredths of a second."""
_EXACT_BELOW = 40
"""Expected discordant pairs at the margin, from which on Tango's rule keeps its error below 5.3 % by itself."""
_EXACT_ARM = 400
"""Items in the smaller arm, up to which Newcombe's rule is checked exactly."""

Answer: TypeAlias = Literal["PASS", "FAIL", "INCONCLUSIVE"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Test:
    """What a test found. `low` and `high` are one-sided 95 % bounds of the gain, None where there are none.

    `needed` is the n (per arm) that would decide if B is truly equal; `p` an exact p-value shown beside; `note` says
    why there is no answer where it is not simply that the sample is small.
    """

    answer: Answer
    gain: float
    low: float | None = None
    high: float | None = None
    needed: int | None = None
    p: float | None = None
    note: str = ""

    __test__ = False


def decide(low: float, high: float, margin: float) -> Answer:
    """PASS where the lower bound lies above −margin, FAIL where the upper one lies below it."""
    return "PASS" if low > -margin else "FAIL" if high < -margin else "INCONCLUSIVE"


def whole(n: float) -> int | None:
    """The number of items, rounded up; None where none would do."""
    return math.ceil(n) if math.isfinite(n) else None


# ── paired yes or no ──────────────────────────────────────────────────────────────────────────────────────────────


def _tango_q(n: float, b: float, c: float, d: float) -> float:
    """The likeliest share of pairs that only B has right, if the true difference is d (Tango 1998)."""
    x, y = c, b
    b0 = -x - y + (2 * n - x + y) * d
    return (math.sqrt(max(0.0, b0 * b0 + 8 * n * y * d * (1 - d))) - b0) / (4 * n)


def tango_z(n: int, b: int, c: int, d: float) -> float:
    """Tango's score for a true difference d; b: only A right, c: only B right, of n items."""
    spread = n * (2 * _tango_q(n, b, c, d) + d * (1 - d))
    distance = c - b - n * d
    if spread <= 1e-12 * n:
        return 0.0 if abs(distance) < 1e-9 else math.copysign(math.inf, distance)
    return distance / math.sqrt(spread)


def tango_bounds(n: int, b: int, c: int) -> tuple[float, float]:
    """The differences at which Tango's score is z and −z: one-sided 95 % bounds of the gain."""
    gain = (c - b) / n
    low = root(lambda d: Z - tango_z(n, b, c, d), -1.0, gain)
    high = root(lambda d: -Z - tango_z(n, b, c, d), gain, 1.0)
    return low, high


def mcnemar_p(b: int, c: int) -> float:
    """The exact one-sided p-value that B is worse at all: P(X ≥ b) of b + c fair coins."""
    return binomial_tail(b, b + c, 0.5)


@lru_cache(maxsize=4096)
def tango_error(n: int, b: int, c: int, margin: float) -> float:
    """How often Tango's score is at least as far out as here if the true difference is −margin, at worst.

    Exact for every share of discordant pairs, as far as these are few; of the side on which the gain lies.
    """
    z = tango_z(n, b, c, -margin)
    better = z > 0
    most = min(n, 2 * _EXACT_BELOW)
    last = min(n, most + math.ceil(6 * math.sqrt(most)))
    edges = [_edge(partial(_pairs_score, n, margin, k), z, k, better) for k in range(last + 1)]
    top = max(0.0, min((1 - margin) / 2, (most / n - margin) / 2))
    return max(_discordant_tail(n, margin, top * (i / 24) ** 2, edges, better) for i in range(25))


def _pairs_score(n: int, margin: float, differing: int, only_b: int) -> float:
    return tango_z(n, differing - only_b, only_b, -margin)


def _edge(score: Callable[[int], float], z: float, k: int, better: bool) -> int:
    """The first x in 0…k+1 whose score lies beyond z (better), or that no longer lies below it; scores rise with x."""
    low, high = 0, k + 1
    while low < high:
        middle = (low + high) // 2
        value = score(middle)
        if value >= z - 1e-9 if better else value > z + 1e-9:
            high = middle
        else:
            low = middle + 1
    return low


def _discordant_tail(n: int, margin: float, q: float, edges: Sequence[int], better: bool) -> float:
    share = 2 * q + margin
    only_b = q / share if share > 0 else 0.5
    total = 0.0
    for k, edge in enumerate(edges):
        weight = binomial_pmf(k, n, share)
        if weight > 1e-9:
            tail = binomial_tail(edge, k, only_b)
            total += weight * (tail if better else 1 - tail)
    return total


def paired_binary(n: int, b: int, c: int, margin: float) -> Test:
    """Tango's score test on n items that A and B both answered; b: only A right, c: only B right."""
    gain = (c - b) / n
    low, high = tango_bounds(n, b, c)
    answer = decide(low, high, margin)
    note = ""
    if answer != "INCONCLUSIVE" and n * margin < _EXACT_BELOW and tango_error(n, b, c, margin) > ALPHA:
        answer, note = "INCONCLUSIVE", "too few differing items for the bound to be trusted"
    needed = paired_binary_needed((b + c) / n, n, margin)
    return Test(answer, gain, low, high, needed, mcnemar_p(b, c), note)


def paired_binary_needed(discordant: float, n: int, margin: float) -> int | None:
    """The items that decide if B is truly equal, at the share of discordant pairs seen (at least 1/n)."""
    if margin <= 0:
        return None
    share = max(discordant, 1 / n)
    q = _tango_q(1, share / 2, share / 2, -margin)
    spread = max(0.0, 2 * q - margin * (1 + margin))
    return whole(((Z * math.sqrt(spread) + Z_POWER * math.sqrt(share)) / margin) ** 2)


# ── two independent rates ─────────────────────────────────────────────────────────────────────────────────────────


def wilson(p: float, n: int, z: float = Z) -> tuple[float, float]:
    """Wilson's one-sided limits of a rate."""
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def _newcombe(p_a: float, n_a: int, p_b: float, n_b: int, weight: float) -> tuple[float, float]:
    low_a, high_a = wilson(p_a, n_a)
    low_b, high_b = wilson(p_b, n_b)
    centre = p_b - weight * p_a
    return (
        centre - math.hypot(p_b - low_b, weight * (high_a - p_a)),
        centre + math.hypot(high_b - p_b, weight * (p_a - low_a)),
    )


@lru_cache(maxsize=4096)
def newcombe_error(p_a: float, n_a: int, p_b: float, n_b: int, offset: float, weight: float, side: int) -> float:
    """How often Newcombe's bound is at least as far out as here if B = weight·A − offset in truth, at worst.

    `side` 0 is the lower bound (PASS), 1 the upper one (FAIL).
    """
    here = _newcombe(p_a, n_a, p_b, n_b, weight)[side]

    def bound(a: int, b: int) -> float:
        return _newcombe(a / n_a, n_a, b / n_b, n_b, weight)[side]

    edges = [_edge(partial(bound, a), here, n_b, side == 0) for a in range(n_a + 1)]
    first, last = max(0.0, offset / weight), min(1.0, (1 + offset) / weight)
    worst = 0.0
    for i in range(41):
        rate = first + (last - first) * math.sin(math.pi * i / 80) ** 2
        tails: dict[int, float] = {}
        total = 0.0
        for a, edge in enumerate(edges):
            share = binomial_pmf(a, n_a, rate)
            if share > 1e-8:
                if edge not in tails:
                    tails[edge] = binomial_tail(edge, n_b, min(1.0, max(0.0, weight * rate - offset)))
                total += share * (tails[edge] if side == 0 else 1 - tails[edge])
        worst = max(worst, total)
    return worst


def independent_rates(p_a: float, n_a: int, p_b: float, n_b: int, margin: float, weight: float = 1) -> Test:
    """Newcombe's bounds with Wilson limits for two success rates of different items."""
    shift = (weight - 1) * p_a
    low, high = (bound + shift for bound in _newcombe(p_a, n_a, p_b, n_b, weight))
    answer = decide(low, high, margin)
    note = ""
    if answer != "INCONCLUSIVE" and min(n_a, n_b) <= _EXACT_ARM and weight > 0:
        side = 0 if answer == "PASS" else 1
        if newcombe_error(p_a, n_a, p_b, n_b, margin + shift, weight, side) > ALPHA:
            answer, note = "INCONCLUSIVE", "too few items for the bound to be trusted"
    return Test(answer, p_b - p_a, low, high, independent_rates_needed((p_a + p_b) / 2, margin), note=note)


def independent_rates_needed(rate: float, margin: float) -> int | None:
    """The items per arm that decide if both rates are truly equal; 1/margin more, as rates move in steps."""
    if margin <= 0:
        return None
    lost = max(0.0, rate - margin)
    at_margin, equal = rate * (1 - rate) + lost * (1 - lost), 2 * rate * (1 - rate)
    if rate < margin:
        at_margin = max(at_margin, margin * (1 - margin))
    return whole(((Z * math.sqrt(at_margin) + Z_POWER * math.sqrt(equal)) / margin) ** 2 + 1 / margin)


# ── means ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _t_test(gain: float, centre: float, se: float, df: float, n: int, margin: float, needed: float) -> Test:
    """Bounds of the gain by Student's t around `centre` (the gain, shifted back by the caller's weight)."""
    if se == 0 and n < 30:
        return Test("INCONCLUSIVE", gain, note="no spread at all in fewer than 30 items")
    reach = student_quantile(1 - ALPHA, df) * se if se > 0 else 0.0
    low, high = centre - reach, centre + reach
    return Test(decide(low, high, margin), gain, low, high, whole(needed))


def means(a: float, sd_a: float, n_a: int, b: float, sd_b: float, n_b: int, margin: float, weight: float = 1) -> Test:
    """Welch's t for two independent means, with Satterthwaite's degrees of freedom."""
    if min(n_a, n_b) < 2:
        return Test("INCONCLUSIVE", b - a, note="fewer than 2 items")
    var_a, var_b = weight * weight * sd_a * sd_a / n_a, sd_b * sd_b / n_b
    total = var_a + var_b
    df = total * total / (var_a * var_a / (n_a - 1) + var_b * var_b / (n_b - 1)) if total > 0 else 1.0
    spread = weight * weight * sd_a * sd_a + sd_b * sd_b
    needed = math.inf if margin <= 0 else ((Z + Z_POWER) / margin) ** 2 * spread + Z * Z / 4
    return _t_test(b - a, b - a, math.sqrt(total), df, min(n_a, n_b), margin, needed)


def paired_means(a: Sequence[float], b: Sequence[float], margin: float, weight: float = 1) -> Test:
    """The t test of the differences of items that both answered (repeated draws averaged per item first)."""
    n = len(a)
    gain = math.fsum(y - x for x, y in zip(a, b, strict=True)) / n
    if n < 2:
        return Test("INCONCLUSIVE", gain, note="fewer than 2 items")
    differences = [y - weight * x for x, y in zip(a, b, strict=True)]
    sd = deviation(differences)
    needed = math.inf if margin <= 0 else ((Z + Z_POWER) * sd / margin) ** 2 + Z * Z / 2
    return _t_test(gain, gain, sd / math.sqrt(n), n - 1, n, margin, needed)


def deviation(values: Sequence[float]) -> float:
    """The standard deviation of a sample of at least two."""
    middle = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((v - middle) ** 2 for v in values) / (len(values) - 1))


# ── scores that are no simple rates ───────────────────────────────────────────────────────────────────────────────


def paired_bootstrap(
    a: Sequence[T],
    b: Sequence[T],
    score: Callable[[Sequence[T]], float],
    margin: float,
    weight: float = 1,
    progress: Callable[[float], None] | None = None,
) -> Test:
    """Resample the items, both sides alike, and read the bounds of the gain off the scores of the resamples.

    The number of resamples and the seed are fixed, so every machine gives the same answer. Percentiles are widened
    for small samples (as the t quantile exceeds the normal one, times √(n/(n−1))). `progress` is told the share done
    and may raise to cancel.
    """
    n = len(a)
    gain = score(b) - score(a)
    if n < MIN_BOOTSTRAP:
        return Test("INCONCLUSIVE", gain, needed=MIN_BOOTSTRAP, note=f"needs at least {MIN_BOOTSTRAP} items")
    draw = random.Random(SEED)
    items = range(n)
    found = []
    between = max(1, _DRAWS_UNTOLD // n)
    for i in range(RESAMPLES):
        picked = draw.choices(items, k=n)
        found.append(score([b[j] for j in picked]) - weight * score([a[j] for j in picked]))
        if progress is not None and i % between == 0:
            progress(i / RESAMPLES)
    found.sort()
    shift = (weight - 1) * score(a)
    tail = normal_cdf(-math.sqrt(n / (n - 1)) * student_quantile(1 - ALPHA, n - 1))
    at = max(0, math.floor(tail * (RESAMPLES + 1)) - 1)
    low, high = found[at] + shift, found[-1 - at] + shift
    if low == high and n < 30:
        return Test("INCONCLUSIVE", gain, note="no spread at all in fewer than 30 items")
    needed = math.inf if margin <= 0 else n * ((Z + Z_POWER) * deviation(found) / margin) ** 2
    return Test(decide(low, high, margin), gain, low, high, whole(needed))


# ── one side alone ────────────────────────────────────────────────────────────────────────────────────────────────


def clopper_pearson(k: float, n: int) -> tuple[float, float]:
    """Exact one-sided 95 % limits of a rate with k of n; at 0 of n the upper one is 1 − α^(1/n) ≈ 3/n."""
    low = 0.0 if k <= 0 else beta_quantile(ALPHA, k, n - k + 1)
    high = 1.0 if k >= n else beta_quantile(1 - ALPHA, k + 1, n - k)
    return low, high


def mean_limits(mean: float, sd: float, n: int) -> tuple[float, float] | None:
    """One-sided 95 % limits of a mean by Student's t; None for n < 2, or without spread in fewer than 30 items."""
    if n < 2 or (sd == 0 and n < 30):
        return None
    reach = student_quantile(1 - ALPHA, n - 1) * sd / math.sqrt(n)
    return mean - reach, mean + reach


def zero_needed(cap: float) -> int | None:
    """The items without one violation that show a rate below the cap."""
    return math.ceil(math.log(ALPHA) / math.log1p(-cap)) if 0 < cap < 1 else None
