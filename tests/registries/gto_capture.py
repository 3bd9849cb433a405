"""Real GTO's answers about random repositories: kept as a fixture by `python tests/registries/gto_capture.py`."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import environments
from gto_repositories import made, random_tags, stream

KEPT = Path(__file__).parents[1] / "fixtures/dvc_gto/random.json"
SEEDS = range(30)
TOLD = ("event", "artifact", "version", "stage", "ref")
"""What is kept of an event."""
ANSWERS = Path(__file__).parent / "servers/gto_answers.py"


def repository(where: Path, seed: int) -> Path:
    """A random repository; on few commits GTO often stops at two versions on one, on many there are bare commits."""
    commits = 5 if seed % 4 == 0 else 16
    return made(where, stream(commits, random_tags(seed, commits)), bare=seed % 2 == 0)


def asked(home: Path, repositories: Sequence[Path]) -> list[dict[str, Any]]:
    """What GTO says about each repository."""
    command = [str(home / "env/bin/python"), str(ANSWERS), *map(str, repositories)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def short(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what the tags say anyway, for a small file."""
    if "raised" in answer:
        return {"raised": answer["raised"]}
    told = [[event[name] for name in TOLD] for event in answer["history"]]
    return answer | {"history": told}


def main() -> None:
    """Write the fixture anew."""
    with tempfile.TemporaryDirectory() as directory:
        where = [repository(Path(directory) / str(seed), seed) for seed in SEEDS]
        answers = asked(environments.home(environments.GTO), where)
    lines = [json.dumps({"seed": seed, **short(answer)}) for seed, answer in zip(SEEDS, answers, strict=True)]
    KEPT.write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
