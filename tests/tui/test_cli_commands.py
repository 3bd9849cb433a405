"""What the commands do, asked through `main` as a person or a script would."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tinydb import where

from store.catalog import Catalog, CommandError, fixed_clock
from tests.conftest import TODAY
from tui.cli import main

GPT4O = "azure-openai/gpt-4o@2024-05-13"
GPT41 = "azure-openai/gpt-4.1@2025-04-14"
Run = Callable[..., str]


@pytest.fixture
def run(store_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run one command that must succeed; its standard output."""
    monkeypatch.setenv("MODELTUI_STORE", str(store_path))
    monkeypatch.setenv("MODELTUI_USER", "ann")

    def command(*words: str, code: int = 0) -> str:
        left = main(["--today", "2026-11-23", *words])
        said = capsys.readouterr()
        assert left == code, said.err
        return said.out or said.err

    return command


def answer(run: Run, *words: str) -> Any:
    return json.loads(run(*words, "--json"))


def test_a_newcomer_names_a_use_case_sets_what_runs_and_sees_that_it_is_late(run: Run) -> None:
    assert "Nothing is in use yet" in run("list")
    run("use-case", "add", "support-assistant", "--owner", "support lead")
    said = run("assign", "support-assistant", GPT4O, "--sku", "ProvisionedManaged", "--region", "swedencentral")
    assert "Traffic has not moved" in said
    row = answer(run, "list")["versions"][0]
    assert (row["on_the_day"], row["retires"]["effective"], row["deployment"]) == (
        "stops",
        "2026-12-09",
        "support-assistant",
    )
    assert row["start_in"] < 0
    assert "51 d late" in run("list")
    assert run("next", "--short").startswith("support-assistant late 51 d")
    shown = answer(run, "show", GPT4O)
    assert {d["value"] for d in shown["dates"] if d["kind"] == "retire"} >= {"2026-10-01", "2027-03-31", "2026-12-09"}
    assert shown["on_the_day"] == "unknown"  # it depends on the deployment, which the assignment knows
    assert shown["assignments"][0]["on_the_day"] == "stops"


def test_the_same_commands_serve_people_and_programs(run: Run) -> None:
    run("use-case", "add", "u", "--owner", "o")
    run("assign", "u", GPT4O)
    text, rows = run("list"), answer(run, "list")
    table = list(csv.DictReader(io.StringIO(run("list", "--csv"))))
    assert table[0]["key"] == rows["versions"][0]["key"] == GPT4O
    assert GPT4O in text
    assert "\x1b" not in text
    assert table[0]["price_in"] == str(rows["versions"][0]["price_in"])


def test_options_stand_before_or_after_the_command(run: Run, tmp_path: Path) -> None:
    other = str(tmp_path / "other.json")
    run("--store", other, "use-case", "add", "there", "--owner", "o")
    assert "there" in run("use-case", "list", "--store", other)
    assert "there" not in run("use-case", "list")
    assert json.loads(run("--json", "list"))["today"] == "2026-11-23"
    assert json.loads(run("list", "--json", "--today", "2027-01-01"))["today"] == "2027-01-01"


def test_the_clock_and_the_actor_stamp_the_events(run: Run) -> None:
    run("use-case", "add", "u", "--as", "bea", "--today", "2026-05-03", "--reason", "because")
    event = answer(run, "history", "u")["events"][0]
    assert (event["at"][:10], event["actor"], event["why"]) == ("2026-05-03", "bea", "because")


def test_queries_sort_and_limit(run: Run) -> None:
    found = answer(run, "list", "gpt-4.1", "provider:azure-openai", "--all", "--sort", "price_in:desc", "--limit", "2")
    assert found["count"] > 2
    prices = [row["price_in"] for row in found["versions"]]
    assert len(prices) == 2
    assert prices == sorted(prices, reverse=True)
    assert all(row["use_case"] is None for row in found["versions"])
    assert answer(run, "list", "nothing-is-called-so", "--all") == {"count": 0, "today": "2026-11-23", "versions": []}
    assert "did you mean" in run("list", "--sort", "pric_in", code=2)


