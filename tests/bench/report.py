"""The kept figures: `python -m tests.bench SUBJECT --keep` puts them into `docs/bench.json`, and from there into the
tables of `docs/bench.md` and of the README. A subject that is not measured again keeps what was measured last.
"""

import json
from datetime import date
from pathlib import Path
from typing import Any

from tests.bench.result import Bar, Result, Row

ROOT = Path(__file__).resolve().parents[2]
KEPT, PAGE, README = ROOT / "docs/bench.json", ROOT / "docs/bench.md", ROOT / "README.md"
BEGIN, END = "<!-- bars: python -m tests.bench SUBJECT --keep -->\n", "<!-- end of bars -->\n"

HEAD = """# Benchmarks

`python -m tests.bench SUBJECT` measures in one run what modeltui does and what it is compared with, so that the ratios
carry over to other machines; with `--keep` it also writes the tables here and in the README. Every subject says with
`--help` what exactly is timed. Written by the command; do not edit.
"""


def keep(result: Result, environment: dict[str, str | int]) -> None:
    """Keep the figures of one run and write the tables anew."""
    kept = load()
    kept[result.subject] = {"measured": date.today().isoformat(), "environment": environment} | vars_of(result)
    KEPT.write_text(json.dumps(dict(sorted(kept.items())), indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(kept), encoding="utf-8")
    README.write_text(with_bars(README.read_text(encoding="utf-8"), kept), encoding="utf-8")


def load() -> dict[str, dict[str, Any]]:
    """What was kept, by subject."""
    return json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}


def vars_of(result: Result) -> dict[str, Any]:
    """A result as plain values."""
    return result.as_json() | {"candidates": result.candidates}


def result_of(doc: dict[str, Any]) -> Result:
    """The result that was kept."""
    rows = [Row(**row) for row in doc["rows"]]
    bars = [Bar(bar["name"], bar["value"], bar["limit"]) for bar in doc["bars"]]
    return Result(doc["subject"], doc["candidates"], rows, bars)


def page(kept: dict[str, dict[str, Any]]) -> str:
    """`docs/bench.md`."""
    parts = [HEAD]
    for subject, doc in sorted(kept.items()):
        machine = ", ".join(f"{name} {value}" for name, value in doc["environment"].items())
        parts.append(f"## {subject}\n\n{result_of(doc).as_table()}\n\nMeasured {doc['measured']}: {machine}.\n")
    return "\n".join(parts)


def bars(kept: dict[str, dict[str, Any]]) -> str:
    """The table of the README: every bar, and whether it held when it was measured last."""
    lines = ["| what | measured | bar | |", "| --- | ---: | ---: | --- |"]
    for subject, doc in sorted(kept.items()):
        for bar in result_of(doc).bars:
            if bar.limit is not None:
                lines.append(
                    f"| {subject}: {bar.name} | {bar.value:.2f} | {bar.limit:g} | {'✔' if bar.holds else '✘ missed'} |"
                )
    return "\n".join(lines) + "\n"


def with_bars(text: str, kept: dict[str, dict[str, Any]]) -> str:
    """The README with the table as it is now.

    Raises:
        ValueError: the README has no place for it.
    """
    head, _, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not end:
        raise ValueError(f"README.md has no place for the bars: {BEGIN.strip()} … {END.strip()}")
    return head + BEGIN + bars(kept) + END + tail
