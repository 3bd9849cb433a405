"""Read the shipped facts. Nothing is opened at import; every function reads its own file when it is called."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from store.records import Doc, Item, Json, Link, from_doc
from store.review.plan import PHASES, Durations
from store.values import dataclass

HERE = Path(__file__).parent
STEPS = ("review_new", "read_documentation", "test_application", "update_code")
"""The four steps that every provider asks for; each template says which of its items cover them."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where facts come from. `rank` is the trust in it (higher is better), `ship` yes, attribution or ask."""

    id: str
    title: str
    kind: str
    ref: str
    url: str
    publisher: str
    as_of: str
    licence: str
    ship: str
    rank: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class CitedPage:
    """A page that checklist items or policies cite."""

    id: str
    title: str
    url: str
    as_of: str


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider's name and its default pages by `rel` of `store.records.Link`, used where a version has none."""

    name: str
    title: str
    pages: dict[str, str] = field(default_factory=dict)

    @property
    def links(self) -> tuple[Link, ...]:
        """The default pages as links."""
        return tuple(Link(rel, url, self.title) for rel, url in self.pages.items())


@dataclass(frozen=True, slots=True)
class Policy:
    """One rule of a provider, dated: `value` in `unit`, for `scope` (empty: all), in force `since` … `until`.

    Rules: life, life_legacy, life_deprecated, deprecated_after, notice_retirement, notice_default_change,
    replacement_declared, target_usable, extension, extended_access, emergency_retirement, overlap,
    auto_upgrade_window, on_the_day (auto_upgrade or stops), rollback_window, access_ends_before,
    date_is_earliest, fine_tuned_follow_base. An empty `until` means as far as the copy of `as_of` says.
    """

    provider: str
    rule: str
    value: Json
    unit: str
    source: str
    as_of: str
    scope: str = ""
    since: str = ""
    until: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """Which checklist fits which move.

    `context` maps names of conditions (platform, deployment_type, kind, fine_tuned, own, criticality) to the values
    it is meant for. The items are those of `only` (all of the checklist where empty) without `omit`, and `extra`,
    which lives here alone. `covers` maps each of `STEPS` to the items that do it. `hash` changes with the file.
    """

    name: str
    title: str
    context: Mapping[str, tuple[Json, ...]]
    extra: tuple[Item, ...]
    omit: tuple[str, ...]
    only: tuple[str, ...]
    durations: Durations
    covers: Mapping[str, tuple[str, ...]]
    hash: str

    def items(self) -> tuple[Item, ...]:
        """Its items, not yet started, in the order of the phases; within a phase `only` or the checklist orders."""
        own = {item.id: item for item in self.extra}
        known = own | {item.id: item for item in checklist()}
        names = self.only or (*(i.id for i in checklist() if i.id not in self.omit), *own)
        return tuple(sorted((known[name] for name in names), key=lambda item: PHASES.index(item.phase)))


def stamp() -> str:
    """A text that changes whenever the shipped facts do and sorts by age: `2026-11-23.001-0a1b2c3d4e5f`."""
    made = _read("stamp.json")
    return f"{made['as_of']}.{made['revision']:03d}-{made['hash']}"


def as_of() -> date:
    """The day the shipped facts stand for."""
    return date.fromisoformat(_read("stamp.json")["as_of"])


def version_docs() -> Iterator[Doc]:
    """Every shipped version as the document of a `store.records.Version`."""
    yield from _read("versions.json")


def measurement_docs() -> Iterator[Doc]:
    """Every shipped measurement as the document of a `store.records.Measurement`."""
    yield from _read("measurements.json")


def metric_docs() -> Iterator[Doc]:
    """Every shipped definition as the document of a `store.records.Metric`."""
    yield from _read("metrics.json")


@functools.cache
def checklist() -> tuple[Item, ...]:
    """The items of the upgrade checklist, not yet started, in their order."""
    return tuple(from_doc(Item, doc) for doc in _read("checklist.json"))


@functools.cache
def checklist_sources() -> Mapping[str, CitedPage]:
    """The pages that checklist items cite, by id."""
    return _by("id", CitedPage, _read("checklist_sources.json"))