def test_results_of_two_versions_meet_item_by_item(run: Run, tmp_path: Path, store_path: Path) -> None:
    run("use-case", "add", "u")
    old, new = tmp_path / "old.csv", tmp_path / "new.jsonl"
    old.write_text("id,score\nq1,1\nq2,0\nq3,1\n")
    new.write_text('{"id": "q3", "score": true}\n{"id": "q1", "score": 1}\n{"id": "q2", "score": 1}\n')
    run("measure", GPT4O, "accuracy", "--results", str(old), "--use-case", "u")
    assert "3 of 3 items in common" in run("measure", GPT41, "accuracy", "--results", str(new), "--use-case", "u")
    with Catalog.open(store_path, actor="t", clock=fixed_clock(TODAY)) as catalog:
        a, b = (catalog.measurements_of(key, "u")[0] for key in (GPT4O, GPT41))
    assert (a.value, a.n, b.value) == (pytest.approx(2 / 3), 3, 1)
    assert a.items_hash == b.items_hash
    assert a.file_hash != b.file_hash
    row = next(r for r in answer(run, "compare", GPT4O, GPT41, "--use-case", "u")["rows"] if r["metric"] == "accuracy")
    assert row["delta"][GPT41] == pytest.approx(1 / 3)
    assert row["best"] == [GPT41]


def test_a_rate_is_written_as_share_or_percent(run: Run) -> None:
    run("measure", GPT4O, "accuracy", "87.4%")
    assert answer(run, "show", GPT4O)["measurements"][-1]["value"] == 0.874
    assert "between 0 and 1" in run("measure", GPT4O, "accuracy", "87.4", code=2)
    assert "is no rate" in run("measure", GPT4O, "latency_p95_ms", "5%", code=2)
    assert "not a number" in run("measure", GPT4O, "accuracy", "nan", code=2)


def test_compare_against_what_runs(run: Run) -> None:
    run("use-case", "add", "u")
    run("assign", "u", GPT4O)
    found = answer(run, "compare", GPT41, "--use-case", "u")
    assert found["baseline"] == GPT4O
    price = next(row for row in found["rows"] if row["metric"] == "price_input")
    assert (price["series"], price["best"], price["delta"][GPT41]) == (None, [GPT41], -3.0)
    assert "|  | gpt-4.1@2025-04-14 (baseline) | gpt-4o@2024-05-13 |" in run("compare", GPT41, GPT4O, "--md")
    assert answer(run, "compare", GPT41, GPT4O, "--baseline", GPT4O)["baseline"] == GPT4O
    assert "2 to 8" in run("compare", GPT41, code=2)


