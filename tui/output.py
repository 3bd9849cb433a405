"""How the command line speaks: aligned tables, colour only on a terminal, JSON and CSV for programs.

Answers go to standard output, remarks to standard error. Piped text is plain and never cut.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TextIO

from store.formats.cells import guarded
from tui.figures import Cell, Styled, clean, pieces, plain

_ANSI: Mapping[str, str] = {
    "good": "32",
    "warn": "33",
    "bad": "31",
    "dim": "2",
    "accent": "36",
    "key": "34",
    "strong": "1",
}


class Output:
    """Where answers go. `width` is the terminal's, None where nothing may be cut; `quiet` is no text for people."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.out, self.err = out or sys.stdout, err or sys.stderr
        terminal = self.out.isatty()
        self.width = shutil.get_terminal_size().columns if terminal else None
        self.colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        for stream in (self.out, self.err):
            if isinstance(stream, io.TextIOWrapper):
                # a terminal that cannot show an arrow gets a question mark, not a traceback
                stream.reconfigure(errors="replace")

    def line(self, *cells: Cell) -> None:
        """One line of text."""
        if self.quiet:
            return
        self.out.write("".join(self._painted(part) for cell in cells for part in pieces(cell)).rstrip() + "\n")

    def text(self, text: str) -> None:
        """Text of several lines as it is, such as Markdown."""
        self.out.write(text if text.endswith("\n") else text + "\n")

    def remark(self, text: str) -> None:
        """Something beside the answer, for the person at the terminal."""
        if not self.quiet:
            self.err.write(clean(text) + "\n")

    def json(self, value: Any) -> None:
        """A document for programs; what is unknown is null."""
        import msgspec

        try:
            raw = msgspec.json.encode(value)
        except UnicodeEncodeError:  # the name of a file that is no UTF-8
            raw = msgspec.json.encode(_whole(msgspec.to_builtins(value)))
        self.out.write(msgspec.json.format(raw, indent=2).decode() + "\n")

    def csv(self, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """A table for programs; what is unknown is empty. A cell that a spreadsheet would run gets a `'` before it."""
        import csv

        writer = csv.writer(self.out, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([guarded(value) for value in row] for row in rows)

    def table(
        self,
        titles: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        *,
        right: Iterable[int] = (),
        keys: Iterable[int] = (),
        least: Mapping[int, int] | None = None,
        core: int = 4,
        key_titles: bool = False,
    ) -> None:
        """An aligned table without empty columns; `right` are columns of numbers.

        On a terminal that is too narrow the last columns leave, so put what tells most on the left; for the first
        `core` ones the columns of `least` shrink before that, down to the width that stands there. `keys` (and titles
        that are keys) are shortened at their start, where a key says least.
        """
        if not rows:
            return
        filled = [i for i in range(len(titles)) if any(plain(row[i]) not in ("", "—", "–") for row in rows)]
        widths = {i: max(_cells(titles[i]), *(_cells(plain(row[i])) for row in rows)) for i in filled}
        if self.width is not None:
            _fit(widths, least or {}, self.width, core)
        columns = [_Column(i, width, i in set(right), i in set(keys)) for i, width in widths.items()]
        if any(titles):
            heads = [column._replace(key=True) for column in columns] if key_titles else columns
            self.line(*_aligned([Styled(t, "dim") for t in titles], heads))
        for row in rows:
            self.line(*_aligned(row, columns))

    def _painted(self, part: Styled) -> str:
        text = clean(part.text)
        code = _ANSI.get(part.style)
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code and text.strip() else text


def _whole(value: Any) -> Any:
    """A document with a question mark for everything that no JSON can hold."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_whole(name): _whole(inner) for name, inner in value.items()}
    return [_whole(inner) for inner in value] if isinstance(value, list | tuple) else value


class _Column(NamedTuple):
    at: int
    width: int
    right: bool
    key: bool


GAP = 2


def _fit(widths: dict[int, int], least: Mapping[int, int], room: int, core: int) -> None:
    """Narrow columns, and take away the last ones, until a line fits; at least one column stays."""

    def lacking(needed: Iterable[int]) -> int:
        found = list(needed)
        return sum(found) + GAP * (len(found) - 1) - room

    smallest = {i: min(width, least.get(i, width)) for i, width in widths.items()}
    while len(widths) > 1:
        if lacking(smallest.values() if len(widths) <= core else widths.values()) <= 0:
            break
        last = max(widths)
        del smallest[last], widths[last]
    while lacking(widths.values()) > 0:
        widest = max(widths, key=lambda i: widths[i] - smallest[i])
        if widths[widest] <= smallest[widest]:
            widths[widest] = max(widths[widest] - lacking(widths.values()), 1)
            break
        widths[widest] -= 1


def _aligned(row: Sequence[Cell], columns: Sequence[_Column]) -> list[Styled]:
    line: list[Styled] = []
    for column in columns:
        if line:
            line.append(Styled(" " * GAP))
        cell = [Styled(clean(text), style) for text, style in pieces(row[column.at])]
        used = sum(_cells(text) for text, _ in cell)
        if used > column.width:
            cell = [Styled(_cut(plain(cell), column.width, at_start=column.key), cell[0].style)]
            used = column.width
        blank = Styled(" " * (column.width - used))
        line += [blank, *cell] if column.right else [*cell, blank]
    return line


def _cells(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _cut(text: str, width: int, *, at_start: bool) -> str:
    kept = text
    while kept and _cells(kept) > width - 1:
        kept = kept[1:] if at_start else kept[:-1]
    kept = f"…{kept}" if at_start else f"{kept}…"
    return kept + " " * (width - _cells(kept))
