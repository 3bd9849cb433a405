"""The commit that a version was made from, as a clone on this machine knows it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from tui.detail.page import Page, Subject
from tui.text import Cell, Styled

KEY = "git:"
"""The rows that `enter` opens with `git show`."""


def add_commit(page: Page, about: Subject) -> None:
    """Subject, author and date of the commit, where a clone of its repository is configured; asks git, so not in the
    event loop.
    """
    made = about.version.lineage
    if not made.commit:
        return
    from store.registries.errors import RemoteError
    from store.registries.git import clone_of, commit_of

    path = clone_of(made.repository, about.clones)
    if not path:
        return
    try:
        found = asyncio.run(commit_of(path, made.commit))
    except RemoteError as error:
        page.section("Commit", [("clone", Styled(str(error), "bad"))])
        return
    if found is None:
        page.section("Commit", [("clone", Styled(f"{path} does not have it; fetch there", "warn"))])
        return
    day = datetime.fromtimestamp(found.at, UTC).date().isoformat() if found.at else "—"
    lines = [("Subject", found.subject), ("Author", found.author), ("Date", day)]
    page.section("Commit · enter shows it", lines, [f"{KEY}{name}" for name, _ in lines])


def show(about: Subject) -> Sequence[Cell]:
    """What `git show` says of the commit."""
    from store.registries.errors import RemoteError
    from store.registries.git import clone_of, shown

    made = about.version.lineage
    try:
        text = asyncio.run(shown(clone_of(made.repository, about.clones), made.commit))
    except RemoteError as error:
        return [Styled(str(error), "bad")]
    return [_painted(line) for line in text.splitlines()]


def _painted(line: str) -> Styled:
    if line.startswith(("+++", "---", "diff ", "index ", "commit ")):
        return Styled(line, "strong")
    if line.startswith("+"):
        return Styled(line, "good")
    return Styled(line, "bad" if line.startswith("-") else "accent" if line.startswith("@@") else "")