@pytest.mark.parametrize(
    ("candidate", "verdict", "code"),
    [("10111111111111111111" * 20, "PASS", 0), ("0" * 400, "FAIL", 1), ("11101111110111111111" * 2, "INCONCLUSIVE", 3)],
)
def test_the_gate_says_its_verdict_as_an_exit_code(
    candidate: str, verdict: str, code: int, run: Run, tmp_path: Path
) -> None:
    run("use-case", "add", "u")
    run("assign", "u", GPT4O)
    baseline = "10111111110111111111" * (len(candidate) // 20)
    for key, scores in ((GPT4O, baseline), (GPT41, candidate)):
        results = tmp_path / "results.csv"
        results.write_text("id,score\n" + "".join(f"q{i},{score}\n" for i, score in enumerate(scores)))
        run("measure", key, "accuracy", "--results", str(results), "--use-case", "u")
    found = json.loads(run("gate", "--use-case", "u", "--to", GPT41, "--json", code=code))
    assert (found["verdict"], found["from"], found["metrics"][0]["n"]) == (verdict, GPT4O, len(candidate))
    compared = answer(run, "compare", GPT41, "--use-case", "u")
    assert compared["verdicts"][GPT41]["verdict"] == verdict
    assert verdict in run("gate", "--use-case", "u", "--to", GPT41, code=code)


def test_own_models_are_registered_promoted_and_reverted(run: Run, tmp_path: Path) -> None:
    metrics = tmp_path / "m.json"
    metrics.write_text('{"f1": 0.81, "eval": {"auc": 0.9}}')
    run("use-case", "add", "churn")
    run("register", "mlflow/churn@1", "--data", "customers@a1", "--commit", "c1", "--metrics", str(metrics))
    run("register", "mlflow/churn@2", "--data", "customers@b2", "--param", "depth=7", "--changes", "More data.")
    run("assign", "churn", "mlflow/churn@1", "--today", "2026-10-01")
    run("assign", "churn", "mlflow/churn@2", "--today", "2026-11-01")
    shown = answer(run, "show", "mlflow/churn@1")
    assert {m["metric"]: m["value"] for m in shown["measurements"]} == {"f1": 0.81, "eval.auc": 0.9}
    assert (shown["lineage"]["data_hash"], shown["reproducible"]) == ("a1", {"known": 2, "of": 7})
    assert answer(run, "show", "mlflow/churn@2")["lineage"]["parameters"] == {"depth": 7}
    assert "would go back to mlflow/churn@1" in run("revert", "churn", code=2)
    run("revert", "churn", "--reason", "recall fell")
    on = answer(run, "history", "churn", "--at", "2026-10-15")["in_production"]
    assert [(s["version"], s["since"], s["until"]) for s in on] == [("mlflow/churn@1", "2026-10-01", "2026-11-01")]
    assert answer(run, "history", "churn", "--at", "2026-11-23")["in_production"][0]["why"] == "recall fell"
    run("undo")
    assert answer(run, "use-case", "show", "churn")["use_cases"][0]["assignments"][1]["stage"] == "Production"
    run("redo")
    assert answer(run, "use-case", "show", "churn")["use_cases"][0]["assignments"][0]["stage"] == "Production"


def test_shares_stages_and_places_of_an_assignment(run: Run) -> None:
    run("use-case", "add", "u")
    run("assign", "u", GPT4O, "--share", "70%")
    run("assign", "u", GPT41, "--share", "30", "--stage", "production")
    assert "would be" in run("assign", "u", "azure-openai/o3@2025-04-16", "--share", "10", code=2)
    assert "did you mean Staging" in run("assign", "u", GPT41, "--stage", "Stagin", code=2)
    assert "needs a reason" in run("assign", "u", GPT41, "--force", code=2)
    event = answer(run, "assign", "u", GPT41)["event"]
    assert {c["key"]: c["after"] for c in event["changes"] if c["field"] == "stage"} == {f"u · {GPT4O}": "Archived"}
    assert answer(run, "assign", "u", GPT41) == {"event": None}


def test_an_upgrade_from_start_to_record(run: Run, tmp_path: Path) -> None:
    run("use-case", "add", "u", "--criticality", "low")
    run("assign", "u", GPT4O, "--sku", "Standard")
    run("upgrade", "new", "u", "--to", GPT41)
    items = answer(run, "upgrade", "show", "u")["items"]
    first, second = items[0]["id"], items[1]["id"]
    proof = tmp_path / "scan.txt"
    proof.write_text("seven places")
    run("upgrade", "tick", "u", first.lower(), "--note", "done it", "--file", str(proof))
    run("upgrade", "waive", "u", second, "--reason", "small", "--until", "2026-12-31")
    shown = answer(run, "upgrade", "show", "u")
    done = {i["id"]: i for i in shown["items"]}
    assert [e["kind"] for e in done[first]["evidence"]] == ["file", "note"]
    assert (done[first]["state"], done[second]["waiver"]["until"]) == ("done", "2026-12-31")
    assert first not in shown["blockers"]
    assert "cannot be promoted yet" in run("upgrade", "promote", "u", "--reason", "now", code=2)
    run("upgrade", "promote", "u", "--reason", "now", "--force")
    assert answer(run, "upgrade", "show", "u")["forced"] is True
    assert run("upgrade", "record", "u").startswith("# Change record: u")
    assert [u["state"] for u in answer(run, "upgrade", "list")["upgrades"]] == ["promoted"]


def test_a_looked_for_date_and_a_date_of_ones_own(run: Run) -> None:
    run("register", "own/model@1")
    run("observe", "own/model@1", "2027-03-31")
    assert answer(run, "show", "own/model@1")["retires"] == {
        "effective": "2027-03-31", "risk": "2027-03-31", "certainty": "user",
    }  # fmt: skip
    run("observe", GPT41, "--none")
    assert answer(run, "show", GPT41)["facts"]["no_date_published"]["as_of"] == "2026-11-23"
    assert "either a date or --none" in run("observe", GPT41, code=2)


@pytest.mark.parametrize("words", [("doctor",), ("doctor", "--repair"), ("doctor", "--compact"), ("backup",)])
def test_what_is_not_there_is_not_looked_after(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    missing = tmp_path / "typo" / "catalog.json"
    assert f"There is no catalog at {missing}" in run("--store", str(missing), *words, code=5)
    assert not missing.parent.exists()


class Typing(io.StringIO):
    """A person at the terminal."""

    def isatty(self) -> bool:
        return True


def test_doctor_names_what_leads_nowhere_and_a_backup_brings_it_back(
    run: Run, store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("use-case", "add", "u")
    run("assign", "u", "mlflow/x@1", code=2)
    run("register", "mlflow/x@1")
    run("assign", "u", "mlflow/x@1")
    assert "All is well" in run("doctor")
    run("backup")
    with Catalog.open(store_path, actor="t", clock=fixed_clock(TODAY)) as catalog:
        with pytest.raises(CommandError, match="cannot be deleted: u names it"):
            catalog.delete_version("mlflow/x@1")
        catalog._db.table("versions").remove(where("key") == "mlflow/x@1")  # by another program
    assert "mlflow/x@1, which is not in the catalog" in run("doctor", code=1)
    named = run("backup", "--list").splitlines()[1].split()[0]
    assert "daily" in run("backup", "--list"), "the first edit of a day is preceded by a backup"
    said = run("restore", named, code=2)
    assert "say --yes" in said
    assert "1 use case, last edit 2026-11-23" in said
    assert "another catalog" not in said
    monkeypatch.setattr("sys.stdin", Typing("n\n"))
    assert "Nothing was changed" in run("restore", named)
    monkeypatch.setattr("sys.stdin", Typing("y\n"))
    assert "what was there before is" in run("restore", named)
    assert "All is well" in run("doctor")


def test_an_export_is_the_same_bytes_for_the_same_catalog(run: Run) -> None:
    run("use-case", "add", "u", "--title", "Ümläut → 数")
    first = run("export", "-")
    assert first == run("export", "-")
    document = json.loads(first)
    assert document["use_cases"][0]["title"] == "Ümläut → 数"
    assert len(document["versions"]) > 700
    assert [e["command"] for e in document["events"]][-1] == "add use case u"


def test_check_fits_a_pipeline(run: Run) -> None:
    assert "0 in use, nothing to say" in run("check")
    run("use-case", "add", "u", "--owner", "lead")
    run("assign", "u", GPT4O, "--sku", "ProvisionedManaged")
    found = json.loads(run("check", "--json", code=1))
    assert found["verdict"] == "FAIL"
    assert ("late", "error", "u", GPT4O) in [
        (f["rule"], f["level"], f["use_case"], f["key"]) for f in found["findings"]
    ]
    assert run("check", "--format", "github", code=1).startswith("::error title=late%3A u::")
    assert "nothing to say" in run("check", "provider:google")
    run("use-case", "add", "own", "--owner", "lead")
    run("register", "mlflow/x@1", "--data", "d@1", "--commit", "c1")
    run("assign", "own", "mlflow/x@1")
    run("observe", "mlflow/x@1", "2027-10-31")
    assert "nobody measured it" in run("check", "use_case:own", code=1)
    run("measure", "mlflow/x@1", "f1", "0.8", "--use-case", "own")
    assert "retires" not in run("check", "use_case:own", "--within", "90d")
    assert "retires on 2027-10-31, in 342 days" in run("check", "use_case:own", "--within", "12m", code=1)
    assert "no span of time" in run("check", "--within", "soon", code=2)


def test_saved_views_are_the_same_on_the_command_line(demo_path: Path, run: Run, tmp_path: Path) -> None:
    config = tmp_path / "settings.toml"
    config.write_text(
        '[views.mine]\nquery = "owner:claims or owner:risk"\nsort = "-retires"\n'
        'columns = ["owner", "retires"]\n[views.bad]\ngroup = "x"\n'
    )
    command = ("--store", str(demo_path), "--config", str(config), "list")

    def keys(*words: str) -> list[str]:
        return [v["use_case"] for v in answer(run, *command, *words)["versions"]]

    assert keys("--view", "late") == keys("finding=late")
    assert keys("--view", "Due In 90 Days") == keys("deadline:today..90d", "--sort", "deadline")
    assert keys("--view", "mine", "provider:azure") == keys("(owner:claims or owner:risk) provider:azure")
    assert run(*command, "--view", "mine").splitlines()[0].split() == ["owner", "retires"]
    assert "claims automation" in run(*command, "--view", "mine")
    assert keys("--sort=provider,-retires") == keys("--sort", "provider", "--sort", "retires:desc")
    assert {v["name"] for v in answer(run, *command, "--views")["views"]} >= {"late", "no owner", "mine"}
    assert "owner:claims or owner:risk" in run(*command, "--views")
    assert "there are: late" in run(*command, "--view", "lat", code=2)
    assert "view 'bad': the catalog cannot be grouped by 'x'" in run(*command, "--view", "bad", code=2)
