import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from store.records import Criteria, Criterion, Measurement, Metric, UseCase, Version, Waiver
from store.review.evidence import about, quantile_level
from store.review.verdict import Verdict, VerdictRow, combine, gate

TODAY = date(2026, 11, 23)
A, B, TWIN = "openai/gpt-4o@2024-05-13", "openai/gpt-4.1@2025-04-14", "azure-openai/gpt-4.1@2025-04-14"
CASE = UseCase("u", "support")
METRICS = {
    m.name: m
    for m in (
        Metric("accuracy", "Accuracy", unit="%", scale=100, direction="up", group="quality", kind="rate", rank=1),
        Metric("error_rate", "Error rate", unit="%", scale=100, direction="down", group="reliability", kind="rate"),
        Metric("f1", "F1", direction="up", group="quality", kind="other", rank=2),
        Metric("rating", "Rating", direction="up", group="quality", kind="mean", rank=3),
        Metric("latency_p95_ms", "Latency p95", unit="ms", direction="down", group="speed", kind="quantile"),
        Metric("cost", "Cost", unit="USD", direction="down", group="cost", kind="money"),
        Metric("clicks", "Clicks", direction="up", group="user impact", kind="rate"),
        Metric("length", "Length", group="behaviour"),
        Metric("incidents", "Incidents", direction="down", group="quality", kind="count"),
    )
}


def m(key: str, metric: str, value: float, **more: Any) -> Measurement:
    more = {"measured_on": date(2026, 11, 20), "use_case": "support"} | more
    return Measurement(f"{key} {metric} {more.get('slice', '')}", metric, value, key, **more)


def items(b: int, c: int, n: int = 400, right: int = 200) -> tuple[dict[str, float], dict[str, float]]:
    """n items: only A right in b, only B right in c, both right in `right`."""
    left = [1] * b + [0] * c + [1] * right + [0] * (n - b - c - right)
    other = [0] * b + [1] * c + [1] * right + [0] * (n - b - c - right)
    return {f"i{k}": float(v) for k, v in enumerate(left)}, {f"i{k}": float(v) for k, v in enumerate(other)}


def paired(b: int, c: int, metric: str = "accuracy", **more: Any) -> list[Measurement]:
    left, right = items(b, c)
    return [m(A, metric, sum(left.values()) / 400, items=left, n=400, **more),
            m(B, metric, sum(right.values()) / 400, items=right, n=400, **more)]  # fmt: skip


def judge(
    measured: Sequence[Measurement],
    criteria: Mapping[str, Criterion] | None = None,
    *,
    waivers: Mapping[str, Waiver] | None = None,
    ranges: Mapping[str, tuple[float | None, float | None]] | None = None,
    target: Version | None = None,
    metrics: Mapping[str, Metric] = METRICS,
    **policy: Any,
) -> Verdict:
    by_key: dict[str, list[Measurement]] = {}
    for one in measured:
        by_key.setdefault(one.version, []).append(one)
    rules = Criteria(metrics=dict(criteria or {}), **policy)
    candidate = target or Version("b", B)
    return gate(
        Version("a", A), candidate, by_key, metrics, rules, TODAY, use_case=CASE, waivers=waivers, ranges=ranges
    )


def only(verdict: Verdict) -> VerdictRow:
    (row,) = verdict.rows
    return row


CRITICAL = {"accuracy": Criterion()}


# ── the sentence and its numbers ──────────────────────────────────────────────────────────────────────────────────


def test_the_worked_value_in_words() -> None:
    found = judge(paired(22, 16), CRITICAL)
    row = only(found)
    assert found.verdict == row.verdict == "INCONCLUSIVE"
    assert found.promote == "no"
    assert row.reason == (
        "accuracy −1.5 pp, could be as low as −4.1 pp; allowed −2.0 pp; "
        "about 1,500 items would decide if it is truly equal"
    )
    assert (row.g, row.margin, row.n, row.n_needed) == (pytest.approx(-0.015), 0.02, 400, 1502)
    assert row.p == pytest.approx(0.209, abs=5e-4)
    passes = judge(paired(22, 16), {"accuracy": Criterion(margin=0.05)})
    assert (passes.verdict, passes.promote) == ("PASS", "yes")
    assert passes.reason == "accuracy −1.5 pp, could be as low as −4.1 pp; allowed −5.0 pp"


