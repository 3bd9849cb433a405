"""One checklist item: what may happen to it, when it counts as resolved, and when it has gone stale (DECISIONS 9).

Every change returns a new item; one that is not allowed raises `ItemError` with one sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from store.records import Evidence, Item, ItemState, Waiver, first_day

TRANSITIONS: Mapping[ItemState, frozenset[ItemState]] = {
    "todo": frozenset({"doing", "done", "blocked", "waived", "not_applicable"}),
    "doing": frozenset({"todo", "done", "blocked", "waived", "not_applicable"}),
    "blocked": frozenset({"todo", "doing", "done", "waived", "not_applicable"}),
    "done": frozenset({"todo", "doing"}),
    "waived": frozenset({"todo", "doing", "done", "waived"}),
    "not_applicable": frozenset({"todo", "doing"}),
}
"""From each state the states that may follow. `waived` after `waived` is a new term for the waiver."""

SPOKEN: Mapping[ItemState, str] = {
    "todo": "to do",
    "doing": "under way",
    "done": "done",
    "blocked": "blocked",
    "waived": "waived",
    "not_applicable": "not applicable",
}


SIGN_OFF = "approver_not_author"
"""The automatic check of the item that is the sign-off."""


class ItemError(ValueError):
    """A step that this item does not allow."""


def allowed(item: Item) -> frozenset[ItemState]:
    """The states that may follow the present one."""
    return TRANSITIONS[item.state]


def _move(item: Item, state: ItemState) -> Item:
    if state not in TRANSITIONS[item.state]:
        signed = f", signed by {item.signed_by}" if item.signed_by else ""
        raise ItemError(f"{item.id} is already {SPOKEN[item.state]}{signed}: reopen it first")
    return replace(item, state=state, waiver=None, reason="", signed_by="", signed_at="")


def start(item: Item) -> Item:
    """Someone works on it."""
    return _move(item, "doing")


def reopen(item: Item) -> Item:
    """Back to do; evidence and comments stay, waiver, reason and signature go."""
    if item.state == "todo":
        raise ItemError(f"{item.id} is open already")
    return _move(item, "todo")


def tick(item: Item, *, by: str, at: str, note: str = "", inputs: Mapping[str, str] | None = None) -> Item:
    """Done, by whom and when (ISO UTC), resting on `inputs` (name to hash): when one changes, the item goes stale.

    Raises:
        ItemError: it is done already (another person was faster), or no name was given.
    """
    _require(by, f"{item.id}: say who did it")
    done = _move(item, "done")
    shown = Evidence("note", note.strip() or "done", at, by, inputs=dict(inputs or {}))
    return replace(done, evidence=(*done.evidence, shown))


def step(item: Item, *, by: str, at: str, inputs: Mapping[str, str] | None = None) -> Item:
    """The next ordinary state: to do, under way, done, and open again."""
    if item.state == "doing":
        return tick(item, by=by, at=at, inputs=inputs)
    return start(item) if item.state in ("todo", "blocked") else reopen(item)


def block(item: Item, why: str) -> Item:
    """Something stands in the way."""
    _require(why, f"{item.id}: say what blocks it")
    return replace(_move(item, "blocked"), reason=why.strip())


def not_applicable(item: Item, why: str) -> Item:
    """It has no meaning here."""
    _require(why, f"{item.id}: say why it does not apply")
    return replace(_move(item, "not_applicable"), reason=why.strip())


def waive(item: Item, *, by: str, why: str, at: str, until: date | None) -> Item:
    """A named person accepts that it is open, for a reason, up to and including the day `until`.

    Raises:
        ItemError: person, reason or expiry is missing, or the expiry is past.
    """
    _require(by, f"{item.id}: a waiver needs the person who gives it")
    _require(why, f"{item.id}: a waiver needs a reason")
    if until is None:
        raise ItemError(f"{item.id}: a waiver needs the day it expires")
    if until < first_day(at):
        raise ItemError(f"{item.id}: a waiver until {until} has expired before it begins on {at[:10]}")
    return replace(_move(item, "waived"), waiver=Waiver(by.strip(), why.strip(), at, until))


def add_evidence(item: Item, evidence: Evidence) -> Item:
    """What shows that it is done; in any state."""
    _require(evidence.text or evidence.hash, f"{item.id}: the evidence is empty")
    _require(evidence.by, f"{item.id}: say whose evidence it is")
    return replace(item, evidence=(*item.evidence, evidence))


def comment(item: Item, *, by: str, at: str, text: str) -> Item:
    """A remark that proves nothing."""
    _require(text, f"{item.id}: the comment is empty")
    return replace(item, comments=(*item.comments, Evidence("note", text.strip(), at, by)))


def assign_to(item: Item, owner: str) -> Item:
    """Who does it; empty for nobody yet."""
    return replace(item, owner=owner.strip())


def sign(item: Item, *, by: str, at: str, not_by: str = "") -> Item:
    """A person stands for a settled item. With a two-person rule `not_by` names who may not: the upgrade's author.

    The sign-off itself (the item checked by `SIGN_OFF`) is settled by its signature.

    Raises:
        ItemError: the item is not settled, is signed, or `by` may not sign it.
    """
    _require(by, f"{item.id}: say who signs")
    if not_by and by.strip().casefold() == not_by.strip().casefold():
        raise ItemError(f"{item.id} needs a second person: {by} is the author of this upgrade")
    if item.state not in ("done", "waived", "not_applicable"):
        if item.check == SIGN_OFF:
            return replace(tick(item, by=by, at=at, note="signed"), signed_by=by.strip(), signed_at=at)
        raise ItemError(f"{item.id} is {SPOKEN[item.state]}: only a settled item can be signed")
    if item.signed_by:
        raise ItemError(f"{item.id} was signed by {item.signed_by} on {item.signed_at[:10]}: reopen it first")
    return replace(item, signed_by=by.strip(), signed_at=at)


def _require(text: str, sentence: str) -> None:
    if not text.strip():
        raise ItemError(sentence)


# ── reading an item ───────────────────────────────────────────────────────────────────────────────────────────────


def stale(item: Item, inputs: Mapping[str, str]) -> str | None:
    """Which input of a done item changed since its evidence was given; None where none did or it is not done.

    `inputs` holds every input known now; one that the evidence names and that is missing there is gone, which also
    makes the item stale. Newer evidence overrules older evidence for the same input.
    """
    if item.state != "done":
        return None
    relied = {name: was for evidence in item.evidence for name, was in evidence.inputs.items()}
    for name, was in relied.items():
        if name not in inputs:
            return f"{name} is gone"
        if inputs[name] != was:
            return f"{name} changed"
    return None


def waiver_expired(item: Item, today: date) -> bool:
    """A waived item whose term is over. A waiver without an expiry was never valid."""
    if item.state != "waived":
        return False
    return item.waiver is None or item.waiver.until is None or item.waiver.until < today


def resolved(item: Item, today: date, inputs: Mapping[str, str] | None = None) -> bool:
    """Done and not stale, waived and not expired, or not applicable. Without `inputs` nothing counts as stale."""
    if item.state == "done":
        return inputs is None or stale(item, inputs) is None
    if item.state == "waived":
        return not waiver_expired(item, today)
    return item.state == "not_applicable"
