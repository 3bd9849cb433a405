"""A change record as one HTML file: no script, no network, the same text as its Markdown.

Only the Markdown that `store.review.record` writes is understood: headings, tables, lists with boxes, paragraphs,
`**strong**`, `` `code` ``, `<https://…>` and backslashes before signs. All else is text and is escaped.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2128;"
    "background:#fff}table{border-collapse:collapse;margin:.6rem 0}td,th{border:1px solid #ccd;padding:.2rem .6rem;"
    "text-align:left;vertical-align:top}h2{border-bottom:1px solid #ccd;margin-top:2rem}ul{padding-left:1.2rem}"
    "code{background:#f2f3f5;padding:0 .2rem}@media print{body{margin:0}}"
    "@media(prefers-color-scheme:dark){body{color:#dde;background:#16181d}td,th,h2{border-color:#445}"
    "code{background:#2a2d34}}"
)
_INLINE = re.compile(r"\\(.)|<(https?://[^\s<>|]+)>|\*\*(.+?)(?<!\\)\*\*|`([^`]*)`")
_HEADING = re.compile(r"(#{1,3}) (.*)")
_ITEM = re.compile(r"( *)- (.*)")


def page(markdown: str) -> str:
    """The HTML of a record's Markdown, ending with a line break."""
    lines = markdown.splitlines()
    title = next((_plain(line[2:]) for line in lines if line.startswith("# ")), "Change record")
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    head = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>",
    ]
    return "\n".join([*head, *_blocks(lines), "</body></html>"]) + "\n"


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _blocks(lines: Sequence[str]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        line, end = lines[at], at + 1
        heading = _HEADING.fullmatch(line)
        if heading:
            level = len(heading[1])
            yield f"<h{level}>{_inline(heading[2])}</h{level}>"
        elif line.startswith("| "):
            while end < len(lines) and lines[end].startswith("| "):
                end += 1
            yield from _table(lines[at:end])
        elif _ITEM.fullmatch(line):
            while end < len(lines) and _ITEM.fullmatch(lines[end]):
                end += 1
            yield from _list(lines[at:end])
        elif line.strip():
            yield f"<p>{_inline(line)}</p>"
        at = end


def _table(lines: Sequence[str]) -> Iterator[str]:
    yield "<table>"
    for number, line in enumerate(lines):
        cells = re.split(r"(?<!\\)\|", line)[1:-1]
        if number == 1 or (number == 0 and not any(cell.strip() for cell in cells)):
            continue
        tag = "th" if number == 0 else "td"
        yield "<tr>" + "".join(f"<{tag}>{_inline(cell.strip())}</{tag}>" for cell in cells) + "</tr>"
    yield "</table>"


def _list(lines: Sequence[str]) -> Iterator[str]:
    """One level of entries, with one level of notes below them."""
    yield "<ul>"
    below = False
    for line in lines:
        match = _ITEM.fullmatch(line)
        deeper = bool(match and match[1])
        if deeper != below:
            yield "<ul>" if deeper else "</ul>"
        below = deeper
        yield f"<li>{_inline(match[2] if match else line)}</li>"
    yield "</ul></ul>" if below else "</ul>"


def _inline(text: str) -> str:
    said, at = [], 0
    for match in _INLINE.finditer(text):
        said.append(html.escape(text[at : match.start()]))
        escaped, link, strong, code = match.groups()
        if escaped is not None:
            said.append(html.escape(escaped))
        elif link is not None:
            said.append(f'<a href="{html.escape(link)}">{html.escape(link)}</a>')
        elif strong is not None:
            said.append(f"<strong>{_inline(strong)}</strong>")
        else:
            said.append(f"<code>{html.escape(code)}</code>")
        at = match.end()
    return "".join([*said, html.escape(text[at:])])
