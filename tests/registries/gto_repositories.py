"""Git repositories of the tests, made by `git fast-import`, and GTO's grammar written down a second time."""

from __future__ import annotations

import os
import random
import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


# ── the grammar once more, step by step and without cleverness ──

_PARTS = re.compile(r"([^#@]+)(?:@(v[^#!]+)|#([^#!]+)|@(deprecated|created))(!?)(?:#\d+)?")


def expected(tags: Iterable[Made]) -> tuple[dict[str, Any], set[str]]:
    """What `gto show --json` answers (without deprecated artifacts), and the artifacts on which it stops.

    GTO stops (ManyVersions) where a stage was given on a commit with two versions. It does not let a stage be taken
    back from a commit that has no version; here it is taken back.
    """
    shown: dict[str, Any] = {}
    many: set[str] = set()
    ordered = sorted(tags, key=lambda t: t.at)
    parts = [(t, *_PARTS.fullmatch(t.ref).groups()) for t in ordered]  # type: ignore[union-attr]
    stages = sorted({stage for _, _, _, stage, _, back in parts if stage and not back})
    for artifact in dict.fromkeys(p[1] for p in parts):
        mine = [p for p in parts if p[1] == artifact]
        at_commit: dict[int, list[str]] = {}
        registered: dict[tuple[str, int], bool] = {}
        for tag, _, version, _, _, back in mine:
            if version:
                registered[version, tag.commit] = not back
                if version not in at_commit.setdefault(tag.commit, []):
                    at_commit[tag.commit].append(version)
        held: dict[tuple[str, int], int | None] = {}
        for tag, _, _, stage, _, back in mine:
            if stage:
                held[stage, tag.commit] = None if back else tag.at
                if len(at_commit.get(tag.commit, [])) > 1:
                    many.add(artifact.replace("=", ":"))
        newest: dict[str, tuple[int, str]] = {}
        for (stage, commit), at in held.items():
            here = at_commit.get(commit, [])
            name = here[0] if here else f"commit {commit}"
            if at is None or (here and not registered[name, commit]):
                continue
            newest[stage] = max(newest.get(stage, (0, "")), (at, name))
        alive = [v for (v, _), on in registered.items() if on]
        if mine[-1][4] != "deprecated":
            shown[artifact.replace("=", ":")] = {
                "version": max(alive, key=_order, default=None),
                "stage": {s: newest[s][1] if s in newest else None for s in stages},
                "registered": any(v or s for _, _, v, s, _, _ in mine),
                "active": True,
            }
    return shown, many


def _order(version: str) -> Any:
    core, _, pre = version[1:].partition("+")[0].partition("-")
    return (
        [int(n) for n in core.split(".")],
        pre == "",
        [(not p.isdigit(), int(p) if p.isdigit() else p) for p in pre.split(".")],
    )
