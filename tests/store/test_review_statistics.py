"""Worked values, calibration and edges of the tests; `test_review_references` holds them against other programs."""

import math
import random
from collections.abc import Callable, Sequence

import pytest

from store.review.distributions import (
    binomial_pmf,
)
from store.review.order_statistics import quantile_least_n, quantile_ranks, quantiles
from store.review.statistics import (
    ALPHA,
    Answer,
    Test,
    clopper_pearson,
    independent_rates,
    independent_rates_needed,
    mean_limits,
    means,
    paired_binary,
    paired_binary_needed,
    paired_bootstrap,
    paired_means,
    zero_needed,
)


def near(value: float, rel: float = 1e-9) -> object:
    return pytest.approx(value, rel=rel, abs=1e-12)


# ── worked values of DECISIONS 5 ──────────────────────────────────────────────────────────────────────────────────


def test_the_worked_value_of_four_hundred_items() -> None:
    at_two, at_five = paired_binary(400, 22, 16, 0.02), paired_binary(400, 22, 16, 0.05)
    assert (at_two.answer, at_five.answer) == ("INCONCLUSIVE", "PASS")
    assert at_two.gain == near(-0.015)
    assert at_two.low is not None
    assert round(at_two.low, 4) == -0.0414
    assert at_two.p is not None
    assert round(at_two.p, 3) == 0.209
    assert at_two.needed == 1502


@pytest.mark.parametrize(("margin", "n"), [(0.05, 274), (0.03, 717), (0.02, 1578), (0.01, 6215)])
def test_items_needed_at_a_tenth_discordant(margin: float, n: int) -> None:
    assert paired_binary_needed(0.1, 10_000, margin) == n


def test_least_samples_of_a_quantile() -> None:
    assert [quantile_least_n(q) for q in (0.5, 0.95, 0.05, 0.99)] == [5, 59, 59, 299]
    assert quantile_ranks(58, 0.95)[1] is None
    assert quantile_ranks(59, 0.95)[1] == 59


def test_no_violation_among_n_is_the_rule_of_three() -> None:
    assert clopper_pearson(0, 300)[1] == near(1 - ALPHA ** (1 / 300))
    assert clopper_pearson(0, 300)[1] == pytest.approx(3 / 300, rel=0.01)
    assert zero_needed(0.02) == 149
    assert clopper_pearson(0, 149)[1] < 0.02 < clopper_pearson(0, 148)[1]


# ── calibration: at a true loss equal to the margin at most 5 % pass or fail, and n needed decides ────────────────


def exact_share(n: int, margin: float, q: float, answer: Answer, loss: float) -> float:
    """How often the paired rule gives the answer if only B is right in q of the items and only A in q + loss."""
    share = 2 * q + loss
    total = 0.0
    for k in range(n + 1):
        weight = binomial_pmf(k, n, share)
        for c in range(k + 1) if weight > 1e-4 else ():
            p = weight * binomial_pmf(c, k, q / share if share else 0.5)
            if p > 1e-4 and paired_binary(n, k - c, c, margin).answer == answer:
                total += p
    return total


@pytest.mark.parametrize(
    ("n", "margin", "q"),
    [(5, 0.1, 0.2), (5, 0.2, 0.39), (5, 0.02, 0.3), (20, 0.2, 0), (20, 0.02, 0.1), (50, 0.05, 0.01), (133, 0.02, 0)],
)
def test_paired_yes_or_no_errs_in_one_of_twenty_at_most(n: int, margin: float, q: float) -> None:
    assert exact_share(n, margin, q, "PASS", margin) <= 0.0505
    assert exact_share(n, margin, q, "FAIL", margin) <= 0.0505


def test_no_differing_item_passes_only_where_so_many_show_it() -> None:
    assert [paired_binary(n, 0, 0, 0.02).answer for n in (5, 20, 133, 149)] == ["INCONCLUSIVE"] * 3 + ["PASS"]
    assert "trusted" in paired_binary(133, 0, 0, 0.02).note


