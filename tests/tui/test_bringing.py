"""`i` in the app: a file whose columns nobody knows is asked about, its plan shown, and brought in."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.catalog import Catalog
from store.records import UseCase
from tests.tui.walking import walk
from tui.settings import load

PAGE = "| Name | Ende | Hinweis |\n|---|---|---|\n| gpt-99 | 31 March 2027 | x |\n"


async def test_unknown_columns_are_asked_and_remembered(
    store_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELTUI_CONFIG", str(tmp_path / "settings.toml"))
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    async with walk(store_path) as w:
        await w.press("i")
        await w.answer(str(page))
        await w.fill(c0="modell", c1="retires")
        await w.save()
        await w.until(lambda: w.fault("c0"), "a sentence at the field")
        assert "neither a field nor a metric" in w.fault("c0")
        await w.fill(c0="model")
        await w.save()
        await w.fill(provider="openai")
        await w.save()
        await w.on("Confirm")
        assert "1 version new" in w.text()
        await w.press("y")
        await w.until(lambda: "openai/gpt-99" in w.catalog.versions, "the version")
    assert load(tmp_path / "settings.toml").import_map == {"Name": "model", "Ende": "retires", "Hinweis": "skip"}


async def test_a_wrong_file_brings_in_nothing_and_says_every_place(store_path: Path, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("key,price_in\nown/a@1,x\nnokey,2\n")
    async with walk(store_path) as w:
        await w.press("i")
        await w.answer(str(table))
        await w.on("Reader")
        assert "line 2, column price_input" in w.painted()
        assert "line 3, column key" in w.painted()
        assert "own/a@1" not in w.catalog.versions


async def test_the_file_of_another_catalog_asks_whose_values_count(store_path: Path, tmp_path: Path) -> None:
    with Catalog.open(store_path, actor="ann") as catalog:
        catalog.add_use_case(UseCase("u1", "churn", owner="ann"))
    with Catalog.open(tmp_path / "bens.json", actor="ben") as catalog:
        catalog.add_use_case(UseCase("w1", "churn", owner="ben"))
        catalog.add_use_case(UseCase("w2", "fraud", owner="ben"))
    async with walk(store_path) as w:
        await w.press("i")
        await w.answer(str(tmp_path / "bens.json"))
        await w.on("Choose")
        assert "there ben" in w.painted()
        await w.choose("keep ours")
        await w.on("Confirm")
        await w.press("y")
        await w.until(lambda: "fraud" in w.catalog.use_cases, "what only Ben has")
        assert w.catalog.use_case("churn").owner == "ann"
        await w.press("i")
        await w.answer(str(tmp_path / "bens.json"))
        await w.choose("take those")
        await w.on("Confirm")
        await w.press("y")
        await w.until(lambda: w.catalog.use_case("churn").owner == "ben", "Ben's value")
