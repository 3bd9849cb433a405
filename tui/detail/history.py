"""Versions, Runs in, Upgrades: what a model's versions did, where and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from store.records import Assignment, Measurement, Metric, Version
from store.review.checklist import progress
from store.review.figures import finite, headline, newest
from store.review.rollback import REVERT, Stint, runs_history
from tui import text
from tui.detail.claims import by_age
from tui.detail.page import Page, Subject, released
from tui.text import Cell, Styled
from tui.widgets.table import Column, Wide

if TYPE_CHECKING:
    from store.catalog import Catalog

VERSIONS = (
    Column("version", "Version", 14, 8),
    Column("date", "Date", 12, 11),
    Column("stage", "Stage", 16, 9, grow=1),
    Column("m0", "", 19, 15),
    Column("m1", "", 19, 15, drop=5),
    Column("m2", "", 19, 15, drop=1),
    Column("data", "Data", 16, 8, drop=6),
    Column("code", "Code", 10, 8, drop=2),
    Column("by", "Promoted", 24, 12, drop=4),
    Column("why", "Why", 30, 20, drop=3, grow=1),
)


def versions(about: Subject) -> Page:
    """A row per version of the model, newest first, with its figures against the one in Production."""
    catalog, records = about.catalog, about.view.records
    keys = catalog.versions_of(about.version.provider, about.version.model)
    found = [v for k in keys if (v := records.versions.get(k)) is not None]
    found.sort(key=by_age, reverse=True)
    shown = _metrics(about, found)
    titles = [m.title for m in shown]
    columns = [
        Column(c.name, titles[int(c.name[1])] if c.name[1:].isdigit() and int(c.name[1]) < len(titles) else c.title,
               c.width, c.min_width, c.align, c.drop, c.grow)
        for c in VERSIONS
        if not (c.name[1:].isdigit() and int(c.name[1]) >= len(titles))
    ]  # fmt: skip
    page = Page(columns)
    runs = [a for a in records.assignments if a.version in set(keys)]
    in_production = [a for a in runs if a.stage == "Production"]
    in_production.sort(key=lambda a: (a.use_case != about.use_case, -a.share))
    production = in_production[0].version if in_production else ""
    stints = _stints(about, keys)
    lines = [_version_line(about, v, shown, runs, production, stints.get(v.key, [])) for v in found]
    page.section("", lines, [v.key for v in found])
    return page


def _version_line(
    about: Subject, v: Version, shown: Sequence[Metric], runs: Sequence[Assignment], production: str,
    stints: list[Stint],
) -> Sequence[Cell]:  # fmt: skip
    mine = [a for a in runs if a.version == v.key]
    several = len({a.use_case for a in runs}) > 1
    told: list[Cell] = [
        [text.stage(a.stage, a.share), Styled(f" {a.use_case}" if several else "", "dim")] for a in mine
    ]
    stages: Cell = text.joined(told) if told else Styled("—", "dim")
    cells: list[Cell] = [
        Styled(v.version or v.model, "strong" if v.key == about.key else "key"),
        text.day(released(v)),
        stages,
    ]
    base = production if v.key != production else ""
    cells += [_with_delta(about, _newest(about, v.key, metric), base, metric) for metric in shown]
    last = next((s for s in reversed(stints) if s.stage == "Production"), None)
    lineage = v.lineage
    cells += [
        _or_dash(lineage.data and f"{lineage.data}@{lineage.data_hash}" if lineage.data_hash else lineage.data),
        _or_dash(lineage.commit[:8]),
        Styled(f"{text.day(last.since).text} {last.by}", "dim") if last else text.MISSING,
        _or_dash(_why(last, stints)) if last else _or_dash(v.changes.partition("\n")[0]),
    ]
    return cells


def _why(last: Stint, stints: Sequence[Stint]) -> str:
    """Why it went into Production, and why it was rolled back where it was."""
    came = f"came back: {last.why}" if last.command.startswith(REVERT) else last.why
    left = next((s for s in stints if s.command.startswith(REVERT) and s.since == last.until), None)
    if left is None or last.until is None:
        return came
    return " · ".join(p for p in (f"rolled back {text.day(last.until).text}: {left.why}", came) if p)


def _with_delta(about: Subject, mine: Measurement | None, production: str, metric: Metric) -> Cell:
    """The figure, and how it differs from Production's where that was measured alike (DECISIONS 4)."""
    if mine is None:
        return text.MISSING
    shown = [*text.pieces(text.value(mine.value, metric))]
    alike = newest(m for m in about.view.records.measurements.get(production, ()) if m.series == mine.series)
    if alike is not None and finite(alike.value) is not None:
        points = metric.unit == "%"  # other units stand before the difference already
        shown += [Styled(" "), text.metric_delta(mine.value - alike.value, metric, unit=points)]
    return shown


