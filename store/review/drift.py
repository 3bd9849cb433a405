"""Drift: what we say runs against what a registry says runs, with a likely cause (pure).

Four ways to differ: a deployment serves another version; a registry's stage or alias for ours points to another version
of the model; the recorded version stands in another stage there; or what we archived still runs there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Literal

from store.records import Assignment, Deployment, Snapshot, Version, first_day
from store.values import dataclass

RECENT_DAYS = 45
"""How far a published date may lie from what was seen to be its likely cause."""

_WORDS: Mapping[str, str] = {
    "production": "Production", "prod": "Production", "live": "Production", "champion": "Production",
    "staging": "Staging", "stage": "Staging", "challenger": "Staging", "archived": "Archived",
}  # fmt: skip
_UPGRADES: Mapping[str, tuple[str, ...]] = {
    "OnceNewDefaultVersionAvailable": ("auto_upgrade_start", "default_change"),
    "OnceCurrentVersionExpired": ("auto_upgrade_start", "retire"),
}
"""Azure's options under which a deployment moves by itself, with the published dates that set it off."""
_SPLIT = re.compile(r"[,\s]+")


@dataclass(frozen=True, slots=True)
class Difference:
    """Where an assignment and its registry differ.

    `field` is version or stage; `accept` the version that the registry says runs, "" where only the stage differs;
    `cause` is a sentence, "" where none is likely.
    """

    assignment: Assignment
    field: Literal["version", "stage"]
    recorded: str
    remote: str
    accept: str = ""
    seen_at: str = ""
    cause: str = ""


def stages_said(said: object, use_case: str = "") -> frozenset[str]:
    """Our stages behind a registry's words: `Production`, `@champion @production-churn`, `prod, staging`.

    An alias with the name of a use case counts for that use case only.
    """
    found = set()
    for word in _SPLIT.split(said) if isinstance(said, str) else ():
        name, _, owner = word.removeprefix("@").partition("-")
        stage = _WORDS.get(word.removeprefix("@").casefold(), "")
        if not stage and owner and owner == use_case:
            stage = _WORDS.get(name.casefold(), "")
        if stage:
            found.add(stage)
    return frozenset(found)


def drift(records: Snapshot, assignments: Iterable[Assignment], today: date) -> Iterator[Difference]:
    """Every difference of these assignments; a deployment's own word counts before a registry's stages."""
    by_model: dict[str, list[Version]] | None = None
    for a in assignments:
        place, version = records.deployments.get(a.deployment), records.versions.get(a.version)
        if place is not None and place.remote_version:
            yield from served(a, place, records, today)
            continue
        if version is None or not version.own or not version.registry:
            continue
        if by_model is None:
            by_model = _staged(records)
        yield from staged(a, version, by_model.get(_stem(version.key), ()))


def _stem(key: str) -> str:
    """A key without its version."""
    return key.rpartition("@")[0] or key


def _staged(records: Snapshot) -> dict[str, list[Version]]:
    """The versions that a registry gives a stage, by model; only those of models in use are looked at."""
    models = {_stem(a.version) for a in records.assignments}
    found: dict[str, list[Version]] = {}
    for key in records.versions:
        if _stem(key) in models:
            found.setdefault(_stem(key), []).append(records.versions[key])
    return found


def served(a: Assignment, place: Deployment, records: Snapshot, today: date) -> Iterator[Difference]:
    """What the deployment of an assignment says that it serves."""
    version = records.versions.get(a.version)
    serves = place.remote_version
    same = serves == a.version or (version is not None and serves in version.alias_of)
    if not a.in_use:
        here = [b for b in records.assignments if b.in_use and b.deployment == a.deployment]
        if same and place.missing_since is None and not any(b.version == a.version for b in here):
            cause = "It was archived here, but the deployment was never moved or deleted."
            yield Difference(
                a, "version", "Archived", f"still served by {place.name}", a.version, place.remote_seen_at, cause
            )
        return
    if not same and place.missing_since is None:
        cause = _auto_upgrade(version, records.versions.get(serves), place, today)
        yield Difference(a, "version", a.version, serves, serves, place.remote_seen_at, cause)


