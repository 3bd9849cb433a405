"""Makes the pictures of the README from the demo: python docs/screenshots.py

Textual exports SVG; `rsvg-convert` (Debian: librsvg2-bin, fonts-dejavu-core) turns it into PNG.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from store.demo import fill
from tui.app import ModelTui
from tui.session import Options

HERE = Path(__file__).parent / "images"
TODAY = date(2026, 11, 23)
WIDTH = 1600  # pixels

SHOTS: dict[str, tuple[tuple[int, int], Sequence[str]]] = {
    "catalog": ((140, 32), ("j",)),
    "all": ((110, 28), ("v", "slash", *"gpt", "minus", *"4", "enter")),
    "dates": ((110, 28), ("j", "enter", *["right_square_bracket"] * 4)),
    "compare": ((130, 36), ("j", "c")),
    "checklist": ((130, 36), ("j", "u")),
}


async def shoot(store: Path, name: str, size: tuple[int, int], keys: Sequence[str]) -> None:
    """Press the keys on the demo and write the picture."""
    app = ModelTui(Options(store=store, config=store.with_name("settings.toml"), today=TODAY, actor="demo"))
    async with app.run_test(size=size) as pilot:
        while app.view is None:
            await pilot.pause(0.05)
        await pilot.pause(0.3)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.3)
        await pilot.pause(1.0)
        picture = re.sub(r"@font-face\s*{.*?}", "", app.export_screenshot(title="modeltui"), flags=re.DOTALL)
    with tempfile.NamedTemporaryFile("w", suffix=".svg", encoding="utf-8") as file:
        file.write(_for_librsvg(picture))
        file.flush()
        target = HERE / f"{name}.png"
        subprocess.run(["rsvg-convert", "-w", str(WIDTH), "-o", str(target), file.name], check=True)
    print(target)


CELL, FONT = 12.2, 20.26  # a cell's width in Textual's SVG, and the size at which DejaVu Sans Mono has that width


def _for_librsvg(picture: str) -> str:
    """Put right what librsvg leaves out: it stretches no text to its length, and drops spaces at its beginning."""
    picture = picture.replace("font-size: 20px", f"font-size: {FONT}px").replace("Fira Code", "DejaVu Sans Mono")
    text = re.compile(r'(<text[^>]* x=")([\d.]+)("[^>]*>)((?:&#160;)+)')
    return text.sub(lambda m: f"{m[1]}{float(m[2]) + CELL * m[4].count(';'):.1f}{m[3]}", picture)


def main() -> None:
    """Make them all."""
    HERE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "catalog.json"
        fill(store, today=TODAY)
        (store.with_name("settings.toml")).write_text("")
        for name, (size, keys) in SHOTS.items():
            asyncio.run(shoot(store, name, size, keys))


if __name__ == "__main__":
    main()
