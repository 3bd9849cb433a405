"""The form that asks what the columns of a file are called here."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from store.formats.columns import ALIASES, COLUMNS
from store.formats.tables import PASSED_OVER
from tui.forms.reading import Given
from tui.screens.form import FormField, Values

PROVIDER = "provider"


class Asking(NamedTuple):
    """A form: its fields, none where nothing is to be asked, and what makes an answer of its values."""

    fields: list[FormField]
    check: Callable[[Values], tuple[dict[str, str], str]]


def asked_columns(
    unknown: Sequence[str], metrics: Iterable[str], known: Mapping[str, str], *, provider: bool
) -> Asking:
    """What has to be asked about a file.

    Args:
        unknown: the columns that nobody knows.
        metrics: names that are columns too.
        known: our name by the file's own, as remembered.
        provider: True where nothing says whose models they are.
    """
    names = list(metrics)
    choices = [(PASSED_OVER, "pass over it"), *((n, "") for n in COLUMNS), *((n, "a metric") for n in names)]
    fields = [
        FormField(f"c{at}", column, known.get(column, PASSED_OVER), choices=choices, free=True)
        for at, column in enumerate(unknown)
    ]
    if provider:
        fields.insert(0, FormField(PROVIDER, "Provider", hint="whose models these are: azure-openai, mlflow, …"))
    return Asking(
        fields, partial(_mapped, unknown=unknown, ours={PASSED_OVER, *COLUMNS, *ALIASES, *names}, provider=provider)
    )


def _mapped(values: Values, unknown: Sequence[str], ours: Container[str], provider: bool) -> tuple[dict[str, str], str]:
    """Our names by the file's own, and the provider.

    Raises:
        Faults: a name is neither a field nor a metric, or the provider is missing.
    """
    given = Given(values)
    names: dict[str, str] = {}
    for at, column in enumerate(unknown):
        name = given.text(f"c{at}") or PASSED_OVER
        if name not in ours and not name.startswith("metric:"):
            given.refuse(f"c{at}", f"'{name}' is neither a field nor a metric; choose with ↓, or write metric:{name}")
        names[column] = name
    whose = given.needed(PROVIDER, "say whose models these are, such as azure-openai") if provider else ""
    if "/" in whose:
        given.refuse(PROVIDER, "a provider has no /; write it as in openai/gpt-4o")
    given.finish()
    return names, whose
