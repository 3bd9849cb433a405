"""What stands around a comparison: its head, the two lines about the cursor, and the whole story of a row (`w`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from store.records import Measurement, first_day
from store.review.breakage import Risk
from store.review.comparison import Cell as Compared
from store.review.comparison import Row
from store.review.figures import SERIES_FIELDS, finite, trend
from store.review.verdict import Verdict, VerdictRow
from tui import text
from tui.screens.compare_cells import names, read, shown, sparkline
from tui.screens.compare_data import Prepared
from tui.text import Cell, Styled


def head(prepared: Prepared, differences: bool, view: str = "", judged: float | None = None) -> Cell:
    """What is compared with what, under which criteria; `view` names a picture, `judged` the share of the judging."""
    short = names(prepared.keys)
    count = len(prepared.candidates)
    parts: list[Cell] = [
        [Styled("baseline ", "dim"), Styled(short[prepared.baseline], "key")],
        _judging(prepared, judged),
        Styled(view, "accent") if view else "",
        _criteria(prepared),
    ]
    if prepared.upgrade is not None:
        target = prepared.upgrade.to_version or "no target yet"
        parts.append([Styled("open upgrade → ", "dim"), Styled(short.get(target, target), "accent")])
    if prepared.missing:
        parts.append(Styled(f"not in the catalog: {', '.join(prepared.missing)}", "warn"))
    if view not in ("scatter", "trend"):
        parts.append(Styled("differences only" if differences else "all rows", "dim"))
    parts.append(Styled(f"{count} candidate{'' if count == 1 else 's'}", "dim"))
    return [Styled(" "), *text.joined(parts)]


def _judging(prepared: Prepared, judged: float | None) -> Cell:
    if judged is not None:
        return Styled(f"judging {judged:.0%}, esc stops".replace("%", " %"), "accent")
    return Styled("judging stopped, r judges again", "warn") if prepared.stopped else ""


def _criteria(prepared: Prepared) -> Cell:
    if prepared.use_case is None:
        return Styled("no use case: nothing is judged", "dim")
    if not prepared.use_case.criteria.metrics:
        return Styled("default criteria", "dim")
    return f"criteria v{prepared.use_case.criteria.version}"


def about(prepared: Prepared, row: Row | None, key: str, risk: str = "") -> tuple[Cell, Cell]:
    """Two lines about the figure under the cursor: which it is and how old, then what to make of it.

    `risk` is the id of the break risk under the cursor.
    """
    if risk and (found := prepared.risk(risk, key)) is not None:
        first = text.joined([Styled(text.clean(found.title), "strong"), _moved(found), _known(found)])
        return [Styled(" "), *first], Styled(f" → {text.clean(found.action)}", "accent")
    if row is None or key not in prepared.keys:
        return Styled(" w why · + add a version · = differences or all · v bars, scatter, trend", "dim"), ""
    reading = read(prepared, row, key)
    cell = row.cells[key]
    first = text.joined(
        [
            Styled(text.clean(row.title), "strong"),
            [Styled(f"{names(prepared.keys)[key]}: ", "dim"), *_value(prepared, row, key)],
            _spark(prepared, row, key),
            _series_words(row),
            _origin(cell, prepared.view.today),
        ]
    )
    judged = prepared.judged(row, key)
    second: list[Cell] = []
    if judged is not None:
        second = [text.verdict(judged.verdict), judged.reason]
    elif row.name == "monthly_cost":
        second = _cost_words(prepared, key)
    elif row.reason:
        second = [Styled(f"not comparable: {text.clean(row.reason)}", "warn")]
    elif row.kind == "life" and row.name == "on_the_day":
        second = [prepared.lives[key].outcome.why]
    elif row.kind == "life" and (due := prepared.lives[key].deadline) is not None:
        second = [due.why]
    elif reading.percent.text or (cell is not None and cell.percent):
        second = [_relative(cell)]
    return [Styled(" "), *first], [Styled(" "), *text.joined(second)]


def _moved(risk: Risk) -> Cell:
    return f"{risk.before or '—'} → {risk.after or '—'}" if risk.before or risk.after else ""


def _known(risk: Risk) -> Cell:
    covered = f" · checklist item {risk.item}" if risk.item else ""
    return Styled(f"{risk.confidence} · {risk.source}{covered}", "dim")


def _spark(prepared: Prepared, row: Row, key: str) -> Cell:
    """The way of the series so far."""
    if row.series is None:
        return ""
    points = trend(prepared.view.records.measurements.get(key, ()), row.series)
    return Styled(sparkline([value for _, value in points]), "accent")


def _value(prepared: Prepared, row: Row, key: str) -> list[Styled]:
    cell = row.cells[key]
    if cell is not None and isinstance(cell.value, str) and row.kind != "life":
        return [Styled(text.clean(cell.value))]
    reading = read(prepared, row, key)
    return text.joined([reading.value, reading.delta], " ")


def _cost_words(prepared: Prepared, key: str) -> list[Cell]:
    """What was assumed, or what is missing; and what is saved against the baseline."""
    cost, base = prepared.costs[key], prepared.costs[prepared.baseline]
    if not cost.known:
        return [Styled(f"not known: {', '.join(cost.unknown)}", "warn")]
    parts: list[Cell] = list(cost.notes)
    if key != prepared.baseline and base.low is not None and base.high is not None:
        best, worst = base.high - (cost.low or 0), base.low - (cost.high or 0)
        parts.append(
            f"{'saves' if best > 0 else 'saving'} {text.money_range(worst, best, 'mo').text} against the baseline"
        )
    if cost.units is not None:
        parts.append(f"{cost.units} units")
    return parts


def _relative(cell: Compared | None) -> Cell:
    if cell is None or cell.percent is None or not cell.delta:
        return ""
    return f"{text.change(cell.percent / 100).text} of the baseline"


def _series_words(row: Row) -> Cell:
    if row.series is None:
        return ""
    shown_apart = ("dataset_hash", "source", "use_case")
    found = [str(getattr(row.series, name)) for name, _ in SERIES_FIELDS if name not in shown_apart]
    return Styled(text.clean(" · ".join(filter(None, found))), "dim")


def _origin(cell: Compared | None, today: date) -> Cell:
    if cell is None:
        return Styled("not known", "dim")
    n = f"n {cell.n:,}" if cell.n is not None else ""
    spread = f"sd {cell.sd:.3g}" if cell.sd is not None else ""
    twin = f"measured at {cell.borrowed_from}" if cell.borrowed_from else ""
    return text.joined([n, spread, twin, Styled(text.clean(cell.source), "dim"), _age(cell.as_of, today)])


def _age(as_of: str, today: date) -> Cell:
    try:
        return text.age((today - first_day(as_of)).days) if as_of else ""
    except ValueError:
        return ""  # the source's own wording of a date: shown in full by `w`


# ── why ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def why(prepared: Prepared, row: Row | None) -> str:
    """All that can be said about a row: series, figures with sources and ages, rule, verdict. Without a row: the
    verdict of every candidate, check by check."""
    if row is None:
        blocks = [*(_verdict_lines(prepared, k) for k in prepared.candidates), *map(_risk_lines, _by_name(prepared))]
        return "\n\n".join(block for block in blocks if block) or "There is nothing to judge."
    blocks = [_what(row), _figures(prepared, row), _formula(row)]
    blocks += [_judged(prepared, row, k) for k in prepared.candidates]
    if row.kind == "life":
        blocks.append(_life_lines(prepared))
    return "\n\n".join(block for block in blocks if block)


def _by_name(prepared: Prepared) -> list[tuple[str, Sequence[Risk]]]:
    short = names(prepared.keys)
    return [(short[key], prepared.risks.get(key, ())) for key in prepared.candidates]


def _risk_lines(named: tuple[str, Sequence[Risk]]) -> str:
    """What may break on the way to one version, with what to do."""
    name, risks = named
    lines = [f"{name}: what may break"]
    for risk in risks:
        moved = text.plain(_moved(risk))
        lines.append(f"  {risk.severity:<8} {text.clean(risk.title)}{': ' + moved if moved else ''}")
        lines.append(f"  {'':<8} → {text.clean(risk.action)} ({text.plain(_known(risk))})")
    return "\n".join(lines) if risks else ""


def _what(row: Row) -> str:
    lines = [row.title]
    if row.series is not None:
        lines += [
            f"  {title:<13} {value}"
            for name, title in (("metric", "metric"), *SERIES_FIELDS)
            if (value := getattr(row.series, name))
        ]
    if row.reason:
        lines.append(f"  Not comparable: {row.reason}.")
    return "\n".join(lines)


def _figures(prepared: Prepared, row: Row) -> str:
    short = names(prepared.keys)
    width = max(len(name) for name in short.values())
    lines = ["Figures"]
    for key in prepared.keys:
        cell = row.cells[key]
        said = "— not known" if cell is None else text.plain(text.joined(_figure(prepared, row, cell, key)))
        lines.append(f"  {short[key]:<{width}}  {said}")
    return "\n".join(lines)


def _figure(prepared: Prepared, row: Row, cell: Compared, key: str) -> list[Cell]:
    number = finite(cell.value)
    value = shown(row, number) if number is not None else read(prepared, row, key).value.text
    if isinstance(cell.value, str) and row.kind != "life":
        value = cell.value
    delta = read(prepared, row, key).delta.text
    parts: list[Cell] = [value, delta, text.plain(_relative(cell)), f"n {cell.n:,}" if cell.n is not None else ""]
    parts.append(f"sd {cell.sd:.3g}" if cell.sd is not None else "")
    parts.append(f"measured at {cell.borrowed_from}" if cell.borrowed_from else "")
    parts += [cell.source, f"as of {cell.as_of}" if cell.as_of else "", _age(cell.as_of, prepared.view.today)]
    measured = _measurement(prepared, cell, key)
    if measured is not None:
        parts += [f"{len(measured.items):,} item results" if measured.items else "", measured.source_url, measured.note]
    return parts


def _measurement(prepared: Prepared, cell: Compared, key: str) -> Measurement | None:
    known = prepared.view.records.measurements.get(cell.borrowed_from or key, ())
    return next((m for m in known if m.uid == cell.measurement), None) if cell.measurement else None


def _formula(row: Row) -> str:
    if row.direction == "none":
        return "No direction is defined for this, so no difference is better or worse."
    better = "higher" if row.direction == "up" else "lower"
    return (
        f"The difference is candidate less baseline, only inside one series. Here {better} is better: + after a\n"
        "difference means better, − worse. ★ marks the best of the row; a missing figure is never best."
    )


def _judged(prepared: Prepared, row: Row, key: str) -> str:
    verdict = prepared.verdicts.get(key)
    if verdict is None or row.series is None:
        return ""
    found = [v for v in verdict.rows if v.series == row.series]
    return "\n".join([names(prepared.keys)[key], *(_check(v) for v in found)]) if found else ""


def _verdict_lines(prepared: Prepared, key: str) -> str:
    name = names(prepared.keys)[key]
    verdict = prepared.verdicts.get(key)
    if verdict is None:
        return f"{name}: not judged{_not_judged(prepared)}"
    return "\n".join([f"{name}: {text.verdict(verdict.verdict).text}", _rule(verdict), *(map(_check, verdict.rows))])


def _not_judged(prepared: Prepared) -> str:
    if prepared.use_case is None:
        return ", because no use case is compared for"
    return ", because it was stopped: r judges again" if prepared.stopped else " yet"


def _rule(verdict: Verdict) -> str:
    which = (
        "default criteria from the metric definitions" if verdict.defaults else f"criteria v{verdict.criteria_version}"
    )
    return f"  {which}; every critical metric must pass, nothing is averaged"


def _check(row: VerdictRow) -> str:
    title = row.title or row.metric or "as a whole"
    where = f" ({row.slice})" if row.slice else ""
    line = f"  {text.verdict(row.verdict).text:<16} {title}{where}, {row.role.replace('_', ' ')}: {row.reason}"
    if row.p is not None:
        line += f"; exact McNemar p {row.p:.3f}" if row.p >= 0.0005 else "; exact McNemar p < 0.001"
    if row.waiver is not None:
        until = f" until {row.waiver.until.isoformat()}" if row.waiver.until else ""
        line += f"\n{'':<19}waived by {row.waiver.by}{until}: {row.waiver.why}"
    return line


def _life_lines(prepared: Prepared) -> str:
    short = names(prepared.keys)
    lines = []
    if prepared.cutover is not None:
        what = (
            "The cut-over is planned for" if prepared.planned else "No plan names a cut-over, so it counts from today,"
        )
        lines.append(f"{what} {text.day(prepared.cutover).text}.")
    for key in prepared.keys:
        life = prepared.lives[key]
        due = f"{life.deadline.why}. " if life.deadline is not None else ""
        lines.append(f"  {short[key]}: {due}{life.outcome.why}")
    return "\n".join(lines)
