"""A field of many rows at once, and a record in the user's own editor."""

from __future__ import annotations

import sys
import tempfile
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
from textual.widgets import Input
from tinydb import where
from walking import TODAY, Walk, walk

from store.catalog import Catalog, CommandError, fixed_clock
from store.engine import new_uid
from store.records import UseCase
from tui.app import ModelTui

CHURN = "mlflow/churn@7"


@pytest.fixture
def two(store_path: Path) -> Path:
    with Catalog.open(store_path, actor="me", clock=fixed_clock(TODAY)) as catalog:
        for name in ("churn", "leads"):
            catalog.add_use_case(UseCase(new_uid(), name, owner=f"{name}-team"))
            catalog.register(f"mlflow/{name}@7", changes="**first**")
            catalog.assign(name, f"mlflow/{name}@7")
    return store_path


async def _set(w: Walk, field: str) -> None:
    await w.press("e")
    await w.choose(field)


async def test_a_field_of_all_marked_rows_is_previewed_and_one_undo_step(two: Path) -> None:
    async with walk(two) as w:
        await w.press("asterisk")
        await _set(w, "owner of the use cases")
        await w.answer("crm")
        await w.on("Confirm")
        assert "churn: churn-team → crm" in w.text()
        assert "leads: leads-team → crm" in w.text()
        before = len(w.catalog.events())
        await w.press("y")
        await w.until(lambda: w.catalog.use_cases["leads"].owner == "crm", "the owner")
        assert len(w.catalog.events()) == before + 1
        await _set(w, "owner of the use cases")
        await w.answer("crm")
        await w.until(lambda: any("hold it already" in s for s in w.said()), "that nothing changes")
        await w.press("z")
        await w.until(lambda: w.catalog.use_cases["churn"].owner == "churn-team", "the undo")
        assert w.catalog.use_cases["leads"].owner == "leads-team"


async def test_stages_tags_and_own_facts_of_many(two: Path) -> None:
    async with walk(two) as w:
        await w.press("asterisk")
        await _set(w, "stage")
        await w.on("Choose")
        w.screen.query_one("#filter", Input).value = "Canary"
        await w.press("enter")
        await w.on("Confirm")
        assert "churn · mlflow/churn@7: Production → Canary" in w.text()
        await w.press("y")
        await w.until(lambda: {a.stage for a in w.catalog.assignments.records()} == {"Canary"}, "the stage")
        await _set(w, "own fact")
        await w.answer("price_input=free")
        await w.until(lambda: any("is not a price" in s for s in w.said()), "the sentence about the price")
        await _set(w, "own fact")
        await w.answer("price_input=2.5")
        await w.on("Confirm")
        assert "mlflow/churn@7: — → 2.5" in w.text()
        await w.press("y")
        await w.until(lambda: w.catalog.versions[CHURN].value("price_input") == 2.5, "the fact")
        await _set(w, "tags of the use cases")
        await w.answer("eu -old")
        await w.on("Confirm")
        await w.press("y")
        await w.until(lambda: w.catalog.use_cases["leads"].tags == ("eu",), "the tags")


def test_two_of_one_place_do_not_go_to_production_at_once(two: Path) -> None:
    with Catalog.open(two, actor="me", clock=fixed_clock(TODAY)) as catalog:
        catalog.register("mlflow/churn@8")
        catalog.assign("churn", "mlflow/churn@8", stage="Staging")
        uids = [a.uid for a in catalog.runs_in("churn")]
        with pytest.raises(CommandError, match="one by one, with their shares"):
            catalog.assign_many(uids, "Production")
        catalog.assign_many(uids, "Archived", "the end")
        assert {a.stage for a in catalog.runs_in("churn")} == {"Archived"}
        catalog.undo()
        assert sorted(a.stage for a in catalog.runs_in("churn")) == ["Production", "Staging"]


# ── the editor ────────────────────────────────────────────────────────────────────────────────────────────────────


def _editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *scripts: str) -> Path:
    """An editor that does one script a call with `text`; what it was given stands in the returned file."""
    given, calls = tmp_path / "given.txt", tmp_path / "calls"
    body = (
        "import sys, pathlib\n"
        f"scripts = {scripts!r}\n"
        f"calls, given = pathlib.Path({str(calls)!r}), pathlib.Path({str(given)!r})\n"
        "nth = len(calls.read_text()) if calls.exists() else 0\n"
        "calls.write_text('x' * (nth + 1))\n"
        "path = pathlib.Path(sys.argv[-1]); text = path.read_text(); given.write_text(text)\n"
        "space = {'text': text}; exec(scripts[nth], space); path.write_text(space['text'])\n"
    )
    script = tmp_path / "an editor.py"
    script.write_text(body)
    monkeypatch.setenv("VISUAL", f"{sys.executable} '{script}'")
    return given


@pytest.fixture(autouse=True)
def _a_terminal_that_can_be_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ModelTui, "suspend", lambda self: nullcontext())


