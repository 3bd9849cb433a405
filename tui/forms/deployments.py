"""The form of where something is served."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields

from store.engine import new_uid
from store.records import Deployment
from store.review.lifecycle import deployment_type
from tui.forms.reading import Given, written
from tui.screens.form import FormField, Values

Keys = Sequence[tuple[str, str]]

PLATFORMS = (
    "azure", "openai", "anthropic", "google", "google-vertex", "aws-bedrock", "mistral", "mlflow", "self-hosted",
)  # fmt: skip
SKUS: Keys = (
    ("Standard", "pay per token, one region"),
    ("DataZoneStandard", "pay per token, one data zone"),
    ("GlobalStandard", "pay per token, anywhere"),
    ("ProvisionedManaged", "provisioned units, one region"),
    ("DataZoneProvisionedManaged", "provisioned units, one data zone"),
    ("GlobalProvisionedManaged", "provisioned units, anywhere"),
    ("GlobalBatch", "batch, anywhere"),
    ("DataZoneBatch", "batch, one data zone"),
)
"""Azure's deployment types."""

ABSENT = "absent"
UPGRADE_OPTIONS: Keys = (
    ("OnceNewDefaultVersionAvailable", "upgrades within two weeks of a new default"),
    ("OnceCurrentVersionExpired", "upgrades when its version retires"),
    ("NoAutoUpgrade", "stops when its version retires"),
    (ABSENT, "none is set, which Azure treats as OnceCurrentVersionExpired"),
)
"""Azure's versionUpgradeOption; empty is not known."""

PLACE = ("platform", "region", "sku", "units", "unit_hour", "unit_month", "upgrade_option", "fine_tuned")
"""The fields of a deployment that say where and how it serves."""


def place_fields(
    base: Deployment | None, *, group: str = "", when: Callable[[Mapping[str, str]], bool] | None = None
) -> list[FormField]:
    """Where something is served. SKU and upgrade option are asked on Azure only: they decide what happens there."""

    def azure(values: Mapping[str, str]) -> bool:
        return (when is None or when(values)) and _on_azure(values)

    def provisioned(values: Mapping[str, str]) -> bool:
        return azure(values) and deployment_type(values.get("sku", "")) == "provisioned"

    known = base or Deployment("", "")
    option = ABSENT if known.upgrade_option is None and known.upgrade_option_known else known.upgrade_option or ""
    return [
        FormField(
            "platform", "Platform", known.platform, choices=[(p, "") for p in PLATFORMS], free=True,
            hint="azure, openai, mlflow …", group=group, when=when,
        ),
        FormField("region", "Region", known.region, hint="swedencentral", group=group, when=when),
        FormField("sku", "Deployment type", known.sku, choices=SKUS, free=True, group=group, when=azure),
        FormField("units", "Units", written(known.units), hint="provisioned units", group=group, when=azure),
        FormField(
            "unit_hour", "Unit price $/hour", written(known.unit_hour), hint="of one provisioned unit", group=group,
            when=provisioned,
        ),
        FormField(
            "unit_month", "Reserved $/month", written(known.unit_month), group=group, when=provisioned,
            hint="of one reserved unit; goes before the price by the hour",
        ),
        FormField(
            "upgrade_option", "Upgrade option", option, choices=UPGRADE_OPTIONS, group=group, when=azure,
            hint="empty: not known",
        ),
        FormField(
            "fine_tuned", "Fine-tuned", written(known.fine_tuned), "yes_no", hint="yes, no, empty: not known",
            group=group, when=azure,
        ),
    ]  # fmt: skip


def _on_azure(values: Mapping[str, str]) -> bool:
    platform = values.get("platform", "").casefold()
    return platform.startswith("azure") or (not platform and values.get("version", "").startswith("azure"))


def deployment_fields(base: Deployment | None) -> list[FormField]:
    """Every field of a deployment."""
    known = base or Deployment("", "")
    return [
        FormField("name", "Name", known.name, locked=base is not None, hint="as the platform calls it"),
        *place_fields(base),
        FormField("tags", "Tags", written(known.tags), hint="words between commas"),
        FormField("note", "Note", known.note, "long"),
    ]


def deployment(values: Values, base: Deployment | None) -> Deployment:
    """The deployment that the form describes.

    Raises:
        Faults: at each field that cannot be read or does not hold.
    """
    given = Given(values)
    given.needed("name", "name it as the platform does: assignments refer to it")
    if given.text("name") == "default":
        given.refuse("name", "'default' stands for no deployment in particular; give another name")
    old = base or Deployment(new_uid(), "")
    kept = {f.name: getattr(old, f.name) for f in fields(old)}
    told = described(given) | {"tags": given.words("tags"), "note": given.text("note")}
    return given.make(Deployment, kept | told | {"name": given.text("name")})


def described(given: Given) -> dict[str, object]:
    """The fields of a deployment that say where and how it serves, as typed."""
    option = given.one_of("upgrade_option", [name for name, _ in UPGRADE_OPTIONS])
    sku = given.text("sku")
    return {
        "platform": given.text("platform"),
        "region": given.text("region"),
        "sku": next((name for name, _ in SKUS if name.casefold() == sku.casefold()), sku),
        "units": given.number("units"),
        "unit_hour": given.number("unit_hour"),
        "unit_month": given.number("unit_month"),
        "upgrade_option": None if option == ABSENT else option or None,
        "upgrade_option_known": bool(option),
        "fine_tuned": given.yes_no("fine_tuned"),
    }


def brief(place: Deployment) -> str:
    """Platform, type and region in a few words."""
    return " · ".join(p for p in (place.platform, place.sku, place.region) if p)
