"""Version detail: what stands behind each line, what changed in words, notes, links, and what ran on a past day."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from unittest.mock import patch

import pytest
from rich.cells import cell_len
from walking import Walk, walk

from store.catalog import Catalog, fixed_clock
from store.engine import new_uid
from store.records import Fact, Lineage, Measurement, Station, UseCase, Version
from tui.app import ModelTui
from tui.detail.lineage import link_of
from tui.detail.markdown import markdown_lines
from tui.screens.detail import DetailScreen
from tui.text import plain
from tui.widgets.table import Table

OLD, NEW = "acme/chat@1", "acme/chat@2"
NOTES = "# Two\n\n- **faster** by `30 %`\n- see [the page](https://example.org/2)\n\n" + "word " * 60


def _facts(price: float, context: int, capabilities: list[str], day: str) -> dict[str, tuple[Fact, ...]]:
    values = {"price_input": price, "context_window": context, "capabilities": capabilities, "release_date": day}
    return {n: (Fact(v, "list", "2026-11-01"),) for n, v in values.items()}


@pytest.fixture
def acme(store_path: Path) -> Path:
    with Catalog.open(store_path, actor="ann", clock=fixed_clock(date(2026, 3, 2))) as c:
        c.add_use_case(UseCase(new_uid(), "support", owner="x"))
        c.add_version(Version(new_uid(), OLD, facts=_facts(5, 128_000, ["tools"], "2025-01-01")))
        c.assign("support", OLD, since=date(2026, 3, 2), why="the first")
    with Catalog.open(store_path, actor="bob", clock=fixed_clock(date(2026, 9, 1))) as c:
        lineage = Lineage(repository="https://git.example.org/a/b.git", commit="abc123", run="r1")
        facts = _facts(2.5, 400_000, ["vision"], "2026-08-01")
        facts["context_window"] += (Fact(1000, "an older list", "2024-01-02", note="guessed", origin="other"),)
        c.add_version(Version(new_uid(), NEW, facts=facts, changes=NOTES, lineage=lineage))
        c.assign("support", NEW, why="cheaper")
        for key, value in ((OLD, 0.81), (NEW, 0.86)):
            c.register(key, metrics={"accuracy": value}, use_case="support")
    return store_path


async def _open(w: Walk, key: str, tab: str) -> None:
    await w.app.push_screen(DetailScreen(key, "", tab))
    await w.until(lambda: getattr(w.screen, "_rows", {}), "the tab")
    await w.pilot.pause(0.05)


async def _enter(w: Walk, label: str) -> None:
    rows = w.screen._rows  # type: ignore[attr-defined]
    key = next(k for k, c in rows.items() if not hasattr(c, "cell") and plain(c[0]).strip().startswith(label))
    assert w.screen.query_one("#page", Table).move_to(key)
    await w.press("enter")


async def test_a_fact_opens_all_its_claims_with_the_reason_why_not(acme: Path) -> None:
    async with walk(acme, (120, 40)) as w:
        await _open(w, NEW, "overview")
        assert "1 other · enter" in w.painted()
        await _enter(w, "Context window")
        await w.on("Reader")
        said = w.text()
        assert "400,000" in said
        assert "an older list" in said
        assert "guessed" in said
        assert "not used: list is newer" in said


async def test_a_metric_opens_its_way_over_the_versions(acme: Path) -> None:
    async with walk(acme, (120, 40)) as w:
        await _open(w, NEW, "metrics")
        await _enter(w, "↑ Accuracy")
        await w.on("Reader")
        lines = [line.split() for line in w.text().splitlines() if "%" in line]
        assert [(line[0], line[1]) for line in lines[:2]] == [("1", "81.0"), ("2", "86.0")]
        assert "▲" in lines[1]
        assert "use_case: support" in w.text()


async def test_a_metric_opens_its_way_over_all_that_its_use_case_ran(acme: Path) -> None:
    other = "acme/other@1"
    with Catalog.open(acme, actor="bob", clock=fixed_clock(date(2026, 11, 2))) as c:
        c.register(other)
        c.assign("support", other, why="cheaper still")
        c.register(other, metrics={"accuracy": 0.9}, use_case="support")
        c.register("acme/never-ran@1", metrics={"accuracy": 0.2}, use_case="support")
    async with walk(acme, (140, 40)) as w:
        await _open(w, NEW, "metrics")
        assert "By use case" in w.painted()
        await w.until(lambda: "▁▅█ 3" in w.painted(), "the trend over what ran there")
        await _enter(w, "↑ Accuracy")
        await w.on("Reader")
        ran = w.text().partition("In support, over all that ran there")[2]
        lines = [line.split() for line in ran.splitlines() if "%" in line]
        assert [(line[0], line[1]) for line in lines] == [(OLD, "81.0"), (NEW, "86.0"), (other, "90.0")]
        assert "4.0 pp" in " ".join(lines[2])


async def test_versions_say_why_one_was_rolled_back_and_compare_only_what_was_measured_alike(acme: Path) -> None:
    with Catalog.open(acme, actor="bob", clock=fixed_clock(date(2026, 9, 20))) as c:
        c.add_use_case(UseCase(new_uid(), "search", owner="x"))
        c.assign("search", OLD, stage="Staging")
        c.revert("support", "too slow")
        c.measure(Measurement(new_uid(), "f1", 0.7, NEW, dataset="june", measured_on=date(2026, 9, 1)))
        c.measure(Measurement(new_uid(), "f1", 0.5, OLD, dataset="may", measured_on=date(2026, 9, 1)))
    async with walk(acme, (200, 40)) as w:
        await _open(w, NEW, "versions")
        lines = [line for line in w.painted().splitlines() if line.startswith(("  2 ", "  1 ", " 2 ", " 1 "))]
        newer, older = lines
        assert "rolled back 20 Sep" in newer
        assert "5.0 pp +" in newer  # accuracy on both
        assert "70.0 %" in newer or "0.7" in newer
        assert newer.count("▲") == 1  # f1 on another dataset is not compared
        assert "came back: too slow" in older
        assert "PROD support" in older
        assert "STAG search" in older
        assert w.screen.query_one("#page", Table).cursor_key == NEW
        await w.press("w")
        await w.on("Reader")
        assert "1 Sep 2026 – 20 Sep 2026 · PROD · support · bob" in w.text()
        assert "revert: too slow" in w.text()


async def test_what_changed_stands_there_in_words_and_notes_are_rendered(acme: Path) -> None:
    async with walk(acme, (120, 40)) as w:
        await _open(w, NEW, "changes")
        said = w.painted()
        assert "Input falls from $5.00 to $2.50 per million tokens (-50%)." in said
        assert "The context window grows from 128,000 to 400,000, 3.1 times as much." in said
        assert "It no longer has tools." in said
        assert "It now has vision." in said
        assert "Released 1 Aug 2026, 577 days after it." in said
        assert "• faster by 30 %" in said
        assert "**" not in said
        assert w.screen.query_one("#page", Table).move_to("note:2")
        await w.press("enter")
        await w.on("Notes")
        await w.press("j", "escape")
        await w.on("DetailScreen")


@pytest.mark.parametrize("size", [(80, 24), (140, 45)])
async def test_the_lineage_draws_the_way_from_data_to_where_it_runs(store_path: Path, size: tuple[int, int]) -> None:
    stops = (
        Station("data", "clicks 3", "s3://d/3", "2026-08-01"),
        Station("execution", "train-3", "Trainer"),
        Station("evaluation", "evaluate-3", "blessed"),
        Station("pushed", "[b]serving[/b]", "s3://serving/3"),
    )
    with Catalog.open(store_path, actor="ann", clock=fixed_clock(date(2026, 9, 1))) as c:
        c.add_use_case(UseCase(new_uid(), "support", owner="x"))
        c.add_version(Version(new_uid(), "ml/rank@3", own=True, way=stops))
        c.measure(Measurement(new_uid(), "accuracy", 0.91, "ml/rank@3", run="evaluate-3"))
        c.assign("support", "ml/rank@3")
    async with walk(store_path, size) as w:
        await _open(w, "ml/rank@3", "lineage")
        lines = [" ".join(line.split()) for line in w.painted().splitlines()]
        at = lines.index("Data clicks 3 · s3://d/3 · 2026-08-01")
        assert lines[at + 1 : at + 6] == [
            "→ Execution train-3 · Trainer",
            "→ Model ml/rank@3",
            "→ Evaluation evaluate-3 · blessed · accuracy 0.91",
            "→ Pushed [b]serving[/b] · s3://serving/3",
            "→ Runs in support · Production · default · 2026-09-01",
        ]


async def test_the_lineage_has_links(acme: Path) -> None:
    async with walk(acme, (120, 40)) as w:
        await _open(w, NEW, "lineage")
        with patch.object(ModelTui, "open_url") as opened:
            await _enter(w, "Commit")
            opened.assert_called_once_with("https://git.example.org/a/b/commit/abc123")


async def test_a_past_day_shows_what_ran_on_it(acme: Path) -> None:
    async with walk(acme, (140, 40)) as w:
        await _open(w, NEW, "runs")
        assert "On 1 Jul 2026" not in w.painted()
        w.app.set_what_if(date(2026, 7, 1))
        await w.until(lambda: "On 1 Jul 2026, as recorded" in w.painted(), "the day")
        lines = w.painted().splitlines()
        at = next(i for i, line in enumerate(lines) if "On 1 Jul 2026" in line)
        assert OLD in lines[at + 1]
        assert "the first" in lines[at + 1]
        assert "Now" not in w.painted()
        assert "WHAT-IF 1 Jul 2026" in lines[0]
        assert "-1" not in lines[0]
        w.app.set_what_if(date(2025, 7, 1))
        await w.until(lambda: "Nothing ran in its use cases on that day" in w.painted(), "the empty day")


@pytest.mark.parametrize("width", [30, 37, 100])
def test_notes_are_never_wider_than_the_line(width: int) -> None:
    source = NOTES + "\n> quote " + "漢字🔥" * 30 + "\n1. one\n   - [x] two\n```\nif x:\n    y\n```\n" + "x" * 10_000
    lines = markdown_lines(source, width)
    assert max(cell_len(plain(line)) for line in lines) <= width
    assert any("☑ two" in plain(line) for line in lines)


def test_hostile_notes_end_in_time_and_say_that_there_is_more() -> None:
    assert "enter reads it in full" in plain(markdown_lines("*" * 10_000 + "\n" + "- \n" * 1_000, 80)[-1])
    assert len(markdown_lines("`**_[](" * 3_000, 80)) <= 401


@pytest.mark.parametrize(("name", "made", "url"), [
    ("commit", Lineage(commit="a b", repository="https://h/x/"), "https://h/x/commit/a%20b"),
    ("commit", Lineage(commit="a", repository="git@h:x.git"), ""),
    ("run", Lineage(run="https://mlflow/run/1"), "https://mlflow/run/1"),
    ("run", Lineage(run="javascript:alert(1)"), ""),
])  # fmt: skip
def test_links_are_pages_only(name: str, made: Lineage, url: str) -> None:
    assert link_of(name, made) == url


async def test_an_own_value_is_given_up_after_its_effect_is_shown(acme: Path) -> None:
    """`>` on the line of a fact, and from any other line by choosing; nothing happens before the answer."""
    with Catalog.open(acme, actor="ann", clock=fixed_clock(date(2026, 9, 2))) as c:
        c.set_fact(NEW, "context_window", 5)
        c.set_fact(NEW, "display_name", "Ours")
    async with walk(acme) as w:
        await _open(w, NEW, "overview")
        rows = w.screen._rows  # type: ignore[attr-defined]
        for label in ("Input price", "Context window"):
            row = next(k for k, cells in rows.items() if not hasattr(cells, "cell") and plain(cells[0]) == label)
            assert w.screen.query_one("#page", Table).move_to(row)
            await w.press("greater_than_sign")
            await w.on("Choose" if label == "Input price" else "Confirm")
            if label == "Input price":
                await w.until(lambda: "display name   Ours" in w.painted(), "the price is nobody's own")
                await w.press("escape")
        await w.until(lambda: "5 → 400,000" in w.painted())
        assert "as list said on 2026-11-01" in w.painted()
        assert w.catalog.version(NEW).value("context_window") == 5
        await w.press("y")
        await w.until(lambda: w.catalog.version(NEW).value("context_window") == 400_000)
        assert "5 → 400,000. z takes it back." in w.said()
        await w.press("greater_than_sign")
        await w.choose("display")
        await w.until(lambda: "nobody else says display_name" in "".join(w.said()))
        await w.press("z")
        await w.until(lambda: w.catalog.version(NEW).value("context_window") == 5)
