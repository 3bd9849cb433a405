"""Publishing to git: GTO's annotated tags for versions and stages, with what a review knows as trailers.

Tags are made in the clone that the registry names and leave it only when that is asked for. A repository that is named
by its URL has no clone of the user's: its tags are made in our copy and pushed at once, or not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from store.formats.dvc import stated
from store.formats.gto import (
    Artifact,
    Tag,
    VersionState,
    artifacts,
    holders,
    is_artifact,
    is_stage,
    is_version,
    next_ref,
)
from store.formats.published import Published, trailers, with_reason
from store.outgoing import Outgoing, Sending, Standing, Write, Writes
from store.records import Registry, Version
from store.registries.dvc import opened, stage_names
from store.registries.errors import RemoteError
from store.registries.git import REMOTE_SECONDS, Repository, is_remote
from store.registries.http import Client

PUSH = "push"


@dataclass(slots=True)
class _There:
    """What stands in the repository, and the names of tags that this plan takes."""

    known: dict[str, Artifact]
    refs: list[str]
    commits: set[str]


class DvcPublisher:
    """See the module."""

    async def plan(self, registry: Registry, client: Client, wanted: Outgoing) -> Writes:
        """The tags to make, in their order; the last write sends those that are only here."""
        repository = await opened(registry, client)
        tags = await repository.tags()
        hashes = {v.lineage.commit for v in wanted.versions.values() if v.lineage.commit}
        there = _There(
            await asyncio.to_thread(artifacts, tags), [t.ref for t in tags], set(await repository.commits(hashes))
        )
        found = Writes()
        ours = {ours: theirs for theirs, ours in stage_names(registry).items()}
        for key in dict.fromkeys(s.version.key for s in wanted.standings):
            mine = [s for s in wanted.standings if s.version.key == key]
            found.writes += _version_writes(mine, there, ours, wanted, found.notes)
        planned = [w.how[0] for w in found.writes if not w.conflict]
        if wanted.push:
            names = [*await _unsent(registry, repository, tags), *planned]
            if names:
                found.writes.append(Write("origin", "push", None, ", ".join(names), how=(PUSH, names, "")))
        elif planned:
            found.notes.append("the tags stay in this clone until they are pushed: publish --push sends them to origin")
        return found

    async def write(self, registry: Registry, client: Client, one: Write, how: Sending) -> None:
        """Make one tag, or push those that were made."""
        repository = await opened(registry, client)
        ref, what, message = one.how
        if is_remote(registry.address) and not how.push:
            said = f"{repository.shown} is on a server: publish with --push, or name a clone of it"
            raise RemoteError("refused", said)
        if ref == PUSH:
            names = (f"refs/tags/{name}:refs/tags/{name}" for name in what)
            command = ("push", "--quiet", "--atomic", "--", _origin(registry), *names)
            await repository.run(*command, seconds=REMOTE_SECONDS)
            return
        said = with_reason(message, how.why)
        await repository.run(
            "tag", "-a", "--cleanup=whitespace", "-F", "-", ref, what, given=said.encode(), environ=_author(registry)
        )


def _origin(registry: Registry) -> str:
    return registry.address.strip() if is_remote(registry.address) else "origin"


async def _unsent(registry: Registry, repository: Repository, tags: Sequence[Tag]) -> list[str]:
    """The registry's tags that origin does not have, such as those of a push that failed."""
    if not is_remote(registry.address) and b"origin" not in (await repository.run("remote")).split():
        raise RemoteError("settings", f"{repository.shown} has no remote 'origin' to push to; publish without --push")
    said = await repository.run("ls-remote", "--tags", "--refs", "--", _origin(registry), seconds=REMOTE_SECONDS)
    there = {line.partition("refs/tags/")[2] for line in said.decode("utf-8", "replace").splitlines()}
    return [tag.ref for tag in tags if tag.ref not in there]


def _author(registry: Registry) -> dict[str, str]:
    name, _, mail = str(registry.settings.get("author", "")).rstrip("> ").partition("<")
    return {"GIT_COMMITTER_NAME": name.strip(), "GIT_COMMITTER_EMAIL": mail.strip()} if name and mail else {}


