"""Commands on registries: which remotes are asked, with names of secrets but never a secret; accepting drift."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from store import review
from store.commands.items import ItemCommands
from store.commands.versions import nearest
from store.engine import CommandError, UnknownName, new_uid
from store.records import Deployment, Event, Registry, Version
from store.tables import Records

if TYPE_CHECKING:
    from store.review.drift import Difference


class RegistryCommands(ItemCommands):
    """What may be done to registries."""

    @property
    def registries(self) -> Records[Registry]:
        """All configured registries by name."""
        return self._tables["registries"]

    def registry(self, name: str) -> Registry:
        """A registry.

        Raises:
            UnknownName: no such name; with the nearest ones.
        """
        found = self.registries.get(name)
        if found is None:
            near = nearest(name, self.registries)
            hint = f"did you mean {' or '.join(near)}?" if near else "see: modeltui registries list"
            raise UnknownName(f"there is no registry '{name}'; {hint}")
        return found

    def add_registry(self, registry: Registry, why: str = "") -> Event | None:
        """Add a registry.

        Raises:
            CommandError: the name, kind or the name of a secret cannot be used.
        """
        _check(registry)
        with self.command(f"add registry {registry.name}", why) as draft:
            draft.create(replace(registry, uid=registry.uid or new_uid()))
        return draft.event

    def edit_registry(self, registry: Registry, base: Registry, why: str = "") -> Event | None:
        """Write an edited registry; its name stays, because facts and versions are kept under it."""
        if registry.name != base.name:
            raise CommandError(f"a registry keeps its name; add {registry.name} and remove {base.name} instead")
        _check(registry)
        with self.command(f"edit registry {registry.name}", why) as draft:
            draft.put(registry, base)
        return draft.event

    def remove_registry(self, name: str, why: str = "") -> Event | None:
        """Remove a registry; what it delivered stays, and is no longer refreshed."""
        registry = self.registry(name)
        with self.command(f"remove registry {name}", why) as draft:
            draft.delete(registry)
        return draft.event

    # ── own values ──

    def own_fields(self, key: str) -> list[str]:
        """The fields of a version or deployment that a person set, so that no sync changes them; facts by their name.

        Raises:
            UnknownName: there is neither a version nor a deployment of that name.
        """
        record = self._version_or_deployment(key)
        facts = record.facts if isinstance(record, Version) else {}
        return [*record.local, *(name for name, claims in facts.items() if any(c.layer == "local" for c in claims))]

    def release(self, key: str, field: str, why: str = "") -> Event | None:
        """Give up a person's own value of one field, so that what a registry says counts again.

        A fact falls back at once to what was said of it last. Any other field keeps its value until the next sync,
        which then changes it without a conflict.

        Raises:
            UnknownName: there is neither a version nor a deployment of that name.
            CommandError: the field is nobody's own, or no registry says anything of it.
        """
        name = field.removeprefix("facts.")
        with self.command(f"release {name} of {key}", why) as draft:
            draft.put(self.without_own(key, name), self._version_or_deployment(key))
        return draft.event

    def without_own(self, key: str, field: str) -> Version | Deployment:
        """A version or deployment as `release` would make it: changes nothing, and raises what that raises."""
        record, name = self._version_or_deployment(key), field.removeprefix("facts.")
        own = self.own_fields(key)
        if name not in own:
            there = f"your own are: {', '.join(own)}" if own else "none of its fields is"
            raise CommandError(f"{name} of {key} is not a value of your own; {there}")
        if name in record.local:
            if not record.registry:
                raise CommandError(f"{key} comes from no registry, so nothing would fill {name}; edit it instead")
            return replace(record, local=tuple(n for n in record.local if n != name))
        assert isinstance(record, Version), "only a version has facts"
        said = tuple(c for c in record.facts[name] if c.layer != "local")
        if not said and not record.registry:
            raise CommandError(f"nobody else says {name} of {key}, so nothing would fill it; edit it instead")
        rest = {n: claims for n, claims in record.facts.items() if n != name}
        return replace(record, facts=rest | ({name: said} if said else {}))

    def _version_or_deployment(self, key: str) -> Version | Deployment:
        place = None if key in self._tables["versions"] else self._tables["deployments"].get(key)
        return self.version(key) if place is None else place

    # ── drift ──

    def drift_of(self, uid: str) -> Difference | None:
        """Where an assignment differs from what its deployment or registry says, None where they agree."""
        assignment = self.assignments[uid]
        return next(review.drift.drift(self.snapshot(), [assignment], self.today), None)

    def accept_drift(self, uid: str, why: str = "") -> Event | None:
        """Record what runs instead of what was recorded: the other version, or the other stage.

        Nothing is carried over: what was measured for the old version says nothing about the new one, so the gate says
        INCONCLUSIVE until it is measured. Where an upgrade to that version is open, its gate was passed over, and the
        assignment keeps saying so.

        Raises:
            CommandError: they agree, or the version that runs is not known here.
        """
        seen = self.drift_of(uid)
        a = self.assignments[uid]
        if seen is None:
            raise CommandError(f"{a.version} in {a.use_case} runs as it is recorded; there is nothing to accept")
        key = seen.accept or a.version
        if key not in self.versions:
            raise CommandError(f"{key} is not known here; sync its registry or register it first")
        stage = a.stage
        if seen.field == "stage" or not a.in_use:
            said = review.drift.stages_said(seen.remote, a.use_case)
            stage = next((s for s in ("Production", "Staging", "Archived") if s in said), "")
            stage = stage or "Production"
        forced = stage == "Production" and any(
            u.state == "open" and (u.use_case, u.to_version) == (a.use_case, key) for u in self.upgrades.records()
        )
        with self.command(f"accept {key} as what runs in {a.use_case}", why or seen.cause) as draft:
            share = a.share if a.in_use else 100
            if key != a.version and stage != "Archived":
                draft.put(replace(a, stage="Archived"), a)
            self._assign(
                draft, a.use_case, key, stage, share, a.deployment, self.today, seen=True, forced=forced, room=a.in_use
            )
        return draft.event


def _check(registry: Registry) -> None:
    from store.registries.adapter import KINDS
    from store.registries.errors import RemoteError
    from store.registries.secrets import check_address, check_reference

    if not registry.name.strip() or "/" in registry.name or registry.name.startswith(("import:", "-")):
        raise CommandError(f"'{registry.name}' is not a registry name: it becomes the provider in keys, so it has no /")
    if registry.kind not in KINDS:
        raise CommandError(f"there is no kind of registry '{registry.kind}'; there are {', '.join(KINDS)}")
    for text in (registry.address, *map(str, registry.settings.values())):
        try:
            check_address(text)
        except RemoteError as error:
            raise CommandError(f"{registry.name}: {error}") from error
    for name, reference in registry.secrets.items():
        try:
            check_reference(reference)
        except RemoteError as error:
            raise CommandError(f"{name}: {error}") from error
