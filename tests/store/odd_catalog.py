"""A catalog filled with odd but valid things, the same for the same seed."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import date, timedelta

from store.catalog import Catalog
from store.records import Fact, Measurement, Metric, Observation, UseCase, Version

_WORDS = (
    "=1+1",
    "'=x",
    "Ümläut → 数",
    'say "hi"',
    "a,b;c\td",
    "line\nbreak",
    "-5",
    "x" * 300,
    "",
    "'",
    "@home",
    "| pipe |",
)


def text(rng: random.Random) -> str:
    return rng.choice(_WORDS)


def day(rng: random.Random) -> date:
    return date(2024, 1, 1) + timedelta(days=rng.randrange(1500))


def version(rng: random.Random, number: int) -> Version:
    facts = {
        name: (Fact(value, text(rng) or "s", "2026-10", layer=rng.choice(["remote", "imported", "local"]), origin="o"),)
        for name, value in (
            ("price_input", rng.choice([0, 0.15, 2.5, 1e-6])),
            ("release_date", day(rng).isoformat()),
            ("capabilities", ["tools", text(rng)]),
            ("odd", rng.choice([None, True, {"a": [1]}, "x"])),
        )
        if rng.random() < 0.7
    }
    dates = tuple(
        Observation("retire", day(rng), "planned", "s", "p", "2026-10-01", note=text(rng))
        for _ in range(rng.randrange(3))
    )
    key = f"own/m%25{number % 7}@{number}" if number % 2 else f"p{number % 3}/model {number}"
    return Version(
        f"v{number:05}", key, own=bool(number % 2), facts=facts, observations=dates, note=text(rng),
        changes=text(rng), tags=tuple({t for t in (text(rng), "t") if t}), missing_since=rng.choice([None, day(rng)]),
    )  # fmt: skip


def fill_randomly(catalog: Catalog, rng: random.Random, count: int = 60) -> None:
    """Versions, use cases, what runs in them, and figures; some of it edited and undone."""
    with catalog.command("fill") as draft:
        for number in range(count):
            draft.create(version(rng, number))
        draft.create(Metric("m_1", "M", uid="metric1", kind="rate", direction="up"))
        for number, value in enumerate((0.5, math.nan, math.inf, -1e300, 0.0)):
            draft.create(
                Measurement(f"x{number}", "m_1", value, "own/m%251@1", n=number, note=text(rng), items={"a": 0.5})
            )
    keys = list(catalog.versions)
    for number in range(6):
        name = f"u{number}"
        catalog.add_use_case(
            UseCase(f"case{number}", name, title=text(rng), owner=text(rng), freeze=((day(rng), date(2030, 1, 1)),))
        )
        catalog.assign(name, rng.choice(keys))
        catalog.assign(name, rng.choice(keys), stage="Staging")
        case = catalog.use_case(name)
        catalog.edit_use_case(replace(case, note=text(rng)), case)
    catalog.undo()
