"""Git repositories of the tests, made by `git fast-import`."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ENVIRON = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | {
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.com",
    "GIT_COMMITTER_NAME": "Ann", "GIT_COMMITTER_EMAIL": "ann@example.com",
}  # fmt: skip
WHEN = 1_767_603_600


def git(where: Path, *arguments: str, given: bytes = b"") -> str:
    """What git writes; its failure fails the test."""
    done = subprocess.run(
        ["git", "-C", str(where), *arguments], input=given, capture_output=True, env=ENVIRON, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def made(where: Path, stream: bytes, *, bare: bool = False) -> Path:
    """A repository with what a stream of fast-import says."""
    where.mkdir(parents=True)
    git(where, "init", "-q", "-b", "main", *(["--bare"] if bare else []))
    git(where, "fast-import", "--quiet", given=stream)
    return where


@dataclass(frozen=True)
class Made:
    """A tag of a random repository: the number of its commit, and seconds."""

    ref: str
    commit: int
    at: int


def stream(commits: int, tags: Iterable[Made], files: Sequence[tuple[str, str]] = ()) -> bytes:
    """A stream with commits (each with the files, `{n}` being its number) and annotated tags."""
    out: list[str] = []

    def data(text: str) -> str:
        return f"data {len(text.encode())}\n{text}\n"

    for n in range(commits):
        out.append(f"commit refs/heads/main\nmark :{n + 1}\ncommitter Ann <ann@example.com> {WHEN + n} +0000\n")
        out.append(data(f"commit {n}"))
        for path, text in files:
            out.append(f"M 100644 inline {path}\n{data(text.replace('{n}', str(n)))}")
    for tag in tags:
        out.append(
            f"tag {tag.ref}\nfrom :{tag.commit + 1}\ntagger Ann <ann@example.com> {tag.at} +0000\n{data(tag.ref)}"
        )
    return "".join(out).encode()


def random_tags(seed: int, commits: int = 5, count: int = 18) -> list[Made]:
    """Tags of every kind, in any order, each a second later than the one before."""
    rng = random.Random(seed)
    found: dict[str, Made] = {}
    for step in range(count):
        artifact = rng.choice(["churn", "nlp=summariser", "a/b=c"])
        stage = rng.choice(["dev", "staging", "prod"])
        version = f"v{rng.randint(0, 2)}.{rng.randint(0, 2)}.0{rng.choice(['', '', '-rc.1', '-rc.10', '+b7'])}"
        ref = rng.choice(
            [f"{artifact}@{version}"] * 4 + [f"{artifact}@{version}!"] + [f"{artifact}#{stage}#{step + 1}"] * 4
            + [f"{artifact}#{stage}!#{step + 1}"] * 2 + [f"{artifact}@deprecated"]
        )  # fmt: skip
        found.setdefault(ref, Made(ref, rng.randrange(commits), WHEN + 100 + step))
    return list(found.values())
