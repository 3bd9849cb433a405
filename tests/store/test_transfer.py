"""An export loses nothing: taken over it is the same catalog, merged it adds and never overwrites in silence."""

from __future__ import annotations

import json
import random
import re
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from store import incoming
from store.catalog import Catalog, fixed_clock
from store.engine import CommandError
from store.records import Measurement, UseCase, Version
from store.transfer import TransferPlan, document
from tests.store.odd_catalog import fill_randomly
from tui.cli import main

TODAY = date(2026, 11, 23)
GPT4O = "azure-openai/gpt-4o@2024-05-13"
GPT41 = "azure-openai/gpt-4.1@2025-04-14"


def opened(path: Path) -> Catalog:
    return Catalog.open(path, actor="ann", clock=fixed_clock(TODAY))


def text(catalog: Catalog, keys: Any = None, query: str = "") -> bytes:
    return msgspec.json.encode(document(catalog, keys, query), order="deterministic")


def planned(catalog: Catalog, content: bytes) -> tuple[incoming.Incoming, TransferPlan]:
    file = incoming.read(catalog, content, "export.json")
    assert [str(f) for f in file.faults] == []
    plan = incoming.plan(catalog, file)
    assert isinstance(plan, TransferPlan)
    return file, plan


@pytest.fixture
def demo_path(demo: Path, tmp_path: Path) -> Path:
    """The demo, in a directory of its own."""
    (tmp_path / "other").mkdir()
    return Path(shutil.copy(demo, tmp_path / "other" / "catalog.json"))


