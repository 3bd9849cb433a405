"""What evaluation tools write, as scores by item: promptfoo, DeepEval, lm-evaluation-harness, MLflow, CSV, JSON lines.

A file may hold several scores; `chosen` takes the one that is meant. Items are known by what was asked, not by their
place in the file, so that two runs pair up even where their order differs. Repeated draws of one item are averaged; an
item that the tool could not score refuses the file: half of the data gives no verdict.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Literal, get_args

from store.formats.results import Collected, Lines, Results, ResultsFault, json_lines, read_results
from store.values import dataclass

Format = Literal["csv", "jsonl", "promptfoo", "deepeval", "lm-eval", "mlflow"]
FORMATS: tuple[Format, ...] = get_args(Format)
MAX_DOCUMENT = 256 * 1024 * 1024
"""Bytes that one JSON document may have; lines are not limited."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The scores of a run by their name, and what the file says about itself ("" and None where it does not)."""

    scores: Mapping[str, Results]
    harness: str = ""
    harness_version: str = ""
    dataset: str = ""
    dataset_hash: str = ""
    run: str = ""
    measured_on: date | None = None
    plain: bool = False

    def chosen(self, wanted: str, metric: str = "") -> tuple[str, Results]:
        """The score with a name, else the one named like the metric, else the only one.

        Raises:
            ResultsFault: there is none of that name, or there are several and none was named.
        """
        names = list(self.scores)
        if wanted:
            found = [n for n in names if n.casefold() == wanted.casefold()]
            found = found or [n for n in names if _bare(n) == _bare(wanted)]
        else:
            found = names if len(names) == 1 else [n for n in names if _bare(n) == _bare(metric)]
        if len(found) != 1:
            said = f"there is no score '{wanted}' in it" if wanted else "it has several scores"
            raise ResultsFault(f"{said}; name one of {', '.join(names[:12])} with --score")
        mean = self.scores[found[0]].mean
        if not math.isfinite(mean):
            raise ResultsFault(f"{found[0]} is {mean} in it, which is not a number; measure it again")
        return found[0], self.scores[found[0]]


def _bare(name: str) -> str:
    return name.casefold().replace(" ", "_").replace("-", "_")


def sniff(head: bytes, name: str) -> Format | None:
    """Which format a file has by its beginning (some kilobytes of it) and its name; None where it is none of them."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    first = text.split(b"\n", 1)[0]
    if text[:1] not in (b"{", b"["):
        names = {cell.strip(b" \t\r\"'").lower() for cell in first.replace(b";", b",").replace(b"\t", b",").split(b",")}
        return "csv" if {b"id", b"score"} <= names else None
    if b'"doc_id"' in first or b'"n-samples"' in head or b'"lm_eval_version"' in head or b'"group_subtasks"' in head:
        return "lm-eval"
    if b'"testRunData"' in head or b'"metricsData"' in head:
        return "deepeval"
    if b'"evalId"' in head or b'"promptIdx"' in head or b'"namedScores"' in head:
        return "promptfoo"
    if b'"run_id"' in head or b'"run_uuid"' in head or (b'"metrics"' in head and b'"params"' in head):
        return "mlflow"
    lines = name.casefold().endswith((".jsonl", ".ndjson"))
    return "jsonl" if lines or (b'"id"' in first and b'"score"' in first) else None


def read_evaluation(lines: Iterable[bytes], format: Format, column: str = "") -> Evaluation:
    """Read the scores of a file.

    Args:
        lines: its lines; a JSON document may have any number.
        format: what wrote it.
        column: which provider or prompt of a promptfoo file, or which task of lm-eval results, where it has several.

    Raises:
        ResultsFault: it is not that, an item has no score, or the column has to be named.
    """
    if format in ("csv", "jsonl"):
        return Evaluation({"score": read_results(lines, "csv" if format == "csv" else "jsonl")}, plain=True)
    try:
        if format == "lm-eval":
            from store.formats.lm_eval import read_lm_eval

            return read_lm_eval(lines, column)
        return _read_document(*read_document(lines, "results" if format == "promptfoo" else ""), format, column)
    except (AttributeError, KeyError, TypeError) as error:  # another shape than the tool writes, deep inside
        raise ResultsFault(f"this is not what {format} writes; name what it is with --format") from error


def _read_document(document: dict[str, Any], digest: str, format: Format, column: str) -> Evaluation:
    if format == "promptfoo":
        from store.formats.promptfoo import read_promptfoo

        return read_promptfoo(document, digest, column)
    if format == "deepeval":
        from store.formats.deepeval import read_deepeval

        return read_deepeval(document, digest)
    from store.formats.mlflow_run import read_run

    return read_run(document, digest)


def read_document(lines: Iterable[bytes], rows: str = "") -> tuple[dict[str, Any], str]:
    """A JSON object over any number of lines, and the hash of its file; with `rows`, one a line under that name too."""
    parts, size, digest = [], 0, hashlib.sha256()
    for line in lines:
        digest.update(line)
        size += len(line)
        if size > MAX_DOCUMENT:
            raise ResultsFault(f"it has more than {MAX_DOCUMENT // 2**20} MB; write id and score as JSON lines instead")
        parts.append(line)
    try:
        text = b"".join(parts).decode("utf-8-sig")
        found = {rows: _each(text)} if rows and "}\n{" in text else json.loads(text)
    except UnicodeDecodeError as error:
        raise ResultsFault("this is not UTF-8 text; save it as UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise ResultsFault(f"this is no JSON: {str(error)[:80]}") from error
    if not isinstance(found, dict):
        raise ResultsFault("this is no JSON object, so none of the tools wrote it")
    return found, digest.hexdigest()


def _each(text: str) -> list[Any]:
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def named_item(content: Any) -> str:
    """The id of an item by what it holds: the same question has the same id in every run."""
    written = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:16]


__all__ = ["FORMATS", "Collected", "Evaluation", "Format", "Lines", "json_lines", "named_item",
           "read_document", "read_evaluation", "sniff"]  # fmt: skip
