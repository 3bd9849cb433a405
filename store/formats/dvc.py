"""What a GTO registry and DVC's files say about models, as records (pure: tags and file contents in, records out).

A version is `registry-name/artifact@v1.2.0`, made from the commit that its tag points to. The stages that it holds are
the fact `remote_stage`. An assignment comes from `meta.use_case` of the artifact in dvc.yaml where the stage is one of
ours, or from what another modeltui published with the stage's tag.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import UTC, date, datetime
from typing import Any

from store.delivery import USE_CASE_TAG, Delivery, tagged_use_case
from store.formats import published
from store.formats.dvc_files import Declared, DvcFault, Locked, declared, locked, metrics, read_yaml
from store.formats.gto import Artifact, Tag, VersionState, artifacts, holders
from store.records import Assignment, Fact, Json, Key, Lineage, Link, Measurement, Version, to_doc
from store.validation import Invalid, check
from store.values import dataclass

OUR_MEASUREMENTS = "own"
_DEFAULTS = ("Registering artifact ", "Assigning stage ")
_HIDDEN_META = ("use_case", "metrics_file")


@dataclass(frozen=True, slots=True)
class Source:
    """Whose versions these are: the registry's `name`, the `repository` as it may be shown, and its stage names.

    `stages` maps a stage of the repository to ours, such as prod to Production.
    """

    name: str
    repository: str
    stages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One version with its artifact and what was found at its commit."""

    artifact: Artifact
    version: VersionState
    subject: str = ""
    committed: int = 0
    declared: Declared | None = None
    locked: Locked = field(default_factory=Locked)
    metrics: Mapping[str, float] = field(default_factory=dict)


