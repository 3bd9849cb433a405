"""Where a use case can go back to, and what ran in it when (DECISIONS 10), read from the events.

An event that takes back another counts in the history, because that is what was recorded on that day; the way back
ignores both, because a version promoted by mistake was never really in Production.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

from store.records import Assignment, Change, Deployment, Doc, Event, Json, Version, from_doc, to_doc
from store.review.lifecycle import firm, ledger, lifecycle, spoken
from store.values import dataclass

PRODUCTION = "Production"
REVERT = "revert "
"""How the command of a revert begins; its event is how a version counts as left by one."""


@dataclass(frozen=True, slots=True)
class Stint:
    """A version at one stage and share in a use case, from `since` up to but not including `until` (None: still).

    `by`, `why`, `command`, `at` and `event_id` are those of the event that began it, empty where none is recorded.
    """

    version: str
    deployment: str
    stage: str
    share: float
    since: date
    until: date | None
    by: str = ""
    why: str = ""
    command: str = ""
    at: str = ""
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class RevertTarget:
    """The version to go back to, None where there is none.

    `others` are the other predecessors, newest first, each with why not; `reasons` say what speaks for the target
    and what to look at before trusting it.
    """

    key: str | None
    others: tuple[tuple[str, str], ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Step:
    """One assignment before and after one event; `event` is None for what is there without a recorded beginning."""

    event: Event | None
    uid: str
    before: Assignment | None
    after: Assignment | None


# ── what ran when ─────────────────────────────────────────────────────────────────────────────────────────────────


def runs_history(use_case: str, events: Sequence[Event], assignments: Sequence[Assignment] = ()) -> list[Stint]:
    """Every stint of every version in a use case, in the order in which they began.

    `assignments` are the present ones; they supply what events do not hold (records that a registry created, or that
    are older than the log).
    """
    return sorted((stint for stint, _ in _histories(use_case, events, assignments)), key=lambda s: (s.since, s.at))


def running_on(day: date, events: Sequence[Event], assignments: Sequence[Assignment]) -> list[Assignment]:
    """The assignments of all use cases as they stood at the end of a day, archived ones included.

    Each is as it was recorded up to that day; one that was recorded later, but since that day or before, counts too.
    """
    return [
        run
        for stint, run in _histories(None, events, assignments, day)
        if stint.since <= day and (stint.until is None or day < stint.until)
    ]


def _histories(
    use_case: str | None, events: Sequence[Event], assignments: Sequence[Assignment], known: date = date.max
) -> list[tuple[Stint, Assignment]]:
    """Every stint with its assignment as it was when the stint began, or as edited in it up to the day `known`."""
    found: list[tuple[Stint, Assignment]] = []
    running: dict[str, int] = {}
    for step in _replay(use_case, events, assignments):
        day, open_at = _day(step), running.get(step.uid)
        if _standing(step.before) == _standing(step.after):
            if open_at is not None and step.after is not None and day <= known:
                found[open_at] = found[open_at][0], step.after
            continue
        if open_at is not None:
            old, run = found[running.pop(step.uid)]
            found[open_at] = _until(old, max(day, old.since)), run
        if step.after is not None:
            running[step.uid] = len(found)
            found.append((_stint(step.after, day, step.event), step.after))
    return found


def in_stage_on(
    use_case: str,
    events: Sequence[Event],
    day: date,
    stage: str = PRODUCTION,
    assignments: Sequence[Assignment] = (),
) -> list[Stint]:
    """What stood in a stage at the end of a day: one version, several where the traffic was split, or none."""
    return [
        stint
        for stint in runs_history(use_case, events, assignments)
        if stint.stage == stage and stint.since <= day and (stint.until is None or day < stint.until)
    ]


def _stint(run: Assignment, day: date, event: Event | None) -> Stint:
    head = (event.actor, event.why, event.command, event.at, event.id) if event else ("", "", "", "", "")
    return Stint(run.version, run.deployment, run.stage, run.share, day, None, *head)


def _until(stint: Stint, day: date) -> Stint:
    return Stint(
        stint.version, stint.deployment, stint.stage, stint.share, stint.since, day,
        stint.by, stint.why, stint.command, stint.at, stint.event_id,
    )  # fmt: skip


def _standing(run: Assignment | None) -> tuple[str, str, str, float] | None:
    return None if run is None else (run.version, run.deployment, run.stage, run.share)


def _day(step: _Step) -> date:
    """The day a step took effect: that of its event, or an earlier one that the event itself wrote into `since`."""
    if step.event is None:
        return step.after.since or date.min if step.after else date.min
    recorded = date.fromisoformat(step.event.at[:10])
    if step.event.undo_of:
        return recorded
    run = step.after or step.before
    use_case = run.use_case if run is not None else ""
    written = [day for change in step.event.changes if (day := _since_written(change, use_case)) is not None]
    return min([recorded, *written])


def _since_written(change: Change, use_case: str) -> date | None:
    if change.table != "assignments":
        return None
    if change.field == "since" and change.key.startswith(f"{use_case} ·"):
        return _known_day(change.after)
    if change.field == "*" and change.after and change.after.get("use_case") == use_case:
        return _known_day(change.after.get("since"))
    return None


def _known_day(value: Json) -> date | None:
    """A day as it stands in an event; None where it is none, or was edited by hand."""
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


def _replay(use_case: str | None, events: Sequence[Event], assignments: Sequence[Assignment]) -> Iterator[_Step]:
    """Every change of an assignment of the use case (None: of any), in the order of the events."""
    present = {run.uid: to_doc(run) for run in assignments if use_case in (None, run.use_case)}
    changes: dict[str, list[Change]] = {uid: [] for uid in present}
    for event in events:
        for change in event.changes:
            if change.table == "assignments":
                changes.setdefault(change.uid, []).append(change)
    docs: dict[str, Doc] = {}
    quiet: dict[str, Doc] = {}
    for uid, of_one in changes.items():
        beginning = _rewind(present.get(uid), of_one)
        if beginning is not None and of_one and _creates(of_one[0]):
            quiet[uid] = beginning
        elif beginning is not None:
            docs[uid] = beginning
            if (run := _run(beginning, use_case)) is not None:
                yield _Step(None, uid, None, run)
    for event in events:
        touched: dict[str, Doc | None] = {}
        for change in event.changes:
            if change.table == "assignments":
                touched.setdefault(change.uid, docs.get(change.uid))
                _apply(docs, change, quiet)
        for uid, was in touched.items():
            step = _Step(event, uid, _run(was, use_case), _run(docs.get(uid), use_case))
            if step.before is not None or step.after is not None:
                yield step


def _run(doc: Doc | None, use_case: str | None) -> Assignment | None:
    if not doc or use_case not in (None, doc.get("use_case")):
        return None
    try:
        return from_doc(Assignment, doc)
    except ValueError:  # an event that was edited by hand says nothing
        return None


def _creates(change: Change) -> bool:
    return change.field == "*" and change.before is None


def _apply(docs: dict[str, Doc], change: Change, quiet: Mapping[str, Doc]) -> None:
    if _creates(change):
        docs[change.uid] = change.after or quiet.get(change.uid, {})
    elif change.field == "*":
        docs.pop(change.uid, None)
    elif change.uid in docs:
        docs[change.uid] = _put(docs[change.uid], change.field, change.after)


def _put(doc: Doc, field: str, value: Json) -> Doc:
    rest = {name: old for name, old in doc.items() if name != field}
    return rest if value is None else {**rest, field: value}


def _rewind(doc: Doc | None, changes: Sequence[Change]) -> Doc | None:
    """The document before its changes, or as it was created where nobody kept it; None where it cannot be known."""
    for change in reversed(changes):
        if change.field == "*":
            doc = change.before or change.after or doc
        elif doc is not None:
            doc = _put(doc, change.field, change.before)
    return doc


# ── the way back ──────────────────────────────────────────────────────────────────────────────────────────────────


def revert_target(
    use_case: str,
    assignments: Sequence[Assignment],
    events: Sequence[Event],
    versions: Mapping[str, Version],
    today: date,
    until: date | None = None,
    *,
    deployment: str | None = "default",
    place: Deployment | None = None,
    unreachable: Collection[str] = (),
) -> RevertTarget:
    """The newest predecessor in Production that is alive and was not itself left by a revert (DECISIONS 10).

    `until` is the end of the rollback window, to which it must stay alive; None asks for today only. `deployment`
    limits the search to one (None: any), `place` is its record, for dates that hold for its type. `unreachable` are
    keys of own models whose artifact cannot be reached.
    """
    past = _Past(use_case, deployment)
    for step in _replay(use_case, _standing_events(events), assignments):
        past.take(step)
    chosen: str | None = None
    reasons: tuple[str, ...] = ()
    others: list[tuple[str, str]] = []
    for key in past.predecessors():
        version = versions.get(key)
        why_not = past.left_badly(key) or _why_dead(key, version, today, until or today, place, unreachable)
        if why_not:
            others.append((key, why_not))
        elif chosen is not None:
            others.append((key, f"older than {chosen}"))
        elif version is not None:
            chosen = key
            reasons = (past.said(key), *_caveats(version, today, until, place))
    return RevertTarget(chosen, tuple(others), reasons)


def _standing_events(events: Sequence[Event]) -> list[Event]:
    """The events without those taken back and without what took them back."""
    taken: set[str] = set()
    standing: list[Event] = []
    for event in reversed(events):
        if event.id in taken:
            continue
        if event.undo_of:
            taken.add(event.undo_of)
        else:
            standing.append(event)
    return standing[::-1]


class _Past:
    """Who was in Production, who came last, and how each of the others left."""

    def __init__(self, use_case: str, deployment: str | None) -> None:
        self.use_case = use_case
        self.deployment = deployment
        self.entered: dict[str, int] = {}
        self.left: dict[str, tuple[int, Event | None]] = {}
        self.removed: set[str] = set()
        self.clock = 0

    def take(self, step: _Step) -> None:
        self.clock += 1
        was, now = self._serving(step.before), self._serving(step.after)
        if was == now:
            return
        if was is not None:
            self.left[was] = (self.clock, step.event)
            if step.after is None:
                self.removed.add(was)
        if now is not None:
            self.entered.pop(now, None)
            self.entered[now] = self.clock
            self.left.pop(now, None)
            self.removed.discard(now)

    def _serving(self, run: Assignment | None) -> str | None:
        if run is None or run.stage != PRODUCTION or self.deployment not in (None, run.deployment):
            return None
        return run.version

    def predecessors(self) -> list[str]:
        """Those that still serve beside the current one first, then by when they left, newest first."""
        serving = [key for key in self.entered if key not in self.left]
        current = serving[-1] if serving else None
        gone = sorted(self.left, key=lambda key: self.left[key][0], reverse=True)
        return [key for key in [*reversed(serving), *gone] if key != current]

    def left_badly(self, key: str) -> str:
        """Why the way in which it left rules it out, "" where it was simply followed by another."""
        event = self.left[key][1] if key in self.left else None
        if event is None:
            return ""
        if key in self.removed:
            return f"was taken out on {_on(event)}, as entered by mistake"
        if not event.command.startswith(REVERT):
            return ""
        return f"was left by a revert on {_on(event)}" + (f": {event.why}" if event.why else "")

    def said(self, key: str) -> str:
        if key not in self.left:
            return f"still in Production in {self.use_case}, beside the newer one"
        event = self.left[key][1]
        return f"in Production in {self.use_case} until " + (_on(event) if event else "it was archived")


def _retires(version: Version, today: date, place: Deployment | None) -> date | None:
    """The announced day on which it stops; a not-before or tentative one stops nothing (DECISIONS 1)."""
    announced = ledger(version, today, place).effective
    return announced.value if announced is not None and firm(announced) else None


def _on(event: Event) -> str:
    return spoken(date.fromisoformat(event.at[:10]))


def _why_dead(
    key: str,
    version: Version | None,
    today: date,
    until: date,
    place: Deployment | None,
    unreachable: Collection[str],
) -> str:
    """Why a version cannot be gone back to, "" where nothing known speaks against it."""
    if version is None:
        return "is no longer in the catalog"
    if key in unreachable:
        return "its artifact cannot be reached"
    if version.own:
        return ""
    stage = lifecycle(version, today, place)
    if stage.status == "retired":
        return f"cannot be called: {stage.reason}"
    retires = _retires(version, today, place)
    if retires is None:
        return ""
    return (
        f"retires on {spoken(retires)}, before the rollback window ends on {spoken(until)}" if retires < until else ""
    )


def _caveats(version: Version, today: date, until: date | None, place: Deployment | None) -> Iterator[str]:
    if version.own:
        if not version.lineage.artifact:
            yield "no artifact is recorded: check that it can still be served"
        return
    retires = _retires(version, today, place)
    if retires is None:
        yield "no retirement date is known: check that it still answers"
    elif until is None:
        yield f"retires on {spoken(retires)}, in {(retires - today).days} days"
    else:
        yield f"retires on {spoken(retires)}, after the rollback window ends on {spoken(until)}"
