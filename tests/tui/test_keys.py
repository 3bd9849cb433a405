"""The one table of commands: no key with two meanings, every command explained, bindings that Textual accepts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.widgets import Input, Static

from tui import keys
from tui.keys import COMMANDS, SCOPES, Chords, Scope
from tui.theme import variable_defaults
from tui.widgets.key_line import KeyLine

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


@pytest.mark.parametrize("scope", [scope for scope in SCOPES if scope not in ("everywhere", "lists")])
def test_a_footer_fits_140_columns_and_names_help_on_any(scope: Scope) -> None:
    line = KeyLine(scope)
    wanted = keys.footer(scope)
    for width in (140, 80, 40):
        placed = line.placed(width)
        shown = [command for _, command in placed]
        assert shown[: len(shown) - len(line._always)] == wanted[: len(shown) - len(line._always)]
        assert scope == "forms" or [c.name for c in shown[-2:]] == ["help", "command_palette"]
        ends = [x + len(c.first) + 1 + len(c.title_in(scope)) for x, c in placed]
        assert all(end + 2 <= x for end, (x, _) in zip(ends, placed[1:], strict=False))
        assert ends[-1] <= width
    assert [c for _, c in line.placed(140)][: len(wanted)] == wanted


async def test_a_click_on_the_footer_presses_the_key() -> None:
    class Small(App[None]):
        CSS_PATH = Path(__file__).parents[2] / "screens.css"
        BINDINGS = keys.bindings("catalog")

        def get_theme_variable_defaults(self) -> dict[str, str]:
            return variable_defaults(self.current_theme)

        def compose(self) -> ComposeResult:
            yield KeyLine("catalog")

        def action_compare(self) -> None:
            done.append("compare")

    done: list[str] = []
    app = Small()
    async with app.run_test(size=(80, 5)) as pilot:
        line = app.query_one(KeyLine)
        text = line.render_line(0).text
        assert text.startswith(" / filter  space mark  c compare")
        assert text.rstrip().endswith("? help  ^p all")
        await pilot.click(line, offset=(text.index("compare"), 0))
        await pilot.pause()
        assert done == ["compare"]


def test_words_belong_to_scopes_the_command_acts_in() -> None:
    for command in COMMANDS:
        reach = command.where | ({"checklist", "compare"} if "lists" in command.where else set())
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
