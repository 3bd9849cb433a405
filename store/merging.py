"""How what a source says about one record meets what is known of it.

Layers per field decide (remote < imported < local), so a local edit always stands; where the source says something
else, that is a conflict to be shown, never an overwrite. A source owns a version that it brought in first; of other
versions it fills empty fields only. To say the same again writes nothing, except that a confirmation renews the age of
a fact once a week, so that facts which are looked at daily do not grow old (DECISIONS 11).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field, fields, replace
from datetime import timedelta
from operator import attrgetter
from typing import Any

from store.records import (
    Deployment,
    Fact,
    Json,
    Lineage,
    Measurement,
    Metric,
    Observation,
    Scope,
    Station,
    Version,
    first_day,
)
from store.values import dataclass

CONFIRM_AFTER = timedelta(days=7)
"""A fact that is still the same gets its new date only after this time; a sync in between writes nothing."""

PLAIN = ("changes", "links", "lineage", "way", "tags", "api_ids", "alias_of", "same_as", "own", "note")
"""Fields of a version that a source sets as a whole, unless a person did (`Version.local`)."""

_LINEAGE = tuple(f.name for f in fields(Lineage))
_NO_CLAIMS: tuple[Fact, ...] = ()

_apart_from_value = attrgetter(*(f.name for f in fields(Fact) if f.name not in ("value", "as_of")))


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that would change, with who says so; `kept` is True where a local edit stands against the source."""

    table: str
    key: str
    field: str
    before: Any
    after: Any
    kept: bool = False
    source: str = ""

    @property
    def at(self) -> tuple[str, str, str]:
        """What names the field in a plan."""
        return self.table, self.key, self.field


