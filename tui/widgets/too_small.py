"""What stands instead of a screen where the terminal has no room for it."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

LEAST = (50, 12)
"""Columns and rows that a screen needs."""


class TooSmall(Widget):
    """One sentence over everything; the stylesheet shows it in terminals below `LEAST`."""

    def render(self) -> Content:
        """How large it is, how large it must be, what else there is."""
        wide, high = self.app.size
        return Content(
            f"modeltui: this terminal is {wide}×{high}, it needs {LEAST[0]}×{LEAST[1]}. "
            "Make it larger, or press q and use: modeltui list"
        )
