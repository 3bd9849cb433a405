"""In what order rows stand, how they are counted, what is offered when nothing matches, views and completion."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_samples import SMALL, TODAY, found, retires, snapshot

from store.completion import complete
from store.fields import FIELDS
from store.query import parse
from store.records import Assignment, Criteria, Decision, Measurement, UseCase, Version
from store.search import Index
from store.views import VIEWS, parse_sort, print_sort


def test_first_order_is_what_needs_a_decision_then_the_day_to_start():
    def version(name, day):
        return Version(name, f"p/{name}", observations=retires(day) if day else ())

    use_cases = [UseCase(n, n, owner="x") for n in ("calm", "late", "later", "stopped", "none")]
    days = {
        "calm": date(2028, 1, 1),
        "late": date(2026, 12, 20),
        "later": date(2027, 1, 5),
        "stopped": date(2026, 11, 1),
    }
    versions = [version(u.name, days.get(u.name)) for u in use_cases]
    measured = [Measurement(f"m{v.uid}", "accuracy", 1, v.key, measured_on=TODAY) for v in versions]
    assignments = [Assignment(u.name, u.name, f"p/{u.name}", stage="Staging") for u in use_cases]
    index = Index(snapshot(versions, use_cases, (), assignments, measured), TODAY)
    assert found(index, "", "in_use") == ["stopped", "late", "later", "none", "calm"]
    assert found(index, "", "in_use", sort=[("start_in", False)]) == ["late", "later", "calm", "stopped", "none"]


def test_sorting_by_several_fields_keeps_the_unknown_last_both_ways():
    index = Index(SMALL, TODAY)
    assert found(index, "mlflow", sort=[("version", False)]) == ["v:mlflow/a%40b@1", "a2", "a3"]
    assert found(index, "mlflow", sort=[("key", True)]) == ["a3", "a2", "v:mlflow/a%40b@1"]
    for descending in (False, True):
        order = found(index, "", sort=[("price_in", descending)])
        assert sorted(order[:2]) == ["a1", "v:openai/gpt-5@2026-08-01"]
        assert (order[0] == "a1") is descending
    order = found(index, "has:use_case", sort=[("use_case", True), ("stage", False)])
    assert order == ["a1", "a3", "a2"]  # Staging stands before Production
    assert parse_sort("-price-in, date") == (("price_in", True), ("released", False))
    assert print_sort(parse_sort("-price-in,date")) == "-price_in,released"
    with pytest.raises(ValueError, match="'wrong' is no column"):
        parse_sort("wrong")


def test_counts_follow_the_hits():
    index = Index(SMALL, TODAY)
    everything = index.select("", "all", include_retired=True).hits
    assert index.counts("provider", everything) == [("mlflow", 3), ("openai", 3)]
    assert index.counts("provider", index.select("churn", "all").hits) == [("mlflow", 2)]
    assert index.counts("tag", everything) == [("chat", 1), ("eu", 1)]
    assert dict(index.counts("lifecycle", everything))["retired"] == 1
    assert index.counts("stage", everything) == [("Production", 2), ("Staging", 1)]


def test_nearly_matching_rows_come_only_when_nothing_matches_and_are_named_so():
    index = Index(SMALL, TODAY)
    near = index.select("gpt4o", "all")
    assert near.fuzzy
    assert [near[i].key for i in range(len(near))] == ["openai/gpt-4o@2024-05-13"]
    assert not index.select("gpt-4o", "all").fuzzy
    assert not index.select("gp4", "in_use").hits or index.select("gp4", "in_use").fuzzy
    assert len(index.select("gpt4o stage:staging", "all")) == 0
    assert len(index.select("qqq", "all")) == 0


def test_errors_never_blank_the_list_and_hints_come_when_nothing_is_found():
    index = Index(SMALL, TODAY)
    broken = index.select("churn retires:<", "in_use")
    assert len(broken) == 2
    assert broken.error is not None
    slip = index.select("stagee:production", "in_use")
    assert slip.error is not None
    assert slip.error.suggestion == "did you mean stage:?"


def test_shipped_views():
    index = Index(SMALL, TODAY)
    rows = {}
    for view in VIEWS:
        assert parse(view.query).error is None
        assert set(view.columns) <= set(FIELDS)
        rows[view.name] = found(index, view.query, view.scope, sort=view.sort)
    assert rows["late"] == ["a1"]
    assert rows["due in 90 days"] == ["a1"]
    assert rows["no owner"] == ["a2", "a3"]
    bare = Index(replace(SMALL, measurements={}), TODAY)
    assert set(found(bare, "finding=unmeasured", "in_use")) == {"a1", "a2"}


def test_a_decision_takes_the_row_off_late():
    stays = Decision("stay_until", "2026-11-20T08:00:00Z", "Ann", "a1", until=date(2026, 12, 1))
    support = replace(SMALL.use_cases["support"], decisions=(stays,), criteria=Criteria())
    index = Index(replace(SMALL, use_cases={**SMALL.use_cases, "support": support}), TODAY)
    assert found(index, "finding=late", "in_use") == []
    assert found(index, "decision:stay", "in_use") == ["a1"]


@pytest.mark.parametrize(
    ("text", "offered", "span"),
    [
        ("prov", "provider:", (0, 4)),
        ("x -prov", "provider:", (3, 7)),
        ("accu", "accuracy:", (0, 4)),
        ("stage:", "Production", (6, 6)),
        ("stage:Production,st", "Staging", (17, 19)),
        ("provider:ml", "mlflow", (9, 11)),
        ("has:pri", "price_in", (4, 7)),
        ("retires:", "<30d", (8, 8)),
        ("retires<", "30d", (8, 8)),
        ("own:", "yes", (4, 4)),
        ("owner:a", "Ann", (6, 7)),
        ("mis", "missing:", (0, 3)),
    ],
)
def test_completion(text, offered, span):
    offers = {c.text: (c.start, c.end) for c in complete(text, len(text), Index(SMALL, TODAY))}
    assert offers.get(offered) == span


@settings(max_examples=80)
@given(st.text(alphabet='astge:=<>-(", has', max_size=12) | st.text(max_size=12), st.integers(0, 30))
def test_completion_never_fails(text, cursor):
    index = Index(SMALL, TODAY)
    for offer in complete(text, min(cursor, len(text)), index):
        assert 0 <= offer.start <= min(cursor, len(text)) <= offer.end <= len(text)
