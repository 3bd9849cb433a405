"""GTO's registry in the tags of a git repository: the grammar of tag names, and what the tags say together (pure).

A registry is nothing but annotated tags: `churn@v1.2.0` registers a version, `churn#prod#3` assigns the stage prod to
the version that is registered on the same commit, a `!` takes either back, `churn@deprecated` retires the artifact.
Lightweight tags of such names do not count. `nlp=churn@v1.0.0` is the artifact `nlp:churn`, from `nlp/dvc.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from typing import Literal

from store.values import dataclass

Action = Literal["create", "deprecate", "register", "deregister", "assign", "unassign"]

_NUMBER = r"(?:0|[1-9]\d*)"
_PRE = r"(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_VERSION = rf"v{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_PRE}(?:\.{_PRE})*)?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?"
_NAME = r"[a-zA-Z0-9](?:[a-zA-Z0-9-/_]*[a-zA-Z0-9])?"
_TAG = re.compile(
    rf"(?P<artifact>(?:[a-zA-Z0-9-_./]+=)?{_NAME})"
    rf"(?:(?:\#(?P<stage>{_NAME})|@(?P<version>{_VERSION}))(?P<back>!?)|@(?P<word>deprecated|created))"
    r"(?:\#(?P<counter>\d+))?",
    re.ASCII,
)
_SEMVER = re.compile(_VERSION, re.ASCII)
_STAGE = re.compile(_NAME, re.ASCII)
_ARTIFACT = re.compile(rf"(?:[a-zA-Z0-9-_./]+[:=])?{_NAME}", re.ASCII)

PRIORITY: Mapping[Action, int] = {
    "create": 1, "deprecate": 2, "register": 3, "deregister": 4, "assign": 5, "unassign": 6,
}  # fmt: skip
"""GTO's order between events of the same second."""
EVENT: Mapping[Action, str] = {
    "create": "creation", "deprecate": "deprecation", "register": "registration", "deregister": "deregistration",
    "assign": "assignment", "unassign": "unassignment",
}  # fmt: skip
"""GTO's names of events."""


@dataclass(frozen=True, slots=True)
class Name:
    """What a tag's name says; `artifact` is written with `:`."""

    artifact: str
    action: Action
    version: str = ""
    stage: str = ""
    counter: int | None = None


@dataclass(frozen=True, slots=True)
class Tag:
    """An annotated tag of the registry: `at` in seconds since 1970, `commit` the commit that it points to."""

    ref: str
    name: Name
    commit: str
    at: int
    author: str = ""
    email: str = ""
    message: str = ""

    @property
    def moment(self) -> str:
        """When it was made, ISO 8601 in UTC."""
        return datetime.fromtimestamp(self.at, UTC).isoformat()


@dataclass(slots=True)
class VersionState:
    """A version on its commit with its tags in the order of time; `stages` by name.

    A stage on a commit without a version stands for the commit itself; such a version is named by its commit.
    """

    name: str
    commit: str
    registrations: list[Tag] = field(default_factory=list)
    stages: dict[str, list[Tag]] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        """False once it was deregistered."""
        return not self.registrations or self.registrations[-1].name.action == "register"

    def standing(self) -> dict[str, Tag]:
        """The stages that it holds, with the tag that assigned each."""
        last = {stage: tags[-1] for stage, tags in self.stages.items()}
        return {stage: tag for stage, tag in last.items() if tag.name.action == "assign"} if self.active else {}


@dataclass(slots=True)
class Artifact:
    """An artifact with its versions; `unclear` are stage tags on a commit that has several versions."""

    name: str
    versions: list[VersionState] = field(default_factory=list)
    unclear: list[Tag] = field(default_factory=list)
    last: Tag | None = None

    @property
    def deprecated(self) -> bool:
        """True where its last tag retires it."""
        return self.last is not None and self.last.name.action == "deprecate"


