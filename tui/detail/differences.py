"""What changed from one version of a model to the next, in words: prices, limits, capabilities, dates, origin."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from store.records import Lineage, Version
from store.review.ledger import ledger
from tui import text
from tui.detail.claims import over_versions
from tui.detail.page import Subject, released
from tui.text import Cell, Styled

_PRICES = (
    ("price_input", "Input"), ("price_output", "Output"), ("price_cached_input", "Cached input"),
    ("price_batch_input", "Batch input"), ("price_batch_output", "Batch output"),
)  # fmt: skip
_LIMITS = (
    ("context_window", "The context window"), ("max_input_tokens", "The input limit"),
    ("max_output_tokens", "The output limit"), ("embedding_dimensions", "The number of dimensions"),
)  # fmt: skip
_SETS = (("capabilities", "It"), ("modalities_in", "What it accepts"), ("modalities_out", "What it produces"))
_MADE_FROM = ("data", "data_hash", "repository", "branch", "commit", "environment", "seed", "prompt", "prompt_hash")


def in_words(before: Version, about: Subject) -> list[Cell]:
    """Sentences about what differs from the version before, the costly ones first."""
    after = about.version
    return [
        *_prices(before, after),
        *_limits(before, after),
        *_sets(before, after),
        *_dates(before, after, about.view.today),
        *_figures(before, about),
        *_origin(before.lineage, after.lineage),
    ]


def _numbers(name: str, before: Version, after: Version) -> tuple[float, float] | None:
    old, new = before.value(name), after.value(name)
    if any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in (old, new)) or old == new:
        return None
    return float(old), float(new)


def _prices(before: Version, after: Version) -> Iterator[Cell]:
    for name, words in _PRICES:
        if (found := _numbers(name, before, after)) is not None:
            old, new = found
            by = f" ({(new - old) / old:+.0%})" if old else ""
            verb, style = ("rises", "bad") if new > old else ("falls", "good")
            told = f"{words} {verb} from {text.money(old).text} to {text.money(new).text} per million tokens{by}."
            yield [Styled(told, "bad" if style == "bad" else "good")]


def _limits(before: Version, after: Version) -> Iterator[Cell]:
    for name, words in _LIMITS:
        if (found := _numbers(name, before, after)) is not None:
            old, new = found
            verb = "grows" if new > old else "shrinks"
            times = f", {new / old:.2g} times as much" if old and (new >= 2 * old or new * 2 <= old) else ""
            yield Styled(f"{words} {verb} from {old:,.0f} to {new:,.0f}{times}.", "good" if new > old else "bad")


def _sets(before: Version, after: Version) -> Iterator[Cell]:
    for name, words in _SETS:
        old, new = before.value(name), after.value(name)
        if isinstance(old, (list, tuple)) and isinstance(new, (list, tuple)):
            gained, lost = [str(v) for v in new if v not in old], [str(v) for v in old if v not in new]
            if lost:
                yield Styled(f"{words} no longer has {_said(lost)}.", "bad")
            if gained:
                yield Styled(f"{words} now has {_said(gained)}.", "good")


def _dates(before: Version, after: Version, today: date) -> Iterator[Cell]:
    old, new = released(before), released(after)
    if old and new:
        yield f"Released {text.day(new).text}, {(new - old).days} days after it."
    first, last = ledger(before, today).effective, ledger(after, today).effective
    if first and last and first.value != last.value:
        days = (last.value - first.value).days
        way, style = ("later", "good") if days > 0 else ("earlier", "bad")
        told = f"Retires {text.day(last.value).text}, {abs(days)} days {way} than it ({text.day(first.value).text})."
        yield Styled(told, "good" if style == "good" else "bad")
    elif first and not last and not after.own:
        yield Styled(f"It retires {text.day(first.value).text}; for this one no date is known.", "warn")
    elif last and not first:
        yield f"Retires {text.day(last.value).text}; for the one before no date is known."


def _figures(before: Version, about: Subject) -> Iterator[Cell]:
    """Figures that were measured alike on both, with better or worse by their direction."""
    metrics = about.view.records.metrics
    for series, points in over_versions(about).items():
        values = {v.key: m.value for v, m in points}
        metric = metrics.get(series.metric)
        if metric is None or before.key not in values or about.key not in values or series.slice:
            continue
        old, new = values[before.key], values[about.key]
        if old != new:
            where = " · ".join(p for p in (series.use_case, series.dataset) if p)
            moved = [*text.pieces(text.value(old, metric)), Styled(" → "), *text.pieces(text.value(new, metric))]
            delta = text.pieces(text.metric_delta(new - old, metric))
            line = [Styled(f"{metric.title} "), *moved, Styled("  "), *delta]
            yield text.joined([line, Styled(where, "dim") if where else ""])


def _origin(before: Lineage, after: Lineage) -> Iterator[Cell]:
    for name in _MADE_FROM:
        old, new = getattr(before, name), getattr(after, name)
        if old and new and old != new:
            yield f"{name.replace('_', ' ').capitalize()}: {_short(old)} → {_short(new)}."
    names = dict.fromkeys([*before.parameters, *after.parameters])
    moved = [n for n in names if before.parameters.get(n) != after.parameters.get(n)]
    if moved and before.parameters and after.parameters:
        told = [f"{n} {before.parameters.get(n, '—')} → {after.parameters.get(n, '—')}" for n in moved]
        yield f"Parameters: {', '.join(told)}."


def _short(value: str) -> str:
    return value if len(value) <= 48 else f"{value[:47]}…"


def _said(words: list[str]) -> str:
    words = [w.replace("_", " ") for w in words]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
