"""What a provider promises about notices and lives of versions, with source and day: why a date reads as it does.

The rules are dated data (`reference.policies`): only those in force on the day are said, and only those that touch the
version at hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from store import reference
from store.records import Deployment, Json, Version
from store.reference import Policy
from store.review.lifecycle import deployment_type

_SAID = {
    "life": "versions live",
    "deprecated_after": "versions close to new users after",
    "life_legacy": "legacy lasts",
    "life_deprecated": "deprecated lasts",
    "notice_retirement": "notice before retirement",
    "notice_default_change": "notice before a new default version",
    "replacement_declared": "the replacement is named",
    "target_usable": "the replacement can be used",
    "extended_access": "paid extended access",
    "overlap": "old and new overlap",
    "auto_upgrade_window": "automatic upgrades run within",
    "rollback_window": "the old deployment is kept",
    "access_ends_before": "access ends earlier by",
}
_WHOLE = {
    "extension": "no extension of a date",
    "emergency_retirement": "an emergency retirement is possible at any time",
    "date_is_earliest": "a published date is the earliest possible one",
    "fine_tuned_follow_base": "fine-tuned models follow their base",
}
_DAY = {"auto_upgrade": "upgraded automatically on the day", "stops": "stops on the day"}
_HEDGES = ("at least", "typically", "about")


def promises(version: Version, place: Deployment | None, status: str, today: date) -> list[str]:
    """A line for each source: "GA versions live 18 months; no extension of a date [AZ-POL, 2026-10-05]".

    `status` is the version's lifecycle on the day: a preview has other rules than what is generally available. There
    is none for what we host, and none where no rule of the provider is known.
    """
    if version.own:
        return []
    kind = deployment_type(place.sku) if place is not None else None
    said: dict[tuple[str, str], list[str]] = {}
    for policy in _in_force(version.provider, today):
        if _touches(policy, status, kind, place):
            said.setdefault((policy.source, policy.as_of), []).append(_sentence(policy))
    return [f"{'; '.join(rules)} [{source}, {as_of}]" for (source, as_of), rules in said.items()]


def _in_force(provider: str, today: date) -> Iterator[Policy]:
    day = today.isoformat()
    for policy in reference.policies():
        since, until = policy.since, policy.until
        if policy.provider == provider and since <= day and (not until or day[: len(until)] <= until):
            yield policy


def _touches(policy: Policy, status: str, kind: str | None, place: Deployment | None) -> bool:
    scope = policy.scope.lower()
    if scope.startswith("preview"):
        return status == "preview"
    if scope.startswith("ga"):
        return status != "preview"
    if policy.rule == "on_the_day" and scope:
        if "fine" in scope:
            return place is not None and bool(place.fine_tuned)
        return kind is not None and place is not None and _is_sku(scope, place.sku, kind)
    if "government" in scope:
        return False
    if scope == "oncenewdefaultversionavailable":
        return place is not None and (place.upgrade_option or "").lower() == scope
    if policy.rule == "target_usable":
        return kind is None or ("provisioned" in scope) == (kind == "provisioned")
    return True


def _is_sku(scope: str, sku: str, kind: str) -> bool:
    """Whether a rule about a deployment type holds for a SKU: Global Standard is GlobalStandard there."""
    return scope.replace(" ", "") == sku.lower() or (scope == kind and kind != "standard")


def _sentence(policy: Policy) -> str:
    scope = policy.scope
    if policy.rule == "on_the_day":
        return f"{scope + ': ' if scope else ''}{_DAY.get(str(policy.value), str(policy.value))}"
    if policy.rule in _WHOLE:
        return _WHOLE[policy.rule]
    what = _SAID.get(policy.rule, policy.rule.replace("_", " "))
    hedge = next((f"{word} " for word in _HEDGES if policy.note.startswith(word)), "")
    if policy.rule in ("life", "deprecated_after") and scope in ("GA", "preview"):
        return f"{scope} {what} {hedge}{_amount(policy.value, policy.unit)}"
    tail = f" ({scope})" if scope else ""
    return f"{what} {hedge}{_amount(policy.value, policy.unit)}{tail}"


def _amount(value: Json, unit: str) -> str:
    if isinstance(value, list):
        return f"{' to '.join(str(one) for one in value)} {unit}".strip()
    return f"{value} {unit.removesuffix('s') if value == 1 else unit}".strip()
