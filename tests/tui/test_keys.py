"""The one table of commands: no key with two meanings, every command explained, bindings that Textual accepts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.widgets import Input, Static

from tui import keys
from tui.keys import COMMANDS, SCOPES, Chords, Scope

DESIGN_KEYS = r"""
j k h l G gg ctrl+d ctrl+u enter esc q 1 2 3 4 5 tab [ ] v / o \ f p space * n e d c u s m t i x w y Y O z Z ! . , D T
? ctrl+p : + - b H L = W N r A P R < > U ctrl+s
"""


def test_every_key_of_the_design_is_there_and_has_one_meaning_over_all_screens() -> None:
    shown = {key for command in COMMANDS for key in command.shown.split()}
    assert [key for key in DESIGN_KEYS.split() if key not in shown] == []
    assert keys.clashes() == []


def test_clashes_are_found() -> None:
    quit_ = next(c for c in COMMANDS if c.name == "quit")
    assert keys.clashes([*COMMANDS, replace(quit_, name="other")]) == ["q means quit and other"]
    assert keys.clashes([*COMMANDS, replace(quit_, keys=("g",), name="go")]) == ["g means go and begins g g"]
    assert "quit is defined twice" in keys.clashes([*COMMANDS, replace(quit_, keys=("F12",))])


@pytest.mark.parametrize("scope", SCOPES)
def test_every_command_of_a_screen_has_a_word_and_a_sentence(scope: Scope) -> None:
    for command in keys.for_screen(scope):
        assert command.title_in(scope)
        assert command.help_in(scope).endswith(".")
        assert command.help_in(scope)[0].isupper()
        assert command.help_in(scope) in keys.help_text(scope)


@pytest.mark.parametrize("scope", SCOPES)
def test_a_footer_fits_and_no_two_commands_share_a_place(scope: Scope) -> None:
    places = [c.footer for c in COMMANDS if scope in c.where and c.footer]
    assert len(places) == len(set(places))
    shown = [b for b in keys.bindings(scope) if isinstance(b, Binding) and b.show]
    assert len(shown) <= 15


def test_words_belong_to_scopes_the_command_acts_in() -> None:
    for command in COMMANDS:
        reach = command.where | ({"checklist"} if "lists" in command.where else set())
        assert set(command.words) <= reach, command.name


def test_a_screen_words_a_command_for_its_subject() -> None:
    tick = next(b for b in keys.bindings("lists", "checklist") if isinstance(b, Binding) and b.action == "tick")
    assert (tick.key, tick.description) == ("space", "step")


async def test_letters_act_outside_inputs_only_and_gg_needs_both_presses() -> None:
    class Lines(Chords, Static, can_focus=True):
        def action_first(self) -> None:
            done.append("first")

    class Small(App[None]):
        BINDINGS = keys.bindings("everywhere")

        def compose(self) -> ComposeResult:
            yield Input()
            yield Lines()

        def action_review(self) -> None:
            done.append("review")

        async def action_quit(self) -> None:
            done.append("quit")

    done: list[str] = []
    app = Small()
    async with app.run_test() as pilot:
        app.query_one(Input).focus()
        await pilot.press("q", "exclamation_mark", "g", "g")
        assert (done, app.query_one(Input).value) == ([], "q!gg")
        app.query_one(Lines).focus()
        await pilot.press("g", "q", "g")
        assert done == ["quit"]
        await pilot.press("g", "exclamation_mark")
        assert done == ["quit", "first", "review"]
