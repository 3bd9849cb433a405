"""What a version costs at the use case's own volume, as a range, and when a switch pays off (DECISIONS 6).

USD per month. Any unknown part that matters makes the cost unknown and is named; a factor of 0 needs no price, and a
free model costs 0.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

from store.records import Deployment, Measurement, Metric, UseCase, Version
from store.review.comparison import Cell, Row, prepared_row
from store.review.context import platform_of
from store.review.figures import figures, finite, newest
from store.review.lifecycle import deployment_type
from store.values import dataclass

MONTHLY_COST = "monthly_cost"
"""The computed amount that a policy may name as a budget."""
MIGRATION_COST = "migration_cost"
"""The metric under which the cost of a switch is entered: USD, once, on the version it goes to."""
HOURS_PER_MONTH = 730
DAYS_PER_MONTH = 365 / 12
ROLLBACK_WINDOW_DAYS = 30
OUTPUT_LENGTHS = ("output_tokens", "tokens_out", "output_tokens_per_call", "vectara.summary_words",
                  "alpaca_eval2.avg_length")  # fmt: skip
"""Metrics that tell how long answers are, own ones before public ones."""


@dataclass(frozen=True, slots=True)
class Verbosity:
    """How many output tokens B writes for one of A's. `measured` names the metric, empty where it is assumed."""

    low: float
    mid: float
    high: float
    measured: str = ""


SAME = Verbosity(1, 1, 1)
ASSUMED = Verbosity(0.9, 1.1, 1.6)


@dataclass(frozen=True, slots=True)
class Cost:
    """An amount in USD as a range; None throughout where `unknown` names what is missing.

    `fixed` is paid whether it is called or not (provisioned, own); `units` are provisioned units. `notes` say what
    was assumed.
    """

    low: float | None
    mid: float | None
    high: float | None
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    fixed: bool = False
    units: int | None = None

    @property
    def known(self) -> bool:
        """Whether there is an amount."""
        return self.mid is not None


def _missing(*what: str, fixed: bool = False) -> Cost:
    return Cost(None, None, None, tuple(dict.fromkeys(what)), fixed=fixed)


def verbosity(
    baseline: Version,
    candidate: Version,
    measurements: Mapping[str, Sequence[Measurement]],
    metrics: Mapping[str, Metric],
    use_case: UseCase | None = None,
) -> Verbosity:
    """The candidate's answer length relative to the baseline's: measured in one series on both, else assumed."""
    if baseline.key == candidate.key:
        return SAME
    name = use_case.name if use_case else None
    left, right = (figures(v, measurements, metrics, name) for v in (baseline, candidate))
    common = [s for s in left if s in right and s.metric in OUTPUT_LENGTHS and not s.slice]
    for s in sorted(common, key=lambda s: (not s.use_case, OUTPUT_LENGTHS.index(s.metric), repr(s))):
        before, after = finite(left[s].value), finite(right[s].value)
        if before is not None and after is not None and before > 0 and after > 0:
            ratio = after / before
            return Verbosity(ratio, ratio, ratio, s.metric)
    return ASSUMED


def monthly_cost(
    version: Version,
    use_case: UseCase,
    *,
    answers: Verbosity = SAME,
    deployment: Deployment | None = None,
    measurements: Mapping[str, Sequence[Measurement]] | None = None,
    units: int | None = None,
) -> Cost:
    """USD per month of a version in a use case.

    A model that we host costs what was measured or entered in `measurements`. A provisioned deployment costs its
    units (`units`, else what the peak needs) at its reservation price, else at its price by the hour, else at that of
    the price list. All else is priced by token, with `answers` for the length of the output relative to the baseline.
    """
    if version.own:
        return _own(version, use_case, measurements or {})
    kind = deployment_type(deployment.sku) if deployment is not None else None
    if deployment is not None and kind == "provisioned":
        return _provisioned(version, use_case, deployment, units)
    return _by_token(version, use_case, answers, deployment, batch=kind == "batch")


