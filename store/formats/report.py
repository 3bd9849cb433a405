"""What is shown to people outside of modeltui: one HTML file, a Markdown page, a LaTeX table. Text in, text out.

The HTML stands alone: its style and pictures are inside, it loads nothing and runs nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date
from html import escape

from store.values import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """Titles and rows of text; `right` are the columns of numbers."""

    titles: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison: its title, what the verdicts say, the table, and a picture as SVG ("" for none)."""

    title: str
    said: Sequence[str]
    table: Table
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A report of one day: what needs a decision, what runs, what is due, what was compared."""

    today: date
    findings: Sequence[tuple[str, str, str]]
    overview: Table
    due: Table
    calendar: str
    comparisons: Sequence[Compared]
    query: str = ""


# ── HTML ──────────────────────────────────────────────────────────────────────────────────────────────────────────

_STYLE = """
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #8884; vertical-align: top }
td:first-child { white-space: nowrap } .n { text-align: right }
.error { color: #cb3c33; font-weight: 600 } .warning { color: #b8620a; font-weight: 600 }
.note { opacity: .7 } svg { max-width: 100%; height: auto } @media print { body { max-width: none } }
"""


def html(report: Report) -> str:
    """The report as one file."""
    return "\n".join(_html(report)) + "\n"


def _html(report: Report) -> Iterator[str]:
    title = f"Model versions on {report.today}"
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>"
    if report.query:
        yield f"<p>Only what <code>{escape(report.query)}</code> finds.</p>"
    yield "<h2>What needs a decision</h2>"
    if report.findings:
        yield "<ul>"
        yield from (
            f'<li><span class="{level}">{level}</span> <b>{escape(who)}</b> {escape(what)}</li>'
            for level, who, what in report.findings
        )
        yield "</ul>"
    else:
        yield "<p>Nothing.</p>"
    yield "<h2>What runs</h2>"
    yield _html_table(report.overview)
    yield "<h2>What is due</h2>"
    yield report.calendar
    yield _html_table(report.due)
    if report.comparisons:
        yield "<h2>Comparisons</h2>"
    for compared in report.comparisons:
        yield f"<h3>{escape(compared.title)}</h3>"
        yield from (f"<p>{escape(sentence)}</p>" for sentence in compared.said)
        yield compared.picture
        yield _html_table(compared.table)
    yield "</body>\n</html>"


def _html_table(table: Table) -> str:
    if not table.rows:
        return "<p>Nothing.</p>"

    def line(cells: Sequence[str], tag: str) -> str:
        marks = (' class="n"' if i in table.right else "" for i in range(len(cells)))
        inner = "".join(f"<{tag}{m}>{escape(c)}</{tag}>" for c, m in zip(cells, marks, strict=True))
        return f"<tr>{inner}</tr>"

    body = "\n".join(line(row, "td") for row in table.rows)
    return f"<table>\n<thead>{line(table.titles, 'th')}</thead>\n<tbody>\n{body}\n</tbody>\n</table>"


# ── Markdown ──────────────────────────────────────────────────────────────────────────────────────────────────────


def markdown(report: Report) -> str:
    """The report as Markdown, without pictures."""
    lines = [f"# Model versions on {report.today}", ""]
    if report.query:
        lines += [f"Only what `{report.query.replace('`', '')}` finds.", ""]
    lines += ["## What needs a decision", ""]
    lines += [f"- **{level}** {_escaped(who)}: {_escaped(what)}" for level, who, what in report.findings] or [
        "Nothing."
    ]
    lines += ["", "## What runs", "", *_markdown_table(report.overview)]
    lines += ["", "## What is due", "", *_markdown_table(report.due)]
    for compared in report.comparisons:
        lines += ["", f"## {_escaped(compared.title)}", "", *(f"{_escaped(s)}\n" for s in compared.said)]
        lines += _markdown_table(compared.table)
    return "\n".join(lines) + "\n"


def _markdown_table(table: Table) -> list[str]:
    if not table.rows:
        return ["Nothing."]
    rule = ["---:" if i in table.right else "---" for i in range(len(table.titles))]
    return [f"| {' | '.join(map(_escaped, row))} |" for row in (table.titles, rule, *table.rows)]


def _escaped(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


# ── LaTeX ─────────────────────────────────────────────────────────────────────────────────────────────────────────

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "−": "$-$", "–": "--", "—": "---", "→": r"$\rightarrow$",
    "≥": r"$\geq$", "≤": r"$\leq$", "·": r"$\cdot$", "±": r"$\pm$", "×": r"$\times$", "≈": r"$\approx$",
    "…": r"\ldots{}", "▲": r"$\uparrow$", "▼": r"$\downarrow$", "\n": " ", "\t": " ",
}  # fmt: skip
_BREAKS = re.compile(r"(?<=\w)(@|/|\\_)(?=\w)")
"""Where the name of a model or data set may go on in the next line."""


def latex(compared: Compared, label: str) -> str:
    """A `longtable`, as wide as the text and as many pages long as it takes; its first line names what it needs."""
    others = len(compared.table.titles) - 1
    first, size = (0.3, "footnotesize") if others < 4 else (0.2, "scriptsize")
    wide = f"{(0.96 - first) / others - 0.02:.3f}"
    columns = rf">{{\raggedright}}p{{{first}\linewidth}}"
    columns += rf">{{\raggedleft\arraybackslash}}p{{{wide}\linewidth}}" * others
    heads = " & ".join(map(_breaking, compared.table.titles)) + r" \\"
    caption = " ".join([f"{compared.title}.", *compared.said])
    safe = re.sub(r"[^A-Za-z0-9:-]", "-", label)
    lines = [r"% \usepackage{array,longtable}", rf"\begingroup\{size}\tabcolsep=.01\linewidth"]
    lines += [rf"\begin{{longtable}}{{{columns}}}", rf"\caption{{{_breaking(caption)}}}\label{{tab:{safe}}}\\"]
    lines += [r"\hline", heads, r"\hline\endfirsthead", r"\hline", heads, r"\hline\endhead", r"\hline\endfoot"]
    lines += [" & ".join(map(_breaking, row)) + r" \\" for row in compared.table.rows]
    return "\n".join([*lines, r"\end{longtable}", r"\endgroup"]) + "\n"


def _breaking(text: str) -> str:
    return _BREAKS.sub(r"\1\\allowbreak{}", tex(text))


def tex(text: str) -> str:
    """A text as LaTeX prints it: signs that it may not know are left out, letters become a question mark."""
    return re.sub(" {2,}", " ", "".join(_LATEX.get(c, _letter(c)) for c in text)).strip()


def _letter(char: str) -> str:
    if " " <= char < "\u0250":
        return char
    return "?" if unicodedata.category(char).startswith(("L", "M", "N")) else ""