# ── which tags ──


def _version_writes(
    mine: Sequence[Standing], there: _There, ours: dict[str, str], wanted: Outgoing, notes: list[str]
) -> Iterator[Write]:
    """The tags of one version: its registration where that is missing, then its stages."""
    version = mine[0].version
    artifact, name = version.model, version.version or ""
    if not is_artifact(artifact) or not is_version(name):
        notes.append(
            f"{version.key} cannot be a tag: GTO wants a version such as v1.2.0 of a name in letters and digits"
        )
        return
    states = there.known[artifact].versions if artifact in there.known else []
    state = next((s for s in states if s.name == name), None)
    commit = state.commit if state is not None else version.lineage.commit
    if state is None:
        if commit not in there.commits:
            notes.append(f"{version.key} has no commit that this repository has; register it with --commit first")
            return
        ref = f"{artifact.replace(':', '=')}@{name}"
        message = version.changes.strip() or f"Registering artifact {artifact} version {name}"
        yield Write(artifact, "version", None, name, how=(ref, commit, message + "\n"))
        there.refs.append(ref)
        state = VersionState(name, commit)
    if sum(s.commit == commit for s in states if s.registrations) > 1:
        notes.append(f"{artifact} has several versions on commit {commit[:7]}: GTO cannot give one of them a stage")
        return
    yield from _stage_writes(version, state, mine, there, ours, wanted)


def _stage_writes(
    version: Version,
    state: VersionState,
    mine: Sequence[Standing],
    there: _There,
    ours: dict[str, str],
    wanted: Outgoing,
) -> Iterator[Write]:
    artifact = version.model
    said = [one.said for one in mine if one.said.stage]
    standing = state.standing()
    told = {one.use_case: one for one, _ in stated(state)}
    goal: dict[str, list[Published]] = {}
    for one in said:
        stage = ours.get(one.stage, one.stage.casefold())
        if is_stage(stage) and (one.stage != "Archived" or "Archived" in ours):
            goal.setdefault(stage, []).append(one)
    held = holders(there.known[artifact]) if artifact in there.known else {}
    for stage, published in goal.items():
        if stage in standing and all(told.get(one.use_case) == one for one in published):
            continue
        other = held.get(stage, [(None, None)])[0][0]
        before = other.name if other is not None else None
        moved = other is not None and other.name != state.name and not _seen(wanted, version, other.name, stage)
        news = any(told.get(o.use_case) not in (None, o) and not _known(version, told[o.use_case]) for o in published)
        text = f"Assigning stage {stage} to artifact {artifact} version {state.name}"
        message = "\n\n".join([text, "\n".join(trailers(one) for one in published)]) + "\n"
        ref = next_ref(there.refs, artifact, stage)
        conflict = (moved or news) and not wanted.take_ours
        yield Write(artifact, f"stage {stage}", before, state.name, conflict, (ref, state.commit, message))
        there.refs.append(ref)
    for stage in standing.keys() - goal.keys():
        # taken back only where we say that it was archived; a stage that nobody here speaks of is left alone
        if said and all(one.stage == "Archived" for one in said):
            text = f"Unassigning stage {stage} to artifact {artifact} version {state.name}\n"
            ref = next_ref(there.refs, artifact, stage)
            ref = ref.replace(f"#{stage}#", f"#{stage}!#")
            moved = not _seen(wanted, version, state.name, stage) and not wanted.take_ours
            yield Write(artifact, f"stage {stage}", state.name, None, moved, (ref, state.commit, text))
            there.refs.append(ref)


def _seen(wanted: Outgoing, version: Version, name: str, stage: str) -> bool:
    """True where the last sync saw that version of the same artifact in the stage."""
    for known in wanted.versions.values():
        if known.model == version.model and known.version == name:
            return stage in str(known.value("remote_stage") or "").split(", ")
    return False


def _known(version: Version, told: Published) -> bool:
    return bool(version.value(told.fact) == told.text)


PUBLISHER = DvcPublisher()
