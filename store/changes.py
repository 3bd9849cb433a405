"""How a document differs from another, field by field, and how a change is applied or taken back.

A path names a field by its keys joined with dots (`items.D01.state`); a dot inside a key is written `\\.`. Lists are
one value. Absent and null are the same: a field at its default is not written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from store.records import Doc, Json
from store.values import dataclass


@dataclass(frozen=True, slots=True)
class Clash:
    """A field that somebody else changed meanwhile: what is wanted, what stands there now, and the common base.

    `field` is `*` for a record as a whole, None stands for absent.
    """

    key: str
    field: str
    mine: Json
    theirs: Json
    base: Json


class Conflict(Exception):
    """Somebody else changed the same fields meanwhile; nothing was written. `clashes` are all of them."""

    def __init__(self, clashes: Sequence[Clash], sentence: str = ""):
        self.clashes = tuple(clashes)
        super().__init__(sentence or self._said())

    def _said(self) -> str:
        first, more = self.clashes[0], len(self.clashes) - 1
        others = f" ({more} more field{'s' if more > 1 else ''} as well)" if more else ""
        return (
            f"{first.key}: '{first.field}' was changed elsewhere to {short(first.theirs)} while you changed "
            f"{short(first.base)} to {short(first.mine)}{others}; look at it again and repeat the edit"
        )


class Outdated(Conflict):
    """A plan that was shown is older than what is there now: it is to be made and looked at again."""


class NotTakenBack(Conflict):
    """What a command did cannot simply be taken back: it was changed since (`clashes`), or others need it."""


@dataclass(frozen=True, slots=True)
class Settled:
    """How a person answered a conflict: the clashes that were shown, and whether `mine` stands or what is there."""

    clashes: tuple[Clash, ...]
    mine: bool


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


def merge(key: str, base: Doc, mine: Doc, theirs: Doc, settled: Settled | None = None) -> list[Difference]:
    """What of `mine` against `base` is still to be applied to `theirs`: disjoint fields merge, equal edits vanish.

    Raises:
        Conflict: fields were changed to something else, and `settled` does not say which value stands.
    """
    wanted, open_ = [], []
    for d in diff(base, mine):
        now = get(theirs, d.path)
        if now == d.after:
            continue
        clash = Clash(key, d.path, d.after, now, d.before)
        if now == d.before:
            wanted.append(d)
        elif settled is None or clash not in settled.clashes:
            open_.append(clash)
        elif settled.mine:
            wanted.append(d)
    if open_:
        raise Conflict(open_)
    return wanted


def _names(path: str) -> list[str]:
    return [part.replace("\0", ".") for part in path.replace("\\.", "\0").split(".")]


def said(value: Json) -> str:
    """A value as a person reads it: of the claims about a fact, the values and who says so."""
    if isinstance(value, list):
        return ", ".join(map(said, value))
    if not isinstance(value, dict):
        return str(value)
    if "value" in value and "source" in value:
        return f"{said(value['value'])} ({value['source']})"
    return "; ".join(f"{name} {said(part)}" for name, part in value.items())


def short(value: Json) -> str:
    """A value in a sentence, in quotes and never long."""
    if value is None:
        return "nothing"
    text = said(value)
    return f"'{text}'" if len(text) <= 60 else f"'{text[:57]}…'"
