"""Per-item results of a run: CSV with the columns id and score, or JSON lines with those two fields.

Results of two versions are compared item by item, so every id stands once, and a score is a number. What does not fit
is refused with its line; nothing is guessed or passed over.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

MAX_ITEMS = 200_000
"""Items that one run may have: they are kept in the catalog."""
MAX_FAULTS = 20

Format = Literal["csv", "jsonl"]


class ResultsFault(ValueError):
    """Results that cannot be used, in one sentence with the line."""


@dataclass(frozen=True, slots=True)
class Results:
    """Scores by item id, in the order of the file, with the hash of the file and that of the set of ids."""

    scores: dict[str, float]
    file_hash: str
    items_hash: str

    @property
    def n(self) -> int:
        """How many items."""
        return len(self.scores)

    @property
    def mean(self) -> float:
        """The mean score."""
        return statistics.fmean(self.scores.values())

    @property
    def sd(self) -> float | None:
        """The standard deviation between items, None for a single one."""
        return statistics.stdev(self.scores.values()) if self.n > 1 else None


def items_hash(ids: Iterable[str]) -> str:
    """The hash that two runs over the same items share, whatever their order."""
    joined = json.dumps(sorted(ids), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(joined.encode()).hexdigest()


def parse_results(content: bytes, format: Format = "csv") -> Results:
    """Read results.

    Raises:
        ResultsFault: not UTF-8, no such columns, a repeated id, a score that is no finite number, nothing at all.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ResultsFault("this is not UTF-8 text; save it as UTF-8") from error
    scores: dict[str, float] = {}
    for line, item, score in _csv_rows(text) if format == "csv" else _json_rows(text):
        if not item:
            raise ResultsFault(f"line {line}: the id is empty")
        if item in scores:
            raise ResultsFault(f"line {line}: the id '{item[:60]}' stands there twice; each item counts once")
        scores[item] = _score(score, line)
        if len(scores) > MAX_ITEMS:
            raise ResultsFault(f"there are more than {MAX_ITEMS:,} items; measure a sample")
    if not scores:
        raise ResultsFault("there are no results in it; write a line per item with id and score")
    return Results(scores, hashlib.sha256(content).hexdigest(), items_hash(scores))


def _csv_rows(text: str) -> Iterator[tuple[int, str, Any]]:
    reader = csv.reader(text.splitlines(), strict=True)
    try:
        header = [name.strip().casefold() for name in next(reader, [])]
        if "id" not in header or "score" not in header:
            raise ResultsFault(f"line 1: the columns are {', '.join(header)[:80] or 'none'}; write the header id,score")
        id_at, score_at = header.index("id"), header.index("score")
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                raise ResultsFault(f"line {reader.line_num}: {len(row)} cells, but the header has {len(header)}")
            yield reader.line_num, row[id_at].strip(), row[score_at]
    except csv.Error as error:
        raise ResultsFault(f"line {reader.line_num}: this is no CSV: {error}") from error


def _json_rows(text: str) -> Iterator[tuple[int, str, Any]]:
    for line, row in enumerate(text.split("\n"), 1):
        if not row.strip():
            continue
        try:
            found = json.loads(row)
        except (ValueError, RecursionError) as error:
            raise ResultsFault(
                f'line {line}: this is no JSON; write a line per item: {{"id": "q1", "score": 1}}'
            ) from error
        if not isinstance(found, dict) or "id" not in found or "score" not in found:
            raise ResultsFault(f'line {line}: id or score is missing; write {{"id": "q1", "score": 1}}')
        yield line, str(found["id"]).strip(), found["score"]


def _score(value: Any, line: int) -> float:
    if isinstance(value, bool) or (isinstance(value, str) and value.strip().casefold() in ("true", "false")):
        return float(str(value).strip().casefold() == "true")
    try:
        score = float(value)
    except (TypeError, ValueError, OverflowError):
        score = math.nan
    if not math.isfinite(score):
        shown = str(value)[:40] or "empty"
        raise ResultsFault(f"line {line}: the score {shown} is not a number; leave failed items out, or score them 0")
    return score
