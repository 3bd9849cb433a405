"""Every statistic against another program, on thousands of random cases.

Which function is the reference of which statistic, and the tolerance (relative; 1e-12 absolute beside it):

beta, binomial, Student's t        scipy.stats beta.cdf, binom.pmf and sf, t.cdf and ppf                1e-9, ppf 1e-8
Wilson                             statsmodels proportion_confint(method="wilson")                      1e-9
Clopper-Pearson                    statsmodels proportion_confint(method="beta")                        1e-8
Newcombe                           statsmodels confint_proportions_2indep(method="newcomb")             1e-9
Tango's score and its bounds       the trinomial likelihood under the constraint, maximised by          1e-7
                                   scipy.optimize.elementwise; neither library has Tango's interval
McNemar, exact                     scipy.stats.binom.sf                                                 1e-9
Welch, paired t, one mean          scipy.stats ttest_ind, ttest_rel, ttest_1samp: confidence_interval   1e-8
ranks of order statistics          scipy.stats.binom.ppf and isf; quantile_test on samples              exact
bootstrap                          scipy.stats.bootstrap (percentile) at the widened level              3 % of the width
n needed, rates and pairs          statsmodels normal_sample_size_one_tail                              exact
n needed, means                    statsmodels TTestIndPower, TTestPower                                1 item

scipy and statsmodels are imported where they are used: neither is part of the program.
"""

import math
import random
from collections.abc import Sequence
from typing import Any

import pytest

from store.review.distributions import (
    beta_cdf,
    beta_quantile,
    binomial_pmf,
    binomial_tail,
    normal_quantile,
    student_cdf,
    student_quantile,
)
from store.review.order_statistics import quantile_ranks
from store.review.statistics import (
    ALPHA,
    POWER,
    Z,
    clopper_pearson,
    independent_rates,
    independent_rates_needed,
    mcnemar_p,
    mean_limits,
    means,
    paired_binary_needed,
    paired_bootstrap,
    paired_means,
    tango_bounds,
    tango_z,
    wilson,
)


@pytest.fixture(scope="module")
def stats() -> Any:
    from scipy import stats

    return stats


@pytest.fixture(scope="module")
def proportion() -> Any:
    from statsmodels.stats import proportion

    return proportion


def near(value: Any, rel: float = 1e-9) -> object:
    return pytest.approx(float(value), rel=rel, abs=1e-12)


def agree(ours: Any, theirs: Any, rel: float = 1e-9) -> None:
    """All of thousands at once; a deviation is named with its place."""
    import numpy as np

    np.testing.assert_allclose(np.array(list(ours), float), np.array(list(theirs), float), rtol=rel, atol=1e-12)


def test_distributions(stats: Any) -> None:
    rng = random.Random(1)
    betas = [(rng.random(), 10 ** rng.uniform(-0.5, 3), 10 ** rng.uniform(-0.5, 3)) for _ in range(3000)]
    agree((beta_cdf(*case) for case in betas), stats.beta.cdf(*zip(*betas, strict=True)))
    trials = []
    for _ in range(3000):
        n, p = rng.randint(1, 2000), rng.random()
        trials.append((min(n, max(0, round(rng.gauss(n * p, 2 * math.sqrt(n * p * (1 - p)))))), n, p))
    k, n, p = zip(*trials, strict=True)
    agree((binomial_pmf(*case) for case in trials), stats.binom.pmf(k, n, p))
    agree((binomial_tail(*case) for case in trials), stats.binom.sf([x - 1 for x in k], n, p))
    ts = [(rng.gauss(0, 3), 10 ** rng.uniform(0, 5)) for _ in range(3000)]
    agree((student_cdf(*case) for case in ts), stats.t.cdf(*zip(*ts, strict=True)))
    dfs = [1, 2, 3.7, *(10 ** rng.uniform(0, 5) for _ in range(2000))]
    agree((student_quantile(0.95, df) for df in dfs), stats.t.ppf(0.95, dfs), 1e-8)
    assert beta_quantile(0.05, 12, 400) == near(stats.beta.ppf(0.05, 12, 400))
    assert normal_quantile(0.8) == near(stats.norm.ppf(0.8))


def counts(rng: random.Random, most: int, cases: int) -> list[tuple[int, int]]:
    """Random (k, n), small n and the edges 0 and n among them."""
    sizes = [rng.randint(1, 8) if i % 4 == 0 else rng.randint(1, most) for i in range(cases)]
    return [(rng.choice((0, n)) if i % 10 == 0 else rng.randint(0, n), n) for i, n in enumerate(sizes)]


def test_limits_of_one_rate(proportion: Any) -> None:
    cases = counts(random.Random(2), 2000, 3000)
    low, high = proportion.proportion_confint(*zip(*cases, strict=True), alpha=0.1, method="wilson")
    agree((wilson(k / n, n)[0] for k, n in cases), low)
    agree((wilson(k / n, n)[1] for k, n in cases), high)
    low, high = proportion.proportion_confint(*zip(*cases, strict=True), alpha=0.1, method="beta")
    exact = [clopper_pearson(k, n) for k, n in cases]
    agree((ours[0] for ours in exact), low, 1e-8)
    agree((ours[1] for ours in exact), high, 1e-8)


