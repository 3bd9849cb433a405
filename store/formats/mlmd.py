"""ML Metadata's graph as records: models, where they came from, how they did, where they went (pure).

Three conventions share the tables: TFX (Model, ModelEvaluation, ModelBlessing, PushedModel), Kubeflow Pipelines
(system.Model, system.Metrics) and the Kubeflow Model Registry (kf.RegisteredModel, kf.ModelVersion, kf.ModelArtifact).
A model is an artifact of such a type; its evaluation is what an execution made that read it, or that made it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import date
from typing import Any

from store.delivery import USE_CASE_TAG, Delivery, tagged_use_case
from store.formats.times import day_of_ms
from store.records import Assignment, Fact, Json, Key, Lineage, Measurement, Station, Version, to_doc
from store.validation import Invalid, check
from store.values import dataclass

ARTIFACT_STATES = ("UNKNOWN", "PENDING", "LIVE", "MARKED_FOR_DELETION", "DELETED", "ABANDONED", "REFERENCE")
READ, WRITTEN = frozenset({2, 3, 5}), frozenset({1, 4, 6})
"""Kinds of events: an execution reads an artifact, or writes it."""

OUR_MEASUREMENTS = "own"
MODEL_TYPES = ("Model", "mlmd.Model", "system.Model", "kf.ModelArtifact")
_DATA = ("dataset", "examples")
_JUDGED = ("evaluation", "metric", "blessing")
MOST_STATIONS = 50
_GONE = ("MARKED_FOR_DELETION", "DELETED", "ABANDONED")
_NAMES = ("name", "display_name", "model_name")
_VERSIONS = ("version", "model_version", "pushed_version")
_COMMITS = ("git_commit", "commit", "git_sha")
_NO_METRICS = frozenset(
    (
        *_NAMES,
        *_VERSIONS,
        "blessed",
        "current_model_id",
        "pushed",
        "span",
        "state",
        "is_deployed",
        "registered_model_id",
    )
)


@dataclass(frozen=True, slots=True)
class Node:
    """An artifact, an execution or a context; `values` are its properties, of which a custom one counts first."""

    id: int
    type: str
    name: str
    values: Mapping[str, Json]
    created: int = 0
    updated: int = 0
    uri: str = ""
    state: str = ""
    base: str = ""


@dataclass(slots=True)
class Graph:
    """What a store holds. `events` are (artifact, execution, kind); the others are pairs with the context first."""

    artifacts: dict[int, Node] = field(default_factory=dict)
    executions: dict[int, Node] = field(default_factory=dict)
    contexts: dict[int, Node] = field(default_factory=dict)
    events: list[tuple[int, int, int]] = field(default_factory=list)
    attributions: list[tuple[int, int]] = field(default_factory=list)
    associations: list[tuple[int, int]] = field(default_factory=list)
    parents: list[tuple[int, int]] = field(default_factory=list)


class Ways:
    """The graph made walkable: who made an artifact, who read it, in which contexts it stands."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.makers: dict[int, list[int]] = {}
        self.readers: dict[int, list[int]] = {}
        self.made: dict[int, list[int]] = {}
        self.read: dict[int, list[int]] = {}
        for artifact, execution, kind in graph.events:
            there, back = (self.readers, self.read) if kind in READ else (self.makers, self.made)
            if kind in READ or kind in WRITTEN:
                there.setdefault(artifact, []).append(execution)
                back.setdefault(execution, []).append(artifact)
        self.contexts: dict[int, list[int]] = {}
        for context, artifact in graph.attributions:
            self.contexts.setdefault(artifact, []).append(context)
        self.runs: dict[int, list[int]] = {}
        for context, execution in graph.associations:
            self.runs.setdefault(execution, []).append(context)
        self.parent = dict(graph.parents)

    def after(self, model: Node) -> list[Node]:
        """The artifacts that an execution made which read the model."""
        return self.artifacts(a for e in self.readers.get(model.id, ()) for a in self.made.get(e, ()))

    def beside(self, model: Node) -> list[Node]:
        """The artifacts that were made together with the model."""
        return self.artifacts(a for e in self.makers.get(model.id, ()) for a in self.made.get(e, ()) if a != model.id)

    def before(self, model: Node) -> list[Node]:
        """The artifacts that the model was made from."""
        return self.artifacts(a for e in self.makers.get(model.id, ()) for a in self.read.get(e, ()))

    def producer(self, model: Node) -> Node | None:
        """The execution that made the model."""
        made = self.makers.get(model.id, ())
        return self.graph.executions.get(made[-1]) if made else None

    def around(self, model: Node) -> list[Node]:
        """The contexts of the model and of the execution that made it, the parents of each behind it."""
        ids = [*self.contexts.get(model.id, ())]
        for execution in self.makers.get(model.id, ()):
            ids += self.runs.get(execution, ())
        for context in list(ids):
            if context in self.parent:
                ids.append(self.parent[context])
        return [self.graph.contexts[i] for i in dict.fromkeys(ids) if i in self.graph.contexts]

    def artifacts(self, ids: Iterable[int]) -> list[Node]:
        """The artifacts with these ids, each once."""
        return [self.graph.artifacts[i] for i in dict.fromkeys(ids) if i in self.graph.artifacts]


