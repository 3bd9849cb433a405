"""Results of evaluation tools: files that the real tools wrote, and what is refused in one sentence.

promptfoo 0.118 and 0.123, DeepEval 4.3, lm-eval 0.4.13 and an MLflow server wrote the fixtures (how: README beside
them); the table of promptfoo's version 2 follows its documentation.
"""

from __future__ import annotations

import copy
import json
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.formats.evaluations import FORMATS, Evaluation, Format, read_evaluation, sniff
from store.formats.results import MAX_ITEMS, ResultsFault, parse_results, read_results

FILES = Path(__file__).parents[1] / "fixtures" / "evaluations"
WRITTEN: dict[str, Format] = {
    "promptfoo_v3.json": "promptfoo", "promptfoo_v2_table.json": "promptfoo", "promptfoo_0_123.json": "promptfoo",
    "promptfoo_rows.jsonl": "promptfoo", "deepeval.json": "deepeval",
    "lm_eval_samples.jsonl": "lm-eval", "lm_eval_filters.jsonl": "lm-eval", "lm_eval_results.json": "lm-eval",
    "mlflow_run.json": "mlflow",
}  # fmt: skip


def read(name: str, column: str = "") -> Evaluation:
    with (FILES / name).open("rb") as lines:
        return read_evaluation(lines, WRITTEN[name], column)


def changed(name: str, change: Callable[[Any], object]) -> Evaluation:
    document = json.loads((FILES / name).read_text("utf-8"))
    change(document)
    return read_evaluation([json.dumps(document).encode()], WRITTEN[name])


@pytest.mark.parametrize("name", WRITTEN)
def test_every_file_is_known_by_its_beginning(name: str) -> None:
    assert sniff((FILES / name).read_bytes()[:4096], name) == WRITTEN[name]


def test_other_files_are_not_taken_for_results() -> None:
    assert sniff(b"key,stage,accuracy\n", "a.csv") is None
    assert sniff(b'[{"name": "gpt", "properties": {}}]', "az.json") is None
    assert sniff(b"id;score\nq1;1\n", "a.txt") == "csv"
    assert sniff(b'{"id": "q1", "score": 1}\n', "a.jsonl") == "jsonl"


def test_promptfoo() -> None:
    found = read("promptfoo_v3.json")
    assert {name: list(r.scores.values()) for name, r in found.scores.items() if name in ("pass", "Exact")} == {
        "pass": [1, 0, 0],
        "Exact": [1, 0, 1],
    }
    assert (found.harness, found.harness_version, found.measured_on) == ("promptfoo", "0.118.17", date(2026, 11, 23))
    old = read("promptfoo_v2_table.json")
    assert old.scores["pass"].scores == found.scores["pass"].scores  # the same questions have the same ids
    assert old.scores["pass"].items_hash == found.scores["pass"].items_hash


def test_promptfoo_of_today_as_a_document_and_as_a_row_a_line() -> None:
    whole, rows = read("promptfoo_0_123.json"), read("promptfoo_rows.jsonl")
    assert list(whole.scores["pass"].scores.values()) == [1, 0, 0]
    assert list(whole.scores["score"].scores.values()) == [1, 0, 0.5]
    assert whole.harness_version == "0.123.1"
    assert rows.scores["pass"].scores == whole.scores["pass"].scores
    assert rows.scores["Exact"].items_hash == whole.scores["Exact"].items_hash


def test_promptfoo_with_another_order_pairs_up_and_repeats_are_averaged() -> None:
    same = changed("promptfoo_v3.json", lambda d: d["results"]["results"].reverse())
    assert same.scores["pass"].scores == read("promptfoo_v3.json").scores["pass"].scores

    def repeat(document: Any) -> None:
        rows = document["results"]["results"]
        rows += [{**row, "success": True, "testIdx": row["testIdx"] + 3} for row in copy.deepcopy(rows)]

    assert list(changed("promptfoo_v3.json", repeat).scores["pass"].scores.values()) == [1, 0.5, 0.5]


def test_promptfoo_with_two_providers_asks_which() -> None:
    def other(document: Any) -> None:
        rows = document["results"]["results"]
        rows += [{**row, "promptIdx": 1, "provider": {"id": "echo", "label": "new"}} for row in copy.deepcopy(rows)]

    with pytest.raises(ResultsFault, match=r"several providers or prompts; name one of old, new with"):
        changed("promptfoo_v3.json", other)
    document = json.loads((FILES / "promptfoo_v3.json").read_text("utf-8"))
    other(document)
    assert read_evaluation([json.dumps(document).encode()], "promptfoo", "new").scores["pass"].n == 3


def test_an_answer_that_failed_refuses_the_file() -> None:
    with pytest.raises(ResultsFault, match="1 of 3 answers failed with an error of the provider"):
        changed("promptfoo_v3.json", lambda d: d["results"]["results"][1].update(failureReason=2))
    with pytest.raises(ResultsFault, match="test case 2: Exact Answer has no score"):
        changed("deepeval.json", lambda d: d["testRunData"]["testCases"][1]["metricsData"][0].update(score=None))


def test_deepeval() -> None:
    found = read("deepeval.json")
    assert list(found.scores["Exact Answer"].scores.values()) == [0.25, 1, 1, 0.25, 1, 1]
    assert found.scores["pass"].mean == pytest.approx(4 / 6)

    def shuffled(document: Any) -> None:
        cases = document["testRunData"]["testCases"]
        cases.reverse()
        for number, case in enumerate(cases):
            case["name"] = f"test_case_{number}"

    assert changed("deepeval.json", shuffled).scores["pass"].scores == found.scores["pass"].scores


