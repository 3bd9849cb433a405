"""The two themes of ours, and the semantic colours that the stylesheet uses.

`screens.css` names meanings, not colours: `$good $warn $bad $dim $accent-text $key-text $strong` for text, `$cursor`
and `$cursor-blurred` for the line the cursor stands on, `$rule` for lines. `variable_defaults` derives them for any
other Textual theme, so that all of them work. Every text colour stands out from every ground by at least 4.5:1
(WCAG 2.2, 1.4.3); the tests compute it.
"""

from __future__ import annotations

from textual.color import Color
from textual.theme import Theme

DARK = Theme(
    name="modeltui-dark",
    dark=True,
    primary="#7aa2d6",
    secondary="#8d9bb0",
    accent="#7fc4c9",
    success="#86c58c",
    warning="#e2b45c",
    error="#f08a80",
    foreground="#d5dae2",
    background="#14171c",
    surface="#191d23",
    panel="#232932",
    variables={
        "good": "#86c58c",
        "warn": "#e2b45c",
        "bad": "#f08a80",
        "dim": "#a0aab8",
        "accent-text": "#7fc4c9",
        "key-text": "#9dbde8",
        "strong": "#f2f4f8",
        "rule": "#3a4350",
        "cursor": "#2c3b50",
        "cursor-blurred": "#252c36",
        "border": "#5b7fae",
        "border-blurred": "#3a4350",
        "block-cursor-background": "#2c3b50",
        "block-cursor-foreground": "#f2f4f8",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#252c36",
        "footer-background": "#191d23",
        "footer-foreground": "#a0aab8",
        "footer-description-foreground": "#a0aab8",
        "footer-key-foreground": "#9dbde8",
        "text-muted": "#a0aab8",
        "input-cursor-background": "#d5dae2",
        "input-cursor-foreground": "#14171c",
        "input-selection-background": "#7aa2d6 35%",
        "scrollbar": "#3a4350",
        "scrollbar-hover": "#4a5666",
        "scrollbar-active": "#5b7fae",
        "scrollbar-background": "#191d23",
        "scrollbar-background-hover": "#191d23",
        "scrollbar-background-active": "#191d23",
        "scrollbar-corner-color": "#191d23",
    },
)

LIGHT = Theme(
    name="modeltui-light",
    dark=False,
    primary="#2f5d95",
    secondary="#55637a",
    accent="#0c6670",
    success="#256b2e",
    warning="#7d5200",
    error="#a92a20",
    foreground="#242a33",
    background="#f4f3ef",
    surface="#faf9f6",
    panel="#e9e8e2",
    variables={
        "good": "#256b2e",
        "warn": "#7d5200",
        "bad": "#a92a20",
        "dim": "#555d69",
        "accent-text": "#0c6670",
        "key-text": "#2b5488",
        "strong": "#0d1117",
        "rule": "#c3c4c0",
        "cursor": "#d3dfee",
        "cursor-blurred": "#e3e4e2",
        "border": "#6d8db5",
        "border-blurred": "#c3c4c0",
        "block-cursor-background": "#d3dfee",
        "block-cursor-foreground": "#0d1117",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#e3e4e2",
        "footer-background": "#e9e8e2",
        "footer-foreground": "#555d69",
        "footer-description-foreground": "#4b535e",
        "footer-key-foreground": "#2b5488",
        "text-muted": "#555d69",
        "input-cursor-background": "#242a33",
        "input-cursor-foreground": "#faf9f6",
        "input-selection-background": "#2f5d95 25%",
        "scrollbar": "#c3c4c0",
        "scrollbar-hover": "#aeb0ad",
        "scrollbar-active": "#6d8db5",
        "scrollbar-background": "#f1f0eb",
        "scrollbar-background-hover": "#f1f0eb",
        "scrollbar-background-active": "#f1f0eb",
        "scrollbar-corner-color": "#f1f0eb",
    },
)

THEMES = (DARK, LIGHT)

TEXT_VARIABLES = ("good", "warn", "bad", "dim", "accent-text", "key-text", "strong")
"""The semantic text colours; each stands out from the background, surface, panel and both cursors."""
GROUNDS = ("background", "surface", "panel", "cursor", "cursor-blurred")


def variable_defaults(theme: Theme) -> dict[str, str]:
    """The semantic colours for a theme that does not name them, taken from its own text colours.

    For `App.get_theme_variable_defaults`, which must name every variable of the stylesheet.
    """
    colours = theme.to_color_system().generate()
    if theme.ansi:
        dim = rule = colours["foreground"]
    else:
        ground, text = Color.parse(colours["background"]), Color.parse(colours["foreground"])
        dim, rule = text.blend(ground, 0.2).hex, text.blend(ground, 0.75).hex
    return {
        "good": colours["text-success"],
        "warn": colours["text-warning"],
        "bad": colours["text-error"],
        "dim": dim,
        "accent-text": colours["text-accent"],
        "key-text": colours["text-primary"],
        "strong": colours["foreground"],
        "rule": rule,
        "cursor": colours["block-cursor-blurred-background"],
        "cursor-blurred": colours["panel"],
    }
