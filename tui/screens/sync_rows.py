"""What the Sync screen shows as rows: registries, then each plan field by field, then the inbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from typing import Any

from store.records import Deployment, Registry, Version
from store.sync import Drift, FieldChange, Plan
from store.sync_run import Reading, Run
from store.values import dataclass
from tui.commands.sync_answers import drift_line, name_of, short, since
from tui.text import Cell, Styled
from tui.widgets.table import Column, Rows, Section, Wide

COLUMNS = (
    Column("what", "What", 36, 22, grow=2),
    Column("field", "Field", 22, 9),
    Column("ours", "Here", 28, 12, grow=1),
    Column("theirs", "There", 28, 12, grow=1),
    Column("source", "Source", 16, 6, drop=1),
)


DRIFTING = "running otherwise than recorded · s settles, w says why"


@dataclass(slots=True)
class SyncState:
    """What the screen keeps while another place is in front: the plans, and what is being read."""

    runs: dict[str, Run] = field(default_factory=dict)
    plans: dict[str, Plan] = field(default_factory=dict)
    reading: Reading | None = None
    progress: dict[str, str] = field(default_factory=dict)

    @property
    def news(self) -> bool:
        """True where applying would change something."""
        return any(not plan.empty for plan in self.plans.values())


@dataclass(frozen=True, slots=True)
class Line:
    """What stands behind a row: the registry it is of, and the thing itself."""

    registry: str
    thing: object
    kind: str


class SyncRows(Rows):
    """The rows of the screen, and what stands behind each."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, Line] = {}

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
        self._rows, self.lines = [], {}
        sections = [
            self._section(
                "registries",
                [Styled("Registries"), Styled("  offline: nothing is asked", "warn") if offline else Styled("")],
                "",
                [row for r in registries for row in _registry_rows(r, state, now)],
            )
        ]
        for name, plan in state.plans.items():
            sections += self._plan(name, plan)
        if drifting:
            title = f"{len(drifting)} {DRIFTING}"
            sections.append(
                self._section("drift", Styled(title), "", [("drift", *row) for d in drifting for row in _drift(d)])
            )
        if inbox:
            many = f"{len(inbox)} deployment{'s' if len(inbox) > 1 else ''}"
            title = f"Inbox  {many} without a use case · s assigns"
            sections.append(self._section("inbox", Styled(title), "", [("inbox", d, _waiting(d)) for d in inbox]))
        return [section for section in sections if section.rows]

    def _plan(self, name: str, plan: Plan) -> list[Section]:
        parts: list[tuple[str, str, list[tuple[Any, list[Cell] | Wide]]]] = [
            ("conflict", "in conflict with your own values · < keeps ours, > takes theirs",
             [(c, _conflict(c, plan)) for c in plan.conflicts]),
            ("drift", DRIFTING, [row for d in plan.drift for row in _drift(d)]),
            ("gone", "gone at the source · flagged, not deleted", [(r, _gone(r)) for r in plan.missing]),
            ("changed", "changed", [(c, _changed(c)) for c in plan.updates]),
            ("added", "new", [(r, _added(r)) for r in plan.added]),
            ("unmatched", "not known here · space marks those to bring in",
             [(v, _unmatched(v, plan)) for v in plan.unmatched]),
        ]  # fmt: skip
        return [
            self._section(
                f"{name}|{kind}",
                [Styled(name, "strong"), Styled(f"  {len(rows):,} {words}")],
                name,
                [(kind, thing, cells) for thing, cells in rows],
            )
            for kind, words, rows in parts
            if rows
        ]

    def _section(self, key: str, title: Cell, registry: str, rows: list[tuple[str, Any, list[Cell] | Wide]]) -> Section:
        first = len(self._rows)
        for kind, thing, cells in rows:
            name = f"{registry}|{kind}|{_name(thing)}"
            while name in self.lines:
                name += "'"
            self.lines[name] = Line(registry, thing, kind)
            self._rows.append((name, cells))
        return Section(range(first, len(self._rows)), key, title)


def _name(thing: Any) -> str:
    if isinstance(thing, FieldChange):
        return "|".join(thing.at)
    if isinstance(thing, Drift):
        return f"{thing.use_case}|{thing.deployment}|{thing.field}"
    return name_of(thing)


# ── cells ──


def _registry_rows(r: Registry, state: SyncState, now: datetime) -> list[tuple[str, Any, list[Cell] | Wide]]:
    """A registry, and below it, in full, what is wrong with it."""
    run = state.runs.get(r.name)
    error = run.error if run is not None else r.last_error
    asked = state.progress.get(r.name)
    took = (run.requests, run.seconds) if run is not None else (r.requests, r.seconds)
    plan = state.plans.get(r.name)
    said: Cell = since(r.last_run, now)
    if asked is not None:
        said = Styled(asked, "accent")
    elif plan is not None:
        said = Styled("planned: nothing new", "good") if plan.empty else Styled(_counts(plan), "accent")
    source = f"{took[0]} req · {took[1]:.1f} s" if r.last_run or run is not None else ""
    where = Styled(r.address or "its usual address", "dim")
    rows: list[tuple[str, Any, list[Cell] | Wide]] = [
        ("registry", r, [Styled(r.name, "strong"), r.kind, said, where, Styled(source, "dim")])
    ]
    if error and asked is None:
        rows.append(("trouble", r, Wide([Styled("  fails  ", "bad"), Styled(error)])))
    return rows


def _counts(plan: Plan) -> str:
    counts = ((len(plan.added), "new"), (len(plan.updates), "changed"), (len(plan.missing), "gone"))
    return "planned: " + (", ".join(f"{n:,} {word}" for n, word in counts if n) or "confirmations")


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


def _drift(d: Drift) -> list[tuple[Drift, list[Cell] | Wide]]:
    """What runs otherwise, and below it, in full, what is likely to have happened."""
    model, ours, theirs = _apart(d.recorded, d.remote)
    seen = Styled(f"seen {d.seen_at[:10]}" if d.seen_at else "", "dim")
    row: list[Cell] = [f"{d.use_case} · {d.deployment}", model or d.field, ours, Styled(theirs, "bad"), seen]
    return [(d, row), *([(d, Wide([Styled(f"  {d.cause}", "dim")]))] if d.cause else [])]


def _apart(recorded: str, remote: str) -> tuple[str, str, str]:
    """The model where both are versions of one, and what differs, which a narrow column would cut off the end."""
    ours, theirs = recorded.rpartition("@"), remote.rpartition("@")
    if ours[0] and ours[0] == theirs[0]:
        return ours[0].partition("/")[2], f"@{ours[2]}", f"@{theirs[2]}"
    return "", recorded, remote


def _gone(r: Version | Deployment) -> list[Cell]:
    return [name_of(r), "", Styled("stays, flagged", "warn"), Styled("not listed", "bad"), ""]


def _added(r: Any) -> list[Cell]:
    return [Styled(name_of(r), "good"), type(r).__name__.lower().replace("usecase", "use case"), "", "", ""]


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
    return name_of(thing)
