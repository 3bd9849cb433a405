"""The minutes of a review in Markdown: what was decided, what is open, who does it, by when. Deterministic text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from store.records import Decision, Event, Snapshot, UseCase
from store.review.attention import Finding
from store.review.ledger import spoken
from store.review.session import reviewed_since
from store.review.status import status

NOBODY = "nobody"
QUIET = ("decide ", "review ", "sync ", "load ", "import ")
"""How commands begin whose events need no line: decisions have their own, files and registries are no decisions."""


def minutes(
    records: Snapshot, findings: Iterable[Finding], events: Iterable[Event], today: date, since: str = ""
) -> str:
    """What was decided since a moment ("" is ever) and what is open on `today`.

    Args:
        records: what is known.
        findings: what needs a decision now (`attention`).
        events: what was done; what lies before `since` is passed over.
        today: the day of the review.
        since: when it began, see `session`.
    """
    decided = list(_decisions(records, since)) + list(_upgrades(records, today, since))
    looked = [u.name for u in records.use_cases.values() if reviewed_since(u, since)] if since else []
    decided_for = {row[0] for row in decided}
    lines = [f"# Review of {spoken(today)}", ""]
    lines += ["## Decisions", ""]
    lines += _table(("Use case", "Decision", "Who", "By when", "Why"), decided) or ["None.", ""]
    lines += ["## Open points", ""]
    points = list(_open_points(records, findings, today))
    lines += _table(("Use case", "What", "To do", "Who", "By when"), points) or ["None.", ""]
    calm = [name for name in looked if name not in decided_for]
    if calm:
        lines += ["## Looked at, nothing decided", "", *(f"- {_safe(name)}" for name in calm), ""]
    done = list(_done(events, since))
    if done and since:
        lines += ["## Also done", "", *done, ""]
    return "\n".join(lines).rstrip() + "\n"


def _decisions(records: Snapshot, since: str) -> Iterator[tuple[str, ...]]:
    taken = [(d, u) for u in records.use_cases.values() for d in u.decisions if d.at >= since]
    versions = {a.uid: a.version for a in records.assignments}
    for decision, use_case in sorted(taken, key=lambda pair: (pair[0].at, pair[1].name)):
        until = spoken(decision.until) if decision.until is not None else "–"
        why = decision.note or "–"
        yield use_case.name, _words(decision, use_case, versions), _who(decision, use_case), until, why


def _words(decision: Decision, use_case: UseCase, versions: dict[str, str]) -> str:
    subject = versions.get(decision.subject, decision.subject)
    about = f" ({subject})" if subject and subject != use_case.name else ""
    return f"{decision.kind.replace('_', ' ')}{about}, decided by {decision.by or NOBODY}"


def _who(decision: Decision, use_case: UseCase) -> str:
    return decision.owner or use_case.owner or NOBODY


def _upgrades(records: Snapshot, today: date, since: str) -> Iterator[tuple[str, ...]]:
    """Upgrades started and promoted since, which are decisions too; by when they have to cut over."""
    first = since[:10]
    cutovers = {}
    for run in records.assignments:
        if run.in_use and (plan := status(run, records, today).plan) is not None:
            cutovers[run.use_case, run.version] = spoken(plan.shown["cutover_by"])
    for upgrade in records.upgrades.values():
        use_case = records.use_cases.get(upgrade.use_case)
        who = use_case.owner if use_case is not None and use_case.owner else NOBODY
        move = f"{upgrade.from_version} → {upgrade.to_version or 'no target yet'}"
        if upgrade.created is not None and upgrade.created.isoformat() >= first and upgrade.state == "open":
            by = cutovers.get((upgrade.use_case, upgrade.from_version), "–")
            yield upgrade.use_case, f"upgrade started ({move})", who, by, upgrade.note or "–"
        if upgrade.promoted_on is not None and upgrade.promoted_on.isoformat() >= first:
            yield upgrade.use_case, f"promoted ({move})", who, spoken(upgrade.promoted_on), upgrade.note or "–"


def _open_points(records: Snapshot, findings: Iterable[Finding], today: date) -> Iterator[tuple[str, ...]]:
    for finding in findings:
        use_case = records.use_cases.get(finding.use_case)
        who = use_case.owner if use_case is not None and use_case.owner else NOBODY
        by = "now" if finding.severity <= 1 else "–"
        if finding.until is not None and finding.until >= today:
            by = spoken(finding.until)
        about = f"{finding.key}: " if finding.key else ""
        yield finding.use_case, f"{about}{finding.why}", finding.action, who, by


def _done(events: Iterable[Event], since: str) -> Iterator[str]:
    for event in events:
        if event.at >= since and not event.command.startswith(QUIET):
            why = f": {_safe(event.why)}" if event.why else ""
            yield f"- {_safe(event.command)}{why} ({_safe(event.actor) or NOBODY})"


# ── Markdown ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    body = [f"| {' | '.join(_safe(cell) or '–' for cell in row)} |" for row in rows]
    return [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}", *body, ""]


def _safe(text: str) -> str:
    """One line of outside text that is shown as it is: no table, no heading, no HTML, nothing invisible."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    for mark in "\\`*_[]|#":
        line = line.replace(mark, f"\\{mark}")
    return line.replace("<", "&lt;").replace(">", "&gt;")
