"""One row of a verdict: the margin test of a metric in one series, and its sentence (DECISIONS 5)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Literal

from store.records import Criteria, Criterion, Measurement, Metric, Role, Series, Version, Waiver
from store.review.evidence import (
    Finding,
    about,
    called,
    difference,
    different_items,
    impossible,
    margin_for,
    not_worse,
)
from store.review.figures import measured_day, why_not_comparable
from store.values import dataclass

Check = Literal["margin", "floor", "ceiling", "budget", "zero_tolerance", "policy"]
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """What one metric, in one series, says. `verdict` is of `ORDER`, or INFO for what is only shown.

    `baseline`, `candidate` and `margin` are in the metric's unit; `g` is the oriented gain (negative is a loss),
    `bound` and `high` its one-sided 95 % bounds (for floors, ceilings and budgets: of the candidate's value). `n` is
    the smaller sample, `n_needed` what would decide if the candidate is truly equal, `p` the exact McNemar p.
    """

    metric: str
    role: Role
    verdict: str
    reason: str
    check: Check = "margin"
    title: str = ""
    baseline: float | None = None
    candidate: float | None = None
    g: float | None = None
    bound: float | None = None
    high: float | None = None
    margin: float | None = None
    n: int | None = None
    n_needed: int | None = None
    p: float | None = None
    series: Series | None = None
    slice: str = ""
    borrowed: bool = False
    waiver: Waiver | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """What a row is judged from; `figures` are the newest ones of both versions, by version key."""

    baseline: Version
    candidate: Version
    measurements: Mapping[str, Sequence[Measurement]]
    metrics: Mapping[str, Metric]
    figures: Mapping[str, Mapping[Series, Measurement]]
    criteria: Criteria
    today: date
    ranges: Mapping[str, tuple[float | None, float | None]]
    progress: Progress | None

    def found(self, version: Version, metric: str) -> dict[Series, Measurement]:
        """The newest figure per series of a metric: those of the use case, else the general ones."""
        known = {s: m for s, m in self.figures[version.key].items() if s.metric == metric}
        return {s: m for s, m in known.items() if s.use_case} or known


def margin_rows(bench: Bench, metric: Metric, criterion: Criterion) -> list[VerdictRow]:
    """A row per series that both have, for the whole and for every slice of the baseline."""
    left, right = bench.found(bench.baseline, metric.name), bench.found(bench.candidate, metric.name)
    if not left:
        return [unknown_row(metric, criterion.role, "margin", "not measured on the baseline", None, None)]
    rows = []
    for part in sorted({s.slice for s in left}):
        ours = {s: m for s, m in left.items() if s.slice == part}
        common = [s for s in ours if s in right]
        rows += [_margin_row(bench, metric, criterion, ours[s], right[s]) for s in common]
        if not common:
            series = min(ours, key=repr)
            theirs = [s for s in right if s.slice == part]
            why = why_not_comparable(series, min(theirs, key=repr)) if theirs else "not measured on the candidate"
            rows.append(unknown_row(metric, criterion.role, "margin", why, ours[series], None))
    return rows


def _margin_row(bench: Bench, metric: Metric, criterion: Criterion, a: Measurement, b: Measurement) -> VerdictRow:
    doubt = impossible(metric, a) or impossible(metric, b)
    if not doubt and metric.kind != "quantile":
        doubt = different_items(a, b)
    if doubt:
        return unknown_row(metric, criterion.role, "margin", doubt, a, b)
    margin = margin_for(criterion, metric, a.value)
    if isinstance(margin, str):
        return replace(unknown_row(metric, criterion.role, "policy", margin, a, b), verdict="ERROR")
    finding = not_worse(metric, a, b, margin, bench.progress)
    owners = ((a, bench.baseline.key), (b, bench.candidate.key))
    borrowed = tuple(m.version for m, key in owners if m.version != key)
    if borrowed and finding.proven:
        finding = replace(finding, proven=False, answer={"PASS": "PASS_UNPROVEN"}.get(finding.answer, finding.answer))
    old = too_old(bench, a, b) or too_few(criterion, finding.n)
    answer = "INCONCLUSIVE" if old else finding.answer
    test = finding.test
    reason = _sentence(metric, finding, answer, margin.amount, margin.share, old, borrowed)
    return VerdictRow(
        metric.name, criterion.role, answer, reason, "margin", metric.title, a.value, b.value, test.gain, test.low,
        test.high, margin.amount, finding.n, test.needed, test.p, b.series, b.slice, bool(borrowed),
    )  # fmt: skip


def _sentence(
    metric: Metric,
    finding: Finding,
    answer: str,
    margin: float,
    share: float | None,
    doubt: str,
    borrowed: tuple[str, ...],
) -> str:
    test, sign = finding.test, 1 if metric.direction == "up" else -1
    parts = [f"{called(metric)} {difference(sign * test.gain, metric)}"]
    if test.low is not None and answer != "FAIL" and math.isfinite(test.low):
        parts[0] += f", could be as {'low' if sign > 0 else 'high'} as {difference(sign * test.low, metric)}"
    elif test.high is not None and answer == "FAIL":
        parts[0] += f", at best {difference(sign * test.high, metric)}"
    percent = f" ({share * 100:g} %)" if share is not None else ""
    parts.append(f"allowed {difference(-sign * margin, metric)}{percent}")
    if doubt:
        parts.append(doubt)
    elif answer == "INCONCLUSIVE":
        parts.append(_what_would_decide(finding))
    elif not finding.proven:
        parts.append(f"not proven: {test.note}" if test.note else "not proven")
    if borrowed:
        parts.append(f"measured at {' and '.join(borrowed)}")
    return "; ".join(parts)


def _what_would_decide(finding: Finding) -> str:
    test, n = finding.test, finding.n
    if test.needed is None or (test.note and n is None):
        return test.note or "the margin leaves no room that items could fill"
    if n is not None and n >= test.needed:
        return test.note or "more items will not help: the loss is about as large as the margin"
    decides = f"about {about(test.needed)} items would decide if it is truly equal"
    return f"{test.note}; {decides}" if test.note else decides


def too_few(criterion: Criterion, n: int | None) -> str:
    """Why a sample is smaller than the policy asks for, empty where it is not."""
    if criterion.min_n is None or (n is not None and n >= criterion.min_n):
        return ""
    return f"{'n is not known' if n is None else f'only {n:,} items'}, the policy asks for {criterion.min_n:,}"


def too_old(bench: Bench, *used: Measurement) -> str:
    """Why a figure is no evidence today: undated, older than the policy allows, or its data set has moved on."""
    most = bench.criteria.max_evidence_age_days
    for m in used:
        day = measured_day(m)
        if day is None:
            return f"when {m.version} was measured is not known: measure again"
        if (bench.today - day).days > most:
            return f"{m.version} was measured {(bench.today - day).days} days ago, {most} allowed: measure again"
        for other in bench.measurements.get(m.version, ()):
            newer = other.metric == m.metric and (measured_day(other) or date.min) > day
            if (
                newer
                and other.dataset_hash != m.dataset_hash
                and replace(other.series, dataset_hash=m.dataset_hash) == m.series
            ):
                return f"the data set {m.dataset or 'it'} has changed since {m.version} was measured: measure again"
    return ""


def unknown_row(
    metric: Metric, role: Role, check: Check, why: str, a: Measurement | None, b: Measurement | None
) -> VerdictRow:
    """A row without an answer: what is missing, with the figures that are there."""
    known = b or a
    return VerdictRow(
        metric.name, role, "INCONCLUSIVE", f"{called(metric)}: {why}", check, metric.title,
        None if a is None else a.value, None if b is None else b.value,
        series=known.series if known else None, slice=known.slice if known else "",
    )  # fmt: skip