async def test_a_record_goes_through_the_editor_faults_lead_back_and_unknown_fields_stay(
    two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = _editor(
        tmp_path, monkeypatch,
        "text = text.replace('title', 'title') + 'ownr = \"x\"\\ncalls_per_month = \"many\"\\n'",
        "text = text.replace('ownr = \"x\"\\n', 'title = \"Who leaves?\"\\n').replace('\"many\"', '2.1e6')",
    )  # fmt: skip
    async with walk(two) as w:
        w.catalog._db.table("use_cases").update({"from_the_future": {"x": 1}}, where("name") == "churn")
        await w.press("ctrl+e")
        await w.choose("use case churn")
        await w.on("Confirm")
        lines = given.read_text().splitlines()
        assert lines[0] == "# use case churn"
        assert 'owner = "churn-team"' in lines
        assert f"line {len(lines) + 1}: 'ownr' is no field of use case; did you mean owner?" in w.text()
        assert f"line {len(lines) + 2}: calls_per_month: 'many' is not a number" in w.text()
        await w.press("y")
        await w.until(lambda: w.catalog.use_cases["churn"].title == "Who leaves?", "the record")
        stored = w.catalog.use_cases.document("churn")
        assert (stored["calls_per_month"], stored["owner"], stored["from_the_future"]) == (
            2.1e6,
            "churn-team",
            {"x": 1},
        )
        assert w.screens == ["CatalogScreen"]


async def test_what_others_changed_meanwhile_is_merged_by_field(
    two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _editor(tmp_path, monkeypatch, "text += 'tags = [\"a\"]\\n'", "text = text.replace('\"mine\"', '\"churn-team\"')")
    async with walk(two) as w:

        def meanwhile(_self: ModelTui) -> nullcontext[None]:
            with Catalog.open(two, actor="else", clock=fixed_clock(TODAY)) as other:
                base = other.use_cases["churn"]
                other.edit_use_case(replace(base, owner="theirs"), base)
            return nullcontext()

        with patch.object(ModelTui, "suspend", meanwhile):
            await w.press("ctrl+e")
            await w.choose("use case churn")
            await w.until(lambda: w.catalog.use_cases["churn"].tags == ("a",), "the merge")
        assert w.catalog.use_cases["churn"].owner == "theirs"


async def test_own_facts_of_a_version_and_an_unchanged_text(
    two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _editor(tmp_path, monkeypatch, "", "text += '[facts]\\nkind = \"tabular\"\\n'", "text = ''")
    async with walk(two) as w:
        for said in ("Nothing was changed", "is saved"):
            await w.press("ctrl+e")
            await w.choose(f"version {CHURN}")
            await w.until(lambda said=said: any(said in s for s in w.said()), said)
        fact = w.catalog.versions[CHURN].fact("kind")
        assert fact is not None
        assert (fact.value, fact.source, fact.layer) == ("tabular", "own", "local")
        events = len(w.catalog.events())
        await w.press("ctrl+e")
        await w.choose(f"version {CHURN}")
        await w.until(lambda: len([s for s in w.said() if "Nothing was changed" in s]) == 2, "an emptied text")
        assert len(w.catalog.events()) == events


@pytest.mark.parametrize(("command", "said"), [("false", "left with 1"), ("no-such-editor", "cannot be started")])
async def test_an_editor_that_fails_changes_nothing(
    two: Path, monkeypatch: pytest.MonkeyPatch, command: str, said: str
) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", command)
    async with walk(two) as w:
        await w.press("ctrl+e")
        await w.choose("use case churn")
        await w.until(lambda: any(said in s for s in w.said()), said)
        assert w.screens == ["CatalogScreen"]


async def test_without_room_for_the_text_it_says_so(two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "not there"))
    async with walk(two) as w:
        await w.press("ctrl+e")
        await w.choose("use case churn")
        await w.until(lambda: any("cannot be kept in a file" in s for s in w.said()), "the sentence")


# ── copies and shares ─────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_copy_of_a_version_takes_over_what_stays_and_says_where_it_is_from(two: Path) -> None:
    key = "azure-openai/gpt-4o@2024-05-13"
    async with walk(two) as w:
        await w.press("v")
        w.screen.query_one("#query", Input).value = f'key="{key}"'
        await w.pilot.pause()
        await w.press("n")
        await w.choose("a copy of")
        await w.fill(version="2024-05-13", changes="ours")
        await w.save()
        await w.until(lambda: "is there already" in w.fault("version"), "the fault")
        await w.fill(version="2027-01-01", released="2027-01-01")
        await w.save()
        await w.until(lambda: "azure-openai/gpt-4o@2027-01-01" in w.catalog.versions, "the copy")
        made, like = w.catalog.versions["azure-openai/gpt-4o@2027-01-01"], w.catalog.versions[key]
        price, old = made.fact("price_input"), like.fact("price_input")
        assert price is not None
        assert old is not None
        assert (price.value, price.source, price.as_of) == (old.value, old.source, old.as_of)
        assert price.note == f"copied from {key}"
        assert (made.value("release_date"), made.value("lifecycle_label"), made.observations) == (
            "2027-01-01",
            None,
            (),
        )


async def test_a_share_lowers_what_is_in_production_and_says_so_first(two: Path) -> None:
    with Catalog.open(two, actor="me", clock=fixed_clock(TODAY)) as catalog:
        catalog.register("mlflow/churn@8")
    async with walk(two) as w:
        await w.press("s")
        await w.fill(version="mlflow/churn@8", share="30")
        await w.save()
        await w.on("Confirm")
        assert "Lowered to make room: mlflow/churn@7 from 100 % to 70 %." in w.text()
        await w.press("y")
        await w.until(lambda: len(w.catalog.runs_in("churn")) == 2, "the split")
        assert {a.version: (a.stage, a.share) for a in w.catalog.runs_in("churn")} == {
            "mlflow/churn@7": ("Production", 70), "mlflow/churn@8": ("Production", 30),
        }  # fmt: skip
        await w.press("z")
        await w.until(lambda: [a.share for a in w.catalog.runs_in("churn")] == [100], "one undo for both")
