"""What stands above the groups of a comparison: verdicts with their reasons, stages, providers."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from tui import text
from tui.screens.compare_data import Prepared
from tui.text import Cell, Styled
from tui.widgets.table import Wide

Lines = list[tuple[str, Sequence[Cell] | Wide]]
"""The lines of the table, by key."""


def heads(prepared: Prepared, short: dict[str, str], width: int) -> Lines:
    """Verdicts with their reasons, then what the columns are: stage in the use case, provider."""
    lines: Lines = []
    if prepared.use_case is not None and prepared.candidates:
        lines.append(("verdict", [Styled("verdict", "strong"), *(_verdict(prepared, k) for k in prepared.keys)]))
        for key in prepared.candidates:
            lines += _reason(prepared, key, short[key], width)
    if prepared.stages:
        lines.append(("stage", [Styled("runs here as", "dim"), *(_stage(prepared, k) for k in prepared.keys)]))
    providers = {key: key.partition("/")[0] for key in prepared.keys}
    if len(set(providers.values())) > 1:
        lines.append(("provider", [Styled("provider", "dim"), *(Styled(f"  {p}", "dim") for p in providers.values())]))
    return lines


def _verdict(prepared: Prepared, key: str) -> Styled:
    """The verdict of a column."""
    if key == prepared.baseline:
        return Styled("  baseline", "dim")
    found = prepared.verdicts.get(key)
    if found is None:
        return Styled("  – not judged" if prepared.stopped else "  … judging", "dim")
    shown = text.verdict(found.verdict)
    return Styled(f"  {shown.text}", shown.style)


def _reason(prepared: Prepared, key: str, name: str, width: int) -> Lines:
    """The sentence that decides, over as many lines as it needs (two at most: `w` has all of them)."""
    found = prepared.verdicts.get(key)
    if found is None:
        return []
    more = sum(row.verdict not in ("PASS", "INFO") for row in found.rows) - (found.verdict != "PASS")
    tail = f" ·\N{NO-BREAK SPACE}{more}\N{NO-BREAK SPACE}more:\N{NO-BREAK SPACE}w" if more > 0 else ""
    wrapped = textwrap.wrap(
        text.clean(f"{name}: {found.reason or 'all that is judged passes'}{tail}"), max(20, width - 6)
    )
    if len(wrapped) > 2:
        wrapped = [wrapped[0], wrapped[1][: width - 8] + " …"]
    return [
        (
            f"reason:{key}:{i}",
            Wide([Styled("  " + ("  " if i else "")), Styled(line.replace("\N{NO-BREAK SPACE}", " "), "dim")]),
        )
        for i, line in enumerate(wrapped)
    ]


def _stage(prepared: Prepared, key: str) -> Cell:
    found = prepared.stages.get(key)
    return [Styled("  "), text.NONE] if found is None else [Styled("  "), text.stage(*found)]
