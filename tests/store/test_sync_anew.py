"""A sync that somebody agreed to is planned once more, while nobody else can write, before it is applied."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from store.catalog import Catalog, StoreLocked, fixed_clock
from store.changes import Conflict
from store.delivery import Delivery
from store.records import Fact, Version
from store.sync import apply, apply_anew, plan


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Catalog, Catalog]]:
    """The same catalog, open for a sync and for somebody at work beside it."""
    path, clock = tmp_path / "c.json", fixed_clock(date(2026, 11, 23))
    with (
        Catalog.open(path, actor="cron", clock=clock) as catalog,
        Catalog.open(path, actor="ann", clock=clock) as beside,
    ):
        yield catalog, beside


def offered(size: int, *keys: str) -> Delivery:
    return Delivery(
        versions=[Version("", key, own=True, facts={"size": (Fact(size, "ml", "2026-11-20"),)}) for key in keys]
    )


def size(catalog: Catalog, key: str) -> object:
    return catalog.version(key).value("size")


def test_an_edit_made_while_the_plan_was_read_stays_and_stops_nothing(two: tuple[Catalog, Catalog]) -> None:
    catalog, beside = two
    apply(catalog, plan(catalog, "ml", offered(1, "ml/a@1", "ml/a@2")))
    news = offered(2, "ml/a@1", "ml/a@2", "ml/a@3")
    shown = plan(catalog, "ml", news)
    assert not shown.conflicts
    beside.refresh()
    beside.set_fact("ml/a@1", "size", 100)
    beside.register("ml/a@3", changes="by hand")

    assert apply_anew(catalog, shown, news) is not None
    assert [size(catalog, key) for key in ("ml/a@1", "ml/a@2", "ml/a@3")] == [100, 2, 2]
    assert catalog.version("ml/a@3").changes == "by hand"
    assert plan(catalog, "ml", news).empty


def test_a_decision_for_the_source_holds_for_the_value_that_was_shown_and_no_other(
    two: tuple[Catalog, Catalog],
) -> None:
    catalog, beside = two
    keys = ("ml/a@1", "ml/a@2")
    apply(catalog, plan(catalog, "ml", offered(1, *keys)))
    for key in keys:
        catalog.set_fact(key, "size", 50)
    news = offered(2, *keys)
    shown = plan(catalog, "ml", news)
    shown.take = {conflict.at for conflict in shown.conflicts}
    beside.refresh()
    beside.set_fact("ml/a@1", "size", 60)

    apply_anew(catalog, shown, news)
    assert [size(catalog, key) for key in keys] == [60, 2], "60 was never before the eyes of who decided"


def test_nobody_else_can_write_between_the_plan_and_its_end(two: tuple[Catalog, Catalog]) -> None:
    catalog, beside = two
    apply(catalog, plan(catalog, "ml", offered(1, "ml/a@1")))
    news = offered(2, "ml/a@1")
    beside.refresh()
    beside._db.storage.lock_timeout = 0
    refused: list[StoreLocked] = []

    class Meddling(list[Version]):
        """What is delivered, with somebody who wants to write whenever it is looked at."""

        def __iter__(self) -> Iterator[Version]:
            try:
                beside.set_fact("ml/a@1", "size", 100)
            except StoreLocked as busy:
                refused.append(busy)
            return super().__iter__()

    shown = plan(catalog, "ml", news)
    apply_anew(catalog, shown, replace(news, versions=Meddling(news.versions)))
    assert len(refused) == 1
    assert size(catalog, "ml/a@1") == 2
    beside.set_fact("ml/a@1", "size", 100)
    assert size(beside, "ml/a@1") == 100


def test_what_was_shown_as_nothing_new_is_not_looked_at_again(two: tuple[Catalog, Catalog]) -> None:
    catalog, _ = two
    news = offered(1, "ml/a@1")
    apply(catalog, plan(catalog, "ml", news))
    shown = plan(catalog, "ml", news)
    catalog.delete_version("ml/a@1")
    assert apply_anew(catalog, shown, news) is None


def test_an_own_value_is_set_whatever_a_sync_said_meanwhile_but_not_over_another_person_s(
    two: tuple[Catalog, Catalog],
) -> None:
    catalog, beside = two
    apply(catalog, plan(catalog, "ml", offered(1, "ml/a@1")))
    beside.refresh()
    apply(catalog, plan(catalog, "ml", offered(2, "ml/a@1")))
    beside.set_fact("ml/a@1", "size", 100)
    assert [c.value for c in beside.version("ml/a@1").facts["size"]] == [100, 2]
    with pytest.raises(Conflict, match="changed elsewhere"):
        catalog.set_fact("ml/a@1", "size", 200)
