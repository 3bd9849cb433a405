"""Notes in Markdown as lines of a table: headings, lists, emphasis and code, wrapped; nothing is imported for it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.cells import cell_len

from tui.text import Cell, Style, Styled, clean

_INLINE = re.compile(
    r"`(?P<code>[^`]+)`|\*\*(?P<bold>[^*]+)\*\*|__(?P<bold2>[^_]+)__|(?<![\w*])\*(?P<em>[^*\s][^*]*)\*"
    r"|\[(?P<words>[^\]]+)\]\((?P<url>[^)\s]+)\)"
)
_LIST = re.compile(r"(?P<indent>\s*)(?:[-*+]|(?P<number>\d{1,4})[.)])\s+(?:\[(?P<box>[ xX])\]\s+)?")
_MOST = 400
"""Lines that are made of one note; the rest is a matter for the reader."""


def markdown_lines(source: str, width: int) -> list[Cell]:
    """The lines of a note, none wider than `width` cells."""
    made: list[Cell] = []
    for line in _blocks(source, max(width, 20)):
        if len(made) == _MOST:
            return [*made, Styled("… enter reads it in full", "dim")]
        made.append(line)
    return made


def _blocks(source: str, width: int) -> Iterator[Cell]:
    code = False
    for raw in source.expandtabs(4).splitlines():
        line = clean(raw.rstrip())
        if line.lstrip().startswith("```"):
            code = not code
        elif code:
            yield from _wrapped([Styled(line, "accent")], width, "  ", "  ")
        elif not line.strip():
            yield " "
        elif heading := re.match(r"#{1,6}\s+(.*?)\s*#*$", line):
            yield from _wrapped(_inline(heading[1], "strong"), width)
        elif re.fullmatch(r"\s*([-*_])(\s*\1){2,}\s*", line):
            yield Styled("─" * min(width, 40), "dim")
        elif found := _LIST.match(line):
            mark = f"{found['number']}." if found["number"] else "•"
            if found["box"]:
                mark = "☐" if found["box"] == " " else "☑"
            lead = f"{found['indent'][:12]}{mark} "
            yield from _wrapped(_inline(line[found.end() :]), width, lead, " " * cell_len(lead))
        elif line.lstrip().startswith(">"):
            yield from _wrapped(_inline(line.lstrip()[1:].strip(), "dim"), width, "▏ ", "▏ ")
        else:
            yield from _wrapped(_inline(line), width)


def _inline(line: str, base: Style = "") -> list[Styled]:
    parts: list[Styled] = []
    at = 0
    for found in _INLINE.finditer(line):
        parts.append(Styled(line[at : found.start()], base))
        if found["code"]:
            parts.append(Styled(found["code"], "accent"))
        elif found["url"]:
            parts += [Styled(found["words"], "accent"), Styled(f" {found['url']}", "dim")]
        else:
            parts.append(Styled(found["bold"] or found["bold2"] or found["em"] or "", "strong"))
        at = found.end()
    return [p for p in (*parts, Styled(line[at:], base)) if p.text]


def _wrapped(parts: list[Styled], width: int, first: str = "", rest: str = "") -> Iterator[Cell]:
    """Words that stay whole where they fit, each line with its lead."""
    line, used, lead = [Styled(first, "accent")] if first else [], cell_len(first), first
    for part in parts:
        for word in re.findall(r"\s+|\S+", part.text):
            for piece in _pieces(word, width - cell_len(rest)):
                if used + cell_len(piece) > width and used > cell_len(lead):
                    yield line
                    line, used, lead = [Styled(rest)] if rest else [], cell_len(rest), rest
                    if piece.isspace():
                        continue
                line.append(Styled(piece, part.style))
                used += cell_len(piece)
    yield line or " "


def _pieces(word: str, width: int) -> Iterator[str]:
    """A word that is wider than a line, cut by cells."""
    if cell_len(word) <= width:
        yield word
        return
    piece, used = "", 0
    for char in word:
        size = cell_len(char)
        if used + size > width:
            yield piece
            piece, used = "", 0
        piece += char
        used += size
    yield piece
