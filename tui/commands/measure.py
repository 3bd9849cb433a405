"""`measure KEY METRIC VALUE`, and `measure KEY METRIC --results FILE`."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any

from tui.commands import Command, given
from tui.exits import UsageError
from tui.session import Options, day, open_catalog
from tui.text import plain, value

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.formats.evaluations import Evaluation, Format
    from store.formats.results import Results
    from store.records import Measurement, Metric
    from tui.output import Output

_BEGINNING = 64 * 1024
"""Bytes by which a format is known."""
_SERIES = {
    "--dataset": "data set or benchmark",
    "--dataset-hash": "its hash",
    "--variant": "such as a prompt or a reasoning effort",
    "--harness": "tool that measured, without its version",
    "--harness-version": "its version",
    "--platform": "where it was served",
    "--region": "where that stands",
    "--statistic": "such as median, where the metric does not say",
    "--slice": "part of the data set",
    "--source": "who measured (own)",
    "--run": "run that produced it",
    "--period": "month or quarter that it stands for",
    "--note": "a note",
}


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("key", help="the version")
    parser.add_argument("metric", help="the metric, such as accuracy or latency_p95_ms")
    parser.add_argument("value", nargs="?", help="its value; a rate as 0.874 or 87.4%%")
    parser.add_argument("--results", metavar="FILE", help="results of a run instead, as a file; - for standard input")
    formats = ("csv", "jsonl", "promptfoo", "deepeval", "lm-eval", "mlflow")
    parser.add_argument("--format", choices=formats, help="what wrote the results (by their beginning)")
    parser.add_argument("--score", default="", metavar="NAME", help="which score of the file (the one called METRIC)")
    parser.add_argument(
        "--column", default="", metavar="NAME", help="which provider of promptfoo, which task of lm-eval results"
    )
    parser.add_argument("--use-case", default="", metavar="U", help="the use case it was measured for")
    parser.add_argument("--n", type=given.whole, metavar="N", help="how many items")
    parser.add_argument("--sd", type=given.amount, metavar="S", help="their standard deviation")
    for name, about in _SERIES.items():
        parser.add_argument(name, default="", metavar="TEXT", help=about)
    parser.add_argument("--date", type=day, metavar="DATE", help="measured on (today)")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, kept in the history")


def _measure(args: argparse.Namespace, options: Options, out: Output) -> int:
    if (args.value is None) == (args.results is None):
        raise UsageError("give either a value or --results FILE; see: modeltui measure --help")
    with open_catalog(options) as catalog:
        catalog.version(args.key)
        if args.use_case:
            catalog.use_case(args.use_case)
        metric = catalog.metrics.get(args.metric)
        measured = _from_results(args, metric) if args.results else _from_value(args, metric)
        record = _record(args, catalog, measured)
        if args.results:
            refuse_other_items(record, metric, catalog, args.results)
        if metric is None and not options.json:
            out.remark(_undefined(catalog, args.metric))
        event = catalog.measure(record, args.reason)
        return given.done(out, options, event, _said(record, metric, _partners(catalog, record)))


def _from_value(args: argparse.Namespace, metric: Metric | None) -> dict[str, Any]:
    text = args.value.strip()
    in_percent = text.endswith("%")
    try:
        # a decimal division, so that 87.4% is exactly what 0.874 is
        number = float(Decimal(text.rstrip("% ").replace(",", "")) / (100 if in_percent else 1))
    except (ArithmeticError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"'{args.value}' is not a number; write the value of {args.metric} such as 0.874")
    if in_percent and (metric is None or not metric.in_percent):
        raise UsageError(f"{args.metric} is no rate; write its value without %")
    _in_range(number, args.metric, metric)
    return {"value": number, "n": args.n, "sd": args.sd}


def _from_results(args: argparse.Namespace, metric: Metric | None) -> dict[str, Any]:
    from store.formats.results import ResultsFault

    if args.n is not None or args.sd is not None:
        raise UsageError("--n and --sd come from the results; leave them out")
    run = evaluation(args.results, args.format, args.column)
    try:
        _, results = run.chosen(args.score, args.metric)
    except ResultsFault as fault:
        raise UsageError(f"{args.results}: {fault}") from fault
    return {**told(run), **figures_of(results, metric, args.metric, args.statistic, args.results)}


def evaluation(path: str, format_: Format | None, column: str = "") -> Evaluation:
    """What a file of results holds; its format by its beginning where it is not given.

    Raises:
        UsageError: it cannot be read, is none of the formats, or cannot be used.
    """
    from store.formats.evaluations import FORMATS, read_evaluation, sniff
    from store.formats.results import ResultsFault

    lines = given.read_lines(path)
    head = next(lines, b"")
    beginning = [head]
    while len(head) < _BEGINNING and (line := next(lines, b"")):
        beginning.append(line)
        head += line
    format_ = format_ or sniff(head, path) or ("jsonl" if path.casefold().endswith((".jsonl", ".ndjson")) else None)
    if format_ is None and head.lstrip()[:1] in (b"{", b"["):
        raise UsageError(f"{path}: it is not clear what wrote this; name it with --format {', '.join(FORMATS)}")
    try:
        return read_evaluation(chain(beginning, lines), format_ or "csv", column)
    except ResultsFault as fault:
        raise UsageError(f"{path}: {fault}") from fault


def told(run: Evaluation) -> dict[str, Any]:
    """What a file says about its measurements, as far as it says it."""
    names = ("harness", "harness_version", "dataset", "dataset_hash", "run", "measured_on")
    return {name: value for name in names if (value := getattr(run, name))}


def figures_of(results: Results, metric: Metric | None, name: str, statistic: str, path: str) -> dict[str, Any]:
    """Value, n, spread, items and hashes of a measurement.

    Raises:
        UsageError: the results give no value of this metric.
    """
    from store.measuring import Unmeasurable, value_of

    try:
        value = value_of(results, metric, name, statistic)
    except Unmeasurable as fault:
        raise UsageError(f"{path}: {fault}") from fault
    return {
        "value": value,
        "n": results.n,
        "sd": results.sd,
        "items": results.scores,
        "items_hash": results.items_hash if results.scores else "",
        "file_hash": results.file_hash,
    }


def refuse_other_items(record: Measurement, metric: Metric | None, catalog: Catalog, path: str) -> None:
    """Refuse results of other items than those of the versions in the same series.

    Raises:
        UsageError: with how many are common.
    """
    from store.measuring import other_items

    why = other_items(record, metric, catalog.measurements.records())
    if why:
        raise UsageError(f"{path}: {why} (--dataset, --dataset-hash)")


def _in_range(number: float, name: str, metric: Metric | None) -> None:
    if metric is not None and metric.kind == "rate" and not 0 <= number <= 1:
        raise UsageError(f"{name} is a rate between 0 and 1, not {number:g}; write 0.87 or 87% for 87 %")


def _record(args: argparse.Namespace, catalog: Catalog, measured: Mapping[str, Any]) -> Measurement:
    from store.engine import new_uid
    from store.records import Measurement
    from store.validation import check

    texts = {name: getattr(args, name) for name in (option[2:].replace("-", "_") for option in _SERIES)}
    return check(
        Measurement,
        {
            "uid": new_uid(),
            "metric": args.metric,
            "version": args.key,
            "use_case": args.use_case,
            "source": args.source or "own",
            **measured,
            "measured_on": args.date or measured.get("measured_on") or catalog.today,
            **{name: text for name, text in texts.items() if text},
        },
    )


def _undefined(catalog: Catalog, name: str) -> str:
    from store.commands.versions import nearest

    near = nearest(name, catalog.metrics)
    hint = f" (did you mean {' or '.join(near)}?)" if near else ""
    return f"Nobody defined the metric '{name}'{hint}: it is shown and never judged."


def _partners(catalog: Catalog, record: Measurement) -> list[str]:
    """What else was measured in the same series on other versions, with the items in common."""
    found = []
    for other in catalog.measurements.records():
        if other.series == record.series and other.version != record.version and record.items and other.items:
            common = len(record.items.keys() & other.items.keys())
            found.append(f"{other.version}: {common:,} of {len(other.items):,} items in common")
    return found


def _said(record: Measurement, metric: Metric | None, partners: list[str]) -> str:
    shown = plain(value(record.value, metric)) if metric else f"{record.value:g}"
    spread = f", sd {record.sd:.3g}" if record.sd is not None else ""
    size = f" (n {record.n:,}{spread})" if record.n is not None else ""
    beside = f"; {'; '.join(partners[:3])}" if partners else ""
    return f"{record.version}: {record.metric} {shown}{size} is recorded{beside}"


COMMANDS: Mapping[str, Command] = {"measure": Command(_arguments, _measure)}
