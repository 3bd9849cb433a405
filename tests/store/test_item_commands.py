"""Commands on checklist items: what evidence rests on, who may sign, what answers and checks write."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from store.catalog import Catalog, CommandError, UnknownName
from store.engine import new_uid
from store.records import Criteria, Criterion, Deployment, Observation, Upgrade, UseCase

OLD, NEW, OTHER = (
    "azure-openai/gpt-4o@2024-05-13",
    "azure-openai/gpt-5.6-sol@2026-07-09",
    "azure-openai/gpt-4.1@2025-04-14",
)


@pytest.fixture
def upgrade(catalog: Catalog) -> Upgrade:
    """A provisioned deployment on its way to the vendor's replacement."""
    catalog.add_use_case(UseCase(new_uid(), "support", owner="platform"))
    place = Deployment(new_uid(), "ptu", platform="azure", sku="GlobalProvisionedManaged")
    catalog.assign("support", OLD, deployment="ptu", place=place)
    catalog.start_upgrade("support", NEW)
    return catalog.upgrade("support")


def test_a_tick_goes_stale_with_another_target_and_the_verdict_goes_too(catalog: Catalog, upgrade: Upgrade) -> None:
    catalog.tick_item(upgrade.uid, "A01", "read")
    catalog.tick_item(upgrade.uid, "D01", "scanned")
    catalog.run_checks(upgrade.uid, "PASS")
    assert catalog.upgrade("support").verdict == "PASS"
    assert not [b for b in catalog.blockers(upgrade.uid) if b.startswith(("A01", "D01", "V01"))]
    catalog.set_target(upgrade.uid, OTHER)
    assert catalog.upgrade("support").verdict == ""
    blocked = catalog.blockers(upgrade.uid)
    assert any(b.startswith("A01") and "stale: target changed" in b for b in blocked)
    assert any(b.startswith("V01") and "stale" in b for b in blocked)
    assert not [b for b in blocked if b.startswith("D01")]


def test_without_a_word_the_gate_is_asked_and_its_reason_kept(catalog: Catalog, upgrade: Upgrade) -> None:
    catalog.run_checks(upgrade.uid)
    after = catalog.upgrade("support")
    judged = catalog.verdict_of(after)
    assert judged is not None
    assert after.verdict == judged.verdict
    assert judged.reason in (after.items["V01"].reason or after.items["V01"].evidence[-1].text)
    catalog.set_target(upgrade.uid, "")
    catalog.run_checks(upgrade.uid)
    assert catalog.upgrade("support").verdict == ""
    assert catalog.upgrade("support").items["A08"].reason == "no target is chosen, or it is not in the catalog"


def test_each_step_is_one_event_and_undone_as_one(catalog: Catalog, upgrade: Upgrade) -> None:
    catalog.step_item(upgrade.uid, "D01")
    catalog.step_item(upgrade.uid, "D01")
    assert catalog.upgrade("support").items["D01"].state == "done"
    catalog.undo()
    assert catalog.upgrade("support").items["D01"].state == "doing"
    with pytest.raises(CommandError, match="open already"):
        catalog.reopen_item(upgrade.uid, "D02")
    with pytest.raises(UnknownName, match="no item 'D99'"):
        catalog.tick_item(upgrade.uid, "D99")
    with pytest.raises(CommandError, match="expired before it begins"):
        catalog.waive_item(upgrade.uid, "D02", by="lead", why="later", until=date(2026, 1, 1))


def test_a_tick_with_its_evidence_is_one_event_and_all_or_nothing(catalog: Catalog, upgrade: Upgrade) -> None:
    before = len(catalog.history())
    shown = [("link", "https://wiki.example/x", ""), ("file", "list.csv", "f" * 64)]
    catalog.tick_item(upgrade.uid, "D01", "seven places", shown)  # type: ignore[arg-type]
    assert len(catalog.history()) == before + 1
    kept = catalog.upgrade("support").items["D01"]
    assert [e.kind for e in kept.evidence] == ["link", "file", "note"]
    with pytest.raises(CommandError, match="already done"):
        catalog.tick_item(upgrade.uid, "D01", "again", shown)  # type: ignore[arg-type]
    assert catalog.upgrade("support").items["D01"] == kept
    catalog.undo()
    assert not catalog.upgrade("support").items["D01"].evidence


