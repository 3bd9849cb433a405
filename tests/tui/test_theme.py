"""Every text colour stands out from every ground, in our themes; every other theme has the same names."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme
from walking import driving

from tui.theme import DARK, GROUNDS, LIGHT, TEXT_VARIABLES, THEMES, variable_defaults


def luminance(colour: Color) -> float:
    """WCAG 2.2, relative luminance."""
    channels = [c / 255 for c in colour.rgb]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Color, other: Color) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_text_stands_out_from_every_ground(theme: Theme) -> None:
    colours = theme.to_color_system().generate() | theme.variables
    texts = [*TEXT_VARIABLES, "foreground", "footer-description-foreground", "footer-key-foreground"]
    weak = {
        (text, ground): round(contrast(Color.parse(colours[text]), Color.parse(colours[ground])), 2)
        for text in texts
        for ground in GROUNDS
        if contrast(Color.parse(colours[text]), Color.parse(colours[ground])) < 4.5
    }
    assert weak == {}


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_the_cursor_line_is_seen(theme: Theme) -> None:
    ground = Color.parse(str(theme.background))
    assert contrast(Color.parse(theme.variables["cursor"]), ground) > 1.2
    assert contrast(Color.parse(theme.variables["cursor"]), ground) > contrast(
        Color.parse(theme.variables["cursor-blurred"]), ground
    )


@pytest.mark.parametrize("theme", BUILTIN_THEMES.values(), ids=lambda theme: theme.name)
def test_every_other_theme_has_our_names(theme: Theme) -> None:
    named = variable_defaults(theme)
    assert set(named) >= {*TEXT_VARIABLES, "rule", "cursor", "cursor-blurred"}
    if not theme.ansi:
        ground = Color.parse(theme.to_color_system().generate()["background"])
        assert contrast(Color.parse(named["dim"]), ground) >= 3


PLACES = (
    ("Catalog",),
    ("Catalog ▸ openai/gpt-4.1", "down", "down", "enter"),
    ("Compare", "escape", "c"),
    ("Upgrades", "escape", "2"),
    ("Timeline", "3"),
    ("Sync", "4"),
    ("Use cases", "5"),
    ("Review", "exclamation_mark"),
)
"""What the status line says on each, and the keys that lead there from the one before."""


async def pictures(path: Path, theme: str, *, later: bool) -> dict[str, list[list[tuple[str, str]]]]:
    """What stands on each place in a theme that the app began with, or was given while the place was in front."""
    found = {}
    async with driving(path, theme=DARK.name if later else theme) as it:
        for name, *keys in PLACES:
            for key in keys:
                await it.press(key)
            await it.settle()
            if later:
                it.app.theme = theme
                await it.settle()
            assert name in it.screen().splitlines()[0]
            strips = it.app.screen._compositor.render_strips()
            found[name] = [
                [("".join(s.text for s in same), look) for look, same in groupby(strip, lambda s: str(s.style))]
                for strip in strips
            ]
            if later:
                it.app.theme = DARK.name
                await it.settle()
    return found


async def test_another_theme_repaints_everything_at_once(demo_path: Path) -> None:
    began = await pictures(demo_path, LIGHT.name, later=False)
    turned = await pictures(demo_path, LIGHT.name, later=True)
    for name, wanted in began.items():
        assert turned[name] == wanted, name