def test_a_clear_loss_fails_at_its_best() -> None:
    row = only(judge(paired(60, 5), CRITICAL))
    assert row.verdict == "FAIL"
    assert row.reason.startswith("accuracy −13.8 pp, at best −10.")


def test_where_items_cannot_help_it_says_so() -> None:
    measured = [m(A, "accuracy", 0.9, n=4000), m(B, "accuracy", 0.88, n=4000)]
    row = only(judge(measured, CRITICAL))
    assert row.verdict == "INCONCLUSIVE"
    assert "more items will not help: the loss is about as large as the margin" in row.reason


def test_direction_flip_and_unit_change_change_no_answer() -> None:
    flipped = [replace(x, metric="error_rate", value=1 - x.value, items={i: 1 - v for i, v in x.items.items()})
               for x in paired(22, 16)]  # fmt: skip
    up, down = only(judge(paired(22, 16), CRITICAL)), only(judge(flipped, {"error_rate": Criterion()}))
    assert (up.verdict, up.n_needed) == (down.verdict, down.n_needed)
    assert (up.g, up.bound) == (pytest.approx(down.g), pytest.approx(down.bound))
    assert down.reason.startswith("error rate +1.5 pp, could be as high as +4.1 pp; allowed +2.0 pp")
    rng = random.Random(1)
    for _ in range(20):
        a, b = rng.uniform(500, 900), rng.uniform(500, 900)
        rules = {"rating": Criterion()}
        plain = [m(A, "rating", a, n=50, sd=60.0), m(B, "rating", b, n=50, sd=90.0)]
        scaled = [replace(x, value=x.value / 1000, sd=(x.sd or 0) / 1000) for x in plain]
        one, two = only(judge(plain, rules)), only(judge(scaled, rules))
        assert (one.verdict, one.n_needed) == (two.verdict, two.n_needed)
        negated = {"rating": replace(METRICS["rating"], direction="down")}
        three = only(judge([replace(x, value=-x.value) for x in plain], rules, metrics=negated))
        assert (one.verdict, one.bound) == (three.verdict, pytest.approx(three.bound))


@pytest.mark.parametrize(("n", "text"), [(1502, "1,500"), (274, "270"), (7, "7"), (58_123, "58,000")])
def test_numbers_of_items_are_rounded(n: int, text: str) -> None:
    assert about(n) == text


# ── which test ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_results_of_different_items_give_no_verdict() -> None:
    left, right = paired(22, 16)
    for items in (
        {f"other {i}": v for i, v in right.items.items()},
        dict(list(right.items.items())[:390]),
    ):
        row = only(judge([left, replace(right, items=items)], CRITICAL))
        assert row.verdict == "INCONCLUSIVE"
        assert "were measured on different items: " in row.reason
    assert "390 of 400 and 390 items are common to both" in row.reason
    bare = only(judge([replace(left, items={}, n=400), replace(right, items={}, n=400)], CRITICAL))
    assert bare.bound is not None  # without items the two are independent samples


def test_bare_figures_are_unproven_and_the_policy_decides() -> None:
    near, far = [m(A, "accuracy", 0.9), m(B, "accuracy", 0.88)], [m(A, "accuracy", 0.9), m(B, "accuracy", 0.879)]
    assert (judge(near, CRITICAL).verdict, judge(near, CRITICAL).promote) == ("PASS_UNPROVEN", "warn")
    assert judge(near, CRITICAL, unproven="pass").promote == "yes"
    assert judge(near, CRITICAL, unproven="block").verdict == "INCONCLUSIVE"
    assert "not proven: no number of items" in only(judge(near, CRITICAL)).reason
    assert judge(far, CRITICAL).verdict == "FAIL"


