"""The engine: conflicts, drift, inbox, assignments, runs that fail or stop, and what survives all of it."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import sync, sync_run
from store.catalog import Catalog, CommandError, fixed_clock
from store.delivery import Delivery, joined, tagged_use_case
from store.records import Assignment, Deployment, Fact, Measurement, Observation, Registry, UseCase, Version
from store.registries import adapter as adapters
from store.registries.errors import RemoteError
from store.sync import Drift, apply, apply_anew, plan

TODAY = date(2026, 11, 23)
FIXTURES = Path(__file__).parents[1] / "fixtures" / "registries"


@pytest.fixture
def empty(tmp_path: Path) -> Any:
    with Catalog.open(tmp_path / "c.json", actor="ann", clock=fixed_clock(TODAY)) as opened:
        yield opened


def own(key: str = "ml/churn@1", **fields: Any) -> Version:
    return replace(Version("", key, own=True), **fields)


def claim(value: object, as_of: str = "2026-11-23") -> tuple[Fact, ...]:
    return (Fact(value, "ml", as_of, origin="ml"),)


def delivered(catalog: Catalog, **tables: Any) -> sync.Plan:
    return plan(catalog, "ml", Delivery(**tables))


# ── conflicts ──


def test_a_local_edit_is_released_only_where_theirs_is_taken_and_undo_brings_it_back(empty: Catalog) -> None:
    apply(empty, delivered(empty, versions=[own(changes="first", tags=("a",), facts={"size": claim(1)})]))
    version = empty.version("ml/churn@1")
    empty.edit_version(replace(version, changes="ours", tags=("b",)), version)
    empty.set_fact("ml/churn@1", "size", 5)
    wanted = delivered(empty, versions=[own(changes="theirs", tags=("c",), facts={"size": claim(2)})])
    assert {c.field for c in wanted.conflicts} == {"changes", "tags", "facts.size"}
    wanted.take = {c.at for c in wanted.conflicts if c.field != "tags"}
    apply(empty, wanted)
    version = empty.version("ml/churn@1")
    assert (version.changes, version.tags, version.value("size")) == ("theirs", ("b",), 2)
    later = delivered(empty, versions=[own(changes="newer", tags=("d",), facts={"size": claim(3)})])
    assert {c.field for c in later.conflicts} == {"tags"}, "a released field follows the registry again"
    empty.undo()
    version = empty.version("ml/churn@1")
    assert (version.changes, version.value("size")) == ("ours", 5)


def test_a_version_made_by_hand_keeps_its_words_when_its_registry_comes(empty: Catalog) -> None:
    empty.add_version(own(changes="our words", uid="v"))
    wanted = delivered(empty, versions=[own(changes="their words", tags=("t",))])
    assert [(c.field, c.before, c.after) for c in wanted.conflicts] == [("changes", "our words", "their words")]
    apply(empty, wanted)
    apply(empty, delivered(empty, versions=[own(changes="other words")]))
    version = empty.version("ml/churn@1")
    assert (version.changes, version.tags, version.registry) == ("our words", (), "ml")
    wanted = delivered(empty, versions=[own(changes="other words")])
    wanted.take = {c.at for c in wanted.conflicts}
    apply(empty, wanted)
    assert empty.version("ml/churn@1").changes == "other words"


def test_edited_deployments_and_measurements_stand(empty: Catalog) -> None:
    place = Deployment("", "blue", platform="azure", region="swedencentral", remote_version="ml/churn@1")
    value = Measurement("m1", "auc", 0.8, "ml/churn@1", origin="ml")
    apply(empty, delivered(empty, versions=[own()], deployments=[place], measurements=[value]))
    ours = empty.deployments["blue"]
    empty.save_deployment(replace(ours, region="westeurope"), ours)
    old = empty.measurements["m1"]
    empty.edit_measurement(replace(old, value=0.7), old)
    newer = replace(place, region="eastus", sku="Standard")
    wanted = delivered(empty, versions=[own()], deployments=[newer], measurements=[replace(value, value=0.9)])
    assert {(c.table, c.field, c.before, c.after) for c in wanted.conflicts} == {
        ("deployments", "region", "westeurope", "eastus"),
        ("measurements", "value", 0.7, 0.9),
    }
    apply(empty, wanted)
    assert (empty.deployments["blue"].region, empty.deployments["blue"].sku) == ("westeurope", "Standard")
    assert empty.measurements["m1"].value == 0.7
    wanted = delivered(empty, versions=[own()], deployments=[newer], measurements=[replace(value, value=0.9)])
    wanted.take = {c.at for c in wanted.conflicts}
    apply(empty, wanted)
    assert (empty.deployments["blue"].region, empty.measurements["m1"].value) == ("eastus", 0.9)


def test_an_own_value_is_released_outside_a_sync_and_the_registry_s_counts_again(empty: Catalog) -> None:
    place = Deployment("", "blue", platform="p", region="eu")
    said: dict[str, Any] = {"versions": [own(changes="theirs", facts={"size": claim(2)})], "deployments": [place]}
    apply(empty, delivered(empty, **said))
    version, there = empty.version("ml/churn@1"), empty.deployments["blue"]
    empty.edit_version(replace(version, changes="ours"), version)
    empty.save_deployment(replace(there, region="here"), there)
    empty.set_fact("ml/churn@1", "size", 5)
    assert empty.own_fields("ml/churn@1") == ["changes", "size"]
    assert empty.release("ml/churn@1", "facts.size") is not None
    assert empty.version("ml/churn@1").value("size") == 2, "at once what was said last"
    empty.release("ml/churn@1", "changes")
    empty.release("blue", "region")
    assert empty.version("ml/churn@1").changes == "ours", "until the next sync, for it is not kept what they said"
    wanted = delivered(empty, **said)
    assert (wanted.conflicts, {(c.field, c.after) for c in wanted.updates}) == (
        [],
        {("changes", "theirs"), ("region", "eu")},
    )
    empty.undo()
    assert delivered(empty, **said).conflicts, "undone, it is ours again"
    empty.add_version(own("hand/made@1", uid="h"))
    empty.set_fact("hand/made@1", "size", 1)
    for key, field, why in (
        ("ml/churn@1", "tags", "your own are: changes|none of its fields"),
        ("hand/made@1", "size", "nobody else says"),
        ("nobody", "size", "no version"),
    ):
        with pytest.raises(CommandError, match=why):
            empty.release(key, field)


EDITS = ("size 5", "size release", "changes", "tags", "region", "nothing")
REMOTE = st.fixed_dictionaries({"size": st.integers(1, 3) | st.none(), "changes": st.sampled_from(["", "x", "y"]),
                                "tags": st.sampled_from([(), ("r",)]), "region": st.sampled_from(["", "eu", "us"]),
                                "listed": st.booleans()})  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(EDITS), REMOTE, st.booleans()), min_size=1, max_size=6))
def test_local_edits_survive_any_sequence_of_syncs_and_each_applies_once(steps: Any, tmp_path: Path) -> None:
    """Also those made while the plan is read and before it is agreed to (`late`)."""
    shutil.rmtree(tmp_path / "store", ignore_errors=True)
    ours: dict[str, Any] = {}
    with Catalog.open(tmp_path / "store" / "c.json", actor="ann", clock=fixed_clock(TODAY)) as catalog:
        apply(catalog, delivered(catalog, versions=[own()], deployments=[Deployment("", "blue", platform="p")]))
        for edit, remote, late in steps:
            said = own(changes=remote["changes"], tags=remote["tags"])
            if remote["size"] is not None:
                said = replace(said, facts={"size": claim(remote["size"])})
            delivery = Delivery(
                versions=[said] if remote["listed"] else [own("ml/churn@2")],
                deployments=[Deployment("", "blue", platform="p", region=remote["region"])],
            )
            shown = plan(catalog, "ml", delivery) if late else None
            _edited(catalog, edit, ours)
            apply_anew(catalog, shown or plan(catalog, "ml", delivery), delivery)
            again = plan(catalog, "ml", delivery)
            assert again.empty, "applied twice is applied once"
            assert not again.updates
            version, place = catalog.version("ml/churn@1"), catalog.deployments["blue"]
            assert ours.get("size") is None or version.value("size") == 5
            assert "changes" not in ours or version.changes == "our words"
            assert "tags" not in ours or version.tags == ("ours",)
            assert "region" not in ours or place.region == "here"
            assert (version.missing_since is None) == remote["listed"]


def _edited(catalog: Catalog, edit: str, ours: dict[str, Any]) -> None:
    version, place = catalog.version("ml/churn@1"), catalog.deployments["blue"]
    if edit.startswith("size"):
        ours["size"] = 5 if edit == "size 5" else None
        catalog.set_fact("ml/churn@1", "size", ours["size"])
    elif edit == "region":
        ours["region"] = "here"
        catalog.save_deployment(replace(place, region="here"), place)
    elif edit in ("changes", "tags"):
        ours[edit] = "our words" if edit == "changes" else ("ours",)
        catalog.edit_version(replace(version, **{edit: ours[edit]}), version)


# ── ages ──


def test_the_same_again_writes_nothing_until_a_week_has_passed_and_then_only_the_age(empty: Catalog) -> None:
    def said(day: date) -> dict[str, Any]:
        seen = Observation("retire", date(2027, 3, 1), "planned", "ml", "ml", day.isoformat(), origin="ml")
        return {"versions": [own(facts={"size": claim(1, day.isoformat())}, observations=(seen,))]}

    apply(empty, delivered(empty, **said(TODAY)))
    assert delivered(empty, **said(TODAY + timedelta(days=6))).empty
    for weeks in (1, 2, 3):
        later = delivered(empty, **said(TODAY + timedelta(days=7 * weeks)))
        assert (later.empty, later.changed) == (False, [])
        apply(empty, later)
    version = empty.version("ml/churn@1")
    assert version.facts["size"][0].as_of == "2026-12-14"
    assert [o.observed_at for o in version.observations] == ["2026-11-23", "2026-12-14"], "the first day stays"


def test_a_fact_that_the_source_no_longer_says_goes_with_a_line_in_the_plan(empty: Catalog) -> None:
    apply(empty, delivered(empty, versions=[own(facts={"size": claim(1), "framework": claim("x")})]))
    wanted = delivered(empty, versions=[own(facts={"size": claim(1)})])
    assert [(c.field, c.before, c.after) for c in wanted.updates] == [("facts.framework", "x", None)]
    part = delivered(empty, versions=[own(facts={"size": claim(1)})], complete=False)
    assert part.empty, "who does not say everything takes nothing away"


def test_what_is_not_a_number_is_itself(empty: Catalog) -> None:
    value = Measurement("m1", "loss", float("nan"), "ml/churn@1", origin="ml")
    apply(empty, delivered(empty, versions=[own()], measurements=[value]))
    assert delivered(empty, versions=[own()], measurements=[value]).empty


# ── what runs ──


def test_a_tag_assigns_where_nothing_runs_and_never_moves_what_does(empty: Catalog) -> None:
    empty.add_use_case(UseCase("u", "churn", owner="ann"))
    first = Assignment("", "churn", "ml/churn@1", deployment="blue")
    new = Assignment("", "fraud", "ml/churn@1", deployment="red")
    odd = Assignment("", "churn", "ml/nobody@1", deployment="x")
    places = [Deployment("", n, remote_version="ml/churn@1", remote_seen_at="2026-11-23T08:00:00Z") for n in
              ("blue", "red", "free")]  # fmt: skip
    wanted = delivered(empty, versions=[own(), own("ml/churn@2")], deployments=places, assignments=[first, new, odd])
    assert "ml/nobody@1, which nobody here knows" in wanted.notes[0]
    assert [d.name for d in wanted.inbox] == ["free"]
    apply(empty, wanted)
    assert {(a.use_case, a.version, a.deployment, a.seen) for a in empty.assignments.records()} == {
        ("churn", "ml/churn@1", "blue", True),
        ("fraud", "ml/churn@1", "red", True),
    }
    assert [d.name for d in sync.inbox(empty)] == ["free"]

    moved = replace(places[0], remote_version="ml/churn@2")
    again = delivered(
        empty, versions=[own(), own("ml/churn@2")], deployments=[moved, *places[1:]],
        assignments=[replace(first, version="ml/churn@2"), new],
    )  # fmt: skip
    assert again.drift == [Drift("churn", "blue", "version", "ml/churn@1", "ml/churn@2", "2026-11-23T08:00:00Z")]
    apply(empty, again)
    assert [a.version for a in empty.runs_in("churn")] == ["ml/churn@1"]
    empty.undo()
    assert empty.deployments["blue"].remote_version == "ml/churn@1"


def test_an_assignment_that_was_archived_here_is_not_brought_back(empty: Catalog) -> None:
    tagged = Assignment("", "churn", "ml/churn@1", deployment="blue")
    tables: dict[str, Any] = {"versions": [own()], "assignments": [tagged],
                              "deployments": [Deployment("", "blue", remote_version="ml/churn@1")]}  # fmt: skip
    apply(empty, delivered(empty, **tables))
    empty.assign("churn", "ml/churn@1", stage="Archived", deployment="blue")
    assert delivered(empty, **tables).empty


def test_a_stage_at_the_registry_that_differs_is_drift(empty: Catalog) -> None:
    empty.add_use_case(UseCase("u", "churn", owner="ann"))
    apply(empty, delivered(empty, versions=[own(facts={"remote_stage": claim("Production")})]))
    empty.assign("churn", "ml/churn@1")
    assert delivered(empty, versions=[own(facts={"remote_stage": claim("Production")})]).drift == []
    (found,) = delivered(empty, versions=[own(facts={"remote_stage": claim("Archived")})]).drift
    assert (found.field, found.recorded, found.remote) == ("stage", "ml/churn@1 Production", "Archived")


def test_a_deployment_that_is_gone_is_flagged_and_another_registry_s_is_left_alone(empty: Catalog) -> None:
    blue, red = Deployment("", "blue", platform="p"), Deployment("", "red", platform="p")
    apply(empty, delivered(empty, deployments=[blue, red]))
    apply(empty, delivered(empty, deployments=[red]))
    assert empty.deployments["blue"].missing_since == TODAY
    other = plan(empty, "azure", Delivery(deployments=[replace(red, region="eu")]))
    assert other.empty
    assert "belongs to ml" in other.notes[0]
    nothing = delivered(empty)
    assert nothing.empty, "who lists nothing at all may just not be allowed to see"


def test_a_use_case_is_named_only_by_its_own_tag() -> None:
    assert tagged_use_case({"use_case": "churn"}) == "churn"
    assert tagged_use_case({"usecase": "churn", "use_case": "Not A Name"}) == ""


# ── public catalogs ──


async def test_a_public_catalog_refreshes_what_is_known_and_offers_the_rest(catalog: Catalog) -> None:
    registry = Registry("", "prices", kind="litellm", address=str(FIXTURES / "litellm.json"))
    catalog.add_registry(registry)
    run = await sync_run.read(catalog.registries["prices"], sync_run.connector(offline=True, today=TODAY))
    assert (run.error, run.requests) == ("", 0)
    assert run.delivery is not None
    before = len(catalog.versions)
    wanted = plan(catalog, "prices", run.delivery)
    assert wanted.added == []
    offered = {v.key for v in wanted.unmatched}
    assert "azure-openai/gpt-realtime" in offered
    assert "azure-openai/gpt-5.4@2026-03-05" not in offered
    wanted.wanted = {"azure-openai/gpt-realtime"}
    apply(catalog, wanted)
    assert len(catalog.versions) == before + 1
    version = catalog.version("azure-openai/gpt-5.4@2026-03-05")
    assert version.registry == "reference", "prices of a version do not make it the catalog's"
    assert any(c.origin == "prices" for c in version.facts["price_input"])
    assert plan(catalog, "prices", run.delivery).empty
    everything = plan(catalog, "prices", replace(run.delivery, known_only=False))
    assert "azure-foundry/command-r-plus" in {v.key for v in everything.added}


def test_two_entries_of_one_version_count_once_and_the_exact_one_first(empty: Catalog) -> None:
    empty.add_version(Version("v", "openai/gpt-4@0613", api_ids=("gpt-4-0613", "gpt-4")))
    by_id = Version("", "openai/gpt-4-0613", api_ids=("gpt-4-0613",), facts={"price_input": claim(7)})
    moving = Version("", "openai/gpt-4", api_ids=("gpt-4",), facts={"price_input": claim(9)})
    exact = Version("", "openai/gpt-4@0613", facts={"price_input": claim(30)})
    wanted = plan(empty, "prices", Delivery(versions=[by_id, moving, exact], known_only=True))
    assert [v.key for v in wanted.unmatched] == ["openai/gpt-4"], "an id that moves between versions is no version's"
    apply(empty, wanted)
    assert empty.version("openai/gpt-4@0613").value("price_input") == 30
    alone = plan(empty, "prices", Delivery(versions=[by_id], known_only=True))
    assert [(c.key, c.before, c.after) for c in alone.updates] == [("openai/gpt-4@0613", 30, 7)]


# ── runs ──


class Paged:
    """An adapter that gives pages, and then does something."""

    kind, title, address, default_address, own_provider = "file", "", "", "", True
    settings: dict[str, str] = {}
    secrets: dict[str, str] = {}

    def __init__(self, pages: list[Delivery], end: Any = None) -> None:
        self.pages, self.end, self.closed = pages, end, False

    async def fetch(self, registry: Registry, client: Any, progress: Any) -> AsyncIterator[Delivery]:
        try:
            for number, page in enumerate(self.pages, 1):
                progress("versions", number, len(self.pages))
                yield page
                await asyncio.sleep(0)
            if isinstance(self.end, BaseException):
                raise self.end
            if self.end is not None:
                await self.end.wait()
        finally:
            self.closed = True


@asynccontextmanager
async def nowhere(registry: Registry, kind: Any) -> AsyncIterator[Any]:
    yield SimpleNamespace(usage=SimpleNamespace(requests=3, bytes=10))


def use(monkeypatch: pytest.MonkeyPatch, **kinds: Paged) -> list[Registry]:
    monkeypatch.setattr(sync_run, "adapter", lambda name: kinds[name])
    return [Registry("", name, kind=name) for name in kinds]


PAGES = [Delivery(versions=[own(f"ml/churn@{n}")]) for n in (1, 2, 3)]


@pytest.mark.parametrize("after", range(4))
@pytest.mark.parametrize("trouble", [RemoteError("broken", "it broke off"), KeyError("rows"), TypeError("None")])
async def test_a_registry_that_breaks_after_any_page_gives_nothing(
    after: int, trouble: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Paged(PAGES[:after], trouble)
    whole = Paged(PAGES)
    registries = use(monkeypatch, broken=broken, whole=whole)
    told: list[tuple[str, str, int, int | None]] = []
    first, second = await sync_run.read_all(registries, nowhere, lambda *said: told.append(said))
    assert (first.delivery, first.kind, first.requests) == (None, "broken", 3)
    assert first.error.isprintable()
    assert second.delivery is not None, "each fails alone"
    assert [v.key for v in second.delivery.versions] == ["ml/churn@1", "ml/churn@2", "ml/churn@3"]
    assert broken.closed
    assert ("whole", "versions", 3, 3) in told


async def test_a_run_is_stopped_in_the_middle_from_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = Paged(PAGES, asyncio.Event())
    reached = asyncio.Event()
    loop = asyncio.get_running_loop()
    reading = sync_run.Reading(
        use(monkeypatch, waits=waits), nowhere, lambda *said: loop.call_soon_threadsafe(reached.set) and None
    )
    running = asyncio.create_task(asyncio.to_thread(reading.run))
    await reached.wait()
    reading.cancel()
    assert await asyncio.wait_for(running, 10) == []
    assert waits.closed


async def test_a_run_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync_run, "RUN_SECONDS", 0.05)
    (run,) = await sync_run.read_all(use(monkeypatch, waits=Paged(PAGES, asyncio.Event())), nowhere)
    assert (run.kind, run.delivery) == ("too_slow", None)


def test_pages_that_moved_count_once_and_state_is_kept_only_when_applied(empty: Catalog) -> None:
    pages = [
        Delivery(versions=[own(changes="old")], notes=("n",), state={"a": 1}),
        Delivery(versions=[own(changes="new")], notes=("n",), state={"b": 2}, complete=False),
    ]
    whole = joined(pages)
    assert [v.changes for v in whole.versions] == ["new"]
    assert (whole.complete, whole.notes, whole.state) == (False, ("n",), {"a": 1, "b": 2})
    empty.add_registry(Registry("", "ml", kind="file", address="f"))
    wanted = plan(empty, "ml", whole)
    assert empty.registries["ml"].state == {}
    apply(empty, wanted)
    assert empty.registries["ml"].state == {"a": 1, "b": 2}


def test_runs_are_kept_without_writing_where_there_is_no_news(tmp_path: Path) -> None:
    now = fixed_clock(TODAY)()
    moment = [now]
    with Catalog.open(tmp_path / "c.json", actor="ann", clock=lambda: moment[0]) as catalog:
        catalog.add_registry(Registry("", "ml", kind="file", address="f"))
        good = sync_run.Run(catalog.registries["ml"], Delivery(), requests=4, seconds=1.5)
        assert sync_run.record_runs(catalog, [good]) is not None
        first = catalog.registries["ml"]
        assert (first.requests, first.seconds, first.last_error) == (4, 1.5, "")
        moment[0] = now + timedelta(minutes=50)
        assert sync_run.record_runs(catalog, [good]) is None
        bad = replace(good, delivery=None, error="nothing answers", kind="unreachable")
        assert sync_run.record_runs(catalog, [bad]) is not None
        assert catalog.registries["ml"].last_run == first.last_run, "a failed run is no run"
        assert sync_run.record_runs(catalog, [good]) is not None, "it works again"
        assert catalog.registries["ml"].last_error == ""
        moment[0] = now + timedelta(hours=3)
        assert sync_run.record_runs(catalog, [good]) is not None
        event = catalog.undo()
        assert event is not None
        assert event.command == "undo add registry ml", "what runs record is no step of the user"


def test_what_the_next_run_has_to_know_is_kept_without_news_once_an_hour_and_not_before_a_plan_is_applied(
    tmp_path: Path,
) -> None:
    now = fixed_clock(TODAY)()
    moment = [now]
    with Catalog.open(tmp_path / "c.json", actor="ann", clock=lambda: moment[0]) as catalog:
        catalog.add_registry(Registry("", "ml", kind="file", address="f"))

        def run(state: int, *versions: Version) -> sync.Plan:
            delivery = Delivery(versions=versions, state={"read_at": state})
            wanted = plan(catalog, "ml", delivery)
            settled = {"ml": wanted.state} if wanted.empty else {}
            sync_run.record_runs(catalog, [sync_run.Run(catalog.registries["ml"], delivery)], settled)
            return wanted

        wanted = run(1, own())
        assert catalog.registries["ml"].state == {}, "shown, but nobody took it over yet"
        apply(catalog, wanted)
        assert catalog.registries["ml"].state == {"read_at": 1}
        moment[0] = now + timedelta(minutes=30)
        assert run(2, own()).empty
        assert catalog.registries["ml"].state == {"read_at": 1}, "at most once an hour"
        moment[0] = now + timedelta(minutes=61)
        assert run(3, own()).empty
        assert catalog.registries["ml"].state == {"read_at": 3}
        moment[0] = now + timedelta(hours=3)
        run(4, own(changes="new"))
        assert catalog.registries["ml"].state == {"read_at": 3}


# ── registries ──


def test_registries_keep_names_of_secrets_and_never_a_secret(empty: Catalog) -> None:
    empty.add_registry(Registry("", "ml", kind="mlflow", address="http://h", secrets={"token": "env:TOKEN"}))
    base = empty.registry("ml")
    empty.edit_registry(replace(base, address="http://other"), base)
    for bad in (
        Registry("", "a/b", kind="file"),
        Registry("", "x", kind="ftp"),
        Registry("", "x", kind="file", secrets={"token": "hunter2"}),
        Registry("", "ml", kind="file"),
    ):
        with pytest.raises(CommandError) as raised:
            empty.add_registry(bad)
        assert "hunter2" not in str(raised.value)
    with pytest.raises(CommandError, match="keeps its name"):
        empty.edit_registry(replace(base, name="other"), base)
    apply(empty, delivered(empty, versions=[own()]))
    empty.remove_registry("ml")
    assert "ml/churn@1" in empty.versions
    with pytest.raises(CommandError, match="there is no registry 'ml'"):
        empty.registry("ml")


async def test_offline_every_registry_says_so_and_no_socket_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    assert loop.is_running()

    def refuse(*given: object, **more: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    registries = [
        Registry("", "a", kind="litellm"),
        Registry("", "b", kind="modelsdev"),
        Registry("", "c", kind="file", address="https://127.0.0.1/x.json"),
        Registry("", "d", kind="mlflow", address="https://mlflow.example"),
        Registry("", "e", kind="azure", settings={"subscription": "s"}, secrets={"access_token": "env:T"}),
        Registry("", "g", kind="modeldb", address="https://modeldb.example"),
    ]
    runs = await sync_run.read_all(registries, sync_run.connector(offline=True, environ={"T": "t"}))
    assert [(run.kind, run.requests, run.delivery) for run in runs] == [("offline", 0, None)] * 6
    with pytest.raises(RemoteError, match="offline"):
        await sync_run.probe(registries[0], sync_run.connector(offline=True, environ={}))


async def test_a_file_s_trouble_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text(json.dumps({"versions": [{"key": "x"}]}))
    (tmp_path / "page.json").write_text("<html>")
    cases = {"": "has no address", str(tmp_path / "none.json"): "there is no file", str(tmp_path): "there is no file",
             str(tmp_path / "bad.json"): "'x' is not a key", "ftp://h/x": "neither a file"}  # fmt: skip
    for address, said in cases.items():
        with pytest.raises(RemoteError, match=said):
            await sync_run.probe(Registry("", "f", kind="file", address=address), sync_run.connector(offline=True))
    page = Registry("", "p", kind="litellm", address=str(tmp_path / "page.json"))
    with pytest.raises(RemoteError, match="no JSON"):
        await sync_run.probe(page, sync_run.connector(offline=True))
    good = Registry("", "p", kind="modelsdev", address=str(FIXTURES / "modelsdev.json"))
    assert "8 models" in await sync_run.probe(good, sync_run.connector(offline=True))
    assert adapters.adapter("reference").kind == "reference"
