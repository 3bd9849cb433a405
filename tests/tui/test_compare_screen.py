"""The comparison walked by keys: what is shown, what the keys do to it, what they write."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Event

import pytest
from textual.widgets import Static
from walking import Walk, walk

from store.catalog import Catalog, fixed_clock
from store.engine import new_uid
from store.records import Criterion, Deployment, Fact, Measurement, Metric, UseCase, Version
from store.review.comparison import Row
from tui.screens.compare import CompareScreen
from tui.screens.compare_cells import cut, names, read, sparkline
from tui.screens.compare_data import Judging, judge, prepare
from tui.screens.compare_export import as_csv, markdown
from tui.screens.compare_open import choose
from tui.screens.compare_rows import matrix
from tui.screens.compare_table import Matrix
from tui.screens.compare_waiver import waived
from tui.screens.form import Faults
from tui.state import Looker, View
from tui.text import plain
from tui.widgets.charts import ChartView

TODAY = date(2026, 11, 23)
OLD, NEW, MINI = (
    "azure-openai/gpt-4o@2024-05-13", "azure-openai/gpt-4.1@2025-04-14", "azure-openai/gpt-4.1-mini@2025-04-14",
)  # fmt: skip
GPT4O, NOV, GPT41 = "openai/gpt-4o@2024-05-13", "openai/gpt-4o@2024-11-20", "openai/gpt-4.1@2025-04-14"


def fill(path: Path) -> None:
    """A use case on a provisioned deployment, with own results for two versions: accuracy falls, latency too."""
    with Catalog.open(path, actor="ann", clock=fixed_clock(TODAY)) as c:
        use_case = UseCase(new_uid(), "support", owner="team", calls_per_month=2e6, tokens_in=900, tokens_out=150,
                           cached_share=0.0, retry_share=0.0, headline="accuracy")  # fmt: skip
        c.add_use_case(use_case)
        place = Deployment(new_uid(), "gs", platform="azure", region="swedencentral", sku="GlobalStandard")
        c.assign("support", OLD, deployment="gs", place=place)
        right = {OLD: range(350), NEW: range(24, 348)}
        for key, latency in ((OLD, 820), (NEW, 640)):
            items = {f"q{i}": float(i in right[key]) for i in range(400)}
            kept = {"use_case": "support", "dataset": "tickets", "source": "own", "measured_on": date(2026, 11, 20)}
            c.measure(Measurement(new_uid(), "accuracy", sum(items.values()) / 400, key, n=400, items=items, **kept))
            c.measure(Measurement(new_uid(), "latency_p95_ms", latency, key, n=400, **kept))
        c.measure(Measurement(new_uid(), "accuracy", 0.86, OLD, n=400, use_case="support", dataset="tickets",
                              source="own", measured_on=date(2026, 9, 1)))  # fmt: skip
        c.register("mlflow/churn@7", metrics={"f1": 0.87})


@pytest.fixture
def path(store_path: Path) -> Path:
    fill(store_path)
    return store_path


@pytest.fixture
def view(path: Path) -> View:
    with Catalog.open(path, actor="ann", clock=fixed_clock(TODAY)) as catalog:
        return Looker(catalog).decide(TODAY)(None)


def lines(view: View, *keys: str, use_case: str = "", width: int = 140, differences: bool = True) -> list[str]:
    """The table as text, without a screen."""
    prepared = prepare(view, keys, use_case, keys[0])
    assert prepared is not None
    grid = matrix(prepared, width=width, differences=differences)
    found = []
    for section in grid.sections:
        found.append(plain(section.title or ""))
        for row in section.rows:
            cells = grid.source.cells(row)
            found.append(" ┃ ".join(plain(c) for c in cells) if isinstance(cells, list) else plain(cells.cell))
    return found


def line(text: list[str], words: str) -> str:
    return next(found for found in text if words in found)


# ── what is shown ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_public_figures_of_three_versions(view: View) -> None:
    text = lines(view, GPT4O, NOV, GPT41)
    mmlu = line(text, "MMLU").split("┃")
    assert "87.2 %" in mmlu[1]
    assert "▼ 1.5 pp −" in mmlu[2]
    assert "★" not in mmlu[2]
    assert "★" in mmlu[3]
    assert "▲ 3.0 pp +" in mmlu[3]
    assert "QUALITY  (higher is better)" in text
    assert "PRICE  (lower is better)" in text
    every = lines(view, GPT4O, NOV, GPT41, differences=False)
    assert "QUALITY  (higher is better, ↓ lower)" in every
    price = line(text, "output $/1M").split("┃")
    assert "$15.00" in price[1]
    assert "▼ $5.00 +" in price[2]
    assert price[3].split()[:2] == ["★", "$8.00"]
    context = line(text, "context window").split("┃")
    assert "▲" in context[3]
    assert "+" in context[3]


def test_other_exercises_are_not_comparable_and_say_so(view: View) -> None:
    text = lines(view, GPT4O, NOV, GPT41)
    at = next(i for i, found in enumerate(text) if found.endswith("solved after two tries"))
    first, second = text[at + 1].split("┃"), text[at + 2].split("┃")
    assert "n 133" in first[0]
    assert "72.9 %" in first[1]
    assert first[3].strip() == "—"  # missing: not zero, not best
    assert second[1].strip() == "—"
    assert "18.2 % not comparable" in second[2]
    prepared = prepare(view, [GPT4O, NOV, GPT41], "", GPT4O)
    assert prepared is not None
    said = markdown(prepared, prepared.comparison.rows)
    assert "different dataset: Aider code editing (133 exercises) / Aider polyglot (225 exercises)" in said


def test_rows_that_do_not_differ_are_hidden_and_counted(view: View) -> None:
    text = lines(view, GPT4O, NOV)
    assert not [found for found in text if found.lstrip().startswith("kind ")]
    hidden = line(text, "nothing differs")
    every = lines(view, GPT4O, NOV, differences=False)
    assert line(every, " kind")
    assert int(hidden.split()[0]) > 3
    assert not [found for found in every if "nothing differs" in found]


def test_a_published_figure_of_one_version_alone_waits_among_all_rows(view: View) -> None:
    text, every = lines(view, OLD, NEW), lines(view, OLD, NEW, differences=False)
    assert line(text, "MMLU"), "both have it"
    assert not [found for found in text if "AlpacaEval" in found]
    assert "at openai" in line(every, "AlpacaEval")
    twins = lines(view, OLD, GPT4O), lines(view, OLD, GPT4O, differences=False)
    assert [bool([found for found in text if "MMLU" in found]) for text in twins] == [False, True], "measured once"
    assert line(lines(view, OLD, MINI, use_case="support"), "Accuracy").count("—") == 1, "a gap of one's own stays"


def test_a_twins_quality_says_where_it_was_measured(view: View) -> None:
    mmlu = line(lines(view, OLD, NEW), "MMLU").split("┃")
    assert "at openai" in mmlu[1]


def test_cost_runway_and_the_day_in_a_use_case(view: View) -> None:
    text = lines(view, OLD, NEW, use_case="support")
    cost = line(text, "monthly at 2,000,000 calls").split("┃")
    assert cost[1].strip().startswith("$13,500")  # 2 M × (900 × $5 + 150 × $15) / 1 M
    assert "★" in cost[2]
    assert "k–" in cost[2]  # the length of the answers is assumed, so it is a range
    assert line(text, "runway after cut-over").split("┃")[1].strip() == "–"
    assert "142 d" in line(text, "retires").split("┃")[2]
    assert "PROD" in line(text, "runs here as")
    assert "per successful prediction" in "\n".join(text)


def test_what_may_break_stands_with_its_severity(view: View) -> None:
    text = lines(view, OLD, NEW, "azure-openai/o3@2025-04-16", use_case="support")
    refused = line(text, "max_tokens is refused").split("┃")
    assert refused[2].strip() == "–"
    assert refused[3].strip() == "■ breaks"
    titles = [found for found in text if found.split("  ")[0].isupper()]
    assert titles.index("BREAK RISKS  (w what to do)") < titles.index("LIMITS  (higher is better)")


@pytest.mark.parametrize("width", [79, 100, 139, 200])
@pytest.mark.parametrize("count", [2, 3, 8])
def test_columns_are_even_and_parts_are_never_cut(view: View, width: int, count: int) -> None:
    keys = [GPT4O, NOV, GPT41, OLD, NEW, MINI, "openai/o3@2025-04-16", "openai/gpt-4.1-mini@2025-04-14"][:count]
    prepared = prepare(view, keys, "", keys[0])
    assert prepared is not None
    grid = matrix(prepared, width=width, differences=False)
    widths = {column.width for column in grid.columns[2:]}
    assert len(widths) == 1
    assert grid.columns[1].width <= min(widths)  # the baseline has no differences, so it may be narrower
    for row in prepared.comparison.rows:
        for key in keys:
            reading = read(prepared, row, key, short=width < 100)
            if reading.numeric and reading.delta.text and "comparable" not in reading.delta.text:
                cells = next(c for n in range(len(grid.source)) if grid.source.key(n) == _key(row)
                             and isinstance(c := grid.source.cells(n), list))  # fmt: skip
                assert len(plain(cells[1 + keys.index(key)])) <= next(iter(widths))
                break


def _key(row: Row) -> str:
    from tui.screens.compare_rows import row_key

    return row_key(row)


def test_names_stay_apart_in_little_room() -> None:
    assert names(["a/m@1", "b/m@1", "a/n@2"]) == {"a/m@1": "a/m@1", "b/m@1": "b/m@1", "a/n@2": "n@2"}
    assert cut("gpt-4.1-mini@2025-04-14", 20) == "gpt-4.1-mini@…-04-14"
    assert (
        cut("a-very-long-model-name@2025-04-14", 20) == "a-very-lo…2025-04-14".replace("…2", "…@2")[:8] + "…@2025-04-14"
    )
    assert len(cut("x" * 60, 20)) == 20


@pytest.mark.parametrize(
    ("values", "drawn"), [([1.0], ""), ([1, 2, 3], "▁▅█"), ([2, 2], "▄▄"), ([3, 1], "█▁"), (list(range(40)), 12)]
)
def test_a_sparkline_shows_the_last_values(values: list[float], drawn: str | int) -> None:
    assert sparkline(values) == drawn or len(sparkline(values)) == drawn


@pytest.mark.parametrize("width", [79, 139])
def test_every_row_with_numbers_has_its_sparkline_over_all_columns(view: View, width: int) -> None:
    keys = [GPT4O, NOV, GPT41, "openai/o3@2025-04-16"]
    prepared = prepare(view, keys, "", keys[0])
    assert prepared is not None
    grid = matrix(prepared, width=width)
    labels = {grid.source.key(n): plain(found[0]) for n in range(len(grid.source))
              if isinstance(found := grid.source.cells(n), list)}  # fmt: skip
    drawn = 0
    for key, row in grid.rows.items():
        numbers = [isinstance(cell.value, float) for cell in row.cells.values() if cell is not None]
        bars = sum(char in "▁▂▃▄▅▆▇█" for char in labels[key])
        assert bars == (sum(numbers) if sum(numbers) > 1 else 0)
        drawn += bars > 0
    assert drawn > 10
    mmlu = next(labels[key] for key, row in grid.rows.items() if row.title == "MMLU" and row.cells[GPT4O] is not None)
    assert mmlu.rstrip().endswith("▃▁█·")  # 87.2, 85.7, 90.2, and o3 unknown: a dot, not the lowest bar


def test_the_verdict_names_its_reason_and_marks_its_figure(view: View) -> None:
    prepared = prepare(view, [OLD, NEW], "support", OLD)
    assert prepared is not None
    verdicts = judge(prepared)
    assert verdicts[NEW].verdict == "FAIL"
    assert judge(prepared, lambda _share: False) == {}


def test_hostile_text_is_neutral_in_every_output(view: View) -> None:
    records = view.records
    evil = "x/[red]a\u202e|b@=1+1"
    facts = {**records.versions[GPT41].facts, "knowledge_cutoff": (Fact("\x1b[31m=1+1|[/]", "s", "2026"),)}
    version = Version("u", evil, facts=facts)
    odd = replace(view, records=replace(records, versions={GPT4O: records.versions[GPT4O], evil: version}))
    prepared = prepare(odd, [GPT4O, evil], "", GPT4O)
    assert prepared is not None
    table = markdown(prepared, prepared.comparison.rows)
    assert "\x1b" not in table
    assert {row.count(" | ") for row in table.splitlines() if row.startswith("| ") and "\\|" not in row} == {2}
    written = as_csv(prepared, prepared.comparison.rows)
    assert "\x1b" not in written
    assert "'=1+1" in written  # no formula for a spreadsheet


def test_csv_holds_plain_values(view: View) -> None:
    prepared = prepare(view, [OLD, NEW], "support", OLD)
    assert prepared is not None
    rows = [found.split(",") for found in as_csv(prepared, prepared.comparison.rows).splitlines()]
    accuracy = next(row for row in rows if row[1] == "accuracy")
    assert accuracy[10:12] == ["0.875", "0.81"]
    assert float(accuracy[12]) == pytest.approx(-0.065)


# ── which versions ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_baseline_is_what_runs(view: View) -> None:
    assert choose(view, [NEW, OLD], "support").keys == (OLD, NEW)
    assert choose(view, [NEW], "support").keys[0] == OLD  # what is under the cursor does not run here
    assert choose(view, [GPT4O, NOV], "").keys == (GPT4O, NOV)
    assert choose(view, [NEW, OLD], "").use_case == "support"  # the only one that runs one of them


def test_nothing_marked_compares_with_the_replacement(view: View) -> None:
    found = choose(view, [OLD], "support")
    assert found.keys[0] == OLD
    assert len(found.keys) == 4  # it must be left: its first three candidates, the vendor's suggestion first
    assert found.keys[1] == "azure-openai/gpt-5.6-sol@2026-07-09"
    assert len(choose(view, [OLD], "").keys) == 4  # the only use case that runs it
    assert len(choose(view, [GPT4O], "").keys) == 2  # no use case runs it: what the vendor suggests
    assert choose(view, ["mlflow/churn@7"], "").keys == ("mlflow/churn@7",)  # then the screen asks


def test_a_waiver_needs_a_name_a_reason_and_an_end() -> None:
    kept = waived({"by": "bo", "why": "accepted", "until": "+30d"}, at="now", today=TODAY)
    assert kept.until == date(2026, 12, 23)
    with pytest.raises(Faults) as wrong:
        waived({"by": "", "why": "", "until": "2026-01-01"}, at="now", today=TODAY)
    assert set(wrong.value.by_field) == {"by", "why", "until"}


# ── walking ───────────────────────────────────────────────────────────────────────────────────────────────────────


def screen(it: Walk) -> str:
    """What stands on the screen."""
    strips = it.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


async def compare(it: Walk, *keys: str, use_case: str = "") -> CompareScreen:
    """Open a comparison and wait until it is judged."""
    found = CompareScreen(keys, use_case, keys[0])
    await it.app.push_screen(found)
    await it.until(lambda: found.found and found.prepared and (not use_case or found.prepared.verdicts), "comparison")
    await it.pilot.pause()
    return found


async def test_columns_come_go_move_and_change_the_baseline(path: Path) -> None:
    async with walk(path) as it:
        found = await compare(it, GPT4O, NOV)
        assert found.column == NOV
        await it.press("minus")
        assert "Two versions are the least" in it.said()[-1]
        await it.press("plus")
        await it.choose(f"{GPT41}")
        await it.until(lambda: found.prepared is not None and found.prepared.keys == (GPT4O, NOV, GPT41), "a column")
        await it.press("H")
        await it.until(lambda: found.keys == [GPT4O, GPT41, NOV], "moved")
        await it.press("H")  # the baseline stays leftmost
        assert found.keys == [GPT4O, GPT41, NOV]
        await it.press("b")
        await it.until(lambda: found.prepared is not None and found.prepared.baseline == GPT41, "another baseline")
        assert found.keys == [GPT41, GPT4O, NOV]
        await it.press("minus")
        assert "baseline" in it.said()[-1]
        await it.press("l", "minus")
        await it.until(lambda: found.prepared is not None and found.prepared.keys == (GPT41, NOV), "one less")


async def test_differences_and_the_two_lines_about_the_cursor(path: Path) -> None:
    async with walk(path) as it:
        found = await compare(it, OLD, NEW, use_case="support")
        table = found.query_one(Matrix)
        assert "✘ FAIL" in screen(it)
        assert "accuracy −6.5 pp" in screen(it)
        fewer = table.line_count
        await it.press("equals_sign")
        assert table.line_count > fewer
        accuracy = next(key for key in (found.found.rows if found.found else {}) if "accuracy" in key)
        assert table.move_to(accuracy)
        await it.pilot.pause()
        said = str(found.query_one("#compare-about", Static).render())
        assert "Accuracy" in said
        assert "tickets" in said
        assert "3 d old" in said
        assert "✘ FAIL" in said
        assert "n 400" in said
        await it.press("w")
        await it.on("Reader")
        why = it.text()
        assert "candidate less baseline" in why
        assert "400 item results" in why
        assert "McNemar" in why


async def test_at_80_columns_the_baseline_stands_first_and_the_rest_scrolls(path: Path) -> None:
    async with walk(path, (80, 24)) as it:
        found = await compare(it, OLD, NEW, MINI, use_case="support")
        head = screen(it).splitlines()[2]
        assert "gpt-4o@2024-05-13" in head
        assert "▸ gpt-4.1@2025-04-14" in head
        assert "mini" not in head
        assert head.rstrip().endswith("▸")
        await it.press("l")
        head = screen(it).splitlines()[2]
        assert "◂" in head
        assert "mini" in head
        assert "gpt-4o@2024-05-13" in head  # the baseline does not scroll away
        assert "baseline" in screen(it).splitlines()[3]
        await it.press("h", "h")
        assert "▸ gpt-4o@2024-05-13" in screen(it).splitlines()[2]
        await it.press("l", "l")
        assert "verdict" in screen(it).splitlines()[3]  # the labels stay
        assert found.selection() == [MINI]


async def test_a_long_bootstrap_shows_how_far_it_is_and_stops_at_esc(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ROUGE is no rate, so its bounds come from resamples: of many answers that takes a while.

    It is held after a third, so that what is seen does not depend on the machine.
    """
    noted, release = Judging.go_on, Event()

    def held(self: Judging, share: float) -> bool:
        going = noted(self, share)
        while going and share > 0.3 and not release.wait(0.005):
            going = not self.ended
        return going

    monkeypatch.setattr(Judging, "go_on", held)
    with Catalog.open(path, actor="ann", clock=fixed_clock(TODAY)) as c:
        c.define_metric(Metric("rouge", "ROUGE", direction="up", group="quality", kind="other", uid=new_uid()))
        kept = {"use_case": "support", "measured_on": date(2026, 11, 20), "n": 400}
        for key, every in ((OLD, 1000), (NEW, 990)):
            items = {f"s{i}": (i * 7919 % every) / 1000 for i in range(400)}
            c.measure(Measurement(new_uid(), "rouge", sum(items.values()) / 400, key, items=items, **kept))
    async with walk(path) as it:
        found = CompareScreen([OLD, NEW], "support", OLD)
        await it.app.push_screen(found)
        await it.until(lambda: re.search(r"judging [1-9]\d? %, esc stops", screen(it)), "how far it is")
        assert "… judging" in screen(it)
        running = found.judging
        await it.press("escape")
        assert "Stopped. Nothing is judged." in it.said()
        await it.until(lambda: "judging stopped, r judges again" in screen(it), "that it was stopped")
        assert it.screen is found  # esc stopped it, and no more than that
        assert "– not judged" in screen(it)
        assert running is not None
        assert running.share < 1
        await it.press("r")
        await it.until(lambda: found.judging is not None, "judging once more")
        release.set()
        await it.until(lambda: found.prepared is not None and found.prepared.verdicts, "the verdict after all")
        await it.until(lambda: "✘ FAIL" in screen(it) and "judging" not in screen(it), "the verdict on the screen")
        release.clear()
        await it.press("r")
        await it.until(lambda: found.judging is not None, "judging")
        running = found.judging
        await it.press("escape", "escape")
        await it.on("CatalogScreen")
        assert running is not None
        assert running.ended  # whoever leaves does not leave a thread behind