def _metrics(about: Subject, found: Sequence[Version]) -> list[Metric]:
    """The headline and two more metrics that most versions have."""
    records = about.view.records
    use_case = records.use_cases.get(about.use_case) if about.use_case else None
    counted: dict[str, int] = {}
    for v in found:
        for name in {m.metric for m in records.measurements.get(v.key, ()) if finite(m.value) is not None}:
            counted[name] = counted.get(name, 0) + 1
    first = next(
        (h[0].name for v in found if (h := headline(v.key, records.measurements, records.metrics, use_case))), ""
    )
    names = sorted(
        counted, key=lambda n: (n != first, -counted[n], records.metrics[n].rank if n in records.metrics else 999)
    )
    return [records.metrics.get(n) or Metric(n, n) for n in names[:3]]


def _newest(about: Subject, key: str, metric: Metric) -> Measurement | None:
    """The newest figure over the whole set; of the use case in which the version was opened where it has one."""
    held = about.view.records.measurements.get(key, ())
    found = [m for m in held if m.metric == metric.name and m.slice == "" and finite(m.value) is not None]
    return newest(m for m in found if m.use_case == about.use_case) or newest(found)


RUNS = (
    Column("since", "Since", 12),
    Column("until", "Until", 12),
    Column("use_case", "Use case", 20, 12),
    Column("stage", "Stage", 12, 9),
    Column("deployment", "On", 16, 8, drop=3),
    Column("seen", "", 24, 8, drop=2),
    Column("by", "By", 24, 10, drop=1),
    Column("why", "Why", 30, 10, drop=4, grow=1),
)


def runs_in(about: Subject) -> Page:
    """Where the version runs now, and every stint it had; on a what-if day in the past, what ran on it."""
    page = Page(RUNS, empty="It runs nowhere. s sets what runs.")
    stints, day = _by_use_case(about.catalog, _users(about.catalog, about.key)), about.view.today
    if day < about.catalog.today:
        _on_the_day(page, stints, day)
    else:
        now = [a for a in about.view.records.assignments if a.version == about.key]
        page.section("Now" if day == about.catalog.today else f"Now, {text.day(about.catalog.today).text}", [
            (text.day(a.since), "", Styled(a.use_case, "strong"), text.stage(a.stage, a.share), a.deployment,
             Styled("seen" if a.seen else "recorded, not seen", "good" if a.seen else "dim"),
             Styled("forced past the gate", "bad") if a.forced else "", a.note)
            for a in now
        ], [a.uid for a in now])  # fmt: skip
    past = [(u, s) for u, ss in stints.items() for s in ss if s.version == about.key]
    past.sort(key=lambda p: (p[1].since, p[1].at), reverse=True)
    page.section("History", [
        (text.day(s.since), text.day(s.until) if s.until else Styled("now", "good"), u, text.stage(s.stage, s.share),
         s.deployment, Styled(s.command.partition(" ")[0], "dim"), s.by, s.why)
        for u, s in past
    ], [f"{s.event_id}:{i}" for i, (_u, s) in enumerate(past)])  # fmt: skip
    return page


