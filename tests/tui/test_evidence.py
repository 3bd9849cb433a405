"""Evidence and policies come in: `measure`, `import`, `policy`, `i` on the comparison, `e` on a use case."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from walking import driving

from store.catalog import Catalog, fixed_clock
from tests.conftest import TODAY
from tui.cli import main

FILES = Path(__file__).parents[1] / "fixtures" / "evaluations"
OLD, NEW = "azure-openai/gpt-4o@2024-05-13", "azure-openai/gpt-5.4@2026-03-05"


class Shell:
    """Runs commands on a copy of the demo."""

    def __init__(self, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.store, self.capsys = store, capsys

    def __call__(self, *words: str, code: int = 0) -> str:
        left = main(["--store", str(self.store), "--as", "ann", "--today", "2026-11-23", *words])
        said = self.capsys.readouterr()
        assert left == code, said.err
        return said.err if code else said.out


@pytest.fixture
def run(demo_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(demo_path, capsys)


def measurements(store: Path, key: str, dataset: str) -> list[tuple[str, float, int, str]]:
    with Catalog.open(store, actor="t", clock=fixed_clock(TODAY)) as catalog:
        found = [m for m in catalog.measurements.records() if m.version == key and m.dataset == dataset]
        return [(m.metric, round(m.value, 3), len(m.items), m.harness) for m in found]


def test_results_of_a_tool_are_measured_with_items_and_hashes(run: Shell) -> None:
    file = str(FILES / "promptfoo_v3.json")
    assert "name one of pass, score, Exact" in run("measure", NEW, "accuracy", "--results", file, code=2)
    run("measure", NEW, "accuracy", "--results", file, "--score", "pass", "--dataset", "t")
    run("measure", NEW, "latency_p50_ms", "--results", file, "--score", "latency_ms", "--dataset", "t")
    assert measurements(run.store, NEW, "t") == [
        ("accuracy", 0.333, 3, "promptfoo"),
        ("latency_p50_ms", 1.0, 3, "promptfoo"),  # the median, not the mean
    ]


def test_other_items_than_before_are_refused_with_what_is_common(run: Shell, tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("id,score\nq1,1\nq2,0\n")
    second.write_text("id,score\nq2,1\nq3,1\n")
    own = ("--use-case", "support-assistant", "--dataset", "t")
    run("measure", OLD, "accuracy", "--results", str(first), *own)
    said = run("measure", NEW, "accuracy", "--results", str(second), *own, code=2)
    assert "1 of 2 and 2 items are common to both; measure the same items, or name the other set" in said
    assert not measurements(run.store, NEW, "t")
    run("measure", NEW, "accuracy", "--results", str(second), *own, "--dataset-hash", "v2")


def test_import_takes_what_is_mapped_once_and_says_what_is_left(run: Shell) -> None:
    file = str(FILES / "lm_eval_samples.jsonl")
    assert "say of which version with --of KEY" in run("import", file, "--yes", code=2)
    assert "no metric is called like its scores acc, acc_norm" in run("import", file, "--of", NEW, code=2)
    assert "did you mean accuracy" in run("import", file, "--of", NEW, "--map", "acuracy=acc", code=2)
    words = ("import", file, "--of", NEW, "--map", "accuracy=acc", "--dataset", "plus", "--yes")
    assert "the score acc_norm is left" in run(*words)
    assert "nothing that is not here already" in run(*words)
    assert measurements(run.store, NEW, "plus") == [("accuracy", 0.333, 6, "lm-eval")]
    assert "auc is nan" in run("import", str(FILES / "mlflow_run.json"), "--of", "mlflow/churn@8", "--yes", code=2)


def test_a_policy_is_shown_checked_and_set(run: Shell, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(run("policy", "show", "churn", "--toml"))
    assert "[metrics.f1]" in file.read_text()  # the defaults, to begin with
    assert json.loads(run("policy", "show", "churn", "--json"))["default_criteria"] is True
    run("policy", "set", "churn", str(file), "--reason", "said so")
    found = json.loads(run("policy", "show", "churn", "--json"))
    assert (found["default_criteria"], found["version"]) == (False, 2)
    assert "Nothing changed" in run("policy", "set", "churn", str(file))
    file.write_text("[metrics.f11]\nmargin = -1\n")
    assert "cannot be used" in run("policy", "check", "churn", str(file), code=2)
    said = run("policy", "set", "churn", str(file), code=2)
    assert "2 things are wrong" in said
    assert "no metric is called 'f11'; did you mean f1" in said
    assert "can be used" in run("policy", "check", "churn")


async def test_results_come_in_on_the_comparison_and_the_policy_is_edited(demo_path: Path, tmp_path: Path) -> None:
    document = json.loads((FILES / "promptfoo_v3.json").read_text("utf-8"))
    rows = document["results"]["results"]
    rows += [{**row, "promptIdx": 1, "provider": {"id": "echo", "label": "new"}, "success": True} for row in rows]
    (tmp_path / "two.json").write_text(json.dumps(document))
    async with driving(demo_path) as d:
        await d.until("support-assistant")
        from tui.screens.compare import CompareScreen

        d.app.push_screen(CompareScreen([OLD, NEW], "support-assistant"))
        await d.until("differences only")
        await d.press("i", f'"{tmp_path / "two.json"}"', "enter")
        await d.until("Which run of two.json?")
        await d.press("down", "enter")
        await d.until("pass  1  n 3")
        await d.press("escape")
        await d.press("i", f'"{FILES / "deepeval.json"}"', "enter")
        await d.until("Which score of deepeval.json?")
        await d.press("enter")
        await d.until("0.666666666666667")
        await d.press("escape")
        await d.until("differences only")
        await d.press("e")
        await d.until("the policy of support-assistant")
        await d.press('"the policy"', "enter")
        await d.until("Policy of support-assistant")
        await d.press('"as TOML"', "enter")
        await d.until("[metrics.accuracy]")
        from textual.widgets import TextArea

        area = d.app.screen.query_one(TextArea)
        good = area.text
        area.text = good.replace("margin = 0.02", "margin = -0.02")
        await d.press("ctrl+s")
        await d.until("the margin of accuracy is -0.02")
        area.text = good.replace("margin = 0.02", "margin = 0.05")
        await d.press("ctrl+s")
        await d.until("criteria v2")
        await d.until("accuracy −1.5 pp, could be as low as −4.1 pp; allowed −5.0 pp")