def test_the_items_asked_for_decide_paired() -> None:
    n = paired_binary_needed(0.1, 10_000, 0.1)
    assert n is not None
    assert exact_share(n, 0.1, 0.05, "PASS", 0) >= 0.78


@pytest.mark.parametrize(("n_a", "n_b", "margin", "rate"), [(5, 5, 0.1, 0.54), (5, 5, 0.05, 0.76), (20, 20, 0.1, 0.7)])
def test_independent_rates_err_in_one_of_twenty_at_most(n_a: int, n_b: int, margin: float, rate: float) -> None:
    error = {"PASS": 0.0, "FAIL": 0.0, "INCONCLUSIVE": 0.0}
    for a in range(n_a + 1):
        for b in range(n_b + 1):
            p = binomial_pmf(a, n_a, rate) * binomial_pmf(b, n_b, rate - margin)
            if p > 1e-5:
                error[independent_rates(a / n_a, n_a, b / n_b, n_b, margin).answer] += p
    assert error["PASS"] <= 0.0505
    assert error["FAIL"] <= 0.0505


@pytest.mark.parametrize(("n", "rate", "share"), [(5, 0.8, 0.5), (20, 0.8, 0.2)])
def test_a_margin_that_is_a_share_of_a_measured_rate_errs_in_one_of_twenty_at_most(
    n: int, rate: float, share: float
) -> None:
    error = {"PASS": 0.0, "FAIL": 0.0, "INCONCLUSIVE": 0.0}
    for a in range(1, n + 1):
        for b in range(n + 1):
            p = binomial_pmf(a, n, rate) * binomial_pmf(b, n, rate * (1 - share))
            if p > 1e-5:
                found = independent_rates(a / n, n, b / n, n, share * a / n, 1 - share)
                error[found.answer] += p
    assert error["PASS"] <= 0.0505
    assert error["FAIL"] <= 0.0505


def test_a_share_of_a_rate_errs_in_one_of_twenty_at_most_on_the_same_items() -> None:
    rng, n, share, times = random.Random(16), 50, 0.1, 500
    answers = []
    for _ in range(times):
        right = [rng.random() < 0.5 for _ in range(n)]
        # B is right in 45 %: in 85 % of what A has right, and in 5 % of the rest
        other = [rng.random() < (0.85 if a else 0.05) for a in right]
        lost = sum(a and not b for a, b in zip(right, other, strict=True))
        won = sum(b and not a for a, b in zip(right, other, strict=True))
        answers.append(paired_binary(n, lost, won, share * sum(right) / n).answer)
    limit = times * 0.05 + 3 * math.sqrt(times * 0.05 * 0.95)
    assert answers.count("PASS") <= limit
    assert answers.count("FAIL") <= limit


def simulated(trial: Callable[[], Test], times: int) -> float:
    return sum(trial().answer == "PASS" for _ in range(times)) / times


@pytest.mark.parametrize("n", [2, 5, 30])
def test_means_err_in_one_of_twenty_at_most(n: int) -> None:
    rng = random.Random(n)

    def independent() -> Test:
        a = [rng.gauss(10, 1) for _ in range(n)]
        b = [rng.gauss(9, 2) for _ in range(n)]
        return means(sum(a) / n, float(stdev(a)), n, sum(b) / n, float(stdev(b)), n, 1)

    def paired() -> Test:
        a = [rng.gauss(10, 5) for _ in range(n)]
        return paired_means(a, [x + rng.gauss(-1, 1) for x in a], 1)

    def relative() -> Test:
        a = [rng.gauss(10, 5) for _ in range(n)]
        b = [0.9 * x + rng.gauss(0, 1) for x in a]
        return paired_means(a, b, 0.1 * abs(sum(a) / n), weight=0.9)

    times = 1500
    for trial in (independent, paired, relative):
        assert simulated(trial, times) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / times)


def stdev(values: list[float]) -> float:
    middle = sum(values) / len(values)
    return math.sqrt(sum((v - middle) ** 2 for v in values) / (len(values) - 1))


