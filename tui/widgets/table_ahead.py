"""Lines that are painted before they are asked for, while nobody presses a key."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual.message_pump import MessagePump
from textual.timer import Timer

REST_SECONDS, PAUSE_SECONDS = 0.04, 0.01
"""How long the lines must stand still first, and how long is waited between a few and the next few."""
FEW = 12
"""Lines at a time: about 1 ms."""


class Ahead:
    """Paints the lines that come next, a few at a time; `paint` keeps what it painted."""

    def __init__(self, widget: MessagePump, paint: Callable[[int], object]) -> None:
        self._widget, self._paint = widget, paint
        self._timer: Timer | None = None

    def soon(self, lines: range) -> None:
        """Paint these once nothing asks for others meanwhile."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self._widget.set_timer(REST_SECONDS, partial(self._some, lines))

    def _some(self, lines: range) -> None:
        for line in lines[:FEW]:
            self._paint(line)
        rest = lines[FEW:]
        self._timer = self._widget.set_timer(PAUSE_SECONDS, partial(self._some, rest)) if rest else None
