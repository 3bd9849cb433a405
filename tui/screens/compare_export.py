"""A comparison as Markdown or CSV: what is shown, with the verdicts and their reasons; the same text every time."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from store.review.breakage import Risk
from store.review.comparison import Row
from store.review.figures import finite
from tui import text
from tui.screens.compare_cells import names, read, series_label, way
from tui.screens.compare_data import Prepared


def markdown(prepared: Prepared, rows: Sequence[Row]) -> str:
    """A heading, the verdicts as a list, a table by group, and why rows could not be compared."""
    short = names(prepared.keys)
    title = f"Comparison for {prepared.use_case.name}" if prepared.use_case else "Comparison"
    lines = [f"# {title}", "", f"{text.day(prepared.view.today).text} · baseline `{prepared.baseline}`", ""]
    for key in prepared.candidates:
        verdict = prepared.verdicts.get(key)
        if verdict is not None:
            lines.append(f"- `{key}`: **{text.verdict(verdict.verdict).text}** {_escaped(verdict.reason)}")
    if prepared.verdicts:
        lines.append("")
    heads = [f"{short[key]} (baseline)" if key == prepared.baseline else short[key] for key in prepared.keys]
    lines += [_line(["", *heads]), _line(["---"] * (len(heads) + 1))]
    group = ""
    for row in rows:
        if row.group != group:
            group = row.group
            words = way([other for other in rows if other.group == group])
            lines.append(_line([f"**{group.upper()}**" + (f" ({words})" if words else ""), *[""] * len(heads)]))
        cells = [text.plain(read(prepared, row, key).pieces) for key in prepared.keys]
        lines.append(_line([_title(row, rows), *cells]))
    for key in prepared.candidates:
        lines += ["", *(_risk(short[key], risk) for risk in prepared.risks.get(key, ()))]
    apart = [row for row in rows if row.reason.startswith("different")]
    if apart:
        lines += ["", *(f"- not comparable: {_escaped(_title(row, rows))}, {_escaped(row.reason)}" for row in apart)]
    return "\n".join(lines) + "\n"


def _risk(name: str, risk: Risk) -> str:
    return (
        f"- {name}, {risk.severity}: {_escaped(risk.title)}; {_escaped(risk.action)} ({risk.confidence}, {risk.source})"
    )


def _title(row: Row, rows: Sequence[Row]) -> str:
    several = [other for other in rows if other.kind == row.kind and other.name == row.name]
    label = series_label(row, several) if len(several) > 1 else ""
    unit = f" ({row.unit})" if row.unit and row.kind != "life" else ""
    return text.clean(f"{row.title}{': ' + label if label else ''}{unit}")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_escaped, cells))} |"


def _escaped(cell: str) -> str:
    return text.clean(cell).replace("\\", "\\\\").replace("|", "\\|")


def as_csv(prepared: Prepared, rows: Sequence[Row]) -> str:
    """A line per row with the plain values in the metric's own unit, then differences and verdicts by candidate."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    judged = [key for key in prepared.candidates if key in prepared.verdicts]
    writer.writerow(
        [
            "group", "metric", "title", "unit", "direction", "dataset", "variant", "slice", "source", "use_case",
            *map(_safe, prepared.keys), *(f"delta {key}" for key in prepared.candidates),
            *(f"verdict {key}" for key in judged), "reason",
        ]
    )  # fmt: skip
    for row in rows:
        s = row.series
        series = ["", "", "", "", ""] if s is None else [s.dataset, s.variant, s.slice, s.source, s.use_case]
        cells = [row.cells[key] for key in prepared.keys]
        deltas = [None if (c := row.cells[key]) is None else c.delta for key in prepared.candidates]
        verdicts = ["" if (v := prepared.judged(row, key)) is None else v.verdict for key in judged]
        values = [None if c is None else c.value if isinstance(c.value, str) else finite(c.value) for c in cells]
        texts = [_safe(t) for t in (row.group, row.name, row.title, row.unit, row.direction, *series)]
        writer.writerow([*texts, *(map(_safe_value, values)), *deltas, *verdicts, _safe(row.reason)])
    return out.getvalue()


def _safe_value(value: float | str | None) -> float | str | None:
    return _safe(value) if isinstance(value, str) else value


def _safe(value: str) -> str:
    """A text that a spreadsheet does not take for a formula."""
    value = text.clean(value)
    return f"'{value}" if value[:1] in ("=", "+", "-", "@") else value
