"""What the review shows about one use case: findings, state, what changed, comparison, checklist. No widget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from store.catalog import Catalog
from store.records import Event, UseCase
from store.review.attention import Finding
from store.review.checklist import may_promote, progress
from store.review.ledger import seen_day
from store.review.lifecycle import STALE_DAYS
from store.review.session import last_review
from store.review.status import AssignmentStatus
from store.values import dataclass
from tui import text
from tui.screens.review_compare import Compared
from tui.state import View
from tui.text import Cell, Style, Styled

EVENTS = 8
"""Events since the last review that are shown."""
NOTE = 300
"""Characters of a note that are shown."""
DELIVERED = ("sync", "import", "load")
"""Commands whose event touches many records: what changed here is told instead."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the page: what a key acts on while the cursor stands there."""

    label: str
    cell: Cell
    run: str = ""
    other: str = ""
    upgrade: str = ""
    style: Style = "dim"


@dataclass(frozen=True, slots=True)
class Part:
    """Lines under a heading."""

    key: str
    title: Cell
    lines: Sequence[Line]


def parts(catalog: Catalog, view: View, name: str, compared: Compared | None) -> list[Part]:
    """Everything a decision needs, in the order in which one asks; `compared` None while it is worked out."""
    use_case = view.records.use_cases.get(name)
    rows = runs_of(view, name)
    found = [f for f in view.findings if f.use_case == name]
    grave: Style = "bad" if any(f.severity <= 1 for f in found) else "warn"
    count = Styled(f"  {len(found)}", grave) if found else Styled("  nothing", "good")
    said = [
        Part("findings", [Styled("Needs a decision"), count], [line for f in found for line in _finding(f, rows)]),
        Part("state", Styled("State"), list(_state(use_case, rows, view.today))),
    ]
    if use_case is not None:
        said.append(Part("since", _since_title(use_case, view.today), list(_changes(catalog, view, use_case, rows))))
    said.append(Part("compare", _compared_title(compared), list(_comparison(compared))))
    said.append(Part("checklist", Styled("Checklist"), list(_checklist(view, rows, name))))
    if use_case is not None and use_case.decisions:
        said.append(Part("decisions", Styled("Decided before"), list(_decisions(use_case, view.today))))
    return [part for part in said if part.lines]


def runs_of(view: View, name: str) -> list[AssignmentStatus]:
    """What a use case runs: Production first, then what starts first."""
    rows = [row for row in view.statuses.values() if row.assignment.use_case == name]
    return sorted(rows, key=lambda r: (r.assignment.stage != "Production", r.start_in is None, r.start_in or 0))


# ── findings and state ────────────────────────────────────────────────────────────────────────────────────────────


def _finding(finding: Finding, rows: Sequence[AssignmentStatus]) -> Iterator[Line]:
    run = next((r.assignment.uid for r in rows if r.assignment.uid == finding.subject), "")
    upgrade = next((r.upgrade.uid for r in rows if r.upgrade is not None and r.upgrade.uid == finding.subject), "")
    about = f"{finding.key}: " if len(rows) > 1 and finding.key else ""
    style: Style = "bad" if finding.severity <= 1 else "warn"
    label = finding.kind.replace("_", " ")
    yield Line(label, f"{about}{finding.why}", run, finding.other, upgrade, style)
    yield Line("", Styled(f"→ {finding.action}", "accent"), run, finding.other, upgrade)


def _state(use_case: UseCase | None, rows: Sequence[AssignmentStatus], today: date) -> Iterator[Line]:
    owner = use_case.owner if use_case is not None else ""
    title = use_case.title if use_case is not None else ""
    critical = f"{use_case.criticality} criticality" if use_case is not None and use_case.criticality else ""
    yield Line("owner", text.joined([Styled(owner) if owner else Styled("nobody", "warn"), critical, title]))
    for row in rows:
        yield from _run(row, today)
    if not rows:
        yield Line("runs", Styled("nothing", "warn"))
    if use_case is not None and use_case.note:
        yield Line("note", _short(use_case.note))


