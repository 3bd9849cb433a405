"""MLflow's registered versions and their runs as records (pure: decoded answers in, records out).

What becomes what: a version is `registry-name/model@7` and our own model; its stage, else its aliases, is the fact
`remote_stage` and never our stage; metrics become measurements under exactly their name, so that an unknown one stays
undefined; parameters, data sets, git tags, run and source become the lineage. A metric that was logged for the
version's own logged model, with a data set, counts before the same metric of the run, which has none.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from urllib.parse import quote

from store.delivery import USE_CASE_TAG, Delivery, tagged_use_case, uncollected
from store.formats import mlflow_wire as wire
from store.formats import published
from store.formats.times import day_of_ms
from store.records import Assignment, Doc, Json, Key, Lineage, Measurement, Version, to_doc
from store.validation import Invalid, check
from store.values import dataclass

OUR_MEASUREMENTS = "own"
"""The source of what our own runs measured, as when it is entered here: the two can then be compared."""

CHANGES_TAGS = ("changes", "changelog", "note")
PRICE_TAGS = {"price_in_per_m": "price_input", "price_out_per_m": "price_output"}
"""Tags that give a price in US dollars per million tokens."""

_GIT = "mlflow.source.git."
_CREDENTIALS = re.compile(r"^([a-z][a-z0-9+.-]*://)[^/@]*@", re.IGNORECASE)
_INTERNAL = ("mlflow.", "_dbx", "__", published.PREFIX)


@dataclass(frozen=True, slots=True)
class Source:
    """Whose versions these are: `name` of the registry, which is their provider, and the address of its pages."""

    name: str
    pages: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """What a registered model says about all of its versions."""

    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One version with what else is known of it; `read` is False where its run was not read in this sync."""

    version: wire.ModelVersion
    head: Head = Head()
    run: wire.Run | None = None
    logged: wire.LoggedModel | None = None
    read: bool = True


def is_prompt(tags: Sequence[wire.Pair] | None) -> bool:
    """True for a prompt: MLflow keeps them in the same registry, and older servers list them."""
    return wire.table(tags).get("mlflow.prompt.is_prompt", "").casefold() == "true"


def heads(models: Iterable[wire.Model]) -> dict[str, Head]:
    """Registered models by name, without prompts."""
    found = {}
    for model in models:
        if is_prompt(model.tags):
            continue
        aliases: dict[str, tuple[str, ...]] = {}
        for alias in sorted(model.aliases or (), key=lambda a: a.alias):
            number = str(alias.version)
            aliases[number] = (*aliases.get(number, ()), alias.alias)
        found[model.name] = Head(wire.table(model.tags), aliases)
    return found


def distinct(versions: Iterable[wire.ModelVersion]) -> list[wire.ModelVersion]:
    """Each version once and no prompts: rows move between pages when somebody updates one, the newest counts."""
    found: dict[tuple[str, str], wire.ModelVersion] = {}
    for version in versions:
        if is_prompt(version.tags):
            continue
        at = (version.name, str(version.version))
        if at not in found or (version.last_updated_timestamp or 0) >= (found[at].last_updated_timestamp or 0):
            found[at] = version
    return list(found.values())


@uncollected()
def deliver(source: Source, rows: Iterable[Row]) -> Delivery:
    """Versions and measurements of rows; what cannot be a record is left out with a note, and then nothing is gone."""
    versions: list[Version] = []
    measurements: list[Measurement] = []
    notes: list[str] = []
    for row in rows:
        try:
            version = _version(source, row)
        except (Invalid, ValueError) as error:
            notes.append(f"version {row.version.version} of a model was left out: {error}")
            continue
        versions.append(version)
        if row.read:
            try:
                measurements += _measurements(source, version.key, row)
            except Invalid as error:
                notes.append(f"metrics of {version.key} were left out: {error}")
    return Delivery(versions=versions, measurements=measurements, notes=tuple(notes), complete=not notes)


def assignments(source: Source, versions: Sequence[wire.ModelVersion]) -> Delivery:
    """What the tag `use_case` of versions says; where several versions claim a use case, a person has to choose."""
    claims: dict[str, list[str]] = {}
    told: list[Assignment] = []
    notes: list[str] = []
    for version in versions:
        tags = wire.table(version.tags)
        told += [said.assignment(_key(source, version)) for said in published.of_tags(tags) if said.stage]
        if USE_CASE_TAG not in tags:
            continue
        key, name = _key(source, version), tagged_use_case(tags)
        if name:
            claims.setdefault(name, []).append(key)
        else:
            notes.append(f"the tag {USE_CASE_TAG} of {key} is no use-case name (small letters, digits, hyphens)")
    for name, keys in claims.items():
        if len(keys) > 1:
            notes.append(f"{len(keys)} versions carry the tag {USE_CASE_TAG}={name}: assign the one that runs yourself")
    return Delivery(
        assignments=[
            *told,
            *(
                Assignment("", name, keys[0])
                for name, keys in claims.items()
                if len(keys) == 1 and name not in {a.use_case for a in told}
            ),
        ],
        notes=tuple(notes),
    )


# ── a version ──


def _key(source: Source, version: wire.ModelVersion) -> str:
    return str(Key(source.name, version.name, str(version.version)))


def _version(source: Source, row: Row) -> Version:
    raw, tags = row.version, wire.table(row.version.tags)
    values: Doc = {
        "uid": "",
        "key": _key(source, raw),
        "own": True,
        "facts": _facts(source, row, tags),
        "changes": "\n\n".join(filter(None, (raw.description, *(tags.get(name, "") for name in CHANGES_TAGS)))),
        "links": _links(source, raw),
        "lineage": to_doc(_lineage(row)),
        "tags": _tags({**row.head.tags, **tags}),
    }
    return check(Version, values)


