"""The way of a version: the data it was made from, what made it, how it did, where it went (pure).

What a registry recorded of it (`Version.way`) is told as it stands; where it recorded none, the lineage and the
measurements say what they know. What runs in our use cases comes last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from store.records import Assignment, Measurement, Metric, Station, Version

FIGURES = 3
"""How many figures an evaluation names, those of the lowest rank first."""

_BEFORE = ("data", "execution")


def way(
    version: Version,
    measurements: Sequence[Measurement],
    assignments: Iterable[Assignment],
    metrics: Mapping[str, Metric],
) -> list[Station]:
    """Every station of an own version in order; empty where nothing is known of what was before or after it.

    Args:
        version: in the middle.
        measurements: of this version; each goes to the station that is its run.
        assignments: of this version; those in use are stations.
        metrics: the definitions, for ranks and titles.
    """
    if not version.own:
        return []
    created = version.value("created") or version.value("release_date")
    before = [s for s in version.way if s.kind in _BEFORE] or list(_made_from(version))
    model = Station("model", version.key, version.lineage.artifact, str(created or ""))
    after = [s for s in version.way if s.kind not in _BEFORE]
    figures = _figures(measurements, metrics)
    named = {s.name for s in (*before, *after)}
    after += [
        Station("evaluation", run, "", _last_day(measurements, run)) for run in figures if run and run not in named
    ]
    after.sort(key=lambda s: s.kind == "pushed")
    runs = [_running(a) for a in assignments if a.in_use]
    if not (before or after):
        return []
    told = [replace(s, detail=" · ".join(filter(None, (s.detail, figures.get(s.name, ""))))) for s in (*before, *after)]
    return [*told[: len(before)], model, *told[len(before) :], *runs]


def _running(a: Assignment) -> Station:
    share = "" if a.share == 100 else f"{a.share:g} %"
    return Station("runs", a.use_case, " · ".join(filter(None, (a.stage, share, a.deployment))), str(a.since or ""))


def _made_from(version: Version) -> Iterator[Station]:
    made = version.lineage
    if made.data or made.data_hash:
        yield Station("data", made.data or made.data_hash, made.data_hash if made.data else "")
    if made.run:
        yield Station("execution", made.run, f"commit {made.commit[:12]}" if made.commit else "")


def _figures(measurements: Sequence[Measurement], metrics: Mapping[str, Metric]) -> dict[str, str]:
    """The foremost figures of each run in one line."""
    found: dict[str, dict[str, Measurement]] = {}
    for m in measurements:
        if m.slice == "":
            found.setdefault(m.run, {}).setdefault(m.metric, m)
    unknown = Metric("", "")

    def rank(m: Measurement) -> tuple[int, str]:
        return metrics.get(m.metric, unknown).rank, m.metric

    return {
        run: " · ".join(f"{m.metric} {m.value:.4g}" for m in sorted(by.values(), key=rank)[:FIGURES])
        for run, by in found.items()
    }


def _last_day(measurements: Sequence[Measurement], run: str) -> str:
    days = [str(m.measured_on) for m in measurements if m.run == run and m.measured_on is not None]
    return max(days, default="")