def cost_in_place(
    version: Version,
    baseline: Version,
    use_case: UseCase,
    place: Deployment | None,
    measurements: Mapping[str, Sequence[Measurement]],
    metrics: Mapping[str, Metric],
) -> Cost:
    """USD per month of a version in the baseline's deployment, if it could stand there; else by the token.

    The baseline has the provisioned units that stand there; another version needs what the peak asks of it.
    """
    answers = verbosity(baseline, version, measurements, metrics, use_case)
    where = place if same_platform(version, place) else None
    stands = where.units if where is not None and version.key == baseline.key else None
    return monthly_cost(
        version, use_case, answers=answers, deployment=where, measurements=measurements,
        units=None if stands is None else math.ceil(stands),
    )  # fmt: skip


def same_platform(version: Version, place: Deployment | None) -> bool:
    """Whether a version could stand in a deployment: it is served by its platform."""
    return place is not None and platform_of(version.provider) == platform_of(place.platform or version.provider)


def budget_ranges(cost: Cost) -> dict[str, tuple[float | None, float | None]]:
    """The computed amounts that a policy may set a budget for, as `ranges` of the gate."""
    return {MONTHLY_COST: (cost.low, cost.high)}


def migration_cost(
    candidate: Version, use_case: UseCase, measurements: Mapping[str, Sequence[Measurement]]
) -> float | None:
    """What the switch to a version costs once, as entered for the use case (else in general); None where it is not."""
    entered = [m for m in measurements.get(candidate.key, ()) if m.metric == MIGRATION_COST]
    own = [m for m in entered if m.use_case == use_case.name] or [m for m in entered if not m.use_case]
    last = newest(own)
    return None if last is None else finite(last.value)


def _own(version: Version, use_case: UseCase, measurements: Mapping[str, Sequence[Measurement]]) -> Cost:
    total, unknown = 0.0, []
    for metric, title in (("infrastructure_cost_month", "infrastructure"), ("maintenance_cost_month", "maintenance")):
        own = [m for m in measurements.get(version.key, ()) if m.metric == metric and m.use_case in ("", use_case.name)]
        last = newest([m for m in own if m.use_case] or own)
        value = None if last is None else finite(last.value)
        if value is None:
            unknown.append(f"{title} cost per month")
        else:
            total += value
    return _missing(*unknown, fixed=True) if unknown else Cost(total, total, total, fixed=True)


@dataclass(frozen=True, slots=True)
class _Price:
    low: float | None
    high: float | None
    note: str = ""


def _price(version: Version, part: str, deployment: Deployment | None, batch: bool) -> _Price:
    """USD per million tokens for `input` or `output` in this place; a range where only the zones are known."""
    base = finite(version.value(f"price_batch_{part}" if batch else f"price_{part}"))
    sku = deployment.sku.lower() if deployment is not None else ""
    if batch or not sku:
        return _Price(base, base)
    if sku.startswith("datazone"):
        zones = [finite(version.value(f"price_{part}_datazone_{zone}")) for zone in ("us", "eu")]
        known = [price for price in zones if price is not None]
        if known:
            return _Price(min(known), max(known))
        return _Price(base, base, "the data zone's price is not known: priced as Global Standard")
    if sku == "standard":
        regional = finite(version.value(f"price_{part}_regional_min"))
        price = base if regional is None else regional
        note = "priced as Global Standard" if regional is None else "priced as the cheapest region"
        return _Price(price, price, f"the region's price is not known: {note}")
    return _Price(base, base)


