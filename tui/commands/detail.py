"""What `show` says about one version, as JSON and as text."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import TYPE_CHECKING, Any

from store.records import LINEAGE_PARTS, Lineage, Station, Version
from store.review.ledger import Ledger, age_days, ledger
from store.review.status import AssignmentStatus, VersionStatus, status, version_status
from store.review.way import way
from tui.commands import shapes
from tui.commands.words import outcome, retires, starts
from tui.text import MISSING, Cell, Styled, age, joined, lifecycle, measured, number, stage, value

if TYPE_CHECKING:
    from store.catalog import Catalog
    from tui.output import Output

_KINDS = ("retire", "deprecate", "auto_upgrade_start", "default_change", "fine_tune_retire")


def _stage(known: VersionStatus | AssignmentStatus) -> str:
    return "ga (listed)" if known.lifecycle.listed else known.lifecycle.status


def _retires(dates: Ledger) -> shapes.Shape:
    said, plan_for = dates.effective, dates.risk
    return {
        "effective": said.value if said else None,
        "risk": plan_for.value if plan_for else None,
        "certainty": said.certainty if said else None,
    }


def shape(catalog: Catalog, version: Version) -> shapes.Shape:
    """The answer of `show --json`."""
    known = version_status(version, catalog.today)
    parts = version.parts
    upgrades = [u for u in catalog.upgrades.records() if version.key in (u.from_version, u.to_version)]
    return {
        "key": version.key,
        "provider": parts.provider,
        "model": parts.model,
        "version": parts.version,
        "own": version.own,
        "alias_of": list(version.alias_of),
        "same_as": list(version.same_as),
        "api_ids": list(version.api_ids),
        "facts": {name: shapes.fact(f) for name in version.facts if (f := version.fact(name)) is not None},
        "dates": _dates(version, catalog),
        "retires": _retires(known.ledger),
        "lifecycle": _stage(known),
        "on_the_day": known.outcome.kind,
        "measurements": [shapes.measurement(m) for m in catalog.measurements_of(version.key)],
        "assignments": [_assignment(s) for s in _statuses(catalog, version)],
        "upgrades": [
            {"id": u.uid, "use_case": u.use_case, "from": u.from_version, "to": u.to_version or None, "state": u.state}
            for u in upgrades
        ],
        "changes": shapes.known(version.changes),
        "links": [shapes.link(page) for page in version.links],
        "lineage": {f.name: getattr(version.lineage, f.name) or None for f in fields(Lineage)},
        "way": [
            {"kind": s.kind, "name": s.name, "detail": shapes.known(s.detail), "at": shapes.known(s.at)}
            for s in _way(version, catalog)
        ],
        "reproducible": {"known": len(LINEAGE_PARTS) - len(missing(version)), "of": len(LINEAGE_PARTS)},
        "registry": shapes.known(version.registry),
        "missing_since": version.missing_since,
        "tags": list(version.tags),
        "note": shapes.known(version.note),
    }


def _way(version: Version, catalog: Catalog) -> list[Station]:
    records = catalog.snapshot()
    runs = [a for a in records.assignments if a.version == version.key]
    return way(version, records.measurements.get(version.key, ()), runs, records.metrics)


def missing(version: Version) -> list[str]:
    """The parts of the lineage that nobody recorded."""
    return [name for name, found in LINEAGE_PARTS if not any(getattr(version.lineage, f) for f in found)]


def _dates(version: Version, catalog: Catalog) -> list[shapes.Shape]:
    standing = {id(o) for kind in _KINDS for o in ledger(version, catalog.today, kind=kind).standing}
    # a date for one deployment type stands where a deployment of that type asks
    scoped = {id(o) for s in _statuses(catalog, version) for o in s.ledger.standing}
    seen = sorted(version.observations, key=lambda o: (o.observed_at, o.kind, o.value))
    return [shapes.observation(o, standing=id(o) in standing | scoped) for o in seen]


def _statuses(catalog: Catalog, version: Version) -> list[AssignmentStatus]:
    records = catalog.snapshot()
    return [status(a, records, catalog.today) for a in records.assignments if a.version == version.key]


def _assignment(s: AssignmentStatus) -> shapes.Shape:
    return {
        **shapes.assignment(s.assignment),
        "place": None if s.deployment is None else shapes.deployment(s.deployment),
        "retires": _retires(s.ledger),
        "lifecycle": _stage(s),
        "on_the_day": s.outcome.kind,
        "deadline": s.deadline.day if s.deadline else None,
        "start_by": s.start_by,
        "start_in": s.start_in,
    }


# ── text ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def say(out: Output, catalog: Catalog, version: Version) -> None:
    """The answer of `show` for a person."""
    today = catalog.today
    known = version_status(version, today)
    head: list[Cell] = [
        Styled(version.key, "strong"),
        lifecycle(known.lifecycle.status, listed=known.lifecycle.listed),
        retires(known.ledger, today),
    ]
    out.line(*joined(head, "  "))
    out.line(f"  {known.lifecycle.reason} {known.outcome.why}")
    if version.alias_of:
        out.line(Styled("  unpinned", "warn"), f": a moving name for {', '.join(version.alias_of)}")
    runs = _statuses(catalog, version)
    _section(out, "Runs in", ("use case", "stage", "deployment", "on the day", "retires", "start by"), [
        [s.assignment.use_case, stage(s.assignment.stage, s.assignment.share), s.assignment.deployment,
         outcome(s.outcome), retires(s.ledger, today), starts(s, today)] for s in runs
    ])  # fmt: skip
    _section(out, "Facts", ("", "", "source", ""), [
        [name.replace("_", " "), _brief(f.value), f.source, _age(f.as_of, today)]
        for name in sorted(version.facts) if (f := version.fact(name)) is not None
    ])  # fmt: skip
    _section(out, "Dates", ("what", "when", "certainty", "for", "source", "seen", ""), [
        [d["kind"].replace("_", " "), str(d["value"]), d["certainty"].replace("_", " "), _scope(d["scope"]),
         d["source"], d["observed_at"], "stands" if d["standing"] else Styled("overtaken", "dim")]
        for d in _dates(version, catalog)
    ])  # fmt: skip
    _section(
        out, "Measurements", ("metric", "value", "n", "use case", "data", "source", "when"), _measured(catalog, version)
    )
    lacking = missing(version)
    if version.own or len(lacking) < len(LINEAGE_PARTS):
        missed = f"; missing: {', '.join(lacking)}" if lacking else ""
        out.line()
        out.line(Styled("Lineage", "dim"), f"  reproducible {7 - len(lacking)}/7{missed}")
        filled = [(f.name, getattr(version.lineage, f.name)) for f in fields(Lineage)]
        out.table(("", ""), [(f"  {name.replace('_', ' ')}", _value(found)) for name, found in filled if found])
    _section(out, "Way", ("station", "name", "known of it", "day"), [
        [s.kind, Styled(s.name, "strong"), Styled(s.detail, "dim"), s.at] for s in _way(version, catalog)
    ])  # fmt: skip
    for page in version.links:
        out.line(Styled(f"{page.rel}  ", "dim"), page.url)
    if version.changes:
        out.line()
        out.text(version.changes)


def _section(out: Output, title: str, titles: tuple[str, ...], rows: list[list[Cell]]) -> None:
    if rows:
        out.line()
        out.line(Styled(title, "dim"))
        out.table([f"  {titles[0]}", *titles[1:]], [[[Styled("  "), *_pieces(row[0])], *row[1:]] for row in rows])


def _pieces(cell: Cell) -> list[Styled]:
    from tui.text import pieces

    return list(pieces(cell))


def _measured(catalog: Catalog, version: Version) -> list[list[Cell]]:
    rows: list[list[Cell]] = []
    for m in catalog.measurements_of(version.key):
        metric = catalog.metrics.get(m.metric)
        shown = value(m.value, metric) if metric else measured(m.value)
        when = str(m.measured_on or m.as_of or "—")
        n = MISSING if m.n is None else f"{m.n:,}"
        rows.append([m.metric, shown, n, m.use_case or "–", m.dataset or "–", m.source or "–", when])
    return rows


def _value(known: Any) -> Cell:
    if isinstance(known, bool):
        return "yes" if known else "no"
    if isinstance(known, int | float):
        return number(known)
    if isinstance(known, list | tuple):
        return ", ".join(map(str, known))
    if isinstance(known, dict):
        return ", ".join(f"{name} {found}" for name, found in known.items())
    return str(known)


def _brief(known: Any) -> Cell:
    """A value that leaves room for its source; `--json` has all of it."""
    shown = _value(known)
    return f"{shown[:59]}…" if isinstance(shown, str) and len(shown) > 60 else shown


def _scope(scope: shapes.Shape) -> str:
    named = [str(scope["sku"] or ""), str(scope["region"] or ""), "fine-tuned" if scope["fine_tuned"] else ""]
    return ", ".join(filter(None, named)) or "all"


def _age(as_of: str, today: date) -> Styled:
    try:
        return age(age_days(as_of, today))
    except ValueError:
        return age(None)