def _auto_upgrade(version: Version | None, now: Version | None, place: Deployment, today: date) -> str:
    """Why Azure may have moved a deployment by itself."""
    if place.platform.casefold() not in ("azure", "azure-openai", "azure-foundry") or version is None:
        return ""
    option = place.upgrade_option or ("OnceCurrentVersionExpired" if place.upgrade_option_known else "")
    seen = _day(place.remote_seen_at) or today
    changed = _day(place.remote_changed_at)
    if changed is not None and not timedelta(0) <= seen - changed <= timedelta(RECENT_DAYS):
        changed = None
    told = f" The deployment was changed there on {changed.isoformat()}." if changed is not None else ""
    if option not in _UPGRADES:
        return f"Somebody moved the deployment: it does not upgrade by itself ({option}).{told}" if option else ""
    moment = changed or seen
    days = [
        o.value
        for o in version.observations
        if o.kind in _UPGRADES[option] and moment - timedelta(days=RECENT_DAYS) <= o.value <= moment + timedelta(days=1)
    ]
    if days:
        return f"Probably auto-upgraded under {option} on {max(days).isoformat()}.{told}"
    default = option == "OnceNewDefaultVersionAvailable" and now is not None and now.value("is_default_version") is True
    if default and changed is not None:
        return f"Probably auto-upgraded to the new default under {option} on {changed.isoformat()}."
    return f"Perhaps auto-upgraded{' to the new default' * default} under {option}, seen {seen.isoformat()}.{told}"


def _day(moment: str) -> date | None:
    try:
        return first_day(moment) if moment else None
    except ValueError:
        return None


def staged(a: Assignment, version: Version, siblings: Iterable[Version]) -> Iterator[Difference]:
    """Stages and aliases of a registry that say another version of the model, or another stage of this one.

    `siblings` are the versions of the same model, which may contain the version itself.
    """
    fact = version.fact("remote_stage")
    said = stages_said(fact.value if fact is not None else None, a.use_case)
    seen = fact.as_of if fact is not None else ""
    name = version.registry
    if not a.in_use:
        if said & {"Production", "Staging"} and not _published_archived(version, a):
            stages = ", ".join(sorted(said))
            cause = f"It was archived here; {name} still has it in {stages}."
            yield Difference(a, "stage", f"{a.version} Archived", stages, a.version, seen, cause)
        return
    if a.stage not in ("Production", "Staging"):
        return
    there = [v for v in siblings if v.missing_since is None]
    holders = [v for v in there if a.stage in stages_said(_aliases(v), a.use_case)]
    # an alias counts before MLflow's deprecated stages, which nobody may have looked at for long
    if not holders:
        holders = [v for v in there if a.stage in stages_said(v.value("remote_stage"), a.use_case)]
        if a.stage in said:
            return
    if any(v.key == a.version for v in holders):
        return
    if holders:
        other = max(holders, key=_as_of)
        word = _aliases(other) or other.value("remote_stage")
        cause = f"{name} has {word} on {other.key}."
        yield Difference(a, "version", a.version, other.key, other.key, _as_of(other), cause)
    elif said:
        yield Difference(a, "stage", f"{a.version} {a.stage}", ", ".join(sorted(said)), "", seen)


def _published_archived(version: Version, a: Assignment) -> bool:
    """True where a modeltui published for this use case that the version is archived: then nothing is open."""
    return str(version.value(f"published_{a.use_case}") or "").startswith("Archived")


def _aliases(version: Version) -> str:
    """The aliases of a version as a registry writes them."""
    return " ".join(f"@{name}" for name in version.value("aliases") or ())


def _as_of(version: Version) -> str:
    fact = version.fact("remote_stage")
    return fact.as_of if fact is not None else ""