async def test_an_upgrade_and_a_waiver_from_the_comparison(path: Path) -> None:
    async with walk(path) as it:
        found = await compare(it, OLD, NEW, use_case="support")
        await it.press("W")
        assert "belongs to an upgrade" in it.said()[-1]
        await it.press("u")
        await it.on("ChecklistScreen")
        assert it.catalog.upgrade("support").to_version == NEW
        await it.press("escape")
        await it.on("CompareScreen")
        await it.until(lambda: found.prepared is not None and found.prepared.upgrade and found.prepared.verdicts, "it")
        await it.press("W")
        await it.choose("accuracy")
        await it.fill(why="accepted by the owner", until="+10d")
        await it.save()
        await it.until(lambda: it.catalog.upgrade("support").waivers, "the waiver")
        waiver = it.catalog.upgrade("support").waivers["accuracy"]
        assert (waiver.by, waiver.why, waiver.until) == ("me", "accepted by the owner", date(2026, 12, 3))
        await it.until(lambda: "⚑ WAIVED" in screen(it), "the verdict shows it")


async def test_a_metric_is_judged_as_the_form_says(path: Path) -> None:
    """`e` on a row: role, margin, floor and ceiling; the first edit makes the defaults a policy of its own."""
    async with walk(path) as it:
        found = await compare(it, OLD, NEW, use_case="support")
        assert "✘ FAIL" in screen(it)
        accuracy = next(key for key in (found.found.rows if found.found else {}) if "accuracy" in key)
        found.query_one(Matrix).move_to(accuracy)
        await it.press("e")
        await it.choose("how accuracy is judged")
        await it.fill(margin="-3%")
        await it.save()
        await it.until(lambda: "how much may be lost, as a number from 0 up" in it.fault("margin"), "the fault")
        await it.fill(margin="10%", floor="0.75", min_n="300")
        await it.save()
        await it.until(lambda: it.catalog.use_cases["support"].criteria.version == 2, "the policy")
        criteria = it.catalog.use_cases["support"].criteria
        assert criteria.metrics["accuracy"] == Criterion("critical", margin=0.1, floor=0.75, min_n=300)
        assert criteria.metrics["latency_p95_ms"].role == "warn"
        await it.until(lambda: "✔ PASS" in screen(it) and "criteria v2" in screen(it), "the verdict that follows it")
        assert found.query_one(Matrix).cursor_key == accuracy  # where it was
        await it.press("e")
        await it.choose("the policy of support")
        await it.choose("another metric")
        await it.fill(metric="monthly_cost", role="budget")
        await it.save()
        await it.until(lambda: "write the cap as ceiling" in it.fault("role"), "the fault")
        await it.fill(ceiling="9k")
        await it.save()
        await it.until(lambda: it.catalog.use_cases["support"].criteria.version == 3, "the budget")
        assert it.catalog.use_cases["support"].criteria.metrics["monthly_cost"].ceiling == 9000
        await it.press("e")
        await it.choose("how accuracy is judged")
        await it.fill(role="not judged")
        await it.save()
        await it.until(lambda: "accuracy" not in it.catalog.use_cases["support"].criteria.metrics, "it is taken out")


