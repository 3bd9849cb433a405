"""How long each headless command takes, from the shell to its end, against the least that any of them needs.

The least is `python -c 'import tinydb, orjson, argparse'` plus opening the catalog; both and every command run in fresh
processes, in turns; the median counts. The bar is that of `next --short`, which stands in a shell prompt: an edit keeps
its line. It is worked out where nobody kept one: once a day, and where the file came from elsewhere.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from store.demo import fill
from tests.bench.result import Bar, Result, Row
from tests.bench.terminal import compiled

HELP = "start-up of every headless command"
LEAST = "least"
SHORT = "next --short"
EDITED = "next --short, after an edit"
ELSEWHERE = "next --short, file from elsewhere"
IMPORTS = "import tinydb, orjson, argparse"
OPENING = (
    "import sys, time; from pathlib import Path; "
    "from store.catalog import Catalog, wall_clock; start = time.perf_counter(); "
    "Catalog.open(Path(sys.argv[1]), actor='', clock=wall_clock).close(); print(time.perf_counter() - start)"
)
KEY, NEXT = "azure-openai/gpt-4o@2024-05-13", "azure-openai/gpt-5.4@2026-03-05"
COMMANDS = {
    SHORT: ["next", "--short"],
    EDITED: ["next", "--short"],
    ELSEWHERE: ["next", "--short"],
    "next": ["next"],
    "list": ["list"],
    "list --json": ["list", "--json"],
    "list --all --json": ["list", "--all", "--json"],
    "show": ["show", KEY],
    "compare": ["compare", NEXT, "--use-case", "support-assistant"],
    "gate": ["gate", "--use-case", "support-assistant", "--to", NEXT],
    "check": ["check"],
    "check --format sarif": ["check", "--format", "sarif"],
    "candidates": ["candidates", "support-assistant"],
    "plan": ["plan", "support-assistant"],
    "history": ["history"],
    "digest": ["digest"],
    "review": ["review"],
    "calendar": ["calendar"],
    "use-case list": ["use-case", "list"],
    "upgrade show": ["upgrade", "show", "support-assistant"],
    "policy show": ["policy", "show", "support-assistant"],
    "registries list": ["registries", "list"],
    "export csv": ["export", "-", "--format", "csv"],
    "export json": ["export", "-"],
    "doctor": ["doctor"],
    "use-case add (and undo)": ["use-case", "add", "bench"],
    "--help": ["--help"],
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=11, help="runs of each command")
    parser.add_argument("--only", default="", help="commands whose name has this in it")


def run(args: argparse.Namespace) -> Result:
    compiled("store", "tui")  # as an installation is
    result = Result("cli", ["modeltui", LEAST])
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "catalog.json"
        fill(path, today=date(2026, 11, 23))
        env = os.environ | {"MODELTUI_STORE": str(path), "MODELTUI_CONFIG": str(Path(directory) / "s.toml")}
        env |= {"MODELTUI_USER": "bench", "XDG_CACHE_HOME": directory}
        chosen = {name: words for name, words in COMMANDS.items() if args.only in name or name == SHORT}
        timed(["-m", "tui.cli", "--today", "2026-11-23", "next", "--short"], env)
        times: dict[str, list[float]] = {name: [] for name in (LEAST, "python -c pass", *chosen)}
        for _ in range(args.rounds):
            times["python -c pass"].append(timed(["-c", "pass"], env))
            times[LEAST].append(timed(["-c", IMPORTS], env) + opening(path, env))
            for name, words in chosen.items():
                if name == EDITED:
                    for edit in (["use-case", "edit", "churn", "--note", "bench"], ["undo"]):
                        timed(["-m", "tui.cli", "--today", "2026-11-23", *edit], env)
                elif name == ELSEWHERE:
                    os.utime(path)  # the kept line holds no more
                times[name].append(timed(["-m", "tui.cli", "--today", "2026-11-23", *words], env))
                if words[:2] == ["use-case", "add"]:
                    timed(["-m", "tui.cli", "--today", "2026-11-23", "undo"], env)
    medians = {name: statistics.median(found) for name, found in times.items()}
    least = medians[LEAST]
    for name in ("python -c pass", *chosen):
        result.rows.append(Row(name, args.rounds, "ms", {"modeltui": medians[name] * 1000, LEAST: least * 1000}))
    result.bars.append(Bar(f"{SHORT} ÷ imports + opening", medians[SHORT] / least, 1.5))
    if EDITED in medians:
        result.bars.append(Bar(f"{EDITED} ÷ imports + opening", medians[EDITED] / least, 1.5))
        result.bars.append(Bar(f"{ELSEWHERE} ÷ imports + opening", medians[ELSEWHERE] / least))
    slowest = max(chosen, key=lambda name: medians[name])
    result.bars.append(Bar(f"slowest ({slowest}) ÷ imports + opening", medians[slowest] / least))
    return result


def timed(words: list[str], env: dict[str, str]) -> float:
    """Seconds of one fresh process."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, *words], env=env, capture_output=True, check=False)
    spent = time.perf_counter() - start
    if done.returncode not in (0, 1, 3, 4):
        raise RuntimeError(f"{words} left with {done.returncode}: {done.stderr.decode(errors='replace')}")
    return spent


def opening(path: Path, env: dict[str, str]) -> float:
    """Seconds of opening the catalog alone, in a fresh process."""
    words = [sys.executable, "-c", OPENING, str(path)]
    return float(subprocess.run(words, env=env, capture_output=True, check=True, text=True).stdout)