def is_model(node: Node, more: Sequence[str] = ()) -> bool:
    """True for an artifact that is a model by its type or the type that this stands on."""
    pushed = node.type.endswith("PushedModel")
    return not pushed and any(t in (*MODEL_TYPES, *more) or t.endswith("Model") for t in (node.type, node.base) if t)


def deliver(origin: str, graph: Graph, today: date, model_types: Sequence[str] = ()) -> Delivery:
    """All models of a store as versions of the registry `origin`, with measurements; duplicates are named.

    What has no time in the store is of `today`.
    """
    ways = Ways(graph)
    versions: dict[str, Version] = {}
    measurements: list[Measurement] = []
    notes: list[str] = []
    left_out = False
    claims: dict[str, list[str]] = {}
    for model in sorted((a for a in graph.artifacts.values() if is_model(a, model_types)), key=lambda a: a.id):
        try:
            version = _version(origin, ways, model, today)
            found = list(_measurements(origin, version.key, ways, model))
        except (Invalid, ValueError) as error:
            notes.append(f"artifact {model.id} was left out: {error}")
            left_out = True
            continue
        if version.key in versions:
            notes.append(f"{version.key} is there more than once; the newest artifact counts")
        versions[version.key] = version
        measurements += found
        use_case = tagged_use_case({k: str(v) for k, v in _values(ways, model).items()})
        if use_case and model.state not in _GONE:
            claims.setdefault(use_case, []).append(version.key)
    assigned = []
    for use_case, keys in claims.items():
        alive = [k for k in keys if versions[k].value("remote_stage") != "Archived"]
        running = [k for k in alive if versions[k].value("remote_stage") == "Production"] or alive
        if len(running) == 1:
            assigned.append(Assignment("", use_case, running[0]))
        elif running:
            notes.append(f"{len(running)} models carry {USE_CASE_TAG}={use_case}: assign the one that runs yourself")
    if not versions:
        notes.append("there is no model in it: no artifact of a type such as Model, system.Model, kf.ModelArtifact")
    return Delivery(
        versions=list(versions.values()),
        measurements=list({m.uid: m for m in measurements}.values()),
        assignments=assigned,
        notes=tuple(dict.fromkeys(notes)),
        complete=not left_out,
    )


# ── a version ──


def _registered(ways: Ways, model: Node) -> tuple[str, str, Node | None]:
    """Model and version as the Kubeflow Model Registry keeps them in contexts; empty elsewhere."""
    for context in ways.around(model):
        if context.type == "kf.ModelVersion":
            parent = ways.graph.contexts.get(ways.parent.get(context.id, 0))
            version = context.name.partition(":")[2] or context.name
            return (parent.name if parent is not None else ""), version, context
    return "", "", None