def _short(note: str) -> str:
    return note if len(note) <= NOTE else f"{note[:NOTE]} … (m shows all)"


def _run(row: AssignmentStatus, today: date) -> Iterator[Line]:
    run, place = row.assignment, row.deployment
    where = text.joined([p for p in (place.platform, place.sku, place.region) if p]) if place is not None else ""
    stage = text.stage(run.stage, run.share)
    outcome = text.on_the_day(row.outcome.kind, row.outcome.target)
    yield Line(stage.text, text.joined([Styled(run.version, "key"), where, outcome]), run.uid)
    dates = row.ledger
    if dates.effective is not None:
        said = dates.effective
        shown: list[Cell] = [text.retirement(said.value, today, said.certainty), Styled(said.source, "dim")]
        shown.append(text.age((today - seen_day(said.observed_at)).days, STALE_DAYS))
        yield Line("retires", text.joined(shown), run.uid)
        if dates.risk is not None and dates.risk.value != said.value:
            day = text.retirement(dates.risk.value, today, dates.risk.certainty)
            yield Line("plan for", text.joined([day, Styled(dates.risk.source, "dim")]), run.uid)
    if row.plan is not None:
        start = text.start_by(row.start_by, row.start_in, today, squeezed=row.squeezed)
        if row.start_in is not None and row.start_in > 0 and row.squeezed is None:
            start = Styled(f"{text.day(row.start_by, today).text} · {start.text}", start.style)
        cut = f"cut over by {text.day(row.plan.shown['cutover_by'], today).text}"
        yield Line("start by", text.joined([start, Styled(cut, "dim")]), run.uid)
    if row.decision is not None and row.decision.until is not None:
        until = f"{row.decision.kind.replace('_', ' ')} · until {text.day(row.decision.until, today).text}"
        yield Line("decided", Styled(until, "accent"), run.uid)
    if run.note:
        yield Line("note", _short(run.note), run.uid)


# ── what changed ──────────────────────────────────────────────────────────────────────────────────────────────────


def _since_title(use_case: UseCase, today: date) -> Cell:
    last = last_review(use_case)
    if not last:
        return [Styled("Never reviewed before"), Styled("  what happened last", "dim")]
    day = date.fromisoformat(last[:10])
    when = f"  {text.day(day, today).text} · {text.distance(day, today).text}"
    return [Styled("Since the last review"), Styled(when, "dim")]


def _changes(catalog: Catalog, view: View, use_case: UseCase, rows: Sequence[AssignmentStatus]) -> Iterator[Line]:
    """Dates that moved and events about the use case and what it runs, the newest first."""
    last, today = last_review(use_case), view.today
    told = 0
    known_until = date.fromisoformat(last[:10]) if last else today - timedelta(days=90)
    for row in rows:
        for move in row.ledger.moves:
            if seen_day(move.on) > known_until:
                told += 1
                days = f"{text.day(move.before).text} → {text.day(move.after).text}"
                said = text.joined([days, text.moved(move.days), Styled(f"{move.publisher}, seen {move.on}", "dim")])
                yield Line("date", said, row.assignment.uid)
    keys = {row.assignment.version for row in rows}
    until = today if today < catalog.today else None
    events = {e.id: e for subject in (use_case.name, *keys) for e in catalog.history(subject, until) if e.at > last}
    told_of = {use_case.name, *keys}
    newest = sorted((e for e in events.values() if _worth_telling(e, told_of)), key=lambda e: e.at, reverse=True)
    shown = EVENTS if last else EVENTS // 2
    for event in newest[:shown]:
        told += 1
        yield Line(text.day(date.fromisoformat(event.at[:10]), today).text, _event(event, told_of))
    if last and len(newest) > shown:
        yield Line("", Styled(f"and {len(newest) - shown} more: modeltui history {use_case.name}", "dim"))
    if not told:
        yield Line("", Styled("Nothing changed.", "dim"))


