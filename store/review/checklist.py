"""The checklist of an upgrade: which items, in which order, due when, and what they still block (DECISIONS 3, 9)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Literal

from store.records import Assignment, Item, Json, Snapshot, Upgrade
from store.review.conditions import evaluate, parse
from store.review.items import SPOKEN, resolved, stale, waiver_expired
from store.review.lifecycle import lifecycle
from store.review.plan import PHASES, Plan, due_dates
from store.review.rollout import share_of
from store.values import dataclass


class ChecklistError(ValueError):
    """Items that cannot form a checklist: an unknown phase or dependency, or a cycle."""


# ── making one ────────────────────────────────────────────────────────────────────────────────────────────────────


def instantiate(
    items: Iterable[Item],
    values: Mapping[str, Json],
    plan: Plan | None,
    today: date,
    *,
    owner: str = "",
    kept: Mapping[str, Item] | None = None,
) -> dict[str, Item]:
    """The items that apply, in checklist order, with due dates; undecided ones stay, marked `applies` unknown.

    `items` are those of a template, `values` come from `review.context`; without a plan nothing has a due date.
    `kept` are the items of a running upgrade (after an answer, a new target or a newer template): their progress is
    taken over, and what was worked on stays even where it no longer applies.

    Raises:
        ChecklistError: a phase or dependency is unknown, or dependencies form a cycle.
        ConditionError: a condition cannot be read.
    """
    kept = kept or {}
    pool = list(items)
    pool += [item for item in kept.values() if touched(item) and item.id not in {fresh.id for fresh in pool}]
    chosen: dict[str, tuple[Item, bool | None]] = {}
    for item in order(pool):
        answer = evaluate(parse(item.applies_when), values)
        if answer is not False or (item.id in kept and touched(kept[item.id])):
            chosen[item.id] = (item, answer)
    due = {} if plan is None else due_dates(_falling([item for item, _ in chosen.values()]), plan, today)
    made: dict[str, Item] = {}
    for item, answer in chosen.values():
        before = kept.get(item.id)
        applies: Literal["yes", "unknown"] = "unknown" if answer is None else "yes"
        day = before.due if before is not None and resolved(before, today) else due.get(item.id)
        made[item.id] = _begun(item, before, applies=applies, owner=item.owner or owner, due=day)
    return made


def touched(item: Item) -> bool:
    """True where somebody did something with an item."""
    return item.state != "todo" or bool(item.evidence or item.comments)


def _begun(
    item: Item, before: Item | None, *, applies: Literal["yes", "unknown"], owner: str, due: date | None
) -> Item:
    """An item of an upgrade; the progress of the same item `before` is taken over."""
    if before is None:
        return replace(item, applies=applies, owner=owner, due=due)
    return replace(
        item, applies=applies, owner=before.owner or owner, due=due, state=before.state, evidence=before.evidence,
        comments=before.comments, waiver=before.waiver, reason=before.reason, signed_by=before.signed_by,
        signed_at=before.signed_at,
    )  # fmt: skip


def order(items: Sequence[Item]) -> list[Item]:
    """By phase, then falling offset, and each item behind those it comes after.

    Raises:
        ChecklistError: an id twice, an unknown phase or dependency, one in a later phase, or a cycle (named).
    """
    known: dict[str, Item] = {}
    for item in items:
        if item.id in known:
            raise ChecklistError(f"the checklist has two items {item.id}")
        if item.phase not in PHASES:
            raise ChecklistError(f"{item.id}: there is no phase '{item.phase}'; phases are {', '.join(PHASES)}")
        known[item.id] = item
    for item in items:
        for name in item.after:
            if name not in known:
                raise ChecklistError(f"{item.id} comes after {name}, which is not in this checklist")
            if PHASES.index(known[name].phase) > PHASES.index(item.phase):
                raise ChecklistError(f"{item.id} in {item.phase} cannot come after {name} in {known[name].phase}")
    placed: dict[str, Item] = {}
    for item in sorted(items, key=lambda item: (PHASES.index(item.phase), -item.offset)):
        _place(item, known, placed, [])
    return list(placed.values())


def _place(item: Item, known: Mapping[str, Item], placed: dict[str, Item], path: list[str]) -> None:
    if item.id in path:
        circle = " → ".join([*path[path.index(item.id) :], item.id])
        raise ChecklistError(f"these items wait for each other: {circle}")
    if item.id not in placed:
        for name in item.after:
            _place(known[name], known, placed, [*path, item.id])
        placed[item.id] = item


def _falling(items: Sequence[Item]) -> list[tuple[str, str, int]]:
    """Id, phase and offset, where no item has a larger offset than one before it: due dates follow the order."""
    found: list[tuple[str, str, int]] = []
    for item in items:
        same = found and found[-1][1] == item.phase
        found.append((item.id, item.phase, min(item.offset, found[-1][2]) if same else item.offset))
    return found


# ── reading one ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a checklist is. Items that are not applicable count nowhere; `next` is what can be done now."""

    done: int
    applicable: int
    overdue: tuple[str, ...]
    blockers_promote: tuple[str, ...]
    blockers_close: tuple[str, ...]
    next: str | None


