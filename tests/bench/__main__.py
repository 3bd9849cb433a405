"""`python -m tests.bench SUBJECT [options]`: run one benchmark, print a table, and with --json its figures too.

A subject is a module of this package with `HELP: str`, `add_arguments(parser)` and `run(args) -> Result`.
"""

import argparse
import importlib
import json
import os
import platform
import sys
from importlib import metadata
from pathlib import Path

from tests.bench import report
from tests.bench.result import Result

SUBJECTS = ("store", "catalog", "sync", "gto", "cli")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    subjects = parser.add_subparsers(dest="subject", required=True)
    for name in SUBJECTS:
        module = importlib.import_module(f"tests.bench.{name}")
        sub = subjects.add_parser(name, help=module.HELP, description=module.__doc__)
        sub.add_argument("--json", metavar="FILE", help="write the figures to FILE, - for standard output")
        sub.add_argument("--keep", action="store_true", help="write the figures into docs/bench.md and the README")
        module.add_arguments(sub)
        sub.set_defaults(run=module.run)
    args = parser.parse_args(argv)
    result: Result = args.run(args)
    if args.keep:
        report.keep(result, environment())
    if args.json == "-":
        print(json.dumps(environment() | result.as_json(), indent=2))
        return 0
    if args.json:
        Path(args.json).write_text(json.dumps(environment() | result.as_json(), indent=2) + "\n", encoding="utf-8")
    print(result.as_table())
    print("\n" + ", ".join(f"{key} {value}" for key, value in environment().items()))
    return 0


def environment() -> dict[str, str | int]:
    """What the figures depend on."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cores": os.cpu_count() or 1,
        "tinydb": metadata.version("tinydb"),
        "orjson": metadata.version("orjson"),
    }


if __name__ == "__main__":
    sys.exit(main())
