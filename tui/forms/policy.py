"""The form of a policy: its TOML as one text, with the sentences about it below while it is typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from store.records import Criteria, Metric, Snapshot, UseCase
from tui.screens.form import Faults, FormField, Values

ROLES = "critical, warn, info, budget, zero_tolerance"


def in_force(use_case: UseCase, records: Snapshot) -> tuple[Criteria, bool]:
    """The policy that judges: what is set, else the defaults for what was measured on what runs (True)."""
    from store.review.figures import figures
    from store.review.verdict import default_criteria

    criteria = use_case.criteria
    if criteria.metrics:
        return criteria, False
    runs = [a for a in records.assignments if a.use_case == use_case.name and a.in_use]
    found = {}
    for run in sorted(runs, key=lambda a: a.stage == "Production"):
        version = records.versions.get(run.version)
        if version is not None:
            known = figures(version, records.measurements, records.metrics, use_case.name)
            found.update(default_criteria(known, known, records.metrics))
    return replace(criteria, metrics=found), True


def as_toml(use_case: UseCase, criteria: Criteria, *, defaults: bool) -> str:
    """The policy as the text that is edited, with what it may hold above it."""
    from store.formats.policy import write_policy

    state = "defaults, nothing is set yet" if defaults else f"version {criteria.version}"
    remark = (
        f"policy of {use_case.name}: {state}\n"
        f"role: {ROLES}\n"
        "margin in the metric's unit (0.02 is 2 pp) or relative (0.05 is 5 % of the baseline); floor, ceiling, min_n"
    )
    return write_policy(criteria, remark)


def policy_fields(use_case: UseCase, records: Snapshot) -> list[FormField]:
    """The one field; a policy that is not set begins with the defaults that hold."""
    criteria, defaults = in_force(use_case, records)
    return [FormField("policy", "Policy", as_toml(use_case, criteria, defaults=defaults).rstrip(), "long")]


def edited_policy(values: Values, base: UseCase, metrics: Mapping[str, Metric]) -> UseCase:
    """The use case with the policy that was typed; the catalog counts its version.

    Raises:
        Faults: at the text, with every sentence and its line.
    """
    from store.formats.policy import PolicyFault, parse_policy

    try:
        criteria = parse_policy(values["policy"], metrics)
    except PolicyFault as fault:
        raise Faults({"policy": "\n".join(fault.sentences)}) from fault
    return replace(base, criteria=replace(criteria, version=base.criteria.version))