def ran(catalog: Catalog, key: str) -> list[Cell]:
    """Every stint of a version, the newest first, with who and why: what `w` adds to its dates and rules."""
    stints = [(u, s) for u, ss in _by_use_case(catalog, _users(catalog, key)).items() for s in ss if s.version == key]
    stints.sort(key=lambda pair: (pair[1].since, pair[1].at), reverse=True)
    lines: list[Cell] = []
    for use_case, s in stints:
        days = f"{text.day(s.since).text} – {text.day(s.until).text if s.until else 'now'}"
        lines.append(text.joined([f"  {days}", text.stage(s.stage, s.share), use_case, Styled(s.by, "dim")]))
        if s.why:
            lines.append(Styled(f"    {s.command.partition(' ')[0]}: {s.why}", "dim"))
    return ["", Styled("What ran", "strong"), *lines] if lines else []


def _users(catalog: Catalog, key: str) -> set[str]:
    """The use cases in which the version runs or ever ran."""
    now = {a.use_case for a in catalog.assignments.records() if a.version == key}
    changes = (c for e in catalog.events(naming=key) for c in e.changes if c.table == "assignments")
    docs = (doc for c in changes for doc in (c.before, c.after) if isinstance(doc, dict))
    return now | {str(doc["use_case"]) for doc in docs if doc.get("version") == key and doc.get("use_case")}


def _on_the_day(page: Page, by_use_case: dict[str, list[Stint]], day: date) -> None:
    """What stood in its use cases at the end of a past day, as recorded."""
    found = [
        (u, s) for u, stints in by_use_case.items() for s in stints
        if s.since <= day and (s.until is None or day < s.until) and s.stage != "Archived"
    ]  # fmt: skip
    title = f"On {text.day(day).text}, as recorded"
    if not found:
        page.section(title, [Wide(Styled("Nothing ran in its use cases on that day, as far as is recorded.", "dim"))])
        return
    page.section(title, [
        (text.day(s.since), text.day(s.until) if s.until else "", Styled(u, "strong"), text.stage(s.stage, s.share),
         s.deployment, Styled(s.version, "key"), s.by, s.why)
        for u, s in found
    ], [f"on:{i}" for i in range(len(found))])  # fmt: skip


def _by_use_case(catalog: Catalog, names: Iterable[str]) -> dict[str, list[Stint]]:
    runs = list(catalog.assignments.records())  # as of now: a view may stand on a past day
    return {n: runs_history(n, catalog.events(naming=n), runs) for n in sorted(names)}


def _stints(about: Subject, keys: Sequence[str]) -> dict[str, list[Stint]]:
    names = {a.use_case for a in about.catalog.assignments.records() if a.version in set(keys)}
    found: dict[str, list[Stint]] = {}
    for stints in _by_use_case(about.catalog, names).values():
        for stint in stints:
            found.setdefault(stint.version, []).append(stint)
    return found


UPGRADES = (
    Column("use_case", "Use case", 20, 12),
    Column("from", "From", 34, 16, shorten="start"),
    Column("to", "To", 34, 16, shorten="start"),
    Column("state", "State", 12),
    Column("progress", "Progress", 20, drop=2),
    Column("outcome", "Outcome", 30, 10, drop=1, grow=1),
)


def upgrades(about: Subject) -> Page:
    """The upgrades from or to this version."""
    page = Page(UPGRADES, empty="No upgrade from or to this version. u starts one.")
    found = [u for u in about.view.records.upgrades.values() if about.key in (u.from_version, u.to_version)]
    found.sort(key=lambda u: u.created or date.min, reverse=True)
    lines: list[Sequence[Cell]] = []
    for u in found:
        done = progress(u.items, about.view.today)
        lines.append(
            (
                u.use_case,
                Styled(u.from_version, "key"),
                Styled(u.to_version or "no target yet", "key"),
                u.state.replace("_", " "),
                text.progress(done.done, done.applicable, len(done.overdue)),
                u.outcome,
            )
        )
    page.section("", lines, [u.uid for u in found])
    return page


def _or_dash(said: str) -> Cell:
    return said or text.MISSING
