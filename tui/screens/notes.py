"""Notes in full, rendered by Textual's Markdown, which only this module imports."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Markdown, Static

from tui.text import clean


class Notes(ModalScreen[None]):
    """A text in Markdown to read. A link is opened only when it is clicked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "close", "close"),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
        Binding("ctrl+d,pagedown,space", "scroll(12)", show=False),
        Binding("ctrl+u,pageup", "scroll(-12)", show=False),
    ]

    def __init__(self, title: str, source: str) -> None:
        super().__init__(classes="dialog reader")
        self._title, self._source = title, source

    def compose(self) -> ComposeResult:
        """Title and text."""
        with Vertical(classes="box"):
            yield Static(Content(clean(self._title)), classes="title")
            with VerticalScroll(id="text", can_focus=False):
                yield Markdown("\n".join(clean(line) for line in self._source.splitlines()), open_links=False)
            yield Static(Content("esc to close · j k to scroll"), classes="hint")

    def on_markdown_link_clicked(self, event: Markdown.LinkClicked) -> None:
        """Open a page; nothing but a page."""
        if event.href.startswith(("http://", "https://")):
            self.app.open_url(event.href)

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one("#text", VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_close(self) -> None:
        """Back to the screen below."""
        self.dismiss(None)