def test_latency_from_samples_and_without() -> None:
    rng = random.Random(5)
    slow = {f"c{i}": rng.gauss(800, 20) for i in range(300)}
    fast = {i: v - 300 for i, v in slow.items()}
    few = dict(list(slow.items())[:50])
    rules = {"latency_p95_ms": Criterion()}

    def run(a: dict[str, float], b: dict[str, float]) -> VerdictRow:
        return only(judge([m(A, "latency_p95_ms", 830, items=a), m(B, "latency_p95_ms", 530, items=b)], rules))

    assert run(slow, fast).verdict == "PASS"
    assert run(fast, slow).verdict == "FAIL"
    assert "needs n ≥ 59" in run(few, few).reason
    bare = only(judge([m(A, "latency_p95_ms", 820), m(B, "latency_p95_ms", 910)], rules))
    assert bare.verdict == "FAIL"
    assert bare.reason.startswith("latency p95 +90 ms; allowed +82 ms (10 %)")
    assert quantile_level(METRICS["rating"], m(A, "rating", 1, statistic="Median")) == 0.5


def test_a_score_is_judged_by_items_only_where_they_average_to_it() -> None:
    rng = random.Random(6)
    left = {f"i{k}": rng.random() for k in range(60)}
    right = {i: v + rng.uniform(-0.01, 0.03) for i, v in left.items()}
    rules = {"f1": Criterion(margin=0.02)}
    a, b = (m(k, "f1", sum(v.values()) / 60, items=v) for k, v in ((A, left), (B, right)))
    assert only(judge([a, b], rules)).verdict == "PASS"
    corpus = only(judge([replace(a, value=0.6), replace(b, value=0.61)], rules))
    assert corpus.verdict == "PASS_UNPROVEN"
    assert "average to the score" in corpus.reason
    with_n = only(judge([m(A, "f1", 0.6, n=9999), m(B, "f1", 0.61, n=9999)], rules))
    assert with_n.verdict == "PASS_UNPROVEN"


def test_a_zero_baseline_takes_the_amount() -> None:
    measured = [m(A, "cost", 0.0), m(B, "cost", 1.0)]
    assert only(judge(measured, {"cost": Criterion(relative=0.1)})).verdict == "FAIL"
    assert only(judge(measured, {"cost": Criterion(relative=0.1, margin=2)})).verdict == "PASS_UNPROVEN"


# ── what cannot be known ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        ([], "accuracy: not measured on the baseline"),
        ([m(A, "accuracy", 0.9)], "accuracy: not measured on the candidate"),
        ([m(A, "accuracy", 0.9, dataset="v1"), m(B, "accuracy", 0.9, dataset="v2")], "different dataset: v1 / v2"),
        ([m(A, "accuracy", 0.9), m(B, "accuracy", math.nan)], "reports nan"),
        ([m(A, "accuracy", 90.0), m(B, "accuracy", 91.0)], "a rate lies between 0 and 1"),
        ([m(A, "accuracy", 0.5, items={"a": 1.0, "b": math.nan}), m(B, "accuracy", 0.5)], "1 of 2 item results"),
        ([m(A, "accuracy", 0.9), m(B, "accuracy", 0.9, measured_on=date(2026, 11, 8))], "15 days ago, 14 allowed"),
        ([m(A, "accuracy", 0.9, measured_on=None), m(B, "accuracy", 0.9)], "is not known: measure again"),
        ([m(A, "accuracy", 0.9, dataset_hash="old"), m(B, "accuracy", 0.9, dataset_hash="old"),
          m(A, "accuracy", 0.8, dataset_hash="new", measured_on=TODAY)], "has changed since"),
    ],
)  # fmt: skip
def test_what_is_missing_or_stale_is_inconclusive_and_said(measured: list[Measurement], said: str) -> None:
    found = judge(measured, CRITICAL)
    assert found.verdict == "INCONCLUSIVE"
    assert said in found.reason


