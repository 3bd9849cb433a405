"""What stage a version is in, and what happens on its last day (DECISIONS 1 and 2).

`lifecycle` derives the provider's stage for a day, `on_the_day` what the platform will do to a deployment. Both use
the effective date of the ledger (`store.review.ledger`, exported here too).

"None published, looked on D" is no date and so no observation: it is the local fact `no_date_published` with `as_of` D
and the value true, valid for `LOOKED_DAYS`.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from store.records import Deployment, Fact, Json, Observation, Version
from store.review.ledger import (
    NO_DATES,
    NO_LISTING,
    RISK_DAYS,
    Ledger,
    Move,
    age_days,
    firm,
    ledger,
    seen_day,
    spoken,
    weigh,
)
from store.values import dataclass

__all__ = [
    "LOOKED_DAYS", "NO_DATES", "NO_DATE_FACT", "RISK_DAYS", "STALE_DAYS", "Ledger", "Lifecycle", "Move", "Outcome",
    "OutcomeKind", "Stage", "age_days", "deployment_type", "firm", "is_azure", "ledger", "lifecycle", "looked_on",
    "named", "on_the_day", "seen_day", "spoken", "weigh",
]  # fmt: skip

STALE_DAYS = 30
"""Facts about what is in use are stale when older (DECISIONS 11)."""
LOOKED_DAYS = 90
"""How long "none published, looked on D" holds (DECISIONS 2)."""
NO_DATE_FACT = "no_date_published"
"""The local fact of a user who looked for a date and found none; its `as_of` is the day of the look."""

Stage = Literal["preview", "ga", "legacy", "deprecated", "retired", "unknown"]
OutcomeKind = Literal["stops", "stopped", "upgrades", "no_date", "unknown", "own"]

_LABELS: tuple[tuple[str, Stage], ...] = (
    ("retired", "retired"), ("shut down", "retired"), ("end of life", "retired"),
    ("deprecat", "deprecated"), ("legacy", "legacy"),
    ("preview", "preview"), ("experimental", "preview"), ("beta", "preview"), ("alpha", "preview"),
    ("ga", "ga"), ("general", "ga"), ("active", "ga"), ("stable", "ga"),
)  # fmt: skip


# ── the stage on a day ────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The provider's stage on a day. `listed` marks `ga (listed)`: no label, only a source that still lists it."""

    status: Stage
    reason: str
    inferred: bool = False
    listed: bool = False


def lifecycle(
    version: Version, today: date, deployment: Deployment | None = None, *, dates: Ledger | None = None
) -> Lifecycle:
    """The first that holds of the rules in DECISIONS 1. `dates` saves computing the ledger again.

    A model that we host has no provider's stage: where nothing else is known it reads `ga (listed)`, as long as its
    registry lists it.
    """
    retire = (ledger(version, today, deployment) if dates is None else dates).effective
    if retire is not None and retire.value <= today and firm(retire):
        return Lifecycle("retired", f"Retired on {spoken(retire.value)}, {_said_by(retire)}.")
    label = version.fact("lifecycle_label")
    stage = _stage_of(label.value) if label is not None and isinstance(label.value, str) else None
    labelled = "" if label is None else f"Labelled {label.value} by {label.source} on {label.as_of}."
    if label is not None and stage == "retired":
        return Lifecycle("retired", labelled, inferred=label.source.startswith(NO_LISTING))
    ended = _deprecation(version, today, deployment)
    if label is not None and stage is not None and not (ended and _later(ended, label)):
        return Lifecycle(stage, labelled)
    if ended is not None:
        return Lifecycle("deprecated", f"Deprecated on {spoken(ended.value)}, {_said_by(ended)}.")
    if word := _preview_word(version.key):
        return Lifecycle("preview", f"No label is known; its name says {word}.", inferred=True)
    return _listed(version, today)


def _deprecation(version: Version, today: date, deployment: Deployment | None) -> Observation | None:
    said = ledger(version, today, deployment, "deprecate").effective
    return said if said is not None and firm(said) and said.value <= today else None


def _later(said: Observation, label: Fact) -> bool:
    return seen_day(said.observed_at) > seen_day(label.as_of)


def _said_by(o: Observation) -> str:
    return f"says {o.source} ({o.certainty.replace('_', ' ')}, seen {o.observed_at})"


@lru_cache(maxsize=1024)
def _stage_of(label: str) -> Stage | None:
    """The portal's word; the API's own words are translated where they come in (DECISIONS 1)."""
    word = label.strip().casefold()
    return next((stage for start, stage in _LABELS if word.startswith(start)), None)


def _preview_word(key: str) -> str | None:
    name = key.partition("/")[2].casefold()
    if "preview" in name:
        return "preview"
    if "exp" not in name and "beta" not in name:
        return None
    words = name.replace("@", "-").replace(".", "-").replace("_", "-").replace(":", "-").split("-")
    return next((w for w in ("exp", "experimental", "beta") if w in words), None)


def _listed(version: Version, today: date) -> Lifecycle:
    if version.missing_since is not None and version.missing_since <= today:
        since = f"{version.registry or 'its registry'} no longer lists it since {spoken(version.missing_since)}"
        return Lifecycle("unknown", f"Nothing says what stage it is in, and {since}.")
    if version.own:
        return Lifecycle("ga", "We host it: no provider decides when it ends.", listed=True)
    newest, day = None, today - timedelta(days=RISK_DAYS)
    for claims in version.facts.values():
        for fact in claims:
            if (seen := seen_day(fact.as_of)) >= day and _lists(fact):
                newest, day = fact, seen
    if newest is None:
        return Lifecycle("unknown", f"No label, no date, and no source of the last {RISK_DAYS} days lists it.")
    return Lifecycle("ga", f"No label is known; {newest.source} lists it ({newest.as_of}).", inferred=True, listed=True)