def test_only_another_person_signs_where_the_policy_asks_for_two(catalog: Catalog, upgrade: Upgrade) -> None:
    use_case = catalog.use_case("support")
    catalog.edit_use_case(replace(use_case, criteria=Criteria(two_persons=True)), use_case)
    with pytest.raises(CommandError, match="needs a second person"):
        catalog.sign_item(upgrade.uid, "V06")
    catalog.actor = "somebody else"
    catalog.sign_item(upgrade.uid, "V06")
    assert catalog.upgrade("support").items["V06"].signed_by == "somebody else"


def test_what_only_the_deployment_knows_is_remembered_there(catalog: Catalog, upgrade: Upgrade) -> None:
    catalog.answer(upgrade.uid, {"fine_tuned": True, "regulated": False})
    assert catalog.deployments["ptu"].fine_tuned is True
    assert catalog.use_case("support").regulated is False
    catalog.undo()
    assert catalog.deployments["ptu"].fine_tuned is None


def test_what_no_field_holds_is_not_asked_again_in_the_next_upgrade(catalog: Catalog, upgrade: Upgrade) -> None:
    asked = {question.name for question in catalog.questions(upgrade)}
    told = {"use_case.modalities": True, "use_case.tools": True, "fine_tuned": False, "regulated": True}
    assert "use_case.tools" in asked
    catalog.answer(upgrade.uid, told)
    assert catalog.use_case("support").modalities is None, "which ones is not known"
    catalog.cancel_upgrade(upgrade.uid, "later")
    catalog.start_upgrade("support", OTHER, template=upgrade.template)
    again = catalog.upgrade("support")
    assert again.uid != upgrade.uid
    assert not {question.name for question in catalog.questions(again)} & told.keys()
    assert again.items["T07"].applies == "yes", "it calls tools"
    assert again.answers == {}


def test_the_way_back_knows_the_deployment_and_what_a_registry_lost(catalog: Catalog, upgrade: Upgrade) -> None:
    catalog.promote(upgrade.uid, "late", force=True)
    assert catalog.revert_target("support", "ptu").key == OLD
    catalog.add_use_case(UseCase(new_uid(), "churn", owner="crm"))
    for n in (1, 2):
        catalog.register(f"mlflow/churn@{n}")
        catalog.assign("churn", f"mlflow/churn@{n}")
    assert catalog.revert_target("churn").key == "mlflow/churn@1"
    version = catalog.versions["mlflow/churn@1"]
    with catalog.command("lost") as draft:
        draft.put(replace(version, missing_since=date(2026, 11, 1)), version)
    found = catalog.revert_target("churn")
    assert found.key is None
    assert found.others == (("mlflow/churn@1", "its artifact cannot be reached"),)


def test_another_strategy_asks_for_other_items(catalog: Catalog, upgrade: Upgrade) -> None:
    assert "R04" in upgrade.items
    catalog.edit_upgrade(replace(upgrade, strategy="side_by_side"), upgrade)
    after = catalog.upgrade("support")
    assert after.strategy == "side_by_side"
    assert set(after.items) != set(upgrade.items)


def test_due_dates_stay_when_the_date_moves_until_they_are_counted_anew(catalog: Catalog, upgrade: Upgrade) -> None:
    from store.review.plan import outdated

    def due(name: str) -> date | None:
        return catalog.upgrade("support").items[name].due

    assert upgrade.planned_for == date(2026, 12, 9)
    catalog.tick_item(upgrade.uid, "D01", "done early")
    done, before = due("D01"), due("V01")
    version = catalog.versions[OLD]
    moved = Observation("retire", date(2027, 9, 1), "planned", "ms", "Microsoft", "2026-11-20")
    with catalog.command("sync") as draft:
        draft.put(replace(version, observations=(moved,)), version)
    assert (due("V01"), outdated(upgrade.planned_for, catalog.plan_of(upgrade))) == (before, True)
    event = catalog.plan_again(upgrade.uid, "the date moved")
    assert event is not None
    assert event.why == "the date moved"
    after = catalog.upgrade("support")
    assert after.planned_for == date(2027, 9, 1)
    assert not outdated(after.planned_for, catalog.plan_of(after))
    assert due("D01") == done
    assert before is not None
    assert (due("V01") or before) > before
    catalog.undo()
    assert due("V01") == before
    catalog.promote(upgrade.uid, "late", force=True)
    with pytest.raises(CommandError, match="its plan is over"):
        catalog.plan_again(upgrade.uid)


