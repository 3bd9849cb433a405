from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tinydb import TinyDB, where

from store.catalog import Catalog, CommandError, UnknownName, default_actor, fixed_clock
from store.changes import Conflict
from store.engine import new_uid
from store.records import Deployment, Lineage, Measurement, UseCase

TODAY = date(2026, 11, 23)
OLD, NEW = "azure-openai/gpt-4o@2024-05-13", "azure-openai/gpt-4.1@2025-04-14"


@pytest.fixture
def run(catalog: Catalog) -> Catalog:
    catalog.add_use_case(UseCase(new_uid(), "support", owner="team"))
    catalog.assign(
        "support", OLD, deployment="ptu", place=Deployment(new_uid(), "ptu", platform="azure", sku="ProvisionedManaged")
    )
    return catalog


def stages(catalog: Catalog) -> dict[str, str]:
    return {a.version: a.stage for a in catalog.assignments.records()}


def test_every_command_writes_one_event_with_who_when_what_and_why(run: Catalog) -> None:
    run.assign("support", NEW, deployment="ptu", why="cheaper")
    event = run.events()[-1]
    assert (event.actor, event.at[:10], event.why) == ("ann", "2026-11-23", "cheaper")
    told = {(c.key, c.field): (c.before, c.after) for c in event.changes}
    assert told["support · " + OLD, "stage"] == ("Production", "Archived")
    created = told["support · " + NEW, "*"]
    assert created[0] is None
    assert created[1]["stage"] == "Production"


def test_full_share_archives_the_predecessor_and_a_smaller_one_keeps_it(run: Catalog) -> None:
    with pytest.raises(CommandError, match="would be 110 %"):
        run.assign("support", NEW, share=10, deployment="ptu")
    run.assign("support", OLD, share=90, deployment="ptu")
    run.assign("support", NEW, share=10, deployment="ptu")
    assert stages(run) == {OLD: "Production", NEW: "Production"}
    run.assign("support", NEW, deployment="ptu")
    assert stages(run) == {OLD: "Archived", NEW: "Production"}


def test_undo_and_redo_go_several_steps_and_survive_a_restart(run: Catalog, store_path: Path) -> None:
    run.assign("support", NEW, deployment="ptu")
    run.tag([NEW], ["eu"])
    before = stages(run)
    assert run.undo() is not None
    assert run.undo() is not None
    assert stages(run) == {OLD: "Production"}
    run.close()
    with Catalog.open(store_path, actor="ann", clock=fixed_clock(TODAY)) as again:
        assert again.redo() is not None
        assert stages(again) == before
        assert again.redo() is not None
        assert again.redo() is None
        assert again.versions[NEW].tags == ("eu",)


def test_undo_is_one_s_own(run: Catalog, store_path: Path) -> None:
    run.close()
    with Catalog.open(store_path, actor="bob", clock=fixed_clock(TODAY)) as bob:
        assert bob.undo() is None
    with Catalog.open(store_path, actor="ann", clock=fixed_clock(TODAY)) as ann:
        undone = ann.undo()
        assert undone is not None
        assert undone.command.startswith("undo assign")


def test_undo_does_not_overwrite_what_others_changed_since(run: Catalog, store_path: Path) -> None:
    mine = run.use_case("support")
    run.edit_use_case(replace(mine, title="first"), mine)
    with Catalog.open(store_path, actor="bob", clock=fixed_clock(TODAY)) as bob:
        theirs = bob.use_case("support")
        bob.edit_use_case(replace(theirs, title="second"), theirs)
    with pytest.raises(Conflict, match="second"):
        run.undo()
    assert run.use_case("support").title == "second"


def test_edits_from_an_old_state_merge_by_field_or_ask(run: Catalog, store_path: Path) -> None:
    seen = run.use_case("support")
    with Catalog.open(store_path, actor="bob", clock=fixed_clock(TODAY)) as bob:
        theirs = bob.use_case("support")
        bob.edit_use_case(replace(theirs, owner="bobs"), theirs)
    run.edit_use_case(replace(seen, title="Support"), seen)
    assert (run.use_case("support").owner, run.use_case("support").title) == ("bobs", "Support")
    with pytest.raises(Conflict, match="'owner' was changed elsewhere to 'bobs'"):
        run.edit_use_case(replace(seen, owner="anns"), seen)


def test_two_open_catalogs_see_each_other(run: Catalog, store_path: Path) -> None:
    with Catalog.open(store_path, actor="bob", clock=fixed_clock(TODAY)) as bob:
        told: list[frozenset[tuple[str, str]]] = []
        run.subscribe(lambda changed: told.append(changed.records) if changed.foreign else None)
        bob.add_use_case(UseCase(new_uid(), "churn"))
        assert run.refresh()
        assert "churn" in run.use_cases
        assert ("use_cases", "churn") in told[-1]


def test_unknown_fields_in_the_file_survive_an_edit(run: Catalog) -> None:
    run._db.table("use_cases").update({"from_the_future": {"x": 1}}, where("name") == "support")
    mine = run.use_case("support")
    run.edit_use_case(replace(mine, title="Support"), mine)
    stored = run.use_cases.document("support")
    assert (stored["title"], stored["from_the_future"]) == ("Support", {"x": 1})


def test_keys_must_be_free_and_names_known(run: Catalog) -> None:
    with pytest.raises(CommandError, match="support is there already"):
        run.add_use_case(UseCase(new_uid(), "support"))
    with pytest.raises(UnknownName, match=r"did you mean .*gpt-4o@2024-05-13"):
        run.version("azure-openai/gpt-4o@2024-05-31")
    with pytest.raises(UnknownName, match="there is no use case 'suport'; did you mean support"):
        run.use_case("suport")


