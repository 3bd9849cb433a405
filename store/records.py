"""The vocabulary, defined once: every record of the catalog as a frozen dataclass.

A record is what the rest of the program reads; the document in the file is the same thing as plain JSON, in which
fields that hold their default are left out and fields that this version does not know are kept. `to_doc` and
`from_doc` convert between the two for documents that this program wrote; whatever comes from a form, a file or a
wire goes through `store.validation` first.

Dates are `datetime.date`; moments are ISO 8601 strings in UTC with a `Z`. An `as_of` or `observed_at` keeps the
precision its source gave, "2026-11-12" or "2026-11"; `first_day` makes a date of it. Prices are USD per million
tokens, rates lie between 0 and 1, durations name their unit.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import date
from operator import attrgetter
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec

from store.values import dataclass

Json: TypeAlias = Any  # a JSON value; recursive types cost more to validate than they protect
Doc: TypeAlias = dict[str, Json]

Layer = Literal["remote", "imported", "local"]
Certainty = Literal["planned", "tentative", "not_before", "user"]
ObservationKind = Literal["retire", "deprecate", "auto_upgrade_start", "default_change", "fine_tune_retire"]
Criticality = Literal["low", "normal", "high"]
Direction = Literal["up", "down", "none"]
MetricKind = Literal["rate", "mean", "quantile", "count", "money", "other"]
ItemState = Literal["todo", "doing", "done", "blocked", "waived", "not_applicable"]
UpgradeState = Literal["open", "promoted", "closed", "rolled_back", "cancelled"]
Role = Literal["critical", "warn", "info", "budget", "zero_tolerance"]

_ALWAYS = {"always": True}
"""Marks a field that is written even at its default, because its history is read by people."""

STAGES = ("Staging", "Production", "Archived")
"""The shipped stages; others are allowed. A use case *uses* what stands in any stage but Archived."""

LAYER_RANK: Mapping[str, int] = {"remote": 0, "imported": 1, "local": 2}


def first_day(as_of: str) -> date:
    """The day an `as_of` stands for: itself, or the first of its month or year (DECISIONS 11).

    Raises:
        ValueError: it is no ISO day, month or year.
    """
    parts = as_of[:10].split("-")
    if not 1 <= len(parts) <= 3:
        raise ValueError(f"'{as_of}' is not a date")
    return date(int(parts[0]), int(parts[1]) if len(parts) > 1 else 1, int(parts[2]) if len(parts) > 2 else 1)


# ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _shown(text: str) -> str:
    """A text that is no key, as a sentence about it has it."""
    return f"'{text}'" if len(text) <= 80 else f"'{text[:79]}…'"


@dataclass(frozen=True, slots=True)
class Key:
    """`provider/model[@version]`: one version of a model at one provider. Unique, case-sensitive.

    The provider ends at the first `/`, the version starts after the last `@`. In a model name `%` and `@` are
    written `%25` and `%40`; `version` is None where the provider names none.
    """

    provider: str
    model: str
    version: str | None = None

    @classmethod
    def parse(cls, text: str) -> Key:
        """Read a key.

        Raises:
            ValueError: with a sentence that says what is missing.
        """
        provider, slash, rest = text.partition("/")
        if not slash or not provider or not rest:
            said = "write provider/model@version, such as openai/gpt-4o@2024-08-06"
            raise ValueError(f"{_shown(text)} is not a key: {said}")
        model, at, version = rest.rpartition("@")
        if not at:
            model, version = rest, ""
        if not model or (at and not version):
            raise ValueError(f"{_shown(text)} is not a key: the model or the version after @ is empty")
        if not text.isprintable() and any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text):
            raise ValueError(f"{_shown(repr(text)[1:-1])} is not a key: it has a control character")
        return cls(provider, _unescape(model), version if at else None)

    def __str__(self) -> str:
        tail = "" if self.version is None else f"@{self.version}"
        return f"{self.provider}/{self.model.replace('%', '%25').replace('@', '%40')}{tail}"


def _unescape(model: str) -> str:
    return model if "%" not in model else re.sub("%(25|40)", lambda m: "%" if m[1] == "25" else "@", model)


# ── versions ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Fact:
    """One claim about a version: a value with who said it and when.

    `layer` decides between claims for the same field (remote < imported < local), `origin` names the registry or
    import that delivered it, so that the same one may replace it later. `also` lists sources that say the same.
    """

    value: Json
    source: str
    as_of: str
    note: str = ""
    also: tuple[str, ...] = ()
    layer: Layer = "remote"
    origin: str = "reference"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a published date holds for; None means any. `sku` is a platform's deployment type, such as Standard."""

    sku: str | None = None
    region: str | None = None
    fine_tuned: bool | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """A published date (DECISIONS 1). Observations are only ever added.

    `publisher` groups sources that repeat the same publisher; an inference (source `absence-*`) is none.
    `rank` is the trust in the source (higher is better) and breaks ties.
    """

    kind: ObservationKind
    value: date
    certainty: Certainty
    source: str
    publisher: str
    observed_at: str
    scope: Scope = Scope()
    source_url: str = ""
    rank: int = 0
    note: str = ""
    origin: str = "reference"


