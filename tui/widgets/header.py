"""The line on top of every screen: where am I, which catalog, what waits, how old are the facts, which day is it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui import text

if TYPE_CHECKING:
    from tui.state import View


class StatusLine(Widget, can_focus=False):
    """The header. It paints from the app's view; the left part names the place, the right part what is known of it.

    What does not fit leaves from the middle: first the ages, then the store's name, then the counts.
    """

    COMPONENT_CLASSES = {"status--place", "status--good", "status--warn", "status--bad", "status--dim", "status--clock"}

    def __init__(self) -> None:
        super().__init__(id="status")
        self._parts: list[list[tuple[str, str]]] = []
        self._place = ""

    class Painted(Message):
        """It stands on the screen for the first time."""

    def on_show(self) -> None:
        """Tell the app, which then opens the catalog behind it."""
        self.post_message(self.Painted())

    def tell(
        self, place: str, view: View | None, *, store: str, clock: str, net: str, problem: str = "", saved: str = ""
    ) -> None:
        """Set what is shown; `clock` marks a set clock or a what-if day, `net` offline or sync.

        `problem` is what is wrong with the store, `saved` when the last change came to the disk.
        """
        self._place = place
        self._parts = [
            _counts(view) if view else [("opening…", "dim")],
            _ages(view),
            [(saved, "dim")] if saved else [],
            [(net, "dim")] if net else [],
            [(store, "dim")],
        ]
        if problem:
            self._parts.insert(0, [(problem, "bad")])
        self._clock = clock
        self.refresh()

    def render(self) -> Content:
        """One line, as much as fits."""
        width = self.size.width
        left = Content.assemble(
            (f" modeltui ▸ {text.clean(self._place)} ", self._look("place")),
            (f" {self._clock} " if getattr(self, "_clock", "") else "", self._look("clock")),
        )
        kept = [list(p) for p in self._parts if p]
        while kept and left.cell_length + sum(_length(p) + 3 for p in kept) > width:
            if len(kept) == 1 and len(kept[0]) > 1:
                kept[0].pop(0 if kept[0][0][1] == "" else -1)
            else:
                kept.pop()
        right = Content("   ").join(
            Content(" · ")
            .stylize(self._look("dim"))
            .join(Content.styled(text.clean(t), self._look(s)) for t, s in part)
            for part in kept
        )
        gap = max(1, width - left.cell_length - right.cell_length - 1)
        return Content.assemble(left, " " * gap, right)

    def _look(self, name: str) -> str:
        if not name:
            return ""
        style = self.get_component_rich_style(f"status--{name}", partial=True)
        return str(style)


def _length(part: list[tuple[str, str]]) -> int:
    return sum(len(t) for t, _ in part) + 3 * (len(part) - 1)


def _counts(view: View) -> list[tuple[str, str]]:
    said = [(f"{view.in_production} in production", "")]
    for kind, words, style in (
        ("stopped", "stopped", "bad"),
        ("late", "late", "bad"),
        ("due", "due in 14 d", "warn"),
        ("squeezed", "squeezed", "warn"),
        ("moved_earlier", "moved earlier", "bad"),
        ("drift", "drifting", "bad"),
    ):
        count = view.count(kind)
        if count:
            said.append((f"{count} {words}", style))
    return said


def _ages(view: View | None) -> list[tuple[str, str]]:
    if view is None:
        return []
    from store.review.lifecycle import STALE_DAYS

    found = []
    for word, days in (("dates", view.freshness.dates_days), ("prices", view.freshness.prices_days)):
        if days is not None and days < 0:
            found.append((f"{word} seen later than this day", "dim"))
        elif days is not None:
            found.append((f"{word} {days} d", "warn" if days > STALE_DAYS else "dim"))
    return found
