"""The review session walked by keys: decide, go on, interrupt, resume, minutes; and its commands."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from walking import SMALL, TODAY, Driver, driving

from store.catalog import Catalog, fixed_clock
from store.engine import new_uid
from store.records import UseCase
from tui.cli import main
from tui.screens.review import ReviewScreen
from tui.screens.review_page import wrapped
from tui.text import Styled
from tui.widgets.table import Table


def review(it: Driver) -> ReviewScreen:
    assert isinstance(it.app.screen, ReviewScreen)
    return it.app.screen


async def start(it: Driver) -> None:
    await it.press("exclamation_mark")
    await it.until("Compared with")


async def test_the_worst_use_case_comes_first_with_all_that_a_decision_needs(demo_path: Path) -> None:
    async with driving(demo_path) as it:
        await start(it)
        assert review(it).names[:3] == ["claims-extraction", "support-assistant", "code-review"]
        await it.press("full_stop")
        await it.until("the target of its upgrade")
        screen = it.screen()
        for words in (
            "2 of", "support-assistant · ○ open · 0 of", "Needs a decision  ", "late ", "→ Go on with the upgrade",
            "support platform", "■ stops", "9 Dec 2026 · 16 d", "Never reviewed before", "◌ INCONCLUSIVE",
            "Compared with azure-openai/gpt-5.4@2026-03-05", "before it may be promoted", "moved ▸ +69 d",
        ):  # fmt: skip
            assert words in screen, words
        await it.press("comma")
        await it.until("claims-extraction · ○ open")
        assert review(it).query_one("#review-page", Table).cursor_key.startswith("claims-extraction\nfindings\n0\n0")


async def test_a_decision_takes_one_key_and_leads_to_the_next(demo_path: Path) -> None:
    async with driving(demo_path) as it:
        await start(it)
        await it.press("full_stop", "full_stop")
        await it.until("code-review · ○ open")
        await it.press("F")
        await it.until("decide later, on a day")
        await it.press("ctrl+s")
        for _ in range(50):
            if review(it).current != "code-review":
                break
            await it.settle()
        decision = it.app.catalog.use_cases["code-review"].decisions[-1]
        assert (decision.kind, decision.until, decision.by) == ("later", date(2026, 12, 7), "ann")
        assert decision.deadline == date(2027, 1, 14)
        assert not [f for f in it.app.view.findings if f.use_case == "code-review" and f.kind == "due"]
        assert review(it).current not in ("code-review",)
        assert "✔ code-review" in it.screen()
        await it.press("z")
        await it.settle()
        assert it.app.catalog.use_cases["code-review"].decisions == ()
        assert "○ code-review" in it.screen()


async def test_stay_is_proposed_until_the_last_day_and_refused_after_it(demo_path: Path) -> None:
    async with driving(demo_path) as it:
        await start(it)
        await it.press("full_stop", "S")
        await it.until("2026-12-09")
        field = it.app.screen.query_one("#f-until")
        field.value = "2027-03-01"
        await it.press("ctrl+s")
        await it.until("it stops on 2026-12-09")
        assert it.app.catalog.use_cases["support-assistant"].decisions == ()


async def test_a_review_is_interrupted_and_taken_up_and_ends_with_minutes(demo_path: Path, tmp_path: Path) -> None:
    async with driving(demo_path) as it:
        await start(it)
        count = len(review(it).names)
        await it.press("a")
        await it.until("support-assistant · ○ open")
        await it.press("escape")
        assert "Catalog" in it.screen().splitlines()[0]
    async with driving(demo_path) as it:
        await start(it)
        assert any(f"The review goes on: 1 of {count} done." in said for said in it.toasts())
        assert review(it).current == "support-assistant"
        for _ in range(count - 1):
            await it.press("a")
            await it.settle()
        await it.until("Minutes of this review")
        assert "# Review of 23 Nov 2026" in it.screen()
        await it.press("x")
        await it.until("Write the minutes to which file?")
        out = tmp_path / "minutes.md"
        it.app.focused.value = str(out)
        await it.press("enter")
        for _ in range(100):
            if out.exists():
                break
            await it.pilot.pause(0.02)
        said = out.read_text("utf-8")
        assert "## Looked at, nothing decided" in said
        assert "- claims-extraction" in said
        assert "| support-assistant | azure-openai/gpt-4o@2024-05-13: Work had to start" in said


async def test_what_changed_since_the_last_review_is_told(demo_path: Path) -> None:
    with Catalog.open(demo_path, actor="ann", clock=fixed_clock(date(2026, 11, 16))) as c:
        c.reviewed("churn")
        before = c.use_cases["churn"]
        c.edit_use_case(replace(before, reviewed="2026-11-09T10:00:00Z"), before, "kept quiet")
    with Catalog.open(demo_path, actor="eve", clock=fixed_clock(date(2026, 11, 20))) as c:
        c.register("mlflow/churn@9", released=date(2026, 11, 20))
        c.edit_use_case(replace(c.use_cases["churn"], owner="crm"), c.use_cases["churn"], "new team")
    async with driving(demo_path) as it:
        await start(it)
        review(it).query_one("#review-list", Table).focus()
        await it.press("G")
        await it.until("churn · ○ open")
        await it.until("Since the last review  9 Nov · 14 d ago")
        assert "edit use case churn · new team · eve" in it.screen()
        assert "newer version" in it.screen()  # @9; that @8 is better was seen by the review of the 9th


async def test_enter_opens_what_a_line_is_about_and_the_upgrade_key_starts_one(demo_path: Path) -> None:
    async with driving(demo_path) as it:
        await start(it)
        await it.press("enter")
        assert "azure-openai/o3@2025-04-16" in it.screen().splitlines()[0]
        await it.press("escape", "c")
        await it.until("Compare ▸ claims-extraction")
        await it.press("escape", "full_stop", "u")
        await it.until("Upgrade ▸ support-assistant")
        await it.press("exclamation_mark")
        assert isinstance(it.app.screen, ReviewScreen)
        assert review(it).current == "support-assistant"


async def test_eighty_columns(demo_path: Path) -> None:
    async with driving(demo_path, SMALL) as it:
        await start(it)
        await it.press("full_stop")
        await it.until("support-assistant · ○ open")
        assert all(len(line) <= 80 for line in it.screen().splitlines())
        assert not review(it).query_one("#review-list").display


async def test_nothing_to_review(store_path: Path) -> None:
    async with driving(store_path) as it:
        await it.press("exclamation_mark", "full_stop", "a", "enter", "S")
        await it.until("Nothing needs a decision.")


async def test_hostile_names_and_long_notes_stay_text(store_path: Path) -> None:
    with Catalog.open(store_path, actor="ann", clock=fixed_clock(TODAY)) as c:
        note = "[bold]x[/] \u202e " + "word " * 2_000
        c.add_use_case(UseCase(new_uid(), "odd", title="[red]t", owner="", note=note))
        c.assign("odd", "openai/gpt-4.1@2025-04-14")
    async with driving(store_path) as it:
        await it.press("exclamation_mark")
        await it.until("Compared with")
        assert "[red]t" in it.screen()
        assert "[bold]x[/]" in it.screen()
        assert "\u202e" not in it.screen()


async def test_a_model_of_our_own_without_a_second_version_has_no_candidate(store_path: Path) -> None:
    with Catalog.open(store_path, actor="ann", clock=fixed_clock(TODAY)) as c:
        c.add_use_case(UseCase(new_uid(), "solo", owner="a"))
        c.register("mlflow/solo@1")
        c.assign("solo", "mlflow/solo@1")
    async with driving(store_path) as it:
        await it.press("exclamation_mark")
        await it.until("No candidate is known")


def test_wrapping_keeps_every_word_and_the_width() -> None:
    cell = [Styled("one two three "), Styled("four", "key"), Styled(" five"), Styled("x" * 40)]
    lines = wrapped(cell, 12)
    assert ["".join(p.text for p in line) for line in lines][:2] == ["one two", "three four"]
    assert " ".join("".join(p.text for p in line).strip() for line in lines).split() == [
        "one", "two", "three", "four", "five", "x" * 40,
    ]  # fmt: skip


# ── the command line ──────────────────────────────────────────────────────────────────────────────────────────────


def test_review_lists_and_writes_minutes_of_the_last_one(
    demo_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--store", str(demo_path), "--today", "2026-11-23", "--as", "ann", "review"]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert said.index("claims-extraction") < said.index("support-assistant") < said.index("code-review")
    assert "last review never" in said
    with Catalog.open(demo_path, actor="ann", clock=fixed_clock(TODAY)) as c:
        c.reviewed("churn")
    out = tmp_path / "minutes.md"
    assert main([*command, "--minutes", str(out)]) == 0
    assert "- churn" in out.read_text("utf-8")
    assert main([*command, "--minutes", str(tmp_path / "no" / "where.md")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_calendar_writes_every_due_day(demo_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(demo_path, tmp_path / "c.json")
    out = tmp_path / "due.ics"
    assert main(["--store", str(tmp_path / "c.json"), "--today", "2026-11-23", "calendar", str(out)]) == 0
    text = out.read_bytes().decode()
    assert text.startswith("BEGIN:VCALENDAR\r\n")
    assert "SUMMARY:code-review: start the upgrade" in text
    assert text.count("BEGIN:VEVENT") == int(capsys.readouterr().out.split()[0])
