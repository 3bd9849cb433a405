"""Results of promptfoo (`promptfoo eval -o results.json`), file versions 2 and 3: the results, or the table alone.

Scores: `pass` (all assertions held), `score`, each named metric, `latency_ms` where no answer came from a cache, and
`cost`. An item is known by its variables and its description.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from store.formats.evaluations import Collected, Evaluation, named_item
from store.formats.results import ResultsFault, WhichColumn
from store.formats.times import day_of_iso

ERROR = 2
"""`failureReason` of a result without an answer."""


def read_promptfoo(document: Mapping[str, Any], digest: str, column: str = "") -> Evaluation:
    """The scores of one column: one provider with one prompt.

    Raises:
        ResultsFault: not such a file, several columns and none named, an answer that failed.
    """
    outer = document.get("results")
    body = outer if isinstance(outer, Mapping) else document
    rows = list(_results(body) if isinstance(body.get("results"), Sequence) else _table(body.get("table")))
    if not rows:
        raise ResultsFault("it has no results of promptfoo; write them with: promptfoo eval -o results.json")
    rows = _column(rows, column)
    errors = sum(row["error"] for row in rows)
    if errors:
        raise ResultsFault(
            f"{errors:,} of {len(rows):,} answers failed with an error of the provider; run them again "
            "(promptfoo retry), then write the file anew"
        )
    meta = document.get("metadata")
    version = str(meta.get("promptfooVersion") or "") if isinstance(meta, Mapping) else ""
    return Evaluation(
        _scores(rows, digest), "promptfoo", version, run=str(document.get("evalId") or ""),
        measured_on=day_of_iso(body.get("timestamp")),
    )  # fmt: skip


Row = dict[str, Any]


def _results(body: Mapping[str, Any]) -> Iterator[Row]:
    for at, one in enumerate(body["results"]):
        if not isinstance(one, Mapping) or "success" not in one:
            raise ResultsFault(f"result {at + 1} does not say whether it passed; is it a file of promptfoo?")
        case = one.get("testCase")
        told = case.get("description") if isinstance(case, Mapping) else None
        reply = one.get("response")
        broken = isinstance(reply, Mapping) and bool(reply.get("error"))
        yield {
            "item": named_item([one.get("vars") or {}, told]),
            "place": f"result {at + 1}",
            "column": _names(one.get("provider"), one.get("prompt"), one.get("promptIdx")),
            "error": one.get("failureReason") == ERROR or broken,
            "pass": one.get("success"),
            "cached": isinstance(reply, Mapping) and bool(reply.get("cached")),
            "of": one,
        }


def _table(table: Any) -> Iterator[Row]:
    """The table that older files have: a row a test, an output a column."""
    if not isinstance(table, Mapping):
        return
    head = table.get("head") or {}
    prompts, variables = head.get("prompts") or [], head.get("vars") or []
    for at, row in enumerate(table.get("body") or []):
        values = dict(zip(variables, row.get("vars") or [], strict=False))
        told = (row.get("test") or {}).get("description")
        for number, out in enumerate(row.get("outputs") or []):
            prompt = prompts[number] if number < len(prompts) else {}
            if not isinstance(out, Mapping) or "pass" not in out:
                raise ResultsFault(f"row {at + 1} of the table does not say whether it passed")
            yield {
                "item": named_item([values, told]),
                "place": f"row {at + 1}",
                "column": _names(prompt.get("provider"), prompt, number),
                "error": out.get("failureReason") == ERROR,
                "pass": out["pass"],
                "cached": bool((out.get("tokenUsage") or {}).get("cached")),
                "of": out,
            }


def _names(provider: Any, prompt: Any, number: Any) -> tuple[str, ...]:
    """What a column may be called by: its label, its id, its prompt, its number."""
    about = provider if isinstance(provider, Mapping) else {"id": provider}
    words = [about.get("label"), about.get("id")]
    words += [prompt.get("label"), prompt.get("raw")] if isinstance(prompt, Mapping) and not words[0] else []
    return tuple(dict.fromkeys(str(word) for word in (number, *words) if word not in (None, "")))


def _column(rows: list[Row], wanted: str) -> list[Row]:
    columns = dict.fromkeys(row["column"][0] for row in rows)
    if not wanted and len(columns) == 1:
        return rows
    found = [row for row in rows if wanted and wanted in row["column"]]
    if not found or len({row["column"][0] for row in found}) > 1:
        names = {row["column"][0]: row["column"][min(1, len(row["column"]) - 1)] for row in rows}
        told = names.values() if len(set(names.values())) == len(columns) else columns
        said = f"no single column is called '{wanted}'" if wanted else "it has several providers or prompts"
        raise WhichColumn(said, told)
    return found


def _scores(rows: Sequence[Row], digest: str) -> dict[str, Any]:
    found: dict[str, Collected] = {}

    def take(name: str, row: Row, value: Any) -> None:
        found.setdefault(name, Collected()).add(row["item"], value, row["place"])

    timed = not any(row["cached"] for row in rows)
    for row in rows:
        of = row["of"]
        take("pass", row, row["pass"])
        if "score" in of:
            take("score", row, of["score"])
        for name, value in (of.get("namedScores") or {}).items():
            take(str(name), row, value)
        if timed and of.get("latencyMs") is not None:
            take("latency_ms", row, of["latencyMs"])
        if of.get("cost") is not None:
            take("cost", row, of["cost"])
    return {name: scores.results(digest) for name, scores in found.items()}