def test_newcombe(proportion: Any) -> None:
    import numpy as np

    rng = random.Random(3)
    a, b = counts(rng, 2000, 3000), counts(rng, 2000, 3000)
    k_a, n_a, k_b, n_b = (np.array(part) for part in (*zip(*a, strict=True), *zip(*b, strict=True)))
    low, high = proportion.confint_proportions_2indep(k_b, n_b, k_a, n_a, method="newcomb", compare="diff", alpha=0.1)
    # a margin of just the loss: no answer, so that no exact error is worked out beside the bounds
    found = [independent_rates(k / n, n, j / m, m, k / n - j / m) for (k, n), (j, m) in zip(a, b, strict=True)]
    assert {test.answer for test in found} == {"INCONCLUSIVE"}
    agree((test.low for test in found), low)
    agree((test.high for test in found), high)


def constrained(n: Any, b: Any, c: Any, d: Any) -> Any:
    """The likeliest share of pairs that only B has right if B gains d in truth: there the likelihood has no slope."""
    import numpy as np
    from scipy.optimize import elementwise

    def slope(q: Any, n: Any, b: Any, c: Any, d: Any) -> Any:
        return 2 * (n - b - c) / (1 - 2 * q - d) - c / (q + d) - b / q

    edge = 1e-13
    bracket = (np.maximum(0, -d) + edge, (1 - d) / 2 - edge)
    return elementwise.find_root(slope, bracket, args=(n, b, c, d)).x


