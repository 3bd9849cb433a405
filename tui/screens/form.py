"""One form for every record: fields with the sentence at the field while typing, saved with ctrl+s.

A form is given its fields and a `check` that turns the values into a record or says what is wrong with which field. It
knows no record itself. Where it is also given `save`, it stays open, with all that was typed, until that succeeded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from store.values import dataclass
from tui import keys
from tui.screens.dialogs import Choose, Confirm
from tui.text import clean

Values = dict[str, str]

SUGGESTED = 5_000
"""Choices that complete what is typed: more would cost time at every key."""
YES_NO: Sequence[tuple[str, str]] = (("yes", "yes"), ("no", "no"))


@dataclass(frozen=True, slots=True)
class FormField:
    """One line of a form. `choices` are (value, words) to pick from with enter or down; `free` allows others too.

    `group` puts a heading before the first field of each group. `when` hides the field, and empties its value, while
    it says no to the form's values.
    """

    name: str
    label: str
    value: str = ""
    kind: Literal["text", "long", "yes_no"] = "text"
    choices: Sequence[tuple[str, str]] = ()
    free: bool = False
    hint: str = ""
    locked: bool = False
    group: str = ""
    when: Callable[[Mapping[str, str]], bool] | None = None

    @property
    def options(self) -> Sequence[tuple[str, str]]:
        """What can be picked."""
        return YES_NO if self.kind == "yes_no" else self.choices


class Faults(Exception):
    """What `check` raises: field name to sentence ("" for the form as a whole)."""

    def __init__(self, by_field: Mapping[str, str]) -> None:
        self.by_field = by_field
        super().__init__("; ".join(by_field.values()))


class _Row(Widget):
    """A field with its label, and its sentence below. The label is painted, not a widget: forms open faster."""

    def __init__(self, field: FormField) -> None:
        super().__init__(id=f"row-{field.name}", classes="field")
        self._label = Content(clean(field.label))

    def render(self) -> Content:
        """The label, left of the field."""
        return self._label


class _Line(Input):
    """An input that opens its choices."""

    @dataclass
    class Pick(Message):
        """The choices of a field are wanted."""

        field: FormField

    def __init__(self, field: FormField) -> None:
        self.field = field
        names = [value for value, _ in field.options]
        super().__init__(
            field.value,
            placeholder=clean(field.hint) or ("↓ to choose" if names else ""),
            id=f"f-{field.name}",
            disabled=field.locked,
            suggester=SuggestFromList(names, case_sensitive=False) if 0 < len(names) <= SUGGESTED else None,
            select_on_focus=False,
        )

    async def key_down(self) -> None:
        """Open the choices, or go to the next field."""
        if self.field.options:
            self.post_message(self.Pick(self.field))
        else:
            self.screen.focus_next()

    async def key_up(self) -> None:
        """Go to the field before."""
        self.screen.focus_previous()


class Form(ModalScreen[Any]):
    """A form over a screen; dismissed with what `check` made of the values, or None.

    `check` runs in a thread and raises `Faults`. `save` is awaited with what it made; False keeps the form open.
    """

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("forms")

    def __init__(
        self,
        title: str,
        fields: Sequence[FormField],
        check: Callable[[Values], Any],
        *,
        hint: str = "",
        save: Callable[[Any], Awaitable[bool]] | None = None,
    ) -> None:
        super().__init__(classes="dialog form")
        self._title, self._fields, self._check, self._hint = title, list(fields), check, hint
        self._save_to = save
        self._start = {f.name: f.value.strip() for f in fields}

    def compose(self) -> ComposeResult:
        """A line a field, with room for its sentence."""
        group = ""
        with Vertical(classes="box"):
            yield Static(Content(clean(self._title)), classes="title")
            with VerticalScroll(id="fields", can_focus=False):
                for field in self._fields:
                    if field.group and field.group != group:
                        group = field.group
                        yield Static(Content(clean(group)), classes="group", id=f"g-{field.name}")
                    with _Row(field):
                        if field.kind == "long":
                            alone = len(self._fields) == 1
                            yield TextArea(
                                field.value, id=f"f-{field.name}", show_line_numbers=alone, disabled=field.locked,
                                classes="long alone" if alone else "long", placeholder=clean(field.hint),
                            )  # fmt: skip
                        else:
                            yield _Line(field)
            yield Static("", id="e-", classes="fault whole")
            more = " · ↓ choices" if any(f.options for f in self._fields) else ""
            yield Static(Content(self._hint or f"ctrl+s save · tab next{more} · esc cancel"), classes="hint")

    def on_mount(self) -> None:
        """Begin in the first empty field that can be written, else in the first one."""
        self._fold()
        open_fields = [f for f in self._fields if not f.locked and self._applies(f, self._start)]
        first = next((f for f in open_fields if not f.value and f.kind != "long"), None)
        begin = open_fields[0] if open_fields and (first is None or open_fields[0].value) else first
        if begin is not None:
            self.query_one(f"#f-{begin.name}").focus()

    # ── values ──

    def values(self) -> Values:
        """What the fields hold, trimmed; "" for those that do not apply."""
        found = {f.name: self._held(f) for f in self._fields}
        return {f.name: found[f.name] if self._applies(f, found) else "" for f in self._fields}

    def _held(self, field: FormField) -> str:
        widget = self.query_one(f"#f-{field.name}")
        if isinstance(widget, TextArea):
            return widget.text.strip()
        return widget.value.strip() if isinstance(widget, Input) else ""

    @staticmethod
    def _applies(field: FormField, values: Mapping[str, str]) -> bool:
        return field.when is None or field.when(values)

    def _fold(self) -> None:
        """Show the fields that apply to what is typed."""
        if any(f.when is not None for f in self._fields):
            held = {f.name: self._held(f) for f in self._fields}
            groups = set()
            for field in self._fields:
                shown = self._applies(field, held)
                self.query_one(f"#row-{field.name}").display = shown
                if shown:
                    groups.add(field.group)
                else:
                    self._show({field.name: ""})
            for field in self._fields:
                for heading in self.query(f"#g-{field.name}"):
                    heading.display = field.group in groups

    # ── checking ──

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say while typing what is wrong with this field; a field that was not reached yet is left alone."""
        event.stop()
        if isinstance(event.input, _Line):
            self._fold()
            if event.input.has_focus:
                self._validate(event.input.field.name)

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """The same for a text of several lines."""
        event.stop()
        if event.text_area.has_focus and event.text_area.id is not None:
            self._validate(event.text_area.id.removeprefix("f-"))

    @work(exclusive=True, group="validate")
    async def _validate(self, name: str) -> None:
        try:
            await asyncio.to_thread(self._check, self.values())
        except Faults as error:
            self._show({name: error.by_field.get(name, "")})
        else:
            self._show({name: ""})

    def _show(self, faults: Mapping[str, str]) -> None:
        """Put sentences at their fields; a field gets its line when it first needs one, as most never do."""
        for name, sentence in faults.items():
            if name and sentence and not self.query(f"#e-{name}"):
                line = Static(Content(clean(sentence)), id=f"e-{name}", classes="fault shown")
                self.query_one(f"#row-{name}").mount(line)
            for widget in self.query(f"#e-{name}").results(Static):
                widget.update(Content(clean(sentence)))
                widget.set_class(bool(sentence), "shown")

    # ── keys ──

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter opens choices of an empty field, otherwise goes on; in the last field it saves."""
        event.stop()
        field = event.input.field if isinstance(event.input, _Line) else None
        shown = [f for f in self._fields if self.query_one(f"#row-{f.name}").display and not f.locked]
        if field is not None and field.options and not event.value:
            self._pick(field)
        elif field is not None and shown and field is shown[-1]:
            self.action_save()
        else:
            self.focus_next()

    def on__line_pick(self, event: _Line.Pick) -> None:
        """Show the choices of a field."""
        event.stop()
        self._pick(event.field)

    @work
    async def _pick(self, field: FormField) -> None:
        options = [
            (value, f"{value}  {words}" if words and words != value else value) for value, words in field.options
        ]
        chosen = await self.app.push_screen_wait(Choose(field.label, options, free=field.free))
        if chosen is not None:
            line = self.query_one(f"#f-{field.name}", Input)
            line.value = chosen
            line.cursor_position = len(chosen)

    @work(exclusive=True, group="save")
    async def action_save(self) -> None:
        """Check everything, off the event loop; leave with the record, or show what is wrong and stay."""
        self._show({"": ""})
        try:
            made = await asyncio.to_thread(self._check, self.values())
        except Faults as error:
            self._refuse(error.by_field)
            return
        if self._save_to is None or await self._save_to(made):
            self.dismiss(made)

    def _refuse(self, faults: Mapping[str, str]) -> None:
        shown = {f.name for f in self._fields if self.query_one(f"#row-{f.name}").display}
        rest = "; ".join(s for n, s in faults.items() if n not in shown and s)
        self._show({f.name: faults.get(f.name, "") if f.name in shown else "" for f in self._fields} | {"": rest})
        first = next((f for f in self._fields if f.name in shown and faults.get(f.name) and not f.locked), None)
        if first is not None:
            self.query_one(f"#f-{first.name}").focus()

    @work(exclusive=True, group="back")
    async def action_back(self) -> None:
        """Leave; ask first if something was changed."""
        held = {f.name: self._held(f) for f in self._fields}
        if held != self._start:
            answer = await self.app.push_screen_wait(
                Confirm("Leave the form?", ["What you changed here is not saved."], ask_reason=False, verb="leave")
            )
            if answer is None:
                return
        self.dismiss(None)
