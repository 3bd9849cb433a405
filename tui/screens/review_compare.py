"""The best candidate for what a use case runs, and how it compares: worked out off the event loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from store.records import Snapshot
from store.review.attention import Finding
from store.review.candidates import Candidates
from store.review.comparison import Row
from store.review.status import AssignmentStatus
from store.review.successors import successors
from store.values import dataclass
from tui import text
from tui.screens import compare_cells
from tui.screens.compare_data import Prepared, judge, prepare
from tui.state import View
from tui.text import Cell, Styled

FIGURES = 4
"""Figures of a comparison that are shown; `c` shows all."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What `key` (of which `why` says where it comes from) does better or worse than what `run` runs."""

    run: str
    key: str
    why: str
    lines: Sequence[tuple[str, Cell]]


def compared(view: View, row: AssignmentStatus | None, use_case: str, wanted: Callable[[], bool]) -> Compared:
    """Compare what runs with the best candidate; `wanted` says no when somebody has gone on meanwhile."""
    if row is None or row.version is None:
        return Compared("", "", "", [("", Styled("Nothing is known to compare.", "dim"))])
    where = view.records.use_cases.get(use_case)
    findings = [f for f in view.findings if f.subject == row.assignment.uid and f.other]
    sorted_out = successors(view.records, where, row.assignment, view.today).found if where is not None else None
    key, why = _best(row, findings, sorted_out, view.records)
    lines = list(_excluded(sorted_out, key))
    if not key:
        none = Styled("No candidate is known: c compares with one that you choose.", "dim")
        return Compared(row.assignment.uid, "", "", [("", none), *lines])
    prepared = prepare(view, [row.version.key, key], use_case, row.version.key)
    if prepared is None or key not in prepared.keys:
        return Compared(row.assignment.uid, key, why, lines)
    verdict = (
        judge(prepared, lambda _share: wanted()).get(key) if where is not None and where.criteria.metrics else None
    )
    said: list[tuple[str, Cell]] = []
    if verdict is not None:
        said.append(("verdict", text.joined([text.verdict(verdict.verdict), verdict.reason])))
    said += _figures(prepared, key)
    risks = prepared.risks.get(key, ())
    if risks:
        said.append(("may break", Styled(f"{len(risks)}: {'; '.join(r.title for r in risks[:3])}", "warn")))
    return Compared(row.assignment.uid, key, why, [*said, *lines])


def _best(
    row: AssignmentStatus, findings: Sequence[Finding], known: Candidates | None, records: Snapshot
) -> tuple[str, str]:
    """What is worked on already, what a finding names, then the candidates in their order."""
    if row.upgrade is not None and row.upgrade.to_version in records.versions:
        return row.upgrade.to_version, "the target of its upgrade"
    if findings:
        return findings[0].other, "newer"
    if known is None or not known.candidates:
        return "", ""
    best = known.candidates[0]
    origins = (("on the front", best.front), ("the vendor's replacement", best.vendor))
    origin = [said for said, holds in origins if holds]
    return best.key, " and ".join(origin) or f"the first of {len(known.candidates)} candidates"


def _excluded(known: Candidates | None, key: str) -> Iterator[tuple[str, Cell]]:
    for out in known.excluded if known is not None else ():
        if out.vendor and out.key != key:
            yield "vendor's", text.joined([Styled(out.key, "key"), Styled(f"is out: {out.reason}", "dim")])
    for said in known.vendor_text[:1] if known is not None else ():
        yield "vendor says", Styled(f"{said} (no version known here)", "dim")


def _figures(prepared: Prepared, key: str) -> Iterator[tuple[str, Cell]]:
    """The figures that differ: measured in the use case first, then cost, price and runway."""
    use_case = prepared.use_case
    rows = [row for row in prepared.comparison.rows if row.comparable and row.cells.get(key) is not None]

    def rank(row: Row) -> tuple[bool, bool, int]:
        own = row.series is not None and use_case is not None and row.series.use_case == use_case.name
        return (use_case is None or row.name != use_case.headline, not own, row.rank)

    measured = sorted((r for r in rows if r.kind == "metric" and (r.series is None or not r.series.slice)), key=rank)
    costs = [r for r in rows if r.kind == "cost"][:1] or [r for r in rows if r.kind == "price"][:2]
    life = [r for r in prepared.comparison.rows if r.name == "runway" and r.cells.get(key) is not None]
    for row in [*measured[:FIGURES], *costs, *life]:
        before = compare_cells.read(prepared, row, prepared.baseline).value
        after = compare_cells.read(prepared, row, key)
        rest = [piece for piece in after.pieces if piece.text]
        yield row.title, [before, Styled(" → ", "dim"), *rest] if before.text not in ("–", "—") else rest
    if not measured:
        yield "measured", Styled("nothing that both have: i brings results in", "warn")
