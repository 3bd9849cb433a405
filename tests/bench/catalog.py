"""The app over catalogs of 10,000 and 100,000 versions, against the smallest Textual app and an empty catalog.

Starts run in a real pseudo-terminal, in turn with the smallest app, as the installed command starts; medians, of the
ratios too, each to the smallest app of its own round; byte code is compiled and files are in the page cache for both.
The smallest app is one `Static` with a line of text: no list, no key of its own, no file read; its first paint is the
time that Python, Textual and the terminal's handshake take before any app can do anything. *First paint* is our screen
with its frame and "Opening the catalog …"; *interactive catalog* is when the rows of what is in use stand there in
their order (what needs a decision first), with their count, and the loop takes keys. What the side panes say, and the
rows of the versions that no use case runs, follow behind; keys pressed before are not lost. *Without its index* is the
first start after another program wrote the file: `catalog.json.index` is put aside.

Everything else runs headless in one process a size, the sizes in turn, several times; what else a machine does only
ever adds, so the least of each figure counts. From the key until the frame that shows its effect on the rows is handed
to the driver, and (*all*) until the last frame, with the panes beside; medians over several keys that differ. An order
that was asked for before is remembered; *first sort* reads the prices of all versions for it, in a thread. The event
loop is watched by a ticker of 2 ms; its worst gap is what a person can feel. *Of it our thread's work* is the same in
the loop thread's own processor time, which a busy machine does not lengthen; the empty catalog's column says how much
of both is Textual's own frame.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.catalog_file import TODAY, write_catalog
from tests.bench.result import Bar, Result, Row
from tests.bench.terminal import SMALLEST_SHOWS, compiled, shown_after, smallest

HELP = "start, keystrokes, screens and memory of the app"
CANDIDATES = ["modeltui", "empty catalog", "smallest app"]
PAINTED = "Opening the catalog"
COMMAND = [sys.executable, "-c", "import sys; from tui.cli import main; sys.exit(main())"]
"""What the installed script `modeltui` does."""
KEYS = ("filter", "cursor", "page", "sort", "mark")
OTHERS = ("upgrades", "timeline", "sync", "use_cases", "review", "help")
"""Screens whose opening is shown besides those that have a bar."""
BARS = {10_000: (1.2, 16), 100_000: (1.6, 50)}
"""By size: how often the time of an empty catalog, and milliseconds that the event loop may stand still."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sizes", default="10000,100000", help="numbers of versions, with commas")
    parser.add_argument("--starts", type=int, default=15, help="starts of each program")
    parser.add_argument("--rounds", type=int, default=2, help="runs of the driven app at each size")
    parser.add_argument("--dir", type=Path, help="where to put the files")


def run(args: argparse.Namespace) -> Result:
    result = Result("catalog", CANDIDATES)
    sizes = [int(text) for text in args.sizes.split(",")]
    compiled("store", "tui")
    with tempfile.TemporaryDirectory(dir=args.dir) as directory:
        files = {size: Path(directory) / f"{size}.json" for size in (0, *sizes)}
        for size, path in files.items():
            write_catalog(path, size)
        started(result, files, sizes[0], args.starts)
        cells = in_turn(files, args.rounds)
        weights = {size: path.stat().st_size / 1e6 for size, path in files.items()}
    for size in sizes:
        compared(result, size, cells[size], cells[0], weights[size])
    return result


# ── starts ────────────────────────────────────────────────────────────────────────────────────────────────────────


