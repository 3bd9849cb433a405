"""The way back and the history of what ran, from events as the catalog writes them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

from store.records import Assignment, Change, Event, Lineage, Observation, Version, to_doc
from store.review.rollback import in_stage_on, revert_target, runs_history

TODAY = date(2026, 11, 23)
UNTIL = date(2026, 12, 23)


def version(name: str, retires: date | None = None, *, own: bool = False) -> Version:
    seen = () if retires is None else (Observation("retire", retires, "planned", "ms", "Microsoft", "2026-11-01"),)
    return Version(uid=name, key=f"azure-openai/{name}@1", own=own, observations=seen, lineage=Lineage())


VERSIONS = {v.key: v for v in (version(n, date(2027, 6, 1)) for n in "abcd")}
A, B, C, D = VERSIONS


@dataclass
class Log:
    """Writes events as the catalog does: one per command, with the fields that changed."""

    runs: dict[str, Assignment] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    before: dict[str, dict[str, Assignment]] = field(default_factory=dict)

    def put(self, day: str, command: str, *after: Assignment, undo_of: str = "", gone: tuple[str, ...] = ()) -> Event:
        changes: list[Change] = []
        self.before[f"e{len(self.events)}"] = dict(self.runs)
        for run in after:
            changes += self._changes(run)
            self.runs[run.uid] = run
        for uid in gone:
            run = self.runs.pop(uid)
            changes.append(Change("assignments", uid, f"{run.use_case} · {run.version}", "*", to_doc(run), None))
        event = Event(f"e{len(self.events)}", f"{day}T10:00:00Z", "ada", command, "because", undo_of, tuple(changes))
        self.events.append(event)
        return event

    def _changes(self, run: Assignment) -> list[Change]:
        key, old, new = f"{run.use_case} · {run.version}", self.runs.get(run.uid), to_doc(run)
        if old is None:
            return [Change("assignments", run.uid, key, "*", None, new)]
        before = to_doc(old)
        names = [n for n in {**before, **new} if before.get(n) != new.get(n)]
        return [Change("assignments", run.uid, key, n, before.get(n), new.get(n)) for n in names]

    def produce(self, day: str, key: str, verb: str = "promote", share: float = 100) -> Event:
        since = date.fromisoformat(day)
        new = self.runs.get(key, Assignment(key, "support", key))
        runs = [replace(new, stage="Production", share=share, since=since)]
        if share == 100:
            serving = [run for run in self.runs.values() if run.stage == "Production" and run.uid != key]
            runs = [*(replace(run, stage="Archived") for run in serving), *runs]
        return self.put(day, f"{verb} support to {key}", *runs)

    def undo(self, day: str, event: Event) -> Event:
        """Take back the newest event that is not undone yet."""
        now, then = dict(self.runs), self.before[event.id]
        back = [run for uid, run in then.items() if now.get(uid) != run]
        gone = tuple(uid for uid in now if uid not in then)
        return self.put(day, f"undo {event.command}", *back, undo_of=event.id, gone=gone)

    def target(self, until: date | None = UNTIL, **known: Version) -> tuple[str | None, dict[str, str]]:
        versions = VERSIONS | {v.key: v for v in known.values()}
        found = revert_target("support", list(self.runs.values()), self.events, versions, TODAY, until)
        return found.key, dict(found.others)


def chain() -> Log:
    log = Log()
    log.produce("2026-05-01", A, "assign")
    log.produce("2026-07-01", B)
    log.produce("2026-09-01", C)
    return log


def test_a_revert_goes_to_the_newest_predecessor_and_never_back_to_what_was_left() -> None:
    log = chain()
    assert log.target() == (B, {A: f"older than {B}"})
    log.produce("2026-09-05", B, "revert")
    key, others = log.target()
    assert key == A
    assert "left by a revert on 5 Sep 2026: because" in others[C]
    log.produce("2026-09-06", A, "revert")
    key, others = log.target()
    assert key is None
    assert set(others) == {B, C}
    log.produce("2026-10-01", D)
    assert log.target()[0] == A
    log.produce("2026-10-02", C)
    assert log.target()[0] == D, "a version left by a revert may come back by a promotion"
    log.produce("2026-10-03", D)
    assert log.target()[0] == C


def test_what_was_undone_never_happened_for_the_way_back() -> None:
    log = chain()
    mistake = log.produce("2026-09-02", D)
    undo = log.undo("2026-09-02", mistake)
    log.undo("2026-09-02", undo)
    assert log.target()[0] == C, "a redo makes it true again"
    log.undo("2026-09-02", log.events[-1])
    assert log.target() == (B, {A: f"older than {B}"})
    revert = log.produce("2026-09-05", B, "revert")
    log.undo("2026-09-06", revert)
    assert log.target()[0] == B, "the revert was taken back: C is current again and B its predecessor"


def test_dying_and_unknown_predecessors_are_listed_with_why_not() -> None:
    log = chain()
    soon = version("b", date(2026, 12, 9))
    assert log.target(b=soon) == (A, {B: "retires on 9 Dec 2026, before the rollback window ends on 23 Dec 2026"})
    assert log.target(None, b=soon)[0] == B, "without a window it must be alive today"
    assert log.target(None, b=version("b", TODAY))[1][B].startswith("cannot be called: Retired on 23 Nov 2026")
    found = revert_target("support", list(log.runs.values()), log.events, {A: VERSIONS[A]}, TODAY, UNTIL)
    assert (found.key, dict(found.others)[B]) == (A, "is no longer in the catalog")
    dateless = revert_target("support", [], log.events, VERSIONS | {B: version("b")}, TODAY)
    assert dateless.key == B
    assert any("no retirement date" in reason for reason in dateless.reasons)


def test_own_models_go_back_to_a_reachable_artifact() -> None:
    log = chain()
    versions = {key: replace(v, own=True, observations=()) for key, v in VERSIONS.items()}
    found = revert_target("support", [], log.events, versions, TODAY, UNTIL)
    assert found.key == B
    assert any("no artifact is recorded" in reason for reason in found.reasons)
    blocked = revert_target("support", [], log.events, versions, TODAY, UNTIL, unreachable={B})
    assert (blocked.key, dict(blocked.others)[B]) == (A, "its artifact cannot be reached")


def test_in_a_canary_the_way_back_is_what_still_serves() -> None:
    log = Log()
    log.produce("2026-05-01", A, "assign")
    log.put("2026-10-01", "share", replace(log.runs[A], share=95))
    log.produce("2026-10-01", B, share=5)
    assert log.target()[0] == A
    elsewhere = revert_target("support", [], log.events, VERSIONS, TODAY, deployment="eu-ptu")
    assert elsewhere.key is None
    assert elsewhere.others == ()


def test_what_was_taken_out_as_a_mistake_is_no_way_back() -> None:
    log = Log()
    log.produce("2026-05-01", A, "assign")
    log.put("2026-05-02", f"remove {A} from support", gone=(A,))
    log.produce("2026-05-02", B, "assign")
    assert log.target() == (None, {A: "was taken out on 2 May 2026, as entered by mistake"})


def test_who_was_in_production_on_a_day() -> None:
    log = chain()
    log.produce("2026-09-05", B, "revert")
    on = {day: [s.version for s in in_stage_on("support", log.events, date.fromisoformat(day))] for day in (
        "2026-04-30", "2026-05-03", "2026-06-30", "2026-07-01", "2026-09-04", "2026-09-05", "2026-11-23",
    )}  # fmt: skip
    assert list(on.values()) == [[], [A], [A], [B], [C], [B], [B]]
    last = runs_history("support", log.events)[-1]
    assert (last.version, last.since, last.until, last.by, last.why) == (B, date(2026, 9, 5), None, "ada", "because")
    assert last.command == f"revert support to {B}"
    assert last.event_id == log.events[-1].id
    assert runs_history("other", log.events) == []


def test_a_canary_day_has_two_and_an_undo_counts_as_recorded() -> None:
    log = Log()
    log.produce("2026-05-01", A, "assign")
    log.put("2026-10-01", "share", replace(log.runs[A], share=95))
    canary = log.produce("2026-10-01", B, share=5)
    shares = {s.version: s.share for s in in_stage_on("support", log.events, date(2026, 10, 2))}
    assert shares == {A: 95, B: 5}
    log.undo("2026-10-04", canary)
    assert [s.version for s in in_stage_on("support", log.events, date(2026, 10, 3))] == [A, B]
    assert [s.version for s in in_stage_on("support", log.events, date(2026, 10, 4))] == [A]


def test_a_backdated_assignment_counts_from_the_day_it_says() -> None:
    log = Log()
    run = Assignment("r1", "support", A, since=date(2026, 3, 1))
    log.put("2026-11-23", f"assign {A} to Production in support", run)
    assert [s.version for s in in_stage_on("support", log.events, date(2026, 3, 1))] == [A]
    log.put("2026-11-24", "confirm", replace(run, seen=True))
    assert len(runs_history("support", log.events)) == 1, "a confirmation begins nothing new"


def test_records_without_a_recorded_beginning_are_taken_from_what_is_there() -> None:
    older = Assignment("r1", "support", A, since=date(2026, 1, 1))
    assert [s.version for s in in_stage_on("support", [], TODAY, assignments=[older])] == [A]
    moved = Event("e", "2026-10-01T00:00:00Z", "ada", "archive", changes=(
        Change("assignments", "r1", f"support · {A}", "stage", None, "Archived"),
    ))  # fmt: skip
    now = replace(older, stage="Archived")
    stints = runs_history("support", [moved], [now])
    assert [(s.stage, s.since, s.until) for s in stints] == [
        ("Production", date(2026, 1, 1), date(2026, 10, 1)),
        ("Archived", date(2026, 10, 1), None),
    ]
    quiet = Event("q", "2026-02-01T00:00:00Z", "sync", "sync prod", changes=(
        Change("assignments", "r1", f"support · {A}", "*", None, None),
    ))  # fmt: skip
    stints = runs_history("support", [quiet, moved], [now])
    assert [(s.stage, s.by) for s in stints] == [("Production", "sync"), ("Archived", "ada")]
