"""Results of evaluation tools for `import`: every score of a file that a metric is called like, as measurements."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from tui import file_plans
from tui.commands import given
from tui.commands.measure import evaluation, figures_of, refuse_other_items, told
from tui.exits import UsageError

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.formats.evaluations import Evaluation
    from store.formats.parsed import Parsed
    from store.formats.results import Results
    from store.intake import IntakePlan


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `import` that are about results of a run."""
    about = parser.add_argument_group("results of a run")
    about.add_argument("--of", default="", metavar="KEY", help="the version that was measured")
    about.add_argument("--use-case", default="", metavar="U", help="the use case it was measured for")
    about.add_argument("--column", default="", metavar="NAME", help="which provider or task, where there are several")
    about.add_argument("--dataset", default="", metavar="TEXT", help="data set or benchmark")
    about.add_argument("--dataset-hash", default="", metavar="TEXT", help="its hash")


def refuse_results(files: Sequence[str], form: str) -> None:
    """Results of a run need a version; without one they are no records.

    Raises:
        UsageError: with what to say.
    """
    from store.formats.evaluations import sniff

    for path in files:
        head = b"" if path == "-" else b"".join(islice(given.read_lines(path), 200))[:65536]
        lists_records = b'"key"' in head.partition(b"\n")[0] or form not in ("", "promptfoo", "deepeval", "lm-eval")
        if not lists_records and (form or sniff(head, path) in ("csv", "promptfoo", "deepeval", "lm-eval")):
            raise UsageError(
                f"{path} holds results of a run: say of which version with --of KEY, or measure one metric of it with "
                "modeltui measure KEY METRIC --results FILE"
            )


def plan(catalog: Catalog, path: str, args: argparse.Namespace) -> IntakePlan:
    """What a file of results would add, with the scores that are left as notes.

    Raises:
        UsageError: it cannot be used, no score is a known metric, or the items are others than before.
    """
    from store import intake

    found, left = _parsed(catalog, path, args)
    wanted = intake.plan(catalog, found, f"import:{'standard input' if path == '-' else Path(path).name}")
    wanted.notes += [f"the score {s} is left: no metric is called so (--map METRIC={s})" for s in left]
    return wanted


def _parsed(catalog: Catalog, path: str, args: argparse.Namespace) -> tuple[Parsed, list[str]]:
    from store.formats.evaluations import FORMATS
    from store.formats.parsed import Parsed
    from store.records import Measurement
    from store.validation import check

    catalog.version(args.of)
    if args.use_case:
        catalog.use_case(args.use_case)
    run = evaluation(path, args.format if args.format in FORMATS and args.format != "csv" else None, args.column)
    named, left = _named(run, file_plans.mapping(args.map), catalog, path)
    found = Parsed()
    for score, name in named.items():
        metric = catalog.metrics.get(name)
        results = _score(run, score, path)
        values = {**told(run), **figures_of(results, metric, name, "", path)}
        texts = {k: v for k in ("use_case", "dataset", "dataset_hash") if (v := getattr(args, k))}
        values = {"measured_on": catalog.today, **values, **texts, "source": "own", "metric": name, "version": args.of}
        series = [args.of, args.use_case, name, score, str(values.get("dataset", "")), results.file_hash]
        uid = hashlib.sha256("\n".join(series).encode()).hexdigest()[:16]  # the same file again adds nothing
        record = check(Measurement, {"uid": uid, **values, "origin": f"import:{Path(path).name}"})
        refuse_other_items(record, metric, catalog, path)
        found.measurements.append(record)
    return found, left


def _score(run: Evaluation, name: str, path: str) -> Results:
    from store.formats.results import ResultsFault

    try:
        return run.chosen(name)[1]
    except ResultsFault as fault:
        raise UsageError(f"{path}: {fault}; leave it out with --map skip={name}") from fault


def _named(
    run: Evaluation, mapping: Mapping[str, str], catalog: Catalog, path: str
) -> tuple[dict[str, str], list[str]]:
    """Score to metric, and the scores that no metric is called like."""
    unknown = [score for score in mapping if score not in run.scores]
    if unknown:
        raise UsageError(f"{path}: there is no score '{unknown[0]}' in it; it has {', '.join(run.scores)}")
    wrong = [metric for metric in mapping.values() if metric not in ("-", *catalog.metrics)]
    if wrong:
        from store.commands.versions import nearest

        near = nearest(wrong[0], catalog.metrics)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; measure it once to define it"
        raise UsageError(f"no metric is called '{wrong[0]}'{hint}")
    named = {score: score for score in run.scores if score in catalog.metrics} | dict(mapping)
    named = {score: metric for score, metric in named.items() if metric != "-"}
    if not named:
        first = next(iter(run.scores))
        raise UsageError(
            f"{path}: no metric is called like its scores {', '.join(run.scores)}; say which it is, such as "
            f"--map accuracy={first}"
        )
    return named, [score for score in run.scores if score not in named and score not in mapping]
