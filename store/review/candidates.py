"""Which versions could follow one that retires: hard filters in words, then the Pareto front (DECISIONS 7)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Literal

from store.records import Deployment, Json, Measurement, Metric, Series, UseCase, Version
from store.review.costs import Cost
from store.review.figures import figures, finite, headline
from store.review.ledger import spoken
from store.review.lifecycle import deployment_type
from store.values import dataclass

_NAME_AND_VERSION = re.compile(r"^(?P<name>.+?)\s*\((?P<version>[^()]+)\)$")


# ── the vendor's words ────────────────────────────────────────────────────────────────────────────────────────────


def resolve_replacement(
    text: str, provider: str, versions: Iterable[Version], *, model: str | None = None
) -> str | None:
    """The key that a vendor's text means, None where it stays text and the target has to be asked.

    Tried in turn: `name (version)`, a whole key or bare id, the only version of a model, an api id at the provider,
    and, where `model` is given, the version alone. An alias is never the answer; one that stands for a single
    version leads to it.
    """
    return next((keys[0] for keys in _meant(text, provider, versions, model) if len(keys) == 1), None)


def _meant(text: str, provider: str, versions: Iterable[Version], model: str | None) -> Iterator[list[str]]:
    """What the text may mean, read in one way after the other."""
    offered = {v.key: v for v in versions if v.provider == provider}
    text = text.strip()
    if match := _NAME_AND_VERSION.match(text):
        wanted = (match["name"].lower(), match["version"].lower())
        yield [v.key for v in offered.values() if (v.model.lower(), (v.version or "").lower()) == wanted]
        return
    bare = offered.get(text) or offered.get(f"{provider}/{text}")
    pinned = None if bare is None else _pinned(bare, offered)
    yield [] if pinned is None else [pinned]
    certain = [v for v in offered.values() if not v.alias_of]
    yield [v.key for v in certain if v.model.lower() == text.lower()]
    yield [v.key for v in certain if text in v.api_ids]
    yield [v.key for v in certain if model is not None and v.model == model and v.version == text]


def _pinned(version: Version, offered: Mapping[str, Version]) -> str | None:
    if not version.alias_of:
        return version.key
    if len(version.alias_of) == 1 and version.alias_of[0] in offered:
        return version.alias_of[0]
    return None


def replacements(version: Version, versions: Iterable[Version]) -> tuple[tuple[str, str | None], ...]:
    """What the vendor suggests instead: its text, and the key it means or None."""
    known = list(versions)
    return tuple(
        (text, key or resolve_replacement(text, version.provider, known, model=version.model))
        for text, key in _texts(version.value("replacement"))
    )


def suggested(version: Version, versions: Mapping[str, Version]) -> tuple[str, ...]:
    """The keys that the vendor's replacement and its auto-upgrade may mean; of a model's versions the newest first.

    Where one of several versions must be meant, all of them are named: a person chooses.
    """
    stem = f"{version.provider}/"
    known = [versions[key] for key in versions if key.startswith(stem)]  # a catalog decodes a record when it is asked
    found: dict[str, None] = {}
    for text, key in [*_texts(version.value("replacement")), *_texts(version.value("auto_upgrade_target"))]:
        ways = [[key]] if key else list(_meant(text, version.provider, known, version.model))
        keys = next((w for w in ways if len(w) == 1), None) or next(filter(None, ways), [])
        found.update(dict.fromkeys(sorted(keys, reverse=True)))
    found.pop(version.key, None)
    return tuple(found)


def _texts(value: Json) -> list[tuple[str, str | None]]:
    if isinstance(value, (list, tuple)):
        return [pair for one in value for pair in _texts(one)]
    if isinstance(value, Mapping):
        return [(str(value.get("text") or value.get("key") or ""), value.get("key"))]
    return [(str(value), None)] if value else []


# ── filters ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version that could take over. `front` is True where no other is as good in everything and better in one.

    `quality` and `latency` are in the series that `Candidates` names, `borrowed` where a twin measured the quality;
    `runway` is days from cut-over to its own deadline. None is unknown, which is worse than anything known.
    `price_factor` is its monthly cost, else its blended token price, as a multiple of the baseline's. `unsure` names
    what could not be checked.
    """

    key: str
    front: bool
    quality: float | None
    latency: float | None
    cost: Cost | None
    runway: int | None
    vendor: bool = False
    price_factor: float | None = None
    borrowed: bool = False
    unsure: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Excluded:
    """A version that cannot take over, and all the reasons."""

    key: str
    reasons: tuple[str, ...]
    vendor: bool = False

    @property
    def reason(self) -> str:
        """The reasons in one line."""
        return "; ".join(self.reasons)


@dataclass(frozen=True, slots=True)
class Candidates:
    """The vendor's suggestion first, then what was measured in the use case as the baseline was, the same provider
    before others, the front before the rest, what could be checked before what could not; then by quality, cost, key.

    `vendor_text` holds suggestions that mean no version that is known here.
    """

    candidates: tuple[Candidate, ...]
    excluded: tuple[Excluded, ...]
    quality: Series | None
    latency: Series | None
    vendor_text: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Need:
    """What the hard filters ask for."""

    baseline: Version
    use_case: UseCase
    deployment: Deployment | None
    deadlines: Mapping[str, date | None]
    retired: Collection[str]
    cutover: date


