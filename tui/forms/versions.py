"""The forms of a version: an own one to add, any one to edit."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from typing import Any

from store.engine import new_uid
from store.records import Fact, Key, Lineage, Link, Metric, Version
from store.values import dataclass
from tui.forms.reading import Given, typed_value, written
from tui.screens.form import FormField, Values

_ORIGIN: Sequence[tuple[str, str, str]] = (
    ("repository", "Repository", "https://git.example.org/team/churn"),
    ("branch", "Branch", "main"),
    ("commit", "Commit", "hash of the training code"),
    ("data", "Data", "name of the data set"),
    ("data_hash", "Data hash", "which state of it"),
    ("environment", "Environment", "lock-file hash or image digest"),
    ("run", "Run", "id or address of the training run"),
    ("seed", "Seed", ""),
    ("artifact", "Artifact", "where the model itself lies"),
    ("prompt", "Prompt", "reference of the prompt, for LLM use"),
    ("prompt_hash", "Prompt hash", ""),
)
LINKS = ("what's-new", "documentation", "migration", "lifecycle", "price", "other")


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version to register, with the metrics that were measured on it."""

    key: str
    released: date | None
    changes: str
    lineage: Lineage
    metrics: Mapping[str, float]
    use_case: str


def _origin_fields(lineage: Lineage) -> list[FormField]:
    found = [
        FormField(name, label, getattr(lineage, name), hint=hint, group="Made from") for name, label, hint in _ORIGIN
    ]
    parameters = "\n".join(f"{k}={v}" for k, v in lineage.parameters.items())
    return [
        *found,
        FormField("parameters", "Parameters", parameters, "long", hint="a line each: max_depth=6", group="Made from"),
    ]


def new_fields(like: Version | None, providers: Sequence[str], use_cases: Sequence[str]) -> list[FormField]:
    """An own version. `like` is an older version of the model: what usually stays is filled in."""
    parts = like.parts if like is not None else Key("", "")
    kept = like.lineage if like is not None else Lineage()
    lineage = Lineage(repository=kept.repository, branch=kept.branch, data=kept.data, environment=kept.environment)
    return [
        FormField(
            "provider", "Provider", parts.provider, choices=[(p, "") for p in providers], free=True, hint="mlflow",
        ),
        FormField("model", "Model", parts.model, hint="churn"),
        FormField("version", "Version", following(parts.version), hint="8, or a date or tag"),
        FormField("released", "Date", hint="created on: 2026-11-20 or today"),
        FormField("changes", "Changes", kind="long", hint="what is new, in Markdown"),
        *_origin_fields(lineage),
        FormField("metrics", "Metrics", kind="long", hint="a line each: f1=0.874", group="Measured"),
        FormField(
            "use_case", "In the use case", choices=[(u, "") for u in use_cases], group="Measured",
            hint="empty: for no use case in particular", when=lambda v: bool(v.get("metrics")),
        ),
    ]  # fmt: skip


def following(version: str | None) -> str:
    """The version after one that is a number, "" after any other."""
    return str(int(version) + 1) if version and version.isdecimal() and len(version) < 10 else ""


def new_version(values: Values, known: Container[str], metrics: Mapping[str, Metric], today: date) -> NewVersion:
    """The version to register.

    Raises:
        Faults: at each field that cannot be read or does not hold.
    """
    given = Given(values, today)
    provider = given.needed("provider", "say who serves it, such as mlflow; it begins the key")
    model = given.needed("model", "name the model")
    version = given.needed("version", "write its version, such as 8")
    if "/" in provider:
        given.refuse("provider", f"'{provider}' has a /; the provider ends at the first / of the key")
    if "@" in version:
        given.refuse("version", f"'{version}' has an @; the version starts after the @ of the key")
    key = str(Key(provider, model, version)) if provider and model and version else ""
    if key and key in known:
        given.refuse("version", f"{key} is there already; e edits it")
    measured = {n: v for n, t in given.pairs("metrics", "f1=0.874").items() if (v := _metric(given, n, t, metrics))}
    released = given.day("released")
    lineage = _lineage(given, Lineage())
    made = given.make(
        Version,
        {"uid": "-", "key": key or "-", "changes": given.text("changes"), "lineage": lineage},
        {"key": "version"},
    )
    figures = {name: value for name, (value,) in measured.items()}
    return NewVersion(made.key, released, made.changes, made.lineage, figures, given.text("use_case"))


def _metric(given: Given, name: str, text: str, known: Mapping[str, Metric]) -> tuple[float] | None:
    """The value in a tuple, because 0 is one."""
    value = Given({"metrics": text}).number("metrics")
    if value is None or not math.isfinite(value):
        given.refuse("metrics", f"{name} is '{text[:40]}', which is not a number; write {name}=0.874")
    elif any(c.isspace() for c in name):
        given.refuse("metrics", f"'{name}' is not a metric name: write it without spaces, as in latency_p95_ms")
    elif name in known and known[name].kind == "rate" and not 0 <= value <= 1:
        given.refuse("metrics", f"{name} is a rate between 0 and 1, not {value:g}; write 0.87 or 87% for 87 %")
    else:
        return (value,)
    return None


