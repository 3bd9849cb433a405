"""Overview: every tracked field of a version, with its source and age."""

from __future__ import annotations

from collections.abc import Sequence

from store.records import LINEAGE_PARTS
from store.review.figures import figures
from store.review.freshness import price_age
from store.review.ledger import ledger
from store.review.lifecycle import lifecycle, on_the_day
from store.review.status import AssignmentStatus
from tui import text
from tui.detail.markdown import markdown_lines
from tui.detail.page import LABELLED, Page, Subject, fact_value, said_by
from tui.text import Cell, Styled
from tui.widgets.table import Wide

PRICES = (
    ("price_input", "Input price"),
    ("price_output", "Output price"),
    ("price_cached_input", "Cached input price"),
    ("price_cache_write", "Cache write price"),
    ("price_batch_input", "Batch input price"),
    ("price_batch_output", "Batch output price"),
    ("price_input_datazone_eu", "Input, data zone EU"),
    ("price_output_datazone_eu", "Output, data zone EU"),
    ("price_input_datazone_us", "Input, data zone US"),
    ("price_output_datazone_us", "Output, data zone US"),
    ("price_input_regional_min", "Input, lowest region"),
    ("price_output_regional_min", "Output, lowest region"),
)
LIMITS = (
    ("kind", "Kind"),
    ("context_window", "Context window"),
    ("max_input_tokens", "Max input"),
    ("max_output_tokens", "Max output"),
    ("capabilities", "Capabilities"),
    ("modalities_in", "Accepts"),
    ("modalities_out", "Produces"),
    ("accepts_temperature", "Accepts temperature"),
    ("knowledge_cutoff", "Knowledge cut-off"),
    ("embedding_dimensions", "Embedding dimensions"),
    ("ptu", "Provisioned"),
    ("open_weights", "Open weights"),
)
WHO = (("publisher", "Publisher"), ("display_name", "Called"))
COSTS = ("cost_per_prediction", "cost_per_1k_predictions", "infrastructure_cost_month", "maintenance_cost_month")
IMPACT = ("user_satisfaction", "click_through_rate", "engagement_rate", "revenue_month", "savings_month")


LIFE = (
    ("release_date", "Released"),
    ("replacement", "Replacement (vendor)"),
    ("auto_upgrade_target", "Auto-upgrade target"),
    ("lifecycle_label", "Provider's label"),
)
FACT_OF = {label: name for name, label in (*PRICES, *LIMITS, *WHO, *LIFE)}
"""The fact that a line tells, by the line's label."""


def page(about: Subject) -> Page:
    """Build the tab."""
    found = Page(LABELLED)
    for line in warnings(about):
        found.rows.append((f"!{len(found.rows)}", Wide(line)))
    if found.rows:
        from tui.widgets.table import Section

        found.sections.append(Section(range(len(found.rows)), "!"))
    found.section("What", _identity(about))
    found.section("Life", _life(about))
    found.section("Measured", _measured(about))
    found.section("Price and cost", _facts(about, PRICES) + _group(about, COSTS))
    found.section("User and business impact", _group(about, IMPACT))
    found.section("Limits and capabilities", _facts(about, LIMITS))
    found.section("Notes", _notes(about))
    return found


def warnings(about: Subject) -> list[Cell]:
    """What needs a decision about this version."""
    rows = about.view.index.rows_of(about.key)
    found = [
        f for r in rows for f in about.view.index.findings(r) if not about.use_case or r.use_case == about.use_case
    ]
    lines: list[Cell] = []
    for f in found:
        style: text.Style = "bad" if f.severity <= 1 else "warn"
        lines.append([Styled(f"{f.kind.replace('_', ' '):<15}", style), Styled(f.why)])
        lines.append([Styled(" " * 15), Styled(f"→ {f.action}", "accent")])
    return lines


def statuses(about: Subject) -> list[AssignmentStatus]:
    """Where the version's assignments stand."""
    return [s for s in about.view.statuses.values() if s.assignment.version == about.key]


def _identity(about: Subject) -> list[Sequence[Cell]]:
    v = about.version
    users = dict.fromkeys(s.assignment.use_case for s in statuses(about))
    lines: list[Sequence[Cell]] = [
        ("Use case", ", ".join(users) or Styled("in no use case", "dim"), ""),
        ("Model", Styled(v.model, "key"), ""),
        ("Version", v.version or Styled("the provider names none", "dim"), ""),
        ("Provider", v.provider, Styled("we host it" if v.own else "", "dim")),
        *_facts(about, WHO),
    ]
    if v.alias_of:
        lines.append(("Alias of", [Styled("unpinned ", "warn"), Styled(", ".join(v.alias_of))], ""))
    if v.same_as:
        lines.append(("Same snapshot", ", ".join(v.same_as), Styled("at other providers", "dim")))
    if v.tags:
        lines.append(("Tags", ", ".join(v.tags), ""))
    if v.missing_since:
        lines.append(("Gone", Styled(f"not listed by {v.registry} since {v.missing_since}", "warn"), ""))
    return lines