def pairs(seed: int, cases: int) -> Any:
    """Random (n, b, c) with pairs of both kinds and of equal ones, so that the likelihood has its top inside."""
    import numpy as np

    rng = random.Random(seed)
    found = []
    for i in range(cases):
        n = rng.randint(5, 30 if i % 3 == 0 else 2000)
        b = rng.randint(1, n // 3)
        found.append((n, b, rng.randint(1, n // 3)))
    return np.array(found, float).T


def test_tango_solves_the_likelihood() -> None:
    import numpy as np

    n, b, c = pairs(4, 3000)
    d = np.random.default_rng(4).uniform(-0.4, 0.4, len(n))
    q = constrained(n, b, c, d)
    score = (c - b - n * d) / np.sqrt(n * (2 * q + d * (1 - d)))
    cases = [(int(x), int(y), int(z)) for x, y, z in zip(n, b, c, strict=True)]
    agree((tango_z(*case, at) for case, at in zip(cases, d, strict=True)), score, 1e-7)
    bounds = [tango_bounds(*case) for case in cases]
    for side, wanted in ((0, Z), (1, -Z)):
        at = np.array([found[side] for found in bounds])
        q = constrained(n, b, c, at)
        agree((c - b - n * at) / np.sqrt(n * (2 * q + at * (1 - at))), [wanted] * len(n), 1e-6)


def test_mcnemar(stats: Any) -> None:
    rng = random.Random(5)
    cases = [(rng.randint(0, 300), rng.randint(1, 300)) for _ in range(3000)]
    theirs = stats.binom.sf([b - 1 for b, _ in cases], [b + c for b, c in cases], 0.5)
    agree((mcnemar_p(b, c) for b, c in cases), theirs)


def test_t_tests(stats: Any) -> None:
    """A hundred samples of each of twenty pairs of sizes."""
    import numpy as np

    rng = np.random.default_rng(6)
    for n_a, n_b in rng.integers(2, 60, (20, 2)):
        a, b = rng.normal(0, 1, (100, n_a)), rng.normal(0.2, 3, (100, n_b))
        theirs = stats.ttest_ind(b, a, axis=1, equal_var=False).confidence_interval(0.9)
        spread = a.std(axis=1, ddof=1), b.std(axis=1, ddof=1)
        columns = (a.mean(axis=1), spread[0], b.mean(axis=1), spread[1])
        ours = [
            means(float(m), float(s), int(n_a), float(o), float(t), int(n_b), 0.5)
            for m, s, o, t in zip(*columns, strict=True)
        ]
        agree((test.low for test in ours), theirs.low, 1e-8)
        agree((test.high for test in ours), theirs.high, 1e-8)
        moved = a + rng.normal(0, 1, a.shape)
        theirs = stats.ttest_rel(moved, a, axis=1).confidence_interval(0.9)
        ours = [paired_means(x.tolist(), y.tolist(), 0.5) for x, y in zip(a, moved, strict=True)]
        agree((test.low for test in ours), theirs.low, 1e-8)
        agree((test.high for test in ours), theirs.high, 1e-8)
        theirs = stats.ttest_1samp(a, 0, axis=1).confidence_interval(0.9)
        limits = [mean_limits(float(m), float(s), int(n_a)) for m, s in zip(*columns[:2], strict=True)]
        agree((one[0] for one in limits if one), theirs.low, 1e-8)
        agree((one[1] for one in limits if one), theirs.high, 1e-8)


def test_ranks_of_order_statistics(stats: Any) -> None:
    rng = random.Random(7)
    cases = [(rng.randint(1, 40 if i % 2 else 3000), rng.uniform(0.01, 0.99)) for i in range(2000)]
    n, level = zip(*cases, strict=True)
    # the largest rank r with P(X ≥ r) ≥ 95 %, and the smallest with P(X ≥ r) ≤ 5 %
    low = stats.binom.ppf(ALPHA, n, level)
    high = stats.binom.isf(ALPHA, n, level) + 1
    ours = [quantile_ranks(*case) for case in cases]
    agree((rank or 0 for rank, _ in ours), low)
    agree((rank or size + 1 for (_, rank), size in zip(ours, n, strict=True)), high)
    for _ in range(60):
        sample, p = sorted(rng.lognormvariate(0, 1) for _ in range(rng.randint(60, 200))), rng.uniform(0.1, 0.9)
        ranks = quantile_ranks(len(sample), p)
        ends = [
            stats.quantile_test(sample, q=0, p=p, alternative=way).confidence_interval(0.95)
            for way in ("greater", "less")
        ]
        assert [sample[rank - 1] for rank in ranks if rank] == [ends[0].low, ends[1].high]


def bootstrap_agrees(stats: Any, rng: Any, n: int, share: float) -> None:
    """Other random numbers, so it agrees to some share of the interval's width."""
    import numpy as np

    def mean(values: Sequence[float]) -> float:
        return math.fsum(values) / n

    a = rng.exponential(1, n)
    b = a + rng.normal(0.1, 0.5, n)
    ours = paired_bootstrap(a.tolist(), b.tolist(), mean, 0.1)
    tail = stats.norm.cdf(-math.sqrt(n / (n - 1)) * stats.t.ppf(1 - ALPHA, n - 1))
    theirs = stats.bootstrap(
        (b - a,), np.mean, confidence_level=1 - 2 * tail, n_resamples=20_000, method="percentile", rng=rng
    ).confidence_interval
    assert ours.low is not None
    assert ours.high is not None
    width = theirs.high - theirs.low
    assert abs(ours.low - theirs.low) < share * width
    assert abs(ours.high - theirs.high) < share * width


def test_bootstrap(stats: Any) -> None:
    import numpy as np

    rng = np.random.default_rng(8)
    for n in (20, 60, 200):
        bootstrap_agrees(stats, rng, n, 0.03)


@pytest.mark.soak
def test_bootstrap_on_thousands_of_samples(stats: Any) -> None:
    import numpy as np

    rng = np.random.default_rng(10)
    for n in rng.integers(20, 60, 2000):
        bootstrap_agrees(stats, rng, int(n), 0.09)  # ours draws 2,000 times: six standard errors


def test_items_needed() -> None:
    import numpy as np
    from statsmodels.stats.power import normal_sample_size_one_tail

    rng = random.Random(9)
    for _ in range(1000):
        rate, margin = rng.uniform(0.3, 0.99), rng.uniform(0.01, 0.2)
        at_margin = rate * (1 - rate) + (rate - margin) * (1 - rate + margin)
        theirs = normal_sample_size_one_tail(
            margin, POWER, ALPHA, std_null=math.sqrt(at_margin), std_alternative=math.sqrt(2 * rate * (1 - rate))
        )
        assert independent_rates_needed(rate, margin) == math.ceil(theirs + 1 / margin)
    draw = np.random.default_rng(9)
    margins, shares = draw.uniform(0.01, 0.2, 1000), draw.uniform(0.02, 0.5, 1000)
    at_margin = 2 * constrained(np.ones(1000), shares / 2, shares / 2, -margins) - margins * (1 + margins)
    for margin, share, spread in zip(margins.tolist(), shares.tolist(), at_margin.tolist(), strict=True):
        theirs = normal_sample_size_one_tail(
            margin, POWER, ALPHA, std_null=math.sqrt(spread), std_alternative=math.sqrt(share)
        )
        assert abs((paired_binary_needed(share, 10_000, margin) or 0) - theirs) <= 1
    means_needed_agree(rng, 12)


@pytest.mark.soak
def test_items_needed_for_thousands_of_means() -> None:
    means_needed_agree(random.Random(11), 2000)


def means_needed_agree(rng: random.Random, cases: int) -> None:
    """Against the power of the noncentral t distribution."""
    import numpy as np
    from statsmodels.stats.power import TTestIndPower, TTestPower

    for _ in range(cases):
        effect = rng.uniform(0.1, 1)
        two = TTestIndPower().solve_power(effect, alpha=ALPHA, power=POWER, alternative="larger")
        assert abs((means(0, 1, 50, 0, 1, 50, effect).needed or 0) - two) <= 1
        sample = [(-1.0) ** i for i in range(400)]
        sd = float(np.std(sample, ddof=1))
        one = TTestPower().solve_power(effect, alpha=ALPHA, power=POWER, alternative="larger")
        assert abs((paired_means([0.0] * 400, sample, effect * sd).needed or 0) - one) <= 1
