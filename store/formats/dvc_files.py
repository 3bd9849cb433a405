"""DVC's files at one commit: artifacts of dvc.yaml, data hashes and parameters of dvc.lock, and metrics files (pure).

A metrics file that DVC keeps in its own cache is not in git, and then there are no metrics to read. Paths with `${…}`
need DVC to be resolved and are left alone.
"""

from __future__ import annotations

import json
import posixpath
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import field

from store.records import Json
from store.values import dataclass

MAX_METRICS = 2000
"""A file with more numbers is a table and no summary of a run."""
CODE = (".py", ".ipynb", ".sh", ".r", ".jl", ".scala", ".java", ".sql", ".yaml", ".yml", ".toml", ".cfg")
"""Dependencies of a stage that are code or settings, and no data."""


class DvcFault(ValueError):
    """A file that cannot be read, in one sentence."""


@dataclass(frozen=True, slots=True)
class Declared:
    """An artifact as dvc.yaml declares it; `metrics` are the paths of its metrics files, from the repository's root.

    `stage` makes it. `unclear` says that the file's metrics cannot be told apart between its models.
    """

    path: str = ""
    kind: str = ""
    description: str = ""
    labels: tuple[str, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    stage: str = ""
    unclear: bool = False


@dataclass(frozen=True, slots=True)
class Locked:
    """What dvc.lock says of the stage that made an artifact: its data (path to hash), parameters, and the artifact."""

    data: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Json] = field(default_factory=dict)
    artifact_hash: str = ""


def read_yaml(content: bytes, name: str) -> dict[str, Json]:
    """The mapping in a YAML file; nothing but plain values is ever made of it.

    Raises:
        DvcFault: it is no YAML, or no mapping.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        found = yaml.load(content.decode("utf-8-sig"), Loader=loader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise DvcFault(f"{name} is no YAML that can be read") from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise DvcFault(f"{name} is no mapping")
    return {str(key): value for key, value in found.items()}


def declared(dvc_yaml: Mapping[str, Json], artifact: str, directory: str = "") -> Declared | None:
    """An artifact of a dvc.yaml in a directory of the repository; None where it is not declared there."""
    artifacts = _mapping(dvc_yaml.get("artifacts"))
    if artifact not in artifacts:
        return None
    own = _mapping(artifacts[artifact])
    path = _text(own.get("path"))
    meta = {str(k): _text(v) for k, v in _mapping(own.get("meta")).items()}
    stages = _mapping(dvc_yaml.get("stages"))
    stage = next((str(n) for n, s in stages.items() if path and path in dict(_paths(_mapping(s).get("outs")))), "")
    models = [a for a in artifacts.values() if _text(_mapping(a).get("type")) in ("", "model")]
    made = list(dict(_paths(_mapping(stages.get(stage)).get("metrics"))))
    if meta.get("metrics_file"):
        files, unclear = [meta["metrics_file"]], False
    elif made:
        files, unclear = made, False
    else:
        every = [p for s in stages.values() for p in dict(_paths(_mapping(s).get("metrics")))]
        files = [*dict(_paths(dvc_yaml.get("metrics"))), *every, "dvclive/metrics.json"]
        unclear = len(models) > 1
    labels = own.get("labels")
    return Declared(
        path,
        _text(own.get("type")),
        _text(own.get("desc")),
        tuple(_text(label) for label in labels) if isinstance(labels, list) else (),
        meta,
        () if unclear else tuple(joined(directory, f) for f in dict.fromkeys(files) if "${" not in f),
        stage,
        unclear,
    )


def locked(dvc_lock: Mapping[str, Json], made: Declared, dvc_yaml: Mapping[str, Json]) -> Locked:
    """What dvc.lock says of the stage that made an artifact."""
    stage = _mapping(_mapping(dvc_lock.get("stages")).get(made.stage))
    entries = {path: _hash(entry) for path, entry in _paths(stage.get("deps"))}
    sets = {
        _text(_mapping(a).get("path"))
        for a in _mapping(dvc_yaml.get("artifacts")).values()
        if _text(_mapping(a).get("type")) == "dataset"
    }
    data = {p: h for p, h in entries.items() if p in sets}
    data = data or {p: h for p, h in entries.items() if h and not p.casefold().endswith(CODE)}
    parameters: dict[str, Json] = {}
    for file, values in _mapping(stage.get("params")).items():
        prefix = "" if file == "params.yaml" else f"{file}:"
        for name, value in _leaves(values):
            parameters[prefix + name] = value if isinstance(value, bool | int | float | str) else _text(value)
    outs = {path: _hash(entry) for path, entry in _paths(stage.get("outs"))}
    return Locked(data, parameters, outs.get(made.path, ""))


def metrics(content: bytes, path: str) -> dict[str, float]:
    """The numbers of a metrics file in JSON, YAML or TOML, nested names joined with dots.

    Raises:
        DvcFault: it cannot be read.
    """
    ending = posixpath.splitext(path)[1].casefold()
    try:
        if ending == ".toml":
            document: Json = tomllib.loads(content.decode("utf-8"))
        elif ending in (".yaml", ".yml"):
            document = read_yaml(content, path)
        else:
            document = json.loads(content)
    except DvcFault:
        raise
    except (ValueError, RecursionError) as error:
        raise DvcFault(f"{path} is no metrics file that can be read") from error
    found: dict[str, float] = {}
    for name, value in _leaves(document):
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                found[name] = float(value)
            except OverflowError:
                continue  # an integer of more than 300 digits is no measurement
        if len(found) > MAX_METRICS:
            raise DvcFault(f"{path} has more than {MAX_METRICS:,} numbers")
    return found


def joined(directory: str, path: str) -> str:
    """A path of a file in a directory, from the repository's root."""
    return posixpath.normpath(posixpath.join(directory, path))


def _leaves(value: Json, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Json]]:
    if isinstance(value, dict) and depth < 20:
        for name, inner in value.items():
            yield from _leaves(inner, f"{prefix}.{name}" if prefix else str(name), depth + 1)
    elif prefix and not isinstance(value, dict):
        yield prefix, value


def _paths(entries: Json) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """A list of paths, as text, as {path: options}, or as {path: …, md5: …} (dvc.lock)."""
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, str):
            yield entry, {}
        elif isinstance(entry, dict) and isinstance(entry.get("path"), str):
            yield entry["path"], entry
        elif isinstance(entry, dict):
            for path, options in entry.items():
                yield str(path), _mapping(options)


def _hash(entry: Mapping[str, Json]) -> str:
    name = _text(entry.get("hash")) or "md5"
    for kind in (name, "md5", "etag", "checksum"):
        if entry.get(kind):
            return _text(entry[kind])
    return ""


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _text(value: Json) -> str:
    return "" if value is None else value if isinstance(value, str) else str(value)
