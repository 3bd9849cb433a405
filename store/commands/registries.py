"""Commands on registries: which remotes are asked, with names of secrets but never a secret."""

from __future__ import annotations

from dataclasses import replace

from store.commands.items import ItemCommands
from store.commands.versions import nearest
from store.engine import CommandError, UnknownName, new_uid
from store.records import Event, Registry
from store.registries.adapter import KINDS
from store.registries.errors import RemoteError
from store.registries.secrets import check_reference
from store.tables import Records


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


def _check(registry: Registry) -> None:
    if not registry.name.strip() or "/" in registry.name or registry.name.startswith(("import:", "-")):
        raise CommandError(f"'{registry.name}' is not a registry name: it becomes the provider in keys, so it has no /")
    if registry.kind not in KINDS:
        raise CommandError(f"there is no kind of registry '{registry.kind}'; there are {', '.join(KINDS)}")
    for name, reference in registry.secrets.items():
        try:
            check_reference(reference)
        except RemoteError as error:
            raise CommandError(f"{name}: {error}") from error
