"""The form of how one metric is judged in a use case: role, margin, floor, ceiling, least n."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from store.records import Criteria, Criterion, Metric, UseCase
from store.review.costs import MONTHLY_COST
from tui.forms.reading import Given, written
from tui.screens.form import FormField, Values

NOT_JUDGED = "not judged"
ROLES: Sequence[tuple[str, str]] = (
    ("critical", "must pass; what is not proven blocks"),
    ("warn", "only warns"),
    ("info", "is shown, never judged"),
    ("budget", "stays under its ceiling"),
    ("zero_tolerance", "not one violation"),
    (NOT_JUDGED, "takes it out of the policy"),
)


def said(name: str, criterion: Criterion, metrics: Mapping[str, Metric]) -> str:
    """A criterion in a line, such as `Accuracy: critical, may lose 0.02, floor 0.85, n ≥ 300`."""
    metric = metrics.get(name)
    parts = [criterion.role.replace("_", " ")]
    if criterion.relative is not None:
        parts.append(f"may lose {criterion.relative * 100:g} %")
    elif criterion.margin is not None:
        parts.append(f"may lose {criterion.margin:g}")
    parts += [f"{part} {value:g}" for part in ("floor", "ceiling") if (value := getattr(criterion, part)) is not None]
    parts += [f"n ≥ {criterion.min_n:,}"] if criterion.min_n is not None else []
    return f"{metric.title if metric is not None else name}: {', '.join(parts)}"


def criterion_fields(name: str, criteria: Criteria, metrics: Mapping[str, Metric]) -> list[FormField]:
    """The fields of one metric; without a `name` it is asked for, among those that are not in the policy yet."""
    known = criteria.metrics.get(name, Criterion())
    others = [(m.name, m.title) for m in metrics.values() if m.name not in criteria.metrics]
    others.append((MONTHLY_COST, "computed, as a budget"))

    def compared(values: Mapping[str, str]) -> bool:
        return values.get("role") in ("critical", "warn")

    def bounded(values: Mapping[str, str]) -> bool:
        return values.get("role") not in ("info", NOT_JUDGED)

    unit = metrics[name].unit if name in metrics else ""
    amount = "0.02 or 2%: two percentage points" if unit == "%" else f"in {unit}" if unit else "in the metric's unit"
    return [
        FormField("metric", "Metric", name, locked=bool(name), choices=others),
        FormField("role", "Role", known.role, choices=ROLES),
        FormField("margin", "May lose", written(known.margin), hint=amount, when=compared),
        FormField(
            "relative", "… or a share", written(known.relative), when=compared,
            hint="5% of the baseline; with neither, the default of its kind",
        ),
        FormField("floor", "Floor", written(known.floor), hint="the candidate alone must reach it", when=bounded),
        FormField("ceiling", "Ceiling", written(known.ceiling), hint="and must stay below it", when=bounded),
        FormField("min_n", "Least n", written(known.min_n), hint="items, or it is inconclusive", when=bounded),
    ]  # fmt: skip


def judged_so(values: Values, base: UseCase, criteria: Criteria, metrics: Mapping[str, Metric]) -> UseCase:
    """The use case with one metric judged as typed; `criteria` is the policy in force, which becomes its own.

    Raises:
        Faults: at each field that cannot be read or cannot hold.
    """
    from store.formats.policy import faults

    given = Given(values)
    name = given.needed("metric", "name the metric")
    role = given.one_of("role", [word for word, _ in ROLES]) or "critical"
    numbers = {part: given.number(part) for part in ("margin", "relative", "floor", "ceiling")}
    least = given.whole("min_n")
    given.finish()
    rules = {other: criterion for other, criterion in criteria.metrics.items() if other != name or role != NOT_JUDGED}
    if role != NOT_JUDGED:
        criterion = given.make(Criterion, {"role": role, "min_n": least, **numbers})
        rules[name] = criterion
        for path, sentence in faults(Criteria(metrics={name: criterion}), metrics):
            given.refuse(path[2] if len(path) > 2 else "metric", sentence)
        given.finish()
    return replace(base, criteria=replace(criteria, metrics=rules, version=base.criteria.version))
