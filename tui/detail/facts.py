"""Metrics, Changes, Dates, Raw: what is known of a version, in full."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import orjson

from store import reference
from store.records import Measurement, Metric, Observation, Series, Version
from store.review.figures import figures, trend
from store.review.ledger import Ledger, ledger
from tui import text
from tui.detail.claims import over_runs, over_versions, spark
from tui.detail.differences import in_words
from tui.detail.markdown import markdown_lines
from tui.detail.page import Page, Subject, fact_value, released
from tui.text import Cell, Styled
from tui.widgets.table import Column, Wide

METRICS = (
    Column("metric", "Metric", 30, 16),
    Column("value", "Value", 14, 10, "right"),
    Column("n", "n", 8, 5, "right", drop=4),
    Column("trend", "Trend", 14, 6, drop=3),
    Column("versions", "By version", 14, 10, drop=3),
    Column("runs", "By use case", 14, 11, drop=3),
    Column("series", "Measured on", 34, 10, grow=2),
    Column("when", "When", 12, 11, drop=2),
    Column("source", "Source", 20, 8, drop=1, grow=1),
)


def metrics(about: Subject) -> Page:
    """Every series with its newest value and its trends: of this version, over the model's versions, and over all that
    its use case ran; what a twin measured is dim and says so."""
    records = about.view.records
    known = figures(about.version, records.measurements, records.metrics, None)
    page = Page(METRICS, empty="No measurement. n adds one, i brings results in.")
    over, ran = over_versions(about), over_runs(about)
    groups: dict[str, list[tuple[Metric, Series, Measurement]]] = {}
    for series, m in known.items():
        metric = records.metrics.get(series.metric) or Metric(
            series.metric, series.metric, description="not defined: shown, never judged"
        )
        groups.setdefault(metric.group, []).append((metric, series, m))
    for group in sorted(groups, key=lambda g: min(m.rank for m, _, _ in groups[g])):
        rows = sorted(groups[group], key=lambda r: (r[0].rank, r[1].dataset, r[1].variant, r[1].region, r[1].slice))
        lines = [
            _metric_line(
                about, *row, [p.value for _, p in over.get(row[1], ())], [m.value for m in ran.get(row[1], ())]
            )
            for row in rows
        ]
        page.section(group, lines, [m.uid for _, _, m in rows])
    return page


def _metric_line(
    about: Subject, metric: Metric, series: Series, m: Measurement, versions: Sequence[float], ran: Sequence[float]
) -> Sequence[Cell]:
    borrowed = m.version != about.key
    where = [
        series.use_case,
        series.dataset,
        series.slice,
        series.variant,
        series.edit_format,
        series.platform,
        series.region,
        series.statistic,
    ]
    arrow = {"up": "↑", "down": "↓", "none": " "}[metric.direction]
    points = [v for _, v in trend(about.view.records.measurements.get(m.version, ()), series)]
    origin: Cell = (
        Styled(f"measured at {m.version.partition('/')[0]}", "warn")
        if borrowed
        else Styled(series.source or "own", "dim")
    )
    value = text.value(m.value, metric)
    return (
        [Styled(f"{arrow} ", "dim"), Styled(metric.title)],
        Styled(value.text, "dim") if borrowed else value,
        Styled(f"{m.n:,}", "dim") if m.n else "",
        Styled(spark(points), "accent"),
        _sparked(versions),
        _sparked(ran),
        text.joined([w for w in where if w]),
        Styled(str(m.measured_on or m.as_of or "—"), "dim"),
        origin,
    )


def _sparked(values: Sequence[float]) -> Cell:
    """A line of blocks with how many figures it draws."""
    return [Styled(spark(values), "accent"), Styled(f" {len(values)}" if len(values) > 1 else "", "dim")]


CHANGES = (
    Column("what", "What", 24, 12),
    Column("before", "Before", 30, 12, grow=1),
    Column("after", "Now", 30, 12, grow=1),
)


def changes(about: Subject) -> Page:
    """Our notes, what differs from the version before, and where to read on."""
    page = Page(CHANGES)
    v = about.version
    notes = [Wide(line, selectable=True) for line in markdown_lines(v.changes, about.width)]
    none = [Wide(Styled("No release notes known; differences of facts below. e adds notes.", "dim"))]
    page.section(
        "Notes · enter reads them in full" if notes else "Notes",
        notes or none,
        [f"note:{i}" for i, _ in enumerate(notes)],
    )
    before = previous(about)
    if before is not None:
        page.section(f"Since {before.key}, in words", [Wide(said) for said in in_words(before, about)])
        lines = [line for name in sorted({*v.facts, *before.facts}) if (line := _fact_change(name, before, v))]
        page.section(f"Against {before.key}", lines or [Wide(Styled("No known fact differs.", "dim"))])
    else:
        page.section("Before", [Wide(Styled("No earlier version of this model is known.", "dim"))])
    links = [*v.links]
    provider = reference.providers().get(v.provider)
    seen = {link.rel for link in links}
    links += [link for link in (provider.links if provider else ()) if link.rel not in seen]
    page.section(
        "Read on · enter opens",
        [(link.rel, Styled(link.url, "accent"), link.title) for link in links],
        [link.url for link in links],
    )
    return page


def previous(about: Subject) -> Version | None:
    """The version of the same model that was released just before."""
    records, mine = about.view.records, released(about.version)
    keys = about.catalog.versions_of(about.version.provider, about.version.model)
    others = [v for k in keys if k != about.key and (v := records.versions.get(k)) is not None]
    dated = [(d, v) for v in others if (d := released(v)) is not None and mine is not None and d < mine]
    return max(dated, key=lambda p: p[0])[1] if dated else None


def _fact_change(name: str, before: Version, after: Version) -> Sequence[Cell] | None:
    old, new = before.value(name), after.value(name)
    if (
        old == new
        or name in ("release_date", "lifecycle_label", "replacement", "display_name")
        or new is None
        or old is None
    ):
        return None
    return (
        name.replace("_", " "),
        fact_value(name, old),
        [Styled(p.text, "strong") for p in text.pieces(fact_value(name, new))],
    )


DATES = (
    Column("seen", "Observed", 12),
    Column("kind", "Kind", 15, 10, drop=3),
    Column("date", "Date", 26, 16),
    Column("move", "Moved", 15, 10),
    Column("standing", "Standing", 11, 10),
    Column("source", "Source", 40, 12, drop=2, grow=1),
    Column("scope", "Holds for", 10, 8, drop=1),
)


def dates(about: Subject) -> Page:
    """Every observation of a date, newest first, drawn as a line with its moves."""
    v, today = about.version, about.view.today
    known = ledger(v, today)
    page = Page(DATES, empty="No date is known. e adds an observation, or that none is published.")
    if known.published:
        lines = [Wide(line) for line in time_line(known.published, today)]
        said = f"{known.published[0].publisher}: {len(known.published)} dates, moved {len(known.moves)}×"
        later = sum(m.days > 0 for m in known.moves)
        page.section(f"{said} ({later} later, {len(known.moves) - later} earlier)", lines)
    rows = sorted(v.observations, key=lambda o: (o.kind == "retire", o.observed_at), reverse=True)
    moved = {(m.publisher, m.on, m.after): m.days for m in known.moves}
    lines_: list[Sequence[Cell]] = []
    for o in rows:
        scope = " · ".join(p for p in (o.scope.sku, o.scope.region, "fine-tuned" if o.scope.fine_tuned else "") if p)
        lines_.append(
            (
                o.observed_at,
                o.kind.replace("_", " "),
                text.retirement(o.value, today, o.certainty),
                text.moved(moved.get((o.publisher, o.observed_at, o.value))),
                _standing(o, known),
                Styled(" · ".join(p for p in (o.source, o.note) if p), "dim"),
                scope or Styled("all", "dim"),
            )
        )
    page.section("Observations", lines_)
    return page


def _standing(o: Observation, known: Ledger) -> Cell:
    if o == known.effective:
        return Styled("announced", "strong")
    if o == known.risk:
        return Styled("plan for", "warn")
    if o in known.lapsed:
        return Styled("lapsed", "warn")
    if o in known.overtaken:
        return Styled("overtaken", "dim")
    return Styled("stands" if o in known.standing else "replaced", "dim")


def time_line(published: Sequence[Observation], today: date, width: int = 72) -> list[Cell]:
    """Published dates on a line of time: ● each, ◆ the newest, │ today."""
    days = [o.value for o in published]
    first, last = min([*days, today]), max([*days, today])
    span = max((last - first).days, 1)

    def at(when: date) -> int:
        return round((when - first).days / span * (width - 1))

    line = ["─"] * width
    for o in published[:-1]:
        line[at(o.value)] = "●"
    line[at(today)] = "│"
    line[at(published[-1].value)] = "◆"
    return [
        [
            Styled(f"{text.day(first).text} ", "dim"),
            Styled("".join(line), "accent"),
            Styled(f" {text.day(last).text}", "dim"),
        ],
        [Styled("● published   ◆ newest   │ today", "dim")],
    ]


RAW = (Column("line", "Document as stored", 100, 20, grow=1),)


def raw(about: Subject) -> Page:
    """The stored document, unknown fields included."""
    page = Page(RAW)
    doc = about.catalog.versions.document(about.key)
    shown = orjson.dumps(doc, option=orjson.OPT_INDENT_2).decode().splitlines()
    page.section("", [Wide(line) for line in shown])
    return page
