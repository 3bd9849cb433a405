"""Where code and configuration name a model that the catalog knows: ids, keys, aliases, deployments, by file and line.

In source and prose only what stands between quotes or backticks counts; in configuration (YAML, JSON, TOML, .env, …)
also a bare value. Only literals are found: a name that is put together at run time is not. What `.gitignore` files
leave out is left out, symbolic links are not followed, and large, binary or too many files are counted, not read.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from store.records import Deployment, Version
from store.values import dataclass

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

Kind = Literal["version", "alias", "deployment"]

MAX_BYTES = 1_000_000
"""Larger files are generated or data."""
MAX_FILES = 100_000
MAX_HITS = 10_000
NOT_OURS = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", ".tox", ".mypy_cache"})
"""Directories that hold no code of one's own, also where no `.gitignore` names them."""
CONFIGURATION = frozenset({
    "yaml", "yml", "json", "jsonl", "json5", "toml", "ini", "cfg", "conf", "env", "properties", "tf", "tfvars", "hcl",
    "bicep", "bicepparam", "xml", "plist",
})  # fmt: skip
NEAR = 200
"""Characters around a model's name in which its version may stand beside it, as in `name: 'gpt-4o', version: '…'`."""

_WORD = r"[A-Za-z0-9][\w.:/@%+-]{0,199}"
_QUOTED = re.compile(rf"(?<=[\"'`])({_WORD})(?=\\?[\"'`])|/deployments/([\w.-]{{1,99}})")
_BARE = re.compile(rf"(?<![\w.:/@%+-])({_WORD})|/deployments/([\w.-]{{1,99}})")
_IN_ADDRESS = re.compile(r"/deployments/([\w.-]{1,99})")
_COMMENT = re.compile(r"^[ \t]*(?:#|;|//).*", re.MULTILINE)


# ── what to look for ──────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Known:
    """What a literal stands for: `keys` of versions, or the name of a deployment."""

    kind: Kind
    keys: tuple[str, ...] = ()
    deployment: str = ""


def names(versions: Iterable[Version], deployments: Iterable[Deployment] = ()) -> dict[str, Known]:
    """Every literal that names something in the catalog: keys, ids of APIs, `model-version`, artifacts, deployments.

    A name without a version that stands for versions with one is an alias; so is the bare name of a model, which
    infrastructure code writes beside its version. Plain words (a model's name without digit or hyphen, a deployment's
    name of fewer than five letters) are left out: they mean anything.
    """
    found: dict[str, dict[str, bool]] = {}
    for version in versions:
        key = version.parts
        literals = {version.key, *version.api_ids, version.lineage.artifact}
        if key.version and not version.own:
            literals.add(f"{key.model}-{key.version}")
            if re.search("[0-9-]", key.model):
                literals.add(key.model)
        for literal in literals - {""}:
            pinned = not version.alias_of and (not key.version or literal == version.key or key.version in literal)
            found.setdefault(literal, {})[version.key] = pinned
    known = {
        literal: Known("version" if all(keys.values()) else "alias", tuple(sorted(keys)))
        for literal, keys in found.items()
    }
    for place in deployments:
        for literal in {place.name, place.name.rpartition("/")[2]}:
            if len(literal) > 4 and literal not in known and literal != "default":
                known[literal] = Known("deployment", deployment=place.name)
    return known


@dataclass(frozen=True, slots=True)
class Hit:
    """One place: `path` as it was reached, `line` from 1, `literal` as it stands there."""

    path: str
    line: int
    literal: str
    known: Known


def matches(text: str, known: Mapping[str, Known], *, bare: bool) -> Iterator[tuple[int, str, Known]]:
    """Line, literal and meaning of each known name in a text; `bare` also takes values without quotes."""
    if bare:
        text = _COMMENT.sub("", text)
    line, at = 1, 0
    for match in (_BARE if bare else _QUOTED).finditer(text):
        literal = match[1] or match[2]
        inside = _IN_ADDRESS.search(literal)
        literal = inside[1] if inside else literal
        meaning = known.get(literal) or known.get(literal := literal.rstrip(".:/"))
        if meaning is None or ((inside or match[2]) and meaning.kind != "deployment"):
            continue
        line += text.count("\n", at, match.start())
        at = match.start()
        yield line, literal, _beside(text, match, meaning) if meaning.kind == "alias" else meaning


def _beside(text: str, match: re.Match[str], meaning: Known) -> Known:
    """The version that stands beside the name of a model, else the alias itself."""
    around = text[max(match.start() - NEAR, 0) : match.end() + NEAR]
    versions = {key: key.rpartition("@")[2] for key in meaning.keys if "@" in key}
    named = [key for key, said in versions.items() if re.search(rf"(?<![\w.-]){re.escape(said)}(?![\w.-])", around)]
    return Known("version", tuple(named)) if named else meaning


def is_configuration(path: Path) -> bool:
    """True where values stand without quotes: by the name's ending, and `.env` with what follows it."""
    return path.suffix.lstrip(".").lower() in CONFIGURATION or path.name == ".env" or path.name.startswith(".env.")


# ── walking ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Scan:
    """What a scan found. `skipped` counts files by why they were not read; `cut` says that a bound ended it early."""

    paths: tuple[str, ...]
    hits: list[Hit] = field(default_factory=list)
    files: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    cut: str = ""

    @property
    def hash(self) -> str:
        """A hash of the places, the same for the same findings."""
        said = "\n".join(f"{hit.path}:{hit.line}:{hit.literal}" for hit in self.hits)
        return hashlib.sha256(said.encode("utf-8", "surrogateescape")).hexdigest()

    @property
    def unread(self) -> int:
        """Files that might name something and were not read; what git ignores, links and binaries do not count."""
        return sum(count for why, count in self.skipped.items() if why == "not readable" or why.startswith("larger"))

    def naming(self, keys: Iterable[str], deployment: str = "") -> list[Hit]:
        """The places that name one of these versions, by an alias too, or the deployment."""
        wanted = set(keys)
        return [
            hit
            for hit in self.hits
            if wanted & set(hit.known.keys) or (deployment and hit.known.deployment == deployment)
        ]