def _by_token(
    version: Version, use_case: UseCase, answers: Verbosity, deployment: Deployment | None, *, batch: bool
) -> Cost:
    calls, tokens_in, tokens_out = use_case.calls_per_month, use_case.tokens_in, use_case.tokens_out
    if calls == 0:
        return Cost(0, 0, 0)
    cached = 0.0 if use_case.caching is False or tokens_in == 0 else use_case.cached_share
    asked = {"calls per month": calls, "input tokens per call": tokens_in, "output tokens per call": tokens_out,
             "cached share": cached, "retry share": use_case.retry_share}  # fmt: skip
    unknown = [title for title, value in asked.items() if value is None]
    price_in, price_out = (_price(version, part, deployment, batch) for part in ("input", "output"))
    price_cached = None if batch else finite(version.value("price_cached_input"))
    fresh = None if tokens_in is None or cached is None else tokens_in * (1 - cached)
    reused = None if tokens_in is None or cached is None else tokens_in * cached
    if price_in.high is None and (tokens_in is None or fresh or (reused and price_cached is None)):
        unknown.append("input price")
    if price_out.high is None and tokens_out != 0:
        unknown.append("output price")
    if unknown or calls is None or fresh is None or reused is None or tokens_out is None:
        return _missing(*unknown)
    scale = calls / 1e6 * (1 + (use_case.retry_share or 0))
    notes = [price.note for price, tokens in ((price_in, tokens_in), (price_out, tokens_out)) if price.note and tokens]
    if reused and price_cached is None:
        notes.append("the price of cached input is not known: at most the input price")
    if tokens_out and answers == ASSUMED:
        notes.append(f"answers assumed {ASSUMED.low:g} to {ASSUMED.high:g} times as long as the baseline's")

    def total(p_in: float, p_cached: float, p_out: float, length: float) -> float:
        return scale * (fresh * p_in + reused * p_cached + tokens_out * length * p_out)

    in_low, in_high, out_low, out_high = (
        p or 0.0 for p in (price_in.low, price_in.high, price_out.low, price_out.high)
    )
    cached_low, cached_high = (0.0, in_high) if price_cached is None else (price_cached, price_cached)
    low = total(in_low, cached_low, out_low, answers.low)
    high = total(in_high, cached_high, out_high, answers.high)
    mid = total((in_low + in_high) / 2, (cached_low + cached_high) / 2, (out_low + out_high) / 2, answers.mid)
    return Cost(low, mid, high, notes=tuple(dict.fromkeys(notes)))


def provisioned_units(version: Version, use_case: UseCase, deployment: Deployment) -> tuple[int | None, str]:
    """The units that the peak needs: at least the minimum, rounded up to the increment; or None and what is missing."""
    facts = version.value("ptu")
    facts = facts if isinstance(facts, Mapping) else {}
    where = "global" if deployment.sku.lower().startswith(("global", "datazone")) else "regional"
    minimum, step = finite(facts.get(f"min_{where}")), finite(facts.get(f"increment_{where}"))
    per_unit, peak = finite(facts.get("input_tpm_per_ptu")), use_case.peak_tokens_per_minute
    asked = ((peak, "peak tokens per minute"), (minimum, f"least units ({where})"), (step, f"unit increment ({where})"),
             (per_unit, "tokens per minute and unit"))  # fmt: skip
    missing = [title for value, title in asked if value is None]
    if missing or peak is None or minimum is None or not step or not per_unit:
        return None, ", ".join(missing) or "units of a size above zero"
    return max(math.ceil(minimum), math.ceil(peak / per_unit / step) * math.ceil(step)), ""


def _provisioned(version: Version, use_case: UseCase, place: Deployment, units: int | None) -> Cost:
    unknown = []
    if units is None:
        units, missing = provisioned_units(version, use_case, place)
        unknown += [missing] if missing else []
    hour, month = place.unit_hour, place.unit_month
    if hour is None and month is None:
        hours = version.value("ptu_hour")
        hour = finite(hours.get(place.sku)) if isinstance(hours, Mapping) else finite(hours)
    each = month if month is not None else None if hour is None else hour * HOURS_PER_MONTH
    if each is None:
        unknown.append("price of a provisioned unit")
    if units is None or each is None:
        return _missing(*unknown, fixed=True)
    return Cost(units * each, units * each, units * each, fixed=True, units=units)


# ── what a switch costs ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class BreakEven:
    """When a switch has paid for itself: after `soonest` to `latest` months, None where it never does.

    `switch` is what it costs once: the migration, and the old version kept running over the rollback window.
    """

    switch: float | None
    soonest: int | None
    latest: int | None
    why: str