def test_evidence_of_another_use_case_does_not_count() -> None:
    found = judge([m(A, "accuracy", 0.9, use_case="hr"), m(B, "accuracy", 0.9, use_case="hr")], CRITICAL)
    assert found.verdict == "INCONCLUSIVE"


def test_too_few_items_for_the_policy() -> None:
    row = only(judge(paired(5, 5), {"accuracy": Criterion(margin=0.1, min_n=500)}))
    assert row.verdict == "INCONCLUSIVE"
    assert "only 400 items, the policy asks for 500" in row.reason


def test_a_borrowed_figure_is_at_most_unproven() -> None:
    left, right = paired(2, 30)
    borrowed = replace(right, version=TWIN)
    found = judge([left, borrowed], CRITICAL, target=Version("b", B, same_as=(TWIN,)))
    assert found.verdict == "PASS_UNPROVEN"
    assert found.reason.endswith(f"measured at {TWIN}")
    assert only(found).borrowed


# ── floors, zero tolerance, budgets ───────────────────────────────────────────────────────────────────────────────


def test_floor_and_margin_are_two_rows() -> None:
    rules = {"accuracy": Criterion(margin=0.05, floor=0.48)}
    found = judge(paired(22, 16), rules)
    assert {row.check: row.verdict for row in found.rows} == {"margin": "PASS", "floor": "PASS"}
    assert judge(paired(22, 16), {"accuracy": Criterion(margin=0.05, floor=0.6)}).verdict == "FAIL"
    close = judge(paired(22, 16), {"accuracy": Criterion(margin=0.05, floor=0.52)})
    assert close.verdict == "INCONCLUSIVE"
    assert "could be as low as 49.8 %; at least 52.0 % wanted; about" in close.reason


@pytest.mark.parametrize(
    ("value", "n", "verdict"),
    [
        (0, 149, "PASS"),
        (0, 148, "INCONCLUSIVE"),
        (1 / 5000, 5000, "FAIL"),
        (0, None, "PASS_UNPROVEN"),
        (0.1, None, "FAIL"),
    ],
)
def test_zero_tolerance(value: float, n: int | None, verdict: str) -> None:
    row = only(judge([m(B, "error_rate", value, n=n)], {"error_rate": Criterion("zero_tolerance")}))
    assert row.verdict == verdict
    if n == 148:
        assert "149 items without one would show it" in row.reason
    if n == 5000:
        assert "1 of 5,000 violates" in row.reason


def test_zero_tolerance_counts_and_passes() -> None:
    rules = {"incidents": Criterion("zero_tolerance")}
    assert only(judge([m(B, "incidents", 2, n=900)], rules)).verdict == "FAIL"
    assert only(judge([m(B, "incidents", 0, n=900)], rules)).verdict == "PASS"
    assert only(judge([m(B, "accuracy", 1, n=900)], {"accuracy": Criterion("zero_tolerance")})).verdict == "PASS"
    assert only(judge([m(B, "rating", 1)], {"rating": Criterion("zero_tolerance")})).verdict == "ERROR"


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(690, 1010, "INCONCLUSIVE"), (690, 1000, "PASS"), (1001, 1010, "FAIL"), (None, 900, "PASS"),
     (1200, None, "FAIL"), (900, None, "INCONCLUSIVE"), (None, None, "INCONCLUSIVE")],
)  # fmt: skip
def test_budget_of_a_range(low: float | None, high: float | None, verdict: str) -> None:
    rules = {"monthly_cost": Criterion("budget", ceiling=1000)}
    assert judge([], rules, ranges={"monthly_cost": (low, high)}).verdict == verdict