def _lists(fact: Fact) -> bool:
    """A registry or a price list that names a version lists it; an inference, a removal or a note of ours does not."""
    return fact.layer != "local" and not fact.source.startswith(NO_LISTING) and not fact.source.endswith("-removed")


# ── what happens on the day ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the platform does when the date comes. `target` is known or None; `looked_on` a look that found no date."""

    kind: OutcomeKind
    target: str | None
    why: str
    looked_on: date | None = None


def is_azure(version: Version, deployment: Deployment | None) -> bool:
    """True where Azure's rules hold."""
    return version.key.startswith("azure") or (deployment is not None and deployment.platform.startswith("azure"))


def deployment_type(sku: str) -> Literal["standard", "provisioned", "batch"] | None:
    """The type behind a SKU, such as GlobalProvisionedManaged; None where no SKU is known (DECISIONS 9)."""
    low = sku.strip().casefold()
    if not low:
        return None
    return "provisioned" if "provisioned" in low or "ptu" in low else "batch" if "batch" in low else "standard"


def on_the_day(
    version: Version,
    deployment: Deployment | None,
    today: date,
    *,
    dates: Ledger | None = None,
    stage: Lifecycle | None = None,
) -> Outcome:
    """What happens to a deployment of this version when it retires (DECISIONS 2).

    `dates` and `stage` save computing them again. A retired version has stopped, or was replaced under the same
    deployment name; where the deployment type is not known it counts as stopped.
    """
    dates = ledger(version, today, deployment) if dates is None else dates
    stage = lifecycle(version, today, deployment, dates=dates) if stage is None else stage
    retired = stage.status == "retired"
    if version.own:
        return Outcome("stopped", None, stage.reason) if retired else Outcome("own", None, "We host this model.")
    if (dates.effective is None or dates.passed) and not retired:
        return _no_date(version, dates, today)
    rule = _by_type(version, deployment)
    if not retired:
        return rule
    if rule.kind == "upgrades":
        to = rule.target or "another version"
        return Outcome(
            "upgrades", rule.target, f"{stage.reason} The deployment now serves {to}, which nobody reviewed."
        )
    either = f" It stopped, or was upgraded: {rule.why}" if rule.kind == "unknown" else ""
    return Outcome("stopped", None, stage.reason + either)


def looked_on(version: Version, today: date) -> date | None:
    """The day on which a user looked for a date and found none, while that still holds (DECISIONS 2)."""
    fact = version.fact(NO_DATE_FACT)
    if fact is None or not fact.value or age_days(fact.as_of, today) > LOOKED_DAYS:
        return None
    return seen_day(fact.as_of)


def _no_date(version: Version, dates: Ledger, today: date) -> Outcome:
    said, looked = dates.effective, looked_on(version, today)
    if said is None:
        why = "No retirement date is known."
    else:
        mark = "≥" if said.certainty == "not_before" else "~"
        why = f"{mark} {spoken(said.value)} · passed, no date ({said.source}, seen {said.observed_at})."
    if looked is not None:
        why += f" None published, looked on {spoken(looked)}."
    return Outcome("no_date", None, why, looked)


def _by_type(version: Version, deployment: Deployment | None) -> Outcome:
    """The rule by platform, deployment type, upgrade option and fine-tuning, whatever the date."""
    if not is_azure(version, deployment):
        return Outcome("stops", None, "This provider does not upgrade: calls fail from that day.")
    if deployment is None:
        return Outcome("unknown", None, "It depends on the deployment type, which is not known.")
    option, kind = deployment.upgrade_option, deployment_type(deployment.sku)
    if deployment.fine_tuned:
        return Outcome("stops", None, "Fine-tuned deployments are never upgraded.")
    if kind in ("provisioned", "batch"):
        return Outcome("stops", None, f"{kind.capitalize()} deployments are never upgraded, whatever the option says.")
    if option == "NoAutoUpgrade":
        return Outcome("stops", None, "NoAutoUpgrade: the deployment stops on the day.")
    if kind is None:
        return Outcome("unknown", None, "It depends on the deployment type, which is not known.")
    target = named(version.value("auto_upgrade_target"))
    if option == "OnceNewDefaultVersionAvailable":
        return Outcome("upgrades", target, "It moves within two weeks of a new default version, unreviewed.")
    if option == "OnceCurrentVersionExpired" or (option is None and deployment.upgrade_option_known):
        return Outcome("upgrades", target, "It moves to the default version of the day, unreviewed.")
    if option is None:
        return Outcome("unknown", None, "It depends on the deployment's upgrade option, which is not known.")
    return Outcome("unknown", None, f"The upgrade option '{option}' is not known.")


def named(value: Json) -> str | None:
    """The version that a fact names (a replacement, a target): its key where resolved, else the text (DECISIONS 7)."""
    if isinstance(value, (list, tuple)):
        return named(value[0]) if value else None
    if isinstance(value, dict):
        return named(value.get("key") or value.get("text"))
    return value if isinstance(value, str) and value else None
