"""The checks that checklist items make themselves, and the inputs on which evidence rests (DECISIONS 9)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from datetime import date, timedelta

import msgspec

from store.records import Deployment, Evidence, Item, Json, Snapshot, Upgrade, UseCase, Version
from store.review.breakage import break_risks, item_of
from store.review.items import SIGN_OFF, resolved
from store.review.ledger import age_days, firm, ledger, spoken
from store.review.lifecycle import (
    LOOKED_DAYS,
    STALE_DAYS,
    deployment_type,
    is_azure,
    lifecycle,
    looked_on,
)
from store.review.plan import DURATIONS, deadline, durations
from store.values import dataclass

BY = "modeltui"
"""Who gives the evidence of an automatic check."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The answer of an automatic check: None where it cannot be decided. `inputs` are the hashes it rests on."""

    ok: bool | None
    text: str
    inputs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Case:
    """What a check may look at."""

    upgrade: Upgrade
    today: date
    verdict: str
    use_case: UseCase | None
    old: Version | None
    new: Version | None
    place: Deployment | None


Answer = tuple[bool | None, str]


def run_checks(upgrade: Upgrade, records: Snapshot, today: date, verdict: str | None = None) -> dict[str, CheckResult]:
    """The result of every item that has a check; `verdict` is the gate's word, the upgrade's own where None."""
    case = _case(upgrade, records, today, verdict)
    now = _inputs(case, records)
    results: dict[str, CheckResult] = {}
    for item in upgrade.items.values():
        if item.check and item.check not in CHECKS:
            results[item.id] = CheckResult(None, f"there is no automatic check named '{item.check}'")
        elif item.check:
            ok, text = CHECKS[item.check](case)
            results[item.id] = CheckResult(ok, text, relied_on(item, now))
    return results


def take_result(item: Item, result: CheckResult, at: str, by: str = BY) -> Item:
    """The item after its check: done where it passed, blocked where it failed, open where it cannot tell.

    What a person settled stays: a check only overrules a check, and adds its evidence where it passed.
    """
    if item.state in ("waived", "not_applicable"):
        return item
    shown = Evidence("check", result.text, at, by, inputs=dict(result.inputs))
    if result.ok:
        if item.state == "done" and item.evidence and item.evidence[-1] == replace(shown, at=item.evidence[-1].at):
            return item
        return replace(item, state="done", reason="", evidence=(*item.evidence, shown))
    by_person = item.state == "done" and not (item.evidence and item.evidence[-1].kind == "check")
    if by_person:
        return item
    if result.ok is False:
        return replace(item, state="blocked", reason=result.text, signed_by="", signed_at="")
    undecided = replace(item, reason=result.text, signed_by="", signed_at="")
    return undecided if item.state in ("todo", "doing") else replace(undecided, state="todo")


# ── what evidence rests on ────────────────────────────────────────────────────────────────────────────────────────

TARGET, DATES, LIFE, PLACE, LIMITS = "target", "retirement date", "target's lifecycle", "deployment", "target's limits"
POLICY, PEOPLE, RESULTS = "policy", "author and approver", "measurements"
NEEDS: Mapping[str, tuple[str, ...]] = {
    "dates_fresh": (DATES,),
    "upgrade_option_known": (PLACE,),
    "no_break_risk": (TARGET, LIMITS),
    "target_outlives_runway": (TARGET, LIFE, POLICY),
    "rollback_alive": (DATES,),
    "verdict": (TARGET, POLICY, RESULTS),
    SIGN_OFF: (TARGET, POLICY, PEOPLE),
    "upgrade_option_set": (PLACE,),
}
"""The inputs of each automatic check, by the words in which an item reads stale."""


def inputs_now(upgrade: Upgrade, records: Snapshot, today: date) -> dict[str, str]:
    """Every input of this upgrade with its hash as of now: what `items.stale` and the gates compare with.

    A verdict is no input: it follows from the target, the policy and the measurements, which are.
    """
    return _inputs(_case(upgrade, records, today, None), records)


def relied_on(item: Item, now: Mapping[str, str]) -> dict[str, str]:
    """The inputs that evidence for an item rests on when it is given now: its check's, else the target's identity.

    What happens before a target is looked at (Discover, Prepare) rests on nothing that can change.
    """
    names = NEEDS.get(item.check) or (() if item.phase in ("Discover", "Prepare") else (TARGET,))
    return {name: now[name] for name in names if name in now}


def _inputs(case: _Case, records: Snapshot) -> dict[str, str]:
    upgrade, old, new = case.upgrade, case.old, case.new
    criteria = case.use_case.criteria if case.use_case else None
    place = case.place
    values: dict[str, Json] = {
        TARGET: upgrade.to_version,
        DATES: _dates(old, case),
        LIFE: [_dates(new, case), new.value("lifecycle_label") if new else None],
        PLACE: None if place is None else [
            place.platform, place.sku, place.upgrade_option, place.upgrade_option_known, place.fine_tuned,
        ],
        LIMITS: [[v.value(name) if v else None for name in _LIMITS] for v in (old, new)],
        POLICY: None if criteria is None else criteria.version,
        PEOPLE: [upgrade.author, case.use_case.approver if case.use_case else ""],
        RESULTS: sorted(
            [m.uid, m.rev, repr(m.value), m.n or 0, m.dataset_hash]
            for key in (upgrade.from_version, upgrade.to_version)
            for m in records.measurements.get(key, ())
            if m.use_case in ("", upgrade.use_case)
        ),
    }  # fmt: skip
    return {name: _hash(value) for name, value in values.items()}