def _name(ways: Ways, model: Node) -> tuple[str, str]:
    name, version, _ = _registered(ways, model)
    tail = model.uri.rstrip("/").rpartition("/")[2]
    name = name or _first(model, _NAMES) or model.name.rpartition(":")[0] or model.name or tail or f"model-{model.id}"
    return name, version or _first(model, _VERSIONS) or str(model.id)


def _version(origin: str, ways: Ways, model: Node, today: date) -> Version:
    _, _, registered = _registered(ways, model)
    shown = {k: v for k, v in model.values.items() if isinstance(v, str | bool) and k not in (*_NAMES, *_VERSIONS)}
    described = registered.values.get("description", "") if registered is not None else ""
    return check(
        Version,
        {
            "uid": "",
            "key": str(Key(origin, *_name(ways, model))),
            "own": True,
            "facts": _facts(origin, ways, model, today),
            "changes": str(described or model.values.get("description", "")),
            "lineage": to_doc(_lineage(ways, model)),
            "way": tuple(map(to_doc, _way(ways, model))),
            "tags": tuple(sorted(f"{k}={v}" for k, v in shown.items() if k != "description" and len(str(v)) < 200)),
        },
    )


def _facts(origin: str, ways: Ways, model: Node, today: date) -> dict[str, Any]:
    created, updated = day_of_ms(model.created), day_of_ms(model.updated)
    later = [day for a in ways.after(model) if (day := day_of_ms(a.updated)) is not None]
    as_of = max(filter(None, [created, updated, *later]), default=today)
    values: dict[str, Json] = {}
    if created is not None:
        values["created"] = created.isoformat()
    if stage := remote_stage(ways, model):
        values["remote_stage"] = stage
    if model.state not in ("LIVE", "UNKNOWN", ""):
        values["remote_status"] = model.state
    return {n: [to_doc(Fact(v, origin, as_of.isoformat(), origin=origin))] for n, v in values.items()}


def remote_stage(ways: Ways, model: Node) -> str:
    """What the store says became of a model, in our words where it is one of them; "" where it says nothing."""
    if model.state in _GONE:
        return "Archived"
    _, _, registered = _registered(ways, model)
    if registered is not None and str(registered.values.get("state", "")).upper() == "ARCHIVED":
        return "Archived"
    after = ways.after(model)
    if any(a.type.endswith("PushedModel") and a.state not in _GONE and a.values.get("pushed", 1) for a in after):
        return "Production"
    blessings = [a.values["blessed"] for a in after if "blessed" in a.values]
    if blessings:
        return "Staging" if _is_blessed(blessings[-1]) else "Not blessed"
    return ""


def _data_of(ways: Ways, model: Node) -> list[Node]:
    return [a for a in ways.before(model) if any(word in f"{a.type} {a.base}".casefold() for word in _DATA)]


def _lineage(ways: Ways, model: Node) -> Lineage:
    data = _data_of(ways, model)
    producer = ways.producer(model)
    around = ways.around(model)
    runs = [c.name for c in around if c.type.casefold().endswith(("pipeline_run", "pipelinerun"))]
    values = _values(ways, model)
    commit = next((str(values[n]) for n in _COMMITS if values.get(n)), "")
    made = [producer.name or f"execution {producer.id}", producer.type] if producer is not None else []
    parameters = dict(sorted(producer.values.items())) if producer is not None else {}
    return Lineage(
        data=", ".join(filter(None, (_source(a) for a in data))),
        data_hash=", ".join(filter(None, (_digest(a) for a in data))),
        repository=str(values.get("git_repository", values.get("repository", ""))),
        commit=commit,
        run=" · ".join([*runs[:1], *made]),
        parameters={k: v for k, v in parameters.items() if k not in _COMMITS},
        environment=str(values.get("image", "")),
        artifact=model.uri,
    )