def progress(items: Mapping[str, Item], today: date, inputs: Mapping[str, str] | None = None) -> Progress:
    """Count and name what is open.

    An expired waiver is overdue, whatever the due date. Closing is blocked by every open item, promoting by those
    whose gate it is. `next` is the first open item, in checklist order, that is not blocked and whose
    dependencies are resolved.
    """
    open_items = [item for item in items.values() if not resolved(item, today, inputs)]
    applicable = sum(item.state != "not_applicable" for item in items.values())
    return Progress(
        done=applicable - len(open_items),
        applicable=applicable,
        overdue=tuple(i.id for i in open_items if waiver_expired(i, today) or (i.due is not None and i.due < today)),
        blockers_promote=tuple(i.id for i in open_items if i.gate == "promote"),
        blockers_close=tuple(i.id for i in open_items),
        next=next((item.id for item in ready(items, today, inputs)), None),
    )


def ready(items: Mapping[str, Item], today: date, inputs: Mapping[str, str] | None = None) -> Iterator[Item]:
    """The open items that can be done now: not blocked, all that they come after resolved."""
    open_items = [item for item in items.values() if not resolved(item, today, inputs)]
    waiting = {item.id for item in open_items}
    return (item for item in open_items if item.state != "blocked" and not waiting & set(item.after))


def by_phase(items: Mapping[str, Item]) -> dict[str, list[Item]]:
    """The items of each phase that has some, in order."""
    return {phase: found for phase in PHASES if (found := [item for item in items.values() if item.phase == phase])}


def finished_phases(items: Mapping[str, Item], today: date, inputs: Mapping[str, str] | None = None) -> frozenset[str]:
    """The phases in which nothing is open: they take no more days in the plan (`plan(finished=…)`)."""
    return frozenset(
        phase for phase, found in by_phase(items).items() if all(resolved(item, today, inputs) for item in found)
    )


def judged_by(upgrade: Upgrade, item: Item, inputs: Mapping[str, str]) -> Mapping[str, str] | None:
    """The inputs that an item is judged by, None for none: what let the target into Production was judged then."""
    return inputs if upgrade.state == "open" or item.gate == "close" else None


def standing(item: Item, today: date, inputs: Mapping[str, str] | None = None) -> str:
    """The state in words, with what makes it count or not."""
    if inputs is not None and (why := stale(item, inputs)):
        return f"stale: {why}"
    if item.state == "waived" and item.waiver is not None:
        until = item.waiver.until
        if waiver_expired(item, today):
            return f"waiver expired on {until}" if until else "waived without an expiry, which does not count"
        return f"waived until {until} by {item.waiver.by}: {item.waiver.why}"
    return f"{SPOKEN[item.state]}: {item.reason}" if item.reason else SPOKEN[item.state]


