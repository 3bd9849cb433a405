"""The moves of every list: lines, pages, half pages, first and last, on the keys of `tui.keys`, scope `lists`."""

from __future__ import annotations

from tui.keys import Chords


class Moves(Chords):
    """Mixin for a list of lines: it gives the actions, the list gives `page`, `line_count` and `move_by`."""

    @property
    def page(self) -> int:
        """How many lines are in sight."""
        raise NotImplementedError

    @property
    def line_count(self) -> int:
        """How many lines there are."""
        raise NotImplementedError

    def move_by(self, lines: int) -> None:
        """Move the cursor by some lines, down where positive; stop at the ends."""
        raise NotImplementedError

    def action_cursor_down(self) -> None:
        """Go one line down."""
        self.move_by(1)

    def action_cursor_up(self) -> None:
        """Go one line up."""
        self.move_by(-1)

    def action_half_page_down(self) -> None:
        """Go half a page down."""
        self.move_by(max(1, self.page // 2))

    def action_half_page_up(self) -> None:
        """Go half a page up."""
        self.move_by(-max(1, self.page // 2))

    def action_page_down(self) -> None:
        """Go one page down."""
        self.move_by(self.page)

    def action_page_up(self) -> None:
        """Go one page up."""
        self.move_by(-self.page)

    def action_first(self) -> None:
        """Go to the first line."""
        self.move_by(-self.line_count)

    def action_last(self) -> None:
        """Go to the last line."""
        self.move_by(self.line_count)
