"""Editing by keys: what is typed into forms becomes records, one undo step an edit; nothing typed is lost."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import Input, OptionList, Static
from walking import TODAY, Walk, walk

from store.catalog import Catalog, fixed_clock
from store.engine import new_uid
from store.records import Lineage, UseCase

GPT4O = "azure-openai/gpt-4o@2024-05-13"


async def _undo(w: Walk) -> None:
    before = len(w.catalog.events())
    await w.press("z")
    await w.until(lambda: len(w.catalog.events()) > before, "the undo")


def _seed(path: Path) -> None:
    with Catalog.open(path, actor="me", clock=fixed_clock(TODAY)) as catalog:
        catalog.add_use_case(UseCase(new_uid(), "churn", owner="crm"))
        for version in ("7", "8"):
            catalog.register(
                f"mlflow/churn@{version}", metrics={"f1": 0.8}, lineage=Lineage(repository="https://git.example/churn")
            )
        catalog.assign("churn", "mlflow/churn@7")


async def test_an_empty_catalog_becomes_one_with_a_use_case_its_model_and_where_it_runs(store_path: Path) -> None:
    async with walk(store_path) as w:
        await w.press("n")
        await w.choose("use case and its model")
        await w.fill(name="Support Bot", owner="support-lead")
        await w.save()
        await w.until(lambda: "is not a use-case name" in w.fault("name"), "the fault at the name")
        await w.fill(name="support-assistant")
        await w.until(lambda: w.fault("name") == "", "the fault to go while typing")
        await w.save()
        await w.choose(GPT4O)
        await w.on("Form")
        assert (w.value("version"), w.value("stage"), w.value("share")) == (GPT4O, "Production", "100")
        assert w.shown("sku")
        assert w.shown("upgrade_option")
        await w.fill(sku="globalprovisionedmanaged", region="swedencentral", deployment="sc-ptu")
        await w.save()
        await w.on("CatalogScreen")
        run = next(iter(w.catalog.assignments.records()))
        place = w.catalog.deployments["sc-ptu"]
        assert (run.version, run.stage, run.deployment, run.seen) == (GPT4O, "Production", "sc-ptu", False)
        assert (place.platform, place.sku, place.upgrade_option_known) == ("azure", "GlobalProvisionedManaged", False)
        await w.until(lambda: w.app.view and w.app.view.in_production == 1, "the view")
        status = w.app.view.statuses[run.uid] if w.app.view else None
        assert status is not None
        assert (status.outcome.kind, str(status.ledger.effective.value if status.ledger.effective else "")) == (
            "stops", "2026-12-09",
        )  # fmt: skip


async def test_other_providers_are_not_asked_for_azures_options_and_undo_takes_each_step_back(
    store_path: Path,
) -> None:
    async with walk(store_path) as w:
        await w.press("n")
        await w.choose("use case")
        await w.fill(name="code-review", owner="dev-tools")
        await w.save()
        await w.choose("openai/gpt-4.1@2025-04-14")
        await w.on("Form")
        await w.fill(version="openai/gpt-4.1@2025-04-14")
        assert not w.shown("sku")
        await w.fill(stage="Staging")
        assert not w.shown("share")
        await w.save()
        await w.on("CatalogScreen")
        assert [a.stage for a in w.catalog.runs_in("code-review")] == ["Staging"]
        await _undo(w)
        assert w.catalog.runs_in("code-review") == []
        await _undo(w)
        assert "code-review" not in w.catalog.use_cases


async def test_leaving_the_choice_of_a_model_keeps_the_use_case(store_path: Path) -> None:
    async with walk(store_path) as w:
        await w.press("n")
        await w.choose("use case")
        await w.fill(name="search", owner="a")
        await w.save()
        await w.on("Choose")
        await w.until(lambda: "200 of 7" in w.text(), "how many there are")
        w.screen.query_one("#filter", Input).value = "no such model"
        await w.until(lambda: "nothing here matches “no such model”" in w.text(), "that nothing matches")
        await w.press("enter")
        await w.on("Choose")
        w.screen.query_one("#filter", Input).value = GPT4O
        await w.until(lambda: w.screen.query_one(OptionList).option_count == 1, "the one version")
        assert "retires 9 Dec · 16 d" in str(w.screen.query_one(OptionList).get_option_at_index(0).prompt)
        await w.press("escape")
        await w.on("CatalogScreen")
        assert "search" in w.catalog.use_cases
        assert any("s sets what it runs" in said for said in w.said())


async def test_setting_another_version_says_first_what_is_archived(store_path: Path) -> None:
    _seed(store_path)
    async with walk(store_path) as w:
        await w.press("s")
        await w.fill(version="mlflow/churn@9")
        await w.until(lambda: "there is no version" in w.fault("version"), "the fault")
        await w.fill(version="mlflow/churn@8", why="better f1")
        await w.save()
        await w.on("Confirm")
        assert "Archived: mlflow/churn@7" in w.text()
        assert "moves no traffic" in w.text()
        await w.press("escape")
        await w.on("Form")
        assert w.value("why") == "better f1"
        await w.save()
        await w.on("Confirm")
        await w.press("y")
        await w.on("CatalogScreen")
        stages = {a.version: a.stage for a in w.catalog.runs_in("churn")}
        assert stages == {"mlflow/churn@7": "Archived", "mlflow/churn@8": "Production"}
        assert w.catalog.events()[-1].why == "better f1"


async def test_describing_where_it_runs_moves_it_there_and_leaves_nothing_behind(store_path: Path) -> None:
    with Catalog.open(store_path, actor="me", clock=fixed_clock(TODAY)) as catalog:
        catalog.add_use_case(UseCase(new_uid(), "support", owner="x"))
        catalog.assign("support", GPT4O)
    async with walk(store_path) as w:
        await w.press("s")
        await w.fill(sku="Standard", upgrade_option="absent")
        await w.save()
        await w.on("Confirm")
        await w.press("y")
        await w.on("CatalogScreen")
        assert [(a.deployment, a.stage) for a in w.catalog.runs_in("support")] == [("support", "Production")]
        place = w.catalog.deployments["support"]
        assert (place.sku, place.upgrade_option, place.upgrade_option_known) == ("Standard", None, True)


async def test_the_next_version_of_an_own_model_begins_where_the_newest_stands(store_path: Path) -> None:
    _seed(store_path)
    async with walk(store_path) as w:
        await w.press("n")
        await w.choose("own version")
        await w.on("Form")
        assert [w.value(n) for n in ("provider", "model", "version", "repository")] == [
            "mlflow", "churn", "9", "https://git.example/churn",
        ]  # fmt: skip
        await w.fill(released="2026-11-20", commit="abc9", metrics="f1=0.91\nauc=nine")
        await w.until(lambda: "auc is 'nine'" in w.fault("metrics"), "the fault")
        await w.fill(metrics="f1=91%\nauc=0.95", use_case="churn", parameters="depth=6")
        await w.save()
        await w.on("CatalogScreen")
        version = w.catalog.versions["mlflow/churn@9"]
        assert (version.own, version.value("release_date"), version.lineage.commit) == (True, "2026-11-20", "abc9")
        assert version.lineage.parameters == {"depth": 6}
        measured = {m.metric: (m.value, m.use_case) for m in w.catalog.measurements_of(version.key)}
        assert measured == {"f1": (0.91, "churn"), "auc": (0.95, "churn")}


async def test_a_measurement_of_a_new_metric_asks_how_it_is_judged(store_path: Path) -> None:
    _seed(store_path)
    async with walk(store_path) as w:
        await w.press("n")
        await w.choose("measurement of")
        await w.on("Form")
        assert not w.shown("direction")
        await w.fill(metric="tickets_solved", value="0.7")
        assert w.shown("direction")
        await w.save()
        await w.until(lambda: "which way is better" in w.fault("direction"), "the question")
        await w.fill(direction="up", kind="rate", n="400")
        await w.save()
        await w.on("CatalogScreen")
        metric = w.catalog.metrics["tickets_solved"]
        assert (metric.direction, metric.kind, metric.scale, metric.source) == ("up", "rate", 100, "own")
        found = next(m for m in w.catalog.measurements_of("mlflow/churn@7") if m.metric == "tickets_solved")
        assert (found.value, found.n, found.use_case, found.measured_on) == (0.7, 400, "churn", TODAY)


async def test_editing_a_use_case_and_taking_it_back(store_path: Path) -> None:
    _seed(store_path)
    async with walk(store_path) as w:
        await w.press("e")
        await w.choose("use case churn")
        await w.fill(title="Who leaves?", calls_per_month="2.1M", cached_share="30%", freeze="2026-12-15..2027-01-06")
        await w.save()
        await w.on("CatalogScreen")
        use_case = w.catalog.use_cases["churn"]
        assert (use_case.title, use_case.calls_per_month, use_case.cached_share) == ("Who leaves?", 2_100_000, 0.3)
        assert len(use_case.freeze) == 1
        await _undo(w)
        assert w.catalog.use_cases["churn"].title == ""


async def test_a_changed_form_is_not_left_without_a_question(store_path: Path) -> None:
    _seed(store_path)
    async with walk(store_path) as w:
        await w.press("e")
        await w.choose("use case churn")
        await w.on("Form")
        await w.press("escape")
        await w.on("CatalogScreen")
        await w.press("e")
        await w.choose("use case churn")
        await w.fill(title="x")
        await w.press("escape")
        await w.on("Confirm")
        await w.press("escape")
        await w.on("Form")
        assert w.value("title") == "x"
        await w.press("escape")
        await w.on("Confirm")
        await w.press("y")
        await w.on("CatalogScreen")
        assert w.catalog.use_cases["churn"].title == ""


async def test_own_prices_and_dates_count_and_empty_gives_the_field_back(store_path: Path) -> None:
    with Catalog.open(store_path, actor="me", clock=fixed_clock(TODAY)) as catalog:
        catalog.add_use_case(UseCase(new_uid(), "support", owner="x"))
        catalog.assign("support", GPT4O)
        published = catalog.versions[GPT4O].value("price_input")
    async with walk(store_path) as w:
        await w.press("e")
        await w.choose("prices")
        await w.fill(price_input="2.5", source="contract")
        await w.save()
        await w.on("CatalogScreen")
        fact = w.catalog.versions[GPT4O].fact("price_input")
        assert fact is not None
        assert (fact.value, fact.source, fact.layer, fact.as_of) == (2.5, "contract", "local", "2026-11-23")
        await w.press("e")
        await w.choose("prices")
        await w.on("Form")
        assert w.value("price_input") == "2.5"
        await w.fill(price_input="")
        await w.save()
        await w.on("CatalogScreen")
        assert w.catalog.versions[GPT4O].value("price_input") == published
        await w.press("e")
        await w.choose("a date")
        await w.fill(value="none")
        assert not w.shown("sku")
        await w.save()
        await w.on("CatalogScreen")
        assert w.catalog.versions[GPT4O].value("no_date_published") is True
        await w.press("e")
        await w.choose("a date")
        await w.fill(value="+60d", why="the vendor told us")
        await w.save()
        await w.on("CatalogScreen")
        seen = w.catalog.versions[GPT4O].observations[-1]
        assert (str(seen.value), seen.certainty, seen.kind) == ("2027-01-22", "user", "retire")


async def test_a_decision_takes_the_row_off_late(demo_path: Path) -> None:
    async with walk(demo_path) as w:
        late = next(f for f in w.app.view.findings if f.kind == "late") if w.app.view else None
        assert late is not None
        table = w.screen.query_one("#rows")
        assert table.move_to(late.subject)  # type: ignore[attr-defined]
        await w.press("D")
        await w.fill(kind="stay_until")
        await w.save()
        await w.until(lambda: "until which day" in w.fault("until"), "the question")
        await w.fill(until="2030-01-01")
        await w.save()
        await w.until(lambda: "it stops on" in w.fault("until"), "the limit")
        await w.fill(until="+7d", note="the team is busy")
        await w.save()
        await w.on("CatalogScreen")
        taken = w.catalog.use_cases[late.use_case].decisions[-1]
        status = w.app.view.statuses[late.subject] if w.app.view else None
        assert status is not None
        assert (taken.kind, taken.subject, taken.by, str(taken.until)) == (
            "stay_until",
            late.subject,
            "me",
            "2026-11-30",
        )
        assert taken.deadline == (status.deadline.day if status.deadline else None)
        await w.until(
            lambda: w.app.view and not any(f.kind == "late" and f.subject == late.subject for f in w.app.view.findings),
            "the row to leave late",
        )


async def test_notes_in_one_form_and_tags_of_marked_versions_with_a_preview(store_path: Path) -> None:
    _seed(store_path)
    async with walk(store_path) as w:
        await w.press("m")
        await w.fill(run="with caching", version="**good**")
        await w.save()
        await w.until(lambda: w.catalog.versions["mlflow/churn@7"].note == "**good**", "the note")
        assert w.catalog.runs_in("churn")[0].note == "with caching"
        assert w.catalog.use_cases["churn"].note == ""
        await w.press("v")
        w.screen.query_one("#query", Input).value = "mlflow"
        await w.pilot.pause()
        await w.press("asterisk", "t")
        await w.answer("team-a -old")
        await w.on("Confirm")
        assert "mlflow/churn@8: — → team-a" in w.text()
        await w.press("y")
        await w.until(lambda: w.catalog.versions["mlflow/churn@8"].tags == ("team-a",), "the tags")
        assert w.catalog.versions["mlflow/churn@7"].tags == ("team-a",)
        await _undo(w)
        assert w.catalog.versions["mlflow/churn@7"].tags == ()


async def test_deleting_says_what_goes_and_comes_back(store_path: Path) -> None:
    _seed(store_path)
    async with walk(store_path) as w:
        await w.press("d")
        await w.choose("version mlflow/churn@7")
        await w.on("Confirm")
        assert "with 1 measurement" in w.text()
        await w.press("y")
        await w.until(lambda: any("churn names it" in s for s in w.said()), "the refusal")
        await w.press("d")
        await w.choose("that mlflow/churn@7 runs")
        await w.on("Confirm")
        await w.press("y")
        await w.until(lambda: not w.catalog.runs_in("churn"), "the removal")
        await _undo(w)
        assert len(w.catalog.runs_in("churn")) == 1


async def test_why_names_sources_ages_and_rules(demo_path: Path) -> None:
    async with walk(demo_path) as w:
        late = next(f for f in w.app.view.findings if f.kind == "late") if w.app.view else None
        assert late is not None
        w.screen.query_one("#rows").move_to(late.subject)  # type: ignore[attr-defined]
        await w.press("w")
        await w.on("Reader")
        said = str(w.screen.query_one("#text Static", Static).render())
        for wanted in ("Counts", "seen 20", "d old", "● counts", "Deadline and plan", "Start by", late.why):
            assert wanted in said, wanted
        await w.press("escape")
        await w.press("Y")
        await w.until(lambda: f"`{late.key}`" in w.app.clipboard, "the copy")
        assert "(planned)" in w.app.clipboard


async def test_links_of_the_provider_open(store_path: Path) -> None:
    fill_use_case(store_path)
    async with walk(store_path) as w:
        opened: list[str] = []
        w.app.open_url = lambda url, **_: opened.append(url)  # type: ignore[method-assign,assignment]
        await w.press("O")
        await w.choose("lifecycle")
        await w.until(lambda: opened, "the page")
        assert opened[0].startswith("https://learn.microsoft.com/")


def fill_use_case(path: Path) -> None:
    with Catalog.open(path, actor="me", clock=fixed_clock(TODAY)) as catalog:
        catalog.add_use_case(UseCase(new_uid(), "support", owner="x"))
        catalog.assign("support", GPT4O)


async def test_results_csv_and_azure_lists_come_in(store_path: Path, tmp_path: Path) -> None:
    _seed(store_path)
    results = tmp_path / "run.csv"
    results.write_text("id,score\nq1,1\nq2,0\nq3,1\nq4,1\n")
    table = tmp_path / "models.csv"
    table.write_text("key,metric,value\nmlflow/churn@8,f1,0.9\n")
    broken = tmp_path / "broken.csv"
    broken.write_text("key,metric,value\nmlflow/churn@8,f1,nine\n")
    async with walk(store_path) as w:
        await w.press("i")
        await w.answer(str(results))
        await w.fill(metric="accuracy")
        assert (w.value("value"), w.value("n")) == ("0.75", "4")
        await w.save()
        await w.on("CatalogScreen")
        found = next(m for m in w.catalog.measurements_of("mlflow/churn@7") if m.metric == "accuracy")
        assert (found.value, found.n, len(found.items), found.use_case) == (0.75, 4, 4, "churn")
        await w.press("i")
        await w.answer(str(broken))
        await w.on("Reader")
        assert "nine" in w.text()
        await w.press("escape")
        await w.press("i")
        await w.answer(str(table))
        await w.on("Confirm")
        assert "1 measurement new" in w.text()
        await w.press("y")
        await w.until(lambda: any(m.value == 0.9 for m in w.catalog.measurements_of("mlflow/churn@8")), "the import")
        await w.press("i")
        await w.answer(str(tmp_path / "none.csv"))
        await w.until(lambda: any("cannot be read" in s for s in w.said()), "the sentence")


async def test_what_is_shown_goes_out_to_files_and_a_what_if_day_writes_nothing(
    store_path: Path, tmp_path: Path
) -> None:
    _seed(store_path)
    async with walk(store_path) as w:
        for name in ("out.csv", "out.md"):
            await w.press("x")
            await w.answer(str(tmp_path / name))
            await w.until((tmp_path / name).exists, name)
            await w.pilot.pause(0.05)
        assert (tmp_path / "out.csv").read_text().splitlines()[1].startswith("churn,mlflow/churn@7,")
        assert "| churn | mlflow/churn@7 |" in (tmp_path / "out.md").read_text()
        await w.press("x")
        await w.answer(str(tmp_path / "out.md"))
        await w.on("Confirm")
        await w.press("escape")
        w.app.set_what_if(TODAY.replace(year=2027))
        await w.pilot.pause()
        for key in ("n", "e", "d", "s", "m", "t", "D", "i"):
            await w.press(key)
            assert w.screens == ["CatalogScreen"], key
        assert any("what-if" in said for said in w.said())