def _life(about: Subject) -> list[Sequence[Cell]]:
    v, today = about.version, about.view.today
    dates, stage = ledger(v, today), lifecycle(v, today)
    lines: list[Sequence[Cell]] = [*_facts(about, LIFE[:1])]
    lines.append(("Lifecycle", text.lifecycle(stage.status, listed=stage.listed), Styled(stage.reason, "dim")))
    for label, seen in (("Retires (announced)", dates.effective), ("Plan for", dates.risk)):
        if seen is not None:
            lines.append(
                (
                    label,
                    text.retirement(seen.value, today, seen.certainty),
                    Styled(f"{seen.source} · seen {seen.observed_at}", "dim"),
                )
            )
    if dates.effective is None and not v.own:
        lines.append(("Retires", Styled("? no date known", "warn"), ""))
    for s in statuses(about):
        where = f"{s.assignment.use_case} on {s.assignment.deployment}"
        lines.append(
            (
                "On the day",
                text.on_the_day(s.outcome.kind, s.outcome.target),
                Styled(f"{where}: {s.outcome.why}", "dim"),
            )
        )
        stay = s.decision.until if s.decision else None
        lines.append(("Start by", text.start_by(s.start_by, s.start_in, today, squeezed=s.squeezed, stay_until=stay),
                      Styled(f"{where}: {s.deadline.why}" if s.deadline else where, "dim")))  # fmt: skip
    if not statuses(about):
        outcome = on_the_day(v, None, today)
        lines.append(("On the day", text.on_the_day(outcome.kind, outcome.target), Styled(outcome.why, "dim")))
    lines += _facts(about, LIFE[1:])
    return lines


def _facts(about: Subject, names: Sequence[tuple[str, str]]) -> list[Sequence[Cell]]:
    lines: list[Sequence[Cell]] = []
    for name, label in names:
        fact = about.version.fact(name)
        if fact is not None:
            others = len(about.version.facts.get(name, ())) - 1
            lines.append((label, fact_value(name, fact.value), said_by(fact, about.view, others)))
    if names is PRICES and not lines and not about.version.own:
        lines.append(("Price", Styled("? unknown", "warn"), ""))
    if names is PRICES and lines:
        age = price_age(about.version, about.view.today)
        if age is not None and age > 30 and statuses(about):
            lines.append(("", Styled(f"the newest price is {age} d old", "warn"), ""))
    return lines


def _measured(about: Subject) -> list[Sequence[Cell]]:
    records = about.view.records
    known = figures(about.version, records.measurements, records.metrics, about.use_case or None)
    rows = []
    for series, m in known.items():
        metric = records.metrics.get(series.metric)
        if metric is None or series.metric in COSTS + IMPACT or metric.column is None or series.slice:
            continue
        where = text.joined([p for p in (series.use_case, series.dataset, series.region, series.variant) if p])
        origin = f"measured at {m.version.partition('/')[0]}" if m.version != about.key else series.source
        value = text.value(m.value, metric)
        shown: Cell = [Styled(value.text, "dim") if m.version != about.key else value, Styled(_n(m.n), "dim")]
        when = Styled(str(m.measured_on or m.as_of or ""), "dim")
        rows.append((metric.rank, (metric.title, shown, text.joined([where, Styled(origin, "dim"), when]))))
    rows.sort(key=lambda r: r[0])
    lines: list[Sequence[Cell]] = [line for _, line in rows[:12]]
    if not lines:
        return [("Measured", Styled("no measurement", "warn"), Styled("m adds one, i brings results in", "dim"))]
    if len(rows) > 12:
        lines.append(("", Styled(f"and {len(rows) - 12} more on the Metrics tab", "dim"), ""))
    return lines


def _n(count: int | None) -> str:
    return f"  n {count:,}" if count else ""


def _group(about: Subject, names: Sequence[str]) -> list[Sequence[Cell]]:
    records = about.view.records
    lines: list[Sequence[Cell]] = []
    for m in records.measurements.get(about.key, ()):
        metric = records.metrics.get(m.metric)
        if m.metric in names and metric is not None:
            lines.append(
                (
                    metric.title,
                    text.value(m.value, metric),
                    text.joined([m.use_case, m.period, Styled(m.source or "own", "dim")]),
                )
            )
    return lines


def _notes(about: Subject) -> list[Sequence[Cell] | Wide]:
    v = about.version
    lines: list[Sequence[Cell] | Wide] = []
    filled = sum(any(getattr(v.lineage, f) for f in fields) for _, fields in LINEAGE_PARTS)
    if v.own or filled:
        lines.append(("Reproducible", f"{filled}/{len(LINEAGE_PARTS)}", Styled("see the Lineage tab", "dim")))
    if v.note:
        lines += [Wide(line) for line in markdown_lines(v.note, about.width)]
    return lines
