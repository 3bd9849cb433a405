"""Moving on: rollout steps, shadow, going back at any step, linked upgrades, two people at once, what was deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from tinydb import where

from store.catalog import Catalog, CommandError, fixed_clock
from store.changes import Conflict
from store.engine import new_uid
from store.records import Assignment, Deployment, Upgrade, UseCase
from store.review.rollout import check_steps, make_room, next_step, share_of

TODAY = date(2026, 11, 23)
OLD, NEW = "azure-openai/gpt-4o@2024-05-13", "azure-openai/gpt-4.1@2025-04-14"
RETIRED = "azure-openai/o3@2025-04-16"


def begin(catalog: Catalog, *names: str, sku: str = "GlobalStandard") -> None:
    """Use cases that run on one deployment."""
    place = Deployment(new_uid(), "shared", platform="azure", sku=sku)
    for name in names:
        catalog.add_use_case(UseCase(new_uid(), name, owner="ann"))
        catalog.assign(name, OLD, deployment="shared", place=place, since=date(2026, 1, 5), seen=True)


def open_gate(catalog: Catalog, uid: str) -> None:
    """Settle everything that promotion waits for."""
    items = {
        name: replace(item, state="not_applicable", reason="not here") if item.gate == "promote" else item
        for name, item in catalog.upgrades[uid].items.items()
    }
    upgrade = catalog.upgrades[uid]
    catalog.edit_upgrade(replace(upgrade, items=items), upgrade)


def shares(catalog: Catalog, use_case: str) -> dict[str, tuple[str, float]]:
    return {a.version: (a.stage, a.share) for a in catalog.runs_in(use_case)}


@pytest.fixture
def uid(catalog: Catalog) -> str:
    begin(catalog, "support")
    catalog.start_upgrade("support", NEW)
    return catalog.upgrade("support").uid


def test_steps_rise_to_all_of_the_traffic() -> None:
    for steps, words in (((5, 1, 100), "do not rise"), ((1, 5), "end at 5 %"), ((1, 101), "101 % is no share")):
        with pytest.raises(ValueError, match=words):
            check_steps(steps)
    check_steps(())
    upgrade = Upgrade("u", "a", "x/1", "x/2", steps=(10, 100))
    assert [next_step(upgrade, s) for s in (None, 0, 10, 99, 100)] == [10, 10, 100, 100, None]
    assert [next_step(replace(upgrade, steps=()), s) for s in (None, 0, 5)] == [0, 1, 25]
    others = [Assignment("a", "u", "x/1", share=75), Assignment("b", "u", "x/3", share=25)]
    assert make_room(others, 20) == {"a": 60, "b": 20}
    assert make_room(others[1:], 60) == {"b": 25}
    assert share_of(upgrade, [Assignment("a", "a", "x/2", share=0, stage="Staging")]) == 0
    assert share_of(upgrade, [Assignment("a", "a", "x/2", stage="Archived")]) is None


def test_a_rollout_goes_step_by_step_and_dates_the_end_of_the_window(catalog: Catalog, uid: str) -> None:
    catalog.promote(uid, "compare", share=0)
    assert shares(catalog, "support")[NEW] == ("Staging", 0)
    assert catalog.upgrades[uid].state == "open", "a shadow needs no gate and opens none"
    with pytest.raises(CommandError, match="cannot be promoted yet"):
        catalog.promote(uid, "go", share=5)
    open_gate(catalog, uid)
    catalog.promote(uid, "canary", share=5)
    assert shares(catalog, "support") == {OLD: ("Production", 95), NEW: ("Production", 5)}
    assert not any(a.seen for a in catalog.runs_in("support")), "nobody has seen the traffic move"
    assert "The target has 5 % now. Recorded, not seen" in catalog.change_record(uid)
    for run in catalog.runs_in("support"):
        catalog.confirm_seen(run.uid)
    assert "not seen" not in catalog.change_record(uid)
    catalog.promote(uid, "no errors", share=25)
    assert shares(catalog, "support") == {OLD: ("Production", 75), NEW: ("Production", 25)}
    with pytest.raises(CommandError, match="has 25 % of the traffic of support already"):
        catalog.promote(uid, "again", share=25)
    with pytest.raises(CommandError, match="revert it instead"):
        catalog.promote(uid, "back", share=0)
    with pytest.raises(CommandError, match="no share of the traffic"):
        catalog.promote(uid, "more", share=101)
    assert catalog.blockers(uid, to_close=True)[0].startswith("The target has 25 % of the traffic")
    catalog.promote(uid, "all", share=100)
    assert shares(catalog, "support") == {OLD: ("Archived", 75), NEW: ("Production", 100)}
    after = catalog.upgrades[uid]
    assert (after.state, after.promoted_on) == ("promoted", TODAY)
    assert {after.items[name].due for name in ("R09", "X01")} == {date(2026, 12, 9)}, "30 days, or the old one's end"
    catalog.undo()
    assert shares(catalog, "support")[OLD] == ("Production", 75)
    assert [e.command for e in catalog.events(naming="support")][-2] == f"promote {NEW} in support"


@pytest.mark.parametrize("steps", [(1,), (1, 50), (5, 100)])
def test_going_back_is_one_event_at_every_step(catalog: Catalog, uid: str, steps: tuple[float, ...]) -> None:
    open_gate(catalog, uid)
    for share in steps:
        catalog.promote(uid, "on", share=share)
    assert catalog.revert_target("support", "shared").key == OLD
    catalog.revert("support", "complaints", "shared")
    assert shares(catalog, "support") == {OLD: ("Production", 100), NEW: ("Archived", steps[-1])}
    ended = catalog.upgrades[uid]
    assert (ended.state, ended.outcome, ended.closed_on) == ("rolled_back", "complaints", TODAY)


def test_the_way_back_is_checked_to_be_alive(catalog: Catalog, uid: str) -> None:
    open_gate(catalog, uid)
    catalog.promote(uid, "on", share=25)
    catalog.clock = fixed_clock(date(2027, 1, 4))
    with pytest.raises(CommandError, match=r"no version to go back to.*cannot be called"):
        catalog.revert("support", "complaints", "shared")


def test_cancelling_ends_the_shadow_and_what_answers_cannot_be_cancelled(catalog: Catalog, uid: str) -> None:
    catalog.promote(uid, "compare", share=0)
    catalog.cancel_upgrade(uid, "replaced")
    assert shares(catalog, "support")[NEW][0] == "Archived"
    catalog.undo()
    open_gate(catalog, uid)
    catalog.promote(uid, "on", share=5)
    with pytest.raises(CommandError, match="is in Production: revert support"):
        catalog.cancel_upgrade(uid, "no")
    with pytest.raises(CommandError, match="is in Production already"):
        catalog.set_target(uid, RETIRED)


def test_one_upgrade_for_each_use_case_of_a_deployment_linked_with_a_verdict_each(catalog: Catalog) -> None:
    begin(catalog, "billing", "support", "triage", sku="GlobalProvisionedManaged")
    catalog.start_upgrade("triage", NEW)
    event = catalog.start_upgrades("shared", NEW, why="it ends")
    assert event is not None
    billing, support = catalog.upgrade("billing"), catalog.upgrade("support")
    assert billing.group == support.group != ""
    assert catalog.upgrade("triage").group == ""
    assert [u.use_case for u in catalog.companions(billing)] == ["support"]
    catalog.run_checks(billing.uid, "PASS")
    assert (catalog.upgrade("billing").verdict, catalog.upgrade("support").verdict) == ("PASS", "")
    open_gate(catalog, billing.uid)
    assert [b.split(" moves")[0] for b in catalog.blockers(billing.uid)] == ["support"], "in place all move at once"
    open_gate(catalog, support.uid)
    assert catalog.blockers(billing.uid) == []
    assert "Together with" in catalog.change_record(support.uid)
    with pytest.raises(CommandError, match="all that runs on shared is being upgraded"):
        catalog.start_upgrades("shared", NEW)
    with pytest.raises(CommandError, match="nothing is in Production on sharde; did you mean shared"):
        catalog.start_upgrades("sharde", NEW)


def test_a_target_that_is_retired_or_was_deleted_is_refused_and_the_upgrade_stays(catalog: Catalog, uid: str) -> None:
    catalog.set_target(uid, RETIRED)
    open_gate(catalog, uid)
    with pytest.raises(CommandError, match=f"The target {RETIRED} cannot be called"):
        catalog.promote(uid, "go")
    with pytest.raises(CommandError, match="cannot be called"):
        catalog.promote(uid, "go", share=0)
    catalog.set_target(uid, NEW)
    catalog._db.table("versions").remove(where("key") == NEW)  # by another program: no command does that
    before = catalog.upgrades[uid]
    with pytest.raises(CommandError, match=r"no longer in the catalog\. Set the target first"):
        catalog.promote(uid, "go", force=True)
    assert catalog.upgrades[uid] == before
    assert catalog.verdict_of(before) is None
    assert "No longer in the catalog." in catalog.change_record(uid)
    catalog.run_checks(uid)
    catalog.tick_item(uid, "D04", "still works")
    assert catalog.upgrades[uid].items["D04"].state == "done"


def test_two_people_tick_the_same_item_at_once(catalog: Catalog, uid: str) -> None:
    with Catalog.open(Path(catalog.path), actor="bob", clock=fixed_clock(TODAY)) as other:
        other.tick_item(uid, "D01", "seven places")
        with pytest.raises(CommandError, match="D01 was changed by bob meanwhile and is done"):
            catalog.tick_item(uid, "D01", "eight places")
        catalog.tick_item(uid, "D02", "read")
        mine, theirs = catalog.upgrades[uid], other.upgrades[uid]
        catalog.edit_upgrade(replace(mine, note="mine"), mine)
        with pytest.raises(Conflict, match="note"):
            other.edit_upgrade(replace(theirs, note="theirs"), theirs)
    kept = catalog.upgrades[uid]
    assert [e.text for e in kept.items["D01"].evidence] == ["seven places"]
    assert (kept.items["D02"].state, kept.note) == ("done", "mine")


def test_the_key_that_ticks_does_not_open_again_what_another_ticked(catalog: Catalog, uid: str) -> None:
    catalog.step_item(uid, "D01")
    with Catalog.open(Path(catalog.path), actor="bob", clock=fixed_clock(TODAY)) as other:
        other.step_item(uid, "D01", "doing")
    catalog.refresh()
    with pytest.raises(CommandError, match="D01 was changed by bob meanwhile and is done"):
        catalog.step_item(uid, "D01", "doing")
    assert catalog.upgrades[uid].items["D01"].state == "done"
    catalog.step_item(uid, "D01", "done")
    assert catalog.upgrades[uid].items["D01"].state == "todo"


def test_two_people_work_on_different_items_at_once(catalog: Catalog, uid: str) -> None:
    with Catalog.open(Path(catalog.path), actor="bob", clock=fixed_clock(TODAY)) as other:
        other.tick_item(uid, "D01", "seven places")
        catalog.tick_item(uid, "D02", "read")
        other.comment_item(uid, "D02", "where?")
        catalog.waive_item(uid, "D03", by="ann", why="later", until=date(2026, 12, 22))
        assert [other.upgrades[uid].items[n].state for n in ("D01", "D02")] == ["done", "done"]
    kept = catalog.upgrades[uid].items
    assert [kept[n].state for n in ("D01", "D02", "D03")] == ["done", "done", "waived"]
    assert [c.text for c in kept["D02"].comments] == ["where?"]


def test_what_comes_before_its_start_is_refused(catalog: Catalog, uid: str) -> None:
    with pytest.raises(CommandError, match="has expired before it begins on 2026-11-23"):
        catalog.waive_item(uid, "D01", by="ann", why="later", until=date(2026, 11, 22))
    upgrade = catalog.upgrades[uid]
    with pytest.raises(CommandError, match="do not rise"):
        catalog.edit_upgrade(replace(upgrade, steps=(50, 5, 100)), upgrade)
    assert catalog.upgrades[uid] == upgrade
