"""A sync or a file that somebody agreed to is planned once more, while nobody else can write, before it is applied."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from store import incoming, transfer
from store.catalog import Catalog, CommandError, StoreLocked, fixed_clock
from store.changes import Conflict
from store.delivery import Delivery
from store.formats.export import ANOTHER
from store.records import Fact, UseCase, Version
from store.repair import restore
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


def test_only_where_something_changed_since_is_it_planned_once_more(
    two: tuple[Catalog, Catalog], monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog, beside = two
    news, again = offered(1, "ml/a@1"), []
    shown = plan(catalog, "ml", news)
    monkeypatch.setattr("store.sync.plan", lambda *asked: again.append(asked) or plan(*asked))
    assert apply_anew(catalog, shown, news) is not None
    assert not again
    newer = offered(2, "ml/a@1")
    shown = plan(catalog, "ml", newer)
    beside.refresh()
    beside.register("ml/b@1")
    assert apply_anew(catalog, shown, newer) is not None
    assert len(again) == 1
    kept = catalog.backup("manual")
    shown = plan(catalog, "ml", offered(3, "ml/a@1"))
    before = catalog.edition
    restore(catalog.path, kept.path, datetime(2026, 11, 23, 12, tzinfo=UTC))
    catalog.refresh()
    assert catalog.edition != before, "another line of history, though it has as many edits"
    assert apply_anew(catalog, shown, offered(3, "ml/a@1")) is not None
    assert len(again) == 2
    assert size(catalog, "ml/a@1") == 3


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
    beside.register("ml/b@1")  # so that it is planned once more
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


# ── files ──

TABLE = b"key,context,changes,use_case,stage,owner\nml/a@1,2,from the file,churn,Production,ann\nml/a@2,2,,,,\n"
RECORDS = json.dumps({"versions": [
    {"key": key, "own": True, "facts": {"context_window": 2}} for key in ("ml/a@1", "ml/a@2")
]}).encode()  # fmt: skip


def windowed(size: int, *keys: str) -> Delivery:
    claim = (Fact(size, "ml", "2026-11-20"),)
    return Delivery(versions=[Version("", key, own=True, facts={"context_window": claim}) for key in keys])


def window(catalog: Catalog) -> object:
    return catalog.version("ml/a@1").value("context_window")


def started(catalog: Catalog, beside: Catalog) -> None:
    """One version, and a use case that it may run in."""
    apply(catalog, plan(catalog, "ml", windowed(1, "ml/a@1")))
    catalog.add_use_case(UseCase("u", "churn", owner="ann"))
    beside.refresh()


def shown(catalog: Catalog, content: bytes, name: str) -> tuple[incoming.Incoming, incoming.Plan]:
    file = incoming.read(catalog, content, name)
    found = incoming.plan(catalog, file)
    assert not file.faults, file.faults
    return file, found


def exported(catalog: Catalog, **more: Any) -> bytes:
    """The catalog as it would be if somebody had worked on in a copy of it."""
    document = transfer.document(catalog) | more
    for doc in document["versions"]:
        doc["changes"] = "from the file"
    (use_case,) = document["use_cases"]
    use_case["criticality"] = "high"
    return json.dumps(document).encode()


FILES: dict[str, Callable[[Catalog], tuple[bytes, str]]] = {
    "a table": lambda _: (TABLE, "ours.csv"),
    "records": lambda _: (RECORDS, "ours.json"),
    "an export": lambda catalog: (exported(catalog), "export.json"),
    "another catalog": lambda catalog: (exported(catalog, **{ANOTHER: True}), "other.json"),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_comes_in_although_others_wrote_meanwhile_and_nothing_of_theirs_is_lost(
    two: tuple[Catalog, Catalog], kind: str
) -> None:
    catalog, beside = two
    started(catalog, beside)
    content, name = FILES[kind](catalog)
    file, agreed = shown(catalog, content, name)
    assert not agreed.empty
    beside.set_fact("ml/a@1", "context_window", 100)
    beside.refresh()
    apply(beside, plan(beside, "ml", windowed(3, "ml/a@1", "ml/a@2")))

    before = len(catalog.events())
    assert incoming.apply(catalog, agreed, file, "because") is not None
    assert len(catalog.events()) == before + 3, "theirs are two, the file's is one"
    assert catalog.events()[-1].why == "because"
    assert window(catalog) == 100, "what a person said counts before a file"
    assert {c.value for c in catalog.version("ml/a@1").facts["context_window"]} >= {100, 3}
    changes = "" if kind == "records" else "from the file"
    assert catalog.version("ml/a@1").changes == changes
    assert "ml/a@2" in catalog.versions
    assert shown(catalog, content, name)[1].updates == []
    catalog.undo()
    assert (window(catalog), catalog.version("ml/a@1").changes) == (100, "")


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [("a table", "changes", "by hand"), ("a table", "owner", "ben"), ("an export", "criticality", "low")],
)
def test_a_value_that_nobody_saw_who_agreed_is_not_replaced(
    two: tuple[Catalog, Catalog], kind: str, field: str, value: str
) -> None:
    """Also not where the file said nothing new when it was looked at, as of the owner."""
    catalog, beside = two
    started(catalog, beside)
    file, agreed = shown(catalog, *FILES[kind](catalog))
    if field == "changes":
        version = beside.version("ml/a@1")
        beside.edit_version(replace(version, changes=value), version)
    else:
        use_case = beside.use_cases["churn"]
        beside.edit_use_case(replace(use_case, **{field: value}), use_case)
    with pytest.raises(Conflict, match=f"'{field}' was changed elsewhere to '{value}'"):
        incoming.apply(catalog, agreed, file)
    catalog.refresh()
    assert getattr(catalog.version("ml/a@1") if field == "changes" else catalog.use_cases["churn"], field) == value
    assert (window(catalog), catalog.events()[-1].actor) == (1, "ann"), "all or nothing"


def test_a_decision_about_another_catalog_holds_for_the_value_that_was_shown(two: tuple[Catalog, Catalog]) -> None:
    catalog, beside = two
    started(catalog, beside)
    other = exported(catalog, **{ANOTHER: True})
    first = catalog.use_cases["churn"]
    catalog.edit_use_case(replace(first, criticality="low"), first)
    file, agreed = shown(catalog, other, "other.json")
    agreed.take = {c.at for c in agreed.conflicts}
    assert {c.field for c in agreed.conflicts} == {"criticality"}
    beside.refresh()
    second = beside.use_cases["churn"]
    beside.edit_use_case(replace(second, criticality="normal"), second)
    incoming.apply(catalog, agreed, file)
    assert catalog.use_cases["churn"].criticality == "normal", "normal was never before the eyes of who decided"
    assert catalog.version("ml/a@1").changes == "from the file"


def test_what_contradicts_the_catalog_only_now_is_refused_whole(two: tuple[Catalog, Catalog]) -> None:
    catalog, beside = two
    started(catalog, beside)
    half = b"key,use_case,stage,share,changes\nml/a@1,churn,Production,50,half of it\n"
    file, agreed = shown(catalog, half, "half.csv")
    beside.register("ml/a@3")
    beside.assign("churn", "ml/a@3", stage="Production", share=80)
    with pytest.raises(CommandError, match="exceed 100"):
        incoming.apply(catalog, agreed, file)
    catalog.refresh()
    assert [(a.version, a.share) for a in catalog.runs_in("churn")] == [("ml/a@3", 80)]
