"""`candidates`: what could follow the version that a use case runs, and why the others cannot."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tui.commands import Command, shapes
from tui.exits import DONE, UsageError
from tui.session import Options, open_catalog
from tui.text import MISSING, NONE, Cell, Styled, money_range, plain, value

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.records import Assignment, Metric, Series
    from store.review.candidates import Candidate, Excluded
    from store.review.costs import Cost
    from store.review.successors import Successors
    from tui.output import Output

SHOWN = 10


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("use_case", metavar="U", help="the use case")
    parser.add_argument("--from", dest="from_key", default="", metavar="KEY", help="what it leaves (in Production)")
    parser.add_argument("--all", action="store_true", help="all candidates, and everything that is excluded")


def _candidates(args: argparse.Namespace, options: Options, out: Output) -> int:
    from store.review.successors import successors

    with open_catalog(options, writes=False) as catalog:
        use_case, runs = catalog.use_case(args.use_case), _runs(catalog, args.use_case, args.from_key)
        catalog.version(runs.version)
        found = successors(catalog.snapshot(), use_case, runs, catalog.today)
        if options.json:
            out.json(shape(found))
        else:
            _print(out, found, catalog.metrics, everything=args.all)
    return DONE


def _runs(catalog: Catalog, name: str, key: str) -> Assignment:
    runs = [a for a in catalog.runs_in(name) if a.in_use and key in ("", a.version)]
    runs = [a for a in runs if a.stage == "Production"] or runs
    if not runs:
        what = f"{key} does not run in {name}" if key else f"{name} runs nothing yet"
        raise UsageError(f"{what}; set what runs first: modeltui assign {name} KEY")
    if len({a.version for a in runs}) > 1:
        raise UsageError(f"{name} runs {', '.join(a.version for a in runs)}; say which one it leaves with --from KEY")
    return runs[0]


# ── for programs ──────────────────────────────────────────────────────────────────────────────────────────────────


def shape(found: Successors) -> shapes.Shape:
    """The answer of `candidates --json`: all candidates in their order, and all that is excluded with the reasons."""
    return {
        "candidates": [_candidate(c) for c in found.found.candidates],
        "excluded": [{"key": e.key, "reason": e.reason, "vendor": e.vendor} for e in found.found.excluded],
        "use_case": found.use_case,
        "from": found.baseline,
        "cutover": found.cutover,
        "planned": found.planned,
        "quality": _series(found.found.quality),
        "latency": _series(found.found.latency),
        "vendor_text": list(found.found.vendor_text),
        "cost_now": cost_shape(found.cost),
    }


def _candidate(c: Candidate) -> shapes.Shape:
    return {
        "key": c.key,
        "front": c.front,
        "quality": shapes.finite(c.quality),
        "latency": shapes.finite(c.latency),
        "cost": cost_shape(c.cost),
        "runway": c.runway,
        "vendor": c.vendor,
        "price_factor": shapes.finite(c.price_factor),
        "borrowed": c.borrowed,
        "unsure": list(c.unsure),
    }


def cost_shape(cost: Cost | None) -> shapes.Shape | None:
    """A monthly cost as a range, with what is missing and what was assumed."""
    if cost is None:
        return None
    return {
        "low": cost.low,
        "mid": cost.mid,
        "high": cost.high,
        "unknown": list(cost.unknown),
        "notes": list(cost.notes),
    }


def _series(series: Series | None) -> shapes.Shape | None:
    if series is None:
        return None
    names = ("metric", "dataset", "variant", "source", "use_case")
    return {name: shapes.known(getattr(series, name)) for name in names}


# ── for people ────────────────────────────────────────────────────────────────────────────────────────────────────


def _print(out: Output, found: Successors, metrics: Mapping[str, Metric], *, everything: bool) -> None:
    sorted_out = found.found
    when = f"{'cut-over by' if found.planned else 'from'} {found.cutover}"
    out.line(Styled(found.use_case, "strong"), f"  leaves {found.baseline}, {when}; now {plain(_cost(found.cost))}")
    shown = sorted_out.candidates if everything else sorted_out.candidates[:SHOWN]
    quality = metrics.get(sorted_out.quality.metric) if sorted_out.quality else None
    latency = metrics.get(sorted_out.latency.metric) if sorted_out.latency else None
    rows = [_row(c, quality, latency, found.cost) for c in shown]
    titles = ("", "version", _title(quality, "quality"), _title(latency, "latency"), "cost", "price", "runway", "")
    if rows:
        out.table(titles, rows, right=(2, 3, 5, 6), keys=(1,), core=2)
        out.line(Styled("● on the front: nothing known is better in everything   ★ the vendor's suggestion", "dim"))
    else:
        out.line("  no version can follow it: every one is excluded")
    rest = len(sorted_out.candidates) - len(shown)
    if rest:
        out.line(Styled(f"and {rest} more: --all", "dim"))
    if found.narrowed:
        provider = found.baseline.partition("/")[0]
        out.line(Styled(f"In so large a catalog only {provider} and what {found.use_case} ran were looked at.", "dim"))
    for text in sorted_out.vendor_text:
        out.line(f"The vendor names '{text}', which is no version that is known here.")
    _excluded(out, sorted_out.excluded, everything=everything)


def _excluded(out: Output, excluded: Sequence[Excluded], *, everything: bool) -> None:
    told = [e for e in excluded if everything or e.vendor]
    for one in told:
        mark = " (the vendor's suggestion)" if one.vendor else ""
        out.line(Styled("excluded  ", "warn"), f"{one.key}{mark}: {one.reason}")
    if len(excluded) > len(told):
        out.line(Styled(f"{len(excluded) - len(told)} versions are excluded: --all says why", "dim"))


def _title(metric: Metric | None, otherwise: str) -> str:
    return otherwise if metric is None else metric.title


def _row(c: Candidate, quality: Metric | None, latency: Metric | None, now: Cost) -> list[Cell]:
    figures = [
        MISSING if v is None or m is None else value(v, m) for v, m in ((c.quality, quality), (c.latency, latency))
    ]
    borrowed = ["quality measured at its twin"] if c.borrowed else []
    lacking = [] if c.cost is None else [what for what in c.cost.unknown if what not in now.unknown]
    unsure = [f"not known: {', '.join([*c.unsure, *lacking])}"] if c.unsure or lacking else []
    return [
        Styled(("●" if c.front else "○") + (" ★" if c.vendor else ""), "good" if c.front else "dim"),
        c.key,
        *figures,
        _cost(c.cost) if c.cost is not None and c.cost.known else MISSING,
        NONE if c.price_factor is None else f"× {c.price_factor:.2f}",
        MISSING if c.runway is None else f"{c.runway} d",
        Styled("; ".join([*borrowed, *unsure]), "dim"),
    ]


def _cost(cost: Cost | None) -> Cell:
    if cost is None or not cost.known:
        return Styled("cost not known" if cost is None else f"cost not known: {', '.join(cost.unknown)}", "dim")
    return money_range(cost.low, cost.high, "mo")


COMMANDS: Mapping[str, Command] = {"candidates": Command(_arguments, _candidates)}
