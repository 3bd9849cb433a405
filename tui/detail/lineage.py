"""The Lineage tab: the way of a version, what it was made from, and what is missing for making it again."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from store.records import LINEAGE_PARTS, Lineage
from store.review.way import way
from tui import text
from tui.detail.commits import add_commit
from tui.detail.page import Page, Subject
from tui.text import Cell, Styled
from tui.widgets.table import Column, Wide

LINEAGE = (Column("part", "Part", 22, 14), Column("value", "Value", 60, 20, grow=1))


def lineage(about: Subject) -> Page:
    """What it was made from: data, code, run, environment; what is missing for making it again."""
    page = Page(LINEAGE)
    made = about.version.lineage
    missing = [title for title, fields in LINEAGE_PARTS if not any(getattr(made, f) for f in fields)]
    total = len(LINEAGE_PARTS)
    said: Cell = [Styled(f"reproducible {total - len(missing)}/{total}", "good" if not missing else "warn")]
    if missing:
        said = [*text.pieces(said), Styled(f"  missing: {', '.join(missing)}", "dim")]
    page.section("", [Wide(said)], ["head"])
    page.section("Way", *_way_lines(about))
    names = (
        ("data", "Data"),
        ("data_hash", "Data hash"),
        ("repository", "Repository"),
        ("branch", "Branch"),
        ("commit", "Commit"),
        ("run", "Run"),
        ("seed", "Seed"),
        ("environment", "Environment"),
        ("artifact", "Artifact"),
        ("prompt", "Prompt"),
        ("prompt_hash", "Prompt hash"),
    )
    lines = [(label, _reference(name, made)) for name, label in names]
    page.section("Made from · enter opens links", lines, [link_of(name, made) or name for name, _ in names])
    add_commit(page, about)
    page.section("Parameters", [(str(k), str(v)) for k, v in sorted(made.parameters.items())])
    runs = dict.fromkeys(m.run for m in about.view.records.measurements.get(about.key, ()) if m.run)
    page.section(
        "Evaluation runs", [("run", r) for r in runs], [r if r.startswith("http") else f"run:{r}" for r in runs]
    )
    return page


_STATIONS = {
    "data": "Data",
    "execution": "→ Execution",
    "model": "→ Model",
    "evaluation": "→ Evaluation",
    "pushed": "→ Pushed",
    "runs": "→ Runs in",
}


def _way_lines(about: Subject) -> tuple[list[Sequence[Cell] | Wide], list[str]]:
    """A line a station: what it is, its name, what is known of it, its day."""
    records = about.view.records
    runs = [a for a in records.assignments if a.version == about.key]
    found = way(about.version, records.measurements.get(about.key, ()), runs, records.metrics)
    lines: list[Sequence[Cell] | Wide] = []
    for station in found:
        name = Styled(station.name, "accent" if station.kind == "model" else "strong")
        parts = [name, *(Styled(p, "dim") for p in (station.detail, station.at) if p)]
        label = _STATIONS[station.kind]
        lines.append((label if lines else label.removeprefix("→ "), text.joined(parts)))
    links = [s.detail if s.detail.startswith(("http://", "https://")) else "" for s in found]
    return lines, [link or f"way:{i}" for i, link in enumerate(links)]


def _reference(name: str, made: Lineage) -> Cell:
    value = getattr(made, name)
    return Styled(value, "accent") if value and link_of(name, made) else value or text.MISSING


def link_of(name: str, made: Lineage) -> str:
    """The page of a part of the lineage, "" where none is known; a commit is a page of its repository."""
    value = str(getattr(made, name))
    if value.startswith(("http://", "https://")):
        return value
    if name in ("commit", "branch") and value and made.repository.startswith(("http://", "https://")):
        where = "commit" if name == "commit" else "tree"
        return f"{made.repository.rstrip('/').removesuffix('.git')}/{where}/{quote(value)}"
    return ""