@dataclass(slots=True)
class Merged:
    """A record as it would be, and what that changes; `record` is the old one where nothing is new."""

    record: Any
    changes: list[FieldChange] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Merging:
    """How one delivery is merged: `origin` is the source's name, `complete` says that what it leaves out is gone.

    `facts_only` takes facts and dates but no plain fields, as from a public catalog that does not own the version.
    """

    origin: str
    complete: bool = True
    facts_only: bool = False

    def version(self, new: Version, old: Version) -> Merged:
        """A version of the source and of the catalog."""
        found = Merged(old)
        facts = self._facts(new, old, found)
        observations = old.observations
        for seen in new.observations:
            observations = self._observed(seen, observations, old.key, found)
        values: dict[str, Any] = {"facts": facts, "observations": observations}
        if not self.facts_only:
            owner = old.registry in ("", self.origin)
            plain, values["local"] = self._plain(new, old, found)
            values["missing_since"] = None if owner else old.missing_since
            values["registry"] = old.registry or self.origin
            values |= plain
            if old.missing_since is not None and owner:
                found.changes.append(
                    FieldChange("versions", old.key, "missing_since", old.missing_since, None, source=self.origin)
                )
        # most of thousands of versions say what they said: no copy is made of them
        if any(value != getattr(old, name) for name, value in values.items()):
            found.record = replace(old, **values)
        return found

    # ── facts ──

    def _facts(self, new: Version, old: Version, found: Merged) -> dict[str, tuple[Fact, ...]]:
        facts = dict(old.facts)
        gone = [n for n in old.facts if n not in new.facts] if self.complete else []
        for name in [*new.facts, *gone]:
            known, said = old.facts.get(name, _NO_CLAIMS), new.facts.get(name, _NO_CLAIMS)
            claims = self._claims(said, known)
            if claims == known:
                merged = old
            else:
                facts[name] = claims
                if not claims:
                    del facts[name]
                merged = replace(old, facts={name: claims})
            found.changes += self._fact_change(name, said, old, merged)
        return facts

    def _claims(self, new: tuple[Fact, ...], old: tuple[Fact, ...]) -> tuple[Fact, ...]:
        mine = [c for c in old if c.origin == self.origin and c.layer != "local"]
        if len(mine) == len(new) and all(_still(b, a) for a, b in zip(new, mine, strict=True)):
            return old
        others = [c for c in old if c.origin != self.origin or c.layer == "local"]
        return (
            *(c for c in others if c.layer == "local"),
            *new,
            *(c for c in others if c.layer != "local"),
        )

    def _fact_change(self, name: str, said: Sequence[Fact], old: Version, merged: Version) -> Iterator[FieldChange]:
        before, after = old.fact(name), merged.fact(name)
        if said and before is not None and before.layer == "local" and not _same(before.value, said[0].value):
            yield FieldChange("versions", old.key, f"facts.{name}", before.value, said[0].value, True, said[0].source)
        elif merged is not old and (before is None or after is None or not _same(before.value, after.value)):
            source = after.source if after is not None else self.origin
            was, will = (None if c is None else c.value for c in (before, after))
            yield FieldChange("versions", old.key, f"facts.{name}", was, will, source=source)

    # ── dates ──

    def _observed(
        self, seen: Observation, known: tuple[Observation, ...], key: str, found: Merged
    ) -> tuple[Observation, ...]:
        """The observations with a new one; one that repeats its predecessor renews its day once a week."""
        before = [o for o in known if (o.kind, o.source, o.scope) == (seen.kind, seen.source, seen.scope)]
        if any(o.value == seen.value and o.observed_at == seen.observed_at for o in before):
            return known
        newest = max(before, key=lambda o: first_day(o.observed_at), default=None)
        if newest is None or (newest.value, newest.certainty) != (seen.value, seen.certainty):
            was = None if newest is None else newest.value.isoformat()
            name = " · ".join([f"dates.{seen.kind}", *_words(seen.scope)])
            found.changes.append(FieldChange("versions", key, name, was, seen.value.isoformat(), source=seen.source))
            return (*known, seen)
        if timedelta(0) <= first_day(seen.observed_at) - first_day(newest.observed_at) < CONFIRM_AFTER:
            return known
        same = [o for o in before if (o.value, o.certainty, o.origin) == (seen.value, seen.certainty, self.origin)]
        # the first day it was seen stays for good; only the latest confirmation moves
        if len(same) > 1:
            known = tuple(o for o in known if o is not same[-1])
        return (*known, seen)

    # ── plain fields ──

    def _plain(self, new: Version, old: Version, found: Merged) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The plain fields to set, and the names of those that are the person's own from now on."""
        taken: dict[str, Any] = {}
        local = list(old.local)
        for name in PLAIN:
            theirs, ours = getattr(new, name), getattr(old, name)
            if name == "lineage":
                theirs = _kept(theirs, ours)
            if theirs == ours:
                continue
            owned = old.registry == self.origin and name not in local
            if owned or (theirs and not ours and name not in local):
                taken[name] = theirs
                shown = (_shown(ours), _shown(theirs))
                found.changes.append(FieldChange("versions", old.key, name, *shown, source=self.origin))
                continue
            if ours and old.registry == "" and name not in local and name != "own":
                local.append(name)  # made by hand before its registry was known
            if theirs and (name in local):
                shown = (_shown(ours), _shown(theirs))
                found.changes.append(FieldChange("versions", old.key, name, *shown, kept=True, source=self.origin))
        return taken, tuple(local)

    # ── other records ──

    def deployment(self, new: Deployment, old: Deployment) -> Merged:
        """A deployment of the source and of the catalog; one that a person named before is filled in."""
        found = Merged(old)
        if old.registry not in ("", self.origin):
            return found
        taken: dict[str, Any] = {"registry": self.origin, "missing_since": None}
        for f in fields(Deployment):
            theirs, ours = getattr(new, f.name), getattr(old, f.name)
            if f.name in ("uid", "rev", "name", "registry", "missing_since", "remote_seen_at", "local"):
                continue
            unknown = theirs in ("", None, ()) and not (f.name == "upgrade_option" and new.upgrade_option_known)
            if theirs == ours or unknown:
                continue
            entered = f.name in old.local or (old.registry == "" and ours not in ("", None, (), False))
            kept = entered and f.name not in ("remote_version", "upgrade_option_known")
            if not kept:
                taken[f.name] = theirs
            found.changes.append(
                FieldChange("deployments", old.name, f.name, _shown(ours), _shown(theirs), kept, self.origin)
            )
        edited = replace(old, **taken)
        if old.missing_since is not None:
            found.changes.append(
                FieldChange("deployments", old.name, "missing_since", old.missing_since, None, source=self.origin)
            )
        seen_long_ago = not old.remote_seen_at or (
            bool(new.remote_seen_at) and first_day(new.remote_seen_at) - first_day(old.remote_seen_at) >= CONFIRM_AFTER
        )
        if new.remote_seen_at and (edited != old or seen_long_ago):
            edited = replace(edited, remote_seen_at=new.remote_seen_at)
        if old.registry == "" and edited != old:
            ours_now = [c.field for c in found.changes if c.kept]
            edited = replace(edited, local=tuple(dict.fromkeys([*old.local, *ours_now])))
        found.record = edited
        return found

    def measurement(self, new: Measurement, old: Measurement) -> Merged:
        """A measurement; one that a person corrected (`origin` is local) stands."""
        if old.origin == "local" and new.origin != "local":
            differs = not _same(old.value, new.value)
            name = f"{old.metric} · {old.version}"
            kept = FieldChange("measurements", name, "value", old.value, new.value, True, self.origin)
            return Merged(old, [kept] if differs else [])
        edited = replace(new, uid=old.uid, rev=old.rev)
        if replace(edited, as_of=old.as_of, value=old.value) == old and _same(edited.value, old.value):
            return Merged(old)
        return Merged(edited, self._fields("measurements", f"{old.metric} · {old.version}", old, edited))

    def metric(self, new: Metric, old: Metric) -> Merged:
        """The definition of a metric; one that a person changed stands."""
        if old.source == "local":
            return Merged(old)
        edited = replace(new, uid=old.uid, rev=old.rev)
        return Merged(edited, self._fields("metric_definitions", old.name, old, edited))

    def _fields(self, table: str, key: str, old: Any, new: Any) -> list[FieldChange]:
        return [
            FieldChange(
                table, key, f.name, _shown(getattr(old, f.name)), _shown(getattr(new, f.name)), False, self.origin
            )
            for f in fields(old)
            if not _same(getattr(old, f.name), getattr(new, f.name))
        ]


