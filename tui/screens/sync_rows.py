"""What the Sync screen shows as rows: registries, then each plan field by field, then the inbox."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from itertools import accumulate
from typing import Any, TypeVar

from store.records import Assignment, Deployment, Measurement, Registry, Version, to_doc
from store.sync import Drift, FieldChange, Plan
from store.sync_run import Reading, Run
from store.values import dataclass
from tui.commands.sync_answers import drift_line, kind_of, name_of, short, since
from tui.text import Cell, Styled, measured
from tui.widgets.table import Column, Section, Wide

T = TypeVar("T")
Painted = Sequence[Cell] | Wide

COLUMNS = (
    Column("what", "What", 36, 22, grow=2),
    Column("field", "Field", 22, 9),
    Column("ours", "Here", 28, 12, grow=1),
    Column("theirs", "There", 28, 12, grow=1),
    Column("source", "Source", 16, 6, drop=1),
)
DRIFTING = "running otherwise than recorded · s settles, w says why"


@dataclass(frozen=True, slots=True)
class Line:
    """What stands behind a row: the registry it is of, and the thing itself."""

    registry: str
    thing: Any
    kind: str


@dataclass(frozen=True, slots=True)
class Part:
    """Rows under one heading. `paint` makes the cells of a thing that comes into sight: a plan may have thousands."""

    key: str
    title: Cell
    registry: str
    kind: str
    rows: Mapping[str, Any]
    paint: Callable[[Any], Painted]

    @classmethod
    def of(
        cls, key: str, title: Cell, registry: str, kind: str, things: Iterable[Any], paint: Callable[[Any], Painted]
    ) -> Part:
        """A part with a name for each of its rows."""
        return cls(key, title, registry, kind, named(f"{registry}|{kind}", things), paint)


def named(head: str, things: Iterable[Any]) -> dict[str, Any]:
    """The things, each by a name of its own that stays the same while the others come and go."""
    found: dict[str, Any] = {}
    for thing in things:
        name = f"{head}|{_name(thing)}"
        while name in found:
            name += "'"
        found[name] = thing
    return found


@dataclass(slots=True)
class SyncState:
    """What the screen keeps while another place is in front: the plans, and what is being read."""

    runs: dict[str, Run] = field(default_factory=dict)
    plans: dict[str, Plan] = field(default_factory=dict)
    parts: dict[str, list[Part]] = field(default_factory=dict)
    reading: Reading | None = None
    progress: dict[str, str] = field(default_factory=dict)

    @property
    def news(self) -> bool:
        """True where applying would change something."""
        return any(not plan.empty for plan in self.plans.values())

    def take(self, run: Run, planned: tuple[Plan, list[Part]] | None) -> None:
        """Keep how a run went and what it would change; what it delivered only as long as that may be applied."""
        name = run.registry.name
        self.drop(name)
        wanted = planned is not None and (not planned[0].empty or bool(planned[0].unmatched))
        self.runs[name] = run if wanted else replace(run, delivery=None)
        if planned is not None:
            self.plans[name], self.parts[name] = planned

    def drop(self, name: str) -> None:
        """Forget the plan of a registry, and what it was made of, which may be large."""
        self.plans.pop(name, None)
        self.parts.pop(name, None)
        if name in self.runs:
            self.runs[name] = replace(self.runs[name], delivery=None)


class SyncRows:
    """The rows of the screen, and what stands behind each; a row costs something only in sight."""

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._starts: list[int] = []
        self._keys: list[list[str]] = []

    def put(
        self,
        registries: Sequence[Registry],
        state: SyncState,
        inbox: Sequence[Deployment],
        drifting: Sequence[Drift],
        now: datetime,
        *,
        offline: bool,
    ) -> list[Section]:
        """Take in what is known; the sections to show."""
        title = Styled("  offline: nothing is asked", "warn") if offline else Styled("")
        parts = [
            Part.of(
                "registries", [Styled("Registries"), title], "", "registry",
                _with_below(registries, lambda r: _trouble(r, state)), lambda r: _registry(r, state, now),
            ),
            *(part for name in state.plans for part in state.parts.get(name, ())),
        ]  # fmt: skip
        if drifting:
            parts.append(_drift_part("drift", Styled(f"{len(drifting)} {DRIFTING}"), "", drifting))
        many = f"{len(inbox)} deployment{'s' if len(inbox) > 1 else ''}"
        title = Styled(f"Inbox  {many} without a use case · s assigns")
        parts.append(Part.of("inbox", title, "", "inbox", inbox, _waiting))
        self._parts = [part for part in parts if part.rows]
        self._keys = [list(part.rows) for part in self._parts]
        self._starts = list(accumulate((len(keys) for keys in self._keys), initial=0))
        return [
            Section(range(first, first + len(part.rows)), part.key, part.title)
            for first, part in zip(self._starts, self._parts, strict=False)
        ]

    def line(self, key: str) -> Line | None:
        """What stands behind a row."""
        part = next((part for part in self._parts if key in part.rows), None)
        if part is None:
            return None
        thing = part.rows[key]
        return Line(part.registry, thing.of if isinstance(thing, Below) else thing, part.kind)

    # ── what the table asks ──

    def __len__(self) -> int:
        return self._starts[-1] if self._starts else 0

    def key(self, row: int) -> str:
        """The name of a row."""
        nth, offset = self._at(row)
        return self._keys[nth][offset]

    def cells(self, row: int) -> Painted:
        """The cells of a row."""
        part, thing = self._thing(row)
        return Wide(thing.text) if isinstance(thing, Below) else part.paint(thing)

    def selectable(self, row: int) -> bool:
        """The cursor passes over what stands below a row."""
        return not isinstance(self._thing(row)[1], Below)

    def row(self, key: str) -> int | None:
        """The row of a name."""
        for first, part, keys in zip(self._starts, self._parts, self._keys, strict=False):
            if key in part.rows:
                return first + keys.index(key)
        return None

    def _at(self, row: int) -> tuple[int, int]:
        nth = bisect_right(self._starts, row) - 1
        return nth, row - self._starts[nth]

    def _thing(self, row: int) -> tuple[Part, Any]:
        nth, offset = self._at(row)
        return self._parts[nth], self._parts[nth].rows[self._keys[nth][offset]]


@dataclass(frozen=True, slots=True)
class Below:
    """A text over the whole width below a row, about the same thing."""

    of: Any
    text: Cell


def _with_below(things: Iterable[T], below: Callable[[T], Cell | None]) -> Iterator[T | Below]:
    for thing in things:
        yield thing
        if (said := below(thing)) is not None:
            yield Below(thing, said)


def plan_parts(name: str, plan: Plan) -> list[Part]:
    """A plan field by field, with what has to be decided first; it takes a while where it has thousands."""

    def part(kind: str, words: str, things: Sequence[Any], paint: Callable[[Any], Painted]) -> Part:
        return Part.of(f"{name}|{kind}", _title(name, len(things), words), name, kind, things, paint)

    return [
        part("conflict", "in conflict with your own values · < keeps ours, > takes theirs", plan.conflicts,
             lambda c: _conflict(c, plan)),
        _drift_part(f"{name}|drift", _title(name, len(plan.drift), DRIFTING), name, plan.drift),
        part("gone", "gone at the source · flagged, not deleted", plan.missing, _gone),
        part("changed", "changed", plan.updates, _changed),
        part("added", "new", plan.added, _added),
        part("unmatched", "not known here · space marks those to bring in", plan.unmatched,
             lambda v: _unmatched(v, plan)),
    ]  # fmt: skip


def _title(name: str, count: int, words: str) -> Cell:
    return [Styled(name, "strong"), Styled(f"  {count:,} {words}")]


def _drift_part(key: str, title: Cell, registry: str, drift: Iterable[Drift]) -> Part:
    """What runs otherwise, and below each, in full, what is likely to have happened."""
    things = _with_below(drift, lambda d: [Styled(f"  {d.cause}", "dim")] if d.cause else None)
    return Part.of(key, title, registry, "drift", things, _drift)


def _name(thing: Any) -> str:
    if isinstance(thing, Below):
        return f"{_name(thing.of)} …"
    if isinstance(thing, FieldChange):
        return "|".join(thing.at)
    if isinstance(thing, Drift):
        return f"{thing.use_case}|{thing.deployment}|{thing.field}"
    return name_of(thing)


# ── cells ──


def _registry(r: Registry, state: SyncState, now: datetime) -> list[Cell]:
    run, plan, asked = state.runs.get(r.name), state.plans.get(r.name), state.progress.get(r.name)
    took = (run.requests, run.seconds) if run is not None else (r.requests, r.seconds)
    said: Cell = since(r.last_run, now)
    if asked is not None:
        said = Styled(asked, "accent")
    elif plan is not None:
        said = Styled("nothing new", "good") if plan.empty else Styled(_counts(plan), "accent")
    source = f"{took[0]} req · {took[1]:.1f} s" if r.last_run or run is not None else ""
    where = Styled(r.address or "its usual address", "dim")
    return [Styled(r.name, "strong"), r.kind, said, where, Styled(source, "dim")]


def _trouble(r: Registry, state: SyncState) -> Cell | None:
    """What is wrong with a registry, in full."""
    run = state.runs.get(r.name)
    error = run.error if run is not None else r.last_error
    return [Styled("  fails  ", "bad"), Styled(error)] if error and r.name not in state.progress else None


def _counts(plan: Plan) -> str:
    counts = (
        (len(plan.conflicts), "in conflict"), (len(plan.added), "new"), (len(plan.updates), "changed"),
        (len(plan.missing), "gone"),
    )  # fmt: skip
    return ", ".join(f"{n:,} {word}" for n, word in counts if n) or "confirmations"


def _changed(c: FieldChange) -> list[Cell]:
    before, after = short(c.before), short(c.after)
    if isinstance(c.before, list | tuple) and isinstance(c.after, list | tuple):
        left, joined = ([str(w) for w in a if w not in b] for a, b in ((c.before, c.after), (c.after, c.before)))
        if left or joined:  # of two lists only what differs
            before, after = short([f"− {word}" for word in left]), short([f"+ {word}" for word in joined])
    return [c.key, _field(c), Styled(before or "—", "dim"), after or "—", Styled(c.source, "dim")]


def _conflict(c: FieldChange, plan: Plan) -> list[Cell]:
    theirs = c.at in plan.take
    ours = Styled(f"{'  ' if theirs else '● '}{short(c.before)}", "dim" if theirs else "good")
    there = Styled(f"{'● ' if theirs else '  '}{short(c.after)}", "warn" if theirs else "dim")
    return [c.key, _field(c), ours, there, Styled(c.source, "dim")]


def _drift(d: Drift) -> list[Cell]:
    model, ours, theirs = _apart(d.recorded, d.remote)
    seen = Styled(f"seen {d.seen_at[:10]}" if d.seen_at else "", "dim")
    return [f"{d.use_case} · {d.deployment}", model or d.field, ours, Styled(theirs, "bad"), seen]


def _apart(recorded: str, remote: str) -> tuple[str, str, str]:
    """The model where both are versions of one, and what differs, which a narrow column would cut off the end."""
    ours, theirs = recorded.rpartition("@"), remote.rpartition("@")
    if ours[0] and ours[0] == theirs[0]:
        return ours[0].partition("/")[2], f"@{ours[2]}", f"@{theirs[2]}"
    return "", recorded, remote


def _gone(r: Version | Deployment) -> list[Cell]:
    return [name_of(r), "", Styled("stays, flagged", "warn"), Styled("not listed", "bad"), ""]


def _added(r: Any) -> list[Cell]:
    """A new record with what matters most about it."""
    said: Cell = ""
    if isinstance(r, Measurement):
        said = measured(r.value)
    elif isinstance(r, Deployment):
        said = r.remote_version
    elif isinstance(r, Assignment):
        said = r.stage
    return [Styled(name_of(r), "good"), kind_of(r), "", said, Styled(getattr(r, "dataset", ""), "dim")]


def _unmatched(v: Version, plan: Plan) -> list[Cell]:
    wanted = Styled("comes in", "good") if v.key in plan.wanted else Styled("left out", "dim")
    prices = (v.value("price_input"), v.value("price_output"))
    said = " / ".join("—" if p is None else f"${p:g}" for p in prices)
    return [v.key, "", wanted, Styled(said, "dim"), ""]


def _waiting(d: Deployment) -> list[Cell]:
    where = " · ".join(part for part in (d.platform, d.sku, d.region) if part)
    return [Styled(d.name, "strong"), "", Styled("no use case", "warn"), d.remote_version, Styled(where, "dim")]


def _field(c: FieldChange) -> str:
    return c.field.removeprefix("facts.")


def about(line: Line) -> str:
    """All that a row says, uncut, for `w`."""
    thing = line.thing
    if isinstance(thing, FieldChange):
        rule = (
            "You set this field yourself, so it stays. > takes theirs: your value is given up for the registry's."
            if thing.kept
            else "A registry's value stands below an imported one and below your own."
        )
        said = f"{thing.key}\n{thing.field}\n\nhere    {thing.before}\nthere   {thing.after}\nsource  {thing.source}"
        return f"{said}\n\n{rule}"
    if isinstance(thing, Drift):
        cause = f"\n{thing.cause}" if thing.cause else ""
        rule = "What is recorded is never moved by a sync. s records what runs, or opens an upgrade back."
        return f"{drift_line(thing)}{cause}\n\n{rule}"
    if isinstance(thing, Registry):
        secrets = "\n".join(f"secret  {name} from {where}" for name, where in thing.secrets.items())
        settings = "\n".join(f"set     {name}={value}" for name, value in thing.settings.items())
        head = f"{thing.name} · {thing.kind}\n{thing.address or 'its usual address'}\n{settings}\n{secrets}".rstrip()
        told = f"\npublished {thing.last_published}" if thing.last_published else ""
        return f"{head}\n\nlast run  {thing.last_run or 'never'}{told}\ntrouble   {thing.last_error or 'none'}"
    if isinstance(thing, Version) and line.kind == "unmatched":
        return f"{thing.key}\n\nNobody here knows this key or its ids, so it is left out. space brings it in."
    return "\n".join((f"{kind_of(thing)} {name_of(thing)}", "", *_told(thing)))


def _told(record: Any) -> Iterator[str]:
    """What a record says, a line for each thing that it does say."""
    for name, value in to_doc(record).items():
        if name == "facts":
            yield from (f"{fact}  {short(claims[0].value)}" for fact, claims in record.facts.items())
        elif name == "observations":
            yield from (f"{o.kind}  {o.value.isoformat()}" for o in record.observations)
        elif name not in ("uid", "rev", "key", "name", "origin"):
            yield f"{name.replace('_', ' ')}  {short(value)}"
