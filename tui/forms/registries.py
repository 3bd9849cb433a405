"""The form of a registry: where it is, its settings, and the names of its secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from store.records import Registry
from store.registries.adapter import KINDS, adapter
from store.registries.errors import RemoteError
from store.registries.secrets import check_reference
from tui.forms.reading import Given
from tui.screens.form import FormField


def registry_fields(base: Registry | None) -> list[FormField]:
    """The fields of a new registry, or of a known one, whose name and kind stay."""
    kinds = [(kind, _title(kind)) for kind in KINDS if kind != "reference"]
    held = base or Registry("", "")
    return [
        FormField("name", "Name", held.name, hint="the provider in keys of its models", locked=base is not None),
        FormField("kind", "Kind", held.kind, choices=kinds, locked=base is not None),
        FormField("address", "Address", held.address, hint="https://… or a file; empty for the usual one"),
        FormField(
            "settings",
            "Settings",
            _lines(held.settings),
            "long",
            hint="a line each: add=all; see modeltui help kinds",
        ),
        FormField("secrets", "Secrets", _lines(held.secrets), "long", hint="a line each: token=env:MLFLOW_TOKEN"),
    ]


def registry(values: Mapping[str, str], base: Registry | None) -> Registry:
    """The registry of a form.

    Raises:
        Faults: with the sentence at its field.
    """
    given = Given(values)
    name = base.name if base is not None else given.needed("name", "name it: the name stands in the keys of its models")
    kind = base.kind if base is not None else given.one_of("kind", KINDS)
    if not kind:
        given.refuse("kind", "choose a kind with ↓")
        given.finish()
    known = adapter(kind)
    settings = given.pairs("settings", "add=all")
    secrets = given.pairs("secrets", "token=env:MLFLOW_TRACKING_TOKEN")
    for field, found, names in (("settings", settings, known.settings), ("secrets", secrets, known.secrets)):
        odd = [word for word in found if word not in names]
        if odd:
            given.refuse(field, f"a {kind} registry has no '{odd[0]}'; it has {', '.join(names) or 'none'}")
    for reference in secrets.values():
        try:
            check_reference(reference)
        except RemoteError as error:
            given.refuse("secrets", str(error))
    said: dict[str, Any] = {"name": name, "kind": kind, "address": given.text("address")}
    made = given.make(Registry, {"uid": "", **said, "settings": settings, "secrets": secrets})
    if base is None:
        return made
    return replace(base, address=made.address, settings=made.settings, secrets=made.secrets)


def _title(kind: str) -> str:
    return {
        "mlflow": "an MLflow server, Databricks or Unity Catalog",
        "azure": "Azure OpenAI and Foundry: deployments, models, dates",
        "litellm": "LiteLLM's public prices, limits and shutdown dates",
        "modelsdev": "models.dev's public prices and limits",
        "file": "a JSON or CSV file of our form, or its address",
    }.get(kind, kind)


def _lines(pairs: Mapping[str, Any]) -> str:
    return "\n".join(f"{name}={value}" for name, value in pairs.items())
