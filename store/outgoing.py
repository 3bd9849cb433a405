"""What goes out to a registry: what we say runs, and each single thing that would be written there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from store.formats.published import Published
from store.records import Deployment, Json, Upgrade, UseCase, Version
from store.values import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """A version of this registry in a use case, as we have it."""

    version: Version
    said: Published


@dataclass(frozen=True, slots=True)
class SharedUseCase:
    """A use case with what runs in it: version and deployment to stage, share and the rest of each assignment."""

    use_case: UseCase
    runs: Mapping[str, Mapping[str, Json]]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """All that may be published: `standings` for a registry of models, `shared` for a folder.

    `versions` are those of this registry by key, with the facts that the last sync brought: what was seen there.
    `seen` is what a folder's files said last, by file and field, as hashes. `take_ours` settles conflicts; `push` lets
    what is made in a clone leave this machine.
    """

    standings: Sequence[Standing] = ()
    versions: Mapping[str, Version] = field(default_factory=dict)
    shared: Sequence[SharedUseCase | Deployment | Upgrade] = ()
    seen: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    take_ours: bool = False
    push: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """One thing to write: `field` of `subject`, from what stands there to what we say; None is nothing.

    Where one file has several fields to write, `before` and `after` have them by name. `conflict` says that somebody
    changed it there since it was last seen here; then it is not written. `how` is for the one who writes it.
    """

    subject: str
    field: str
    before: Any
    after: Any
    conflict: bool = False
    how: Any = None


@dataclass(frozen=True, slots=True)
class Sending:
    """How a write goes out: `push` lets what is made in a clone leave this machine (git), `why` is the reason given."""

    push: bool = False
    why: str = ""


@dataclass(slots=True)
class Writes:
    """The writes of a registry in their order, with remarks; `seen` are a folder's files as they would then be."""

    writes: list[Write] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seen: dict[str, dict[str, str]] = field(default_factory=dict)
