"""The forms of where something is served, and of what runs in a use case."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date

from store.engine import new_uid
from store.records import Assignment, Deployment, Key
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

_PLACE = ("platform", "region", "sku", "units", "upgrade_option", "fine_tuned")


def place_fields(
    base: Deployment | None, *, group: str = "", when: Callable[[Mapping[str, str]], bool] | None = None
) -> list[FormField]:
    """Where something is served. SKU and upgrade option are asked on Azure only: they decide what happens there."""

    def azure(values: Mapping[str, str]) -> bool:
        return (when is None or when(values)) and _on_azure(values)

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
    described = _described(given) | {"tags": given.words("tags"), "note": given.text("note")}
    return given.make(Deployment, kept | described | {"name": given.text("name")})


def _described(given: Given) -> dict[str, object]:
    option = given.one_of("upgrade_option", [name for name, _ in UPGRADE_OPTIONS])
    sku = given.text("sku")
    return {
        "platform": given.text("platform"),
        "region": given.text("region"),
        "sku": next((name for name, _ in SKUS if name.casefold() == sku.casefold()), sku),
        "units": given.number("units"),
        "upgrade_option": None if option == ABSENT else option or None,
        "upgrade_option_known": bool(option),
        "fine_tuned": given.yes_no("fine_tuned"),
    }


# ── what runs in a use case ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Wanted:
    """What shall run: a version's stage in a use case, on a deployment. `place` describes a deployment anew."""

    use_case: str
    version: str
    stage: str
    share: float
    deployment: str
    since: date | None
    place: Deployment | None
    seen: bool
    why: str


def runs_fields(
    use_case: str,
    version: str,
    *,
    use_cases: Sequence[str],
    versions: Keys,
    stages: Sequence[str],
    deployments: Mapping[str, Deployment],
    now: Assignment | None = None,
) -> list[FormField]:
    """What runs in a use case. `now` is the assignment that stands; details of other known deployments are not asked.

    A version of Azure asks for the deployment's type and upgrade option, because they decide what happens on the day.
    """
    name = now.deployment if now is not None and now.deployment != "default" else ""

    def described(values: Mapping[str, str]) -> bool:
        typed = values.get("deployment", "")
        return typed == name or typed not in deployments

    return [
        FormField("use_case", "Use case", use_case, choices=[(u, "") for u in use_cases], locked=bool(use_case)),
        FormField("version", "Version", version, choices=versions, hint="provider/model@version"),
        FormField("stage", "Stage", now.stage if now else "Production", choices=[(s, "") for s in stages], free=True),
        FormField(
            "share", "Share of traffic", written(now.share if now else 100.0),
            hint="percent; below 100 keeps the others in Production", when=lambda v: v.get("stage") == "Production",
        ),
        FormField(
            "deployment", "Deployment", name, choices=[(d, _brief(p)) for d, p in deployments.items()], free=True,
            hint="empty: none in particular", group="Where",
        ),
        *place_fields(deployments.get(name), group="Where", when=described),
        FormField("since", "Since", written(now.since if now else None), hint="today", group="When and why"),
        FormField(
            "seen", "Traffic seen there", written(now.seen if now else False), "yes_no", group="When and why",
            hint="yes once you saw it run; recording moves no traffic",
        ),
        FormField("why", "Reason", hint="kept in the history", group="When and why"),
    ]  # fmt: skip


def _brief(place: Deployment) -> str:
    return " · ".join(p for p in (place.platform, place.sku, place.region) if p)


def wanted(
    values: Values, *, use_case: str, deployments: Mapping[str, Deployment], known: Mapping[str, object], today: date
) -> Wanted:
    """What the form asks to run.

    `known` holds the versions there are. A place described without a name is called as the use case: what is said
    here must not hold for all that stands on "default".

    Raises:
        Faults: at each field that cannot be read or does not hold.
    """
    given = Given(values, today)
    name = use_case or given.needed("use_case", "pick the use case that it runs in")
    version = given.needed("version", "pick the version that runs")
    if version and version not in known:
        given.refuse("version", f"there is no version '{version}'; press ↓ to find it, or add it with n")
    stage = given.needed("stage", "write Staging, Production, Archived or a stage of your own")
    share = given.number("share")
    if share is not None and not 0 < share <= 100:
        given.refuse("share", f"{share:g} is no percentage of the traffic; write a number above 0, up to 100")
    described = _described(given)
    typed = given.text("deployment")
    told = any(described[n] not in ("", None, False) for n in _PLACE) or described["upgrade_option_known"]
    place = None
    if told:
        if not described["platform"] and version in known:
            provider = Key.parse(version).provider
            described["platform"] = "azure" if provider.startswith("azure") else provider
        target = typed if typed not in ("", "default") else name
        place = given.make(Deployment, {"uid": new_uid(), "name": target or "?", **described})
    since = given.day("since")
    seen = given.yes_no("seen")
    given.finish()
    at = place.name if place is not None else typed or "default"
    if place is not None and (old := deployments.get(at)) is not None and _same_place(place, old):
        place = None
    return Wanted(
        name, version, stage, 100 if share is None else share, at, since, place, bool(seen), given.text("why")
    )


def _same_place(new: Deployment, old: Deployment) -> bool:
    return all(getattr(new, name) == getattr(old, name) for name in (*_PLACE, "upgrade_option_known"))


def effect(wanted: Wanted, runs: Sequence[Assignment]) -> list[str]:
    """What setting this does to the other assignments of the use case, a sentence a line."""
    where = "" if wanted.deployment == "default" else f" on {wanted.deployment}"
    share = f" with {wanted.share:g} % of the traffic" if wanted.stage == "Production" else ""
    said = [f"{wanted.version} is in {wanted.stage}{share}{where}."]
    others = [
        a for a in runs
        if a.deployment == wanted.deployment and a.version != wanted.version and a.stage == "Production"
    ]  # fmt: skip
    if wanted.stage == "Production" and wanted.share == 100:
        said += [f"Archived: {a.version} (was {a.share:g} % of Production)." for a in others]
    elif wanted.stage == "Production":
        said += [f"Stays in Production: {a.version} with {a.share:g} %." for a in others]
    apart = [a for a in runs if a.in_use and a.deployment != wanted.deployment]
    said += [f"Not touched: {a.version} in {a.stage} on {a.deployment}." for a in apart]
    if wanted.place is not None:
        known = _brief(wanted.place)
        option = wanted.place.upgrade_option or ("no upgrade option" if wanted.place.upgrade_option_known else "")
        said.append(f"Deployment {wanted.deployment}: {' · '.join(p for p in (known, option) if p)}.")
    if wanted.stage == "Production" and not wanted.seen:
        said.append("This records what runs; it moves no traffic.")
    return said
