"""Real comparisons of published figures, as the command line writes them: Aider's code editing, Vectara's summaries."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.cli import main

SNAPSHOTS = Path(__file__).parents[1] / "fixtures" / "snapshots"
COMPARED = {
    "aider": ("openai/gpt-4o@2024-05-13", "openai/gpt-4o@2024-11-20", "openai/gpt-4.1@2025-04-14"),
    "vectara": ("openai/gpt-4o@2024-08-06", "openai/gpt-4.1@2025-04-14", "anthropic/claude-opus-4@20250514"),
}


@pytest.mark.parametrize("name", COMPARED)
@pytest.mark.parametrize("form", ["txt", "md"])
def test_published_figures_compare_as_they_did(
    name: str, form: str, store_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Write anew, after looking at the difference: print `said` to the snapshot's file."""
    shape = ["--md"] if form == "md" else []
    keys = COMPARED[name]
    assert main(["--store", str(store_path), "--today", "2026-11-23", "compare", *keys, *shape]) == 0
    lines = capsys.readouterr().out.splitlines()
    said = [line.rstrip() for line in lines if line[:1] != " " or name in line.casefold() or "n 133" in line]
    snapshot = SNAPSHOTS / f"compare-{name}.{form}"
    assert "\n".join(said) + "\n" == snapshot.read_text("utf-8")
