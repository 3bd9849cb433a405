"""The few probability distributions that the verdict needs, from the standard library alone.

Relative error below 1e-9 in the range used (a, b ≤ 1e6), checked against scipy in the tests.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist

_NORMAL = NormalDist()
_TINY = 1e-300
_EPSILON = 4e-16
_MAX_TERMS = 20_000


def normal_quantile(p: float) -> float:
    """The standard normal quantile."""
    return _NORMAL.inv_cdf(p)


def normal_cdf(z: float) -> float:
    """P(Z ≤ z) of the standard normal."""
    return 0.5 * math.erfc(-z / math.sqrt(2))


def beta_cdf(x: float, a: float, b: float) -> float:
    """P(X ≤ x) of the beta distribution: the regularised incomplete beta function, by its continued fraction.

    Raises:
        ArithmeticError: the fraction does not converge (a or b far beyond 1e6).
    """
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_cdf(1 - x, b, a)
    front = math.exp(a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)) / a
    c, d = 1.0, 1 / _apart(1 - (a + b) * x / (a + 1))
    fraction = d
    for k in range(1, _MAX_TERMS):
        for step in (
            k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k)),
            -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1)),
        ):
            d = 1 / _apart(1 + step * d)
            c = _apart(1 + step / c)
            fraction *= c * d
        if abs(c * d - 1) < 1e-15:
            return min(1.0, front * fraction)
    raise ArithmeticError(f"the beta distribution with a = {a}, b = {b} is out of range")


def _apart(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a rising function crosses zero between two points, to the last digits; the end where it does not.

    Chandrupatla's method (1997): inverse quadratic interpolation where that is safe, else bisection, so that an
    infinite value at an end does no harm.
    """
    at_low, at_high = function(low), function(high)
    if low >= high or at_low >= 0:
        return low
    if at_high <= 0:
        return high
    a, b, fa, fb = low, high, at_low, at_high
    step = 0.5
    while True:
        x = a + step * (b - a)
        fx = function(x)
        c, fc = (a, fa) if (fx < 0) == (fa < 0) else (b, fb)
        if c == b:
            b, fb = a, fa
        a, fa = x, fx
        best, at_best = (a, fa) if abs(fa) < abs(fb) else (b, fb)
        least = (_EPSILON * abs(best) + _TINY) / abs(b - a)
        if at_best == 0 or least > 0.5:
            return best
        step = min(max(_interpolated(a, b, c, fa, fb, fc), least), 1 - least)


def _interpolated(a: float, b: float, c: float, fa: float, fb: float, fc: float) -> float:
    """The next place between a and b as a share of the way; ½ where the three values do not bend like a parabola."""
    if not (math.isfinite(fa) and math.isfinite(fb) and math.isfinite(fc)) or fc in (fa, fb):
        return 0.5
    xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
    if phi * phi >= xi or (1 - phi) * (1 - phi) >= 1 - xi:
        return 0.5
    return fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)


def beta_quantile(p: float, a: float, b: float) -> float:
    """The x with P(X ≤ x) = p of the beta distribution."""
    return root(lambda x: beta_cdf(x, a, b) - p, 0.0, 1.0)


def student_cdf(t: float, df: float) -> float:
    """P(T ≤ t) of Student's t distribution."""
    tail = 0.5 * beta_cdf(df / (df + t * t), df / 2, 0.5)
    return tail if t < 0 else 1 - tail


@lru_cache(maxsize=4096)
def student_quantile(p: float, df: float) -> float:
    """The t with P(T ≤ t) = p for p > ½; the normal quantile where the degrees of freedom exceed a million."""
    if df > 1e6:
        return normal_quantile(p)
    ratio = beta_quantile(2 * (1 - p), df / 2, 0.5)
    return math.sqrt(df * (1 / ratio - 1))


def binomial_pmf(k: int, n: int, p: float) -> float:
    """P(X = k) of n trials with probability p."""
    if p <= 0 or p >= 1:
        return float(k == (0 if p <= 0 else n))
    log_ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(log_ways + k * math.log(p) + (n - k) * math.log1p(-p))


def binomial_tail(k: int, n: int, p: float) -> float:
    """P(X ≥ k) of n trials with probability p."""
    if k <= 0:
        return 1.0
    return 0.0 if k > n else beta_cdf(p, k, n - k + 1)
