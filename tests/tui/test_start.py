"""What the start imports: facts about `sys.modules`, never a time."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from textual.css.scalar import Scalar
from textual.css.stylesheet import Stylesheet

from store.catalog import Catalog, fixed_clock
from store.records import UseCase
from store.sync import load_reference
from tui.app import FIRST_STYLES, OTHER_STYLES, ModelTui
from tui.session import Options
from tui.theme import DARK

HEAVY = ("pydantic", "httpx", "tomlkit", "textual.widgets._markdown", "tui.widgets.charts", "store.validation")

FIRST_PAINT = """
import json, sys
from pathlib import Path
from tui.app import ModelTui
from tui.session import Options

class Watched(ModelTui):
    def on_status_line_painted(self):
        self.painted = sorted(sys.modules)
        self.words = "".join(s.text for line in self.screen._compositor.render_strips() for s in line)
        self.begin()

    async def look(self, changed):
        await super().look(changed)
        self.call_after_refresh(self.exit)

app = Watched(Options(store=Path(sys.argv[1])))
app.run(headless=True, size=(140, 40))
told = {"painted": app.painted, "words": app.words, "shown": sorted(sys.modules), "rows": app.view is not None}
print(json.dumps(told))
"""

NEXT = """
import json, sys
from tui.cli import main
code = main(["next", "--short", "--store", sys.argv[1]])
sys.stderr.write(json.dumps(sorted(sys.modules)))
"""


def in_use(path: Path) -> Path:
    with Catalog.open(path, actor="ann", clock=fixed_clock(date(2026, 11, 23))) as catalog:
        load_reference(catalog)
        catalog.add_use_case(UseCase("u1", "support", owner="ann"))
        catalog.assign("support", "openai/gpt-4.1@2025-04-14")
    return path


def test_the_first_paint_needs_no_store_and_the_first_rows_nothing_heavy(tmp_path: Path) -> None:
    path = in_use(tmp_path / "catalog.json")
    run = subprocess.run([sys.executable, "-c", FIRST_PAINT, str(path)], capture_output=True, text=True, check=True)
    told = json.loads(run.stdout.splitlines()[-1])
    ours = [m for m in told["painted"] if m.split(".")[0] in ("store", "tinydb", "msgspec", "orjson")]
    assert ours == ["store", "store.values"]  # the decorator of all values, and nothing that is known
    for word in ("modeltui ▸ Catalog", "opening…", "Use case", "Retires", "Opening the catalog", "filter"):
        assert word in told["words"]
    assert told["rows"]
    assert "store.catalog" in told["shown"]
    assert not set(HEAVY) & set(told["shown"])


def test_next_short_imports_neither_pydantic_nor_textual(tmp_path: Path) -> None:
    path = in_use(tmp_path / "catalog.json")
    run = subprocess.run([sys.executable, "-c", NEXT, str(path)], capture_output=True, text=True, check=True)
    assert run.stdout.strip()
    modules = set(json.loads(run.stderr))
    assert not modules & {"pydantic", "textual", "httpx", "rich", "asyncio"}


async def test_the_first_paint_has_our_theme(demo_path: Path) -> None:
    app = ModelTui(Options(store=demo_path))
    async with app.run_test():
        assert app.theme == DARK.name
        assert app.screen.styles.background.hex.lower() == str(DARK.background).lower()


async def test_a_dialog_has_its_looks_before_the_catalog_is_open(
    demo_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ModelTui, "_open", lambda _: None)  # it takes as long as a person needs for a key
    app = ModelTui(Options(store=demo_path, today=date(2026, 11, 23), actor="ann"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("question_mark")
        await pilot.pause()
        box = app.screen.query_one(".box")
        assert app.view is None
        assert box.styles.width == Scalar.parse("100")
        assert box.styles.border.top[0] == "round"


def test_each_half_of_the_style_sheet_is_whole() -> None:
    for half in (FIRST_STYLES, OTHER_STYLES):
        sheet = Stylesheet(variables=ModelTui(Options()).get_css_variables())
        sheet.add_source(half)
        sheet.parse()
        assert len(sheet.rules) > 40
