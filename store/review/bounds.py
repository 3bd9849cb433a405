"""Rows of a verdict that look at the candidate alone: floor, ceiling, zero tolerance, budget, and what is only shown.

A rate is bounded by Clopper–Pearson, a mean by Student's t, a quantile by its order statistics (DECISIONS 5).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

from store.records import Criterion, Measurement, Metric
from store.review import statistics as tests
from store.review.evidence import about, amount, called, difference, impossible, limits
from store.review.verdict_rows import Bench, Check, VerdictRow, too_few, too_old, unknown_row

ZERO_TOLERANCE_CAP = 0.02
"""With no violation seen: the rate that must be ruled out, where the criterion sets no ceiling or margin."""


def alone(
    bench: Bench, metric: Metric, criterion: Criterion, check: Literal["floor", "ceiling", "zero_tolerance"]
) -> list[VerdictRow]:
    """A row per series of the candidate, slices included."""
    found = bench.found(bench.candidate, metric.name)
    if not found:
        return [unknown_row(metric, criterion.role, check, "not measured on the candidate", None, None)]
    return [_one(bench, metric, criterion, check, m) for _, m in sorted(found.items(), key=lambda pair: repr(pair[0]))]


def _one(
    bench: Bench, metric: Metric, criterion: Criterion, check: Literal["floor", "ceiling", "zero_tolerance"],
    m: Measurement,
) -> VerdictRow:  # fmt: skip
    if doubt := impossible(metric, m):
        return unknown_row(metric, criterion.role, check, doubt, None, m)
    borrowed = m.version != bench.candidate.key
    row = _tolerance(metric, criterion, m) if check == "zero_tolerance" else _bounded(metric, criterion, check, m)
    if borrowed:
        verdict = {"PASS": "PASS_UNPROVEN"}.get(row.verdict, row.verdict)
        row = replace(row, verdict=verdict, borrowed=True, reason=f"{row.reason}; measured at {m.version}")
    old = too_old(bench, m) or too_few(criterion, row.n)
    row = replace(row, series=m.series, slice=m.slice, title=metric.title, candidate=m.value)
    return replace(row, verdict="INCONCLUSIVE", reason=f"{row.reason}; {old}") if old else row


def _bounded(metric: Metric, criterion: Criterion, check: Check, m: Measurement) -> VerdictRow:
    floor = check == "floor"
    bound = criterion.floor if floor else criterion.ceiling
    if bound is None or not math.isfinite(bound):
        return VerdictRow(
            metric.name, criterion.role, "ERROR", f"the {check} of {called(metric)} is no number", "policy"
        )
    word = "at least" if floor else "at most"
    said = f"{called(metric)} {amount(m.value, metric)}"
    n = len(m.items) or m.n
    ends = limits(metric, m)
    if ends is None:
        holds = m.value >= bound if floor else m.value <= bound
        reason = f"{said}; {word} {amount(bound, metric)} wanted; not proven: no number of items or no spread"
        return VerdictRow(
            metric.name, criterion.role, "PASS_UNPROVEN" if holds else "FAIL", reason, check, margin=bound, n=n
        )
    low, high = ends
    passes, fails = (low >= bound, high < bound) if floor else (high <= bound, low > bound)
    verdict = "PASS" if passes else "FAIL" if fails else "INCONCLUSIVE"
    edge = (low if floor else high) if verdict != "FAIL" else (high if floor else low)
    if math.isfinite(edge):
        how = "at best" if verdict == "FAIL" else f"could be as {'low' if floor else 'high'} as"
        said += f", {how} {amount(edge, metric)}"
    reason, needed = f"{said}; {word} {amount(bound, metric)} wanted", _needed(metric, m.value, bound, floor)
    if verdict == "INCONCLUSIVE" and needed is not None and n is not None and needed > n:
        reason += f"; about {about(needed)} items would decide if it stays so"
    return VerdictRow(
        metric.name, criterion.role, verdict, reason, check, bound=low, high=high, margin=bound, n=n, n_needed=needed
    )


def _needed(metric: Metric, value: float, bound: float, floor: bool) -> int | None:
    """Items that show a rate to keep its bound if it stays where it is; None where it is no rate or does not."""
    room = value - bound if floor else bound - value
    if metric.kind != "rate" or room <= 0:
        return None
    if value in (0, 1):
        return tests.zero_needed(room)
    spread = tests.Z * math.sqrt(bound * (1 - bound)) + tests.Z_POWER * math.sqrt(value * (1 - value))
    return math.ceil((spread / room) ** 2 + 1 / room)


def _tolerance(metric: Metric, criterion: Criterion, m: Measurement) -> VerdictRow:
    """Any violation fails; without one, so many items that a rate at the cap would have shown one.

    A violation is an item that counts (errors, direction down) or that does not pass (direction up).
    """
    role, n = criterion.role, len(m.items) or m.n
    rate = m.value if metric.direction == "down" else 1 - m.value
    if metric.kind not in ("rate", "count") or (metric.kind == "count" and metric.direction == "up"):
        why = f"zero tolerance needs a rate, or a count where lower is better; {called(metric)} is neither"
        return VerdictRow(metric.name, role, "ERROR", why, "policy")
    cap = next((c for c in (criterion.ceiling, criterion.margin) if c is not None), ZERO_TOLERANCE_CAP)
    if rate > 0:
        seen = round(rate * n) if n and metric.kind == "rate" else rate if metric.kind == "count" else None
        what = f"{seen:,.0f} of {n:,}" if seen is not None and n else amount(rate, metric)
        reason = f"{called(metric)}: {what} {'violates' if seen == 1 else 'violate'}, none is allowed"
        low = tests.clopper_pearson(rate * n, n)[0] if n and metric.kind == "rate" else None
        return VerdictRow(metric.name, role, "FAIL", reason, "zero_tolerance", bound=low, margin=cap, n=n)
    if not n:
        reason = f"{called(metric)}: none seen; not proven: no number of items"
        return VerdictRow(metric.name, role, "PASS_UNPROVEN", reason, "zero_tolerance", margin=cap)
    high, needed = tests.clopper_pearson(0, n)[1], tests.zero_needed(cap)
    rates = replace(metric, kind="rate", scale=100, unit="%")
    reason = f"{called(metric)}: none among {n:,}, so below {amount(high, rates)}"
    verdict = "PASS" if high <= cap else "INCONCLUSIVE"
    if verdict != "PASS":
        reason += f"; {amount(cap, rates)} must be ruled out"
        reason += f"; {needed:,} items without one would show it" if needed else ""
    return VerdictRow(
        metric.name, role, verdict, reason, "zero_tolerance", bound=0, high=high, margin=cap, n=n, n_needed=needed
    )


def budget(bench: Bench, metric: Metric, criterion: Criterion) -> VerdictRow:
    """PASS where the high end keeps the cap, FAIL where the low end breaks it, else INCONCLUSIVE."""
    cap, name, said = criterion.ceiling, metric.name, called(metric)
    if cap is None or not math.isfinite(cap) or cap < 0:
        return VerdictRow(
            name, "budget", "ERROR", f"the budget for {said} needs a ceiling from 0 up", "policy", metric.title
        )
    m: Measurement | None = None
    proven = name in bench.ranges
    if proven:
        low, high = bench.ranges[name]
    else:
        found = bench.found(bench.candidate, name)
        whole = [measured for series, measured in found.items() if not series.slice] or list(found.values())
        if not whole:
            return unknown_row(metric, "budget", "budget", "not known for the candidate", None, None)
        m = max(whole, key=lambda measured: (measured.value, measured.uid))
        if doubt := impossible(metric, m) or too_old(bench, m):
            return unknown_row(metric, "budget", "budget", doubt, None, m)
        ends = limits(metric, m)
        proven = ends is not None
        low, high = ends if ends is not None else (m.value, m.value)
    if low is None and high is None:
        return unknown_row(metric, "budget", "budget", "not known for the candidate", None, m)
    shown = " to ".join(dict.fromkeys("unknown" if end is None else amount(end, metric) for end in (low, high)))
    verdict = "INCONCLUSIVE"
    if high is not None and high <= cap:
        verdict = "PASS" if proven else "PASS_UNPROVEN"
    elif low is not None and low > cap:
        verdict = "FAIL"
    reason = f"{said} {shown}; budget {amount(cap, metric)}" + ("" if proven else "; a single figure, without spread")
    value = m.value if m is not None else low if low == high else None
    return VerdictRow(
        name, "budget", verdict, reason, "budget", metric.title, None, value, bound=low, high=high, margin=cap,
        n=m.n if m else None, series=m.series if m else None,
    )  # fmt: skip


def shown(bench: Bench, metric: Metric) -> list[VerdictRow]:
    """What is only shown: a row per series that both have, else what one side has."""
    left, right = bench.found(bench.baseline, metric.name), bench.found(bench.candidate, metric.name)
    series = [s for s in left if s in right] or [*left, *right]
    rows = []
    for s in sorted(series, key=repr):
        a, b = left.get(s), right.get(s)
        both = a is not None and b is not None and math.isfinite(a.value) and math.isfinite(b.value)
        delta = b.value - a.value if both and a is not None and b is not None else None
        reason = f"{called(metric)}: {'not measured on both' if delta is None else difference(delta, metric)}"
        sign = {"up": 1, "down": -1, "none": 0}[metric.direction]
        gain = sign * delta if sign and delta is not None else None
        row = VerdictRow(metric.name, "info", "INFO", reason, "margin", metric.title, g=gain, series=s, slice=s.slice)
        rows.append(replace(row, baseline=a.value if a else None, candidate=b.value if b else None))
    return rows
