"""The form of a measurement, which defines its metric in the same go where nobody did."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from typing import TYPE_CHECKING

from store.engine import new_uid
from store.records import Measurement, Metric
from store.values import dataclass
from tui.forms.reading import Given, written
from tui.screens.form import FormField, Values

if TYPE_CHECKING:
    from store.formats.evaluations import Evaluation
    from store.formats.results import Results

DIRECTIONS: Sequence[tuple[str, str]] = (
    ("up", "higher is better"),
    ("down", "lower is better"),
    ("none", "neither: it is shown and not judged"),
)
METRIC_KINDS: Sequence[tuple[str, str]] = (
    ("rate", "a share of items, 0 to 1"),
    ("mean", "a mean over items"),
    ("quantile", "a quantile, such as p95"),
    ("count", "a count"),
    ("money", "an amount of money"),
    ("other", "anything else"),
)
_SERIES: Sequence[tuple[str, str, str]] = (
    ("dataset", "Data set", "data set or benchmark"),
    ("dataset_hash", "Its hash", ""),
    ("slice", "Slice", "part of the data set"),
    ("variant", "Variant", "such as a prompt or a reasoning effort"),
    ("harness", "Harness", "tool that measured, without its version"),
    ("harness_version", "Its version", ""),
    ("platform", "Platform", "where it was served"),
    ("region", "Region", ""),
    ("statistic", "Statistic", "such as median, where the metric does not say"),
    ("period", "Period", "month or quarter that it stands for"),
    ("run", "Run", "run that produced it"),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """A measurement, with the definition of its metric where it is new."""

    measurement: Measurement
    metric: Metric | None = None


def measure_fields(
    key: str,
    *,
    versions: Sequence[tuple[str, str]],
    metrics: Mapping[str, Metric],
    use_cases: Sequence[str],
    use_case: str = "",
    base: Measurement | None = None,
    results: Results | None = None,
    run: Evaluation | None = None,
) -> list[FormField]:
    """What was measured. `results` are items of a file, which give value, n and spread; `run` is what it came with."""

    def unknown(values: Mapping[str, str]) -> bool:
        return bool(values.get("metric")) and values["metric"] not in metrics

    old = base or Measurement("", "", 0, key, use_case=use_case)
    if run is not None:
        old = replace(
            old, harness=run.harness, harness_version=run.harness_version, dataset=run.dataset,
            dataset_hash=run.dataset_hash, run=run.run, measured_on=run.measured_on,
        )  # fmt: skip
    defined = [(m.name, " · ".join(p for p in (m.title, m.unit, m.group) if p)) for m in metrics.values()]
    figures = results is None
    value, n, sd = (
        (written(base.value if base else None), written(old.n), written(old.sd))
        if results is None
        else (f"{results.mean:.15g}", written(results.n), written(results.sd))
    )
    new = "This metric is new: how is it judged?"
    return [
        FormField("version", "Version", key, choices=versions, locked=bool(key)),
        FormField("metric", "Metric", old.metric, choices=defined, free=True, hint="accuracy, latency_p95_ms …"),
        FormField("direction", "Better is", choices=DIRECTIONS, group=new, when=unknown),
        FormField("unit", "Unit", hint="ms, USD, % …", group=new, when=unknown),
        FormField("kind", "Kind", choices=METRIC_KINDS, group=new, when=unknown),
        FormField("value", "Value", value, hint="0.874 or 87.4%", locked=not figures, group="Figures"),
        FormField("n", "Items", n, hint="how many were measured", locked=not figures, group="Figures"),
        FormField("sd", "Spread (sd)", sd, hint="deviation between items", locked=not figures, group="Figures"),
        FormField("measured_on", "Measured on", written(old.measured_on), hint="today", group="Figures"),
        FormField(
            "use_case", "Use case", old.use_case, choices=[(u, "") for u in use_cases], group="Comparable with",
            hint="empty: for none in particular",
        ),
        *(
            FormField(name, label, getattr(old, name), hint=hint, group="Comparable with")
            for name, label, hint in _SERIES
        ),
        FormField("source", "Source", old.source if base else "own", hint="who measured", group="Comparable with"),
        FormField("note", "Note", old.note, "long"),
    ]  # fmt: skip


def measured(
    values: Values,
    *,
    metrics: Mapping[str, Metric],
    known: Mapping[str, object],
    use_cases: Sequence[str],
    today: date,
    base: Measurement | None = None,
    results: Results | None = None,
    beside: Iterable[Measurement] = (),
) -> Measured:
    """The measurement that the form describes; `beside` are other results, which must be of the same items.

    Raises:
        Faults: at each field that cannot be read or does not hold.
    """
    given = Given(values, today)
    name = given.needed("metric", "name the metric, such as accuracy")
    key = given.needed("version", "pick the version that was measured")
    if key and key not in known:
        given.refuse("version", f"there is no version '{key}'; press ↓ to find it")
    if given.text("use_case") and given.text("use_case") not in use_cases:
        given.refuse("use_case", f"there is no use case '{given.text('use_case')}'; press ↓ to see them")
    value = given.number("value") if results is None else results.mean
    if value is None and "value" not in given.faults:
        given.refuse("value", f"write the value of {name or 'the metric'}, such as 0.874")
    metric = None if not name or name in metrics else _new_metric(given, name)
    definition = metrics.get(name) or metric
    if results is not None:
        value = _of_results(given, results, definition, name)
    elif value is not None:
        _fits(given, value, definition)
    old = base or Measurement(new_uid(), "", 0, "")
    changed: dict[str, object] = {n: given.text(n) for n in ("use_case", "source", "note", *(s[0] for s in _SERIES))}
    changed |= {
        "metric": name or "?",
        "version": key or "?/?",
        "value": value if value is not None else 0,
        "n": given.whole("n"),
        "sd": given.number("sd"),
        "measured_on": given.day("measured_on") or (base.measured_on if base else today),
        "source": given.text("source") or "own",
    }
    if results is not None:
        changed |= {"n": results.n, "sd": results.sd, "items": results.scores, "file_hash": results.file_hash}
        changed |= {"items_hash": results.items_hash if results.scores else ""}
    elif base is not None and base.items and (value, changed["n"], changed["sd"]) != (base.value, base.n, base.sd):
        # typed figures no longer follow from the items that were kept
        changed |= {"items": {}, "items_hash": "", "file_hash": ""}
    kept = {f.name: getattr(old, f.name) for f in fields(old)}
    made = given.make(Measurement, kept | changed)
    if results is not None:
        from store.measuring import other_items

        if why := other_items(made, definition, beside):
            given.refuse("dataset", why)
            given.finish()
    return Measured(made, metric)


def _of_results(given: Given, results: Results, metric: Metric | None, name: str) -> float:
    """The value by the metric's kind; a fault where it has none."""
    from store.measuring import Unmeasurable, value_of

    try:
        return value_of(results, metric, name, given.text("statistic"))
    except Unmeasurable as fault:
        given.refuse("metric", str(fault).replace(" with --statistic p95", " below (statistic), such as p95"))
        return results.mean


