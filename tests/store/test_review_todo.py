"""What each owner has to do next, across all running upgrades."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from store.records import Item, Upgrade, UseCase, Waiver
from store.review.todo import todos

TODAY = date(2026, 11, 23)
AT = "2026-11-01T08:00:00Z"


def item(name: str, day: int | None = None, owner: str = "", **changed: object) -> Item:
    due = None if day is None else date(2026, 11, day)
    return replace(Item(name, "Discover", name, due=due, owner=owner), **changed)  # type: ignore[arg-type]


def upgrade(use_case: str, *items: Item, state: str = "open") -> Upgrade:
    return Upgrade(use_case, use_case, "a/1", items={i.id: i for i in items}, state=state)  # type: ignore[arg-type]


def test_items_of_all_upgrades_stand_by_owner_the_overdue_first_then_by_day() -> None:
    waived = item("D4", 30, state="waived", waiver=Waiver("ann", "later", AT, date(2026, 11, 22)))
    one = upgrade(
        "one", item("D1", 25, "mira"), item("D2", 24, "mira", after=("D1",)), item("D3", 20, "kai", state="blocked"),
        waived, item("D5"),
    )  # fmt: skip
    two = upgrade("two", item("D1", 22, "mira"), item("D2", 23, "mira"), item("D3", 23), item("D9", 1, state="done"))
    over = upgrade("three", item("D1", 1, "mira"), state="cancelled")
    cases = {"one": UseCase("u", "one", owner="crm")}
    found = todos([(one, None), (two, None), (over, None)], cases, TODAY)
    assert [(owner, [(t.upgrade.use_case, t.item.id, t.days) for t in mine]) for owner, mine in found.items()] == [
        ("mira", [("two", "D1", -1), ("two", "D2", 0), ("one", "D1", 2)]),
        ("crm", [("one", "D4", 7), ("one", "D5", None)]),
        ("", [("two", "D3", 0)]),
    ]
    assert [t.overdue for t in found["crm"]] == [True, False]


def test_what_went_stale_is_to_be_done_again_until_the_target_is_in_production() -> None:
    from store.records import Evidence

    shown = Evidence("check", "ok", AT, "ann", inputs={"target": "a"})
    stale = item("A1", 24, "mira", state="done", evidence=(shown,))
    one = upgrade("one", stale)
    assert [t.item.id for t in todos([(one, {"target": "b"})], {}, TODAY)["mira"]] == ["A1"]
    assert todos([(one, {"target": "a"})], {}, TODAY) == {}
    assert todos([(replace(one, state="promoted"), {"target": "b"})], {}, TODAY) == {}
