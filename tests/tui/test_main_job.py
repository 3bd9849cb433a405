"""The whole job by keys, from an empty directory to a way back, for a provider's model and for one of our own."""

from __future__ import annotations

from pathlib import Path

from walking import TODAY, Walk, walk

from store.records import Upgrade
from tui.screens.checklist import ItemTable
from tui.widgets.table import Table

OLD = "azure-openai/gpt-4o@2024-05-13"
NEW, OTHER = "azure-openai/gpt-5.6-sol@2026-07-09", "azure-openai/gpt-5.4@2026-03-05"
ROOMY = (140, 45)


async def test_a_provider_model_from_an_empty_directory_to_the_way_back(tmp_path: Path) -> None:
    store = tmp_path / "new" / "catalog.json"
    async with walk(store, ROOMY) as w:
        assert "Nothing in use yet." in w.painted()
        await name_a_use_case(w)
        await see_that_it_is_late(w)
        await compare_with_two_candidates(w, results(tmp_path))
        await start_the_upgrade(w, NEW)
        await work_through_the_checklist(w)
        await promote_and_go_back(w, NEW, OLD)
        await w.press("q")
    async with walk(store, ROOMY) as again:
        await everything_is_still_there(again)


async def name_a_use_case(w: Walk) -> None:
    await w.press("n")
    await w.choose("a use case and its model")
    await w.fill(name="support-assistant", owner="platform")
    await w.save()
    await w.choose(OLD)
    await w.fill(deployment="support-ptu", region="swedencentral", sku="GlobalProvisionedManaged")
    await w.save()
    await w.until(lambda: "support-assistant" in w.painted(), "the row")


async def see_that_it_is_late(w: Walk) -> None:
    shown = w.painted()
    assert "■ stops" in shown
    assert "9 Dec · 16 d" in shown
    assert "51 d late" in shown
    assert "1 late" in shown.splitlines()[0]
    await w.press("enter")
    await w.on("DetailScreen")
    await w.until(lambda: "9 Dec 2026 · 16 d" in w.painted(), "the announced date")
    assert "litellm · seen 2026-11-12" in w.painted()
    for _ in range(4):
        await w.press("right_square_bracket")
    await w.until(lambda: "Microsoft: 8 dates, moved 7×" in w.painted(), "every published date")
    assert "ms-foundry-policy-2026-10-05" in w.painted()
    await w.press("escape")
    await w.on("CatalogScreen")


def results(folder: Path) -> dict[str, Path]:
    files = {}
    for key, wrong in ((OLD, 12), (NEW, 9)):
        files[key] = folder / f"{key.rpartition('@')[2]}.csv"
        lines = [f"q{i:03},{0 if i < wrong else 1}" for i in range(200)]
        files[key].write_text("id,score\n" + "\n".join(lines) + "\n")
    return files


async def compare_with_two_candidates(w: Walk, files: dict[str, Path]) -> None:
    await w.press("v", "slash")
    for key in (OLD, NEW, OTHER):
        w.screen.query_one("#query").value = key.partition("/")[2]  # type: ignore[attr-defined]
        await w.pilot.pause()
        w.screen.query_one("#rows", Table).focus()
        await w.pilot.pause()
        if key in files:
            await w.press("i")
            await w.answer(str(files[key]))
            await w.fill(metric="accuracy", use_case="support-assistant", dataset="tickets")
            await w.save()
            await w.on("CatalogScreen")
            measured = [m for m in w.catalog.measurements_of(key) if m.use_case == "support-assistant"]
            assert (len(measured), measured[0].n) == (1, 200)
        await w.press("space")
    w.screen.query_one("#query").value = ""  # type: ignore[attr-defined]
    await w.pilot.pause()
    assert w.screen.query_one("#rows", Table).move_to(w.catalog.runs_in("support-assistant")[0].uid)
    await w.press("c")
    await w.on("CompareScreen")
    await w.until(lambda: "QUALITY" in w.painted() and "Accuracy" in w.painted(), "the comparison")
    shown = w.painted()
    assert "Accuracy" in shown
    assert "94.0 %" in shown
    assert "95.5 %" in shown
    assert "▲ 1.5 pp +" in shown
    await w.press("escape")
    await w.on("CatalogScreen")
    w.screen.query_one("#rows", Table).set_marks(())
    await w.press("v")


async def start_the_upgrade(w: Walk, target: str) -> None:
    await w.press("u")
    await w.fill(target=target, template="short")
    await w.save()
    await w.on("Confirm")
    await reason(w, "it stops in December")
    await w.until(lambda: w.screens[-1] in ("ChecklistScreen", "Questions"), "the checklist")
    if w.screens[-1] == "Questions":
        await w.press("escape")
    await w.on("ChecklistScreen")


