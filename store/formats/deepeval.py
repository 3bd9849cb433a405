"""A test run of DeepEval, as it is written to `.deepeval/.latest_test_run.json` or exported.

Scores: `pass` (every metric met its threshold) and each metric by its name. An item is known by what was asked and
expected, as DeepEval numbers its test cases anew in every run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from store.formats.evaluations import Collected, Evaluation, named_item
from store.formats.results import ResultsFault

_ASKED = ("input", "expectedOutput", "expectedTools", "context", "retrievalContext", "scenario", "expectedOutcome")


def read_deepeval(document: Mapping[str, Any], digest: str) -> Evaluation:
    """The scores of a test run.

    Raises:
        ResultsFault: no test run, or a metric that could not be computed for a test case.
    """
    inner = document.get("testRunData")
    run = inner if isinstance(inner, Mapping) else document
    cases = [*(run.get("testCases") or []), *(run.get("conversationalTestCases") or [])]
    found: dict[str, Collected] = {}
    for at, case in enumerate(cases):
        place = f"test case {at + 1}"
        if not isinstance(case, Mapping):
            raise ResultsFault(f"{place} is no object; is it a test run of DeepEval?")
        item = _item(case)
        if case.get("success") is not None:
            found.setdefault("pass", Collected()).add(item, case["success"], place)
        for metric in case.get("metricsData") or []:
            name = str(metric.get("name") or "")
            if metric.get("error") or metric.get("score") is None:
                raise ResultsFault(f"{place}: {name} has no score ({str(metric.get('error'))[:60]}); run it again")
            found.setdefault(name, Collected()).add(item, metric["score"], place)
    if not found:
        raise ResultsFault("it has no scored test cases of DeepEval; look at .deepeval/.latest_test_run.json")
    sizes = {name: len(scores.sums) for name, scores in found.items()}
    return Evaluation(
        {name: scores.results(digest) for name, scores in found.items() if sizes[name]},
        "deepeval",
        dataset=str(run.get("datasetAlias") or ""),
        run=str(run.get("identifier") or ""),
    )


def _item(case: Mapping[str, Any]) -> str:
    asked = [case.get(name) for name in _ASKED]
    turns = [t.get("content") for t in case.get("turns") or [] if isinstance(t, Mapping) and t.get("role") == "user"]
    name = str(case.get("name") or "")
    return named_item([*asked, turns, "" if name.startswith(("test_case_", "conversational_test_case_")) else name])