def started(result: Result, files: dict[int, Path], size: int, rounds: int) -> None:
    """First paint and interactive catalog, in turn with the smallest app."""
    settings = files[size].with_name("settings.toml")
    settings.write_text("", encoding="utf-8")
    base = [*COMMAND, "--today", TODAY.isoformat(), "--config", str(settings), "--store"]
    index = files[size].with_name(f"{files[size].name}.index")
    kept = index.with_suffix(".kept")
    small: list[float] = []
    large: list[dict[str, float]] = []
    anew: list[dict[str, float]] = []
    empty: list[dict[str, float]] = []
    for _ in range(rounds):
        small.append(shown_after(smallest(), {"paint": SMALLEST_SHOWS})["paint"])
        large.append(shown_after([*base, str(files[size])], {"paint": PAINTED, "rows": "120 of 120"}))
        index.rename(kept)
        anew.append(shown_after([*base, str(files[size])], {"paint": PAINTED, "rows": "120 of 120"}))
        kept.replace(index)
        empty.append(shown_after([*base, str(files[0])], {"paint": PAINTED, "rows": "0 of 0"}))
    for name, words, here, limit in (
        ("paint", "first paint", large, 1.4),
        ("rows", "interactive catalog", large, 1.9),
        ("rows", "interactive catalog, without its index", anew, None),
    ):
        values: dict[str, float | None] = {
            "modeltui": statistics.median(found[name] for found in here),
            "empty catalog": statistics.median(found[name] for found in empty),
            "smallest app": statistics.median(small),
        }
        result.rows.append(Row(f"start: {words}", size, "ms", values))
        ratio = statistics.median(found[name] / least for found, least in zip(here, small, strict=True))
        result.bars.append(Bar(f"{words} of {size:,} / smallest app", ratio, limit))


# ── driven ────────────────────────────────────────────────────────────────────────────────────────────────────────


def in_turn(files: dict[int, Path], rounds: int) -> dict[int, dict[str, float]]:
    """The least of each figure by size; every run has a fresh copy of the file."""
    least: dict[int, dict[str, float]] = {size: {} for size in files}
    for _ in range(rounds):
        for size, path in files.items():
            copy = path.with_name(f"driven-{path.name}")
            shutil.copy(path, copy)
            for name, figure in driven(copy).items():
                least[size][name] = min(figure, least[size].get(name, figure))
            for left in copy.parent.glob(f"{copy.name}*"):
                left.unlink()
    return least


def driven(path: Path) -> dict[str, float]:
    """The figures of one size, from a process of its own."""
    command = [sys.executable, "-m", "tests.bench.catalog_cell", str(path)]
    environ = dict(os.environ) | {"MODELTUI_CONFIG": str(path.with_name("settings.toml"))}
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=environ)
    figures: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return figures


def compared(result: Result, size: int, here: dict[str, float], empty: dict[str, float], megabytes: float) -> None:
    """Rows and bars of one size."""
    factor, gap = BARS.get(size, (1.6, 50))
    for name in KEYS:
        for kind, measure in ((name, f"{name} → painted"), (f"{name}, all", f"{name} → all painted")):
            result.rows.append(Row(measure, size, "ms", {"modeltui": here[kind], "empty catalog": empty[kind]}))
            result.bars.append(Bar(f"{measure} at {size:,} / empty catalog", here[kind] / empty[kind], factor))
    first = {"modeltui": here["first sort"], "empty catalog": empty["first sort"]}
    result.rows.append(Row("first sort by a price → painted", size, "ms", first))
    for name in ("typing", "scrolling", "editing"):
        for what, kind in (("worst gap", "gap"), ("of it our thread's work", "busy")):
            figure = f"{kind} {name}"
            both: dict[str, float | None] = {"modeltui": here[figure], "empty catalog": empty[figure]}
            result.rows.append(Row(f"event loop, {what} while {name}", size, "ms", both))
            result.bars.append(Bar(f"{what} while {name} at {size:,}, ms", here[figure], gap))
    for name, limit in (("open detail", 2.0), ("open comparison of 8 × 60", 2.5)):
        values: dict[str, float | None] = {"modeltui": here[name], "smallest app": here["empty screen"]}
        result.rows.append(Row(name + " (smallest app: an empty screen with status and key line)", size, "ms", values))
        result.bars.append(Bar(f"{name} at {size:,} / empty screen", here[name] / here["empty screen"], limit))
    for name in OTHERS:
        values = {"modeltui": here[f"open {name}"], "empty catalog": empty[f"open {name}"]}
        result.rows.append(Row(f"open {name}", size, "ms", values))
    result.bars.append(Bar(f"worst gap while opening any screen at {size:,}, ms", here["gap opening"], 100))
    grown = here["memory"] - empty["memory"]
    result.rows.append(
        Row("memory of the open app", size, "MB", {"modeltui": here["memory"], "empty catalog": empty["memory"]})
    )
    result.bars.append(Bar(f"memory at {size:,} above the empty app / size of the file", grown / megabytes, 2.5))