@functools.cache
def sources() -> Mapping[str, Source]:
    """The sources that shipped facts name, by id."""
    return _by("id", Source, _read("sources.json"))


@functools.cache
def providers() -> Mapping[str, Provider]:
    """What is known of the providers, by the name that keys begin with."""
    return _by("name", Provider, _read("providers.json"))


@functools.cache
def policies() -> tuple[Policy, ...]:
    """What providers promise about notices and life times, as dated data."""
    return tuple(from_doc(Policy, doc) for doc in _read("policies.json")["policies"])


@functools.cache
def policy_sources() -> Mapping[str, CitedPage]:
    """The pages that policies cite, by id."""
    return _by("id", CitedPage, _read("policies.json")["sources"])


@functools.cache
def templates() -> Mapping[str, Template]:
    """The shipped templates by name."""
    found = [_template(data, data["name"], data["hash"]) for data in _read("templates.json")]
    return MappingProxyType({template.name: template for template in found})


def template_for(values: Mapping[str, Json], own: Mapping[str, Template] | None = None) -> str:
    """The name of the template that fits what is known of an upgrade, under the names that conditions use.

    One of the user's `own` that fits goes first. Low criticality and own models take `short` (DECISIONS 9). Else a
    template fits when every name of its context is known and among its values; the one with most names wins, and of
    equals the more particular move: a fine-tune or an embedding before a platform. Nothing fitting takes `short`.
    """
    mine = [t for t in (own or {}).values() if t.context and _fits(t, values)]
    if mine:
        return max(mine, key=lambda t: len(t.context)).name
    if values.get("criticality") == "low" or values.get("use_case.criticality") == "low" or values.get("own"):
        return "short"
    fitting = [t for t in templates().values() if t.name not in (own or {}) and _fits(t, values)]
    particular = [t for t in fitting if {"fine_tuned", "kind"} & t.context.keys()]
    return max(particular or fitting, key=lambda t: len(t.context)).name if fitting else "short"


def _fits(template: Template, values: Mapping[str, Json]) -> bool:
    return all(values.get(name, values.get(f"use_case.{name}")) in wanted for name, wanted in template.context.items())


def read_template(raw: bytes, name: str = "") -> Template:
    """A template from the bytes of its file, taken at its word (`store.templates` checks what people write).

    `name` stands in where the file gives none.
    """
    import tomllib

    return _template(tomllib.loads(raw.replace(b"\r\n", b"\n").decode()), name, template_hash(raw))


def template_hash(raw: bytes) -> str:
    """Twelve hex digits that change with the file of a template and with the shipped checklist."""
    import hashlib

    return hashlib.sha256(raw.replace(b"\r\n", b"\n") + _checklist_bytes()).hexdigest()[:12]


def _template(data: Mapping[str, Any], name: str, digest: str) -> Template:
    return Template(
        name=data.get("name", name),
        title=data.get("title", data.get("name", name)),
        context=_lists(data.get("context", {})),
        extra=tuple(from_doc(Item, doc) for doc in data.get("extra", ())),
        omit=tuple(data.get("omit", ())),
        only=tuple(data.get("only", ())),
        durations=from_doc(Durations, data.get("durations", {})),
        covers=_lists(data.get("covers", {})),
        hash=digest,
    )


def template_source(name: str) -> str:
    """The file of a shipped template, as text."""
    return (HERE / "templates" / f"{name}.toml").read_text("utf-8")


@functools.cache
def _checklist_bytes() -> bytes:
    return (HERE / "checklist.json").read_bytes()


def _lists(table: Mapping[str, list[Any]]) -> Mapping[str, tuple[Any, ...]]:
    return MappingProxyType({name: tuple(values) for name, values in table.items()})


def _by(name: str, kind: type[Any], docs: list[Doc]) -> Mapping[str, Any]:
    return MappingProxyType({doc[name]: from_doc(kind, doc) for doc in docs})


def _read(name: str) -> Any:
    return msgspec.json.decode((HERE / name).read_bytes())
