"""What is known about an upgrade, under the names that conditions use (DECISIONS 9). Unknown is None."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from store import review
from store.records import Deployment, Json, UseCase, Version
from store.review.lifecycle import deployment_type

_CAPABILITIES = ("reasoning", "tools", "structured_output")


def platform_of(provider: str) -> str:
    """The platform behind a provider: every `azure-*` is azure, any other its own."""
    return "azure" if provider == "azure" or provider.startswith("azure-") else provider


def context(
    use_case: UseCase | None,
    from_version: Version | None,
    to_version: Version | None,
    deployment: Deployment | None,
    *,
    strategy: str = "",
    retirement: date | None = None,
    answers: Mapping[str, bool] | None = None,
) -> dict[str, Json]:
    """Every name of `conditions.NAMES` with its value, None where unknown.

    `strategy` is the upgrade's, `retirement` the effective date of the old version, `answers` what was answered in
    this upgrade to `questions.open_questions` and has no field of its own yet; what a field says goes first.
    """
    values: dict[str, Json] = dict.fromkeys(review.conditions.NAMES)
    values.update(_version("from", from_version))
    values.update(_version("to", to_version))
    values.update(_use_case(use_case))
    values.update(
        platform=_platform(from_version, to_version, deployment),
        deployment_type=deployment_type(deployment.sku) if deployment else None,
        deployment_strategy=strategy or None,
        fine_tuned=deployment.fine_tuned if deployment else None,
        kind=values["from.kind"],
        own=values["from.own"],
        retirement=retirement.isoformat() if retirement else None,
    )
    return review.questions.answered(values, answers or {})


BRIEF = frozenset({"platform", "deployment_type", "fine_tuned", "kind", "own", "use_case.criticality"})
"""The names of `brief`: what the shipped templates choose by."""


def brief(use_case: UseCase | None, version: Version | None, deployment: Deployment | None) -> dict[str, Json]:
    """The values of `context` under the names of `BRIEF`, for many rows at once."""
    return {
        "platform": _platform(version, None, deployment),
        "deployment_type": deployment_type(deployment.sku) if deployment else None,
        "fine_tuned": deployment.fine_tuned if deployment else None,
        "kind": version.value("kind") if version else None,
        "own": version.own if version else None,
        "use_case.criticality": use_case.criticality if use_case else None,
    }


def _platform(old: Version | None, new: Version | None, deployment: Deployment | None) -> str | None:
    """One platform; None across two, which keeps the items of both."""
    named = platform_of(deployment.platform) if deployment and deployment.platform else None
    served = {platform_of(version.provider) for version in (old, new) if version is not None}
    if len(served) > 1:
        return None
    return named or next(iter(served), None)


def _version(side: str, version: Version | None) -> dict[str, Json]:
    if version is None:
        return {}
    known: dict[str, Json] = {name: version.value(name) for name in review.conditions.VERSION_FIELDS}
    capabilities = version.value("capabilities")
    for name in _CAPABILITIES:
        if known[name] is None and isinstance(capabilities, (list, tuple)):
            known[name] = name in capabilities
    known.update(
        provider=version.provider,
        platform=platform_of(version.provider),
        model=version.model,
        version=version.version,
        own=version.own,
    )
    return {f"{side}.{name}": value for name, value in known.items()}


def _use_case(use_case: UseCase | None) -> dict[str, Json]:
    if use_case is None:
        return {}
    uses = use_case.uses
    known: dict[str, Json] = {
        "criticality": use_case.criticality,
        "uses": None if uses is None else list(uses),
        "tools": None if uses is None else "tools" in uses,
        "structured_output": None if uses is None else "structured_output" in uses,
        "modalities": None if use_case.modalities is None else list(use_case.modalities),
        "languages": use_case.languages,
        "caching": use_case.caching,
        "batch": use_case.batch,
        "priority_tier": use_case.priority_tier,
    }
    values: dict[str, Json] = {f"use_case.{name}": known[name] for name in review.conditions.USE_CASE_FIELDS}
    values.update(
        regulated=use_case.regulated,
        user_facing=use_case.user_facing,
        budgeted=use_case.budgeted,
        risk=_risk(use_case),
    )
    return values


def _risk(use_case: UseCase) -> str | None:
    """regulated, else the criticality; not asked whether regulated leaves anything but high open."""
    if use_case.regulated:
        return "regulated"
    if use_case.regulated is None and use_case.criticality != "high":
        return None
    return use_case.criticality
