"""The forms of a use case: the two fields that it begins with, and all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields as record_fields
from dataclasses import replace
from datetime import date

from store.engine import new_uid
from store.records import Criteria, Metric, UseCase
from tui.forms.reading import Given, written
from tui.screens.form import FormField, Values

CRITICALITIES = (("low", "low: half the time for the work"), ("normal", "normal"), ("high", "high: twice the time"))
USES = "tools, structured_output, vision, reasoning, streaming …"

_AMOUNTS = ("calls_per_month", "tokens_in", "tokens_out", "peak_tokens_per_minute", "cached_share", "retry_share")
EVIDENCE = ("unproven", "two_persons", "max_age", "runway")
"""The fields of a policy that are about evidence as a whole."""
_FLAGS = ("regulated", "user_facing", "budgeted", "caching", "batch", "priority_tier")


def first_fields() -> list[FormField]:
    """What is asked when a use case is named; the rest is asked where it is first needed."""
    return [
        FormField("name", "Name", hint="support-assistant"),
        FormField("owner", "Owner", hint="a person or a team"),
    ]


def begun(values: Values) -> UseCase:
    """A new use case of the first two fields.

    Raises:
        Faults: the name is none, or a field is empty.
    """
    given = Given(values)
    given.needed("name", "name it: small letters, digits and hyphens, as in support-assistant")
    given.needed("owner", "name who decides about it, such as support-lead")
    return given.make(UseCase, {"uid": new_uid(), "name": given.text("name"), "owner": given.text("owner")})


def all_fields(base: UseCase, metrics: Iterable[Metric], owners: Sequence[str] = ()) -> list[FormField]:
    """Every field of a use case, as it stands. Its name stays: history and files refer to it."""
    policy = base.criteria
    people = [(owner, "") for owner in owners]
    headline = [(m.name, m.title) for m in metrics]

    def text(name: str, label: str, hint: str = "", group: str = "") -> FormField:
        return FormField(name, label, written(getattr(base, name)), hint=hint, group=group)

    def flag(name: str, label: str, group: str = "") -> FormField:
        return FormField(
            name, label, written(getattr(base, name)), "yes_no", hint="yes, no, empty: not known", group=group
        )

    return [
        FormField("name", "Name", base.name, locked=True),
        text("title", "Title", "what people call it"),
        FormField("owner", "Owner", base.owner, choices=people, free=True, hint="a person or a team"),
        FormField("approver", "Approver", base.approver, choices=people, free=True, hint="who signs its upgrades"),
        FormField("criticality", "Criticality", base.criticality or "", choices=CRITICALITIES),
        text("review_by", "Review by", "2027-03-31 or 90d"),
        text("tags", "Tags", "words between commas"),
        FormField("note", "Note", base.note, "long"),
        text("calls_per_month", "Calls per month", "2.1M", "Load"),
        text("tokens_in", "Tokens in per call", "1200", "Load"),
        text("tokens_out", "Tokens out per call", "300", "Load"),
        text("cached_share", "Cached share", "share of input tokens read from a cache: 30%", "Load"),
        text("retry_share", "Retry share", "share of calls that are repeated: 2%", "Load"),
        text("peak_tokens_per_minute", "Peak tokens/min", "weighted input tokens in the busiest minute", "Load"),
        text("uses", "Uses", USES, "Needs"),
        text("modalities", "Modalities", "text, image, audio …", "Needs"),
        text("languages", "Languages", "how many it serves", "Needs"),
        flag("caching", "Prompt caching", "Needs"),
        flag("batch", "Batch", "Needs"),
        flag("priority_tier", "Priority tier", "Needs"),
        flag("regulated", "Regulated", "Risk"),
        flag("user_facing", "User-facing", "Risk"),
        flag("budgeted", "Has a budget", "Risk"),
        FormField(
            "freeze", "No changes", "\n".join(f"{a}..{b}" for a, b in base.freeze), "long",
            hint="a line a window: 2026-12-15..2027-01-06", group="Risk",
        ),
        FormField("headline", "Headline metric", base.headline, choices=headline, group="Judged by", free=True),
        FormField(
            "unproven", "Not proven", policy.unproven, group="Judged by",
            choices=(("pass", "passes"), ("warn", "passes with a warning"), ("block", "blocks the promotion")),
        ),
        FormField("two_persons", "Two persons sign", written(policy.two_persons), "yes_no", group="Judged by"),
        FormField("max_age", "Evidence holds (days)", written(policy.max_evidence_age_days), group="Judged by"),
        FormField("runway", "Least runway (days)", written(policy.runway_days), group="Judged by"),
    ]  # fmt: skip


def edited(values: Values, base: UseCase, today: date) -> UseCase:
    """The use case with what the form says; what the form does not show is kept.

    Raises:
        Faults: at each field that cannot be read or does not hold.
    """
    given = Given(values, today)
    changed: dict[str, object] = {name: given.text(name) for name in ("title", "owner", "approver", "headline", "note")}
    changed |= {name: given.number(name) for name in _AMOUNTS}
    changed |= {name: given.yes_no(name) for name in _FLAGS}
    changed |= {
        "criticality": given.one_of("criticality", ("low", "normal", "high")) or None,
        "review_by": given.day("review_by"),
        "tags": given.words("tags"),
        "uses": given.words("uses") or None,
        "modalities": given.words("modalities") or None,
        "languages": given.whole("languages"),
        "freeze": [window for line in given.lines("freeze") if (window := _window(given, line)) is not None],
    }
    kept = {f.name: getattr(base, f.name) for f in record_fields(base)}
    return given.make(UseCase, kept | changed | {"criteria": _evidence(given, base.criteria)})


def evidence_fields(base: UseCase) -> list[FormField]:
    """What a policy asks of evidence as a whole."""
    return [replace(field, group="") for field in all_fields(base, ()) if field.name in EVIDENCE]


def with_evidence(values: Values, base: UseCase) -> UseCase:
    """The use case with what was typed into `evidence_fields`.

    Raises:
        Faults: at each field that cannot be read or does not hold.
    """
    given = Given(values)
    criteria = _evidence(given, base.criteria)
    kept = {f.name: getattr(base, f.name) for f in record_fields(base)}
    return given.make(UseCase, kept | {"criteria": criteria})


def _evidence(given: Given, criteria: Criteria) -> Criteria:
    return replace(
        criteria,
        unproven=given.one_of("unproven", ("pass", "warn", "block")) or "warn",  # type: ignore[arg-type]
        two_persons=bool(given.yes_no("two_persons")),
        max_evidence_age_days=_days(given, "max_age", criteria.max_evidence_age_days),
        runway_days=_days(given, "runway", criteria.runway_days),
    )


def _days(given: Given, name: str, default: int) -> int:
    found = given.whole(name)
    return default if found is None else found


def _window(given: Given, line: str) -> tuple[date, date] | None:
    start, dots, end = line.partition("..")
    try:
        if dots:
            return date.fromisoformat(start.strip()), date.fromisoformat(end.strip())
    except ValueError:
        pass
    given.refuse("freeze", f"'{line[:60]}' is no window; write 2026-12-15..2027-01-06")
    return None
