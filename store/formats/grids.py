"""Files with rows and columns, whatever they are written in: CSV, TSV, Markdown tables, JSON, JSON lines, XLSX.

A grid is a header and rows of text, each row with the number by which a person finds it again. What a file cannot say
is an empty cell; what cannot be read is a fault, never a guess.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from store.formats.parsed import Fault

MAX_ROWS = 100_000
MAX_FAULTS = 10_000
"""Faults that are listed; a file with more is another file than was meant, and is not read on."""
MAX_UNPACKED = 256 * 1024 * 1024
"""Bytes that a workbook may unpack to."""


@dataclass(slots=True)
class Grid:
    """One table of a file. `unit` is what its rows are counted in: lines, or entries of a JSON list."""

    header: list[str]
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    unit: str = "line"
    first: int = 1

    def fault(self, line: int, reason: str) -> None:
        """Note what is wrong with a row, or with the whole file (0)."""
        self.faults.append(Fault(line, "", "", reason, self.unit))

    def add(self, line: int, cells: list[str]) -> bool:
        """Take in a row; False when no more is read."""
        if not any(cell.strip() for cell in cells):
            return True
        if len(cells) != len(self.header):
            self.fault(line, f"it has {len(cells)} cells, but the header has {len(self.header)}")
        elif len(self.rows) >= MAX_ROWS:
            self.fault(line, f"it has more than {MAX_ROWS:,} rows; split the file")
            return False
        else:
            self.rows.append((line, cells))
        if len(self.faults) >= MAX_FAULTS:
            self.fault(0, "and there may be more faults; correct these first")
            return False
        return True


def grids(content: bytes, form: str) -> list[Grid]:
    """The tables of a file.

    Args:
        content: as it was read.
        form: csv (commas, semicolons or tabs), tsv, markdown, json (a list of objects), jsonl or xlsx.
    """
    if form == "xlsx":
        return [workbook(content)]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return [_broken("this is not UTF-8 text; save it as UTF-8")]
    readers: Mapping[str, Callable[[str], list[Grid]]] = {
        "csv": lambda t: [_separated(t)],
        "tsv": lambda t: [_separated(t, "\t")],
        "markdown": _markdown,
        "json": lambda t: [_objects(t)],
        "jsonl": lambda t: [_lines(t)],
    }
    return readers[form](text)


def _broken(reason: str) -> Grid:
    grid = Grid([])
    grid.fault(0, reason)
    return grid


# ── CSV and TSV ───────────────────────────────────────────────────────────────────────────────────────────────────


def _separated(text: str, delimiter: str = "") -> Grid:
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or max(",;\t", key=first.count), strict=True)
    grid = Grid([])
    try:
        grid.header = next(reader, [])
        for cells in reader:
            if not grid.add(reader.line_num, cells):
                break
    except csv.Error as error:
        grid.fault(reader.line_num, f"this is no CSV: {error}")
    return grid


# ── Markdown ──────────────────────────────────────────────────────────────────────────────────────────────────────

_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*")
_LINK = re.compile(r"!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")
_NOTE = re.compile(r"\[\^[^\]]*\]|<sup>.*?</sup>|<br\s*/?>|</?[a-z]+[^>]*>", re.IGNORECASE)
NOTHING = ("", "—", "–", "-", "n/a", "na", "none", "tbd", "tba", "?", "not announced", "not yet announced")
"""What stands in a cell, in small letters, where a page has nothing to say."""


def is_markdown(text: str) -> bool:
    """True where a table of Markdown begins in the text."""
    lines = text.splitlines()
    return any("|" in a and "|" in b and _RULE.fullmatch(b) for a, b in itertools.pairwise(lines))


def _markdown(text: str) -> list[Grid]:
    lines = text.splitlines()
    found: list[Grid] = []
    at = 0
    while at < len(lines) - 1:
        if "|" not in lines[at] or "|" not in lines[at + 1] or not _RULE.fullmatch(lines[at + 1]):
            at += 1
            continue
        grid = Grid([_shown(cell) for cell in _cells(lines[at])], first=at + 1)
        at += 2
        while at < len(lines) and "|" in lines[at]:
            cells = [_shown(cell) for cell in _cells(lines[at])]
            if not grid.add(at + 1, ["" if cell.casefold() in NOTHING else cell for cell in cells]):
                break
            at += 1
        found.append(grid)
    return found or [_broken("there is no table in it: a header between |, then a line of |---|")]


def _cells(line: str) -> list[str]:
    cells = re.split(r"(?<!\\)\|", line.strip())
    cells = cells[1:] if cells and not cells[0].strip() else cells
    return cells[:-1] if cells and not cells[-1].strip() else cells


def _shown(cell: str) -> str:
    """A cell as a reader sees it: no links, footnotes, emphasis or code marks."""
    text = _NOTE.sub(" ", _LINK.sub(r"\1", cell.replace("\\|", "|")))
    text = re.sub(r"(\*\*|__|`)(.+?)\1", r"\2", text)
    return re.sub(r"\s+", " ", text).strip().strip("*").strip()


# ── JSON ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _objects(text: str) -> Grid:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        return _broken(f"this is no JSON: {str(error)[:120]}")
    if not isinstance(document, list):
        return _broken("this JSON is none that modeltui knows; see docs/cli.md for the forms")
    return _grid(enumerate(document, 1), "entry")


def _lines(text: str) -> Grid:
    rows: list[tuple[int, Any]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                rows.append((number, json.loads(line)))
            except (ValueError, RecursionError) as error:
                rows.append((number, str(error)[:120]))
    return _grid(iter(rows), "line")


def _grid(rows: Iterator[tuple[int, Any]], unit: str) -> Grid:
    """Objects as rows; their fields are the columns, in the order in which they first come."""
    flat: list[tuple[int, dict[str, str]]] = []
    grid = Grid([], unit=unit)
    header: dict[str, None] = {}
    for number, row in rows:
        if not isinstance(row, dict):
            grid.fault(number, 'it is no object; write {"key": …}' + (f" ({row})" if isinstance(row, str) else ""))
        else:
            flat.append((number, dict(_fields(row, ""))))
            header |= dict.fromkeys(flat[-1][1])
        if len(grid.faults) >= MAX_FAULTS:
            break
    grid.header = list(header)
    for number, fields in flat:
        if not grid.add(number, [fields.get(name, "") for name in header]):
            break
    if not flat and not grid.faults:
        grid.fault(0, "there is nothing in it")
    return grid


def _fields(row: Mapping[str, Any], stem: str) -> Iterator[tuple[str, str]]:
    for name, value in row.items():
        if isinstance(value, dict) and not stem:
            yield from _fields(value, f"{name}.")
        elif value is not None:
            yield f"{stem}{name}", text_of(value)


def text_of(value: Any) -> str:
    """A value as a cell of CSV would have it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ";".join(text_of(part) for part in value)
    if isinstance(value, datetime) and value.time() == datetime.min.time():
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return json.dumps(value) if isinstance(value, dict) else str(value)