def candidates(
    baseline: Version,
    use_case: UseCase,
    versions: Sequence[Version],
    measurements: Mapping[str, Sequence[Measurement]],
    metrics: Mapping[str, Metric],
    *,
    cutover: date,
    deadlines: Mapping[str, date | None],
    retired: Collection[str] = (),
    costs: Mapping[str, Cost] | None = None,
    deployment: Deployment | None = None,
) -> Candidates:
    """Sort versions into those that could follow `baseline` in a use case and those that cannot.

    `deadlines` gives the day each version itself must be left (None or absent: no date is known), `retired` those
    that have stopped, `costs` the monthly cost in this use case, the baseline's included. The runway asked for is
    the use case's policy.
    """
    vendor = replacements(baseline, versions)
    suggested = {key for _, key in vendor if key is not None}
    need = _Need(baseline, use_case, deployment, deadlines, retired, cutover)
    kept: list[tuple[Version, tuple[str, ...]]] = []
    excluded = []
    for version in versions:
        if version.key != baseline.key:
            reasons, unsure = _filter(version, need)
            if reasons:
                excluded.append(Excluded(version.key, tuple(reasons), version.key in suggested))
            else:
                kept.append((version, tuple(unsure)))
    everyone = [baseline, *(version for version, _ in kept)]
    known = {v.key: figures(v, measurements, metrics, use_case.name) for v in everyone}
    quality = _axis("quality", baseline, known, measurements, metrics, use_case)
    latency = _axis("latency", baseline, known, measurements, metrics, use_case)
    found = [_candidate(v, unsure, need, known[v.key], quality, latency, costs or {}, suggested) for v, unsure in kept]
    ends = [_oriented(c, quality, latency, metrics) for c in found]
    front = pareto(ends)
    marked = [replace(c, front=i in front) for i, c in enumerate(found)]
    beside = quality if quality in known[baseline.key] else None
    return Candidates(
        tuple(sorted(marked, key=lambda c: _order(c, need, beside, metrics))), tuple(excluded), quality, latency,
        tuple(text for text, key in vendor if key is None),
    )  # fmt: skip


def _filter(version: Version, need: _Need) -> tuple[list[str], list[str]]:
    """Why a version is out, and what could not be checked."""
    out: list[str] = []
    unsure: list[str] = []
    if version.alias_of:
        out.append(f"an alias that moves, for {', '.join(version.alias_of)}")
    if version.key in need.retired:
        out.append("already retired")
    elif (day := need.deadlines.get(version.key)) is not None:
        left, wanted = (day - need.cutover).days, need.use_case.criteria.runway_days
        if left < wanted:
            when = f"{left} d after" if left >= 0 else f"{-left} d before"
            out.append(f"retires itself on {spoken(day)}, {when} cut-over; the policy asks for {wanted} d")
    else:
        unsure.append("retirement date")
    _same(version, need.baseline, "kind", out, unsure)
    _covers(version, "modalities_in", need.use_case.modalities, "accept", out, unsure)
    _covers(version, "capabilities", need.use_case.uses, "offer", out, unsure)
    _fits(version, need.use_case, out, unsure)
    _offered(version, need.deployment, out, unsure)
    return out, unsure


def _same(version: Version, baseline: Version, fact: str, out: list[str], unsure: list[str]) -> None:
    theirs, ours = version.value(fact), baseline.value(fact)
    if theirs is None or ours is None:
        unsure.append(fact)
    elif theirs != ours:
        out.append(f"{fact} is {theirs}, not {ours}")


def _covers(
    version: Version, fact: str, needed: Sequence[str] | None, verb: str, out: list[str], unsure: list[str]
) -> None:
    if not needed:
        return
    known = version.value(fact)
    if known is None:
        unsure.append(fact.replace("_in", " in"))
    elif lacking := sorted(set(needed) - set(known)):
        out.append(f"does not {verb} {', '.join(lacking).replace('_', ' ')}")


def _fits(version: Version, use_case: UseCase, out: list[str], unsure: list[str]) -> None:
    into, back = use_case.tokens_in, use_case.tokens_out
    total = None if into is None or back is None else into + back
    for fact, used, what in (
        ("context_window", total, "context window"),
        ("max_input_tokens", into, "largest input"),
        ("max_output_tokens", back, "largest output"),
    ):
        room = finite(version.value(fact))
        if room is not None and used is not None and used > room:
            out.append(f"{what} {room:,.0f} tokens, {used:,.0f} are used")
        elif room is None and used and fact == "context_window":
            unsure.append(what)


