"""How every screen looks, at the smallest size it is made for and at a usual one; dark, light and without colour.

`pytest tests/tui/test_snapshots.py --snapshot-update` after a change of looks, then look at the report.
"""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tui.app import ModelTui
from tui.session import Options

SIZES = {"80x24": (80, 24), "140x45": (140, 45)}
SCREENS: dict[str, list[str]] = {
    "catalog": [],
    "catalog-all": ["v", "slash", *"gpt", "enter"],
    "detail": ["j", "enter", "@DetailScreen"],
    "detail-dates": ["j", "enter", "@DetailScreen", *["right_square_bracket"] * 4],
    "detail-own": ["slash", *"churn", "enter", "@CatalogScreen", "enter", "@DetailScreen"],
    "compare": ["j", "c", "@CompareScreen"],
    "checklist": ["j", "u", "@ChecklistScreen"],
    "upgrades": ["2", "@UpgradesScreen"],
    "timeline": ["3", "@TimelineScreen"],
    "sync": ["4", "@SyncScreen"],
    "use-cases": ["5", "@UseCasesScreen"],
    "form": ["n", "@Choose", "enter", "@Form"],
    "help": ["question_mark", "@Reader"],
    "review": ["exclamation_mark", "@ReviewScreen"],
}
"""Keys to press; `@NAME` waits until the screen of that name is there and rests, however busy the machine is."""


def opened(demo: Path, tmp_path: Path) -> ModelTui:
    """The app on a copy of the demo; the file's name is part of the picture."""
    store = Path(shutil.copy(demo, tmp_path / "catalog.json"))
    return ModelTui(Options(store=store, today=date(2026, 11, 23), actor="ann"))


@pytest.fixture
def app(demo: Path, tmp_path: Path) -> ModelTui:
    """The app on the demo, in colour."""
    return opened(demo, tmp_path)


async def at_rest(pilot: Pilot[int]) -> None:
    """Wait until what is painted has not changed for a while, however busy the machine is."""
    before, same = "", 0
    while same < 4:
        await pilot.pause(0.05)
        stack = [type(screen).__name__ for screen in pilot.app.screen_stack]
        strips = pilot.app.screen._compositor.render_strips()
        now = f"{stack}" + "".join(segment.text for strip in strips for segment in strip)
        before, same = now, same + 1 if now == before else 0


PUBLIC = (
    "openai/gpt-4o@2024-08-06", "openai/gpt-4.1@2025-04-14", "openai/gpt-4.1-mini@2025-04-14",
    "openai/gpt-4o-mini@2024-07-18", "deepseek/deepseek-v3-0324",
)  # fmt: skip
"""Versions that Aider and Vectara measured, on some of the same data."""


def compared(*keys: str) -> Callable[[Pilot[int]], Awaitable[None]]:
    """A comparison of public figures, and keys on it."""

    async def run(pilot: Pilot[int]) -> None:
        from tui.screens.compare import CompareScreen

        app = pilot.app
        assert isinstance(app, ModelTui)
        while app.view is None:
            await pilot.pause(0.02)
        await app.push_screen(CompareScreen(PUBLIC, "", PUBLIC[0]))
        await at_rest(pilot)
        for key in keys:
            await pilot.press(key)
            await at_rest(pilot)

    return run


def after(keys: list[str], theme: str = "") -> Callable[[Pilot[int]], Awaitable[None]]:
    async def run(pilot: Pilot[int]) -> None:
        app = pilot.app
        assert isinstance(app, ModelTui)
        if theme:
            app.theme = theme
        while app.view is None:
            await pilot.pause(0.02)
        await at_rest(pilot)
        for key in keys:
            if key.startswith("@"):
                while type(app.screen).__name__ != key[1:]:
                    await pilot.pause(0.02)
                await at_rest(pilot)
            else:
                await pilot.press(key)
        await at_rest(pilot)
        for field in app.screen.query(Input):
            field.cursor_blink = False  # the picture would depend on the moment

    return run


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SCREENS)
def test_screen(snap_compare: Callable[..., bool], app: ModelTui, name: str, size: str) -> None:
    assert snap_compare(app, terminal_size=SIZES[size], run_before=after(SCREENS[name]))


@pytest.mark.parametrize("name", ["catalog", "compare", "checklist"])
def test_light(snap_compare: Callable[..., bool], app: ModelTui, name: str) -> None:
    assert snap_compare(app, terminal_size=(110, 30), run_before=after(SCREENS[name], "modeltui-light"))


def test_figures_of_aider_and_vectara(snap_compare: Callable[..., bool], app: ModelTui) -> None:
    assert snap_compare(app, terminal_size=SIZES["140x45"], run_before=compared())


@pytest.mark.parametrize("picture", ["bars", "scatter", "trend"])
def test_pictures_in_80_columns_without_color(
    snap_compare: Callable[..., bool], demo: Path, tmp_path: Path, picture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    keys = ["v"] * (1 + ["bars", "scatter", "trend"].index(picture))
    assert snap_compare(opened(demo, tmp_path), terminal_size=SIZES["80x24"], run_before=compared(*keys))


@pytest.mark.parametrize("name", ["catalog", "checklist"])
def test_no_color(
    snap_compare: Callable[..., bool], demo: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = opened(demo, tmp_path)
    assert snap_compare(app, terminal_size=(110, 30), run_before=after(SCREENS[name]))