def _lineage(given: Given, base: Lineage) -> Lineage:
    texts: dict[str, Any] = {name: given.text(name) for name, _, _ in _ORIGIN}
    before = {name: str(value) for name, value in base.parameters.items()}
    typed = given.pairs("parameters", "max_depth=6")
    # a parameter that was not touched keeps its type
    parameters = {n: base.parameters[n] if before.get(n) == t else typed_value(t) for n, t in typed.items()}
    return replace(base, **texts, parameters=parameters)


# ── copying ───────────────────────────────────────────────────────────────────────────────────────────────────────

_OF_ONE_VERSION = (
    "release_date", "lifecycle_label", "replacement", "auto_upgrade_target", "is_default_version", "display_name",
    "no_date_published", "remote_stage",
)  # fmt: skip
"""Facts that say nothing of another version of the model."""


def copy_fields(like: Version) -> list[FormField]:
    """A version like another one: all that a person may say is filled in but its date and changes."""
    parts = like.parts
    base = [f for f in edit_fields(like) if f.name not in ("key", "released", "changes")]
    return [
        FormField("provider", "Provider", parts.provider),
        FormField("model", "Model", parts.model),
        FormField("version", "Version", following(parts.version), hint=f"another one than {parts.version or 'none'}"),
        FormField("released", "Date", hint="released or created on: 2026-11-20 or today"),
        FormField("changes", "Changes", kind="long", hint="what is new, in Markdown"),
        *base,
    ]


def copied(values: Values, like: Version, known: Container[str], today: date) -> Version:
    """The copy under its own key.

    Limits and prices go along with their source and age, and yield to what a registry says of the copy itself.

    Raises:
        Faults: at each field that cannot be read or does not hold.
    """
    given = Given(values, today)
    provider, model = given.needed("provider", "say who serves it"), given.needed("model", "name the model")
    if "/" in provider:
        given.refuse("provider", f"'{provider}' has a /; the provider ends at the first / of the key")
    if "@" in given.text("version"):
        given.refuse("version", "the version starts after the @ of the key: write it without")
    key = str(Key(provider, model, given.text("version") or None)) if provider and model else "-"
    if key in known:
        given.refuse("version", f"{key} is there already; write another version")
    given.finish()
    facts: dict[str, tuple[Fact, ...]] = {
        name: (replace(chosen, layer="remote", origin="copy", also=(), note=f"copied from {like.key}"),)
        for name in like.facts
        if name not in _OF_ONE_VERSION and (chosen := like.fact(name)) is not None
    }
    blank = Version(new_uid(), key, own=like.own, alias_of=like.alias_of, facts=facts)
    made = edited({**values, "key": key}, blank, today)
    return replace(made, local=())


# ── editing ───────────────────────────────────────────────────────────────────────────────────────────────────────


def edit_fields(base: Version) -> list[FormField]:
    """What a person may say about a version; a sync leaves alone what is changed here."""
    links = "\n".join(" ".join(p for p in (link.rel, link.url, link.title) if p) for link in base.links)
    return [
        FormField("key", "Key", base.key, locked=True),
        FormField("released", "Date", written(base.value("release_date")), hint="released or created on: 2026-11-20"),
        FormField("own", "We host it", written(base.own), "yes_no"),
        FormField("changes", "Changes", base.changes, "long", hint="what is new, in Markdown"),
        FormField(
            "links", "Links", links, "long", hint=f"a line each: documentation https://…  ({', '.join(LINKS)})",
        ),
        FormField("tags", "Tags", written(base.tags), hint="words between commas"),
        FormField("note", "Note", base.note, "long"),
        *_origin_fields(base.lineage),
    ]  # fmt: skip


def edited(values: Values, base: Version, today: date) -> Version:
    """The version with what the form says.

    Raises:
        Faults: at each field that cannot be read or does not hold.
    """
    given = Given(values, today)
    own = given.yes_no("own")
    changed = {
        "own": base.own if own is None else own,
        "changes": given.text("changes"),
        "links": [link for line in given.lines("links") if (link := _link(given, line)) is not None],
        "tags": given.words("tags"),
        "note": given.text("note"),
        "lineage": _lineage(given, base.lineage),
        "facts": base.facts,
    }
    if values["released"] != written(base.value("release_date")):
        released = given.day("released")
        day = None if released is None else released.isoformat()
        changed["facts"] = with_fact(base, "release_date", day, "own", today)
    kept = {f.name: getattr(base, f.name) for f in fields(base)}
    return given.make(Version, kept | changed)


def _link(given: Given, line: str) -> Link | None:
    rel, _, rest = line.partition(" ")
    url, _, title = rest.strip().partition(" ")
    if rel.startswith(("http://", "https://")):
        rel, url, title = "other", rel, rest.strip()
    if not url.startswith(("http://", "https://")):
        given.refuse("links", f"'{line[:60]}' is no link; write for example documentation https://example.org")
        return None
    return Link(rel, url, title.strip())


def with_fact(version: Version, name: str, value: Any, source: str, today: date) -> dict[str, tuple[Fact, ...]]:
    """The facts of a version with a local one set; None gives the field back to what registries say."""
    claims = tuple(c for c in version.facts.get(name, ()) if c.layer != "local")
    if value is not None:
        claims = (Fact(value, source, today.isoformat(), layer="local", origin="local"), *claims)
    return {k: v for k, v in version.facts.items() if k != name} | ({name: claims} if claims else {})