def _way(ways: Ways, model: Node) -> list[Station]:
    """From the data to where it was pushed; of many evaluations the newest."""
    found = [Station("data", _source(a), a.uri, _day(a)) for a in _data_of(ways, model)]
    producer = ways.producer(model)
    if producer is not None:
        found.append(Station("execution", *_execution(producer), _day(producer)))
    after: list[Station] = []
    for run in dict.fromkeys(ways.readers.get(model.id, ())):
        execution = ways.graph.executions.get(run)
        made = ways.artifacts(ways.made.get(run, ()))
        pushed = [a for a in made if a.type.endswith("PushedModel") and a.values.get("pushed", 1)]
        after += [Station("pushed", a.name or f"artifact {a.id}", a.uri, _day(a)) for a in pushed]
        judged = [a for a in made if "blessed" in a.values or any(w in a.type.casefold() for w in _JUDGED)]
        if judged and execution is not None:
            name, kind = _execution(execution)
            said = [_blessing(a.values["blessed"]) for a in judged if "blessed" in a.values]
            detail = " · ".join(dict.fromkeys(filter(None, (kind, *said))))
            after.append(Station("evaluation", name, detail, max(map(_day, judged))))
    after.sort(key=lambda s: (s.kind == "pushed", s.at))
    return [*found, *after[-MOST_STATIONS:]]


def _execution(node: Node) -> tuple[str, str]:
    """Name of an execution, as its measurements have it, and its type without the path of a module."""
    return node.name or str(node.id), node.type.rpartition(".")[2]


def _blessing(value: Json) -> str:
    return "blessed" if _is_blessed(value) else "not blessed"


def _is_blessed(value: Json) -> bool:
    return str(value) in ("1", "True")


def _day(node: Node) -> str:
    day = day_of_ms(node.created or node.updated)
    return "" if day is None else day.isoformat()


def _values(ways: Ways, model: Node) -> dict[str, Json]:
    """What the model says of itself, then its contexts, then the execution that made it."""
    found: dict[str, Json] = {}
    producer = ways.producer(model)
    for node in (model, *ways.around(model), *([producer] if producer is not None else [])):
        for name, value in node.values.items():
            found.setdefault(name, value)
    return found


def _source(data: Node) -> str:
    span = data.values.get("span")
    marks = [f"span {span}" if span not in (None, "") else "", str(data.values.get("version") or "")]
    return " ".join(filter(None, (data.name or _first(data, _NAMES) or data.uri, *marks)))


def _digest(data: Node) -> str:
    return str(next((data.values[n] for n in ("digest", "hash", "md5", "checksum") if data.values.get(n)), data.uri))


def _first(node: Node, names: Sequence[str]) -> str:
    return next((str(node.values[n]) for n in names if node.values.get(n) not in (None, "")), "")


# ── what was measured ──


def _measurements(origin: str, key: str, ways: Ways, model: Node) -> Iterator[Measurement]:
    sources = [a for a in (*ways.beside(model), *ways.after(model)) if "metric" in a.type.casefold()]
    sources += [a for a in ways.after(model) if "evaluation" in a.type.casefold()]
    for node in {n.id: n for n in (model, *sources)}.values():
        runs = ways.makers.get(node.id, ())
        run = ways.graph.executions.get(runs[-1]) if runs else None
        day = day_of_ms(node.updated or node.created)
        for name, value in node.values.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or name in _NO_METRICS:
                continue
            uid = hashlib.blake2b(f"{key}\x1f{name}\x1f{node.id}".encode(), digest_size=12).hexdigest()
            yield check(
                Measurement,
                {
                    "uid": uid,
                    "metric": name,
                    "value": float(value),
                    "version": key,
                    "source": OUR_MEASUREMENTS,
                    "run": (run.name or str(run.id)) if run is not None else "",
                    "origin": origin,
                    "measured_on": day,
                    "as_of": day.isoformat() if day else "",
                },
            )