async def test_without_a_use_case_nothing_is_judged_or_upgraded(path: Path) -> None:
    async with walk(path) as it:
        await compare(it, GPT4O, NOV)
        assert "nothing is judged" in screen(it).splitlines()[1]
        await it.press("u")
        assert "belongs to a use case" in it.said()[-1]


async def test_export_and_copy(path: Path, tmp_path: Path) -> None:
    async with walk(path) as it:
        await compare(it, OLD, NEW, use_case="support")
        await it.press("x")
        await it.answer(str(tmp_path / "c.md"))
        await it.until(lambda: (tmp_path / "c.md").exists() and "Written" in it.said()[-1], "the file")
        written = (tmp_path / "c.md").read_text(encoding="utf-8")
        assert written.startswith("# Comparison for support")
        assert "**✘ FAIL** accuracy" in written
        await it.press("x")
        await it.answer(str(tmp_path / "c.md"))
        await it.on("Confirm")
        await it.press("escape")
        await it.press("x")
        await it.answer(str(tmp_path / "no" / "c.csv"))
        await it.until(lambda: "cannot be written" in it.said()[-1], "the reason")
        await it.press("Y")
        await it.until(lambda: it.app.clipboard.startswith("# Comparison"), "the copy")
        await it.press("y")
        assert it.app.clipboard == NEW