def test_budget_of_a_measured_figure() -> None:
    rules = {"cost": Criterion("budget", ceiling=10)}
    assert judge([m(B, "cost", 9)], rules).verdict == "PASS_UNPROVEN"
    assert judge([m(B, "cost", 9, n=50, sd=1.0)], rules).verdict == "PASS"
    assert judge([m(B, "cost", 12)], rules).verdict == "FAIL"
    assert judge([], rules).verdict == "INCONCLUSIVE"
    assert judge([m(B, "cost", 9)], {"cost": Criterion("budget")}).verdict == "ERROR"


# ── policies that are wrong ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "criterion", "said"),
    [
        ("acuracy", Criterion(), "no metric defines; did you mean accuracy?"),
        ("accuracy", Criterion(margin=-0.1), "the margin -0.1 is not a number from 0 up"),
        ("accuracy", Criterion(margin=math.nan), "is not a number from 0 up"),
        ("f1", Criterion(), "no margin is set and kind 'other' has no default"),
        ("length", Criterion(), "length has no direction"),
    ],
)
def test_a_wrong_policy_is_an_error_with_a_sentence(name: str, criterion: Criterion, said: str) -> None:
    found = judge(paired(1, 1), {name: criterion})
    assert found.verdict == "ERROR"
    assert said in found.reason


def test_wrong_targets_are_errors() -> None:
    alias = judge(paired(1, 1), CRITICAL, target=Version("b", B, alias_of=("openai/x@1",)))
    assert (alias.verdict, "pin one of openai/x@1" in alias.reason) == ("ERROR", True)
    assert "compared with itself" in judge(paired(1, 1), CRITICAL, target=Version("a", A)).reason


# ── combination ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_worst_row_decides() -> None:
    order = ["ERROR", "FAIL", "INCONCLUSIVE", "STALE", "WARN", "PASS_UNPROVEN", "PASS"]
    for i, verdict in enumerate(order):
        assert combine(order[: i - 1 : -1] if i else order) == verdict
    assert combine([]) == combine(["INFO"]) == "INCONCLUSIVE"
    assert combine(["PASS", "WAIVED", "WARN"]) == "WAIVED"


def test_a_failing_slice_fails_the_whole_and_a_missing_one_is_unknown() -> None:
    whole = paired(1, 30)
    bad = judge([*whole, *paired(60, 5, slice="de")], CRITICAL)
    assert (bad.verdict, [row.slice for row in bad.rows]) == ("FAIL", ["", "de"])
    assert judge([*whole, paired(1, 30, slice="de")[0]], CRITICAL).verdict == "INCONCLUSIVE"


def test_warn_metrics_only_warn_and_info_is_not_judged() -> None:
    measured = [*paired(1, 30), m(A, "rating", 5), m(B, "rating", 1), m(A, "clicks", 0.5), m(B, "clicks", 0.1)]
    found = judge(measured, CRITICAL | {"rating": Criterion("warn"), "clicks": Criterion("info")})
    assert (found.verdict, found.promote) == ("WARN", "warn")
    assert [row.verdict for row in found.rows] == ["PASS", "WARN", "INFO"]
    assert judge([], {"rating": Criterion("warn")}).verdict == "WARN"
    assert judge(measured, {"clicks": Criterion("info")}).verdict == "INCONCLUSIVE"


def test_a_waiver_needs_a_name_a_reason_and_a_day() -> None:
    def waived(**more: Any) -> Verdict:
        waiver = Waiver(**({"by": "Mia", "why": "forced move", "at": "", "until": TODAY} | more))
        return judge(paired(60, 5), CRITICAL, waivers={"accuracy": waiver})

    good = waived()
    assert (good.verdict, good.promote) == ("WAIVED", "warn")
    assert good.reason.endswith("waived by Mia until 23 Nov 2026: forced move")
    for missing in ({"by": " "}, {"why": ""}, {"until": None}, {"until": date(2026, 11, 22)}):
        assert waived(**missing).verdict == "FAIL"
    assert "has expired on 22 Nov 2026" in waived(until=date(2026, 11, 22)).reason
    error = judge([], {"nope": Criterion()}, waivers={"nope": Waiver("Mia", "x", "", TODAY)})
    assert error.verdict == "ERROR"


