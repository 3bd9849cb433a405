"""Two people change the same: the app asks which value stands, in a form and on the way back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import OptionList, Static
from walking import TODAY, Walk, walk

from store.catalog import Catalog, fixed_clock
from store.records import UseCase
from tui.cli import main


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "catalog.json"
    with opened(found, "ann") as catalog:
        catalog.add_use_case(UseCase("u1", "support", owner="ann"))
    return found


def opened(path: Path, actor: str) -> Catalog:
    return Catalog.open(path, actor=actor, clock=fixed_clock(TODAY))


def by_bob(path: Path, **values: str) -> None:
    with opened(path, "bob") as bob:
        base = bob.use_case("support")
        bob.edit_use_case(replace(base, **values), base, why="as agreed")


async def asked(it: Walk) -> str:
    """The question, as it reads."""
    await it.on("Decide")
    return "\n".join(str(widget.render()) for widget in it.screen.query(Static))


async def answered(it: Walk, way: str) -> None:
    ways = it.screen.query_one("#ways", OptionList)
    ways.highlighted = [option.id for option in ways.options].index(way)
    await it.press("enter")


async def open_form(it: Walk) -> None:
    await it.press("5")
    await it.on("UseCasesScreen")
    await it.press("e")
    await it.choose("support")
    await it.on("Form")


@pytest.mark.parametrize(("way", "title"), [("mine", "ann's"), ("theirs", "bob's")])
async def test_a_form_asks_which_value_stands_and_saves_the_rest(path: Path, way: str, title: str) -> None:
    async with walk(path) as it:
        await open_form(it)
        by_bob(path, title="bob's", approver="bob")
        await it.fill(title="ann's", note="mine")
        await it.save()
        said = await asked(it)
        for words in ("support: title", "now    'bob's'   (bob, ", "as agreed", "yours  'ann's'"):
            assert words in said
        assert "note" not in said, "what only one changed is no question"
        await it.press("escape")
        await it.on("Form")
        assert it.value("title") == "ann's", "nothing that was typed is lost"
        assert it.catalog.use_case("support").note == ""
        await it.save()
        await asked(it)
        await answered(it, way)
        await it.on("UseCasesScreen")
        now = it.catalog.use_case("support")
        assert (now.title, now.note, now.approver) == (title, "mine", "bob")


async def test_undo_asks_about_what_was_changed_since_and_goes_on_behind_it(path: Path) -> None:
    with opened(path, "me") as mine:
        base = mine.use_case("support")
        mine.edit_use_case(replace(base, owner="eve"), base)
        base = mine.use_case("support")
        mine.edit_use_case(replace(base, title="first"), base)
    by_bob(path, title="second")
    async with walk(path) as it:
        await it.press("z")
        said = await asked(it)
        assert "'title' of support is 'second' now, not the 'first' it set" in said
        assert "before nothing" in said.replace("'", "")
        await answered(it, "theirs")
        await it.until(lambda: any("Left as it is" in words for words in it.said()), "what became of it")
        await it.press("z")
        await it.until(lambda: it.catalog.use_case("support").owner == "ann", "the edit before is taken back")
        assert it.catalog.use_case("support").title == "second"


def test_the_command_line_says_what_undo_meets_and_how_to_go_on(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*words: str) -> tuple[int, str, str]:
        code = main(["--store", str(path), "--as", "ann", "--today", str(TODAY), *words])
        return code, *capsys.readouterr()

    assert run("use-case", "edit", "support", "--title", "first")[0] == 0
    by_bob(path, title="second")
    code, _, said = run("undo")
    assert code == 2
    assert "'title' of support is 'second' now, not the 'first' it set; --keep leaves" in said
    assert "--force takes back all of it" in said
    code, said, _ = run("undo", "--force")
    assert (code, said) == (0, "Done: undo edit use case support; modeltui redo repeats it.\n")
    assert '"title": null' in run("use-case", "show", "support", "--json")[1]
    run("redo")
    by_bob(path, title="third")
    code, said, _ = run("undo", "--keep", "--json")
    assert (code, json.loads(said)["event"]["changes"]) == (0, [])
    assert "nothing of it could be taken back" in run("history")[1]
    assert '"title": "third"' in run("use-case", "show", "support", "--json")[1]
