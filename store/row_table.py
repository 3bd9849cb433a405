"""The rows of the catalog by position: those in use, then one per version that no use case runs, by key.

Of 100,000 versions forty stand on the screen. The others are a key, the text that words search, and what they share
with many others; a row is made of that when it is asked for.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import overload

from store.ordering import in_turns
from store.rows import Head, Lookup, Row, Traits, searched, version_row

MADE = 2_000
"""Rows of versions that are remembered once they were asked for."""


class Versions:
    """The versions without a row in use: columns in the order of their keys."""

    def __init__(self, heads: Mapping[str, Head]) -> None:
        self.keys = in_turns(heads)
        self._shared: dict[Traits, Traits] = {}
        self.traits = [self._share(heads[key].traits) for key in self.keys]
        self.texts = [searched(heads[key]) for key in self.keys]

    def find(self, key: str) -> int | None:
        """Where a version stands."""
        at = bisect_left(self.keys, key)
        return at if at < len(self.keys) and self.keys[at] == key else None

    def put(self, head: Head) -> bool:
        """Take in a version, or what is new of it; True where it is one more."""
        at = bisect_left(self.keys, head.key)
        new = at == len(self.keys) or self.keys[at] != head.key
        if new:
            self.keys.insert(at, head.key)
            self.traits.insert(at, head.traits)
            self.texts.insert(at, "")
        self.traits[at], self.texts[at] = self._share(head.traits), searched(head)
        return new

    def drop(self, key: str) -> bool:
        """Let go of a version; True where it stood here."""
        at = self.find(key)
        if at is None:
            return False
        del self.keys[at], self.traits[at], self.texts[at]
        return True

    def _share(self, traits: Traits) -> Traits:
        return self._shared.setdefault(traits, traits)


class Rows(Sequence[Row]):
    """All rows; one that was made is remembered for a while."""

    def __init__(self, used: Iterable[Row], versions: Versions, lookup: Lookup) -> None:
        self.used = list(used)
        self._versions, self._lookup = versions, lookup
        self._made: dict[int, Row] = {}

    def __len__(self) -> int:
        return len(self.used) + len(self._versions.keys)

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> list[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | list[Row]:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        used = len(self.used)
        if -len(self) <= at < 0:
            at += len(self)
        if at < used:
            return self.used[at]
        row = self._made.get(at)
        if row is None:
            row = version_row(self._versions.keys[at - used], self._versions.traits[at - used], self._lookup)
            if len(self._made) >= MADE:
                self._made.clear()
            self._made[at] = row
        return row

    def forget(self, at: int | None = None) -> None:
        """Make a version's row anew when it is next asked for, or every one."""
        if at is None:
            self._made.clear()
        else:
            self._made.pop(at, None)