def _fits(given: Given, value: float, metric: Metric | None) -> None:
    rate = metric is not None and metric.kind == "rate"
    if not math.isfinite(value):
        given.refuse("value", f"{value} is not a number")
    elif rate and not 0 <= value <= 1:
        given.refuse("value", f"a rate lies between 0 and 1, not {value:g}; write 0.87 or 87% for 87 %")
    elif metric is not None and not metric.in_percent and given.text("value").endswith("%"):
        given.refuse("value", f"{metric.name} is no rate; write its value without %")


def _new_metric(given: Given, name: str) -> Metric | None:
    if any(c.isspace() for c in name):
        given.refuse("metric", f"'{name}' is not a metric name: write it without spaces, as in latency_p95_ms")
        return None
    direction = given.one_of("direction", [d for d, _ in DIRECTIONS])
    kind = given.one_of("kind", [k for k, _ in METRIC_KINDS])
    if not direction and not given.text("direction"):
        given.refuse("direction", f"say which way is better for {name}: up, down, or none to leave it unjudged")
    if not kind and not given.text("kind"):
        given.refuse("kind", f"say what {name} is: rate, mean, quantile, count, money or other")
    if not direction or not kind:
        return None
    percent = kind == "rate"
    title = name.replace("_", " ").capitalize()
    unit = given.text("unit") or ("%" if percent else "")
    scale = 100.0 if percent and unit == "%" else 1.0
    return Metric(
        name, title, new_uid(), unit=unit, scale=scale, direction=direction, kind=kind,  # type: ignore[arg-type]
        source="own",
    )  # fmt: skip