def test_the_record_has_the_plan_of_the_template_and_the_gates_reasons(catalog: Catalog, upgrade: Upgrade) -> None:
    told = catalog.change_record(upgrade.uid)
    assert "| start by | 2026-10-02 |" in told
    judged = catalog.verdict_of(upgrade)
    assert judged is not None
    assert f"**{judged.verdict}**" in told
    assert told == catalog.change_record(upgrade.uid)
    plan = catalog.plan_of(upgrade, date(2026, 8, 1))
    assert plan is not None
    assert plan.state == "on_track"


def test_a_removed_upgrade_comes_back_with_undo(catalog: Catalog, upgrade: Upgrade) -> None:
    catalog.remove_upgrade(upgrade.uid, "by mistake")
    with pytest.raises(UnknownName):
        catalog.change_record(upgrade.uid)
    catalog.undo()
    assert catalog.upgrade("support").items == upgrade.items


def test_break_risks_are_items_of_the_short_list_and_stay_the_same(catalog: Catalog) -> None:
    catalog.add_use_case(UseCase(new_uid(), "notes", owner="platform", criticality="low"))
    catalog.assign("notes", "openai/gpt-4o@2024-05-13")
    catalog.start_upgrade("notes", "openai/gpt-5.4@2026-03-05", template="short")
    begun = catalog.upgrade("notes")
    risks = {i.id: i for i in begun.items.values() if i.id.startswith("BR-")}
    assert {"BR-max-tokens", "BR-stop"} <= set(risks)
    assert all(i.phase == "Adapt" and i.verify and i.sources for i in risks.values())
    assert risks["BR-max-tokens"].blocking
    assert not risks["BR-roles"].blocking
    assert any(b.startswith("BR-max-tokens") for b in catalog.blockers(begun.uid))
    catalog.tick_item(begun.uid, "BR-max-tokens", "renamed")
    catalog.answer(begun.uid, {})
    again = catalog.upgrade("notes")
    assert {i for i in again.items if i.startswith("BR-")} == set(risks)
    assert again.items["BR-max-tokens"].state == "done"
    catalog.set_target(begun.uid, "openai/gpt-4.1@2025-04-14")
    moved = catalog.upgrade("notes").items
    assert "BR-stop" not in moved  # the other target accepts it
    assert "BR-max-tokens" in moved  # what was worked on stays
    assert "T02" not in begun.items


def test_risks_that_the_long_list_covers_are_not_there_twice(upgrade: Upgrade) -> None:
    assert {"T02", "T03"} & set(upgrade.items)
    assert not {"BR-max-tokens", "BR-sampling"} & set(upgrade.items)


def test_a_verdict_keeps_the_policy_that_it_was_made_with(catalog: Catalog, upgrade: Upgrade) -> None:
    base = catalog.use_case("support")
    first = Criteria(metrics={"accuracy": Criterion("critical", margin=0.02)})
    catalog.edit_use_case(replace(base, criteria=first), base)
    catalog.run_checks(upgrade.uid)
    base = catalog.use_case("support")
    catalog.edit_use_case(replace(base, criteria=replace(base.criteria, runway_days=10)), base)
    frozen = catalog.upgrade("support").criteria
    assert frozen is not None
    assert (frozen.version, frozen.runway_days, frozen.metrics) == (2, 180, first.metrics)
    assert catalog.use_case("support").criteria.version == 3