@dataclass(frozen=True, slots=True)
class Link:
    """A page about a version: `rel` is what's-new, documentation, migration, lifecycle, price or other."""

    rel: str
    url: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a version was made from: references and hashes, never artifacts.

    `environment` is a lock-file hash or an image digest. `prompt` and `prompt_hash` stand for LLM use.
    """

    data: str = ""
    data_hash: str = ""
    repository: str = ""
    branch: str = ""
    commit: str = ""
    run: str = ""
    parameters: dict[str, Json] = field(default_factory=dict)
    seed: str = ""
    environment: str = ""
    artifact: str = ""
    prompt: str = ""
    prompt_hash: str = ""


@dataclass(frozen=True, slots=True)
class Station:
    """One station on the way of a version, as its registry recorded it: before the version data and execution, after it
    evaluation and pushed (served somewhere). `at` is a day, "" where none is known.
    """

    kind: Literal["data", "execution", "model", "evaluation", "pushed", "runs"]
    name: str
    detail: str = ""
    at: str = ""

    def __str__(self) -> str:
        return " · ".join(part for part in (f"{self.kind} {self.name}", self.detail) if part)


LINEAGE_PARTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("data version", ("data", "data_hash")),
    ("code repository", ("repository",)),
    ("commit", ("commit",)),
    ("run", ("run",)),
    ("parameters", ("parameters",)),
    ("environment", ("environment",)),
    ("artifact", ("artifact",)),
)
"""The seven parts behind `reproducible 5/7`: a part is there when one of its fields is filled."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a model at one provider. `facts` holds, per field, all claims; `best_fact` chooses.

    `own` marks a model that we host. `alias_of` makes it a moving key (`unpinned`). `same_as` names the same
    snapshot at other providers. `missing_since` says since when its registry no longer lists it.
    `local` names the plain fields that a person set, which a sync then leaves alone.
    """

    uid: str
    key: str
    rev: int = 1
    own: bool = False
    alias_of: tuple[str, ...] = ()
    same_as: tuple[str, ...] = ()
    api_ids: tuple[str, ...] = ()
    facts: dict[str, tuple[Fact, ...]] = field(default_factory=dict)
    observations: tuple[Observation, ...] = ()
    changes: str = ""
    links: tuple[Link, ...] = ()
    lineage: Lineage = Lineage()
    way: tuple[Station, ...] = ()
    tags: tuple[str, ...] = ()
    note: str = ""
    registry: str = ""
    missing_since: date | None = None
    local: tuple[str, ...] = ()

    @property
    def parts(self) -> Key:
        """Provider, model and version."""
        return Key.parse(self.key)

    @property
    def provider(self) -> str:
        """Who serves it."""
        return self.parts.provider

    @property
    def model(self) -> str:
        """The model name, unescaped."""
        return self.parts.model

    @property
    def version(self) -> str | None:
        """The provider's version, None where it names none."""
        return self.parts.version

    def fact(self, name: str) -> Fact | None:
        """The claim that counts for one field, or None where nothing is known."""
        return best_fact(self.facts.get(name, ()))

    def value(self, name: str) -> Json:
        """The value that counts for one field, None where nothing is known."""
        chosen = self.fact(name)
        return None if chosen is None else chosen.value


