"""What an upgrade could move to: the candidates of its use case, then the other pinned versions that are alive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from store.records import Assignment, Json, Metric, UseCase, Version
from store.review.candidates import Candidate, suggested
from store.review.successors import MANY, Successors, successors
from store.rows import Row
from tui import columns, text
from tui.state import View

_ENDING = ("retired", "deprecated")


LABELLED = 500
"""So many of what could be chosen are listed with their dates and prices, the others by their key alone."""


def targets(version: Version, view: View) -> list[tuple[str, str]]:
    """Keys with what speaks for them, the likeliest first; takes a while with many versions, so call it in a worker."""
    vendor = suggested(version, view.records.versions)
    rows = {row.key: row for row in view.index.rows_all() if row.key in vendor}
    near = [row for row in _near(version, view) if row.key not in vendor]
    found = [(key, _label(rows.get(key), view, key, "the vendor's replacement")) for key in vendor]
    found += [(row.key, _label(row, view, row.key, "")) for row in near[:LABELLED]]
    return found + [(row.key, row.key) for row in near[LABELLED:]]


def _near(version: Version, view: View) -> list[Row]:
    """The other versions alive of the same making, the same model first; in a very large catalog as `successors`
    looks at them: those of the same provider and model."""
    narrowed = len(view.records.versions) > MANY
    rows = {row.key: row for row in view.index.rows_all() if row.key != version.key}
    near = (
        row for row in rows.values() if not narrowed or row.provider == version.provider or row.model == version.model
    )
    kind = version.value("kind")
    found = sorted((row for row in near if _fits(row, version, kind)), key=lambda row: row.key, reverse=True)
    return sorted(found, key=lambda row: (row.model != version.model, row.provider != version.provider))


class Ranked(NamedTuple):
    """Keys with what speaks for or against them, and the one to propose: "" where nothing speaks for any."""

    options: list[tuple[str, str]]
    proposed: str = ""


def ranked(run: Assignment, view: View) -> Ranked:
    """What could follow what a use case runs: the candidates (DECISIONS 7) in their order, then what a filter left out
    with the reason; takes a while with many versions, so call it in a worker.

    What the vendor names goes first: where its words mean several versions, all of them. Proposed is the first that the
    vendor names, or that was measured or is beaten by nothing and is at this provider; never one that is only cheap.
    """
    records = view.records
    old = records.versions.get(run.version)
    if old is None:
        return Ranked([])
    use_case = records.use_cases.get(run.use_case) or UseCase("", run.use_case)
    found = successors(records, use_case, run, view.today)
    vendor = {*suggested(old, records.versions), *(c.key for c in found.found.candidates if c.vendor)}
    good = sorted(found.found.candidates, key=lambda c: c.key not in vendor)
    options = [(c.key, _speaking(c, found, records.metrics, c.key in vendor)) for c in good]
    reasons = {out.key: out.reason for out in found.found.excluded}
    listed = {c.key for c in good}
    near = dict.fromkeys([*suggested(old, records.versions), *(row.key for row in _near(old, view))])
    others = [key for key in near if key not in listed]
    options += [(key, f"out: {reasons.get(key, 'of another making')}") for key in others]
    likely = (c.key for c in good if c.key in vendor or (_same(c.key, old) and (c.front or c.quality is not None)))
    return Ranked(options, next(likely, ""))


def _same(key: str, old: Version) -> bool:
    """Whether a version is at the same provider: to leave one is a decision of its own."""
    return key.startswith(f"{old.provider}/")


def _speaking(c: Candidate, found: Successors, metrics: Mapping[str, Metric], vendor: bool) -> str:
    """What speaks for a candidate, the weightiest first."""
    series = ((c.quality, found.found.quality), (c.latency, found.found.latency))
    figures = [
        f"{metric.title} {text.value(value, metric).text}"
        for value, at in series
        if value is not None and at is not None and (metric := metrics.get(at.metric)) is not None
    ]
    known = c.cost is not None and c.cost.known
    cost = text.money_range(c.cost.low, c.cost.high, "mo").text if c.cost is not None and known else ""
    factor = f"price × {c.price_factor:.2f}" if c.price_factor is not None and not known else ""
    said = (
        "the vendor's replacement" if vendor else "", "● on the front" if c.front else "", *figures, cost, factor,
        f"lives {c.runway} d after cut-over" if c.runway is not None else "",
        f"not known: {', '.join(c.unsure)}" if c.unsure else "",
    )  # fmt: skip
    return " · ".join(_filled(said))


def _fits(row: Row, version: Version, kind: Json) -> bool:
    record = row.record
    if record is None or record.alias_of or record.own != version.own:
        return False
    if kind is not None and record.value("kind") not in (kind, None):
        return False
    return row.get("lifecycle") not in _ENDING


def _label(row: Row | None, view: View, key: str, why: str) -> str:
    if row is None:
        return " · ".join(_filled((key, why)))
    retires = f"retires {text.plain(columns.retires(row, view))}" if row.get("retires") else ""
    price_in, price_out = row.get("price_in"), row.get("price_out")
    price = ""
    if isinstance(price_in, (int, float)) and isinstance(price_out, (int, float)):
        price = f"{text.money(price_in).text} / {text.money(price_out).text}"
    said = (key, why, str(row.get("lifecycle") or "lifecycle unknown"), retires, price)
    return " · ".join(_filled(said))


def _filled(parts: Iterable[str]) -> list[str]:
    return [part for part in parts if part]