@pytest.mark.parametrize("source", ["demo", "filled", "random"])
def test_export_import_export_is_the_same_text(source: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if source == "random":
        path = tmp_path / "random.json"
        with opened(path) as catalog:
            fill_randomly(catalog, random.Random(5))
    else:
        path = request.getfixturevalue(f"{source}_path" if source == "demo" else "store_path")
    with opened(path) as catalog:
        first, events = text(catalog), len(catalog.events())
    with opened(tmp_path / "new.json") as catalog:
        file, plan = planned(catalog, first)
        assert plan.whole is file.export
        incoming.apply(catalog, plan, file)
        assert text(catalog) == first
        assert len(catalog.events()) == events
    with opened(tmp_path / "new.json") as catalog:
        assert text(catalog) == first
        again = planned(catalog, first)[1]
        assert again.empty or again.whole is not None  # still untouched where the export was


def test_a_catalog_with_only_the_shipped_facts_is_taken_over_and_history_can_be_undone_there(
    demo_path: Path, store_path: Path, tmp_path: Path
) -> None:
    with Catalog.open(demo_path, actor="demo", clock=fixed_clock(TODAY)) as catalog:
        first = text(catalog)
    target = tmp_path / "target.json"
    target.write_bytes(store_path.read_bytes())
    with Catalog.open(target, actor="demo", clock=fixed_clock(TODAY)) as catalog:
        file, plan = planned(catalog, first)
        incoming.apply(catalog, plan, file)
        assert text(catalog) == first
        assert catalog.use_case("churn").owner == "customer analytics"
        assert catalog.undo() is not None
        assert catalog.redo() is not None


def test_nobody_s_work_is_replaced(catalog: Catalog, demo_path: Path) -> None:
    with opened(demo_path) as other:
        first = text(other)
    file, plan = planned(catalog, first)
    catalog.add_use_case(UseCase("u1", "mine"))
    with pytest.raises(CommandError, match="edits of its own"):
        incoming.apply(catalog, plan, file)
    assert "mine" in catalog.use_cases


def test_merging_adds_what_is_new_shows_what_changes_and_keeps_own_edits(catalog: Catalog, demo_path: Path) -> None:
    catalog.add_use_case(UseCase("u1", "churn", owner="me", note="ours"))
    catalog.set_fact(GPT4O, "price_input", 9)
    before = text(catalog)
    with opened(demo_path) as other:
        other.set_fact(GPT4O, "price_input", 7)
        first = text(other)
        theirs = other.use_case("churn")
    file, plan = planned(catalog, first)
    assert plan.whole is None
    assert file.faults == []
    assert text(catalog) == before
    assert [(c.field, c.before, c.after) for c in plan.conflicts] == [("facts.price_input", 9, 7)]
    assert ("use_cases", "churn", "owner") in {c.at for c in plan.updates}
    assert any("history stays there" in note for note in plan.notes)
    incoming.apply(catalog, plan, file)
    mine = catalog.use_case("churn")
    assert (mine.owner, mine.note) == (theirs.owner, "ours")
    assert catalog.version(GPT4O).value("price_input") == 9
    assert {a.stage for a in catalog.runs_in("churn")} >= {"Production", "Archived"}
    assert len(list(catalog.upgrades.records())) == 1
    assert planned(catalog, first)[1].updates == []
    catalog.undo()
    assert [(u.owner, u.note, u.title) for u in catalog.use_cases.records()] == [("me", "ours", "")]
    assert not list(catalog.upgrades.records())


def test_an_export_of_a_query_has_what_belongs_together(demo_path: Path, catalog: Catalog) -> None:
    with opened(demo_path) as other:
        found = document(other, ["mlflow/churn@7"], "churn@7")
    assert [v["key"] for v in found["versions"]] == ["mlflow/churn@7"]
    assert {u["name"] for u in found["use_cases"]} == {"churn"}
    assert {m["version"] for m in found["measurements"]} == {"mlflow/churn@7"}
    assert {m["metric"] for m in found["measurements"]} == {m["name"] for m in found["metric_definitions"]}
    assert "events" not in found
    file, plan = planned(catalog, msgspec.json.encode(found))
    assert plan.whole is None  # a part never replaces a catalog
    incoming.apply(catalog, plan, file)
    assert catalog.runs_in("churn")[0].version == "mlflow/churn@7"
    assert planned(catalog, msgspec.json.encode(found))[1].empty


def test_what_does_not_fit_is_named_and_nothing_is_taken(catalog: Catalog) -> None:
    wrong = {
        "modeltui": "export", "format": 1,
        "versions": [{"uid": "1", "key": "nokey"}, {"uid": "1", "key": "a/b@1"}, 7],
        "use_cases": [{"uid": "3", "name": "U X"}], "assignments": {}, "events": [{"at": 3}],
    }  # fmt: skip
    file = incoming.read(catalog, json.dumps(wrong).encode(), "export.json")
    said = [str(f) for f in sorted(file.faults)]
    for part in ("entry 1, column versions.key: 'nokey'", "entry 2, column versions.uid: entry 1 has the same uid",
                 "entry 3, column versions: it is no object", "entry 1, column use_cases.name: 'U X'",
                 "column assignments: it is no list", "entry 1, column events"):  # fmt: skip
        assert any(part in sentence for sentence in said), (part, said)
    newer = json.dumps({"modeltui": "export", "format": 2}).encode()
    assert "update it" in str(incoming.read(catalog, newer, "x.json").faults[0])


def test_a_whole_use_case_field_that_the_file_leaves_out_stays(catalog: Catalog) -> None:
    catalog.add_use_case(UseCase("u1", "u", owner="me", note="ours"))
    catalog.measure(Measurement("m1", "accuracy", 0.8, GPT41, use_case="u"))
    part = document(catalog, [GPT41])
    use_case = replace(catalog.use_case("u"), title="T")
    part["use_cases"] = [{"uid": "zz", "name": "u", "title": use_case.title}]
    part["measurements"][0]["value"] = 0.9
    file, plan = planned(catalog, msgspec.json.encode(part | {"query": "x"}))
    assert {(c.table, c.field) for c in plan.updates} == {("use_cases", "title"), ("measurements", "value")}
    incoming.apply(catalog, plan, file)
    assert (catalog.use_case("u").title, catalog.use_case("u").owner) == ("T", "me")


def test_the_file_of_another_catalog_shows_the_plan_of_a_sync(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two people begin alike and go on apart; one brings the other's file in, as it lies there."""
    ours, theirs = tmp_path / "ours.json", tmp_path / "theirs" / "catalog.json"
    theirs.parent.mkdir()
    with opened(ours) as catalog:
        catalog.add_use_case(UseCase("u1", "churn", owner="ann"))
        catalog.add_use_case(UseCase("u2", "chat", owner="ann", title="Chat"))
        catalog.add_version(Version("v7", "ml/churn@7", own=True))
        catalog.set_fact("ml/churn@7", "framework", "sklearn")
        catalog.assign("churn", "ml/churn@7")
    with opened(theirs) as catalog:
        catalog.add_use_case(UseCase("w1", "churn", owner="ben", approver="dora"))
        catalog.add_use_case(UseCase("w2", "fraud", owner="ben"))
        catalog.add_version(Version("w7", "ml/churn@7", own=True))
        catalog.set_fact("ml/churn@7", "framework", "xgboost")
        catalog.add_version(Version("w8", "ml/churn@8", own=True))
        catalog.assign("churn", "ml/churn@8")
        catalog.measure(Measurement("m1", "accuracy", 0.9, "ml/churn@8", n=400))
        catalog.start_upgrade("churn", "ml/churn@7")
    before = theirs.read_bytes()
    command = ["--store", str(ours), "--as", "ann", "--today", TODAY.isoformat(), "import", str(theirs)]
    assert main([*command, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "churn  owner: ann → ben  (your own value stays)" in said
    assert "ml/churn@7  facts.framework: sklearn → xgboost  (your own value stays)" in said
    assert re.search("churn  approver: .*→ dora\n", said), "what only one says is no conflict"
    assert "ml/churn@8 on default is in Production there, as another version is here" in said
    assert "the other catalog's history stays there" in said
    assert main([*command, "--yes", "--reason", "one catalog for the team"]) == 0
    with opened(ours) as catalog:
        assert {u.name: (u.owner, u.approver) for u in catalog.use_cases.records()} == {
            "churn": ("ann", "dora"), "chat": ("ann", ""), "fraud": ("ben", ""),
        }  # fmt: skip
        assert {a.version: a.stage for a in catalog.runs_in("churn")} == {"ml/churn@7": "Production"}
        assert catalog.version("ml/churn@7").value("framework") == "sklearn"
        assert [m.value for m in catalog.measurements_of("ml/churn@8")] == [0.9]
        assert catalog.upgrade("churn").from_version == "ml/churn@8"
        assert catalog.events()[-1].why == "one catalog for the team"
    assert theirs.read_bytes() == before, "the other file is only read"
    capsys.readouterr()
    assert main([*command, "--yes", "--theirs"]) == 0
    assert "(theirs is taken)" in capsys.readouterr().out
    with opened(ours) as catalog:
        assert catalog.use_case("churn").owner == "ben"
        assert catalog.version("ml/churn@7").value("framework") == "xgboost"
        catalog.undo()
        assert catalog.use_case("churn").owner == "ann"
        assert catalog.version("ml/churn@7").value("framework") == "sklearn"


def test_edits_in_the_journal_beside_another_catalog_come_along(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(tmp_path / "ours.json") as catalog:
        catalog.add_use_case(UseCase("u1", "chat", owner="ann"))
    other = opened(tmp_path / "theirs.json")
    other.add_use_case(UseCase("w1", "fraud", owner="ben"))
    other.close()
    other = opened(tmp_path / "theirs.json")
    other.edit_use_case(replace(other.use_case("fraud"), title="Just now"), other.use_case("fraud"))
    try:
        assert main(["--store", str(tmp_path / "ours.json"), "import", str(tmp_path / "theirs.json"), "--yes"]) == 0
    finally:
        other.close()
    with opened(tmp_path / "ours.json") as catalog:
        assert catalog.use_case("fraud").title == "Just now"
    (tmp_path / "torn.json").write_bytes((tmp_path / "theirs.json").read_bytes().replace(b'"fraud"', b'"fr\\x00ud', 1))
    capsys.readouterr()
    assert main(["--store", str(tmp_path / "ours.json"), "import", str(tmp_path / "torn.json"), "--yes"]) == 2
    assert "torn.json" in capsys.readouterr().err