def release_day(said: Json) -> date | None:
    """The day of a release date; a month means its first day, anything else is not known."""
    try:
        return first_day(said) if isinstance(said, str) else None
    except ValueError:
        return None  # an imported fact may say anything


def best_fact(claims: tuple[Fact, ...]) -> Fact | None:
    """Choose between claims: the highest layer; within it, per origin its first; of those the newest."""
    if len(claims) < 2:
        return claims[0] if claims else None
    top = max(LAYER_RANK[c.layer] for c in claims)
    first: dict[str, Fact] = {}
    for claim in claims:
        if LAYER_RANK[claim.layer] == top:
            first.setdefault(claim.origin, claim)
    return max(first.values(), key=lambda c: first_day(c.as_of))


# ── what we run ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Criterion:
    """What one metric must hold in a use case (DECISIONS 5).

    One margin: `margin` in the metric's own unit, or `relative` as a share of the baseline; None takes the default
    of the metric's kind. `floor` and `ceiling` bound the candidate alone.
    """

    role: Role = "critical"
    margin: float | None = None
    relative: float | None = None
    floor: float | None = None
    ceiling: float | None = None
    min_n: int | None = None


@dataclass(frozen=True, slots=True)
class Criteria:
    """The review policy of a use case. `version` counts its edits; a verdict keeps the one it was made with."""

    version: int = 1
    metrics: dict[str, Criterion] = field(default_factory=dict)
    max_evidence_age_days: int = 14
    unproven: Literal["pass", "warn", "block"] = "warn"
    two_persons: bool = False
    runway_days: int = 180


@dataclass(frozen=True, slots=True)
class Decision:
    """What a review decided. `until` is the day after which the finding comes back."""

    kind: Literal["upgrade", "stay_until", "replace", "stop_by", "later"]
    at: str
    by: str
    subject: str = ""
    until: date | None = None
    deadline: date | None = None
    owner: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class UseCase:
    """A thing that depends on a model. Only `name` and `owner` are asked at first; None means not asked yet.

    `calls_per_month` are calls, `tokens_in`/`tokens_out` tokens per call, `cached_share` and `retry_share` 0 to 1.
    `uses` are capabilities it needs (tools, structured_output, vision, …). `reviewed` is the moment of the last review
    that looked at it without a decision.
    """

    uid: str
    name: str
    rev: int = 1
    title: str = ""
    owner: str = ""
    approver: str = ""
    criticality: Criticality | None = None
    calls_per_month: float | None = None
    tokens_in: float | None = None
    tokens_out: float | None = None
    cached_share: float | None = None
    retry_share: float | None = None
    peak_tokens_per_minute: float | None = None
    uses: tuple[str, ...] | None = None
    modalities: tuple[str, ...] | None = None
    languages: int | None = None
    headline: str = ""
    regulated: bool | None = None
    user_facing: bool | None = None
    budgeted: bool | None = None
    caching: bool | None = None
    batch: bool | None = None
    priority_tier: bool | None = None
    review_by: date | None = None
    freeze: tuple[tuple[date, date], ...] = ()
    criteria: Criteria = Criteria()
    decisions: tuple[Decision, ...] = ()
    reviewed: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""


