"""Commands on versions, their facts, dates and measurements, and on metric definitions."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, cast, get_args

from store.engine import CommandError, Engine, UnknownName, new_uid
from store.records import (
    Certainty,
    Event,
    Fact,
    Json,
    Key,
    Lineage,
    Measurement,
    Metric,
    Observation,
    ObservationKind,
    Scope,
    Version,
)
from store.tables import Records


def nearest(name: str, names: Iterable[str], limit: int = 3) -> list[str]:
    """The names most like a mistyped one: those that contain it first, then by similarity."""
    pool = list(names)
    wanted = name.casefold()
    holding = [n for n in pool if wanted in n.casefold()]
    similar = difflib.get_close_matches(name, pool, limit, 0.6) if len(holding) < limit else []
    return list(dict.fromkeys([*sorted(holding, key=len), *similar]))[:limit]


class VersionCommands(Engine):
    """What may be done to versions."""

    @property
    def versions(self) -> Records[Version]:
        """All versions by key."""
        return self._tables["versions"]

    @property
    def metrics(self) -> Records[Metric]:
        """All metric definitions by name."""
        return self._tables["metric_definitions"]

    @property
    def measurements(self) -> Records[Measurement]:
        """All measurements by uid."""
        return self._tables["measurements"]

    def version(self, key: str) -> Version:
        """A version.

        Raises:
            UnknownName: no such key; with the nearest ones.
        """
        found = self.versions.get(key)
        if found is None:
            near = nearest(key, self.versions)
            hint = (
                f"; did you mean {' or '.join(near)}?" if near else "; register it first, or see `modeltui list --all`"
            )
            raise UnknownName(f"there is no version '{key}'{hint}")
        return found

    def register(
        self,
        key: str,
        *,
        released: date | None = None,
        changes: str = "",
        lineage: Lineage | None = None,
        metrics: Mapping[str, float] | None = None,
        facts: Mapping[str, Json] | None = None,
        use_case: str = "",
        why: str = "",
    ) -> Event | None:
        """Add a version of an own model (or fill in what is given where it is there), with its metrics.

        `metrics` become measurements of the day; `facts` local facts, `released` the release date.
        """
        Key.parse(key)
        known = {k: v for k, v in (facts or {}).items() if v is not None}
        if released is not None:
            known["release_date"] = released.isoformat()
        with self.command(f"register {key}", why) as draft:
            old = self.versions.get(key)
            version = old or Version(new_uid(), key, own=True)
            edited = replace(
                version,
                changes=changes or version.changes,
                lineage=_filled(version.lineage, lineage),
                facts=dict(version.facts) | {k: self._local_fact(version, k, v) for k, v in known.items()},
            )
            version = own_edits(edited, version)
            if old is None:
                draft.create(version)
            else:
                draft.put(version, old)
            for name, value in (metrics or {}).items():
                draft.create(
                    Measurement(new_uid(), name, value, key, use_case=use_case, measured_on=self.today, source="own")
                )
        return draft.event

    def edit_version(self, version: Version, base: Version, why: str = "") -> Event | None:
        """Write an edited version; fields that others changed meanwhile are merged or raise Conflict."""
        with self.command(f"edit {version.key}", why) as draft:
            draft.put(own_edits(version, base), base)
        return draft.event

    def add_version(self, version: Version, why: str = "") -> Event | None:
        """Add a version from a form or a file, as validated."""
        with self.command(f"add {version.key}", why) as draft:
            draft.create(version)
        return draft.event

    def delete_version(self, key: str, why: str = "") -> Event | None:
        """Remove a version with its measurements.

        Raises:
            CommandError: it is assigned or part of an upgrade.
        """
        with self.command(f"delete {key}", why) as draft:
            version = self.version(key)
            users = [a.use_case for a in self._tables["assignments"].of_version(key)]
            upgrades = [u.use_case for u in self._tables["upgrades"].records() if key in (u.from_version, u.to_version)]
            if users or upgrades:
                names = ", ".join(dict.fromkeys([*users, *upgrades]))
                raise CommandError(f"{key} cannot be deleted: {names} names it; archive it there instead")
            for measurement in self._tables["measurements"].of_version(key):
                draft.delete(measurement)
            draft.delete(version)
        return draft.event

    def set_fact(self, key: str, name: str, value: Json, *, source: str = "own", why: str = "") -> Event | None:
        """Set a local fact, which wins over what registries say; None releases the field to them again.

        Raises:
            UnknownName: no such version.
            Conflict: somebody set the same fact meanwhile; nothing was changed.
        """
        before = self.version(key)
        said = [] if value is None else [Fact(value, source, self.today.isoformat(), layer="local", origin="local")]
        with self.command(f"set {name} of {key}", why) as draft:
            now = self.version(key)
            if _own(now, name) == _own(before, name):
                before = now  # what a registry says of it meanwhile is no reason to refuse
            claims = (*said, *(c for c in before.facts.get(name, ()) if c.layer != "local"))
            facts = {k: v for k, v in before.facts.items() if k != name} | ({name: claims} if claims else {})
            draft.put(replace(before, facts=facts), before)
        return draft.event

    def observe(
        self,
        key: str,
        value: date | None,
        *,
        kind: str = "retire",
        certainty: str = "user",
        source: str = "own",
        url: str = "",
        scope: Scope | None = None,
        why: str = "",
    ) -> Event | None:
        """Add a date observation of the user's own; None records that no date is published as of today."""
        if value is None:
            return self.set_fact(key, "no_date_published", True, source=source, why=why)
        for given, known in ((kind, get_args(ObservationKind)), (certainty, get_args(Certainty))):
            if given not in known:
                raise CommandError(f"'{given}' is not known here; write one of {', '.join(known)}")
        self.version(key)
        seen = Observation(
            cast(ObservationKind, kind),
            value,
            cast(Certainty, certainty),
            source,
            "user" if certainty == "user" else source,
            self.today.isoformat(),
            scope or Scope(),
            url,
            100,
            origin="local",
        )
        with self.command(f"observe {kind} {value} for {key}", why) as draft:
            version = self.version(key)
            draft.put(replace(version, observations=(*version.observations, seen)), version)
        return draft.event

    def tag(
        self, keys: Iterable[str], add: Iterable[str] = (), remove: Iterable[str] = (), why: str = ""
    ) -> Event | None:
        """Add and remove tags on several versions at once."""
        added, removed = tuple(add), frozenset(remove)
        with self.command(
            f"tag {', '.join(['+' + t for t in added] + ['-' + t for t in sorted(removed)])}", why
        ) as draft:
            for key in keys:
                version = self.version(key)
                tags = tuple(dict.fromkeys(t for t in (*version.tags, *added) if t not in removed))
                draft.put(own_edits(replace(version, tags=tags), version), version)
        return draft.event

    # ── measurements ──

    def measure(self, measurement: Measurement, why: str = "") -> Event | None:
        """Add a measurement of a known version."""
        self.version(measurement.version)
        with self.command(f"measure {measurement.metric} of {measurement.version}", why) as draft:
            draft.create(measurement)
        return draft.event

    def edit_measurement(self, measurement: Measurement, base: Measurement, why: str = "") -> Event | None:
        """Write an edited measurement, which is the person's own from then on."""
        with self.command(f"edit {measurement.metric} of {measurement.version}", why) as draft:
            draft.put(replace(measurement, origin="local"), base)
        return draft.event

    def delete_measurement(self, measurement: Measurement, why: str = "") -> Event | None:
        """Remove a measurement."""
        with self.command(f"delete {measurement.metric} of {measurement.version}", why) as draft:
            draft.delete(measurement)
        return draft.event

    def define_metric(self, metric: Metric, why: str = "") -> Event | None:
        """Add or change the definition of a metric; from then on it is judged by its direction."""
        with self.command(f"define metric {metric.name}", why) as draft:
            old = self.metrics.get(metric.name)
            if old is None:
                draft.create(replace(metric, uid=metric.uid or new_uid()))
            else:
                draft.put(replace(metric, uid=old.uid), old)
        return draft.event

    def _local_fact(self, version: Version, name: str, value: Json) -> tuple[Fact, ...]:
        others = tuple(c for c in version.facts.get(name, ()) if c.layer != "local")
        return (Fact(value, "own", self.today.isoformat(), layer="local", origin="local"), *others)


def _own(version: Version, fact: str) -> tuple[Fact, ...]:
    return tuple(c for c in version.facts.get(fact, ()) if c.layer == "local")


def _filled(old: Lineage, new: Lineage | None) -> Lineage:
    if new is None:
        return old
    given: dict[str, Any] = {n: getattr(new, n) for n in new.__slots__ if getattr(new, n)}
    return replace(old, **given)


def own_edits(new: Version, base: Version) -> Version:
    """The edited version with the names of the plain fields that a person set, which a sync then leaves alone."""
    names = ("changes", "links", "lineage", "tags", "api_ids", "alias_of", "same_as", "own", "note")
    edited = (n for n in names if getattr(new, n) != getattr(base, n))
    return replace(new, local=tuple(dict.fromkeys([*new.local, *edited])))
