"""Up to eight yes-or-no questions that settle which items of a checklist apply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from store.review.questions import Question
from tui.text import clean

_WORDS = {True: "yes", False: "no ", None: " ? "}


class Questions(ModalScreen[dict[str, bool] | None]):
    """Answers by the question's name; unanswered ones are left out. None where all are put off."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "say(True)", "yes"),
        Binding("n", "say(False)", "no"),
        Binding("space", "say(None)", "skip"),
        Binding("j", "move(1)", show=False),
        Binding("k", "move(-1)", show=False),
        Binding("enter,ctrl+s", "save", "save", priority=True),
        Binding("escape", "later", "later"),
    ]

    def __init__(self, subject: str, questions: Sequence[Question]) -> None:
        super().__init__(classes="dialog questions")
        self._subject, self._questions = subject, list(questions)
        self.answers: dict[str, bool] = {}

    def compose(self) -> ComposeResult:
        """Title, a line a question, the keys."""
        with Vertical(classes="box"):
            yield Static(Content(clean(f"What is {self._subject} like? Unanswered items stay in.")), classes="title")
            yield OptionList(*(self._option(q) for q in self._questions), markup=False)
            yield Static(Content("y yes · n no · space skip · enter save · esc later"), classes="hint")

    def on_mount(self) -> None:
        """Begin with the first."""
        self.query_one(OptionList).highlighted = 0
        self.query_one(OptionList).focus()

    def _option(self, question: Question) -> Option:
        mark = _WORDS[self.answers.get(question.name)]
        return Option(f"[{mark}] {clean(question.text)}  · {', '.join(question.items)}", id=question.name)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click goes from open to yes to no to open."""
        name = self._questions[event.option_index].name
        after: dict[bool | None, bool | None] = {None: True, True: False, False: None}
        self._answer(event.option_index, after[self.answers.get(name)])

    def action_say(self, answer: bool | None) -> None:
        """Answer the question under the cursor and go to the next."""
        at = self.query_one(OptionList).highlighted
        if at is not None:
            self._answer(at, answer)
            self.action_move(1)

    def _answer(self, at: int, answer: bool | None) -> None:
        question = self._questions[at]
        self.answers.pop(question.name, None)
        if answer is not None:
            self.answers[question.name] = answer
        self.query_one(OptionList).replace_option_prompt_at_index(at, self._option(question).prompt)

    def action_move(self, step: int) -> None:
        """Go to another question; stop at the ends."""
        options = self.query_one(OptionList)
        options.highlighted = min(max((options.highlighted or 0) + step, 0), len(self._questions) - 1)

    def action_save(self) -> None:
        """Take the answers."""
        self.dismiss(self.answers or None)

    def action_later(self) -> None:
        """Leave all open."""
        self.dismiss(None)