UseCaseName = re.compile(r"[a-z0-9][a-z0-9-]*")


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where a version is served. `platform` is azure, openai, mlflow, …; `sku` the platform's deployment type.

    `upgrade_option` is Azure's versionUpgradeOption; None with `upgrade_option_known` True means it is absent there,
    which Azure treats as OnceCurrentVersionExpired. `unit_hour` and `unit_month` are USD for a provisioned unit there,
    by the hour and reserved for a month. `remote_version` is the key that the platform says it serves,
    `remote_changed_at` when it says that the deployment was changed last. `local` names the fields that a person set,
    which a sync then leaves alone.
    """

    uid: str
    name: str
    rev: int = 1
    platform: str = ""
    region: str = ""
    sku: str = ""
    units: float | None = None
    unit_hour: float | None = None
    unit_month: float | None = None
    upgrade_option: str | None = None
    upgrade_option_known: bool = False
    fine_tuned: bool | None = None
    remote_version: str = ""
    remote_seen_at: str = ""
    remote_changed_at: str = ""
    registry: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""
    missing_since: date | None = None
    local: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assignment:
    """A version runs in a use case on a deployment (`default` where none is named).

    `share` is percent of the traffic. `seen` is False while it is recorded here and not confirmed by a person or a
    sync. `forced` keeps for good that a gate was overridden.
    """

    uid: str
    use_case: str
    version: str
    rev: int = 1
    deployment: str = field(default="default", metadata=_ALWAYS)
    stage: str = field(default="Production", metadata=_ALWAYS)
    share: float = field(default=100, metadata=_ALWAYS)
    since: date | None = None
    settings: dict[str, Json] = field(default_factory=dict)
    prompt: str = ""
    prompt_hash: str = ""
    seen: bool = False
    forced: bool = False
    note: str = ""

    @property
    def in_use(self) -> bool:
        """True in any stage but Archived."""
        return self.stage != "Archived"


# ── measurements ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Metric:
    """The definition of a metric. Without a direction nothing is judged.

    `scale` multiplies the stored value for display (100 for a rate shown in percent); `column` is the catalog column
    it can fill; the lowest `rank` is a version's headline where its use case names none.
    """

    name: str
    title: str
    uid: str = ""
    rev: int = 1
    unit: str = ""
    scale: float = 1
    direction: Direction = "none"
    group: str = "other"
    format: str = ""
    kind: MetricKind = "other"
    column: Literal["quality", "speed", "latency"] | None = None
    rank: int = 1000
    description: str = ""
    source: str = ""

    @property
    def in_percent(self) -> bool:
        """Whether its values may be written in percent: a rate, and any score that is shown as a share of 100."""
        return self.kind == "rate" or (self.unit == "%" and self.scale == 100)


@dataclass(frozen=True, slots=True)
class Series:
    """What makes two values of a metric comparable (DECISIONS 4): all of it must be equal."""

    metric: str
    dataset: str = ""
    dataset_hash: str = ""
    variant: str = ""
    edit_format: str = ""
    harness: str = ""
    platform: str = ""
    region: str = ""
    statistic: str = ""
    source: str = ""
    slice: str = ""
    use_case: str = ""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One value of a metric for a version, in its series.

    `value` is in the metric's own unit (rates 0 to 1) and may be NaN or infinite as a registry reported it; `n` counts
    items, `sd` is their standard deviation in the same unit. `dataset` is a data set or benchmark, `harness` a tool
    name without its version. `items` refers to per-item results kept beside (see `ItemResults`).
    """

    uid: str
    metric: str
    value: float
    version: str
    rev: int = 1
    dataset: str = ""
    dataset_hash: str = ""
    variant: str = ""
    edit_format: str = ""
    harness: str = ""
    harness_version: str = ""
    platform: str = ""
    region: str = ""
    statistic: str = ""
    source: str = ""
    source_url: str = ""
    slice: str = ""
    use_case: str = ""
    n: int | None = None
    sd: float | None = None
    measured_on: date | None = None
    period: str = ""
    as_of: str = ""
    run: str = ""
    note: str = ""
    origin: str = "local"
    items: dict[str, float] = field(default_factory=dict)
    items_hash: str = ""
    file_hash: str = ""

    @property
    def series(self) -> Series:
        """The series this value belongs to."""
        return Series(
            self.metric, self.dataset, self.dataset_hash, self.variant, self.edit_format, self.harness,
            self.platform, self.region, self.statistic, self.source, self.slice, self.use_case,
        )  # fmt: skip