def test_a_waiver_for_one_slice_leaves_the_rest() -> None:
    waiver = {"accuracy/de": Waiver("Mia", "few German users", "", TODAY)}
    measured = [*paired(1, 30), *paired(60, 5, slice="de")]
    assert judge(measured, CRITICAL, waivers=waiver).verdict == "WAIVED"
    assert judge([*measured, *paired(60, 5, slice="fr")], CRITICAL, waivers=waiver).verdict == "FAIL"


# ── without a policy ──────────────────────────────────────────────────────────────────────────────────────────────


def test_default_criteria_come_from_the_definitions() -> None:
    measured = [
        x
        for name, a, b in (("accuracy", 0.9, 0.9), ("f1", 0.8, 0.5), ("latency_p95_ms", 800, 1600), ("cost", 1, 2),
                           ("clicks", 0.5, 0.1), ("length", 1, 9), ("nobody.knows", 1, 2))
        for x in (m(A, name, a), m(B, name, b))
    ]  # fmt: skip
    found = judge(measured)
    assert found.defaults
    assert {row.metric: (row.role, row.verdict) for row in found.rows} == {
        "accuracy": ("critical", "PASS_UNPROVEN"),
        "f1": ("critical", "FAIL"),
        "latency_p95_ms": ("warn", "WARN"),
        "cost": ("warn", "WARN"),
        "clicks": ("info", "INFO"),
        "length": ("info", "INFO"),
        "nobody.knows": ("info", "INFO"),
    }


def test_without_any_quality_there_is_no_pass() -> None:
    assert judge([]).verdict == "INCONCLUSIVE"
    assert judge([m(A, "cost", 2), m(B, "cost", 1)]).verdict == "INCONCLUSIVE"


def test_public_figures_serve_where_nothing_was_measured_in_the_use_case() -> None:
    public = [m(k, "accuracy", 0.9, use_case="", source="aider") for k in (A, B)]
    assert judge(public).verdict == "PASS_UNPROVEN"


def test_the_order_of_everything_changes_nothing() -> None:
    measured = [*paired(22, 16), m(A, "rating", 5), m(B, "rating", 4), *paired(1, 3, slice="de")]
    rules = {"accuracy": Criterion(), "rating": Criterion("warn")}
    assert judge(measured, rules) == judge(measured[::-1], dict(reversed(rules.items())))


def scored(metric: str, n: int = 60) -> list[Measurement]:
    """Scores between 0 and 1 of the same items, B a little below A."""
    left = {f"i{k}": (k * 37 % 100) / 100 for k in range(n)}
    right = {k: max(0.0, v - 0.01 * (len(k) % 2)) for k, v in left.items()}
    return [m(key, metric, math.fsum(found.values()) / n, items=found, n=n) for key, found in ((A, left), (B, right))]


def test_the_gate_says_how_far_it_is_and_can_be_cancelled() -> None:
    measured = [*scored("f1"), *paired(22, 16)]
    by_key = {key: [one for one in measured if one.version == key] for key in (A, B)}
    rules = Criteria(metrics={"accuracy": Criterion("critical", 0.05), "f1": Criterion("critical", 0.05)})
    told: list[float] = []

    def run(progress: Callable[[float], None]) -> Verdict:
        return gate(Version("a", A), Version("b", B), by_key, METRICS, rules, TODAY, use_case=CASE, progress=progress)

    assert run(told.append).verdict == "PASS"
    assert told == sorted(told)
    assert told[0] == 0
    assert sum(0.5 < share < 1 for share in told) > 1  # also within the bootstrap of the second metric
    with pytest.raises(InterruptedError):
        run(_refuse)


def _refuse(share: float) -> None:
    if share > 0.5:
        raise InterruptedError