def _tags(tags: Mapping[str, str]) -> tuple[str, ...]:
    shown = {k: v for k, v in tags.items() if not k.startswith(_INTERNAL) and k not in CHANGES_TAGS}
    return tuple(f"{key}={value}" if value else key for key, value in sorted(shown.items()))


def _facts(source: Source, row: Row, tags: Mapping[str, str]) -> Doc:
    """Claims dated by the registry's own clock, so that reading the same again changes nothing."""
    raw = row.version
    created, updated = day_of_ms(raw.creation_timestamp), day_of_ms(raw.last_updated_timestamp)
    values: dict[str, Json] = {}
    if created:
        values["created"] = created.isoformat()
    names = aliases(row)
    if stage := raw.current_stage if raw.current_stage != "None" else "":
        values["remote_stage"] = stage
    elif names:
        values["remote_stage"] = " ".join(f"@{name}" for name in names)
    if names:
        values["aliases"] = names
    if raw.status and raw.status != "READY":
        values["remote_status"] = raw.status
    for tag, name in PRICE_TAGS.items():
        price = wire.number(tags.get(tag, "") or "nan")
        if price is not None and 0 <= price < wire.SQL_INFINITY:
            values[name] = price
    for said in published.of_tags(tags):
        values[said.fact] = said.text
    as_of = updated or created
    if as_of is None:
        return {}
    claim: Doc = {"source": source.name, "as_of": as_of.isoformat(), "origin": source.name}
    return {name: [{"value": value, **claim}] for name, value in values.items()}


def aliases(row: Row) -> list[str]:
    """The aliases that point to a version, from its model (open source) or from itself (Unity Catalog)."""
    own = (alias if isinstance(alias, str) else alias.alias for alias in row.version.aliases or ())
    return sorted({*row.head.aliases.get(str(row.version.version), ()), *own})


def _links(source: Source, raw: wire.ModelVersion) -> list[Doc]:
    if not source.pages:
        return []
    page = f"{source.pages}/#/models/{quote(raw.name, safe='')}/versions/{quote(str(raw.version), safe='')}"
    return [{"rel": "other", "url": page, "title": f"{raw.name} {raw.version} in MLflow"}]


# ── where it came from ──


def _lineage(row: Row) -> Lineage:
    raw, run = row.version, row.run
    tags = wire.table(run.data.tags) if run else {}
    logged = wire.table(row.logged.data.params if row.logged else raw.model_params)
    params = {**(wire.table(run.data.params) if run else {}), **logged}
    data, digest = _data(run)
    return Lineage(
        data=data or wire.table(raw.tags).get("data_version", ""),
        data_hash=digest,
        repository=_CREDENTIALS.sub(r"\1", tags.get(f"{_GIT}repoURL", "")),
        branch=tags.get(f"{_GIT}branch", ""),
        commit=tags.get(f"{_GIT}commit", ""),
        run=raw.run_id or "",
        parameters=dict(sorted(params.items())),
        seed=params.get("seed", ""),
        artifact=_CREDENTIALS.sub(r"\1", raw.source or ""),
    )


def _data(run: wire.Run | None) -> tuple[str, str]:
    """The data set that a run was trained on: the first of that context, else its only one, else unknown."""
    inputs = list((run.inputs.dataset_inputs or ()) if run else ())
    training = [i for i in inputs if wire.table(i.tags).get("mlflow.data.context") == "training"]
    chosen = training[:1] or (inputs if len(inputs) == 1 else [])
    return (chosen[0].dataset.name or "", chosen[0].dataset.digest or "") if chosen else ("", "")


# ── what was measured ──


def _measurements(source: Source, key: str, row: Row) -> Iterable[Measurement]:
    raw = row.version
    of_model = [*(row.logged.data.metrics or () if row.logged else ()), *(raw.model_metrics or ())]
    of_model = [m for m in of_model if not m.model_id or m.model_id == raw.logged_model]
    named = {m.key for m in of_model}
    of_run = [m for m in (row.run.data.metrics or () if row.run else ()) if m.key not in named]
    newest: dict[str, wire.Metric] = {}
    for metric in (*of_run, *of_model):
        uid = _uid(key, metric, raw)
        if uid not in newest or _moment(metric) >= _moment(newest[uid]):
            newest[uid] = metric
    for uid, metric in newest.items():
        value = wire.number(metric.value)
        if value is None:
            continue
        day = day_of_ms(metric.timestamp)
        values: Doc = {
            "uid": uid,
            "metric": metric.key,
            "value": value,
            "version": key,
            "dataset": metric.dataset_name or "",
            "dataset_hash": metric.dataset_digest or "",
            "source": OUR_MEASUREMENTS,
            "run": metric.run_id or raw.run_id or "",
            "origin": source.name,
            "measured_on": day,
            "as_of": day.isoformat() if day else "",
        }
        yield check(Measurement, values)


def _uid(key: str, metric: wire.Metric, raw: wire.ModelVersion) -> str:
    """A name that the same metric of the same run always gets; a new value of it is a change and no new measurement."""
    parts = (key, metric.key, metric.dataset_name, metric.dataset_digest, metric.run_id or raw.run_id)
    return hashlib.blake2b("\x1f".join(part or "" for part in parts).encode(), digest_size=12).hexdigest()


def _moment(metric: wire.Metric) -> tuple[int, int]:
    return metric.timestamp or 0, metric.step or 0