async def reason(w: Walk, text: str) -> None:
    w.screen.query_one("#reason").value = text  # type: ignore[attr-defined]
    await w.pilot.press("enter")


def upgrade(w: Walk) -> Upgrade:
    return next(iter(w.catalog.upgrades.records()))


async def work_through_the_checklist(w: Walk) -> None:
    table = w.screen.query_one(ItemTable)
    await w.until(lambda: table.cursor_key is not None, "the items")
    first = next(iter(upgrade(w).items))
    assert table.move_to(first)
    await w.press("m")
    await w.answer("read the model card and the migration guide")
    await w.until(lambda: upgrade(w).items[first].evidence, "the note")
    for item in list(upgrade(w).items.values()):
        if item.gate != "promote":
            continue
        table.fold(item.phase, False)
        assert table.move_to(item.id)
        for _ in range(2):
            state = upgrade(w).items[item.id].state
            if state != "done":
                await w.press("space")
                await w.until(lambda i=item.id, s=state: upgrade(w).items[i].state != s, f"{item.id} to move on")
    await w.until(lambda: "ready to promote" in w.painted(), "ready")


async def promote_and_go_back(w: Walk, new: str, old: str) -> None:
    await w.press("P")
    await w.on("Confirm")
    assert new in w.text()
    await reason(w, "as good as before, and it lives until 2028")
    await w.on("Recorded")
    assert "Recorded. Traffic has not moved." in w.text()
    await w.press("escape")
    await w.on("ChecklistScreen")
    name = upgrade(w).use_case
    assert {a.version: a.stage for a in w.catalog.runs_in(name)} == {old: "Archived", new: "Production"}
    await w.press("R")
    await w.on("Confirm")
    await reason(w, "customers complained")
    await w.on("Recorded")
    await w.press("escape")
    await w.on("ChecklistScreen")
    assert {a.version: a.stage for a in w.catalog.runs_in(name)} == {old: "Production", new: "Archived"}


async def everything_is_still_there(w: Walk) -> None:
    assert "support-assistant" in w.painted()
    kept = upgrade(w)
    assert (kept.state, kept.outcome) == ("rolled_back", "customers complained")
    assert any("model card" in e.text for i in kept.items.values() for e in i.evidence)
    told = [(e.command, e.why) for e in w.catalog.history("support-assistant")]
    assert ("promote " + NEW + " in support-assistant", "as good as before, and it lives until 2028") in told
    assert told[-1] == (f"revert support-assistant to {OLD}", "customers complained")
    await w.press("2")
    await w.on("UpgradesScreen")
    await w.until(lambda: "rolled back" in w.painted(), "the past upgrade")


async def test_an_own_model_registered_by_hand(tmp_path: Path) -> None:
    store = tmp_path / "catalog.json"
    async with walk(store, ROOMY) as w:
        for number, f1 in ((1, "0.81"), (2, "0.84")):
            await w.press("n")
            await w.choose("an own version")
            await w.fill(
                provider="mlflow", model="churn", version=str(number), data="customers", data_hash=f"h{number}",
                commit=f"c0ffee{number}", artifact=f"models:/churn/{number}", metrics=f"f1 = {f1}",
            )  # fmt: skip
            await w.save()
            await w.until(lambda n=number: f"mlflow/churn@{n}" in w.catalog.versions, "the version")
            await w.on("CatalogScreen")
        await w.press("n")
        await w.choose("a use case and its model")
        await w.fill(name="churn", owner="crm")
        await w.save()
        await w.choose("mlflow/churn@1")
        await w.fill(stage="Production")
        await w.save()
        await w.until(lambda: "· ours" in w.painted(), "the row")
        await w.press("enter")
        await w.on("DetailScreen")
        await w.until(lambda: "▲ 0.03 +" in w.painted(), "the newer version's gain")
        await w.press("escape")
        await w.on("CatalogScreen")
        await start_the_upgrade(w, "mlflow/churn@2")
        await work_through_the_checklist(w)
        await promote_and_go_back(w, "mlflow/churn@2", "mlflow/churn@1")
        await w.press("q")
    async with walk(store, ROOMY) as again:
        stints = [
            (e.command, e.actor) for e in again.catalog.history("churn") if e.command.startswith(("promote", "revert"))
        ]
        assert stints == [("promote mlflow/churn@2 in churn", "me"), ("revert churn to mlflow/churn@1", "me")]
        assert again.catalog.version("mlflow/churn@2").lineage.commit == "c0ffee2"
        assert again.app.today == TODAY
