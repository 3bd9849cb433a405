"""Small pictures as SVG: bars that compare, and the days of a year ahead. Text in, text out; no scripts, no network."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape

from store.values import dataclass

WIDTH = 720
_COLOURS = ("#4063d8", "#e07b39", "#389826", "#9558b2", "#7a7a7a", "#cb3c33", "#1b9e9e", "#a6761d")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Bars:
    """One group of bars: a title, and a value with its text for each series; None where it is unknown."""

    title: str
    values: Sequence[float | None]
    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Mark:
    """A day in a lane, with what happens then."""

    lane: str
    day: date
    text: str
    late: bool = False


def bars(series: Sequence[str], groups: Sequence[Bars]) -> str:
    """Horizontal bars, each group in its own scale from zero; the value stands beside its bar."""
    if not groups or not series:
        return ""
    line, gap, left, room = 18, 14, 210, WIDTH - 210 - 210
    height = 24 + sum(len(series) * line + gap for _ in groups)
    parts = [_legend(series)]
    y = 34
    for group in groups:
        known = [abs(v) for v in group.values if v is not None]
        top = max(known, default=0) or 1
        parts.append(_text(4, y + 13, _short(group.title, 27), weight="600"))
        for at, (value, text) in enumerate(zip(group.values, group.texts, strict=True)):
            long = 0 if value is None else max(abs(value) / top * room, 1)
            colour = _COLOURS[at % len(_COLOURS)]
            parts.append(f'<rect x="{left}" y="{y + 3}" width="{long:.1f}" height="{line - 6}" fill="{colour}"/>')
            parts.append(_text(left + long + 6, y + 13, text))
            y += line
        y += gap
    return _picture(height + 20, parts, "comparison as bars")


def year(marks: Sequence[Mark], today: date) -> str:
    """Twelve months from the current one, a lane each; what lies outside stands at the edge."""
    lanes = list(dict.fromkeys(mark.lane for mark in marks))
    if not lanes:
        return ""
    left, line = 190, 26
    room, height = WIDTH - left - 20, 44 + len(lanes) * line + 8
    first = today.replace(day=1)
    last = first.replace(year=first.year + 1)
    span = (last - first).days

    def across(day: date) -> float:
        return left + room * min(max((day - first).days / span, 0), 1)

    parts = []
    for step in range(12):
        month = (first.month - 1 + step) % 12 + 1
        day = date(first.year + (first.month - 1 + step) // 12, month, 1)
        x = across(day)
        parts.append(f'<line x1="{x:.1f}" y1="20" x2="{x:.1f}" y2="{height}" stroke="#8884"/>')
        parts.append(_text(x + 3, 30, _MONTHS[month - 1]))
        if month == 1 or (step == 0 and month < 12):
            parts.append(_text(x + 3, 14, str(day.year), weight="600"))
    x = across(today)
    parts.append(f'<line x1="{x:.1f}" y1="20" x2="{x:.1f}" y2="{height}" stroke="#cb3c33" stroke-dasharray="3 3"/>')
    for at, lane in enumerate(lanes):
        y = 44 + at * line + 14
        parts.append(_text(4, y + 4, _short(lane, 24), weight="600"))
        for mark in (mark for mark in marks if mark.lane == lane):
            colour = "#cb3c33" if mark.late else "#4063d8"
            said = escape(f"{mark.day}: {mark.text}")
            parts.append(
                f'<circle cx="{across(mark.day):.1f}" cy="{y}" r="5" fill="{colour}"><title>{said}</title></circle>'
            )
    return _picture(height + 6, parts, "due days of the next twelve months")


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _legend(series: Sequence[str]) -> str:
    parts, x = [], 4.0
    for at, name in enumerate(series):
        parts.append(f'<rect x="{x:.1f}" y="6" width="10" height="10" fill="{_COLOURS[at % len(_COLOURS)]}"/>')
        parts.append(_text(x + 14, 15, name))
        x += 14 + 7 * len(name) + 16
    return "".join(parts)


def _text(x: float, y: float, text: str, weight: str = "") -> str:
    bold = f' font-weight="{weight}"' if weight else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{bold}>{escape(text)}</text>'


def _picture(height: int, parts: Sequence[str], label: str) -> str:
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    style = 'font-family="system-ui, sans-serif" font-size="12" fill="currentColor"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(label)}" {style}>'
    return "\n".join([head, *parts, "</svg>"])