async def test_views_change_and_come_back(path: Path, tmp_path: Path) -> None:
    async with walk(path) as it:
        found = await compare(it, OLD, NEW, use_case="support")
        await it.press("v")
        await it.until(lambda: "░░░" in screen(it) and "███" in screen(it), "bars")
        await it.press("v")
        await it.until(lambda: "on the front" in screen(it), "scatter")
        chart = found.query_one(ChartView)
        assert "monthly at 2,000,000 calls" in chart.to_text()
        await it.press("x")
        await it.answer(str(tmp_path / "scatter.txt"))
        await it.until(lambda: "Written" in (it.said() or [""])[-1], "the picture in a file")
        drawn = (tmp_path / "scatter.txt").read_text(encoding="utf-8")
        assert drawn == chart.to_text() + "\n"
        assert "Accuracy (higher is better)" in drawn
        assert "◇A" in drawn or "◆A" in drawn
        assert "\x1b" not in drawn
        before = chart.to_text()
        await it.press("l")
        await it.until(lambda: chart.to_text() != before, "another axis")
        await it.press("v")
        await it.until(lambda: "measured on" in chart.to_text(), "trend")
        assert "86.0 % → 87.5 % · 2 points · baseline" in chart.to_text()
        await it.press("v")
        await it.until(lambda: found.query_one(Matrix).has_focus, "the table again")
        assert "✘ FAIL" in screen(it)


async def test_c_opens_it_from_the_catalog_and_enter_the_detail(path: Path) -> None:
    async with walk(path) as it:
        await it.press("c")
        await it.on("CompareScreen")
        found = it.screen
        assert isinstance(found, CompareScreen)
        assert found.baseline == OLD
        assert found.use_case == "support"
        await it.until(lambda: found.prepared is not None, "the comparison")
        await it.press("enter")
        await it.on("DetailScreen")
        await it.press("escape")
        await it.press("escape")
        await it.on("CatalogScreen")