def test_the_items_asked_for_decide_rates_and_means() -> None:
    rng = random.Random(9)
    n = independent_rates_needed(0.9, 0.05)
    assert n is not None
    times = 120

    def rates() -> Test:
        a, b = (sum(rng.random() < 0.9 for _ in range(n)) / n for _ in range(2))
        return independent_rates(a, n, b, n, 0.05)

    assert simulated(rates, times) >= 0.78 - 3 * math.sqrt(0.8 * 0.2 / times)
    needed = means(0, 1, 50, 0, 1, 50, 0.6).needed
    assert needed is not None

    def welch() -> Test:
        a, b = ([rng.gauss(0, 1) for _ in range(needed)] for _ in range(2))
        return means(sum(a) / needed, stdev(a), needed, sum(b) / needed, stdev(b), needed, 0.6)

    assert simulated(welch, 1000) >= 0.78 - 3 * math.sqrt(0.8 * 0.2 / 1000)


@pytest.mark.parametrize(("level", "n"), [(0.5, 5), (0.5, 40), (0.05, 59), (0.05, 200)])
def test_quantiles_err_in_one_of_twenty_at_most(level: float, n: int) -> None:
    rng = random.Random(n)
    times = 800

    def slower() -> Test:
        a = [-rng.lognormvariate(0, 1) for _ in range(n)]
        b = [-rng.lognormvariate(0, 1) - 0.5 for _ in range(n)]
        return quantiles(a, b, level, 0.5)

    assert simulated(slower, times) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / times)


@pytest.mark.parametrize(("level", "margin"), [(0.5, 0.4), (0.95, 0.1)])
def test_the_items_asked_for_decide_quantiles(level: float, margin: float) -> None:
    rng = random.Random(13)

    def equal(n: int) -> Test:
        a, b = ([-rng.lognormvariate(0, 1) for _ in range(n)] for _ in range(2))
        return quantiles(a, b, level, margin)

    needed = equal(20_000).needed
    assert needed is not None
    times = 200
    assert simulated(lambda: equal(needed), times) >= 0.78 - 3 * math.sqrt(0.8 * 0.2 / times)


def test_the_items_asked_for_decide_paired_means_and_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(14)

    def drawn(n: int) -> tuple[list[float], list[float]]:
        a = [rng.expovariate(1) for _ in range(n)]
        return a, [x + rng.gauss(0, 1) for x in a]

    def resampled(n: int) -> Test:
        def mean(values: Sequence[float]) -> float:
            return math.fsum(values) / n

        return paired_bootstrap(*drawn(n), mean, 0.4)

    needed, of_resamples = paired_means(*drawn(2000), 0.4).needed, resampled(500).needed
    assert needed is not None
    assert of_resamples is not None
    monkeypatch.setattr("store.review.statistics.RESAMPLES", 199)
    assert simulated(lambda: paired_means(*drawn(needed), 0.4), 600) >= 0.78 - 3 * math.sqrt(0.8 * 0.2 / 600)
    assert simulated(lambda: resampled(of_resamples), 200) >= 0.78 - 3 * math.sqrt(0.8 * 0.2 / 200)


@pytest.mark.parametrize("n", [1, 5, 20, 149, 400])
@pytest.mark.parametrize("bound", [0.5, 0.8, 0.98])
def test_floors_err_in_one_of_twenty_at_most(n: int, bound: float) -> None:
    """At a true rate just at the floor: how often the rate is shown to lie above it, or below it."""
    limits = [clopper_pearson(k, n) for k in range(n + 1)]
    above = sum(binomial_pmf(k, n, bound) for k, (low, _) in enumerate(limits) if low >= bound)
    below = sum(binomial_pmf(k, n, bound) for k, (_, high) in enumerate(limits) if high < bound)
    assert above <= ALPHA + 1e-9
    assert below <= ALPHA + 1e-9


def test_no_violation_seen_passes_a_bad_rate_in_one_of_twenty_at_most() -> None:
    for cap in (0.001, 0.02, 0.2):
        n = zero_needed(cap)
        assert n is not None
        assert clopper_pearson(0, n)[1] <= cap
        assert 0.04 < (1 - cap) ** n <= ALPHA  # the chance of none among n at the cap itself


