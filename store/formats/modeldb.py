"""ModelDB's and Verta's answers as records: registered versions, or experiment runs where there is no registry (pure).

Numbers of 64 bits come as text, what holds its default is left out, and an enumeration may be a name or a number. In a
registry the versions of a model are versions here; in the open-source ModelDB, which has none, the runs of a project.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from store.delivery import USE_CASE_TAG, Delivery, tagged_use_case
from store.formats.times import day_of_ms
from store.records import Assignment, Deployment, Fact, Json, Key, Lineage, Measurement, Version, to_doc
from store.validation import Invalid, check
from store.values import dataclass

OUR_MEASUREMENTS = "own"
_STAGES = {"STAGING": "Staging", "PRODUCTION": "Production", "ARCHIVED": "Archived", "DEVELOPMENT": "Development"}
_STAGE_NUMBERS = {1: "DEVELOPMENT", 2: "STAGING", 3: "PRODUCTION", 4: "ARCHIVED", 5: "UNASSIGNED"}
_LOCKS: Mapping[str | int, str] = {"CLOSED": "closed", "REDACT": "redact", 2: "redact", 3: "closed"}
_CREDENTIALS = re.compile(r"^([a-z][a-z0-9+.-]*://)[^/@]*@", re.IGNORECASE)


class Pair(Struct):
    """An attribute, a metric or a parameter; its value is any JSON."""

    key: str
    value: Json = None


class Asset(Struct):
    """An artifact or a data set."""

    key: str = ""
    path: str = ""
    linked_artifact_id: str = ""


class Git(Struct):
    """A state of a repository."""

    repo: str = ""
    hash: str = ""
    branch: str = ""
    is_dirty: bool | str = False


class CodeBlob(Struct):
    """The code of one file of a registered version."""

    git: Git | None = None


class CodeVersion(Struct):
    """The code of a run."""

    git_snapshot: Git | None = None


class Served(Struct):
    """Where a registered version is deployed outside."""

    id: str = ""
    location_deployed: str = ""
    url_path_title: str = ""
    cloud_provider: str = ""


class Model(Struct):
    """A registered model."""

    id: str
    name: str
    description: str = ""
    labels: list[str] = field(default_factory=list)
    attributes: list[Pair] = field(default_factory=list)


class ModelVersion(Struct):
    """A registered version."""

    id: str
    registered_model_id: str
    version: str = ""
    version_number: str = ""
    description: str = ""
    time_created: int = 0
    time_updated: int = 0
    experiment_run_id: str = ""
    stage: str | int = ""
    lock_level: str | int = ""
    archived: str | int | bool = ""
    labels: list[str] = field(default_factory=list)
    attributes: list[Pair] = field(default_factory=list)
    datasets: list[Asset] = field(default_factory=list)
    model: Asset | None = None
    code_blob_map: dict[str, CodeBlob] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    external_deployments: list[Served] = field(default_factory=list)


class Project(Struct):
    """A project of the open-source ModelDB."""

    id: str
    name: str
    description: str = ""
    tags: list[str] = field(default_factory=list)


class ExperimentRun(Struct):
    """A run."""

    id: str
    project_id: str = ""
    name: str = ""
    description: str = ""
    date_created: int = 0
    date_updated: int = 0
    tags: list[str] = field(default_factory=list)
    metrics: list[Pair] = field(default_factory=list)
    hyperparameters: list[Pair] = field(default_factory=list)
    attributes: list[Pair] = field(default_factory=list)
    datasets: list[Asset] = field(default_factory=list)
    artifacts: list[Asset] = field(default_factory=list)
    code_version: str = ""
    code_version_snapshot: CodeVersion | None = None
    environment: dict[str, Any] = field(default_factory=dict)


class ModelsPage(Struct):
    """One page of registered models."""

    registered_models: list[Model] = field(default_factory=list)
    total_records: int = 0


class VersionsPage(Struct):
    """One page of registered versions."""

    model_versions: list[ModelVersion] = field(default_factory=list)
    total_records: int = 0


class ProjectsPage(Struct):
    """One page of projects."""

    projects: list[Project] = field(default_factory=list)
    total_records: int = 0


class RunsPage(Struct):
    """One page of runs."""

    experiment_runs: list[ExperimentRun] = field(default_factory=list)
    total_records: int = 0


@dataclass(frozen=True, slots=True)
class _Subject:
    """What both modes have in common: one version to be, with what is said of it."""

    key: str
    created: int
    updated: int
    changes: str
    tags: Sequence[str]
    attributes: Mapping[str, Json]
    metrics: Mapping[str, float]
    lineage: Lineage
    run: str
    facts: Mapping[str, Json]


# ── the registry of Verta ──


def of_registry(
    origin: str, models: Iterable[Model], versions: Iterable[ModelVersion], runs: Mapping[str, ExperimentRun]
) -> Delivery:
    """The versions of all registered models, with the metrics of the runs that they came from."""
    known = {m.id: m for m in models}
    subjects: list[_Subject] = []
    deployments: list[Deployment] = []
    notes: list[str] = []
    for one in versions:
        model = known.get(one.registered_model_id)
        if model is None:
            notes.append(f"version {one.version or one.id} is of a model that may not be read; it was left out")
            continue
        run = runs.get(one.experiment_run_id)
        attributes = {**_table(model.attributes), **_table(one.attributes)}
        code = next((b.git for b in one.code_blob_map.values() if b.git is not None), None)
        stage = _stage(one)
        facts: dict[str, Json] = {"remote_stage": stage} if stage else {}
        if one.lock_level in _LOCKS:
            facts["remote_lock"] = _LOCKS[one.lock_level]
        key = str(Key(origin, model.name, one.version or one.version_number or one.id))
        subjects.append(
            _Subject(
                key,
                one.time_created,
                one.time_updated,
                one.description,
                [*model.labels, *one.labels],
                attributes,
                {**_numbers(run.metrics if run else ()), **_numbers(one.attributes)},
                _lineage(one.datasets, code, run, one.environment, one.model),
                one.experiment_run_id,
                facts,
            )
        )
        for served in one.external_deployments:
            try:
                deployments += _deployment(served, key)
            except Invalid as error:
                notes.append(f"a deployment of {key} was left out: {error}")
    return _delivered(origin, subjects, deployments, notes)


def _stage(one: ModelVersion) -> str:
    word = _STAGE_NUMBERS.get(one.stage, "") if isinstance(one.stage, int) else one.stage
    if str(one.archived).upper() in ("TRUE", "1"):
        return "Archived"
    return _STAGES.get(word, "")


def _deployment(served: Served, key: str) -> list[Deployment]:
    """Where it is served; nothing where that has no name."""
    name = served.url_path_title or served.id
    place = {"platform": served.cloud_provider, "region": served.location_deployed, "remote_version": key}
    return [check(Deployment, {"uid": "", "name": name, **place})] if name else []


# ── the runs of the open-source ModelDB ──


def of_runs(origin: str, projects: Iterable[Project], runs: Iterable[ExperimentRun]) -> Delivery:
    """The runs of all projects as versions: ModelDB without a registry knows nothing else."""
    known = {p.id: p for p in projects}
    subjects, notes = [], []
    for one in runs:
        project = known.get(one.project_id)
        if project is None:
            notes.append(f"run {one.name or one.id} is of a project that may not be read; it was left out")
            continue
        snapshot = one.code_version_snapshot
        code = snapshot.git_snapshot if snapshot is not None else None
        subjects.append(
            _Subject(
                str(Key(origin, project.name, one.name or one.id)),
                one.date_created,
                one.date_updated,
                one.description,
                [*project.tags, *one.tags],
                _table(one.attributes),
                _numbers(one.metrics),
                _lineage(one.datasets, code or Git(hash=one.code_version), one, one.environment, None),
                one.id,
                {},
            )
        )
    return _delivered(origin, subjects, [], notes)


# ── both ──


def _delivered(
    origin: str, subjects: Iterable[_Subject], deployments: Sequence[Deployment], notes: list[str]
) -> Delivery:
    versions: dict[str, Version] = {}
    measurements: list[Measurement] = []
    claims: dict[str, list[str]] = {}
    left_out = bool(notes)
    for subject in sorted(subjects, key=lambda s: s.created):
        try:
            version = _version(origin, subject)
            found = list(_measurements(origin, subject))
        except (Invalid, ValueError) as error:
            notes.append(f"{subject.key} was left out: {error}")
            left_out = True
            continue
        if version.key in versions:
            notes.append(f"{version.key} is there more than once; the newest counts")
        versions[version.key] = version
        measurements += found
        if USE_CASE_TAG in subject.attributes:
            use_case = tagged_use_case({USE_CASE_TAG: str(subject.attributes[USE_CASE_TAG])})
            if use_case:
                claims.setdefault(use_case, []).append(version.key)
            else:
                notes.append(f"{USE_CASE_TAG} of {subject.key} is no use-case name (small letters, digits, hyphens)")
    assigned = []
    for use_case, keys in claims.items():
        running = [k for k in keys if versions[k].value("remote_stage") == "Production"] or keys
        if len(running) == 1:
            assigned.append(Assignment("", use_case, running[0]))
        else:
            notes.append(f"{len(running)} versions carry {USE_CASE_TAG}={use_case}: assign the one that runs yourself")
    return Delivery(
        versions=list(versions.values()),
        measurements=list({m.uid: m for m in measurements}.values()),
        deployments=list({d.name: d for d in deployments}.values()),
        assignments=assigned,
        notes=tuple(dict.fromkeys(notes)),
        complete=not left_out,
    )


def _version(origin: str, subject: _Subject) -> Version:
    created, updated = day_of_ms(subject.created), day_of_ms(subject.updated)
    as_of = updated or created
    values = dict(subject.facts) | ({"created": created.isoformat()} if created is not None else {})
    words = {k: v for k, v in subject.attributes.items() if isinstance(v, str | bool)}
    return check(
        Version,
        {
            "uid": "",
            "key": subject.key,
            "own": True,
            "facts": {
                name: [to_doc(Fact(value, origin, as_of.isoformat(), origin=origin))]
                for name, value in values.items()
                if as_of is not None
            },
            "changes": subject.changes,
            "lineage": to_doc(subject.lineage),
            "tags": tuple(dict.fromkeys([*subject.tags, *(f"{k}={v}" for k, v in sorted(words.items()))])),
        },
    )


def _measurements(origin: str, subject: _Subject) -> Iterator[Measurement]:
    day = day_of_ms(subject.updated or subject.created)
    for name, value in subject.metrics.items():
        uid = hashlib.blake2b(f"{subject.key}\x1f{name}\x1f{subject.run}".encode(), digest_size=12).hexdigest()
        yield check(
            Measurement,
            {
                "uid": uid,
                "metric": name,
                "value": value,
                "version": subject.key,
                "source": OUR_MEASUREMENTS,
                "run": subject.run,
                "origin": origin,
                "measured_on": day,
                "as_of": day.isoformat() if day else "",
            },
        )


def _lineage(
    datasets: Sequence[Asset], code: Git | None, run: ExperimentRun | None, environment: Json, model: Asset | None
) -> Lineage:
    parameters = _table(run.hyperparameters if run else ())
    artifact = model or next(iter(run.artifacts if run else ()), None)
    dirty = code is not None and str(code.is_dirty).upper() == "TRUE"
    return Lineage(
        data=", ".join(filter(None, (d.path or d.key for d in datasets))),
        data_hash=", ".join(filter(None, (d.linked_artifact_id for d in datasets))),
        repository=_CREDENTIALS.sub(r"\1", code.repo) if code else "",
        branch=code.branch if code else "",
        commit=f"{code.hash}-dirty" if code and code.hash and dirty else code.hash if code else "",
        run=run.id if run else "",
        parameters=dict(sorted(parameters.items())),
        seed=str(parameters.get("seed", "")),
        environment=_environment(environment),
        artifact=artifact.path if artifact else "",
    )


def _environment(environment: Json) -> str:
    """The hash of what the version wants installed; the list itself stays in the registry."""
    if not environment:
        return ""
    plain = json.dumps(environment, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(plain.encode()).hexdigest()}"


def _table(pairs: Iterable[Pair]) -> dict[str, Json]:
    return {p.key: p.value for p in pairs}


def _numbers(pairs: Iterable[Pair]) -> dict[str, float]:
    found = {}
    for pair in pairs:
        value = float("nan") if pair.value in ("NaN", "nan") else pair.value
        if isinstance(value, int | float) and not isinstance(value, bool):
            found[pair.key] = float(value) if math.isfinite(value) or isinstance(value, float) else math.inf
    return found