class ScanError(ValueError):
    """A path that cannot be scanned, in one sentence."""


def scan(
    paths: Iterable[Path],
    known: Mapping[str, Known],
    *,
    max_files: int = MAX_FILES,
    max_bytes: int = MAX_BYTES,
    watch: Callable[[Scan], bool] = lambda _: True,
) -> Scan:
    """Search files and directories, in the order of their names.

    `watch` sees what was found so far before each file, in the thread that scans; its False ends the scan early.

    Raises:
        ScanError: a path is not there, or a directory that was named cannot be listed.
    """
    given = tuple(paths)
    result = Scan(tuple(map(_named, given)))
    seen: set[tuple[int, int]] = set()
    for root in given:
        try:
            root.stat()
            inside = _files(root, result)
        except OSError as error:
            raise ScanError(f"{root} cannot be scanned: {(error.strerror or str(error)).lower()}") from error
        for path in inside:
            if result.files >= max_files or len(result.hits) >= MAX_HITS:
                what = "files" if result.files >= max_files else "places"
                result.cut = f"stopped after {result.files:,} files: too many {what}; name fewer paths"
                return result
            if not watch(result):
                result.cut = f"stopped by hand after {result.files:,} files"
                return result
            _read(path, known, result, seen, max_bytes)
    return result


def _named(path: Path) -> str:
    """A path as text that can be kept: a name that is no UTF-8 gets question marks."""
    return str(path).encode(errors="replace").decode()


def _read(path: Path, known: Mapping[str, Known], result: Scan, seen: set[tuple[int, int]], max_bytes: int) -> None:
    try:
        about = path.stat()
        if (about.st_dev, about.st_ino) in seen:
            return
        seen.add((about.st_dev, about.st_ino))
        if not stat.S_ISREG(about.st_mode):
            result.skipped["no file"] += 1
            return
        if about.st_size > max_bytes:
            result.skipped[f"larger than {max_bytes / 1e6:g} MB"] += 1
            return
        raw = path.read_bytes()
    except OSError:
        result.skipped["not readable"] += 1
        return
    if b"\0" in raw[:8192]:
        result.skipped["binary"] += 1
        return
    result.files += 1
    text = raw.decode("utf-8", "replace")
    for line, literal, meaning in matches(text, known, bare=is_configuration(path)):
        result.hits.append(Hit(_named(path), line, literal, meaning))


def _files(root: Path, result: Scan) -> Iterable[Path]:
    if not root.is_dir():
        return [root]
    os.scandir(root).close()
    return _walk(root, _above(root), result)


Rules = tuple[tuple[Path, "GitIgnoreSpec"], ...]
"""The `.gitignore` files that hold in a directory, the nearest last."""


def _walk(root: Path, above: Rules, result: Scan) -> Iterator[Path]:
    """The files below a directory, each directory's own entries by name; without recursion, however deep it goes."""
    waiting: list[tuple[Path, Rules] | Path] = [(root, above)]
    while waiting:
        here = waiting.pop()
        if isinstance(here, Path):
            yield here
        else:
            waiting += reversed(_inside(*here, result))


def _inside(directory: Path, rules: Rules, result: Scan) -> list[tuple[Path, Rules] | Path]:
    """What is to be looked at in a directory: files, and directories with the rules that hold there."""
    try:
        rules = (*rules, *_rules_of(directory))
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except OSError:
        result.skipped["not readable"] += 1
        return []
    found: list[tuple[Path, Rules] | Path] = []
    for entry in entries:
        path = directory / entry.name
        if entry.is_symlink():
            result.skipped["symbolic link"] += 1
        elif entry.is_dir(follow_symlinks=False):
            if entry.name in NOT_OURS or _ignored(path, rules, directory=True):
                result.skipped["ignored directory"] += 1
            else:
                found.append((path, rules))
        elif _ignored(path, rules, directory=False):
            result.skipped["ignored"] += 1
        else:
            found.append(path)
    return found


def _above(root: Path) -> Rules:
    """The rules of the checkout that a directory lies in, from its top down to above the directory."""
    here = root.resolve()
    parents = [here, *here.parents]
    top = next((n for n, parent in enumerate(parents) if (parent / ".git").exists()), 0)
    return tuple(rule for parent in reversed(parents[1 : top + 1]) for rule in _rules_of(parent))


def _rules_of(directory: Path) -> Rules:
    from pathspec import GitIgnoreSpec  # git's own rules of matching; only a scan needs them

    path = directory / ".gitignore"
    if path.is_symlink() or not path.is_file():
        return ()
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
        return ((directory.resolve(), GitIgnoreSpec.from_lines(lines)),)
    except (OSError, ValueError):
        return ()  # as git does with rules that it cannot read


def _ignored(path: Path, rules: Rules, *, directory: bool) -> bool:
    """What the nearest `.gitignore` with an opinion says."""
    full = path.parent.resolve() / path.name if rules else path
    for base, spec in reversed(rules):
        answer = spec.check_file(full.relative_to(base).as_posix() + ("/" if directory else "")).include
        if answer is not None:
            return answer
    return False
