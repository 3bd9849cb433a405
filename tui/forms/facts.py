"""The forms of facts that a person knows better: prices, and published dates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from store.records import Fact, Scope, Version
from store.values import dataclass
from tui.forms.deployments import SKUS
from tui.forms.reading import Given, written
from tui.forms.versions import with_fact
from tui.screens.form import FormField, Values

PRICES: Sequence[tuple[str, str]] = (
    ("price_input", "Input"),
    ("price_output", "Output"),
    ("price_cached_input", "Cached input"),
    ("price_cache_write", "Cache write"),
    ("price_batch_input", "Batch input"),
    ("price_batch_output", "Batch output"),
)
"""The prices of a version, USD per million tokens."""

PROVISIONED: Sequence[tuple[str, str]] = (
    ("input_tpm_per_ptu", "Tokens/min per unit"),
    ("min_global", "Least units, global"),
    ("increment_global", "Unit step, global"),
    ("min_regional", "Least units, region"),
    ("increment_regional", "Unit step, region"),
)
"""What decides how many provisioned units a version needs. What a unit costs belongs to the deployment."""

KINDS: Sequence[tuple[str, str]] = (
    ("retire", "it stops working"),
    ("deprecate", "it is deprecated, still working"),
    ("auto_upgrade_start", "automatic upgrades start"),
    ("default_change", "another version becomes the default"),
    ("fine_tune_retire", "fine-tuned deployments stop"),
)


def price_fields(version: Version) -> list[FormField]:
    """The prices that count, to be replaced by our own; empty gives a field back to the registries."""
    found = []
    for name, label in PRICES:
        fact = version.fact(name)
        hint = "not known" if fact is None else f"{fact.source}, {fact.as_of}"
        found.append(FormField(name, f"{label} $/1M", _local(version, name), hint=_instead(fact, hint)))
    known, own = _provisioned(version, local=False), _provisioned(version, local=True)
    found += [
        FormField(
            name, label, written(own.get(name) if own.get(name) != known.get(name) else None), group="Provisioned",
            hint=f"{written(known[name])}, as published" if known.get(name) is not None else "not known",
        )
        for name, label in (() if version.own else PROVISIONED)
    ]  # fmt: skip
    return [*found, FormField("source", "Source", "own", hint="contract, price list …")]


def _provisioned(version: Version, *, local: bool) -> Mapping[str, float]:
    """What we say about provisioned units, or what the registries say."""
    claims = (c.value for c in version.facts.get("ptu", ()) if (c.layer == "local") == local)
    return next((value for value in claims if isinstance(value, Mapping)), {})


def _instead(fact: Fact | None, hint: str) -> str:
    return hint if fact is None or fact.layer == "local" else f"{written(fact.value)}  ({hint})"


def _local(version: Version, name: str) -> str:
    return next((written(c.value) for c in version.facts.get(name, ()) if c.layer == "local"), "")


def priced(values: Values, base: Version, today: date) -> Version:
    """The version with its own prices; a price that was not touched keeps its source and age.

    Raises:
        Faults: at each price that is none.
    """
    given = Given(values, today)
    source = given.needed("source", "say where the price comes from, such as our contract")
    version = base
    for name, _ in PRICES:
        value = given.number(name)
        if value is not None and value < 0:
            given.refuse(name, f"{value:g} is no price; write US dollars per million tokens, such as 2.5")
        elif values[name] != _local(base, name):
            version = replace(version, facts=with_fact(version, name, value, source, today))
    version = _with_units(given, base, version, source, today)
    given.finish()
    return version


def _with_units(given: Given, base: Version, version: Version, source: str, today: date) -> Version:
    """The version with what was typed about provisioned units; what was left empty stays as published."""
    typed = {}
    for name, _ in PROVISIONED:
        if (value := given.number(name)) is not None:
            typed[name] = value
            if value <= 0:
                given.refuse(name, f"{value:g} is not above zero; leave it empty if it is not known")
    known, own = _provisioned(base, local=False), _provisioned(base, local=True)
    before = {name: own[name] for name, _ in PROVISIONED if name in own and own[name] != known.get(name)}
    if typed == before:
        return version
    wanted = {**known, **typed} if typed else None
    return replace(version, facts=with_fact(version, "ptu", wanted, source, today))


@dataclass(frozen=True, slots=True)
class Seen:
    """A date that a person saw published; None where none is."""

    value: date | None
    kind: str
    scope: Scope
    url: str
    why: str


def date_fields() -> list[FormField]:
    """A date that holds, as a person knows it; it counts before all that packages say."""
    return [
        FormField("kind", "What happens", "retire", choices=KINDS),
        FormField("value", "On", hint="2026-12-09, or none: no date is published as of today"),
        FormField(
            "sku", "Only for type", choices=SKUS, free=True, hint="empty: every deployment type", when=_dated,
        ),
        FormField("region", "Only in region", hint="empty: everywhere", when=_dated),
        FormField("url", "Where it says so", hint="https://…"),
        FormField("why", "Reason", hint="kept in the history"),
    ]  # fmt: skip


def _dated(values: dict[str, str] | object) -> bool:
    return not isinstance(values, dict) or values.get("value", "").casefold() != "none"


def seen(values: Values, today: date) -> Seen:
    """The observation.

    Raises:
        Faults: at each field that cannot be read.
    """
    given = Given(values, today)
    kind = given.one_of("kind", [name for name, _ in KINDS]) or "retire"
    none = given.text("value").casefold() == "none"
    value = None if none else given.day("value")
    if value is None and not none and not given.text("value"):
        given.refuse("value", "write the day as 2026-12-09, or none if you looked and none is published")
    if none and kind != "retire":
        given.refuse("value", "'none' is recorded for retirement only; leave the form otherwise")
    if given.text("url") and not given.text("url").startswith(("http://", "https://")):
        given.refuse("url", f"'{given.text('url')[:60]}' is no address; write https://…")
    given.finish()
    scope = Scope(given.text("sku") or None, given.text("region") or None)
    return Seen(value, kind, scope, given.text("url"), given.text("why"))
