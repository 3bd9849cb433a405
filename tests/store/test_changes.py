from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store import changes
from store.changes import Conflict

leaf = st.integers(-3, 3) | st.text(max_size=3) | st.lists(st.integers(0, 2), max_size=2)
doc = st.dictionaries(
    st.text("ab.", min_size=1, max_size=3),
    st.recursive(leaf, lambda c: st.dictionaries(st.text("xy", min_size=1), c, min_size=1)),
    max_size=4,
)


@settings(max_examples=40)
@given(doc, doc)
def test_applying_the_differences_gives_the_other_document_and_taking_them_back_the_first(a: dict, b: dict) -> None:
    there = copy.deepcopy(a)
    found = list(changes.diff(a, b))
    for d in found:
        changes.put(there, d.path, d.after)
    assert list(changes.diff(there, b)) == []
    for d in reversed(found):
        changes.put(there, d.path, d.before)
    assert list(changes.diff(there, a)) == []


def test_edits_of_different_fields_merge_and_equal_edits_vanish() -> None:
    base = {"a": 1, "b": 1, "c": {"x": 1}}
    mine = {"a": 2, "b": 1, "c": {"x": 1, "y": 5}}
    theirs = {"a": 2, "b": 7, "c": {"x": 1}}
    assert [(d.path, d.after) for d in changes.merge("k", base, mine, theirs)] == [("c.y", 5)]


def test_two_edits_of_one_field_are_a_question_with_all_three_values() -> None:
    with pytest.raises(Conflict) as caught:
        changes.merge("churn", {"owner": "a"}, {"owner": "b"}, {"owner": "c"})
    (clash,) = caught.value.clashes
    assert (clash.base, clash.mine, clash.theirs) == ("a", "b", "c")
    assert "'owner' was changed elsewhere to 'c' while you changed 'a' to 'b'" in str(caught.value)


def test_a_dot_in_a_key_is_no_path() -> None:
    document: dict = {}
    path = next(changes.diff({}, {"aider.pass": 1})).path
    changes.put(document, path, 1)
    assert document == {"aider.pass": 1}
    assert changes.get(document, path) == 1


def test_a_value_reads_as_a_person_says_it() -> None:
    claims = [{"value": 3.5, "source": "own", "as_of": "2026-11-23"}, {"value": [1, 2], "source": "litellm"}]
    assert changes.said(claims) == "3.5 (own), 1, 2 (litellm)"
    assert changes.said({"price_in": claims[:1], "a": None}) == "price_in 3.5 (own); a None"
    assert changes.short(None) == "nothing"
    assert changes.short("x" * 70) == f"'{'x' * 57}…'"
