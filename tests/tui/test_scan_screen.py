"""Scanning from the app: `i` on a checklist keeps what it finds, `: scan` shows all of it, esc stops it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.command import CommandList
from textual.widgets import Input
from walking import Walk, walk

from store.records import Evidence
from store.scan import Scan
from tui.screens.checklist import ChecklistScreen

OLD = "azure-openai/gpt-4o@2024-05-13"


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A folder, with a space in its name, that names the old version, its deployment and another model."""
    folder = tmp_path / "my code"
    folder.mkdir()
    (folder / "a.py").write_text(f'M = "{OLD}"\nU = "https://x/openai/deployments/support-ptu/chat"\n')
    (folder / "b.yaml").write_text("model: gpt-4.1-2025-04-14\n")
    return folder


def kept(w: Walk) -> tuple[Evidence, ...]:
    return w.catalog.upgrade("support-assistant").items["D01"].evidence


async def toast(w: Walk, words: str) -> None:
    await w.until(lambda: any(words in said for said in w.said()), words)


async def from_palette(w: Walk, where: str) -> None:
    """Call the command by its name, which has no key, and answer where to search."""
    await w.until(lambda: w.app.view)
    await w.press("colon")
    await w.on("CommandPalette")
    w.screen.query_one(Input).value = "scan"
    found = w.screen.query_one(CommandList)
    await w.until(lambda: found.option_count and "scan  (:)" in str(found.get_option_at_index(0).prompt))
    await w.press("enter")
    if w.screens[-1] == "CommandPalette":  # the first enter takes over the name
        await w.press("enter")
    await w.answer(where)


async def test_i_on_a_checklist_keeps_the_places_with_the_item_that_registers_every_use(
    demo_path: Path, code: Path
) -> None:
    async with walk(demo_path) as w:
        w.app.push_screen(ChecklistScreen(w.catalog.upgrade("support-assistant").uid))
        await w.on("ChecklistScreen")
        for wrong, sentence in (("'open", "cannot be read as paths"), ("/nowhere/at/all", "no such file")):
            await w.press("i")
            await w.answer(wrong)
            await toast(w, sentence)
            await w.on("ChecklistScreen")
        before = len(kept(w))
        await w.press("i")
        await w.answer(f'"{code}"')
        await w.on("Confirm")
        assert "Keep as evidence of D01" in w.text()
        assert "1 more name other models" in w.text()
        await w.press("escape")
        await w.on("ChecklistScreen")
        assert len(kept(w)) == before
        await w.press("i")
        await w.on("Ask")
        await w.press("enter")  # what was searched last is there
        await w.on("Confirm")
        await w.press("y")
        await w.until(lambda: len(kept(w)) > before)
        shown = kept(w)[-1]
        assert "2 places in 2 files" in shown.text
        assert "a.py:2 support-ptu" in shown.text
        assert (shown.kind, shown.by, len(shown.hash)) == ("check", "me", 64)
        await w.on("ChecklistScreen")
        await w.press("z")
        await w.until(lambda: len(kept(w)) == before)


async def test_scan_from_the_palette_lists_every_place_and_offers_it_to_an_upgrade(demo_path: Path, code: Path) -> None:
    async with walk(demo_path) as w:
        before = len(kept(w))
        await from_palette(w, f'"{code}"')
        await w.on("Reader")
        assert "3 places in 2 files" in w.text()
        assert "gpt-4.1-2025-04-14  retiring" in w.text()
        await w.press("escape")
        await w.choose("support-assistant · D01")
        await w.until(lambda: len(kept(w)) == before + 1)


async def test_esc_stops_a_scan_under_way_and_nothing_is_kept(
    demo_path: Path, code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []

    def endless(paths: Any, known: Any, *, watch: Callable[[Scan], bool]) -> Scan:
        found = Scan(tuple(map(str, paths)))
        while watch(found):
            found.files += 1
            time.sleep(0.002)
        ended.append(found.files)
        return found

    monkeypatch.setattr("tui.screens.scanning.scan", endless)
    async with walk(demo_path) as w:
        events = len(w.catalog.history())
        await from_palette(w, f'"{code}"')
        await w.until(lambda: "0 places in 1" in w.text())
        await w.press("escape")
        await toast(w, "The scan was stopped; nothing was kept.")
        await w.until(lambda: ended)
        assert len(w.catalog.history()) == events
