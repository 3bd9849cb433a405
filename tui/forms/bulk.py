"""Setting one field on many records: which fields there are, and what a text makes of each record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from store.records import Assignment, Deployment, Snapshot, UseCase, Version
from store.values import dataclass
from tui.forms.deployments import SKUS
from tui.forms.reading import Given, typed_value, written
from tui.forms.versions import with_fact
from tui.screens.form import YES_NO, Faults


@dataclass(frozen=True, slots=True)
class Field:
    """A field that can be set on many. `choices` are (value, words) to pick from; `free` allows others."""

    name: str
    of: str
    label: str
    hint: str = ""
    choices: Sequence[tuple[str, str]] = ()
    free: bool = True


@dataclass(frozen=True, slots=True)
class Edit:
    """One record as it would be, with what changes in words."""

    label: str
    before: str
    after: str
    record: Any
    base: Any


CRITICALITIES = ("low", "normal", "high")
FIELDS: Sequence[Field] = (
    Field("owner", "use_case", "owner of the use cases", "a person or a team"),
    Field("approver", "use_case", "approver of the use cases", "who signs their upgrades"),
    Field("criticality", "use_case", "criticality", choices=[(c, "") for c in CRITICALITIES], free=False),
    Field("review_by", "use_case", "day of the next review", "2026-12-09 or +60d"),
    Field("regulated", "use_case", "whether the use cases are regulated", choices=YES_NO, free=False),
    Field("user_facing", "use_case", "whether users see the answers", choices=YES_NO, free=False),
    Field("tags", "use_case", "tags of the use cases", "new-tag -tag-to-take-away"),
    Field("stage", "assignment", "stage", "Staging, Production, Archived or one of your own"),
    Field("seen", "assignment", "whether the traffic was seen", choices=YES_NO, free=False),
    Field("note", "assignment", "note on how they run"),
    Field("region", "deployment", "region of the deployments", "swedencentral"),
    Field("sku", "deployment", "type of the deployments", choices=SKUS),
    Field("tags", "version", "tags of the versions", "new-tag -tag-to-take-away"),
    Field("note", "version", "note on the versions"),
    Field("fact", "version", "an own fact of the versions", "price_input=2.5   (price_input= gives it back)"),
)  # fmt: skip
"""What can be set on all marked rows."""


def bases(field: Field, keys: Sequence[str], uids: Sequence[str], records: Snapshot) -> dict[str, Any]:
    """The records that the marked rows stand for, each once, by what a person calls them."""
    runs = [a for a in records.assignments if a.uid in set(uids)]
    if field.of == "version":
        return {k: v for k in keys if (v := records.versions.get(k)) is not None}
    if field.of == "use_case":
        return {n: u for n in dict.fromkeys(a.use_case for a in runs) if (u := records.use_cases.get(n)) is not None}
    if field.of == "deployment":
        names = dict.fromkeys(a.deployment for a in runs)
        return {n: d for n in names if (d := records.deployments.get(n)) is not None}
    return {f"{a.use_case} · {a.version}": a for a in runs}


def edits(field: Field, text: str, found: Mapping[str, Any], today: date) -> list[Edit]:
    """What setting the field to a text changes; records that hold it already are left out.

    Raises:
        Faults: the text does not fit the field.
    """
    made = []
    for label, base in found.items():
        record, name = _fact(text, base, today) if field.name == "fact" else _set(field, text, base, today), field.name
        if isinstance(record, tuple):
            record, name = record
        before, after = _shown(base, name), _shown(record, name)
        if record != base:
            made.append(Edit(label, before, after, record, base))
    return made


def _set(field: Field, text: str, base: UseCase | Assignment | Deployment | Version, today: date) -> Any:
    given = Given({field.name: text}, today)
    value: Any = given.text(field.name)
    if field.name == "tags":
        value = tagged(base.tags, *tag_words(text)) if not isinstance(base, Assignment) else ()
    elif field.name == "review_by":
        value = given.day(field.name)
    elif field.choices == YES_NO:
        value = given.yes_no(field.name)
        value = False if value is None and field.name == "seen" else value
    elif field.name == "criticality":
        value = given.one_of(field.name, CRITICALITIES) or None
    elif field.name == "stage" and not value:
        given.refuse("stage", "write Staging, Production, Archived or a stage of your own")
    values = {f.name: getattr(base, f.name) for f in fields(base)} | {field.name: value}
    return given.make(type(base), values)


def _fact(text: str, base: Version, today: date) -> tuple[Version, str]:
    name, equals, said = (part.strip() for part in text.partition("="))
    if not equals or not name or any(c.isspace() for c in name):
        raise Faults({"fact": f"'{text[:60]}' is no name=value; write for example price_input=2.5"})
    value = typed_value(said) if said else None
    kept = {f.name: getattr(base, f.name) for f in fields(base)}
    own = next((c for c in base.facts.get(name, ()) if c.layer == "local"), None)
    if own is not None and own.value == value:
        return base, name
    return Given({}).make(Version, kept | {"facts": with_fact(base, name, value, "own", today)}), name


def _shown(record: Any, name: str) -> str:
    value = getattr(record, name, None)
    if isinstance(record, Version) and name not in ("tags", "note"):
        value = record.value(name)
    return " ".join(written(value).split())[:60] or "—"


def tag_words(said: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tags to add and to take away, as typed: `new-tag -tag-to-take-away`."""
    words = said.replace(",", " ").split()
    remove = tuple(w[1:] for w in words if w.startswith("-") and w[1:])
    return tuple(w.removeprefix("+") for w in words if not w.startswith("-") and w != "+"), remove


def tagged(tags: Sequence[str], add: Sequence[str], remove: Sequence[str]) -> tuple[str, ...]:
    """Tags after adding some and taking some away."""
    return tuple(dict.fromkeys(t for t in (*tags, *add) if t not in remove))