def parse_name(ref: str) -> Name | None:
    """What the name of a tag says to GTO, None where it is none of its names."""
    found = _TAG.fullmatch(ref)
    if found is None:
        return None
    artifact = found["artifact"].replace("=", ":")
    counter = int(found["counter"]) if found["counter"] else None
    if found["word"]:
        return Name(artifact, "deprecate" if found["word"] == "deprecated" else "create", counter=counter)
    if found["version"]:
        return Name(artifact, "deregister" if found["back"] else "register", version=found["version"], counter=counter)
    return Name(artifact, "unassign" if found["back"] else "assign", stage=found["stage"], counter=counter)


def is_version(text: str) -> bool:
    """True for `v1.2.3` with what semantic versions allow behind it."""
    return _SEMVER.fullmatch(text) is not None


def is_stage(text: str) -> bool:
    """True for what may be the name of a stage in a tag."""
    return _STAGE.fullmatch(text) is not None


def is_artifact(text: str) -> bool:
    """True for what may be the name of an artifact in a tag."""
    return _ARTIFACT.fullmatch(text) is not None


def newest_first(version: str) -> tuple[object, ...]:
    """A sort key of semantic versions, to be used with `reverse=True`; what stands after `+` does not count."""
    numbers, _, pre = version[1:].partition("+")[0].partition("-")
    parts = [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in pre.split(".")] if pre else []
    return (*(int(n) for n in numbers.split(".")), not pre, parts)


# ── what the tags say together ──


def artifacts(tags: Iterable[Tag]) -> dict[str, Artifact]:
    """All artifacts by name, from all tags in any order."""
    found: dict[str, Artifact] = {}
    on: dict[tuple[str, str], list[VersionState]] = {}
    ordered = sorted(tags, key=lambda t: (t.at, PRIORITY[t.name.action], t.ref))
    for tag in ordered:
        artifact = found.setdefault(tag.name.artifact, Artifact(tag.name.artifact))
        artifact.last = tag
        if tag.name.version:
            here = on.setdefault((artifact.name, tag.commit), [])
            state = next((v for v in here if v.name == tag.name.version), None)
            if state is None:
                state = VersionState(tag.name.version, tag.commit)
                here.append(state)
                artifact.versions.append(state)
            state.registrations.append(tag)
    # a version may be registered after its commit got a stage, so stages come second
    for tag in ordered:
        if not tag.name.stage:
            continue
        artifact = found[tag.name.artifact]
        here = on.setdefault((artifact.name, tag.commit), [])
        if not here:
            here.append(VersionState(tag.commit, tag.commit))
            artifact.versions.append(here[0])
        if len(here) > 1:
            artifact.unclear.append(tag)
        else:
            here[0].stages.setdefault(tag.name.stage, []).append(tag)
    return found


def holders(artifact: Artifact) -> dict[str, list[tuple[VersionState, Tag]]]:
    """The versions in each stage of an artifact, the one assigned last first."""
    found: dict[str, list[tuple[VersionState, Tag]]] = {}
    for version in artifact.versions:
        for stage, tag in version.standing().items():
            found.setdefault(stage, []).append((version, tag))
    return {stage: sorted(held, key=lambda h: (h[1].at, h[1].ref), reverse=True) for stage, held in found.items()}


def latest(artifact: Artifact) -> str | None:
    """The highest version that is registered, of equal ones the last; None where there is none."""
    names = [v.name for v in artifact.versions if v.active and v.registrations]
    return max(reversed(names), key=newest_first, default=None)


def next_ref(refs: Iterable[str], artifact: str, stage: str) -> str:
    """The name of the next tag that assigns a stage: GTO counts all stage tags of an artifact."""
    numbers = [0]
    for ref in refs:
        name = parse_name(ref)
        if name is not None and name.artifact == artifact and name.stage and name.counter is not None:
            numbers.append(name.counter)
    return f"{artifact.replace(':', '=')}#{stage}#{max(numbers) + 1}"


def history(tags: Sequence[Tag]) -> list[Tag]:
    """All tags, the newest first."""
    return sorted(tags, key=lambda t: (t.at, PRIORITY[t.name.action]), reverse=True)
