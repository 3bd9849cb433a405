"""One form for every record: fields with the sentence at the field while typing, saved with ctrl+s.

A form is given its fields and a `check` that turns the values into a record or says what is wrong with which field;
it returns what `check` made. It knows no record itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static, TextArea

from tui import keys
from tui.screens.dialogs import Choose, Confirm
from tui.text import clean

Values = dict[str, str]


@dataclass(frozen=True, slots=True)
class FormField:
    """One line of a form. `choices` are (value, words) to pick from with enter or down; `free` allows others too."""

    name: str
    label: str
    value: str = ""
    kind: Literal["text", "long", "choice", "yes_no"] = "text"
    choices: Sequence[tuple[str, str]] = ()
    free: bool = False
    hint: str = ""
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Faults(Exception):
    """What `check` raises: field name to sentence ("" for the form as a whole)."""

    by_field: Mapping[str, str]


class _Line(Input):
    """An input that opens its choices."""

    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, field: FormField) -> None:
        self.field = field
        names = [value for value, _ in field.choices]
        super().__init__(
            field.value,
            placeholder=clean(field.hint),
            id=f"f-{field.name}",
            disabled=field.locked,
            suggester=SuggestFromList(names, case_sensitive=False) if names else None,
            select_on_focus=False,
        )

    async def key_down(self) -> None:
        """Open the choices, or go to the next field."""
        if self.field.choices:
            self.screen.pick(self.field)  # type: ignore[attr-defined]  # a _Line lives in a Form only
        else:
            self.screen.focus_next()

    async def key_up(self) -> None:
        """Go to the field before."""
        self.screen.focus_previous()


class Form(ModalScreen[Any]):
    """A form over a screen; dismissed with what `check` made of the values, or None."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("forms")

    def __init__(
        self, title: str, fields: Sequence[FormField], check: Callable[[Values], Any], *, hint: str = ""
    ) -> None:
        super().__init__(classes="dialog form")
        self._title, self._fields, self._check, self._hint = title, list(fields), check, hint
        self._start = {f.name: f.value for f in fields}

    def compose(self) -> ComposeResult:
        """A line a field, with room for its sentence."""
        with Vertical(classes="box"):
            yield Static(Content(clean(self._title)), classes="title")
            with VerticalScroll(id="fields", can_focus=False):
                for field in self._fields:
                    with Horizontal(classes="field"):
                        yield Static(Content(clean(field.label)), classes="label")
                        if field.kind == "long":
                            yield TextArea(field.value, id=f"f-{field.name}", show_line_numbers=False, classes="long")
                        else:
                            yield _Line(field)
                    yield Static("", id=f"e-{field.name}", classes="fault")
            yield Static("", id="e-", classes="fault")
            more = " · ↓ on a field with choices shows them" if any(f.choices for f in self._fields) else ""
            yield Static(Content(self._hint or f"ctrl+s save · tab next · esc cancel{more}"), classes="hint")

    def on_mount(self) -> None:
        """Begin in the first field that can be written."""
        for field in self._fields:
            if not field.locked:
                self.query_one(f"#f-{field.name}").focus()
                break

    def values(self) -> Values:
        """What the fields hold, trimmed."""
        found = {}
        for field in self._fields:
            widget = self.query_one(f"#f-{field.name}")
            text = widget.text if isinstance(widget, TextArea) else widget.value if isinstance(widget, Input) else ""
            found[field.name] = text.strip()
        return found

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say while typing what is wrong with this field; a field that was not reached yet is left alone."""
        if isinstance(event.input, _Line):
            self._validate(event.input.field.name)

    @work(exclusive=True, thread=True, group="validate", exit_on_error=False)
    def _validate(self, name: str) -> None:
        values = self.app.call_from_thread(self.values)
        try:
            self._check(values)
            faults: Mapping[str, str] = {}
        except Faults as error:
            faults = error.by_field
        self.app.call_from_thread(self._show, {name: faults.get(name, "")})

    def _show(self, faults: Mapping[str, str]) -> None:
        for name, sentence in faults.items():
            for widget in self.query(f"#e-{name}").results(Static):
                widget.update(Content(sentence))
                widget.set_class(bool(sentence), "shown")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter opens choices of an empty field, otherwise goes on; in the last field it saves."""
        field = event.input.field if isinstance(event.input, _Line) else None
        if field is not None and field.choices and not event.value:
            self.pick(field)
        elif field is not None and field.name == self._fields[-1].name:
            self.action_save()
        else:
            self.focus_next()

    @work
    async def pick(self, field: FormField) -> None:
        """Choose the value of a field from its list."""
        chosen = await self.app.push_screen_wait(Choose(field.label, field.choices, free=field.free))
        if chosen is not None:
            self.query_one(f"#f-{field.name}", Input).value = chosen

    @work(exclusive=True, group="save")
    async def action_save(self) -> None:
        """Check everything, off the event loop; leave with the record, or show what is wrong and stay."""
        try:
            made = await asyncio.to_thread(self._check, self.values())
        except Faults as error:
            named = {f.name for f in self._fields}
            rest = "; ".join(s for n, s in error.by_field.items() if n not in named and s)
            self._show({f.name: error.by_field.get(f.name, "") for f in self._fields} | {"": rest})
            first = next((f.name for f in self._fields if error.by_field.get(f.name)), None)
            if first is not None:
                self.query_one(f"#f-{first}").focus()
            return
        self.dismiss(made)

    @work
    async def action_back(self) -> None:
        """Leave; ask first if something was changed."""
        if self.values() != {k: v.strip() for k, v in self._start.items()}:
            answer = await self.app.push_screen_wait(
                Confirm("Leave the form?", ["What you changed here is not saved."], ask_reason=False, verb="leave")
            )
            if answer is None:
                return
        self.dismiss(None)
