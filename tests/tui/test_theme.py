"""Every text colour stands out from every ground, in our themes; every other theme has the same names."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from tui.theme import GROUNDS, TEXT_VARIABLES, THEMES, variable_defaults


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