def _dates(version: Version | None, case: _Case) -> Json:
    if version is None:
        return None
    known = ledger(version, case.today, case.place)
    return [
        None if seen is None else [seen.value.isoformat(), seen.certainty] for seen in (known.effective, known.risk)
    ]


def _hash(value: Json) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()[:12]


def _case(upgrade: Upgrade, records: Snapshot, today: date, verdict: str | None) -> _Case:
    return _Case(
        upgrade,
        today,
        upgrade.verdict if verdict is None else verdict,
        records.use_cases.get(upgrade.use_case),
        records.versions.get(upgrade.from_version),
        records.versions.get(upgrade.to_version) if upgrade.to_version else None,
        records.deployments.get(upgrade.deployment),
    )


# ── the checks ────────────────────────────────────────────────────────────────────────────────────────────────────

_LIMITS = ("max_input_tokens", "max_output_tokens", "context_window", "capabilities", "modalities_in")
_NO_OLD = "the old version is not in the catalog"
_NO_NEW = "no target is chosen, or it is not in the catalog"


def _dates_fresh(case: _Case) -> Answer:
    """D02: the date of the old version was confirmed within `STALE_DAYS` (DECISIONS 11)."""
    if case.old is None:
        return None, _NO_OLD
    if case.old.own:
        return True, "we host it: nobody else sets a date"
    known = ledger(case.old, case.today, case.place)
    if known.effective is None:
        looked = looked_on(case.old, case.today)
        if looked is None:
            return None, "no retirement date is known"
        return True, f"none published, looked on {spoken(looked)} (holds for {LOOKED_DAYS} days)"
    same = [seen for seen in known.standing if seen.value == known.effective.value]
    newest = min(same, key=lambda seen: age_days(seen.observed_at, case.today))
    age = age_days(newest.observed_at, case.today)
    said = f"{spoken(known.effective.value)}, last confirmed {newest.observed_at} by {newest.source}, {age} d ago"
    return age <= STALE_DAYS, said if age <= STALE_DAYS else f"{said}: older than {STALE_DAYS} d"


def _upgrade_option_known(case: _Case) -> Answer:
    """D03: nothing is left open about what the platform does on the day (DECISIONS 2)."""
    settled = _cannot_upgrade(case)
    if settled:
        return True, settled
    place = case.place
    if place is None:
        return None, f"the deployment {case.upgrade.deployment} is not recorded: type and upgrade option are unknown"
    if deployment_type(place.sku) is None and place.upgrade_option != "NoAutoUpgrade":
        return None, f"the type (SKU) of deployment {place.name} is not known"
    if place.upgrade_option:
        return True, f"{place.name}: {place.upgrade_option}"
    if place.upgrade_option_known:
        return True, f"{place.name}: no option set, which counts as OnceCurrentVersionExpired"
    return None, f"the upgrade option of deployment {place.name} is not known"


def _upgrade_option_set(case: _Case) -> Answer:
    """R06: the option was chosen, not left to the platform's default."""
    settled = _cannot_upgrade(case)
    if settled:
        return True, settled
    place = case.place
    if place is None:
        return None, f"the deployment {case.upgrade.deployment} is not recorded"
    if place.upgrade_option:
        return True, f"{place.name}: {place.upgrade_option}"
    if place.upgrade_option_known:
        return False, f"{place.name} has no upgrade option set: the platform moves it when its version expires"
    return None, f"the upgrade option of deployment {place.name} is not known"


def _cannot_upgrade(case: _Case) -> str:
    """Why the option does not matter, "" where it does."""
    served = case.new or case.old
    if served is not None and not is_azure(served, case.place):
        return "this provider never upgrades by itself"
    if case.place is not None and case.place.fine_tuned:
        return "fine-tuned deployments are never upgraded"
    kind = deployment_type(case.place.sku) if case.place is not None else None
    return f"{kind} deployments are never upgraded" if kind in ("provisioned", "batch") else ""


def _no_break_risk(case: _Case) -> Answer:
    """A06: limits do not shrink, and the target has what the use case uses."""
    old, new = case.old, case.new
    if old is None or new is None:
        return None, _NO_OLD if old is None else _NO_NEW
    risks: list[str] = []
    unknown: list[str] = []
    for name, title in (("max_input_tokens", "input limit"), ("max_output_tokens", "output limit")):
        was, is_now = old.value(name), new.value(name)
        if not isinstance(was, (int, float)) or not isinstance(is_now, (int, float)):
            unknown.append(title)
        elif is_now < was:
            risks.append(f"{title} {was:,} → {is_now:,}")
    uses = case.use_case.uses if case.use_case else None
    has = new.value("capabilities")
    if uses is None or (uses and not isinstance(has, (list, tuple))):
        unknown.append("capabilities that are used")
    else:
        risks += [f"no {name}" for name in uses if name not in has]
    if risks:
        return False, "; ".join(risks)
    if unknown:
        return None, f"not known: {', '.join(unknown)}"
    still = _open_risks(case, old, new)
    if still:
        return None, f"break risks are open: {', '.join(still)}"
    return True, "limits do not shrink, all that is used is offered, and no break risk is open"


