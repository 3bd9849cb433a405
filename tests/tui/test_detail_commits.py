"""The commit of a version, from a real clone that the settings name."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from walking import walk

from store.catalog import Catalog
from store.records import Lineage, Version
from store.registries.git import clone_of
from tui import settings, text
from tui.detail.claims import behind
from tui.detail.commits import add_commit
from tui.detail.page import Page
from tui.screens.detail import DetailScreen
from tui.widgets.table import Column, Table

ADDRESS = "https://git.example.com/ml/churn.git"


@pytest.fixture
def clone(tmp_path: Path) -> tuple[Path, str]:
    where = tmp_path / "churn"
    where.mkdir()
    names = {f"GIT_{who}_{what}": said for who in ("AUTHOR", "COMMITTER") for what, said in
             (("NAME", "Mira Okafor"), ("EMAIL", "m@example.com"), ("DATE", "2026-05-03T08:00:00Z"))}  # fmt: skip
    (where / "train.py").write_text("depth = 7\n")
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Deeper trees\n\nwhy not"]):
        subprocess.run(["git", "-C", str(where), *command], check=True, env=os.environ | names)
    head = subprocess.run(["git", "-C", str(where), "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return where, head.stdout.strip()


def subject(commit: str, clones: dict[str, str]) -> Any:
    made = Lineage(repository=ADDRESS, commit=commit)
    return SimpleNamespace(version=Version("v", "ml/churn@7", own=True, lineage=made), key="ml/churn@7", clones=clones)


def lines(about: Any) -> list[str]:
    page = Page((Column("a", "", 10),))
    add_commit(page, about)
    return [" ".join(text.plain(cell) for cell in row) for _, row in page.rows if isinstance(row, tuple)]


def test_subject_author_and_day_and_the_whole_commit_on_a_key(clone: tuple[Path, str]) -> None:
    where, commit = clone
    about = subject(commit, {"https://GIT.example.com/ml/churn/": str(where)})
    assert lines(about) == ["Subject Deeper trees", "Author Mira Okafor", "Date 2026-05-03"]
    title, shown = behind("lineage", "git:Subject", ("Subject", "Deeper trees"), about)
    said = "\n".join(text.plain(line) for line in shown)
    assert title == f"commit {commit[:12]}"
    assert "+depth = 7" in said
    assert "why not" in said


def test_what_a_clone_does_not_have_is_said(clone: tuple[Path, str], tmp_path: Path) -> None:
    where, commit = clone
    (missing,) = lines(subject("0" * 40, {ADDRESS: str(where)}))
    assert "does not have it; fetch there" in missing
    (gone,) = lines(subject(commit, {ADDRESS: str(tmp_path / "gone")}))
    assert "there is no directory" in gone
    (option,) = lines(subject("--output=x", {ADDRESS: str(where)}))
    assert "does not have it" in option
    assert lines(subject(commit, {})) == [], "no clone is configured, so nothing is said"


async def test_enter_on_the_commit_shows_it_whole(clone: tuple[Path, str], store_path: Path, tmp_path: Path) -> None:
    where, commit = clone
    config = tmp_path / "config.toml"
    config.write_text(f'[repositories]\n"{ADDRESS}" = "{where}"\n')
    with Catalog.open(store_path, actor="ann") as catalog:
        made = Lineage(repository=ADDRESS, commit=commit)
        catalog.add_version(Version("v", "ml/churn@7", own=True, lineage=made))
    async with walk(store_path, (100, 40), config=config) as w:
        await w.app.push_screen(DetailScreen("ml/churn@7", "", "lineage"))
        await w.until(lambda: "Deeper trees" in w.painted(), "the subject of the commit")
        assert "Mira Okafor" in w.painted()
        assert w.screen.query_one("#page", Table).move_to("git:Subject")
        await w.press("enter")
        await w.on("Reader")
        assert "+depth = 7" in w.text()


def test_the_settings_name_clones(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f'[repositories]\n"{ADDRESS}" = "/somewhere/churn"\n')
    found = settings.load(path).repositories
    assert clone_of("https://ann@git.example.com/ml/churn", found) == "/somewhere/churn"
    assert clone_of("https://git.example.com/ml/other", found) == ""