def released(record: Any, change: FieldChange) -> Any:
    """A record whose local edit of one field is given up for what the source says (`change` is a conflict)."""
    if isinstance(record, Version) and change.field.startswith("facts."):
        name = change.field.removeprefix("facts.")
        claims = tuple(c for c in record.facts.get(name, ()) if c.layer != "local")
        return replace(
            record, facts={n: c for n, c in record.facts.items() if n != name} | ({name: claims} if claims else {})
        )
    if isinstance(record, Version | Deployment):
        blank = type(record)("", "")
        local = tuple(n for n in record.local if n != change.field)
        return replace(record, local=local, **{change.field: getattr(blank, change.field)})
    return replace(record, origin="")


def _kept(new: Lineage, old: Lineage) -> Lineage:
    """A lineage with what was known before where the source says nothing now.

    Where a version came from never changes; a registry asks for it again only when it has reason to.
    """
    said = {name: value for name in _LINEAGE if (value := getattr(new, name)) and value != getattr(old, name)}
    return replace(old, **said) if said else old


def _words(scope: Scope) -> list[str]:
    """What a date holds for, where not for all."""
    tuned = {True: "fine-tuned", False: "not fine-tuned", None: ""}[scope.fine_tuned]
    return [word for word in (scope.sku, scope.region, tuned) if word]


def _still(old: Fact, new: Fact) -> bool:
    """True where a claim says what it said, within the time that a confirmation is not worth writing."""
    if not _same(old.value, new.value) or _apart_from_value(old) != _apart_from_value(new):
        return False
    return old.as_of == new.as_of or first_day(new.as_of) - first_day(old.as_of) < CONFIRM_AFTER


def _same(a: Json, b: Json) -> bool:
    """Equal as JSON: NaN is NaN, a tuple is a list, true is not 1."""
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, bool) != isinstance(b, bool):
        return False
    return bool(a == b) or (isinstance(a, float) and isinstance(b, float) and a != a and b != b)


def _shown(value: Any) -> Any:
    """A value as a person compares it: nothing where it is empty, a station in its words."""
    if isinstance(value, tuple) and value and isinstance(value[0], Station):
        return tuple(map(str, value))
    return None if value in ("", (), [], {}) else value
