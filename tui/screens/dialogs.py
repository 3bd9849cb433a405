"""Small questions over a screen: a text, a choice, an effect to confirm with its reason, a text to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.text import clean

_CANCEL: list[BindingType] = [Binding("escape", "cancel", "cancel")]


class Ask(ModalScreen[str | None]):
    """One line of text; None when cancelled, "" where an empty answer is allowed."""

    BINDINGS: ClassVar[list[BindingType]] = _CANCEL

    def __init__(self, title: str, value: str = "", *, hint: str = "", required: bool = True) -> None:
        super().__init__(classes="dialog")
        self._title, self._value, self._hint, self._required = title, value, hint, required

    def compose(self) -> ComposeResult:
        """A title, an input, a hint."""
        with Vertical(classes="box"):
            yield Static(Content(clean(self._title)), classes="title")
            yield Input(self._value, placeholder=clean(self._hint), id="answer", select_on_focus=False)
            yield Static(Content("enter to accept · esc to cancel"), classes="hint", id="said")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the answer."""
        answer = event.value.strip()
        if self._required and not answer:
            self.query_one("#said", Static).update(Content("write something, or press esc to cancel"))
            return
        self.dismiss(answer)

    def action_cancel(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)


class Confirm(ModalScreen[str | None]):
    """The effect of a command first, then its reason; the reason (or "" where none is asked), None when cancelled."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *_CANCEL,
        Binding("y", "accept", "yes", show=False),
        Binding("down,pagedown", "scroll(6)", show=False),
        Binding("up,pageup", "scroll(-6)", show=False),
    ]

    def __init__(self, title: str, effect: Sequence[str], *, ask_reason: bool = True, verb: str = "do it") -> None:
        super().__init__(classes="dialog")
        self._title, self._effect, self._ask, self._verb = title, effect, ask_reason, verb

    def compose(self) -> ComposeResult:
        """Title, effect, and the reason's input."""
        with Vertical(classes="box"):
            yield Static(Content(clean(self._title)), classes="title")
            with VerticalScroll(classes="effect", can_focus=False):
                yield Static(Content("\n".join(clean(line) for line in self._effect)))
            if self._ask:
                yield Input(placeholder="reason, kept in the history", id="reason")
                yield Static(Content(f"enter to {self._verb} · esc to cancel"), classes="hint", id="said")
            else:
                yield Static(Content(f"y or enter to {self._verb} · esc to cancel"), classes="hint", id="said")

    def on_mount(self) -> None:
        """Without a reason, enter accepts as well."""
        if not self._ask:
            self._bindings.bind("enter", "accept", show=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Accept with a reason."""
        if not event.value.strip():
            self.query_one("#said", Static).update(Content("a reason is needed: it is what the next person reads"))
            return
        self.dismiss(event.value.strip())

    def action_scroll(self, lines: int) -> None:
        """Scroll a long effect."""
        self.query_one(".effect", VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_accept(self) -> None:
        """Accept without a reason."""
        if not self._ask:
            self.dismiss("")

    def action_cancel(self) -> None:
        """Leave; nothing happens."""
        self.dismiss(None)


class Decide(ModalScreen[str | None]):
    """What is the matter, and a few ways on, each in words; the name of the chosen one, None when cancelled."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *_CANCEL,
        Binding("ctrl+d", "scroll(6)", show=False),
        Binding("ctrl+u", "scroll(-6)", show=False),
    ]
    HINT: ClassVar[str] = "enter to choose · esc to cancel; nothing is written before you choose"

    def __init__(self, title: str, about: Sequence[str], ways: Sequence[tuple[str, str]]) -> None:
        super().__init__(classes="dialog choose decide")
        self._title, self._about, self._ways = title, about, ways

    def compose(self) -> ComposeResult:
        """The sentence, what it is about, the choices."""
        with Vertical(classes="box"):
            yield Static(Content(clean(self._title)), classes="title")
            with VerticalScroll(classes="effect", can_focus=False):
                yield Static(Content("\n".join(clean(line) for line in self._about)), id="about")
            yield OptionList(*(Option(clean(words), id=name) for name, words in self._ways), id="ways", markup=False)
            yield Static(Content(self.HINT), classes="hint")

    def on_mount(self) -> None:
        """The choices have the focus."""
        self.query_one("#ways", OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take a choice."""
        self.dismiss(event.option_id)

    def action_scroll(self, lines: int) -> None:
        """Scroll what it is about."""
        self.query_one(".effect", VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_cancel(self) -> None:
        """Leave; nothing happens."""
        self.dismiss(None)


class Choose(ModalScreen[str | None]):
    """One of a list, narrowed as one types; the chosen id, None when cancelled.

    `free` lets a text that is not in the list be taken as typed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *_CANCEL,
        Binding("down,ctrl+n", "move(1)", show=False),
        Binding("up,ctrl+p", "move(-1)", show=False),
    ]
    SHOWN = 200

    def __init__(self, title: str, options: Sequence[tuple[str, str]], *, value: str = "", free: bool = False) -> None:
        super().__init__(classes="dialog choose")
        self._title, self._options, self._value, self._free = title, list(options), value, free
        self._searched = [f"{name} {label}".casefold() for name, label in self._options]

    def compose(self) -> ComposeResult:
        """Title, filter, list."""
        with Vertical(classes="box"):
            yield Static(Content(clean(self._title)), classes="title")
            yield Input(self._value, placeholder="type to narrow", id="filter")
            yield OptionList(id="options", markup=False)
            yield Static(classes="hint", id="said")

    def on_mount(self) -> None:
        """Fill the list."""
        self._fill(self._value)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the list; the filter may speak before the list is there."""
        if self.query("#options"):
            self._fill(event.value)

    def _fill(self, text: str) -> None:
        words = text.casefold().split()
        lines = zip(self._options, self._searched, strict=True)
        found = [option for option, line in lines if all(word in line for word in words)]
        options = self.query_one("#options", OptionList)
        options.clear_options()
        options.add_options([Option(clean(label), id=name) for name, label in found[: self.SHOWN]])
        if found:
            options.highlighted = 0
        self.query_one("#said", Static).update(Content(clean(self._hint(text.strip(), len(found)))))

    def _hint(self, text: str, found: int) -> str:
        """What enter does now; a list that ends early or holds nothing says so."""
        if not found:
            return f"nothing here matches “{text}” · " + ("enter takes it as typed" if self._free else "esc to cancel")
        more = f"{self.SHOWN} of {found} shown, type to narrow · " if found > self.SHOWN else ""
        return f"{more}enter to choose · esc to cancel"

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what is highlighted, or the text as typed."""
        options = self.query_one("#options", OptionList)
        if options.highlighted is not None and options.option_count:
            self.dismiss(options.get_option_at_index(options.highlighted).id)
        elif self._free and event.value.strip():
            self.dismiss(event.value.strip())

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take what was clicked."""
        self.dismiss(event.option_id)

    def action_move(self, step: int) -> None:
        """Move the highlight while the filter keeps the focus."""
        options = self.query_one("#options", OptionList)
        if step > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    def action_cancel(self) -> None:
        """Leave without a choice."""
        self.dismiss(None)


class Reader(ModalScreen[None]):
    """A text to read: help, why, a preview. Any text is shown as it is, never as markup."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,question_mark", "close", "close"),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
        Binding("ctrl+d,pagedown,space", "scroll(12)", show=False),
        Binding("ctrl+u,pageup", "scroll(-12)", show=False),
    ]

    def __init__(self, title: str, text: str | Content) -> None:
        super().__init__(classes="dialog reader")
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        """Title and text."""
        with Vertical(classes="box"):
            yield Static(Content(clean(self._title)), classes="title")
            with VerticalScroll(id="text", can_focus=False):
                yield Static(self._text if isinstance(self._text, Content) else Content(self._text))
            yield Static(Content("esc to close · j k to scroll"), classes="hint")

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one("#text", VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_close(self) -> None:
        """Back to the screen below."""
        self.dismiss(None)