def f1(items: object) -> float:
    pairs = list(items)
    hit = sum(1 for truth, said in pairs if truth and said)
    wrong = sum(1 for truth, said in pairs if truth != said)
    return 2 * hit / (2 * hit + wrong) if hit else 0.0


def test_the_bootstrap_is_the_same_every_time_and_errs_rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(7)
    truth = [i % 3 == 0 for i in range(60)]

    def answers(right: float) -> list[tuple[bool, bool]]:
        return [(t, t if rng.random() < right else not t) for t in truth]

    a, b = answers(0.9), answers(0.9)
    first = paired_bootstrap(a, b, f1, 0.05)
    assert first == paired_bootstrap(a, b, f1, 0.05)
    assert first.low is not None
    assert first.high is not None
    assert first.low < first.gain < first.high
    monkeypatch.setattr("store.review.statistics.RESAMPLES", 199)

    def mean(values: object) -> float:
        return math.fsum(values) / 20

    def at_the_margin() -> Test:
        x = [rng.gauss(0, 1) for _ in range(20)]
        return paired_bootstrap(x, [v + rng.gauss(-1, 1) for v in x], mean, 1)

    assert simulated(at_the_margin, 300) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 300)


def test_the_bootstrap_can_be_cancelled() -> None:
    def stop(done: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        paired_bootstrap([1.0] * 30, [1.0] * 30, sum, 0.1, progress=stop)


# ── edges ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_small_and_still_samples_give_no_answer() -> None:
    assert means(1, 0, 5, 1, 0, 5, 0.1).note == "no spread at all in fewer than 30 items"
    assert means(1, 1, 1, 1, 1, 9, 0.1).note == "fewer than 2 items"
    assert paired_means([1], [1], 0.1).answer == "INCONCLUSIVE"
    assert paired_means([1.0] * 29, [1.0] * 29, 0.1).answer == "INCONCLUSIVE"
    assert paired_means([1.0] * 30, [1.0] * 30, 0.1).answer == "PASS"
    assert mean_limits(1, 0, 29) is None
    assert quantiles([1.0] * 58, [1.0] * 58, 0.05, 1).note == "needs n ≥ 59"
    assert paired_bootstrap([1.0] * 19, [1.0] * 19, sum, 1).note == "needs at least 20 items"


def test_better_and_worse_mirror_each_other() -> None:
    """Swapping A and B turns the gain and its bounds round."""
    one, other = paired_binary(200, 30, 8, 0.05), paired_binary(200, 8, 30, 0.05)
    assert (one.low, one.high) == (pytest.approx(-other.high), pytest.approx(-other.low))
    left, right = independent_rates(0.9, 80, 0.7, 120, 0.05), independent_rates(0.7, 120, 0.9, 80, 0.05)
    assert (left.low, left.high) == (pytest.approx(-right.high), pytest.approx(-right.low))
    assert (left.answer, right.answer) == ("FAIL", "PASS")
    rng = random.Random(15)
    for n in (2, 5, 40, 70):
        a, b = ([rng.lognormvariate(0, 1) for _ in range(n)] for _ in range(2))
        for there, back in (
            (paired_means(a, b, 0.1), paired_means(b, a, 0.1)),
            (quantiles(a, b, 0.5, 0.1), quantiles(b, a, 0.5, 0.1)),
            (means(1, 2, n, 3, 4, n, 0.1), means(3, 4, n, 1, 2, n, 0.1)),
        ):
            assert there.gain == pytest.approx(-back.gain)
            assert (there.low is None) == (back.high is None)
            assert there.low is None or back.high is None or there.low == pytest.approx(-back.high)


def test_a_zero_margin_asks_for_no_number_of_items() -> None:
    assert paired_binary(50, 0, 0, 0).answer == "INCONCLUSIVE"
    assert paired_binary(50, 0, 0, 0).needed is None
    assert independent_rates(0.9, 50, 0.9, 50, 0).needed is None
    assert means(1, 1, 9, 1, 1, 9, 0).needed is None