def _worth_telling(event: Event, about: set[str]) -> bool:
    """A look of the review is no change; of a delivery only what it changed in records that were here."""
    if event.command.startswith("review "):
        return False
    return not event.command.startswith(DELIVERED) or any(c.key in about and c.field != "*" for c in event.changes)


def _event(event: Event, about: set[str]) -> Cell:
    changed = ""
    if event.command.startswith(DELIVERED):
        fields = [c.field for c in event.changes if c.key in about and c.field != "*"]
        changed = ", ".join(dict.fromkeys(fields[:4])) + (" …" if len(fields) > 4 else "")
    return text.joined([event.command, changed, event.why, Styled(event.actor, "dim")])


# ── comparison, checklist, decisions ──────────────────────────────────────────────────────────────────────────────


def _compared_title(compared: Compared | None) -> Cell:
    if compared is None or not compared.key:
        return Styled("Candidates")
    return [Styled("Compared with "), Styled(compared.key, "key"), Styled(f"  {compared.why}", "dim")]


def _comparison(compared: Compared | None) -> Iterator[Line]:
    if compared is None:
        yield Line("", Styled("…", "dim"))
        return
    for label, cell in compared.lines:
        yield Line(label, cell, compared.run, compared.key)


def _checklist(view: View, rows: Sequence[AssignmentStatus], name: str) -> Iterator[Line]:
    running = [u for u in view.records.upgrades.values() if u.use_case == name and u.state in ("open", "promoted")]
    for upgrade in running:
        run = next((r.assignment.uid for r in rows if r.assignment.version == upgrade.from_version), "")
        done = progress(upgrade.items, view.today)
        to = Styled(f"→ {upgrade.to_version or 'no target yet'}", "accent")
        line = [*text.progress(done.done, done.applicable, len(done.overdue)), Styled("  "), to]
        yield Line(upgrade.state, line, run, upgrade.to_version, upgrade.uid)
        if upgrade.state == "open":
            blockers = may_promote(upgrade, view.records, view.today)
            waits = (
                Styled(f"{len(blockers)} before it may be promoted", "warn") if blockers else Styled("ready", "good")
            )
            yield Line("waits for", waits, run, upgrade.to_version, upgrade.uid)
        item = upgrade.items.get(done.next or "")
        if item is not None:
            due = f"due {text.day(item.due, view.today).text}" if item.due is not None else ""
            said = text.joined([[Styled(f"{item.id} ", "accent"), Styled(item.title)], due, Styled(item.owner, "dim")])
            yield Line("next", said, run, upgrade.to_version, upgrade.uid)
    if not running:
        yield Line("", Styled("No upgrade is open: u starts one.", "dim"))


def _decisions(use_case: UseCase, today: date) -> Iterator[Line]:
    for decision in list(reversed(use_case.decisions))[:3]:
        day = text.day(date.fromisoformat(decision.at[:10]), today).text
        until = f"until {text.day(decision.until, today).text}" if decision.until is not None else ""
        kind = decision.kind.replace("_", " ").removesuffix(" until" if until else "\0")
        yield Line(day, text.joined([kind, until, decision.note, Styled(decision.owner or decision.by, "dim")]))


# ── wrapping ──────────────────────────────────────────────────────────────────────────────────────────────────────


def wrapped(cell: Cell, width: int) -> list[list[Styled]]:
    """A cell as lines of at most `width` cells, broken between words; a word that is too long is cut by the table."""
    from rich.cells import cell_len

    lines: list[list[Styled]] = [[]]
    used = 0
    for piece in text.pieces(cell):
        words = text.clean(piece.text).split(" ")
        for nth, word in enumerate(words):
            gap = " " if nth else ""
            if used and used + len(gap) + cell_len(word) > width:
                lines.append([])
                used, gap = 0, ""
            if word or gap:
                last = lines[-1]
                if last and last[-1].style == piece.style:
                    last[-1] = Styled(last[-1].text + gap + word, piece.style)
                else:
                    last.append(Styled(gap + word, piece.style))
                used += len(gap) + cell_len(word)
    return lines
