"""How a document differs from another, field by field, and how a change is applied or taken back.

A path names a field by its keys joined with dots (`items.D01.state`); a dot inside a key is written `\\.`. Lists are
one value. Absent and null are the same: a field at its default is not written.
"""

from __future__ import annotations

from collections.abc import Iterator

from store.records import Doc, Json
from store.values import dataclass


class Conflict(Exception):
    """Somebody else changed the same field meanwhile: `field`, `mine`, `theirs` and the common `base`."""

    def __init__(self, key: str, field: str, mine: Json, theirs: Json, base: Json):
        self.key, self.field, self.mine, self.theirs, self.base = key, field, mine, theirs, base
        super().__init__(
            f"{key}: '{field}' was changed elsewhere to {_short(theirs)} while you changed {_short(base)} to "
            f"{_short(mine)}; look at it again and repeat the edit"
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs: None stands for absent."""

    path: str
    before: Json
    after: Json


def diff(before: Doc, after: Doc, prefix: str = "") -> Iterator[Difference]:
    """Yield what differs, deepest dictionaries first, in the order of the fields."""
    for name in [*before, *(k for k in after if k not in before)]:
        old, new = before.get(name), after.get(name)
        if old == new and type(old) is type(new):
            continue
        path = prefix + name.replace(".", "\\.")
        if isinstance(old, dict) and isinstance(new, dict):
            yield from diff(old, new, path + ".")
        elif old != new or isinstance(old, bool) != isinstance(new, bool):
            yield Difference(path, old, new)


def get(doc: Doc, path: str) -> Json:
    """The value at a path, None where there is none."""
    value: Json = doc
    for name in _names(path):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def put(doc: Doc, path: str, value: Json) -> None:
    """Set the value at a path in place; None removes it, and containers that get empty with it."""
    *parents, last = _names(path)
    trail = [doc]
    for name in parents:
        child = trail[-1].get(name)
        if not isinstance(child, dict):
            if value is None:
                return
            child = trail[-1][name] = {}
        trail.append(child)
    if value is not None:
        trail[-1][last] = value
        return
    trail[-1].pop(last, None)
    for name, parent, child in zip(reversed(parents), reversed(trail[:-1]), reversed(trail[1:]), strict=True):
        if child:
            break
        parent.pop(name, None)


def merge(key: str, base: Doc, mine: Doc, theirs: Doc) -> list[Difference]:
    """What of `mine` against `base` is still to be applied to `theirs`: disjoint fields merge, equal edits vanish.

    Raises:
        Conflict: the same field was changed to something else.
    """
    wanted = []
    for d in diff(base, mine):
        now = get(theirs, d.path)
        if now == d.after:
            continue
        if now != d.before:
            raise Conflict(key, d.path, d.after, now, d.before)
        wanted.append(d)
    return wanted


def _names(path: str) -> list[str]:
    return [part.replace("\0", ".") for part in path.replace("\\.", "\0").split(".")]


def _short(value: Json) -> str:
    text = "nothing" if value is None else str(value)
    return f"'{text}'" if len(text) <= 60 else f"'{text[:57]}…'"