# ── the gates ─────────────────────────────────────────────────────────────────────────────────────────────────────


def may_promote(upgrade: Upgrade, records: Snapshot, today: date, inputs: Mapping[str, str] | None = None) -> list[str]:
    """What stands between an upgrade and Production, one sentence each; empty when it may go."""
    if upgrade.state != "open":
        return [f"The upgrade is {upgrade.state.replace('_', ' ')} already."]
    blockers = [*target_blockers(upgrade, records, today), *_companions(upgrade, records, today)]
    use_case = records.use_cases.get(upgrade.use_case)
    if use_case is None:
        blockers.append(f"The use case {upgrade.use_case} is no longer in the catalog.")
    elif use_case.criteria.two_persons and not _second_person(upgrade):
        author = upgrade.author or "the author"
        blockers.append(f"The policy of {use_case.name} needs the signature of a person other than {author}.")
    return blockers + [
        _sentence(upgrade.items[name], today, inputs)
        for name in progress(upgrade.items, today, inputs).blockers_promote
    ]


def _companions(upgrade: Upgrade, records: Snapshot, today: date) -> Iterable[str]:
    """In place the whole deployment moves: what was started together must be ready together."""
    if not upgrade.group or upgrade.strategy != "in_place":
        return
    for other in records.upgrades.values():
        if other.group == upgrade.group and other.uid != upgrade.uid and other.state == "open":
            waits = len(progress(other.items, today).blockers_promote)
            if waits:
                where = f"moves with it on {upgrade.deployment}"
                yield f"{other.use_case} {where} and waits for {waits} of its items."


def may_close(
    upgrade: Upgrade,
    today: date,
    inputs: Mapping[str, str] | None = None,
    runs: Iterable[Assignment] = (),
) -> list[str]:
    """What stands between an upgrade and its end, one sentence each; empty when it may be closed.

    `runs` are the assignments: a rollout under way is finished first.

    What let the target into Production was judged then: for those items a later change of an input no longer counts.
    """
    if upgrade.state not in ("open", "promoted"):
        return [f"The upgrade is {upgrade.state.replace('_', ' ')} already."]
    first = ["The target is not promoted."] if upgrade.state == "open" else []
    share = share_of(upgrade, runs) if upgrade.state == "promoted" else None
    if share is not None and share < 100:
        first.append(f"The target has {share:g} % of the traffic: promote it to 100 %, or go back.")
    judged = {item.id: judged_by(upgrade, item, inputs) if inputs else None for item in upgrade.items.values()}
    return first + [
        _sentence(item, today, judged[item.id])
        for item in upgrade.items.values()
        if not resolved(item, today, judged[item.id])
    ]


def target_blockers(upgrade: Upgrade, records: Snapshot, today: date) -> Iterable[str]:
    """What speaks against the target itself: deleted, moving, retired, or not chosen."""
    if not upgrade.to_version:
        yield "No target is chosen."
        return
    target = records.versions.get(upgrade.to_version)
    if target is None:
        yield f"The target {upgrade.to_version} is no longer in the catalog."
    elif target.alias_of:
        yield f"The target {upgrade.to_version} is an alias that moves: choose the version behind it."
    else:
        stage = lifecycle(target, today, records.deployments.get(upgrade.deployment))
        if stage.status == "retired":
            yield f"The target {upgrade.to_version} cannot be called: {stage.reason}"


def _second_person(upgrade: Upgrade) -> bool:
    author = upgrade.author.strip().casefold()
    signed = {item.signed_by.strip().casefold() for item in upgrade.items.values() if item.signed_by}
    return bool(author) and bool(signed - {author})


def _sentence(item: Item, today: date, inputs: Mapping[str, str] | None) -> str:
    return f"{item.id} {item.title}: {standing(item, today, inputs)}."
