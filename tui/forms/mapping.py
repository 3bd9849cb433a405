"""The form that asks what the columns of a file are called here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from store.formats.columns import ALIASES, COLUMNS
from store.formats.tables import PASSED_OVER
from tui.forms.reading import Given
from tui.screens.form import FormField, Values

PROVIDER = "provider"


def mapping_fields(
    unknown: Sequence[str], metrics: Iterable[str], known: Mapping[str, str], *, ask_provider: bool
) -> list[FormField]:
    """A field per column that nobody knows; passing over it is what stands there first."""
    choices = [
        (PASSED_OVER, "pass over it"),
        *((name, "") for name in COLUMNS),
        *((name, "a metric") for name in metrics),
    ]
    fields = [
        FormField(f"c{at}", column, known.get(column, PASSED_OVER), choices=choices, free=True)
        for at, column in enumerate(unknown)
    ]
    if ask_provider:
        fields.insert(0, FormField(PROVIDER, "Provider", hint="whose models these are: azure-openai, mlflow, …"))
    return fields


def mapped_columns(
    values: Values, unknown: Sequence[str], metrics: Iterable[str], *, ask_provider: bool
) -> tuple[dict[str, str], str]:
    """Our names by the file's own, and the provider.

    Raises:
        Faults: a name is neither a field nor a metric, or the provider is missing.
    """
    given = Given(values)
    ours = {PASSED_OVER, *COLUMNS, *ALIASES, *metrics}
    names: dict[str, str] = {}
    for at, column in enumerate(unknown):
        name = given.text(f"c{at}") or PASSED_OVER
        if name not in ours and not name.startswith("metric:"):
            given.refuse(
                f"c{at}", f"'{name}' is neither a field nor a metric; choose one with ↓, or write metric:{name}"
            )
        names[column] = name
    provider = given.needed(PROVIDER, "say whose models these are, such as azure-openai") if ask_provider else ""
    if "/" in provider:
        given.refuse(PROVIDER, "a provider has no /; write it as in openai/gpt-4o")
    given.finish()
    return names, provider
