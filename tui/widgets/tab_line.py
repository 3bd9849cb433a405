"""The tabs of a screen as one line: it costs one widget, whatever the number of tabs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

BEFORE, AFTER = "‹", "›"
"""What stands at the ends where more tabs are than fit."""


class TabLine(Widget):
    """Titles side by side, the one in front stands out. The screen moves it with its keys; a click chooses.

    Args:
        tabs: name and title of each, in order; the first is in front.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"tabs--front"}

    @dataclass
    class Chosen(Message):
        """Another tab came to the front."""

        name: str

    def __init__(self, tabs: Sequence[tuple[str, str]], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._tabs = tuple(tabs)
        self._front = 0

    @property
    def front(self) -> str:
        """The name of the tab in front."""
        return self._tabs[self._front][0]

    def put(self, tabs: Sequence[tuple[str, str]], front: str) -> None:
        """Show these tabs, one of them in front; nobody is told."""
        self._tabs = tuple(tabs)
        self._front = [name for name, _ in self._tabs].index(front)
        self.refresh()

    def step(self, by: int) -> None:
        """Bring the next tab to the front, or with a negative number the one before; round at the ends."""
        self._choose((self._front + by) % len(self._tabs))

    def _choose(self, nth: int) -> None:
        if nth != self._front:
            self._front = nth
            self.refresh()
            self.post_message(self.Chosen(self.front))

    def _places(self) -> list[tuple[int, int]]:
        """Where the titles start and end, the one in front always in sight."""
        ends: list[tuple[int, int]] = []
        x = 0
        for _, title in self._tabs:
            ends.append((x, x + cell_len(title) + 2))
            x = ends[-1][1]
        width = self.size.width
        hidden = max(0, min(ends[self._front][1] + 1 - width, x - width))
        return [(start - hidden, end - hidden) for start, end in ends]

    def render_line(self, y: int) -> Strip:
        """The line."""
        ground, width = self.rich_style, self.size.width
        if y:
            return Strip.blank(width, ground)
        front = self.get_component_rich_style("tabs--front")
        places = self._places()
        looks = [front if nth == self._front else ground for nth in range(len(self._tabs))]
        line = Strip([Segment(f" {title} ", look) for (_, title), look in zip(self._tabs, looks, strict=True)])
        line = line.crop(-places[0][0]).adjust_cell_length(width, ground)
        if places[0][0] < 0:
            line = Strip.join([Strip([Segment(BEFORE, ground)]), line.crop(1)])
        if places[-1][1] > width:
            line = Strip.join([line.crop(0, width - 1), Strip([Segment(AFTER, ground)])])
        return line

    def on_click(self, event: events.Click) -> None:
        """Bring the tab that was clicked to the front."""
        for nth, (start, end) in enumerate(self._places()):
            if start <= event.x < end:
                self._choose(nth)