def test_lm_eval_samples_and_results_agree() -> None:
    items, figures = read("lm_eval_samples.jsonl"), read("lm_eval_results.json")
    acc, figure = items.scores["acc"], figures.scores["acc"]
    assert (acc.n, figure.n) == (6, 6)
    assert figure.mean == pytest.approx(acc.mean)
    assert figure.sd == pytest.approx(acc.sd)
    assert not figure.scores
    assert (figures.dataset, figures.harness_version) == ("plus_one", "0.4.13")
    assert set(read("lm_eval_filters.jsonl").scores) == {"exact_match,strict-match", "exact_match,flexible-extract"}
    with pytest.raises(ResultsFault, match="there is no task 'mmlu' in it; name one of plus_one"):
        read("lm_eval_results.json", "mmlu")


def test_an_mlflow_run() -> None:
    run = json.loads((FILES / "mlflow_run.json").read_text("utf-8"))["run"]
    found = read("mlflow_run.json")
    assert found.run == run["info"]["run_id"]
    wanted = {m["key"]: m["value"] for m in run["data"]["metrics"] if m["value"] != "NaN"}
    assert {n: r.mean for n, r in found.scores.items() if n != "auc"} == wanted
    assert found.dataset == ""  # what it was trained on is not what it was measured on
    with pytest.raises(ResultsFault, match="auc is nan in it, which is not a number"):
        found.chosen("auc")
    described = json.dumps({"info": run["info"], "data": {"metrics": {"accuracy": 0.9}, "params": {}}}, indent=2)
    assert read_evaluation([described.encode()], "mlflow").scores["accuracy"].mean == 0.9
    with pytest.raises(ResultsFault, match="the metric loss is high, which is not a number"):
        read_evaluation([b'{"metrics": {"loss": "high"}}'], "mlflow")
    steps = [{"key": "f1", "value": v, "step": s, "timestamp": "5"} for v, s in ((0.8, "2"), (0.7, "1"))]
    assert read_evaluation([json.dumps({"metrics": steps}).encode()], "mlflow").scores["f1"].mean == 0.8


def test_the_score_that_is_meant() -> None:
    found = read("promptfoo_v3.json")
    assert found.chosen("exact")[0] == "Exact"
    assert found.chosen("", "Exact")[0] == "Exact"
    with pytest.raises(ResultsFault, match=r"it has several scores; name one of pass, score, Exact, .* with --score"):
        found.chosen("", "accuracy")
    with pytest.raises(ResultsFault, match="there is no score 'bleu' in it"):
        found.chosen("bleu")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("id,score\na,1\na,0\n", "line 3: the id 'a' stands there twice"),
        ("id,score\na,nan\n", "line 2: the score nan is not a number"),
        ("id,score\na,good\n", "line 2: the score good is not a number"),
        ("id,score\na,true\nb,0.5\n", "line 3: true and false stand there beside numbers"),
        ("id,score\na\n", "line 2: 1 cells, but the header has 2"),
        ("id,value\na,1\n", "line 1: the columns are id, value; write the header id,score"),
        ('{"id": "a", "score": 1}\n{"id": 1.5, "score": 1}', "line 2: the id 1.5 is neither a text nor a whole"),
        ('{"id": "a", "score": null}', "line 1: the score empty is not a number"),
        ("[1]", "line 1: this is no object"),
        ("", "no results in it|columns are none"),
    ],
)
def test_results_that_cannot_be_used_are_refused_with_their_line(text: str, sentence: str) -> None:
    with pytest.raises(ResultsFault, match=sentence):
        parse_results(text.encode(), "csv" if text.startswith("id") or not text else "jsonl")


def test_a_million_rows_are_read_line_by_line_and_refused_in_bounded_memory() -> None:
    asked = 0

    def rows() -> Iterator[bytes]:
        nonlocal asked
        yield b"id,score\n"
        for i in range(1_000_000):
            asked = i
            yield b"%d,1\n" % (i % MAX_ITEMS if i < 100 else i)

    tracemalloc.start()
    with pytest.raises(ResultsFault, match="more than 200,000 items; measure a sample"):
        read_results(rows())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert asked == MAX_ITEMS  # it does not read on
    assert peak < 80 * 2**20


junk = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just([]) | st.just({}) | st.just([1, {}])


def _nodes(value: Any) -> Iterator[tuple[Any, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield value, key
        yield from _nodes(inner)


@settings(max_examples=200)
@given(st.sampled_from([name for name in WRITTEN if name.endswith("json")]), st.data())
def test_any_other_shape_brings_scores_or_a_sentence(name: str, data: st.DataObject) -> None:
    document = json.loads((FILES / name).read_text("utf-8"))
    holder, key = data.draw(st.sampled_from(list(_nodes(document))))
    holder[key] = data.draw(junk)
    with suppress(ResultsFault):
        assert read_evaluation([json.dumps(document).encode()], WRITTEN[name]).scores


@settings(max_examples=100)
@given(st.sampled_from(sorted(WRITTEN)), st.data())
def test_mutated_files_bring_scores_or_a_sentence(name: str, data: st.DataObject) -> None:
    content = bytearray((FILES / name).read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at : at + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=12))
    for format in (WRITTEN[name], data.draw(st.sampled_from(FORMATS))):
        with suppress(ResultsFault):
            assert read_evaluation(bytes(content).splitlines(keepends=True), format).scores
