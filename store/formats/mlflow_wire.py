"""The answers of MLflow's REST API, as the open-source server, a Databricks workspace and Unity Catalog give them.

Lists that are empty are absent, an answer may be `{}`, a version is an integer written as text, and a page may be
empty and still name a next one. What is read here is what a catalog needs; everything else is passed over.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec
from msgspec import Struct, field

from store.formats.wire import WireFault, shaped

T = TypeVar("T", bound=Struct)

SQL_INFINITY = 1.797e308
"""SQL stores keep an infinite metric as the largest float, ±1.7976931348623157e308."""


class Part(Struct, gc=False):
    """Part of an answer: a tree, in which the search for garbage would find nothing."""


class Pair(Part):
    """A tag or a parameter."""

    key: str
    value: str | None = None


class Alias(Part):
    """An alias of a registered model with the version that it points to."""

    alias: str
    version: str | int = ""


class Metric(Part):
    """The latest value of a metric; a value that is no number comes as text ("NaN")."""

    key: str
    value: float | str
    timestamp: int | None = None
    step: int | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None
    model_id: str | None = None
    run_id: str | None = None


class Model(Part):
    """A registered model."""

    name: str
    tags: list[Pair] | None = None
    aliases: list[Alias] | None = None


class ModelVersion(Part):
    """A version; `model_id`, `model_metrics` and `model_params` come from Unity Catalog only."""

    name: str
    version: str | int
    creation_timestamp: int | None = None
    last_updated_timestamp: int | None = None
    current_stage: str | None = None
    description: str | None = None
    source: str | None = None
    run_id: str | None = None
    run_experiment_id: str | None = None
    status: str | None = None
    tags: list[Pair] | None = None
    aliases: list[str | Alias] | None = None
    model_id: str | None = None
    model_metrics: list[Metric] | None = None
    model_params: list[Pair] | None = None

    @property
    def logged_model(self) -> str:
        """The id of the logged model (MLflow 3) that this version is, "" for one logged in another way."""
        head, _, tail = (self.source or "").partition(":/")
        return self.model_id or (tail if head == "models" and tail.startswith("m-") else "")


class RunInfo(Part):
    """Which run it is."""

    run_id: str
    experiment_id: str | None = None


class RunData(Part):
    """The latest metrics of a run, its parameters and tags."""

    metrics: list[Metric] | None = None
    params: list[Pair] | None = None
    tags: list[Pair] | None = None


class Dataset(Part):
    """A data set that a run read."""

    name: str | None = None
    digest: str | None = None


class DatasetInput(Part):
    """A data set with the tags of its use, such as the context training."""

    dataset: Dataset
    tags: list[Pair] | None = None


class RunInputs(Part):
    """What a run read."""

    dataset_inputs: list[DatasetInput] | None = None


class Run(Part):
    """A run, deleted ones too."""

    info: RunInfo
    data: RunData = field(default_factory=RunData)
    inputs: RunInputs = field(default_factory=RunInputs)


class LoggedModelInfo(Part):
    """Which logged model it is."""

    model_id: str


class LoggedModelData(Part):
    """Metrics that were logged for this model, with their data set, and its parameters."""

    metrics: list[Metric] | None = None
    params: list[Pair] | None = None


class LoggedModel(Part):
    """A model as MLflow 3 logs it, apart from its run."""

    info: LoggedModelInfo
    data: LoggedModelData = field(default_factory=LoggedModelData)


class Experiment(Part):
    """An experiment; `runs/search` finds nothing without its id."""

    experiment_id: str


class ModelsPage(Part):
    """A page of `registered-models/search`."""

    registered_models: list[Model] | None = None
    next_page_token: str | None = None


class VersionsPage(Part):
    """A page of `model-versions/search`."""

    model_versions: list[ModelVersion] | None = None
    next_page_token: str | None = None


class VersionAnswer(Part):
    """The answer of `model-versions/get`."""

    model_version: ModelVersion


class ExperimentsPage(Part):
    """A page of `experiments/search`."""

    experiments: list[Experiment] | None = None
    next_page_token: str | None = None


class RunsPage(Part):
    """A page of `runs/search`."""

    runs: list[Run] | None = None
    next_page_token: str | None = None


class LoggedModelsPage(Part):
    """A page of `logged-models/search`."""

    models: list[LoggedModel] | None = None
    next_page_token: str | None = None


def answer(shape: type[T], body: bytes, what: str) -> T:
    """An answer as its shape, decoded in one step; `what` names it for the sentence.

    Raises:
        WireFault: it is no JSON, a field has another type than MLflow ever gives it, or nothing of it was asked for.
    """
    try:
        found = msgspec.json.decode(body, type=shape, strict=False)
        if any(getattr(found, name) is not None for name in found.__struct_fields__):
            return found
    except (ValueError, RecursionError):
        pass  # what is read slowly below either says why, or has a bare NaN, which older servers write
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WireFault(f"{what} answered with something that is no JSON; nothing was taken over") from error
    return shaped(shape, document, what)


def table(pairs: Sequence[Pair] | None) -> Mapping[str, str]:
    """Tags or parameters by their key."""
    return {pair.key: pair.value or "" for pair in pairs or ()}


def number(value: float | str) -> float | None:
    """A metric's value, with NaN and the infinities as they were meant; None for a text that is no number."""
    try:
        found = float(value)
    except ValueError:
        return None
    return math.copysign(math.inf, found) if abs(found) >= SQL_INFINITY else found