# ── upgrades ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Evidence:
    """What shows that an item is done: a note, link, file hash or check result, with the inputs it rests on."""

    kind: Literal["note", "link", "file", "check"]
    text: str
    at: str
    by: str
    hash: str = ""
    inputs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waiver:
    """Who accepted an unresolved item or a failing metric, why, and until when."""

    by: str
    why: str
    at: str
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One step of a checklist, as frozen into an upgrade.

    `gate` says what it blocks: `promote` or `close`. `offset` orders items inside a phase (days before retirement).
    `applies` is `yes`, or `unknown` where a condition could not be decided. `check` names its automatic check.
    """

    id: str
    phase: str
    title: str
    why: str = ""
    verify: str = ""
    wanted: str = ""
    signer: str = ""
    offset: int = 0
    blocking: bool = True
    gate: Literal["promote", "close"] = "promote"
    applies_when: str = "always"
    applies: Literal["yes", "unknown"] = "yes"
    sources: tuple[str, ...] = ()
    check: str = ""
    after: tuple[str, ...] = ()
    state: ItemState = field(default="todo", metadata=_ALWAYS)
    owner: str = ""
    due: date | None = None
    evidence: tuple[Evidence, ...] = ()
    comments: tuple[Evidence, ...] = ()
    waiver: Waiver | None = None
    reason: str = ""
    signed_by: str = ""
    signed_at: str = ""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Moving a use case from one version to another: plan, checklist, evidence, verdict, outcome.

    `items` is keyed by item id, in checklist order; `left_out` are those of the template that did not apply when it
    was last looked at, so that the template version (`template_hash`) it was made from stays whole even where the
    template is edited; `durations` are that version's days by step. `group` is the same for upgrades that were
    started together for one deployment. `criteria` is the policy that `verdict` was made with, whatever the use case's
    policy has become since. `steps` are the shares of traffic to roll out in, percent, 0 for shadow
    (empty: the standard ones); `abort` says in words when to go back. `planned_for` is the deadline that the due dates
    of the items count back from; where another one counts now, they are of a plan that is over.
    """

    uid: str
    use_case: str
    from_version: str
    to_version: str = ""
    rev: int = 1
    deployment: str = "default"
    state: UpgradeState = field(default="open", metadata=_ALWAYS)
    strategy: Literal["in_place", "side_by_side", ""] = ""
    template: str = "short"
    template_hash: str = ""
    created: date | None = None
    author: str = ""
    items: dict[str, Item] = field(default_factory=dict)
    waivers: dict[str, Waiver] = field(default_factory=dict)
    answers: dict[str, bool] = field(default_factory=dict)
    verdict: str = ""
    verdict_at: str = ""
    promoted_on: date | None = None
    closed_on: date | None = None
    forced: bool = False
    outcome: str = ""
    lessons: str = ""
    note: str = ""
    left_out: dict[str, Item] = field(default_factory=dict)
    durations: dict[str, int] = field(default_factory=dict)
    group: str = ""
    steps: tuple[float, ...] = ()
    abort: str = ""
    criteria: Criteria | None = None
    planned_for: date | None = None


# ── the catalog's own ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Registry:
    """A configured remote. `secrets` holds names of environment variables or keyring entries, never a secret."""

    uid: str
    name: str
    rev: int = 1
    kind: str = ""
    address: str = ""
    settings: dict[str, Json] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    last_run: str = ""
    last_error: str = ""
    last_published: str = ""
    requests: int = 0
    seconds: float = 0
    state: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """One changed field of one record. `field` is a dotted path (`items.D01.state`), or `*` for created or deleted.

    `before` of a deleted and `after` of a created record is its document; where a registry created it, `after` is
    None (the record with its later events undone is that document).
    """

    table: str
    uid: str
    key: str
    field: str
    before: Json = None
    after: Json = None


