"""What stands behind a row: the observations, rules and ages for `w`, and the same in brief as Markdown for `Y`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from store.promises import promises
from store.records import LINEAGE_PARTS, Assignment, Fact, Observation, Version
from store.review.ledger import RISK_DAYS, Ledger, age_days, ledger
from store.review.lifecycle import STALE_DAYS
from store.review.status import AssignmentStatus, VersionStatus, version_status
from tui import text
from tui.state import View
from tui.text import Cell, Styled

Status = AssignmentStatus | VersionStatus

OTHER_KINDS = ("deprecate", "auto_upgrade_start", "default_change", "fine_tune_retire")
FACTS = (
    "lifecycle_label", "replacement", "auto_upgrade_target", "release_date", "price_input", "price_output",
    "price_cached_input", "context_window", "max_output_tokens",
)  # fmt: skip


def why(key: str, run: Assignment | None, view: View) -> list[Cell]:
    """Everything that decides about a version, where it runs: each date with source, age and standing; each rule."""
    version = view.records.versions.get(key)
    if version is None:
        return [Styled(f"{key} is not in the catalog: correct the key, or register the version.", "warn")]
    known = _status(version, run, view)
    lines: list[Cell] = [*_lifecycle(known), "", *_dates(version, known, view.today), *_promised(version, known, view)]
    if isinstance(known, AssignmentStatus):
        lines += ["", *_plan(known, view.today)]
    lines += ["", *_facts(version, view.today)]
    found = [f for f in view.findings if f.key == key and (run is None or f.use_case == run.use_case)]
    if run is not None:
        found += [f for f in view.findings if f.subject == run.use_case]
    if found:
        lines += ["", _head("What needs a decision")]
        for finding in found:
            lines.append(
                [Styled(f"  {finding.kind.replace('_', ' ')}  ", _grave(finding.severity)), Styled(finding.why)]
            )
            lines.append(Styled(f"    → {finding.action}", "accent"))
    return lines


def _grave(severity: int) -> text.Style:
    return "bad" if severity <= 1 else "warn"


def _head(title: str) -> Styled:
    return Styled(title, "strong")


def _status(version: Version, run: Assignment | None, view: View) -> Status:
    known = view.statuses.get(run.uid) if run is not None else None
    return version_status(version, view.today) if known is None else known


def _lifecycle(known: Status) -> Iterator[Cell]:
    yield _head("Lifecycle and what happens on the day")
    yield [
        Styled("  "),
        text.lifecycle(known.lifecycle.status, listed=known.lifecycle.listed),
        Styled(f"  {known.lifecycle.reason}"),
    ]
    yield [Styled("  "), text.on_the_day(known.outcome.kind, known.outcome.target), Styled(f"  {known.outcome.why}")]
    if isinstance(known, AssignmentStatus):
        place = known.deployment
        if place is None:
            yield Styled("  Where it is served is not described: s says it.", "dim")
        else:
            option = place.upgrade_option or ("none set" if place.upgrade_option_known else "not known")
            told = (place.platform, place.sku or "type not known", place.region, f"upgrade option {option}")
            yield Styled(f"  Deployment {place.name}: {' · '.join(p for p in told if p)}", "dim")


# ── dates ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _dates(version: Version, known: Status, today: date) -> Iterator[Cell]:
    dates = known.ledger
    yield _head("Retirement date")
    if not dates.observations:
        yield Styled("  Nobody published one, as far as is known.", "warn")
    if dates.effective is not None:
        yield [Styled("  Counts    ", "dim"), *_said(dates.effective, today)]
        rule = "            our own before all, then the most specific scope, the newest, the most trusted source"
        yield Styled(rule, "dim")
    if dates.risk is not None and dates.effective is not None and dates.risk.value != dates.effective.value:
        yield [Styled("  Plan for  ", "dim"), *_said(dates.risk, today)]
        yield Styled(f"            the earliest that stands and was seen in the last {RISK_DAYS} days", "dim")
    for o in dates.lapsed:
        asked = f"  Lapsed    {o.value} ({o.source}): it passed, while a later date counts. Still answering?"
        yield Styled(asked, "warn")
    for move in dates.moves:
        way = "later" if move.days > 0 else "earlier"
        said = f"  Moved     {move.before} → {move.after}, {abs(move.days)} d {way}, on {move.on} ({move.publisher})"
        yield Styled(said, "" if move.days > 0 else "bad")
    if dates.observations:
        yield ""
        yield _head("Every retirement date that was published, newest first")
        yield from _observations(dates, today)
    place = known.deployment if isinstance(known, AssignmentStatus) else None
    for kind in OTHER_KINDS:
        other = ledger(version, today, place, kind)
        if other.observations:
            yield ""
            yield _head(kind.replace("_", " ").capitalize())
            yield from _observations(other, today)


def _promised(version: Version, known: Status, view: View) -> Iterator[Cell]:
    """What the provider promises about notices and lives, which is why dates read as they do."""
    place = known.deployment if isinstance(known, AssignmentStatus) else None
    said = promises(version, place, known.lifecycle.status, view.today)
    if said:
        yield ""
        yield _head("What the provider promises")
        yield from (Styled(f"  {line}") for line in said)


def _observations(dates: Ledger, today: date) -> Iterator[Cell]:
    for o in reversed(dates.observations):
        yield [Styled("  "), _standing(o, dates), *_said(o, today), Styled(_scope(o), "dim")]


def _standing(o: Observation, dates: Ledger) -> Styled:
    if o is dates.effective:
        return Styled("● counts    ", "good")
    if o is dates.risk:
        return Styled("▲ plan for  ", "warn")
    if o in dates.lapsed:
        return Styled("? lapsed    ", "warn")
    if o in dates.overtaken:
        return Styled("· overtaken ", "dim")
    return Styled("○ stands    ") if o in dates.standing else Styled("· replaced  ", "dim")


def _said(o: Observation, today: date) -> list[Styled]:
    mark = {"tentative": "~", "not_before": "≥"}.get(o.certainty, "")
    age = age_days(o.observed_at, today)
    return [
        Styled(f"{mark}{o.value}", "key"),
        Styled(f" {o.certainty.replace('_', ' ')}"),
        Styled(f"  {o.source} · seen {o.observed_at} · {age} d", "warn" if age > RISK_DAYS else "dim"),
    ]


def _scope(o: Observation) -> str:
    tuned = {True: "fine-tuned", False: "not fine-tuned", None: ""}[o.scope.fine_tuned]
    told = " · ".join(p for p in (o.scope.sku, o.scope.region, tuned, o.note) if p)
    return f"  {told}" if told else ""


# ── plan ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _plan(known: AssignmentStatus, today: date) -> Iterator[Cell]:
    yield _head("Deadline and plan")
    if known.deadline is None:
        yield Styled("  No date to plan for is known.", "warn")
        return
    due = known.deadline
    yield f"  {due.why[:1].upper()}{due.why[1:]}: {due.day}, {due.certainty.replace('_', ' ')}."
    way = known.plan
    if way is None:
        yield "  There is no plan: it has stopped."
        return
    yield [Styled("  Start by  ", "dim"), text.start_by(known.start_by, known.start_in, today, squeezed=known.squeezed)]
    yield f"  {way.why}"
    steps = (
        ("start", way.start_by), ("validated", way.validated_by), ("roll-out", way.rollout_start),
        ("cut-over", way.cutover_by), ("deadline", way.deadline),
    )  # fmt: skip
    yield Styled("  " + "  →  ".join(f"{name} {day}" for name, day in steps), "dim")
    for advice in way.advice:
        yield Styled(f"  → {advice}", "accent")
    if known.decision is not None:
        taken = known.decision
        until = f" until {taken.until}" if taken.until else ""
        yield Styled(f"  Decided on {taken.at[:10]} by {taken.by}: {taken.kind.replace('_', ' ')}{until}. {taken.note}")


# ── facts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _facts(version: Version, today: date) -> Iterator[Cell]:
    yield _head("Facts")
    for name in FACTS:
        chosen = version.fact(name)
        if chosen is None:
            continue
        yield [Styled(f"  {name.replace('_', ' '):<20}", "dim"), Styled(f"{_brief(chosen)}  "), *_source(chosen, today)]
        for claim in version.facts[name]:
            if claim is not chosen:
                yield [Styled(f"  {'':<20}not used: {_brief(claim)}  ", "dim"), *_source(claim, today)]
    if version.own:
        missing = [word for word, parts in LINEAGE_PARTS if not any(getattr(version.lineage, p) for p in parts)]
        have = len(LINEAGE_PARTS) - len(missing)
        tail = f": missing {', '.join(missing)}" if missing else ""
        yield Styled(f"  reproducible {have}/{len(LINEAGE_PARTS)}{tail}", "warn" if missing else "good")


def _source(claim: Fact, today: date) -> list[Styled]:
    age = age_days(claim.as_of, today)
    also = f" (+{len(claim.also)})" if claim.also else ""
    layer = ", local" if claim.layer == "local" else ""
    return [Styled(f"{claim.source}{also}{layer}, {age} d old", "warn" if age > STALE_DAYS else "dim")]


def _brief(claim: Fact) -> str:
    value = claim.value
    if isinstance(value, dict):
        value = value.get("key") or value.get("text") or value
    if isinstance(value, (list, tuple)):
        value = ", ".join(str(v.get("key") or v.get("text") or v) if isinstance(v, dict) else str(v) for v in value)
    shown = f"{value:,}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
    return shown if len(shown) <= 60 else f"{shown[:59]}…"


# ── Markdown ──────────────────────────────────────────────────────────────────────────────────────────────────────


def table(keys: Sequence[str], view: View) -> tuple[list[str], list[list[Cell]]]:
    """Versions as lines: key, use case, lifecycle, what happens, when, by when, prices."""
    titles = ["Version", "Use case", "Stage", "Lifecycle", "On the day", "Retires", "Start by", "In /1M", "Out /1M"]
    wanted = frozenset(keys)
    used = [row for row in view.index.rows_in_use() if row.key in wanted]
    others = wanted.difference(row.key for row in used)
    lines: list[list[Cell]] = []
    for row in (*used, *(row for key in sorted(others) for row in view.index.rows_of(key))):
        known = row.status
        if known is None:
            continue
        dates, run = known.ledger.effective, row.assignment
        lines.append([
            row.key,
            run.use_case if run else text.NONE,
            text.stage(run.stage, run.share) if run else text.NONE,
            text.lifecycle(known.lifecycle.status, listed=known.lifecycle.listed),
            text.on_the_day(known.outcome.kind, known.outcome.target),
            text.retirement(dates.value, view.today, dates.certainty) if dates else text.MISSING,
            text.start_by(known.start_by, known.start_in, view.today, squeezed=known.squeezed)
            if isinstance(known, AssignmentStatus) else text.NONE,
            *(_price(row.get(name)) for name in ("price_in", "price_out")),
        ])  # fmt: skip
    return titles, lines


def _price(value: object) -> Styled:
    return text.money(float(value)) if isinstance(value, (int, float)) else text.MISSING


def markdown(keys: Sequence[str], view: View) -> str:
    """Versions as Markdown: one in full with its sources, several as a table."""
    titles, lines = table(keys, view)
    said = markdown_table(titles, [[text.plain(cell) for cell in line] for line in lines])
    version = view.records.versions.get(keys[0]) if len(keys) == 1 else None
    if version is None:
        return said
    parts = [f"## `{version.key}`", "", said.rstrip(), ""]
    for o in ledger(version, view.today).standing:
        mark = {"tentative": "~", "not_before": "≥"}.get(o.certainty, "")
        link = f" <{o.source_url}>" if o.source_url else ""
        parts.append(
            f"- Retires {mark}{o.value} ({o.certainty.replace('_', ' ')}): {o.source}, seen {o.observed_at}{link}"
        )
    for name in FACTS:
        claim = version.fact(name)
        if claim is not None:
            parts.append(f"- {name.replace('_', ' ').capitalize()}: {_brief(claim)} ({claim.source}, {claim.as_of})")
    for m in view.records.measurements.get(version.key, ()):
        if m.origin != "reference":
            n = f", n {m.n:,}" if m.n else ""
            parts.append(f"- {m.metric}: {m.value:g}{n} ({m.source}, {m.measured_on or m.as_of})")
    if version.changes:
        parts += ["", version.changes]
    return "\n".join(parts) + f"\n\nAs of {view.today}.\n"


def markdown_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; a bar inside a cell does not end it."""

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("\\", "\\\\").replace("|", "\\|") for cell in cells) + " |"

    return "\n".join([line(titles), "|" + " --- |" * len(titles), *map(line, rows)]) + "\n"
