"""How everything reads, everywhere: SCREENS.md, "How values read". Screens and the command line import this module.

States are a glyph, a word and what they mean; numbers, money and dates come from `tui.figures`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from tui.figures import (
    MISSING,
    NONE,
    STYLES,
    Cell,
    Certainty,
    Measure,
    Per,
    Style,
    Styled,
    age,
    change,
    clean,
    day,
    days,
    delta,
    distance,
    duration,
    factor,
    joined,
    measured,
    metric_delta,
    money,
    money_range,
    moved,
    number,
    percent,
    pieces,
    plain,
    retirement,
    start_by,
    value,
)  # fmt: skip

__all__ = [
    "MISSING", "NONE", "STYLES", "Cell", "Certainty", "Measure", "Outcome", "Per", "Style", "Styled", "age", "bar",
    "change", "clean", "day", "days", "delta", "distance", "duration", "factor", "item_state", "joined", "lifecycle",
    "measured", "metric_delta", "money", "money_range", "moved", "number", "on_the_day", "percent", "pieces", "plain",
    "progress", "retirement", "stage", "start_by", "value", "verdict", "verdict_glyph",
]  # fmt: skip

_VERDICTS: Mapping[str, Styled] = {
    "PASS": Styled("✔ PASS", "good"),
    "PASS_UNPROVEN": Styled("✔ PASS unproven", "warn"),
    "WARN": Styled("! WARN", "warn"),
    "STALE": Styled("⏲ STALE", "warn"),
    "INCONCLUSIVE": Styled("◌ INCONCLUSIVE", "warn"),
    "UNKNOWN": Styled("? UNKNOWN", "warn"),
    "WAIVED": Styled("⚑ WAIVED", "accent"),
    "FAIL": Styled("✘ FAIL", "bad"),
    "ERROR": Styled("✖ ERROR", "bad"),
}


def verdict(word: str) -> Styled:
    """A verdict as DECISIONS 5 names it; a word that is none of them reads as unknown, with the word."""
    known = _VERDICTS.get(word)
    return known if known is not None else Styled(f"? {clean(word) or 'UNKNOWN'}", "warn")


def verdict_glyph(word: str) -> Styled:
    """Only the glyph of a verdict, for a place beside a figure."""
    text, style = verdict(word)
    return Styled(text[0], style)


Outcome = Literal["stops", "stopped", "upgrades", "no_date", "unknown", "own"]
_OUTCOMES: Mapping[str, Styled] = {
    "stops": Styled("■ stops", "bad"),
    "stopped": Styled("■ stopped", "bad"),
    "no_date": Styled("? no date", "warn"),
    "unknown": Styled("? unknown", "warn"),
    "own": Styled("· ours", "dim"),
}


def on_the_day(outcome: Outcome, target: str | None = None) -> Styled:
    """What happens on the retirement day (DECISIONS 2): `■ stops`, `⇢ upgrades → gpt-5.6-sol`, `? no date`, `· ours`.

    An automatic upgrade is a risk, so it is a warning; its target may be unknown.
    """
    if outcome == "upgrades":
        return Styled(f"⇢ upgrades → {clean(target or '') or '?'}", "warn")
    return _OUTCOMES[outcome]


_STAGES: Mapping[str, Styled] = {
    "Production": Styled("PROD", "strong"),
    "Staging": Styled("STAG"),
    "Archived": Styled("ARCH", "dim"),
}


def stage(name: str, share: float | None = None) -> Styled:
    """Our stage with its share of traffic (percent, 0 to 100): `PROD`, `STAG 70 %`; others in capitals."""
    short, style = _STAGES.get(name) or Styled(clean(name)[:12].upper() or "—")
    return Styled(short if share is None or share == 100 else f"{short} {percent(share / 100).text}", style)


_LIFECYCLE: Mapping[str, Styled] = {
    "preview": Styled("Preview"),
    "ga": Styled("GA"),
    "legacy": Styled("Legacy", "warn"),
    "deprecated": Styled("Deprecated", "warn"),
    "retired": Styled("Retired", "bad"),
}


def lifecycle(status: str, *, listed: bool = False) -> Styled:
    """The provider's lifecycle: `Preview`, `GA`, `Deprecated`, `Retired`; `◦ GA listed` where a listing says so."""
    if listed:
        return Styled("◦ GA listed", "dim")
    return _LIFECYCLE.get(status, Styled("? unknown", "dim"))


_ITEMS: Mapping[str, Styled] = {
    "todo": Styled("○ to do"),
    "doing": Styled("◐ doing", "accent"),
    "done": Styled("✔ done", "good"),
    "blocked": Styled("■ blocked", "bad"),
    "waived": Styled("⚑ waived", "accent"),
    "not_applicable": Styled("· not applicable", "dim"),
}


def item_state(state: str, *, stale: bool = False) -> Styled:
    """The state of a checklist item; evidence whose inputs changed reads stale (DECISIONS 9)."""
    return Styled("⏲ stale", "warn") if stale else _ITEMS[state]


def bar(share: float, width: int = 6) -> str:
    """A share of 1 as filled and empty parts: `▰▰▰▱▱▱`. Full only when it is all, empty only when it is nothing."""
    if share <= 0:
        filled = 0
    elif share >= 1:
        filled = width
    else:
        filled = min(max(round(share * width), 1), width - 1)
    return "▰" * filled + "▱" * (width - filled)


def progress(done: int, total: int, late: int = 0, *, width: int = 6) -> list[Styled]:
    """How far work is: `▰▰▰▱▱▱ 9/31 · 2 late`."""
    if total <= 0:
        return [Styled("no items", "dim")]
    line = [Styled(bar(done / total, width), "good" if done >= total else "accent"), Styled(f" {done}/{total}")]
    if late:
        line += [Styled(" · ", "dim"), Styled(f"{late} late", "bad")]
    return line