def _offered(version: Version, place: Deployment | None, out: list[str], unsure: list[str]) -> None:
    """Region and SKU, where the facts of the version say in which ones it is offered."""
    if place is None:
        return
    for fact, wanted, what in (("regions", place.region, "region"), ("skus", place.sku, "deployment type")):
        known = version.value(fact)
        if wanted and known is None:
            unsure.append(f"{what} {wanted}")
        elif wanted and wanted.lower() not in [str(one).lower() for one in known]:
            out.append(f"not offered in {what} {wanted}")
    if deployment_type(place.sku) == "provisioned" and version.value("skus") is None and version.value("ptu"):
        unsure.remove(f"deployment type {place.sku}")


# ── axes and the front ────────────────────────────────────────────────────────────────────────────────────────────


def _axis(
    column: Literal["quality", "latency"],
    baseline: Version,
    known: Mapping[str, Mapping[Series, Measurement]],
    measurements: Mapping[str, Sequence[Measurement]],
    metrics: Mapping[str, Metric],
    use_case: UseCase,
) -> Series | None:
    """One series for all: of the headline metric, measured on the baseline, in the use case; then the lowest rank."""
    counts: dict[Series, int] = {}
    for per_series in known.values():
        for series, m in per_series.items():
            metric = metrics.get(series.metric)
            if metric is not None and metric.column == column and metric.direction != "none" and not series.slice:
                counts[series] = counts.get(series, 0) + (finite(m.value) is not None)
    chief = headline(baseline.key, measurements, metrics, use_case)
    chosen = chief[0].name if chief is not None else use_case.headline
    others = {s: n - (s in known[baseline.key]) for s, n in counts.items()}
    useful = [s for s in counts if others[s] > 0]
    if not useful:
        return None
    return min(
        useful,
        key=lambda s: (
            s.metric != (use_case.headline or chosen), s not in known[baseline.key], s.use_case != use_case.name,
            metrics[s.metric].rank, s.metric, -counts[s], repr(s),
        ),
    )  # fmt: skip


def _candidate(
    version: Version,
    unsure: tuple[str, ...],
    need: _Need,
    known: Mapping[Series, Measurement],
    quality: Series | None,
    latency: Series | None,
    costs: Mapping[str, Cost],
    suggested: Collection[str],
) -> Candidate:
    best, speed = (known.get(s) if s is not None else None for s in (quality, latency))
    day = need.deadlines.get(version.key)
    return Candidate(
        version.key,
        front=False,
        quality=None if best is None else finite(best.value),
        latency=None if speed is None else finite(speed.value),
        cost=costs.get(version.key),
        runway=None if day is None else (day - need.cutover).days,
        vendor=version.key in suggested,
        price_factor=_price_factor(need.baseline, version, costs),
        borrowed=best is not None and best.version != version.key,
        unsure=unsure,
    )


def _price_factor(old: Version, new: Version, costs: Mapping[str, Cost]) -> float | None:
    """Monthly cost over the baseline's, else token prices blended 3 input : 1 output, as usual without a volume."""
    before, after = (cost.mid if (cost := costs.get(v.key)) is not None else None for v in (old, new))
    if before is None or after is None:
        before, after = _blended(old), _blended(new)
    return None if before is None or after is None or before <= 0 else after / before


def _blended(version: Version) -> float | None:
    price_in, price_out = finite(version.value("price_input")), finite(version.value("price_output"))
    return None if price_in is None or price_out is None else (3 * price_in + price_out) / 4


def _gain(value: float | None, series: Series | None, metrics: Mapping[str, Metric]) -> float | None:
    if value is None or series is None:
        return None
    return value if metrics[series.metric].direction == "up" else -value


def _oriented(
    c: Candidate, quality: Series | None, latency: Series | None, metrics: Mapping[str, Metric]
) -> tuple[float | None, ...]:
    cost = c.cost.mid if c.cost is not None else None
    runway = None if c.runway is None else float(c.runway)
    return (
        _gain(c.quality, quality, metrics),
        _gain(c.latency, latency, metrics),
        None if cost is None else -cost,
        runway,
    )


def pareto(points: Sequence[Sequence[float | None]]) -> frozenset[int]:
    """The places of the points that no other dominates; more is better, and None is worse than any number."""
    filled = [tuple(float("-inf") if x is None else x for x in point) for point in points]

    def dominated(point: tuple[float, ...]) -> bool:
        return any(other != point and all(a >= b for a, b in zip(other, point, strict=True)) for other in filled)

    return frozenset(i for i, point in enumerate(filled) if not dominated(point))


def _order(
    c: Candidate, need: _Need, quality: Series | None, metrics: Mapping[str, Metric]
) -> tuple[bool | int | float | str, ...]:
    """What the use case tried before what it did not: published figures are no reason to leave a provider.

    `quality` is None where the baseline has no figure in the series: then a figure says nothing about who is better.
    """
    gain = _gain(c.quality, quality, metrics)
    tried = gain is not None and quality is not None and quality.use_case == need.use_case.name
    cost = c.cost.mid if c.cost is not None and c.cost.mid is not None else float("inf")
    moves = c.key.partition("/")[0] != need.baseline.provider
    return (
        not c.vendor, not tried, moves, not c.front, len(c.unsure), float("inf") if gain is None else -gain,
        cost, c.key,
    )  # fmt: skip
