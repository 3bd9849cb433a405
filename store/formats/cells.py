"""Cells of spreadsheets: a text that a spreadsheet would run as a formula gets a `'` before it, and loses it again.

Numbers stay numbers, negative ones too. `unguarded(guarded(text)) == text` for every text.
"""

from __future__ import annotations

from typing import Any

RUN = ("=", "+", "-", "@", "\t", "\r")
"""With what a cell begins that a spreadsheet runs."""


def guarded(value: Any) -> Any:
    """A cell that no spreadsheet runs; what is unknown is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    text = str(value)
    return f"'{text}" if text.lstrip("'")[:1] in RUN and text else text


def unguarded(text: str) -> str:
    """A cell as it was before it was guarded."""
    return text[1:] if text[:1] == "'" and text.lstrip("'")[:1] in RUN and text.lstrip("'") else text