def test_a_failing_command_changes_nothing(run: Catalog) -> None:
    count = len(run.events())

    def fail() -> None:
        with run.command("half") as draft:
            draft.create(UseCase(new_uid(), "half"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert "half" not in run.use_cases
    assert len(run.events()) == count


def test_a_command_without_an_effect_writes_nothing(run: Catalog) -> None:
    same = run.use_case("support")
    assert run.edit_use_case(same, same) is None


def test_a_version_that_is_used_cannot_be_deleted(run: Catalog) -> None:
    with pytest.raises(CommandError, match="support names it"):
        run.delete_version(OLD)
    run.register("mlflow/churn@1", metrics={"f1": 0.8}, lineage=Lineage(data="d1"))
    run.delete_version("mlflow/churn@1")
    assert "mlflow/churn@1" not in run.versions
    assert run.undo() is not None
    assert [m.value for m in run.measurements_of("mlflow/churn@1")] == [0.8]


def test_registering_again_fills_in_and_keeps(catalog: Catalog) -> None:
    catalog.register("mlflow/churn@1", lineage=Lineage(data="d1"), changes="first")
    catalog.register("mlflow/churn@1", lineage=Lineage(commit="abc"), released=date(2026, 5, 1))
    version = catalog.version("mlflow/churn@1")
    assert (version.lineage.data, version.lineage.commit, version.changes) == ("d1", "abc", "first")
    assert version.value("release_date") == "2026-05-01"


def test_a_local_fact_wins_and_can_be_released_again(catalog: Catalog) -> None:
    catalog.set_fact(OLD, "price_input", 4.2)
    assert catalog.version(OLD).value("price_input") == 4.2
    assert [c.value for c in catalog.version(OLD).facts["price_input"]] == [4.2, 5]
    catalog.set_fact(OLD, "price_input", None)
    assert catalog.version(OLD).value("price_input") == 5


def test_a_date_observed_by_a_user_is_added_and_nothing_is_lost(catalog: Catalog) -> None:
    before = catalog.version(OLD).observations
    catalog.observe(OLD, date(2026, 12, 1), source="support ticket")
    after = catalog.version(OLD).observations
    assert after[:-1] == before
    assert (after[-1].certainty, after[-1].publisher, after[-1].observed_at) == ("user", "user", "2026-11-23")


def test_history_answers_what_ran_and_who_changed_what(run: Catalog) -> None:
    run.assign("support", NEW, deployment="ptu", why="cheaper")
    commands = [e.command for e in run.history("support")]
    assert commands[0] == "add use case support"
    assert run.history(OLD)[-1].why == "cheaper"
    assert run.history("support", at=date(2026, 1, 1)) == []
    run.set_fact(OLD, "price_output", 14.0, why="new contract")
    priced = [e for e in run.history(OLD) if any(c.field == "facts.price_output" for c in e.changes)]
    assert [(e.actor, e.why) for e in priced] == [("ann", "new contract")]


def test_the_file_is_plain_json_that_stock_tinydb_reads(run: Catalog, store_path: Path) -> None:
    run.close()
    data = orjson.loads(store_path.read_bytes())
    assert set(data) >= {"versions", "use_cases", "assignments", "events"}
    with TinyDB(store_path, access_mode="r") as db:
        assert db.table("use_cases").get(where("name") == "support")["owner"] == "team"


def test_a_measurement_needs_a_known_version(catalog: Catalog) -> None:
    with pytest.raises(UnknownName):
        catalog.measure(Measurement(new_uid(), "f1", 0.8, "mlflow/none@1"))


@settings(max_examples=15)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["Production", "Staging", "Archived"])), max_size=8))
def test_undoing_everything_leads_back_to_the_start(tmp_path_factory: pytest.TempPathFactory, steps: list) -> None:
    path = tmp_path_factory.mktemp("undo") / "catalog.json"
    with Catalog.open(path, actor="ann", clock=fixed_clock(TODAY)) as catalog:
        catalog.add_use_case(UseCase(new_uid(), "u"))
        for name in "abc":
            catalog.register(f"own/{name}@1")
        start = len(catalog.events())
        done = [catalog.assign("u", f"own/{name}@1", stage=stage) for name, stage in steps]
        made = [e for e in done if e is not None]
        last = {a.version: a.stage for a in catalog.assignments.records()}
        for _ in made:
            catalog.undo()
        assert not len(catalog.assignments)
        for _ in made:
            catalog.redo()
        assert {a.version: a.stage for a in catalog.assignments.records()} == last
        assert len(catalog.events()) == start + 3 * len(made), "history only grows"


def test_an_unknown_kind_of_date_is_refused_before_it_could_spoil_the_record(catalog: Catalog) -> None:
    with pytest.raises(CommandError, match="'retired' is not known here"):
        catalog.observe(OLD, date(2026, 12, 1), kind="retired")
    assert catalog.version(OLD).key == OLD


def test_identities_sort_by_the_time_they_were_given_also_within_a_millisecond(monkeypatch):
    given = [new_uid() for _ in range(5_000)]
    assert given == sorted(set(given))
    monkeypatch.setattr("store.engine.time.time_ns", lambda: 0)  # the clock went back
    assert new_uid() > given[-1]
    assert {len(uid) for uid in given} == {23}


def test_who_acts_is_known_where_neither_git_nor_the_system_knows_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("getpass.getuser", unknown)
    monkeypatch.setattr("os.getuid", lambda: 4711)
    assert default_actor({}) == "user 4711"
