"""The line at the foot of a screen: the keys that matter here, as many as fit; help and palette always.

It is one line of text over `tui.keys`, so it costs nothing when the focus moves, unlike a footer of widgets.
"""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from tui import keys
from tui.keys import Command, Scope

ALWAYS = ("help", "command_palette")


class KeyLine(Widget):
    """The footer of one scope. A click does what the key does."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"keys--key", "keys--word"}

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        named = {command.name: command for command in keys.for_screen(scope)}
        self._scope: Scope = scope
        self._wanted = keys.footer(scope)
        self._always = [named[name] for name in ALWAYS if name in named]

    def placed(self, width: int) -> list[tuple[int, Command]]:
        """The commands that fit and where they start: from the left by importance, help and palette at the right."""
        right = width - 1
        ends: list[tuple[int, Command]] = []
        for command in reversed(self._always):
            right -= self._length(command)
            ends.insert(0, (right, command))
            right -= 2
        x = 1
        fits: list[tuple[int, Command]] = []
        for command in self._wanted:
            if x + self._length(command) > right:
                break
            fits.append((x, command))
            x += self._length(command) + 2
        return fits + [end for end in ends if end[0] > 0]

    def render_line(self, y: int) -> Strip:
        """The line."""
        ground = self.rich_style
        if y:
            return Strip.blank(self.size.width, ground)
        key_style = self.get_component_rich_style("keys--key")
        word_style = self.get_component_rich_style("keys--word")
        segments: list[Segment] = []
        x = 0
        for start, command in self.placed(self.size.width):
            segments.append(Segment(" " * (start - x), ground))
            segments.append(Segment(f"{command.first} ", key_style))
            segments.append(Segment(command.title_in(self._scope), word_style))
            x = start + self._length(command)
        return Strip(segments).adjust_cell_length(self.size.width, ground)

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        for start, command in self.placed(self.size.width):
            if start <= event.x < start + self._length(command):
                self.app.simulate_key(command.keys[0])

    def _length(self, command: Command) -> int:
        return cell_len(command.first) + 1 + cell_len(command.title_in(self._scope))
