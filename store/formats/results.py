"""Per-item results of a run: CSV with the columns id and score, or JSON lines with those two fields.

Results of two versions are compared item by item, so every id stands once, and a score is a number. What does not fit
is refused with its line; nothing is guessed or passed over. Lines are read one by one: a file of a million rows needs
no more memory than the largest that is taken.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import field
from typing import Any, Literal

from store.values import dataclass

MAX_ITEMS = 200_000
"""Items that one run may have: they are kept in the catalog."""
MAX_LINE = 16 * 1024 * 1024
"""Bytes that one line may have."""
MAX_ID = 200

Format = Literal["csv", "jsonl"]


class ResultsFault(ValueError):
    """Results that cannot be used, in one sentence with the line."""


class WhichColumn(ResultsFault):
    """The file has several runs in it, of which `columns` are the names."""

    def __init__(self, sentence: str, columns: Iterable[str]) -> None:
        self.columns = tuple(columns)
        super().__init__(f"{sentence}; name one of {', '.join(self.columns[:12])} with --column")


@dataclass(frozen=True, slots=True)
class Results:
    """Scores by item id, in the order of the file, with the hash of the file and that of the set of ids.

    A run that reports no items has `figure` in their place, with the number of items and their spread where known.
    """

    scores: dict[str, float]
    file_hash: str
    items_hash: str
    figure: float | None = None
    items: int | None = None
    spread: float | None = None

    @property
    def n(self) -> int | None:
        """How many items, None where that was not reported."""
        return len(self.scores) if self.scores else self.items

    @property
    def mean(self) -> float:
        """The mean score, or the figure that was reported."""
        return statistics.fmean(self.scores.values()) if self.scores else float(self.figure or 0)

    @property
    def sd(self) -> float | None:
        """The standard deviation between items, None for a single one."""
        if not self.scores:
            return self.spread
        return statistics.stdev(self.scores.values()) if len(self.scores) > 1 else None

    def quantile(self, level: float) -> float:
        """The smallest score that at least the share `level` of the items does not exceed."""
        ordered = sorted(self.scores.values())
        return ordered[max(0, math.ceil(round(level * len(ordered), 9)) - 1)] if ordered else self.mean


def items_hash(ids: Iterable[str]) -> str:
    """The hash that two runs over the same items share, whatever their order."""
    joined = json.dumps(sorted(ids), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(joined.encode()).hexdigest()


def parse_results(content: bytes, format: Format = "csv") -> Results:
    """Read results that are in memory; see `read_results`."""
    return read_results(content.splitlines(keepends=True), format)


def read_results(lines: Iterable[bytes], format: Format = "csv") -> Results:
    """Read results line by line.

    Raises:
        ResultsFault: not UTF-8, no such columns, a repeated id, a score that is no finite number, nothing at all.
    """
    read = Lines(lines)
    found = Collected()
    for line, item, score in _csv_rows(read) if format == "csv" else _json_rows(read):
        found.once(item, score, f"line {line}")
    if not found.sums:
        raise ResultsFault("there are no results in it; write a line per item with id and score")
    return found.results(read.hash)


class Lines:
    """The lines of a file as text, with the hash of all that was read."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines, self._hash, self.number = lines, hashlib.sha256(), 0

    @property
    def hash(self) -> str:
        """The hash of the file, once all lines were read."""
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.number += 1
            self._hash.update(line)
            if len(line) > MAX_LINE:
                raise ResultsFault(f"line {self.number} has more than {MAX_LINE // 2**20} MB; write a line per item")
            try:
                yield line.decode("utf-8-sig" if self.number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise ResultsFault(f"line {self.number}: this is not UTF-8 text; save it as UTF-8") from error


@dataclass(slots=True)
class Collected:
    """Scores of one kind while they are read."""

    sums: dict[str, float] = field(default_factory=dict)
    draws: dict[str, int] = field(default_factory=dict)
    kinds: set[bool] = field(default_factory=set)

    def once(self, item: str, score: Any, place: str) -> None:
        """Take the score of an item that may stand there only once."""
        if item in self.sums:
            raise ResultsFault(f"{place}: the id '{item[:60]}' stands there twice; each item counts once")
        self.add(item, score, place)

    def add(self, item: str, score: Any, place: str) -> None:
        """Take a score; repeated draws of one item are averaged."""
        if not item:
            raise ResultsFault(f"{place}: the id is empty")
        if len(item) > MAX_ID:
            raise ResultsFault(f"{place}: the id has more than {MAX_ID} characters; give the item a short name")
        value, truth = _score(score, place)
        self.kinds.add(truth)
        if len(self.kinds) > 1 and (value not in (0, 1) or any(v not in (0, 1) for v in self.sums.values())):
            raise ResultsFault(f"{place}: true and false stand there beside numbers; write one or the other throughout")
        self.sums[item] = self.sums.get(item, 0.0) + value
        self.draws[item] = self.draws.get(item, 0) + 1
        if len(self.sums) > MAX_ITEMS:
            raise ResultsFault(f"there are more than {MAX_ITEMS:,} items; measure a sample")

    def results(self, file_hash: str) -> Results:
        """What was read."""
        return Results({i: s / self.draws[i] for i, s in self.sums.items()}, file_hash, items_hash(self.sums))


def _csv_rows(lines: Lines) -> Iterator[tuple[int, str, Any]]:
    text = iter(lines)
    first = next(text, "")
    delimiter = max(",;\t", key=first.count)
    header = [name.strip().casefold() for name in next(csv.reader([first], delimiter=delimiter), [])]
    if "id" not in header or "score" not in header:
        raise ResultsFault(f"line 1: the columns are {', '.join(header)[:80] or 'none'}; write the header id,score")
    id_at, score_at = header.index("id"), header.index("score")
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                raise ResultsFault(f"line {lines.number}: {len(row)} cells, but the header has {len(header)}")
            yield lines.number, row[id_at].strip(), row[score_at]
    except csv.Error as error:
        raise ResultsFault(f"line {lines.number}: this is no CSV: {error}") from error


def json_lines(lines: Lines, example: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file with one a line; blank lines are passed over."""
    for row in lines:
        if not row.strip():
            continue
        try:
            found = json.loads(row)
        except (ValueError, RecursionError) as error:
            raise ResultsFault(f"line {lines.number}: this is no JSON; write a line per item: {example}") from error
        if not isinstance(found, dict):
            raise ResultsFault(f"line {lines.number}: this is no object; write a line per item: {example}")
        yield lines.number, found


def _json_rows(lines: Lines) -> Iterator[tuple[int, str, Any]]:
    example = '{"id": "q1", "score": 1}'
    for line, found in json_lines(lines, example):
        if "id" not in found or "score" not in found:
            raise ResultsFault(f"line {line}: id or score is missing; write {example}")
        item = found["id"]
        if isinstance(item, bool) or not isinstance(item, (str, int)):
            raise ResultsFault(f"line {line}: the id {str(item)[:40]} is neither a text nor a whole number")
        yield line, str(item).strip(), found["score"]


def _score(value: Any, place: str) -> tuple[float, bool]:
    """The number, and whether it was written as true or false."""
    if isinstance(value, bool) or (isinstance(value, str) and value.strip().casefold() in ("true", "false")):
        return float(str(value).strip().casefold() == "true"), True
    try:
        score = float(value)
    except (TypeError, ValueError, OverflowError):
        score = math.nan
    if not math.isfinite(score):
        shown = "empty" if value is None or value == "" else str(value)[:40]
        raise ResultsFault(f"{place}: the score {shown} is not a number; leave failed items out, or score them 0")
    return score, False