class Files:
    """Contents of files by `COMMIT:path`, each parsed once however many commits have it."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self._contents = contents
        self._parsed: dict[bytes, dict[str, Json]] = {}
        self.faults: list[str] = []

    def yaml(self, name: str) -> dict[str, Json] | None:
        """A YAML file; None where it is not there or cannot be read."""
        content = self._contents.get(name)
        if content is None:
            return None
        if content not in self._parsed:
            try:
                self._parsed[content] = read_yaml(content, name.partition(":")[2])
            except DvcFault as error:
                self._parsed[content] = {}
                self.faults.append(f"{error} (commit {name[:7]})")
        return self._parsed[content]

    def metrics(self, name: str) -> dict[str, float]:
        """The numbers of a metrics file; none where it is not in git."""
        content = self._contents.get(name)
        if content is None:
            return {}
        try:
            return metrics(content, name.partition(":")[2])
        except DvcFault as error:
            self.faults.append(f"{error} (commit {name[:7]})")
            return {}


def directory_of(artifact: str) -> tuple[str, str]:
    """The directory whose dvc.yaml declares an artifact, and its name there: `nlp:churn` is churn in nlp."""
    directory, colon, name = artifact.rpartition(":")
    return (directory, name) if colon else ("", artifact)


def wanted_files(version: VersionState, artifact: str) -> list[str]:
    """The files that tell about a version, as `COMMIT:path`."""
    directory, _ = directory_of(artifact)
    start = f"{version.commit}:{directory}/" if directory else f"{version.commit}:"
    return [f"{start}dvc.yaml", f"{start}dvc.lock"]


def row(artifact: Artifact, version: VersionState, files: Files, subject: str = "", committed: int = 0) -> Row:
    """A version with its declaration and lock file; metrics come with `measured`."""
    directory, name = directory_of(artifact.name)
    yaml_name, lock_name = wanted_files(version, artifact.name)
    dvc_yaml = files.yaml(yaml_name) or {}
    found = declared(dvc_yaml, name, directory)
    lock = locked(files.yaml(lock_name) or {}, found, dvc_yaml) if found is not None else Locked()
    return Row(artifact, version, subject, committed, found, lock)


def deliver(source: Source, rows: Sequence[Row]) -> Delivery:
    """Versions, measurements and assignments of rows; what cannot be a record is left out with a note."""
    versions: list[Version] = []
    measurements: list[Measurement] = []
    notes: list[str] = []
    for one in rows:
        try:
            version = _version(source, one)
            versions.append(version)
            measurements += _measurements(source, version.key, one)
        except (Invalid, ValueError) as error:
            notes.append(f"{one.artifact.name} {one.version.name} was left out: {error}")
    left_out = bool(notes)
    notes += _remarks(rows)
    said = _assignments(source, rows, notes)
    return Delivery(
        versions=versions,
        measurements=measurements,
        assignments=said,
        notes=tuple(dict.fromkeys(notes)),
        complete=not left_out,
    )


def all_versions(tags: Iterable[Tag]) -> list[tuple[Artifact, VersionState]]:
    """Every version of every artifact."""
    return [(artifact, version) for artifact in artifacts(tags).values() for version in artifact.versions]


# ── a version ──


def key_of(source: Source, artifact: str, version: str) -> str:
    """The key of a version here."""
    return str(Key(source.name, artifact, version))


def _version(source: Source, one: Row) -> Version:
    made, state = one.declared, one.version
    message = published.of_message(state.registrations[-1].message)[0] if state.registrations else ""
    changes = "" if message.startswith(_DEFAULTS) else message
    described = made.description if made else ""
    meta = {k: v for k, v in made.meta.items() if k not in _HIDDEN_META} if made else {}
    return check(
        Version,
        {
            "uid": "",
            "key": key_of(source, one.artifact.name, state.name),
            "own": True,
            "facts": _facts(source, one),
            "changes": changes or one.subject,
            "links": _links(source, state),
            "lineage": to_doc(_lineage(source, one)),
            "tags": tuple(dict.fromkeys([*(made.labels if made else ()), *(f"{k}={v}" for k, v in meta.items())])),
            "note": described,
        },
    )


def _facts(source: Source, one: Row) -> dict[str, Any]:
    """Claims dated by the tags that make them, so that reading the same again changes nothing."""
    state, artifact = one.version, one.artifact
    first = state.registrations[0].at if state.registrations else one.committed
    found: dict[str, tuple[Json, int]] = {}
    if first:
        found["created"] = (_day(first).isoformat(), first)
    standing = sorted(state.standing().items())
    if standing:
        found["remote_stage"] = (", ".join(name for name, _ in standing), max(tag.at for _, tag in standing))
    if artifact.deprecated and artifact.last is not None:
        found["remote_status"] = ("deprecated", artifact.last.at)
    elif not state.active:
        found["remote_status"] = ("deregistered", state.registrations[-1].at)
    for said, at in stated(state):
        found[said.fact] = (said.text, at)
    return {
        name: [to_doc(Fact(value, source.name, _day(at).isoformat(), origin=source.name))]
        for name, (value, at) in found.items()
    }


def stated(version: VersionState) -> Iterator[tuple[published.Published, int]]:
    """What was published with the newest tag of each use case, with its time."""
    newest: dict[str, tuple[published.Published, int]] = {}
    tags = [tag for tags in version.stages.values() for tag in tags if tag.name.action == "assign"]
    for tag in sorted(tags, key=lambda t: (t.at, t.ref)):
        for said in published.of_message(tag.message)[1]:
            newest[said.use_case] = (said, tag.at)
    yield from newest.values()


def _lineage(source: Source, one: Row) -> Lineage:
    lock, made = one.locked, one.declared
    artifact = made.path if made else ""
    if artifact and lock.artifact_hash:
        artifact = f"{artifact}@{lock.artifact_hash}"
    return Lineage(
        data=", ".join(lock.data),
        data_hash=", ".join(filter(None, lock.data.values())),
        repository=source.repository,
        commit=one.version.commit,
        run=made.stage if made else "",
        parameters=dict(sorted(lock.parameters.items())),
        seed=str(lock.parameters.get("seed", "")),
        artifact=artifact,
    )


def _links(source: Source, state: VersionState) -> list[dict[str, Any]]:
    """The page of the commit where the repository is on a server of a usual kind."""
    base = source.repository.removesuffix("/").removesuffix(".git")
    if not base.startswith("https://"):
        return []
    return [to_doc(Link("other", f"{base}/commit/{state.commit}", f"commit {state.commit[:7]}"))]


def _measurements(source: Source, key: str, one: Row) -> Iterator[Measurement]:
    day = _day(one.committed) if one.committed else None
    for name, value in one.metrics.items():
        uid = hashlib.blake2b(f"{key}\x1f{name}\x1f{one.version.commit}".encode(), digest_size=12).hexdigest()
        yield check(
            Measurement,
            {
                "uid": uid,
                "metric": name,
                "value": value,
                "version": key,
                "source": OUR_MEASUREMENTS,
                "run": one.version.commit,
                "origin": source.name,
                "measured_on": day,
                "as_of": day.isoformat() if day else "",
            },
        )


def _day(at: int) -> date:
    return datetime.fromtimestamp(at, UTC).date()


# ── what runs ──


def _assignments(source: Source, rows: Sequence[Row], notes: list[str]) -> list[Assignment]:
    found: dict[tuple[str, str, str], Assignment] = {}
    for one in rows:
        key = key_of(source, one.artifact.name, one.version.name)
        for said, _ in stated(one.version):
            if not said.stage:
                continue
            mine = said.assignment(key)
            found[mine.use_case, key, mine.deployment] = mine
    told = {use_case for use_case, _, _ in found}
    latest = {one.artifact.name: one.artifact for one in rows}
    by_version = {(one.artifact.name, one.version.name): one for one in rows}
    for artifact in latest.values():
        if artifact.deprecated:
            continue
        for stage, held in holders(artifact).items():
            ours = source.stages.get(stage, published.our_stage(stage))
            first = by_version.get((artifact.name, held[0][0].name))
            if not ours or first is None or first.declared is None or USE_CASE_TAG not in first.declared.meta:
                continue
            use_case = tagged_use_case(first.declared.meta)
            if not use_case:
                notes.append(f"meta.use_case of {artifact.name} is no use-case name (small letters, digits, hyphens)")
            elif use_case not in told:
                key = key_of(source, artifact.name, held[0][0].name)
                found.setdefault((use_case, key, "default"), Assignment("", use_case, key, stage=ours))
    return list(found.values())


def _remarks(rows: Sequence[Row]) -> Iterator[str]:
    for name, artifact in {one.artifact.name: one.artifact for one in rows}.items():
        for tag in artifact.unclear:
            yield f"{tag.ref} is on a commit with several versions of {name}: it cannot be told which one it means"
    for name in dict.fromkeys(one.artifact.name for one in rows if one.declared is not None and one.declared.unclear):
        yield f"the metrics beside {name} belong to several models; name its own with meta.metrics_file in dvc.yaml"
