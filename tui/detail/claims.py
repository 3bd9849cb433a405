"""What stands behind one line of the detail: all claims of a fact, one figure over the versions of its model."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from store.records import Fact, Measurement, Series, Version, best_fact
from store.review.figures import finite, measured_day, newest
from tui import text
from tui.detail import commits
from tui.detail.overview import FACT_OF
from tui.detail.page import STALE_FACT_DAYS, Subject, age_of, fact_value, released
from tui.text import Cell, Styled
from tui.widgets.table import Wide

SPARKS = "▁▂▃▄▅▆▇█"
_LAYERS = {"local": "own", "imported": "imported", "remote": "registry or list"}


def claims(version: Version, name: str, about: Subject) -> list[Cell]:
    """Every claim about a fact: the one that counts first, then the others with why not, newest first."""
    found = version.facts.get(name, ())
    chosen = best_fact(found)
    if chosen is None:
        return [Styled("Nobody says anything about it.", "warn")]
    others = sorted((c for c in found if c is not chosen), key=lambda c: c.as_of, reverse=True)
    lines: list[Cell] = [Styled("Counts", "strong"), *_claim(name, chosen, about)]
    if others:
        lines += ["", Styled("Also said", "strong")]
    for claim in others:
        lines += _claim(name, claim, about, f"not used: {_reason(claim, chosen)}")
    rule = "Our own before imports before registries; within one layer the newest, per origin its most trusted source."
    return [*lines, "", Styled(rule, "dim")]


def _claim(name: str, claim: Fact, about: Subject, tail: str = "") -> list[Cell]:
    age = text.age(age_of(claim.as_of, about.view), STALE_FACT_DAYS)
    who = [
        Styled(claim.source, "accent"),
        Styled(f"as of {claim.as_of}", "dim"),
        age,
        Styled(_LAYERS[claim.layer], "dim"),
    ]
    said: list[Cell] = [
        [Styled("  "), *text.pieces(fact_value(name, claim.value))],
        [Styled("    "), *text.pieces(text.joined(who))],
    ]
    if claim.also:
        said.append(Styled(f"    the same: {', '.join(claim.also)}", "dim"))
    said += [Styled(f"    {line}", "dim") for line in (claim.note, tail) if line]
    return said


def _reason(claim: Fact, chosen: Fact) -> str:
    if claim.layer != chosen.layer:
        return f"{_LAYERS[chosen.layer]} comes first"
    if claim.origin == chosen.origin:
        return f"{chosen.source} is newer or more trusted"
    return f"{chosen.source} is newer"


def behind(tab: str, key: str, line: Sequence[Cell] | Wide | None, about: Subject) -> tuple[str, list[Cell]]:
    """What stands behind a line of a tab, as title and lines; no lines where it is all that is known."""
    if line is None or isinstance(line, Wide):
        return "", []
    label = text.plain(line[0]).strip()
    if tab == "overview" and (name := FACT_OF.get(label)) is not None:
        return f"{label} of {about.key}", claims(about.version, name, about)
    if tab == "metrics":
        held = about.view.records.measurements
        found = (m for k in (about.key, *about.version.same_as) for m in held.get(k, ()) if m.uid == key)
        measured = next(found, None)
        if measured is not None:
            return f"{measured.metric} over the versions of {about.version.model}", trend_lines(measured.series, about)
    if key.startswith(commits.KEY):
        return f"commit {about.version.lineage.commit[:12]}", list(commits.show(about))
    if tab in ("dates", "runs", "lineage"):
        return label, [cell for cell in line if text.plain(cell).strip()]
    return "", []


# ── figures over versions ─────────────────────────────────────────────────────────────────────────────────────────


def over_versions(about: Subject) -> dict[Series, list[tuple[Version, Measurement]]]:
    """The newest figure of each comparable series (DECISIONS 4) by version of the model, the oldest version first."""
    records = about.view.records
    keys = about.catalog.versions_of(about.version.provider, about.version.model)
    versions = sorted((v for k in keys if (v := records.versions.get(k)) is not None), key=by_age)
    found: dict[Series, list[tuple[Version, Measurement]]] = {}
    for version in versions:
        measured: dict[Series, list[Measurement]] = {}
        for m in records.measurements.get(version.key, ()):
            measured.setdefault(m.series, []).append(m)
        for series, ms in measured.items():
            last = newest(ms)
            if last is not None and finite(last.value) is not None:
                found.setdefault(series, []).append((version, last))
    return found


def over_runs(about: Subject) -> dict[Series, list[Measurement]]:
    """What was measured for each use case of the version in everything that ever ran there, by series, oldest first."""
    records = about.view.records
    ran: dict[str, set[str]] = {}
    for run in about.catalog.assignments.records():
        ran.setdefault(run.use_case, set()).add(run.version)
    found: dict[Series, list[Measurement]] = {}
    for name, keys in ran.items():
        if about.key in keys:
            for m in (m for key in keys for m in records.measurements.get(key, ()) if m.use_case == name):
                if finite(m.value) is not None and measured_day(m) is not None:
                    found.setdefault(m.series, []).append(m)
    for points in found.values():
        points.sort(key=lambda m: (measured_day(m) or date.min, m.uid))
    return found


def by_age(version: Version) -> tuple[date, int, str]:
    """Orders the versions of a model: by release, then by number."""
    said = version.version or ""
    return released(version) or date.min, int(said) if said.isdecimal() and len(said) < 10 else 0, said


def trend_lines(series: Series, about: Subject) -> list[Cell]:
    """One series over the versions of the model, then over what its use case ran, with the change to the next."""
    points = [(v.version or v.model, v.key, m) for v, m in over_versions(about).get(series, [])]
    where = [
        f"{n}: {v}"
        for n in ("use_case", "dataset", "variant", "region", "slice", "source")
        if (v := getattr(series, n))
    ]
    head: list[Cell] = [Styled("One line per version, oldest first; only what was measured alike.", "dim")]
    lines = [*head, *([Styled(" · ".join(where), "dim")] if where else []), "", *_points(series, points, about)]
    ran = [(m.version, m.version, m) for m in over_runs(about).get(series, [])]
    if len({key for _, key, _ in ran}) > 1:
        lines += ["", Styled(f"In {series.use_case}, over all that ran there", "strong"), *_points(series, ran, about)]
    return lines


def _points(series: Series, points: Sequence[tuple[str, str, Measurement]], about: Subject) -> list[Cell]:
    """A line for each figure (name, key, measurement), with the change from the one before."""
    metric = about.view.records.metrics.get(series.metric)
    wide = max([16, *(len(name) for name, _, _ in points)])
    lines: list[Cell] = []
    before: float | None = None
    for name, key, m in points:
        line: list[Styled] = [
            Styled(f"  {name:<{wide}}", "strong" if key == about.key else ""),
            *text.pieces(text.value(m.value, metric) if metric is not None else text.measured(m.value)),
        ]
        if before is not None and metric is not None:
            line += [Styled("  "), *text.pieces(text.metric_delta(m.value - before, metric))]
        line.append(Styled(f"   {m.measured_on or m.as_of or 'day not known'}{f'   n {m.n:,}' if m.n else ''}", "dim"))
        lines.append(line)
        before = m.value
    return lines


def spark(values: Sequence[float]) -> str:
    """A line of blocks, oldest first; nothing for fewer than two values."""
    if len(values) < 2:
        return ""
    values = values[-14:]
    low, high = min(values), max(values)
    if high == low:
        return SPARKS[3] * len(values)
    return "".join(SPARKS[round((v - low) / (high - low) * 7)] for v in values)