# ── XLSX ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def workbook(content: bytes) -> Grid:
    """The first sheet of a workbook that has anything in it; formulas count as what they were last computed to."""
    try:
        import openpyxl
    except ImportError:
        return _broken("reading XLSX needs openpyxl; install it with: pip install 'modeltui[xlsx]', or save it as CSV")
    import zipfile

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED:
                return _broken(f"this workbook unpacks to more than {MAX_UNPACKED // 2**20} MB; save it as CSV")
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        for sheet in book.worksheets:
            grid = _sheet(sheet.iter_rows(values_only=True))
            if grid.header:
                return grid
    except Exception as error:  # noqa: BLE001 -- openpyxl raises whatever it meets in a damaged workbook
        return _broken(f"this workbook cannot be read ({type(error).__name__}); open it, and save it as CSV")
    return _broken("there is nothing in this workbook")


def _sheet(rows: Iterator[Sequence[Any]]) -> Grid:
    grid = Grid([])
    for number, cells in enumerate(rows, 1):
        texts = ["" if cell is None else text_of(cell) for cell in cells]
        if grid.header:
            kept = texts[: len(grid.header)] + [""] * (len(grid.header) - len(texts))
            if any(cell.strip() for cell in texts[len(grid.header) :]):
                grid.fault(number, "it has cells right of the header")
            if not grid.add(number, kept):
                break
        elif any(text.strip() for text in texts):
            while texts and not texts[-1].strip():
                texts.pop()
            grid.header, grid.first = texts, number
    return grid