def _open_risks(case: _Case, old: Version, new: Version) -> list[str]:
    """The items that settle what breaks and are not resolved; a risk that this check itself covers is settled here."""
    found: dict[str, None] = {}
    items = case.upgrade.items
    for risk in break_risks(old, new, use_case=case.use_case, deployment=case.place):
        own = item_of(risk, items)
        item = items.get(own)
        if risk.severity == "breaks" and item is not None and not item.check and not resolved(item, case.today):
            found[own] = None
    return list(found)


def _target_outlives_runway(case: _Case) -> Answer:
    """A08: no preview, and alive for the policy's runway after the cut-over (DECISIONS 7)."""
    if case.new is None:
        return None, _NO_NEW
    if case.new.own:
        return True, "we host it: nobody else ends it"
    stage = lifecycle(case.new, case.today, case.place)
    if stage.status in ("preview", "deprecated", "legacy", "retired"):
        return False, f"the target is {stage.status}: {stage.reason}"
    days = case.use_case.criteria.runway_days if case.use_case else 180
    needed = _cutover(case) + timedelta(days=days)
    ends = ledger(case.new, case.today, case.place).risk
    if ends is None or (ends.value <= case.today and not firm(ends)):
        return None, "no retirement date of the target is known"
    said = f"{spoken(ends.value)} ({ends.source}); cut-over and {days} d runway reach {spoken(needed)}"
    return ends.value >= needed, said


def _rollback_alive(case: _Case) -> Answer:
    """P04: the old version is there to go back to after the cut-over (DECISIONS 10)."""
    old = case.old
    if old is None:
        return False, f"{case.upgrade.from_version} is not in the catalog: there is no way back"
    if old.own:
        return (True, f"artifact {old.lineage.artifact}") if old.lineage.artifact else (None, "no artifact is recorded")
    if lifecycle(old, case.today, case.place).status == "retired":
        return False, f"{old.key} is retired: there is no way back"
    ends = ledger(old, case.today, case.place).effective
    if ends is None or not firm(ends):
        return None, f"no retirement date of {old.key} is known"
    start = case.upgrade.promoted_on or _cutover(case)
    left = (ends.value - start).days
    if left <= 0:
        return False, f"{old.key} stops on {spoken(ends.value)}, before the switch on {spoken(start)}"
    cut = f": the rollback window is cut from {DURATIONS.rollback} d" if left < DURATIONS.rollback else ""
    return True, f"{old.key} answers for {left} d after {spoken(start)}{cut}"


def _cutover(case: _Case) -> date:
    """The day of the switch: as planned, as soon as the work allows, or as it was."""
    if case.upgrade.promoted_on is not None:
        return case.upgrade.promoted_on
    last = deadline(case.old, case.place, case.today) if case.old is not None else None
    took = durations(case.use_case.criticality if case.use_case else None)
    planned = case.today if last is None else last.day - timedelta(days=took.rollback)
    return max(planned, case.today)


def _verdict(case: _Case) -> Answer:
    """V01 and V03: the gate's word (DECISIONS 5); unproven counts as the policy says."""
    word = case.verdict
    unproven = case.use_case.criteria.unproven if case.use_case else "warn"
    if not word:
        return None, "there is no verdict yet"
    if word == "PASS_UNPROVEN":
        return unproven != "block", f"{word}: the policy says {unproven}"
    return (True if word in ("PASS", "WARN", "WAIVED") else False if word in ("FAIL", "ERROR") else None), word


def _approver_not_author(case: _Case) -> Answer:
    """V06: a person other than the author signed, where the policy asks for two."""
    signed = next((i.signed_by for i in case.upgrade.items.values() if i.check == SIGN_OFF and i.signed_by), "")
    if not signed:
        return None, "nobody has signed yet"
    if not case.upgrade.author:
        return None, f"signed by {signed}; the upgrade has no author to compare with"
    if signed.strip().casefold() != case.upgrade.author.strip().casefold():
        return True, f"signed by {signed}, author {case.upgrade.author}"
    if case.use_case is not None and not case.use_case.criteria.two_persons:
        return True, f"signed by {signed}, who is the author; the policy asks for no second person"
    return False, f"signed by {signed}, who is the author: the policy asks for a second person"


CHECKS: Mapping[str, Callable[[_Case], Answer]] = {
    "dates_fresh": _dates_fresh,
    "upgrade_option_known": _upgrade_option_known,
    "no_break_risk": _no_break_risk,
    "target_outlives_runway": _target_outlives_runway,
    "rollback_alive": _rollback_alive,
    "verdict": _verdict,
    SIGN_OFF: _approver_not_author,
    "upgrade_option_set": _upgrade_option_set,
}
