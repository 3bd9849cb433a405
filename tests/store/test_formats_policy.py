"""A policy as TOML: what is written can be read again, and every way to get it wrong has a sentence."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.formats.policy import PolicyFault, parse_policy, write_policy
from store.records import Criteria, Criterion, Metric

METRICS = {
    m.name: m
    for m in (
        Metric("accuracy", "Accuracy", direction="up", kind="rate", unit="%", scale=100),
        Metric("latency_p95_ms", "Latency", direction="down", kind="quantile"),
        Metric("cost_per_prediction", "Cost", direction="down", kind="money"),
        Metric("f1", "F1", direction="up"),
        Metric("answer_words", "Words", direction="none", kind="mean"),
        Metric("vectara.answer_rate", "Answers", direction="up", kind="rate"),
    )
}

criterion = st.builds(
    Criterion,
    role=st.sampled_from(["critical", "warn", "info"]),
    margin=st.none() | st.floats(0, 1),
    floor=st.none() | st.floats(0, 0.4),
    ceiling=st.none() | st.floats(0.5, 1),
    min_n=st.none() | st.integers(1, 10**6),
)
policies = st.builds(
    Criteria,
    metrics=st.dictionaries(st.sampled_from(["accuracy", "vectara.answer_rate", "latency_p95_ms"]), criterion),
    max_evidence_age_days=st.integers(1, 400),
    unproven=st.sampled_from(["pass", "warn", "block"]),
    two_persons=st.booleans(),
    runway_days=st.integers(0, 1000),
)


@settings(max_examples=60)
@given(policies)
def test_what_is_written_reads_back_the_same(policy: Criteria) -> None:
    assert parse_policy(write_policy(policy, "a remark\nof two lines"), METRICS) == policy


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[metrics.acuracy]", "line 1: no metric is called 'acuracy'; did you mean accuracy?"),
        ("[metrics.accuracy]\nmargin = -0.02", "line 2: the margin of accuracy is -0.02"),
        ("[metrics.accuracy]\nmargin = nan", "line 2: the margin of accuracy is nan"),
        ("[metrics.accuracy]\nmargin = 0.02\nrelative = 0.1", "line 3: accuracy has two margins"),
        ("[metrics.accuracy]\nmargin = 2", "line 2: the margin of accuracy is 2, but it is a rate from 0 to 1"),
        ("[metrics.latency_p95_ms]\nrelative = 10", "line 2: relative of latency_p95_ms is 10"),
        ("[metrics.cost_per_prediction]\nrole = 'budget'", "line 2: cost_per_prediction is a budget without a ceiling"),
        ("[metrics.accuracy]\nfloor = 0.9\nceiling = 0.5", "line 2: the floor of accuracy, 0.9, lies above"),
        ("[metrics.f1]", "line 1: f1 is critical without a margin, and kind 'other' has no default"),
        ("[metrics.answer_words]", "line 1: answer_words has no direction, so it cannot be critical"),
        ("[metrics.latency_p95_ms]\nrole='zero_tolerance'", "line 2: latency_p95_ms is neither a rate nor a count"),
        ("[metrics.accuracy]\nmargn = 0.02", "line 2: a policy has no field 'accuracy.margn'; did you mean margin?"),
        ("unprovn = 'pass'", "line 1: a policy has no field 'unprovn'; did you mean unproven?"),
        ("unproven = 'maybe'", "line 1: unproven: 'maybe' is not one of 'pass', 'warn' or 'block'"),
        ("[metrics.accuracy]\nmargin = 'much'", "line 2: metrics.accuracy.margin: 'much' is not a number"),
        ("metrics = 3", "line 1: metrics is no table"),
        ("metrics.accuracy = 3", "line 1: accuracy is no table"),
        ("max_evidence_age_days = 0", "line 1: max_evidence_age_days is below 1"),
        ("a = = 1", "line 1: this is no TOML: invalid value"),
        ("a = '", "this is no TOML"),
        ('["metrics"."vectara.answer_rate"]\nmin_n = 0', "line 2: min_n of vectara.answer_rate is 0"),
    ],
)
def test_each_fault_is_a_sentence_at_its_line(text: str, sentence: str) -> None:
    with pytest.raises(PolicyFault) as found:
        parse_policy(text, METRICS)
    assert sentence in str(found.value)
    assert len(found.value.sentences) == 1


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(PolicyFault) as found:
        parse_policy("[metrics.acuracy]\nmargin=-1\nrelative=0.1\n[metrics.f1]\n", METRICS)
    assert len(found.value.sentences) == 4


@given(st.text(max_size=200))
def test_no_text_brings_anything_but_a_sentence(text: str) -> None:
    with suppress(PolicyFault):
        parse_policy(text, METRICS)


def test_the_monthly_cost_may_be_a_budget_and_nothing_else() -> None:
    text = "[metrics.monthly_cost]\nrole = 'budget'\nceiling = 4000"
    assert parse_policy(text, METRICS).metrics["monthly_cost"].ceiling == 4000
    with pytest.raises(PolicyFault, match="monthly_cost is computed"):
        parse_policy("[metrics.monthly_cost]\nrole = 'critical'\nmargin = 1", METRICS)
