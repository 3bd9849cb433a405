"""How the command line speaks: aligned tables, colour only on a terminal, JSON and CSV for programs.

Answers go to standard output, remarks to standard error. Piped text is plain and never cut.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

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
    """Where answers go. `width` is the terminal's, None where nothing may be cut."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
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
        self.out.write("".join(self._painted(part) for cell in cells for part in pieces(cell)).rstrip() + "\n")

    def text(self, text: str) -> None:
        """Text of several lines as it is, such as Markdown."""
        self.out.write(text if text.endswith("\n") else text + "\n")

    def remark(self, text: str) -> None:
        """Something beside the answer, for the person at the terminal."""
        self.err.write(clean(text) + "\n")

    def json(self, value: Any) -> None:
        """A document for programs; what is unknown is null."""
        import msgspec

        self.out.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")

    def csv(self, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """A table for programs; what is unknown is empty. A cell that a spreadsheet would run gets a `'` before it."""
        writer = csv.writer(self.out, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([_cell(value) for value in row] for row in rows)

    def table(self, titles: Sequence[str], rows: Sequence[Sequence[Cell]], *, right: Iterable[int] = ()) -> None:
        """An aligned table without empty columns.

        On a terminal that is too narrow the last columns leave first, so put what tells most on the left; the first
        column is shortened at its start, where a key says least.
        """
        filled = [i for i in range(len(titles)) if any(plain(row[i]) not in ("", "—", "–") for row in rows)]
        widths = {i: max(_cells(titles[i]), *(_cells(plain(row[i])) for row in rows)) for i in filled}
        shown = self._that_fit(filled, widths)
        numbers = frozenset(right)
        self.line(*self._aligned([Styled(t, "dim") for t in titles], shown, widths, numbers))
        for row in rows:
            self.line(*self._aligned(row, shown, widths, numbers))

    def _that_fit(self, filled: list[int], widths: dict[int, int]) -> list[int]:
        if self.width is None:
            return filled
        shown: list[int] = []
        room = self.width
        for i in filled:
            gap = 2 if shown else 0
            if widths[i] + gap > room:
                if room - gap < 12 and shown:
                    break
                widths[i] = max(room - gap, 1)
            room -= widths[i] + gap
            shown.append(i)
        return shown

    def _aligned(
        self, row: Sequence[Cell], shown: list[int], widths: dict[int, int], right: frozenset[int]
    ) -> list[Styled]:
        line: list[Styled] = []
        for i in shown:
            if line:
                line.append(Styled("  "))
            cell = [Styled(clean(text), style) for text, style in pieces(row[i])]
            used = sum(_cells(text) for text, _ in cell)
            if used > widths[i]:
                cell, used = [Styled(_cut(plain(cell), widths[i], at_start=i == 0), cell[0].style)], widths[i]
            blank = Styled(" " * (widths[i] - used))
            line += [blank, *cell] if i in right else [*cell, blank]
        return line

    def _painted(self, part: Styled) -> str:
        text = clean(part.text)
        code = _ANSI.get(part.style)
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code and text.strip() else text


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


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if isinstance(value, str) and text[:1] in ("=", "+", "-", "@", "\t"):
        return f"'{text}"
    return value if isinstance(value, int | float) else text