@dataclass(frozen=True, slots=True)
class Event:
    """One command = one event = one transaction = one undo step. Never trimmed, never edited.

    `undo_of` names the event that this one takes back (an undo of an undo is a redo).
    """

    id: str
    at: str
    actor: str
    command: str
    why: str = ""
    undo_of: str = ""
    changes: tuple[Change, ...] = ()


Record: TypeAlias = (
    Version | UseCase | Deployment | Assignment | Measurement | Metric | Upgrade | Registry
)  # what a table holds, events and quarantine aside

TABLES: dict[str, type[Any]] = {
    "versions": Version,
    "use_cases": UseCase,
    "deployments": Deployment,
    "assignments": Assignment,
    "measurements": Measurement,
    "metric_definitions": Metric,
    "upgrades": Upgrade,
    "registries": Registry,
}
"""Every table of records. Beside them stand `events` (`Event`) and `quarantine` (documents that could not be read)."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a decision may read: plain lookups, no store. The catalog hands out one that decodes on access.

    `versions` by key, `use_cases` and `deployments` by name, `measurements` by version key, `metrics` by name,
    `upgrades` by uid. `template_days` answers, for a use case, a version and a deployment, the days by step of the
    checklist template that an upgrade would take (None: the standard days). `released` answers the day a version was
    released, None for an alias and where it is not known, without decoding all of it (None: it is decoded).
    """

    versions: Mapping[str, Version]
    use_cases: Mapping[str, UseCase]
    deployments: Mapping[str, Deployment]
    assignments: Sequence[Assignment]
    measurements: Mapping[str, Sequence[Measurement]]
    metrics: Mapping[str, Metric]
    upgrades: Mapping[str, Upgrade]
    registries: Mapping[str, Registry] = field(default_factory=dict)
    template_days: Callable[[str, str, str], Mapping[str, int]] | None = None
    released: Callable[[str], date | None] | None = None


# ── documents ─────────────────────────────────────────────────────────────────────────────────────────────────────

R = TypeVar("R")


def from_doc(kind: type[R], doc: Mapping[str, Json]) -> R:
    """Make a record of a document that this program wrote; unknown fields are passed over.

    Raises:
        ValueError: a field has the wrong type (the file was edited by hand).
    """
    return msgspec.convert(doc, kind, strict=False)


def to_doc(record: Any) -> Doc:
    """The document of a record: plain JSON values, defaults left out."""
    values, written = _written(record.__class__)
    doc: Doc = {}
    for (name, default), value in zip(written, values(record), strict=True):
        if value is not default and value != default:
            doc[name] = value if value.__class__ in _PLAIN_TYPES else _plain(value)
    return doc


_PLAIN_TYPES = frozenset((str, int, bool, type(None)))
"""Types whose values are JSON as they are; the test for them costs less than asking what else a value may be."""

_NO_DEFAULT: Any = object()
"""The default of a field that is always written: no value equals it."""


@functools.cache
def _written(kind: type[Any]) -> tuple[Callable[[Any], tuple[Any, ...]], tuple[tuple[str, Any], ...]]:
    """How to read all fields of a record's class at once, and each one's name with the default that is left out."""
    found: list[tuple[str, Any]] = []
    for f in dataclasses.fields(kind):
        default = f.default if f.default_factory is dataclasses.MISSING else f.default_factory()
        found.append((f.name, _NO_DEFAULT if f.metadata.get("always") else default))
    return attrgetter(*(name for name, _ in found)), tuple(found)


def _plain(value: Any) -> Json:
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, (tuple, list)):
        return [v if v.__class__ in _PLAIN_TYPES else _plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): v if v.__class__ in _PLAIN_TYPES else _plain(v) for k, v in value.items()}
    if isinstance(value, date):
        return value.isoformat()
    return to_doc(value) if dataclasses.is_dataclass(value) else value
