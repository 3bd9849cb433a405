"""The verdict: is the candidate not worse than the baseline, metric by metric and as a whole (DECISIONS 5).

Every row answers PASS, FAIL or INCONCLUSIVE by a one-sided test at 95 %, and says why in a sentence. All critical
rows must pass: there is no averaging. What cannot be known – no figure, an old one, another data set – is
INCONCLUSIVE, and figures without n and spread are at most PASS_UNPROVEN.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import date
from functools import partial
from typing import Literal

from store.records import Criteria, Criterion, Measurement, Metric, Role, Series, UseCase, Version, Waiver
from store.review.bounds import alone, budget, shown
from store.review.evidence import RELATIVE_DEFAULT, called, margin_for
from store.review.figures import figures, is_quality
from store.review.ledger import spoken
from store.review.verdict_rows import Bench, Progress, margin_rows
from store.review.verdict_rows import VerdictRow as VerdictRow
from store.values import dataclass

ORDER = ("ERROR", "FAIL", "INCONCLUSIVE", "STALE", "UNKNOWN", "WAIVED", "WARN", "PASS_UNPROVEN", "PASS")
"""From the one that decides to the one that yields; WAIVED stands above WARN so that it shows everywhere."""
ROLES: tuple[Role, ...] = ("zero_tolerance", "critical", "budget", "warn", "info")
OTHER_RELATIVE = 0.05
"""Default criteria only: the share of the baseline for kinds that have no default margin (scores such as F1)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer as a whole, with its rows in the order zero tolerance, critical, budget, warn, info.

    `criteria` is the policy it was made with and `criteria_version` its version; `defaults` says that the use case has
    none, so that those of the metrics hold. `reason` is the sentence of the row that decides.
    """

    verdict: str
    rows: tuple[VerdictRow, ...]
    reason: str
    criteria_version: int
    defaults: bool = False
    promote: Literal["yes", "warn", "no"] = "no"
    criteria: Criteria = field(default_factory=Criteria)


def gate(
    baseline: Version,
    candidate: Version,
    measurements: Mapping[str, Sequence[Measurement]],
    metrics: Mapping[str, Metric],
    criteria: Criteria,
    today: date,
    *,
    use_case: UseCase | None = None,
    waivers: Mapping[str, Waiver] | None = None,
    ranges: Mapping[str, tuple[float | None, float | None]] | None = None,
    extra: Sequence[VerdictRow] = (),
    progress: Progress | None = None,
) -> Verdict:
    """Decide whether `candidate` may follow `baseline` under `criteria` on the day `today`.

    `measurements` may hold more versions than the two: quality that one lacks is borrowed from its `same_as` twin
    and then at most unproven. `waivers` are by metric, or `metric/slice`. `ranges` gives computed amounts (low, high)
    for budget metrics, such as the monthly cost. `extra` are rows found elsewhere (stale facts, runway). `progress`
    is told the share of the metrics done, also within a bootstrap, and may raise to cancel. Without criteria
    `default_criteria` hold.
    """
    scope = use_case.name if use_case else None
    known = {v.key: figures(v, measurements, metrics, scope) for v in (baseline, candidate)}
    policy = criteria.metrics or default_criteria(known[baseline.key], known[candidate.key], metrics)
    bench = Bench(baseline, candidate, measurements, metrics, known, criteria, today, ranges or {}, progress)
    rows = [*_wrong_target(baseline, candidate), *extra]
    for done, (name, criterion) in enumerate(policy.items()):
        if progress is not None:
            bench = replace(bench, progress=partial(_told, progress, done, len(policy)))
            progress(done / len(policy))
        rows += [_in_role(row, criteria, waivers or {}, today) for row in _checked(bench, name, criterion)]
    if not any(row.verdict != "INFO" for row in rows) or not (criteria.metrics or _has_critical(rows)):
        why = "no quality can be judged: measure the baseline and the candidate on the same data, or set criteria"
        rows.append(VerdictRow("", "critical", "INCONCLUSIVE", why, "policy"))
    rows.sort(
        key=lambda row: (ROLES.index(row.role), _rank(metrics, row.metric), row.metric, row.slice, repr(row.series))
    )
    decisive = min((row for row in rows if row.verdict != "INFO"), key=lambda row: ORDER.index(row.verdict))
    verdict = decisive.verdict
    return Verdict(
        verdict, tuple(rows), decisive.reason, criteria.version, not criteria.metrics, _promotion(verdict, criteria),
        replace(criteria, metrics=dict(policy)),
    )  # fmt: skip


def _told(progress: Progress, done: int, metrics: int, share: float) -> None:
    """Pass on how far one metric is as a share of all."""
    progress((done + share) / metrics)


def combine(verdicts: Sequence[str]) -> str:
    """The worst of several verdicts; INCONCLUSIVE where there is none."""
    judged = [verdict for verdict in verdicts if verdict != "INFO"]
    return min(judged, key=ORDER.index) if judged else "INCONCLUSIVE"


def _promotion(verdict: str, criteria: Criteria) -> Literal["yes", "warn", "no"]:
    if verdict == "PASS" or (verdict == "PASS_UNPROVEN" and criteria.unproven == "pass"):
        return "yes"
    return "warn" if verdict in ("PASS_UNPROVEN", "WARN", "WAIVED") else "no"


def _rank(metrics: Mapping[str, Metric], name: str) -> int:
    return metrics[name].rank if name in metrics else 1000


def _has_critical(rows: Sequence[VerdictRow]) -> bool:
    return any(row.role in ("critical", "zero_tolerance") for row in rows)


def default_criteria(
    baseline: Mapping[Series, Measurement], candidate: Mapping[Series, Measurement], metrics: Mapping[str, Metric]
) -> dict[str, Criterion]:
    """The policy where none is set, from the metric definitions.

    Every metric measured on the baseline in this use case: quality and reliability are critical, speed, latency and
    cost warn, all else (user and business impact, what has no direction) is shown. Margins are those of the kind;
    a kind without one may lose 5 % of the baseline. Where nothing was measured in the use case, the public figures
    that both versions have. Takes the figures of both versions in the use case (`figures`).
    """
    own = {s.metric for s in baseline if s.use_case} or {s.metric for s in baseline if s in candidate}
    return {name: _default(metrics.get(name)) for name in sorted(own)}


def _default(metric: Metric | None) -> Criterion:
    if metric is None or metric.direction == "none":
        return Criterion("info")
    critical = is_quality(metric) or metric.group in ("quality", "reliability")
    judged = critical or metric.column is not None or metric.group in ("speed", "latency", "cost")
    role: Role = "critical" if critical else "warn" if judged else "info"
    has_default = metric.kind == "rate" or metric.kind in RELATIVE_DEFAULT
    return Criterion(role, relative=None if has_default else OTHER_RELATIVE)


# ── one metric ────────────────────────────────────────────────────────────────────────────────────────────────────


def _wrong_target(baseline: Version, candidate: Version) -> list[VerdictRow]:
    why = ""
    if candidate.key == baseline.key:
        why = f"{candidate.key} is compared with itself: name another candidate"
    elif candidate.alias_of:
        why = f"{candidate.key} is an alias that moves: pin one of {', '.join(candidate.alias_of)}"
    return [VerdictRow("", "critical", "ERROR", why, "policy")] if why else []


def _checked(bench: Bench, name: str, criterion: Criterion) -> list[VerdictRow]:
    role, metric = criterion.role, bench.metrics.get(name)
    if role == "budget":
        return [budget(bench, metric or Metric(name, name, unit="USD"), criterion)]
    if role == "info":
        return shown(bench, metric or Metric(name, name))
    if metric is None:
        near = difflib.get_close_matches(name, bench.metrics, 3)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        return [VerdictRow(name, role, "ERROR", f"the policy names '{name}', which no metric defines{hint}", "policy")]
    if metric.direction == "none":
        why = f"{called(metric)} has no direction, so nothing can be judged: define whether higher is better"
        return [VerdictRow(name, role, "ERROR", why, "policy", metric.title)]
    if role == "zero_tolerance":
        return alone(bench, metric, criterion, "zero_tolerance")
    rows = []
    bounded = criterion.floor is not None or criterion.ceiling is not None
    has_margin = criterion.margin is not None or criterion.relative is not None
    if has_margin or not bounded or metric.kind == "rate" or metric.kind in RELATIVE_DEFAULT:
        wrong = margin_for(criterion, metric, 1.0)
        if isinstance(wrong, str):
            verdict = "WARN" if role == "warn" and not has_margin else "ERROR"
            return [VerdictRow(name, role, verdict, f"{called(metric)}: {wrong}", "policy", metric.title)]
        rows += margin_rows(bench, metric, criterion)
    if criterion.floor is not None:
        rows += alone(bench, metric, criterion, "floor")
    if criterion.ceiling is not None:
        rows += alone(bench, metric, criterion, "ceiling")
    return rows


# ── roles and waivers ─────────────────────────────────────────────────────────────────────────────────────────────


def _in_role(row: VerdictRow, criteria: Criteria, waivers: Mapping[str, Waiver], today: date) -> VerdictRow:
    """What the role, the policy on unproven figures and a waiver make of a row."""
    if row.verdict == "PASS_UNPROVEN" and criteria.unproven == "block" and row.role != "warn":
        row = replace(row, verdict="INCONCLUSIVE", reason=f"{row.reason}; the policy asks for proof")
    if row.verdict not in ("FAIL", "INCONCLUSIVE"):
        return row
    if row.role == "warn":
        return replace(row, verdict="WARN")
    waiver = waivers.get(f"{row.metric}/{row.slice}") or waivers.get(row.metric)
    if waiver is None:
        return row
    refused = _not_valid(waiver, today)
    if refused:
        return replace(row, reason=f"{row.reason}; {refused}")
    until = spoken(waiver.until) if waiver.until else ""
    reason = f"{row.reason}; waived by {waiver.by} until {until}: {waiver.why}"
    return replace(row, verdict="WAIVED", reason=reason, waiver=waiver)


def _not_valid(waiver: Waiver, today: date) -> str:
    if not waiver.by.strip() or not waiver.why.strip():
        return "its waiver does not count: it names nobody or no reason"
    if waiver.until is None:
        return f"the waiver by {waiver.by} does not count: it has no expiry"
    if waiver.until < today:
        return f"the waiver by {waiver.by} has expired on {spoken(waiver.until)}"
    return ""
