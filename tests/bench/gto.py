"""A registry of 2,000 tags in git: reading it whole, against `gto show`.

GTO runs in an environment of its own, which pip makes once; `--gto` names another program. Every time is that of a
whole process, from its start to its end: `gto show --json`, the same answer read by us in a bare Python process, and
`modeltui sync` of the registry into an empty catalog, descriptions at each commit, metrics and disk included. Medians
of `--rounds`, interleaved, so that a busy machine slows all alike.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.result import Bar, Result, Row

HELP = "reading a git repository with many GTO tags"

ROOT = Path(__file__).parents[2]
SHOW = """
import asyncio, json, sys
from store.formats.gto import artifacts, holders, latest
from store.registries.git import local

async def tags():
    return await (await local(sys.argv[1])).tags()

known = artifacts(asyncio.run(tags()))
print(json.dumps({
    name: {"version": latest(a), "stage": {s: held[0][0].name for s, held in holders(a).items()}}
    for name, a in known.items() if not a.deprecated
}))
"""
"""What `gto show --json` says, by our reading."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--gto", help="the program gto; without it, pip makes an environment with it")
    parser.add_argument("--tags", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)


def run(args: argparse.Namespace) -> Result:
    result = Result("gto", ["modeltui", "gto"])
    times: dict[str, list[float]] = {"gto": [], "read": [], "sync": []}
    with tempfile.TemporaryDirectory() as directory:
        where = _repository(Path(directory) / "repository", args.tags)
        gto = args.gto or _installed()
        for n in range(args.rounds):
            theirs = _timed(times["gto"], [gto, "show", "--json", "-r", str(where)])
            ours = _timed(times["read"], [sys.executable, "-c", SHOW, str(where)])
            _must_agree(theirs, ours)
            store = ["--store", str(Path(directory) / f"{n}.json")]
            _run([sys.executable, "-m", "tui.cli", *store, "registries", "add", "ml", "dvc", str(where)])
            _timed(times["sync"], [sys.executable, "-m", "tui.cli", *store, "sync", "ml", "--yes"])
    middle = {name: statistics.median(values) for name, values in times.items()}
    result.rows.append(Row("show, whole process", args.tags, "s", {"modeltui": middle["read"], "gto": middle["gto"]}))
    result.rows.append(Row("modeltui sync, whole process", args.tags, "s", {"modeltui": middle["sync"], "gto": None}))
    result.bars += [
        Bar("our reading / gto show (20 × faster is 0.05)", middle["read"] / middle["gto"], 0.05),
        Bar("a whole sync with files, metrics and disk / gto show", middle["sync"] / middle["gto"]),
    ]
    return result


def _repository(where: Path, count: int) -> Path:
    """40 artifacts on 500 commits; four of five tags register a version, the rest give it a stage."""
    sys.path.insert(0, str(ROOT / "tests/registries"))
    from gto_repositories import Made, made, stream

    versions = count * 4 // 5
    each = -(-versions // 40)
    tags = [Made(f"m{n // each}@v1.{n}.0", n % 500, 1_767_700_000 + n) for n in range(versions)]
    tags += [Made(f"m{n * 4 // each}#prod#{n + 1}", n * 4 % 500, 1_767_800_000 + n) for n in range(count - versions)]
    yaml = "artifacts:\n" + "".join(f"  m{n}: {{path: m{n}.pkl}}\n" for n in range(40))
    return made(
        where, stream(500, tags, [("dvc.yaml", yaml + "metrics: [m.json]\n"), ("m.json", '{"accuracy": 0.{n}}')])
    )


def _installed() -> str:
    sys.path.insert(0, str(ROOT / "tests/registries"))
    import environments

    try:
        return str(environments.home(environments.GTO) / "env/bin/gto")
    except environments.Unavailable as error:
        raise SystemExit(f"{error}; name a gto with --gto") from error


def _timed(times: list[float], command: Sequence[str]) -> bytes:
    begun = time.perf_counter()
    said = _run(command)
    times.append(time.perf_counter() - begun)
    return said


def _run(command: Sequence[str]) -> bytes:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("MODELTUI")} | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, check=False, env=environ)
    if done.returncode:
        raise SystemExit(f"{command[0]} ended with {done.returncode}: {done.stderr.decode()[-400:]}")
    return done.stdout


def _must_agree(theirs: bytes, ours: bytes) -> None:
    """A fast wrong answer is worth nothing."""
    told, mine = json.loads(theirs), json.loads(ours)
    held = {n: {s: v for s, v in a["stage"].items() if v} | {"": a["version"]} for n, a in told.items()}
    if held != {n: {**a["stage"], "": a["version"]} for n, a in mine.items()}:
        raise SystemExit("gto and our reading disagree about this repository")
