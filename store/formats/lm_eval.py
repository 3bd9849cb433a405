"""lm-evaluation-harness: `samples_*.jsonl` (--log_samples) item by item, or `results_*.json` as figures without items.

Scores are called as the harness does, `exact_match,strict-match` where a task has several filters, else
`exact_match`. An item is known by its number in the data set and the hash of its document.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from store.formats.evaluations import Collected, Evaluation, Lines, json_lines, read_document
from store.formats.results import Results, ResultsFault, WhichColumn, items_hash
from store.formats.times import day_of_seconds

HARNESS = "lm-eval"
_EXAMPLE = '{"doc_id": 0, "metrics": ["acc"], "acc": 1.0}'


def read_lm_eval(lines: Iterable[bytes], task: str = "") -> Evaluation:
    """Samples where the first line is one, else the results document; `task` names one of several in that.

    Raises:
        ResultsFault: neither of the two, a sample without its score, or several tasks and none named.
    """
    read = iter(lines)
    first = next(read, b"")
    whole: Iterator[bytes] = chain([first], read)
    if b'"doc_id"' in first:
        return _samples(whole)
    document, digest = read_document(whole)
    return _results(document, digest, task)


def _samples(lines: Iterable[bytes]) -> Evaluation:
    found: dict[tuple[str, str], Collected] = {}
    read = Lines(lines)
    for line, sample in json_lines(read, _EXAMPLE):
        place = f"line {line}"
        if "doc_id" not in sample or not isinstance(sample.get("metrics"), list):
            raise ResultsFault(f"{place}: doc_id or metrics is missing; write the samples with --log_samples")
        item = f"{sample['doc_id']}-{str(sample.get('doc_hash') or '')[:12]}".rstrip("-")
        for name in sample["metrics"]:
            kind = str(name), str(sample.get("filter") or "none")
            value = sample.get(name)
            if isinstance(value, (list, dict)):
                continue  # what a corpus metric such as BLEU keeps per item is no score of the item
            found.setdefault(kind, Collected()).once(item, value, f"{place}, {name}")
    if not found:
        raise ResultsFault("it has no samples with a score each; corpus metrics come from results_*.json")
    filters = {name: [f for n, f in found if n == name] for name, _ in found}
    return Evaluation(
        {name if len(filters[name]) == 1 else f"{name},{f}": c.results(read.hash) for (name, f), c in found.items()},
        HARNESS,
    )


def _results(document: Mapping[str, Any], digest: str, wanted: str) -> Evaluation:
    tasks = document.get("results")
    if not isinstance(tasks, Mapping) or not tasks:
        raise ResultsFault("it has neither samples nor results of lm-eval")
    if wanted not in tasks and (wanted or len(tasks) > 1):
        said = f"there is no task '{wanted}' in it" if wanted else "it has several tasks"
        raise WhichColumn(said, tasks)
    task = wanted or next(iter(tasks))
    figures, sizes = tasks[task], (document.get("n-samples") or {}).get(task)
    n = sizes.get("effective") if isinstance(sizes, Mapping) else None
    count = n if isinstance(n, int) and n > 0 else None
    found = dict(_figures(figures, digest, count))
    if not found:
        raise ResultsFault(f"task {task} has no figure in it")
    when = document.get("date")
    return Evaluation(
        found, HARNESS, str(document.get("lm_eval_version") or ""), dataset=task,
        dataset_hash=str((document.get("task_hashes") or {}).get(task) or ""),
        measured_on=day_of_seconds(when) if isinstance(when, (int, float)) else None,
    )  # fmt: skip


def _figures(figures: Mapping[str, Any], digest: str, n: int | None) -> Iterator[tuple[str, Results]]:
    several = len({name.partition(",")[2] for name in figures if "," in name}) > 1
    for name, value in figures.items():
        metric, comma, kind = name.partition(",")
        if not comma or metric.endswith("_stderr"):
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ResultsFault(f"{name} is {str(value)[:40]}, which is not a number")
        error = figures.get(f"{metric}_stderr,{kind}")
        known = isinstance(error, (int, float)) and math.isfinite(error) and n is not None
        spread = float(error) * math.sqrt(n) if known and n is not None and error is not None else None
        yield name if several else metric, Results({}, digest, items_hash([]), float(value), n, spread)