def break_even(old: Cost, new: Cost, *, migration: float | None, window_days: int = ROLLBACK_WINDOW_DAYS) -> BreakEven:
    """Months until the saving has paid for the switch. What is paid by the token costs nothing while it only waits."""
    if old.low is None or old.high is None or new.low is None or new.high is None:
        return BreakEven(None, None, None, f"not known: {', '.join((*old.unknown, *new.unknown))}")
    if migration is None:
        return BreakEven(None, None, None, "not known: cost of the migration")
    switch = migration + (old.high * window_days / DAYS_PER_MONTH if old.fixed else 0.0)
    best, worst = old.high - new.low, old.low - new.high
    soonest = math.ceil(switch / best) if best > 0 else None
    latest = math.ceil(switch / worst) if worst > 0 else None
    if soonest is None:
        return BreakEven(switch, None, None, "never: it does not cost less")
    last = soonest if latest is None else latest
    span = str(soonest) if last == soonest else f"{soonest} to {last}"
    why = f"after {span} month{'' if last == 1 else 's'}"
    why += ", perhaps never" if latest is None else ""
    return BreakEven(switch, soonest, latest, why)


def cost_per_success(cost: Cost, use_case: UseCase, metric: Metric, rate: float | None) -> Cost:
    """USD per successful prediction, where the headline is a success rate (kind rate, direction up)."""
    if metric.kind != "rate" or metric.direction != "up":
        return _missing("a success rate as headline")
    missing = [*cost.unknown, *(["calls per month"] if not use_case.calls_per_month else []),
               *([metric.title] if rate is None or not 0 < rate <= 1 else [])]  # fmt: skip
    if missing or not use_case.calls_per_month or rate is None:
        return _missing(*missing)
    good = use_case.calls_per_month * rate
    low, mid, high = (None if end is None else end / good for end in (cost.low, cost.mid, cost.high))
    return Cost(low, mid, high, notes=cost.notes, fixed=cost.fixed)


def cost_row(costs: Mapping[str, Cost], baseline: str, use_case: UseCase) -> Row:
    """The row of a comparison with the monthly cost of each version, its middle as the value; `extra` of `compare`."""
    cells = {
        key: Cell(cost.mid, low=cost.low, high=cost.high, note="; ".join(cost.notes)) if cost.known else None
        for key, cost in costs.items()
    }
    calls = use_case.calls_per_month
    title = "monthly" if calls is None else f"monthly at {calls:,.0f} calls"
    return prepared_row("cost", MONTHLY_COST, title, cells, baseline, "down", group="cost", unit="USD", rank=0)


def cost_per_call_row(costs: Mapping[str, Cost], baseline: str, use_case: UseCase) -> Row:
    """The cost of one prediction as it follows from the monthly cost, as a range; `extra` of `compare`."""
    calls = use_case.calls_per_month
    cells: dict[str, Cell | None] = {}
    for key, cost in costs.items():
        known = calls and cost.low is not None and cost.mid is not None and cost.high is not None
        low, mid, high = (float(end or 0) / calls if calls else 0.0 for end in (cost.low, cost.mid, cost.high))
        cells[key] = Cell(mid, low=low, high=high) if known else None
    return prepared_row("cost", "cost_per_call", "per prediction", cells, baseline, "down", group="cost", unit="USD",
                        rank=1)  # fmt: skip


def break_even_row(costs: Mapping[str, Cost], baseline: str, switches: Mapping[str, float | None]) -> list[Row]:
    """When each switch has paid for itself, in words; no row where the baseline's cost is not known."""
    old = costs[baseline]
    if not old.known or len(costs) < 2:
        return []
    cells: dict[str, Cell | None] = {baseline: None}
    for key, cost in costs.items():
        if key != baseline and cost.known:
            cells[key] = Cell(break_even(old, cost, migration=switches.get(key)).why)
        elif key != baseline:
            cells[key] = None
    row = prepared_row("cost", "break_even", "break-even", cells, baseline, group="cost", rank=2)
    return [dataclasses.replace(row, comparable=True, reason="")] if any(cells.values()) else []
